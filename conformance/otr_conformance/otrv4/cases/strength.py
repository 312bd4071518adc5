"""Cases that a named bug or a mutant asked for: nothing else in the suite noticed it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from otr_conformance.otrv4.case import Level, case
from otr_conformance.otrv4.scenes import (
    ROLES,
    SECRET,
    asked,
    ended,
    finished,
    hold_everything,
    private,
    private_as_publisher,
    private_as_responder,
    private_as_retriever,
    smp_again,
    stray,
    talk,
)
from otr_conformance.otrv4.stage import TESTER_TAG, THIRD_TAG
from otr_reference.otrv4.messages import Identity
from otr_reference.otrv4.session import Policy

from .message import BOTH, allowing, overtaken
from .ratchet import (
    answered,
    deliver,
    held_back,
    refreshed,
    said,
    sends_edited,
    several,
    taken_apart,
)
from .version import commits, private_3

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.otrv4.stage import Stage

    Scene = Callable[[Stage], None]

DAKE, OFFLINE, CLOCK = "otrv4-dake", "otrv4-offline", "otrv4-clock"
MINUTE, TEN_MINUTES, DAY = 60, 600, 86400
WEEK, TWO_WEEKS = 7 * DAY, 14 * DAY
"""Seconds between heartbeats, for which a DAKE waits, for which skipped message keys are kept, and
for which a session lives without new keys."""


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


def _too_early_and_anew(stage: Stage) -> None:
    """As before, once the target's user has ended a conversation; then it starts another DAKE.

    The Auth-I message is lost, and so is whatever the target sends.
    """
    ended(stage)
    _too_early(stage)
    hold_everything(stage)
    stage.target_starts_dake()


def _higher(stage: Stage) -> None:
    """The tester's Identity message wins over the one that the target has sent.

    Whoever has given that up answers as well.
    """
    stage.tester_forgets()
    stage.tester_offers(higher=True)
    stage.to_tester.clear()
    stage.settle()
    talk(stage)


def _begins_as_responder(stage: Stage) -> None:
    stage.tester_forgets()
    private_as_responder(stage)
    talk(stage)


def _begins_as_publisher(stage: Stage) -> None:
    stage.tester_forgets()
    stage.to_tester.clear()
    private_as_publisher(stage)
    talk(stage)


def _waits_too_long(stage: Stage) -> None:
    stage.wait(TEN_MINUTES)


def _gives_up(stage: Stage) -> None:
    stage.target_ends()


def _starts_offline(stage: Stage) -> None:
    hold_everything(stage)
    stage.target_starts_offline()
    stage.settle()
    talk(stage)


def _too_early_and_lost(stage: Stage) -> None:
    """As `_too_early`; the Auth-I message is lost."""
    _too_early(stage)
    hold_everything(stage)


def _nothing_more(_stage: Stage) -> None:
    """That is all."""


def _forgotten() -> None:
    for name, before, happens, then, when, needs in (
        (
            "stale",
            _too_early_and_lost,
            _waits_too_long,
            _begins_as_responder,
            "nobody completes that for too long",
            {CLOCK},
        ),
        (
            "stale-anew",
            _too_early_and_anew,
            _waits_too_long,
            _higher,
            "its user begins another one, and nobody answers that for too long",
            {CLOCK, DAKE},
        ),
        (
            "given-up",
            _too_early_and_anew,
            _gives_up,
            _higher,
            "its user begins another one and gives it up",
            {DAKE},
        ),
        (
            "published",
            _too_early_and_anew,
            _nothing_more,
            _begins_as_publisher,
            "its user begins another one, and the peer starts offline",
            {DAKE, OFFLINE},
        ),
        (
            "retrieved",
            _too_early_and_anew,
            _nothing_more,
            _starts_offline,
            "its user begins another one, and then starts offline",
            {DAKE, OFFLINE},
        ),
    ):

        def play(
            stage: Stage, before: Scene = before, happens: Scene = happens, then: Scene = then
        ) -> None:
            before(stage)
            happens(stage)
            then(stage)

        play.__doc__ = f"""Forgets a Data Message that came before its DAKE was complete when
            {when}: it is no message of the next conversation."""
        case(f"strength.early-forgotten.{name}", needs=needs)(play)


_forgotten()


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


def _quiet(begins: Scene, since: int) -> Scene:
    def play(stage: Stage) -> None:
        begins(stage)
        stage.wait(TWO_WEEKS - since - 1)
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


def _turns(begins: Scene, pause: int) -> Scene:
    """Both talk, twice, with a pause before each word."""

    def play(stage: Stage) -> None:
        begins(stage)
        for _ in range(2):
            for says in (stage.tester_says, stage.target_says):
                stage.wait(pause)
                says("good morning")
                stage.settle()

    return play


_two_turns = _turns(private, MINUTE)
_two_turns_as_responder = _turns(private_as_responder, MINUTE // 2)
SINCE = {"turns": MINUTE}
"""Seconds since the target's last new key where a heartbeat brought it, by the name of a case."""


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


