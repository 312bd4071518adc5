"""What goes out of an endpoint: messages for the network, typed events for the user interface.

What OTRv4 and OTRv3 tell alike is one and the same event; what a conversation of version 3 tells
passes through unchanged. Every event says which instance of the peer it is about, by its tag; 0 is
the master session.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import unique
from typing import TYPE_CHECKING

from otr_model.kernel.words import Word
from otr_reference.otrv3.notices import (
    ErrorShown,
    Insecure,
    NotSent,
    PeerFinished,
    Refused,
    Resent,
    Send,
    Shown,
    SmpStage,
    SmpStaged,
    Unprocessed,
)
from otr_reference.otrv3.notices import ExtraKey as ExtraKey3
from otr_reference.otrv3.notices import Secured as Secured3
from otr_reference.otrv3.notices import Warned as Warned3

if TYPE_CHECKING:
    from otr_reference.sorts import Key, Octets

    from .messages import ClientProfile

__all__ = [
    "Alert",
    "EnsembleRefused",
    "ErrorShown",
    "Expired",
    "ExtraKey",
    "ExtraKey3",
    "Insecure",
    "NotSent",
    "Notice",
    "Output",
    "PeerFinished",
    "PrekeyUsed",
    "Queued",
    "Refused",
    "Resent",
    "Secured",
    "Secured3",
    "Send",
    "Shown",
    "SmpStage",
    "SmpStaged",
    "Unprocessed",
    "Warned",
    "Warned3",
]


@unique
class Alert(Word):
    """What the user is warned of."""

    UNENCRYPTED = "the text just shown was not protected"
    UNREADABLE = "an encrypted message could not be read"
    MALFORMED = "a message of OTR could not be taken apart"
    OTHER_INSTANCE = "a message was for another instance of ours"
    ROLLBACK = "an older version was asked for, and the peer supports version 4"


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning for the user."""

    about: Alert
    instance: int = 0


@dataclass(frozen=True, slots=True)
class Secured:
    """A private conversation of version 4 began, or was refreshed.

    Attributes:
        peer: the client profile that it is with.
        fingerprint: of the peer's long-term keys, 56 bytes.
        ssid: the secure session id, 8 bytes.
        bold_first: which half of it our user reads out: section "Secure Session ID".
        interactive: the peer was online; else only one side has online deniability.
        instance: the peer's instance tag.
        refreshed: it was private before, with the same fingerprint.
    """

    peer: ClientProfile
    fingerprint: Octets
    ssid: Octets
    bold_first: bool
    interactive: bool
    instance: int
    refreshed: bool


@dataclass(frozen=True, slots=True)
class Expired:
    """The session expired: the user must begin another to send more."""

    instance: int = 0


@dataclass(frozen=True, slots=True)
class Queued:
    """The text waits until there is a private conversation."""

    instance: int = 0


@dataclass(frozen=True, slots=True)
class EnsembleRefused:
    """A prekey ensemble is not acceptable.

    Attributes:
        because: the check that failed, by its label; "" where the fingerprint is not verified.
    """

    because: str
    instance: int = 0


@dataclass(frozen=True, slots=True)
class PrekeyUsed:
    """A prekey message is used up: the application forgets its secrets, in every conversation."""

    identifier: int
    instance: int = 0


@dataclass(frozen=True, slots=True)
class ExtraKey:
    """The extra symmetric key of a message.

    Attributes:
        key: the message's, 64 bytes.
        derived: the one for this use alone, 64 bytes: section "Extra Symmetric Key"; None beyond
            the tenth.
        use: what it will be used for, 4 bytes as an integer.
        data: what else the TLV says.
        sent: we told the peer (else the peer told us).
    """

    key: Key
    derived: Key | None
    use: int
    data: Octets
    sent: bool
    instance: int = 0


Notice = (
    Shown
    | Unprocessed
    | Warned
    | Warned3
    | ErrorShown
    | Secured
    | Secured3
    | PeerFinished
    | Expired
    | Insecure
    | Queued
    | Resent
    | NotSent
    | Refused
    | EnsembleRefused
    | PrekeyUsed
    | SmpStaged
    | ExtraKey
    | ExtraKey3
)
Output = Send | Notice
