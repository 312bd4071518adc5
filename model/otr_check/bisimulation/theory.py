"""Which answers about numbers go together: asked of the solver, and remembered.

A run answers questions one after the other. Those that compare numbers may exclude each other, by
what they say or by what is assumed (`otr_check.proofs`): integer variables that do not begin below
0 are at least 0, and what the composition assumes of its configuration holds. Only answers that
share a value with the question, directly or through others, are put to the solver.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_check.proofs import variables_of
from otr_check.smt import Solver
from otr_check.solver import Z3Reading
from otr_model.kernel.expr import (
    Bool,
    Compare,
    Comparison,
    Conjunction,
    Difference,
    Disjunction,
    Int,
    IntVar,
    Number,
    Remainder,
    Scope,
    Sum,
)

from .terms import ABSENT, Folding, Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otr_model.kernel.composition import Assumption, Composition
    from otr_model.kernel.expr import Variable

__all__ = ["Theory"]

COMPARING: Final = {how.value: how for how in Compare}
NAMED: Final = frozenset({"is", "1", "2", "of", "late"})
"""Kinds of terms that are the value of one variable."""


class Theory:
    """Decides whether answers go together.

    Args:
        composition: whose variables are compared, and what it assumes.
        terms: the table of terms.
        given: what is assumed of every message, as expressions on its variables.
    """

    def __init__(
        self, composition: Composition, terms: Terms, given: tuple[Assumption, ...] = ()
    ) -> None:
        self.terms = terms
        self._given = tuple(a.holds for a in given if isinstance(a.holds, Bool))
        self._told_of = frozenset(v.name for holds in self._given for v in holds.variables())
        self._natural = {
            v.name for v in variables_of(composition) if isinstance(v, IntVar) and v.initial >= 0
        }
        self._reading = Z3Reading({})
        self._leaves: dict[int, frozenset[int]] = {}
        self._whole: dict[tuple[int, bool, frozenset[tuple[int, bool]]], bool] = {}
        self._known: dict[frozenset[tuple[int, bool]], bool] = {}
        self._assumed = tuple(self._assumptions(composition))

    def _assumptions(self, composition: Composition) -> list[int]:
        """What is assumed of the configuration, as terms."""

        def variable(found: Variable) -> int:
            return self.terms.make("is", f"config.{found.name}")

        found: list[int] = []
        for assumption in composition.assumptions:
            holds = assumption.holds
            if isinstance(holds, Bool) and all(
                v.scope is Scope.ENDPOINT for v in holds.variables()
            ):
                folding = Folding(self.terms, variable, lambda *_: self.terms.true)
                found.append(holds.read(folding))
        return found

    def compares(self, term: int) -> bool:
        """Whether a term compares numbers."""
        return self.terms.item(term)[0] in COMPARING

    def possible(self, term: int, answer: bool, told: Mapping[int, bool]) -> bool:  # noqa: FBT001 - an answer
        """Whether an answer goes together with earlier ones, all of which compare numbers."""
        whole = (term, answer, frozenset(told.items()))
        found = self._whole.get(whole)
        if found is None:
            key = frozenset(self._related(term, list(told.items()))) | {(term, answer)}
            found = self._known.get(key)
            if found is None:
                found = self._known[key] = self._check(key)
            self._whole[whole] = found
        return found

    def _related(self, term: int, told: list[tuple[int, bool]]) -> set[tuple[int, bool]]:
        """The answers that share a value with a term, directly or through others."""
        leaves = self._with_siblings(self.leaves(term))
        found: set[tuple[int, bool]] = set()
        left = told
        while True:
            near = [pair for pair in left if self.leaves(pair[0]) & leaves]
            if not near:
                return found
            found.update(near)
            left = [pair for pair in left if pair not in found]
            leaves = self._with_siblings(leaves.union(*(self.leaves(t) for t, _ in near)))

    def _with_siblings(self, leaves: frozenset[int]) -> frozenset[int]:
        """Also what else is assumed together with variables of the same message."""
        return leaves.union(
            self.terms.make("of", name, hand)
            for hand in self._hands(leaves)
            for name in self._told_of
        )

    def _hands(self, leaves: frozenset[int]) -> frozenset[object]:
        """The messages that are spoken of, where something is assumed of them."""
        items = map(self.terms.item, leaves)
        return frozenset(i[2] for i in items if i[0] == "of" and i[1] in self._told_of)

    def leaves(self, term: int) -> frozenset[int]:
        """The values that a term is made of."""
        found = self._leaves.get(term)
        if found is None:
            kind, *parts = self.terms.item(term)
            if self.terms.value(term) is not ABSENT:
                found = frozenset()
            elif kind in COMPARING or kind in {"+", "-", "mod"}:
                found = frozenset[int]().union(
                    *(self.leaves(p) for p in parts if isinstance(p, int))
                )
            else:
                found = frozenset({term})
            self._leaves[term] = found
        return found

    def _check(self, key: frozenset[tuple[int, bool]]) -> bool:
        solver = Solver()
        leaves = self._with_siblings(frozenset[int]().union(*(self.leaves(t) for t, _ in key)))
        assumed = list(self._assumed)
        for hand in self._hands(leaves):
            folding = Folding(self.terms, self._of(hand), lambda *_: self.terms.true)
            assumed += [holds.read(folding) for holds in self._given]
        for term in assumed:
            solver.suppose(self._truth(term).read(self._reading))
            leaves |= self._all_leaves(term)
        for leaf in leaves:
            if self._is_natural(leaf):
                solver.suppose((self._integer(leaf) >= 0).read(self._reading))
        holds = [self._truth(t) if answer else ~self._truth(t) for t, answer in key]
        for one in holds[1:]:
            solver.suppose(one.read(self._reading))
        return solver.example(holds[0].read(self._reading)) is not None

    def _of(self, hand: object) -> Callable[[Variable], int]:
        """What variables of a message are."""
        return lambda variable: self.terms.make("of", variable.name, hand)

    def _all_leaves(self, term: int) -> frozenset[int]:
        """The values that a truth term is about."""
        kind, *parts = self.terms.item(term)
        if kind not in {"and", "or", "not"}:
            return self.leaves(term)
        return frozenset[int]().union(*(self._all_leaves(p) for p in parts if isinstance(p, int)))

    def _is_natural(self, leaf: int) -> bool:
        kind, *parts = self.terms.item(leaf)
        return kind in NAMED and str(parts[0]).rpartition(".")[2] in self._natural

    def _truth(self, term: int) -> Bool:
        kind, *parts = self.terms.item(term)
        if kind in {"and", "or", "not"}:
            read = tuple(self._truth(p) for p in parts if isinstance(p, int))
            if kind == "not":
                return ~read[0]
            return Conjunction(read) if kind == "and" else Disjunction(read)
        left, right = parts
        assert isinstance(left, int)  # noqa: S101 - a comparison has two terms
        assert isinstance(right, int)  # noqa: S101 - as above
        return Comparison(COMPARING[str(kind)], self._integer(left), self._integer(right))

    def _integer(self, term: int) -> Int:
        value = self.terms.value(term)
        if isinstance(value, int):
            return Number(value)
        kind, *parts = self.terms.item(term)
        if kind in {"+", "-", "mod"}:
            left, right = (self._integer(p) for p in parts if isinstance(p, int))
            if kind == "mod":
                assert isinstance(right, Number)  # noqa: S101 - divisors are constants
                return Remainder(left, right.value)
            return Sum(left, right) if kind == "+" else Difference(left, right)
        return IntVar(f"t{term}", Scope.MEMBER, "a value that is not known")
