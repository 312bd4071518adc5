"""Joint states as numbers, and what follows one.

A joint state is one integer: the local state of each participant, the messages on their way to
each, what is known to whoever sees the network, what was decided about hashes, how much time has
passed, what the users and the network may still do. Each is a field of some bits. What a step
changes is a difference that is added, so that a successor costs a few look-ups and one addition.

The machine knows numbers only. What they stand for, and what a local step gives, is answered by a
`Local steps` source (`otr_check.explore.tables`), once for each question, and remembered here. A
machine can therefore run in a process that has never seen a term.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .scenario import Scenario

__all__ = ["LOCAL", "WIRE", "Answer", "Machine", "Move", "MoveKind", "Question", "Shape", "Steps"]

WIRE: Final = 20
"""Bits of the number of a message. 0 stands for no message."""
LOCAL: Final = 22
"""Bits of the number of a local state."""
CONTEXT: Final = 16
KNOWLEDGE: Final = 20
TIME: Final = 4
UNCHANGED: Final = -1
STORM: Final = 8
DIGIT: Final = 4


class Question(NamedTuple):
    """Something that is asked of a source of local steps.

    Attributes:
        kind: one of the constants of `Ask`.
        who: the participant.
        local: the number of its local state, or of what is known.
        given: the number of a message, of an action, or of some outputs.
        context: what was decided about hashes.
        time: the time, as a number.
    """

    kind: int
    who: int
    local: int
    given: int
    context: int = 0
    time: int = 0


class Ask:
    """Kinds of questions."""

    RECEIVE = 0
    COMMAND = 1
    LEARN = 2
    INJECT = 3


class Answer(NamedTuple):
    """One way in which a local step can go.

    Attributes:
        local: the number of the local state after it, or of what is then known.
        wires: the messages that it sends, in order.
        context: what is decided about hashes after it; UNCHANGED where it does not matter.
    """

    local: int
    wires: tuple[int, ...]
    context: int


class Steps(Protocol):
    """A source of local steps."""

    def answer(self, question: Question) -> tuple[bool, tuple[Answer, ...]] | None:
        """How a step can go, and whether that depends on what was decided about hashes.

        For LEARN there is one answer; for INJECT the messages of one answer are what can be made.
        None: it is not known yet; what follows the state has to be asked for again.
        """


class MoveKind:
    """Kinds of moves."""

    DELIVER = 0
    REPLAY = 1
    LOSE = 2
    INJECT = 3
    ACT = 4
    WAIT = 5


class Move(NamedTuple):
    """How one joint state follows another.

    Attributes:
        kind: one of the constants of `MoveKind`.
        who: the participant.
        given: the number of the message or of the action.
        way: which of the ways in which the step can go.
    """

    kind: int
    who: int
    given: int
    way: int


@dataclass(frozen=True, slots=True)
class Shape:
    """Where the fields of a joint state are.

    Attributes:
        locals: the first bit of each local state.
        queues: the first bit of each queue.
        budgets: for each participant, each action with the first bit of its digit.
        context, knowledge, time, storm, replays, injects: the first bits of the others.
        capacity: messages of a queue, at most.
    """

    locals: tuple[int, ...]
    queues: tuple[int, ...]
    budgets: tuple[tuple[tuple[int, int], ...], ...]
    context: int
    knowledge: int
    time: int
    storm: int
    replays: int
    injects: int
    capacity: int

    @property
    def width(self) -> int:
        """Bytes that hold any joint state."""
        bits = max(self.queues) + WIRE * self.capacity
        return (bits + 7) // 8

    @classmethod
    def of(cls, scenario: Scenario, actions: tuple[tuple[int, ...], ...]) -> Shape:
        """The shape for a scenario; `actions` are those of each participant, by number."""
        at = 0

        def take(bits: int) -> int:
            nonlocal at
            at += bits
            return at - bits

        count = len(scenario.actors)
        places = tuple(take(LOCAL) for _ in range(count))
        context, knowledge = take(CONTEXT), take(KNOWLEDGE)
        time, storm = take(TIME), take(STORM)
        replays, injects = take(DIGIT), take(DIGIT)
        budgets = tuple(tuple((a, take(DIGIT)) for a in own) for own in actions)
        queues = tuple(take(WIRE * scenario.bounds.in_flight) for _ in range(count))
        return cls(
            places,
            queues,
            budgets,
            context,
            knowledge,
            time,
            storm,
            replays,
            injects,
            scenario.bounds.in_flight,
        )


class Machine:
    """What follows a joint state.

    Args:
        scenario: what is explored.
        shape: where the fields are.
        steps: the source of local steps.
        learns: whether what is known is part of the state.
        storms: whether the messages since a user did something are counted.

    Attributes:
        peers: for each participant, whom its messages reach.
        crowded: how many successors were left out because a queue was full.
        missing: an answer was not known, so that successors are missing. Whoever can meet that
            clears it.
    """

    def __init__(
        self, scenario: Scenario, shape: Shape, steps: Steps, *, learns: bool, storms: bool
    ) -> None:
        peers = _peers(scenario)
        self.shape = shape
        self.peers = peers
        self.steps = steps
        self.learns = learns
        self.loses = scenario.network.loses
        self.sorted = scenario.network.order.name == "ANY"
        self.injects = bool(scenario.attacker and scenario.attacker.injects)
        self.waits = len(scenario.waits)
        self.storms = storms
        self.storm_most = scenario.bounds.storm
        self.crowded = 0
        self.missing = False
        self.replays = scenario.network.replays
        self._queue_mask = (1 << WIRE * shape.capacity) - 1
        self._takes: dict[int, tuple[tuple[int, int], ...]] = {}
        self._answers: dict[int, tuple[Answer, ...] | None] = {}
        self._timed = bool(self.waits)
        self._depends = False
        count = range(len(peers))
        self._reaches = [tuple((peer, shape.queues[peer]) for peer in own) for own in peers]
        self._puts: list[dict[tuple[int, tuple[int, ...]], int]] = [{} for _ in count]
        self._deliver_moves: list[dict[int, _Moves]] = [{} for _ in count]
        self._act_moves: list[dict[int, _Sending]] = [{} for _ in count]
        self._masks = tuple(self._masks_of(who) for who in count)

    def _masks_of(self, who: int) -> tuple[int, int]:
        """The fields that decide what the network and the user can do to a participant."""
        shape = self.shape
        time = _TIME << shape.time if self._timed else 0
        local = (_LOCAL << shape.locals[who]) | time
        budgets = sum(_DIGIT << at for _, at in shape.budgets[who])
        return local | self._queue_mask << shape.queues[who], local | budgets

    # Questions, each asked once.

    def _ask(self, kind: int, who: int, local: int, given: int, state: int) -> tuple[Answer, ...]:
        time = (state >> self.shape.time) & _TIME if self._timed else 0
        key = ((((given << LOCAL) | local) << TIME | time) << 4 | who << 2 | kind) << CONTEXT
        found = self._answers.get(key)
        if found is not None:
            return found
        context = (state >> self.shape.context) & _CONTEXT
        if key in self._answers:
            self._depends = True
            found = self._answers.get(key | (context + 1))
            if found is not None:
                return found
        answered = self.steps.answer(Question(kind, who, local, given, context, time))
        if answered is None:
            self.missing = self._depends = True
            return ()
        depends, found = answered
        if depends:
            self._depends = True
            self._answers[key] = None
            self._answers[key | (context + 1)] = found
        else:
            self._answers[key] = found
        return found

    # Queues.

    def takes(self, queue: int) -> tuple[tuple[int, int], ...]:
        """Each message that can be delivered next, and the queue without it."""
        known = self._takes.get(queue)
        if known is None:
            known = self._takes[queue] = tuple(self._ways(unpacked(queue)))
        return known

    def _ways(self, wires: tuple[int, ...]) -> Iterator[tuple[int, int]]:
        if not self.sorted:
            yield wires[0], packed(wires[1:])
            return
        for at, wire in enumerate(wires):
            if at == 0 or wires[at - 1] != wire:
                yield wire, packed(wires[:at] + wires[at + 1 :])

    # Successors.

    def follow(self, state: int) -> list[int]:
        """Every joint state that follows one: what `successors` gives, in another order.

        What a participant can do depends on a few fields of the state. It is put together once for
        each of their values, as differences; most of what is left is adding.
        """
        results: list[int] = []
        again = self.replays and (state >> self.shape.replays) & _DIGIT
        for who, (deliver_mask, act_mask) in enumerate(self._masks):
            moves = self._deliver_moves[who].get(state & deliver_mask)
            if moves is None:
                moves = self._deliver_of(who, state)
            results += [state + delta for delta in moves.quiet]
            self._follow(results, state, who, moves.loud, 0)
            if again:
                results += [state + delta for delta in moves.quiet_again]
                self._follow(results, state, who, moves.loud_again, 0)
            acts = self._act_moves[who].get(state & act_mask)
            if acts is None:
                acts = self._acts_of(who, state)
            self._follow(results, state, who, acts, 1)
        if self.injects or self._timed:
            results += (after for after, _ in self._others(state))
        return results

    def _follow(self, results: list[int], state: int, who: int, moves: _Sending, acts: int) -> None:
        """Add the states to which moves lead that may send something."""
        sent = self._sent
        for delta, wires in moves:
            after = sent(state + delta, who, wires, acts)
            if after >= 0:
                results.append(after)

    def _deliver_of(self, who: int, state: int) -> _Moves:
        """What the network can do to a participant, as differences.

        Remembered if nothing but its local state and its queue decides about it.
        """
        shape = self.shape
        self._depends = False
        quiet: list[int] = []
        loud: list[tuple[int, tuple[int, ...]]] = []
        quiet_again: list[int] = []
        loud_again: list[tuple[int, tuple[int, ...]]] = []
        queue = (state >> shape.queues[who]) & self._queue_mask
        local = (state >> shape.locals[who]) & _LOCAL
        used = -(1 << shape.replays)
        for wire, rest in self.takes(queue) if queue else ():
            taken = (rest - queue) << shape.queues[who]
            if self.loses:
                quiet.append(taken)
            for delta, wires in self._changes(Ask.RECEIVE, who, local, wire, state):
                if wires:
                    loud.append((taken + delta, wires))
                    loud_again.append((used + delta, wires))
                else:
                    quiet.append(taken + delta)
                    quiet_again.append(used + delta)
        moves = _Moves(tuple(quiet), tuple(loud), tuple(quiet_again), tuple(loud_again))
        if not self._depends:
            self._deliver_moves[who][state & self._masks[who][0]] = moves
        return moves

    def _acts_of(self, who: int, state: int) -> _Sending:
        """The same of what the user can do."""
        shape = self.shape
        self._depends = False
        local = (state >> shape.locals[who]) & _LOCAL
        acts = tuple(
            (delta - (1 << at), wires)
            for action, at in shape.budgets[who]
            if (state >> at) & _DIGIT
            for delta, wires in self._changes(Ask.COMMAND, who, local, action, state)
        )
        if not self._depends:
            self._act_moves[who][state & self._masks[who][1]] = acts
        return acts

    def _changes(
        self, kind: int, who: int, local: int, given: int, state: int
    ) -> Iterator[tuple[int, tuple[int, ...]]]:
        """What a local step changes of the state by itself, and what it sends."""
        shape = self.shape
        context = (state >> shape.context) & _CONTEXT
        for after, wires, decided in self._ask(kind, who, local, given, state):
            delta = (after - local) << shape.locals[who]
            if decided != UNCHANGED:
                delta += (decided - context) << shape.context
            yield delta, wires

    def _others(self, state: int) -> Iterator[tuple[int, Move]]:
        """What is rare: messages of an attacker, and time that passes."""
        if self.injects and (state >> self.shape.injects) & _DIGIT:
            for who, at in enumerate(self.shape.locals):
                yield from self._injections(state, who, (state >> at) & _LOCAL)
        if self._timed:
            yield from self._waiting(state)

    def successors(self, state: int) -> Iterator[tuple[int, Move]]:
        """Every joint state that follows one, with how."""
        yield from self._deliveries(state)
        yield from self._actions(state)
        yield from self._others(state)

    def _deliveries(self, state: int) -> Iterator[tuple[int, Move]]:
        shape = self.shape
        again = (state >> shape.replays) & _DIGIT
        for who, at in enumerate(shape.locals):
            queue = (state >> shape.queues[who]) & self._queue_mask
            local = (state >> at) & _LOCAL
            for wire, rest in self.takes(queue) if queue else ():
                without = state + ((rest - queue) << shape.queues[who])
                if self.loses:
                    yield without, Move(MoveKind.LOSE, who, wire, 0)
                for after, way in self._after(Ask.RECEIVE, without, who, local, wire):
                    yield after, Move(MoveKind.DELIVER, who, wire, way)
                if again:
                    kept = state - (1 << shape.replays)
                    for after, way in self._after(Ask.RECEIVE, kept, who, local, wire):
                        yield after, Move(MoveKind.REPLAY, who, wire, way)

    def _injections(self, state: int, who: int, local: int) -> Iterator[tuple[int, Move]]:
        known = (state >> self.shape.knowledge) & _KNOWLEDGE
        left = state - (1 << self.shape.injects)
        for offer in self._ask(Ask.INJECT, who, local, known, state):
            for wire in offer.wires:
                for after, way in self._after(Ask.RECEIVE, left, who, local, wire):
                    yield after, Move(MoveKind.INJECT, who, wire, way)

    def _actions(self, state: int) -> Iterator[tuple[int, Move]]:
        shape = self.shape
        for who, budgets in enumerate(shape.budgets):
            local = (state >> shape.locals[who]) & _LOCAL
            for action, at in budgets:
                if (state >> at) & _DIGIT:
                    left = state - (1 << at)
                    for after, way in self._after(Ask.COMMAND, left, who, local, action):
                        yield after, Move(MoveKind.ACT, who, action, way)

    def _waiting(self, state: int) -> Iterator[tuple[int, Move]]:
        passed = (state >> self.shape.time) & _TIME
        if passed < self.waits:
            yield state + (1 << self.shape.time), Move(MoveKind.WAIT, 0, passed, 0)

    def _after(
        self, kind: int, state: int, who: int, local: int, given: int
    ) -> Iterator[tuple[int, int]]:
        """The joint states to which the ways of a local step lead."""
        acts = int(kind == Ask.COMMAND)
        for way, (delta, wires) in enumerate(self._changes(kind, who, local, given, state)):
            after = self._sent(state + delta, who, wires, acts)
            if after >= 0:
                yield after, way

    def _sent(self, state: int, who: int, wires: tuple[int, ...], acts: int) -> int:
        """The state once messages are on their way; -1 if a queue cannot hold them.

        Args:
            state: the state before.
            who: who sends.
            wires: the messages.
            acts: 1 if it is a user who does something, else 0.
        """
        if wires:
            for peer, at in self._reaches[who]:
                queue = (state >> at) & self._queue_mask
                put = self._puts[peer].get((queue, wires))
                if put is None:
                    put = self._put(peer, queue, wires)
                if not put:
                    self.crowded += 1
                    return -1
                state += put
            if self.learns:
                state += self._learned(state, wires)
        if self.storms:
            state += self._counted(state, len(wires), acts)
        return state

    def _put(self, peer: int, queue: int, wires: tuple[int, ...]) -> int:
        """What messages change of a state when they are put into a queue; 0 if they do not fit."""
        joined = unpacked(queue) + wires
        put = 0
        if len(joined) <= self.shape.capacity:
            after = packed(tuple(sorted(joined)) if self.sorted else joined)
            put = (after - queue) << self.shape.queues[peer]
        self._puts[peer][queue, wires] = put
        return put

    def _learned(self, state: int, wires: tuple[int, ...]) -> int:
        """What seeing messages changes of a state."""
        before = known = (state >> self.shape.knowledge) & _KNOWLEDGE
        for wire in wires:
            for answer in self._ask(Ask.LEARN, 0, known, wire, 0):
                known = answer.local
        return (known - before) << self.shape.knowledge

    def _counted(self, state: int, sent: int, acts: int) -> int:
        """What sending changes of the count of messages since a user did something."""
        at = self.shape.storm
        before = (state >> at) & _STORM
        after = min(sent if acts else before + sent, self.storm_most + 1)
        return (after - before) << at


def _peers(scenario: Scenario) -> tuple[tuple[int, ...], ...]:
    """For each participant, whom its messages reach: every instance of the account."""
    return tuple(
        tuple(i for i, other in enumerate(scenario.actors) if other.user == actor.peer and i != who)
        for who, actor in enumerate(scenario.actors)
    )


_Sending = tuple[tuple[int, tuple[int, ...]], ...]
"""Differences, each with the messages that are sent."""


class _Moves(NamedTuple):
    """What the network can do to a participant, as differences.

    Attributes:
        quiet: of moves by which nothing is sent.
        loud: of the others.
        quiet_again, loud_again: the same of deliveries that leave the message in the queue.
    """

    quiet: tuple[int, ...]
    loud: _Sending
    quiet_again: tuple[int, ...]
    loud_again: _Sending


_LOCAL: Final = (1 << LOCAL) - 1
_CONTEXT: Final = (1 << CONTEXT) - 1
_KNOWLEDGE: Final = (1 << KNOWLEDGE) - 1
_TIME: Final = (1 << TIME) - 1
_STORM: Final = (1 << STORM) - 1
_DIGIT: Final = (1 << DIGIT) - 1
_WIRE: Final = (1 << WIRE) - 1


def packed(wires: tuple[int, ...]) -> int:
    """Messages as one number, the first in the lowest bits."""
    queue = 0
    for wire in reversed(wires):
        queue = queue << WIRE | wire
    return queue


def unpacked(queue: int) -> tuple[int, ...]:
    """The messages of a queue, in order."""
    wires: list[int] = []
    while queue:
        wires.append(queue & _WIRE)
        queue >>= WIRE
    return tuple(wires)
