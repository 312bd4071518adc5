"""The plain loop: episode after episode, as fast as it goes.

    loop = Loop(steer, Worlds(fuzzing).begin)
    while loop.steps < 1_000_000:
        trouble = loop.episode()

An episode begins somewhere (`Steer.begin`), plays moves that were chosen, and ends after a number
of them, when nothing more can be compared, or in trouble: the target did not do what the tables do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from otr_conformance.derive.plan import Script
from otr_reference.errors import OtrSpecError

from .duel import Differs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .solo import Play
    from .spots import Begin
    from .steer import Steer

__all__ = ["Loop", "Trouble"]

BURST: Final = 8
"""Moves of an episode beyond those that it begins with, on the average."""
REPLAYED: Final = 16
"""The same where what it begins with has to be played."""
LONG: Final = 40
"""The same where it begins with nothing."""
_LONGEST: Final = 400
"""Moves of an episode, at most."""
_BLAMED: Final = 50
"""As if a move had been tried so often, after which there was trouble."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """An episode that did not end by itself.

    Attributes:
        script: what was played, with the move that showed it.
        error: what was wrong.
    """

    script: Script
    error: OtrSpecError


class Loop:
    """Plays episodes.

    Args:
        steer: chooses.
        begin: makes a play of somebody, of which nothing has happened yet.

    Attributes:
        steps: the moves that were played so far.
        episodes: how many episodes there were.
    """

    def __init__(self, steer: Steer, begin: Callable[[str], Play]) -> None:
        self.steer = steer
        self._make = begin
        self.steps = 0
        self.episodes = 0
        self._play: Play | None = None
        self._last = ""
        self._name = ""

    def episode(self) -> Trouble | None:
        """Play an episode; what was wrong, if anything was."""
        steer = self.steer
        how = steer.begin()
        self.episodes += 1
        self._play, self._name, self._last = None, "", ""
        try:
            play = self._begun(how)
            self._extend(play, self._mean(how))
        except OtrSpecError as error:
            return self._trouble(how.part, error)
        return None

    def _mean(self, how: Begin) -> int:
        """Moves beyond those that an episode begins with, on the average."""
        if how.stage is not None:
            return BURST
        return REPLAYED if how.moves or how.then else LONG

    def _begun(self, how: Begin) -> Play:
        """A play of what an episode begins with."""
        steer = self.steer
        play: Play
        self._play = play = self._make(how.part) if how.stage is None else how.stage.fork()
        self._last = how.last
        steer.begun(play, how)
        if how.stage is None:
            self._follow(play, how.moves)
            if how.seed is not None:
                steer.arrived(play, how.seed)
        self._follow(play, how.then)
        return play

    def _follow(self, play: Play, moves: Iterable[str]) -> None:
        """Play moves, as far as they are possible."""
        for name in moves:
            if play.cut:
                return
            if play.can(name):
                self._take(play, name)

    def _extend(self, play: Play, mean: int) -> None:
        """Go on by chance."""
        steer = self.steer
        left = min(1 + int(steer.random.expovariate(1 / mean)), _LONGEST)
        while left and not play.cut:
            name = steer.choose(play, self._last)
            if not name:
                return
            left -= 1
            self._take(play, name)

    def _take(self, play: Play, name: str) -> None:
        """Play a move, and learn from it."""
        steer = self.steer
        fired = play.twin.fired
        before = len(fired)
        self._name = name
        steer.tried(self._last, name)
        if not play.play(name):
            return
        self.steps += 1
        rows = [each.row for each in fired[before:]]
        steer.learn(play, self._last, rows)
        if rows:
            self._last = rows[-1]

    def _trouble(self, part: str, error: OtrSpecError) -> Trouble:
        """What was wrong; what led there is not tried so soon again."""
        play = self._play
        moves: tuple[str, ...] = ()
        if play is not None:
            self.steer.tried(self._last, self._name, _BLAMED)
            moves = tuple(play.script)
            if not isinstance(error, Differs) and self._name and moves[-1:] != (self._name,):
                moves = (*moves, self._name)
        return Trouble(Script(part, moves), error)
