"""The conversations of OTRv4 that are recorded; see `otr_conformance.play.recordings`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_conformance.play.recordings import ALICE, BOB, Recorder, Recording, Recordings
from otr_reference.otrv4.commands import StartDake, StartOffline
from otr_reference.otrv4.messages import DataMessage, Query

from .case import V4_ONLY
from .labs import RealLab
from .stage import NAMES, Cast, Ensembles, reference_target, set_stage

if TYPE_CHECKING:
    from otr_conformance.play.stage import AnyStage
    from otr_reference.sorts import Wire

    from .stage import Stage

__all__ = ["RECORDINGS", "record"]


def _private(recorder: Recorder) -> None:
    recorder.starts(ALICE)
    recorder.settle()


def _interactive(recorder: Recorder) -> None:
    _private(recorder)
    recorder.says(ALICE, "hello")
    recorder.settle()


def _offline(recorder: Recorder) -> None:
    bob = recorder.stage.target
    if isinstance(bob, Ensembles):
        offline = StartOffline(bob.ensemble())
        recorder.does(ALICE, "has a prekey ensemble of Bob's, who is offline", offline)
    recorder.says(ALICE, "read this when you are back")
    recorder.settle()
    recorder.says(BOB, "I am back")
    recorder.settle()


def _both_begin(recorder: Recorder) -> None:
    recorder.does(ALICE, "starts a conversation", StartDake())
    recorder.does(BOB, "starts a conversation", StartDake())
    recorder.settle()


def _ratchets(recorder: Recorder) -> None:
    _private(recorder)
    recorder.steps.clear()
    for number in (1, 2):
        recorder.says(BOB, f"question {number}")
        recorder.settle()
        recorder.says(ALICE, f"answer {number}")
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
    return set_stage(RealLab(), Cast(V4_ONLY, V4_ONLY), reference_target())


def _label(stage: AnyStage, wire: Wire) -> str:
    """What a message is called; for a Data Message, in which ratchet it is."""
    message = stage.decode(wire)
    if isinstance(message, Query):
        return f"Query Message {stage.lab.from_network(wire).decode('utf-8', 'replace')}"
    if isinstance(message, DataMessage):
        fields = message.fields
        return f"Data Message, ratchet {fields.ratchet_id}, message {fields.message_id}"
    return f"{NAMES[type(message)]} message"


RECORDINGS: Final = Recordings(
    {
        "interactive-dake": Recording("The interactive DAKE", _interactive),
        "non-interactive-dake": Recording("The non-interactive DAKE", _offline),
        "both-begin": Recording("Both sides begin at once", _both_begin),
        "ratchets": Recording("Four ratchets", _ratchets),
        "smp": Recording("SMP with a question and equal secrets", _smp),
        "end": Recording("The end of a private conversation", _end),
    },
    _stage,
    _label,
)
record = RECORDINGS.record
