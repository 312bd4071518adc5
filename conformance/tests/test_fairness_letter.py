"""A target that reads an ambiguity of the text to the letter is failed by no case."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from otr_conformance.cli import main
from otr_conformance.mutate import readings, unfair
from otr_conformance.otrv4.grade import GRADER
from otr_conformance.otrv4.stage import reference_target
from otr_conformance.play.stage import Reaction
from otr_conformance.protocols import PROTOCOLS, protocol
from otr_conformance.verdict import Verdict
from otr_model.kernel.variant import NONE, DropRow, Variant
from otr_model.otrv4 import ambiguities as holes
from otr_model.otrv4.variants import LITERAL
from otr_reference.engine import Unprepared

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY = 12
"""One case in so many is played here; `otrspec mutate --letter` plays all of them."""
FORGED = holes.FORGED_NON_INTERACTIVE_AUTH.id
WITHOUT_KEYS = (
    "otrv4.case:pair.dake.non-interactive-auth.waiting-auth-r.not-valid"
    "+message.user-send.encrypted-messages"
)
"""A forged message arrives in a private conversation, and then the user types."""
DEAF = Variant(
    "deaf",
    "no Auth-R message is taken",
    (DropRow("otrv4.dake:auth-r.waiting-auth-r.acceptable"),),
)
"""A deviation that shows after that, in the same case."""


@pytest.mark.slow
@pytest.mark.parametrize("name", PROTOCOLS)
def test_no_case_fails_a_target_that_follows_the_letter(name: str) -> None:
    found = unfair(name, readings(name), every=EVERY)

    assert [(each.reading, each.case, each.draws, each.because) for each in found] == []


def test_every_literal_reading_is_asked_of() -> None:
    for name in PROTOCOLS:
        assert set(readings(name)) == set(protocol(name).suite.grader.literal)


# A reading that leads to where the text says nothing more.


def forgetful(answers: Reaction | None) -> Callable[[Any, Any], Any]:
    """The letter of forged-non-interactive-auth; without keys it answers so, or with nothing."""

    def make(lab: Any, cast: Any) -> Any:
        party: Any = reference_target(LITERAL[FORGED])(lab, cast)
        take = party.command

        def command(given: Any) -> Reaction:
            try:
                reaction: Reaction = take(given)
            except Unprepared:
                return Reaction() if answers is None else answers
            return reaction

        party.command = command
        return party

    return make


def verdict(target: Callable[[Any, Any], Any]) -> tuple[Verdict, str]:
    """What the case says of a target, and the reading that it names."""
    suite = protocol("otrv4").suite
    result = GRADER.grade(suite.cases[WITHOUT_KEYS], suite.terms(), target, explained=False)
    return result.verdict, result.ambiguity


def test_a_target_that_is_left_without_keys_by_the_letter_may_do_what_it_likes() -> None:
    assert verdict(forgetful(None)) == (Verdict.NOTE, FORGED)


def test_that_excuses_nobody_who_still_has_its_keys() -> None:
    assert verdict(reference_target(NONE)) == (Verdict.PASS, "")
    assert verdict(reference_target(DEAF)) == (Verdict.FAIL, "")


def test_the_command_says_how_many_readings_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mutate", "otrv3", "--letter", "--only", "*:failed-signature", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"exit": 0, "readings": 1, "unfair": []}

    assert main(["mutate", "otrv3", "--letter", "--only", "pears"]) == 2
    assert "pears" in capsys.readouterr().err
