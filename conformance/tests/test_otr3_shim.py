"""otr3's shim: what it says, what otr3 does behind it, and how both come to be.

The first part drives two otr3 endpoints against each other through the shim. The second pins habits
of otr3 that a case has to know. The third is the shim's own conduct and its installation.
"""

import os
import re
import shutil
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from otr_conformance.peers import PeerUnavailable, otr3
from otr_conformance.shim.check import check_shim
from otr_conformance.shim.client import ShimProcess
from otr_conformance.shim.errors import ShimRefused
from otr_conformance.shim.keys import write_preset_key
from otr_conformance.shim.protocol import (
    Answer,
    AnyEvent,
    ExtraKeyEvent,
    FinishedEvent,
    HeartbeatEvent,
    InsecureEvent,
    MessageEvent,
    SecureEvent,
    SmpEvent,
    WarningEvent,
)
from otr_conformance.shim.vocabulary import (
    AuthState,
    Bold,
    ErrorWord,
    MsgState,
    PolicyWord,
    Side,
    SmpState,
    Stage,
    WarningAbout,
)
from otr_reference.keys import dsa

pytestmark = pytest.mark.peer

ALICE_TAG = 0x1000
BOB_TAG = 0x2000
OTHERS = {"alice": "bob", "bob": "alice"}
VERSIONS = {2: PolicyWord.V2, 3: PolicyWord.V3}


@dataclass
class Talk:
    """Alice and Bob, both otr3, and a network that delivers when it is told to."""

    shim: ShimProcess
    version: int = 3
    network: deque[tuple[str, bytes]] = field(default_factory=deque)
    sent: list[tuple[str, bytes]] = field(default_factory=list)
    seen: dict[str, list[AnyEvent]] = field(default_factory=lambda: {"alice": [], "bob": []})
    fingerprints: dict[str, bytes] = field(default_factory=dict)

    def meet(self, *policy: PolicyWord, fragment: int | None = None) -> "Talk":
        """Make both endpoints anew."""
        self.shim.reset()
        for name, tag in (("alice", ALICE_TAG), ("bob", BOB_TAG)):
            made = self.shim.new(
                name,
                account=name,
                peer=OTHERS[name],
                policy=[VERSIONS[self.version], *policy],
                tag=tag,
                fragment=fragment,
            )
            assert made.tag == tag
            self.fingerprints[name] = made.fingerprint
        return self

    def private(self, *policy: PolicyWord, fragment: int | None = None) -> "Talk":
        """Make both endpoints anew, run the AKE, and forget that it happened."""
        self.meet(*policy, fragment=fragment).did("alice", self.shim.start("alice"))
        self.deliver()
        assert self.states() == (MsgState.ENCRYPTED, MsgState.ENCRYPTED)
        self.sent.clear()
        self.take("alice")
        self.take("bob")
        return self

    def did(self, who: str, answer: Answer) -> None:
        """Take an answer: its wire messages go to the network."""
        for wire in answer.wires:
            self.network.append((who, wire))
            self.sent.append((who, wire))
        self.seen[who].extend(event for event in answer.events if event.event != "wire")

    def deliver_one(self) -> None:
        """Deliver the oldest message on the network."""
        sender, wire = self.network.popleft()
        to = OTHERS[sender]
        self.did(to, self.shim.receive(to, wire))

    def deliver(self) -> None:
        """Deliver until nothing is on the network."""
        for _ in range(1000):
            if not self.network:
                return
            self.deliver_one()
        pytest.fail("the two never stop talking")

    def take(self, who: str) -> list[AnyEvent]:
        """What the user has seen since the last look."""
        events, self.seen[who] = self.seen[who], []
        return events

    def states(self) -> tuple[MsgState, MsgState]:
        """Both endpoints' message states."""
        return self.shim.state("alice").msgstate, self.shim.state("bob").msgstate

    def authstates(self) -> tuple[AuthState | None, AuthState | None]:
        """Both endpoints' authentication states."""
        return self.shim.state("alice").authstate, self.shim.state("bob").authstate


def heartbeats_aside(events: list[AnyEvent]) -> list[AnyEvent]:
    """Without heartbeats: otr3 calls each message without a text one."""
    return [event for event in events if not isinstance(event, HeartbeatEvent)]


@pytest.fixture(scope="module")
def program() -> list[str]:
    if otr3.locate() is None:
        try:
            otr3.install(lambda _: None)
        except PeerUnavailable as reason:
            pytest.skip(str(reason))
    return otr3.command()


@pytest.fixture
def shim(program: list[str]) -> Iterator[ShimProcess]:
    with ShimProcess(program, timeout=30) as process:
        process.hello()
        yield process


