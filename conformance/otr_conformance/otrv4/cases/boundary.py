"""Boundaries: what is at the very edge of what a comparison lets pass, or just beyond it.

Sizes and times that the text leaves to implementations are asked for as recommendations.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from otr_conformance.otrv4.case import V4_ONLY, Level, case
from otr_conformance.otrv4.cases.dake import nobodys_identity
from otr_conformance.otrv4.cases.ratchet import (
    BOUND,
    answered,
    deliver,
    held_back,
    several,
)
from otr_conformance.otrv4.scenes import (
    QUERY,
    private,
    private_as_publisher,
    private_as_responder,
    private_as_retriever,
    talk,
)
from otr_conformance.otrv4.stage import TESTER_TAG, THIRD_TAG
from otr_model.otrv4.words import Mode
from otr_reference.otrv4.messages import Fragment, Header
from otr_reference.otrv4.session import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from otr_conformance.otrv4.case import Play
    from otr_conformance.otrv4.stage import Stage
    from otr_reference.otrv4.messages import PrekeyEnsemble

SMALLEST_TAG = 0x100
MINUTE, TEN_MINUTES, DAY, WEEK, TWO_WEEKS = 60, 600, 86_400, 604_800, 1_209_600
MOST_STORED = 2**20
"""Bytes of fragments that are stored, at most."""
OFFLINE, CLOCK = {"otrv4-offline"}, {"otrv4-clock"}


def declare(  # noqa: PLR0913 - one keyword for each thing that a case states
    name: str,
    about: str,
    play: Play,
    *,
    needs: Iterable[str] = (),
    level: Level = Level.MUST,
    largest: int = 0,
) -> None:
    """Declare a case of a family."""

    def played(stage: Stage) -> None:
        play(stage)

    played.__doc__ = about
    case(f"boundary.{name}", needs=needs, level=level, largest=largest)(played)


# Instance tags, and the mode.


@case("boundary.sender-smallest-tag")
def sender_smallest_tag(stage: Stage) -> None:
    """Talks to an instance whose tag is the smallest that is legal, 0x100."""
    stage.tester_at(SMALLEST_TAG)
    private_as_responder(stage)
    talk(stage)


def _to_receiver(tag: int) -> Play:
    def play(stage: Stage) -> None:
        some = nobodys_identity(stage)
        stage.sends(replace(some, header=Header(TESTER_TAG, tag)), f"Identity for {tag:#x}")
        stage.settle()
        private(stage)
        talk(stage)

    return play


declare(
    "receiver-tag-1",
    "Discards a message for an instance whose tag is 1, which is illegal.",
    _to_receiver(1),
)
declare(
    "receiver-tag-100",
    "Discards a message for another instance whose tag is the smallest that is legal, 0x100.",
    _to_receiver(SMALLEST_TAG),
)


@case(
    "boundary.offers-3-to-standalone",
    target=Policy(),
    tester=V4_ONLY,
    mode=Mode.STANDALONE,
    needs={"otrv4-mode"},
)
def offers_3_to_standalone(stage: Stage) -> None:
    """Takes Query Messages that offer version 3 for texts, where the mode is standalone."""
    stage.arrives("?OTRv3?")
    stage.arrives("?OTRv34?")
    stage.settle()
    talk(stage)


def _ensemble_of(client: int, prekey: int, message: int) -> Play:
    """A prekey ensemble whose values are those of clients with these instance tags."""

    def ensemble(stage: Stage, owner: int) -> PrekeyEnsemble:
        cast = stage.cast
        account = stage.lab.account("tester", owner, cast.tester, cast.mode)
        (made,) = account.make_ensembles(stage.tester.now, 1)
        return made

    def play(stage: Stage) -> None:
        made = {tag: ensemble(stage, tag) for tag in dict.fromkeys((client, prekey, message))}
        mixed = replace(
            made[client],
            prekey_profile=made[prekey].prekey_profile,
            message=made[message].message,
        )
        stage.target_starts_offline(mixed)
        stage.settle()
        private(stage)
        talk(stage)

    return play


for _name, _tags, _about in (
    (
        "illegal-tag",
        (SMALLEST_TAG - 1,) * 3,
        "whose instance tag is 0xff, one less than the smallest",
    ),
    (
        "other-message",
        (TESTER_TAG, TESTER_TAG, THIRD_TAG),
        "whose prekey message is another instance's",
    ),
    (
        "lower-client",
        (TESTER_TAG, THIRD_TAG, THIRD_TAG),
        "whose client profile is another instance's, with a lower tag",
    ),
    (
        "higher-client",
        (THIRD_TAG, TESTER_TAG, TESTER_TAG),
        "whose client profile is another instance's, with a higher tag",
    ),
    (
        "lower-prekey-profile",
        (THIRD_TAG, TESTER_TAG, THIRD_TAG),
        "whose prekey profile is another instance's, with a lower tag",
    ),
):
    declare(
        f"ensemble-{_name}",
        f"Refuses a prekey ensemble {_about}.",
        _ensemble_of(*_tags),
        needs=OFFLINE,
    )


@case("boundary.ensemble-smallest-tag", needs=OFFLINE)
def ensemble_smallest_tag(stage: Stage) -> None:
    """Starts a conversation offline with an instance whose tag is the smallest, 0x100."""
    stage.tester_at(SMALLEST_TAG)
    stage.target_starts_offline()
    stage.settle()
    talk(stage)


# What is stored of a fragmented message.


@case("boundary.stores-as-much", level=Level.SHOULD, largest=MOST_STORED + 1)
def stores_as_much(stage: Stage) -> None:
    """Asked to store as much as it is willing to, behaves as before."""
    for index in (1, 2):
        piece = stage.lab.text("x" * (MOST_STORED // 2))
        stage.sends(
            Fragment(Header(TESTER_TAG, 0), 0xAB, index, 3, piece), f"fragment {index} of 3"
        )
    stage.sends(
        Fragment(Header(TESTER_TAG, 0), 0xAB, 3, 3, stage.lab.text("y")), "the last fragment"
    )
    private(stage)
    talk(stage)


# Times.


def _piece_after(seconds: int) -> Play:
    def play(stage: Stage) -> None:
        stage.arrives("?OTR|ab|1001|0,1,2,?OTR,")
        stage.wait(seconds)
        stage.arrives("?OTR|ab|1001|0,2,2,v4?,")
        stage.settle()
        talk(stage)

    return play


def _answered_after(seconds: int) -> Play:
    def play(stage: Stage) -> None:
        stage.tester_starts_dake()
        stage.to_target_delivers()
        stage.to_tester_delivers()
        stage.wait(seconds)
        stage.settle()
        talk(stage)

    return play


def _silent_for(seconds: int) -> Play:
    def play(stage: Stage) -> None:
        private(stage)
        talk(stage)
        stage.wait(seconds)
        stage.tester_says("still listening?")
        stage.settle()
        talk(stage)

    return play


def _skipped_for(seconds: int) -> Play:
    def play(stage: Stage) -> None:
        private(stage)
        skipped, after = several(stage, 2)
        deliver(stage, after)
        stage.wait(seconds)
        deliver(stage, skipped)
        talk(stage)

    return play


def _skipped_as(begins: Play) -> Callable[[int], Play]:
    """As before, in a role; where the peer speaks first, it has spoken a day before."""

    def timed(seconds: int) -> Play:
        def play(stage: Stage) -> None:
            begins(stage)
            skipped, after = several(stage, 2)
            deliver(stage, after)
            stage.wait(seconds)
            deliver(stage, skipped)
            talk(stage)

        return play

    return timed


def _publisher_who_has_read(stage: Stage) -> None:
    private_as_publisher(stage)
    stage.tester_says("good morning")
    stage.settle()
    stage.wait(DAY)


def _late_once(stage: Stage) -> None:
    """A message was late before, a day ago, and was read."""
    private(stage)
    first, second = several(stage, 2, "before")
    deliver(stage, second, first)
    stage.wait(DAY)


def _lost_once(stage: Stage) -> None:
    """A message was lost before, and its key was forgotten after a week."""
    private(stage)
    deliver(stage, several(stage, 2, "before")[-1])
    stage.wait(WEEK)
    talk(stage)
    talk(stage)


def _late_non_interactive_auth(seconds: int) -> Play:
    """The client profile that the message is for has expired so long ago."""

    def play(stage: Stage) -> None:
        ensemble = stage.target_ensemble()
        stage.wait(WEEK - DAY)
        stage.tester.ensemble()
        stage.tester_starts_offline(ensemble)
        wire = held_back(stage)
        stage.wait(DAY + seconds)
        stage.reaches_target(wire)
        talk(stage)

    return play


def _answered_identity_after(seconds: int) -> Play:
    def play(stage: Stage) -> None:
        stage.arrives(QUERY)
        stage.wait(seconds)
        stage.settle()
        talk(stage)

    return play


def _adopted_after(seconds: int) -> Play:
    def play(stage: Stage) -> None:
        stage.arrives(QUERY)
        stage.wait(MINUTE)
        stage.tester_offers(higher=False)
        stage.to_target_delivers()
        stage.wait(seconds)
        stage.settle()
        talk(stage)

    return play


def _quiet_for(seconds: int) -> Play:
    def play(stage: Stage) -> None:
        private(stage)
        talk(stage)
        stage.wait(seconds)
        stage.target_says("after so long")
        stage.settle()

    return play


def _old_profile(seconds: int) -> Play:
    def play(stage: Stage) -> None:
        stage.wait(seconds)
        stage.tester_starts_dake()
        stage.settle()
        talk(stage)

    return play


def _old_ensemble(seconds: int) -> Play:
    def play(stage: Stage) -> None:
        ensemble = stage.tester.ensemble()
        stage.wait(seconds)
        stage.target_starts_offline(ensemble)
        stage.settle()

    return play


def _old_prekey_profile(seconds: int) -> Play:
    def play(stage: Stage) -> None:
        old = stage.tester.ensemble()
        stage.wait(WEEK - DAY)
        stage.tester.account.renew(stage.tester.now)
        mixed = replace(old, client_profile=stage.tester.ensemble().client_profile)
        stage.wait(seconds - WEEK + DAY)
        stage.target_starts_offline(mixed)
        stage.settle()

    return play


OFFLINE_SCENES = (private_as_retriever, _publisher_who_has_read)
for _name, _about, _timed, _limit, _needs, _level in (
    (
        "prekey-profile",
        "Refuses a prekey profile from the second on in which it expires",
        _old_prekey_profile,
        WEEK,
        {*CLOCK, *OFFLINE},
        Level.MUST,
    ),
    (
        "second-piece",
        "Puts fragments together if the first has not waited for ten minutes",
        _piece_after,
        TEN_MINUTES,
        CLOCK,
        Level.SHOULD,
    ),
    (
        "auth-i",
        "Goes on with a DAKE if the answer has not taken ten minutes",
        _answered_after,
        TEN_MINUTES,
        CLOCK,
        Level.SHOULD,
    ),
    (
        "heartbeat",
        "Answers a Data Message with a heartbeat if it has sent nothing for a minute",
        _silent_for,
        MINUTE,
        CLOCK,
        Level.SHOULD,
    ),
    (
        "skipped",
        "Reads a message that arrives late, if its key has not been kept for a week",
        _skipped_for,
        WEEK,
        CLOCK,
        Level.SHOULD,
    ),
    *(
        (
            f"skipped-{name}",
            f"Reads a message that arrives late{what}, if its key has not been kept for a week",
            _skipped_as(begins),
            WEEK,
            {*CLOCK, *(OFFLINE if begins in OFFLINE_SCENES else ())},
            Level.SHOULD,
        )
        for name, what, begins in (
            ("as-responder", ", as the responder of the DAKE", private_as_responder),
            ("as-retriever", ", as the retriever of the DAKE", private_as_retriever),
            ("as-publisher", ", as the publisher of the DAKE", _publisher_who_has_read),
            ("again", " after another one was late", _late_once),
            ("after-loss", " after the key of another one was forgotten", _lost_once),
        )
    ),
    (
        "auth-r",
        "Goes on with a DAKE that it began if the answer has not taken ten minutes",
        _answered_identity_after,
        TEN_MINUTES,
        CLOCK,
        Level.SHOULD,
    ),
    (
        "auth-r-to-offer",
        """Goes on with a DAKE in which an instance takes part if its answer to the offer to all
        has not taken ten minutes""",
        _adopted_after,
        TEN_MINUTES,
        CLOCK,
        Level.SHOULD,
    ),
    (
        "non-interactive-auth",
        "Accepts what was made with a client profile of its own that has expired within a day",
        _late_non_interactive_auth,
        DAY,
        {*CLOCK, *OFFLINE},
        Level.SHOULD,
    ),
    (
        "session",
        "Lets a session expire in which no new keys have come for two weeks",
        _quiet_for,
        TWO_WEEKS,
        CLOCK,
        Level.SHOULD,
    ),
    (
        "profile",
        "Refuses a client profile from the second on in which it expires",
        _old_profile,
        WEEK,
        CLOCK,
        Level.MUST,
    ),
    (
        "ensemble",
        "Refuses a prekey ensemble from the second on in which its profiles expire",
        _old_ensemble,
        WEEK,
        {*CLOCK, *OFFLINE},
        Level.MUST,
    ),
):
    for _seconds in (_limit - 1, _limit):
        declare(
            f"{_name}-after-{_seconds}",
            f"{_about}; here after {_seconds} seconds.",
            _timed(_seconds),
            needs=_needs,
            level=_level,
        )


# The ratchet: how many keys are skipped, and kept.


@case("boundary.stored-in-one-ratchet", level=Level.SHOULD)
def stored_in_one_ratchet(stage: Stage) -> None:
    """Keeps two thousand skipped keys, and refuses a message that asks for one more."""
    private(stage)
    first, second = BOUND, BOUND + BOUND // 2 + 1
    last = 2 * BOUND + 3
    wires = several(stage, last + 1)
    deliver(stage, wires[first], wires[second], wires[last], wires[last - 1])
    talk(stage)


def _left_behind(count: int, ahead: int) -> Play:
    """So many messages of a ratchet are lost, and so many of the next before one arrives."""

    def play(stage: Stage) -> None:
        private(stage)
        talk(stage)
        deliver(stage, several(stage, count + 1)[0])
        answered(stage, "I hear nothing")
        several(stage, ahead, "of the next")
        stage.tester_says("do you hear this?")
        deliver(stage, held_back(stage))
        talk(stage)

    return play


for _count in (BOUND - 1, BOUND, BOUND + 1):
    declare(
        f"left-behind-{_count}",
        f"""Keeps the keys of a thousand messages of the last ratchet that have not arrived, and
        refuses a message that asks for more; here of {_count}.""",
        _left_behind(_count, 0),
        level=Level.SHOULD,
    )
declare(
    "skipped-in-next",
    "Keeps the keys of a thousand messages of a new ratchet that have not arrived.",
    _left_behind(0, BOUND),
    level=Level.SHOULD,
)
declare(
    "left-behind-and-skipped",
    "Keeps the keys of a thousand messages of the last ratchet and a thousand of the new one.",
    _left_behind(BOUND, BOUND),
    level=Level.SHOULD,
)
