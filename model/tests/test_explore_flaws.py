"""Every flaw of OTRv3's history is found by a search, and none where it was put right."""

from __future__ import annotations

import pytest

from otr_check.explore.properties import PROPERTIES as ASKED
from otr_check.explore.registry import adaptor_of
from otr_check.explore.scenario import Scenario, scenario_of, shipped
from otr_check.explore.search import Exploration, Found
from otr_model.kernel.history import PROPERTIES as VIOLATED
from otr_model.kernel.history import by_name
from otr_model.otrv3.history import FLAWS

PREFIX = "otrv3-flaw-"
FOUND_BY_HAND = {"commitment-undone"}
"""Flaws that are about what a participant commits to, which no property of a joint state asks."""
SCENARIOS = {
    name.removeprefix(PREFIX): text for name, text in shipped().items() if name.startswith(PREFIX)
}


def explored(scenario: Scenario) -> Found:
    return Exploration(scenario, adaptor_of(scenario)).run()


def plain(text: str) -> str:
    """The same without what brings the flaw back."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if "otrv3.flaw:" not in line)


def test_every_flaw_has_a_scenario_and_every_scenario_a_flaw() -> None:
    assert set(SCENARIOS) == set(by_name(FLAWS)) - FOUND_BY_HAND


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_flaw_is_found_and_violates_what_is_said_of_it(name: str) -> None:
    flaw, scenario = by_name(FLAWS)[name], scenario_of(SCENARIOS[name])

    found = explored(scenario)

    assert [violation.property for violation in found.violations] == list(scenario.expect)
    assert flaw.violates in scenario.expect


@pytest.mark.parametrize("name", SCENARIOS)
def test_where_it_was_put_right_there_is_none_within_the_same_bounds(name: str) -> None:
    flaw, scenario = by_name(FLAWS)[name], scenario_of(plain(SCENARIOS[name]))

    found = explored(scenario)

    if flaw.stands:
        assert [violation.property for violation in found.violations] == list(scenario.expect)
    else:
        assert found.complete
        assert not found.violations


def test_what_a_flaw_can_violate_is_what_a_search_can_ask() -> None:
    assert set(VIOLATED) - set(ASKED) == {"commitment"}
