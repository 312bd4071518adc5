"""The circumstances in which a row is to be taken: policies, and checks that fail.

A cell asks about some policies. Each combination of them that does not rule a row out is one
obligation: who obeys one policy may well forget another. A row that says what happens if a message
is not valid is to be taken once for each check that may fail.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from otr_model.kernel.composition import checks_of
from otr_model.kernel.expr import BoolVar, Compare, IntArray, IntVar, Number, Reading, Scope
from otr_model.kernel.vocabulary import Defined

from .boundaries import comparisons

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from otr_model.kernel.composition import AnyRow, Composition
    from otr_model.kernel.expr import Bool
    from otr_model.kernel.guard import Guard
    from otr_model.kernel.vocabulary import Condition
    from otr_model.kernel.words import Word

__all__ = ["Policies", "failing", "policies_of"]

_Truths = frozenset[bool]
_BOTH: _Truths = frozenset({False, True})
VERSIONS: Final = (2, 3)
"""The versions of messages that tables ask about; others have events of their own."""


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies that a cell asks about.

    Attributes:
        names: of them, in the order of the alphabet.
        possible: their values, with which a row can be taken.
    """

    names: tuple[str, ...]
    possible: tuple[tuple[bool, ...], ...]

    def text(self, row: str, values: tuple[bool, ...]) -> str:
        """A combination in words."""
        words = [n if yes else f"not {n}" for n, yes in zip(self.names, values, strict=True)]
        return f"{row}: {', '.join(words)}"

    def none_allowed(self, values: tuple[bool, ...]) -> bool:
        """Whether a combination that names versions allows none of them."""
        versions = [
            yes for name, yes in zip(self.names, values, strict=True) if name.startswith("allow_")
        ]
        return len(versions) > 1 and not any(versions)

    def given(self, policy: Any) -> tuple[bool, ...]:  # noqa: ANN401 - each protocol has its own
        """The combination of a policy."""
        return tuple(bool(getattr(policy, name)) for name in self.names)


class _Possible(Reading[int | None, _Truths]):
    """What may be true, where only policies, the mode and the version of a message are known."""

    def __init__(
        self, policies: Mapping[str, bool], version: int, settings: Mapping[str, int]
    ) -> None:
        self.policies = policies
        self.version = version
        self.settings = settings

    def number(self, value: int) -> int | None:
        """Itself."""
        return value

    def integer(self, variable: IntVar) -> int | None:
        """The version or the mode, or anything."""
        if variable.scope is Scope.ENDPOINT:
            return self.settings.get(variable.name)
        is_version = variable.scope is Scope.MESSAGE and variable.name == "version"
        return self.version if is_version else None

    def element(self, array: IntArray, at: tuple[int | None, ...]) -> int | None:
        """Anything."""

    def plus(self, left: int | None, right: int | None) -> int | None:
        """Anything."""

    def minus(self, left: int | None, right: int | None) -> int | None:
        """Anything."""

    def remainder(self, left: int | None, divisor: int) -> int | None:
        """Anything."""

    def choose(self, when: _Truths, then: int | None, otherwise: int | None) -> int | None:
        """Anything."""

    def truth(self, value: bool) -> _Truths:  # noqa: FBT001 - see Reading.truth
        """Itself."""
        return frozenset({value})

    def flag(self, variable: BoolVar) -> _Truths:
        """A policy is known."""
        known = self.policies.get(variable.name)
        if variable.scope is not Scope.ENDPOINT or known is None:
            return _BOTH
        return frozenset({known})

    def compare(self, how: Compare, left: int | None, right: int | None) -> _Truths:
        """Known of the version; otherwise either way."""
        if left is None or right is None:
            return _BOTH
        match how:
            case Compare.EQUAL:
                return frozenset({left == right})
            case Compare.LESS:
                return frozenset({left < right})
            case Compare.AT_MOST:
                return frozenset({left <= right})

    def negation(self, part: _Truths) -> _Truths:
        """Not."""
        return frozenset(not truth for truth in part)

    def conjunction(self, parts: tuple[_Truths, ...]) -> _Truths:
        """All."""
        return frozenset(map(all, product(*parts)))

    def disjunction(self, parts: tuple[_Truths, ...]) -> _Truths:
        """Any."""
        return frozenset(map(any, product(*parts)))

    def in_state(self, machine: str, states: tuple[Word, ...], owner: str) -> _Truths:  # noqa: ARG002 - states are not known
        """Either way."""
        return _BOTH


def policies_of(composition: Composition) -> dict[str, Policies]:
    """For each row the policies that its cell asks about, where there are any."""
    found: dict[str, Policies] = {}
    settings = _settings(composition)
    for table in composition.tables:
        for rows in table.index.values():
            asked = dict.fromkeys(c for row in rows for c in row.when.atoms())
            names = tuple(sorted({name for c in asked for name in _flags(c)}))
            if names:
                found |= {
                    row.id: Policies(names, tuple(_allowed(row, names, settings))) for row in rows
                }
    return found


def _settings(composition: Composition) -> tuple[dict[str, int], ...]:
    """The values of numbers that an endpoint is given, such as its mode, as far as they matter.

    Those that are compared with constants, and for each one value more: none of these.
    """
    asked: dict[str, set[int]] = {}
    for condition in composition.conditions:
        if isinstance(condition.spec, Defined):
            for name, value in _settled(condition.spec.expr):
                asked.setdefault(name, set()).add(value)
    values = [sorted({*known, max(known) + 1}) for known in asked.values()]
    return tuple(dict(zip(asked, chosen, strict=True)) for chosen in product(*values))


def _settled(expr: Bool) -> Iterator[tuple[str, int]]:
    """The numbers of the endpoint that are compared with constants, and these."""
    for each in comparisons(expr):
        if each.how is Compare.EQUAL and isinstance(each.right, Number):
            left = each.left
            if isinstance(left, IntVar) and left.scope is Scope.ENDPOINT:
                yield left.name, each.right.value


def _flags(condition: Condition) -> Iterator[str]:
    if isinstance(condition.spec, Defined):
        for variable in condition.spec.expr.variables():
            if isinstance(variable, BoolVar) and variable.scope is Scope.ENDPOINT:
                yield variable.name


def _allowed(
    row: AnyRow, names: tuple[str, ...], settings: tuple[dict[str, int], ...]
) -> Iterator[tuple[bool, ...]]:
    """The combinations with which a row is not ruled out, whatever the version and the mode."""
    for values in product((False, True), repeat=len(names)):
        policies = dict(zip(names, values, strict=True))
        if any(
            _may_be_taken(row, _Possible(policies, version, given))
            for version, given in product(VERSIONS, settings)
        ):
            yield values


def _may_be_taken(row: AnyRow, reading: _Possible) -> bool:
    known = {
        condition: next(iter(truths))
        for condition in row.when.atoms()
        if isinstance(condition.spec, Defined)
        for truths in [_truths(condition.spec.expr, reading)]
        if len(truths) == 1
    }
    return row.when.settle(known) is not False


def _truths(expr: Bool, reading: _Possible) -> _Truths:
    return expr.read(reading)


def failing(row: AnyRow) -> Iterator[str]:
    """The checks of which one has failed where a row is taken, by their labels.

    What parsing settles is not among them.
    """
    for condition in _denied(row.when):
        for check in checks_of(condition):
            if not check.spec.structural:
                yield check.label


def _denied(guard: Guard) -> Iterator[Condition]:
    """The conditions that have to be false."""
    for condition in guard.atoms():
        if guard.settle({condition: True}) is False:
            yield condition
