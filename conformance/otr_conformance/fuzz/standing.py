"""Where a side stands, by what the tables declare: states of machines, flags, and small numbers.

A number counts a little further than what some condition compares it with: whether no text waits to
be sent, or one, or several. What is compared with other numbers only, such as a time, is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otr_model.kernel.expr import (
    BoolVar,
    Compare,
    Comparison,
    Conjunction,
    Disjunction,
    InState,
    IntVar,
    Negation,
    Number,
    Scope,
)
from otr_model.kernel.vocabulary import Defined

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from otr_conformance.play.stage import AnyParty
    from otr_model.kernel.composition import AnyRow
    from otr_model.kernel.expr import Bool, Variable

    from .vocabulary import Fuzzing

__all__ = ["Standing", "States"]

States = tuple[Any, ...]
"""The states of machines."""
_OWN = "member"
"""Whose state a condition asks for, where it is that of the session at hand."""
_MESSAGE = "message"
"""The machine that says whether a conversation is private."""


class Standing:
    """Tells where a side stands.

    Args:
        fuzzing: what a protocol states.
    """

    def __init__(self, fuzzing: Fuzzing) -> None:
        composition = fuzzing.plan.composition
        self._machines = tuple(t.machine for t in composition.tables if _several(t.states))
        rows = tuple(composition.rows())
        asked = {machine for row in rows for machine in _elsewhere(row)}
        self._asked = tuple(name for name in self._machines if name in asked)
        decisive = _most(rows)
        self._shared, self._own = (
            tuple((v.name, most) for v, most in decisive.items() if v.scope is scope)
            for scope in (Scope.SHARED, Scope.MEMBER)
        )
        wished = _most(row for row in rows if row.on in fuzzing.users)
        self._flags, self._wishes = (
            tuple(v.name for v in wished if isinstance(v, BoolVar) and v.scope is scope)
            for scope in (Scope.SHARED, Scope.MEMBER)
        )
        self._beside = fuzzing.beside

    def states(self, party: AnyParty) -> States:
        """The states of the session that what is typed goes to.

        Where some condition asks for the state of another session, those of all together as well.
        """
        reference: Any = party
        conversation = reference.conversation
        session = conversation.current
        members = conversation.members.values()
        return (
            *[getattr(session, name, None) for name in self._machines],
            *[frozenset([getattr(m, name, None) for m in members]) for name in self._asked],
        )

    def users(self, party: AnyParty) -> States:
        """The states of the session that what is typed goes to."""
        reference: Any = party
        session = reference.conversation.current
        return tuple([getattr(session, name, None) for name in self._machines])

    def setting(self, party: AnyParty) -> Hashable:
        """The message states of all sessions, and what the protocol adds."""
        reference: Any = party
        conversation = reference.conversation
        states = {getattr(each, _MESSAGE) for each in conversation.members.values()}
        current = getattr(conversation.current, _MESSAGE)
        return frozenset(states), current, self._beside(party)

    def details(self, party: AnyParty) -> Hashable:
        """Flags and numbers on which some condition depends, and what the protocol adds."""
        reference: Any = party
        conversation = reference.conversation
        session = conversation.current
        return (
            *[min(getattr(conversation, name), most) for name, most in self._shared],
            *[min(getattr(session, name, 0), most) for name, most in self._own],
            self._beside(party),
        )

    def flags(self, party: AnyParty) -> Hashable:
        """Flags of no session that decide what a wish of a user's leads to."""
        reference: Any = party
        return tuple([getattr(reference.conversation, name) for name in self._flags])

    def wishes(self, party: AnyParty) -> Hashable:
        """Flags that decide what a wish of a user's leads to."""
        reference: Any = party
        session = reference.conversation.current
        return tuple([getattr(session, name, None) for name in self._wishes])


def _several(states: Any) -> bool:  # noqa: ANN401 - a class of an enumeration
    return len(states) > 1


def _elsewhere(row: AnyRow) -> Iterator[str]:
    """The machines of other sessions that the guard of a row asks about."""
    for condition in row.when.atoms():
        if isinstance(condition.spec, Defined):
            for part in _parts(condition.spec.expr):
                if isinstance(part, InState) and part.owner != _OWN:
                    yield part.machine


def _parts(expr: Bool) -> Iterator[Bool]:
    """What a truth value is made of."""
    match expr:
        case Negation(part):
            yield from _parts(part)
        case Conjunction(parts) | Disjunction(parts):
            for part in parts:
                yield from _parts(part)
        case _:
            yield expr


def _most(rows: Iterable[AnyRow]) -> dict[Variable, int]:
    """How far each variable counts on which a guard of some rows depends by itself."""
    most: dict[Variable, int] = {}
    for row in rows:
        for condition in row.when.atoms():
            if isinstance(condition.spec, Defined):
                for part in _parts(condition.spec.expr):
                    for variable, number in _asked(part):
                        most[variable] = max(number, most.get(variable, 0))
    return most


def _asked(part: Bool) -> Iterator[tuple[Variable, int]]:
    """The variable that a condition asks for by itself, and how far it counts."""
    match part:
        case BoolVar():
            yield part, 1
        case Comparison(how, IntVar() as variable, Number(value)) | Comparison(
            how, Number(value), IntVar() as variable
        ):
            yield variable, value + (1 if how is Compare.EQUAL else 2)
        case _:
            pass
