"""Messages, lengths and fragments over terms of OTRv4, beside those over bytes; both versions."""

from __future__ import annotations

import base64
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otr_check.otrv3.suite import TermSuite as TermSuite3
from otr_check.otrv4 import wires
from otr_check.otrv4.octets import width
from otr_check.otrv4.operators import Op
from otr_check.otrv4.suite import TermSuite
from otr_check.terms import Term
from otr_model.otrv4 import layouts
from otr_model.otrv4.groups4 import MODP_3072
from otr_reference import ed448
from otr_reference.arith import Number
from otr_reference.errors import Malformed
from otr_reference.otrv3 import messages as v3
from otr_reference.otrv4 import wire as codec
from otr_reference.otrv4.messages import (
    AuthI,
    AuthR,
    ClientProfile,
    Content,
    DataFields,
    DataMessage,
    Disconnected,
    ErrorMessage,
    ExtraKeyUse,
    Fragment,
    Header,
    Identity,
    MalformedMessage,
    MalformedTlv,
    NonInteractiveAuth,
    OtherVersion,
    Padding,
    Plaintext,
    PrekeyMessage,
    Query,
    Smp1,
    Smp2,
    Smp3,
    Smp4,
    SmpAbort,
    TaggedPlaintext,
    UnknownTlv,
)
from otr_reference.otrv4.wire import Oversized

if TYPE_CHECKING:
    from otr_reference.otrv4.messages import Message, Tlv
    from otr_reference.sorts import Element, Key, Octets, Wire

S = TermSuite()
THREE = TermSuite3()
SEED = S.seed(b"wires")
HEADER = Header(0x101, 0x202)
KEYS = S.long_term("alice", dsa=True)
BOTH, FOUR = frozenset({3, 4}), frozenset({4})
PAIR, DH = S.fresh_ecdh(SEED, 1), S.fresh_dh(SEED, 2)
RING = (S.generator(), KEYS.public, PAIR.public)
SIGMA = S.ring_sign(RING, KEYS.secret, S.octets(b"t"), SEED, 3)


def key_of(number: int) -> Key:
    """Some key."""
    return S.third_brace_key(S.fresh_dh(SEED, number).secret, S.element(2))


def tlvs() -> tuple[Tlv, ...]:
    """One of each kind."""
    text, p = S.octets(b"text"), PAIR.public
    exponent = S.fresh_scalar(SEED, 4)
    one = S.prove_exponent(1, exponent, SEED, 5)
    two = S.prove_coordinates(5, p, p, exponent, exponent, SEED, 6)
    return (
        Padding(5),
        Disconnected(),
        SmpAbort(),
        ExtraKeyUse(7, text),
        UnknownTlv(99, text),
        Smp1(None, p, one.c, one.d, p, one.c, one.d),
        Smp1(text, p, one.c, one.d, p, one.c, one.d),
        Smp2(p, one.c, one.d, p, one.c, one.d, p, p, two.c, two.d5, two.d6),
        Smp3(p, p, two.c, two.d5, two.d6, p, one.c, one.d),
        Smp4(p, one.c, one.d),
    )


def data(
    content: Content, message_id: int = 1, dh: Element | None = None, revealed: int = 0
) -> DataMessage:
    sealed = S.seal(key_of(1), content)
    covered = DataFields(HEADER, 0, 1, 2, message_id, PAIR.public, dh, sealed)
    mac = S.data_mac(key_of(2), S.data_body(covered))
    return DataMessage(covered, mac, (S.reveal(key_of(3)),) * revealed)


@cache
def messages() -> list[Message]:
    """One of every kind that can be written."""
    text, p, b = S.octets(b"hello"), PAIR.public, DH.public
    plain = S.client_profile(KEYS, 0x101, FOUR, 99, SEED)
    full = S.client_profile(KEYS, 0x101, BOTH, -5, SEED)
    mac = S.auth_mac(key_of(1), text)
    return [
        Identity(HEADER, plain, p, b, p, b),
        Identity(replace(HEADER, receiver=0), full, p, b, p, b),
        AuthR(HEADER, full, p, b, SIGMA, p, b),
        AuthI(HEADER, SIGMA),
        NonInteractiveAuth(HEADER, plain, p, b, SIGMA, 7, mac, p, b),
        PrekeyMessage(7, 0x101, p, b),
        data(Content(S.octets(b""))),
        data(Content(text), dh=b, revealed=2),
        *(data(Content(text, (tlv,))) for tlv in tlvs()),
        Fragment(HEADER, 5, 1, 2, text),
        *texts(),
    ]


