"""A correct shim with every capability, around the toy.

It speaks no OTR and protects nothing: it is there for the shim check to be tried on.
"""

import sys
from hashlib import sha256

from otr_conformance.shim.keys import read_preset_key
from otr_conformance.shim.protocol import (
    Bold,
    Capability,
    ExtraKeyEvent,
    FinishedEvent,
    HeartbeatEvent,
    InsecureEvent,
    MessageEvent,
    MsgState,
    SecureEvent,
    Side,
    SmpEvent,
    Stage,
    State,
    WireEvent,
)
from otr_conformance.shims.json_helper import Endpoint, New, Refused, serve
from otr_conformance.shims.toy import Toy
from otr_reference.keys.dsa import fingerprint

PART = b"?PART "


class FullToy(Toy):
    """The toy, with SMP and the other things that a conversation may have."""

    def __init__(self, shim: "Full", new: New) -> None:
        super().__init__(new.account, new.peer, max(new.versions), shim)
        self.fingerprint = shim.fingerprint
        self.secret = b""
        self._shim = shim
        self._who = shim.fingerprint + (new.tag or 0).to_bytes(4, "big")
        self._handlers |= {
            b"smp": self._on_smp,
            b"smp-answer": self._on_smp_answer,
            b"smp-result": self._on_smp_result,
            b"smp-abort": self._on_smp_abort,
            b"extra-key": self._on_extra_key,
            b"heartbeat": self._on_heartbeat,
        }

    def start(self) -> None:
        """Ask for a private conversation, and say who we are."""
        self.say(b"start", self._who)

    def _on_start(self, said: bytes) -> None:
        self.say(b"started", self._who)
        self._shim.bold = Bold.SECOND
        self._on_started(said)

    def _on_started(self, said: bytes) -> None:
        self._theirs = said[:-4]
        self._shim.peer_tag = int.from_bytes(said[-4:], "big")
        self._become_private()

    def _on_smp(self, question: bytes) -> None:
        self._shim.tell(SmpEvent(Stage.ASKED, question or None))

    def _on_smp_answer(self, secret: bytes) -> None:
        stage = Stage.SUCCESS if secret == self.secret else Stage.FAILURE
        self.say(b"smp-result", stage.word.encode())
        self._shim.tell(SmpEvent(stage))

    def _on_smp_result(self, stage: bytes) -> None:
        self._shim.tell(SmpEvent(Stage(stage.decode())))

    def _on_smp_abort(self, _: bytes) -> None:
        self._shim.tell(SmpEvent(Stage.ABORTED))

    def _on_extra_key(self, said: bytes) -> None:
        self._shim.tell_key(int.from_bytes(said[:4], "big"), said[4:], Side.RECEIVED)

    def _on_heartbeat(self, _: bytes) -> None:
        self._shim.tell(HeartbeatEvent(Side.RECEIVED))


class Full(Endpoint):
    """One side of the conversation."""

    def __init__(self, new: New) -> None:
        super().__init__(fingerprint=self.fingerprint_of(new), tag=new.tag)
        self.peer_tag = 0
        self.bold = Bold.FIRST
        self._finished = False
        self._limit = new.fragment
        self._parts: list[bytes] = []
        self._toy = self.toy_of(new)

    def fingerprint_of(self, new: New) -> bytes:
        """Of the key that is given."""
        return fingerprint(read_preset_key(new.key or b"").public)

    def toy_of(self, new: New) -> FullToy:
        """What is behind it."""
        return FullToy(self, new)

    def receive(self, wire: bytes) -> None:
        """Handle a message, or a part of one: PART, whether it is the last (0 or 1), the part."""
        if wire.startswith(PART):
            last, _, part = wire[len(PART) :].partition(b" ")
            self._parts.append(part)
            if last == b"1":
                whole, self._parts = b"".join(self._parts), []
                self._toy.receive(whole)
        else:
            self._toy.receive(wire)

    def send(self, text: bytes, to: int | None = None) -> None:
        """Send a text."""
        if to not in {None, self.peer_tag}:
            detail = "there is no such instance"
            raise Refused(detail)
        self._toy.send(text)

    def start(self) -> None:
        """Ask for a private conversation."""
        self._toy.start()

    def end(self) -> None:
        """End it."""
        if self._toy.private:
            self.tell(InsecureEvent())
        self._toy.end()

    def smp_start(self, secret: bytes, question: bytes = b"") -> None:
        """Begin SMP."""
        self._toy.secret = secret
        self._toy.say(b"smp", question)

    def smp_answer(self, secret: bytes) -> None:
        """Answer."""
        self._toy.say(b"smp-answer", secret)

    def smp_abort(self) -> None:
        """Abort."""
        self._toy.say(b"smp-abort")

    def extra_key(self, use: int, data: bytes) -> None:
        """Use the extra key."""
        self._toy.say(b"extra-key", use.to_bytes(4, "big") + data)
        self.tell_key(use, data, Side.SENT)

    def heartbeat(self) -> None:
        """Send a heartbeat."""
        self._toy.say(b"heartbeat")

    def state(self) -> State:
        """Report the state."""
        if self._toy.private:
            return State(MsgState.ENCRYPTED)
        return State(MsgState.FINISHED if self._finished else MsgState.PLAINTEXT)

    def on_wire(self, wire: bytes) -> None:
        """Send a message, in parts if it is too long."""
        room = self._limit - len(PART) - 2
        if 0 < self._limit < len(wire):
            parts = [wire[at : at + room] for at in range(0, len(wire), room)]
            for count, part in enumerate(parts, 1):
                self.tell(WireEvent(PART + (b"1 " if count == len(parts) else b"0 ") + part))
        else:
            self.tell(WireEvent(wire))

    def on_message(self, text: bytes, *, secure: bool) -> None:
        """Show a text."""
        self.tell(MessageEvent(text, secure=secure))

    def on_secure(self, fingerprint: bytes, ssid: bytes, version: int) -> None:
        """Say that the conversation is private."""
        self.tell(SecureEvent(fingerprint, ssid, version, self.bold, self.peer_tag or None))

    def on_finished(self) -> None:
        """Say that it is over."""
        self._finished = True
        self.tell(FinishedEvent())

    def tell_key(self, use: int, data: bytes, side: Side) -> None:
        """Report the extra key."""
        self.tell(ExtraKeyEvent(sha256(data).digest(), use, data, side))


def ticks(seconds: int) -> None:
    """Time moves; what is printed goes to standard error, since standard output is the shim's."""
    sys.stdout.write(f"{seconds} seconds later\n")


if __name__ == "__main__":
    serve(
        Full,
        name="full",
        version="1",
        protocols="2 3",
        capabilities=" ".join(capability.word for capability in Capability),
        clock=ticks,
    )
