"""What can happen, by name: the moves of a plan, and families of moves with a number.

A script is a list of names. "to target 2" is the move of the family "to target" with the number 2:
which of several messages is meant, counted modulo how many there are, so that a script from which
other moves were taken out still means something.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from otr_conformance.derive.plan import AnyPlan, Move, Part
from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from random import Random

    from otr_model.kernel.words import Word

__all__ = ["UNFORGED", "Family", "Fuzzing", "UnknownMove", "UnknownPart", "Vocabulary"]

UNFORGED: Final = "no MAC key is public that fits a Data Message"
"""Why nothing can be forged: a target may be free to make keys public later, or not at all."""
_DIGITS = 6


class UnknownMove(OtrSpecError, KeyError):
    """A script has a move that there is not: it is of another version, or damaged."""

    __str__ = OtrSpecError.__str__


class UnknownPart(OtrSpecError):
    """A script names somebody to play who cannot be read."""


def _always(_stage: object) -> bool:
    return True


def _nothing(_party: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Family:
    """Moves that differ in a number.

    Attributes:
        name: of all of them, in front of the number.
        play: does it.
        most: how many numbers are worth drawing.
        when: whether it is worth trying.
        needs: capabilities of the shim protocol that a target needs.
        clears: whether it leaves fewer messages on their way.
    """

    name: str
    play: Callable[[Any, int], None]
    most: int
    when: Callable[[Any], object] = _always
    needs: frozenset[str] = frozenset()
    clears: bool = False

    def move(self, number: int) -> Move[Any]:
        """One of them."""
        play = partial(_numbered, self.play, number)
        name = f"{self.name} {number}"
        return Move(name, play, self.when, self.needs, clears=self.clears)


def _numbered(play: Callable[[Any, int], None], number: int, stage: object) -> None:
    play(stage, number)


@dataclass(frozen=True, eq=False)
class Vocabulary(Mapping[str, Move[Any]]):
    """Every move: iterating gives those that are worth drawing; any number can be asked for.

    Attributes:
        plain: moves without a number, by name.
        families: of moves with one, by name.
    """

    plain: Mapping[str, Move[Any]]
    families: Mapping[str, Family]
    _made: dict[str, Move[Any]] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> Move[Any]:
        """A move.

        Raises:
            UnknownMove: if there is no such move.
        """
        known = self.plain.get(name) or self._made.get(name)
        if known is not None:
            return known
        family, _, number = name.rpartition(" ")
        if family not in self.families or not number.isdecimal() or len(number) > _DIGITS:
            message = f"there is no move {name!r}"
            raise UnknownMove(message)
        made = self._made[name] = self.families[family].move(int(number))
        return made

    def __iter__(self) -> Iterator[str]:
        """The names of all moves that are worth drawing, in a stable order."""
        yield from self.plain
        for family in self.families.values():
            yield from (f"{family.name} {number}" for number in range(family.most))

    def __len__(self) -> int:
        """How many are worth drawing."""
        return len(self.plain) + sum(family.most for family in self.families.values())


@dataclass(frozen=True, eq=False)
class Fuzzing:
    """What a protocol states so that it can be fuzzed.

    Attributes:
        plan: its tables, its grader, those who play by name.
        vocabulary: what can happen.
        users: for each event of the tables that a user causes, the moves that cause it at the
            target.
        read_part: who plays, by the name that stands in scripts: a part of the plan, or one that
            was drawn; raises `UnknownPart`.
        draw_part: the name of somebody who is drawn: policies, sizes, modes, a deviation of the
            tester's.
        offered: of what one side sends at once, the hashes that decide between two exchanges which
            were begun at once.
        as_it_is: whether somebody of a cast shows messages as they are, which only bytes can tell.
        under: of a Data Message of the target's and the secure session id told last before it, the
            key that it is under and its counter: of no two are both the same.
        kept: of an endpoint of the reference, what it keeps and should not, or should and does not,
            in sentences.
        judged: has every step of an endpoint of the reference judged by the tables alone, and what
            is wrong with it added to a list, in sentences.
        beside: what else decides where an endpoint of the reference stands.
        beyond: the rows that cases take and that no play of a fuzzer's comes to, with the reason.
    """

    plan: AnyPlan
    vocabulary: Vocabulary
    users: Mapping[Word, tuple[str, ...]]
    read_part: Callable[[str], Part[Any]]
    draw_part: Callable[[Random], str]
    offered: Callable[[Any, tuple[Any, ...]], tuple[Any, ...]]
    as_it_is: Callable[[Any], bool]
    under: Callable[[Any, Any, str], Hashable]
    kept: Callable[[Any], Iterator[str]]
    judged: Callable[[Any, list[str]], None]
    beside: Callable[[Any], Hashable] = _nothing
    beyond: Mapping[str, str] = field(default_factory=dict)
