"""The command line as a whole: its help, its start, its statuses, what it says when misused."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from otr_conformance.cli import main
from otr_model import __version__

COMMANDS = (
    *("conform", "cases", "cases show", "shim check", "shim schema", "peer list", "peer install"),
    *("report", "compare", "interop", "learn"),
    *("cases dialects", "forge parse", "forge modify", "forge read", "forge show-mac-key"),
    *("forge remac", "forge session-keys", "forge dake", "forge offline", "forge ensemble"),
    *("forge impersonate", "forge transcript"),
    *("table", "diagram", "clauses", "export", "decode", "vectors", "check", "bench"),
    "generate",
    *("mutate", "fuzz", "fuzz-bytes"),
)
LOADED = """
import sys
from otr_conformance.cli import main

main(["--help"])
heavy = "z3 pygraphviz graphviz cryptography gmpy2 nacl rich hypothesis aalpy distributed".split()
print([name for name in heavy if name in sys.modules], file=sys.stderr)
"""
PROGRAM = "import sys; from otr_conformance.cli import main; sys.exit(main())"


@pytest.fixture(autouse=True)
def _page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **settings}
    return subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment,
    )


def test_help_lists_every_command_under_what_it_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    out, err = capsys.readouterr()
    assert err == ""
    for section in ("Test an implementation:", "Read the protocol:", "Keep it right:"):
        assert section in out
    for command in {name.split()[0] for name in COMMANDS}:
        assert f"\n  {command}  " in out
    assert "Exit status: 0 all as expected" in out
    assert "..." not in out.partition("Options:")[2]  # no command's line is cut off


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command.split(), "--help"]) == 0

    out = capsys.readouterr().out
    assert f"Usage: otrspec {command} " in out
    assert f"  otrspec {command.partition(' ')[0]}" in out.partition("Examples:")[2]
    assert "--json" in out


def test_the_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0

    assert capsys.readouterr().out == f"otrspec {__version__}\n"


def test_help_loads_nothing_heavy() -> None:
    loaded = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", LOADED],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert loaded.stderr == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["confrom"], "otrspec: no such command 'confrom'"),
        (["conform"], "otrspec conform: missing argument 'TARGET'"),
        (["conform", "reference", "--al"], "otrspec conform: no such option: --al"),
        (["conform", "reference", "--timeout", "soon"], "otrspec conform: invalid value for"),
        (["conform", "reference", "--protocol", "otrv9"], "'--protocol': 'otrv9' is not one of"),
        (["conform", "python3", "shim.py"], "the command of a shim is one argument, in quotes"),
        (["cases", "display"], "otrspec cases: no such command 'display'"),
        (["clauses", "--uncited", "--against", "x"], "ask for --uncited or for --against"),
    ],
)
def test_misuse_is_one_line_and_status_2(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert complaint in err
    assert err.count("\n") == 1
    assert "--help" in err


@pytest.mark.parametrize("group", ["", "shim", "peer"])
def test_a_group_alone_says_what_there_is(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(group.split())

    assert status in {0, 2}
    assert "Usage: otrspec" in "".join(capsys.readouterr())


def test_a_fault_of_ours_is_no_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_wanted: str) -> int:
        message = "out of luck"
        raise RuntimeError(message)

    monkeypatch.setattr("otr_conformance.cli.cases.find_case", broken)

    assert main(["cases", "show", "anything"]) == 3

    out, err = capsys.readouterr()
    assert out == ""
    assert "RuntimeError: out of luck" in err
    assert err.endswith("a fault of otrspec itself; please report it with the lines above\n")


def test_an_interrupt_ends_with_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_wanted: str) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("otr_conformance.cli.cases.find_case", interrupted)

    assert main(["cases", "show", "anything"]) == 130

    assert capsys.readouterr().err.split("\n")[-2:] == ["otrspec: interrupted", ""]


def test_a_reader_who_has_seen_enough_is_no_fault() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-c", PROGRAM, "clauses"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        complaint = process.stderr.read()
        status = process.wait(timeout=60)

    assert complaint == b""
    assert status == 141


def test_lines_are_as_wide_as_the_page() -> None:
    narrow = run("clauses", "--section", "Policies", COLUMNS="60")
    wide = run("clauses", "--section", "Policies", COLUMNS="200")

    assert narrow.returncode == wide.returncode == 0
    assert all(
        len(line) <= 60 or len(line.split()[-1]) > 40  # an id is never folded
        for line in narrow.stdout.splitlines()
    )
    assert max(map(len, wide.stdout.splitlines())) > 60
    assert narrow.stdout.split() == wide.stdout.split()


def test_the_schemas_are_json_with_and_without_asking(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["shim", "schema"], ["export", "--schema"]):
        assert main(command) == 0
        plain = capsys.readouterr().out
        assert main([*command, "--json"]) == 0

        assert capsys.readouterr().out == plain
        assert json.loads(plain)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
