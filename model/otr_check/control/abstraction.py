"""Control abstractions: a composition in which data are small numbers.

The tables ask about declared variables, which are integers already, and about data, which only
cryptography can answer. An abstraction gives the second kind of question an answer of the first
kind: it adds **ghosts**, integers that stand for data (the number of a D-H key pair in place of the
pair), and says in the expressions of the kernel what the ghosts do and what they answer:

- `means`: the definition of each opaque condition and check;
- `does`: what an effect does to ghosts, after the updates that the effect itself declares;
- `sends`: the message that an effect puts on the network: its fields, ghosts among them;
- `then`: what becomes of ghosts when the message is sent.

All of it is data. Two engines read it: `otr_check.control.system` in Python, on the engine that
runs the reference, and `otr_check.control.promela`, for Spin. Neither adds anything of its own.

Two endpoints talk; each has the master session (key 0) and one session with the other's instance
(key 1, which is also everybody's instance tag). There is no attacker here beyond a network that
may reorder, lose and repeat: for one that computes, see the explorer over terms.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, overload

from otr_model.kernel.expr import Bool, BoolVar, Int, IntArray, IntVar, Reading, Scope, lift_value
from otr_model.kernel.variant import NONE, Variant, apply
from otr_model.kernel.vocabulary import Condition, Datum, Effect, Observer, Opaque, Origin
from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from otr_model.kernel.composition import Composition
    from otr_model.kernel.expr import Value, Variable
    from otr_model.kernel.vocabulary import Check, Event

__all__ = [
    "BOTH",
    "KEYS",
    "NAMES",
    "Abstraction",
    "BadAbstraction",
    "Drawn",
    "Network",
    "Property",
    "Scenario",
    "Side",
    "Wide",
    "asked_of",
    "constants_of",
    "of_master",
    "of_peer",
]

I = TypeVar("I")  # noqa: E741 - what an integer becomes under a reading
B = TypeVar("B")

NAMES = ("Alice", "Bob")
BOTH = (0, 1)
"""The endpoints, by number."""
KEYS = (0, 1)
"""The sessions of an endpoint: the master, and that with the other's instance."""


class BadAbstraction(OtrSpecError):
    """An abstraction or a scenario that says too little, or speaks of what is not there."""


class Wide(Reading[I, B]):
    """A reading that reaches further than the session at hand."""

    @abstractmethod
    def of_master(self, variable: IntVar) -> I:
        """The value of a variable in the master session."""

    @abstractmethod
    def opposite(self) -> Reading[I, B]:
        """The reading of an expression where the other endpoint stands."""


@dataclass(frozen=True, slots=True)
class _MasterInt(Int):
    """A variable of the master session."""

    variable: IntVar

    def read(self, reading: Reading[I, B]) -> I:
        """The variable in the master session."""
        return _wide(reading).of_master(self.variable)

    def variables(self) -> frozenset[Variable]:
        """The variable."""
        return frozenset({self.variable})


@dataclass(frozen=True, slots=True)
class _PeerInt(Int):
    """An integer of the other endpoint."""

    value: Int

    def read(self, reading: Reading[I, B]) -> I:
        """The integer where the other endpoint stands."""
        return self.value.read(_wide(reading).opposite())

    def variables(self) -> frozenset[Variable]:
        """Those of the expression."""
        return self.value.variables()


@dataclass(frozen=True, slots=True)
class _PeerBool(Bool):
    """A truth value of the other endpoint."""

    value: Bool

    def read(self, reading: Reading[I, B]) -> B:
        """The truth value where the other endpoint stands."""
        return self.value.read(_wide(reading).opposite())

    def variables(self) -> frozenset[Variable]:
        """Those of the expression."""
        return self.value.variables()


def _wide(reading: Reading[I, B]) -> Wide[I, B]:
    if not isinstance(reading, Wide):
        message = f"{type(reading).__name__} knows no more than the session at hand"
        raise BadAbstraction(message)
    return reading


def of_master(variable: IntVar) -> Int:
    """A variable of the master session.

    Raises:
        BadAbstraction: when it is read by a reading that knows the session at hand only.
    """
    return _MasterInt(variable)


