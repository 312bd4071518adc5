"""What is inside a message, field by field, under the names of the layouts.

The octets of all fields, one after the other, are the message in its binary form. What has a length
in front is written in two parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_model.kernel.layout import Kind
from otr_model.otrv4 import layouts
from otr_reference.codec import Codec
from otr_reference.otrv4.dissect import dissect

from .octets import Disagreement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otr_model.kernel.export import Json
    from otr_model.kernel.layout import Field
    from otr_reference.otrv3.dissect import Row

    from .octets import Object

__all__ = ["content_fields", "message_fields"]

_COUNTED: Final = frozenset({Kind.COUNTED, Kind.COUNTED_NUMBER})
_LENGTHS: Final = {each.name: each.spec.size for each in layouts.Type if each.spec.kind in _COUNTED}
"""How many bytes of a field are its length, by its data type."""

_UNITS: Final = {
    layout.field_id(field): field.unit
    for layout in layouts.LAYOUTS
    for field in layout.fields
    if field.unit
}
"""Of a field that is several values, how many bytes each has."""

_CONTENT: Final = Codec(layouts.CONTENT)
_TLV: Final = Codec(layouts.TLV)


def message_fields(text: bytes) -> Object:
    """A message as it is sent, and the fields of its binary form; of a fragment, its pieces."""
    dissection = dissect(text)
    message: Object = {"title": dissection.title, "wire": text.decode("ascii")}
    inside = next((row.inside for row in dissection.rows if row.inside), None)
    if inside is not None:
        return {**message, "fields": _rows(inside)}
    pieces = (row for row in dissection.rows if row.type != "LITERAL")
    texts = ((row.title, bytes.fromhex(row.raw).decode("ascii")) for row in pieces)
    return {**message, "pieces": _named(texts)}


def content_fields(content: bytes) -> Object:
    """What a Data Message says: the text, and the fields of its TLVs.

    Raises:
        Malformed: never, of what the reference wrote.
    """
    found: list[tuple[str, Json]] = []
    for part in _CONTENT.parts(content):
        if part.field.type is layouts.Type.TLVS:
            found.append((part.field.title, [*_tlvs(content[part.start : part.end])]))
        else:
            found.append((part.field.title, content[part.start : part.end].hex()))
    return _named(found)


def _tlvs(records: bytes) -> Iterable[Object]:
    """TLV records, one after the other."""
    place = 0
    while place < len(records):
        kind, value = _TLV.parts(records, place)
        start, place = value.start + value.field.prefix, value.end
        inside = Codec(layouts.TLVS[int.from_bytes(records[kind.start : kind.end], "big")])
        octets = records[start:place]
        named = _named(
            (part.field.title, _octets(part.field, octets[part.start : part.end]))
            for part in inside.whole(octets)
        )
        yield {
            kind.field.title: records[kind.start : kind.end].hex(),
            "Length": records[value.start : start].hex(),
            value.field.title: named,
        }


def _rows(rows: tuple[Row, ...]) -> Object:
    """Fields in their order; of nested ones those that are inside."""
    return _named((row.title, _rows(row.inside) if row.inside else _row(row)) for row in rows)


def _row(row: Row) -> Json:
    """The octets of a field."""
    octets, length = bytes.fromhex(row.raw), _LENGTHS.get(row.type, 0)
    return _counted(octets, length, _UNITS.get(row.id, 0)) if length else row.raw


def _octets(field: Field, octets: bytes) -> Json:
    """The octets of a field that was read by its layout."""
    return _counted(octets, field.prefix, field.unit) if field.prefix else octets.hex()


def _counted(octets: bytes, length: int, unit: int) -> Object:
    """A length, and what has it; where that is several values, each of them."""
    counted: Object = {"Length": octets[:length].hex()}
    if not unit:
        return {**counted, "Value": octets[length:].hex()}
    return {
        **counted,
        "Values": [octets[at : at + unit].hex() for at in range(length, len(octets), unit)],
    }


def _named(fields: Iterable[tuple[str, Json]]) -> Object:
    """Fields by their names.

    Raises:
        Disagreement: if two have one name.
    """
    named: Object = {}
    for name, value in fields:
        if name in named:
            message = f"there are two fields {name!r} in one layout"
            raise Disagreement(message)
        named[name] = value
    return named
