"""Declared control variables and parameters of OTRv3.

What is compared and counted is here; what is encrypted, hashed or signed is data (`data.py`).
"""

from __future__ import annotations

from otr_model.kernel.composition import Parameter
from otr_model.kernel.expr import Declare, Scope

# Policies (section "Policies"). ALLOW_V1 is left out: ADR 0002.

policy = Declare(Scope.ENDPOINT)
ALLOW_V2 = policy.flag("allow_v2", "ALLOW_V2: version 2 may be used")
ALLOW_V3 = policy.flag("allow_v3", "ALLOW_V3: version 3 may be used")
REQUIRE_ENCRYPTION = policy.flag(
    "require_encryption", "REQUIRE_ENCRYPTION: refuse to send unencrypted messages"
)
SEND_WHITESPACE_TAG = policy.flag(
    "send_whitespace_tag", "SEND_WHITESPACE_TAG: advertise OTR by the whitespace tag"
)
WHITESPACE_START_AKE = policy.flag(
    "whitespace_start_ake", "WHITESPACE_START_AKE: start the AKE on a whitespace tag"
)
ERROR_START_AKE = policy.flag(
    "error_start_ake", "ERROR_START_AKE: answer an Error Message with a Query Message"
)
POLICIES = (
    ALLOW_V2,
    ALLOW_V3,
    REQUIRE_ENCRYPTION,
    SEND_WHITESPACE_TAG,
    WHITESPACE_START_AKE,
    ERROR_START_AKE,
)

# Our own instance, and figures.

OUR_TAG = policy.integer("our_tag", "our instance tag")
SMALLEST_TAG = policy.integer("smallest_tag", "the smallest valid instance tag")
HEARTBEAT_INTERVAL = policy.integer("heartbeat_interval", "seconds without sending, then heartbeat")
RESEND_INTERVAL = policy.integer("resend_interval", "seconds for which a stored text is recent")
LARGEST_KEYID = policy.integer("largest_keyid", "the largest key id that has a successor")
MAX_STORED = policy.integer("max_stored", "bytes of a fragmented message that are stored at most")
PARAMETERS = (
    Parameter("smallest_tag", 0x100, SMALLEST_TAG.about, "Instance Tags"),
    Parameter("heartbeat_interval", 60, HEARTBEAT_INTERVAL.about),
    Parameter("resend_interval", 60, RESEND_INTERVAL.about),
    Parameter("largest_keyid", 0xFFFFFFFE, LARGEST_KEYID.about),
    Parameter("max_tlvs", 64, "TLVs of one message that are looked at, at most"),
    Parameter("max_stored", 0x100000, MAX_STORED.about),
    Parameter("max_instances", 100, "instances of the peer that are kept apart at most"),
)

# The message or command at hand.

message = Declare(Scope.MESSAGE)
NOW = message.integer("now", "the time at which it is handled, in seconds")
KIND = message.integer("kind", "which kind of message it is, as a number")
VERSION = message.integer("version", "its protocol version; 0 for what is not encoded")
SENDER_TAG = message.integer("sender_tag", "its sender instance tag; 0 before version 3")
RECEIVER_TAG = message.integer("receiver_tag", "its receiver instance tag; 0 before version 3")
OFFERS_2 = message.flag("offers_2", "the query or tag offers version 2")
OFFERS_3 = message.flag("offers_3", "the query or tag offers version 3")
IDENTITY_KEYID = message.integer("identity_keyid", "keyid inside the encrypted signature")
SENDER_KEYID = message.integer("sender_keyid", "sender keyid")
RECIPIENT_KEYID = message.integer("recipient_keyid", "recipient keyid")
COUNTER = message.integer("counter", "top half of counter init")
IGNORE_UNREADABLE = message.flag("ignore_unreadable", "flag IGNORE_UNREADABLE")
K = message.integer("k", "number of the piece")
N = message.integer("n", "number of pieces")
PIECE_SIZE = message.integer("piece_size", "bytes of the piece")
TLV_KIND = message.integer("tlv_kind", "which kind of TLV is at hand, as a number")
MESSAGE_VARIABLES = (
    NOW,
    KIND,
    VERSION,
    SENDER_TAG,
    RECEIVER_TAG,
    OFFERS_2,
    OFFERS_3,
    IDENTITY_KEYID,
    SENDER_KEYID,
    RECIPIENT_KEYID,
    COUNTER,
    IGNORE_UNREADABLE,
    K,
    N,
    PIECE_SIZE,
    TLV_KIND,
)

