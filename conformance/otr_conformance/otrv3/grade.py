"""Grading OTRv3: see `otr_conformance.play.grade`."""

from __future__ import annotations

from otr_conformance.play.compare import Compared
from otr_conformance.play.grade import Grader, Played, Result
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.variants import LITERAL

from .labs import Lab, TermLab
from .stage import Cast, Stage, reference_target, set_stage
from .watch import watch

__all__ = ["GRADER", "Played", "Result", "difference", "grade", "play", "predict"]

_HEARTBEATS = ("Data v2", "Data v3")
SOURCES = {
    "heartbeat": "otrv3.clause:receiving-data.good.heartbeat",
    "retransmission": "otrv3.clause:receiving-dh-key.awaiting-sig.same",
    "malformed-answer": "otrv3.ambiguity:malformed-answer",
    "not-sent": "otrv3.clause:user-sends.finished.refuse",
    "refreshed": "otrv3.clause:receiving-reveal-signature.good.encrypted",
    "resent-mark": "otrv3.clause:receiving-reveal-signature.good.resend",
    "refused-mac-keys": "otrv3.clause:mac-reveal.gather",
    "unused-mac-keys": "otrv3.clause:mac-reveal.gather",
}
"""What the text says of what is let pass, by the name of the tolerance."""

GRADER: Grader[Lab, Cast, Stage] = Grader(
    set_stage,
    reference_target,
    TermLab,
    LITERAL,
    Compared(_HEARTBEATS, (*_HEARTBEATS, "plaintext", "tagged plaintext"), SOURCES),
    (OTRV3,),
    watch,
)
play, predict, grade = GRADER.play, GRADER.predict, GRADER.grade
difference = GRADER.difference
