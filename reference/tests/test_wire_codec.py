"""The codec: what is written is read again, what cannot be read is named, and nothing is slow."""

from __future__ import annotations

import contextlib
import copy
import pickle
from enum import unique
from typing import TYPE_CHECKING, Final, SupportsIndex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otr_model.kernel.layout import (
    DataType,
    Field,
    Form,
    Kind,
    Layout,
    Option,
    Piece,
    Shape,
    TextFormat,
)
from otr_reference.codec import Codec, Misread, SequenceCodec, TextCodec, count_octets
from otr_reference.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otr_reference.codec import Part, TextPart, Value


@unique
class Toy(DataType):
    """One data type of every kind."""

    SHORT = Shape("two bytes", Kind.NUMBER, 2)
    BYTES = Shape("bytes of a stated number", Kind.OCTETS)
    DATA = Shape("bytes and their number", Kind.COUNTED, 1)
    MPI = Shape("a number and its size", Kind.COUNTED_NUMBER, 1)
    WORDS = Shape("words and a NUL", Kind.TERMINATED)
    TEXT = Shape("words", Kind.TEXT)
    REST = Shape("the rest", Kind.REST)
    RECORD = Shape("another layout", Kind.RECORD)
    LITTLE = Shape("two bytes, the last first", Kind.LITTLE_NUMBER, 2)
    SIGNED = Shape("two bytes and a sign", Kind.SIGNED_NUMBER, 2)
    SEQUENCE = Shape("other layouts and their number", Kind.SEQUENCE, 1)


def layout(*fields: Field) -> Layout:
    return Layout("toy", "sample", "Sample", "None", "a sample", fields, (1, 2))


INNER: Final = layout(
    Field("kind", "Kind", Toy.SHORT, "always 7", value=7),
    Field("inner", "Inner", Toy.MPI, "a number"),
)
SAMPLE: Final = layout(
    Field("short", "Short", Toy.SHORT, "a number"),
    Field("three", "Three", Toy.BYTES, "three bytes", size=3),
    Field("late", "Late", Toy.SHORT, "a number of version 2", versions=(2,)),
    Field("two", "Two", Toy.DATA, "two bytes", size=2),
    Field("data", "Data", Toy.DATA, "bytes"),
    Field("number", "Number", Toy.MPI, "a number"),
    Field("record", "Record", Toy.RECORD, "a record", inside=INNER),
    Field("words", "Words", Toy.WORDS, "words"),
    Field("text", "Text", Toy.TEXT, "words"),
    Field("nul", "Nul", Toy.BYTES, "one byte", size=1, optional=True),
    Field("rest", "Rest", Toy.REST, "the rest", optional=True),
)
VALUES: Final[dict[str, Value]] = {
    "short": 0x0102,
    "three": b"abc",
    "two": b"de",
    "data": b"data",
    "number": 0x8001,
    "record": b"\0\7\1\5",
    "words": b"words",
    "text": b"text",
    "nul": b"\0",
    "rest": b"rest\0",
}
BYTES: Final = b"\1\2abc\2de\4data\2\x80\1\0\7\1\5words\0text\0rest\0"


def taken(parts: Iterable[Part | TextPart]) -> dict[str, Value]:
    return {part.name: part.value for part in parts}


# --- Bytes ------------------------------------------------------------------------------------


def test_every_kind_of_field_is_written_and_read() -> None:
    codec = Codec(SAMPLE, 1)

    assert codec.write(VALUES) == BYTES

    parts = list(codec.whole(BYTES))
    assert taken(parts) == VALUES
    assert [part.start for part in parts] == [0, 2, 5, 8, 13, 16, 20, 26, 30, 31]
    assert [part.end for part in parts] == [*(part.start for part in parts[1:]), len(BYTES)]
    assert taken(codec.parts(b"??" + BYTES, 2)) == VALUES


def test_a_version_has_its_own_fields() -> None:
    older, newer, newest = Codec(SAMPLE, 1), Codec(SAMPLE, 2), Codec(SAMPLE)
    later = VALUES | {"late": 0x3456}

    assert newer.write(later) == newest.write(later) == BYTES[:5] + b"\x34\x56" + BYTES[5:]
    assert older.write(later) == BYTES
    assert taken(newer.whole(newer.write(later))) == later


