"""TermSuite: the operations of OTRv1 on symbolic terms.

The operators are those of version 3 (`otr_check.otrv3.operators`), and so are the sorts and what is
assumed of cryptography: see `otr_check.otrv3.suite`, whose operations these are wherever both
versions have them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from otr_check.otrv3.operators import Op
from otr_check.otrv3.suite import TermSuite as Version3
from otr_check.terms import DEFAULT_POOL, Term, TermPool
from otr_model.otrv1 import layouts
from otr_reference.errors import Malformed
from otr_reference.otrv1.messages import MalformedMessage, Message, Plaintext, Query, SessionKeys
from otr_reference.otrv1.suite import Suite
from otr_reference.otrv3.messages import Content

if TYPE_CHECKING:
    from otr_reference.otrv1.messages import Bound
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

__all__ = ["TermSuite"]


class TermSuite(Suite):
    """The operations on terms.

    Attributes:
        pool: where all terms are made.
        later: version 3's over the same pool, for entry and exit, and for what is the same in both.
    """

    def __init__(self, pool: TermPool = DEFAULT_POOL) -> None:
        self.pool = pool
        self.later = Version3(pool=pool)

    def fresh_pair(self, seed: Seed, draw: int) -> DhPair:
        """A nonce, and g to its power."""
        return self.later.fresh_pair(seed, draw)

    def same(self, left: Public, right: Public) -> bool:
        """Identity."""
        return self.later.same(left, right)

    def signed_value(
        self, reply: int, public: PublicKey, keyid: int, y: Element, bound: Bound | None
    ) -> Octets:
        """A hash; what is bound is left out."""
        del bound
        return self._hash("key exchange", bool(reply), public, keyid, y)

    def sign(self, signing: SigningKey, value: Octets, seed: Seed, draw: int) -> Signature:
        """A signature, which differs from draw to draw."""
        return self.later.sign(signing, value, seed, draw)

    def verify(self, public: PublicKey, value: Octets, signature: Signature) -> bool:
        """It is a signature, on this, with the private half of this key."""
        return self.later.verify(public, value, signature)

    def session_keys(self, ours: DhPair, theirs: Element) -> SessionKeys:
        """As version 3 makes those of Data Messages, and its session id."""
        keys = self.later.data_keys(ours, theirs)
        return SessionKeys(
            self.later.ake_keys(ours.secret, theirs).ssid,
            keys.sending,
            keys.sending_mac,
            keys.receiving,
            keys.receiving_mac,
        )

    def seal(self, key: Key, counter: int, text: Octets) -> Octets:
        """A ciphertext."""
        return self.later.seal(key, counter, Content(text))

    def open(self, key: Key, counter: int, encrypted: Octets) -> Octets:
        """Decrypt."""
        return self.later.open(key, counter, encrypted).text

    def data_mac(self, key: Key, counter: int, encrypted: Octets) -> Mac:
        """A MAC."""
        return cast("Mac", self.pool.make(Op.MAC, key, counter, encrypted))

    def encode(self, message: Message) -> Wire:
        """The message itself. A typed text is what its bytes would be."""
        match message:
            case MalformedMessage():
                raise Malformed(field="message", reason="is only ever received")
            case Plaintext(text) if cast("Term", text).op is Op.TEXT:
                message = _typed(message, self.later.to_bytes(text))
            case _:
                pass
        return cast("Wire", self.pool.make(Op.WIRE, message))

    def decode(self, wire: Wire) -> Message:
        """What the term holds."""
        return cast("Message", cast("Term", wire).args[0])

    def with_peer(self, value: Octets, peer: PublicKey) -> Octets:
        """A hash of both."""
        return self._hash(value, peer)

    def with_mac(self, value: Octets, key: Key, public: PublicKey) -> Octets:
        """A hash of one and a MAC of the other."""
        return self._hash(value, self.pool.make(Op.MAC, key, public))

    def garble_mac(self, value: Mac) -> Mac:
        """Its last bit flipped."""
        return self.later.garble_mac(value)

    def _hash(self, *values: object) -> Octets:
        return cast("Octets", self.pool.make(Op.HASH, *values))


def _typed(message: Plaintext, text: bytes) -> Message:
    """What the network carries where somebody typed a text: nobody types a whole message."""
    if layouts.QUERY in text:
        return Query()
    if layouts.MARKER in text:
        return MalformedMessage("text", "is no message")
    return message
