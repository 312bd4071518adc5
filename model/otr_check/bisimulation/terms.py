"""Values in a run, as terms: what is equal is one number.

A term is a tuple, and is kept once, so that terms are told apart by numbers. What is computed from
equal values by the same word is one term; constants are folded; nothing else is known of a value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from otr_model.kernel.expr import BoolVar, Compare, IntArray, IntVar, Reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_model.kernel.words import Word

__all__ = ["ABSENT", "Folding", "Item", "Plain", "Terms"]

Item: TypeAlias = tuple[object, ...]
Plain: TypeAlias = "int | bool | None"
"""A constant: a number, a truth value, or None for data that is not there."""

ABSENT: Final = object()
_TAGS: Final = {bool: "truth", int: "number", type(None): "nothing"}
_CONSTANT: Final = frozenset(_TAGS.values())
_COMPUTE: Final[dict[Compare, Callable[[int, int], bool]]] = {
    Compare.EQUAL: lambda left, right: left == right,
    Compare.LESS: lambda left, right: left < right,
    Compare.AT_MOST: lambda left, right: left <= right,
}


class Terms:
    """A table of terms; each is a number from 0."""

    def __init__(self) -> None:
        self._numbers: dict[Item, int] = {}
        self._items: list[Item] = []
        self._constants: dict[int, Plain] = {}
        self.true, self.false = self.constant(value=True), self.constant(value=False)
        self.nothing = self.constant(value=None)

    def make(self, *item: object) -> int:
        """The number of a term."""
        number = self._numbers.get(item)
        if number is None:
            number = self._numbers[item] = len(self._items)
            self._items.append(item)
        return number

    def constant(self, value: Plain) -> int:
        """The number of a constant."""
        number = self.make(_TAGS[type(value)], value)
        self._constants[number] = value
        return number

    def item(self, number: int) -> Item:
        """The term with a number."""
        return self._items[number]

    def value(self, number: int) -> object:
        """The value of a constant; `ABSENT` for any other term."""
        return self._constants.get(number, ABSENT)

    def text(self, number: int) -> str:
        """A term for people, in brackets where it has parts."""
        kind, *parts = self._items[number]
        if kind in _CONSTANT:
            return str(parts[0])
        if kind == "is":
            return str(parts[0]).rpartition(".")[2]
        words = [self.text(p) if isinstance(p, int) else str(p) for p in parts]
        if kind in {"=", "<", "≤", "+", "-", "mod"}:
            return f"({words[0]} {kind} {words[1]})"
        if kind in {"of", "late"}:
            return f"msg.{parts[0]}"
        return f"{kind}({', '.join(words)})"


class Folding(Reading[int, int]):
    """Reads an expression as a term.

    Args:
        terms: the table.
        variable: the term that a variable is at the moment.
        state: the truth term of a machine of an owner being in one of some states.
    """

    def __init__(
        self,
        terms: Terms,
        variable: Callable[[IntVar | BoolVar], int],
        state: Callable[[str, tuple[Word, ...], str], int],
    ) -> None:
        self._terms = terms
        self._variable = variable
        self._state = state

    def number(self, value: int) -> int:
        """A constant."""
        return self._terms.constant(value)

    def integer(self, variable: IntVar) -> int:
        """What the variable is."""
        return self._variable(variable)

    def element(self, array: IntArray, at: tuple[int, ...]) -> int:
        """A look-up that is not followed: it depends on the indices and on every element."""
        cells = tuple(self._variable(cell) for _, cell in array.cells())
        return self._terms.make("element", array.name, *at, *cells)

    def _two(self, kind: str, left: int, right: int, compute: Callable[[int, int], int]) -> int:
        one, other = self._terms.value(left), self._terms.value(right)
        if isinstance(one, int) and isinstance(other, int):
            return self._terms.constant(compute(one, other))
        return self._terms.make(kind, left, right)

    def plus(self, left: int, right: int) -> int:
        """A sum."""
        return self._two("+", left, right, int.__add__)

    def minus(self, left: int, right: int) -> int:
        """A difference."""
        return self._two("-", left, right, int.__sub__)

    def remainder(self, left: int, divisor: int) -> int:
        """A remainder."""
        return self._two("mod", left, self._terms.constant(divisor), int.__mod__)

    def choose(self, when: int, then: int, otherwise: int) -> int:
        """A choice; either side where both are the same."""
        value = self._terms.value(when)
        if isinstance(value, bool):
            return then if value else otherwise
        return then if then == otherwise else self._terms.make("if", when, then, otherwise)

    def truth(self, value: bool) -> int:  # noqa: FBT001 - see Reading.truth
        """A constant."""
        return self._terms.constant(value)

    def flag(self, variable: BoolVar) -> int:
        """What the variable is."""
        return self._variable(variable)

    def compare(self, how: Compare, left: int, right: int) -> int:
        """A comparison; of equal terms it is decided."""
        terms = self._terms
        one, other = terms.value(left), terms.value(right)
        if isinstance(one, int) and isinstance(other, int):
            return terms.constant(_COMPUTE[how](one, other))
        if left == right:
            return terms.constant(how is not Compare.LESS)
        if how is Compare.EQUAL and isinstance(one, int):
            left, right = right, left
        return terms.make(how.value, left, right)

    def negation(self, part: int) -> int:
        """Not."""
        value = self._terms.value(part)
        return self._terms.make("not", part) if value is ABSENT else self._terms.constant(not value)

    def _many(self, kind: str, parts: tuple[int, ...], decisive: int, neutral: int) -> int:
        if decisive in parts:
            return decisive
        left = tuple(part for part in parts if part != neutral)
        if len(left) <= 1:
            return left[0] if left else neutral
        return self._terms.make(kind, *left)

    def conjunction(self, parts: tuple[int, ...]) -> int:
        """And."""
        return self._many("and", parts, self._terms.false, self._terms.true)

    def disjunction(self, parts: tuple[int, ...]) -> int:
        """Or."""
        return self._many("or", parts, self._terms.true, self._terms.false)

    def in_state(self, machine: str, states: tuple[Word, ...], owner: str) -> int:
        """Whether a machine is in one of some states."""
        return self._state(machine, states, owner)
