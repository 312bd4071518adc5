"""Reads and writes what a layout lays out.

A `Codec` is compiled from a `Layout` for one version of its protocol, a `TextCodec` from a
`TextFormat`. Nothing about any protocol stands here.

Readers are total: whatever the bytes, they give the parts in order, and raise `Misread` at the
first that is not there or not as it has to be. They look at each byte a bounded number of times,
and keep no more than was given to them. A part is given as soon as it is read, so that what stands
in front of a fault can be used and shown.

Writers raise `Malformed` for a value that its field cannot hold, so that what is written is always
read again as the same.

The value of a part is an `int` where the layout has a number of fixed size, a `Number` where it has
one of any size, and `bytes` otherwise.
"""

from __future__ import annotations

import re
import struct
from binascii import Error as BinasciiError
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final, NamedTuple, TypeAlias

from otr_model.kernel.layout import Field, Form, Kind, Layout, Piece, TextFormat
from otr_reference.arith import Number
from otr_reference.errors import Malformed

__all__ = [
    "Codec",
    "Misread",
    "Part",
    "Reading",
    "Record",
    "SequenceCodec",
    "TextCodec",
    "TextPart",
    "Value",
    "count_octets",
    "marked",
]

Value: TypeAlias = int | bytes
"""What a field or piece holds."""

_Reader: TypeAlias = Callable[[bytes, int], tuple[Value, int]]
_Writer: TypeAlias = Callable[[Value], bytes]
_TextReader: TypeAlias = Callable[[Piece, bytes, int], tuple[Value, int]]
_TextWriter: TypeAlias = Callable[[Piece, Value], bytes]


class Misread(Malformed):
    """What was read does not have the form that its layout asks for.

    Attributes:
        offset: Where the field at fault starts, or should.
    """

    offset: int

    def __init__(self, field: str, reason: str, offset: int) -> None:
        super().__init__(field, reason)
        self.args = (field, reason, offset)  # what pickling and copying call it with
        self.offset = offset


class Part(NamedTuple):
    """A field as it was read.

    Attributes:
        field: Which.
        start: The place of its first byte, that of its length if it has one.
        end: The place after its last byte.
        value: What it holds.
    """

    field: Field
    start: int
    end: int
    value: Value

    @property
    def name(self) -> str:
        """The field's name."""
        return self.field.name


class TextPart(NamedTuple):
    """A piece of a text as it was read.

    Attributes:
        piece: Which.
        start: The place of its first byte, behind what stands in front of it.
        end: The place after its last byte, in front of what stands behind it.
        value: What it holds: a number, the decoded bytes of base-64, or else what stands there.
    """

    piece: Piece
    start: int
    end: int
    value: Value

    @property
    def name(self) -> str:
        """The piece's name."""
        return self.piece.name


class Reading(NamedTuple):
    """What could be read in front of the first fault.

    Attributes:
        values: What the fields or pieces hold, by their names.
        end: The place after the last of them.
        fault: The fault; None: there is none.
    """

    values: dict[str, Value]
    end: int
    fault: Malformed | None


def count_octets(number: int) -> int:
    """Count the bytes of the shortest encoding of a number; zero has none."""
    return (number.bit_length() + 7) // 8


# --- Bytes ------------------------------------------------------------------------------------


