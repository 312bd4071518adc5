"""What is proved about a composition, what is assumed for it, and what a failed proof shows.

The prover is `otr_check.solver`. Nothing here needs it: assumptions are expressions of the model,
and results are plain data that can be printed.

What is assumed:

- an integer variable whose declared initial value is not negative is at least 0, always: key ids,
  counters, tags, times and sizes are natural numbers, without an upper bound;
- a variable that a complete group of conditions compares with constants, one each, lies between
  the smallest and the largest of them: a kind of message is one of the kinds;
- two conditions that are declared exclusive are so if either is opaque or a validity, because there
  is no definition to prove it from; likewise a group that is declared complete;
- whatever the caller adds, such as what an endpoint's configuration is checked for.

The first two are invariants of what rows can change, and are proved as such: they hold at first,
and every update keeps them. That leaves them assumed of messages and of the configuration only.
A machine is in one of its states, and nothing is assumed about the master session except that.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import unique
from itertools import combinations
from typing import TYPE_CHECKING

from otr_model.kernel.composition import Assumption
from otr_model.kernel.expr import Bool, Compare, Comparison, Conjunction, InState, IntVar, Number
from otr_model.kernel.guard import Exclusive, Guard, none_of
from otr_model.kernel.readings import PAGE
from otr_model.kernel.vocabulary import Condition, Defined
from otr_model.kernel.words import Word
from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from otr_model.kernel.composition import AnyTable, Composition
    from otr_model.kernel.expr import Int, Variable
    from otr_model.kernel.vocabulary import Check

__all__ = [
    "Fault",
    "Finding",
    "IllTyped",
    "Inconclusive",
    "Interval",
    "Proof",
    "Report",
    "TableProof",
    "Witness",
    "assumptions_of",
    "definitional",
    "exclusives_of",
    "intervals_of",
    "variables_of",
]


class IllTyped(OtrSpecError):
    """An expression that means nothing: a truth value where an integer belongs, a strange state."""


class Inconclusive(OtrSpecError):
    """The solver gave up on a question within its allowance."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The values that an integer variable is assumed to have: from `low`, up to `high` if given."""

    low: int
    high: int | None = None

    def holds(self, value: Int) -> Bool:
        """An integer lies in the interval."""
        above = value >= self.low
        return above if self.high is None else above & (value <= self.high)

    def __contains__(self, value: int) -> bool:
        return self.low <= value and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        return f"at least {self.low}" if self.high is None else f"from {self.low} to {self.high}"


def definitional(*conditions: Condition) -> bool:
    """Whether definitions decide how conditions exclude each other: it is proved, not assumed."""
    return all(isinstance(condition.spec, Defined) for condition in conditions)


def exclusives_of(composition: Composition, *tables: AnyTable) -> tuple[Exclusive, ...]:
    """Every declared group of conditions, each once, of the composition and some of its tables."""
    groups = dict.fromkeys(composition.exclusives)
    for table in tables:
        groups.update(dict.fromkeys(table.exclusives))
    return tuple(groups)


def intervals_of(composition: Composition) -> dict[IntVar, Interval]:
    """What is assumed of single integer variables, as the module's head describes it."""
    intervals = {
        variable: Interval(0)
        for variable in variables_of(composition)
        if isinstance(variable, IntVar) and variable.initial >= 0
    }
    for group in exclusives_of(composition, *composition.tables):
        enumeration = _enumeration(group)
        if enumeration is not None:
            variable, values = enumeration
            intervals[variable] = Interval(min(values), max(values))
    return intervals


def assumptions_of(
    composition: Composition, given: tuple[Assumption, ...] = ()
) -> tuple[Assumption, ...]:
    """Everything that is assumed of a composition: its own assumptions, and the caller's last."""
    own = composition.assumptions
    return (*_of_variables(composition), *_of_exclusives(composition), *own, *given)


def _of_variables(composition: Composition) -> Iterator[Assumption]:
    intervals = intervals_of(composition)
    natural = [variable for variable, interval in intervals.items() if interval == Interval(0)]
    yield Assumption(
        f"natural numbers: {len(natural)} integer variables are at least 0",
        Conjunction(tuple(Interval(0).holds(variable) for variable in natural)),
    )
    for variable, interval in intervals.items():
        if variable not in natural:
            name = variable.read(PAGE)
            yield Assumption(f"enumeration: {name} is {interval}", interval.holds(variable))


def _of_exclusives(composition: Composition) -> Iterator[Assumption]:
    for group in exclusives_of(composition, *composition.tables):
        for pair in combinations(group.conditions, 2):
            if not definitional(*pair):
                one, other = pair
                yield Assumption(f"declared: not {one.name} and {other.name}", ~(one & other))
        if group.complete and not definitional(*group.conditions):
            names = " or ".join(condition.name for condition in group.conditions)
            guards = tuple(map(Guard.of, group.conditions))
            yield Assumption(f"declared: {names}", ~none_of(guards))


def variables_of(composition: Composition) -> tuple[Variable, ...]:
    """Every variable that is declared or mentioned; parameters are only mentioned."""
    found: dict[Variable, None] = dict.fromkeys(composition.flat_variables())
    expressions = [c.spec.expr for c in composition.conditions if isinstance(c.spec, Defined)]
    expressions += [c.spec.expr for c in composition.checks if c.spec.expr is not None]
    values = [value for effect in composition.effects for value in effect.spec.sets.values()]
    for expression in (*expressions, *values):
        found.update(dict.fromkeys(sorted(expression.variables(), key=lambda v: v.name)))
    return tuple(found)


