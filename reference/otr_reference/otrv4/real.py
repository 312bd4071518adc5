"""RealSuite: the operations of OTRv4 on bytes and integers.

What the sorts are here:

| sort | value |
|---|---|
| Element, Exponent | a number (`otr_reference.arith.Number`) |
| Scalar | an `int`, zero or more; private keys are pruned, and so are larger than q |
| SigningKey | sym_h as bytes, or a `DsaPrivate` |
| every other | bytes, as they are on the wire |

A cast between a sort and its value happens in this module and in `wire`, and nowhere else.

Secrets. A secret scalar goes through `Point * scalar`, a secret exponent through
`arith.power_secret`: see `ed448` and `arith` for what they hide from a clock. What is secret and
what a secret could be guessed from are compared in constant time. Sums and products modulo q are
not constant in time. The suite keeps nothing from one call to the next, but for the points that
`ed448.decode` remembers, and whether DH keys of peers were members.

Random scalars. Private keys, and the exponents of SMP that multiply a peer's points, are hashed and
pruned, as the text has it. Those that end up in a ring signature or in a response of SMP are hashed
to all of Z_q instead: see the ambiguities ring-randoms and smp-randoms.

Hostile values. Whatever `decode` and `open` let through, every operation answers, asked in any
order: bytes that are no point count as the identity, and an element may be 0 or larger than the
modulus. No operation looks at membership, except those that are there for it. RSig and RVrf, for
which the text wants it checked as well, get keys that have passed a check of their own; where a
variant leaves that check out, they follow.

What a dialect does otherwise is in methods of their own, from `order_of_phi` on.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from hashlib import sha256, shake_256
from typing import TYPE_CHECKING, Final, cast

from otr_model.otrv4 import layouts
from otr_model.otrv4.groups4 import ED448
from otr_model.otrv4.usages import Usage
from otr_reference import constant_time, dh3072, ed448
from otr_reference.arith import Number
from otr_reference.chacha import KEY_OCTETS, cipher
from otr_reference.codec import Codec, count_octets
from otr_reference.ed448 import BASE, ORDER, SCALAR_OCTETS, SEED_OCTETS, multiply_base
from otr_reference.errors import Malformed
from otr_reference.keys import dsa
from otr_reference.otrv3.wire import mpi
from otr_reference.shake import shake256

from . import ring as rings
from . import wire as codec
from .kdf import hash_to_scalar, hcmac, hwc, kdf, under_byte
from .suite import (
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

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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

    from .messages import (
        ClientProfile,
        Content,
        DataFields,
        Fragment,
        Message,
        PrekeyProfile,
    )
    from .suite import PhiSide, Ring, Transcript

__all__ = ["RealSuite", "written"]

_PHI: Final = Codec(layouts.PHI)
_PHI_OFFLINE: Final = Codec(layouts.PHI_OFFLINE)
_PHI_TEXT: Final = Codec(layouts.PHI_TEXT)
_T_AUTH_R: Final = Codec(layouts.T_AUTH_R)
_T_AUTH_I: Final = Codec(layouts.T_AUTH_I)
_T_NON_INTERACTIVE: Final = Codec(layouts.T_NON_INTERACTIVE)
_SMP_SECRET: Final = Codec(layouts.SMP_SECRET)
_SIDES: Final = 2
_VERSION_3: Final = 3

_DRAW_LABEL: Final = b"otrspec OTRv4 draw 1"
_NOT_A_DRAW: Final = 0  # an endpoint's draws are numbered from 1
_NONCE_OCTETS: Final = 32
_IDENTIFIER_OCTETS: Final = 4
_HASHED_B_OCTETS: Final = 32
_EXTRA_KEY_BYTE: Final = b"\xff"
_EXTRA_KEY_OCTETS: Final = 64
_CONTEXT_OCTETS: Final = 4
_ELEMENTS_KEPT: Final = 64
_COUNT_OCTETS: Final = layouts.Type.SEQ_FIELDS.spec.size

_TOP_BIT: Final = 1 << 447
_PRUNED: Final = (1 << 448) - 4

_WEAK_KEY: Final = bytes(ED448.size)
"""A point of order 4. OpenSSL takes it as a public key, unlike those of order 1 and 2."""

_TWIST: Final = ed448.decode((ED448.prime - 1).to_bytes(ED448.size, "little"))
"""The point (0, -1), the one of order 2."""

_GENERATOR: Final = BASE.encode()


class RealSuite(Suite):
    """The operations with the cryptography that the specification names.

    It has no state: one instance serves any number of endpoints.
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
        """Take a text, a fingerprint, or the data of a TLV."""
        return cast("Octets", value)

    @staticmethod
    def wire(value: bytes) -> Wire:
        """Take what the network carried."""
        return cast("Wire", value)

    @staticmethod
    def point(value: bytes) -> Point:
        """Take 57 bytes as a point, valid or not."""
        return cast("Point", value)

    @staticmethod
    def element(value: int) -> Element:
        """Take a number, zero or more, as a DH key."""
        return cast("Element", Number(value))

    @staticmethod
    def scalar(value: int) -> Scalar:
        """Take a number, zero or more, as a secret scalar: for published vectors."""
        return cast("Scalar", int(value))

    @staticmethod
    def exponent(value: int) -> Exponent:
        """Take a number, one or more, as a secret exponent: for published vectors."""
        return cast("Exponent", Number(value))

    @staticmethod
    def key(revealed: Octets) -> Key:
        """Take a MAC key that was made public."""
        return cast("Key", revealed)

    @staticmethod
    def long_term(
        sym_h: bytes, forging: bytes | None = None, dsa: dsa.DsaPrivate | None = None
    ) -> LongTerm:
        """Make the long-term keys of a client.

        Section "Public keys, Shared Prekeys, Forging keys and Fingerprints".

        Args:
            sym_h: 57 random bytes.
            forging: 57 random bytes that the forging key is made of, by whoever wants to keep its
                secret; None: it is a point that depends on `sym_h`, and nobody knows its secret.
            dsa: the user's key of version 3, one that passes its own `check`.

        Raises:
            Malformed: `sym_h` or `forging` has another length (field "sym_key").
        """
        pair = ed448.keypair(sym_h)
        point = ed448.forging_key(sym_h) if forging is None else ed448.keypair(forging).public
        return LongTerm(
            signing=cast("SigningKey", sym_h),
            secret=cast("Scalar", pair.secret),
            public=_encoded(pair.public),
            forging=_encoded(point),
            dsa=cast("SigningKey | None", dsa),
            dsa_public=None if dsa is None else _public_dsa(dsa),
        )

    @staticmethod
    def to_bytes(value: Sort) -> bytes:
        """Give a value out in bytes. Of the keys only extra symmetric keys are meant for that.

        Raises:
            Malformed: it is a number, or a DSA key (field "value").
        """
        inside = cast("object", value)
        if not isinstance(inside, bytes):
            raise Malformed(field="value", reason="is not bytes")
        return inside

    @staticmethod
    def to_int(value: Element | Exponent | Scalar) -> int:
        """Give a number out as an `int`. Secrets are not meant for that, except in tests."""
        return int(_number(value))

    # Randomness.

    def fresh_ecdh(self, seed: Seed, draw: int) -> EcdhPair:
        """The key pair of 57 bytes of the draw."""
        pair = ed448.keypair(_draw(seed, draw, SEED_OCTETS))
        return EcdhPair(secret=cast("Scalar", pair.secret), public=_encoded(pair.public))

    def fresh_dh(self, seed: Seed, draw: int) -> DhPair:
        """The exponent of 80 bytes of the draw, and its power."""
        secret = dh3072.exponent(_draw(seed, draw, dh3072.EXPONENT_OCTETS))
        return DhPair(
            secret=cast("Exponent", secret), public=cast("Element", dh3072.public_key(secret))
        )

    def fresh_scalar(self, seed: Seed, draw: int) -> Scalar:
        """57 bytes of the draw, hashed and pruned."""
        return cast("Scalar", ed448.hash_and_prune(_draw(seed, draw, SEED_OCTETS)))

    def fresh_identifier(self, seed: Seed, draw: int) -> int:
        """4 bytes of the draw."""
        return int.from_bytes(_draw(seed, draw, _IDENTIFIER_OCTETS), "big")

    # Texts.

    def literal(self, text: str) -> Octets:
        """UTF-8."""
        return cast("Octets", text.encode())

    def empty(self, text: Octets) -> bool:
        """No bytes in front of a NUL or the end."""
        return _bytes(text)[:1] in {b"", b"\0"}

    def writable(self, text: Octets) -> bool:
        """No NUL: it would end the text."""
        return b"\0" not in _bytes(text)

    # Comparing.

    def same(self, left: Public, right: Public) -> bool:
        """Compare as bytes, in a time that depends on the lengths only."""
        return constant_time.same(_comparable(left), _comparable(right))

    # Sections "Verifying that a point is on the curve" and "... an integer is in the DH group".

    def in_group(self, point: Point) -> bool:
        """Decode, and halve twice: see `ed448`."""
        return ed448.is_valid(_bytes(point))

    def in_dh_group(self, element: Element) -> bool:
        """Compare, and compute a Legendre symbol: see `dh3072`."""
        return _in_dh_group(_number(element))

    # Sections "Client Profile" and "Prekey Profile".

    def client_profile(
        self, keys: LongTerm, owner_tag: int, versions: frozenset[int], expiration: int, seed: Seed
    ) -> ClientProfile:
        """Fields in the order of their types; M of the DSA signature is a SHA-256 hash of them.

        The seed goes into the nonce of that signature, as a draw that no endpoint makes.

        Raises:
            Malformed: a field cannot hold what it is given.
        """
        point, forging = _bytes(keys.public), _bytes(keys.forging)
        dsa_key = transitional = None
        if keys.dsa is not None and keys.dsa_public is not None and _VERSION_3 in versions:
            dsa_key = _bytes(keys.dsa_public)
            unsigned = self.profile_body(
                codec.write_client_profile_body(
                    owner_tag=owner_tag,
                    public_key=point,
                    forging_key=forging,
                    versions=versions,
                    expiration=expiration,
                    dsa_key=dsa_key,
                )
            )
            transitional = dsa.sign(
                cast("dsa.DsaPrivate", keys.dsa),
                _transitional_digest(unsigned[_COUNT_OCTETS:]),
                _draw(seed, _NOT_A_DRAW, _NONCE_OCTETS),
            )
        body = codec.write_client_profile_body(
            owner_tag=owner_tag,
            public_key=point,
            forging_key=forging,
            versions=versions,
            expiration=expiration,
            dsa_key=dsa_key,
            transitional=transitional,
        )
        signature = ed448.sign(_bytes(keys.signing), self.profile_body(body))
        return written(codec.client_profile(body, signature), self.profile_body)

    def profile_signed(self, profile: ClientProfile) -> bool:
        """Ed448, over the body as it came."""
        return ed448.verify(
            _bytes(profile.public_key), _bytes(profile.body), _bytes(profile.signature)
        )

    def transition_signed(self, profile: ClientProfile) -> bool:
        """DSA, over the hash of the fields in front as they came."""
        key, fields, signature = profile.dsa_key, profile.transitional_body, profile.transitional
        if key is None or fields is None or signature is None:
            return False
        try:
            public = dsa.decode_public(_bytes(key))
        except Malformed:
            return False
        return dsa.verify(public, _transitional_digest(_bytes(fields)), _bytes(signature))

    def fingerprint(self, profile: ClientProfile) -> Octets:
        """HWC of the two points."""
        points = _bytes(profile.public_key), _bytes(profile.forging_key)
        return cast("Octets", hwc(Usage.FINGERPRINT, *points))

    def prekey_profile(
        self, keys: LongTerm, owner_tag: int, shared_prekey: Point, expiration: int
    ) -> PrekeyProfile:
        """Ed448, over all that is in front of the signature.

        Raises:
            Malformed: a field cannot hold what it is given.
        """
        body = codec.write_prekey_profile_body(
            owner_tag=owner_tag, expiration=expiration, shared_prekey=_bytes(shared_prekey)
        )
        signed = self.prekey_profile_body(body)
        signature = ed448.sign(_bytes(keys.signing), signed)
        return replace(codec.prekey_profile(body, signature), body=cast("Octets", signed))

    def prekey_profile_signed(self, client: ClientProfile, prekey: PrekeyProfile) -> bool:
        """Ed448, over the body as it came."""
        return ed448.verify(
            _bytes(client.public_key), _bytes(prekey.body), _bytes(prekey.signature)
        )

    # Section "Receiving an Identity Message".

    def hashed_b(self, b: Element) -> Octets:
        """SHAKE-256 of the MPI, without any usage."""
        return cast("Octets", shake256(mpi(_number(b)), _HASHED_B_OCTETS))

    def higher(self, ours: Octets, theirs: Octets) -> bool:
        """Compare two big-endian numbers."""
        return int.from_bytes(_bytes(ours), "big") > int.from_bytes(_bytes(theirs), "big")

    # Sections "Shared Session State" to "Non-Interactive-Auth Message".

    def phi(self, sender: PhiSide, receiver: PhiSide) -> Octets:
        """What `layouts.PHI` lays out.

        Raises:
            Malformed: a tag is out of range, or neither side has keys.
        """
        first, second, *names = self.order_of_phi(sender, receiver)
        keyed = [side for side in (first, second) if side.ecdh is not None and side.dh is not None]
        values: dict[str, int | bytes] = {
            "first_tag": first.tag,
            "second_tag": second.tag,
            "rest": b"".join(_PHI_TEXT.write({"text": _bytes(name)}) for name in names),
        }
        for place, side in zip(("first", "second"), keyed, strict=False):
            values[f"{place}_ecdh"] = _bytes(cast("Point", side.ecdh))
            values[f"{place}_dh"] = _number(cast("Element", side.dh))
        written = (_PHI if len(keyed) == _SIDES else _PHI_OFFLINE).write(values)
        return cast("Octets", written)

    def auth_r_bound(self, transcript: Transcript) -> Octets:
        """What `layouts.T_AUTH_R` lays out."""
        usages = (
            Usage.AUTH_R_BOB_CLIENT_PROFILE,
            Usage.AUTH_R_ALICE_CLIENT_PROFILE,
            Usage.AUTH_R_PHI,
        )
        return cast("Octets", _T_AUTH_R.write(_bound(transcript, *usages)))

    def auth_i_bound(self, transcript: Transcript) -> Octets:
        """What `layouts.T_AUTH_I` lays out."""
        usages = (
            Usage.AUTH_I_BOB_CLIENT_PROFILE,
            Usage.AUTH_I_ALICE_CLIENT_PROFILE,
            Usage.AUTH_I_PHI,
        )
        return cast("Octets", _T_AUTH_I.write(_bound(transcript, *usages)))

    def non_interactive_bound(self, transcript: Transcript, shared_prekey: Point) -> Octets:
        """What `layouts.T_NON_INTERACTIVE` lays out."""
        usages = (
            Usage.NON_INT_AUTH_BOB_CLIENT_PROFILE,
            Usage.NON_INT_AUTH_ALICE_CLIENT_PROFILE,
            Usage.NON_INT_AUTH_PHI,
        )
        values = _bound(transcript, *usages) | {"shared_prekey": _bytes(shared_prekey)}
        return cast("Octets", _T_NON_INTERACTIVE.write(values))

    def ring_sign(
        self, ring: Ring, secret: Scalar, value: Octets, seed: Seed, draw: int
    ) -> RingSignature:
        """RSig in the general form, with nine random values from one draw.

        Where the secret is not that of exactly one of the three, it is a signature that verifies
        nowhere. A peer can bring that about by showing our own key as one of its own; showing
        it as both of them would get it a signature that nobody else could have made.
        """
        keys = _keys(ring)
        drawn = _draw(seed, draw, len(rings.RANDOMS) * SEED_OCTETS)
        randoms = [drawn[at : at + SEED_OCTETS] for at in range(0, len(drawn), SEED_OCTETS)]
        if all(ed448.is_valid(key) for key in keys):
            try:
                made = rings.sign(keys, _number(secret), _bytes(value), randoms, self.ring_scalar)
            except Malformed:
                made = _NO_SIGNATURE
        else:
            scalars = [self.ring_scalar(octets) for octets in randoms]
            made = _signed_outside(keys, _number(secret), _bytes(value), scalars)
        return cast("RingSignature", rings.encode_signature(made))

    def ring_verified(self, ring: Ring, sigma: RingSignature, value: Octets) -> bool:
        """RVrf, with scalars modulo q."""
        keys = _keys(ring)
        try:
            c1, r1, c2, r2, c3, r3 = rings.decode_signature(_bytes(sigma))
        except Malformed:
            return False
        commitments = [
            ed448.combine_public(BASE, r, _decoded(key), c).encode()
            for key, c, r in zip(keys, (c1, c2, c3), (r1, r2, r3), strict=True)
        ]
        return rings.challenge(keys, commitments, _bytes(value)) == (c1 + c2 + c3) % ORDER

    def mixed(self, ecdh: Scalar, their_ecdh: Point, dh: Exponent, their_dh: Element) -> Mixed:
        """K of K_ecdh and the brace key."""
        brace = self._third_brace_key(dh, their_dh)
        return _mixed(kdf(Usage.SHARED_SECRET, _ecdh(ecdh, their_ecdh), brace), brace)

    def mixed_by_retriever(  # noqa: PLR0913, PLR0917 - x, a, Y, B, D_b, H_b
        self,
        x: Scalar,
        a: Exponent,
        y: Point,
        b: Element,
        shared_prekey: Point,
        their_key: Point,
    ) -> Offline:
        """K and auth_mac_k of tmp_k."""
        shared = (_ecdh(x, y), _ecdh(x, shared_prekey), _ecdh(x, their_key))
        return _offline(shared, self._third_brace_key(a, b))

    def mixed_by_publisher(  # noqa: PLR0913, PLR0917 - y, b, d_b, sk_hb, X, A
        self,
        y: Scalar,
        b: Exponent,
        shared_prekey: Scalar,
        our_key: Scalar,
        x: Point,
        a: Element,
    ) -> Offline:
        """K and auth_mac_k of tmp_k."""
        shared = (_ecdh(y, x), _ecdh(shared_prekey, x), _ecdh(our_key, x))
        return _offline(shared, self._third_brace_key(b, a))

    def auth_mac(self, key: Key, value: Octets) -> Mac:
        """HCMAC."""
        return cast("Mac", hcmac(Usage.AUTH_MAC, _bytes(key), _bytes(value)))

    # Sections "Key Management" and "Data Exchange".

    def first_root(self, k: Key) -> Key:
        """KDF of K."""
        return cast("Key", kdf(Usage.FIRST_ROOT_KEY, _bytes(k)))

    def offline_chain(self, k: Key) -> Ratcheted:
        """KDF of K."""
        return _ratcheted(_bytes(k))

    def third_brace_key(self, ours: Exponent, theirs: Element) -> Key:
        """KDF of k_dh."""
        return cast("Key", self._third_brace_key(ours, theirs))

    def next_brace_key(self, brace: Key) -> Key:
        """KDF of the last one."""
        return cast("Key", kdf(Usage.BRACE_KEY, _bytes(brace)))

    def ratchet(self, root: Key, ours: Scalar, theirs: Point, brace: Key) -> Ratcheted:
        """KDF of the last root key and K."""
        k = kdf(Usage.SHARED_SECRET, _ecdh(ours, theirs), _bytes(brace))
        return _ratcheted(_bytes(root), k)

    def next_chain_key(self, chain: Key) -> Key:
        """KDF of the last one."""
        return cast("Key", kdf(Usage.NEXT_CHAIN_KEY, _bytes(chain)))

    def message_keys(self, chain: Key) -> MessageKeys:
        """KDF of the chain key; MKmac of all of MKenc."""
        encryption = kdf(Usage.MESSAGE_KEY, _bytes(chain))
        return MessageKeys(
            encryption=cast("Key", encryption),
            mac=cast("Key", kdf(Usage.MAC_KEY, encryption)),
            extra=cast("Key", kdf(Usage.EXTRA_SYMM_KEY, _EXTRA_KEY_BYTE, _bytes(chain))),
        )

    def seal(self, key: Key, content: Content) -> Octets:
        """ChaCha20 under the first half of MKenc, from nonce 0 and block 0.

        Raises:
            Malformed: as `wire.encode_content`.
        """
        return cast("Octets", _ciphered(key, self.content_octets(content)))

    def open(self, key: Key, encrypted: Octets) -> Content:
        """The same."""
        return self.content_of(_ciphered(key, _bytes(encrypted)))

    def data_body(self, fields: DataFields) -> Octets:
        """See `wire.data_body`.

        Raises:
            Malformed: as `wire.data_body`.
        """
        return cast("Octets", codec.data_body(fields))

    def data_mac(self, key: Key, body: Octets) -> Mac:
        """HCMAC."""
        return cast("Mac", hcmac(Usage.AUTHENTICATOR, _bytes(key), _bytes(body)))

    def reveal(self, key: Key) -> Octets:
        """The key's bytes."""
        return cast("Octets", _bytes(key))

    def next_extra_key(self, previous: Key, index: int, context: int) -> Key:
        """SHAKE-256 with the index in the place of the usage.

        Raises:
            Malformed: the index is no byte (field "usage"), or the context has more than 4.
        """
        if not 0 <= context < 1 << 8 * _CONTEXT_OCTETS:
            raise Malformed(field="context", reason=f"is not {_CONTEXT_OCTETS} bytes long")
        values = context.to_bytes(_CONTEXT_OCTETS, "big"), _bytes(previous)
        return cast("Key", under_byte(index, *values, size=_EXTRA_KEY_OCTETS))

    # Section "Socialist Millionaires Protocol (SMP)".

    def generator(self) -> Point:
        """The base point."""
        return cast("Point", _GENERATOR)

    def scale(self, point: Point, scalar: Scalar) -> Point:
        """In constant time, as far as the scalar goes."""
        return _encoded(_point(point) * _number(scalar))

    def plus(self, left: Point, right: Point) -> Point:
        """Add."""
        return _encoded(_point(left) + _point(right))

    def minus(self, left: Point, right: Point) -> Point:
        """Subtract."""
        return _encoded(_point(left) - _point(right))

    def smp_secret(
        self, initiator: Octets, responder: Octets, ssid: Octets, passphrase: Passphrase
    ) -> Scalar:
        """Hash what `layouts.SMP_SECRET` lays out, and prune it.

        Raises:
            Malformed: a fingerprint or the SSID has another length.
        """
        information = _SMP_SECRET.write(
            {
                "initiator": _bytes(initiator),
                "responder": _bytes(responder),
                "ssid": _bytes(ssid),
                "secret": _bytes(passphrase),
            }
        )
        return cast("Scalar", self.secret_scalar(information))

    def prove_exponent(self, step: int, exponent: Scalar, seed: Seed, draw: int) -> Proof:
        """Draw r; c = HashToScalar(step || G * r), d = r - exponent * c mod q."""
        r = self._blinding(seed, draw)
        c = _smp_hash(step, BASE * r)
        return Proof(c=_challenge(c), d=_response(r, exponent, c))

    def exponent_proved(self, step: int, power: Point, proof: Proof) -> bool:
        """Compute the hash."""
        c, d = _scalar(proof.c), _scalar(proof.d)
        return _smp_hash(step, ed448.combine_public(BASE, d, _point(power), c)) == c

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
        """Draw r5, then r6; c = HashToScalar(step || G3 * r5 || G * r5 + G2 * r6).

        d5 = r5 - exponent * c mod q, d6 = r6 - secret * c mod q.
        """
        r5, r6 = self._blinding(seed, draw), self._blinding(seed, draw + 1)
        c = _smp_hash(step, _point(g3) * r5, BASE * r5 + _point(g2) * r6)
        return CoordinatesProof(
            c=_challenge(c), d5=_response(r5, exponent, c), d6=_response(r6, secret, c)
        )

    def coordinates_proved(  # noqa: PLR0913, PLR0917 - the values that the proof is about
        self, step: int, g2: Point, g3: Point, p: Point, q: Point, proof: CoordinatesProof
    ) -> bool:
        """Compute the hash."""
        c, d5, d6 = _scalar(proof.c), _scalar(proof.d5), _scalar(proof.d6)
        first = ed448.combine_public(_point(g3), d5, _point(p), c)
        second = ed448.combine_public(BASE, d5, _point(g2), d6) + _point(q).times_public(c)
        return _smp_hash(step, first, second) == c

    def prove_equal_exponents(
        self, step: int, base: Point, exponent: Scalar, seed: Seed, draw: int
    ) -> Proof:
        """Draw r; c = HashToScalar(step || G * r || base * r), d = r - exponent * c mod q."""
        r = self._blinding(seed, draw)
        c = _smp_hash(step, BASE * r, _point(base) * r)
        return Proof(c=_challenge(c), d=_response(r, exponent, c))

    def equal_exponents_proved(
        self, step: int, base: Point, power: Point, r: Point, proof: Proof
    ) -> bool:
        """Compute the hash."""
        c, d = _scalar(proof.c), _scalar(proof.d)
        first = ed448.combine_public(BASE, d, _point(power), c)
        second = ed448.combine_public(_point(base), d, _point(r), c)
        return _smp_hash(step, first, second) == c

    # Sections "Encoded Messages" and "Fragmentation".

    def encode(self, message: Message) -> Wire:
        """See `wire.encode`.

        Raises:
            Malformed: as `wire.encode`.
        """
        return cast("Wire", codec.encode(message))

    def decode(self, wire: Wire) -> Message:
        """See `wire.decode`."""
        return codec.decode(_bytes(wire))

    def split(
        self, wire: Wire, identifier: int, sender: int, receiver: int, size: int
    ) -> tuple[Wire, ...]:
        """See `wire.split`.

        Raises:
            Oversized: as `wire.split`.
            Malformed: as `wire.split`.
        """
        pieces = codec.split(_bytes(wire), identifier, sender, receiver, size)
        return cast("tuple[Wire, ...]", pieces)

    def join(self, pieces: tuple[Octets, ...]) -> Wire:
        """One after the other."""
        return cast("Wire", b"".join(_bytes(piece) for piece in pieces))

    def size(self, text: Octets) -> int:
        """Count the bytes."""
        return len(_bytes(text))

    # For deviating senders.

    def garble(self, value: Octets) -> Octets:
        """The last bit flipped; of no bytes one is made."""
        return cast("Octets", _garbled(_bytes(value)))

    def garble_mac(self, value: Mac) -> Mac:
        """The last bit flipped."""
        return cast("Mac", _garbled(_bytes(value)))

    def garble_sigma(self, value: RingSignature) -> RingSignature:
        """r3 one more, modulo q."""
        return cast("RingSignature", _one_more(_bytes(value)))

    def garble_signature(self, value: EddsaSignature) -> EddsaSignature:
        """S one more, modulo q."""
        return cast("EddsaSignature", _one_more(_bytes(value)))

    def garble_dsa(self, value: Signature) -> Signature:
        """The last bit of s flipped."""
        return cast("Signature", _garbled(_bytes(value)))

    def garble_response(self, value: Response) -> Response:
        """One more, modulo q."""
        return cast("Response", _one_more(_bytes(value)))

    def outside_point(self) -> Point:
        """(0, -1), which is of order 2."""
        return _encoded(_TWIST)

    def twisted(self, point: Point) -> Point:
        """(0, -1) added."""
        return _encoded(_point(point) + _TWIST)

    def outside_element(self) -> Element:
        """1."""
        return cast("Element", Number(1))

    def under_weak_key(self, profile: ClientProfile) -> ClientProfile:
        """Under a point of order 4, with R = G and S = 1, which verifies for every body.

        There is no DSA key in it, because the transitional signature could not be made anew.

        Raises:
            Malformed: never, of a profile that was read or made.
        """
        body = codec.write_client_profile_body(
            owner_tag=profile.owner_tag,
            public_key=_WEAK_KEY,
            forging_key=_bytes(profile.forging_key),
            versions=profile.versions,
            expiration=profile.expiration,
        )
        signature = _GENERATOR + ed448.encode_scalar(1)
        return written(codec.client_profile(body, signature), self.profile_body)

    def zero(self) -> Scalar:
        """0."""
        return cast("Scalar", 0)

    def piece(self, fragment: Fragment) -> Octets:
        """What was between the commas."""
        return fragment.piece

    # What a dialect does otherwise.

    def order_of_phi(
        self, sender: PhiSide, receiver: PhiSide
    ) -> tuple[PhiSide, PhiSide, *tuple[Octets, ...]]:
        """The sides, the one with the lower tag first, and the names, sorted as bytes."""
        first, second = sorted((sender, receiver), key=_place_in_phi)
        names = [side.name for side in (first, second) if side.name is not None]
        return first, second, *sorted(names, key=_bytes)

    def shared_octets(self, k_dh: int) -> bytes:
        """k_dh as it is hashed: 384 bytes."""
        return dh3072.encode_k_dh(k_dh, fixed=True)

    def ring_scalar(self, value: bytes) -> int:
        """A random scalar of RSig, of 57 random bytes."""
        return ed448.hash_uniform(value)

    def proof_scalar(self, value: bytes) -> int:
        """A random scalar that blinds a proof of SMP, of 57 random bytes."""
        return ed448.hash_uniform(value)

    def secret_scalar(self, information: bytes) -> int:
        """The secret of SMP, of its information laid out: 57 bytes of hash, pruned."""
        hashed = hwc(Usage.SMP_SECRET, information)
        return int.from_bytes(hashed, "little") & _PRUNED | _TOP_BIT

    def profile_body(self, body: bytes) -> bytes:
        """The body of a client profile, as it is written."""
        return body

    def prekey_profile_body(self, body: bytes) -> bytes:
        """The body of a prekey profile, as it is written."""
        return body

    def content_octets(self, content: Content) -> bytes:
        """What a Data Message says, as it is written. See `wire.encode_content`."""
        return codec.encode_content(content)

    def content_of(self, octets: bytes) -> Content:
        """What is written in a Data Message. See `wire.decode_content`."""
        return codec.decode_content(octets)

    # What several operations do.

    def _third_brace_key(self, ours: Exponent, theirs: Element) -> bytes:
        """The brace key of a D-H exchange."""
        k_dh = dh3072.dh(_number(ours), _number(theirs))
        return kdf(Usage.THIRD_BRACE_KEY, self.shared_octets(k_dh))

    def _blinding(self, seed: Seed, draw: int) -> int:
        """A random scalar of a proof."""
        return self.proof_scalar(_draw(seed, draw, SEED_OCTETS))