def texts() -> list[Message]:
    text = S.octets(b"hello")
    return [
        *(Query(frozenset(offered)) for offered in ({3, 4}, {4}, {3}, {1}, {1, 4}, {2, 3}, set())),
        ErrorMessage(None, text),
        ErrorMessage(2, text),
        Plaintext(text),
        *(TaggedPlaintext(text, frozenset(offered)) for offered in ({3, 4}, {4}, {3})),
    ]


PUBKEY = b"\0\0" + b"".join(
    size.to_bytes(4, "big") + b"\x7f" * size for size in (128, 20, 128, 128)
)


RANDOM = ed448.multiply_base(12345).encode()


def in_bytes(value: object) -> object:
    """A value over bytes that is as long as the one over terms: whose value it is is no matter."""
    real = value
    match value:
        case ClientProfile():
            body = codec.write_client_profile_body(
                owner_tag=value.owner_tag,
                public_key=RANDOM,
                forging_key=RANDOM,
                versions=value.versions,
                expiration=value.expiration,
                dsa_key=None if value.dsa_key is None else PUBKEY,
                transitional=None if value.transitional is None else bytes(40),
            )
            real = codec.client_profile(body, bytes(114))
        case Term() if value is cast("Term", DH.public):
            real = Number(MODP_3072.modulus - 2)
        case Term(op=Op.POINT):
            real = RANDOM
        case Term(args=(bytes() as known_in_full,)):
            real = known_in_full
        case Term():
            real = b"z" * width(value)
        case tuple():
            real = tuple(map(in_bytes, value))
        case _ if is_dataclass(value) and not isinstance(value, type):
            inside = {f.name: in_bytes(getattr(value, f.name)) for f in fields(value)}
            real = replace(value, **inside)
        case _:
            pass
    return real


# Encoding and decoding.


def test_every_message_comes_back_as_it_was_sent() -> None:
    for message in messages():
        wire = S.encode(message)

        assert S.decode(wire) == message
        assert S.encode(S.decode(wire)) is wire


def test_lengths_are_those_of_the_bytes() -> None:
    for message in messages():
        wire = cast("Term", S.encode(message))
        real = codec.encode(cast("Message", in_bytes(message)))
        assert wires.length(S.pool, wire) == len(real), message


def test_sizes_of_contents_are_those_of_the_bytes() -> None:
    for tlv in (None, *tlvs()):
        content = Content(S.octets(b"hello"), () if tlv is None else (tlv, tlv))
        real = codec.encode_content(cast("Content", in_bytes(content)))
        assert S.size(S.seal(key_of(1), content)) == len(real), tlv


def test_a_profile_is_what_its_body_says() -> None:
    profile = S.client_profile(KEYS, 0x101, BOTH, 99, SEED)
    sent = Identity(HEADER, profile, PAIR.public, DH.public, PAIR.public, DH.public)
    claimed = replace(profile, owner_tag=0x303, versions=FOUR, public_key=S.generator())
    received = S.decode(S.encode(replace(sent, profile=claimed)))

    assert received == sent
    garbled = S.decode(S.encode(replace(sent, profile=replace(profile, body=S.octets(b"junk")))))
    assert isinstance(garbled, MalformedMessage)
    assert garbled.header == HEADER
    without = S.client_profile(KEYS, 0x101, FOUR, 99, SEED)
    later = replace(without, body=S.garble(without.body))
    expected = S.client_profile(KEYS, 0x101, FOUR, 98, SEED)
    found = S.decode(S.encode(replace(sent, profile=later)))
    assert isinstance(found, Identity)
    assert found.profile == replace(expected, signature=without.signature)
    assert not S.profile_signed(found.profile)


def test_a_dh_key_without_bytes_is_none() -> None:
    message = data(Content(S.octets(b"hi")))
    zero = replace(message.fields, dh=S.element(0))

    assert S.decode(S.encode(replace(message, fields=zero))) == message


