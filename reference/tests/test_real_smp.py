"""RealSuite: SMP, step by step as the text has it, alone and with libotr on the other side."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from otr_model.groups import MODP_1536
from otr_reference.arith import Number
from otr_reference.otrv3.messages import (
    Content,
    CoordinatesProof,
    Proof,
    Smp1,
    Smp2,
    Smp3,
    Smp4,
)
from otr_reference.otrv3.real import RealSuite
from otr_reference.otrv3.wire import decode_content, encode_content

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otr_reference.otrv3.messages import Tlv
    from otr_reference.sorts import Challenge, Element, Response, Scalar, Seed

SUITE: Final = RealSuite()
P: Final = MODP_1536.modulus
Q: Final = MODP_1536.order
G1: Final = SUITE.generator()

SECRETS: Final = st.integers(1, (1 << 256) - 1)
EXPONENTS: Final = st.integers(1 << 1535, (1 << 1536) - 1)
NUMBERS: Final = st.one_of(
    st.sampled_from((0, 1, 2, Q, P - 1, P, P + 1, 2 * P, 1 << 4096)), st.integers(0, 1 << 1600)
)
SEED: Final = SUITE.seed(b"a test of SMP")


def challenge(value: int) -> Challenge:
    """Any number as a challenge, as it comes from the network."""
    return cast("Challenge", Number(value))


def response(value: int) -> Response:
    """Any number as a response, as it comes from the network."""
    return cast("Response", Number(value))


def mpi(number: int) -> bytes:
    """Write an MPI."""
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return len(octets).to_bytes(4, "big") + octets


def hashed(version: int, *numbers: int) -> int:
    """Section "SMP Hash function"."""
    data = bytes((version,)) + b"".join(mpi(number % P) for number in numbers)
    return int.from_bytes(sha256(data).digest(), "big")


@dataclass
class Alice:
    """Who begins. `refused_N` are the names of what does not hold in message N."""

    seed: Seed
    x: Scalar
    draws: Iterator[int] = field(default_factory=lambda: count(1))

    def begin(self) -> Smp1:
        """Section "User requests to begin SMP"."""
        self.a2, self.a3 = (SUITE.fresh_exponent(self.seed, next(self.draws)) for _ in "23")
        c2 = SUITE.prove_exponent(1, self.a2, self.seed, next(self.draws))
        c3 = SUITE.prove_exponent(2, self.a3, self.seed, next(self.draws))
        g2a, g3a = SUITE.power(G1, self.a2), SUITE.power(G1, self.a3)
        return Smp1(g2a, c2.c, c2.d, g3a, c3.c, c3.d)

    def refused_2(self, m: Smp2) -> set[str]:
        """What section "Receiving a type 3 TLV (SMP message 2)" asks for, and does not hold."""
        self.g2, self.g3 = SUITE.power(m.g2b, self.a2), SUITE.power(m.g3b, self.a3)
        coordinates = CoordinatesProof(m.cp, m.d5, m.d6)
        return out_of_range(g2b=m.g2b, g3b=m.g3b, pb=m.pb, qb=m.qb) | failed(
            c2=SUITE.exponent_proved(3, m.g2b, Proof(m.c2, m.d2)),
            c3=SUITE.exponent_proved(4, m.g3b, Proof(m.c3, m.d3)),
            cp=SUITE.coordinates_proved(5, self.g2, self.g3, m.pb, m.qb, coordinates),
        )

    def answer(self, m: Smp2) -> Smp3:
        """Message 3."""
        r4 = SUITE.fresh_exponent(self.seed, next(self.draws))
        pa = SUITE.power(self.g3, r4)
        qa = SUITE.times(SUITE.power(G1, r4), SUITE.power(self.g2, self.x))
        at, _ = next(self.draws), next(self.draws)
        cp = SUITE.prove_coordinates(6, self.g2, self.g3, r4, self.x, self.seed, at)
        self.g3b, self.p, self.q = m.g3b, SUITE.over(pa, m.pb), SUITE.over(qa, m.qb)
        ra = SUITE.power(self.q, self.a3)
        cr = SUITE.prove_equal_exponents(7, self.q, self.a3, self.seed, next(self.draws))
        return Smp3(pa, qa, cp.c, cp.d5, cp.d6, ra, cr.c, cr.d)

    def refused_4(self, m: Smp4) -> set[str]:
        """What section "Receiving a type 5 TLV (SMP message 4)" asks for, and does not hold."""
        return out_of_range(rb=m.rb) | failed(
            cr=SUITE.equal_exponents_proved(8, self.q, self.g3b, m.rb, Proof(m.cr, m.d7))
        )

    def finds_equal(self, m: Smp4) -> bool:
        """The comparison."""
        return SUITE.same(SUITE.power(m.rb, self.a3), self.p)


@dataclass
class Bob:
    """Who answers."""

    seed: Seed
    y: Scalar
    draws: Iterator[int] = field(default_factory=lambda: count(1))

    def refused_1(self, m: Smp1) -> set[str]:
        """What section "Receiving a type 2 TLV (SMP message 1)" asks for, and does not hold."""
        return out_of_range(g2a=m.g2a, g3a=m.g3a) | failed(
            c2=SUITE.exponent_proved(1, m.g2a, Proof(m.c2, m.d2)),
            c3=SUITE.exponent_proved(2, m.g3a, Proof(m.c3, m.d3)),
        )

    def answer(self, m: Smp1) -> Smp2:
        """Message 2."""
        b2, self.b3, r4 = (SUITE.fresh_exponent(self.seed, next(self.draws)) for _ in "234")
        c2 = SUITE.prove_exponent(3, b2, self.seed, next(self.draws))
        c3 = SUITE.prove_exponent(4, self.b3, self.seed, next(self.draws))
        self.g3a = m.g3a
        self.g2, self.g3 = SUITE.power(m.g2a, b2), SUITE.power(m.g3a, self.b3)
        self.pb = SUITE.power(self.g3, r4)
        self.qb = SUITE.times(SUITE.power(G1, r4), SUITE.power(self.g2, self.y))
        at, _ = next(self.draws), next(self.draws)
        cp = SUITE.prove_coordinates(5, self.g2, self.g3, r4, self.y, self.seed, at)
        g2b, g3b = SUITE.power(G1, b2), SUITE.power(G1, self.b3)
        first = (g2b, c2.c, c2.d, g3b, c3.c, c3.d)
        return Smp2(*first, self.pb, self.qb, cp.c, cp.d5, cp.d6)

    def refused_3(self, m: Smp3) -> set[str]:
        """What section "Receiving a type 4 TLV (SMP message 3)" asks for, and does not hold."""
        coordinates = CoordinatesProof(m.cp, m.d5, m.d6)
        self.p, self.q = SUITE.over(m.pa, self.pb), SUITE.over(m.qa, self.qb)
        proof = Proof(m.cr, m.d7)
        return out_of_range(pa=m.pa, qa=m.qa, ra=m.ra) | failed(
            cp=SUITE.coordinates_proved(6, self.g2, self.g3, m.pa, m.qa, coordinates),
            cr=SUITE.equal_exponents_proved(7, self.q, self.g3a, m.ra, proof),
        )

    def finish(self) -> Smp4:
        """Message 4."""
        rb = SUITE.power(self.q, self.b3)
        cr = SUITE.prove_equal_exponents(8, self.q, self.b3, self.seed, next(self.draws))
        return Smp4(rb, cr.c, cr.d)

    def finds_equal(self, m: Smp3) -> bool:
        """The comparison."""
        return SUITE.same(SUITE.power(m.ra, self.b3), self.p)


def out_of_range(**elements: Element) -> set[str]:
    """The names of elements that are out of range."""
    return {name for name, element in elements.items() if not SUITE.in_range(element)}


def failed(**proofs: bool) -> set[str]:
    """The names of proofs that do not hold."""
    return {name for name, holds in proofs.items() if not holds}


def parties(x: int, y: int) -> tuple[Alice, Bob]:
    """Two parties with a secret each."""
    alice = Alice(SUITE.seed(b"Alice, SMP"), SUITE.scalar(x))
    return alice, Bob(SUITE.seed(b"Bob, SMP"), SUITE.scalar(y))


# Between ourselves.


@settings(max_examples=10)
@given(SECRETS, SECRETS)
@example(7, 7)
@example(1, Q + 1)  # equal only modulo q, which no SHA-256 is
@example((1 << 256) - 1, (1 << 256) - 2)
def test_smp_tells_whether_the_secrets_are_equal(x: int, y: int) -> None:
    alice, bob = parties(x, y)

    message_1 = alice.begin()
    assert not bob.refused_1(message_1)
    message_2 = bob.answer(message_1)
    assert not alice.refused_2(message_2)
    message_3 = alice.answer(message_2)
    assert not bob.refused_3(message_3)
    message_4 = bob.finish()
    assert not alice.refused_4(message_4)

    equal = (x - y) % Q == 0
    assert bob.finds_equal(message_3) == equal
    assert alice.finds_equal(message_4) == equal
    assert SUITE.same(alice.g2, bob.g2)
    assert SUITE.same(alice.g3, bob.g3)
    assert SUITE.same(alice.p, bob.p)
    assert SUITE.same(alice.q, bob.q)

    # The text: Rab is (Pa / Pb) times (g2^(a3 b3))^(x - y).
    rab = SUITE.to_int(SUITE.power(message_4.rb, alice.a3))
    a3_b3 = SUITE.to_int(alice.a3) * SUITE.to_int(bob.b3)
    blinded = pow(SUITE.to_int(alice.g2), a3_b3 * (x - y) % Q, P)
    assert rab == SUITE.to_int(alice.p) * blinded % P


def test_each_message_is_computed_as_the_text_says() -> None:
    x, y = 3**100, 5**90
    alice, bob = parties(x, y)
    m1 = alice.begin()
    m2 = bob.answer(m1)
    assert not alice.refused_2(m2)
    m3 = alice.answer(m2)
    assert not bob.refused_3(m3)
    m4 = bob.finish()

    def drawn(seed: bytes, draw: int) -> int:
        return SUITE.to_int(SUITE.fresh_exponent(SUITE.seed(seed), draw))

    # Alice draws a2, a3, the r of two proofs, r4, r5, r6 and r7; Bob b2, b3, r4, then the others.
    a2, a3, a_r2, a_r3, a_r4, a_r5, a_r6, a_r7 = (drawn(b"Alice, SMP", n) for n in range(1, 9))
    b2, b3, b_r4, b_r2, b_r3, b_r5, b_r6, b_r7 = (drawn(b"Bob, SMP", n) for n in range(1, 9))
    g2, g3 = pow(2, a2 * b2, P), pow(2, a3 * b3, P)

    c2, c3 = hashed(1, pow(2, a_r2, P)), hashed(2, pow(2, a_r3, P))
    assert numbers(m1) == {
        "g2a": pow(2, a2, P),
        "c2": c2,
        "d2": (a_r2 - a2 * c2) % Q,
        "g3a": pow(2, a3, P),
        "c3": c3,
        "d3": (a_r3 - a3 * c3) % Q,
    }

    c2, c3 = hashed(3, pow(2, b_r2, P)), hashed(4, pow(2, b_r3, P))
    pb, qb = pow(g3, b_r4, P), pow(2, b_r4, P) * pow(g2, y, P) % P
    cp = hashed(5, pow(g3, b_r5, P), pow(2, b_r5, P) * pow(g2, b_r6, P))
    assert numbers(m2) == {
        "g2b": pow(2, b2, P),
        "c2": c2,
        "d2": (b_r2 - b2 * c2) % Q,
        "g3b": pow(2, b3, P),
        "c3": c3,
        "d3": (b_r3 - b3 * c3) % Q,
        "pb": pb,
        "qb": qb,
        "cp": cp,
        "d5": (b_r5 - b_r4 * cp) % Q,
        "d6": (b_r6 - y * cp) % Q,
    }

    pa, qa = pow(g3, a_r4, P), pow(2, a_r4, P) * pow(g2, x, P) % P
    cp = hashed(6, pow(g3, a_r5, P), pow(2, a_r5, P) * pow(g2, a_r6, P))
    quotient = qa * pow(qb, -1, P) % P
    cr = hashed(7, pow(2, a_r7, P), pow(quotient, a_r7, P))
    assert numbers(m3) == {
        "pa": pa,
        "qa": qa,
        "cp": cp,
        "d5": (a_r5 - a_r4 * cp) % Q,
        "d6": (a_r6 - x * cp) % Q,
        "ra": pow(quotient, a3, P),
        "cr": cr,
        "d7": (a_r7 - a3 * cr) % Q,
    }

    cr = hashed(8, pow(2, b_r7, P), pow(quotient, b_r7, P))
    assert numbers(m4) == {
        "rb": pow(quotient, b3, P),
        "cr": cr,
        "d7": (b_r7 - b3 * cr) % Q,
    }


def numbers(message: Smp1 | Smp2 | Smp3 | Smp4) -> dict[str, int]:
    """A message's fields as plain numbers."""
    values = ((name, getattr(message, name)) for name in type(message).__slots__)
    return {name: int(value) for name, value in values if value is not None}


