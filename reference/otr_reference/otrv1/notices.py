"""What goes out of an endpoint: messages for the network, typed events for the user interface."""

from __future__ import annotations

from dataclasses import dataclass
from enum import unique
from typing import TYPE_CHECKING

from otr_model.kernel.words import Word

if TYPE_CHECKING:
    from otr_reference.sorts import Octets, PublicKey, Wire


@unique
class Alert(Word):
    """What the user is warned of."""

    UNENCRYPTED = "the text just shown was not protected"
    REFUSED = "a message was refused"


@dataclass(frozen=True, slots=True)
class Send:
    """A message for the network."""

    wire: Wire


@dataclass(frozen=True, slots=True)
class Shown:
    """A text for the user; `secure`: it was protected by the keys of the session."""

    text: Octets
    secure: bool


@dataclass(frozen=True, slots=True)
class Secured:
    """A private conversation began.

    Attributes:
        peer: the public key in the peer's Key Exchange Message; users compare its fingerprint.
        ssid: the secure session id, 20 bytes.
    """

    peer: PublicKey
    ssid: Octets


@dataclass(frozen=True, slots=True)
class Insecure:
    """The conversation is not private, because the user reset the connection."""


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning for the user."""

    about: Alert


Notice = Shown | Secured | Insecure | Warned
Output = Send | Notice
