"""States and events of OTRv4.

The text has one list of five states. Here they belong to two machines, so that a conversation can
stay private while a new exchange is under way: ADR 0011. `Dake` has the states of waiting, `Msg`
the others.
"""

from __future__ import annotations

from enum import unique

from otr_model.kernel.vocabulary import Event as EventBase
from otr_model.kernel.vocabulary import Origin, Signal
from otr_model.kernel.words import Word


class Numbered(Word):
    """Words that stand for the values of an integer variable."""

    @property
    def number(self) -> int:
        """The value, from 0 in the order of declaration."""
        return list(type(self)).index(self)


@unique
class Dake(Word):
    """Whether a DAKE is in progress, and what we wait for."""

    IDLE = "no DAKE is in progress"
    WAITING_AUTH_R = "we sent an Identity message"
    WAITING_AUTH_I = "we answered an Identity message with our Auth-R message"


@unique
class Msg(Word):
    """What happens to what the user types."""

    START = "there is no private conversation of version 4"
    ENCRYPTED_MESSAGES = "what the user types is sent encrypted"
    FINISHED = "the private conversation is over: what the user types is not sent"


@unique
class Ratchet(Word):
    """Whether there are keys to protect data with."""

    EMPTY = "no root key is held"
    HELD = "a root key, a sending or receiving chain key, and ephemeral keys are held"


@unique
class Smp(Word):
    """smpstate."""

    EXPECT1 = "only SMP message 1 is acceptable"
    EXPECT2 = "we sent message 1; only message 2 is acceptable"
    EXPECT3 = "we sent message 2; only message 3 is acceptable"
    EXPECT4 = "we sent message 3; only message 4 is acceptable"


@unique
class Assembly(Word):
    """Whether pieces of a fragmented message are held."""

    EMPTY = "no piece is held"
    COLLECTING = "some of the pieces are held, and others are missing"


@unique
class Ready(Word):
    """The only state of a machine that merely decides."""

    READY = "ready"


@unique
class Mode(Numbered):
    """Section "OTRv4 Modes"."""

    COMPATIBLE = "OTRv3-compatible: plaintext, Query Messages and version 3 are known"
    STANDALONE = "standalone: everything is encrypted, online and offline"
    INTERACTIVE_ONLY = "interactive-only: everything is encrypted, online only"


@unique
class Kind(Numbered):
    """What kind of message it is."""

    FRAGMENT = "it is a fragment of version 4"
    PLAINTEXT = "it is plaintext without the whitespace tag"
    TAGGED = "it is plaintext with the whitespace tag"
    QUERY = "it is a Query Message"
    ERROR = "it is an Error Message"
    IDENTITY = "it is an Identity message"
    AUTH_R = "it is an Auth-R message"
    AUTH_I = "it is an Auth-I message"
    NON_INTERACTIVE_AUTH = "it is a Non-Interactive-Auth message"
    DATA = "it is a Data Message"
    PREKEY = "it is a prekey message, which has no place in a conversation"
    OTHER_VERSION = "it is an encoded message or a fragment of another version"
    MALFORMED = "it claims to be a message of OTR and cannot be taken apart"


@unique
class TlvKind(Numbered):
    """What the TLV at hand is."""

    NONE = "no TLV is left"
    PADDING = "type 0"
    DISCONNECTED = "type 1"
    SMP_1 = "type 2"
    SMP_2 = "type 3"
    SMP_3 = "type 4"
    SMP_4 = "type 5"
    SMP_ABORT = "type 6"
    EXTRA_KEY = "type 7"
    UNKNOWN = "a type that is not defined"
    SMP_MALFORMED = "type 2, 3, 4 or 5 that cannot be taken apart"
    MALFORMED = "another TLV that cannot be taken apart, or is cut off"


@unique
class Role(Numbered):
    """Which part we played in the DAKE that succeeded."""

    NONE = "no DAKE has succeeded"
    INITIATOR = "we sent the Auth-I message"
    RESPONDER = "we received the Auth-I message"
    RETRIEVER = "we sent the Non-Interactive-Auth message"
    PUBLISHER = "we received the Non-Interactive-Auth message"


