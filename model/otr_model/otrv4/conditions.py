"""What the rows of OTRv4 ask: conditions, and the named checks that a valid message passes."""

from __future__ import annotations

from enum import unique

from otr_model.kernel.expr import Choice, InState, Int, Number, Scope
from otr_model.kernel.guard import Exclusive
from otr_model.kernel.vocabulary import Check as CheckBase
from otr_model.kernel.vocabulary import Checking, Condition, Defined, Opaque, Point, Validity

from . import variables as v
from .words import Dake, Kind, Mode, Msg, Role, TlvKind


@unique
class Check(CheckBase):
    """Named checks, in the order in which they are made."""

    # The client profile of an Identity, Auth-R or Non-Interactive-Auth message, or of an ensemble.
    PROFILE_SIGNED = Checking("the Client Profile Signature", Point.SIGNATURE)
    PROFILE_OWNER = Checking(
        "the owner's instance tag of the client profile is the sender's",
        Point.INSTANCE,
        v.OWNER_TAG.equals(v.SENDER_TAG),
    )
    PROFILE_FRESH = Checking(
        "the client profile has not expired", Point.EXPIRATION, v.NOW < v.EXPIRATION
    )
    PROFILE_VERSIONS = Checking('Versions contains "4"', Point.VERSION)
    PROFILE_KEY = Checking("the Ed448 public key is a point of the group", Point.RANGE)
    PROFILE_FORGING_KEY = Checking("the forging key is a point of the group", Point.RANGE)
    PROFILE_TRANSITION = Checking(
        "the Transitional Signature, where there is a DSA key to verify it with", Point.SIGNATURE
    )

    # The ephemeral keys of a DAKE message.
    ECDH_POINT = Checking("the ephemeral ECDH key (Y or X) is a point of the group", Point.RANGE)
    DH_MEMBER = Checking("the ephemeral DH key (B or A) is in the group", Point.RANGE)
    FIRST_ECDH_POINT = Checking("our_ecdh_first.public is a point of the group", Point.RANGE)
    FIRST_DH_MEMBER = Checking("our_dh_first.public is in the group", Point.RANGE)

    # The authentication of each message of a DAKE.
    AUTH_R_SIGMA = Checking("RVrf({F_b, H_a, Y}, sigma, 0x0 || ...)", Point.SIGNATURE)
    AUTH_I_SIGMA = Checking("RVrf({H_b, F_a, X}, sigma, 0x1 || ...)", Point.SIGNATURE)
    PREKEY_KNOWN = Checking(
        "the prekey message that it names is ours, and was never used",
        Point.KEY_ID,
        structural=True,
    )
    NON_INTERACTIVE_SIGMA = Checking(
        "RVrf({F_b, H_a, Y}, sigma, t), with one of our client profiles", Point.SIGNATURE
    )
    AUTH_MAC = Checking("Auth MAC = HCMAC(usage_auth_MAC || auth_mac_k || t)", Point.MAC)

    # A prekey ensemble.
    ENSEMBLE_OWNERS = Checking(
        "the instance tags of all its values are the same, and valid",
        Point.INSTANCE,
        v.OWNER_TAG.equals(v.SENDER_TAG)
        & v.PREKEY_OWNER_TAG.equals(v.SENDER_TAG)
        & (v.SENDER_TAG >= v.SMALLEST_TAG),
    )
    PREKEY_PROFILE_SIGNED = Checking(
        "the signature of the prekey profile, with the key in the client profile", Point.SIGNATURE
    )
    PREKEY_PROFILE_FRESH = Checking(
        "the prekey profile has not expired", Point.EXPIRATION, v.NOW < v.PREKEY_EXPIRATION
    )
    SHARED_PREKEY_POINT = Checking("the shared prekey is a point of the group", Point.RANGE)
    PREKEY_ECDH_POINT = Checking(
        "the prekey message's ECDH key Y is a point of the group", Point.RANGE
    )
    PREKEY_DH_MEMBER = Checking("the prekey message's DH key B is in the group", Point.RANGE)

    # Receiving a Data Message.
    DATA_ECDH_POINT = Checking("the public ECDH key is a point of the group", Point.RANGE)
    DATA_DH_DUE = Checking(
        "the public DH key is there exactly in every third ratchet",
        Point.ENCODING,
        ((v.RATCHET_ID % 3).equals(0) & v.HAS_DH) | (~(v.RATCHET_ID % 3).equals(0) & ~v.HAS_DH),
    )
    DATA_DH_MEMBER = Checking("the public DH key, if any, is in the group", Point.RANGE)
    DATA_MAC = Checking("the authenticator, with the message's MAC key", Point.MAC)

    # SMP message 1.
    G2A_POINT = Checking("G2a is a point of the group", Point.RANGE)
    G3A_POINT = Checking("G3a is a point of the group", Point.RANGE)
    G2A_PROOF = Checking("c2 = HashToScalar(0x01 || G * d2 + G2a * c2)", Point.PROOF)
    G3A_PROOF = Checking("c3 = HashToScalar(0x02 || G * d3 + G3a * c3)", Point.PROOF)

    # SMP message 2.
    G2B_POINT = Checking("G2b is a point of the group", Point.RANGE)
    G3B_POINT = Checking("G3b is a point of the group", Point.RANGE)
    PB_POINT = Checking("Pb is a point of the group", Point.RANGE)
    QB_POINT = Checking("Qb is a point of the group", Point.RANGE)
    G2B_PROOF = Checking("c2 = HashToScalar(0x03 || G * d2 + G2b * c2)", Point.PROOF)
    G3B_PROOF = Checking("c3 = HashToScalar(0x04 || G * d3 + G3b * c3)", Point.PROOF)
    PB_QB_PROOF = Checking(
        "cp = HashToScalar(0x05 || G3 * d5 + Pb * cp || G * d5 + G2 * d6 + Qb * cp)", Point.PROOF
    )

    # SMP message 3.
    PA_POINT = Checking("Pa is a point of the group", Point.RANGE)
    QA_POINT = Checking("Qa is a point of the group", Point.RANGE)
    RA_POINT = Checking("Ra is a point of the group", Point.RANGE)
    PA_QA_PROOF = Checking(
        "cp = HashToScalar(0x06 || G3 * d5 + Pa * cp || G * d5 + G2 * d6 + Qa * cp)", Point.PROOF
    )
    RA_PROOF = Checking(
        "cr = HashToScalar(0x07 || G * d7 + G3a * cr || (Qa - Qb) * d7 + Ra * cr)", Point.PROOF
    )

    # SMP message 4.
    RB_POINT = Checking("Rb is a point of the group", Point.RANGE)
    RB_PROOF = Checking(
        "cr = HashToScalar(0x08 || G * d7 + G3b * cr || (Qa - Qb) * d7 + Rb * cr)", Point.PROOF
    )


