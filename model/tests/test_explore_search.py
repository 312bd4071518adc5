"""The search: the same states however it is done, and nothing lost on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from otr_check.explore import workers
from otr_check.explore.machine import MoveKind, unpacked
from otr_check.explore.party import Deed, Told
from otr_check.explore.registry import adaptor_of
from otr_check.explore.saving import BadSave
from otr_check.explore.scenario import Action, scenario_of
from otr_check.explore.search import Exploration
from otr_check.explore.tables import TooMany

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from otr_check.explore.scenario import Scenario
    from otr_check.explore.search import Progress

TWO = """
title = "Two users begin at once"
protocol = "otrv3"
ask = ["agreement", "injective-agreement", "authenticity", "plaintext", "belief"]

[bounds]
in_flight = 2

[network]
loses = true
replays = 1

[participant.alice]
peer = "bob"
does = { start = 1 }

[participant.bob]
peer = "alice"
does = { start = 1 }
"""


def some(states: Collection[int], count: int) -> tuple[int, ...]:
    """Some of many states, from all over."""
    return tuple(states)[:: max(1, len(states) // count)]


def exploration(scenario: Scenario) -> Exploration:
    return Exploration(scenario, adaptor_of(scenario))


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return scenario_of(TWO)


@pytest.fixture(scope="module")
def explored(scenario: Scenario) -> Exploration:
    """All of it, by one process."""
    search = exploration(scenario)
    assert search.run().complete
    return search


def test_two_users_who_begin_at_once_keep_every_promise_and_can_become_private(
    explored: Exploration,
) -> None:
    found = explored.found

    assert not found.violations
    assert found.states == len(explored.seen)
    private = [
        local
        for local in explored.tables.locals[1:]
        if Told.PRIVATE in dict(local.memory.told).values()
    ]
    assert {peer for local in private for peer, *_ in local.memory.of(Deed.SECURED)} == {
        "alice",
        "bob",
    }


def test_the_fast_way_and_the_plain_way_give_the_same_successors(explored: Exploration) -> None:
    machine = explored.machine
    sample = some(explored.seen, 500)

    for state in sample:
        plain = [after for after, _ in machine.successors(state)]

        assert sorted(machine.follow(state)) == sorted(plain)


def test_every_state_is_reached_by_a_run_that_can_be_walked(explored: Exploration) -> None:
    for state in some(explored.seen, 100):
        before = explored.beginning()
        for after, move in explored.path(state):
            assert (after, move) in list(explored.machine.successors(before))
            before = after
        assert before == state


def test_runs_to_the_states_of_a_level_are_as_long_as_its_depth(scenario: Scenario) -> None:
    shallow = exploration(replace(scenario, bounds=replace(scenario.bounds, depth=4)))

    shallow.run()

    assert shallow.found.depth == 4
    assert not shallow.found.complete
    assert {len(shallow.path(state)) for state in shallow.frontier} == {4}


def test_several_processes_find_what_one_finds(scenario: Scenario, explored: Exploration) -> None:
    several = exploration(scenario)

    found = several.run(workers=3)

    # The numbers of local states and of messages depend on the order of questions.
    assert (found.states, found.steps, found.depth, found.crowded) == (
        explored.found.states,
        explored.found.steps,
        explored.found.depth,
        explored.found.crowded,
    )
    assert found.rests == explored.found.rests
    assert found.fired == explored.found.fired
    assert len(several.seen) == found.states


def test_a_worker_that_dies_is_missed(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(workers._Worker, "_look", look)

    with pytest.raises(workers.Lost, match="has ended before its time"):
        exploration(scenario).run(workers=2)


@pytest.mark.parametrize("count", [1, 2])
def test_a_search_is_saved_and_gone_on_with(
    scenario: Scenario, explored: Exploration, tmp_path: Path, count: int
) -> None:
    file = tmp_path / "half.otrspec"
    shorter = replace(scenario, bounds=replace(scenario.bounds, depth=6))
    half = exploration(shorter)
    half.run(workers=count, after_level=lambda search: search.save(file))
    states = half.found.states

    resumed = Exploration.resume(file, scenario, adaptor_of(scenario))

    assert (resumed.found.states, resumed.found.depth) == (states, 6)
    found = resumed.run()
    assert found.complete
    assert (found.states, found.steps, found.rests) == (
        explored.found.states,
        explored.found.steps,
        explored.found.rests,
    )


def test_a_violation_is_remembered_when_a_search_is_gone_on_with(tmp_path: Path) -> None:
    file, scenario = tmp_path / "violated", scenario_of(REVEALING)
    search = exploration(scenario)
    (violation,) = search.run().violations
    search.save(file)

    resumed = Exploration.resume(file, scenario, adaptor_of(scenario))

    assert resumed.found.violations == [violation]
    assert len(resumed.path(violation.state)) == violation.depth


REVEALING = """
title = "What is typed next is sent in the clear"
protocol = "otrv3"
ask = ["plaintext"]

