"""Recordings: conversations of the reference with itself, as sequences for whoever draws them.

Alice and Bob have fixed seeds and instance tags, and nothing that is recorded depends on anything
else: recording twice gives the same.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from otr_model.trace import Arrow, Note, Sequence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otr_reference.sorts import Wire

    from .stage import AnyStage, Reaction, Report

__all__ = ["ALICE", "BOB", "Recorder", "Recording", "Recordings"]

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


@dataclass(frozen=True, slots=True)
class Recordings:
    """The conversations of a protocol that are recorded.

    Attributes:
        named: each, by the name of its drawings.
        stage: a stage with the reference on both sides; Alice is the tester, Bob the target.
        label: what a message is called in a drawing.
    """

    named: Mapping[str, Recording]
    stage: Callable[[], AnyStage]
    label: Callable[[AnyStage, Wire], str]

    def record(self, name: str) -> Sequence:
        """Record a conversation.

        Raises:
            KeyError: if there is none of that name.
        """
        recording = self.named[name]
        recorder = Recorder(self.stage(), self.label)
        recording.play(recorder)
        return Sequence(recording.title, (ALICE, BOB), tuple(recorder.steps))


class Recorder:
    """Alice, Bob, and the network between them, which delivers in the order of sending.

    Attributes:
        stage: where they stand.
        steps: what was recorded.
    """

    def __init__(self, stage: AnyStage, label: Callable[[AnyStage, Wire], str]) -> None:
        self.stage = stage
        self._label = label
        self._parties = {ALICE: stage.tester, BOB: stage.target}
        self._queue: deque[tuple[str, Wire]] = deque()
        self.steps: list[Arrow | Note] = []

    def does(self, who: str, what: str, command: object) -> None:
        """A user, or the application for them, asks for something of the protocol."""
        self.steps.append(Note(who, what))
        self._take(who, self._parties[who].command(command))

    def starts(self, who: str) -> None:
        """A user asks for a private conversation."""
        self.does(who, "asks for a private conversation", self.stage.acts.start())

    def says(self, who: str, text: str) -> None:
        """A user types a message."""
        self.does(who, f"types “{text}”", self.stage.acts.say(self.stage.lab.text(text)))

    def ends(self, who: str) -> None:
        """A user ends the private conversation."""
        self.does(who, "ends the conversation", self.stage.acts.end())

    def begin_smp(self, question: str) -> None:
        """Alice asks a question."""
        lab = self.stage.lab
        command = self.stage.acts.begin_smp(lab.passphrase(_ANSWER), lab.text(question))
        self.does(ALICE, f"asks “{question}”, and gives the answer", command)

    def answer_smp(self) -> None:
        """Bob gives the same answer."""
        command = self.stage.acts.answer_smp(self.stage.lab.passphrase(_ANSWER))
        self.does(BOB, "gives the answer", command)

    def settle(self) -> None:
        """Everything is delivered, until nothing is on its way."""
        while self._queue:
            sender, wire = self._queue.popleft()
            receiver = _OTHER[sender]
            label = self._label(self.stage, wire)
            reaction = self._parties[receiver].receive(wire)
            self.steps.append(Arrow(sender, receiver, label, reaction.trace))
            self._take(receiver, reaction)

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
