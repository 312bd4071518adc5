"""TermSuite: every operation, and what must not work."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otr_check.otrv3.suite import TermSuite, Undecided
from otr_check.terms import DEFAULT_POOL, Term, TermPool
from otr_model.otrv3.schedules import MODULUS
from otr_reference.errors import Malformed, OtrSpecError
from otr_reference.otrv3.messages import (
    Commitment,
    Content,
    DhPair,
    Disconnected,
    ExtraKeyUse,
    Identity,
    MalformedTlv,
    Padding,
    Proof,
    SmpAbort,
    UnknownTlv,
)

if TYPE_CHECKING:
    from otr_reference.otrv3.messages import CoordinatesProof
    from otr_reference.sorts import Element, Octets, Scalar, Seed, Sort

SUITE = TermSuite()
ALICE, BOB, MALLORY = (SUITE.seed(name) for name in (b"alice", b"bob", b"mallory"))
SIGNING = SUITE.signing_key("alice")
PUBLIC = SUITE.public_key(SIGNING)
OTHER_PUBLIC = SUITE.public_key(SUITE.signing_key("bob"))


# Randomness.


def test_draws_are_the_same_again_and_differ_by_seed_number_and_kind() -> None:
    assert SUITE.fresh_key(ALICE, 1) == SUITE.fresh_key(ALICE, 1)
    assert SUITE.fresh_pair(ALICE, 1) == SUITE.fresh_pair(ALICE, 1)
    drawn = {
        cast("Sort", value)
        for seed in (ALICE, BOB)
        for draw in (1, 2)
        for value in (
            SUITE.fresh_key(seed, draw),
            SUITE.fresh_pair(seed, draw).secret,
            SUITE.fresh_exponent(seed, draw),
        )
    }
    assert len(drawn) == 12


def test_the_same_run_makes_the_same_terms_in_the_same_order() -> None:
    def run() -> list[tuple[str, int]]:
        pool = TermPool()
        suite = TermSuite(pool=pool)
        alice, bob = suite.seed(b"alice"), suite.seed(b"bob")
        suite.data_keys(suite.fresh_pair(alice, 1), suite.fresh_pair(bob, 1).public)
        return [(repr(term), term.serial) for term in pool]

    assert run() == run()
    assert len(run()) > 10


# The group.

scalars = st.builds(SUITE.fresh_exponent, st.sampled_from([ALICE, BOB, MALLORY]), st.integers(1, 3))
elements = st.recursive(
    st.sampled_from([SUITE.generator(), SUITE.outside(), SUITE.element(12345)]),
    lambda inner: st.one_of(
        st.builds(SUITE.power, inner, scalars),
        st.builds(SUITE.times, inner, inner),
        st.builds(SUITE.over, inner, inner),
    ),
    max_leaves=6,
)


@given(elements, elements, elements, scalars, scalars)
def test_the_laws_of_the_group(p: Element, q: Element, r: Element, a: Scalar, b: Scalar) -> None:
    s = SUITE
    assert s.times(p, q) is s.times(q, p)
    assert s.times(s.times(p, q), r) is s.times(p, s.times(q, r))
    assert s.times(p, s.outside()) is p
    assert s.over(p, p) is s.outside()
    assert s.over(s.times(p, q), q) is p
    assert s.power(s.power(p, a), b) is s.power(s.power(p, b), a)
    assert s.power(s.times(p, q), a) is s.times(s.power(p, a), s.power(q, a))
    assert s.power(s.over(p, q), a) is s.over(s.power(p, a), s.power(q, a))
    assert s.power(s.outside(), a) is s.outside()


@given(elements, elements, scalars)
def test_a_power_tells_its_base_and_its_exponent(p: Element, q: Element, a: Scalar) -> None:
    assert (SUITE.power(p, a) is SUITE.power(q, a)) == (p is q)
    b = SUITE.fresh_exponent(ALICE, 99)
    assert (SUITE.power(p, a) is SUITE.power(p, b)) == (p is SUITE.outside())


@given(elements)
def test_only_one_and_what_came_from_outside_are_not_in_range(p: Element) -> None:
    assert SUITE.in_range(p) == (p is not SUITE.outside())


def test_numbers_as_elements() -> None:
    s = SUITE
    assert s.element(1) is s.outside()
    assert s.element(2) is s.generator()
    assert s.element(8) is s.times(s.element(2), s.element(4))
    assert s.element(3) is s.element(3)
    assert s.element(3) is not s.element(5)
    assert [s.in_range(s.element(n)) for n in (0, 1, 2, 3, 1 << 1535)] == [
        False,
        False,
        True,
        True,
        True,
    ]
    assert [s.in_range(s.element(MODULUS + n)) for n in (-2, -1, 0, 1, 2)] == [
        True,
        False,
        False,
        False,
        False,
    ]
    assert not s.in_range(s.power(s.element(0), s.fresh_exponent(ALICE, 1)))


# The D-H Commit.


@dataclass(frozen=True)
class Committed:
    """A commitment, its key revealed, and another key."""

    revealed: Octets
    other: Octets
    gx: Element
    commitment: Commitment


@pytest.fixture
def committed() -> Committed:
    r, gx = SUITE.fresh_key(ALICE, 1), SUITE.fresh_pair(ALICE, 2).public
    other = SUITE.reveal(SUITE.fresh_key(BOB, 1))
    return Committed(SUITE.reveal(r), other, gx, SUITE.commit(r, gx))


def test_a_commitment_opens_with_its_key(committed: Committed) -> None:
    assert SUITE.opens(committed.revealed, committed.commitment)
    assert SUITE.matches(committed.revealed, committed.commitment)
    assert SUITE.opened(committed.revealed, committed.commitment) is committed.gx


def test_a_commitment_does_not_open_with_another_key(committed: Committed) -> None:
    for key in (committed.other, SUITE.garble(committed.revealed), SUITE.octets(bytes(16))):
        assert not SUITE.opens(key, committed.commitment)
        assert not SUITE.matches(key, committed.commitment)
        with pytest.raises(Malformed):
            SUITE.opened(key, committed.commitment)


def test_a_commitment_with_another_hash_opens_and_does_not_match(committed: Committed) -> None:
    changed = replace(committed.commitment, hashed=SUITE.garble(committed.commitment.hashed))

    assert SUITE.opens(committed.revealed, changed)
    assert not SUITE.matches(committed.revealed, changed)


def test_a_changed_ciphertext_opens_to_another_element(committed: Committed) -> None:
    changed = replace(committed.commitment, encrypted=SUITE.garble(committed.commitment.encrypted))

    assert SUITE.opens(committed.revealed, changed)
    assert not SUITE.matches(committed.revealed, changed)
    opened = SUITE.opened(committed.revealed, changed)
    assert opened is not committed.gx
    assert SUITE.in_range(opened)


def test_a_value_out_of_range_can_be_committed_to() -> None:
    r = SUITE.fresh_key(MALLORY, 1)
    commitment = SUITE.commit(r, SUITE.outside())

    assert SUITE.matches(SUITE.reveal(r), commitment)
    assert not SUITE.in_range(SUITE.opened(SUITE.reveal(r), commitment))


# The tie-break.


def hashes(count: int) -> list[Octets]:
    r = SUITE.fresh_key(ALICE, 1)
    return [SUITE.commit(r, SUITE.fresh_pair(ALICE, n).public).hashed for n in range(count)]


def test_nobody_knows_which_hash_is_higher_until_it_is_decided() -> None:
    a, b = hashes(2)
    with pytest.raises(Undecided) as raised:
        SUITE.higher(a, b)

    assert (raised.value.ours, raised.value.theirs) == (a, b)
    assert not isinstance(raised.value, OtrSpecError)
    again = pickle.loads(pickle.dumps(raised.value))  # noqa: S301 - our own bytes
    assert (again.ours, again.theirs) == (a, b)
    assert not SUITE.higher(a, a)

    a_first, b_first = SUITE.decided(a, b), SUITE.decided(b, a)
    assert (a_first.higher(a, b), a_first.higher(b, a)) == (True, False)
    assert (b_first.higher(a, b), b_first.higher(b, a)) == (False, True)
    assert not SUITE.order


def test_what_follows_from_decisions_is_decided() -> None:
    a, b, c, d = hashes(4)
    suite = TermSuite([(c, d), (a, b)]).decided(b, c)

    assert suite.order == {(a, b), (b, c), (c, d), (a, c), (b, d), (a, d)}
    assert suite.higher(a, d)
    assert not suite.higher(d, a)


def test_decisions_must_not_contradict_each_other() -> None:
    a, b, c = hashes(3)
    suite = SUITE.decided(a, b).decided(b, c)
    for higher, lower in ((c, a), (b, a), (a, a)):
        with pytest.raises(ValueError, match="higher than itself"):
            suite.decided(higher, lower)


# The rest of the AKE.


def test_both_ends_agree_on_the_keys_of_the_ake() -> None:
    x, y = SUITE.fresh_pair(ALICE, 1), SUITE.fresh_pair(BOB, 1)
    keys = SUITE.ake_keys(x.secret, y.public)

    assert keys == SUITE.ake_keys(y.secret, x.public)
    reveal, signature = keys.reveal, keys.signature
    made: set[Sort] = {keys.ssid, reveal.c, reveal.m1, reveal.m2}
    made |= {signature.c, signature.m1, signature.m2}
    assert len(made) == 7
    z = SUITE.fresh_pair(MALLORY, 1)
    for other in (SUITE.ake_keys(z.secret, y.public), SUITE.ake_keys(x.secret, z.public)):
        others: set[Sort] = {other.ssid, other.reveal.c, other.reveal.m1, other.reveal.m2}
        assert not made & others


def test_a_signature_holds_for_its_key_and_value_only() -> None:
    x, y = SUITE.fresh_pair(ALICE, 1).public, SUITE.fresh_pair(BOB, 1).public
    m1 = SUITE.ake_keys(SUITE.fresh_pair(ALICE, 1).secret, y).reveal.m1
    value = SUITE.signed_value(m1, x, y, PUBLIC, 1)
    others = [
        SUITE.signed_value(SUITE.fresh_key(ALICE, 9), x, y, PUBLIC, 1),
        SUITE.signed_value(m1, y, x, PUBLIC, 1),
        SUITE.signed_value(m1, x, y, OTHER_PUBLIC, 1),
        SUITE.signed_value(m1, x, y, PUBLIC, 2),
    ]
    signature = SUITE.sign(SIGNING, value, ALICE, 5)

    assert SUITE.verify(PUBLIC, value, signature)
    assert not SUITE.verify(OTHER_PUBLIC, value, signature)
    for other in others:
        assert not SUITE.verify(PUBLIC, other, signature)
    again = SUITE.sign(SIGNING, value, ALICE, 6)
    assert not SUITE.same(again, signature)
    assert SUITE.verify(PUBLIC, value, again)


def test_an_identity_opens_with_its_key_only() -> None:
    value = SUITE.octets(b"M")
    identity = Identity(PUBLIC, 1, SUITE.sign(SIGNING, value, ALICE, 5))
    c, other = SUITE.fresh_key(ALICE, 1), SUITE.fresh_key(ALICE, 2)
    sealed = SUITE.seal_identity(c, identity)

    assert SUITE.open_identity(c, sealed) == identity
    assert SUITE.open_identity(other, sealed) is None
    assert SUITE.open_identity(c, SUITE.octets(b"junk")) is None
    assert SUITE.open_identity(c, SUITE.seal(c, 0, Content(SUITE.octets(b"no")))) is None


def test_an_identity_whose_ciphertext_was_changed_has_a_signature_that_does_not_hold() -> None:
    value = SUITE.octets(b"M")
    identity = Identity(PUBLIC, 1, SUITE.sign(SIGNING, value, ALICE, 5))
    c = SUITE.fresh_key(ALICE, 1)
    changed = SUITE.garble(SUITE.seal_identity(c, identity))
    opened = SUITE.open_identity(c, changed)

    assert opened is not None
    assert (opened.public, opened.keyid) == (identity.public, identity.keyid)
    assert not SUITE.verify(opened.public, value, opened.signature)


def test_a_mac_tells_its_key_and_what_it_is_over() -> None:
    k, m = SUITE.fresh_key(ALICE, 1), SUITE.fresh_key(ALICE, 2)
    a, b = SUITE.octets(b"a"), SUITE.octets(b"b")
    mac = SUITE.identity_mac(k, a)

    assert SUITE.same(mac, SUITE.identity_mac(k, a))
    for other in (SUITE.identity_mac(m, a), SUITE.identity_mac(k, b), SUITE.garble_mac(mac)):
        assert not SUITE.same(mac, other)
    assert SUITE.same(SUITE.data_mac(k, a), SUITE.data_mac(k, a))
    assert not SUITE.same(SUITE.data_mac(k, a), SUITE.data_mac(m, a))


# Data.


def test_what_one_end_sends_with_the_other_receives_with() -> None:
    ours, theirs = SUITE.fresh_pair(ALICE, 1), SUITE.fresh_pair(BOB, 1)
    here, there = SUITE.data_keys(ours, theirs.public), SUITE.data_keys(theirs, ours.public)

    assert (here.sending, here.sending_mac) == (there.receiving, there.receiving_mac)
    assert (here.receiving, here.receiving_mac) == (there.sending, there.sending_mac)
    assert here.extra == there.extra
    keys = {here.sending, here.sending_mac, here.receiving, here.receiving_mac, here.extra}
    assert len(keys) == 5
    other = SUITE.data_keys(ours, SUITE.fresh_pair(BOB, 2).public)
    assert not keys & {other.sending, other.sending_mac, other.receiving, other.extra}


def test_an_end_that_talks_to_itself_does_not_understand_itself() -> None:
    pair = SUITE.fresh_pair(ALICE, 1)
    keys = SUITE.data_keys(pair, pair.public)

    assert keys.sending is not keys.receiving
    assert keys.sending_mac is not keys.receiving_mac
    # Both are low, so that nothing changes hands: what one sends with, the other sends with.
    assert SUITE.data_keys(DhPair(pair.secret, pair.public), pair.public) == keys


def test_who_is_sent_one_is_high_whoever_it_is() -> None:
    here = SUITE.data_keys(SUITE.fresh_pair(ALICE, 1), SUITE.outside())
    there = SUITE.data_keys(SUITE.fresh_pair(BOB, 1), SUITE.outside())

    assert here == there
    assert here.sending is not here.receiving


def test_a_content_opens_with_its_key_and_counter_only() -> None:
    key, other = SUITE.fresh_key(ALICE, 1), SUITE.fresh_key(ALICE, 2)
    content = Content(SUITE.octets(b"hi"), (Padding(3), Disconnected()))
    sealed = SUITE.seal(key, 7, content)

    assert SUITE.open(key, 7, sealed) == content
    strange = {SUITE.open(other, 7, sealed), SUITE.open(key, 8, sealed)}
    assert len(strange) == 2
    for opened in strange:
        assert not opened.tlvs
        assert not SUITE.empty(opened.text)
        assert not SUITE.same(opened.text, content.text)
    assert not SUITE.same(sealed, SUITE.seal(key, 8, content))


def test_an_empty_content_is_no_bytes_under_any_key() -> None:
    key, other = SUITE.fresh_key(ALICE, 1), SUITE.fresh_key(ALICE, 2)
    heartbeat = Content(SUITE.literal(""))
    sealed = SUITE.seal(key, 1, heartbeat)

    assert SUITE.empty(sealed)
    assert SUITE.size(sealed) == 0
    assert SUITE.open(other, 2, sealed) == heartbeat
    assert SUITE.size(SUITE.garble(sealed)) == 1


def test_a_record_written_by_its_number_is_received_as_what_it_is() -> None:
    key = SUITE.fresh_key(ALICE, 1)
    empty, five = SUITE.octets(b""), SUITE.octets(b"12345")
    sent = tuple(UnknownTlv(kind, value) for kind in range(10) for value in (empty, five))
    received = SUITE.open(key, 1, SUITE.seal(key, 1, Content(empty, sent))).tlvs

    assert received[:4] == (Padding(0), Padding(5), Disconnected(), Disconnected())
    assert received[12:14] == (SmpAbort(), SmpAbort())
    malformed = [tlv.kind for tlv in received if isinstance(tlv, MalformedTlv)]
    assert malformed == [2, 2, 3, 3, 4, 4, 5, 5, 7, 7, 8]
    assert received[17] == ExtraKeyUse(0x31323334, SUITE.octets(b"5"))
    assert received[18:] == (UnknownTlv(9, empty), UnknownTlv(9, five))


def test_what_cannot_be_written_is_refused() -> None:
    key = SUITE.fresh_key(ALICE, 1)
    for content in (
        Content(SUITE.octets(b"a\0b")),
        Content(SUITE.octets(b"a"), (MalformedTlv(2, "count", "is wrong"),)),
        Content(SUITE.octets(b"a"), (UnknownTlv(9, SUITE.octets(bytes(65536))),)),
    ):
        with pytest.raises(Malformed):
            SUITE.seal(key, 1, content)


def test_revealed_mac_keys_are_the_keys() -> None:
    k, m = SUITE.fresh_key(ALICE, 1), SUITE.fresh_key(ALICE, 2)

    assert SUITE.empty(SUITE.old_mac_keys(()))
    assert SUITE.same(SUITE.old_mac_keys((k,)), SUITE.reveal(k))
    assert not SUITE.same(SUITE.old_mac_keys((k, m)), SUITE.old_mac_keys((m, k)))


# SMP.


@dataclass(frozen=True)
class Smp:
    """A whole run of SMP, and what both sides find."""

    g2: Element
    g3: Element
    pa: Element
    qa: Element
    pb: Element
    qb: Element
    alice_finds: bool
    bob_finds: bool


def smp(x: Scalar, y: Scalar) -> Smp:
    s = SUITE
    g = s.generator()
    a2, a3, r = (s.fresh_exponent(ALICE, n) for n in (2, 3, 4))
    b2, b3, t = (s.fresh_exponent(BOB, n) for n in (2, 3, 4))
    g2, g3 = s.power(s.power(g, b2), a2), s.power(s.power(g, b3), a3)
    assert (g2, g3) == (s.power(s.power(g, a2), b2), s.power(s.power(g, a3), b3))
    pa, qa = s.power(g3, r), s.times(s.power(g, r), s.power(g2, x))
    pb, qb = s.power(g3, t), s.times(s.power(g, t), s.power(g2, y))
    ra, rb = s.power(s.over(qa, qb), a3), s.power(s.over(qa, qb), b3)
    p = s.over(pa, pb)
    return Smp(g2, g3, pa, qa, pb, qb, s.same(s.power(rb, a3), p), s.same(s.power(ra, b3), p))


secrets = st.builds(
    SUITE.smp_secret,
    st.sampled_from([PUBLIC, OTHER_PUBLIC]),
    st.sampled_from([PUBLIC, OTHER_PUBLIC]),
    st.sampled_from([SUITE.octets(b"session 1"), SUITE.octets(b"session 2")]),
    st.sampled_from([SUITE.passphrase(b"one"), SUITE.passphrase(b"two")]),
)


@given(secrets, secrets)
def test_smp_succeeds_if_and_only_if_the_secrets_are_equal(x: Scalar, y: Scalar) -> None:
    found = smp(x, y)

    assert found.alice_finds == found.bob_finds == (x is y)


def test_everything_goes_into_the_secret() -> None:
    ssid, typed = SUITE.octets(b"ssid"), SUITE.passphrase(b"typed")
    made = {
        SUITE.smp_secret(PUBLIC, OTHER_PUBLIC, ssid, typed),
        SUITE.smp_secret(OTHER_PUBLIC, PUBLIC, ssid, typed),
        SUITE.smp_secret(PUBLIC, PUBLIC, ssid, typed),
        SUITE.smp_secret(PUBLIC, OTHER_PUBLIC, SUITE.octets(b"other"), typed),
        SUITE.smp_secret(PUBLIC, OTHER_PUBLIC, ssid, SUITE.passphrase(b"other")),
    }

    assert len(made) == 5


def test_a_proof_of_an_exponent_holds_for_its_step_and_power_only() -> None:
    e, other = SUITE.fresh_exponent(ALICE, 1), SUITE.fresh_exponent(ALICE, 2)
    power, another = SUITE.power(SUITE.generator(), e), SUITE.power(SUITE.generator(), other)
    proof = SUITE.prove_exponent(1, e, ALICE, 3)
    of_other = SUITE.prove_exponent(1, other, ALICE, 3)
    later = SUITE.prove_exponent(1, e, ALICE, 4)

    assert SUITE.exponent_proved(1, power, proof)
    assert SUITE.exponent_proved(1, power, later)
    assert not SUITE.exponent_proved(2, power, proof)
    assert not SUITE.exponent_proved(1, another, proof)
    assert not SUITE.exponent_proved(1, SUITE.outside(), proof)
    assert not SUITE.exponent_proved(1, power, of_other)
    # With one nonce the challenge is the same; the response is what differs.
    assert proof.c is of_other.c
    assert not SUITE.exponent_proved(1, power, Proof(later.c, proof.d))
    assert not SUITE.exponent_proved(1, power, Proof(proof.c, later.d))


def test_a_proof_of_coordinates_holds_for_what_it_is_about_only() -> None:
    x = SUITE.smp_secret(PUBLIC, OTHER_PUBLIC, SUITE.octets(b"s"), SUITE.passphrase(b"t"))
    run = smp(x, x)
    r = SUITE.fresh_exponent(ALICE, 4)
    proof = SUITE.prove_coordinates(6, run.g2, run.g3, r, x, ALICE, 10)

    right = (run.g2, run.g3, run.pa, run.qa)

    def holds(
        proof: CoordinatesProof,
        step: int = 6,
        values: tuple[Element, Element, Element, Element] = right,
    ) -> bool:
        return SUITE.coordinates_proved(step, *values, proof)

    assert holds(proof)
    assert not holds(proof, step=5)
    for wrong in (
        (run.g3, run.g3, run.pa, run.qa),
        (run.g2, run.g2, run.pa, run.qa),
        (run.g2, run.g3, run.pb, run.qa),
        (run.g2, run.g3, run.pa, run.qb),
    ):
        assert not holds(proof, values=wrong)
    other = SUITE.prove_coordinates(6, run.g2, run.g3, r, x, ALICE, 12)
    assert holds(other)
    for wrong_proof in (
        replace(proof, c=other.c),
        replace(proof, d5=other.d5),
        replace(proof, d6=other.d6),
        replace(proof, d5=proof.d6, d6=proof.d5),
    ):
        assert not holds(wrong_proof)


def test_a_proof_of_equal_exponents_holds_for_what_it_is_about_only() -> None:
    s = SUITE
    e, other = s.fresh_exponent(ALICE, 1), s.fresh_exponent(ALICE, 2)
    base, another = s.fresh_pair(BOB, 1).public, s.fresh_pair(BOB, 2).public
    power, r = s.power(s.generator(), e), s.power(base, e)
    proof = s.prove_equal_exponents(7, base, e, ALICE, 3)

    assert s.equal_exponents_proved(7, base, power, r, proof)
    assert not s.equal_exponents_proved(8, base, power, r, proof)
    assert not s.equal_exponents_proved(7, another, power, r, proof)
    assert not s.equal_exponents_proved(7, another, power, s.power(another, e), proof)
    assert not s.equal_exponents_proved(7, base, s.power(s.generator(), other), r, proof)
    assert not s.equal_exponents_proved(7, base, power, s.power(base, other), proof)
    later = s.prove_equal_exponents(7, base, e, ALICE, 4)
    assert not s.equal_exponents_proved(7, base, power, r, Proof(proof.c, later.d))


@given(elements)
def test_every_power_to_zero_is_one(p: Element) -> None:
    assert SUITE.power(p, SUITE.zero()) is SUITE.outside()


def test_proofs_about_the_exponent_zero_hold() -> None:
    s, zero, one = SUITE, SUITE.zero(), SUITE.outside()
    x = s.fresh_exponent(ALICE, 1)
    g2, g3 = s.fresh_pair(BOB, 1).public, s.fresh_pair(BOB, 2).public

    assert s.exponent_proved(1, one, s.prove_exponent(1, zero, ALICE, 2))
    coordinates = s.prove_coordinates(5, g2, g3, zero, x, ALICE, 2)
    assert s.coordinates_proved(5, g2, g3, one, s.power(g2, x), coordinates)
    equal = s.prove_equal_exponents(7, g2, zero, ALICE, 2)
    assert s.equal_exponents_proved(7, g2, one, one, equal)


# Deviating senders.


def test_a_garbled_response_proves_nothing() -> None:
    e = SUITE.fresh_exponent(ALICE, 1)
    proof = SUITE.prove_exponent(1, e, ALICE, 2)
    garbled = Proof(proof.c, SUITE.garble_response(proof.d))

    assert not SUITE.exponent_proved(1, SUITE.power(SUITE.generator(), e), garbled)


def test_a_false_commitment_matches_and_does_not_open() -> None:
    r, other = SUITE.fresh_key(ALICE, 1), SUITE.fresh_key(ALICE, 2)
    false = SUITE.false_commitment(r)

    assert SUITE.matches(SUITE.reveal(r), false)
    assert not SUITE.opens(SUITE.reveal(r), false)
    assert not SUITE.matches(SUITE.reveal(other), false)
    with pytest.raises(Malformed):
        SUITE.opened(SUITE.reveal(r), false)


def test_a_false_identity_does_not_open() -> None:
    c = SUITE.fresh_key(ALICE, 1)

    assert SUITE.open_identity(c, SUITE.false_identity(c)) is None


def test_a_replaced_operation_changes_no_other() -> None:
    class Deviating(TermSuite):
        """Draws 0, and makes every power 1."""

        def fresh_exponent(self, seed: Seed, draw: int) -> Scalar:
            del seed, draw
            return self.zero()

        def power(self, base: Element, exponent: Scalar) -> Element:
            del base, exponent
            return self.outside()

    deviating, e = Deviating(), SUITE.fresh_exponent(ALICE, 1)

    assert deviating.fresh_exponent(ALICE, 1) is SUITE.zero()
    assert deviating.fresh_pair(ALICE, 1) == SUITE.fresh_pair(ALICE, 1)
    assert deviating.prove_exponent(1, e, ALICE, 2) == SUITE.prove_exponent(1, e, ALICE, 2)
    assert isinstance(deviating.decided(*hashes(2)), Deviating)


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
    r, pair = SUITE.fresh_key(ALICE, 1), SUITE.fresh_pair(ALICE, 1)
    commitment = SUITE.commit(r, pair.public)
    for value in (commitment.encrypted, commitment.hashed, SUITE.reveal(r)):
        garbled = SUITE.garble(value)
        assert not SUITE.same(garbled, value)
        assert SUITE.size(garbled) == SUITE.size(value)
        assert SUITE.same(SUITE.garble(garbled), value)


def test_known_values_are_given_out_and_others_as_they_are_written() -> None:
    assert SUITE.to_bytes(SUITE.octets(b"hi")) == b"hi"
    assert SUITE.to_bytes(SUITE.fingerprint(PUBLIC)) == b"Hash(pk(alice))"
    assert SUITE.same(SUITE.literal("\u00e9"), SUITE.octets(b"\xc3\xa9"))


def test_everything_is_a_term_of_the_pool_of_the_suite() -> None:
    pool = TermPool()
    suite = TermSuite(pool=pool)
    before = len(DEFAULT_POOL)
    seed = suite.seed(b"somewhere else")
    pair = suite.fresh_pair(seed, 1)
    values = (seed, pair.secret, pair.public, suite.octets(b"new here"), suite.outside())

    assert all(cast("Term", value) in pool for value in values)
    assert len(DEFAULT_POOL) == before
