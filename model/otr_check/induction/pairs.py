"""Two endpoints in one session: is what an honest one sends acceptable to the other?

The two have the same keys, and nobody else has: a message that passes the checks of cryptography
comes from the other one. What is in flight is any number of messages. Their relation to both ends
is stated once, for any message, and proved to last: whoever sends, and whoever receives.

Expressions are those of an end that receives. The other end's variables are named by `peer`, the
fields of the message at hand by the variables of messages, and those of one that was sent later by
`later`.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

from otr_check import smt
from otr_check.proofs import intervals_of
from otr_check.solver import place_of
from otr_model.kernel.expr import BoolVar, IntVar, Scope

from .claims import Claim
from .results import Failure, Outcome, Result, Taken, Trail
from .system import Reader, Values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from otr_model.kernel.composition import AnyRow, Composition
    from otr_model.kernel.expr import Bool, Int, Variable
    from otr_model.kernel.guard import Guard
    from otr_model.kernel.vocabulary import Effect

    from .claims import Change, Supposition

__all__ = ["Send", "Session", "later", "peer", "prove_session"]

V = TypeVar("V", IntVar, BoolVar)


def peer(variable: V) -> V:
    """The other end's variable."""
    return type(variable)(f"peer {variable.name}", Scope.MEMBER, variable.about)


def later(variable: V) -> V:
    """The same field of a message that was sent later."""
    return type(variable)(f"later {variable.name}", Scope.MESSAGE, variable.about)


@dataclass(frozen=True, slots=True)
class Send:
    """A way to send a message.

    Attributes:
        name: of the row, or of the effect.
        when: when it is this way.
        do: its effects.
    """

    name: str
    when: Guard
    do: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Session(Claim):
    """A claim about two endpoints in one session.

    Attributes:
        starts: effects by which the two ends begin, for each way to begin.
        given: values of variables right before that.
        sends: every way to send a message.
        message: what a message says, from the sender's variables after the effects.
        receives: the rows that take a message.
        accepts: the message at hand is acceptable.
        states: how the states of the two ends are related.
        messages: how any message in flight is related to them.
        order: how a message in flight is related to one sent later, where messages arrive in
            order; None: they arrive in any order, and what is claimed is claimed of a message
            that is sent now.
        changes: how ghosts change.
        supposed: what opaque conditions mean.
    """

    starts: tuple[tuple[Effect, Effect], ...]
    given: Mapping[Variable, int]
    sends: tuple[Send, ...]
    message: Mapping[IntVar, Int]
    receives: tuple[AnyRow, ...]
    accepts: Bool
    states: Bool
    messages: Bool
    order: Bool | None = None
    changes: tuple[Change, ...] = ()
    supposed: tuple[Supposition, ...] = ()


