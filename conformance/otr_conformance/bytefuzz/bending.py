"""A suite whose sender writes something else than it should, at one layer of a message.

What is changed is inside: what stands around it is made for it. A changed content is encrypted
and authenticated as if it were right, changed fields get a MAC that verifies.
"""

from __future__ import annotations

from enum import unique
from typing import TYPE_CHECKING, cast

from otr_model.kernel.words import Word
from otr_reference.otrv3 import wire
from otr_reference.otrv3.messages import Content
from otr_reference.otrv3.real import RealSuite

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_reference.otrv3.messages import DataFields, Identity
    from otr_reference.sorts import Key, Octets

__all__ = ["BendingSuite", "Inside"]


@unique
class Inside(Word):
    """A layer of a message that only those see who have its keys."""

    CONTENT = "the text and the TLVs of a Data Message"
    FIELDS = "the fields of a Data Message that its MAC is over"
    IDENTITY = "the public key, key id and signature of the AKE"


class BendingSuite(RealSuite):
    """The suite on bytes, with one layer changed while `bend` is set.

    Attributes:
        inside: which layer is changed.
        bend: changes it; None: nothing is changed.
        bent: the contents that were sent changed, in order.
    """

    def __init__(self) -> None:
        self.inside = Inside.CONTENT
        self.bend: Callable[[bytes], bytes] | None = None
        self.bent: list[bytes] = []

    def seal(self, key: Key, counter: int, content: Content) -> Octets:
        """Encrypt a content, or something else in its place."""
        if self.bend is None or self.inside is not Inside.CONTENT:
            return super().seal(key, counter, content)
        octets = self.bend(wire.encode_content(content))
        self.bent.append(octets)
        return self._encrypted(key, counter, octets)

    def seal_identity(self, c: Key, identity: Identity) -> Octets:
        """Encrypt an identity, or something else in its place."""
        if self.bend is None or self.inside is not Inside.IDENTITY:
            return super().seal_identity(c, identity)
        return self._encrypted(c, 0, self.bend(wire.encode_identity(identity)))

    def data_body(self, fields: DataFields) -> Octets:
        """The fields that a MAC is over, or something else in their place."""
        body = super().data_body(fields)
        if self.bend is None or self.inside is not Inside.FIELDS:
            return body
        return self.octets(self.bend(cast("bytes", body)))

    def _encrypted(self, key: Key, counter: int, octets: bytes) -> Octets:
        """Encrypt any octets: what a text of that length is encrypted to, and the difference."""
        blank = b"a" * len(octets)
        sealed = self.to_bytes(super().seal(key, counter, Content(self.octets(blank))))
        mixed = (int.from_bytes(each, "big") for each in (octets, blank, sealed))
        left, middle, right = mixed
        return self.octets((left ^ middle ^ right).to_bytes(len(octets), "big"))
