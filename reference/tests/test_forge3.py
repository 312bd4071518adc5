"""Forged messages of version 3, with nothing but keys that honest endpoints gave up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from otr_reference.errors import Malformed, OtrSpecError
from otr_reference.keys import dsa
from otr_reference.otrv3 import wire
from otr_reference.otrv3.chat import Chat
from otr_reference.otrv3.forge import (
    CannotForge,
    modify,
    parse,
    read_and_forge,
    remac,
    replaced,
    session_keys,
    show_mac_key,
)
from otr_reference.otrv3.messages import Content, DataMessage, Disconnected
from otr_reference.otrv3.notices import Shown
from otr_reference.otrv3.real import RealSuite
from otr_reference.otrv3.session import Policy

if TYPE_CHECKING:
    from otr_reference.otrv3.chat import Heard

SUITE: Final = RealSuite()
KEY: Final = dsa.generate()
TEXTS: Final = st.binary(max_size=60).filter(lambda text: b"\0" not in text)


class Pair:
    """An honest conversation: Alice's messages, Bob's messages, and both chats."""

    def __init__(self, policy: Policy) -> None:
        self.alice = Chat(KEY, policy, tag=0x1001, seed=b"alice" * 7, clock=lambda: 1000)
        self.bob = Chat(KEY, policy, tag=0x2002, seed=b"bob" * 11, clock=lambda: 1000)
        self.wires: list[bytes] = []
        self.deliver(self.bob, self.alice.start())

    def deliver(self, to: Chat, heard: Heard) -> None:
        """Let messages arrive, and what is answered to them."""
        for each in heard.wires:
            self.wires.append(each)
            self.deliver(self.alice if to is self.bob else self.bob, to.receive(each))


def talk(policy: Policy) -> Pair:
    """Alice and Bob, who have said a few things to each other."""
    pair = Pair(policy)
    for text in (b"one", b"two", b"three"):
        pair.deliver(pair.bob, pair.alice.send(b"alice says " + text))
        pair.deliver(pair.alice, pair.bob.send(b"bob says " + text))
    return pair


VERSION_3: Final = talk(Policy(allow_v2=False))
VERSION_2: Final = talk(Policy(allow_v3=False))


def data(text: bytes) -> DataMessage:
    message = wire.decode(text)
    assert isinstance(message, DataMessage)
    return message


def data_of(pair: Pair) -> list[bytes]:
    return [each for each in pair.wires if isinstance(wire.decode(each), DataMessage)]


def secrets_of(chat: Chat) -> tuple[bytes, bytes]:
    """The D-H private key that a chat sends with, and the peer's key that it sends to."""
    ring = chat.conversation.current.ring
    assert ring is not None
    return number(SUITE.to_int(ring.ours_previous.secret)), number(SUITE.to_int(ring.theirs))