@pytest.fixture(params=[2, 3], ids=["v2", "v3"])
def talk(shim: ShimProcess, request: pytest.FixtureRequest) -> Talk:
    return Talk(shim, request.param)


# ---- two endpoints of otr3


def test_nothing_is_wrong_with_the_shim(program: list[str]) -> None:
    assert check_shim(program) == []


def test_a_query_leads_to_a_private_conversation(talk: Talk) -> None:
    talk.meet()
    assert talk.states() == (MsgState.PLAINTEXT, MsgState.PLAINTEXT)

    talk.did("alice", talk.shim.start("alice"))
    steps = [talk.authstates()]
    while talk.network:
        talk.deliver_one()
        steps.append(talk.authstates())

    none, commit, key, signature = (
        AuthState.NONE,
        AuthState.AWAITING_DHKEY,
        AuthState.AWAITING_REVEALSIG,
        AuthState.AWAITING_SIG,
    )
    assert steps == [
        (none, none),
        (none, commit),
        (key, commit),
        (key, signature),
        (none, signature),
        (none, none),
    ]
    [alice], [bob] = talk.take("alice"), talk.take("bob")
    assert isinstance(alice, SecureEvent)
    assert isinstance(bob, SecureEvent)
    assert alice.ssid == bob.ssid
    assert (alice.fingerprint, bob.fingerprint) == (
        talk.fingerprints["bob"],
        talk.fingerprints["alice"],
    )
    assert (alice.version, bob.version) == (talk.version, talk.version)
    assert (alice.bold, bob.bold) == (Bold.SECOND, Bold.FIRST)
    tags = (BOB_TAG, ALICE_TAG) if talk.version == 3 else (None, None)
    assert (alice.peer_tag, bob.peer_tag) == tags


def test_texts_pass_both_ways_and_only_encrypted(talk: Talk) -> None:
    talk.private()

    for number in range(4):
        text = f"text {number}: \u00e9".encode()
        talk.did("alice", talk.shim.send("alice", text))
        talk.deliver()
        assert heartbeats_aside(talk.take("bob")) == [MessageEvent(text, secure=True)]
        talk.did("bob", talk.shim.send("bob", text[::-1]))
        talk.deliver()
        assert heartbeats_aside(talk.take("alice")) == [MessageEvent(text[::-1], secure=True)]

    assert all(wire.startswith(b"?OTR:AA") for _, wire in talk.sent)


@pytest.mark.parametrize("question", [None, b"what do we drink?"], ids=["bare", "question"])
def test_smp_succeeds_where_the_secrets_are_equal(talk: Talk, question: bytes | None) -> None:
    talk.private()

    talk.did("alice", talk.shim.smp_start("alice", b"tea \0 pot", question=question))
    assert talk.shim.state("alice").smpstate is SmpState.EXPECT2
    talk.deliver()
    assert heartbeats_aside(talk.take("bob")) == [SmpEvent(Stage.ASKED, question)]
    assert talk.shim.state("bob").smpstate is SmpState.EXPECT1

    talk.did("bob", talk.shim.smp_answer("bob", b"tea \0 pot"))
    assert talk.shim.state("bob").smpstate is SmpState.EXPECT3
    talk.deliver_one()
    assert talk.shim.state("alice").smpstate is SmpState.EXPECT4
    talk.deliver()

    assert heartbeats_aside(talk.take("bob")) == [SmpEvent(Stage.SUCCESS)]
    assert heartbeats_aside(talk.take("alice")) == [
        SmpEvent(Stage.PROGRESS),
        SmpEvent(Stage.SUCCESS),
    ]


def test_smp_can_be_aborted_and_is_not_answered_unasked(talk: Talk) -> None:
    talk.private()
    assert talk.shim.smp_answer("bob", b"s").wires == ()
    talk.did("alice", talk.shim.smp_start("alice", b"s"))
    talk.deliver()

    talk.did("alice", talk.shim.smp_abort("alice"))
    talk.deliver()

    assert heartbeats_aside(talk.take("bob")) == [SmpEvent(Stage.ASKED), SmpEvent(Stage.ABORTED)]
    assert talk.shim.smp_answer("bob", b"s").wires == ()


def test_both_sides_have_the_same_extra_key(talk: Talk) -> None:
    talk.private()

    talk.did("alice", talk.shim.extra_key("alice", 0xFFFFFFFE, b"file\0 1"))
    talk.deliver()

    [sent] = heartbeats_aside(talk.take("alice"))
    [received] = heartbeats_aside(talk.take("bob"))
    assert isinstance(sent, ExtraKeyEvent)
    assert isinstance(received, ExtraKeyEvent)
    assert (sent.side, received.side) == (Side.SENT, Side.RECEIVED)
    assert sent.key == received.key
    assert (received.use, received.data) == (0xFFFFFFFE, b"file\0 1")


