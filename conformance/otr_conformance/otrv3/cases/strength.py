"""Cases that a named bug or a mutant asked for: nothing else in the suite noticed it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from otr_conformance.otrv3.case import Level, case
from otr_conformance.otrv3.scenes import (
    SECRET,
    asked,
    expect2,
    finished,
    nothing,
    private,
    private_by_target,
    smp_again,
    stray,
    talk,
)
from otr_reference.otrv3.messages import DhCommit
from otr_reference.otrv3.session import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.otrv3.stage import Stage

    Scene = Callable[[Stage], None]

MINUTE = 60
"""Seconds between heartbeats."""


@case("strength.keys-end-with-the-conversation")
def keys_end_with_the_conversation(stage: Stage) -> None:
    """Takes nothing of a conversation that it ended into the next: no MAC key of it comes later."""
    stage.looks_back = True
    private(stage)
    talk(stage)
    stage.tester_says("the last word")
    stage.settle()
    stage.target_ends()
    stage.settle()
    private(stage)
    talk(stage)
    talk(stage)


@case("strength.revealed-key-begins-with-zeros")
def revealed_key_begins_with_zeros(stage: Stage) -> None:
    """Takes the key that a Reveal Signature Message reveals with the zeros that it begins with."""
    stage.tester_draws_zeros()
    private_by_target(stage)
    talk(stage)


@case("strength.tags-next-to-ours")
def tags_next_to_ours(stage: Stage) -> None:
    """Discards a D-H Commit Message for the instance whose tag is one less, or one more, than its.

    All else about it is right; the right one that follows is answered.
    """
    private(stage)
    stage.tester_takes("?OTRv3?")
    message = stage.decode(stage.to_target[0])
    for beside in (-1, 1):
        if isinstance(message, DhCommit):
            header = replace(message.header, receiver=stage.target_tag + beside)
            stage.sends(replace(message, header=header), "the same for the instance beside it")
    stage.settle()


def _counts_from(stage: Stage, sent: int) -> None:
    """The tester has sent so many messages under the keys that it uses next."""
    conversation = stage.tester.conversation.clone()
    member = conversation.members[conversation.best].clone()
    conversation.members[conversation.best] = member
    member.sent = sent
    stage.tester.conversation = conversation


def _zero(stage: Stage) -> None:
    """A Data Message whose counter is zero, and one whose counter is 1."""
    _counts_from(stage, -1)
    stage.tester_says("counted from zero")
    stage.settle()
    stage.tester_says("counted from one")
    stage.settle()


@case("strength.counter-zero")
def counter_zero(stage: Stage) -> None:
    """Refuses a Data Message whose counter is zero, whichever keys it is the first under.

    A counter is more than the one before, and before the first one it was zero. Either side goes on
    to new keys in between, by itself and with the other.
    """
    private(stage)
    for turn, who in enumerate(("both", "target", "tester", "both", "crossing", "both")):
        _zero(stage)
        if who == "crossing":
            stage.target_says("crosses")
            stage.tester_says("crosses, too")
            stage.to_tester_delivers()
            _zero(stage)
        if who in {"both", "target"}:
            stage.target_says(f"target {turn}")
            stage.settle()
        if who in {"both", "tester"}:
            stage.tester_says(f"tester {turn}")
            stage.settle()


@case("strength.counter-zero-of-new-keys")
def counter_zero_of_new_keys(stage: Stage) -> None:
    """Refuses a Data Message whose counter is zero under the first key that it has offered itself.

    Either the tester has heard it before saying anything, or both have spoken at once.
    """
    private(stage)
    stage.target_says("the first word")
    stage.settle()
    _zero(stage)
    private(stage)
    stage.target_says("we talk")
    stage.tester_says("both at once")
    stage.to_target_delivers()
    stage.to_tester_delivers()
    _zero(stage)
    stage.target_says("now you know my key")
    stage.settle()
    _zero(stage)
    talk(stage)


# Which keys a Data Message names.


def _names_others(stage: Stage, own: int, other: int, text: str) -> None:
    """The tester says something, and names keys whose ids are so many more than those it uses."""
    for sign in (1, -1):
        conversation = stage.tester.conversation.clone()
        member = conversation.members[conversation.best].clone()
        conversation.members[conversation.best] = member
        member.our_keyid += sign * own
        member.their_keyid += sign * other
        stage.tester.conversation = conversation
        if sign > 0:
            stage.tester_says(text)
    stage.settle()


@case("strength.key-before-the-first")
def key_before_the_first(stage: Stage) -> None:
    """Refuses a Data Message that names a key of the peer's before that of the AKE.

    It holds none, after the first AKE and after another one.
    """
    private(stage)
    _names_others(stage, -1, 0, "under the key before")
    talk(stage)
    private(stage)
    _names_others(stage, -1, 0, "under the key before")
    talk(stage)


@case("strength.key-after-the-next")
def key_after_the_next(stage: Stage) -> None:
    """Refuses a Data Message that names a key of the peer's which nobody has told it of.

    Its MAC is right for keys that the target holds.
    """
    private(stage)
    talk(stage)
    talk(stage)
    stage.tester_says("here is my next key")
    stage.settle()
    _names_others(stage, 2, 1, "under the one after that")
    talk(stage)


# The conversation is refreshed, and the peer's D-H key is one that the target holds.


def _same_key(stage: Stage) -> None:
    """The tester comes back with the D-H key that it had at first."""
    stage.tester_draws_from(0)
    private(stage)


def _tester_speaks(stage: Stage) -> None:
    private(stage)
    _same_key(stage)


def _target_speaks(stage: Stage) -> None:
    private(stage)
    _same_key(stage)
    stage.target_says("the first word")
    stage.settle()


def _previous_key(stage: Stage) -> None:
    private(stage)
    stage.tester_says("here is my next key")
    stage.settle()
    _same_key(stage)


def _after_crossing(stage: Stage) -> None:
    """Both sides have talked at once: the target has replaced a key of its own."""
    private(stage)
    stage.target_says("we talk")
    stage.tester_says("both at once")
    stage.to_target_delivers()
    stage.to_tester_delivers()
    stage.tester_says("now I know your key")
    stage.settle()
    _same_key(stage)


def _counts_anew(scene: Scene) -> Scene:
    def play(stage: Stage) -> None:
        scene(stage)
        _zero(stage)
        talk(stage)
        talk(stage)

    return play


for _name, _scene, _what in (
    ("spoken-to", _tester_speaks, "whose first word is the tester's"),
    ("speaking", _target_speaks, "whose first word is the target's"),
    ("previous", _previous_key, "and the tester has told of another one since"),
    ("crossing", _after_crossing, "and the target has told of another one of its own since"),
):
    _play = _counts_anew(_scene)
    _play.__doc__ = f"""Counts anew in a conversation that was refreshed with a D-H key of the
        tester's that it holds, {_what}: it refuses a counter of zero, and takes one of 1."""
    case(f"strength.known-key.{_name}")(_play)