class Codec:
    """Reads and writes one layout, as one version has it.

    Args:
        layout: The layout.
        version: The version of the protocol; 0 for the newest that the layout has.
    """

    __slots__ = ("_index", "_plans", "_steps", "layout")

    def __init__(self, layout: Layout, version: int = 0) -> None:
        version = version or layout.versions[-1]
        self.layout: Final = layout
        self._steps: Final = tuple(_step(field, version) for field in layout.of(version))
        self._index: Final = {step.name: place for place, step in enumerate(self._steps)}
        self._plans: Final = {("", ""): tuple(_units(self._steps))}

    def parts(self, data: bytes, start: int = 0, *, minimal: bool = True) -> Iterator[Part]:
        """Read field after field.

        Args:
            data: The bytes; others may follow those of the layout.
            start: Where the first field starts.
            minimal: Whether a number with leading zero bytes is refused.

        Yields:
            The fields that are there.

        Raises:
            Misread: At the field that is cut short, or does not hold what it has to.
        """
        place, size = start, len(data)
        for step in self._steps:
            if step.optional and place == size:
                return
            value, end = step.read(data, place)
            if step.guarded:
                _check_read(step, data, place, end, value, minimal=minimal)
            yield Part(step.field, place, end, value)
            place = end

    def read(self, data: bytes, start: int = 0, *, whole: bool = False) -> Reading:
        """Read as far as it goes, without telling fields from one another by more than their names.

        The same as `parts` and `whole`, and faster.

        Args:
            data: The bytes.
            start: Where the first field starts.
            whole: Whether other bytes after those of the layout are a fault.
        """
        values: dict[str, Value] = {}
        place, size = start, len(data)
        try:
            for run, steps in self._plans["", ""]:
                if run is not None and place + run.size <= size and run.read(data, place, values):
                    place += run.size
                    continue
                for step in steps:
                    if step.optional and place == size:
                        return Reading(values, place, None)
                    value, end = step.read(data, place)
                    if step.guarded:
                        _check_read(step, data, place, end, value, minimal=True)
                    values[step.name] = value
                    place = end
            if whole and place != size:
                raise self._followed(place)
        except Malformed as fault:
            return Reading(values, place, fault)
        return Reading(values, place, None)

    def whole(self, data: bytes, *, minimal: bool = True) -> Iterator[Part]:
        """Read field after field of bytes that hold nothing else; see `parts`.

        Raises:
            Misread: As `parts`; or bytes follow the last field. The field is the layout's title.
        """
        end = 0
        for part in self.parts(data, minimal=minimal):
            yield part
            end = part.end
        if end != len(data):
            raise self._followed(end)

    def _followed(self, end: int) -> Misread:
        """The fault of bytes behind the last field."""
        return Misread(self.layout.title, "is followed by other bytes", end)

    def write(self, values: Mapping[str, Value], *, since: str = "", until: str = "") -> bytes:
        """Write fields.

        Args:
            values: What they hold, by name. A field that may hold one number only can be left out,
                and so can the last ones if they are optional. What is no field is not looked at.
            since: The name of the field to begin with; empty: the first.
            until: The name of the field to stop before; empty: none.

        Raises:
            Malformed: A field cannot hold its value, or has none.
        """
        plan = self._plans.get((since, until))
        if plan is None:
            first = self._index[since] if since else 0
            last = self._index[until] if until else len(self._steps)
            plan = self._plans[since, until] = tuple(_units(self._steps[first:last]))
        written: list[bytes] = []
        for run, steps in plan:
            together = None if run is None else run.write(values)
            if together is None:
                kept = _present(steps, values) if steps is plan[-1][1] else steps
                written += [step.written(values.get(step.name, step.value)) for step in kept]
            else:
                written.append(together)
        return b"".join(written)


def _present(steps: tuple[_Step, ...], values: Mapping[str, Value]) -> tuple[_Step, ...]:
    """Leave out the last fields, if they are optional and have no values."""
    last = len(steps)
    while last and steps[last - 1].optional and steps[last - 1].name not in values:
        last -= 1
    return steps[:last]


class _Step(NamedTuple):
    """A field, prepared.

    Attributes:
        field: Which.
        name: Its name.
        optional: Whether it can be left out.
        value: The one number that it may hold; None: any.
        sized: Whether there is something to ask of its size.
        number: Whether it is a number of any size, which can have zeros in front.
        prefix: The size of the length in front.
        guarded: Whether there is anything to ask of what was read.
        read: Reads it.
        write: Writes it.
    """

    field: Field
    name: str
    optional: bool
    value: int | None
    sized: bool
    number: bool
    prefix: int
    guarded: bool
    read: _Reader
    write: _Writer

    def written(self, value: Value | None) -> bytes:
        """Write the field.

        Raises:
            Malformed: It cannot hold the value, or has none.
        """
        if value is None:
            raise Malformed(field=self.field.title, reason="has no value")
        piece = self.write(value)
        fault = _size_fault(self.field, len(piece)) if self.sized else ""
        if fault:
            raise Malformed(field=self.field.title, reason=fault)
        return piece


