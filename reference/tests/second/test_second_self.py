"""The second computation against published vectors and against itself."""

import base64
from typing import TYPE_CHECKING, NamedTuple

import pytest
import second_chacha as chacha
import second_dake as dake
import second_ed448 as ed448
import second_encoding as enc
import second_kdf as kdf
import second_ring as ring
import second_smp as smp
from second_ed448 import Invalid
from second_ratchet import Ratchet, Received, Sent

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1_700_000_000
BOB_TAG, ALICE_TAG = 0x00000200, 0x00000101
JIDS = ("bob@example.org", "alice@example.org")


def seed(name: str) -> bytes:
    """57 octets made of a name."""
    return kdf.shake_256(name.encode(), 57)


def exponent(name: str) -> int:
    """A DH exponent of 80 octets made of a name."""
    return int.from_bytes(kdf.shake_256(name.encode(), 80), "big")


def ring_random(name: str) -> ring.RingRandom:
    return ring.RingRandom(*(seed(f"{name} {field}") for field in ring.RingRandom._fields))


def a_party(name: str, tag: int) -> dake.Party:
    sym_h = seed(f"{name} h")
    forging_key = ed448.generate(seed(f"{name} f")).public
    fields = enc.ClientProfileFields(
        tag, ed448.generate(sym_h).public, forging_key, b"4", NOW + 1000
    )
    return dake.Party(sym_h, forging_key, enc.create_client_profile(sym_h, fields), tag)


BOB, ALICE = a_party("bob", BOB_TAG), a_party("alice", ALICE_TAG)
INITIATOR = dake.InitiatorSecrets(
    seed("y"),
    exponent("b"),
    seed("bob first"),
    exponent("bob first"),
    seed("bob ratchet"),
    exponent("bob ratchet"),
    ring_random("bob"),
)
RESPONDER = dake.ResponderSecrets(
    seed("x"), exponent("a"), seed("alice first"), exponent("alice first"), ring_random("alice")
)
SYM_D = seed("d")
PREKEY = dake.PrekeySecrets(
    seed("prekey y"),
    exponent("prekey b"),
    SYM_D,
    enc.create_prekey_profile(BOB.sym_h, BOB_TAG, NOW + 500, ed448.generate(SYM_D).public),
    0x01020304,
)
CONTEXT = dake.Context(JIDS)


@pytest.fixture(scope="module")
def interactive() -> dake.InteractiveDake:
    return dake.interactive_dake(BOB, INITIATOR, ALICE, RESPONDER, CONTEXT)


@pytest.fixture(scope="module")
def offline() -> dake.NonInteractiveDake:
    return dake.non_interactive_dake(BOB, PREKEY, ALICE, RESPONDER, CONTEXT)


class Pair:
    """Both ends of a conversation."""

    def __init__(self, run: dake.InteractiveDake | dake.NonInteractiveDake, skip: int = 20) -> None:
        self.bob = Ratchet(run.bob, BOB_TAG, ALICE_TAG, skip)
        self.alice = Ratchet(run.alice, ALICE_TAG, BOB_TAG, skip)
        self.count = 0

    def send(self, who: Ratchet, text: bytes = b"", tlvs: tuple[enc.Tlv, ...] = ()) -> Sent:
        """Make a message, with keys at hand for whatever ratchet it needs."""
        self.count += 1
        return who.encrypt(
            text or b"message %d" % self.count,
            tlvs,
            new_ecdh_seed=seed(f"ecdh {self.count}"),
            new_dh_secret=exponent(f"dh {self.count}"),
        )

    def exchange(self, sender: Ratchet, receiver: Ratchet) -> tuple[Sent, Received]:
        """Send a message and receive it."""
        sent = self.send(sender)
        received = receiver.decrypt(sent.data_message)
        assert received.whole_plaintext == sent.plaintext
        assert (received.mk_enc, received.mk_mac) == (sent.keys.mk_enc, sent.keys.mk_mac)
        assert received.extra_symm_key == sent.keys.extra_symm_key
        return sent, received


# --- Published vectors ------------------------------------------------------------------------


class SignatureVector(NamedTuple):
    """A vector of RFC 8032 section 7.4."""

    secret: str
    public: str
    message: str
    context: str
    signature: str


