"""Data Messages and SMP messages of OTRv4 that fail one check each.

The tester deviates in that only (`otr_reference.otrv4.deviations`): a target that does not make the
check takes the message. Afterwards the tester behaves, and the conversation goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_conformance.otrv4.case import case
from otr_conformance.otrv4.scenes import (
    SECRET,
    aftermath,
    again,
    private,
    private_as_responder,
    talk,
)
from otr_model.kernel.composition import checks_of
from otr_model.kernel.variant import Falsify, Variant
from otr_model.otrv4.conditions import Check, Cond

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.otrv4.stage import Stage
    from otr_model.kernel.vocabulary import Check as AnyCheck

    Play = Callable[[Stage], None]

IGNORE_UNREADABLE = 0x01


def falsifying(check: AnyCheck) -> Variant:
    """The tester's deviation that fails a check."""
    return Variant(f"falsify {check.label}", check.spec.about, (Falsify(check),))


# Data Messages.


BEFORE: dict[AnyCheck, Play] = {
    Check.DATA_ECDH_POINT: private_as_responder,
    Check.DATA_DH_DUE: private,
    Check.DATA_DH_MEMBER: private_as_responder,
    Check.DATA_MAC: private,
}
"""A scene after which the tester's next Data Message fails the check; see the deviations."""
SPOILT = (Check.DATA_ECDH_POINT, Check.DATA_DH_MEMBER)
"""The keys of the tester's are of no use afterwards, and the conversation is begun anew."""


def _data() -> None:
    for check in checks_of(Cond.DATA_VALID):
        for ignored in (False, True):

            def play(stage: Stage, check: AnyCheck = check, *, ignored: bool = ignored) -> None:
                BEFORE[check](stage)
                stage.tester_sends(text="never to be read", flags=IGNORE_UNREADABLE * ignored)
                stage.settle()
                stage.tester_behaves()
                if check in SPOILT:
                    stage.tester_forgets()
                    again(stage)
                stage.target_says("what did you say?")
                stage.settle()
                talk(stage)

            flag, suffix = (
                (" with IGNORE_UNREADABLE", ".ignore-unreadable") if ignored else ("", "")
            )
            play.__doc__ = f"""{"Ignores" if ignored else "Refuses"} a Data Message{flag} that fails
            this check: {check.spec.about}."""
            case(f"negative.data.{check.label}{suffix}", variant=falsifying(check))(play)


_data()


@case("negative.data.dh-where-none-is-due", variant=falsifying(Check.DATA_DH_DUE))
def dh_where_none_is_due(stage: Stage) -> None:
    """Refuses a Data Message with a public DH key in a ratchet that brings no new one."""
    private_as_responder(stage)
    talk(stage)
    stage.tester_says("never to be read")
    stage.settle()
    stage.tester_behaves()
    stage.tester_says("as it should be")
    stage.settle()
    talk(stage)


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


SMP_MESSAGES: tuple[tuple[int, Cond, Play], ...] = (
    (1, Cond.SMP_1_VALID, refused_smp_1),
    (2, Cond.SMP_2_VALID, refused_smp_2),
    (3, Cond.SMP_3_VALID, refused_smp_3),
    (4, Cond.SMP_4_VALID, refused_smp_2),
)


def _smp() -> None:
    for number, valid, happens in SMP_MESSAGES:
        for check in checks_of(valid):

            def play(stage: Stage, happens: Play = happens) -> None:
                happens(stage)
                stage.tester_behaves()
                aftermath(stage)

            play.__doc__ = f"""Refuses SMP message {number}, and aborts SMP, if it fails this
            check: {check.spec.about}."""
            case(
                f"negative.smp-{number}.{check.label}",
                variant=falsifying(check),
                needs={"smp"},
            )(play)


_smp()


CHECKS: tuple[Check, ...] = tuple(
    check
    for valid in (Cond.DATA_VALID, *(valid for _, valid, _ in SMP_MESSAGES))
    for check in checks_of(valid)
    if isinstance(check, Check)
)
"""The checks that the cases here are about."""
