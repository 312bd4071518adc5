"""Declared control variables and parameters of OTRv4.

What is compared and counted is here; what is encrypted, hashed or signed is data (`data.py`).
"""

from __future__ import annotations

from otr_model.kernel.composition import Parameter
from otr_model.kernel.expr import Declare, Scope

# Policies (client recommendations, section "OTRv4 policies advice"). ALLOW_V34 is both of the first
# two together.

policy = Declare(Scope.ENDPOINT)
ALLOW_V3 = policy.flag("allow_v3", "ALLOW_V3: version 3 may be used")
ALLOW_V4 = policy.flag("allow_v4", "ALLOW_V4: version 4 may be used")
REQUIRE_ENCRYPTION = policy.flag(
    "require_encryption", "REQUIRE_ENCRYPTION: refuse to send unencrypted messages"
)
SEND_WHITESPACE_TAG = policy.flag(
    "send_whitespace_tag", "SEND_WHITESPACE_TAG: advertise OTR by the whitespace tag"
)
WHITESPACE_START_DAKE = policy.flag(
    "whitespace_start_dake", "WHITESPACE_START_DAKE: start the DAKE on a whitespace tag"
)
ERROR_START_DAKE = policy.flag(
    "error_start_dake", "ERROR_START_DAKE: start the DAKE on an Error Message"
)
REQUIRE_INTERACTIVE = policy.flag(
    "require_interactive", "OTRNG_REQUIRE_INTERACTIVE: only interactive conversations"
)
IDENTITY_START_DAKE = policy.flag(
    "identity_start_dake",
    "OTRNG_IDENTITY_START_DAKE: an Identity message may start the DAKE without invitation",
)
REQUIRE_AUTHENTICATED = policy.flag(
    "require_authenticated",
    "OTRNG_REQUIRE_AUTHENTICATED: converse only with keys that the user has verified",
)
POLICIES = (
    ALLOW_V3,
    ALLOW_V4,
    REQUIRE_ENCRYPTION,
    SEND_WHITESPACE_TAG,
    WHITESPACE_START_DAKE,
    ERROR_START_DAKE,
    REQUIRE_INTERACTIVE,
    IDENTITY_START_DAKE,
    REQUIRE_AUTHENTICATED,
)

# Our own instance, the mode, and figures.

MODE = policy.integer("mode", "the mode, as a number")
OUR_TAG = policy.integer("our_tag", "our instance tag")
SMALLEST_TAG = policy.integer("smallest_tag", "the smallest valid instance tag")
HEARTBEAT_INTERVAL = policy.integer("heartbeat_interval", "seconds without sending, then heartbeat")
QUEUE_LIFETIME = policy.integer("queue_lifetime", "seconds for which a text waits to be sent")
MAX_QUEUED = policy.integer("max_queued", "texts that wait to be sent, at most")
DAKE_LIFETIME = policy.integer("dake_lifetime", "seconds after which a DAKE is abandoned")
SESSION_LIFETIME = policy.integer(
    "session_lifetime", "seconds without a new ECDH key of ours, then the session expires"
)
MAX_SKIP = policy.integer("max_skip", "message keys of one ratchet that can be skipped at once")
MAX_STORED_KEYS = policy.integer("max_stored_keys", "skipped message keys that are kept, at most")
KEYS_LIFETIME = policy.integer("keys_lifetime", "seconds for which skipped message keys are kept")
MAX_EARLY = policy.integer("max_early", "Data Messages that are kept for a DAKE, at most")
MAX_STORED = policy.integer("max_stored", "bytes of a fragmented message that are held at most")
ASSEMBLY_LIFETIME = policy.integer(
    "assembly_lifetime", "seconds for which pieces wait for those that are missing"
)
LAST_ERROR_CODE = policy.integer("last_error_code", "the largest error code that is defined")
PARAMETERS = (
    Parameter("smallest_tag", 0x100, SMALLEST_TAG.about, "Instance Tags"),
    Parameter("last_error_code", 3, LAST_ERROR_CODE.about, "OTR Error Messages"),
    Parameter("heartbeat_interval", 60, HEARTBEAT_INTERVAL.about),
    Parameter("queue_lifetime", 3600, QUEUE_LIFETIME.about),
    Parameter("max_queued", 100, MAX_QUEUED.about),
    Parameter("dake_lifetime", 600, DAKE_LIFETIME.about),
    Parameter("session_lifetime", 1209600, SESSION_LIFETIME.about),
    Parameter("max_skip", 1000, MAX_SKIP.about),
    Parameter("max_stored_keys", 2000, MAX_STORED_KEYS.about),
    Parameter("keys_lifetime", 604800, KEYS_LIFETIME.about),
    Parameter("max_early", 100, MAX_EARLY.about),
    Parameter("max_tlvs", 64, "TLVs of one message that are looked at, at most"),
    Parameter("max_extra_keys", 10, "extra symmetric keys of one message", "Extra Symmetric Key"),
    Parameter("max_stored", 0x100000, MAX_STORED.about),
    Parameter("assembly_lifetime", 600, ASSEMBLY_LIFETIME.about),
    Parameter("max_assemblies", 20, "fragmented messages that are put together at once, at most"),
    Parameter("max_instances", 100, "instances of the peer that are kept apart at most"),
    Parameter(
        "extra_validity",
        86400,
        "seconds for which our own expired profiles are used for what was sent before",
        "Client Profile",
    ),
)

