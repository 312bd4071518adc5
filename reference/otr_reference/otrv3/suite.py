"""The suite of OTRv3: every primitive, key schedule, signature, proof and encoding.

The reference performs cryptographic effects only through these operations. RealSuite computes with
bytes and integers; otr_check's TermSuite with symbolic terms. Operations are pure; randomness is
a seed and the number of the draw, so that the same inputs give the same outputs.

Section names are those of the specification of version 3.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otr_reference.sorts import (
        Element,
        Key,
        Mac,
        Octets,
        Passphrase,
        Public,
        PublicKey,
        Response,
        Scalar,
        Seed,
        Signature,
        SigningKey,
        Wire,
    )

    from .messages import (
        AkeKeys,
        Commitment,
        Content,
        CoordinatesProof,
        DataFields,
        DataKeys,
        DhPair,
        Fragment,
        Identity,
        Message,
        Proof,
    )


class Suite(ABC):
    """The operations; every argument and result is a sort, an integer or a record of those."""

    # Randomness. `draw` numbers an endpoint's draws from 1.

    @abstractmethod
    def fresh_key(self, seed: Seed, draw: int) -> Key:
        """A random 128-bit key: r of a D-H Commit."""

    @abstractmethod
    def fresh_pair(self, seed: Seed, draw: int) -> DhPair:
        """A random D-H key pair; the exponent has at least 320 bits."""

    @abstractmethod
    def fresh_exponent(self, seed: Seed, draw: int) -> Scalar:
        """A random exponent of 1536 bits, as SMP uses."""

    # Texts.

    @abstractmethod
    def literal(self, text: str) -> Octets:
        """A text of our own, such as that of an Error Message."""

    @abstractmethod
    def empty(self, text: Octets) -> bool:
        """Whether a text is empty, as in a heartbeat."""

    @abstractmethod
    def writable(self, text: Octets) -> bool:
        """Whether a text can be sent in a Data Message: it contains no NUL."""

    # Comparing. Constant time wherever a secret could be learnt from the time.

    @abstractmethod
    def same(self, left: Public, right: Public) -> bool:
        """Whether two values of one sort are equal."""

    # Section "D-H Commit Message".

    @abstractmethod
    def in_range(self, element: Element) -> bool:
        """Whether 2 <= element <= modulus - 2."""

    @abstractmethod
    def commit(self, r: Key, gx: Element) -> Commitment:
        """Encrypt g^x with r, and hash it."""

    @abstractmethod
    def reveal(self, key: Key) -> Octets:
        """Make a key public: r in a Reveal Signature Message, an old MAC key in a Data Message."""

    @abstractmethod
    def opens(self, revealed: Octets, commitment: Commitment) -> bool:
        """Whether what the revealed key decrypts is exactly one MPI."""

    @abstractmethod
    def matches(self, revealed: Octets, commitment: Commitment) -> bool:
        """Whether the hash of what the revealed key decrypts is the hash that was sent."""

    @abstractmethod
    def opened(self, revealed: Octets, commitment: Commitment) -> Element:
        """g^x from a commitment. Only asked where `opens` holds."""

    @abstractmethod
    def higher(self, ours: Octets, theirs: Octets) -> bool:
        """Whether our hashed g^x is the higher 32-byte big-endian value (the tie-break)."""

    # Section "Reveal Signature Message" and "Signature Message".

    @abstractmethod
    def ake_keys(self, secret: Scalar, theirs: Element) -> AkeKeys:
        """ssid, c, c', m1, m1', m2, m2' from s = theirs ** secret."""

    @abstractmethod
    def signed_value(
        self, m1: Key, first: Element, second: Element, public: PublicKey, keyid: int
    ) -> Octets:
        """M: the MAC with m1 of both D-H keys (signer's first), the public key and the key id."""

    @abstractmethod
    def sign(self, signing: SigningKey, value: Octets, seed: Seed, draw: int) -> Signature:
        """Sign M."""

    @abstractmethod
    def verify(self, public: PublicKey, value: Octets, signature: Signature) -> bool:
        """Whether the signature on M holds under the public key."""

    @abstractmethod
    def seal_identity(self, c: Key, identity: Identity) -> Octets:
        """Encrypt X with c, initial counter 0."""

    @abstractmethod
    def open_identity(self, c: Key, sealed: Octets) -> Identity | None:
        """X, or None where what is decrypted is not a public key, an INT and a signature."""

    @abstractmethod
    def identity_mac(self, m2: Key, sealed: Octets) -> Mac:
        """The MAC with m2 of the encrypted signature, its length included."""

    # Section "Data Message".

    @abstractmethod
    def data_keys(self, ours: DhPair, theirs: Element) -> DataKeys:
        """Sending and receiving keys, and the extra symmetric key, of a pair of D-H keys."""

    @abstractmethod
    def seal(self, key: Key, counter: int, content: Content) -> Octets:
        """Encrypt a text and its TLVs."""

    @abstractmethod
    def open(self, key: Key, counter: int, sealed: Octets) -> Content:
        """Decrypt; total: what cannot be read as a TLV is a MalformedTlv."""

    @abstractmethod
    def data_body(self, fields: DataFields) -> Octets:
        """What the authenticator covers, encoded."""

    @abstractmethod
    def data_mac(self, key: Key, body: Octets) -> Mac:
        """The authenticator."""

    @abstractmethod
    def old_mac_keys(self, keys: tuple[Key, ...]) -> Octets:
        """MAC keys to reveal, concatenated."""

    # Section "Socialist Millionaires' Protocol (SMP)". The group's generator is g1.

    @abstractmethod
    def smp_secret(
        self, initiator: PublicKey, responder: PublicKey, ssid: Octets, typed: Passphrase
    ) -> Scalar:
        """X or y: section "Secret information"."""

    @abstractmethod
    def generator(self) -> Element:
        """g1."""

    @abstractmethod
    def power(self, base: Element, exponent: Scalar) -> Element:
        """Base ** exponent."""

    @abstractmethod
    def times(self, left: Element, right: Element) -> Element:
        """Left * right."""

    @abstractmethod
    def over(self, left: Element, right: Element) -> Element:
        """Left / right. Only asked for values that are in range."""

    @abstractmethod
    def prove_exponent(self, step: int, exponent: Scalar, seed: Seed, draw: int) -> Proof:
        """Knowledge of the exponent of g1 ** exponent; `step` is the hash's byte, 1 to 4."""

    @abstractmethod
    def exponent_proved(self, step: int, power: Element, proof: Proof) -> bool:
        """Whether c = HASH(step, g1^D * power^c)."""

    @abstractmethod
    def prove_coordinates(  # noqa: PLR0913, PLR0917 - the values that the proof is about
        self,
        step: int,
        g2: Element,
        g3: Element,
        exponent: Scalar,
        secret: Scalar,
        seed: Seed,
        draw: int,
    ) -> CoordinatesProof:
        """That P = g3^exponent and Q = g1^exponent * g2^secret; `step` is 5 or 6. Two draws."""

    @abstractmethod
    def coordinates_proved(  # noqa: PLR0913, PLR0917 - the values that the proof is about
        self,
        step: int,
        g2: Element,
        g3: Element,
        p: Element,
        q: Element,
        proof: CoordinatesProof,
    ) -> bool:
        """Whether c = HASH(step, g3^D5 * P^c, g1^D5 * g2^D6 * Q^c)."""

    @abstractmethod
    def prove_equal_exponents(
        self, step: int, base: Element, exponent: Scalar, seed: Seed, draw: int
    ) -> Proof:
        """That R = base^exponent has the exponent of g1^exponent; `step` is 7 or 8."""

    @abstractmethod
    def equal_exponents_proved(
        self, step: int, base: Element, power: Element, r: Element, proof: Proof
    ) -> bool:
        """Whether c = HASH(step, g1^D * power^c, base^D * R^c)."""

    # Section "Encoded messages", "Unencoded messages" and "Fragmentation".

    @abstractmethod
    def encode(self, message: Message) -> Wire:
        """A message as the network carries it."""

    @abstractmethod
    def decode(self, wire: Wire) -> Message:
        """Take apart what the network carried. Total: what cannot be read is a MalformedMessage."""

    @abstractmethod
    def split(
        self, wire: Wire, sender: int, receiver: int, version: int, size: int
    ) -> tuple[Wire, ...]:
        """Fragments of at most `size` bytes each, or the message itself where it fits or size is 0.

        Raises:
            Oversized: if no fragment of that size can carry a byte, or more than 65535 are needed.
        """

    @abstractmethod
    def join(self, stored: Octets | None, fragment: Fragment) -> Octets:
        """F with one more piece."""

    @abstractmethod
    def joined(self, stored: Octets) -> Wire:
        """F as a received message."""

    @abstractmethod
    def size(self, stored: Octets) -> int:
        """How many bytes F has, to bound what is stored."""

    # For deviating senders: the counterpart of each check, over either suite.

    @abstractmethod
    def garble(self, value: Octets) -> Octets:
        """A different value of the same length."""

    @abstractmethod
    def garble_mac(self, value: Mac) -> Mac:
        """A different value of the same length."""

    @abstractmethod
    def outside(self) -> Element:
        """An element that is not in range: 1, whose every power is 1."""

    @abstractmethod
    def unreduced(self, element: Element) -> Element:
        """The same element modulo p, as a number that is not in range: whatever is proved holds."""

    @abstractmethod
    def garble_response(self, value: Response) -> Response:
        """A different exponent."""

    @abstractmethod
    def zero(self) -> Scalar:
        """The exponent 0, whose every power is `outside()`."""

    @abstractmethod
    def false_commitment(self, r: Key) -> Commitment:
        """A commitment with a right hash, to what is no MPI."""

    @abstractmethod
    def false_identity(self, c: Key) -> Octets:
        """What c decrypts to something that is no public key, key id and signature."""
