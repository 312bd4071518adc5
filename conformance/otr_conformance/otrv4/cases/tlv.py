"""The TLVs of a Data Message of OTRv4, one after the other: section "TLV Record Types".

That the next one is looked at after any of them is seen by a TLV behind it, which ends the
conversation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_conformance.otrv4.case import Level, case
from otr_conformance.otrv4.cases.ratchet import held_back
from otr_conformance.otrv4.scenes import (
    ROLES,
    again,
    broken,
    private,
    stray,
    talk,
)
from otr_reference.otrv4.messages import (
    Disconnected,
    ExtraKeyUse,
    Padding,
    SmpAbort,
    UnknownTlv,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.otrv4.stage import Stage
    from otr_reference.otrv4.messages import Tlv

    Scene = Callable[[Stage], None]

EXTRA_KEY, UNDEFINED = 7, 0x7A7A
V3_EXTRA_KEY = 8
"""The type that is defined in version 3, and not in version 4."""
USE = 0x46494C45
MANY = 64
"""TLVs of one message, where they are many."""
KINDS: dict[str, tuple[str, Callable[[Stage], tuple[Tlv, Tlv]], set[str]]] = {
    "padding": ("padding", lambda _: (Padding(17), Padding(0)), set()),
    "undefined": (
        "a TLV of an undefined type",
        lambda stage: (
            UnknownTlv(UNDEFINED, stage.lab.text("whatever")),
            UnknownTlv(V3_EXTRA_KEY, stage.lab.text("abcd")),
        ),
        set(),
    ),
    "extra-key": (
        "a TLV of type 7",
        lambda stage: (
            ExtraKeyUse(USE, stage.lab.text("a file")),
            ExtraKeyUse(USE, stage.lab.text("")),
        ),
        {"extra-key"},
    ),
    "extra-key-too-short": (
        "a TLV of type 7 that is shorter than its first field",
        lambda stage: (
            UnknownTlv(EXTRA_KEY, stage.lab.text("abc")),
            UnknownTlv(EXTRA_KEY, stage.lab.text("")),
        ),
        {"extra-key"},
    ),
    "smp-abort": ("an SMP abort", lambda _: (SmpAbort(), SmpAbort()), {"smp"}),
}
"""What it is, two of it, and what the target needs."""


def _kinds() -> None:
    for name, (what, two, needs) in KINDS.items():

        def play(stage: Stage, two: Callable[[Stage], tuple[Tlv, Tlv]] = two) -> None:
            private(stage)
            for tlv in two(stage):
                stage.tester_sends(tlv)
                stage.settle()
                stage.tester_sends(tlv, text="with a text")
                stage.settle()
            talk(stage)
            stage.tester_sends(*two(stage), Disconnected(), text="with a text, to end with")
            stage.settle()
            stage.target_says("hello?")
            stage.settle()

        play.__doc__ = f"""Shows the text of a Data Message with {what}, goes on, and looks at the
        TLV behind it."""
        case(f"tlv.{name}", needs=needs)(play)


def _extra_keys() -> None:
    for role, scene in ROLES.items():

        def play(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            stage.tester_uses_extra_key(USE, "a file")
            stage.settle()
            stage.target_uses_extra_key(USE + 1, "another file")
            stage.settle()
            stage.target_uses_extra_key(USE + 2, "")
            stage.settle()
            stage.tester_uses_extra_key(USE + 3, "")
            stage.settle()
            talk(stage)

        play.__doc__ = f"""Gives the extra symmetric key of the same message to both applications,
        as the {role} of the DAKE."""
        offline = {"otrv4-offline"} if role in {"retriever", "publisher"} else set()
        case(f"tlv.extra-key-both-ways.{role}", needs={"extra-key"} | offline)(play)


_kinds()
_extra_keys()


@case("tlv.smp-then-disconnected", needs={"smp"})
def smp_then_disconnected(stage: Stage) -> None:
    """Looks at the TLV behind any SMP message, and behind one that cannot be taken apart."""
    for tlv in (*(stray(stage, number) for number in (1, 2, 3, 4)), broken(stage, 1)):
        private(stage)
        stage.tester_sends(tlv, Disconnected())
        stage.settle()
        stage.target_says("hello?")
        stage.settle()
        stage.target_ends()
        stage.tester_forgets()


@case("tlv.extra-key-after-disconnected", needs={"extra-key"}, level=Level.SHOULD)
def extra_key_after_disconnected(stage: Stage) -> None:
    """Takes the conversation as ended where a TLV of type 7 stands behind the one that says so."""
    private(stage)
    stage.tester_sends(
        Disconnected(), ExtraKeyUse(USE, stage.lab.text("a file")), text="with a text"
    )
    stage.settle()
    stage.target_says("hello?")
    stage.settle()


@case("tlv.disconnected")
def disconnected(stage: Stage) -> None:
    """Says that the peer has ended the conversation, and sends nothing more in it."""
    private(stage)
    stage.tester_sends(Disconnected(), Padding(5), text="goodbye")
    stage.settle()
    stage.target_says("hello?")
    stage.settle()
    stage.target_ends()
    stage.target_says("in the clear")
    stage.settle()


@case("tlv.disconnected-twice")
def disconnected_twice(stage: Stage) -> None:
    """Takes the conversation as ended once where two TLVs in one Data Message say so.

    It can begin another.
    """
    private(stage)
    stage.tester_sends(Disconnected(), Disconnected())
    stage.settle()
    stage.target_says("wait")
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


@case("tlv.disconnected-cut-off")
def disconnected_cut_off(stage: Stage) -> None:
    """Does not take the conversation as ended by a TLV that is cut off."""
    private(stage)
    stage.tester_sends(Disconnected(), cut_off=True)
    stage.settle()
    talk(stage)


@case("tlv.many", level=Level.SHOULD)
def many(stage: Stage) -> None:
    """Looks at so many TLVs of one Data Message as it is willing to, and no further."""
    private(stage)
    stage.tester_sends(*[Padding(0)] * (MANY - 1), Disconnected(), text="the last one counts")
    stage.settle()
    again(stage)
    stage.tester_sends(*[Padding(0)] * MANY, Disconnected(), text="one too many")
    stage.settle()
    talk(stage)


# The extra symmetric key.


@case("tlv.extra-key-late", needs={"extra-key"})
def extra_key_late(stage: Stage) -> None:
    """Gives the extra symmetric key of the Data Message that asks for it, though that is late.

    Others have come before it, of the same ratchet and of the next.
    """
    private(stage)
    talk(stage)
    stage.tester_uses_extra_key(USE, "a file")
    late = held_back(stage)
    stage.tester_says("first")
    stage.settle()
    stage.target_says("new keys of mine")
    stage.settle()
    stage.tester_says("and of mine")
    stage.settle()
    stage.reaches_target(late)
    stage.settle()
    talk(stage)
