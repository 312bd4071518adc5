"""Grading OTRv3: see `otr_conformance.play.grade`, which says what is compared."""

from __future__ import annotations

from otr_conformance.play.grade import Grader, Played, Result, Tolerance
from otr_model.otrv3.variants import LITERAL

from .labs import Lab, TermLab
from .stage import Cast, Stage, reference_target, set_stage

__all__ = ["GRADER", "Played", "Result", "difference", "grade", "play", "predict"]

_HEARTBEATS = ("Data v2", "Data v3")

GRADER: Grader[Lab, Cast, Stage] = Grader(
    set_stage,
    reference_target,
    TermLab,
    LITERAL,
    Tolerance(_HEARTBEATS, (*_HEARTBEATS, "plaintext", "tagged plaintext")),
)
play, predict, grade = GRADER.play, GRADER.predict, GRADER.grade
difference = GRADER.difference
