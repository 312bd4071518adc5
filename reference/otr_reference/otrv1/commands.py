"""What goes into an endpoint: messages from the network, and what the user asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otr_reference.sorts import Octets, Wire


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
    """The user resets the connection."""


Input = Receive | Start | SendText | End
