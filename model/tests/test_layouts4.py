"""The layouts of OTRv4 hold together, and have the sizes that the specification adds up to."""

from __future__ import annotations

import json
from typing import Final

import pytest

from otr_model.kernel.layout import Document, Field, Form, Kind, Layout
from otr_model.otrv3 import layouts as v3
from otr_model.otrv4 import layouts
from otr_model.otrv4.layouts import LAYOUTS, TEXTS, Type

PROFILE: Final = 4 + (2 + 4) + (2 + 2 + 57) + (2 + 2 + 57) + (2 + 4) + (2 + 8) + 114
"""The smallest Client Profile: no DSA key, no transitional signature, no versions."""


def test_every_id_is_its_own() -> None:
    ids = [
        *(layout.id for layout in LAYOUTS),
        *(layout.field_id(field) for layout in LAYOUTS for field in layout.fields),
        *(text.id for text in TEXTS),
        *(text.piece_id(piece) for text in TEXTS for piece in text.pieces),
    ]
    older = {layout.id for layout in v3.LAYOUTS}

    assert len(set(ids)) == len(ids)
    assert not older & set(ids)
    assert "otrv4.layout:data.ratchet_id" in ids
    assert "otrv4.layout:profile-versions.versions" in ids
    assert "otrv4.text:fragment.identifier" in ids


def test_what_a_layout_holds_is_a_layout_too() -> None:
    fields = [field for layout in LAYOUTS for field in layout.fields]
    held = {field.inside.id for field in fields if field.inside is not None}
    held |= {option.layout.id for field in fields for option in field.options}
    assert held <= {layout.id for layout in LAYOUTS}


def test_encoded_messages_begin_with_the_header_and_their_type() -> None:
    header = [field.name for field in layouts.HEADER.fields]
    assert header == ["version", "type", "sender", "receiver"]
    assert layouts.HEADER.exact() == 11
    assert sorted(layouts.ENCODED) == [0x03, 0x0D, 0x0F, 0x35, 0x36, 0x37]
    for kind, layout in layouts.ENCODED.items():
        names = [field.name for field in layout.fields]
        assert [field.value for field in layout.fields[:2]] == [4, kind]
        if layout is layouts.PREKEY:
            assert names[:4] == ["version", "type", "identifier", "owner_tag"]
        else:
            assert names[:4] == header


@pytest.mark.parametrize(
    ("layout", "least", "exact"),
    [
        (layouts.RING_SIG, 6 * 57, 6 * 57),
        (layouts.ED448_PUBKEY, 59, 59),
        (layouts.ED448_FORGING_KEY, 59, 59),
        (layouts.ED448_SHARED_PREKEY, 59, 59),
        (layouts.PUBKEY, 2 + 4 + (4 + 20) + 4 + 4, None),
        (layouts.CLIENT_PROFILE, PROFILE, None),
        (layouts.PREKEY_PROFILE, 4 + 8 + 59 + 114, 4 + 8 + 59 + 114),
        (layouts.IDENTITY, 11 + PROFILE + 57 + 4 + 57 + 4, None),
        (layouts.AUTH_R, 11 + PROFILE + 57 + 4 + 342 + 57 + 4, None),
        (layouts.AUTH_I, 11 + 342, 11 + 342),
        (layouts.NON_INTERACTIVE_AUTH, 11 + PROFILE + 57 + 4 + 342 + 4 + 64 + 57 + 4, None),
        (layouts.PREKEY, 3 + 4 + 4 + 57 + 4, None),
        (layouts.DATA, 11 + 1 + 4 + 4 + 4 + 57 + 4 + 4 + 64 + 4, None),
        (layouts.FINGERPRINT, 114, 114),
        (layouts.PHI, 2 * (4 + 57 + 4), None),
        (layouts.PHI_OFFLINE, 2 * 4 + 57 + 4, None),
        (layouts.T_AUTH_R, 1 + 2 * 64 + 2 * 57 + 2 * 4 + 64, None),
        (layouts.T_AUTH_I, 1 + 2 * 64 + 2 * 57 + 2 * 4 + 64, None),
        (layouts.T_NON_INTERACTIVE, 2 * 64 + 2 * 57 + 2 * 4 + 57 + 64, None),
        (layouts.RING_HASH, 8 * 57, None),
        (layouts.SMP_SECRET, 1 + 56 + 56 + 8 + 4, None),
        (layouts.SMP_HASH, 1 + 57, None),
        (layouts.SMP_1, 4 + 6 * 57, None),
        (layouts.SMP_2, 11 * 57, 11 * 57),
        (layouts.SMP_3, 8 * 57, 8 * 57),
        (layouts.SMP_4, 3 * 57, 3 * 57),
        (layouts.EXTRA_KEY, 4, None),
        (layouts.CONTENT, 0, None),
    ],
)
def test_the_sizes_of_the_specification_add_up(
    layout: Layout, least: int, exact: int | None
) -> None:
    assert (layout.least(), layout.exact()) == (least, exact)


