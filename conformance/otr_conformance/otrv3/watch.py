"""The plaintext oracle of OTRv3: see `otr_conformance.play.watch`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_conformance.play.watch import Clear, Rule
from otr_conformance.play.watch import Watch as AnyWatch
from otr_reference.otrv3.commands import Command, End, SendText
from otr_reference.otrv3.messages import (
    DataMessage,
    ErrorMessage,
    Fragment,
    Header,
    Message,
    Plaintext,
    TaggedPlaintext,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_reference.sorts import Wire

    from .labs import Lab
    from .stage import Cast

__all__ = ["CLAUSES", "Watch", "watch"]

CLAUSES: Final[Mapping[Rule, str]] = {
    rule: f"otrv3.clause:{name}"
    for rule, name in {
        Rule.SENT: "receiving-data.verify",
        Rule.ONCE: "receiving-data.verify",
        Rule.CHECKED: "receiving-data.bad",
        Rule.PRIVATE: "receiving-data.not-private",
        Rule.ARRIVED: "receiving-plaintext.plaintext",
        Rule.WARNED: "receiving-plaintext.private",
        Rule.REQUIRED: "user-sends.plaintext.required",
        Rule.PROTECTED: "user-sends.encrypted.send",
        Rule.ENDED: "user-sends.finished.refuse",
        Rule.AT_ONCE: "user-sends.plaintext.send",
    }.items()
}
"""The clause of each rule."""


class Watch(AnyWatch[Command, Message]):
    """Watches one play of OTRv3."""

    lab: Lab

    def text_of(self, command: Command) -> str | None:
        """What the user types."""
        return self.lab.readable(command.text) if isinstance(command, SendText) else None

    def leaves(self, command: Command) -> bool:
        """By ending it."""
        return isinstance(command, End)

    def protected(self, message: Message) -> object | None:
        """What the authenticator covers, and the authenticator: nobody vouches for the rest."""
        if isinstance(message, DataMessage):
            return message.authenticated, message.mac
        return None

    def clear(self, message: Message) -> Clear | None:
        """A plaintext, or what an Error Message says."""
        match message:
            case Plaintext(text) | TaggedPlaintext(text):
                return Clear(self.lab.readable(text))
            case ErrorMessage(text):
                return Clear(self.lab.readable(text), typed=False)
            case _:
                return None

    def sender(self, message: Message) -> int | None:
        """As the header says."""
        body = message.fields if isinstance(message, DataMessage) else message
        header = getattr(body, "header", None)
        return header.sender if isinstance(header, Header) else None

    def is_piece(self, message: Message) -> bool:
        """Whether it is a fragment."""
        return isinstance(message, Fragment)

    def decode(self, wire: Wire) -> Message:
        """By the lab's suite."""
        return self.lab.suite.decode(wire)


def watch(lab: Lab, cast: Cast) -> Watch:
    """The oracle of a play."""
    return Watch(lab, cast.target.require_encryption, not cast.versions, CLAUSES)
