"""What the rows of OTRv3 ask: conditions, and the named checks that a valid message passes."""

from __future__ import annotations

from enum import unique

from otr_model.kernel.expr import InState, Scope
from otr_model.kernel.guard import Exclusive
from otr_model.kernel.vocabulary import Check as CheckBase
from otr_model.kernel.vocabulary import Checking, Condition, Defined, Opaque, Point, Validity

from . import variables as v
from .words import Auth, Kind, Msg, TlvKind


@unique
class Check(CheckBase):
    """Named checks, in the order in which they are made."""

    # Receiving a D-H Key Message.
    DH_KEY_VERSION = Checking(
        "it is of the version of our D-H Commit", Point.VERSION, v.VERSION.equals(v.AKE_VERSION)
    )
    GY_RANGE = Checking("2 <= g^y <= modulus - 2", Point.RANGE)

    # Receiving a Reveal Signature Message.
    COMMITMENT_MATCHES = Checking("HASH(g^x) is the hash that was committed to", Point.COMMITMENT)
    COMMITMENT_OPENS = Checking(
        "what the revealed key decrypts is one MPI", Point.ENCODING, structural=True
    )
    GX_RANGE = Checking("2 <= g^x <= modulus - 2", Point.RANGE)
    REVEAL_MAC = Checking("the MAC with m2 of the encrypted signature", Point.MAC)
    REVEAL_IDENTITY = Checking(
        "what c decrypts is a public key, a key id and a signature", Point.ENCODING, structural=True
    )
    REVEAL_KEYID = Checking("keyid_B is greater than 0", Point.KEY_ID, v.IDENTITY_KEYID > 0)
    REVEAL_SIGNED = Checking("the signature of M_B under pub_B", Point.SIGNATURE)

    # Receiving a Signature Message.
    SIGNATURE_MAC = Checking("the MAC with m2' of the encrypted signature", Point.MAC)
    SIGNATURE_IDENTITY = Checking(
        "what c' decrypts is a public key, a key id and a signature",
        Point.ENCODING,
        structural=True,
    )
    SIGNATURE_KEYID = Checking("keyid_A is greater than 0", Point.KEY_ID, v.IDENTITY_KEYID > 0)
    SIGNATURE_SIGNED = Checking("the signature of M_A under pub_A", Point.SIGNATURE)

    # Receiving a Data Message.
    OUR_KEY_KNOWN = Checking(
        "recipient keyid is our_keyid or our_keyid - 1",
        Point.KEY_ID,
        v.RECIPIENT_KEYID.equals(v.OUR_KEYID) | v.RECIPIENT_KEYID.equals(v.OUR_KEYID - 1),
        structural=True,
    )
    THEIR_KEY_KNOWN = Checking(
        "sender keyid is their_keyid, or their_keyid - 1 where that key is held",
        Point.KEY_ID,
        v.SENDER_KEYID.equals(v.THEIR_KEYID)
        | (v.SENDER_KEYID.equals(v.THEIR_KEYID - 1) & v.THEIR_PREVIOUS),
        structural=True,
    )
    KEY_HAS_SUCCESSOR = Checking(
        "sender keyid can be incremented",
        Point.KEY_ID,
        v.SENDER_KEYID <= v.LARGEST_KEYID,
        structural=True,
    )
    DATA_MAC = Checking("the authenticator, with the receiving MAC key", Point.MAC)
    DATA_COUNTER = Checking(
        "the counter is strictly larger than the last one seen with this pair of keys",
        Point.COUNTER,
        v.SEEN[v.OUR_KEYID - v.RECIPIENT_KEYID, v.THEIR_KEYID - v.SENDER_KEYID] < v.COUNTER,
    )
    NEXT_DH_RANGE = Checking("2 <= next D-H key <= modulus - 2", Point.RANGE)

    # SMP message 1.
    G2A_RANGE = Checking("2 <= g2a <= modulus - 2", Point.RANGE)
    G3A_RANGE = Checking("2 <= g3a <= modulus - 2", Point.RANGE)
    G2A_PROOF = Checking("c2 = SHA256(1, g1^D2 g2a^c2)", Point.PROOF)
    G3A_PROOF = Checking("c3 = SHA256(2, g1^D3 g3a^c3)", Point.PROOF)

    # SMP message 2.
    G2B_RANGE = Checking("2 <= g2b <= modulus - 2", Point.RANGE)
    G3B_RANGE = Checking("2 <= g3b <= modulus - 2", Point.RANGE)
    PB_RANGE = Checking("2 <= Pb <= modulus - 2", Point.RANGE)
    QB_RANGE = Checking("2 <= Qb <= modulus - 2", Point.RANGE)
    G2B_PROOF = Checking("c2 = SHA256(3, g1^D2 g2b^c2)", Point.PROOF)
    G3B_PROOF = Checking("c3 = SHA256(4, g1^D3 g3b^c3)", Point.PROOF)
    PB_QB_PROOF = Checking("cP = SHA256(5, g3^D5 Pb^cP, g1^D5 g2^D6 Qb^cP)", Point.PROOF)

    # SMP message 3.
    PA_RANGE = Checking("2 <= Pa <= modulus - 2", Point.RANGE)
    QA_RANGE = Checking("2 <= Qa <= modulus - 2", Point.RANGE)
    RA_RANGE = Checking("2 <= Ra <= modulus - 2", Point.RANGE)
    PA_QA_PROOF = Checking("cP = SHA256(6, g3^D5 Pa^cP, g1^D5 g2^D6 Qa^cP)", Point.PROOF)
    RA_PROOF = Checking("cR = SHA256(7, g1^D7 g3a^cR, (Qa / Qb)^D7 Ra^cR)", Point.PROOF)

    # SMP message 4.
    RB_RANGE = Checking("2 <= Rb <= modulus - 2", Point.RANGE)
    RB_PROOF = Checking("cR = SHA256(8, g1^D7 g3b^cR, (Qa / Qb)^D7 Rb^cR)", Point.PROOF)