class _Proof:
    """The obligations of a session, one after the other."""

    def __init__(
        self, composition: Composition, session: Session, ghosts: tuple[Variable, ...]
    ) -> None:
        self.composition = composition
        self.session = session
        self.solver = smt.Solver()
        self.asked = 0
        self.failure: Failure | None = None
        self.variables = (
            *(v for v in self.composition.flat_variables() if v.scope is Scope.MEMBER),
            *(v for v in ghosts if v.scope is Scope.MEMBER),
        )
        self.fields = tuple(
            v for v in self.composition.flat_variables() if v.scope is Scope.MESSAGE
        )
        self.intervals = intervals_of(self.composition)
        self.machines = {t.machine: t.states for t in self.composition.tables}

    # --- Values -----------------------------------------------------------------------------------

    def end(self, name: str) -> Values:
        """An end of which nothing is known."""
        return {place_of(v): _unknown(v, f"{name}!{v.name}") for v in self.variables}

    def flying(self, name: str) -> Values:
        """A message of which nothing is known."""
        return {place_of(v): _unknown(v, f"{name}!{v.name}") for v in self.fields}

    def reader(
        self, me: Values, other: Values, message: Values | None = None, last: Values | None = None
    ) -> Reader:
        """A reader of what an end can say of itself, the other one and messages to it."""
        values: Values = dict(me)
        for variable in self.variables:
            values[place_of(_renamed(variable, "peer"))] = other[place_of(variable)]
        values |= message or {}
        if last is not None:
            for variable in self.fields:
                values[place_of(_renamed(variable, "later"))] = last[place_of(variable)]
        return Reader(self.machines, values)

    def natural(self, values: Values) -> Iterator[smt.BoolRef]:
        """Variables are in their intervals."""
        for variable, interval in self.intervals.items():
            place = place_of(variable)
            if place in values:
                yield Reader(self.machines, values).truth_of(interval.holds(variable))

    def perform(self, effects: tuple[Effect, ...], me: Values, message: Values) -> Values:
        """An end after effects."""
        values = dict(me)
        for effect in effects:
            reader = Reader(self.machines, {**values, **message})
            sets = {
                **effect.spec.sets,
                **{
                    v: e
                    for change in self.session.changes
                    if effect in change.effects
                    for v, e in change.sets.items()
                },
            }
            found = {
                place_of(v): reader.value_of(e) for v, e in sets.items() if place_of(v) in values
            }
            values |= found
        return values

    def sent(self, me: Values, number: int = 0) -> Values:
        """The message that an end has just sent; `number` tells it from others."""
        reader = Reader(self.machines, me)
        message = self.flying(f"sent {number}")
        for variable, value in self.session.message.items():
            message[place_of(variable)] = reader.value_of(value)
        return message

    def opaque(self, reader: Reader) -> Iterator[smt.BoolRef]:
        """What opaque conditions mean."""
        for each in self.session.supposed:
            means = smt.same(reader.condition(each.condition), reader.truth_of(each.means))
            yield smt.follows(reader.truth_of(each.when), means)

    # --- Obligations ------------------------------------------------------------------------------

    def run(self) -> None:
        """Prove every obligation; stop at the first that fails."""
        for obligation in (self._start, self._send, self._receive, self._acceptable):
            if self.failure is None:
                obligation()

    def _prove(self, what: str, goal: smt.BoolRef, shown: Mapping[str, Values]) -> None:
        self.asked += 1
        model = self.solver.example(smt.negation(goal))
        if model is None or self.failure is not None:
            return
        mentioned = set(smt.unknowns(goal))
        values = tuple(
            (f"{owner} {place.partition('.')[2]}", str(model.value(value)))
            for owner, each in shown.items()
            for place, value in each.items()
            if mentioned & set(smt.unknowns(value))
        )
        self.failure = Failure(what, "one of two ends", values)

    def _start(self) -> None:
        for one, other in self.session.starts:
            begun = []
            for effect in (one, other):
                fresh: Values = {
                    place_of(v): _constant(self.session.given.get(v, v.initial))
                    for v in self.variables
                }
                begun.append(self.perform((effect,), fresh, self.flying("start")))
            for me, them in (begun, reversed(begun)):
                goal = self.reader(me, them).truth_of(self.session.states)
                self._prove(f"{one.name} and {other.name}", goal, {})

    def _known(self, me: Values, them: Values) -> Iterator[smt.BoolRef]:
        """What is supposed of two ends."""
        yield from (*self.natural(me), *self.natural(them))
        yield self.reader(me, them).truth_of(self.session.states)
        yield self.reader(them, me).truth_of(self.session.states)

    def _about(self, me: Values, them: Values, message: Values) -> smt.BoolRef:
        """What is claimed of a message in flight to an end."""
        return self.reader(me, them, message).truth_of(self.session.messages)

    def _send(self) -> None:
        """The other end sends: what holds of the two, and of what is in flight, goes on to hold."""
        me, them = self.end("me"), self.end("peer")
        mine, theirs = self.flying("mine"), self.flying("theirs")
        for way in self.session.sends:
            after = self.perform(way.do, them, self.flying("now"))
            fresh = self.sent(after)
            here = self.reader(them, me)
            known = (
                *self._known(me, them),
                *self.natural(theirs),
                *self.natural(mine),
                self._about(me, them, theirs),
                self._about(them, me, mine),
                here.guard(way.when),
            )
            shown = {"me": me, "peer": them, "message": fresh, "in flight": theirs}
            with self.solver.supposing(*known):
                goals = [
                    self.reader(me, after).truth_of(self.session.states),
                    self.reader(after, me).truth_of(self.session.states),
                    self._about(me, after, fresh),
                    self._about(me, after, theirs),
                    self._about(after, me, mine),
                ]
                if self.session.order is not None:
                    ordered = self.reader(me, after, theirs, fresh)
                    goals.append(ordered.truth_of(self.session.order))
                else:
                    goals.append(self.reader(me, after, fresh).truth_of(self.session.accepts))
                for goal in goals:
                    self._prove(f"sending: {way.name}", goal, shown)

    def _receive(self) -> None:
        """An end takes a message: what holds goes on to hold."""
        me, them = self.end("me"), self.end("peer")
        taken, other, mine = self.flying("taken"), self.flying("other"), self.flying("mine")
        for row in self.session.receives:
            after = self.perform(row.do, me, taken)
            here = self.reader(me, them, taken)
            known = [
                *self._known(me, them),
                *self.natural(taken),
                *self.natural(other),
                *self.natural(mine),
                self._about(me, them, taken),
                self._about(me, them, other),
                self._about(them, me, mine),
                here.guard(row.when),
                *self.opaque(here),
            ]
            if self.session.order is not None:
                ordered = self.reader(me, them, taken, other)
                known.append(ordered.truth_of(self.session.order))
            shown = {"me": me, "peer": them, "message": taken, "in flight": other}
            with self.solver.supposing(*known):
                for goal in (
                    self.reader(after, them).truth_of(self.session.states),
                    self.reader(them, after).truth_of(self.session.states),
                    self._about(after, them, other),
                    self._about(them, after, mine),
                ):
                    self._prove(f"receiving: {row.id}", goal, shown)

    def _acceptable(self) -> None:
        """Where messages arrive in order, each is acceptable when it arrives."""
        if self.session.order is None:
            return
        me, them, message = self.end("me"), self.end("peer"), self.flying("theirs")
        known = (
            *self._known(me, them),
            *self.natural(message),
            self._about(me, them, message),
        )
        with self.solver.supposing(*known):
            goal = self.reader(me, them, message).truth_of(self.session.accepts)
            self._prove("accepting", goal, {"me": me, "peer": them, "message": message})

    # --- An example -------------------------------------------------------------------------------

    def example(self) -> Trail | None:
        """Two ends that begin, and each send a message that the other takes."""
        one, other = self.session.starts[0]
        ends = []
        for effect in (one, other):
            fresh: Values = {
                place_of(v): _constant(self.session.given.get(v, v.initial)) for v in self.variables
            }
            ends.append(self.perform((effect,), fresh, self.flying("start")))
        return self._exchange(ends, ((0, 1), (1, 0), (0, 1)), ())

    def _exchange(
        self, ends: list[Values], turns: tuple[tuple[int, int], ...], taken: tuple[Taken, ...]
    ) -> Trail | None:
        if not turns:
            return Trail(taken, ())
        (sender, receiver), *rest = turns
        for way in self.session.sends:
            with self.solver.supposing(self.reader(ends[sender], ends[receiver]).guard(way.when)):
                after = self.perform(way.do, ends[sender], self.flying("now"))
                message = self.sent(after, len(taken))
                for row in reversed(self.session.receives):
                    here = self.reader(ends[receiver], after, message)
                    known = (here.guard(row.when), here.truth_of(self.session.accepts))
                    with self.solver.supposing(*known, *self.opaque(here)):
                        if self.solver.example(smt.truth(True)) is None:  # noqa: FBT003
                            continue
                        following = list(ends)
                        following[sender] = after
                        following[receiver] = self.perform(row.do, ends[receiver], message)
                        steps = (
                            *taken,
                            Taken(way.name, sender + 1, outside=True),
                            Taken(row.id, receiver + 1, outside=False),
                        )
                        found = self._exchange(following, tuple(rest), steps)
                        if found is not None:
                            return found
        return None


def prove_session(
    composition: Composition, session: Session, ghosts: tuple[Variable, ...] = ()
) -> Result:
    """Prove what is claimed of two endpoints in one session.

    Raises:
        IllTyped: if the claim means nothing.
        Inconclusive: if the solver cannot tell.
    """
    began = perf_counter()
    proof = _Proof(composition, session, ghosts)
    proof.run()
    witness = proof.example()
    return Result(
        session,
        Outcome.PROVED if proof.failure is None and witness is not None else Outcome.OPEN,
        1,
        perf_counter() - began,
        proof.asked,
        (),
        proof.failure,
        None,
        witness,
    )


def _renamed(variable: Variable, how: str) -> Variable:
    """The variable of that name: see `peer` and `later`."""
    if isinstance(variable, IntVar):
        return peer(variable) if how == "peer" else later(variable)
    return peer(variable) if how == "peer" else later(variable)


def _unknown(variable: Variable, name: str) -> smt.ExprRef:
    integer = isinstance(variable, IntVar)
    return smt.unknown_number(name) if integer else smt.unknown_truth(name)


def _constant(value: int | bool) -> smt.ExprRef:  # noqa: FBT001 - of a variable of either type
    return smt.truth(value) if isinstance(value, bool) else smt.number(value)