def _heartbeats() -> None:
    begun = [(role, f"it became private as {role}", _after(ROLES[role])) for role in ROLES]
    for name, about, begins in (*begun, ("text", "it sent a text", _text)):
        play = _heartbeat(begins)
        play.__doc__ = f"""Answers a Data Message with a heartbeat a minute after {about}, and not a
            second before."""
        case(f"strength.heartbeat-after.{name}", needs=_needs(name), level=Level.SHOULD)(play)


def _refreshed_as(role: str) -> Scene:
    """Both have talked, and the conversation is refreshed, the target in this role."""

    def begins(stage: Stage) -> None:
        private(stage)
        talk(stage)
        if role == "initiator":
            refreshed(stage)
            return
        stage.tester_forgets()
        ROLES[role](stage)

    return begins


def _living() -> None:
    begun = [
        (role, f"it became private as {role}", _after(ROLES[role]))
        for role in ("responder", "retriever", "publisher")
    ]
    again = [
        (f"refresh-as-{role}", f"it was refreshed as {role}", _refreshed_as(role))
        for role in ("responder", "publisher")
    ]
    for name, about, begins in (
        *begun,
        *again,
        ("turns", "both have talked twice", _two_turns),
        ("turns-as-responder", "both have talked twice, as responder", _two_turns_as_responder),
        ("reading", "it has read a text as responder", _one_received(ROLES["responder"])),
        ("reading-as-retriever", "it has read a text", _one_received(ROLES["retriever"])),
        ("reading-late", "texts have come out of order", _out_of_order),
    ):
        play = _quiet(begins, SINCE.get(name, 0))
        play.__doc__ = f"""Lets a session live for two weeks without new keys: here until a second
            before, after {about}."""
        case(f"strength.lives-after.{name}", needs=_needs(name), level=Level.SHOULD)(play)


def _needs(name: str) -> set[str]:
    offline = name.endswith(("retriever", "publisher", "late"))
    return {CLOCK, OFFLINE if offline else DAKE}


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


def _expiring() -> None:
    for name, what, begins in (
        ("responder", "one, as responder", _one_received(ROLES["responder"])),
        ("retriever", "one, as retriever", _one_received(ROLES["retriever"])),
        ("out-of-order", "some that came out of order", _out_of_order),
        ("turns", "the last to bring a new key of its own", _two_turns),
        (
            "turns-as-responder",
            "the last to bring a new DH key of its own",
            _two_turns_as_responder,
        ),
    ):

        def play(stage: Stage, begins: Scene = begins, since: int = SINCE.get(name, 0)) -> None:
            begins(stage)
            stage.wait(TWO_WEEKS - since)
            stage.settle()

        play.__doc__ = f"""Lets a session expire two weeks after Data Messages started its timer:
            here {what}."""
        needs = {CLOCK, OFFLINE if name in {"retriever", "out-of-order"} else DAKE}
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


# Skipped message keys: which are forgotten when.


def _skipped_in(refresh: Scene) -> Scene:
    def play(stage: Stage) -> None:
        private(stage)
        deliver(stage, several(stage, 2, "of before")[-1])
        stage.settle()
        refresh(stage)
        skipped, after = several(stage, 2)
        deliver(stage, after)
        stage.wait(1)
        deliver(stage, skipped)
        stage.settle()
        talk(stage)

    return play


