"""The kinds of reports: what came of cases, of learning, of fuzzing.

Only the first is about conformance. What a learner or a fuzzer lists are differences and finds, and
nothing that a target does well: a share of them means nothing. So a report of these has figures of
its own, and wherever reports are shown it is called what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from otr_conformance.verdict import Verdict
from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .report import Report

__all__ = ["Learned", "Played", "ReportKind", "WrongKind", "one_kind"]


class WrongKind(OtrSpecError):
    """A report of this kind cannot be used so; the message is one line that says why."""


class ReportKind(Enum):
    """What a report is about."""

    CONFORMANCE = "conformance"
    LEARNING = "learning"
    FUZZING = "fuzzing"

    @property
    def thing(self) -> str:
        """What is listed, one of them."""
        return _THINGS[self]

    @property
    def command(self) -> str:
        """The command that writes such reports."""
        return _COMMANDS[self]

    def says(self, verdict: Verdict) -> str:
        """What a verdict is called where that is listed."""
        return _LEARNING.get(verdict, verdict.word) if self is ReportKind.LEARNING else verdict.word


_THINGS: Final = {
    ReportKind.CONFORMANCE: "case",
    ReportKind.LEARNING: "difference",
    ReportKind.FUZZING: "find",
}
_COMMANDS: Final = {
    ReportKind.CONFORMANCE: "conform",
    ReportKind.LEARNING: "learn",
    ReportKind.FUZZING: "fuzz",
}
_LEARNING: Final = {Verdict.PASS: "let pass", Verdict.FAIL: "differs"}


def one_kind(reports: Iterable[Report]) -> ReportKind:
    """The kind of several reports that are laid side by side.

    Raises:
        WrongKind: if there are several.
    """
    kinds = list(dict.fromkeys(each.kind for each in reports))
    if len(kinds) > 1:
        words = " and ".join(f"of {kind.value}" for kind in kinds)
        message = f"reports {words} cannot be laid side by side: they do not ask the same"
        raise WrongKind(message)
    return kinds[0]


@dataclass(frozen=True, slots=True)
class Learned:
    """The machine of a target in one setting.

    Attributes:
        setting: the name of the setting.
        about: what it is.
        states: how many states the target has; 0 if it was not learned to its end.
        states_of_tables: how many the machine of the tables has.
        differences: how many differences there are.
        let_pass: how many of these the suite lets pass.
        explained: how many of the others are explained.
        checked: words that did not refute the machine.
        words: words that the target was asked.
        lacking: inputs that it cannot be given.
        stopped: why it was not learned to its end; "" if it was.
        faulty: whether that is the shim's fault, or ours.
    """

    setting: str
    about: str
    states: int
    states_of_tables: int
    differences: int
    let_pass: int
    explained: int
    checked: int = 0
    words: int = 0
    lacking: tuple[str, ...] = ()
    stopped: str = ""
    faulty: bool = False


@dataclass(frozen=True, slots=True)
class Played:
    """What a fuzzer played.

    Attributes:
        protocol: the name of the protocol.
        seed: what was drawn.
        moves: how many moves were played.
        plays: how many plays they were.
        cells: reachable cells that were visited.
        cells_often: of those, the ones that were visited often.
        cells_reachable: how many cells can be reached.
        pairs: reachable pairs of rows that were seen.
        pairs_reachable: how many can be reached.
        private: whether any conversation became private.
        silent: what is known of the target and did not show.
        complaints: what went wrong, a line each.
        lost: why it could not go on; "" if it could.
    """

    protocol: str
    seed: int
    moves: int
    plays: int
    cells: int
    cells_often: int
    cells_reachable: int
    pairs: int
    pairs_reachable: int
    private: bool = True
    silent: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()
    lost: str = ""
