"""A minimal shim in Python: copy it, and put your implementation where the toy is.

It answers the minimal profile. `docs/shim-protocol.md` says what each request asks for, and
`otrspec shim check python3 my_shim.py` says what is missing or wrong. What your implementation can
do beyond this is a capability: name it at the end, and add the method of its request.
"""

from __future__ import annotations

from otr_conformance.shim.protocol import (
    FinishedEvent,
    MessageEvent,
    PolicyWord,
    SecureEvent,
    WireEvent,
)
from otr_conformance.shims.json_helper import Endpoint, New, serve
from otr_conformance.shims.toy import Toy  # replace: import your implementation


class Shim(Endpoint):
    """One account's side of the conversation with one correspondent."""

    def __init__(self, new: New) -> None:
        # Replace. Allow the versions in new.policy and no other. Generating a long-term key is
        # slow: keep it, by account, for the next endpoint.
        version = 3 if PolicyWord.V3 in new.policy else 2
        self.otr = Toy(new.account, new.peer, version, self)
        super().__init__(fingerprint=self.otr.fingerprint)  # and tag=..., if it has instance tags

    # ---- What is asked. Replace: call the implementation, which calls back below.

    def receive(self, wire: bytes) -> None:
        """One message arrived from the network."""
        self.otr.receive(wire)

    def send(self, text: bytes) -> None:
        """The user typed a message."""
        self.otr.send(text)

    def start(self) -> None:
        """The user asks for a private conversation: send a query message."""
        self.otr.start()

    def end(self) -> None:
        """The user ends the private conversation."""
        self.otr.end()

    # ---- What is reported. Have these called, in the order in which things happen.

    def on_wire(self, wire: bytes) -> None:
        """Your implementation sends a message to the network."""
        self.tell(WireEvent(wire))

    def on_message(self, text: bytes, *, secure: bool) -> None:
        """Your implementation shows a text; `secure`: it was protected."""
        self.tell(MessageEvent(text, secure=secure))

    def on_secure(self, fingerprint: bytes, ssid: bytes, version: int) -> None:
        """Your implementation has begun a private conversation with the owner of a key."""
        self.tell(SecureEvent(fingerprint, ssid, version))

    def on_finished(self) -> None:
        """Your implementation says that the peer ended the private conversation."""
        self.tell(FinishedEvent())


if __name__ == "__main__":
    # The versions of OTR that it speaks, and what else it can do, such as capabilities="smp state".
    serve(Shim, name="my-otr", version="0.1", protocols="2 3")
