"""The TLVs of a Data Message, one after the other: section "Data Message".

That the next one is looked at after any of them is seen by a TLV behind it, which ends the
conversation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_conformance.otrv3.case import V2_ONLY, V3_ONLY, Level, case
from otr_conformance.otrv3.scenes import (
    LONG_AGO,
    again,
    broken,
    private,
    stray,
    talk,
)
from otr_reference.otrv3.messages import (
    Disconnected,
    ExtraKeyUse,
    Padding,
    SmpAbort,
    UnknownTlv,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.otrv3.stage import Stage
    from otr_reference.otrv3.messages import Tlv
    from otr_reference.otrv3.session import Policy

PROTOCOLS: tuple[tuple[int, str, Policy], ...] = ((3, "", V3_ONLY), (2, "-v2", V2_ONLY))
UNDEFINED = 0x7A7A
USE, EXTRA_KEY = 0x46494C45, 8
KINDS: dict[str, tuple[str, Callable[[Stage], Tlv], set[str]]] = {
    "padding": ("padding", lambda _: Padding(17), set()),
    "empty-padding": ("empty padding", lambda _: Padding(0), set()),
    "undefined": (
        "a TLV of an undefined type",
        lambda stage: UnknownTlv(UNDEFINED, stage.lab.text("whatever")),
        set(),
    ),
    "undefined-empty": (
        "an empty TLV of an undefined type",
        lambda stage: UnknownTlv(UNDEFINED, stage.lab.text("")),
        set(),
    ),
    "extra-key": (
        "a TLV of type 8",
        lambda stage: ExtraKeyUse(USE, stage.lab.text("a file")),
        {"extra-key"},
    ),
    "extra-key-without-data": (
        "a TLV of type 8 without further data",
        lambda stage: ExtraKeyUse(USE, stage.lab.text("")),
        {"extra-key"},
    ),
    "extra-key-too-short": (
        "a TLV of type 8 that is shorter than its first field",
        lambda stage: UnknownTlv(EXTRA_KEY, stage.lab.text("abc")),
        {"extra-key"},
    ),
    "smp-abort": ("an SMP abort", lambda _: SmpAbort(), {"smp"}),
}


def _kinds() -> None:
    for name, (what, tlv, needs) in KINDS.items():

        def alone(stage: Stage, tlv: Callable[[Stage], Tlv] = tlv) -> None:
            private(stage)
            talk(stage)
            stage.tester_sends(tlv(stage))
            stage.settle()
            stage.tester_sends(tlv(stage), text="with a text")
            stage.settle()
            talk(stage)

        def first_of_two(stage: Stage, tlv: Callable[[Stage], Tlv] = tlv) -> None:
            private(stage)
            stage.tester_sends(tlv(stage), Disconnected(), text="with a text")
            stage.settle()
            stage.target_says("hello?")
            stage.settle()

        def behind_the_end(stage: Stage, tlv: Callable[[Stage], Tlv] = tlv) -> None:
            private(stage)
            stage.tester_sends(Disconnected(), tlv(stage), text="with a text")
            stage.settle()
            stage.target_says("hello?")
            stage.settle()

        alone.__doc__ = f"""Shows the text of a Data Message with {what}, and goes on."""
        first_of_two.__doc__ = f"""Looks at the TLV behind {what}."""
        behind_the_end.__doc__ = f"""Takes the conversation as ended where {what} stands behind the
        TLV that says so."""
        case(f"tlv.{name}", needs=needs)(alone)
        case(f"tlv.{name}-then-disconnected", needs=needs)(first_of_two)
        level = Level.SHOULD if "extra-key" in needs else Level.MUST
        case(f"tlv.{name}-after-disconnected", needs=needs, level=level)(behind_the_end)


def _smp() -> None:
    for number in (1, 2, 3, 4):

        def well_formed(stage: Stage, number: int = number) -> None:
            private(stage)
            stage.tester_sends(stray(stage, number), Disconnected())
            stage.settle()
            stage.target_says("hello?")
            stage.settle()

        def malformed(stage: Stage, number: int = number) -> None:
            private(stage)
            stage.tester_sends(broken(stage, number), Disconnected())
            stage.settle()
            stage.target_says("hello?")
            stage.settle()

        well_formed.__doc__ = f"""Looks at the TLV behind SMP message {number}."""
        malformed.__doc__ = f"""Looks at the TLV behind an SMP message {number} that cannot be taken
        apart."""
        for name, play in (("", well_formed), ("-malformed", malformed)):
            case(f"tlv.smp-{number}{name}-then-disconnected", needs={"smp"}, level=Level.SHOULD)(
                play
            )


def _disconnecting() -> None:
    for version, suffix, policy in PROTOCOLS:

        def disconnected(stage: Stage) -> None:
            """Says that the peer has ended the conversation, and sends nothing more in it."""
            private(stage)
            stage.tester_ends()
            stage.settle()
            stage.target_says("hello?")
            stage.settle()
            stage.target_ends()
            stage.target_says("in the clear")
            stage.settle()

        case(f"tlv.disconnected{suffix}", target=policy, tester=policy, version=version)(
            disconnected
        )


_kinds()
_smp()
_disconnecting()


@case("tlv.disconnected-twice")
def disconnected_twice(stage: Stage) -> None:
    """Takes the conversation as ended once where two TLVs in one Data Message say so."""
    private(stage)
    stage.tester_sends(Disconnected(), Disconnected())
    stage.settle()
    stage.target_says("wait")
    stage.target_says("and wait")
    stage.settle()


@case("tlv.disconnected-twice-then-start")
def disconnected_twice_then_start(stage: Stage) -> None:
    """Is private anew after two TLVs in one Data Message ended the conversation."""
    private(stage)
    stage.tester_sends(Disconnected(), Disconnected())
    stage.settle()
    stage.tester_forgets()
    again(stage)


@case("tlv.cut-off")
def cut_off(stage: Stage) -> None:
    """Shows the text of a Data Message whose only TLV is cut off, and goes on."""
    private(stage)
    stage.tester_sends(Padding(0), text="with a text", cut_off=True)
    stage.settle()
    talk(stage)


@case("tlv.cut-off-behind-disconnected")
def cut_off_behind_disconnected(stage: Stage) -> None:
    """Takes the conversation as ended though another TLV is cut off behind the one that says so."""
    private(stage)
    stage.tester_sends(Disconnected(), Padding(0), cut_off=True)
    stage.settle()
    stage.target_says("wait")
    stage.settle()


@case("tlv.many", needs={"extra-key"})
def many(stage: Stage) -> None:
    """Looks at every TLV of a Data Message, in order."""
    private(stage)
    stage.tester_sends(
        Padding(1),
        UnknownTlv(UNDEFINED, stage.lab.text("x")),
        ExtraKeyUse(1, stage.lab.text("one")),
        Padding(2),
        SmpAbort(),
        UnknownTlv(UNDEFINED, stage.lab.text("")),
        Disconnected(),
        text="a full message",
    )
    stage.settle()
    stage.target_says("wait")
    stage.settle()


@case("tlv.heartbeat-after-tlvs", needs={"clock"})
def heartbeat_after_tlvs(stage: Stage) -> None:
    """Answers with a heartbeat, after long silence, a Data Message with TLVs, too."""
    private(stage)
    stage.wait(LONG_AGO)
    stage.tester_sends(
        Padding(3), UnknownTlv(UNDEFINED, stage.lab.text("x")), text="still listening?"
    )
    stage.settle()
    talk(stage)


@case("tlv.extra-key-twice", needs={"extra-key"}, level=Level.SHOULD)
def extra_key_twice(stage: Stage) -> None:
    """Looks at both of two TLVs of type 8 in one Data Message."""
    private(stage)
    stage.tester_sends(
        ExtraKeyUse(1, stage.lab.text("one")),
        ExtraKeyUse(2, stage.lab.text("two")),
    )
    stage.settle()
    talk(stage)


# The extra symmetric key.


def _extra_keys() -> None:
    for version, suffix, policy in PROTOCOLS:

        def both_ways(stage: Stage) -> None:
            """Gives the extra symmetric key of the same pair of keys to both applications."""
            private(stage)
            talk(stage)
            stage.tester_uses_extra_key(USE, "a file")
            stage.settle()
            stage.target_uses_extra_key(USE + 1, "another file")
            stage.settle()
            stage.target_uses_extra_key(USE + 2, "")
            stage.settle()
            stage.tester_uses_extra_key(USE + 3, "")
            stage.settle()
            talk(stage)

        case(
            f"tlv.extra-key-both-ways{suffix}",
            target=policy,
            tester=policy,
            version=version,
            needs={"extra-key"},
        )(both_ways)


_extra_keys()