@overload
def of_peer(value: Int) -> Int: ...
@overload
def of_peer(value: Bool) -> Bool: ...
def of_peer(value: Int | Bool) -> Int | Bool:
    """What an expression is at the other endpoint, in its session with the same key.

    Raises:
        BadAbstraction: when it is read by a reading that knows one endpoint only.
    """
    return _PeerInt(value) if isinstance(value, Int) else _PeerBool(value)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A number that is drawn when something happens: a hash, or what a user chooses.

    Attributes:
        variable: of scope MESSAGE; it has its value while that event is dealt with.
        on: the external events at which it is drawn.
    """

    variable: IntVar
    on: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Property:
    """Something that holds always, of each session of either endpoint.

    Attributes:
        name: public.
        about: what it says, in a sentence.
        holds: about variables of the session, of its conversation, and `of_peer` of the other's.
    """

    name: str
    about: str
    holds: Bool


@dataclass(frozen=True)
class Abstraction:
    """A composition with ghosts; the module's head says what each part is.

    Attributes:
        composition: whose tables run.
        ghosts: integers and truth values that stand for data, of any scope; those of scope
            MESSAGE are fields of messages, those of scope ENDPOINT constants.
        means: the definition of every opaque condition and check.
        does: updates of ghosts, all at once, after those that the effect declares.
        sends: for effects that send: the fields of the message; those not named are 0.
        then: updates of ghosts, all at once, after the message was sent.
        never: effects that are outside of the abstraction; performing one is an error.
        bounds: the largest value of every integer variable that changes; exceeding it is an
            error, and never a silent cut.
        member_key: the variable that holds the key of a session; it never changes.
        best: the variable that holds the key of the session that the user is in.
        received: the event for what arrives.
        arrays: ghosts that are elements of arrays, which expressions index.
        drawn: what is drawn, and when.
        prepared: whether the presence of data is part of the state, and an effect that lacks what
            it needs is an error.
        properties: what holds always.
        converged: both endpoints are private in the same conversation; of a session and its peer.
        config: constants of both endpoints, by variable; policies and parameters that a scenario
            does not name otherwise.
        keeps: what is kept, and what is left out, in sentences for people.
    """

    composition: Composition
    ghosts: tuple[Variable, ...]
    means: Mapping[Condition | Check, Bool]
    does: Mapping[Effect, Mapping[Variable, Value]]
    sends: Mapping[Effect, Mapping[Variable, Value]]
    bounds: Mapping[IntVar, int]
    member_key: IntVar
    best: IntVar
    received: Event
    converged: Bool
    arrays: tuple[IntArray, ...] = ()
    drawn: tuple[Drawn, ...] = ()
    then: Mapping[Effect, Mapping[Variable, Value]] = field(default_factory=dict)
    never: frozenset[Effect] = frozenset()
    properties: tuple[Property, ...] = ()
    config: Mapping[Variable, int | bool] = field(default_factory=dict)
    keeps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an abstraction that leaves a question open.

        Raises:
            BadAbstraction: see the class.
        """
        for problem in self._problems():
            message = f"{self.composition.name}: {problem}"
            raise BadAbstraction(message)

    def _problems(self) -> Iterator[str]:
        composition = self.composition
        opaque: list[Condition | Check] = [
            c for c in composition.conditions if isinstance(c.spec, Opaque)
        ]
        opaque += [c for c in composition.checks if c.spec.expr is None]
        yield from (f"{word.name} has no meaning" for word in opaque if word not in self.means)
        known = set(opaque)
        yield from (
            f"{word.name} has a meaning already" for word in self.means if word not in known
        )
        for effect in composition.effects:
            told = effect in self.sends or effect in self.never
            if effect.spec.seen is Observer.WIRE and not told:
                yield f"{effect.name} sends something, and nothing says what"
        for variable in self.state():
            bounded = isinstance(variable, BoolVar) or variable in self.bounds
            if self.changes(variable) and not bounded:
                yield f"{variable.name} has no bound"

    # --- What there is -----------------------------------------------------------------------

    def state(self) -> tuple[Variable, ...]:
        """Every variable of a conversation and of a session, ghosts last."""
        places = (Scope.SHARED, Scope.MEMBER)
        declared = (*self.composition.flat_variables(), *self.ghosts)
        return tuple(v for v in declared if v.scope in places)

    def facts(self) -> tuple[Variable, ...]:
        """Every variable of a message or command, ghosts and what is drawn last."""
        declared = (*self.composition.flat_variables(), *self.ghosts)
        drawn = tuple(d.variable for d in self.drawn)
        return (*(v for v in declared if v.scope is Scope.MESSAGE), *drawn)

    def fields(self) -> tuple[Variable, ...]:
        """The fields of a message on the network: those that some message gives a value."""
        given = {v for fields in self.sends.values() for v in fields}
        return tuple(v for v in self.facts() if v in given)

    def updates(self, effect: Effect) -> Mapping[Variable, Int | Bool]:
        """What an effect does to ghosts and to the message at hand."""
        return {v: lift_value(value) for v, value in self.does.get(effect, {}).items()}

    def afterwards(self, effect: Effect) -> Mapping[Variable, Int | Bool]:
        """What an effect does to ghosts after it has sent its message."""
        return {v: lift_value(value) for v, value in self.then.get(effect, {}).items()}

    def message(self, effect: Effect) -> Mapping[Variable, Int | Bool] | None:
        """The fields of the message that an effect sends; None: it sends none."""
        given = self.sends.get(effect)
        return None if given is None else {v: lift_value(value) for v, value in given.items()}

    def data(self) -> tuple[Datum, ...]:
        """The data whose presence is part of the state: those that some effect needs."""
        needed = {d for effect in self.composition.effects for d in effect.spec.needs}
        return tuple(d for d in self.composition.data if d in needed)

    def changes(self, variable: Variable) -> bool:
        """Whether any effect that is not left out sets a variable."""
        return any(
            variable in (*effect.spec.sets, *self.does.get(effect, ()), *self.then.get(effect, ()))
            for effect in self.composition.effects
            if effect not in self.never
        )

    def user_events(self) -> tuple[Event, ...]:
        """What a user can ask for."""
        return tuple(e for e in self.composition.events if e.origin is Origin.USER)