SIGNATURES = {
    "blank": SignatureVector(
        "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3"
        "528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b",
        "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778"
        "edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180",
        "",
        "",
        "533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f"
        "2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980ff0d2028d4b18a"
        "9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4db"
        "b61149f05a7363268c71d95808ff2e652600",
    ),
    "1 octet": SignatureVector(
        "c4eab05d357007c632f3dbb48489924d552b08fe0c353a0d4a1f00acda2c463a"
        "fbea67c5e8d2877c5e3bc397a659949ef8021e954e0a12274e",
        "43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c086"
        "6aea01eb00742802b8438ea4cb82169c235160627b4c3a9480",
        "03",
        "",
        "26b8f91727bd62897af15e41eb43c377efb9c610d48f2335cb0bd0087810f435"
        "2541b143c4b981b7e18f62de8ccdf633fc1bf037ab7cd779805e0dbcc0aae1cb"
        "cee1afb2e027df36bc04dcecbf154336c19f0af7e0a6472905e799f1953d2a0f"
        "f3348ab21aa4adafd1d234441cf807c03a00",
    ),
    "1 octet with context": SignatureVector(
        "c4eab05d357007c632f3dbb48489924d552b08fe0c353a0d4a1f00acda2c463a"
        "fbea67c5e8d2877c5e3bc397a659949ef8021e954e0a12274e",
        "43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c086"
        "6aea01eb00742802b8438ea4cb82169c235160627b4c3a9480",
        "03",
        "666f6f",
        "d4f8f6131770dd46f40867d6fd5d5055de43541f8c5e35abbcd001b32a89f7d2"
        "151f7647f11d8ca2ae279fb842d607217fce6e042f6815ea000c85741de5c8da"
        "1144a6a1aba7f96de42505d7a7298524fda538fccbbb754f578c1cad10d54d0d"
        "5428407e85dcbc98a49155c13764e66c3c00",
    ),
    "11 octets": SignatureVector(
        "cd23d24f714274e744343237b93290f511f6425f98e64459ff203e8985083ffd"
        "f60500553abc0e05cd02184bdb89c4ccd67e187951267eb328",
        "dcea9e78f35a1bf3499a831b10b86c90aac01cd84b67a0109b55a36e9328b1e3"
        "65fce161d71ce7131a543ea4cb5f7e9f1d8b00696447001400",
        "0c3e544074ec63b0265e0c",
        "",
        "1f0a8888ce25e8d458a21130879b840a9089d999aaba039eaf3e3afa090a09d3"
        "89dba82c4ff2ae8ac5cdfb7c55e94d5d961a29fe0109941e00b8dbdeea6d3b05"
        "1068df7254c0cdc129cbe62db2dc957dbb47b51fd3f213fb8698f064774250a5"
        "028961c9bf8ffd973fe5d5c206492b140e00",
    ),
    "12 octets": SignatureVector(
        "258cdd4ada32ed9c9ff54e63756ae582fb8fab2ac721f2c8e676a72768513d93"
        "9f63dddb55609133f29adf86ec9929dccb52c1c5fd2ff7e21b",
        "3ba16da0c6f2cc1f30187740756f5e798d6bc5fc015d7c63cc9510ee3fd44adc"
        "24d8e968b6e46e6f94d19b945361726bd75e149ef09817f580",
        "64a65f3cdedcdd66811e2915",
        "",
        "7eeeab7c4e50fb799b418ee5e3197ff6bf15d43a14c34389b59dd1a7b1b85b4a"
        "e90438aca634bea45e3a2695f1270f07fdcdf7c62b8efeaf00b45c2c96ba457e"
        "b1a8bf075a3db28e5c24f6b923ed4ad747c3c9e03c7079efb87cb110d3a99861"
        "e72003cbae6d6b8b827e4e6c143064ff3c00",
    ),
}


@pytest.mark.parametrize("vector", SIGNATURES.values(), ids=SIGNATURES)
def test_rfc_8032_signature(vector: SignatureVector) -> None:
    secret, public, message, context, signature = (bytes.fromhex(one) for one in vector)
    assert ed448.generate(secret).public == public
    assert ed448.sign(secret, message, context) == signature
    assert ed448.verify(public, message, signature, context)
    assert not ed448.verify(public, message + b"!", signature, context)
    assert not ed448.verify(public, message, signature, context + b"!")
    assert not ed448.verify(public, message, signature[:-1], context)


