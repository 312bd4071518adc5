"""Layouts: which bytes a message is made of.

A `Layout` is a list of fields, in the order in which they are written. Each has a type out of the
protocol's vocabulary (`DataType`), whose `Shape` says how a value becomes bytes. A `TextFormat` is
the same for what is written in characters, before any bytes are: a prefix, then pieces.

The codec of the reference is compiled from these values; diagrams and the tables of the handbook
are printed from them. Layouts say what is *written*: whether a number is in range, or a MAC right,
is for checks.

Sizes are in bytes everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import unique
from typing import TypeAlias

from .table import IllFormed
from .words import Word

__all__ = [
    "Cell",
    "DataType",
    "Document",
    "Field",
    "Flag",
    "Form",
    "Kind",
    "Layout",
    "Option",
    "Piece",
    "Shape",
    "TextFormat",
]

Document: TypeAlias = "str | int | list[Document] | dict[str, Document]"
"""What JSON can say, as far as layouts need it."""


# --- Types ------------------------------------------------------------------------------------


@unique
class Kind(Word):
    """How a value becomes bytes."""

    NUMBER = "an unsigned number of fixed size, most significant byte first"
    LITTLE_NUMBER = "an unsigned number of fixed size, least significant byte first"
    SIGNED_NUMBER = (
        "a signed number of fixed size, in two's complement, most significant byte first"
    )
    OCTETS = "a fixed number of bytes"
    COUNTED = "a length, then that many bytes"
    COUNTED_NUMBER = "a length, then an unsigned number of that many bytes, without leading 0x00"
    TERMINATED = "bytes other than 0x00, then one 0x00"
    TEXT = "bytes up to a 0x00, which belongs to the next field, or up to the end"
    REST = "all bytes up to the end"
    RECORD = "the fields of another layout"
    RECORDS = "the fields of another layout, any number of times, up to the end"
    SEQUENCE = "how many there are, then so many of other layouts, each once at most, in any order"


_NUMBERS = frozenset({Kind.NUMBER, Kind.LITTLE_NUMBER, Kind.SIGNED_NUMBER})
_FIXED = frozenset({*_NUMBERS, Kind.OCTETS})
_COUNTED = frozenset({Kind.COUNTED, Kind.COUNTED_NUMBER})
_PREFIXED = frozenset({*_COUNTED, Kind.SEQUENCE})
_NESTED = frozenset({Kind.RECORD, Kind.RECORDS})
_TO_THE_END = frozenset({Kind.REST, Kind.RECORDS})


@dataclass(frozen=True, slots=True)
class Shape:
    """The value of a data type.

    Attributes:
        about: what the type is.
        kind: how a value becomes bytes.
        size: of the value where it is fixed, of the length or number in front where there is one;
            else 0, and for OCTETS whose size is for the field to say.
    """

    about: str
    kind: Kind
    size: int = 0


class DataType(Word):
    """Base of the vocabularies of data types; values are `Shape`s, names the specification's."""

    @property
    def spec(self) -> Shape:
        """The value, typed."""
        value: Shape = self.value
        return value


