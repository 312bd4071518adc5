"""The fixed values that the vectors are made of. Whatever is secret here has been published."""

from __future__ import annotations

from functools import cache
from hashlib import sha256, shake_256
from typing import TYPE_CHECKING, Final

from otr_model.otrv3 import schedules
from otr_reference.keys.dsa import DsaPrivate, DsaPublic
from otr_reference.otrv3.real import RealSuite

if TYPE_CHECKING:
    from otr_reference.otrv3.messages import DhPair

__all__ = ["ALICE", "BOB", "SUITE", "TAGS", "G", "P", "Q", "dsa_key", "number", "octets", "pair"]

P: Final = schedules.GROUP.modulus
Q: Final = schedules.GROUP.order
G: Final = schedules.GROUP.generator
SUITE: Final = RealSuite()
ALICE: Final = "alice"
BOB: Final = "bob"
TAGS: Final = {ALICE: 0x00000A11, BOB: 0x00000B0B}

_DSA_P: Final = int(
    "8d8758cc85d9447ac8318e3300fa2be3ad26de651a002ddb6930ee2c6f21eb56"
    "9b18becfebac72b2274acbd145ee8cfd121208d6ccd8973028e7c529814fb0c6"
    "3ae8717430fadf13c91acc21b654fc071a92661be5d0ebd298ac4206a8941b8b"
    "a7185304a7994d3cdd3f7f7aaefe04d129fe0d74c5e0158f08ae6c3afcda532f",
    16,
)
_DSA_Q: Final = 0xB0FFF47212D38069B5C27AA31A7B51567783C9F3
_DSA_G: Final = int(
    "8ce9f05a8045bab0b223f81b9573203f875502fed646ebe2e900a374bdb20fad"
    "bdced2161382a65fe9512db414d715b112820c49f5e32fc02f83ed41d8c8904d"
    "9f24c584c34814382bf5d0ded228de07c4801ced7403472333ab4159da757a84"
    "9784b2ca426491a964744db46bde4664b8a885cd044d9de0462e267f73487087",
    16,
)


def octets(label: str, size: int) -> bytes:
    """Octets that a label stands for."""
    return shake_256(f"otrspec vectors: {label}".encode()).digest(size)


def number(label: str, bits: int) -> int:
    """A number of exactly so many bits."""
    return int.from_bytes(octets(label, (bits + 7) // 8), "big") >> -bits % 8 | 1 << (bits - 1)


@cache
def dsa_key(label: str) -> DsaPrivate:
    """A long-term key; all have the same parameters."""
    x = int.from_bytes(sha256(label.encode()).digest(), "big") % (_DSA_Q - 1) + 1
    return DsaPrivate(DsaPublic(_DSA_P, _DSA_Q, _DSA_G, pow(_DSA_G, x, _DSA_P)), x)


@cache
def pair(label: str) -> DhPair:
    """A D-H key pair."""
    return SUITE.fresh_pair(SUITE.seed(octets(label, 32)), 1)
