"""`otrspec check`: the invariants, for people and for programs."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from otr_check.induction.checking import Broken, Checked
from otr_check.induction.results import Failure, Outcome, Result, Taken, Trail
from otr_check.otrv3.invariants import CLAIMS
from otr_conformance.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.cli.invariants import Invariants

CLEAR, PROMISE = CLAIMS.named("no-clear-text"), CLAIMS.named("promise")
TRAIL = Trail(
    (
        Taken("otrv3.message:user-send.encrypted", 0x100, outside=True),
        Taken("otrv3.keys:session-over.held", 0x100, outside=False),
    ),
    (("member.promised", "yes"),),
)
PROVED = Result(CLEAR, Outcome.PROVED, 1, 0.5, 6, (PROMISE.id,), witness=TRAIL)
REFUTED = Result(PROMISE, Outcome.REFUTED, 1, 0.5, 24, trail=TRAIL)
OPEN = Result(
    PROMISE,
    Outcome.OPEN,
    1,
    0.5,
    24,
    failure=Failure("otrv3.keys:x", "the master", (("member.message", "PLAINTEXT"),)),
)
HELPER = Result(CLAIMS.named("lemma-ring"), Outcome.PROVED, 1, 0.1, 3)


@pytest.fixture(autouse=True)
def _page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes every question have one answer."""
    work = importlib.import_module("otr_conformance.cli.invariants")

    def answer_with(
        *results: Result, unreached: tuple[str, ...] = (), broken: tuple[Broken, ...] = ()
    ) -> None:
        rows = ("otrv3.message:settled.plaintext.not-owed",)
        checked = Checked("otrv3", ("first in, first out",), results, unreached, rows)
        answer: Invariants = work.Invariants(checked, broken)
        monkeypatch.setattr(work, "prove_all", lambda _names: [answer])
        monkeypatch.setattr(work, "check_claims", lambda *_given, **_named: checked)

    return answer_with


def document(capsys: pytest.CaptureFixture[str], status: int, *arguments: str) -> Any:
    """The JSON that the command writes."""
    assert main(["check", "--protocol", "otrv3", *arguments, "--json"]) == status
    found = json.loads(capsys.readouterr().out)
    assert found["exit"] == status
    return found


def test_what_is_proved_is_listed_and_lemmas_are_counted(
    found: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    found(PROVED, HELPER)

    assert main(["check", "--protocol", "otrv3"]) == 0
    out = capsys.readouterr().out
    assert "proved   otrv3.invariant:no-clear-text" in out
    assert "1 lemmas: 1 proved" in out
    assert "1 rows only complete their tables: nothing leads to them" in out
    assert "lemma-ring" not in out


def test_what_refutes_a_claim_is_printed_row_by_row(
    found: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    found(PROVED, REFUTED)

    assert main(["check", "--protocol", "otrv3"]) == 1
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("    otrv3.message:user-send.encrypted (0x100)")
    assert lines[at - 1] == "  refuted by:"
    assert lines[at + 1 : at + 3] == [
        "      otrv3.keys:session-over.held (0x100)",
        "    member.promised = yes",
    ]


def test_a_counterexample_to_induction_is_called_that(
    found: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    found(OPEN)

    assert main(["check", "--protocol", "otrv3"]) == 1
    out = capsys.readouterr().out
    assert "not inductive; no sequence was found that refutes it:" in out
    assert "otrv3.keys:x, taken by the master" in out


def test_a_state_without_an_example_is_not_as_expected(
    found: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    found(PROVED, unreached=("otrv3.smp: EXPECT4",))

    assert main(["check", "--protocol", "otrv3"]) == 1
    assert "no example leads to otrv3.smp: EXPECT4" in capsys.readouterr().out


def test_what_literal_readings_break_is_told_and_has_to_be_so(
    found: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    finding = CLAIMS.findings[0]
    trails = dict.fromkeys(finding.claims, TRAIL)
    found(PROVED, broken=(Broken(finding, trails),))
    assert main(["check", "--protocol", "otrv3"]) == 0
    out = capsys.readouterr().out
    assert f"literal reading of {finding.ambiguity}: {finding.says}" in out
    assert f"{finding.claims[0]}: refuted by 2 rows after 1 inputs, at" in out

    found(PROVED, broken=(Broken(finding, {}),))
    assert main(["check", "--protocol", "otrv3"]) == 1
    assert f"{finding.claims[0]}: not refuted" in capsys.readouterr().out


def test_programs_get_outcomes_lemmas_and_sequences(
    found: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    finding = CLAIMS.findings[0]
    found(PROVED, REFUTED, HELPER, broken=(Broken(finding, {}),))
    written = document(capsys, 1)

    proved, refuted, helper = written["invariants"]
    assert proved["id"] == CLEAR.id
    assert (proved["outcome"], proved["k"], proved["lemmas"]) == ("proved", 1, [PROMISE.id])
    assert proved["witness"][0] == {
        "row": "otrv3.message:user-send.encrypted",
        "member": 0x100,
        "input": True,
    }
    assert (refuted["outcome"], len(refuted["trail"]), refuted["witness"]) == ("refuted", 2, [])
    assert helper["helper"]
    assert written["untaken"] == ["otrv3.message:settled.plaintext.not-owed"]
    assert [each["invariant"] for each in written["findings"]] == list(finding.claims)


def test_a_claim_is_explained(
    found: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    found(PROVED)

    assert main(["check", "--explain", "no-clear-text"]) == 0
    out = capsys.readouterr().out
    assert CLEAR.says in out.replace("\n  ", " ")
    assert "section: User types a message to be sent" in out
    assert "(promise)" in out
    assert "an example, from the beginning:" in out
    assert "assumed: first in, first out" in out
    assert "deterministic" not in out


def test_a_variant_that_breaks_what_is_known_is_as_expected(
    found: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    found(REFUTED)
    assert main(["check", "--variant", "next-dh"]) == 0
    assert "refuted by:" in capsys.readouterr().out

    assert main(["check", "--variant", "smp-refresh"]) == 1


def test_names_that_do_not_exist_are_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--variant", "smp-refesh"]) == 2
    assert "did you mean smp-refresh" in capsys.readouterr().err
    assert main(["check", "--invariant", "nothing"]) == 2
    assert "otrv3 has no invariant nothing" in capsys.readouterr().err
    assert main(["check", "ake", "--invariant", "promise"]) == 2
    assert capsys.readouterr().err == "otrspec: name tables, or invariants\n"


@pytest.mark.slow
def test_an_invariant_is_proved_in_earnest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--invariant", "otrv3.invariant:no-clear-text", "--json"]) == 0

    (proved,) = json.loads(capsys.readouterr().out)["invariants"]
    assert (proved["outcome"], proved["lemmas"]) == ("proved", [PROMISE.id])
    assert proved["witness"]
