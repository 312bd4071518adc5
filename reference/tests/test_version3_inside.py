"""A client of OTRv4 in the OTRv3-compatible mode, and peers that speak version 3.

What version 3 does, it does by its own tables, inside the endpoint of version 4: here it meets an
endpoint that knows nothing of version 4, and clients that speak both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pytest

from otr_model.otrv3.words import Msg as Msg3
from otr_model.otrv3.words import Smp as Smp3
from otr_model.otrv4.words import Dake, Mode, Msg
from otr_reference.keys import DsaPrivate, DsaPublic
from otr_reference.otrv3.chat import Chat as Chat3
from otr_reference.otrv3.messages import DataMessage as DataMessage3
from otr_reference.otrv3.messages import DhCommit, DhKey
from otr_reference.otrv3.real import RealSuite as RealSuite3
from otr_reference.otrv3.session import Policy as Policy3
from otr_reference.otrv4 import wire as formats
from otr_reference.otrv4.chat import SUITE, Chat, Client
from otr_reference.otrv4.messages import (
    AuthI,
    DataMessage,
    Identity,
    Plaintext,
    Query,
    TaggedPlaintext,
)
from otr_reference.otrv4.notices import (
    Alert,
    ErrorShown,
    ExtraKey3,
    Insecure,
    NotSent,
    PeerFinished,
    Refused,
    Secured,
    Secured3,
    Shown,
    SmpStage,
    SmpStaged,
    Warned,
    Warned3,
)
from otr_reference.otrv4.session import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_reference.otrv3.chat import Heard as Heard3
    from otr_reference.otrv3.session import Session as Session3
    from otr_reference.otrv4.chat import Heard

SUITE_3: Final = RealSuite3()
NOW: Final = 1_700_000_000
ALICE_TAG, BOB_TAG = 0x1001, 0x2002
COMPATIBLE: Final = Policy()
VERSION_3: Final = Policy3(allow_v2=False)
TAG: Final = b" \t  \t\t\t\t \t \t \t  "
TAG_3, TAG_4 = b"  \t\t  \t\t", b"  \t\t \t  "

# A group of DSA's shape, small enough to be quick: p has 256 bits, q has 160.
DSA_P: Final = 0xCD2CDAC1A979A05357FFB4DEC32F73FB8CC2D88A7427548B54A6B3986CFBB60B
DSA_Q: Final = 0xDEB561A4216363698B529B4A97B750923CEB4027
DSA_G: Final = 0x3F3C809CA33F08518FF82ECD81F32C5FF46250385ED19DDCF97A71862766ACD4


def dsa(name: str) -> DsaPrivate:
    """A long-term key of version 3."""
    x = DSA_Q // (3 + len(name))
    return DsaPrivate(DsaPublic(DSA_P, DSA_Q, DSA_G, pow(DSA_G, x, DSA_P)), x)


def client(
    name: str,
    tag: int,
    *,
    key: DsaPrivate | None = None,
    mode: Mode = Mode.COMPATIBLE,
    clock: Callable[[], int] = lambda: NOW,
) -> Client:
    """A client with a key of version 3 as well."""
    return Client(
        name[:3].encode() * 19,
        tag=tag,
        dsa=dsa(name) if key is None else key,
        mode=mode,
        clock=clock,
        seed=f"the account of {name}".encode(),
    )


def chat(name: str, tag: int, policy: Policy = COMPATIBLE, **given: Any) -> Chat:
    """A conversation of a client that speaks both versions."""
    return client(name, tag).chat(policy, seed=f"the conversation of {name}".encode(), **given)


def older(name: str, tag: int, policy: Policy3 = VERSION_3, max_size: int = 0) -> Chat3:
    """A conversation of a client that has never heard of version 4."""
    return Chat3(
        dsa(name),
        policy,
        tag=tag,
        max_size=max_size,
        clock=lambda: NOW,
        seed=f"the conversation of {name}".encode(),
    )


@dataclass
class Talk:
    """Alice, who speaks both versions, Bob, and the network between them."""

    alice: Chat
    bob: Chat | Chat3
    to_alice: list[bytes] = field(default_factory=list)
    to_bob: list[bytes] = field(default_factory=list)
    alices: list[Any] = field(default_factory=list)
    bobs: list[Any] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)

    def alice_does(self, heard: Heard) -> Talk:
        """Alice did something; all that follows from it happens."""
        self._alice(heard)
        return self.settle()

    def bob_does(self, heard: Heard | Heard3) -> Talk:
        """Bob did something; all that follows from it happens."""
        self._bob(heard)
        return self.settle()

    def settle(self) -> Talk:
        """Everything is delivered."""
        while self.to_alice or self.to_bob:
            if self.to_bob:
                self._bob(self.bob.receive(self.to_bob.pop(0)))
            else:
                self._alice(self.alice.receive(self.to_alice.pop(0)))
        return self

    def _alice(self, heard: Heard) -> None:
        self.to_bob += heard.wires
        self.sent += heard.wires
        self.alices += heard.notices

    def _bob(self, heard: Heard | Heard3) -> None:
        self.to_alice += heard.wires
        self.sent += heard.wires
        self.bobs += heard.notices

    def told(self) -> tuple[list[Any], list[Any]]:
        """What both users were told since the last look."""
        told = self.alices, self.bobs
        self.alices, self.bobs = [], []
        return told

    @property
    def three(self) -> Session3:
        """Alice's session of version 3."""
        conversation = self.alice.conversation.version_3
        assert conversation is not None
        return conversation.current

    def private(self) -> Talk:
        """A conversation of version 3, begun by Alice's query."""
        self.alice_does(self.alice.start())
        assert self.three.message is Msg3.ENCRYPTED
        self.told()
        return self


