"""The layouts of OTR version 4: all that an endpoint writes, encrypts, MACs, signs or hashes.

Structures stand above those that they are inside of: first what is encrypted or nested, then the
encoded messages, then what is only computed on, last the texts that the network carries. The names
of fields are those of the records in `otr_reference.otrv4.messages`; titles are the
specification's.

Numbers are written most significant byte first, except the types of Ed448 keys. Points and scalars
are bytes to whoever reads them: whether 57 bytes are a point of the group is a named check.

What the text leaves open, and how it stands here:

- "our_ecdh_first.public" and "our_dh_first.public" have no type: POINT and MPI, as Y and B.
- Nothing in a field of a Client Profile says how long it is, so that what stands behind a field of
  a type that is not known cannot be read: there is no such field.
- The signature of a Client Profile covers the whole profile but itself in one place, and the
  contents of its fields in another: the whole, the number of fields and their types included. The
  transitional signature covers "fields": their types included, their number not, since it counts
  the signature too.
- The parts of Phi are said to be sorted, and shown unsorted: the lower tag comes first, and keys
  come in the order of their tags. In a non-interactive DAKE only one side has such keys.
- A Client Profile may have any size: here, a few thousand bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import unique
from typing import TYPE_CHECKING, Final

from otr_model.kernel.layout import (
    DataType,
    Field,
    Flag,
    Form,
    Kind,
    Layout,
    Option,
    Piece,
    Shape,
    TextFormat,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOL: Final = "otrv4"

VERSION: Final = 4
"""The version whose encoded messages are laid out here."""

VERSIONS: Final = (VERSION,)
"""The same as layouts state it."""


# --- Section "Data Types" ---------------------------------------------------------------------


@unique
class Type(DataType):
    """Data types. Those up to PREKEY_EDDSA_SIG are the specification's."""

    BYTE = Shape("an unsigned number of 1 byte", Kind.NUMBER, 1)
    SHORT = Shape("an unsigned number of 2 bytes", Kind.NUMBER, 2)
    INT = Shape("an unsigned number of 4 bytes", Kind.NUMBER, 4)
    MPI = Shape("a large number in as few bytes as hold it", Kind.COUNTED_NUMBER, 4)
    DATA = Shape("any bytes", Kind.COUNTED, 4)
    NONCE = Shape("what a cipher starts from, always zero", Kind.OCTETS, 12)
    MAC = Shape("a message authentication code", Kind.OCTETS, 64)
    POINT = Shape("a point of Ed448 as RFC 8032 encodes it", Kind.OCTETS, 57)
    SCALAR = Shape("a scalar of Ed448, least significant byte first", Kind.OCTETS, 57)
    RING_SIG = Shape("a signature with one of three keys", Kind.RECORD)
    ED448_PUBKEY = Shape("a long-term public key", Kind.RECORD)
    ED448_FORGING_KEY = Shape("a long-term forging key", Kind.RECORD)
    ED448_SHARED_PREKEY = Shape("a key that prekey messages share", Kind.RECORD)
    PUBKEY = Shape("a long-term DSA key of version 3", Kind.RECORD)
    CLIENT_PROF = Shape("a Client Profile", Kind.RECORD)
    SEQ_FIELDS = Shape("how many fields there are, and those, each with its type", Kind.SEQUENCE, 4)
    CLIENT_PROF_EXP = Shape("when a Client Profile ends, in Unix time", Kind.SIGNED_NUMBER, 8)
    CLIENT_EDDSA_SIG = Shape("an Ed448 signature of a Client Profile", Kind.OCTETS, 114)
    CLIENT_SIG = Shape("a DSA signature: r and s, each as long as q", Kind.OCTETS, 40)
    PREKEY_PROF_EXP = Shape("when a Prekey Profile ends, in Unix time", Kind.SIGNED_NUMBER, 8)
    PREKEY_EDDSA_SIG = Shape("an Ed448 signature of a Prekey Profile", Kind.OCTETS, 114)

    KEY_TYPE = Shape("2 bytes that tell keys apart", Kind.LITTLE_NUMBER, 2)
    BYTES = Shape("bytes, as many as the field says", Kind.OCTETS)
    VALUE = Shape("what a TLV holds, with its length in front", Kind.COUNTED, 2)
    TEXT = Shape("what a person reads; it ends where a NUL follows", Kind.TEXT)
    REST = Shape("whatever is left", Kind.REST)
    TLVS = Shape("TLV records, one after the other", Kind.RECORDS)


