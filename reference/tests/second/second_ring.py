"""The ring signature: "Ring Signature Authentication", and "HashToScalar"."""

from typing import NamedTuple

from second_ed448 import (
    SIZE,
    G,
    Invalid,
    Q,
    add,
    decode_scalar,
    encode_point,
    encode_scalar,
    equal,
    multiply,
    random_scalar,
    require,
    valid_point,
)
from second_kdf import USAGE_AUTH, hwc

Ring = tuple[bytes, bytes, bytes]


class RingRandom(NamedTuple):
    """The random values of RSig, 57 octets each, before they are hashed and pruned.

    Only the prover's own t, and the c and r of the two others, are used.
    """

    t1: bytes = b""
    t2: bytes = b""
    t3: bytes = b""
    c1: bytes = b""
    c2: bytes = b""
    c3: bytes = b""
    r1: bytes = b""
    r2: bytes = b""
    r3: bytes = b""


class RingScalars(NamedTuple):
    """The random scalars of RSig (unused ones are zero)."""

    t1: int = 0
    t2: int = 0
    t3: int = 0
    c1: int = 0
    c2: int = 0
    c3: int = 0
    r1: int = 0
    r2: int = 0
    r3: int = 0


class RingSignature(NamedTuple):
    """A proof with every value the text names; t1_point to t3_point are T1 to T3.

    `t` is the prover's own nonce, `known` its place in the ring (0 to 2), `hashed` what the
    challenge `c` is the hash of.
    """

    c1: int
    r1: int
    c2: int
    r2: int
    c3: int
    r3: int
    sigma: bytes
    c: int
    t: int
    t1_point: bytes
    t2_point: bytes
    t3_point: bytes
    known: int
    hashed: bytes


def hash_to_scalar(usage: int, *values: bytes) -> int:
    """HashToScalar(usageID || d, 57): the integer as it is, neither pruned nor reduced."""
    return int.from_bytes(hwc(usage, *values, size=SIZE), "little")


def encode_sigma(scalars: tuple[int, ...]) -> bytes:
    """Encode a RING-SIG: "Serializing the Ring Signature Proof of Authentication"."""
    require(len(scalars) == 6, "a RING-SIG has six scalars")
    return b"".join(encode_scalar(scalar) for scalar in scalars)


def decode_sigma(sigma: bytes) -> tuple[int, ...]:
    """Decode a RING-SIG to c1, r1, c2, r2, c3, r3."""
    require(len(sigma) == 6 * SIZE, "a RING-SIG has 342 octets")
    return tuple(decode_scalar(sigma[at : at + SIZE]) for at in range(0, 6 * SIZE, SIZE))


def hashed_values(ring: Ring, commitments: tuple[bytes, ...], message: bytes) -> bytes:
    """What follows usage_auth in the hash: G, q, A1, A2, A3, T1, T2, T3, m."""
    q = Q.to_bytes(SIZE, "little")
    return b"".join((encode_point(G), q, *ring, *commitments, message))


def rsig_scalars(secret: int, ring: Ring, message: bytes, scalars: RingScalars) -> RingSignature:
    """RSig, given the random scalars themselves."""
    points = [valid_point(member) for member in ring]
    own = multiply(G, secret)
    known = [at for at, point in enumerate(points) if equal(point, own)]
    require(len(known) == 1, "the secret belongs to exactly one member of the ring")
    index = known[0]
    t = scalars[index]
    c_values = [value % Q for value in scalars[3:6]]
    r_values = [value % Q for value in scalars[6:9]]
    commitments = []
    for at, point in enumerate(points):
        if at == index:
            commitment = multiply(G, t)
        else:
            commitment = add(multiply(G, r_values[at]), multiply(point, c_values[at]))
        commitments.append(encode_point(commitment))
    hashed = hashed_values(ring, tuple(commitments), message)
    c = hash_to_scalar(USAGE_AUTH, hashed)
    others = sum(c_values[at] for at in range(3) if at != index)
    c_values[index] = (c - others) % Q
    r_values[index] = (t - c_values[index] * secret) % Q
    one, two, three = commitments
    six = (c_values[0], r_values[0], c_values[1], r_values[1], c_values[2], r_values[2])
    return RingSignature(*six, encode_sigma(six), c, t, one, two, three, index, hashed)


def rsig(secret: int, ring: Ring, message: bytes, random: RingRandom) -> RingSignature:
    """RSig({A1, A2, A3}, ai): the random values are hashed and pruned first."""
    return rsig_scalars(
        secret,
        ring,
        message,
        RingScalars(*(random_scalar(value) if value else 0 for value in random)),
    )


def rvrf(ring: Ring, sigma: bytes, message: bytes) -> bool:
    """RVrf({A1, A2, A3}, sigma, m)."""
    try:
        points = [valid_point(member) for member in ring]
        c1, r1, c2, r2, c3, r3 = decode_sigma(sigma)
    except Invalid:
        return False
    commitments = tuple(
        encode_point(add(multiply(G, r), multiply(point, c)))
        for point, c, r in zip(points, (c1, c2, c3), (r1, r2, r3), strict=True)
    )
    h = hash_to_scalar(USAGE_AUTH, hashed_values(ring, commitments, message))
    return h % Q == (c1 + c2 + c3) % Q
