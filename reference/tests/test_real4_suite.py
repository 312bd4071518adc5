"""RealSuite of OTRv4: draws, comparisons, what is refused, and answers to whatever arrives."""

from __future__ import annotations

from dataclasses import replace
from hashlib import shake_256
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from otr_model.otrv4.groups4 import ED448, MODP_3072
from otr_reference import ed448
from otr_reference.errors import Malformed
from otr_reference.keys.dsa import DsaPrivate, DsaPublic
from otr_reference.otrv4.messages import (
    Content,
    DataFields,
    DataMessage,
    Fragment,
    Header,
    MalformedTlv,
    Padding,
    Plaintext,
)
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.suite import CoordinatesProof, PhiSide, Proof, Transcript
from otr_reference.otrv4.wire import Oversized, client_profile

if TYPE_CHECKING:
    from otr_reference.otrv4.suite import Ring
    from otr_reference.sorts import Point, RingSignature

SUITE: Final = RealSuite()
SEED: Final = SUITE.seed(b"a test of OTRv4's suite")
G: Final = SUITE.generator()
Q: Final = ED448.order
P: Final = ED448.prime
VERSIONS: Final = frozenset({4})

# A group of DSA's shape, small enough to be quick: p has 256 bits, q has 160.
DSA_P: Final = 0xCD2CDAC1A979A05357FFB4DEC32F73FB8CC2D88A7427548B54A6B3986CFBB60B
DSA_Q: Final = 0xDEB561A4216363698B529B4A97B750923CEB4027
DSA_G: Final = 0x3F3C809CA33F08518FF82ECD81F32C5FF46250385ED19DDCF97A71862766ACD4
DSA: Final = DsaPrivate(DsaPublic(DSA_P, DSA_Q, DSA_G, pow(DSA_G, 3, DSA_P)), 3)

SMALL_ORDER: Final = tuple(
    SUITE.point(octets)
    for octets in (
        (1).to_bytes(57, "little"),
        (P - 1).to_bytes(57, "little"),
        bytes(57),
        bytes(56) + b"\x80",
    )
)
NOT_POINTS: Final = tuple(
    SUITE.point(octets)
    for octets in (b"\xff" * 57, P.to_bytes(57, "little"), (1 << 455 | 1).to_bytes(57, "little"))
)
POINTS: Final = st.one_of(
    st.sampled_from((*SMALL_ORDER, *NOT_POINTS, G)),
    st.binary(min_size=57, max_size=57).map(SUITE.point),
    st.integers(1, 1 << 40).map(lambda n: SUITE.scale(G, SUITE.scalar(n))),
)
ELEMENTS: Final = st.one_of(
    st.sampled_from((0, 1, 2, MODP_3072.modulus - 1, MODP_3072.modulus, 1 << 5000)),
    st.integers(0, 1 << 3200),
).map(SUITE.element)
SCALAR_OCTETS: Final = st.one_of(
    st.sampled_from((bytes(57), b"\xff" * 57, Q.to_bytes(57, "little"))),
    st.binary(min_size=57, max_size=57),
)


def any_sort(value: bytes) -> Any:
    """Bytes as any sort, as they come from the network."""
    return value


def named(point: Any) -> str:
    """A point in the name of a test."""
    octets: str = point.hex()
    return f"{octets[:6]}-{octets[-4:]}"


# Randomness.


@settings(max_examples=20)
@given(st.binary(max_size=80), st.integers(1, 1 << 40))
def test_a_draw_is_a_function_of_the_seed_and_its_number(octets: bytes, draw: int) -> None:
    def drawn(size: int) -> bytes:
        numbers = (n.to_bytes(8, "big") for n in (draw, size, len(octets)))
        return shake_256(b"otrspec OTRv4 draw 1" + b"".join(numbers) + octets).digest(size)

    seed = SUITE.seed(octets)
    pair, dh = SUITE.fresh_ecdh(seed, draw), SUITE.fresh_dh(seed, draw)

    assert SUITE.to_int(pair.secret) == ed448.keypair(drawn(57)).secret
    assert pair.public == SUITE.scale(G, pair.secret)
    assert SUITE.to_int(dh.secret) == int.from_bytes(drawn(80), "big")
    public = pow(2, SUITE.to_int(dh.secret), MODP_3072.modulus)
    assert SUITE.to_int(dh.public) == public
    scalar = SUITE.to_int(SUITE.fresh_scalar(seed, draw))
    assert scalar == ed448.hash_and_prune(drawn(57))
    assert SUITE.fresh_identifier(seed, draw) == int.from_bytes(drawn(4), "big")