def structure(name: str, title: str, section: str, about: str, *fields: Field) -> Layout:
    """A layout of version 4."""
    return Layout(PROTOCOL, name, title, section, about, fields, VERSIONS)


# --- Section "Serializing the Ring Signature Proof of Authentication" -------------------------

RING_SIG: Final = structure(
    "ring-sig",
    "RING-SIG",
    "Serializing the Ring Signature Proof of Authentication",
    "proves that one of three private keys is known, and not which",
    Field("c1", "c1", Type.SCALAR, "challenge for the first key"),
    Field("r1", "r1", Type.SCALAR, "response for the first key"),
    Field("c2", "c2", Type.SCALAR, "challenge for the second key"),
    Field("r2", "r2", Type.SCALAR, "response for the second key"),
    Field("c3", "c3", Type.SCALAR, "challenge for the third key"),
    Field("r3", "r3", Type.SCALAR, "response for the third key"),
)


# --- Section "Public keys, Shared Prekeys, Forging keys and Fingerprints" ---------------------

_KEYS = "Public keys, Shared Prekeys, Forging keys and Fingerprints"

ED448_PUBKEY: Final = structure(
    "ed448-pubkey",
    "ED448-PUBKEY",
    _KEYS,
    "a long-term public key",
    Field("kind", "Pubkey type", Type.KEY_TYPE, "Ed448 public key", value=0x0010),
    Field("point", "H", Type.POINT, "the key"),
)

ED448_FORGING_KEY: Final = structure(
    "ed448-forging-key",
    "ED448-FORGING-KEY",
    _KEYS,
    "a long-term key that its owner may not have the secret of",
    Field("kind", "Pubkey type", Type.KEY_TYPE, "Ed448 forging key", value=0x0012),
    Field("point", "F", Type.POINT, "the key"),
)

ED448_SHARED_PREKEY: Final = structure(
    "ed448-shared-prekey",
    "ED448-SHARED-PREKEY",
    _KEYS,
    "a key that many prekey messages share",
    Field("kind", "Shared Prekey type", Type.KEY_TYPE, "Ed448 shared prekey", value=0x0011),
    Field("point", "D", Type.POINT, "the key"),
)

FINGERPRINT: Final = structure(
    "fingerprint",
    "Fingerprint",
    _KEYS,
    "what is hashed into a fingerprint of 56 bytes: the two keys without their types",
    Field("public_key", "H", Type.POINT, "the long-term public key"),
    Field("forging_key", "F", Type.POINT, "the long-term forging key"),
)


# --- Section "Client Profile Data Type" -------------------------------------------------------

_CLIENT_PROFILE = "Client Profile Data Type"

PUBKEY: Final = structure(
    "pubkey",
    "PUBKEY",
    _CLIENT_PROFILE,
    "a long-term DSA key of version 3",
    Field("kind", "Pubkey type", Type.SHORT, "DSA", value=0x0000),
    Field("p", "p", Type.MPI, "the prime modulus, of 16384 bits at most", most=4 + 2048),
    Field("q", "q", Type.MPI, "the prime order of g; it has 20 bytes", size=20),
    Field("g", "g", Type.MPI, "the generator", most=4 + 2048),
    Field("y", "y", Type.MPI, "g to the power of the private exponent", most=4 + 2048),
)


def _profile_field(kind: int, name: str, title: str, value: Field) -> Layout:
    """A field of a Client Profile: its type, then what it holds."""
    return structure(
        name,
        title,
        _CLIENT_PROFILE,
        value.about,
        Field("kind", "Field type", Type.SHORT, title, value=kind),
        value,
    )


