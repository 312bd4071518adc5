"""Which cases can notice a mutant, and which of them is played first.

A mutant does what the reference does until it looks at a cell that is edited: one whose rows
differ, ask for what is answered otherwise, or have an effect that differs. Only a case in which the
reference looks at such a cell can notice it. That is no guess: cases that do not are left out.

Among those that can, negative cases about the check that is skipped come first; then the ones that
failed the mutants before, since mutants are tried in the order of the tables, and neighbours fail
alike; then, where numbers are wrong, the cases about boundaries. Of the rest each row that is
concerned has its turn, rare rows first, with short cases before long ones and told stories before
derived pairs. Where the fault may show anywhere, cases that take many rows come before those that
take few.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from otr_model.kernel.composition import checks_of
from otr_model.kernel.variant import (
    Assign,
    DropRow,
    EditRow,
    Falsify,
    Override,
    Redefine,
    SetParameter,
    SetPolicy,
    SkipCheck,
)
from otr_model.kernel.vocabulary import Check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from otr_conformance.play.case import Case
    from otr_model.kernel.composition import AnyRow, Composition
    from otr_model.kernel.variant import Edit, Variant
    from otr_model.kernel.vocabulary import Condition, Effect
    from otr_model.trace import Fired

__all__ = ["Covered", "Plan"]

RECENT: Final = 24
"""How many of the cases that failed a mutant last are tried first."""
_EDGES: Final = (":boundary.", ":strength.")
_DERIVED: Final = ":pair."
"""How the names of such cases begin: those about numbers, and those that were derived."""


@dataclass(frozen=True, slots=True)
class Covered:
    """What a case does with the reference as its target.

    Attributes:
        rows: the rows that are taken.
        failed: the labels of the checks that fail.
        steps: how long it is.
        falsifies: the labels of the checks that the tester's messages fail.
    """

    rows: frozenset[str]
    failed: frozenset[str]
    steps: int
    falsifies: frozenset[str]

    @classmethod
    def of(cls, case: Case[Any, Any], fired: tuple[Fired, ...], steps: int) -> Covered:
        """What a case does, of its trace."""
        edits = case.cast.variant.edits
        return cls(
            frozenset(each.row for each in fired),
            frozenset(each.failed for each in fired if each.failed),
            steps + len(fired) // 8,
            frozenset(edit.check.label for edit in edits if isinstance(edit, Falsify)),
        )


@dataclass
class Plan:
    """Which cases to play for a mutant, in which order.

    Attributes:
        composition: the tables.
        covered: what each case does, by its id.
    """

    composition: Composition
    covered: Mapping[str, Covered]
    _recent: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._by_row: dict[str, set[str]] = {row.id: set() for row in self.composition.rows()}
        for case, done in self.covered.items():
            for row in done.rows:
                self._by_row.setdefault(row, set()).add(case)

    def cases(self, variant: Variant) -> list[str]:
        """The ids of the cases that can notice a variant, most promising first."""
        concerned = self.concerned(variant)
        rows = set(self._by_row) if concerned is None else set(concerned)
        able = set().union(*(self._by_row[row] for row in rows)) if rows else set[str]()
        own = self._own(variant)
        first = [
            *self._about(variant, able),
            *(case for case in self._recent if case in able),
            *(self._edges(able) if _counts(variant) else ()),
            *self._in_turn(own or rows, able, richest=concerned is None and not own),
            *self._in_turn(rows, able, richest=concerned is None),
            *sorted(able),
        ]
        return list(dict.fromkeys(first))

    def _about(self, variant: Variant, able: set[str]) -> list[str]:
        """The cases in which a check that is skipped fails, negative ones first."""
        checks = {edit.check.label for edit in variant.edits if isinstance(edit, SkipCheck)}
        found = [
            case
            for case in able
            if checks & (self.covered[case].falsifies | self.covered[case].failed)
        ]
        return sorted(found, key=lambda case: (not checks & self.covered[case].falsifies, case))

    @staticmethod
    def _edges(able: set[str]) -> list[str]:
        """The cases about boundaries, and those that a mutant asked for."""
        return sorted(case for case in able if any(name in case for name in _EDGES))

    def _in_turn(self, rows: set[str], able: set[str], *, richest: bool) -> Iterator[str]:
        """Of each row in turn one case more, of rare rows first: so none is left for the end."""

        def rank(case: str) -> tuple[bool, int, str]:
            done = self.covered[case]
            return (_DERIVED in case, -len(done.rows) if richest else done.steps, case)

        if richest:
            yield from sorted(able, key=rank)
            return
        rarest = sorted(rows, key=lambda row: (len(self._by_row[row]), row))
        queues = [sorted(self._by_row[row], key=rank) for row in rarest]
        for turn in zip_longest(*queues):
            yield from (case for case in turn if case is not None)

    def _own(self, variant: Variant) -> set[str]:
        """The rows that a variant is about: those that are edited, or have the effect that is."""
        rows = {edit.row for edit in variant.edits if isinstance(edit, DropRow | EditRow)}
        names = {edit.operation.upper() for edit in variant.edits if isinstance(edit, Override)}
        return rows | {
            row.id for row in self.composition.rows() if any(e.name in names for e in row.do)
        }

    def noticed(self, case: str) -> None:
        """A case has failed a mutant: it is tried first for the next ones."""
        if case in self._recent:
            self._recent.remove(case)
        self._recent.insert(0, case)
        del self._recent[RECENT:]

    def concerned(self, variant: Variant) -> frozenset[str] | None:
        """The rows of the cells that are edited; None where code may differ anywhere."""
        found: set[str] = set()
        for edit in variant.edits:
            match edit:
                case Override() | Falsify() | SetPolicy() | SetParameter():
                    return None
                case _:
                    found.update(self._of(edit))
        return frozenset(found)

    def _of(self, edit: Edit) -> Iterator[str]:
        match edit:
            case EditRow(row, when=None):
                yield row
            case DropRow(row) | EditRow(row):
                yield from self._cell(self.composition.row(row))
            case SkipCheck(check):
                yield from self._asking(lambda condition: check in checks_of(condition))
            case Redefine(word):
                yield from self._asking(_asks(word))
            case Assign(effect):
                yield from self._doing(effect)
            case _:
                pass

    def _cell(self, row: AnyRow) -> Iterator[str]:
        for other in self.composition.rows():
            if (other.table, other.at, other.on) == (row.table, row.at, row.on):
                yield other.id

    def _asking(self, asks: Callable[[Condition], bool]) -> Iterator[str]:
        for row in self.composition.rows():
            if any(asks(condition) for condition in row.when.atoms()):
                yield from self._cell(row)

    def _doing(self, effect: Effect) -> Iterator[str]:
        return (row.id for row in self.composition.rows() if effect in row.do)


def _counts(variant: Variant) -> bool:
    """Whether a variant is about numbers."""
    return any(isinstance(edit, Redefine | Assign | SetParameter) for edit in variant.edits)


def _asks(word: Condition | Check) -> Callable[[Condition], bool]:
    """Whether a condition is the word, or makes the check that it is."""
    if isinstance(word, Check):
        return lambda condition: word in checks_of(condition)
    return lambda condition: condition is word
