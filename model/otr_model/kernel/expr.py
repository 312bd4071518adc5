"""Control expressions: one definition, several readings.

Control variables (key ids, counters, flags, tags) are *declared*, and every condition on them and
every update of them is a small expression. An expression is plain data; what it means in Python,
in a solver, in Promela or on a page is a `Reading`, which folds over it. The kernel has three
readings (`otr_model.kernel.readings`); the solver's is in otr_check.

Expressions are integers (`Int`) or truth values (`Bool`). Equality of expressions is structural,
as for every other value of the model, so "equals" inside an expression is spelled `.equals()`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import Enum, unique
from itertools import product
from typing import TYPE_CHECKING, Generic, TypeVar

from .words import Word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

I = TypeVar("I")  # noqa: E741 - what an integer becomes under a reading
B = TypeVar("B")


@unique
class Scope(Word):
    """Where the value of a variable is found."""

    MEMBER = "one member of a family, such as the session with one instance of the peer"
    SHARED = "the whole conversation, shared by all members"
    MESSAGE = "the message or command that is being handled"
    ENDPOINT = "configuration: policies, parameters, our own instance tag"


@unique
class Compare(Word):
    """The comparisons of integers."""

    EQUAL = "="
    LESS = "<"
    AT_MOST = "≤"


class Reading(ABC, Generic[I, B]):
    """What an expression means somewhere: a fold with one method for each kind of node."""

    @abstractmethod
    def number(self, value: int) -> I:
        """A constant."""

    @abstractmethod
    def integer(self, variable: IntVar) -> I:
        """The value of an integer variable."""

    @abstractmethod
    def element(self, array: IntArray, at: tuple[I, ...]) -> I:
        """The value of one element of an array of integers."""

    @abstractmethod
    def plus(self, left: I, right: I) -> I:
        """A sum."""

    @abstractmethod
    def minus(self, left: I, right: I) -> I:
        """A difference."""

    @abstractmethod
    def remainder(self, left: I, divisor: int) -> I:
        """What is left of an integer that is not negative, divided by a constant."""

    @abstractmethod
    def choose(self, when: B, then: I, otherwise: I) -> I:
        """One of two integers."""

    @abstractmethod
    def truth(self, value: bool) -> B:  # noqa: FBT001 - a truth value is what this node is
        """A truth constant."""

    @abstractmethod
    def flag(self, variable: BoolVar) -> B:
        """The value of a truth variable."""

    @abstractmethod
    def compare(self, how: Compare, left: I, right: I) -> B:
        """A comparison of two integers."""

    @abstractmethod
    def negation(self, part: B) -> B:
        """Not."""

    @abstractmethod
    def conjunction(self, parts: tuple[B, ...]) -> B:
        """All of the parts; true when there is none."""

    @abstractmethod
    def disjunction(self, parts: tuple[B, ...]) -> B:
        """At least one of the parts; false when there is none."""

    @abstractmethod
    def in_state(self, machine: str, states: tuple[Word, ...], owner: str) -> B:
        """The machine is in one of the states."""


class Int(ABC):
    """An integer expression."""

    __slots__ = ()

    @abstractmethod
    def read(self, reading: Reading[I, B]) -> I:
        """What this expression is under a reading."""

    @abstractmethod
    def variables(self) -> frozenset[Variable]:
        """Every variable that occurs."""

    def __add__(self, other: Int | int) -> Int:
        return Sum(self, lift(other))

    def __sub__(self, other: Int | int) -> Int:
        return Difference(self, lift(other))

    def __mod__(self, divisor: int) -> Int:
        return Remainder(self, divisor)

    def __lt__(self, other: Int | int) -> Bool:
        return Comparison(Compare.LESS, self, lift(other))

    def __le__(self, other: Int | int) -> Bool:
        return Comparison(Compare.AT_MOST, self, lift(other))

    def __gt__(self, other: Int | int) -> Bool:
        return Comparison(Compare.LESS, lift(other), self)

    def __ge__(self, other: Int | int) -> Bool:
        return Comparison(Compare.AT_MOST, lift(other), self)

    def equals(self, other: Int | int) -> Bool:
        """Both sides have the same value."""
        return Comparison(Compare.EQUAL, self, lift(other))


class Bool(ABC):
    """A truth expression."""

    __slots__ = ()

    @abstractmethod
    def read(self, reading: Reading[I, B]) -> B:
        """What this expression is under a reading."""

    @abstractmethod
    def variables(self) -> frozenset[Variable]:
        """Every variable that occurs."""

    def __and__(self, other: Bool) -> Bool:
        return Conjunction((self, other))

    def __or__(self, other: Bool) -> Bool:
        return Disjunction((self, other))

    def __invert__(self) -> Bool:
        return Negation(self)


@dataclass(frozen=True, slots=True)
class Number(Int):
    """A constant."""

    value: int

    def read(self, reading: Reading[I, B]) -> I:
        """The constant under a reading."""
        return reading.number(self.value)

    def variables(self) -> frozenset[Variable]:
        """None."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class IntVar(Int):
    """A declared integer variable.

    Attributes:
        name: as the specification has it, where it has one.
        scope: where the value is found.
        about: what it means.
        initial: its value when its scope begins (not for messages).
    """

    name: str
    scope: Scope
    about: str = field(compare=False)
    initial: int = 0

    def read(self, reading: Reading[I, B]) -> I:
        """The variable under a reading."""
        return reading.integer(self)

    def variables(self) -> frozenset[Variable]:
        """Itself."""
        return frozenset({self})


