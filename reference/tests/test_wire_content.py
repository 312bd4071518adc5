"""What is inside ciphertexts: a text and its TLVs, an identity, an MPI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, SupportsIndex, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from otr_model.otrv3 import layouts
from otr_reference.arith import Number
from otr_reference.errors import Malformed
from otr_reference.keys import dsa
from otr_reference.otrv3.messages import (
    Content,
    Disconnected,
    ExtraKeyUse,
    Identity,
    MalformedTlv,
    Padding,
    Smp1,
    Smp2,
    Smp3,
    Smp4,
    SmpAbort,
    UnknownTlv,
)
from otr_reference.otrv3.wire import (
    CUT_OFF,
    data,
    decode_content,
    decode_identity,
    decode_mpi,
    encode_content,
    encode_identity,
    mpi,
)

if TYPE_CHECKING:
    from otr_reference.otrv3.messages import Tlv
    from otr_reference.sorts import (
        Challenge,
        Element,
        Octets,
        PublicKey,
        Response,
        Signature,
    )


def octets(value: bytes) -> Octets:
    return cast("Octets", value)


def element(value: int) -> Element:
    return cast("Element", Number(value))


def challenge(value: int) -> Challenge:
    return cast("Challenge", Number(value))


def response(value: int) -> Response:
    return cast("Response", Number(value))


def content(text: bytes, *tlvs: Tlv) -> Content:
    return Content(octets(text), tlvs)


def tlv(kind: int, value: bytes) -> bytes:
    return kind.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value


def numbers(*values: int) -> bytes:
    """The value of an SMP TLV; each number has one byte."""
    counted = (b"\0\0\0\1" + bytes((value,)) for value in values)
    return len(values).to_bytes(4, "big") + b"".join(counted)


# --- Section "Data Message" -------------------------------------------------------------------

SMP_1: Final = Smp1(element(1), challenge(2), response(3), element(4), challenge(5), response(6))
SMP_1Q: Final = Smp1(
    element(1), challenge(2), response(3), element(4), challenge(5), response(6), octets(b"who?")
)
SMP_2: Final = Smp2(
    element(1),
    challenge(2),
    response(3),
    element(4),
    challenge(5),
    response(6),
    element(7),
    element(8),
    challenge(9),
    response(10),
    response(11),
)
SMP_3: Final = Smp3(
    element(1),
    element(2),
    challenge(3),
    response(4),
    response(5),
    element(6),
    challenge(7),
    response(8),
)
SMP_4: Final = Smp4(element(1), challenge(2), response(3))

EXAMPLES: Final[list[tuple[bytes, Tlv]]] = [
    (b"\0\1\0\0", Disconnected()),
    (b"\0\0\0\5\0\0\0\0\0", Padding(5)),
    (tlv(2, numbers(*range(1, 7))), SMP_1),
    (tlv(3, numbers(*range(1, 12))), SMP_2),
    (tlv(4, numbers(*range(1, 9))), SMP_3),
    (tlv(5, numbers(*range(1, 4))), SMP_4),
    (tlv(6, b""), SmpAbort()),
    (tlv(7, b"who?\0" + numbers(*range(1, 7))), SMP_1Q),
    (tlv(8, b"\0\0\1\0data"), ExtraKeyUse(256, octets(b"data"))),
    (tlv(9, b"what?"), UnknownTlv(9, octets(b"what?"))),
]


@pytest.mark.parametrize(("written", "read"), EXAMPLES)
def test_a_tlv_is_laid_out_as_the_specification_says(written: bytes, read: Tlv) -> None:
    assert decode_content(b"\0" + written) == content(b"", read)
    assert encode_content(content(b"", read)) == b"\0" + written
    assert decode_content(b"Hi\0" + written * 2) == content(b"Hi", read, read)


def test_a_text_ends_at_a_nul() -> None:
    assert decode_content(b"") == content(b"")
    assert decode_content(b"\0") == content(b"")
    assert decode_content(b"Hi") == content(b"Hi")
    assert decode_content(b"Hi\0") == content(b"Hi")
    assert encode_content(content(b"Hi")) == b"Hi"
    assert encode_content(content(b"")) == b""


def test_what_a_tlv_holds_beyond_its_meaning_is_not_looked_at() -> None:
    received = b"Hi\0" + tlv(0, b"hello") + tlv(1, b"x") + tlv(6, b"yz")
    assert decode_content(received) == content(b"Hi", Padding(5), Disconnected(), SmpAbort())


@pytest.mark.parametrize(
    ("kind", "value", "field", "reason"),
    [
        (2, b"", "MPI count", "is cut short"),
        (2, numbers(1, 2, 3, 4, 5), "MPI count", "is not 6"),
        (2, numbers(*range(1, 8)), "MPI count", "is not 6"),
        (2, numbers(*range(1, 7))[:-1], "D3", "is cut short"),
        (2, numbers(*range(1, 7)) + b"\0", "SMP Message 1", "is followed by other bytes"),
        (2, numbers(1, 2, 0, 4, 5, 6), "D2", "has leading zero bytes"),
        (3, numbers(*range(1, 12))[:-3], "D6", "has its length cut short"),
        (4, numbers(*range(1, 7)), "MPI count", "is not 8"),
        (5, numbers(1, 2, 3)[:-5] + b"\xff\xff\xff\xff\3", "D7", "is cut short"),
        (7, b"", "Question", "has no NUL at its end"),
        (7, b"who?", "Question", "has no NUL at its end"),
        (7, b"who?\0", "MPI count", "is cut short"),
        (7, numbers(*range(1, 7)), "MPI count", "is not 6"),
        (8, b"\0\0\1", "Use", "is cut short"),
    ],
)
def test_a_malformed_tlv_does_not_hide_the_others(
    kind: int, value: bytes, field: str, reason: str
) -> None:
    received = b"Hi\0" + tlv(0, b"") + tlv(kind, value) + tlv(1, b"")
    expected = content(b"Hi", Padding(0), MalformedTlv(kind, field, reason), Disconnected())
    assert decode_content(received) == expected


@pytest.mark.parametrize(
    ("behind", "field", "reason"),
    [
        (b"\0", "Type", "is cut short"),
        (b"\0\1", "Value", "has its length cut short"),
        (b"\0\1\0", "Value", "has its length cut short"),
        (b"\0\1\0\1", "Value", "is cut short"),
        (b"\0\1\xff\xff" + bytes(65534), "Value", "is cut short"),
    ],
)
def test_a_record_that_is_cut_off_is_the_last(behind: bytes, field: str, reason: str) -> None:
    expected = content(b"Hi", Disconnected(), MalformedTlv(CUT_OFF, field, reason))
    assert decode_content(b"Hi\0" + tlv(1, b"") + behind) == expected
    assert CUT_OFF == -1


NUMBERS: Final = st.integers(0, 2**1600).map(Number)
QUESTIONS: Final = st.none() | st.binary(max_size=40).filter(lambda text: b"\0" not in text)
TLVS: Final = st.one_of(
    st.builds(Padding, st.integers(0, 300)),
    st.just(Disconnected()),
    st.just(SmpAbort()),
    st.builds(Smp1, *[NUMBERS] * 6, question=QUESTIONS),
    st.builds(Smp2, *[NUMBERS] * 11),
    st.builds(Smp3, *[NUMBERS] * 8),
    st.builds(Smp4, *[NUMBERS] * 3),
    st.builds(ExtraKeyUse, st.integers(0, 2**32 - 1), st.binary(max_size=40)),
    st.builds(UnknownTlv, st.integers(9, 65535), st.binary(max_size=40)),
)
TEXTS: Final = st.binary(max_size=40).filter(lambda text: b"\0" not in text)


@given(st.builds(Content, TEXTS, st.lists(TLVS, max_size=4).map(tuple)))
def test_every_content_is_read_as_it_was_written(said: Content) -> None:
    assert decode_content(encode_content(said)) == said


@given(st.binary(max_size=60))
@example(b"\0" * 60)
def test_every_plaintext_has_a_content(plaintext: bytes) -> None:
    said = decode_content(plaintext)
    text, _, records = plaintext.partition(b"\0")
    assert said.text == octets(text)
    assert len(said.tlvs) <= (len(records) + 3) // 4
    assert all(not isinstance(t, MalformedTlv) or t.kind != CUT_OFF for t in said.tlvs[:-1])


@given(st.sampled_from(EXAMPLES), st.integers(0, 80), st.integers(1, 255))
def test_a_changed_byte_gives_another_content(
    sample: tuple[bytes, Tlv], place: int, change: int
) -> None:
    written = bytearray(b"\0" + sample[0])
    written[place % len(written)] ^= change
    said = decode_content(bytes(written))
    meaningless = isinstance(sample[1], Padding) and place % len(written) > 4
    assert meaningless or said != content(b"", sample[1])


def test_an_unknown_tlv_of_a_known_type_is_written_as_it_is() -> None:
    written = encode_content(content(b"", UnknownTlv(2, octets(b"nonsense"))))
    assert written == b"\0" + tlv(2, b"nonsense")
    assert decode_content(written).tlvs == (MalformedTlv(2, "MPI count", "is not 6"),)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (content(b"a\0\0\1\0\0"), "Human-readable message: holds a NUL"),
        (content(b"", MalformedTlv(2, "D2", "is cut short")), "TLV: is only ever received"),
        (content(b"", Padding(65536)), "Value: is not 0 to 65535 bytes long"),
        (content(b"", Padding(-1)), "Value: is not 0 to 65535 bytes long"),
        (content(b"", UnknownTlv(65536, octets(b""))), "Type: is more than 65535"),
        (content(b"", UnknownTlv(9, octets(bytes(65536)))), "Value: is longer than 65535 bytes"),
        (content(b"", ExtraKeyUse(-1, octets(b""))), "Use: is negative"),
        (content(b"", Smp4(element(-1), challenge(1), response(1))), "Rb: is negative"),
    ],
)
def test_what_a_content_cannot_hold_is_not_written(said: Content, fault: str) -> None:
    with pytest.raises(Malformed) as caught:
        encode_content(said)
    assert str(caught.value) == fault


def test_records_have_the_numbers_of_their_layouts() -> None:
    for record, kind in ((Smp1, 2), (Smp2, 3), (Smp3, 4), (Smp4, 5)):
        slots: Any = record.__slots__
        names = [field.name for field in layouts.TLVS[kind].fields]
        assert [name for name in slots if name != "question"] == names[1:]


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
    "record", [tlv(1, b""), tlv(0, bytes(9)), tlv(9, bytes(99)), EXAMPLES[3][0], b"\0\1\0\0\0"]
)
def test_each_byte_of_a_content_is_copied_a_few_times(record: bytes) -> None:
    plaintext = Counting(b"\0" + record * 1000)
    plaintext.copied = []
    assert decode_content(plaintext).tlvs
    assert 0 < sum(plaintext.copied) <= 6 * len(plaintext)


# --- Sections "D-H Commit Message" to "Signature Message" -------------------------------------


@given(NUMBERS)
def test_every_mpi_is_read_as_it_was_written(number: int) -> None:
    written = mpi(number)
    assert decode_mpi(written) == number
    assert int.from_bytes(written[:4], "big") == len(written) - 4
    assert written[4:5] != b"\0"
    assert decode_mpi(written + b"\0") is None
    assert decode_mpi(written[:-1]) is None


def test_an_mpi_is_minimal() -> None:
    assert mpi(0) == bytes(4)
    assert mpi(255) == b"\0\0\0\1\xff"
    assert mpi(256) == b"\0\0\0\2\1\0"
    assert decode_mpi(b"\0\0\0\2\0\1") is None
    assert decode_mpi(b"\0\0\0\2\0\1", minimal_mpi=False) == 1
    assert decode_mpi(b"") is None


def test_a_data_has_its_length_in_front() -> None:
    assert data(b"") == bytes(4)
    assert data(b"abc") == b"\0\0\0\3abc"
    assert data(bytes(65537)) == b"\0\1\0\1" + bytes(65537)


PUBLIC: Final = dsa.encode_public(dsa.DsaPublic(p=2**1023 + 1, q=2**159 + 1, g=2, y=3))
IDENTITY: Final = Identity(
    cast("PublicKey", PUBLIC), 0x01020304, cast("Signature", b"r" * 20 + b"s" * 20)
)
X: Final = PUBLIC + b"\1\2\3\4" + b"r" * 20 + b"s" * 20


def test_an_identity_is_laid_out_as_the_specification_says() -> None:
    assert encode_identity(IDENTITY) == X
    assert decode_identity(X) == IDENTITY


def test_what_is_not_an_identity_is_none() -> None:
    for size in range(len(X)):
        assert decode_identity(X[:size]) is None
    assert decode_identity(X + b"\0") is None
    assert decode_identity(b"\0\1" + X[2:]) is None
    short_q = dsa.encode_public(dsa.DsaPublic(p=2**1023 + 1, q=2**151 + 1, g=2, y=3))
    assert decode_identity(short_q + X[len(PUBLIC) :]) is None
    assert decode_identity(PUBLIC[:2] + b"\0\0\0\x81\0" + PUBLIC[6:] + X[len(PUBLIC) :]) is None


@given(st.binary(max_size=400))
def test_every_plaintext_has_an_identity_or_none(plaintext: bytes) -> None:
    identity = decode_identity(plaintext)
    assert identity is None or encode_identity(identity) == plaintext


@pytest.mark.parametrize(
    ("identity", "fault"),
    [
        (Identity(IDENTITY.public, 2**32, IDENTITY.signature), "keyid: is more than 4294967295"),
        (Identity(IDENTITY.public, 1, cast("Signature", b"")), "sig: is not 40 bytes long"),
    ],
)
def test_what_an_identity_cannot_hold_is_not_written(identity: Identity, fault: str) -> None:
    with pytest.raises(Malformed) as caught:
        encode_identity(identity)
    assert str(caught.value) == fault