def test_draws_of_other_numbers_or_seeds_differ() -> None:
    seeds = [SUITE.seed(octets) for octets in (b"", b"\0", b"a", b"b")]
    places = [(seed, draw) for seed in seeds for draw in (1, 2, 1 << 32)]

    assert len({SUITE.fresh_ecdh(*place).public for place in places}) == len(places)
    assert len({SUITE.fresh_dh(*place).public for place in places}) == len(places)
    assert len({SUITE.to_int(SUITE.fresh_scalar(*place)) for place in places}) == len(places)


def test_long_term_keys() -> None:
    sym_h, forging = b"h" * 57, b"f" * 57

    keys = SUITE.long_term(sym_h, forging, DSA)

    assert keys.public == SUITE.scale(G, keys.secret)
    assert keys.forging == SUITE.long_term(forging).public
    assert keys.dsa is not None
    assert keys.dsa_public is not None
    other = SUITE.long_term(sym_h)
    assert (other.public, other.dsa, other.dsa_public) == (keys.public, None, None)
    assert SUITE.in_group(other.forging)
    assert other.forging == SUITE.long_term(sym_h).forging
    assert other.forging != SUITE.long_term(b"i" * 57).forging
    for wrong in (b"h" * 56, b""):
        with pytest.raises(Malformed, match="sym_key: is not 57 octets long"):
            SUITE.long_term(wrong)
        with pytest.raises(Malformed, match="sym_key: is not 57 octets long"):
            SUITE.long_term(sym_h, wrong)


# Texts, and comparing.


@pytest.mark.parametrize(
    ("text", "empty", "writable"),
    [(b"", True, True), (b"\0\0\1", True, False), (b"a\0", False, False), (b"a", False, True)],
)
def test_texts(text: bytes, *, empty: bool, writable: bool) -> None:
    octets = SUITE.octets(text)

    assert SUITE.empty(octets) == empty
    assert SUITE.writable(octets) == writable
    assert SUITE.size(octets) == len(text)
    assert SUITE.to_bytes(SUITE.literal("é")) == "é".encode()
    with pytest.raises(Malformed, match="value: is not bytes"):
        SUITE.to_bytes(SUITE.element(5))


def test_comparing() -> None:
    assert SUITE.same(SUITE.octets(b"ab"), SUITE.octets(b"ab"))
    assert not SUITE.same(SUITE.octets(b"ab"), SUITE.octets(b"abc"))
    assert SUITE.same(SUITE.element(5), SUITE.element(5))
    assert not SUITE.same(SUITE.element(5), SUITE.element(5 + (1 << 4000)))
    low, high = (SUITE.octets(bytes(31) + bytes((n,))) for n in (1, 2))
    assert SUITE.higher(high, low)
    assert not SUITE.higher(low, high)
    assert not SUITE.higher(low, low)


# Membership.


@pytest.mark.parametrize("point", [*SMALL_ORDER, *NOT_POINTS], ids=named)
def test_points_that_are_not_in_the_group(point: Point) -> None:
    assert not SUITE.in_group(point)