@case("strength.refreshed-by-another")
def refreshed_by_another(stage: Stage) -> None:
    """Sends what was typed for a peer when that takes a private conversation with another over."""
    finished(stage)
    stage.target_says("for your eyes only")
    stage.tester_becomes("mallory")
    private(stage)
    stage.tester_becomes("tester")
    private(stage)


@case("strength.refreshed-by-another-in-smp", needs={"smp"})
def refreshed_by_another_in_smp(stage: Stage) -> None:
    """Abandons SMP when another peer takes the private conversation over."""
    expect2(stage)
    stage.tester_becomes("mallory")
    private(stage)
    smp_again(stage)
    talk(stage)


# When the target sent last: a heartbeat is due a minute later, and not before.


def _last_sent(before: Scene, sends: Scene) -> Scene:
    def play(stage: Stage) -> None:
        before(stage)
        stage.wait(MINUTE // 2)
        sends(stage)
        stage.settle()
        for seconds in (MINUTE - 1, 1):
            stage.wait(seconds)
            stage.tester_says(f"still there after {seconds}?")
            stage.to_target_delivers(-1)
        stage.settle()

    return play


def _settled(stage: Stage) -> None:
    """What is on its way arrives."""
    stage.settle()


def _a_text_waits(stage: Stage) -> None:
    stage.target_says("for your eyes only")


def _says(stage: Stage) -> None:
    stage.target_says("good evening")


def _uses_extra_key(stage: Stage) -> None:
    stage.target_uses_extra_key(1, "a file")


def _beats(stage: Stage) -> None:
    stage.wait(MINUTE // 2)
    stage.tester_says("still there?")


def _begins_smp(stage: Stage) -> None:
    stage.target_begins_smp(SECRET)


def _answers_smp(stage: Stage) -> None:
    """The answer to SMP message 2 is lost."""
    stage.target_answers_smp(SECRET)
    stage.to_tester_delivers()
    stage.to_target_loses()


def _smp_2_is_on_its_way(stage: Stage) -> None:
    expect2(stage)
    stage.tester_answers_smp(SECRET)


def _smp_3_is_on_its_way(stage: Stage) -> None:
    asked(stage)
    stage.target_answers_smp(SECRET)
    stage.to_tester_delivers()


def _aborts_smp(stage: Stage) -> None:
    stage.target_aborts_smp()


def _heartbeats() -> None:
    for name, before, sends, about, needs in (
        ("private", nothing, private, "the exchange was complete", set[str]()),
        ("known-key", private, _same_key, "an exchange with a key that it holds", set[str]()),
        ("text", private, _says, "it sent a text", set[str]()),
        ("stored", _a_text_waits, _settled, "it sent a text that had waited", {"policy"}),
        ("heartbeat", private, _beats, "it sent a heartbeat", set[str]()),
        ("extra-key", private, _uses_extra_key, "it used the extra key", {"extra-key"}),
        ("smp-1", private, _begins_smp, "it sent SMP message 1", {"smp"}),
        ("smp-2", asked, _answers_smp, "it sent SMP message 2", {"smp"}),
        ("smp-3", _smp_2_is_on_its_way, _settled, "it sent SMP message 3", {"smp"}),
        ("smp-4", _smp_3_is_on_its_way, _settled, "it sent SMP message 4", {"smp"}),
        ("smp-abort", expect2, _aborts_smp, "it aborted SMP", {"smp"}),
    ):
        play = _last_sent(before, sends)
        play.__doc__ = f"""Answers a Data Message with a heartbeat a minute after {about}, and not a
            second before."""
        case(
            f"strength.heartbeat-after.{name}",
            target=Policy(require_encryption=name == "stored"),
            needs={"clock", *needs},
            level=Level.SHOULD,
        )(play)


_heartbeats()


# What a text or a secret is kept for.


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


def _refused_after(seconds: int) -> Scene:
    def play(stage: Stage) -> None:
        private(stage)
        stage.target_says("once more, if need be")
        stage.settle()
        stage.wait(seconds)
        stage.arrives("?OTR Error: cannot read that")
        stage.settle()

    return play


for _seconds in (MINUTE, MINUTE + 1):
    _play = _refused_after(_seconds)
    _play.__doc__ = f"""Sends a text again that its peer could not read, if it is not older than a
        minute: here it is {_seconds} seconds old."""
    case(
        f"strength.sent-again-after.{_seconds}",
        target=Policy(error_start_ake=True),
        needs={"policy", "clock"},
        level=Level.SHOULD,
    )(_play)


@case(
    "strength.sent-again.stored",
    target=Policy(allow_v2=False, require_encryption=True, error_start_ake=True),
    needs={"policy", "clock"},
    level=Level.SHOULD,
)
def sent_again_stored(stage: Stage) -> None:
    """Sends a text again that its peer could not read, also where it had waited to be sent."""
    stage.target_says("for your eyes only")
    stage.settle()
    stage.arrives("?OTR Error: cannot read that")
    stage.wait(1)
    stage.settle()


@case(
    "strength.nothing-again-of-before",
    target=Policy(error_start_ake=True),
    needs={"policy"},
    level=Level.SHOULD,
)
def nothing_again_of_before(stage: Stage) -> None:
    """Sends nothing again that it sent in a conversation which the peer has ended."""
    private(stage)
    stage.target_says("once")
    stage.settle()
    stage.tester_ends()
    stage.settle()
    stage.target_ends()
    private(stage)
    stage.arrives("?OTR Error: cannot read that")
    stage.settle()
    talk(stage)
