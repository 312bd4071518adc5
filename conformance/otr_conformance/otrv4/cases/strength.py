"""Cases that a named bug or a mutant asked for: nothing else in the suite noticed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_conformance.otrv4.case import Level, case
from otr_conformance.otrv4.scenes import (
    ROLES,
    SECRET,
    asked,
    private,
    private_as_retriever,
    stray,
    talk,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.otrv4.stage import Stage

    Scene = Callable[[Stage], None]

DAKE, OFFLINE, CLOCK = "otrv4-dake", "otrv4-offline", "otrv4-clock"
MINUTE, TWO_WEEKS = 60, 14 * 86400
"""Seconds between heartbeats, and for which a session lives without new keys."""


def _too_early(stage: Stage) -> None:
    """A Data Message arrives before the Auth-I message, which is still on its way."""
    stage.tester_starts_dake()
    stage.to_target_delivers()
    stage.to_tester_delivers()
    stage.tester_says("too early")
    stage.to_target_delivers(1)


@case("strength.early-forgotten.begun-again", needs={DAKE})
def early_forgotten_begun_again(stage: Stage) -> None:
    """Forgets a Data Message that came before its DAKE was complete when it completes another one.

    The Auth-I message is lost, and the target's user begins anew: nothing that came before is a
    message of the conversation that becomes of it.
    """
    _too_early(stage)
    stage.target_starts_dake()
    stage.to_target_loses()
    stage.settle()
    talk(stage)


@case("strength.early-forgotten.offline", needs={OFFLINE})
def early_forgotten_offline(stage: Stage) -> None:
    """Forgets a Data Message that came before its DAKE was complete when its user starts offline.

    The Auth-I message is lost; what came before is no message of the conversation that begins.
    """
    _too_early(stage)
    stage.to_target_loses()
    stage.target_starts_offline()
    stage.settle()
    talk(stage)


# When the target sent last, and when new keys came last.


def _heartbeat(begins: Scene) -> Scene:
    def play(stage: Stage) -> None:
        begins(stage)
        for seconds in (MINUTE - 1, 1):
            stage.wait(seconds)
            stage.tester_says(f"still there after {seconds}?")
            stage.to_target_delivers(-1)
        stage.settle()

    return play


def _quiet(begins: Scene) -> Scene:
    def play(stage: Stage) -> None:
        begins(stage)
        stage.wait(TWO_WEEKS - 1)
        stage.target_says("after so long")
        stage.settle()

    return play


def _after(begins: Scene) -> Scene:
    def play(stage: Stage) -> None:
        stage.wait(MINUTE)
        begins(stage)

    return play


def _text(stage: Stage) -> None:
    """The target sends a text, a while after it became private."""
    private(stage)
    stage.wait(MINUTE // 2)
    stage.target_says("good morning")
    stage.settle()


def _two_turns(stage: Stage) -> None:
    """Both talk, twice, with a pause before each word."""
    private(stage)
    for _ in range(2):
        for says in (stage.tester_says, stage.target_says):
            stage.wait(MINUTE)
            says("good morning")
            stage.settle()


def _heartbeats() -> None:
    begun = [(role, f"it became private as {role}", _after(ROLES[role])) for role in ROLES]
    for name, about, begins in (*begun, ("text", "it sent a text", _text)):
        play = _heartbeat(begins)
        play.__doc__ = f"""Answers a Data Message with a heartbeat a minute after {about}, and not a
            second before."""
        case(f"strength.heartbeat-after.{name}", needs=_needs(name), level=Level.SHOULD)(play)


def _living() -> None:
    begun = [
        (role, f"it became private as {role}", _after(ROLES[role]))
        for role in ("responder", "retriever", "publisher")
    ]
    for name, about, begins in (*begun, ("turns", "both have talked twice", _two_turns)):
        play = _quiet(begins)
        play.__doc__ = f"""Lets a session live for two weeks without new keys: here until a second
            before, after {about}."""
        case(f"strength.lives-after.{name}", needs=_needs(name), level=Level.SHOULD)(play)


def _needs(name: str) -> set[str]:
    return {CLOCK, OFFLINE if name in {"retriever", "publisher"} else DAKE}


_heartbeats()
_living()


def _asked_and_broken_off(number: int) -> Scene:
    def play(stage: Stage) -> None:
        asked(stage)
        stage.tester_sends(stray(stage, number))
        stage.settle()
        stage.target_answers_smp(SECRET)
        stage.settle()

    return play


for _number in (2, 3, 4):
    _play = _asked_and_broken_off(_number)
    _play.__doc__ = f"""Forgets SMP message 1, to which its user has not answered yet, when SMP
        message {_number} comes out of turn: there is nothing left to answer."""
    case(f"strength.smp-1-forgotten.{_number}", needs={"smp"})(_play)


# What starts the expiration timer, and what does not.


def _out_of_order(stage: Stage) -> None:
    """Two texts of the tester's arrive, the second before the first."""
    private_as_retriever(stage)
    for text in ("number 1", "number 2", "number 3"):
        stage.tester_says(text)
    stage.to_target_delivers()
    stage.to_target_delivers(1)
    stage.to_target_delivers()


def _one_received(begins: Scene) -> Scene:
    def play(stage: Stage) -> None:
        begins(stage)
        stage.tester_says("good morning")
        stage.to_target_delivers()

    return play


def _expiring() -> None:
    for name, what, begins in (
        ("responder", "one, as responder", _one_received(ROLES["responder"])),
        ("retriever", "one, as retriever", _one_received(ROLES["retriever"])),
        ("out-of-order", "some that came out of order", _out_of_order),
    ):

        def play(stage: Stage, begins: Scene = begins) -> None:
            begins(stage)
            stage.wait(TWO_WEEKS)
            stage.settle()

        play.__doc__ = f"""Lets a session expire two weeks after Data Messages started its timer:
            here {what}."""
        needs = {CLOCK, DAKE if name == "responder" else OFFLINE}
        case(f"strength.expires-after.{name}", needs=needs, level=Level.SHOULD)(play)


_expiring()


@case("strength.lives-after.refresh", needs={CLOCK}, level=Level.SHOULD)
def lives_after_refresh(stage: Stage) -> None:
    """Lets a session live in which no Data Message was sent, whatever there was in the one before.

    A Query Message has it refreshed, and it is two weeks later that the target's user types.
    """
    private(stage)
    talk(stage)
    stage.arrives("?OTRv4?")
    stage.settle()
    stage.wait(TWO_WEEKS)
    stage.target_says("after so long")
    stage.settle()
