"""Looking for sequences of rows: those that show that a claim says something, and those that
refute it.

The tables are run on values: one instance of the peer beside the master, one assembly of fragments,
one configuration. What an input is like is left to the solver: it is asked for a message under
which the rows of a run can be taken one after the other. Opaque conditions may be answered in any
way, anew at each row, as in the proofs. The search goes from the beginning, by the number of
inputs, and keeps one of several worlds that differ only in large numbers: what it finds is so, what
it does not find may be there all the same.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from otr_check import smt
from otr_check.solver import place_of
from otr_model.kernel.composition import checks_of
from otr_model.kernel.expr import BoolVar, Compare, IntArray, IntVar, Reading, Scope
from otr_model.kernel.guard import Guard
from otr_model.kernel.vocabulary import Defined, Origin

from .claims import Action, Grows, Invariant, Kept, Prepared, held, places_of
from .queues import Item, Role
from .results import Taken, Trail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from otr_model.kernel.composition import AnyRow
    from otr_model.kernel.expr import Bool, Int, Variable
    from otr_model.kernel.vocabulary import Effect, Event
    from otr_model.kernel.words import Word

    from .claims import Change, Claim
    from .system import System

__all__ = ["Search", "World"]

Plain: TypeAlias = "dict[str, Any]"
"""Values of variables and data, and states, by the place where a running step keeps them."""
Value: TypeAlias = "Callable[[Plain], Any]"

MASTER, PEER, ASSEMBLY = 0, 0x100, -1
"""The keys of the members: the master, an instance of the peer, and an assembly."""
LARGE: Final = 3
"""Integers from here on are not told apart."""


class Compiled(Reading[Value, Value]):
    """Reads an expression as a function of values."""

    def number(self, value: int) -> Value:
        """A constant function."""
        return lambda _: value

    def integer(self, variable: IntVar) -> Value:
        """A look-up."""
        place = place_of(variable)
        return lambda values: values[place]

    def element(self, array: IntArray, at: tuple[Value, ...]) -> Value:
        """A look-up at a computed index; 0 outside the shape."""
        cells = {where: place_of(cell) for where, cell in array.cells()}

        def look_up(values: Plain) -> int:
            place = cells.get(tuple(index(values) for index in at))
            return 0 if place is None else int(values[place])

        return look_up

    def plus(self, left: Value, right: Value) -> Value:
        """A sum."""
        return lambda values: left(values) + right(values)

    def minus(self, left: Value, right: Value) -> Value:
        """A difference."""
        return lambda values: left(values) - right(values)

    def remainder(self, left: Value, divisor: int) -> Value:
        """A remainder."""
        return lambda values: left(values) % divisor

    def choose(self, when: Value, then: Value, otherwise: Value) -> Value:
        """A choice."""
        return lambda values: then(values) if when(values) else otherwise(values)

    def truth(self, value: bool) -> Value:  # noqa: FBT001 - see Reading.truth
        """A constant function."""
        return lambda _: value

    def flag(self, variable: BoolVar) -> Value:
        """A look-up."""
        place = place_of(variable)
        return lambda values: values[place]

    def compare(self, how: Compare, left: Value, right: Value) -> Value:
        """A comparison."""
        match how:
            case Compare.EQUAL:
                return lambda values: left(values) == right(values)
            case Compare.LESS:
                return lambda values: left(values) < right(values)
            case Compare.AT_MOST:
                return lambda values: left(values) <= right(values)

    def negation(self, part: Value) -> Value:
        """Not."""
        return lambda values: not part(values)

    def conjunction(self, parts: tuple[Value, ...]) -> Value:
        """All."""
        return lambda values: all(part(values) for part in parts)

    def disjunction(self, parts: tuple[Value, ...]) -> Value:
        """Any."""
        return lambda values: any(part(values) for part in parts)

    def in_state(self, machine: str, states: tuple[Word, ...], owner: str) -> Value:
        """A look-up of the state."""
        place = f"{owner}.{machine}"
        return lambda values: values[place] in states


COMPILED: Final = Compiled()


@dataclass(frozen=True, slots=True)
class World:
    """Everything that tables can see between two rows.

    Attributes:
        members: values and states of each member, by key.
        shared: what all share.
        queue: the events that wait, and the keys of the members they are for.
        now: the time.
    """

    members: dict[int, Plain]
    shared: Plain
    queue: tuple[tuple[Event, int], ...] = ()
    now: int = 0


@dataclass(frozen=True, slots=True)
class _Link:
    """A row that was taken in the run at hand: what it asks, for the solver.

    Attributes:
        key: what the question depends on.
        asks: the question.
        facts: values of message variables that were used since, and so are settled.
    """

    key: tuple[object, ...]
    asks: smt.BoolRef
    facts: tuple[tuple[str, int | bool], ...] = ()


Chain: TypeAlias = "tuple[_Link, ...]"


@dataclass(frozen=True, slots=True)
class _Path:
    """How a world was reached: the rows, backwards."""

    before: _Path | None
    taken: Taken

    def rows(self) -> tuple[Taken, ...]:
        """The rows in order."""
        found: list[Taken] = []
        path: _Path | None = self
        while path is not None:
            found.append(path.taken)
            path = path.before
        return tuple(reversed(found))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the guard of a row mentions: member and shared places, and the master's states."""

    places: tuple[str, ...]