class _Run:
    """Fields of fixed size that follow one another: they are read and written at once.

    What does not fit is left to be read or written one by one, which says what is wrong with it.

    Attributes:
        size: Of all together, in bytes.
    """

    __slots__ = ("_constants", "_given", "_names", "_octets", "_struct", "size")

    def __init__(self, steps: tuple[_Step, ...], formats: tuple[str, ...]) -> None:
        self._struct: Final = struct.Struct(">" + "".join(formats))
        self._names: Final = tuple(step.name for step in steps)
        self._given: Final = tuple((step.name, step.value) for step in steps)
        self._constants: Final = tuple(
            (place, step.value) for place, step in enumerate(steps) if step.value is not None
        )
        self._octets: Final = tuple(
            (place, step.field.exact)
            for place, step in enumerate(steps)
            if step.field.type.spec.kind is Kind.OCTETS
        )
        self.size: Final = self._struct.size

    def read(self, data: bytes, place: int, values: dict[str, Value]) -> bool:
        """Read them if they hold what they have to, where there are bytes enough."""
        taken = self._struct.unpack_from(data, place)
        for index, constant in self._constants:
            if taken[index] != constant:
                return False
        values.update(zip(self._names, taken, strict=True))
        return True

    def write(self, values: Mapping[str, Value]) -> bytes | None:
        """Write them; None if one has no value, or one that it cannot hold."""
        given = [values.get(name, constant) for name, constant in self._given]
        for index, size in self._octets:
            octets = given[index]
            if not isinstance(octets, bytes) or len(octets) != size:
                return None
        try:
            return self._struct.pack(*given)
        except struct.error:
            return None


_FORMATS: Final = {1: "B", 2: "H", 4: "I", 8: "Q"}
"""Numbers of so many bytes, as Python's `struct` calls them."""


def _format(step: _Step) -> str:
    """What Python's `struct` calls a field; "" if it has no word for it."""
    field, kind = step.field, step.field.type.spec.kind
    if step.optional or not field.exact:
        return ""
    if kind is Kind.NUMBER:
        return _FORMATS.get(field.exact, "")
    return f"{field.exact}s" if kind is Kind.OCTETS else ""


def _units(steps: tuple[_Step, ...]) -> Iterator[tuple[_Run | None, tuple[_Step, ...]]]:
    """Divide fields into those that are read and written at once, and the rest."""
    for together, group in groupby(steps, lambda step: bool(_format(step))):
        taken = tuple(group)
        run = _Run(taken, tuple(map(_format, taken))) if together else None
        yield run, taken


def _step(field: Field, version: int) -> _Step:
    """Prepare a field."""
    kind = field.type.spec.kind
    sized = bool(field.most or field.unit)
    number = kind is Kind.COUNTED_NUMBER
    return _Step(
        field,
        field.name,
        field.optional,
        field.value,
        sized,
        number,
        field.prefix,
        sized or number or field.value is not None,
        _reader(field, version),
        _WRITERS[kind](field),
    )


def _check_read(  # noqa: PLR0913 - what was read, and where
    step: _Step, data: bytes, place: int, end: int, value: Value, *, minimal: bool
) -> None:
    """Refuse what was read if it is not as it has to be.

    Raises:
        Misread: It is not.
    """
    field = step.field
    if step.value is not None and value != step.value:
        raise Misread(field.title, f"is not {step.value}", place)
    fault = _size_fault(field, end - place) if step.sized else ""
    if fault:
        raise Misread(field.title, fault, place)
    if step.number and minimal:
        first = place + step.prefix
        if first < end and not data[first]:
            raise Misread(field.title, "has leading zero bytes", place)


@dataclass(frozen=True, slots=True)
class Record:
    """One of the layouts of a sequence as it was read.

    Attributes:
        layout: Which.
        parts: Its fields, one at least.
    """

    layout: Layout
    parts: tuple[Part, ...]

    @property
    def start(self) -> int:
        """The place of its first byte."""
        return self.parts[0].start

    @property
    def end(self) -> int:
        """The place after its last byte."""
        return self.parts[-1].end


