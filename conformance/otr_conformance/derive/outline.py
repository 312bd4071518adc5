"""Outlines: what of a state decides what can happen next, roughly.

States of machines and truth values are kept; of a number, whether it is zero; of data, whether
there are any.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

__all__ = ["outline", "outlines"]


def outline(state: object, slots: Iterable[str]) -> tuple[Hashable, ...]:
    """The outline of a value, by its attributes."""
    return tuple(_part(getattr(state, slot)) for slot in slots)


def outlines(members: Mapping[int, Any], slots: Iterable[str]) -> Hashable:
    """Those of the members of a family; of a key, whether it is zero."""
    slots = tuple(slots)
    return tuple((key != 0, outline(member, slots)) for key, member in members.items())


def _part(value: object) -> Hashable:
    match value:
        case Enum() | bool():
            return value
        case int():
            return value != 0
        case tuple() | dict():
            return len(value) > 0
        case _:
            return value is not None
