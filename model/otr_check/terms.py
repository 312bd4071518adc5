"""Symbolic terms: what stands for a value when no bytes are computed.

A term is an operator applied to arguments: `Enc(r, 0, g^x)` stands for g^x encrypted with r, and
nothing else is known about it (Dolev and Yao's model: cryptography does what it promises, and
nothing more). Terms are hash-consed: a pool makes each term once, so that two terms of a pool are
equal if and only if they are the same object. Comparing and hashing therefore cost the same however
large a term is.

What the operators are, and which equations hold between terms, is each protocol's own
(`otr_check.otrv3.suite` for OTRv3); nothing here knows any of them.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Final

from otr_model.kernel.words import Word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["DEFAULT_POOL", "Operator", "Term", "TermPool", "show"]

_DEEPEST: Final = 60
_depth: ContextVar[int] = ContextVar("depth of what is being written", default=0)


class Operator(Word):
    """Base of a protocol's operators. A member's value says what the operator stands for."""

    def shown(self, args: tuple[object, ...]) -> str:
        """How a term of this operator is written: `OldKeys(a, b)` unless a protocol says more."""
        name = self.name.title().replace("_", "")
        return f"{name}({', '.join(map(show, args))})"


class Term:
    """A term; only a pool makes one.

    Attributes:
        op: The operator.
        args: Its arguments: terms, and whatever else is immutable and hashable (integers, strings,
            tuples, frozen dataclasses, polynomials). Arguments that are equal are one argument.
        serial: How many terms its pool had made before: a total order that is the same in every
            run that makes the same terms in the same order. A term comes after its arguments.
    """

    __slots__ = ("args", "op", "serial")

    op: Operator
    args: tuple[object, ...]
    serial: int

    def __repr__(self) -> str:
        """As its operator has it; what is nested deeper than 60 terms is written as its serial."""
        depth = _depth.get()
        if depth == _DEEPEST:
            return f"#{self.serial}"
        token = _depth.set(depth + 1)
        try:
            return self.op.shown(self.args)
        finally:
            _depth.reset(token)

    def __copy__(self) -> Term:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Term:
        return self

    def __reduce__(self) -> tuple[Callable[..., Term], tuple[object, ...]]:
        # Restored in the default pool of the process that reads it.
        return _restored, (self.op, *self.args)


class TermPool:
    """Every term that was made here, each once.

    A pool only grows; to be rid of its terms, drop the pool and whatever holds terms of it. Terms
    of different pools must not be mixed: they would differ although they are written alike.
    """

    __slots__ = ("_terms",)

    def __init__(self) -> None:
        self._terms: dict[tuple[Operator, tuple[object, ...]], Term] = {}

    def make(self, op: Operator, *args: object) -> Term:
        """The term of an operator and its arguments, made now or before.

        Args:
            op: The operator.
            args: Immutable and hashable values; terms among them are of this pool.

        Returns:
            The one term of this pool with this operator and these arguments.
        """
        key = (op, args)
        term = self._terms.get(key)
        if term is None:
            term = object.__new__(Term)
            term.op = op
            term.args = args
            term.serial = len(self._terms)
            self._terms[key] = term
        return term

    def __len__(self) -> int:
        return len(self._terms)

    def __iter__(self) -> Iterator[Term]:
        """All terms, in the order in which they were made."""
        return iter(self._terms.values())

    def __contains__(self, term: Term) -> bool:
        return self._terms.get((term.op, term.args)) is term


DEFAULT_POOL: Final = TermPool()
"""The pool that is used where none is named, and the one that pickled terms are restored in."""


def show(value: object) -> str:
    """Write an argument of a term, or a whole term, for people.

    Args:
        value: A term, or anything that may be an argument of one.

    Returns:
        One line. Records are written without the names of their fields.
    """
    if isinstance(value, tuple):
        return f"({', '.join(map(show, value))})"
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(show, value)))}}}"
    if is_dataclass(value) and not isinstance(value, type):
        members = (show(getattr(value, field.name)) for field in fields(value))
        return f"{type(value).__name__}({', '.join(members)})"
    return str(value)


def _restored(op: Operator, *args: object) -> Term:
    return DEFAULT_POOL.make(op, *args)
