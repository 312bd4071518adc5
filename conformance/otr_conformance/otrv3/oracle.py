"""The oracle: judges a step of an endpoint from the tables alone.

An endpoint says what it did: the rows that it took, what went out, and the conversation after. The
oracle replays that account with an interpreter of its own, which shares no code with the engine of
the reference, and says what in it the tables do not allow:

    oracle = Oracle(lab.suite)
    for sentence in oracle.judge(Taken(before, given, stepped, endpoint.config, now)):
        print(sentence)

Replayed is the order of events (run to completion, first in first out), which member of the family
each goes to, the state and the guard of every row, every update of a declared variable, which data
is needed, kept and forgotten, what is seen of each effect, and how the conversation ends.

What only cryptography can answer is taken from the row that was taken; within one row it has to
fit together. A variable that only decryption tells (`LATE`) is unknown, and so is what follows from
it, until an effect stores it. The suite is asked for nothing but what everybody can do: to take
messages apart and to put fragments together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from otr_model.kernel.expr import (
    BoolVar,
    Compare,
    Int,
    IntArray,
    IntVar,
    Reading,
    Scope,
)
from otr_model.kernel.guard import Connective, Guard
from otr_model.kernel.vocabulary import Defined, Observer, Validity
from otr_model.otrv3 import variables as v
from otr_model.otrv3.conditions import Cond
from otr_model.otrv3.data import Datum
from otr_model.otrv3.effects import Do
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.words import Event, Kind
from otr_reference.otrv3 import commands, messages, notices
from otr_reference.otrv3.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from otr_model.kernel.composition import AnyRow, AnyTable, Composition
    from otr_model.kernel.expr import Bool, Variable
    from otr_model.kernel.vocabulary import Condition, Effect
    from otr_model.kernel.vocabulary import Datum as AnyDatum
    from otr_model.kernel.vocabulary import Event as AnyEvent
    from otr_model.kernel.words import Word
    from otr_model.trace import Fired
    from otr_reference.otrv3.endpoint import Stepped
    from otr_reference.otrv3.session import Config, Conversation
    from otr_reference.otrv3.suite import Suite
    from otr_reference.sorts import Octets, Wire

__all__ = ["LATE", "Oracle", "Taken"]

M = TypeVar("M", bound="messages.Whole")

EVENTS: dict[type, Event] = {
    commands.Receive: Event.RECEIVED,
    commands.Start: Event.USER_START,
    commands.SendText: Event.USER_SEND,
    commands.End: Event.USER_END,
    commands.Heartbeat: Event.USER_HEARTBEAT,
    commands.UseExtraKey: Event.USER_EXTRA_KEY,
    commands.StartSmp: Event.USER_SMP_START,
    commands.AnswerSmp: Event.USER_SMP_ANSWER,
    commands.AbortSmp: Event.USER_SMP_ABORT,
}
KINDS: dict[type, Kind] = {
    messages.Fragment: Kind.FRAGMENT,
    messages.Plaintext: Kind.PLAINTEXT,
    messages.TaggedPlaintext: Kind.TAGGED,
    messages.Query: Kind.QUERY,
    messages.ErrorMessage: Kind.ERROR,
    messages.DhCommit: Kind.DH_COMMIT,
    messages.DhKey: Kind.DH_KEY,
    messages.RevealSignature: Kind.REVEAL_SIGNATURE,
    messages.SignatureMessage: Kind.SIGNATURE,
    messages.DataMessage: Kind.DATA,
    messages.OtherVersion: Kind.OTHER_VERSION,
    messages.MalformedMessage: Kind.MALFORMED,
}
LATE = (v.IDENTITY_KEYID, v.TLV_KIND)
"""Variables of a message that only whoever can decrypt it knows."""

MASTER = 0
MAC_KEY_SIZE = 20
UNTAGGED_VERSION, TAGGED_VERSION = 2, 3
TEXTS = (messages.Plaintext, messages.TaggedPlaintext, messages.ErrorMessage)
IGNORE_UNREADABLE = 0x01


@dataclass(frozen=True, slots=True)
class Taken:
    """One step as it was taken.

    Attributes:
        before: the conversation before.
        given: the message or command.
        stepped: what the endpoint made of it.
        config: the endpoint's configuration, parameters of the model included.
        now: the time that the step was told, in seconds.
        to: the instance that a command was for; None: whichever is preferred.
    """

    before: Conversation
    given: commands.Input
    stepped: Stepped
    config: Config
    now: int = 0
    to: int | None = None


class Oracle:
    """Judges steps.

    Args:
        suite: takes messages apart, as the endpoint's own does.
        composition: the tables that decide, whatever tables the endpoint ran.
    """

    def __init__(self, suite: Suite, composition: Composition = OTRV3) -> None:
        self.suite = suite
        self.composition = composition
        self.rows: Mapping[str, AnyRow] = {row.id: row for row in composition.rows()}
        self.machines: Mapping[Scope, tuple[str, ...]] = {
            scope: tuple(
                table.machine
                for table in composition.tables
                if (table.name in composition.family.tables) is (scope is Scope.MEMBER)
            )
            for scope in (Scope.SHARED, Scope.MEMBER)
        }
        self.variables: Mapping[Scope, tuple[str, ...]] = {
            scope: tuple(x.name for x in composition.flat_variables() if x.scope is scope)
            for scope in Scope
        }
        self.slots: Mapping[Scope, tuple[str, ...]] = {
            scope: tuple(d.slot for d in composition.data if d.spec.scope is scope)
            for scope in Scope
        }
        self._read: dict[Int | Bool, Look] = {}

    def judge(self, taken: Taken) -> tuple[str, ...]:
        """What in a step the tables do not allow, in sentences that name the row; () if nothing."""
        replay = _Replay(self, taken)
        try:
            replay.follow()
        except _Objection as objection:
            return (str(objection),)
        return tuple(replay.ending())

    def look(self, expression: Int | Bool) -> Look:
        """What an expression is worth in a world; None where something in it is not known."""
        known = self._read.get(expression)
        if known is None:
            known = self._read[expression] = expression.read(_WORTH)
        return known


class _Objection(Exception):
    """Something in an account that the tables do not allow; what comes after cannot be judged."""


def _object(row: str, what: str) -> NoReturn:
    """Object to an account.

    Raises:
        _Objection: always.
    """
    message = f"{row}: {what}"
    raise _Objection(message)


# What expressions are worth. None is "not known", and logic has three values.


class _World:
    """Declared variables and states, as the replay has them. Members are copied when looked at."""

    def __init__(self, oracle: Oracle, taken: Taken) -> None:
        self.oracle = oracle
        self.config = taken.config
        self.before = taken.before
        self.key = MASTER
        self.order = list(taken.before.members)
        self.shared = self._values(taken.before, Scope.SHARED)
        self.facts: dict[str, Any] = dict.fromkeys(oracle.variables[Scope.MESSAGE])
        self.facts[v.NOW.name] = taken.now
        self.looked_at: dict[int, dict[str, Any]] = {}
        self.spawned: set[int] = set()

    def member(self, key: int) -> dict[str, Any]:
        """The variables and states of a member."""
        found = self.looked_at.get(key)
        if found is None:
            source = Session(key) if key in self.spawned else self.before.members[key]
            found = self.looked_at[key] = self._values(source, Scope.MEMBER)
        return found

    def _values(self, source: object, scope: Scope) -> dict[str, Any]:
        names = (*self.oracle.machines[scope], *self.oracle.variables[scope])
        return {name: getattr(source, name) for name in names}

    def find(self, variable: Variable) -> Any:  # noqa: ANN401 - an integer, a truth value, or None
        """The value of a variable; None if it is not known."""
        match variable.scope:
            case Scope.MEMBER:
                return self.member(self.key)[variable.name]
            case Scope.SHARED:
                return self.shared[variable.name]
            case Scope.MESSAGE:
                return self.facts[variable.name]
            case Scope.ENDPOINT:
                return getattr(self.config, variable.name)


Look = Callable[[_World], Any]


def _strict(operation: Callable[..., Any], *parts: Look) -> Look:
    """An operation whose value is known where those of all parts are."""

    def look(world: _World) -> Any:  # noqa: ANN401 - as the operation has it
        values = [part(world) for part in parts]
        return None if None in values else operation(*values)

    return look


def _decided_by(decisive: bool, parts: tuple[Look, ...]) -> Look:  # noqa: FBT001 - which truth value
    """A junction: one part with the decisive value decides; all with the other decide otherwise."""

    def look(world: _World) -> bool | None:
        values = [part(world) for part in parts]
        if decisive in values:
            return decisive
        return None if None in values else not decisive

    return look


class _Worth(Reading[Look, Look]):
    """The value of an expression in a world."""

    def number(self, value: int) -> Look:
        """A constant."""
        return lambda _: value

    def integer(self, variable: IntVar) -> Look:
        """What the world has."""
        return lambda world: world.find(variable)

    def element(self, array: IntArray, at: tuple[Look, ...]) -> Look:
        """What the world has at the computed place; 0 outside of the array."""

        def look(world: _World) -> int | None:
            place = tuple(index(world) for index in at)
            if None in place:
                return None
            inside = all(0 <= i < n for i, n in zip(place, array.shape, strict=True))
            value: int | None = world.find(array.cell(*place)) if inside else 0
            return value

        return look

    def plus(self, left: Look, right: Look) -> Look:
        """A sum."""
        return _strict(lambda a, b: a + b, left, right)

    def minus(self, left: Look, right: Look) -> Look:
        """A difference."""
        return _strict(lambda a, b: a - b, left, right)

    def remainder(self, left: Look, divisor: int) -> Look:
        """A remainder."""
        return _strict(lambda a: a % divisor, left)

    def choose(self, when: Look, then: Look, otherwise: Look) -> Look:
        """One of two, as soon as it is known which, or where both are the same."""

        def look(world: _World) -> Any:  # noqa: ANN401 - as the parts have it
            which, first, second = when(world), then(world), otherwise(world)
            if which is None:
                return first if first == second else None
            return first if which else second

        return look

    def truth(self, value: bool) -> Look:  # noqa: FBT001 - see Reading.truth
        """A constant."""
        return lambda _: value

    def flag(self, variable: BoolVar) -> Look:
        """What the world has."""
        return lambda world: world.find(variable)

    def compare(self, how: Compare, left: Look, right: Look) -> Look:
        """A comparison."""
        match how:
            case Compare.EQUAL:
                return _strict(lambda a, b: a == b, left, right)
            case Compare.LESS:
                return _strict(lambda a, b: a < b, left, right)
            case Compare.AT_MOST:
                return _strict(lambda a, b: a <= b, left, right)

    def negation(self, part: Look) -> Look:
        """Not."""
        return _strict(lambda a: not a, part)

    def conjunction(self, parts: tuple[Look, ...]) -> Look:
        """All; one false part decides."""
        return _decided_by(False, parts)  # noqa: FBT003 - the decisive value

    def disjunction(self, parts: tuple[Look, ...]) -> Look:
        """At least one; one true part decides."""
        return _decided_by(True, parts)  # noqa: FBT003 - the decisive value

    def in_state(self, machine: str, states: tuple[Word, ...], owner: str) -> Look:
        """Whether a machine is in one of some states."""
        return lambda world: (
            world.member(MASTER if owner == "master" else world.key)[machine] in states
        )


_WORTH = _Worth()


def _holds(guard: Guard, values: Mapping[Condition, bool]) -> bool:
    """Whether a guard holds under a valuation of all of its conditions."""
    match guard.connective:
        case Connective.ALWAYS:
            return True
        case Connective.ATOM:
            assert guard.atom is not None  # noqa: S101 - an atom has its condition
            return values[guard.atom]
        case Connective.NOT:
            return not _holds(guard.parts[0], values)
        case Connective.AND:
            return all(_holds(part, values) for part in guard.parts)
        case Connective.OR:
            return any(_holds(part, values) for part in guard.parts)


# What becomes of data, and where it is: the member's key, and the name of the attribute.

_WRITTEN, _FORGOTTEN = "written", "forgotten"
Place = tuple[Scope, int, str]


class _Replay:
    """One step, followed row by row."""

    def __init__(self, oracle: Oracle, taken: Taken) -> None:
        self.oracle = oracle
        self.suite = oracle.suite
        self.taken = taken
        self.after = taken.stepped.conversation
        self.world = _World(oracle, taken)
        self.outputs = deque(taken.stepped.outputs)
        self.data: dict[Place, str] = {}
        self.authors: dict[Place, str] = {}
        self.pieces: dict[int, Any] = {}
        self.message: messages.Message | None = None
        if isinstance(taken.given, commands.Receive):
            self.take(self.suite.decode(taken.given.wire))

    def take(self, message: messages.Message) -> None:
        """A message is at hand: what everybody can see of it is known."""
        self.message = message
        facts = self.world.facts
        now = facts[v.NOW.name]
        facts.update(dict.fromkeys(facts, 0))
        facts.update(dict.fromkeys((x.name for x in LATE), None))
        body: Any = message.fields if isinstance(message, messages.DataMessage) else message
        header: messages.Header | None = getattr(body, "header", None)
        if header is not None:
            facts[v.VERSION.name] = header.version
            facts[v.SENDER_TAG.name] = header.sender
            facts[v.RECEIVER_TAG.name] = header.receiver
        if isinstance(message, messages.DataMessage):
            facts[v.SENDER_KEYID.name] = body.sender_keyid
            facts[v.RECIPIENT_KEYID.name] = body.recipient_keyid
            facts[v.COUNTER.name] = body.counter
            facts[v.IGNORE_UNREADABLE.name] = body.flags & IGNORE_UNREADABLE == IGNORE_UNREADABLE
        if isinstance(message, messages.Fragment):
            facts[v.K.name], facts[v.N.name] = message.k, message.n
            facts[v.PIECE_SIZE.name] = self.suite.size(message.piece)
        if isinstance(message, messages.Query | messages.TaggedPlaintext):
            facts[v.OFFERS_2.name] = UNTAGGED_VERSION in message.versions
            facts[v.OFFERS_3.name] = TAGGED_VERSION in message.versions
        facts[v.KIND.name] = KINDS[type(message)].number
        facts[v.NOW.name] = now

    # Following the trace.

    def follow(self) -> None:
        """Take the rows of the trace, one after the other.

        Raises:
            _Objection: at the first that the tables do not allow.
        """
        taken, world = self.taken, self.world
        key = MASTER
        if not isinstance(taken.given, commands.Receive):
            key = taken.before.best if taken.to is None else taken.to
        queue: deque[tuple[AnyEvent, int]] = deque([(EVENTS[type(taken.given)], key)])
        for fired in taken.stepped.trace:
            if not queue:
                _object(fired.row, "taken when nothing was left to happen")
            event, to = queue.popleft()
            row = self.row_of(fired, event, to)
            table = self.oracle.composition.handler[event]
            self.enter(row, table, to)
            self.check_state(row, table)
            self.bind_late(row)
            self.check_guard(row, fired.failed)
            for effect in row.do:
                self.perform(row, effect)
            self.go(row, table)
            queue.extend(self.raised(row, to))
        if queue:
            event, to = queue[0]
            _object(_last(taken), f"{event.name} was to happen in member {to:#x}, and did not")
        if self.outputs:
            _object(_last(taken), f"no row accounts for {_said(self.outputs[0])}")
        world.order.append(world.order.pop(world.order.index(world.key)))

    def row_of(self, fired: Fired, event: AnyEvent, to: int) -> AnyRow:
        """The row that was taken, which has to be one for the event that was the next."""
        row = self.oracle.rows.get(fired.row)
        if row is None:
            _object(fired.row, f"there is no such row, where {event.name} was next")
        if row.on is not event:
            _object(row.id, f"taken where {event.name} was next")
        if fired.member != to:
            _object(row.id, f"taken in member {fired.member:#x} instead of {to:#x}")
        return row

    def enter(self, row: AnyRow, table: AnyTable, to: int) -> None:
        """Go to the member that an event is for, spawned if it is not there."""
        world = self.world
        if table.name not in self.oracle.composition.family.tables:
            world.key = to if to in world.order else MASTER
            return
        if to not in world.order:
            if not self.has_place():
                oldest = self.retirable()
                if oldest is None:
                    _object(row.id, f"member {to:#x} is beyond the bound on members")
                world.order.remove(oldest)
                world.looked_at.pop(oldest, None)
                world.spawned.discard(oldest)
            world.order.append(to)
            world.spawned.add(to)
            world.looked_at.pop(to, None)
        world.key = to

    def has_place(self) -> bool:
        """Whether there are fewer members than allowed; the master is not counted."""
        limit: int = getattr(self.taken.config, self.oracle.composition.family.limit)
        return len(self.world.order) - 1 < limit

    def retirable(self) -> int | None:
        """The least recently used member that may make room."""
        world, here = self.world, self.world.key
        may = self.oracle.look(self.oracle.composition.family.retires)
        try:
            for key in world.order:
                world.key = key
                if key != MASTER and may(world):
                    return key
        finally:
            world.key = here
        return None

    def states(self, table: AnyTable) -> dict[str, Any]:
        """Where the state of a table's machine is."""
        family = self.oracle.composition.family.tables
        return self.world.member(self.world.key) if table.name in family else self.world.shared

    def go(self, row: AnyRow, table: AnyTable) -> None:
        """The machine changes its state, or stays."""
        in_family = table.name in self.oracle.composition.family.tables
        scope = Scope.MEMBER if in_family else Scope.SHARED
        self.states(table)[table.machine] = row.goto
        self.authors[self.place(scope, table.machine)] = row.id

    def check_state(self, row: AnyRow, table: AnyTable) -> None:
        """The row has to start where its machine is."""
        state: Word = self.states(table)[table.machine]
        if state is not row.at:
            _object(row.id, f"taken while {table.machine} was in {state.name}")

    def bind_late(self, row: AnyRow) -> None:
        """What an effect of the row stores of a late variable is what it was."""
        facts = self.world.facts
        for effect in row.do:
            for variable, value in effect.spec.sets.items():
                if not isinstance(value, IntVar) or value not in LATE:
                    continue
                if facts[value.name] is None and self.world.key in self.after.members:
                    facts[value.name] = getattr(self.after.members[self.world.key], variable.name)

    # Guards.

    def check_guard(self, row: AnyRow, failed: str) -> None:
        """The guard has to hold, for some answers of cryptography that fit together."""
        atoms = row.when.atoms()
        checks = {c.label for x in atoms if isinstance(x.spec, Validity) for c in x.spec.checks}
        if failed and failed not in checks:
            _object(row.id, f"{failed} failed, for which the row does not ask")
        values = {condition: self.answer(row, condition, failed) for condition in atoms}
        free = [condition for condition, value in values.items() if value is None]
        known = {condition: value for condition, value in values.items() if value is not None}
        for answers in product((False, True), repeat=len(free)):
            if _holds(row.when, known | dict(zip(free, answers, strict=True))):
                return
        why = ", ".join(f"{c.name} is {str(value).lower()}" for c, value in known.items())
        _object(row.id, f"its guard does not hold: {why}")

    def answer(self, row: AnyRow, condition: Condition, failed: str) -> bool | None:
        """What a condition is worth; None: what only cryptography can say."""
        spec = condition.spec
        if isinstance(spec, Defined):
            value: bool | None = self.oracle.look(spec.expr)(self.world)
            return value
        if isinstance(spec, Validity):
            return self.valid(row, spec, failed)
        if condition is Cond.ROOM:
            sender = self.world.facts[v.SENDER_TAG.name]
            return sender in self.world.order or self.has_place() or self.retirable() is not None
        return None

    def valid(self, row: AnyRow, validity: Validity, failed: str) -> bool:
        """Whether every check held, according to the account; those that are expressions have to.

        The account is trusted for the others, and for which check was the first that failed.
        """
        for check in validity.checks:
            holds = (
                None if check.spec.expr is None else self.oracle.look(check.spec.expr)(self.world)
            )
            if check.label == failed:
                if holds is True:
                    _object(row.id, f"{failed} is said to have failed, and holds")
                return False
            if holds is False:
                _object(row.id, f"{check.label} does not hold, and did not count")
        return True

    # Effects.

    def perform(self, row: AnyRow, effect: Effect) -> None:
        """Needs, updates, what is seen, and what becomes of data."""
        spec, world = effect.spec, self.world
        for datum in spec.needs:
            if not self.is_there(datum):
                _object(row.id, f"{effect.name} needs {datum.name}, which is not there")
        unrevealed: int = world.member(world.key)[v.UNREVEALED.name]
        values = {variable: self.oracle.look(value)(world) for variable, value in spec.sets.items()}
        for variable, value in values.items():
            where = world.member(world.key) if variable.scope is Scope.MEMBER else world.shared
            where[variable.name] = value
            self.authors[self.place(variable.scope, variable.name)] = row.id
        self.fragments(effect)
        if spec.seen is not Observer.NOBODY:
            SEEN[effect](_Audience(self, row, effect, unrevealed))
        for data, fate in ((spec.writes, _WRITTEN), (spec.forgets, _FORGOTTEN)):
            for datum in data:
                place = self.place(datum.spec.scope, datum.slot)
                self.data[place], self.authors[place] = fate, row.id

    def fragments(self, effect: Effect) -> None:
        """What is stored of a fragmented message is known, since everybody can put it together."""
        key, message = self.world.key, self.message
        if effect is Do.STORE_PIECE and isinstance(message, messages.Fragment):
            self.pieces[key] = self.suite.join(None, message)
        elif effect is Do.APPEND_PIECE and isinstance(message, messages.Fragment):
            stored = self.taken.before.members[key].fragments
            self.pieces[key] = self.suite.join(stored, message)
        elif effect is Do.REASSEMBLE:
            self.take(self.suite.decode(self.suite.joined(self.pieces[key])))

    def place(self, scope: Scope, name: str) -> Place:
        """Where a variable, a state or a datum of the member at hand is kept."""
        return scope, self.world.key if scope is Scope.MEMBER else MASTER, name

    def is_there(self, datum: AnyDatum) -> bool:
        """Whether there is a value, as far as it is known."""
        scope, key, slot = place = self.place(datum.spec.scope, datum.slot)
        fate = self.data.get(place)
        if fate is not None:
            return fate == _WRITTEN
        if scope is Scope.SHARED:
            return getattr(self.taken.before, slot) is not None
        if key in self.world.spawned:
            return False
        return getattr(self.taken.before.members[key], slot) is not None

    def raised(self, row: AnyRow, to: int) -> Iterator[tuple[AnyEvent, int]]:
        """What a row raises, and for whom."""
        for raised in row.raises:
            key = to if raised.to is None else self.oracle.look(raised.to)(self.world)
            if key is None:
                _object(row.id, f"raises {raised.event.name}, nobody knows for whom")
            yield raised.event, key

    # The end.

    def ending(self) -> Iterator[str]:
        """How the conversation differs from what the tables predict."""
        world, after = self.world, self.after
        last = _last(self.taken)
        if list(after.members) != world.order:
            got, want = ([f"{k:#x}" for k in keys] for keys in (after.members, world.order))
            yield f"{last}: the members are {', '.join(got)} instead of {', '.join(want)}"
            return
        if after.draws < self.taken.before.draws:
            yield f"{last}: draws of randomness were taken back"
        yield from self.compare("the conversation", world.shared, after, Scope.SHARED, MASTER)
        for key, member in after.members.items():
            kept = self.taken.before.members.get(key)
            if key in world.looked_at or kept is None or key in world.spawned:
                name = f"member {key:#x}"
                yield from self.compare(name, world.member(key), member, Scope.MEMBER, key)
            elif member is not kept and member.values() != kept.values():
                yield f"{last}: member {key:#x} changed, which nothing happened to"

    def compare(
        self, name: str, want: Mapping[str, Any], got: object, scope: Scope, key: int
    ) -> Iterator[str]:
        """Variables, states and data of one scope."""
        for variable, value in want.items():
            found = getattr(got, variable)
            if value is not None and found != value:
                row = self.author(scope, key, variable)
                words = (getattr(x, "name", x) for x in (found, value))
                yield "{}: {} of {} is {} instead of {}".format(row, variable, name, *words)
        for slot in self.oracle.slots[scope]:
            fate, found = self.data.get((scope, key, slot)), getattr(got, slot)
            row = self.author(scope, key, slot)
            if fate == _FORGOTTEN and found is not None:
                yield f"{row}: {slot} of {name} was to be forgotten"
            elif fate is None and found != self.kept(scope, key, slot):
                yield f"{row}: {slot} of {name} changed, and no row writes it"

    def author(self, scope: Scope, key: int, name: str) -> str:
        """The row that last had to do with something; the last of all, if none had."""
        return self.authors.get((scope, key, name)) or _last(self.taken)

    def kept(self, scope: Scope, key: int, slot: str) -> object:
        """A datum before the step."""
        if scope is Scope.SHARED:
            return getattr(self.taken.before, slot)
        return None if key in self.world.spawned else getattr(self.taken.before.members[key], slot)


