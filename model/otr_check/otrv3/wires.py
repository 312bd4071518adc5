"""Messages on the network without the bytes: normal forms, lengths, fragments.

A message on the network is a term that holds the message. Cutting it gives pieces, which are
octets; putting pieces together gives octets again (`octets.concatenated`). If they are all the
pieces of one message, in order, that is the message. If not, it is whatever the bytes would be: the
pieces of two messages of equal kind and length, cut at the same places, make a message with the
start of the one and the end of the other, and only a hash or a MAC tells.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, cast

from otr_check.exponents import Polynomial
from otr_check.terms import Term
from otr_model.kernel.layout import Kind
from otr_model.otrv3 import layouts
from otr_reference.errors import Malformed
from otr_reference.otrv3.messages import (
    DataFields,
    DataMessage,
    DhCommit,
    DhKey,
    EncodedMessage,
    ErrorMessage,
    Fragment,
    Header,
    MalformedMessage,
    Message,
    OtherVersion,
    Plaintext,
    Query,
    RevealSignature,
    SignatureMessage,
    TaggedPlaintext,
)
from otr_reference.otrv3.wire import decode, encode

from .octets import altered, in_terms, size_of, width
from .operators import Op

if TYPE_CHECKING:
    from otr_check.terms import TermPool
    from otr_model.kernel.layout import Field, Layout
    from otr_reference.sorts import Element, Mac, Octets, Sort

__all__ = [
    "body",
    "capacity",
    "length",
    "message_of",
    "pieces",
    "received_wire",
    "whole",
    "wire_of",
    "wire_of_bytes",
]

_Unencoded: TypeAlias = Query | ErrorMessage | Plaintext | TaggedPlaintext

_LAYOUTS: Final[dict[type[EncodedMessage], Layout]] = {
    DhCommit: layouts.DH_COMMIT,
    DhKey: layouts.DH_KEY,
    RevealSignature: layouts.REVEAL_SIGNATURE,
    SignatureMessage: layouts.SIGNATURE,
    DataMessage: layouts.DATA,
}
_FRAGMENTS: Final = {2: layouts.FRAGMENT_V2, 3: layouts.FRAGMENT_V3}
_OVERHEADS: Final = {
    version: len(text.prefix)
    + sum(len(piece.start) + piece.digits + len(piece.end) for piece in text.pieces)
    for version, text in _FRAGMENTS.items()
}
_WITHOUT_TAGS: Final = Header(2, 0, 0)
ENCODED: Final = b"?OTR:"
"""How an encoded message begins."""
_STRANGE: Final = MalformedMessage("message", "is not base-64 with a full stop behind it")


# Encoding and decoding.


def wire_of(pool: TermPool, message: Message) -> Term:
    """A message as the network carries it.

    Messages that have one encoding become one term: instance tags are left out where the version
    has none, and a Data Message is what its authenticator is said to cover. What will be found to
    be something else is that other thing, as a typed text with a query in it is a query.

    Args:
        pool: Where the term is made.
        message: Any message that can be written.

    Raises:
        Malformed: a field cannot hold what it is given; or the message is of a version that is not
            handled, or one that is only ever received.
    """
    received = message
    match message:
        case DhCommit() | DhKey() | RevealSignature() | SignatureMessage():
            if _has_superfluous_tags(message.header):
                received = replace(message, header=_WITHOUT_TAGS)
            _refuse_unwritable(_LAYOUTS[type(message)], message.header, message)
        case DataMessage():
            received = _as_authenticated(message)
        case Fragment():
            if _has_superfluous_tags(message.header):
                received = replace(message, header=_WITHOUT_TAGS)
            _refuse_unwritable_fragment(message)
        case Query() | ErrorMessage() | Plaintext() | TaggedPlaintext() if _is_known(message):
            return wire_of_bytes(pool, _written(message))
        case OtherVersion() | MalformedMessage():
            raise Malformed(field="message", reason="is only ever received")
        case _:
            pass
    return received_wire(pool, received)


def received_wire(pool: TermPool, message: Message) -> Term:
    """What the network carries where it is found to be this message."""
    return pool.make(Op.WIRE, message)


def wire_of_bytes(pool: TermPool, value: bytes) -> Term:
    """What the network carries where the bytes are known."""
    message = in_terms(pool, decode(value))
    if isinstance(message, DataMessage):
        covered = cast("Octets", body(pool, message.fields))
        message = replace(message, authenticated=covered)
    return received_wire(pool, message)


def _is_known(message: _Unencoded) -> bool:
    """Whether every byte of a message that is not encoded is known."""
    return isinstance(message, Query) or _term(message.text).op is Op.TEXT


def _written(message: _Unencoded) -> bytes:
    """A message that is not encoded, in bytes; a text that is not known is left out."""
    if isinstance(message, Query):
        return encode(message)
    known = _term(message.text).args[0] if _is_known(message) else b""
    return encode(replace(message, text=cast("Octets", known)))


def message_of(wire: Term) -> Message:
    """What a message on the network is, taken apart."""
    match wire.op, wire.args:
        case Op.WIRE, (message,):
            return cast("Message", message)
        case _:
            return MalformedMessage("message", "is not one")


def body(pool: TermPool, fields: DataFields) -> Term:
    """What the authenticator of a Data Message covers.

    Raises:
        Malformed: a field cannot hold what it is given, or the version is not handled.
    """
    _refuse_unwritable(layouts.DATA, fields.header, fields)
    if _has_superfluous_tags(fields.header):
        fields = replace(fields, header=_WITHOUT_TAGS)
    return pool.make(Op.BODY, fields)


def _refuse_unwritable(layout: Layout, header: Header, record: object) -> None:
    """See to it that a message can be written.

    Raises:
        Malformed: it cannot.
    """
    if header.version not in layouts.VERSIONS:
        raise Malformed(field="Protocol version", reason="is not 2 or 3")
    for field in layout.of(header.version):
        value = getattr(record, field.name, getattr(header, field.name, None))
        if isinstance(value, int) and not 0 <= value < 1 << 8 * (field.exact or 0):
            raise Malformed(field=field.title, reason="does not fit")
        if field.prefix and field.size and width(cast("Term", value)) != field.size:
            raise Malformed(field=field.title, reason=f"is not {field.size} bytes long")


def _refuse_unwritable_fragment(fragment: Fragment) -> None:
    """The same for a fragment.

    Raises:
        Malformed: it cannot.
    """
    text = _FRAGMENTS.get(fragment.header.version)
    if text is None:
        raise Malformed(field="Protocol version", reason="is not 2 or 3")
    if not width(_term(fragment.piece)):
        raise Malformed(field="piece[k]", reason="is empty")
    for piece in text.pieces:
        value = getattr(fragment, piece.name, getattr(fragment.header, piece.name, 0))
        if isinstance(value, int) and not 0 <= value <= piece.most:
            raise Malformed(field=piece.title, reason=f"is more than {piece.most}")


def _as_authenticated(message: DataMessage) -> Message:
    """A Data Message: its fields are those of the encoding that the authenticator is over."""
    authenticated = _term(message.authenticated)
    match authenticated.op, authenticated.args:
        case Op.BODY, (DataFields() as fields,):
            return message if fields == message.fields else replace(message, fields=fields)
        case _:
            return MalformedMessage("encrypted", "is cut off", message.fields.header)


def _has_superfluous_tags(header: Header) -> bool:
    return header.version == _WITHOUT_TAGS.version and header != _WITHOUT_TAGS


# How long they are.


def length(wire: Term) -> int:
    """How many characters a message has on the network."""
    message = message_of(wire)
    match message:
        case DhCommit() | DhKey() | RevealSignature() | SignatureMessage() | DataMessage():
            octets = sum(size for _, size in _sizes(message))
            size = len(layouts.ENVELOPE.prefix) + (octets + 2) // 3 * 4 + 1
        case Fragment():
            size = _OVERHEADS[message.header.version] + width(_term(message.piece))
        case Query():
            size = len(_written(message))
        case ErrorMessage() | Plaintext() | TaggedPlaintext():
            size = len(_written(message))
            if not _is_known(message):
                size += width(_term(message.text))
        case OtherVersion() | MalformedMessage():
            size = len(layouts.ENVELOPE.prefix) + 1
    return size


def capacity(version: int, size: int) -> int:
    """How many characters of a message a fragment of a size holds; none where that is below 1."""
    return size - _OVERHEADS[version]


def _sizes(message: EncodedMessage) -> tuple[tuple[Field, int], ...]:
    """The fields of a message with their sizes, in bytes."""
    layout = _LAYOUTS[type(message)]
    return tuple(
        (field, size_of(field, _value(message, field.name)))
        for field in layout.of(_header(message).version)
    )


def _header(message: EncodedMessage) -> Header:
    return message.fields.header if isinstance(message, DataMessage) else message.header


def _value(message: EncodedMessage, name: str) -> object:
    """The value of a field; None for those of the header."""
    value = getattr(message, name, None)
    if value is None and isinstance(message, DataMessage):
        return getattr(message.fields, name, None)
    return value


# Fragments.


def pieces(pool: TermPool, wire: Term, cuts: tuple[int, ...]) -> tuple[Term, ...]:
    """A message in pieces.

    Args:
        pool: Where the terms are made.
        wire: The message.
        cuts: Where it is cut: ascending numbers of characters, neither 0 nor its length among them.
    """
    starts, ends = (0, *cuts), (*cuts, length(wire))
    return tuple(
        pool.make(Op.PIECE, wire, start, end) for start, end in zip(starts, ends, strict=True)
    )


class _Span(NamedTuple):
    """A piece of an encoded message.

    Attributes:
        wire: the message on the network.
        message: the message.
        start: the first character of the piece.
        end: the character after its last.
        places: of each field of the message, where it begins, in bytes, and its size.
    """

    wire: Term
    message: EncodedMessage
    start: int
    end: int
    places: dict[Field, tuple[int, int]]

    def counted(self, octet: int) -> int:
        """What the length that stands at a place makes the size of a field; 0 if none does."""
        sizes = (size for field, (at, size) in self.places.items() if field.prefix and at == octet)
        return next(sizes, 0)


def whole(pool: TermPool, stored: Term) -> Term:
    """Octets that were put together from pieces, as a message on the network.

    Args:
        pool: Where terms are made.
        stored: The octets.

    Returns:
        The message. What stands in front of an encoded message, and behind its end, is not looked
        at. Octets that are not known and have no beginning of one in them are a plaintext; behind a
        beginning that is, they are no message.
    """
    parts = cast("tuple[Term, ...]", stored.args) if stored.op is Op.CONCAT else (stored,)
    for place, part in enumerate(parts):
        match part.op, part.args:
            case Op.PIECE, (Term() as wire, 0, end):
                if end == length(wire) and (len(parts) == 1 or _has_marker(wire)):
                    return wire
                if _has_marker(wire):
                    return received_wire(pool, _mixed(pool, parts[place:]))
            case Op.TEXT, (bytes() as known,) if len(parts) > 1 and ENCODED in known:
                ends = b"." in known.partition(ENCODED)[2]
                return wire_of_bytes(pool, known) if ends else received_wire(pool, _STRANGE)
            case _:
                pass
    return wire_of(pool, Plaintext(cast("Octets", stored)))


def _has_marker(wire: Term) -> bool:
    """Whether a message is found, whatever stands in front of it and behind it."""
    return isinstance(message_of(wire), EncodedMessage | Fragment)


def _mixed(pool: TermPool, parts: tuple[Term, ...]) -> Message:
    """What pieces of several messages are when they are read as one.

    The first piece says which message it is. A field whose length varies has the length that the
    pieces say in which that length stands, and the value that those say in which it lies.
    """
    spans = _spans(parts)
    if not spans:
        return _STRANGE
    first, total = spans[0].message, sum(size for _, size in spans[-1].places.values())
    values: dict[str, object] = {}
    octet = 0
    for field in spans[0].places:
        size = field.exact or 0
        if field.prefix:
            _, after = _characters(octet, field.prefix)
            size = next((span for span in spans if span.end >= after), spans[-1]).counted(octet)
        if not 0 < size <= total - octet or size != (field.exact or size):
            return MalformedMessage(field.name, "is cut short", _header(first))
        values[field.name] = _found(pool, spans, field, (octet, size))
        octet += size
    if octet < total:
        return MalformedMessage("message", "has more behind its end", _header(first))
    return _made(pool, first, values)


def _found(pool: TermPool, spans: list[_Span], field: Field, place: tuple[int, int]) -> object:
    """The value of a field, from the pieces that it lies in."""
    start, end = _characters(*place)
    value: object = None
    for span in spans:
        if span.start >= end or span.end <= start:
            continue
        if span.places.get(field) == place:
            part = _value(span.message, field.name)
        else:
            part = _strange(pool, field, pool.make(Op.PIECE, span.wire, start, end))
        if isinstance(value, Term) and isinstance(part, Term) and value is not part:
            value = altered(pool, value, part)
        else:
            value = part  # of a small number the other bytes are 0
    return value


def _strange(pool: TermPool, field: Field, piece: Term) -> object:
    """What other bytes are as the value of a field. A number made of them is not a small one."""
    match field.type.spec.kind:
        case Kind.NUMBER:
            return (1 << 8 * (field.exact or 0)) - 1
        case Kind.COUNTED_NUMBER:
            return pool.make(Op.ELEMENT, Polynomial.atom(piece))
        case _:
            return piece


def _spans(parts: tuple[Term, ...]) -> list[_Span]:
    """Pieces of encoded messages that follow one another up to the end of one; else nothing."""
    spans: list[_Span] = []
    at = 0
    for part in parts:
        match part.op, part.args:
            case Op.PIECE, (Term() as wire, int() as start, int() as end) if start == at:
                message = message_of(wire)
                if not isinstance(message, EncodedMessage):
                    break
                spans.append(_Span(wire, message, start, end, _places(message)))
                if end == length(wire):
                    return spans
                at = end
            case _:
                break
    return []


def _places(message: EncodedMessage) -> dict[Field, tuple[int, int]]:
    """Where each field begins, in bytes, and its size."""
    places: dict[Field, tuple[int, int]] = {}
    octet = 0
    for field, size in _sizes(message):
        places[field] = (octet, size)
        octet += size
    return places


def _characters(octet: int, size: int) -> tuple[int, int]:
    """The first character with a bit of some bytes, and the one after the last."""
    first = len(layouts.ENVELOPE.prefix)
    return first + 8 * octet // 6, first + -(-8 * (octet + size) // 6)


def _made(pool: TermPool, like: EncodedMessage, values: dict[str, object]) -> EncodedMessage:
    """A message of one kind with other values; the header is kept."""
    octets = cast("dict[str, Octets]", values)
    mac = cast("Mac", values.get("mac"))
    match like:
        case DhCommit(header):
            return DhCommit(header, octets["encrypted_gx"], octets["hashed_gx"])
        case DhKey(header):
            return DhKey(header, cast("Element", values["gy"]))
        case RevealSignature(header):
            signature = octets["encrypted_signature"]
            return RevealSignature(header, octets["revealed_key"], signature, mac)
        case SignatureMessage(header):
            return SignatureMessage(header, octets["encrypted_signature"], mac)
        case DataMessage():
            numbers = cast("dict[str, int]", values)
            fields = DataFields(
                like.fields.header,
                numbers["flags"],
                numbers["sender_keyid"],
                numbers["recipient_keyid"],
                cast("Element", values["next_dh"]),
                numbers["counter"],
                octets["encrypted"],
            )
            body = cast("Octets", pool.make(Op.BODY, fields))
            return DataMessage(fields, body, mac, octets["revealed"])


def _term(value: Sort) -> Term:
    return cast("Term", value)