def _anew(begins: Scene) -> Scene:
    """The tester, who has lost what it knew, begins another conversation."""

    def play(stage: Stage) -> None:
        stage.tester_forgets()
        begins(stage)

    return play


for _role, _scene in (
    ("initiator", refreshed),
    ("responder", _anew(private_as_responder)),
    ("publisher", _anew(private_as_publisher)),
):
    _play = _skipped_in(_scene)
    _play.__doc__ = f"""Reads a message that is late by a second, after the conversation was
        refreshed as the {_role}, whatever was lost before that."""
    case(
        f"strength.late-after-refresh.{_role}",
        needs={CLOCK, OFFLINE if _role == "publisher" else DAKE},
        level=Level.SHOULD,
    )(_play)


# What a new ratchet takes with it, and what it does not.


@case("strength.first-key-again", needs={DAKE})
def first_key_again(stage: Stage) -> None:
    """Refuses, as the responder of a refresh, a message under the first key of the initiator.

    The initiator never uses it to send, and what was received before does not matter.
    """
    private(stage)
    for _ in range(3):
        talk(stage)
    stage.tester_forgets()
    stage.tester_starts_dake()
    wire = held_back(stage)
    identity = taken_apart(stage, wire, Identity)
    stage.reaches_target(wire)
    stage.settle()
    answered(stage, "I speak first")
    wire = said(stage, "as it was sent")
    ecdh, dh = identity.first_ecdh, identity.first_dh
    sends_edited(stage, wire, lambda f: replace(f, ecdh=ecdh, dh=dh), "a message under another key")
    stage.reaches_target(wire)
    talk(stage)


@case("strength.past-while-waiting", needs={DAKE})
def past_while_waiting(stage: Stage) -> None:
    """Discards a message of a ratchet that is over while it waits for an Auth-I message, too.

    It cannot be one that overtook that message, since it is of no first ratchet: nothing comes of
    it when the new conversation is private.
    """
    private(stage)
    talk(stage)
    wire = said(stage, "of the second ratchet")
    stage.reaches_target(wire)
    answered(stage, "yes")
    talk(stage)
    overtaken(stage, _anew(_nothing_more))
    stage.reaches_target(wire)
    stage.settle()
    talk(stage)


@case("strength.almost-past", needs={DAKE})
def almost_past(stage: Stage) -> None:
    """Discards a message that says it is of the ratchet before the peer's current one.

    That was the target's own: it is over, whichever key the message is under.
    """
    private(stage)
    talk(stage)
    talk(stage)
    for text in ("the first of its ratchet", "the second"):
        wire = said(stage, text)
        stage.reaches_target(wire)
        sends_edited(
            stage,
            wire,
            lambda f: replace(f, ratchet_id=f.ratchet_id - 1, message_id=f.message_id + 1),
            "another one of the ratchet before",
        )
    stage.settle()
    talk(stage)


def _counts_ratchets(stage: Stage, more: int) -> None:
    """The tester takes it that there were so many ratchets more."""
    conversation = stage.tester.conversation.clone()
    member = conversation.members[conversation.best].clone()
    conversation.members[conversation.best] = member
    member.i += more
    member.sending_id += more
    stage.tester.conversation = conversation


@case("strength.beyond-the-next-ratchet", level=Level.SHOULD)
def beyond_the_next_ratchet(stage: Stage) -> None:
    """Refuses a message that begins a new ratchet whose id is not the next, whatever its key is."""
    private(stage)
    talk(stage)
    _counts_ratchets(stage, 3)
    wire = said(stage, "three ratchets too far")
    _counts_ratchets(stage, -3)
    stage.reaches_target(wire)
    stage.settle()
    talk(stage)


# Texts that wait, and Data Messages that came too early, when a conversation is refreshed.


def _another_dake(stage: Stage) -> None:
    """The tester has lost what it knew, and begins anew; a text overtakes the Auth-I message."""
    stage.tester_forgets()
    stage.tester_starts_dake()
    stage.to_target_delivers()
    while stage.to_tester:
        stage.to_tester_delivers()
    stage.tester_says("too early")
    stage.to_target_delivers(len(stage.to_target) - 1)
    stage.settle()


