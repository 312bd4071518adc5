"""The suite of OTRv4: every primitive, key schedule, signature, proof and encoding.

The reference performs cryptographic effects only through these operations. RealSuite computes with
bytes and integers; otr_check's TermSuite with symbolic terms. Operations are pure; randomness is
a seed and the number of the draw, so that the same inputs give the same outputs.

Section names are those of the specification of version 4.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otr_reference.sorts import (
        Challenge,
        EddsaSignature,
        Element,
        Exponent,
        Key,
        Mac,
        Octets,
        Passphrase,
        Point,
        Public,
        PublicKey,
        Response,
        RingSignature,
        Scalar,
        Seed,
        Signature,
        SigningKey,
        Wire,
    )

    from .messages import (
        ClientProfile,
        Content,
        DataFields,
        Fragment,
        Message,
        PrekeyProfile,
    )


@dataclass(frozen=True, slots=True)
class EcdhPair:
    """An ephemeral ECDH key pair; the shared prekey is one, too."""

    secret: Scalar
    public: Point


@dataclass(frozen=True, slots=True)
class DhPair:
    """An ephemeral DH key pair."""

    secret: Exponent
    public: Element


@dataclass(frozen=True, slots=True)
class LongTerm:
    """The long-term keys of a user's client.

    Attributes:
        signing: sym_h, which profiles are signed with.
        secret: sk_h, which DAKEs are authenticated with.
        public: H.
        forging: F, whose secret part is not needed.
        dsa: the user's long-term key of version 3, if there is one.
        dsa_public: its public part.
    """

    signing: SigningKey
    secret: Scalar
    public: Point
    forging: Point
    dsa: SigningKey | None = None
    dsa_public: PublicKey | None = None


@dataclass(frozen=True, slots=True)
class PhiSide:
    """What one side contributes to phi.

    Attributes:
        tag: its instance tag.
        ecdh: its first ephemeral ECDH key of the ratchet; None where it has none.
        dh: its first DH key.
        name: what the application states about it, such as a bare JID; None for nothing.
    """

    tag: int
    ecdh: Point | None
    dh: Element | None
    name: Octets | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a DAKE authenticates: section "Auth-R Message". Bob is the initiator.

    Attributes:
        bob: the initiator's client profile.
        alice: the responder's.
        y: the initiator's ephemeral ECDH key.
        x: the responder's.
        b: the initiator's ephemeral DH key.
        a: the responder's.
        phi: the shared session state.
    """

    bob: ClientProfile
    alice: ClientProfile
    y: Point
    x: Point
    b: Element
    a: Element
    phi: Octets


@dataclass(frozen=True, slots=True)
class Mixed:
    """What a DAKE gives.

    Attributes:
        k: K, the mixed shared secret.
        brace: the brace key that went into it.
        ssid: the secure session id, 8 bytes.
    """

    k: Key
    brace: Key
    ssid: Octets


@dataclass(frozen=True, slots=True)
class Offline:
    """What a non-interactive DAKE gives: the same, and auth_mac_k."""

    mixed: Mixed
    mac_key: Key


@dataclass(frozen=True, slots=True)
class Ratcheted:
    """curr_root_key, and the chain key of the ratchet that begins."""

    root: Key
    chain: Key


@dataclass(frozen=True, slots=True)
class MessageKeys:
    """The keys of one message: MKenc, MKmac and the extra symmetric key."""

    encryption: Key
    mac: Key
    extra: Key


@dataclass(frozen=True, slots=True)
class Proof:
    """A zero-knowledge proof of one exponent."""

    c: Challenge
    d: Response


@dataclass(frozen=True, slots=True)
class CoordinatesProof:
    """A zero-knowledge proof that P and Q were made as prescribed."""

    c: Challenge
    d5: Response
    d6: Response


Ring = tuple["Point", "Point", "Point"]
"""A1, A2 and A3, in the order of the text."""


