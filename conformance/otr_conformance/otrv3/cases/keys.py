"""Key management: which D-H keys protect data, counters, and when MAC keys are revealed.

Sections "Key Management" and "Revealing MAC keys". Whether a MAC key was revealed is seen by
whether anybody could now forge a message that the tester sent (`Observation.revealed`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_conformance.otrv3.case import V2_ONLY, V3_ONLY, Level, case
from otr_conformance.otrv3.scenes import (
    private,
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


@case("keys.first-message")
def first_message(stage: Stage) -> None:
    """Reads the tester's first Data Message under the keys of the AKE."""
    private(stage)
    stage.tester_says("hello")
    stage.settle()


# Rotation. The target's keys are numbered t1, t2, ..., the tester's s1, s2, ...


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


# Revealing MAC keys.


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

        case(f"keys.refresh{suffix}", target=policy, tester=policy, version=version)(refreshed)


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
