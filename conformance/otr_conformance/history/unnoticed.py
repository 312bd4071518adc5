"""Why no case of the suite notices some flaws, and why no scenario looks for some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["UNNOTICED", "UNSEARCHED"]

UNNOTICED: Final[Mapping[str, str]] = {
    "otrv4.flaw:ring-randoms": (
        "The numbers of one signature prove nothing, and cases compare what a target does, not "
        "how its random numbers are distributed."
    ),
}
"""By the id of the flaw: why no case notices a target that has it."""

_SIGNATURE: Final = (
    "It shows in a record, and no property of a joint state asks what a judge makes of a signature."
)

UNSEARCHED: Final[Mapping[str, str]] = {
    "otrv1.flaw:stolen-exponent": (
        "A scenario can give an attacker long-term keys, and not an exponent that was used once."
    ),
    "otrv3.flaw:commitment-undone": (
        "It is about what somebody could still choose, which no property of a joint state asks."
    ),
    "otrv4.flaw:transition-unverified": (
        "Who is misled trusts a key of version 3, and no property of version 4 asks about those."
    ),
    "otrv4.flaw:ring-twice": _SIGNATURE,
    "otrv4.flaw:ring-randoms": _SIGNATURE,
}
"""By the id of the flaw: why it is not searched for."""
