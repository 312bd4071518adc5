"""Ambiguities: where a specification is silent or contradicts itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import unique

from .words import Word


@unique
class Kind(Word):
    """What is wrong with the text."""

    SILENT = "the text does not say"
    CONTRADICTION = "two passages say different things"
    MISPRINT = "the text says what it cannot mean"
    FLAW = "the text is clear, and following it does harm"


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read the text.

    Attributes:
        says: the reading, in our words.
        where: section of the specification that supports it, or "" where nothing does.
    """

    says: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """A hole in the text, and how it is resolved here.

    Attributes:
        id: public, as in "otrv3.ambiguity:failed-signature".
        about: the question.
        kind: what is wrong.
        literal: the reading nearest to the letter.
        ours: the reading that runs here.
        because: why.
        peers: implementations that are known to follow one reading, each with which: name and what
            it does.
    """

    id: str
    about: str
    kind: Kind
    literal: Reading
    ours: Reading
    because: str
    peers: tuple[tuple[str, str], ...] = ()
