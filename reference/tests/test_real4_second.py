"""RealSuite of OTRv4 against the second computation: exchanges, byte by byte.

Both get the same random bytes: those that the suite draws from a seed are drawn here a second time.
The second computation hashes and prunes every random scalar, as the text does; the suite does so in
the dialect `LITERAL`. Where ours are uniform, the second computation is given the scalars.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256, shake_256
from itertools import count
from typing import TYPE_CHECKING, Final

import pytest
import second_dake as dake
import second_ed448 as ed448
import second_encoding as enc
import second_kdf as second
import second_ring as ring
import second_smp as smp
from hypothesis import example, given, settings
from hypothesis import strategies as st
from second_ratchet import Ratchet

from otr_model.otrv4.groups4 import MODP_3072
from otr_reference.keys import dsa
from otr_reference.otrv4.dialects import dialect
from otr_reference.otrv4.messages import (
    AuthI,
    AuthR,
    Content,
    DataFields,
    DataMessage,
    ExtraKeyUse,
    Header,
    Identity,
    NonInteractiveAuth,
    PrekeyMessage,
    Smp1,
    Smp2,
    Smp3,
    Smp4,
)
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.suite import CoordinatesProof, PhiSide, Proof, Transcript
from otr_reference.otrv4.wire import decode_content, encode_client_profile, encode_prekey_profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from otr_reference.otrv4.messages import ClientProfile, Message, Tlv
    from otr_reference.otrv4.suite import DhPair, EcdhPair, LongTerm
    from otr_reference.sorts import Key, Scalar

SUITE: Final = RealSuite()
LITERAL: Final = dialect(SUITE, {"ring_randoms": "pruned", "smp_randoms": "pruned"})
BOB_TAG, ALICE_TAG = 0x00000200, 0x00000101
UNTIL: Final = 1_700_001_000
NAMES: Final = ("bob@example.org", "alice@example.org")
CONTEXT: Final = dake.Context(NAMES)


def seed(name: str) -> bytes:
    """57 bytes made of a name."""
    return shake_256(name.encode()).digest(57)


@dataclass
class Source:
    """What a seed gives, to the suite and to the second computation."""

    octets: bytes
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def drawn(self, draw: int, size: int) -> bytes:
        """The bytes of a draw."""
        numbers = (number.to_bytes(8, "big") for number in (draw, size, len(self.octets)))
        label = b"otrspec OTRv4 draw 1"
        return shake_256(b"".join((label, *numbers, self.octets))).digest(size)

    def ecdh(self) -> tuple[bytes, EcdhPair]:
        """The value of an ECDH key, and the pair."""
        draw = next(self.numbers)
        return self.drawn(draw, 57), SUITE.fresh_ecdh(SUITE.seed(self.octets), draw)

    def dh(self) -> tuple[int, DhPair]:
        """The exponent of a DH key, and the pair."""
        draw = next(self.numbers)
        exponent = int.from_bytes(self.drawn(draw, 80), "big")
        return exponent, SUITE.fresh_dh(SUITE.seed(self.octets), draw)

    def scalar(self) -> tuple[bytes, Scalar]:
        """The value of an exponent of SMP, and the exponent."""
        draw = next(self.numbers)
        return self.drawn(draw, 57), SUITE.fresh_scalar(SUITE.seed(self.octets), draw)

    def ring(self) -> tuple[ring.RingRandom, int]:
        """The random values of a ring signature, and the number of its draw."""
        draw = next(self.numbers)
        values = self.drawn(draw, 9 * 57)
        return ring.RingRandom(*(values[at : at + 57] for at in range(0, 9 * 57, 57))), draw

    def blinding(self) -> tuple[bytes, int]:
        """The random value of a proof, and the number of its draw."""
        draw = next(self.numbers)
        return self.drawn(draw, 57), draw


def uniform(value: bytes) -> int:
    """A random scalar from all of Z_q."""
    return int.from_bytes(shake_256(value).digest(114), "little") % ed448.Q


@dataclass
class Person:
    """A client, in both computations."""

    name: str
    tag: int
    source: Source
    keys: LongTerm
    profile: ClientProfile
    party: dake.Party


def person(name: str, tag: int) -> Person:
    """Somebody with a client profile."""
    sym_h, forging = seed(f"{name} h"), seed(f"{name} f")
    keys = SUITE.long_term(sym_h, forging)
    source = Source(seed(f"{name} draws"))
    profile = SUITE.client_profile(keys, tag, frozenset({4}), UNTIL, SUITE.seed(source.octets))
    point = ed448.generate(forging).public
    fields = enc.ClientProfileFields(tag, ed448.generate(sym_h).public, point, b"4", UNTIL)
    encoded = enc.create_client_profile(sym_h, fields)
    assert encode_client_profile(profile) == encoded
    return Person(name, tag, source, keys, profile, dake.Party(sym_h, point, encoded, tag))


def binary(suite: RealSuite, message: Message) -> bytes:
    """The bytes of an encoded message, which is read again as it was."""
    wire = suite.encode(message)
    assert suite.decode(wire) == message
    return enc.decode_message(suite.to_bytes(wire).decode())


def same_keys(ours: tuple[Key, ...], theirs: tuple[bytes, ...]) -> None:
    """Keys of both computations are the same."""
    assert tuple(map(SUITE.to_bytes, ours)) == theirs


def side(who: Person, ecdh: EcdhPair | None, dh: DhPair | None) -> PhiSide:
    """What somebody contributes to phi."""
    return PhiSide(
        who.tag,
        None if ecdh is None else ecdh.public,
        None if dh is None else dh.public,
        SUITE.literal(f"{who.name}@example.org"),
    )


# Profiles and fingerprints.


def test_a_fingerprint_is_that_of_two_points() -> None:
    bob = person("bob", BOB_TAG)

    expected = second.fingerprint(ed448.generate(bob.party.sym_h).public, bob.party.forging_key)

    assert SUITE.to_bytes(SUITE.fingerprint(bob.profile)) == expected


def test_a_profile_with_a_dsa_key() -> None:
    private = dsa.generate()
    keys = SUITE.long_term(seed("h"), seed("f"), private)

    profile = SUITE.client_profile(keys, 0x1234, frozenset({4, 3}), -5, SUITE.seed(seed("s")))

    fields = enc.ClientProfileFields(
        0x1234,
        ed448.generate(seed("h")).public,
        ed448.generate(seed("f")).public,
        b"34",
        -5,
        dsa.encode_public(private.public),
    )
    signed = enc.transitional_signed(fields)
    signature = profile.transitional
    assert signature is not None
    assert profile.transitional_body == signed
    assert dsa.verify(private.public, sha256(signed).digest(), SUITE.to_bytes(signature))
    fields = fields._replace(transitional_signature=SUITE.to_bytes(signature))
    assert encode_client_profile(profile) == enc.create_client_profile(seed("h"), fields)
    assert SUITE.profile_signed(profile)
    assert SUITE.transition_signed(profile)


def test_a_prekey_profile() -> None:
    keys, shared = SUITE.long_term(seed("h")), SUITE.fresh_ecdh(SUITE.seed(seed("s")), 1)

    profile = SUITE.prekey_profile(keys, BOB_TAG, shared.public, UNTIL)

    point = SUITE.to_bytes(shared.public)
    expected = enc.create_prekey_profile(seed("h"), BOB_TAG, UNTIL, point)
    assert encode_prekey_profile(profile) == expected


# The interactive DAKE, and the ratchet that begins with it.


@pytest.fixture(scope="module", params=["uniform", "pruned"])
def suite(request: pytest.FixtureRequest) -> RealSuite:
    """The suite, and the one that draws as the text has it."""
    return SUITE if request.param == "uniform" else LITERAL


@pytest.fixture
def rsig(suite: RealSuite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the second computation draw the scalars of ring signatures as the suite does."""
    if suite is SUITE:
        monkeypatch.setattr(ring, "random_scalar", uniform)


