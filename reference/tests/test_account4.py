"""The account of a client of OTRv4: profiles that are renewed, and prekeys that are used once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from otr_model.otrv4.words import Mode, Msg
from otr_reference.errors import Malformed
from otr_reference.keys import DsaPrivate, DsaPublic
from otr_reference.otrv4 import wire as formats
from otr_reference.otrv4.account import DAY, WEEK, Account
from otr_reference.otrv4.chat import SUITE, Client
from otr_reference.otrv4.messages import DataMessage, Identity, NonInteractiveAuth, PrekeyEnsemble
from otr_reference.otrv4.notices import (
    EnsembleRefused,
    PrekeyUsed,
    Refused,
    Secured,
    Shown,
    SmpStage,
    SmpStaged,
)
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.session import Policy, Session

if TYPE_CHECKING:
    from otr_reference.otrv4.chat import Chat, Heard
    from otr_reference.sorts import Seed

NOW: Final = 1_700_000_000
ALICE_TAG, BOB_TAG = 0x1001, 0x2002
POLICY: Final = Policy(allow_v3=False)

# A group of DSA's shape, small enough to be quick: p has 256 bits, q has 160.
DSA_P: Final = 0xCD2CDAC1A979A05357FFB4DEC32F73FB8CC2D88A7427548B54A6B3986CFBB60B
DSA_Q: Final = 0xDEB561A4216363698B529B4A97B750923CEB4027
DSA_G: Final = 0x3F3C809CA33F08518FF82ECD81F32C5FF46250385ED19DDCF97A71862766ACD4
DSA: Final = DsaPrivate(DsaPublic(DSA_P, DSA_Q, DSA_G, pow(DSA_G, 99, DSA_P)), 99)


class World:
    """Two clients and the time, which both see."""

    def __init__(self, lifetime: int = WEEK) -> None:
        self.now = NOW
        self.alice, self.bob = (
            Client(
                name * 57,
                tag=tag,
                clock=lambda: self.now,
                seed=b"the account of " + name * 32,
                lifetime=lifetime,
            )
            for name, tag in ((b"a", ALICE_TAG), (b"b", BOB_TAG))
        )

    def chats(self, policy: Policy = POLICY) -> tuple[Chat, Chat]:
        """A conversation of theirs."""
        return self.alice.chat(policy), self.bob.chat(policy)


def account(suite: RealSuite = SUITE, lifetime: int = WEEK) -> Account:
    """An account of its own."""
    return Account(
        suite, SUITE.long_term(b"x" * 57), ALICE_TAG, SUITE.seed(b"s" * 32), lifetime=lifetime
    )


def failures(heard: Heard) -> set[str]:
    """The checks that failed."""
    return {fired.failed for fired in heard.trace if fired.failed}


# Client profiles and prekey profiles.


def test_a_client_has_profiles_from_the_beginning() -> None:
    bob = World().bob
    (profile,), (prekey,) = bob.account.profiles, bob.account.prekey_profiles
    assert formats.decode_client_profile(bob.client_profile) == profile
    assert SUITE.profile_signed(profile)
    assert SUITE.prekey_profile_signed(profile, prekey.profile)
    assert (profile.owner_tag, prekey.profile.owner_tag) == (BOB_TAG, BOB_TAG)
    assert (profile.expiration, prekey.profile.expiration) == (NOW + WEEK, NOW + WEEK)
    assert (profile.versions, profile.dsa_key, profile.transitional) == ({4}, None, None)
    assert prekey.profile.shared_prekey == prekey.shared_prekey.public
    assert SUITE.to_bytes(SUITE.fingerprint(profile)) == bob.fingerprint
    assert len(bob.fingerprint) == 56


@pytest.mark.parametrize("mode", Mode)
def test_a_key_of_version_3_is_in_the_profile_of_the_compatible_mode(mode: Mode) -> None:
    made = Client(b"b" * 57, dsa=DSA, tag=BOB_TAG, mode=mode, clock=lambda: NOW, seed=b"b" * 32)
    (profile,) = made.account.profiles
    if mode is Mode.COMPATIBLE:
        assert profile.versions == {3, 4}
        assert profile.dsa_key is not None
        assert SUITE.transition_signed(profile)
    else:
        assert (profile.versions, profile.dsa_key, made.dsa) == ({4}, None, None)


def test_profiles_are_renewed_a_day_before_they_expire() -> None:
    bob = World().bob.account
    first, first_prekey = bob.profiles[0], bob.prekey_profiles[0]
    assert not bob.renew(NOW + WEEK - DAY - 1)
    assert (bob.profiles, bob.prekey_profiles) == ((first,), (first_prekey,))
    assert bob.renew(NOW + WEEK - DAY)
    second, second_prekey = bob.profiles[0], bob.prekey_profiles[0]
    assert (bob.profiles, bob.prekey_profiles) == (
        (second, first),
        (second_prekey, first_prekey),
    )
    assert second.expiration == second_prekey.profile.expiration == NOW + 2 * WEEK - DAY
    assert second_prekey.shared_prekey != first_prekey.shared_prekey
    assert (second.public_key, second.forging_key) == (first.public_key, first.forging_key)
    assert not bob.renew(NOW + WEEK - DAY)


def test_an_expired_profile_is_kept_for_a_day() -> None:
    bob = World().bob.account
    old, old_prekey = bob.profiles[0], bob.prekey_profiles[0]
    bob.renew(NOW + WEEK + DAY - 1)
    assert (bob.profiles[1:], bob.prekey_profiles[1:]) == ((old,), (old_prekey,))
    bob.renew(NOW + WEEK + DAY)
    assert old not in bob.profiles
    assert old_prekey not in bob.prekey_profiles
    assert (len(bob.profiles), len(bob.prekey_profiles)) == (1, 1)


def test_no_more_than_two_profiles_are_kept_over_a_year() -> None:
    bob = account()
    made, kept = 0, set()
    for day in range(365):
        made += bob.renew(NOW + day * DAY)
        kept.add((len(bob.profiles), len(bob.prekey_profiles)))
    assert made == 61  # every six days
    assert kept == {(1, 1), (2, 2)}


@pytest.mark.parametrize("lifetime", [2, 600, 3600, DAY, DAY + 1])
def test_a_short_lifetime_does_not_make_a_profile_for_every_look(lifetime: int) -> None:
    short = account(lifetime=lifetime)
    assert short.renew(NOW)
    for _ in range(10):
        assert not short.renew(NOW)
    assert not short.renew(NOW + lifetime - min(DAY, lifetime // 2) - 1)
    assert short.renew(NOW + lifetime - min(DAY, lifetime // 2))
    assert len(short.profiles) == 2
    short.renew(NOW + 10 * DAY)
    assert [profile.expiration for profile in short.profiles] == [NOW + 10 * DAY + lifetime]


def test_a_clock_that_goes_back_changes_nothing() -> None:
    bob = World().bob.account
    before = bob.profiles, bob.prekey_profiles
    assert not bob.renew(NOW - 10 * WEEK)
    assert not bob.renew(0)
    assert (bob.profiles, bob.prekey_profiles) == before


def test_a_client_that_slept_has_a_valid_profile_when_it_speaks() -> None:
    world = World()
    alice, bob = world.chats()
    world.now += 40 * WEEK
    (identity,) = alice.start_dake().wires
    message = formats.decode(identity)
    assert isinstance(message, Identity)
    assert message.profile.expiration == world.now + WEEK
    assert len(bob.receive(identity).wires) == 1


# Conversations while profiles are renewed.


def private(world: World) -> tuple[Chat, Chat]:
    """Two chats in a private conversation."""
    alice, bob = world.chats()
    (identity,) = alice.start_dake().wires
    (auth_r,) = bob.receive(identity).wires
    (auth_i,) = alice.receive(auth_r).wires
    assert isinstance(bob.receive(auth_i).notices[-1], Secured)
    return alice, bob


def test_a_conversation_outlives_the_profiles_that_it_began_with() -> None:
    world = World()
    alice, bob = private(world)
    for _ in range(4):
        world.now += WEEK - DAY
        (wire,) = alice.send(b"hello").wires
        heard = bob.receive(wire)
        assert isinstance(heard.notices[0], Shown)
        for heartbeat in heard.wires:
            alice.receive(heartbeat)
    (one,) = alice.start_smp(b"apple").wires
    bob.receive(one)
    (two,) = bob.answer_smp(b"apple").wires
    (three,) = alice.receive(two).wires
    heard = bob.receive(three)
    assert heard.notices == (SmpStaged(SmpStage.SUCCESS, None, ALICE_TAG),)
    assert alice.receive(heard.wires[0]).notices == (SmpStaged(SmpStage.SUCCESS, None, BOB_TAG),)


@pytest.mark.parametrize("late", [0, 1, WEEK])
def test_an_expired_profile_is_refused_in_a_dake(late: int) -> None:
    world = World()
    alice, bob = world.chats()
    (identity,) = alice.start_dake().wires
    world.now += WEEK + late
    heard = bob.receive(identity)
    assert failures(heard) == {"profile-fresh"}
    assert (heard.wires, heard.notices) == ((), ())


def test_a_profile_in_its_last_second_is_accepted() -> None:
    world = World()
    alice, bob = world.chats()
    (identity,) = alice.start_dake().wires
    world.now += WEEK - 1
    heard = bob.receive(identity)
    assert not failures(heard)
    assert len(heard.wires) == 1


# Prekeys.


def test_ensembles_have_prekeys_of_their_own() -> None:
    bob = World().bob
    ensembles = bob.make_ensembles(20)
    messages = [ensemble.message for ensemble in ensembles]
    assert {m.owner_tag for m in messages} == {BOB_TAG}
    for values in zip(*((m.identifier, m.y, m.b) for m in messages), strict=True):
        assert len(set(values)) == 20
    assert set(bob.account.prekeys) == {m.identifier for m in messages}
    for message in messages:
        own = bob.account.prekeys[message.identifier]
        assert (own.message, own.ecdh.public, own.dh.public) == (message, message.y, message.b)
    assert {e.client_profile for e in ensembles} == {bob.account.profiles[0]}
    assert bob.make_ensembles(0) == ()


def test_an_identifier_that_is_in_use_is_drawn_again() -> None:
    class Poor(RealSuite):
        """Identifiers of two bits."""

        def fresh_identifier(self, seed: Seed, draw: int) -> int:
            """A few bits of what it should be."""
            return super().fresh_identifier(seed, draw) & 3

    made = account(Poor()).make_ensembles(NOW, 4)
    assert sorted(ensemble.message.identifier for ensemble in made) == [0, 1, 2, 3]


def begin_offline(alice: Chat, ensemble: PrekeyEnsemble) -> bytes:
    """Alice begins with an ensemble; what she sends."""
    heard = alice.start_offline(ensemble)
    assert isinstance(heard.notices[-1], Secured)
    (wire,) = heard.wires
    assert isinstance(formats.decode(wire), NonInteractiveAuth)
    return wire


def test_a_prekey_is_used_once_whoever_uses_it() -> None:
    world = World()
    (ensemble,) = world.bob.make_ensembles(1)
    identifier = ensemble.message.identifier
    alice, bob = world.chats()
    carol = Client(b"c" * 57, tag=0x3003, clock=lambda: NOW, seed=b"c" * 32).chat(POLICY)
    bob_with_carol = world.bob.chat(POLICY)
    wires = begin_offline(alice, ensemble), begin_offline(carol, ensemble)
    heard = bob.receive(wires[0])
    assert heard.notices[0] == PrekeyUsed(identifier, ALICE_TAG)
    assert world.bob.account.prekeys == {}
    for chat, wire in ((bob_with_carol, wires[1]), (bob, wires[0]), (world.bob.chat(), wires[1])):
        before = chat.conversation.current.values()
        heard = chat.receive(wire)
        assert failures(heard) == {"prekey-known"}
        assert (heard.wires, heard.notices) == ((), ())
        assert chat.conversation.current.values() == before
    assert bob.conversation.current.message is Msg.ENCRYPTED_MESSAGES


def test_a_conversation_remembers_the_prekeys_that_it_used() -> None:
    """Even where the application still holds them."""
    world = World()
    (ensemble,) = world.bob.make_ensembles(1)
    alice, bob = world.chats()
    wire = begin_offline(alice, ensemble)
    held = dict(world.bob.account.prekeys)
    bob.receive(wire)
    world.bob.account.prekeys.update(held)
    assert failures(bob.receive(wire)) == {"prekey-known"}


def test_each_of_several_ensembles_begins_a_conversation() -> None:
    world = World()
    bob = world.bob.chat(POLICY)
    for ensemble in world.bob.make_ensembles(3):
        alice = world.alice.chat(POLICY)
        heard = bob.receive(begin_offline(alice, ensemble))
        assert isinstance(heard.notices[-1], Secured)
        (wire,) = alice.send(b"hello").wires
        assert isinstance(formats.decode(wire), DataMessage)
        assert [type(notice) for notice in bob.receive(wire).notices] == [Shown]
    assert len(bob.conversation.used_prekeys or ()) == 3


@pytest.mark.parametrize("late", [WEEK - 1, WEEK, WEEK + DAY - 1])
def test_what_was_sent_with_an_older_ensemble_is_accepted_for_a_day_more(late: int) -> None:
    """Bob's profiles were renewed in the meantime, and those in the ensemble may have expired."""
    world = World()
    (ensemble,) = world.bob.make_ensembles(1)
    bob = world.bob.chat(POLICY)
    world.now += WEEK - 1
    alice = world.alice.chat(POLICY)
    wires = [begin_offline(alice, ensemble), *alice.send(b"hello").wires]
    world.now = NOW + late
    heard = bob.receive(wires[0])
    assert world.bob.account.profiles[0] != ensemble.client_profile
    assert isinstance(heard.notices[-1], Secured)
    assert [type(notice) for notice in bob.receive(wires[1]).notices] == [Shown]