def test_only_the_types_of_keys_and_dates_are_written_otherwise() -> None:
    little = {kind for kind in Type if kind.spec.kind is Kind.LITTLE_NUMBER}
    signed = {kind for kind in Type if kind.spec.kind is Kind.SIGNED_NUMBER}
    assert little == {Type.KEY_TYPE}
    assert signed == {Type.CLIENT_PROF_EXP, Type.PREKEY_PROF_EXP}
    assert {kind.spec.size for kind in signed} == {8}
    keys = (layouts.ED448_PUBKEY, layouts.ED448_SHARED_PREKEY, layouts.ED448_FORGING_KEY)
    assert [key.fields[0].value for key in keys] == [0x10, 0x11, 0x12]
    assert {key.fields[0].type for key in keys} == little
    assert layouts.PUBKEY.fields[0].type is Type.SHORT  # the DSA key is version 3's


def test_every_type_but_the_nonce_is_that_of_a_field() -> None:
    used = {field.type for layout in LAYOUTS for field in layout.fields}
    assert set(Type) - used == {Type.NONCE}  # a cipher's, and never written
    assert Type.NONCE.spec.size == 12


def test_a_client_profile_has_seven_fields_five_of_which_are_required() -> None:
    body, signature = layouts.CLIENT_PROFILE.fields
    required = [kind for kind, option in layouts.PROFILE_FIELDS.items() if option.required]
    assert sorted(layouts.PROFILE_FIELDS) == [1, 2, 3, 4, 5, 6, 7]
    assert required == [1, 2, 3, 4, 5]
    assert body.options == tuple(layouts.PROFILE_FIELDS.values())
    assert (body.prefix_title, body.prefix) == ("Number of Fields", 4)
    assert signature.covers == ("body", "body")
    for kind, option in layouts.PROFILE_FIELDS.items():
        told, value = option.layout.fields
        assert (told.name, told.value, told.type) == ("kind", kind, Type.SHORT)
        assert value.name not in {"kind", "body", "signature"}
    transitional = layouts.PROFILE_FIELDS[layouts.TRANSITIONAL].layout
    assert transitional.exact() == 2 + 40


def test_the_largest_dsa_key_fits_into_a_profile() -> None:
    numbers = layouts.PUBKEY.fields[1:]
    largest = 2 + sum(field.most or field.prefix + field.size for field in numbers)
    signed = 2 + 40
    assert PROFILE - 114 + 2 + largest + signed < layouts.PROFILE_MOST
    assert [field.most for field in numbers if field.name != "q"] == [2052, 2052, 2052]


