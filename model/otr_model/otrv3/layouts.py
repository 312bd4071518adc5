"""The layouts of OTR versions 2 and 3: all that an endpoint writes, encrypts, MACs or hashes.

Structures stand above those that they are inside of: first what is encrypted, then the encoded
messages, then what is only computed on, last the texts that the network carries. The names of
fields are those of the records in `otr_reference.otrv3.messages`; titles are the specification's.

Both versions share every layout. In version 3 instance tags follow the message type.

Two sizes are ours to state. The text gives the sizes of what is *put* into the DATA fields "Hashed
gx" and "Revealed key", and we take them as sizes of the fields. "Old MAC keys to be revealed" holds
keys of 20 bytes each, but nothing hangs on it for who receives it, and no size is asked for.
"""

from __future__ import annotations

from enum import unique
from typing import TYPE_CHECKING, Final

from otr_model.kernel.layout import (
    DataType,
    Field,
    Flag,
    Form,
    Kind,
    Layout,
    Piece,
    Shape,
    TextFormat,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOL: Final = "otrv3"

VERSIONS: Final = (2, 3)
"""The versions whose encoded messages are laid out here."""


# --- Section "Data types" ---------------------------------------------------------------------


@unique
class Type(DataType):
    """Data types. Those up to SIG are the specification's."""

    BYTE = Shape("an unsigned number of 1 byte", Kind.NUMBER, 1)
    SHORT = Shape("an unsigned number of 2 bytes", Kind.NUMBER, 2)
    INT = Shape("an unsigned number of 4 bytes", Kind.NUMBER, 4)
    MPI = Shape("a large number in as few bytes as hold it", Kind.COUNTED_NUMBER, 4)
    DATA = Shape("any bytes", Kind.COUNTED, 4)
    CTR = Shape("the top half of a counter block", Kind.NUMBER, 8)
    MAC = Shape("a message authentication code", Kind.OCTETS, 20)
    PUBKEY = Shape("a long-term public key", Kind.RECORD)
    SIG = Shape("a DSA signature: r and s, each as long as q", Kind.OCTETS, 40)

    BYTES = Shape("bytes, as many as the field says", Kind.OCTETS)
    VALUE = Shape("what a TLV holds, with its length in front", Kind.COUNTED, 2)
    TEXT = Shape("what a person reads; it ends where a NUL follows", Kind.TEXT)
    QUESTION = Shape("what a person reads, and the NUL that ends it", Kind.TERMINATED)
    REST = Shape("whatever is left", Kind.REST)
    TLVS = Shape("TLV records, one after the other", Kind.RECORDS)


def structure(name: str, title: str, section: str, about: str, *fields: Field) -> Layout:
    """A layout of either version."""
    return Layout(PROTOCOL, name, title, section, about, fields, VERSIONS)


# --- Section "Public keys, signatures, and fingerprints" --------------------------------------

_KEYS = "Public keys, signatures, and fingerprints"

_KEY_NUMBERS = (
    Field("p", "p", Type.MPI, "the prime modulus"),
    Field("q", "q", Type.MPI, "the prime order of g; it has 20 bytes"),
    Field("g", "g", Type.MPI, "the generator"),
    Field("y", "y", Type.MPI, "g to the power of the private exponent"),
)

PUBKEY: Final = structure(
    "pubkey",
    "PUBKEY",
    _KEYS,
    "a long-term public key",
    Field("kind", "Pubkey type", Type.SHORT, "DSA", value=0x0000),
    *_KEY_NUMBERS,
)

FINGERPRINT: Final = structure(
    "fingerprint",
    "Fingerprint",
    _KEYS,
    "what SHA-1 makes a fingerprint of: PUBKEY without its type, because that is 0x0000",
    *_KEY_NUMBERS,
)


# --- Sections "D-H Commit Message" to "Signature Message": what is inside ---------------------

GX_MPI: Final = structure(
    "gx-mpi",
    "gxmpi",
    "D-H Commit Message",
    "what a commitment encrypts and hashes",
    Field("gx", "gx", Type.MPI, "the D-H key that is committed to"),
)

SIGNED: Final = structure(
    "signed",
    "M",
    "Reveal Signature Message",
    "what is MACed with m1 (m1' in a Signature Message) to give the value that is signed",
    Field("first", "gx", Type.MPI, "the signer's D-H key (gy in a Signature Message)"),
    Field("second", "gy", Type.MPI, "the other D-H key (gx in a Signature Message)"),
    Field("public", "pub", Type.PUBKEY, "the signer's public key", inside=PUBKEY),
    Field("keyid", "keyid", Type.INT, "the serial number of the signer's D-H key, not 0"),
)

IDENTITY: Final = structure(
    "identity",
    "X",
    "Reveal Signature Message",
    "who the sender is, and the proof: the plaintext of an encrypted signature",
    Field("public", "pub", Type.PUBKEY, "the signer's public key", inside=PUBKEY),
    Field("keyid", "keyid", Type.INT, "the serial number of the signer's D-H key, not 0"),
    Field(
        "signature", "sig", Type.SIG, "the signature on M, as an integer modulo q", inside=SIGNED
    ),
)


# --- Section "Data Message": what is inside ---------------------------------------------------

_DATA = "Data Message"

TLV: Final = structure(
    "tlv",
    "TLV",
    _DATA,
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

_SMP = "The SMP state machine"


def _mpis(*named: tuple[str, str]) -> tuple[Field, ...]:
    """The number of MPIs, and the MPIs: each by its title, which is also its name, and meaning."""
    return (
        Field("count", "MPI count", Type.INT, "how many MPIs follow", value=len(named)),
        *(Field(title.lower(), title, Type.MPI, about) for title, about in named),
    )


_SMP_1 = _mpis(
    ("g2a", "g1 to the power of a2"),
    ("c2", "challenge of the proof that a2 is known"),
    ("D2", "response of the proof that a2 is known"),
    ("g3a", "g1 to the power of a3"),
    ("c3", "challenge of the proof that a3 is known"),
    ("D3", "response of the proof that a3 is known"),
)

PADDING: Final = structure(
    "padding",
    "Padding",
    _DATA,
    "hides how long the text is",
    Field("padding", "Value", Type.REST, "nothing that matters"),
)

DISCONNECTED: Final = structure(
    "disconnected",
    "Disconnected",
    _DATA,
    "the sender has ended the private conversation",
    Field("ignored", "Value", Type.REST, "nothing; what is there is not looked at", optional=True),
)

SMP_1: Final = structure(
    "smp-1",
    "SMP Message 1",
    "Receiving a type 2 TLV (SMP message 1)",
    "the initiator's halves of two generators",
    *_SMP_1,
)

SMP_2: Final = structure(
    "smp-2",
    "SMP Message 2",
    "Receiving a type 3 TLV (SMP message 2)",
    "the responder's halves, and the secret blinded",
    *_mpis(
        ("g2b", "g1 to the power of b2"),
        ("c2", "challenge of the proof that b2 is known"),
        ("D2", "response of the proof that b2 is known"),
        ("g3b", "g1 to the power of b3"),
        ("c3", "challenge of the proof that b3 is known"),
        ("D3", "response of the proof that b3 is known"),
        ("Pb", "g3 to the power of r4"),
        ("Qb", "g1 to the power of r4, times g2 to the power of y"),
        ("cP", "challenge of the proof that Pb and Qb are made as prescribed"),
        ("D5", "response of that proof for r4"),
        ("D6", "response of that proof for y"),
    ),
)

SMP_3: Final = structure(
    "smp-3",
    "SMP Message 3",
    "Receiving a type 4 TLV (SMP message 3)",
    "the initiator's secret blinded, and half of the comparison",
    *_mpis(
        ("Pa", "g3 to the power of r4"),
        ("Qa", "g1 to the power of r4, times g2 to the power of x"),
        ("cP", "challenge of the proof that Pa and Qa are made as prescribed"),
        ("D5", "response of that proof for r4"),
        ("D6", "response of that proof for x"),
        ("Ra", "Qa / Qb to the power of a3"),
        ("cR", "challenge of the proof that Ra has the exponent of g3a"),
        ("D7", "response of that proof"),
    ),
)

SMP_4: Final = structure(
    "smp-4",
    "SMP Message 4",
    "Receiving a type 5 TLV (SMP message 4)",
    "the other half of the comparison",
    *_mpis(
        ("Rb", "Qa / Qb to the power of b3"),
        ("cR", "challenge of the proof that Rb has the exponent of g3b"),
        ("D7", "response of that proof"),
    ),
)

SMP_ABORT: Final = structure(
    "smp-abort",
    "SMP Abort Message",
    _DATA,
    "the sender gives SMP up",
    Field("ignored", "Value", Type.REST, "nothing; what is there is not looked at", optional=True),
)

SMP_1Q: Final = structure(
    "smp-1q",
    "SMP Message 1Q",
    _DATA,
    "SMP message 1 with a question, to which the user's secret is the answer",
    Field("question", "Question", Type.QUESTION, "what to ask the user"),
    *_SMP_1,
)

EXTRA_KEY: Final = Layout(
    PROTOCOL,
    "extra-key",
    "Extra symmetric key",
    _DATA,
    "the sender will use the extra symmetric key",
    (
        Field("use", "Use", Type.INT, "what for; no use is defined"),
        Field("data", "Use-specific data", Type.REST, "whatever the use asks for"),
    ),
    versions=(3,),
)

TLVS: Final[Mapping[int, Layout]] = {
    0: PADDING,
    1: DISCONNECTED,
    2: SMP_1,
    3: SMP_2,
    4: SMP_3,
    5: SMP_4,
    6: SMP_ABORT,
    7: SMP_1Q,
    8: EXTRA_KEY,
}
"""The value of a TLV, by its type."""


# --- Section "Encoded messages" ---------------------------------------------------------------


def header(kind: int | None, title: str) -> tuple[Field, ...]:
    """What every encoded message begins with; `kind` is its type, None: any."""
    return (
        Field("version", "Protocol version", Type.SHORT, "2 or 3"),
        Field("type", "Message type", Type.BYTE, title, value=kind),
        Field(
            "sender",
            "Sender Instance tag",
            Type.INT,
            "the instance of the client that sends, at least 0x100",
            versions=(3,),
        ),
        Field(
            "receiver",
            "Receiver Instance tag",
            Type.INT,
            "the instance of the client that it is for; 0 as long as that is not known",
            versions=(3,),
        ),
    )


def message(name: str, kind: int, title: str, about: str, *fields: Field) -> Layout:
    """An encoded message."""
    return structure(name, title, title, about, *header(kind, title), *fields)


HEADER: Final = structure(
    "header",
    "Header",
    "Encoded messages",
    "what every encoded message begins with",
    *header(None, "which message it is"),
)

DH_COMMIT: Final = message(
    "dh-commit",
    0x02,
    "D-H Commit Message",
    "commits its sender to a D-H key that it does not show yet",
    Field(
        "encrypted_gx",
        "Encrypted gx",
        Type.DATA,
        "gx as an MPI, in AES128-CTR from counter 0",
        key="r",
        inside=GX_MPI,
    ),
    Field("hashed_gx", "Hashed gx", Type.DATA, "SHA256 of gx as an MPI", size=32),
)

DH_KEY: Final = message(
    "dh-key",
    0x0A,
    "D-H Key Message",
    "answers a commitment with a D-H key",
    Field("gy", "gy", Type.MPI, "the sender's D-H key"),
)

_MACED_SIGNATURE = ("encrypted_signature", "encrypted_signature")

REVEAL_SIGNATURE: Final = message(
    "reveal-signature",
    0x11,
    "Reveal Signature Message",
    "opens the commitment, and says who its sender is",
    Field("revealed_key", "Revealed key", Type.DATA, "r", size=16),
    Field(
        "encrypted_signature",
        "Encrypted signature",
        Type.DATA,
        "X, in AES128-CTR from counter 0",
        key="c",
        inside=IDENTITY,
    ),
    Field(
        "mac",
        "MAC'd signature",
        Type.MAC,
        "the first 160 bits of the SHA256-HMAC, the field's length included",
        key="m2",
        covers=_MACED_SIGNATURE,
    ),
)

SIGNATURE: Final = message(
    "signature",
    0x12,
    "Signature Message",
    "says who the other side is",
    Field(
        "encrypted_signature",
        "Encrypted signature",
        Type.DATA,
        "X, in AES128-CTR from counter 0",
        key="c'",
        inside=IDENTITY,
    ),
    Field(
        "mac",
        "MAC'd signature",
        Type.MAC,
        "the first 160 bits of the SHA256-HMAC, the field's length included",
        key="m2'",
        covers=_MACED_SIGNATURE,
    ),
)

FLAGS: Final = (
    Flag("IGNORE_UNREADABLE", 0x01, "do not trouble the user if this message cannot be read"),
)
"""The flags of a Data Message."""

DATA: Final = message(
    "data",
    0x03,
    "Data Message",
    "carries a text and TLVs, the next D-H key, and MAC keys that are no longer used",
    Field(
        "flags",
        "Flags",
        Type.BYTE,
        "; ".join(f"0x{flag.bit:02x} {flag.name}: {flag.about}" for flag in FLAGS),
    ),
    Field("sender_keyid", "Sender keyid", Type.INT, "which of the sender's D-H keys, not 0"),
    Field("recipient_keyid", "Recipient keyid", Type.INT, "which of the receiver's, not 0"),
    Field("next_dh", "DH y", Type.MPI, "the sender's D-H key number sender keyid + 1"),
    Field(
        "counter",
        "Top half of counter init",
        Type.CTR,
        "not 0, and higher than in every message before with these two key ids",
    ),
    Field(
        "encrypted",
        "Encrypted message",
        Type.DATA,
        "the text and its TLVs, in AES128-CTR",
        key="sending AES key",
        inside=CONTENT,
    ),
    Field(
        "mac",
        "Authenticator",
        Type.MAC,
        "the SHA1-HMAC of everything before it",
        key="sending MAC key",
        covers=("version", "encrypted"),
    ),
    Field(
        "revealed",
        "Old MAC keys to be revealed",
        Type.DATA,
        "0 or more keys of 20 bytes each, which protect nothing any more",
    ),
)

ENCODED: Final[Mapping[int, Layout]] = {
    0x02: DH_COMMIT,
    0x0A: DH_KEY,
    0x11: REVEAL_SIGNATURE,
    0x12: SIGNATURE,
    0x03: DATA,
}
"""The encoded messages by their type."""

# --- What is only computed on -----------------------------------------------------------------

SECBYTES: Final = structure(
    "secbytes",
    "secbytes",
    "Computing AES keys, MAC keys, and the secure session id",
    "what is hashed, after one byte that tells the hashes apart, into every key",
    Field("s", "s", Type.MPI, "the Diffie-Hellman shared secret"),
)

SMP_SECRET: Final = structure(
    "smp-secret",
    "Secret information",
    "Secret information",
    "what SHA256 makes the secret x or y of",
    Field("version", "Version", Type.BYTE, "the version of SMP", value=1),
    Field("initiator", "Initiator fingerprint", Type.BYTES, "of who began SMP", size=20),
    Field("responder", "Responder fingerprint", Type.BYTES, "of who did not", size=20),
    Field("ssid", "Secure Session ID", Type.BYTES, "of the conversation", size=8),
    Field("secret", "User-specified secret", Type.REST, "what the user typed"),
)

SMP_HASH: Final = structure(
    "smp-hash",
    "SMP hash",
    "SMP Hash function",
    "what SHA256 makes the challenge of a zero-knowledge proof of",
    Field("version", "Version", Type.BYTE, "1 to 8: tells the proofs apart"),
    Field("first", "First MPI", Type.MPI, "an element"),
    Field("second", "Second MPI", Type.MPI, "an element, or nothing", optional=True),
)

LAYOUTS: Final = (
    HEADER,
    *ENCODED.values(),
    GX_MPI,
    SIGNED,
    IDENTITY,
    PUBKEY,
    FINGERPRINT,
    CONTENT,
    TLV,
    *TLVS.values(),
    SECBYTES,
    SMP_SECRET,
    SMP_HASH,
)
"""Every layout."""


# --- Texts: sections "Unencoded messages", "Encoded messages" and "Fragmentation" -------------

MARKER: Final = b"?OTR"
"""What every text of OTR's has in it, except a plaintext with the whitespace tag."""

FRAGMENTS_MOST: Final = 65535
"""The largest number of fragments that a message may be split into."""

SMALLEST_TAG: Final = 0x00000100
"""The smallest valid instance tag."""

_TAG_MOST = 0xFFFFFFFF

QUERY: Final = TextFormat(
    PROTOCOL,
    "query",
    "OTR Query Message",
    "OTR Query Messages",
    "asks for a private conversation, in one of the versions that it lists",
    MARKER,
    (
        Piece("one", "?", Form.SIGN, "version 1 is offered", start=b"?", optional=True),
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
    "Whitespace tag",
    "Tagged plaintext messages",
    "lets on, anywhere in a plaintext, that its sender speaks OTR",
    b"\x20\x09\x20\x20\x09\x09\x09\x09\x20\x09\x20\x09\x20\x09\x20\x20",
    (
        Piece(
            "versions",
            "Whitespace version tags",
            Form.MARKS,
            "the versions that are offered",
            marks=(
                (1, b"\x20\x09\x20\x09\x20\x20\x09\x20"),
                (2, b"\x20\x20\x09\x09\x20\x20\x09\x20"),
                (3, b"\x20\x20\x09\x09\x20\x20\x09\x09"),
            ),
        ),
    ),
    VERSIONS,
)

ERROR: Final = TextFormat(
    PROTOCOL,
    "error",
    "OTR Error Message",
    "OTR Error Messages",
    "tells the user of the other side what went wrong",
    MARKER + b" Error:",
    (
        Piece(
            "blank",
            "Blank",
            Form.SIGN,
            "a blank, without which libotr takes the marker for a part of the text",
            start=b" ",
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
    "Encoded messages",
    "carries every message that is laid out in bytes",
    MARKER + b":",
    (Piece("binary", "Binary form", Form.BASE64, "the bytes of the message", end=b"."),),
    VERSIONS,
)

_NUMBERED = (
    Piece(
        "k", "k", Form.DECIMAL, "which piece it is, from 1", end=b",", digits=5, most=FRAGMENTS_MOST
    ),
    Piece(
        "n", "n", Form.DECIMAL, "how many pieces there are", end=b",", digits=5, most=FRAGMENTS_MOST
    ),
    Piece("piece", "piece[k]", Form.TEXT, "a part of an encoded message", end=b",", least=1),
)

FRAGMENT_V2: Final = TextFormat(
    PROTOCOL,
    "fragment-v2",
    "Fragment of version 2",
    "Fragmentation",
    "carries a part of an encoded message",
    MARKER + b",",
    _NUMBERED,
    versions=(2,),
)

FRAGMENT_V3: Final = TextFormat(
    PROTOCOL,
    "fragment-v3",
    "Fragment of version 3",
    "Fragmentation",
    "carries a part of an encoded message, and between which instances",
    MARKER + b"|",
    (
        Piece(
            "sender",
            "sender_instance",
            Form.HEX,
            "the sender's instance tag",
            end=b"|",
            digits=8,
            most=_TAG_MOST,
        ),
        Piece(
            "receiver",
            "receiver_instance",
            Form.HEX,
            "the receiver's instance tag, or 0",
            end=b",",
            digits=8,
            most=_TAG_MOST,
        ),
        *_NUMBERED,
    ),
    versions=(3,),
)

TEXTS: Final = (QUERY, WHITESPACE_TAG, ERROR, ENVELOPE, FRAGMENT_V2, FRAGMENT_V3)
"""Every text format."""
