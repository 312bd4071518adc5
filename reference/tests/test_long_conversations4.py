"""Long conversations of OTRv4 over networks that lose, repeat and overtake messages.

Two references talk over RealSuite. Whatever the network does within the limits of skipped keys,
what arrives is shown once, in the right words, and nothing is unreadable; every MAC key that
verified a message becomes public once, and not before; ratchets alternate; and what is kept does
not grow with the conversation.
"""

from __future__ import annotations

import pickle
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Final

import pytest

from otr_model.otrv4.words import Dake, Msg
from otr_reference.otrv4 import wire as formats
from otr_reference.otrv4.chat import Client
from otr_reference.otrv4.messages import AuthI, AuthR, DataMessage, Fragment, Identity
from otr_reference.otrv4.notices import (
    Insecure,
    PeerFinished,
    PrekeyUsed,
    Secured,
    Shown,
    SmpStage,
    SmpStaged,
)
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.session import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from otr_reference.otrv4.chat import Chat, Heard
    from otr_reference.otrv4.messages import Content
    from otr_reference.otrv4.session import Session
    from otr_reference.otrv4.suite import MessageKeys
    from otr_reference.sorts import Key, Mac, Octets

NOW: Final = 1_700_000_000
POLICY: Final = Policy(allow_v3=False)
MAC_KEY_SIZE: Final = 64
QUERY: Final = b"?OTRv4?"


class Watching(RealSuite):
    """Remembers MAC keys: of Data Messages that were authenticated, and of those decrypted."""

    def __init__(self) -> None:
        self.keys: dict[bytes, bytes] = {}
        self.derived: dict[bytes, bytes] = {}
        self.opened: list[bytes] = []

    def message_keys(self, chain: Key) -> MessageKeys:
        """As always."""
        keys = super().message_keys(chain)
        self.derived[self.to_bytes(keys.encryption)] = self.to_bytes(keys.mac)
        return keys

    def data_mac(self, key: Key, body: Octets) -> Mac:
        """As always."""
        self.keys[self.to_bytes(body)] = self.to_bytes(key)
        return super().data_mac(key, body)

    def open(self, key: Key, encrypted: Octets) -> Content:
        """As always. Only what was accepted is decrypted."""
        self.opened.append(self.derived[self.to_bytes(key)])
        return super().open(key, encrypted)

    def key_of(self, wire: bytes) -> bytes:
        """The MAC key of a Data Message that was made or verified here."""
        return self.keys[self.to_bytes(self.data_body(data(wire).fields))]


def data(wire: bytes) -> DataMessage:
    """A wire that is a Data Message."""
    message = formats.decode(wire)
    assert isinstance(message, DataMessage)
    return message


def whole(wires: Iterable[bytes]) -> list[bytes]:
    """Messages, those in fragments put together."""
    found: dict[object, list[bytes]] = {}
    for wire in wires:
        message = formats.decode(wire)
        if isinstance(message, Fragment):
            found.setdefault(message.identifier, []).append(RealSuite.to_bytes(message.piece))
        else:
            found[wire] = [wire]
    return [b"".join(pieces) for pieces in found.values()]


@dataclass
class Net:
    """What a network does to messages.

    Attributes:
        lost: how many of a hundred never arrive.
        repeated: how many of a hundred arrive twice.
        overtakes: how many others may overtake one.
    """

    lost: int = 0
    repeated: int = 0
    overtakes: int = 0


