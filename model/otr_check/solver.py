"""The prover: control expressions read for the Z3 solver, and proofs of what tables promise.

The kernel refuses a table whose rows overlap or leave a gap, by a truth table in which every
condition is an independent atom. Here a defined condition is its definition, over integers without
bounds: what looks like a gap there may be none, and a row that can never hold is found.

Proofs share z3's main context: run them in one thread.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from time import perf_counter
from typing import TYPE_CHECKING

from otr_model.kernel.composition import checks_of, states_of
from otr_model.kernel.expr import (
    Bool,
    BoolVar,
    Compare,
    Int,
    IntArray,
    IntVar,
    Reading,
    Scope,
)
from otr_model.kernel.guard import Connective, Guard
from otr_model.kernel.readings import PLACE
from otr_model.kernel.vocabulary import Check, Condition, Defined, Opaque, Validity

from . import smt
from .proofs import (
    Fault,
    Finding,
    IllTyped,
    Proof,
    Report,
    TableProof,
    Witness,
    assumptions_of,
    definitional,
    exclusives_of,
    intervals_of,
    variables_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from otr_model.kernel.composition import AnyRow, AnyTable, Assumption, Composition
    from otr_model.kernel.expr import Variable
    from otr_model.kernel.words import Word

__all__ = ["Z3Reading", "evaluate", "place_of", "prove", "prove_table"]

OWNERS = ("member", "master")
"""Whose machines an expression may ask about."""

# The fourth reading.


class Z3Reading(Reading[smt.ArithRef, smt.BoolRef]):
    """Reads an expression as one of the solver: integers without bounds, variables as unknowns.

    The state of a machine is an unknown number: the position of the state in its enum.

    Args:
        machines: the states of each machine that an expression may ask about.
    """

    def __init__(self, machines: Mapping[str, type[Word]]) -> None:
        self.machines = machines

    def number(self, value: int) -> smt.ArithRef:
        """A numeral."""
        return smt.number(value)

    def integer(self, variable: IntVar) -> smt.ArithRef:
        """An unknown."""
        return smt.unknown_number(place_of(variable))

    def element(self, array: IntArray, at: tuple[smt.ArithRef, ...]) -> smt.ArithRef:
        """A choice among the elements; 0 outside the shape."""
        found = smt.number(0)
        for where, cell in array.cells():
            here = smt.all_of(smt.equal(i, smt.number(n)) for i, n in zip(at, where, strict=True))
            found = smt.choose(here, self.integer(cell), found)
        return found

    def plus(self, left: smt.ArithRef, right: smt.ArithRef) -> smt.ArithRef:
        """A sum."""
        return smt.plus(left, right)

    def minus(self, left: smt.ArithRef, right: smt.ArithRef) -> smt.ArithRef:
        """A difference."""
        return smt.minus(left, right)

    def remainder(self, left: smt.ArithRef, divisor: int) -> smt.ArithRef:
        """A remainder; z3's is from 0 to below the divisor, as Python's."""
        return smt.modulo(left, smt.number(divisor))

    def choose(
        self, when: smt.BoolRef, then: smt.ArithRef, otherwise: smt.ArithRef
    ) -> smt.ArithRef:
        """A choice."""
        return smt.choose(when, then, otherwise)

    def truth(self, value: bool) -> smt.BoolRef:  # noqa: FBT001 - see Reading.truth
        """A truth value."""
        return smt.truth(value)

    def flag(self, variable: BoolVar) -> smt.BoolRef:
        """An unknown."""
        return smt.unknown_truth(place_of(variable))

    def compare(self, how: Compare, left: smt.ArithRef, right: smt.ArithRef) -> smt.BoolRef:
        """A comparison."""
        match how:
            case Compare.EQUAL:
                return smt.equal(left, right)
            case Compare.LESS:
                return smt.less(left, right)
            case Compare.AT_MOST:
                return smt.at_most(left, right)

    def negation(self, part: smt.BoolRef) -> smt.BoolRef:
        """Not."""
        return smt.negation(part)

    def conjunction(self, parts: tuple[smt.BoolRef, ...]) -> smt.BoolRef:
        """And."""
        return smt.all_of(parts)

    def disjunction(self, parts: tuple[smt.BoolRef, ...]) -> smt.BoolRef:
        """Or."""
        return smt.any_of(parts)

    def in_state(self, machine: str, states: tuple[Word, ...], owner: str) -> smt.BoolRef:
        """The machine's unknown is one of the states' numbers.

        Raises:
            IllTyped: if there is no such machine, or no such state of it.
        """
        where = self.state(machine, owner)
        order = list(self.machines[machine])
        for state in states:
            if state not in order:
                message = f"{machine} has no state {state.name}"
                raise IllTyped(message)
        return smt.any_of(smt.equal(where, smt.number(order.index(state))) for state in states)

    def state(self, machine: str, owner: str) -> smt.ArithRef:
        """The unknown that stands for the state of a machine.

        Raises:
            IllTyped: if there is no such machine.
        """
        if machine not in self.machines:
            message = f"there is no machine {machine}"
            raise IllTyped(message)
        return smt.unknown_number(f"{owner}.{machine}")


def place_of(variable: Variable) -> str:
    """The name of a variable's unknown: where a running step keeps it."""
    return PLACE[variable.scope] + variable.name


