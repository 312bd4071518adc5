"""potr's shim: two endpoints of potr, what the shim makes of its exceptions, its installation."""

import hashlib
import zipfile
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA1

from otr_conformance.otrv3.labs import generated_key
from otr_conformance.peers import PeerUnavailable, potr
from otr_conformance.peers.process import Outcome
from otr_conformance.shim.client import ShimProcess
from otr_conformance.shim.errors import ShimRefused
from otr_conformance.shim.keys import write_preset_key
from otr_conformance.shim.protocol import (
    Answer,
    AnyEvent,
    ErrorEvent,
    ExtraKeyEvent,
    FinishedEvent,
    InsecureEvent,
    MessageEvent,
    SecureEvent,
    SmpEvent,
    StillSecureEvent,
    WarningEvent,
    WireEvent,
)
from otr_conformance.shim.vocabulary import (
    AuthState,
    Bold,
    Capability,
    MsgState,
    PolicyWord,
    Side,
    SmpState,
    Stage,
    WarningAbout,
)
from otr_conformance.shims.potr import backend
from otr_reference.keys import dsa as reference_dsa

pytestmark = pytest.mark.peer

NAMES = {"alice": "bob", "bob": "alice"}


@dataclass
class Talk:
    """Alice and Bob, both potr, and a network that delivers when it is told to."""

    shim: ShimProcess
    network: deque[tuple[str, bytes]] = field(default_factory=deque)
    seen: dict[str, list[AnyEvent]] = field(default_factory=dict)
    fingerprints: dict[str, bytes] = field(default_factory=dict)

    def meet(self, *words: PolicyWord, fragment: int = 0) -> "Talk":
        """Make both endpoints anew."""
        self.shim.reset()
        for name, peer in NAMES.items():
            made = self.shim.new(
                name,
                account=name,
                peer=peer,
                policy=(PolicyWord.V2, *words),
                key=write_preset_key(generated_key(name)),
                fragment=fragment,
            )
            self.fingerprints[name] = made.fingerprint
        return self

    def private(self, fragment: int = 0) -> "Talk":
        """Make both endpoints anew, and run the AKE."""
        self.meet(fragment=fragment)
        self.heard("alice", self.shim.start("alice"))
        self.deliver()
        self.seen.clear()
        return self

    def heard(self, who: str, answer: Answer) -> None:
        """What comes of one request."""
        for event in answer.events:
            if isinstance(event, WireEvent):
                self.network.append((who, event.wire))
            else:
                self.seen.setdefault(who, []).append(event)

    def deliver_one(self) -> None:
        """Deliver the oldest message on the network."""
        sender, wire = self.network.popleft()
        self.heard(NAMES[sender], self.shim.receive(NAMES[sender], wire))

    def deliver(self) -> None:
        """Deliver until nothing is on the network."""
        while self.network:
            self.deliver_one()

    def say(self, who: str, text: bytes) -> None:
        """A text, and what comes of it."""
        self.heard(who, self.shim.send(who, text))
        self.deliver()

    def take(self, who: str) -> list[AnyEvent]:
        """What the user has seen since the last look."""
        return self.seen.pop(who, [])


@pytest.fixture(scope="module")
def program() -> list[str]:
    if potr.locate() is None:
        try:
            potr.install(lambda _: None)
        except PeerUnavailable as reason:
            pytest.skip(str(reason))
    return potr.command()


@pytest.fixture(scope="module")
def shim(program: list[str]) -> Iterator[ShimProcess]:
    with ShimProcess(program) as process:
        process.hello()
        yield process
        process.bye()


@pytest.fixture
def talk(shim: ShimProcess) -> Talk:
    return Talk(shim)


# Two endpoints of potr.


def test_the_shim_states_what_potr_can_do(program: list[str]) -> None:
    with ShimProcess(program) as process:
        hello = process.hello()

    assert (hello.name, hello.version) == ("potr", "1.0.2")
    assert hello.versions == frozenset({2})
    assert Capability.TAG not in hello.capabilities
    assert Capability.INSTANCES not in hello.capabilities