PROFILE_FIELDS: Final[Mapping[int, Option]] = {
    0x0001: Option(
        _profile_field(
            0x0001,
            "profile-owner-tag",
            "Client Profile owner instance tag",
            Field("owner_tag", "Instance tag", Type.INT, "the client that made the profile"),
        )
    ),
    0x0002: Option(
        _profile_field(
            0x0002,
            "profile-public-key",
            "Ed448 public key",
            Field(
                "public_key",
                "Public key",
                Type.ED448_PUBKEY,
                "what the client authenticates itself with",
                inside=ED448_PUBKEY,
            ),
        )
    ),
    0x0003: Option(
        _profile_field(
            0x0003,
            "profile-forging-key",
            "Ed448 public forging key",
            Field(
                "forging_key",
                "Forging key",
                Type.ED448_FORGING_KEY,
                "what anybody else could have authenticated itself with",
                inside=ED448_FORGING_KEY,
            ),
        )
    ),
    0x0004: Option(
        _profile_field(
            0x0004,
            "profile-versions",
            "Versions",
            Field(
                "versions", "Version string", Type.DATA, "a digit for each version, in any order"
            ),
        )
    ),
    0x0005: Option(
        _profile_field(
            0x0005,
            "profile-expiration",
            "Client Profile Expiration",
            Field(
                "expiration",
                "Expiration",
                Type.CLIENT_PROF_EXP,
                "seconds from the start of 1970, UTC, to the end of the profile",
            ),
        )
    ),
    0x0006: Option(
        _profile_field(
            0x0006,
            "profile-dsa-key",
            "OTRv3 public authentication DSA key",
            Field(
                "dsa_key", "DSA key", Type.PUBKEY, "the key of the user in version 3", inside=PUBKEY
            ),
        ),
        required=False,
    ),
    0x0007: Option(
        _profile_field(
            0x0007,
            "profile-transitional-signature",
            "Transitional Signature",
            Field(
                "transitional",
                "DSA signature",
                Type.CLIENT_SIG,
                "made with the DSA key on the fields 1 to 6 that are there, with their types",
            ),
        ),
        required=False,
    ),
}
"""The fields of a Client Profile, by their types."""

TRANSITIONAL: Final = 0x0007
"""The type of the field that the transitional signature is not over: its own."""

PROFILE_MOST: Final = 8192
"""The largest size of the fields of a Client Profile, in bytes. It is ours; the text has none."""

CLIENT_PROFILE: Final = structure(
    "client-profile",
    "Client Profile",
    _CLIENT_PROFILE,
    "what a client says of itself, signed",
    Field(
        "body",
        "Fields",
        Type.SEQ_FIELDS,
        "each once, in any order",
        most=PROFILE_MOST,
        options=tuple(PROFILE_FIELDS.values()),
    ),
    Field(
        "signature",
        "Client Profile Signature",
        Type.CLIENT_EDDSA_SIG,
        "made with the Ed448 key that is in the profile",
        key="sym_h",
        covers=("body", "body"),
    ),
)


# --- Section "Prekey Profile Data Type" -------------------------------------------------------

_PREKEY_PROFILE = "Prekey Profile Data Type"

PREKEY_PROFILE: Final = structure(
    "prekey-profile",
    "Prekey Profile",
    _PREKEY_PROFILE,
    "a shared prekey, signed",
    Field(
        "owner_tag",
        "Prekey Profile owner's instance tag",
        Type.INT,
        "the client that made the profile",
    ),
    Field(
        "expiration",
        "Prekey Profile Expiration",
        Type.PREKEY_PROF_EXP,
        "seconds from the start of 1970, UTC, to the end of the profile",
    ),
    Field(
        "shared_prekey",
        "Public Shared Prekey",
        Type.ED448_SHARED_PREKEY,
        "D, which prekey messages share",
        inside=ED448_SHARED_PREKEY,
    ),
    Field(
        "signature",
        "Prekey Profile Signature",
        Type.PREKEY_EDDSA_SIG,
        "made with the Ed448 key that is in the Client Profile",
        key="sym_h",
        covers=("owner_tag", "shared_prekey"),
    ),
)


# --- Section "Data Message": what is inside ---------------------------------------------------

_DATA = "Data Message"
_TLV = "TLV Record Types"

TLV: Final = structure(
    "tlv",
    "TLV",
    _TLV,
    "one record beside the text",
    Field("kind", "Type", Type.SHORT, "the type of the record"),
    Field("value", "Value", Type.VALUE, "what belongs to the type"),
)

CONTENT: Final = structure(
    "content",
    "Plaintext message",
    _DATA,
    "what a Data Message says: a text, empty in a heartbeat, and TLV records",
    Field("text", "Human-readable message", Type.TEXT, "UTF-8, perhaps with HTML in it"),
    Field("nul", "NUL", Type.BYTE, "the end of the text", value=0, optional=True),
    Field("tlvs", "TLV records", Type.TLVS, "records", optional=True, inside=TLV),
)


# --- The values of TLVs -----------------------------------------------------------------------