# The message or command at hand.

message = Declare(Scope.MESSAGE)
NOW = message.integer("now", "the time at which it is handled, in seconds")
KIND = message.integer("kind", "which kind of message it is, as a number")
VERSION = message.integer("version", "its protocol version; 0 for what is not encoded")
SENDER_TAG = message.integer("sender_tag", "its sender instance tag; 0 where it has none")
RECEIVER_TAG = message.integer("receiver_tag", "its receiver instance tag; 0 where it has none")
OFFERS_3 = message.flag("offers_3", "the query or tag offers version 3")
OFFERS_4 = message.flag("offers_4", "the query or tag offers version 4")
ERROR_CODE = message.integer("error_code", "the code of an Error Message; 0 where it has none")
OWNER_TAG = message.integer("owner_tag", "the owner's instance tag of the client profile")
EXPIRATION = message.integer("expiration", "when the client profile expires, in seconds")
PREKEY_OWNER_TAG = message.integer("prekey_owner_tag", "that of the prekey profile")
PREKEY_EXPIRATION = message.integer("prekey_expiration", "when the prekey profile expires")
PREVIOUS_COUNT = message.integer("previous_count", "previous chain message number")
RATCHET_ID = message.integer("ratchet_id", "ratchet id")
MESSAGE_ID = message.integer("message_id", "message id")
HAS_DH = message.flag("has_dh", "the public DH key is not empty")
IGNORE_UNREADABLE = message.flag("ignore_unreadable", "flag IGNORE_UNREADABLE")
ASSEMBLY = message.integer("assembly", "which assembly the fragment is for: sender and identifier")
INDEX = message.integer("index", "number of the piece")
TOTAL = message.integer("total", "number of pieces")
PIECE_SIZE = message.integer("piece_size", "bytes of the piece")
TLV_KIND = message.integer("tlv_kind", "which kind of TLV is at hand, as a number")
MESSAGE_VARIABLES = (
    NOW,
    KIND,
    VERSION,
    SENDER_TAG,
    RECEIVER_TAG,
    OFFERS_3,
    OFFERS_4,
    ERROR_CODE,
    OWNER_TAG,
    EXPIRATION,
    PREKEY_OWNER_TAG,
    PREKEY_EXPIRATION,
    PREVIOUS_COUNT,
    RATCHET_ID,
    MESSAGE_ID,
    HAS_DH,
    IGNORE_UNREADABLE,
    ASSEMBLY,
    INDEX,
    TOTAL,
    PIECE_SIZE,
    TLV_KIND,
)