def evaluate(
    expression: Int | Bool,
    variables: Mapping[Variable, int | bool],
    states: Mapping[tuple[str, str], Word],
) -> int | bool:
    """What an expression is for the solver where all that it mentions is known.

    Args:
        expression: the expression.
        variables: the value of each variable.
        states: the state of each machine, by owner and machine.

    Raises:
        IllTyped: if the expression means nothing.
        ValueError: if it mentions what is not given.
    """
    reading = Z3Reading({machine: type(state) for (_, machine), state in states.items()})
    known: dict[str, smt.ExprRef] = {}
    for variable, value in variables.items():
        known[place_of(variable)] = (
            smt.truth(value) if isinstance(value, bool) else smt.number(value)
        )
    for (owner, machine), state in states.items():
        known[f"{owner}.{machine}"] = smt.number(list(type(state)).index(state))
    read: smt.ExprRef
    with smt.typed(expression):
        read = expression.read(reading)
    return smt.constant(smt.substituted(read, known))


# Compositions.


class _Translation:
    """A composition for the solver: what its conditions are, and what is assumed."""

    def __init__(self, composition: Composition, given: tuple[Assumption, ...]) -> None:
        self.composition = composition
        self.reading = Z3Reading({table.machine: table.states for table in composition.tables})
        self.assumptions = assumptions_of(composition, given)
        self._conditions: dict[Condition, smt.BoolRef] = {}

    def assumed(self) -> Iterator[smt.BoolRef]:
        """The assumptions, and that every machine is in one of its states."""
        for assumption in self.assumptions:
            holds = assumption.holds
            yield self.guard(holds) if isinstance(holds, Guard) else self.truth(holds)
        for machine, states in self.reading.machines.items():
            for owner in OWNERS:
                yield self.reading.in_state(machine, tuple(states), owner)

    def truth(self, expression: Bool) -> smt.BoolRef:
        """A truth expression.

        Raises:
            IllTyped: if it means nothing.
        """
        with smt.typed(expression):
            return expression.read(self.reading)

    def read(self, expression: Int | Bool) -> smt.ExprRef:
        """Any expression; raises as `truth` does."""
        with smt.typed(expression):
            read: smt.ExprRef = expression.read(self.reading)
        return read

    def condition(self, condition: Condition) -> smt.BoolRef:
        """A condition: its definition, its checks, or an unknown."""
        known = self._conditions.get(condition)
        if known is None:
            known = self._conditions[condition] = self._condition(condition)
        return known

    def _condition(self, condition: Condition) -> smt.BoolRef:
        match condition.spec:
            case Opaque():
                return smt.unknown_truth(f"condition {condition.name}")
            case Defined(_, expr):
                return self.truth(expr)
            case Validity(_, checks):
                return smt.all_of(map(self.check, checks))

    def check(self, check: Check) -> smt.BoolRef:
        """A check: its definition, or an unknown."""
        expr = check.spec.expr
        return smt.unknown_truth(f"check {check.name}") if expr is None else self.truth(expr)

    def guard(self, guard: Guard) -> smt.BoolRef:
        """A guard."""
        parts = [self.guard(part) for part in guard.parts]
        match guard.connective:
            case Connective.ATOM:
                assert guard.atom is not None  # noqa: S101 - an atom has its condition
                return self.condition(guard.atom)
            case Connective.NOT:
                return smt.negation(parts[0])
            case Connective.ALWAYS | Connective.AND:
                return smt.all_of(parts)
            case Connective.OR:
                return smt.any_of(parts)

    def witness(
        self,
        model: smt.Model,
        conditions: Iterable[Condition] = (),
        expressions: Iterable[smt.ExprRef] = (),
    ) -> Witness:
        """What a valuation says about conditions and expressions, and about all they mention."""
        atoms = tuple(dict.fromkeys(conditions))
        made = tuple(dict.fromkeys(check for atom in atoms for check in checks_of(atom)))
        mentioned: dict[str, smt.ExprRef] = {}
        for expression in (*map(self.condition, atoms), *expressions):
            mentioned.update(smt.unknowns(expression))
        variables = {
            variable: model.value(mentioned[place_of(variable)])
            for variable in variables_of(self.composition)
            if place_of(variable) in mentioned
        }
        states = {
            (owner, machine): tuple(states)[model.value(mentioned[f"{owner}.{machine}"])]
            for owner in OWNERS
            for machine, states in self.reading.machines.items()
            if f"{owner}.{machine}" in mentioned
        }
        return Witness(
            {atom: model.holds(self.condition(atom)) for atom in atoms},
            {check: model.holds(self.check(check)) for check in made},
            variables,
            states,
        )


