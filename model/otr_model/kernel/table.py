"""Rows and tables: who moves from which state to which, on what, and what they do.

A table is a literal. Its rows are grouped under their event and the section of the specification
that they come from:

    AKE: Table[Auth, Event, Cond, Do] = Table("otrv3.ake", Auth, Auth.NONE, rows(
        on(Event.DH_COMMIT, "Receiving a D-H Commit Message",
            at(Auth.NONE, ALLOWED, do=ANSWER, goto=Auth.AWAITING_REVEALSIG),
            ...
            ignored(~ALLOWED)),
    ))

- The rows of one cell (a state and an event) are disjoint, and together they are total. Both are
  checked when the table is declared, and an ill-formed table is refused with the rows named.
- `goto` omitted means stay. "Ignore" is a row of its own. `otherwise` is the complement of the
  other rows of its cell.
- A row's id is made of names: table, event, state and guard.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

from .expr import Int, lift
from .guard import ALWAYS, Ask, Exclusive, Guard, none_of, places, valuations
from .vocabulary import Condition, Effect, Event
from .words import Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .ambiguity import Ambiguity

S = TypeVar("S", bound=Word)
E = TypeVar("E", bound=Event)
C = TypeVar("C", bound=Condition)
D = TypeVar("D", bound=Effect)


class IllFormed(Exception):
    """A table or composition that cannot be used; the message names the rows."""


@dataclass(frozen=True, slots=True)
class Raise(Generic[E]):
    """An event that a row raises, and for which members of a family.

    `to` is the key of the member; None: the member that the row belongs to, or, with `every`, each
    member that there is, the least recently used first.
    """

    event: E
    to: Int | None = None
    every: bool = False

    def whom(self, key: str) -> str:
        """For whom, in words that follow the event; `key` is how the key is written."""
        if self.every:
            return " for all"
        return "" if self.to is None else f" for {key}"


def to(key: Int | int, event: E) -> Raise[E]:
    """Raise an event for the member with a key, spawning it if need be."""
    return Raise(event, lift(key))


def everywhere(event: E) -> Raise[E]:
    """Raise an event for every member of the family that there is."""
    return Raise(event, every=True)


@dataclass(frozen=True, slots=True)
class Row(Generic[S, E, C, D]):
    """One transition.

    Attributes:
        table: the name of the table that it belongs to.
        at: the state it starts from.
        on: the event.
        when: the guard.
        do: effects, in order.
        goto: the state it leads to.
        raises: events raised after the effects and the change of state.
        section: the section of the specification that it comes from.
        name: what distinguishes the row in its cell, as in its id.
        ambiguity: where the specification is silent or contradicts itself.
    """

    table: str
    at: S
    on: E
    when: Guard
    do: tuple[D, ...]
    goto: S
    raises: tuple[Raise[E], ...]
    section: str
    name: str
    ambiguity: Ambiguity | None = None

    @property
    def id(self) -> str:
        """The row's public id."""
        tail = f".{self.name}" if self.name else ""
        return f"{self.table}:{self.on.label}.{self.at.label}{tail}"

    @property
    def ignores(self) -> bool:
        """Whether the row changes nothing at all."""
        return not self.do and not self.raises and self.goto is self.at


@dataclass(frozen=True, slots=True)
class Cells(Generic[S, E, C, D]):
    """A row as it is written, before it knows its event: for one state, several, or all."""

    states: tuple[S, ...]
    when: Guard | None
    do: tuple[D, ...]
    goto: S | None
    raises: tuple[Raise[E], ...]
    name: str | None
    ambiguity: Ambiguity | None


def _raised(raises: Iterable[E | Raise[E]]) -> tuple[Raise[E], ...]:
    return tuple(r if isinstance(r, Raise) else Raise(r) for r in raises)


def _states(states: S | tuple[S, ...]) -> tuple[S, ...]:
    return states if isinstance(states, tuple) else (states,)


def at(  # noqa: PLR0913 - the parts of a row
    states: S | tuple[S, ...],
    when: C | Guard = ALWAYS,
    *,
    do: tuple[D, ...] = (),
    goto: S | None = None,
    raises: tuple[E | Raise[E], ...] = (),
    name: str | None = None,
    ambiguity: Ambiguity | None = None,
) -> Cells[S, E, C, D]:
    """A row at a state, or the same row at several."""
    return Cells(_states(states), Guard.of(when), do, goto, _raised(raises), name, ambiguity)


def otherwise(  # noqa: PLR0913 - the parts of a row
    states: S | tuple[S, ...] = (),
    *,
    do: tuple[D, ...] = (),
    goto: S | None = None,
    raises: tuple[E | Raise[E], ...] = (),
    name: str = "otherwise",
    ambiguity: Ambiguity | None = None,
) -> Cells[S, E, C, D]:
    """The row for whatever the other rows of the cell leave; no state named: in every state."""
    return Cells(_states(states), None, do, goto, _raised(raises), name, ambiguity)


def ignored(
    when: C | Guard = ALWAYS,
    states: S | tuple[S, ...] = (),
    *,
    name: str | None = None,
    ambiguity: Ambiguity | None = None,
) -> Cells[S, E, C, D]:
    """A row that changes nothing; no state named: in every state."""
    return Cells(_states(states), Guard.of(when), (), None, (), name, ambiguity)