def test_what_was_sent_with_an_ensemble_that_is_too_old_is_refused() -> None:
    world = World()
    (ensemble,) = world.bob.make_ensembles(1)
    bob = world.bob.chat(POLICY)
    world.now += WEEK - 1
    wire = begin_offline(world.alice.chat(POLICY), ensemble)
    world.now = NOW + WEEK + DAY
    before = bob.conversation
    heard = bob.receive(wire)
    assert failures(heard) == {"non-interactive-sigma"}
    assert (heard.wires, heard.notices) == ((), ())
    after = bob.conversation.members
    assert after[0].values() == before.members[0].values()
    assert after[ALICE_TAG].values() == Session(ALICE_TAG).values()
    assert set(world.bob.account.prekeys) == {ensemble.message.identifier}


def test_a_prekey_goes_with_profiles_that_are_newer_than_itself() -> None:
    """A server combines what it has."""
    world = World()
    (old,) = world.bob.make_ensembles(1)
    bob = world.bob.chat(POLICY)
    world.now += 3 * WEEK
    (new,) = world.bob.make_ensembles(1)
    heard = bob.receive(begin_offline(world.alice.chat(POLICY), replace(new, message=old.message)))
    assert heard.notices[0] == PrekeyUsed(old.message.identifier, ALICE_TAG)
    assert isinstance(heard.notices[-1], Secured)


