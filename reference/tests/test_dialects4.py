"""Dialects of OTRv4: both sides understand each other, ours does not where it cannot."""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import shake_256
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from otr_model.kernel.variant import Override, Variant, apply
from otr_model.otrv4.conditions import Check
from otr_model.otrv4.protocol import OTRV4
from otr_reference.ed448 import ORDER, hash_and_prune
from otr_reference.errors import OtrSpecError
from otr_reference.keys.dsa import DsaPrivate, DsaPublic
from otr_reference.otrv4.deviations import deviating
from otr_reference.otrv4.dialects import DIALECTS, UnknownDialect, dialect
from otr_reference.otrv4.messages import (
    AuthI,
    AuthR,
    Content,
    ExtraKeyUse,
    Header,
    Identity,
    MalformedMessage,
    MalformedTlv,
    Plaintext,
    Query,
    Smp1,
    Smp4,
    UnknownTlv,
)
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.suite import PhiSide, Transcript

if TYPE_CHECKING:
    from otr_reference.otrv4.messages import ClientProfile, Message
    from otr_reference.otrv4.suite import DhPair, EcdhPair, LongTerm

SUITE: Final = RealSuite()
SEED: Final = SUITE.seed(b"a test of dialects")
BOB, ALICE = 0x200, 0x101

# A group of DSA's shape, small enough to be quick: p has 256 bits, q has 160.
DSA_P: Final = 0xCD2CDAC1A979A05357FFB4DEC32F73FB8CC2D88A7427548B54A6B3986CFBB60B
DSA_Q: Final = 0xDEB561A4216363698B529B4A97B750923CEB4027
DSA_G: Final = 0x3F3C809CA33F08518FF82ECD81F32C5FF46250385ED19DDCF97A71862766ACD4
DSA: Final = DsaPrivate(DsaPublic(DSA_P, DSA_Q, DSA_G, pow(DSA_G, 3, DSA_P)), 3)

PHI, SECRET, K_DH = {"phi": "sender-receiver"}, {"smp_secret": "64-unpruned"}, {"k_dh": "minimal"}
RING, PROOFS = {"ring_randoms": "pruned"}, {"smp_randoms": "pruned"}
TYPES, SCALARS = {"key_types": "big-endian"}, {"scalars": "56-bytes"}


def ecdh(draw: int) -> EcdhPair:
    """An ECDH key."""
    return SUITE.fresh_ecdh(SEED, draw)


def dh(draw: int) -> DhPair:
    """A DH key."""
    return SUITE.fresh_dh(SEED, draw)


def bob_keys() -> LongTerm:
    """Long-term keys with a DSA key."""
    return SUITE.long_term(bytes(57), dsa=DSA)


def profile_of(suite: RealSuite) -> ClientProfile:
    """A client profile with all fields."""
    return suite.client_profile(bob_keys(), BOB, frozenset({3, 4}), 1000, SEED)


def identity(suite: RealSuite) -> Identity:
    """An Identity message."""
    profile = profile_of(suite)
    keys = ecdh(1).public, dh(2).public, ecdh(3).public, dh(4).public
    return Identity(Header(BOB, 0), profile, *keys)


def auth_r(suite: RealSuite) -> AuthR:
    """An Auth-R message, whose ring signature is any."""
    told = identity(suite)
    keys = (told.y, told.first_ecdh, bob_keys().public)
    sigma = suite.ring_sign(keys, bob_keys().secret, suite.octets(b"t"), SEED, 5)
    return AuthR(told.header, told.profile, told.y, told.b, sigma, told.first_ecdh, told.first_dh)


def auth_i(suite: RealSuite) -> AuthI:
    """An Auth-I message."""
    return AuthI(Header(BOB, ALICE), auth_r(suite).sigma)


def binary(suite: RealSuite, message: Message) -> bytes:
    """The bytes of a message."""
    return b64decode(suite.to_bytes(suite.encode(message))[5:-1])


def scalars(octets: bytes, size: int) -> tuple[int, ...]:
    """Scalars one after the other."""
    return tuple(
        int.from_bytes(octets[at : at + size], "little") for at in range(0, len(octets), size)
    )


# What there is.


def test_unknown_dialects_are_refused() -> None:
    with pytest.raises(UnknownDialect, match="phi: backwards is no dialect; there are phi: sender"):
        dialect(SUITE, {"phi": "backwards"})
    with pytest.raises(UnknownDialect, match="scalar: 56-bytes is no dialect"):
        dialect(SUITE, {"scalar": "56-bytes"})
    assert dialect(SUITE, {}) is SUITE


