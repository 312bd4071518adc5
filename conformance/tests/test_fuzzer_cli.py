"""`otrspec fuzz`: what it says, what it writes, what finds are good for."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import replace
from errno import ENOSPC
from importlib import resources
from os import strerror
from typing import TYPE_CHECKING

import pytest

from otr_conformance.cli import main
from otr_conformance.derive.plan import Script
from otr_conformance.fuzz.campaign import Campaign
from otr_conformance.fuzz.finds import Find, read
from otr_conformance.fuzz.worker import tables_of
from otr_conformance.otrv3.stage import ReferenceParty
from otr_conformance.protocols import protocol
from otr_conformance.verdict import Verdict
from otr_model import __version__
from otr_model.kernel.variant import NONE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from otr_conformance.fuzz.campaign import State

MOVES = ("tester starts", "everything arrives", "target types", "everything arrives")
FIND = Find(
    "otrv3",
    Script("v3", MOVES),
    "everything is delivered: the tester's user was told no message private target types",
    ("otrv3.instances:received.ready.data",),
    Verdict.FAIL,
    "reference",
    "reference",
    __version__,
    tables_of("otrv3"),
)


@pytest.fixture(autouse=True)
def _page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The file of a find that a conforming target does not show."""
    path = tmp_path / "find.json"
    path.write_text(FIND.write())
    return path


def test_a_short_run_says_how_far_it_came(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fuzz", "reference", "--steps", "120", "--seed", "4"]) == 0

    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith(f"reference {__version__}, otrv3: ")
    assert "cells " in out
    assert "pairs " in out
    assert out.endswith("Nothing was found that is not known.\n")


def test_the_same_for_programs_and_in_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / name for name in ("report.json", "junit.xml", "page.html")]
    options = ["--report", files[0], "--junit", files[1], "--html", files[2]]
    corpus = tmp_path / "corpus"

    status = main(
        [
            *("fuzz", "reference", "--steps", "60", "--json", "--corpus", str(corpus)),
            *map(str, options),
        ]
    )

    assert status == 0
    (document,) = json.loads(capsys.readouterr().out)
    assert document["exit"] == 0
    assert document["steps"] >= 60
    assert 0 < document["pairs"] < document["pairs_reachable"]
    assert document["finds"] == []
    assert all(file.stat().st_size for file in files)
    assert (corpus / "scripts-otrv3.jsonl").read_text().count("\n") > 10


def test_coverage_is_laid_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fuzz", "reference", "--coverage", "--steps", "60", "--json"]) == 1

    document = json.loads(capsys.readouterr().out)
    for how in ("steered", "uniform"):
        assert document[how]["steps"] >= 60
        assert len(document[how]["missing_pairs"]) == (
            document[how]["pairs_reachable"]
            - document[how]["pairs"]
            - document[how]["pairs_out_of_reach"]
        )
        assert all(each["because"] for each in document[how]["out_of_reach"])


def test_a_reference_that_does_not_know_what_to_do_is_told_of_beside_coverage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> None:
        message = "no row for this"
        raise LookupError(message)

    monkeypatch.setattr(ReferenceParty, "receive", lost)

    asked = ["fuzz", "reference", "--coverage", "--steps", "60", "--corpus", str(tmp_path)]
    assert main([*asked, "--json"]) == 1

    document = json.loads(capsys.readouterr().out)
    for how in ("steered", "uniform"):
        (find,) = document[how]["finds"]
        assert find["because"] == "LookupError: no row for this"
        assert find["verdict"] == "crash"
    assert [read(str(file), file.read_bytes()).because for file in tmp_path.glob("finds/*/*")] == [
        find["because"]
    ]

    assert main(asked) == 1
    assert "LookupError: no row for this" in capsys.readouterr().out


