"""Expectation files: what they may say, what is wrong with them, and what is proposed."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from otr_conformance import expectations
from otr_conformance.expectations import Expectation, Expectations, Surprise
from otr_conformance.verdict import Verdict
from otr_reference.errors import Malformed

if TYPE_CHECKING:
    from pathlib import Path

ONE, TWO, THREE = (f"otrv3.case:{name}" for name in ("one", "two", "three"))
CLAUSE = "otrv3.clause:somewhere"
TOGETHER = f"""
[peer-forgets]
verdict = "fail"
because = "forgets"
clause = "{CLAUSE}"
replay = "{TWO} --trace"
cases = ["{ONE}", "{TWO}"]
"""
APART = f"""
["{THREE}"]
verdict = "note"
because = "is late"
finding = "peer-late"
"""


def read(folder: Path, text: str, clauses: tuple[str, ...] | None = None) -> Expectations:
    path = folder / "peer.toml"
    path.write_text(text, encoding="utf-8")
    return expectations.read(path, (ONE, TWO, THREE), clauses)


def test_one_table_speaks_for_all_cases_of_a_finding(tmp_path: Path) -> None:
    known = read(tmp_path, TOGETHER, (CLAUSE,))

    said = Expectation(
        Verdict.FAIL, "forgets", "peer-forgets", clause=CLAUSE, replay=f"{TWO} --trace"
    )
    assert known.entries == {ONE: said, TWO: said}
    assert known.expected(ONE, Verdict.FAIL)
    assert not known.expected(ONE, Verdict.PASS)
    assert known.expected(THREE, Verdict.PASS)


def test_both_forms_may_stand_in_one_file(tmp_path: Path) -> None:
    known = read(tmp_path, TOGETHER + APART)

    assert list(known.entries) == [ONE, TWO, THREE]
    assert known.entries[THREE] == Expectation(Verdict.NOTE, "is late", "peer-late")


def test_a_finding_may_have_several_tables(tmp_path: Path) -> None:
    text = "".join(
        f'[[peer-late]]\nverdict = "{verdict}"\nbecause = "is late"\ncases = ["{case}"]\n'
        for verdict, case in (("fail", ONE), ("note", TWO))
    )
    known = read(tmp_path, text)

    assert [(e.verdict, e.finding, e.replay) for e in known.entries.values()] == [
        (Verdict.FAIL, "peer-late", ONE),
        (Verdict.NOTE, "peer-late", TWO),
    ]


@pytest.mark.parametrize(
    ("text", "field", "reason"),
    [
        ("peer = 1", "peer", "is no table"),
        ('[peer]\nbecause = "x"', "peer", "needs verdict"),
        ("[peer]", "peer", "needs because and verdict"),
        ('[peer]\nverdict = "fail"\nbecause = "x"', "peer: cases", "is no list of cases"),
        ('[peer]\nverdict = "fail"\nbecause = "x"\ncases = []', "peer: cases", "is no list"),
        (
            f'[peer]\nverdict = "fail"\nbecause = "x"\ncases = ["{ONE}x"]',
            "peer: cases",
            f"there is no case {ONE}x",
        ),
        (
            f'[peer]\nverdict = "fail"\nbecause = "x"\ncases = ["{ONE}"]\nreplay = "{TWO}"',
            "peer: replay",
            "is none of the cases",
        ),
        (
            f'[peer]\nverdict = "bad"\nbecause = "x"\ncases = ["{ONE}"]',
            "peer: verdict",
            "is not a verdict",
        ),
        (
            f'[peer]\nverdict = "fail"\nbecause = 1\ncases = ["{ONE}"]',
            "peer: because",
            "is no text",
        ),
        (
            f'[peer]\nverdict = "fail"\nbecause = "x"\ncases = ["{ONE}"]\nunreviewed = "no"',
            "peer: unreviewed",
            "is no truth value",
        ),
        (
            f'[peer]\nverdict = "fail"\nbecause = "x"\ncases = ["{ONE}"]\nfinding = "y"',
            "peer",
            "has finding, and may have because, cases, clause",
        ),
        (f'["{ONE}x"]\nverdict = "fail"\nbecause = "x"', f"{ONE}x", "there is no such case"),
        (
            f'["{ONE}"]\nverdict = "fail"\nbecause = "x"\ncases = []',
            ONE,
            "has cases, and may have because, clause, finding",
        ),
        (
            f'["{ONE}"]\nverdict = "fail"\nbecause = "x"\n{TOGETHER}',
            f"peer-forgets: {ONE}",
            "has an entry already",
        ),
        (TOGETHER, "peer-forgets: clause", f"there is no {CLAUSE}"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, field: str, reason: str) -> None:
    with pytest.raises(Malformed) as wrong:
        read(tmp_path, text, () if "clause" in field else None)

    assert wrong.value.field == field
    assert reason in str(wrong.value)


def test_a_file_that_is_no_toml_is_named_as_it_was_given(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="is no TOML") as wrong:
        read(tmp_path, "[")

    assert wrong.value.field == str(tmp_path / "peer.toml")


# What is proposed.


def test_cases_that_differ_alike_are_one_entry_that_nobody_has_looked_at(tmp_path: Path) -> None:
    text = expectations.propose(
        Surprise(case, Verdict.FAIL, f"step {case}: the target sent no Query", CLAUSE)
        for case in (ONE, TWO)
    )
    known = read(tmp_path, text, (CLAUSE,))

    assert len(tomllib.loads(text)) == 1
    assert {e.because for e in known.entries.values()} == {f"step {ONE}: the target sent no Query"}
    assert all(e.unreviewed and not e.finding and e.replay == ONE for e in known.entries.values())
    assert not known.expected(ONE, Verdict.FAIL)
    assert not known.expected(ONE, Verdict.PASS)


def test_what_differs_otherwise_is_another_entry(tmp_path: Path) -> None:
    text = expectations.propose(
        (
            Surprise(ONE, Verdict.FAIL, "step: the target sent no Query", CLAUSE),
            Surprise(TWO, Verdict.FAIL, "step: the target sent no Query"),
            Surprise(THREE, Verdict.CRASH, 'it said "goodbye" \\ \x07'),
        )
    )
    known = read(tmp_path, text)

    assert [len(tables) for tables in tomllib.loads(text).values()] == [3]
    assert [e.clause for e in known.entries.values()] == [CLAUSE, "", ""]
    assert known.entries[THREE].because == 'it said "goodbye" \\ \x07'


def test_a_known_cause_suggests_its_finding(tmp_path: Path) -> None:
    known = read(tmp_path, TOGETHER)
    seen = {ONE: (Verdict.FAIL, "step: no Query"), TWO: (Verdict.PASS, "")}
    text = expectations.propose(
        [Surprise(THREE, Verdict.FAIL, "another step: no Query")], known, seen
    )
    proposed = read(tmp_path, text)

    assert proposed.entries[THREE].suggestion == "peer-forgets"
    assert proposed.entries[THREE].unreviewed
    assert (proposed.entries[ONE].finding, proposed.entries[ONE].replay) == ("peer-forgets", ONE)
    assert TWO not in proposed.entries  # it passes now


def test_what_is_good_needs_no_entry() -> None:
    assert expectations.propose([Surprise(ONE, Verdict.NOTE, "step: late")]) == ""


def test_a_file_is_rewritten_with_a_table_for_each_finding(tmp_path: Path) -> None:
    old = "".join(
        f'["{case}"]\nverdict = "fail"\nbecause = "forgets"\nfinding = "peer-forgets"\n'
        for case in (ONE, TWO)
    )
    known = read(tmp_path, old + APART)
    text = expectations.write(known)
    rewritten = read(tmp_path, text)

    assert list(tomllib.loads(text)) == ["peer-forgets", "peer-late"]
    assert [(case, e.verdict, e.because, e.finding) for case, e in rewritten.entries.items()] == [
        (case, e.verdict, e.because, e.finding) for case, e in known.entries.items()
    ]
    assert rewritten.entries[TWO].replay == ONE
    assert expectations.write(rewritten) == text
