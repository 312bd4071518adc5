"""A stand-in for an implementation: it speaks no OTR and protects nothing.

The template of a shim holds it until its author puts a real implementation there, and the tests of
the suite's own machinery talk to it. Its messages on the wire begin with `?TOY`.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha1
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Listener", "Toy"]


class Listener(Protocol):
    """What the toy calls back."""

    def on_wire(self, wire: bytes) -> None:
        """Send a message to the network."""

    def on_message(self, text: bytes, *, secure: bool) -> None:
        """Show a text to the user; `secure`: it came in a private conversation."""

    def on_secure(self, fingerprint: bytes, ssid: bytes, version: int) -> None:
        """Tell the user that the conversation is private."""

    def on_finished(self) -> None:
        """Tell the user that the peer ended the private conversation."""


class Toy:
    """One side of a conversation.

    Attributes:
        fingerprint: Of our long-term key; there is none, so that it is a hash of the account.
        private: Whether the conversation is private.
    """

    def __init__(self, account: str, peer: str, version: int, listener: Listener) -> None:
        self.fingerprint = _fingerprint(account)
        self.private = False
        self._theirs = _fingerprint(peer)
        self._version = version
        self._listener = listener
        self._handlers: dict[bytes, Callable[[bytes], None]] = {
            b"start": self._on_start,
            b"started": self._on_started,
            b"text": self._on_text,
            b"end": self._on_end,
        }

    def start(self) -> None:
        """Ask the peer for a private conversation."""
        self.say(b"start")

    def send(self, text: bytes) -> None:
        """Send a text."""
        if self.private:
            self.say(b"text", text)
        else:
            self._listener.on_wire(text)

    def end(self) -> None:
        """End the private conversation."""
        if self.private:
            self.private = False
            self.say(b"end")

    def receive(self, wire: bytes) -> None:
        """Handle a message from the network; one that is not the toy's is a text."""
        mark, _, rest = wire.partition(b" ")
        verb, _, payload = rest.partition(b" ")
        handler = self._handlers.get(verb)
        try:
            said = b64decode(payload, validate=True)
        except ValueError:
            handler = None
        if mark != b"?TOY" or handler is None:
            self._listener.on_message(wire, secure=False)
        else:
            handler(said)

    def say(self, verb: bytes, payload: bytes = b"") -> None:
        """Send one of the toy's own messages."""
        self._listener.on_wire(b" ".join((b"?TOY", verb, b64encode(payload))))

    def _on_start(self, _: bytes) -> None:
        self.say(b"started")
        self._become_private()

    def _on_started(self, _: bytes) -> None:
        self._become_private()

    def _on_text(self, text: bytes) -> None:
        if self.private:
            self._listener.on_message(text, secure=True)

    def _on_end(self, _: bytes) -> None:
        if self.private:
            self.private = False
            self._listener.on_finished()

    def _become_private(self) -> None:
        self.private = True
        self._listener.on_secure(self._theirs, b"no proof", self._version)


def _fingerprint(account: str) -> bytes:
    return sha1(account.encode(), usedforsecurity=False).digest()
