"""What a case did, step by step, and the step in which a target differed.

The log of a case is written on the stage: a step is a line, and what came of it are the lines
behind it that are indented. A case that is predicted has a log of the same steps.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from otr_conformance.citations import ordered, touched
from otr_conformance.play.stage import Observation, Stuck
from otr_conformance.protocols import protocol
from otr_model.kernel.variant import NONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from otr_conformance.play.case import AnyCase
    from otr_conformance.play.stage import AnyStage
    from otr_model.trace import Fired

__all__ = ["Differing", "Step", "differing", "steps_of"]

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
    """The step in which a target differed.

    Attributes:
        number: the place of the step in the log, from 1; 0: not known.
        predicted: what the tables predict of it, line by line.
        clauses: the clauses that its predicted rows answer for, the most telling first.
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
    rows = predicted.rows(number)
    steps = predicted.steps[number - 1 : number]
    wanted = tuple(_plain(line) for step in steps for line in step.lines)
    return Differing(number, wanted, ordered(case, touched(case, rows)) if rows else ())


def _number(seen: Sequence[Step], predicted: Sequence[Step], because: str) -> int:
    """The place of the step that differs, from 1; 0: not known."""
    pairs = list(zip(seen, predicted, strict=False))
    differ = [at for at, (a, b) in enumerate(pairs, 1) if _comparable(a) != _comparable(b)]
    named = [at for at in differ if because.startswith(f"{seen[at - 1].says}: ")]
    if named:
        return named[0]
    alike = [at for at, step in enumerate(seen, 1) if because.startswith(f"{step.says}: ")]
    if alike:
        return alike[-1]
    return differ[0] if differ else 0


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
    """A case as the tables predict it, with the rows of each step.

    Attributes:
        steps: of the log.
    """

    def __init__(self, case: AnyCase) -> None:
        suite = protocol(case.id.partition(".")[0]).suite
        grader = suite.grader
        lab = suite.terms() if case.cast.versions else suite.real()
        stage: AnyStage = grader.set_stage(lab, case.cast, grader.reference_target(NONE))
        marks = _Marks(stage)
        stage.observations = marks
        with suppress(Stuck):  # as far as it goes
            case.play(stage)
        self._log = tuple(stage.log)
        self._fired: tuple[Fired, ...] = tuple(stage.fired)
        self._marks = tuple(marks.places)
        self.steps = steps_of(self._log)

    def rows(self, number: int) -> tuple[Fired, ...]:
        """The rows that the target takes in a step, whose place is counted from 1."""
        starts = [at for at, line in enumerate(self._log) if not line.startswith(" ")]
        if not 0 < number <= len(starts):
            return ()
        begins = starts[number - 1]
        ends = starts[number] if number < len(starts) else len(self._log)
        before = 0
        for logged, fired in self._marks:
            if begins < logged <= ends:
                return self._fired[before:fired]
            before = fired
        return ()


class _Marks(list[Observation]):
    """The observations of a stage, with how much was in its log and its trace after each.

    Attributes:
        places: lines of the log, and rows of the target.
    """

    def __init__(self, stage: AnyStage) -> None:
        super().__init__()
        self._stage = stage
        self.places: list[tuple[int, int]] = []

    def append(self, observation: Observation) -> None:
        """Take one more."""
        super().append(observation)
        self.places.append((len(self._stage.log), len(self._stage.fired)))
