"""Vocabulary: enums whose members carry their meaning in plain English.

A vocabulary is `@unique`: two members with equal texts would silently be one. Members hash by
identity, because `Enum.__hash__` is a Python-level call that a hot path cannot afford.
"""

from __future__ import annotations

from enum import Enum


class Word(Enum):
    """Base of every vocabulary."""

    __hash__ = object.__hash__

    @property
    def label(self) -> str:
        """The name as it stands in ids: lower case, with hyphens."""
        return self.name.lower().replace("_", "-")

    @property
    def meaning(self) -> str:
        """What the word means, in plain English."""
        return about_of(self.value)


def about_of(value: object) -> str:
    """The text of a vocabulary member's value: itself, or its `about`."""
    return value if isinstance(value, str) else str(getattr(value, "about", value))
