"""Messages on the network without the bytes: normal forms, lengths, fragments, both versions.

A message on the network is a term that holds the message. Cutting it gives pieces, which are
octets; putting pieces together gives octets again. If they are all the pieces of one message, in
order, that is the message. If not, it is whatever the bytes would be.

Version 3 and version 4 are read off the same wires. A wire is a term of version 3
(`otr_check.otrv3.wires`) unless it is an encoded message of version 4, a fragment of one, or
something malformed that claims to be: a client that speaks both hands such a wire to its endpoint
of version 3 as it came, and texts without tags mean the same to both. Two things differ from bytes.
A whitespace tag for version 4 is seen by version 3, which does not care. And a text that mentions
"?OTR Error:" behind its start is a plaintext to either, where version 3 would find an error.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, cast

from otr_check.exponents import Polynomial
from otr_check.otrv3 import wires as older
from otr_check.otrv3.octets import concatenated
from otr_check.otrv3.operators import Op as Old
from otr_check.terms import Term
from otr_model.kernel.layout import Kind
from otr_model.otrv3 import layouts as layouts_v3
from otr_model.otrv4 import layouts
from otr_reference.errors import Malformed
from otr_reference.otrv3 import messages as v3
from otr_reference.otrv4.messages import (
    AuthI,
    AuthR,
    ClientProfile,
    DataFields,
    DataMessage,
    EncodedMessage,
    ErrorMessage,
    Fragment,
    Header,
    Identity,
    MalformedMessage,
    NonInteractiveAuth,
    OtherVersion,
    Plaintext,
    PrekeyMessage,
    Query,
    TaggedPlaintext,
)
from otr_reference.otrv4.wire import decode, encode

from .octets import altered, in_terms, profile_written, size_of, text, width
from .operators import Op

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_check.terms import TermPool
    from otr_model.kernel.layout import Field, Layout
    from otr_reference.otrv4.messages import Message
    from otr_reference.sorts import EddsaSignature, Octets, Sort, Wire

__all__ = [
    "OVERHEAD",
    "body",
    "has_comma",
    "length",
    "message_of",
    "older_message_of",
    "pieces",
    "received_wire",
    "whole",
    "wire_of",
    "wire_of_bytes",
    "written",
]

_Unencoded: TypeAlias = Query | ErrorMessage | Plaintext | TaggedPlaintext

_LAYOUTS: Final[Mapping[type, Layout]] = {
    Identity: layouts.IDENTITY,
    AuthR: layouts.AUTH_R,
    AuthI: layouts.AUTH_I,
    NonInteractiveAuth: layouts.NON_INTERACTIVE_AUTH,
    PrekeyMessage: layouts.PREKEY,
    DataMessage: layouts.DATA,
}

_SIZES: Final[Mapping[str, tuple[tuple[str, int, str], ...]]] = {
    layout.name: tuple(
        (field.name, field.exact, field.title) for field in layout.fields if field.exact is not None
    )
    for layout in _LAYOUTS.values()
}
"""The fields of each layout whose size is fixed: name, size, title."""

OVERHEAD: Final = len(layouts.FRAGMENT.prefix) + sum(
    len(piece.start) + piece.digits + len(piece.end) for piece in layouts.FRAGMENT.pieces
)
"""How many characters a fragment has besides its piece."""

_V3: Final = 3
_ERROR: Final = layouts.ERROR.prefix + b" "
_WITHOUT_VERSION: Final = {
    layouts.ENVELOPE.pieces[0].title,
    layouts.HEADER.fields[0].title,
    *(piece.title for piece in layouts.FRAGMENT.pieces),
}
"""Fields in which a fault says nothing about the version: it stands behind them, or nowhere."""


# Encoding and decoding.


def wire_of(pool: TermPool, message: Message) -> Term:
    """A message as the network carries it.

    Messages that have one encoding become one term. What will be found to be something else is that
    other thing, as a typed text with a query in it is a query.

    Args:
        pool: Where the term is made.
        message: Any message that can be written.

    Raises:
        Malformed: a field cannot hold what it is given, or the message is one that is only ever
            received.
    """
    match message:
        case DataMessage():
            _refuse_unwritable(message)
            return received_wire(pool, replace(message, fields=_normal(message.fields)))
        case Identity() | AuthR() | NonInteractiveAuth():
            _refuse_unwritable(message)
            try:
                profile = profile_written(pool, message.profile)
            except Malformed as fault:
                malformed = MalformedMessage(fault.field, fault.reason, message.header)
                return received_wire(pool, malformed)
            return received_wire(pool, replace(message, profile=profile))
        case AuthI() | PrekeyMessage():
            _refuse_unwritable(message)
            return received_wire(pool, message)
        case Fragment():
            _refuse_unwritable_fragment(message)
            return received_wire(pool, message)
        case OtherVersion() | MalformedMessage():
            raise Malformed(field="message", reason="is only ever received")
        case _:
            known = written(message)
            return _of_text(pool, message) if known is None else wire_of_bytes(pool, known)


def received_wire(pool: TermPool, message: EncodedMessage | Fragment | MalformedMessage) -> Term:
    """What the network carries where it is found to be this message, of version 4."""
    return pool.make(Op.WIRE, message)


def wire_of_bytes(pool: TermPool, value: bytes) -> Term:
    """What the network carries where the bytes are known."""
    message = decode(value)
    match message:
        case OtherVersion():
            return older.wire_of_bytes(pool, value)
        case MalformedMessage():
            return received_wire(pool, message)
        case Query():
            return _of_text(pool, message)
        case ErrorMessage() | Plaintext() | TaggedPlaintext():
            return _of_text(pool, in_terms(pool, message))
        case _:
            return received_wire(pool, in_terms(pool, message))


def _of_text(pool: TermPool, message: _Unencoded) -> Term:
    """A text without tags, in the form that both versions read."""
    both: v3.Message
    match message:
        case Query(versions):
            both = v3.Query(versions)
        case Plaintext(said):
            both = v3.Plaintext(said)
        case TaggedPlaintext(said, versions):
            both = v3.TaggedPlaintext(said, versions)
        case ErrorMessage(code, said):
            start = b"" if code is None else encode(ErrorMessage(code, _NOTHING))[len(_ERROR) :]
            both = v3.ErrorMessage(
                cast("Octets", concatenated(pool, (text(pool, start), _term(said))))
            )
    return older.received_wire(pool, both)


_NOTHING: Final = cast("Octets", b"")


def written(message: _Unencoded) -> bytes | None:
    """A message that is not encoded, in bytes; None where its text is not known.

    Raises:
        Malformed: it cannot be written.
    """
    if isinstance(message, Query):
        return encode(message)
    said = _term(message.text)
    if said.op is not Old.TEXT:
        encode(replace(message, text=_NOTHING))
        return None
    return encode(replace(message, text=cast("Octets", said.args[0])))


def message_of(pool: TermPool, wire: Term) -> Message:
    """What a message on the network is, taken apart. Total.

    Args:
        pool: Where terms are made.
        wire: Any term.
    """
    match wire.op, wire.args:
        case Op.WIRE, (message,):
            return cast("Message", message)
        case Old.WIRE, (message,):
            return _read_by_four(pool, wire, cast("v3.Message", message))
        case _:
            return MalformedMessage("message", "is not one")


def _read_by_four(pool: TermPool, wire: Term, message: v3.Message) -> Message:
    """What a wire of version 3, or of both, is to version 4."""
    read: Message
    match message:
        case v3.Query(versions):
            read = Query(versions)
        case v3.Plaintext(said):
            read = Plaintext(said)
        case v3.TaggedPlaintext(said, versions):
            read = TaggedPlaintext(said, versions & _MARKED)
        case v3.ErrorMessage(said):
            read = _error(pool, _term(said))
        case v3.OtherVersion(version):
            read = OtherVersion(version, cast("Wire", wire))
        case v3.MalformedMessage(field, reason, None) if field in _WITHOUT_VERSION:
            read = MalformedMessage(field, reason)
        case v3.DataMessage(covered):
            read = _of_version_3(wire, covered.header)
        case _:
            read = _of_version_3(wire, message.header)
    if isinstance(read, OtherVersion) and read.version == layouts.VERSION:
        return MalformedMessage("message", "was read by version 3 alone")
    return read


_MARKED: Final = frozenset(version for version, _ in layouts.WHITESPACE_TAG.pieces[0].marks)


def _of_version_3(wire: Term, head: v3.Header | None) -> OtherVersion:
    """A message of version 3 or 2."""
    if head is None or head.version != _V3:
        return OtherVersion(_V3 if head is None else head.version, cast("Wire", wire))
    return OtherVersion(_V3, cast("Wire", wire), Header(head.sender, head.receiver))


def _error(pool: TermPool, said: Term) -> ErrorMessage:
    """An error message, of what stands behind its prefix and a blank."""
    parts = cast("tuple[Term, ...]", said.args) if said.op is Old.CONCAT else (said,)
    first, *rest = parts
    if first.op is not Old.TEXT:
        return ErrorMessage(None, cast("Octets", said))
    read = cast("ErrorMessage", decode(_ERROR + cast("bytes", first.args[0])))
    known = text(pool, cast("bytes", read.text))
    return ErrorMessage(read.code, cast("Octets", concatenated(pool, (known, *rest))))


def older_message_of(wire: Term) -> v3.Message | None:
    """What a wire of version 4 is to version 3; None for every other term."""
    match wire.op, wire.args:
        case Op.WIRE, (Fragment(),):
            piece = next(p for p in layouts_v3.FRAGMENT_V3.pieces if p.name == "receiver")
            return v3.MalformedMessage(piece.title, f"does not end with {piece.end.decode()!r}")
        case Op.WIRE, (MalformedMessage(field, reason, None),) if field in _WITHOUT_VERSION:
            return v3.MalformedMessage(field, reason)
        case Op.WIRE, _:
            return v3.OtherVersion(layouts.VERSION)
        case _:
            return None


def body(pool: TermPool, covered: DataFields) -> Term:
    """What the authenticator of a Data Message covers.

    Raises:
        Malformed: a field cannot hold what it is given.
    """
    _refuse_unfit(layouts.DATA, covered.header, covered)
    return pool.make(Op.BODY, _normal(covered))


def _normal(covered: DataFields) -> DataFields:
    """A DH key that is the number 0 has no bytes, as if there were none."""
    if covered.dh is not None and not width(_term(covered.dh)):
        return replace(covered, dh=None)
    return covered


def _refuse_unwritable(message: EncodedMessage) -> None:
    """See to it that a message can be written.

    Raises:
        Malformed: it cannot.
    """
    layout = _LAYOUTS[type(message)]
    match message:
        case PrekeyMessage():
            _refuse_unfit(layout, message)
        case DataMessage():
            _refuse_unfit(layout, message.fields.header, message.fields, message)
            revealed = sum(width(_term(key)) for key in message.old_mac_keys)
            if revealed % layouts.MAC_KEY_SIZE:
                title = layout.fields[-1].title
                raise Malformed(
                    field=title, reason=f"is not a multiple of {layouts.MAC_KEY_SIZE} bytes long"
                )
        case _:
            _refuse_unfit(layout, message.header, message)


def _refuse_unfit(layout: Layout, *records: object) -> None:
    """See to it that fields can hold what records have under their names.

    Raises:
        Malformed: one cannot.
    """
    for name, exact, title in _SIZES[layout.name]:
        for record in records:
            value = getattr(record, name, None)
            if isinstance(value, int) and not 0 <= value < 1 << 8 * exact:
                raise Malformed(field=title, reason="does not fit")
            if isinstance(value, Term) and width(value) != exact:
                raise Malformed(field=title, reason=f"is not {exact} bytes long")


def _refuse_unwritable_fragment(fragment: Fragment) -> None:
    """The same for a fragment.

    Raises:
        Malformed: it cannot.
    """
    said = _term(fragment.piece)
    for piece in layouts.FRAGMENT.pieces:
        value = getattr(fragment, piece.name, getattr(fragment.header, piece.name, 0))
        if isinstance(value, int) and not 0 <= value <= piece.most:
            raise Malformed(field=piece.title, reason=f"is more than {piece.most}")
        if piece.least and not width(said):
            raise Malformed(field=piece.title, reason="is empty")
        if piece.least and said.op is Old.TEXT and piece.end in cast("bytes", said.args[0]):
            raise Malformed(field=piece.title, reason="has a comma in it")


# How long they are.


def length(pool: TermPool, wire: Term) -> int:
    """How many characters a message has on the network."""
    message = message_of(pool, wire)
    match message:
        case Fragment():
            return OVERHEAD + width(_term(message.piece))
        case Query() | ErrorMessage() | Plaintext() | TaggedPlaintext():
            known = written(message)
            if known is not None or isinstance(message, Query):
                return len(known or b"")
            return len(encode(replace(message, text=_NOTHING))) + width(_term(message.text))
        case OtherVersion():
            return older.length(wire)
        case MalformedMessage():
            return len(layouts.ENVELOPE.prefix) + 1
        case _:
            octets = sum(size for _, size in _places(message).values())
            return len(layouts.ENVELOPE.prefix) + (octets + 2) // 3 * 4 + 1


def has_comma(pool: TermPool, wire: Term) -> bool:
    """Whether a message has a comma in it, at which a fragment would end: base-64 has none."""
    message = message_of(pool, wire)
    if isinstance(message, Fragment):
        return True
    return isinstance(message, _Unencoded) and b"," in (written(message) or b"")


def _places(message: EncodedMessage) -> dict[Field, tuple[int, int]]:
    """Where each field begins, in bytes, and its size."""
    places: dict[Field, tuple[int, int]] = {}
    octet = 0
    for field in _LAYOUTS[type(message)].fields:
        size = size_of(field, _value(message, field.name))
        places[field] = (octet, size)
        octet += size
    return places


def _value(message: EncodedMessage, name: str) -> object:
    """The value of a field; None for those of the header."""
    value = getattr(message, name, None)
    if value is None and isinstance(message, DataMessage):
        return getattr(message.fields, name, None)
    return value


def _header(message: EncodedMessage) -> Header | None:
    """The instance tags, which a Prekey Message has not."""
    if isinstance(message, DataMessage):
        return message.fields.header
    return None if isinstance(message, PrekeyMessage) else message.header


# Fragments.


def pieces(pool: TermPool, wire: Term, cuts: tuple[int, ...]) -> tuple[Term, ...]:
    """A message in pieces.

    Args:
        pool: Where the terms are made.
        wire: The message.
        cuts: Where it is cut: ascending numbers of characters, neither 0 nor its length among them.
    """
    starts, ends = (0, *cuts), (*cuts, length(pool, wire))
    return tuple(
        pool.make(Old.PIECE, wire, start, end) for start, end in zip(starts, ends, strict=True)
    )


def whole(pool: TermPool, parts: tuple[Term, ...]) -> Term:
    """Pieces, put together, as a message on the network.

    Args:
        pool: Where terms are made.
        parts: The pieces in their order: any octets.

    Returns:
        The message. What stands in front of an encoded message, and behind its end, is not looked
        at. Octets that are not known and have no beginning of one in them are a plaintext.
    """
    stored = concatenated(pool, parts)
    joined = cast("tuple[Term, ...]", stored.args) if stored.op is Old.CONCAT else (stored,)
    for place, part in enumerate(joined):
        match part.op, part.args:
            case Old.PIECE, (Term() as wire, 0, end):
                message = message_of(pool, wire)
                found = not isinstance(message, _Unencoded | MalformedMessage)
                if end == length(pool, wire) and (len(joined) == 1 or found):
                    return wire
                if found:
                    return received_wire(pool, _mixed(pool, joined[place:]))
            case _:
                pass
    return wire_of(pool, Plaintext(cast("Octets", stored)))


_RECORDS: Final = {"profile", "old_mac_keys"}
"""Fields whose values are records, which strange bytes do not make."""


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


def _mixed(pool: TermPool, parts: tuple[Term, ...]) -> EncodedMessage | MalformedMessage:
    """What pieces of several messages are when they are read as one.

    The first piece says which message it is, and how long its profile. A field whose length varies
    has the length that the pieces say in which that length stands, and the value that those say in
    which it lies.
    """
    spans = _spans(pool, parts)
    if not spans:
        return MalformedMessage("Binary form", "is not base-64")
    first, total = spans[0].message, sum(size for _, size in spans[-1].places.values())
    values: dict[str, object] = {}
    octet = 0
    for field, (_, first_size) in spans[0].places.items():
        size = first_size
        if field.prefix:
            _, after = _characters(octet, field.prefix)
            size = next((span for span in spans if span.end >= after), spans[-1]).counted(octet)
        if not 0 < size <= total - octet:
            return MalformedMessage(field.title, "is cut short", _header(first))
        value = values[field.name] = _found(pool, spans, field, (octet, size))
        octet += size
        if field.name in _RECORDS and isinstance(value, Term):
            return MalformedMessage(field.title, "cannot be read", _header(first))
    if octet < total:
        return MalformedMessage("message", "has more behind its end", _header(first))
    return _made(first, values)


def _found(pool: TermPool, spans: list[_Span], field: Field, place: tuple[int, int]) -> object:
    """The value of a field, from the pieces that it lies in."""
    start, end = _characters(*place)
    value: object = None
    for span in spans:
        if span.start >= end or span.end <= start:
            continue
        piece = pool.make(Old.PIECE, span.wire, start, end)
        part = _strange(pool, field, piece)
        if span.places.get(field) == place:
            part = _value(span.message, field.name)
        match value, part:
            case Term(), Term() if value is not part:
                value = altered(pool, value, part)
            case ClientProfile(), _ if value != part:
                changed = altered(pool, _term(value.signature), piece)
                value = replace(value, signature=cast("EddsaSignature", changed))
            case tuple(), _:
                pass  # nobody looks at keys that are revealed
            case _:
                value = part  # of a small number the other bytes are 0
    return value


def _strange(pool: TermPool, field: Field, piece: Term) -> object:
    """What other bytes are as the value of a field. A number made of them is not a small one."""
    match field.type.spec.kind:
        case Kind.NUMBER:
            return (1 << 8 * (field.exact or 0)) - 1
        case Kind.COUNTED_NUMBER:
            return pool.make(Op.ELEMENT, Polynomial.atom(piece))
        case _ if field.type is layouts.Type.POINT:
            return pool.make(Op.POINT, Polynomial.atom(piece))
        case _:
            return piece


def _spans(pool: TermPool, parts: tuple[Term, ...]) -> list[_Span]:
    """Pieces of encoded messages that follow one another up to the end of one; else nothing."""
    spans: list[_Span] = []
    at = 0
    for part in parts:
        match part.op, part.args:
            case Old.PIECE, (Term() as wire, int() as start, int() as end) if start == at:
                message = message_of(pool, wire)
                if not isinstance(message, EncodedMessage):
                    break
                spans.append(_Span(wire, message, start, end, _places(message)))
                if end == length(pool, wire):
                    return spans
                at = end
            case _:
                break
    return []


def _characters(octet: int, size: int) -> tuple[int, int]:
    """The first character with a bit of some bytes, and the one after the last."""
    first = len(layouts.ENVELOPE.prefix)
    return first + 8 * octet // 6, first + -(-8 * (octet + size) // 6)


def _made(like: EncodedMessage, values: dict[str, object]) -> EncodedMessage:
    """A message of one kind with other values; the header is kept."""
    if isinstance(like, DataMessage):
        covered = replace(like.fields, **_of(like.fields, values))
        return replace(like, fields=covered, **_of(like, values))
    return replace(like, **_of(like, values))


def _of(record: EncodedMessage | DataFields, values: dict[str, object]) -> dict[str, Any]:
    """The values that a record has a field for."""
    return {field.name: values[field.name] for field in fields(record) if field.name in values}


def _term(value: Sort) -> Term:
    return cast("Term", value)
