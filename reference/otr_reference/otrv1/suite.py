"""The suite of OTRv1: the operations that its exchange needs.

See `otr_reference.otrv3.suite` for what a suite is. Section names are those of the description of
version 1.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otr_reference.otrv3.messages import DhPair
    from otr_reference.sorts import (
        Element,
        Key,
        Mac,
        Octets,
        Public,
        PublicKey,
        Seed,
        Signature,
        SigningKey,
        Wire,
    )

    from .messages import Bound, Message, SessionKeys


class Suite(ABC):
    """The operations; every argument and result is a sort, an integer or a record of those."""

    # Randomness. `draw` numbers an endpoint's draws from 1.

    @abstractmethod
    def fresh_pair(self, seed: Seed, draw: int) -> DhPair:
        """A random D-H key pair; the exponent has at least 320 bits."""

    # Comparing.

    @abstractmethod
    def same(self, left: Public, right: Public) -> bool:
        """Whether two values of one sort are equal."""

    # Section "OTR Key Exchange".

    @abstractmethod
    def signed_value(
        self, reply: int, public: PublicKey, keyid: int, y: Element, bound: Bound | None
    ) -> Octets:
        """What is signed: a hash of every field before the signature.

        Version 1 signs nothing of the other side: `bound` is what a reply could sign of it, for
        variants that do.
        """

    @abstractmethod
    def sign(self, signing: SigningKey, value: Octets, seed: Seed, draw: int) -> Signature:
        """Sign that."""

    @abstractmethod
    def verify(self, public: PublicKey, value: Octets, signature: Signature) -> bool:
        """Whether a signature holds under a public key."""

    # Sections "Calculating session keys" and "OTR Data".

    @abstractmethod
    def session_keys(self, ours: DhPair, theirs: Element) -> SessionKeys:
        """Keys of either direction, and the secure session id."""

    @abstractmethod
    def seal(self, key: Key, counter: int, text: Octets) -> Octets:
        """Encrypt a text."""

    @abstractmethod
    def open(self, key: Key, counter: int, encrypted: Octets) -> Octets:
        """Decrypt a text."""

    @abstractmethod
    def data_mac(self, key: Key, counter: int, encrypted: Octets) -> Mac:
        """The MAC of a Data Message."""

    # Encoding.

    @abstractmethod
    def encode(self, message: Message) -> Wire:
        """A message as the network carries it.

        Raises:
            Malformed: a field cannot hold what it is given, or the message is a `MalformedMessage`.
        """

    @abstractmethod
    def decode(self, wire: Wire) -> Message:
        """Take apart what the network carried. Total: what cannot be read is a MalformedMessage."""

    # For what would have cured version 1, over either suite.

    @abstractmethod
    def with_peer(self, value: Octets, peer: PublicKey) -> Octets:
        """What is signed, with a public key beside it."""

    @abstractmethod
    def with_mac(self, value: Octets, key: Key, public: PublicKey) -> Octets:
        """What is signed, with a MAC of a public key beside it."""

    # For deviating senders.

    @abstractmethod
    def garble_mac(self, value: Mac) -> Mac:
        """A different value of the same length."""