@dataclass(frozen=True, slots=True)
class BoolVar(Bool):
    """A declared truth variable; attributes as for `IntVar`."""

    name: str
    scope: Scope
    about: str = field(compare=False)
    initial: bool = False

    def read(self, reading: Reading[I, B]) -> B:
        """The variable under a reading."""
        return reading.flag(self)

    def variables(self) -> frozenset[Variable]:
        """Itself."""
        return frozenset({self})


Variable = IntVar | BoolVar
"""What an effect can set, and a condition ask."""


@dataclass(frozen=True, slots=True)
class IntArray:
    """A declared array of integers with a fixed shape; its elements are variables.

    Attributes:
        name: the array's name; the element at (0, 1) is the variable `name_0_1`.
        scope: where its values are found.
        about: what an element means.
        shape: the number of indices along each dimension.
    """

    name: str
    scope: Scope
    about: str = field(compare=False)
    shape: tuple[int, ...]

    def cells(self) -> Iterator[tuple[tuple[int, ...], IntVar]]:
        """Every index with its variable, in order."""
        for at in product(*map(range, self.shape)):
            yield at, self.cell(*at)

    def cell(self, *at: int) -> IntVar:
        """The variable at a constant index.

        Raises:
            IndexError: if the index is outside the shape.
        """
        if len(at) != len(self.shape) or any(
            not 0 <= i < n for i, n in zip(at, self.shape, strict=True)
        ):
            raise IndexError(self.name, at)
        name = "_".join((self.name, *map(str, at)))
        return IntVar(name, self.scope, self.about)

    def __getitem__(self, at: tuple[Int | int, ...]) -> Int:
        return Element(self, tuple(lift(i) for i in at))

    def storing(self, at: tuple[Int | int, ...], value: Int | int) -> Mapping[Variable, Int]:
        """Updates that put a value at a computed index and leave the other elements."""
        index = tuple(lift(i) for i in at)
        return {
            cell: Choice(
                Conjunction(tuple(i.equals(n) for i, n in zip(index, where, strict=True))),
                lift(value),
                cell,
            )
            for where, cell in self.cells()
        }


@dataclass(frozen=True, slots=True)
class Element(Int):
    """The element of an array at computed indices; outside the shape its value is 0."""

    array: IntArray
    at: tuple[Int, ...]

    def read(self, reading: Reading[I, B]) -> I:
        """The element under a reading."""
        return reading.element(self.array, tuple(i.read(reading) for i in self.at))

    def variables(self) -> frozenset[Variable]:
        """All elements of the array, and what the indices mention."""
        cells: frozenset[Variable] = frozenset(cell for _, cell in self.array.cells())
        return cells.union(*(i.variables() for i in self.at))


@dataclass(frozen=True, slots=True)
class Sum(Int):
    """left + right."""

    left: Int
    right: Int

    def read(self, reading: Reading[I, B]) -> I:
        """The sum under a reading."""
        return reading.plus(self.left.read(reading), self.right.read(reading))

    def variables(self) -> frozenset[Variable]:
        """Those of both sides."""
        return self.left.variables() | self.right.variables()


@dataclass(frozen=True, slots=True)
class Difference(Int):
    """left - right."""

    left: Int
    right: Int

    def read(self, reading: Reading[I, B]) -> I:
        """The difference under a reading."""
        return reading.minus(self.left.read(reading), self.right.read(reading))

    def variables(self) -> frozenset[Variable]:
        """Those of both sides."""
        return self.left.variables() | self.right.variables()


@dataclass(frozen=True, slots=True)
class Remainder(Int):
    """What is left of `left`, which is not negative, divided by a constant above 0.

    Raises:
        ValueError: if the constant is not above 0.
    """

    left: Int
    divisor: int

    def __post_init__(self) -> None:
        if self.divisor < 1:
            message = f"the divisor is {self.divisor}"
            raise ValueError(message)

    def read(self, reading: Reading[I, B]) -> I:
        """The remainder under a reading."""
        return reading.remainder(self.left.read(reading), self.divisor)

    def variables(self) -> frozenset[Variable]:
        """Those of what is divided."""
        return self.left.variables()


