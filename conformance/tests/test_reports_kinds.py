"""Reports of learning and of fuzzing: they list what differs, and are no conformance reports."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from otr_conformance.cli import main
from otr_conformance.reports.badge import badge
from otr_conformance.reports.changes import Kind, changes
from otr_conformance.reports.document import BadReport, read, write
from otr_conformance.reports.junit import junit
from otr_conformance.reports.kinds import Learned, Played, ReportKind, WrongKind
from otr_conformance.reports.page import page
from otr_conformance.reports.report import Outcome, Report, Sentence
from otr_conformance.reports.schema import schema
from otr_conformance.verdict import ExitCode, Verdict

if TYPE_CHECKING:
    from pathlib import Path

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or ""


@pytest.fixture(autouse=True)
def _page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def outcome(name: str, verdict: Verdict = Verdict.FAIL, **changed: Any) -> Outcome:
    """Something that is listed."""
    because = "" if verdict is Verdict.PASS else "x: the target sent no Y"
    plain = Outcome(
        f"otrv3.case:{name}", "Does it.", verdict, verdict is Verdict.PASS, "must", 3, 0, because
    )
    return replace(plain, **changed)


CONFORMANCE = Report(
    suite="0",
    made="2026-01-31T12:00:00Z",
    target="mine",
    name="mine",
    version="1",
    speaks=(3,),
    capabilities=("clock",),
    seconds=1.5,
    dialects={},
    texts=(),
    sentences=(Sentence("otrv3.clause:a", "S", "must", "about"),),
    outcomes=(
        outcome("topic.a", clauses=("otrv3.clause:a",), at_step=("otrv3.clause:a",)),
        outcome("topic.b", Verdict.PASS, clauses=("otrv3.clause:a",)),
    ),
    available=2,
)
KNOWN = outcome("learned.v3-data.1", expected=True, cause="no heartbeats", finding="heartbeats")
LEARNING = replace(
    CONFORMANCE,
    kind=ReportKind.LEARNING,
    available=0,
    outcomes=(KNOWN, outcome("learned.v3-data.2")),
    learned=(Learned("v3-data", "data", 16, 18, 2, 0, 1, 100, 200),),
)
PLAYED = Played("otrv3", 7, 387, 55, 8, 0, 125, 18, 2450, private=False, silent=("quiet",))
FUZZING = replace(
    CONFORMANCE,
    kind=ReportKind.FUZZING,
    available=0,
    speaks=(),
    capabilities=(),
    sentences=(),
    outcomes=(outcome("find.1"),),
    played=PLAYED,
)
OTHERS = (LEARNING, FUZZING)


def text_of(made: str) -> str:
    """What a page says without its script."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", made, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


# --- The page ---------------------------------------------------------------------------------


@pytest.mark.parametrize("report", OTHERS)
def test_a_page_that_lists_what_differs_claims_nothing_about_conformance(report: Report) -> None:
    made = page([report])
    text = text_of(made)

    assert f"<title>OTR {report.kind.value}: mine 1</title>" in made
    assert "This is no conformance report" in text
    assert "OTR conformance" not in text
    assert "unsupported" not in text
    assert "%" not in text
    assert not re.search(r"\bpass 0\b|verdict is as expected", text)


def test_a_page_of_learning_says_how_large_machines_are_and_what_explains_differences() -> None:
    text = text_of(page([LEARNING]))

    assert "2 differences in 1 setting, between its machine and that of the tables." in text
    assert "v3-data 16 18 2 0 1" in text
    assert "1 difference that nothing explains." in text
    stopped = replace(LEARNING.learned[0], stopped="it died")
    assert "v3-data was not learned to its end: it died" in text_of(
        page([replace(LEARNING, learned=(stopped,))])
    )


def test_a_page_of_fuzzing_says_how_far_it_came() -> None:
    text = text_of(page([FUZZING]))

    assert "1 find that nobody knows" in text
    assert "moves 387 in 55 plays" in text
    assert "cells 8 of 125" in text
    assert "pairs of rows 18 of 2,450" in text
    assert "No conversation became private" in text
    assert "Known, and did not show: quiet" in text


