"""The engine: runs a composition of tables, whatever the protocol.

One input is one run to completion. A run works on copies and hands back a new conversation; the
one that it was given is never changed, so a run that fails leaves nothing behind.

What the tables declare is done here: conditions defined by expressions, updates of variables, data
that is forgotten, events that are raised, members that are spawned and retired. A protocol adds
what only it can know, as methods of its step, found by the names of the vocabulary:

- `ask_NAME` answers an opaque condition, `check_NAME` an opaque check;
- `do_NAME` performs an effect that computes, sends or shows something.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from otr_model.kernel.composition import checks_of
from otr_model.kernel.expr import Compare, Scope
from otr_model.kernel.readings import PythonReading
from otr_model.kernel.vocabulary import Datum, Defined, Opaque
from otr_model.trace import Fired

from .errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from otr_model.kernel.composition import AnyRow, Family
    from otr_model.kernel.guard import Guard
    from otr_model.kernel.readings import Number, Test
    from otr_model.kernel.variant import Applied
    from otr_model.kernel.vocabulary import Check, Condition, Effect, Event
    from otr_model.kernel.words import Word


class Unprepared(OtrSpecError):
    """An effect lacks data that it needs: only a faulty variant of a table leads there."""


class Endless(Unprepared):
    """One input keeps an endpoint busy for ever: only a faulty variant of a table leads there."""


class Unbound(OtrSpecError):
    """A step has no method for a word of the vocabulary, or a method for none."""


class State(Protocol):
    """A value with the variables, data and machine states of one scope as attributes."""

    def clone(self) -> Any:  # noqa: ANN401 - the same class; Self is invariant in protocols
        """A shallow copy."""


MOST_ROWS: Final = 100_000
"""Rows that one input can take: more than the largest message with the most TLVs."""
S = TypeVar("S", bound="Step[Any, Any]")
M = TypeVar("M", bound=State)
C = TypeVar("C", bound="Conversation[Any]")


class Conversation(Protocol[M]):
    """What an engine needs of a conversation: the shared state and the members by key.

    The members of a further family are in the attribute that the family names.
    """

    members: dict[int, M]

    def clone(self) -> Any:  # noqa: ANN401 - see State
        """A copy that shares the members, in dictionaries of its own."""


class Step(Generic[C, M]):
    """One run: the conversation at work, the member at hand, what comes out, and the trace.

    Attributes:
        shared: the working copy of the conversation.
        key: the key of the member at hand.
        facts: what is known about the message or command.
        config: the endpoint's configuration.
        trace: the rows that were taken.
        failed: the check that failed last.
    """

    shared: C
    facts: Any
    config: Any

    def __init__(self, conversation: C, spawn: Callable[[int], M]) -> None:
        """Begin a run on a conversation; `spawn` makes a member, given its key."""
        self.shared = conversation.clone()
        self.spawn = spawn
        self.key = 0
        self.group: dict[int, M] = self.shared.members
        self.trace: list[Fired] = []
        self.failed: Check | None = None
        self._owned: set[tuple[int, int]] = set()

    def spawn_in(self, slot: str, key: int) -> Any:  # noqa: ANN401 - each family has a class
        """Make a member of a family that is not the master's; a protocol with such overrides it.

        Raises:
            Unbound: always.
        """
        message = f"{type(self).__name__} makes no members of {slot} ({key:#x})"
        raise Unbound(message)

    @property
    def member(self) -> M:
        """The member at hand, to look at."""
        return self.group[self.key]

    @property
    def master(self) -> M:
        """The member with key 0, to look at."""
        member: M = self.shared.members[0]
        return member

    def own(self) -> M:
        """The member at hand, to write to."""
        group, key = self.group, self.key
        member = group[key]
        place = (id(group), key)
        if place not in self._owned:
            member = member.clone()
            group[key] = member
            self._owned.add(place)
        return member

    def turn_to(self, slot: str) -> None:
        """Turn to a family, by the attribute that holds its members."""
        self.group = getattr(self.shared, slot)

    def enter(self, slot: str, key: int) -> None:
        """Go to the member of a family with a key; spawn it if it is not there."""
        self.turn_to(slot)
        self.key = key
        if key not in self.group:
            master = self.group is self.shared.members
            self.group[key] = self.spawn(key) if master else self.spawn_in(slot, key)
            self._owned.add((id(self.group), key))

    def retire(self, key: int) -> None:
        """Forget a member of the family at hand."""
        del self.group[key]


class _DirectReading(PythonReading):
    """The same functions of a step with fewer calls inside, since most of a run is asking.

    Comparisons with a constant do not ask for the constant, and what has two or three parts asks
    for one after the other by itself.
    """

    def __init__(self) -> None:
        self._constants: dict[Number, int] = {}

    def number(self, value: int) -> Number:
        """A constant function, which is remembered as such."""
        constant = super().number(value)
        self._constants[constant] = value
        return constant

    def compare(self, how: Compare, left: Number, right: Number) -> Test:
        """A comparison."""
        value = self._constants.get(right)
        if value is None:
            return super().compare(how, left, right)
        constant = value
        match how:
            case Compare.EQUAL:
                return lambda step: left(step) == constant
            case Compare.LESS:
                return lambda step: left(step) < constant
            case Compare.AT_MOST:
                return lambda step: left(step) <= constant

    def conjunction(self, parts: tuple[Test, ...]) -> Test:
        """All, from left to right, as far as needed."""
        match parts:
            case first, second:
                return lambda step: first(step) and second(step)
            case first, second, third:
                return lambda step: first(step) and second(step) and third(step)
            case _:
                return super().conjunction(parts)

    def disjunction(self, parts: tuple[Test, ...]) -> Test:
        """Any, from left to right, as far as needed."""
        match parts:
            case first, second:
                return lambda step: first(step) or second(step)
            case first, second, third:
                return lambda step: first(step) or second(step) or third(step)
            case _:
                return super().disjunction(parts)


_DIRECT: Final = _DirectReading()


@dataclass(slots=True)
class _Effect:
    """An effect, prepared."""

    word: Effect
    needs: tuple[tuple[bool, str, Datum], ...]
    sets: tuple[tuple[bool, str, Callable[[Any], int]], ...]
    perform: Callable[[Any], None] | None
    forgets: tuple[tuple[bool, str], ...]


@dataclass(slots=True)
class _Move:
    """A row, prepared; `fired` says that it was taken, as it was the last time."""

    id: str
    when: Guard
    do: tuple[_Effect, ...]
    goto: Word | None
    raises: tuple[tuple[Event, Callable[[Any], int] | None, bool], ...]
    fired: Fired

    def taken(self, member: int, check: Check | None) -> Fired:
        """What the trace says of the row being taken, in a member and after a check that failed."""
        fired, failed = self.fired, "" if check is None else check.label
        if fired.member != member or fired.failed != failed:
            fired = self.fired = Fired(self.id, member, failed)
        return fired


@dataclass(slots=True)
class _Kin:
    """A family, prepared; `most` counts the master, where it has one."""

    slot: str
    most: int
    retires: Callable[[Any], bool]
    vanishes: Callable[[Any], bool] | None


@dataclass(slots=True)
class _Machine:
    """A table, prepared; `kin` is the family that it belongs to."""

    name: str
    slot: str
    kin: _Kin | None
    cells: dict[tuple[Word, Event], _Decision]


class _Decision:
    """What to ask next in order to pick a row of a cell, or the row that is picked.

    A cell is a decision tree: every condition is asked at most once, and none that does not matter.
    The tree grows as it is walked.

    Attributes:
        move: the row, once nothing is left to ask; None where no row holds.
        ask: the condition to ask for; None: nothing is left.
        answer: what answers it.
        following: what comes after each of the answers that were ever given.
    """

    __slots__ = ("_answers", "_known", "_moves", "answer", "ask", "following", "move")

    def __init__(
        self,
        moves: tuple[_Move, ...],
        known: dict[Condition, bool],
        answers: Mapping[Condition, Callable[[Any], bool]],
    ) -> None:
        self.move: _Move | None = None
        self.ask: Condition | None = None
        self.answer: Callable[[Any], bool] | None = None
        self.following: dict[bool, _Decision] = {}
        self._moves = moves
        self._known = known
        self._answers = answers
        for move in moves:
            settled = move.when.settle(known)
            if settled is True:
                self.move = move
                return
            if settled is not False:
                self.ask = settled
                self.answer = self._answers[settled]
                return

    def grow(self, answer: bool) -> _Decision:  # noqa: FBT001 - the answer to a question
        """What comes after an answer that was never given before."""
        known = self._known if self.ask is None else {**self._known, self.ask: answer}
        following = self.following[answer] = _Decision(self._moves, known, self._answers)
        return following


class Engine(Generic[S]):
    """Runs a composition under a variant.

    Args:
        applied: the composition under the variant.
        step: the class whose methods answer, check and perform.

    Raises:
        Unbound: if a method is missing or belongs to nothing.
    """

    def __init__(self, applied: Applied, step: type[S]) -> None:
        self.applied = applied
        self.step = step
        composition = applied.composition
        self._bind(step)
        answers = {c: self._condition(c, step) for c in composition.conditions}
        effects = {e: self._effect(e, step) for e in composition.effects}
        self._machines: dict[Event, _Machine] = {}
        kin = {name: k for f in composition.families for k in [self._kin(f)] for name in f.tables}
        self._main = self._kin(composition.family)
        for table in composition.tables:
            cells = {
                cell: _Decision(tuple(self._move(row, effects) for row in rows), {}, answers)
                for cell, rows in table.index.items()
            }
            machine = _Machine(table.name, table.machine, kin.get(table.name), cells)
            for event in table.events:
                self._machines[event] = machine

    @property
    def limit(self) -> int:
        """How many members of the master's family are kept at most."""
        return self._main.most - 1

    def _kin(self, family: Family) -> _Kin:
        master = family is self.applied.composition.family
        return _Kin(
            family.slot,
            self.applied.parameters[family.limit] + master,
            family.retires.read(_DIRECT),
            None if family.vanishes is None else family.vanishes.read(_DIRECT),
        )

    def _bind(self, step: type[S]) -> None:
        """Refuse a step whose methods are not those of the vocabulary."""
        composition = self.applied.composition
        wanted = {
            f"ask_{c.name.lower()}" for c in composition.conditions if isinstance(c.spec, Opaque)
        }
        wanted |= {f"check_{c.name.lower()}" for c in composition.checks if c.spec.expr is None}
        wanted |= {f"do_{e.name.lower()}" for e in composition.effects if not e.spec.bare}
        optional = {f"do_{e.name.lower()}" for e in composition.effects if e.spec.bare}
        found = {n for n in dir(step) if n.startswith(("ask_", "check_", "do_"))}
        wrong = sorted((wanted - found) | (found - wanted - optional))
        if wrong:
            message = f"{step.__name__}: {', '.join(wrong)}"
            raise Unbound(message)

    def _condition(self, condition: Condition, step: type[S]) -> Callable[[S], bool]:
        other = self.applied.definitions.get(condition)
        if other is not None:
            return other.read(_DIRECT)
        spec = condition.spec
        if isinstance(spec, Defined):
            return spec.expr.read(_DIRECT)
        if isinstance(spec, Opaque):
            answer: Callable[[S], bool] = getattr(step, f"ask_{condition.name.lower()}")
            return answer
        checks = [
            (check, self._check(check, step))
            for check in checks_of(condition)
            if check not in self.applied.skipped
        ]

        def valid(run: S) -> bool:
            for check, holds in checks:
                if not holds(run):
                    run.failed = check
                    return False
            return True

        return valid

    def _check(self, check: Check, step: type[S]) -> Callable[[S], bool]:
        expr = self.applied.definitions.get(check, check.spec.expr)
        if expr is not None:
            return expr.read(_DIRECT)
        holds: Callable[[S], bool] = getattr(step, f"check_{check.name.lower()}")
        return holds

    def _effect(self, effect: Effect, step: type[S]) -> _Effect:
        spec = effect.spec

        def place(data: Iterable[Datum]) -> list[tuple[bool, str, Datum]]:
            return [(d.spec.scope is Scope.SHARED, d.slot, d) for d in data]

        return _Effect(
            effect,
            tuple(place(spec.needs)),
            tuple(
                (variable.scope is Scope.SHARED, variable.name, value.read(_DIRECT))
                for variable, value in self.applied.sets_of(effect).items()
            ),
            getattr(step, f"do_{effect.name.lower()}", None),
            tuple((shared, slot) for shared, slot, _ in place(spec.forgets)),
        )

    @staticmethod
    def _move(row: AnyRow, effects: dict[Effect, _Effect]) -> _Move:
        return _Move(
            row.id,
            row.when,
            tuple(effects[e] for e in row.do),
            None if row.goto is row.at else row.goto,
            tuple(
                (r.event, None if r.to is None else r.to.read(_DIRECT), r.every) for r in row.raises
            ),
            Fired(row.id),
        )

    def has_room(self, step: S, key: int) -> bool:
        """Whether a member with a key is there, can be spawned, or can take another's place.

        This is about the family that has a master.
        """
        members = step.shared.members
        if key in members or len(members) < self._main.most:
            return True
        return self._retirable(step, self._main) is not None

    @staticmethod
    def _retirable(step: S, kin: _Kin) -> int | None:
        """The key of the member that was least recently used and may be retired."""
        group, here = step.group, step.key
        step.turn_to(kin.slot)
        key: int
        try:
            for key in step.group:
                step.key = key
                if key != 0 and kin.retires(step):
                    return key
        finally:
            step.group, step.key = group, here
        return None

    def run(self, step: S, event: Event, key: int) -> None:
        """Deliver an event to a member, and whatever it raises, until nothing is left.

        Raises:
            Unprepared: only under a variant.
            Endless: as well.
        """
        queue: deque[tuple[Event, int]] = deque(((event, key),))
        machines, shared, trace = self._machines, step.shared, step.trace
        while queue and len(trace) < MOST_ROWS:
            happening, to = queue.popleft()
            machine = machines.get(happening)
            if machine is None:
                trace.append(Fired(f"{happening.label}!missing", to))
                continue
            kin = machine.kin
            if kin is None:
                owner = shared
                step.turn_to(self._main.slot)
                step.key = to if to in step.group else 0
            else:
                self._enter(step, kin, to)
                owner = step.group[to]
            state: Word = getattr(owner, machine.slot)
            move = self._pick(step, machine.cells.get((state, happening)))
            if move is None:
                missing = f"{machine.name}:{happening.label}.{state.label}!missing"
                trace.append(Fired(missing, to))
                continue
            trace.append(move.taken(to, step.failed))
            for effect in move.do:
                self._perform(step, move, effect)
            if move.goto is not None:
                setattr(shared if kin is None else step.own(), machine.slot, move.goto)
            for raised, route, every in move.raises:
                if every:
                    queue.extend((raised, key) for key in self._everybody(step, raised))
                else:
                    queue.append((raised, to if route is None else route(step)))
            if kin is not None and kin.vanishes is not None and kin.vanishes(step):
                step.retire(to)
        self._refuse_endless(event, queue)

    @staticmethod
    def _refuse_endless(event: Event, queue: deque[tuple[Event, int]]) -> None:
        """Refuse a run that something is still left of.

        Raises:
            Endless: if there is.
        """
        if queue:
            message = f"one {event.label} takes more than {MOST_ROWS:,} rows"
            raise Endless(message)

    def _everybody(self, step: S, event: Event) -> tuple[int, ...]:
        """The keys of all members of the family whose machine handles an event."""
        machine = self._machines.get(event)
        kin = None if machine is None else machine.kin
        return tuple(getattr(step.shared, (kin or self._main).slot))

    def _enter(self, step: S, kin: _Kin, key: int) -> None:
        members = getattr(step.shared, kin.slot)
        if key in members:
            step.group, step.key = members, key
            return
        if len(members) >= kin.most:
            oldest = self._retirable(step, kin)
            if oldest is not None:
                step.turn_to(kin.slot)
                step.retire(oldest)
        step.enter(kin.slot, key)

    @staticmethod
    def _pick(step: S, decision: _Decision | None) -> _Move | None:
        """The row of a cell that applies; None only under a variant."""
        step.failed = None
        if decision is None:
            return None
        while decision.answer is not None:
            answer = decision.answer(step)
            decision = decision.following.get(answer) or decision.grow(answer)
        return decision.move

    @staticmethod
    def _perform(step: S, move: _Move, effect: _Effect) -> None:
        for shared, slot, datum in effect.needs:
            if getattr(step.shared if shared else step.group[step.key], slot) is None:
                message = f"{move.id}: {effect.word.name} needs {datum.name}, which is not there"
                raise Unprepared(message)
        if effect.sets:
            values = [(shared, name, value(step)) for shared, name, value in effect.sets]
            member = step.own()
            for shared, name, value in values:
                setattr(step.shared if shared else member, name, value)
        if effect.perform is not None:
            effect.perform(step)
        for shared, slot in effect.forgets:
            setattr(step.shared if shared else step.own(), slot, None)