def _values(*named: tuple[str, Type, str]) -> tuple[Field, ...]:
    """The values of SMP: each by its title, which is also its name, its type and its meaning."""
    return tuple(Field(title.lower(), title, kind, about) for title, kind, about in named)


PADDING: Final = structure(
    "padding",
    "Padding",
    _TLV,
    "hides how long the text is",
    Field("padding", "Value", Type.REST, "nothing that matters"),
)

DISCONNECTED: Final = structure(
    "disconnected",
    "Disconnected",
    _TLV,
    "the sender has ended the private conversation",
    Field("ignored", "Value", Type.REST, "nothing; what is there is not looked at", optional=True),
)

SMP_1: Final = structure(
    "smp-1",
    "SMP Message 1",
    "SMP Message 1",
    "the initiator's halves of two generators",
    Field("question", "Question", Type.DATA, "what to ask the user; empty: no question"),
    *_values(
        ("G2a", Type.POINT, "a2 times G"),
        ("c2", Type.SCALAR, "challenge of the proof that a2 is known"),
        ("d2", Type.SCALAR, "response of the proof that a2 is known"),
        ("G3a", Type.POINT, "a3 times G"),
        ("c3", Type.SCALAR, "challenge of the proof that a3 is known"),
        ("d3", Type.SCALAR, "response of the proof that a3 is known"),
    ),
)

SMP_2: Final = structure(
    "smp-2",
    "SMP Message 2",
    "SMP Message 2",
    "the responder's halves, and the secret blinded",
    *_values(
        ("G2b", Type.POINT, "b2 times G"),
        ("c2", Type.SCALAR, "challenge of the proof that b2 is known"),
        ("d2", Type.SCALAR, "response of the proof that b2 is known"),
        ("G3b", Type.POINT, "b3 times G"),
        ("c3", Type.SCALAR, "challenge of the proof that b3 is known"),
        ("d3", Type.SCALAR, "response of the proof that b3 is known"),
        ("Pb", Type.POINT, "r4 times G3"),
        ("Qb", Type.POINT, "r4 times G and y times G2, added"),
        ("cp", Type.SCALAR, "challenge of the proof that Pb and Qb are made as prescribed"),
        ("d5", Type.SCALAR, "response of that proof for r4"),
        ("d6", Type.SCALAR, "response of that proof for y"),
    ),
)

SMP_3: Final = structure(
    "smp-3",
    "SMP Message 3",
    "SMP Message 3",
    "the initiator's secret blinded, and half of the comparison",
    *_values(
        ("Pa", Type.POINT, "r4 times G3"),
        ("Qa", Type.POINT, "r4 times G and x times G2, added"),
        ("cp", Type.SCALAR, "challenge of the proof that Pa and Qa are made as prescribed"),
        ("d5", Type.SCALAR, "response of that proof for r4"),
        ("d6", Type.SCALAR, "response of that proof for x"),
        ("Ra", Type.POINT, "a3 times the difference of Qa and Qb"),
        ("cr", Type.SCALAR, "challenge of the proof that Ra has the factor of G3a"),
        ("d7", Type.SCALAR, "response of that proof"),
    ),
)

SMP_4: Final = structure(
    "smp-4",
    "SMP Message 4",
    "SMP Message 4",
    "the other half of the comparison",
    *_values(
        ("Rb", Type.POINT, "b3 times the difference of Qa and Qb"),
        ("cr", Type.SCALAR, "challenge of the proof that Rb has the factor of G3b"),
        ("d7", Type.SCALAR, "response of that proof"),
    ),
)

SMP_ABORT: Final = structure(
    "smp-abort",
    "SMP Abort Message",
    _TLV,
    "the sender gives SMP up",
    Field("ignored", "Value", Type.REST, "nothing; what is there is not looked at", optional=True),
)

EXTRA_KEY: Final = structure(
    "extra-key",
    "Extra symmetric key",
    _TLV,
    "the sender will use the extra symmetric key",
    Field("use", "Use", Type.INT, "what for; no use is defined"),
    Field("data", "Use-specific data", Type.REST, "whatever the use asks for"),
)

TLVS: Final[Mapping[int, Layout]] = {
    0: PADDING,
    1: DISCONNECTED,
    2: SMP_1,
    3: SMP_2,
    4: SMP_3,
    5: SMP_4,
    6: SMP_ABORT,
    7: EXTRA_KEY,
}
"""The value of a TLV, by its type."""


# --- Encoded messages -------------------------------------------------------------------------


