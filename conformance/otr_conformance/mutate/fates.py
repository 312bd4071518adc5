"""What becomes of mutants."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import unique
from typing import TYPE_CHECKING

from otr_model.kernel.words import Word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_check.explore.witness import Witness
    from otr_model.kernel.mutants import Kind, Mutant

__all__ = ["Fate", "Measured", "Outcome"]


@unique
class Fate(Word):
    """What becomes of a mutant."""

    KILLED = "a case fails it"
    CRASHED = "it ends, or never comes to rest, where the reference goes on"
    EQUIVALENT = "proved: nobody can tell it from the reference by what the suite compares"
    INTERNAL = "proved: nobody can tell; what it keeps or forgets may differ"
    NOTED = "a case notes it: an ambiguity is read the other way, or a SHOULD is not followed"
    TOLERATED = "somebody can tell; what differs is what grading lets pass"
    ARGUED = "not proved: an argument in words says why no case fails it"
    SURVIVED = "somebody can tell it from the reference, and no case does"
    UNDECIDED = "no case fails it; that it can be told, or cannot, was not shown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mutant.

    Attributes:
        mutant: which.
        fate: what became of it.
        case: the id of the case that noticed it; "" if none did.
        because: what the case saw, or how the fate is known.
        played: how many cases were played.
        witness: for a survivor, a run that tells it from the reference; for one that crashes in a
            search, the run.
        seconds: of processor time.
    """

    mutant: Mutant
    fate: Fate
    case: str = ""
    because: str = ""
    played: int = 0
    witness: Witness | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What became of the mutants of a protocol.

    Attributes:
        protocol: its name.
        outcomes: one for each mutant, in their order.
        population: how many mutants there are, tried or not.
        seconds: how long it took.
        processor: seconds of processor time, of all processes.
        taken: from outcomes that had been kept, how many.
    """

    protocol: str
    outcomes: tuple[Outcome, ...]
    population: int
    seconds: float
    processor: float
    taken: int = 0

    @property
    def counts(self) -> Mapping[Fate, int]:
        """How many mutants have each fate."""
        found = Counter(outcome.fate for outcome in self.outcomes)
        return {fate: found[fate] for fate in Fate}

    @property
    def by_kind(self) -> Mapping[Kind, Mapping[Fate, int]]:
        """The same for each kind of mutant that was tried."""
        kinds = dict.fromkeys(outcome.mutant.kind for outcome in self.outcomes)
        found = Counter((outcome.mutant.kind, outcome.fate) for outcome in self.outcomes)
        return {kind: {fate: found[kind, fate] for fate in Fate} for kind in kinds}

    def of(self, fate: Fate) -> tuple[Outcome, ...]:
        """The outcomes with a fate."""
        return tuple(outcome for outcome in self.outcomes if outcome.fate is fate)

    @property
    def holds(self) -> bool:
        """Whether no mutant survived that somebody can tell from the reference."""
        return not self.of(Fate.SURVIVED)
