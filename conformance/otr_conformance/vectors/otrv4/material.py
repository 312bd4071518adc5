"""The fixed values that the vectors are made of. Whatever is secret here has been published."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from otr_conformance.vectors.otrv3.material import ALICE, BOB, TAGS, dsa_key, number, octets
from otr_model.otrv4.groups4 import ED448, MODP_3072
from otr_reference import ed448
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.wire import encode_client_profile

if TYPE_CHECKING:
    from otr_reference.otrv4.messages import ClientProfile
    from otr_reference.otrv4.suite import DhPair, EcdhPair, LongTerm

__all__ = [
    "ALICE",
    "BAD_POINTS",
    "BOB",
    "DAY",
    "NOW",
    "PRIME",
    "SUITE",
    "TAGS",
    "P",
    "Q",
    "bad_elements",
    "dh",
    "dsa_key",
    "ecdh",
    "element",
    "exponent",
    "long_term",
    "number",
    "octets",
    "profile",
    "profile_octets",
    "scalar",
    "seed",
    "written",
]

SUITE: Final = RealSuite()
NOW: Final = 1_700_000_000
DAY: Final = 86400
PRIME: Final = ED448.prime
Q: Final = ED448.order
P: Final = MODP_3072.modulus


def seed(label: str) -> bytes:
    """A symmetric key, or a random value: 57 octets."""
    return octets(label, 57)


@cache
def long_term(who: str, *, dsa: bool = False) -> LongTerm:
    """The long-term keys of somebody."""
    return SUITE.long_term(
        seed(f"sym_h of {who}"), seed(f"forging key of {who}"), dsa_key(who) if dsa else None
    )


@cache
def ecdh(label: str) -> EcdhPair:
    """An ECDH key pair."""
    return SUITE.fresh_ecdh(SUITE.seed(octets(f"ecdh {label}", 32)), 1)


@cache
def dh(label: str) -> DhPair:
    """A DH key pair."""
    return SUITE.fresh_dh(SUITE.seed(octets(f"dh {label}", 32)), 1)


@cache
def profile(who: str, *, dsa: bool = False, expiration: int = NOW + 7 * DAY) -> ClientProfile:
    """A client profile of somebody."""
    versions = frozenset({3, 4}) if dsa else frozenset({4})
    keys = long_term(who, dsa=dsa)
    return SUITE.client_profile(
        keys, TAGS[who], versions, expiration, SUITE.seed(octets(f"profile of {who}", 32))
    )


def profile_octets(who: str, *, dsa: bool = False) -> bytes:
    """The same in octets."""
    return encode_client_profile(profile(who, dsa=dsa))


def scalar(value: object) -> bytes:
    """A scalar, not reduced, in 57 octets."""
    return int(cast("Any", value)).to_bytes(57, "little")


def element(value: object) -> bytes:
    """A DH key without zeros in front."""
    number = int(cast("Any", value))
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def exponent(value: object) -> bytes:
    """A DH private key: 80 octets."""
    return int(cast("Any", value)).to_bytes(80, "big")


def written(point: ed448.Point) -> bytes:
    """POINT."""
    return point.encode()


_ORDER_2: Final = (PRIME - 1).to_bytes(57, "little")
_BASE: Final = ed448.BASE
_TWO: Final = ed448.decode(_ORDER_2)
_FOUR: Final = ed448.decode(bytes(57))

BAD_POINTS: Final[dict[str, tuple[str, bytes]]] = {
    "identity": ("the identity", written(ed448.IDENTITY)),
    "order-2": ("(0, -1), which is of order 2", _ORDER_2),
    "order-4": ("all zeros, which is a point of order 4", bytes(57)),
    "order-4-negative": ("the other point of order 4", bytes(56) + b"\x80"),
    "base-and-order-2": ("G and a point of order 2", written(_BASE + _TWO)),
    "base-and-order-4": ("G and a point of order 4", written(_BASE + _FOUR)),
    "off-curve": ("no x belongs to y = 2", b"\2" + bytes(56)),
    "y-is-p": ("y is p, which is 0 modulo p", PRIME.to_bytes(57, "little")),
    "y-above-p": ("y is p + 1, which is 1 modulo p", (PRIME + 1).to_bytes(57, "little")),
    "y-all-ones": ("all bits are set", b"\xff" * 57),
    "sign-of-zero": ("the identity with the sign of x set", b"\1" + bytes(55) + b"\x80"),
    "sign-of-zero-order-2": ("(0, -1) with the sign of x set", _ORDER_2[:56] + b"\x80"),
    "unused-bit": (
        "G with an unused bit of its last octet set",
        written(_BASE)[:56] + bytes((written(_BASE)[56] | 1,)),
    ),
    "unused-high-bit": (
        "G with another unused bit set",
        written(_BASE)[:56] + bytes((written(_BASE)[56] | 0x40,)),
    ),
    "big-endian": ("G in the other order of octets", written(_BASE)[::-1]),
}
"""57 octets that are no point of the group."""


def bad_elements() -> dict[str, tuple[str, int]]:
    """Numbers that are no DH keys."""
    outside = next(n for n in range(3, 100) if not SUITE.in_dh_group(SUITE.element(n)))
    return {
        "zero": ("0", 0),
        "one": ("1", 1),
        "p-less-one": ("dh_p - 1, which is of order 2", P - 1),
        "p": ("dh_p", P),
        "p-and-one": ("dh_p + 1", P + 1),
        "p-and-two": ("dh_p + 2, which is 2 modulo dh_p", P + 2),
        "outside": (f"{outside}, which is outside of the subgroup", outside),
        "negative": (
            "dh_p less a legal key, which is outside",
            P - SUITE.to_int(dh("prekey").public),
        ),
        "longer": ("a number of more octets than dh_p", P << 8),
    }