def _start(kind: int | None, title: str) -> tuple[Field, ...]:
    """What every encoded message begins with; `kind` is its type, None: any, of any version."""
    version = None if kind is None else VERSION
    return (
        Field("version", "Protocol version", Type.SHORT, "the version", value=version),
        Field("type", "Message type", Type.BYTE, title, value=kind),
    )


_TAGS = (
    Field(
        "sender",
        "Sender's instance tag",
        Type.INT,
        "the instance of the client that sends, at least 0x100",
    ),
    Field(
        "receiver",
        "Receiver's instance tag",
        Type.INT,
        "the instance of the client that it is for; 0 as long as that is not known",
    ),
)


def message(name: str, kind: int, title: str, about: str, *fields: Field) -> Layout:
    """An encoded message between two clients."""
    return structure(name, title, title, about, *_start(kind, title), *_TAGS, *fields)


HEADER: Final = structure(
    "header",
    "Header",
    "Instance Tags",
    "what every encoded message begins with, except a Prekey Message",
    *_start(None, "which message it is"),
    *_TAGS,
)

_PROFILE = Field(
    "profile",
    "Sender's Client Profile",
    Type.CLIENT_PROF,
    "what the sender says of itself",
    inside=CLIENT_PROFILE,
)
_SIGMA = Field(
    "sigma",
    "sigma",
    Type.RING_SIG,
    "proves who the sender is, to the receiver alone",
    inside=RING_SIG,
)
_FIRST_KEYS = (
    Field(
        "first_ecdh",
        "our_ecdh_first.public",
        Type.POINT,
        "the sender's first ECDH key for Data Messages",
    ),
    Field(
        "first_dh", "our_dh_first.public", Type.MPI, "the sender's first DH key for Data Messages"
    ),
)
_X_AND_A = (
    Field("x", "X", Type.POINT, "the sender's ephemeral ECDH key"),
    Field("a", "A", Type.MPI, "the sender's ephemeral DH key"),
)
_Y_AND_B = (
    Field("y", "Y", Type.POINT, "the sender's ephemeral ECDH key"),
    Field("b", "B", Type.MPI, "the sender's ephemeral DH key"),
)

IDENTITY: Final = message(
    "identity",
    0x35,
    "Identity Message",
    "starts an interactive DAKE",
    _PROFILE,
    *_Y_AND_B,
    *_FIRST_KEYS,
)

AUTH_R: Final = message(
    "auth-r",
    0x36,
    "Auth-R Message",
    "answers an Identity Message, and says who its sender is",
    _PROFILE,
    *_X_AND_A,
    _SIGMA,
    *_FIRST_KEYS,
)

AUTH_I: Final = message(
    "auth-i",
    0x37,
    "Auth-I Message",
    "says who sent the Identity Message",
    _SIGMA,
)

PREKEY: Final = structure(
    "prekey",
    "Prekey Message",
    "Prekey Message",
    "lets somebody start a conversation while its sender is offline",
    *_start(0x0F, "Prekey Message"),
    Field(
        "identifier",
        "Prekey Message Identifier",
        Type.INT,
        "what its owner finds the secret keys by",
    ),
    Field("owner_tag", "Prekey owner's instance tag", Type.INT, "the client that made the prekeys"),
    Field("y", "Y", Type.POINT, "the owner's ephemeral ECDH key, for use once"),
    Field("b", "B", Type.MPI, "the owner's ephemeral DH key, for use once"),
)

FLAGS: Final = (
    Flag("IGNORE_UNREADABLE", 0x01, "do not trouble the user if this message cannot be read"),
)
"""The flags of a Data Message."""

MAC_KEY_SIZE: Final = 64
"""The size of a MAC key, revealed or not, in bytes."""

