"""Two variants side by side."""

from __future__ import annotations

import pytest

from otr_check.explore.beside import Beside, seen_of
from otr_check.explore.registry import adaptor_of
from otr_check.explore.scenario import BadScenario, scenario_of
from otr_check.explore.search import Exploration, Found
from otr_check.otrv3.suite import TermSuite
from otr_reference.otrv3.messages import Content, Plaintext

SCENARIO = """
title = "Alice, and Alice as she might be"
protocol = "otrv3"
ask = ["alike"]

[bounds]
in_flight = 2
states = {states}

[network]
order = "sent"
{network}

[participant.alice]
peer = "bob"
does = {{ start = 1, send = 1{alice} }}
variant = "{variant}"
against = "plain"

[participant.bob]
peer = "alice"
does = {{ {bob} }}
"""


def compared(
    variant: str, *, alice: str = "", bob: str = "", network: str = "", states: int = 20_000
) -> Found:
    text = SCENARIO.format(states=states, network=network, alice=alice, bob=bob, variant=variant)
    scenario = scenario_of(text)
    return Exploration(scenario, adaptor_of(scenario)).run()


def test_a_variant_that_is_no_other_is_told_apart_by_nothing() -> None:
    found = compared("", alice=", end = 1", bob="send = 1", network="replays = 1")

    assert not found.violations
    assert found.complete


@pytest.mark.parametrize(
    ("variant", "steps", "says"),
    [
        ("drop otrv3.message:user-start.plaintext.not-disabled", 1, "0 messages are sent or 1"),
        ("otrv3.flaw:simultaneous-start", 5, "a message is sent that is another one"),
        (
            "retarget otrv3.ake:dh-key.awaiting-dhkey.allowed.dh-key-valid NONE",
            6,
            "shown nothing or private with bob",
        ),
    ],
)
def test_a_variant_is_told_apart_by_a_shortest_run(variant: str, steps: int, says: str) -> None:
    (violation,) = compared(variant, bob="start = 1").violations

    assert violation.property == "alike"
    assert violation.depth == steps
    assert says in violation.says


def test_what_is_typed_after_the_end_tells_a_flaw_apart() -> None:
    (violation,) = compared("otrv3.flaw:plaintext-after-end", bob="end = 1").violations

    assert "the user is shown nothing or NotSent" in violation.says


def test_a_difference_that_needs_more_than_the_bounds_is_not_found() -> None:
    found = compared("otrv3.flaw:smp-across-refresh")

    assert found.complete
    assert not found.violations


def test_an_observer_sees_contents_and_no_random_values() -> None:
    suite = TermSuite()
    seed = suite.seed(b"alice")
    one, other = suite.fresh_key(seed, 1), suite.fresh_key(seed, 2)
    hello, bye = Content(suite.octets(b"hello")), Content(suite.octets(b"bye"))

    assert one is not other
    assert seen_of(one) == seen_of(other)
    assert seen_of(suite.seal(one, 1, hello)) == seen_of(suite.seal(other, 1, hello))
    assert seen_of(suite.seal(one, 1, hello)) != seen_of(suite.seal(one, 1, bye))
    plain = [suite.encode(Plaintext(suite.octets(text))) for text in (b"hello", b"bye")]
    assert seen_of(plain[0]) != seen_of(plain[1])


def test_who_is_compared_is_not_attacked() -> None:
    text = SCENARIO.format(states=10, network="", alice="", bob="", variant="")

    with pytest.raises(BadScenario, match="attacker"):
        scenario_of(text + "\n[attacker]\ninjects = 1\n")
    assert isinstance(adaptor_of(scenario_of(text)), Beside)
