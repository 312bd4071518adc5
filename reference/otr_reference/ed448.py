"""Ed448-Goldilocks: points, scalars, key pairs and signatures.

The one module that touches pycryptodome, whose point arithmetic it wraps, and cryptography's
Ed448. Sections "Elliptic Curve Parameters", "Encoding and Decoding", "Public keys, Shared Prekeys,
Forging keys and Fingerprints" and "Generating Shared Secrets" of OTRv4; RFC 8032, section 5.2.

A `Point` is any point of the curve: decoding does not ask for its order, and `in_group` is the
question that a receiver has to ask. A scalar is an `int`; 57 octets, little-endian, on the wire.

**Membership.** The text multiplies by q, which takes six times as long as what runs here. The
curve's group is cyclic of order 4q, so that the multiples of G are the points that can be halved
twice. For a point with x and y other than zero, a half exists when 1 - d x^2 is a square; from the
doubling formulas, a half of that half exists when (1 - y)(1 + s) is *not* a square, where s is the
root of 1 - d x^2 that is itself a square. One root and one Legendre symbol decide. The tests
compare with q times the point over all four cosets; T. Pornin, "Point-Halving and Subgroup
Membership in Twisted Edwards Curves" (2022), has the general method.

**What a clock sees.** `A * a`, and what is built on it, keeps the scalar inside a C library that
is written to take the same time whatever its bits are: it goes in at fixed length, with blinding.
Signing is OpenSSL's, with the same aim. Around them is Python: to turn octets into an integer,
reduce it modulo q, add and multiply scalars takes time that depends on the values, and nothing is
ever wiped. `times_public`, `combine_public`, `decode` and `in_group` make no attempt: they are
for what went over the network. Decoded points are kept for a while, and so may show in memory which
public keys were seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, final

from Crypto.Math.Numbers import Integer
from Crypto.PublicKey.ECC import EccPoint
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey, Ed448PublicKey

from otr_model.otrv4.groups4 import ED448
from otr_reference.arith import Number, invert, power
from otr_reference.constant_time import same
from otr_reference.errors import Malformed
from otr_reference.modp import legendre
from otr_reference.shake import shake256

__all__ = [
    "BASE",
    "IDENTITY",
    "ORDER",
    "POINT_OCTETS",
    "SCALAR_OCTETS",
    "SEED_OCTETS",
    "SIGNATURE_OCTETS",
    "KeyPair",
    "Point",
    "combine_public",
    "decode",
    "decode_scalar",
    "decode_scalar_strict",
    "ecdh",
    "encode_scalar",
    "forging_key",
    "hash_and_prune",
    "hash_uniform",
    "is_valid",
    "keypair",
    "multiply_base",
    "sign",
    "verify",
]

POINT_OCTETS: Final = ED448.size
"""Length of POINT."""

SCALAR_OCTETS: Final = ED448.size
"""Length of SCALAR."""

SEED_OCTETS: Final = ED448.size
"""Length of a symmetric key, and of any random value that becomes a scalar."""

SIGNATURE_OCTETS: Final = 2 * ED448.size
"""Length of EDDSA-SIG."""

ORDER: Final = ED448.order
"""q, the order of the base point."""

_CURVE: Final = "Ed448"
_P: Final = Number(ED448.prime)
_D: Final = Number(ED448.d)
_ROOT: Final = (_P + 1) // 4  # as an exponent it gives the root of a square that is itself a square
_COORDINATE_OCTETS: Final = POINT_OCTETS - 1
_SIGN: Final = 1 << 8 * POINT_OCTETS - 1
_POINTS_KEPT: Final = 256


@final
class Point:
    """A point of the curve, with the text's notation: A + B, A - B, -A, and A * a.

    Two are equal when their coordinates are. `decode` makes one, of what a peer sent.
    """

    __slots__ = ("_encoded", "_in_group", "_raw")

    _encoded: bytes | None
    _in_group: bool | None
    _raw: EccPoint

    def __init__(self, raw: EccPoint, encoded: bytes | None = None) -> None:
        self._raw = raw
        self._encoded = encoded
        self._in_group = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Point) and self._raw == other._raw

    def __hash__(self) -> int:
        return hash(self.encode())

    def __repr__(self) -> str:
        return f"Point({self.encode().hex()})"

    def __add__(self, other: Point) -> Point:
        return Point(self._raw + other._raw)

    def __neg__(self) -> Point:
        return Point(-self._raw)

    def __sub__(self, other: Point) -> Point:
        return Point(self._raw + -other._raw)

    def __mul__(self, scalar: int) -> Point:
        """Multiply by a secret scalar.

        The base point is recognised, and takes a third of the time.

        Args:
            scalar: Zero or more. It is not reduced first, since q times a point need not be I.

        Raises:
            Malformed: The scalar is negative (field "scalar").
        """
        return self._times(scalar, public=False)

    def times_public(self, scalar: int) -> Point:
        """Multiply by a scalar that everybody may know, which is somewhat faster.

        Raises:
            Malformed: The scalar is negative (field "scalar").
        """
        return self._times(scalar, public=True)

    def _times(self, scalar: int, *, public: bool) -> Point:
        """Multiply, with the scalar in the library's own type, which it hides unless public."""
        if scalar < 0:
            raise Malformed(field="scalar", reason="is negative")
        number = Integer(int(scalar), public=public)
        return Point(self._raw * number)  # type: ignore[operator] # it takes its own type too

    def encode(self) -> bytes:
        """Write the point as POINT: y, little-endian, and the lowest bit of x as the highest."""
        if self._encoded is None:
            x, y = self._raw.xy
            self._encoded = y.to_bytes(_COORDINATE_OCTETS, "little") + bytes(((x & 1) << 7,))
        return self._encoded

    def in_group(self) -> bool:
        """Tell whether the point is a multiple of G, and not I.

        Section "Verifying that a point is on the curve", for which only points of order q are on
        it. Coordinates in range and the curve's equation hold for every `Point` already. The head
        of this module says why no multiplication by q is needed.
        """
        if self._in_group is None:
            self._in_group = _halves_twice(_y(self.encode()))
        return self._in_group


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private scalar and its public point.

    Two are equal when their public halves are; the scalar is neither compared nor shown.

    Attributes:
        public: The multiple of G.
        secret: The scalar, pruned: a multiple of 4 from 2^447 to 2^448 - 4, not reduced modulo q.
    """

    public: Point
    secret: int = field(repr=False, compare=False)


# --- Encoding -------------------------------------------------------------------------------------


@lru_cache(maxsize=_POINTS_KEPT)
def decode(data: bytes) -> Point:
    """Read a POINT that fills the data; points that came lately are remembered.

    Args:
        data: Any octets.

    Returns:
        A point of the curve, of any order: ask `in_group`.

    Raises:
        Malformed: There are more or fewer than 57 octets; y is p or more, which covers the seven
            bits above it; no x fits y; or x is zero and marked as odd. The field is "POINT".
    """
    if len(data) != POINT_OCTETS:
        raise Malformed(field="POINT", reason=f"is not {POINT_OCTETS} octets long")
    y = _y(data)
    if y >= _P:
        raise Malformed(field="POINT", reason="has a y that is not less than p")
    y_squared = y * y % _P
    # The denominator is never zero, because d is not a square.
    x_squared = (y_squared - 1) * invert(_D * y_squared - 1, _P) % _P
    x = power(x_squared, _ROOT, _P)
    if x * x % _P != x_squared:
        raise Malformed(field="POINT", reason="is not on the curve")
    odd = data[-1] >> 7
    if odd and not x:
        raise Malformed(field="POINT", reason="has a negative zero for x")
    if (x & 1) != odd:
        x = _P - x
    return Point(EccPoint(int(x), int(y), _CURVE), data)


def encode_scalar(scalar: int) -> bytes:
    """Write a scalar as SCALAR.

    It writes what it is given: what goes on the wire is to be reduced modulo q first, since a value
    that is not shows how it was made.

    Args:
        scalar: From 0 to 2^456 - 1.

    Raises:
        Malformed: It is out of that range (field "SCALAR").
    """
    if not 0 <= scalar < 1 << 8 * SCALAR_OCTETS:
        raise Malformed(field="SCALAR", reason=f"does not fit into {SCALAR_OCTETS} octets")
    return scalar.to_bytes(SCALAR_OCTETS, "little")


def decode_scalar(data: bytes) -> int:
    """Read a SCALAR modulo q, as the text decodes one.

    Args:
        data: Any octets.

    Returns:
        A scalar from 0 to q - 1. About a thousand different values of the data give the same.

    Raises:
        Malformed: There are more or fewer than 57 octets (field "SCALAR").
    """
    return _scalar_octets(data) % ORDER


def decode_scalar_strict(data: bytes) -> int:
    """Read a SCALAR that is reduced already.

    Raises:
        Malformed: There are more or fewer than 57 octets, or the value is q or more (field
            "SCALAR").
    """
    scalar = _scalar_octets(data)
    if scalar >= ORDER:
        raise Malformed(field="SCALAR", reason="is not less than q")
    return scalar


def _scalar_octets(data: bytes) -> int:
    """Read the integer of a SCALAR."""
    if len(data) != SCALAR_OCTETS:
        raise Malformed(field="SCALAR", reason=f"is not {SCALAR_OCTETS} octets long")
    return int.from_bytes(data, "little")


# --- Arithmetic -----------------------------------------------------------------------------------

BASE: Final = Point(EccPoint(*ED448.base, _CURVE))
"""G, the base point."""

IDENTITY: Final = Point(EccPoint(0, 1, _CURVE))
"""I, the point that changes nothing when it is added."""

_IDENTITY_ENCODED: Final = IDENTITY.encode()
_ALL_ZERO: Final = bytes(POINT_OCTETS)


def multiply_base(scalar: int) -> Point:
    """Multiply the base point by a secret scalar: G * s.

    Raises:
        Malformed: The scalar is negative (field "scalar").
    """
    return BASE * scalar


def combine_public(a: Point, r: int, b: Point, c: int) -> Point:
    """Compute A * r + B * c, with scalars that everybody may know.

    Two multiplications in C: the doublings alone of an interleaved one take twice as long in
    Python.

    Raises:
        Malformed: A scalar is negative (field "scalar").
    """
    return a.times_public(r) + b.times_public(c)


def _y(encoded: bytes) -> Number:
    """Take y out of a POINT."""
    return Number.from_bytes(encoded, "little") & (_SIGN - 1)


def _halves_twice(y: Number) -> bool:
    """Tell whether a point with this y is of order q; either x will do."""
    if y in {0, 1, _P - 1}:  # of order 4, 1 and 2
        return False
    rest = (1 - _D * y * y) % _P
    s_squared = (1 - _D) * invert(rest, _P) % _P  # 1 - d x^2, by the curve's equation
    s = power(s_squared, _ROOT, _P)
    return s * s % _P == s_squared and legendre((1 - y) * (1 + s) % _P, _P) == -1


def is_valid(data: bytes) -> bool:
    """Tell whether octets are a POINT that a peer may send: decodable, and `in_group`."""
    try:
        return decode(data).in_group()
    except Malformed:
        return False


# --- Keys -----------------------------------------------------------------------------------------


def _prune(octets: bytes) -> int:
    """Make 57 octets a scalar: a multiple of 4 with bit 447 as its highest."""
    number = int.from_bytes(octets, "little") & ((1 << 448) - 4)
    return number | 1 << 447


def hash_and_prune(value: bytes) -> int:
    """Make a random value a scalar as the text does.

    Section "Considerations while working with elliptic curve parameters".

    Two warnings. The result is above q. And what is pruned stays recognisable when it is reduced
    modulo q: it leaves 2 or 3 modulo 4 (almost never 0), where a scalar of Z_q leaves anything.
    That does no harm to a private key, and does to what is published beside scalars that are not
    pruned: see `otrv4.ring`.

    Args:
        value: 57 random octets.

    Returns:
        A multiple of 4 from 2^447 to 2^448 - 4.
    """
    return _prune(shake256(value, SCALAR_OCTETS))


def hash_uniform(value: bytes) -> int:
    """Make a random value a scalar from 0 to q - 1, all as likely as one another.

    SHAKE-256(value, 114) modulo q: the bias is below 2^-465.

    Args:
        value: 57 random octets.
    """
    return int.from_bytes(shake256(value, 2 * SCALAR_OCTETS), "little") % ORDER


def keypair(seed: bytes) -> KeyPair:
    """Make the key pair of a symmetric key, or an ephemeral one of a random value.

    Sections "Public keys, Shared Prekeys, Forging keys and Fingerprints" and "Generating ECDH and
    DH keys"; RFC 8032, section 5.2.5.

    Args:
        seed: sym_key, or r of generateECDH: 57 octets.

    Raises:
        Malformed: There are more or fewer (field "sym_key").
    """
    _check_seed(seed)
    secret = _prune(shake256(seed, 2 * SEED_OCTETS)[:SEED_OCTETS])
    return KeyPair(multiply_base(secret), secret)


def ecdh(secret: int, public: Point) -> bytes:
    """Compute K_ecdh of our private and their public key.

    The text refuses an all-zero value, and says that this shows a peer's point of small order. It
    does not: a pruned scalar takes such a point to I, whose encoding is a 1 and 56 zeros, while 57
    zeros encode a point of order 4, to which no pruned scalar leads. Both are refused.

    Args:
        secret: A private scalar, zero or more.
        public: Any point.

    Returns:
        The shared point as POINT, 57 octets.

    Raises:
        Malformed: It is I, or encoded as zeros (field "K_ecdh"); or the scalar is negative (field
            "scalar").
    """
    shared = (public * secret).encode()
    if same(shared, _IDENTITY_ENCODED) | same(shared, _ALL_ZERO):
        raise Malformed(field="K_ecdh", reason="has no contribution of the peer's key")
    return shared


def forging_key(seed: bytes) -> Point:
    """Make a forging key whose private half nobody knows, as a point of its own.

    Section "Public keys, Shared Prekeys, Forging keys and Fingerprints", the first way to generate
    a point directly: octets are tried until they are a valid POINT. The bits of the last octet that
    no point has set are cleared first, so that about eight tries are needed in place of a thousand;
    all valid points stay equally likely.

    Args:
        seed: Random octets. The same ones give the same point.
    """
    counter = 0
    while True:
        tried = bytearray(
            shake256(_FORGING_LABEL + counter.to_bytes(4, "big") + seed, POINT_OCTETS)
        )
        tried[-1] &= 0x80
        octets = bytes(tried)
        if is_valid(octets):
            return decode(octets)
        counter += 1


_FORGING_LABEL: Final = b"otrspec Ed448 forging key 1"


# --- Signatures -----------------------------------------------------------------------------------


def sign(seed: bytes, message: bytes) -> bytes:
    """Sign with pure Ed448 and an empty context: RFC 8032, section 5.2.6.

    Args:
        seed: sym_key, 57 octets.
        message: Any octets.

    Returns:
        EDDSA-SIG, 114 octets; the same ones every time.

    Raises:
        Malformed: The symmetric key has another length (field "sym_key").
    """
    _check_seed(seed)
    return Ed448PrivateKey.from_private_bytes(seed).sign(message)


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether a signature was made with the private half of a key.

    It is total. The equation is tested up to points of small order, as RFC 8032, section 5.2.7, has
    it, and an S of q or more is refused. It does not ask whether the key `is_valid`, and has to be
    preceded by that: for a key of small order anybody can sign.

    Args:
        public: POINT, or anything else.
        message: Any octets.
        signature: EDDSA-SIG, or anything else.
    """
    if len(public) != POINT_OCTETS or len(signature) != SIGNATURE_OCTETS:
        return False
    try:
        Ed448PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _check_seed(seed: bytes) -> None:
    """Refuse a symmetric key of another length."""
    if len(seed) != SEED_OCTETS:
        raise Malformed(field="sym_key", reason=f"is not {SEED_OCTETS} octets long")
