"""The layouts of OTRv3 hold together, and the group is the one that its formula gives."""

from __future__ import annotations

import json
from dataclasses import replace
from enum import unique
from typing import Final

import pytest

from otr_model.groups import MODP_1536
from otr_model.kernel.layout import (
    DataType,
    Document,
    Field,
    Form,
    Kind,
    Layout,
    Option,
    Shape,
)
from otr_model.kernel.table import IllFormed
from otr_model.otrv3 import layouts
from otr_model.otrv3.layouts import LAYOUTS, TEXTS


@unique
class Toy(DataType):
    """Data types of a protocol that is not there."""

    BYTE = Shape("one byte", Kind.NUMBER, 1)
    BYTES = Shape("bytes of a stated number", Kind.OCTETS)
    DATA = Shape("bytes and their number", Kind.COUNTED, 2)
    UNCOUNTED = Shape("a length without a size", Kind.COUNTED)
    REST = Shape("the rest", Kind.REST)
    WORDS = Shape("words", Kind.TERMINATED)
    RECORD = Shape("another layout", Kind.RECORD)
    MPI = Shape("a number and its size", Kind.COUNTED_NUMBER, 2)
    LITTLE = Shape("two bytes, the last first", Kind.LITTLE_NUMBER, 2)
    SIGNED = Shape("one byte, and its sign", Kind.SIGNED_NUMBER, 1)
    SEQUENCE = Shape("other layouts and their number", Kind.SEQUENCE, 2)
    UNNUMBERED = Shape("a number without a size", Kind.SEQUENCE)


def toy(*fields: Field, versions: tuple[int, ...] = (1, 2)) -> Layout:
    return Layout("toy", "sample", "Sample", "None", "a sample", fields, versions)


BYTE: Final = Field("byte", "Byte", Toy.BYTE, "a byte")
REST: Final = Field("rest", "Rest", Toy.REST, "the rest")
DATA: Final = Field("data", "Data", Toy.DATA, "any bytes")
ONE: Final = toy(replace(BYTE, value=1), DATA)
TWO: Final = toy(replace(BYTE, value=2), Field("four", "Four", Toy.BYTES, "four", size=4))
THREE: Final = toy(replace(BYTE, value=3), replace(DATA, size=3))
SEQUENCE: Final = Field(
    "sequence",
    "Samples",
    Toy.SEQUENCE,
    "samples",
    options=(Option(ONE), Option(TWO), Option(THREE, required=False)),
)


# --- What a layout is -------------------------------------------------------------------------


def test_sizes_are_known_as_far_as_they_can_be() -> None:
    inner = toy(BYTE, Field("four", "Four", Toy.BYTES, "four bytes", size=4))
    assert (inner.least(), inner.exact()) == (5, 5)

    fixed = Field("fixed", "Fixed", Toy.DATA, "three bytes", size=3)
    data = Field("data", "Data", Toy.DATA, "any bytes")
    record = Field("record", "Record", Toy.RECORD, "a sample", inside=inner)
    words = Field("words", "Words", Toy.WORDS, "words")
    late = Field("late", "Late", Toy.BYTE, "a byte of version 2", versions=(2,))
    last = Field("last", "Last", Toy.BYTE, "perhaps a byte", optional=True)
    outer = toy(fixed, late, data, record, words, last)

    fields = (fixed, data, record, words, last)
    assert [f.least for f in fields] == [5, 2, 5, 1, 0]
    assert [f.exact for f in fields] == [5, None, 5, None, 1]
    assert outer.of(1) == (fixed, data, record, words, last)
    assert outer.of(2) == outer.fields
    assert (outer.least(1), outer.exact(1)) == (13, None)
    assert (outer.least(2), outer.least()) == (14, 14)
    assert (toy(late, fixed).exact(1), toy(late, fixed).exact()) == (5, 6)
    assert toy(last).exact() is None


