"""Leaving out of a script whatever is not needed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .search import pairs_of

if TYPE_CHECKING:
    from .plan import AnyPlan, Script
    from .search import Pair

__all__ = ["last_pairs", "shorten"]


def last_pairs(plan: AnyPlan, script: Script) -> frozenset[Pair]:
    """The pairs of rows that the target takes in the last move of a script.

    The first of a pair may be the last row that it took before. None, where the script cannot be
    played.
    """
    before = plan.play(replace(script, moves=script.moves[:-1]))
    if before is None or not script.moves:
        return frozenset()
    last = before.fired[-1:]
    before.fired.clear()
    if not plan.take(before, plan.moves[script.moves[-1]]):
        return frozenset()
    return frozenset(pairs_of(tuple(each.row for each in (*last, *before.fired))))


def shorten(plan: AnyPlan, script: Script, pair: Pair) -> Script:
    """The same without moves that are not needed for a pair of rows at its end."""
    at = len(script.moves) - 2
    while at >= 0:
        moves = (*script.moves[:at], *script.moves[at + 1 :])
        shorter = replace(script, moves=moves)
        if pair in last_pairs(plan, shorter):
            script = shorter
        at -= 1
    return script