class SequenceCodec:
    """Reads and writes what a sequence holds: how many layouts there are, and those.

    Args:
        field: The field of the sequence.
        version: The version of the protocol; 0 for the newest that each layout has.
    """

    __slots__ = ("_codecs", "_first", "_required", "field")

    def __init__(self, field: Field, version: int = 0) -> None:
        layouts = [option.layout for option in field.options]
        first = layouts[0].fields[0]
        self.field: Final = field
        self._codecs: Final = {layout.fields[0].value: Codec(layout, version) for layout in layouts}
        self._required: Final = tuple(each.layout for each in field.options if each.required)
        self._first: Final = (first, _reader(first, version))

    def codec(self, data: bytes, place: int) -> Codec:
        """What reads the layout that starts at a place.

        Raises:
            Misread: Its first field is cut short, or is that of none of the layouts.
        """
        first, read = self._first
        value, _ = read(data, place)
        found = self._codecs.get(int(value)) if not isinstance(value, bytes) else None
        if found is None:
            raise Misread(first.title, "is that of no field", place)
        return found

    def records(self, data: bytes, start: int = 0, *, minimal: bool = True) -> Iterator[Record]:
        """Read layout after layout.

        Args:
            data: The bytes; others may follow those of the sequence.
            start: The place of the number in front.
            minimal: Whether a number with leading zero bytes is refused.

        Yields:
            The layouts that are there, in their order.

        Raises:
            Misread: The number in front is cut short, or less than those that are required or more
                than all; a layout cannot be read, is of no known kind, or is there twice; or one
                that is required is missing, which shows at the end.
        """
        field = self.field
        place = start + field.prefix
        if len(data) < place:
            raise Misread(field.prefix_title, "is cut short", start)
        least, most = len(self._required), len(self._codecs)
        count = int.from_bytes(data[start:place], "big")
        if not least <= count <= most:
            raise Misread(field.prefix_title, f"is not {least} to {most}", start)
        seen: list[Layout] = []
        for _ in range(count):
            codec = self.codec(data, place)
            if codec.layout in seen:
                raise Misread(codec.layout.title, "is there twice", place)
            seen.append(codec.layout)
            yield (record := Record(codec.layout, tuple(codec.parts(data, place, minimal=minimal))))
            place = record.end
        for layout in self._required:
            if layout not in seen:
                raise Misread(layout.title, "is missing", place)

    def write(self, values: Mapping[str, Value]) -> bytes:
        """Write the number and the layouts, in the order in which they are declared.

        Args:
            values: What their fields hold, by name. A layout that lacks the value of a field is
                left out. Fields that may hold one number only are not looked up.

        Raises:
            Malformed: A field cannot hold its value, or one that is required has none.
        """
        written: list[bytes] = []
        for codec in self._codecs.values():
            layout = codec.layout
            names = [field.name for field in layout.fields if field.value is None]
            held = {name: values[name] for name in names if name in values}
            if layout in self._required or len(held) == len(names):
                written.append(codec.write(held))
        return len(written).to_bytes(self.field.prefix, "big") + b"".join(written)


def _size_fault(field: Field, size: int) -> str:
    """What is wrong with the number of bytes of a field, its length included; "" if nothing."""
    if field.most and size > field.most:
        return f"is longer than {field.most} bytes"
    if field.unit and (size - field.prefix) % field.unit:
        return f"is not a multiple of {field.unit} bytes long"
    return ""


def _fixed_reader(field: Field) -> Callable[[bytes, int], tuple[bytes, int]]:
    """Reads as many bytes as the field has."""
    size, title = field.exact or 0, field.title

    def read(data: bytes, place: int) -> tuple[bytes, int]:
        end = place + size
        if len(data) < end:
            raise Misread(title, "is cut short", place)
        return data[place:end], end

    return read


def _number_reader(field: Field) -> _Reader:
    """Reads a number of fixed size."""
    size, title = field.exact or 0, field.title

    def read(data: bytes, place: int) -> tuple[int, int]:
        end = place + size
        if len(data) < end:
            raise Misread(title, "is cut short", place)
        return int.from_bytes(data[place:end], "big"), end

    return read


