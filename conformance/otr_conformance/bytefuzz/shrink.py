"""Makes an input smaller that breaks a promise, as long as it breaks the same one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TRIES", "shrunk"]

TRIES: Final = 3000
"""How often an input is tried, at most."""


def shrunk(data: bytes, breaks: Callable[[bytes], bool], tries: int = TRIES) -> bytes:
    """Leave out what is not needed, in smaller and smaller pieces; then make octets plain.

    Args:
        data: an input for which `breaks` holds.
        breaks: whether an input breaks the same promise.
        tries: how often it is asked, at most.
    """
    left = [tries]

    def holds(candidate: bytes) -> bool:
        left[0] -= 1
        return left[0] >= 0 and breaks(candidate)

    size = max(1, len(data) // 2)
    while left[0] > 0:
        smaller = _without(data, size, holds)
        if len(smaller) == len(data) and size == 1:
            break
        size = max(1, min(size // 2, len(smaller) // 2)) if len(smaller) == len(data) else size
        data = smaller
    return _plain(data, holds)


def _without(data: bytes, size: int, holds: Callable[[bytes], bool]) -> bytes:
    """Leave out every piece of a size that is not needed, from the end."""
    place = len(data) - size
    while place >= 0:
        candidate = data[:place] + data[place + size :]
        if holds(candidate):
            data = candidate
        place -= size
    return data


def _plain(data: bytes, holds: Callable[[bytes], bool]) -> bytes:
    """Put a zero in the place of what can be anything."""
    for place, octet in enumerate(data):
        if octet in b"0\0":
            continue
        for plain in (b"\0", b"0"):
            candidate = data[:place] + plain + data[place + 1 :]
            if holds(candidate):
                data = candidate
                break
    return data