def test_membership() -> None:
    pair, dh = SUITE.fresh_ecdh(SEED, 1), SUITE.fresh_dh(SEED, 1)

    assert SUITE.in_group(pair.public)
    assert not SUITE.in_group(SUITE.twisted(pair.public))
    assert SUITE.twisted(SUITE.twisted(pair.public)) == pair.public
    assert not SUITE.in_group(SUITE.outside_point())
    assert SUITE.in_dh_group(dh.public)
    assert not SUITE.in_dh_group(SUITE.outside_element())
    assert not SUITE.in_group(SUITE.scale(G, SUITE.zero()))
    # What is multiplied by 4, as private keys are, does not notice that a point is twisted.
    assert SUITE.scale(SUITE.twisted(G), pair.secret) == pair.public
    assert SUITE.scale(SUITE.outside_point(), pair.secret) == SMALL_ORDER[0]


@given(st.integers(0, 2 * Q), st.integers(0, 2 * Q))
@example(0, 0)
@example(Q, 1)
@example(1, Q - 1)
def test_points_add_up(one: int, other: int) -> None:
    left, right = SUITE.scale(G, SUITE.scalar(one)), SUITE.scale(G, SUITE.scalar(other))

    assert SUITE.plus(left, right) == SUITE.scale(G, SUITE.scalar(one + other))
    assert SUITE.minus(SUITE.plus(left, right), right) == left


# Profiles.


def test_a_profile_verifies_with_every_part_as_it_is_only() -> None:
    keys = SUITE.long_term(b"h" * 57, dsa=DSA)
    profile = SUITE.client_profile(keys, 0x100, frozenset({3, 4}), 1000, SEED)

    assert (profile.owner_tag, profile.expiration) == (0x100, 1000)
    assert (profile.public_key, profile.forging_key) == (keys.public, keys.forging)
    assert profile.versions == {3, 4}
    assert SUITE.profile_signed(profile)
    assert SUITE.transition_signed(profile)
    assert not SUITE.profile_signed(replace(profile, body=SUITE.garble(profile.body)))
    garbled = replace(profile, signature=SUITE.garble_signature(profile.signature))
    assert not SUITE.profile_signed(garbled)
    assert SUITE.transition_signed(garbled)
    assert profile.transitional is not None
    for wrong in (
        replace(profile, transitional=SUITE.garble_dsa(profile.transitional)),
        replace(profile, transitional=None),
        replace(profile, dsa_key=None),
        replace(profile, dsa_key=any_sort(b"\0\0")),
        replace(profile, transitional_body=None),
        replace(profile, transitional_body=SUITE.garble(profile.body)),
    ):
        assert not SUITE.transition_signed(wrong)


@pytest.mark.parametrize(
    ("versions", "with_key"), [({4}, True), ({3, 4}, False)], ids=("version 4", "no DSA key")
)
def test_a_dsa_key_is_for_version_3(versions: set[int], *, with_key: bool) -> None:
    keys = SUITE.long_term(b"h" * 57, dsa=DSA if with_key else None)

    profile = SUITE.client_profile(keys, 0x100, frozenset(versions), 1000, SEED)

    assert profile.dsa_key is profile.transitional is profile.transitional_body is None
    assert SUITE.profile_signed(profile)
    assert not SUITE.transition_signed(profile)


def test_a_profile_under_a_weak_key() -> None:
    keys = SUITE.long_term(b"h" * 57, dsa=DSA)
    profile = SUITE.client_profile(keys, 0x100, frozenset({3, 4}), 1000, SEED)
    prekeys = SUITE.prekey_profile(keys, 0x100, G, 1000)

    weak = SUITE.under_weak_key(profile)

    assert SUITE.profile_signed(weak)
    assert not SUITE.in_group(weak.public_key)
    assert weak.dsa_key is weak.transitional is None
    same = replace(weak, public_key=profile.public_key)
    for name in ("owner_tag", "forging_key", "versions", "expiration"):
        assert getattr(same, name) == getattr(profile, name)
    body, signature = SUITE.to_bytes(weak.body), SUITE.to_bytes(any_sort(weak.signature))
    assert client_profile(body, signature) == weak
    # Its signature is right for everything.
    assert SUITE.profile_signed(replace(weak, body=SUITE.octets(b"anything")))
    assert SUITE.prekey_profile_signed(weak, replace(prekeys, signature=weak.signature))
    assert not SUITE.prekey_profile_signed(weak, prekeys)
    assert SUITE.prekey_profile_signed(profile, prekeys)


