"""Comparing secrets without telling how much of them agreed.

The comparison is libsodium's: it looks at every byte, whatever it has seen before. That promise
ends at its own edge. Python may have copied either value, and the time that it takes to build
them is not hidden.
"""

from __future__ import annotations

from nacl.bindings import sodium_memcmp

__all__ = ["same"]


def same(a: bytes, b: bytes) -> bool:
    """Tell whether two secrets of public length are equal.

    Args:
        a: Octets, of any length.
        b: Octets, of any length.

    Returns:
        True when both have the same length and the same octets. The running time depends on the
        two lengths, which are taken to be public, and not on the octets.
    """
    return len(a) == len(b) and sodium_memcmp(a, b)
