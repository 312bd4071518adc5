"""The messages of OTRv1 as the reference handles them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otr_reference.sorts import Element, Key, Mac, Octets, PublicKey, Signature


@dataclass(frozen=True, slots=True)
class Plaintext:
    """A text without OTR in it."""

    text: Octets


@dataclass(frozen=True, slots=True)
class Query:
    """OTR Query: asks for a Key Exchange Message."""


@dataclass(frozen=True, slots=True)
class KeyExchange:
    """OTR Key Exchange.

    Attributes:
        reply: whether it answers a Key Exchange Message.
        public: the sender's long-term public key.
        keyid: the number of the D-H key.
        y: the D-H key.
        signature: of everything before it.
    """

    reply: bool
    public: PublicKey
    keyid: int
    y: Element
    signature: Signature


@dataclass(frozen=True, slots=True)
class DataMessage:
    """OTR Data, as far as it is needed here: a text, encrypted, with a MAC over all of it."""

    counter: int
    encrypted: Octets
    mac: Mac


@dataclass(frozen=True, slots=True)
class MalformedMessage:
    """Something that claims to be OTR's and cannot be taken apart.

    Attributes:
        field: the field that is wrong.
        reason: what is wrong with it.
    """

    field: str
    reason: str


Message = Plaintext | Query | KeyExchange | DataMessage | MalformedMessage


# Records that the suite computes.


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """Section "Calculating session keys"."""

    ssid: Octets
    sending: Key
    sending_mac: Key
    receiving: Key
    receiving_mac: Key


@dataclass(frozen=True, slots=True)
class Bound:
    """What a reply could sign of the other side, and in version 1 does not.

    Attributes:
        peer: the public key of whom it is meant for.
        key: the MAC key of what its sender sends, made from both D-H keys.
    """

    peer: PublicKey
    key: Key