class Suite(ABC):
    """The operations; every argument and result is a sort, an integer or a record of those."""

    # Randomness. `draw` numbers an endpoint's draws from 1.

    @abstractmethod
    def fresh_ecdh(self, seed: Seed, draw: int) -> EcdhPair:
        """generateECDH(): section "Generating ECDH and DH keys"."""

    @abstractmethod
    def fresh_dh(self, seed: Seed, draw: int) -> DhPair:
        """generateDH()."""

    @abstractmethod
    def fresh_scalar(self, seed: Seed, draw: int) -> Scalar:
        """A random exponent of SMP."""

    @abstractmethod
    def fresh_identifier(self, seed: Seed, draw: int) -> int:
        """A random number of 4 bytes, for a fragmented message or a prekey message."""

    # Texts.

    @abstractmethod
    def literal(self, text: str) -> Octets:
        """A text of our own, such as that of an Error Message."""

    @abstractmethod
    def empty(self, text: Octets) -> bool:
        """Whether a text is empty, or starts with a NUL, as in a heartbeat."""

    @abstractmethod
    def writable(self, text: Octets) -> bool:
        """Whether a text can be sent in a Data Message: it contains no NUL."""

    # Comparing. Constant time wherever a secret could be learnt from the time.

    @abstractmethod
    def same(self, left: Public, right: Public) -> bool:
        """Whether two values of one sort are equal."""

    # Sections "Verifying that a point is on the curve" and "... an integer is in the DH group".

    @abstractmethod
    def in_group(self, point: Point) -> bool:
        """Whether a point can be decoded, is of order q, and is not the identity."""

    @abstractmethod
    def in_dh_group(self, element: Element) -> bool:
        """Whether g3 <= element <= dh_p - g3, and it is in the subgroup of order dh_q."""

    # Sections "Client Profile" and "Prekey Profile".

    @abstractmethod
    def client_profile(
        self, keys: LongTerm, owner_tag: int, versions: frozenset[int], expiration: int, seed: Seed
    ) -> ClientProfile:
        """Make and sign a client profile; with a transitional signature where there is a DSA key.

        A DSA key is included only where `versions` has 3.
        """

    @abstractmethod
    def profile_signed(self, profile: ClientProfile) -> bool:
        """Whether the Client Profile Signature verifies under the profile's own public key."""

    @abstractmethod
    def transition_signed(self, profile: ClientProfile) -> bool:
        """Whether the transitional signature verifies. Only asked where there is a DSA key.

        A DSA key without a transitional signature is refused.
        """

    @abstractmethod
    def fingerprint(self, profile: ClientProfile) -> Octets:
        """The fingerprint of the long-term keys, 56 bytes."""

    @abstractmethod
    def prekey_profile(
        self, keys: LongTerm, owner_tag: int, shared_prekey: Point, expiration: int
    ) -> PrekeyProfile:
        """Make and sign a prekey profile."""

    @abstractmethod
    def prekey_profile_signed(self, client: ClientProfile, prekey: PrekeyProfile) -> bool:
        """Whether a prekey profile's signature verifies under the client profile's public key."""

    # Section "Receiving an Identity Message".

    @abstractmethod
    def hashed_b(self, b: Element) -> Octets:
        """The hash by which crossing Identity messages are compared, 32 bytes."""

    @abstractmethod
    def higher(self, ours: Octets, theirs: Octets) -> bool:
        """Whether our hash is the higher 32-byte big-endian value (the tie-break)."""

    # Sections "Shared Session State" to "Non-Interactive-Auth Message".

    @abstractmethod
    def phi(self, sender: PhiSide, receiver: PhiSide) -> Octets:
        """The shared session state; the same whoever is the sender."""

    @abstractmethod
    def auth_r_bound(self, transcript: Transcript) -> Octets:
        """What sigma of an Auth-R message signs: t, which begins with 0x0."""

    @abstractmethod
    def auth_i_bound(self, transcript: Transcript) -> Octets:
        """What sigma of an Auth-I message signs: t, which begins with 0x1."""

    @abstractmethod
    def non_interactive_bound(self, transcript: Transcript, shared_prekey: Point) -> Octets:
        """What sigma and the Auth MAC of a Non-Interactive-Auth message are over: t."""

    @abstractmethod
    def ring_sign(
        self, ring: Ring, secret: Scalar, value: Octets, seed: Seed, draw: int
    ) -> RingSignature:
        """RSig, with the secret of any one of the three."""

    @abstractmethod
    def ring_verified(self, ring: Ring, sigma: RingSignature, value: Octets) -> bool:
        """RVrf."""

    @abstractmethod
    def mixed(self, ecdh: Scalar, their_ecdh: Point, dh: Exponent, their_dh: Element) -> Mixed:
        """K and the SSID of an interactive DAKE. Only asked for keys that are in their groups."""

    @abstractmethod
    def mixed_by_retriever(  # noqa: PLR0913, PLR0917 - x, a, Y, B, D_b, H_b
        self,
        x: Scalar,
        a: Exponent,
        y: Point,
        b: Element,
        shared_prekey: Point,
        their_key: Point,
    ) -> Offline:
        """K, the SSID and auth_mac_k on the side that sends the Non-Interactive-Auth message."""

    @abstractmethod
    def mixed_by_publisher(  # noqa: PLR0913, PLR0917 - y, b, d_b, sk_hb, X, A
        self,
        y: Scalar,
        b: Exponent,
        shared_prekey: Scalar,
        our_key: Scalar,
        x: Point,
        a: Element,
    ) -> Offline:
        """The same on the side that published the prekey ensemble."""

    @abstractmethod
    def auth_mac(self, key: Key, value: Octets) -> Mac:
        """The Auth MAC over t."""

    # Sections "Key Management" and "Data Exchange".

    @abstractmethod
    def first_root(self, k: Key) -> Key:
        """The first prev_root_key of an interactive conversation."""

    @abstractmethod
    def offline_chain(self, k: Key) -> Ratcheted:
        """The first root key and chain key of a non-interactive conversation."""

    @abstractmethod
    def third_brace_key(self, ours: Exponent, theirs: Element) -> Key:
        """The brace key of a ratchet with a new DH key."""

    @abstractmethod
    def next_brace_key(self, brace: Key) -> Key:
        """The brace key of a ratchet without one."""

    @abstractmethod
    def ratchet(self, root: Key, ours: Scalar, theirs: Point, brace: Key) -> Ratcheted:
        """The mixed shared secret of a ratchet, and the keys derived from it."""

    @abstractmethod
    def next_chain_key(self, chain: Key) -> Key:
        """The chain key of the next message."""

    @abstractmethod
    def message_keys(self, chain: Key) -> MessageKeys:
        """The keys of the message that a chain key is for."""

    @abstractmethod
    def seal(self, key: Key, content: Content) -> Octets:
        """Encrypt the text and TLVs of a Data Message."""

    @abstractmethod
    def open(self, key: Key, encrypted: Octets) -> Content:
        """Decrypt and take apart what a Data Message says. Total."""

    @abstractmethod
    def data_body(self, fields: DataFields) -> Octets:
        """What the authenticator is over: from the version to the encrypted message."""

    @abstractmethod
    def data_mac(self, key: Key, body: Octets) -> Mac:
        """The authenticator."""

    @abstractmethod
    def reveal(self, key: Key) -> Octets:
        """Make a MAC key public."""

    @abstractmethod
    def next_extra_key(self, previous: Key, index: int, context: int) -> Key:
        """A further extra symmetric key: section "Extra Symmetric Key"."""

    # Section "Socialist Millionaires Protocol (SMP)".

    @abstractmethod
    def generator(self) -> Point:
        """G."""

    @abstractmethod
    def scale(self, point: Point, scalar: Scalar) -> Point:
        """Point * scalar. Only asked for points that are in the group."""

    @abstractmethod
    def plus(self, left: Point, right: Point) -> Point:
        """Left + right."""

    @abstractmethod
    def minus(self, left: Point, right: Point) -> Point:
        """Left - right. Only asked for points that are in the group."""

    @abstractmethod
    def smp_secret(
        self, initiator: Octets, responder: Octets, ssid: Octets, passphrase: Passphrase
    ) -> Scalar:
        """Section "Secret Information": x or y, from both fingerprints."""

    @abstractmethod
    def prove_exponent(self, step: int, exponent: Scalar, seed: Seed, draw: int) -> Proof:
        """Knowledge of the exponent of G * exponent; `step` is the hash's byte, 1 to 4."""

    @abstractmethod
    def exponent_proved(self, step: int, power: Point, proof: Proof) -> bool:
        """Whether c = HashToScalar(step || G * d + power * c)."""

    @abstractmethod
    def prove_coordinates(  # noqa: PLR0913, PLR0917 - the values that the proof is about
        self,
        step: int,
        g2: Point,
        g3: Point,
        exponent: Scalar,
        secret: Scalar,
        seed: Seed,
        draw: int,
    ) -> CoordinatesProof:
        """That P = G3 * exponent and Q = G * exponent + G2 * secret; step 5 or 6. Two draws."""

    @abstractmethod
    def coordinates_proved(  # noqa: PLR0913, PLR0917 - the values that the proof is about
        self, step: int, g2: Point, g3: Point, p: Point, q: Point, proof: CoordinatesProof
    ) -> bool:
        """Whether c = HashToScalar(step || G3 * d5 + P * c || G * d5 + G2 * d6 + Q * c)."""

    @abstractmethod
    def prove_equal_exponents(
        self, step: int, base: Point, exponent: Scalar, seed: Seed, draw: int
    ) -> Proof:
        """That R = base * exponent has the exponent of G * exponent; `step` is 7 or 8."""

    @abstractmethod
    def equal_exponents_proved(
        self, step: int, base: Point, power: Point, r: Point, proof: Proof
    ) -> bool:
        """Whether c = HashToScalar(step || G * d + power * c || base * d + R * c)."""

    # Sections "Encoded Messages" and "Fragmentation".

    @abstractmethod
    def encode(self, message: Message) -> Wire:
        """A message as the network carries it."""

    @abstractmethod
    def decode(self, wire: Wire) -> Message:
        """Take apart what the network carried. Total: what cannot be read is a MalformedMessage."""

    @abstractmethod
    def split(
        self, wire: Wire, identifier: int, sender: int, receiver: int, size: int
    ) -> tuple[Wire, ...]:
        """Fragments of at most `size` bytes each, or the message itself where it fits or size is 0.

        Raises:
            Oversized: if no fragment of that size can carry a byte, or more than 65535 are needed.
        """

    @abstractmethod
    def join(self, pieces: tuple[Octets, ...]) -> Wire:
        """All pieces of a fragmented message, in their order, as a received message."""

    @abstractmethod
    def size(self, text: Octets) -> int:
        """How many bytes a text or a piece has, to bound what is stored."""

    # For deviating senders: the counterpart of each check, over either suite.

    @abstractmethod
    def garble(self, value: Octets) -> Octets:
        """A different value of the same length."""

    @abstractmethod
    def garble_mac(self, value: Mac) -> Mac:
        """A different value of the same length."""

    @abstractmethod
    def garble_sigma(self, value: RingSignature) -> RingSignature:
        """A different ring signature."""

    @abstractmethod
    def garble_signature(self, value: EddsaSignature) -> EddsaSignature:
        """A different signature with an Ed448 key."""

    @abstractmethod
    def garble_dsa(self, value: Signature) -> Signature:
        """A different signature with a DSA key."""

    @abstractmethod
    def garble_response(self, value: Response) -> Response:
        """A different exponent."""

    @abstractmethod
    def outside_point(self) -> Point:
        """A point that is not in the group: of small order, and decoded by everybody."""

    @abstractmethod
    def twisted(self, point: Point) -> Point:
        """The same point with one of order 2 added: whatever is multiplied by 4 stays the same."""

    @abstractmethod
    def outside_element(self) -> Element:
        """A value that is not in the DH group: 1."""

    @abstractmethod
    def under_weak_key(self, profile: ClientProfile) -> ClientProfile:
        """The profile under a public key of small order, whose signature verifies nevertheless."""

    @abstractmethod
    def zero(self) -> Scalar:
        """The exponent 0, whose every multiple is the identity."""

    @abstractmethod
    def piece(self, fragment: Fragment) -> Octets:
        """The piece of a fragment."""
