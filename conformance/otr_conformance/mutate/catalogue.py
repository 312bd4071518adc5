"""Which mutants there are, and samples of them."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from importlib import import_module
from random import Random
from typing import TYPE_CHECKING

from otr_conformance.protocols import protocol
from otr_model.kernel.mutants import Mutant, every
from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otr_model.kernel.variant import Variant

__all__ = ["BadSample", "bugs_of", "mutants_of", "sample"]


class BadSample(OtrSpecError):
    """A sample that cannot be drawn."""


@lru_cache(maxsize=4)
def mutants_of(name: str) -> tuple[Mutant, ...]:
    """Every mutant of a protocol, by kind, in the order of its tables; named bugs last.

    Raises:
        UnknownProtocol: if there is no such protocol.
    """
    return every(protocol(name).suite.trial.composition, bugs_of(name))


def bugs_of(name: str) -> tuple[Variant, ...]:
    """The named bugs of a protocol; none where it has no module for them."""
    path = f"otr_model.{name}.bugs"
    try:
        bugs: tuple[Variant, ...] = import_module(path).BUGS
    except ModuleNotFoundError as error:
        if error.name is None or not path.startswith(error.name):
            raise
        return ()
    return bugs


def sample(mutants: Sequence[Mutant], size: int, seed: int) -> tuple[Mutant, ...]:
    """A sample that has its share of every kind, in the order of the whole.

    The same seed gives the same sample. Every kind has one at least, as far as the size goes.

    Args:
        mutants: what it is drawn from.
        size: how many.
        seed: any number.

    Raises:
        BadSample: if it is to have less than one.
    """
    if size < 1:
        message = f"a sample has at least one mutant, not {size}"
        raise BadSample(message)
    if size >= len(mutants):
        return tuple(mutants)
    chosen = Random(seed)  # noqa: S311 - which mutants are tried is no secret
    groups: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        groups[mutant.kind.label].append(mutant)
    shares = _shares({kind: len(group) for kind, group in groups.items()}, size)
    drawn = {m.name for kind, group in groups.items() for m in chosen.sample(group, shares[kind])}
    return tuple(mutant for mutant in mutants if mutant.name in drawn)


def _shares(sizes: dict[str, int], size: int) -> dict[str, int]:
    """How many of each kind: one at first, the rest by what is missing most of its share."""
    total = sum(sizes.values())
    smallest = sorted(sizes, key=lambda kind: (-sizes[kind], kind))[:size]
    shares = {kind: int(kind in smallest) for kind in sizes}
    for _ in range(size - sum(shares.values())):
        open_kinds = [kind for kind in sizes if shares[kind] < sizes[kind]]
        most = max(open_kinds, key=lambda kind: (sizes[kind] * size / total - shares[kind], kind))
        shares[most] += 1
    return shares