def unwritable(covered: DataFields) -> list[DataFields]:
    return [
        replace(covered, flags=256),
        replace(covered, pn=-1),
        replace(covered, ratchet_id=1 << 32),
        replace(covered, message_id=1 << 32),
        replace(covered, header=Header(1 << 32, 1)),
        replace(covered, ecdh=S.point(b"short")),
    ]


def test_what_cannot_be_written_is_refused() -> None:
    text, p, b = S.octets(b"x"), PAIR.public, DH.public
    profile = S.client_profile(KEYS, 0x101, FOUR, 99, SEED)
    message = data(Content(text))
    refused: list[Message] = [
        OtherVersion(3, S.wire(b"?OTR:AAMD.")),
        MalformedMessage("y", "is cut short"),
        Identity(Header(1 << 32, 0), profile, p, b, p, b),
        AuthI(Header(1, -1), SIGMA),
        AuthI(HEADER, cast("Wire", text)),  # type: ignore[arg-type] # its bytes are too few
        PrekeyMessage(1 << 32, 1, p, b),
        PrekeyMessage(1, 1, S.point(b"short"), b),
        NonInteractiveAuth(HEADER, profile, p, b, SIGMA, -1, S.auth_mac(key_of(1), text), p, b),
        replace(message, old_mac_keys=(text,)),
        *(replace(message, fields=covered) for covered in unwritable(message.fields)),
        Query(frozenset({12})),
        TaggedPlaintext(text, frozenset({2})),
        TaggedPlaintext(text, frozenset()),
        ErrorMessage(100000, text),
        Fragment(HEADER, 1, 1, 65536, text),
        Fragment(HEADER, 1 << 32, 1, 1, text),
        Fragment(HEADER, 1, 1, 1, S.octets(b"")),
        Fragment(HEADER, 1, 1, 1, S.octets(b"a,b")),
        Fragment(Header(1 << 32, 0), 1, 1, 1, text),
    ]
    for each in refused:
        with pytest.raises(Malformed):
            S.encode(each)
    for covered in unwritable(message.fields):
        with pytest.raises(Malformed):
            S.data_body(covered)


MARK = layouts.WHITESPACE_TAG.prefix
TAG_3, TAG_4 = (mark for _, mark in layouts.WHITESPACE_TAG.pieces[0].marks)
RAW = [
    b"hello",
    b"",
    b"a\0b",
    b"?OTRv34?",
    b"?OTR?v4?",
    b"Hi. ?OTRv4? You need a plugin.",
    b"?OTR Error: no",
    b"?OTR Error:ERROR_2: no",
    b"hi ?OTR Error: no",
    b"Hi" + MARK + TAG_3 + TAG_4 + b" there",
    b"Hi" + MARK + TAG_4,
    b"Hi" + MARK + b"\x20\x20\x09\x09\x20\x20\x09\x20",
    b"?OTR:AAMD.",
    b"?OTR:AAIC.",
    b"?OTR:AAED.",
    b"?OTR:AAQD.",
    b"?OTR:!!!.",
    b"?OTR:" + base64.b64encode(b"\0\x04\x35\0\0\1\1\0\0\0\0") + b".",
    b"?OTR:" + base64.b64encode(b"\0\x04\x99\0\0\1\1\0\0\2\2") + b".",
    b"?OTR|00000101|00000202,00001,00002,abc,",
    b"?OTR|00000007|00000101|00000202,00001,00002,abc,",
    b"?OTR,00003,00002,abc,",
    b"?OTR|zz,",
]


def known(value: object) -> object:
    """A term of known bytes as the bytes; other values as they are."""
    if isinstance(value, Term):
        return value.args[0]
    if is_dataclass(value) and not isinstance(value, type):
        inside = [known(getattr(value, f.name)) for f in fields(value) if f.name != "wire"]
        return type(value).__name__, inside
    return value


@pytest.mark.parametrize("raw", RAW)
def test_known_bytes_are_read_as_over_bytes(raw: bytes) -> None:
    wire = S.wire(raw)
    symbolic, real = S.decode(wire), codec.decode(raw)

    assert known(symbolic) == known(real)
    if isinstance(symbolic, OtherVersion):
        assert symbolic.wire is wire


