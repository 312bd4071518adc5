"""Suites that differ from another one in some operations, whatever the protocol.

Deviating senders and dialects are made so: nothing in the tables or in the steps branches on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otr_model.kernel.vocabulary import Check

__all__ = ["Deviation", "NotFalsifiable", "derived", "falsifying"]

S = TypeVar("S")

Deviation: TypeAlias = "Callable[[Any], Any]"
"""Makes a suite of a suite."""


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
        suite = deviations[check](suite)
    return suite


def derived(suite: S, **operations: Callable[..., Any]) -> S:
    """A suite that differs in some operations.

    Args:
        suite: the original; it is not changed.
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
    made.__dict__.update(getattr(suite, "__dict__", {}))
    return made