PROFILE = (
    Check.PROFILE_SIGNED,
    Check.PROFILE_OWNER,
    Check.PROFILE_FRESH,
    Check.PROFILE_VERSIONS,
    Check.PROFILE_KEY,
    Check.PROFILE_FORGING_KEY,
    Check.PROFILE_TRANSITION,
)
"""Section "Validating a Client Profile"; that a signature is there is part of its encoding."""
KEYS = (Check.ECDH_POINT, Check.DH_MEMBER, Check.FIRST_ECDH_POINT, Check.FIRST_DH_MEMBER)
WAITING = (Dake.WAITING_AUTH_R, Dake.WAITING_AUTH_I)


def _kind(kind: Kind) -> Defined:
    return Defined(kind.meaning, v.KIND.equals(kind.number))


def _tlv(kind: TlvKind) -> Defined:
    return Defined(kind.meaning, v.TLV_KIND.equals(kind.number))


def _role(role: Role) -> Defined:
    return Defined(role.meaning, v.ROLE.equals(role.number))


LEFT_BEHIND: Int = Choice(v.RECEIVES & (v.K < v.PREVIOUS_COUNT), v.PREVIOUS_COUNT - v.K, Number(0))
"""Messages of the last ratchet that have not arrived when the next one begins."""

_COMPATIBLE = v.MODE.equals(Mode.COMPATIBLE.number)
_THREE = v.ALLOW_V3 & _COMPATIBLE