def _little_reader(field: Field) -> _Reader:
    """Reads a number of fixed size, least significant byte first."""
    take = _fixed_reader(field)

    def read(data: bytes, place: int) -> tuple[int, int]:
        taken, end = take(data, place)
        return int.from_bytes(taken, "little"), end

    return read


def _signed_reader(field: Field) -> _Reader:
    """Reads a signed number of fixed size."""
    take = _fixed_reader(field)

    def read(data: bytes, place: int) -> tuple[int, int]:
        taken, end = take(data, place)
        return int.from_bytes(taken, "big", signed=True), end

    return read


def _counted_reader(field: Field) -> Callable[[bytes, int], tuple[bytes, int]]:
    """Reads a length and that many bytes."""
    prefix, exact, title = field.prefix, field.size, field.title

    def read(data: bytes, place: int) -> tuple[bytes, int]:
        start = place + prefix
        if len(data) < start:
            raise Misread(title, "has its length cut short", place)
        size = int.from_bytes(data[place:start], "big")
        if exact and size != exact:
            raise Misread(title, f"is not {exact} bytes long", place)
        end = start + size
        if len(data) < end:
            raise Misread(title, "is cut short", place)
        return data[start:end], end

    return read


def _counted_number_reader(field: Field) -> _Reader:
    """Reads a length and a number of that many bytes."""
    take = _counted_reader(field)

    def read(data: bytes, place: int) -> tuple[int, int]:
        taken, end = take(data, place)
        return Number.from_bytes(taken, "big"), end

    return read


def _terminated_reader(field: Field) -> _Reader:
    """Reads up to a NUL, and the NUL."""
    title = field.title

    def read(data: bytes, place: int) -> tuple[bytes, int]:
        end = data.find(0, place)
        if end < 0:
            raise Misread(title, "has no NUL at its end", place)
        return data[place:end], end + 1

    return read


def _read_text(data: bytes, place: int) -> tuple[bytes, int]:
    """Read up to a NUL or the end."""
    end = data.find(0, place)
    if end < 0:
        end = len(data)
    return data[place:end], end


def _read_rest(data: bytes, place: int) -> tuple[bytes, int]:
    """Read all that is left."""
    return data[place:], len(data)


_READERS: Final[Mapping[Kind, Callable[[Field], _Reader]]] = {
    Kind.NUMBER: _number_reader,
    Kind.LITTLE_NUMBER: _little_reader,
    Kind.SIGNED_NUMBER: _signed_reader,
    Kind.OCTETS: _fixed_reader,
    Kind.COUNTED: _counted_reader,
    Kind.COUNTED_NUMBER: _counted_number_reader,
    Kind.TERMINATED: _terminated_reader,
    Kind.TEXT: lambda _field: _read_text,
    Kind.REST: lambda _field: _read_rest,
    Kind.RECORDS: lambda _field: _read_rest,
}


def _reader(field: Field, version: int) -> _Reader:
    """The reader of a field. A record or sequence is read field by field, and kept as bytes."""
    kind = field.type.spec.kind
    if kind is Kind.SEQUENCE:
        return _sequence_reader(SequenceCodec(field, version))
    if kind is not Kind.RECORD or field.inside is None:
        return _READERS[kind](field)
    codec = Codec(field.inside, version)

    def read_record(data: bytes, place: int) -> tuple[bytes, int]:
        end = place
        for part in codec.parts(data, place):
            end = part.end
        return data[place:end], end

    return read_record


def _sequence_reader(codec: SequenceCodec) -> _Reader:
    """The reader of a sequence."""
    prefix = codec.field.prefix

    def read_sequence(data: bytes, place: int) -> tuple[bytes, int]:
        end = place + prefix
        for record in codec.records(data, place):
            end = record.end
        return data[place:end], end

    return read_sequence


def _as_number(name: str, value: Value, limit: int | None) -> int:
    """A value that is a number, zero or more, and below a limit if there is one."""
    if isinstance(value, bytes):
        raise Malformed(field=name, reason="is not a number")
    if value < 0:
        raise Malformed(field=name, reason="is negative")
    if limit is not None and value >= limit:
        raise Malformed(field=name, reason=f"is more than {limit - 1}")
    return value


