"""How values are written: octets in hexadecimal digits, as they are hashed or sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from otr_reference import dh3072, ed448
from otr_reference.errors import OtrSpecError
from otr_reference.otrv4.real import RealSuite
from otr_reference.shake import shake256

if TYPE_CHECKING:
    from otr_model.kernel.export import Json
    from otr_reference.sorts import Element, Exponent, Scalar, Sort

__all__ = [
    "NOW",
    "SEED_OCTETS",
    "Disagreement",
    "Object",
    "as_element",
    "as_exponent",
    "as_hex",
    "as_scalar",
    "as_tag",
    "label",
]

Object: TypeAlias = "dict[str, Json]"

NOW: Final = 1_700_000_000
"""The time at which everything begins, in seconds since the start of 1970."""

SEED_OCTETS: Final = ed448.SEED_OCTETS
"""Length of a symmetric key, and of a random value that becomes a scalar."""


class Disagreement(OtrSpecError):
    """What would be written is not what the reference did. It is never raised by honest code."""


def as_hex(value: Sort | bytes) -> str:
    """Octets as they are."""
    return (value if isinstance(value, bytes) else RealSuite.to_bytes(value)).hex()


def as_scalar(value: Scalar | int) -> str:
    """A scalar as SCALAR: 57 bytes, little-endian. It is not reduced; a private key is above q."""
    number = value if isinstance(value, int) else RealSuite.to_int(value)
    return ed448.encode_scalar(number).hex()


def as_exponent(value: Exponent | int) -> str:
    """A DH private key: 80 bytes, big-endian."""
    number = value if isinstance(value, int) else RealSuite.to_int(value)
    return int(number).to_bytes(dh3072.EXPONENT_OCTETS, "big").hex()


def as_element(value: Element | int) -> str:
    """A DH public key: big-endian and as short as it can be, as in an MPI behind its length."""
    number = int(value if isinstance(value, int) else RealSuite.to_int(value))
    return number.to_bytes((number.bit_length() + 7) // 8, "big").hex()


def as_tag(value: int) -> str:
    """An instance tag or an identifier: 4 bytes, big-endian."""
    return f"{value:08x}"


def label(text: str, octets: int) -> bytes:
    """Octets that depend on a label alone: where others would be drawn, these are taken."""
    return shake256(f"otrspec vectors of OTRv4: {text}".encode(), octets)
