"""`otrspec conform`: selecting cases, judging targets, reports, statuses; `otrspec cases`."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from otr_conformance.cli import main
from otr_conformance.otrv3.case import CASES
from otr_conformance.peers import libotr
from otr_conformance.reports.document import read
from otr_conformance.runner import Running
from otr_conformance.verdict import ExitCode, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otr_conformance.runner import Run

MINIATURES = Path(__file__).parent / "miniatures"
LIFE = "otrv3.case:life.started-by-tester"


@pytest.fixture(autouse=True)
def _children_find_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


@pytest.fixture(autouse=True)
def _page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def miniature(name: str) -> str:
    return shlex.join([sys.executable, str(MINIATURES / f"{name}.py")])


def judged(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """The status of a run, and its report."""
    status = main(["conform", *arguments, "--json"])
    out, err = capsys.readouterr()
    assert err == ""
    report: dict[str, Any] = json.loads(out)
    assert report["exit"] == status
    assert list(report["counts"]) == [verdict.word for verdict in Verdict]
    assert sum(report["counts"].values()) == report["cases"] == len(report["results"])
    return status, report


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that misuse is answered with."""
    assert main(list(arguments)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


# --- The reference, and what is shown --------------------------------------------------------


def test_a_run_that_goes_well_shows_only_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", "reference", "--case", "life.started-by-tester"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("reference ")
    assert ": 1 case in " in lines[0]
    assert [line.split()[:2] for line in lines[2:9]] == [
        [verdict.word, "1" if verdict is Verdict.PASS else "0"] for verdict in Verdict
    ]
    assert lines[-1] == "Every verdict is as expected."


def test_all_shows_each_case_and_trace_what_happened(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", "reference", "--case", LIFE, "--all", "--trace"]) == 0

    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines[0].split() == ["pass", LIFE]
    assert lines[1] == "the tester's user starts"
    assert "tester's user: message private hello" in lines


def test_a_trace_says_which_half_of_the_session_id_is_bold(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["conform", "reference", "--case", LIFE, "--all", "--trace"]) == 0

    told = re.findall(
        r"(\w+)'s user: secure v3 [0-9a-f]{16}, (\w+) half bold\n", capsys.readouterr().out
    )
    assert sorted(told) == [("target", "first"), ("tester", "second")]


def test_a_text_with_a_line_break_stands_in_one_line_of_a_trace(
    capsys: pytest.CaptureFixture[str],
) -> None:
    case = "otrv3.case:life.texts"
    assert main(["conform", "reference", "--case", case, "--all", "--trace"]) == 0

    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert r"target's user: message private two\nlines" in lines
    assert "lines" not in lines


def test_the_report_has_a_result_for_each_case(capsys: pytest.CaptureFixture[str]) -> None:
    status, report = judged(capsys, "reference", "--case", "life.started-by-t*", "--trace")

    assert status == 0
    assert report["target"] == report["name"] == "reference"
    assert report["unexpected"] == []
    assert report["unsupported_share"] == 0
    result = next(each for each in report["results"] if each["case"] == LIFE)
    assert result.pop("seconds") > 0
    assert result == {
        "case": LIFE,
        "verdict": "pass",
        "expected": True,
        "because": "",
        "ambiguity": "",
        "level": "must",
        "version": 3,
    }


# --- Which cases -----------------------------------------------------------------------------


def test_the_version_selects_cases(capsys: pytest.CaptureFixture[str]) -> None:
    pattern = "life.started-by-t*"
    _, both = judged(capsys, "reference", "--case", pattern)
    _, second = judged(capsys, "reference", "--case", pattern, "--protocol", "otrv2")
    _, third = judged(capsys, "reference", "--case", pattern, "--protocol", "otrv3")

    assert {each["version"] for each in second["results"]} == {2}
    assert {each["version"] for each in third["results"]} == {3}
    assert second["cases"] + third["cases"] == both["cases"]


def test_a_clause_selects_the_cases_that_touch_it(capsys: pytest.CaptureFixture[str]) -> None:
    clause = "receiving-dh-commit.awaiting-dhkey.ours-higher"
    selected = ("--case", "ake.v3-both-begin*", "--case", "life.started-by-tester")
    _, report = judged(capsys, "reference", *selected, "--clause", clause)

    cases = [each["case"] for each in report["results"]]
    assert "otrv3.case:ake.v3-both-begin-and-target-is-higher" in cases
    assert LIFE not in cases


def test_levels_select_cases(capsys: pytest.CaptureFixture[str]) -> None:
    _, report = judged(capsys, "reference", "--case", "life.started-by-t*", "--level", "must")

    assert {each["level"] for each in report["results"]} == {"must"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("conform", "reference", "--case", "life.strated-by-tester"), "did you mean life.started"),
        (("conform", "reference", "--case", LIFE, "--protocol", "otrv2"), "no case is all of that"),
        (("conform", "reference", "--clause", "no-such-clause"), "there is no clause"),
        (("conform", ""), "the target is empty"),
        (("conform", "no-such-program"), "no-such-program: no such target or peer"),
        (("conform", "reference", "--expect", "no-such-file"), "no-such-file"),
        (("cases", "--case", "zzz*"), "there is no case 'zzz*'; otrspec cases lists them"),
        (("cases", "show", "zzz"), "there is no case 'zzz'; otrspec cases lists them"),
    ],
)
def test_what_cannot_be_run_is_misuse(
    arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert says in complaint(capsys, *arguments)


def test_a_file_that_cannot_be_read_is_named_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    absent, octets = tmp_path / "nosuch.toml", tmp_path / "octets.toml"
    octets.write_bytes(b"\xff")
    for file, why in (
        (absent, "No such file or directory"),
        (tmp_path, "Is a directory"),
        (octets, "is no text in UTF-8"),
    ):
        says = complaint(capsys, "conform", "reference", "--case", LIFE, "--expect", str(file))
        assert says == f"otrspec: {file}: {why}\n"


def test_a_peer_that_is_not_installed_says_how(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(libotr, "locate", lambda: None)

    assert "run `otrspec peer install libotr`" in complaint(capsys, "conform", "libotr")


# --- Targets that misbehave ------------------------------------------------------------------


def test_a_target_that_speaks_no_otr_fails_and_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    command = miniature("full")
    assert main(["conform", command, "--case", LIFE, "--trace"]) == 1

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["fail", LIFE, "unexpected"]
    assert "the target sent no D-H Commit v3" in " ".join(map(str.strip, lines[1:3]))
    assert any(line.strip() == "tester -> target: Query offering 3" for line in lines)
    assert lines[-1] == "1 verdict is not as expected."


@pytest.mark.parametrize(
    ("name", "verdict", "status"),
    [
        ("segfault", "crash", 1),
        ("late", "hang", 1),
        ("garbage", "harness-error", 3),
        ("unknown_capability", None, 3),
    ],
)
def test_verdicts_are_kept_apart(
    name: str, verdict: str | None, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [miniature(name), "--case", LIFE, "--timeout", "0.5"]
    if verdict is None:  # not even its greeting can be understood
        assert main(["conform", *arguments, "--json"]) == status
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
        assert "otrspec shim check" in err
        return
    got, report = judged(capsys, *arguments)

    assert got == status
    assert report["counts"][verdict] == 1
    assert report["unexpected"] == [LIFE]


def test_what_a_target_cannot_do_is_unsupported(capsys: pytest.CaptureFixture[str]) -> None:
    second = f"{LIFE}-v2"
    status, report = judged(capsys, miniature("keeps_child"), "--case", second)

    assert status == 0
    assert report["unsupported_share"] == 1
    assert report["results"][0]["because"] == "does not speak version 2"


# --- Expectations ----------------------------------------------------------------------------


def test_proposed_expectations_count_once_they_are_reviewed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    proposed = tmp_path / "toy.toml"
    run = ["conform", miniature("full"), "--case", LIFE]
    assert main([*run, "--propose", str(proposed)]) == 1
    assert capsys.readouterr().err == f"{proposed}: 1 entry, to be reviewed\n"
    entries = tomllib.loads(proposed.read_text())
    (entry,) = entries.values()
    assert entry["verdict"] == "fail"
    assert entry["cases"] == [LIFE]

    assert main([*run, "--expect", str(proposed)]) == 1
    assert "nobody has reviewed that" in capsys.readouterr().out

    reviewed = proposed.read_text().replace("unreviewed = true\n", "")
    reviewed = reviewed.replace("[to-be-named]", "[no-otr]")
    proposed.write_text(reviewed)
    assert main([*run, "--expect", str(proposed)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("fail           1 case, as expected: ")
    assert "(no-otr)" in " ".join(out.split())
    assert out.endswith("Every verdict is as expected.\n")

    status, report = judged(capsys, *run[1:], "--expect", str(proposed))
    assert status == 0
    assert report["results"][0]["expectation"] == "fail"
    assert report["results"][0]["finding"] == "no-otr"


def test_passing_where_a_failure_is_expected_is_a_surprise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = tmp_path / "reference.toml"
    expected.write_text(f'["{LIFE}"]\nverdict = "fail"\nbecause = "cannot begin"\n')
    run = ["conform", "reference", "--case", LIFE, "--expect", str(expected)]

    assert main(run) == 1

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["pass", LIFE, "unexpected"]
    assert lines[1].strip() == "expected: fail: cannot begin"


def test_a_file_of_expectations_is_never_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = tmp_path / "mine.toml"
    there.write_text("# reviewed\n")

    says = complaint(capsys, "conform", "reference", "--case", LIFE, "--propose", str(there))

    assert "it exists already" in says
    assert there.read_text() == "# reviewed\n"


# --- libotr ----------------------------------------------------------------------------------


@pytest.mark.libotr
def test_libotr_begins_a_conversation(capsys: pytest.CaptureFixture[str]) -> None:
    if libotr.locate() is None:
        pytest.skip("libotr is not installed: otrspec peer install libotr")

    status, report = judged(capsys, "libotr", "--case", LIFE)

    assert status == 0
    assert report["name"] == "libotr"
    assert report["results"][0]["verdict"] == "pass"


# --- Cases -----------------------------------------------------------------------------------


def test_cases_are_listed_with_what_they_need(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cases", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [each["id"] for each in listed] == list(CASES)
    assert all(each["about"] for each in listed)

    assert main(["cases", "--case", "life.started-by-tester"]) == 0
    assert capsys.readouterr().out.splitlines() == [f"{LIFE}  v3, must", f"  {CASES[LIFE].about}"]


def test_a_case_is_shown_as_the_tables_predict_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cases", "show", "life.started-by-tester"]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == f"{LIFE}  v3, must"
    assert "tester -> target: Query offering 3" in lines
    assert "otrv3.ake:signature.awaiting-sig.allowed.signature-valid" in lines

    assert main(["cases", "show", LIFE, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["stuck"] == ""
    assert shown["log"][0] == "the tester's user starts"
    assert shown["rows"][0]["row"] == "otrv3.instances:received.ready.no-tags"


# --- What is ended before its end ------------------------------------------------------------


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs cases presses Ctrl-C after the first."""
    whole = Running.__iter__

    def begun(running: Running) -> Iterator[Run]:
        yield next(whole(running))
        raise KeyboardInterrupt

    monkeypatch.setattr(Running, "__iter__", begun)


@pytest.mark.usefixtures("interrupted")
def test_an_interrupted_run_shows_what_it_saw_and_says_that_it_is_not_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["conform", "reference", "--case", "life.started-by-t*", "--jobs", "1"]) == 130

    out, err = capsys.readouterr()
    assert re.fullmatch(r"otrspec: interrupted after 1 of \d+ cases\n", err)
    assert ": 1 case in " in out
    last = out.splitlines()[-1]
    assert re.fullmatch(
        r"Interrupted after 1 of \d+ cases: of what was not run, nothing is known\.", last
    )
    assert "as expected" not in out


@pytest.mark.usefixtures("interrupted")
def test_the_json_of_an_interrupted_run_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["conform", "reference", "--case", "life.started-by-t*", "--json"])

    report = json.loads(capsys.readouterr().out)
    assert status == report["exit"] == 130
    assert (report["interrupted"], report["cases"]) == (True, 1)


@pytest.mark.usefixtures("interrupted")
def test_the_files_of_an_interrupted_run_cannot_be_taken_for_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("report", "junit", "html", "badge", "propose")
    files = {name: tmp_path / name for name in names}
    options = [word for name in names for word in (f"--{name}", str(files[name]))]

    assert main(["conform", "reference", "--case", "life.started-by-t*", *options]) == 130

    report = read("report", files["report"].read_bytes())
    [marked] = report.unexpected
    assert (report.status, len(report.outcomes)) == (ExitCode.HARNESS_ERROR, 2)
    assert re.fullmatch(
        r"interrupted after 1 of \d+ cases, and so this report is not whole", marked.because
    )
    root = ET.fromstring(files["junit"].read_text())  # noqa: S314 - we wrote it
    assert (root.get("tests"), root.get("errors")) == ("2", "1")
    assert marked.because in files["html"].read_text()
    assert marked.because in files["junit"].read_text()
    assert "1 unexpected" in files["badge"].read_text()
    assert not files["propose"].exists()
    assert "not written, since not every case was run" in capsys.readouterr().err


def test_an_interrupt_before_the_first_case_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def at_once(_running: Running) -> Running:
        raise KeyboardInterrupt

    monkeypatch.setattr(Running, "__enter__", at_once)
    report = tmp_path / "report"

    assert main(["conform", "reference", "--case", LIFE, "--report", str(report)]) == 130

    assert capsys.readouterr() == ("", "otrspec: interrupted after 0 of 1 case\n")
    assert not report.exists()