def _as_bytes(name: str, value: Value, *, without: bytes = b"") -> bytes:
    """A value that is bytes, and does not hold what would end it early."""
    if not isinstance(value, bytes):
        raise Malformed(field=name, reason="is a number")
    if without and without in value:
        raise Malformed(field=name, reason=f"holds {_shown(without)}")
    return value


def _shown(literal: bytes) -> str:
    """A literal in a message."""
    return "a NUL" if literal == b"\0" else repr(literal.decode("ascii"))


def _number_writer(field: Field) -> _Writer:
    """Writes a number of fixed size."""
    size, title = field.type.spec.size, field.title
    limit = 1 << 8 * size

    def write(value: Value) -> bytes:
        if isinstance(value, int) and 0 <= value < limit:
            return value.to_bytes(size, "big")
        return int(_as_number(title, value, limit)).to_bytes(size, "big")

    return write


def _little_writer(field: Field) -> _Writer:
    """Writes a number of fixed size, least significant byte first."""
    forward = _number_writer(field)

    def write(value: Value) -> bytes:
        return forward(value)[::-1]

    return write


def _signed_writer(field: Field) -> _Writer:
    """Writes a signed number of fixed size."""
    size, title = field.type.spec.size, field.title
    half = 1 << 8 * size - 1

    def write(value: Value) -> bytes:
        if isinstance(value, bytes):
            raise Malformed(field=title, reason="is not a number")
        if not -half <= value < half:
            raise Malformed(field=title, reason=f"is not {-half} to {half - 1}")
        return int(value).to_bytes(size, "big", signed=True)

    return write


def _fixed_writer(field: Field) -> _Writer:
    """Writes as many bytes as the field has."""
    exact, title = field.exact, field.title

    def write(value: Value) -> bytes:
        taken = _as_bytes(title, value)
        if exact is not None and len(taken) != exact:
            raise Malformed(field=title, reason=f"is not {exact} bytes long")
        return taken

    return write


def _counted_writer(field: Field) -> _Writer:
    """Writes a length and that many bytes."""
    prefix, exact, title = field.prefix, field.size, field.title
    longest = (1 << 8 * prefix) - 1

    def write(value: Value) -> bytes:
        taken = _as_bytes(title, value)
        if exact and len(taken) != exact:
            raise Malformed(field=title, reason=f"is not {exact} bytes long")
        if len(taken) > longest:
            raise Malformed(field=title, reason=f"is longer than {longest} bytes")
        return len(taken).to_bytes(prefix, "big") + taken

    return write


def _counted_number_writer(field: Field) -> _Writer:
    """Writes a length and a number of as few bytes as hold it."""
    title, counted = field.title, _counted_writer(field)

    def write(value: Value) -> bytes:
        number = _as_number(title, value, None)
        return counted(number.to_bytes(count_octets(number), "big"))

    return write


def _text_writer(field: Field) -> _Writer:
    """Writes bytes that a NUL would end."""
    title = field.title

    def write(value: Value) -> bytes:
        return _as_bytes(title, value, without=b"\0")

    return write


def _terminated_writer(field: Field) -> _Writer:
    """Writes bytes and a NUL."""
    text = _text_writer(field)

    def write(value: Value) -> bytes:
        return text(value) + b"\0"

    return write


def _rest_writer(field: Field) -> _Writer:
    """Writes bytes as they are."""
    title = field.title

    def write(value: Value) -> bytes:
        return _as_bytes(title, value)

    return write


_WRITERS: Final[Mapping[Kind, Callable[[Field], _Writer]]] = {
    Kind.NUMBER: _number_writer,
    Kind.LITTLE_NUMBER: _little_writer,
    Kind.SIGNED_NUMBER: _signed_writer,
    Kind.OCTETS: _fixed_writer,
    Kind.COUNTED: _counted_writer,
    Kind.COUNTED_NUMBER: _counted_number_writer,
    Kind.TERMINATED: _terminated_writer,
    Kind.TEXT: _text_writer,
    Kind.REST: _rest_writer,
    Kind.RECORD: _fixed_writer,
    Kind.RECORDS: _rest_writer,
    Kind.SEQUENCE: _rest_writer,
}