@unique
class Event(EventBase):
    """Everything that can happen to a machine of OTRv4."""

    RECEIVED = Signal("something arrived from the network", Origin.RECEIVED)

    USER_START = Signal("the user asks for a private conversation", Origin.USER)
    USER_START_DAKE = Signal("the user starts a conversation interactively", Origin.USER)
    USER_START_OFFLINE = Signal(
        "the user starts a conversation with somebody who is offline, by a prekey ensemble",
        Origin.USER,
    )
    USER_SEND = Signal("the user types a message", Origin.USER)
    USER_END = Signal("the user ends the private conversation", Origin.USER)
    USER_HEARTBEAT = Signal("the application asks for a heartbeat", Origin.USER)
    USER_EXTRA_KEY = Signal("the application wants the extra symmetric key used", Origin.USER)
    USER_SMP_START = Signal("the user begins SMP", Origin.USER)
    USER_SMP_ANSWER = Signal("the user gives the secret that the peer's SMP asks for", Origin.USER)
    USER_SMP_ABORT = Signal("the user aborts SMP", Origin.USER)
    CLOCK = Signal("the application lets a session look at the clock", Origin.USER)
    ASSEMBLY_CLOCK = Signal("the application lets an assembly look at the clock", Origin.USER)

    PIECE = Signal("a fragment is for this assembly")
    REASSEMBLED = Signal("the last missing piece of a fragmented message arrived")
    SHARE = Signal("an Identity message that went to all instances may concern this one")
    ARRIVED = Signal("a message is for this session")

    PLAINTEXT = Signal("a plaintext without the whitespace tag")
    TAGGED_PLAINTEXT = Signal("a plaintext with the whitespace tag")
    TAGGED_TEXT = Signal("the text of a plaintext with the whitespace tag")
    QUERY = Signal("a Query Message")
    ERROR = Signal("an Error Message")
    IDENTITY = Signal("an Identity message")
    AUTH_R = Signal("an Auth-R message")
    AUTH_I = Signal("an Auth-I message")
    NON_INTERACTIVE_AUTH = Signal("a Non-Interactive-Auth message")
    DATA = Signal("a Data Message")
    OTHER_VERSION = Signal("a message of another version")

    DAKE_WANTED = Signal("an interactive DAKE is to begin")
    DAKE_BEGUN = Signal("an interactive DAKE has begun")
    DAKE_OVER = Signal("a DAKE that is in progress is to be abandoned")
    DAKE_CLOCK = Signal("a DAKE that is in progress may be stale")
    OFFLINE_WANTED = Signal("a non-interactive DAKE is to begin and succeed")
    OFFER_OVER = Signal("our Identity message to all instances need not be kept any longer")
    AUTHENTICATED = Signal("a DAKE succeeded")
    KEYS_AGREED = Signal("the keys of the DAKE are to protect data from now on")
    SETTLED = Signal("send the next text that waits")
    SENDING = Signal("the next content that waits is to be sent in a Data Message")
    PROTECTED = Signal("a Data Message is to be verified and decrypted")
    DATA_TAKEN = Signal("a Data Message was accepted")
    DATA_REFUSED = Signal("a Data Message was not accepted")
    EARLY = Signal("try the next Data Message that came before its DAKE was complete")
    KEYS_CLOCK = Signal("stored message keys may be stale")
    NEXT_TLV = Signal("look at the next TLV of the Data Message")
    TLV_DONE = Signal("the TLV at hand is dealt with")
    CONTENT_DONE = Signal("the Data Message is dealt with")
    DISCONNECTED = Signal("a TLV of type 1")
    SESSION_OVER = Signal("the conversation is no longer private")
    SMP_RESET = Signal("SMP must abandon what is underway")
    SMP_1 = Signal("SMP message 1")
    SMP_2 = Signal("SMP message 2")
    SMP_3 = Signal("SMP message 3")
    SMP_4 = Signal("SMP message 4")
    SMP_ABORT = Signal("SMP abort")
    SMP_BROKEN = Signal("an SMP message that cannot be taken apart")
