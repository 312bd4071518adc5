"""Key management: which D-H keys protect data, counters, and when MAC keys are revealed.

Sections "Key Management" and "Revealing MAC keys". Whether a MAC key was revealed is seen by
whether anybody could now forge a message that the tester sent (`Observation.revealed`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_conformance.otrv3.case import V2_ONLY, V3_ONLY, Level, case
from otr_conformance.otrv3.scenes import (
    again,
    ended,
    finished,
    private,
    private_by_target,
    sent_by_tester,
    talk,
)

if TYPE_CHECKING:
    from otr_conformance.otrv3.stage import Stage
    from otr_reference.otrv3.session import Policy

PROTOCOLS: tuple[tuple[int, str, Policy], ...] = ((3, "", V3_ONLY), (2, "-v2", V2_ONLY))


# Counters: nothing is accepted twice.


def _replays() -> None:
    for version, suffix, policy in PROTOCOLS:

        def first(stage: Stage) -> None:
            """Accepts the first Data Message once only."""
            private(stage)
            wire = sent_by_tester(stage, "one")
            stage.reaches_target(wire)
            stage.reaches_target(wire)
            talk(stage)

        def later(stage: Stage) -> None:
            """Accepts a Data Message under the most recent keys of both sides once only.

            Neither does it accept one of the message before, whose keys it still holds.
            """
            private(stage)
            talk(stage)
            one = sent_by_tester(stage, "one")
            stage.reaches_target(one)
            stage.reaches_target(one)
            talk(stage)
            two = sent_by_tester(stage, "two")
            stage.reaches_target(two)
            stage.reaches_target(one)
            stage.reaches_target(two)
            talk(stage)

        def burst(stage: Stage) -> None:
            """Accepts several Data Messages under one pair of keys, each once only, in order."""
            private(stage)
            wires = [sent_by_tester(stage, text) for text in ("one", "two", "three")]
            stage.reaches_target(wires[0])
            stage.reaches_target(wires[2])
            stage.reaches_target(wires[1])
            stage.reaches_target(wires[2])
            stage.settle()
            talk(stage)

        for name, play in (("first", first), ("later", later), ("burst", burst)):
            case(f"keys.replay-{name}{suffix}", target=policy, tester=policy, version=version)(play)


_replays()


@case("keys.replay-after-refresh")
def replay_after_refresh(stage: Stage) -> None:
    """Accepts a Data Message once only, also after the conversation was refreshed."""
    private(stage)
    talk(stage)
    private(stage)
    wire = sent_by_tester(stage, "one")
    stage.reaches_target(wire)
    stage.reaches_target(wire)
    talk(stage)
    wire = sent_by_tester(stage, "two")
    stage.reaches_target(wire)
    stage.reaches_target(wire)
    talk(stage)


@case("keys.first-message")
def first_message(stage: Stage) -> None:
    """Reads the tester's first Data Message under the keys of the AKE."""
    private(stage)
    stage.tester_says("hello")
    stage.settle()


# Rotation. The target's keys are numbered t1, t2, ..., the tester's s1, s2, ...


@case("keys.rotation-one-way")
def rotation_one_way(stage: Stage) -> None:
    """Goes on with the same keys as long as only the other side talks."""
    private(stage)
    for text in ("one", "two", "three"):
        stage.tester_says(text)
        stage.settle()
    talk(stage)


@case("keys.rotation-target-alone")
def rotation_target_alone(stage: Stage) -> None:
    """Goes on with the same keys as long as only its own user talks."""
    private(stage)
    for text in ("one", "two", "three"):
        stage.target_says(text)
        stage.settle()
    talk(stage)


@case("keys.crossing")
def crossing(stage: Stage) -> None:
    """Takes a Data Message under its most recent key and the tester's previous one.

    Both sides talk at once, so that the tester has seen the target's new key before the target has
    used the tester's.
    """
    private(stage)
    stage.target_says("we talk")
    stage.tester_says("both at once")
    stage.to_target_delivers()
    stage.to_tester_delivers()
    wire = sent_by_tester(stage, "now I know your key")
    stage.reaches_target(wire)
    stage.reaches_target(wire)
    talk(stage)
    talk(stage)


@case("keys.crossing-goes-on")
def crossing_goes_on(stage: Stage) -> None:
    """Replaces its own key when the tester uses it, though the tester's key is not the newest.

    The target's next message is under the keys that follow from that.
    """
    private(stage)
    stage.target_says("we talk")
    stage.tester_says("both at once")
    stage.to_target_delivers()
    stage.to_tester_delivers()
    stage.tester_says("now I know your key")
    stage.settle()
    stage.target_says("and I yours")
    stage.settle()
    stage.target_says("for sure")
    stage.settle()
    talk(stage)