# Sorts and their values.


def _number(value: Element | Exponent | Scalar) -> int:
    """The number behind a sort."""
    return cast("int", value)


def _bytes(value: Sort) -> bytes:
    """The bytes behind a sort."""
    return cast("bytes", value)


def _decoded(octets: bytes) -> ed448.Point:
    """The point that bytes encode; the identity, where they encode none."""
    try:
        return ed448.decode(octets)
    except Malformed:
        return ed448.IDENTITY


def _point(value: Point) -> ed448.Point:
    """The point behind a sort."""
    return _decoded(_bytes(value))


def _encoded(point: ed448.Point) -> Point:
    """A point as the sort."""
    return cast("Point", point.encode())


def _scalar(value: Challenge | Response) -> int:
    """The scalar behind a sort, modulo q.

    Raises:
        Malformed: never, of what was read from a message.
    """
    return ed448.decode_scalar(_bytes(value))


def _challenge(c: int) -> Challenge:
    """A hash as the sort."""
    return cast("Challenge", ed448.encode_scalar(c))


def _response(r: int, exponent: Scalar, c: int) -> Response:
    """R - exponent * c mod q."""
    return cast("Response", ed448.encode_scalar((r - _number(exponent) * c) % ORDER))


def _keys(ring: Ring) -> rings.Keys:
    """The keys of a ring."""
    a1, a2, a3 = ring
    return _bytes(a1), _bytes(a2), _bytes(a3)


