"""Suites that differ from another one in some operations, whatever the protocol.

Deviating senders and dialects are made so: nothing in the tables or in the steps branches on them.
Some remember what they were asked for. Who copies a participant copies that as well (`forked`).
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otr_model.kernel.vocabulary import Check

__all__ = ["Deviation", "NotFalsifiable", "derived", "deviated", "falsifying", "forked"]

S = TypeVar("S")

Deviation: TypeAlias = "Callable[[Any], Any]"
"""Makes a suite of a suite."""
_ORIGIN: Final = "deviates from"
"""The attribute of a suite that says of which other it was made, and how."""
_MEMORY: Final = "remembers"
"""The attribute of a suite that has what its operations remember."""


class NotFalsifiable(OtrSpecError):
    """No deviation is known for a check."""


def falsifying(suite: S, checks: frozenset[Check], deviations: Mapping[Check, Deviation]) -> S:
    """A suite like the given one, whose messages fail the checks.

    Args:
        suite: the original; it is not changed.
        checks: what is to fail.
        deviations: for each check, what makes a suite whose messages fail it.

    Raises:
        NotFalsifiable: if there is a check that no deviation is known for.
    """
    for check in sorted(checks, key=lambda c: c.name):
        if check not in deviations:
            message = f"there is no deviation that fails {check.name}"
            raise NotFalsifiable(message)
        suite = deviated(suite, deviations[check])
    return suite


def deviated(suite: S, deviation: Deviation) -> S:
    """A suite made by a deviation, so that it can be forked."""
    made: S = deviation(suite)
    if made is not suite:
        vars(made)[_ORIGIN] = suite, deviation
    return made


def forked(suite: S) -> S:
    """A suite that does the same, has the same memory, and goes on by itself.

    Suites that remember nothing are given back, and so are those that `deviated` has not made.
    """
    own = getattr(suite, "__dict__", {})
    if not own.get(_MEMORY) or _ORIGIN not in own:
        return suite
    base, deviation = own[_ORIGIN]
    made: S = deviated(forked(base), deviation)
    for kept, fresh in zip(own[_MEMORY], vars(made)[_MEMORY], strict=True):
        vars(fresh).update({name: copy(value) for name, value in vars(kept).items()})
    return made


def derived(suite: S, memory: object = None, **operations: Callable[..., Any]) -> S:
    """A suite that differs in some operations.

    Args:
        suite: the original; it is not changed.
        memory: what its operations remember: an object whose attributes are values, or collections
            of values that never change.
        operations: what replaces an operation, by its name. It is called with the original suite
            and the operation's arguments.
    """
    base = suite
    methods = {
        name: (lambda _self, *args, _operation=operation: _operation(base, *args))
        for name, operation in operations.items()
    }
    kind = type(f"Deviating{type(suite).__name__}", (type(suite),), methods)
    made: S = object.__new__(kind)
    own = vars(made)
    own.update(getattr(suite, "__dict__", {}))
    own.pop(_ORIGIN, None)
    if memory is not None:
        own[_MEMORY] = (*own.get(_MEMORY, ()), memory)
    return made
