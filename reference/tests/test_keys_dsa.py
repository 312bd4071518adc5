"""DSA keys: PUBKEY, fingerprint and SIG, against libotr's figures and another implementation."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import dsa as library
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st

from otr_reference.errors import Malformed
from otr_reference.keys import (
    DsaPrivate,
    DsaPublic,
    decode_public,
    encode_public,
    fingerprint,
    generate,
    human,
    read_public,
    sign,
    verify,
)

# A key that libotr 4.1.1 (Debian's libotr5 4.1.1-5, libgcrypt 1.10.1) generated, the fingerprint
# that otrl_privkey_fingerprint gave it, and what otrl_privkey_sign made of M.
ALICE_P = (
    "C742698E609B439406E7A5393240D9A85AE317D7662F51DF2A087A438AA7EA78ECC2F55147BFFB747A"
    "84D883BD4D28DF3AB429E976DF3AAFE80458F7676DFF30E98F2BEE04B248F0A84FFD399422FAE3E2A797"
    "78ABBB85DE2F416C87D70476CCE5BCE8FEEA0A0EB7D426C8D32443FD4D3B3A708299E4F7C073474ED5BA"
    "75DCF3"
)
ALICE_Q = "F31DC444E7F7033C635A49F5AE8D5099B71B2685"
ALICE_G = (
    "A7ACACCD8F09118C946CEEE0FED247E7A979524B5D84706E4838B8AFE31194CD85B78C64394A0C3FE0"
    "80DCBB38CFCB224DF1938F5F271506AED4C6FE5CA59F0BC4D430081D40128CE685E0BC6112338C5D8489"
    "A849444184CB687D0BDB76D4681AF2D3BA4F497287CA8E17A26BE65B12A17BA08B65136ACB04F1E3F30D"
    "EE4ED7"
)
ALICE_Y = (
    "9D4431C1CDE2F3991C8D6AFF8A456F9D157A14DD147668CCFFBEE2B403D8A82B901FAC51B1A1FF1B63"
    "DB69FFA4DD8698E7A45A80EA876DADA2089527F4F547938CE73327834743873448C6B28E990D3D152BE7"
    "70B441567DC6F1484D669AFA64B9B82105AB099AFB5FF289FC9F10D18339694A52B6C5172CB6C16884D0"
    "D760A7"
)
ALICE_X = "55878584E165133CEABDB5FA5C715743BD66023E"
LIBOTR_FINGERPRINT = "D7121C53 6834FF09 F2CF0747 16043F3D A490A8A8"
LIBOTR_M = bytes(range(224, 256))
LIBOTR_SIGNATURE = bytes.fromhex(
    "171b9dfc064e02ec9bbe0097545c15c5f43c40436135b783431cabc7681d88ed1e744b126b70ef5c"
)

PUBLIC = DsaPublic(*(int(digits, 16) for digits in (ALICE_P, ALICE_Q, ALICE_G, ALICE_Y)))
PRIVATE = DsaPrivate(PUBLIC, int(ALICE_X, 16))
SMALL = DsaPrivate(DsaPublic(p=23, q=11, g=2, y=pow(2, 7, 23)), 7)

M = st.binary(min_size=32, max_size=32)
SEED = st.binary(max_size=64)


def mpi(number: int, padding: int = 0) -> bytes:
    """Write an MPI a second time, with leading zero octets on request."""
    octets = bytes(padding) + number.to_bytes((number.bit_length() + 7) // 8, "big")
    return len(octets).to_bytes(4, "big") + octets


def as_peers_do(m: bytes) -> bytes:
    """Reduce M modulo q, and put it where a library looks for the leftmost 160 bits."""
    return (int.from_bytes(m, "big") % PUBLIC.q).to_bytes(20, "big") + bytes(12)


def library_key() -> library.DSAPrivateKey:
    """Give the same key to the library."""
    domain = library.DSAParameterNumbers(PUBLIC.p, PUBLIC.q, PUBLIC.g)
    return library.DSAPrivateNumbers(
        PRIVATE.x, library.DSAPublicNumbers(PUBLIC.y, domain)
    ).private_key()


# -- PUBKEY and fingerprint


def test_pubkey_is_the_type_and_four_mpis() -> None:
    encoded = encode_public(PUBLIC)
    assert encoded == b"\0\0" + b"".join(mpi(n) for n in (PUBLIC.p, PUBLIC.q, PUBLIC.g, PUBLIC.y))
    assert len(encoded) == 2 + 4 * 4 + 128 + 20 + 128 + 128
    assert decode_public(encoded) == PUBLIC


def test_fingerprint_is_that_of_libotr() -> None:
    assert human(fingerprint(PUBLIC)) == LIBOTR_FINGERPRINT
    assert fingerprint(PUBLIC) == bytes.fromhex(LIBOTR_FINGERPRINT)
    without_type = encode_public(PUBLIC)[2:]
    assert fingerprint(PUBLIC) == hashlib.sha1(without_type, usedforsecurity=False).digest()


@pytest.mark.parametrize("length", [0, 19, 21])
def test_human_form_asks_for_twenty_octets(length: int) -> None:
    with pytest.raises(Malformed) as caught:
        human(bytes(length))
    assert caught.value.field == "fingerprint"


def test_a_pubkey_is_read_from_among_other_fields() -> None:
    encoded = encode_public(PUBLIC)
    assert read_public(b"before" + encoded + b"after", 6) == (PUBLIC, 6 + len(encoded))


def test_every_prefix_of_a_pubkey_is_cut_short() -> None:
    encoded = encode_public(PUBLIC)
    places = {"Pubkey type": 2, "p": 4 + 128, "q": 4 + 20, "g": 4 + 128, "y": 4 + 128}
    expected = [name for name, octets in places.items() for _ in range(octets)]
    found = []
    for length in range(len(encoded)):
        with pytest.raises(Malformed) as caught:
            decode_public(encoded[:length])
        assert caught.value.reason.endswith("cut short")
        found.append(caught.value.field)
    assert found == expected


def test_a_pubkey_is_followed_by_nothing() -> None:
    with pytest.raises(Malformed) as caught:
        decode_public(encode_public(PUBLIC) + b"\0")
    assert caught.value.field == "PUBKEY"


@pytest.mark.parametrize("kind", [b"\0\1", b"\1\0", b"\xff\xff"])
def test_a_pubkey_is_of_type_zero(kind: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        decode_public(kind + encode_public(PUBLIC)[2:])
    assert caught.value.field == "Pubkey type"


@pytest.mark.parametrize("padded", ["p", "q", "g", "y"])
def test_a_padded_mpi_is_refused(padded: str) -> None:
    numbers = {"p": PUBLIC.p, "q": PUBLIC.q, "g": PUBLIC.g, "y": PUBLIC.y}
    data = b"\0\0" + b"".join(mpi(number, name == padded) for name, number in numbers.items())
    with pytest.raises(Malformed) as caught:
        decode_public(data)
    assert (caught.value.field, caught.value.reason) == (padded, "has leading zero octets")


@pytest.mark.parametrize("q", [0, (1 << 152) - 1, 1 << 160])
def test_a_q_that_is_not_twenty_octets_is_refused(q: int) -> None:
    with pytest.raises(Malformed) as caught:
        decode_public(encode_public(replace(PUBLIC, q=q)))
    assert caught.value.field == "q"


def test_p_is_read_up_to_a_bound() -> None:
    longest = replace(PUBLIC, p=(1 << 16384) - 1)
    assert decode_public(encode_public(longest)) == longest
    with pytest.raises(Malformed) as caught:
        decode_public(encode_public(replace(PUBLIC, p=1 << 16384)))
    assert (caught.value.field, caught.value.reason) == ("p", "is longer than 16384 bits")


@given(
    st.builds(
        DsaPublic,
        p=st.integers(min_value=0, max_value=(1 << 1100) - 1),
        q=st.integers(min_value=1 << 152, max_value=(1 << 160) - 1),
        g=st.integers(min_value=0, max_value=(1 << 1100) - 1),
        y=st.integers(min_value=0, max_value=(1 << 1100) - 1),
    )
)
def test_encoding_and_decoding_are_inverse(public: DsaPublic) -> None:
    assert decode_public(encode_public(public)) == public


@given(st.data())
def test_damaged_pubkeys_are_refused_or_are_another_key(data: st.DataObject) -> None:
    octets = bytearray(encode_public(PUBLIC))
    for _ in range(data.draw(st.integers(min_value=1, max_value=3))):
        place = data.draw(st.sampled_from((*range(10), *range(130, 140), *range(150, 166))))
        octets[place] = data.draw(st.integers(min_value=0, max_value=255))
    try:
        public = decode_public(bytes(octets))
    except Malformed:
        return
    assert encode_public(public) == octets  # one key, one encoding, one fingerprint


# -- validity


def test_a_key_of_libotr_passes_its_check() -> None:
    PRIVATE.check()


COMPOSITE_P = next(
    p for k in range(1, 100) if pow(2, (p := PUBLIC.q * 2 * k * (1 << 800) + 1) - 1, p) != 1
)


@pytest.mark.parametrize(
    ("key", "field", "reason"),
    [
        (replace(PUBLIC, q=(1 << 159) - 1), "q", "is not 160 bits long"),
        (replace(PUBLIC, q=1 << 160), "q", "is not 160 bits long"),
        (replace(PUBLIC, q=PUBLIC.q + 1), "q", "is not prime"),
        (replace(PUBLIC, p=PUBLIC.q * (1 << 16384) + 1), "p", "is longer than 16384 bits"),
        (replace(PUBLIC, p=PUBLIC.p + 2), "p", "is not one more than a multiple of q"),
        (replace(PUBLIC, p=COMPOSITE_P), "p", "is not prime"),
        (replace(PUBLIC, g=0), "g", "is not between 1 and p"),
        (replace(PUBLIC, g=1), "g", "is not between 1 and p"),
        (replace(PUBLIC, g=PUBLIC.p), "g", "is not between 1 and p"),
        (replace(PUBLIC, g=PUBLIC.p - 1), "g", "is not of order q"),
        (replace(PUBLIC, y=1), "y", "is not between 1 and p"),
        (replace(PUBLIC, y=PUBLIC.p + PUBLIC.y), "y", "is not between 1 and p"),
        (replace(PUBLIC, y=PUBLIC.p - PUBLIC.y), "y", "is not of order q"),
    ],
)
def test_a_key_that_is_not_of_dsa_fails_its_check(key: DsaPublic, field: str, reason: str) -> None:
    for subject in (key, DsaPrivate(key, PRIVATE.x)):
        with pytest.raises(Malformed) as caught:
            subject.check()
        assert (caught.value.field, caught.value.reason) == (field, reason)


@pytest.mark.parametrize(
    ("x", "field"),
    [(0, "x"), (-PRIVATE.x, "x"), (PUBLIC.q, "x"), (PRIVATE.x + PUBLIC.q, "x"), (1, "y")],
)
def test_halves_that_do_not_belong_together_fail(x: int, field: str) -> None:
    with pytest.raises(Malformed) as caught:
        DsaPrivate(PUBLIC, x).check()
    assert caught.value.field == field


def test_a_generated_key_is_valid_of_the_usual_size_and_works() -> None:
    private = generate()
    private.check()
    assert private.public.p.bit_length() == 1024
    assert private != generate()
    assert verify(private.public, LIBOTR_M, sign(private, LIBOTR_M, b""))


def test_a_private_key_neither_shows_nor_compares_its_secret() -> None:
    assert str(PRIVATE.x) not in repr(PRIVATE)
    assert "x=" not in repr(PRIVATE)
    assert DsaPrivate(PUBLIC, 1) == PRIVATE
    assert hash(DsaPrivate(PUBLIC, 1)) == hash(PRIVATE)


# -- SIG


def test_a_signature_of_libotr_is_accepted() -> None:
    assert verify(PUBLIC, LIBOTR_M, LIBOTR_SIGNATURE)


@given(M, SEED)
@settings(max_examples=30, deadline=None)
def test_another_implementation_accepts_our_signatures(m: bytes, seed: bytes) -> None:
    signature = sign(PRIVATE, m, seed)
    assert len(signature) == 40
    assert verify(PUBLIC, m, signature)
    r, s = (int.from_bytes(half, "big") for half in (signature[:20], signature[20:]))
    encoded = encode_dss_signature(r, s)
    library_key().public_key().verify(encoded, as_peers_do(m), Prehashed(SHA256()))


@given(M)
@settings(max_examples=30, deadline=None)
def test_we_accept_the_signatures_of_another_implementation(m: bytes) -> None:
    r, s = decode_dss_signature(library_key().sign(as_peers_do(m), Prehashed(SHA256())))
    assert verify(PUBLIC, m, r.to_bytes(20, "big") + s.to_bytes(20, "big"))


def test_m_is_reduced_and_not_cut_to_its_leftmost_bits() -> None:
    signature = sign(PRIVATE, LIBOTR_M, b"")
    r, s = (int.from_bytes(half, "big") for half in (signature[:20], signature[20:]))
    with pytest.raises(InvalidSignature):
        library_key().public_key().verify(encode_dss_signature(r, s), LIBOTR_M, Prehashed(SHA256()))
    assert not verify(PUBLIC, LIBOTR_M[:20], signature)
    reduced = (int.from_bytes(LIBOTR_M, "big") % PUBLIC.q).to_bytes(20, "big")
    assert verify(PUBLIC, reduced, signature)


def test_the_nonce_depends_on_m_and_seed_and_key_alone() -> None:
    signature = sign(PRIVATE, LIBOTR_M, b"seed")
    assert sign(PRIVATE, LIBOTR_M, b"seed") == signature
    other_key = DsaPrivate(replace(PUBLIC, y=pow(PUBLIC.g, 2, PUBLIC.p)), 2)
    others = (
        sign(PRIVATE, LIBOTR_M, b"Seed"),
        sign(PRIVATE, LIBOTR_M[:-1] + b"\0", b"seed"),
        sign(PRIVATE, LIBOTR_M[:-1], LIBOTR_M[-1:] + b"seed"),  # the same octets, cut elsewhere
        sign(other_key, LIBOTR_M, b"seed"),
    )
    assert len({value[:20] for value in (signature, *others)}) == 5  # r tells nonces apart


@given(M, SEED, st.integers(min_value=0, max_value=319))
@settings(max_examples=50, deadline=None)
def test_a_damaged_signature_is_refused(m: bytes, seed: bytes, bit: int) -> None:
    signature = int.from_bytes(sign(PRIVATE, m, seed), "big")
    assert not verify(PUBLIC, m, (signature ^ 1 << bit).to_bytes(40, "big"))


@given(M, st.integers(min_value=0, max_value=255))
@settings(max_examples=50, deadline=None)
def test_a_signature_over_something_else_is_refused(m: bytes, bit: int) -> None:
    other = (int.from_bytes(m, "big") ^ 1 << bit).to_bytes(32, "big")
    assert not verify(PUBLIC, other, sign(PRIVATE, m, b""))


def test_r_and_s_are_between_zero_and_q() -> None:
    # Modulo the q of 11, each valid pair has others that are as good; the range alone refuses them.
    def octets(r: int, s: int) -> bytes:
        return r.to_bytes(20, "big") + s.to_bytes(20, "big")

    pairs = [(r, s) for r in range(34) for s in range(34)]
    accepted = {(r, s) for r, s in pairs if verify(SMALL.public, b"M", octets(r, s))}
    assert accepted
    assert all(0 < r < 11 and 0 < s < 11 for r, s in accepted)


@pytest.mark.parametrize("length", [0, 39, 41, 80])
def test_a_signature_is_forty_octets(length: int) -> None:
    assert not verify(PUBLIC, LIBOTR_M, (LIBOTR_SIGNATURE * 2)[:length])


def test_a_nonce_that_gives_no_signature_is_replaced() -> None:
    # With a q of 11 about one nonce in eleven gives s = 0, which nobody would accept.
    signatures = [sign(SMALL, b"M", bytes((seed,))) for seed in range(200)]
    assert all(verify(SMALL.public, b"M", signature) for signature in signatures)
    assert len(set(signatures)) > 5


@given(
    st.builds(DsaPublic, *(st.integers(min_value=0, max_value=1 << 170) for _ in range(4))),
    st.binary(max_size=40),
    st.one_of(st.binary(max_size=45), st.binary(min_size=40, max_size=40)),
)
def test_verification_is_total(public: DsaPublic, m: bytes, signature: bytes) -> None:
    assert isinstance(verify(public, m, signature), bool)


@pytest.mark.parametrize(
    "public",
    [
        DsaPublic(p=0, q=11, g=2, y=13),
        DsaPublic(p=23, q=12, g=2, y=13),  # s = 2 has no inverse
        DsaPublic(p=23, q=0, g=2, y=13),
    ],
)
def test_a_degenerate_key_verifies_nothing(public: DsaPublic) -> None:
    signature = (1).to_bytes(20, "big") + (2).to_bytes(20, "big")
    assert not verify(public, b"M", signature)