def meeting(policy: Policy = COMPATIBLE, theirs: Policy3 = VERSION_3, **given: Any) -> Talk:
    """Alice and a Bob who has never heard of version 4."""
    return Talk(
        chat("alice", ALICE_TAG, policy, **given),
        older("bob", BOB_TAG, theirs, given.get("max_size", 0)),
    )


def both(policy: Policy = COMPATIBLE) -> Talk:
    """Alice and a Bob who speaks both versions as well."""
    return Talk(chat("alice", ALICE_TAG, policy), chat("bob", BOB_TAG, policy))


def shown(talk: Talk) -> tuple[list[tuple[bytes, bool]], list[tuple[bytes, bool]]]:
    """Texts that both users saw since the last look, and whether they were protected."""
    alices, bobs = talk.told()
    return (
        [(SUITE.to_bytes(n.text), n.secure) for n in alices if isinstance(n, Shown)],
        [(SUITE_3.to_bytes(n.text), n.secure) for n in bobs if isinstance(n, Shown)],
    )


def check_secured(talk: Talk) -> None:
    """Both were told of a conversation of version 3 with the other."""
    alices, bobs = talk.told()
    (alices_news,) = [notice for notice in alices if isinstance(notice, Secured3)]
    (bobs_news,) = [notice for notice in bobs if isinstance(notice, Secured3)]
    assert (alices_news.version, alices_news.instance) == (3, BOB_TAG)
    assert (bobs_news.version, bobs_news.instance) == (3, ALICE_TAG)
    assert alices_news.ssid == bobs_news.ssid
    assert alices_news.bold_first != bobs_news.bold_first
    assert alices_news.peer == SUITE_3.public_key(SUITE_3.signing_key(dsa("bob")))
    assert talk.alice.conversation.current.message is Msg.START


# How a conversation of version 3 begins.


def test_a_query_for_both_versions_is_answered_by_version_3() -> None:
    talk = meeting()
    heard = talk.alice.start()
    assert formats.decode(heard.wires[0]) == Query(frozenset({3, 4}))
    talk.alice_does(heard)
    check_secured(talk)
    assert isinstance(SUITE_3.decode(SUITE_3.wire(talk.sent[1])), DhCommit)


@pytest.mark.parametrize("query", [b"?OTRv3?", b"?OTRv23?", b"?OTR?v3?", b"hello ?OTRv3? there"])
def test_a_query_for_version_3_is_answered_in_it(query: bytes) -> None:
    talk = meeting()
    talk.alice_does(talk.alice.receive(query))
    check_secured(talk)
    assert isinstance(SUITE_3.decode(SUITE_3.wire(talk.sent[0])), DhCommit)


