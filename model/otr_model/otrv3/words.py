"""States and events of OTRv3."""

from __future__ import annotations

from enum import unique

from otr_model.kernel.vocabulary import Event as EventBase
from otr_model.kernel.vocabulary import Origin, Signal
from otr_model.kernel.words import Word


@unique
class Auth(Word):
    """authstate. AUTHSTATE_V1_SETUP is left out: ADR 0002."""

    NONE = "no authentication is in progress"
    AWAITING_DHKEY = "we sent a D-H Commit Message"
    AWAITING_REVEALSIG = "we answered a D-H Commit Message with our D-H Key Message"
    AWAITING_SIG = "we answered a D-H Key Message with our Reveal Signature Message"


@unique
class Msg(Word):
    """msgstate."""

    PLAINTEXT = "what the user types is sent without encryption"
    ENCRYPTED = "what the user types is sent encrypted"
    FINISHED = "the other side ended the conversation: what the user types is not sent at all"


@unique
class Keys(Word):
    """Whether there are D-H keys to protect data with."""

    EMPTY = "no D-H keys are held"
    HELD = "two of our D-H keys and one or two of theirs are held"


@unique
class Smp(Word):
    """smpstate."""

    EXPECT1 = "only SMP message 1 (or 1Q) is acceptable"
    EXPECT2 = "we sent message 1; only message 2 is acceptable"
    EXPECT3 = "we sent message 2; only message 3 is acceptable"
    EXPECT4 = "we sent message 3; only message 4 is acceptable"


@unique
class Assembly(Word):
    """Whether a part of a fragmented message is stored."""

    EMPTY = "no fragment is stored: K = N = 0"
    COLLECTING = "the first K of N pieces are stored"


@unique
class Ready(Word):
    """The only state of a machine that merely decides."""

    READY = "ready"


class Numbered(Word):
    """Words that stand for the values of an integer variable."""

    @property
    def number(self) -> int:
        """The value, from 0 in the order of declaration."""
        return list(type(self)).index(self)


@unique
class Kind(Numbered):
    """What kind of message it is."""

    FRAGMENT = "it is a fragment"
    PLAINTEXT = "it is plaintext without the whitespace tag"
    TAGGED = "it is plaintext with the whitespace tag"
    QUERY = "it is a Query Message"
    ERROR = "it is an Error Message"
    DH_COMMIT = "it is a D-H Commit Message"
    DH_KEY = "it is a D-H Key Message"
    REVEAL_SIGNATURE = "it is a Reveal Signature Message"
    SIGNATURE = "it is a Signature Message"
    DATA = "it is a Data Message"
    OTHER_VERSION = "it is an encoded message of a version that is not handled"
    MALFORMED = "it claims to be a message of OTR and cannot be taken apart"


@unique
class TlvKind(Numbered):
    """What the TLV at hand is."""

    NONE = "no TLV is left"
    PADDING = "type 0"
    DISCONNECTED = "type 1"
    SMP_1 = "type 2 or 7"
    SMP_2 = "type 3"
    SMP_3 = "type 4"
    SMP_4 = "type 5"
    SMP_ABORT = "type 6"
    EXTRA_KEY = "type 8"
    UNKNOWN = "a type that is not defined"
    SMP_MALFORMED = "type 2, 3, 4, 5 or 7 that cannot be taken apart"
    MALFORMED = "another TLV that cannot be taken apart, or is cut off"


@unique
class Event(EventBase):
    """Everything that can happen to a machine of OTRv3."""

    RECEIVED = Signal("something arrived from the network", Origin.RECEIVED)

    USER_START = Signal("the user asks for a private conversation", Origin.USER)
    USER_SEND = Signal("the user types a message", Origin.USER)
    USER_END = Signal("the user ends the private conversation", Origin.USER)
    USER_HEARTBEAT = Signal("the application asks for a heartbeat", Origin.USER)
    USER_EXTRA_KEY = Signal("the application wants the extra symmetric key used", Origin.USER)
    USER_SMP_START = Signal("the user begins SMP", Origin.USER)
    USER_SMP_ANSWER = Signal("the user gives the secret that the peer's SMP asks for", Origin.USER)
    USER_SMP_ABORT = Signal("the user aborts SMP", Origin.USER)

    REASSEMBLED = Signal("the last piece of a fragmented message arrived")
    SHARE = Signal("a D-H Commit that went to all instances may concern this one")
    ARRIVED = Signal("a message is for this session")
    WHOLE = Signal("a message that is no fragment is for this session")

    PLAINTEXT = Signal("a plaintext without the whitespace tag")
    TAGGED_PLAINTEXT = Signal("a plaintext with the whitespace tag")
    QUERY = Signal("a Query Message")
    ERROR = Signal("an Error Message")
    DH_COMMIT = Signal("a D-H Commit Message")
    DH_KEY = Signal("a D-H Key Message")
    REVEAL_SIGNATURE = Signal("a Reveal Signature Message")
    SIGNATURE = Signal("a Signature Message")
    DATA = Signal("a Data Message")
    OTHER_VERSION = Signal("an encoded message of version 1, or of one that is not known")

    COMMIT_OVER = Signal("our D-H Commit to all instances need not be kept any longer")
    QUERY_OFFER = Signal("a Query Message offers versions")
    TAG_OFFER = Signal("a whitespace tag offers versions")
    AUTHENTICATED = Signal("the AKE succeeded")
    KEYS_AGREED = Signal("the D-H keys of the AKE are to protect data from now on")
    SETTLED = Signal("the conversation is private, and its keys are in place")
    DATA_TAKEN = Signal("a Data Message was accepted")
    NEXT_TLV = Signal("look at the next TLV of the Data Message")
    TLV_DONE = Signal("the TLV at hand is dealt with")
    CONTENT_DONE = Signal("the Data Message is dealt with")
    DISCONNECTED = Signal("a TLV of type 1")
    SESSION_OVER = Signal("the conversation is no longer private")
    SMP_RESET = Signal("SMP must abandon what is underway")
    SMP_1 = Signal("SMP message 1, with or without a question")
    SMP_2 = Signal("SMP message 2")
    SMP_3 = Signal("SMP message 3")
    SMP_4 = Signal("SMP message 4")
    SMP_ABORT = Signal("SMP abort")
    SMP_BROKEN = Signal("an SMP message that cannot be taken apart")