def test_a_signature_with_s_out_of_range_is_refused() -> None:
    vector = SIGNATURES["blank"]
    public, signature = bytes.fromhex(vector.public), bytes.fromhex(vector.signature)
    s = int.from_bytes(signature[57:], "little") + ed448.Q
    assert not ed448.verify(public, b"", signature[:57] + s.to_bytes(57, "little"))


@pytest.mark.parametrize(
    ("message", "start"),
    [
        (b"", "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f"),
        (b"\xa3" * 200, "cd8a920ed141aa0407a22d59288652e9d9f1a7ee0c1e7c1ca699424da84a904d"),
    ],
    ids=["empty", "1600 bits"],
)
def test_fips_202_shake_256(message: bytes, start: str) -> None:
    assert kdf.shake_256(message, 32).hex() == start


def test_rfc_8439_block() -> None:
    nonce = bytes.fromhex("000000090000004a00000000")
    assert chacha.block(bytes(range(32)), 1, nonce).hex() == (
        "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
        "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e"
    )


def test_rfc_8439_zero_key() -> None:
    assert chacha.encrypt(bytes(64), bytes(64)).hex() == (
        "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
        "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"
    )


def test_rfc_8439_encryption() -> None:
    text = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
        b"future, sunscreen would be it."
    )
    nonce = bytes.fromhex("000000000000004a00000000")
    assert chacha.chacha20(bytes(range(32)), 1, nonce, text).hex() == (
        "6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0b"
        "f91b65c5524733ab8f593dabcd62b3571639d624e65152ab8f530c359f0861d8"
        "07ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab7793736"
        "5af90bbf74a35be6b40b8eedf2785e42874d"
    )


def test_rfc_3526_prime_is_what_its_formula_says() -> None:
    def arctan_of_inverse(x: int, one: int) -> int:
        total, power, divisor = 0, one // x, 1
        while power:
            total += power // divisor if divisor % 4 == 1 else -(power // divisor)
            power //= x * x
            divisor += 2
        return total

    one = 1 << (2942 + 64)
    pi = 4 * (4 * arctan_of_inverse(5, one) - arctan_of_inverse(239, one)) >> 64
    assert 2**3072 - 2**3008 - 1 + 2**64 * (pi + 1690314) == enc.DH_P


# --- The curve and the group ------------------------------------------------------------------


def test_base_point() -> None:
    assert ed448.is_valid(ed448.G)
    assert ed448.decode_point(ed448.encode_point(ed448.G)) == ed448.G
    assert ed448.equal(ed448.add(ed448.G, ed448.negate(ed448.G)), ed448.IDENTITY)


@pytest.mark.parametrize(
    "data",
    [
        (1 + (1 << 455)).to_bytes(57, "little"),
        ed448.P.to_bytes(57, "little"),
        (1 << 448).to_bytes(57, "little"),
        (2).to_bytes(57, "little"),
        bytes(56),
    ],
    ids=["zero with a sign", "y is p", "y is too large", "not on the curve", "too short"],
)
def test_a_point_that_does_not_decode(data: bytes) -> None:
    with pytest.raises(Invalid):
        ed448.decode_point(data)


def test_small_order_points_decode_but_are_not_valid() -> None:
    for y in (0, 1, ed448.P - 1):
        data = y.to_bytes(57, "little")
        point = ed448.decode_point(data)
        assert ed448.equal(ed448.multiply(point, 4), ed448.IDENTITY)
        assert not ed448.is_valid(point)
        with pytest.raises(Invalid):
            ed448.ecdh(ed448.random_scalar(seed("s")), data)


def test_random_scalars_and_generated_secrets_are_the_same_function() -> None:
    assert ed448.random_scalar(seed("s")) == ed448.generate(seed("s")).secret


def test_scalar_encoding_reduces() -> None:
    assert ed448.decode_scalar(ed448.encode_scalar(ed448.Q + 5)) == 5
    assert ed448.decode_scalar((ed448.Q + 7).to_bytes(57, "little")) == 7


@pytest.mark.parametrize("value", [0, 1, enc.DH_P - 1, enc.DH_P, enc.DH_P + 2])
def test_dh_values_outside_the_group(value: int) -> None:
    assert not enc.is_valid_dh(value)


def test_dh_values_of_the_group() -> None:
    assert enc.is_valid_dh(2)
    assert enc.is_valid_dh(enc.generate_dh(exponent("z")).public)
    assert not enc.is_valid_dh(enc.DH_P - enc.generate_dh(exponent("z")).public)
    assert len(enc.dh(0, 2)) == 384


