"""Both DAKEs and the double ratchet of OTRv4 over terms, by hand, message by message.

Everything that one side knows of the other has gone through `encode`, fragments and `decode`. Both
sides must come to the same keys, by what they have alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from otr_check.otrv4.suite import TermSuite
from otr_reference.otrv4.messages import (
    AuthI,
    AuthR,
    Content,
    DataFields,
    DataMessage,
    Disconnected,
    Header,
    Identity,
    NonInteractiveAuth,
    PrekeyMessage,
    Smp1,
)
from otr_reference.otrv4.suite import PhiSide, Transcript

if TYPE_CHECKING:
    from otr_reference.otrv4.messages import ClientProfile, Message, Tlv
    from otr_reference.otrv4.suite import DhPair, EcdhPair, LongTerm, Mixed, Ratcheted
    from otr_reference.sorts import Element, Key, Point, Seed

S = TermSuite()
BOTH = frozenset({3, 4})
ALICE_TAG, BOB_TAG = 0x101, 0x202
M = TypeVar("M")


def delivered(kind: type[M], message: Message, size: int) -> M:
    """What the network makes of a message, in fragments of a size."""
    wires = S.split(S.encode(message), 7, ALICE_TAG, BOB_TAG, size)
    if len(wires) > 1:
        fragments = [S.decode(wire) for wire in wires]
        wires = (S.join(tuple(fragment.piece for fragment in fragments)),)  # type: ignore[union-attr] # all are fragments
    received = S.decode(wires[0])
    assert isinstance(received, kind)
    return received


@dataclass
class Side:
    """One of the two: what it draws, and what the ratchet holds."""

    name: str
    tag: int
    draws: int = 0
    seed: Seed = field(init=False)
    keys: LongTerm = field(init=False)
    profile: ClientProfile = field(init=False)
    mixed: Mixed = field(init=False)
    chain: Ratcheted = field(init=False)
    brace: Key = field(init=False)

    def __post_init__(self) -> None:
        self.seed = S.seed(self.name.encode())
        self.keys = S.long_term(self.name, dsa=True)
        self.profile = S.client_profile(self.keys, self.tag, BOTH, 1_000, self.seed)

    def ecdh(self) -> EcdhPair:
        """A new ECDH key."""
        self.draws += 1
        return S.fresh_ecdh(self.seed, self.draws)

    def dh(self) -> DhPair:
        """A new DH key."""
        self.draws += 1
        return S.fresh_dh(self.seed, self.draws)

    def side(self, ecdh: Point | None, dh: Element | None) -> PhiSide:
        """What it contributes to phi."""
        return PhiSide(self.tag, ecdh, dh, S.literal(self.name))

    def step(self, ours: EcdhPair, theirs: Point, brace: Key) -> Key:
        """A ratchet; its chain key."""
        self.chain = S.ratchet(self.chain.root, ours.secret, theirs, brace)
        self.brace = brace
        return self.chain.chain


def accepted(profile: ClientProfile, owner: Side) -> None:
    """The profile is what its owner has made, and valid."""
    assert profile == owner.profile
    assert S.profile_signed(profile)
    assert S.transition_signed(profile)
    assert S.in_group(profile.public_key)
    assert S.in_group(profile.forging_key)


def sent(  # noqa: PLR0913, PLR0917 - what a Data Message has
    side: Side, chain: Key, ratchet_id: int, ecdh: Point, dh: Element | None, content: Content
) -> Message:
    """A Data Message, the first of its ratchet."""
    keys = S.message_keys(chain)
    header = Header(side.tag, BOB_TAG if side.tag == ALICE_TAG else ALICE_TAG)
    sealed = S.seal(keys.encryption, content)
    fields = DataFields(header, 0, 0, ratchet_id, 0, ecdh, dh, sealed)
    return DataMessage(fields, S.data_mac(keys.mac, S.data_body(fields)), (S.reveal(keys.mac),))


def opened(message: DataMessage, chain: Key) -> Content:
    """What it says to whoever has the chain key."""
    keys = S.message_keys(chain)
    mac = S.data_mac(keys.mac, S.data_body(message.fields))
    assert S.same(mac, message.authenticator)
    return S.open(keys.encryption, message.fields.encrypted)


def say(text: str, *tlvs: Tlv) -> Content:
    return Content(S.literal(text), tlvs)


@dataclass
class Talk:
    """A conversation that has begun: both sides, and their current keys."""

    bob: Side
    alice: Side
    bob_ecdh: EcdhPair
    alice_ecdh: EcdhPair
    bob_dh: DhPair
    alice_dh: DhPair


def interactive(size: int) -> Talk:
    """Bob begins, Alice answers."""
    bob, alice = Side("bob", BOB_TAG), Side("alice", ALICE_TAG)

    # Bob: Identity message.
    y, b, bob_ecdh, bob_dh = bob.ecdh(), bob.dh(), bob.ecdh(), bob.dh()
    identity = delivered(
        Identity,
        Identity(
            Header(BOB_TAG, 0), bob.profile, y.public, b.public, bob_ecdh.public, bob_dh.public
        ),
        size,
    )

    # Alice: Auth-R message.
    accepted(identity.profile, bob)
    assert S.in_group(identity.y)
    assert S.in_group(identity.first_ecdh)
    assert S.in_dh_group(identity.b)
    assert S.in_dh_group(identity.first_dh)
    x, a, alice_ecdh, alice_dh = alice.ecdh(), alice.dh(), alice.ecdh(), alice.dh()
    ours = alice.side(alice_ecdh.public, alice_dh.public)
    theirs = bob.side(identity.first_ecdh, identity.first_dh)
    known_to_alice = Transcript(
        identity.profile,
        alice.profile,
        identity.y,
        x.public,
        identity.b,
        a.public,
        S.phi(ours, theirs),
    )
    ring = (identity.profile.forging_key, alice.keys.public, identity.y)
    sigma = S.ring_sign(
        ring, alice.keys.secret, S.auth_r_bound(known_to_alice), alice.seed, alice.draws + 1
    )
    alice.mixed = S.mixed(x.secret, identity.y, a.secret, identity.b)
    auth_r = delivered(
        AuthR,
        AuthR(
            Header(ALICE_TAG, BOB_TAG),
            alice.profile,
            x.public,
            a.public,
            sigma,
            alice_ecdh.public,
            alice_dh.public,
        ),
        size,
    )

    # Bob: Auth-I message.
    accepted(auth_r.profile, alice)
    theirs, ours = (
        alice.side(auth_r.first_ecdh, auth_r.first_dh),
        bob.side(bob_ecdh.public, bob_dh.public),
    )
    known_to_bob = Transcript(
        bob.profile, auth_r.profile, y.public, auth_r.x, b.public, auth_r.a, S.phi(theirs, ours)
    )
    ring = (bob.keys.forging, auth_r.profile.public_key, y.public)
    assert S.ring_verified(ring, auth_r.sigma, S.auth_r_bound(known_to_bob))
    assert not S.ring_verified(ring, auth_r.sigma, S.auth_i_bound(known_to_bob))
    bob.mixed = S.mixed(y.secret, auth_r.x, b.secret, auth_r.a)
    ring = (bob.keys.public, auth_r.profile.forging_key, auth_r.x)
    sigma = S.ring_sign(
        ring, bob.keys.secret, S.auth_i_bound(known_to_bob), bob.seed, bob.draws + 1
    )
    auth_i = delivered(AuthI, AuthI(Header(BOB_TAG, ALICE_TAG), sigma), size)

    # Alice: who Bob is.
    ring = (identity.profile.public_key, alice.keys.forging, x.public)
    assert S.ring_verified(ring, auth_i.sigma, S.auth_i_bound(known_to_alice))
    assert not S.ring_verified(ring, auth_r.sigma, S.auth_i_bound(known_to_alice))
    assert bob.mixed == alice.mixed
    return Talk(bob, alice, bob_ecdh, alice_ecdh, bob_dh, alice_dh)


def test_an_interactive_dake_gives_both_sides_the_same() -> None:
    whole, cut = interactive(0), interactive(150)

    assert whole.alice.mixed == cut.bob.mixed
    assert S.size(whole.alice.mixed.ssid) == 8


def test_the_ratchets_after_an_interactive_dake_agree() -> None:
    talk = interactive(0)
    bob, alice = talk.bob, talk.alice

    # Ratchet 0: Bob sends with his first keys, Alice's first keys receive.
    for side, ours, theirs, ours_dh, theirs_dh in (
        (bob, talk.bob_ecdh, talk.alice_ecdh, talk.bob_dh, talk.alice_dh),
        (alice, talk.alice_ecdh, talk.bob_ecdh, talk.alice_dh, talk.bob_dh),
    ):
        brace = S.third_brace_key(ours_dh.secret, theirs_dh.public)
        root = S.first_root(side.mixed.k)
        side.chain = S.ratchet(root, ours.secret, theirs.public, brace)
        side.brace = brace
    assert bob.chain == alice.chain
    assert bob.brace is alice.brace
    assert bob.brace is not bob.mixed.brace
    hello = say("hello", Disconnected())
    chain = bob.chain.chain
    first = sent(bob, chain, 0, talk.bob_ecdh.public, talk.bob_dh.public, hello)
    received = delivered(DataMessage, first, 100)
    assert opened(received, alice.chain.chain) == hello
    assert received.old_mac_keys == (S.reveal(S.message_keys(chain).mac),)

    # Ratchets 1 to 6, each side in turn: every third has a new DH key.
    senders = [(alice, bob), (bob, alice)] * 3
    ecdh = {"alice": talk.alice_ecdh, "bob": talk.bob_ecdh}
    dh = {"alice": talk.alice_dh, "bob": talk.bob_dh}
    roots = {bob.chain.root}
    for ratchet_id, (sender, receiver) in enumerate(senders, 1):
        third = ratchet_id % 3 == 0
        peer, peer_dh = ecdh[receiver.name].public, dh[receiver.name].public
        ecdh[sender.name] = new = sender.ecdh()
        if third:
            dh[sender.name] = sender.dh()
            brace = S.third_brace_key(dh[sender.name].secret, peer_dh)
        else:
            brace = S.next_brace_key(sender.brace)
        chain = sender.step(new, peer, brace)
        public_dh = dh[sender.name].public if third else None
        content = say(f"ratchet {ratchet_id}")
        message = delivered(
            DataMessage, sent(sender, chain, ratchet_id, new.public, public_dh, content), 0
        )
        assert message.fields.dh is public_dh
        if message.fields.dh is None:
            brace = S.next_brace_key(receiver.brace)
        else:
            brace = S.third_brace_key(dh[receiver.name].secret, message.fields.dh)
        chain = receiver.step(ecdh[receiver.name], message.fields.ecdh, brace)
        assert opened(message, chain) == content
        assert sender.chain == receiver.chain
        roots.add(sender.chain.root)
        keys, next_keys = S.message_keys(chain), S.message_keys(S.next_chain_key(chain))
        assert len({keys.encryption, keys.mac, keys.extra, next_keys.encryption}) == 4
        assert not S.same(
            S.data_mac(next_keys.mac, S.data_body(message.fields)), message.authenticator
        )
    assert len(roots) == 7


def test_a_non_interactive_dake_gives_both_sides_the_same() -> None:
    bob, alice = Side("bob", BOB_TAG), Side("alice", ALICE_TAG)

    # Bob: a prekey ensemble, whose message is kept in the form of an encoded message.
    shared, y, b = bob.ecdh(), bob.ecdh(), bob.dh()
    prekeys = S.prekey_profile(bob.keys, BOB_TAG, shared.public, 500)
    identifier = S.fresh_identifier(bob.seed, bob.draws + 1)
    prekey = delivered(PrekeyMessage, PrekeyMessage(identifier, BOB_TAG, y.public, b.public), 0)
    assert S.prekey_profile_signed(bob.profile, prekeys)

    # Alice: Non-Interactive-Auth message.
    x, a, alice_ecdh, alice_dh = alice.ecdh(), alice.dh(), alice.ecdh(), alice.dh()
    phi = S.phi(alice.side(alice_ecdh.public, alice_dh.public), bob.side(None, None))
    known_to_alice = Transcript(
        bob.profile, alice.profile, prekey.y, x.public, prekey.b, a.public, phi
    )
    bound = S.non_interactive_bound(known_to_alice, prekeys.shared_prekey)
    ring = (bob.profile.forging_key, alice.keys.public, prekey.y)
    here = S.mixed_by_retriever(
        x.secret, a.secret, prekey.y, prekey.b, prekeys.shared_prekey, bob.profile.public_key
    )
    message = delivered(
        NonInteractiveAuth,
        NonInteractiveAuth(
            Header(ALICE_TAG, BOB_TAG),
            alice.profile,
            x.public,
            a.public,
            S.ring_sign(ring, alice.keys.secret, bound, alice.seed, alice.draws + 1),
            prekey.identifier,
            S.auth_mac(here.mac_key, bound),
            alice_ecdh.public,
            alice_dh.public,
        ),
        300,
    )

    # Bob.
    accepted(message.profile, alice)
    assert message.prekey_id == identifier
    phi = S.phi(alice.side(message.first_ecdh, message.first_dh), bob.side(None, None))
    known_to_bob = Transcript(
        bob.profile, message.profile, y.public, message.x, b.public, message.a, phi
    )
    bound = S.non_interactive_bound(known_to_bob, shared.public)
    ring = (bob.keys.forging, message.profile.public_key, y.public)
    assert S.ring_verified(ring, message.sigma, bound)
    there = S.mixed_by_publisher(
        y.secret, b.secret, shared.secret, bob.keys.secret, message.x, message.a
    )
    assert S.same(S.auth_mac(there.mac_key, bound), message.auth_mac)
    assert there == here
    wrong = S.mixed_by_publisher(
        y.secret, b.secret, y.secret, bob.keys.secret, message.x, message.a
    )
    assert not S.same(S.auth_mac(wrong.mac_key, bound), message.auth_mac)

    # Alice sends in ratchet 0; Bob answers in ratchet 1, whose brace key follows the DAKE's.
    alice.chain, bob.chain = S.offline_chain(here.mixed.k), S.offline_chain(there.mixed.k)
    asked = say("?", smp_1(alice))
    first = delivered(
        DataMessage,
        sent(alice, alice.chain.chain, 0, alice_ecdh.public, alice_dh.public, asked),
        0,
    )
    assert opened(first, bob.chain.chain) == asked
    new = bob.ecdh()
    chain = bob.step(new, first.fields.ecdh, S.next_brace_key(there.mixed.brace))
    reply = delivered(DataMessage, sent(bob, chain, 1, new.public, None, say("!")), 0)
    chain = alice.step(alice_ecdh, reply.fields.ecdh, S.next_brace_key(here.mixed.brace))
    assert opened(reply, chain) == say("!")
    assert alice.chain == bob.chain


def smp_1(side: Side) -> Smp1:
    """The first message of SMP."""
    a2, a3 = (S.fresh_scalar(side.seed, n) for n in (50, 51))
    g2a, g3a = S.scale(S.generator(), a2), S.scale(S.generator(), a3)
    one, two = S.prove_exponent(1, a2, side.seed, 52), S.prove_exponent(2, a3, side.seed, 53)
    assert S.exponent_proved(1, g2a, one)
    assert S.exponent_proved(2, g3a, two)
    return Smp1(S.literal("who?"), g2a, one.c, one.d, g3a, two.c, two.d)


def test_a_transcript_that_differs_in_anything_authenticates_nobody() -> None:
    talk = interactive(0)
    bob, alice = talk.bob, talk.alice
    x, y = alice.ecdh(), bob.ecdh()
    a, b = alice.dh(), bob.dh()
    first = alice.side(talk.alice_ecdh.public, talk.alice_dh.public)
    second = bob.side(talk.bob_ecdh.public, talk.bob_dh.public)
    right = Transcript(
        bob.profile, alice.profile, y.public, x.public, b.public, a.public, S.phi(first, second)
    )
    ring = (bob.keys.forging, alice.keys.public, y.public)
    sigma = S.ring_sign(ring, alice.keys.secret, S.auth_r_bound(right), alice.seed, 99)
    assert S.ring_verified(ring, sigma, S.auth_r_bound(right))
    mallory = Side("mallory", 0x303)
    for wrong in (
        replace(right, bob=mallory.profile),
        replace(right, alice=replace(alice.profile, signature=bob.profile.signature)),
        replace(right, y=x.public),
        replace(right, x=S.twisted(x.public)),
        replace(right, b=a.public),
        replace(right, a=S.outside_element()),
        replace(right, phi=S.phi(replace(first, tag=0x102), second)),
        replace(right, phi=S.phi(first, replace(second, name=None))),
    ):
        assert not S.ring_verified(ring, sigma, S.auth_r_bound(wrong))