# Ensembles are looked at before they are used.


@pytest.mark.parametrize(("late", "because"), [(WEEK - 1, ""), (WEEK, "profile-fresh")])
def test_an_ensemble_is_good_until_it_expires(late: int, because: str) -> None:
    world = World()
    (ensemble,) = world.bob.make_ensembles(1)
    world.now += late
    alice = world.alice.chat(POLICY)
    heard = alice.start_offline(ensemble)
    if because:
        assert heard.notices == (EnsembleRefused(because, BOB_TAG),)
        assert heard.wires == ()
        assert alice.conversation.current.message is Msg.START
    else:
        assert isinstance(heard.notices[-1], Secured)


def test_an_ensemble_whose_prekey_profile_has_expired_is_refused() -> None:
    world = World()
    (old,) = world.bob.make_ensembles(1)
    world.now += WEEK
    (new,) = world.bob.make_ensembles(1)
    mixed = replace(new, prekey_profile=old.prekey_profile)
    heard = world.alice.chat(POLICY).start_offline(mixed)
    assert heard.notices == (EnsembleRefused("prekey-profile-fresh", BOB_TAG),)


def test_an_ensemble_of_parts_of_two_clients_is_refused() -> None:
    world = World()
    (theirs,), (ours,) = world.bob.make_ensembles(1), world.alice.make_ensembles(1)
    alice = world.alice.chat(POLICY)
    for ensemble in (
        replace(theirs, message=ours.message),
        replace(theirs, prekey_profile=ours.prekey_profile),
        replace(theirs, client_profile=ours.client_profile),
    ):
        owner = ensemble.message.owner_tag
        heard = alice.start_offline(ensemble)
        assert heard.notices == (EnsembleRefused("ensemble-owners", owner),)
    namesake = Client(b"n" * 57, tag=BOB_TAG, clock=lambda: NOW, seed=b"n" * 32)
    (other,) = namesake.make_ensembles(1)
    mixed = replace(theirs, prekey_profile=other.prekey_profile)
    assert alice.start_offline(mixed).notices == (
        EnsembleRefused("prekey-profile-signed", BOB_TAG),
    )


