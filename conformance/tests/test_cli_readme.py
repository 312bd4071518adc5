"""What the README shows is what the commands write."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from otr_conformance.cli import main
from otr_conformance.peers import libotr

README = Path(__file__).resolve().parents[2] / "README.md"
ELISION = "..."
CHANCE = re.compile(r"\b[0-9a-f]{16}\b|\d+\.\d s|\b(first|second) half bold\b|^ *\d+(?=  [A-Z])")
"""What may differ: a secure session id and who reads out which half, the time, a row's number."""


def shown() -> list[tuple[str, list[str]]]:
    """The commands that the README shows with their output."""
    found: list[tuple[str, list[str]]] = []
    open_block = False
    for line in README.read_text(encoding="utf-8").splitlines():
        if line.startswith("    $ "):
            found.append((line.removeprefix("    $ "), []))
            open_block = True
        elif open_block and (line.startswith("    ") or not line):
            found[-1][1].append(line[4:])
        else:
            open_block = False
    return [(command, trimmed(output)) for command, output in found]


def trimmed(output: list[str]) -> list[str]:
    """Without empty lines at the end."""
    while output and not output[-1]:
        output.pop()
    return output


SHOWN = shown()


def test_there_is_something_to_see() -> None:
    commands = [command.split()[1] for command, _ in SHOWN]

    assert commands == ["conform", "table", "decode", "explore", "witness"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(command, output, marks=[pytest.mark.libotr] if "libotr" in command else [])
        for command, output in SHOWN
    ],
    ids=[command for command, _ in SHOWN],
)
def test_the_readme_shows_what_the_command_writes(
    command: str,
    expected: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    program, *arguments = shlex.split(command)
    assert program == "otrspec"
    if "libotr" in arguments and libotr.locate() is None:
        pytest.skip("libotr is not installed: otrspec peer install libotr")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(README.parent)

    assert main(arguments) == 0

    written = [CHANCE.sub("#", line) for line in capsys.readouterr().out.splitlines()]
    wanted = [CHANCE.sub("#", line) for line in expected]
    if ELISION not in wanted:
        assert written == wanted
        return
    piece = [line for line in wanted if line != ELISION]
    assert any(written[at : at + len(piece)] == piece for at in range(len(written)))
