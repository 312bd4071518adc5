"""Hypothesis plays with the same moves, and what it finds is a script like any other."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest
from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test

from otr_conformance.cli import main
from otr_conformance.fuzz.coverage import Coverage
from otr_conformance.fuzz.duel import Duel, mutant, reference
from otr_conformance.fuzz.machine import (
    Account,
    Examined,
    Over,
    groups_of,
    machine_of,
    settings_of,
)
from otr_conformance.fuzz.worker import Order
from otr_conformance.mutate.catalogue import bugs_of
from otr_conformance.protocols import PROTOCOLS, protocol
from otr_conformance.targets import find
from otr_reference.errors import OtrSpecError

MINIATURES = Path(__file__).parent / "miniatures"


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_move_belongs_to_a_rule_and_every_users_event_has_one(name: str) -> None:
    fuzzing = protocol(name).fuzzing
    groups = groups_of(fuzzing)

    assert set(fuzzing.vocabulary) <= {move for moves in groups.values() for move in moves}
    for event in fuzzing.users:
        assert f"user {event.label}" in groups
    assert {"delivered", "lost", "replayed", "altered", "cut", "tester"} <= set(groups)


def test_rules_play_and_what_they_show_is_kept() -> None:
    fuzzing = protocol("otrv3").fuzzing
    alone, own = reference(fuzzing), Account(Coverage("otrv3"))
    machine = seed(1)(machine_of(fuzzing, lambda part: Duel(fuzzing, part, alone), own))

    run_state_machine_as_test(machine, settings=settings_of(5))

    assert own.examples >= 5
    assert own.steps > 10
    assert own.kept
    assert own.trouble is None


@pytest.mark.slow
def test_a_bug_is_found_and_made_short() -> None:
    fuzzing = protocol("otrv3").fuzzing
    bugs = {bug.name: bug for bug in bugs_of("otrv3")}
    faulty = mutant(fuzzing, bugs["bug query-answered-with-query"])
    own = Account(Coverage("otrv3"))
    machine = seed(2)(machine_of(fuzzing, lambda part: Duel(fuzzing, part, faulty), own))

    with pytest.raises((OtrSpecError, ExceptionGroup)):
        run_state_machine_as_test(machine, settings=settings_of(100))

    assert own.trouble is not None
    assert len(own.trouble.script.moves) <= 3


def _faulty(name: str) -> Order:
    """The order to fuzz the reference with a fault."""
    bugs = {bug.name: bug for bug in bugs_of("otrv3")}
    return Order("otrv3", find("reference"), seed=2, variant=bugs[name])


@pytest.mark.slow
def test_a_planted_fault_is_a_find_that_is_kept_and_then_known(tmp_path: Path) -> None:
    with Examined(_faulty("bug query-answered-with-query"), tmp_path) as campaign:
        states = list(campaign.run(steps=600))

    state = states[-1]
    assert state.steps >= 600
    shortest = min(state.seen, key=lambda each: len(each.script.moves))
    assert len(shortest.script.moves) <= 3
    kept = (tmp_path / "finds" / "reference").glob("*.json")
    assert {path.stem for path in kept} == {each.id for each in state.seen}

    with Examined(_faulty("bug query-answered-with-query"), tmp_path) as campaign:
        *_, state = campaign.run(steps=300)

    assert state.steps >= 300
    assert state.fresh[shortest.id]


def test_something_is_played_however_late_it_is() -> None:
    fuzzing = protocol("otrv3").fuzzing
    alone, own = reference(fuzzing), Account(Coverage("otrv3"), until=0.001)
    machine = seed(1)(machine_of(fuzzing, lambda part: Duel(fuzzing, part, alone), own))

    with pytest.raises(Over):
        run_state_machine_as_test(machine, settings=settings_of(50))

    assert 0 < own.steps < 100


@pytest.mark.slow
def test_the_command_plays_finds_keeps_and_replays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shim = shlex.join([sys.executable, str(MINIATURES / "wrong_reference.py"), "leaks"])
    asked = ["fuzz", shim, "--hypothesis", "--steps", "60", "--seed", "1", "--json"]

    status = main([*asked, "--corpus", str(tmp_path)])
    (document,) = json.loads(capsys.readouterr().out)

    assert status == document["exit"] == 1
    assert document["steps"] >= 60
    assert document["complaints"] == []
    finds = sorted(tmp_path.glob("finds/*/*.json"))
    assert {path.stem for path in finds} == {each["id"] for each in document["finds"]}
    assert main(["fuzz", "--replay", str(finds[0]), shim]) == 1
    assert capsys.readouterr().out.startswith("fail ")


def test_trouble_that_was_seen_is_judged_although_the_time_is_over() -> None:
    """Hypothesis may still be making it short then: we do."""
    examined = Examined(_faulty("bug query-answered-with-query"))
    with examined as campaign:
        states = [next(campaign.run(seconds=0.5)) for _ in range(3)]

    assert states[-1].steps > 0
    assert examined.state.seen


def test_examples_that_cannot_be_read_are_put_aside(tmp_path: Path) -> None:
    examined = Examined(Order("otrv3", find("reference")), tmp_path)
    assert examined._database is not None
    examined._database.mkdir(parents=True)
    (examined._database / "damaged").write_bytes(b"\xff")

    said = examined._put_aside(OSError("not a directory"))

    assert "the examples cannot be read (not a directory), and are put aside" in said
    assert not examined._database.exists()