@pytest.mark.parametrize("query", [b"?OTRv34?", b"?OTRv4?", b"?OTRv234?"])
def test_a_query_for_both_versions_is_answered_in_version_4(query: bytes) -> None:
    (wire,) = meeting().alice.receive(query).wires
    assert isinstance(formats.decode(wire), Identity)


@pytest.mark.parametrize("query", [b"?OTRv2?", b"?OTR?", b"?OTRv?", b"?OTRv5?", b"?OTR?v2?"])
def test_a_query_for_versions_that_nobody_speaks_is_not_answered(query: bytes) -> None:
    heard = meeting().alice.receive(query)
    assert (heard.wires, heard.notices) == ((), ())


def test_a_commit_message_begins_without_any_query() -> None:
    talk = meeting()
    talk.bob_does(talk.bob.receive(b"?OTRv3?"))
    check_secured(talk)


def test_a_whitespace_tag_of_version_3_begins_where_the_policy_says_so() -> None:
    asks = Policy3(allow_v2=False, send_whitespace_tag=True)
    talk = meeting(Policy(whitespace_start_dake=True), asks)
    talk.bob_does(talk.bob.send(b"hello"))
    assert talk.sent[0] == b"hello" + TAG + TAG_3
    assert SUITE.octets(b"hello") in [n.text for n in talk.alices if isinstance(n, Shown)]
    check_secured(talk)
    talk = meeting(COMPATIBLE, asks)
    talk.bob_does(talk.bob.send(b"hello"))
    assert shown(talk) == ([(b"hello", False)], [])
    assert talk.sent == [b"hello" + TAG + TAG_3]


def test_our_whitespace_tag_offers_both_versions() -> None:
    talk = meeting(Policy(send_whitespace_tag=True), Policy3(whitespace_start_ake=True))
    talk.alice_does(talk.alice.send(b"hello"))
    message = formats.decode(talk.sent[0])
    assert message == TaggedPlaintext(SUITE.octets(b"hello"), frozenset({3, 4}))
    assert SUITE.octets(b"hello") in [n.text for n in talk.bobs if isinstance(n, Shown)]
    check_secured(talk)


def test_commit_messages_that_cross_make_one_conversation() -> None:
    talk = meeting()
    talk.to_bob += talk.alice.receive(b"?OTRv3?").wires
    talk.to_alice += talk.bob.receive(b"?OTRv3?").wires
    talk.settle()
    check_secured(talk)


@pytest.mark.parametrize(
    ("policy", "mode"),
    [
        (Policy(allow_v3=False), Mode.COMPATIBLE),
        (COMPATIBLE, Mode.STANDALONE),
        (COMPATIBLE, Mode.INTERACTIVE_ONLY),
    ],
)
def test_where_version_3_is_not_allowed_nothing_of_it_is_answered(
    policy: Policy, mode: Mode
) -> None:
    alice = client("alice", ALICE_TAG, mode=mode).chat(policy, seed=b"alice" * 9)
    bob = older("bob", BOB_TAG)
    (commit,) = bob.receive(b"?OTRv3?").wires
    for wire in (b"?OTRv3?", b"?OTRv23?", commit, b"hello" + TAG + TAG_3):
        assert alice.receive(wire).wires == ()
    assert alice.conversation.version_3 is None
    assert all(b"3" not in wire for wire in alice.start().wires if wire.startswith(b"?OTRv"))


def test_a_client_without_a_key_of_version_3_does_not_speak_it() -> None:
    alice = Client(b"a" * 57, tag=ALICE_TAG, clock=lambda: NOW, seed=b"alice" * 9).chat(
        COMPATIBLE, seed=b"alice" * 9
    )
    assert formats.decode(alice.start().wires[0]) == Query(frozenset({4}))
    (commit,) = older("bob", BOB_TAG).receive(b"?OTRv3?").wires
    for wire in (b"?OTRv3?", commit):
        heard = alice.receive(wire)
        assert (heard.wires, heard.notices) == ((), ())


# What happens in it.


