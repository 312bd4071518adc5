"""Fragments of version 4, and how they are told from those of versions 2 and 3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import pytest
import second_encoding as second
from hypothesis import given
from hypothesis import strategies as st

from otr_reference.errors import Malformed
from otr_reference.otrv3 import messages as v3
from otr_reference.otrv3 import wire as v3_wire
from otr_reference.otrv4.messages import Fragment, Header, MalformedMessage, OtherVersion
from otr_reference.otrv4.wire import Oversized, decode, encode, split

if TYPE_CHECKING:
    from otr_reference.otrv4.messages import Message
    from otr_reference.sorts import Octets, Wire


def fragment(header: Header, identifier: int, index: int, total: int, piece: bytes) -> Fragment:
    return Fragment(header, identifier, index, total, cast("Octets", piece))


def other(version: int, wire: bytes, header: Header | None = None) -> OtherVersion:
    return OtherVersion(version, cast("Wire", wire), header)


# --- Reading ----------------------------------------------------------------------------------

EXAMPLE: Final = b"?OTR|3c5b5f03|5a73a599|27e31597,00001,00003,?OTR:AAMD,"
"""The head of the example in section "Receiving Fragments"; its piece is shortened."""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            EXAMPLE,
            fragment(Header(0x5A73A599, 0x27E31597), 0x3C5B5F03, 1, 3, b"?OTR:AAMD"),
        ),
        (b"?OTR|1|100|101,1,3,abc,", fragment(Header(256, 257), 1, 1, 3, b"abc")),
        (b"?OTR|FFFFFFFF|f|0,65535,1,?,", fragment(Header(15, 0), 2**32 - 1, 65535, 1, b"?")),
        (b"<p>?OTR|1|100|101,1,3,abc,</p>", fragment(Header(256, 257), 1, 1, 3, b"abc")),
        # whether index and total make sense is a question for a table
        (b"?OTR|0|0|0,0,0,a|b,", fragment(Header(0, 0), 0, 0, 0, b"a|b")),
        (b"?OTR|0|0|0,4,3,abc,", fragment(Header(0, 0), 0, 4, 3, b"abc")),
        # a fragment is looked for before anything else but an error message
        (b"?OTRv4? ?OTR:AAQ?OTR|1|2|3,4,5,a,", fragment(Header(2, 3), 1, 4, 5, b"a")),
        (b"?OTR,1,2,a, ?OTR|1|2|3,4,5,a,", fragment(Header(2, 3), 1, 4, 5, b"a")),
    ],
)  # fmt: skip
def test_a_fragment_is_read(text: bytes, message: Message) -> None:
    assert decode(text) == message


@pytest.mark.parametrize(
    ("text", "field", "reason", "header"),
    [
        (b"?OTR|", "identifier", "does not have 1 to 8 hexadecimal digits", None),
        (b"?OTR|,", "identifier", "does not have 1 to 8 hexadecimal digits", None),
        (b"?OTR|000000001|1|1,", "identifier", "does not have 1 to 8 hexadecimal digits", None),
        (b"?OTR|1,1,1,a,", "identifier", "does not end with '|'", None),
        (b"?OTR|1|", "sender_instance", "does not have 1 to 8 hexadecimal digits", None),
        (b"?OTR|1|1", "sender_instance", "does not end with '|'", None),
        (b"?OTR|1|-1|1,", "sender_instance", "does not have 1 to 8 hexadecimal digits", None),
        (b"?OTR|1|1|1", "receiver_instance", "does not end with ','", None),
        (b"?OTR|1|1|1|1,", "receiver_instance", "does not end with ','", None),
        (b"?OTR|1|2|3,,", "index", "does not have 1 to 5 decimal digits", Header(2, 3)),
        (b"?OTR|1|2|3,65536,", "index", "is more than 65535", Header(2, 3)),
        (b"?OTR|1|2|3,1,65536,", "total", "is more than 65535", Header(2, 3)),
        (b"?OTR|1|2|3,1,2,,", "piece[index]", "is empty", Header(2, 3)),
        (b"?OTR|1|2|3,1,2,abc", "piece[index]", "does not end with ','", Header(2, 3)),
    ],
)
def test_a_malformed_fragment_is_one_with_a_fault(
    text: bytes, field: str, reason: str, header: Header | None
) -> None:
    assert decode(text) == MalformedMessage(field, reason, header)


# --- Other versions ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "version", "header"),
    [
        (b"?OTR|100|101,1,3,abc,", 3, Header(256, 257)),
        (b"?OTR|100|101,1,3,a|c,", 3, Header(256, 257)),
        (b"?OTR|100|101,70000,", 3, Header(256, 257)),
        (b"?OTR|x|101,1,3,abc,", 3, None),
        (b"?OTR|100|,1,3,abc,", 3, None),
        (b"?OTR,1,3,abc,", 2, None),
        (b"Hi ?OTR,1,3,a|b|c,", 2, None),
        (b"?OTR,", 2, None),
    ],
)
def test_a_fragment_of_another_version_is_kept_as_it_came(
    text: bytes, version: int, header: Header | None
) -> None:
    assert decode(text) == other(version, text, header)
    theirs = v3_wire.decode(text)
    assert isinstance(theirs, v3.Fragment | v3.MalformedMessage)
    if isinstance(theirs, v3.Fragment):
        assert theirs.header.version == version


TAGS: Final = st.integers(0, 2**32 - 1)
COUNTS: Final = st.integers(0, 65535)
PIECES: Final = st.binary(min_size=1).map(lambda piece: piece.replace(b",", b"."))


@given(TAGS, TAGS, COUNTS, COUNTS, PIECES)
def test_no_version_takes_the_fragments_of_another(
    sender: int, receiver: int, index: int, total: int, piece: bytes
) -> None:
    theirs = v3.Fragment(v3.Header(3, sender, receiver), index, total, cast("Octets", piece))
    text = v3_wire.encode(theirs)
    assert decode(text) == other(3, text, Header(sender, receiver))
    ours = encode(fragment(Header(sender, receiver), 7, index, total, piece))
    assert isinstance(v3_wire.decode(ours), v3.MalformedMessage)


# --- Writing ----------------------------------------------------------------------------------


@given(TAGS, TAGS, TAGS, COUNTS, COUNTS, PIECES)
def test_every_fragment_is_read_as_it_was_written(  # noqa: PLR0913, PLR0917 - as many pieces
    sender: int, receiver: int, identifier: int, index: int, total: int, piece: bytes
) -> None:
    message = fragment(Header(sender, receiver), identifier, index, total, piece)
    assert decode(encode(message)) == message


def test_a_fragment_that_cannot_be_written_is_refused() -> None:
    good = fragment(Header(256, 0), 10, 1, 2, b"abc")
    assert encode(good) == b"?OTR|0000000a|00000100|00000000,00001,00002,abc,"
    for bad, fault in [
        (fragment(Header(256, 0), 1 << 32, 1, 2, b"abc"), "identifier: is more than 4294967295"),
        (fragment(Header(1 << 32, 0), 1, 1, 2, b"abc"), "sender_instance: is more than 4294967295"),
        (fragment(Header(256, 0), 1, 65536, 2, b"abc"), "index: is more than 65535"),
        (fragment(Header(256, 0), 1, 1, -2, b"abc"), "total: is negative"),
        (fragment(Header(256, 0), 1, 1, 2, b"a,c"), "piece[index]: holds ','"),
        (fragment(Header(256, 0), 1, 1, 2, b""), "piece[index]: is empty"),
    ]:
        with pytest.raises(Malformed) as caught:
            encode(bad)
        assert str(caught.value) == fault


ROUND: Final = len(b"?OTR|00000001|00000100|00000100,00001,00001,,")


@given(
    st.integers(1, 400).map(lambda size: b"?OTR:" + b"A" * size + b"."),
    st.integers(0, 120),
    TAGS,
    TAGS,
    TAGS,
)
def test_a_message_is_split_into_as_few_fragments_as_the_size_allows(
    wire: bytes, room: int, identifier: int, sender: int, receiver: int
) -> None:
    size = ROUND + room
    if len(wire) <= size:
        assert split(wire, identifier, sender, receiver, size) == (wire,)
        return
    if not room:
        with pytest.raises(Oversized, match=f"a fragment of {size} bytes carries nothing"):
            split(wire, identifier, sender, receiver, size)
        return

    texts = split(wire, identifier, sender, receiver, size)

    assert len(texts) == -(-len(wire) // room)
    assert all(len(text) == size for text in texts[:-1])
    assert len(texts[-1]) <= size
    pieces = [wire[start : start + room] for start in range(0, len(wire), room)]
    header = Header(sender, receiver)
    assert [decode(text) for text in texts] == [
        fragment(header, identifier, index, len(pieces), piece)
        for index, piece in enumerate(pieces, 1)
    ]


def test_what_cannot_be_split_is_refused() -> None:
    wire = b"?OTR:" + b"A" * 65530 + b"."
    smallest = ROUND + 1
    with pytest.raises(Oversized, match="more than 65535 fragments are needed"):
        split(wire, 1, 256, 257, smallest)
    texts = split(wire[1:], 1, 256, 257, smallest)
    assert len(texts) == 65535
    assert decode(texts[-1]) == fragment(Header(256, 257), 1, 65535, 65535, b".")

    assert split(wire, 1, 256, 257, 0) == (wire,)
    with pytest.raises(Oversized, match="a message with a comma cannot be fragmented"):
        split(b"Hello, Bob. " * 20, 1, 256, 257, 100)
    with pytest.raises(Malformed, match="identifier: is more than 4294967295"):
        split(wire, 2**32, 256, 257, 100)


def test_the_second_computation_reads_and_writes_the_same_fragments() -> None:
    wire = b"?OTR:" + b"A" * 300 + b"."
    texts = split(wire, 0xABC, 256, 257, 100)
    theirs = [second.decode_fragment(text.decode()) for text in texts]
    assert "".join(each.piece for each in theirs).encode() == wire
    numbers = [each[:5] for each in theirs]
    assert numbers == [(0xABC, 256, 257, index, len(texts)) for index in range(1, len(texts) + 1)]
    for text, each in zip(texts, theirs, strict=True):
        assert decode(second.encode_fragment(each).encode()) == decode(text)
