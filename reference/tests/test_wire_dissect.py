"""Dissections: every byte has its row, and the fault is the one that decoding finds."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from otr_model.otrv3.layouts import LAYOUTS, TEXTS
from otr_reference.otrv3.dissect import Dissection, Fault, Row, dissect
from otr_reference.otrv3.messages import MalformedMessage
from otr_reference.otrv3.wire import decode

if TYPE_CHECKING:
    from collections.abc import Iterable

IDS: Final = {
    *(layout.id for layout in LAYOUTS),
    *(layout.field_id(field) for layout in LAYOUTS for field in layout.fields),
    *(text.id for text in TEXTS),
    *(text.piece_id(piece) for text in TEXTS for piece in text.pieces),
}
TAG: Final = b" \t  \t\t\t\t \t \t \t  "
V3: Final = b"  \t\t  \t\t"


def envelope(binary: bytes) -> bytes:
    return b"?OTR:" + b64encode(binary) + b"."


DATA: Final = (
    b"\0\3\x03\0\0\1\0\0\0\0\x05"
    + (b"\3" + b"\0\0\0\7" + b"\0\0\0\x09" + b"\0\0\0\2\x01\x05" + b"\0\0\0\0\0\0\1\0")
    + (b"\0\0\0\2??" + b"a" * 20 + b"\0\0\0\0")
)


def columns(rows: Iterable[Row]) -> list[tuple[str, str, int, int, str]]:
    """What a row shows beside its id and bytes."""
    return [(row.title, row.type, row.offset, row.length, row.meaning) for row in rows]


def covered(rows: Iterable[Row]) -> bytes:
    """The bytes of rows that lie side by side."""
    found = b""
    for row in rows:
        assert row.offset == len(found)
        found += bytes.fromhex(row.raw)
        assert row.offset + row.length == len(found)
    return found


# --- What is shown ----------------------------------------------------------------------------


def test_a_data_message_is_shown_field_by_field() -> None:
    shown = dissect(b"<p>" + envelope(DATA) + b"</p>")

    assert (shown.id, shown.title, shown.fault) == ("otrv3.layout:data", "Data Message", None)
    assert columns(shown.rows) == [
        ("Text in front", "TEXT", 0, 3, "<p>"),
        ("Encoded message", "LITERAL", 3, 5, "?OTR:"),
        ("Binary form", "BASE64", 8, 88, "64 bytes"),
        ("Literal", "LITERAL", 96, 1, "."),
        ("Text behind", "TEXT", 97, 4, "</p>"),
    ]
    binary = shown.rows[2]
    assert binary.id == "otrv3.text:encoded.binary"
    assert columns(binary.inside) == [
        ("Protocol version", "SHORT", 0, 2, "3"),
        ("Message type", "BYTE", 2, 1, "0x03: Data Message"),
        ("Sender Instance tag", "INT", 3, 4, "0x00000100"),
        ("Receiver Instance tag", "INT", 7, 4, "0x00000005, which is not valid"),
        ("Flags", "BYTE", 11, 1, "0x03, IGNORE_UNREADABLE"),
        ("Sender keyid", "INT", 12, 4, "7"),
        ("Recipient keyid", "INT", 16, 4, "9"),
        ("DH y", "MPI", 20, 6, "a number of 9 bits"),
        ("Top half of counter init", "CTR", 26, 8, "256"),
        ("Encrypted message", "DATA", 34, 6, "2 bytes"),
        ("Authenticator", "MAC", 40, 20, "20 bytes"),
        ("Old MAC keys to be revealed", "DATA", 60, 4, "0 bytes"),
    ]
    assert binary.inside[7] == Row(
        "otrv3.layout:data.next_dh", "DH y", "MPI", 20, 6, "000000020105", "a number of 9 bits"
    )


def test_a_fault_in_the_binary_form_is_behind_what_could_be_read() -> None:
    shown = dissect(envelope(DATA[:45]))

    assert (shown.id, shown.title) == ("otrv3.layout:data", "Data Message")
    assert shown.fault == Fault("Authenticator", "is cut short", 40, binary=True)
    *read, unread = shown.rows[1].inside
    assert columns([read[-1], unread]) == [
        ("Encrypted message", "DATA", 34, 6, "2 bytes"),
        ("Not read", "UNREAD", 40, 5, "5 bytes"),
    ]


def test_a_message_of_no_known_type_is_shown_as_far_as_its_header() -> None:
    shown = dissect(envelope(b"\0\3\x09\0\0\1\0\0\0\0\0??"))

    assert (shown.id, shown.title) == ("otrv3.text:encoded", "Encoded message")
    assert shown.fault == Fault("Message type", "is that of no message", 2, binary=True)
    assert columns(shown.rows[1].inside) == [
        ("Protocol version", "SHORT", 0, 2, "3"),
        ("Message type", "BYTE", 2, 1, "0x09: not known"),
        ("Sender Instance tag", "INT", 3, 4, "0x00000100"),
        ("Receiver Instance tag", "INT", 7, 4, "not known"),
        ("Not read", "UNREAD", 11, 2, "2 bytes"),
    ]


def test_of_another_version_only_the_version_is_shown() -> None:
    shown = dissect(envelope(b"\0\4\x03what"))

    assert (shown.id, shown.title, shown.fault) == ("otrv3.text:encoded", "Encoded message", None)
    assert columns(shown.rows[1].inside) == [
        ("Protocol version", "SHORT", 0, 2, "4"),
        ("Not read", "UNREAD", 2, 5, "5 bytes"),
    ]


def test_a_fragment_is_shown_piece_by_piece() -> None:
    shown = dissect(b"?OTR|100|0,1,3,?OTR:AAMC,")

    assert (shown.id, shown.title, shown.fault) == (
        "otrv3.text:fragment-v3",
        "Fragment of version 3",
        None,
    )
    assert columns(shown.rows) == [
        ("Fragment of version 3", "LITERAL", 0, 5, "?OTR|"),
        ("sender_instance", "HEX", 5, 3, "0x00000100"),
        ("Literal", "LITERAL", 8, 1, "|"),
        ("receiver_instance", "HEX", 9, 1, "not known"),
        ("Literal", "LITERAL", 10, 1, ","),
        ("k", "DECIMAL", 11, 1, "1"),
        ("Literal", "LITERAL", 12, 1, ","),
        ("n", "DECIMAL", 13, 1, "3"),
        ("Literal", "LITERAL", 14, 1, ","),
        ("piece[k]", "TEXT", 15, 9, "?OTR:AAMC"),
        ("Literal", "LITERAL", 24, 1, ","),
    ]


def test_a_fault_in_a_text_is_behind_what_could_be_read() -> None:
    shown = dissect(b"?OTR,1,70000,abc,")

    assert shown.fault == Fault("n", "is more than 65535", 7, binary=False)
    assert columns(shown.rows) == [
        ("Fragment of version 2", "LITERAL", 0, 5, "?OTR,"),
        ("k", "DECIMAL", 5, 1, "1"),
        ("Not read", "UNREAD", 6, 11, "11 bytes"),
    ]


@pytest.mark.parametrize(
    ("text", "row_id", "title", "rows"),
    [
        (b"", "", "Plaintext", []),
        (b"\xc3\xa9\xff", "", "Plaintext", [("Plaintext", "TEXT", 0, 3, "\u00e9\ufffd")]),
        (
            b"Hi" + TAG + V3 + b" " * 8,
            "otrv3.text:whitespace-tag",
            "Whitespace tag",
            [
                ("Text in front", "TEXT", 0, 2, "Hi"),
                ("Whitespace tag", "LITERAL", 2, 16, TAG.decode()),
                ("Whitespace version tags", "MARKS", 18, 16, "version 3"),
            ],
        ),
        (
            TAG + V3[2:] + V3[:2] + b"!",
            "otrv3.text:whitespace-tag",
            "Whitespace tag",
            [
                ("Whitespace tag", "LITERAL", 0, 16, TAG.decode()),
                ("Whitespace version tags", "MARKS", 16, 8, "no version that is known"),
                ("Text behind", "TEXT", 24, 1, "!"),
            ],
        ),
        (
            b"?OTR?v2x? ok",
            "otrv3.text:query",
            "OTR Query Message",
            [
                ("OTR Query Message", "LITERAL", 0, 4, "?OTR"),
                ("?", "SIGN", 4, 1, "version 1 is offered"),
                ("v?", "IDENTIFIERS", 5, 3, "2x"),
                ("Literal", "LITERAL", 8, 1, "?"),
                ("Text behind", "TEXT", 9, 3, " ok"),
            ],
        ),
        (
            b"?OTR Error: No",
            "otrv3.text:error",
            "OTR Error Message",
            [
                ("OTR Error Message", "LITERAL", 0, 11, "?OTR Error:"),
                ("Blank", "SIGN", 11, 1, TEXTS[2].pieces[0].about),
                ("Error text", "TEXT", 12, 2, "No"),
            ],
        ),
    ],
)
def test_a_text_that_is_not_encoded_is_shown(
    text: bytes, row_id: str, title: str, rows: list[tuple[str, str, int, int, str]]
) -> None:
    shown = dissect(text)
    assert (shown.id, shown.title, shown.fault) == (row_id, title, None)
    assert columns(shown.rows) == rows


# --- What holds for every text ----------------------------------------------------------------


def check(text: bytes, shown: Dissection) -> None:
    """No byte is left out, no id invented, and decoding says the same."""
    assert covered(shown.rows) == text
    assert {shown.id, *(row.id for row in shown.rows)} <= IDS | {""}
    for row in shown.rows:
        if row.type != "BASE64":
            assert not row.inside
            continue
        assert covered(row.inside) == b64decode(bytes.fromhex(row.raw))
        assert {inner.id for inner in row.inside} <= IDS | {""}
    message = decode(text)
    if isinstance(message, MalformedMessage):
        assert shown.fault is not None
        assert (shown.fault.field, shown.fault.reason) == (message.field, message.reason)
    else:
        assert shown.fault is None


PIECES: Final = (b"?OTR", b":", b" Error:", b"?", b"v2", b"|", b",", b"1", b"|1,", TAG, V3, b".")


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=3)).map(b"".join))
@example(b"?OTR:.")
def test_every_text_is_covered(text: bytes) -> None:
    check(text, dissect(text))


@given(st.integers(0, len(DATA)), st.integers(0, 9), st.binary(max_size=9))
def test_every_binary_form_is_covered(place: int, removed: int, inserted: bytes) -> None:
    text = envelope(DATA[:place] + inserted + DATA[place + removed :])
    check(text, dissect(text))


@pytest.mark.parametrize("size", range(len(DATA)))
def test_every_beginning_is_covered(size: int) -> None:
    text = envelope(DATA[:size])
    shown = dissect(text)
    check(text, shown)
    assert shown.fault is not None
    assert shown.fault.binary
    assert sum(row.length for row in shown.rows[1].inside if row.type != "UNREAD") <= size
