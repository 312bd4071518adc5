"""Why no case of the suite notices some flaws, and why no scenario looks for some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["UNNOTICED", "UNSEARCHED"]

UNNOTICED: Final[Mapping[str, str]] = {}
"""By the id of the flaw: why no case notices a target that has it."""

UNSEARCHED: Final[Mapping[str, str]] = {
    "otrv3.flaw:commitment-undone": (
        "It is about what somebody could still choose, which no property of a joint state asks."
    ),
}
"""By the id of the flaw: why it is not searched for."""
