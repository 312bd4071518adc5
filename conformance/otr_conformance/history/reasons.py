"""Why neither a proof nor a search catches some variants.

A variant that nothing catches and that has no sentence here fails a test; so does one that is
caught and has one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NEITHER"]

NEITHER: Final[Mapping[str, str]] = {}
"""By the id of the variant."""
