"""Whether a variant can be told from the original by what is seen of it.

The two are followed beside each other, from every place where the variant can part, in the order of
the number of inputs that it takes to come there, until a difference is seen or nothing new comes.
Where nothing comes, no sequence of inputs tells them apart: that is a proof, on the assumptions of
`docs/equivalence.md`. A difference is a candidate: in the abstraction both sides may see it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from heapq import heappop, heappush
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from otr_model.kernel.expr import Scope
from otr_model.kernel.variant import apply
from otr_model.kernel.vocabulary import Defined

from .explore import Difference, Original, Step, first_of
from .run import Fork, Place
from .world import Tables, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from otr_model.kernel.variant import Variant
    from otr_model.kernel.vocabulary import Condition, Event
    from otr_model.kernel.words import Word

    from .explore import Landing, Trail
    from .run import Known, Queue, Run, Side
    from .world import Cell, Entry, Role

__all__ = [
    "Candidate",
    "Equivalent",
    "Input",
    "InternalOnly",
    "Judge",
    "Undecided",
    "Verdict",
    "row_pairs",
]

MESSAGE: Final = Scope.MESSAGE
MOST_PLACES: Final = 20_000
ALWAYS: Final = frozenset({"master", "others"})
ELSEWHERE: Final = "elsewhere"
"""The event of an input that is for another member, at which the two are apart."""


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a sequence that may tell two variants apart.

    Attributes:
        role: which member it is for: "master", "instance", or a member of a further family.
        event: what is delivered to it; for what comes from elsewhere, the event that comes.
        conditions: what the original asks for, in order, and the answers.
        left: the rows that the original takes.
        right: the rows that the variant takes.
    """

    role: str
    event: str
    conditions: tuple[tuple[Condition, bool], ...]
    left: tuple[str, ...]
    right: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Equivalent:
    """After every input both are in the same states, with the same data: proved.

    Attributes:
        variant: its name.
        reached: how many places there are where the two can part.
    """

    variant: str
    reached: int