@pytest.mark.usefixtures("rsig")
def test_an_interactive_dake_and_the_messages_after_it(suite: RealSuite) -> None:  # noqa: PLR0915 - an exchange from end to end
    bob, alice = person("bob", BOB_TAG), person("alice", ALICE_TAG)
    (y_value, y), (b_value, b) = bob.source.ecdh(), bob.source.dh()
    (bob_ecdh_value, bob_ecdh), (bob_dh_value, bob_dh) = bob.source.ecdh(), bob.source.dh()
    (x_value, x), (a_value, a) = alice.source.ecdh(), alice.source.dh()
    (alice_ecdh_value, alice_ecdh) = alice.source.ecdh()
    (alice_dh_value, alice_dh) = alice.source.dh()
    (alice_ring, alice_ring_draw), (bob_ring, bob_ring_draw) = (
        alice.source.ring(),
        bob.source.ring(),
    )
    (new_ecdh_value, new_ecdh), (new_dh_value, new_dh) = bob.source.ecdh(), bob.source.dh()
    run = dake.interactive_dake(
        bob.party,
        dake.InitiatorSecrets(
            y_value, b_value, bob_ecdh_value, bob_dh_value, new_ecdh_value, new_dh_value, bob_ring
        ),
        alice.party,
        dake.ResponderSecrets(x_value, a_value, alice_ecdh_value, alice_dh_value, alice_ring),
        CONTEXT,
    )

    # Identity.
    identity = Identity(
        Header(BOB_TAG, 0), bob.profile, y.public, b.public, bob_ecdh.public, bob_dh.public
    )
    assert binary(suite, identity) == run.identity

    # Auth-R.
    sides = side(bob, bob_ecdh, bob_dh), side(alice, alice_ecdh, alice_dh)
    phi = suite.phi(*sides)
    assert suite.to_bytes(phi) == run.phi_auth_r == run.phi_auth_i
    assert suite.phi(*sides[::-1]) == phi
    script = Transcript(bob.profile, alice.profile, y.public, x.public, b.public, a.public, phi)
    bound = suite.auth_r_bound(script)
    assert suite.to_bytes(bound) == run.t_auth_r
    keys = (bob.profile.forging_key, alice.profile.public_key, y.public)
    draws = suite.seed(alice.source.octets)
    sigma = suite.ring_sign(keys, alice.keys.secret, bound, draws, alice_ring_draw)
    assert suite.ring_verified(keys, sigma, bound)
    auth_r = AuthR(
        Header(ALICE_TAG, BOB_TAG),
        alice.profile,
        x.public,
        a.public,
        sigma,
        alice_ecdh.public,
        alice_dh.public,
    )
    assert binary(suite, auth_r) == run.auth_r

    # Auth-I.
    bound = suite.auth_i_bound(script)
    assert suite.to_bytes(bound) == run.t_auth_i
    keys = (bob.profile.public_key, alice.profile.forging_key, x.public)
    draws = suite.seed(bob.source.octets)
    sigma = suite.ring_sign(keys, bob.keys.secret, bound, draws, bob_ring_draw)
    assert suite.ring_verified(keys, sigma, bound)
    assert binary(suite, AuthI(Header(BOB_TAG, ALICE_TAG), sigma)) == run.auth_i

    # K, and where the ratchet begins.
    mixed = suite.mixed(y.secret, x.public, b.secret, a.public)
    assert mixed == suite.mixed(x.secret, y.public, a.secret, b.public)
    same_keys((mixed.k, mixed.brace), (run.mixed_shared_secret, run.brace_key))
    assert suite.to_bytes(mixed.ssid) == run.ssid
    root = suite.first_root(mixed.k)
    same_keys((root,), (run.first_root_key,))
    assert run.bob.receiving is not None
    assert run.bob.sending is not None
    brace = suite.third_brace_key(bob_dh.secret, alice_dh.public)
    assert brace == suite.third_brace_key(alice_dh.secret, bob_dh.public)
    first = suite.ratchet(root, bob_ecdh.secret, alice_ecdh.public, brace)
    assert first == suite.ratchet(root, alice_ecdh.secret, bob_ecdh.public, brace)
    same_keys(
        (brace, first.root, first.chain),
        (
            run.bob.receiving.brace_key,
            run.bob.receiving.curr_root_key,
            run.bob.receiving.chain_key,
        ),
    )
    brace = suite.third_brace_key(new_dh.secret, alice_dh.public)
    begun = suite.ratchet(first.root, new_ecdh.secret, alice_ecdh.public, brace)
    same_keys(
        (brace, begun.root, begun.chain),
        (run.bob.sending.brace_key, run.bob.sending.curr_root_key, run.bob.sending.chain_key),
    )

    # Data Messages of that ratchet, and of the next.
    theirs = Ratchet(run.bob, BOB_TAG, ALICE_TAG), Ratchet(run.alice, ALICE_TAG, BOB_TAG)
    header, chain = Header(BOB_TAG, ALICE_TAG), begun.chain
    for number, text in enumerate((b"hello", b"", b"x" * 200)):
        tlvs = (ExtraKeyUse(7, SUITE.octets(b"file")),) if number == 0 else ()
        made = suite.message_keys(chain)
        content = Content(SUITE.octets(text), tlvs)
        encrypted = suite.seal(made.encryption, content)
        assert suite.open(made.encryption, encrypted) == content
        fields = DataFields(header, 0, 0, 0, number, new_ecdh.public, new_dh.public, encrypted)
        mac = suite.data_mac(made.mac, suite.data_body(fields))
        message = binary(suite, DataMessage(fields, mac, ()))
        sent = theirs[0].encrypt(text, tuple(enc.Tlv(7, b"\0\0\0\7file") for _ in tlvs))
        assert message == sent.data_message
        same_keys(
            (made.encryption, made.mac, made.extra),
            (sent.keys.mk_enc, sent.keys.mk_mac, sent.keys.extra_symm_key),
        )
        if tlvs:
            further = suite.next_extra_key(made.extra, 0, 7)
            same_keys(
                (further,),
                (second.next_extra_symm_key(0, b"\0\0\0\7", sent.keys.extra_symm_key),),
            )
        assert theirs[1].decrypt(message).plaintext == text
        chain = suite.next_chain_key(chain)
        same_keys((chain,), (sent.keys.next_chain_key,))
    value, answer_ecdh = alice.source.ecdh()
    answer = theirs[1].encrypt(b"howdy", new_ecdh_seed=value)
    assert answer.ratchet is not None
    brace = suite.next_brace_key(brace)
    begun = suite.ratchet(begun.root, answer_ecdh.secret, new_ecdh.public, brace)
    same_keys(
        (brace, begun.root, begun.chain),
        (answer.ratchet.brace_key, answer.ratchet.curr_root_key, answer.ratchet.chain_key),
    )
    made = suite.message_keys(begun.chain)
    revealed = tuple(SUITE.octets(key) for key in answer.old_mac_keys)
    assert len(revealed) == 3
    fields = DataFields(
        Header(ALICE_TAG, BOB_TAG),
        0,
        0,
        1,
        0,
        answer_ecdh.public,
        None,
        suite.seal(made.encryption, Content(SUITE.octets(b"howdy"))),
    )
    mac = suite.data_mac(made.mac, suite.data_body(fields))
    assert binary(suite, DataMessage(fields, mac, revealed)) == answer.data_message