def _kind(kind: Kind) -> Defined:
    return Defined(kind.meaning, v.KIND.equals(kind.number))


def _tlv(kind: TlvKind) -> Defined:
    return Defined(kind.meaning, v.TLV_KIND.equals(kind.number))


@unique
class Cond(Condition):
    """Conditions of the rows."""

    # What kind of message it is: exactly one holds.
    IS_FRAGMENT = _kind(Kind.FRAGMENT)
    IS_PLAINTEXT = _kind(Kind.PLAINTEXT)
    IS_TAGGED = _kind(Kind.TAGGED)
    IS_QUERY = _kind(Kind.QUERY)
    IS_ERROR = _kind(Kind.ERROR)
    IS_DH_COMMIT = _kind(Kind.DH_COMMIT)
    IS_DH_KEY = _kind(Kind.DH_KEY)
    IS_REVEAL_SIGNATURE = _kind(Kind.REVEAL_SIGNATURE)
    IS_SIGNATURE = _kind(Kind.SIGNATURE)
    IS_DATA = _kind(Kind.DATA)
    IS_OTHER_VERSION = _kind(Kind.OTHER_VERSION)
    IS_MALFORMED = _kind(Kind.MALFORMED)

    # Policies and versions.
    DISABLED = Defined("no version is allowed", ~(v.ALLOW_V2 | v.ALLOW_V3))
    ALLOWED = Defined(
        "the policy allows the version of the message",
        (v.VERSION.equals(2) & v.ALLOW_V2) | (v.VERSION.equals(3) & v.ALLOW_V3),
    )
    OFFERS_3 = Defined("version 3 is offered and allowed", v.OFFERS_3 & v.ALLOW_V3)
    OFFERS_2 = Defined("version 2 is offered and allowed", v.OFFERS_2 & v.ALLOW_V2)
    REQUIRE_ENCRYPTION = Defined("REQUIRE_ENCRYPTION is set", v.REQUIRE_ENCRYPTION)
    WHITESPACE_START_AKE = Defined("WHITESPACE_START_AKE is set", v.WHITESPACE_START_AKE)
    ERROR_START_AKE = Defined("ERROR_START_AKE is set", v.ERROR_START_AKE)
    ATTACH_TAG = Defined(
        "SEND_WHITESPACE_TAG is set, and no plaintext came since MSGSTATE_PLAINTEXT was entered",
        v.SEND_WHITESPACE_TAG & ~v.PLAINTEXT_SEEN,
    )

    # Instance tags.
    HAS_TAGS = Defined("it is of version 3, which has instance tags", v.VERSION.equals(3))
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
    COMMIT_OUTSTANDING = Defined(
        "our D-H Commit to all instances awaits answers, and this instance has not taken part",
        InState("ake", (Auth.AWAITING_DHKEY,), "master") & v.FOR_ALL & (v.ADOPTED < v.COMMITS),
    )

    COMMIT_ANSWERED = Defined(
        "an instance has taken part in the exchange that our D-H Commit to all instances began",
        v.FOR_ALL & v.ANSWERED.equals(v.COMMITS),
    )

    # Fragments.
    LEGAL = Defined("k and n are above 0, and k is at most n", (v.K > 0) & (v.N > 0) & (v.K <= v.N))
    FIRST = Defined("k = 1", v.K.equals(1))
    LAST = Defined("k = n", v.K.equals(v.N))
    NEXT = Defined("n = N and k = K + 1", v.N.equals(v.STORED_N) & v.K.equals(v.STORED_K + 1))
    FITS = Defined(
        "what is stored stays within its bound", v.STORED_SIZE + v.PIECE_SIZE <= v.MAX_STORED
    )
    FITS_ALONE = Defined("the piece alone is within the bound", v.PIECE_SIZE <= v.MAX_STORED)

    # The AKE.
    OURS_HIGHER = Opaque("our hashed g^x is the higher of the two", Scope.MEMBER)
    SAME_GY = Opaque("it is the D-H Key that we received before", Scope.MEMBER)
    DH_KEY_VALID = Validity(
        "every check of the D-H Key Message holds", (Check.DH_KEY_VERSION, Check.GY_RANGE)
    )
    REVEAL_VALID = Validity(
        "every check of the Reveal Signature Message holds",
        (
            Check.COMMITMENT_MATCHES,
            Check.COMMITMENT_OPENS,
            Check.GX_RANGE,
            Check.REVEAL_MAC,
            Check.REVEAL_IDENTITY,
            Check.REVEAL_KEYID,
            Check.REVEAL_SIGNED,
        ),
    )
    SIGNATURE_VALID = Validity(
        "every check of the Signature Message holds",
        (
            Check.SIGNATURE_MAC,
            Check.SIGNATURE_IDENTITY,
            Check.SIGNATURE_KEYID,
            Check.SIGNATURE_SIGNED,
        ),
    )
    SAME_PEER = Opaque("the private conversation is with the same public key", Scope.MEMBER)
    KEY_KNOWN = Opaque("the peer's D-H key of the AKE is one that we hold", Scope.MEMBER)

    # Data.
    DATA_VALID = Validity(
        "every check of the Data Message holds",
        (
            Check.OUR_KEY_KNOWN,
            Check.THEIR_KEY_KNOWN,
            Check.KEY_HAS_SUCCESSOR,
            Check.DATA_MAC,
            Check.DATA_COUNTER,
            Check.NEXT_DH_RANGE,
        ),
    )
    IGNORE_UNREADABLE = Defined("the flag IGNORE_UNREADABLE is set", v.IGNORE_UNREADABLE)
    HAS_TEXT = Opaque("its human-readable part is not empty", Scope.MEMBER)
    ACKNOWLEDGES = Defined(
        "it is for our most recent D-H key", v.RECIPIENT_KEYID.equals(v.OUR_KEYID)
    )
    ADVANCES = Defined("it is from their most recent D-H key", v.SENDER_KEYID.equals(v.THEIR_KEYID))
    HEARTBEAT_DUE = Defined(
        "no Data Message was sent for the interval of heartbeats",
        v.NOW - v.LAST_SENT >= v.HEARTBEAT_INTERVAL,
    )
    OWED = Defined(
        "a recent text is stored that the peer has not had",
        v.STORED.equals(v.IS_OWED) & (v.NOW - v.STORED_AT <= v.RESEND_INTERVAL),
    )
    FOR_THIS_PEER = Opaque("the stored text was not meant for another public key", Scope.MEMBER)

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
    PRIVATE = Defined("msgstate is MSGSTATE_ENCRYPTED", InState("message", (Msg.ENCRYPTED,)))
    ASKED = Defined("the user is being asked for the secret", v.SMP_ASKED)
    SMP_1_VALID = Validity(
        "every check of SMP message 1 holds",
        (Check.G2A_RANGE, Check.G3A_RANGE, Check.G2A_PROOF, Check.G3A_PROOF),
    )
    SMP_2_VALID = Validity(
        "every check of SMP message 2 holds",
        (
            Check.G2B_RANGE,
            Check.G3B_RANGE,
            Check.PB_RANGE,
            Check.QB_RANGE,
            Check.G2B_PROOF,
            Check.G3B_PROOF,
            Check.PB_QB_PROOF,
        ),
    )
    SMP_3_VALID = Validity(
        "every check of SMP message 3 holds",
        (
            Check.PA_RANGE,
            Check.QA_RANGE,
            Check.RA_RANGE,
            Check.PA_QA_PROOF,
            Check.RA_PROOF,
        ),
    )
    SMP_4_VALID = Validity("every check of SMP message 4 holds", (Check.RB_RANGE, Check.RB_PROOF))
    EQUAL = Opaque("Rab = Pa / Pb: the secrets are equal", Scope.MEMBER)


KINDS = Exclusive(
    (
        Cond.IS_FRAGMENT,
        Cond.IS_PLAINTEXT,
        Cond.IS_TAGGED,
        Cond.IS_QUERY,
        Cond.IS_ERROR,
        Cond.IS_DH_COMMIT,
        Cond.IS_DH_KEY,
        Cond.IS_REVEAL_SIGNATURE,
        Cond.IS_SIGNATURE,
        Cond.IS_DATA,
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
RECEIVERS = Exclusive((Cond.FOR_US, Cond.FOR_ANY, Cond.RECEIVER_TAG_ILLEGAL))
EXCLUSIVES = (KINDS, TLV_KINDS, RECEIVERS)
