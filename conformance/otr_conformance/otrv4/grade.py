"""Grading OTRv4: see `otr_conformance.play.grade`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_conformance.play.compare import Compared
from otr_conformance.play.grade import Grader, Played, Result
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv4.protocol import OTRV4
from otr_model.otrv4.variants import LITERAL
from otr_model.otrv4.words import Mode

from .labs import Lab, TermLab
from .stage import Cast, Stage, reference_target, set_stage
from .watch import watch

if TYPE_CHECKING:
    from .case import Case

__all__ = ["GRADER", "Played", "Result", "difference", "grade", "play", "predict"]

SOURCES = {
    "heartbeat": "otrv4.clause:receiving-data.heartbeat",
    "not-sent": "otrv4.clause:states.finished.purpose",
    "refused-mac-keys": "otrv4.clause:mac-reveal.added",
    "unused-mac-keys": "otrv4.clause:mac-reveal.added.stored",
}
"""What the text says of what is let pass, by the name of the tolerance."""


class _Grader(Grader[Lab, Cast, Stage]):
    """The one of every protocol, and where terms cannot tell what a user sees."""

    def predicting(self, case: Case, lab: Lab) -> Lab:
        """Terms, in the compatible mode; in the others a user is shown what is not of version 4."""
        return super().predicting(case, lab) if case.cast.mode is Mode.COMPATIBLE else lab


GRADER = _Grader(
    set_stage,
    reference_target,
    TermLab,
    LITERAL,
    Compared(("Data",), ("Data", "plaintext", "tagged plaintext"), SOURCES),
    (OTRV4, OTRV3),
    watch,
)
play, predict, grade = GRADER.play, GRADER.predict, GRADER.grade
difference = GRADER.difference