def _public_dsa(private: dsa.DsaPrivate) -> PublicKey:
    """The public half of a DSA key, as PUBKEY."""
    return cast("PublicKey", dsa.encode_public(private.public))


def _comparable(value: Public) -> bytes:
    """The bytes of any public value; those of a number are as many as dh_p has, or more."""
    inside = cast("bytes | int", value)
    if isinstance(inside, bytes):
        return inside
    return inside.to_bytes(max(dh3072.ELEMENT_OCTETS, count_octets(inside)), "big")


@lru_cache(maxsize=_ELEMENTS_KEPT)
def _in_dh_group(number: int) -> bool:
    """Tell whether a number is a DH key; of those that came lately, the answers are remembered.

    Every message of a ratchet has the same one.
    """
    return dh3072.in_group(number)


# Randomness.


def _draw(seed: Seed, draw: int, octets: int) -> bytes:
    """What a seed gives at one draw. Draws of different numbers or sizes have nothing in common."""
    secret = _bytes(seed)
    numbers = (number.to_bytes(8, "big") for number in (draw, octets, len(secret)))
    return shake_256(b"".join((_DRAW_LABEL, *numbers, secret))).digest(octets)


# Shared secrets.


def _ecdh(secret: Scalar, public: Point) -> bytes:
    """K_ecdh.

    The text refuses an all-zero value. It never comes about here: for a key that is in the group
    the result is in the group, and keys have been checked before.
    """
    return (_point(public) * _number(secret)).encode()