# The non-interactive DAKE.


@pytest.mark.usefixtures("rsig")
def test_a_non_interactive_dake(suite: RealSuite) -> None:
    bob, alice = person("bob", BOB_TAG), person("alice", ALICE_TAG)
    (d_value, d), (y_value, y), (b_value, b) = (
        bob.source.ecdh(),
        bob.source.ecdh(),
        bob.source.dh(),
    )
    (x_value, x), (a_value, a) = alice.source.ecdh(), alice.source.dh()
    (first_value, first_ecdh), (first_dh_value, first_dh) = alice.source.ecdh(), alice.source.dh()
    alice_ring, ring_draw = alice.source.ring()
    prekeys = suite.prekey_profile(bob.keys, BOB_TAG, d.public, UNTIL)
    run = dake.non_interactive_dake(
        bob.party,
        dake.PrekeySecrets(y_value, b_value, d_value, encode_prekey_profile(prekeys), 0x01020304),
        alice.party,
        dake.ResponderSecrets(x_value, a_value, first_value, first_dh_value, alice_ring),
        CONTEXT,
    )

    message = PrekeyMessage(0x01020304, BOB_TAG, y.public, b.public)
    assert binary(suite, message) == run.prekey_message

    sides = side(alice, first_ecdh, first_dh), side(bob, None, None)
    phi = suite.phi(*sides)
    assert suite.to_bytes(phi) == run.phi
    assert suite.phi(*sides[::-1]) == phi
    script = Transcript(bob.profile, alice.profile, y.public, x.public, b.public, a.public, phi)
    bound = suite.non_interactive_bound(script, d.public)
    assert suite.to_bytes(bound) == run.t
    offline = suite.mixed_by_retriever(
        x.secret, a.secret, y.public, b.public, d.public, bob.profile.public_key
    )
    assert offline == suite.mixed_by_publisher(
        y.secret, b.secret, d.secret, bob.keys.secret, x.public, a.public
    )
    same_keys(
        (offline.mixed.k, offline.mixed.brace, offline.mac_key),
        (run.mixed_shared_secret, run.brace_key, run.auth_mac_k),
    )
    assert suite.to_bytes(offline.mixed.ssid) == run.ssid
    keys = (bob.profile.forging_key, alice.profile.public_key, y.public)
    draws = suite.seed(alice.source.octets)
    sigma = suite.ring_sign(keys, alice.keys.secret, bound, draws, ring_draw)
    auth = NonInteractiveAuth(
        Header(ALICE_TAG, BOB_TAG),
        alice.profile,
        x.public,
        a.public,
        sigma,
        0x01020304,
        suite.auth_mac(offline.mac_key, bound),
        first_ecdh.public,
        first_dh.public,
    )
    assert binary(suite, auth) == run.non_interactive_auth
    begun = suite.offline_chain(offline.mixed.k)
    same_keys((begun.root, begun.chain), (run.alice.root_key, run.alice.chain_key_s or b""))


