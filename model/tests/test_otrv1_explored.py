"""OTR version 1, explored: its flaw is found by a shortest run, and its cures leave none."""

from __future__ import annotations

import pytest

from otr_check.explore.scenario import BadScenario, scenario_of
from otr_check.explore.search import Exploration, Found
from otr_check.otrv1.exploring import Exploring1
from otr_model.otrv1.history import CURES

MISBINDING = """
title = "Somebody else's name under a D-H key"
about = "Mallory puts her own name under the D-H key of one of two who exchange theirs."
protocol = "otrv1"
ask = ["agreement", "secrecy", "authenticity", "no-replay"]
expect = ["agreement"]

[attacker]
injects = 1
sends = ["key-exchange"]

[participant.alice]
peer = "bob"
does = { start = 1 }

[participant.bob]
peer = "alice"
does = { send = 1 }
"""
TWICE = MISBINDING.replace("injects = 1", "injects = 2")
HONEST = """
title = "Two users begin at once"
protocol = "otrv1"
ask = ["agreement", "secrecy", "authenticity", "plaintext", "belief"]

[participant.alice]
peer = "bob"
does = { start = 1, send = 1 }

[participant.bob]
peer = "alice"
does = { start = 1, send = 1 }
"""
VARIANTS = {cure.name: cure for cure in CURES}


def explored(text: str) -> Found:
    scenario = scenario_of(text)
    return Exploration(scenario, Exploring1(scenario, VARIANTS)).run()


def with_variant(text: str, name: str) -> str:
    """The same, where everybody's tables are a variant."""
    return text.replace("\ndoes = {", f'\nvariant = "{name}"\ndoes = {{')


def test_the_misbinding_is_found_by_a_shortest_run() -> None:
    found = explored(MISBINDING)

    (violation,) = found.violations
    assert violation.property == "agreement"
    assert "private with mallory, in a session of" in violation.says
    assert violation.depth == 4


def test_a_reflection_is_found_by_a_shorter_one() -> None:
    found = explored(MISBINDING.replace("key-exchange", "repeated"))

    (violation,) = found.violations
    assert violation.says == "bob is private with bob, who takes no part in it"
    assert violation.depth == 3


@pytest.mark.parametrize("cure", VARIANTS)
def test_a_cure_leaves_no_misbinding(cure: str) -> None:
    found = explored(with_variant(TWICE, cure))

    assert found.complete
    assert not found.violations
    assert found.states > 200


def test_only_what_is_made_of_both_keys_cures_the_reflection() -> None:
    mac, named = VARIANTS
    reflected = TWICE.replace("key-exchange", "repeated")

    assert not explored(with_variant(reflected, mac)).violations
    (violation,) = explored(with_variant(reflected, named)).violations
    assert violation.says == "bob is private with bob, who takes no part in it"


@pytest.mark.parametrize("cure", ["", *VARIANTS])
def test_without_an_attacker_nothing_is_wrong(cure: str) -> None:
    found = explored(with_variant(HONEST, cure) if cure else HONEST)

    assert found.complete
    assert not found.violations


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (HONEST.replace("send = 1", "smp = 1"), "OTRv1 has no 'smp'"),
        (HONEST.replace("does =", "policy = { allow_v2 = true }\ndoes ="), "no 'allow_v2'"),
        (HONEST.replace("does =", 'variant = "odd"\ndoes ='), "there is no 'odd'"),
        (MISBINDING.replace("key-exchange", "smp"), "OTRv1 has no 'smp'; it has query"),
        (MISBINDING.replace("injects = 1", 'injects = 1\nfails = ["SIGNED"]'), "nobody fails"),
    ],
)
def test_what_version_1_has_not_is_refused(wrong: str, says: str) -> None:
    with pytest.raises(BadScenario, match=says):
        explored(wrong)
