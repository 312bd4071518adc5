"""TermSuite: the operations of OTRv3 on symbolic terms.

What the sorts are here: each is a `Term`. Element is g to a polynomial, Scalar is an atom of such a
polynomial, Wire holds the message itself; `operators.Op` lists the rest. A cast between a sort and
`Term` happens in this package (`otr_check.otrv3`) and in whoever inspects a run, nowhere else.

What is assumed of cryptography (Dolev and Yao): a ciphertext opens with its key and its counter
only, and under others is strange octets; a hash, a derived key, a MAC, a signature is equal to
another only if everything that it was made from is; nobody learns an exponent from a power. Nothing
more is assumed. In particular the cipher is malleable (`octets.altered`), the algebra of the group
is complete up to division of exponents (`exponents`), and the zero-knowledge proofs are checked by
their own equations, in which c and D are the terms that the prover made.

The same reference code over RealSuite must take the same decisions. One decision cannot be taken
here: which of two hashes is the larger number. `higher` raises `Undecided` until it is told
(`TermSuite.decided`); whoever explores runs the step again, both ways.

Operations are pure. Results are remembered for as long as the suite lives, and are shared by the
suites that `decided` makes from it. No operation is made from another one of `Suite`, so that a
suite in which one is replaced, as deviating senders do, differs in that one only.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, cast

from otr_check.exponents import ONE, ZERO, Polynomial
from otr_check.terms import DEFAULT_POOL, Term, TermPool
from otr_model.otrv3 import layouts
from otr_reference.errors import Malformed
from otr_reference.otrv3.messages import (
    AkeKeys,
    Commitment,
    CoordinatesProof,
    DataKeys,
    DhPair,
    Fragment,
    Header,
    Identity,
    MalformedMessage,
    Proof,
    SigmaKeys,
)
from otr_reference.otrv3.suite import Suite
from otr_reference.otrv3.wire import Oversized

from . import octets as strings
from . import wires
from .operators import Op

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from otr_reference.otrv3.messages import Content, DataFields, Message
    from otr_reference.sorts import (
        Challenge,
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
        Sort,
        Wire,
    )

__all__ = ["Order", "TermSuite", "Undecided"]

Order: TypeAlias = "frozenset[tuple[Octets, Octets]]"
"""Which hash is the higher one of a pair: (higher, lower)."""

_MPI: Final = 196
"""Length of an MPI that is as long as the modulus."""

_LOW_SENDS, _HIGH_SENDS = 2, 1  # sendbyte

_UNREDUCED: Final = "p"
"""Marks an element that is written with the modulus added."""


class Undecided(Exception):
    """Two secrets were compared by size, which terms do not have.

    Choose, and run the step again with `suite.decided(ours, theirs)`, or the other way round. It is
    not an `OtrSpecError`, because nothing that handles errors of a message may catch it.

    Attributes:
        ours: our hashed g^x.
        theirs: the peer's.
    """

    ours: Octets
    theirs: Octets

    def __init__(self, ours: Octets, theirs: Octets) -> None:
        super().__init__(ours, theirs)
        self.ours = ours
        self.theirs = theirs


class TermSuite(Suite):
    """The operations on terms.

    Attributes:
        pool: where all terms are made.
        order: which of two hashes is higher, as far as it is decided, and what follows from that.
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
        self.order: Order = _closed(frozenset(order))
        self.count = count
        self._generator = cast("Element", pool.make(Op.ELEMENT, ONE))
        self._outside = cast("Element", pool.make(Op.ELEMENT, ZERO))
        self._zero = cast("Scalar", pool.make(Op.ZERO))
        self._empty = self.octets(b"")
        self._powers: dict[tuple[Element, Scalar], Element] = {}
        self._products: dict[tuple[Element, Element], Element] = {}
        self._quotients: dict[tuple[Element, Element], Element] = {}
        self._in_range: dict[Element, bool] = {}
        self._pairs: dict[tuple[Seed, int], DhPair] = {}
        self._ake_keys: dict[tuple[Scalar, Element], AkeKeys] = {}
        self._data_keys: dict[tuple[DhPair, Element], DataKeys] = {}
        self._wires: dict[Message, Wire] = {}
        self._sizes: dict[Octets, int] = {}

    def decided(self, higher: Octets, lower: Octets) -> TermSuite:
        """The same suite, in a world in which one hash is higher than another.

        Raises:
            ValueError: if they are equal, or the opposite was decided or follows.
        """
        suite = copy(self)
        suite.order = _closed(self.order | {(higher, lower)})
        return suite

    # Entry and exit: from an application's values to the sorts, and back.

    def seed(self, value: bytes) -> Seed:
        """Take a seed. Its bytes are what it is called."""
        return cast("Seed", self.pool.make(Op.SEED, value))

    def passphrase(self, value: bytes) -> Passphrase:
        """Take what the user typed, in UTF-8."""
        return cast("Passphrase", self.pool.make(Op.TYPED, value))

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

    def signing_key(self, name: str) -> SigningKey:
        """The long-term key of somebody."""
        return cast("SigningKey", self.pool.make(Op.SIGNING_KEY, name))

    def public_key(self, signing: SigningKey) -> PublicKey:
        """The public half of a long-term key."""
        return cast("PublicKey", self.pool.make(Op.PUBLIC_KEY, signing))

    def element(self, value: int) -> Element:
        """Take a number, zero or more, as an element. Nobody knows its logarithm."""
        return cast("Element", strings.element(self.pool, value))

    def fingerprint(self, public: PublicKey) -> Octets:
        """What people know a public key by."""
        return self._octets(Op.HASH, public)

    def to_bytes(self, value: Octets | Wire | PublicKey | Mac | Signature | Key) -> bytes:
        """Give octets out: those that are known as they are, others as they are written."""
        match _term(value).args:
            case (bytes() as known,):
                return known
            case _:
                return str(value).encode()

    # Randomness.

    def fresh_key(self, seed: Seed, draw: int) -> Key:
        """A nonce."""
        return cast("Key", self.pool.make(Op.NONCE, "r", seed, draw))

    def fresh_pair(self, seed: Seed, draw: int) -> DhPair:
        """A nonce, and g to its power."""
        pair = self._pairs.get((seed, draw))
        if pair is None:
            secret = cast("Scalar", self.pool.make(Op.NONCE, "x", seed, draw))
            pair = DhPair(secret, self._public(secret))
            self._pairs[seed, draw] = pair
        return pair

    def fresh_exponent(self, seed: Seed, draw: int) -> Scalar:
        """A nonce."""
        return self._nonce(seed, draw)

    # Texts.

    def literal(self, text: str) -> Octets:
        """The same octets as those of a text that somebody typed."""
        return self.octets(text.encode())

    def empty(self, text: Octets) -> bool:
        """There is one empty text."""
        return text is self._empty

    def writable(self, text: Octets) -> bool:
        """Its bytes are known, since a user typed them."""
        return b"\0" not in self.to_bytes(text)

    # Comparing.

    def same(self, left: Public, right: Public) -> bool:
        """Identity: terms are in normal form, and a pool makes each once."""
        return left is right

    # Section "D-H Commit Message".

    def in_range(self, element: Element) -> bool:
        """It is not 1, and nothing in it came from a number that is out of range."""
        known = self._in_range.get(element)
        if known is None:
            exponent = _exponent(element)
            known = (
                bool(exponent)
                and element is self._reduced(element)
                and all(atom.op is not Op.INVALID for atom in exponent.atoms)
            )
            self._in_range[element] = known
        return known

    def commit(self, r: Key, gx: Element) -> Commitment:
        """A ciphertext and a hash."""
        return Commitment(self._octets(Op.ENC, r, 0, gx), self._octets(Op.HASH, gx))

    def reveal(self, key: Key) -> Octets:
        """The key itself."""
        return cast("Octets", key)

    def opens(self, revealed: Octets, commitment: Commitment) -> bool:
        """It was encrypted with this key, and its length was not touched."""
        return _is_element(self._committed(revealed, commitment))

    def matches(self, revealed: Octets, commitment: Commitment) -> bool:
        """It was encrypted with this key, and hashes to what it should."""
        committed = self._committed(revealed, commitment)
        return committed is not None and self._octets(Op.HASH, committed) is commitment.hashed

    def opened(self, revealed: Octets, commitment: Commitment) -> Element:
        """Decrypt.

        Raises:
            Malformed: if `opens` does not hold.
        """
        committed = self._committed(revealed, commitment)
        if not _is_element(committed):
            raise Malformed(field="Encrypted gx", reason="is not one MPI")
        return cast("Element", committed)

    def _committed(self, revealed: Octets, commitment: Commitment) -> object:
        """What a commitment holds; None under another key."""
        return strings.plaintext(self.pool, _term(revealed), 0, _term(commitment.encrypted))

    def higher(self, ours: Octets, theirs: Octets) -> bool:
        """Look up what was decided.

        Raises:
            Undecided: if nothing was, and the two are not equal.
        """
        if ours is theirs or (theirs, ours) in self.order:
            return False
        if (ours, theirs) in self.order:
            return True
        raise Undecided(ours, theirs)

    # Section "Reveal Signature Message" and "Signature Message".

    def ake_keys(self, secret: Scalar, theirs: Element) -> AkeKeys:
        """Each value is derived from s by its name."""
        keys = self._ake_keys.get((secret, theirs))
        if keys is None:
            s = self._power(theirs, secret)
            keys = AkeKeys(
                ssid=self._octets(Op.KDF, "ssid", s),
                reveal=SigmaKeys(*(self._key(name, s) for name in ("c", "m1", "m2"))),
                signature=SigmaKeys(*(self._key(name, s) for name in ("c'", "m1'", "m2'"))),
            )
            self._ake_keys[secret, theirs] = keys
        return keys

    def signed_value(
        self, m1: Key, first: Element, second: Element, public: PublicKey, keyid: int
    ) -> Octets:
        """A MAC of all of it."""
        return self._octets(Op.MAC, m1, first, second, public, keyid)

    def sign(self, signing: SigningKey, value: Octets, seed: Seed, draw: int) -> Signature:
        """A signature, which differs from draw to draw."""
        return cast("Signature", self.pool.make(Op.SIGNATURE, signing, value, seed, draw))

    def verify(self, public: PublicKey, value: Octets, signature: Signature) -> bool:
        """It is a signature, on this, with the private half of this key."""
        match _term(signature).op, _term(signature).args:
            case Op.SIGNATURE, (signing, signed, _, _):
                return signed is value and self.public_key(cast("SigningKey", signing)) is public
            case _:
                return False

    def seal_identity(self, c: Key, identity: Identity) -> Octets:
        """A ciphertext."""
        return self._octets(Op.ENC, c, 0, identity)

    def open_identity(self, c: Key, sealed: Octets) -> Identity | None:
        """Decrypt."""
        plain = strings.plaintext(self.pool, _term(c), 0, _term(sealed))
        return plain if isinstance(plain, Identity) else None

    def identity_mac(self, m2: Key, sealed: Octets) -> Mac:
        """A MAC."""
        return cast("Mac", self.pool.make(Op.MAC, m2, sealed))

    # Section "Data Message".

    def data_keys(self, ours: DhPair, theirs: Element) -> DataKeys:
        """Each key is derived from s; those of one direction, by which end sends.

        The specification tells the ends apart by which public key is the larger number. Here the
        keys of a direction carry the public key of the end that sends, so that nothing needs to be
        decided: both ends name them alike, and s tells every other pair of keys apart. Where the
        comparison can be made, it is: 1 is less than any other element, and of two equal keys
        neither is high, so that an end that talks to itself does not understand itself.
        """
        keys = self._data_keys.get((ours, theirs))
        if keys is None:
            s = self._power(theirs, ours.secret)
            ends: tuple[object, object] = (ours.public, theirs)
            if ours.public is theirs or ours.public is self._outside:
                ends = (_LOW_SENDS, _HIGH_SENDS)
            elif theirs is self._outside:
                ends = (_HIGH_SENDS, _LOW_SENDS)
            sending, receiving = (self._key("ek", s, end) for end in ends)
            keys = DataKeys(
                sending=sending,
                sending_mac=self._key("mk", sending),
                receiving=receiving,
                receiving_mac=self._key("mk", receiving),
                extra=self._key("extra", s),
            )
            self._data_keys[ours, theirs] = keys
        return keys

    def seal(self, key: Key, counter: int, content: Content) -> Octets:
        """A ciphertext."""
        sealed = strings.sealed_content(self.pool, _term(key), counter, content)
        return cast("Octets", sealed)

    def open(self, key: Key, counter: int, sealed: Octets) -> Content:
        """Decrypt."""
        return strings.open_content(self.pool, _term(key), counter, _term(sealed))

    def data_body(self, fields: DataFields) -> Octets:
        """The encoding, which is the fields."""
        return cast("Octets", wires.body(self.pool, fields))

    def data_mac(self, key: Key, body: Octets) -> Mac:
        """A MAC."""
        return cast("Mac", self.pool.make(Op.MAC, key, body))

    def old_mac_keys(self, keys: tuple[Key, ...]) -> Octets:
        """The keys themselves, one after the other."""
        return cast("Octets", strings.concatenated(self.pool, tuple(map(_term, keys))))

    # Section "Socialist Millionaires' Protocol (SMP)".

    def smp_secret(
        self, initiator: PublicKey, responder: PublicKey, ssid: Octets, typed: Passphrase
    ) -> Scalar:
        """A hash."""
        fingerprints = (self.fingerprint(initiator), self.fingerprint(responder))
        return cast("Scalar", self.pool.make(Op.KDF, "smp", *fingerprints, ssid, typed))

    def generator(self) -> Element:
        """g^1."""
        return self._generator

    def power(self, base: Element, exponent: Scalar) -> Element:
        """The exponents' product."""
        return self._power(base, exponent)

    def times(self, left: Element, right: Element) -> Element:
        """The exponents' sum."""
        return self._times(left, right)

    def over(self, left: Element, right: Element) -> Element:
        """The exponents' difference."""
        result = self._quotients.get((left, right))
        if result is None:
            result = self._element(_exponent(left) - _exponent(right))
            self._quotients[left, right] = result
        return result

    def prove_exponent(self, step: int, exponent: Scalar, seed: Seed, draw: int) -> Proof:
        """The hash of g1^r, and r - exponent * c."""
        r = self._nonce(seed, draw)
        c = self._challenge(step, self._public(r))
        return Proof(c, self._response(r, exponent, c))

    def exponent_proved(self, step: int, power: Element, proof: Proof) -> bool:
        """Where D is r - e*c, g1^D * power^c is g1^r if and only if power is g1^e."""
        answer = _answer(proof.c, proof.d)
        if answer is None or self._reduced(power) is not self._public(answer.exponent):
            return False
        return proof.c is self._challenge(step, self._public(answer.r))

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
        """The hash of g3^r5 and g1^r5 * g2^r6, r5 - exponent * c, r6 - secret * c."""
        r5, r6 = self._nonce(seed, draw), self._nonce(seed, draw + 1)
        c = self._challenge(step, *self._coordinates(g2, g3, r5, r6))
        return CoordinatesProof(c, self._response(r5, exponent, c), self._response(r6, secret, c))

    def coordinates_proved(  # noqa: PLR0913, PLR0917 - the values that the proof is about
        self,
        step: int,
        g2: Element,
        g3: Element,
        p: Element,
        q: Element,
        proof: CoordinatesProof,
    ) -> bool:
        """The same as for one exponent, twice."""
        first, second = _answer(proof.c, proof.d5), _answer(proof.c, proof.d6)
        if first is None or second is None:
            return False
        claimed = self._reduced(p), self._reduced(q)
        if claimed != self._coordinates(g2, g3, first.exponent, second.exponent):
            return False
        return proof.c is self._challenge(step, *self._coordinates(g2, g3, first.r, second.r))

    def prove_equal_exponents(
        self, step: int, base: Element, exponent: Scalar, seed: Seed, draw: int
    ) -> Proof:
        """The hash of g1^r and base^r, and r - exponent * c."""
        r = self._nonce(seed, draw)
        c = self._challenge(step, self._public(r), self._power(base, r))
        return Proof(c, self._response(r, exponent, c))

    def equal_exponents_proved(
        self, step: int, base: Element, power: Element, r: Element, proof: Proof
    ) -> bool:
        """The same as for one exponent, with two bases."""
        answer = _answer(proof.c, proof.d)
        if answer is None or self._reduced(power) is not self._public(answer.exponent):
            return False
        if self._reduced(r) is not self._power(base, answer.exponent):
            return False
        first, second = self._public(answer.r), self._power(base, answer.r)
        return proof.c is self._challenge(step, first, second)

    def _nonce(self, seed: Seed, draw: int) -> Scalar:
        return cast("Scalar", self.pool.make(Op.NONCE, "e", seed, draw))

    def _power(self, base: Element, exponent: Scalar) -> Element:
        result = self._powers.get((base, exponent))
        if result is None:
            factor = ZERO if exponent is self._zero else Polynomial.atom(_term(exponent))
            result = self._element(_exponent(base) * factor)
            self._powers[base, exponent] = result
        return result

    def _times(self, left: Element, right: Element) -> Element:
        result = self._products.get((left, right))
        if result is None:
            result = self._element(_exponent(left) + _exponent(right))
            self._products[left, right] = result
        return result

    def _reduced(self, element: Element) -> Element:
        """The same element modulo p, in range."""
        return self._element(_exponent(element))

    def _public(self, exponent: Scalar) -> Element:
        return self._power(self._generator, exponent)

    def _coordinates(
        self, g2: Element, g3: Element, exponent: Scalar, secret: Scalar
    ) -> tuple[Element, Element]:
        """P and Q: g3^exponent and g1^exponent * g2^secret."""
        p = self._power(g3, exponent)
        return p, self._times(self._public(exponent), self._power(g2, secret))

    def _challenge(self, step: int, *elements: Element) -> Challenge:
        return cast("Challenge", self.pool.make(Op.CHALLENGE, step, *elements))

    def _response(self, r: Scalar, exponent: Scalar, c: Challenge) -> Response:
        return cast("Response", self.pool.make(Op.RESPONSE, r, exponent, c))

    # Section "Encoded messages", "Unencoded messages" and "Fragmentation".

    def encode(self, message: Message) -> Wire:
        """A term that holds the message.

        Raises:
            Malformed: as `wires.wire_of`.
        """
        return self._wire(message)

    def decode(self, wire: Wire) -> Message:
        """What the term holds."""
        return wires.message_of(_term(wire))

    def split(
        self, wire: Wire, sender: int, receiver: int, version: int, size: int
    ) -> tuple[Wire, ...]:
        """Pieces of the term, in fragments.

        Raises:
            Oversized: as the suite says; a comma inside a message is not looked for.
        """
        if not size:
            return (wire,)
        length, room = wires.length(_term(wire)), wires.capacity(version, size)
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
        cuts = (room * k if number == least else length * k // number for k in range(1, number))
        pieces = wires.pieces(self.pool, _term(wire), tuple(cuts))
        header = Header(version, sender, receiver)
        return tuple(
            self._wire(Fragment(header, k, len(pieces), cast("Octets", piece)))
            for k, piece in enumerate(pieces, 1)
        )

    def join(self, stored: Octets | None, fragment: Fragment) -> Octets:
        """One piece after the others."""
        parts = (fragment.piece,) if stored is None else (stored, fragment.piece)
        return cast("Octets", strings.concatenated(self.pool, tuple(map(_term, parts))))

    def joined(self, stored: Octets) -> Wire:
        """The message that the pieces are of."""
        return cast("Wire", wires.whole(self.pool, _term(stored)))

    def size(self, stored: Octets) -> int:
        """The length that the bytes would have."""
        size = self._sizes.get(stored)
        if size is None:
            size = self._sizes[stored] = strings.width(_term(stored))
        return size

    # For deviating senders.

    def garble(self, value: Octets) -> Octets:
        """The last bit flipped; of no bytes one is made."""
        return cast("Octets", strings.altered(self.pool, _term(value)))

    def garble_mac(self, value: Mac) -> Mac:
        """The last bit flipped."""
        return cast("Mac", strings.altered(self.pool, _term(value)))

    def outside(self) -> Element:
        """g^0."""
        return self._outside

    def unreduced(self, element: Element) -> Element:
        """G to the same power, and the modulus added."""
        return cast("Element", self.pool.make(Op.ELEMENT, _exponent(element), _UNREDUCED))

    def garble_response(self, value: Response) -> Response:
        """Something that is no response."""
        return cast("Response", strings.altered(self.pool, _term(value)))

    def zero(self) -> Scalar:
        """A term of its own."""
        return self._zero

    def false_commitment(self, r: Key) -> Commitment:
        """To as many bytes as an MPI of this group has."""
        false = strings.text(self.pool, bytes(_MPI))
        return Commitment(self._octets(Op.ENC, r, 0, false), self._octets(Op.HASH, false))

    def false_identity(self, c: Key) -> Octets:
        """The fewest bytes that an identity can have."""
        false = strings.text(self.pool, b"\xff" * layouts.IDENTITY.least())
        return self._octets(Op.ENC, c, 0, false)

    # Terms as sorts.

    def _wire(self, message: Message) -> Wire:
        wire = self._wires.get(message)
        if wire is None:
            wire = self._wires[message] = cast("Wire", wires.wire_of(self.pool, message))
        return wire

    def _octets(self, op: Op, *args: object) -> Octets:
        return cast("Octets", self.pool.make(op, *args))

    def _key(self, name: str, *sources: object) -> Key:
        return cast("Key", self.pool.make(Op.KDF, name, *sources))

    def _element(self, exponent: Polynomial) -> Element:
        return cast("Element", self.pool.make(Op.ELEMENT, exponent))


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


def _is_element(value: object) -> bool:
    return isinstance(value, Term) and value.op is Op.ELEMENT


def _term(value: Sort) -> Term:
    return cast("Term", value)


def _exponent(element: Element) -> Polynomial:
    """The exponent of an element."""
    return cast("Polynomial", _term(element).args[0])


def _closed(order: Order) -> Order:
    """An order with all that follows from it.

    Raises:
        ValueError: if it has a circle.
    """
    closed = set(order)
    while more := {(a, d) for a, b in closed for c, d in closed if b is c} - closed:
        closed |= more
    if any(higher is lower for higher, lower in closed):
        msg = "a hash is higher than itself"
        raise ValueError(msg)
    return frozenset(closed)