# SMP.


def value_of(tlv: Tlv) -> bytes:
    """The value of the one TLV of a content."""
    octets = SUITE.content_octets(Content(SUITE.octets(b""), (tlv,)))
    assert decode_content(octets).tlvs == (tlv,)
    return octets[5:]


@pytest.fixture
def blinded(suite: RealSuite, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], bytes]:
    """Let the second computation draw some scalars as the suite does: mark a value as such."""
    blinding: set[bytes] = set()
    pruned = ed448.random_scalar

    def mark(value: bytes) -> bytes:
        blinding.add(value)
        return value

    if suite is SUITE:
        monkeypatch.setattr(
            smp, "random_scalar", lambda v: uniform(v) if v in blinding else pruned(v)
        )
    return mark


@pytest.mark.parametrize("typed", [(b"same", b"same"), (b"one", b"other")], ids=("same", "other"))
def test_smp(  # noqa: PLR0915 - an exchange from end to end
    suite: RealSuite, blinded: Callable[[bytes], bytes], typed: tuple[bytes, bytes]
) -> None:
    alice, bob = Source(seed("alice smp")), Source(seed("bob smp"))
    of_alice, of_bob = suite.seed(alice.octets), suite.seed(bob.octets)
    fingerprints = [SUITE.octets(shake_256(name).digest(56)) for name in (b"alice", b"bob")]
    ssid, g = SUITE.octets(b"sessions"), suite.generator()
    x, y = (suite.smp_secret(*fingerprints, ssid, SUITE.passphrase(secret)) for secret in typed)
    their_x, their_y = (
        smp.smp_secret(*map(SUITE.to_bytes, fingerprints), b"sessions", secret) for secret in typed
    )
    assert (SUITE.to_int(x), SUITE.to_int(y)) == (their_x, their_y)

    # Message 1.
    (a2_value, a2), (a3_value, a3) = alice.scalar(), alice.scalar()
    (r2_value, r2), (r3_value, r3) = alice.blinding(), alice.blinding()
    step_1 = smp.smp_1(
        b"why?", their_x, smp.Random1(a2_value, a3_value, blinded(r2_value), blinded(r3_value))
    )
    g2a, g3a = suite.scale(g, a2), suite.scale(g, a3)
    c2 = suite.prove_exponent(1, a2, of_alice, r2)
    c3 = suite.prove_exponent(2, a3, of_alice, r3)
    one = Smp1(SUITE.octets(b"why?"), g2a, c2.c, c2.d, g3a, c3.c, c3.d)
    assert value_of(one) == step_1.value
    assert suite.exponent_proved(1, g2a, c2)
    assert suite.exponent_proved(2, g3a, c3)

    # Message 2.
    (b2_value, b2), (b3_value, b3), (r4_value, r4) = bob.scalar(), bob.scalar(), bob.scalar()
    (r2_value, r2), (r3_value, r3) = bob.blinding(), bob.blinding()
    (r5_value, r5), (r6_value, _) = bob.blinding(), bob.blinding()
    step_2 = smp.smp_2(
        step_1.value,
        their_y,
        smp.Random2(
            b2_value,
            b3_value,
            blinded(r2_value),
            blinded(r3_value),
            r4_value,
            blinded(r5_value),
            blinded(r6_value),
        ),
    )
    g2, g3 = suite.scale(g2a, b2), suite.scale(g3a, b3)
    c2 = suite.prove_exponent(3, b2, of_bob, r2)
    c3 = suite.prove_exponent(4, b3, of_bob, r3)
    pb = suite.scale(g3, r4)
    qb = suite.plus(suite.scale(g, r4), suite.scale(g2, y))
    cp = suite.prove_coordinates(5, g2, g3, r4, y, of_bob, r5)
    g2b, g3b = suite.scale(g, b2), suite.scale(g, b3)
    two = Smp2(g2b, c2.c, c2.d, g3b, c3.c, c3.d, pb, qb, cp.c, cp.d5, cp.d6)
    assert value_of(two) == step_2.value
    assert suite.exponent_proved(3, g2b, c2)
    assert suite.exponent_proved(4, g3b, c3)
    assert suite.coordinates_proved(5, g2, g3, pb, qb, cp)

    # Message 3.
    assert (suite.scale(g2b, a2), suite.scale(g3b, a3)) == (g2, g3)
    r4_value, r4 = alice.scalar()
    (r5_value, r5), (r6_value, _), (r7_value, r7) = (alice.blinding() for _ in "567")
    step_3 = smp.smp_3(
        step_1,
        step_2.value,
        smp.Random3(r4_value, blinded(r5_value), blinded(r6_value), blinded(r7_value)),
    )
    pa = suite.scale(g3, r4)
    qa = suite.plus(suite.scale(g, r4), suite.scale(g2, x))
    cp = suite.prove_coordinates(6, g2, g3, r4, x, of_alice, r5)
    p, q = suite.minus(pa, pb), suite.minus(qa, qb)
    ra = suite.scale(q, a3)
    cr = suite.prove_equal_exponents(7, q, a3, of_alice, r7)
    three = Smp3(pa, qa, cp.c, cp.d5, cp.d6, ra, cr.c, cr.d)
    assert value_of(three) == step_3.value
    assert suite.coordinates_proved(6, g2, g3, pa, qa, CoordinatesProof(cp.c, cp.d5, cp.d6))
    assert suite.equal_exponents_proved(7, q, g3a, ra, Proof(cr.c, cr.d))

    # Message 4, and the comparisons.
    r7_value, r7 = bob.blinding()
    step_4 = smp.smp_4(step_2, step_3.value, blinded(r7_value))
    rb = suite.scale(q, b3)
    cr = suite.prove_equal_exponents(8, q, b3, of_bob, r7)
    assert value_of(Smp4(rb, cr.c, cr.d)) == step_4.value
    assert suite.equal_exponents_proved(8, q, g3b, rb, cr)
    step_5 = smp.smp_5(step_3, step_4.value)
    equal = typed[0] == typed[1]
    assert suite.same(suite.scale(ra, b3), p) == step_4.equal == equal
    assert suite.same(suite.scale(rb, a3), p) == step_5.equal == equal
    assert SUITE.to_bytes(p) == step_4.pa_pb


