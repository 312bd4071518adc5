"""Mutants are found without being told where, by scripts grown on the plain reference."""

from __future__ import annotations

from random import Random

import pytest

from otr_conformance.derive.plan import Script
from otr_conformance.fuzz.mutants import Hunter, grown, probed
from otr_conformance.mutate import mutants_of
from otr_conformance.protocols import protocol

FUZZING = protocol("otrv3").fuzzing
MUTANTS = {mutant.name: mutant for mutant in mutants_of("otrv3")}
SCRIPTS = (
    Script("v3", ("tester starts", "everything arrives", "tester types", "everything arrives")),
    Script("v3", ("tester types", "everything arrives")),
)


def test_scripts_inside_of_others_are_left_out_and_probes_stand_behind() -> None:
    random = Random(1)  # noqa: S311 - what is played is no secret
    scripts = [("v3", ("a",)), ("v3", ("a", "b")), ("v2", ("a",)), ("v3", ("a", "b"))]

    made = probed(FUZZING, scripts, random)

    assert sorted((each.part, each.moves[0]) for each in made) == [("v2", "a"), ("v3", "a")]
    probes = {name for probe in FUZZING.plan.probes for name in probe}
    assert all(set(each.moves[2:]) <= probes for each in made)


def test_a_corpus_is_the_same_for_the_same_seed() -> None:
    assert grown(FUZZING, 1, 60) == grown(FUZZING, 1, 60) != grown(FUZZING, 2, 60)


def test_a_mutant_is_found_and_the_reference_is_not() -> None:
    hunter = Hunter("otrv3", SCRIPTS, 2.0)

    found = hunter.hunt(MUTANTS["bug plaintext-as-private"])

    assert found.found
    assert found.script is not None
    assert found.plays <= len(SCRIPTS)
    assert found.because


@pytest.mark.slow
def test_a_budget_ends_the_search() -> None:
    hunter = Hunter("otrv3", SCRIPTS[:1], 0.5)

    sought = hunter.hunt(MUTANTS["bug smp-question-dropped"])

    assert sought.found or sought.seconds < 5
    assert sought.plays >= 1


@pytest.mark.slow
def test_a_mutant_is_found_over_bytes() -> None:
    hunter = Hunter("otrv3", SCRIPTS, 5.0, octets=True)

    assert hunter.hunt(MUTANTS["bug plaintext-as-private"]).found
