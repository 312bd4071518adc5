"""What goes into an endpoint: messages from the network, and what the user asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otr_reference.sorts import Octets, Passphrase, Wire


@dataclass(frozen=True, slots=True)
class Receive:
    """A message arrived."""

    wire: Wire


@dataclass(frozen=True, slots=True)
class Start:
    """The user asks for a private conversation."""


@dataclass(frozen=True, slots=True)
class SendText:
    """The user types a message."""

    text: Octets


@dataclass(frozen=True, slots=True)
class End:
    """The user ends the private conversation."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The application asks for a heartbeat."""


@dataclass(frozen=True, slots=True)
class UseExtraKey:
    """The application wants to use the extra symmetric key: for what (4 bytes), with what data."""

    use: int
    data: Octets


@dataclass(frozen=True, slots=True)
class StartSmp:
    """The user begins SMP with a secret, and perhaps a question."""

    secret: Passphrase
    question: Octets | None = None


@dataclass(frozen=True, slots=True)
class AnswerSmp:
    """The user gives the secret that the peer's SMP asks for."""

    secret: Passphrase


@dataclass(frozen=True, slots=True)
class AbortSmp:
    """The user aborts SMP."""


Command = Start | SendText | End | Heartbeat | UseExtraKey | StartSmp | AnswerSmp | AbortSmp
Input = Receive | Command