# --- Fields and layouts -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Option:
    """One of the layouts that a sequence may hold.

    Attributes:
        layout: which; the value of its first field tells it from the others.
        required: it has to be there.
    """

    layout: Layout
    required: bool = True

    def document(self) -> dict[str, Document]:
        """The option as JSON."""
        document: dict[str, Document] = {"inside": self.layout.id}
        if self.required:
            document["required"] = True
        return document


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Attributes:
        name: what it is called in records, and in its id.
        title: what the specification calls it.
        type: its data type.
        about: what it holds.
        value: the one number that it may hold; None: any.
        size: how many bytes its value has to have, where the type leaves that open; 0: any number.
        unit: of bytes with a length in front: how many belong together, so that their number is a
            multiple of it; 0: any number.
        most: how many bytes it has at most, a length in front included, where its size varies; 0:
            there is no bound.
        versions: the versions that have it; empty: all those of the layout.
        optional: it is left out, with everything after it, where the bytes end before it.
        key: the key that encrypts it, or that a MAC or signature is made with; "" if none.
        inside: the layout of what is encrypted, nested or signed in it.
        covers: of a MAC or signature: the first and the last field that it is over.
        options: of a sequence: the layouts that it may hold, each once.
    """

    name: str
    title: str
    type: DataType
    about: str
    value: int | None = None
    size: int = 0
    versions: tuple[int, ...] = ()
    optional: bool = False
    key: str = ""
    inside: Layout | None = None
    covers: tuple[str, str] | None = None
    unit: int = 0
    most: int = 0
    options: tuple[Option, ...] = ()

    @property
    def prefix(self) -> int:
        """The size of the length or number in front; 0 if there is none."""
        shape = self.type.spec
        return shape.size if shape.kind in _PREFIXED else 0

    @property
    def prefix_title(self) -> str:
        """What to call the length or number in front."""
        return f"Number of {self.title}" if self.type.spec.kind is Kind.SEQUENCE else "length"

    @property
    def least(self) -> int:
        """The smallest size that it can have."""
        if self.optional:
            return 0
        exact = self.exact
        if exact is not None:
            return exact
        shape = self.type.spec
        if shape.kind is Kind.RECORD and self.inside is not None:
            return self.inside.least()
        if shape.kind is Kind.TERMINATED:
            return 1
        return self.prefix + sum(each.layout.least() for each in self.options if each.required)

    @property
    def exact(self) -> int | None:
        """The size that it always has where it is present; None where that varies."""
        shape = self.type.spec
        if shape.kind in _FIXED:
            return self.size or shape.size
        if shape.kind in _COUNTED and self.size:
            return self.prefix + self.size
        if shape.kind is Kind.RECORD and self.inside is not None:
            return self.inside.exact()
        return None

    def document(self) -> dict[str, Document]:
        """The field as JSON; what has its default is left out."""
        document: dict[str, Document] = {
            "name": self.name,
            "title": self.title,
            "type": self.type.name,
            "about": self.about,
        }
        if self.value is not None:
            document["value"] = self.value
        sizes = {"size": self.size, "unit": self.unit, "most": self.most}
        document.update({name: size for name, size in sizes.items() if size})
        if self.versions:
            document["versions"] = list(self.versions)
        if self.optional:
            document["optional"] = True
        if self.key:
            document["key"] = self.key
        if self.inside is not None:
            document["inside"] = self.inside.id
        if self.covers is not None:
            document["covers"] = list(self.covers)
        if self.options:
            document["options"] = [each.document() for each in self.options]
        return document


@dataclass(frozen=True, slots=True)
class Cell:
    """A part of a field as a drawing shows it: the value, or the length in front of one.

    Attributes:
        field: the field that it is a part of.
        title: what to write into it.
        offset: from the start of the layout; None behind a part whose size varies.
        size: of the part; None where it varies.
        ahead: whether it is the length or number in front, and not the value.
    """

    field: Field
    title: str
    offset: int | None
    size: int | None
    ahead: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """A message, or a structure inside one.

    Attributes:
        protocol: whose it is, as in "otrv3".
        name: as it stands in its id.
        title: what the specification calls it.
        section: the section of the specification that it comes from.
        about: what it is for.
        fields: in the order in which they are written.
        versions: the versions of the protocol that have it.

    Raises:
        IllFormed: when it is declared: two fields share a name; or one contradicts its type, the
            others or itself.
    """

    protocol: str
    name: str
    title: str
    section: str
    about: str
    fields: tuple[Field, ...]
    versions: tuple[int, ...]

    def __post_init__(self) -> None:
        names = [field.name for field in self.fields]
        if len(set(names)) < len(names):
            message = f"{self.id}: two fields share a name"
            raise IllFormed(message)
        for field in self.fields:
            fault = self._fault(field)
            if fault:
                message = f"{self.field_id(field)}: {fault}"
                raise IllFormed(message)

    def _fault(self, field: Field) -> str:
        shape = field.type.spec
        fixed, prefixed = shape.kind in _FIXED, shape.kind in _PREFIXED
        covered = set(field.covers or ())
        faults = {
            "its size is not stated": (fixed and not field.exact) or (prefixed and not shape.size),
            "its size is not for it to state": field.size > 0 and not self._sizeable(shape),
            "it is not bytes, and states their unit": field.unit > 0
            and shape.kind is not Kind.COUNTED,
            "its size does not vary, and has a bound": field.most > 0 and field.exact is not None,
            "it is longer than its bound": 0 < field.most < field.least,
            "the layouts that it may hold do not fit its type": (
                (shape.kind is Kind.SEQUENCE) != bool(field.options)
            ),
            "the layouts that it may hold cannot be told apart": not _told_apart(field.options),
            "the layout inside is not stated": shape.kind in _NESTED and field.inside is None,
            "it runs to the end, and another field follows": (
                shape.kind in _TO_THE_END and field is not self.fields[-1]
            ),
            "it covers a field that is not there": not covered <= {f.name for f in self.fields},
            "its value does not fit": field.value is not None and not _fits(shape, field.value),
            "it belongs to a version that the layout does not": (
                not set(field.versions) <= set(self.versions)
            ),
        }
        return next((fault for fault, present in faults.items() if present), "")

    @staticmethod
    def _sizeable(shape: Shape) -> bool:
        """Whether a field of this shape may state the size of its value."""
        return shape.kind in _COUNTED or (shape.kind is Kind.OCTETS and not shape.size)

    @property
    def id(self) -> str:
        """Its public id, as in "otrv3.layout:data"."""
        return f"{self.protocol}.layout:{self.name}"

    def field_id(self, field: Field) -> str:
        """The public id of one of its fields, as in "otrv3.layout:data.next_dh"."""
        return f"{self.id}.{field.name}"

    def of(self, version: int) -> tuple[Field, ...]:
        """The fields that a version has."""
        return tuple(f for f in self.fields if not f.versions or version in f.versions)

    def least(self, version: int = 0) -> int:
        """The smallest size that it can have; of the newest version where none is given."""
        return sum(field.least for field in self.of(version or self.versions[-1]))

    def exact(self, version: int = 0) -> int | None:
        """The size that it always has, None where that varies; version as in `least`."""
        total = 0
        for field in self.of(version or self.versions[-1]):
            if field.exact is None or field.optional:
                return None
            total += field.exact
        return total

    def cells(self, version: int) -> tuple[Cell, ...]:
        """The layout as a drawing shows it, lengths and values apart."""
        cells: list[Cell] = []
        offset: int | None = 0
        for field in self.of(version):
            prefix, exact = field.prefix, None if field.optional else field.exact
            if prefix:
                cells.append(Cell(field, field.prefix_title, offset, prefix, ahead=True))
                offset = None if offset is None else offset + prefix
            size = None if exact is None else exact - prefix
            cells.append(Cell(field, field.title, offset, size))
            offset = None if offset is None or size is None else offset + size
        return tuple(cells)

    def document(self) -> dict[str, Document]:
        """The layout as JSON."""
        return {
            "id": self.id,
            "title": self.title,
            "section": self.section,
            "about": self.about,
            "versions": list(self.versions),
            "fields": [{"id": self.field_id(f), **f.document()} for f in self.fields],
        }


def _fits(shape: Shape, value: int) -> bool:
    """Whether a number of fixed size can be a value."""
    if shape.kind is Kind.SIGNED_NUMBER:
        return -1 << 8 * shape.size - 1 <= value < 1 << 8 * shape.size - 1
    return shape.kind in _NUMBERS and 0 <= value < 1 << 8 * shape.size


def _told_apart(options: tuple[Option, ...]) -> bool:
    """Whether the first fields of layouts are alike but for the one number that each may hold."""
    firsts = [option.layout.fields[0] for option in options if option.layout.fields]
    values = {first.value for first in firsts}
    return (
        len(firsts) == len(values) == len(options)
        and None not in values
        and len({(first.type, first.title) for first in firsts}) <= 1
    )


@dataclass(frozen=True, slots=True)
class Flag:
    """One bit of a field of flags."""

    name: str
    bit: int
    about: str


# --- Texts ------------------------------------------------------------------------------------


@unique
class Form(Word):
    """How a piece of a text is written."""

    SIGN = "its start, and nothing else: it is there or it is not"
    HEX = "a number in hexadecimal digits"
    DECIMAL = "a number in decimal digits"
    NATURAL = "a number from 1 in decimal digits, without zeros in front"
    BASE64 = "bytes in base-64"
    IDENTIFIERS = "letters and digits, each of which names a version"
    MARKS = "one or more marks of eight blanks and tabs, each of which stands for a version"
    TEXT = "any text up to its end"


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a text.

    Attributes:
        name: what it is called in records, and in its id.
        title: what the specification calls it.
        form: how it is written.
        about: what it holds.
        start: what stands in front of it.
        end: what stands behind it, and not in it; empty: nothing does.
        digits: of a number: how many are written, and how many are read at most.
        least: of a text: how many bytes it has at least.
        most: of a number: the largest.
        marks: of MARKS: the version and how it is marked, in the order of writing.
        optional: it may be left out.
    """

    name: str
    title: str
    form: Form
    about: str
    start: bytes = b""
    end: bytes = b""
    digits: int = 0
    least: int = 0
    most: int = 0
    marks: tuple[tuple[int, bytes], ...] = ()
    optional: bool = False

    def document(self) -> dict[str, Document]:
        """The piece as JSON; what has its default is left out."""
        document: dict[str, Document] = {
            "name": self.name,
            "title": self.title,
            "form": self.form.label,
            "about": self.about,
        }
        if self.start:
            document["start"] = self.start.decode("ascii")
        if self.end:
            document["end"] = self.end.decode("ascii")
        if self.digits:
            document["digits"] = self.digits
            document["most"] = self.most
        if self.least:
            document["least"] = self.least
        if self.marks:
            document["marks"] = [
                {"version": version, "mark": mark.decode("ascii")} for version, mark in self.marks
            ]
        if self.optional:
            document["optional"] = True
        return document


