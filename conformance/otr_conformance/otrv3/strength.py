"""What the cases are worth: which rows they fire, and which faults of a target they notice.

A faulty target is the reference under a variant: a row dropped, a row that leads to another state,
a check skipped. A case notices if its verdict is `fail`; the observation that differs is kept. Only
behaviour counts: nothing but what an observer of the target sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from otr_conformance.verdict import Verdict
from otr_model.kernel.variant import DropRow, EditRow, SkipCheck, Variant, mutants
from otr_model.otrv3.protocol import OTRV3

from .case import CASES
from .grade import grade, predict
from .stage import reference_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .case import Case
    from .labs import Lab


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


def coverage(lab: Lab, cases: Iterable[Case] | None = None) -> Mapping[str, tuple[str, ...]]:
    """For each row, the cases in which the target fires it, in the order of declaration."""
    found: dict[str, list[str]] = {row.id: [] for row in OTRV3.rows()}
    for case in CASES.values() if cases is None else cases:
        for row in dict.fromkeys(fired.row for fired in predict(case, lab).fired):
            found[row].append(case.id)
    return {row: tuple(ids) for row, ids in found.items()}


def skipped_checks() -> tuple[Variant, ...]:
    """A variant for each check that can be skipped."""
    return tuple(
        Variant(f"skip {check.label}", "a check is not made", (SkipCheck(check),))
        for check in OTRV3.checks
        if not check.spec.structural
    )


@lru_cache(maxsize=4)
def faults() -> tuple[Variant, ...]:
    """Every row dropped, every row retargeted, every check skipped."""
    return (*mutants(OTRV3), *skipped_checks())


def row_of(variant: Variant) -> str:
    """The row that a fault is about; "" for a check."""
    for edit in variant.edits:
        if isinstance(edit, DropRow | EditRow):
            return edit.row
    return ""


def notice(variant: Variant, lab: Lab, cases: Iterable[Case]) -> Noticed | None:
    """The first case that notices a fault. A crash counts only if nothing else notices."""
    crash: Noticed | None = None
    for case in cases:
        result = grade(case, lab, reference_target(variant))
        if result.verdict is Verdict.FAIL:
            return Noticed(variant.name, case.id, result.because, result.verdict)
        if result.verdict is Verdict.CRASH and crash is None:
            crash = Noticed(variant.name, case.id, result.because, result.verdict)
    return crash


def measure(
    lab: Lab, variants: Iterable[Variant], by_row: Mapping[str, tuple[str, ...]]
) -> Strength:
    """Play, for each fault, the cases that fire its row (all cases, for a check)."""
    noticed: list[Noticed] = []
    crashed: list[Noticed] = []
    survived: list[str] = []
    for variant in variants:
        row = row_of(variant)
        cases = [CASES[i] for i in by_row[row]] if row else list(CASES.values())
        found = notice(variant, lab, cases)
        if found is None:
            survived.append(variant.name)
        elif found.verdict is Verdict.CRASH:
            crashed.append(found)
        else:
            noticed.append(found)
    return Strength(tuple(noticed), tuple(crashed), tuple(survived))
