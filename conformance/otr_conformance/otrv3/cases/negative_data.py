"""Data Messages and SMP messages that fail one check each.

The tester deviates in that only (`otr_reference.otrv3.deviations`): a target that does not make the
check takes the message. Afterwards the tester behaves, and the conversation goes on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from otr_conformance.otrv3.case import V2_ONLY, V3_ONLY, Level, case
from otr_conformance.otrv3.scenes import SECRET, aftermath, private, sent_by_tester, talk
from otr_model.kernel.composition import checks_of
from otr_model.kernel.variant import Falsify, Variant
from otr_model.otrv3.conditions import Check, Cond
from otr_reference.otrv3.messages import DataFields, DataMessage

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.otrv3.stage import Stage
    from otr_model.kernel.vocabulary import Check as AnyCheck
    from otr_reference.otrv3.session import Policy
    from otr_reference.otrv3.suite import Suite

    Play = Callable[[Stage], None]

PROTOCOLS: tuple[tuple[int, str, Policy], ...] = ((3, "", V3_ONLY), (2, "-v2", V2_ONLY))
UNCLEAR = (Check.KEY_HAS_SUCCESSOR,)
"""What follows if they fail, the specification does not say (`otrv3.ambiguity:last-keyid`)."""
IN_THE_AKE = (Check.KEY_HAS_SUCCESSOR,)
"""The tester deviates in the AKE already, and goes on after another one."""


def falsifying(check: AnyCheck) -> Variant:
    """The tester's deviation that fails a check."""
    return Variant(f"falsify {check.label}", check.spec.about, (Falsify(check),))


# Data Messages.


def refused_data(stage: Stage) -> None:
    """A text that cannot be read."""
    private(stage)
    stage.tester_says("never to be read")
    stage.settle()


def refused_heartbeat(stage: Stage) -> None:
    """The same with the flag IGNORE_UNREADABLE."""
    private(stage)
    stage.tester_heartbeat()
    stage.settle()


def _data() -> None:
    for check in checks_of(Cond.DATA_VALID):
        for version, suffix, policy in PROTOCOLS:
            for name, play, about in (
                ("", refused_data, "Refuses"),
                (".ignore-unreadable", refused_heartbeat, "Ignores"),
            ):

                def played(stage: Stage, play: Play = play, check: AnyCheck = check) -> None:
                    play(stage)
                    stage.tester_behaves()
                    if check in IN_THE_AKE:
                        private(stage)
                    stage.target_says("what did you say?")
                    stage.settle()
                    talk(stage)

                played.__doc__ = f"""{about} a Data Message{
                    " with IGNORE_UNREADABLE" if name else ""
                } that fails this check: {check.spec.about}."""
                case(
                    f"negative.data.{check.label}{name}{suffix}",
                    target=policy,
                    tester=policy,
                    variant=falsifying(check),
                    level=Level.SHOULD if check in UNCLEAR else Level.MUST,
                    version=version,
                )(played)


_data()


# SMP messages: the tester sends the first and third, or the second and fourth.


def refused_smp_1(stage: Stage) -> None:
    """The tester's user begins SMP."""
    private(stage)
    stage.tester_begins_smp(SECRET)
    stage.settle()


def refused_smp_2(stage: Stage) -> None:
    """The target's user begins SMP, the tester's answers."""
    private(stage)
    stage.target_begins_smp(SECRET)
    stage.settle()
    stage.tester_answers_smp(SECRET)
    stage.settle()


def refused_smp_3(stage: Stage) -> None:
    """The tester's user begins SMP, the target's answers."""
    private(stage)
    stage.tester_begins_smp(SECRET)
    stage.settle()
    stage.target_answers_smp(SECRET)
    stage.settle()


def refused_smp_4(stage: Stage) -> None:
    """As `refused_smp_2`, one message further."""
    refused_smp_2(stage)


