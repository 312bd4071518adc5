"""Copies of stages: what happens on one leaves the other as it is."""

from __future__ import annotations

from copy import copy
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from otr_conformance.play.stage import AnyStage, Party, Reached

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["forked"]

S = TypeVar("S", bound=AnyStage)
P = TypeVar("P", bound="Party[Any]")
_STORY = ("observations", "fired", "tester_fired", "log")


def forked(stage: S, party: Callable[[P], P]) -> S:
    """A copy of a stage on which nothing was seen so far.

    Args:
        stage: a stage, between two steps.
        party: copies a party.
    """
    new = copy(stage)
    for field in fields(stage):
        value = getattr(stage, field.name)
        match value:
            case list():
                setattr(new, field.name, [] if field.name in _STORY else _parts(value, party))
            case dict():
                setattr(new, field.name, {key: _part(item, party) for key, item in value.items()})
            case set():
                setattr(new, field.name, set(value))
            case _:
                setattr(new, field.name, _part(value, party))
    return new


def _parts(values: list[Any], party: Callable[[P], P]) -> list[Any]:
    """A copy of a list, in which all things are of one kind."""
    if values and isinstance(values[0], Party | Reached | dict):
        return [_part(value, party) for value in values]
    return list(values)


def _part(value: Any, party: Callable[[P], P]) -> Any:  # noqa: ANN401 - whatever a stage has
    match value:
        case Party():
            return party(value)  # type: ignore[arg-type] # all parties of a stage are of one kind
        case Reached():
            return copy(value)
        case dict():
            return dict(value)
        case _:
            return value