# One field changed: exactly what depends on it is refused.

CHANGES_1: Final = {
    "g2a": {"c2"},
    "c2": {"c2"},
    "d2": {"c2"},
    "g3a": {"c3"},
    "c3": {"c3"},
    "d3": {"c3"},
}
CHANGES_2: Final = {
    "g2b": {"c2", "cp"},  # g2 is made from it
    "c2": {"c2"},
    "d2": {"c2"},
    "g3b": {"c3", "cp"},  # and g3 from this
    "c3": {"c3"},
    "d3": {"c3"},
    "pb": {"cp"},
    "qb": {"cp"},
    "cp": {"cp"},
    "d5": {"cp"},
    "d6": {"cp"},
}
CHANGES_3: Final = {
    "pa": {"cp"},
    "qa": {"cp", "cr"},  # Qa / Qb is made from it
    "cp": {"cp"},
    "d5": {"cp"},
    "d6": {"cp"},
    "ra": {"cr"},
    "cr": {"cr"},
    "d7": {"cr"},
}
CHANGES_4: Final = {"rb": {"cr"}, "cr": {"cr"}, "d7": {"cr"}}


def changed(message: Any, name: str) -> Any:
    """The message with one number increased."""
    return replace(message, **{name: getattr(message, name) + 1})


def test_a_message_with_a_changed_field_is_refused() -> None:
    alice, bob = parties(11, 11)

    m1 = alice.begin()
    assert {name: bob.refused_1(changed(m1, name)) for name in CHANGES_1} == CHANGES_1
    m2 = bob.answer(m1)
    assert {name: alice.refused_2(changed(m2, name)) for name in CHANGES_2} == CHANGES_2
    assert not alice.refused_2(m2)
    m3 = alice.answer(m2)
    assert {name: bob.refused_3(changed(m3, name)) for name in CHANGES_3} == CHANGES_3
    assert not bob.refused_3(m3)
    m4 = bob.finish()
    assert {name: alice.refused_4(changed(m4, name)) for name in CHANGES_4} == CHANGES_4


