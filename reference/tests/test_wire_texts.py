"""Which format a text is in; queries, errors, whitespace tags, plaintexts and fragments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, SupportsIndex, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from otr_reference.errors import Malformed
from otr_reference.otrv3.messages import (
    ErrorMessage,
    Fragment,
    Header,
    MalformedMessage,
    OtherVersion,
    Plaintext,
    Query,
    TaggedPlaintext,
)
from otr_reference.otrv3.wire import Oversized, decode, encode, locate, split

if TYPE_CHECKING:
    from otr_reference.otrv3.messages import Message
    from otr_reference.sorts import Octets

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


def error(text: bytes) -> ErrorMessage:
    return ErrorMessage(octets(text))


def fragment(header: Header, k: int, n: int, piece: bytes) -> Fragment:
    return Fragment(header, k, n, octets(piece))


# --- Section "OTR Query Messages" -------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        (b"?OTR?", {1}),
        (b"?OTRv2?", {2}),
        (b"?OTRv23?", {2, 3}),
        (b"?OTR?v2?", {1, 2}),
        (b"?OTRv24x?", {2, 4}),
        (b"?OTR?v24x?", {1, 2, 4}),
        (b"?OTR?v?", {1}),
        (b"?OTRv?", set()),
        (b"?OTRv3322?", {2, 3}),
        (b"?OTRv0123456789?", {2, 3, 4, 5, 6, 7, 8, 9}),  # 1 has a sign of its own
        (b"?OTR?v2 and more", {1}),
        (b"<b>?OTRv3?</b> Alice would like to talk in private.", {3}),
        (b"?OTR ?OTRv ?OTRv2 ?OTRv3?", {3}),
    ],
)
def test_a_query_lists_versions(text: bytes, versions: set[int]) -> None:
    assert decode(text) == query(*versions)


@pytest.mark.parametrize(
    "text", [b"?OTR", b"?OTRv", b"?OTRv23", b"?OTRv2-3?", b"?otrv2?", b"?OTR v2?", b"OTRv2?"]
)
def test_what_is_not_quite_a_query_is_a_plaintext(text: bytes) -> None:
    assert decode(text) == plain(text)


@given(st.frozensets(st.integers(1, 9)))
@example(frozenset())
def test_every_query_is_read_as_it_was_written(versions: frozenset[int]) -> None:
    text = encode(Query(versions))
    assert decode(text) == Query(versions)
    assert decode(b"Hello! " + text + b" Bye.") == Query(versions)


def test_queries_are_written_as_in_the_examples() -> None:
    assert encode(query(1)) == b"?OTR?"
    assert encode(query(3, 2)) == b"?OTRv23?"
    assert encode(query(2, 1)) == b"?OTR?v2?"
    assert encode(query()) == b"?OTRv?"
    for versions in ((0,), (10,), (-2,)):
        with pytest.raises(Malformed, match="versions: are not of one digit"):
            encode(query(*versions))


# --- Section "Tagged plaintext messages" ------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"Hi" + BASE + V3, tagged(b"Hi", 3)),
        (b"Hi" + BASE + V1 + V2 + V3 + b"Bob", tagged(b"HiBob", 1, 2, 3)),
        (b"Hi " + BASE + V3 + V2 + V2 + b"  Bob", tagged(b"Hi   Bob", 2, 3)),
        (BASE + V4, tagged(b"")),
        (BASE + V4 + V2, tagged(b"", 2)),
        (BASE + V2 + V3[:7], tagged(V3[:7], 2)),
        (BASE + V2 + b"-" + BASE + V3, tagged(b"-" + BASE + V3, 2)),
        (BASE + b"-" + BASE + V3, tagged(BASE + b"-", 3)),
        (b"Hi" + BASE, plain(b"Hi" + BASE)),
        (b"Hi" + BASE + V3[:7], plain(b"Hi" + BASE + V3[:7])),
        (BASE[1:] + V3, plain(BASE[1:] + V3)),
        (BASE + V3 + b"?OTRv2?", query(2)),
    ],
)
def test_a_whitespace_tag_offers_versions_and_is_removed(text: bytes, message: Message) -> None:
    assert decode(text) == message


def test_a_whitespace_tag_is_written_behind_the_text() -> None:
    assert encode(tagged(b"Hi", 3, 1, 2)) == b"Hi" + BASE + V1 + V2 + V3
    for versions in ((), (4,), (2, 4)):
        with pytest.raises(Malformed, match="versions: have no whitespace tag"):
            encode(tagged(b"Hi", *versions))


@given(
    st.binary().filter(lambda text: b"?OTR" not in text and b"\t" not in text),
    st.frozensets(st.integers(1, 3), min_size=1),
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
        (b"?OTR Error: You sent nonsense.", error(b"You sent nonsense.")),
        (b"?OTR Error:", error(b"")),
        (b"?OTR Error:  No", error(b" No")),
        (b"<p>?OTR Error:No</p>", error(b"No</p>")),
        (b"?OTR Error: what is ?OTRv2? or ?OTR:AAMD.", error(b"what is ?OTRv2? or ?OTR:AAMD.")),
        (b"?OTRv2? ?OTR Error: No", query(2)),
        (b"?OTR error: No", plain(b"?OTR error: No")),
    ],
)
def test_an_error_message_is_what_follows_its_marker(text: bytes, message: Message) -> None:
    assert decode(text) == message


@given(st.binary().filter(lambda text: b"?OTR|" not in text and b"?OTR," not in text))
def test_every_error_message_is_read_as_it_was_written(text: bytes) -> None:
    written = encode(error(text))
    assert written == b"?OTR Error: " + text
    assert decode(written) == error(text)


# --- Section "Fragmentation" ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"?OTR|00000100|00000101,00001,00003,abc,", fragment(Header(3, 256, 257), 1, 3, b"abc")),
        (b"?OTR|100|101,1,3,abc,", fragment(Header(3, 256, 257), 1, 3, b"abc")),
        (b"?OTR|FfffFFFF|0,65535,65535,?,", fragment(Header(3, 2**32 - 1, 0), 65535, 65535, b"?")),
        (b"?OTR,1,3,abc,", fragment(Header(2, 0, 0), 1, 3, b"abc")),
        (b"?OTR,00001,00003,abc,", fragment(Header(2, 0, 0), 1, 3, b"abc")),
        (b"<p>?OTR,1,3,abc,</p>", fragment(Header(2, 0, 0), 1, 3, b"abc")),
        # whether k and n make sense is a question for a table
        (b"?OTR,0,0,abc,", fragment(Header(2, 0, 0), 0, 0, b"abc")),
        (b"?OTR,4,3,abc,", fragment(Header(2, 0, 0), 4, 3, b"abc")),
        # a fragment is looked for before anything else, that of version 3 before that of version 2
        (b"?OTR Error: ?OTRv2? ?OTR,1,3,a,", fragment(Header(2, 0, 0), 1, 3, b"a")),
        (b"?OTR,1,3,a, ?OTR|1|2,3,4,b,", fragment(Header(3, 1, 2), 3, 4, b"b")),
    ],
)  # fmt: skip
def test_a_fragment_is_read(text: bytes, message: Message) -> None:
    assert decode(text) == message


@pytest.mark.parametrize(
    ("text", "field", "reason", "header"),
    [
        (b"?OTR|", "sender_instance", "does not have 1 to 8 hexadecimal digits", None),
        (b"?OTR|000000100|", "sender_instance", "does not have 1 to 8 hexadecimal digits", None),
        (b"?OTR|0x1|0,", "sender_instance", "does not end with '|'", None),
        (b"?OTR|1|-2,", "receiver_instance", "does not have 1 to 8 hexadecimal digits", None),
        (b"?OTR|1|2", "receiver_instance", "does not end with ','", None),
        (b"?OTR|1|2,,", "k", "does not have 1 to 5 decimal digits", Header(3, 1, 2)),
        (b"?OTR|1|2,65536,", "k", "is more than 65535", Header(3, 1, 2)),
        (b"?OTR|1|2,1,000002,", "n", "does not have 1 to 5 decimal digits", Header(3, 1, 2)),
        (b"?OTR|1|2,1,2,,", "piece[k]", "is empty", Header(3, 1, 2)),
        (b"?OTR|1|2,1,2,abc", "piece[k]", "does not end with ','", Header(3, 1, 2)),
        (b"?OTR, as it happens", "k", "does not have 1 to 5 decimal digits", Header(2, 0, 0)),
        (b"?OTR,1,2", "n", "does not end with ','", Header(2, 0, 0)),
    ],
)
def test_a_malformed_fragment_is_one_with_a_fault(
    text: bytes, field: str, reason: str, header: Header | None
) -> None:
    assert decode(text) == MalformedMessage(field, reason, header)


TAGS: Final = st.integers(0, 2**32 - 1)
COUNTS: Final = st.integers(0, 65535)
HEADERS: Final = st.builds(Header, st.just(3), TAGS, TAGS) | st.just(Header(2, 0, 0))


@given(HEADERS, COUNTS, COUNTS, st.binary(min_size=1).map(lambda piece: piece.replace(b",", b".")))
def test_every_fragment_is_read_as_it_was_written(
    header: Header, k: int, n: int, piece: bytes
) -> None:
    message = fragment(header, k, n, piece)
    marked = header.version == 2 and b"?OTR|" in piece
    assert marked or decode(encode(message)) == message


def test_a_fragment_that_cannot_be_written_is_refused() -> None:
    good = fragment(Header(3, 256, 0), 1, 2, b"abc")
    assert encode(good) == b"?OTR|00000100|00000000,00001,00002,abc,"
    for bad, fault in [
        (fragment(Header(4, 256, 0), 1, 2, b"abc"), "Protocol version: is not 2 or 3"),
        (fragment(Header(3, 1 << 32, 0), 1, 2, b"abc"), "sender_instance: is more than 4294967295"),
        (fragment(Header(3, 256, 0), 1, 65536, b"abc"), "n: is more than 65535"),
        (fragment(Header(3, 256, 0), 1, 2, b"a,c"), "piece[k]: holds ','"),
        (fragment(Header(3, 256, 0), 1, 2, b""), "piece[k]: is empty"),
    ]:
        with pytest.raises(Malformed) as caught:
            encode(bad)
        assert str(caught.value) == fault


ENVELOPE: Final = {2: len(b"?OTR,00001,00001,,"), 3: len(b"?OTR|00000100|00000100,00001,00001,,")}


@given(
    st.integers(1, 400).map(lambda size: b"?OTR:" + b"A" * size + b"."),
    st.sampled_from((2, 3)),
    st.integers(0, 120),
    TAGS,
    TAGS,
)
def test_a_message_is_split_into_as_few_fragments_as_the_size_allows(
    wire: bytes, version: int, room: int, sender: int, receiver: int
) -> None:
    size = ENVELOPE[version] + room
    header = Header(3, sender, receiver) if version == 3 else Header(2, 0, 0)
    if len(wire) <= size:
        assert split(wire, sender, receiver, version, size) == (wire,)
        return
    if not room:
        with pytest.raises(Oversized, match=f"a fragment of {size} bytes carries nothing"):
            split(wire, sender, receiver, version, size)
        return

    texts = split(wire, sender, receiver, version, size)

    assert len(texts) == -(-len(wire) // room)
    assert all(len(text) == size for text in texts[:-1])
    assert len(texts[-1]) <= size
    pieces = [wire[start : start + room] for start in range(0, len(wire), room)]
    assert [decode(text) for text in texts] == [
        fragment(header, k, len(pieces), piece) for k, piece in enumerate(pieces, 1)
    ]


def test_what_cannot_be_split_is_refused() -> None:
    wire = b"?OTR:" + b"A" * 65530 + b"."
    smallest = ENVELOPE[3] + 1
    with pytest.raises(Oversized, match="more than 65535 fragments are needed"):
        split(wire, 256, 257, 3, smallest)
    texts = split(wire[1:], 256, 257, 3, smallest)
    assert len(texts) == 65535
    assert decode(texts[-1]) == fragment(Header(3, 256, 257), 65535, 65535, b".")

    assert split(wire, 256, 257, 3, 0) == (wire,)
    with pytest.raises(Oversized, match="a message with a comma cannot be fragmented"):
        split(b"Hello, Bob. " * 20, 256, 257, 3, 100)
    with pytest.raises(Malformed, match="Protocol version: is not 2 or 3"):
        split(wire, 256, 257, 4, 100)


# --- All of them ------------------------------------------------------------------------------

MARKERS: Final = (b"?OTR", b":", b" Error:", b"?", b"v2", b"|", b",", b"1", b"|1,", BASE, V2, b".")


@given(st.lists(st.sampled_from(MARKERS) | st.binary(max_size=3)).map(b"".join))
def test_every_text_is_read(text: bytes) -> None:
    message = decode(text)
    assert isinstance(message, Plaintext) == (locate(text) is None)
    if isinstance(message, Plaintext):
        assert encode(message) == text
    if isinstance(message, Query | ErrorMessage | Fragment):
        assert decode(encode(message)) == message


@pytest.mark.parametrize("message", [OtherVersion(1), MalformedMessage("k", "is missing")])
def test_what_is_only_ever_received_is_not_written(message: Message) -> None:
    with pytest.raises(Malformed, match="message: is only ever received"):
        encode(message)


class Counting(bytes):
    """Bytes that count how many of them are searched through."""

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


@pytest.mark.parametrize(
    "pattern",
    [b"?OTR", b"?OTRx", b"?OTR v", b"?OTRva", BASE, BASE + b"-", b"\t", b"?OTR:", b"?OTR|1"],
)
def test_the_search_for_a_marker_looks_at_each_byte_a_few_times(pattern: bytes) -> None:
    text = Counting(pattern * 1000)
    decode(text)
    assert text.looked_at <= 6 * len(text)
