"""A literal reading does not hide what comes after it, and the tester's draws decide nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import otr_conformance.otrv3.suite  # noqa: F401 - declares the cases
from otr_conformance.otrv3.case import CASES, V3_ONLY
from otr_conformance.otrv3.grade import GRADER, grade
from otr_conformance.otrv3.labs import LEAST_ELEMENT, RealLab, TermLab
from otr_conformance.otrv3.scenes import private, private_by_target, talk
from otr_conformance.otrv3.stage import (
    EXCHANGE,
    TARGET_TAG,
    Cast,
    ReferenceParty,
    reference_target,
    set_stage,
)
from otr_conformance.play.stage import Reaction
from otr_conformance.verdict import Verdict
from otr_model.kernel.variant import EditRow, Override, Variant
from otr_model.otrv3 import ambiguities as holes
from otr_model.otrv3.variants import LITERAL
from otr_reference.otrv3.messages import Query, RevealSignature

if TYPE_CHECKING:
    from otr_conformance.otrv3.labs import Lab
    from otr_conformance.otrv3.stage import Stage
    from otr_reference.sorts import Wire

LAB = TermLab()
FRESH, SMP = holes.FRESH_KEYS.id, holes.SMP_REFRESH.id
OLDER = LITERAL[FRESH]
UNTIL = f"; until then it follows the letter of {FRESH}"
MUTE = Variant(
    "mute",
    "what is typed goes nowhere",
    (EditRow("otrv3.message:user-send.encrypted", do=()),),
)
REPEATED = Variant("repeated", "one key for everything", (Override("fresh_pair", "repeated"),))


@pytest.mark.parametrize("name", ["keys.refresh", "keys.refresh-v2", "life.refreshed"])
def test_a_target_that_sends_its_older_key_again_is_noted(name: str) -> None:
    result = grade(CASES[f"otrv3.case:{name}"], LAB, reference_target(OLDER))

    assert (result.verdict, result.ambiguity) == (Verdict.NOTE, FRESH)
    assert "again, which was not expected" in result.because


def test_what_is_wrong_after_it_is_what_the_sentence_is_about() -> None:
    case = CASES["otrv3.case:ake.query-offers-v3-in-awaiting-revealsig"]
    result = grade(case, LAB, reference_target(OLDER | MUTE))

    assert (result.verdict, result.ambiguity) == (Verdict.FAIL, FRESH)
    assert "the target sent no Data v3" in result.because
    assert result.because.endswith(UNTIL)
    assert "D-H" not in result.because.partition(": ")[2].removesuffix(UNTIL)


def test_several_readings_together_are_noted() -> None:
    case = CASES["otrv3.case:smp.refresh-in-asked"]
    result = grade(case, LAB, reference_target(OLDER | LITERAL[SMP]))

    assert result.verdict is Verdict.NOTE
    assert set(result.ambiguity.split(", ")) == {FRESH, SMP}


def test_a_key_that_was_to_be_forgotten_is_no_reading() -> None:
    result = grade(CASES["otrv3.case:life.refreshed"], LAB, reference_target(REPEATED))

    assert result.verdict is Verdict.FAIL


@pytest.mark.parametrize("lab", [TermLab(), RealLab()], ids=["terms", "bytes"])
def test_under_the_letter_keys_and_their_numbers_go_on(lab: TermLab | RealLab) -> None:
    stage = set_stage(lab, Cast(V3_ONLY, V3_ONLY), reference_target(OLDER))
    private(stage)
    talk(stage)
    talk(stage)
    before = _session(stage)
    private(stage)
    after = _session(stage)

    assert before[0] > 2
    assert after == before
    talk(stage)
    assert stage.observations[-1].peer == ("message private the same to you",)


def _session(stage: Stage) -> tuple[int, object, object]:
    target = stage.target
    assert isinstance(target, ReferenceParty)
    session = target.conversation.current
    assert session.ring is not None
    return session.our_keyid, session.ring.ours.public, session.ring.ours_previous.public


# What a target needs time for.


class Unhurried(ReferenceParty):
    """The reference, which ignores a Query Message within a minute of a message of the AKE."""

    last = 0

    def receive(self, wire: Wire) -> Reaction:
        """Nothing comes of a Query Message that comes too soon."""
        message = self.lab.suite.decode(wire)
        if isinstance(message, Query) and self.now < self.last + 60:
            return Reaction()
        if isinstance(message, EXCHANGE):
            self.last = self.now
        return super().receive(wire)


def unhurried(lab: Lab, cast: Cast) -> Unhurried:
    """Such a target."""
    return Unhurried(lab, lab.config("target", TARGET_TAG, cast.target, max_size=cast.max_size))


@pytest.mark.parametrize(
    ("name", "pause", "verdict"),
    [
        ("keys.refresh", 0, Verdict.FAIL),
        ("keys.refresh", 60, Verdict.PASS),
        ("life.refreshed-at-once", 60, Verdict.FAIL),
    ],
)
def test_a_target_that_needs_a_pause_is_tested_beyond_that(
    name: str, pause: int, verdict: Verdict
) -> None:
    case = replace(CASES[f"otrv3.case:{name}"], pause=pause)

    assert grade(case, LAB, unhurried).verdict is verdict


def test_there_is_a_pause_only_where_a_conversation_is_refreshed() -> None:
    paused = {
        name: any(
            "61 seconds pass" in line
            for line in GRADER.predict(replace(CASES[f"otrv3.case:{name}"], pause=61), LAB).log
        )
        for name in ("keys.refresh", "life.ended-by-target", "life.refreshed-at-once")
    }

    assert paused == {
        "keys.refresh": True,
        "life.ended-by-target": False,
        "life.refreshed-at-once": False,
    }


# What the tester draws.


def test_no_r_of_the_testers_begins_with_zero() -> None:
    suite = RealLab().suite
    seed = suite.seed(b"tester")

    assert all(suite.to_bytes(suite.fresh_key(seed, n))[0] >= 0x10 for n in range(200))
    assert all(int(suite.fresh_pair(seed, n).public) >= LEAST_ELEMENT for n in range(8))  # type: ignore[call-overload]  # opaque


def test_one_case_has_an_r_that_does() -> None:
    lab = RealLab()
    stage = set_stage(lab, Cast(V3_ONLY, V3_ONLY), reference_target())
    stage.tester_draws_zeros()
    private_by_target(stage)
    revealed = [
        lab.suite.to_bytes(message.revealed_key)[-16:]
        for arrival in stage.arrivals
        if isinstance(message := stage.decode(arrival.wire), RevealSignature)
    ]
    result = grade(
        CASES["otrv3.case:strength.revealed-key-begins-with-zeros"], lab, reference_target()
    )

    assert [each[0] for each in revealed] == [0]
    assert result.verdict is Verdict.PASS