SMP_MESSAGES: tuple[tuple[int, Cond, Play], ...] = (
    (1, Cond.SMP_1_VALID, refused_smp_1),
    (2, Cond.SMP_2_VALID, refused_smp_2),
    (3, Cond.SMP_3_VALID, refused_smp_3),
    (4, Cond.SMP_4_VALID, refused_smp_4),
)


def _smp() -> None:
    for number, valid, play in SMP_MESSAGES:
        for check in checks_of(valid):

            def played(stage: Stage, play: Play = play) -> None:
                play(stage)
                stage.tester_behaves()
                aftermath(stage)

            played.__doc__ = f"""Refuses SMP message {number}, and aborts SMP, if it fails this
            check: {check.spec.about}."""
            case(
                f"negative.smp-{number}.{check.label}",
                variant=falsifying(check),
                needs={"smp"},
            )(played)


_smp()


# Messages that were changed on their way. The one that was sent arrives after all.


def _with_fields(edit: Callable[[Suite, DataFields], DataFields]) -> Callable[..., DataMessage]:
    def edited(suite: Suite, message: DataMessage) -> DataMessage:
        fields = edit(suite, message.fields)
        return replace(message, fields=fields, authenticated=suite.data_body(fields))

    return edited


TAMPERED: dict[str, tuple[str, Callable[[Suite, DataMessage], DataMessage]]] = {
    "flags": ("flags", _with_fields(lambda _, f: replace(f, flags=f.flags ^ 0x80))),
    "ignore-unreadable": (
        "flag IGNORE_UNREADABLE",
        _with_fields(lambda _, f: replace(f, flags=f.flags | 1)),
    ),
    "sender-keyid": (
        "sender keyid",
        _with_fields(lambda _, f: replace(f, sender_keyid=f.sender_keyid - 1)),
    ),
    "recipient-keyid": (
        "recipient keyid",
        _with_fields(lambda _, f: replace(f, recipient_keyid=f.recipient_keyid - 1)),
    ),
    "next-dh": ("next D-H key", _with_fields(lambda s, f: replace(f, next_dh=s.generator()))),
    "counter": ("counter", _with_fields(lambda _, f: replace(f, counter=f.counter + 7))),
    "encrypted": (
        "encrypted message",
        _with_fields(lambda s, f: replace(f, encrypted=s.garble(f.encrypted))),
    ),
    "authenticator": (
        "authenticator",
        lambda s, message: replace(message, mac=s.garble_mac(message.mac)),
    ),
}


def _tampered() -> None:
    for name, (what, edit) in TAMPERED.items():

        def play(
            stage: Stage, edit: Callable[[Suite, DataMessage], DataMessage] = edit, what: str = what
        ) -> None:
            private(stage)
            talk(stage)
            talk(stage)
            wire = sent_by_tester(stage, "as it was sent")
            message = stage.decode(wire)
            assert isinstance(message, DataMessage)  # noqa: S101 - the tester sends nothing else
            stage.sends(edit(stage.lab.suite, message), f"a Data Message with another {what}")
            stage.reaches_target(wire)
            stage.settle()
            talk(stage)

        play.__doc__ = f"""Refuses a Data Message whose {what} was changed on the way, and keeps
        nothing of it: the one that was sent is accepted."""
        case(f"negative.tampered.{name}")(play)


_tampered()


@case("negative.tampered.revealed-keys")
def tampered_revealed_keys(stage: Stage) -> None:
    """Accepts a Data Message whose revealed MAC keys were changed: nobody vouches for them."""
    private(stage)
    talk(stage)
    wire = sent_by_tester(stage, "as it was sent")
    message = stage.decode(wire)
    assert isinstance(message, DataMessage)  # noqa: S101 - the tester sends nothing else
    garbled = stage.lab.suite.garble(message.revealed)
    stage.sends(replace(message, revealed=garbled), "a Data Message with other revealed MAC keys")
    talk(stage)


CHECKS: tuple[Check, ...] = tuple(
    check
    for valid in (Cond.DATA_VALID, *(valid for _, valid, _ in SMP_MESSAGES))
    for check in checks_of(valid)
    if isinstance(check, Check)
)
"""The checks that the cases here are about."""