def test_a_page_is_about_one_kind() -> None:
    with pytest.raises(WrongKind, match="of conformance and of learning cannot be laid"):
        page([CONFORMANCE, LEARNING])


# --- As a file --------------------------------------------------------------------------------


@pytest.mark.parametrize("report", [CONFORMANCE, *OTHERS])
def test_each_kind_is_read_as_it_was_written_and_is_what_the_schema_says(report: Report) -> None:
    written = write(report)
    document = json.loads(written)

    assert read("x", written.encode()) == report
    Draft202012Validator(schema()).validate(document)
    assert document["kind"] == report.kind.value
    assert ("unsupported_share" in document) is (report.kind is ReportKind.CONFORMANCE)


def test_who_knows_conformance_alone_refuses_the_other_kinds_by_their_format() -> None:
    assert [json.loads(write(r))["format_version"] for r in (CONFORMANCE, *OTHERS)] == [1, 2, 2]
    for report, number in ((CONFORMANCE, 2), (LEARNING, 1)):
        wrong = json.dumps(json.loads(write(report)) | {"format_version": number})
        with pytest.raises(BadReport, match=f"of {report.kind.value} is not of format {number}"):
            read("x", wrong.encode())


def test_a_file_without_a_kind_is_a_report_of_conformance() -> None:
    document = json.loads(write(CONFORMANCE))
    del document["kind"]

    Draft202012Validator(schema()).validate(document)
    assert read("x", json.dumps(document).encode()) == CONFORMANCE


def test_the_schema_lets_no_share_into_a_report_of_another_kind() -> None:
    valid = Draft202012Validator(schema())
    for report in OTHERS:
        document = json.loads(write(report))
        assert not valid.is_valid(document | {"unsupported_share": 0})
        assert not valid.is_valid(document | {"format_version": 1})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "praise"}, "kind: 'praise' is none that is known"),
        ({"settings": [{}]}, "settings[0].setting: is missing"),
    ],
)
def test_a_field_of_a_kind_that_is_wrong_is_named(change: dict[str, Any], says: str) -> None:
    wrong = json.dumps(json.loads(write(LEARNING)) | change)

    with pytest.raises(BadReport) as refused:
        read("x", wrong.encode())
    assert says in str(refused.value)


# --- Elsewhere --------------------------------------------------------------------------------