DATA: Final = message(
    "data",
    0x03,
    "Data Message",
    "carries a text and TLVs, the keys of the ratchet, and MAC keys that are no longer used",
    Field(
        "flags",
        "Flags",
        Type.BYTE,
        "; ".join(f"0x{flag.bit:02x} {flag.name}: {flag.about}" for flag in FLAGS),
    ),
    Field(
        "pn",
        "Previous chain message number",
        Type.INT,
        "pn: how many messages the sender sent in the ratchet before",
    ),
    Field("ratchet_id", "Ratchet id", Type.INT, "i: which of the ratchets"),
    Field("message_id", "Message id", Type.INT, "j: which of the messages of the ratchet, from 0"),
    Field("ecdh", "Public ECDH Key", Type.POINT, "the sender's ECDH key"),
    Field("dh", "Public DH Key", Type.MPI, "the sender's DH key; of length 0 if it has no new one"),
    Field(
        "encrypted",
        "Encrypted message",
        Type.DATA,
        "the text and its TLVs, in ChaCha20 from a nonce of 0",
        key="MKenc",
        inside=CONTENT,
    ),
    Field(
        "authenticator",
        "Authenticator",
        Type.MAC,
        "of everything before it",
        key="MKmac",
        covers=("version", "encrypted"),
    ),
    Field(
        "old_mac_keys",
        "Old MAC keys to be revealed",
        Type.DATA,
        "0 or more keys of 64 bytes each, which protect nothing any more",
        unit=MAC_KEY_SIZE,
    ),
)


# --- What is only computed on -----------------------------------------------------------------

_PHI = "Shared Session State"


def _phi(name: str, title: str, about: str, *keys: Field) -> Layout:
    """What is hashed as Phi."""
    return structure(
        name,
        title,
        _PHI,
        about,
        Field("first_tag", "Instance tag", Type.INT, "the lower of the two"),
        Field("second_tag", "Instance tag", Type.INT, "the higher of the two"),
        *keys,
        Field("rest", "phi'", Type.REST, "whatever the network or application adds"),
    )


PHI: Final = _phi(
    "phi",
    "phi",
    "what both sides of an interactive DAKE believe about the conversation",
    Field("first_ecdh", "ecdh_first", Type.POINT, "the first ECDH key of the lower tag"),
    Field("first_dh", "dh_first", Type.MPI, "the first DH key of the lower tag"),
    Field("second_ecdh", "ecdh_first", Type.POINT, "the first ECDH key of the higher tag"),
    Field("second_dh", "dh_first", Type.MPI, "the first DH key of the higher tag"),
)

PHI_OFFLINE: Final = _phi(
    "phi-offline",
    "phi of a non-interactive DAKE",
    "what both sides of a non-interactive DAKE believe about the conversation",
    Field("first_ecdh", "ecdh_first", Type.POINT, "the first ECDH key of who finishes the DAKE"),
    Field("first_dh", "dh_first", Type.MPI, "the first DH key of who finishes the DAKE"),
)

PHI_TEXT: Final = structure(
    "phi-text",
    "A text in phi'",
    _PHI,
    "one of the texts that the network adds, such as an address; they are sorted",
    Field("text", "Text", Type.DATA, "UTF-8"),
)


def _hash(name: str, title: str, what: str, inside: Layout | None) -> Field:
    """A hash of 64 bytes."""
    return Field(name, title, Type.BYTES, f"the hash of {what}", size=64, inside=inside)


_HASHED_PROFILES = (
    _hash("bob", "Bob_Client_Profile", "the whole Client Profile of Bob", CLIENT_PROFILE),
    _hash("alice", "Alice_Client_Profile", "the whole Client Profile of Alice", CLIENT_PROFILE),
)
_DAKE_KEYS = (
    Field("y", "Y", Type.POINT, "Bob's ephemeral ECDH key"),
    Field("x", "X", Type.POINT, "Alice's ephemeral ECDH key"),
    Field("b", "B", Type.MPI, "Bob's ephemeral DH key"),
    Field("a", "A", Type.MPI, "Alice's ephemeral DH key"),
)

T_AUTH_R: Final = structure(
    "t-auth-r",
    "t of an Auth-R Message",
    "Auth-R Message",
    "what Alice, who answers Bob's Identity Message, signs",
    Field("role", "0x0", Type.BYTE, "tells it from the t of an Auth-I Message", value=0x00),
    *_HASHED_PROFILES,
    *_DAKE_KEYS,
    _hash("phi", "phi", "phi", PHI),
)

T_AUTH_I: Final = structure(
    "t-auth-i",
    "t of an Auth-I Message",
    "Auth-I Message",
    "what Bob, who sent the Identity Message, signs",
    Field("role", "0x1", Type.BYTE, "tells it from the t of an Auth-R Message", value=0x01),
    *_HASHED_PROFILES,
    *_DAKE_KEYS,
    _hash("phi", "phi", "phi", PHI),
)