[participant.alice]
peer = "bob"
does = { send = 1 }
variant = "otrv3.flaw:plaintext-after-end"

[participant.bob]
peer = "alice"
does = { start = 1, end = 1 }
"""


def test_a_saved_search_of_another_scenario_is_refused(scenario: Scenario, tmp_path: Path) -> None:
    file = tmp_path / "saved"
    search = exploration(replace(scenario, bounds=replace(scenario.bounds, depth=1)))
    search.run()
    search.save(file)
    other = replace(scenario, bounds=replace(scenario.bounds, in_flight=3))

    with pytest.raises(BadSave, match="another scenario"):
        Exploration.resume(file, other, adaptor_of(other))


@pytest.mark.parametrize("damage", [b"", b"{}\n", b'{"format": "otrspec exploration"}\nx'])
def test_a_damaged_file_is_refused(scenario: Scenario, tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "damaged"
    file.write_bytes(damage)

    with pytest.raises(BadSave, match="no saved exploration"):
        Exploration.resume(file, scenario, adaptor_of(scenario))


def test_a_file_that_is_cut_short_is_refused(scenario: Scenario, tmp_path: Path) -> None:
    file = tmp_path / "cut"
    search = exploration(replace(scenario, bounds=replace(scenario.bounds, depth=2)))
    search.run()
    search.save(file)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])

    with pytest.raises(BadSave):
        Exploration.resume(file, scenario, adaptor_of(scenario))


def test_a_search_stops_at_the_bound_of_states_and_says_so(scenario: Scenario) -> None:
    bounded = exploration(replace(scenario, bounds=replace(scenario.bounds, states=100)))
    told: list[Progress] = []

    found = bounded.run(progress=told.append)

    assert not found.complete
    assert 100 <= found.states < 1000
    assert told[-1].states == found.states
    assert [each.depth for each in told] == sorted(each.depth for each in told)


def test_too_many_local_states_are_told_of(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = exploration(scenario)
    monkeypatch.setattr(search.tables._locals, "most", 10)

    with pytest.raises(TooMany, match="more than 10 local states"):
        search.run()


# The network.


def network(*, loses: bool = False, replays: int = 0) -> Exploration:
    scenario = scenario_of(TWO)
    plain = replace(scenario.network, loses=loses, replays=replays)
    return exploration(replace(scenario, network=plain))


def test_a_network_that_loses_and_repeats_does_what_a_quiet_one_does_and_more() -> None:
    quiet, losing, repeating = network(), network(loses=True), network(replays=1)

    assert quiet.run().states < losing.run().states
    assert quiet.found.states < repeating.run().states
    kinds = {
        move.kind for state in repeating.seen for _, move in repeating.machine.successors(state)
    }
    assert kinds == {MoveKind.DELIVER, MoveKind.REPLAY, MoveKind.ACT}


def test_in_the_order_of_sending_nothing_overtakes() -> None:
    scenario = scenario_of(TWO.replace("[network]", '[network]\norder = "sent"'))
    ordered = exploration(scenario)
    ordered.run()

    for state in some(ordered.seen, 200):
        for who in range(2):
            queue = (state >> ordered.shape.queues[who]) & ordered.machine._queue_mask
            given = {
                move.given
                for _, move in ordered.machine.successors(state)
                if move.kind == MoveKind.DELIVER and move.who == who
            }
            assert given <= set(unpacked(queue)[:1])


def test_a_hash_is_higher_in_one_world_and_lower_in_another(explored: Exploration) -> None:
    orders = explored.tables.orders

    pairs = {pair for order in orders for pair in order}

    assert len(orders) > 2
    assert all((lower, higher) in pairs for higher, lower in pairs)
    for order in orders:
        assert not any((lower, higher) in order for higher, lower in order)


def test_a_user_does_no_more_than_the_scenario_says(explored: Exploration) -> None:
    actions = list(Action)
    for state in some(explored.seen, 50):
        done = [
            (move.who, actions[move.given])
            for _, move in explored.path(state)
            if move.kind == MoveKind.ACT
        ]
        assert len(done) == len(set(done))
        assert set(done) <= {(0, Action.START), (1, Action.START)}