def test_a_query_leads_to_a_private_conversation_between_these_keys(talk: Talk) -> None:
    talk.meet()
    states = talk.shim.state
    talk.heard("alice", talk.shim.start("alice"))
    assert talk.network[0][1].startswith(b"?OTRv2?")
    talk.deliver_one()
    assert states("bob").authstate is AuthState.AWAITING_DHKEY
    talk.deliver_one()
    assert states("alice").authstate is AuthState.AWAITING_REVEALSIG
    talk.deliver_one()
    assert states("bob").authstate is AuthState.AWAITING_SIG
    talk.deliver()

    [alice], [bob] = talk.take("alice"), talk.take("bob")
    assert isinstance(alice, SecureEvent)
    assert isinstance(bob, SecureEvent)
    assert alice == SecureEvent(talk.fingerprints["bob"], alice.ssid, 2, Bold.SECOND)
    assert bob == SecureEvent(talk.fingerprints["alice"], alice.ssid, 2, Bold.FIRST)
    assert talk.fingerprints["bob"] == reference_dsa.fingerprint(generated_key("bob").public)
    assert states("alice").msgstate is states("bob").msgstate is MsgState.ENCRYPTED

    talk.heard("bob", talk.shim.start("bob"))
    talk.deliver()
    assert isinstance(talk.take("alice")[0], StillSecureEvent)


def test_texts_pass_both_ways_whole_and_in_pieces(talk: Talk) -> None:
    for size in (0, 100):
        talk.private(size)
        for text in (b"one, which is short", b"two " * 100, "drei, mit \u00e9".encode()):
            talk.heard("alice", talk.shim.send("alice", text))
            assert all(len(wire) <= size for _, wire in talk.network if size)
            assert not any(text in wire for _, wire in talk.network)
            talk.deliver()
            assert talk.take("bob") == [MessageEvent(text, secure=True)]
            talk.say("bob", text)
            assert talk.take("alice") == [MessageEvent(text, secure=True)]


@pytest.mark.parametrize(
    ("typed", "begun", "answered"),
    [
        (b"tea", [Stage.PROGRESS, Stage.SUCCESS], [Stage.ASKED, Stage.SUCCESS]),
        (b"tee", [Stage.PROGRESS, Stage.ABORTED], [Stage.ASKED, Stage.FAILURE]),
    ],
)
def test_smp_tells_each_user_what_potr_found(
    talk: Talk, typed: bytes, begun: list[Stage], answered: list[Stage]
) -> None:
    talk.private()
    talk.heard("alice", talk.shim.smp_start("alice", b"tea", question=b"what do we drink?"))
    talk.deliver()
    assert talk.shim.state("alice").smpstate is SmpState.EXPECT2
    assert talk.shim.state("bob").smpstate is SmpState.EXPECT1
    assert talk.seen["bob"] == [SmpEvent(Stage.ASKED, b"what do we drink?")]

    talk.heard("bob", talk.shim.smp_answer("bob", typed))
    talk.deliver()

    for who, stages in (("alice", begun), ("bob", answered)):
        assert [e.stage for e in talk.take(who) if isinstance(e, SmpEvent)] == stages


def test_smp_can_be_aborted_and_is_not_answered_unasked(talk: Talk) -> None:
    talk.private()
    talk.heard("bob", talk.shim.smp_answer("bob", b"unasked"))
    assert not talk.network

    talk.heard("alice", talk.shim.smp_start("alice", b"tea"))
    talk.heard("alice", talk.shim.smp_abort("alice"))
    talk.deliver()

    assert talk.take("bob") == [SmpEvent(Stage.ASKED), SmpEvent(Stage.ABORTED)]


def test_the_extra_key_agrees_until_keys_are_replaced(talk: Talk) -> None:
    talk.private()
    talk.heard("alice", talk.shim.extra_key("alice", 7, b"a file"))
    talk.deliver()

    [sent], [received] = talk.take("alice"), talk.take("bob")
    assert isinstance(sent, ExtraKeyEvent)
    assert sent == ExtraKeyEvent(sent.key, 7, b"a file", Side.SENT)
    assert received == ExtraKeyEvent(sent.key, 7, b"a file", Side.RECEIVED)


def test_one_side_ends_and_the_other_is_finished(talk: Talk) -> None:
    talk.private()
    talk.heard("alice", talk.shim.end("alice"))
    talk.deliver()
    assert talk.take("alice") == [InsecureEvent()]
    assert talk.take("bob") == [FinishedEvent()]

    talk.say("bob", b"are you there?")
    assert talk.take("bob") == [WarningEvent(WarningAbout.NOT_SENT)]
    assert talk.take("alice") == []
    talk.heard("bob", talk.shim.end("bob"))
    assert talk.take("bob") == [InsecureEvent()]


def test_time_moves_only_by_request_and_brings_heartbeats(talk: Talk) -> None:
    talk.private()
    talk.heard("alice", talk.shim.send("alice", b"at once"))
    talk.deliver_one()
    assert not talk.network

    talk.shim.clock(61)
    talk.heard("alice", talk.shim.send("alice", b"after a minute"))
    talk.deliver_one()
    assert [who for who, _ in talk.network] == ["bob"]


# What potr's application does.