# --- Ring signatures --------------------------------------------------------------------------


@pytest.mark.parametrize("place", [0, 1, 2])
def test_ring_signature_of_each_member(place: int) -> None:
    pairs = [ed448.generate(seed(f"ring {at}")) for at in range(3)]
    members = (pairs[0].public, pairs[1].public, pairs[2].public)
    signature = ring.rsig(pairs[place].secret, members, b"m", ring_random("r"))
    assert signature.known == place
    assert signature.c % ed448.Q == (signature.c1 + signature.c2 + signature.c3) % ed448.Q
    assert ring.rvrf(members, signature.sigma, b"m")
    assert not ring.rvrf(members, signature.sigma, b"n")
    assert not ring.rvrf(members[::-1], signature.sigma, b"m")
    assert not ring.rvrf(members, signature.sigma[:-1], b"m")


def test_ring_signature_needs_a_member() -> None:
    members = tuple(ed448.generate(seed(f"ring {at}")).public for at in range(3))
    with pytest.raises(Invalid):
        ring.rsig(
            ed448.generate(seed("else")).secret,
            (members[0], members[1], members[2]),
            b"m",
            ring_random("r"),
        )


# --- Encoding ---------------------------------------------------------------------------------


def test_mpi() -> None:
    assert enc.encode_mpi(0) == bytes(4)
    assert enc.encode_mpi(0x80) == b"\x00\x00\x00\x01\x80"
    assert enc.Reader(b"\x00\x00\x00\x02\x01\x00").mpi() == 256
    with pytest.raises(Invalid):
        enc.Reader(b"\x00\x00\x00\x02\x00\x01").mpi()


def test_client_profile() -> None:
    profile = enc.decode_client_profile(BOB.client_profile)
    assert profile.signed[:10] == bytes.fromhex("00000005 0001 00000200")
    assert profile.signed[10:14] == bytes.fromhex("0002 1000")
    enc.validate_client_profile(profile, BOB_TAG, NOW)
    for tag, now in ((ALICE_TAG, NOW), (BOB_TAG, NOW + 1000)):
        with pytest.raises(Invalid):
            enc.validate_client_profile(profile, tag, now)
    wrong = BOB.client_profile[:-1] + b"\x01"
    with pytest.raises(Invalid):
        enc.validate_client_profile(enc.decode_client_profile(wrong), BOB_TAG, NOW)


def test_client_profile_with_every_field() -> None:
    dsa = bytes(2) + b"".join(enc.encode_mpi(number) for number in (23, 11, 4, 8))
    fields = enc.ClientProfileFields(
        BOB_TAG, ed448.generate(BOB.sym_h).public, BOB.forging_key, b"34", NOW + 1, dsa, b"s" * 40
    )
    profile = enc.decode_client_profile(enc.create_client_profile(BOB.sym_h, fields))
    assert (profile.dsa_key, profile.transitional_signature) == (dsa, b"s" * 40)
    enc.validate_client_profile(profile, BOB_TAG, NOW)
    assert profile.signed == bytes.fromhex("00000007") + enc.transitional_signed(
        fields
    ) + b"\x00\x07" + (b"s" * 40)


@pytest.mark.parametrize(
    "fields",
    ["00000002 0001 00000200 0001 00000200", "00000001 0008", "00000001 0001 00000200"],
    ids=["duplicated", "unknown", "missing"],
)
def test_client_profile_with_wrong_fields(fields: str) -> None:
    with pytest.raises(Invalid):
        enc.decode_client_profile(bytes.fromhex(fields) + bytes(114))


def test_prekey_ensemble(offline: dake.NonInteractiveDake) -> None:
    enc.validate_prekey_ensemble(offline.ensemble, NOW)
    with pytest.raises(Invalid):
        enc.validate_prekey_ensemble(offline.ensemble, NOW + 500)
    message = enc.decode_prekey(offline.prekey_message)
    other = enc.encode_prekey(message._replace(instance_tag=ALICE_TAG))
    with pytest.raises(Invalid):
        enc.validate_prekey_ensemble(offline.ensemble._replace(prekey_message=other), NOW)


