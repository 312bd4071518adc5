"""Ed448-Goldilocks, written from RFC 8032 section 5.2 and the text's curve sections.

A point is a pair of projective coordinates reduced to affine at the edges; an encoded point
(a POINT) is 57 octets.  Nothing here is fast or constant-time.
"""

from typing import NamedTuple

from second_kdf import shake_256

P = 2**448 - 2**224 - 1
Q = 2**446 - 13818066809895115352007386748515426880336692474882178609894547503885
D = -39081 % P
SIZE = 57
SIGNATURE_SIZE = 114


class Invalid(ValueError):
    """What was received is not what the text allows."""


class Point(NamedTuple):
    """A curve point in projective coordinates (x = X/Z, y = Y/Z)."""

    x: int
    y: int
    z: int


class KeyPair(NamedTuple):
    """A secret scalar (pruned, not reduced) and its encoded public point."""

    secret: int
    public: bytes


IDENTITY = Point(0, 1, 1)
G = Point(
    int(
        "2245800402959243001876043340998960362467896416325641342461254616869"
        "50415467406032909029192869357953282578032075146446173674602635247710"
    ),
    int(
        "2988192100784814926760179304439306734375440401540802420959282413723"
        "31506189835876003536878655418784733982303233503462500531545062832660"
    ),
    1,
)


def require(condition: object, what: str) -> None:
    """Raise `Invalid` saying `what`, unless the condition holds."""
    if not condition:
        raise Invalid(what)


def add(one: Point, two: Point) -> Point:
    """Add two points: "Point Addition", which is RFC 8032 section 5.2.4."""
    a = one.z * two.z % P
    b = a * a % P
    c = one.x * two.x % P
    d = one.y * two.y % P
    e = D * c * d % P
    f = (b - e) % P
    g = (b + e) % P
    h = (one.x + one.y) * (two.x + two.y) % P
    return Point(a * f * (h - c - d) % P, a * g * (d - c) % P, f * g % P)


def negate(point: Point) -> Point:
    """The point whose sum with `point` is the identity ("Notation": subtraction)."""
    return Point(-point.x % P, point.y, point.z)


def subtract(one: Point, two: Point) -> Point:
    """Subtract points ("Notation")."""
    return add(one, negate(two))


def multiply(point: Point, scalar: int) -> Point:
    """Scalar multiplication by doubling and adding; the scalar is used as it is, unreduced."""
    require(scalar >= 0, "a scalar is not negative")
    result = IDENTITY
    for bit in f"{scalar:b}":
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def affine(point: Point) -> tuple[int, int]:
    """The affine coordinates of a point ("Elliptic Curve Parameters")."""
    inverse = pow(point.z, P - 2, P)
    return point.x * inverse % P, point.y * inverse % P


def equal(one: Point, two: Point) -> bool:
    """Whether two points are the same."""
    return affine(one) == affine(two)


def satisfies_equation(point: Point) -> bool:
    """Whether the affine coordinates satisfy the curve's equation."""
    x, y = affine(point)
    return (x * x + y * y - 1 - D * x * x * y * y) % P == 0


def encode_point(point: Point) -> bytes:
    """Encode a POINT ("Point", RFC 8032 section 5.2.2)."""
    x, y = affine(point)
    return (y + ((x & 1) << 455)).to_bytes(SIZE, "little")


