"""How the cost of exploring a scenario grows with its bounds.

Each series varies one bound and leaves the others as the scenario has them. A bound is named by

- `in_flight`, `depth` or `states`: a bound of the scenario;
- `replays`: of the network;
- `injects`: of the attacker;
- `NAME.ACTION`, such as `alice.send`: how often a participant may do something.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from .registry import adaptor_of
from .scenario import Action, BadScenario, checked
from .search import Exploration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .scenario import Scenario

__all__ = ["Bound", "Point", "Series", "bound_of", "grow", "with_bound"]

BOUNDS: Final = ("in_flight", "depth", "states")
MOST: Final = 64
"""Values of one bound, at most."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A bound, and the values that it is given.

    Attributes:
        name: see the head of the module.
        first, last: the values, both included.
    """

    name: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Point:
    """One exploration.

    Attributes:
        value: of the bound.
        states: distinct joint states.
        steps: ways from one to the next.
        depth: the longest distance from the beginning.
        complete: whether no other bound cut it short.
        seconds: how long it took.
    """

    value: int
    states: int
    steps: int
    depth: int
    complete: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Series:
    """What comes of varying a bound."""

    bound: str
    points: tuple[Point, ...]


def bound_of(text: str) -> Bound:
    """A bound from `NAME=FIRST..LAST`.

    Raises:
        BadScenario: if it is none.
    """
    name, equals, values = text.partition("=")
    first, dots, last = values.partition("..")
    if not (name and equals and first.isdecimal() and (not dots or last.isdecimal())):
        message = f"{text!r} is no bound: write NAME=FIRST..LAST, such as in_flight=1..4"
        raise BadScenario(message)
    bound = Bound(name, int(first), int(last or first))
    if not bound.first <= bound.last < bound.first + MOST:
        message = f"{text!r}: the last value is below the first, or there are more than {MOST}"
        raise BadScenario(message)
    return bound


def with_bound(scenario: Scenario, name: str, value: int) -> Scenario:
    """The scenario with another value of a bound.

    Raises:
        BadScenario: if there is no such bound, or it cannot have the value.
    """
    if name in BOUNDS:
        return checked(replace(scenario, bounds=replace(scenario.bounds, **{name: value})))
    if name == "replays":
        return checked(replace(scenario, network=replace(scenario.network, replays=value)))
    if name == "injects" and scenario.attacker is not None:
        return checked(replace(scenario, attacker=replace(scenario.attacker, injects=value)))
    who, _, word = name.partition(".")
    actions = {action.label: action for action in Action}
    if who not in {actor.name for actor in scenario.actors} or word not in actions:
        message = (
            f"there is no bound {name!r}: in_flight, depth, states, replays, injects where there "
            "is an attacker, or NAME.ACTION of a participant"
        )
        raise BadScenario(message)
    actors = tuple(
        replace(actor, does=tuple({**dict(actor.does), actions[word]: value}.items()))
        if actor.name == who
        else actor
        for actor in scenario.actors
    )
    return checked(replace(scenario, actors=actors))


def grow(
    scenario: Scenario,
    bounds: Iterable[Bound],
    *,
    states: int,
    told: Callable[[Bound, Point], None] | None = None,
) -> tuple[Series, ...]:
    """Explore a scenario with each value of each bound, whether properties hold or not.

    Args:
        scenario: what is explored.
        bounds: what is varied.
        states: where an exploration stops; larger values of that bound are left out.
        told: called after each exploration.

    Raises:
        BadScenario: if there is no such bound, or it cannot have such a value.
    """
    series: list[Series] = []
    for bound in bounds:
        points: list[Point] = []
        for value in range(bound.first, bound.last + 1):
            varied = with_bound(with_bound(scenario, "states", states), bound.name, value)
            found = Exploration(varied, adaptor_of(varied)).run(until_violated=False)
            point = Point(
                value, found.states, found.steps, found.depth, found.complete, found.seconds
            )
            points.append(point)
            if told is not None:
                told(bound, point)
            if not found.complete and bound.name not in BOUNDS[1:]:
                break
        series.append(Series(bound.name, tuple(points)))
    return tuple(series)
