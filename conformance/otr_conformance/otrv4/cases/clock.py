"""What happens as time passes: heartbeats, DAKEs that nobody answers, sessions that expire.

Sections "Session Expiration", "Data Exchange" and "Deletion of Stored Message Keys", and what the
modes recommend for a DAKE that is stuck.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from otr_conformance.otrv4.case import Level
from otr_conformance.otrv4.scenes import (
    LONG_AGO,
    ROLES,
    again,
    ended,
    finished,
    hold_everything,
    nothing,
    private,
    talk,
    waits_for_auth_r,
)

from .message import PLACES, STATES, allowing, declare, late_from_tester, look, meanwhile, overtaken

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.otrv4.stage import Stage

    Scene = Callable[[Stage], None]

CLOCK = {"otrv4-clock"}
DAY = 86400
WEEK, FORTNIGHT = 7 * DAY, 14 * DAY
SOON = 30
"""Seconds after which nothing is due."""


# Heartbeats.


def heartbeat_when_silent(stage: Stage) -> None:
    """A Data Message arrives after long silence, and another one at once."""
    private(stage)
    talk(stage)
    stage.wait(LONG_AGO)
    stage.tester_says("still listening?")
    stage.settle()
    stage.tester_says("I see")
    stage.settle()
    look(stage, "private")


def heartbeat_soon(stage: Stage) -> None:
    """A Data Message arrives a moment after the target has spoken."""
    private(stage)
    talk(stage)
    stage.wait(SOON)
    stage.tester_says("that was quick")
    stage.settle()
    look(stage, "private")


def heartbeat_after_heartbeat(stage: Stage) -> None:
    """Heartbeats arrive, the second after long silence."""
    private(stage)
    stage.tester_heartbeat()
    stage.settle()
    stage.wait(LONG_AGO)
    stage.tester_heartbeat()
    stage.settle()
    stage.tester_heartbeat()
    stage.settle()
    look(stage, "private")


def no_heartbeat_after_end(stage: Stage) -> None:
    """The peer ends the conversation after long silence."""
    private(stage)
    stage.wait(LONG_AGO)
    stage.tester_ends()
    stage.settle()
    look(stage, "finished")


def heartbeat_and_early(stage: Stage) -> None:
    """Data Messages overtake the Auth-I message, which arrives after a while."""
    overtaken(stage, ended)
    stage.tester_says("one")
    stage.tester_says("two")
    stage.to_target_delivers(1)
    stage.to_target_delivers(1)
    stage.wait(2 * SOON)
    stage.settle()
    talk(stage)


for _name, _about, _play, _level in (
    (
        "when-silent",
        "Answers a Data Message with a heartbeat after having sent nothing for long.",
        heartbeat_when_silent,
        Level.MUST,
    ),
    (
        "not-soon",
        "Answers a Data Message with no heartbeat if it has just sent something.",
        heartbeat_soon,
        Level.MUST,
    ),
    (
        "after-heartbeat",
        "Answers a heartbeat with a heartbeat only after having sent nothing for long.",
        heartbeat_after_heartbeat,
        Level.SHOULD,
    ),
    (
        "after-the-end",
        "Answers the message that ends the conversation with no heartbeat, however silent it was.",
        no_heartbeat_after_end,
        Level.MUST,
    ),
    (
        "early",
        "Reads every Data Message that overtook the Auth-I message, also if a heartbeat is due.",
        heartbeat_and_early,
        Level.MUST,
    ),
):
    declare(f"clock.heartbeat-{_name}", _about, _play, level=_level, needs=CLOCK)


# A DAKE that nobody answers.


def _waits_for_auth_i(stage: Stage, state: str) -> None:
    overtaken(stage, STATES[state])


def _waits_for_auth_r(stage: Stage, state: str) -> None:
    STATES[state](stage)
    waits_for_auth_r(stage)
    if state == "private":
        stage.tester_forgets()
    stage.to_tester_delivers()


def _stale() -> None:
    waits = {"auth-r": _waits_for_auth_r, "auth-i": _waits_for_auth_i}
    for (awaited, scene), state, late in product(waits.items(), STATES, (True, False)):
        if not late and (awaited, state) not in {("auth-i", "private"), ("auth-r", "start")}:
            continue
        if awaited == "auth-r" and state in {"finished", "ended"}:
            continue

        def play(
            stage: Stage,
            scene: Callable[[Stage, str], None] = scene,
            state: str = state,
            *,
            late: bool = late,
        ) -> None:
            scene(stage, state)
            if state == "private":
                meanwhile(stage, lambda: stage.wait(LONG_AGO if late else SOON))
                stage.settle()
                stage.arrives("in the clear")
                stage.target_says("where am I?")
                return
            meanwhile(stage, lambda: stage.wait(LONG_AGO if late else SOON))
            stage.settle()
            if not late:
                talk(stage)
                return
            stage.tester_forgets()
            look(stage, state)

        about = (
            f"""Abandons a DAKE that began {PLACES[state]}, when it has waited too long for the
            {awaited.title()} message, and ignores that message then."""
            if late
            else f"Goes on with a DAKE that began {PLACES[state]} when the answer is not too late."
        )
        declare(
            f"clock.{'stale' if late else 'not-stale'}.{awaited}.{state}", about, play, needs=CLOCK
        )


def _stale_after_starting() -> None:
    for state, scene in STATES.items():

        def play(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            stage.target_starts_dake()
            hold_everything(stage)
            stage.tester_forgets()
            stage.wait(LONG_AGO)
            look(stage, "ended")

        declare(
            f"clock.stale-after-starting.{state}",
            f"""Abandons the DAKE that its user started {PLACES[state]}, when nobody has answered
            for too long.""",
            play,
            needs={*CLOCK, "otrv4-dake"},
        )


def stale_in_every_state(stage: Stage) -> None:
    """Nobody answers in START, nor in a private conversation, nor once the peer has ended it."""
    for before in (nothing, private, finished):
        overtaken(stage, before)
        meanwhile(stage, lambda: stage.wait(LONG_AGO))
        stage.settle()
        stage.arrives("in the clear")
        stage.tester_forgets()
        again(stage)


_stale()
_stale_after_starting()
declare(
    "clock.stale.auth-i.everywhere",
    """Abandons a DAKE that has waited for too long, whatever state it began in, or never does: a
    target that waits for ever, as the text says, does so in every state.""",
    stale_in_every_state,
    needs=CLOCK,
)


# Texts that wait.


def _texts_wait() -> None:
    for seconds, recent in ((LONG_AGO, True), (LONG_AGO + 1, False)):

        def play(stage: Stage, seconds: int = seconds) -> None:
            stage.target_says("for your eyes only")
            hold_everything(stage)
            stage.wait(seconds)
            again(stage)

        declare(
            f"clock.queued-text{'' if recent else '-expires'}",
            f"""{"Sends" if recent else "Does not send"} a text that waited when the conversation
            becomes private, {"as long as it is" if recent else "if it is no longer"} recent.""",
            play,
            target=allowing("v4", require_encryption=True),
            needs=CLOCK,
            level=Level.SHOULD,
        )


_texts_wait()


# Session Expiration.


def _peer_renews(stage: Stage, seconds: int) -> None:
    """The tester's keys are new when so many seconds have passed, and the target hears nothing."""
    stage.wait(seconds)
    stage.tester_says("a new key, which is lost")
    stage.to_target_loses()


