"""What steering notes of the rows that were taken: what led to them, where, and who took them."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from otr_conformance.derive.plan import Script

from .spots import Seed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .coverage import Cell
    from .policies import Kind, Policies
    from .solo import Play
    from .spots import Spot
    from .standing import States

__all__ = ["Led", "Notes"]

_NOTED: Final = 24
"""Moves that are noted for a row in some states, at most."""
_PLAYED_BY: Final = 8
"""Who is remembered to have taken a row, at most."""
_PER_CELL: Final = 12
"""Moves that are noted because they led to a cell in some states, at most."""
_GROUNDS: Final = 4
"""Scripts that are kept because a row followed in some states, at most."""

Led = tuple[Seed | None, str, tuple[str, ...]]
"""What led somewhere: the script that an episode began with, who played, what was played then."""


@dataclass
class Notes:
    """What led to rows, in which states of the target, and who took them.

    Args:
        policies: what the tables say of policies.
        known: the cell of each row.

    Attributes:
        follows: in some states, the moves that a row followed first.
        stays: in some states, the moves behind which all machines were as before, by the row that
            came last.
        grounds: for a row that followed first and the states before it, what led there.
        turn: the same rows with their states, each to have its turn.
        came: for a cell and the states before it, the moves that led to it.
        came_by: the shortest script that did.
        came_turn: the same cells with their states, each to have its turn.
        taken: the rows that were taken, with the states before them.
        times_taken: how often each row was.
        played_by: who took a row, as far as it is remembered.
        under: the rows that followed first, with what the policy came to for them.
        shortest: for a row, the shortest script that was the first to show a pair with it.
        turn_of_rows: the same rows, each to have its turn.
    """

    policies: Policies
    known: Mapping[str, Cell]
    follows: dict[States, dict[str, list[str]]] = field(default_factory=dict)
    stays: dict[States, dict[str, list[str]]] = field(default_factory=dict)
    grounds: dict[tuple[str, States], list[Led]] = field(default_factory=dict)
    turn: deque[tuple[str, States]] = field(default_factory=deque)
    came: dict[tuple[Cell, States], list[str]] = field(default_factory=dict)
    came_by: dict[tuple[Cell, States], Script] = field(default_factory=dict)
    came_turn: deque[tuple[Cell, States]] = field(default_factory=deque)
    taken: set[tuple[str, States]] = field(default_factory=set)
    times_taken: Counter[str] = field(default_factory=Counter)
    played_by: dict[str, list[str]] = field(default_factory=dict)
    under: set[tuple[str, Kind]] = field(default_factory=set)
    shortest: dict[str, Script] = field(default_factory=dict)
    turn_of_rows: deque[str] = field(default_factory=deque)

    def note(self, was: Spot, here: Spot, rows: Sequence[str], play: Play, led: Led) -> None:
        """Note the rows of a move.

        Args:
            was: where the play was before.
            here: where it is.
            rows: the rows, in order; at least one.
            play: after the move.
            led: what led here.
        """
        self._row(was, rows[0], play.script[-1], play.part)
        self._ground(was, here, rows, play, led)
        self._cells(was, rows, play)

    def _row(self, was: Spot, row: str, name: str, part: str) -> None:
        """Note which row follows a move in some states, and under a policy."""
        kind = self.policies.kind(row, self.policies.of(part))
        if kind is not None and (row, kind) not in self.under:
            self.under.add((row, kind))
        moves = self.follows.setdefault(was.states, {}).setdefault(row, [])
        if len(moves) < _NOTED and name not in moves:
            moves.append(name)

    def _ground(self, was: Spot, here: Spot, rows: Sequence[str], play: Play, led: Led) -> None:
        """Note what led to a row, and which row came last where no machine changed its state."""
        states, name = was.states, play.script[-1]
        if here.states == states:
            moves = self.stays.setdefault(states, {}).setdefault(rows[-1], [])
            if len(moves) < _NOTED and name not in moves:
                moves.append(name)
        key = (rows[0], states)
        several = self.grounds.setdefault(key, [])
        if not several:
            self.turn.append(key)
        self._keep_led(several, led, _GROUNDS)

    def _cells(self, was: Spot, rows: Sequence[str], play: Play) -> None:
        """Note what leads to cells, in which states."""
        cells, states = self.known, was.states
        name, length = play.script[-1], len(play.script)
        for row in rows:
            cell = cells.get(row)
            if cell is None:
                continue
            self.taken.add((row, states))
            several = self.played_by.setdefault(row, [])
            if len(several) < _PLAYED_BY and play.part not in several:
                several.append(play.part)
            self.times_taken[row] += 1
            came = self.came.get((cell, states))
            if came is None:
                came = self.came[cell, states] = []
                self.came_turn.append((cell, states))
            if len(came) < _PER_CELL and name not in came:
                came.append(name)
            known = self.came_by.get((cell, states))
            if known is None or length < len(known.moves):
                self.came_by[cell, states] = Script(play.part, tuple(play.script))

    @staticmethod
    def _keep_led(several: list[Led], entry: Led, most: int) -> None:
        """Keep what led somewhere: all that is short, and of the rest the shortest."""
        if len(several) < most:
            several.append(entry)
            return
        longest = max(range(most), key=lambda at: len(several[at][-1]))
        if len(entry[-1]) < len(several[longest][-1]):
            several[longest] = entry

    def keep_shortest(self, play: Play, row: str) -> None:
        """Keep a script for a row that it takes in its last move, unless there is a shorter one."""
        if row not in self.known:
            return
        known = self.shortest.get(row)
        if known is None:
            self.turn_of_rows.append(row)
        if known is None or len(play.script) < len(known.moves):
            self.shortest[row] = Script(play.part, tuple(play.script))