def test_what_potr_raises_is_told(talk: Talk) -> None:
    shim = talk.shim
    told = {
        b"in the clear": [MessageEvent(b"in the clear", secure=False)],
        b"?OTR Error: no": [ErrorEvent(b" no")],
        b"?OTR:AAIKA.": [WarningEvent(WarningAbout.MALFORMED)],
    }
    talk.meet()
    for wire, events in told.items():
        assert list(shim.receive("alice", wire).events) == events, wire

    talk.private()
    [first, again] = [shim.send("alice", b"1").events[0], shim.send("alice", b"2").events[0]]
    assert isinstance(first, WireEvent)
    assert isinstance(again, WireEvent)
    assert shim.receive("bob", again.wire).events == (MessageEvent(b"2", secure=True),)
    assert shim.receive("bob", first.wire).events == (WarningEvent(WarningAbout.UNREADABLE),)


def test_a_policy_that_potr_does_not_ask_for_changes_nothing(talk: Talk) -> None:
    talk.meet(PolicyWord.ERROR_START_AKE)

    assert talk.shim.receive("alice", b"?OTR Error:").events == (ErrorEvent(b""),)


def test_the_shim_says_what_potr_cannot_take(talk: Talk) -> None:
    for asked in (
        {"policy": (PolicyWord.V3,)},
        {"policy": (PolicyWord.V2,), "fragment": 19},
        {"policy": (PolicyWord.V2,), "key": b"\0\0no key"},
    ):
        with pytest.raises(ShimRefused):
            talk.shim.new("carol", account="carol", peer="bob", **asked)


# The backend, held to `cryptography`.


def test_counter_mode_is_that_of_cryptography() -> None:
    blocks = (b"\0" * 7 + b"\5" + number.to_bytes(8, "big") for number in range(9))
    text = b"twenty-six letters of text" * 3

    ours = backend.new_cipher(b"k" * 16, backend.MODE_CTR, counter=blocks.__next__).encrypt(text)

    nonce = b"\0" * 7 + b"\5" + bytes(8)
    theirs = Cipher(algorithms.AES(b"k" * 16), modes.CTR(nonce)).encryptor().update(text)
    assert ours == theirs


def test_signatures_are_dsa_of_the_number_reduced() -> None:
    key = backend.generate(1024)
    digest = hashlib.sha256(b"M").digest()

    r, s = key.sign(digest, 12345678901234567890)

    assert key.publickey().verify(digest, (r, s))
    assert not key.verify(digest, (r, s + 1))
    assert not key.verify(digest, (0, s))
    reduced = (int.from_bytes(digest, "big") % key.q).to_bytes(20, "big")
    numbers = dsa.DSAParameterNumbers(key.p, key.q, key.g)
    public = dsa.DSAPublicNumbers(key.y, numbers).public_key()
    public.verify(encode_dss_signature(r, s), reduced, Prehashed(SHA1()))  # noqa: S303 - 160 bits


# Installing it.


@pytest.mark.slow
def test_pip_installs_it_once_into_the_cache_as_pip_is_configured(
    program: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wheel = tmp_path / "python_potr-1.0.2-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        place = Path(program[0]).parent / "site"
        for path in sorted(place.rglob("*.py")) + sorted(place.glob("*.dist-info/[MRW]*")):
            archive.write(path, path.relative_to(place))
    asked = tmp_path / "requirements.txt"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    asked.write_text(f"python-potr==1.0.2 --hash=sha256:{digest}\n")
    monkeypatch.setattr(potr, "REQUIREMENTS", asked)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert potr.locate() is None
    with pytest.raises(PeerUnavailable, match="otrspec peer install potr"):
        potr.command()

    steps: list[str] = []
    installed = potr.install(steps.append)

    shim = potr.locate()
    assert shim is not None
    assert shim.is_relative_to(tmp_path / "cache" / "otrspec" / "peers" / "potr")
    assert (installed.name, installed.version) == ("potr", "1.0.2")
    assert installed.command == tuple(potr.command()) == (str(shim),)
    assert len(steps) == 2
    assert potr.install(steps.append) == installed
    assert len(steps) == 3
    assert [path.name for path in shim.parent.parent.iterdir()] == [shim.parent.name]


def test_without_pip_somebody_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(potr, "find_spec", lambda _: None)

    with pytest.raises(PeerUnavailable, match=r"pip is missing from .*; run: .* -m ensurepip$"):
        potr.install(lambda _: None)


def test_what_pip_complains_of_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    complaint = Outcome(1, b"", b"ERROR: there is no such distribution\nand more")
    monkeypatch.setattr(potr, "attempt", lambda *_, **__: complaint)

    with pytest.raises(PeerUnavailable, match=r"ERROR: there is no such distribution$"):
        potr.install(lambda _: None)
    assert potr.locate() is None
