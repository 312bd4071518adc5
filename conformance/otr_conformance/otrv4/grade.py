"""Grading OTRv4: see `otr_conformance.play.grade`, which says what is compared."""

from __future__ import annotations

from otr_conformance.play.grade import Grader, Played, Result, Tolerance
from otr_model.otrv4.variants import LITERAL

from .labs import Lab, TermLab
from .stage import Cast, Stage, reference_target, set_stage

__all__ = ["GRADER", "Played", "Result", "difference", "grade", "play", "predict"]

GRADER: Grader[Lab, Cast, Stage] = Grader(
    set_stage,
    reference_target,
    TermLab,
    LITERAL,
    Tolerance(("Data",), ("Data", "plaintext", "tagged plaintext")),
)
play, predict, grade = GRADER.play, GRADER.predict, GRADER.grade
difference = GRADER.difference