@unique
class Cond(Condition):
    """Conditions of the rows."""

    # What kind of message it is: exactly one holds.
    IS_FRAGMENT = _kind(Kind.FRAGMENT)
    IS_PLAINTEXT = _kind(Kind.PLAINTEXT)
    IS_TAGGED = _kind(Kind.TAGGED)
    IS_QUERY = _kind(Kind.QUERY)
    IS_ERROR = _kind(Kind.ERROR)
    IS_IDENTITY = _kind(Kind.IDENTITY)
    IS_AUTH_R = _kind(Kind.AUTH_R)
    IS_AUTH_I = _kind(Kind.AUTH_I)
    IS_NON_INTERACTIVE_AUTH = _kind(Kind.NON_INTERACTIVE_AUTH)
    IS_DATA = _kind(Kind.DATA)
    IS_PREKEY = _kind(Kind.PREKEY)
    IS_OTHER_VERSION = _kind(Kind.OTHER_VERSION)
    IS_MALFORMED = _kind(Kind.MALFORMED)

    # Modes, policies and versions.
    COMPATIBLE = Defined(Mode.COMPATIBLE.meaning, _COMPATIBLE)
    DISABLED = Defined("no version is allowed", ~(v.ALLOW_V4 | _THREE))
    ALLOWED = Defined("version 4 is allowed", v.ALLOW_V4)
    OFFLINE_ALLOWED = Defined(
        "version 4 is allowed, and mode and policy allow non-interactive conversations",
        v.ALLOW_V4 & ~v.MODE.equals(Mode.INTERACTIVE_ONLY.number) & ~v.REQUIRE_INTERACTIVE,
    )
    OFFERS_4 = Defined("version 4 is offered and allowed", v.OFFERS_4 & v.ALLOW_V4)
    OFFERS_3 = Defined("version 3 is offered and allowed", v.OFFERS_3 & _THREE)
    SPEAKS_3 = Defined(
        "version 3 is allowed, and the user is in no private conversation of version 4",
        _THREE & v.ENGAGED.equals(0),
    )
    PRIVATE_3 = Opaque(
        "the user is in a private conversation of version 3, or in one that the peer ended",
        Scope.MEMBER,
    )
    ROLLBACK = Opaque("a client profile of the peer's offers version 4", Scope.MEMBER)
    REQUIRE_ENCRYPTION = Defined("REQUIRE_ENCRYPTION is set", v.REQUIRE_ENCRYPTION)
    WHITESPACE_START_DAKE = Defined("WHITESPACE_START_DAKE is set", v.WHITESPACE_START_DAKE)
    ERROR_START_DAKE = Defined(
        "ERROR_START_DAKE is set, and version 4 is allowed", v.ERROR_START_DAKE & v.ALLOW_V4
    )
    ATTACH_TAG = Defined(
        "SEND_WHITESPACE_TAG is set, and no plaintext came since the last private conversation",
        v.SEND_WHITESPACE_TAG & ~v.PLAINTEXT_SEEN,
    )
    WELCOME = Defined(
        "OTRNG_IDENTITY_START_DAKE is set, or we asked for a private conversation",
        v.IDENTITY_START_DAKE | v.INVITED,
    )
    REQUIRE_AUTHENTICATED = Defined("OTRNG_REQUIRE_AUTHENTICATED is set", v.REQUIRE_AUTHENTICATED)
    TRUSTED = Opaque("the user has verified the fingerprint of the client profile", Scope.MEMBER)
    UNENGAGED = Defined("the user is in no private conversation of version 4", v.ENGAGED.equals(0))

    # Instance tags.
    HAS_TAGS = Defined("it is of version 4, and has instance tags", v.VERSION.equals(4))
    SENDER_TAG_VALID = Defined(
        "the sender instance tag is not below the smallest", v.SENDER_TAG >= v.SMALLEST_TAG
    )
    FOR_US = Defined("the receiver instance tag is ours", v.RECEIVER_TAG.equals(v.OUR_TAG))
    FOR_ANY = Defined("the receiver instance tag is 0", v.RECEIVER_TAG.equals(0))
    RECEIVER_TAG_ILLEGAL = Defined(
        "the receiver instance tag is above 0 and below the smallest",
        (v.RECEIVER_TAG > 0) & (v.RECEIVER_TAG < v.SMALLEST_TAG),
    )
    ROOM = Opaque("the sender's instance is known, or there is room for another", Scope.MEMBER)
    OFFER_OUTSTANDING = Defined(
        "our Identity message to all instances awaits answers, and this one has not taken part",
        InState("dake", (Dake.WAITING_AUTH_R,), "master") & (v.ADOPTED < v.OFFERS),
    )
    OFFER_ANSWERED = Defined(
        "an instance has taken part in the exchange that our Identity message to all began",
        (v.OFFERS > 0) & v.ANSWERED.equals(v.OFFERS),
    )

    # Fragments.
    LEGAL = Defined(
        "index and total are above 0, and index is at most total",
        (v.INDEX > 0) & (v.TOTAL > 0) & (v.INDEX <= v.TOTAL),
    )
    SINGLE = Defined("total is 1", v.TOTAL.equals(1))
    SAME_TOTAL = Defined("total is T", v.TOTAL.equals(v.HELD_TOTAL))
    PIECE_HELD = Opaque("the piece at this index is held", Scope.MEMBER)
    LAST_MISSING = Defined("it is the only one that is missing", v.TOTAL.equals(v.HELD_COUNT + 1))
    FITS = Defined(
        "what is held stays within its bound", v.HELD_SIZE + v.PIECE_SIZE <= v.MAX_STORED
    )
    ASSEMBLY_STALE = Defined(
        "the first piece has waited for too long", v.NOW - v.HELD_SINCE >= v.ASSEMBLY_LIFETIME
    )

    # The DAKEs.
    IDENTITY_VALID = Validity("every check of the Identity message holds", (*PROFILE, *KEYS))
    AUTH_R_VALID = Validity(
        "every check of the Auth-R message holds", (*PROFILE, *KEYS, Check.AUTH_R_SIGMA)
    )
    AUTH_I_VALID = Validity("every check of the Auth-I message holds", (Check.AUTH_I_SIGMA,))
    NON_INTERACTIVE_VALID = Validity(
        "every check of the Non-Interactive-Auth message holds",
        (
            *KEYS,
            *PROFILE,
            Check.PREKEY_KNOWN,
            Check.NON_INTERACTIVE_SIGMA,
            Check.AUTH_MAC,
        ),
    )
    ENSEMBLE_VALID = Validity(
        "every check of the prekey ensemble holds",
        (
            Check.ENSEMBLE_OWNERS,
            Check.PROFILE_SIGNED,
            Check.PROFILE_FRESH,
            Check.PROFILE_VERSIONS,
            Check.PROFILE_KEY,
            Check.PROFILE_FORGING_KEY,
            Check.PROFILE_TRANSITION,
            Check.PREKEY_PROFILE_SIGNED,
            Check.PREKEY_PROFILE_FRESH,
            Check.SHARED_PREKEY_POINT,
            Check.PREKEY_ECDH_POINT,
            Check.PREKEY_DH_MEMBER,
        ),
    )
    OURS_HIGHER = Opaque("our hashed B is the higher of the two", Scope.MEMBER)
    REPEATED = Opaque("it is the Identity message that we have answered", Scope.MEMBER)
    NOT_FINISHED = Defined(
        "the state is not FINISHED", InState("message", (Msg.START, Msg.ENCRYPTED_MESSAGES))
    )
    WAITING = Opaque("a DAKE is in progress with some instance of the peer", Scope.MEMBER)
    DAKE_STALE = Defined(
        "our last message of the DAKE is too old", v.NOW - v.DAKE_AT >= v.DAKE_LIFETIME
    )
    SAME_PEER = Opaque("the private conversation is with the same fingerprint", Scope.MEMBER)
    INITIATOR = _role(Role.INITIATOR)
    RESPONDER = _role(Role.RESPONDER)
    RETRIEVER = _role(Role.RETRIEVER)
    PUBLISHER = _role(Role.PUBLISHER)

    # What waits to be sent, or to be read.
    QUEUE_FULL = Defined("as many texts wait as may", v.QUEUED >= v.MAX_QUEUED)
    TEXT_WAITS = Defined(
        "a text waits to be sent, and has not waited for too long",
        (v.QUEUED > 0) & (v.NOW - v.QUEUED_AT <= v.QUEUE_LIFETIME),
    )
    FOR_THIS_PEER = Opaque(
        "the next text that waits was not meant for another fingerprint", Scope.MEMBER
    )
    MAY_BE_EARLY = Defined(
        "an Auth-I message is awaited that may have been overtaken, and there is room",
        InState("dake", (Dake.WAITING_AUTH_I,)) & (v.EARLY < v.MAX_EARLY),
    )
    EARLY_WAITS = Defined(
        "a Data Message waits that came before its DAKE, which is over",
        InState("dake", (Dake.IDLE,)) & (v.EARLY > 0),
    )

    # The double ratchet.
    KEY_SKIPPED = Opaque("its message key is among the skipped ones", Scope.MEMBER)
    SAME_RATCHET = Opaque("its public ECDH key is the peer's current one", Scope.MEMBER)
    PAST = Defined("its ratchet is over", v.RATCHET_ID < v.MAX_REMOTE_I_SEEN)
    FIRST = Defined("its ratchet is the first one after a DAKE", v.RATCHET_ID.equals(0))
    NEXT_RATCHET = Defined(
        "its ratchet id is the next, and it is the peer's turn to begin one",
        v.RATCHET_ID.equals(v.I) & ~v.ROTATES,
    )
    PASSED = Defined("its message id was passed", v.MESSAGE_ID < v.K)
    NEAR = Defined(
        "no more keys are skipped, and stored, than may be",
        (v.MESSAGE_ID <= v.K + v.MAX_SKIP) & (v.SKIPPED + v.MESSAGE_ID <= v.MAX_STORED_KEYS + v.K),
    )
    NEAR_IN_NEXT = Defined(
        "no more keys of the last ratchet and of the new one are skipped, and stored, than may be",
        (v.PREVIOUS_COUNT <= v.K + v.MAX_SKIP)
        & (v.MESSAGE_ID <= v.MAX_SKIP)
        & (v.SKIPPED + LEFT_BEHIND + v.MESSAGE_ID <= v.MAX_STORED_KEYS),
    )
    THIRD = Defined("its ratchet id is a multiple of 3", (v.RATCHET_ID % 3).equals(0))
    OUR_THIRD = Defined("i is a multiple of 3", (v.I % 3).equals(0))
    DATA_VALID = Validity(
        "every check of the Data Message holds",
        (
            Check.DATA_ECDH_POINT,
            Check.DATA_DH_DUE,
            Check.DATA_DH_MEMBER,
            Check.DATA_MAC,
        ),
    )
    RECEIVES = Defined("there is a receiving chain key", v.RECEIVES)
    ROTATES = Defined("we have sent nothing since the peer's last ratchet began", v.ROTATES)
    FIRST_OF_RATCHET = Defined("we have sent nothing in the current ratchet", v.J.equals(0))
    KEYS_STALE = Defined(
        "skipped message keys are kept, and may be too old",
        (v.SKIPPED > 0) & (v.NOW - v.SKIPPED_AT >= v.KEYS_LIFETIME),
    )
    EXPIRED = Defined(
        "the expiration timer has run out", v.TIMED & (v.NOW - v.FRESH_AT >= v.SESSION_LIFETIME)
    )

    # Data.
    IGNORE_UNREADABLE = Defined("the flag IGNORE_UNREADABLE is set", v.IGNORE_UNREADABLE)
    HAS_TEXT = Opaque("its human-readable part is not empty", Scope.MEMBER)
    HEARTBEAT_DUE = Defined(
        "no Data Message was sent for the interval of heartbeats",
        v.NOW - v.LAST_SENT >= v.HEARTBEAT_INTERVAL,
    )
    ERROR_KNOWN = Defined(
        "its error code is one of those defined",
        (v.ERROR_CODE > 0) & (v.ERROR_CODE <= v.LAST_ERROR_CODE),
    )

    # What the TLV at hand is: exactly one holds.
    NO_TLV = _tlv(TlvKind.NONE)
    TLV_PADDING = _tlv(TlvKind.PADDING)
    TLV_DISCONNECTED = _tlv(TlvKind.DISCONNECTED)
    TLV_SMP_1 = _tlv(TlvKind.SMP_1)
    TLV_SMP_2 = _tlv(TlvKind.SMP_2)
    TLV_SMP_3 = _tlv(TlvKind.SMP_3)
    TLV_SMP_4 = _tlv(TlvKind.SMP_4)
    TLV_SMP_ABORT = _tlv(TlvKind.SMP_ABORT)
    TLV_EXTRA_KEY = _tlv(TlvKind.EXTRA_KEY)
    TLV_UNKNOWN = _tlv(TlvKind.UNKNOWN)
    TLV_SMP_MALFORMED = _tlv(TlvKind.SMP_MALFORMED)
    TLV_MALFORMED = _tlv(TlvKind.MALFORMED)

    # SMP.
    PRIVATE = Defined(
        "the state is ENCRYPTED_MESSAGES", InState("message", (Msg.ENCRYPTED_MESSAGES,))
    )
    ASKED = Defined("the user is being asked for the secret", v.SMP_ASKED)
    SMP_1_VALID = Validity(
        "every check of SMP message 1 holds",
        (Check.G2A_POINT, Check.G3A_POINT, Check.G2A_PROOF, Check.G3A_PROOF),
    )
    SMP_2_VALID = Validity(
        "every check of SMP message 2 holds",
        (
            Check.G2B_POINT,
            Check.G3B_POINT,
            Check.PB_POINT,
            Check.QB_POINT,
            Check.G2B_PROOF,
            Check.G3B_PROOF,
            Check.PB_QB_PROOF,
        ),
    )
    SMP_3_VALID = Validity(
        "every check of SMP message 3 holds",
        (Check.PA_POINT, Check.QA_POINT, Check.RA_POINT, Check.PA_QA_PROOF, Check.RA_PROOF),
    )
    SMP_4_VALID = Validity("every check of SMP message 4 holds", (Check.RB_POINT, Check.RB_PROOF))
    EQUAL = Opaque("Rab = Pa - Pb: the secrets are equal", Scope.MEMBER)