def test_a_heartbeat_on_request(talk: Talk) -> None:
    talk.private()

    talk.did("bob", talk.shim.heartbeat("bob"))
    talk.deliver()

    assert talk.take("bob") == [HeartbeatEvent(Side.SENT)]
    assert talk.take("alice") == [HeartbeatEvent(Side.RECEIVED)]


def test_time_moves_only_by_request_and_brings_heartbeats(talk: Talk) -> None:
    talk.private()
    talk.did("bob", talk.shim.send("bob", b"now"))
    talk.deliver()

    for seconds, heartbeats in ((59, 0), (2, 1)):
        talk.shim.clock(seconds)
        before = len(talk.sent)
        talk.did("alice", talk.shim.send("alice", b"later"))
        talk.deliver_one()
        assert len(talk.sent) - before - 1 == heartbeats


def test_one_side_ends_and_the_other_is_finished(talk: Talk) -> None:
    talk.private()

    talk.did("alice", talk.shim.end("alice"))
    assert talk.take("alice") == [InsecureEvent()]
    talk.deliver()
    assert heartbeats_aside(talk.take("bob")) == [FinishedEvent()]
    assert talk.states() == (MsgState.PLAINTEXT, MsgState.FINISHED)

    with pytest.raises(ShimRefused) as refused:
        talk.shim.send("bob", b"are you there?")
    assert [event.event for event in refused.value.events] == ["warning"]

    talk.did("bob", talk.shim.end("bob"))
    assert talk.take("bob") == [InsecureEvent()]
    assert talk.shim.send("bob", b"hello?").wires == (b"hello?",)


def test_messages_larger_than_the_limit_go_in_pieces(talk: Talk) -> None:
    talk.private(fragment=200)
    text = b"long " * 200

    talk.did("alice", talk.shim.send("alice", text))

    sizes = [len(wire) for _, wire in talk.sent]
    assert len(sizes) > 5
    assert max(sizes) <= 200
    talk.deliver()
    assert MessageEvent(text, secure=True) in talk.take("bob")


def test_a_text_waits_for_the_private_conversation(talk: Talk) -> None:
    talk.meet(PolicyWord.REQUIRE_ENCRYPTION)

    talk.did("alice", talk.shim.send("alice", b"for your eyes only"))
    assert talk.take("alice") == [WarningEvent(WarningAbout.NOT_SENT)]
    talk.deliver()

    told = heartbeats_aside(talk.take("alice"))
    assert [event.event for event in told] == ["secure", "resent"]
    assert MessageEvent(b"for your eyes only", secure=True) in talk.take("bob")


# ---- habits of otr3


def test_where_otr_is_disabled_a_text_becomes_zeros(shim: ShimProcess) -> None:
    shim.new("carol", account="carol", peer="dave", policy=[])

    assert shim.receive("carol", b"hello").events == (MessageEvent(bytes(5), secure=False),)
    assert shim.send("carol", b"hello").wires == (b"hello",)
    assert shim.start("carol").wires == ()


def test_a_query_is_not_heard_for_a_minute(talk: Talk) -> None:
    talk.private()
    query = b"?OTRv%d?" % talk.version

    assert talk.shim.receive("bob", query).wires == ()
    talk.shim.clock(61)
    assert len(talk.shim.receive("bob", query).wires) == 1


def test_a_piece_is_empty_where_a_message_fills_the_others(shim: ShimProcess) -> None:
    # 338 characters have a D-H Commit of version 3, unless g^x begins with zeros: two times 169.
    for _ in range(20):
        shim.reset()
        shim.new("a", account="a", peer="b", policy=[PolicyWord.V3], tag=ALICE_TAG, fragment=205)
        pieces = [wire.split(b",") for wire in shim.receive("a", b"?OTRv3?").wires]
        if sum(len(piece[3]) for piece in pieces) == 338:
            break

    assert [len(piece[3]) for piece in pieces] == [169, 169, 0]


# ---- the shim itself