def test_tlvs() -> None:
    tlvs = (enc.Tlv(0, b"pad"), enc.Tlv(6, b""), enc.Tlv(99, b"?"))
    assert enc.decode_plaintext(enc.encode_plaintext(b"hi", tlvs)) == (b"hi", tlvs)
    assert enc.decode_plaintext(b"hi") == (b"hi", ())
    assert enc.decode_plaintext(b"hi\x00\x00\x06\x00\x00\x00\x01\x00") == (
        b"hi",
        (enc.Tlv(6, b""),),
    )


def test_encoded_message() -> None:
    assert enc.encode_message(b"\x00\x04\x03") == "?OTR:AAQD."
    assert enc.decode_message("?OTR:AAQD.") == b"\x00\x04\x03"
    for text in ("?OTR:AAQD", "AAQD.", "?OTR:AAQ*."):
        with pytest.raises(Invalid):
            enc.decode_message(text)


def test_fragments_in_any_order() -> None:
    text = enc.encode_message(bytes(range(100)))
    pieces = enc.fragment_message(text, 0x3C5B5F03, ALICE_TAG, BOB_TAG, 20)
    assert pieces[0] == f"?OTR|3c5b5f03|101|200,1,{len(pieces)},{text[:20]},"
    buffers = enc.Reassembler(BOB_TAG)
    assert [buffers.receive(piece) for piece in [*reversed(pieces[1:]), pieces[1]]] == [None] * len(
        pieces
    )
    assert buffers.receive(pieces[0]) == text
    with pytest.raises(Invalid):
        enc.Reassembler(ALICE_TAG).receive(pieces[0])


def test_a_fragment_with_another_total_discards_the_buffer() -> None:
    buffers = enc.Reassembler(BOB_TAG)
    first, second = enc.fragment_message("abcd", 1, ALICE_TAG, BOB_TAG, 2)
    assert buffers.receive(first) is None
    assert buffers.receive(second.replace(",2,2,", ",2,3,")) is None
    assert buffers.receive(second) is None
    assert buffers.receive(first) == "abcd"


def test_fragment_numbers_may_have_leading_zeros() -> None:
    expected = enc.Fragment(0x3C5B5F03, 0x5A73A599, 0x27E31597, 1, 3, "x")
    assert enc.decode_fragment("?OTR|3c5b5f03|5a73a599|27e31597,00001,00003,x,") == expected
    for text in ("?OTR|1|100|0,0,1,x,", "?OTR|1|100|0,2,1,x,", "?OTR|1|100|0,1,1,,"):
        with pytest.raises(Invalid):
            enc.decode_fragment(text)


# --- The DAKEs --------------------------------------------------------------------------------


def test_interactive_dake_verifies(interactive: dake.InteractiveDake) -> None:
    run = interactive
    assert dake.verify_identity(run.identity, NOW).y == run.y.public
    assert dake.verify_auth_r(run.identity, run.auth_r, NOW, CONTEXT).a == run.a.public
    assert dake.verify_auth_i(run.identity, run.auth_r, run.auth_i, CONTEXT)
    assert run.phi_auth_r == run.phi_auth_i
    assert run.identity[:11] == bytes.fromhex("0004 35 00000200 00000000")
    assert run.auth_r[:11] == bytes.fromhex("0004 36 00000101 00000200")
    assert run.auth_i[:11] == bytes.fromhex("0004 37 00000200 00000101")
    assert len(run.auth_i) == 11 + 342
    assert len(run.ssid) == 8
    receiving = run.bob.receiving
    assert receiving is not None
    assert receiving.chain_key == run.alice.chain_key_s
    assert receiving.curr_root_key == run.alice.root_key


def test_phi_has_the_lower_tag_first(interactive: dake.InteractiveDake) -> None:
    run = interactive
    assert run.phi_auth_r == (
        enc.encode_int(ALICE_TAG)
        + enc.encode_int(BOB_TAG)
        + run.alice_ecdh_first.public
        + enc.encode_mpi(run.alice_dh_first.public)
        + run.bob_ecdh_first.public
        + enc.encode_mpi(run.bob_dh_first.public)
        + enc.encode_data(b"alice@example.org")
        + enc.encode_data(b"bob@example.org")
    )


