"""Ed448: encodings, the group, membership without a multiplication, keys and shared secrets.

The slow reference here is affine arithmetic in Python's integers, straight from the curve's
equation; what it says is compared with the library's.
"""

from __future__ import annotations

import pytest
from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.x448 import X448PrivateKey, X448PublicKey
from hypothesis import example, given, settings
from hypothesis import strategies as st

from otr_model.otrv4.groups4 import ED448
from otr_reference.ed448 import (
    BASE,
    IDENTITY,
    ORDER,
    POINT_OCTETS,
    SIGNATURE_OCTETS,
    KeyPair,
    Point,
    combine_public,
    decode,
    decode_scalar,
    decode_scalar_strict,
    ecdh,
    encode_scalar,
    forging_key,
    hash_and_prune,
    hash_uniform,
    is_valid,
    keypair,
    multiply_base,
    sign,
    verify,
)
from otr_reference.errors import Malformed
from otr_reference.shake import shake256

P, D = ED448.prime, ED448.d

SEEDS = st.binary(min_size=POINT_OCTETS, max_size=POINT_OCTETS)
SCALARS = st.integers(min_value=0, max_value=ORDER - 1)
WIDE = st.integers(min_value=0, max_value=(1 << 456) - 1)


def octets(y: int, *, odd: bool = False) -> bytes:
    """Write y, and the bit of x, whether or not they make a point."""
    return (y | odd << 455).to_bytes(57, "little")


