"""Copies of plaintext oracles, so that a play can be forked."""

from __future__ import annotations

from copy import copy
from dataclasses import fields
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otr_conformance.play.watch import AnyWatch

__all__ = ["copied"]


def copied(watch: AnyWatch) -> AnyWatch:
    """An oracle that has seen the same, and goes on by itself."""
    new = copy(watch)
    for name in _names(type(watch)):
        value = getattr(watch, name)
        if isinstance(value, list):
            some = value and hasattr(value[0], "arrived")  # they change while a play goes on
            setattr(new, name, [copy(each) for each in value] if some else list(value))
        elif isinstance(value, dict):
            setattr(new, name, copy(value))
    return new


@lru_cache
def _names(kind: type[AnyWatch]) -> tuple[str, ...]:
    """What an oracle remembers."""
    return tuple(field.name for field in fields(kind) if field.name != "clauses")
