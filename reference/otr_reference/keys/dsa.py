"""The long-term DSA keys of OTR: PUBKEY, SIG and fingerprint.

The section "Public keys, signatures, and fingerprints" of the OTR version 3 specification decides
the octets; version 2 has the same. Four points deserve a warning:

- **What is signed.** M is 32 octets, the output of a MAC, and is signed as one big-endian integer
  modulo q, without being hashed again. A library that follows FIPS 186 keeps the leftmost 160 bits
  of such a value instead, and does not interoperate unless M is reduced modulo q first.
- **Minimal MPIs.** A fingerprint hashes the octets of a key, so that a key with two encodings would
  have two fingerprints. The specification forbids leading zero octets, and `decode_public` refuses
  them. libotr does not (read at release 4.1.0): it accepts padded MPIs and hashes them as they
  came, so that the owner of one key can show it any number of fingerprints.
- **Sizes.** SIG is twice the length of q, which has to be 20 octets, and so `decode_public` refuses
  any other q. The specification bounds no size of p; we read `P_BITS_LIMIT` bits at most, since
  the time that a verification takes is otherwise the sender's to choose.
- **Validity.** The specification does not ask a receiver whether p and q are prime or g has order
  q, and libotr does not look: the fingerprint, which covers all four numbers, is what vouches for
  them. `check` is there for keys that come from a file, and for whoever wants to know.

What Python cannot promise: a private key stays in memory until the interpreter reuses the place.
The exponentiations of `sign` hide their exponents from a clock as `arith.power_secret` says; its
two multiplications modulo q are not blinded.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Final

from cryptography.hazmat.primitives.asymmetric import dsa as library

from otr_reference.arith import NoInverse, Number, invert, is_prime, power, power_secret
from otr_reference.errors import Malformed

__all__ = [
    "FINGERPRINT_OCTETS",
    "P_BITS_LIMIT",
    "Q_OCTETS",
    "SIGNATURE_OCTETS",
    "DsaPrivate",
    "DsaPublic",
    "decode_public",
    "encode_public",
    "fingerprint",
    "generate",
    "human",
    "read_public",
    "sign",
    "verify",
]

Q_OCTETS: Final = 20
"""Length of q, and so of r, s and x."""

SIGNATURE_OCTETS: Final = 2 * Q_OCTETS
"""Length of SIG."""

FINGERPRINT_OCTETS: Final = 20
"""Length of a SHA-1 hash."""

P_BITS_LIMIT: Final = 16384
"""The longest p that is read: a verification with it takes about ten milliseconds."""

_P_BITS_GENERATED: Final = 1024
_TYPE_DSA: Final = bytes((0, 0))
_TYPE_OCTETS: Final = 2
_LENGTH_OCTETS: Final = 4
_NONCE_LABEL: Final = b"otrspec DSA nonce 1"


@dataclass(frozen=True, slots=True)
class DsaPublic:
    """A public key: domain parameters p, q, g, and y, the generator to the private exponent."""

    p: int
    q: int
    g: int
    y: int

    def check(self) -> None:
        """Refuse a key that is not one of DSA with a q of 160 bits.

        Raises:
            Malformed: q is not a prime of 160 bits; p is not a prime of `P_BITS_LIMIT` bits or
                fewer that is one more than a multiple of q; g or y is not of order q modulo p.
        """
        if self.q.bit_length() != 8 * Q_OCTETS:
            raise Malformed(field="q", reason="is not 160 bits long")
        if not is_prime(self.q):
            raise Malformed(field="q", reason="is not prime")
        if self.p.bit_length() > P_BITS_LIMIT:
            raise Malformed(field="p", reason=f"is longer than {P_BITS_LIMIT} bits")
        if self.p % self.q != 1:
            raise Malformed(field="p", reason="is not one more than a multiple of q")
        if not is_prime(self.p):
            raise Malformed(field="p", reason="is not prime")
        for name, element in (("g", self.g), ("y", self.y)):
            if not 1 < element < self.p:
                raise Malformed(field=name, reason="is not between 1 and p")
            if power(element, self.q, self.p) != 1:
                raise Malformed(field=name, reason="is not of order q")


@dataclass(frozen=True, slots=True)
class DsaPrivate:
    """A private key.

    Two are equal when their public halves are: x follows from those, and is neither compared nor
    shown.

    Attributes:
        public: The public half.
        x: The secret exponent, from 1 to q - 1.
    """

    public: DsaPublic
    x: int = field(repr=False, compare=False)

    def check(self) -> None:
        """Refuse a key whose halves do not belong together.

        Raises:
            Malformed: The public half does not pass its own check, x is out of range, or y is not
                g to the power of x.
        """
        self.public.check()
        if not 0 < self.x < self.public.q:
            raise Malformed(field="x", reason="is not between 0 and q")
        if power_secret(self.public.g, self.x, self.public.p) != self.public.y:
            raise Malformed(field="y", reason="is not g to the power of x")


def generate() -> DsaPrivate:
    """Make a key of the size that is in use: 1024 bits of p, 160 bits of q.

    The randomness is the operating system's; this is the one function here that is not a function
    of its arguments.
    """
    numbers = library.generate_private_key(_P_BITS_GENERATED).private_numbers()
    domain = numbers.public_numbers.parameter_numbers
    return DsaPrivate(DsaPublic(domain.p, domain.q, domain.g, numbers.public_numbers.y), numbers.x)


def encode_public(public: DsaPublic) -> bytes:
    """Write a public key as PUBKEY: the type, a SHORT, then p, q, g and y as MPIs."""
    return _TYPE_DSA + _numbers(public)


def decode_public(data: bytes) -> DsaPublic:
    """Read a public key that fills the data.

    Args:
        data: A PUBKEY.

    Raises:
        Malformed: As `read_public`; or octets follow the key (field "PUBKEY").
    """
    public, end = read_public(data)
    if end != len(data):
        raise Malformed(field="PUBKEY", reason="is followed by other octets")
    return public


def read_public(data: bytes, start: int = 0) -> tuple[DsaPublic, int]:
    """Read a public key that other fields may follow, as they do in the AKE.

    Args:
        data: Octets that hold a PUBKEY.
        start: The place of its first octet, zero or more.

    Returns:
        The key, not checked for being one of DSA, and the place of the first octet after it.

    Raises:
        Malformed: A field is cut short; the type is not 0x0000; an MPI has leading zero octets; q
            is not 20 octets long; p is longer than `P_BITS_LIMIT` bits. The field is "Pubkey type",
            "p", "q", "g" or "y".
    """
    place = start + _TYPE_OCTETS
    if len(data) < place:
        raise Malformed(field="Pubkey type", reason="is cut short")
    if data[start:place] != _TYPE_DSA:
        raise Malformed(field="Pubkey type", reason="is not 0x0000, the type of DSA")
    p, place = _read_mpi(data, place, "p")
    if p.bit_length() > P_BITS_LIMIT:
        raise Malformed(field="p", reason=f"is longer than {P_BITS_LIMIT} bits")
    q, place = _read_mpi(data, place, "q")
    if _octets(q) != Q_OCTETS:
        raise Malformed(field="q", reason=f"is not {Q_OCTETS} octets long")
    g, place = _read_mpi(data, place, "g")
    y, place = _read_mpi(data, place, "y")
    return DsaPublic(p, q, g, y), place


def fingerprint(public: DsaPublic) -> bytes:
    """Hash a public key into the 20 octets by which people know it.

    For the type 0x0000 the two octets of the type are left out of what is hashed.
    """
    # The protocol fixes SHA-1. Finding a second key with a given fingerprint is what would break
    # it; collisions, which are feasible, give an attacker two keys of his own.
    return sha1(_numbers(public), usedforsecurity=False).digest()


def human(fingerprint: bytes) -> str:
    """Write a fingerprint as people compare it: five groups of eight capital hex digits.

    Raises:
        Malformed: The fingerprint is not 20 octets long.
    """
    if len(fingerprint) != FINGERPRINT_OCTETS:
        raise Malformed(field="fingerprint", reason=f"is not {FINGERPRINT_OCTETS} octets long")
    return fingerprint.hex(" ", -4).upper()


def sign(private: DsaPrivate, m: bytes, nonce_seed: bytes) -> bytes:
    """Sign the value M of the AKE.

    The nonce k is an HMAC under the private key of M and the seed, wide enough for the reduction to
    leave no bias worth the name. Without knowledge of the private key it cannot be told from a
    random one, whatever the seed is, even none at all; two different values of M never share it. A
    seed that is random guards against faults in the computation, as in the hedged variants of RFC
    6979.

    Args:
        private: A key that passes its check.
        m: M, 32 octets in the protocol; any length is taken as a big-endian integer.
        nonce_seed: Octets of any length.

    Returns:
        SIG: r, then s, 20 octets each. The same arguments give the same signature.
    """
    public = private.public
    p, q, g, x = Number(public.p), Number(public.q), Number(public.g), Number(private.x)
    value = Number.from_bytes(m, "big")
    counter = 0
    while True:
        k = _nonce(private, m, nonce_seed, counter)
        r = power_secret(g, k, p) % q
        s = power_secret(k, q - 2, q) * (value + x * r) % q  # k^(q-2) is 1/k, since q is prime
        if r and s:
            return r.to_bytes(Q_OCTETS, "big") + s.to_bytes(Q_OCTETS, "big")
        counter += 1  # FIPS 186 asks for another k; with a q of 160 bits nobody has seen this


def verify(public: DsaPublic, m: bytes, signature: bytes) -> bool:
    """Tell whether a signature over M was made with the private half of a key.

    It is total: keys that are not of DSA give an answer too, which means nothing. The time it takes
    is bounded only for keys that `read_public` accepts.

    Args:
        public: The key, checked or not.
        m: M, taken as a big-endian integer.
        signature: SIG, or anything else.

    Returns:
        True when it is 40 octets long, r and s are between 0 and q, and the equation holds.
    """
    if len(signature) != SIGNATURE_OCTETS or public.p < 1:
        return False
    p, q = Number(public.p), Number(public.q)
    r = Number.from_bytes(signature[:Q_OCTETS], "big")
    s = Number.from_bytes(signature[Q_OCTETS:], "big")
    if not (0 < r < q and 0 < s < q):
        return False
    try:
        w = invert(s, q)
    except NoInverse:
        return False
    by_g = power(public.g, Number.from_bytes(m, "big") * w % q, p)
    by_y = power(public.y, r * w % q, p)
    return by_g * by_y % p % q == r


def _nonce(private: DsaPrivate, m: bytes, seed: bytes, counter: int) -> Number:
    """Derive k, from 1 to q - 1; each counter gives another."""
    key = private.x.to_bytes(Q_OCTETS, "big")
    counted, length = (n.to_bytes(_LENGTH_OCTETS, "big") for n in (counter, len(m)))
    wide = hmac.digest(key, _NONCE_LABEL + counted + length + m + seed, "sha512")
    return Number.from_bytes(wide, "big") % (private.public.q - 1) + 1


def _numbers(public: DsaPublic) -> bytes:
    """Write p, q, g and y as MPIs."""
    return b"".join(_mpi(number) for number in (public.p, public.q, public.g, public.y))


def _octets(number: int) -> int:
    """Count the octets of the shortest encoding."""
    return (number.bit_length() + 7) // 8


def _mpi(number: int) -> bytes:
    """Write an MPI: four octets of length, then as few as hold the number."""
    octets = _octets(number)
    return octets.to_bytes(_LENGTH_OCTETS, "big") + number.to_bytes(octets, "big")


def _read_mpi(data: bytes, start: int, name: str) -> tuple[int, int]:
    """Read an MPI; give the number and the place after it."""
    place = start + _LENGTH_OCTETS
    if len(data) < place:
        raise Malformed(field=name, reason="has its length cut short")
    end = place + int.from_bytes(data[start:place], "big")
    if len(data) < end:
        raise Malformed(field=name, reason="is cut short")
    if end > place and not data[place]:
        raise Malformed(field=name, reason="has leading zero octets")
    return int.from_bytes(data[place:end], "big"), end