# Ring signatures.


def ring_of(*points: Point) -> Ring:
    """Three keys."""
    a1, a2, a3 = points
    return a1, a2, a3


def test_a_ring_with_our_key_twice_gets_no_signature() -> None:
    """Whoever shows our own key as its own two would get what only we could have signed."""
    ours, other = SUITE.fresh_ecdh(SEED, 1), SUITE.fresh_ecdh(SEED, 2).public
    value = SUITE.octets(b"t")

    for ring in (
        ring_of(ours.public, ours.public, ours.public),
        ring_of(ours.public, ours.public, other),
        ring_of(other, other, other),
    ):
        sigma = SUITE.ring_sign(ring, ours.secret, value, SEED, 3)
        assert SUITE.to_bytes(sigma) == bytes(342)
        assert not SUITE.ring_verified(ring, sigma, value)
    ring = ring_of(other, ours.public, other)
    assert SUITE.ring_verified(ring, SUITE.ring_sign(ring, ours.secret, value, SEED, 3), value)


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize(
    "strange",
    [*SMALL_ORDER, *NOT_POINTS, SUITE.twisted(G)],
    ids=named,
)
def test_a_ring_with_a_strange_key_is_signed_and_verified(place: int, strange: Point) -> None:
    """Whether keys are in the group is for other checks to say."""
    ours, other = SUITE.fresh_ecdh(SEED, 1), SUITE.fresh_ecdh(SEED, 2).public
    points = [other, other, other]
    points[place], points[(place + 1) % 3] = ours.public, strange
    ring, value = ring_of(*points), SUITE.octets(b"t")

    sigma = SUITE.ring_sign(ring, ours.secret, value, SEED, 3)

    assert SUITE.ring_verified(ring, sigma, value)
    assert not SUITE.ring_verified(ring, SUITE.garble_sigma(sigma), value)
    assert not SUITE.ring_verified(ring, sigma, SUITE.octets(b"u"))
    both = ring_of(ours.public, ours.public, strange)
    assert SUITE.to_bytes(SUITE.ring_sign(both, ours.secret, value, SEED, 3)) == bytes(342)


@pytest.mark.parametrize("draw", range(5))
@pytest.mark.parametrize("weak", SMALL_ORDER, ids=named)
def test_anybody_signs_with_a_key_of_small_order(weak: Point, draw: int) -> None:
    others = [SUITE.fresh_ecdh(SEED, n).public for n in (1, 2)]
    ring, value = ring_of(others[0], weak, others[1]), SUITE.octets(b"t")

    sigma = SUITE.ring_sign(ring, SUITE.zero(), value, SEED, draw)

    assert SUITE.ring_verified(ring, sigma, value)


def test_a_ring_signature_of_another_size() -> None:
    wrong = cast("RingSignature", b"")

    assert not SUITE.ring_verified(ring_of(G, G, G), wrong, SUITE.octets(b"t"))


# Whatever arrives.


