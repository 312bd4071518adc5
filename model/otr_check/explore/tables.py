"""Local states, messages and knowledge by number, and each local step taken once.

The number of joint states is large; that of local steps is not. A step of an endpoint depends on
its local state, on what it is given, and, where two hashes are compared, on what was decided about
them. It is taken once and remembered by its numbers. Where nothing was decided yet, it is taken
both ways.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .machine import CONTEXT, KNOWLEDGE, LOCAL, UNCHANGED, WIRE, Answer, Ask, Question
from .party import (
    Claim,
    Crash,
    Deed,
    Local,
    Memory,
    Outcome,
    Undecided,
    remembered,
)
from .scenario import Action, BadScenario

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from otr_check.terms import Term

    from .party import Adaptor, Opponent, Order

__all__ = ["Tables", "TooMany"]


class TooMany(BadScenario):
    """An exploration needs more numbers than there are."""


class _Numbers:
    """Values by number, in the order in which they came; equal values have one number."""

    def __init__(self, first: Hashable, bits: int, what: str) -> None:
        self.values: list[Any] = [first]
        self.most = 1 << bits
        self.what = what
        self._known: dict[Hashable, int] = {first: 0}

    def number(self, key: Hashable, value: object) -> int:
        """The number of a value that a key stands for.

        Raises:
            TooMany: if there is none left.
        """
        known = self._known.get(key)
        if known is None:
            known = len(self.values)
            if known >= self.most:
                message = f"bounds: there are more than {self.most} {self.what}"
                raise TooMany(message)
            self._known[key] = known
            self.values.append(value)
        return known


class Tables:
    """Everything that has a number, and a source of local steps.

    Attributes:
        adaptor: the endpoints.
        locals: local states by number; 0 is none.
        wires: messages by number; 0 is none.
        orders: what was decided about hashes, by number.
        knowledge: what is known, by number.
        asked: every question that was answered, in order: asked again in that order, everything
            has the same number.
    """

    def __init__(self, adaptor: Adaptor, kept: frozenset[Deed]) -> None:
        self.adaptor = adaptor
        self.opponent: Opponent = adaptor.attacker()
        self.kept = kept
        self.asked: list[Question] = []
        self.now: tuple[int, ...] = _times(adaptor.scenario.waits)
        self._locals = _Numbers(None, LOCAL, "local states")
        self._wires = _Numbers(None, WIRE, "messages")
        self._orders = _Numbers(frozenset(), CONTEXT, "orders of hashes")
        self._knowledge = _Numbers(self.opponent.begin(), KNOWLEDGE, "states of knowledge")
        self._details: dict[tuple[Question, int], Outcome] = {}

    @property
    def locals(self) -> list[Any]:
        """Local states by number."""
        return self._locals.values

    @property
    def wires(self) -> list[Any]:
        """Messages by number."""
        return self._wires.values

    @property
    def orders(self) -> list[Any]:
        """What was decided about hashes, by number."""
        return self._orders.values

    @property
    def knowledge(self) -> list[Any]:
        """What is known, by number."""
        return self._knowledge.values

    def beginning(self, who: int) -> int:
        """The number of a participant's first local state."""
        return self._local(who, Local(self.adaptor.begin(who), Memory()))

    def answer(self, question: Question) -> tuple[bool, tuple[Answer, ...]]:
        """How a local step can go, and whether that depends on what was decided about hashes.

        Raises:
            TooMany: if there are no numbers left.
        """
        self.asked.append(question)
        if question.kind == Ask.LEARN:
            return False, (self._learned(question),)
        if question.kind == Ask.INJECT:
            return False, (self._offered(question),)
        try:
            outcome = self._outcome(question, _NOTHING)
        except Undecided:
            return True, tuple(self._ways(question))
        if outcome is None:
            return False, ()
        self._details[question, 0] = outcome
        return False, (self._answered(question, UNCHANGED, outcome),)

    def _ways(self, question: Question) -> Iterator[Answer]:
        """How a step can go that compares hashes: one way for each order of them."""
        way = 0
        waiting: list[Order] = [self.orders[question.context]]
        while waiting:
            order = waiting.pop(0)
            try:
                outcome = self._outcome(question, order)
            except Undecided as asked:
                waiting += _decided(order, asked)
                continue
            if outcome is not None:
                self._details[question, way] = outcome
                way += 1
                yield self._answered(question, self._orders.number(order, order), outcome)

    def outcome(self, question: Question, way: int) -> Outcome:
        """What a step gave, in full.

        Raises:
            KeyError: if the question was never answered so.
        """
        return self._details[question, way]

    def fired(self) -> frozenset[str]:
        """Every row that was taken."""
        return frozenset(row.row for outcome in self._details.values() for row in outcome.fired)

    def _outcome(self, question: Question, order: Order) -> Outcome | None:
        local: Local = self.locals[question.local]
        now = self.now[question.time]
        try:
            if question.kind == Ask.RECEIVE:
                wire = self.wires[question.given]
                return self.adaptor.receive(question.who, local, wire, now, order)
            action = _ACTIONS[question.given]
            return self.adaptor.command(question.who, local, action, now, order)
        except Crash as crash:
            claim = Claim(Deed.CRASHED, (str(crash),))
            return Outcome(local.conversation, claims=(claim,), notices=(f"crash: {crash}",))

    def _answered(self, question: Question, context: int, outcome: Outcome) -> Answer:
        local: Local = self.locals[question.local]
        types = question.kind == Ask.COMMAND and _ACTIONS[question.given] is Action.SEND
        memory = remembered(local.memory, outcome, self.kept, int(types))
        after = Local(outcome.conversation, memory)
        return Answer(
            self._local(question.who, after),
            tuple(self.wire(wire) for wire in outcome.wires),
            context,
        )

    def wire(self, wire: Term) -> int:
        """The number of a message."""
        return self._wires.number(wire, wire)

    def _local(self, who: int, local: Local) -> int:
        key = (who, self.adaptor.key(local.conversation), local.memory)
        return self._locals.number(key, local)

    def _learned(self, question: Question) -> Answer:
        before = self.knowledge[question.local]
        after = self.opponent.learn(before, (self.wires[question.given],))
        return Answer(self._knowledge.number(after, after), (), 0)

    def _offered(self, question: Question) -> Answer:
        """The messages that an attacker can make and that change something, or say something."""
        local: Local = self.locals[question.local]
        known = self.knowledge[question.given]
        offered = self.opponent.messages(known, local.conversation, question.who)
        matter = (w for w in dict.fromkeys(offered) if self._matters(question, local, w))
        return Answer(0, tuple(map(self.wire, matter)), 0)

    def _matters(self, question: Question, local: Local, wire: Term) -> bool:
        """Whether a message changes anything, or makes an endpoint say something."""
        now = self.now[question.time]
        try:
            outcome = self.adaptor.receive(question.who, local, wire, now, _NOTHING)
        except (Undecided, Crash):
            return True
        key = self.adaptor.key
        changed = key(outcome.conversation) != key(local.conversation)
        return changed or bool(outcome.wires or outcome.claims)


_ACTIONS: tuple[Action, ...] = tuple(Action)
_NOTHING: Order = frozenset()


def _decided(order: Order, asked: Undecided) -> tuple[Order, ...]:
    """Both ways of deciding which of two hashes is the higher one, as far as they are possible."""
    pairs = ((asked.ours, asked.theirs), (asked.theirs, asked.ours))
    return tuple(order | {pair} for pair in pairs if not _contradicts(order, pair))


def _contradicts(order: Order, pair: tuple[Term, Term]) -> bool:
    """Whether a hash would be higher than itself."""
    higher, lower = pair
    above = {higher}
    while more := {a for a, b in order if b in above} - above:
        above |= more
    return lower in above


def _times(waits: tuple[int, ...]) -> tuple[int, ...]:
    now = [0]
    for wait in waits:
        now.append(now[-1] + wait)
    return tuple(now)
