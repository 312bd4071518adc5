"""Comparisons in conditions and checks, and what their two sides were when somebody asked.

A comparison has two boundaries: `a < b` holds for the last time where a is one less than b, and
fails for the first time where they are equal. Whoever is off by one is wrong at one of them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Final

from otr_model.kernel.expr import Compare, Comparison
from otr_model.kernel.readings import PageReading, PythonReading
from otr_model.kernel.vocabulary import Defined
from otr_reference.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from otr_model.kernel.composition import Composition
    from otr_model.kernel.expr import Bool
    from otr_model.kernel.variant import Applied
    from otr_model.kernel.vocabulary import Check, Condition

__all__ = ["Boundary", "Watched", "WatchingEngine", "comparisons", "watched_in"]

SIDES: Final = {
    Compare.LESS: (("just below", -1), ("equal", 0)),
    Compare.AT_MOST: (("equal", 0), ("just above", 1)),
    Compare.EQUAL: (("equal", 0), ("different", None)),
}
"""The boundaries of each comparison: in words, and the difference of the two sides; None: any."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """A boundary of a comparison.

    Attributes:
        word: the condition or check that compares, by its label.
        text: the comparison, in symbols.
        side: where the two sides stand, in words.
    """

    word: str
    text: str
    side: str

    @property
    def id(self) -> str:
        """All of it, in one line."""
        return f"{self.word}: {self.text}: {self.side}"


@dataclass(frozen=True, slots=True)
class Watched:
    """A comparison in a condition or check.

    Attributes:
        word: the condition or check, by its label.
        how: how it compares.
        text: all of it, in symbols.
        left: computes the left side, of a running step.
        right: the same for the right side.
    """

    word: str
    how: Compare
    text: str
    left: Callable[[Any], int]
    right: Callable[[Any], int]

    def boundaries(self) -> tuple[Boundary, ...]:
        """Both."""
        return tuple(Boundary(self.word, self.text, side) for side, _ in SIDES[self.how])

    def reached(self, step: Any) -> Boundary | None:  # noqa: ANN401 - a step is whatever has the attributes
        """The boundary at which a running step stands, if it is one."""
        try:
            apart = self.left(step) - self.right(step)
        except (AttributeError, TypeError):  # a part of it that nobody would ask for here
            return None
        for side, difference in SIDES[self.how]:
            if apart == difference or (difference is None and apart):
                return Boundary(self.word, self.text, side)
        return None


_PYTHON, _PAGE = PythonReading(), PageReading()


def watched_in(composition: Composition) -> dict[str, tuple[Watched, ...]]:
    """The comparisons of each condition and check, by its label.

    A comparison of two constants is none.
    """
    found: dict[str, tuple[Watched, ...]] = {}
    for condition in composition.conditions:
        if isinstance(condition.spec, Defined):
            found[condition.name] = tuple(_of(condition.name, condition.spec.expr))
    for check in composition.checks:
        if check.spec.expr is not None:
            found[check.label] = tuple(_of(check.label, check.spec.expr))
    return {word: watched for word, watched in found.items() if watched}


def _of(word: str, expr: Bool) -> Iterator[Watched]:
    seen: set[str] = set()
    for part in comparisons(expr):
        text = part.read(_PAGE)
        if text not in seen and part.variables():
            seen.add(text)
            left, right = part.left.read(_PYTHON), part.right.read(_PYTHON)
            yield Watched(word, part.how, text, left, right)


def comparisons(node: object) -> Iterator[Comparison]:
    """The comparisons in an expression."""
    if isinstance(node, Comparison):
        yield node
    if isinstance(node, tuple):
        for each in node:
            yield from comparisons(each)
    elif is_dataclass(node):
        for field in fields(node):
            yield from comparisons(getattr(node, field.name))


class WatchingEngine(Engine[Any]):
    """An engine that notes at which boundaries its steps stand when they are asked.

    Args:
        applied: the composition under a variant.
        step: as for every engine.
        reached: where boundaries are noted.
    """

    def __init__(self, applied: Applied, step: type[Any], reached: set[Boundary]) -> None:
        self._watched = watched_in(applied.composition)
        self._reached = reached
        super().__init__(applied, step)

    def _condition(self, condition: Condition, step: type[Any]) -> Callable[[Any], bool]:
        return self._noting(condition.name, super()._condition(condition, step))

    def _check(self, check: Check, step: type[Any]) -> Callable[[Any], bool]:
        return self._noting(check.label, super()._check(check, step))

    def _noting(self, word: str, answer: Callable[[Any], bool]) -> Callable[[Any], bool]:
        watched = self._watched.get(word)
        if watched is None:
            return answer
        note = self._reached.add

        def noted(run: Any) -> bool:  # noqa: ANN401 - a step is whatever has the attributes
            for each in watched:
                boundary = each.reached(run)
                if boundary is not None:
                    note(boundary)
            return answer(run)

        return noted