def _last(taken: Taken) -> str:
    """The row that was taken last, to name something by."""
    trace = taken.stepped.trace
    return trace[-1].row if trace else "no row"


# What is seen of effects.


@dataclass(frozen=True, slots=True)
class _Audience:
    """Whoever sees one effect: takes what went out, and compares.

    Attributes:
        replay: where the step stands, with the updates of the effect made.
        row: the row that has the effect.
        effect: the effect.
        unrevealed: old MAC keys that were to be revealed before the effect.
    """

    replay: _Replay
    row: AnyRow
    effect: Effect
    unrevealed: int

    def objects(self, what: str) -> NoReturn:
        """Object to what is seen.

        Raises:
            _Objection: always.
        """
        _object(self.row.id, f"{self.effect.name}: {what}")

    def next(self) -> notices.Output:
        """The next output."""
        if not self.replay.outputs:
            self.objects("nothing is seen of it")
        return self.replay.outputs.popleft()

    def find(self, variable: Variable) -> Any:  # noqa: ANN401 - see _World.find
        """The value of a variable, after the updates of the effect."""
        return self.replay.world.find(variable)

    def told(self, expected: notices.Notice) -> None:
        """The user is told exactly this, of the session at hand."""
        got, want = self.next(), replace(expected, instance=self.replay.world.key)
        if got != want:
            self.objects(f"{_said(got)} instead of {_said(want)}")

    def told_of(self, kind: type[notices.Notice], **fields: object) -> None:
        """The user is told something of a kind, of the session at hand, with some fields known."""
        got = self.next()
        if not isinstance(got, kind):
            self.objects(f"{_said(got)} instead of {kind.__name__}")
        for name, value in {"instance": self.replay.world.key, **fields}.items():
            if getattr(got, name) != value:
                self.objects(f"{name} is {getattr(got, name)} instead of {value}")

    def sent(self) -> Wire:
        """The next message on the network."""
        got = self.next()
        if not isinstance(got, notices.Send):
            self.objects(f"{_said(got)} instead of a message")
        return got.wire

    def sent_as_it_is(self, message: messages.Message) -> None:
        """A message without encoding goes out, exactly this."""
        if self.sent() != self.replay.suite.encode(message):
            self.objects(f"the message is not {type(message).__name__} as predicted")

    def sent_encoded(self, kind: type[M], version: Variable) -> M:
        """An encoded message goes out, perhaps in fragments, of a kind and a version."""
        message = self.whole()
        if not isinstance(message, kind):
            self.objects(f"sends {type(message).__name__} instead of {kind.__name__}")
        fields: Any = message.fields if isinstance(message, messages.DataMessage) else message
        self.check_header(fields.header, self.find(version))
        return message

    def whole(self) -> messages.Message:
        """The next message, put together."""
        suite = self.replay.suite
        message = suite.decode(self.sent())
        if not isinstance(message, messages.Fragment):
            return message
        if not self.replay.world.config.max_size:
            self.objects("a fragment, where the network carries messages of any size")
        self.check_header(message.header, message.header.version)
        n, stored = message.n, suite.join(None, message)
        for k in range(2, n + 1):
            piece = suite.decode(self.sent())
            if not isinstance(piece, messages.Fragment) or (piece.k, piece.n) != (k, n):
                self.objects(f"fragment {k} of {n} is missing")
            stored = suite.join(stored, piece)
        return suite.decode(suite.joined(stored))

    def check_header(self, header: messages.Header, version: int) -> None:
        """Version and tags are those of the session."""
        world = self.replay.world
        tags = (world.config.our_tag, world.key) if version == TAGGED_VERSION else (0, 0)
        if header != messages.Header(version, *tags):
            self.objects(f"the header is {header}, in version {version}")

    def sent_data(self) -> None:
        """A Data Message goes out, as the variables have its key ids, counter and old MAC keys."""
        message = self.sent_encoded(messages.DataMessage, v.SESSION_VERSION)
        fields = message.fields
        ids = (fields.sender_keyid, fields.recipient_keyid)
        want = (self.find(v.OUR_KEYID) - 1, self.find(v.THEIR_KEYID))
        if ids != want:
            self.objects(f"the key ids are {ids} instead of {want}")
        if fields.counter != self.find(v.SENT):
            self.objects(f"counter {fields.counter} instead of {self.find(v.SENT)}")
        revealed = self.replay.suite.size(message.revealed)
        if revealed != MAC_KEY_SIZE * self.unrevealed:
            self.objects(f"{revealed} bytes of {self.unrevealed} old MAC keys")

    @property
    def versions(self) -> frozenset[int]:
        """What the policy allows."""
        allowed = {
            UNTAGGED_VERSION: self.find(v.ALLOW_V2),
            TAGGED_VERSION: self.find(v.ALLOW_V3),
        }
        return frozenset(version for version, yes in allowed.items() if yes)

    @property
    def typed(self) -> Octets:
        """What the user typed."""
        given = self.replay.taken.given
        if not isinstance(given, commands.SendText):
            self.objects("nobody typed anything")
        return given.text

    @property
    def stored(self) -> object:
        """The stored text."""
        return self.replay.kept(Scope.SHARED, MASTER, Datum.STORED_TEXT.slot)

    @property
    def text(self) -> Octets:
        """The text of the message at hand."""
        message = self.replay.message
        if not isinstance(message, TEXTS):
            self.objects("there is no text at hand")
        return message.text


