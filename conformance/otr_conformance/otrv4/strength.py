"""What the cases of OTRv4 are worth: see `otr_conformance.play.strength`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_conformance.play.strength import Noticed, Strength, Trial, row_of
from otr_model.otrv4.protocol import OTRV4

from .case import CASES
from .grade import GRADER

if TYPE_CHECKING:
    from .labs import Lab
    from .stage import Cast, Stage

__all__ = [
    "TRIAL",
    "Noticed",
    "Strength",
    "coverage",
    "faults",
    "measure",
    "notice",
    "row_of",
    "skipped_checks",
]

TRIAL: Trial[Lab, Cast, Stage] = Trial(OTRV4, GRADER, CASES)
coverage, notice, measure = TRIAL.coverage, TRIAL.notice, TRIAL.measure
faults, skipped_checks = TRIAL.faults, TRIAL.skipped_checks