def test_a_drawing_has_a_cell_for_every_length_and_value() -> None:
    fixed = Field("fixed", "Fixed", Toy.DATA, "three bytes", size=3)
    data = Field("data", "Data", Toy.DATA, "any bytes")
    last = Field("last", "Last", Toy.BYTE, "perhaps a byte", optional=True)

    cells = [(c.title, c.offset, c.size) for c in toy(fixed, BYTE, data, last).cells(1)]

    assert cells == [
        ("length", 0, 2),
        ("Fixed", 2, 3),
        ("Byte", 5, 1),
        ("length", 6, 2),
        ("Data", 8, None),
        ("Last", None, None),
    ]


def test_a_sequence_is_as_long_as_what_has_to_be_in_it() -> None:
    bounded = replace(SEQUENCE, name="bounded", most=90)
    assert (SEQUENCE.prefix, SEQUENCE.prefix_title) == (2, "Number of Samples")
    assert (DATA.prefix, DATA.prefix_title) == (2, "length")
    assert (SEQUENCE.least, SEQUENCE.exact) == (2 + (1 + 2) + (1 + 4), None)
    cells = toy(BYTE, SEQUENCE, bounded).cells(1)
    assert [(c.title, c.offset, c.size, c.ahead) for c in cells] == [
        ("Byte", 0, 1, False),
        ("Number of Samples", 1, 2, True),
        ("Samples", 3, None, False),
        ("Number of Samples", None, 2, True),
        ("Samples", None, None, False),
    ]
    assert bounded.document()["most"] == 90
    assert bounded.document()["options"] == [
        {"inside": "toy.layout:sample", "required": True},
        {"inside": "toy.layout:sample", "required": True},
        {"inside": "toy.layout:sample"},
    ]


@pytest.mark.parametrize("value", [-128, -1, 0, 127])
def test_a_signed_number_may_be_less_than_nothing(value: int) -> None:
    field = Field("signed", "Signed", Toy.SIGNED, "a number", value=value)
    assert toy(field).exact() == 1


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ((BYTE, BYTE), "toy.layout:sample: two fields share a name"),
        ((Field("f", "F", Toy.BYTES, "no size"),), "its size is not stated"),
        ((Field("f", "F", Toy.UNCOUNTED, "no size"),), "its size is not stated"),
        ((replace(BYTE, size=2),), "its size is not for it to state"),
        ((replace(REST, size=2),), "its size is not for it to state"),
        ((Field("f", "F", Toy.RECORD, "of what?"),), "the layout inside is not stated"),
        ((REST, BYTE), "it runs to the end, and another field follows"),
        ((replace(BYTE, covers=("byte", "gone")),), "it covers a field that is not there"),
        ((replace(BYTE, value=256),), "its value does not fit"),
        ((replace(REST, value=1),), "its value does not fit"),
        ((replace(BYTE, versions=(2, 3)),), "it belongs to a version that the layout does not"),
        ((Field("f", "F", Toy.LITTLE, "big", value=65536),), "its value does not fit"),
        ((Field("f", "F", Toy.SIGNED, "big", value=128),), "its value does not fit"),
        ((Field("f", "F", Toy.SIGNED, "small", value=-129),), "its value does not fit"),
        ((Field("f", "F", Toy.LITTLE, "below", value=-1),), "its value does not fit"),
        ((replace(SEQUENCE, type=Toy.UNNUMBERED),), "its size is not stated"),
        ((replace(SEQUENCE, size=3),), "its size is not for it to state"),
        ((replace(BYTE, unit=2),), "it is not bytes, and states their unit"),
        ((Field("f", "F", Toy.MPI, "a number", unit=2),), "it is not bytes, and states their unit"),
        ((replace(BYTE, most=2),), "its size does not vary, and has a bound"),
        ((replace(DATA, size=3, most=9),), "its size does not vary, and has a bound"),
        ((replace(SEQUENCE, most=9),), "it is longer than its bound"),
        ((replace(SEQUENCE, options=()),), "do not fit its type"),
        ((replace(DATA, options=SEQUENCE.options),), "do not fit its type"),
        ((replace(SEQUENCE, options=(Option(ONE), Option(ONE))),), "cannot be told apart"),
        ((replace(SEQUENCE, options=(Option(toy(BYTE)),)),), "cannot be told apart"),
        ((replace(SEQUENCE, options=(Option(toy()),)),), "cannot be told apart"),
        (
            (
                replace(
                    SEQUENCE,
                    options=(Option(ONE), Option(toy(replace(BYTE, title="B", value=2)))),
                ),
            ),
            "cannot be told apart",
        ),
    ],
)
def test_a_layout_that_contradicts_itself_is_refused(fields: tuple[Field, ...], fault: str) -> None:
    with pytest.raises(IllFormed, match=fault) as refused:
        toy(*fields)
    assert str(refused.value).startswith("toy.layout:sample")