@settings(max_examples=40)
@given(POINTS, POINTS, POINTS, ELEMENTS)
@example(NOT_POINTS[0], NOT_POINTS[1], NOT_POINTS[2], SUITE.element(0))
def test_every_key_is_answered(one: Point, two: Point, three: Point, element: Any) -> None:
    ecdh, dh = SUITE.fresh_ecdh(SEED, 1).secret, SUITE.fresh_dh(SEED, 2).secret

    assert SUITE.in_group(one) in {True, False}
    assert SUITE.in_dh_group(element) in {True, False}
    mixed = SUITE.mixed(ecdh, one, dh, element)
    assert len(SUITE.to_bytes(mixed.k)) == 64
    assert len(SUITE.to_bytes(mixed.ssid)) == 8
    SUITE.mixed_by_retriever(ecdh, dh, one, element, two, three)
    SUITE.mixed_by_publisher(ecdh, dh, ecdh, ecdh, one, element)
    root = SUITE.ratchet(mixed.k, ecdh, one, SUITE.third_brace_key(dh, element))
    assert len(SUITE.to_bytes(root.chain)) == 64
    SUITE.hashed_b(element)
    profile = SUITE.client_profile(SUITE.long_term(bytes(57)), 0x100, VERSIONS, 0, SEED)
    phi = SUITE.phi(PhiSide(1, one, element), PhiSide(2, two, element))
    script = Transcript(profile, profile, one, two, element, element, phi)
    bound = SUITE.non_interactive_bound(script, three)
    sigma = SUITE.ring_sign((one, two, three), ecdh, bound, SEED, 3)
    assert not SUITE.ring_verified((one, two, three), sigma, SUITE.auth_r_bound(script))
    assert not SUITE.profile_signed(replace(profile, public_key=G))
    for point in (SUITE.plus(one, two), SUITE.minus(one, two), SUITE.twisted(one)):
        assert len(SUITE.to_bytes(SUITE.scale(point, SUITE.scalar(5)))) == 57


@settings(max_examples=40)
@given(POINTS, POINTS, POINTS, SCALAR_OCTETS, SCALAR_OCTETS, st.integers(1, 8))
def test_every_proof_is_answered(  # noqa: PLR0913, PLR0917 - what a proof is about
    one: Point, two: Point, three: Point, c: Any, d: Any, step: int
) -> None:
    proof = Proof(c, d)

    assert not SUITE.exponent_proved(step, one, proof)
    assert not SUITE.equal_exponents_proved(step, one, two, three, proof)
    assert not SUITE.coordinates_proved(step, one, two, three, G, CoordinatesProof(c, d, d))
    scalar = SUITE.scalar(step)
    SUITE.prove_equal_exponents(step, one, scalar, SEED, 1)
    SUITE.prove_coordinates(step, one, two, scalar, scalar, SEED, 1)


def test_scalars_of_a_proof_are_taken_modulo_q() -> None:
    exponent = SUITE.fresh_scalar(SEED, 1)
    power, proof = SUITE.scale(G, exponent), SUITE.prove_exponent(1, exponent, SEED, 2)

    def more(value: Any) -> Any:
        return (int.from_bytes(value, "little") + Q).to_bytes(57, "little")

    assert SUITE.exponent_proved(1, power, proof)
    assert SUITE.exponent_proved(1, power, Proof(more(proof.c), more(proof.d)))
    assert not SUITE.exponent_proved(2, power, proof)
    assert not SUITE.exponent_proved(1, power, replace(proof, d=SUITE.garble_response(proof.d)))
    # Of the exponent 0, everything holds.
    nothing = SUITE.prove_exponent(3, SUITE.zero(), SEED, 2)
    assert SUITE.exponent_proved(3, SUITE.scale(G, SUITE.zero()), nothing)


@given(st.binary(max_size=300), st.binary(min_size=64, max_size=64))
def test_whatever_is_decrypted_is_taken_apart(encrypted: bytes, key: bytes) -> None:
    mk = SUITE.key(SUITE.octets(key))

    content = SUITE.open(mk, SUITE.octets(encrypted))

    if not any(isinstance(tlv, MalformedTlv) for tlv in content.tlvs):
        # A NUL without records is not written, and padding is written as zeros.
        again = SUITE.open(mk, SUITE.seal(mk, content))
        assert again == content


@given(st.binary(max_size=100))
@example(b"?OTR:AAQ1.")
@example(b"?OTR|1|2|3,1,2,piece,")
def test_whatever_arrives_is_decoded(wire: bytes) -> None:
    message = SUITE.decode(SUITE.wire(wire))

    assert message is not None
    assert (b"?OTR" in wire) or not isinstance(message, Fragment)


# What is refused.


