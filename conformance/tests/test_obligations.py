"""Obligations: nothing is open, and what is open is seen."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

import pytest

from otr_conformance.cli import main
from otr_conformance.derive import choice, record
from otr_conformance.history.cases import faulty_target
from otr_conformance.history.watched import watched
from otr_conformance.mutate import mutants_of
from otr_conformance.obligations import Kind, Ledger, Obligation, account
from otr_conformance.obligations.boundaries import watched_in
from otr_conformance.obligations.contexts import failing, policies_of
from otr_conformance.protocols import PROTOCOLS
from otr_conformance.verdict import Verdict
from otr_model.otrv3.protocol import OTRV3
from otr_reference.errors import Malformed

if TYPE_CHECKING:
    from pathlib import Path
    from types import CodeType

    from otr_conformance.play.case import AnyCase
    from otr_conformance.play.labs import Lab
    from otr_conformance.suite import AnySuite

ROW = Obligation(Kind.ROW, "a")
OTHER = Obligation(Kind.ROW, "b")
RARE = Obligation(Kind.CHECK, "c")


def _code(case: AnyCase) -> CodeType:
    """The code of the function that somebody wrote."""
    return inspect.unwrap(case.play).__code__


def noticed_by(suite: AnySuite, case: AnyCase, lab: Lab, target: Any) -> bool:
    """Whether a case fails a target, has a note about it, or crashes it."""
    try:
        verdict = suite.grader.grade(case, lab, target, explained=False).verdict
    except Exception:  # noqa: BLE001 - a mutant may break in any way
        return True
    return verdict is not Verdict.PASS


@pytest.mark.slow
@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_obligation_is_met_or_cannot_be(name: str) -> None:
    ledger = account(name)

    assert ledger.open() == ()
    counts = ledger.counts()
    assert set(counts) >= set(Kind) - {Kind.FINDING}
    assert all(met for met, _, _ in counts.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", PROTOCOLS)
def test_what_is_said_to_be_impossible_is_met_by_no_case(name: str) -> None:
    ledger = account(name)

    assert [o for o in ledger.excused if ledger.met.get(o)] == []
    assert all(ledger.excused.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_derived_case_is_alone_in_showing_a_pair(name: str) -> None:
    ledger, cases = account(name), PROTOCOLS[name].suite.cases

    derived = [case.id for case in cases.values() if case.name.startswith("pair.")]
    alone = [i for i in derived if any(o.kind is Kind.PAIR for o in ledger.sole(i))]

    assert len(alone) > 0.9 * len(derived)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROTOCOLS)
def test_no_case_is_spare(name: str) -> None:
    ledger, cases = account(name), PROTOCOLS[name].suite.cases

    assert [i for i in cases if not ledger.sole(i)] == []
    assert {case.derived for case in cases.left_out.values()} == {False, True}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_nobody_wrote_a_case_of_which_nothing_is_left(name: str) -> None:
    cases = PROTOCOLS[name].suite.cases
    bases = {varied.base for varied in record.read(name).policies}
    used = {*map(_code, cases.values()), *(_code(cases.left_out[i]) for i in bases - cases.keys())}

    written = [case for case in cases.left_out.values() if not case.derived]
    assert [case.id for case in written if _code(case) not in used] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_case_that_is_said_to_notice_a_fault_notices_it(name: str) -> None:
    suite, chosen = PROTOCOLS[name].suite, choice.read(name).faults
    lab, variants = suite.terms(), {each.name: each.variant for each in mutants_of(name)}
    variants |= {each.id: each.variant for each in watched()}

    assert set(chosen) <= set(variants)
    for fault, cases in list(chosen.items())[::15]:
        target = faulty_target(name, variants[fault])
        case = suite.cases[f"{name}.case:{cases[0]}"]
        assert noticed_by(suite, case, lab, target), fault


def test_a_case_is_alone_among_those_that_ask_a_target_for_no_more() -> None:
    met = {ROW: ("simple", "with a clock"), OTHER: ("with a clock", "with policies")}
    asks = {"with a clock": frozenset({"clock"}), "with policies": frozenset({"policy"})}
    ledger = Ledger("x", met, asks=asks)

    assert ledger.sole("simple") == (ROW,)
    assert ledger.sole("with a clock") == ledger.sole("with policies") == (OTHER,)


def test_what_others_meet_is_left_out_unless_they_ask_for_more() -> None:
    met = {ROW: ("one", "two", "three"), OTHER: ("two", "three")}
    asks = {"one": frozenset(), "two": frozenset({"clock"}), "three": frozenset({"clock"})}

    assert choice.spare(met, asks, ["one", "two", "three"]) == {"two"}
    assert choice.spare(met, asks, ["three", "two", "one"]) == {"three"}


def test_a_file_of_what_was_chosen_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "chosen.json"
    monkeypatch.setattr(choice, "path", lambda _: file)
    assert choice.read("otrv3") == choice.Chosen()

    chosen = choice.Chosen(("pair.a",), {"row": ("Data v3",)}, {"drop row": ("life.x",)})
    file.write_text(choice.write(chosen))
    assert choice.read("otrv3") == chosen

    for text in ("{", "[]", '{"left_out": []}'):
        file.write_text(text)
        with pytest.raises(Malformed):
            choice.read("otrv3")


def test_what_no_case_answers_for_is_open_unless_it_is_excused() -> None:
    ledger = Ledger("x", {ROW: ("one", "two"), OTHER: (), RARE: ("two",)})

    assert ledger.open() == (OTHER,)
    assert ledger.sole("one") == ()
    assert ledger.sole("two") == (RARE,)
    assert ledger.of("two") == (ROW, RARE)
    assert ledger.counts() == {Kind.ROW: (1, 0, 2), Kind.CHECK: (1, 0, 1)}

    excused = Ledger("x", ledger.met, {OTHER: "it cannot be"})
    assert excused.open() == ()
    assert excused.counts()[Kind.ROW] == (1, 1, 2)


def test_a_comparison_has_two_boundaries() -> None:
    (counter,) = watched_in(OTRV3)["data-counter"]

    sides = [each.side for each in counter.boundaries()]
    assert sides == ["just below", "equal"]
    assert "<" in counter.text


def test_a_row_is_asked_for_under_each_combination_that_allows_it() -> None:
    policies = policies_of(OTRV3)["otrv3.ake:query-offer.none.offers-3"]

    assert policies.names == ("allow_v2", "allow_v3")
    assert policies.possible == ((False, True), (True, True))
    assert policies.text("r", (False, True)) == "r: not allow_v2, allow_v3"
    assert policies.none_allowed((False, False))


def test_a_row_for_what_is_not_valid_is_asked_for_once_for_each_check() -> None:
    rows = {row.id: row for row in OTRV3.rows()}

    assert set(failing(rows["otrv3.ake:dh-key.awaiting-dhkey.allowed.not-dh-key-valid"])) == {
        "dh-key-version",
        "gy-range",
    }
    assert list(failing(rows["otrv3.ake:dh-key.awaiting-dhkey.allowed.dh-key-valid"])) == []


@pytest.mark.slow
def test_the_command_counts_and_lists(capsys: pytest.CaptureFixture[str]) -> None:
    main(["obligations", "otrv3"])
    out = capsys.readouterr().out
    assert "a row is taken" in out
    assert "answer alone for something" in out

    status = main(["obligations", "otrv3", "--kind", "pair", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert (status, found["open"]) == (0, [])

    assert main(["obligations", "otrv3", "--case", "life.started-by-tester"]) == 0
    assert "otrv3.case:life.started-by-tester" in capsys.readouterr().out

    assert main(["obligations", "otrv3", "--kind", "pears"]) == 2
    assert "did you mean" in capsys.readouterr().err