@dataclass
class Side:
    """A participant, what the network holds for it, and what it did.

    Attributes:
        chat: the participant.
        suite: what its chat computes with.
        waiting: what is on its way to it.
        said: texts that its user typed.
        heard: texts that its user was shown, protected.
        notices: whatever else its user was told.
        verified: MAC keys of Data Messages that it accepted.
        revealed: MAC keys that it made public, in order.
        gone: Data Messages that it sent and the network lost.
        ratchets: for each ratchet id that it sent under, the ECDH keys, and whether DH keys came.
    """

    chat: Chat
    suite: Watching = field(default_factory=Watching)
    waiting: list[bytes] = field(default_factory=list)
    said: list[bytes] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)
    notices: list[Any] = field(default_factory=list)
    verified: set[bytes] = field(default_factory=set)
    revealed: list[bytes] = field(default_factory=list)
    gone: list[bytes] = field(default_factory=list)
    ratchets: dict[int, tuple[set[bytes], set[bool]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chat.endpoint.suite = self.suite

    @property
    def session(self) -> Session:
        """The session with the other side."""
        return self.chat.conversation.current

    @property
    def secured(self) -> list[Secured]:
        """What its user was told about private conversations."""
        return [notice for notice in self.notices if isinstance(notice, Secured)]

    def sends(self, wire: bytes, begun: list[int]) -> None:
        """Look at a message as everybody on the network can, and note a ratchet that begins."""
        if not isinstance(message := formats.decode(wire), DataMessage):
            return
        keys = [self.suite.to_bytes(key) for key in message.old_mac_keys]
        assert all(len(key) == MAC_KEY_SIZE for key in keys)
        if self.session.message is Msg.ENCRYPTED_MESSAGES:  # the last word has skipped keys as well
            assert self.verified.issuperset(keys), "a key was revealed before its message came"
        self.revealed.extend(keys)
        if message.fields.ratchet_id not in self.ratchets:
            self.ratchets[message.fields.ratchet_id] = set(), set()
            begun.append(message.fields.ratchet_id)
        points, has_dh = self.ratchets[message.fields.ratchet_id]
        points.add(self.suite.to_bytes(message.fields.ecdh))
        has_dh.add(message.fields.dh is not None)

    def hears(self, wire: bytes) -> Heard:
        """Take a message; those that are accepted must be new."""
        before = len(self.suite.opened)
        heard = self.chat.receive(wire)
        for key in self.suite.opened[before:]:
            assert key not in self.verified, "a message was accepted twice"
            self.verified.add(key)
        return heard


class Talk:
    """A conversation between Alice and Bob, and the network between them."""

    def __init__(self, name: str, net: Net, max_size: int = 0) -> None:
        self.now = NOW
        self.net = net
        self.random = Random(name)  # noqa: S311 - a network is simulated, the same every time
        self.clients = tuple(
            Client(
                who.encode() * 19,
                tag=tag,
                clock=lambda: self.now,
                seed=f"the account of {who} in {name}".encode(),
            )
            for who, tag in (("ali", 0x1001), ("bob", 0x2002))
        )
        self.alice, self.bob = self.sides = tuple(
            Side(client.chat(POLICY, max_size=max_size, seed=f"{client.tag} in {name}".encode()))
            for client in self.clients
        )
        self.begun: list[int] = []

    def other(self, side: Side) -> Side:
        """The one at the other end."""
        return self.bob if side is self.alice else self.alice

    # What a participant does, and what becomes of it.

    def do(self, side: Side, heard: Heard, *, safely: bool = True) -> None:
        """A participant did something: what it sends goes to the network.

        Args:
            side: the participant.
            heard: what came of it.
            safely: the network neither loses nor repeats it.
        """
        for notice in heard.notices:
            if isinstance(notice, Shown):
                assert notice.secure
                side.heard.append(side.suite.to_bytes(notice.text))
            else:
                side.notices.append(notice)
        for wire in whole(heard.wires):
            side.sends(wire, self.begun)
        chance, there = self.random, self.other(side)
        for wire in heard.wires:
            if not safely and chance.randrange(100) < self.net.lost:
                side.gone.append(wire)
                continue
            there.waiting.append(wire)
            if not safely and chance.randrange(100) < self.net.repeated:
                there.waiting.append(wire)

    def say(self, side: Side, text: bytes) -> None:
        """A user types something; the network may do what it does."""
        side.said.append(text)
        self.do(side, side.chat.send(text), safely=False)

    def deliver(self, side: Side) -> None:
        """One of the oldest messages on their way reaches a participant."""
        window = min(len(side.waiting), self.net.overtakes + 1)
        self.do(side, side.hears(side.waiting.pop(self.random.randrange(window))))

    def settle(self) -> None:
        """Deliver until nothing is on its way."""
        for _ in range(100_000):
            ready = [side for side in self.sides if side.waiting]
            if not ready:
                return
            self.deliver(self.random.choice(ready))
        pytest.fail("the two never stop talking")

    # How conversations begin, and end.

    def meet(self) -> None:
        """An interactive DAKE: Bob sends the Identity message."""
        self.do(self.alice, self.alice.chat.start())
        self.settle()
        assert [type(n) for side in self.sides for n in side.notices] == [Secured, Secured]

    def meet_offline(self) -> None:
        """A non-interactive DAKE: Alice begins, with an ensemble of Bob's."""
        (ensemble,) = self.clients[1].make_ensembles(1)
        self.do(self.alice, self.alice.chat.start_offline(ensemble))
        self.settle()
        assert [type(n) for n in self.alice.notices] == [Secured]
        assert [type(n) for n in self.bob.notices] == [PrekeyUsed, Secured]

    def end(self) -> None:
        """Each has a last word in answer to the other's, and Alice ends."""
        self.settle()
        for side in (*self.sides, *self.sides):
            self.do(side, side.chat.heartbeat())
            self.settle()
        self.do(self.alice, self.alice.chat.end())
        self.settle()
        assert isinstance(self.alice.notices.pop(), Insecure)
        assert isinstance(self.bob.notices.pop(), PeerFinished)
        assert [side.session.chain for side in self.sides] == [None, None]

    # What they talk about.

    def chatter(self, count: int, each: Callable[[int], None] = lambda _: None) -> None:
        """Both sides say so many texts in all, in bursts, while others are on their way.

        Args:
            count: how many texts.
            each: called after each burst, with how many were said until then.
        """
        chance, said = self.random, 0
        while said < count:
            side = chance.choice(self.sides)
            for _ in range(min(chance.choice((1, 1, 2, 3, 5, 8, 20, 60)), count - said)):
                said += 1
                words = chance.randbytes(said % 60).hex()
                self.say(side, f"{len(side.said)} of {side.chat.client.tag}: {words}".encode())
            for there in self.sides:
                few = len(there.waiting)
                for _ in range(chance.randint(few // 2, few)):
                    self.deliver(there)
            self.now += chance.randint(0, 9)
            each(said)

    # What must be so in the end.

    def check_texts(self) -> None:
        """What was not lost was shown once, and nothing else was."""
        for side in self.sides:
            heard = Counter(self.other(side).heard)
            assert not heard - Counter(side.said)
            assert max(heard.values(), default=1) == 1
            assert len(side.said) - len(heard) == len(side.gone)

    def check_mac_keys(self) -> None:
        """Each key that verified a message is public, once.

        Alice had the last word, which reveals the keys of messages that never came as well. All
        that Bob still had to reveal is the key of that last word.
        """
        for side in self.sides:
            assert len(set(side.revealed)) == len(side.revealed)
        skipped = {self.bob.suite.key_of(wire) for wire in self.bob.gone}
        assert not self.alice.verified & skipped
        assert set(self.alice.revealed) == self.alice.verified | skipped
        assert set(self.bob.revealed) < self.bob.verified
        assert len(self.bob.verified) - len(self.bob.revealed) == 1

    def check_ratchets(self) -> int:
        """Ratchets alternate: each has one new ECDH key, and every third a DH key.

        Returns:
            How many ratchets there were, that of the DAKE not counted.
        """
        assert self.begun == sorted(self.begun)
        last = self.begun[-1]
        assert set(self.begun) == set(range(last + 1))
        sides = [set(side.ratchets) - {0} for side in self.sides]
        assert [len({n % 2 for n in ids}) for ids in sides] == [1, 1]
        assert not sides[0] & sides[1]
        keys: set[bytes] = set()
        for side in self.sides:
            for ratchet_id, (points, has_dh) in side.ratchets.items():
                (point,) = points
                assert point not in keys
                keys.add(point)
                assert has_dh == {ratchet_id % 3 == 0}
        return last


# Ten thousand messages.


@pytest.mark.slow
@pytest.mark.parametrize("start", [Talk.meet, Talk.meet_offline], ids=["online", "offline"])
def test_ten_thousand_messages_in_any_order(start: Callable[[Talk], None]) -> None:
    talk = Talk("ten thousand", Net(lost=2, repeated=3, overtakes=12))
    start(talk)
    for side in talk.sides:
        side.notices.clear()
    begun = [len(pickle.dumps(side.chat.conversation)) for side in talk.sides]
    sizes: list[int] = []

    def look(_said: int) -> None:
        """What is kept is what it was, and the keys of what has not arrived or is not public."""
        for side, size in zip(talk.sides, begun, strict=True):
            session, chain = side.session, side.session.chain
            assert chain is not None
            assert session.skipped == len(chain.skipped)
            assert session.skipped <= len(talk.other(side).gone) + len(side.waiting)
            assert session.unrevealed == len(session.old_mac_keys or ())
            kept = 3 * session.skipped + session.unrevealed
            sizes.append(len(pickle.dumps(side.chat.conversation)))
            assert sizes[-1] < size + 1000 + 120 * kept

    talk.chatter(10_000, look)
    talk.end()
    assert [len(side.notices) for side in talk.sides] == [0, 0]
    assert sum(len(side.said) for side in talk.sides) == 10_000
    talk.check_texts()
    talk.check_mac_keys()
    assert talk.check_ratchets() > 300
    lost = sum(len(side.gone) for side in talk.sides)
    assert 150 < lost < 250
    assert max(sizes) < 60_000
    assert talk.now > NOW + 3600


@pytest.mark.slow
def test_six_hundred_messages_one_by_one() -> None:
    """Every message begins a ratchet."""
    talk = Talk("one by one", Net(repeated=50))
    talk.meet()
    for count in range(600):
        talk.say(talk.sides[count % 2], b"message %d" % count)
        talk.settle()
    talk.end()
    talk.check_texts()
    talk.check_mac_keys()
    assert talk.check_ratchets() > 600
    assert all(max(map(len, side.ratchets.values())) == 2 for side in talk.sides)


# Other things that happen in the middle of a conversation.


def test_a_dake_refreshes_the_keys_in_the_middle() -> None:
    talk = Talk("refreshed", Net(repeated=5, overtakes=6))
    talk.meet()
    roots = set()
    for asked in (talk.sides[:1], talk.sides[1:], talk.sides):  # those of both cross
        talk.chatter(120)
        talk.settle()
        talk.net.overtakes = 0
        for side in asked:
            talk.do(side, side.chat.receive(QUERY))
        talk.settle()
        talk.net.overtakes = 6
        roots.add(chain.root if (chain := talk.alice.session.chain) else None)
    talk.chatter(120)
    talk.end()
    talk.check_texts()
    talk.check_mac_keys()
    assert len(roots) == 3
    for side in talk.sides:
        assert [notice.refreshed for notice in side.secured] == [False, True, True, True]
        assert len({side.suite.to_bytes(notice.ssid) for notice in side.secured}) == 4
        assert len(side.notices) == 4
    assert [n.ssid for n in talk.alice.secured] == [n.ssid for n in talk.bob.secured]


def test_what_is_said_while_a_dake_refreshes_the_keys_is_heard() -> None:
    talk = Talk("refreshed slowly", Net())
    talk.meet()
    talk.do(talk.alice, talk.alice.chat.receive(QUERY))
    for kind in (Identity, AuthR, AuthI):
        talk.say(talk.alice, kind.__name__.encode())
        while talk.bob.waiting or talk.alice.waiting:
            there = talk.bob if talk.bob.waiting else talk.alice
            last = isinstance(formats.decode(there.waiting[0]), kind)
            talk.deliver(there)
            if last:
                break
    talk.settle()
    talk.end()
    talk.check_texts()
    talk.check_mac_keys()
    assert [notice.refreshed for notice in talk.bob.secured] == [False, True]


@pytest.mark.parametrize("secret", [b"apple", b"pear"])
def test_smp_in_the_middle(secret: bytes) -> None:
    talk = Talk("smp", Net(repeated=10, overtakes=8))
    talk.meet_offline()
    for side in talk.sides:
        side.notices.clear()
    talk.chatter(100)
    talk.do(talk.bob, talk.bob.chat.start_smp(b"apple", b"which?"))
    for _ in range(40):
        talk.chatter(10)
        if SmpStage.ASKED in stages(talk.alice):
            break
    talk.do(talk.alice, talk.alice.chat.answer_smp(secret))
    talk.chatter(300)
    talk.end()
    ended = SmpStage.SUCCESS if secret == b"apple" else SmpStage.FAILURE
    assert stages(talk.bob) == [SmpStage.PROGRESS, SmpStage.PROGRESS, ended]
    assert stages(talk.alice) == [SmpStage.ASKED, SmpStage.PROGRESS, ended]
    talk.check_texts()
    talk.check_mac_keys()
    talk.check_ratchets()


def stages(side: Side) -> list[SmpStage]:
    """What the user was told about SMP, and nothing else was told."""
    told = [notice.stage for notice in side.notices if isinstance(notice, SmpStaged)]
    assert len(told) == len(side.notices)
    return told


def test_fragments_overtake_each_other() -> None:
    talk = Talk("fragments", Net(overtakes=30), max_size=200)
    talk.meet()
    talk.chatter(300)
    talk.end()
    talk.check_texts()
    talk.check_mac_keys()
    talk.check_ratchets()
    assert [side.chat.conversation.assemblies for side in talk.sides] == [{}, {}]
    assert sum(len(side.said) for side in talk.sides) == 300


def test_a_conversation_goes_on_from_what_was_stored() -> None:
    talk = Talk("stored", Net(lost=3, repeated=5, overtakes=10), max_size=3000)
    talk.meet_offline()

    def store(_said: int) -> None:
        for side in talk.sides:
            stored = pickle.loads(pickle.dumps(side.chat.conversation))  # noqa: S301 - our own
            assert stored.values() == side.chat.conversation.values()
            side.chat.conversation = stored

    talk.chatter(400, store)
    talk.do(talk.alice, talk.alice.chat.start_smp(b"apple"))
    talk.settle()
    store(0)
    talk.do(talk.bob, talk.bob.chat.answer_smp(b"apple"))
    store(0)
    talk.settle()
    assert [side.notices[-1].stage for side in talk.sides] == [SmpStage.SUCCESS] * 2
    for side in talk.sides:
        side.notices[:] = []
    talk.end()
    talk.check_texts()
    talk.check_mac_keys()
    talk.check_ratchets()


def test_half_a_message_in_many_fragments_is_stored_as_well() -> None:
    talk = Talk("half", Net())
    talk.meet()
    for index in range(1, 3001):
        talk.bob.chat.receive(b"?OTR|77|1001|2002,%d,60000,%05d," % (index, index))
    conversation = talk.bob.chat.conversation
    stored = pickle.loads(pickle.dumps(conversation))  # noqa: S301 - our own
    assert stored.values() == conversation.values()
    assert stored.assemblies[0x1001 << 32 | 0x77].held_count == 3000


# Before a conversation begins, or begins anew.


@pytest.mark.parametrize("refreshed", [False, True], ids=["first", "refreshed"])
def test_texts_that_overtake_the_end_of_the_dake_are_heard(*, refreshed: bool) -> None:
    """Even where the network repeats some of them, and keys of the last DAKE are still in use."""
    talk = Talk("early", Net(repeated=50))
    if refreshed:
        talk.meet()
        talk.chatter(60)
        talk.settle()
    said = len(talk.bob.said)
    talk.do(talk.bob, talk.bob.chat.receive(QUERY))
    while not any(isinstance(formats.decode(wire), AuthI) for wire in talk.alice.waiting):
        talk.deliver(talk.bob if talk.bob.waiting else talk.alice)
    auth_i = talk.alice.waiting.pop()
    assert isinstance(formats.decode(auth_i), AuthI)
    for count in range(20):
        talk.say(talk.bob, b"early %d" % count)
    copies = len(talk.alice.waiting)
    assert copies > 25
    talk.net.overtakes = 5
    talk.settle()
    assert len(talk.alice.heard) == said
    member = talk.alice.chat.conversation.members[0x2002]
    assert member.dake is Dake.WAITING_AUTH_I
    assert member.early == copies
    talk.do(talk.alice, talk.alice.hears(auth_i))
    assert sorted(talk.alice.heard) == sorted(talk.bob.said)
    assert talk.alice.session.early == 0
    assert [notice.refreshed for notice in talk.alice.secured] == [False, True][: 1 + refreshed]
    talk.chatter(30)
    talk.end()
    talk.check_texts()
    talk.check_mac_keys()


@pytest.mark.parametrize("name", range(12))
def test_two_who_begin_at_once_have_one_conversation(name: int) -> None:
    talk = Talk(f"at once {name}", Net(repeated=10 * name, overtakes=name % 4))
    for side in talk.sides:
        talk.do(side, side.chat.start_dake(), safely=False)
    talk.settle()
    assert [len(side.notices) for side in talk.sides] == [1, 1]
    alices, bobs = talk.alice.secured[0], talk.bob.secured[0]
    assert (alices.ssid, alices.bold_first) == (bobs.ssid, not bobs.bold_first)
    talk.chatter(30)
    talk.end()
    talk.check_texts()
    talk.check_mac_keys()
    assert [side.secured for side in talk.sides] == [[alices], [bobs]]
