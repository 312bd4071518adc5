"""The conversations of OTRv3 that are recorded; see `otr_conformance.play.recordings`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_conformance.play.recordings import ALICE, BOB, Recorder, Recording, Recordings
from otr_reference.otrv3.messages import Query

from .case import V3_ONLY
from .labs import RealLab
from .stage import NAMES, Cast, reference_target, set_stage

if TYPE_CHECKING:
    from otr_conformance.play.stage import AnyStage
    from otr_reference.sorts import Wire

    from .stage import Stage

__all__ = ["RECORDINGS", "record"]


def _private(recorder: Recorder) -> None:
    recorder.starts(ALICE)
    recorder.settle()


def _ake(recorder: Recorder) -> None:
    _private(recorder)
    recorder.says(ALICE, "hello")
    recorder.settle()


def _both_begin(recorder: Recorder) -> None:
    recorder.starts(ALICE)
    recorder.starts(BOB)
    recorder.settle()


def _smp(recorder: Recorder) -> None:
    _private(recorder)
    recorder.steps.clear()
    recorder.begin_smp("Where did we meet?")
    recorder.settle()
    recorder.answer_smp()
    recorder.settle()


def _end(recorder: Recorder) -> None:
    _private(recorder)
    recorder.steps.clear()
    recorder.ends(ALICE)
    recorder.settle()
    recorder.says(BOB, "are you there?")
    recorder.ends(BOB)
    recorder.settle()


def _stage() -> Stage:
    return set_stage(RealLab(), Cast(V3_ONLY, V3_ONLY), reference_target())


def _label(stage: AnyStage, wire: Wire) -> str:
    """What a message is called."""
    message = stage.decode(wire)
    if isinstance(message, Query):
        return f"Query Message {stage.lab.from_network(wire).decode('utf-8', 'replace')}"
    return f"{NAMES[type(message)]} Message"


RECORDINGS: Final = Recordings(
    {
        "ake": Recording("The authenticated key exchange", _ake),
        "both-begin": Recording("Both sides begin at once", _both_begin),
        "smp": Recording("SMP with a question and equal secrets", _smp),
        "end": Recording("The end of a private conversation", _end),
    },
    _stage,
    _label,
)
record = RECORDINGS.record