def test_a_proof_serves_for_its_own_step_only() -> None:
    exponent = SUITE.fresh_exponent(SEED, 1)
    power, base = SUITE.power(G1, exponent), SUITE.power(G1, SUITE.scalar(3))
    steps = range(1, 9)

    known = SUITE.prove_exponent(4, exponent, SEED, 2)
    assert [s for s in steps if SUITE.exponent_proved(s, power, known)] == [4]

    equal = SUITE.prove_equal_exponents(7, base, exponent, SEED, 3)
    r = SUITE.power(base, exponent)
    assert [s for s in steps if SUITE.equal_exponents_proved(s, base, power, r, equal)] == [7]

    secret = SUITE.scalar(5)
    made = SUITE.prove_coordinates(5, base, power, exponent, secret, SEED, 4)
    p = SUITE.power(power, exponent)
    q = SUITE.times(power, SUITE.power(base, secret))
    assert [s for s in steps if SUITE.coordinates_proved(s, base, power, p, q, made)] == [5]


@settings(max_examples=20)
@given(EXPONENTS, st.integers(1, 1 << 40))
def test_responses_are_reduced_and_other_ones_refused(exponent: int, draw: int) -> None:
    power = SUITE.power(G1, SUITE.scalar(exponent))

    proof = SUITE.prove_exponent(1, SUITE.scalar(exponent), SEED, draw)

    assert SUITE.exponent_proved(1, power, proof)
    d = SUITE.to_int(proof.d)
    assert 0 <= d < Q
    garbled = SUITE.garble_response(proof.d)
    assert SUITE.to_int(garbled) == (d + 1) % Q
    assert not SUITE.exponent_proved(1, power, replace(proof, d=garbled))
    # The text bounds no response: one that is not reduced proves the same. libotr refuses it.
    assert SUITE.exponent_proved(1, power, replace(proof, d=response(d + Q)))


