"""A client of OTRv4 in the OTRv3-compatible mode, and libotr.

libotr has never heard of version 4: whoever speaks both must end up in version 3 with it, however
the conversation begins, and lose nothing on the way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pytest

from otr_conformance.peers import PeerUnavailable, libotr
from otr_conformance.shim.client import ShimProcess
from otr_conformance.shim.keys import write_preset_key
from otr_conformance.shim.protocol import (
    ExtraKeyEvent,
    FinishedEvent,
    InsecureEvent,
    SecureEvent,
    SmpEvent,
    WarningAbout,
    WarningEvent,
    WireEvent,
)
from otr_model.otrv3.words import Msg as Msg3
from otr_model.otrv4.words import Dake, Msg
from otr_reference.keys import dsa
from otr_reference.otrv4 import wire as formats
from otr_reference.otrv4.chat import DEFAULT_POLICY, SUITE, Client
from otr_reference.otrv4.messages import Identity, OtherVersion
from otr_reference.otrv4.notices import (
    Alert,
    ExtraKey3,
    Insecure,
    PeerFinished,
    Secured3,
    Shown,
    SmpStage,
    SmpStaged,
    Warned,
)
from otr_reference.otrv4.session import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otr_conformance.shim.protocol import Answer
    from otr_reference.otrv3.session import Session as Session3
    from otr_reference.otrv4.chat import Chat, Heard

pytestmark = pytest.mark.libotr

NOW: Final = 1_700_000_000
ALICE_TAG, BOB_TAG = 0x1001, 0x2002
BOB: Final = "bob"


@pytest.fixture(scope="module")
def shim() -> Iterator[ShimProcess]:
    if libotr.locate() is None:
        try:
            libotr.install(lambda _: None)
        except PeerUnavailable as reason:
            pytest.skip(str(reason))
    with ShimProcess(libotr.command()) as process:
        process.hello()
        yield process


@pytest.fixture(scope="module")
def keys() -> tuple[dsa.DsaPrivate, dsa.DsaPrivate]:
    return dsa.generate(), dsa.generate()


@dataclass
class Talk:
    """Our Alice, libotr's Bob, and the network between them."""

    alice: Chat
    shim: ShimProcess
    to_alice: list[bytes] = field(default_factory=list)
    to_bob: list[bytes] = field(default_factory=list)
    alices: list[Any] = field(default_factory=list)
    bobs: list[Any] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)

    def alice_does(self, heard: Heard) -> None:
        """Alice did something; all that follows from it happens."""
        self._alice(heard)
        self.settle()

    def bob_does(self, answer: Answer) -> None:
        """Bob did something; all that follows from it happens."""
        self._bob(answer)
        self.settle()

    def settle(self) -> None:
        """Everything is delivered."""
        while self.to_alice or self.to_bob:
            if self.to_bob:
                self._bob(self.shim.receive(BOB, self.to_bob.pop(0)))
            else:
                self._alice(self.alice.receive(self.to_alice.pop(0)))

    def _alice(self, heard: Heard) -> None:
        self.to_bob += heard.wires
        self.sent += heard.wires
        self.alices += heard.notices

    def _bob(self, answer: Answer) -> None:
        self.to_alice += answer.wires
        self.sent += answer.wires
        self.bobs += [event for event in answer.events if not isinstance(event, WireEvent)]

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

    def secured(self) -> None:
        """Both were told of a conversation of version 3 with the other."""
        assert self.three.message is Msg3.ENCRYPTED
        assert self.alice.conversation.current.message is Msg.START
        (ours,) = [notice for notice in self.alices if isinstance(notice, Secured3)]
        (theirs,) = [event for event in self.bobs if isinstance(event, SecureEvent)]
        assert (ours.version, theirs.version) == (3, 3)
        assert SUITE.to_bytes(ours.ssid) == theirs.ssid
        assert (ours.instance, theirs.peer_tag) == (BOB_TAG, ALICE_TAG)
        assert self.alice.client.dsa is not None
        assert theirs.fingerprint == dsa.fingerprint(self.alice.client.dsa.public)

    def texts(self) -> tuple[list[tuple[bytes, bool]], list[tuple[bytes, bool]]]:
        """Texts that both users saw since the last look, and whether they were protected."""
        alices, bobs = self.told()
        return (
            [(SUITE.to_bytes(n.text), n.secure) for n in alices if isinstance(n, Shown)],
            [(event.text, event.secure) for event in bobs if event.event == "message"],
        )