def test_dialects_are_edits_of_a_variant() -> None:
    edits = tuple(Override(operation, how) for operation, how in DIALECTS)
    assert [(e.operation, e.how) for e in edits] == [
        (each.operation, each.how) for each in DIALECTS.values()
    ]
    overrides = apply(OTRV4, Variant("all of them", edits=edits)).overrides

    spoken = dialect(SUITE, overrides)

    assert isinstance(spoken, RealSuite)
    assert spoken is not SUITE
    assert all(each.about and each.source for each in DIALECTS.values())


def test_over_another_suite_nothing_differs() -> None:
    terms: Any = object()

    assert dialect(terms, dict(list(DIALECTS))) is terms


def test_a_dialect_can_deviate() -> None:
    suite = deviating(dialect(SUITE, TYPES), frozenset({Check.PROFILE_SIGNED}))

    profile = profile_of(suite)

    assert SUITE.to_bytes(profile.body)[12:14] == b"\0\x10"
    assert not SUITE.profile_signed(profile)
    assert SUITE.profile_signed(profile_of(dialect(SUITE, TYPES)))


# Values.


def test_phi_with_what_the_sender_contributes_first() -> None:
    suite = dialect(SUITE, PHI)
    bob = PhiSide(BOB, ecdh(1).public, dh(2).public, SUITE.literal("bob"))
    alice = PhiSide(ALICE, ecdh(3).public, dh(4).public, SUITE.literal("alice"))

    phi = [SUITE.to_bytes(suite.phi(*sides)) for sides in ((bob, alice), (alice, bob))]

    assert phi[0] != phi[1]
    assert phi[0][:8] == b"\0\0\2\0\0\0\1\1"
    assert phi[1][:8] == b"\0\0\1\1\0\0\2\0"
    assert phi[0][8:65] == SUITE.to_bytes(ecdh(1).public)
    assert phi[0].endswith(b"\0\0\0\3bob\0\0\0\5alice")
    assert phi[1].endswith(b"\0\0\0\5alice\0\0\0\3bob")
    # Ours has the keys of the lower tag first, and the names sorted.
    assert SUITE.to_bytes(SUITE.phi(bob, alice)) == phi[1]
    offline = PhiSide(ALICE, None, None, None)
    expected = b"\0\0\1\1\0\0\2\0" + phi[0][8 : 8 + 57 + 4 + 384] + b"\0\0\0\3bob"
    assert SUITE.to_bytes(suite.phi(offline, bob)) == expected


def test_a_secret_of_64_bytes() -> None:
    names = SUITE.octets(bytes(56)), SUITE.octets(b"\1" * 56), SUITE.octets(b"session!")
    information = b"\1" + bytes(56) + b"\1" * 56 + b"session!" + b"\0\0\0\5typed"

    secret = dialect(SUITE, SECRET).smp_secret(*names, SUITE.passphrase(b"typed"))

    hashed = shake_256(b"OTRv4\x19" + information).digest(64)
    assert SUITE.to_int(secret) == int.from_bytes(hashed, "little") % ORDER
    ours = SUITE.to_int(SUITE.smp_secret(*names, SUITE.passphrase(b"typed")))
    assert ours >> 447 == 1
    assert ours % 4 == 0


def test_k_dh_without_leading_zeros() -> None:
    suite = dialect(SUITE, K_DH)
    one, secret = SUITE.outside_element(), SUITE.exponent(1)

    # 1 to any power is 1, which is as short as can be.
    brace = SUITE.to_bytes(suite.third_brace_key(secret, one))

    assert brace == shake_256(b"OTRv4\x01\x01").digest(32)
    ours = SUITE.to_bytes(SUITE.third_brace_key(secret, one))
    assert ours == shake_256(b"OTRv4\x01" + bytes(383) + b"\x01").digest(32)
    mixed = suite.mixed(ecdh(1).secret, ecdh(2).public, secret, one)
    assert SUITE.to_bytes(mixed.brace) == brace
    retrieved = suite.mixed_by_retriever(
        ecdh(1).secret, secret, ecdh(2).public, one, ecdh(3).public, ecdh(4).public
    )
    assert SUITE.to_bytes(retrieved.mixed.brace) == brace
    published = suite.mixed_by_publisher(
        ecdh(1).secret, secret, ecdh(2).secret, ecdh(3).secret, ecdh(4).public, one
    )
    assert SUITE.to_bytes(published.mixed.brace) == brace
    # Where nothing is missing, nothing differs.
    assert suite.third_brace_key(dh(1).secret, dh(2).public) == SUITE.third_brace_key(
        dh(1).secret, dh(2).public
    )