def test_optional_fields_end_where_the_bytes_do() -> None:
    codec = Codec(SAMPLE, 1)
    for last in ("text", "nul", "rest"):
        names = list(VALUES)
        values = {name: VALUES[name] for name in names[: names.index(last) + 1]}
        written = codec.write(values)
        assert BYTES.startswith(written)
        read = taken(codec.whole(written))
        assert read == values
    nothing = Codec(layout(Field("rest", "Rest", Toy.REST, "the rest", optional=True)))
    assert nothing.write({}) == b""
    assert taken(nothing.whole(b"")) == {}


def test_some_fields_can_be_written_alone() -> None:
    codec = Codec(SAMPLE, 1)

    assert codec.write({"short": 1, "three": b"xyz"}, until="two") == b"\0\1xyz"
    assert codec.write({"text": b"text"}, since="text") == b"text"
    assert codec.write({"number": 0}, since="number", until="record") == b"\0"
    assert codec.write(VALUES, until="data") + codec.write(VALUES, since="data") == BYTES


FAULTS: Final[dict[bytes, tuple[str, str, int]]] = {
    b"": ("Short", "is cut short", 0),
    b"\1\2ab": ("Three", "is cut short", 2),
    b"\1\2abc": ("Two", "has its length cut short", 5),
    b"\1\2abc\1d": ("Two", "is not 2 bytes long", 5),
    b"\1\2abc\2d": ("Two", "is cut short", 5),
    BYTES[:8] + b"\xff" + BYTES[9:]: ("Data", "is cut short", 8),
    BYTES[:13] + b"\2\0\1" + BYTES[16:]: ("Number", "has leading zero bytes", 13),
    BYTES[:13] + b"\1\0" + BYTES[16:]: ("Number", "has leading zero bytes", 13),
    BYTES[:13] + b"\x90" + BYTES[14:]: ("Number", "is cut short", 13),
    BYTES[:16] + b"\0\6\1\5" + BYTES[20:]: ("Kind", "is not 7", 16),
    BYTES[:16] + b"\0\7\1\0" + BYTES[20:]: ("Inner", "has leading zero bytes", 18),
    BYTES[:24]: ("Words", "has no NUL at its end", 20),
}


@pytest.mark.parametrize("data", FAULTS)
def test_a_fault_is_named_and_what_stands_in_front_is_read(data: bytes) -> None:
    read: dict[str, Value] = {}
    parts = Codec(SAMPLE, 1).parts(data)
    with pytest.raises(Misread) as caught:
        read.update((part.name, part.value) for part in parts)

    fault = caught.value
    assert (fault.field, fault.reason, fault.offset) == FAULTS[data]
    names = [field.title for field in SAMPLE.of(1)]
    expected = "Record" if fault.field in {"Kind", "Inner"} else fault.field
    assert len(read) == names.index(expected)


def test_nothing_may_follow_a_whole() -> None:
    codec = Codec(INNER)
    assert taken(codec.parts(b"\0\7\0more")) == {"kind": 7, "inner": 0}

    with pytest.raises(Misread) as caught:
        list(codec.whole(b"\0\7\0more"))
    assert str(caught.value) == "Sample: is followed by other bytes"
    assert caught.value.offset == 3


def test_a_number_with_leading_zeros_can_be_let_through() -> None:
    codec = Codec(layout(Field("number", "Number", Toy.MPI, "a number")))

    assert taken(codec.whole(b"\3\0\0\5", minimal=False)) == {"number": 5}
    with pytest.raises(Misread, match="Number: has leading zero bytes"):
        list(codec.whole(b"\3\0\0\5"))


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("short", -1, "Short: is negative"),
        ("short", 0x10000, "Short: is more than 65535"),
        ("short", b"\0\0", "Short: is not a number"),
        ("three", b"four", "Three: is not 3 bytes long"),
        ("three", 3, "Three: is a number"),
        ("two", b"", "Two: is not 2 bytes long"),
        ("data", bytes(256), "Data: is longer than 255 bytes"),
        ("number", -1, "Number: is negative"),
        ("number", 1 << 8 * 255, "Number: is longer than 255 bytes"),
        ("words", b"a\0b", "Words: holds a NUL"),
        ("text", b"a\0", "Text: holds a NUL"),
        ("nul", None, "Nul: has no value"),
        ("words", None, "Words: has no value"),
    ],
)
def test_what_a_field_cannot_hold_is_not_written(
    name: str, value: Value | None, fault: str
) -> None:
    values = {**VALUES}
    del values[name]
    if value is not None:
        values[name] = value

    with pytest.raises(Malformed) as caught:
        Codec(SAMPLE, 1).write(values)
    assert str(caught.value) == fault


