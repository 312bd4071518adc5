"""How the cost of exploring grows with bounds."""

from __future__ import annotations

import pytest

from otr_check.explore.growth import Bound, bound_of, grow, with_bound
from otr_check.explore.scenario import Action, BadScenario, scenario_of, shipped

TALK = scenario_of(shipped()["otrv3-talk"])


def test_each_series_varies_one_bound_and_is_told_of_as_it_goes() -> None:
    told: list[tuple[str, int]] = []

    series = grow(
        TALK,
        (Bound("in_flight", 1, 2), Bound("alice.send", 0, 2)),
        states=10_000,
        told=lambda bound, point: told.append((bound.name, point.value)),
    )

    assert told == [
        ("in_flight", 1),
        ("in_flight", 2),
        ("alice.send", 0),
        ("alice.send", 1),
        ("alice.send", 2),
    ]
    flight, sends = series
    for each in series:
        states = [point.states for point in each.points]
        assert states == sorted(set(states))
    assert flight.points[1].states == sends.points[1].states  # both are the scenario as it is
    assert all(point.complete for each in series for point in each.points)


def test_a_series_ends_where_an_exploration_is_cut_short() -> None:
    (series,) = grow(TALK, (Bound("replays", 0, 5),), states=200)

    assert [point.value for point in series.points] == [0, 1]
    assert [point.complete for point in series.points] == [True, False]


def test_a_bound_of_depth_goes_on_although_each_is_cut_short() -> None:
    (series,) = grow(TALK, (Bound("depth", 1, 4),), states=10_000)

    assert [point.depth for point in series.points] == [1, 2, 3, 4]


def test_what_a_bound_is_called_is_what_it_changes() -> None:
    assert with_bound(TALK, "in_flight", 4).bounds.in_flight == 4
    assert with_bound(TALK, "replays", 2).network.replays == 2
    assert dict(with_bound(TALK, "bob.end", 1).actors[1].does)[Action.END] == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("in_flight", "is no bound"),
        ("=1..2", "is no bound"),
        ("in_flight=a..b", "is no bound"),
        ("in_flight=3..1", "below the first"),
        ("depth=1..1000", "more than 64"),
    ],
)
def test_what_is_no_bound_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(BadScenario, match=complaint):
        bound_of(text)


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("width", 1, "there is no bound 'width'"),
        ("injects", 1, "injects where there is an attacker"),
        ("carol.send", 1, "there is no bound"),
        ("alice.fly", 1, "there is no bound"),
        ("in_flight", 0, "not 1 to 16"),
        ("replays", 16, "not 0 to 15"),
        ("alice.send", 16, "more than 15 times"),
    ],
)
def test_a_value_that_a_bound_cannot_have_is_refused(name: str, value: int, complaint: str) -> None:
    with pytest.raises(BadScenario, match=complaint):
        with_bound(TALK, name, value)
