"""What to play next: uniformly at random, or where little was seen so far.

    steer = Steer(fuzzing, Random(seed))
    seed = steer.begin()            # where an episode begins: a script that is known, or nothing
    name = steer.choose(play)       # the next move
    steer.learn(play, name, rows, fresh)

Steering knows nothing of where faults are, nor what can be reached. It learns from counts alone:

- *kinds* of places are told apart: the row that the target took last, with where it stands. Most
  episodes begin at the kind where fewest began so far; of the moves that are possible there, one
  is taken that was tried least often at that kind;
- scripts that show a pair of rows for the first time, or come to a place that is new, are kept, and
  extended. With the reference alone the stage is kept beside them, so that nothing is replayed;
- every so often the cell is looked for that was visited least, and a script that visits it is
  played with something put in, left out or replaced, and goes on from there.

The same seed makes the same choices, as long as nothing else is learned meanwhile.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from .coverage import Coverage
from .solo import Solo

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence
    from random import Random

    from otr_conformance.derive.search import Pair

    from .coverage import Cell
    from .solo import Play
    from .vocabulary import Fuzzing

__all__ = ["CROWDED", "Begin", "Seed", "Steer"]

CROWDED: Final = 4
"""Messages to one side from which on moves are preferred that leave fewer on their way."""
_LOOKED: Final = 6
"""Moves that are compared before one is taken."""
_DRAWN: Final = 40
"""Moves that are drawn in search of one that is possible, at most."""
_CONTEST: Final = 5
"""Scripts that are compared before one is extended."""
_ALIKE: Final = 12
"""Scripts that lead to one kind of place, and are kept, at most."""
_PER_CELL: Final = 6
"""Scripts that visit a cell, and are kept for that, at most."""
_SEEDS: Final = 12_000
"""Scripts that are kept, at most, beside those that show a pair first."""
_FRESH: Final = 0.06
"""The share of episodes that begin with somebody who is drawn."""
_RARE: Final = 0.25
"""The share of episodes that begin with a rare cell."""


@dataclass(slots=True, eq=False)
class Seed:
    """A script that is kept.

    Attributes:
        part: who plays.
        moves: what happens.
        kind: the kind of place that it leads to.
        pairs: the pairs of rows that it was the first to show, in its last move.
        stage: the stage after it, where it was played by the reference alone.
        last: the row that was taken last.
        used: how many episodes began with it.
    """

    part: str
    moves: tuple[str, ...]
    kind: Hashable = None
    pairs: tuple[Pair, ...] = ()
    stage: Solo | None = None
    last: str = ""
    used: int = 0


@dataclass(frozen=True, slots=True)
class Begin:
    """How an episode begins.

    Attributes:
        part: who plays.
        moves: what is played first.
        stage: the stage after these moves, to be forked; None: they have to be played.
        last: the row that was taken last before that stage.
    """

    part: str
    moves: tuple[str, ...] = ()
    stage: Solo | None = None
    last: str = ""


def _everybody(_part: str) -> bool:
    return True


@dataclass
class Steer:
    """Chooses who plays, where to begin, and what happens next.

    Attributes:
        fuzzing: what a protocol states.
        random: where chance comes from.
        uniform: nothing is learned: everybody and everything is equally likely.
        possible: the names of the moves, of those that the target is capable of; none: all.
        able: whether the target is capable of playing with somebody.
        coverage: what was seen so far.
        seeds: the scripts that are kept.
        own: of these, the ones that were the first here to show a pair of rows, in that order.
    """

    fuzzing: Fuzzing
    random: Random
    uniform: bool = False
    possible: tuple[str, ...] = ()
    able: Callable[[str], bool] = _everybody
    coverage: Coverage = field(init=False)
    seeds: list[Seed] = field(default_factory=list)
    own: list[Seed] = field(default_factory=list)
    _tried: dict[Hashable, Counter[str]] = field(default_factory=dict)
    _begun: Counter[Hashable] = field(default_factory=Counter)
    _kept: Counter[Hashable] = field(default_factory=Counter)
    _places: set[int] = field(default_factory=set)
    _by_cell: dict[Cell, list[Seed]] = field(default_factory=dict)
    _here: object = None
    _standing: Hashable = None

    def __post_init__(self) -> None:
        self.coverage = Coverage(self.fuzzing.plan.protocol)
        self.possible = self.possible or tuple(self.fuzzing.vocabulary)
        self._parts = tuple(self.fuzzing.plan.parts)

    # Where to begin.

    def begin(self) -> Begin:
        """How the next episode begins."""
        chance = self.random.random()
        if self.uniform or not self.seeds or chance < _FRESH:
            return Begin(self._part())
        if chance < _FRESH + _RARE:
            rare = self._rare()
            if rare is not None:
                return rare
        seed = self._least_used()
        seed.used += 1
        self._begun[seed.kind] += 1
        return Begin(seed.part, seed.moves, seed.stage, seed.last)

    def _part(self) -> str:
        """Somebody to play."""
        for _ in range(_DRAWN):
            part = self.fuzzing.draw_part(self.random)
            if self.able(part):
                return part
        return next((part for part in self._parts if self.able(part)), self._parts[0])

    def _least_used(self) -> Seed:
        """Of a few scripts, the one that leads where fewest episodes began."""
        seeds = self.seeds
        several = (seeds[self.random.randrange(len(seeds))] for _ in range(_CONTEST))
        return min(several, key=lambda seed: (self._begun[seed.kind], seed.used))

    def _rare(self) -> Begin | None:
        """A script that visits the rarest cell, made a little different."""
        if not self._by_cell:
            return None
        cells = self.coverage.cells
        rarest = min(self._by_cell, key=lambda cell: cells[cell])
        seed = self.random.choice(self._by_cell[rarest])
        seed.used += 1
        return Begin(seed.part, self._varied(seed.moves))

    def _varied(self, moves: tuple[str, ...]) -> tuple[str, ...]:
        """The same with a move put in, left out, replaced or done twice, or as it is."""
        at = self.random.randrange(len(moves) + 1)
        other = self.random.choice(self.possible)
        match self.random.randrange(6):
            case 0 | 1:
                return (*moves[:at], other, *moves[at:])
            case 2:
                return (*moves[:at], *moves[at + 1 :])
            case 3:
                return (*moves[:at], other, *moves[at + 1 :])
            case 4:
                return (*moves[:at], *moves[max(at - 1, 0) :])
            case _:
                return moves

    # What happens next.

    def choose(self, play: Play, kind: Hashable) -> str:
        """The next move; "" if none of those that were drawn is possible."""
        possible, random = self.possible, self.random
        count = len(possible)
        if self.uniform:
            for _ in range(_DRAWN):
                name = possible[int(random.random() * count)]
                if play.can(name):
                    return name
            return ""
        tried = self._tried_at(kind)
        best, least, looked = "", 1 << 30, 0
        for _ in range(_DRAWN):
            name = possible[int(random.random() * count)]
            times = tried[name]
            if times < least and play.can(name):
                best, least = name, times
                looked += 1
                if not times or looked >= _LOOKED:
                    break
        return best

    def kind(self, play: Play, last: str) -> Hashable:
        """The kind of place that a play is at, whose last row is known."""
        if self.uniform:
            return None
        here = play.twin.target
        conversation = getattr(here, "conversation", None)
        if conversation is None or conversation is not self._here:
            self._here, self._standing = conversation, self.fuzzing.plan.standing(play.twin)
        return last, self._standing

    def _tried_at(self, kind: Hashable) -> Counter[str]:
        tried = self._tried.get(kind)
        if tried is None:
            tried = self._tried[kind] = Counter()
        return tried

    # What is learned.

    def tried(self, kind: Hashable, name: str, times: int = 1) -> None:
        """Note that a move was tried at a kind of place; `times`: as if it had been so often."""
        if not self.uniform:
            self._tried_at(kind)[name] += times

    def learn(
        self, play: Play, before: str, rows: Sequence[str], kind: Hashable
    ) -> tuple[Pair, ...]:
        """Count the rows that the last move led to, and keep the script if it shows something.

        Args:
            play: after the move.
            before: the row that was taken last before it.
            rows: those that were taken in it.
            kind: the kind of place that it is at now.

        Returns:
            The pairs that were never seen before.
        """
        fresh = self.coverage.add(before, rows)
        if not self.uniform and not play.cut and (fresh or self._is_new(kind, play)):
            last = rows[-1] if rows else before
            stage = play.fork() if isinstance(play, Solo) else None
            seed = Seed(play.part, tuple(play.script), kind, fresh, stage, last)
            self._kept[kind] += 1
            self._enter(seed, rows)
            if fresh:
                self.own.append(seed)
        return fresh

    def _is_new(self, kind: Hashable, play: Play) -> bool:
        """Whether a play is at a place that is new, of a kind that is not common."""
        if self._kept[kind] >= _ALIKE or len(self.seeds) >= _SEEDS:
            return False
        place = hash((kind, self.fuzzing.plan.place(play.twin)))
        if place in self._places:
            return False
        self._places.add(place)
        return True

    def _enter(self, seed: Seed, rows: Iterable[str]) -> None:
        self.seeds.append(seed)
        cells = self.coverage.known
        for row in rows:
            cell = cells.get(row)
            if cell is not None:
                several = self._by_cell.setdefault(cell, [])
                if len(several) < _PER_CELL:
                    several.append(seed)

    def adopt(self, seed: Seed) -> None:
        """Keep a script that somebody else has found."""
        self._enter(seed, (row for pair in seed.pairs for row in pair[1:]))
