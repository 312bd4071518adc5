"""What the tables say of policies: which rows can be taken under which, and which are alike there.

Much of what a row needs is known only when it is taken. But a policy and a mode stay as they are
while somebody plays: where a guard does not hold under them, there is no need to try.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from otr_model.kernel.expr import Compare, Reading, Scope
from otr_model.kernel.vocabulary import Defined

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from otr_model.kernel.expr import BoolVar, IntArray, IntVar, Variable
    from otr_model.kernel.guard import Guard
    from otr_model.kernel.words import Word

    from .vocabulary import Fuzzing

__all__ = ["Kind", "Policies"]

Kind = tuple[bool | None, ...]
"""What the conditions of a row's guard come to; None: not known, by policies alone."""

_OTHERS: Final = frozenset({"tester", "tester_size", "variant", "max_size"})
"""What is said of who plays, and is no policy of the target's."""
_MODE: Final = "mode"


class Policies:
    """The policies of the target's that were seen so far, each a number.

    Args:
        fuzzing: what a protocol states.
    """

    def __init__(self, fuzzing: Fuzzing) -> None:
        self._fuzzing = fuzzing
        self._guards = {row.id: row.when for row in fuzzing.plan.composition.rows()}
        self._numbers: dict[Hashable, int] = {}
        self._of_part: dict[str, int] = {}
        self._settings: list[dict[str, Any]] = []
        self._kinds: list[dict[str, Kind | None]] = []

    def of(self, part: str) -> int:
        """What is said about the target, in what is said about who plays."""
        number = self._of_part.get(part)
        if number is None:
            cast = self._fuzzing.read_part(part).cast
            said = {f.name: getattr(cast, f.name) for f in fields(cast) if f.name not in _OTHERS}
            number = self._numbers.setdefault(tuple(said.values()), len(self._numbers))
            self._of_part[part] = number
            if number == len(self._settings):
                self._settings.append(_settings(said))
                self._kinds.append({})
        return number

    def kind(self, row: str, policy: int) -> Kind | None:
        """What a policy comes to for the guard of a row; None: the row cannot be taken."""
        kinds = self._kinds[policy]
        if row not in kinds:
            kinds[row] = self._kind(row, self._settings[policy])
        return kinds[row]

    def _kind(self, row: str, settings: dict[str, Any]) -> Kind | None:
        guard: Guard | None = self._guards.get(row)
        if guard is None:
            return ()
        reading = _Policies(settings)
        known = {
            condition: condition.spec.expr.read(reading)
            for condition in guard.atoms()
            if isinstance(condition.spec, Defined)
        }
        decided = {condition: value for condition, value in known.items() if value is not None}
        return None if guard.settle(decided) is False else tuple(known.values())


class _Policies(Reading[int | None, bool | None]):
    """What an expression comes to where nothing but policies is known; None: that is open.

    Args:
        settings: the variables that are known, by name.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings

    def number(self, value: int) -> int:
        """A constant."""
        return value

    def integer(self, variable: IntVar) -> int | None:
        """A variable."""
        known: int | None = self._settings.get(variable.name) if _lasts(variable) else None
        return known

    def element(self, array: IntArray, at: tuple[int | None, ...]) -> None:
        """An element of what an endpoint keeps."""

    def plus(self, left: int | None, right: int | None) -> int | None:
        """A sum."""
        return None if left is None or right is None else left + right

    def minus(self, left: int | None, right: int | None) -> int | None:
        """A difference."""
        return None if left is None or right is None else left - right

    def remainder(self, left: int | None, divisor: int) -> int | None:
        """A remainder."""
        return None if left is None else left % divisor

    def choose(
        self,
        when: bool | None,  # noqa: FBT001 - a truth value is what this node asks
        then: int | None,
        otherwise: int | None,
    ) -> int | None:
        """One of two."""
        if when is None:
            return then if then == otherwise else None
        return then if when else otherwise

    def truth(self, value: bool) -> bool:  # noqa: FBT001 - a truth value is what this node is
        """A constant."""
        return value

    def flag(self, variable: BoolVar) -> bool | None:
        """A variable."""
        known: bool | None = self._settings.get(variable.name) if _lasts(variable) else None
        return known

    def compare(self, how: Compare, left: int | None, right: int | None) -> bool | None:
        """A comparison."""
        if left is None or right is None:
            return None
        match how:
            case Compare.EQUAL:
                return left == right
            case Compare.LESS:
                return left < right
            case Compare.AT_MOST:
                return left <= right

    def negation(self, part: bool | None) -> bool | None:  # noqa: FBT001 - a truth value is what this node is
        """Not."""
        return None if part is None else not part

    def conjunction(self, parts: tuple[bool | None, ...]) -> bool | None:
        """All: one that does not hold is enough to know."""
        return False if False in parts else None if None in parts else True

    def disjunction(self, parts: tuple[bool | None, ...]) -> bool | None:
        """Any: one that holds is enough to know."""
        return True if True in parts else None if None in parts else False

    def in_state(self, machine: str, states: tuple[Word, ...], owner: str) -> None:
        """A state is asked for, which is no policy."""


def _lasts(variable: Variable) -> bool:
    """Whether a variable stays as it is while somebody plays."""
    return variable.scope is Scope.ENDPOINT


def _settings(said: dict[str, Any]) -> dict[str, Any]:
    """The variables of the tables that are known of who plays, by name."""
    policy = said["target"]
    known = {each.name: getattr(policy, each.name) for each in fields(policy)}
    if _MODE in said:
        known[_MODE] = said[_MODE].number
    return known
