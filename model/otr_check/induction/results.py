"""What induction says: plain data that can be printed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import unique
from typing import TYPE_CHECKING

from otr_model.kernel.words import Word

if TYPE_CHECKING:
    from .claims import Claim

__all__ = ["Failure", "Outcome", "Result", "Taken", "Trail"]


@unique
class Outcome(Word):
    """What became of a claim."""

    PROVED = "it holds always"
    REFUTED = "it does not hold: a sequence of rows from the beginning leads to where it fails"
    OPEN = "it does not follow, and no sequence was found that refutes it"


@dataclass(frozen=True, slots=True)
class Taken:
    """A row that was taken, in a sequence.

    Attributes:
        row: its id.
        member: the key of the member that took it.
        outside: whether an input came right before it, which it deals with first.
    """

    row: str
    member: int
    outside: bool

    @property
    def text(self) -> str:
        """One line; what an input begins stands out."""
        whose = "master" if self.member == 0 else f"{self.member:#x}"
        return f"{'' if self.outside else '  '}{self.row} ({whose})"


@dataclass(frozen=True, slots=True)
class Trail:
    """A sequence of rows from the beginning, and what holds at its end.

    Attributes:
        rows: the rows.
        values: variables, states and data at the end, by the place where they are kept.
        setting: the configuration in which it was found.
    """

    rows: tuple[Taken, ...]
    values: tuple[tuple[str, str], ...]
    setting: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """The rows, one on each line, then the valuation."""
        lines = [taken.text for taken in self.rows]
        if self.values:
            lines.append(", ".join(f"{name} = {value}" for name, value in self.values))
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that leads from where all claims hold to where one does not.

    It need not be reachable from the beginning: it shows why the claim is not inductive.

    Attributes:
        row: the id of the row, or what happens without one.
        case: who takes it, and who is observed.
        values: what is mentioned, before the step, by the place where it is kept.
    """

    row: str
    case: str
    values: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """Two lines: the step, and the valuation."""
        values = ", ".join(f"{name} = {value}" for name, value in self.values)
        return f"{self.row}, taken by {self.case}\n{values}"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a claim.

    Attributes:
        claim: the claim.
        outcome: the verdict.
        k: for how many steps it was supposed before; 1: plain induction.
        seconds: how long it took.
        steps: how many steps could concern it, each a question to the solver.
        lemmas: the names of other proved claims that the proof supposes.
        failure: why it is not inductive.
        trail: what refutes it.
        witness: a sequence that leads to where it says something.
    """

    claim: Claim
    outcome: Outcome
    k: int
    seconds: float
    steps: int
    lemmas: tuple[str, ...] = ()
    failure: Failure | None = None
    trail: Trail | None = None
    witness: Trail | None = None

    @property
    def proved(self) -> bool:
        """Whether it holds always."""
        return self.outcome is Outcome.PROVED