def test_what_is_refused() -> None:
    fingerprint, ssid = SUITE.octets(bytes(56)), SUITE.octets(bytes(8))
    typed, key = SUITE.passphrase(b"typed"), SUITE.key(SUITE.octets(bytes(64)))

    SUITE.smp_secret(fingerprint, fingerprint, ssid, typed)
    with pytest.raises(Malformed, match="Initiator fingerprint: is not 56 bytes long"):
        SUITE.smp_secret(SUITE.octets(bytes(20)), fingerprint, ssid, typed)
    with pytest.raises(Malformed, match="Secure Session ID: is not 8 bytes long"):
        SUITE.smp_secret(fingerprint, fingerprint, fingerprint, typed)
    with pytest.raises(Malformed, match="usage: is not a byte"):
        SUITE.next_extra_key(key, 256, 0)
    with pytest.raises(Malformed, match="context: is not 4 bytes long"):
        SUITE.next_extra_key(key, 0, 1 << 32)
    with pytest.raises(Malformed, match="holds a NUL"):
        SUITE.seal(key, Content(SUITE.octets(b"a\0"), (Padding(1),)))
    with pytest.raises(Malformed, match="versions: are not of one digit"):
        SUITE.client_profile(SUITE.long_term(bytes(57)), 1, frozenset({44}), 0, SEED)
    with pytest.raises(Malformed, match="has no value"):
        SUITE.phi(PhiSide(1, None, None), PhiSide(2, None, None))
    with pytest.raises(Malformed, match="is more than 4294967295"):
        SUITE.phi(PhiSide(1 << 32, G, SUITE.element(2)), PhiSide(2, None, None))


# Messages and fragments.


def test_a_data_message_in_fragments() -> None:
    key = SUITE.key(SUITE.octets(bytes(64)))
    fields = DataFields(
        Header(0x100, 0x200), 1, 2, 3, 4, G, None, SUITE.seal(key, Content(SUITE.octets(b"hi")))
    )
    mac = SUITE.data_mac(key, SUITE.data_body(fields))
    message = DataMessage(fields, mac, (SUITE.reveal(key),))
    wire = SUITE.encode(message)

    assert SUITE.decode(wire) == message
    assert SUITE.split(wire, 7, 0x100, 0x200, 0) == (wire,)
    fragments = SUITE.split(wire, 7, 0x100, 0x200, 100)
    assert len(fragments) > 3
    assert all(len(SUITE.to_bytes(fragment)) <= 100 for fragment in fragments)
    read = [SUITE.decode(fragment) for fragment in fragments]
    pieces = tuple(SUITE.piece(each) for each in read if isinstance(each, Fragment))
    assert SUITE.join(pieces) == wire
    with pytest.raises(Oversized, match="carries nothing"):
        SUITE.split(wire, 7, 0x100, 0x200, 10)
    plain = Plaintext(SUITE.octets(b"hello"))
    assert SUITE.decode(SUITE.encode(plain)) == plain


# For deviating senders.


@given(st.binary(max_size=200))
@example(b"")
def test_what_is_garbled_differs(value: bytes) -> None:
    garbled = SUITE.to_bytes(SUITE.garble(SUITE.octets(value)))

    assert garbled != value
    assert len(garbled) == max(len(value), 1)
    mac = SUITE.to_bytes(SUITE.garble_mac(any_sort(value)))
    assert mac == garbled == SUITE.to_bytes(SUITE.garble_dsa(any_sort(value)))


@given(SCALAR_OCTETS, st.binary(max_size=300))
def test_what_ends_in_a_scalar_is_garbled_into_a_reduced_one(scalar: bytes, before: bytes) -> None:
    response = SUITE.to_bytes(SUITE.garble_response(any_sort(scalar)))

    made = int.from_bytes(response, "little")
    assert made == (int.from_bytes(scalar, "little") + 1) % Q
    assert SUITE.to_bytes(SUITE.garble_sigma(any_sort(before + scalar))) == before + response
    assert SUITE.to_bytes(SUITE.garble_signature(any_sort(before + scalar))) == before + response