def number(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


# Session keys.


@pytest.mark.parametrize("version", [3, 2])
def test_a_dh_secret_gives_the_keys_of_what_is_said_next(version: int) -> None:
    pair = talk(Policy(allow_v2=version == 2, allow_v3=version == 3))
    sent = pair.alice.send(b"a secret").wires[0]
    keys = session_keys(*secrets_of(pair.alice))

    assert read_and_forge(keys.sending_aes, sent).text == b"a secret"
    assert read_and_forge(keys.receiving_aes, sent).text is None
    assert keys.sending_mac == show_mac_key(keys.sending_aes)
    assert keys.receiving_mac == show_mac_key(keys.receiving_aes)


@settings(max_examples=15)
@given(st.integers(1, 1 << 320), st.integers(1, 1 << 320))
def test_both_ends_have_the_same_keys(left: int, right: int) -> None:
    publics = [SUITE.to_int(SUITE.power(SUITE.generator(), SUITE.scalar(x))) for x in (left, right)]
    assume(publics[0] != publics[1])
    ours = session_keys(number(left), number(publics[1]))
    theirs = session_keys(number(right), number(publics[0]))
    assert (ours.sending_aes, ours.sending_mac) == (theirs.receiving_aes, theirs.receiving_mac)
    assert (ours.receiving_aes, ours.receiving_mac) == (theirs.sending_aes, theirs.sending_mac)
    assert (ours.ssid, ours.extra) == (theirs.ssid, theirs.extra)
    assert ours.high is not theirs.high
    assert [ours.our_public, theirs.our_public] == list(map(number, publics))


@pytest.mark.parametrize(
    ("private", "public", "field"),
    [
        (b"", b"\2", "D-H private key"),
        (b"\0", b"\2", "D-H private key"),
        (b"\xff" * 192, b"\2", "D-H private key"),
        (b"\1" * 10_000, b"\2", "D-H private key"),
        (b"\1", b"", "D-H public key"),
        (b"\1", b"\1", "D-H public key"),
        (b"\1", b"\xff" * 192, "D-H public key"),
    ],
)
def test_keys_out_of_range_are_refused(private: bytes, public: bytes, field: str) -> None:
    with pytest.raises(Malformed, match=field):
        session_keys(private, public)


# Single messages.


@pytest.mark.parametrize("pair", [VERSION_3, VERSION_2], ids=["3", "2"])
def test_a_revealed_mac_key_changes_what_was_guessed(pair: Pair) -> None:
    """With nothing but what the network carried."""
    sent = data_of(pair)
    revealed = b"".join(SUITE.to_bytes(data(each).revealed) for each in sent)
    keys = [revealed[at : at + 20] for at in range(0, len(revealed), 20)]
    asked, key = next((m, k) for m in sent for k in keys if remac(m, k) == m)

    forged = modify(asked, 5, b" says", b" lied", key)

    old, new = data(asked), data(forged)
    assert replace(new.fields, encrypted=old.fields.encrypted) == old.fields
    assert new.revealed == old.revealed
    assert modify(forged, 5, b" lied", b" says", key) == asked


def test_a_modified_message_is_accepted_by_its_receiver() -> None:
    pair = talk(Policy(allow_v2=False))
    keys = session_keys(*secrets_of(pair.alice))
    (sent,) = pair.alice.send(b"pay Bob 100").wires

    heard = pair.bob.receive(modify(sent, 4, b"Bob 100", b"Eve 999", keys.sending_mac))

    assert heard.notices[:1] == (Shown(SUITE.octets(b"pay Eve 999"), secure=True, instance=0x1001),)


def test_a_message_that_was_never_sent_is_accepted_by_its_receiver() -> None:
    pair = talk(Policy(allow_v2=False))
    keys = session_keys(*secrets_of(pair.alice))
    (sent,) = pair.alice.send(b"I owe you nothing").wires

    made = read_and_forge(keys.sending_aes, sent, b"I owe you a house")

    assert made.text == b"I owe you nothing"
    assert made.forged is not None
    heard = pair.bob.receive(made.forged)
    assert isinstance(heard.notices[0], Shown)
    assert SUITE.to_bytes(heard.notices[0].text) == b"I owe you a house"


@settings(max_examples=40)
@given(st.binary(min_size=16, max_size=16), TEXTS)
def test_a_message_is_forged_under_any_key(key: bytes, text: bytes) -> None:
    sent = data_of(VERSION_3)[0]
    made = read_and_forge(key, sent, text)
    assert made.content is None
    assert made.text is None
    assert made.forged is not None
    assert read_and_forge(key, made.forged).content == Content(SUITE.octets(text))
    old, new = data(sent), data(made.forged)
    assert replace(new.fields, encrypted=old.fields.encrypted) == old.fields
    assert remac(made.forged, show_mac_key(key)) == made.forged


def test_tlvs_are_read_and_not_forged() -> None:
    pair = talk(Policy(allow_v2=False))
    keys = session_keys(*secrets_of(pair.alice))
    (ended,) = pair.alice.end().wires

    made = read_and_forge(keys.sending_aes, ended, b"go on")

    assert made.content == Content(SUITE.octets(b""), (Disconnected(),))
    assert made.forged is not None
    assert read_and_forge(keys.sending_aes, made.forged).content == Content(SUITE.octets(b"go on"))
    with pytest.raises(Malformed, match="NUL"):
        read_and_forge(keys.sending_aes, ended, b"a\0b")


def test_a_wrong_guess_of_key_or_place_is_refused() -> None:
    pair = talk(Policy(allow_v2=False))
    key = session_keys(*secrets_of(pair.alice)).sending_mac
    (sent,) = pair.alice.send(b"hello").wires
    with pytest.raises(CannotForge, match="does not verify"):
        modify(sent, 0, b"h", b"j", bytes(20))
    with pytest.raises(CannotForge, match="3 bytes and the new one 4"):
        modify(sent, 0, b"you", b"they", key)
    for offset in (-1, 3, 1 << 70):
        with pytest.raises(CannotForge, match="not within the 5"):
            modify(sent, offset, b"llo", b"ium", key)
    assert modify(sent, 5, b"", b"", key) == sent


@given(st.binary(max_size=30), st.data())
def test_bytes_are_replaced_where_they_stand(text: bytes, picks: st.DataObject) -> None:
    start = picks.draw(st.integers(0, len(text)))
    old = text[start : picks.draw(st.integers(start, len(text)))]
    new = picks.draw(st.binary(min_size=len(old), max_size=len(old)))
    stream = bytes(range(200, 200 + len(text)))

    changed = replaced(bytes(a ^ b for a, b in zip(text, stream, strict=True)), start, old, new)

    plain = bytes(a ^ b for a, b in zip(changed, stream, strict=True))
    assert plain == text[:start] + new + text[start + len(old) :]


def test_parse_names_every_field() -> None:
    for text in VERSION_3.wires:
        found = parse(text)
        assert found.fault is None
        assert "".join(row.raw for row in found.rows) == text.hex()
    assert parse(VERSION_3.wires[-1]).title == "Data Message"


@pytest.mark.parametrize("size", [0, 15, 17, 32])
def test_keys_have_one_size(size: int) -> None:
    key, sent = bytes(size), data_of(VERSION_3)[0]
    with pytest.raises(Malformed, match="AES key: is not 16"):
        show_mac_key(key)
    with pytest.raises(Malformed, match="AES key: is not 16"):
        read_and_forge(key, sent)
    with pytest.raises(Malformed, match="MAC key: is not 20"):
        remac(sent, key)
    with pytest.raises(Malformed, match="MAC key: is not 20"):
        modify(sent, 0, b"", b"", key)


NO_DATA: Final = [
    (b"hello", "it is: Plaintext"),
    (b"?OTRv23?", "it is: OTR Query Message"),
    (VERSION_3.wires[1], "it is: D-H Commit Message"),
    (b"?OTR:AAQD.", "it is: "),
]


@pytest.mark.parametrize(("text", "complaint"), NO_DATA)
def test_what_is_no_data_message_is_refused(text: bytes, complaint: str) -> None:
    with pytest.raises(CannotForge, match=complaint):
        remac(text, bytes(20))
    with pytest.raises(CannotForge, match=complaint):
        modify(text, 0, b"", b"", bytes(20))
    with pytest.raises(CannotForge, match=complaint):
        read_and_forge(bytes(16), text)


@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda b: b"?OTR:" + b + b"."))
def test_whatever_is_given_nothing_but_typed_errors_come_of_it(text: bytes) -> None:
    for attempt in (
        lambda: remac(text, bytes(20)),
        lambda: modify(text, 0, b"", b"", bytes(20)),
        lambda: read_and_forge(bytes(16), text),
    ):
        with pytest.raises(OtrSpecError):
            attempt()
