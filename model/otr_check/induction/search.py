"""Looking for sequences of rows: what shows that a claim says something, and what refutes it.

The tables are run on values: one instance of the peer beside the master, one assembly of fragments,
one configuration. What an input is like is left to the solver: it is asked for a message under
which the rows of a run can be taken one after the other. Opaque conditions may be answered in any
way, anew at each row, as in the proofs. The search goes from the beginning, by the number of
inputs, and keeps one of several worlds that differ only in large numbers: what it finds is so, what
it does not find may be there all the same.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from otr_check import smt
from otr_check.solver import place_of
from otr_model.kernel.composition import checks_of
from otr_model.kernel.expr import BoolVar, Compare, IntArray, IntVar, Reading, Scope
from otr_model.kernel.guard import Guard
from otr_model.kernel.vocabulary import Defined, Origin

from .claims import Action, Grows, Invariant, Kept, Prepared, held, places_of
from .queues import Role
from .results import Taken, Trail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from otr_model.kernel.composition import AnyRow
    from otr_model.kernel.expr import Bool, Int, Variable
    from otr_model.kernel.vocabulary import Condition, Effect, Event
    from otr_model.kernel.words import Word

    from .claims import Change, Claim
    from .system import Reader, System

__all__ = ["Goals", "Search", "World", "look"]

Plain: TypeAlias = "dict[str, Any]"
"""Values of variables and data, and states, by the place where a running step keeps them."""
Value: TypeAlias = "Callable[[Plain], Any]"

MASTER, PEER, ASSEMBLY = 0, 0x100, -1
"""The keys of the members: the master, an instance of the peer, and an assembly."""
LONGEST: Final = 16
"""Rows of one run, at most."""
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
    """The rows that were taken in the run at hand: what they ask, for the solver.

    Attributes:
        number: equal for chains that ask the same.
        asks: what the last row asks, or what it has settled.
        before: the chain before.
        depth: how long it is.
        root: the id of its first row.
        asked: the conditions of its first row.
    """

    number: int
    asks: smt.BoolRef
    before: _Link | None
    depth: int
    root: str
    asked: frozenset[Condition]

    def all(self) -> Iterator[smt.BoolRef]:
        """All that is asked."""
        link: _Link | None = self
        while link is not None:
            yield link.asks
            link = link.before


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
        aside: conditions about messages which do not hold for any that arrives.
    """

    system: System
    setting: Mapping[Variable, int | bool]
    most: int = 400
    aside: frozenset[Condition] = frozenset()
    worlds: int = 0
    _config: Plain = field(init=False)
    _answers: dict[int, Plain | None] = field(init=False, default_factory=dict)
    _compiled: dict[int, Value] = field(init=False, default_factory=dict)
    _kept: list[Int | Bool] = field(init=False, default_factory=list)
    _seen: set[tuple[object, ...]] = field(init=False, default_factory=set)
    _asked: dict[str, _Asked] = field(init=False, default_factory=dict)
    _message: tuple[Variable, ...] = field(init=False)
    _solver: smt.Solver = field(init=False, default_factory=smt.Solver)
    _links: dict[tuple[object, ...], _Link] = field(init=False, default_factory=dict)
    _facts_of: dict[str, tuple[Variable, ...]] = field(init=False, default_factory=dict)
    _atoms: dict[Event, set[Condition]] = field(init=False, default_factory=dict)
    _rows: dict[tuple[Event, Word], list[AnyRow]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._message = self.system.variables[Scope.MESSAGE]
        parameters = {f"config.{p.name}": p.value for p in self.system.composition.parameters}
        chosen = {place_of(variable): value for variable, value in self.setting.items()}
        self._config = {**parameters, **chosen}
        for row in self.system.composition.rows():
            self._rows.setdefault((row.on, row.at), []).append(row)
            self._atoms.setdefault(row.on, set()).update(row.when.atoms())

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
        """Look into worlds until all goals are reached or the bound is.

        Worlds come first of whose kind the fewest were looked into, and then those that were
        reached first.
        """
        left: list[tuple[int, int, World, _Path | None]] = [(0, 0, self.beginning(), None)]
        looked: Counter[tuple[object, ...]] = Counter()
        serial = 0
        while left and self.worlds < self.most and goals.open:
            rank, number, world, path = heappop(left)
            kind = self._kind(world, goals)
            if looked[kind] > rank:
                heappush(left, (looked[kind], number, world, path))
                continue
            looked[kind] += 1
            self.worlds += 1
            for after, reached in self._runs(world, path, goals):
                serial += 1
                heappush(left, (looked[self._kind(after, goals)], serial, after, reached))

    def _kind(self, world: World, goals: Goals) -> tuple[object, ...]:
        """What worlds have in common of which few need to be looked into."""
        wanted = goals.wanted
        return tuple(
            min(value, LARGE) if type(value) is int else value
            for values in (*world.members.values(), world.shared)
            for place, value in values.items()
            if place in wanted
        )

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
            if event.origin is Origin.RAISED or not goals.open:
                continue
            role = self.system.queues.given_to(event)
            keys = {
                Role.GUEST: (MASTER, PEER),
                Role.ASSEMBLY: (ASSEMBLY,),
            }.get(role, (MASTER,))
            for key in keys:
                queued = World(world.members, world.shared, ((event, key),), world.now)
                yield from self._run(queued, None, path, goals, outside=True)

    def _run(
        self,
        world: World,
        chain: _Link | None,
        path: _Path | None,
        goals: Goals,
        *,
        outside: bool,
    ) -> Iterator[tuple[World, _Path]]:
        """Take every row that can be taken next, to the end of the run."""
        if chain is not None and chain.depth > LONGEST:
            return
        if not world.queue:
            if path is not None:
                yield world, path
            return
        event, key = world.queue[0]
        handler = self.system.composition.handler[event]
        member, place = world.members[key], f"member.{handler.machine}"
        state: Any = member.get(place, handler.initial)
        for row in self._rows.get((event, state), ()):
            link = self._link(row, world, key, chain)
            facts = self._facts(link, self._used(row))
            if facts is None:
                continue
            taken = _Path(path, Taken(row.id, key, outside))
            goals.before(self, row, world, key, link, taken)
            after, used = self._take(row, world, key, facts)
            goals.after(self, after, taken)
            following = None if goals.renews(row) else self._settle(link, used)
            root = self._root(following, after)
            sight = (root, *self._sight(after, goals))
            if sight in self._seen:
                continue
            self._seen.add(sight)
            yield from self._run(after, following, taken, goals, outside=False)

    def _root(self, chain: _Link | None, world: World) -> str:
        """The first row of the run, as long as what it asked is asked again."""
        if chain is None or not world.queue:
            return ""
        waiting = {event for event, _ in world.queue}
        again = any(chain.asked & self._atoms[event] for event in waiting)
        return chain.root if again else ""

    # --- Questions --------------------------------------------------------------------------------

    def _link(self, row: AnyRow, world: World, key: int, before: _Link | None) -> _Link:
        """What taking a row asks of the message at hand."""
        asked = self._asked.get(row.id)
        if asked is None:
            asked = self._asked[row.id] = _Asked(tuple(sorted(self._mentioned(row.when))))
        values = self.values(world, key)
        known = tuple(values.get(place) for place in asked.places)
        depth = 0 if before is None else before.depth
        question = (row.id, known, world.now, None if before is None else before.number)
        link = self._links.get(question)
        if link is None:
            asks = self._ask(row.when, values, asked, depth, world.now)
            root = row.id if before is None else before.root
            atoms = frozenset(row.when.atoms()) if before is None else before.asked
            link = _Link(len(self._links), asks, before, depth + 1, root, atoms)
            self._links[question] = link
        return link

    def _settle(self, chain: _Link, facts: tuple[tuple[str, int | bool], ...]) -> _Link:
        """The chain after some facts were used, which are settled then."""
        if not facts:
            return chain
        question = (facts, chain.number)
        link = self._links.get(question)
        if link is None:
            asks = smt.all_of(self._settled(place, value) for place, value in facts)
            link = _Link(len(self._links), asks, chain, chain.depth, chain.root, chain.asked)
            self._links[question] = link
        return link

    def _ask(self, guard: Guard, values: Plain, asked: _Asked, depth: int, now: int) -> smt.BoolRef:
        """A guard at a world: what it leaves open is the message, and opaque conditions."""
        reader = self._reader(values, asked.places, depth)
        then = smt.at_most(smt.number(now), smt.unknown_number("facts.now"))
        tag = smt.unknown_number("facts.sender_tag")
        here = smt.any_of(smt.equal(tag, smt.number(key)) for key in (MASTER, PEER))
        none = map(smt.negation, map(reader.condition, self.aside))
        return smt.all_of((reader.guard(guard), then, here, *none, *self._supposed(guard, reader)))

    def _supposed(self, guard: Guard, reader: Reader) -> Iterator[smt.BoolRef]:
        for each in self.system.claims.supposed:
            if each.condition in guard.atoms():
                means = smt.same(reader.condition(each.condition), reader.truth_of(each.means))
                yield smt.follows(reader.truth_of(each.when), means)

    def _reader(self, values: Plain, places: Iterable[str], depth: int) -> Reader:
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
            for each in self.system.claims.supposed:
                if each.condition is condition:
                    expressions += [each.when, each.means]
            for expression in expressions:
                if expression is not None:
                    yield from (p for p in places_of(expression) if not p.startswith("facts."))

    def _facts(
        self, chain: _Link, wanted: tuple[Variable, ...] = (), more: smt.BoolRef | None = None
    ) -> Plain | None:
        """A message under which the rows of a chain can be taken; None: there is none.

        Args:
            chain: the rows.
            wanted: the message variables whose values matter.
            more: what must hold as well.
        """
        key = chain.number
        if more is None and key in self._answers:
            return self._answers[key]
        asked = list(chain.all())
        model = self._solver.example(smt.all_of(asked if more is None else (*asked, more)))
        found: Plain | None = None
        if model is not None:
            found = {place_of(x): model.value(_unknown(x)) for x in wanted}
        if more is None:
            self._answers[key] = found
        return found

    def _used(self, row: AnyRow) -> tuple[Variable, ...]:
        """The message variables that the effects of a row, and where it leads, mention."""
        found = self._facts_of.get(row.id)
        if found is None:
            expressions = [value for effect in row.do for value in self._sets(effect).values()]
            expressions += self._remembered(row.on).values()
            expressions += [each.to for each in row.raises if each.to is not None]
            used = {x for e in expressions for x in e.variables() if x.scope is Scope.MESSAGE}
            found = self._facts_of[row.id] = tuple(sorted(used, key=place_of))
        return found

    def _settled(self, place: str, value: int | bool) -> smt.BoolRef:  # noqa: FBT001
        if isinstance(value, bool):
            return smt.same(smt.unknown_truth(place), smt.truth(value))
        return smt.equal(smt.unknown_number(place), smt.number(value))

    # --- What breaks a claim ----------------------------------------------------------------------

    def can(self, guard: Guard, world: World, key: int, chain: _Link) -> bool:
        """Whether a guard can hold when the last row of a chain is taken."""
        return self._satisfied(guard, self.values(world, key), chain, holds=True) is not None

    def _satisfied(
        self, asked: Guard | Bool, values: Plain, chain: _Link, *, holds: bool
    ) -> Plain | None:
        """A message under which a chain can be taken, and a question has an answer."""
        places = (
            self._mentioned(asked)
            if isinstance(asked, Guard)
            else (p for p in places_of(asked) if not p.startswith("facts."))
        )
        reader = self._reader(values, tuple(places), chain.depth - 1)
        answer = reader.guard(asked) if isinstance(asked, Guard) else reader.truth_of(asked)
        return self._facts(chain, self._message, answer if holds else smt.negation(answer))

    def breaking_action(
        self, claim: Action, row: AnyRow, world: World, key: int, chain: _Link
    ) -> Plain | None:
        """The values with which a row breaks a claim about actions."""
        facts = self._facts(chain, self._used(row))
        if facts is None:
            return None
        waiting = self.waiting(World(world.members, world.shared, world.queue[1:]), key)
        moments = list(self._moments(row, world, key, facts))
        wanted = [values for effect, values in moments if effect in claim.effects]
        if any(each.event in claim.raises for each in row.raises):
            wanted.append(self.values(world, key))
        for values in wanted:
            everything = {**values, **waiting}
            if self._satisfied(claim.then, everything, chain, holds=False) is not None:
                return everything
        return None

    def _moments(
        self, row: AnyRow, world: World, key: int, facts: Plain
    ) -> Iterator[tuple[Effect, Plain]]:
        """The values right before each effect of a row."""
        member, shared = dict(world.members[key]), dict(world.shared)
        context = {**self.values(world, key), **facts}
        self._set(self._remembered(row.on), member, shared, context, set())
        for effect in row.do:
            yield effect, dict(context)
            self._set(self._sets(effect), member, shared, context, set())
            for data, there in ((effect.spec.writes, True), (effect.spec.forgets, False)):
                for datum in data:
                    self._put(held(datum), there, member, shared, context)

    def breaking_kept(
        self, claim: Kept, row: AnyRow, world: World, key: int, chain: _Link
    ) -> Plain | None:
        """The values with which a row changes what is to stay."""
        values = self.values(world, key)
        facts = self._satisfied(claim.when, values, chain, holds=True)
        if facts is None:
            return None
        after, _ = self._take(row, world, key, facts)
        changes = {
            place: value
            for place, value in {**after.shared, **after.members[key]}.items()
            if values[place] != value and place not in self.system.ghosts
        }
        loud = (row.raises and not claim.raising) or any(
            effect.spec.writes or effect.spec.forgets
            for effect in row.do
            if effect not in claim.but
        )
        return values if changes or loud else None

    def breaking_prepared(self, row: AnyRow, world: World, key: int, chain: _Link) -> Plain | None:
        """The values with which an effect of a row lacks data."""
        facts = self._facts(chain, self._used(row))
        for effect, values in self._moments(row, world, key, facts or {}):
            if not all(values[place_of(held(datum))] for datum in effect.spec.needs):
                return values
        return None

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
        made = self._compiled.get(id(expression))
        if made is None:
            self._kept.append(expression)
            made = self._compiled[id(expression)] = expression.read(COMPILED)
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


def _leads(claim: Invariant, row: AnyRow) -> bool:
    """Whether a row leads to another state of a machine that a claim asks about."""
    return row.goto is not row.at and f"member.{row.table.rpartition('.')[2]}" in claim.places


def _asked_of(guard: Guard) -> Iterator[str]:
    """Where the values are kept that the defined conditions of a guard mention."""
    for condition in guard.atoms():
        if isinstance(condition.spec, Defined):
            yield from places_of(condition.spec.expr)


def _unknown(variable: Variable) -> smt.ExprRef:
    """What stands for a message variable."""
    place = place_of(variable)
    integer = isinstance(variable, IntVar)
    return smt.unknown_number(place) if integer else smt.unknown_truth(place)


def _joined(changes: Iterable[Change]) -> dict[Variable, Int | Bool]:
    return {variable: value for each in changes for variable, value in each.sets.items()}


@dataclass(slots=True)
class Goals:
    """What is looked for.

    Args:
        system: the tables, with what is remembered.
        witnesses: claims of which an example is looked for.
        refutations: claims of which a counterexample is looked for.
    """

    system: System
    witnesses: dict[str, Claim]
    refutations: dict[str, Claim]
    found: dict[str, Trail] = field(default_factory=dict)
    refuted: dict[str, Trail] = field(default_factory=dict)
    telling: frozenset[str] = field(init=False)
    machines: frozenset[str] = field(init=False)
    times: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.prepare()

    def prepare(self) -> None:
        """Note what tells worlds apart, as far as the claims need it."""
        system = self.system
        machines = self.machines = frozenset(f"member.{t.machine}" for t in system.mine)
        flags = {
            place_of(x)
            for scope in (Scope.MEMBER, Scope.SHARED)
            for x in system.variables[scope]
            if isinstance(x, BoolVar) and place_of(x) not in system.ghosts
        }
        claims = (*self.witnesses.values(), *self.refutations.values())
        asked: set[str] = set()
        for claim in claims:
            asked |= self.places_of(claim)
        for condition in system.composition.conditions:
            if isinstance(condition.spec, Defined):
                mentioned = condition.spec.expr.variables()
                if not any(x.scope is Scope.MESSAGE for x in mentioned):
                    asked |= places_of(condition.spec.expr)
        for change in system.claims.changes:
            if asked & {place_of(variable) for variable in change.sets}:
                for value in change.sets.values():
                    asked |= {place_of(x) for x in value.variables()}
        self.times = frozenset(
            place_of(variable)
            for effect in system.composition.effects
            for variable, value in effect.spec.sets.items()
            if any(x.name == "now" for x in value.variables())
        )
        self.telling = (machines | flags | asked) - self.times

    @property
    def wanted(self) -> frozenset[str]:
        """What tells kinds of worlds apart: states, and what the claims mention that are left."""
        left = (*self.witnesses.values(), *self.refutations.values())
        found = self.machines.union(*(self.places_of(claim) for claim in left))
        return found - self.times

    def places_of(self, claim: Claim) -> frozenset[str]:
        """What matters for a claim: what it mentions, and what the rows ask that it is about."""
        rows = self.system.composition.rows()
        match claim:
            case Action():
                rows = tuple(row for row in rows if _concerns(claim, row))
            case Invariant() if claim.when == claim.then:
                rows = tuple(row for row in rows if _leads(claim, row))
            case _:
                return claim.places
        return claim.places.union(*(_asked_of(row.when) for row in rows))

    @property
    def open(self) -> bool:
        """Whether anything is left to look for."""
        return bool(self.witnesses or self.refutations)

    def renews(self, row: AnyRow) -> bool:
        """Whether another message is at hand after a row."""
        return any(effect.name in {"REASSEMBLE", "TAKE_EARLY"} for effect in row.do)

    def after(self, search: Search, world: World, path: _Path) -> None:
        """Look at a world after a row."""
        wanted = {**self.witnesses, **self.refutations}
        invariants = [c for c in wanted.values() if isinstance(c, Invariant)]
        if not invariants:
            return
        for key in world.members:
            values = {**search.values(world, key), **search.waiting(world, key)}
            for claim in invariants:
                if claim.id in self.witnesses and search.compiled(claim.when)(values):
                    self._reach(self.witnesses, self.found, claim, path, values)
                if claim.id in self.refutations and not search.compiled(claim.holds)(values):
                    self._reach(self.refutations, self.refuted, claim, path, values)

    def before(  # noqa: PLR0913, PLR0917 - a row, and where it is taken
        self, search: Search, row: AnyRow, world: World, key: int, chain: _Link, path: _Path
    ) -> None:
        """Look at a row that is about to be taken."""
        for claim in tuple(self.witnesses.values()):
            if self._says(claim, search, row, world, key, chain):
                self._reach(self.witnesses, self.found, claim, path, {})
        for claim in tuple(self.refutations.values()):
            values = self._breaks(claim, search, row, world, key, chain)
            if values is not None:
                self._reach(self.refutations, self.refuted, claim, path, values)

    def _reach(
        self,
        wanted: dict[str, Claim],
        found: dict[str, Trail],
        claim: Claim,
        path: _Path,
        values: Plain,
    ) -> None:
        del wanted[claim.id]
        shown = tuple(
            (place, _shown(values[place])) for place in sorted(claim.places) if place in values
        )
        found[claim.id] = Trail(path.rows(), shown)

    def _says(  # noqa: PLR0913, PLR0917 - a row, and where it is taken
        self, claim: Claim, search: Search, row: AnyRow, world: World, key: int, chain: _Link
    ) -> bool:
        """Whether a claim says something of a row."""
        match claim:
            case Action():
                return _concerns(claim, row)
            case Kept():
                return claim.means(row) and search.can(claim.when, world, key, chain)
            case Prepared():
                return any(effect.spec.needs for effect in row.do)
            case Grows():
                mentioned = {x for value in claim.values for x in value.variables()}
                return any(mentioned & set(effect.spec.sets) for effect in row.do)
            case _:
                return False

    def _breaks(  # noqa: PLR0913, PLR0917 - a row, and where it is taken
        self, claim: Claim, search: Search, row: AnyRow, world: World, key: int, chain: _Link
    ) -> Plain | None:
        """The values with which a row breaks a claim."""
        match claim:
            case Action() if _concerns(claim, row):
                return search.breaking_action(claim, row, world, key, chain)
            case Kept() if claim.means(row):
                return search.breaking_kept(claim, row, world, key, chain)
            case Prepared():
                return search.breaking_prepared(row, world, key, chain)
            case _:
                return None


def _concerns(claim: Action, row: AnyRow) -> bool:
    if claim.on and row.on not in claim.on:
        return False
    return any(effect in claim.effects for effect in row.do) or any(
        each.event in claim.raises for each in row.raises
    )


def _shown(value: Any) -> str:  # noqa: ANN401 - a state, an integer or a truth value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(getattr(value, "name", value))


def look(
    system: System, witnesses: Iterable[Claim] = (), refutations: Iterable[Claim] = ()
) -> Goals:
    """Look for examples of claims, and for counterexamples.

    First for all at once, in the first configuration and without what is set aside; then for each
    that is left by itself, in every configuration.
    """
    claims = system.claims
    aside = frozenset(claims.aside)
    together = Goals(system, {c.id: c for c in witnesses}, {c.id: c for c in refutations})
    for setting in claims.settings[:1]:
        Search(system, setting, TOGETHER, aside=aside).explore(together)
    for setting in claims.settings:
        for kind in ("witnesses", "refutations"):
            for claim in tuple(getattr(together, kind).values()):
                alone = Goals(system, {}, {})
                getattr(alone, kind)[claim.id] = claim
                alone.prepare()
                Search(system, setting, ALONE).explore(alone)
                if not alone.open:
                    del getattr(together, kind)[claim.id]
                together.found |= alone.found
                together.refuted |= alone.refuted
    return together


TOGETHER, ALONE = 30, 120
"""How many worlds are looked into, at most."""
