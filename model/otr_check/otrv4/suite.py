"""TermSuite: the operations of OTRv4 on symbolic terms.

What the sorts are here: each is a `Term`. Point is G times a polynomial, Element is g3 to one,
Scalar and Exponent are atoms of such polynomials, Wire holds the message itself; `operators.Op`
lists the rest. A cast between a sort and `Term` happens in this package (`otr_check.otrv4`) and in
whoever inspects a run, nowhere else.

What is assumed of cryptography is what version 3's terms assume (`otr_check.otrv3.suite`), and
besides:

- A ring signature verifies if and only if it was made with the secret of a member of this ring,
  over this value. Under a key of small order anybody can sign.
- What is of small order in a point is lost when the point is multiplied, since private scalars are
  multiples of 4. The challenges in the proofs of SMP are not: of a point with a part of order 2,
  bytes refuse every other proof that terms accept. The check of the point comes before.

The same reference code over RealSuite must take the same decisions. One decision cannot be taken
here: which of two hashes is the larger number. `higher` raises `Undecided` until it is told
(`TermSuite.decided`); whoever explores runs the step again, both ways.

Operations are pure. Results are remembered for as long as the suite lives, and are shared by the
suites that `decided` makes from it. No operation is made from another one of `Suite`, so that a
suite in which one is replaced, as deviating senders do, differs in that one only.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from otr_check.exponents import ONE, ZERO, Polynomial
from otr_check.otrv3.operators import Op as Old
from otr_check.otrv3.suite import Order, Undecided
from otr_check.otrv3.suite import TermSuite as TermSuite3
from otr_check.terms import DEFAULT_POOL, Term, TermPool
from otr_model.otrv4 import layouts
from otr_model.otrv4.usages import Usage
from otr_reference.errors import Malformed
from otr_reference.otrv4.messages import Fragment, Header, MalformedMessage, PrekeyProfile
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.suite import (
    CoordinatesProof,
    DhPair,
    EcdhPair,
    LongTerm,
    MessageKeys,
    Mixed,
    Offline,
    Proof,
    Ratcheted,
    Suite,
)
from otr_reference.otrv4.wire import Oversized

from . import octets as strings
from . import wires
from .operators import Op

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from otr_reference.otrv3 import messages as v3
    from otr_reference.otrv4.messages import (
        ClientProfile,
        Content,
        DataFields,
        Message,
    )
    from otr_reference.otrv4.suite import PhiSide, Ring, Transcript
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
        Sort,
        Wire,
    )

__all__ = ["Order", "TermSuite", "Undecided", "VersionThree"]

_BYTES: Final = RealSuite()
_V3: Final = 3
_ORDER_TWO: Final = 2
"""Twice the point T of order 4."""
_COFACTOR: Final = 4
_LARGEST_TAG: Final = 0xFFFFFFFF
_LARGEST_CONTEXT: Final = 0xFFFFFFFF
_LARGEST_INDEX: Final = 0xFF

_OUTSIDE: Final = frozenset({Op.INVALID, Op.ALTERED, Old.PIECE})
"""What an exponent is an atom of that belongs to something outside its group."""


class VersionThree(TermSuite3):
    """The terms of version 3, for an endpoint that may be sent messages of version 4.

    A wire of version 4 is to it what the bytes would be: a message of another version. Version 3's
    own suite, which knows nothing of them, finds them malformed; all else is the same to both.
    """

    def decode(self, wire: Wire) -> v3.Message:
        """What the term holds."""
        return wires.older_message_of(_term(wire)) or super().decode(wire)


class TermSuite(Suite):
    """The operations on terms.

    Attributes:
        pool: where all terms are made.
        older: the terms of version 3 over the same pool, for the endpoint of that version which a
            client may have beside; what is decided of hashes is decided for both.
        count: how many fragments a message is split into, given the message and the size of a
            fragment; None: as many as the lengths of `octets` ask for. Whoever compares a run with
            one over RealSuite can take the numbers from there.
    """

    def __init__(
        self,
        order: Iterable[tuple[Octets, Octets]] = (),
        *,
        pool: TermPool = DEFAULT_POOL,
        count: Callable[[Wire, int], int] | None = None,
    ) -> None:
        self.pool = pool
        self.older = VersionThree(order, pool=pool, count=None)
        self.count = count
        self._generator = self._point(ONE)
        self._identity = self._point(ZERO)
        self._one = self._element(ZERO)
        self._zero = cast("Scalar", pool.make(Op.ZERO))
        self._empty = self.octets(b"")
        self._multiples: dict[tuple[Point, Scalar], Point] = {}
        self._powers: dict[tuple[Element, Exponent], Element] = {}
        self._sums: dict[tuple[Point, Point, bool], Point] = {}
        self._members: dict[Point | Element, bool] = {}
        self._wires: dict[Message, Wire] = {}
        self._sizes: dict[Octets, int] = {}

    @property
    def order(self) -> Order:
        """Which of two hashes is higher, as far as it is decided, and what follows from that."""
        return self.older.order

    def decided(self, higher: Octets, lower: Octets) -> TermSuite:
        """The same suite, in a world in which one hash is higher than another.

        Raises:
            ValueError: if they are equal, or the opposite was decided or follows.
        """
        suite = copy(self)
        suite.older = cast("VersionThree", self.older.decided(higher, lower))
        return suite

    # Entry and exit: from an application's values to the sorts, and back.

    def seed(self, value: bytes) -> Seed:
        """Take a seed. Its bytes are what it is called."""
        return self.older.seed(value)

    def passphrase(self, value: bytes) -> Passphrase:
        """Take what the user typed, in UTF-8."""
        return self.older.passphrase(value)

    def octets(self, value: bytes) -> Octets:
        """Take a text without OTR in it and without NUL, or the data of a TLV."""
        return cast("Octets", strings.text(self.pool, value))

    def wire(self, value: bytes) -> Wire:
        """Take what the network carried, where every byte of it is known."""
        return cast("Wire", wires.wire_of_bytes(self.pool, value))

    def malformed(self, field: str, reason: str, header: Header | None = None) -> Wire:
        """Something on the network that is found to be malformed."""
        message = MalformedMessage(field, reason, header)
        return cast("Wire", wires.received_wire(self.pool, message))

    def long_term(self, name: str, *, dsa: bool = False) -> LongTerm:
        """The long-term keys of somebody's client.

        Args:
            name: whose; the same name, the same keys.
            dsa: whether the user has a key of version 3: that of the same name.
        """
        signing = cast("SigningKey", self.pool.make(Op.SYM_KEY, name))
        older = self.older.signing_key(name) if dsa else None
        return LongTerm(
            signing=signing,
            secret=self._secret(signing),
            public=self._public(self._secret(signing)),
            forging=self._public(self.forging_secret(name)),
            dsa=older,
            dsa_public=None if older is None else self.older.public_key(older),
        )

    def forging_secret(self, name: str) -> Scalar:
        """The secret part of somebody's forging key, for whoever kept it."""
        return cast("Scalar", self.pool.make(Op.FORGING, name))

    def point(self, value: bytes) -> Point:
        """Take 57 bytes as a point. Nobody knows its logarithm, unless it is G or I."""
        return cast("Point", strings.point(self.pool, value))

    def element(self, value: int) -> Element:
        """Take a number, zero or more, as a DH value. Nobody knows its logarithm."""
        return cast("Element", strings.element(self.pool, value))

    def key(self, revealed: Octets) -> Key:
        """Take a MAC key that was made public as a key: the opposite of `reveal`."""
        return cast("Key", revealed)

    def to_bytes(self, value: Octets | Wire | PublicKey | Mac | Signature | Key) -> bytes:
        """Give octets out: those that are known as they are, others as they are written."""
        return self.older.to_bytes(value)

    # Randomness.

    def fresh_ecdh(self, seed: Seed, draw: int) -> EcdhPair:
        """A nonce, and G times it."""
        secret = cast("Scalar", self.pool.make(Op.NONCE, "x", seed, draw))
        return EcdhPair(secret, self._public(secret))

    def fresh_dh(self, seed: Seed, draw: int) -> DhPair:
        """A nonce, and g3 to its power."""
        secret = cast("Exponent", self.pool.make(Op.NONCE, "a", seed, draw))
        return DhPair(secret, self._element(Polynomial.atom(_term(secret))))

    def fresh_scalar(self, seed: Seed, draw: int) -> Scalar:
        """A nonce."""
        return cast("Scalar", self.pool.make(Op.NONCE, "e", seed, draw))

    def fresh_identifier(self, seed: Seed, draw: int) -> int:
        """The number that the bytes of the seed would give: it is compared, and written."""
        named = cast("bytes", _term(seed).args[0])
        return _BYTES.fresh_identifier(_BYTES.seed(named), draw)

    # Texts.

    def literal(self, text: str) -> Octets:
        """The same octets as those of a text that somebody typed."""
        return self.octets(text.encode())

    def empty(self, text: Octets) -> bool:
        """There is one empty text; what starts with a NUL is as good."""
        match _term(text).op, _term(text).args:
            case Old.TEXT, (bytes() as known,):
                return not known or known.startswith(b"\0")
            case _:
                return False

    def writable(self, text: Octets) -> bool:
        """Its bytes are known, since a user typed them."""
        return b"\0" not in self.older.to_bytes(text)

    # Comparing.

    def same(self, left: Public, right: Public) -> bool:
        """Identity: terms are in normal form, and a pool makes each once."""
        return left is right

    # Sections "Verifying that a point is on the curve" and "... an integer is in the DH group".

    def in_group(self, point: Point) -> bool:
        """It is not I, has no part of small order, and nothing in it came from outside."""
        return self._is_member(point)

    def in_dh_group(self, element: Element) -> bool:
        """It is not 1, and nothing in it came from outside."""
        return self._is_member(element)

    def _is_member(self, value: Point | Element) -> bool:
        known = self._members.get(value)
        if known is None:
            exponent = _exponent(value)
            known = (
                bool(exponent)
                and not _small_part(value)
                and all(atom.op not in _OUTSIDE for atom in exponent.atoms)
            )
            self._members[value] = known
        return known

    # Sections "Client Profile" and "Prekey Profile".

    def client_profile(
        self, keys: LongTerm, owner_tag: int, versions: frozenset[int], expiration: int, seed: Seed
    ) -> ClientProfile:
        """The fields, and signatures of them.

        Raises:
            Malformed: a field cannot hold what it is given.
        """
        said = strings.ProfileFields(
            owner_tag, keys.public, keys.forging, versions, expiration, dsa_key=None
        )
        if keys.dsa is not None and keys.dsa_public is not None and _V3 in versions:
            said = replace(said, dsa_key=keys.dsa_public)
            covered = self.pool.make(Op.TRANSITION, said)
            signed = self.pool.make(Old.SIGNATURE, keys.dsa, covered, seed, 0)
            said = replace(said, transitional=cast("Signature", signed))
        body = strings.body_of(self.pool, said)
        return strings.profile_of(self.pool, body, self._signed(keys.signing, body))

    def profile_signed(self, profile: ClientProfile) -> bool:
        """It is a signature on the body, with the private half of the key that is in it."""
        return self._is_signed(profile.public_key, profile.body, profile.signature)

    def transition_signed(self, profile: ClientProfile) -> bool:
        """It is there, and a signature on the fields in front of it with the DSA key."""
        if profile.transitional is None or profile.dsa_key is None:
            return False
        match _term(profile.transitional).op, _term(profile.transitional).args:
            case Old.SIGNATURE, (signing, signed, _, _):
                public = self.older.public_key(cast("SigningKey", signing))
                return signed is profile.transitional_body and public is profile.dsa_key
            case _:
                return False

    def fingerprint(self, profile: ClientProfile) -> Octets:
        """A hash of both keys."""
        return self._octets(Usage.FINGERPRINT, profile.public_key, profile.forging_key)

    def prekey_profile(
        self, keys: LongTerm, owner_tag: int, shared_prekey: Point, expiration: int
    ) -> PrekeyProfile:
        """The fields, and a signature of them.

        Raises:
            Malformed: a field cannot hold what it is given.
        """
        strings.refuse_unfit(owner_tag, expiration)
        body = self.pool.make(Op.PREKEY_PROFILE, owner_tag, expiration, shared_prekey)
        return PrekeyProfile(
            owner_tag,
            expiration,
            shared_prekey,
            cast("Octets", body),
            self._signed(keys.signing, body),
        )

    def prekey_profile_signed(self, client: ClientProfile, prekey: PrekeyProfile) -> bool:
        """It is a signature on the body, with the private half of the client profile's key."""
        return self._is_signed(client.public_key, prekey.body, prekey.signature)

    def _signed(self, signing: SigningKey, value: Term) -> EddsaSignature:
        return cast("EddsaSignature", self.pool.make(Op.EDDSA, signing, value))

    def _is_signed(self, public: Point, value: Octets, signature: EddsaSignature) -> bool:
        match _term(signature).op, _term(signature).args:
            case Op.EDDSA, (signing, signed):
                secret = self._secret(cast("SigningKey", signing))
                return signed is value and self._public(secret) is public
            case Op.WEAK, ():
                return not _exponent(public)
            case _:
                return False

    # Section "Receiving an Identity Message".

    def hashed_b(self, b: Element) -> Octets:
        """A hash."""
        return cast("Octets", self.pool.make(Op.HASH, b))

    def higher(self, ours: Octets, theirs: Octets) -> bool:
        """Look up what was decided.

        Raises:
            Undecided: if nothing was, and the two are not equal.
        """
        return self.older.higher(ours, theirs)

    # Sections "Shared Session State" to "Non-Interactive-Auth Message".

    def phi(self, sender: PhiSide, receiver: PhiSide) -> Octets:
        """Tags, keys in the order of their owners' tags, and names, as far as they are there.

        Raises:
            Malformed: a tag is out of range, or neither side has keys.
        """
        sides = sorted((sender, receiver), key=_first_of)
        keys = [
            (side.ecdh, side.dh) for side in sides if side.ecdh is not None and side.dh is not None
        ]
        if not keys:
            raise Malformed(field="ecdh_first", reason="has no value")
        if not all(0 <= side.tag <= _LARGEST_TAG for side in sides):
            raise Malformed(field="Instance tag", reason="does not fit")
        names = [side.name for side in sides if side.name is not None]
        names.sort(key=self.older.to_bytes)
        tags = tuple(side.tag for side in sides)
        return cast("Octets", self.pool.make(Op.PHI, tags, tuple(keys), tuple(names)))

    def auth_r_bound(self, transcript: Transcript) -> Octets:
        """All of it, under the usages of an Auth-R message."""
        return self._bound("auth-r", transcript, _AUTH_R)

    def auth_i_bound(self, transcript: Transcript) -> Octets:
        """All of it, under the usages of an Auth-I message."""
        return self._bound("auth-i", transcript, _AUTH_I)

    def non_interactive_bound(self, transcript: Transcript, shared_prekey: Point) -> Octets:
        """All of it, and the shared prekey."""
        return self._bound("non-interactive", transcript, _NON_INTERACTIVE, shared_prekey)

    def _bound(self, role: str, transcript: Transcript, usages: _Usages, *more: Point) -> Octets:
        bob, alice = (
            self._octets(usage, profile.body, profile.signature)
            for usage, profile in ((usages.bob, transcript.bob), (usages.alice, transcript.alice))
        )
        phi = self._octets(usages.phi, transcript.phi)
        keys = (transcript.y, transcript.x, transcript.b, transcript.a)
        return cast("Octets", self.pool.make(Op.BOUND, role, bob, alice, *keys, *more, phi))

    def ring_sign(
        self, ring: Ring, secret: Scalar, value: Octets, seed: Seed, draw: int
    ) -> RingSignature:
        """A signature, which differs from draw to draw.

        Where the secret is not that of exactly one of the three, it verifies nowhere.
        """
        if sum(key is self._public(secret) for key in ring) != 1:
            return cast("RingSignature", self.pool.make(Op.SIGMA))
        return cast("RingSignature", self.pool.make(Op.SIGMA, ring, secret, value, seed, draw))

    def ring_verified(self, ring: Ring, sigma: RingSignature, value: Octets) -> bool:
        """It was made for this ring and this value."""
        match _term(sigma).op, _term(sigma).args:
            case Op.SIGMA, (signed, _, said, _, _):
                return signed == ring and said is value
            case _:
                return False

    def mixed(self, ecdh: Scalar, their_ecdh: Point, dh: Exponent, their_dh: Element) -> Mixed:
        """Derived from both shared secrets."""
        brace = self._key(Usage.THIRD_BRACE_KEY, self._power(their_dh, dh))
        return self._mix(self._scale(their_ecdh, ecdh), brace, brace)

    def mixed_by_retriever(  # noqa: PLR0913, PLR0917 - x, a, Y, B, D_b, H_b
        self,
        x: Scalar,
        a: Exponent,
        y: Point,
        b: Element,
        shared_prekey: Point,
        their_key: Point,
    ) -> Offline:
        """Derived from all four shared secrets."""
        points = (self._scale(point, x) for point in (y, shared_prekey, their_key))
        return self._offline(self._power(b, a), *points)

    def mixed_by_publisher(  # noqa: PLR0913, PLR0917 - y, b, d_b, sk_hb, X, A
        self,
        y: Scalar,
        b: Exponent,
        shared_prekey: Scalar,
        our_key: Scalar,
        x: Point,
        a: Element,
    ) -> Offline:
        """Derived from the same four."""
        points = (self._scale(x, secret) for secret in (y, shared_prekey, our_key))
        return self._offline(self._power(a, b), *points)

    def _offline(self, k_dh: Element, *points: Point) -> Offline:
        brace = self._key(Usage.THIRD_BRACE_KEY, k_dh)
        tmp = self._key(Usage.TMP_KEY, *points, brace)
        return Offline(self._mix(tmp, None, brace), self._key(Usage.AUTH_MAC_KEY, tmp))

    def _mix(self, source: Point | Key, mixed_in: Key | None, brace: Key) -> Mixed:
        sources = (source,) if mixed_in is None else (source, mixed_in)
        k = self._key(Usage.SHARED_SECRET, *sources)
        return Mixed(k, brace, self._octets(Usage.SSID, k))

    def auth_mac(self, key: Key, value: Octets) -> Mac:
        """A MAC."""
        return cast("Mac", self.pool.make(Op.MAC, Usage.AUTH_MAC, key, value))

    # Sections "Key Management" and "Data Exchange".

    def first_root(self, k: Key) -> Key:
        """Derived from K."""
        return self._key(Usage.FIRST_ROOT_KEY, k)

    def offline_chain(self, k: Key) -> Ratcheted:
        """Both derived from K."""
        return Ratcheted(self._key(Usage.ROOT_KEY, k), self._key(Usage.CHAIN_KEY, k))

    def third_brace_key(self, ours: Exponent, theirs: Element) -> Key:
        """Derived from the shared secret."""
        return self._key(Usage.THIRD_BRACE_KEY, self._power(theirs, ours))

    def next_brace_key(self, brace: Key) -> Key:
        """Derived from the last."""
        return self._key(Usage.BRACE_KEY, brace)

    def ratchet(self, root: Key, ours: Scalar, theirs: Point, brace: Key) -> Ratcheted:
        """Both derived from the last root key and the new mixed shared secret."""
        k = self._key(Usage.SHARED_SECRET, self._scale(theirs, ours), brace)
        return Ratcheted(self._key(Usage.ROOT_KEY, root, k), self._key(Usage.CHAIN_KEY, root, k))

    def next_chain_key(self, chain: Key) -> Key:
        """Derived from the last."""
        return self._key(Usage.NEXT_CHAIN_KEY, chain)

    def message_keys(self, chain: Key) -> MessageKeys:
        """Derived from the chain key; MKmac from MKenc."""
        encryption = self._key(Usage.MESSAGE_KEY, chain)
        return MessageKeys(
            encryption=encryption,
            mac=self._key(Usage.MAC_KEY, encryption),
            extra=self._key(Usage.EXTRA_SYMM_KEY, chain),
        )

    def seal(self, key: Key, content: Content) -> Octets:
        """A ciphertext.

        Raises:
            Malformed: the text has a NUL in it, or a TLV cannot be written.
        """
        return cast("Octets", strings.sealed_content(self.pool, _term(key), content))

    def open(self, key: Key, encrypted: Octets) -> Content:
        """Decrypt."""
        return strings.open_content(self.pool, _term(key), _term(encrypted))

    def data_body(self, fields: DataFields) -> Octets:
        """The encoding, which is the fields.

        Raises:
            Malformed: a field cannot hold what it is given.
        """
        return cast("Octets", wires.body(self.pool, fields))

    def data_mac(self, key: Key, body: Octets) -> Mac:
        """A MAC."""
        return cast("Mac", self.pool.make(Op.MAC, Usage.AUTHENTICATOR, key, body))

    def reveal(self, key: Key) -> Octets:
        """The key itself."""
        return cast("Octets", key)

    def next_extra_key(self, previous: Key, index: int, context: int) -> Key:
        """Derived from the last, its index and its context.

        Raises:
            Malformed: the index is no byte, or the context has more than 4.
        """
        if not 0 <= context <= _LARGEST_CONTEXT:
            raise Malformed(field="context", reason="is not 4 bytes long")
        if not 0 <= index <= _LARGEST_INDEX:
            raise Malformed(field="usage", reason="is not a byte")
        return self._key("extra", index, context, previous)

    # Section "Socialist Millionaires Protocol (SMP)".

    def generator(self) -> Point:
        """G * 1."""
        return self._generator

    def scale(self, point: Point, scalar: Scalar) -> Point:
        """The exponents' product."""
        return self._scale(point, scalar)

    def plus(self, left: Point, right: Point) -> Point:
        """The exponents' sum."""
        return self._plus(left, right)

    def minus(self, left: Point, right: Point) -> Point:
        """The exponents' difference."""
        result = self._sums.get((left, right, False))
        if result is None:
            part = _small_part(left) - _small_part(right)
            result = self._point(_exponent(left) - _exponent(right), part)
            self._sums[left, right, False] = result
        return result

    def smp_secret(
        self, initiator: Octets, responder: Octets, ssid: Octets, passphrase: Passphrase
    ) -> Scalar:
        """A hash."""
        parts = (initiator, responder, ssid, passphrase)
        return cast("Scalar", self.pool.make(Op.KDF, Usage.SMP_SECRET, *parts))

    def prove_exponent(self, step: int, exponent: Scalar, seed: Seed, draw: int) -> Proof:
        """The hash of G * r, and r - exponent * c."""
        r = self._nonce(seed, draw)
        c = self._challenge(step, self._public(r))
        return Proof(c, self._response(r, exponent, c))

    def exponent_proved(self, step: int, power: Point, proof: Proof) -> bool:
        """Where d is r - e*c, G * d + power * c is G * r if and only if power is G * e."""
        answer = _answer(proof.c, proof.d)
        if answer is None or self._torsion_free(power) is not self._public(answer.exponent):
            return False
        return proof.c is self._challenge(step, self._public(answer.r))

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
        """The hash of G3 * r5 and G * r5 + G2 * r6, r5 - exponent * c, r6 - secret * c."""
        r5, r6 = self._nonce(seed, draw), self._nonce(seed, draw + 1)
        c = self._challenge(step, *self._coordinates(g2, g3, r5, r6))
        return CoordinatesProof(c, self._response(r5, exponent, c), self._response(r6, secret, c))

    def coordinates_proved(  # noqa: PLR0913, PLR0917 - the values that the proof is about
        self, step: int, g2: Point, g3: Point, p: Point, q: Point, proof: CoordinatesProof
    ) -> bool:
        """The same as for one exponent, twice."""
        first, second = _answer(proof.c, proof.d5), _answer(proof.c, proof.d6)
        if first is None or second is None:
            return False
        claimed = self._torsion_free(p), self._torsion_free(q)
        if claimed != self._coordinates(g2, g3, first.exponent, second.exponent):
            return False
        return proof.c is self._challenge(step, *self._coordinates(g2, g3, first.r, second.r))

    def prove_equal_exponents(
        self, step: int, base: Point, exponent: Scalar, seed: Seed, draw: int
    ) -> Proof:
        """The hash of G * r and base * r, and r - exponent * c."""
        r = self._nonce(seed, draw)
        c = self._challenge(step, self._public(r), self._scale(base, r))
        return Proof(c, self._response(r, exponent, c))

    def equal_exponents_proved(
        self, step: int, base: Point, power: Point, r: Point, proof: Proof
    ) -> bool:
        """The same as for one exponent, with two bases."""
        answer = _answer(proof.c, proof.d)
        if answer is None or self._torsion_free(power) is not self._public(answer.exponent):
            return False
        if self._torsion_free(r) is not self._scale(base, answer.exponent):
            return False
        first, second = self._public(answer.r), self._scale(base, answer.r)
        return proof.c is self._challenge(step, first, second)

    def _nonce(self, seed: Seed, draw: int) -> Scalar:
        return cast("Scalar", self.pool.make(Op.NONCE, "r", seed, draw))

    def _scale(self, point: Point, scalar: Scalar) -> Point:
        result = self._multiples.get((point, scalar))
        if result is None:
            factor = ZERO if scalar is self._zero else Polynomial.atom(_term(scalar))
            result = self._point(_exponent(point) * factor)
            self._multiples[point, scalar] = result
        return result

    def _plus(self, left: Point, right: Point) -> Point:
        result = self._sums.get((left, right, True))
        if result is None:
            part = _small_part(left) + _small_part(right)
            result = self._point(_exponent(left) + _exponent(right), part)
            self._sums[left, right, True] = result
        return result

    def _torsion_free(self, point: Point) -> Point:
        """The same point without what is of small order in it."""
        return self._point(_exponent(point))

    def _public(self, secret: Scalar) -> Point:
        return self._scale(self._generator, secret)

    def _secret(self, signing: SigningKey) -> Scalar:
        return cast("Scalar", self.pool.make(Op.AUTHENTICATING, signing))

    def _power(self, base: Element, exponent: Exponent) -> Element:
        result = self._powers.get((base, exponent))
        if result is None:
            result = self._element(_exponent(base) * Polynomial.atom(_term(exponent)))
            self._powers[base, exponent] = result
        return result

    def _coordinates(
        self, g2: Point, g3: Point, exponent: Scalar, secret: Scalar
    ) -> tuple[Point, Point]:
        """P and Q: G3 * exponent and G * exponent + G2 * secret."""
        p = self._scale(g3, exponent)
        return p, self._plus(self._public(exponent), self._scale(g2, secret))

    def _challenge(self, step: int, *points: Point) -> Challenge:
        return cast("Challenge", self.pool.make(Op.CHALLENGE, step, *points))

    def _response(self, r: Scalar, exponent: Scalar, c: Challenge) -> Response:
        return cast("Response", self.pool.make(Op.RESPONSE, r, exponent, c))

    # Sections "Encoded Messages" and "Fragmentation".

    def encode(self, message: Message) -> Wire:
        """A term that holds the message.

        Raises:
            Malformed: as `wires.wire_of`.
        """
        return self._wire(message)

    def decode(self, wire: Wire) -> Message:
        """What the term holds."""
        return wires.message_of(self.pool, _term(wire))

    def split(
        self, wire: Wire, identifier: int, sender: int, receiver: int, size: int
    ) -> tuple[Wire, ...]:
        """Pieces of the term, in fragments.

        Raises:
            Oversized: as the suite says, or if the message has a comma in it.
            Malformed: the identifier or a tag is out of range.
        """
        if not size:
            return (wire,)
        length, room = wires.length(self.pool, _term(wire)), size - wires.OVERHEAD
        least = -(-length // room) if room > 0 else 0
        if self.count is not None:
            number = self.count(wire, size)
        else:
            number = 1 if length <= size else least
        if number == 1:
            return (wire,)
        if not 0 < number <= layouts.FRAGMENTS_MOST:
            msg = f"fragments of {size} characters cannot carry {length}"
            raise Oversized(msg)
        if wires.has_comma(self.pool, _term(wire)):
            msg = "a message with a comma cannot be fragmented"
            raise Oversized(msg)
        cuts = (room * k if number == least else length * k // number for k in range(1, number))
        pieces = wires.pieces(self.pool, _term(wire), tuple(cuts))
        header = Header(sender, receiver)
        return tuple(
            self._wire(Fragment(header, identifier, k, number, cast("Octets", piece)))
            for k, piece in enumerate(pieces, 1)
        )

    def join(self, pieces: tuple[Octets, ...]) -> Wire:
        """The message that the pieces are of."""
        return cast("Wire", wires.whole(self.pool, tuple(map(_term, pieces))))

    def size(self, text: Octets) -> int:
        """The length that the bytes would have."""
        size = self._sizes.get(text)
        if size is None:
            size = self._sizes[text] = strings.width(_term(text))
        return size

    # For deviating senders.

    def garble(self, value: Octets) -> Octets:
        """The last bit flipped; of no bytes one is made."""
        return cast("Octets", strings.altered(self.pool, _term(value)))

    def garble_mac(self, value: Mac) -> Mac:
        """The last bit flipped."""
        return cast("Mac", strings.altered(self.pool, _term(value)))

    def garble_sigma(self, value: RingSignature) -> RingSignature:
        """Something that is no ring signature."""
        return cast("RingSignature", strings.altered(self.pool, _term(value)))

    def garble_signature(self, value: EddsaSignature) -> EddsaSignature:
        """Something that is no signature."""
        return cast("EddsaSignature", strings.altered(self.pool, _term(value)))

    def garble_dsa(self, value: Signature) -> Signature:
        """Something that is no signature."""
        return cast("Signature", strings.altered(self.pool, _term(value)))

    def garble_response(self, value: Response) -> Response:
        """Something that is no response."""
        return cast("Response", strings.altered(self.pool, _term(value)))

    def outside_point(self) -> Point:
        """2 * T, which is of order 2."""
        return self._point(ZERO, _ORDER_TWO)

    def twisted(self, point: Point) -> Point:
        """The same multiple of G, and twice T."""
        return self._point(_exponent(point), _small_part(point) + _ORDER_TWO)

    def outside_element(self) -> Element:
        """g3 to the power of 0."""
        return self._one

    def under_weak_key(self, profile: ClientProfile) -> ClientProfile:
        """The same fields with I for the key; its signature verifies under that.

        There is no DSA key in it, because the transitional signature could not be made anew.

        Raises:
            Malformed: a field cannot hold what it is given.
        """
        said = strings.ProfileFields(
            profile.owner_tag,
            self._identity,
            profile.forging_key,
            profile.versions,
            profile.expiration,
        )
        weak = cast("EddsaSignature", self.pool.make(Op.WEAK))
        return strings.profile_of(self.pool, strings.body_of(self.pool, said), weak)

    def zero(self) -> Scalar:
        """A term of its own."""
        return self._zero

    def piece(self, fragment: Fragment) -> Octets:
        """What the fragment holds."""
        return fragment.piece

    # Terms as sorts.

    def _wire(self, message: Message) -> Wire:
        wire = self._wires.get(message)
        if wire is None:
            wire = self._wires[message] = cast("Wire", wires.wire_of(self.pool, message))
        return wire

    def _octets(self, usage: Usage, *sources: object) -> Octets:
        return cast("Octets", self.pool.make(Op.KDF, usage, *sources))

    def _key(self, usage: Usage | str, *sources: object) -> Key:
        return cast("Key", self.pool.make(Op.KDF, usage, *sources))

    def _point(self, exponent: Polynomial, part: int = 0) -> Point:
        """G times an exponent, and T so many times."""
        part %= _COFACTOR
        return cast("Point", self.pool.make(Op.POINT, exponent, *((part,) if part else ())))

    def _element(self, exponent: Polynomial) -> Element:
        return cast("Element", self.pool.make(Op.ELEMENT, exponent))


class _Usages(NamedTuple):
    """Under which usages t has the hashes of the profiles and of phi."""

    bob: Usage
    alice: Usage
    phi: Usage


_AUTH_R: Final = _Usages(
    Usage.AUTH_R_BOB_CLIENT_PROFILE, Usage.AUTH_R_ALICE_CLIENT_PROFILE, Usage.AUTH_R_PHI
)
_AUTH_I: Final = _Usages(
    Usage.AUTH_I_BOB_CLIENT_PROFILE, Usage.AUTH_I_ALICE_CLIENT_PROFILE, Usage.AUTH_I_PHI
)
_NON_INTERACTIVE: Final = _Usages(
    Usage.NON_INT_AUTH_BOB_CLIENT_PROFILE,
    Usage.NON_INT_AUTH_ALICE_CLIENT_PROFILE,
    Usage.NON_INT_AUTH_PHI,
)


class _Answer(NamedTuple):
    """What a response answers with: r - exponent * c."""

    r: Scalar
    exponent: Scalar


def _answer(c: Challenge, d: Response) -> _Answer | None:
    """How a response was made, if it was, and for this challenge."""
    match _term(d).op, _term(d).args:
        case Op.RESPONSE, (r, exponent, challenge) if challenge is c:
            return _Answer(cast("Scalar", r), cast("Scalar", exponent))
        case _:
            return None


def _first_of(side: PhiSide) -> tuple[int, int]:
    """The order of the two sides in phi; two that share a tag come in the order of their keys."""
    return side.tag, -1 if side.ecdh is None else _term(side.ecdh).serial


def _term(value: Sort) -> Term:
    return cast("Term", value)


def _exponent(value: Point | Element) -> Polynomial:
    """The exponent of a point or of a DH value."""
    return cast("Polynomial", _term(value).args[0])


def _small_part(value: Point | Element) -> int:
    """How often T is in it."""
    _, *part = _term(value).args
    return cast("int", part[0]) if part else 0
