"""What goes out of an endpoint: messages for the network, typed events for the user interface.

Every event says which instance of the peer it is about, by its tag; 0 is the master session, which
is all there is in version 2. An application that shows several private conversations must keep
them apart by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import unique
from typing import TYPE_CHECKING

from otr_model.kernel.words import Word

if TYPE_CHECKING:
    from otr_reference.sorts import Key, Octets, PublicKey, Wire


@unique
class Alert(Word):
    """What the user is warned of."""

    UNENCRYPTED = "the text just shown was not protected"
    UNREADABLE = "an encrypted message could not be read"
    MALFORMED = "a message of OTR could not be taken apart"
    OTHER_INSTANCE = "a message was for another instance of ours"


@dataclass(frozen=True, slots=True)
class Send:
    """A message for the network."""

    wire: Wire


@dataclass(frozen=True, slots=True)
class Shown:
    """A text for the user; `secure`: it was protected, and came from the authenticated peer."""

    text: Octets
    secure: bool
    instance: int = 0


@dataclass(frozen=True, slots=True)
class Unprocessed:
    """What arrived while OTR is disabled: the application shows it as it is."""

    wire: Wire
    instance: int = 0


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning for the user."""

    about: Alert
    instance: int = 0


@dataclass(frozen=True, slots=True)
class ErrorShown:
    """The peer's OTR Error Message."""

    text: Octets
    instance: int = 0


@dataclass(frozen=True, slots=True)
class Secured:
    """A private conversation began, or was refreshed.

    Attributes:
        peer: the public key that it is with.
        ssid: the secure session id, 8 bytes.
        bold_first: which half of it our user reads out: section "Computing AES keys, ...".
        version: 2 or 3.
        instance: the peer's instance tag; 0 in version 2.
        refreshed: it was private before, with the same key.
    """

    peer: PublicKey
    ssid: Octets
    bold_first: bool
    version: int
    instance: int
    refreshed: bool


@dataclass(frozen=True, slots=True)
class PeerFinished:
    """The peer ended the private conversation: the user should end it too."""

    instance: int = 0


@dataclass(frozen=True, slots=True)
class Insecure:
    """The conversation is not private, because the user ended it."""

    instance: int = 0


@dataclass(frozen=True, slots=True)
class Resent:
    """A stored text was sent."""

    text: Octets
    instance: int = 0


@dataclass(frozen=True, slots=True)
class NotSent:
    """The message was not sent, since the peer has ended the conversation. It is stored."""

    instance: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """What the user asked for needs a private conversation, or SMP in another state."""

    instance: int = 0


@unique
class SmpStage(Word):
    """How SMP goes on."""

    ASKED = "the peer began; the user must give the secret"
    PROGRESS = "a message was sent; the peer must answer"
    SUCCESS = "the secrets are equal"
    FAILURE = "the secrets differ"
    ABORTED = "SMP was aborted"
    ERROR = "a message of the peer was refused"


@dataclass(frozen=True, slots=True)
class SmpStaged:
    """SMP went on; `question` where the peer asked one."""

    stage: SmpStage
    question: Octets | None = None
    instance: int = 0


@dataclass(frozen=True, slots=True)
class ExtraKey:
    """The extra symmetric key.

    Attributes:
        key: 32 bytes.
        use: what it will be used for, 4 bytes as an integer.
        data: what else the TLV says.
        sent: we told the peer (else the peer told us).
    """

    key: Key
    use: int
    data: Octets
    sent: bool
    instance: int = 0


Notice = (
    Shown
    | Unprocessed
    | Warned
    | ErrorShown
    | Secured
    | PeerFinished
    | Insecure
    | Resent
    | NotSent
    | Refused
    | SmpStaged
    | ExtraKey
)
Output = Send | Notice