@dataclass(frozen=True, slots=True)
class Group(Generic[S, E, C, D]):
    """The rows of one event, as written."""

    event: E
    section: str
    cells: tuple[Cells[S, E, C, D], ...]


def on(event: E, section: str, *cells: Cells[S, E, C, D]) -> Group[S, E, C, D]:
    """The rows for an event, and the section of the specification that they come from."""
    return Group(event, section, cells)


def _expand(table: str, states: Sequence[S], group: Group[S, E, C, D]) -> Iterator[Row[S, E, C, D]]:
    """Rows, state by state, of what was written for one event."""
    for state in states:
        here = [c for c in group.cells if not c.states or state in c.states]
        plain = [c.when for c in here if c.when is not None]
        for cell in here:
            when = none_of(plain) if cell.when is None else cell.when
            yield Row(
                table,
                state,
                group.event,
                when,
                cell.do,
                state if cell.goto is None else cell.goto,
                cell.raises,
                group.section,
                when.label if cell.name is None else cell.name,
                cell.ambiguity,
            )


@dataclass(frozen=True)
class Table(Generic[S, E, C, D]):
    """A machine: its states, its initial state and its rows.

    Attributes:
        name: protocol and machine, such as "otrv3.ake".
        about: what the machine decides, in a sentence.
        states: the enum of its states.
        initial: where it begins.
        rows: every transition, in the order of the specification.
        exclusives: which conditions exclude each other.

    Raises:
        IllFormed: if two rows of a cell can hold at once, if a cell is not total, if two rows have
            one id, or if a state is missing for an event.
    """

    name: str
    about: str
    states: type[S]
    initial: S
    rows: tuple[Row[S, E, C, D], ...]
    exclusives: tuple[Exclusive, ...] = ()
    index: Mapping[tuple[S, E], tuple[Row[S, E, C, D], ...]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        cells: dict[tuple[S, E], list[Row[S, E, C, D]]] = {}
        for row in self.rows:
            cells.setdefault((row.at, row.on), []).append(row)
        object.__setattr__(self, "index", {cell: tuple(rows) for cell, rows in cells.items()})

    @property
    def machine(self) -> str:
        """The name without the protocol: the attribute that holds the state."""
        return self.name.rpartition(".")[2]

    @property
    def events(self) -> tuple[E, ...]:
        """The events that the table handles, in order of appearance."""
        return tuple(dict.fromkeys(row.on for row in self.rows))

    def cell(self, state: S, event: E) -> tuple[Row[S, E, C, D], ...]:
        """The rows for a state and an event."""
        return self.index.get((state, event), ())

    def pick(self, state: S, event: E, ask: Ask) -> Row[S, E, C, D] | None:
        """The row that applies; None only in a variant that is not total."""
        for row in self.cell(state, event):
            if row.when.holds(ask):
                return row
        return None

    def validate(self) -> None:
        """Refuse an ill-formed table.

        Raises:
            IllFormed: see the class.
        """
        seen: set[str] = set()
        for row in self.rows:
            if row.id in seen:
                message = f"{row.id}: two rows have this id"
                raise IllFormed(message)
            seen.add(row.id)
        for event in self.events:
            for state in self.states:
                self._validate_cell(state, event)

    def _validate_cell(self, state: S, event: E) -> None:
        rows = self.cell(state, event)
        where = f"{self.name}: {event.name} in {state.name}"
        if not rows:
            message = f"{where}: no row"
            raise IllFormed(message)
        atoms = tuple(dict.fromkeys(atom for row in rows for atom in row.when.atoms()))
        held, everywhere = places(atoms, self.exclusives)
        once = twice = 0
        for row in rows:
            here = row.when.where(held, everywhere)
            once, twice = once | here, twice | once & here
        wrong = everywhere ^ once | twice
        if not wrong:
            return
        first = (wrong & -wrong).bit_length() - 1
        valuation = next(islice(valuations(atoms, self.exclusives), first, None))
        taken = [row for row in rows if row.when.holds(valuation.__getitem__)]
        holding = [a.name for a, value in valuation.items() if value] or ["nothing"]
        what = "no row holds" if not taken else "more than one row holds"
        ids = ", ".join(row.id for row in taken or rows)
        message = f"{where}: {what} when {', '.join(holding)} holds: {ids}"
        raise IllFormed(message)

    def with_rows(self, rows: Iterable[Row[S, E, C, D]]) -> Table[S, E, C, D]:
        """A variant of the table; it is not validated."""
        return replace(self, rows=tuple(rows))


def table(
    name: str,
    about: str,
    states: type[S],
    initial: S,
    *groups: Group[S, E, C, D],
    exclusives: tuple[Exclusive, ...] = (),
) -> Table[S, E, C, D]:
    """Declare a table.

    Raises:
        IllFormed: see `Table`.
    """
    rows = tuple(row for group in groups for row in _expand(name, tuple(states), group))
    made = Table(name, about, states, initial, rows, exclusives)
    made.validate()
    return made
