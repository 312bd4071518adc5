"""Scenes that many cases begin or end with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_conformance.play.stage import Stuck
from otr_reference.otrv4.messages import Smp1, Smp2, Smp3, Smp4, UnknownTlv

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otr_reference.otrv4.messages import Tlv
    from otr_reference.sorts import Wire

    from .stage import Stage

SECRET, OTHER_SECRET = "the tower", "the bridge"
LONG_AGO = 3600
"""Seconds after which any heartbeat is due, and no DAKE waits any longer."""
QUERY = "?OTRv4?"
SMP_TYPES = {1: 2, 2: 3, 3: 4, 4: 5}
"""The type of the TLV of each SMP message."""


# Message states. The target's part in the DAKE decides how its ratchet begins.


def nothing(_stage: Stage) -> None:
    """Nothing has happened: START."""


def private(stage: Stage) -> None:
    """The conversation becomes private; the target sends the Identity message (initiator)."""
    stage.tester_starts()
    stage.settle()


def private_as_responder(stage: Stage) -> None:
    """The conversation becomes private; the tester sends the Identity message."""
    stage.tester_starts_dake()
    stage.settle()


def private_as_retriever(stage: Stage) -> None:
    """The conversation becomes private; the target sends the Non-Interactive-Auth message."""
    stage.target_starts_offline()
    stage.settle()


def private_as_publisher(stage: Stage) -> None:
    """The conversation becomes private; the tester sends the Non-Interactive-Auth message."""
    stage.tester_starts_offline()
    stage.settle()


ROLES: Mapping[str, Callable[[Stage], None]] = {
    "initiator": private,
    "responder": private_as_responder,
    "retriever": private_as_retriever,
    "publisher": private_as_publisher,
}


def finished(stage: Stage) -> None:
    """The conversation was private, and the tester's user ended it: FINISHED."""
    private(stage)
    stage.tester_ends()
    stage.settle()


def ended(stage: Stage) -> None:
    """The conversation was private, and the target's user ended it: START again."""
    private(stage)
    stage.target_ends()
    stage.settle()


def talk(stage: Stage, first: str = "good morning", second: str = "the same to you") -> None:
    """Each side says something, the tester first, and the other reads it."""
    stage.tester_says(first)
    stage.settle()
    stage.target_says(second)
    stage.settle()


def again(stage: Stage) -> None:
    """The conversation becomes private, once more or at last, and both sides are heard."""
    private_as_responder(stage)
    talk(stage, "once more", "gladly")


def sent_by_tester(stage: Stage, text: str) -> Wire:
    """The tester says something; it is held back.

    Raises:
        Stuck: if the tester has no keys to say it with.
    """
    stage.tester_says(text)
    if not stage.to_target:
        message = f"the tester sent nothing for {text!r}"
        raise Stuck(message)
    return stage.to_target.pop()


def hold_everything(stage: Stage) -> None:
    """What is on its way is lost."""
    stage.to_tester.clear()
    stage.to_target.clear()


# States of the interactive DAKE, in the session of the tester's instance.


def waits_for_auth_r(stage: Stage) -> None:
    """WAITING_AUTH_R; the target's Identity message is on its way."""
    stage.arrives(QUERY)


def waits_for_auth_i(stage: Stage) -> None:
    """WAITING_AUTH_I; the target's Auth-R message is on its way."""
    stage.tester_starts_dake()
    stage.to_target_delivers()


# The four SMP states of the target. In each the conversation is private.


def expect1(stage: Stage) -> None:
    """No SMP is underway."""
    private(stage)


def expect2(stage: Stage) -> None:
    """The target's user began SMP, and the tester's user is asked for the secret."""
    private(stage)
    stage.target_begins_smp(SECRET)
    stage.settle()


def expect3(stage: Stage) -> None:
    """The tester's user began SMP, the target's user answered; SMP message 2 is held back."""
    private(stage)
    stage.tester_begins_smp(SECRET)
    stage.settle()
    stage.target_answers_smp(SECRET)


def expect4(stage: Stage) -> None:
    """As `expect2`, the tester's user answered, and SMP message 3 is held back."""
    expect2(stage)
    stage.tester_answers_smp(SECRET)
    stage.to_target_delivers()


def asked(stage: Stage) -> None:
    """The tester's user began SMP, and the target's user is asked for the secret."""
    private(stage)
    stage.tester_begins_smp(SECRET)
    stage.settle()


def smp_again(stage: Stage) -> None:
    """The tester's user begins SMP, and both users know the secret."""
    stage.tester_begins_smp(SECRET)
    stage.settle()
    stage.target_answers_smp(SECRET)
    stage.settle()


def aftermath(stage: Stage) -> None:
    """The tester has SMP behind it, without having told the target, and its user begins anew."""
    stage.tester_aborts_smp()
    hold_everything(stage)
    smp_again(stage)
    talk(stage)


# SMP messages that belong to no run of the protocol.


def stray(stage: Stage, number: int) -> Tlv:
    """An SMP message that belongs to no run; what can be right about it by itself is right."""
    suite, seed = stage.lab.suite, stage.lab.seed("stray")
    exponent = suite.fresh_scalar(seed, 1)
    e = suite.scale(suite.generator(), exponent)
    one, two, three, four = (
        suite.prove_exponent(step, exponent, seed, 1 + step) for step in (1, 2, 3, 4)
    )
    c, d = one.c, one.d
    match number:
        case 1:
            return Smp1(None, e, one.c, one.d, e, two.c, two.d)
        case 2:
            return Smp2(e, three.c, three.d, e, four.c, four.d, e, e, c, d, d)
        case 3:
            return Smp3(e, e, c, d, d, e, c, d)
        case _:
            return Smp4(e, c, d)


def broken(stage: Stage, number: int) -> Tlv:
    """An SMP message that cannot be taken apart."""
    return UnknownTlv(SMP_TYPES[number], stage.lab.text("nothing that SMP knows"))
