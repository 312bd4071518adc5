"""`otrspec compare`: what changed from one report to another."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from otr_conformance.cli import main
from otr_conformance.reports.changes import Kind, changes
from otr_conformance.reports.document import write
from otr_conformance.reports.report import Outcome, Report, Text
from otr_conformance.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

TEXT = Text("otrv3", 3, "somebody/something", "0" * 40, "text.html", "a" * 64, 9)
PASS, NOTE, FAIL, UNSUPPORTED, HARNESS, HANG, CRASH = Verdict


@pytest.fixture(autouse=True)
def _page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def report(verdicts: dict[str, Verdict], because: str = "", **changed: Any) -> Report:
    """A report in which these cases have these verdicts."""
    outcomes = [
        Outcome(
            f"otrv3.case:{name}",
            "Does it.",
            verdict,
            verdict is PASS,
            "must",
            3,
            because="" if verdict is PASS else because or f"because of {verdict}",
        )
        for name, verdict in verdicts.items()
    ]
    plain = Report(
        *("0.1", "2026-01-31T12:00:00Z", "mine", "mine", "1", (3,), ("clock",), 1.0, {}, (TEXT,)),
        sentences=(),
        outcomes=tuple(outcomes),
    )
    return replace(plain, **changed)


def became(old: Verdict, new: Verdict) -> Kind | None:
    """What becomes of a case whose verdict changes so."""
    found = changes(report({"x": old}), report({"x": new}))
    return found.cases[0].kind if found.cases else None


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (PASS, PASS, None),
        (PASS, FAIL, Kind.WORSE),
        (FAIL, PASS, Kind.BETTER),
        (PASS, NOTE, Kind.WORSE),
        (NOTE, PASS, Kind.BETTER),
        (FAIL, CRASH, Kind.WORSE),
        (HANG, FAIL, Kind.BETTER),
        (HANG, CRASH, Kind.OTHER),
        (PASS, HARNESS, Kind.WORSE),
        (PASS, UNSUPPORTED, Kind.WORSE),
        (NOTE, UNSUPPORTED, Kind.WORSE),
        (UNSUPPORTED, PASS, Kind.BETTER),
        (FAIL, UNSUPPORTED, Kind.OTHER),  # nothing was mended
        (UNSUPPORTED, FAIL, Kind.OTHER),  # it was not asked before
    ],
)
def test_verdicts_have_an_order(old: Verdict, new: Verdict, kind: Kind | None) -> None:
    assert became(old, new) is kind


def test_another_reason_for_the_same_verdict_is_a_change_of_its_own() -> None:
    found = changes(report({"x": FAIL}, "one thing"), report({"x": FAIL}, "another"))

    (change,) = found.cases
    assert change.kind is Kind.REASON
    assert not found.worse


def test_a_case_that_is_flaky_now_got_worse() -> None:
    old = report({"x": PASS})
    flaky = replace(old.outcomes[0], repetitions={PASS: 2, FAIL: 1})

    assert changes(old, replace(old, outcomes=(flaky,))).worse
    assert not changes(replace(old, outcomes=(flaky,)), old).worse


def test_new_cases_and_cases_that_are_gone_are_neither_better_nor_worse() -> None:
    found = changes(report({"a": FAIL, "b": PASS}), report({"b": PASS, "c": FAIL}))

    assert [(each.kind, each.case) for each in found.cases] == [
        (Kind.NEW, "otrv3.case:c"),
        (Kind.GONE, "otrv3.case:a"),
    ]
    assert (found.same, found.worse) == (1, False)


def test_versions_that_differ_are_named() -> None:
    old = report({"x": PASS})
    new = replace(
        old,
        suite="0.2",
        version="2",
        capabilities=(),
        texts=(replace(TEXT, sha256="b" * 64),),
    )

    assert changes(old, new).versions == (
        ("target", "mine 1", "mine 2"),
        ("otrspec", "0.1", "0.2"),
        ("capabilities", "clock", ""),
        ("text otrv3", "a" * 16, "b" * 16),
    )


# --- The command -----------------------------------------------------------------------------


def files(folder: Path, old: Report, new: Report) -> list[str]:
    """Both reports, as files."""
    paths = [folder / "old.json", folder / "new.json"]
    for path, each in zip(paths, (old, new), strict=True):
        path.write_text(write(each))
    return [str(path) for path in paths]


OLD = report({"same": PASS, "broke": PASS, "mended": FAIL, "gone": PASS})
NEW = report({"same": PASS, "broke": FAIL, "mended": PASS, "new": NOTE}, version="2")


def test_the_status_is_1_only_if_something_got_worse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *files(tmp_path, OLD, NEW)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 case got worse; 1 case as before."

    assert main(["compare", *files(tmp_path, OLD, OLD)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Nothing got worse; 4 cases as before."


def test_what_changed_is_readable_on_80_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = replace(
        NEW, outcomes=tuple(replace(o, because=o.because and "word " * 40) for o in NEW.outcomes)
    )
    assert main(["compare", *files(tmp_path, OLD, long)]) == 1

    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert lines[0] == "mine 1 -> mine 2  2026-01-31 -> 2026-01-31"
    heads = [line for line in lines if line.startswith("1 case")]
    assert heads[:4] == ["1 case got worse", "1 case got better", "1 case new", "1 case gone"]
    at = lines.index("1 case got worse")
    assert lines[at + 1] == "  otrv3.case:broke"
    assert lines[at + 2].startswith("    pass -> fail: word word")


def test_json_has_every_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *files(tmp_path, OLD, NEW), "--json"]) == 1

    found = json.loads(capsys.readouterr().out)
    assert found["exit"] == 1
    assert found["same"] == 1
    assert found["versions"] == [{"what": "target", "old": "mine 1", "new": "mine 2"}]
    assert [
        (each["case"], each["kind"], each["old"], each["new"]) for each in found["changes"]
    ] == [
        ("otrv3.case:broke", "worse", "pass", "fail"),
        ("otrv3.case:mended", "better", "fail", "pass"),
        ("otrv3.case:new", "new", "", "note"),
        ("otrv3.case:gone", "gone", "pass", ""),
    ]


def test_of_many_changes_the_first_are_shown_unless_all_are_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"case-{n}" for n in range(30)]
    paths = files(tmp_path, report(dict.fromkeys(names, FAIL)), report(dict.fromkeys(names, PASS)))
    assert main(["compare", *paths]) == 0
    assert "  and 20 more, which --all shows" in capsys.readouterr().out.splitlines()

    assert main(["compare", *paths, "--all"]) == 0
    assert all(f"  otrv3.case:{name}\n" in capsys.readouterr().out for name in names[:1])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "No such file"),
        ("{", "it ends in the middle"),
        ("{}", "is no report of otrspec"),
        ('{"format": "otrspec-report", "format_version": 99}', "update otrspec"),
    ],
)
def test_a_bad_file_is_one_line_and_status_2(
    content: str | None, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, _ = files(tmp_path, OLD, NEW)
    bad = tmp_path / "bad.json"
    if content is not None:
        bad.write_text(content)
    assert main(["compare", good, str(bad)]) == 2

    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert says in err
    assert str(bad) in err