# --- Texts ------------------------------------------------------------------------------------


class TextCodec:
    """Reads and writes one text format."""

    __slots__ = ("_steps", "format")

    def __init__(self, text_format: TextFormat) -> None:
        self.format: Final = text_format
        self._steps: Final = tuple(
            (piece, _TEXT_READERS[piece.form], _TEXT_WRITERS[piece.form])
            for piece in text_format.pieces
        )

    def parts(self, text: bytes, start: int = 0) -> Iterator[TextPart]:
        """Read piece after piece.

        Args:
            text: The text; other texts may follow.
            start: Where the prefix starts.

        Yields:
            The pieces that are there.

        Raises:
            Misread: At the piece that is not there, or not written as it has to be.
        """
        place = start + len(self.format.prefix)
        for piece, read, _ in self._steps:
            first = place + len(piece.start)
            try:
                value, end = _read_piece(piece, read, text, place)
            except Misread:
                if piece.optional:
                    continue
                raise
            yield TextPart(piece, first, end, value)
            place = end + len(piece.end)

    def read(self, text: bytes, start: int = 0) -> Reading:
        """Read as far as it goes; see `parts`."""
        values: dict[str, Value] = {}
        place = start + len(self.format.prefix)
        last = place
        try:
            for piece, read, _ in self._steps:
                try:
                    value, end = _read_piece(piece, read, text, place)
                except Misread:
                    if piece.optional:
                        continue
                    raise
                values[piece.name] = value
                last = end
                place = end + len(piece.end)
        except Malformed as fault:
            return Reading(values, last, fault)
        return Reading(values, last, None)

    def write(self, values: Mapping[str, Value]) -> bytes:
        """Write the prefix and the pieces.

        Args:
            values: What the pieces hold, by name. Optional ones can be left out.

        Raises:
            Malformed: A piece cannot hold its value, or has none.
        """
        written = [self.format.prefix]
        for piece, _, write in self._steps:
            if piece.name in values:
                written += (piece.start, write(piece, values[piece.name]), piece.end)
            elif not piece.optional:
                raise Malformed(field=piece.title, reason="has no value")
        return b"".join(written)


def _read_piece(piece: Piece, read: _TextReader, text: bytes, place: int) -> tuple[Value, int]:
    """Read a piece and what stands around it; the end is that of the piece itself."""
    if not text.startswith(piece.start, place):
        raise Misread(piece.title, f"does not start with {_shown(piece.start)}", place)
    value, end = read(piece, text, place + len(piece.start))
    if not text.startswith(piece.end, end):
        raise Misread(piece.title, f"does not end with {_shown(piece.end)}", place)
    return value, end


_RUNS: Final = {
    Form.HEX: re.compile(rb"[0-9A-Fa-f]*"),
    Form.DECIMAL: re.compile(rb"[0-9]*"),
    Form.NATURAL: re.compile(rb"(?:[1-9][0-9]*)?"),
    Form.IDENTIFIERS: re.compile(rb"[0-9A-Za-z]*"),
    Form.MARKS: re.compile(rb"[\t ]*"),
}

_BASES: Final = {Form.HEX: 16, Form.DECIMAL: 10, Form.NATURAL: 10}


def _run(piece: Piece, text: bytes, place: int) -> bytes:
    """The longest run of the characters that a form is written in."""
    found = _RUNS[piece.form].match(text, place)
    return found[0] if found else b""


def _read_sign(_piece: Piece, _text: bytes, place: int) -> tuple[bytes, int]:
    """Read nothing: what tells the piece is in front of it."""
    return b"", place


def _read_digits(piece: Piece, text: bytes, place: int) -> tuple[int, int]:
    """Read a number in digits."""
    digits = _run(piece, text, place)
    if not 0 < len(digits) <= piece.digits:
        what = "hexadecimal" if piece.form is Form.HEX else "decimal"
        raise Misread(piece.title, f"does not have 1 to {piece.digits} {what} digits", place)
    number = int(digits, _BASES[piece.form])
    if number > piece.most:
        raise Misread(piece.title, f"is more than {piece.most}", place)
    return number, place + len(digits)


