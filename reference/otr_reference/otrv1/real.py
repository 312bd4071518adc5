"""RealSuite: the operations of OTRv1 on bytes and integers.

The sorts are those of `otr_reference.otrv3.real`, whose operations these are where version 2 took
them over: the group, DSA, the keys of Data Messages, the cipher.
"""

from __future__ import annotations

import hmac
from hashlib import sha1
from typing import TYPE_CHECKING, Final, cast

from otr_model.otrv1 import layouts
from otr_reference.codec import Codec
from otr_reference.otrv3 import wire as codec
from otr_reference.otrv3.messages import Content
from otr_reference.otrv3.real import RealSuite as Version3

from . import wire
from .messages import SessionKeys
from .suite import Suite

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

    from .messages import Bound, Message

__all__ = ["RealSuite"]

_DATA: Final = Codec(layouts.DATA)
_SSID: Final = bytes((0x00,))


class RealSuite(Suite):
    """The operations with the cryptography that the description of version 1 names.

    Attributes:
        later: version 3's, for entry and exit, and for what is the same in both.
    """

    def __init__(self) -> None:
        self.later = Version3()

    def fresh_pair(self, seed: Seed, draw: int) -> DhPair:
        """An exponent of exactly 320 bits."""
        return self.later.fresh_pair(seed, draw)

    def same(self, left: Public, right: Public) -> bool:
        """Compare as bytes, in a time that depends on the lengths only."""
        return self.later.same(left, right)

    def signed_value(
        self, reply: int, public: PublicKey, keyid: int, y: Element, bound: Bound | None
    ) -> Octets:
        """SHA-1 of all fields before the signature; what is bound is left out."""
        del bound
        body = wire.key_exchange_body(reply, _bytes(public), keyid, self.later.to_int(y))
        return _sha1(body)

    def sign(self, signing: SigningKey, value: Octets, seed: Seed, draw: int) -> Signature:
        """DSA; the draw goes into the nonce."""
        return self.later.sign(signing, value, seed, draw)

    def verify(self, public: PublicKey, value: Octets, signature: Signature) -> bool:
        """DSA."""
        return self.later.verify(public, value, signature)

    def session_keys(self, ours: DhPair, theirs: Element) -> SessionKeys:
        """As version 3 makes those of Data Messages; the session id is a whole SHA-1 hash."""
        keys = self.later.data_keys(ours, theirs)
        secbytes = codec.mpi(self.later.to_int(self.later.power(theirs, ours.secret)))
        return SessionKeys(
            _sha1(_SSID + secbytes),
            keys.sending,
            keys.sending_mac,
            keys.receiving,
            keys.receiving_mac,
        )

    def seal(self, key: Key, counter: int, text: Octets) -> Octets:
        """AES-CTR."""
        return self.later.seal(key, counter, Content(text))

    def open(self, key: Key, counter: int, encrypted: Octets) -> Octets:
        """AES-CTR; a text ends where a NUL follows."""
        return self.later.open(key, counter, encrypted).text

    def data_mac(self, key: Key, counter: int, encrypted: Octets) -> Mac:
        """HMAC-SHA1 of everything before it."""
        body = _DATA.write({"counter": counter, "encrypted": _bytes(encrypted)}, until="mac")
        return cast("Mac", hmac.digest(_bytes(key), body, "sha1"))

    def encode(self, message: Message) -> Wire:
        """As the network carries it."""
        return cast("Wire", wire.encode(message))

    def decode(self, wire_: Wire) -> Message:
        """Take apart what the network carried."""
        return wire.decode(_bytes(wire_))

    def with_peer(self, value: Octets, peer: PublicKey) -> Octets:
        """SHA-1 of both."""
        return _sha1(_bytes(value) + _bytes(peer))

    def with_mac(self, value: Octets, key: Key, public: PublicKey) -> Octets:
        """SHA-1 of one and an HMAC-SHA1 of the other."""
        return _sha1(_bytes(value) + hmac.digest(_bytes(key), _bytes(public), "sha1"))

    def garble_mac(self, value: Mac) -> Mac:
        """Its last bit flipped."""
        return self.later.garble_mac(value)


def _bytes(value: Octets | PublicKey | Key | Wire) -> bytes:
    """The bytes behind a sort."""
    return cast("bytes", value)


def _sha1(data: bytes) -> Octets:
    # Version 1 fixes SHA-1.
    return cast("Octets", sha1(data, usedforsecurity=False).digest())
