"""RealSuite: draws, the AKE and data messages, computed a second time straight from the text."""

from __future__ import annotations

import hmac
from dataclasses import replace
from hashlib import sha1, sha256, shake_256
from typing import TYPE_CHECKING, Final

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import example, given
from hypothesis import strategies as st

from otr_model.groups import MODP_1536
from otr_reference.errors import Malformed
from otr_reference.keys import DsaPrivate, DsaPublic
from otr_reference.otrv3.messages import (
    Commitment,
    Content,
    DataFields,
    DataMessage,
    DhCommit,
    Fragment,
    Header,
    Identity,
    MalformedTlv,
    Padding,
    Plaintext,
)
from otr_reference.otrv3.real import RealSuite
from otr_reference.otrv3.wire import Oversized

if TYPE_CHECKING:
    from otr_reference.sorts import Octets

SUITE: Final = RealSuite()
P: Final = MODP_1536.modulus

# A group of DSA's shape, small enough to be quick: p has 256 bits, q has 160.
DSA_P: Final = 0xCD2CDAC1A979A05357FFB4DEC32F73FB8CC2D88A7427548B54A6B3986CFBB60B
DSA_Q: Final = 0xDEB561A4216363698B529B4A97B750923CEB4027
DSA_G: Final = 0x3F3C809CA33F08518FF82ECD81F32C5FF46250385ED19DDCF97A71862766ACD4