# --- The layouts of OTRv3 ---------------------------------------------------------------------


def test_every_id_is_its_own() -> None:
    ids = [
        *(layout.id for layout in LAYOUTS),
        *(layout.field_id(field) for layout in LAYOUTS for field in layout.fields),
        *(text.id for text in TEXTS),
        *(text.piece_id(piece) for text in TEXTS for piece in text.pieces),
    ]

    assert len(set(ids)) == len(ids)
    assert "otrv3.layout:data" in ids
    assert "otrv3.layout:data.next_dh" in ids
    assert "otrv3.text:fragment-v3.piece" in ids


def test_what_a_layout_holds_is_a_layout_too() -> None:
    held = {
        field.inside.id for layout in LAYOUTS for field in layout.fields if field.inside is not None
    }
    assert held <= {layout.id for layout in LAYOUTS}


def test_encoded_messages_begin_with_the_header_and_their_type() -> None:
    header = [field.name for field in layouts.HEADER.fields]
    assert header == ["version", "type", "sender", "receiver"]
    assert (layouts.HEADER.exact(2), layouts.HEADER.exact(3)) == (3, 11)
    for kind, layout in layouts.ENCODED.items():
        assert [field.name for field in layout.fields[:4]] == header
        assert layout.fields[1].value == kind
        assert [field.name for field in layout.of(2)[:2]] == ["version", "type"]
        assert len(layout.of(3)) == len(layout.of(2)) + 2


@pytest.mark.parametrize(
    ("layout", "least", "exact"),
    [
        (layouts.DH_COMMIT, 11 + 4 + 4 + 32, None),
        (layouts.DH_KEY, 11 + 4, None),
        (layouts.REVEAL_SIGNATURE, 11 + 4 + 16 + 4 + 20, None),
        (layouts.SIGNATURE, 11 + 4 + 20, None),
        (layouts.DATA, 11 + 1 + 4 + 4 + 4 + 8 + 4 + 20 + 4, None),
        (layouts.PUBKEY, 2 + 4 * 4, None),
        (layouts.IDENTITY, 2 + 4 * 4 + 4 + 40, None),
        (layouts.SMP_SECRET, 1 + 20 + 20 + 8, None),
        (layouts.CONTENT, 0, None),
        (layouts.EXTRA_KEY, 4, None),
    ],
)
def test_the_sizes_of_the_specification_add_up(
    layout: Layout, least: int, exact: int | None
) -> None:
    assert (layout.least(3), layout.exact(3)) == (least, exact)


def test_a_smp_message_counts_the_numbers_that_it_has() -> None:
    expected = {2: 6, 3: 11, 4: 8, 5: 3, 7: 6}
    for kind, count in expected.items():
        fields = layouts.TLVS[kind].fields
        numbers = [field for field in fields if field.type is layouts.Type.MPI]
        (counting,) = (field for field in fields if field.name == "count")
        assert counting.value == count
        assert len(numbers) == count
        assert fields[-count - 1] is counting
    assert layouts.SMP_1Q.fields[1:] == layouts.SMP_1.fields