@case("keys.crossing-repeatedly")
def crossing_repeatedly(stage: Stage) -> None:
    """Keeps up when both sides talk at once all the time."""
    private(stage)
    for number in range(6):
        stage.target_says(f"target {number}")
        stage.tester_says(f"tester {number}")
        stage.settle()
    talk(stage)


@case("keys.previous-key-late")
def previous_key_late(stage: Stage) -> None:
    """Reads a Data Message that was overtaken by a later one under newer keys.

    It is under the previous keys of both sides, which are still held; it acknowledges nothing.
    """
    private(stage)
    talk(stage)
    late = sent_by_tester(stage, "I am late")
    stage.target_says("a new key of mine")
    stage.settle()
    stage.tester_says("which I use")
    stage.settle()
    stage.reaches_target(late)
    stage.reaches_target(late)
    talk(stage)


@case("keys.forgotten-key-too-late")
def forgotten_key_too_late(stage: Stage) -> None:
    """Refuses a Data Message under keys that it has forgotten."""
    private(stage)
    late = sent_by_tester(stage, "far too late")
    for _ in range(3):
        talk(stage)
    stage.reaches_target(late)
    stage.settle()
    talk(stage)


@case("keys.lost-messages")
def lost_messages(stage: Stage) -> None:
    """Goes on with what arrives when messages are lost in both directions."""
    private(stage)
    for number in range(8):
        stage.tester_says(f"tester {number}")
        if number % 3 == 1:
            stage.to_target_loses()
        stage.settle()
        stage.target_says(f"target {number}")
        if number % 3 == 2:  # noqa: PLR2004 - every third
            stage.to_tester_loses()
        stage.settle()


@case("keys.restored-tester")
def restored_tester(stage: Stage) -> None:
    """Takes what is sent under earlier keys that it still holds, but no counter again.

    The tester goes back to an earlier state, as a client does that was restored from a backup.
    """
    private(stage)
    talk(stage)
    before = stage.tester.conversation
    stage.tester_says("one")
    stage.settle()
    stage.tester.conversation = before
    stage.tester_says("the same counter")
    stage.settle()
    stage.tester_says("the next counter")
    stage.settle()
    talk(stage)


# Revealing MAC keys.


def _revealing() -> None:
    for version, suffix, policy in PROTOCOLS:

        def alternate(stage: Stage) -> None:
            """Reveals the receiving MAC keys of a key that it forgets, in its next Data Message."""
            private(stage)
            for _ in range(5):
                talk(stage)

        def one_way(stage: Stage) -> None:
            """Reveals no MAC key of keys that are still in use."""
            private(stage)
            for text in ("one", "two", "three"):
                stage.tester_says(text)
                stage.settle()
            for text in ("four", "five", "six"):
                stage.target_says(text)
                stage.settle()
            talk(stage)
            talk(stage)

        def several(stage: Stage) -> None:
            """Reveals all MAC keys of a forgotten key, of both pairs that it was part of."""
            private(stage)
            stage.target_says("we talk")
            stage.tester_says("both at once")
            stage.to_target_delivers()
            stage.to_tester_delivers()
            stage.tester_says("now I know your key")
            stage.settle()
            for _ in range(3):
                talk(stage)

        for name, play in (("alternate", alternate), ("one-way", one_way), ("several", several)):
            case(f"keys.reveals-{name}{suffix}", target=policy, tester=policy, version=version)(
                play
            )


_revealing()


@case("keys.reveals-in-heartbeat", needs={"heartbeat"})
def reveals_in_heartbeat(stage: Stage) -> None:
    """Reveals MAC keys in its next Data Message, whatever that says."""
    private(stage)
    talk(stage)
    talk(stage)
    stage.tester_says("forget a key")
    stage.settle()
    stage.target_heartbeat()
    stage.settle()
    talk(stage)


@case("keys.reveals-at-the-end")
def reveals_at_the_end(stage: Stage) -> None:
    """Reveals MAC keys in the Data Message that ends the conversation, too."""
    private(stage)
    talk(stage)
    talk(stage)
    stage.tester_says("forget a key")
    stage.settle()
    stage.target_ends()
    stage.settle()