def _read_until(piece: Piece, text: bytes, place: int) -> tuple[bytes, int]:
    """Read up to what stands behind the piece; without that, up to the end."""
    end = text.find(piece.end, place) if piece.end else len(text)
    if end < 0:
        raise Misread(piece.title, f"does not end with {_shown(piece.end)}", place)
    if end - place < piece.least:
        raise Misread(piece.title, "is empty", place)
    return text[place:end], end


def _read_base64(piece: Piece, text: bytes, place: int) -> tuple[bytes, int]:
    """Read base-64, of which any bytes have exactly one."""
    taken, end = _read_until(piece, text, place)
    try:
        decoded = a2b_base64(taken)
    except BinasciiError:
        raise Misread(piece.title, "is not base-64", place) from None
    if b2a_base64(decoded, newline=False) != taken:
        raise Misread(piece.title, "is not base-64", place)
    return decoded, end


def _read_identifiers(piece: Piece, text: bytes, place: int) -> tuple[bytes, int]:
    """Read letters and digits."""
    taken = _run(piece, text, place)
    return taken, place + len(taken)


def marked(piece: Piece, marks: bytes) -> frozenset[int]:
    """The versions whose marks are among these; marks of other versions mean nothing."""
    size = len(piece.marks[0][1])
    found = {marks[start : start + size] for start in range(0, len(marks), size)}
    return frozenset(version for version, mark in piece.marks if mark in found)


def _read_marks(piece: Piece, text: bytes, place: int) -> tuple[bytes, int]:
    """Read one or more marks, known and unknown."""
    size = len(piece.marks[0][1])
    taken = _run(piece, text, place)
    end = place + len(taken) // size * size
    if end == place:
        raise Misread(piece.title, "has no mark", place)
    return text[place:end], end


_TEXT_READERS: Final[Mapping[Form, _TextReader]] = {
    Form.SIGN: _read_sign,
    Form.HEX: _read_digits,
    Form.DECIMAL: _read_digits,
    Form.NATURAL: _read_digits,
    Form.BASE64: _read_base64,
    Form.IDENTIFIERS: _read_identifiers,
    Form.MARKS: _read_marks,
    Form.TEXT: _read_until,
}


def _write_sign(_piece: Piece, _value: Value) -> bytes:
    """Write nothing."""
    return b""


def _write_hex(piece: Piece, value: Value) -> bytes:
    """Write a number in hexadecimal digits, with zeros in front."""
    return b"%0*x" % (piece.digits, _as_number(piece.title, value, piece.most + 1))


def _write_decimal(piece: Piece, value: Value) -> bytes:
    """Write a number in decimal digits, with zeros in front."""
    return b"%0*d" % (piece.digits, _as_number(piece.title, value, piece.most + 1))


def _write_natural(piece: Piece, value: Value) -> bytes:
    """Write a number in decimal digits, without zeros in front."""
    number = _as_number(piece.title, value, piece.most + 1)
    if not number:
        raise Malformed(field=piece.title, reason="is zero")
    return b"%d" % number


def _write_base64(piece: Piece, value: Value) -> bytes:
    """Write bytes in base-64."""
    return b2a_base64(_as_bytes(piece.title, value), newline=False)


def _write_until(piece: Piece, value: Value) -> bytes:
    """Write bytes that do not hold what ends them."""
    taken = _as_bytes(piece.title, value, without=piece.end)
    if len(taken) < piece.least:
        raise Malformed(field=piece.title, reason="is empty")
    return taken


def _write_run(piece: Piece, value: Value) -> bytes:
    """Write characters of the form's own."""
    taken = _as_bytes(piece.title, value)
    if not _RUNS[piece.form].fullmatch(taken):
        raise Malformed(field=piece.title, reason="holds other characters")
    return taken


_TEXT_WRITERS: Final[Mapping[Form, _TextWriter]] = {
    Form.SIGN: _write_sign,
    Form.HEX: _write_hex,
    Form.DECIMAL: _write_decimal,
    Form.NATURAL: _write_natural,
    Form.BASE64: _write_base64,
    Form.IDENTIFIERS: _write_run,
    Form.MARKS: _write_run,
    Form.TEXT: _write_until,
}
