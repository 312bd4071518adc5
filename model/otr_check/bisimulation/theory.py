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
from otr_model.kernel.expr import Bool, BoolVar, Compare, Comparison, Int, IntVar, Scope
from otr_model.kernel.expr import Difference, Number, Remainder, Sum

from .terms import ABSENT, Folding, Terms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_model.kernel.composition import Composition
    from otr_model.kernel.expr import Variable

    from .terms import Plain

__all__ = ["Theory"]

COMPARING: Final = {how.value: how for how in Compare}
NAMED: Final = frozenset({"is", "1", "2", "of", "late"})
"""Kinds of terms that are the value of one variable."""


class Theory:
    """Decides whether answers go together.

    Args:
        composition: whose variables are compared, and what it assumes.
        terms: the table of terms.
    """

    def __init__(self, composition: Composition, terms: Terms) -> None:
        self.terms = terms
        self._natural = {
            v.name for v in variables_of(composition) if isinstance(v, IntVar) and v.initial >= 0
        }
        self._reading = Z3Reading({})
        self._leaves: dict[int, frozenset[int]] = {}
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

    def possible(
        self, term: int, answer: bool, answers: Mapping[int, bool], known: Mapping[int, Plain]  # noqa: FBT001 - an answer
    ) -> bool:
        """Whether an answer goes together with earlier ones, and with known values."""
        told = [(t, a) for t, a in answers.items() if self.compares(t)]
        told += [
            (self.terms.make("=", t, self.terms.constant(value)), True)
            for t, value in known.items()
            if isinstance(value, int)
        ]
        key = frozenset(self._related(term, told)) | {(term, answer)}
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._check(key)
        return found

    def _related(self, term: int, told: list[tuple[int, bool]]) -> set[tuple[int, bool]]:
        """The answers that share a value with a term, directly or through others."""
        leaves = self.leaves(term)
        found: set[tuple[int, bool]] = set()
        left = told
        while True:
            near = [pair for pair in left if self.leaves(pair[0]) & leaves]
            if not near:
                return found
            found.update(near)
            left = [pair for pair in left if pair not in found]
            leaves = leaves.union(*(self.leaves(t) for t, _ in near))

    def leaves(self, term: int) -> frozenset[int]:
        """The values that a term is made of."""
        found = self._leaves.get(term)
        if found is None:
            kind, *parts = self.terms.item(term)
            if self.terms.value(term) is not ABSENT:
                found = frozenset()
            elif kind in COMPARING or kind in {"+", "-", "mod"}:
                found = frozenset[int]().union(*(self.leaves(p) for p in parts if isinstance(p, int)))
            else:
                found = frozenset({term})
            self._leaves[term] = found
        return found

    def _check(self, key: frozenset[tuple[int, bool]]) -> bool:
        solver = Solver()
        leaves = frozenset[int]().union(*(self.leaves(t) for t, _ in key))
        assumed = [t for t in self._assumed]
        for term in assumed:
            for part in self._parts(term):
                solver.suppose(self._truth(part).read(self._reading))
                leaves |= self.leaves(part)
        for leaf in leaves:
            if self._is_natural(leaf):
                solver.suppose((self._integer(leaf) >= 0).read(self._reading))
        holds = [self._truth(t) if answer else ~self._truth(t) for t, answer in key]
        for one in holds[1:]:
            solver.suppose(one.read(self._reading))
        return solver.example(holds[0].read(self._reading)) is not None

    def _parts(self, term: int) -> list[int]:
        kind, *parts = self.terms.item(term)
        return [p for p in parts if isinstance(p, int)] if kind == "and" else [term]

    def _is_natural(self, leaf: int) -> bool:
        kind, *parts = self.terms.item(leaf)
        return kind in NAMED and str(parts[0]).rpartition(".")[2] in self._natural

    def _truth(self, term: int) -> Bool:
        kind, left, right = self.terms.item(term)
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
