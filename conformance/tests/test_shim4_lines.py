"""What the shim protocol has for version 4, and that shims of versions 2 and 3 meet none of it."""

import json
import os
import sys
from pathlib import Path

import pytest

from otr_conformance.otrv3.labs import RealLab
from otr_conformance.otrv3.shim_party import ShimParty
from otr_conformance.otrv3.stage import Cast
from otr_conformance.shim import check
from otr_conformance.shim.client import ShimProcess
from otr_conformance.shim.errors import ErrorWord, FaultKind, ShimFault, ShimMisuse, ShimRefused
from otr_conformance.shim.lines import read_answer, write_event
from otr_conformance.shim.protocol import (
    Capability,
    Do,
    ExtraKeyEvent,
    Hello,
    OtrMode,
    OtrVersion,
    PolicyWord,
    PrekeyUsedEvent,
    PublishedEnsemble,
    PublishedProfile,
    SecureEvent,
    Side,
    StartBy,
)
from otr_conformance.shims import template_python
from otr_conformance.shims.json_helper import Endpoint, New, Server
from otr_reference.otrv3.session import Policy

MINIATURES = Path(__file__).parent / "miniatures"
TEMPLATE = [sys.executable, str(template_python.__file__)]
FULL = [sys.executable, str(MINIATURES / "full.py")]
OLDER = pytest.mark.parametrize("command", [TEMPLATE, FULL], ids=["template and toy", "full"])

# What a shim of versions 2 and 3 can be sent, from before there was version 4.
REQUESTS_3 = {
    "hello": {"protocol"},
    "new": {"endpoint", "account", "peer", "policy", "tag", "key", "fragment"},
    "receive": {"endpoint", "wire"},
    "send": {"endpoint", "text", "to"},
    "start": {"endpoint"},
    "end": {"endpoint", "to"},
    "smp-start": {"endpoint", "secret", "question", "to"},
    "smp-answer": {"endpoint", "secret", "to"},
    "smp-abort": {"endpoint", "to"},
    "extra-key": {"endpoint", "use", "data", "to"},
    "heartbeat": {"endpoint", "to"},
    "clock": {"seconds"},
    "poll": {"endpoint"},
    "state": {"endpoint", "to"},
    "forget": {"endpoint"},
    "reset": set[str](),
    "bye": set[str](),
}
POLICY_3 = {
    "v2",
    "v3",
    "require-encryption",
    "send-whitespace-tag",
    "whitespace-start-ake",
    "error-start-ake",
}


@pytest.fixture(autouse=True)
def _children_find_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


# ---- shims of versions 2 and 3


class Overheard(ShimProcess):
    """A shim, whose requests are kept."""

    requests: list[dict[str, str | int]]

    def __init__(self, command: list[str], **options: float) -> None:
        super().__init__(command, timeout=options.get("timeout", 10), tap=self._heard)
        self.requests = []
        OVERHEARD.append(self)

    def _heard(self, way: str, line: bytes) -> None:
        if way == ">":
            self.requests.append(json.loads(line))


OVERHEARD: list[Overheard] = []


def is_of_version_3(request: dict[str, str | int]) -> bool:
    """Whether a shim that was written before version 4 understands a request."""
    do = str(request["do"])
    words = str(request.get("policy", "v3")).split()
    return request.keys() - {"id", "do"} <= REQUESTS_3[do] and set(words) <= POLICY_3


