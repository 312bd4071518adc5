"""Expressions of an abstraction in Promela, as short as a scenario allows.

What never changes in a scenario is printed as the constant that it is, and what is constant is
computed: a guard that cannot hold is printed as "false", so that its row can be left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from otr_model.kernel.expr import BoolVar, Compare, IntArray, IntVar, Reading, Scope
from otr_model.kernel.readings import PromelaReading

from .abstraction import Wide

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_model.kernel.expr import Variable
    from otr_model.kernel.words import Word

__all__ = ["Known", "Printed", "Where", "state_name"]

TRUE, FALSE = "true", "false"


def state_name(machine: str, state: Word) -> str:
    """The name of a state in a model: of machine and state, since machines share names."""
    return f"{machine}_{state.name}".upper()


@dataclass(frozen=True, slots=True)
class Where:
    """Where variables are found.

    Attributes:
        side: the endpoint.
        key: the key of the session.
        endpoint: the endpoint's value.
        member: the session at hand.
        master: the session with key 0.
        other: the session that is not at hand.
    """

    side: str = "me"
    key: str = "key"
    endpoint: str = "here"
    member: str = "member"
    master: str = "master"
    other: str = "other"

    @staticmethod
    def at(side: int, key: int) -> Where:
        """A session of an endpoint."""
        endpoint = f"E[{side}]"
        sessions = (f"{endpoint}.m[{key}]", f"{endpoint}.m[0]", f"{endpoint}.m[{1 - key}]")
        return Where(str(side), str(key), endpoint, *sessions)


@dataclass(frozen=True)
class Known:
    """What is known of a scenario before it runs.

    Attributes:
        constants: the configuration of each endpoint.
        member_key: the name of the variable that holds the key of a session.
        cells: for each element of an array: the array, and where the element is in it.
        values: for each variable of a state or message: the values that it can have; None: any.
        still: machines that never leave a state.
        drawn: names of what is drawn; it is no field of a message.
    """

    constants: tuple[Mapping[str, int | bool], Mapping[str, int | bool]]
    member_key: str
    cells: Mapping[Variable, tuple[IntArray, int]]
    values: Mapping[Variable, frozenset[int] | None] = field(default_factory=dict)
    still: Mapping[str, Word] = field(default_factory=dict)
    drawn: frozenset[str] = frozenset()

    def fixed(self, variable: Variable) -> int | None:
        """The one value that a variable has; None if there are more."""
        values = self.values.get(variable, frozenset({int(variable.initial)}))
        return next(iter(values)) if values is not None and len(values) == 1 else None


@dataclass(frozen=True)
class Printed(PromelaReading, Wide[str, str]):
    """Prints an expression for one place, knowing what is known."""

    known: Known
    where: Where = field(default_factory=Where)
    peer: Where | None = None

    # --- Leaves ------------------------------------------------------------------------------

    def integer(self, variable: IntVar) -> str:
        """The name in its place, or the value that it always has."""
        if variable.scope is Scope.ENDPOINT:
            return self._constant(variable.name)
        if variable.name == self.known.member_key and variable.scope is Scope.MEMBER:
            return self.where.key
        fixed = self.known.fixed(variable)
        return self._name(variable, self.where.member) if fixed is None else str(fixed)

    def flag(self, variable: BoolVar) -> str:
        """The name in its place, or the value that it always has."""
        if variable.scope is Scope.ENDPOINT:
            return self._truth(self._constant(variable.name))
        fixed = self.known.fixed(variable)
        if fixed is not None:
            return TRUE if fixed else FALSE
        return self._name(variable, self.where.member)

    def _constant(self, name: str) -> str:
        one, other = (int(each[name]) for each in self.known.constants)
        if self.where.side != "me":
            return str((one, other)[int(self.where.side)])
        return str(one) if one == other else f"(me -> {other} : {one})"

    @staticmethod
    def _truth(text: str) -> str:
        return {"0": FALSE, "1": TRUE}.get(text, text)

    def _name(self, variable: Variable, member: str) -> str:
        if variable.name in self.known.drawn:
            return f"draw_{variable.name}"
        place = {
            Scope.MEMBER: member,
            Scope.SHARED: f"{self.where.endpoint}.s",
            Scope.MESSAGE: "facts",
        }[variable.scope]
        return f"{place}.{self.field(variable)}"

    def field(self, variable: Variable) -> str:
        """The name of a variable within its record."""
        cell = self.known.cells.get(variable)
        return variable.name if cell is None else f"{cell[0].name}[{cell[1]}]"

    def target(self, variable: Variable) -> str:
        """The name of a variable in its place, to assign to."""
        return self._name(variable, self.where.member)

    def element(self, array: IntArray, at: tuple[str, ...]) -> str:
        """An element of a flattened array; 0 outside the shape, or where none ever changes."""
        if all(self.known.fixed(cell) is not None for _, cell in array.cells()):
            return "0"
        flat = at[0]
        for index, size in zip(at[1:], array.shape[1:], strict=True):
            flat = f"({flat})*{size}+({index})"
        inside = " && ".join(
            f"{index} >= 0 && {index} < {size}" for index, size in zip(at, array.shape, strict=True)
        )
        place = self.where.member if array.scope is Scope.MEMBER else f"{self.where.endpoint}.s"
        return f"({inside} -> {place}.{array.name}[{flat}] : 0)"

    def in_state(self, machine: str, states: tuple[Word, ...], owner: str) -> str:
        """A comparison with each state's name."""
        if machine in self.known.still:
            return TRUE if self.known.still[machine] in states else FALSE
        held = {"member": self.where.member, "master": self.where.master, "other": self.where.other}
        place = f"{held[owner]}.{machine}"
        return self.disjunction(tuple(f"({place} == {state_name(machine, s)})" for s in states))

    def of_master(self, variable: IntVar) -> str:
        """The variable in the master session."""
        fixed = self.known.fixed(variable)
        return self._name(variable, self.where.master) if fixed is None else str(fixed)

    def opposite(self) -> Reading[str, str]:
        """The reading of what the other endpoint has."""
        assert self.peer is not None  # noqa: S101 - properties are printed for both endpoints
        return replace(self, where=self.peer, peer=self.where)

    # --- What is computed --------------------------------------------------------------------

    def plus(self, left: str, right: str) -> str:
        """A sum."""
        if left.isdigit() and right.isdigit():
            return str(int(left) + int(right))
        return left if right == "0" else right if left == "0" else super().plus(left, right)

    def minus(self, left: str, right: str) -> str:
        """A difference."""
        return left if right == "0" else super().minus(left, right)

    def choose(self, when: str, then: str, otherwise: str) -> str:
        """A conditional expression."""
        if then == otherwise or when == TRUE:
            return then
        return otherwise if when == FALSE else super().choose(when, then, otherwise)

    def compare(self, how: Compare, left: str, right: str) -> str:
        """A comparison."""
        if left == right:
            return FALSE if how is Compare.LESS else TRUE
        if _is_number(left) and _is_number(right):
            one, other = int(left), int(right)
            holds = {
                Compare.EQUAL: one == other,
                Compare.LESS: one < other,
                Compare.AT_MOST: one <= other,
            }
            return TRUE if holds[how] else FALSE
        if how is Compare.EQUAL and _is_number(right) and int(right) not in self._can_be(left):
            return FALSE
        return super().compare(how, left, right)

    def _can_be(self, text: str) -> frozenset[int] | range:
        """The values that a variable, as printed, can have."""
        return self._by_name.get(text) or range(-(2**31), 2**31)

    @cached_property
    def _by_name(self) -> dict[str, frozenset[int]]:
        return {
            self.target(variable): values
            for variable, values in self.known.values.items()
            if values is not None and variable.scope is not Scope.ENDPOINT
        }

    def negation(self, part: str) -> str:
        """Not."""
        return {TRUE: FALSE, FALSE: TRUE}.get(part) or super().negation(part)

    def conjunction(self, parts: tuple[str, ...]) -> str:
        """All of the parts that are not always true."""
        left = tuple(dict.fromkeys(part for part in parts if part != TRUE))
        if FALSE in left:
            return FALSE
        return left[0] if len(left) == 1 else super().conjunction(left)

    def disjunction(self, parts: tuple[str, ...]) -> str:
        """Any of the parts that are not always false."""
        left = tuple(dict.fromkeys(part for part in parts if part != FALSE))
        if TRUE in left:
            return TRUE
        return left[0] if len(left) == 1 else super().disjunction(left)


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isdigit()
