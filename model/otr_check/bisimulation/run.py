"""One run, on symbols: what a member does with one input, under one set of tables or two.

Values are terms. A question that nothing decides forks the run, once for each answer, and an answer
holds for as long as what was asked about is the same: later in the run, and on the other side. A
run stops where it ends, and where it may go round in circles: what is known of values is given up
there, except which of them are equal on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from otr_model.kernel.expr import Compare, Scope
from otr_model.kernel.vocabulary import Check, Defined, Observer, Opaque, Validity

from .terms import ABSENT, Folding, Plain
from .world import SIGNED, UNKNOWN, Cell, Choice, Tables, World, name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from otr_model.kernel.composition import AnyRow
    from otr_model.kernel.expr import Bool, BoolVar, IntVar, Variable
    from otr_model.kernel.table import Raise
    from otr_model.kernel.vocabulary import Condition, Effect, Event
    from otr_model.kernel.words import Word

    from .reads import Touch
    from .theory import Theory

__all__ = ["SIGNED", "UNKNOWN", "Known", "Place", "Run", "Side", "Start"]

Known: TypeAlias = "Plain | str"
"""What is known of a value that may differ: a constant, or nothing."""
Queue: TypeAlias = "tuple[tuple[Event, bool], ...]"
"""What is to be delivered: an event, and whether to the member that is looked at."""
ME, AWAY = True, False
RUN_ONLY: Final = ("cache.", "hand")
"""Names that mean something only while a run lasts."""
MOST_UNEVEN: Final = 3
"""So often a run goes on where it could stop, until the same remains on both sides."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where two sides stand.

    Attributes:
        role: the number of the role.
        left: the states of the machines under the first tables.
        right: the same under the second.
        differ: what may differ between them, with what the second side is known to have there.
        queues: what remains to be delivered on both sides, inside a run.
        lead: the effects that one side has shown and the other has not yet: negative counts are
            those of the second.
        frozen: what has been computed about the message at hand, inside a run.
        config: answers about the configuration that were given on the way, where they are kept.
        flags: what the flags of the first side are, those that are known.
    """

    role: int
    left: tuple[Word, ...]
    right: tuple[Word, ...]
    differ: frozenset[tuple[str, Known]] = frozenset()
    queues: tuple[Queue, Queue] = ((), ())
    lead: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    frozen: frozenset[str] = frozenset()
    config: frozenset[tuple[int, bool]] = frozenset()
    flags: frozenset[tuple[str, bool]] = frozenset()

    @property
    def alone(self) -> Place:
        """The place of the first side by itself."""
        queues = (self.queues[0],) * 2
        return Place(self.role, self.left, self.left, queues=queues, flags=self.flags)

    @property
    def is_diagonal(self) -> bool:
        """Whether both sides are the same."""
        same = self.left == self.right and self.queues[0] == self.queues[1]
        return same and not self.differ and not any(self.lead)

    @property
    def is_idle(self) -> bool:
        """Whether no run is under way."""
        return not any(self.queues)


class Fork(Exception):
    """A question that nothing decides, with the answers that it can have."""

    def __init__(self, term: int, options: tuple[bool, ...]) -> None:
        super().__init__(term)
        self.term, self.options = term, options


class Start:
    """What values are when a run begins, or goes on.

    Args:
        world: whose names they are.
        theory: which answers go together.
        place: where the sides stand.
        known: constants of the first side at that place.
        unsteady: shared names that what happens elsewhere may make differ.
    """

    def __init__(
        self,
        world: World,
        theory: Theory,
        place: Place,
        known: Mapping[str, Plain],
        unsteady: frozenset[str] = frozenset(),
    ) -> None:
        self.world, self.terms, self.place = world, theory.terms, place
        self.theory = theory
        self.known, self.unsteady = known, unsteady
        self.differ: dict[str, Known] = dict(place.differ)
        self.mid = not place.is_idle
        self.role = world.roles[place.role]
        self.key = self.terms.constant(0) if self.role.is_master else self.terms.make("the key")
        self.defined: dict[tuple[int, Condition, int], int] = {}
        self._memo: tuple[dict[str, int], dict[str, int]] = ({}, {})

    def value(self, name: str, side: int) -> int:
        """What a name has at the start, on the first side (0) or the second (1)."""
        found = self._memo[side].get(name)
        if found is None:
            found = self._memo[side][name] = self._value(name, side)
        return found

    def _value(self, name: str, side: int) -> int:
        if name == self.world.key:
            return self.key
        if name in self.differ and side == 1:
            known = self.differ[name]
            if isinstance(known, str):
                return self.terms.make("2" if known == UNKNOWN else "2±", name)
            return self.terms.constant(known)
        if name in self.known:
            return self.terms.constant(self.known[name])
        return self.terms.make("1" if name in self.differ else "is", name)


class Side:
    """One side of a run.

    Attributes:
        states: of the machines, in the order of the role's tables.
        queue: what is to be delivered.
        shown: the observable effects so far, each with what it depended on.
        rows: the rows that were taken.
        cells: the cells that were looked at.
        away: what was sent elsewhere.
        worked: the code that was run and may find something missing, with what it depended on.
        asked: the conditions that were asked for, and the answers.
        turned: another message or TLV is at hand than before.
    """

    __slots__ = (
        "_frozen",
        "asked",
        "away",
        "cells",
        "choice",
        "did",
        "failed",
        "fresh",
        "last",
        "number",
        "queue",
        "restless",
        "rows",
        "run",
        "shown",
        "states",
        "tables",
        "turned",
        "values",
        "worked",
    )

    def __init__(self, run: Run, number: int, tables: Tables, queue: Queue) -> None:
        place = run.start.place
        self.run = run
        self.number = number
        self.tables = tables
        self.states = place.right if number else place.left
        self.values: dict[str, int] = {}
        self.queue: Queue = queue
        self.shown: tuple[tuple[str, int], ...] = ()
        self.rows: tuple[str, ...] = ()
        self.cells: tuple[Cell, ...] = ()
        self.away: tuple[int, ...] = ()
        self.worked: tuple[tuple[str, int], ...] = ()
        self.did: tuple[tuple[str, int], ...] = ()
        self.asked: tuple[tuple[Condition, bool], ...] = ()
        self.restless: frozenset[str] = frozenset()
        self._frozen: frozenset[str] = place.frozen
        self.fresh = not run.start.mid
        self.failed = run.terms.nothing
        self.last = 0
        self.turned = False
        self.choice: Choice | None = None

    def copy(self, run: Run) -> Side:
        """The same side in another run."""
        other = object.__new__(Side)
        for slot in _SIDE:
            setattr(other, slot, getattr(self, slot))
        other.values = dict(self.values)
        other.run = run
        return other

    @property
    def frozen(self) -> frozenset[str]:
        """The cached properties that have been computed for certain."""
        return self._frozen

    # Values.

    def get(self, name: str) -> int:
        """What a name has now."""
        found = self.values.get(name)
        return self.run.start.value(name, self.number) if found is None else found

    def read(self, name: str) -> int:
        """What a name of `otr_check.bisimulation.reads` has now."""
        place, _, rest = name.partition(".")
        if place == "facts":
            return self.fact(rest)
        if place == "machine":
            at = self.run.machines.get(rest)
            return self.get(name) if at is None else self.run.terms.make("at", self.states[at].name)
        return self.failed if name == "failed" else self.get(name)

    def fact(self, name: str) -> int:
        """What a variable of the message is: the message says it, or what was computed from it."""
        late = self.run.world.reader.late.get(name)
        hand = self.get("hand")
        if late is None:
            return self.run.terms.make("of", name, hand)
        return self.run.terms.make(
            "late", name, hand, *(self.get(f"cache.{c}") for c in sorted(late))
        )

    def variable(self, variable: Variable) -> int:
        """What a variable is now."""
        if variable.scope is Scope.MESSAGE:
            return self.fact(variable.name)
        return self.get(name_of(variable))

    def folding(self) -> Folding:
        """Reads expressions as this side is now."""
        return Folding(self.run.terms, self._of_expression, self.in_state)

    def _of_expression(self, variable: IntVar | BoolVar) -> int:
        return self.variable(variable)

    def in_state(self, machine: str, states: tuple[Word, ...], owner: str) -> int:
        """Whether a machine is in one of some states."""
        at = self.run.machines.get(machine)
        if at is None or (owner == "master" and not self.run.start.role.is_master):
            whose = self.get("master" if owner == "master" else "others")
            return self.run.terms.make("in", machine, *(s.name for s in states), whose)
        return self.run.terms.constant(self.states[at] in states)

    # What code looks at.

    def inputs(self, touch: Touch, *more: int) -> int:
        """Everything that code can look at, as one term."""
        cached = (self._computed(prop) for prop in sorted(touch.cached))
        return self.run.terms.make("inputs", *map(self.read, sorted(touch.reads)), *cached, *more)

    def _computed(self, prop: str) -> int:
        """The value of a cached property, after whatever may have computed it so far."""
        name = f"cache.{prop}"
        if prop in self._frozen:
            return self.get(name)
        terms = self.run.terms
        now = terms.make("compute", prop, self.inputs(self.run.world.reader.touch(prop)))
        before = None if self.fresh and name not in self.values else self.get(name)
        if before is not None and now not in {before, terms.item(before)[-1]}:
            now = terms.make("or now", before, now)
        elif before is not None:
            now = before
        self.values[name] = now
        return now

    def freeze(self, touch: Touch) -> None:
        """What code surely uses has been computed."""
        left = set(touch.surely_cached) - self._frozen
        while left:
            prop = left.pop()
            self._computed(prop)
            self._frozen |= {prop}
            left |= self.run.world.reader.touch(prop).surely_cached - self._frozen

    def work(self, word: str, touch: Touch, inputs: int) -> None:
        """Code runs that may find something missing."""
        if touch.fails:
            self.worked += ((word, inputs),)

    # Questions.

    def ask(self, condition: Condition) -> bool:
        """Answer a condition.

        Raises:
            Fork: if nothing decides it.
        """
        spec = condition.spec
        other = self.tables.applied.definitions.get(condition)
        if other is not None:
            answer = self.run.decide(other.read(self.folding()))
            self.asked += ((condition, answer),)
            return answer
        match spec:
            case Defined(_, expr):
                answer = self.run.decide(self._defined(condition, expr))
            case Opaque():
                touch = self.run.world.touch(condition, "ask")
                inputs = self.inputs(touch)
                self.work(condition.name, touch, inputs)
                answer = self.run.decide(self.run.terms.make("ask", condition.name, inputs))
                self.freeze(touch)
            case Validity(_, checks):
                answer = self._valid(condition, checks)
        self.asked += ((condition, answer),)
        return answer

    def _defined(self, condition: Condition, expr: Bool) -> int:
        """What a definition is now; what the message alone decides is read once."""
        if condition not in self.run.world.of_message:
            return expr.read(self.folding())
        memo = self.run.start.defined
        place = (self.number, condition, self.get("hand"))
        found = memo.get(place)
        if found is None:
            found = memo[place] = expr.read(self.folding())
        return found

    def _valid(self, condition: Condition, checks: tuple[Check, ...]) -> bool:
        """Every check holds: as one question, beside the checks that one of the sides skips."""
        run = self.run
        skipped = run.skipped & set(checks)
        made = tuple(c for c in checks if c not in skipped)
        rest = run.terms.make("valid", condition.name, self._checked(made), *_labels(skipped))
        answer = not made or run.decide(rest)
        for check in checks:
            if answer and check in skipped and check not in self.tables.applied.skipped:
                answer = run.decide(self._holds(check))
        self.failed = run.terms.make("failed", condition.name, str(answer), rest)
        if answer:
            for check in made:
                self.freeze(run.world.touch(check, "check"))
        return answer

    def _holds(self, check: Check) -> int:
        """Whether one check holds: by its expression where a side has another one."""
        if check in self.run.redefined:
            expr = self.tables.applied.definitions.get(check, check.spec.expr)
            if expr is not None:
                return expr.read(self.folding())
        return self.run.terms.make("holds", check.name, self._checked((check,)))

    def _checked(self, checks: tuple[Check, ...]) -> int:
        """What some checks look at."""
        found: list[int] = []
        for check in checks:
            if check.spec.expr is None:
                touch = self.run.world.touch(check, "check")
                inputs = self.inputs(touch)
                self.work(check.name, touch, inputs)
                found.append(inputs)
            else:
                found.extend(map(self.variable, self.run.world.variables(check.spec.expr)))
        return self.run.terms.make("inputs", *found)

    # Effects.

    def perform(self, effect: Effect) -> None:
        """Do what an effect declares, and take note of what its code may do."""
        run, spec = self.run, effect.spec
        terms = run.terms
        touch = run.world.touch(effect, "do")
        needs = tuple(self.get(_slot(d.spec.scope, d.slot)) for d in spec.needs)
        if spec.sets:
            folding = self.folding()
            sets = self.tables.applied.sets_of(effect)
            new = {name_of(v): value.read(folding) for v, value in sets.items()}
            self.values.update(new)
        inputs = self.inputs(touch, *needs)
        called = run.world.names[effect]
        if needs or touch.fails:
            self.worked += ((called, inputs),)
        self.freeze(touch)
        if effect not in run.unseen and (touch.speaks or spec.seen is not Observer.NOBODY):
            self.shown += ((effect.name, inputs),)
        written = {_slot(d.spec.scope, d.slot) for d in spec.writes} | touch.writes
        earlier = str(self.did.count((called, inputs)))
        self.did += ((called, inputs),)
        for name in sorted(written):
            before = () if name in touch.surely_writes else (self.get(name),)
            self.values[name] = terms.make("made", called, name, inputs, earlier, *before)
        self.turned |= "hand" in written
        if touch.takes:
            self.fresh, self._frozen = True, frozenset()
            self.values = {n: v for n, v in self.values.items() if not n.startswith("cache.")}
        for datum in spec.forgets:
            self.values[_slot(datum.spec.scope, datum.slot)] = terms.nothing

    # Delivery.

    def cell(self) -> Cell | None:
        """The cell that the next event is for; None where that is elsewhere."""
        event, to = self.queue[0]
        if to is AWAY:
            return None
        table = self.run.world.composition.handler[event]
        return (table.name, self.states[self.run.machines[table.machine]], event)

    def deliver(self) -> Side:
        """This side after the next event. It can be asked for again where a question forks the run.

        Raises:
            Fork: if a question has no answer.
        """
        event, _ = self.queue[0]
        cell = self.cell()
        if cell is None:
            after = self.copy(self.run)
            after.queue = self.queue[1:]
            after.send(event)
            return after
        if self.choice is None:
            self.choice = self.tables.choice(cell)
            self.failed = self.run.terms.nothing
        while self.choice.ask is not None:
            self.choice = self.choice.after(self.ask(self.choice.ask))
        after = self.copy(self.run)
        after.queue, after.choice = self.queue[1:], None
        after.cells += (cell,)
        if self.choice.row is None or not _is_idle(self.choice.row):
            after.last = 0
        if self.choice.row is None:
            after.rows += (f"{cell[0]}:{event.label}.{cell[1].label}!missing",)
        else:
            after.take(self.choice.row)
        return after

    def take(self, row: AnyRow) -> None:
        """Take a row."""
        self.rows += (row.id,)
        for effect in row.do:
            self.perform(effect)
        if row.goto is not row.at:
            at = self.run.machines[row.table.rpartition(".")[2]]
            self.states = (*self.states[:at], row.goto, *self.states[at + 1 :])
        for raised in row.raises:
            self.queue += tuple(self._route(raised))
        vanishes = self.run.start.role.family.vanishes
        owner = self.run.world.family[row.table]
        if vanishes is None or owner is None:
            return
        if self.run.decide(vanishes.read(self.folding())):
            self.begin_anew()

    def _route(self, raised: Raise[Event]) -> Iterator[tuple[Event, bool]]:
        """For whom a raised event is."""
        event, run = raised.event, self.run
        owner = run.world.owner(event)
        if owner is None:
            yield event, ME
        elif owner is not run.start.role.family:
            yield event, AWAY
        elif raised.every:
            yield from ((event, AWAY), (event, ME), (event, AWAY))
        elif raised.to is None:
            yield event, ME
        else:
            key = raised.to.read(self.folding())
            same = self.folding().compare(Compare.EQUAL, key, run.start.key)
            yield event, run.decide(same)

    def send(self, event: Event) -> None:
        """An event is handled elsewhere."""
        run = self.run
        shown = str(len(self.shown))
        self.away += (run.terms.make("sent", event.name, self.get("hand"), shown),)
        log = run.terms.make("after", *self.away)
        changed = run.world.away[event]
        self.restless |= changed
        for name in (*sorted(changed), "master", "others"):
            steady = name not in run.start.unsteady
            self.values[name] = run.terms.make(
                "then", name, log, "" if steady else str(self.number)
            )
        self.last = len(self.away)

    def begin_anew(self) -> None:
        """The member is gone, and would be made anew."""
        role, world = self.run.start.role, self.run.world
        for name, value in world.initial.items():
            self.values[name] = self.run.terms.constant(value)
        self.states = tuple(
            table.initial if world.family[table.name] is not None else state
            for table, state in zip(role.tables, self.states, strict=True)
        )


_SIDE: Final = Side.__slots__


def _is_idle(row: AnyRow) -> bool:
    """Whether a row does nothing: as if its event had not come."""
    return row.goto is row.at and not row.do and not row.raises


def _slot(scope: Scope, slot: str) -> str:
    return f"shared.{slot}" if scope is Scope.SHARED else f"member.{slot}"


def _labels(checks: frozenset[Check]) -> tuple[str, ...]:
    return tuple(sorted(check.name for check in checks))


class Run:
    """A run under way.

    Attributes:
        left: the first side.
        right: the second; None as long as both are the same.
        answers: of questions, by term.
        known: values of terms that a question told.
    """

    __slots__ = (
        "answers",
        "compared",
        "known",
        "left",
        "machines",
        "redefined",
        "restless",
        "right",
        "skipped",
        "start",
        "steps",
        "terms",
        "todo",
        "uneven",
        "unseen",
        "variant",
        "world",
    )

    def __init__(
        self,
        start: Start,
        tables: tuple[Tables, Tables],
        queues: tuple[Queue, Queue],
        unseen: frozenset[Effect] = frozenset(),
    ) -> None:
        self.start, self.world, self.terms = start, start.world, start.terms
        self.machines = {table.machine: n for n, table in enumerate(start.role.tables)}
        self.unseen = unseen
        self.variant = tables[1]
        self.redefined = frozenset(
            word for word in tables[1].applied.definitions if isinstance(word, Check)
        )
        self.skipped = tables[0].applied.skipped ^ tables[1].applied.skipped | self.redefined
        self.answers: dict[int, bool] = {}
        self.compared: dict[int, bool] = {}
        self.known: dict[int, Plain] = {}
        self.restless = False
        self.steps = self.uneven = 0
        self.todo: tuple[int, ...] = ()
        self.left = Side(self, 0, tables[0], queues[0])
        apart = not start.place.is_diagonal or queues[0] != queues[1]
        self.right = Side(self, 1, tables[1], queues[1]) if apart else None
        if not start.role.is_master:
            self.learn(self.terms.make("=", start.key, self.terms.constant(0)), answer=False)

    def copy(self) -> Run:
        """The same run, to go on otherwise."""
        other = self._twin()
        other.answers, other.known = dict(self.answers), dict(self.known)
        other.compared = dict(self.compared)
        other.left = self.left.copy(other)
        other.right = None if self.right is None else self.right.copy(other)
        return other

    def _twin(self) -> Run:
        other = object.__new__(Run)
        for slot in _RUN:
            setattr(other, slot, getattr(self, slot))
        return other

    # Answers.

    def decide(self, term: int) -> bool:
        """The truth of a term.

        Raises:
            Fork: if nothing decides it.
        """
        value = self.terms.value(term)
        if isinstance(value, bool):
            return value
        kind, *parts = self.terms.item(term)
        match kind:
            case "not":
                return not self.decide(_number(parts[0]))
            case "and":
                return all(self.decide(_number(part)) for part in parts)
            case "or":
                return any(self.decide(_number(part)) for part in parts)
            case "=":
                return self._equal(term, _number(parts[0]), _number(parts[1]))
            case _:
                return self._answer(term)

    def _answer(self, term: int) -> bool:
        found = self.answers.get(term)
        if found is None:
            theory = self.start.theory
            options: tuple[bool, ...] = (False, True)
            if theory.compares(term):
                options = tuple(o for o in options if theory.possible(term, o, self.compared))
            if len(options) == 1:
                return options[0]
            raise Fork(term, options)
        return found

    def _equal(self, term: int, left: int, right: int) -> bool:
        """Whether a term is a constant; it is one only, and the last of its kinds if no other."""
        value = self.terms.value(right)
        if value is ABSENT:
            return self._answer(term)
        if left in self.known:
            return self.known[left] == value
        if term not in self.answers:
            others = [
                self.terms.make("=", left, self.terms.constant(kind))
                for kind in self._kinds(left)
                if kind != value
            ]
            if others and all(self.answers.get(other) is False for other in others):
                return True
        return self._answer(term)

    def _kinds(self, term: int) -> tuple[int, ...]:
        kind, *parts = self.terms.item(term)
        if kind not in {"of", "late"}:
            return ()
        return self.world.kinds.get(str(parts[0]), ())

    def learn(self, term: int, answer: bool) -> None:  # noqa: FBT001 - an answer
        """An answer to a question."""
        self.answers[term] = answer
        if self.start.theory.compares(term):
            self.compared[term] = answer
        kind, *parts = self.terms.item(term)
        if answer and kind == "=":
            value = self.terms.value(_number(parts[1]))
            if value is not ABSENT:
                self.known[_number(parts[0])] = value  # type: ignore[assignment]

    def constant(self, term: int) -> object:
        """The value of a constant, or of what an answer told to be one; else `ABSENT`."""
        value = self.terms.value(term)
        if value is not ABSENT:
            return value
        return self.answers[term] if term in self.answers else self.known.get(term, ABSENT)

    # Going on.

    def go(self, until: Callable[[Run], bool]) -> Iterator[Run]:
        """Every way in which the run goes on to its end, or until a condition holds."""
        left: list[Run] = [self]
        while left:
            run = left.pop()
            try:
                while run.todo or not (run.is_over or (until(run) and run.may_stop())):
                    run.step()
            except Fork as fork:
                for option in fork.options:
                    other = run.copy()
                    other.learn(fork.term, option)
                    left.append(other)
            else:
                yield run

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to deliver."""
        return not self.left.queue and (self.right is None or not self.right.queue)

    def may_stop(self) -> bool:
        """Whether what remains is the same on both sides, or will not be soon."""
        if self.right is None or not (self.left.queue and self.right.queue):
            return True
        if self.left.queue == self.right.queue:
            return True
        self.uneven += 1
        return self.uneven > MOST_UNEVEN

    def _turn(self) -> tuple[int, ...]:
        """Which sides are next: one alone, where only events in front of the same are more."""
        if self.right is None:
            return 0, 1
        one, other = self.left.queue, self.right.queue
        more = len(one) - len(other)
        if more > 0 and one[more:] == other:
            return (0,)
        if more < 0 and other[-more:] == one:
            return (1,)
        return 0, 1

    @property
    def circles(self) -> bool:
        """Whether the run may go round in circles from here."""
        sides = [self.left] if self.right is None else [self.left, self.right]
        return self.steps > 0 and any(
            side.turned or (side.queue and side.queue[0][0] in self.world.recurring)
            for side in sides
        )

    def step(self) -> None:
        """One event more on each side, or what is left of that.

        Raises:
            Fork: if a question has no answer; the step goes on from there.
        """
        if not self.todo:
            self.steps += 1
            if self.right is None and self.left.queue and self.left.cell() in self.variant.edited:
                self.right = self.left.copy(self)
                self.right.number, self.right.tables = 1, self.variant
            self.todo = self._turn()
        while self.todo:
            if self.todo[0] == 0 and self.left.queue:
                self.left = self.left.deliver()
            elif self.todo[0] == 1 and self.right is not None and self.right.queue:
                self.right = self.right.deliver()
            self.todo = self.todo[1:]
        self._unrest()

    def _unrest(self) -> None:
        """What happens elsewhere in the same run may change what is shared, here and now."""
        names = set(self.world.shared) if self.restless else set(self.left.restless)
        if self.right is not None:
            names |= self.right.restless
        for name in names:
            one = self.left.get(name)
            same = self.right is None or one == self.right.get(name)
            steady = same and name not in self.start.unsteady
            for side in (self.left, self.right):
                if side is not None:
                    mark = "" if steady else str(side.number)
                    side.values[name] = self.terms.make("later", name, str(self.steps), mark)


_RUN: Final = Run.__slots__


def _number(part: object) -> int:
    assert isinstance(part, int)  # noqa: S101 - the parts of these terms are terms
    return part