@pytest.mark.parametrize("tag", [0, 1, 0xFF])
def test_an_ensemble_whose_tag_is_not_valid_is_refused(tag: int) -> None:
    """Its owner could never be told apart from nobody in particular."""
    (ensemble,) = Client(b"m" * 57, tag=tag, clock=lambda: NOW, seed=b"m" * 32).make_ensembles(1)
    alice = World().alice.chat(POLICY)
    heard = alice.start_offline(ensemble)
    assert heard.notices == (EnsembleRefused("ensemble-owners", tag),)
    assert heard.wires == ()
    assert {member.message for member in alice.conversation.members.values()} == {Msg.START}


def test_ensembles_are_only_used_where_that_is_allowed() -> None:
    world = World()
    (ensemble,) = world.bob.make_ensembles(1)
    alice = world.alice.chat(Policy(allow_v3=False, require_interactive=True))
    assert alice.start_offline(ensemble).notices == (Refused(BOB_TAG),)
    online = Client(
        b"a" * 57, tag=ALICE_TAG, mode=Mode.INTERACTIVE_ONLY, clock=lambda: NOW, seed=b"a" * 32
    )
    assert online.chat(POLICY).start_offline(ensemble).notices == (Refused(BOB_TAG),)


def test_only_verified_keys_where_the_policy_says_so() -> None:
    world = World()
    (ensemble,) = world.bob.make_ensembles(1)
    policy = Policy(allow_v3=False, require_authenticated=True)
    stranger = world.alice.chat(policy)
    assert stranger.start_offline(ensemble).notices == (EnsembleRefused("", BOB_TAG),)
    assert stranger.start_offline(ensemble).wires == ()
    friend = world.alice.chat(policy, trusted=(world.bob.fingerprint,))
    wire = begin_offline(friend, ensemble)
    assert world.bob.chat(policy).receive(wire).notices == ()
    trusting = world.bob.chat(policy, trusted=(b"\0" * 56, world.alice.fingerprint))
    assert isinstance(trusting.receive(wire).notices[-1], Secured)


