"""Three readings of control expressions: Python, Promela and the page.

The fourth, for the Z3 solver, is `otr_check.solver`; z3 is not imported here.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from .expr import BoolVar, Compare, IntArray, IntVar, Reading, Scope

if TYPE_CHECKING:
    from .words import Word

Number = Callable[[Any], int]
Test = Callable[[Any], bool]

PLACE = {
    Scope.MEMBER: "member.",
    Scope.SHARED: "shared.",
    Scope.MESSAGE: "facts.",
    Scope.ENDPOINT: "config.",
}
"""Where a running step keeps the variables of each scope."""


class PythonReading(Reading[Number, Test]):
    """Compiles an expression to a function of a running step.

    A step has the attributes `member`, `shared`, `facts`, `config` and `master`, and each of those
    has the variables of its scope (and, for members, the states of the machines) as attributes.
    """

    def number(self, value: int) -> Number:
        """A constant function."""
        return lambda _: value

    def integer(self, variable: IntVar) -> Number:
        """A look-up."""
        return attrgetter(PLACE[variable.scope] + variable.name)

    def element(self, array: IntArray, at: tuple[Number, ...]) -> Number:
        """A look-up by computed name; 0 outside the shape."""
        cells = {where: self.integer(cell) for where, cell in array.cells()}

        def look_up(step: Any) -> int:  # noqa: ANN401 - a step is whatever has the attributes
            cell = cells.get(tuple(i(step) for i in at))
            return 0 if cell is None else cell(step)

        return look_up

    def plus(self, left: Number, right: Number) -> Number:
        """A sum."""
        return lambda step: left(step) + right(step)

    def minus(self, left: Number, right: Number) -> Number:
        """A difference."""
        return lambda step: left(step) - right(step)

    def remainder(self, left: Number, divisor: int) -> Number:
        """A remainder."""
        return lambda step: left(step) % divisor

    def choose(self, when: Test, then: Number, otherwise: Number) -> Number:
        """A conditional expression."""
        return lambda step: then(step) if when(step) else otherwise(step)

    def truth(self, value: bool) -> Test:  # noqa: FBT001 - see Reading.truth
        """A constant function."""
        return lambda _: value

    def flag(self, variable: BoolVar) -> Test:
        """A look-up."""
        return attrgetter(PLACE[variable.scope] + variable.name)

    def compare(self, how: Compare, left: Number, right: Number) -> Test:
        """A comparison."""
        match how:
            case Compare.EQUAL:
                return lambda step: left(step) == right(step)
            case Compare.LESS:
                return lambda step: left(step) < right(step)
            case Compare.AT_MOST:
                return lambda step: left(step) <= right(step)

    def negation(self, part: Test) -> Test:
        """Not."""
        return lambda step: not part(step)

    def conjunction(self, parts: tuple[Test, ...]) -> Test:
        """All, from left to right, as far as needed."""
        return lambda step: all(p(step) for p in parts)

    def disjunction(self, parts: tuple[Test, ...]) -> Test:
        """Any, from left to right, as far as needed."""
        return lambda step: any(p(step) for p in parts)

    def in_state(self, machine: str, states: tuple[Word, ...], owner: str) -> Test:
        """A look-up of the machine's state."""
        state = attrgetter(f"{owner}.{machine}")
        return lambda step: state(step) in states


