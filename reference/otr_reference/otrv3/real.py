"""RealSuite: the operations of OTRv3 on bytes and integers.

What the sorts are here:

| sort | value |
|---|---|
| Element, Scalar, Challenge, Response | a number (`otr_reference.arith.Number`) |
| SigningKey | a `DsaPrivate` |
| every other | bytes |

A cast between a sort and its value happens in this module and in `wire`, and nowhere else.

Secrets. An exponent that is secret goes through `arith.power_secret`, and is drawn with its top bit
set, so that its size says nothing. What is secret and what a secret could be guessed from are
compared in constant time. The products modulo q in the responses of the zero-knowledge proofs are
not constant in time. The suite keeps nothing from one call to the next: deriving the keys of a data
message costs one exponentiation each time, and who wants to save it keeps the record, and forgets
it in time.

Hostile values. Whatever `decode`, `open` and `open_identity` let through, every operation answers:
an element may be 0, or larger than the modulus, a challenge or a response of any size, a revealed
key of any length. Exponents from the network are reduced before use, so that a long one costs no
more than a short one.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256, shake_256
from typing import TYPE_CHECKING, Final, cast

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from otr_model.otrv3 import layouts, schedules
from otr_reference import constant_time
from otr_reference.arith import NoInverse, Number, invert, power, power_secret
from otr_reference.codec import Codec, count_octets
from otr_reference.errors import Malformed
from otr_reference.keys import dsa

from . import wire as codec
from .messages import (
    AkeKeys,
    Commitment,
    CoordinatesProof,
    DataKeys,
    DhPair,
    Proof,
    SigmaKeys,
)
from .schedule import compute
from .suite import Suite

if TYPE_CHECKING:
    from otr_model.kernel.schedule import Value
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

    from .messages import Content, DataFields, Fragment, Identity, Message

__all__ = ["RealSuite"]

_P: Final = Number(schedules.GROUP.modulus)
_Q: Final = Number(schedules.GROUP.order)
_G: Final = Number(schedules.GROUP.generator)
_PERIOD: Final = _P - 1  # of the powers of any number that p does not divide

_SIGNED: Final = Codec(layouts.SIGNED)
_SMP_HASH: Final = Codec(layouts.SMP_HASH)
_COMMIT_KEY_OCTETS: Final = schedules.COMMIT_KEY_BITS // 8
_MAC_OCTETS: Final = layouts.Type.MAC.spec.size

_AKE_COUNTER: Final = 0  # "initial counter value 0" of the AKE's messages
_DRAW_LABEL: Final = b"otrspec OTRv3 draw 1"
_NONCE_OCTETS: Final = 32


@dataclass(frozen=True, slots=True)
class _Pieces:
    """F: the last piece that was stored, those before it, and how many bytes they all have."""

    before: _Pieces | None
    piece: bytes
    size: int


class RealSuite(Suite):
    """The operations with the cryptography that the specification names.

    It interoperates with other implementations. It has no state: one instance serves any number of
    endpoints.
    """

    # Entry and exit: from an application's values to the sorts, and back.

    @staticmethod
    def seed(value: bytes) -> Seed:
        """Take a seed: 32 random bytes or more, which must never serve a second endpoint."""
        return cast("Seed", value)

    @staticmethod
    def passphrase(value: bytes) -> Passphrase:
        """Take what the user typed, in UTF-8."""
        return cast("Passphrase", value)

    @staticmethod
    def octets(value: bytes) -> Octets:
        """Take a text, or the data of a TLV."""
        return cast("Octets", value)

    @staticmethod
    def wire(value: bytes) -> Wire:
        """Take what the network carried."""
        return cast("Wire", value)

    @staticmethod
    def signing_key(value: dsa.DsaPrivate) -> SigningKey:
        """Take a long-term key, one that passes its own `check`."""
        return cast("SigningKey", value)

    @staticmethod
    def public_key(signing: SigningKey) -> PublicKey:
        """The public half of a long-term key, as PUBKEY."""
        return cast("PublicKey", dsa.encode_public(_signing(signing).public))

    @staticmethod
    def element(value: int) -> Element:
        """Take a number, zero or more, as an element."""
        return cast("Element", Number(value))

    @staticmethod
    def scalar(value: int) -> Scalar:
        """Take a number, one or more, as a secret exponent: for published vectors."""
        return cast("Scalar", Number(value))

    @staticmethod
    def to_bytes(
        value: Octets | Wire | PublicKey | Mac | Signature | Key | Passphrase,
    ) -> bytes:
        """Give a value out in bytes. Of the keys only the extra symmetric key is meant for that."""
        return _bytes(value)

    @staticmethod
    def to_int(value: Element | Scalar | Challenge | Response) -> int:
        """Give a number out as an `int`. Exponents are not meant for that, except in tests."""
        return int(_number(value))

    @staticmethod
    def fingerprint(public: PublicKey) -> bytes:
        """The 20 bytes by which people know a public key.

        Raises:
            Malformed: if it is not a PUBKEY; those of `public_key` and `open_identity` are.
        """
        return dsa.fingerprint(dsa.decode_public(_bytes(public)))

    # Randomness.

    def fresh_key(self, seed: Seed, draw: int) -> Key:
        """16 bytes of the draw."""
        return cast("Key", _draw(seed, draw, _COMMIT_KEY_OCTETS))

    def fresh_pair(self, seed: Seed, draw: int) -> DhPair:
        """An exponent of exactly 320 bits, 319 of them random."""
        secret = _exponent(seed, draw, schedules.DH_EXPONENT_BITS)
        return DhPair(
            secret=cast("Scalar", secret), public=cast("Element", power_secret(_G, secret, _P))
        )

    def fresh_exponent(self, seed: Seed, draw: int) -> Scalar:
        """An exponent of exactly 1536 bits, 1535 of them random."""
        return cast("Scalar", _exponent(seed, draw, schedules.SMP_EXPONENT_BITS))

    # Texts.

    def literal(self, text: str) -> Octets:
        """UTF-8."""
        return cast("Octets", text.encode())

    def empty(self, text: Octets) -> bool:
        """No bytes."""
        return not _bytes(text)

    def writable(self, text: Octets) -> bool:
        """No NUL: it would end the text."""
        return b"\0" not in _bytes(text)

    # Comparing.

    def same(self, left: Public, right: Public) -> bool:
        """Compare as bytes, in a time that depends on the lengths only."""
        return constant_time.same(_comparable(left), _comparable(right))

    # Section "D-H Commit Message".

    def in_range(self, element: Element) -> bool:
        """Compare two numbers."""
        return 2 <= _number(element) <= _P - 2  # noqa: PLR2004 - the specification's bounds

    def commit(self, r: Key, gx: Element) -> Commitment:
        """AES-CTR from counter 0, and SHA-256, of g^x as an MPI."""
        return _committed(r, codec.mpi(_number(gx)))

    def reveal(self, key: Key) -> Octets:
        """The key's bytes."""
        return cast("Octets", _bytes(key))

    def opens(self, revealed: Octets, commitment: Commitment) -> bool:
        """Decrypt, and take apart. A revealed key that is not 16 bytes long opens nothing."""
        return _opened(_bytes(revealed), commitment) is not None

    def matches(self, revealed: Octets, commitment: Commitment) -> bool:
        """Decrypt, and hash. A revealed key that is not 16 bytes long matches nothing."""
        gxmpi = _decrypted(_bytes(revealed), commitment)
        hashed = _bytes(commitment.hashed)
        return gxmpi is not None and constant_time.same(sha256(gxmpi).digest(), hashed)

    def opened(self, revealed: Octets, commitment: Commitment) -> Element:
        """Decrypt, and take apart.

        Raises:
            Malformed: if `opens` does not hold.
        """
        gx = _opened(_bytes(revealed), commitment)
        if gx is None:
            raise Malformed(field="Encrypted g^x", reason="is not one MPI")
        return cast("Element", gx)

    def higher(self, ours: Octets, theirs: Octets) -> bool:
        """Compare two big-endian numbers."""
        return int.from_bytes(_bytes(ours), "big") > int.from_bytes(_bytes(theirs), "big")

    # Section "Reveal Signature Message" and "Signature Message".

    def ake_keys(self, secret: Scalar, theirs: Element) -> AkeKeys:
        """Follow the schedule."""
        numbers = {
            schedules.OUR_SECRET: _number(secret),
            schedules.THEIR_DH: _number(theirs),
        }
        made = cast("dict[Value, Key]", compute(schedules.AKE_KEYS, numbers, {}).octets)
        return AkeKeys(
            ssid=cast("Octets", made[schedules.SSID]),
            reveal=SigmaKeys(c=made[schedules.C], m1=made[schedules.M1], m2=made[schedules.M2]),
            signature=SigmaKeys(
                c=made[schedules.C_PRIME], m1=made[schedules.M1_PRIME], m2=made[schedules.M2_PRIME]
            ),
        )

    def signed_value(
        self, m1: Key, first: Element, second: Element, public: PublicKey, keyid: int
    ) -> Octets:
        """HMAC-SHA256 of what `layouts.SIGNED` lays out."""
        signed = _SIGNED.write(
            {
                "first": _number(first),
                "second": _number(second),
                "public": _bytes(public),
                "keyid": keyid,
            }
        )
        return cast("Octets", hmac.digest(_bytes(m1), signed, "sha256"))

    def sign(self, signing: SigningKey, value: Octets, seed: Seed, draw: int) -> Signature:
        """DSA, with M as an integer modulo q; the draw goes into the nonce."""
        nonce_seed = _draw(seed, draw, _NONCE_OCTETS)
        return cast("Signature", dsa.sign(_signing(signing), _bytes(value), nonce_seed))

    def verify(self, public: PublicKey, value: Octets, signature: Signature) -> bool:
        """DSA. False for what is not a PUBKEY, or not a SIG."""
        try:
            parsed = dsa.decode_public(_bytes(public))
        except Malformed:
            return False
        return dsa.verify(parsed, _bytes(value), _bytes(signature))

    def seal_identity(self, c: Key, identity: Identity) -> Octets:
        """AES-CTR from counter 0."""
        return _sealed(c, _AKE_COUNTER, codec.encode_identity(identity))

    def open_identity(self, c: Key, sealed: Octets) -> Identity | None:
        """AES-CTR from counter 0."""
        return codec.decode_identity(_aes_ctr(_bytes(c), _AKE_COUNTER, _bytes(sealed)))

    def identity_mac(self, m2: Key, sealed: Octets) -> Mac:
        """The first 160 bits of HMAC-SHA256 of a DATA."""
        whole = hmac.digest(_bytes(m2), codec.data(_bytes(sealed)), "sha256")
        return cast("Mac", whole[:_MAC_OCTETS])

    # Section "Data Message".

    def data_keys(self, ours: DhPair, theirs: Element) -> DataKeys:
        """Follow the schedule. The extra symmetric key has a meaning in version 3 only."""
        numbers = {
            schedules.OUR_SECRET: _number(ours.secret),
            schedules.OUR_DH: _number(ours.public),
            schedules.THEIR_DH: _number(theirs),
        }
        made = cast("dict[Value, Key]", compute(schedules.DATA_KEYS, numbers, {}).octets)
        return DataKeys(
            sending=made[schedules.SENDING_AES_KEY],
            sending_mac=made[schedules.SENDING_MAC_KEY],
            receiving=made[schedules.RECEIVING_AES_KEY],
            receiving_mac=made[schedules.RECEIVING_MAC_KEY],
            extra=made[schedules.EXTRA_KEY],
        )

    def seal(self, key: Key, counter: int, content: Content) -> Octets:
        """AES-CTR from the counter with 8 bytes of zero after it."""
        return _sealed(key, counter, codec.encode_content(content))

    def open(self, key: Key, counter: int, sealed: Octets) -> Content:
        """AES-CTR from the counter with 8 bytes of zero after it."""
        return codec.decode_content(_aes_ctr(_bytes(key), counter, _bytes(sealed)))

    def data_body(self, fields: DataFields) -> Octets:
        """From the protocol version to the end of the encrypted message."""
        return cast("Octets", codec.data_body(fields))

    def data_mac(self, key: Key, body: Octets) -> Mac:
        """HMAC-SHA1."""
        return cast("Mac", hmac.digest(_bytes(key), _bytes(body), "sha1"))

    def old_mac_keys(self, keys: tuple[Key, ...]) -> Octets:
        """20 bytes each."""
        return cast("Octets", b"".join(_bytes(key) for key in keys))

    # Section "Socialist Millionaires' Protocol (SMP)".

    def smp_secret(
        self, initiator: PublicKey, responder: PublicKey, ssid: Octets, typed: Passphrase
    ) -> Scalar:
        """Follow the schedule.

        Raises:
            Malformed: as `fingerprint`.
        """
        octets = {
            schedules.INITIATOR: self.fingerprint(initiator),
            schedules.RESPONDER: self.fingerprint(responder),
            schedules.SESSION_ID: _bytes(ssid),
            schedules.USER_SECRET: _bytes(typed),
        }
        made = compute(schedules.SMP_SECRET, {}, octets).numbers
        return cast("Scalar", made[schedules.COMPARED])

    def generator(self) -> Element:
        """2."""
        return cast("Element", _G)

    def power(self, base: Element, exponent: Scalar) -> Element:
        """In constant time, as far as the exponent goes."""
        return cast("Element", power_secret(_number(base), _number(exponent), _P))

    def times(self, left: Element, right: Element) -> Element:
        """Modulo p."""
        return cast("Element", _number(left) * _number(right) % _P)

    def over(self, left: Element, right: Element) -> Element:
        """Modulo p. 0, where the right one is a multiple of p, which nothing divides by."""
        try:
            inverse = invert(_number(right), _P)
        except NoInverse:
            inverse = Number(0)
        return cast("Element", _number(left) * inverse % _P)

    def prove_exponent(self, step: int, exponent: Scalar, seed: Seed, draw: int) -> Proof:
        """Draw r; c = HASH(step, g1^r), D = r - exponent * c mod q."""
        r = _smp_exponent(seed, draw)
        c = _smp_hash(step, power_secret(_G, r, _P))
        return Proof(c=_challenge(c), d=_response(r, exponent, c))

    def exponent_proved(self, step: int, power: Element, proof: Proof) -> bool:
        """Compute the hash."""
        c, d = _number(proof.c), _number(proof.d)
        return _smp_hash(step, _public_power(_G, d) * _public_power(_number(power), c) % _P) == c

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
        """Draw r5, then r6; c = HASH(step, g3^r5, g1^r5 * g2^r6).

        D5 = r5 - exponent * c mod q, D6 = r6 - secret * c mod q.
        """
        r5, r6 = _smp_exponent(seed, draw), _smp_exponent(seed, draw + 1)
        p = power_secret(_number(g3), r5, _P)
        q = power_secret(_G, r5, _P) * power_secret(_number(g2), r6, _P) % _P
        c = _smp_hash(step, p, q)
        return CoordinatesProof(
            c=_challenge(c), d5=_response(r5, exponent, c), d6=_response(r6, secret, c)
        )

    def coordinates_proved(  # noqa: PLR0913, PLR0917 - the values that the proof is about
        self,
        step: int,
        g2: Element,
        g3: Element,
        p: Element,
        q: Element,
        proof: CoordinatesProof,
    ) -> bool:
        """Compute the hash."""
        c, d5, d6 = _number(proof.c), _number(proof.d5), _number(proof.d6)
        first = _public_power(_number(g3), d5) * _public_power(_number(p), c) % _P
        second = (
            _public_power(_G, d5)
            * _public_power(_number(g2), d6)
            * _public_power(_number(q), c)
            % _P
        )
        return _smp_hash(step, first, second) == c

    def prove_equal_exponents(
        self, step: int, base: Element, exponent: Scalar, seed: Seed, draw: int
    ) -> Proof:
        """Draw r; c = HASH(step, g1^r, base^r), D = r - exponent * c mod q."""
        r = _smp_exponent(seed, draw)
        c = _smp_hash(step, power_secret(_G, r, _P), power_secret(_number(base), r, _P))
        return Proof(c=_challenge(c), d=_response(r, exponent, c))

    def equal_exponents_proved(
        self, step: int, base: Element, power: Element, r: Element, proof: Proof
    ) -> bool:
        """Compute the hash."""
        c, d = _number(proof.c), _number(proof.d)
        first = _public_power(_G, d) * _public_power(_number(power), c) % _P
        second = _public_power(_number(base), d) * _public_power(_number(r), c) % _P
        return _smp_hash(step, first, second) == c

    # Section "Encoded messages", "Unencoded messages" and "Fragmentation".

    def encode(self, message: Message) -> Wire:
        """See `wire.encode`."""
        return cast("Wire", codec.encode(message))

    def decode(self, wire: Wire) -> Message:
        """See `wire.decode`."""
        return codec.decode(_bytes(wire))

    def split(
        self, wire: Wire, sender: int, receiver: int, version: int, size: int
    ) -> tuple[Wire, ...]:
        """See `wire.split`.

        Raises:
            Oversized: as `wire.split`.
            Malformed: as `wire.split`.
        """
        return cast("tuple[Wire, ...]", codec.split(_bytes(wire), sender, receiver, version, size))

    def join(self, stored: Octets | None, fragment: Fragment) -> Octets:
        """Keep the piece behind the others; they are put together once, in `joined`."""
        piece = _bytes(fragment.piece)
        before = cast("_Pieces | None", stored)
        size = len(piece) + (0 if before is None else before.size)
        return cast("Octets", _Pieces(before, piece, size))

    def joined(self, stored: Octets) -> Wire:
        """The pieces, put together."""
        pieces: list[bytes] = []
        last = cast("_Pieces | None", stored)
        while last is not None:
            pieces.append(last.piece)
            last = last.before
        return cast("Wire", b"".join(reversed(pieces)))

    def size(self, stored: Octets) -> int:
        """Count the bytes."""
        return stored.size if isinstance(stored, _Pieces) else len(_bytes(stored))

    # For deviating senders.

    def garble(self, value: Octets) -> Octets:
        """The last bit flipped; of no bytes one is made."""
        return cast("Octets", _garbled(_bytes(value)))

    def garble_mac(self, value: Mac) -> Mac:
        """The last bit flipped."""
        return cast("Mac", _garbled(_bytes(value)))

    def outside(self) -> Element:
        """1."""
        return cast("Element", Number(1))

    def unreduced(self, element: Element) -> Element:
        """The modulus added."""
        return cast("Element", _number(element) + _P)

    def garble_response(self, value: Response) -> Response:
        """One more, modulo q."""
        return cast("Response", (_number(value) + 1) % _Q)

    def zero(self) -> Scalar:
        """As p - 1, which makes every power 1 and vanishes modulo q: `power_secret` takes no 0."""
        return cast("Scalar", _PERIOD)

    def false_commitment(self, r: Key) -> Commitment:
        """To zeros, as many as an MPI of this group has bytes: an empty MPI, and more behind it."""
        return _committed(r, bytes(len(codec.mpi(_P))))

    def false_identity(self, c: Key) -> Octets:
        """The fewest bytes that an identity can have; its type of key is not known."""
        return _sealed(c, _AKE_COUNTER, b"\xff" * layouts.IDENTITY.least())


