"""What the members of a protocol's vocabularies say: events, conditions, checks, data, effects.

Each vocabulary is an enum (`Word`) whose member values are the records of this module:

- an **event** is a `Signal`: received, asked for by the user, or raised by a row;
- a **condition** is `Opaque` (a cryptographic question), `Defined` (an expression on declared
  variables) or a `Validity` (an ordered list of named checks);
- a **check** is a `Checking`: what must hold, and where a message that fails it is rejected;
- a **datum** is a `Slot`: a value of the conversation that rows never look inside;
- an **effect** is an `Action`: the data it needs, writes and forgets, the variables it sets, and
  who can observe it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import unique
from typing import TYPE_CHECKING, TypeVar

from .expr import Bool, Int, Scope, Value, Variable, lift_value
from .words import Word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .guard import Guard


@unique
class Origin(Word):
    """Where an event comes from."""

    RECEIVED = "a message arrived"
    USER = "the user, or the application for them, asks"
    RAISED = "a row of another table, or of this one, raised it"


@dataclass(frozen=True, slots=True)
class Signal:
    """The value of an event."""

    about: str
    origin: Origin = Origin.RAISED


class Event(Word):
    """Base of the vocabularies of events; values are `Signal`s."""

    @property
    def origin(self) -> Origin:
        """Where the event comes from."""
        value = self.value
        return value.origin if isinstance(value, Signal) else Origin.RAISED


@unique
class Point(Word):
    """Where a message is rejected, as far as an observer can tell."""

    ENCODING = "the encoding"
    VERSION = "the protocol version"
    INSTANCE = "the instance tags"
    STATE = "the state that the receiver is in"
    COMMITMENT = "the commitment"
    RANGE = "the range of a group element or serial number"
    MAC = "a message authentication code"
    SIGNATURE = "a signature"
    PROOF = "a zero-knowledge proof"
    KEY_ID = "a key id"
    COUNTER = "a counter"
    EXPIRATION = "an expiration date"
    POLICY = "a policy"


@dataclass(frozen=True, slots=True)
class Checking:
    """The value of a check: what must hold, and where a message that fails it is rejected.

    Attributes:
        about: what must hold.
        point: where a message that fails is rejected.
        expr: its meaning, where it is a question about declared variables; None: cryptography.
        structural: it is part of taking the message apart: what follows cannot be computed when it
            fails, so no variant skips it.
    """

    about: str
    point: Point
    expr: Bool | None = None
    structural: bool = False


class Check(Word):
    """Base of the vocabularies of checks; values are `Checking`s."""

    @property
    def spec(self) -> Checking:
        """The value, typed."""
        value: Checking = self.value
        return value


@dataclass(frozen=True, slots=True)
class Opaque:
    """A question that only cryptography or decoding can answer.

    `scope` MESSAGE: about the message, assessed once. Scope MEMBER: about the session too, asked
    when the row is picked.
    """

    about: str
    scope: Scope = Scope.MESSAGE


@dataclass(frozen=True, slots=True)
class Defined:
    """A question about declared variables: its definition is its meaning everywhere."""

    about: str
    expr: Bool


@dataclass(frozen=True, slots=True)
class Validity:
    """Every check holds; they are made in this order, and the first that fails is the reason."""

    about: str
    checks: tuple[Check, ...]


class Condition(Word):
    """Base of the vocabularies of conditions; combine members with &, | and ~."""

    def __and__(self, other: Condition | Guard) -> Guard:
        return _guard(self) & other

    def __or__(self, other: Condition | Guard) -> Guard:
        return _guard(self) | other

    def __invert__(self) -> Guard:
        return ~_guard(self)

    @property
    def spec(self) -> Opaque | Defined | Validity:
        """The value, typed."""
        value: Opaque | Defined | Validity = self.value
        return value


def _guard(condition: Condition) -> Guard:
    from .guard import Guard  # noqa: PLC0415 - guards are made of conditions, and conditions make them

    return Guard.of(condition)


@dataclass(frozen=True, slots=True)
class Slot:
    """The value of a datum: what it is, where it is kept, and whether it must stay secret."""

    about: str
    scope: Scope = Scope.MEMBER
    secret: bool = False


class Datum(Word):
    """Base of the vocabularies of data."""

    @property
    def slot(self) -> str:
        """The attribute that holds it."""
        return self.name.lower()

    @property
    def spec(self) -> Slot:
        """The value, typed."""
        value: Slot = self.value
        return value


@unique
class Observer(Word):
    """Who can observe an effect."""

    NOBODY = "internal"
    WIRE = "sends a message"
    USER = "tells the user"


@dataclass(frozen=True, slots=True)
class Action:
    """The value of an effect.

    Attributes:
        about: what it does, in plain English.
        needs: data that must be present; an effect without them is never performed.
        writes: data that it makes or replaces.
        forgets: data that it erases (the engine does it; no code is written for it).
        sets: declared variables that it sets, all at once, to expressions of the values before.
        seen: who can observe it.
    """

    about: str
    needs: tuple[Datum, ...] = ()
    writes: tuple[Datum, ...] = ()
    forgets: tuple[Datum, ...] = ()
    sets: Mapping[Variable, Int | Bool] = field(default_factory=dict)
    seen: Observer = Observer.NOBODY

    @property
    def bare(self) -> bool:
        """Whether the declaration is all there is: nothing is computed, sent or shown."""
        return not self.writes and self.seen is Observer.NOBODY


class Effect(Word):
    """Base of the vocabularies of effects; values are `Action`s."""

    @property
    def spec(self) -> Action:
        """The value, typed."""
        value: Action = self.value
        return value


D = TypeVar("D", bound=Datum)


def action(  # noqa: PLR0913 - one keyword for each thing that an effect declares
    about: str,
    *,
    needs: tuple[Datum, ...] = (),
    writes: tuple[Datum, ...] = (),
    forgets: tuple[Datum, ...] = (),
    sets: Mapping[Variable, Value] | None = None,
    seen: Observer = Observer.NOBODY,
) -> Action:
    """An effect's value; see `Action`. Integers and truth values in `sets` may be plain."""
    updates = {v: lift_value(e) for v, e in (sets or {}).items()}
    return Action(about, needs, writes, forgets, updates, seen)