@pytest.mark.parametrize(
    ("kind", "points", "scalars"), [(2, 2, 4), (3, 4, 7), (4, 3, 5), (5, 1, 2)]
)
def test_a_smp_message_has_points_and_scalars(kind: int, points: int, scalars: int) -> None:
    types = [field.type for field in layouts.TLVS[kind].fields]
    assert types.count(Type.POINT) == points
    assert types.count(Type.SCALAR) == scalars
    assert types.count(Type.DATA) == (kind == 2)
    for field in layouts.TLVS[kind].fields:
        capital = field.title[0].isupper() and field.type is not Type.DATA
        assert capital == (field.type is Type.POINT)


def test_the_two_interactive_signatures_differ_in_one_byte() -> None:
    role_r, *rest_r = layouts.T_AUTH_R.fields
    role_i, *rest_i = layouts.T_AUTH_I.fields
    assert (role_r.value, role_i.value) == (0, 1)
    assert rest_r == rest_i
    names = [field.name for field in layouts.T_NON_INTERACTIVE.fields]
    expected = ["bob", "alice", "y", "x", "b", "a", "shared_prekey", "phi"]
    assert names == expected
    assert [field.name for field in rest_r] == [each for each in expected if each != names[6]]


def test_a_mac_or_signature_covers_what_is_in_front_of_it() -> None:
    def span(layout: Layout, field: Field) -> tuple[str, str, str]:
        names = [each.name for each in layout.fields]
        first, last = field.covers or ("", "")
        assert names.index(first) <= names.index(last) == names.index(field.name) - 1
        return layout.name, first, last

    found = [span(layout, field) for layout in LAYOUTS for field in layout.fields if field.covers]
    assert found == [
        ("data", "version", "encrypted"),
        ("client-profile", "body", "body"),
        ("prekey-profile", "owner_tag", "shared_prekey"),
    ]


def test_whitespace_tags_spell_letters_in_blanks_and_tabs() -> None:
    def spelt(marks: bytes) -> str:
        bits = "".join("01"[mark == ord("\t")] for mark in marks)
        return "".join(chr(int(bits[i : i + 8], 2)) for i in range(0, len(bits), 8))

    (versions,) = layouts.WHITESPACE_TAG.pieces
    spelling = {
        version: spelt(layouts.WHITESPACE_TAG.prefix + mark) for version, mark in versions.marks
    }
    assert spelling == {3: "OT3", 4: "OT4"}
    older = dict(v3.WHITESPACE_TAG.pieces[0].marks)
    assert layouts.WHITESPACE_TAG.prefix == v3.WHITESPACE_TAG.prefix
    assert dict(versions.marks)[3] == older[3]


def test_a_fragment_is_written_in_the_order_of_its_printf() -> None:
    text = layouts.FRAGMENT
    written = text.prefix + b"".join(b"%b" + piece.end for piece in text.pieces)
    assert written == b"?OTR|%b|%b|%b,%b,%b,%b,"
    assert [piece.form for piece in text.pieces] == [Form.HEX] * 3 + [Form.DECIMAL] * 2 + [
        Form.TEXT
    ]


def test_errors_have_codes_from_1() -> None:
    assert [code.number for code in layouts.ERROR_CODES] == [1, 2, 3]
    (code,) = (piece for piece in layouts.ERROR.pieces if piece.name == "code")
    assert (code.start, code.end, code.form) == (b"ERROR_", b": ", Form.NATURAL)
    for each in layouts.ERROR_CODES:
        assert each.about in code.about


def test_layouts_and_texts_are_json() -> None:
    documents: list[Document] = [
        *(layout.document() for layout in LAYOUTS),
        *(text.document() for text in TEXTS),
    ]

    assert json.loads(json.dumps(documents)) == documents


def test_a_document_says_what_a_sequence_may_hold() -> None:
    fields = layouts.CLIENT_PROFILE.document()["fields"]
    assert isinstance(fields, list)
    body, _ = fields
    assert isinstance(body, dict)
    assert body["most"] == layouts.PROFILE_MOST
    options = body["options"]
    assert isinstance(options, list)
    assert options[0] == {"inside": "otrv4.layout:profile-owner-tag", "required": True}
    assert options[6] == {"inside": "otrv4.layout:profile-transitional-signature"}
