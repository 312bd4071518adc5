"""States and events of OTRv1."""

from __future__ import annotations

from enum import unique

from otr_model.kernel.vocabulary import Event as EventBase
from otr_model.kernel.vocabulary import Origin, Signal
from otr_model.kernel.words import Word


@unique
class Connection(Word):
    """How one stands with a correspondent."""

    UNCONNECTED = "what the user types is sent without encryption"
    SETUP = "we sent a Key Exchange Message, and wait for theirs"
    CONNECTED = "what the user types is sent encrypted"


class Numbered(Word):
    """Words that stand for the values of an integer variable."""

    @property
    def number(self) -> int:
        """The value, from 0 in the order of declaration."""
        return list(type(self)).index(self)


@unique
class Kind(Numbered):
    """What kind of message it is."""

    PLAINTEXT = "it is plaintext"
    QUERY = "it is a Query Message"
    KEY_EXCHANGE = "it is a Key Exchange Message"
    DATA = "it is a Data Message"
    MALFORMED = "it claims to be a message of OTR and cannot be taken apart"


@unique
class Event(EventBase):
    """Everything that can happen."""

    RECEIVED = Signal("something arrived from the network", Origin.RECEIVED)

    USER_START = Signal("the user asks for a private conversation", Origin.USER)
    USER_SEND = Signal("the user types a message", Origin.USER)
    USER_END = Signal("the user resets the connection", Origin.USER)