@dataclass(frozen=True, slots=True)
class Network:
    """What the network does to messages.

    Attributes:
        fifo: in each direction, messages arrive in the order in which they were sent; else in any.
        capacity: messages on the way in one direction, at most; exceeding it is an error.
        losses: how many messages may be lost in all.
        duplicates: how many messages may be delivered and stay on the way, in all.
    """

    fifo: bool = True
    capacity: int = 6
    losses: int = 0
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class Side:
    """One endpoint of a scenario.

    Attributes:
        may: how often its user may do each thing, at most; what is not named is never done.
        config: constants that differ from the abstraction's.
    """

    may: Mapping[Event, int] = field(default_factory=dict)
    config: Mapping[Variable, int | bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    """A finite system: an abstraction, what the users may do, and the network.

    Attributes:
        name: public; the protocol and a word, such as "otrv3/both-begin".
        about: what it shows, in a sentence.
        abstraction: what it runs.
        sides: Alice and Bob.
        network: what is between them.
        luck: how many values there are for what is drawn; 1 for what is not named.
        converges: with nothing lost and everything delivered, both are private in the same
            conversation in the end, for good: a claim that the engines check.
        known: what is known to be against that claim: the counterexample in words; "" for nothing.
        variant: what differs from the tables.
        bounds: bounds that differ from the abstraction's.
    """

    name: str
    about: str
    abstraction: Abstraction
    sides: tuple[Side, Side]
    network: Network = Network()
    luck: Mapping[IntVar, int] = field(default_factory=dict)
    converges: bool = False
    known: str = ""
    variant: Variant = NONE
    bounds: Mapping[IntVar, int] = field(default_factory=dict)

    def bound(self, variable: IntVar) -> int:
        """The largest value that a variable may have; 0 for one that nothing changes."""
        return self.bounds.get(variable, self.abstraction.bounds.get(variable, 0))

    def draws(self, event: Event) -> tuple[range, ...]:
        """What can be drawn at an external event, in the order of `Abstraction.drawn`."""
        return tuple(
            range(self.luck.get(each.variable, 1) if event in each.on else 1)
            for each in self.abstraction.drawn
        )


def constants_of(scenario: Scenario, side: int) -> dict[str, int | bool]:
    """The constants of an endpoint: policies, parameters and ghosts of scope ENDPOINT, by name.

    Raises:
        BadAbstraction: if a variable of that scope has no value.
    """
    abstraction = scenario.abstraction
    composition = abstraction.composition
    given = {**abstraction.config, **scenario.sides[side].config}
    named = {variable.name: value for variable, value in given.items()}
    values = {**apply(composition, scenario.variant).parameters, **named}
    for variable in (*composition.flat_variables(), *abstraction.ghosts):
        if variable.scope is Scope.ENDPOINT and variable.name not in values:
            message = f"{scenario.name}: nothing says what {variable.name} is"
            raise BadAbstraction(message)
    return values


def asked_of(scenario: Scenario) -> tuple[Event, ...]:
    """What a user of a scenario may do at all, in the order of the vocabulary."""
    return tuple(
        event
        for event in scenario.abstraction.user_events()
        if any(side.may.get(event, 0) for side in scenario.sides)
    )
