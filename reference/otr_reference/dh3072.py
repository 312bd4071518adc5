"""The D-H keys of OTRv4's brace key, in the 3072-bit group.

Sections "3072-bit Diffie-Hellman Parameters", "Generating ECDH and DH keys" and "Shared Secrets".

The text serializes k_dh as a big-endian unsigned integer, and does not say how long that is. The
shortest encoding is what an MPI holds and what the known implementations hash (libotr-ng and otr4j,
read in 2026); it tells the length of a secret to a clock for one secret in 256. A fixed 384 octets
would not. `encode_k_dh` writes either.
"""

from __future__ import annotations

from typing import Final

from otr_model.otrv4.groups4 import DH_EXPONENT_SIZE, MODP_3072
from otr_reference.arith import Number, power_secret
from otr_reference.errors import Malformed
from otr_reference.modp import in_subgroup

__all__ = [
    "ELEMENT_OCTETS",
    "EXPONENT_OCTETS",
    "dh",
    "encode_k_dh",
    "exponent",
    "in_group",
    "public_key",
]

EXPONENT_OCTETS: Final = DH_EXPONENT_SIZE
"""Length of a private key."""

ELEMENT_OCTETS: Final = MODP_3072.size
"""Length of the longest public key."""

_P: Final = Number(MODP_3072.modulus)
_G3: Final = Number(MODP_3072.generator)


def exponent(octets: bytes) -> Number:
    """Read a private key from random octets, as generateDH does.

    Args:
        octets: 80 octets, taken as a big-endian integer; the text does not give their order.

    Raises:
        Malformed: There are more or fewer, or all of them are zero (field "r").
    """
    if len(octets) != EXPONENT_OCTETS:
        raise Malformed(field="r", reason=f"is not {EXPONENT_OCTETS} octets long")
    if not any(octets):
        raise Malformed(field="r", reason="is zero")
    return Number.from_bytes(octets, "big")


def public_key(secret: int) -> Number:
    """Compute the public key of a private one: g3 to the power of it.

    Raises:
        Malformed: The private key is less than one (field "exponent").
    """
    return power_secret(_G3, secret, _P)


def in_group(number: int) -> bool:
    """Tell whether an integer is a public key that a peer may have.

    Section "Verifying that an integer is in the DH group".

    Returns:
        True when it is from 2 to dh_p - 2, and its power of dh_q is 1.
    """
    return in_subgroup(number, MODP_3072)


def dh(secret: int, public: int) -> Number:
    """Compute k_dh of our private and their public key.

    Args:
        secret: One or more.
        public: A number that is `in_group`; this is not checked again.

    Raises:
        Malformed: The private key is less than one (field "exponent").
    """
    return power_secret(public, secret, _P)


def encode_k_dh(k_dh: int, *, fixed: bool = False) -> bytes:
    """Write k_dh for the KDF, big-endian.

    Args:
        k_dh: From 0 to dh_p - 1.
        fixed: Whether to write 384 octets always, in place of as few as hold the number.

    Raises:
        Malformed: It is negative, or dh_p or more (field "k_dh").
    """
    if not 0 <= k_dh < MODP_3072.modulus:
        raise Malformed(field="k_dh", reason="is not from 0 to dh_p - 1")
    return k_dh.to_bytes(ELEMENT_OCTETS if fixed else (k_dh.bit_length() + 7) // 8, "big")