def test_texts_are_protected_in_both_directions() -> None:
    talk = meeting().private()
    for count in range(12):
        talk.alice_does(talk.alice.send(b"ours %d" % count))
        talk.bob_does(talk.bob.send(b"theirs %d" % count))
    alices, bobs = shown(talk)
    assert alices == [(b"theirs %d" % count, True) for count in range(12)]
    assert bobs == [(b"ours %d" % count, True) for count in range(12)]
    assert all(wire.startswith((b"?OTR:AAM", b"?OTRv34?")) for wire in talk.sent)
    assert talk.alice.conversation.members[0].message is Msg.START


def test_messages_in_fragments_are_put_together() -> None:
    talk = meeting(max_size=100).private()
    text = b"a long story " * 30
    talk.alice_does(talk.alice.send(text))
    talk.bob_does(talk.bob.send(text))
    assert shown(talk) == ([(text, True)], [(text, True)])
    encoded = [wire for wire in talk.sent if not wire.startswith(b"?OTRv")]
    assert all(wire.startswith(b"?OTR|") for wire in encoded)
    assert max(map(len, encoded)) == 100


@pytest.mark.parametrize("secret", [b"apple", b"pear"])
@pytest.mark.parametrize("alice_begins", [True, False], ids=["alice", "bob"])
def test_smp_tells_whether_both_know_the_secret(secret: bytes, *, alice_begins: bool) -> None:
    talk = meeting().private()
    if alice_begins:
        talk.alice_does(talk.alice.start_smp(b"apple", b"which?"))
        talk.bob_does(talk.bob.answer_smp(secret))
    else:
        talk.bob_does(talk.bob.start_smp(b"apple", b"which?"))
        assert talk.alices == [SmpStaged(SmpStage.ASKED, SUITE.octets(b"which?"), BOB_TAG)]
        talk.alice_does(talk.alice.answer_smp(secret))
    ended = SmpStage.SUCCESS if secret == b"apple" else SmpStage.FAILURE
    for notices in talk.told():
        assert [n.stage for n in notices if isinstance(n, SmpStaged)][-1] is ended
    assert talk.three.smp is Smp3.EXPECT1


def test_smp_is_aborted() -> None:
    talk = meeting().private()
    talk.alice_does(talk.alice.start_smp(b"apple"))
    assert talk.three.smp is Smp3.EXPECT2
    talk.alice_does(talk.alice.abort_smp())
    assert talk.three.smp is Smp3.EXPECT1
    _, bobs = talk.told()
    assert [n.stage for n in bobs] == [SmpStage.ASKED, SmpStage.ABORTED]


def test_heartbeats_and_the_extra_key() -> None:
    talk = meeting().private()
    talk.alice_does(talk.alice.heartbeat())
    assert talk.told() == ([], [])
    talk.alice_does(talk.alice.use_extra_key(7, b"a file"))
    ((ours,), (theirs,)) = talk.told()
    assert isinstance(ours, ExtraKey3)
    assert isinstance(theirs, ExtraKey3)
    assert (ours.key, ours.use, ours.data) == (theirs.key, 7, SUITE.octets(b"a file"))


def test_plaintext_in_a_private_conversation_is_shown_with_a_warning() -> None:
    talk = meeting().private()
    heard = talk.alice.receive(b"not protected")
    assert [type(notice) for notice in heard.notices] == [Shown, Warned3]
    heard = talk.alice.receive(b"?OTR Error: what was that?")
    assert [type(notice) for notice in heard.notices] == [ErrorShown]


# How it ends.


def test_either_user_ends_it() -> None:
    talk = meeting().private()
    talk.alice_does(talk.alice.end())
    assert talk.told() == ([Insecure(BOB_TAG)], [PeerFinished(ALICE_TAG)])
    assert talk.three.message is Msg3.PLAINTEXT
    talk.bob_does(talk.bob.end())
    talk.alice_does(talk.alice.start())
    assert talk.three.message is Msg3.ENCRYPTED
    talk.told()
    talk.bob_does(talk.bob.end())
    assert talk.told() == ([PeerFinished(BOB_TAG)], [Insecure(ALICE_TAG)])
    assert talk.three.message is Msg3.FINISHED
    heard = talk.alice.send(b"nobody reads this")
    assert heard.wires == ()
    assert heard.notices == (NotSent(BOB_TAG),)
    talk.alice_does(talk.alice.end())
    assert talk.three.message is Msg3.PLAINTEXT
    assert formats.decode(talk.alice.send(b"hello").wires[0]) == Plaintext(SUITE.octets(b"hello"))


