"""What the cases are worth: which rows they fire, and which faults of a target they notice.

A faulty target is the reference under a variant: a row dropped, a row that leads to another state,
a check skipped. A case notices if its verdict is `fail`; the observation that differs is kept. Only
behaviour counts: nothing but what an observer of the target sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from otr_conformance.verdict import Verdict
from otr_model.kernel.variant import DropRow, EditRow, SkipCheck, Variant, mutants

from .case import Cast
from .labs import Lab
from .stage import AnyStage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from otr_model.kernel.composition import Composition

    from .case import Case
    from .grade import Grader

__all__ = ["AnyTrial", "Noticed", "Strength", "Trial", "row_of"]

L = TypeVar("L", bound=Lab)
C = TypeVar("C", bound=Cast)
S = TypeVar("S", bound=AnyStage)


@dataclass(frozen=True, slots=True)
class Noticed:
    """A fault that was noticed: by which case, and by what."""

    variant: str
    case: str
    because: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Strength:
    """What became of a set of faults.

    Attributes:
        noticed: those that a case failed.
        crashed: those that made the target need data which is not there.
        survived: those that no case noticed.
    """

    noticed: tuple[Noticed, ...]
    crashed: tuple[Noticed, ...]
    survived: tuple[str, ...]


def row_of(variant: Variant) -> str:
    """The row that a fault is about; "" for a check."""
    for edit in variant.edits:
        if isinstance(edit, DropRow | EditRow):
            return edit.row
    return ""


@dataclass(frozen=True, eq=False)
class Trial(Generic[L, C, S]):
    """Tries the cases of a protocol on faulty targets.

    Attributes:
        composition: the tables that are made faulty.
        grader: plays the cases.
        cases: all of them, by id.
    """

    composition: Composition
    grader: Grader[L, C, S]
    cases: Mapping[str, Case[C, S]]

    def coverage(
        self, lab: L, cases: Iterable[Case[C, S]] | None = None
    ) -> Mapping[str, tuple[str, ...]]:
        """For each row, the cases in which the target fires it, in the order of declaration.

        Rows of another composition, which a target takes where it speaks an older version, count
        for nothing.
        """
        found: dict[str, list[str]] = {row.id: [] for row in self.composition.rows()}
        for case in self.cases.values() if cases is None else cases:
            for row in dict.fromkeys(fired.row for fired in self.grader.predict(case, lab).fired):
                if row in found:
                    found[row].append(case.id)
        return {row: tuple(ids) for row, ids in found.items()}

    def skipped_checks(self) -> tuple[Variant, ...]:
        """A variant for each check that can be skipped."""
        return tuple(
            Variant(f"skip {check.label}", "a check is not made", (SkipCheck(check),))
            for check in self.composition.checks
            if not check.spec.structural
        )

    def faults(self) -> tuple[Variant, ...]:
        """Every row dropped, every row retargeted, every check skipped."""
        return self._faults

    @cached_property
    def _faults(self) -> tuple[Variant, ...]:
        return (*mutants(self.composition), *self.skipped_checks())

    def notice(self, variant: Variant, lab: L, cases: Iterable[Case[C, S]]) -> Noticed | None:
        """The first case that notices a fault. A crash counts only if nothing else notices."""
        crash: Noticed | None = None
        for case in cases:
            target = self.grader.reference_target(variant)
            result = self.grader.grade(case, lab, target, explained=False)
            if result.verdict is Verdict.FAIL:
                return Noticed(variant.name, case.id, result.because, result.verdict)
            if result.verdict is Verdict.CRASH and crash is None:
                crash = Noticed(variant.name, case.id, result.because, result.verdict)
        return crash

    def measure(
        self, lab: L, variants: Iterable[Variant], by_row: Mapping[str, tuple[str, ...]]
    ) -> Strength:
        """Play, for each fault, the cases that fire its row (all cases, for a check)."""
        noticed: list[Noticed] = []
        crashed: list[Noticed] = []
        survived: list[str] = []
        for variant in variants:
            row = row_of(variant)
            cases = [self.cases[i] for i in by_row[row]] if row else list(self.cases.values())
            found = self.notice(variant, lab, cases)
            if found is None:
                survived.append(variant.name)
            elif found.verdict is Verdict.CRASH:
                crashed.append(found)
            else:
                noticed.append(found)
        return Strength(tuple(noticed), tuple(crashed), tuple(survived))


AnyTrial = Trial[Any, Any, Any]