def test_the_exponent_0_is_consistent_in_powers_and_proofs() -> None:
    zero, one = SUITE.zero(), SUITE.outside()
    base = SUITE.power(G1, SUITE.fresh_exponent(SEED, 1))

    assert SUITE.same(SUITE.power(base, zero), one)
    assert SUITE.exponent_proved(1, one, SUITE.prove_exponent(1, zero, SEED, 2))
    equal = SUITE.prove_equal_exponents(7, base, zero, SEED, 3)
    assert SUITE.equal_exponents_proved(7, base, one, one, equal)
    secret = SUITE.scalar(9)
    made = SUITE.prove_coordinates(5, base, base, zero, secret, SEED, 4)
    assert SUITE.coordinates_proved(5, base, base, one, SUITE.power(base, secret), made)


# Whatever the network brings is answered.


@settings(max_examples=50)
@given(st.lists(NUMBERS, min_size=7, max_size=7))
@example([0] * 7)
@example([1 << 500_000] * 7)  # as long as a TLV can carry
def test_no_number_is_too_odd_for_a_proof(given_numbers: list[int]) -> None:
    c, d, e = (number % (1 << 524_000) for number in given_numbers[:3])
    elements = [SUITE.element(number) for number in given_numbers[3:]]
    g2, g3, p, q = elements
    raw_g2, raw_g3, raw_p, raw_q = (SUITE.to_int(element) for element in elements)

    first = pow(2, d % (P - 1), P) * power(raw_p, c)
    known = SUITE.exponent_proved(1, p, Proof(challenge(c), response(d)))
    assert known == (c == hashed(1, first))

    second = power(raw_g2, d) * power(raw_q, c)
    equal = SUITE.equal_exponents_proved(7, g2, p, q, Proof(challenge(c), response(d)))
    assert equal == (c == hashed(7, first, second))

    first = power(raw_g3, d) * power(raw_p, c)
    second = pow(2, d % (P - 1), P) * power(raw_g2, e) * power(raw_q, c)
    proof = CoordinatesProof(challenge(c), response(d), response(e))
    made = SUITE.coordinates_proved(5, g2, g3, p, q, proof)
    assert made == (c == hashed(5, first, second))