# The conversation with one correspondent, all instances.

shared = Declare(Scope.SHARED)
BEST = shared.integer("best", "the session that became private last: the one the user is in")
COMMITS = shared.integer("commits", "how many D-H Commits were sent for no instance in particular")
FOR_ALL = shared.flag("for_all", "the last of them was of version 3: any instance may answer it")
ANSWERED = shared.integer("answered", "value of `commits` when an instance last adopted one")
PLAINTEXT_SEEN = shared.flag(
    "plaintext_seen", "a plaintext was received since MSGSTATE_PLAINTEXT was last entered"
)
STORED = shared.integer("stored", "the stored text: 0 none, 1 was sent, 2 is owed")
STORED_AT = shared.integer("stored_at", "when the text was stored, in seconds")
NONE_STORED, WAS_SENT, IS_OWED = 0, 1, 2

# One session.

session = Declare(Scope.MEMBER)
THEIR_TAG = session.integer("their_tag", "the peer's instance tag; 0 in the master session")
ADOPTED = session.integer("adopted", "value of `commits` when one of those was adopted here")
AKE_VERSION = session.integer("ake_version", "version of the AKE that is in progress")
SESSION_VERSION = session.integer("session_version", "version of the private conversation")
LAST_SENT = session.integer("last_sent", "when a Data Message was last sent, in seconds")

AGREED_KEYID = session.integer("agreed_keyid", "keyid of the peer's D-H key in the AKE")
OUR_KEYID = session.integer("our_keyid", "serial number of our most recent D-H key")
THEIR_KEYID = session.integer("their_keyid", "serial number of their most recent D-H key")
THEIR_PREVIOUS = session.flag("their_previous", "their_y[their_keyid - 1] is not NULL")
SENT = session.integer(
    "sent", "last counter sent under our_dh[our_keyid - 1] and their_y[their_keyid]"
)
SEEN = session.array(
    "seen",
    "last counter accepted, by age of our key and of theirs (0 most recent, 1 previous)",
    2,
    2,
)
USED = session.array(
    "used", "1 if the receiving MAC key of this pair of keys verified a message", 2, 2
)
UNREVEALED = session.integer("unrevealed", "old MAC keys that the next Data Message reveals")

SMP_ASKED = session.flag("smp_asked", "the user is being asked for the secret")

STORED_K = session.integer("stored_k", "K: number of the last stored piece")
STORED_N = session.integer("stored_n", "N: number of pieces of the stored message")
STORED_SIZE = session.integer("stored_size", "bytes that are stored")

VARIABLES = (
    *POLICIES,
    OUR_TAG,
    *MESSAGE_VARIABLES,
    BEST,
    COMMITS,
    FOR_ALL,
    ANSWERED,
    PLAINTEXT_SEEN,
    STORED,
    STORED_AT,
    THEIR_TAG,
    ADOPTED,
    AKE_VERSION,
    SESSION_VERSION,
    LAST_SENT,
    AGREED_KEYID,
    OUR_KEYID,
    THEIR_KEYID,
    THEIR_PREVIOUS,
    SENT,
    SEEN,
    USED,
    UNREVEALED,
    SMP_ASKED,
    STORED_K,
    STORED_N,
    STORED_SIZE,
)