def _expiring() -> None:
    for role, scene in ROLES.items():
        if role in {"retriever", "responder"}:
            continue

        def play(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            talk(stage)
            _peer_renews(stage, FORTNIGHT - DAY)
            stage.wait(DAY)
            stage.settle()
            stage.arrives("in the clear")
            stage.target_starts()
            hold_everything(stage)

        declare(
            f"clock.expires.{role}",
            f"""Ends a session that it entered as the {role}, with a TLV of type 1 that reveals MAC
            keys, when it has made no new ECDH key for too long.""",
            play,
            needs={*CLOCK, *(("otrv4-offline",) if role in {"retriever", "publisher"} else ())},
        )


_expiring()


def expires_typing(stage: Stage) -> None:
    """The user types when the session has expired, ends it, and types again."""
    private(stage)
    talk(stage)
    _peer_renews(stage, FORTNIGHT - DAY)
    stage.wait(DAY)
    stage.settle()
    stage.target_says("too late")
    stage.target_ends()
    stage.target_says("in the clear")


def expires_with_skipped(stage: Stage) -> None:
    """A message is still missing when the session expires, and comes then."""
    private(stage)
    talk(stage)
    late = late_from_tester(stage)
    stage.tester_says("on time")
    stage.to_target_delivers()
    stage.wait(FORTNIGHT)
    hold_everything(stage)
    stage.reaches_target(late)
    stage.arrives("in the clear")


def expires_on_both_sides(stage: Stage) -> None:
    """Neither side has made a new key for too long."""
    private(stage)
    talk(stage)
    stage.wait(FORTNIGHT)
    stage.settle()
    stage.arrives("in the clear")
    stage.target_starts()


def expires_having_only_read(stage: Stage) -> None:
    """The target has read one message, and sent none."""
    private(stage)
    stage.tester_says("anyone there?")
    stage.settle()
    stage.wait(FORTNIGHT)
    hold_everything(stage)
    stage.arrives("in the clear")
    stage.target_starts()


def expires_however_much_it_says(stage: Stage) -> None:
    """The target says more without ever hearing anything."""
    private(stage)
    stage.target_says("hello?")
    _peer_renews(stage, FORTNIGHT - DAY)
    stage.target_says("hello?")
    stage.settle()
    stage.wait(DAY)
    hold_everything(stage)
    stage.arrives("in the clear")
    stage.target_starts()


def not_before_the_first_message(stage: Stage) -> None:
    """Nobody has said anything."""
    private(stage)
    stage.wait(FORTNIGHT)
    stage.settle()
    talk(stage)


def not_after_a_new_key(stage: Stage) -> None:
    """Both sides have new keys a day before the session would have expired."""
    private(stage)
    talk(stage)
    stage.wait(FORTNIGHT - DAY)
    talk(stage)
    stage.wait(2 * DAY)
    stage.settle()
    talk(stage)


def not_twice(stage: Stage) -> None:
    """The conversation is over when the time comes."""
    finished(stage)
    stage.wait(FORTNIGHT)
    stage.settle()
    stage.arrives("in the clear")
    stage.target_starts()
    hold_everything(stage)
    stage.target_says("not sent")


def stored_keys_expire(stage: Stage) -> None:
    """A message arrives a week after those that were sent behind it."""
    private(stage)
    talk(stage)
    late = late_from_tester(stage)
    stage.tester_says("on time")
    stage.settle()
    stage.wait(WEEK)
    stage.settle()
    stage.reaches_target(late)
    talk(stage)


def private_without_stored_keys(stage: Stage) -> None:
    """A message never arrives, and a week goes by."""
    private(stage)
    talk(stage)
    late_from_tester(stage)
    stage.tester_says("on time")
    stage.settle()
    stage.wait(WEEK)
    stage.settle()
    talk(stage)


def _expiration() -> None:
    for name, about, play in (
        (
            "expires.typing",
            "Sends nothing of what the user types once the session has expired.",
            expires_typing,
        ),
        (
            "expires.skipped",
            """Reveals the MAC keys of messages that have not arrived, too, when a session
            expires.""",
            expires_with_skipped,
        ),
        (
            "expires.both",
            "Takes the peer's goodbye for nothing new where the session has expired on both sides.",
            expires_on_both_sides,
        ),
        (
            "expires.reading",
            "Lets a session expire in which it has only read.",
            expires_having_only_read,
        ),
        (
            "expires.talking",
            "Lets a session expire in which it has sent much under one ECDH key.",
            expires_however_much_it_says,
        ),
        (
            "not-expired.silent",
            "Keeps a session in which no Data Message was sent or received.",
            not_before_the_first_message,
        ),
        (
            "not-expired.new-key",
            "Keeps a session in which it has made a new ECDH key in time.",
            not_after_a_new_key,
        ),
        (
            "not-expired.finished",
            "Sends nothing when the time comes for a session that the peer has ended.",
            not_twice,
        ),
        (
            "stored-keys-go",
            "Stays private when it deletes the keys of messages that never came.",
            private_without_stored_keys,
        ),
    ):
        declare(f"clock.{name}", about, play, needs=CLOCK)
    declare(
        "clock.stored-keys",
        "Answers a message with ERROR_1 whose key was stored for too long, and stays private.",
        stored_keys_expire,
        needs=CLOCK,
        level=Level.SHOULD,
    )


_expiration()