@dataclass(frozen=True, slots=True)
class InternalOnly:
    """Whatever is done, the same is seen of both: proved. States or data may differ.

    Attributes:
        variant: its name.
        places: how many pairs of places were looked at.
        differ: what may differ.
    """

    variant: str
    places: int
    differ: frozenset[str]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A shortest sequence of inputs after which something else may be seen.

    Attributes:
        variant: its name.
        inputs: the sequence.
        difference: what is seen at its end.
        guessed: a question was answered about something that may differ, in its own way on each
            side; else the answers are the same for both.
    """

    variant: str
    inputs: tuple[Input, ...]
    difference: Difference
    guessed: bool


@dataclass(frozen=True, slots=True)
class Undecided:
    """Nothing was proved, and nothing found; the reason."""

    variant: str
    because: str


States: TypeAlias = "tuple[Word, ...]"
Verdict: TypeAlias = Equivalent | InternalOnly | Candidate | Undecided


@dataclass
class _Disturbance:
    """What may come of the two being apart elsewhere.

    Attributes:
        names: shared names, and what is seen of other members, that may differ.
        events: events that only one side may send, with the side.
    """

    names: frozenset[str] = frozenset()
    events: frozenset[tuple[Event, int]] = frozenset()


@dataclass(frozen=True)
class _Expansion:
    """What comes of a place where the sides are apart, under the original tables on both.

    Attributes:
        left: the cells that the first side looks at.
        right: those that the second does.
        rows: the rows that the second takes.
        landings: where the runs land.
    """

    left: frozenset[Cell]
    right: frozenset[Cell]
    rows: frozenset[str]
    landings: list[Landing]

    def holds(self, tables: Tables) -> bool:
        """Whether the same comes of it under a variant on the second side."""
        if tables.changed is not None:
            return tables.changed.isdisjoint(self.rows)
        return tables.edited.isdisjoint(self.left | self.right)


@dataclass(frozen=True, slots=True)
class _Way:
    """How a place was reached.

    Attributes:
        origin: where the sides parted; None where they were never the same.
        trail: the steps from there.
        config: the answers about the configuration on them.
    """

    origin: Place | None
    trail: Trail = None
    config: frozenset[tuple[int, bool]] = frozenset()

    @property
    def contradicts_itself(self) -> bool:
        """Whether no configuration gives all of the answers."""
        return len(dict(self.config)) < len(self.config)


@dataclass
class _Search:
    """A search under way, by the number of inputs."""

    variant: str
    tables: Tables
    disturbance: _Disturbance
    starts: tuple[Place, ...] = ()
    keeps_config: bool = False
    contradicted: bool = False
    heap: list[tuple[int, int, int, Place | Difference, _Way]] = field(default_factory=list)
    seen: set[Place] = field(default_factory=set)
    uneven: set[tuple[Event, int]] = field(default_factory=set)
    reached: int = 0
    count: int = 0

    def push(self, cost: int, landing: Landing, way: _Way) -> bool:
        """Take note of where a run landed; whether a difference was seen."""
        step = landing.step
        cost += not step.goes_on
        for side, events in enumerate(landing.uneven):
            self.uneven |= {(event, side) for event in events}
        way = replace(way, trail=(way.trail, step), config=way.config | step.config)
        if landing.difference is not None:
            self._push(cost, 0, landing.difference, way)
        elif landing.place is not None and not landing.place.is_diagonal:
            kept = way.config if self.keeps_config else frozenset[tuple[int, bool]]()
            self.put(cost, replace(landing.place, config=kept), way)
        return landing.difference is not None

    def put(self, cost: int, place: Place, way: _Way) -> None:
        """Go on from a place."""
        self._push(cost, 1 + place.is_idle, place, way)

    def _push(self, cost: int, rank: int, what: Place | Difference, way: _Way) -> None:
        self.count += 1
        heappush(self.heap, (cost, rank, self.count, what, way))


class Judge:
    """Compares variants of one composition with it.

    Args:
        original: the composition, followed by itself.
    """

    def __init__(self, original: Original) -> None:
        self.original = original
        self.world = original.world
        self._memo: dict[tuple[Place, frozenset[str], Entry | None], _Expansion] = {}

    # One variant.

    def judge(self, variant: Variant) -> Verdict:
        """Whether a variant can be told from the original.

        Raises:
            BadVariant: if it names what does not exist.
        """
        applied = apply(self.world.composition, variant)
        if applied.overrides or applied.falsified:
            return Undecided(variant.name, "it is about values, not about tables")
        assigned = frozenset(name_of(variable) for _, variable in applied.assignments)
        if len(applied.assignments) == len(variant.edits) > 0 and assigned <= self._unread:
            return InternalOnly(variant.name, 0, assigned)
        tables = Tables(applied, self.original.tables)
        values: dict[str, Known] = dict.fromkeys(self._changed_config(tables), tables.unknown)
        values |= {f"config.{name}": value for name, value in applied.policies.items()}
        changed = frozenset(values.items())
        starts = tuple(
            replace(first_of(self.world, role), differ=changed)
            for role in (self.world.roles if changed else ())
        )
        limits = {f"config.{family.limit}" for family in self.world.composition.families}
        names = {"others"} if limits & self._changed_config(tables) else set[str]()
        return self._compare(variant.name, tables, starts, _Disturbance(frozenset(names)))

    @cached_property
    def _unread(self) -> frozenset[str]:
        """Variables on which nothing depends but other such variables.

        No condition, check, route or family asks for them, and no code mentions them.
        """
        world = self.world
        composition, reader = world.composition, world.reader
        words = (*composition.conditions, *composition.checks, *composition.effects)
        touches = [world.touch(word, how) for word in words for how in ("ask", "check", "do")]
        touches += [reader.touch(prop) for prop in reader.cached]
        live = {name for touch in touches for name in touch.reads} | {world.key, world.addressed}
        asked = [c.spec.expr for c in composition.conditions if isinstance(c.spec, Defined)]
        asked += [c.spec.expr for c in composition.checks if c.spec.expr is not None]
        variables = {v for expr in asked for v in expr.variables()}
        variables |= {v for family in composition.families for v in family.variables()}
        routes = (r.to for row in composition.rows() for r in row.raises if r.to is not None)
        variables |= {v for route in routes for v in route.variables()}
        sets = [
            (name_of(variable), {name_of(v) for v in value.variables() if v.scope is not MESSAGE})
            for effect in composition.effects
            for variable, value in effect.spec.sets.items()
        ]
        live |= {name_of(v) for v in variables if v.scope is not MESSAGE}
        before = -1
        while len(live) > before:
            before = len(live)
            live |= {name for variable, read in sets if variable in live for name in read}
        return frozenset(variable for variable, _ in sets) - live

    def tell_apart(self, role: Role, one: States, other: States) -> Verdict:
        """Whether a member can be told from one in other states that has the same data.

        Args:
            role: what member it is.
            one: states of the role's machines, in their order, in which a member can be.
            other: the states for which they are taken.
        """
        tables = Tables(self.original.tables.applied, self.original.tables)
        words = (", ".join(word.name for word in states) for states in (one, other))
        start = Place(role.number, one, other)
        starts = (start,) if one != other else ()
        return self._compare(" for ".join(words), tables, starts, _Disturbance())

    def _compare(
        self, name: str, tables: Tables, starts: tuple[Place, ...], disturbance: _Disturbance
    ) -> Verdict:
        """Search again with what is known of other members, until that is all."""
        keeps_config = False
        while True:
            search = _Search(name, tables, disturbance, starts, keeps_config)
            found = self._searched(search)
            if found is not None:
                return found
            if search.contradicted and not keeps_config:
                keeps_config = True
                continue
            after = self._disturbed(search)
            if after == disturbance:
                return self._proved(search)
            disturbance = after

    def _proved(self, search: _Search) -> Verdict:
        if not search.seen:
            return Equivalent(search.variant, search.reached)
        differ = {name for place in search.seen for name, _ in place.differ}
        for place in search.seen:
            differ |= self._machines_apart(place)
        return InternalOnly(search.variant, len(search.seen), frozenset(differ))

    def _machines_apart(self, place: Place) -> set[str]:
        """The machines that are in different states."""
        tables = self.world.roles[place.role].tables
        pairs = zip(tables, place.left, place.right, strict=True)
        return {f"machine.{t.machine}" for t, one, other in pairs if one is not other}

    def _changed_config(self, tables: Tables) -> frozenset[str]:
        """The parameters that differ."""
        before, after = self.original.tables.applied.parameters, tables.applied.parameters
        return frozenset(f"config.{name}" for name in before if before[name] != after[name])

    def _searched(self, search: _Search) -> Verdict | None:
        """The first difference that is seen; None if there is none."""
        self._begin(search)
        while search.heap:
            cost, _, _, what, way = heappop(search.heap)
            if isinstance(what, Difference):
                found = self._candidate(search.variant, what, way)
                if found is not None:
                    return found
                search.contradicted = True
                if not search.keeps_config:
                    return None
            elif what == way.origin:
                self._part(search, cost, what, way)
            elif what not in search.seen:
                search.seen.add(what)
                if len(search.seen) > MOST_PLACES:
                    return Undecided(search.variant, f"more than {MOST_PLACES} pairs of places")
                self._go_on(search, cost, what, way)
        return None

    def _begin(self, search: _Search) -> None:
        """Where the two can part."""
        original, tables = self.original, search.tables
        places: set[Place] = set()
        if search.disturbance.names or search.disturbance.events:
            places |= {place for place in original.paths if place.is_idle}
        for cell in tables.edited:
            places.update(original.by_cell.get(cell, ()))
        for place in places:
            search.put(original.depths[place], place, _Way(place))
        for start in search.starts:
            search.put(0, start, _Way(None))

    def _part(self, search: _Search, cost: int, place: Place, way: _Way) -> None:
        """Both sides are the same at a place, and may part there."""
        tables = search.tables
        for path in self.original.paths[place]:
            if not tables.edited.intersection(path.cells):
                continue
            if tables.changed is not None and not tables.changed.intersection(path.step.left):
                continue
            search.reached += 1
            queues = _queues(place, path.entry)
            run = self.original.begin(place, path.entry, queues, tables, search.disturbance.names)
            for term, answer in path.answers.items():
                run.learn(term, answer)
            for landing in self._expand(run, path.entry).landings:
                search.push(cost, landing, way)
        if place.is_idle:
            self._disturb(search, cost, place, way)

    def _go_on(self, search: _Search, cost: int, place: Place, way: _Way) -> None:
        """Every input at a place where the sides are apart.

        What goes on without an input is looked at first. So the first difference that an input
        shows is among the nearest, and the other inputs need not be tried.
        """
        for landing in self._expanded(place, search):
            shown = search.push(cost, landing, way)
            if shown and place.is_idle and not search.keeps_config:
                return
        if any(name == self.world.addressed for name, _ in place.differ):
            search.uneven |= {(event, side) for event in self.world.commands for side in (0, 1)}
        if place.is_idle:
            for landing in self._retired(place, search.disturbance.names):
                search.push(cost, landing, way)
            self._disturb(search, cost, place, way)

    def _expanded(self, place: Place, search: _Search) -> Iterator[Landing]:
        """What comes of a place, commands before messages; of most variants it is the same."""
        unsteady = search.disturbance.names
        original = self.original
        entries = sorted(original.entries(place), key=lambda entry: self._is_message(entry[0]))
        for entry, queues in entries:
            where = (place, unsteady, entry)
            known = self._memo.get(where)
            if known is None:
                run = original.begin(place, entry, queues, original.tables, unsteady)
                known = self._memo[where] = self._expand(run, entry)
            if not known.holds(search.tables):
                run = original.begin(place, entry, queues, search.tables, unsteady)
                known = self._expand(run, entry)
            yield from known.landings

    def _is_message(self, entry: Entry | None) -> bool:
        """Whether an entry goes through a machine that there is once, which takes longest."""
        return entry is not None and self.world.owner(entry.event) is None

    def _expand(self, run: Run, entry: Entry | None) -> _Expansion:
        """Where a run can land, and what it depends on."""
        cells: tuple[set[Cell], set[Cell]] = (set(), set())
        rows: set[str] = set()
        found: dict[tuple[object, ...], Landing] = {}
        for ended in run.go(_at_circle):
            landing = self.original.land(ended, entry)
            cells[0].update(ended.left.cells)
            if ended.right is not None:
                cells[1].update(ended.right.cells)
                rows.update(ended.right.rows)
            found.setdefault((landing.place, landing.difference, landing.uneven), landing)
        left, right = map(frozenset, cells)
        return _Expansion(left, right, frozenset(rows), list(found.values()))

    # Elsewhere.

    def _retired(
        self, place: Place, unsteady: frozenset[str], *, alone: bool = False
    ) -> Iterator[Landing]:
        """Another member takes the place of the one that is looked at, on the sides that let it."""
        role = self.world.roles[place.role]
        if role.is_master:
            return
        left = [self.original.begin(place, None, ((), ()), self.original.tables, unsteady)]
        while left:
            run = left.pop()
            retires = role.family.retires
            try:
                gone = [run.decide(retires.read(side.folding())) for side in _both(run)]
            except Fork as fork:
                for option in fork.options:
                    other = run.copy()
                    other.learn(fork.term, option)
                    left.append(other)
                continue
            for which in ((gone[0], False), (False, gone[1])) if alone else (tuple(gone),):
                if any(which):
                    other = run.copy()
                    for side, is_gone in zip(_both(other), which, strict=True):
                        if is_gone:
                            side.begin_anew()
                    yield self.original.land(other, None)

    def _disturb(self, search: _Search, cost: int, place: Place, way: _Way) -> None:
        """What may come of the two being apart elsewhere, at an idle place."""
        disturbance = search.disturbance
        role = self.world.roles[place.role]
        names = {n for n in disturbance.names if n != "master" or not role.is_master}
        have = {name for name, _ in place.differ}
        if not names <= have:
            more = frozenset((name, search.tables.unknown) for name in names - have)
            step = Step(role.name, ELSEWHERE, goes_on=False, conditions=(), left=(), right=())
            search.put(
                cost + 1,
                replace(place, differ=place.differ | more),
                replace(way, trail=(way.trail, step)),
            )
        for event, side in disturbance.events:
            if self.world.owner(event) is not role.family:
                continue
            queue: Queue = ((event, True),)
            queues: tuple[Queue, Queue] = ((), queue) if side else (queue, ())
            run = self.original.begin(place, None, queues, search.tables, disturbance.names)
            for landing in self._expand(run, None).landings:
                search.push(cost, landing, way)
        if "others" in names:
            for landing in self._retired(place, disturbance.names, alone=True):
                search.push(cost, landing, way)

    def _disturbed(self, search: _Search) -> _Disturbance:
        """What the places where the sides are apart do to the other members."""
        names = set(search.disturbance.names)
        for place in search.seen:
            role = self.world.roles[place.role]
            apart = {name for name, _ in place.differ}
            apart |= self._machines_apart(place)
            names |= {n for n in apart if n.startswith("shared.") or n in ALWAYS}
            if role.family is self.world.composition.family:
                if role.is_master and apart & self.world.seen_of_master:
                    names.add("master")
                if apart & self.world.seen_of_others:
                    names.add("others")
            elif place.left != place.right:
                names.add("others")
        return _Disturbance(frozenset(names), search.disturbance.events | search.uneven)

    # Candidates.

    def _candidate(self, variant: str, difference: Difference, way: _Way) -> Candidate | None:
        """The whole sequence; None where no configuration allows it."""
        if way.contradicts_itself:
            return None
        before: Trail | Literal[False] = None
        if way.origin is not None:
            before = self.original.way(way.origin, way.config)
        if before is False:
            return None
        steps = [*_steps(before), *_steps(way.trail)]
        guessed = any(step.guessed for step in steps)
        return Candidate(variant, tuple(inputs_of(steps)), difference, guessed)


def _steps(trail: Trail) -> list[Step]:
    """The steps of a trail, in order."""
    steps: list[Step] = []
    while trail is not None:
        trail, step = trail
        steps.append(step)
    return steps[::-1]


def _both(run: Run) -> tuple[Side, Side]:
    """Both sides of a run; the second is made where there was but one."""
    if run.right is None:
        run.right = run.left.copy(run)
        run.right.number = 1
    return run.left, run.right


def row_pairs(original: Original) -> Mapping[tuple[str, str], tuple[Input, ...]]:
    """Which row a member may take after which, and a shortest way to see both.

    Rows follow each other in one input, or are the last of an input and the first of the next that
    is for the same member. That is more than what can happen, never less.
    """
    found: dict[tuple[str, str], Trail] = {}
    for place in sorted(original.paths, key=original.depths.__getitem__):
        for path in original.paths[place]:
            rows = path.step.left
            trail = (original.trails[place], path.step)
            for pair in pairwise(rows):
                found.setdefault(pair, trail)
            for after in original.paths[path.place] if rows else ():
                if after.step.left:
                    pair = (rows[-1], after.step.left[0])
                    found.setdefault(pair, (trail, after.step))
    return {pair: tuple(inputs_of(_steps(trail))) for pair, trail in found.items()}


def inputs_of(steps: Iterable[Step]) -> Iterator[Input]:
    """The inputs that steps are made of: one that goes on belongs to the input before."""
    at: Input | None = None
    for step in steps:
        if at is None or not step.goes_on:
            if at is not None:
                yield at
            at = Input(step.role, step.event, step.conditions, step.left, step.right)
        else:
            at = replace(
                at,
                conditions=at.conditions + step.conditions,
                left=at.left + step.left,
                right=at.right + step.right,
            )
    if at is not None:
        yield at


def _queues(place: Place, entry: Entry | None) -> tuple[Queue, Queue]:
    if entry is None:
        return place.queues
    queue: Queue = ((entry.event, True),)
    return queue, queue


def _at_circle(run: Run) -> bool:
    return run.circles