@pytest.mark.parametrize(
    "context",
    [
        CONTEXT._replace(phi_order=dake.PhiOrder.INITIATOR_FIRST),
        CONTEXT._replace(phi_order=dake.PhiOrder.SENDER_FIRST),
        CONTEXT._replace(phi=b"something else"),
    ],
    ids=["initiator first", "sender first", "given"],
)
def test_other_readings_of_phi(interactive: dake.InteractiveDake, context: dake.Context) -> None:
    run = dake.interactive_dake(BOB, INITIATOR, ALICE, RESPONDER, context)
    assert dake.verify_auth_r(run.identity, run.auth_r, NOW, context)
    assert dake.verify_auth_i(run.identity, run.auth_r, run.auth_i, context)
    assert run.identity == interactive.identity
    assert run.ssid == interactive.ssid
    assert run.auth_i != interactive.auth_i or run.auth_r != interactive.auth_r


def test_interactive_dake_in_another_context_fails(interactive: dake.InteractiveDake) -> None:
    run, other = interactive, dake.Context(("carol@example.org",))
    with pytest.raises(Invalid):
        dake.verify_auth_r(run.identity, run.auth_r, NOW, other)
    with pytest.raises(Invalid):
        dake.verify_auth_i(run.identity, run.auth_r, run.auth_i, other)


def test_non_interactive_dake_verifies(offline: dake.NonInteractiveDake) -> None:
    run = offline
    auth, key = run.non_interactive_auth, run.auth_mac_k
    assert dake.verify_non_interactive_auth(run.ensemble, auth, key, NOW, CONTEXT)
    with pytest.raises(Invalid):
        dake.verify_non_interactive_auth(run.ensemble, auth, bytes(64), NOW, CONTEXT)
    with pytest.raises(Invalid):
        dake.verify_non_interactive_auth(run.ensemble, auth, key, NOW)
    assert run.prekey_message[:11] == bytes.fromhex("0004 0f 01020304 00000200")
    assert auth[:11] == bytes.fromhex("0004 0d 00000101 00000200")
    assert run.bob.chain_key_r == run.alice.chain_key_s
    assert run.bob.root_key == run.alice.root_key


# --- The ratchet ------------------------------------------------------------------------------


def ratchet_ids(pair: Pair, order: str) -> list[tuple[int, bool, bool]]:
    """Exchange messages (b: Bob sends, a: Alice sends); the ratchet id, and which keys are new."""
    seen = []
    for who in order:
        ends = (pair.bob, pair.alice) if who == "b" else (pair.alice, pair.bob)
        sent, _ = pair.exchange(*ends)
        new_dh = sent.ratchet is not None and sent.ratchet.k_dh is not None
        assert (sent.fields.public_dh is not None) == (sent.fields.ratchet_id % 3 == 0)
        seen.append((sent.fields.ratchet_id, sent.ratchet is not None, new_dh))
    return seen


def test_interactive_conversation_begun_by_bob(interactive: dake.InteractiveDake) -> None:
    assert ratchet_ids(Pair(interactive), "bbabababab") == [
        (0, False, False),
        (0, False, False),
        (1, True, False),
        (2, True, False),
        (3, True, True),
        (4, True, False),
        (5, True, False),
        (6, True, True),
        (7, True, False),
        (8, True, False),
    ]


def test_interactive_conversation_begun_by_alice(interactive: dake.InteractiveDake) -> None:
    assert ratchet_ids(Pair(interactive), "aababab") == [
        (0, False, False),
        (0, False, False),
        (0, False, False),
        (1, True, False),
        (2, True, False),
        (3, True, True),
        (4, True, False),
    ]


def test_interactive_conversation_begun_by_both(interactive: dake.InteractiveDake) -> None:
    pair = Pair(interactive)
    of_alice, of_bob = pair.send(pair.alice), pair.send(pair.bob)
    pair.alice.decrypt(of_bob.data_message)
    pair.bob.decrypt(of_alice.data_message)
    next_of_bob, next_of_alice = pair.send(pair.bob), pair.send(pair.alice)
    assert (next_of_bob.fields.ratchet_id, next_of_bob.fields.message_id) == (0, 1)
    assert (next_of_alice.fields.ratchet_id, next_of_alice.fields.pn) == (1, 1)
    pair.alice.decrypt(next_of_bob.data_message)
    pair.bob.decrypt(next_of_alice.data_message)
    assert pair.alice.skipped_MKenc == pair.bob.skipped_MKenc == {}
    ratchet_ids(pair, "babab")


def test_non_interactive_conversation(offline: dake.NonInteractiveDake) -> None:
    assert ratchet_ids(Pair(offline), "aababababb") == [
        (0, False, False),
        (0, False, False),
        (1, True, False),
        (2, True, False),
        (3, True, True),
        (4, True, False),
        (5, True, False),
        (6, True, True),
        (7, True, False),
        (7, False, False),
    ]


