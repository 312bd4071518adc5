"""z3, typed: the one module that imports it.

z3 carries no type information. It is called through the names below and nowhere else. Proofs share
z3's main context: run them in one thread.
"""

from __future__ import annotations

import operator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import z3

from .proofs import IllTyped, Inconclusive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from otr_model.kernel.expr import Bool, Int

_z3: Any = z3
ArithRef = z3.ArithRef
BoolRef = z3.BoolRef
ExprRef = z3.ExprRef
number: Callable[[int], z3.ArithRef] = _z3.IntVal
truth: Callable[[bool], z3.BoolRef] = _z3.BoolVal
unknown_number: Callable[[str], z3.ArithRef] = _z3.Int
unknown_truth: Callable[[str], z3.BoolRef] = _z3.Bool
plus: Callable[[z3.ArithRef, z3.ArithRef], z3.ArithRef] = operator.add
minus: Callable[[z3.ArithRef, z3.ArithRef], z3.ArithRef] = operator.sub
modulo: Callable[[z3.ArithRef, z3.ArithRef], z3.ArithRef] = operator.mod
equal: Callable[[z3.ArithRef, z3.ArithRef], z3.BoolRef] = operator.eq
less: Callable[[z3.ArithRef, z3.ArithRef], z3.BoolRef] = operator.lt
at_most: Callable[[z3.ArithRef, z3.ArithRef], z3.BoolRef] = operator.le
choose: Callable[[z3.BoolRef, z3.ArithRef, z3.ArithRef], z3.ArithRef] = _z3.If
negation: Callable[[z3.BoolRef], z3.BoolRef] = _z3.Not
follows: Callable[[z3.BoolRef, z3.BoolRef], z3.BoolRef] = _z3.Implies
same: Callable[[z3.ExprRef, z3.ExprRef], z3.BoolRef] = operator.eq
_conjunction: Callable[[Sequence[z3.BoolRef]], z3.BoolRef] = _z3.And
_disjunction: Callable[[Sequence[z3.BoolRef]], z3.BoolRef] = _z3.Or
Z3Error: type[Exception] = _z3.Z3Exception


def all_of(parts: Iterable[z3.BoolRef]) -> z3.BoolRef:
    """Every part holds; so it is where there is none."""
    return _conjunction([truth(True), *parts])  # noqa: FBT003 - z3 refuses an empty conjunction


def any_of(parts: Iterable[z3.BoolRef]) -> z3.BoolRef:
    """Some part holds."""
    return _disjunction([truth(False), *parts])  # noqa: FBT003 - z3 refuses an empty disjunction


def two_of(parts: Sequence[z3.BoolRef]) -> z3.BoolRef:
    """At least two of the parts hold."""
    two: z3.BoolRef = _z3.PbGe([(part, 1) for part in parts], 2)
    return two


def _identity(expression: Any) -> int:  # noqa: ANN401 - z3 has no types
    return int(expression.get_id())


def identical(one: z3.ExprRef, other: z3.ExprRef) -> bool:
    """Whether two expressions are written alike."""
    first: Any = one
    return bool(first.eq(other))


def unknowns(expression: z3.ExprRef) -> dict[str, z3.ExprRef]:
    """The unknowns of an expression, by name."""
    found: dict[str, z3.ExprRef] = {}
    seen: set[int] = set()
    left: list[Any] = [expression]
    while left:
        node = left.pop()
        if node.get_id() in seen:
            continue
        seen.add(node.get_id())
        if _z3.is_const(node) and node.decl().kind() == _z3.Z3_OP_UNINTERPRETED:
            found[str(node.decl().name())] = node
        left.extend(node.children())
    return found


def constant(expression: z3.ExprRef) -> int | bool:
    """The value of an expression without unknowns.

    Raises:
        ValueError: if it has unknowns.
    """
    plain: Any = _z3.simplify(expression)
    if _z3.is_int_value(plain):
        return int(plain.as_long())
    if _z3.is_true(plain) or _z3.is_false(plain):
        return bool(_z3.is_true(plain))
    message = f"no value: {plain}"
    raise ValueError(message)


def substituted(expression: z3.ExprRef, known: Mapping[str, z3.ExprRef]) -> z3.ExprRef:
    """An expression with what is known in the place of unknowns."""
    here = unknowns(expression).items()
    replaced: z3.ExprRef = _z3.substitute(
        expression, *((unknown, known[name]) for name, unknown in here if name in known)
    )
    return replaced


class Model:
    """A valuation that the solver found."""

    def __init__(self, model: object) -> None:
        self._model: Any = model

    def value(self, expression: z3.ExprRef) -> int | bool:
        """The value of an expression; 0 or false for what does not matter."""
        return constant(self._model.eval(expression, model_completion=True))

    def holds(self, expression: z3.BoolRef) -> bool:
        """Whether an expression is true."""
        return bool(self.value(expression))


class Solver:
    """z3's solver.

    Attributes:
        ALLOWANCE: how much work a question may take, in z3's own measure: no clock decides whether
            there is an answer. A question about OTRv3 takes less than 2,000.
    """

    ALLOWANCE = 20_000_000

    def __init__(self) -> None:
        self._solver: Any = _z3.SimpleSolver()
        self._solver.set("rlimit", self.ALLOWANCE)

    def suppose(self, *expressions: z3.BoolRef) -> None:
        """From now on, these hold."""
        self._solver.add(*expressions)

    @contextmanager
    def supposing(self, *expressions: z3.BoolRef) -> Iterator[None]:
        """Until the end of the block, these hold too."""
        self._solver.push()
        try:
            self.suppose(*expressions)
            yield
        finally:
            self._solver.pop()

    def example(self, expression: z3.BoolRef) -> Model | None:
        """A valuation in which an expression is true; None if there is none.

        Raises:
            Inconclusive: if the solver cannot tell.
        """
        with self.supposing(expression):
            answer = self._solver.check()
            if answer == _z3.unsat:
                return None
            if answer != _z3.sat:
                message = f"{self._solver.reason_unknown()}: {expression}"
                raise Inconclusive(message)
            return Model(self._solver.model())

    def example_under(
        self, expression: z3.BoolRef, switches: Mapping[str, z3.BoolRef]
    ) -> Model | frozenset[str]:
        """As `example`, where some suppositions hold only while their switches are on.

        Args:
            expression: the expression.
            switches: unknowns that nothing but suppositions mention, by name; all are on.

        Returns:
            A valuation; or, where there is none, the names of switches that suffice for that.

        Raises:
            Inconclusive: if the solver cannot tell.
        """
        with self.supposing(expression):
            answer = self._solver.check(*switches.values())
            if answer == _z3.unsat:
                core = {_identity(each) for each in self._solver.unsat_core()}
                return frozenset(n for n, switch in switches.items() if _identity(switch) in core)
            if answer != _z3.sat:
                message = f"{self._solver.reason_unknown()}: {expression}"
                raise Inconclusive(message)
            return Model(self._solver.model())


@contextmanager
def typed(expression: Int | Bool) -> Iterator[None]:
    """Turn z3's complaint about an expression into ours."""
    try:
        yield
    except Z3Error as error:
        message = f"{expression}: {error}"
        raise IllTyped(message) from error
