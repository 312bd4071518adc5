"""A script that is a little different: a message arrives later, somebody does something else.

alter = Altering(fuzzing, tuple(fuzzing.vocabulary), Random(seed))
moves = alter(("tester starts", "to target", "to tester"))
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from otr_conformance.derive.usual import ARRIVES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from random import Random

    from .vocabulary import Fuzzing

__all__ = ["ONE_BY_ONE", "Altering"]

Moves = tuple[str, ...]

_OVERTAKES: Final = {
    "to target": "last to target",
    "last to target": "last to target",
    "to target 0": "last to target",
    "to tester": "last to tester",
    "last to tester": "last to tester",
    "to tester 0": "last to tester",
}
"""For a move that delivers a message, one by which a later message arrives before it."""
ONE_BY_ONE: Final = ("to target", "to tester") * 3
"""What is played instead of everything that arrives at once, so that something may overtake."""
_ONE: Final = ", to target 0"
"""What the moves end with that deliver a message, but not as it was."""
_REPEATS: Final = ("again to ", "repeated to ")
"""What the moves begin with by which a message arrives once more."""
_NUMBERS: Final = ("", *(f" {number}" for number in range(8)))
_DELIVERS: Final = tuple(f"to {who}{each}" for who in ("target", "tester") for each in _NUMBERS)
"""What the moves end with that deliver something."""
_PASSES: Final = (" passes", " pass")
"""What the moves end with that let time pass."""
_STEM: Final = 2
"""Moves that begin with so many words alike are drawn as one."""
_OVERTAKES_ALL: Final = 0.5
"""How often something more that is sent overtakes what is on its way."""
_NAMES: Final = ("target", "tester")
"""Words that say who does something."""
_MORE: Final = 0.5
"""How often somebody does one thing more while a message is on its way for long."""
_TWICE: Final = 0.3
"""How often a script is altered once more."""


class Altering:
    """Alters scripts.

    Args:
        fuzzing: what a protocol states.
        possible: the names of the moves that may be played.
        random: where chance comes from.

    Attributes:
        fuzzing: what a protocol states.
        random: where chance comes from.
        wishes: what the users of both sides may wish for.
        waits: what lets time pass.
        repeats: what delivers a message once more.
        quiet: what delivers nothing.
    """

    def __init__(self, fuzzing: Fuzzing, possible: Sequence[str], random: Random) -> None:
        self.fuzzing, self.random = fuzzing, random
        known = frozenset(possible)
        by_event = [tuple(filter(known.__contains__, each)) for each in fuzzing.users.values()]
        by_event += [tuple(filter(known.__contains__, map(_tester, each))) for each in by_event]
        self.wishes: Moves = tuple(dict.fromkeys(name for each in by_event for name in each))
        self._otherwise = {
            name: tuple(other for other in each if other != name)
            for each in by_event
            for name in each
        }
        reach = tuple(name for name in possible if name.endswith(_ONE))
        self._falsified: dict[str, Moves] = dict.fromkeys(_OVERTAKES, reach)
        quiet = (name for name in possible if not name.endswith(_DELIVERS))
        self.quiet = tuple(name for name in quiet if name != ARRIVES)
        self.waits = tuple(name for name in self.quiet if name.endswith(_PASSES))
        stems: dict[str, list[str]] = defaultdict(list)
        for name in self.quiet:
            if name not in self.waits:
                stems[" ".join(name.split()[:_STEM])].append(name)
        self._stems = tuple(tuple(each) for each in (*stems.values(), self.waits) if each)
        self.repeats = tuple(name for name in possible if name.startswith(_REPEATS))
        self._alike = _alike(self._stems)
        self._kinds = (
            self._likewise,
            self._late,
            self._repeated,
            self._wished,
            self._sent,
            self._added,
            self._added,
            self._other,
            self._other,
            self._altered,
            self._less,
        )

    def __call__(self, moves: Moves) -> Moves:
        """The same with one thing otherwise, or two."""
        moves = self.random.choice(self._kinds)(moves)
        if self.random.random() < _TWICE:
            moves = self.random.choice(self._kinds)(moves)
        return moves

    def _late(self, moves: Moves) -> Moves:
        """One message arrives later: others overtake it.

        What arrives all at once arrives one by one.
        """
        slowly = tuple(_one_by_one(moves))
        delivered = [at for at, name in enumerate(slowly) if name in _OVERTAKES]
        if not delivered:
            return moves
        at = self.random.choice(delivered)
        last = _OVERTAKES[slowly[at]]
        rest = [last if _OVERTAKES.get(each) == last else each for each in slowly[at + 1 :]]
        if not rest or self.random.random() < _MORE:
            rest[:0] = self.random.choice(self.wishes), last
        until = self.random.randrange(len(rest)) + 1
        return (*slowly[:at], *rest[:until], last.removeprefix("last "), *rest[until:])

    def _repeated(self, moves: Moves) -> Moves:
        """Some message arrives once more."""
        return self._with(moves, self.repeats)

    def _wished(self, moves: Moves) -> Moves:
        """A user wishes for something more."""
        return self._with(moves, self.wishes)

    def _sent(self, moves: Moves) -> Moves:
        """Something more is sent, and overtakes what is on its way; or all of that arrives."""
        at = self.random.randrange(len(moves) + 1)
        name = self.random.choice(self.random.choice((self.wishes, *self._stems)))
        return (*moves[:at], name, self.delivers(name), *moves[at:])

    def delivers(self, name: str) -> str:
        """What delivers what a move may have sent: that alone, or everything on its way."""
        last = "last to tester" if name.startswith("target") else "last to target"
        return last if self.random.random() < _OVERTAKES_ALL else ARRIVES

    def _added(self, moves: Moves) -> Moves:
        """Something else happens that delivers nothing."""
        return self._with(moves, self.random.choice(self._stems))

    def _with(self, moves: Moves, names: Sequence[str]) -> Moves:
        if not names:
            return moves
        at = self.random.randrange(len(moves) + 1)
        return (*moves[:at], self.random.choice(names), *moves[at:])

    def _other(self, moves: Moves) -> Moves:
        """A user wishes for the same in another way."""
        return self._replaced(moves, self._otherwise)

    def _likewise(self, moves: Moves) -> Moves:
        """What delivers nothing is something else of the kind."""
        return self._replaced(moves, self._alike)

    def _altered(self, moves: Moves) -> Moves:
        """What is delivered is not as it was."""
        return self._replaced(moves, self._falsified)

    def _replaced(self, moves: Moves, others: Mapping[str, Moves]) -> Moves:
        places = [at for at, name in enumerate(moves) if others.get(name)]
        if not places:
            return moves
        at = self.random.choice(places)
        return (*moves[:at], self.random.choice(others[moves[at]]), *moves[at + 1 :])

    def _less(self, moves: Moves) -> Moves:
        """Something does not happen."""
        at = self.random.randrange(len(moves) + 1)
        return (*moves[:at], *moves[at + 1 :])


def _alike(stems: Iterable[Moves]) -> dict[str, Moves]:
    """For each move, others that begin with the same words: two, or one where it is no name."""
    wider: dict[str, list[str]] = defaultdict(list)
    for names in stems:
        first = names[0].split()[0]
        by = names[0] if first in _NAMES else first
        wider[by] += names
    return {
        name: tuple(other for other in names if other != name)
        for names in wider.values()
        for name in names
    }


def _tester(name: str) -> str:
    return name.replace("target", "tester", 1)


def _one_by_one(moves: Iterable[str]) -> Iterable[str]:
    for name in moves:
        yield from ONE_BY_ONE if name == ARRIVES else (name,)