T_NON_INTERACTIVE: Final = structure(
    "t-non-interactive-auth",
    "t of a Non-Interactive-Auth Message",
    "Non-Interactive-Auth Message",
    "what Alice, who answers Bob's Prekey Ensemble, signs and MACs",
    *_HASHED_PROFILES,
    *_DAKE_KEYS,
    Field("shared_prekey", "their_shared_prekey", Type.POINT, "Bob's shared prekey"),
    _hash("phi", "phi", "phi", PHI_OFFLINE),
)

NON_INTERACTIVE_AUTH: Final = message(
    "non-interactive-auth",
    0x0D,
    "Non-Interactive-Auth Message",
    "answers a Prekey Ensemble, and says who its sender is",
    _PROFILE,
    *_X_AND_A,
    _SIGMA,
    Field(
        "prekey_id",
        "Prekey Message Identifier",
        Type.INT,
        "that of the Prekey Message that is answered",
    ),
    Field(
        "auth_mac",
        "Auth MAC",
        Type.MAC,
        "of t, made with auth_mac_k",
        inside=T_NON_INTERACTIVE,
    ),
    *_FIRST_KEYS,
)

ENCODED: Final[Mapping[int, Layout]] = {
    0x35: IDENTITY,
    0x36: AUTH_R,
    0x37: AUTH_I,
    0x0D: NON_INTERACTIVE_AUTH,
    0x0F: PREKEY,
    0x03: DATA,
}
"""The encoded messages by their type."""

RING_HASH: Final = structure(
    "ring-hash",
    "Hash of a ring signature",
    "Ring Signature Authentication",
    "what is hashed into the sum of the challenges of a ring signature",
    Field("g", "G", Type.POINT, "the base point"),
    Field("q", "q", Type.SCALAR, "the order of G"),
    Field("a1", "A1", Type.POINT, "the first key"),
    Field("a2", "A2", Type.POINT, "the second key"),
    Field("a3", "A3", Type.POINT, "the third key"),
    Field("t1", "T1", Type.POINT, "the commitment for the first key"),
    Field("t2", "T2", Type.POINT, "the commitment for the second key"),
    Field("t3", "T3", Type.POINT, "the commitment for the third key"),
    Field("m", "m", Type.REST, "what is signed: t"),
)

SMP_SECRET: Final = structure(
    "smp-secret",
    "Secret information",
    "Secret Information",
    "what is hashed into the secret x or y",
    Field("version", "Version", Type.BYTE, "the version of SMP", value=1),
    Field("initiator", "Initiator fingerprint", Type.BYTES, "of who began SMP", size=56),
    Field("responder", "Responder fingerprint", Type.BYTES, "of who did not", size=56),
    Field("ssid", "Secure Session ID", Type.BYTES, "of the conversation", size=8),
    Field("secret", "User-specified secret", Type.DATA, "what the user typed"),
)

SMP_HASH: Final = structure(
    "smp-hash",
    "SMP hash",
    "SMP Hash Function",
    "what is hashed into the challenge of a zero-knowledge proof",
    Field("number", "i", Type.BYTE, "1 to 8: tells the proofs apart"),
    Field("first", "First point", Type.POINT, "a commitment"),
    Field("second", "Second point", Type.POINT, "another, or nothing", optional=True),
)

LAYOUTS: Final = (
    HEADER,
    *ENCODED.values(),
    CLIENT_PROFILE,
    *(option.layout for option in PROFILE_FIELDS.values()),
    PREKEY_PROFILE,
    RING_SIG,
    ED448_PUBKEY,
    ED448_FORGING_KEY,
    ED448_SHARED_PREKEY,
    PUBKEY,
    CONTENT,
    TLV,
    *TLVS.values(),
    FINGERPRINT,
    PHI,
    PHI_OFFLINE,
    PHI_TEXT,
    T_AUTH_R,
    T_AUTH_I,
    T_NON_INTERACTIVE,
    RING_HASH,
    SMP_SECRET,
    SMP_HASH,
)
"""Every layout."""


# --- Texts: sections "Query Messages" to "Whitespace Tags", "Encoded Messages", "Fragmentation"

MARKER: Final = b"?OTR"
"""What every text of OTR's has in it, except a plaintext with the whitespace tag."""

FRAGMENTS_MOST: Final = 65535
"""The largest number of fragments that a message may be split into."""

SMALLEST_TAG: Final = 0x00000100
"""The smallest valid instance tag."""

_INT_MOST = 0xFFFFFFFF