@given(
    st.one_of(
        st.binary(max_size=60),
        st.sampled_from(RAW).flatmap(
            lambda raw: st.binary(max_size=6).map(lambda more: raw + more)
        ),
    )
)
def test_any_bytes_are_read_as_over_bytes(raw: bytes) -> None:
    assert known(S.decode(S.wire(raw))) == known(codec.decode(raw))


def test_encoded_bytes_from_elsewhere_are_messages_of_known_octets() -> None:
    for message in messages():
        real = codec.encode(cast("Message", in_bytes(message)))
        wire = S.wire(real)
        received = S.decode(wire)
        assert type(received) is type(message)
        assert S.encode(received) is wire
        assert wires.length(S.pool, cast("Term", wire)) == len(real)
        if isinstance(received, Identity):
            assert S.in_group(received.y)
            assert S.in_group(received.profile.public_key)
            assert not S.in_dh_group(received.b)
            assert not S.profile_signed(received.profile)


def test_a_typed_text_is_what_it_looks_like() -> None:
    assert S.decode(S.encode(Plaintext(S.octets(b"?OTRv4?")))) == Query(FOUR)
    coded = S.decode(S.encode(ErrorMessage(None, S.octets(b"ERROR_1: x"))))
    assert coded == ErrorMessage(1, S.octets(b"x"))


def test_decoding_is_total() -> None:
    for strange in (S.octets(b"no wire"), key_of(1), PAIR.public, SEED):
        assert isinstance(S.decode(cast("Wire", strange)), MalformedMessage)
    wire = S.malformed("y", "is missing", HEADER)
    assert S.decode(wire) == MalformedMessage("y", "is missing", HEADER)


def test_a_text_that_is_not_known_comes_back() -> None:
    opened = S.open(key_of(2), S.seal(key_of(1), Content(S.octets(b"hi")))).text
    for message in (
        Plaintext(opened),
        TaggedPlaintext(opened, BOTH),
        ErrorMessage(None, opened),
        ErrorMessage(3, opened),
    ):
        assert S.decode(S.encode(message)) == message


# Both versions.


def test_texts_without_tags_mean_the_same_to_both_versions() -> None:
    text = S.octets(b"hello")
    both: list[tuple[Message, v3.Message]] = [
        *((Query(frozenset(o)), v3.Query(frozenset(o))) for o in ({3, 4}, {4}, {2, 3}, {1}, set())),
        (Plaintext(text), v3.Plaintext(text)),
        (TaggedPlaintext(text, frozenset({3})), v3.TaggedPlaintext(text, frozenset({3}))),
        (ErrorMessage(None, text), v3.ErrorMessage(text)),
        (ErrorMessage(2, text), v3.ErrorMessage(S.octets(b"ERROR_2: hello"))),
    ]
    for four, three in both:
        assert S.encode(four) is THREE.encode(three)
        assert THREE.decode(S.encode(four)) == three
        assert S.decode(THREE.encode(three)) == four
    for tagged in ({3, 4}, {4}):
        received = THREE.decode(S.encode(TaggedPlaintext(text, frozenset(tagged))))
        assert isinstance(received, v3.TaggedPlaintext)
        assert received.text is text
        assert (3 in received.versions) == (3 in tagged)
    older = THREE.encode(v3.TaggedPlaintext(text, frozenset({2})))
    assert S.decode(older) == TaggedPlaintext(text, frozenset())


def test_what_users_and_endpoints_are_given_is_the_same_to_both_versions() -> None:
    assert S.seed(b"s") is THREE.seed(b"s")
    assert S.passphrase(b"p") is THREE.passphrase(b"p")
    assert S.literal("text") is THREE.literal("text")
    assert KEYS.dsa is THREE.signing_key("alice")


