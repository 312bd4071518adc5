"""Encoded messages: each is read as it was written, and whatever is not one has its fault named."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from otr_model.otrv3 import layouts
from otr_reference.arith import Number
from otr_reference.errors import Malformed
from otr_reference.otrv3.messages import (
    DataFields,
    DataMessage,
    DhCommit,
    DhKey,
    EncodedMessage,
    Header,
    MalformedMessage,
    OtherVersion,
    RevealSignature,
    SignatureMessage,
)
from otr_reference.otrv3.wire import data_body, decode, encode

if TYPE_CHECKING:
    from otr_reference.sorts import Element, Mac, Octets


def octets(value: bytes) -> Octets:
    return cast("Octets", value)


def element(value: int) -> Element:
    return cast("Element", Number(value))


def mac(value: bytes) -> Mac:
    return cast("Mac", value)


def envelope(binary: bytes) -> bytes:
    return b"?OTR:" + b64encode(binary) + b"."


def data_message(fields: DataFields, authenticator: Mac, revealed: Octets) -> DataMessage:
    return DataMessage(fields, octets(data_body(fields)), authenticator, revealed)


def binaries(header: bytes) -> dict[type, bytes]:
    """One message of each type, written by hand; `header` is what follows the message type."""
    version = b"\0\3" if header else b"\0\2"
    return {
        DhCommit: version + b"\x02" + header + b"\0\0\0\4gx??" + b"\0\0\0\x20" + b"h" * 32,
        DhKey: version + b"\x0a" + header + b"\0\0\0\2\x12\x34",
        RevealSignature: version
        + b"\x11"
        + header
        + (b"\0\0\0\x10" + b"r" * 16 + b"\0\0\0\5X????" + b"m" * 20),
        SignatureMessage: version + b"\x12" + header + b"\0\0\0\5X????" + b"m" * 20,
        DataMessage: version
        + b"\x03"
        + header
        + (b"\1" + b"\0\0\0\7" + b"\0\0\0\x09" + b"\0\0\0\1\x05" + b"\0\0\0\0\0\0\1\0")
        + (b"\0\0\0\2??" + b"a" * 20 + b"\0\0\0\x14" + b"k" * 20),
    }


def records(header: Header, authenticated: bytes) -> dict[type, EncodedMessage]:
    """The same as records."""
    fields = DataFields(header, 1, 7, 9, element(5), 256, octets(b"??"))
    return {
        DhCommit: DhCommit(header, octets(b"gx??"), octets(b"h" * 32)),
        DhKey: DhKey(header, element(0x1234)),
        RevealSignature: RevealSignature(
            header, octets(b"r" * 16), octets(b"X????"), mac(b"m" * 20)
        ),
        SignatureMessage: SignatureMessage(header, octets(b"X????"), mac(b"m" * 20)),
        DataMessage: DataMessage(fields, octets(authenticated), mac(b"a" * 20), octets(b"k" * 20)),
    }


V3: Final = binaries(b"\0\0\1\0\xff\xff\xff\xff")
V2: Final = binaries(b"")
V3_RECORDS: Final = records(Header(3, 0x100, 0xFFFFFFFF), V3[DataMessage][:-44])
V2_RECORDS: Final = records(Header(2, 0, 0), V2[DataMessage][:-44])

SAMPLES: Final[list[tuple[bytes, EncodedMessage]]] = [
    (written[kind], read[kind])
    for written, read in ((V3, V3_RECORDS), (V2, V2_RECORDS))
    for kind in written
]
NAMES: Final = [f"{type(read).__name__}-v{written[1]}" for written, read in SAMPLES]
each_sample: Final = pytest.mark.parametrize(("written", "read"), SAMPLES, ids=NAMES)


# --- Sections "D-H Commit Message" to "Data Message" ------------------------------------------


@each_sample
def test_a_message_is_laid_out_as_the_specification_says(
    written: bytes, read: EncodedMessage
) -> None:
    assert decode(envelope(written)) == read
    assert encode(read) == envelope(written)


def test_records_have_the_fields_of_their_layouts() -> None:
    for record in V3_RECORDS.values():
        message: Any = record
        kind = V3[type(record)][2]
        names = [field.name for field in layouts.ENCODED[kind].fields[4:]]
        if isinstance(record, DataMessage):
            of_body, of_message = list(DataFields.__slots__), list(DataMessage.__slots__)
            assert names == of_body[1:] + of_message[2:]
        else:
            assert names == list(message.__slots__)[1:]


def test_the_authenticator_covers_what_was_received() -> None:
    for written, records_of in ((V3, V3_RECORDS), (V2, V2_RECORDS)):
        message = records_of[DataMessage]
        assert isinstance(message, DataMessage)
        assert octets(data_body(message.fields)) == message.authenticated
        padded = written[DataMessage].replace(b"\0\0\0\1\x05", b"\0\0\0\3\0\0\x05")
        tolerant = decode(envelope(padded), minimal_mpi=False)
        assert tolerant == replace(message, authenticated=octets(padded[:-44]))
        assert decode(envelope(padded)) == MalformedMessage(
            "DH y", "has leading zero bytes", message.fields.header
        )


INTS: Final = st.integers(0, 2**32 - 1)
HEADERS: Final = st.builds(Header, st.just(3), INTS, INTS) | st.just(Header(2, 0, 0))
OCTETS: Final = st.binary(max_size=300).map(octets)
ELEMENTS: Final = st.integers(0, 2**1600).map(element)
MACS: Final = st.binary(min_size=20, max_size=20).map(mac)
COUNTERS: Final = st.integers(0, 2**64 - 1)
FIELDS: Final = st.builds(
    DataFields, HEADERS, st.integers(0, 255), INTS, INTS, ELEMENTS, COUNTERS, OCTETS
)
MESSAGES: Final = st.one_of(
    st.builds(DhCommit, HEADERS, OCTETS, st.binary(min_size=32, max_size=32).map(octets)),
    st.builds(DhKey, HEADERS, ELEMENTS),
    st.builds(
        RevealSignature, HEADERS, st.binary(min_size=16, max_size=16).map(octets), OCTETS, MACS
    ),
    st.builds(SignatureMessage, HEADERS, OCTETS, MACS),
    st.builds(data_message, FIELDS, MACS, OCTETS),
)


@given(MESSAGES, st.binary(max_size=5), st.binary(max_size=5))
def test_every_message_is_read_as_it_was_written(
    message: EncodedMessage, front: bytes, behind: bytes
) -> None:
    text = encode(message)
    assert decode(text) == message
    wrapped = front + text + behind
    assert b"?OTR" in front + behind or decode(wrapped) == message


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (DhKey(Header(1, 0, 0), element(2)), "Protocol version: is not 2 or 3"),
        (DhKey(Header(4, 256, 0), element(2)), "Protocol version: is not 2 or 3"),
        (DhKey(Header(3, 2**32, 0), element(2)), "Sender Instance tag: is more than 4294967295"),
        (DhKey(Header(3, 256, -1), element(2)), "Receiver Instance tag: is negative"),
        (DhKey(Header(3, 256, 0), element(-2)), "gy: is negative"),
        (
            DhCommit(Header(3, 256, 0), octets(b"gx"), octets(b"short")),
            "Hashed gx: is not 32 bytes long",
        ),
        (
            RevealSignature(Header(3, 256, 0), octets(b""), octets(b""), mac(bytes(20))),
            "Revealed key: is not 16 bytes long",
        ),
        (
            SignatureMessage(Header(3, 256, 0), octets(b""), mac(bytes(19))),
            "MAC'd signature: is not 20 bytes long",
        ),
    ],
)
def test_what_a_message_cannot_hold_is_not_written(message: EncodedMessage, fault: str) -> None:
    with pytest.raises(Malformed) as caught:
        encode(message)
    assert str(caught.value) == fault


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"flags": 256}, "Flags: is more than 255"),
        ({"sender_keyid": 2**32}, "Sender keyid: is more than 4294967295"),
        ({"recipient_keyid": -1}, "Recipient keyid: is negative"),
        ({"counter": 2**64}, "Top half of counter init: is more than 18446744073709551615"),
        ({"header": Header(9, 0, 0)}, "Protocol version: is not 2 or 3"),
    ],
)
def test_what_a_data_message_cannot_hold_is_not_written(change: dict[str, Any], fault: str) -> None:
    message = V3_RECORDS[DataMessage]
    assert isinstance(message, DataMessage)
    with pytest.raises(Malformed) as caught:
        data_body(replace(message.fields, **change))
    assert str(caught.value) == fault


# --- What is not a message --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"?OTR:", MalformedMessage("Binary form", "does not end with '.'")),
        (b"?OTR:AAMC", MalformedMessage("Binary form", "does not end with '.'")),
        (b"?OTR:AAM C.", MalformedMessage("Binary form", "is not base-64")),
        (b"?OTR:AAM.", MalformedMessage("Binary form", "is not base-64")),
        (b"?OTR:AAN=.", MalformedMessage("Binary form", "is not base-64")),
        (b"?OTR:.", MalformedMessage("Protocol version", "is cut short")),
        (envelope(b"\0"), MalformedMessage("Protocol version", "is cut short")),
        (envelope(b"\0\1"), OtherVersion(1)),
        (envelope(b"\0\4\x35"), OtherVersion(4)),
        (envelope(b"\xff\xff" + bytes(99)), OtherVersion(65535)),
        (envelope(b"\0\2"), MalformedMessage("Message type", "is cut short")),
        (envelope(b"\0\3\x02\0\0\1"), MalformedMessage("Sender Instance tag", "is cut short")),
        (
            envelope(b"\0\3\x02\0\0\1\0\0\0"),
            MalformedMessage("Receiver Instance tag", "is cut short"),
        ),
        (
            envelope(b"\0\3\x04\0\0\1\0\0\0\0\0"),
            MalformedMessage("Message type", "is that of no message", Header(3, 256, 0)),
        ),
        (
            envelope(b"\0\2\x04\0\0\1\0"),
            MalformedMessage("Message type", "is that of no message", Header(2, 0, 0)),
        ),
    ],
)
def test_the_fault_of_an_envelope_or_header_is_named(
    text: bytes, message: MalformedMessage | OtherVersion
) -> None:
    assert decode(text) == message


@each_sample
def test_a_message_that_is_cut_short_has_its_fault_named(
    written: bytes, read: EncodedMessage
) -> None:
    header = read.fields.header if isinstance(read, DataMessage) else read.header
    in_header = 11 if header.version == 3 else 3
    titles = {field.title for field in layouts.ENCODED[written[2]].of(header.version)}
    for size in range(len(written)):
        fault = decode(envelope(written[:size]))
        assert isinstance(fault, MalformedMessage)
        assert fault.field in titles
        assert fault.reason in {"is cut short", "has its length cut short"}
        assert fault.header == (header if size >= in_header else None)


@each_sample
def test_nothing_may_follow_a_message(written: bytes, read: EncodedMessage) -> None:
    header = read.fields.header if isinstance(read, DataMessage) else read.header
    title = layouts.ENCODED[written[2]].title
    assert decode(envelope(written + b"\0")) == MalformedMessage(
        title, "is followed by other bytes", header
    )


@each_sample
def test_a_changed_byte_gives_another_message_or_a_fault(
    written: bytes, read: EncodedMessage
) -> None:
    for place in range(len(written)):
        for change in (0x01, 0x80, 0xFF):
            changed = bytearray(written)
            changed[place] ^= change
            text = envelope(bytes(changed))
            message = decode(text)
            assert message != read
            assert isinstance(message, EncodedMessage | MalformedMessage | OtherVersion)
            if isinstance(message, EncodedMessage):
                assert encode(message) == text


@each_sample
def test_a_text_that_is_cut_short_is_no_message(written: bytes, read: EncodedMessage) -> None:
    text = encode(read)
    assert text == envelope(written)
    for size in range(5, len(text)):
        assert decode(text[:size]) == MalformedMessage("Binary form", "does not end with '.'")


@given(
    st.sampled_from([written for written, _ in SAMPLES]),
    st.integers(0, 300),
    st.integers(0, 20),
    st.binary(max_size=20),
)
@example(V3[DhKey], 11, 4, b"\xff\xff\xff\xff")
@example(V3[DataMessage], 24, 4, b"\0\0\0\0")
def test_every_binary_form_has_one_message_or_a_fault(
    written: bytes, place: int, removed: int, inserted: bytes
) -> None:
    text = envelope(written[:place] + inserted + written[place + removed :])
    message = decode(text)
    assert isinstance(message, EncodedMessage | MalformedMessage | OtherVersion)
    if isinstance(message, EncodedMessage):
        assert encode(message) == text
