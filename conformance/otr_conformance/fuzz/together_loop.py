"""What those who meet play next: by chance, and where little was seen so far.

Plays of several cannot be forked, so that each begins anew: with somebody who is drawn, or with a
script that showed a pair of rows first, and its pairs were seen least. Of a few moves that are
possible the one is taken that was tried least behind the row that was taken last. Rows are counted
for each endpoint apart. The same seed makes the same choices.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from otr_conformance.derive.plan import Script
from otr_reference.errors import OtrSpecError

from .coverage import Coverage
from .loop import Trouble
from .together import Deviates
from .vocabulary import UnknownPart

if TYPE_CHECKING:
    from random import Random

    from otr_conformance.derive.search import Pair

    from .together import Together
    from .together_group import Group

__all__ = ["Course", "Known"]

_DRAWN: Final = 40
"""Moves that are drawn in search of one that is possible, at most."""
_LOOKED: Final = 4
"""Moves, and scripts, that are compared before one is taken."""
_FRESH: Final = 0.2
"""The share of plays that begin with nothing but somebody who is drawn."""
_VARIED: Final = 0.3
"""The share of scripts that are begun with in which a move is put in, left out, or done twice."""
_BURST: Final = 20
"""Moves of a play beyond those that it begins with, on the average."""
_LONGEST: Final = 200
"""Moves of a play, at most."""
_BLAMED: Final = 50
"""As if a move had been tried so often, after which there was trouble."""
_USUAL: Final = 0.3
"""How often a move is one of those without which nothing goes on."""


@dataclass(slots=True)
class Known:
    """A script that was the first to show a pair of rows.

    Attributes:
        script: who plays, and what happens.
        pairs: the pairs that it showed first.
        used: how many plays began with it.
    """

    script: Script
    pairs: tuple[Pair, ...] = ()
    used: int = 0


@dataclass
class Course:
    """Plays, one after the other.

    Attributes:
        group: those who meet.
        random: where chance comes from.
        uniform: nothing is learned: everybody and everything is equally likely.
        coverage: what was seen so far.
        kept: the scripts that are kept.
        own: of these, the ones that were found here, in that order.
        steps: the moves that were played so far.
        plays: how many plays there were.
    """

    group: Group
    random: Random
    uniform: bool = False
    coverage: Coverage = field(init=False)
    kept: list[Known] = field(default_factory=list)
    own: list[Known] = field(default_factory=list)
    steps: int = 0
    plays: int = 0
    _tried: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    _last: str = ""
    _lasts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.coverage = Coverage(self.group.name)
        self.moves = self.group.moves
        self._able = frozenset(self.moves)
        usual = (*(f"{n} {does}" for n in self.group.names for does in ("starts", "types")),)
        self._usual = tuple(name for name in ("everything arrives", *usual) if name in self._able)

    def adopt(self, script: Script, pairs: tuple[Pair, ...] = ()) -> None:
        """Keep a script, if all are capable of it."""
        try:
            able = self._able.issuperset(script.moves) and self.group.able(script.part)
        except UnknownPart:  # of one target's
            return
        if able:
            self.kept.append(Known(script, pairs))

    def play(self) -> Trouble | None:
        """Play once; what was wrong, if anything was."""
        begin = self._begin()
        self.plays += 1
        self._last, self._lasts = "", {}
        play: Together | None = None
        name = ""
        try:
            play = self.group.begin(begin.part)
            for name in begin.moves:
                if not play.cut and play.can(name):
                    self._take(play, name)
            left = min(1 + int(self.random.expovariate(1 / _BURST)), _LONGEST)
            while left and not play.cut:
                left -= 1
                name = self._choose(play)
                if not name:
                    break
                self._take(play, name)
        except OtrSpecError as error:
            return self._trouble(begin.part, play, name, error)
        return None

    def _trouble(self, part: str, play: Together | None, name: str, error: OtrSpecError) -> Trouble:
        """What was wrong; what led there is not tried so soon again."""
        moves: tuple[str, ...] = ()
        if play is not None:
            self._tried[self._last][name] += _BLAMED
            moves = tuple(play.script)
            if not isinstance(error, Deviates) and name and moves[-1:] != (name,):
                moves = (*moves, name)
        return Trouble(Script(part, moves), error)

    # Where to begin.

    def _begin(self) -> Script:
        random = self.random
        if self.uniform or not self.kept or random.random() < _FRESH:
            return Script(self._part(), ())
        several = [random.choice(self.kept) for _ in range(_LOOKED)]
        known = min(several, key=lambda each: (each.used, len(each.script.moves)))
        known.used += 1
        script = known.script
        if random.random() >= _VARIED:
            return script
        return Script(script.part, self._varied(script.moves))

    def _part(self) -> str:
        """Somebody to play."""
        fuzzing = self.group.fuzzing
        for _ in range(_DRAWN):
            part = fuzzing.draw_part(self.random)
            if self.group.able(part):
                return part
        return next(part for part in fuzzing.plan.parts if self.group.able(part))

    def _varied(self, moves: tuple[str, ...]) -> tuple[str, ...]:
        """The same with a move put in, left out, or everything from a place on done once more."""
        at = self.random.randrange(len(moves) + 1)
        match self.random.randrange(3):
            case 0:
                return (*moves[:at], self.random.choice(self.moves), *moves[at:])
            case 1:
                return (*moves[:at], *moves[at + 1 :])
            case _:
                return (*moves[:at], *moves[max(at - 2, 0) :])

    # What happens next.

    def _choose(self, play: Together) -> str:
        """The next move; "" if none of those that were drawn is possible."""
        random, tried = self.random, self._tried[self._last]
        best, least, looked = "", 1 << 30, 0
        for _ in range(_DRAWN):
            usual = not self.uniform and random.random() < _USUAL
            name = random.choice(self._usual if usual else self.moves)
            if tried[name] < least and play.can(name):
                best, least = name, 0 if self.uniform else tried[name]
                looked += 1
                if usual or not least or looked >= _LOOKED:
                    break
        return best

    def _take(self, play: Together, name: str) -> None:
        """Play a move, and learn from it."""
        self._tried[self._last][name] += 1
        if not play.play(name):
            return
        self.steps += 1
        fresh: list[Pair] = []
        for who, rows in play.taken.items():
            if rows:
                fresh += self.coverage.add(self._lasts.get(who, ""), rows)
                self._lasts[who] = self._last = rows[-1]
        if fresh and not self.uniform and not play.cut:
            known = Known(Script(play.part, tuple(play.script)), tuple(fresh))
            self.kept.append(known)
            self.own.append(known)
