"""Messages of OTRv3, and of whatever no other protocol claims, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_conformance.decoding import Decoder, Piece
from otr_model.otrv3.layouts import MARKER, WHITESPACE_TAG
from otr_reference.otrv3.dissect import dissect
from otr_reference.otrv3.messages import Fragment
from otr_reference.otrv3.real import RealSuite
from otr_reference.otrv3.wire import decode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otr_conformance.decoding import Dissection
    from otr_reference.sorts import Octets

__all__ = ["DECODER"]


class _Decoder(Decoder):
    """See `Decoder`."""

    marker = MARKER

    def claims(self, text: bytes) -> bool:  # noqa: ARG002 - there was nothing before it
        """Never: it takes what nobody else does."""
        return False

    def is_in(self, text: bytes) -> bool:
        """Whether there is something of OTR in a text."""
        return MARKER in text or WHITESPACE_TAG.prefix in text

    def piece(self, text: bytes) -> Piece | None:
        """What a fragment says of itself."""
        message = decode(text)
        if not isinstance(message, Fragment):
            return None
        return Piece((message.header, message.n), message.k, message.n)

    def joined(self, texts: Sequence[bytes]) -> bytes:
        """The message that fragments make."""
        suite = RealSuite()
        stored: Octets | None = None
        for fragment in map(decode, texts):
            if isinstance(fragment, Fragment):
                stored = suite.join(stored, fragment)
        return b"" if stored is None else suite.to_bytes(suite.joined(stored))

    def dissect(self, text: bytes) -> Dissection:
        """Take a text apart."""
        return dissect(text)


DECODER: Final = _Decoder()
