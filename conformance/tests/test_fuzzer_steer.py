"""What is played next: the same for the same seed, and rather what is rare."""

from __future__ import annotations

from random import Random

import pytest

from otr_conformance.fuzz.coverage import Coverage, cells_of, reachable
from otr_conformance.fuzz.loop import Loop
from otr_conformance.fuzz.solo import Worlds
from otr_conformance.fuzz.steer import Seed, Steer
from otr_conformance.protocols import PROTOCOLS, protocol


def played(seed: int, steps: int, name: str = "otrv3", *, uniform: bool = False) -> Loop:
    """A loop that has played so many moves with the reference alone."""
    fuzzing = protocol(name).fuzzing
    steer = Steer(fuzzing, Random(seed), uniform)  # noqa: S311 - what is played is no secret
    loop = Loop(steer, Worlds(fuzzing).begin)
    while loop.steps < steps:
        assert loop.episode() is None
    return loop


def test_the_same_seed_plays_the_same() -> None:
    one, other, another = played(1, 100), played(1, 100), played(2, 100)

    scripts = [[(s.part, s.moves) for s in each.steer.seeds] for each in (one, other, another)]
    assert scripts[0] == scripts[1] != scripts[2]
    assert one.steer.coverage.pairs == other.steer.coverage.pairs


@pytest.mark.slow
def test_steering_sees_more_than_chance() -> None:
    steered, uniform = (played(3, 1500, uniform=uniform) for uniform in (False, True))

    assert not uniform.steer.seeds
    assert steered.steer.coverage.reach.pairs > uniform.steer.coverage.reach.pairs


@pytest.mark.parametrize("name", PROTOCOLS)
def test_what_can_be_reached_is_in_the_tables(name: str) -> None:
    can = reachable(name)

    assert can.cells <= set(cells_of(name).values())
    assert len(can.pairs) > 1000
    assert Coverage(name).reach.of_cells == len(can.cells)
    assert not Coverage(name).reach.complete


def test_pairs_are_counted_across_moves_and_new_ones_are_told() -> None:
    coverage = Coverage("otrv3")
    (first, second), *_ = sorted(reachable("otrv3").pairs)

    assert coverage.add("", (first,)) == ()
    assert coverage.add(first, (second,)) == ((first, second),)
    assert coverage.add(first, (second,)) == ()
    assert coverage.reach.pairs == 1
    assert coverage.taken()[1][first, second] == 2
    assert not coverage.taken()[1]


def test_a_fork_leaves_the_other_as_it_is() -> None:
    fuzzing = protocol("otrv3").fuzzing
    play = Worlds(fuzzing).begin("v3")
    for name in ("tester starts", "everything arrives"):
        assert play.play(name)
    here = fuzzing.plan.place(play.twin)

    fork = play.fork()
    for name in ("target types", "to tester", "tester ends", "everything arrives"):
        assert fork.play(name)

    assert fuzzing.plan.place(play.twin) == here != fuzzing.plan.place(fork.twin)
    assert play.script == ["tester starts", "everything arrives"]
    assert play.play("target types")


def test_scripts_of_others_are_extended() -> None:
    fuzzing = protocol("otrv3").fuzzing
    steer = Steer(fuzzing, Random(5))  # noqa: S311 - what is played is no secret
    steer.adopt(Seed("v3", ("tester starts", "everything arrives")))

    begun = {steer.begin().moves for _ in range(20)}

    assert ("tester starts", "everything arrives") in begun