# --- Numbers with a sign or from the other end, and sizes -------------------------------------

NUMBERS: Final = layout(
    Field("little", "Little", Toy.LITTLE, "a number"),
    Field("known", "Known", Toy.LITTLE, "always 16", value=16),
    Field("signed", "Signed", Toy.SIGNED, "a number"),
)


@given(st.integers(0, 0xFFFF), st.integers(-0x8000, 0x7FFF))
def test_numbers_of_either_end_and_sign_are_read_as_written(little: int, signed: int) -> None:
    codec = Codec(NUMBERS)
    written = codec.write({"little": little, "signed": signed})
    assert written == bytes((little & 255, little >> 8, 16, 0, (signed >> 8) & 255, signed & 255))
    assert taken(codec.whole(written)) == {"little": little, "known": 16, "signed": signed}


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"little": 65536}, "Little: is more than 65535"),
        ({"little": -1}, "Little: is negative"),
        ({"little": b"\0\0"}, "Little: is not a number"),
        ({"signed": 0x8000}, "Signed: is not -32768 to 32767"),
        ({"signed": -0x8001}, "Signed: is not -32768 to 32767"),
        ({"signed": b"\0\0"}, "Signed: is not a number"),
    ],
)
def test_a_number_out_of_range_is_not_written(values: dict[str, Value], fault: str) -> None:
    with pytest.raises(Malformed) as caught:
        Codec(NUMBERS).write({"little": 0, "signed": 0, **values})
    assert str(caught.value) == fault


def test_a_known_number_is_told_from_the_same_bytes_in_reverse() -> None:
    with pytest.raises(Misread, match="Known: is not 16"):
        list(Codec(NUMBERS).whole(b"\0\0\0\x10\0\0"))
    with pytest.raises(Misread, match="Signed: is cut short"):
        list(Codec(NUMBERS).whole(b"\0\0\x10\0\0"))


SIZED: Final = layout(
    Field("pairs", "Pairs", Toy.DATA, "pairs of bytes", unit=2),
    Field("short", "Short", Toy.DATA, "three bytes at most", most=4),
    Field("small", "Small", Toy.MPI, "a number of two bytes", size=2),
    Field("fixed", "Fixed", Toy.RECORD, "a record", inside=NUMBERS),
)
FIXED: Final = b"\1\0\x10\0\0\2"


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"pairs": b"odd"}, "Pairs: is not a multiple of 2 bytes long"),
        ({"short": b"long"}, "Short: is longer than 4 bytes"),
        ({"small": 255}, "Small: is not 2 bytes long"),
        ({"small": 65536}, "Small: is not 2 bytes long"),
        ({"fixed": FIXED[:-1]}, "Fixed: is not 6 bytes long"),
    ],
)
def test_a_size_that_is_asked_for_is_kept(values: dict[str, Value], fault: str) -> None:
    good: dict[str, Value] = {"pairs": b"even", "short": b"abc", "small": 256, "fixed": FIXED}
    codec = Codec(SIZED)
    written = codec.write(good)
    assert written == b"\4even\3abc\2\1\0" + FIXED
    assert taken(codec.whole(written)) == good
    with pytest.raises(Malformed) as caught:
        codec.write({**good, **values})
    assert str(caught.value) == fault


@pytest.mark.parametrize(
    ("data", "fault", "offset"),
    [
        (b"\3odd\0\2\1\0", "Pairs: is not a multiple of 2 bytes long", 0),
        (b"\0\4long\2\1\0", "Short: is longer than 4 bytes", 1),
        (b"\0\0\1\1", "Small: is not 2 bytes long", 2),
    ],
)
def test_a_size_that_is_not_asked_for_is_refused(data: bytes, fault: str, offset: int) -> None:
    with pytest.raises(Misread) as caught:
        list(Codec(SIZED).whole(data + FIXED))
    assert (str(caught.value), caught.value.offset) == (fault, offset)