def test_what_needs_a_private_conversation_is_refused_outside_of_one() -> None:
    talk = meeting()
    for heard in (
        talk.alice.start_smp(b"x"),
        talk.alice.answer_smp(b"x"),
        talk.alice.use_extra_key(1, b""),
    ):
        assert heard.notices == (Refused(),)
        assert heard.wires == ()


# Rollback: a published profile says that the peer speaks version 4.


def test_who_is_known_to_speak_version_4_is_not_answered_in_version_3() -> None:
    now = [NOW]
    bob = client("bob", BOB_TAG)
    alice = client("alice", ALICE_TAG, clock=lambda: now[0]).chat(
        Policy(whitespace_start_dake=True), known_profile=bob.client_profile, seed=b"alice" * 9
    )
    heard = alice.receive(b"?OTRv3?")
    assert (heard.wires, heard.notices) == ((), (Warned(Alert.ROLLBACK),))
    heard = alice.receive(b"hello" + TAG + TAG_3)
    assert heard.wires == ()
    assert heard.notices == (Warned(Alert.ROLLBACK), Shown(SUITE.octets(b"hello"), secure=False))
    (commit,) = older("bob", BOB_TAG).receive(b"?OTRv3?").wires
    heard = alice.receive(commit)
    assert (heard.wires, heard.notices) == ((), (Warned(Alert.ROLLBACK),))
    assert alice.conversation.version_3 is None
    (wire,) = alice.receive(b"?OTRv34?").wires
    assert isinstance(formats.decode(wire), Identity)
    alice.end()
    now[0] += 604800 - 1
    assert alice.receive(b"?OTRv3?").notices == (Warned(Alert.ROLLBACK),)
    now[0] += 1  # the profile has expired, and says nothing any more
    (wire,) = alice.receive(b"?OTRv3?").wires
    assert isinstance(SUITE_3.decode(SUITE_3.wire(wire)), DhCommit)


def test_who_is_known_not_to_speak_version_4_is_answered_in_version_3() -> None:
    keys = client("bob", BOB_TAG).account.keys
    profile = SUITE.client_profile(keys, BOB_TAG, frozenset({3}), NOW + 99, SUITE.seed(b"s" * 32))
    talk = meeting(known_profile=formats.encode_client_profile(profile))
    talk.alice_does(talk.alice.receive(b"?OTRv3?"))
    check_secured(talk)


# Both versions.


def test_two_who_speak_both_versions_speak_version_4() -> None:
    talk = both()
    talk.alice_does(talk.alice.start())
    for notices in talk.told():
        (news,) = notices
        assert isinstance(news, Secured)
        assert news.peer.versions == {3, 4}
        assert news.peer.dsa_key is not None
    assert talk.alice.conversation.version_3 is None


def begun_in_3() -> Talk:
    """Two who speak both versions, in a private conversation of version 3."""
    talk = both()
    talk.alice_does(talk.alice.receive(b"?OTRv3?"))
    assert talk.three.message is Msg3.ENCRYPTED
    assert [type(notice) for notices in talk.told() for notice in notices] == [Secured3, Secured3]
    talk.alice_does(talk.alice.send(b"in version 3"))
    assert shown(talk) == ([], [(b"in version 3", True)])
    return talk


def test_a_conversation_of_version_4_ends_the_one_of_version_3() -> None:
    talk = begun_in_3()
    talk.sent.clear()
    talk.alice_does(talk.alice.start_dake())
    kinds = [type(formats.decode(wire)).__name__ for wire in talk.sent]
    assert kinds == ["Identity", "AuthR", "AuthI", "OtherVersion", "OtherVersion"]
    for notices in talk.told():
        assert [type(notice) for notice in notices] == [Insecure, Secured]
    assert isinstance(talk.bob, Chat)
    for side in (talk.alice, talk.bob):
        assert side.conversation.version_3 is not None
        assert side.conversation.version_3.current.message is Msg3.PLAINTEXT
        assert side.conversation.current.message is Msg.ENCRYPTED_MESSAGES
    talk.alice_does(talk.alice.send(b"in version 4"))
    assert isinstance(formats.decode(talk.sent[-1]), DataMessage)
    assert shown(talk) == ([], [(b"in version 4", True)])


