"""Hypothesis plays with the same moves, and what it finds is a script like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test

from otr_conformance.fuzz.coverage import Coverage
from otr_conformance.fuzz.duel import Duel, mutant, reference
from otr_conformance.fuzz.machine import Account, Examined, groups_of, machine_of, settings_of
from otr_conformance.fuzz.worker import Order
from otr_conformance.mutate.catalogue import bugs_of
from otr_conformance.protocols import PROTOCOLS, protocol
from otr_conformance.targets import find
from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from pathlib import Path


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


def test_examples_that_cannot_be_read_are_put_aside(tmp_path: Path) -> None:
    examined = Examined(Order("otrv3", find("reference")), tmp_path)
    assert examined._database is not None
    examined._database.mkdir(parents=True)
    (examined._database / "damaged").write_bytes(b"\xff")

    said = examined._put_aside(OSError("not a directory"))

    assert "the examples cannot be read (not a directory), and are put aside" in said
    assert not examined._database.exists()