# --- Sequences --------------------------------------------------------------------------------


def option(kind: int, title: str, value: Field, *, required: bool = True) -> Option:
    told = Field("kind", "Kind", Toy.SHORT, title, value=kind)
    return Option(Layout("toy", title, title, "None", title, (told, value), (1, 2)), required)


SEQUENCE: Final = Field(
    "items",
    "Items",
    Toy.SEQUENCE,
    "two or three",
    most=30,
    options=(
        option(1, "First", Field("first", "A", Toy.SHORT, "a number")),
        option(2, "Second", Field("second", "B", Toy.DATA, "bytes")),
        option(3, "Third", Field("third", "C", Toy.MPI, "a number"), required=False),
    ),
)
HOLDING: Final = layout(SEQUENCE, Field("behind", "Behind", Toy.SHORT, "a number"))
FIRST: Final = b"\0\1\0\7"
SECOND: Final = b"\0\2\2ab"
THIRD: Final = b"\0\3\1\5"


@pytest.mark.parametrize(
    "items", [(FIRST, SECOND), (SECOND, FIRST), (THIRD, SECOND, FIRST), (FIRST, THIRD, SECOND)]
)
def test_a_sequence_is_read_in_any_order_and_kept_as_it_is(items: tuple[bytes, ...]) -> None:
    data = bytes((len(items),)) + b"".join(items)
    read = taken(Codec(HOLDING).whole(data + b"\0\x09"))
    assert read == {"items": data, "behind": 9}
    assert Codec(HOLDING).write(read) == data + b"\0\x09"

    records = list(SequenceCodec(SEQUENCE).records(b"??" + data, 2))
    assert [(b"??" + data)[each.start : each.end] for each in records] == list(items)
    values = {part.name: part.value for each in records for part in each.parts}
    assert (values["first"], values["second"]) == (7, b"ab")
    assert values.get("third", 5) == 5
    assert SequenceCodec(SEQUENCE).write(values) == bytes((len(items),)) + b"".join(sorted(items))


@pytest.mark.parametrize(
    ("data", "fault", "offset"),
    [
        (b"", "Number of Items: is cut short", 0),
        (b"\0", "Number of Items: is not 2 to 3", 0),
        (b"\1" + FIRST, "Number of Items: is not 2 to 3", 0),
        (b"\4" + FIRST * 4, "Number of Items: is not 2 to 3", 0),
        (b"\2" + FIRST + FIRST, "First: is there twice", 5),
        (b"\2" + FIRST + THIRD, "Second: is missing", 9),
        (b"\2" + THIRD + SECOND, "First: is missing", 10),
        (b"\2" + FIRST + b"\0\4\0\0", "Kind: is that of no field", 5),
        (b"\2" + FIRST + b"\0", "Kind: is cut short", 5),
        (b"\2" + FIRST, "Kind: is cut short", 5),
        (b"\3" + FIRST + SECOND, "Kind: is cut short", 10),
        (b"\2" + FIRST + SECOND[:-1], "B: is cut short", 7),
        (b"\3" + FIRST + SECOND + b"\0\3\2\0\5", "C: has leading zero bytes", 12),
        (b"\2" + FIRST + b"\0\2\x20" + bytes(32), "Items: is longer than 30 bytes", 0),
    ],
)
def test_the_fault_of_a_sequence_is_named(data: bytes, fault: str, offset: int) -> None:
    with pytest.raises(Misread) as caught:
        list(Codec(layout(SEQUENCE)).parts(data))
    assert (str(caught.value), caught.value.offset) == (fault, offset)


def test_a_number_in_a_sequence_can_have_leading_zeros_let_through() -> None:
    data = b"\3" + FIRST + SECOND + b"\0\3\2\0\5"
    *_, third = SequenceCodec(SEQUENCE).records(data, minimal=False)
    assert third.parts[-1].value == 5


def test_a_sequence_that_lacks_something_is_not_written() -> None:
    codec = SequenceCodec(SEQUENCE)
    assert codec.write({"first": 7, "second": b"ab"}) == b"\2" + FIRST + SECOND
    with pytest.raises(Malformed, match="B: has no value"):
        codec.write({"first": 7, "third": 5})
    with pytest.raises(Malformed, match="Items: is longer than 30 bytes"):
        Codec(layout(SEQUENCE)).write({"items": bytes(31)})


