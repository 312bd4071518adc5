"""`otrspec shim`: begin one, find out what is wrong with it, see what its lines look like."""

from __future__ import annotations

import shlex
import shutil
import sys
from typing import TYPE_CHECKING

from otr_conformance.shim.check import check_shim
from otr_conformance.shim.schema import render
from otr_conformance.shims.recipes import RECIPES, contents
from otr_conformance.targets import IN_PROCESS, find
from otr_conformance.verdict import ExitCode

from .misuse import Misuse, unknown, write_file
from .screen import DIM, GOOD, HEAD, WRONG, Screen, progress, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from otr_conformance.shim.check import Finding
    from otr_conformance.shims.recipes import Recipe

__all__ = ["check", "new", "schema"]


def new(language: str, directory: Path, *, json: bool) -> ExitCode:
    """Write a shim to begin with.

    Args:
        language: which it is written in.
        directory: where its files go; made if it is not there.
        json: for programs.

    Raises:
        Misuse: if there is none in that language, or a file cannot be written or is there already;
            then nothing is written.
    """
    recipe = RECIPES.get(language.lower())
    if recipe is None:
        raise unknown(language, "shim in", RECIPES, "otrspec shim new --help")
    files = contents(recipe)
    for name in files:
        if (directory / name).exists() or (directory / name).is_symlink():
            message = f"{directory / name}: it exists already, and is not overwritten"
            raise Misuse(message)
    for name, content in files.items():
        path = directory / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"{path.parent}: {error.strerror}"
            raise Misuse(message) from error
        write_file(path, content, replace=False)
    if json:
        write_json(
            {
                "language": recipe.language,
                "directory": str(directory),
                "files": list(files),
                "build": recipe.build,
                "command": shlex.split(recipe.command),
            }
        )
    else:
        _show_new(recipe, directory, list(files))
    return ExitCode.EXPECTED


def _show_new(recipe: Recipe, directory: Path, files: list[str]) -> None:
    """What was written, and what to do next."""
    out = Screen()
    out.line(f"A shim in {recipe.title}, which needs {recipe.needs}:")
    for name in files:
        note = "   put your implementation here, where it says replace" * (name == recipe.own)
        out.whole("  ", str(directory / name), (note, DIM))
    out.line()
    out.line("Next:")
    target = shlex.quote(recipe.command) if " " in recipe.command else recipe.command
    for step in (
        f"cd {shlex.quote(str(directory))}",
        recipe.build,
        f"otrspec shim check {recipe.command}",
        f"otrspec conform {target} --case 'life.*'",
    ):
        if step:
            out.whole("  ", step)


def check(words: list[str], timeout: float, *, json: bool) -> ExitCode:
    """Walk through the protocol with a shim.

    Args:
        words: its program and arguments; one alone may be the name of a target.
        timeout: seconds that one answer may take.
        json: for programs.

    Raises:
        Misuse: if there is no such program.
        UnknownTarget: if it names a peer that is not installed.
    """
    command = _command(words)
    if shutil.which(command[0]) is None:
        message = f"{command[0]}: there is no such program; give the shim's program and arguments"
        raise Misuse(message)
    with progress("checking") as step:
        findings = check_shim(command, timeout=timeout, told=step)
    status = ExitCode.UNEXPECTED if findings else ExitCode.EXPECTED
    if json:
        write_json(
            {
                "command": list(command),
                "exit": int(status),
                "findings": [
                    {
                        "step": each.step,
                        "expected": each.expected,
                        "seen": each.seen,
                        "hint": each.hint,
                        "verdict": each.verdict.word,
                        "request": each.asked,
                        "stderr": each.stderr,
                    }
                    for each in findings
                ],
            }
        )
        return status
    out = Screen()
    for finding in findings:
        _show(out, finding)
    name = shlex.join(command)
    if findings:
        number = len(findings)
        out.line((f"{number} {'thing is' if number == 1 else 'things are'} wrong with", WRONG))
        out.whole("  ", name)
    else:
        out.line(("Nothing is wrong with the shim.", GOOD))
        out.whole("Next: otrspec conform ", shlex.quote(words[0] if len(words) == 1 else name))
    return status


def _command(words: list[str]) -> tuple[str, ...]:
    if len(words) > 1:
        return tuple(words)
    if words[0] == IN_PROCESS:
        message = f"{IN_PROCESS} has no shim: reference-shim is the same behind one"
        raise Misuse(message)
    return find(words[0]).command or ()


def _show(out: Screen, finding: Finding) -> None:
    out.line((finding.step, HEAD), hang=2)
    for label, text in (
        ("expected", finding.expected),
        ("seen", finding.seen),
        ("hint", finding.hint),
        ("request", finding.asked),
    ):
        if text:
            out.line((f"{label:9}", DIM), text, indent=2, hang=9)
    if finding.stderr.strip():
        out.line(("standard error", DIM), indent=2)
        for line in finding.stderr.strip().splitlines()[-20:]:
            out.line(line, indent=4, hang=2)
    out.line()


def schema() -> ExitCode:
    """Print the schema of the lines."""
    sys.stdout.write(render())
    return ExitCode.EXPECTED
