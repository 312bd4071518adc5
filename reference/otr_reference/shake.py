"""SHAKE-256, with its output counted in bytes as RFC 8032 and OTRv4 do."""

from __future__ import annotations

from hashlib import shake_256

__all__ = ["shake256"]


def shake256(data: bytes, size: int) -> bytes:
    """Hash data to as many bytes as are wanted.

    SHAKE-256(x, y) of the section "Key Derivation Function, Hash Function and MAC Function", and of
    FIPS 202 with d = 8y.

    Args:
        data: Any octets.
        size: How many bytes of the output to give, zero or more.
    """
    return shake_256(data).digest(size)
