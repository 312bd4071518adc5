"""Knowledge: what an attacker takes out of terms, and what he makes of it."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from typing import TYPE_CHECKING, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from otr_check.exponents import Polynomial
from otr_check.knowledge import Theory
from otr_check.otrv3 import wires
from otr_check.otrv3.attacker import RULES
from otr_check.otrv3.operators import Op
from otr_check.otrv3.suite import TermSuite
from otr_check.terms import Term, TermPool
from otr_reference.otrv3.messages import (
    Content,
    DataFields,
    DataMessage,
    DhCommit,
    DhKey,
    Header,
    Identity,
    Plaintext,
    RevealSignature,
)

if TYPE_CHECKING:
    from random import Random

    from otr_reference.sorts import Element, Mac, Octets, Scalar

SUITE = TermSuite(pool=TermPool())
ALICE, BOB = SUITE.seed(b"alice"), SUITE.seed(b"bob")
HEADER = Header(3, 0x101, 0x202)
SECRET = SUITE.octets(b"meet me")
THEORY = Theory(RULES, SUITE.pool, secrets=[SECRET])
NOTHING = THEORY.knowledge()
A, B, C, D = (SUITE.fresh_exponent(ALICE, n) for n in range(1, 5))
G = SUITE.generator()


def power(*exponents: Scalar) -> Element:
    element = G
    for exponent in exponents:
        element = SUITE.power(element, exponent)
    return element


# Synthesis.


def test_everybody_knows_texts_public_keys_and_numbers_but_no_secrets() -> None:
    signing = SUITE.signing_key("alice")
    assert NOTHING.derivable(SUITE.octets(b"hello"))
    assert NOTHING.derivable(SUITE.public_key(signing))
    assert NOTHING.derivable(SUITE.element(12345))
    assert NOTHING.derivable(G)
    assert not NOTHING.derivable(SECRET)
    assert not NOTHING.derivable(signing)
    assert not NOTHING.derivable(ALICE)
    assert not NOTHING.derivable(SUITE.passphrase(b"rosebud"))
    assert not NOTHING.derivable(power(A))


def test_a_seed_gives_all_that_is_drawn_from_it() -> None:
    knowledge = NOTHING.learn([ALICE])
    pair = SUITE.fresh_pair(ALICE, 7)
    assert knowledge.derivable((pair, SUITE.fresh_key(ALICE, 1), A))
    assert not knowledge.derivable(SUITE.fresh_pair(BOB, 7).public)


def test_an_element_is_raised_to_powers_that_are_known_and_to_no_others() -> None:
    knowledge = NOTHING.learn([power(A), B])
    assert knowledge.derivable(power(A, B))
    assert knowledge.derivable(power(A, B, B))
    assert not knowledge.derivable(power(A, C))
    assert not knowledge.derivable(A)


def test_two_public_keys_do_not_give_their_shared_secret() -> None:
    knowledge = NOTHING.learn([power(A), power(B)])
    assert knowledge.derivable(SUITE.times(power(A), power(B)))
    assert not knowledge.derivable(power(A, B))


def test_powers_that_are_known_are_undone() -> None:
    assert NOTHING.learn([power(A, B), B]).derivable(power(A))
    assert not NOTHING.learn([power(A, B)]).derivable(power(A))


def test_products_are_divided() -> None:
    product = SUITE.times(power(A), power(B))
    assert not NOTHING.learn([product]).derivable(power(A))
    assert NOTHING.learn([product, power(B)]).derivable(power(A))
    assert NOTHING.learn([product, B]).derivable(power(A))
    both = NOTHING.learn([product, SUITE.over(power(A), power(B))])
    assert both.derivable(power(A))
    assert both.derivable(power(B))


def test_an_element_that_is_not_reduced_is_as_good_as_the_same_that_is() -> None:
    assert NOTHING.learn([power(A)]).derivable(SUITE.unreduced(power(A)))
    assert NOTHING.learn([SUITE.unreduced(power(A))]).derivable(power(A))


def test_of_an_element_that_was_changed_nobody_knows_the_exponent() -> None:
    changed = cast("Term", SUITE.garble(cast("Octets", power(A))))
    assert not NOTHING.derivable(changed)
    knowledge = NOTHING.learn([power(A)])
    assert knowledge.derivable(changed)
    assert not knowledge.derivable(SUITE.power(cast("Element", changed), C))
    assert knowledge.learn([C]).derivable(SUITE.power(cast("Element", changed), C))


coefficients = st.integers(-2, 2)
unknown_terms = st.lists(
    st.tuples(st.lists(st.sampled_from([A, B, C, D]), max_size=3), coefficients), max_size=4
)


@given(st.lists(unknown_terms, max_size=4), unknown_terms)
def test_what_can_be_multiplied_together_is_what_depends_linearly(
    had: list[list[tuple[list[Scalar], int]]], wanted: list[tuple[list[Scalar], int]]
) -> None:
    # d is known. Over the integers with 1009 in its place it is plain linear algebra.
    def element(terms: list[tuple[list[Scalar], int]]) -> Term:
        return SUITE.pool.make(Op.ELEMENT, Polynomial(cast("list[tuple[list[Term], int]]", terms)))

    def vector(term: Term) -> dict[tuple[Term, ...], Fraction]:
        collected: dict[tuple[Term, ...], Fraction] = {}
        for monomial, coefficient in cast("Polynomial", term.args[0]).terms:
            place = tuple(atom for atom in monomial if atom is not cast("Term", D))
            value = Fraction(coefficient * 1009 ** (len(monomial) - len(place)))
            collected[place] = collected.get(place, Fraction(0)) + value
        collected.pop((), None)
        return collected

    def rank(vectors: list[dict[tuple[Term, ...], Fraction]]) -> int:
        rows, found = [dict(row) for row in vectors], 0
        while rows:
            row = {place: value for place, value in rows.pop().items() if value}
            if not row:
                continue
            found += 1
            pivot = next(iter(row))
            for other in rows:
                factor = other.get(pivot, Fraction(0)) / row[pivot]
                for place, value in row.items():
                    other[place] = other.get(place, Fraction(0)) - factor * value
        return found

    terms = [element(value) for value in had]
    target = element(wanted)
    knowledge = NOTHING.learn([D, *terms])
    vectors = [vector(term) for term in terms]
    assert knowledge.derivable(target) == (rank([*vectors, vector(target)]) == rank(vectors))


# Analysis.


def test_a_commitment_opens_when_its_key_is_revealed_and_not_before() -> None:
    r, pair = SUITE.fresh_key(ALICE, 1), SUITE.fresh_pair(ALICE, 2)
    commitment = SUITE.commit(r, pair.public)
    commit = SUITE.encode(DhCommit(HEADER, commitment.encrypted, commitment.hashed))
    sealed, mac = SUITE.octets(b"sealed"), cast("Mac", SUITE.octets(b"mac"))
    reveal = SUITE.encode(RevealSignature(HEADER, SUITE.reveal(r), sealed, mac))
    before = NOTHING.learn([commit])
    assert not before.derivable(pair.public)
    assert not before.derivable(r)
    after = before.learn([reveal])
    assert after.derivable(pair.public)
    assert not after.derivable(pair.secret)
    assert set[object](after.terms) == {r, pair.public}
    assert NOTHING.learn([reveal]).learn([commit]) is after


def test_what_is_sealed_is_read_by_whoever_has_the_exponent_of_one_side() -> None:
    ours, theirs = SUITE.fresh_pair(ALICE, 3), SUITE.fresh_pair(BOB, 3)
    keys = SUITE.data_keys(ours, theirs.public)
    encrypted = SUITE.seal(keys.sending, 1, Content(SECRET))
    following = SUITE.fresh_pair(ALICE, 4).public
    body = SUITE.data_body(DataFields(HEADER, 0, 1, 1, following, 1, encrypted))
    fields = cast("DataFields", cast("Term", body).args[0])
    mac = SUITE.data_mac(keys.sending_mac, body)
    wire = SUITE.encode(DataMessage(fields, body, mac, SUITE.octets(b"")))
    seen = NOTHING.learn([wire, ours.public, theirs.public])
    assert seen.among([SECRET]) == ()
    assert seen.derivable(following)
    assert not seen.derivable(keys.sending_mac)
    for secret in (ours.secret, theirs.secret):
        assert seen.learn([secret]).among([SECRET]) == (SECRET,)
    assert seen.learn([SUITE.reveal(keys.sending_mac)]).among([SECRET]) == ()


def test_a_key_stream_that_is_used_twice_hides_nothing() -> None:
    keys = SUITE.data_keys(SUITE.fresh_pair(ALICE, 3), SUITE.fresh_pair(BOB, 3).public)
    hello, own = Content(SUITE.octets(b"hello")), Content(SUITE.octets(b"howdy"))
    first, second, later = (
        SUITE.seal(keys.sending, counter, content)
        for counter, content in ((1, Content(SECRET)), (1, hello), (2, hello))
    )
    assert NOTHING.learn([first, later]).among([SECRET]) == ()
    assert NOTHING.learn([first]).learn([second]).among([SECRET]) == (SECRET,)
    assert NOTHING.learn([second]).learn([first]).among([SECRET]) == (SECRET,)
    # Whoever knows a plaintext can put another one in its place, and nowhere else.
    assert NOTHING.learn([second]).derivable(SUITE.seal(keys.sending, 1, own))
    assert not NOTHING.learn([second]).derivable(SUITE.seal(keys.sending, 2, own))
    assert not NOTHING.learn([first]).derivable(SUITE.seal(keys.sending, 1, own))
    assert not NOTHING.derivable(second)


def test_an_identity_is_read_with_its_key_and_its_signature_cannot_be_made() -> None:
    signing = SUITE.signing_key("alice")
    public = SUITE.public_key(signing)
    c, m1 = SUITE.fresh_key(ALICE, 5), SUITE.fresh_key(ALICE, 6)
    value = SUITE.signed_value(m1, power(A), power(B), public, 1)
    signature = SUITE.sign(signing, value, ALICE, 7)
    sealed = SUITE.seal_identity(c, Identity(public, 1, signature))
    assert not NOTHING.learn([sealed]).derivable(signature)
    assert NOTHING.learn([sealed, c]).derivable(signature)
    parts = NOTHING.learn([m1, power(A), power(B), c])
    assert parts.derivable(value)
    assert not parts.derivable(signature)
    assert not parts.learn([signing]).derivable(signature)  # but one from another draw, of his
    mallory = SUITE.seed(b"mallory")
    his = SUITE.sign(signing, value, mallory, 0)
    assert parts.learn([signing, mallory]).derivable(his)


def test_the_response_of_a_proof_gives_the_exponent_to_whoever_knows_its_random_value() -> None:
    proof = SUITE.prove_exponent(1, A, ALICE, 9)
    r = SUITE.fresh_exponent(ALICE, 9)
    seen = NOTHING.learn([proof, power(A)])
    assert not seen.derivable(A)
    assert seen.learn([r]).derivable(A)
    assert seen.learn([A]).derivable(r)


def test_a_message_in_fragments_is_known_with_its_last_piece() -> None:
    wire = SUITE.encode(DhKey(HEADER, power(A)))
    length = wires.length(cast("Term", wire))
    pieces = wires.pieces(SUITE.pool, cast("Term", wire), (60, 120))
    for order in permutations(pieces):
        some = NOTHING.learn(order[:-1])
        assert not some.derivable(power(A))
        whole = some.learn(order[-1:])
        assert whole.derivable(power(A))
        assert whole is NOTHING.learn([wire])
    assert cast("tuple[int, int]", pieces[-1].args[1:]) == (120, length)


def test_a_flipped_bit_is_flipped_back() -> None:
    mac = SUITE.data_mac(SUITE.fresh_key(ALICE, 8), SUITE.octets(b"body"))
    assert NOTHING.learn([SUITE.garble_mac(mac)]).derivable(mac)


def test_whoever_takes_logarithms_reads_everything() -> None:
    ours, theirs = SUITE.fresh_pair(ALICE, 3), SUITE.fresh_pair(BOB, 3)
    keys = SUITE.data_keys(ours, theirs.public)
    sealed = SUITE.seal(keys.sending, 1, Content(SECRET))
    seen = [sealed, ours.public, theirs.public]
    broken = Theory(RULES, SUITE.pool, secrets=[SECRET], broken=frozenset({Op.ELEMENT}))
    assert NOTHING.learn(seen).among([SECRET]) == ()
    assert broken.knowledge(*seen).among([SECRET]) == (SECRET,)
    product = SUITE.times(power(A, B), power(C))
    half = broken.knowledge(product, power(A), power(C))
    assert half.derivable(B)
    assert not broken.knowledge(product, power(A)).derivable(B)


# Normal form.

_LEARNT = (
    power(A),
    power(A, B),
    B,
    SUITE.times(power(A), power(C)),
    power(C),
    SUITE.commit(SUITE.fresh_key(ALICE, 1), power(A)),
    SUITE.fresh_key(ALICE, 1),
    SUITE.garble(SUITE.seal(SUITE.fresh_key(ALICE, 1), 3, Content(SECRET))),
    SUITE.encode(Plaintext(SECRET)),
    SUITE.prove_exponent(1, A, ALICE, 9),
    A,
    ALICE,
)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(range(len(_LEARNT))), max_size=7), st.randoms())
def test_knowledge_does_not_depend_on_the_order_in_which_it_was_learnt(
    chosen: list[int], random: Random
) -> None:
    values = [_LEARNT[place] for place in chosen]
    at_once = NOTHING.learn(values)
    random.shuffle(values)
    knowledge = NOTHING
    for value in values:
        before = knowledge
        knowledge = knowledge.learn([value])
        assert knowledge.derivable(value)
        assert all(map(knowledge.derivable, before.terms))
        assert (knowledge is before) == (knowledge.terms == before.terms)
    assert knowledge is at_once
    assert knowledge.learn(values) is knowledge


def test_what_can_be_made_is_not_kept() -> None:
    def kept(*values: object) -> set[object]:
        return set(NOTHING.learn(values).terms)

    assert kept(SUITE.encode(DhKey(HEADER, power(A)))) == {power(A)}
    assert kept(power(A, B), B) == {power(A), B}
    assert kept(power(A, B), power(A)) == {power(A), power(A, B)}
    assert kept(power(A, B), power(A), B) == {power(A), B}
    assert NOTHING.learn([SUITE.encode(Plaintext(SUITE.octets(b"hello")))]) is NOTHING
    assert repr(NOTHING.learn([B, power(A)])) == f"{{{B}, {power(A)}}}"
