"""Our reference of version 3 behind a shim, with one fault in how it takes messages.

    python byte_faulty.py none|crash|shows|sulks

A message with a NUL in it, which none of an honest peer has, ends the process of `crash`; `shows`
shows a text that nobody sent instead, and the endpoint of `sulks` takes no message after it.
"""

import os
import sys

from otr_conformance.shim.keys import read_preset_key
from otr_conformance.shim.protocol import MessageEvent, WireEvent
from otr_conformance.shims.json_helper import Endpoint, New, serve
from otr_reference.otrv3.chat import Chat, Heard
from otr_reference.otrv3.notices import Shown
from otr_reference.otrv3.session import Policy

FAULT = sys.argv[1]


class Faulty(Endpoint):
    """One end of a conversation."""

    def __init__(self, new: New) -> None:
        policy = Policy(allow_v2=False)
        assert new.key is not None
        self.chat = Chat(read_preset_key(new.key), policy, tag=new.tag)
        self.sulking = False
        super().__init__(fingerprint=self.chat.fingerprint, tag=new.tag)

    def report(self, heard: Heard) -> None:
        """Tell what came of a call."""
        for wire in heard.wires:
            self.tell(WireEvent(wire))
        for notice in heard.notices:
            if isinstance(notice, Shown):
                self.tell(MessageEvent(self.chat.suite.to_bytes(notice.text), notice.secure))

    def receive(self, wire: bytes) -> None:
        """Take a message, with the fault."""
        if b"\0" in wire and FAULT == "crash":
            sys.stderr.write("panic: index out of range [7]\n")
            sys.stderr.flush()
            os._exit(2)
        if b"\0" in wire and FAULT == "shows":
            self.tell(MessageEvent(b"nobody wrote this", secure=True))
        self.sulking |= b"\0" in wire and FAULT == "sulks"
        if not self.sulking:
            self.report(self.chat.receive(wire))

    def send(self, text: bytes) -> None:
        """Send a text."""
        self.report(self.chat.send(text))

    def start(self) -> None:
        """Ask for a private conversation."""
        self.report(self.chat.start())

    def end(self) -> None:
        """End it."""
        self.report(self.chat.end())


serve(Faulty, name="faulty", version="1", protocols="3", capabilities="preset-key tag")
