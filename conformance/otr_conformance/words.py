"""Words that are spoken to other programs: enums whose values are the words themselves.

A vocabulary of the model is named by its members and its values are their meanings
(`otr_model.kernel.words`). Here the spelling is fixed by a format that others write too, so that
the value is the word, and `meaning` says what it means.
"""

from __future__ import annotations

from enum import Enum
from typing import Self

__all__ = ["Spoken"]


class Spoken(Enum):
    """Base of every vocabulary of a format; a member is written `NAME = "word", "its meaning"`."""

    _value_: str
    meaning: str

    __hash__ = object.__hash__

    def __new__(cls, word: str, meaning: str = "") -> Self:
        """Keep the word as the value and the meaning beside it."""
        member = object.__new__(cls)
        member._value_ = word
        member.meaning = meaning
        return member

    @property
    def word(self) -> str:
        """The word as it is written."""
        return self._value_

    def __str__(self) -> str:
        return self._value_