Keys = tuple[dsa.DsaPrivate, dsa.DsaPrivate]


def meet(
    shim: ShimProcess,
    keys: Keys,
    policy: Policy = DEFAULT_POLICY,
    theirs: str = "v3",
    **given: Any,
) -> Talk:
    """Both, as they begin; the rest is for our chat, and the size of fragments for both."""
    shim.reset()
    made = shim.new(
        BOB,
        account=BOB,
        peer="alice",
        policy=theirs,
        tag=BOB_TAG,
        key=write_preset_key(keys[1]),
        fragment=given.get("max_size"),
    )
    client = Client(
        b"a" * 57, dsa=keys[0], tag=ALICE_TAG, clock=lambda: NOW, seed=b"the account of alice" * 2
    )
    chat = client.chat(policy, seed=b"the conversation of alice" * 2, **given)
    assert made.fingerprint == dsa.fingerprint(keys[1].public)
    return Talk(chat, shim)


def private(shim: ShimProcess, keys: Keys, **given: int) -> Talk:
    """Both, in a conversation of version 3 that Alice's query began."""
    talk = meet(shim, keys, **given)
    talk.alice_does(talk.alice.start())
    talk.secured()
    talk.told()
    return talk


# How it begins.


def test_our_query_for_both_versions(shim: ShimProcess, keys: Keys) -> None:
    talk = meet(shim, keys)
    talk.alice_does(talk.alice.start())
    assert talk.sent[0] == b"?OTRv34?"
    talk.secured()


@pytest.mark.parametrize("policy", ["v3", "v2 v3"])
def test_libotrs_query(shim: ShimProcess, keys: Keys, policy: str) -> None:
    talk = meet(shim, keys, theirs=policy)
    talk.bob_does(shim.start(BOB))
    talk.secured()


def test_libotrs_whitespace_tag(shim: ShimProcess, keys: Keys) -> None:
    policy = "v3 send-whitespace-tag whitespace-start-ake"
    talk = meet(shim, keys, Policy(whitespace_start_dake=True), policy)
    talk.bob_does(shim.send(BOB, b"hello"))
    assert [n.text for n in talk.alices if isinstance(n, Shown)] == [SUITE.octets(b"hello")]
    talk.secured()


def test_our_whitespace_tag_for_both_versions(shim: ShimProcess, keys: Keys) -> None:
    talk = meet(shim, keys, Policy(send_whitespace_tag=True), "v3 whitespace-start-ake")
    talk.alice_does(talk.alice.send(b"hello"))
    assert [event.text for event in talk.bobs if event.event == "message"] == [b"hello"]
    talk.secured()


def test_libotrs_commit_message_without_a_query(shim: ShimProcess, keys: Keys) -> None:
    talk = meet(shim, keys)
    talk.bob_does(shim.receive(BOB, b"?OTRv3?"))
    talk.secured()


def test_commit_messages_that_cross(shim: ShimProcess, keys: Keys) -> None:
    talk = meet(shim, keys)
    talk.to_bob += talk.alice.receive(b"?OTRv3?").wires
    talk.to_alice += shim.receive(BOB, b"?OTRv3?").wires
    talk.settle()
    assert talk.three.message is Msg3.ENCRYPTED
    talk.alice_does(talk.alice.send(b"hello"))
    assert (b"hello", True) in talk.texts()[1]


def test_libotr_does_not_understand_an_identity_message(shim: ShimProcess, keys: Keys) -> None:
    talk = meet(shim, keys)
    heard = talk.alice.start_dake()
    assert isinstance(formats.decode(heard.wires[0]), Identity)
    talk.alice_does(heard)
    assert talk.alice.conversation.members[0].dake is Dake.WAITING_AUTH_R
    assert talk.alice.conversation.version_3 is None
    assert talk.told() == ([], [WarningEvent(WarningAbout.MALFORMED)])
    talk.bob_does(shim.start(BOB))
    talk.secured()
    assert talk.alice.conversation.members[0].dake is Dake.WAITING_AUTH_R
    talk.alice_does(talk.alice.send(b"hello"))
    assert talk.texts() == ([], [(b"hello", True)])