def test_a_mac_covers_fields_in_front_of_it() -> None:
    covering = [
        (layout, field) for layout in LAYOUTS for field in layout.fields if field.covers is not None
    ]
    assert len(covering) == 3
    for layout, field in covering:
        names = [f.name for f in layout.fields]
        first, last = (names.index(name) for name in field.covers or ())
        assert first <= last < names.index(field.name)


def test_whitespace_tags_spell_letters_in_blanks_and_tabs() -> None:
    def spelt(marks: bytes) -> str:
        bits = "".join("01"[mark == ord("\t")] for mark in marks)
        return "".join(chr(int(bits[i : i + 8], 2)) for i in range(0, len(bits), 8))

    (versions,) = layouts.WHITESPACE_TAG.pieces
    spelling = {
        version: spelt(layouts.WHITESPACE_TAG.prefix + mark) for version, mark in versions.marks
    }
    assert spelling == {1: "OTR", 2: "OT2", 3: "OT3"}


def test_a_fragment_is_written_in_the_order_of_its_printf() -> None:
    v2, v3 = layouts.FRAGMENT_V2, layouts.FRAGMENT_V3
    assert v2.prefix + b"".join(b"%b" + piece.end for piece in v2.pieces) == b"?OTR,%b,%b,%b,"
    assert v3.prefix + b"".join(b"%b" + piece.end for piece in v3.pieces) == b"?OTR|%b|%b,%b,%b,%b,"
    assert [p.form for p in v3.pieces] == [
        Form.HEX,
        Form.HEX,
        Form.DECIMAL,
        Form.DECIMAL,
        Form.TEXT,
    ]


def test_layouts_and_texts_are_json() -> None:
    documents: list[Document] = [
        *(layout.document() for layout in LAYOUTS),
        *(text.document() for text in TEXTS),
    ]

    assert json.loads(json.dumps(documents)) == documents


def test_a_document_leaves_out_what_is_not_said() -> None:
    document = layouts.REVEAL_SIGNATURE.document()
    fields = document.pop("fields")
    assert document == {
        "id": "otrv3.layout:reveal-signature",
        "title": "Reveal Signature Message",
        "section": "Reveal Signature Message",
        "about": layouts.REVEAL_SIGNATURE.about,
        "versions": [2, 3],
    }
    assert isinstance(fields, list)
    always = {"id", "name", "title", "type", "about"}
    said: list[Document] = []
    for field in fields:
        assert isinstance(field, dict)
        assert always <= field.keys()
        said.append({key: value for key, value in field.items() if key not in always})
    assert said == [
        {},
        {"value": 0x11},
        {"versions": [3]},
        {"versions": [3]},
        {"size": 16},
        {"key": "c", "inside": "otrv3.layout:identity"},
        {"key": "m2", "covers": ["encrypted_signature", "encrypted_signature"]},
    ]


# --- The group --------------------------------------------------------------------------------


def arctangent_of_inverse(n: int, unit: int) -> int:
    """The arctangent of 1/n, times unit, by its series."""
    total, term, k = 0, unit // n, 1
    while term:
        total += term // k if k % 4 == 1 else -(term // k)
        term //= n * n
        k += 2
    return total


def test_the_modulus_is_what_rfc_3526_computes_from_pi() -> None:
    guard = 64  # bits: each of some hundred terms of the series is rounded
    unit = 1 << 1406 + guard
    machin = 4 * arctangent_of_inverse(5, unit) - arctangent_of_inverse(239, unit)
    pi = 4 * machin >> guard

    assert pi >> 1403 == 25  # 3.14... in eighths
    assert MODP_1536.modulus == 2**1536 - 2**1472 - 1 + 2**64 * (pi + 741804)


def test_the_generator_has_the_order_that_is_stated() -> None:
    assert (MODP_1536.size, MODP_1536.generator) == (192, 2)
    assert 2 * MODP_1536.order + 1 == MODP_1536.modulus
    assert pow(MODP_1536.generator, MODP_1536.order, MODP_1536.modulus) == 1
    for number in (MODP_1536.modulus, MODP_1536.order):
        assert pow(3, number - 1, number) == 1  # Fermat: a composite does not pass by chance
