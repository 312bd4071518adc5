"""Measuring that goes on: processes that die, results that are kept, mutants that end."""

from __future__ import annotations

import json
import os
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import pytest

from otr_conformance.cli import main
from otr_conformance.mutate import Asked, BadResults, Fate, Kept, Outcome, measure, mutants_of
from otr_conformance.mutate.argued import ARGUED, argument_for
from otr_conformance.mutate.extending import Extending
from otr_conformance.mutate.processes import Died, spread
from otr_conformance.mutate.searching import search
from otr_conformance.protocols import PROTOCOLS
from otr_conformance.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from otr_model.kernel.mutants import Mutant

EVIL = 7
WEAK = Asked(("otrv3.case:tlv.padding",), proves=False, searches=False)


def mutant_of(name: str) -> Mutant:
    """A mutant of OTRv3, by its name."""
    return next(mutant for mutant in mutants_of("otrv3") if mutant.name == name)


def halved(number: int) -> int:
    """Half a number; a process that is given seven dies."""
    if number == EVIL:
        os._exit(5)
    return number // 2


def refused(number: int) -> int:
    """Nothing that is asked for is done."""
    message = f"not {number}"
    raise ValueError(message)


# --- Processes --------------------------------------------------------------------------------


def test_a_process_that_dies_costs_only_what_it_was_at() -> None:
    chunks = [[1, 2, 3], [4, EVIL, 6], [8, 9]]

    found = dict(spread(halved, chunks, 2))

    assert found.pop(EVIL) == Died(5)
    assert found == {number: number // 2 for number in (1, 2, 3, 4, 6, 8, 9)}


def test_an_error_in_a_process_is_raised_where_it_was_asked_for() -> None:
    with pytest.raises(ValueError, match="not 1"):
        list(spread(refused, [[1], [2]], 2))


def test_a_mutant_at_which_processes_die_is_a_crash_and_the_others_are_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    evil, *others = mutants_of("otrv3")[:18]

    def outcome(_self: object, mutant: Mutant, _hint: str) -> Outcome:
        if mutant == evil:
            os._exit(9)
        return Outcome(mutant, Fate.KILLED)

    monkeypatch.setattr("otr_conformance.mutate.measuring.Prober.outcome", outcome)

    measured = measure("otrv3", [evil, *others], Asked(WEAK.cases, proves=False, jobs=2))

    assert [outcome.mutant for outcome in measured.of(Fate.CRASHED)] == [evil]
    assert "ended with 9" in measured.of(Fate.CRASHED)[0].because
    assert len(measured.of(Fate.KILLED)) == len(others)


# --- Results that are kept --------------------------------------------------------------------


def test_what_was_measured_is_not_measured_again(tmp_path: Path) -> None:
    path = tmp_path / "mutants.jsonl"
    mutants = mutants_of("otrv3")[:3]
    first = measure("otrv3", mutants[:2], WEAK, kept=Kept.read(path, WEAK))

    again = measure("otrv3", mutants, WEAK, kept=Kept.read(path, WEAK))

    assert (first.taken, again.taken) == (0, 2)
    assert again.outcomes[:2] == tuple(Kept.read(path, WEAK).known("otrv3").values())[:2]
    assert len(path.read_text(encoding="utf-8").splitlines()) == 3


def test_of_another_edition_only_the_case_is_of_use(tmp_path: Path) -> None:
    path = tmp_path / "mutants.jsonl"
    mutant = mutants_of("otrv3")[0]
    Kept.read(path, WEAK).add("otrv3", Outcome(mutant, Fate.KILLED, "otrv3.case:tlv.padding"))

    other = Kept.read(path, Asked())

    assert not other.known("otrv3")
    assert other.hints("otrv3") == {mutant.name: "otrv3.case:tlv.padding"}


def test_a_line_that_was_cut_off_is_left_out_and_anything_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mutants.jsonl"
    Kept.read(path, WEAK).add("otrv3", Outcome(mutants_of("otrv3")[0], Fate.NOTED))
    whole = path.read_text(encoding="utf-8")

    path.write_text(whole + whole[:40], encoding="utf-8")
    assert len(Kept.read(path, WEAK).known("otrv3")) == 1

    path.write_text("nothing\n" + whole, encoding="utf-8")
    with pytest.raises(BadResults, match="line 1"):
        Kept.read(path, WEAK)


def test_the_command_goes_on_with_what_is_in_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mutants.jsonl"
    asked = Asked()
    name = "skip dh-key-version"
    Kept.read(path, asked).add("otrv3", Outcome(mutant_of(name), Fate.NOTED, because="kept"))

    assert main(["mutate", "otrv3", "--only", name, "--resume", str(path), "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert found["protocols"][0]["taken"] == 1
    assert found["outcomes"][0]["because"] == "kept"


# --- Searches ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_mutant_that_ends_in_a_search_is_told_by_the_run_in_which_it_does() -> None:
    mutant = mutant_of("omit new-dh-key otrv3.ake:dh-commit.none.allowed")

    found = search("otrv3", mutant.variant, frozenset({"otrv3.ake:dh-commit.none.allowed"}))

    assert found.witness is not None
    assert not found.case
    assert "could not go on" in found.because


def test_what_no_case_shows_is_seen_behind_its_end() -> None:
    suite = PROTOCOLS["otrv3"].suite
    mutant = mutant_of("omit send-text otrv3.message:user-send.encrypted")
    case = suite.cases["otrv3.case:master.commit-forgotten-at-the-end"]

    found = Extending("otrv3", suite).told(mutant.variant, [case], None)

    assert found.verdict is Verdict.FAIL
    assert found.case == case.id
    assert "target types" in found.says


def test_every_argument_is_about_mutants_that_there_are() -> None:
    for protocol, arguments in ARGUED.items():
        mutants = mutants_of(protocol)
        for pattern in arguments:
            first = next((each for each in mutants if fnmatchcase(each.name, pattern)), None)
            assert first is not None, pattern
            assert argument_for(protocol, first)


def test_what_is_edited_where_nobody_comes_has_the_argument_why() -> None:
    unreachable = PROTOCOLS["otrv3"].suite.unreachable
    dropped = [m for m in mutants_of("otrv3") if m.name.removeprefix("drop ") in unreachable]

    assert dropped
    for mutant in dropped:
        assert argument_for("otrv3", mutant) == unreachable[mutant.name.removeprefix("drop ")]
    assert not argument_for("otrv3", mutant_of("skip data-mac"))