@given(st.binary(max_size=40))
def test_a_sequence_takes_no_more_than_it_was_given(data: bytes) -> None:
    counted = Counting(data)
    with contextlib.suppress(Misread):
        list(Codec(layout(SEQUENCE)).parts(counted))
    assert counted.looked_at <= 4 * len(data) + 8


def test_a_fault_survives_a_journey() -> None:
    fault = Misread("Data", "is cut short", 8)
    for again in (pickle.loads(pickle.dumps(fault)), copy.copy(fault)):  # noqa: S301 - our own
        assert type(again) is Misread
        assert (again.field, again.reason, again.offset) == ("Data", "is cut short", 8)


@given(st.integers(min_value=0, max_value=1 << 4096))
def test_octets_are_counted(number: int) -> None:
    count = count_octets(number)
    assert number < 1 << 8 * count
    assert count == 0 or number >= 1 << 8 * (count - 1)


# --- Texts ------------------------------------------------------------------------------------

TEXT: Final = TextFormat(
    "toy",
    "text",
    "Sample text",
    "None",
    "a sample",
    b"<",
    (
        Piece("sign", "Sign", Form.SIGN, "there or not", start=b"!", optional=True),
        Piece("hex", "Hex", Form.HEX, "a number", end=b"|", digits=3, most=0xFFE),
        Piece("ids", "Ids", Form.IDENTIFIERS, "letters", start=b"v", end=b"?", optional=True),
        Piece("count", "Count", Form.DECIMAL, "a number", end=b":", digits=2, most=99),
        Piece("bytes", "Bytes", Form.BASE64, "bytes", end=b"."),
        Piece(
            "marks", "Marks", Form.MARKS, "marks", end=b"/", marks=((1, b" " * 8), (2, b"\t" * 8))
        ),
        Piece("text", "Text", Form.TEXT, "text", end=b">", least=1),
    ),
    (1,),
)
CODED: Final = TextFormat(
    "toy",
    "coded",
    "Coded text",
    "None",
    "a sample",
    b"!",
    (
        Piece("n", "N", Form.NATURAL, "a number", end=b":", digits=3, most=200, optional=True),
        Piece("text", "Text", Form.TEXT, "text"),
    ),
    (1,),
)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (b"!1:a", {"n": 1, "text": b"a"}),
        (b"!200:", {"n": 200, "text": b""}),
        (b"!201:a", {"text": b"201:a"}),
        (b"!1000:a", {"text": b"1000:a"}),
        (b"!01:a", {"text": b"01:a"}),
        (b"!0:a", {"text": b"0:a"}),
        (b"!:a", {"text": b":a"}),
        (b"!1a", {"text": b"1a"}),
    ],
)
def test_a_natural_number_is_written_in_one_way(text: bytes, values: dict[str, Value]) -> None:
    codec = TextCodec(CODED)
    assert taken(codec.parts(text)) == values
    assert codec.write(values) == text


def test_a_natural_number_is_not_zero_or_more_than_its_bound() -> None:
    for number, fault in ((0, "N: is zero"), (201, "N: is more than 200"), (-1, "N: is negative")):
        with pytest.raises(Malformed) as caught:
            TextCodec(CODED).write({"n": number, "text": b""})
        assert str(caught.value) == fault


def test_every_form_of_piece_is_written_and_read() -> None:
    codec = TextCodec(TEXT)
    values: dict[str, Value] = {
        "sign": b"",
        "hex": 0xAB,
        "ids": b"2x",
        "count": 7,
        "bytes": b"\xff\xff",
        "marks": b"\t" * 8 + b" " * 8,
        "text": b"text",
    }
    text = b"<!0ab|v2x?07://8=.\t\t\t\t\t\t\t\t        /text>"

    assert codec.write(values) == text
    parts = list(codec.parts(b"in front " + text + b"behind", 9))
    assert taken(parts) == values
    assert [text[part.start - 9 : part.end - 9] for part in parts] == [
        b"",
        b"0ab",
        b"2x",
        b"07",
        b"//8=",
        values["marks"],
        b"text",
    ]

    del values["sign"], values["ids"]
    assert taken(codec.parts(codec.write(values))) == values