@pytest.mark.parametrize("version", [2, 3])
def test_messages_of_version_3_and_2_are_of_another_version(version: int) -> None:
    head = v3.Header(version, 0x101, 0x202) if version == 3 else v3.Header(2, 0, 0)
    seed = THREE.seed(b"three")
    pair = THREE.fresh_pair(seed, 1)
    commitment = THREE.commit(THREE.fresh_key(seed, 2), pair.public)
    keys = THREE.data_keys(pair, THREE.fresh_pair(seed, 3).public)
    sealed = THREE.seal(keys.sending, 1, v3.Content(THREE.octets(b"hi")))
    covered = v3.DataFields(head, 0, 1, 1, pair.public, 1, sealed)
    body = THREE.data_body(covered)
    commit = v3.DhCommit(head, commitment.encrypted, commitment.hashed)
    mac, mac_key = THREE.data_mac(keys.sending_mac, body), THREE.old_mac_keys(())
    made = [
        THREE.encode(commit),
        THREE.encode(v3.DhKey(head, pair.public)),
        THREE.encode(v3.DataMessage(covered, body, mac, mac_key)),
    ]
    made += THREE.split(made[0], 0x101, 0x202, version, 150)
    assert len(made) > 5
    for wire in made:
        tags = Header(0x101, 0x202) if version == 3 else None
        assert S.decode(wire) == OtherVersion(version, wire, tags)
        received = S.decode(wire)
        assert isinstance(received, OtherVersion)
        assert THREE.decode(received.wire) == THREE.decode(wire)
        assert wires.length(S.pool, cast("Term", wire)) > 20


def test_what_version_3_finds_malformed_is_its_own_to_find() -> None:
    fault = THREE.malformed("gy", "is cut short", v3.Header(3, 1, 2))
    headless = THREE.malformed("Sender Instance tag", "is cut short")

    assert S.decode(fault) == OtherVersion(3, fault, Header(1, 2))
    assert S.decode(headless) == OtherVersion(3, headless)
    base64_fault = THREE.wire(b"?OTR:!!!.")
    assert isinstance(S.decode(base64_fault), MalformedMessage)
    assert S.decode(THREE.wire(b"?OTR:AAED.")) == OtherVersion(1, THREE.wire(b"?OTR:AAED."))
    assert isinstance(S.decode(THREE.wire(b"?OTR:AAQD.")), MalformedMessage)


def test_messages_of_version_4_are_of_another_version_to_version_3() -> None:
    for message in messages():
        wire = S.encode(message)
        found = S.older.decode(wire)
        if isinstance(message, Fragment):
            assert found == v3.MalformedMessage("receiver_instance", "does not end with ','")
        elif isinstance(message, Query | ErrorMessage | Plaintext | TaggedPlaintext):
            assert found == THREE.decode(wire)
        else:
            assert found == v3.OtherVersion(4)
            assert isinstance(THREE.decode(wire), v3.MalformedMessage)
    for raw in RAW:
        if MARK + TAG_3 + TAG_4 in raw or MARK + TAG_4 in raw or b" ?OTR Error" in raw:
            continue  # the two that differ, as the module says
        one, other = S.older.decode(S.wire(raw)), THREE.decode(THREE.wire(raw))
        assert type(one) is type(other)
        if not isinstance(one, v3.MalformedMessage | v3.TaggedPlaintext):
            assert known(one) == known(other)


# Fragments.


def fragments(wire: Wire, size: int) -> list[Fragment]:
    found = [S.decode(piece) for piece in S.split(wire, 9, 0x101, 0x202, size)]
    assert all(isinstance(fragment, Fragment) for fragment in found)
    return [fragment for fragment in found if isinstance(fragment, Fragment)]


def put_together(pieces: list[Fragment]) -> Message:
    return S.decode(S.join(tuple(map(S.piece, pieces))))


@given(size=st.integers(80, 900))
def test_a_message_is_split_as_over_bytes_and_put_together_again(size: int) -> None:
    for message in messages()[:9]:
        wire = S.encode(message)
        real = codec.encode(cast("Message", in_bytes(message)))
        cut = codec.split(real, 9, 0x101, 0x202, size)
        if len(cut) == 1:
            assert S.split(wire, 9, 0x101, 0x202, size) == (wire,)
            continue
        pieces = fragments(wire, size)
        numbers = [(f.header, f.identifier, f.index, f.total, S.size(f.piece)) for f in pieces]
        read = [cast("Fragment", codec.decode(piece)) for piece in cut]
        assert numbers == [
            (f.header, f.identifier, f.index, f.total, len(cast("bytes", f.piece))) for f in read
        ]
        lengths = [wires.length(S.pool, cast("Term", S.encode(f))) for f in pieces]
        assert lengths == list(map(len, cut))
        assert S.join(tuple(map(S.piece, pieces))) is wire


