"""The messages of OTRv3 as the reference handles them.

Field names and order are those of the layouts in `otr_model.otrv3.layouts`. All are frozen; values
that only a suite understands are sorts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otr_reference.sorts import (
        Challenge,
        Element,
        Key,
        Mac,
        Octets,
        PublicKey,
        Response,
        Scalar,
        Signature,
    )


@dataclass(frozen=True, slots=True)
class Header:
    """What every encoded message begins with.

    Attributes:
        version: 2 or 3 (1 and others only as received).
        sender: the sender's instance tag; 0 in version 2, which has none.
        receiver: the receiver's instance tag; 0 if not known, and in version 2.
    """

    version: int
    sender: int
    receiver: int


# Section "D-H Commit Message" to "Data Message".


@dataclass(frozen=True, slots=True)
class DhCommit:
    """D-H Commit Message, type 0x02."""

    header: Header
    encrypted_gx: Octets
    hashed_gx: Octets


@dataclass(frozen=True, slots=True)
class DhKey:
    """D-H Key Message, type 0x0a."""

    header: Header
    gy: Element


@dataclass(frozen=True, slots=True)
class RevealSignature:
    """Reveal Signature Message, type 0x11. The revealed key is public from here on."""

    header: Header
    revealed_key: Octets
    encrypted_signature: Octets
    mac: Mac


@dataclass(frozen=True, slots=True)
class SignatureMessage:
    """Signature Message, type 0x12."""

    header: Header
    encrypted_signature: Octets
    mac: Mac


@dataclass(frozen=True, slots=True)
class DataFields:
    """The part of a Data Message that its authenticator covers, T in the overview.

    Attributes:
        header: version and instance tags.
        flags: one byte; 0x01 is IGNORE_UNREADABLE.
        sender_keyid: id of the sender's key that encrypts and authenticates this message.
        recipient_keyid: id of the receiver's key.
        next_dh: the sender's key number sender_keyid + 1.
        counter: the top half of the cipher's initial counter, as an integer (0 to 2**64 - 1).
        encrypted: the encrypted content.
    """

    header: Header
    flags: int
    sender_keyid: int
    recipient_keyid: int
    next_dh: Element
    counter: int
    encrypted: Octets


@dataclass(frozen=True, slots=True)
class DataMessage:
    """Data Message, type 0x03.

    Attributes:
        fields: what the authenticator covers, taken apart.
        authenticated: the same as received, or as it will be sent: what the MAC is over.
        mac: the authenticator.
        revealed: old MAC keys, now public (0 or more of 20 bytes each, concatenated).
    """

    fields: DataFields
    authenticated: Octets
    mac: Mac
    revealed: Octets


# Texts that are not encoded: section "Unencoded messages".


@dataclass(frozen=True, slots=True)
class Query:
    """OTR Query Message: the versions that it offers (those of one digit; others are left out)."""

    versions: frozenset[int]


@dataclass(frozen=True, slots=True)
class ErrorMessage:
    """OTR Error Message: what follows "?OTR Error:"."""

    text: Octets


@dataclass(frozen=True, slots=True)
class Plaintext:
    """A text without OTR in it."""

    text: Octets


@dataclass(frozen=True, slots=True)
class TaggedPlaintext:
    """A text with the whitespace tag; `text` is without it."""

    text: Octets
    versions: frozenset[int]


# Section "Fragmentation".


@dataclass(frozen=True, slots=True)
class Fragment:
    """One fragment: piece k of n.

    `header.version` is 3 for "?OTR|" and 2 for "?OTR,".
    """

    header: Header
    k: int
    n: int
    piece: Octets


@dataclass(frozen=True, slots=True)
class OtherVersion:
    """An encoded message of a version that is not handled (1, or unknown)."""

    version: int


@dataclass(frozen=True, slots=True)
class MalformedMessage:
    """Something that claims to be OTR's and cannot be taken apart.

    Attributes:
        field: the field that is wrong, as the specification names it.
        reason: what is wrong with it.
        header: where it could be read before the fault, the header.
    """

    field: str
    reason: str
    header: Header | None = None


EncodedMessage = DhCommit | DhKey | RevealSignature | SignatureMessage | DataMessage
Whole = (
    EncodedMessage
    | Query
    | ErrorMessage
    | Plaintext
    | TaggedPlaintext
    | OtherVersion
    | MalformedMessage
)
Message = Whole | Fragment


# What is inside a Data Message: section "Data Message".


@dataclass(frozen=True, slots=True)
class Smp1:
    """TLV 2, or 7 with a question: SMP message 1."""

    g2a: Element
    c2: Challenge
    d2: Response
    g3a: Element
    c3: Challenge
    d3: Response
    question: Octets | None = None


@dataclass(frozen=True, slots=True)
class Smp2:
    """TLV 3: SMP message 2."""

    g2b: Element
    c2: Challenge
    d2: Response
    g3b: Element
    c3: Challenge
    d3: Response
    pb: Element
    qb: Element
    cp: Challenge
    d5: Response
    d6: Response


@dataclass(frozen=True, slots=True)
class Smp3:
    """TLV 4: SMP message 3."""

    pa: Element
    qa: Element
    cp: Challenge
    d5: Response
    d6: Response
    ra: Element
    cr: Challenge
    d7: Response


@dataclass(frozen=True, slots=True)
class Smp4:
    """TLV 5: SMP message 4."""

    rb: Element
    cr: Challenge
    d7: Response


@dataclass(frozen=True, slots=True)
class SmpAbort:
    """TLV 6: SMP abort."""


@dataclass(frozen=True, slots=True)
class Padding:
    """TLV 0: padding, of `size` bytes."""

    size: int


@dataclass(frozen=True, slots=True)
class Disconnected:
    """TLV 1: the sender ends the private conversation."""


@dataclass(frozen=True, slots=True)
class ExtraKeyUse:
    """TLV 8: the extra symmetric key will be used: for what (4 bytes), with what data."""

    use: int
    data: Octets


@dataclass(frozen=True, slots=True)
class UnknownTlv:
    """A TLV of a type that is not defined."""

    kind: int
    value: Octets


@dataclass(frozen=True, slots=True)
class MalformedTlv:
    """A TLV whose value cannot be taken apart, or a record that is cut off (kind -1)."""

    kind: int
    field: str
    reason: str


Tlv = (
    Padding
    | Disconnected
    | Smp1
    | Smp2
    | Smp3
    | Smp4
    | SmpAbort
    | ExtraKeyUse
    | UnknownTlv
    | MalformedTlv
)


@dataclass(frozen=True, slots=True)
class Content:
    """What a Data Message says once decrypted: a text (empty in a heartbeat) and TLVs."""

    text: Octets
    tlvs: tuple[Tlv, ...] = ()


# Records that the suite computes and encodes: key schedules and what is signed.


@dataclass(frozen=True, slots=True)
class DhPair:
    """A D-H key pair."""

    secret: Scalar
    public: Element


@dataclass(frozen=True, slots=True)
class Commitment:
    """What a D-H Commit carries: AES_r(g^x) and HASH(g^x), both of g^x serialised as an MPI."""

    encrypted: Octets
    hashed: Octets


@dataclass(frozen=True, slots=True)
class SigmaKeys:
    """The keys that protect one side's identity: c, m1, m2 (or c', m1', m2')."""

    c: Key
    m1: Key
    m2: Key


@dataclass(frozen=True, slots=True)
class AkeKeys:
    """What both sides compute from s: section "Computing AES keys, ..."."""

    ssid: Octets
    reveal: SigmaKeys
    signature: SigmaKeys


@dataclass(frozen=True, slots=True)
class Identity:
    """X: public key, key id, signature."""

    public: PublicKey
    keyid: int
    signature: Signature


@dataclass(frozen=True, slots=True)
class DataKeys:
    """The keys of one pair of D-H keys."""

    sending: Key
    sending_mac: Key
    receiving: Key
    receiving_mac: Key
    extra: Key


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof of knowledge of one exponent: challenge and response."""

    c: Challenge
    d: Response


@dataclass(frozen=True, slots=True)
class CoordinatesProof:
    """A proof that P and Q were made as prescribed: cP, D5, D6."""

    c: Challenge
    d5: Response
    d6: Response
