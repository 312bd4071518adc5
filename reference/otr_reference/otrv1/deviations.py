"""What variants of OTRv1 override: suites whose replies sign something of the other side.

Over either suite the same: only operations of `Suite` are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from otr_reference.derive import Deviation, derived
from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otr_reference.sorts import Element, Octets, PublicKey

    from .messages import Bound
    from .suite import Suite

__all__ = ["OVERRIDES", "UnknownOverride", "overriding"]

S = TypeVar("S", bound="Suite")


class UnknownOverride(OtrSpecError):
    """A variant overrides an operation in a way that is not known."""


def overriding(suite: S, overrides: Mapping[str, str]) -> S:
    """A suite like the given one, in which operations differ as a variant says.

    Args:
        suite: the original; it is not changed.
        overrides: how each operation differs, as the edits `Override` of a variant say; none: the
            original is given back.

    Raises:
        UnknownOverride: if an operation is overridden in a way that `OVERRIDES` does not have.
    """
    for named in overrides.items():
        if named not in OVERRIDES:
            message = f"no operation {named[0]} is known that is {named[1]}"
            raise UnknownOverride(message)
        suite = OVERRIDES[named](suite)
    return suite


def _binding(bind: Callable[[Suite, Octets, PublicKey, Bound], Octets]) -> Deviation:
    """What is signed in a reply has something bound to it."""

    def signed_value(  # noqa: PLR0913, PLR0917 - the suite, and the operation's arguments
        base: Suite, reply: int, public: PublicKey, keyid: int, y: Element, bound: Bound | None
    ) -> Octets:
        value = base.signed_value(reply, public, keyid, y, None)
        return value if bound is None else bind(base, value, public, bound)

    return lambda suite: derived(suite, signed_value=signed_value)


OVERRIDES: dict[tuple[str, str], Deviation] = {
    ("signed_value", "mac-of-identity"): _binding(
        lambda base, value, public, bound: base.with_mac(value, bound.key, public)
    ),
    ("signed_value", "peer-named"): _binding(
        lambda base, value, _public, bound: base.with_peer(value, bound.peer)
    ),
}
"""For each way in which a variant overrides an operation, what makes such a suite."""