def test_pruned_scalars_name_the_signer() -> None:
    suite = dialect(SUITE, RING)
    pairs = [ecdh(n) for n in range(3)]
    keys = (pairs[0].public, pairs[1].public, pairs[2].public)
    value = SUITE.octets(b"t")

    for draw in range(4):
        sigma = suite.ring_sign(keys, pairs[1].secret, value, SEED, draw)
        assert SUITE.ring_verified(keys, sigma, value)
        c1, r1, _c2, _r2, c3, r3 = scalars(SUITE.to_bytes(sigma), 57)
        # A multiple of 4 from 2^447 on, less q, or two or three times q.
        assert {c1 % 4, r1 % 4, c3 % 4, r3 % 4} <= {0, 2, 3}


def test_pruned_scalars_of_proofs() -> None:
    suite, exponent = dialect(SUITE, PROOFS), SUITE.fresh_scalar(SEED, 1)

    proof = suite.prove_exponent(1, exponent, SEED, 2)

    assert SUITE.exponent_proved(1, SUITE.scale(SUITE.generator(), exponent), proof)
    c, d = (int.from_bytes(SUITE.to_bytes(value), "little") for value in (proof.c, proof.d))
    drawn = SUITE.fresh_scalar(SEED, 2)  # the same bytes, and pruned in every dialect
    assert (d + c * SUITE.to_int(exponent)) % ORDER == SUITE.to_int(drawn) % ORDER
    assert suite.proof_scalar(bytes(57)) == hash_and_prune(bytes(57))
    assert SUITE.proof_scalar(bytes(57)) != hash_and_prune(bytes(57))


# Types of keys.


def test_key_types_are_the_other_way_round_and_signed_so() -> None:
    suite = dialect(SUITE, TYPES)

    theirs, ours = profile_of(suite), profile_of(SUITE)

    body, other = SUITE.to_bytes(theirs.body), SUITE.to_bytes(ours.body)
    assert (body[12:14], other[12:14]) == (b"\0\x10", b"\x10\0")
    assert (body[73:75], other[73:75]) == (b"\0\x12", b"\x12\0")
    # All else is the same, but for the transitional signature at the end.
    swapped = bytearray(body)
    swapped[12:14], swapped[73:75] = b"\x10\0", b"\x12\0"
    assert bytes(swapped[:-40]) == other[:-40]
    fields = theirs.transitional_body
    assert fields is not None
    assert SUITE.to_bytes(fields) == body[4:-42]
    for profile in (theirs, ours):
        assert SUITE.profile_signed(profile)
        assert SUITE.transition_signed(profile)
    assert SUITE.fingerprint(theirs) == SUITE.fingerprint(ours)


def test_a_prekey_profile_with_its_type_the_other_way_round() -> None:
    suite = dialect(SUITE, TYPES)

    theirs = suite.prekey_profile(bob_keys(), BOB, ecdh(1).public, 1000)

    ours = SUITE.prekey_profile(bob_keys(), BOB, ecdh(1).public, 1000)
    body, other = SUITE.to_bytes(theirs.body), SUITE.to_bytes(ours.body)
    assert (body[12:14], other[12:14]) == (b"\0\x11", b"\x11\0")
    assert body[:12] + body[14:] == other[:12] + other[14:]
    assert SUITE.prekey_profile_signed(profile_of(suite), theirs)
    assert theirs.shared_prekey == ours.shared_prekey


@pytest.mark.parametrize("make", [identity, auth_r])
def test_profiles_in_messages_are_read_as_they_are_written(make: Any) -> None:
    suite = dialect(SUITE, TYPES)
    message = make(suite)

    read = suite.decode(suite.encode(message))

    assert isinstance(read, Identity | AuthR)
    assert read == message
    assert binary(suite, message)[23:25] == b"\0\x10"
    assert isinstance(SUITE.decode(suite.encode(message)), MalformedMessage)
    assert isinstance(suite.decode(SUITE.encode(make(SUITE))), MalformedMessage)
    # What a DAKE signs has the profile as it was read.
    script = [
        Transcript(
            p, p, ecdh(1).public, ecdh(2).public, dh(3).public, dh(4).public, SUITE.octets(b"")
        )
        for p in (message.profile, profile_of(SUITE))
    ]
    assert suite.auth_r_bound(script[0]) == SUITE.auth_r_bound(script[0])
    assert suite.auth_r_bound(script[0]) != SUITE.auth_r_bound(script[1])


# Scalars of 56 bytes.


