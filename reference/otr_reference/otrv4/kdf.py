"""KDF, HWC, HCMAC and HashToScalar: SHAKE-256 under a usage id.

Sections "Key Derivation Function, Hash Function and MAC Function" and "HashToScalar". The first
three compute the same and differ in name; each here takes only the usages that the text gives it.
What each usage is for, and how long its output is, stands in `otr_model.otrv4.usages`.

Values are concatenated as they are. That is sound where every value but the last has a fixed length
in its usage, which is the caller's to see to.
"""

from __future__ import annotations

from hashlib import shake_256

from otr_model.otrv4.usages import PREFIX, Function, Usage
from otr_reference.ed448 import SCALAR_OCTETS, decode_scalar
from otr_reference.errors import Malformed

__all__ = ["hash_to_scalar", "hcmac", "hwc", "kdf", "under_byte"]

_USES = {usage: (usage.function, PREFIX + bytes((usage.byte,)), usage.size) for usage in Usage}
"""For each usage: whose it is, what is hashed in front, and how long the result is."""
_BYTE_LIMIT = 256


def kdf(usage: Usage, *values: bytes, size: int | None = None) -> bytes:
    """Derive a key.

    Args:
        usage: What for; one of the usages of KDF.
        values: What from, in order.
        size: Length of the key in bytes; the usage's own unless given.

    Raises:
        Malformed: The usage belongs to another function, or the size is negative (fields "usage"
            and "size").
    """
    return _shake(Function.KDF, usage, values, size)


def hwc(usage: Usage, *values: bytes, size: int | None = None) -> bytes:
    """Compute a hash; as `kdf`, with the usages of HWC."""
    return _shake(Function.HWC, usage, values, size)


def hcmac(usage: Usage, *values: bytes, size: int | None = None) -> bytes:
    """Compute a message authentication code; as `kdf`, with the usages of HCMAC.

    The first of the values is the MAC's key, whose length is fixed.
    """
    return _shake(Function.HCMAC, usage, values, size)


def under_byte(byte: int, *values: bytes, size: int) -> bytes:
    """Hash under a byte that is no usage id: the number of a proof of SMP, the index of a TLV.

    Args:
        byte: From 0 to 255. The text lets it be equal to the id of a usage.
        values: What to hash, in order.
        size: Length of the result in bytes, zero or more.

    Raises:
        Malformed: The byte is not one, or the size is negative (fields "usage" and "size").
    """
    if not 0 <= byte < _BYTE_LIMIT:
        raise Malformed(field="usage", reason="is not a byte")
    return _digest(PREFIX + bytes((byte,)), values, size)


def hash_to_scalar(usage: Usage | int, *values: bytes) -> int:
    """Hash values to a scalar: the first 57 bytes of HWC, little-endian.

    The text calls the integer a scalar without reducing it. It is reduced here: every equation that
    it enters is one modulo q, and SCALAR is decoded modulo q.

    Args:
        usage: One of the usages of HWC, or the byte that SMP tells its proofs apart by.
        values: What to hash, in order.

    Returns:
        A scalar from 0 to q - 1.

    Raises:
        Malformed: The usage belongs to another function, or the byte is not one (field "usage").
    """
    if isinstance(usage, Usage):
        return decode_scalar(hwc(usage, *values, size=SCALAR_OCTETS))
    return decode_scalar(under_byte(usage, *values, size=SCALAR_OCTETS))


def _shake(function: Function, usage: Usage, values: tuple[bytes, ...], size: int | None) -> bytes:
    """Hash under a usage, if it is one of the function's."""
    whose, start, usual = _USES[usage]
    if whose is not function:
        raise Malformed(field="usage", reason=f"is not one of {function.name}")
    return _digest(start, values, usual if size is None else size)


def _digest(start: bytes, values: tuple[bytes, ...], size: int) -> bytes:
    """Hash the start and all values."""
    if size < 0:
        raise Malformed(field="size", reason="is negative")
    return shake_256(b"".join((start, *values))).digest(size)