Outcome = Finding | None
"""What comes of a claim: nothing if it is proved."""


class _Prover:
    """A solver that supposes what is assumed of a composition, and the claims to put to it.

    A method that makes claims yields one outcome for each of them.
    """

    def __init__(self, composition: Composition, given: tuple[Assumption, ...]) -> None:
        self.composition = composition
        self.intervals = intervals_of(composition)
        self.translation = _Translation(composition, given)
        self.solver = smt.Solver()
        self.solver.suppose(*self.translation.assumed())

    def table(self, table: AnyTable) -> Iterator[Outcome]:
        """A table is total and deterministic, and each of its rows can hold."""
        for event in table.events:
            for state in states_of(table):
                where = f"{table.name}: {event.name} in {state.name}"
                here = self.translation.reading.in_state(table.machine, (state,), "member")
                with self.solver.supposing(here):
                    yield from self._cell(where, table.cell(state, event))

    def _cell(self, where: str, rows: tuple[AnyRow, ...]) -> Iterator[Outcome]:
        """The claims about one cell, whose state is supposed."""
        guards = [self.translation.guard(row.when) for row in rows]
        yield self._of_rows(Fault.GAP, where, rows, smt.negation(smt.any_of(guards)))
        if len(rows) > 1:
            yield from self._overlaps(where, rows, guards)
        for row, guard in zip(rows, guards, strict=True):
            dead = self.solver.example(guard) is None
            yield Finding(Fault.DEAD, where, (row.id,)) if dead else None

    def _overlaps(
        self, where: str, rows: Sequence[AnyRow], guards: Sequence[smt.BoolRef]
    ) -> Iterator[Outcome]:
        """One question for all rows; only where the answer is bad, one for each pair."""
        if self.solver.example(smt.two_of(guards)) is None:
            yield None
            return
        for (one, its), (other, theirs) in combinations(zip(rows, guards, strict=True), 2):
            finding = self._of_rows(Fault.OVERLAP, where, (one, other), smt.all_of((its, theirs)))
            if finding is not None:
                yield finding

    def _of_rows(
        self, fault: Fault, where: str, rows: Sequence[AnyRow], never: smt.BoolRef
    ) -> Outcome:
        model = self.solver.example(never)
        if model is None:
            return None
        atoms = [atom for row in rows for atom in row.when.atoms()]
        witness = self.translation.witness(model, atoms)
        return Finding(fault, where, tuple(row.id for row in rows), witness)

    def exclusions(self) -> Iterator[Outcome]:
        """Defined conditions exclude each other, and leave nothing out, as declared."""
        for group in exclusives_of(self.composition, *self.composition.tables):
            for pair in combinations(group.conditions, 2):
                if definitional(*pair):
                    both = smt.all_of(map(self.translation.condition, pair))
                    yield self._of_group(Fault.NOT_EXCLUSIVE, pair, both)
            if group.complete and definitional(*group.conditions):
                none = smt.negation(smt.any_of(map(self.translation.condition, group.conditions)))
                yield self._of_group(Fault.NOT_COMPLETE, group.conditions, none)

    def _of_group(
        self, fault: Fault, conditions: tuple[Condition, ...], never: smt.BoolRef
    ) -> Outcome:
        model = self.solver.example(never)
        if model is None:
            return None
        where = ", ".join(condition.name for condition in conditions)
        return Finding(fault, where, (), self.translation.witness(model, conditions))

    def updates(self) -> Iterator[Outcome]:
        """Updates are well-typed, and variables stay in the intervals that are assumed of them."""
        for variable, interval in self.intervals.items():
            if variable.scope in {Scope.MEMBER, Scope.SHARED}:
                kept = variable.initial in interval
                witness = Witness({}, {}, {variable: variable.initial}, {})
                where = f"{variable.name} at first"
                yield None if kept else Finding(Fault.LEAVES_INTERVAL, where, (), witness)
        for effect in self.composition.effects:
            for target, value in effect.spec.sets.items():
                yield from self._update(f"{effect.name} sets {target.name}", target, value)

    def _update(self, where: str, variable: Variable, value: Int | Bool) -> Iterator[Outcome]:
        if isinstance(variable, IntVar) is not isinstance(value, Int):
            yield Finding(Fault.ILL_TYPED, where)
            return
        try:
            unknowns = self.translation.read(value)
        except IllTyped:
            yield Finding(Fault.ILL_TYPED, where)
            return
        yield None
        interval = self.intervals.get(variable) if isinstance(variable, IntVar) else None
        if interval is not None and isinstance(value, Int):
            model = self.solver.example(self.translation.truth(~interval.holds(value)))
            if model is None:
                yield None
            else:
                witness = self.translation.witness(model, (), (unknowns,))
                yield Finding(Fault.LEAVES_INTERVAL, where, (), witness)

    def handlers(self) -> Iterator[Outcome]:
        """Every event has a table."""
        for event in self.composition.events:
            handled = event in self.composition.handler
            yield None if handled else Finding(Fault.UNHANDLED, event.name)