def test_a_message_is_split_into_as_many_fragments_as_asked_for() -> None:
    asked: list[tuple[Wire, int]] = []

    def count(wire: Wire, size: int) -> int:
        asked.append((wire, size))
        return 7

    suite = TermSuite(count=count)
    wire = suite.encode(messages()[0])
    pieces = [suite.decode(piece) for piece in suite.split(wire, 9, 1, 2, 100)]

    assert asked == [(wire, 100)]
    assert [cast("Fragment", piece).index for piece in pieces] == [1, 2, 3, 4, 5, 6, 7]
    assert put_together(cast("list[Fragment]", pieces)) == suite.decode(wire)
    assert suite.split(wire, 9, 1, 2, 0) == (wire,)
    assert len(asked) == 1


def test_what_cannot_be_split_is_refused() -> None:
    wire = S.encode(messages()[0])
    assert len(S.split(wire, 9, 1, 2, 46)) > 1000
    with pytest.raises(Oversized):
        S.split(wire, 9, 1, 2, 45)
    with pytest.raises(Malformed):
        S.split(wire, 1 << 32, 1, 2, 100)
    long = b"hello, " * 20
    with pytest.raises(Oversized):
        S.split(S.encode(Plaintext(S.octets(long))), 9, 1, 2, 100)
    with pytest.raises(Oversized):
        S.split(S.encode(Plaintext(S.octets(b"x" * 65536))), 9, 1, 2, 46)
    pieces = fragments(S.encode(Plaintext(S.octets(b"x" * 200))), 100)
    assert put_together(pieces) == Plaintext(S.octets(b"x" * 200))


def test_a_part_of_a_message_is_no_message() -> None:
    pieces = fragments(S.encode(messages()[7]), 200)
    assert len(pieces) > 3
    for some in (pieces[:1], pieces[:-1], [pieces[0], *pieces[2:]], [pieces[0], *pieces]):
        assert isinstance(put_together(some), MalformedMessage)
    assert isinstance(put_together(pieces[1:]), Plaintext)


def test_what_stands_around_a_message_is_not_looked_at() -> None:
    message = messages()[7]
    pieces = fragments(S.encode(message), 200)
    text = replace(pieces[0], piece=S.octets(b"hello"))

    assert put_together([*pieces, text]) == message
    assert put_together([text, *pieces]) == message
    assert put_together([*pieces, pieces[-1]]) == message


def test_known_pieces_are_what_they_are_together() -> None:
    pieces = [Fragment(HEADER, 1, k, 2, S.octets(t)) for k, t in ((1, b"?O"), (2, b"TRv4?"))]

    assert put_together(pieces) == Query(FOUR)
    assert put_together(pieces[1:]) == Plaintext(pieces[1].piece)
    with pytest.raises(Oversized):
        S.split(S.encode(pieces[0]), 9, 1, 2, 46)


@pytest.mark.parametrize("size", [80, 100, 200, 250, 300])
def test_pieces_of_two_messages_of_one_shape_make_a_message_with_a_wrong_mac(size: int) -> None:
    first = data(Content(S.octets(b"hello")), 1, DH.public)
    second = data(Content(S.octets(b"howdy")), 2, S.fresh_dh(SEED, 9).public)
    one, other = (fragments(S.encode(m), size) for m in (first, second))
    for cut in range(1, len(one)):
        mixed = put_together([*one[:cut], *other[cut:]])
        assert isinstance(mixed, DataMessage)
        assert mixed.fields.header == HEADER
        assert mixed.fields.message_id in {1, 2}
        right = S.data_mac(key_of(2), S.data_body(mixed.fields))
        assert S.same(right, mixed.authenticator) == (mixed.fields == second.fields)


