"""Exponents: a commutative ring in normal form."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from otr_check.exponents import ONE, ZERO, Polynomial
from otr_check.otrv3.operators import Op
from otr_check.terms import DEFAULT_POOL

ATOMS = [DEFAULT_POOL.make(Op.LOG, name) for name in range(1001, 1005)]
A, B, C, D = map(Polynomial.atom, ATOMS)

monomials = st.lists(st.sampled_from(ATOMS), max_size=3)
polynomials = st.lists(st.tuples(monomials, st.integers(-3, 3)), max_size=4).map(Polynomial)


def value(polynomial: Polynomial, at: dict[object, int]) -> int:
    """The polynomial with numbers for its atoms, computed without its operations."""
    total = 0
    for monomial, coefficient in polynomial.terms:
        product = coefficient
        for atom in monomial:
            product *= at[atom]
        total += product
    return total


points = st.tuples(*[st.integers(-50, 50)] * len(ATOMS)).map(
    lambda numbers: dict[object, int](zip(ATOMS, numbers, strict=True))
)


@given(polynomials, polynomials, points)
def test_operations_are_those_of_the_values(
    p: Polynomial, q: Polynomial, at: dict[object, int]
) -> None:
    assert value(p + q, at) == value(p, at) + value(q, at)
    assert value(p - q, at) == value(p, at) - value(q, at)
    assert value(p * q, at) == value(p, at) * value(q, at)
    assert value(-p, at) == -value(p, at)


@given(polynomials, polynomials, polynomials)
def test_the_laws_of_a_commutative_ring(p: Polynomial, q: Polynomial, r: Polynomial) -> None:
    assert p + q == q + p
    assert p * q == q * p
    assert (p + q) + r == p + (q + r)
    assert (p * q) * r == p * (q * r)
    assert p * (q + r) == p * q + p * r
    assert p + ZERO == p == p * ONE
    assert p * ZERO == ZERO == p - p


@given(polynomials, polynomials)
def test_equal_polynomials_are_written_and_hashed_alike(p: Polynomial, q: Polynomial) -> None:
    there, back = (p + q) - q, (p - q) + q

    assert there == back == p
    assert hash(there) == hash(p)
    assert repr(there) == repr(p)
    assert there.terms == p.terms


@given(polynomials, polynomials)
def test_a_difference_is_zero_only_between_equals(p: Polynomial, q: Polynomial) -> None:
    assert bool(p - q) == (p != q)


@given(polynomials)
def test_pickling_restores_the_normal_form(p: Polynomial) -> None:
    assert pickle.loads(pickle.dumps(p)) == p  # noqa: S301 - our own bytes


def test_what_is_not_in_normal_form_is_brought_into_it() -> None:
    a, b, *_ = ATOMS

    assert Polynomial([((b, a), 2), ((a, b), -2)]) == ZERO
    assert Polynomial([((b, a), 2), ((), 0)]).terms == (((a, b), 2),)


def test_a_polynomial_is_not_a_number() -> None:
    assert ONE != 1
    assert ZERO != 0


def test_polynomials_are_written_for_people() -> None:
    assert repr(ZERO) == "0"
    assert repr(ONE + ONE) == "2"
    assert repr(-A) == "-Log(1001)" == repr(B - A - B)
    assert repr(A * B - C + ONE) == "1 - Log(1003) + Log(1001)*Log(1002)"
    assert repr(ONE + ONE - (A + A)) == "2 - 2*Log(1001)"


def test_atoms_are_named_once_for_each_place() -> None:
    assert sorted(atom.serial for atom in (A * A - B).atoms) == sorted(
        atom.serial for atom in (ATOMS[0], ATOMS[0], ATOMS[1])
    )
    assert not list((D - D).atoms)