def decode_point(data: bytes) -> Point:
    """Decode a POINT ("Point", RFC 8032 section 5.2.3), with every failure named there."""
    require(len(data) == SIZE, "a POINT has 57 octets")
    number = int.from_bytes(data, "little")
    sign = number >> 455
    y = number & ((1 << 455) - 1)
    require(y < P, "the y-coordinate is out of range")
    numerator = (y * y - 1) % P
    denominator = (D * y * y - 1) % P
    root = pow(pow(numerator, 5, P) * pow(denominator, 3, P), (P - 3) // 4, P)
    x = pow(numerator, 3, P) * denominator * root % P
    require(denominator * x * x % P == numerator, "no point has this y-coordinate")
    require(x != 0 or sign == 0, "zero has no sign")
    if x & 1 != sign:
        x = P - x
    return Point(x, y, 1)


def is_valid(point: Point) -> bool:
    """Check a point: "Verifying that a point is on the curve"."""
    return (
        not equal(point, IDENTITY)
        and satisfies_equation(point)
        and equal(multiply(point, Q), IDENTITY)
    )


def valid_point(data: bytes) -> Point:
    """Decode a received POINT and check it: "Verifying that a point is on the curve"."""
    point = decode_point(data)
    require(is_valid(point), "the point is the identity or outside the prime-order subgroup")
    return point


def encode_scalar(scalar: int) -> bytes:
    """Encode a SCALAR ("Scalar"), reduced modulo q."""
    return (scalar % Q).to_bytes(SIZE, "little")


def decode_scalar(data: bytes) -> int:
    """Decode a SCALAR ("Scalar"): any 57 octets, reduced modulo q."""
    require(len(data) == SIZE, "a SCALAR has 57 octets")
    return int.from_bytes(data, "little") % Q


def prune(buffer: bytes) -> int:
    """Prune 57 octets and read the little-endian integer.

    The step is spelt alike in "Considerations while working with elliptic curve parameters",
    "Public keys, Shared Prekeys, Forging keys and Fingerprints" and "Generating ECDH and DH keys".
    """
    require(len(buffer) == SIZE, "a pruned buffer has 57 octets")
    octets = bytearray(buffer)
    octets[0] &= 0xFC
    octets[56] = 0
    octets[55] |= 0x80
    return int.from_bytes(octets, "little")


def random_scalar(value: bytes) -> int:
    """Hash and prune a random value of 57 octets.

    "Considerations while working with elliptic curve parameters".
    """
    require(len(value) == SIZE, "a random value has 57 octets")
    return prune(shake_256(value, SIZE))


def generate(sym_key: bytes) -> KeyPair:
    """Make a key pair of a symmetric key of 57 octets.

    "Public keys, Shared Prekeys, Forging keys and Fingerprints" for the long-lived keys,
    "Generating ECDH and DH keys" (generateECDH) for the ephemeral ones; the steps agree.
    """
    require(len(sym_key) == SIZE, "a symmetric key has 57 octets")
    secret = prune(shake_256(sym_key, 2 * SIZE)[:SIZE])
    return KeyPair(secret, encode_point(multiply(G, secret)))


def ecdh(secret: int, public: bytes) -> bytes:
    """Compute K_ecdh as an encoded POINT ("Generating Shared Secrets")."""
    shared = multiply(decode_point(public), secret)
    encoded = encode_point(shared)
    require(not equal(shared, IDENTITY), "the shared secret is the identity")
    require(any(encoded), "the shared secret is all zero")
    return encoded


def dom4(flag: int, context: bytes) -> bytes:
    """The prefix of every hash of a signature (RFC 8032 section 2)."""
    require(len(context) <= 255, "a context has at most 255 octets")
    return b"SigEd448" + bytes([flag, len(context)]) + context


def sign(sym_key: bytes, message: bytes, context: bytes = b"", flag: int = 0) -> bytes:
    """Sign: "Create a Client Profile Signature", RFC 8032 section 5.2.6."""
    digest = shake_256(sym_key, 2 * SIZE)
    secret, prefix = prune(digest[:SIZE]), digest[SIZE:]
    public = encode_point(multiply(G, secret))
    domain = dom4(flag, context)
    r = int.from_bytes(shake_256(domain + prefix + message, 114), "little") % Q
    commitment = encode_point(multiply(G, r))
    k = int.from_bytes(shake_256(domain + commitment + public + message, 114), "little") % Q
    return commitment + ((r + k * secret) % Q).to_bytes(SIZE, "little")


def verify(
    public: bytes, message: bytes, signature: bytes, context: bytes = b"", flag: int = 0
) -> bool:
    """Verify a signature: "Verify a Client Profile Signature", RFC 8032 section 5.2.7."""
    if len(signature) != SIGNATURE_SIZE:
        return False
    commitment, scalar = signature[:SIZE], int.from_bytes(signature[SIZE:], "little")
    try:
        r, h = decode_point(commitment), decode_point(public)
    except Invalid:
        return False
    if scalar >= Q:
        return False
    digest = shake_256(dom4(flag, context) + commitment + public + message, 114)
    k = int.from_bytes(digest, "little") % Q
    left = multiply(multiply(G, scalar), 4)
    return equal(left, add(multiply(r, 4), multiply(multiply(h, k), 4)))