def _mixed(k: bytes, brace: bytes) -> Mixed:
    """K with its SSID."""
    return Mixed(
        k=cast("Key", k), brace=cast("Key", brace), ssid=cast("Octets", hwc(Usage.SSID, k))
    )


def _offline(shared: tuple[bytes, bytes, bytes], brace: bytes) -> Offline:
    """K and auth_mac_k of three ECDH secrets and the brace key."""
    tmp_k = kdf(Usage.TMP_KEY, *shared, brace)
    return Offline(
        mixed=_mixed(kdf(Usage.SHARED_SECRET, tmp_k), brace),
        mac_key=cast("Key", kdf(Usage.AUTH_MAC_KEY, tmp_k)),
    )


def _ratcheted(*secrets: bytes) -> Ratcheted:
    """The root key and chain key of secrets."""
    return Ratcheted(
        root=cast("Key", kdf(Usage.ROOT_KEY, *secrets)),
        chain=cast("Key", kdf(Usage.CHAIN_KEY, *secrets)),
    )


def _ciphered(key: Key, data: bytes) -> bytes:
    """Encrypt or decrypt under MKenc."""
    return cipher(_bytes(key)[:KEY_OCTETS], data)


# Profiles and transcripts.


def written(profile: ClientProfile, rewrite: Callable[[bytes], bytes]) -> ClientProfile:
    """A client profile whose bytes are written otherwise.

    Args:
        profile: as it was read or made.
        rewrite: writes the body, or one without the transitional signature.
    """
    body, fields = _bytes(profile.body), profile.transitional_body
    changed = replace(profile, body=cast("Octets", rewrite(body)))
    if fields is None:
        return changed
    count = int.from_bytes(body[:_COUNT_OCTETS], "big") - 1
    unsigned = rewrite(count.to_bytes(_COUNT_OCTETS, "big") + _bytes(fields))
    return replace(changed, transitional_body=cast("Octets", unsigned[_COUNT_OCTETS:]))


