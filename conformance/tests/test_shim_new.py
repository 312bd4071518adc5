"""`otrspec shim new`: what is written runs as it is, in every language that is there."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from otr_conformance.cli import main
from otr_conformance.protocols import protocol
from otr_conformance.runner import run_all
from otr_conformance.shim.check import check_shim
from otr_conformance.shim.protocol import REQUESTS, Hello, OtrVersion, PolicyWord
from otr_conformance.shims import json_helper, toy
from otr_conformance.shims.recipes import RECIPES, Recipe, contents
from otr_conformance.shims.template_python import Shim
from otr_conformance.targets import Target
from otr_conformance.verdict import Verdict

SHIMS = Path(json_helper.__file__).parent
TOOLS = {"python": "python3", "c": "make", "go": "go", "javascript": "node"}
STRICT = ("-std=c11", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Wpedantic", "-Werror")


@pytest.fixture(autouse=True)
def _children_find_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


def written(language: str, place: Path) -> Recipe:
    assert main(["shim", "new", language, "--directory", str(place)]) == 0
    return RECIPES[language]


def run(command: list[str], place: Path, **environment: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own
        command, cwd=place, env=os.environ | environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def built(language: str, place: Path) -> list[str]:
    """A new shim, built; the command that runs it from anywhere."""
    if shutil.which(TOOLS[language]) is None:
        pytest.skip(f"{TOOLS[language]} is not here")
    recipe = written(language, place)
    if recipe.build:
        run(shlex.split(recipe.build), place, GOFLAGS="", GO111MODULE="on", GOPROXY="off")
    program, *rest = shlex.split(recipe.command)
    if program == "python3":
        program = sys.executable
    here = [str(place / word) if (place / word).exists() else word for word in (program, *rest)]
    return here if rest or program.startswith("./") else [program, *here[1:]]


@pytest.mark.slow
@pytest.mark.parametrize("language", RECIPES)
def test_what_is_written_builds_and_nothing_is_wrong_with_it(language: str, tmp_path: Path) -> None:
    command = built(language, tmp_path / "new shim")

    assert check_shim(command, timeout=30) == []

    case = protocol("otrv3").suite.cases["otrv3.case:life.started-by-tester"]
    with run_all(Target(language, tuple(command)), [case], jobs=1) as running:
        (played,) = running
    assert played.result.verdict is Verdict.FAIL  # a toy speaks no OTR
    assert running.farewells == []


@pytest.mark.parametrize("language", RECIPES)
def test_the_minimal_profile_takes_about_eighty_lines(language: str) -> None:
    own = contents(RECIPES[language])[RECIPES[language].own]

    assert len(own.splitlines()) <= 90
    assert b"replace" in own


@pytest.mark.parametrize("language", RECIPES)
def test_the_readme_has_the_commands_and_a_recipe_for_ci(language: str) -> None:
    recipe = RECIPES[language]
    readme = contents(recipe)["README.md"].decode()

    assert f"    otrspec shim check {recipe.command}\n" in readme
    assert f"    otrspec conform {shlex.quote(recipe.command)}\n" in readme
    assert f"          - run: otrspec shim check {recipe.command}\n" in readme
    assert recipe.build in readme
    assert not re.search(r"\{[a-z_]+\}", readme)
    for name in recipe.toy:
        assert f"`{name}`" in readme


def test_nothing_is_overwritten_and_then_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "toy.h").write_text("mine")

    assert main(["shim", "new", "c", "--directory", str(tmp_path)]) == 2

    assert "toy.h: it exists already, and is not overwritten" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["toy.h"]
    assert (tmp_path / "toy.h").read_text() == "mine"


def test_what_was_written_is_shown_with_what_to_do_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "new"
    written("javascript", place)

    shown = capsys.readouterr().out
    assert str(place / "shim.mjs") in shown
    assert "  otrspec shim check node shim.mjs\n" in shown
    assert "  otrspec conform 'node shim.mjs' --case 'life.*'\n" in shown


def test_programs_are_told_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "new"
    assert main(["shim", "new", "Go", "--directory", str(place), "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["language"] == "go"
    assert told["command"] == ["./shim"]
    assert set(told["files"]) == {
        str(each.relative_to(place)) for each in place.rglob("*") if each.is_file()
    }


def test_a_language_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["shim", "new", "javascrpit"]) == 2

    assert "did you mean javascript?" in capsys.readouterr().err


def test_every_file_of_the_helpers_is_in_a_recipe() -> None:
    """A helper that gets another file would otherwise be written without it."""
    for language in ("c", "go", "javascript"):
        sources = {
            str(each.relative_to(SHIMS))
            for each in (SHIMS / language).rglob("*")
            if each.is_file() and each.name != "README.md"
        }
        assert sources == set(RECIPES[language].files.values())


# ---- the helper in C, held to that in Python


LINES = [
    b"",
    b"nonsense",
    b"[]",
    b'{"id": 1}',
    b'{"do": "poll"}',
    b'{"id": "1", "do": "poll", "endpoint": "alice"}',
    b'{"id": 1, "do": "poll", "endpoint": "alice", "endpoint": "alice"}',
    b'{"id": 1, "do": "poll", "endpoint": "nobody"}',
    b'{"id": 1, "do": "poll", "endpoint": "no body"}',
    b'{"id": 1, "do": "poll", "endpoint": ""}',
    b'{"id": 1, "do": "poll", "endpoint": "alice", "x-own": 7}',
    b'{"id": 1, "do": "poll", "endpoint": "alice", "own": 7}',
    b'{"id": 1, "do": "poll", "endpoint": 7}',
    b'{"id": 1, "do": "no-such-request"}',
    b'{"id": 1, "do": "hello", "protocol": 2}',
    b'{"id": 1, "do": "hello"}',
    b'{"id": 1, "do": "receive", "endpoint": "alice"}',
    b'{"id": 1, "do": "receive", "endpoint": "alice", "wire": "AAA"}',
    b'{"id": 1, "do": "receive", "endpoint": "alice", "wire": "AA=="}',
    b'{"id": 1, "do": "receive", "endpoint": "alice", "wire": "AB=="}',
    b'{"id": 1, "do": "receive", "endpoint": "alice", "wire": ""}',
    b'{"id": 1, "do": "send", "endpoint": "alice", "text": "AAAA", "to": 256}',
    b'{"id": 1, "do": "send", "endpoint": "alice", "text": "AAAA", "to": 255}',
    b'{"id": 1, "do": "start", "endpoint": "alice", "by": "query"}',
    b'{"id": 1, "do": "start", "endpoint": "alice", "by": "shouting"}',
    b'{"id": 1, "do": "clock", "seconds": 1}',
    b'{"id": 1, "do": "smp-abort", "endpoint": "alice"}',
    b'{"id": 1, "do": "new", "endpoint": "alice", "account": "a", "peer": "b", "policy": "v3"}',
    b'{"id": 1, "do": "new", "endpoint": "carol", "account": "a", "peer": "b", "policy": "v9"}',
    b'{"id": 1, "do": "new", "endpoint": "carol", "account": "a", "peer": "b", "policy": "v2  v3"}',
    b'{"id": 1, "do": "new", "endpoint": "carol", "account": "a", "peer": "b", "policy": "v3 "}',
    b'{"id": 1, "do": "new", "endpoint": "carol", "account": "a", "peer": "b"}',
    b'{"id": 1, "do": "new", "endpoint": "c", "account": "a", "peer": "b", "policy": "", "tag": 9}',
    b'{"id": 1, "do": "reset", "x-own": ""}',
    b'{"id": 1, "do": "reset", "endpoint": "alice"}',
    b"\xff",
    b"[" * 100_000,
    b"a" * 2_000_000,
]


@pytest.fixture(scope="module")
def c_shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("gcc is not here")
    place = tmp_path_factory.mktemp("c")
    for name, content in contents(RECIPES["c"]).items():
        (place / name).write_bytes(content)
    sources = [str(each) for each in sorted(place.glob("*.c"))]
    sanitizers = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    run([compiler, *STRICT, *sanitizers, "-o", "shim", *sources], place)
    return place / "shim"


@pytest.mark.slow
def test_the_helper_in_c_answers_as_that_in_python_and_sanitizers_find_nothing(
    c_shim: Path,
) -> None:
    first = (
        b'{"id": 0, "do": "new", "endpoint": "alice", "account": "a", "peer": "b", "policy": "v3"}'
    )
    lines = [line for each in LINES for line in (b'{"id": 0, "do": "reset"}', first, each)]
    hello = Hello("my-otr", "0.1", (OtrVersion.V2, OtrVersion.V3), ())
    server = json_helper.Server(Shim, hello)

    done = subprocess.run(  # noqa: S603 - our own
        [str(c_shim)], input=b"\n".join(lines) + b"\n", capture_output=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, b"")
    answers = [json.loads(line) for line in done.stdout.splitlines() if b'"end"' in line]
    expected = [json.loads(server.answer(line).splitlines()[-1]) for line in lines]
    for line, ours, theirs in zip(lines, answers, expected, strict=True):
        told = [(each["end"], each.get("error")) for each in (ours, theirs)]
        assert told[0] == told[1], (line[:100], ours, theirs)


def test_the_helper_in_c_knows_every_request_word_and_event() -> None:
    source = (SHIMS / "c" / "otrshim.c").read_text()

    for do, request in REQUESTS.items():
        assert f'{{"{do}", ' in source
        for field in request.fields:
            assert f'"{field.name}"' in source or f'GIVEN("{field.name}")' in source
    taken = {
        capability
        for request in REQUESTS.values()
        for capability in request.wants(field.name for field in request.fields)
    }
    for capability in taken:
        assert f'"{capability}"' in source
    for word in PolicyWord:
        assert f"{word} " in source or f'{word}"' in source


def test_the_toys_say_nothing_of_otr() -> None:
    for name in ("toy.py", "c/toy.c", "go/toy.go", "javascript/toy.mjs"):
        assert "?TOY" in (SHIMS / name).read_text()
    assert toy.__doc__ is not None
