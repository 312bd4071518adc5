"""The 3072-bit group: where its prime comes from, who is in it, and what a secret is written as."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from otr_model.groups import MODP_1536
from otr_model.otrv4.groups4 import DH_EXPONENT_SIZE, MODP_3072
from otr_reference.arith import Number, is_prime, power
from otr_reference.dh3072 import (
    ELEMENT_OCTETS,
    EXPONENT_OCTETS,
    dh,
    encode_k_dh,
    exponent,
    in_group,
    public_key,
)
from otr_reference.errors import Malformed
from otr_reference.modp import in_subgroup, legendre

P, Q = MODP_3072.modulus, MODP_3072.order

ELEMENTS = st.integers(min_value=0, max_value=P)
EXPONENTS = st.integers(min_value=1, max_value=(1 << 640) - 1)


def pi(bits: int) -> int:
    """Compute the integer part of 2^bits times pi, by Machin's formula."""
    guard = 64
    one = 1 << bits + guard

    def arccot(n: int) -> int:
        term, total, k = one // n, 0, 1
        while term:
            total += term // k if k % 4 == 1 else -(term // k)
            term //= n * n
            k += 2
        return total

    return 4 * (4 * arccot(5) - arccot(239)) >> guard


def test_the_prime_is_that_of_its_formula() -> None:
    """RFC 3526, section 4, and the text: both give the formula beside the digits."""
    assert 2**3072 - 2**3008 - 1 + 2**64 * (pi(2942) + 1690314) == P
    assert int(f"{P:x}", 16) == P
    assert f"{P:x}"[:24] == f"{MODP_1536.modulus:x}"[:24]
    assert MODP_3072.generator == 2
    assert MODP_3072.size == ELEMENT_OCTETS == 384
    assert EXPONENT_OCTETS == DH_EXPONENT_SIZE == 80


def test_the_prime_is_safe_and_the_generator_a_square() -> None:
    """By Pocklington, 2^(p-1) = 1 and q prime make p prime; q is tested itself."""
    assert P == 2 * Q + 1
    assert is_prime(Q)
    assert power(2, Q, P) == 1
    assert in_group(2)


@given(ELEMENTS)
@example(0)
@example(1)
@example(2)
@example(P - 2)
@example(P - 1)
@example(P)
@settings(max_examples=20, deadline=None)
def test_membership_is_that_of_raising_to_q(number: int) -> None:
    """Each number, and its negative: exactly one of the two is a square, except for 0."""
    for x in (number, P - number):
        assert in_group(x) == (2 <= x <= P - 2 and power(x, Q, P) == 1)
    if number % P:
        assert legendre(number, P) == -legendre(P - number, P)


@given(st.integers(min_value=2, max_value=P - 2))
def test_squares_belong_and_their_negatives_do_not(number: int) -> None:
    square = number * number % P
    assert in_group(square)
    assert not in_group(P - square)


@pytest.mark.parametrize("number", [-2, -1, 0, 1, P - 1, P, P + 1, P + 2, P + 4, 4 - P])
def test_numbers_out_of_range_do_not_belong(number: int) -> None:
    assert not in_group(number)
    assert not in_group(Number(number))


@given(st.integers(min_value=-500, max_value=500), st.sampled_from([3, 5, 7, 11, 101, 499]))
def test_the_symbol_is_that_of_counting_squares(number: int, prime: int) -> None:
    squares = {x * x % prime for x in range(1, prime)}
    expected = 0 if number % prime == 0 else 1 if number % prime in squares else -1
    assert legendre(number, prime) == expected


@pytest.mark.parametrize("prime", [-3, 0, 1, 2, 4])
def test_the_symbol_needs_an_odd_modulus(prime: int) -> None:
    with pytest.raises(Malformed) as caught:
        legendre(3, prime)
    assert caught.value.field == "prime"


def test_other_safe_primes_have_subgroups_too() -> None:
    assert in_subgroup(2, MODP_1536)
    assert not in_subgroup(MODP_1536.modulus - 2, MODP_1536)


@given(EXPONENTS, EXPONENTS)
@settings(max_examples=5, deadline=None)
def test_two_sides_share_a_secret(a: int, b: int) -> None:
    ours, theirs = public_key(a), public_key(b)
    assert in_group(ours)
    assert in_group(theirs)
    assert dh(a, theirs) == dh(b, ours) == pow(2, a * b, P)


@given(st.binary(min_size=80, max_size=80).filter(any))
def test_an_exponent_is_read_big_endian(octets: bytes) -> None:
    assert exponent(octets) == int.from_bytes(octets, "big")


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"\1" * 79, "is not 80 octets long"),
        (b"\1" * 81, "is not 80 octets long"),
        (bytes(80), "is zero"),
    ],
)
def test_no_other_exponent_is_read(octets: bytes, reason: str) -> None:
    with pytest.raises(Malformed) as caught:
        exponent(octets)
    assert (caught.value.field, caught.value.reason) == ("r", reason)


def test_exponents_below_one_are_refused() -> None:
    for refused in (lambda: public_key(0), lambda: dh(-1, 2)):
        with pytest.raises(Malformed) as caught:
            refused()
        assert caught.value.field == "exponent"


@given(st.integers(min_value=0, max_value=P - 1))
@example(0)
@example(255)
@example(256)
@example(P - 1)
def test_a_shared_secret_is_written_short_or_at_fixed_length(k_dh: int) -> None:
    short, fixed = encode_k_dh(k_dh), encode_k_dh(k_dh, fixed=True)
    assert int.from_bytes(short, "big") == k_dh
    assert short[:1] != b"\0"
    assert fixed == short.rjust(384, b"\0")
    assert encode_k_dh(Number(k_dh)) == short


@pytest.mark.parametrize("k_dh", [-1, P])
def test_what_is_no_element_is_not_written(k_dh: int) -> None:
    with pytest.raises(Malformed) as caught:
        encode_k_dh(k_dh)
    assert caught.value.field == "k_dh"