def test_bob_may_answer_a_non_interactive_auth_first(offline: dake.NonInteractiveDake) -> None:
    assert ratchet_ids(Pair(offline), "bababa")[:2] == [(1, True, False), (2, True, False)]


def test_both_ends_agree_on_every_ratchet(interactive: dake.InteractiveDake) -> None:
    pair = Pair(interactive)
    for ends in ((pair.bob, pair.alice), (pair.alice, pair.bob)) * 4:
        sent, received = pair.exchange(*ends)
        if sent.ratchet is not None:
            assert received.ratchet == sent.ratchet
        assert received.next_chain_key == sent.keys.next_chain_key


def test_messages_out_of_order(interactive: dake.InteractiveDake) -> None:
    pair = Pair(interactive)
    first = [pair.send(pair.bob) for _ in range(4)]
    got = pair.alice.decrypt(first[2].data_message)
    assert sorted(number for _, number in got.skipped) == [0, 1]
    pair.exchange(pair.alice, pair.bob)
    second = [pair.send(pair.bob) for _ in range(3)]
    got = pair.alice.decrypt(second[1].data_message)
    assert sorted(number for _, number in got.skipped) == [0, 3]
    for sent in (first[0], second[0], second[2], first[3], first[1]):
        received = pair.alice.decrypt(sent.data_message)
        assert received.whole_plaintext == sent.plaintext
        assert received.extra_symm_key == sent.keys.extra_symm_key
    assert pair.alice.skipped_MKenc == {}
    for sent in first + second:
        with pytest.raises(Invalid):
            pair.alice.decrypt(sent.data_message)
    pair.exchange(pair.alice, pair.bob)


def test_too_many_skipped_messages(interactive: dake.InteractiveDake) -> None:
    pair = Pair(interactive, skip=2)
    sent = [pair.send(pair.bob) for _ in range(4)]
    with pytest.raises(Invalid, match="skipped"):
        pair.alice.decrypt(sent[3].data_message)
    pair.alice.decrypt(sent[2].data_message)


def _changed(message: enc.DataMessage) -> list[enc.DataMessage]:
    """The message with one thing or another changed."""
    return [
        message._replace(flags=message.flags ^ 1),
        message._replace(pn=message.pn + 1),
        message._replace(message_id=message.message_id + 1),
        message._replace(ratchet_id=message.ratchet_id + 3),
        message._replace(public_ecdh=ed448.generate(seed("else")).public),
        message._replace(public_ecdh=(1).to_bytes(57, "little")),
        message._replace(public_dh=None),
        message._replace(public_dh=enc.DH_P - 1),
        message._replace(encrypted_message=message.encrypted_message + b"!"),
        message._replace(authenticator=bytes(64)),
        message._replace(receiver_tag=0x999),
        message._replace(sender_tag=0x999),
    ]


def test_a_forged_message_changes_nothing(interactive: dake.InteractiveDake) -> None:
    pair = Pair(interactive)
    sent = pair.send(pair.bob)
    before = dict(pair.alice.__dict__)
    for changed in _changed(sent.fields):
        with pytest.raises(Invalid):
            pair.alice.decrypt(enc.encode_data_message(changed))
        assert pair.alice.__dict__ == before
    pair.alice.decrypt(sent.data_message)


def test_mac_keys_are_revealed_by_the_first_message_of_a_ratchet(
    interactive: dake.InteractiveDake,
) -> None:
    pair = Pair(interactive)
    sent = [pair.exchange(pair.bob, pair.alice)[0] for _ in range(2)]
    first, second = pair.send(pair.alice), pair.send(pair.alice)
    assert first.old_mac_keys == tuple(one.keys.mk_mac for one in sent)
    assert first.fields.old_mac_keys == b"".join(first.old_mac_keys)
    assert second.old_mac_keys == ()
    forged = sent[0].fields._replace(flags=1)
    forged = forged._replace(
        authenticator=kdf.authenticator(first.old_mac_keys[0], enc.data_message_sections(forged))
    )
    assert enc.decode_data_message(enc.encode_data_message(forged)).flags == 1