@case("keys.reveals-after-refresh", level=Level.SHOULD)
def reveals_after_refresh(stage: Stage) -> None:
    """Reveals, after the conversation was refreshed, the MAC keys that were used before."""
    stage.looks_back = True
    private(stage)
    talk(stage)
    stage.tester_says("one")
    stage.settle()
    private(stage)
    talk(stage)
    talk(stage)


# An AKE replaces the keys.


def _refreshing() -> None:
    for version, suffix, policy in PROTOCOLS:

        def refreshed(stage: Stage) -> None:
            """Uses the keys of the latest AKE, and none from before it."""
            private(stage)
            talk(stage)
            late = sent_by_tester(stage, "of before")
            private(stage)
            stage.reaches_target(late)
            stage.settle()
            talk(stage)
            talk(stage)

        def refreshed_by_target(stage: Stage) -> None:
            """Uses the keys of the latest AKE, which its own user asked for."""
            private_by_target(stage)
            talk(stage)
            late = sent_by_tester(stage, "of before")
            private_by_target(stage)
            stage.reaches_target(late)
            stage.settle()
            talk(stage)
            talk(stage)

        for name, play in (("", refreshed), ("-by-target", refreshed_by_target)):
            case(f"keys.refresh{name}{suffix}", target=policy, tester=policy, version=version)(play)


_refreshing()


@case("keys.refresh-with-the-same-key")
def refresh_with_the_same_key(stage: Stage) -> None:
    """Keeps the tester's keys where its D-H key of the new AKE is one that it holds already."""
    private(stage)
    stage.tester_draws_from(0)
    private(stage)
    wire = sent_by_tester(stage, "one")
    stage.reaches_target(wire)
    stage.reaches_target(wire)
    talk(stage)
    talk(stage)


@case("keys.refresh-with-the-previous-key")
def refresh_with_the_previous_key(stage: Stage) -> None:
    """Keeps the tester's keys where its D-H key of the new AKE is the previous one that it holds.

    The target goes on with the newer one, which the tester made known in the conversation before.
    """
    private(stage)
    stage.tester_says("here is my next key")
    stage.settle()
    stage.tester_draws_from(0)
    private(stage)
    stage.target_says("I know it")
    stage.settle()
    wire = sent_by_tester(stage, "one")
    stage.reaches_target(wire)
    stage.reaches_target(wire)
    talk(stage)
    talk(stage)


@case("keys.forgotten-at-the-end")
def forgotten_at_the_end(stage: Stage) -> None:
    """Forgets all keys when the user ends the conversation.

    The tester comes back with the D-H key that it had at first, and another one after it.
    """
    private(stage)
    stage.tester_says("here is my next key")
    stage.settle()
    stage.target_ends()
    stage.settle()
    stage.tester_draws_from(0)
    stage.tester_starts()
    stage.to_target_delivers()
    stage.to_tester_delivers()
    stage.tester_draws_from(100)
    stage.settle()
    stage.target_says("whose key is this?")
    stage.settle()
    talk(stage)


@case("keys.forgotten-when-finished")
def forgotten_when_finished(stage: Stage) -> None:
    """Forgets all keys when the peer ends the conversation.

    The tester comes back with the D-H key that it had at first, and another one after it.
    """
    private(stage)
    stage.tester_says("here is my next key")
    stage.settle()
    stage.tester_ends()
    stage.settle()
    stage.tester_draws_from(0)
    stage.tester_starts()
    stage.to_target_delivers()
    stage.to_tester_delivers()
    stage.tester_draws_from(100)
    stage.settle()
    stage.target_says("whose key is this?")
    stage.settle()
    talk(stage)


@case("keys.new-after-end")
def new_after_end(stage: Stage) -> None:
    """Begins with new keys after its user has ended a conversation; old ones are of no use."""
    private(stage)
    talk(stage)
    late = sent_by_tester(stage, "of before")
    stage.target_ends()
    stage.settle()
    private(stage)
    stage.reaches_target(late)
    stage.settle()
    talk(stage)


@case("keys.new-after-finished")
def new_after_finished(stage: Stage) -> None:
    """Begins with new keys after the peer has ended a conversation; old ones are of no use."""
    private(stage)
    talk(stage)
    late = sent_by_tester(stage, "of before")
    stage.tester_ends()
    stage.settle()
    private(stage)
    stage.reaches_target(late)
    stage.settle()
    talk(stage)


@case("keys.several-conversations")
def several_conversations(stage: Stage) -> None:
    """Begins and ends private conversations any number of times."""
    for scene in (ended, finished, ended):
        scene(stage)
        again(stage)
