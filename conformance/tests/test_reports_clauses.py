"""Which clauses a case touches: `otr_conformance.citations`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from otr_conformance.citations import citations, clauses_of, rows_of, touched
from otr_conformance.cli import main
from otr_conformance.protocols import PROTOCOLS
from otr_model.trace import Fired

if TYPE_CHECKING:
    import pytest

CASES = PROTOCOLS["otrv3"].suite.cases
CASES4 = PROTOCOLS["otrv4"].suite.cases
CROSSING = CASES["otrv3.case:ake.v3-both-begin-and-target-is-higher"]
CROSSING_2 = CASES["otrv3.case:ake.v2-both-begin-and-target-is-higher"]
HIGHER = "otrv3.clause:receiving-dh-commit.awaiting-dhkey.ours-higher"


def test_a_case_touches_what_the_rows_of_its_target_are_cited_for() -> None:
    rows = {fired.row for fired in rows_of(CROSSING)}
    known = citations(PROTOCOLS["otrv3"])
    citing = {row for row in known.rows if any(c.clause == HIGHER for c in known.rows[row])}

    assert HIGHER in clauses_of(CROSSING)
    assert rows & citing
    assert HIGHER not in touched(CROSSING, [Fired(row) for row in rows - citing])


def test_what_tells_a_case_from_others_comes_first() -> None:
    clauses = clauses_of(CROSSING)

    assert len(clauses) > 50
    assert clauses.index(HIGHER) < 10
    assert clauses.index("otrv3.clause:data-message.flags.usual") > 10


def test_a_check_that_fails_is_what_a_negative_case_is_about() -> None:
    case = next(c for c in CASES.values() if any(f.failed == "gy-range" for f in rows_of(c)))
    failed = [Fired(each.row, failed=each.failed) for each in rows_of(case) if each.failed]
    without = [Fired(each.row) for each in failed]
    cited = {each.clause for each in citations(PROTOCOLS["otrv3"]).checks["gy-range"]}

    assert cited
    assert cited & set(touched(case, failed))
    assert set(touched(case, without)) <= set(touched(case, failed))


def test_a_clause_counts_where_the_text_is_about_the_version_that_is_spoken() -> None:
    second, third = set(clauses_of(CROSSING_2)), set(clauses_of(CROSSING))

    assert not any(clause.startswith("otrv2.") for clause in third)
    assert any(clause.startswith("otrv2.") for clause in second)
    assert HIGHER in second & third  # the texts share this sentence


def test_a_case_of_version_4_touches_clauses_of_version_3_where_its_rows_are_taken() -> None:
    found = {
        clause.partition(".")[0]
        for case in list(CASES4.values())[::10]
        for clause in clauses_of(case)
    }

    assert {"otrv4", "otrv3"} <= found


def test_cases_show_lists_the_clauses(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cases", "show", CROSSING.id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["clauses"] == list(clauses_of(CROSSING))

    assert main(["cases", "show", CROSSING.id]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    at = lines.index("Clauses that it touches, the most telling first")
    assert lines[at + 1].split()[0] == clauses_of(CROSSING)[0]
    assert lines[-1] == f"and {len(clauses_of(CROSSING)) - 8} more, which --json lists"