def power(base: int, exponent: int) -> int:
    """A power; Fermat shortens the exponent."""
    return pow(base, exponent % (P - 1), P)


@given(NUMBERS, NUMBERS)
def test_group_operations_take_any_number(left: int, right: int) -> None:
    a, b = SUITE.element(left), SUITE.element(right)

    product, quotient = SUITE.times(a, b), SUITE.over(a, b)

    assert SUITE.to_int(product) == left * right % P
    if right % P == 0:
        assert SUITE.to_int(quotient) == 0
    else:
        assert SUITE.to_int(SUITE.times(quotient, b)) == left % P
    assert SUITE.to_int(SUITE.power(a, SUITE.scalar(3))) == pow(left, 3, P)


# With libotr on the other side.


def library(name: str) -> ctypes.CDLL | None:
    """A library, if it is installed."""
    try:
        return ctypes.CDLL(name)
    except OSError:
        return None


GCRYPT: Final = library("libgcrypt.so.20")
LIBOTR: Final = library("libotr.so.5")
QUICK_RANDOM: Final = 44  # GCRYCTL_ENABLE_QUICK_RANDOM: nothing here is worth a real secret
STATE_OCTETS: Final = 512  # more than an OtrlSMState has
SUCCEEDED, FAILED = 1, -1
"""Of sm_prog_state, which stands behind eleven pointers, an enum and an int."""
PROGRESS_AT: Final = 11 * ctypes.sizeof(ctypes.c_void_p) + 2 * ctypes.sizeof(ctypes.c_int)

with_libotr = pytest.mark.skipif(
    GCRYPT is None or LIBOTR is None, reason="libotr 4 (libotr.so.5) is not installed"
)


