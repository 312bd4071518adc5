"""Finding which rows the target can take one after the other, and how it comes to that.

The search goes from stage to stage, by every move that is possible. Stages that stand at the same
place, with the same row behind them, are taken for one. Those at places that were hardly ever
looked at are looked at first; among these, the ones with the fewest moves behind them. So a
search that is cut short has been everywhere a little.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .plan import Script
from .steady import steady

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from otr_conformance.play.stage import AnyStage

    from .plan import AnyPlan, Move

__all__ = ["Found", "Pair", "pairs_of", "search"]

Pair = tuple[str, str]
"""Two rows that the target takes one after the other."""

ON_THEIR_WAY = 4
"""Messages to one side, at most: beyond, the network delivers or loses."""
ALIKE = 48
"""Stages with one row and one standing of the target behind them that are kept, at most."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        part: who played.
        looked: how many stages were looked at.
        complete: whether nothing was left to look at.
        pairs: the pairs, each with its script.
    """

    part: str
    looked: int
    complete: bool
    pairs: dict[Pair, Script]


def pairs_of(rows: tuple[str, ...]) -> Iterator[Pair]:
    """Each row with the one before it."""
    return pairwise(rows)


@dataclass(slots=True)
class _Node:
    """A stage that was reached.

    Attributes:
        stage: the stage.
        last: the row that the target took last.
        moves: what led here.
        choices: how hashes compare.
        kind: the row, and the standing of the target.
    """

    stage: Any
    last: str
    moves: tuple[str, ...]
    choices: dict[Any, bool]
    kind: Hashable


@dataclass
class _Search:
    plan: AnyPlan
    part: str
    pairs: dict[Pair, Script] = field(default_factory=dict)
    looked: int = 0
    fruitful: int = 0
    _known: set[Hashable] = field(default_factory=set)
    _waiting: list[tuple[int, int, int, _Node]] = field(default_factory=list)
    _used: Counter[Hashable] = field(default_factory=Counter)
    _kept: Counter[Hashable] = field(default_factory=Counter)
    _number: int = 0
    _own: set[str] = field(default_factory=set)

    def begin(self) -> None:
        self._own = {row.id for row in self.plan.composition.rows()}
        stage = self.plan.stage(self.part)
        self._reach(_Node(stage, "", (), {}, ("", self.plan.standing(stage))))

    def run(self, patience: int, progress: Callable[[int, int], None]) -> bool:
        """Look at stages until so many in a row show nothing new; whether none is left."""
        while self.looked - self.fruitful < patience:
            node = self._next()
            if node is None:
                return True
            self.looked += 1
            progress(self.looked, len(self.pairs))
            known = len(self.pairs)
            for move in self._possible(node.stage):
                self._take(node, move)
            if len(self.pairs) > known:
                self.fruitful = self.looked
        return False

    def _next(self) -> _Node | None:
        """The stage to look at next: of the kind that was looked at least often."""
        while self._waiting:
            used, _, number, node = heapq.heappop(self._waiting)
            now = self._used[node.kind]
            if used == now:
                self._used[node.kind] += 1
                return node
            heapq.heappush(self._waiting, (now, len(node.moves), number, node))
        return None

    def _possible(self, stage: AnyStage) -> Iterator[Move[Any]]:
        crowded = max(len(stage.to_target), len(stage.to_tester)) >= ON_THEIR_WAY
        for move in self.plan.moves.values():
            if (move.clears or not crowded) and move.when(stage):
                yield move

    def _take(self, node: _Node, move: Move[Any]) -> None:
        plan = self.plan
        plan.choices.clear()
        plan.choices.update(node.choices)
        stage = plan.fork(node.stage)
        if not plan.take(stage, move):
            return
        moves = (*node.moves, move.name)
        last, new = node.last, list[Pair]()
        for fired in stage.fired:
            pair = (last, fired.row)
            if self._own.issuperset(pair) and pair not in self.pairs:
                new.append(pair)
            last = fired.row
        stage.fired.clear()
        choices = dict(plan.choices) if move.decides else node.choices
        script = Script(self.part, moves)
        if new and steady(plan, script):
            self.pairs.update(dict.fromkeys(new, script))
        self._reach(_Node(stage, last, moves, choices, (last, plan.standing(stage))))

    def _reach(self, node: _Node) -> None:
        """Keep a stage to look at, unless one like it is known."""
        if self._kept[node.kind] >= ALIKE:
            return
        place = (node.last, self.plan.place(node.stage))
        if place in self._known:
            return
        self._known.add(place)
        self._kept[node.kind] += 1
        self._number += 1
        entry = (self._used[node.kind], len(node.moves), self._number, node)
        heapq.heappush(self._waiting, entry)


def _quiet(_looked: int, _pairs: int) -> None:
    pass


def search(
    plan: AnyPlan, part: str, patience: int, progress: Callable[[int, int], None] = _quiet
) -> Found:
    """Find pairs of rows.

    Args:
        plan: what can happen.
        part: who plays.
        patience: the search ends when so many stages in a row showed no pair that is new.
        progress: told how far it is.
    """
    run = _Search(plan, part)
    run.begin()
    complete = run.run(patience, progress)
    return Found(part, run.looked, complete, run.pairs)
