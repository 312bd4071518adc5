"""Messages, lengths and fragments over terms, beside those over bytes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otr_check.otrv3 import wires
from otr_check.otrv3.suite import TermSuite
from otr_reference.errors import Malformed
from otr_reference.keys import dsa
from otr_reference.otrv3.messages import (
    Commitment,
    Content,
    DataFields,
    DataMessage,
    DhCommit,
    DhKey,
    Disconnected,
    EncodedMessage,
    ErrorMessage,
    ExtraKeyUse,
    Fragment,
    Header,
    Identity,
    MalformedMessage,
    MalformedTlv,
    OtherVersion,
    Padding,
    Plaintext,
    Query,
    RevealSignature,
    SignatureMessage,
    Smp1,
    SmpAbort,
    TaggedPlaintext,
    UnknownTlv,
)
from otr_reference.otrv3.real import RealSuite
from otr_reference.otrv3.wire import Oversized

if TYPE_CHECKING:
    from otr_check.terms import Term
    from otr_reference.otrv3.messages import Message, Tlv
    from otr_reference.sorts import Octets, SigningKey, Wire

TERMS, BYTES = TermSuite(), RealSuite()
Suites = TermSuite | RealSuite
HEADERS = {2: Header(2, 0, 0), 3: Header(3, 0x101, 0x202)}


def usual_key() -> dsa.DsaPrivate:
    """A key none of whose numbers happens to be shorter than the others of its kind."""
    keys = iter(dsa.generate, None)
    return next(key for key in keys if len(dsa.encode_public(key.public)) == 422)


KEY = usual_key()


def signing_key(suite: Suites) -> SigningKey:
    return suite.signing_key("a") if isinstance(suite, TermSuite) else suite.signing_key(KEY)


def identity(suite: Suites) -> Octets:
    signing, seed = signing_key(suite), suite.seed(b"wires")
    signature = suite.sign(signing, suite.octets(b"M" * 32), seed, 1)
    sealed = Identity(suite.public_key(signing), 1, signature)
    return suite.seal_identity(suite.fresh_key(seed, 2), sealed)


def tlvs(suite: Suites) -> tuple[Tlv, ...]:
    """One of each kind, but for those of SMP, of which one stands for all."""
    seed, text = suite.seed(b"wires"), suite.octets(b"text")
    pair = suite.fresh_pair(seed, 1).public
    proof = suite.prove_exponent(1, suite.fresh_exponent(seed, 1), seed, 3)
    return (
        Padding(5),
        Disconnected(),
        SmpAbort(),
        ExtraKeyUse(7, text),
        UnknownTlv(99, text),
        Smp1(pair, proof.c, proof.d, pair, proof.c, proof.d),
        Smp1(pair, proof.c, proof.d, pair, proof.c, proof.d, text),
    )


def data(
    suite: Suites, header: Header, content: Content, counter: int = 1, revealed: int = 0
) -> DataMessage:
    seed = suite.seed(b"wires")
    keys = suite.data_keys(suite.fresh_pair(seed, 1), suite.fresh_pair(seed, 2).public)
    sealed = suite.seal(keys.sending, counter, content)
    fields = DataFields(header, 0, 1, 1, suite.fresh_pair(seed, 3).public, counter, sealed)
    body = suite.data_body(fields)
    old = suite.old_mac_keys((keys.receiving_mac,) * revealed)
    return DataMessage(fields, body, suite.data_mac(keys.sending_mac, body), old)


@cache
def messages(suite: Suites, version: int) -> list[Message]:
    """One of every kind that can be written."""
    header, seed, text = HEADERS[version], suite.seed(b"wires"), suite.octets(b"hello")
    r, pair = suite.fresh_key(seed, 1), suite.fresh_pair(seed, 1)
    committed, sealed = suite.commit(r, pair.public), identity(suite)
    mac = suite.identity_mac(r, sealed)
    return [
        DhCommit(header, committed.encrypted, committed.hashed),
        DhKey(header, pair.public),
        RevealSignature(header, suite.reveal(r), sealed, mac),
        SignatureMessage(header, sealed, mac),
        data(suite, header, Content(suite.octets(b""))),
        data(suite, header, Content(text), revealed=2),
        *(data(suite, header, Content(text, (tlv,))) for tlv in tlvs(suite)),
        Query(frozenset({2, 3})),
        Query(frozenset({1})),
        Query(frozenset({1, 3})),
        Query(frozenset()),
        ErrorMessage(text),
        Plaintext(text),
        TaggedPlaintext(text, frozenset({2, 3})),
        Fragment(header, 1, 2, text),
    ]


# Encoding and decoding.


@pytest.mark.parametrize("version", [2, 3])
def test_every_message_comes_back_as_it_was_sent(version: int) -> None:
    for message in messages(TERMS, version):
        wire = TERMS.encode(message)

        assert TERMS.decode(wire) == message
        assert TERMS.encode(TERMS.decode(wire)) is wire


@pytest.mark.parametrize("version", [2, 3])
def test_lengths_are_those_of_the_bytes(version: int) -> None:
    pairs = zip(messages(TERMS, version), messages(BYTES, version), strict=True)
    for symbolic, real in pairs:
        wire = cast("Term", TERMS.encode(symbolic))
        assert wires.length(wire) == len(BYTES.to_bytes(BYTES.encode(real))), real


def test_tags_that_version_2_does_not_have_are_left_out() -> None:
    with_tags = Header(2, 0x101, 0x202)
    key = TERMS.fresh_pair(TERMS.seed(b"a"), 1).public
    sent = DhKey(with_tags, key)
    fragment = Fragment(with_tags, 1, 1, TERMS.octets(b"x"))
    content = Content(TERMS.octets(b"x"))

    assert TERMS.decode(TERMS.encode(sent)) == DhKey(HEADERS[2], key)
    assert TERMS.decode(TERMS.encode(fragment)) == Fragment(HEADERS[2], 1, 1, fragment.piece)
    assert TERMS.decode(TERMS.encode(data(TERMS, with_tags, content))) == data(
        TERMS, HEADERS[2], content
    )


def test_a_data_message_is_what_its_authenticator_covers() -> None:
    message = data(TERMS, HEADERS[3], Content(TERMS.octets(b"hello")))
    garbled = TERMS.garble(message.authenticated)
    received = TERMS.decode(
        TERMS.encode(DataMessage(message.fields, garbled, message.mac, message.revealed))
    )

    assert isinstance(received, DataMessage)
    assert received.authenticated is garbled
    assert received.fields.encrypted is TERMS.garble(message.fields.encrypted)
    assert received.fields.counter == message.fields.counter
    nothing = data(TERMS, HEADERS[3], Content(TERMS.octets(b"")))
    cut = DataMessage(
        nothing.fields, TERMS.garble(nothing.authenticated), nothing.mac, nothing.revealed
    )
    assert isinstance(TERMS.decode(TERMS.encode(cut)), MalformedMessage)


@pytest.mark.parametrize("suite", [TERMS, BYTES], ids=["terms", "bytes"])
def test_what_cannot_be_written_is_refused(suite: Suites) -> None:
    pair, r = suite.fresh_pair(suite.seed(b"a"), 1), suite.fresh_key(suite.seed(b"a"), 2)
    text, sealed, commitment = suite.octets(b"x"), identity(suite), suite.commit(r, pair.public)
    mac = suite.identity_mac(r, sealed)
    refused: list[Message] = [
        OtherVersion(1),
        MalformedMessage("version", "is cut off"),
        DhKey(Header(4, 0x101, 0), pair.public),
        DhKey(Header(3, 0x101, 1 << 32), pair.public),
        DhKey(Header(3, -1, 0), pair.public),
        DhCommit(HEADERS[3], commitment.encrypted, text),
        RevealSignature(HEADERS[3], text, sealed, mac),
        Query(frozenset({12})),
        TaggedPlaintext(text, frozenset({4})),
        Fragment(HEADERS[3], 1, 65536, text),
        Fragment(HEADERS[3], 1, 1, suite.octets(b"")),
        Fragment(Header(4, 0, 0), 1, 1, text),
        Fragment(Header(3, 1 << 32, 0), 1, 1, text),
    ]
    for message in refused:
        with pytest.raises(Malformed):
            suite.encode(message)
    right = data(suite, HEADERS[3], Content(text)).fields
    for fields in (
        replace(right, flags=256),
        replace(right, sender_keyid=1 << 32),
        replace(right, recipient_keyid=-1),
        replace(right, counter=1 << 64),
        replace(right, header=Header(1, 0, 0)),
    ):
        with pytest.raises(Malformed):
            suite.data_body(fields)


RAW = [
    b"hello",
    b"?OTR?v23?",
    b"Hi. ?OTRv2? You need a plugin.",
    b"?OTR Error: no",
    b"Hi \t  \t\t\t\t \t \t \t    \t\t  \t\t there",
    b"?OTR:AAMD.",
    b"?OTR:AAEC.",
    b"?OTR:!!!.",
    b"?OTR|00000101|00000202,00001,00002,abc,",
    b"?OTR,00003,00002,abc,",
    b"?OTR|zz,",
]


def test_known_bytes_are_read_as_over_bytes() -> None:
    for raw in RAW:
        symbolic, real = TERMS.decode(TERMS.wire(raw)), BYTES.decode(BYTES.wire(raw))
        assert type(symbolic) is type(real)
        # What is in the messages is known: written, it differs by the b of Python's bytes.
        assert repr(symbolic) == repr(real).replace("b'", "'")


@pytest.mark.parametrize("version", [2, 3])
def test_encoded_bytes_from_elsewhere_are_messages_of_known_octets(version: int) -> None:
    for message in messages(BYTES, version):
        if isinstance(message, EncodedMessage):
            wire = TERMS.wire(BYTES.to_bytes(BYTES.encode(message)))
            received = TERMS.decode(wire)
            assert type(received) is type(message)
            assert TERMS.encode(received) is wire


def test_a_typed_text_is_what_it_looks_like() -> None:
    typed = Plaintext(TERMS.octets(b"?OTRv2?"))

    assert TERMS.decode(TERMS.encode(typed)) == Query(frozenset({2}))


def test_a_wire_can_be_said_to_be_malformed() -> None:
    wire = TERMS.malformed("counter", "is missing", HEADERS[3])

    assert TERMS.decode(wire) == MalformedMessage("counter", "is missing", HEADERS[3])
    assert isinstance(TERMS.decode(cast("Wire", TERMS.octets(b"no wire"))), MalformedMessage)


# Fragments.


def fragments(suite: Suites, wire: Wire, size: int, version: int = 3) -> list[Fragment]:
    header = HEADERS[version]
    found = [
        suite.decode(piece)
        for piece in suite.split(wire, header.sender, header.receiver, version, size)
    ]
    assert all(isinstance(fragment, Fragment) for fragment in found)
    return [fragment for fragment in found if isinstance(fragment, Fragment)]


def put_together(suite: Suites, pieces: list[Fragment]) -> Message:
    stored: Octets | None = None
    for fragment in pieces:
        stored = suite.join(stored, fragment)
    assert stored is not None
    return suite.decode(suite.joined(stored))


def test_pieces_behind_the_beginning_of_an_encoded_message_are_none_of_their_own() -> None:
    """What is stored begins with a text that somebody made up, which opens an encoded message."""
    for suite in (TERMS, BYTES):
        last = fragments(suite, suite.encode(messages(suite, 3)[0]), 200)[-1]
        begun, whole, other = (
            replace(last, k=1, piece=suite.octets(text))
            for text in (b"?OTR:AAM", b"x?OTR:AAI.", b"hello")
        )

        assert isinstance(put_together(suite, [begun, last]), MalformedMessage)
        assert put_together(suite, [whole, last]) == put_together(suite, [whole])
        assert isinstance(put_together(suite, [other, last]), Plaintext)


@pytest.mark.parametrize("version", [2, 3])
@given(size=st.integers(60, 400))
def test_a_message_is_split_as_over_bytes_and_put_together_again(version: int, size: int) -> None:
    pairs = zip(messages(TERMS, version)[:6], messages(BYTES, version)[:6], strict=True)
    for message, real in pairs:
        wire, bytes_wire = TERMS.encode(message), BYTES.encode(real)
        if wires.length(cast("Term", wire)) <= size:
            assert TERMS.split(wire, 0x101, 0x202, version, size) == (wire,)
            assert BYTES.split(bytes_wire, 0x101, 0x202, version, size) == (bytes_wire,)
            continue
        pieces, real_pieces = (
            fragments(TERMS, wire, size, version),
            fragments(BYTES, bytes_wire, size, version),
        )
        numbers = [(f.header, f.k, f.n, TERMS.size(f.piece)) for f in pieces]
        assert numbers == [(f.header, f.k, f.n, BYTES.size(f.piece)) for f in real_pieces]
        stored = None
        for number, fragment in enumerate(pieces, 1):
            stored = TERMS.join(stored, fragment)
            assert TERMS.size(stored) == sum(size for *_, size in numbers[:number])
        assert stored is not None
        assert TERMS.joined(stored) is wire


def test_a_message_is_split_into_as_many_fragments_as_asked_for() -> None:
    asked: list[tuple[Wire, int]] = []

    def count(wire: Wire, size: int) -> int:
        asked.append((wire, size))
        return 7

    suite = TermSuite(count=count)
    wire = suite.encode(messages(suite, 3)[0])
    pieces = fragments(suite, wire, 100)

    assert asked == [(wire, 100)]
    assert [fragment.k for fragment in pieces] == [1, 2, 3, 4, 5, 6, 7]
    assert all(suite.size(fragment.piece) for fragment in pieces)
    assert put_together(suite, pieces) == suite.decode(wire)
    assert suite.split(wire, 0x101, 0x202, 3, 0) == (wire,)
    assert len(asked) == 1


@pytest.mark.parametrize("suite", [TERMS, BYTES], ids=["terms", "bytes"])
def test_fragments_too_small_to_carry_anything_are_refused(suite: Suites) -> None:
    wire = suite.encode(messages(suite, 3)[0])
    for version, least in ((3, 37), (2, 19)):
        assert len(suite.split(wire, 0x101, 0x202, version, least)) > 1
        with pytest.raises(Oversized):
            suite.split(wire, 0x101, 0x202, version, least - 1)


@pytest.mark.parametrize("suite", [TERMS, BYTES], ids=["terms", "bytes"])
def test_a_part_of_a_message_is_malformed(suite: Suites) -> None:
    pieces = fragments(suite, suite.encode(messages(suite, 3)[5]), 200)
    for some in (pieces[:1], pieces[:-1], [pieces[0], *pieces[2:]], [pieces[0], *pieces]):
        assert isinstance(put_together(suite, some), MalformedMessage)
    assert isinstance(put_together(suite, pieces[1:]), Plaintext)


@pytest.mark.parametrize("suite", [TERMS, BYTES], ids=["terms", "bytes"])
def test_what_stands_around_a_message_is_not_looked_at(suite: Suites) -> None:
    message = messages(suite, 3)[5]
    pieces = fragments(suite, suite.encode(message), 200)
    text = Fragment(HEADERS[3], 1, 2, suite.octets(b"hello"))

    assert put_together(suite, [*pieces, text]) == message
    assert put_together(suite, [text, *pieces]) == message
    assert put_together(suite, [*pieces, pieces[-1]]) == message


@pytest.mark.parametrize("suite", [TERMS, BYTES], ids=["terms", "bytes"])
@pytest.mark.parametrize("size", [60, 100, 200, 250, 300])
def test_pieces_of_two_messages_of_one_shape_make_a_message_with_a_wrong_mac(
    suite: Suites, size: int
) -> None:
    first = data(suite, HEADERS[3], Content(suite.octets(b"hello")), 1)
    second = data(suite, HEADERS[3], Content(suite.octets(b"howdy")), 2)
    one, other = (fragments(suite, suite.encode(m), size) for m in (first, second))
    for cut in range(1, len(one)):
        mixed = put_together(suite, [*one[:cut], *other[cut:]])
        assert isinstance(mixed, DataMessage)
        assert mixed.fields.header == HEADERS[3]
        assert mixed.fields.counter in {1, 2}
        keys = suite.data_keys(
            suite.fresh_pair(suite.seed(b"wires"), 1),
            suite.fresh_pair(suite.seed(b"wires"), 2).public,
        )
        right = suite.data_mac(keys.sending_mac, mixed.authenticated)
        assert suite.same(right, mixed.mac) == suite.same(mixed.authenticated, second.authenticated)


@pytest.mark.parametrize("suite", [TERMS, BYTES], ids=["terms", "bytes"])
def test_pieces_of_messages_that_differ_behind_the_cut_only_make_a_message(suite: Suites) -> None:
    short = data(suite, HEADERS[3], Content(suite.octets(b"hi")))
    long = data(suite, HEADERS[3], Content(suite.octets(b"hello, hello, hello, hello, hello")))
    one, other = (fragments(suite, suite.encode(m), 200) for m in (short, long))

    assert put_together(suite, [one[0], *other[1:]]) == long
    assert put_together(suite, [other[0], *one[1:]]) == short


@pytest.mark.parametrize("suite", [TERMS, BYTES], ids=["terms", "bytes"])
def test_pieces_of_messages_that_do_not_fit_are_malformed(suite: Suites) -> None:
    commit, key, reveal, signature, *_ = messages(suite, 3)
    message = data(suite, HEADERS[3], Content(suite.octets(b"hello")))
    split = [
        fragments(suite, suite.encode(m), 150) for m in (commit, key, reveal, signature, message)
    ]
    for one in split:
        for other in split:
            if one is not other and len(other) > 1:
                mixed = put_together(suite, [one[0], *other[1:]])
                assert isinstance(mixed, MalformedMessage)
                assert mixed.header == HEADERS[3]


def test_known_pieces_are_put_together_as_text() -> None:
    header = HEADERS[3]
    pieces = [Fragment(header, k, 2, TERMS.octets(text)) for k, text in ((1, b"?O"), (2, b"TRv3?"))]

    assert put_together(TERMS, pieces) == Query(frozenset({3}))
    assert put_together(TERMS, pieces[1:]) == Plaintext(pieces[1].piece)


def test_a_mixed_commitment_opens_and_does_not_match() -> None:
    seed = TERMS.seed(b"wires")
    r = TERMS.fresh_key(seed, 1)
    split = []
    for draw in (1, 2):
        committed = TERMS.commit(r, TERMS.fresh_pair(seed, draw).public)
        message = DhCommit(HEADERS[3], committed.encrypted, committed.hashed)
        split.append(fragments(TERMS, TERMS.encode(message), 150))
    mixed = put_together(TERMS, [split[0][0], *split[1][1:]])

    assert isinstance(mixed, DhCommit)
    commitment = Commitment(mixed.encrypted_gx, mixed.hashed_gx)
    assert TERMS.opens(TERMS.reveal(r), commitment)
    assert not TERMS.matches(TERMS.reveal(r), commitment)


# Ciphertexts whose end was changed.


@pytest.mark.parametrize("suite", [TERMS, BYTES], ids=["terms", "bytes"])
def test_a_changed_end_changes_the_last_record(suite: Suites) -> None:
    key, text = suite.fresh_key(suite.seed(b"wires"), 1), suite.octets(b"hello")
    outcomes = []
    for tlv in (None, *tlvs(suite), ExtraKeyUse(7, suite.octets(b""))):
        content = Content(text, () if tlv is None else (Padding(1), tlv))
        opened = suite.open(key, 1, suite.garble(suite.seal(key, 1, content)))
        assert suite.same(opened.text, text) == (tlv is not None)
        assert opened.tlvs[:1] == content.tlvs[:1]
        last = opened.tlvs[-1] if opened.tlvs else None
        outcomes.append((type(last), last == tlv))
    assert outcomes == [
        (type(None), True),
        (Padding, True),
        (MalformedTlv, False),
        (MalformedTlv, False),
        (ExtraKeyUse, False),
        (UnknownTlv, False),
        (Smp1, False),
        (Smp1, False),
        (ExtraKeyUse, False),
    ]
