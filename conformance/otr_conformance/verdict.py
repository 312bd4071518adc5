"""What the suite says about a target, and with which status a run exits.

A verdict says what was seen. Whether it was expected is another question, with another answer for
each run: a target may be known to fail a case. `exit_code` brings the two together.
"""

from __future__ import annotations

from enum import IntEnum, unique
from typing import TYPE_CHECKING, Final

from otr_conformance.words import Spoken

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["GOOD", "ExitCode", "Verdict", "exit_code"]


@unique
class Verdict(Spoken):
    """What came of one case, or of one question to a target."""

    PASS = "pass", "the target did what the specification asks for"
    NOTE = (
        "note",
        "the target did what may be done but should not, or read an ambiguity the other way",
    )
    FAIL = "fail", "the target did what the specification forbids, or not what it asks for"
    UNSUPPORTED = "unsupported", "the target does not offer what the case needs"
    HARNESS_ERROR = (
        "harness-error",
        "the shim or the suite is at fault: nothing is said about the implementation",
    )
    HANG = "hang", "the target did not answer within the time limit"
    CRASH = "crash", "the target's process ended in the middle of the conversation"


GOOD: Final = frozenset({Verdict.PASS, Verdict.NOTE, Verdict.UNSUPPORTED})
"""What is expected of a case for which a run states no expectation."""


class ExitCode(IntEnum):
    """The exit status of every command."""

    EXPECTED = 0
    """Every verdict was the expected one."""

    UNEXPECTED = 1
    """Some verdict was not; none of those was a harness error."""

    MISUSE = 2
    """The command was not understood, or cannot be carried out: no verdict was reached."""

    HARNESS_ERROR = 3
    """The shim or the suite is at fault: the other verdicts of the run deserve no trust."""


def exit_code(verdicts: Iterable[tuple[Verdict, bool]]) -> ExitCode:
    """Sum up a run.

    Args:
        verdicts: Every verdict of the run, and whether it was expected. A run without any counts as
            expected: a command that selected nothing says so before it comes here.

    Returns:
        `HARNESS_ERROR` if there was one that was not expected, whatever else there was; otherwise
        `UNEXPECTED` if any verdict was not expected; otherwise `EXPECTED`.
    """
    surprises = {verdict for verdict, expected in verdicts if not expected}
    if Verdict.HARNESS_ERROR in surprises:
        return ExitCode.HARNESS_ERROR
    return ExitCode.UNEXPECTED if surprises else ExitCode.EXPECTED
