"""TermSuite of OTRv4: every operation, and what must not work."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otr_check.otrv4.suite import TermSuite, Undecided
from otr_check.terms import DEFAULT_POOL, Term, TermPool
from otr_model.otrv4.groups4 import MODP_3072
from otr_reference import ed448
from otr_reference.errors import Malformed
from otr_reference.otrv4.messages import (
    Content,
    DataFields,
    Disconnected,
    ExtraKeyUse,
    Header,
    MalformedTlv,
    Padding,
    Smp4,
    SmpAbort,
    Tlv,
    UnknownTlv,
)
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.suite import PhiSide, Proof, Transcript

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_reference.otrv4.messages import ClientProfile
    from otr_reference.otrv4.suite import CoordinatesProof, Mixed, Ring
    from otr_reference.sorts import Key, Octets, Point, Scalar, Seed, Sort

SUITE = TermSuite()
ALICE, BOB, MALLORY = (SUITE.seed(name) for name in (b"alice", b"bob", b"mallory"))
KEYS, OTHER = SUITE.long_term("alice", dsa=True), SUITE.long_term("bob")
BOTH, FOUR = frozenset({3, 4}), frozenset({4})
PROFILE = SUITE.client_profile(KEYS, 0x101, BOTH, 1_000, ALICE)
OTHER_PROFILE = SUITE.client_profile(OTHER, 0x202, FOUR, 1_000, BOB)


def key_of(number: int) -> Key:
    """Some key."""
    return SUITE.third_brace_key(SUITE.fresh_dh(ALICE, number).secret, SUITE.element(2))


# Randomness.


def test_draws_are_the_same_again_and_differ_by_seed_number_and_kind() -> None:
    assert SUITE.fresh_ecdh(ALICE, 1) == SUITE.fresh_ecdh(ALICE, 1)
    assert SUITE.fresh_dh(ALICE, 1) == SUITE.fresh_dh(ALICE, 1)
    drawn = {
        cast("object", value)
        for seed in (ALICE, BOB)
        for draw in (1, 2)
        for value in (
            SUITE.fresh_ecdh(seed, draw).secret,
            SUITE.fresh_dh(seed, draw).secret,
            SUITE.fresh_scalar(seed, draw),
            SUITE.fresh_identifier(seed, draw),
        )
    }
    assert len(drawn) == 16
    real = RealSuite()
    assert SUITE.fresh_identifier(ALICE, 1) == real.fresh_identifier(real.seed(b"alice"), 1)


def test_the_same_run_makes_the_same_terms_in_the_same_order() -> None:
    def run() -> list[tuple[str, int]]:
        pool = TermPool()
        suite = TermSuite(pool=pool)
        alice, bob = suite.seed(b"alice"), suite.seed(b"bob")
        ours, theirs = suite.fresh_ecdh(alice, 1), suite.fresh_ecdh(bob, 1)
        ours_dh, theirs_dh = suite.fresh_dh(alice, 1), suite.fresh_dh(bob, 1)
        suite.mixed(ours.secret, theirs.public, ours_dh.secret, theirs_dh.public)
        return [(repr(term), term.serial) for term in pool]

    assert run() == run()
    assert len(run()) > 10


# The curve.

scalars = st.builds(SUITE.fresh_scalar, st.sampled_from([ALICE, BOB, MALLORY]), st.integers(1, 3))
IDENTITY = SUITE.point(ed448.IDENTITY.encode())
RANDOM = ed448.multiply_base(12345).encode()
points = st.recursive(
    st.sampled_from([SUITE.generator(), SUITE.outside_point(), SUITE.point(RANDOM)]),
    lambda inner: st.one_of(
        st.builds(SUITE.scale, inner, scalars),
        st.builds(SUITE.plus, inner, inner),
        st.builds(SUITE.minus, inner, inner),
        st.builds(SUITE.twisted, inner),
    ),
    max_leaves=6,
)


@given(points, points, points, scalars, scalars)
def test_the_laws_of_the_curve(p: Point, q: Point, r: Point, a: Scalar, b: Scalar) -> None:
    s, identity = SUITE, IDENTITY
    assert s.plus(p, q) is s.plus(q, p)
    assert s.plus(s.plus(p, q), r) is s.plus(p, s.plus(q, r))
    assert s.plus(p, identity) is p
    assert s.minus(p, p) is identity
    assert s.minus(s.plus(p, q), q) is p
    assert s.minus(p, q) is s.plus(p, s.minus(identity, q))
    assert s.scale(s.scale(p, a), b) is s.scale(s.scale(p, b), a)
    assert s.scale(s.plus(p, q), a) is s.plus(s.scale(p, a), s.scale(q, a))
    assert s.scale(s.minus(p, q), a) is s.minus(s.scale(p, a), s.scale(q, a))
    assert s.scale(identity, a) is identity
    assert s.scale(p, s.zero()) is identity


@given(points)
def test_a_twisted_point_is_another_and_has_the_same_multiples(p: Point) -> None:
    a = SUITE.fresh_scalar(ALICE, 1)

    assert SUITE.twisted(p) is not p
    assert SUITE.twisted(SUITE.twisted(p)) is p
    assert SUITE.scale(SUITE.twisted(p), a) is SUITE.scale(p, a)
    assert not (SUITE.in_group(p) and SUITE.in_group(SUITE.twisted(p)))


def test_what_is_in_the_group() -> None:
    s, pair = SUITE, SUITE.fresh_ecdh(ALICE, 1)
    inside = [s.generator(), pair.public, KEYS.public, KEYS.forging, s.point(RANDOM)]
    identity = s.scale(pair.public, s.zero())
    outside = [identity, s.outside_point(), *map(s.twisted, inside)]

    assert all(map(s.in_group, inside))
    assert not any(map(s.in_group, outside))
    assert s.in_group(s.scale(s.twisted(pair.public), pair.secret))
    assert s.outside_point() is s.twisted(identity) is not identity


def test_bytes_as_points() -> None:
    s, fourth = SUITE, bytes(57)
    order_2 = ed448.decode(fourth) + ed448.decode(fourth)
    twisted = ed448.decode(RANDOM) + order_2

    assert s.point(ed448.BASE.encode()) is s.generator()
    assert s.point(ed448.IDENTITY.encode()) is s.minus(s.generator(), s.generator())
    assert s.point(order_2.encode()) is s.outside_point()
    assert s.plus(s.point(fourth), s.point(fourth)) is s.outside_point()
    assert s.point(RANDOM) is s.point(RANDOM)
    small = [ed448.IDENTITY, order_2, ed448.decode(fourth), -ed448.decode(fourth)]
    assert len({s.point(member.encode()) for member in small}) == 4
    bad = [*(member.encode() for member in small), twisted.encode(), b"\xff" * 57, b"short", b""]
    for octets in (ed448.BASE.encode(), RANDOM, *bad):
        assert s.in_group(s.point(octets)) == ed448.is_valid(octets)
        assert not s.in_group(s.twisted(s.point(octets)))


def test_ecdh_and_dh_are_the_same_from_both_sides() -> None:
    ours, theirs = SUITE.fresh_ecdh(ALICE, 1), SUITE.fresh_ecdh(BOB, 1)
    ours_dh, theirs_dh = SUITE.fresh_dh(ALICE, 1), SUITE.fresh_dh(BOB, 1)
    other, other_dh = SUITE.fresh_ecdh(MALLORY, 1), SUITE.fresh_dh(MALLORY, 1)
    here = SUITE.mixed(ours.secret, theirs.public, ours_dh.secret, theirs_dh.public)

    assert SUITE.scale(theirs.public, ours.secret) is SUITE.scale(ours.public, theirs.secret)
    assert here == SUITE.mixed(theirs.secret, ours.public, theirs_dh.secret, ours_dh.public)
    assert here.brace is SUITE.third_brace_key(ours_dh.secret, theirs_dh.public)
    assert here.brace is SUITE.third_brace_key(theirs_dh.secret, ours_dh.public)
    assert SUITE.size(here.ssid) == 8
    others = [
        SUITE.mixed(other.secret, theirs.public, ours_dh.secret, theirs_dh.public),
        SUITE.mixed(ours.secret, other.public, ours_dh.secret, theirs_dh.public),
        SUITE.mixed(ours.secret, theirs.public, other_dh.secret, theirs_dh.public),
        SUITE.mixed(ours.secret, theirs.public, ours_dh.secret, other_dh.public),
    ]
    assert len({mixed.k for mixed in (here, *others)}) == 5
    assert len({mixed.ssid for mixed in (here, *others)}) == 5
    assert len({mixed.brace for mixed in (here, *others)}) == 3
    # A part of small order is lost, as with pruned scalars.
    twisted = SUITE.twisted(theirs.public)
    assert SUITE.mixed(ours.secret, twisted, ours_dh.secret, theirs_dh.public) == here


def test_numbers_as_dh_values() -> None:
    s, modulus = SUITE, MODP_3072.modulus
    pair = s.fresh_dh(ALICE, 1)

    assert s.element(1) is s.outside_element()
    assert s.in_dh_group(pair.public)
    assert not s.in_dh_group(s.outside_element())
    # -1 is not a square modulo dh_p, and so a square's opposite is not in the subgroup.
    inside = {0: False, 1: False, 2: True, 9: True, modulus - 9: False, 1 << 3000: True}
    assert {number: s.in_dh_group(s.element(number)) for number in inside} == inside
    for beyond in (modulus - 1, modulus, modulus + 1, modulus + 2, 1 << 3072):
        assert not s.in_dh_group(s.element(beyond))
    secret = s.third_brace_key(pair.secret, s.element(2))
    assert secret is s.third_brace_key(pair.secret, s.element(2))
    assert secret is not s.third_brace_key(pair.secret, s.element(4))


# Profiles.


def test_a_client_profile_says_what_it_was_made_of() -> None:
    assert (PROFILE.owner_tag, PROFILE.expiration, PROFILE.versions) == (0x101, 1_000, BOTH)
    assert (PROFILE.public_key, PROFILE.forging_key) == (KEYS.public, KEYS.forging)
    assert PROFILE.dsa_key is KEYS.dsa_public
    assert SUITE.profile_signed(PROFILE)
    assert SUITE.transition_signed(PROFILE)
    only_four = SUITE.client_profile(KEYS, 0x101, FOUR, 1_000, ALICE)
    assert SUITE.profile_signed(only_four)
    for without in (only_four, OTHER_PROFILE):
        assert (without.dsa_key, without.transitional) == (None, None)
        assert without.transitional_body is None
        assert not SUITE.transition_signed(without)


def test_a_profile_is_signed_by_the_key_that_is_in_it_and_over_all_of_it() -> None:
    s, stranger = SUITE, replace(KEYS, signing=OTHER.signing)
    wrong = [
        replace(PROFILE, signature=s.garble_signature(PROFILE.signature)),
        replace(PROFILE, body=s.garble(PROFILE.body)),
        replace(PROFILE, signature=OTHER_PROFILE.signature),
        replace(PROFILE, public_key=s.twisted(PROFILE.public_key)),
        s.client_profile(stranger, 0x101, BOTH, 1_000, ALICE),
    ]
    for profile in wrong:
        assert not s.profile_signed(profile)
        assert s.transition_signed(profile)
    others = [
        s.client_profile(KEYS, 0x102, BOTH, 1_000, ALICE),
        s.client_profile(KEYS, 0x101, FOUR, 1_000, ALICE),
        s.client_profile(KEYS, 0x101, BOTH, 1_001, ALICE),
        s.client_profile(replace(KEYS, forging=OTHER.forging), 0x101, BOTH, 1_000, ALICE),
    ]
    assert len({PROFILE.body, *(profile.body for profile in others)}) == 5
    assert all(map(s.profile_signed, others))


def test_a_transitional_signature_is_that_of_the_dsa_key_over_the_fields() -> None:
    s, other = SUITE, SUITE.long_term("bob", dsa=True)
    transitional = PROFILE.transitional
    assert transitional is not None
    stranger = s.client_profile(replace(KEYS, dsa=other.dsa), 0x101, BOTH, 1_000, ALICE)
    wrong = [
        replace(PROFILE, transitional=s.garble_dsa(transitional)),
        replace(PROFILE, transitional=None),
        replace(PROFILE, dsa_key=other.dsa_public),
        replace(PROFILE, transitional_body=PROFILE.body),
        stranger,
    ]
    assert not any(map(s.transition_signed, wrong))
    assert all(map(s.profile_signed, wrong))


def test_the_dsa_key_is_the_one_that_version_3_has() -> None:
    assert KEYS.dsa is SUITE.older.signing_key("alice")
    assert KEYS.dsa_public is SUITE.older.public_key(SUITE.older.signing_key("alice"))


def test_a_profile_under_a_key_of_small_order_verifies_and_its_key_does_not() -> None:
    for profile in (PROFILE, OTHER_PROFILE):
        weak = SUITE.under_weak_key(profile)

        assert SUITE.profile_signed(weak)
        assert not SUITE.in_group(weak.public_key)
        assert (weak.owner_tag, weak.versions) == (profile.owner_tag, profile.versions)
        assert weak.forging_key is profile.forging_key
        assert (weak.dsa_key, weak.transitional) == (None, None)
        assert not SUITE.transition_signed(weak)
        assert not SUITE.profile_signed(replace(profile, signature=weak.signature))


def test_a_profile_that_cannot_be_written_is_refused() -> None:
    for tag, versions, expiration in (
        (1 << 32, FOUR, 1),
        (-1, FOUR, 1),
        (0x101, frozenset({10}), 1),
        (0x101, FOUR, 1 << 63),
    ):
        with pytest.raises(Malformed):
            SUITE.client_profile(KEYS, tag, versions, expiration, ALICE)
        if versions == FOUR:
            with pytest.raises(Malformed):
                SUITE.prekey_profile(KEYS, tag, KEYS.public, expiration)
    assert SUITE.client_profile(KEYS, 0x101, FOUR, -1, ALICE).expiration == -1


def test_a_fingerprint_is_of_both_keys() -> None:
    forged = SUITE.client_profile(replace(KEYS, forging=OTHER.forging), 1, FOUR, 1, ALICE)
    later = SUITE.client_profile(KEYS, 0x303, FOUR, 2_000, MALLORY)
    fingerprint = SUITE.fingerprint(PROFILE)

    assert SUITE.same(fingerprint, SUITE.fingerprint(later))
    assert SUITE.size(fingerprint) == 56
    for other in (forged, OTHER_PROFILE):
        assert not SUITE.same(fingerprint, SUITE.fingerprint(other))


def test_a_prekey_profile_is_signed_by_the_key_of_the_client_profile() -> None:
    s, shared = SUITE, SUITE.fresh_ecdh(ALICE, 7).public
    prekey = s.prekey_profile(KEYS, 0x101, shared, 500)

    assert (prekey.owner_tag, prekey.expiration, prekey.shared_prekey) == (0x101, 500, shared)
    assert s.prekey_profile_signed(PROFILE, prekey)
    assert not s.prekey_profile_signed(OTHER_PROFILE, prekey)
    assert not s.prekey_profile_signed(
        PROFILE, replace(prekey, signature=s.garble_signature(prekey.signature))
    )
    assert not s.prekey_profile_signed(PROFILE, replace(prekey, body=s.garble(prekey.body)))
    later = s.prekey_profile(KEYS, 0x101, shared, 501)
    assert not s.prekey_profile_signed(PROFILE, replace(prekey, body=later.body))


# The tie-break.


def test_nobody_knows_which_hash_is_higher_until_it_is_decided() -> None:
    a, b = (SUITE.hashed_b(SUITE.fresh_dh(ALICE, n).public) for n in (1, 2))
    with pytest.raises(Undecided) as raised:
        SUITE.higher(a, b)

    assert (raised.value.ours, raised.value.theirs) == (a, b)
    again = pickle.loads(pickle.dumps(raised.value))  # noqa: S301 - our own bytes
    assert (again.ours, again.theirs) == (a, b)
    assert not SUITE.higher(a, a)
    a_first, b_first = SUITE.decided(a, b), SUITE.decided(b, a)
    assert (a_first.higher(a, b), a_first.higher(b, a)) == (True, False)
    assert (b_first.higher(a, b), b_first.higher(b, a)) == (False, True)
    assert SUITE.order == frozenset()
    assert a_first.older.order == a_first.order == {(a, b)}
    with pytest.raises(ValueError, match="higher than itself"):
        a_first.decided(b, a)
    assert SUITE.size(a) == 32


# The DAKEs.


def test_phi_is_the_same_whoever_sends_and_tells_everything_that_is_in_it() -> None:
    s = SUITE
    alice, bob = (
        PhiSide(tag, s.fresh_ecdh(seed, 3).public, s.fresh_dh(seed, 3).public, s.literal(name))
        for tag, seed, name in ((9, ALICE, "zoe"), (5, BOB, "ann"))
    )
    phi = s.phi(alice, bob)

    assert s.phi(bob, alice) is phi
    same_tag = replace(bob, tag=9)
    assert s.phi(same_tag, alice) is s.phi(alice, same_tag)
    # Names are sorted for themselves: whose they are is not said.
    assert s.phi(replace(alice, name=bob.name), replace(bob, name=alice.name)) is phi
    others = {
        s.phi(replace(alice, tag=8), bob),
        s.phi(replace(alice, ecdh=bob.ecdh), bob),
        s.phi(replace(alice, dh=bob.dh), bob),
        s.phi(replace(alice, name=s.literal("zoa")), bob),
        s.phi(replace(alice, name=None), bob),
        s.phi(replace(alice, ecdh=None, dh=None), bob),
        s.phi(replace(alice, ecdh=bob.ecdh, dh=bob.dh), replace(bob, ecdh=alice.ecdh, dh=alice.dh)),
    }
    assert len(others | {phi}) == 8
    # One side's keys alone do not say whose they are: the tags do not tell.
    assert s.phi(replace(alice, dh=None), bob) in others
    for impossible in (replace(alice, tag=1 << 32), replace(alice, ecdh=None)):
        with pytest.raises(Malformed):
            s.phi(impossible, replace(bob, dh=None))


def transcript() -> Transcript:
    y, x = (SUITE.fresh_ecdh(seed, 1).public for seed in (BOB, ALICE))
    b, a = (SUITE.fresh_dh(seed, 2).public for seed in (BOB, ALICE))
    phi = SUITE.phi(PhiSide(1, y, b), PhiSide(2, x, a))
    return Transcript(OTHER_PROFILE, PROFILE, y, x, b, a, phi)


def test_what_a_message_of_a_dake_signs_tells_the_message_and_every_part() -> None:
    s, said, shared = SUITE, transcript(), SUITE.fresh_ecdh(BOB, 9).public
    bounds: list[Callable[[Transcript], Octets]] = [
        s.auth_r_bound,
        s.auth_i_bound,
        lambda t: s.non_interactive_bound(t, shared),
        lambda t: s.non_interactive_bound(t, t.y),
    ]
    garbled = replace(PROFILE, signature=s.garble_signature(PROFILE.signature))
    others = [
        said,
        replace(said, bob=PROFILE),
        replace(said, alice=OTHER_PROFILE),
        replace(said, alice=garbled),
        replace(said, y=said.x),
        replace(said, y=s.twisted(said.y)),
        replace(said, x=said.y),
        replace(said, b=said.a),
        replace(said, a=said.b),
        replace(said, phi=s.garble(said.phi)),
    ]
    made = {bound(other) for bound in bounds for other in others}
    assert len(made) == len(bounds) * len(others)
    assert s.auth_r_bound(transcript()) is s.auth_r_bound(said)


def ring() -> tuple[Ring, tuple[Scalar, Scalar, Scalar]]:
    pair = SUITE.fresh_ecdh(BOB, 1)
    members = OTHER.forging, KEYS.public, pair.public
    return members, (SUITE.forging_secret("bob"), KEYS.secret, pair.secret)


def test_a_ring_signature_can_be_made_with_any_of_the_three_secrets() -> None:
    s, value = SUITE, SUITE.auth_r_bound(transcript())
    members, secrets = ring()
    for secret in secrets:
        sigma = s.ring_sign(members, secret, value, ALICE, 5)
        assert s.ring_verified(members, sigma, value)
        again = s.ring_sign(members, secret, value, ALICE, 6)
        assert again is not sigma
        assert s.ring_verified(members, again, value)


def test_a_ring_signature_holds_for_its_ring_and_value_only() -> None:
    s, value = SUITE, SUITE.auth_r_bound(transcript())
    members, (_, secret, _) = ring()
    first, second, third = members
    sigma = s.ring_sign(members, secret, value, ALICE, 5)

    assert not s.ring_verified(members, sigma, s.auth_i_bound(transcript()))
    assert not s.ring_verified(members, s.garble_sigma(sigma), value)
    for other in (
        (first, second, KEYS.forging),
        (second, first, third),
        (first, second, s.twisted(third)),
    ):
        assert not s.ring_verified(other, sigma, value)


def test_nobody_else_makes_a_ring_signature() -> None:
    s, value = SUITE, SUITE.auth_r_bound(transcript())
    members, (_, secret, _) = ring()
    first, second, third = members
    strangers: list[tuple[Ring, Scalar]] = [
        (members, s.fresh_ecdh(MALLORY, 1).secret),
        (members, s.zero()),
        ((first, third, third), secret),
        ((second, second, third), secret),
        ((first, s.twisted(second), third), secret),
    ]
    for keys, known in strangers:
        assert not s.ring_verified(keys, s.ring_sign(keys, known, value, ALICE, 5), value)
    # Whether the others are in the group is for a check of its own.
    for outside in (s.twisted(third), s.outside_point()):
        keys = (first, second, outside)
        assert s.ring_verified(keys, s.ring_sign(keys, secret, value, ALICE, 5), value)


def offline(first: Seed, second: Seed, third: Seed) -> tuple[Mixed, object, Mixed, object]:
    """What both sides of a non-interactive DAKE compute, by who drew which keys."""
    s = SUITE
    x, y, d = s.fresh_ecdh(first, 1), s.fresh_ecdh(second, 1), s.fresh_ecdh(third, 2)
    a, b = s.fresh_dh(first, 1), s.fresh_dh(second, 1)
    here = s.mixed_by_retriever(x.secret, a.secret, y.public, b.public, d.public, OTHER.public)
    there = s.mixed_by_publisher(y.secret, b.secret, d.secret, OTHER.secret, x.public, a.public)
    return here.mixed, here.mac_key, there.mixed, there.mac_key


def test_both_ends_of_a_non_interactive_dake_agree() -> None:
    here, mac_key, there, other_mac_key = offline(ALICE, BOB, BOB)

    assert here == there
    assert mac_key is other_mac_key
    others = [offline(*seeds)[0] for seeds in ((MALLORY, BOB, BOB), (ALICE, BOB, MALLORY))]
    assert len({here.k, *(other.k for other in others)}) == 3
    s = SUITE
    x, y, a, b = (
        s.fresh_ecdh(ALICE, 1),
        s.fresh_ecdh(BOB, 1),
        s.fresh_dh(ALICE, 1),
        s.fresh_dh(BOB, 1),
    )
    d = s.fresh_ecdh(BOB, 2)
    wrong_key = s.mixed_by_publisher(y.secret, b.secret, d.secret, KEYS.secret, x.public, a.public)
    assert wrong_key.mixed.k is not here.k
    assert wrong_key.mixed.brace is here.brace
    interactive = s.mixed(x.secret, y.public, a.secret, b.public)
    assert interactive.k is not here.k


def test_an_auth_mac_tells_its_key_and_what_it_is_over() -> None:
    key, other = key_of(1), key_of(2)
    a, b = SUITE.octets(b"a"), SUITE.octets(b"b")
    mac = SUITE.auth_mac(key, a)

    assert SUITE.same(mac, SUITE.auth_mac(key, a))
    for wrong in (SUITE.auth_mac(other, a), SUITE.auth_mac(key, b), SUITE.garble_mac(mac)):
        assert not SUITE.same(mac, wrong)
    assert not SUITE.same(mac, SUITE.data_mac(key, a))


# The double ratchet.


def test_every_derived_key_is_another_one() -> None:
    s, k = SUITE, offline(ALICE, BOB, BOB)[0].k
    begun = s.offline_chain(k)
    root, brace = s.first_root(k), s.next_brace_key(k)
    ours, theirs = s.fresh_ecdh(ALICE, 4), s.fresh_ecdh(BOB, 4)
    ratcheted = s.ratchet(root, ours.secret, theirs.public, brace)
    keys = s.message_keys(begun.chain)
    next_keys = s.message_keys(s.next_chain_key(begun.chain))
    made: list[Sort] = [k, begun.root, begun.chain, root, brace, s.next_brace_key(brace)]
    made += [ratcheted.root, ratcheted.chain]
    made += [keys.encryption, keys.mac, keys.extra]
    made += [next_keys.encryption, next_keys.mac, next_keys.extra]
    made += [s.next_extra_key(keys.extra, 0, 7), s.next_extra_key(keys.extra, 1, 7)]
    made += [s.next_extra_key(keys.extra, 0, 8)]

    assert len(set(made)) == len(made)
    for index, context in ((256, 7), (-1, 7), (0, 1 << 32), (0, -1)):
        with pytest.raises(Malformed):
            s.next_extra_key(keys.extra, index, context)
    assert ratcheted == s.ratchet(root, theirs.secret, ours.public, brace)
    for other in (
        s.ratchet(begun.root, ours.secret, theirs.public, brace),
        s.ratchet(root, ours.secret, ours.public, brace),
        s.ratchet(root, ours.secret, theirs.public, k),
    ):
        assert other.root is not ratcheted.root
        assert other.chain is not ratcheted.chain


def test_a_content_opens_with_its_key_only() -> None:
    key, other = key_of(1), key_of(2)
    content = Content(SUITE.octets(b"hi"), (Padding(3), Disconnected()))
    sealed = SUITE.seal(key, content)

    assert SUITE.open(key, sealed) == content
    strange = SUITE.open(other, sealed)
    assert not strange.tlvs
    assert not SUITE.empty(strange.text)
    assert SUITE.size(strange.text) == SUITE.size(sealed) == 2 + 1 + 4 + 3 + 4
    assert not SUITE.same(sealed, SUITE.seal(other, content))
    assert SUITE.open(key, SUITE.octets(b"junk")).tlvs == ()


def test_an_empty_content_is_no_bytes_under_any_key() -> None:
    heartbeat = Content(SUITE.literal(""))
    sealed = SUITE.seal(key_of(1), heartbeat)

    assert SUITE.empty(sealed)
    assert SUITE.size(sealed) == 0
    assert SUITE.open(key_of(2), sealed) == heartbeat
    assert SUITE.empty(SUITE.octets(b"\0x"))
    assert not SUITE.empty(SUITE.octets(b"x\0"))
    assert not SUITE.empty(SUITE.reveal(key_of(1)))
    assert SUITE.writable(SUITE.octets(b"x"))
    assert not SUITE.writable(SUITE.octets(b"x\0"))


def test_a_record_written_by_its_number_is_received_as_what_it_is() -> None:
    key, empty, five = key_of(1), SUITE.octets(b""), SUITE.octets(b"12345")
    sent = tuple(UnknownTlv(kind, value) for kind in range(10) for value in (empty, five))
    received = SUITE.open(key, SUITE.seal(key, Content(empty, sent))).tlvs

    assert received[:4] == (Padding(0), Padding(5), Disconnected(), Disconnected())
    assert received[12:14] == (SmpAbort(), SmpAbort())
    malformed = [tlv.kind for tlv in received if isinstance(tlv, MalformedTlv)]
    assert malformed == [2, 2, 3, 3, 4, 4, 5, 5, 7]
    assert received[15] == ExtraKeyUse(0x31323334, SUITE.octets(b"5"))
    assert received[16:] == tuple(
        UnknownTlv(kind, value) for kind in (8, 9) for value in (empty, five)
    )


def test_a_raw_smp_record_holds_points_and_proves_nothing() -> None:
    key, raw = key_of(1), SUITE.octets(RANDOM + bytes(57) + bytes(57))
    (received,) = SUITE.open(key, SUITE.seal(key, Content(raw_text(), (UnknownTlv(5, raw),)))).tlvs

    assert isinstance(received, Smp4)
    assert received.rb is SUITE.point(RANDOM)
    assert SUITE.in_group(received.rb)
    proof = Proof(received.cr, received.d7)
    assert not SUITE.exponent_proved(8, received.rb, proof)
    assert not SUITE.equal_exponents_proved(8, received.rb, received.rb, received.rb, proof)


def raw_text() -> Octets:
    return SUITE.octets(b"")


def test_what_cannot_be_written_is_refused() -> None:
    text = SUITE.octets(b"a")
    refused: list[Content] = [Content(SUITE.octets(b"a\0b"))]
    refused += [
        Content(text, (tlv,))
        for tlv in cast(
            "list[Tlv]",
            [
                MalformedTlv(2, "c2", "is cut short"),
                Padding(65536),
                Padding(-1),
                ExtraKeyUse(1 << 32, text),
                ExtraKeyUse(7, SUITE.octets(bytes(65532))),
                UnknownTlv(65536, text),
                UnknownTlv(9, SUITE.octets(bytes(65536))),
            ],
        )
    ]
    for content in refused:
        with pytest.raises(Malformed):
            SUITE.seal(key_of(1), content)
    most = Content(text, (Padding(65535), ExtraKeyUse(7, SUITE.octets(bytes(65531)))))
    assert SUITE.open(key_of(1), SUITE.seal(key_of(1), most)) == most


def test_an_authenticator_is_over_every_field() -> None:
    s, key = SUITE, key_of(1)
    ecdh, dh = s.fresh_ecdh(ALICE, 1).public, s.fresh_dh(ALICE, 1).public
    fields = DataFields(Header(1, 2), 0, 3, 4, 5, ecdh, dh, s.octets(b"sealed"))
    others = [
        replace(fields, header=Header(2, 2)),
        replace(fields, flags=1),
        replace(fields, pn=4),
        replace(fields, ratchet_id=3),
        replace(fields, message_id=6),
        replace(fields, ecdh=s.twisted(ecdh)),
        replace(fields, dh=None),
        replace(fields, encrypted=s.garble(fields.encrypted)),
    ]
    macs = {s.data_mac(key, s.data_body(each)) for each in (fields, *others)}
    assert len(macs) == 9
    assert s.garble_mac(s.data_mac(key, s.data_body(fields))) not in macs
    assert s.garble(s.data_body(fields)) is s.data_body(others[-1])
    # The number 0 has no bytes: it is no DH key.
    assert s.data_body(replace(fields, dh=s.element(0))) is s.data_body(others[-2])


def test_a_revealed_key_is_the_key() -> None:
    revealed = SUITE.reveal(SUITE.message_keys(key_of(1)).mac)

    assert SUITE.key(revealed) is SUITE.message_keys(key_of(1)).mac
    assert SUITE.size(revealed) == 64


# SMP.


@dataclass(frozen=True)
class Smp:
    """A whole run of SMP, and what both sides find."""

    g2: Point
    g3: Point
    pa: Point
    qa: Point
    pb: Point
    qb: Point
    alice_finds: bool
    bob_finds: bool


def smp(x: Scalar, y: Scalar) -> Smp:
    s = SUITE
    g = s.generator()
    a2, a3, r = (s.fresh_scalar(ALICE, n) for n in (2, 3, 4))
    b2, b3, t = (s.fresh_scalar(BOB, n) for n in (2, 3, 4))
    g2, g3 = s.scale(s.scale(g, b2), a2), s.scale(s.scale(g, b3), a3)
    assert (g2, g3) == (s.scale(s.scale(g, a2), b2), s.scale(s.scale(g, a3), b3))
    pa, qa = s.scale(g3, r), s.plus(s.scale(g, r), s.scale(g2, x))
    pb, qb = s.scale(g3, t), s.plus(s.scale(g, t), s.scale(g2, y))
    ra, rb = s.scale(s.minus(qa, qb), a3), s.scale(s.minus(qa, qb), b3)
    p = s.minus(pa, pb)
    return Smp(g2, g3, pa, qa, pb, qb, s.same(s.scale(rb, a3), p), s.same(s.scale(ra, b3), p))


fingerprints = st.sampled_from([SUITE.fingerprint(PROFILE), SUITE.fingerprint(OTHER_PROFILE)])
secrets = st.builds(
    SUITE.smp_secret,
    fingerprints,
    fingerprints,
    st.sampled_from([SUITE.octets(b"session 1"), SUITE.octets(b"session 2")]),
    st.sampled_from([SUITE.passphrase(b"one"), SUITE.passphrase(b"two")]),
)


@given(secrets, secrets)
def test_smp_succeeds_if_and_only_if_the_secrets_are_equal(x: Scalar, y: Scalar) -> None:
    found = smp(x, y)

    assert found.alice_finds == found.bob_finds == (x is y)


def test_everything_goes_into_the_secret() -> None:
    one, two = SUITE.fingerprint(PROFILE), SUITE.fingerprint(OTHER_PROFILE)
    ssid, typed = SUITE.octets(b"ssid"), SUITE.passphrase(b"typed")
    made = {
        SUITE.smp_secret(one, two, ssid, typed),
        SUITE.smp_secret(two, one, ssid, typed),
        SUITE.smp_secret(one, one, ssid, typed),
        SUITE.smp_secret(one, two, SUITE.octets(b"other"), typed),
        SUITE.smp_secret(one, two, ssid, SUITE.passphrase(b"other")),
    }

    assert len(made) == 5


def test_a_proof_of_an_exponent_holds_for_its_step_and_point_only() -> None:
    e, other = SUITE.fresh_scalar(ALICE, 1), SUITE.fresh_scalar(ALICE, 2)
    power, another = SUITE.scale(SUITE.generator(), e), SUITE.scale(SUITE.generator(), other)
    proof = SUITE.prove_exponent(1, e, ALICE, 3)
    of_other = SUITE.prove_exponent(1, other, ALICE, 3)
    later = SUITE.prove_exponent(1, e, ALICE, 4)

    assert SUITE.exponent_proved(1, power, proof)
    assert SUITE.exponent_proved(1, SUITE.twisted(power), proof)
    assert SUITE.exponent_proved(1, power, later)
    assert not SUITE.exponent_proved(2, power, proof)
    assert not SUITE.exponent_proved(1, another, proof)
    assert not SUITE.exponent_proved(1, SUITE.outside_point(), proof)
    assert not SUITE.exponent_proved(1, power, of_other)
    # With one nonce the challenge is the same; the response is what differs.
    assert proof.c is of_other.c
    assert not SUITE.exponent_proved(1, power, Proof(later.c, proof.d))
    assert not SUITE.exponent_proved(1, power, Proof(proof.c, later.d))
    assert not SUITE.exponent_proved(1, power, replace(proof, d=SUITE.garble_response(proof.d)))


def test_a_proof_of_coordinates_holds_for_what_it_is_about_only() -> None:
    x = SUITE.smp_secret(raw_text(), raw_text(), raw_text(), SUITE.passphrase(b"t"))
    run = smp(x, x)
    r = SUITE.fresh_scalar(ALICE, 4)
    proof = SUITE.prove_coordinates(6, run.g2, run.g3, r, x, ALICE, 10)

    right = (run.g2, run.g3, run.pa, run.qa)

    def holds(
        proof: CoordinatesProof,
        step: int = 6,
        values: tuple[Point, Point, Point, Point] = right,
    ) -> bool:
        return SUITE.coordinates_proved(step, *values, proof)

    assert holds(proof)
    assert not holds(proof, step=5)
    for wrong in (
        (run.g3, run.g3, run.pa, run.qa),
        (run.g2, run.g2, run.pa, run.qa),
        (run.g2, run.g3, run.pb, run.qa),
        (run.g2, run.g3, run.pa, run.qb),
        (run.g2, run.g3, run.pa, SUITE.outside_point()),
    ):
        assert not holds(proof, values=wrong)
    other = SUITE.prove_coordinates(6, run.g2, run.g3, r, x, ALICE, 12)
    assert holds(other)
    for wrong_proof in (
        replace(proof, c=other.c),
        replace(proof, d5=other.d5),
        replace(proof, d6=other.d6),
        replace(proof, d5=proof.d6, d6=proof.d5),
        replace(proof, d5=SUITE.garble_response(proof.d5)),
    ):
        assert not holds(wrong_proof)


def test_a_proof_of_equal_exponents_holds_for_what_it_is_about_only() -> None:
    s = SUITE
    e, other = s.fresh_scalar(ALICE, 1), s.fresh_scalar(ALICE, 2)
    base, another = s.fresh_ecdh(BOB, 1).public, s.fresh_ecdh(BOB, 2).public
    power, r = s.scale(s.generator(), e), s.scale(base, e)
    proof = s.prove_equal_exponents(7, base, e, ALICE, 3)

    assert s.equal_exponents_proved(7, base, power, r, proof)
    assert not s.equal_exponents_proved(8, base, power, r, proof)
    assert not s.equal_exponents_proved(7, another, power, r, proof)
    assert not s.equal_exponents_proved(7, another, power, s.scale(another, e), proof)
    assert not s.equal_exponents_proved(7, base, s.scale(s.generator(), other), r, proof)
    assert not s.equal_exponents_proved(7, base, power, s.scale(base, other), proof)
    later = s.prove_equal_exponents(7, base, e, ALICE, 4)
    assert not s.equal_exponents_proved(7, base, power, r, Proof(proof.c, later.d))


def test_proofs_about_the_exponent_zero_hold() -> None:
    s, zero, identity = SUITE, SUITE.zero(), IDENTITY
    x = s.fresh_scalar(ALICE, 1)
    g2, g3 = s.fresh_ecdh(BOB, 1).public, s.fresh_ecdh(BOB, 2).public

    assert s.exponent_proved(1, identity, s.prove_exponent(1, zero, ALICE, 2))
    coordinates = s.prove_coordinates(5, g2, g3, zero, x, ALICE, 2)
    assert s.coordinates_proved(5, g2, g3, identity, s.scale(g2, x), coordinates)
    equal = s.prove_equal_exponents(7, g2, zero, ALICE, 2)
    assert s.equal_exponents_proved(7, g2, identity, identity, equal)


# Changed values.


@given(st.binary(max_size=8))
def test_a_garbled_text_is_another_of_the_same_length(value: bytes) -> None:
    text = SUITE.octets(value)
    garbled = SUITE.garble(text)

    assert not SUITE.same(garbled, text)
    assert SUITE.size(garbled) == max(1, len(value))
    if value:
        assert SUITE.same(SUITE.garble(garbled), text)


def test_what_is_garbled_twice_is_what_it_was() -> None:
    s = SUITE
    prekey = s.prekey_profile(KEYS, 1, KEYS.public, 1)
    sealed = s.seal(key_of(1), Content(s.octets(b"hi")))
    values = [PROFILE.body, OTHER_PROFILE.body, prekey.body, sealed, s.fingerprint(PROFILE)]
    values += [s.hashed_b(s.fresh_dh(ALICE, 1).public), s.reveal(key_of(1))]
    for value in values:
        garbled = s.garble(value)
        assert not s.same(garbled, value)
        assert s.same(s.garble(garbled), value)


def test_a_replaced_operation_changes_no_other() -> None:
    class Deviating(TermSuite):
        """Draws 0, and makes every multiple I."""

        def fresh_scalar(self, seed: Seed, draw: int) -> Scalar:
            del seed, draw
            return self.zero()

        def scale(self, point: Point, scalar: Scalar) -> Point:
            del point, scalar
            return self.outside_point()

        def in_group(self, point: Point) -> bool:
            del point
            return False

    deviating, e = Deviating(), SUITE.fresh_scalar(ALICE, 1)
    members, (secret, *_) = ring()
    value = SUITE.octets(b"v")

    assert deviating.fresh_scalar(ALICE, 1) is SUITE.zero()
    assert deviating.fresh_ecdh(ALICE, 1) == SUITE.fresh_ecdh(ALICE, 1)
    assert deviating.prove_exponent(1, e, ALICE, 2) == SUITE.prove_exponent(1, e, ALICE, 2)
    assert deviating.ring_verified(
        members, deviating.ring_sign(members, secret, value, ALICE, 1), value
    )
    hashes = [SUITE.hashed_b(SUITE.fresh_dh(ALICE, n).public) for n in (1, 2)]
    assert isinstance(deviating.decided(*hashes), Deviating)


def test_terms_are_written_for_people() -> None:
    s, (ours, theirs) = SUITE, (SUITE.fresh_ecdh(seed, 1) for seed in (ALICE, BOB))
    shared = s.scale(theirs.public, ours.secret)
    shown = {
        repr(s.generator()): "G",
        repr(IDENTITY): "I",
        repr(s.outside_point()): "I + 2*T",
        repr(ours.public): "G*alice.x1",
        repr(KEYS.public): "G*sk(alice)",
        repr(s.twisted(KEYS.public)): "G*sk(alice) + 2*T",
        repr(s.outside_element()): "1",
        repr(s.element(2)): "g3",
        repr(s.element(8)): "g3^3",
        repr(s.fresh_dh(ALICE, 1).public): "g3^alice.a1",
    }
    assert list(shown) == list(shown.values())
    assert repr(shared) in {
        "G*(alice.x1*bob.x1)",
        "G*(bob.x1*alice.x1)",
    }
    assert repr(s.next_chain_key(key_of(1))).startswith("next_chain_key(third_brace_key(g3^")
    assert repr(s.next_extra_key(key_of(1), 0, 7)).startswith("extra(0, 7, third_brace_key(")


def test_known_values_are_given_out_and_others_as_they_are_written() -> None:
    assert SUITE.to_bytes(SUITE.octets(b"hi")) == b"hi"
    assert SUITE.to_bytes(SUITE.fingerprint(OTHER_PROFILE)).startswith(b"fingerprint(G*sk(bob), ")
    assert SUITE.same(SUITE.literal("\u00e9"), SUITE.octets(b"\xc3\xa9"))


def test_everything_is_a_term_of_the_pool_of_the_suite() -> None:
    pool = TermPool()
    suite = TermSuite(pool=pool)
    before = len(DEFAULT_POOL)
    seed = suite.seed(b"somewhere else")
    keys = suite.long_term("somebody new", dsa=True)
    profile: ClientProfile = suite.client_profile(keys, 1, BOTH, 1, seed)
    pair = suite.fresh_ecdh(seed, 1)
    values = (seed, pair.secret, pair.public, profile.body, suite.octets(b"new here"))

    assert all(cast("Term", value) in pool for value in values)
    assert suite.older.pool is pool
    assert len(DEFAULT_POOL) == before
