"""Our forging and libotr's toolkit on the same messages: each takes what the other makes.

The conversation is one of our endpoint with libotr's, so that the secrets of one side are known and
the messages of the other are libotr's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otr_conformance.peers import PeerUnavailable, libotr, toolkit
from otr_conformance.shim.client import ShimProcess
from otr_model.otrv3.schedules import GROUP
from otr_reference.keys import dsa
from otr_reference.otrv3 import forge, wire
from otr_reference.otrv3.chat import Chat
from otr_reference.otrv3.messages import DataMessage
from otr_reference.otrv3.real import RealSuite
from otr_reference.otrv3.session import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otr_reference.otrv3.chat import Heard

pytestmark = pytest.mark.libotr

SUITE: Final = RealSuite()
TEXTS: Final = st.binary(max_size=40).filter(lambda text: b"\0" not in text)


class Talk:
    """A private conversation of our endpoint with libotr's.

    Attributes:
        ours: our messages of data.
        theirs: libotr's.
        keys: the keys that the last messages of both are protected with, from our side.
        exchange: our D-H private key and libotr's public one, which they come of.
    """

    def __init__(self, shim: ShimProcess, version: str) -> None:
        policy = Policy(allow_v2=version == "v2", allow_v3=version == "v3")
        self.chat = Chat(dsa.generate(), policy, tag=0x1000)
        self.shim = shim
        shim.new("bob", account="bob", peer="alice", policy=version, tag=0x2000)
        self.ours: list[bytes] = []
        self.theirs: list[bytes] = []
        self.deliver(self.chat.start())
        for number in range(3):
            self.deliver(self.chat.send(b"from us, number %d" % number))
            self.take(shim.send("bob", b"from libotr, number %d" % number).wires)
        self.deliver(self.chat.send(b"pay Bob 100 now"))
        self.exchange = exchange_of(self.chat)
        self.keys = forge.session_keys(*self.exchange)

    def deliver(self, heard: Heard) -> None:
        """Our messages arrive at libotr's."""
        for each in heard.wires:
            if isinstance(wire.decode(each), DataMessage):
                self.ours.append(each)
            self.take(self.shim.receive("bob", each).wires)

    def take(self, wires: tuple[bytes, ...]) -> None:
        """Messages of libotr arrive here."""
        for each in wires:
            if isinstance(wire.decode(each), DataMessage):
                self.theirs.append(each)
            self.deliver(self.chat.receive(each))


def exchange_of(chat: Chat) -> tuple[bytes, bytes]:
    """The D-H private key, and the peer's public key, that a chat protects what it sends with."""
    ring = chat.conversation.current.ring
    assert ring is not None
    secret, public = SUITE.to_int(ring.ours_previous.secret), SUITE.to_int(ring.theirs)
    return number_of(secret), number_of(public)


