"""What goes into an endpoint: messages from the network, and what the user asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otr_reference.sorts import Octets, Passphrase, Wire

    from .messages import PrekeyEnsemble


@dataclass(frozen=True, slots=True)
class Receive:
    """A message arrived."""

    wire: Wire


@dataclass(frozen=True, slots=True)
class Start:
    """The user asks for a private conversation: a Query Message, or an Identity message."""


@dataclass(frozen=True, slots=True)
class StartDake:
    """The user starts a conversation interactively, with an Identity message."""


@dataclass(frozen=True, slots=True)
class StartOffline:
    """The user starts a conversation with somebody who is offline, by their prekey ensemble."""

    ensemble: PrekeyEnsemble


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


@dataclass(frozen=True, slots=True)
class Tick:
    """The application lets every session and every assembly of fragments look at the clock."""


Command = (
    Start
    | StartDake
    | StartOffline
    | SendText
    | End
    | Heartbeat
    | UseExtraKey
    | StartSmp
    | AnswerSmp
    | AbortSmp
)
Input = Receive | Command | Tick