# Values that any input may have.

TAGS: Final = st.integers(0, 0xFFFFFFFF)
TEXTS: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
POINTS: Final = st.binary(min_size=57, max_size=57)
ELEMENTS: Final = st.integers(0, MODP_3072.modulus)


@given(TAGS, TAGS, POINTS, POINTS, ELEMENTS, ELEMENTS, st.none() | TEXTS, st.none() | TEXTS)
@example(5, 5, b"b" * 57, b"a" * 57, 1, 2, None, "")
@example(0x200, 0x101, bytes(57), bytes(57), 0, 0, "é", "z")
def test_phi(  # noqa: PLR0913, PLR0917 - what phi is made of
    one_tag: int,
    other_tag: int,
    one_point: bytes,
    other_point: bytes,
    one_element: int,
    other_element: int,
    one_name: str | None,
    other_name: str | None,
) -> None:
    keys = (
        dake.FirstKeys(one_tag, one_point, one_element),
        dake.FirstKeys(other_tag, other_point, other_element),
    )
    sides = [
        PhiSide(
            each.instance_tag,
            SUITE.point(each.ecdh),
            SUITE.element(each.dh),
            None if name is None else SUITE.literal(name),
        )
        for each, name in zip(keys, (one_name, other_name), strict=True)
    ]
    names = tuple(name for name in (one_name, other_name) if name is not None)

    phi = SUITE.phi(sides[0], sides[1])

    expected = dake.make_phi((one_tag, other_tag), (min(keys), max(keys)), names)
    assert SUITE.to_bytes(phi) == expected
    assert SUITE.phi(sides[1], sides[0]) == phi