Seen = Callable[[_Audience], None]


def _encoded(kind: type[messages.Whole], version: Variable = v.AKE_VERSION) -> Seen:
    """A message of the AKE."""

    def seen(audience: _Audience) -> None:
        audience.sent_encoded(kind, version)

    return seen


def _as_it_is(message: Callable[[_Audience], messages.Message]) -> Seen:
    """A message that is not encoded, known in full."""
    return lambda audience: audience.sent_as_it_is(message(audience))


def _told(notice: notices.Notice) -> Seen:
    """A notice that is known in full."""
    return lambda audience: audience.told(notice)


def _told_of(kind: type[notices.Notice], **fields: object) -> Seen:
    """A notice of which some fields are known."""
    return lambda audience: audience.told_of(kind, **fields)


def _secured(*, refreshed: bool) -> Seen:
    """The user is told that the conversation is private."""

    def seen(audience: _Audience) -> None:
        version = audience.find(v.SESSION_VERSION)
        audience.told_of(notices.Secured, version=version, refreshed=refreshed)

    return seen


def _error(audience: _Audience) -> None:
    """An Error Message; its text is a matter of taste."""
    message = audience.replay.suite.decode(audience.sent())
    if not isinstance(message, messages.ErrorMessage):
        audience.objects(f"sends {type(message).__name__} instead of an Error Message")


