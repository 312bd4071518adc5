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


class Standing:
    """Tells where a side stands.

    Args:
        fuzzing: what a protocol states.
    """

    def __init__(self, fuzzing: Fuzzing) -> None:
        composition = fuzzing.plan.composition
        self._machines = tuple(t.machine for t in composition.tables if _several(t.states))
        rows = tuple(composition.rows())
        decisive = _most(rows)
        self._shared, self._own = (
            tuple((v.name, most) for v, most in decisive.items() if v.scope is scope)
            for scope in (Scope.SHARED, Scope.MEMBER)
        )
        wished = _most(row for row in rows if row.on in fuzzing.users)
        self._wishes = tuple(
            v.name for v in wished if isinstance(v, BoolVar) and v.scope is Scope.MEMBER
        )
        self._beside = fuzzing.beside

    def states(self, party: AnyParty) -> States:
        """The states of the session that what is typed goes to, and those of all together."""
        reference: Any = party
        conversation = reference.conversation
        session = conversation.current
        members = conversation.members.values()
        return (
            *[getattr(session, name, None) for name in self._machines],
            *[frozenset([getattr(m, name, None) for m in members]) for name in self._machines],
        )

    def users(self, party: AnyParty) -> States:
        """The states of the session that what is typed goes to."""
        reference: Any = party
        session = reference.conversation.current
        return tuple([getattr(session, name, None) for name in self._machines])

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

    def wishes(self, party: AnyParty) -> Hashable:
        """Flags that decide what a wish of a user's leads to."""
        reference: Any = party
        session = reference.conversation.current
        return tuple([getattr(session, name, None) for name in self._wishes])


def _several(states: Any) -> bool:  # noqa: ANN401 - a class of an enumeration
    return len(states) > 1


def _most(rows: Iterable[AnyRow]) -> dict[Variable, int]:
    """How far each variable counts on which a guard of some rows depends by itself."""
    most: dict[Variable, int] = {}
    for row in rows:
        for condition in row.when.atoms():
            if isinstance(condition.spec, Defined):
                for variable, number in _asked(condition.spec.expr):
                    most[variable] = max(number, most.get(variable, 0))
    return most


def _asked(expr: Bool) -> Iterator[tuple[Variable, int]]:
    """The variables that an expression asks for by themselves, and how far they count."""
    match expr:
        case BoolVar():
            yield expr, 1
        case Comparison(how, IntVar() as variable, Number(value)) | Comparison(
            how, Number(value), IntVar() as variable
        ):
            yield variable, value + (1 if how is Compare.EQUAL else 2)
        case Negation(part):
            yield from _asked(part)
        case Conjunction(parts) | Disjunction(parts):
            for part in parts:
                yield from _asked(part)
        case _:
            pass
