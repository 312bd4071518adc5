"""What to play next: uniformly at random, or where little was seen so far.

    steer = Steer(fuzzing, Random(seed))
    seed = steer.begin()            # where an episode begins: a script that is known, or nothing
    name = steer.choose(play)       # the next move
    steer.learn(play, name, rows, fresh)

Steering knows nothing of where faults are, nor what can be reached. It learns from counts alone:

- most episodes begin behind a row behind which few began so far, at one of several stages that are
  kept for it. With the reference alone a stage can be forked, so that nothing is replayed;
- of a few moves that are possible, the one is taken that was tried least often behind that row;
  half of them are drawn from those that showed something new of late;
- scripts are kept that show a pair of rows for the first time, and some that stand at other places
  behind a row;
- every so often the cell is looked for that was visited least, and a script that visits it is
  played with something put in, left out or replaced, and goes on from there.

The same seed makes the same choices, as long as nothing else is learned meanwhile.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from .coverage import Coverage
from .solo import Solo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from random import Random

    from otr_conformance.derive.search import Pair

    from .coverage import Cell
    from .solo import Play
    from .vocabulary import Fuzzing

__all__ = ["Begin", "Seed", "Steer"]

_LOOKED: Final = 4
"""Moves that are compared before one is taken."""
_DRAWN: Final = 40
"""Moves that are drawn in search of one that is possible, at most."""
_CONTEST: Final = 4
"""Rows that are compared before an episode begins behind one."""
_PER_ROW: Final = 10
"""Scripts that are kept for a row, at most, beside those that show a pair first."""
_PER_CELL: Final = 6
"""Scripts that visit a cell, and are kept for that, at most."""
_LATELY: Final = 300
"""Moves that are remembered because they showed something new."""
_LONG: Final = 60
"""Moves of a script from which on it is kept only if it shows a pair first."""
_EXCHANGED: Final = 0.01
"""How often a script is exchanged for another one, where there are as many as are kept."""
_FRESH: Final = 0.12
"""The share of episodes that begin with nothing but somebody who is drawn."""
_RARE: Final = 0.2
"""The share of episodes that begin with a rare cell."""
_DULL: Final = 0.1
"""How often somebody plays who shows what arrives as it is."""
_FRUITFUL: Final = 0.5
"""The share of moves that are drawn from those that showed something new of late."""


@dataclass(slots=True, eq=False)
class Seed:
    """A script that is kept.

    Attributes:
        part: who plays.
        moves: what happens.
        pairs: the pairs of rows that it was the first to show, in its last move.
        stage: the stage after it, where it was played by the reference alone.
        last: the row that was taken last.
        used: how many episodes began with it.
    """

    part: str
    moves: tuple[str, ...]
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
        kept: how many scripts were kept so far.
        own: of these, the ones that were the first here to show a pair of rows, in that order.
    """

    fuzzing: Fuzzing
    random: Random
    uniform: bool = False
    possible: tuple[str, ...] = ()
    able: Callable[[str], bool] = _everybody
    coverage: Coverage = field(init=False)
    kept: int = 0
    own: list[Seed] = field(default_factory=list)
    _tried: dict[str, Counter[str]] = field(default_factory=dict)
    _begun: Counter[str] = field(default_factory=Counter)
    _behind: dict[str, list[Seed]] = field(default_factory=dict)
    _rows: list[str] = field(default_factory=list)
    _places: set[int] = field(default_factory=set)
    _lately: deque[str] = field(default_factory=lambda: deque(maxlen=_LATELY))
    _by_cell: dict[Cell, list[Seed]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.coverage = Coverage(self.fuzzing.plan.protocol)
        self.possible = self.possible or tuple(self.fuzzing.vocabulary)
        self._parts = tuple(self.fuzzing.plan.parts)

    @property
    def seeds(self) -> list[Seed]:
        """The scripts that are kept now."""
        return [seed for behind in self._behind.values() for seed in behind]

    # Where to begin.

    def begin(self) -> Begin:
        """How the next episode begins."""
        chance = self.random.random()
        if self.uniform or not self._rows or chance < _FRESH:
            return Begin(self._part())
        if chance < _FRESH + _RARE:
            rare = self._rare()
            if rare is not None:
                return rare
        return self._behind_a_row()

    def _part(self) -> str:
        """Somebody to play."""
        for _ in range(_DRAWN):
            part = self.fuzzing.draw_part(self.random)
            if self.able(part) and not self._is_dull(part):
                return part
        return next((part for part in self._parts if self.able(part)), self._parts[0])

    def _is_dull(self, part: str) -> bool:
        """Whether somebody is passed over who hardly ever speaks OTR, and only over bytes."""
        cast = self.fuzzing.read_part(part).cast
        seldom = not self.uniform and self.fuzzing.as_it_is(cast)
        return seldom and self.random.random() >= _DULL

    def _behind_a_row(self) -> Begin:
        """A script that leads to a row behind which few episodes began."""
        rows, random = self._rows, self.random
        several = (rows[int(random.random() * len(rows))] for _ in range(_CONTEST))
        row = min(several, key=lambda each: self._begun[each])
        self._begun[row] += 1
        seed = random.choice(self._behind[row])
        seed.used += 1
        return Begin(seed.part, seed.moves, seed.stage, seed.last)

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

    def choose(self, play: Play, last: str) -> str:
        """The next move, behind a row; "" if none of those that were drawn is possible."""
        if self.uniform:
            return self._by_chance(play)
        random, lately, possible = self.random.random, self._lately, self.possible
        tried = self._tried_behind(last)
        best, least, looked = "", 1 << 30, 0
        for _ in range(_DRAWN):
            if lately and random() < _FRUITFUL:
                name = lately[int(random() * len(lately))]
            else:
                name = possible[int(random() * len(possible))]
            times = tried[name]
            if times < least and play.can(name):
                best, least = name, times
                looked += 1
                if not times or looked >= _LOOKED:
                    break
        return best

    def _by_chance(self, play: Play) -> str:
        possible = self.possible
        for _ in range(_DRAWN):
            name = possible[int(self.random.random() * len(possible))]
            if play.can(name):
                return name
        return ""

    def _tried_behind(self, last: str) -> Counter[str]:
        tried = self._tried.get(last)
        if tried is None:
            tried = self._tried[last] = Counter()
        return tried

    # What is learned.

    def tried(self, last: str, name: str, times: int = 1) -> None:
        """Note that a move was tried behind a row; `times`: as if it had been so often."""
        if not self.uniform:
            self._tried_behind(last)[name] += times

    def learn(self, play: Play, before: str, rows: Sequence[str]) -> tuple[Pair, ...]:
        """Count the rows that the last move led to, and keep the script if it shows something.

        Args:
            play: after the move.
            before: the row that was taken last before it.
            rows: those that were taken in it.

        Returns:
            The pairs that were never seen before.
        """
        fresh = self.coverage.add(before, rows)
        if self.uniform or play.cut:
            return fresh
        last = rows[-1] if rows else before
        if fresh or self._is_new(last, play):
            stage = play.fork() if isinstance(play, Solo) else None
            seed = Seed(play.part, tuple(play.script), fresh, stage, last)
            self._enter(seed, rows)
            if fresh:
                self.own.append(seed)
                self._lately.extend(seed.moves[-1:])
        return fresh

    def _is_new(self, last: str, play: Play) -> bool:
        """Whether a play is at a place that is new behind a row behind which few are kept."""
        if len(play.script) > _LONG:
            return False
        full = len(self._behind.get(last, ())) >= _PER_ROW
        if full and self.random.random() >= _EXCHANGED:
            return False
        place = hash((last, self.fuzzing.plan.place(play.twin)))
        if place in self._places:
            return False
        self._places.add(place)
        return True

    def _enter(self, seed: Seed, rows: Iterable[str]) -> None:
        """Keep a script, perhaps in place of another one that leads to the same row."""
        behind = self._behind.get(seed.last)
        if behind is None:
            behind = self._behind[seed.last] = []
            self._rows.append(seed.last)
        if len(behind) < _PER_ROW:
            behind.append(seed)
        else:
            behind[self.random.randrange(_PER_ROW)] = seed
        self.kept += 1
        cells = self.coverage.known
        for row in rows:
            cell = cells.get(row)
            if cell is not None:
                several = self._by_cell.setdefault(cell, [])
                if len(several) < _PER_CELL:
                    several.append(seed)

    def adopt(self, seed: Seed) -> None:
        """Keep a script that somebody else has found."""
        if seed.pairs:
            seed.last = seed.last or seed.pairs[-1][1]
        self._enter(seed, (row for pair in seed.pairs for row in pair[1:]))