def _extra_key(audience: _Audience) -> None:
    """The peer is told, and the user."""
    audience.sent_data()
    audience.told_of(notices.ExtraKey, sent=True)


def _raw(audience: _Audience) -> None:
    """What arrived is shown as it is."""
    given = audience.replay.taken.given
    wire = given.wire if isinstance(given, commands.Receive) else None
    audience.told_of(notices.Unprocessed, wire=wire)


def _staged(stage: notices.SmpStage) -> Seen:
    return _told_of(notices.SmpStaged, stage=stage)


def _warned(about: notices.Alert) -> Seen:
    return _told(notices.Warned(about))


SEEN: Mapping[Effect, Seen] = {
    Do.SEND_DH_COMMIT: _encoded(messages.DhCommit),
    Do.SEND_DH_KEY: _encoded(messages.DhKey),
    Do.SEND_REVEAL_SIGNATURE: _encoded(messages.RevealSignature),
    Do.RESEND_REVEAL_SIGNATURE: _encoded(messages.RevealSignature),
    Do.SEND_SIGNATURE: _encoded(messages.SignatureMessage),
    Do.TELL_SECURE: _secured(refreshed=False),
    Do.TELL_STILL_SECURE: _secured(refreshed=True),
    Do.TELL_FINISHED: _told(notices.PeerFinished()),
    Do.TELL_INSECURE: _told(notices.Insecure()),
    Do.SEND_PLAINTEXT: _as_it_is(lambda audience: messages.Plaintext(audience.typed)),
    Do.SEND_TAGGED: _as_it_is(
        lambda audience: messages.TaggedPlaintext(audience.typed, audience.versions)
    ),
    Do.SEND_QUERY: _as_it_is(lambda audience: messages.Query(audience.versions)),
    Do.SEND_TEXT: _Audience.sent_data,
    Do.SEND_DISCONNECT: _Audience.sent_data,
    Do.SEND_HEARTBEAT: _Audience.sent_data,
    Do.SEND_EXTRA_KEY: _extra_key,
    Do.SEND_STORED: _Audience.sent_data,
    Do.TELL_RESENT: lambda audience: audience.told_of(notices.Resent, text=audience.stored),
    Do.TELL_NOT_SENT: _told(notices.NotSent()),
    Do.TELL_REFUSED: _told(notices.Refused()),
    Do.SHOW_RAW: _raw,
    Do.SHOW_PLAINTEXT: lambda audience: audience.told(notices.Shown(audience.text, secure=False)),
    Do.WARN_UNENCRYPTED: _warned(notices.Alert.UNENCRYPTED),
    Do.SHOW_TEXT: _told_of(notices.Shown, secure=True),
    Do.SHOW_ERROR: lambda audience: audience.told(notices.ErrorShown(audience.text)),
    Do.WARN_UNREADABLE: _warned(notices.Alert.UNREADABLE),
    Do.WARN_MALFORMED: _warned(notices.Alert.MALFORMED),
    Do.WARN_OTHER_INSTANCE: _warned(notices.Alert.OTHER_INSTANCE),
    Do.SEND_ERROR: _error,
    Do.TELL_EXTRA_KEY: _told_of(notices.ExtraKey, sent=False),
    Do.SEND_SMP_1: _Audience.sent_data,
    Do.TELL_SMP_ASKED: _staged(notices.SmpStage.ASKED),
    Do.SEND_SMP_2: _Audience.sent_data,
    Do.SEND_SMP_3: _Audience.sent_data,
    Do.SEND_SMP_4: _Audience.sent_data,
    Do.SEND_SMP_ABORT: _Audience.sent_data,
    Do.TELL_SMP_PROGRESS: _staged(notices.SmpStage.PROGRESS),
    Do.TELL_SMP_SUCCESS: _staged(notices.SmpStage.SUCCESS),
    Do.TELL_SMP_FAILURE: _staged(notices.SmpStage.FAILURE),
    Do.TELL_SMP_ABORTED: _staged(notices.SmpStage.ABORTED),
    Do.TELL_SMP_ERROR: _staged(notices.SmpStage.ERROR),
}
"""What is seen of each effect that anybody can observe."""


def _said(output: notices.Output) -> str:
    """An output in words, for a sentence."""
    if isinstance(output, notices.Send):
        return "a message to the network"
    stage = f" {output.stage.name}" if isinstance(output, notices.SmpStaged) else ""
    about = f" {output.about.name}" if isinstance(output, notices.Warned) else ""
    return f"the notice {type(output).__name__}{stage}{about} of {output.instance:#x}"
