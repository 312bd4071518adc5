"""Which format a text is in, of version 4 or another; texts taken apart for a person to look at."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Final, SupportsIndex, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from otr_model.otrv3 import layouts as v3_layouts
from otr_model.otrv4.layouts import ENCODED, LAYOUTS, TEXTS
from otr_reference.errors import Malformed
from otr_reference.otrv3 import dissect as v3_dissect
from otr_reference.otrv3 import wire as v3_wire
from otr_reference.otrv4.dissect import Dissection, Fault, Row, dissect
from otr_reference.otrv4.messages import (
    ErrorMessage,
    Fragment,
    Header,
    MalformedMessage,
    OtherVersion,
    Plaintext,
    PrekeyMessage,
    Query,
    TaggedPlaintext,
)
from otr_reference.otrv4.wire import decode, encode, locate, message_codec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otr_reference.otrv4.messages import Message
    from otr_reference.sorts import Octets, Wire

BASE: Final = b" \t  \t\t\t\t \t \t \t  "
V1: Final = b" \t \t  \t "
V2: Final = b"  \t\t  \t "
V3: Final = b"  \t\t  \t\t"
V4: Final = b"  \t\t \t  "


def octets(value: bytes) -> Octets:
    return cast("Octets", value)


def query(*versions: int) -> Query:
    return Query(frozenset(versions))


def plain(text: bytes) -> Plaintext:
    return Plaintext(octets(text))


def tagged(text: bytes, *versions: int) -> TaggedPlaintext:
    return TaggedPlaintext(octets(text), frozenset(versions))


def error(code: int | None, text: bytes) -> ErrorMessage:
    return ErrorMessage(code, octets(text))


def envelope(binary: bytes) -> bytes:
    return b"?OTR:" + b64encode(binary) + b"."


# --- Section "Query Messages" -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        (b"?OTRv4?", {4}),
        (b"?OTRv34?", {3, 4}),
        (b"?OTRv43?", {3, 4}),
        (b"?OTRv45x?", {4, 5}),
        (b"?OTRv3?", {3}),
        (b"?OTRv?", set()),
        (b"?OTRv?4?", set()),  # an empty list, and text behind it
        (b"?OTRv4434?", {3, 4}),
        (b"?OTR?", {1}),
        (b"?OTR?v34?", {1, 3, 4}),
        (b"?OTR?v?", {1}),
        (b"?OTRv0123456789?", {2, 3, 4, 5, 6, 7, 8, 9}),
        (b"<b>?OTRv4?</b> Alice would like to talk in private.", {4}),
        (b"?OTR ?OTRv ?OTRv4 ?OTRv34?", {3, 4}),
    ],
)
def test_a_query_lists_versions(text: bytes, versions: set[int]) -> None:
    assert decode(text) == query(*versions)


@pytest.mark.parametrize(
    "text", [b"?OTR", b"?OTRv", b"?OTRv34", b"?OTRv3-4?", b"?otrv4?", b"?OTR v4?", b"OTRv4?"]
)
def test_what_is_not_quite_a_query_is_a_plaintext(text: bytes) -> None:
    assert decode(text) == plain(text)


@given(st.frozensets(st.integers(1, 9)))
@example(frozenset())
def test_every_query_is_read_as_it_was_written_by_either_version(versions: frozenset[int]) -> None:
    text = encode(Query(versions))
    assert decode(text) == Query(versions)
    theirs = v3_wire.decode(text)
    assert getattr(theirs, "versions", None) == versions
    assert v3_wire.encode(theirs) == text


def test_queries_are_written_as_in_the_examples() -> None:
    assert encode(query(3)) == b"?OTRv3?"
    assert encode(query(4, 3)) == b"?OTRv34?"
    assert encode(query()) == b"?OTRv?"
    for versions in ((0,), (10,), (-4,)):
        with pytest.raises(Malformed, match="versions: are not of one digit"):
            encode(query(*versions))


# --- Section "Whitespace Tags" ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"Hi" + BASE + V4, tagged(b"Hi", 4)),
        (b"Hi" + BASE + V3 + V4 + b"Bob", tagged(b"HiBob", 3, 4)),
        (b"Hi " + BASE + V4 + V3 + V3 + b"  Bob", tagged(b"Hi   Bob", 3, 4)),
        (BASE + V1 + V2, tagged(b"")),
        (BASE + V2 + V4, tagged(b"", 4)),
        # only the first tag is one
        (BASE + V3 + b"-" + BASE + V4, tagged(b"-" + BASE + V4, 3)),
        (BASE + b"-" + BASE + V4, tagged(BASE + b"-", 4)),
        (b"Hi" + BASE, plain(b"Hi" + BASE)),
        (b"Hi" + BASE + V4[:7], plain(b"Hi" + BASE + V4[:7])),
        (BASE + V4 + b"?OTRv3?", query(3)),
    ],
)
def test_a_whitespace_tag_offers_versions_and_is_removed(text: bytes, message: Message) -> None:
    assert decode(text) == message


def test_a_whitespace_tag_is_written_behind_the_text() -> None:
    assert encode(tagged(b"Hi", 4, 3)) == b"Hi" + BASE + V3 + V4
    for versions in ((), (2,), (5, 4)):
        with pytest.raises(Malformed, match="versions: have no whitespace tag"):
            encode(tagged(b"Hi", *versions))


@given(
    st.binary().filter(lambda text: b"?OTR" not in text and b"\t" not in text),
    st.frozensets(st.sampled_from((3, 4)), min_size=1),
)
def test_every_tagged_plaintext_is_read_as_it_was_written(
    text: bytes, versions: frozenset[int]
) -> None:
    message = tagged(text, *versions)
    assert decode(encode(message)) == message
    assert decode(encode(plain(text))) == plain(text)


# --- Section "OTR Error Messages" -------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"?OTR Error: ERROR_1: Unreadable message", error(1, b"Unreadable message")),
        (b"?OTR Error: ERROR_2: ", error(2, b"")),
        (b"?OTR Error: ERROR_12345: What?", error(12345, b"What?")),
        (b"?OTR Error:ERROR_3: Malformed message", error(3, b"Malformed message")),
        (b"?OTR Error: You sent nonsense.", error(None, b"You sent nonsense.")),
        (b"?OTR Error:", error(None, b"")),
        (b"?OTR Error:  ERROR_1: x", error(None, b" ERROR_1: x")),
        (b"?OTR Error: ERROR_0: x", error(None, b"ERROR_0: x")),
        (b"?OTR Error: ERROR_01: x", error(None, b"ERROR_01: x")),
        (b"?OTR Error: ERROR_1:x", error(None, b"ERROR_1:x")),
        (b"?OTR Error: ERROR_1", error(None, b"ERROR_1")),
        (b"?OTR Error: ERROR_100000: x", error(None, b"ERROR_100000: x")),
        (b"?OTR Error: what is ?OTRv4? or ?OTR|1|2|3,1,1,a,", error(
            None, b"what is ?OTRv4? or ?OTR|1|2|3,1,1,a,"
        )),
        # it stands at the start, or it is none
        (b"<p>?OTR Error: ERROR_1: No</p>", plain(b"<p>?OTR Error: ERROR_1: No</p>")),
        (b" ?OTR Error: No", plain(b" ?OTR Error: No")),
        (b"?OTRv4? ?OTR Error: No", query(4)),
        (b"Hi ?OTR Error: ?OTRv4?", query(4)),
        (b"?OTR error: No", plain(b"?OTR error: No")),
    ],
)  # fmt: skip
def test_an_error_message_begins_with_its_marker(text: bytes, message: Message) -> None:
    assert decode(text) == message


@given(st.none() | st.integers(1, 99999), st.binary())
@example(None, b"ERROR_1: x")
def test_every_error_message_is_read_as_it_was_written(code: int | None, text: bytes) -> None:
    written = encode(error(code, text))
    said = b"" if code is None else b"ERROR_%d: " % code
    assert written == b"?OTR Error: " + said + text
    assert decode(written) == error(code, text) or (code is None and text.startswith(b"ERROR_"))


def test_a_code_that_cannot_be_written_is_refused() -> None:
    for code, fault in ((0, "is zero"), (-1, "is negative"), (100000, "is more than 99999")):
        with pytest.raises(Malformed, match=f"ERROR_N: {fault}"):
            encode(error(code, b""))


# --- Other versions ---------------------------------------------------------------------------

DH_KEY: Final = b"\0\3\x0a\0\0\1\0\0\0\1\1" + b"\0\0\0\1\x05"


@pytest.mark.parametrize(
    ("binary", "version", "header"),
    [
        (DH_KEY, 3, Header(0x100, 0x101)),
        (DH_KEY[:11], 3, Header(0x100, 0x101)),
        (DH_KEY[:10], 3, None),
        (b"\0\3", 3, None),
        (b"\0\2\x0a" + b"\0\0\0\1\x05" + bytes(9), 2, None),
        (b"\0\1", 1, None),
        (b"\0\5\x35" + bytes(90), 5, None),
        (b"\x04\0\x35" + bytes(90), 1024, None),
    ],
)
def test_an_encoded_message_of_another_version_is_kept_as_it_came(
    binary: bytes, version: int, header: Header | None
) -> None:
    for text in (envelope(binary), b"Hi " + envelope(binary) + b" there"):
        assert decode(text) == OtherVersion(version, cast("Wire", text), header)


# --- All of them ------------------------------------------------------------------------------

PREKEY: Final = b"\0\4\x0f" + b"\1\2\3\4" + b"\0\0\1\0" + b"Y" * 57 + b"\0\0\0\1\x05"
MARKERS: Final = (
    *(b"?OTR", b":", b" Error:", b"ERROR_1: ", b"?", b"v4", b"|", b",", b"1", b"|1|1,", BASE, V4),
    *(b".", b"AAQ1", envelope(PREKEY), b"?OTR:AAM=."),
)


@given(st.lists(st.sampled_from(MARKERS) | st.binary(max_size=3)).map(b"".join))
def test_every_text_is_read(text: bytes) -> None:
    message = decode(text)
    assert isinstance(message, Plaintext) == (locate(text) is None)
    if isinstance(message, Plaintext):
        assert encode(message) == text
    if isinstance(message, Query | ErrorMessage | Fragment | PrekeyMessage):
        assert decode(encode(message)) == message
    if isinstance(message, OtherVersion):
        assert cast("bytes", message.wire) == text


class Counting(bytes):
    """Bytes that count how many of them are searched through or copied."""

    looked_at = 0

    def __getitem__(self, at: SupportsIndex | slice) -> int | bytes:  # type: ignore[override]  # counts
        found = super().__getitem__(at)
        self.looked_at += len(found) if isinstance(found, bytes) else 1
        return found

    def find(self, wanted: object, start: object = 0, _end: object = None) -> int:
        """Count the bytes up to what is found."""
        assert isinstance(wanted, bytes)
        assert isinstance(start, int)
        found = super().find(wanted, start)
        self.looked_at += (len(self) if found < 0 else found) - start + len(wanted)
        return found

    def count(self, wanted: object, start: object = 0, end: object = None) -> int:
        """Count the bytes that are searched through."""
        assert isinstance(wanted, bytes)
        assert isinstance(start, int)
        assert isinstance(end, int)
        self.looked_at += end - start
        return super().count(wanted, start, end)


@pytest.mark.parametrize(
    "pattern",
    [
        *(b"?OTR", b"?OTRx", b"?OTR v", b"?OTRva", BASE, BASE + b"-", b"\t", b"?OTR:", b"?OTR|1"),
        *(b"|", b"?OTR Error:", b"ERROR_1", b"?OTR|1|1,"),
    ],
)
def test_the_search_for_a_marker_looks_at_each_byte_a_few_times(pattern: bytes) -> None:
    text = Counting(pattern * 1000)
    decode(text)
    assert text.looked_at <= 7 * len(text)


# --- Dissections ------------------------------------------------------------------------------

PROFILE_BODY: Final = (
    (b"\0\0\0\6" + b"\0\2" + b"\x10\0" + b"H" * 57 + b"\0\1" + b"\0\0\1\0")
    + (b"\0\3" + b"\x12\0" + b"F" * 57 + b"\0\5" + b"\0\0\0\0\x65\0\0\0")
    + (b"\0\4" + b"\0\0\0\2" + b"34" + b"\0\7" + b"t" * 40)
)
IDENTITY: Final = (
    (b"\0\4\x35\0\0\1\0\0\0\0\0" + PROFILE_BODY + b"s" * 114)
    + (b"Y" * 57 + b"\0\0\0\2\x01\x05" + b"e" * 57 + b"\0\0\0\1\x07")
)  # fmt: skip
AUTH_I: Final = b"\0\4\x37\0\0\1\0\0\0\1\1" + b"c" * 342
DATA: Final = (
    (b"\0\4\x03\0\0\1\0\0\0\0\x05" + b"\1" + b"\0\0\0\2" + b"\0\0\0\3" + b"\0\0\0\4")
    + (b"e" * 57 + b"\0\0\0\0" + b"\0\0\0\2??" + b"a" * 64 + b"\0\0\0\x80" + b"k" * 128)
)  # fmt: skip
BINARIES: Final = (IDENTITY, AUTH_I, DATA, PREKEY)
IDS: Final = {
    "",
    *(layout.id for layout in LAYOUTS),
    *(layout.field_id(field) for layout in LAYOUTS for field in layout.fields),
    *(text.id for text in TEXTS),
    *(text.piece_id(piece) for text in TEXTS for piece in text.pieces),
}
OLDER: Final = {
    *(layout.id for layout in v3_layouts.LAYOUTS),
    *(layout.field_id(field) for layout in v3_layouts.LAYOUTS for field in layout.fields),
    *(text.id for text in v3_layouts.TEXTS),
    *(text.piece_id(piece) for text in v3_layouts.TEXTS for piece in text.pieces),
}


def columns(rows: Iterable[Row]) -> list[tuple[str, str, int, int, str]]:
    """What a row shows beside its id and bytes."""
    return [(row.title, row.type, row.offset, row.length, row.meaning) for row in rows]


def covered(rows: tuple[Row, ...], start: int = 0) -> bytes:
    """The bytes of rows that lie side by side, and so do those inside them."""
    found = b""
    for row in rows:
        assert row.offset == start + len(found)
        raw = bytes.fromhex(row.raw)
        assert row.length == len(raw)
        found += raw
        if row.inside and row.type != "BASE64":
            assert covered(row.inside, row.offset) == raw
    return found


def everything(rows: Iterable[Row]) -> Iterable[Row]:
    """Rows, and those inside them."""
    for row in rows:
        yield row
        yield from everything(row.inside)


def test_a_data_message_is_shown_field_by_field() -> None:
    shown = dissect(b"<p>" + envelope(DATA) + b"</p>")

    assert (shown.id, shown.title, shown.fault) == ("otrv4.layout:data", "Data Message", None)
    assert [row.title for row in shown.rows] == [
        "Text in front",
        "Encoded message",
        "Binary form",
        "Literal",
        "Text behind",
    ]
    assert columns(shown.rows[2].inside) == [
        ("Protocol version", "SHORT", 0, 2, "4"),
        ("Message type", "BYTE", 2, 1, "0x03: Data Message"),
        ("Sender's instance tag", "INT", 3, 4, "0x00000100"),
        ("Receiver's instance tag", "INT", 7, 4, "0x00000005, which is not valid"),
        ("Flags", "BYTE", 11, 1, "0x01, IGNORE_UNREADABLE"),
        ("Previous chain message number", "INT", 12, 4, "2"),
        ("Ratchet id", "INT", 16, 4, "3"),
        ("Message id", "INT", 20, 4, "4"),
        ("Public ECDH Key", "POINT", 24, 57, "57 bytes"),
        ("Public DH Key", "MPI", 81, 4, "a number of 0 bits"),
        ("Encrypted message", "DATA", 85, 6, "2 bytes"),
        ("Authenticator", "MAC", 91, 64, "64 bytes"),
        ("Old MAC keys to be revealed", "DATA", 155, 132, "2 of 64 bytes"),
    ]


def test_a_profile_in_a_message_is_shown_field_by_field() -> None:
    shown = dissect(envelope(IDENTITY))

    assert (shown.id, shown.fault) == ("otrv4.layout:identity", None)
    profile = shown.rows[1].inside[4]
    assert (profile.title, profile.type) == ("Sender's Client Profile", "CLIENT_PROF")
    body, signature = profile.inside
    assert columns([signature]) == [
        ("Client Profile Signature", "CLIENT_EDDSA_SIG", 11 + len(PROFILE_BODY), 114, "114 bytes")
    ]
    assert [(row.id, row.title, row.type, row.length) for row in body.inside] == [
        ("", "Number of Fields", "INT", 4),
        ("otrv4.layout:profile-public-key", "Ed448 public key", "ED448_PUBKEY", 61),
        ("otrv4.layout:profile-owner-tag", "Client Profile owner instance tag", "INT", 6),
        ("otrv4.layout:profile-forging-key", "Ed448 public forging key", "ED448_FORGING_KEY", 61),
        ("otrv4.layout:profile-expiration", "Client Profile Expiration", "CLIENT_PROF_EXP", 10),
        ("otrv4.layout:profile-versions", "Versions", "DATA", 8),
        (
            "otrv4.layout:profile-transitional-signature",
            "Transitional Signature",
            "CLIENT_SIG",
            42,
        ),
    ]
    assert body.inside[0].meaning == "6"
    told, key = body.inside[1].inside
    assert columns([told, *key.inside]) == [
        ("Field type", "SHORT", 15, 2, "0x0002: Ed448 public key"),
        ("Pubkey type", "KEY_TYPE", 17, 2, "0x0010: Ed448 public key"),
        ("H", "POINT", 19, 57, "57 bytes"),
    ]
    assert body.inside[2].inside[1].meaning == "0x00000100"
    assert body.inside[4].inside[1].meaning == "2023-09-12 06:06:56 UTC"


@pytest.mark.parametrize(
    ("date", "meaning"),
    [
        (b"\0" * 8, "1970-01-01 00:00:00 UTC"),
        (b"\xff" * 8, "1969-12-31 23:59:59 UTC"),
        (b"\x7f" + b"\xff" * 7, "9223372036854775807 seconds from the start of 1970"),
        (b"\x80" + b"\0" * 7, "-9223372036854775808 seconds from the start of 1970"),
    ],
)
def test_any_expiration_can_be_shown(date: bytes, meaning: str) -> None:
    shown = dissect(envelope(IDENTITY.replace(b"\0\0\0\0\x65\0\0\0", date)))
    meanings = [row.meaning for row in everything(shown.rows) if row.title == "Expiration"]
    assert meanings == [meaning]


def test_a_ring_signature_is_shown_scalar_by_scalar() -> None:
    sigma = dissect(envelope(AUTH_I)).rows[1].inside[-1]
    assert [row.title for row in sigma.inside] == ["c1", "r1", "c2", "r2", "c3", "r3"]
    assert {row.length for row in sigma.inside} == {57}


def test_a_profile_with_a_fault_is_shown_up_to_the_fault() -> None:
    damaged = IDENTITY.replace(b"\x12\0F", b"\x13\0F")
    shown = dissect(envelope(damaged))

    place = damaged.index(b"\x13\0F")
    assert shown.fault == Fault("Pubkey type", "is not 18", place, binary=True)
    profile = shown.rows[1].inside[-1]
    (body,) = profile.inside
    *read, last = body.inside
    assert (profile.meaning, body.meaning) == ("has a fault in it", "has a fault in it")
    assert [row.title for row in read] == [
        "Number of Fields",
        "Ed448 public key",
        "Client Profile owner instance tag",
    ]
    assert (last.title, [row.title for row in last.inside]) == (
        "Ed448 public forging key",
        ["Field type", "Forging key"],
    )
    assert columns(last.inside[1].inside) == [
        ("Not read", "UNREAD", place, len(damaged) - place, f"{len(damaged) - place} bytes")
    ]


READ: Final = (
    "Number of Fields",
    "Ed448 public key",
    "Client Profile owner instance tag",
    "Ed448 public forging key",
)


@pytest.mark.parametrize(
    ("damaged", "fault", "titles"),
    [
        (
            IDENTITY.replace(b"\0\5\0\0", b"\0\1\0\0"),
            ("Client Profile owner instance tag", "is there twice"),
            [*READ, "Not read"],
        ),
        (
            IDENTITY.replace(b"\0\0\0\6", b"\0\0\0\7"),
            ("Field type", "is that of no field"),
            [*READ, "Client Profile Expiration", "Versions", "Transitional Signature", "Not read"],
        ),
        (
            IDENTITY.replace(b"\0\0\0\6", b"\0\0\0\4"),
            ("Number of Fields", "is not 5 to 7"),
            ["Number of Fields", "Not read"],
        ),
    ],
)
def test_a_fault_in_the_list_of_fields_is_behind_what_could_be_read(
    damaged: bytes, fault: tuple[str, str], titles: list[str]
) -> None:
    shown = dissect(envelope(damaged))
    assert shown.fault is not None
    assert (shown.fault.field, shown.fault.reason) == fault
    body = shown.rows[1].inside[-1].inside[0]
    assert [row.title for row in body.inside] == titles


def test_a_message_of_no_known_type_is_shown_as_far_as_its_header() -> None:
    shown = dissect(envelope(b"\0\4\x09\0\0\1\0\0\0\0\0??"))

    assert (shown.id, shown.title) == ("otrv4.text:encoded", "Encoded message")
    assert shown.fault == Fault("Message type", "is that of no message", 2, binary=True)
    assert [row.title for row in shown.rows[1].inside][-2:] == [
        "Receiver's instance tag",
        "Not read",
    ]


def test_of_an_unknown_version_only_the_version_is_shown() -> None:
    shown = dissect(envelope(b"\0\5\x03what"))
    assert (shown.id, shown.fault) == ("otrv4.text:encoded", None)
    assert columns(shown.rows[1].inside) == [
        ("Protocol version", "SHORT", 0, 2, "5"),
        ("Not read", "UNREAD", 2, 5, "5 bytes"),
    ]


@pytest.mark.parametrize(
    "text", [envelope(DH_KEY), envelope(DH_KEY[:-1]), b"?OTR|1|2,1,2,a,", b"?OTR,1,2,a,"]
)
def test_what_is_of_version_2_or_3_is_shown_as_such(text: bytes) -> None:
    assert dissect(text) == v3_dissect.dissect(text)
    assert dissect(text).id.startswith("otrv3.")


@pytest.mark.parametrize(
    ("text", "row_id", "rows"),
    [
        (b"", "", []),
        (b"Hi", "", [("Plaintext", "TEXT", 0, 2, "Hi")]),
        (
            b"?OTR Error: ERROR_1: No",
            "otrv4.text:error",
            [
                ("OTR Error Message", "LITERAL", 0, 11, "?OTR Error:"),
                ("Blank", "SIGN", 11, 1, "a blank"),
                ("ERROR_N", "NATURAL", 12, 7, "1: a message could not be decrypted"),
                ("Literal", "LITERAL", 19, 2, ": "),
                ("Error text", "TEXT", 21, 2, "No"),
            ],
        ),
        (
            b"?OTR Error: ERROR_9: No",
            "otrv4.text:error",
            [
                ("OTR Error Message", "LITERAL", 0, 11, "?OTR Error:"),
                ("Blank", "SIGN", 11, 1, "a blank"),
                ("ERROR_N", "NATURAL", 12, 7, "9: not known"),
                ("Literal", "LITERAL", 19, 2, ": "),
                ("Error text", "TEXT", 21, 2, "No"),
            ],
        ),
        (
            b"?OTRv34? ok",
            "otrv4.text:query",
            [
                ("Query Message", "LITERAL", 0, 4, "?OTR"),
                ("v?", "IDENTIFIERS", 4, 3, "34"),
                ("Literal", "LITERAL", 7, 1, "?"),
                ("Text behind", "TEXT", 8, 3, " ok"),
            ],
        ),
        (
            b"Hi" + BASE + V4 + V1,
            "otrv4.text:whitespace-tag",
            [
                ("Text in front", "TEXT", 0, 2, "Hi"),
                ("Whitespace Tag", "LITERAL", 2, 16, BASE.decode()),
                ("Version", "MARKS", 18, 16, "version 4"),
            ],
        ),
        (
            BASE + V1,
            "otrv4.text:whitespace-tag",
            [
                ("Whitespace Tag", "LITERAL", 0, 16, BASE.decode()),
                ("Version", "MARKS", 16, 8, "no version that is known"),
            ],
        ),
        (
            b"?OTR|7|100|0,1,3,?OTR:AAQD,",
            "otrv4.text:fragment",
            [
                ("Fragment", "LITERAL", 0, 5, "?OTR|"),
                ("identifier", "HEX", 5, 1, "7"),
                ("Literal", "LITERAL", 6, 1, "|"),
                ("sender_instance", "HEX", 7, 3, "0x00000100"),
                ("Literal", "LITERAL", 10, 1, "|"),
                ("receiver_instance", "HEX", 11, 1, "not known"),
                ("Literal", "LITERAL", 12, 1, ","),
                ("index", "DECIMAL", 13, 1, "1"),
                ("Literal", "LITERAL", 14, 1, ","),
                ("total", "DECIMAL", 15, 1, "3"),
                ("Literal", "LITERAL", 16, 1, ","),
                ("piece[index]", "TEXT", 17, 9, "?OTR:AAQD"),
                ("Literal", "LITERAL", 26, 1, ","),
            ],
        ),
    ],
)
def test_a_text_is_shown_piece_by_piece(
    text: bytes, row_id: str, rows: list[tuple[str, str, int, int, str]]
) -> None:
    shown = dissect(text)
    assert (shown.id, shown.fault) == (row_id, None)
    assert columns(shown.rows) == rows


def test_a_fault_in_a_text_is_behind_what_could_be_read() -> None:
    shown = dissect(b"?OTR|7|100|0,1,70000,abc,")
    assert shown.fault == Fault("total", "is more than 65535", 15, binary=False)
    assert columns(shown.rows)[-1] == ("Not read", "UNREAD", 14, 11, "11 bytes")


def check(text: bytes, shown: Dissection) -> None:
    """No byte is left out, no id invented, and decoding says the same."""
    assert covered(shown.rows) == text
    for row in shown.rows:
        if row.type == "BASE64":
            assert covered(row.inside) == b64decode(bytes.fromhex(row.raw))
        else:
            assert not row.inside
    message = decode(text)
    if isinstance(message, OtherVersion) and message.version in {2, 3}:
        assert {row.id for row in everything(shown.rows)} <= OLDER | {""}
        return
    assert {shown.id, *(row.id for row in everything(shown.rows))} <= IDS
    if isinstance(message, MalformedMessage):
        assert shown.fault is not None
        assert (shown.fault.field, shown.fault.reason) == (message.field, message.reason)
    else:
        assert shown.fault is None


@given(st.lists(st.sampled_from(MARKERS) | st.binary(max_size=3)).map(b"".join))
@example(b"?OTR:.")
def test_every_text_is_covered(text: bytes) -> None:
    check(text, dissect(text))


@given(
    st.sampled_from(BINARIES),
    st.integers(0, len(IDENTITY)),
    st.integers(0, 9),
    st.binary(max_size=9),
)
def test_every_binary_form_is_covered(
    binary: bytes, place: int, removed: int, inserted: bytes
) -> None:
    text = envelope(binary[:place] + inserted + binary[place + removed :])
    check(text, dissect(text))


@pytest.mark.parametrize("binary", BINARIES, ids=lambda binary: ENCODED[binary[2]].name)
def test_every_beginning_is_covered(binary: bytes) -> None:
    assert message_codec(binary) is not None
    for size in range(len(binary)):
        text = envelope(binary[:size])
        shown = dissect(text)
        check(text, shown)
        assert shown.fault is not None
        assert shown.fault.binary
        unread = [row for row in everything(shown.rows) if row.type == "UNREAD"]
        assert len(unread) <= 1
        assert sum(row.length for row in unread) <= size
    check(envelope(binary), dissect(envelope(binary)))
