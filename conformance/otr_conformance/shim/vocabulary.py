"""The words of the shim protocol, with their meanings."""

from __future__ import annotations

from enum import unique

from otr_conformance.words import Spoken


@unique
class Do(Spoken):
    """What a request asks for."""

    HELLO = "hello", "state what the shim can do; the first request"
    NEW = "new", "make an endpoint"
    RECEIVE = "receive", "one message arrived from the network"
    SEND = "send", "the user typed a message"
    START = "start", "the user asks for a private conversation"
    END = "end", "the user ends the private conversation"
    SMP_START = "smp-start", "the user begins SMP"
    SMP_ANSWER = "smp-answer", "the user answers a request for SMP"
    SMP_ABORT = "smp-abort", "the user aborts SMP"
    EXTRA_KEY = "extra-key", "tell the peer that the extra symmetric key will be used"
    HEARTBEAT = "heartbeat", "send a heartbeat now"
    CLOCK = "clock", "virtual time moves forward for every endpoint"
    POLL = "poll", "report what happened since"
    PROFILE = "profile", "publish the client profile of version 4"
    ENSEMBLE = "ensemble", "publish a prekey ensemble of version 4, never the same twice"
    OFFLINE = "offline", "the user starts a conversation from a prekey ensemble of the peer's"
    STATE = "state", "report the state of the conversation"
    FORGET = "forget", "drop one endpoint"
    RESET = "reset", "drop every endpoint"
    BYE = "bye", "answer, then exit with status 0"


@unique
class ErrorWord(Spoken):
    """Why a request was not carried out."""

    UNSUPPORTED = (
        "unsupported",
        "the request, a field or its value is beyond the capabilities, or unknown to the shim",
    )
    BAD_REQUEST = "bad-request", "the line is not understood"
    NO_ENDPOINT = "no-endpoint", "there is no endpoint of that name"
    REFUSED = "refused", "the implementation itself returned an error for this call"
    INTERNAL = "internal", "something else went wrong"


@unique
class Capability(Spoken):
    """What a shim can do beyond the requests that every shim answers."""

    SMP = "smp", "the Socialist Millionaires' Protocol"
    SMP_QUESTION = "smp-question", "a question may be asked with SMP"
    EXTRA_KEY = "extra-key", "the extra symmetric key"
    FRAGMENT = "fragment", "the size of messages on the wire can be limited"
    INSTANCES = "instances", "the peer's instance can be chosen"
    POLICY = "policy", "every word of a policy is obeyed"
    PRESET_KEY = "preset-key", "the long-term key can be given"
    TAG = "tag", "our own instance tag can be given"
    CLOCK = "clock", "time is virtual"
    SEED = "seed", "random numbers are the same each time, for each seed"
    STATE = "state", "the state of the conversation can be asked for"
    HEARTBEAT = "heartbeat", "a heartbeat can be asked for"
    OTRV4_DAKE = "otrv4-dake", "a conversation of version 4 can be started either way"
    OTRV4_OFFLINE = "otrv4-offline", "prekey ensembles can be asked for and used"
    OTRV4_CLOCK = "otrv4-clock", "when time moves, version 4 looks at the clock: timers fire"
    OTRV4_MODE = "otrv4-mode", "the mode of version 4 can be chosen"
    OTRV4_KNOWN_PROFILE = (
        "otrv4-known-profile",
        "client profiles of version 4 are published, and the peer's can be given",
    )
    OTRV4_TRUSTED = "otrv4-trusted", "a fingerprint that the user has verified can be given"