def _transitional_digest(fields: bytes) -> bytes:
    """M of the transitional signature."""
    return sha256(fields).digest()


def _place_in_phi(side: PhiSide) -> tuple[int, bytes, int]:
    """What the sides of phi are sorted by: their tags, and keys only if those are equal."""
    ecdh = b"" if side.ecdh is None else _bytes(side.ecdh)
    return side.tag, ecdh, 0 if side.dh is None else _number(side.dh)


def _bound(transcript: Transcript, bob: Usage, alice: Usage, phi: Usage) -> dict[str, int | bytes]:
    """The fields that every t has."""
    return {
        "bob": hwc(bob, codec.encode_client_profile(transcript.bob)),
        "alice": hwc(alice, codec.encode_client_profile(transcript.alice)),
        "y": _bytes(transcript.y),
        "x": _bytes(transcript.x),
        "b": _number(transcript.b),
        "a": _number(transcript.a),
        "phi": hwc(phi, _bytes(transcript.phi)),
    }


# Ring signatures.

_NO_SIGNATURE: Final = rings.RingSignature(0, 0, 0, 0, 0, 0)
_COFACTOR: Final = ED448.cofactor
_CLOSINGS: Final = 256
"""How often it is tried to close a ring: it succeeds once in four times or more."""


def _signed_outside(
    keys: rings.Keys, secret: int, value: bytes, scalars: Sequence[int]
) -> rings.RingSignature:
    """RSig with a key that is not in the group, which only a variant lets through.

    It follows the text for the one key that is known, takes no care of clocks, and lets a secret
    serve for a key that differs from its own by a point of small order: nobody needs to know a
    secret to sign with such a point. The challenge that closes the ring has to be right for it.
    """
    rest = [_decoded(key) - multiply_base(secret) for key in keys]
    places = [place for place, point in enumerate(rest) if point * _COFACTOR == ed448.IDENTITY]
    if len(places) != 1:
        return _NO_SIGNATURE
    mine = places[0]
    t, c, r = scalars[mine], list(scalars[3:6]), list(scalars[6:])
    others = sum(c) - c[mine]
    for _ in range(_CLOSINGS):
        c[mine], r[mine] = 0, t
        commitments = [
            ed448.combine_public(BASE, ri, _decoded(key), ci).encode()
            for key, ci, ri in zip(keys, c, r, strict=True)
        ]
        c[mine] = (rings.challenge(keys, commitments, value) - others) % ORDER
        if rest[mine] * c[mine] == ed448.IDENTITY:
            r[mine] = (t - c[mine] * secret) % ORDER
            pairs = zip(c, r, strict=True)
            return rings.RingSignature(*(each % ORDER for pair in pairs for each in pair))
        t += 1
    return _NO_SIGNATURE


# Zero-knowledge proofs.


def _smp_hash(step: int, *points: ed448.Point) -> int:
    """Section "SMP Hash Function"."""
    return hash_to_scalar(step, *(point.encode() for point in points))


# Other values.


def _garbled(value: bytes) -> bytes:
    """Other bytes, as many where there are any."""
    return value[:-1] + bytes((value[-1] ^ 1,)) if value else bytes(1)


def _one_more(value: bytes) -> bytes:
    """The scalar at the end one more, modulo q."""
    scalar = ed448.decode_scalar(value[-SCALAR_OCTETS:])
    return value[:-SCALAR_OCTETS] + ed448.encode_scalar((scalar + 1) % ORDER)
