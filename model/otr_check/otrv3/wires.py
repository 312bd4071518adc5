"""Messages on the network without the bytes: normal forms, lengths, fragments.

A message on the network is a term that holds the message. Cutting it gives pieces, which are
octets; putting pieces together gives octets again (`octets.concatenated`). If they are all the
pieces of one message, in order, that is the message. If not, it is whatever the bytes would be: the
pieces of two messages of equal kind and length, cut at the same places, make a message with the
start of the one and the end of the other, and only a hash or a MAC tells.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar, cast

from otr_check.terms import Term
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
from otr_reference.otrv3.wire import decode

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

_Encoded = TypeVar("_Encoded", bound=EncodedMessage)

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
_HEADER: Final = frozenset(field.name for field in layouts.HEADER.fields)
_WITHOUT_TAGS: Final = Header(2, 0, 0)


# Encoding and decoding.


def wire_of(pool: TermPool, message: Message) -> Term:
    """A message as the network carries it.

    Messages that have one encoding become one term: instance tags are left out where the version
    has none, and a Data Message is what its authenticator is said to cover. What will be found to
    be something else is that other thing: a typed text with a query in it, a message in which a
    field has the wrong size.

    Args:
        pool: Where the term is made.
        message: Any message that can be written.

    Raises:
        Malformed: it is of a version that is not handled, or one that is only ever received.
    """
    match message:
        case DhCommit() | DhKey() | RevealSignature() | SignatureMessage():
            if _has_superfluous_tags(message.header):
                message = replace(message, header=_WITHOUT_TAGS)
            received = _sized(_writable(message))
        case DataMessage():
            received = _as_authenticated(_writable(message))
        case Fragment(header) if _has_superfluous_tags(header):
            received = replace(message, header=_WITHOUT_TAGS)
        case Plaintext(text):
            known = _term(text)
            if known.op is Op.TEXT:
                return wire_of_bytes(pool, cast("bytes", known.args[0]))
            received = message
        case OtherVersion() | MalformedMessage():
            raise Malformed(field="message", reason="is only ever received")
        case _:
            received = message
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


def message_of(wire: Term) -> Message:
    """What a message on the network is, taken apart."""
    match wire.op, wire.args:
        case Op.WIRE, (message,):
            return cast("Message", message)
        case _:
            return MalformedMessage("message", "is not one")


def body(pool: TermPool, fields: DataFields) -> Term:
    """What the authenticator of a Data Message covers."""
    if _has_superfluous_tags(fields.header):
        fields = replace(fields, header=_WITHOUT_TAGS)
    return pool.make(Op.BODY, fields)


def _writable(message: _Encoded) -> _Encoded:
    """A message that is of a version that is handled.

    Raises:
        Malformed: it is not.
    """
    if _header(message).version not in layouts.VERSIONS:
        raise Malformed(field="Protocol version", reason="is not 2 or 3")
    return message


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


def _sized(message: EncodedMessage) -> Message:
    """A message, if each DATA has the size that it has to have."""
    for field in _LAYOUTS[type(message)].fields:
        if field.prefix and field.size:
            value = cast("Term", _value(message, field.name))
            if width(value) != field.size:
                return MalformedMessage(field.name, "has the wrong size", _header(message))
    return message


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
            offered = message.versions
            others = len(b"v?") + len(offered - {1}) if offered != {1} else 0
            size = len(layouts.MARKER) + (1 in offered) + others
        case ErrorMessage():
            size = len(layouts.ERROR.prefix) + width(_term(message.text))
        case Plaintext():
            size = width(_term(message.text))
        case TaggedPlaintext():
            marks = layouts.WHITESPACE_TAG.pieces[0].marks
            written = sum(len(mark) for version, mark in marks if version in message.versions)
            size = width(_term(message.text)) + len(layouts.WHITESPACE_TAG.prefix) + written
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
    """A piece of a message: the message, the first character, the one after the last."""

    message: EncodedMessage
    start: int
    end: int


def whole(pool: TermPool, stored: Term) -> Term:
    """Octets that were put together from pieces, as a message on the network.

    Args:
        pool: Where terms are made.
        stored: The octets.

    Returns:
        The message. Octets that are not known and do not start as an encoded message does are a
        plaintext.
    """
    parts = cast("tuple[Term, ...]", stored.args) if stored.op is Op.CONCAT else (stored,)
    match parts[0].op, parts[0].args:
        case Op.PIECE, (Term() as wire, 0, end):
            if len(parts) == 1 and end == length(wire):
                return wire
            if isinstance(message_of(wire), EncodedMessage | Fragment):
                return received_wire(pool, _mixed(pool, parts))
        case _:
            pass
    return wire_of(pool, Plaintext(cast("Octets", stored)))


def _mixed(pool: TermPool, parts: tuple[Term, ...]) -> Message:
    """A message of which every field comes from the messages that gave the pieces it lies in."""
    spans = _spans(parts)
    if not spans:
        return MalformedMessage("message", "is not base-64 with a full stop behind it")
    first, header = spans[0].message, _header(spans[0].message)
    sizes = _sizes(first)
    if any(_sizes(span.message) != sizes for span in spans):
        return MalformedMessage("message", "ends too early or too late", header)
    values: dict[str, object] = {}
    octet = 0
    for field, size in sizes:
        start, end = _characters(octet), _characters(octet + size - 1) + 1
        octet += size
        met = [span.message for span in spans if span.start < end and span.end > start]
        value, *others = (_value(message, field.name) for message in met)
        for other in others:
            value = _blended(pool, value, other)
        values[field.name] = value
    return _made(pool, first, values)


def _spans(parts: tuple[Term, ...]) -> list[_Span]:
    """Pieces of encoded messages that follow one another up to an end; nothing if they do not."""
    spans: list[_Span] = []
    at = finish = 0
    for part in parts:
        match part.op, part.args:
            case Op.PIECE, (Term() as wire, int() as start, int() as end) if start == at:
                message = message_of(wire)
                if not isinstance(message, EncodedMessage):
                    return []
                spans.append(_Span(message, start, end))
                at, finish = end, length(wire)
            case _:
                return []
    return spans if at == finish else []


def _characters(octet: int) -> int:
    """The first character of base-64 that has a bit of an octet."""
    return len(layouts.ENVELOPE.prefix) + 8 * octet // 6


def _blended(pool: TermPool, value: object, other: object) -> object:
    """A value of which the end is that of another. Of a counter or key id only the end is not 0."""
    if isinstance(value, Term) and isinstance(other, Term) and value is not other:
        return altered(pool, value, other)
    return other


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
