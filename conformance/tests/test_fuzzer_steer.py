"""What is played next: the same for the same seed, and rather what is rare."""

from __future__ import annotations

from random import Random

import pytest

from otr_conformance.derive.plan import Script
from otr_conformance.derive.usual import ARRIVES
from otr_conformance.fuzz.coverage import Coverage, cells_of, reachable
from otr_conformance.fuzz.loop import Loop
from otr_conformance.fuzz.solo import Worlds
from otr_conformance.fuzz.spots import DEEP, Begin, Seed
from otr_conformance.fuzz.steer import Steer
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


def test_what_others_found_is_played_only_where_it_shows_something_new() -> None:
    steer = played(1, 60).steer
    known = next(iter(steer.coverage.pairs))
    steer.adopt(Seed("v3", ("target types",), (known,)))
    steer.adopt(Seed("v3", ("target starts", "target types"), (("a", "b"),)))

    begun = [steer.begin() for _ in range(60)]

    assert not any(how.moves == ("target types",) for how in begun)
    assert [how.moves for how in begun].count(("target starts", "target types")) == 1


def test_episodes_begin_where_few_began_and_short_scripts_lead() -> None:
    """Each way has its turn; this is that of spots."""
    steer = played(2, 400).steer
    spots = {id(seed.spot): seed.spot for seed in steer.seeds if seed.spot is not None}
    before = {key: spot.begun for key, spot in spots.items() if spot.seeds}
    turn = {key: begun + spots[key].depth / DEEP for key, begun in before.items()}

    for _ in range(20):
        steer._at_spot()

    grown = {key for key, begun in before.items() if spots[key].begun > begun}
    assert 0 < len(grown) < len(before)
    assert max(turn[key] for key in grown) <= min(turn[key] for key in turn.keys() - grown)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_each_setting_has_its_turn_with_each_move_and_all_arrives(name: str) -> None:
    steer = played(2, 600, name).steer
    settings = list(steer._places.settings.values())
    reached = [each for each in settings if each.meetings]
    before = [each.begun for each in reached]

    begun = [how for how in (steer._in_setting() for _ in range(300)) if how is not None]

    assert len(reached) > 2
    assert all(each.begun > was for each, was in zip(reached, before, strict=True))
    assert all(how.then[-1] == ARRIVES for how in begun)
    assert len({how.then[0] for how in begun}) > 80


def test_what_led_to_a_cell_is_played_by_somebody_who_took_another_row_there() -> None:
    steer = Steer(protocol("otrv4").fuzzing, Random(2))  # noqa: S311 - what is played is no secret
    row = "otrv4.dake:identity.waiting-auth-r.untrusted"
    script = Script("v4", ("target starts dake", "to tester", "tester starts dake", "to target"))
    steer._notes.played_by[row] = ["trusted"]

    how = steer._sought_by(row, script)

    assert how == Begin("trusted", then=script.moves)


def test_a_long_run_gives_up_stages_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("otr_conformance.fuzz.steer._MUCH", 150)
    loop = played(4, 149)
    assert sum(seed.stage is not None for seed in loop.steer.seeds) > 10

    monkeypatch.setattr("otr_conformance.fuzz.steer._MUCH", 1)
    begun = loop.steer.begin()
    assert begun.stage is None
    assert all(seed.stage is None for seed in loop.steer.seeds)

    monkeypatch.undo()
    while loop.steps < 400:
        assert loop.episode() is None
    assert any(seed.stage is not None for seed in loop.steer.seeds)


def test_what_made_a_row_before_is_tried_where_it_makes_a_new_pair() -> None:
    fuzzing = protocol("otrv3").fuzzing
    steer = Steer(fuzzing, Random(1))  # noqa: S311 - what is played is no secret
    play = Worlds(fuzzing, judged=False).begin("v3")
    steer.begun(play, Begin("v3"))
    last, names = "", ("a text", "target asks for a heartbeat", "target ends")

    def takes(name: str) -> tuple[str, str]:
        fired = len(play.twin.fired)
        assert play.play(name)
        rows = [each.row for each in play.twin.fired[fired:]]
        steer.learn(play, last, rows)
        return rows[0], rows[-1]

    for name in names:
        _, last = takes(name)
    seen = set(steer.coverage.pairs)
    expected = steer.choose(play, last)
    first, _ = takes(expected)

    assert expected in names
    assert (last, first) not in seen


@pytest.mark.parametrize("name", PROTOCOLS)
def test_what_is_out_of_reach_is_in_the_tables_and_counted_apart(name: str) -> None:
    can = reachable(name)
    reach = Coverage(name).reach

    assert can.beyond
    assert protocol(name).fuzzing.beyond.keys() <= cells_of(name).keys()
    assert reach.out == len(can.beyond) == len(Coverage(name).out_of_reach())
    assert reach.of_pairs == reach.out + len(Coverage(name).missing_pairs())

    coverage = Coverage(name)
    coverage.add(*next((first, (second,)) for first, second in can.beyond))
    assert coverage.reach.out == reach.out - 1


@pytest.mark.parametrize("name", PROTOCOLS)
def test_what_a_tester_can_send_in_private_can_be_played(name: str) -> None:
    fuzzing = protocol(name).fuzzing
    play = Worlds(fuzzing).begin(next(iter(fuzzing.plan.parts)))
    for move in ("tester starts", "everything arrives"):
        assert play.play(move)
    sent = [move for move in fuzzing.vocabulary if move.startswith("tester sends ")]

    assert len(sent) > 30
    for move in sent:
        fork = play.fork()
        assert fork.can(move), move
        assert fork.play(move), move
        assert fork.play("everything arrives"), move


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_tester_can_begin_to_fail_while_it_plays(name: str) -> None:
    fuzzing = protocol(name).fuzzing
    play = Worlds(fuzzing).begin(next(iter(fuzzing.plan.parts)))
    for move in (
        "tester starts",
        "everything arrives",
        "tester becomes one whose g2a-proof fails",
        "tester begins SMP",
        "everything arrives",
    ):
        assert play.play(move), move

    assert any(fired.failed == "g2a-proof" for fired in play.twin.fired)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_pieces_can_be_right_where_what_is_inside_is_not(name: str) -> None:
    fuzzing = protocol(name).fuzzing
    part = next(iter(fuzzing.plan.parts))
    play = Worlds(fuzzing).begin(part)
    assert play.play("target starts")
    assert play.play("to tester")
    assert play.play("with a sender's tag that is too small, in pieces, to target 0")

    rows = [fired.row for fired in play.twin.fired]
    assert f"{name}.instances:reassembled.ready.illegal-sender" in rows