@OLDER
def test_the_check_asks_an_older_shim_nothing_new(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    OVERHEARD.clear()
    monkeypatch.setattr(check, "ShimProcess", Overheard)

    assert check.check_shim(command, patience=0.02) == []

    requests = [
        request
        for shim in OVERHEARD
        for request in shim.requests
        if request["do"] != "no-such-request"
    ]
    assert len(requests) > 20
    assert [request for request in requests if not is_of_version_3(request)] == []


@OLDER
def test_the_suite_of_version_3_asks_an_older_shim_nothing_new(command: list[str]) -> None:
    policy = Policy(
        require_encryption=True,
        send_whitespace_tag=True,
        whitespace_start_ake=True,
        error_start_ake=True,
    )
    with Overheard(command) as shim:
        hello = shim.hello()
        ShimParty(RealLab(), Cast(policy, max_size=0), shim, hello)

    assert [request["do"] for request in shim.requests] == ["hello", "new"]
    assert all(map(is_of_version_3, shim.requests))
    assert set(str(shim.requests[1]["policy"]).split()) == POLICY_3


# ---- what is not declared


def test_nothing_of_version_4_is_asked_that_was_not_declared() -> None:
    with Overheard(TEMPLATE) as shim:
        shim.hello()
        shim.new("a", account="a", peer="b", policy="v3")
        new = {"account": "c", "peer": "d", "policy": "v4"}
        ensemble = PublishedEnsemble(b"", b"", b"")
        for ask, capability in (
            (lambda: shim.start("a", by=StartBy.IDENTITY), Capability.OTRV4_DAKE),
            (lambda: shim.profile("a"), Capability.OTRV4_KNOWN_PROFILE),
            (lambda: shim.ensemble("a"), Capability.OTRV4_OFFLINE),
            (lambda: shim.offline("a", ensemble), Capability.OTRV4_OFFLINE),
            (lambda: shim.new("c", mode=OtrMode.STANDALONE, **new), Capability.OTRV4_MODE),
            (lambda: shim.new("c", sym_h=bytes(57), **new), Capability.PRESET_KEY),
            (lambda: shim.new("c", forging=bytes(57), **new), Capability.PRESET_KEY),
            (lambda: shim.new("c", now=1, **new), Capability.CLOCK),
            (lambda: shim.new("c", trusted=bytes(56), **new), Capability.OTRV4_TRUSTED),
            (lambda: shim.new("c", known_profile=b"", **new), Capability.OTRV4_KNOWN_PROFILE),
        ):
            with pytest.raises(ShimRefused, match=f"does not declare {capability}") as caught:
                ask()
            assert caught.value.error is ErrorWord.UNSUPPORTED

    assert [request["do"] for request in shim.requests] == ["hello", "new"]


# ---- values of several lengths


def base64_event(event: str, **fields: str | int) -> bytes:
    return json.dumps({"re": 1, "event": event} | fields).encode()


def test_a_fingerprint_is_of_either_version() -> None:
    secure = SecureEvent(bytes(56), bytes(8), 4, interactive=False)

    line = write_event(1, secure)

    assert b'"interactive": 0' in line
    assert read_answer(line[:-1], 1, Do.POLL) == secure
    for length in (19, 21, 55, 57):
        with pytest.raises(ShimMisuse, match=f"has {length} bytes, but has to have 20 or 56"):
            write_event(1, SecureEvent(bytes(length), bytes(8), 4))


def test_the_extra_key_is_of_either_version() -> None:
    for length in (32, 64):
        event = ExtraKeyEvent(bytes(length), 7, b"data", Side.SENT)
        assert read_answer(write_event(1, event)[:-1], 1, Do.POLL) == event
    with pytest.raises(ShimMisuse, match="32 or 64"):
        write_event(1, ExtraKeyEvent(bytes(33), 7, b"data", Side.SENT))


def test_a_prekey_message_is_named_by_four_bytes() -> None:
    assert read_answer(base64_event("prekey-used", identifier=0), 1, Do.POLL) == PrekeyUsedEvent(0)
    with pytest.raises(ShimFault) as caught:
        read_answer(base64_event("prekey-used", identifier=2**32), 1, Do.POLL)

    assert (caught.value.kind, caught.value.field) == (FaultKind.OUT_OF_RANGE, "identifier")


# ---- the helper for shims in Python


class Recorder(Endpoint):
    """An endpoint that says what it was asked."""

    def __init__(self, new: New) -> None:
        super().__init__(fingerprint=bytes(56), tag=new.tag, fingerprint3=bytes(20))
        self.new = new
        self.asked: list[object] = []

    def start(self, by: StartBy | None = None) -> None:
        """Note how."""
        self.asked.append(by)

    def offline(self, client_profile: bytes, prekey_profile: bytes, prekey_message: bytes) -> None:
        """Note from what."""
        self.asked.append((client_profile, prekey_profile, prekey_message))

    def profile(self) -> PublishedProfile:
        """Answer."""
        return PublishedProfile(b"profile")

    def ensemble(self) -> None:
        """Forget to answer."""

    def tick(self) -> None:
        """Note that time has moved."""
        self.asked.append("tick")
        self.tell(PrekeyUsedEvent(3))


class Recorded:
    """A server of recorders."""

    def __init__(self) -> None:
        self.made: list[Recorder] = []
        self.resets = 0
        hello = Hello("recorder", "1", (OtrVersion.V3, OtrVersion.V4), tuple(Capability))
        self.server = Server(self._make, hello, clock=lambda **_: None, reset=self._reset)

    def _make(self, new: New) -> Recorder:
        self.made.append(Recorder(new))
        return self.made[-1]

    def _reset(self) -> None:
        self.resets += 1

    def ask(self, do: str, **fields: str | int) -> list[dict[str, str | int]]:
        """The lines of the answer to a request."""
        line = json.dumps({"id": 1, "do": do} | {n.replace("_", "-"): v for n, v in fields.items()})
        return [json.loads(line) for line in self.server.answer(line.encode()).splitlines()]

    def new(self, name: str, **fields: str | int) -> list[dict[str, str | int]]:
        """The lines of the answer to `new`."""
        fields |= {"account": "a", "peer": "b", "policy": "v3 v4 require-interactive"}
        return self.ask("new", endpoint=name, **fields)


def test_new_hands_on_what_is_for_version_4() -> None:
    recorded = Recorded()

    (final,) = recorded.new("a", mode="standalone", now=7, known_profile="AAAA", sym_h="A" * 76)

    assert (len(str(final["fingerprint"])), len(str(final["fingerprint3"]))) == (76, 28)
    policy = (PolicyWord.V3, PolicyWord.V4, PolicyWord.REQUIRE_INTERACTIVE)
    mode = OtrMode.STANDALONE
    new = New("a", "a", "b", policy, mode=mode, sym_h=bytes(57), now=7, known_profile=bytes(3))
    assert recorded.made[0].new == new
    assert new.versions == {3, 4}


def test_requests_of_version_4_reach_their_methods() -> None:
    recorded = Recorded()
    recorded.new("a")

    recorded.ask("start", endpoint="a")
    recorded.ask("start", endpoint="a", by="identity")
    parts = {"client_profile": "AAAA", "prekey_profile": "AAA=", "prekey_message": "AA=="}
    (final,) = recorded.ask("offline", endpoint="a", **parts)

    assert final == {"re": 1, "end": "ok"}
    assert recorded.made[0].asked == [None, StartBy.IDENTITY, (bytes(3), bytes(2), bytes(1))]
    (final,) = recorded.ask("profile", endpoint="a")
    assert final == {"re": 1, "end": "ok", "profile": "cHJvZmlsZQ=="}
    (failed,) = recorded.ask("ensemble", endpoint="a")
    assert failed["error"] == "internal"
    assert "has to return PublishedEnsemble, not NoneType" in str(failed["detail"])


def test_every_endpoint_looks_at_the_clock_when_it_moves() -> None:
    recorded = Recorded()
    recorded.new("a")
    recorded.new("b")

    assert recorded.ask("clock", seconds=60) == [{"re": 1, "end": "ok"}]

    assert [made.asked for made in recorded.made] == [["tick"], ["tick"]]
    for name in ("a", "b"):
        told, _ = recorded.ask("poll", endpoint=name)
        assert told == {"re": 1, "event": "prekey-used", "identifier": 3}
        assert len(recorded.ask("poll", endpoint=name)) == 1


def test_what_is_kept_by_account_can_be_dropped_by_reset() -> None:
    recorded = Recorded()
    recorded.new("a")

    recorded.ask("reset")

    assert recorded.resets == 1
    (final,) = recorded.ask("poll", endpoint="a")
    assert final["error"] == "no-endpoint"