def test_a_find_that_does_not_show_any_more_passes_and_is_drawn(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fuzz", "--replay", str(written), "reference"]) == 0

    out = capsys.readouterr().out
    assert out.startswith("pass ")
    assert "D-H Commit v3" in out
    assert "message (0x1001): PLAINTEXT → ENCRYPTED" in out


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"script": Script("v3", ("no such move",))}, "there is no move 'no such move'"),
        ({"script": Script("nobody", MOVES)}, "nobody"),
        ({"protocol": "otrv9"}, "there is no protocol 'otrv9'"),
    ],
)
def test_a_find_that_cannot_be_played_any_more_is_stale(
    change: dict[str, object], because: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "stale.json"
    path.write_text(replace(FIND, **change).write())  # type: ignore[arg-type]

    assert main(["fuzz", "--replay", str(path), "reference", "--json"]) == 1

    (replayed,) = json.loads(capsys.readouterr().out)["replays"]
    assert replayed["outcome"] == "stale"
    assert because in replayed["because"]


def test_a_find_of_other_tables_and_of_another_target_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "old.json"
    path.write_text(replace(FIND, tables="0" * 64, target="libotr").write())

    assert main(["fuzz", "--replay", str(path), "reference", "--json"]) == 0

    (replayed,) = json.loads(capsys.readouterr().out)["replays"]
    assert replayed["remark"] == (
        "the tables have changed since it was found; it was found with libotr"
    )


def test_a_find_is_a_case_in_python(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fuzz", "--replay", str(written), "--case"]) == 0

    source = capsys.readouterr().out
    suite = protocol("otrv3").suite
    before = set(suite.cases)
    exec(compile(source, "made", "exec"), {})  # noqa: S102 - what was just written
    (name,) = set(suite.cases) - before
    try:
        case = suite.cases[name]
        assert case.about.startswith("Does what the tables say")
        result = suite.grader.grade(
            case, suite.terms(), suite.grader.reference_target(NONE), explained=False
        )
        assert result.verdict is Verdict.PASS
    finally:
        del suite.cases[name]


def test_a_find_is_drawn(written: Path, tmp_path: Path) -> None:
    folder = tmp_path / "drawn"

    assert main(["fuzz", "--replay", str(written), "--svg", str(folder)]) == 0

    (drawing,) = folder.iterdir()
    assert drawing.read_text().lstrip().startswith("<svg")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["fuzz"], "name a target"),
        (["fuzz", "--case"], "name their files with --replay"),
        (["fuzz", "/nowhere/at/all"], "does not start as a shim"),
        (["fuzz", "--replay", "/nowhere.json", "reference"], "No such file"),
        (["fuzz", "reference", "reference-shim", "--report", "r.json"], "about one target"),
    ],
)
def test_misuse_is_one_line(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert complaint in err
    assert err.count("\n") == 1


# --- Where nothing can be written -------------------------------------------------------------

TOY = f"{sys.executable} {resources.files('otr_conformance.shims') / 'template_python.py'}"


@pytest.mark.parametrize(
    "arguments",
    [
        ["fuzz", "reference", "--steps", "9", "--corpus"],
        ["fuzz-bytes", "--time", "1s", "--folder"],
        ["fuzz-bytes", "reference", "--time", "1s", "--folder"],
        ["learn", "reference", "--resume"],
        ["mutate", "--sample", "1", "--resume"],
    ],
)
def test_a_folder_that_cannot_be_written_is_refused_before_the_run(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert main([*arguments, str(file / "in")]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"otrspec: {file / 'in'}: Not a directory\n"


def test_a_file_is_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.write_text("")

    assert main(["fuzz", "reference", "--steps", "9", "--corpus", str(file)]) == 2
    assert capsys.readouterr().err == f"otrspec: {file}: is no folder\n"


def test_the_command_that_plays_a_find_again_can_be_given_to_a_shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus, report = tmp_path / "the corpus", tmp_path / "report.json"
    asked = ["fuzz", TOY, "--steps", "4"]
    assert main([*asked, "--corpus", str(corpus), "--report", str(report)]) == 1
    (told,) = {line.strip() for line in capsys.readouterr().out.splitlines() if "--replay" in line}
    (outcome,) = json.loads(report.read_text())["results"]

    assert outcome["replay"] == told
    assert main(shlex.split(told)[1:]) == 1
    assert capsys.readouterr().out.startswith("fail ")

    assert main([*asked, "--report", str(report)]) == 1
    (outcome,) = json.loads(report.read_text())["results"]
    assert "replay" not in outcome


def test_finds_are_shown_where_they_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(ENOSPC, strerror(ENOSPC))

    monkeypatch.setattr("pathlib.Path.replace", full)
    assert main(["fuzz", TOY, "--steps", "4", "--corpus", str(tmp_path)]) == 1

    out, err = capsys.readouterr()
    assert "1 find that nobody knows" in out
    assert "it could not be written, and stands here alone" in out
    assert "--replay" not in out
    assert err.count("No space left on device: a find could not be written there") == 1
    assert [path for path in tmp_path.rglob("*") if path.suffix in {".new", ".json"}] == []


def test_an_interrupt_leaves_what_was_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(campaign: Campaign, *_: object) -> Iterator[State]:
        yield from run(campaign, 0.0, 30)
        raise KeyboardInterrupt

    run = Campaign.run
    monkeypatch.setattr(Campaign, "run", interrupted)

    assert main(["fuzz", TOY, "--steps", "9000", "--json"]) == 130
    out, err = capsys.readouterr()
    (document,) = json.loads(out)
    assert document["exit"] == 130
    assert document["finds"]
    moves = f"{document['steps']:,} moves"
    assert err == f"otrspec: interrupted after {moves}\n"


def test_it_is_said_that_no_conversation_became_private(
    capsys: pytest.CaptureFixture[str],
) -> None:
    says = f"became private: otrspec conform {shlex.quote(TOY)} --case 'life.*' says more."
    assert main(["fuzz", TOY, "--steps", "4"]) == 1
    assert says in " ".join(capsys.readouterr().out.split())

    assert main(["fuzz", "reference", "--steps", "9"]) == 0
    says = "No conversation became private: a longer run says more."
    assert says in capsys.readouterr().out

    assert main(["fuzz", "reference", "--steps", "1000"]) == 0
    assert "became private" not in capsys.readouterr().out