def _enumeration(group: Exclusive) -> tuple[IntVar, tuple[int, ...]] | None:
    """The variable, and the constants, that a complete group of conditions compares it with."""
    compared: list[tuple[IntVar, int]] = []
    for condition in group.conditions if group.complete else ():
        match condition.spec:
            case Defined(_, Comparison(Compare.EQUAL, IntVar() as variable, Number(value))):
                compared.append((variable, value))
            case _:
                return None
    variables = {variable for variable, _ in compared}
    if len(variables) != 1:
        return None
    return variables.pop(), tuple(value for _, value in compared)


@unique
class Fault(Word):
    """What is wrong where a proof fails."""

    GAP = "no row holds"
    OVERLAP = "more than one row holds"
    DEAD = "the row never holds"
    UNHANDLED = "no table handles the event"
    NOT_EXCLUSIVE = "two conditions that are declared exclusive hold at once"
    NOT_COMPLETE = "none of the conditions that are declared complete holds"
    ILL_TYPED = "the update does not have the type of its variable"
    LEAVES_INTERVAL = "a variable can leave the interval that is assumed of it"


@dataclass(frozen=True, slots=True)
class Witness:
    """A counter-example: a valuation of all that the question mentions.

    Attributes:
        conditions: which conditions hold.
        checks: which checks hold, of those that these conditions make.
        variables: values of declared variables.
        states: states of machines, by owner ("member" or "master") and machine.
    """

    conditions: Mapping[Condition, bool]
    checks: Mapping[Check, bool]
    variables: Mapping[Variable, int | bool]
    states: Mapping[tuple[str, str], Word]

    @property
    def text(self) -> str:
        """The valuation in words, in one line."""
        parts: list[str] = []
        if self.conditions:
            holding = ", ".join(c.name for c, holds in self.conditions.items() if holds)
            parts.append(f"holding: {holding or 'nothing'}")
        rest = ", ".join(c.name for c, holds in self.conditions.items() if not holds)
        if rest:
            parts.append(f"not holding: {rest}")
        failing = ", ".join(c.name for c, holds in self.checks.items() if not holds)
        if failing:
            parts.append(f"failed checks: {failing}")
        values = ", ".join(f"{v.read(PAGE)} = {_value(n)}" for v, n in self.variables.items())
        if values:
            parts.append(values)
        parts.extend(
            InState(machine, (state,), owner).read(PAGE)
            for (owner, machine), state in self.states.items()
        )
        return "; ".join(parts)


def _value(value: int | bool) -> str:  # noqa: FBT001 - the value of a variable of either type
    return str(value) if not isinstance(value, bool) else "yes" if value else "no"


@dataclass(frozen=True, slots=True)
class Finding:
    """A proof that failed.

    Attributes:
        fault: what is wrong.
        where: the cell, the group of conditions or the effect.
        rows: ids of the rows at fault; for a gap, of all rows of the cell.
        witness: a counter-example; None where the fault is that there is no valuation at all.
    """

    fault: Fault
    where: str
    rows: tuple[str, ...] = ()
    witness: Witness | None = None

    @property
    def text(self) -> str:
        """The finding in words: what and where, then the rows, then the counter-example."""
        lines = [f"{self.where}: {self.fault.value}", *self.rows]
        if self.witness is not None and self.witness.text:
            lines.append(self.witness.text)
        return "\n    ".join(lines)


@dataclass(frozen=True)
class Proof:
    """What was proved about one subject, and what could not be.

    Attributes:
        subject: a table, or a kind of declaration.
        claims: how many claims were put to the solver.
        seconds: how long that took.
        findings: the claims that are false.
    """

    subject: str
    claims: int
    seconds: float
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Whether everything was proved."""
        return not self.findings

    @property
    def text(self) -> str:
        """One line, and the findings below it."""
        verdict = "proved" if self.holds else f"{len(self.findings)} of them false"
        head = f"{self.subject}: {self.claims} claims, {verdict}, in {self.seconds:.2f} s"
        return "\n  ".join((head, *(finding.text for finding in self.findings)))


@dataclass(frozen=True)
class TableProof(Proof):
    """A table is total and deterministic, and every row of it can hold.

    The claims are, for each cell: some row holds in every valuation (1), no two rows do (1, where
    there are two), and each row holds in some valuation (1 for each row).

    Attributes:
        cells: how many pairs of a state and an event there are.
        rows: how many rows.
    """

    cells: int
    rows: int


@dataclass(frozen=True)
class Report:
    """All proofs about a composition.

    Attributes:
        composition: its name.
        assumptions: what they assume.
        exclusions: the groups of defined conditions are as exclusive and complete as declared.
        updates: the updates of variables are well-typed and keep what is assumed of them.
        handlers: every event has a table that handles it.
        tables: one for each table.
    """

    composition: str
    assumptions: tuple[Assumption, ...]
    exclusions: Proof
    updates: Proof
    handlers: Proof
    tables: tuple[TableProof, ...]

    @property
    def proofs(self) -> tuple[Proof, ...]:
        """All of them, in order."""
        return (self.exclusions, self.updates, self.handlers, *self.tables)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that could not be proved."""
        return tuple(finding for proof in self.proofs for finding in proof.findings)

    @property
    def holds(self) -> bool:
        """Whether everything was proved."""
        return not self.findings

    @property
    def seconds(self) -> float:
        """How long all of it took."""
        return sum(proof.seconds for proof in self.proofs)

    @property
    def text(self) -> str:
        """The report for a terminal: assumptions, then each proof with its findings."""
        assumed = (f"assumed: {assumption.about}" for assumption in self.assumptions)
        return "\n".join((*assumed, *(proof.text for proof in self.proofs)))