def test_keys_and_tags_can_be_preset(shim: ShimProcess) -> None:
    private = dsa.generate()
    key = write_preset_key(private)
    policy = [PolicyWord.V3]

    made = shim.new("1", account="a", peer="b", policy=policy, tag=0xFFFFFFFF, key=key)
    assert (made.fingerprint, made.tag) == (dsa.fingerprint(private.public), 0xFFFFFFFF)

    own = shim.new("2", account="a", peer="b", policy=policy)
    assert own.fingerprint != made.fingerprint
    assert own.tag is not None
    assert own.tag >= 0x100
    other = shim.new("3", account="c", peer="b", policy=policy)
    assert other.fingerprint not in {own.fingerprint, made.fingerprint}
    shim.reset()
    again = shim.new("2", account="a", peer="b", policy=policy)
    assert again.fingerprint == own.fingerprint  # an account keeps its key

    zeros = b"\0\0" + 5 * bytes(4)
    for faulty in (b"", b"\0\1" + key[2:], key[:-1], key + b"\0", zeros, key[:-1] + b"?"):
        with pytest.raises(ShimRefused) as refused:
            shim.new("3", account="a", peer="b", policy=policy, key=faulty)
        assert refused.value.error is ErrorWord.UNSUPPORTED


def test_what_does_not_fit_otr3_is_unsupported(talk: Talk) -> None:
    for fragment in (1, 36, 65_536):
        with pytest.raises(ShimRefused, match="unsupported"):
            talk.meet(fragment=fragment)
    talk.private()

    for ask in (
        lambda: talk.shim.send("alice", b"x" * 393_217),
        lambda: talk.shim.extra_key("alice", 1, bytes(65_532)),
        lambda: talk.shim.smp_start("alice", b"s", question=bytes(60_001)),
    ):
        with pytest.raises(ShimRefused, match="unsupported"):
            ask()
    talk.did("alice", talk.shim.send("alice", b"x" * 393_216))
    talk.deliver()
    assert MessageEvent(b"x" * 393_216, secure=True) in talk.take("bob")


def test_requests_for_a_conversation_that_is_not_private(talk: Talk) -> None:
    talk.meet()

    for ask in (
        lambda: talk.shim.smp_start("alice", b"s"),
        lambda: talk.shim.extra_key("alice", 1, b""),
    ):
        with pytest.raises(ShimRefused, match="refused"):
            ask()
    assert talk.shim.smp_answer("alice", b"s").events == ()
    assert talk.shim.smp_abort("alice").events == ()
    assert talk.shim.heartbeat("alice").events == ()
    assert talk.shim.end("alice").events == ()


@pytest.mark.slow
def test_installing_compiles_once_into_the_cache(
    program: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert program
    monkeypatch.setenv("GOCACHE", os.environ.get("GOCACHE", str(Path.home() / ".cache/go-build")))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert otr3.locate() is None
    with pytest.raises(PeerUnavailable, match="otrspec peer install otr3"):
        otr3.command()

    steps: list[str] = []
    installed = otr3.install(steps.append)
    place = otr3.locate()
    assert place is not None
    assert place.is_relative_to(tmp_path / "otrspec" / "peers" / "otr3")
    assert installed.command == (str(place),)
    assert installed.name == "otr3"
    assert otr3.command() == [str(place)]
    assert sum(step.startswith("compiling") for step in steps) == 1
    made = place.stat().st_mtime_ns

    steps.clear()
    assert otr3.install(steps.append) == installed
    assert not any(step.startswith("compiling") for step in steps)
    assert place.stat().st_mtime_ns == made
    assert [path.name for path in place.parent.parent.iterdir()] == [place.parent.name]


def test_a_machine_without_go_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(PeerUnavailable) as reason:
        otr3.install(lambda _: None)

    assert re.fullmatch(
        r"the Go compiler missing; run as root: apt-get install -y golang-go "
        r"golang-github-twstrike-otr3-dev",
        str(reason.value),
    )


def test_a_machine_without_otr3_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "apt-get" else "/bin/true")
    monkeypatch.setattr(otr3, "_SYSTEM_PATH", tmp_path)
    monkeypatch.delenv("GOPATH", raising=False)

    with pytest.raises(PeerUnavailable, match="otr3's sources missing; run as root: apt-get"):
        otr3.install(lambda _: None)


def test_what_otr3_prints_when_it_does_not_compile_is_passed_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho 'otr3 does not please the compiler' >&2\nexit 1\n")
    go.chmod(0o755)
    sources = tmp_path / "path" / "src" / "github.com" / "twstrike" / "otr3"
    sources.mkdir(parents=True)
    (sources / "conversation.go").write_text("package otr3\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GOPATH", str(tmp_path / "path"))
    monkeypatch.setattr(shutil, "which", lambda name: str(go) if name == "go" else None)

    with pytest.raises(PeerUnavailable, match="does not compile: otr3 does not please"):
        otr3.install(lambda _: None)
    assert otr3.locate() is None
