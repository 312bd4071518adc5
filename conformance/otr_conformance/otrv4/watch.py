"""The plaintext oracle of OTRv4: see `otr_conformance.play.watch`.

A message of version 3 is taken as it is: what makes it the one that it is, is the whole of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_conformance.play.watch import Clear, Rule
from otr_conformance.play.watch import Watch as AnyWatch
from otr_model.otrv4.words import Mode
from otr_reference.otrv4.commands import Command, End, SendText, StartDake, StartOffline
from otr_reference.otrv4.messages import (
    DataMessage,
    ErrorMessage,
    Fragment,
    Message,
    OtherVersion,
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
    rule: name if ":" in name else f"otrv4.clause:{name}"
    for rule, name in {
        Rule.SENT: "receiving.same.unreadable",
        Rule.ONCE: "receiving.stored.unreadable",
        Rule.CHECKED: "receiving-data.unreadable",
        Rule.PRIVATE: "receiving-data.not-private",
        Rule.ARRIVED: "receiving-plaintext.display",
        Rule.WARNED: "receiving-plaintext.private.warn",
        Rule.REQUIRED: "otrv4-recommendations.clause:policies.require-encryption",
        Rule.PROTECTED: "states.encrypted",
        Rule.ENDED: "states.finished.purpose",
        Rule.AT_ONCE: "states.start.plaintext",
    }.items()
}
"""The clause of each rule."""


class Watch(AnyWatch[Command, Message]):
    """Watches one play of OTRv4."""

    lab: Lab

    def text_of(self, command: Command) -> str | None:
        """What the user types."""
        return self.lab.readable(command.text) if isinstance(command, SendText) else None

    def leaves(self, command: Command) -> bool:
        """By ending it."""
        return isinstance(command, End)

    def may_leave(self, command: Command) -> bool:
        """By starting another, perhaps."""
        return isinstance(command, StartDake | StartOffline)

    def protected(self, message: Message) -> object | None:
        """What the authenticator covers, and the authenticator: nobody vouches for the rest."""
        match message:
            case DataMessage():
                return message.fields, message.authenticator
            case OtherVersion():
                return message
            case _:
                return None

    def clear(self, message: Message) -> Clear | None:
        """A plaintext, or what an Error Message says."""
        match message:
            case Plaintext(text) | TaggedPlaintext(text):
                return Clear(self.lab.readable(text))
            case ErrorMessage():
                return Clear(self.lab.readable(message.text), typed=False)
            case _:
                return None

    def sender(self, message: Message) -> int | None:
        """As the header says."""
        body = message.fields if isinstance(message, DataMessage) else message
        header = getattr(body, "header", None)
        return getattr(header, "sender", None) if header is not None else None

    def is_piece(self, message: Message) -> bool:
        """Whether it is a fragment."""
        return isinstance(message, Fragment)

    def decode(self, wire: Wire) -> Message:
        """By the lab's suite."""
        return self.lab.suite.decode(wire)


def watch(lab: Lab, cast: Cast) -> Watch:
    """The oracle of a play. What is not of version 4 is shown as it is in the other modes."""
    shows_all = not cast.versions or cast.mode is not Mode.COMPATIBLE
    return Watch(lab, cast.target.require_encryption, shows_all, CLAUSES)
