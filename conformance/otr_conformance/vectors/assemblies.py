"""Names of what is done to the fragments of a message, for both formats."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Final

from .kinds import Flag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Cut = Callable[..., str]

__all__ = ["PIECES", "orders", "repeats"]

PIECES: Final = ("?OTR Error: ERROR_1: one", "; two", "; three")
"""The pieces of the message that most sequences are about."""


def orders(cut: Cut) -> Iterator[tuple[str, str, Flag, list[str]]]:
    """Every order of three pieces, and of fewer."""
    count = len(PIECES)
    for size in range(1, count + 1):
        for order in permutations(range(1, count + 1), size):
            name = "".join(map(str, order))
            about = f"pieces {', '.join(map(str, order))} of three, in this order"
            flag = Flag.NORMAL if order == tuple(range(1, count + 1)) else Flag.SEQUENCE
            yield f"order.{name}", about, flag, [cut(k, count) for k in order]


def repeats(cut: Cut) -> Iterator[tuple[str, str, Flag, list[str]]]:
    """A piece comes again, before or after it was used."""
    count = len(PIECES)
    for order in ("1123", "1223", "1233", "12123", "12312", "123123", "1213", "1323", "11", "111"):
        pieces = [cut(int(k), count) for k in order]
        yield f"again.{order}", f"pieces {', '.join(order)} of three", Flag.REPLAY, pieces