# Sorts and their values.


def _number(value: Element | Scalar | Challenge | Response) -> int:
    """The number behind a sort."""
    return cast("int", value)


def _bytes(value: Sort) -> bytes:
    """The bytes behind a sort."""
    return cast("bytes", value)


def _signing(value: SigningKey) -> dsa.DsaPrivate:
    """The private key behind the sort."""
    return cast("dsa.DsaPrivate", value)


def _comparable(value: Public) -> bytes:
    """The bytes of any public value; those of a number are as many as the modulus has, or more."""
    inside = cast("bytes | int", value)
    if isinstance(inside, bytes):
        return inside
    return inside.to_bytes(max(schedules.GROUP.size, count_octets(inside)), "big")


# Randomness.


def _draw(seed: Seed, draw: int, octets: int) -> bytes:
    """What a seed gives at one draw. Draws of different numbers or sizes have nothing in common."""
    secret = _bytes(seed)
    numbers = (number.to_bytes(8, "big") for number in (draw, octets, len(secret)))
    return shake_256(b"".join((_DRAW_LABEL, *numbers, secret))).digest(octets)


def _exponent(seed: Seed, draw: int, bits: int) -> int:
    """A random number of exactly so many bits: the highest is set."""
    drawn = Number.from_bytes(_draw(seed, draw, bits // 8), "big")
    return drawn | Number(1) << (bits - 1)


def _smp_exponent(seed: Seed, draw: int) -> int:
    """A random exponent of a zero-knowledge proof."""
    return _exponent(seed, draw, schedules.SMP_EXPONENT_BITS)


# The cipher.


def _aes_ctr(key: bytes, counter: int, data: bytes) -> bytes:
    """AES-128 in counter mode, either way; `counter` is the top half of the initial counter."""
    cipher = Cipher(AES(key), CTR(counter.to_bytes(8, "big") + bytes(8))).encryptor()
    return cipher.update(data) + cipher.finalize()


def _sealed(key: Key, counter: int, data: bytes) -> Octets:
    """The same on sorts."""
    return cast("Octets", _aes_ctr(_bytes(key), counter, data))


def _committed(r: Key, value: bytes) -> Commitment:
    """A commitment to bytes."""
    return Commitment(
        encrypted=_sealed(r, _AKE_COUNTER, value), hashed=cast("Octets", sha256(value).digest())
    )


def _decrypted(revealed: bytes, commitment: Commitment) -> bytes | None:
    """What a commitment holds; None where the revealed key is no key."""
    if len(revealed) != _COMMIT_KEY_OCTETS:
        return None
    return _aes_ctr(revealed, _AKE_COUNTER, _bytes(commitment.encrypted))


def _opened(revealed: bytes, commitment: Commitment) -> int | None:
    """The one MPI that a commitment holds; None where it holds anything else."""
    gxmpi = _decrypted(revealed, commitment)
    return None if gxmpi is None else codec.decode_mpi(gxmpi)


def _garbled(value: bytes) -> bytes:
    """Other bytes, as many where there are any."""
    return value[:-1] + bytes((value[-1] ^ 1,)) if value else bytes(1)


# Zero-knowledge proofs.


def _smp_hash(step: int, first: int, second: int | None = None) -> int:
    """Section "SMP Hash function": SHA-256 of a byte and one or two MPIs, as a number."""
    values = {"version": step, "first": first}
    if second is not None:
        values["second"] = second
    return Number.from_bytes(sha256(_SMP_HASH.write(values)).digest(), "big")


def _public_power(base: int, exponent: int) -> int:
    """A power whose exponent anyone may know, and may have chosen."""
    return power(base, exponent % _PERIOD, _P)


def _response(r: int, exponent: Scalar, c: int) -> Response:
    """D = r - exponent * c mod q."""
    return cast("Response", (r - _number(exponent) * c) % _Q)


def _challenge(c: int) -> Challenge:
    """A hash as the sort."""
    return cast("Challenge", c)
