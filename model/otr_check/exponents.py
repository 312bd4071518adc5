"""Exponents in normal form.

Every element of a Diffie-Hellman group is g^e. What is known about e is a polynomial with integer
coefficients in secrets that nobody has guessed: x for g^x, x*y for the shared secret, r + x*s for a
product. Two elements are equal if and only if their polynomials are, up to coincidences that
happen with negligible probability; so equality of elements is equality of normal forms.

The integers stand for residues modulo the order of the group. That order is far above any
coefficient that a protocol can produce, so no reduction is ever seen. There is no division: no
protocol of this project inverts an exponent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from .terms import Term, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["ONE", "ZERO", "Monomial", "Polynomial"]

Monomial: TypeAlias = "tuple[Term, ...]"
"""A product of atoms: in the order of their serials, an atom as often as its power; () is 1."""


class Polynomial:
    """A sum of monomials with integer coefficients, in normal form.

    Equality is structural. The atoms of the polynomials that meet in one operation must be of one
    pool.

    Attributes:
        terms: The monomials with their coefficients, which are not 0, in a fixed order.
    """

    __slots__ = ("_hash", "terms")

    terms: tuple[tuple[Monomial, int], ...]

    def __init__(self, terms: Iterable[tuple[Iterable[Term], int]]) -> None:
        collected: dict[Monomial, int] = {}
        for atoms, coefficient in terms:
            monomial = tuple(sorted(atoms, key=_serial))
            collected[monomial] = collected.get(monomial, 0) + coefficient
        self.terms = _ordered(collected)
        self._hash = hash(self.terms)

    @classmethod
    def atom(cls, term: Term) -> Polynomial:
        """The polynomial that is one secret."""
        return _of(((term,), 1))

    @property
    def atoms(self) -> Iterator[Term]:
        """The atoms that occur, once for each place."""
        return (atom for monomial, _ in self.terms for atom in monomial)

    def __add__(self, other: Polynomial) -> Polynomial:
        collected = dict(self.terms)
        for monomial, coefficient in other.terms:
            collected[monomial] = collected.get(monomial, 0) + coefficient
        return _of(*_ordered(collected))

    def __neg__(self) -> Polynomial:
        return _of(*((monomial, -coefficient) for monomial, coefficient in self.terms))

    def __sub__(self, other: Polynomial) -> Polynomial:
        return self + -other

    def __mul__(self, other: Polynomial) -> Polynomial:
        collected: dict[Monomial, int] = {}
        for left, a in self.terms:
            for right, b in other.terms:
                monomial = tuple(sorted((*left, *right), key=_serial))
                collected[monomial] = collected.get(monomial, 0) + a * b
        return _of(*_ordered(collected))

    def __bool__(self) -> bool:
        """Whether it is not 0."""
        return bool(self.terms)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Polynomial):
            return NotImplemented
        return self.terms == other.terms

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        if not self.terms:
            return "0"
        first, *rest = (_shown(monomial, coefficient) for monomial, coefficient in self.terms)
        tail = (f" - {part[1:]}" if part.startswith("-") else f" + {part}" for part in rest)
        return "".join((first, *tail))

    def __reduce__(self) -> tuple[Callable[..., Polynomial], tuple[object, ...]]:
        # Serials differ from process to process, so that the order is made anew.
        return Polynomial, (self.terms,)


def _of(*terms: tuple[Monomial, int]) -> Polynomial:
    """A polynomial of terms that are in normal form already."""
    polynomial = object.__new__(Polynomial)
    polynomial.terms = terms
    polynomial._hash = hash(terms)
    return polynomial


def _serial(atom: Term) -> int:
    return atom.serial


def _place(term: tuple[Monomial, int]) -> tuple[int, ...]:
    """Where a term stands in the sum: higher degrees last, then by the atoms' serials."""
    monomial, _ = term
    return (len(monomial), *map(_serial, monomial))


def _ordered(collected: dict[Monomial, int]) -> tuple[tuple[Monomial, int], ...]:
    """The terms that are not 0, in their order."""
    kept = [term for term in collected.items() if term[1]]
    if len(kept) > 1:
        kept.sort(key=_place)
    return tuple(kept)


def _shown(monomial: Monomial, coefficient: int) -> str:
    """One term of the sum, with its sign in front."""
    sign = "-" if coefficient < 0 else ""
    size = abs(coefficient)
    factors = [show(atom) for atom in monomial]
    if size != 1 or not factors:
        factors.insert(0, str(size))
    return sign + "*".join(factors)


ZERO: Final = Polynomial(())
ONE: Final = Polynomial((((), 1),))
