"""Recordings: conversations of the reference with itself, as sequences for whoever draws them.

Alice and Bob have fixed seeds and instance tags, and nothing that is recorded depends on anything
else: recording twice gives the same.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from otr_model.trace import Arrow, Note, Sequence
from otr_reference.otrv3.commands import AnswerSmp, End, SendText, Start, StartSmp
from otr_reference.otrv3.messages import Query

from .case import V3_ONLY
from .labs import RealLab
from .stage import NAMES, Cast, reference_target, set_stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_reference.otrv3.commands import Command
    from otr_reference.sorts import Wire

    from .stage import Reaction, Report

__all__ = ["RECORDINGS", "Recording", "record"]

ALICE: Final = "Alice"
BOB: Final = "Bob"
_OTHER: Final = {ALICE: BOB, BOB: ALICE}
_ANSWER: Final = "the tower"


@dataclass(frozen=True, slots=True)
class Recording:
    """A conversation to be recorded.

    Attributes:
        title: what it shows.
        play: what Alice and Bob do.
    """

    title: str
    play: Callable[[Recorder], None]


class Recorder:
    """Alice, Bob, and the network between them, which delivers in the order of sending.

    Attributes:
        steps: what was recorded.
    """

    def __init__(self) -> None:
        self._lab = RealLab()
        self._stage = set_stage(self._lab, Cast(V3_ONLY, V3_ONLY), reference_target())
        self._parties = {ALICE: self._stage.tester, BOB: self._stage.target}
        self._queue: deque[tuple[str, Wire]] = deque()
        self.steps: list[Arrow | Note] = []

    def does(self, who: str, what: str, command: Command) -> None:
        """A user, or the application for them, asks for something."""
        self.steps.append(Note(who, what))
        self._take(who, self._parties[who].command(command))

    def says(self, who: str, text: str) -> None:
        """A user types a message."""
        self.does(who, f"types “{text}”", SendText(self._lab.text(text)))

    def settle(self) -> None:
        """Everything is delivered, until nothing is on its way."""
        while self._queue:
            sender, wire = self._queue.popleft()
            receiver = _OTHER[sender]
            label = self._label(wire)
            reaction = self._parties[receiver].receive(wire)
            self.steps.append(Arrow(sender, receiver, label, reaction.trace))
            self._take(receiver, reaction)

    def begin_smp(self, question: str) -> None:
        """Alice asks a question."""
        secret = self._lab.passphrase(_ANSWER)
        command = StartSmp(secret, self._lab.text(question))
        self.does(ALICE, f"asks “{question}”, and gives the answer", command)

    def answer_smp(self) -> None:
        """Bob gives the same answer."""
        self.does(BOB, "gives the answer", AnswerSmp(self._lab.passphrase(_ANSWER)))

    def _label(self, wire: Wire) -> str:
        """What a message is called."""
        message = self._stage.decode(wire)
        if isinstance(message, Query):
            return f"Query Message {self._lab.from_network(wire).decode('utf-8', 'replace')}"
        return f"{NAMES[type(message)]} Message"

    def _take(self, who: str, reaction: Reaction) -> None:
        self._queue.extend((who, wire) for wire in reaction.wires)
        for report in reaction.reports:
            told = _told(report)
            if told:
                self.steps.append(Note(who, told))


def _told(report: Report) -> str:
    """What a user is told, in a few words; "" for what a drawing can do without."""
    if report.what == "message":
        return f"reads “{report.detail.partition(' ')[2]}”"
    if report.what == "smp" and report.detail.startswith("asked"):
        return f"is asked “{report.detail.partition(' ')[2]}”"
    return _TOLD.get(str(report)) or _TOLD.get(report.what, "")


_TOLD: Final = {
    "secure": "private, and knows who the peer is",
    "finished": "is told that the peer has ended it",
    "insecure": "the conversation is no longer private",
    "warning not-sent": "is told that it was not sent",
    "smp success": "the secrets are equal",
    "smp failure": "the secrets differ",
}


def _private(recorder: Recorder) -> None:
    recorder.does(ALICE, "asks for a private conversation", Start())
    recorder.settle()


def _ake(recorder: Recorder) -> None:
    _private(recorder)
    recorder.says(ALICE, "hello")
    recorder.settle()


def _both_begin(recorder: Recorder) -> None:
    recorder.does(ALICE, "asks for a private conversation", Start())
    recorder.does(BOB, "asks for a private conversation", Start())
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
    recorder.does(ALICE, "ends the conversation", End())
    recorder.settle()
    recorder.says(BOB, "are you there?")
    recorder.does(BOB, "ends the conversation", End())
    recorder.settle()


RECORDINGS: Final = {
    "ake": Recording("The authenticated key exchange", _ake),
    "both-begin": Recording("Both sides begin at once", _both_begin),
    "smp": Recording("SMP with a question and equal secrets", _smp),
    "end": Recording("The end of a private conversation", _end),
}
"""By the name of their drawings."""


def record(name: str) -> Sequence:
    """Record a conversation.

    Raises:
        KeyError: if there is none of that name.
    """
    recording = RECORDINGS[name]
    recorder = Recorder()
    recording.play(recorder)
    return Sequence(recording.title, (ALICE, BOB), tuple(recorder.steps))
