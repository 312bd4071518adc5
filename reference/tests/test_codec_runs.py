"""Fields of fixed size are read and written together, with nothing to show for it but speed."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otr_model.kernel.layout import Kind, Layout
from otr_model.otrv3 import layouts as layouts_v3
from otr_model.otrv4 import layouts as layouts_v4
from otr_reference.arith import Number
from otr_reference.codec import Codec, Reading, TextCodec
from otr_reference.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from otr_reference.codec import Part, TextPart, Value

LAYOUTS: Final = tuple(
    layout
    for module in (layouts_v3, layouts_v4)
    for layout in vars(module).values()
    if isinstance(layout, Layout)
)
CODECS: Final = tuple(Codec(layout, version) for layout in LAYOUTS for version in layout.versions)
DATA: Final = Codec(layouts_v4.DATA)
VALUES: Final[dict[str, Value]] = {
    "sender": 0x101,
    "receiver": 0x102,
    "flags": 1,
    "pn": 2,
    "ratchet_id": 3,
    "message_id": 4,
    "ecdh": bytes(range(57)),
    "dh": Number(5),
    "encrypted": b"six",
    "authenticator": bytes(64),
    "old_mac_keys": bytes(128),
}


def folded(parts: Iterable[Part | TextPart], start: int) -> Reading:
    """What reading part by part gives."""
    values: dict[str, Value] = {}
    end = start
    try:
        for part in parts:
            values[part.name] = part.value
            end = part.end
    except Malformed as fault:
        return Reading(values, end, fault)
    return Reading(values, end, None)


def shown(reading: Reading) -> tuple[object, ...]:
    """A reading, comparable; with the types, since a number may have two."""
    values = [(name, type(value), value) for name, value in reading.values.items()]
    return values, reading.end, None if reading.fault is None else reading.fault.args


def assert_read_alike(codec: Codec, data: bytes, start: int) -> None:
    assert shown(codec.read(data, start)) == shown(folded(codec.parts(data, start), start))
    assert shown(codec.read(data, whole=True)) == shown(folded(codec.whole(data), 0))


@given(st.sampled_from(CODECS), st.binary(max_size=300), st.integers(0, 4))
def test_bytes_are_read_as_field_by_field(codec: Codec, data: bytes, start: int) -> None:
    assert_read_alike(codec, data, min(start, len(data)))


@given(st.data())
def test_messages_with_a_fault_are_read_as_field_by_field(data: st.DataObject) -> None:
    octets = bytearray(DATA.write(VALUES))
    for place in data.draw(st.lists(st.integers(0, len(octets) - 1), max_size=2)):
        octets[place] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.integers(0, len(octets)) | st.just(len(octets)))

    assert_read_alike(DATA, bytes(octets[:cut]), 0)


@pytest.mark.parametrize("cut", range(len(DATA.write(VALUES)) + 1))
def test_a_message_that_is_cut_short_is_read_as_far_as_it_goes(cut: int) -> None:
    octets = DATA.write(VALUES)

    reading = DATA.read(octets[:cut], whole=True)

    names = list(reading.values)
    assert names == [field.name for field in layouts_v4.DATA.fields][: len(names)]
    assert (reading.fault is None) == (cut == len(octets))
    assert reading.end <= cut
    assert_read_alike(DATA, octets[:cut], 0)


@given(st.sampled_from((b"?OTR:", b"?OTR|1|2|3,1,2,", b"")), st.binary(max_size=60))
def test_texts_are_read_as_piece_by_piece(prefix: bytes, rest: bytes) -> None:
    for text_format in (layouts_v4.ENVELOPE, layouts_v4.FRAGMENT, layouts_v4.QUERY):
        codec, text = TextCodec(text_format), prefix + rest
        start = len(text_format.prefix)
        assert shown(codec.read(text)) == shown(folded(codec.parts(text), start))


ANY: Final = st.one_of(
    st.integers(-1, 1 << 65),
    st.integers(0, 255),
    st.integers(-1, 1 << 33).map(Number),
    st.binary(max_size=70),
)


def outcome(write: Callable[[], bytes]) -> object:
    """What is written, or what is wrong."""
    try:
        return write()
    except Malformed as fault:
        return fault.args


@given(st.data())
def test_what_is_written_together_is_what_is_written_alone(data: st.DataObject) -> None:
    codec = Codec(data.draw(st.sampled_from(LAYOUTS)))
    fields = codec.layout.of(codec.layout.versions[-1])
    values: dict[str, Value] = {}
    for field in fields:
        octets = st.binary(min_size=field.exact or 0, max_size=field.exact or 9)
        fitting = st.integers(0, 200) if field.type.spec.kind is Kind.NUMBER else octets
        drawn = data.draw(st.none() | fitting | fitting | fitting | ANY)
        if drawn is not None:
            values[field.name] = drawn
        elif field.optional:
            break
    names = [field.name for field in fields]
    bounds = [*pairwise(names), (names[-1], "")]

    alone = outcome(lambda: b"".join(codec.write(values, since=a, until=b) for a, b in bounds))

    assert outcome(lambda: codec.write(values)) == alone
