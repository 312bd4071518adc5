"""Messages of OTRv4, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_conformance.decoding import Decoder, Piece
from otr_model.otrv4.layouts import MARKER, WHITESPACE_TAG
from otr_reference.otrv4.dissect import dissect
from otr_reference.otrv4.messages import Fragment, OtherVersion, Query, TaggedPlaintext
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.wire import decode, locate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otr_conformance.decoding import Dissection

__all__ = ["DECODER"]

FOUR: Final = 4


class _Decoder(Decoder):
    """See `Decoder`."""

    marker = MARKER

    def claims(self, text: bytes) -> bool:
        """Whether it is encoded as version 4, or offers it."""
        message = decode(text)
        if isinstance(message, Query | TaggedPlaintext):
            return FOUR in message.versions
        if isinstance(message, OtherVersion):
            return False
        located = locate(text)
        return located is not None and located.version == FOUR and text.startswith(b"?OTR")

    def is_in(self, text: bytes) -> bool:
        """Whether there is something of OTR in a text."""
        return MARKER in text or WHITESPACE_TAG.prefix in text

    def piece(self, text: bytes) -> Piece | None:
        """What a fragment says of itself."""
        message = decode(text)
        if not isinstance(message, Fragment):
            return None
        return Piece((message.header, message.identifier), message.index, message.total)

    def joined(self, texts: Sequence[bytes]) -> bytes:
        """The message that fragments make."""
        suite = RealSuite()
        pieces = [m.piece for m in map(decode, texts) if isinstance(m, Fragment)]
        return suite.to_bytes(suite.join(tuple(pieces)))

    def dissect(self, text: bytes) -> Dissection:
        """Take a text apart."""
        return dissect(text)


DECODER: Final = _Decoder()