# What a client is made of.


@pytest.mark.parametrize("size", [0, 56, 58])
def test_a_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(Malformed, match="sym_key"):
        Client(b"x" * size)
    with pytest.raises(Malformed, match="sym_key"):
        Client(b"x" * 57, forging=b"x" * size)


def test_the_same_key_has_the_same_fingerprint_and_another_forging_key_another() -> None:
    one, again = Client(b"x" * 57), Client(b"x" * 57)
    assert one.fingerprint == again.fingerprint
    assert one.account.keys.forging == again.account.keys.forging
    kept = Client(b"x" * 57, forging=b"f" * 57)
    assert kept.account.keys.public == one.account.keys.public
    assert kept.fingerprint != one.fingerprint


def test_generated_clients_have_nothing_in_common() -> None:
    one, other = Client.generate(), Client.generate()
    assert one.fingerprint != other.fingerprint
    assert min(one.tag, other.tag) >= 0x100
    assert one.account.prekey_profiles[0].shared_prekey != (
        other.account.prekey_profiles[0].shared_prekey
    )
    (ours,), (theirs,) = one.make_ensembles(1), other.make_ensembles(1)
    assert ours.message.y != theirs.message.y


def test_a_known_profile_that_is_none_is_refused() -> None:
    with pytest.raises(Malformed):
        World().alice.chat(POLICY, known_profile=b"no profile")
