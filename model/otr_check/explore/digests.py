"""Digests of terms that are the same in every process.

How a term is written is not: the factors of an exponent stand in the order in which they were made.
A witness knows a message that an attacker made by its digest.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING

from otr_check.exponents import Polynomial
from otr_check.terms import Term

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["digest_of"]

_LENGTH = 32


def digest_of(term: Term) -> str:
    """A digest: equal for equal terms, whatever was made before, and for no others."""
    return _digest(term, {}).hex()[:_LENGTH]


def _digest(value: object, known: dict[Term, bytes]) -> bytes:
    if not isinstance(value, Term):
        return _hashed(*_parts(value, known))
    found = known.get(value)
    if found is None:
        parts = (_digest(arg, known) for arg in value.args)
        found = known[value] = _hashed(f"term {value.op.name}".encode(), *parts)
    return found


def _parts(value: object, known: dict[Term, bytes]) -> tuple[bytes, ...]:
    """What an argument of a term is, and the digests of what it is made of."""
    parts: Iterable[bytes] = ()
    match value:
        case Polynomial():
            what, parts = "polynomial", sorted(_monomial(each, known) for each in value.terms)
        case tuple():
            what, parts = "tuple", (_digest(each, known) for each in value)
        case frozenset():
            what, parts = "set", sorted(_digest(each, known) for each in value)
        case Enum():
            what = f"word {value.name}"
        case _ if is_dataclass(value) and not isinstance(value, type):
            what = f"record {type(value).__name__}"
            parts = (_digest(getattr(value, field.name), known) for field in fields(value))
        case _:
            what = f"{type(value).__name__} {value!r}"
    return what.encode(), *parts


def _monomial(term: tuple[tuple[Term, ...], int], known: dict[Term, bytes]) -> bytes:
    atoms, coefficient = term
    return _hashed(f"{coefficient} times".encode(), *sorted(_digest(atom, known) for atom in atoms))


def _hashed(what: bytes, *parts: bytes) -> bytes:
    """A hash of a text and of digests, which all have one length."""
    return sha256(b"".join((sha256(what).digest(), *parts))).digest()
