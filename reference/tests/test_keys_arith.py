"""Modular arithmetic: the same figures as Python's own, and typed refusals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otr_reference.arith import NoInverse, Number, invert, is_prime, power, power_secret
from otr_reference.errors import Malformed, OtrSpecError

LARGE = st.integers(min_value=-(1 << 1600), max_value=1 << 1600)
POSITIVE = st.integers(min_value=1, max_value=1 << 1600)


@given(LARGE, st.integers(min_value=0, max_value=1 << 320), POSITIVE)
def test_power_is_that_of_python(base: int, exponent: int, modulus: int) -> None:
    assert power(base, exponent, modulus) == pow(base, exponent, modulus)


@given(LARGE, st.integers(min_value=1, max_value=1 << 320), POSITIVE.map(lambda n: n | 1))
def test_secret_power_is_that_of_python(base: int, exponent: int, modulus: int) -> None:
    assert power_secret(base, exponent, modulus) == pow(base, exponent, modulus)


@given(LARGE, st.integers(min_value=2, max_value=1 << 1600))
def test_inverse_is_that_of_python_or_refused(number: int, modulus: int) -> None:
    try:
        expected = pow(number, -1, modulus)
    except ValueError:
        with pytest.raises(NoInverse):
            invert(number, modulus)
    else:
        assert invert(number, modulus) == expected


@pytest.mark.parametrize(
    ("exponent", "modulus", "field"),
    [(-1, 7, "exponent"), (3, 0, "modulus"), (3, -7, "modulus")],
)
def test_power_refuses(exponent: int, modulus: int, field: str) -> None:
    with pytest.raises(Malformed) as caught:
        power(2, exponent, modulus)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("exponent", "modulus", "field"),
    [(0, 7, "exponent"), (-1, 7, "exponent"), (3, 8, "modulus"), (3, 0, "modulus")],
)
def test_secret_power_refuses(exponent: int, modulus: int, field: str) -> None:
    with pytest.raises(Malformed) as caught:
        power_secret(2, exponent, modulus)
    assert caught.value.field == field


@pytest.mark.parametrize("modulus", [1, 0, -7])
def test_inverse_refuses_a_modulus_without_residues(modulus: int) -> None:
    with pytest.raises(Malformed) as caught:
        invert(3, modulus)
    assert caught.value.field == "modulus"


def test_zero_has_no_inverse() -> None:
    with pytest.raises(NoInverse) as caught:
        invert(0, 7)
    assert isinstance(caught.value, OtrSpecError)


def test_primes_are_told_from_composites() -> None:
    assert [n for n in range(-3, 30) if is_prime(n)] == [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]
    assert is_prime((1 << 521) - 1)
    assert not is_prime((1 << 523) - 1)
    assert not is_prime(561)  # Carmichael's least, which passes Fermat's test


@given(st.integers(min_value=0, max_value=1 << 1600))
def test_a_number_goes_to_octets_and_back(number: int) -> None:
    converted = Number(number)
    octets = converted.to_bytes((converted.bit_length() + 7) // 8, "big")
    assert octets == number.to_bytes((number.bit_length() + 7) // 8, "big")
    assert Number.from_bytes(octets, "big") == number
    assert hash(converted) == hash(number)
