"""The messages of OTRv4 as the reference handles them.

Field names and order are those of the layouts in `otr_model.otrv4.layouts`. All are frozen; values
that only a suite understands are sorts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otr_reference.sorts import (
        Challenge,
        EddsaSignature,
        Element,
        Mac,
        Octets,
        Point,
        PublicKey,
        Response,
        RingSignature,
        Signature,
        Wire,
    )


@dataclass(frozen=True, slots=True)
class Header:
    """What every encoded message begins with, except a Prekey Message.

    Attributes:
        sender: the sender's instance tag.
        receiver: the receiver's instance tag; 0 if not known.
    """

    sender: int
    receiver: int


# Sections "Client Profile" and "Prekey Profile".


@dataclass(frozen=True, slots=True)
class ClientProfile:
    """A Client Profile: what a client says of itself.

    What is signed is what was received, and not what it says: other fields, or the same in another
    order, would have another signature. `wire.client_profile` makes one of its body.

    Attributes:
        owner_tag: the instance tag of the client that made it.
        public_key: H, the long-term key.
        forging_key: F, the long-term forging key.
        versions: those that it lists, of one digit; others are left out.
        expiration: seconds from the start of 1970, UTC, negative if before.
        dsa_key: the user's key of version 3.
        transitional: the signature with that key.
        body: what the Client Profile Signature is over: the number of fields, and each with its
            type, in the order in which they came.
        transitional_body: what the transitional signature is over: the fields in front of it in
            type, 1 to 6, in the order in which they came; None if there is no such signature.
        signature: the Client Profile Signature.
    """

    owner_tag: int
    public_key: Point
    forging_key: Point
    versions: frozenset[int]
    expiration: int
    dsa_key: PublicKey | None
    transitional: Signature | None
    body: Octets
    transitional_body: Octets | None
    signature: EddsaSignature


@dataclass(frozen=True, slots=True)
class PrekeyProfile:
    """A Prekey Profile.

    Attributes:
        owner_tag: the instance tag of the client that made it.
        expiration: seconds from the start of 1970, UTC, negative if before.
        shared_prekey: D.
        body: what the signature is over, the fields above as they came.
        signature: the Prekey Profile Signature.
    """

    owner_tag: int
    expiration: int
    shared_prekey: Point
    body: Octets
    signature: EddsaSignature


# Section "Offline Conversation Initialization".


@dataclass(frozen=True, slots=True)
class PrekeyMessage:
    """Prekey Message, type 0x0f. It has no header: its tag is that of its owner."""

    identifier: int
    owner_tag: int
    y: Point
    b: Element


@dataclass(frozen=True, slots=True)
class PrekeyEnsemble:
    """What a conversation with somebody who is offline starts from."""

    client_profile: ClientProfile
    prekey_profile: PrekeyProfile
    message: PrekeyMessage


@dataclass(frozen=True, slots=True)
class NonInteractiveAuth:
    """Non-Interactive-Auth Message, type 0x0d."""

    header: Header
    profile: ClientProfile
    x: Point
    a: Element
    sigma: RingSignature
    prekey_id: int
    auth_mac: Mac
    first_ecdh: Point
    first_dh: Element


# Section "Interactive Deniable Authenticated Key Exchange (DAKE)".


@dataclass(frozen=True, slots=True)
class Identity:
    """Identity Message, type 0x35."""

    header: Header
    profile: ClientProfile
    y: Point
    b: Element
    first_ecdh: Point
    first_dh: Element


@dataclass(frozen=True, slots=True)
class AuthR:
    """Auth-R Message, type 0x36."""

    header: Header
    profile: ClientProfile
    x: Point
    a: Element
    sigma: RingSignature
    first_ecdh: Point
    first_dh: Element


@dataclass(frozen=True, slots=True)
class AuthI:
    """Auth-I Message, type 0x37."""

    header: Header
    sigma: RingSignature


# Section "Data Message Format".


@dataclass(frozen=True, slots=True)
class DataFields:
    """The part of a Data Message that its authenticator covers.

    There is one way to encode it, so that what was received can be had from it.

    Attributes:
        header: instance tags.
        flags: one byte; 0x01 is IGNORE_UNREADABLE.
        pn: how many messages the sender sent in the ratchet before.
        ratchet_id: i.
        message_id: j.
        ecdh: the sender's ECDH key.
        dh: the sender's DH key; None where its length is zero.
        encrypted: the encrypted content.
    """

    header: Header
    flags: int
    pn: int
    ratchet_id: int
    message_id: int
    ecdh: Point
    dh: Element | None
    encrypted: Octets


@dataclass(frozen=True, slots=True)
class DataMessage:
    """Data Message, type 0x03.

    Attributes:
        fields: what the authenticator covers.
        authenticator: the MAC.
        old_mac_keys: MAC keys that are public now, of 64 bytes each.
    """

    fields: DataFields
    authenticator: Mac
    old_mac_keys: tuple[Octets, ...]


# Texts that are not encoded.


@dataclass(frozen=True, slots=True)
class Query:
    """Query Message: the versions that it offers (those of one digit; others are left out)."""

    versions: frozenset[int]


@dataclass(frozen=True, slots=True)
class ErrorMessage:
    """OTR Error Message.

    Attributes:
        code: the N of ERROR_N, defined or not; None if there is none.
        text: what follows.
    """

    code: int | None
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
    """One fragment: piece `index` of `total`.

    Attributes:
        header: instance tags.
        identifier: the same in all fragments of a message.
        index: which piece it is, from 1.
        total: how many there are.
        piece: a part of the message.
    """

    header: Header
    identifier: int
    index: int
    total: int
    piece: Octets


@dataclass(frozen=True, slots=True)
class OtherVersion:
    """An encoded message or a fragment of another version.

    One of version 2 or 3 is for an endpoint of that version, which takes the wire as it came, and
    finds out for itself whether it is well-formed.

    Attributes:
        version: which.
        wire: the whole text, as it came.
        header: its instance tags, if it is of version 3 and they could be read.
    """

    version: int
    wire: Wire
    header: Header | None = None


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


EncodedMessage = Identity | AuthR | AuthI | NonInteractiveAuth | PrekeyMessage | DataMessage
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


# What is inside a Data Message: section "TLV Record Types", and those on SMP.


@dataclass(frozen=True, slots=True)
class Smp1:
    """TLV 2: SMP message 1. A question of length zero is none."""

    question: Octets | None
    g2a: Point
    c2: Challenge
    d2: Response
    g3a: Point
    c3: Challenge
    d3: Response


@dataclass(frozen=True, slots=True)
class Smp2:
    """TLV 3: SMP message 2."""

    g2b: Point
    c2: Challenge
    d2: Response
    g3b: Point
    c3: Challenge
    d3: Response
    pb: Point
    qb: Point
    cp: Challenge
    d5: Response
    d6: Response


@dataclass(frozen=True, slots=True)
class Smp3:
    """TLV 4: SMP message 3."""

    pa: Point
    qa: Point
    cp: Challenge
    d5: Response
    d6: Response
    ra: Point
    cr: Challenge
    d7: Response


@dataclass(frozen=True, slots=True)
class Smp4:
    """TLV 5: SMP message 4."""

    rb: Point
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
    """TLV 7: the extra symmetric key will be used: for what (4 bytes), with what data."""

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
