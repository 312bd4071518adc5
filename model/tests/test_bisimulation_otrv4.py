"""Bisimulation of OTRv4: two families, runs that go round, and a version inside a version."""

from __future__ import annotations

from functools import cache

import pytest

from otr_check.bisimulation import (
    OTRV4_MESSAGES,
    Candidate,
    Equivalent,
    Judge,
    Verdict,
    follow,
)
from otr_model.kernel.mutants import named
from otr_model.kernel.variant import SetParameter, SkipCheck, Variant, mutants
from otr_model.otrv4.conditions import Check
from otr_model.otrv4.protocol import OTRV4
from otr_reference.otrv4.step import Otrv4Step

pytestmark = pytest.mark.slow


@cache
def judge() -> Judge:
    return Judge(follow(OTRV4, Otrv4Step, given=OTRV4_MESSAGES))


BY_NAME = {variant.name: variant for variant in mutants(OTRV4)}


def verdict(name: str) -> Verdict:
    return judge().judge(BY_NAME[name])


NEVER_TAKEN = (
    "otrv4.ratchet:keys-agreed.held.retriever",
    "otrv4.ratchet:sending.empty",
    "otrv4.ratchet:protected.empty",
    "otrv4.dake:auth-i.waiting-auth-i.not-allowed",
    "otrv4.message:data-taken.finished",
    "otrv4.message:user-start-dake.finished.not-allowed",
    "otrv4.smp:smp-3.expect2.not-private",
)


@pytest.mark.parametrize("row", NEVER_TAKEN)
def test_a_row_that_is_never_taken_may_do_anything(row: str) -> None:
    mine = [v for name, v in BY_NAME.items() if f" {row}" in name]

    assert mine
    for variant in mine:
        assert judge().judge(variant) == Equivalent(variant.name, 0)


@pytest.mark.parametrize(
    "name",
    ["always third", "boundary third 1", "mute dake-begun otrv4.dake:dake-wanted.idle.allowed"],
)
def test_what_does_the_same_or_nothing_makes_no_difference(name: str) -> None:
    variant = named(OTRV4, name)

    assert variant is not None
    assert isinstance(judge().judge(variant), Equivalent)


def test_rows_that_are_taken_are_taken_in_every_family() -> None:
    roles = {judge().world.roles[place.role].name for place in judge().original.paths}

    assert roles == {"master", "instance", "assembly"}


NOTICED = (
    "drop otrv4.dake:identity.idle.acceptable",
    "drop otrv4.dake:auth-r.waiting-auth-r.acceptable",
    "retarget otrv4.dake:auth-i.waiting-auth-i.allowed.auth-i-valid WAITING_AUTH_I",
    "drop otrv4.ratchet:protected.held.next",
    "drop otrv4.ratchet:sending.held.rotates.our-third",
    "retarget otrv4.fragment:piece.empty.first EMPTY",
    "drop otrv4.message:user-send.encrypted-messages",
    "retarget otrv4.message:disconnected.encrypted-messages START",
    "drop otrv4.version:query.ready.older",
)
"""Faults that a case of the suite notices."""


@pytest.mark.parametrize("name", NOTICED)
def test_what_a_case_notices_is_never_proved_equal(name: str) -> None:
    found = verdict(name)

    assert isinstance(found, Candidate)
    assert 1 <= len(found.inputs) <= 6


@pytest.mark.parametrize("check", [Check.AUTH_R_SIGMA, Check.DATA_MAC, Check.PROFILE_FRESH])
def test_a_check_that_is_not_made_is_a_candidate(check: Check) -> None:
    found = judge().judge(Variant("skip", "", (SkipCheck(check),)))

    assert isinstance(found, Candidate)
    assert not found.guessed


def test_another_number_of_assemblies_is_not_proved_equal() -> None:
    """No code asks for the number: but which assembly is gone differs, and that is noticed."""
    found = judge().judge(Variant("few", "", (SetParameter("max_assemblies", 1),)))

    assert isinstance(found, Candidate)
    assert found.inputs[0].event == "elsewhere"