# The conversation with one correspondent, all instances.

shared = Declare(Scope.SHARED)
BEST = shared.integer("best", "the session that became private last: the one the user is in")
ENGAGED = shared.integer(
    "engaged", "the instance tag of the session that the user is in; 0 once the user has left it"
)
OFFERS = shared.integer(
    "offers", "how many Identity messages were sent for no instance in particular"
)
ANSWERED = shared.integer("answered", "value of offers when an instance last adopted one")
INVITED = shared.flag("invited", "we have asked for a private conversation, or offered one")
PLAINTEXT_SEEN = shared.flag(
    "plaintext_seen", "a plaintext was received since the last private conversation"
)
QUEUED = shared.integer("queued", "how many texts wait to be sent")
QUEUED_AT = shared.integer("queued_at", "when the last of them began to wait, in seconds")

# One session.

session = Declare(Scope.MEMBER)
THEIR_TAG = session.integer("their_tag", "the peer's instance tag; 0 in the master session")
ADOPTED = session.integer("adopted", "value of offers when one of those was adopted here")
DAKE_AT = session.integer("dake_at", "when our last message of a DAKE was sent, in seconds")
ROLE = session.integer("role", "which part we played in the DAKE that succeeded, as a number")
LAST_SENT = session.integer("last_sent", "when a Data Message was last sent, in seconds")

I = session.integer("i", "i: how many ratchets there were, and the id of the next")  # noqa: E741 - the text's
J = session.integer("j", "j: the id of the next message that we send in the current ratchet")
K = session.integer("k", "k: the id of the next message of the current receiving ratchet")
PN = session.integer("pn", "pn: how many messages we sent in our previous ratchet")
MAX_REMOTE_I_SEEN = session.integer(
    "max_remote_i_seen", "max_remote_i_seen: the largest ratchet id that the peer used", -1
)
SENDING_ID = session.integer("sending_id", "the ratchet id of our current sending ratchet")
RECEIVES = session.flag("receives", "there is a receiving chain key")
ROTATES = session.flag("rotates", "the next Data Message that we send begins a new ratchet")
SKIPPED = session.integer("skipped", "how many skipped message keys are kept")
SKIPPED_AT = session.integer("skipped_at", "when the oldest of them may have been stored")
UNREVEALED = session.integer("unrevealed", "MAC keys that are to be revealed")
TIMED = session.flag("timed", "a Data Message was sent or received: the expiration timer runs")
FRESH_AT = session.integer("fresh_at", "when the expiration timer was last started, in seconds")

EARLY = session.integer("early", "how many Data Messages wait for the DAKE to be complete")
SMP_ASKED = session.flag("smp_asked", "the user is being asked for the secret")

# One assembly of fragments.

assembly = Declare(Scope.MEMBER)
HELD_TOTAL = assembly.integer("held_total", "T: number of pieces of the message")
HELD_COUNT = assembly.integer("held_count", "C: how many of them are held")
HELD_SIZE = assembly.integer("held_size", "bytes that are held")
HELD_SINCE = assembly.integer("held_since", "when the first piece arrived, in seconds")

VARIABLES = (
    *POLICIES,
    MODE,
    OUR_TAG,
    *MESSAGE_VARIABLES,
    BEST,
    ENGAGED,
    OFFERS,
    ANSWERED,
    INVITED,
    PLAINTEXT_SEEN,
    QUEUED,
    QUEUED_AT,
    THEIR_TAG,
    ADOPTED,
    DAKE_AT,
    ROLE,
    LAST_SENT,
    I,
    J,
    K,
    PN,
    MAX_REMOTE_I_SEEN,
    SENDING_ID,
    RECEIVES,
    ROTATES,
    SKIPPED,
    SKIPPED_AT,
    UNREVEALED,
    TIMED,
    FRESH_AT,
    EARLY,
    SMP_ASKED,
    HELD_TOTAL,
    HELD_COUNT,
    HELD_SIZE,
    HELD_SINCE,
)
