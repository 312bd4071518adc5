"""Cases under other policies of the target.

For each combination of policies under which no case takes a row yet, cases that take it under
another one are played under that, the shortest first, until one takes it. What else a protocol
knows to change about who plays, such as the mode, is tried as well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from otr_reference.engine import Unprepared

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from otr_conformance.play.case import AnyCase

    from .plan import AnyPlan

__all__ = ["TRIED", "Varied", "by_row", "under"]

TRIED = 400
"""Cases that are tried for a combination, at most."""


@dataclass(frozen=True, slots=True)
class Varied:
    """A case under other policies.

    Attributes:
        row: the row that it is there for.
        policies: values of policies, by name.
        base: the id of the case.
        change: the name of what else is changed about who plays; "": nothing.
    """

    row: str
    policies: Mapping[str, bool]
    base: str
    change: str = ""


def by_row(plan: AnyPlan, cases: Iterable[AnyCase]) -> dict[str, list[AnyCase]]:
    """The cases whose target takes each row, those with the fewest rows first."""
    rows = {case: [f.row for f in plan.grader.predict(case, plan.lab).fired] for case in cases}
    found: dict[str, list[AnyCase]] = {}
    for case in sorted(rows, key=lambda case: len(rows[case])):
        for row in dict.fromkeys(rows[case]):
            found.setdefault(row, []).append(case)
    return found


def under(
    plan: AnyPlan, cases: Iterable[AnyCase], row: str, policies: Mapping[str, bool]
) -> Varied | None:
    """A case whose target takes a row under some policies; None if none of those tried does.

    Args:
        plan: what can happen.
        cases: those that take the row under other policies, in the order in which to try them.
        row: its id.
        policies: their values, by name.
    """
    tried: set[Any] = set()
    for case in cases:
        if case.derived and case.name.startswith("policy."):
            continue
        for name, change in plan.changes.items():
            cast = change.made(plan.varied(case.cast, policies))
            known = (case.play, cast)
            if known not in tried and _takes(plan, replace(case, cast=cast), row):
                return Varied(row, policies, case.id, name)
            tried.add(known)
        if len(tried) >= TRIED * len(plan.changes):
            break
    return None


def _takes(plan: AnyPlan, case: AnyCase, row: str) -> bool:
    grader = plan.grader
    try:
        played = grader.predict(case, plan.lab)
    except Unprepared:
        return False
    return not played.stuck and any(each.row == row for each in played.fired)
