"""A scenario as the text of a file: what `scenario_of` reads.

scenario_of(written(scenario)) == scenario
"""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import TYPE_CHECKING, Final

from otr_model.kernel.words import Word

from .scenario import Actor, Attacker, Bounds, Network, Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["written"]

_Record = Scenario | Bounds | Network | Attacker | Actor

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_PAIRS: Final = ("does", "policy")
"""What is a table of its own in the file, and pairs in the record."""


def written(scenario: Scenario) -> str:
    """The text of a scenario; what is as it is by default is left out."""
    parts = [_entries(scenario, ("actors", "bounds", "network", "attacker"))]
    if scenario.bounds != Bounds():
        parts.append(f"\n[bounds]\n{_entries(scenario.bounds)}")
    if scenario.network != Network():
        parts.append(f"\n[network]\n{_entries(scenario.network)}")
    if scenario.attacker is not None:
        parts.append(f"\n[attacker]\n{_entries(scenario.attacker)}")
    parts += (
        f"\n[participant.{_key(actor.name)}]\n{_entries(actor, ('name',))}"
        for actor in scenario.actors
    )
    return "".join(parts)


def _entries(
    of: Scenario | Bounds | Network | Attacker | Actor, without: tuple[str, ...] = ()
) -> str:
    """The fields of a record that differ from their defaults, a line each."""
    return "".join(f"{line}\n" for line in _lines(of, without))


def _lines(of: object, without: tuple[str, ...]) -> Iterator[str]:
    for field in fields(of):  # type: ignore[arg-type] # a record, as the caller says
        value = getattr(of, field.name)
        if field.name in without or value == field.default:
            continue
        if field.name in _PAIRS:
            pairs = ", ".join(f"{_key(_plain(name))} = {_value(each)}" for name, each in value)
            yield f"{field.name} = {{ {pairs} }}"
        else:
            yield f"{field.name} = {_value(value)}"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _plain(value: object) -> str:
    """A word as it stands in a file."""
    return value.label if isinstance(value, Word) else str(value)


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case tuple():
            return f"[{', '.join(map(_value, value))}]"
        case _:
            return _text(_plain(value))


def _text(text: str) -> str:
    """A basic string of TOML: the escapes of JSON, and one more."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