def number_of(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def data(text: bytes) -> DataMessage:
    message = wire.decode(text)
    assert isinstance(message, DataMessage)
    return message


@pytest.fixture(scope="module")
def talks() -> Iterator[dict[str, Talk]]:
    try:
        if libotr.locate() is None:
            libotr.install(lambda _: None)
    except PeerUnavailable as reason:
        pytest.skip(str(reason))
    if not toolkit.available():
        pytest.skip("libotr's toolkit is not installed: apt-get install -y libotr5-bin")
    with ShimProcess(libotr.command()) as three, ShimProcess(libotr.command()) as two:
        three.hello()
        two.hello()
        yield {"v3": Talk(three, "v3"), "v2": Talk(two, "v2")}


@pytest.fixture(params=["v3", "v2"])
def talk(talks: dict[str, Talk], request: pytest.FixtureRequest) -> Talk:
    return talks[request.param]


def test_messages_are_taken_apart_alike(talk: Talk) -> None:
    for text in (*talk.ours, *talk.theirs):
        theirs = toolkit.parse(text)
        (binary,) = (row for row in forge.parse(text).rows if row.inside)
        ours = {row.title: row for row in binary.inside}
        message = data(text)
        fields = message.fields
        tags = [fields.header.sender, fields.header.receiver]
        assert theirs.kind == forge.parse(text).title
        assert [v for n, v in theirs.fields.items() if "instance" in n] == tags * (
            theirs.version == 3
        )
        assert theirs.fields["DH y"] == number_of(SUITE.to_int(fields.next_dh))
        assert theirs.fields["Counter"] == fields.counter.to_bytes(8, "big")
        assert theirs.fields["Encrypted message"] == SUITE.to_bytes(fields.encrypted)
        assert theirs.fields["MAC"] == bytes.fromhex(ours["Authenticator"].raw)
        assert b"".join(theirs.revealed_mac_keys) == SUITE.to_bytes(message.revealed)


def test_session_keys_are_alike(talk: Talk) -> None:
    theirs = toolkit.session_keys(*talk.exchange)
    ours = talk.keys
    assert (ours.high, ours.our_public) == (theirs.high, theirs.our_public)
    assert (ours.sending_aes, ours.sending_mac) == (theirs.sending_aes, theirs.sending_mac)
    assert (ours.receiving_aes, ours.receiving_mac) == (theirs.receiving_aes, theirs.receiving_mac)
    assert forge.show_mac_key(ours.sending_aes) == toolkit.mac_key(ours.sending_aes)


@settings(max_examples=8, deadline=None)
@given(st.integers(1, (1 << 320) - 1), st.integers(2, GROUP.modulus - 2))
def test_keys_of_any_exchange_are_alike(private: int, public: int) -> None:
    if not toolkit.available():
        pytest.skip("libotr's toolkit is not installed: apt-get install -y libotr5-bin")
    exchange = number_of(private), number_of(public)
    ours, theirs = forge.session_keys(*exchange), toolkit.session_keys(*exchange)
    assert (ours.high, ours.our_public) == (theirs.high, theirs.our_public)
    assert (ours.sending_aes, ours.receiving_aes) == (theirs.sending_aes, theirs.receiving_aes)
    assert (ours.sending_mac, ours.receiving_mac) == (theirs.sending_mac, theirs.receiving_mac)


def test_both_read_what_was_said(talk: Talk) -> None:
    key = talk.keys.sending_aes
    assert forge.read_and_forge(key, talk.ours[-1]).text == b"pay Bob 100 now"
    assert toolkit.read_and_forge(talk.ours[-1], key).text == b"pay Bob 100 now"
    for other in (bytes(16), talk.keys.receiving_aes):
        assert forge.read_and_forge(other, talk.ours[-1]).text is None
        assert toolkit.read_and_forge(talk.ours[-1], other).text is None


def test_both_forge_the_same_message(talk: Talk) -> None:
    key = talk.keys.sending_aes

    @settings(max_examples=8, deadline=None)
    @given(TEXTS)
    def forged(text: bytes) -> None:
        ours = forge.read_and_forge(key, talk.ours[-1], text).forged
        assert ours == toolkit.read_and_forge(talk.ours[-1], key, text).forged
        assert ours is not None
        assert toolkit.read_and_forge(ours, key).text == text
        assert forge.read_and_forge(key, ours).text == text

    forged()


def test_libotrs_messages_are_read_with_the_keys_of_our_side(talk: Talk) -> None:
    """Whatever libotr sent last: it may know a newer key of ours by then."""
    (sent,) = talk.shim.send("bob", b"libotr's own words").wires
    message = data(sent)
    session = talk.chat.conversation.current
    ring = session.ring
    assert ring is not None
    ours = {session.our_keyid: ring.ours, session.our_keyid - 1: ring.ours_previous}
    theirs = {session.their_keyid: ring.theirs, session.their_keyid - 1: ring.theirs_previous}
    public = theirs[message.fields.sender_keyid]
    assert public is not None
    secret = ours[message.fields.recipient_keyid].secret
    exchange = number_of(SUITE.to_int(secret)), number_of(SUITE.to_int(public))
    key = forge.session_keys(*exchange).receiving_aes
    mac_key = forge.show_mac_key(key)

    assert forge.read_and_forge(key, sent).text == b"libotr's own words"
    assert toolkit.read_and_forge(sent, key).text == b"libotr's own words"
    made = forge.modify(sent, 0, b"libotr", b"nobody", mac_key)
    assert made == toolkit.modify(sent, mac_key, b"libotr", b"nobody", 0)
    assert toolkit.read_and_forge(made, key).text == b"nobody's own words"
    assert forge.remac(made, mac_key) == made
    talk.take((sent,))


def test_both_modify_alike(talk: Talk) -> None:
    sent, key = talk.ours[-1], talk.keys.sending_mac
    ours = forge.modify(sent, 4, b"Bob 100", b"Eve 999", key)
    assert ours == toolkit.modify(sent, key, b"Bob 100", b"Eve 999", 4)
    with pytest.raises(forge.CannotForge):
        forge.modify(sent, 4, b"Bob 100", b"Eve 999", bytes(20))
    with pytest.raises(toolkit.ToolkitError):
        toolkit.modify(sent, bytes(20), b"Bob 100", b"Eve 999", 4)


def test_a_text_beyond_the_end_is_refused_here_and_cut_off_there(talk: Talk) -> None:
    sent, key = talk.ours[-1], talk.keys.sending_mac
    with pytest.raises(forge.CannotForge, match="not within"):
        forge.modify(sent, 12, b"now, Bob", b"yesterda", key)
    cut = toolkit.modify(sent, key, b"now, Bob", b"yesterda", 12)
    assert cut == forge.modify(sent, 12, b"now", b"yes", key)


def test_libotr_takes_what_we_modify_for_ours(talk: Talk) -> None:
    (sent,) = talk.chat.send(b"pay Bob 100 again").wires
    key = forge.session_keys(*exchange_of(talk.chat)).sending_mac

    forged = forge.modify(sent, 4, b"Bob 100", b"Eve 999", key)

    assert talk.shim.receive("bob", forged).texts == (b"pay Eve 999 again",)


def test_libotr_builds_the_message_that_we_give_another_mac(talks: dict[str, Talk]) -> None:
    """Its program builds messages of version 3, of any fields."""
    key = b"any key of 20 bytes."
    talk = talks["v3"]
    for text in (*talk.ours, *talk.theirs):
        message = data(text)
        fields = message.fields
        built = toolkit.remac(
            key=key,
            sender=fields.header.sender,
            receiver=fields.header.receiver,
            flags=fields.flags,
            sender_keyid=fields.sender_keyid,
            recipient_keyid=fields.recipient_keyid,
            public_key=number_of(SUITE.to_int(fields.next_dh)),
            counter=fields.counter.to_bytes(8, "big"),
            encrypted=SUITE.to_bytes(fields.encrypted),
            revealed_mac_keys=SUITE.to_bytes(message.revealed),
        )
        assert forge.remac(text, key) == built