def test_the_end_of_version_3_may_overtake_the_beginning_of_version_4() -> None:
    talk = begun_in_3()
    (identity,) = talk.alice.start_dake().wires
    assert isinstance(talk.bob, Chat)
    (auth_r,) = talk.bob.receive(identity).wires
    auth_i, disconnect = talk.alice.receive(auth_r).wires
    assert isinstance(formats.decode(auth_i), AuthI)
    assert isinstance(SUITE_3.decode(SUITE_3.wire(disconnect)), DataMessage3)
    assert talk.bob.receive(disconnect).notices == (PeerFinished(ALICE_TAG),)
    heard = talk.bob.receive(auth_i)
    assert [type(notice) for notice in heard.notices] == [Insecure, Secured]
    assert talk.bob.conversation.current.message is Msg.ENCRYPTED_MESSAGES
    for wire in heard.wires:
        assert talk.alice.receive(wire).notices == ()


def test_messages_of_version_3_are_not_looked_at_in_a_conversation_of_version_4() -> None:
    talk = both()
    talk.alice_does(talk.alice.start())
    before = {key: m.values() for key, m in talk.alice.conversation.members.items()}
    (commit,) = older("bob", BOB_TAG).receive(b"?OTRv3?").wires
    for wire in (commit, b"?OTRv3?", b"?OTR|1|2,1,1,x,"):
        heard = talk.alice.receive(wire)
        assert (heard.wires, heard.notices) == ((), ())
        after = talk.alice.conversation
        assert {key: member.values() for key, member in after.members.items()} == before
        assert after.version_3 is None
    heard = talk.alice.receive(b"hello" + TAG + TAG_3)
    assert [type(notice) for notice in heard.notices] == [Shown, Warned]


def test_a_conversation_of_version_3_may_follow_one_of_version_4() -> None:
    talk = both()
    talk.alice_does(talk.alice.start())
    talk.alice_does(talk.alice.end())
    talk.bob_does(talk.bob.end())
    assert talk.alice.conversation.current.message is Msg.START
    talk.told()
    talk.alice_does(talk.alice.receive(b"?OTRv3?"))
    assert [type(notice) for notices in talk.told() for notice in notices] == [Secured3, Secured3]
    talk.bob_does(talk.bob.send(b"hello"))
    assert shown(talk) == ([(b"hello", True)], [])


def test_a_dake_in_progress_does_not_keep_version_3_from_answering() -> None:
    """Our Identity message went to somebody who does not know what it is."""
    talk = meeting()
    (identity,) = talk.alice.start_dake().wires
    talk.bob_does(talk.bob.receive(identity))
    talk.bob_does(talk.bob.start())
    assert talk.three.message is Msg3.ENCRYPTED
    assert talk.alice.conversation.members[0].dake is Dake.WAITING_AUTH_R
    talk.told()
    talk.alice_does(talk.alice.send(b"hello"))
    assert shown(talk) == ([], [(b"hello", True)])


def test_instances_of_either_version_are_told_apart() -> None:
    """Bob is there twice, in two clients: one speaks version 3, the other both."""
    alice, desk = chat("alice", ALICE_TAG), chat("bob", BOB_TAG)
    phone = older("bob", 0x3003)
    (query,) = alice.start().wires
    (commit,), (identity,) = phone.receive(query).wires, desk.receive(query).wires
    (key,) = alice.receive(commit).wires
    assert isinstance(SUITE_3.decode(SUITE_3.wire(key)), DhKey)
    (auth_r,) = alice.receive(identity).wires
    (reveal,) = phone.receive(key).wires
    (signature,) = alice.receive(reveal).wires
    phone.receive(signature)
    assert alice.conversation.version_3 is not None
    assert alice.conversation.version_3.current.message is Msg3.ENCRYPTED
    (auth_i,) = desk.receive(auth_r).wires
    heard = alice.receive(auth_i)
    assert [type(notice) for notice in heard.notices] == [Insecure, Secured]
    (disconnect,) = heard.wires
    assert phone.receive(disconnect).notices == (PeerFinished(ALICE_TAG),)
    (text,) = alice.send(b"hello").wires
    assert [type(notice) for notice in desk.receive(text).notices] == [Shown]