KINDS = Exclusive(
    (
        Cond.IS_FRAGMENT,
        Cond.IS_PLAINTEXT,
        Cond.IS_TAGGED,
        Cond.IS_QUERY,
        Cond.IS_ERROR,
        Cond.IS_IDENTITY,
        Cond.IS_AUTH_R,
        Cond.IS_AUTH_I,
        Cond.IS_NON_INTERACTIVE_AUTH,
        Cond.IS_DATA,
        Cond.IS_PREKEY,
        Cond.IS_OTHER_VERSION,
        Cond.IS_MALFORMED,
    ),
    complete=True,
)
TLV_KINDS = Exclusive(
    (
        Cond.NO_TLV,
        Cond.TLV_PADDING,
        Cond.TLV_DISCONNECTED,
        Cond.TLV_SMP_1,
        Cond.TLV_SMP_2,
        Cond.TLV_SMP_3,
        Cond.TLV_SMP_4,
        Cond.TLV_SMP_ABORT,
        Cond.TLV_EXTRA_KEY,
        Cond.TLV_UNKNOWN,
        Cond.TLV_SMP_MALFORMED,
        Cond.TLV_MALFORMED,
    ),
    complete=True,
)
ROLES = Exclusive((Cond.INITIATOR, Cond.RESPONDER, Cond.RETRIEVER, Cond.PUBLISHER))
RECEIVERS = Exclusive((Cond.FOR_US, Cond.FOR_ANY, Cond.RECEIVER_TAG_ILLEGAL))
EXCLUSIVES = (KINDS, TLV_KINDS, ROLES, RECEIVERS)