@pytest.mark.parametrize("types", [{}, TYPES], ids=("little", "big"))
@pytest.mark.parametrize("make", [auth_r, auth_i])
def test_ring_signatures_with_shorter_scalars(make: Any, types: dict[str, str]) -> None:
    suite, long = dialect(SUITE, SCALARS | types), dialect(SUITE, types)
    message = make(suite)

    wire = suite.encode(message)

    assert suite.decode(wire) == message
    short, other = binary(suite, message), binary(long, message)
    assert len(short) == len(other) - 6
    sigma = SUITE.to_bytes(message.sigma)
    at = other.index(sigma)
    assert scalars(short[at : at + 336], 56) == scalars(sigma, 57)
    assert short[:at] + short[at + 336 :] == other[:at] + other[at + 342 :]
    assert isinstance(long.decode(wire), MalformedMessage)
    assert isinstance(suite.decode(long.encode(message)), MalformedMessage)


def test_tlvs_with_shorter_scalars() -> None:
    suite, key = dialect(SUITE, SCALARS), SUITE.key(SUITE.octets(bytes(64)))
    exponent = SUITE.fresh_scalar(SEED, 1)
    power = SUITE.scale(SUITE.generator(), exponent)
    proof = SUITE.prove_exponent(1, exponent, SEED, 2)
    one = Smp1(SUITE.octets(b"why?"), power, proof.c, proof.d, power, proof.c, proof.d)
    four = Smp4(power, proof.c, proof.d)
    use, unknown = ExtraKeyUse(1, SUITE.octets(bytes(57))), UnknownTlv(9, SUITE.octets(bytes(57)))
    content = Content(SUITE.octets(b"text"), (use, one, unknown, four))

    encrypted = suite.seal(key, content)

    assert suite.open(key, encrypted) == content
    assert suite.size(encrypted) == SUITE.size(SUITE.seal(key, content)) - 6
    kinds = [type(tlv) for tlv in SUITE.open(key, encrypted).tlvs]
    assert kinds == [ExtraKeyUse, MalformedTlv, UnknownTlv, MalformedTlv]
    kinds = [type(tlv) for tlv in suite.open(key, SUITE.seal(key, content)).tlvs]
    assert kinds == [ExtraKeyUse, MalformedTlv, UnknownTlv, MalformedTlv]
    plain = Content(SUITE.octets(b"text"), ())
    assert suite.seal(key, plain) == SUITE.seal(key, plain)
    assert suite.open(key, suite.seal(key, plain)) == plain


# Whatever arrives.

EVERYTHING: Final = dialect(SUITE, dict(list(DIALECTS)))
WIRES: Final = [
    SUITE.to_bytes(EVERYTHING.encode(m)) for m in (auth_r(EVERYTHING), identity(EVERYTHING))
]


def test_texts_are_as_ever() -> None:
    for message in (Plaintext(SUITE.octets(b"hi")), Query(frozenset({3, 4}))):
        wire = EVERYTHING.encode(message)
        assert wire == SUITE.encode(message)
        assert EVERYTHING.decode(wire) == message
    older = SUITE.wire(b"?OTR:AAMD.")
    assert EVERYTHING.decode(older) == SUITE.decode(older)


@settings(max_examples=150)
@given(st.integers(0, 1), st.integers(0, 3000), st.binary(max_size=3), st.sampled_from((0, 3000)))
@example(0, 0, b"", 0)
@example(1, 23, b"\x10\0", 3000)
def test_decoding_is_total(which: int, place: int, replaced: bytes, kept: int) -> None:
    octets = b64decode(WIRES[which][5:-1])
    place %= len(octets)
    changed = octets[:place] + replaced + octets[place + len(replaced) :][:kept]

    message = EVERYTHING.decode(SUITE.wire(b"?OTR:" + b64encode(changed) + b"."))

    assert isinstance(message, Identity | AuthR | MalformedMessage) or changed[:3] != octets[:3]
    if not isinstance(message, MalformedMessage):
        try:
            assert EVERYTHING.decode(EVERYTHING.encode(message)) == message
        except OtrSpecError:
            assert changed[:3] != octets[:3]  # of another version: only ever received


@given(st.binary(max_size=600))
@example(b"\0\0\2\0\0")
@example(b"\0\0\2\0\4\0\0\0\xff")
@example(b"\0\0\5\0\xa9" + bytes(169))
def test_opening_is_total(octets: bytes) -> None:
    key = SUITE.key(SUITE.octets(bytes(64)))
    stream = SUITE.to_bytes(SUITE.seal(key, Content(SUITE.octets(b"\1" * 600), ())))
    encrypted = bytes(a ^ b ^ 1 for a, b in zip(octets, stream, strict=False))

    content = EVERYTHING.open(key, SUITE.octets(encrypted))

    assert SUITE.to_bytes(content.text) == octets.partition(b"\0")[0]
