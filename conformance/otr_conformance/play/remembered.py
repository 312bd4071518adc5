"""Suites that compute once what is asked for again.

All that is random in a lab follows from names, so that most cases begin as a hundred others do: the
same keys are drawn, the same secrets are shared, the same signatures are made and verified. What
takes long of that, the suite of a lab remembers.

An operation of a suite depends on its arguments alone, so that nothing else changes. The reference
itself remembers nothing: what is secret has to be forgotten. The secrets of a lab protect nobody.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["KEPT", "remembering"]

KEPT: Final = 4096
"""How many results of an operation are kept, those that were asked for last."""

S = TypeVar("S")


def remembering(suite: type[S], *operations: Callable[..., object]) -> type[S]:
    """A kind of suite in which operations are computed once for the same arguments.

    Suites that are derived from it remember, too, each for itself: what such an operation comes to
    may depend on one that was replaced.

    Args:
        suite: the original; it is not changed.
        operations: methods of it, whose arguments have hashes. What they raise is not remembered.
    """
    methods = {each.__name__: lru_cache(maxsize=KEPT)(each) for each in operations}
    return cast("type[S]", type(suite.__name__, (suite,), methods))