@case("strength.refreshed-by-another", needs={DAKE, "smp"})
def refreshed_by_another(stage: Stage) -> None:
    """Goes on with another peer in a private conversation as it does where there was none.

    What was typed for that peer is sent, what came too early is read, and SMP with the one before
    is over.
    """
    finished(stage)
    stage.target_says("for your eyes only")
    stage.tester_becomes("mallory")
    private(stage)
    stage.target_begins_smp(SECRET)
    stage.settle()
    stage.tester_becomes("tester")
    _another_dake(stage)
    smp_again(stage)
    talk(stage)


@case("strength.waits-for-refresh", needs={DAKE})
def waits_for_refresh(stage: Stage) -> None:
    """Sends a text that waited to another client of the same user when that begins anew."""
    private_as_responder(stage)
    stage.tester_at(THIRD_TAG)
    private_as_responder(stage)
    stage.tester_ends()
    stage.settle()
    stage.target_says("for your eyes only")
    stage.tester_at(TESTER_TAG)
    _another_dake(stage)
    talk(stage)


@case("strength.waits-beside-version-3", target=BOTH, tester=BOTH, needs={DAKE})
def waits_beside_version_3(stage: Stage) -> None:
    """Sends what waited for a peer, and reads what came too early, where version 3 was private."""
    finished(stage)
    stage.target_says("for your eyes only")
    stage.target_ends()
    stage.tester_forgets()
    private_3(stage)
    _another_dake(stage)
    talk(stage)


@case(
    "strength.wait-for-version-3",
    target=allowing("v3-and-v4", require_encryption=True),
    tester=Policy(allow_v4=False),
    needs={"policy"},
)
def wait_for_version_3(stage: Stage) -> None:
    """Sends all texts that waited as soon as a conversation of version 3 is private."""
    stage.target_says("one")
    stage.target_says("two")
    hold_everything(stage)
    commits(stage)
    stage.to_target_delivers()
    stage.to_tester_delivers()
    stage.to_target_delivers()
    stage.settle()
    talk(stage)


# When a private conversation ends.


def _left(begins: Scene) -> Scene:
    def play(stage: Stage) -> None:
        begins(stage)
        stage.arrives("in the clear")
        stage.target_starts_dake()
        hold_everything(stage)
        stage.target_ends()
        stage.target_says("a tag here")

    return play


def _with_keys_of_late_messages(stage: Stage) -> None:
    """The target has keys of messages that have not come, and has sent its last text since."""
    private(stage)
    deliver(stage, several(stage, 3)[-1])
    answered(stage, "I see")


for _name, _scene in (("private", _with_keys_of_late_messages), ("finished", finished)):
    _play = _left(_scene)
    _play.__doc__ = f"""Attaches the whitespace tag again once its user has left a conversation that
        was {_name} for a DAKE, and given that up."""
    case(
        f"strength.left-for-a-dake.{_name}",
        target=allowing("v4", send_whitespace_tag=True),
        needs={DAKE, "policy"},
    )(_play)


@case("strength.reveals-when-expired", needs={CLOCK}, level=Level.SHOULD)
def reveals_when_expired(stage: Stage) -> None:
    """Reveals the MAC keys of all that it has read when a session expires, also what came late."""
    private(stage)
    first, second, _, last = several(stage, 4)
    deliver(stage, first)
    answered(stage, "I see")
    deliver(stage, second, last)
    stage.wait(TWO_WEEKS)
    stage.settle()


@case("strength.expired-while-waiting", needs={CLOCK}, level=Level.SHOULD)
def expired_while_waiting(stage: Stage) -> None:
    """Gives up a DAKE that waits for too long when its session expires at the same time."""
    private(stage)
    talk(stage)
    stage.tester_forgets()
    stage.tester_starts_dake()
    stage.to_target_delivers()
    stage.to_tester_delivers()
    stage.wait(TWO_WEEKS)
    stage.settle()
    stage.arrives("in the clear")