ALICE, BOB = (
    DsaPrivate(DsaPublic(DSA_P, DSA_Q, DSA_G, pow(DSA_G, x, DSA_P)), x)
    for x in (DSA_Q // 3, DSA_Q // 5)
)
ALICE_SEED, BOB_SEED = SUITE.seed(b"alice" * 7), SUITE.seed(b"bob" * 11)

HEADER: Final = Header(3, 0x100, 0x200)
SEEDS: Final = st.binary(max_size=80)
DRAWS: Final = st.integers(1, 1 << 40)


def mpi(number: int) -> bytes:
    """Write an MPI."""
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return len(octets).to_bytes(4, "big") + octets


def pubkey(private: DsaPrivate) -> bytes:
    """Write a PUBKEY."""
    public = private.public
    return b"\0\0" + b"".join(map(mpi, (public.p, public.q, public.g, public.y)))


def aes_ctr(key: bytes, top: int, data: bytes) -> bytes:
    """Counter mode, from single blocks."""
    blocks = -(-len(data) // 16)
    counters = b"".join(((top << 64) + block).to_bytes(16, "big") for block in range(blocks))
    single = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - single blocks
    stream = single.update(counters) + single.finalize()
    return bytes(a ^ b for a, b in zip(data, stream, strict=False))


def octets(value: Octets) -> bytes:
    """Bytes of a value."""
    return SUITE.to_bytes(value)


# Randomness.


@given(SEEDS, DRAWS)
def test_a_draw_is_a_function_of_the_seed_and_its_number(seed: bytes, draw: int) -> None:
    def drawn(size: int) -> bytes:
        numbers = (n.to_bytes(8, "big") for n in (draw, size, len(seed)))
        return shake_256(b"otrspec OTRv3 draw 1" + b"".join(numbers) + seed).digest(size)

    key = SUITE.fresh_key(SUITE.seed(seed), draw)
    pair = SUITE.fresh_pair(SUITE.seed(seed), draw)
    exponent = SUITE.fresh_exponent(SUITE.seed(seed), draw)

    assert SUITE.to_bytes(key) == drawn(16)
    secret = int.from_bytes(drawn(40), "big") | 1 << 319
    assert SUITE.to_int(pair.secret) == secret
    assert SUITE.to_int(pair.public) == pow(2, secret, P)
    assert SUITE.to_int(exponent) == int.from_bytes(drawn(192), "big") | 1 << 1535


@given(st.lists(st.tuples(SEEDS, DRAWS), min_size=2, max_size=5, unique=True))
@example([(b"", 1), (b"\0", 1)])
@example([(b"a", 1), (b"a", 2)])
def test_no_two_draws_have_anything_in_common(draws: list[tuple[bytes, int]]) -> None:
    keys = [SUITE.to_bytes(SUITE.fresh_key(SUITE.seed(seed), draw)) for seed, draw in draws]
    secrets = [SUITE.to_int(SUITE.fresh_exponent(SUITE.seed(seed), draw)) for seed, draw in draws]

    assert len(set(keys)) == len(draws)
    assert len(set(secrets)) == len(draws)
    # Nor have the values of different kinds that one draw gives.
    leading = {secret.to_bytes(192, "big")[:16] for secret in secrets}
    assert not leading & set(keys)


# Section "D-H Commit Message".


def test_a_commitment_hides_and_binds() -> None:
    r = SUITE.fresh_key(BOB_SEED, 1)
    gx = SUITE.fresh_pair(BOB_SEED, 2).public

    commitment = SUITE.commit(r, gx)

    gxmpi = mpi(SUITE.to_int(gx))
    assert octets(commitment.encrypted) == aes_ctr(SUITE.to_bytes(r), 0, gxmpi)
    assert octets(commitment.hashed) == sha256(gxmpi).digest()

    revealed = SUITE.reveal(r)
    assert octets(revealed) == SUITE.to_bytes(r)
    assert SUITE.matches(revealed, commitment)
    assert SUITE.opens(revealed, commitment)
    assert SUITE.same(SUITE.opened(revealed, commitment), gx)

    # Another key.
    other = SUITE.garble(revealed)
    assert not SUITE.matches(other, commitment)
    assert not SUITE.opens(other, commitment)
    # Another hash: it opens, and does not match.
    rehashed = replace(commitment, hashed=SUITE.garble(commitment.hashed))
    assert SUITE.opens(revealed, rehashed)
    assert not SUITE.matches(revealed, rehashed)
    # Another g^x: the same.
    changed = replace(commitment, encrypted=SUITE.garble(commitment.encrypted))
    assert SUITE.to_int(SUITE.opened(revealed, changed)) == SUITE.to_int(gx) ^ 1
    assert not SUITE.matches(revealed, changed)


def test_a_false_commitment_matches_and_does_not_open() -> None:
    r = SUITE.fresh_key(BOB_SEED, 1)

    false = SUITE.false_commitment(r)

    assert SUITE.size(false.encrypted) == 196
    assert SUITE.matches(SUITE.reveal(r), false)
    assert not SUITE.opens(SUITE.reveal(r), false)
    with pytest.raises(Malformed, match="Encrypted g\\^x: is not one MPI"):
        SUITE.opened(SUITE.reveal(r), false)


@given(st.binary(max_size=40), st.binary(max_size=220), st.binary(max_size=40))
@example(b"", b"", b"")
@example(bytes(15), bytes(196), bytes(32))
@example(bytes(24), bytes(196), bytes(32))
@example(bytes(32), bytes(196), bytes(32))
def test_any_commitment_and_any_revealed_key_are_answered(
    revealed: bytes, encrypted: bytes, hashed: bytes
) -> None:
    commitment = Commitment(SUITE.octets(encrypted), SUITE.octets(hashed))
    key = SUITE.octets(revealed)

    plain = aes_ctr(revealed, 0, encrypted) if len(revealed) == 16 else None
    length = None if plain is None else int.from_bytes(plain[:4], "big")
    one_mpi = (
        plain is not None
        and len(plain) >= 4
        and len(plain) == 4 + (length or 0)
        and plain[4:5] != b"\0"
    )
    assert SUITE.opens(key, commitment) == one_mpi
    assert SUITE.matches(key, commitment) == (
        plain is not None and sha256(plain).digest() == hashed
    )


@pytest.mark.parametrize(
    ("number", "valid"),
    [(0, False), (1, False), (2, True), (P - 2, True), (P - 1, False), (P, False), (P + 2, False)],
    ids=("0", "1", "2", "p-2", "p-1", "p", "p+2"),
)
def test_the_range_of_group_elements(number: int, *, valid: bool) -> None:
    assert SUITE.in_range(SUITE.element(number)) == valid


def test_what_is_outside_is_a_power_that_tells_nothing() -> None:
    outside = SUITE.outside()
    assert not SUITE.in_range(outside)
    assert SUITE.same(SUITE.power(outside, SUITE.fresh_exponent(BOB_SEED, 1)), outside)


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
@example(bytes(32), bytes(32))
def test_the_higher_commitment_is_the_one_that_sorts_later(ours: bytes, theirs: bytes) -> None:
    assert SUITE.higher(SUITE.octets(ours), SUITE.octets(theirs)) == (ours > theirs)


# Section "Reveal Signature Message" and "Signature Message".


def test_an_ake() -> None:
    # Bob commits to g^x.
    r, bob = SUITE.fresh_key(BOB_SEED, 1), SUITE.fresh_pair(BOB_SEED, 2)
    commitment = SUITE.commit(r, bob.public)
    # Alice answers with g^y.
    alice = SUITE.fresh_pair(ALICE_SEED, 1)
    assert SUITE.in_range(alice.public)

    # Bob opens the commitment and says who he is.
    bobs = SUITE.ake_keys(bob.secret, alice.public)
    bobs_key = SUITE.signing_key(BOB)
    m_b = SUITE.signed_value(
        bobs.reveal.m1, bob.public, alice.public, SUITE.public_key(bobs_key), 1
    )
    x_b = Identity(SUITE.public_key(bobs_key), 1, SUITE.sign(bobs_key, m_b, BOB_SEED, 3))
    sealed_b = SUITE.seal_identity(bobs.reveal.c, x_b)
    mac_b = SUITE.identity_mac(bobs.reveal.m2, sealed_b)

    gx, gy = SUITE.to_int(bob.public), SUITE.to_int(alice.public)
    signed = mpi(gx) + mpi(gy) + pubkey(BOB) + b"\0\0\0\1"
    assert octets(m_b) == hmac.digest(SUITE.to_bytes(bobs.reveal.m1), signed, "sha256")
    x_bytes = pubkey(BOB) + b"\0\0\0\1" + SUITE.to_bytes(x_b.signature)
    assert octets(sealed_b) == aes_ctr(SUITE.to_bytes(bobs.reveal.c), 0, x_bytes)
    counted = len(x_bytes).to_bytes(4, "big") + octets(sealed_b)
    whole = hmac.digest(SUITE.to_bytes(bobs.reveal.m2), counted, "sha256")
    assert SUITE.to_bytes(mac_b) == whole[:20]

    # Alice checks everything, in the order of the text.
    revealed = SUITE.reveal(r)
    assert SUITE.matches(revealed, commitment)
    assert SUITE.opens(revealed, commitment)
    opened = SUITE.opened(revealed, commitment)
    assert SUITE.in_range(opened)
    alices = SUITE.ake_keys(alice.secret, opened)
    assert alices == bobs
    assert SUITE.same(SUITE.identity_mac(alices.reveal.m2, sealed_b), mac_b)
    received = SUITE.open_identity(alices.reveal.c, sealed_b)
    assert received == x_b
    again = SUITE.signed_value(alices.reveal.m1, opened, alice.public, x_b.public, x_b.keyid)
    assert SUITE.same(again, m_b)
    assert SUITE.verify(x_b.public, again, x_b.signature)

    # And says who she is, with the other keys and her D-H key first.
    alices_key = SUITE.signing_key(ALICE)
    m_a = SUITE.signed_value(
        alices.signature.m1, alice.public, bob.public, SUITE.public_key(alices_key), 7
    )
    x_a = Identity(SUITE.public_key(alices_key), 7, SUITE.sign(alices_key, m_a, ALICE_SEED, 2))
    sealed_a = SUITE.seal_identity(alices.signature.c, x_a)

    signed = mpi(gy) + mpi(gx) + pubkey(ALICE) + b"\0\0\0\7"
    assert octets(m_a) == hmac.digest(SUITE.to_bytes(alices.signature.m1), signed, "sha256")
    assert SUITE.open_identity(bobs.signature.c, sealed_a) == x_a
    assert SUITE.verify(x_a.public, m_a, x_a.signature)

    # Nothing of one side serves for the other.
    assert not SUITE.verify(x_b.public, m_a, x_a.signature)
    assert not SUITE.verify(x_a.public, m_b, x_a.signature)
    assert SUITE.open_identity(bobs.reveal.c, sealed_a) is None


@given(st.binary(min_size=32, max_size=32), DRAWS)
def test_a_signature_holds_for_its_value_and_key_only(value: bytes, draw: int) -> None:
    signing, m = SUITE.signing_key(ALICE), SUITE.octets(value)
    public, stranger = SUITE.public_key(signing), SUITE.public_key(SUITE.signing_key(BOB))

    signature = SUITE.sign(signing, m, ALICE_SEED, draw)

    assert SUITE.to_bytes(public) == pubkey(ALICE)
    fields = pubkey(ALICE)[2:]
    assert SUITE.fingerprint(public) == sha1(fields, usedforsecurity=False).digest()
    assert SUITE.verify(public, m, signature)
    assert not SUITE.verify(public, SUITE.garble(m), signature)
    assert not SUITE.verify(stranger, m, signature)
    assert SUITE.same(SUITE.sign(signing, m, ALICE_SEED, draw), signature)
    other = SUITE.sign(signing, m, ALICE_SEED, draw + 1)
    assert not SUITE.same(other, signature)
    assert SUITE.verify(public, m, other)


@given(st.integers(0, 177), st.integers(0, 255), st.binary(max_size=3))
def test_any_sealed_identity_is_answered(place: int, byte: int, tail: bytes) -> None:
    c = SUITE.ake_keys(SUITE.scalar(1), SUITE.element(2)).reveal.c
    plain = bytearray(pubkey(ALICE) + bytes(44) + tail)
    plain[place] = byte
    sealed = aes_ctr(SUITE.to_bytes(c), 0, bytes(plain))

    found = SUITE.open_identity(c, SUITE.octets(sealed))

    if place >= len(pubkey(ALICE)) and not tail:
        assert found is not None
    if found is not None:
        assert octets(SUITE.seal_identity(c, found)) == sealed
        assert not SUITE.verify(found.public, SUITE.octets(bytes(32)), found.signature)


def test_a_false_identity_does_not_open() -> None:
    c = SUITE.ake_keys(SUITE.scalar(1), SUITE.element(2)).reveal.c

    assert SUITE.open_identity(c, SUITE.false_identity(c)) is None


# Section "Data Message".


@given(
    st.binary(max_size=100).filter(lambda text: b"\0" not in text),
    st.integers(0, 1 << 12),
    st.integers(1, (1 << 64) - 1),
)
@example(b"", 0, (1 << 64) - 1)
def test_a_data_message(text: bytes, padding: int, counter: int) -> None:
    alice, bob = SUITE.fresh_pair(ALICE_SEED, 1), SUITE.fresh_pair(BOB_SEED, 1)
    sending = SUITE.data_keys(alice, bob.public)
    receiving = SUITE.data_keys(bob, alice.public)
    content = Content(SUITE.octets(text), (Padding(padding),))

    encrypted = SUITE.seal(sending.sending, counter, content)
    fields = DataFields(HEADER, 0, 1, 2, bob.public, counter, encrypted)
    body = SUITE.data_body(fields)
    mac = SUITE.data_mac(sending.sending_mac, body)

    plain = text + b"\0\0\0" + padding.to_bytes(2, "big") + bytes(padding)
    ciphertext = aes_ctr(SUITE.to_bytes(sending.sending), counter, plain)
    assert octets(encrypted) == ciphertext
    covered = (
        b"\0\3\3\0\0\1\0\0\0\2\0\0\0\0\0\1\0\0\0\2"
        + mpi(SUITE.to_int(bob.public))
        + counter.to_bytes(8, "big")
        + len(ciphertext).to_bytes(4, "big")
        + ciphertext
    )
    assert octets(body) == covered
    assert SUITE.to_bytes(mac) == hmac.digest(SUITE.to_bytes(sending.sending_mac), covered, "sha1")

    # What arrives, and what becomes of it.
    old = SUITE.old_mac_keys((sending.receiving_mac, receiving.receiving_mac))
    message = DataMessage(fields, body, mac, old)
    arrived = SUITE.decode(SUITE.encode(message))
    assert arrived == message
    assert SUITE.same(SUITE.data_mac(receiving.receiving_mac, body), mac)
    assert SUITE.open(receiving.receiving, counter, encrypted) == content
    assert octets(old) == SUITE.to_bytes(sending.receiving_mac) + SUITE.to_bytes(
        sending.sending_mac
    )
    assert SUITE.size(old) == 40

    # With another key nothing verifies.
    assert not SUITE.same(SUITE.data_mac(sending.receiving_mac, body), mac)
    assert not SUITE.same(SUITE.data_mac(receiving.receiving_mac, SUITE.garble(body)), mac)
    assert not SUITE.same(SUITE.garble_mac(mac), mac)


@given(st.binary(max_size=64), st.integers(0, (1 << 64) - 1))
def test_any_ciphertext_opens_to_something(sealed: bytes, counter: int) -> None:
    key = SUITE.fresh_key(BOB_SEED, 1)

    content = SUITE.open(key, counter, SUITE.octets(sealed))

    plain = aes_ctr(SUITE.to_bytes(key), counter, sealed)
    assert octets(content.text) == plain.partition(b"\0")[0]


def test_a_record_that_is_cut_off_is_malformed_and_does_not_hide_the_text() -> None:
    key = SUITE.fresh_key(BOB_SEED, 1)
    sealed = SUITE.octets(aes_ctr(SUITE.to_bytes(key), 9, b"text\0\0\1\0\5abc"))

    content = SUITE.open(key, 9, sealed)

    assert octets(content.text) == b"text"
    assert [type(tlv) for tlv in content.tlvs] == [MalformedTlv]


# Texts, comparing, and pieces.


def test_texts_of_our_own() -> None:
    assert octets(SUITE.literal("für Bob")) == b"f\xc3\xbcr Bob"
    assert SUITE.empty(SUITE.literal(""))
    assert not SUITE.empty(SUITE.literal("\0"))


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_bytes_are_the_same_if_equal(left: bytes, right: bytes) -> None:
    assert SUITE.same(SUITE.octets(left), SUITE.octets(left))
    assert SUITE.same(SUITE.octets(left), SUITE.octets(right)) == (left == right)


@given(st.integers(0, 1 << 1600), st.integers(0, 1 << 1600))
@example(0, 1)
@example(1, 1 << 1536)
def test_numbers_are_the_same_if_equal(left: int, right: int) -> None:
    assert SUITE.same(SUITE.element(left), SUITE.element(left))
    assert SUITE.same(SUITE.element(left), SUITE.element(right)) == (left == right)


@given(st.binary(max_size=40))
def test_what_is_garbled_is_different_and_as_long(value: bytes) -> None:
    garbled = octets(SUITE.garble(SUITE.octets(value)))

    assert garbled != value
    assert len(garbled) == max(1, len(value))


def test_a_message_in_fragments() -> None:
    commitment = SUITE.commit(SUITE.fresh_key(BOB_SEED, 1), SUITE.fresh_pair(BOB_SEED, 2).public)
    message = DhCommit(HEADER, commitment.encrypted, commitment.hashed)
    wire = SUITE.encode(message)
    assert SUITE.decode(wire) == message
    assert SUITE.split(wire, 0x100, 0x200, 3, 0) == (wire,)

    pieces = SUITE.split(wire, 0x100, 0x200, 3, 100)
    stored = None
    for piece in pieces:
        fragment = SUITE.decode(piece)
        assert isinstance(fragment, Fragment)
        assert fragment.header == HEADER
        before = 0 if stored is None else SUITE.size(stored)
        stored = SUITE.join(stored, fragment)
        assert SUITE.size(stored) == before + SUITE.size(fragment.piece)

    assert max(len(SUITE.to_bytes(piece)) for piece in pieces) == 100
    assert stored is not None
    assert SUITE.decode(SUITE.joined(stored)) == message
    with pytest.raises(Oversized):
        SUITE.split(wire, 0x100, 0x200, 3, 30)


@given(st.binary(max_size=100).filter(lambda text: b"?OTR" not in text))
def test_a_text_without_a_marker_is_itself(text: bytes) -> None:
    assert SUITE.decode(SUITE.wire(text)) == Plaintext(SUITE.octets(text))
    assert SUITE.to_bytes(SUITE.encode(Plaintext(SUITE.octets(text)))) == text
