"""Where episodes can begin: scripts that are kept, by where they lead."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from otr_conformance.derive.search import Pair

    from .policies import Kind
    from .solo import Solo
    from .standing import States

__all__ = ["DEEP", "Begin", "Group", "Meeting", "Queue", "Seed", "Setting", "Spot"]

S = TypeVar("S", "Spot", "Setting", "Group", "Meeting")

DEEP: Final = 5
"""Moves of a script that count as if one episode had begun where it leads: short ones first."""
_MUCH: Final = 5
"""Rows in one move from which on it is tried wherever both sides stand alike."""
_NOTED: Final = 24
"""Such moves that are noted where they do, at most."""


@dataclass(slots=True, eq=False)
class Spot:
    """Where an episode can begin.

    Attributes:
        last: the row that the target took last.
        states: those of its machines.
        seeds: scripts that lead here.
        begun: how many episodes began here.
        tried: how often each move was tried here.
        hoped: how often each row was tried here, under a policy, for a pair that was expected.
        moved: how often each row was looked for here, under a policy that was not here.
        policies: how many scripts were kept under each policy.
        flags: policies and flags under which scripts were kept.
        depth: how many moves the first of them has.
    """

    last: str
    states: States
    seeds: list[Seed] = field(default_factory=list)
    begun: int = 0
    tried: Counter[str] = field(default_factory=Counter)
    hoped: Counter[tuple[str, Kind]] = field(default_factory=Counter)
    moved: Counter[str] = field(default_factory=Counter)
    policies: Counter[int] = field(default_factory=Counter)
    flags: set[Hashable] = field(default_factory=set)
    depth: int = 0


@dataclass(slots=True, eq=False)
class Seed:
    """A script that is kept.

    Attributes:
        part: who plays.
        moves: what happens.
        pairs: the pairs of rows that it was the first to show, in its last move.
        stage: the stage after it, where it was played by the reference alone.
        spot: where it leads.
        used: how many episodes began with it.
    """

    part: str
    moves: tuple[str, ...]
    pairs: tuple[Pair, ...] = ()
    stage: Solo | None = None
    spot: Spot | None = None
    used: int = 0


@dataclass(frozen=True, slots=True)
class Begin:
    """How an episode begins.

    Attributes:
        part: who plays.
        moves: what is played first.
        stage: the stage after these moves, to be forked; None: they have to be played.
        last: the row that was taken last before that stage.
        then: what is played behind that, before anything is chosen.
        seed: the script that these moves are; None: they are none, or not all of one.
    """

    part: str
    moves: tuple[str, ...] = ()
    stage: Solo | None = None
    last: str = ""
    then: tuple[str, ...] = ()
    seed: Seed | None = None


class Queue(Generic[S]):
    """Spots, or the like: where the fewest episodes began and short scripts lead comes first."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, S]] = []
        self._number = 0

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, spot: S) -> None:
        """A spot that was not here."""
        self._number += 1
        heappush(self._heap, (spot.begun + spot.depth / DEEP, self._number, spot))

    def next(self) -> S:
        """The first; it is now one at which one more has begun."""
        _, _, spot = heappop(self._heap)
        spot.begun += 1
        self.add(spot)
        return spot


@dataclass(slots=True, eq=False)
class Group:
    """Where both sides stand, as far as it matters to users.

    Attributes:
        meetings: where they stand in full.
        begun: how many episodes began at one of these.
        depth: how many moves the first script has that led to one.
        moves: for what was taken in a move at one of these, such a move, as far as it was much.
        left: what users wish for, and what delivers, that was not tried at any of these.
    """

    meetings: Queue[Meeting] = field(default_factory=Queue)
    begun: int = 0
    depth: int = 0
    moves: dict[tuple[str, ...], str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Meeting:
    """Where both sides stand, by all that the tables declare.

    Attributes:
        group: where they stand, as far as it matters to users.
        setting: where all sessions of the target stand, roughly.
        seeds: scripts that lead here.
        begun: how many episodes began here.
        depth: how many moves the first of them has.
        done: of the moves of the group, those that were tried here.
    """

    group: Group
    setting: Setting
    seeds: list[Seed] = field(default_factory=list)
    begun: int = 0
    depth: int = 0
    done: set[str] = field(default_factory=set)

    def note(self, rows: Sequence[str], name: str) -> None:
        """Note the rows that a move led to here: where both sides stand alike, if it was much."""
        self.done.add(name)
        moves = self.group.moves
        if len(rows) >= _MUCH and len(moves) < _NOTED:
            moves.setdefault(tuple(rows), name)


@dataclass(slots=True, eq=False)
class Setting:
    """Where all sessions of the target stand, roughly.

    Attributes:
        meetings: where both sides stand then.
        begun: how many episodes began at one of these.
        depth: how many moves the first script has that led to one.
        left: what delivers nothing, and is to be tried here next.
    """

    meetings: Queue[Meeting] = field(default_factory=Queue)
    begun: int = 0
    depth: int = 0
    left: list[str] = field(default_factory=list)