def affine(point: Point) -> tuple[int, int]:
    """Read both coordinates out of an encoding, by RFC 8032's own formula."""
    number = int.from_bytes(point.encode(), "little")
    y, odd = number & ((1 << 455) - 1), number >> 455
    num, den = (y * y - 1) % P, (D * y * y - 1) % P
    x = pow(num, 3, P) * den * pow(num**5 * den**3, (P - 3) // 4, P) % P
    assert (den * x * x - num) % P == 0
    return (x if x & 1 == odd else P - x), y


def affine_sum(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """Add two points by the addition law of Edwards curves."""
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2
    return (
        (x1 * y2 + y1 * x2) * pow(1 + t, -1, P) % P,
        (y1 * y2 - x1 * x2) * pow(1 - t, -1, P) % P,
    )


ORDER_2 = decode(octets(P - 1))  # (0, -1)
ORDER_4 = decode(octets(0, odd=True))  # (1, 0)
ORDER_4_TOO = decode(octets(0))  # (-1, 0)
SMALL = (IDENTITY, ORDER_4, ORDER_2, ORDER_4_TOO)
"""The four points of small order; the place is how often ORDER_4 is in it."""


# --- Parameters -----------------------------------------------------------------------------------


def test_the_parameters_are_a_curve_and_a_base_point_of_order_q() -> None:
    x, y = ED448.base
    assert (x * x + y * y - 1 - D * x * x * y * y) % P == 0
    assert pow(D, (P - 1) // 2, P) == P - 1  # d is not a square, so that the addition is complete
    assert affine(BASE) == (x, y)
    assert IDENTITY != BASE
    assert ED448.order == ORDER
    assert BASE.times_public(ORDER) == IDENTITY
    assert ED448.size == 57
    # Hasse: the curve has p + 1 points, give or take 2 sqrt(p), and 4q is the one multiple of q
    assert abs(ED448.cofactor * ORDER - P - 1) < 1 << 226
    assert abs((ED448.cofactor - 1) * ORDER - P - 1) > 1 << 226


def test_other_libraries_have_the_same_parameters() -> None:
    curve = ECC.generate(curve="Ed448").pointQ
    assert curve.size_in_bits() == 448
    one = Ed448PrivateKey.from_private_bytes(bytes(57)).public_key().public_bytes_raw()
    assert one == keypair(bytes(57)).public.encode()


# --- Points as octets -----------------------------------------------------------------------------


@given(SCALARS, st.integers(min_value=0, max_value=3))
def test_every_point_survives_encoding(scalar: int, coset: int) -> None:
    point = multiply_base(scalar) + SMALL[coset]
    again = decode(point.encode())
    assert again == point
    assert again.encode() == point.encode()
    assert hash(again) == hash(point)
    assert repr(point) == f"Point({point.encode().hex()})"


@given(SEEDS)
@settings(max_examples=200)
def test_decoding_is_total_and_canonical(data: bytes) -> None:
    """Octets are refused, or are the only encoding of a point on the curve."""
    for tried in (data, data[:56] + bytes((data[56] & 0x80,))):
        try:
            point = decode(tried)
        except Malformed as error:
            assert error.field == "POINT"  # noqa: PT017 - either outcome is right, for other octets
            y = int.from_bytes(tried, "little") & ((1 << 455) - 1)
            root = pow((y * y - 1) * pow(D * y * y - 1, -1, P), (P + 1) // 4, P)
            on_curve = (root * root * (D * y * y - 1) - (y * y - 1)) % P == 0
            assert y >= P or not on_curve
            assert not is_valid(tried)
        else:
            assert point.encode() == tried
            x, y = affine(point)
            assert (x * x + y * y - 1 - D * x * x * y * y) % P == 0


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is not 57 octets long"),
        (bytes(56), "is not 57 octets long"),
        (bytes(58), "is not 57 octets long"),
        (octets(P), "has a y that is not less than p"),
        (octets(P + 1), "has a y that is not less than p"),  # the identity's y, plus p
        (octets((1 << 448) - 1), "has a y that is not less than p"),
        (octets((1 << 455) - 1, odd=True), "has a y that is not less than p"),
        (octets(1, odd=True), "has a negative zero for x"),
        (octets(P - 1, odd=True), "has a negative zero for x"),
        (octets(2), "is not on the curve"),
    ],
)
def test_what_is_no_point_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(Malformed) as caught:
        decode(data)
    assert (caught.value.field, caught.value.reason) == ("POINT", reason)
    assert not is_valid(data)


@pytest.mark.parametrize("bit", range(448, 455))
def test_the_seven_bits_above_y_must_be_clear(bit: int) -> None:
    data = bytearray(BASE.encode())
    data[bit // 8] |= 1 << bit % 8
    with pytest.raises(Malformed, match="not less than p"):
        decode(bytes(data))


@given(SEEDS)
def test_pycryptodome_decodes_the_same(seed: bytes) -> None:
    public = keypair(seed).public
    x, y = eddsa.import_public_key(public.encode()).pointQ.xy
    assert (x, y) == affine(public)


def test_points_are_only_equal_to_points() -> None:
    assert BASE.encode() != BASE
    assert len({BASE, decode(BASE.encode()), IDENTITY}) == 2


# --- The group ------------------------------------------------------------------------------------


@given(SCALARS, SCALARS, st.integers(min_value=0, max_value=3))
def test_addition_is_that_of_the_curve(a: int, b: int, coset: int) -> None:
    one, other = multiply_base(a) + SMALL[coset], multiply_base(b)
    assert affine(one + other) == affine_sum(affine(one), affine(other))
    assert affine(one + one) == affine_sum(affine(one), affine(one))
    assert one + other == other + one
    assert (one - other) + other == one
    assert one + -one == one - one == IDENTITY
    assert one + IDENTITY == one
    x, y = affine(one)
    assert affine(-one) == (-x % P, y)


@given(SCALARS, SCALARS)
@example(0, 1)
@example(ORDER - 1, 1)
def test_multiplication_distributes(a: int, b: int) -> None:
    assert multiply_base(a) + multiply_base(b) == multiply_base((a + b) % ORDER)
    assert multiply_base(a) * b == multiply_base(a * b % ORDER)
    assert (multiply_base(a) + multiply_base(b)) * 3 == multiply_base(3 * a) + multiply_base(3 * b)


@given(WIDE, st.integers(min_value=0, max_value=3))
@example(0, 1)
@example(ORDER, 1)
@example(4 * ORDER, 1)
def test_a_multiple_is_what_doubling_and_adding_gives(scalar: int, coset: int) -> None:
    """Also of points of order 4q, and by scalars above q: nothing is reduced behind the back."""
    point = BASE + SMALL[coset]
    expected = IDENTITY
    for bit in f"{scalar:b}":
        expected = expected + expected
        if bit == "1":
            expected = expected + point
    assert point * scalar == point.times_public(scalar) == expected


@given(SCALARS, SCALARS, SCALARS)
def test_a_combination_is_the_sum_of_two_multiples(a: int, r: int, c: int) -> None:
    point = multiply_base(a)
    assert combine_public(BASE, r, point, c) == BASE * r + point * c
    assert combine_public(BASE, r, point, c) == multiply_base((r + a * c) % ORDER)


def test_negative_scalars_are_refused() -> None:
    for refused in (
        lambda: BASE * -1,
        lambda: BASE.times_public(-1),
        lambda: multiply_base(-1),
        lambda: combine_public(BASE, 1, BASE, -1),
    ):
        with pytest.raises(Malformed) as caught:
            refused()
        assert caught.value.field == "scalar"


# --- Membership -----------------------------------------------------------------------------------


def test_the_points_of_small_order_are_four_and_none_is_valid() -> None:
    assert [affine(point) for point in SMALL] == [(0, 1), (1, 0), (0, P - 1), (P - 1, 0)]
    for place, point in enumerate(SMALL):
        assert ORDER_4 * place == point
        assert point * 4 == IDENTITY
        assert not point.in_group()
        assert not is_valid(point.encode())


@given(st.integers(min_value=1, max_value=ORDER - 1))
@example(1)
@example(2)
@example(ORDER - 1)
@settings(max_examples=60)
def test_membership_is_that_of_multiplying_by_q(scalar: int) -> None:
    """Over all four cosets, which are all points of the curve: 4q, with 4 and q coprime."""
    member = multiply_base(scalar)
    verdicts = []
    for small in SMALL:
        point = member + small
        assert point.in_group() == (point.times_public(ORDER) == IDENTITY)
        assert decode(point.encode()).in_group() == point.in_group() == (-point).in_group()
        assert is_valid(point.encode()) == point.in_group()
        verdicts.append(point.in_group())
    assert verdicts == [True, False, False, False]


@given(SEEDS)
@settings(max_examples=200)
def test_membership_of_points_that_nobody_multiplied(seed: bytes) -> None:
    y = int.from_bytes(shake256(seed, 57), "little") % P
    try:
        point = decode(octets(y))
    except Malformed:
        assert not is_valid(octets(y))
    else:
        by_order = point != IDENTITY and point.times_public(ORDER) == IDENTITY
        assert point.in_group() == is_valid(octets(y)) == by_order


# --- Scalars --------------------------------------------------------------------------------------


@given(WIDE)
@example(ORDER)
@example(ORDER - 1)
@example((1 << 456) - 1)
def test_scalars_are_read_modulo_q_or_strictly(value: int) -> None:
    data = encode_scalar(value)
    assert data == value.to_bytes(57, "little")
    assert decode_scalar(data) == value % ORDER
    if value < ORDER:
        assert decode_scalar_strict(data) == value
    else:
        with pytest.raises(Malformed) as caught:
            decode_scalar_strict(data)
        assert (caught.value.field, caught.value.reason) == ("SCALAR", "is not less than q")


@pytest.mark.parametrize("length", [0, 56, 58])
def test_scalars_of_another_length_are_refused(length: int) -> None:
    for read in (decode_scalar, decode_scalar_strict):
        with pytest.raises(Malformed) as caught:
            read(bytes(length))
        assert (caught.value.field, caught.value.reason) == ("SCALAR", "is not 57 octets long")


@pytest.mark.parametrize("value", [-1, 1 << 456])
def test_scalars_that_do_not_fit_are_not_written(value: int) -> None:
    with pytest.raises(Malformed) as caught:
        encode_scalar(value)
    assert caught.value.field == "SCALAR"


@given(SEEDS)
def test_hash_and_prune(value: bytes) -> None:
    buffer = bytearray(shake256(value, 57))
    buffer[0] &= 0b11111100
    buffer[56] = 0
    buffer[55] |= 0b10000000
    scalar = hash_and_prune(value)
    assert scalar == int.from_bytes(buffer, "little")
    assert scalar > ORDER
    assert scalar % ORDER % 4 in {2, 3}


@given(SEEDS)
def test_hash_uniform(value: bytes) -> None:
    scalar = hash_uniform(value)
    assert 0 <= scalar < ORDER
    assert scalar == int.from_bytes(shake256(value, 114), "little") % ORDER


def test_only_uniform_scalars_leave_anything_modulo_four() -> None:
    values = [shake256(bytes((n,)), 57) for n in range(100)]
    assert {hash_and_prune(value) % ORDER % 4 for value in values} == {2, 3}
    assert {hash_uniform(value) % 4 for value in values} == {0, 1, 2, 3}


# --- Keys -----------------------------------------------------------------------------------------


@given(SEEDS)
def test_three_libraries_make_the_same_key_pair(seed: bytes) -> None:
    pair = keypair(seed)
    public = pair.public.encode()
    assert Ed448PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw() == public
    assert ECC.construct(curve="Ed448", seed=seed).public_key().export_key(format="raw") == public
    assert pair.secret % 4 == 0
    assert pair.secret >> 447 == 1
    assert pair.public.in_group()


def test_a_key_pair_hides_its_scalar() -> None:
    pair = keypair(bytes(57))
    assert str(pair.secret) not in repr(pair)
    assert pair == KeyPair(pair.public, 0)


@pytest.mark.parametrize("length", [0, 56, 58, 114])
def test_symmetric_keys_of_another_length_are_refused(length: int) -> None:
    for refused in (lambda: keypair(bytes(length)), lambda: sign(bytes(length), b"")):
        with pytest.raises(Malformed) as caught:
            refused()
        assert caught.value.field == "sym_key"


@given(st.binary(max_size=64))
@settings(max_examples=25)
def test_a_forging_key_is_a_valid_point_and_follows_from_its_seed(seed: bytes) -> None:
    key = forging_key(seed)
    assert key.in_group()
    assert key.times_public(ORDER) == IDENTITY
    assert key == forging_key(seed)
    assert key != forging_key(seed + b"\0")


# --- Shared secrets -------------------------------------------------------------------------------


@given(SEEDS, SEEDS)
def test_two_sides_share_a_secret(ours: bytes, theirs: bytes) -> None:
    a, b = keypair(ours), keypair(theirs)
    shared = ecdh(a.secret, b.public)
    assert shared == ecdh(b.secret, a.public)
    assert shared == multiply_base(a.secret * b.secret % ORDER).encode()
    assert len(shared) == POINT_OCTETS
    assert is_valid(shared)


def montgomery(point: Point) -> bytes:
    """Map a point to curve448 by the 4-isogeny of RFC 7748, section 4.2: u = y^2 / x^2."""
    x, y = affine(point)
    return (y * y * pow(x * x, -1, P) % P).to_bytes(56, "little")


@given(SEEDS, SEEDS)
def test_shared_secrets_are_those_of_x448_on_the_isogenous_curve(
    ours: bytes, theirs: bytes
) -> None:
    """OpenSSL's X448, an independent computation, agrees on all but the sign."""
    a, b = keypair(ours), keypair(theirs)
    other = X448PrivateKey.from_private_bytes(a.secret.to_bytes(56, "little"))
    assert other.public_key().public_bytes_raw() == montgomery(a.public)
    peer = X448PublicKey.from_public_bytes(montgomery(b.public))
    assert other.exchange(peer) == montgomery(decode(ecdh(a.secret, b.public)))


@pytest.mark.parametrize("point", SMALL)
def test_a_peer_that_contributes_nothing_is_refused(point: Point) -> None:
    """With a pruned scalar every such point leads to I, whose encoding is not all zero."""
    secret = keypair(bytes(57)).secret
    assert (point * secret).encode() == b"\1" + bytes(56)
    with pytest.raises(Malformed) as caught:
        ecdh(secret, point)
    assert caught.value.field == "K_ecdh"


def test_what_is_encoded_as_zeros_is_a_point_of_order_four() -> None:
    assert ORDER_4_TOO.encode() == bytes(57)
    with pytest.raises(Malformed) as caught:
        ecdh(1, ORDER_4_TOO)
    assert caught.value.field == "K_ecdh"


# --- Signatures -----------------------------------------------------------------------------------


@given(SEEDS, st.binary(max_size=200))
def test_two_libraries_make_and_take_the_same_signature(seed: bytes, message: bytes) -> None:
    public = keypair(seed).public.encode()
    signature = sign(seed, message)
    assert len(signature) == SIGNATURE_OCTETS
    assert signature == eddsa.new(ECC.construct(curve="Ed448", seed=seed), "rfc8032").sign(message)
    eddsa.new(eddsa.import_public_key(public), "rfc8032").verify(message, signature)
    assert verify(public, message, signature)


@given(SEEDS, st.binary(max_size=20), st.data())
def test_a_signature_is_for_one_key_and_one_message(
    seed: bytes, message: bytes, data: st.DataObject
) -> None:
    public, signature = keypair(seed).public.encode(), sign(seed, message)
    bit = data.draw(st.integers(min_value=0, max_value=8 * SIGNATURE_OCTETS - 1))
    flipped = (int.from_bytes(signature, "little") ^ 1 << bit).to_bytes(114, "little")
    assert not verify(public, message, flipped)
    assert not verify(public, message + b"\0", signature)
    assert not verify(BASE.encode(), message, signature)


@given(st.binary(max_size=60), st.binary(max_size=20), st.binary(max_size=120))
@example(octets(P), b"", bytes(114))
@example(octets(2), b"", bytes(114))
@example(BASE.encode(), b"", bytes(114))
def test_verification_is_total(public: bytes, message: bytes, signature: bytes) -> None:
    assert not verify(public, message, signature)


def test_a_signature_whose_s_is_not_reduced_is_refused() -> None:
    public, signature = keypair(bytes(57)).public.encode(), sign(bytes(57), b"m")
    s = int.from_bytes(signature[57:], "little")
    assert verify(public, b"m", signature)
    assert not verify(public, b"m", signature[:57] + (s + ORDER).to_bytes(57, "little"))


@given(SEEDS, st.binary(max_size=20), st.sampled_from(SMALL), st.sampled_from(SMALL))
@settings(max_examples=30)
def test_verification_is_up_to_points_of_small_order(
    seed: bytes, message: bytes, beside_key: Point, beside_commitment: Point
) -> None:
    """RFC 8032 multiplies its equation by the cofactor; both libraries do."""
    pair = keypair(seed)
    public, r = (pair.public + beside_key).encode(), hash_uniform(seed + message)
    commitment = (multiply_base(r) + beside_commitment).encode()
    hashed = shake256(b"SigEd448\0\0" + commitment + public + message, 114)
    s = (r + int.from_bytes(hashed, "little") * pair.secret) % ORDER
    signature = commitment + encode_scalar(s)
    assert verify(public, message, signature)
    eddsa.new(eddsa.import_public_key(public), "rfc8032").verify(message, signature)
    assert is_valid(public) == (beside_key == IDENTITY)


@given(st.binary(max_size=20))
@settings(max_examples=10)
def test_for_a_key_of_small_order_anybody_can_sign(message: bytes) -> None:
    """Verification does not look at the key's order: who takes a key has to ask `is_valid`."""
    assert decode(bytes(57)) == ORDER_4_TOO
    assert verify(bytes(57), message, bytes(114))
    assert not is_valid(bytes(57))
