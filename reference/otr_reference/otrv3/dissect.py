"""Takes a wire text apart for a person to look at, field by field, as the layouts name them.

It decides nothing: which format a text is in, and what is wrong with it, is `wire`'s to say, and
every row is read by the same codecs. Unlike `decode` it keeps everything. The rows of a dissection
cover the text without a gap, those inside its binary form cover that, and what cannot be read is a
row too.
"""

from __future__ import annotations

from binascii import a2b_base64
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from otr_model.kernel.layout import Form, Kind
from otr_model.otrv3 import layouts
from otr_reference.codec import Misread, marked

from . import wire
from .messages import MalformedMessage, OtherVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from otr_model.kernel.layout import Layout
    from otr_reference.codec import Part, TextPart

__all__ = ["Dissection", "Fault", "Row", "dissect"]


@dataclass(frozen=True, slots=True)
class Row:
    """A field, or whatever else stands between fields.

    Attributes:
        id: the public id of the field or piece; "" for what has none.
        title: what the specification calls it.
        type: its data type or form; "LITERAL", "TEXT" or "UNREAD" for what has none.
        offset: where it starts, in the text, or in the binary form if it is inside that.
        length: how many bytes it has, its length in front included.
        raw: the bytes, in hexadecimal digits.
        meaning: what it says, in words.
        inside: the rows of what is encoded in it.
    """

    id: str
    title: str
    type: str
    offset: int
    length: int
    raw: str
    meaning: str
    inside: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text is malformed.

    Attributes:
        field: the field at fault, as the specification calls it.
        reason: what is wrong with it.
        offset: where it starts.
        binary: whether `offset` is one of the binary form; otherwise it is one of the text.
    """

    field: str
    reason: str
    offset: int
    binary: bool


@dataclass(frozen=True, slots=True)
class Dissection:
    """A text, taken apart.

    Attributes:
        id: the public id of the layout or format; "" for a plaintext.
        title: what the specification calls such a message.
        rows: all of the text, in order.
        fault: why it is malformed; None if it is not.
    """

    id: str
    title: str
    rows: tuple[Row, ...]
    fault: Fault | None = None


def dissect(text: bytes) -> Dissection:
    """Take a text apart. Total, and linear in time and memory."""
    located = wire.locate(text)
    if located is None:
        return Dissection("", "Plaintext", _rest(text, 0, "TEXT", "Plaintext"))
    form = located.codec.format
    front = _rest(text[: located.start], 0, "TEXT", "Text in front")
    rows, misread = _pieces(located, text)
    if form is layouts.ENVELOPE and misread is None:
        return _opened(text, front + rows)
    return Dissection(form.id, form.title, front + rows, _fault(misread, binary=False))


def _opened(text: bytes, rows: tuple[Row, ...]) -> Dissection:
    """An encoded message, with rows for its binary form."""
    envelope = layouts.ENVELOPE
    at = next(i for i, row in enumerate(rows) if row.id == envelope.piece_id(envelope.pieces[0]))
    binary = a2b_base64(bytes.fromhex(rows[at].raw))
    message = wire.decode(text)
    codec = wire.message_codec(binary)
    header = wire.header_codec(binary)
    if codec is not None:
        layout, parts = codec.layout, codec.whole(binary)
    elif isinstance(message, OtherVersion):
        layout, parts = header.layout, islice(header.parts(binary), 1)
    else:
        layout, parts = header.layout, header.parts(binary)
    inside, misread = _fields(layout, parts, binary)
    fault = _fault(misread, binary=True)
    if fault is None and isinstance(message, MalformedMessage):
        offset = next(row.offset for row in inside if row.title == message.field)
        fault = Fault(message.field, message.reason, offset, binary=True)
    known = envelope if codec is None else codec.layout
    opened = (*rows[:at], replace(rows[at], inside=inside), *rows[at + 1 :])
    return Dissection(known.id, known.title, opened, fault)


def _fault(misread: Misread | None, *, binary: bool) -> Fault | None:
    """A fault that a codec found."""
    if misread is None:
        return None
    return Fault(misread.field, misread.reason, misread.offset, binary)


def _rest(source: bytes, start: int, kind: str, title: str) -> tuple[Row, ...]:
    """A row for everything from a place on, or none if nothing is there."""
    return (_row("", title, kind, source, start, len(source)),) if start < len(source) else ()


def _row(  # noqa: PLR0913, PLR0917 - the columns of a row
    row_id: str, title: str, kind: str, source: bytes, start: int, end: int, meaning: str = ""
) -> Row:
    raw = source[start:end]
    plain = _text(raw) if kind in {"LITERAL", "TEXT"} else _size(raw)
    return Row(row_id, title, kind, start, len(raw), raw.hex(), meaning or plain)


# --- Bytes ------------------------------------------------------------------------------------


def _fields(
    layout: Layout, parts: Iterable[Part], binary: bytes
) -> tuple[tuple[Row, ...], Misread | None]:
    """A row for every field, and one for what is behind them."""
    rows: list[Row] = []
    misread, place = None, 0
    try:
        for part in parts:
            name, kind = layout.field_id(part.field), part.field.type.name
            meaning = _meaning(part)
            rows.append(_row(name, part.field.title, kind, binary, place, part.end, meaning))
            place = part.end
    except Misread as found:
        misread = found
    return (*rows, *_rest(binary, place, "UNREAD", "Not read")), misread


def _meaning(part: Part) -> str:
    """What a field says."""
    value = part.value
    if isinstance(value, bytes):
        return _size(value)
    if part.field.type.spec.kind is Kind.COUNTED_NUMBER:
        return f"a number of {value.bit_length()} bits"
    return _SAYS.get(part.name, str)(value)


def _type(value: int) -> str:
    """A message type."""
    layout = layouts.ENCODED.get(value)
    return f"0x{value:02x}: {layout.title if layout else 'not known'}"


def _tag(value: int) -> str:
    """An instance tag."""
    if value == 0:
        return "not known"
    return f"0x{value:08x}" + ("" if value >= layouts.SMALLEST_TAG else ", which is not valid")


def _flags(value: int) -> str:
    """The flags of a Data Message."""
    return ", ".join((f"0x{value:02x}", *(f.name for f in layouts.FLAGS if value & f.bit)))


_SAYS: Final[Mapping[str, Callable[[int], str]]] = {
    "type": _type,
    "sender": _tag,
    "receiver": _tag,
    "flags": _flags,
}


def _size(value: bytes) -> str:
    """How many bytes there are."""
    return "1 byte" if len(value) == 1 else f"{len(value)} bytes"


def _text(value: bytes) -> str:
    """Bytes as a person reads them."""
    return value.decode("utf-8", "replace")


# --- Texts ------------------------------------------------------------------------------------


def _pieces(located: wire.Located, text: bytes) -> tuple[tuple[Row, ...], Misread | None]:
    """A row for the prefix, for every piece, for what stands between, and for what is behind."""
    form, place = located.codec.format, located.start + len(located.codec.format.prefix)
    rows = [_row(form.id, form.title, "LITERAL", text, located.start, place)]
    end = b""
    try:
        for part in located.codec.parts(text, located.start):
            first = part.start - len(part.piece.start)
            rows += _between(text, place, first)
            piece_id, kind = form.piece_id(part.piece), part.piece.form.name
            said = _said(part)
            rows.append(_row(piece_id, part.piece.title, kind, text, first, part.end, said))
            place, end = part.end, part.piece.end
    except Misread as found:
        return (*rows, *_rest(text, place, "UNREAD", "Not read")), found
    behind = place + len(end)
    return (
        *rows,
        *_between(text, place, behind),
        *_rest(text, behind, "TEXT", "Text behind"),
    ), None


def _between(text: bytes, start: int, end: int) -> tuple[Row, ...]:
    """A row for what stands between two pieces, or none if nothing does."""
    return (_row("", "Literal", "LITERAL", text, start, end),) if start < end else ()


def _said(part: TextPart) -> str:
    """What a piece says."""
    value = part.value
    if not isinstance(value, bytes):
        return _SAYS.get(part.name, str)(value)
    match part.piece.form:
        case Form.BASE64:
            return _size(value)
        case Form.MARKS:
            versions = sorted(marked(part.piece, value))
            return ", ".join(f"version {v}" for v in versions) or "no version that is known"
        case Form.SIGN:
            return part.piece.about
        case _:
            return _text(value)