QUERY: Final = TextFormat(
    PROTOCOL,
    "query",
    "Query Message",
    "Query Messages",
    "asks for a private conversation, in one of the versions that it lists",
    MARKER,
    (
        Piece(
            "one",
            "?",
            Form.SIGN,
            "version 1 is offered, as version 3 describes it",
            start=b"?",
            optional=True,
        ),
        Piece(
            "others",
            "v?",
            Form.IDENTIFIERS,
            "the other versions that are offered, in any order",
            start=b"v",
            end=b"?",
            optional=True,
        ),
    ),
    VERSIONS,
)

WHITESPACE_TAG: Final = TextFormat(
    PROTOCOL,
    "whitespace-tag",
    "Whitespace Tag",
    "Whitespace Tags",
    "lets on, anywhere in a plaintext, that its sender speaks OTR",
    b"\x20\x09\x20\x20\x09\x09\x09\x09\x20\x09\x20\x09\x20\x09\x20\x20",
    (
        Piece(
            "versions",
            "Version",
            Form.MARKS,
            "the versions that are offered",
            marks=(
                (3, b"\x20\x20\x09\x09\x20\x20\x09\x09"),
                (4, b"\x20\x20\x09\x09\x20\x09\x20\x20"),
            ),
        ),
    ),
    VERSIONS,
)


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """An error that an OTR Error Message tells.

    Attributes:
        number: the N of ERROR_N.
        about: what happened to whoever sends it.
        text: what the user of the other side reads.
    """

    number: int
    about: str
    text: str


ERROR_CODES: Final = (
    ErrorCode(1, "a message could not be decrypted", "Unreadable message"),
    ErrorCode(
        2, "a message came in a state other than ENCRYPTED_MESSAGES", "Not in private state message"
    ),
    ErrorCode(3, "the instance tags of a message do not fit", "Malformed message"),
)
"""The codes of section "OTR Error Messages"."""

ERROR: Final = TextFormat(
    PROTOCOL,
    "error",
    "OTR Error Message",
    "OTR Error Messages",
    "tells the user of the other side what went wrong; nothing stands in front of it",
    MARKER + b" Error:",
    (
        Piece("blank", "Blank", Form.SIGN, "a blank", start=b" ", optional=True),
        Piece(
            "code",
            "ERROR_N",
            Form.NATURAL,
            "; ".join(f"{each.number}: {each.about}" for each in ERROR_CODES),
            start=b"ERROR_",
            end=b": ",
            digits=5,
            most=99999,
            optional=True,
        ),
        Piece("text", "Error text", Form.TEXT, "what a person reads"),
    ),
    VERSIONS,
)

ENVELOPE: Final = TextFormat(
    PROTOCOL,
    "encoded",
    "Encoded message",
    "Encoded Messages",
    "carries every message that is laid out in bytes",
    MARKER + b":",
    (Piece("binary", "Binary form", Form.BASE64, "the bytes of the message", end=b"."),),
    VERSIONS,
)

FRAGMENT: Final = TextFormat(
    PROTOCOL,
    "fragment",
    "Fragment",
    "Transmitting Fragments",
    "carries a part of an encoded message, and between which instances",
    MARKER + b"|",
    (
        Piece(
            "identifier",
            "identifier",
            Form.HEX,
            "the same in all fragments of a message, and in no other",
            end=b"|",
            digits=8,
            most=_INT_MOST,
        ),
        Piece(
            "sender",
            "sender_instance",
            Form.HEX,
            "the sender's instance tag",
            end=b"|",
            digits=8,
            most=_INT_MOST,
        ),
        Piece(
            "receiver",
            "receiver_instance",
            Form.HEX,
            "the receiver's instance tag, or 0",
            end=b",",
            digits=8,
            most=_INT_MOST,
        ),
        Piece(
            "index",
            "index",
            Form.DECIMAL,
            "which piece it is, from 1",
            end=b",",
            digits=5,
            most=FRAGMENTS_MOST,
        ),
        Piece(
            "total",
            "total",
            Form.DECIMAL,
            "how many pieces there are",
            end=b",",
            digits=5,
            most=FRAGMENTS_MOST,
        ),
        Piece(
            "piece",
            "piece[index]",
            Form.TEXT,
            "a part of an encoded message",
            end=b",",
            least=1,
        ),
    ),
    VERSIONS,
)

TEXTS: Final = (QUERY, WHITESPACE_TAG, ERROR, ENVELOPE, FRAGMENT)
"""Every text format."""