def prove_table(
    composition: Composition, table: AnyTable, assumptions: tuple[Assumption, ...] = ()
) -> TableProof:
    """Prove that a table is total and deterministic, and that each of its rows can hold.

    Args:
        composition: what the table belongs to, itself or in another variant.
        table: the table.
        assumptions: what is assumed, beyond what `otr_check.proofs` says.

    Raises:
        IllTyped: if a condition, a check or an assumption means nothing.
        Inconclusive: if the solver cannot tell.
    """
    whole = replace(composition, exclusives=exclusives_of(composition, table))
    return _table_proof(_Prover(whole, assumptions), table)


def prove(composition: Composition, assumptions: tuple[Assumption, ...] = ()) -> Report:
    """Prove what a composition promises: its tables, its exclusive conditions, its updates.

    Raises:
        IllTyped: if a condition, a check or an assumption means nothing.
        Inconclusive: if the solver cannot tell.
    """
    prover = _Prover(composition, assumptions)
    return Report(
        composition.name,
        prover.translation.assumptions,
        Proof("exclusive conditions", *_outcome(prover.exclusions())),
        Proof("updates of variables", *_outcome(prover.updates())),
        Proof("handlers of events", *_outcome(prover.handlers())),
        tuple(_table_proof(prover, table) for table in composition.tables),
    )


def _table_proof(prover: _Prover, table: AnyTable) -> TableProof:
    claims, seconds, findings = _outcome(prover.table(table))
    cells = len(table.events) * len(states_of(table))
    return TableProof(table.name, claims, seconds, findings, cells, len(table.rows))


def _outcome(outcomes: Iterator[Outcome]) -> tuple[int, float, tuple[Finding, ...]]:
    """The number of claims, the time that they took in seconds, and what was found."""
    began = perf_counter()
    known = tuple(outcomes)
    seconds = perf_counter() - began
    return len(known), seconds, tuple(finding for finding in known if finding is not None)