@dataclass(slots=True)
class Search:
    """A search from the beginning of a system.

    Args:
        system: the tables, with what is remembered.
        setting: the configuration: values of the endpoint's variables.
        most: how many worlds are looked into, at most.
    """

    system: System
    setting: Mapping[Variable, int | bool]
    most: int = 400
    worlds: int = 0
    _config: Plain = field(init=False)
    _answers: dict[tuple[object, ...], Plain | None] = field(init=False, default_factory=dict)
    _compiled: dict[object, Value] = field(init=False, default_factory=dict)
    _asked: dict[str, _Asked] = field(init=False, default_factory=dict)
    _questions: dict[tuple[object, ...], smt.BoolRef] = field(init=False, default_factory=dict)
    _rows: dict[tuple[Event, Word], list[AnyRow]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        parameters = {f"config.{p.name}": p.value for p in self.system.composition.parameters}
        chosen = {place_of(variable): value for variable, value in self.setting.items()}
        self._config = {**parameters, **chosen}
        for row in self.system.composition.rows():
            self._rows.setdefault((row.on, row.at), []).append(row)

    # --- Beginning --------------------------------------------------------------------------------

    def beginning(self) -> World:
        """The world before anything has happened."""
        system = self.system
        shared: Plain = {place_of(x): x.initial for x in system.variables[Scope.SHARED]}
        shared |= {place_of(x): False for x in system.data[Scope.SHARED]}
        members = {key: self._fresh(key) for key in (MASTER, PEER, ASSEMBLY)}
        return World(members, shared)

    def _fresh(self, key: int) -> Plain:
        system = self.system
        fresh: Plain = {place_of(x): x.initial for x in system.variables[Scope.MEMBER]}
        fresh |= {place_of(x): False for x in system.data[Scope.MEMBER]}
        fresh |= {f"member.{t.machine}": t.initial for t in system.mine}
        fresh["member.their_tag"] = key
        return fresh

    # --- Worlds -----------------------------------------------------------------------------------

    def explore(self, goals: Goals) -> None:
        """Look into worlds, nearest first, until all goals are reached or the bound is."""
        first = self.beginning()
        seen = {self._sight(first, goals)}
        left: deque[tuple[World, _Path | None]] = deque([(first, None)])
        while left and goals.open and self.worlds < self.most:
            world, path = left.popleft()
            self.worlds += 1
            for after, reached in self._runs(world, path, goals):
                sight = self._sight(after, goals)
                if sight not in seen:
                    seen.add(sight)
                    left.append((after, reached))
                if not goals.open:
                    return

    def _sight(self, world: World, goals: Goals) -> tuple[object, ...]:
        """What tells one world from another."""
        parts: list[object] = [world.queue]
        for values in (*world.members.values(), world.shared):
            parts.extend(
                min(value, LARGE) if type(value) is int else value
                for place, value in values.items()
                if place in goals.telling
            )
        return tuple(parts)

    def _runs(
        self, world: World, path: _Path | None, goals: Goals
    ) -> Iterator[tuple[World, _Path]]:
        """Every input, and every way in which the tables can deal with it."""
        for event in self.system.composition.events:
            if event.origin is Origin.RAISED:
                continue
            role = self.system.queues.given_to(event)
            keys = {
                Role.GUEST: (MASTER, PEER),
                Role.ASSEMBLY: (ASSEMBLY,),
            }.get(role, (MASTER,))
            for key in keys:
                queued = World(world.members, world.shared, ((event, key),), world.now)
                yield from self._run(queued, (), path, goals, outside=True)

    def _run(
        self, world: World, chain: Chain, path: _Path | None, goals: Goals, *, outside: bool
    ) -> Iterator[tuple[World, _Path]]:
        """Take every row that can be taken next, to the end of the run."""
        if not world.queue:
            if path is not None:
                yield world, path
            return
        if len(chain) > goals.longest:
            return
        event, key = world.queue[0]
        handler = self.system.composition.handler[event]
        state = world.members[key].get(f"member.{handler.machine}", handler.initial)
        for row in self._rows.get((event, state), ()):
            link = self._link(row, world, key, len(chain))
            facts = self._facts((*chain, link))
            if facts is None:
                continue
            taken = _Path(path, Taken(row.id, key, outside))
            goals.before(self, row, world, key, (*chain, link), taken)
            after, used = self._take(row, world, key, facts)
            goals.after(self, after, taken)
            settled = _Link(link.key, link.asks, used)
            following = () if goals.renews(row) else (*chain, settled)
            yield from self._run(after, following, taken, goals, outside=False)

    # --- Questions --------------------------------------------------------------------------------

    def _link(self, row: AnyRow, world: World, key: int, depth: int) -> _Link:
        """What taking a row asks of the message at hand."""
        asked = self._asked.get(row.id)
        if asked is None:
            asked = self._asked[row.id] = _Asked(tuple(sorted(self._mentioned(row.when))))
        values = self.values(world, key)
        known = tuple(values.get(place) for place in asked.places)
        question = (row.id, known, depth, world.now)
        asks = self._questions.get(question)
        if asks is None:
            asks = self._questions[question] = self._ask(row.when, values, asked, depth, world.now)
        return _Link(question, asks)

    def _ask(
        self, guard: Guard, values: Plain, asked: _Asked, depth: int, now: int
    ) -> smt.BoolRef:
        """A guard at a world: what it leaves open is the message, and opaque conditions."""
        reader = self._reader(values, asked.places, depth)
        then = smt.at_most(smt.number(now), smt.unknown_number("facts.now"))
        tag = smt.unknown_number("facts.sender_tag")
        here = smt.any_of(smt.equal(tag, smt.number(key)) for key in (MASTER, PEER))
        return smt.all_of((reader.guard(guard), then, here, *self._supposed(reader)))

    def _supposed(self, reader: Any) -> Iterator[smt.BoolRef]:  # noqa: ANN401 - a Reader of ours
        return
        yield

    def _reader(self, values: Plain, places: Iterable[str], depth: int) -> Any:  # noqa: ANN401
        known: dict[str, Any] = {}
        for place in places:
            value = values.get(place)
            if value is not None:
                known[place] = self._constant(value)
        known["facts.tlv_kind"] = smt.unknown_number(f"facts.tlv_kind {depth}")
        reader = self.system.reader(known)
        reader.mark = f" {depth}"
        return reader

    def _constant(self, value: object) -> smt.ExprRef:
        if isinstance(value, bool):
            return smt.truth(value)
        if isinstance(value, int):
            return smt.number(value)
        return smt.number(list(type(value)).index(value))  # type: ignore[call-overload]

    def _mentioned(self, guard: Guard) -> Iterator[str]:
        """Where the values are kept that the conditions of a guard mention."""
        for condition in guard.atoms():
            expressions = [check.spec.expr for check in checks_of(condition)]
            if isinstance(condition.spec, Defined):
                expressions.append(condition.spec.expr)
            for expression in expressions:
                if expression is not None:
                    yield from (p for p in places_of(expression) if not p.startswith("facts."))

    def _facts(self, chain: Chain, more: smt.BoolRef | None = None) -> Plain | None:
        """A message under which the rows of a chain can be taken; None: there is none."""
        key = (tuple((link.key, link.facts) for link in chain), more)
        if key in self._answers:
            return self._answers[key]
        solver = smt.Solver()
        for link in chain:
            solver.suppose(link.asks)
            solver.suppose(*(self._settled(place, value) for place, value in link.facts))
        model = solver.example(smt.truth(True) if more is None else more)  # noqa: FBT003
        found: Plain | None = None
        if model is not None:
            found = {}
            for variable in self.system.variables[Scope.MESSAGE]:
                place = place_of(variable)
                integer = isinstance(variable, IntVar)
                make = smt.unknown_number if integer else smt.unknown_truth
                found[place] = model.value(make(place))
        self._answers[key] = found
        return found

    def _settled(self, place: str, value: int | bool) -> smt.BoolRef:  # noqa: FBT001
        if isinstance(value, bool):
            return smt.same(smt.unknown_truth(place), smt.truth(value))
        return smt.equal(smt.unknown_number(place), smt.number(value))

    # --- Taking a row -----------------------------------------------------------------------------

    def values(self, world: World, key: int) -> Plain:
        """Everything that an expression can mention, for a member."""
        master = world.members[MASTER]
        states = {f"master.{t.machine}": master[f"member.{t.machine}"] for t in self.system.mine}
        return {**self._config, **world.shared, **world.members[key], **states}

    def waiting(self, world: World, key: int) -> Plain:
        """Which events wait for a member."""
        mine = [event for event, to in world.queue if to == key]
        system = self.system
        found: Plain = {place: event in mine for event, place in system.waited.items()}
        found |= {place: mine.count(event) for event, place in system.counted.items()}
        for (first, second), place in system.ordered.items():
            found[place] = first in mine and second in mine[mine.index(first) + 1 :]
        return found

    def compiled(self, expression: Int | Bool) -> Value:
        """An expression as a function of values."""
        made = self._compiled.get(expression)
        if made is None:
            made = self._compiled[expression] = expression.read(COMPILED)
        return made

    def _take(
        self, row: AnyRow, world: World, key: int, facts: Plain
    ) -> tuple[World, tuple[tuple[str, int | bool], ...]]:
        """The world after a row, and the facts that it used."""
        member, shared = dict(world.members[key]), dict(world.shared)
        context = {**self.values(world, key), **facts}
        used: set[str] = set()
        self._set(self._remembered(row.on), member, shared, context, used)
        for effect in row.do:
            self._set(self._sets(effect), member, shared, context, used)
            for data, there in ((effect.spec.writes, True), (effect.spec.forgets, False)):
                for datum in data:
                    self._put(held(datum), there, member, shared, context)
        handler = self.system.composition.handler[row.on]
        place = f"member.{handler.machine}"
        if place in member:
            member[place] = context[place] = row.goto
        raised = list(self._raised(row, key, context, used))
        members = {**world.members, key: member}
        now = facts["facts.now"] if "facts.now" in used else world.now
        after = World(members, shared, (*world.queue[1:], *raised), now)
        return after, tuple((p, facts[p]) for p in sorted(used) if p.startswith("facts."))

    def _remembered(self, event: Event) -> Mapping[Variable, Int | Bool]:
        return _joined(c for c in self.system.claims.changes if event in c.events)

    def _sets(self, effect: Effect) -> Mapping[Variable, Int | Bool]:
        ghosts = _joined(c for c in self.system.claims.changes if effect in c.effects)
        return {**effect.spec.sets, **ghosts}

    def _set(
        self,
        sets: Mapping[Variable, Int | Bool],
        member: Plain,
        shared: Plain,
        context: Plain,
        used: set[str],
    ) -> None:
        found = {variable: self.compiled(value)(context) for variable, value in sets.items()}
        for variable, value in sets.items():
            used |= {place_of(x) for x in value.variables() if x.scope is Scope.MESSAGE}
            self._put(variable, found[variable], member, shared, context)

    def _put(
        self,
        variable: Variable,
        value: int | bool,  # noqa: FBT001 - the value of a variable of either type
        member: Plain,
        shared: Plain,
        context: Plain,
    ) -> None:
        place = place_of(variable)
        (shared if variable.scope is Scope.SHARED else member)[place] = context[place] = value

    def _raised(
        self, row: AnyRow, key: int, context: Plain, used: set[str]
    ) -> Iterator[tuple[Event, int]]:
        for each in row.raises:
            role = self.system.queues.given_to(each.event)
            if role is Role.ASSEMBLY:
                yield each.event, ASSEMBLY
            elif role is Role.NOBODY:
                yield each.event, MASTER
            elif each.every:
                yield from ((each.event, to) for to in (MASTER, PEER))
            elif each.to is None:
                yield each.event, key
            else:
                used |= {place_of(x) for x in each.to.variables() if x.scope is Scope.MESSAGE}
                yield each.event, self.compiled(each.to)(context)
