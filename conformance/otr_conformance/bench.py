"""How fast the reference of a protocol is, beside a rival if there is one, or beside its floor.

The floor is the cryptography that the work needs, timed alone. Runs of the two are alternated, so
that a machine that slows down slows both; what is compared are medians.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["TOTAL", "Bench", "Comparison", "Cost", "NotDone", "Phase", "Work", "medians"]

TOTAL: Final = "total"


class NotDone(OtrSpecError):
    """The two ends did not do what is measured: a figure would mean nothing."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one primitive of a floor costs in a phase.

    Attributes:
        primitive: which, in words.
        calls: how many.
        seconds: the median of all calls together.
    """

    primitive: str
    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase, or all of them together.

    Attributes:
        name: of the phase, or "total".
        ours: the median, in seconds.
        libotr: the same; None where it is not installed, or does not speak the protocol.
        floor: the same of the primitives alone; None where that is not measured.
        texts: how many texts ours is about; 0 where it is not about texts.
        each: the median of single texts, in seconds; None where they are not timed one by one.
        costs: of the primitives, the greatest first.
    """

    name: str
    ours: float
    libotr: float | None
    floor: float | None = None
    texts: int = 0
    each: float | None = None
    costs: tuple[Cost, ...] = ()

    @property
    def ratio(self) -> float | None:
        """Ours divided by libotr's, below 1 if the reference is faster; or else by the floor."""
        other = self.floor if self.libotr is None else self.libotr
        return None if other is None else self.ours / other

    @property
    def overhead(self) -> float | None:
        """The seconds that a text takes beyond the floor: the median one, or else the mean one."""
        if not self.texts or self.floor is None:
            return None
        each = self.ours / self.texts if self.each is None else self.each
        return each - self.floor / self.texts


@dataclass(frozen=True, slots=True)
class Work:
    """What one message makes its receiver do.

    Attributes:
        message: which.
        about: what is particular about it.
        octets: its length in bytes.
        operations: what the suite is asked for, counted.
        seconds: the median of the whole step.
    """

    message: str
    about: str
    octets: int
    operations: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """A measurement.

    Attributes:
        runs: how many runs of each side the medians are over.
        fragment: the largest size of a message in bytes; 0: no limit.
        libotr: its version; "" where it was not measured.
        phases: each phase, and the total of a run.
        work: for messages of each kind, the one that makes a receiver do most.
    """

    runs: int
    fragment: int
    libotr: str
    phases: tuple[Phase, ...]
    work: tuple[Work, ...] = ()


@dataclass(frozen=True)
class Bench:
    """What is measured of a protocol.

    Attributes:
        phases: what each phase is, by its name, in their order.
        figures: how much work that is: names for the report, and numbers.
        least_fragment: bytes; the messages of every phase can be sent in fragments of this size.
        rival: whether libotr speaks the protocol.
        compare: measures; takes the number of runs, the largest size of a message in bytes (0: no
            limit), and what is called as each run begins. Raises `NotDone`.
    """

    phases: Mapping[str, str]
    figures: Mapping[str, int]
    least_fragment: int
    rival: bool
    compare: Callable[[int, int, Callable[[str], None]], Comparison]


def medians(
    names: Iterable[str], ours: list[dict[str, float]], theirs: list[dict[str, float]]
) -> tuple[Phase, ...]:
    """The phases of a measurement, and their total.

    Args:
        names: of the phases.
        ours: the seconds of each phase, for each run.
        theirs: the same for libotr; none where it was not measured.
    """
    return tuple(
        Phase(name, _median(ours, name), _median(theirs, name) if theirs else None)
        for name in (*names, TOTAL)
    )


def _median(runs: list[dict[str, float]], name: str) -> float:
    """The median of a phase; for the total, of the sums of the runs."""
    figures = [sum(run.values()) if name == TOTAL else run[name] for run in runs]
    return statistics.median(figures)
