"""What the tables say of policies: which rows can be taken under which, and which are alike there.

Much of what a row needs is known only when it is taken. But a policy and a mode stay as they are
while somebody plays: where a guard does not hold under them, there is no need to try.
"""

from __future__ import annotations

from dataclasses import fields
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from otr_model.kernel.expr import Scope
from otr_model.kernel.readings import PythonReading
from otr_model.kernel.vocabulary import Defined

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from otr_model.kernel.guard import Guard
    from otr_model.kernel.vocabulary import Condition
    from otr_model.kernel.words import Word

    from .vocabulary import Fuzzing

__all__ = ["Kind", "Policies"]

Kind = tuple[bool, ...]
"""What the conditions of a row's guard come to that are about policies alone."""

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
        self._tests: dict[Condition, Callable[[Any], bool] | None] = {}

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
        step = SimpleNamespace(config=SimpleNamespace(**settings))
        known = {}
        for condition in guard.atoms():
            test = self._test(condition, settings)
            if test is not None:
                known[condition] = test(step)
        return None if guard.settle(known) is False else tuple(known.values())

    def _test(self, condition: Condition, settings: dict[str, Any]) -> Callable[[Any], bool] | None:
        """How a condition is asked that is about policies alone; None: it is not."""
        if condition not in self._tests:
            test = None
            if isinstance(condition.spec, Defined):
                variables = condition.spec.expr.variables()
                if all(v.scope is Scope.ENDPOINT and v.name in settings for v in variables):
                    reading = _Policies()
                    test = condition.spec.expr.read(reading)
                    test = None if reading.asks_for_states else test
            self._tests[condition] = test
        return self._tests[condition]


class _Policies(PythonReading):
    """Notes whether states are asked for, which are no policies.

    Attributes:
        asks_for_states: whether they are.
    """

    asks_for_states = False

    def in_state(self, machine: str, states: tuple[Word, ...], owner: str) -> Callable[[Any], bool]:
        """A state is asked for."""
        self.asks_for_states = True
        return super().in_state(machine, states, owner)


def _settings(said: dict[str, Any]) -> dict[str, Any]:
    """The variables of the tables that are known of who plays, by name."""
    policy = said["target"]
    known = {each.name: getattr(policy, each.name) for each in fields(policy)}
    if _MODE in said:
        known[_MODE] = said[_MODE].number
    return known
