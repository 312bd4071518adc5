"""Ring signatures: who signed knows one of three private keys, and nobody learns which.

Section "Ring Signature Authentication". RSig runs in the general form of the text: whichever key
is known, the same operations are done on the three of them in the same order. The text computes
both G * ti and G * ri + Ai * ci and selects one of the two points. Selecting the scalars instead
(ti or ri, 0 or ci) gives the same point with one multiplication less, and leaves nothing to choose
once points are at stake.

**Which random scalars.** The text wants them hashed and pruned, and that gives the signer away. A
pruned scalar reduced modulo q leaves 2 or 3 modulo 4. The two pairs of (c, r) that are drawn always
do, while the pair that closes the ring is spread over all of Z_q: in three signatures of four it
shows itself, and with it the key that signed. (Not reduced, they show themselves always, by being
above q.) Whoever knows the signer learns a bit of ti as well, the nonce of a long-term key.
Pruning protects a scalar that multiplies a point of unknown order; these multiply G and points
whose order has been checked, so that nothing is gained by it. `hash_uniform` in place of
`hash_and_prune` mends it, and no verifier can tell that it was used. `sign` takes either.

**What a clock sees.** Multiplications are those of `ed448`, secret. Scalars are selected with masks
and without branches, in Python's integers, whose arithmetic depends on the size of its operands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeAlias

from otr_model.otrv4.usages import Usage
from otr_reference.constant_time import same
from otr_reference.ed448 import (
    BASE,
    ORDER,
    SCALAR_OCTETS,
    combine_public,
    decode,
    decode_scalar,
    encode_scalar,
    hash_and_prune,
    multiply_base,
)
from otr_reference.errors import Malformed

from .kdf import hash_to_scalar

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_reference.ed448 import Point

__all__ = [
    "RANDOMS",
    "SIGNATURE_OCTETS",
    "Keys",
    "Randoms",
    "RingSignature",
    "challenge",
    "decode_signature",
    "encode_signature",
    "sign",
    "verify",
]

RANDOMS: Final = ("t1", "t2", "t3", "c1", "c2", "c3", "r1", "r2", "r3")
"""What RSig draws, in the order of the text; the place is the index that `Randoms` are asked by."""

SIGNATURE_OCTETS: Final = 6 * SCALAR_OCTETS
"""Length of RING-SIG."""

Keys: TypeAlias = tuple[bytes, bytes, bytes]
"""A1, A2 and A3, each as POINT."""

_DOMAIN: Final = BASE.encode() + encode_scalar(ORDER)


class Randoms(Protocol):
    """What gives random values: a tuple of nine, or anything that makes them when asked."""

    def __getitem__(self, index: int, /) -> bytes:
        """Give the 57 octets for the scalar at this place in `RANDOMS`."""


class RingSignature(NamedTuple):
    """sigma: three pairs of scalars from 0 to q - 1, in the order of the keys."""

    c1: int
    r1: int
    c2: int
    r2: int
    c3: int
    r3: int


def sign(
    keys: Keys,
    secret: int,
    message: bytes,
    randoms: Randoms,
    draw: Callable[[bytes], int] = hash_and_prune,
) -> RingSignature:
    """Prove to know the private half of one of three keys: RSig.

    The text does not say what to do when the key is in the ring twice, and its equations then make
    no signature. It is refused, as libotr-ng and otr4j do (read in 2026).

    Args:
        keys: A1, A2 and A3; their order must not depend on which one is ours.
        secret: The scalar of exactly one of them, zero or more, reduced or not.
        message: m, which the signature is bound to.
        randoms: The random values for t1 to r3. All nine are used, whichever key is ours.
        draw: What makes a scalar of a random value: `hash_and_prune`, which is the text's, or
            `hash_uniform`, which does not betray the signer.

    Returns:
        The signature, reduced modulo q.

    Raises:
        Malformed: A key is not a point, or not one of order q (field "A1", "A2" or "A3"); or the
            secret is not that of exactly one key (field "secret").
    """
    points = _members(keys)
    ours = multiply_base(secret).encode()
    mine = [-same(ours, key) for key in keys]  # a mask: -1, which is all ones, or 0
    if sum(mine) != -1:
        raise Malformed(field="secret", reason="is not that of exactly one key")
    scalars = [draw(randoms[place]) % ORDER for place in range(len(RANDOMS))]
    t, c, r = scalars[:3], scalars[3:6], scalars[6:]
    commitments = [
        (multiply_base(_select(m, ti, ri)) + point * _select(m, 0, ci)).encode()
        for m, ti, ri, ci, point in zip(mine, t, r, c, points, strict=True)
    ]
    others = sum(_select(m, 0, ci) for m, ci in zip(mine, c, strict=True))
    closing = (challenge(keys, commitments, message) - others) % ORDER
    answer = (
        sum(_select(m, ti, 0) for m, ti in zip(mine, t, strict=True)) - closing * secret
    ) % ORDER
    c = [_select(m, closing, ci) for m, ci in zip(mine, c, strict=True)]
    r = [_select(m, answer, ri) for m, ri in zip(mine, r, strict=True)]
    return RingSignature(c[0], r[0], c[1], r[1], c[2], r[2])


def verify(keys: Keys, signature: RingSignature, message: bytes) -> bool:
    """Tell whether somebody who knows the private half of one of three keys signed: RVrf.

    It is total. Scalars are taken modulo q, as SCALAR is decoded; so a signature has others that
    are equal to it and written differently.

    Args:
        keys: A1, A2 and A3, or anything else: each is checked to be a point of order q.
        signature: Six integers.
        message: m.
    """
    try:
        points = _members(keys)
    except Malformed:
        return False
    c1, r1, c2, r2, c3, r3 = (scalar % ORDER for scalar in signature)
    commitments = [
        combine_public(BASE, r, point, c).encode()
        for point, c, r in zip(points, (c1, c2, c3), (r1, r2, r3), strict=True)
    ]
    return challenge(keys, commitments, message) == (c1 + c2 + c3) % ORDER


def challenge(keys: Keys, commitments: list[bytes], message: bytes) -> int:
    """Compute c of the keys, T1 to T3 as POINT, and the message; from 0 to q - 1.

    G is hashed as POINT and q as SCALAR, 57 octets each, and m without its length.
    """
    return hash_to_scalar(Usage.AUTH, _DOMAIN, *keys, *commitments, message)


def encode_signature(signature: RingSignature) -> bytes:
    """Write a signature as RING-SIG.

    Raises:
        Malformed: A scalar is out of range for SCALAR (field "SCALAR").
    """
    return b"".join(encode_scalar(scalar) for scalar in signature)


def decode_signature(data: bytes) -> RingSignature:
    """Read a RING-SIG that fills the data; scalars are taken modulo q.

    Raises:
        Malformed: There are more or fewer than 342 octets (field "RING-SIG").
    """
    if len(data) != SIGNATURE_OCTETS:
        raise Malformed(field="RING-SIG", reason=f"is not {SIGNATURE_OCTETS} octets long")
    places = range(0, SIGNATURE_OCTETS, SCALAR_OCTETS)
    return RingSignature(*(decode_scalar(data[place : place + SCALAR_OCTETS]) for place in places))


def _members(keys: Keys) -> list[Point]:
    """Decode the keys and check that each is of order q."""
    points = []
    for number, key in enumerate(keys, start=1):
        try:
            point = decode(key)
        except Malformed as error:
            raise Malformed(field=f"A{number}", reason=error.reason) from None
        if not point.in_group():
            raise Malformed(field=f"A{number}", reason="is not of order q")
        points.append(point)
    return points


def _select(mask: int, yes: int, no: int) -> int:
    """Choose without a branch: `yes` under -1, `no` under 0."""
    return no ^ (mask & (yes ^ no))
