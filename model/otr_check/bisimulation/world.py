"""One endpoint, seen from one of its members: machines, what is delivered to them, and by whom.

A conversation has a member for each key of a family, and each runs by itself but for what all
share. So one member is looked at, in a **role**: the master session, a session with some instance
of the peer, a member of a further family. What happens elsewhere is known only by what was sent
there and by what it may change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from otr_model.kernel.composition import checks_of
from otr_model.kernel.expr import BoolVar, Comparison, InState, Int, IntVar, Number, Scope, Sum
from otr_model.kernel.expr import Compare as How
from otr_model.kernel.vocabulary import Defined, Event, Observer, Origin

from .reads import Reader, Unreadable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from otr_model.kernel.composition import AnyRow, AnyTable, Composition, Family
    from otr_model.kernel.expr import Bool, Variable
    from otr_model.kernel.variant import Applied
    from otr_model.kernel.vocabulary import Check, Condition, Effect
    from otr_model.kernel.words import Word
    from otr_reference.engine import Step

    from .reads import Touch

__all__ = ["SIGNED", "UNKNOWN", "Cell", "Choice", "Entry", "Role", "Tables", "World", "name_of"]

Cell: TypeAlias = "tuple[str, Word, Event]"
"""A table, a state and an event."""

MASTER, INSTANCE = "master", "instance"
UNKNOWN: Final = "?"
SIGNED: Final = "±"
"""What is known of a value: nothing; nothing, not even that it is not below 0."""
_PLACE: Final = {Scope.MEMBER: "member.", Scope.SHARED: "shared.", Scope.ENDPOINT: "config."}


def name_of(variable: Variable) -> str:
    """The name of a variable that is not one of the message; see `otr_check.bisimulation.reads`."""
    return _PLACE[variable.scope] + variable.name


class Choice:
    """What to ask next to pick a row of a cell, or the row: as the engine does.

    Attributes:
        row: the row, where nothing is left to ask; None: no row holds.
        ask: the condition to ask for; None: nothing is left.
    """

    __slots__ = ("_known", "_next", "_rows", "ask", "row")

    def __init__(self, rows: tuple[AnyRow, ...], known: Mapping[Condition, bool]) -> None:
        self._rows, self._known = rows, known
        self._next: dict[bool, Choice] = {}
        self.row: AnyRow | None = None
        self.ask: Condition | None = None
        for row in rows:
            settled = row.when.settle(known)
            if settled is True:
                self.row = row
                return
            if settled is not False:
                self.ask = settled
                return

    def after(self, answer: bool) -> Choice:  # noqa: FBT001 - the answer to a question
        """What comes after an answer."""
        found = self._next.get(answer)
        if found is None:
            known = self._known if self.ask is None else {**self._known, self.ask: answer}
            found = self._next[answer] = Choice(self._rows, known)
        return found


class Tables:
    """The cells of a composition under a variant.

    Attributes:
        applied: the composition under the variant.
        edited: the cells in which another row may be taken, or a row does something else, than in
            the tables that it is a variant of.
        changed: the rows that are changed, where no guard and no answer is; else None.
        unknown: what is known of a value that nothing is known of.
    """

    def __init__(self, applied: Applied, original: Tables | None = None) -> None:
        self.applied = applied
        self.rows: dict[Cell, tuple[AnyRow, ...]] = {
            (table.name, state, event): rows
            for table in applied.composition.tables
            for (state, event), rows in table.index.items()
        }
        self._choices: dict[Cell, Choice] = {}
        self.edited: frozenset[Cell] = frozenset()
        self.changed: frozenset[str] | None = None
        self.unknown = SIGNED if any(map(_may_fall, applied.assignments.items())) else UNKNOWN
        if original is not None:
            self._compare(original)

    def _compare(self, original: Tables) -> None:
        words = self.applied.skipped ^ original.applied.skipped | set(self.applied.definitions)
        effects = {effect for effect, _ in self.applied.assignments}
        edited: set[Cell] = set()
        for cell, rows in original.rows.items():
            mine = self.rows.get(cell, ())
            if mine == rows:
                self._choices[cell] = original.choice(cell)
            if mine != rows or (words and _asks(rows, words)) or _does(rows, effects):
                edited.add(cell)
        self.edited = frozenset(edited | (set(self.rows) - set(original.rows)))
        self.changed = None if words else self._changed(original, effects)

    def _changed(self, original: Tables, effects: set[Effect]) -> frozenset[str] | None:
        """The rows that are changed where only they are: no guard differs; else None."""
        found: set[str] = set()
        for cell in self.edited:
            before = {row.id: row for row in original.rows.get(cell, ())}
            after = {row.id: row for row in self.rows.get(cell, ())}
            for row_id, row in before.items():
                other = after.get(row_id)
                if other is not None and other.when != row.when:
                    return None
                if other != row or _does((row,), effects):
                    found.add(row_id)
            if set(after) - set(before):
                return None
        return frozenset(found)

    def choice(self, cell: Cell) -> Choice:
        """How a row of a cell is picked."""
        found = self._choices.get(cell)
        if found is None:
            found = self._choices[cell] = Choice(self.rows.get(cell, ()), {})
        return found


def _asks(rows: tuple[AnyRow, ...], words: Collection[Condition | Check]) -> bool:
    """Whether a row asks for one of some conditions, or for a validity that makes such a check."""
    return any(
        word in words
        for row in rows
        for atom in row.when.atoms()
        for word in (atom, *checks_of(atom))
    )


def _does(rows: tuple[AnyRow, ...], effects: Collection[Effect]) -> bool:
    """Whether a row has one of some effects."""
    return any(effect in effects for row in rows for effect in row.do)


def _may_fall(assigned: tuple[tuple[Effect, Variable], Int | Bool | None]) -> bool:
    """Whether a value that a variant assigns can be below 0 where the declared one is not."""
    (effect, variable), value = assigned
    declared = effect.spec.sets[variable]
    return isinstance(value, Int) and not (isinstance(value, Sum) and value.left == declared)


@dataclass(frozen=True, slots=True)
class Entry:
    """An event that begins a run, or that comes from elsewhere in one.

    Attributes:
        event: the event.
        elsewhere: a row raises it for another member than its own.
    """

    event: Event
    elsewhere: bool = False


@dataclass(frozen=True)
class Role:
    """A member at which one looks.

    Attributes:
        name: "master", "instance", or the name of a further family.
        number: the position among the roles.
        family: whose member it is.
        tables: its machines, and after them those that there are once.
        entries: what can be delivered to it.
    """

    name: str
    number: int
    family: Family
    tables: tuple[AnyTable, ...]
    entries: tuple[Entry, ...]

    @property
    def initial(self) -> tuple[Word, ...]:
        """The states in which its machines begin."""
        return tuple(table.initial for table in self.tables)

    @property
    def is_master(self) -> bool:
        """Whether it is the master session."""
        return self.name == MASTER


class World:
    """What does not depend on a variant: roles, routes, and what code can look at.

    Args:
        composition: the tables.
        step: the class that runs them.
        key: the variable that is the key of a member of the master's family.
        addressed: the shared variable that says which member a command is for.
    """

    def __init__(
        self,
        composition: Composition,
        step: type[Step[Any, Any]],
        key: str = "their_tag",
        addressed: str = "best",
    ) -> None:
        self.composition = composition
        self.key = f"member.{key}"
        self.addressed = f"shared.{addressed}"
        self.reader = Reader(composition, step)
        self.family = {
            table.name: composition.family_of(table.name) for table in composition.tables
        }
        self.roles = tuple(self._roles())
        self.kinds = dict(self._kinds())
        self.initial = self._initial()
        self.flags = frozenset(self._flags())
        self.shared = tuple(sorted(f"shared.{name}" for name in self.reader.names.shared))
        self._variables: dict[int, tuple[Variable, ...]] = {}
        self.away = {event: self._cascade(event) for event in composition.events}
        self.of_message = frozenset(c for c in composition.conditions if self._is_of_message(c))
        self._refuse_returns()
        self.commands = frozenset(e for e in composition.events if e.origin is Origin.USER)
        self.recurring = frozenset(e for e in composition.events if self._recurs(e))
        self.names = self._names()
        self.seen_of_master = self._seen("master")
        self.seen_of_others = self._seen("others")

    # Roles.

    def _roles(self) -> Iterator[Role]:
        main = self.composition.family
        for number, (name, family) in enumerate(
            ((MASTER, main), (INSTANCE, main), *((f.name, f) for f in self.composition.further))
        ):
            tables = tuple(
                table
                for wanted in (family, None)
                for table in self.composition.tables
                if self.family[table.name] is wanted
            )
            yield Role(name, number, family, tables, tuple(self._entries(name, family)))

    def _entries(self, name: str, family: Family) -> Iterator[Entry]:
        """What can be delivered to a role from outside of its member."""
        here = {None, family.name}
        external, raised = set[Event](), set[Event]()
        for event in self.composition.events:
            if event.origin is not Origin.RAISED and self._owner(event) in here:
                external.add(event)
        for row in self.composition.rows():
            raiser = self.family[row.table]
            for r in row.raises:
                to_router = self._owner(r.event) is None
                if raiser is None or self._owner(r.event) not in here:
                    continue
                constant = isinstance(r.to, Number)
                if to_router or r.every or (r.to is not None and not (constant and name != MASTER)):
                    raised.add(r.event)
        for event in self.composition.events:
            if event in external or event in raised:
                yield Entry(event, event not in external)

    def _owner(self, event: Event) -> str | None:
        family = self.family[self.composition.handler[event].name]
        return None if family is None else family.name

    def owner(self, event: Event) -> Family | None:
        """The family whose members handle an event."""
        return self.family[self.composition.handler[event].name]

    # Names.

    def _kinds(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """The variables of a message that a complete group of conditions enumerates."""
        for group in dict.fromkeys(
            g for table in self.composition.tables for g in table.exclusives if g.complete
        ):
            values: list[int] = []
            names: set[str] = set()
            for condition in group.conditions:
                match condition.spec:
                    case Defined(_, Comparison(How.EQUAL, IntVar(name=name), Number(value))):
                        names.add(name)
                        values.append(value)
                    case _:
                        names.add("")
            if len(names) == 1 and "" not in names:
                yield names.pop(), tuple(values)

    def _initial(self) -> Mapping[str, int | bool | None]:
        """What a new member has."""
        found: dict[str, int | bool | None] = {
            f"member.{v.name}": v.initial
            for v in self.composition.flat_variables()
            if v.scope is Scope.MEMBER and f"member.{v.name}" != self.key
        }
        found |= {
            f"member.{d.slot}": None for d in self.composition.data if d.spec.scope is Scope.MEMBER
        }
        return found

    def _flags(self) -> Iterator[str]:
        """The flags of a member that a condition asks for and nothing else."""
        for condition in self.composition.conditions:
            match condition.spec:
                case Defined(_, BoolVar(scope=Scope.MEMBER) as flag):
                    yield name_of(flag)
                case _:
                    pass

    def touch(self, word: Condition | Check | Effect, prefix: str) -> Touch:
        """What the code of a word can look at and change."""
        return self.reader.touch(f"{prefix}_{word.name.lower()}")

    def variables(self, expression: object) -> tuple[Variable, ...]:
        """The variables of an expression, in a fixed order."""
        found = self._variables.get(id(expression))
        if found is None:
            found = tuple(sorted(expression.variables(), key=lambda v: v.name))  # type: ignore[attr-defined]
            self._variables[id(expression)] = found
        return found

    def _names(self) -> Mapping[Effect, str]:
        """What effects are called: the same for those that nobody sees and that do the same."""
        first: dict[object, str] = {}
        found: dict[Effect, str] = {}
        for effect in self.composition.effects:
            spec = effect.spec
            code = self.reader.code(f"do_{effect.name.lower()}")
            does = (spec.needs, spec.writes, spec.forgets, tuple(spec.sets.items()), code)
            alone = spec.seen is not Observer.NOBODY or self.touch(effect, "do").speaks or not code
            found[effect] = effect.name if alone else first.setdefault(does, effect.name)
        return found

    # Elsewhere.

    def _cascade(self, event: Event) -> frozenset[str]:
        """The shared names that an event may change, and whatever it raises."""
        found: set[str] = set()
        reached: set[Event] = set()
        left = [event]
        while left:
            at = left.pop()
            if at in reached:
                continue
            reached.add(at)
            for row in self.composition.handler[at].rows:
                if row.on is at:
                    left.extend(r.event for r in row.raises)
                    found |= {name for effect in row.do for name in self.changes(effect)}
        return frozenset(name for name in found if name.startswith("shared."))

    def _is_of_message(self, condition: Condition) -> bool:
        """Whether the message as it came and the configuration define a condition."""
        spec = condition.spec
        if not isinstance(spec, Defined) or any(_asked(spec.expr, w) for w in ("member", "master")):
            return False
        return all(
            v.scope is Scope.ENDPOINT
            or (v.scope is Scope.MESSAGE and v.name not in self.reader.late)
            for v in spec.expr.variables()
        )

    def _recurs(self, event: Event) -> bool:
        """Whether a member may raise an event for itself while it deals with it."""
        left, reached = [event], set[Event]()
        while left:
            at = left.pop()
            for row in self.composition.handler[at].rows:
                for r in row.raises if row.on is at and self.owner(at) is not None else ():
                    if r.event is event:
                        return True
                    if r.event not in reached and r.to is None:
                        reached.add(r.event)
                        left.append(r.event)
        return False

    def _refuse_returns(self) -> None:
        """What a member sends elsewhere must not come back in the same run.

        Raises:
            Unreadable: if it may.
        """
        for row in self.composition.rows():
            for r in row.raises:
                if self.family[row.table] is None or (r.to is None and not r.every):
                    continue
                left, reached = [r.event], set[Event]()
                while left and self.owner(r.event) is not None:
                    at = left.pop()
                    reached.add(at)
                    for other in self.composition.handler[at].rows:
                        raised = other.raises if other.on is at else ()
                        if any(x.to is not None or x.every for x in raised):
                            message = f"{row.id} raises {r.event.name}, which may come back"
                            raise Unreadable(message)
                        left.extend(x.event for x in raised if x.event not in reached)

    def changes(self, effect: Effect) -> frozenset[str]:
        """Every name that an effect may change."""
        spec = effect.spec
        data = {_PLACE[d.spec.scope] + d.slot for d in (*spec.writes, *spec.forgets)}
        sets = {name_of(variable) for variable in spec.sets}
        return frozenset(data | sets | self.touch(effect, "do").writes)

    def _seen(self, pseudonym: str) -> frozenset[str]:
        """What can be seen of the master, or of other members: by code, by rows, by the engine."""
        names = set(self.reader.seen_of(pseudonym))
        if pseudonym == "others":
            retires = self.composition.family.retires
            names |= {name_of(v) for v in retires.variables() if v.scope is Scope.MEMBER}
            names |= {f"machine.{machine}" for machine in _asked(retires, "member")}
        else:
            for expression in self._expressions():
                names |= {f"machine.{machine}" for machine in _asked(expression, "master")}
        return frozenset(n for n in names if n.startswith(("member.", "machine.")))

    def _expressions(self) -> Iterator[object]:
        yield from (c.spec.expr for c in self.composition.conditions if isinstance(c.spec, Defined))
        for effect in self.composition.effects:
            yield from effect.spec.sets.values()
        yield from (c.spec.expr for c in self.composition.checks if c.spec.expr is not None)


def _asked(expression: object, owner: str) -> Iterable[str]:
    """The machines of an owner that an expression asks for."""
    if isinstance(expression, InState):
        return (expression.machine,) if expression.owner == owner else ()
    parts: list[object] = []
    for name in getattr(type(expression), "__slots__", ()):
        part = getattr(expression, name)
        parts.extend(part if isinstance(part, tuple) else (part,))
    return tuple(
        machine for part in parts if hasattr(part, "read") for machine in _asked(part, owner)
    )
