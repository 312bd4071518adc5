"""Compositions: the tables of a protocol, their families, and everything that they are made of.

Machines talk only by events that a row raises. A raised event goes to the one table that handles
it, after the raising row's effects and its change of state, in the order of raising:
run-to-completion, first in first out.

A **family** is a group of machines that exists once per key (an instance tag, a fragment
identifier, a member of a group). An event that is raised with `to` goes to the member with that
key, which is spawned with the initial states if it is not there; other events stay in the member.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .expr import Bool, IntArray, Scope, Variable
from .table import IllFormed, Row, Table
from .vocabulary import Check, Condition, Datum, Defined, Effect, Event, Origin, Validity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .ambiguity import Ambiguity
    from .guard import Exclusive, Guard
    from .words import Word

AnyTable = Table[Any, Any, Any, Any]
AnyRow = Row[Any, Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A figure that the specification fixes or leaves to the implementation.

    Attributes:
        name: also the attribute of the configuration that holds it.
        value: its default.
        about: what it is, and its unit.
        section: where it is fixed; "" where it is ours.
    """

    name: str
    value: int
    about: str
    section: str = ""


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something that the tables take for granted, and that whoever runs them must see to.

    Attributes:
        about: what, in plain English.
        holds: the same as an expression on variables, or as a guard on conditions.
    """

    about: str
    holds: Bool | Guard


@dataclass(frozen=True, slots=True)
class Family:
    """Machines that exist once per key.

    Attributes:
        name: what a member is called.
        about: what its key is.
        tables: the names of its tables.
        limit: the parameter that bounds the number of members.
        retires: which members may be retired, oldest first, to make room for a new one.
        vanishes: which members are gone as soon as an event has been dealt with; None: none is.
        slot: the attribute of a conversation that holds the members.
    """

    name: str
    about: str
    tables: tuple[str, ...]
    limit: str
    retires: Bool
    vanishes: Bool | None = None
    slot: str = "members"

    def variables(self) -> frozenset[Variable]:
        """Every variable that decides whether a member is kept."""
        gone = frozenset() if self.vanishes is None else self.vanishes.variables()
        return self.retires.variables() | gone


@dataclass(frozen=True)
class Composition:
    """A protocol: its tables and all that they are made of.

    `family` is the family whose member with key 0 is the master; there may be `further` ones.

    Raises:
        IllFormed: if two tables handle one event.
    """

    name: str
    about: str
    tables: tuple[AnyTable, ...]
    family: Family
    events: type[Event]
    conditions: type[Condition]
    checks: type[Check]
    effects: type[Effect]
    data: type[Datum]
    variables: tuple[Variable | IntArray, ...]
    parameters: tuple[Parameter, ...]
    exclusives: tuple[Exclusive, ...] = ()
    ambiguities: tuple[Ambiguity, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    further: tuple[Family, ...] = ()
    handler: Mapping[Event, AnyTable] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        handler: dict[Event, AnyTable] = {}
        for table in self.tables:
            for event in table.events:
                if event in handler:
                    message = f"{event.name} is handled by {handler[event].name} and {table.name}"
                    raise IllFormed(message)
                handler[event] = table
        object.__setattr__(self, "handler", handler)

    def validate(self) -> None:
        """Refuse an ill-formed composition.

        Raises:
            IllFormed: see the class, and `Table.validate`.
        """
        for table in self.tables:
            table.validate()
        for row in self.rows():
            for raised in row.raises:
                if raised.event not in self.handler:
                    message = f"{row.id} raises {raised.event.name}, which no table handles"
                    raise IllFormed(message)
                if raised.event.origin is not Origin.RAISED:
                    message = f"{row.id} raises {raised.event.name}, which comes from outside"
                    raise IllFormed(message)
                if raised.to is None and self._is_lost(row, raised.event):
                    message = f"{row.id} raises {raised.event.name} for no member in particular"
                    raise IllFormed(message)
        for event in self.events:
            if event not in self.handler:
                message = f"no table handles {event.name}"
                raise IllFormed(message)
        self._validate_use()
        self._validate_variables()

    def _is_lost(self, row: AnyRow, event: Event) -> bool:
        """Whether an event that a row raises goes to another family than the row's."""
        mine, theirs = self.family_of(row.table), self.family_of(self.handler[event].name)
        if theirs is None or theirs == mine:
            return False
        return mine is not None or theirs != self.family

    def _validate_use(self) -> None:
        used_effects = {effect for row in self.rows() for effect in row.do}
        used_conditions = {atom for row in self.rows() for atom in row.when.atoms()}
        raised = {r.event for row in self.rows() for r in row.raises}
        for effect in self.effects:
            if effect not in used_effects:
                message = f"no row has the effect {effect.name}"
                raise IllFormed(message)
        for condition in self.conditions:
            if condition not in used_conditions:
                message = f"no row asks for {condition.name}"
                raise IllFormed(message)
        for event in self.events:
            if event.origin is Origin.RAISED and event not in raised:
                message = f"no row raises {event.name}"
                raise IllFormed(message)
        asked = {check for c in self.conditions for check in checks_of(c)}
        for check in self.checks:
            if check not in asked:
                message = f"no condition makes the check {check.name}"
                raise IllFormed(message)

    def _validate_variables(self) -> None:
        declared = set(self.flat_variables())
        parameters = {p.name for p in self.parameters}
        for where, variable in self._mentioned():
            if variable.scope is Scope.ENDPOINT and variable.name in parameters:
                continue
            if variable not in declared:
                message = f"{where} mentions {variable.name}, which is not declared"
                raise IllFormed(message)

    def _mentioned(self) -> Iterator[tuple[str, Variable]]:
        """Every variable that an effect, a condition or a check mentions, and where."""
        for effect in self.effects:
            for variable, value in effect.spec.sets.items():
                yield effect.name, variable
                yield from ((effect.name, v) for v in value.variables())
        defined = [(c.name, c.spec.expr) for c in self.conditions if isinstance(c.spec, Defined)]
        checked = [(c.name, c.spec.expr) for c in self.checks if c.spec.expr is not None]
        for name, expression in (*defined, *checked):
            yield from ((name, v) for v in expression.variables())
        for row in self.rows():
            for raised in row.raises:
                if raised.to is not None:
                    yield from ((row.id, v) for v in raised.to.variables())
        for family in self.families:
            yield from ((family.name, v) for v in family.variables())

    @property
    def families(self) -> tuple[Family, ...]:
        """All families, that of the master first."""
        return (self.family, *self.further)

    def family_of(self, table: str) -> Family | None:
        """The family that a table, by its name, belongs to; None: there is one such machine."""
        return next((family for family in self.families if table in family.tables), None)

    def rows(self) -> tuple[AnyRow, ...]:
        """Every row of every table."""
        return tuple(row for table in self.tables for row in table.rows)

    def row(self, row_id: str) -> AnyRow:
        """The row with an id.

        Raises:
            KeyError: if there is none.
        """
        for row in self.rows():
            if row.id == row_id:
                return row
        raise KeyError(row_id)

    def table(self, name: str) -> AnyTable:
        """The table with a name, with or without the protocol.

        Raises:
            KeyError: if there is none.
        """
        for table in self.tables:
            if name in {table.name, table.machine}:
                return table
        raise KeyError(name)

    def flat_variables(self) -> tuple[Variable, ...]:
        """Every variable, arrays element by element."""
        flat: list[Variable] = []
        for variable in self.variables:
            if isinstance(variable, IntArray):
                flat.extend(cell for _, cell in variable.cells())
            else:
                flat.append(variable)
        return tuple(flat)

    def with_tables(self, tables: Iterable[AnyTable]) -> Composition:
        """A variant of the composition; it is not validated."""
        return replace(self, tables=tuple(tables))


def checks_of(condition: Condition) -> tuple[Check, ...]:
    """The checks that a condition makes, in order; none unless it is a validity."""
    spec = condition.spec
    return spec.checks if isinstance(spec, Validity) else ()


def states_of(table: AnyTable) -> tuple[Word, ...]:
    """The states of a table, in order."""
    states: type[Word] = table.states
    return tuple(states)