class Libotr:
    """One party of libotr's."""

    def __init__(self) -> None:
        assert GCRYPT is not None
        assert LIBOTR is not None
        self._library = LIBOTR
        self._gcrypt = GCRYPT
        self._gcrypt.gcry_control(QUICK_RANDOM, 0)
        self._library.otrl_sm_init()
        self._state = ctypes.create_string_buffer(STATE_OCTETS)
        self._library.otrl_sm_state_new(self._state)

    def call(self, step: str, *arguments: bytes | int) -> int:
        """A step without an answer; its error code."""
        given = [value for argument in arguments for value in self._with_length(argument)]
        code: int = getattr(self._library, f"otrl_sm_step{step}")(self._state, *given)
        return code

    def answer(self, step: str, *arguments: bytes) -> bytes:
        """A step with an answer."""
        given = [value for argument in arguments for value in self._with_length(argument)]
        output, length = ctypes.c_void_p(), ctypes.c_int()
        code = getattr(self._library, f"otrl_sm_step{step}")(
            self._state, *given, ctypes.byref(output), ctypes.byref(length)
        )
        assert (code == 0) == (self.progress >= 0)
        return ctypes.string_at(output, length.value)

    @property
    def progress(self) -> int:
        """sm_prog_state."""
        return ctypes.c_int.from_buffer(self._state, PROGRESS_AT).value

    @staticmethod
    def _with_length(argument: bytes | int) -> tuple[bytes | int, ...]:
        return (argument, len(argument)) if isinstance(argument, bytes) else (argument,)


def value_of(tlv: Tlv) -> bytes:
    """What a TLV holds, as its record has it behind type and length."""
    return encode_content(Content(SUITE.octets(b""), (tlv,)))[5:]


def tlv_of(kind: int, value: bytes) -> Tlv:
    """A TLV of that type that holds the value."""
    record = kind.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value
    (tlv,) = decode_content(b"\0" + record).tlvs
    return tlv


@pytest.mark.libotr
@with_libotr
@pytest.mark.parametrize(("x", "y"), [(77, 77), (77, 78)], ids=("equal", "different"))
def test_smp_that_libotr_begins(x: int, y: int) -> None:
    alice, bob = Libotr(), Bob(SEED, SUITE.scalar(y))

    m1 = tlv_of(2, alice.answer("1", x.to_bytes(32, "big")))
    assert isinstance(m1, Smp1)
    assert not bob.refused_1(m1)
    m3 = tlv_of(4, alice.answer("3", value_of(bob.answer(m1))))
    assert isinstance(m3, Smp3)
    assert not bob.refused_3(m3)
    assert (alice.call("5", value_of(bob.finish())) == 0) == (x == y)

    assert bob.finds_equal(m3) == (x == y)
    assert alice.progress == (SUCCEEDED if x == y else FAILED)


@pytest.mark.libotr
@with_libotr
@pytest.mark.parametrize(("x", "y"), [(77, 77), (77, 78)], ids=("equal", "different"))
def test_smp_that_libotr_answers(x: int, y: int) -> None:
    alice, bob = Alice(SEED, SUITE.scalar(x)), Libotr()

    assert bob.call("2a", value_of(alice.begin()), 0) == 0
    m2 = tlv_of(3, bob.answer("2b", y.to_bytes(32, "big")))
    assert isinstance(m2, Smp2)
    assert not alice.refused_2(m2)
    m4 = tlv_of(5, bob.answer("4", value_of(alice.answer(m2))))
    assert isinstance(m4, Smp4)
    assert not alice.refused_4(m4)

    assert alice.finds_equal(m4) == (x == y)
    assert bob.progress == (SUCCEEDED if x == y else FAILED)


@pytest.mark.libotr
@with_libotr
def test_libotr_refuses_what_we_refuse_and_responses_that_are_not_reduced() -> None:
    alice = Alice(SEED, SUITE.scalar(77))
    message = alice.begin()
    odd = replace(message, d2=response(SUITE.to_int(message.d2) + Q))

    refused = {
        name: bool(Libotr().call("2a", value_of(changed(message, name)), 0)) for name in CHANGES_1
    }

    assert refused == dict.fromkeys(CHANGES_1, True)
    assert Libotr().call("2a", value_of(odd), 0) != 0
    assert not Bob(SEED, SUITE.scalar(77)).refused_1(odd)
