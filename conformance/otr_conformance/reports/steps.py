"""What a case did, step by step, and the step in which a target differed or the case ended.

The log of a case is written on the stage: a step is a line, and what came of it are the lines
behind it that are indented. A case that is predicted has a log of the same steps.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from otr_conformance.citations import ordered, touched
from otr_conformance.play.stage import Observation, Stuck
from otr_conformance.protocols import protocol
from otr_model.kernel.variant import NONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from otr_conformance.play.case import AnyCase
    from otr_conformance.play.stage import AnyStage
    from otr_model.trace import Fired

V = TypeVar("V")

__all__ = ["Differing", "Step", "differing", "ended", "steps_of"]

_SECURED: Final = ("secure ", "still-secure ")
_EXTRA_KEY: Final = "extra-key "


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a case.

    Attributes:
        says: what was done.
        lines: what came of it, in order.
    """

    says: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Differing:
    """The step in which a target differed, or the case ended too early.

    Attributes:
        number: the place of the step in the log, from 1; 0: not known.
        predicted: what the tables predict of it, line by line.
        clauses: the clauses that the rows answer for, the most telling first, which the tables
            predict where the target first lacks something; where it lacks nothing, in the step.
    """

    number: int = 0
    predicted: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()


def steps_of(log: Iterable[str]) -> tuple[Step, ...]:
    """The steps of a log. What stands before the first step is one without a name."""
    found: list[tuple[str, list[str]]] = []
    for line in log:
        if not line.startswith(" "):
            found.append((line, []))
        else:
            if not found:
                found.append(("", []))
            found[-1][1].append(line.strip())
    return tuple(Step(says, tuple(lines)) for says, lines in found)


def differing(case: AnyCase, log: Sequence[str], because: str) -> Differing:
    """Find the step in which a target differed, by playing the case with the reference.

    Args:
        case: the case.
        log: what the target did.
        because: what differs, as the grader says it; it begins with the step.
    """
    predicted = _Predicted(case)
    seen = steps_of(log)
    number = _number(seen, predicted.steps, because)
    if not number:
        return Differing()
    rows = predicted.rows(number, seen[number - 1].lines)
    steps = predicted.steps[number - 1 : number]
    wanted = tuple(_plain(line) for step in steps for line in step.lines)
    return Differing(number, wanted, ordered(case, touched(case, rows)) if rows else ())


def ended(case: AnyCase, log: Iterable[str]) -> Differing:
    """Find the step in which a case came to an end too early, by playing it with the reference.

    Nothing is said of clauses: what ended it says nothing about them.

    Args:
        case: the case.
        log: what was done; lines about what ended it may follow.
    """
    predicted = _Predicted(case).steps
    number = 0
    for seen, wanted in zip(steps_of(log), predicted, strict=False):
        if seen.says != wanted.says:
            break
        number += 1
    lines = predicted[number - 1].lines if number else ()
    return Differing(number, tuple(map(_plain, lines)))


def _number(seen: Sequence[Step], predicted: Sequence[Step], because: str) -> int:
    """The place of the step that differs, from 1; 0: not known."""
    pairs = list(zip(seen, predicted, strict=False))
    differ = [at for at, (a, b) in enumerate(pairs, 1) if _comparable(a) != _comparable(b)]
    named = [at for at in differ if because.startswith(f"{seen[at - 1].says}: ")]
    if named:
        return named[0]
    alike = [at for at, step in enumerate(seen, 1) if because.startswith(f"{step.says}: ")]
    if alike:
        spoken = [at for at in alike if _speaks_of(because, seen[at - 1])]
        return (spoken or alike)[-1]
    return differ[0] if differ else 0


def _speaks_of(because: str, step: Step) -> bool:
    """Whether a sentence names something that came of a step."""
    for line in step.lines:
        who, _, said = _plain(line).partition(": ")
        if said in because and ("->" in who or f"the {who} was told" in because):
            return True
    return False


def _comparable(step: Step) -> tuple[str, Counter[str]]:
    """A step without what randomness decides."""
    return step.says, Counter(map(_plain, step.lines))


def _plain(line: str) -> str:
    """A line without the values that randomness decides."""
    who, _, said = line.partition(": ")
    if said.startswith(_SECURED):
        return f"{who}: {' '.join(said.split(' ')[:2])}"
    if said.startswith(_EXTRA_KEY):
        return f"{who}: {said.rpartition(' ')[0]}"
    return line


class _Predicted:
    """A case as the tables predict it, with the rows that led to each line of the log.

    Attributes:
        steps: of the log.
    """

    def __init__(self, case: AnyCase) -> None:
        suite = protocol(case.id.partition(".")[0]).suite
        grader = suite.grader
        lab = suite.terms() if case.cast.versions else suite.real()
        stage: AnyStage = grader.set_stage(lab, case.cast, grader.reference_target(NONE))
        log, observations = _Counted[str](stage), _Counted[Observation](stage)
        stage.log, stage.observations = log, observations
        with suppress(Stuck):  # as far as it goes
            case.play(stage)
        self._log, self._fired = tuple(log), tuple(stage.fired)
        self._ends = tuple(observations.places)
        self._counts = tuple(fired for _, fired in log.places)
        self.steps = steps_of(self._log)

    def rows(self, number: int, seen: Iterable[str]) -> tuple[Fired, ...]:
        """The rows that the target takes in a step, up to the first line that was not seen.

        Args:
            number: the place of the step, from 1.
            seen: what came of it.

        Returns:
            The rows that led to that line; if every line was seen, all of the step.
        """
        starts = [at for at, line in enumerate(self._log) if not line.startswith(" ")]
        if not 0 < number <= len(starts):
            return ()
        begin, end = starts[number - 1], [*starts[1:], len(self._log)][number - 1]
        at = self._missing(begin, end, seen)
        if at and self._counts[at]:
            earlier = [count for count in self._counts[:at] if count < self._counts[at]]
            return self._fired[max(earlier, default=0) : self._counts[at]]
        before = self._counts[begin]
        fired = [count for logged, count in self._ends if begin < logged <= end]
        return self._fired[before : max(fired, default=before)]

    def _missing(self, begin: int, end: int, seen: Iterable[str]) -> int:
        """The place of the first line between two places that was not seen; 0 for none."""
        left = Counter(map(_plain, seen))
        for at in range(begin + 1, end):
            line = _plain(self._log[at].strip())
            if not left[line]:
                return at
            left[line] -= 1
        return 0


class _Counted(list[V]):
    """A list of a stage's that notes how far the stage was when each of its things was added.

    Attributes:
        places: lines of the log, and rows of the target, at each addition.
    """

    def __init__(self, stage: AnyStage) -> None:
        super().__init__()
        self._stage = stage
        self.places: list[tuple[int, int]] = []

    def append(self, value: V) -> None:
        """Take one more."""
        super().append(value)
        self.places.append((len(self._stage.log), len(self._stage.fired)))