@pytest.mark.parametrize(
    ("text", "field", "reason", "offset"),
    [
        (b"<|", "Hex", "does not have 1 to 3 hexadecimal digits", 1),
        (b"<!0123|", "Hex", "does not have 1 to 3 hexadecimal digits", 2),
        (b"<0x1|", "Hex", "does not end with '|'", 1),
        (b"<fff|", "Hex", "is more than 4094", 1),
        (b"<+1|", "Hex", "does not have 1 to 3 hexadecimal digits", 1),
        (b"<1|x:", "Count", "does not have 1 to 2 decimal digits", 3),
        (b"<1|v2:", "Count", "does not have 1 to 2 decimal digits", 3),
        (b"<1|1", "Count", "does not end with ':'", 3),
        (b"<1|1:AA==", "Bytes", "does not end with '.'", 5),
        (b"<1|1:A.", "Bytes", "is not base-64", 5),
        (b"<1|1:AA=.", "Bytes", "is not base-64", 5),
        (b"<1|1:AB==.", "Bytes", "is not base-64", 5),
        (b"<1|1:A\nA==.", "Bytes", "is not base-64", 5),
        (b"<1|1:AA==AAAA.", "Bytes", "is not base-64", 5),
        (b"<1|1:A-_=.", "Bytes", "is not base-64", 5),
        (b"<1|1:.       /", "Marks", "has no mark", 6),
        (b"<1|1:.         /", "Marks", "does not end with '/'", 6),
        (b"<1|1:.        /text", "Text", "does not end with '>'", 15),
        (b"<1|1:.        />", "Text", "is empty", 15),
    ],
)
def test_a_fault_in_a_text_is_named(text: bytes, field: str, reason: str, offset: int) -> None:
    with pytest.raises(Misread) as caught:
        list(TextCodec(TEXT).parts(text))
    fault = caught.value
    assert (fault.field, fault.reason, fault.offset) == (field, reason, offset)


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("hex", 0xFFF, "Hex: is more than 4094"),
        ("hex", -1, "Hex: is negative"),
        ("count", b"1", "Count: is not a number"),
        ("ids", b"2?", "Ids: holds other characters"),
        ("bytes", 1, "Bytes: is a number"),
        ("marks", b"12345678", "Marks: holds other characters"),
        ("text", b"a>b", "Text: holds '>'"),
        ("text", b"", "Text: is empty"),
        ("text", None, "Text: has no value"),
    ],
)
def test_what_a_piece_cannot_hold_is_not_written(
    name: str, value: Value | None, fault: str
) -> None:
    values: dict[str, Value] = {
        "hex": 1,
        "count": 1,
        "bytes": b"",
        "marks": b" " * 8,
        "text": b"text",
    }
    values.pop(name, None)
    if value is not None:
        values[name] = value

    with pytest.raises(Malformed) as caught:
        TextCodec(TEXT).write(values)
    assert str(caught.value) == fault


# --- Cost -------------------------------------------------------------------------------------


class Counting(bytes):
    """Bytes that count how many of them are copied out or searched through."""

    looked_at = 0

    def __getitem__(self, at: SupportsIndex | slice) -> int | bytes:  # type: ignore[override]  # counts
        found = super().__getitem__(at)
        self.looked_at += len(found) if isinstance(found, bytes) else 1
        return found

    def find(self, wanted: object, start: object = 0, _end: object = None) -> int:
        """Count the bytes up to what is found."""
        assert isinstance(wanted, int)
        assert isinstance(start, int)
        found = super().find(wanted, start)
        self.looked_at += (len(self) if found < 0 else found) - start
        return found


@given(st.binary(max_size=100), st.integers(0, len(BYTES)), st.binary(max_size=100))
def test_a_byte_is_looked_at_a_bounded_number_of_times(
    inserted: bytes, at: int, behind: bytes
) -> None:
    data = Counting(BYTES[:at] + inserted + BYTES[at:] + behind)
    with contextlib.suppress(Misread):
        list(Codec(SAMPLE, 1).parts(data))
    assert 0 < data.looked_at <= 3 * len(data) + 2 * len(SAMPLE.fields)