class PageReading(Reading[str, str]):
    """Prints an expression for a page, in the names of the specification."""

    def number(self, value: int) -> str:
        """The figure; instance tags and other large ones in hexadecimal."""
        return str(value) if value < 0x100 else hex(value)  # noqa: PLR2004 - a matter of taste

    def integer(self, variable: IntVar) -> str:
        """The name; a message's field is marked as such."""
        return f"msg.{variable.name}" if variable.scope is Scope.MESSAGE else variable.name

    def element(self, array: IntArray, at: tuple[str, ...]) -> str:
        """name[i, j]."""
        return f"{array.name}[{', '.join(at)}]"

    def plus(self, left: str, right: str) -> str:
        """A sum."""
        return f"{left} + {right}"

    def minus(self, left: str, right: str) -> str:
        """A difference; the right side in brackets where it is more than one term."""
        grouped = f"({right})" if " " in right else right
        return f"{left} − {grouped}"  # noqa: RUF001 - a minus sign, for people

    def remainder(self, left: str, divisor: int) -> str:
        """A remainder; the left side in brackets where it is more than one term."""
        grouped = f"({left})" if " " in left else left
        return f"{grouped} mod {divisor}"

    def choose(self, when: str, then: str, otherwise: str) -> str:
        """A choice, in words."""
        return f"({then} if {when}, else {otherwise})"

    def truth(self, value: bool) -> str:  # noqa: FBT001 - see Reading.truth
        """Yes or no."""
        return "yes" if value else "no"

    def flag(self, variable: BoolVar) -> str:
        """The name."""
        return f"msg.{variable.name}" if variable.scope is Scope.MESSAGE else variable.name

    def compare(self, how: Compare, left: str, right: str) -> str:
        """A comparison."""
        return f"{left} {how.value} {right}"

    def negation(self, part: str) -> str:
        """Not."""
        return f"not ({part})"

    def conjunction(self, parts: tuple[str, ...]) -> str:
        """Parts joined by and."""
        return " and ".join(parts) or "always"

    def disjunction(self, parts: tuple[str, ...]) -> str:
        """Parts joined by or."""
        return f"({' or '.join(parts)})" if parts else "never"

    def in_state(self, machine: str, states: tuple[Word, ...], owner: str) -> str:
        """The machine and its states."""
        whose = "" if owner == "member" else f"{owner}'s "
        return f"{whose}{machine} in {'/'.join(s.name for s in states)}"


class PromelaReading(Reading[str, str]):
    """Prints an expression in Promela, the language of the Spin model checker."""

    def number(self, value: int) -> str:
        """The figure."""
        return str(value)

    def integer(self, variable: IntVar) -> str:
        """The name within its scope."""
        return PLACE[variable.scope] + variable.name

    def element(self, array: IntArray, at: tuple[str, ...]) -> str:
        """An index into the flattened array, Promela having one dimension; 0 outside the shape."""
        flat = at[0]
        for index, size in zip(at[1:], array.shape[1:], strict=True):
            flat = f"({flat})*{size}+({index})"
        inside = " && ".join(
            f"{index} >= 0 && {index} < {size}" for index, size in zip(at, array.shape, strict=True)
        )
        return f"({inside} -> {PLACE[array.scope]}{array.name}[{flat}] : 0)"

    def plus(self, left: str, right: str) -> str:
        """A sum."""
        return f"({left} + {right})"

    def minus(self, left: str, right: str) -> str:
        """A difference."""
        return f"({left} - {right})"

    def remainder(self, left: str, divisor: int) -> str:
        """A remainder."""
        return f"({left} % {divisor})"

    def choose(self, when: str, then: str, otherwise: str) -> str:
        """A conditional expression."""
        return f"({when} -> {then} : {otherwise})"

    def truth(self, value: bool) -> str:  # noqa: FBT001 - see Reading.truth
        """True or false."""
        return "true" if value else "false"

    def flag(self, variable: BoolVar) -> str:
        """The name within its scope."""
        return PLACE[variable.scope] + variable.name

    def compare(self, how: Compare, left: str, right: str) -> str:
        """A comparison."""
        sign = {Compare.EQUAL: "==", Compare.LESS: "<", Compare.AT_MOST: "<="}[how]
        return f"({left} {sign} {right})"

    def negation(self, part: str) -> str:
        """Not."""
        return f"!({part})"

    def conjunction(self, parts: tuple[str, ...]) -> str:
        """Parts joined by and."""
        return f"({' && '.join(parts)})" if parts else "true"

    def disjunction(self, parts: tuple[str, ...]) -> str:
        """Parts joined by or."""
        return f"({' || '.join(parts)})" if parts else "false"

    def in_state(self, machine: str, states: tuple[Word, ...], owner: str) -> str:
        """A comparison with each state's name."""
        return self.disjunction(tuple(f"({owner}.{machine} == {s.name})" for s in states))


PYTHON = PythonReading()
PAGE = PageReading()
PROMELA = PromelaReading()