@pytest.mark.parametrize("report", OTHERS)
def test_there_is_no_badge_of_what_differs(
    report: Report, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(WrongKind, match="a badge is about conformance"):
        badge(report)
    (tmp_path / "x.json").write_text(write(report))
    files = ["--html", str(tmp_path / "x.html"), "--badge", str(tmp_path / "x.svg")]
    assert main(["report", str(tmp_path / "x.json"), *files]) == 2

    assert f"this is a report of {report.kind.value}" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["x.json"]


def test_junit_of_a_run_that_found_nothing_has_a_test_that_passed() -> None:
    for report in OTHERS:
        made = junit(replace(report, outcomes=()))
        assert 'tests="1" failures="0" errors="0"' in made
        assert "unsupported" not in made
    lost = junit(replace(FUZZING, outcomes=(), played=replace(PLAYED, lost="it is gone")))
    assert 'tests="1" failures="0" errors="1"' in lost


def test_what_ended_a_run_too_early_is_in_its_status() -> None:
    fine = replace(LEARNING, outcomes=(KNOWN,))
    stopped = replace(fine.learned[0], stopped="it died")

    assert fine.status is ExitCode.EXPECTED
    assert LEARNING.status is ExitCode.UNEXPECTED
    assert replace(fine, outdated=("old",)).status is ExitCode.UNEXPECTED
    assert replace(fine, learned=(stopped,)).status is ExitCode.UNEXPECTED
    faulty = replace(fine, learned=(replace(stopped, faulty=True),))
    assert faulty.status is ExitCode.HARNESS_ERROR
    lost = replace(FUZZING, outcomes=(), played=replace(PLAYED, lost="it is gone"))
    assert lost.status is ExitCode.HARNESS_ERROR


def test_two_kinds_are_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, report in (("a", CONFORMANCE), ("b", LEARNING)):
        (tmp_path / name).write_text(write(report))

    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 2
    err = capsys.readouterr().err
    assert "of conformance and of learning cannot be laid side by side" in err
    assert err.count("\n") == 1


def test_a_difference_that_is_new_and_not_explained_is_worse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = replace(LEARNING, outcomes=(KNOWN,))
    new = outcome("learned.v3-data.3", expected=True, cause="no heartbeats")

    assert [each.kind for each in changes(old, LEARNING).cases] == [Kind.WORSE]
    assert [each.kind for each in changes(LEARNING, old).cases] == [Kind.GONE]
    assert [each.kind for each in changes(old, replace(old, outcomes=(KNOWN, new))).cases] == [
        Kind.NEW
    ]
    (tmp_path / "a").write_text(write(old))
    (tmp_path / "b").write_text(write(LEARNING))
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 1
    assert "1 difference worse, or new and not explained" in capsys.readouterr().out


def test_report_shows_each_kind_as_what_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [tmp_path / each.kind.value for each in OTHERS]
    for path, each in zip(paths, OTHERS, strict=True):
        path.write_text(write(each))
    assert main(["report", *map(str, paths)]) == 0

    out = capsys.readouterr().out
    assert "mine 1, learning: 2 differences in 1.5 s" in out
    assert "mine 1, fuzzing: 1 find in 1.5 s" in out
    assert out.count("This is no conformance report") == 2
    assert "unsupported" not in out
    assert ["v3-data", "16", "18", "2", "0", "1"] in [line.split() for line in out.splitlines()]
    assert "no conversation became private" in out

    assert main(["report", "--json", *map(str, paths)]) == 0
    learning, fuzzing = json.loads(capsys.readouterr().out)
    assert (learning["kind"], fuzzing["kind"]) == ("learning", "fuzzing")
    assert learning["settings"][0]["states"] == 16
    assert fuzzing["played"]["moves"] == 387
    assert "unsupported_share" not in learning | fuzzing


# --- In a browser -----------------------------------------------------------------------------


def shown(made: str, folder: Path, fragment: str, script: str) -> str:
    """What a browser shows of a page, by its address, after a script."""
    driven = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", made)
    driver = f"<script>setTimeout(() => {{ {script} }}, 500)</script>"
    path = folder / "page.html"
    path.write_text(driven.replace("</body>", f"{driver}</body>"))
    done = subprocess.run(  # noqa: S603 - a browser that is installed
        [
            *(BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000"),
            *(f"--user-data-dir={folder / 'profile'}", "--dump-dom", f"{path.as_uri()}#{fragment}"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return text_of(done.stdout)


@pytest.mark.slow
@pytest.mark.skipif(not BROWSER, reason="no browser is installed")
def test_a_case_that_an_address_names_does_not_empty_the_matrix(tmp_path: Path) -> None:
    made = page([CONFORMANCE])
    click = "[...document.querySelectorAll('.tabs button')][1].click()"

    assert "1 of 2 cases" in shown(made, tmp_path, "case-otrv3.case:topic.b", "")
    assert "1 of 1 clauses" in shown(made, tmp_path, "case-otrv3.case:topic.b", click)


@pytest.mark.slow
@pytest.mark.skipif(not BROWSER, reason="no browser is installed")
def test_an_address_that_changes_opens_what_it_names(tmp_path: Path) -> None:
    go = "location.hash = 'case-otrv3.case:topic.b'"
    text = shown(page([CONFORMANCE]), tmp_path, "clauses", go)

    assert "Only otrv3.case:topic.b All cases" in text
    assert "Clauses that the case touches" in text
