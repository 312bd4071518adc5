"""Scenarios made larger or smaller: settings by name.

    adjusted(SCENARIOS["otrv3/talk"], {"alice.send": 5, "capacity": 12, "pairs": 20})

A setting is what a user may do (`alice.start`, `bob.send`, ...: how often), a figure of the network
(`capacity`, `losses`, `duplicates`), or the name of a variable: the bound of its values.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .abstraction import NAMES, BadAbstraction, Side

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_model.kernel.expr import IntVar
    from otr_model.kernel.vocabulary import Event

    from .abstraction import Scenario

__all__ = ["adjusted"]

PREFIX = "user-"


def adjusted(scenario: Scenario, settings: Mapping[str, int]) -> Scenario:
    """A scenario with other settings; what is known of the original is not claimed of it.

    Raises:
        BadAbstraction: if there is no such setting, or a figure is below 0.
    """
    for name, value in settings.items():
        scenario = _with(scenario, name, value)
    return replace(scenario, known="") if settings else scenario


def _with(scenario: Scenario, name: str, value: int) -> Scenario:
    if value < 0:
        message = f"{name} is {value}, which is below 0"
        raise BadAbstraction(message)
    who, _, what = name.partition(".")
    if what:
        return _with_action(scenario, who, what, value)
    network = scenario.network
    figures = {
        "capacity": lambda: replace(network, capacity=value),
        "losses": lambda: replace(network, losses=value),
        "duplicates": lambda: replace(network, duplicates=value),
    }
    if name in figures:
        return replace(scenario, network=figures[name]())
    variables = [v for v in scenario.abstraction.bounds if v.name == name]
    if not variables:
        message = f"there is no setting {name!r}: neither an action, nor a figure, nor a bound"
        raise BadAbstraction(message)
    bounds: dict[IntVar, int] = {**scenario.bounds, **dict.fromkeys(variables, value)}
    return replace(scenario, bounds=bounds)


def _with_action(scenario: Scenario, who: str, what: str, value: int) -> Scenario:
    """A scenario in which a user may do something so often."""
    names = [name.lower() for name in NAMES]
    events = {e.label.removeprefix(PREFIX): e for e in scenario.abstraction.user_events()}
    if who not in names or what not in events:
        message = f"there is no action {who}.{what}; there is {names[0]}.{next(iter(events))}"
        raise BadAbstraction(message)
    side = names.index(who)
    may: dict[Event, int] = {**scenario.sides[side].may, events[what]: value}
    one, other = scenario.sides
    changed = Side(may, scenario.sides[side].config)
    return replace(scenario, sides=(one, changed) if side else (changed, other))
