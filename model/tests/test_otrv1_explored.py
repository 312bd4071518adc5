"""OTR version 1, explored: its flaw is found by a shortest run, and its cures leave none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from otr_check.explore.party import Local, Memory
from otr_check.explore.registry import adaptor_of
from otr_check.explore.replay import replay, replay_real, witness_of
from otr_check.explore.scenario import BadScenario, scenario_of
from otr_check.explore.search import Exploration, Found
from otr_check.otrv1.exploring import Exploring1
from otr_check.otrv1.replaying import Real
from otr_model.otrv1.history import CURES

if TYPE_CHECKING:
    from otr_check.explore.witness import Witness

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


def witness(text: str) -> Witness:
    """The first witness that is found."""
    scenario = scenario_of(text)
    exploration = Exploration(scenario, adaptor_of(scenario))
    return witness_of(exploration, exploration.run().violations[0])


@pytest.mark.parametrize("sends", ["key-exchange", "repeated"])
def test_what_is_found_happens_over_bytes_as_well(sends: str) -> None:
    found = witness(MISBINDING.replace("key-exchange", sends))

    over_terms, over_bytes = replay(found), replay_real(found)

    assert over_terms.differs == over_bytes.differs == ""
    assert len(over_bytes.steps) == len(found.steps)


FIRST, REPLY = "False, ", "True, "


@pytest.mark.parametrize(
    ("cure", "sends"),
    [("", (FIRST, "Data")), *((cure, (FIRST, REPLY, "Data")) for cure in VARIANTS)],
)
def test_a_whole_conversation_with_mallory_happens_over_bytes_as_well(
    cure: str, sends: tuple[str, ...]
) -> None:
    text = MISBINDING.replace('sends = ["key-exchange"]', 'sends = ["key-exchange", "data"]')
    scenario = scenario_of(with_variant(text, cure) if cure else text)
    terms, real = Exploring1(scenario, VARIANTS), Real(scenario, VARIANTS, 1)
    opponent = terms.attacker()
    knowledge = opponent.begin()
    symbolic = Local(terms.begin(0), Memory())
    concrete = Local(real.adaptor.begin(0), Memory())

    for start in sends:
        made = opponent.messages(knowledge, symbolic.conversation, 0)
        wire = next(wire for wire in made if start in str(wire)[:24])
        over_terms = terms.receive(0, symbolic, wire, 0, frozenset())
        over_bytes = real.adaptor.receive(0, concrete, real.make(wire), 0, frozenset())
        assert over_bytes.fired == over_terms.fired
        assert over_bytes.notices == over_terms.notices
        for term, sent in zip(over_terms.wires, over_bytes.wires, strict=True):
            real.observe(term, sent)
        knowledge = opponent.learn(knowledge, over_terms.wires)
        symbolic = replace(symbolic, conversation=over_terms.conversation)
        concrete = replace(concrete, conversation=over_bytes.conversation)

    assert over_bytes.notices == ("shown as private: 'forged'",)


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