@dataclass(frozen=True, slots=True)
class Choice(Int):
    """`then` where `when` holds, else `otherwise`."""

    when: Bool
    then: Int
    otherwise: Int

    def read(self, reading: Reading[I, B]) -> I:
        """The choice under a reading."""
        return reading.choose(
            self.when.read(reading), self.then.read(reading), self.otherwise.read(reading)
        )

    def variables(self) -> frozenset[Variable]:
        """Those of all parts."""
        return self.when.variables() | self.then.variables() | self.otherwise.variables()


@dataclass(frozen=True, slots=True)
class Truth(Bool):
    """A truth constant."""

    value: bool

    def read(self, reading: Reading[I, B]) -> B:
        """The constant under a reading."""
        return reading.truth(self.value)

    def variables(self) -> frozenset[Variable]:
        """None."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class Comparison(Bool):
    """A comparison of two integers."""

    how: Compare
    left: Int
    right: Int

    def read(self, reading: Reading[I, B]) -> B:
        """The comparison under a reading."""
        return reading.compare(self.how, self.left.read(reading), self.right.read(reading))

    def variables(self) -> frozenset[Variable]:
        """Those of both sides."""
        return self.left.variables() | self.right.variables()


@dataclass(frozen=True, slots=True)
class Negation(Bool):
    """Not."""

    part: Bool

    def read(self, reading: Reading[I, B]) -> B:
        """The negation under a reading."""
        return reading.negation(self.part.read(reading))

    def variables(self) -> frozenset[Variable]:
        """Those of its part."""
        return self.part.variables()


@dataclass(frozen=True, slots=True)
class Conjunction(Bool):
    """All of the parts."""

    parts: tuple[Bool, ...]

    def read(self, reading: Reading[I, B]) -> B:
        """The conjunction under a reading."""
        return reading.conjunction(tuple(p.read(reading) for p in self.parts))

    def variables(self) -> frozenset[Variable]:
        """Those of all parts."""
        return frozenset[Variable]().union(*(p.variables() for p in self.parts))


@dataclass(frozen=True, slots=True)
class Disjunction(Bool):
    """At least one of the parts."""

    parts: tuple[Bool, ...]

    def read(self, reading: Reading[I, B]) -> B:
        """The disjunction under a reading."""
        return reading.disjunction(tuple(p.read(reading) for p in self.parts))

    def variables(self) -> frozenset[Variable]:
        """Those of all parts."""
        return frozenset[Variable]().union(*(p.variables() for p in self.parts))


@dataclass(frozen=True, slots=True)
class InState(Bool):
    """A machine of the composition is in one of some states.

    Attributes:
        machine: the name of the machine's table without the protocol, such as "message".
        states: members of that table's enum of states.
        owner: whose machine: "member" (the session at hand) or "master" (the session with key 0).
    """

    machine: str
    states: tuple[Word, ...]
    owner: str = "member"

    def read(self, reading: Reading[I, B]) -> B:
        """The question under a reading."""
        return reading.in_state(self.machine, self.states, self.owner)

    def variables(self) -> frozenset[Variable]:
        """None: a state is no variable."""
        return frozenset()


def lift(value: Int | int) -> Int:
    """An expression for an integer that may already be one."""
    return Number(value) if isinstance(value, int) else value


Value = Int | Bool | int | bool
"""What an update may assign."""


def lift_value(value: Value) -> Int | Bool:
    """An expression for a value that may already be one."""
    if isinstance(value, bool):
        return Truth(value)
    return lift(value) if isinstance(value, Int | int) else value


@dataclass(frozen=True, slots=True)
class Declare:
    """Declares the variables of one scope.

    Example:
        session = Declare(Scope.MEMBER)
        our_keyid = session.integer("our_keyid", "serial number of our most recent D-H key")
    """

    scope: Scope

    def integer(self, name: str, about: str, initial: int = 0) -> IntVar:
        """An integer variable."""
        return IntVar(name, self.scope, about, initial)

    def flag(self, name: str, about: str, *, initial: bool = False) -> BoolVar:
        """A truth variable."""
        return BoolVar(name, self.scope, about, initial)

    def array(self, name: str, about: str, *shape: int) -> IntArray:
        """An array of integers, all 0 at first."""
        return IntArray(name, self.scope, about, shape)


def enum_of(states: tuple[Word, ...]) -> type[Enum]:
    """The enum that the states belong to."""
    return type(states[0])
