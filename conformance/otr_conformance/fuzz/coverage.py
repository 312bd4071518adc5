"""What was seen of the tables: rows, cells, and pairs of rows that follow each other.

A cell is one state and one event of one table. What can be reached at all is read from the file of
derived scripts (`otr_conformance.derive.record`), in which a search has written it down.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from otr_conformance.derive.record import read
from otr_conformance.protocols import protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from otr_conformance.derive.search import Pair

__all__ = ["ENOUGH", "Cell", "Coverage", "Reach", "Reachable", "cells_of", "reachable"]

Cell = tuple[str, str, str]
"""A table, a state, an event; in the words of ids."""

ENOUGH: Final = 100
"""How often a cell is to be visited in a run that counts as thorough."""


@lru_cache(maxsize=4)
def cells_of(name: str) -> Mapping[str, Cell]:
    """The cell of each row of a protocol, by the id of the row."""
    rows = protocol(name).plan.composition.rows()
    return {row.id: (row.table, row.at.label, row.on.label) for row in rows}


@dataclass(frozen=True, slots=True)
class Reachable:
    """What can be reached.

    Attributes:
        cells: the cells that have a row which can be taken.
        pairs: the pairs of rows.
        beyond: of these, the ones that no play of a fuzzer's can come to, with the reason.
    """

    cells: frozenset[Cell]
    pairs: frozenset[Pair]
    beyond: Mapping[Pair, str]


@lru_cache(maxsize=4)
def reachable(name: str) -> Reachable:
    """What can be reached in a protocol.

    Raises:
        Malformed: if its file of derived scripts is not what `otrspec derive` writes.
    """
    cells = cells_of(name)
    pairs = frozenset(pair for pair in read(name).pairs if cells.keys() >= set(pair))
    why = protocol(name).fuzzing.beyond
    beyond = {pair: why[row] for pair in sorted(pairs) for row in pair if row in why}
    return Reachable(frozenset(cells[row] for pair in pairs for row in pair), pairs, beyond)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a run came.

    Attributes:
        cells: reachable cells that were visited.
        often: of those, the ones that were visited `ENOUGH` times.
        of_cells: how many cells can be reached.
        pairs: reachable pairs that were seen.
        of_pairs: how many pairs can be reached.
        beyond: pairs that were seen, and that the file of derived scripts does not have.
        out: reachable pairs that were not seen, and that no play of a fuzzer's can come to.
    """

    cells: int
    often: int
    of_cells: int
    pairs: int
    of_pairs: int
    beyond: int
    out: int = 0

    @property
    def complete(self) -> bool:
        """Whether everything was seen that a play can come to, and every cell often enough."""
        return self.often == self.of_cells and self.pairs + self.out == self.of_pairs


@dataclass
class Coverage:
    """What a run has seen.

    Attributes:
        protocol: the name of the protocol.
        cells: how often each cell was visited.
        pairs: how often each pair was seen.
        known: the cell of each row.
    """

    protocol: str
    cells: Counter[Cell] = field(default_factory=Counter)
    pairs: Counter[Pair] = field(default_factory=Counter)
    _cells: Counter[Cell] = field(default_factory=Counter)
    _pairs: Counter[Pair] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.known = cells_of(self.protocol)

    def add(self, before: str, rows: Sequence[str]) -> tuple[Pair, ...]:
        """Count rows that were taken one after the other.

        Args:
            before: the row that was taken last before them; "" for none.
            rows: the ids of the rows.

        Returns:
            The pairs that were never seen before.
        """
        fresh = []
        known, last = self.known, before
        for row in rows:
            cell = known.get(row)
            if cell is not None:
                self.cells[cell] += 1
                if last in known:
                    pair = (last, row)
                    self.pairs[pair] += 1
                    if self.pairs[pair] == 1:
                        fresh.append(pair)
            last = row
        return tuple(fresh)

    def taken(self) -> tuple[Counter[Cell], Counter[Pair]]:
        """What was counted since it was asked last."""
        cells, pairs = self.cells - self._cells, self.pairs - self._pairs
        self._cells, self._pairs = Counter(self.cells), Counter(self.pairs)
        return cells, pairs

    def merge(self, cells: Mapping[Cell, int], pairs: Mapping[Pair, int]) -> None:
        """Count what somebody else has seen."""
        self.cells.update(cells)
        self.pairs.update(pairs)

    @property
    def reach(self) -> Reach:
        """How far it came."""
        can = reachable(self.protocol)
        seen = can.cells & self.cells.keys()
        often = sum(self.cells[cell] >= ENOUGH for cell in seen)
        pairs = len(can.pairs & self.pairs.keys())
        beyond = len(self.pairs.keys() - can.pairs)
        out = len(self.out_of_reach())
        return Reach(len(seen), often, len(can.cells), pairs, len(can.pairs), beyond, out)

    @property
    def private(self) -> bool:
        """Whether anything happened in a conversation that was private."""
        table = f"{self.protocol}.message"
        return any(cell[0] == table and cell[1].startswith("encrypted") for cell in self.cells)

    def missing_pairs(self) -> tuple[Pair, ...]:
        """The reachable pairs that were not seen and could have been, in a stable order."""
        can = reachable(self.protocol)
        return tuple(sorted(can.pairs - self.pairs.keys() - can.beyond.keys()))

    def out_of_reach(self) -> Mapping[Pair, str]:
        """The reachable pairs that were not seen as no play can come to them, with the reason."""
        beyond = reachable(self.protocol).beyond
        return {pair: why for pair, why in beyond.items() if pair not in self.pairs}

    def rare_cells(self) -> tuple[tuple[Cell, int], ...]:
        """The reachable cells that were visited less than `ENOUGH` times, the rarest first."""
        can = reachable(self.protocol).cells
        rare: Iterable[tuple[Cell, int]] = ((cell, self.cells[cell]) for cell in can)
        few = (each for each in rare if each[1] < ENOUGH)
        return tuple(sorted(few, key=lambda each: (each[1], each[0])))