def test_an_expired_session_reveals_all(interactive: dake.InteractiveDake) -> None:
    pair = Pair(interactive)
    sent = [pair.send(pair.bob) for _ in range(3)]
    pair.alice.decrypt(sent[2].data_message)
    last = pair.alice.expire(new_ecdh_seed=seed("last"))
    assert last.old_mac_keys == tuple(sent[at].keys.mk_mac for at in (2, 0, 1))
    got = pair.bob.decrypt(last.data_message)
    assert (got.plaintext, got.tlvs, got.fields.flags) == (b"", (enc.Tlv(1, b""),), 1)
    assert got.fields.old_mac_keys == b"".join(last.old_mac_keys)


def test_deleted_message_keys_go_to_the_list(interactive: dake.InteractiveDake) -> None:
    pair = Pair(interactive)
    sent = [pair.send(pair.bob) for _ in range(2)]
    pair.alice.decrypt(sent[1].data_message)
    pair.alice.forget_skipped()
    assert pair.send(pair.alice).old_mac_keys == (sent[1].keys.mk_mac, sent[0].keys.mk_mac)


def test_a_data_message_with_records(interactive: dake.InteractiveDake) -> None:
    pair = Pair(interactive)
    tlvs = (enc.Tlv(enc.TLV_EXTRA_SYMMETRIC_KEY, b"\x00\x00\x00\x42file"),)
    sent = pair.send(pair.bob, "grüße".encode(), tlvs)
    text = enc.encode_message(sent.data_message)
    assert text.startswith("?OTR:AAQD")
    assert base64.b64decode(text[5:-1]) == sent.data_message
    got = pair.alice.decrypt(enc.decode_message(text))
    assert (got.plaintext.decode(), got.tlvs) == ("grüße", tlvs)
    further = kdf.next_extra_symm_key(0, b"\x00\x00\x00\x42", got.extra_symm_key)
    assert further == kdf.shake_256(b"OTRv4\x00\x00\x00\x00\x42" + sent.keys.extra_symm_key, 64)


def test_a_dh_ratchet_needs_its_keys(interactive: dake.InteractiveDake) -> None:
    pair = Pair(interactive)
    ratchet_ids(pair, "bab")
    for wanted in ("ECDH", "DH"):
        with pytest.raises(Invalid, match=f"new {wanted} key"):
            pair.alice.encrypt(b"", new_ecdh_seed=seed("s") if wanted == "DH" else None)
    ratchet_ids(pair, "ab")


# --- The Socialist Millionaires Protocol ------------------------------------------------------


def smp_secret(run: dake.InteractiveDake, secret: bytes) -> int:
    alice = kdf.fingerprint(run.h_a.public, ALICE.forging_key)
    bob = kdf.fingerprint(run.h_b.public, BOB.forging_key)
    return smp.smp_secret(alice, bob, run.ssid, secret)


@pytest.mark.parametrize(("secret", "same"), [(b"secret", True), (b"another", False)])
def test_smp(interactive: dake.InteractiveDake, secret: bytes, *, same: bool) -> None:
    x, y = smp_secret(interactive, b"secret"), smp_secret(interactive, secret)
    one = smp.smp_1(b"?", x, smp.Random1(*(seed(f"1 {at}") for at in range(4))))
    two = smp.smp_2(one.value, y, smp.Random2(*(seed(f"2 {at}") for at in range(7))))
    three = smp.smp_3(one, two.value, smp.Random3(*(seed(f"3 {at}") for at in range(4))))
    four = smp.smp_4(two, three.value, seed("4"))
    five = smp.smp_5(three, four.value)
    assert (four.equal, five.equal) == (same, same)
    assert four.rab == five.rab
    assert (four.pa_pb, four.qa_qb) == (three.pa_pb, three.qa_qb)
    assert (two.g2, two.g3) == (three.g2, three.g3)
    sizes = (5 + 6 * 57, 11 * 57, 8 * 57, 3 * 57)
    assert tuple(len(step.value) for step in (one, two, three, four)) == sizes

    checks: list[tuple[bytes, Callable[[bytes], object]]] = [
        (one.value, lambda value: smp.smp_2(value, y, smp.Random2(*[seed("2")] * 7))),
        (two.value, lambda value: smp.smp_3(one, value, smp.Random3(*[seed("3")] * 4))),
        (three.value, lambda value: smp.smp_4(two, value, seed("4"))),
        (four.value, lambda value: smp.smp_5(three, value)),
    ]
    for value, check in checks:
        with pytest.raises(Invalid):
            check(value[:-57] + bytes(57))
