"""Readings: a difference that the letter of an ambiguity explains is no fault.

The tables settle what the text leaves open. A target that reads an ambiguity to the letter does
otherwise, and is told so in a note; from then on the tables are read as it does, so that more can
be found behind it (`otr_conformance.play.grade` does the same for cases).
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

from otr_model.kernel.variant import NONE, BadVariant, EditRow, Variant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .vocabulary import Fuzzing

__all__ = ["explaining", "together"]

_TRIED: Final = 60
"""Readings that are tried for one difference, at most."""


def together(literal: Mapping[str, Variant], names: tuple[str, ...]) -> Variant | None:
    """The reading in which several ambiguities are read to the letter.

    None where two of them are about the same row.
    """
    if not names:
        return NONE
    variants = [literal[name] for name in names if name in literal]
    rows = [edit.row for v in variants for edit in v.edits if isinstance(edit, EditRow)]
    if len(rows) != len(set(rows)):
        return None
    edits = tuple(edit for each in variants for edit in each.edits)
    return Variant(", ".join(each.name for each in variants), variants[0].about, edits)


def explaining(
    fuzzing: Fuzzing, read: tuple[str, ...], agrees: Callable[[Variant], bool]
) -> tuple[str, ...] | None:
    """The ambiguities that have to be read to the letter so that nothing differs.

    Args:
        fuzzing: what the protocol states.
        read: those that are read so already.
        agrees: whether nothing differs under a reading, by a replay.

    Returns:
        Their names; none of them where our own reading does, after all; None where nothing that was
        tried explains it.
    """
    literal = fuzzing.plan.grader.literal
    for names in list(_candidates(literal, read))[:_TRIED]:
        reading = together(literal, names)
        if reading is None or names == read:
            continue
        try:
            if agrees(reading):
                return names
        except BadVariant:
            continue
    return None


def _candidates(literal: Mapping[str, Variant], read: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Sets of ambiguities, the smallest first."""
    others = [name for name in literal if name not in read]
    yield ()
    for name in others:
        yield (*read, name)
    if read:
        for name in literal:
            yield (name,)
    for pair in combinations(others, 2) if len(others) < len(literal) or len(others) < 10 else ():  # noqa: PLR2004 - so many are quickly tried
        yield (*read, *pair)
