"""Takes a wire text apart for a person to look at, field by field, as the layouts name them.

It decides nothing: which format a text is in, and what is wrong with it, is `wire`'s to say, and
every row is read by the same codecs. Unlike `decode` it keeps everything. The rows of a dissection
cover the text without a gap, those inside a row cover what is in that, to any depth, and what
cannot be read is a row too: a profile with a fault in it is shown up to the fault.

A text of version 2 or 3 is taken apart by `otr_reference.otrv3.dissect`, whose rows these are.
"""

from __future__ import annotations

from binascii import a2b_base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

from otr_model.kernel.layout import Form, Kind
from otr_model.otrv3.layouts import VERSIONS as OLDER
from otr_model.otrv4 import layouts
from otr_reference.codec import Codec, Misread, SequenceCodec, marked
from otr_reference.otrv3.dissect import Dissection, Fault, Row
from otr_reference.otrv3.dissect import dissect as dissect_older

from . import wire
from .messages import MalformedMessage, OtherVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from otr_model.kernel.layout import Field, Layout
    from otr_reference.codec import Part, TextPart

__all__ = ["Dissection", "Fault", "Row", "dissect"]


def dissect(text: bytes) -> Dissection:
    """Take a text apart. Total, and linear in time and memory."""
    located = wire.locate(text)
    if located is None:
        return Dissection("", "Plaintext", _rest(text, 0, "TEXT", "Plaintext"))
    message = wire.decode(text)
    if isinstance(message, OtherVersion) and message.version in OLDER:
        return dissect_older(text)
    form = located.codec.format
    front = _rest(text[: located.start], 0, "TEXT", "Text in front")
    rows, misread = _pieces(located, text)
    if form is layouts.ENVELOPE and misread is None:
        return _opened(front + rows, message)
    return Dissection(form.id, form.title, front + rows, _fault(misread, binary=False))


def _opened(rows: tuple[Row, ...], message: object) -> Dissection:
    """An encoded message, with rows for its binary form."""
    envelope = layouts.ENVELOPE
    at = next(i for i, row in enumerate(rows) if row.id == envelope.piece_id(envelope.pieces[0]))
    binary = a2b_base64(bytes.fromhex(rows[at].raw))
    codec = wire.message_codec(binary)
    header = wire.header_codec()
    if codec is not None:
        layout, parts = codec.layout, codec.whole(binary)
    elif isinstance(message, OtherVersion):
        layout, parts = header.layout, islice(header.parts(binary), 1)
    else:
        layout, parts = header.layout, header.parts(binary)
    inside, misread = _fields(layout, parts, binary, 0)
    if misread is None:
        inside += _rest(binary, sum(row.length for row in inside), "UNREAD", "Not read")
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
    layout: Layout, parts: Iterable[Part], binary: bytes, start: int
) -> tuple[tuple[Row, ...], Misread | None]:
    """A row for every field; behind a fault, rows up to the end of the bytes."""
    rows: list[Row] = []
    place = start
    try:
        for part in parts:
            row = _field(layout, part.field, binary, (part.start, part.end), _meaning(part))
            rows.append(replace(row, inside=_inside(part.field, binary, part.start)))
            place = part.end
    except Misread as misread:
        fields = layout.of(layouts.VERSION)
        inside = _inside(fields[len(rows)], binary, place) if len(rows) < len(fields) else ()
        if not inside:
            return (*rows, *_rest(binary, place, "UNREAD", "Not read")), misread
        row = _field(layout, fields[len(rows)], binary, (place, len(binary)), "has a fault in it")
        return (*rows, replace(row, inside=inside)), misread
    return tuple(rows), None


def _field(
    layout: Layout, field: Field, binary: bytes, place: tuple[int, int], meaning: str
) -> Row:
    """The row of a field, without what is inside it."""
    start, end = place
    return _row(layout.field_id(field), field.title, field.type.name, binary, start, end, meaning)


def _inside(field: Field, binary: bytes, start: int) -> tuple[Row, ...]:
    """The rows of what is nested in a field; behind a fault, up to the end of the bytes."""
    kind = field.type.spec.kind
    if kind is Kind.SEQUENCE:
        return _sequence(field, binary, start)
    if kind is not Kind.RECORD or field.inside is None:
        return ()
    return _fields(field.inside, Codec(field.inside).parts(binary, start), binary, start)[0]


def _sequence(field: Field, binary: bytes, start: int) -> tuple[Row, ...]:
    """The rows of a sequence: how many there are, and one for each layout."""
    place = start + field.prefix
    if len(binary) < place:
        return ()
    codec = SequenceCodec(field)
    count = int.from_bytes(binary[start:place], "big")
    rows = [_row("", field.prefix_title, "INT", binary, start, place, str(count))]
    try:
        for record in codec.records(binary, start):
            parts = record.parts
            inside, _ = _fields(record.layout, parts, binary, place)
            rows.append(_record(record.layout, binary, (place, record.end), inside))
            place = record.end
    except Misread as misread:
        if misread.offset <= place:
            return (*rows, *_rest(binary, place, "UNREAD", "Not read"))
        layout = codec.codec(binary, place).layout
        inside, _ = _fields(layout, Codec(layout).parts(binary, place), binary, place)
        rows.append(_record(layout, binary, (place, len(binary)), inside))
    return tuple(rows)


def _record(layout: Layout, binary: bytes, place: tuple[int, int], inside: tuple[Row, ...]) -> Row:
    """The row of a layout in a sequence, with the type of what is in it."""
    start, end = place
    kind = layout.fields[-1].type.name
    row = _row(layout.id, layout.title, kind, binary, start, end, layout.about)
    return replace(row, inside=inside)


def _meaning(part: Part) -> str:
    """What a field says."""
    field, value = part.field, part.value
    if isinstance(value, bytes):
        size = len(value)
        return f"{size // field.unit} of {_bytes(field.unit)}" if field.unit else _bytes(size)
    if field.type.spec.kind is Kind.COUNTED_NUMBER:
        return f"a number of {value.bit_length()} bits"
    if field.name == "kind":
        return f"0x{value:04x}: {field.about}"
    return _SAYS.get(field.name, str)(value)


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


def _date(value: int) -> str:
    """A date, where a calendar has one."""
    try:
        date = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value)
    except OverflowError:
        return f"{value} seconds from the start of 1970"
    return f"{date:%Y-%m-%d %H:%M:%S} UTC"


def _code(value: int) -> str:
    """The code of an error."""
    known = {each.number: each.about for each in layouts.ERROR_CODES}
    return f"{value}: {known.get(value, 'not known')}"


_SAYS: Final[Mapping[str, Callable[[int], str]]] = {
    "type": _type,
    "sender": _tag,
    "receiver": _tag,
    "owner_tag": _tag,
    "flags": _flags,
    "expiration": _date,
    "code": _code,
}


def _size(value: bytes) -> str:
    """How many bytes there are."""
    return _bytes(len(value))


def _bytes(count: int) -> str:
    """A number of bytes."""
    return "1 byte" if count == 1 else f"{count} bytes"


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