@given(st.binary(min_size=64, max_size=64), st.integers(0, 255), st.integers(0, 0xFFFFFFFF))
def test_further_extra_keys(previous: bytes, index: int, context: int) -> None:
    key = SUITE.key(SUITE.octets(previous))

    made = SUITE.next_extra_key(key, index, context)

    expected = second.next_extra_symm_key(index, context.to_bytes(4, "big"), previous)
    assert SUITE.to_bytes(made) == expected


@given(ELEMENTS)
@example(0)
def test_the_hash_that_decides_between_crossing_messages(element: int) -> None:
    hashed = SUITE.to_bytes(SUITE.hashed_b(SUITE.element(element)))

    assert hashed == shake_256(enc.encode_mpi(element)).digest(32)


@settings(max_examples=2)
@given(st.binary(min_size=57, max_size=57), st.integers(0, 2), st.binary(max_size=40))
def test_ring_signatures(value: bytes, place: int, signed: bytes) -> None:
    pairs = [ed448.generate(seed(f"ring {n}")) for n in range(3)]
    members = (pairs[0].public, pairs[1].public, pairs[2].public)
    keys = (SUITE.point(members[0]), SUITE.point(members[1]), SUITE.point(members[2]))
    secret, source = SUITE.scalar(pairs[place].secret), Source(value)
    random, draw = source.ring()

    made = SUITE.ring_sign(keys, secret, SUITE.octets(signed), SUITE.seed(value), draw)

    scalars = ring.RingScalars(*map(uniform, random))
    expected = ring.rsig_scalars(pairs[place].secret, members, signed, scalars)
    assert SUITE.to_bytes(made) == expected.sigma
    assert ring.rvrf(members, expected.sigma, signed)
    assert SUITE.ring_verified(keys, made, SUITE.octets(signed))
    assert not SUITE.ring_verified(keys, made, SUITE.octets(signed + b"!"))
    literal = LITERAL.ring_sign(keys, secret, SUITE.octets(signed), SUITE.seed(value), draw)
    assert SUITE.to_bytes(literal) == ring.rsig(pairs[place].secret, members, signed, random).sigma
