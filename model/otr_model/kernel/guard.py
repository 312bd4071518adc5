"""Guards: what must hold for a row to be taken, as a truth function of conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import unique
from functools import reduce
from itertools import product
from math import prod
from operator import and_, or_
from typing import TYPE_CHECKING

from .words import Word

if TYPE_CHECKING:
    from .vocabulary import Condition

Ask = Callable[["Condition"], bool]


@unique
class Connective(Word):
    """How a guard is made of its parts."""

    ALWAYS = "always"
    ATOM = "a condition"
    NOT = "not"
    AND = "and"
    OR = "or"


@dataclass(frozen=True, slots=True)
class Guard:
    """A truth function of conditions; combine with &, | and ~."""

    connective: Connective
    atom: Condition | None = None
    parts: tuple[Guard, ...] = ()

    @staticmethod
    def of(term: Condition | Guard) -> Guard:
        """The guard that a condition is by itself."""
        return term if isinstance(term, Guard) else Guard(Connective.ATOM, term)

    def __and__(self, other: Condition | Guard) -> Guard:
        if self.connective is Connective.ALWAYS:
            return Guard.of(other)
        return Guard(Connective.AND, None, (self, Guard.of(other)))

    def __or__(self, other: Condition | Guard) -> Guard:
        return Guard(Connective.OR, None, (self, Guard.of(other)))

    def __invert__(self) -> Guard:
        return Guard(Connective.NOT, None, (self,))

    def atoms(self) -> tuple[Condition, ...]:
        """The conditions that occur, each once, in order of appearance."""
        found: dict[Condition, None] = {}
        if self.atom is not None:
            found[self.atom] = None
        for part in self.parts:
            found.update(dict.fromkeys(part.atoms()))
        return tuple(found)

    def holds(self, ask: Ask) -> bool:
        """Whether the guard holds, asking for conditions from left to right as far as needed."""
        match self.connective:
            case Connective.ALWAYS:
                return True
            case Connective.ATOM:
                assert self.atom is not None  # noqa: S101 - an atom has its condition
                return ask(self.atom)
            case Connective.NOT:
                return not self.parts[0].holds(ask)
            case Connective.AND:
                return all(part.holds(ask) for part in self.parts)
            case Connective.OR:
                return any(part.holds(ask) for part in self.parts)

    def where(self, held: Mapping[Condition, int], everywhere: int) -> int:
        """Where the guard holds, of many places at once: one bit for each.

        Args:
            held: where each condition holds.
            everywhere: every bit.
        """
        match self.connective:
            case Connective.ALWAYS:
                return everywhere
            case Connective.ATOM:
                assert self.atom is not None  # noqa: S101 - an atom has its condition
                return held[self.atom]
            case Connective.NOT:
                return everywhere ^ self.parts[0].where(held, everywhere)
            case Connective.AND:
                return reduce(and_, (part.where(held, everywhere) for part in self.parts))
            case Connective.OR:
                return reduce(or_, (part.where(held, everywhere) for part in self.parts))

    def settle(self, known: Mapping[Condition, bool]) -> bool | Condition:
        """Whether the guard holds, as far as it is known; else the condition to ask for next."""
        match self.connective:
            case Connective.ALWAYS:
                return True
            case Connective.ATOM:
                assert self.atom is not None  # noqa: S101 - an atom has its condition
                return known.get(self.atom, self.atom)
            case Connective.NOT:
                part = self.parts[0].settle(known)
                return not part if isinstance(part, bool) else part
            case Connective.AND | Connective.OR:
                decisive = self.connective is Connective.OR
                parts = [part.settle(known) for part in self.parts]
                if decisive in parts:
                    return decisive
                return next((p for p in parts if not isinstance(p, bool)), not decisive)

    @property
    def label(self) -> str:
        """The guard as it stands in the id of a row."""
        match self.connective:
            case Connective.ALWAYS:
                return ""
            case Connective.ATOM:
                return "" if self.atom is None else self.atom.label
            case Connective.NOT:
                inner = self.parts[0]
                bare = inner.connective is Connective.ATOM
                return f"not-{inner.label}" if bare else f"not({inner.label})"
            case Connective.AND:
                return ".".join(part.label for part in self.parts)
            case Connective.OR:
                return "-or-".join(part.label for part in self.parts)

    @property
    def text(self) -> str:
        """The guard in words, by the names of its conditions."""
        match self.connective:
            case Connective.ALWAYS:
                return "always"
            case Connective.ATOM:
                return "" if self.atom is None else self.atom.name
            case Connective.NOT:
                inner = self.parts[0]
                bare = inner.connective is Connective.ATOM
                return f"not {inner.text}" if bare else f"not ({inner.text})"
            case Connective.AND:
                return " and ".join(
                    f"({p.text})" if p.connective is Connective.OR else p.text for p in self.parts
                )
            case Connective.OR:
                return " or ".join(p.text for p in self.parts)


ALWAYS = Guard(Connective.ALWAYS)


def none_of(guards: Sequence[Guard]) -> Guard:
    """The guard that holds where none of the others does."""
    if not guards:
        return ALWAYS
    joined = guards[0]
    for guard in guards[1:]:
        joined = joined | guard
    return ~joined


@dataclass(frozen=True, slots=True)
class Exclusive:
    """Conditions of which at most one holds; with `complete`, exactly one."""

    conditions: tuple[Condition, ...]
    complete: bool = False


def valuations(
    atoms: Sequence[Condition], exclusives: Sequence[Exclusive]
) -> Iterator[dict[Condition, bool]]:
    """Every way in which the conditions can hold under the declared exclusions.

    A complete group counts as complete only where all of its conditions are among the atoms.
    """
    for combination in product(*_choices(atoms, exclusives)):
        valuation: dict[Condition, bool] = {}
        for part in combination:
            valuation.update(part)
        yield valuation


def places(
    atoms: Sequence[Condition], exclusives: Sequence[Exclusive]
) -> tuple[dict[Condition, int], int]:
    """The same for `Guard.where`: one bit for each valuation, in their order.

    Returns:
        Where each condition holds, and every bit.
    """
    choices = _choices(atoms, exclusives)
    count = prod(map(len, choices))
    everywhere = (1 << count) - 1
    held = dict.fromkeys(atoms, 0)
    period = count
    for options in choices:
        again = everywhere // ((1 << period) - 1)  # one bit at the beginning of each period
        length = period // len(options)
        for number, option in enumerate(options):
            here = ((1 << length) - 1 << number * length) * again
            for atom in (each for each, holds in option.items() if holds):
                held[atom] |= here
        period = length
    return held, everywhere


def _choices(
    atoms: Sequence[Condition], exclusives: Sequence[Exclusive]
) -> list[list[dict[Condition, bool]]]:
    """How the conditions of each group can hold, and each of those that are left."""
    left = list(atoms)
    choices: list[list[dict[Condition, bool]]] = []
    for group in exclusives:
        here = [a for a in group.conditions if a in left]
        if len(here) < 2:  # noqa: PLR2004 - one condition excludes nothing
            continue
        left = [a for a in left if a not in here]
        options = [{a: a is chosen for a in here} for chosen in here]
        if not (group.complete and len(here) == len(group.conditions)):
            options.append(dict.fromkeys(here, False))
        choices.append(options)
    choices.extend([{a: False}, {a: True}] for a in left)
    return choices