def test_pieces_of_two_messages_of_a_dake_authenticate_nobody() -> None:
    other_keys = S.long_term("bob", dsa=True)
    pairs = [(S.fresh_ecdh(SEED, n).public, S.fresh_dh(SEED, n).public) for n in (20, 21)]
    made = []
    for keys, (p, b) in zip((KEYS, other_keys), pairs, strict=True):
        profile = S.client_profile(keys, 0x101, BOTH, 99, SEED)
        sigma = S.ring_sign((p, keys.public, keys.forging), keys.secret, S.octets(b"t"), SEED, 1)
        made.append(AuthR(HEADER, profile, p, b, sigma, p, b))
    one, other = (fragments(S.encode(m), 300) for m in made)
    outcomes = set()
    for cut in range(1, len(one)):
        mixed = put_together([*one[:cut], *other[cut:]])
        assert isinstance(mixed, AuthR)
        assert mixed not in made
        ring = (mixed.x, mixed.profile.public_key, mixed.profile.forging_key)
        right = S.ring_verified(ring, mixed.sigma, S.octets(b"t"))
        valid = S.in_group(mixed.x) and S.in_dh_group(mixed.a) and S.in_dh_group(mixed.first_dh)
        outcomes.add((S.profile_signed(mixed.profile), right, valid))
        # Whoever is taken for the sender either is not the signer, or has sent other keys.
        assert not (S.profile_signed(mixed.profile) and right and valid) or mixed.first_dh in {
            b for _, b in pairs
        }
    assert (False, False, True) in outcomes or (False, False, False) in outcomes


def test_pieces_that_do_not_fit_are_malformed() -> None:
    short, long = (
        fragments(S.encode(data(Content(S.octets(said)), dh=DH.public)), 200)
        for said in (b"hi", b"hello, " * 9)
    )
    auth_i = fragments(S.encode(messages()[3]), 200)

    assert put_together([long[0], *short[1:]]) == put_together(short)
    assert put_together([short[0], *long[1:]]) == put_together(long)
    profile = fragments(S.encode(messages()[0]), 200)
    for wrong in ([auth_i[0], *short[1:]], [profile[0], *auth_i[1:]]):
        assert isinstance(put_together(wrong), MalformedMessage)


# Ciphertexts whose end was changed.


def test_a_changed_end_changes_the_last_record() -> None:
    key, text = key_of(1), S.octets(b"hello")
    outcomes = []
    for tlv in (None, *tlvs(), ExtraKeyUse(7, S.octets(b""))):
        content = Content(text, () if tlv is None else (Padding(1), tlv))
        opened = S.open(key, S.garble(S.seal(key, content)))
        assert S.same(opened.text, text) == (tlv is not None)
        assert opened.tlvs[:1] == content.tlvs[:1]
        last = opened.tlvs[-1] if opened.tlvs else None
        outcomes.append((type(last), last == tlv))
    changed = (Smp1, Smp1, Smp2, Smp3, Smp4, ExtraKeyUse)
    assert outcomes == [
        (type(None), True),
        (Padding, True),
        (MalformedTlv, False),
        (MalformedTlv, False),
        (ExtraKeyUse, False),
        (UnknownTlv, False),
        *((kind, False) for kind in changed),
    ]


@given(st.binary(min_size=1, max_size=6).filter(lambda text: 0 not in text))
def test_a_changed_text_is_the_one_that_the_bytes_say(said: bytes) -> None:
    opened = S.open(key_of(1), S.garble(S.seal(key_of(1), Content(S.octets(said)))))
    real = codec.decode_content(said[:-1] + bytes((said[-1] ^ 1,)))

    assert S.to_bytes(opened.text) == cast("bytes", real.text)
    assert opened.tlvs == real.tlvs


def test_a_record_of_no_bytes_is_cut_off_as_over_bytes() -> None:
    opened = S.open(key_of(1), S.garble(S.seal(key_of(1), Content(S.octets(b""), (SmpAbort(),)))))
    real = codec.decode_content(b"\0\0\x06\0\x01")

    assert opened.tlvs == real.tlvs
    (cut_off,) = opened.tlvs
    assert isinstance(cut_off, MalformedTlv)


def unknown(octets: Octets) -> bool:
    return not isinstance(cast("Term", octets).args[0], bytes)


def test_a_changed_strange_text_is_another() -> None:
    sealed = S.seal(key_of(1), Content(S.octets(b"hi")))
    strange, changed = S.open(key_of(2), sealed).text, S.open(key_of(2), S.garble(sealed)).text

    assert unknown(strange)
    assert unknown(changed)
    assert strange is not changed
