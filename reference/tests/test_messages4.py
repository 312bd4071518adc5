"""OTRv4's encoded messages and what is inside them: each is read as it was written."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import fields as fields_of
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, SupportsIndex, cast

import pytest
import second_encoding as second
from hypothesis import example, given
from hypothesis import strategies as st

from otr_model.otrv4 import layouts
from otr_reference.arith import Number
from otr_reference.errors import Malformed
from otr_reference.otrv4.messages import (
    AuthI,
    AuthR,
    Content,
    DataFields,
    DataMessage,
    Disconnected,
    EncodedMessage,
    ExtraKeyUse,
    Header,
    Identity,
    MalformedMessage,
    MalformedTlv,
    NonInteractiveAuth,
    OtherVersion,
    Padding,
    PrekeyMessage,
    Smp1,
    Smp2,
    Smp3,
    Smp4,
    SmpAbort,
    UnknownTlv,
)
from otr_reference.otrv4.wire import (
    CUT_OFF,
    client_profile,
    data_body,
    decode,
    decode_content,
    decode_prekey_message,
    encode,
    encode_content,
    encode_prekey_message,
    write_client_profile_body,
)

if TYPE_CHECKING:
    from otr_reference.otrv4.messages import Tlv
    from otr_reference.sorts import (
        Challenge,
        Element,
        Mac,
        Octets,
        Point,
        Response,
        RingSignature,
        Wire,
    )


def octets(value: bytes) -> Octets:
    return cast("Octets", value)


def element(value: int) -> Element:
    return cast("Element", Number(value))


def point(letter: bytes) -> Point:
    return cast("Point", letter * 57)


def scalars(letters: bytes) -> Any:
    """Points, challenges and responses: 57 times each letter."""
    return [bytes((letter,)) * 57 for letter in letters]


def mac(letter: bytes) -> Mac:
    return cast("Mac", letter * 64)


def envelope(binary: bytes) -> bytes:
    return b"?OTR:" + b64encode(binary) + b"."


# --- Samples ----------------------------------------------------------------------------------

BODY: Final = (
    (b"\0\0\0\5" + b"\0\1" + b"\0\0\1\0" + b"\0\2" + b"\x10\0" + b"H" * 57)
    + (b"\0\3" + b"\x12\0" + b"F" * 57 + b"\0\4" + b"\0\0\0\1" + b"4")
    + (b"\0\5" + b"\0\0\0\0\x65\0\0\0")
)
PROFILE: Final = BODY + b"s" * 114
SIGMA: Final = bytes(57) + b"r" * 57 + b"g" * 228
HEAD: Final = b"\0\0\1\0\xff\xff\xff\xff"
FIRST: Final = b"e" * 57 + b"\0\0\0\2\x01\x02"

BINARIES: Final[dict[type, bytes]] = {
    Identity: b"\0\4\x35" + HEAD + PROFILE + b"Y" * 57 + b"\0\0\0\1\x05" + FIRST,
    AuthR: b"\0\4\x36" + HEAD + PROFILE + b"X" * 57 + b"\0\0\0\1\x07" + SIGMA + FIRST,
    AuthI: b"\0\4\x37" + HEAD + SIGMA,
    NonInteractiveAuth: (b"\0\4\x0d" + HEAD + PROFILE + b"X" * 57 + b"\0\0\0\1\x07" + SIGMA)
    + (b"\1\2\3\4" + b"m" * 64 + FIRST),
    PrekeyMessage: b"\0\4\x0f" + b"\1\2\3\4" + b"\0\0\1\0" + b"Y" * 57 + b"\0\0\0\1\x05",
    DataMessage: (b"\0\4\x03" + HEAD + b"\1" + b"\0\0\0\2" + b"\0\0\0\3" + b"\0\0\0\4" + b"e" * 57)
    + (b"\0\0\0\2\x80\0" + b"\0\0\0\2??" + b"a" * 64 + b"\0\0\0\x80" + b"k" * 64 + b"l" * 64),
}
HEADER: Final = Header(0x100, 0xFFFFFFFF)
SIGNED: Final = cast("RingSignature", SIGMA)
HELD: Final = client_profile(BODY, b"s" * 114)
FIRST_ECDH: Final = point(b"e")
FIRST_DH: Final = element(0x102)
FIELDS: Final = DataFields(HEADER, 1, 2, 3, 4, point(b"e"), element(0x8000), octets(b"??"))
RECORDS: Final[dict[type, EncodedMessage]] = {
    Identity: Identity(HEADER, HELD, point(b"Y"), element(5), FIRST_ECDH, FIRST_DH),
    AuthR: AuthR(HEADER, HELD, point(b"X"), element(7), SIGNED, FIRST_ECDH, FIRST_DH),
    AuthI: AuthI(HEADER, SIGNED),
    NonInteractiveAuth: NonInteractiveAuth(
        HEADER, HELD, point(b"X"), element(7), SIGNED, 0x01020304, mac(b"m"), FIRST_ECDH, FIRST_DH
    ),
    PrekeyMessage: PrekeyMessage(0x01020304, 0x100, point(b"Y"), element(5)),
    DataMessage: DataMessage(FIELDS, mac(b"a"), (octets(b"k" * 64), octets(b"l" * 64))),
}
each_kind: Final = pytest.mark.parametrize("kind", BINARIES, ids=lambda kind: kind.__name__)


# --- Messages ---------------------------------------------------------------------------------


@each_kind
def test_a_message_is_laid_out_as_the_specification_says(kind: type) -> None:
    assert decode(envelope(BINARIES[kind])) == RECORDS[kind]
    assert encode(RECORDS[kind]) == envelope(BINARIES[kind])


def test_the_start_of_a_message_can_be_told_from_its_text() -> None:
    starts = {kind.__name__: envelope(binary)[:10] for kind, binary in BINARIES.items()}
    assert starts == {
        "Identity": b"?OTR:AAQ1A",
        "AuthR": b"?OTR:AAQ2A",
        "AuthI": b"?OTR:AAQ3A",
        "NonInteractiveAuth": b"?OTR:AAQNA",
        "PrekeyMessage": b"?OTR:AAQPA",
        "DataMessage": b"?OTR:AAQDA",
    }


@each_kind
def test_records_have_the_fields_of_their_layouts(kind: type) -> None:
    layout = layouts.ENCODED[BINARIES[kind][2]]
    names = [field.name for field in layout.fields]
    if kind is DataMessage:
        assert names[4:-2] == [field.name for field in fields_of(DataFields)][1:]
        assert names[-2:] == [field.name for field in fields_of(DataMessage)][1:]
    elif kind is PrekeyMessage:
        assert names[2:] == [field.name for field in fields_of(PrekeyMessage)]
    else:
        assert names[4:] == [field.name for field in fields_of(kind)][1:]


def test_the_second_computation_writes_the_same() -> None:
    tags = (HEADER.sender, HEADER.receiver)
    first = (b"e" * 57, 0x102)
    assert {
        Identity: second.encode_identity(
            second.IdentityMessage(*tags, PROFILE, b"Y" * 57, 5, *first)
        ),
        AuthR: second.encode_auth_r(
            second.AuthRMessage(*tags, PROFILE, b"X" * 57, 7, SIGMA, *first)
        ),
        AuthI: second.encode_auth_i(second.AuthIMessage(*tags, SIGMA)),
        NonInteractiveAuth: second.encode_non_interactive_auth(
            second.NonInteractiveAuthMessage(
                *tags, PROFILE, b"X" * 57, 7, SIGMA, 0x01020304, b"m" * 64, *first
            )
        ),
        PrekeyMessage: second.encode_prekey(second.PrekeyMessage(0x01020304, 0x100, b"Y" * 57, 5)),
        DataMessage: second.encode_data_message(
            second.DataMessage(
                *tags, 1, 2, 3, 4, b"e" * 57, 0x8000, b"??", b"a" * 64, b"k" * 64 + b"l" * 64, b""
            )
        ),
    } == BINARIES
    ours = envelope(BINARIES[AuthI]).decode()
    assert second.encode_message(BINARIES[AuthI]) == ours


def test_the_authenticator_covers_everything_in_front_of_it() -> None:
    binary = BINARIES[DataMessage]
    assert data_body(FIELDS) == binary[: -64 - 4 - 128]
    assert second.decode_data_message(binary).sections == data_body(FIELDS)


def test_a_key_of_length_zero_is_none() -> None:
    message = DataMessage(replace(FIELDS, dh=None), mac(b"a"), ())
    written = encode(message)
    binary = BINARIES[DataMessage].replace(b"\0\0\0\2\x80\0", b"\0\0\0\0")[:-132] + bytes(4)
    assert written == envelope(binary)
    assert decode(written) == message
    zero = PrekeyMessage(1, 256, point(b"Y"), element(0))
    assert decode(encode(zero)) == zero


INTS: Final = st.integers(0, 2**32 - 1)
HEADERS: Final = st.builds(Header, INTS, INTS)
POINTS: Final = st.binary(min_size=57, max_size=57)
ELEMENTS: Final = st.integers(0, 2**3100).map(Number)
MACS: Final = st.binary(min_size=64, max_size=64)
SIGMAS: Final = st.binary(min_size=342, max_size=342)
PROFILES: Final = st.builds(
    client_profile,
    st.builds(
        write_client_profile_body,
        owner_tag=INTS,
        public_key=POINTS,
        forging_key=POINTS,
        versions=st.frozensets(st.integers(1, 9)),
        expiration=st.integers(-(2**63), 2**63 - 1),
        transitional=st.none() | st.binary(min_size=40, max_size=40),
    ),
    st.binary(min_size=114, max_size=114),
)
DATA_FIELDS: Final = st.builds(
    DataFields,
    HEADERS,
    st.integers(0, 255),
    INTS,
    INTS,
    INTS,
    POINTS,
    st.none() | st.integers(1, 2**3100).map(Number),
    st.binary(max_size=200),
)
MESSAGES: Final = st.one_of(
    st.builds(Identity, HEADERS, PROFILES, POINTS, ELEMENTS, POINTS, ELEMENTS),
    st.builds(AuthR, HEADERS, PROFILES, POINTS, ELEMENTS, SIGMAS, POINTS, ELEMENTS),
    st.builds(AuthI, HEADERS, SIGMAS),
    st.builds(
        NonInteractiveAuth,
        HEADERS,
        PROFILES,
        POINTS,
        ELEMENTS,
        SIGMAS,
        INTS,
        MACS,
        POINTS,
        ELEMENTS,
    ),
    st.builds(PrekeyMessage, INTS, INTS, POINTS, ELEMENTS),
    st.builds(DataMessage, DATA_FIELDS, MACS, st.lists(MACS, max_size=3).map(tuple)),
)


@given(MESSAGES, st.binary(max_size=5), st.binary(max_size=5))
def test_every_message_is_read_as_it_was_written(
    message: EncodedMessage, front: bytes, behind: bytes
) -> None:
    text = encode(message)
    assert decode(text) == message
    wrapped = front + text + behind
    assert b"?OTR" in front + behind or decode(wrapped) == message


@each_kind
def test_every_beginning_of_a_message_is_malformed(kind: type) -> None:
    binary = BINARIES[kind]
    tagged = kind is not PrekeyMessage
    for size in range(len(binary)):
        message = decode(envelope(binary[:size]))
        assert isinstance(message, MalformedMessage)
        assert message.header == (HEADER if tagged and size >= 11 else None)
        assert "cut short" in message.reason
    longer = decode(envelope(binary + b"\0"))
    assert isinstance(longer, MalformedMessage)
    assert longer.reason == "is followed by other bytes"


@given(st.sampled_from(list(BINARIES)), st.integers(0, 2000), st.integers(1, 255))
def test_a_changed_byte_is_never_overlooked(kind: type, place: int, change: int) -> None:
    binary = bytearray(BINARIES[kind])
    binary[place % len(binary)] ^= change
    text = envelope(bytes(binary))
    message = decode(text)
    assert message != RECORDS[kind]
    if not isinstance(message, MalformedMessage | OtherVersion):
        assert encode(message) == text


@given(st.binary(max_size=80), st.sampled_from([0x03, 0x0D, 0x0F, 0x35, 0x36, 0x37, 0x40]))
def test_every_binary_form_is_read(rest: bytes, kind: int) -> None:
    message = decode(envelope(b"\0\4" + bytes((kind,)) + rest))
    assert isinstance(message, MalformedMessage | PrekeyMessage | DataMessage)


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (AuthI(Header(2**32, 0), SIGNED), "Sender's instance tag: is more than 4294967295"),
        (AuthI(Header(256, -1), SIGNED), "Receiver's instance tag: is negative"),
        (AuthI(HEADER, cast("RingSignature", b"short")), "sigma: is not 342 bytes long"),
        (PrekeyMessage(2**32, 256, point(b"Y"), element(5)), "Prekey Message Identifier: is more"),
        (PrekeyMessage(1, 256, cast("Point", b"Y"), element(5)), "Y: is not 57 bytes long"),
        (PrekeyMessage(1, 256, point(b"Y"), element(-5)), "B: is negative"),
        (
            DataMessage(replace(FIELDS, flags=256), mac(b"a"), ()),
            "Flags: is more than 255",
        ),
        (
            DataMessage(replace(FIELDS, message_id=2**32), mac(b"a"), ()),
            "Message id: is more than 4294967295",
        ),
        (
            DataMessage(FIELDS, cast("Mac", b"a"), ()),
            "Authenticator: is not 64 bytes long",
        ),
        (
            DataMessage(FIELDS, mac(b"a"), (octets(b"k" * 63),)),
            "Old MAC keys to be revealed: is not a multiple of 64 bytes long",
        ),
        (MalformedMessage("k", "is missing"), "message: is only ever received"),
        (OtherVersion(3, cast("Wire", b"?OTR:AAM=.")), "message: is only ever received"),
    ],
)
def test_what_a_message_cannot_hold_is_not_written(message: EncodedMessage, fault: str) -> None:
    with pytest.raises(Malformed) as caught:
        encode(message)
    assert str(caught.value).startswith(fault)


@pytest.mark.parametrize(
    ("kind", "found", "instead", "field", "reason"),
    [
        (DataMessage, b"\0\0\0\x80k", b"\0\0\0\x7fk", "Old MAC keys to be revealed", "multiple"),
        (DataMessage, b"\0\0\0\2\x80\0", b"\0\0\0\2\0\x80", "Public DH Key", "leading zero"),
        (DataMessage, b"\0\0\0\2??", b"\xff\xff\xff\xff??", "Encrypted message", "cut short"),
        (Identity, b"\0\0\0\1\x05", b"\0\0\0\1\0", "B", "leading zero"),
        (AuthR, b"\0\0\0\5\0\1", b"\0\0\0\4\0\1", "Number of Fields", "is not 5 to 7"),
        (AuthR, b"\0\0\0\5\0\1", b"\0\0\0\6\0\1", "Field type", "is that of no field"),
        (NonInteractiveAuth, b"\x10\0HH", b"\0\x10HH", "Pubkey type", "is not 16"),
    ],
)
def test_the_fault_of_a_message_is_named(
    kind: type, found: bytes, instead: bytes, field: str, reason: str
) -> None:
    binary = BINARIES[kind]
    assert binary.count(found) == 1
    message = decode(envelope(binary.replace(found, instead)))
    assert isinstance(message, MalformedMessage)
    assert (message.field, message.header) == (field, HEADER)
    assert reason in message.reason


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"?OTR:", MalformedMessage("Binary form", "does not end with '.'")),
        (b"?OTR:AAQ1", MalformedMessage("Binary form", "does not end with '.'")),
        (b"?OTR:AAQ 1.", MalformedMessage("Binary form", "is not base-64")),
        (b"?OTR:.", MalformedMessage("Protocol version", "is cut short")),
        (envelope(b"\0"), MalformedMessage("Protocol version", "is cut short")),
        (envelope(b"\0\4"), MalformedMessage("Message type", "is cut short")),
        (envelope(b"\0\4\x0f"), MalformedMessage("Prekey Message Identifier", "is cut short")),
        (envelope(b"\0\4\x02"), MalformedMessage("Sender's instance tag", "is cut short")),
        (
            envelope(b"\0\4\x02\0\0\1\0\0\0\0\0"),
            MalformedMessage("Message type", "is that of no message", Header(256, 0)),
        ),
    ],
)
def test_the_fault_of_an_envelope_or_header_is_named(
    text: bytes, message: MalformedMessage
) -> None:
    assert decode(text) == message


def test_a_prekey_message_is_kept_in_bytes() -> None:
    binary, message = BINARIES[PrekeyMessage], RECORDS[PrekeyMessage]
    assert isinstance(message, PrekeyMessage)
    assert decode_prekey_message(binary) == message
    assert encode_prekey_message(message) == binary
    for bad in (binary[:-1], binary + b"\0", BINARIES[AuthI], b""):
        with pytest.raises(Malformed):
            decode_prekey_message(bad)


# --- Contents ---------------------------------------------------------------------------------


def content(text: bytes, *tlvs: Tlv) -> Content:
    return Content(octets(text), tlvs)


def tlv(kind: int, value: bytes) -> bytes:
    return kind.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value


def values(letters: bytes) -> bytes:
    return b"".join(scalars(letters))


SMP_1: Final = Smp1(None, *scalars(b"abcdef"))
EXAMPLES: Final[list[tuple[bytes, Tlv]]] = [
    (b"\0\1\0\0", Disconnected()),
    (b"\0\0\0\5\0\0\0\0\0", Padding(5)),
    (tlv(2, bytes(4) + values(b"abcdef")), SMP_1),
    (tlv(2, b"\0\0\0\4who?" + values(b"abcdef")), replace(SMP_1, question=octets(b"who?"))),
    (tlv(2, b"\0\0\0\1\0" + values(b"abcdef")), replace(SMP_1, question=octets(b"\0"))),
    (tlv(3, values(b"abcdefghijk")), Smp2(*scalars(b"abcdefghijk"))),
    (tlv(4, values(b"abcdefgh")), Smp3(*scalars(b"abcdefgh"))),
    (tlv(5, values(b"abc")), Smp4(*scalars(b"abc"))),
    (tlv(6, b""), SmpAbort()),
    (tlv(7, b"\0\0\1\0data"), ExtraKeyUse(256, octets(b"data"))),
    (tlv(7, b"\0\0\0\0"), ExtraKeyUse(0, octets(b""))),
    (tlv(8, b"what?"), UnknownTlv(8, octets(b"what?"))),
]


@pytest.mark.parametrize(("written", "read"), EXAMPLES)
def test_a_tlv_is_laid_out_as_the_specification_says(written: bytes, read: Tlv) -> None:
    assert decode_content(b"\0" + written) == content(b"", read)
    assert encode_content(content(b"", read)) == b"\0" + written
    assert decode_content(b"Hi\0" + written * 2) == content(b"Hi", read, read)


def test_a_text_ends_at_a_nul() -> None:
    assert decode_content(b"") == content(b"")
    assert decode_content(b"\0") == content(b"")
    assert decode_content(b"Hi\0") == content(b"Hi")
    assert encode_content(content(b"Hi")) == b"Hi"


@pytest.mark.parametrize(
    ("kind", "value", "field", "reason"),
    [
        (2, b"", "Question", "has its length cut short"),
        (2, b"\0\0\0\5who?", "Question", "is cut short"),
        (2, values(b"abcdef"), "Question", "is cut short"),
        (2, bytes(4) + values(b"abcdef")[:-1], "d3", "is cut short"),
        (2, bytes(4) + values(b"abcdefg"), "SMP Message 1", "is followed by other bytes"),
        (3, values(b"abcdefghij"), "d6", "is cut short"),
        (4, values(b"abcdefgh") + b"\0", "SMP Message 3", "is followed by other bytes"),
        (5, b"", "Rb", "is cut short"),
        (7, b"\0\0\1", "Use", "is cut short"),
    ],
)
def test_a_malformed_tlv_does_not_hide_the_others(
    kind: int, value: bytes, field: str, reason: str
) -> None:
    received = b"Hi\0" + tlv(0, b"") + tlv(kind, value) + tlv(1, b"x") + tlv(6, b"y")
    assert decode_content(received) == content(
        b"Hi", Padding(0), MalformedTlv(kind, field, reason), Disconnected(), SmpAbort()
    )


@pytest.mark.parametrize(
    ("behind", "field", "reason"),
    [
        (b"\0", "Type", "is cut short"),
        (b"\0\1\0", "Value", "has its length cut short"),
        (b"\0\1\xff\xff" + bytes(65534), "Value", "is cut short"),
    ],
)
def test_a_record_that_is_cut_off_is_the_last(behind: bytes, field: str, reason: str) -> None:
    expected = content(b"Hi", Disconnected(), MalformedTlv(CUT_OFF, field, reason))
    assert decode_content(b"Hi\0" + tlv(1, b"") + behind) == expected


TLVS: Final = st.one_of(
    st.builds(Padding, st.integers(0, 300)),
    st.just(Disconnected()),
    st.just(SmpAbort()),
    st.builds(Smp1, st.none() | st.binary(min_size=1, max_size=40), *[POINTS] * 6),
    st.builds(Smp2, *[POINTS] * 11),
    st.builds(Smp3, *[POINTS] * 8),
    st.builds(Smp4, *[POINTS] * 3),
    st.builds(ExtraKeyUse, INTS, st.binary(max_size=40)),
    st.builds(UnknownTlv, st.integers(8, 65535), st.binary(max_size=40)),
)
TEXTS: Final = st.binary(max_size=40).filter(lambda text: b"\0" not in text)


@given(st.builds(Content, TEXTS, st.lists(TLVS, max_size=4).map(tuple)))
def test_every_content_is_read_as_it_was_written(said: Content) -> None:
    plaintext = encode_content(said)
    assert decode_content(plaintext) == said
    text, records = second.decode_plaintext(plaintext)
    assert (text, len(records)) == (cast("bytes", said.text), len(said.tlvs))


@given(st.binary(max_size=60))
@example(b"\0" * 60)
def test_every_plaintext_has_a_content(plaintext: bytes) -> None:
    said = decode_content(plaintext)
    text, _, records = plaintext.partition(b"\0")
    assert said.text == octets(text)
    assert len(said.tlvs) <= (len(records) + 3) // 4
    assert all(not isinstance(t, MalformedTlv) or t.kind != CUT_OFF for t in said.tlvs[:-1])


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (content(b"a\0b"), "Human-readable message: holds a NUL"),
        (content(b"", MalformedTlv(2, "d2", "is cut short")), "TLV: is only ever received"),
        (content(b"", Padding(65536)), "Value: is not 0 to 65535 bytes long"),
        (content(b"", UnknownTlv(65536, octets(b""))), "Type: is more than 65535"),
        (content(b"", UnknownTlv(9, octets(bytes(65536)))), "Value: is longer than 65535 bytes"),
        (content(b"", ExtraKeyUse(-1, octets(b""))), "Use: is negative"),
        (
            content(
                b"",
                Smp4(
                    cast("Point", b"short"),
                    cast("Challenge", b"c" * 57),
                    cast("Response", b"d" * 57),
                ),
            ),
            "Rb: is not 57 bytes long",
        ),
        (
            content(b"", replace(SMP_1, question=octets(bytes(65536)))),
            "Value: is longer than 65535 bytes",
        ),
    ],
)
def test_what_a_content_cannot_hold_is_not_written(said: Content, fault: str) -> None:
    with pytest.raises(Malformed) as caught:
        encode_content(said)
    assert str(caught.value) == fault


# --- Cost -------------------------------------------------------------------------------------


class Counting(bytes):
    """Bytes that note how many of them are copied out, and from the copies in turn."""

    copied: list[int]

    def __getitem__(self, at: SupportsIndex | slice) -> int | bytes:  # type: ignore[override]  # counts
        found = super().__getitem__(at)
        if isinstance(found, int):
            return found
        self.copied.append(len(found))
        again = Counting(found)
        again.copied = self.copied
        return again


@pytest.mark.parametrize(
    "record", [tlv(1, b""), tlv(0, bytes(9)), tlv(8, bytes(99)), EXAMPLES[5][0], b"\0\1\0\0\0"]
)
def test_each_byte_of_a_content_is_copied_a_few_times(record: bytes) -> None:
    plaintext = Counting(b"\0" + record * 1000)
    plaintext.copied = []
    assert decode_content(plaintext).tlvs
    assert 0 < sum(plaintext.copied) <= 6 * len(plaintext)