# What happens in it, and how it ends.


@pytest.mark.parametrize("given", [{}, {"max_size": 150}], ids=["whole", "fragments"])
def test_texts_in_both_directions(shim: ShimProcess, keys: Keys, given: dict[str, int]) -> None:
    talk = private(shim, keys, **given)
    for count in range(10):
        talk.alice_does(talk.alice.send(b"ours %d: " % count + "été ".encode() * 20))
        talk.bob_does(shim.send(BOB, b"theirs %d: " % count + "été ".encode() * 20))
    alices, bobs = talk.texts()
    assert alices == [(b"theirs %d: " % count + "été ".encode() * 20, True) for count in range(10)]
    assert bobs == [(b"ours %d: " % count + "été ".encode() * 20, True) for count in range(10)]
    versions = {m.version for m in map(formats.decode, talk.sent) if isinstance(m, OtherVersion)}
    assert versions == {3}


@pytest.mark.parametrize("secret", [b"apple", b"pear"])
@pytest.mark.parametrize("alice_begins", [True, False], ids=["ours", "libotr"])
def test_smp(shim: ShimProcess, keys: Keys, secret: bytes, *, alice_begins: bool) -> None:
    talk = private(shim, keys)
    if alice_begins:
        talk.alice_does(talk.alice.start_smp(b"apple", b"which?"))
        (asked,) = [event for event in talk.bobs if isinstance(event, SmpEvent)]
        assert (asked.stage.value, asked.question) == ("asked", b"which?")
        talk.bob_does(shim.smp_answer(BOB, secret))
    else:
        talk.bob_does(shim.smp_start(BOB, b"apple", question=b"which?"))
        assert talk.alices == [SmpStaged(SmpStage.ASKED, SUITE.octets(b"which?"), BOB_TAG)]
        talk.alice_does(talk.alice.answer_smp(secret))
    alices, bobs = talk.told()
    last = [notice.stage for notice in alices if isinstance(notice, SmpStaged)][-1]
    theirs = [event.stage.value for event in bobs if isinstance(event, SmpEvent)][-1]
    equal = secret == b"apple"
    assert (last is SmpStage.SUCCESS) is equal
    assert (theirs == "success") is equal


def test_the_extra_key(shim: ShimProcess, keys: Keys) -> None:
    talk = private(shim, keys)
    talk.alice_does(talk.alice.use_extra_key(7, b"a file"))
    ((ours,), (theirs,)) = talk.told()
    assert isinstance(ours, ExtraKey3)
    assert isinstance(theirs, ExtraKeyEvent)
    assert (SUITE.to_bytes(ours.key), theirs.use, theirs.data) == (theirs.key, 7, b"a file")


def test_either_ends_it(shim: ShimProcess, keys: Keys) -> None:
    talk = private(shim, keys)
    talk.alice_does(talk.alice.end())
    alices, bobs = talk.told()
    assert alices == [Insecure(BOB_TAG)]
    assert [type(event) for event in bobs] == [FinishedEvent]
    talk.bob_does(shim.end(BOB))
    talk.alice_does(talk.alice.start())
    assert talk.three.message is Msg3.ENCRYPTED
    talk.told()
    talk.bob_does(shim.end(BOB))
    alices, bobs = talk.told()
    assert alices == [PeerFinished(BOB_TAG)]
    assert [type(event) for event in bobs] == [InsecureEvent]
    assert talk.three.message is Msg3.FINISHED


# Rollback.


def test_whom_we_know_to_speak_version_4_is_not_answered(shim: ShimProcess, keys: Keys) -> None:
    """The query says version 3, and the profile that Bob published says version 4."""
    published = Client(
        b"b" * 57, dsa=keys[1], tag=BOB_TAG, clock=lambda: NOW, seed=b"the account of bob" * 2
    ).client_profile
    talk = meet(shim, keys, known_profile=published)
    talk.bob_does(shim.start(BOB))
    assert talk.alices == [Warned(Alert.ROLLBACK)]
    assert talk.alice.conversation.version_3 is None
    assert len(talk.sent) == 1
