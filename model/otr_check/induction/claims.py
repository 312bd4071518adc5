"""What is claimed of a composition: invariants, and what is remembered so that they can be said.

A claim is about one member of the master's family, whichever it is: its variables, its machines,
the master's machines, and what all members share. An expression may mention these kinds of variable
beside the declared ones:

- a **ghost** remembers what happened; rows never ask it;
- `pending(EVENT)` is true of a member for which the event waits to be handled, and
  `awaited(EVENT)` says how often it does; `queued(FIRST, SECOND)` is true where both wait, in this
  order;
- `held(DATUM)` is true where a datum is there.

A variable of the endpoint that is not declared stands for any value whatever, which never changes:
what is claimed of it is claimed of all values.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Final

from otr_model.kernel.expr import (
    Bool,
    BoolVar,
    InState,
    Int,
    IntVar,
    Scope,
    Truth,
    Value,
    Variable,
    lift_value,
)
from otr_model.kernel.guard import ALWAYS, Guard
from otr_model.kernel.readings import PLACE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_model.kernel.composition import AnyRow
    from otr_model.kernel.vocabulary import Condition, Datum, Effect, Event

__all__ = [
    "Action",
    "Change",
    "Claim",
    "Claims",
    "Finding",
    "Ghost",
    "Grows",
    "Invariant",
    "Kept",
    "Possible",
    "Prepared",
    "Supposition",
    "awaited",
    "change",
    "held",
    "implies",
    "instead",
    "pending",
    "places_of",
    "queued",
]

TRUE: Final = Truth(value=True)


def pending(event: Event) -> BoolVar:
    """An event waits to be handled by the member."""
    return BoolVar(f"pending {event.label}", Scope.MEMBER, event.meaning)


def awaited(event: Event) -> IntVar:
    """How often an event waits to be handled by the member."""
    return IntVar(f"awaited {event.label}", Scope.MEMBER, event.meaning)


def queued(first: Event, second: Event) -> BoolVar:
    """The first event waits for the member, and so does the second, behind it."""
    return BoolVar(f"queued {first.label}, {second.label}", Scope.MEMBER, "")


def held(datum: Datum) -> BoolVar:
    """A datum is there: of the member, or of all, as it is declared."""
    return BoolVar(f"held {datum.label}", datum.spec.scope, datum.meaning)


def implies(when: Bool, then: Bool) -> Bool:
    """Where the one holds, so does the other."""
    return ~when | then


def instead(expression: Bool, of: Mapping[Variable, Int | Bool]) -> Bool:
    """An expression with other expressions in the place of variables."""
    found = _instead(expression, of)
    assert isinstance(found, Bool)  # noqa: S101 - each kind of expression stays what it is
    return found


def _instead(expression: Int | Bool, of: Mapping[Variable, Int | Bool]) -> Int | Bool:
    if isinstance(expression, IntVar | BoolVar):
        return of.get(expression, expression)
    changes: dict[str, object] = {}
    for part in fields(expression):  # type: ignore[arg-type] # expressions are dataclasses
        value = getattr(expression, part.name)
        if isinstance(value, tuple):
            changes[part.name] = tuple(
                _instead(each, of) if isinstance(each, Int | Bool) else each for each in value
            )
        elif isinstance(value, Int | Bool):
            changes[part.name] = _instead(value, of)
    return replace(expression, **changes) if changes else expression  # type: ignore[type-var]


def places_of(expression: Bool) -> frozenset[str]:
    """Where the values are kept that an expression mentions: variables, and states of machines."""
    states: set[str] = set()
    _collect(expression, states)
    return frozenset(PLACE[v.scope] + v.name for v in expression.variables()) | states


def _collect(expression: Int | Bool, states: set[str]) -> None:
    """The machines that an expression asks about."""
    if isinstance(expression, InState):
        states.add(f"{expression.owner}.{expression.machine}")
        return
    for part in fields(expression):  # type: ignore[arg-type] # expressions are dataclasses
        value = getattr(expression, part.name)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, Int | Bool):
                _collect(each, states)


@dataclass(frozen=True, slots=True)
class Change:
    """When ghosts change: at an effect, or before the effects of a row on an event.

    Attributes:
        sets: new values, from those before.
        events: the events of the rows.
        effects: the effects.
    """

    sets: Mapping[Variable, Int | Bool]
    events: tuple[Event, ...] = ()
    effects: tuple[Effect, ...] = ()


def change(
    sets: Mapping[Variable, Value],
    *,
    events: tuple[Event, ...] = (),
    effects: tuple[Effect, ...] = (),
) -> Change:
    """A change of ghosts; integers and truth values may be plain."""
    return Change({v: lift_value(e) for v, e in sets.items()}, events, effects)


@dataclass(frozen=True, slots=True)
class Ghost:
    """What is remembered.

    Attributes:
        variable: what expressions call it; it begins with its initial value.
        survives: it is remembered even when the member is retired.
    """

    variable: Variable
    survives: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """What all claims have in common.

    Attributes:
        id: public, as in "otrv3.invariant:no-clear-text".
        says: the claim in plain English.
        sections: of the specification, which it comes from.
        about: how the words of the text were made precise, where that was needed.
    """

    id: str
    says: str
    sections: tuple[str, ...]
    about: str = field(default="", kw_only=True)
    helper: bool = field(default=False, kw_only=True)

    @property
    def name(self) -> str:
        """The id without the protocol."""
        return self.id.rpartition(":")[2]

    @property
    def places(self) -> frozenset[str]:
        """Where the values are kept that the claim mentions, as a running step keeps them."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class Invariant(Claim):
    """Whenever `when` holds, `then` holds."""

    when: Bool
    then: Bool
    holds: Bool = field(init=False, repr=False)
    """The whole as one expression."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "holds", implies(self.when, self.then))

    @property
    def places(self) -> frozenset[str]:
        """See `Claim`."""
        return places_of(self.holds)


@dataclass(frozen=True, slots=True)
class Action(Claim):
    """Before any of some effects, or wherever some events are raised, `then` holds.

    Attributes:
        effects: the effects.
        then: an expression on the values right before the effect, or a guard on the conditions of
            the row.
        raises: the claim is about rows that raise these events as well, before they do anything.
        on: only rows on these events are meant; none: all rows.
    """

    effects: tuple[Effect, ...]
    then: Bool | Guard
    raises: tuple[Event, ...] = ()
    on: tuple[Event, ...] = ()

    @property
    def places(self) -> frozenset[str]:
        """See `Claim`."""
        return frozenset() if isinstance(self.then, Guard) else places_of(self.then)


@dataclass(frozen=True, slots=True)
class Kept(Claim):
    """Some rows change nothing: neither a state, nor a variable, nor a datum.

    Attributes:
        events: the rows on these events are meant; none: the rows that do nothing at all.
        when: only where this holds as well.
        but: effects that may occur all the same: they tell somebody.
        raising: whether the rows may raise events.
    """

    events: tuple[Event, ...] = ()
    when: Guard = ALWAYS
    but: tuple[Effect, ...] = ()
    raising: bool = False

    def means(self, row: AnyRow) -> bool:
        """Whether the claim is about a row."""
        return row.on in self.events if self.events else row.ignores


@dataclass(frozen=True, slots=True)
class Grows(Claim):
    """Some values never become less: the first of them, or where it stays, the next, and so on."""

    values: tuple[Int, ...]

    @property
    def places(self) -> frozenset[str]:
        """See `Claim`."""
        return frozenset().union(*(places_of(value.equals(0)) for value in self.values))


@dataclass(frozen=True, slots=True)
class Supposition:
    """What an opaque condition means, as far as variables can say it.

    Attributes:
        about: in plain English, with the reason.
        when: where that is supposed.
        condition: the condition.
        means: what it says there.
    """

    about: str
    when: Bool
    condition: Condition
    means: Bool


@dataclass(frozen=True, slots=True)
class Prepared(Claim):
    """Before every effect, the data are there that it needs."""


@dataclass(frozen=True, slots=True)
class Possible(Claim):
    """A row with one of some effects can be taken where `when` holds.

    Attributes:
        effects: the effects.
        when: an expression on the message and the configuration.
    """

    effects: tuple[Effect, ...]
    when: Bool


@dataclass(frozen=True, slots=True)
class Finding:
    """What the literal reading of an ambiguity breaks.

    Attributes:
        ambiguity: its id.
        claims: the names of the claims that do not hold.
        says: what goes wrong, in plain English.
    """

    ambiguity: str
    claims: tuple[str, ...]
    says: str


@dataclass(frozen=True, slots=True)
class Claims:
    """Everything that is claimed of a composition.

    Attributes:
        composition: its name.
        ghosts: what is remembered.
        changes: how.
        claims: in the order in which they are shown.
        supposed: what opaque conditions mean.
        settings: configurations in which examples are looked for: values of the endpoint's
            variables.
        findings: what literal readings break.
        aside: conditions about messages that examples seldom need: they are looked for without
            such messages first.
    """

    composition: str
    ghosts: tuple[Ghost, ...]
    changes: tuple[Change, ...]
    claims: tuple[Claim, ...]
    supposed: tuple[Supposition, ...] = ()
    findings: tuple[Finding, ...] = ()
    settings: tuple[Mapping[Variable, int | bool], ...] = ()
    aside: tuple[Condition, ...] = ()

    def named(self, name: str) -> Claim:
        """The claim with an id, with or without the protocol.

        Raises:
            KeyError: if there is none.
        """
        for claim in self.claims:
            if name in {claim.id, claim.name}:
                return claim
        raise KeyError(name)