@unique
class PolicyWord(Spoken):
    """What an endpoint is allowed and asked to do: the policies of the specification."""

    V2 = "v2", "version 2 is allowed"
    V3 = "v3", "version 3 is allowed"
    V4 = "v4", "version 4 is allowed"
    REQUIRE_ENCRYPTION = "require-encryption", "nothing is sent unprotected"
    SEND_WHITESPACE_TAG = "send-whitespace-tag", "OTR is offered by a whitespace tag"
    WHITESPACE_START_AKE = "whitespace-start-ake", "a whitespace tag starts the AKE or DAKE"
    ERROR_START_AKE = "error-start-ake", "an error message starts the AKE or DAKE"
    REQUIRE_INTERACTIVE = "require-interactive", "version 4: only interactive conversations"
    IDENTITY_START_DAKE = "identity-start-dake", "version 4: an Identity message may begin a DAKE"
    REQUIRE_AUTHENTICATED = (
        "require-authenticated",
        "version 4: only conversations with fingerprints that the user has verified",
    )


@unique
class StartBy(Spoken):
    """How a conversation of version 4 is started."""

    QUERY = "query", "with a Query Message"
    IDENTITY = "identity", "with an Identity message"


@unique
class OtrMode(Spoken):
    """The mode of OTRv4."""

    COMPATIBLE = "compatible", "OTRv3-compatible"
    STANDALONE = "standalone", "OTRv4-standalone"
    INTERACTIVE_ONLY = "interactive-only", "OTRv4-interactive-only"


@unique
class OtrVersion(Spoken):
    """A version of OTR, as `hello` spells it."""

    V2 = "2", "version 2"
    V3 = "3", "version 3"
    V4 = "4", "version 4"


@unique
class MsgState(Spoken):
    """The message state."""

    PLAINTEXT = "plaintext", "no private conversation"
    ENCRYPTED = "encrypted", "a private conversation"
    FINISHED = "finished", "the peer ended the private conversation"


@unique
class AuthState(Spoken):
    """The authentication state."""

    NONE = "none", "no AKE is under way"
    AWAITING_DHKEY = "awaiting-dhkey", "a D-H Commit was sent"
    AWAITING_REVEALSIG = "awaiting-revealsig", "a D-H Key was sent in answer to a D-H Commit"
    AWAITING_SIG = "awaiting-sig", "a Reveal Signature was sent"


@unique
class DakeState(Spoken):
    """The state of the interactive DAKE of version 4."""

    IDLE = "idle", "no DAKE is under way"
    WAITING_AUTH_R = "waiting-auth-r", "an Identity message was sent"
    WAITING_AUTH_I = "waiting-auth-i", "an Auth-R message was sent"


@unique
class SmpState(Spoken):
    """The message of SMP that is expected next."""

    EXPECT1 = "expect1", "SMP Message 1, with or without a question"
    EXPECT2 = "expect2", "SMP Message 2"
    EXPECT3 = "expect3", "SMP Message 3"
    EXPECT4 = "expect4", "SMP Message 4"


@unique
class WarningAbout(Spoken):
    """What the user is warned of."""

    UNENCRYPTED = "unencrypted", "the text just shown was not protected"
    UNREADABLE = "unreadable", "an encrypted message could not be read"
    MALFORMED = "malformed", "a message was malformed"
    OTHER_INSTANCE = "other-instance", "a message was for another instance of ours"
    NOT_SENT = "not-sent", "the text was not sent"
    SETUP = "setup", "the AKE or DAKE failed"
    ROLLBACK = "rollback", "an older version was asked for, and the peer supports version 4"
    QUEUED = "queued", "the text waits until there is a private conversation"
    EXPIRED = "expired", "the session expired"
    ENSEMBLE_REFUSED = "ensemble-refused", "a prekey ensemble is not acceptable"


@unique
class Bold(Spoken):
    """The half of the secure session id that is shown in bold."""

    FIRST = "first", "the first four bytes"
    SECOND = "second", "the last four bytes"


@unique
class Stage(Spoken):
    """What the user is told about SMP."""

    ASKED = "asked", "the peer began, the user must answer"
    PROGRESS = "progress", "it goes on"
    SUCCESS = "success", "the secrets are the same"
    FAILURE = "failure", "the secrets differ"
    ABORTED = "aborted", "one side aborted"
    ERROR = "error", "it failed for another reason"


@unique
class Side(Spoken):
    """Which way something went."""

    SENT = "sent", "by us"
    RECEIVED = "received", "by the peer"