@dataclass(frozen=True, slots=True)
class TextFormat:
    """A text that the network carries: a prefix by which it is known, then pieces.

    Attributes:
        protocol: whose it is, as in "otrv3".
        name: as it stands in its id.
        title: what the specification calls it.
        section: the section of the specification that it comes from.
        about: what it is for.
        prefix: what it is known by.
        pieces: in the order in which they are written.
        versions: the versions of the protocol that have it.
    """

    protocol: str
    name: str
    title: str
    section: str
    about: str
    prefix: bytes
    pieces: tuple[Piece, ...]
    versions: tuple[int, ...]

    @property
    def id(self) -> str:
        """Its public id, as in "otrv3.text:encoded"."""
        return f"{self.protocol}.text:{self.name}"

    def piece_id(self, piece: Piece) -> str:
        """The public id of one of its pieces, as in "otrv3.text:encoded.binary"."""
        return f"{self.id}.{piece.name}"

    def document(self) -> dict[str, Document]:
        """The format as JSON."""
        return {
            "id": self.id,
            "title": self.title,
            "section": self.section,
            "about": self.about,
            "versions": list(self.versions),
            "prefix": self.prefix.decode("ascii"),
            "pieces": [{"id": self.piece_id(p), **p.document()} for p in self.pieces],
        }
