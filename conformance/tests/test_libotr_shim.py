"""libotr's shim: what it says on its two pipes, and what libotr does behind it.

The first part drives two libotr endpoints against each other through the shim. The second pins
habits of libotr that a case has to know. The third is the shim's own conduct: its lines, its
errors, its installation.
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from otr_conformance.peers import PeerUnavailable, libotr
from otr_conformance.peers.process import run

pytestmark = pytest.mark.libotr

Value = str | int | bytes
Event = dict[str, Value]

OCTETS = {"wire", "text", "key", "secret", "question", "data", "fingerprint", "ssid"}
ALICE_TAG = 0x1000
BOB_TAG = 0x2000
DESK_TAG = 0x3000


class Shim:
    """The shim as a process, one request at a time."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - the program that was just compiled
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.number = 0

    def exchange(self, line: bytes) -> tuple[list[dict[str, str | int]], dict[str, str | int]]:
        """One line in, the event lines and the final line out, as they are."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()
        events: list[dict[str, str | int]] = []
        while True:
            answer = self.process.stdout.readline()
            assert answer.endswith(b"\n"), f"the shim ended: {self.process.poll()}"
            parsed = json.loads(answer)
            if "end" in parsed:
                return events, parsed
            events.append(parsed)

    def ask(self, do: str, **fields: Value) -> tuple[list[Event], Event]:
        """One request in the names of Python; octets go and come as octets."""
        self.number += 1
        request: dict[str, str | int] = {"id": self.number, "do": do}
        for name, value in fields.items():
            request[name.replace("_", "-")] = (
                base64.b64encode(value).decode() if isinstance(value, bytes) else value
            )
        events, final = self.exchange(json.dumps(request).encode())
        for line in (*events, final):
            assert line.pop("re") == self.number
        return [decoded(event) for event in events], decoded(final)

    def close(self) -> int:
        """End the input, and wait for the status."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(timeout=10)


def decoded(line: dict[str, str | int]) -> Event:
    """A line with its base64 fields as octets, and without what is only for people."""
    return {
        name: base64.b64decode(value, validate=True)
        if name in OCTETS and isinstance(value, str)
        else value
        for name, value in line.items()
        if not name.startswith("x-")
    }


@dataclass
class Talk:
    """Alice and Bob, both libotr, and a network that delivers when it is told to."""

    shim: Shim
    version: int = 3
    network: deque[tuple[str, bytes]] = field(default_factory=deque)
    sent: list[tuple[str, bytes]] = field(default_factory=list)
    seen: dict[str, list[Event]] = field(default_factory=lambda: {"alice": [], "bob": []})
    fingerprints: dict[str, Value] = field(default_factory=dict)

    def meet(self, policy: str = "", fragment: int = 0) -> "Talk":
        """Make both endpoints anew."""
        self.shim.ask("reset")
        words = f"v{self.version} {policy}".strip()
        for name, peer, tag in (("alice", "bob", ALICE_TAG), ("bob", "alice", BOB_TAG)):
            _, final = self.shim.ask(
                "new",
                endpoint=name,
                account=name,
                peer=peer,
                policy=words,
                tag=tag,
                fragment=fragment,
            )
            assert final["end"] == "ok", final
            assert final["tag"] == tag
            self.fingerprints[name] = final["fingerprint"]
        return self

    def private(self, policy: str = "", fragment: int = 0) -> "Talk":
        """Make both endpoints anew, run the AKE, and forget that it happened."""
        self.meet(policy, fragment).do("alice", "start")
        self.deliver()
        assert self.states() == ("encrypted", "encrypted")
        self.forget_past()
        return self

    def forget_past(self) -> None:
        """Look only at what comes from now on."""
        self.sent.clear()
        self.network.clear()
        for events in self.seen.values():
            events.clear()

    def do(self, who: str, what: str, **fields: Value) -> Event:
        """One request of one endpoint; its wire messages go to the network."""
        events, final = self.shim.ask(what, endpoint=who, **fields)
        for event in events:
            if event["event"] == "wire":
                wire = event["wire"]
                assert isinstance(wire, bytes)
                self.network.append((who, wire))
                self.sent.append((who, wire))
            else:
                self.seen[who].append(event)
        return final

    def deliver_one(self) -> None:
        """Deliver the oldest message on the network."""
        sender, wire = self.network.popleft()
        self.do("bob" if sender == "alice" else "alice", "receive", wire=wire)

    def deliver(self) -> None:
        """Deliver until nothing is on the network."""
        for _ in range(1000):
            if not self.network:
                return
            self.deliver_one()
        pytest.fail("the two never stop talking")

    def take(self, who: str) -> list[Event]:
        """What the user has seen since the last look."""
        events, self.seen[who] = self.seen[who], []
        return events

    def states(self, what: str = "msgstate") -> tuple[Value, Value]:
        """Both endpoints' states."""
        return self.do("alice", "state")[what], self.do("bob", "state")[what]

    def headers(self) -> list[tuple[str, bytes]]:
        """Who sent what kind of message: its first octets."""
        return [(who, wire[: 9 if wire.startswith(b"?OTR:") else 5]) for who, wire in self.sent]


@pytest.fixture(scope="module")
def program() -> list[str]:
    if libotr.locate() is None:
        try:
            libotr.install(lambda _: None)
        except PeerUnavailable as reason:
            pytest.skip(str(reason))
    return libotr.command()


@pytest.fixture(scope="module")
def shim(program: list[str]) -> Iterator[Shim]:
    process = Shim(program)
    yield process
    assert process.close() == 0


@pytest.fixture(params=[2, 3], ids=["v2", "v3"])
def talk(shim: Shim, request: pytest.FixtureRequest) -> Talk:
    return Talk(shim, request.param)


@pytest.fixture
def talk3(shim: Shim) -> Talk:
    return Talk(shim, 3)


def shown(text: bytes) -> Event:
    """The event of a protected text."""
    return {"event": "message", "text": text, "secure": 1}


def bare(text: bytes) -> Event:
    """The event of an unprotected text."""
    return {"event": "message", "text": text, "secure": 0}


def warning(about: str) -> Event:
    return {"event": "warning", "about": about}


# ---- two endpoints of libotr ----


def test_the_shim_states_what_it_can_do(shim: Shim) -> None:
    events, final = shim.ask("hello", protocol=1)

    assert events == []
    assert final["end"] == "ok"
    assert final["name"] == "libotr"
    assert str(final["version"]).startswith("4.")
    assert final["protocols"] == "2 3"
    assert set(str(final["capabilities"]).split()) == {
        "smp",
        "smp-question",
        "extra-key",
        "fragment",
        "instances",
        "policy",
        "preset-key",
        "tag",
        "clock",
        "seed",
        "state",
        "heartbeat",
    }
    assert shim.ask("hello", protocol=2)[1]["error"] == "unsupported"


def test_a_query_leads_to_a_private_conversation(talk: Talk) -> None:
    talk.meet()
    assert talk.states() == ("plaintext", "plaintext")
    assert talk.states("authstate") == ("none", "none")

    talk.do("alice", "start")
    assert talk.states("authstate") == ("none", "none")
    talk.deliver_one()
    assert talk.states("authstate") == ("none", "awaiting-dhkey")
    talk.deliver_one()
    assert talk.states("authstate") == ("awaiting-revealsig", "awaiting-dhkey")
    talk.deliver_one()
    assert talk.states("authstate") == ("awaiting-revealsig", "awaiting-sig")
    assert talk.states() == ("plaintext", "plaintext")
    talk.deliver_one()
    assert talk.states("authstate") == ("none", "awaiting-sig")
    assert talk.states() == ("encrypted", "plaintext")
    talk.deliver_one()
    assert talk.states("authstate") == ("none", "none")
    assert talk.states() == ("encrypted", "encrypted")

    prefix = b"?OTR:AAI" if talk.version == 2 else b"?OTR:AAM"
    assert talk.headers() == [
        ("alice", b"?OTRv"),
        ("bob", prefix + b"C"),
        ("alice", prefix + b"K"),
        ("bob", prefix + b"R"),
        ("alice", prefix + b"S"),
    ]
    [alice], [bob] = talk.take("alice"), talk.take("bob")
    tags = ({"peer-tag": BOB_TAG}, {"peer-tag": ALICE_TAG}) if talk.version == 3 else ({}, {})
    ssid = alice["ssid"]
    assert isinstance(ssid, bytes)
    assert len(ssid) == 8
    assert alice == {
        "event": "secure",
        "fingerprint": talk.fingerprints["bob"],
        "ssid": ssid,
        "bold": "second",
        "version": talk.version,
        **tags[0],
    }
    assert bob == {
        "event": "secure",
        "fingerprint": talk.fingerprints["alice"],
        "ssid": ssid,
        "bold": "first",
        "version": talk.version,
        **tags[1],
    }


def test_texts_pass_both_ways_and_only_encrypted(talk: Talk) -> None:
    talk.private()

    for number in range(4):
        text = f"text {number}: \u00e9".encode()
        talk.do("alice", "send", text=text)
        talk.deliver()
        assert talk.take("bob") == [shown(text)]
        talk.do("bob", "send", text=text[::-1])
        talk.deliver()
        assert talk.take("alice") == [shown(text[::-1])]

    assert all(wire.startswith(b"?OTR:AA") for _, wire in talk.sent)
    assert not any(b"text" in base64.b64decode(wire[5:-1]) for _, wire in talk.sent)


@pytest.mark.parametrize(
    ("secret", "outcome"), [(b"tea \0 pot", "success"), (b"tea \0 cup", "failure")]
)
@pytest.mark.parametrize("question", [None, b"what do we drink?"], ids=["bare", "question"])
def test_smp_tells_whether_the_secrets_are_equal(
    talk: Talk, question: bytes | None, secret: bytes, outcome: str
) -> None:
    talk.private()
    asked: Event = {"event": "smp", "stage": "asked"}
    if question is None:
        talk.do("alice", "smp-start", secret=b"tea \0 pot")
    else:
        asked["question"] = question
        talk.do("alice", "smp-start", secret=b"tea \0 pot", question=question)

    assert talk.states("smpstate") == ("expect2", "expect1")
    talk.deliver()
    assert talk.take("bob") == [asked]
    assert talk.states("smpstate") == ("expect2", "expect1")

    talk.do("bob", "smp-answer", secret=secret)
    assert talk.states("smpstate") == ("expect2", "expect3")
    talk.deliver_one()
    assert talk.take("alice") == [{"event": "smp", "stage": "progress"}]
    assert talk.states("smpstate") == ("expect4", "expect3")
    talk.deliver()
    assert talk.take("bob") == [{"event": "smp", "stage": outcome}]
    assert talk.take("alice") == [{"event": "smp", "stage": outcome}]
    assert talk.states("smpstate") == ("expect1", "expect1")


def test_smp_can_be_aborted_and_is_not_answered_unasked(talk: Talk) -> None:
    talk.private()
    talk.do("alice", "smp-start", secret=b"s")
    talk.deliver()
    assert talk.take("bob") == [{"event": "smp", "stage": "asked"}]

    talk.do("alice", "smp-abort")
    talk.deliver()
    assert talk.take("bob") == [{"event": "smp", "stage": "aborted"}]
    assert talk.states("smpstate") == ("expect1", "expect1")

    assert talk.do("bob", "smp-answer", secret=b"s") == {"end": "ok"}
    assert not talk.network


def test_smp_out_of_turn_is_an_error_and_aborts_both(talk: Talk) -> None:
    talk.private()
    talk.do("alice", "smp-start", secret=b"s")
    talk.do("bob", "smp-start", secret=b"s")
    talk.deliver()

    assert {"event": "smp", "stage": "error"} in talk.take("alice")
    assert {"event": "smp", "stage": "error"} in talk.take("bob")
    assert talk.states("smpstate") == ("expect1", "expect1")


def test_messages_larger_than_the_limit_go_in_pieces(talk: Talk) -> None:
    talk.private(fragment=200)
    text = b"long " * 200

    talk.do("alice", "send", text=text)

    sizes = [len(wire) for _, wire in talk.sent]
    start = b"?OTR," if talk.version == 2 else b"?OTR|00001000|00002000,"
    assert len(sizes) > 5
    assert all(wire.startswith(start) for _, wire in talk.sent)
    assert set(sizes[:-1]) == {199}  # libotr stays one below the limit
    assert sizes[-1] <= 199
    while len(talk.network) > 1:
        talk.deliver_one()
        assert talk.take("bob") == []
    talk.deliver_one()
    assert talk.take("bob") == [shown(text)]


def test_both_sides_have_the_same_extra_key(talk: Talk) -> None:
    talk.private()

    assert talk.do("alice", "extra-key", use=0xFFFFFFFE, data=b"file\0 1") == {"end": "ok"}
    [sent] = talk.take("alice")
    talk.deliver()
    [received] = talk.take("bob")

    key = sent["key"]
    assert isinstance(key, bytes)
    assert len(key) == 32
    expected = {"event": "extra-key", "key": key, "use": 0xFFFFFFFE, "data": b"file\0 1"}
    assert sent == {**expected, "side": "sent"}
    assert received == {**expected, "side": "received"}


def test_one_side_ends_and_the_other_is_finished(talk: Talk) -> None:
    talk.private()

    talk.do("alice", "end")
    assert talk.take("alice") == [{"event": "insecure"}]
    talk.deliver()
    assert talk.take("bob") == [{"event": "finished"}]
    assert talk.states() == ("plaintext", "finished")

    talk.do("bob", "send", text=b"are you there?")
    assert not talk.network
    assert talk.take("bob") == [warning("not-sent")]

    talk.do("bob", "end")
    assert talk.take("bob") == [{"event": "insecure"}]
    assert talk.states() == ("plaintext", "plaintext")
    talk.do("bob", "send", text=b"hello?")
    assert talk.network.pop() == ("bob", b"hello?")


def test_time_moves_only_by_request_and_brings_heartbeats(talk: Talk) -> None:
    talk.private()

    talk.shim.ask("clock", seconds=60)
    talk.do("alice", "send", text=b"after a minute")
    talk.deliver()
    assert talk.take("bob") == [shown(b"after a minute")]
    assert talk.take("alice") == []

    talk.shim.ask("clock", seconds=1)
    talk.do("alice", "send", text=b"later")
    talk.deliver()
    assert talk.take("bob") == [{"event": "heartbeat", "side": "sent"}, shown(b"later")]
    assert talk.take("alice") == [{"event": "heartbeat", "side": "received"}]


def test_a_heartbeat_on_request(talk: Talk) -> None:
    talk.private()
    talk.do("bob", "heartbeat")
    talk.deliver()

    assert talk.take("bob") == [{"event": "heartbeat", "side": "sent"}]
    assert talk.take("alice") == [{"event": "heartbeat", "side": "received"}]
    talk.do("bob", "end")
    talk.forget_past()
    assert talk.do("bob", "heartbeat") == {"end": "ok"}
    assert not talk.network


def test_a_refresh_gives_a_new_session_id(talk: Talk) -> None:
    talk.private()
    talk.do("bob", "start")
    talk.deliver()

    [alice], [bob] = talk.take("alice"), talk.take("bob")
    assert alice["ssid"] == bob["ssid"]
    assert (alice["bold"], bob["bold"]) == ("first", "second")
    assert bob["event"] == "still-secure"


def test_a_text_waits_for_the_private_conversation_that_it_requires(talk: Talk) -> None:
    talk.meet("require-encryption")

    talk.do("alice", "send", text=b"not in the clear")
    assert talk.headers() == [("alice", b"?OTRv")]
    assert talk.take("alice") == [warning("not-sent")]
    talk.deliver()

    secure, resent = talk.take("alice")
    assert secure["event"] == "secure"
    assert resent == {"event": "resent", "text": b"not in the clear"}
    secure, message = talk.take("bob")
    assert secure["event"] == "secure"
    assert message == shown(b"not in the clear")


def test_an_unprotected_text_is_shown_with_a_warning(talk: Talk) -> None:
    talk.private()
    talk.do("alice", "receive", wire=b"I am Bob")
    assert talk.take("alice") == [bare(b"I am Bob"), warning("unencrypted")]

    talk.meet()
    talk.do("alice", "receive", wire=b"I am Bob")
    assert talk.take("alice") == [bare(b"I am Bob")]


def test_a_whitespace_tag_is_appended_understood_and_taken_off(talk: Talk) -> None:
    talk.meet("send-whitespace-tag whitespace-start-ake")
    talk.do("alice", "send", text=b"hey")

    tag = b" \t  \t\t\t\t \t \t \t  " + (b"  \t\t  \t " if talk.version == 2 else b"  \t\t  \t\t")
    assert talk.sent == [("alice", b"hey" + tag)]
    talk.deliver()
    assert talk.take("bob")[0] == bare(b"hey")
    assert talk.states() == ("encrypted", "encrypted")


def test_an_unreadable_message_is_answered_with_an_error(talk: Talk) -> None:
    talk.private()
    talk.do("alice", "send", text=b"once")
    replay = talk.network[0][1]
    talk.deliver()
    assert talk.take("bob") == [shown(b"once")]

    talk.do("bob", "receive", wire=replay)
    assert talk.take("bob") == [warning("unreadable")]
    [(_, error)] = talk.network
    assert error.startswith(b"?OTR Error: ")
    talk.deliver()
    assert talk.take("alice") == [{"event": "error", "text": error.removeprefix(b"?OTR Error: ")}]


def test_an_encrypted_message_outside_a_private_conversation(talk: Talk) -> None:
    talk.private()
    talk.do("alice", "send", text=b"too late")
    talk.do("bob", "end")
    talk.take("bob")
    talk.deliver_one()

    assert talk.take("bob") == [warning("unreadable")]
    assert [who for who, _ in talk.sent] == ["alice", "bob"]  # and no error for it


def test_texts_go_to_the_instance_that_is_named(talk3: Talk) -> None:
    talk3.private()
    shim = talk3.shim
    shim.ask("new", endpoint="desk", account="bob", peer="alice", policy="v3", tag=DESK_TAG)
    shuttle(shim, "alice", "desk", b"?OTRv3?")
    assert talk3.do("alice", "state", to=DESK_TAG)["msgstate"] == "encrypted"
    assert talk3.do("alice", "state", to=BOB_TAG)["msgstate"] == "encrypted"

    talk3.do("alice", "send", text=b"to the desk", to=DESK_TAG)
    [(_, wire)] = talk3.network
    assert shim.ask("receive", endpoint="desk", wire=wire)[0] == [shown(b"to the desk")]
    talk3.deliver()
    assert talk3.take("bob") == [warning("other-instance")]

    assert talk3.do("alice", "send", text=b"to nobody", to=0x4000)["error"] == "refused"
    talk3.do("alice", "end", to=BOB_TAG)
    assert talk3.do("alice", "state", to=DESK_TAG)["msgstate"] == "encrypted"
    assert talk3.do("alice", "state", to=BOB_TAG)["msgstate"] == "plaintext"


# ---- habits of libotr that a case has to know ----


def test_the_query_is_a_page_for_people(talk: Talk) -> None:
    talk.meet().do("alice", "start")

    [(_, query)] = talk.sent
    assert query.startswith(b"?OTRv%d?\n<b>alice</b> " % talk.version)
    assert b"https://otr.cypherpunks.ca/" in query


def test_a_commit_leaves_the_receiver_open_and_expires(talk3: Talk) -> None:
    talk3.meet()
    talk3.do("bob", "receive", wire=b"?OTRv3?")
    [(_, commit)] = talk3.sent
    octets = base64.b64decode(commit[5:-1])
    assert octets[3:7] == BOB_TAG.to_bytes(4, "big")
    assert octets[7:11] == bytes(4)
    assert talk3.states("authstate") == ("none", "awaiting-dhkey")

    talk3.shim.ask("clock", seconds=69)
    assert talk3.states("authstate") == ("none", "awaiting-dhkey")
    talk3.shim.ask("clock", seconds=1)  # its timer, at 70 s, drops what is older than 60 s
    assert talk3.states("authstate") == ("none", "none")


def test_polling_drops_an_old_commit_as_well(talk3: Talk) -> None:
    talk3.meet()
    talk3.do("bob", "receive", wire=b"?OTRv3?")
    talk3.shim.ask("clock", seconds=61)
    assert talk3.states("authstate") == ("none", "awaiting-dhkey")
    assert talk3.do("bob", "poll") == {"end": "ok"}
    assert talk3.states("authstate") == ("none", "none")


def test_some_messages_are_never_fragmented(talk: Talk) -> None:
    talk.private(fragment=200)
    talk.do("alice", "extra-key", use=1, data=b"")
    talk.do("alice", "end")

    assert [len(wire) > 300 for _, wire in talk.sent] == [True, True]


def test_a_fragmented_plaintext_is_lost_at_its_commas(talk: Talk) -> None:
    talk.meet("send-whitespace-tag", fragment=40)
    talk.do("alice", "send", text=b"one, two, three, four, five, six")

    # Plaintext with a tag is cut as well, and in version 2's form: there is no conversation yet.
    assert talk.sent[0] == ("alice", b"?OTR,00001,00003,one, two, three, four,")
    talk.deliver()
    assert talk.take("bob") == []


def test_two_commits_that_cross_never_become_private(talk: Talk) -> None:
    talk.meet()
    talk.do("alice", "start")
    talk.do("bob", "start")
    talk.deliver()

    # Neither lets the higher hash win: both answer the other's commit, and both then wait.
    stuck = "awaiting-revealsig" if talk.version == 2 else "awaiting-sig"
    assert talk.states("authstate") == (stuck, stuck)
    assert talk.states() == ("plaintext", "plaintext")


@pytest.mark.parametrize("version", [2, 3], ids=["v2", "v3"])
def test_an_error_has_the_last_text_resent_in_version_2_only(shim: Shim, version: int) -> None:
    talk = Talk(shim, version).private("error-start-ake")
    talk.do("alice", "send", text=b"lost")
    talk.forget_past()
    talk.do("alice", "receive", wire=b"?OTR Error: unreadable")
    talk.deliver()

    seen = [event["event"] for event in talk.take("alice")]
    if version == 2:
        assert seen == ["error", "still-secure", "resent"]
        assert talk.take("bob")[-1] == shown(b"[resent] lost")
    else:
        # The error names no instance, and what was sent belongs to one.
        assert seen == ["error", "still-secure"]
        assert not any(event["event"] == "message" for event in talk.take("bob"))


def test_an_error_without_a_blank_is_shown_as_a_text(talk: Talk) -> None:
    talk.meet()
    talk.do("alice", "receive", wire=b"?OTR Error:unreadable")
    talk.do("alice", "receive", wire=b"?OTR Error: unreadable")

    assert talk.take("alice") == [
        bare(b"?OTR Error:unreadable"),
        {"event": "error", "text": b"unreadable"},
    ]


# ---- the shim itself ----


def test_keys_and_tags_can_be_preset(shim: Shim) -> None:
    key, fingerprint = dsa_key()
    shim.ask("reset")

    fields: dict[str, Value] = {"account": "a", "peer": "b", "policy": "v2 v3"}
    _, final = shim.ask("new", endpoint="1", tag=0xFFFFFFFF, key=key, **fields)
    assert final == {"end": "ok", "fingerprint": fingerprint, "tag": 0xFFFFFFFF}

    _, own = shim.ask("new", endpoint="2", **fields)
    assert own["fingerprint"] != fingerprint
    assert int(str(own["tag"])) >= 0x100
    shim.ask("reset")
    _, again = shim.ask("new", endpoint="2", **fields)
    assert again["fingerprint"] == own["fingerprint"]  # an account keeps its key

    wrong_private = key[:-1] + bytes([key[-1] ^ 1])
    zeros = b"\0\0" + 5 * bytes(4)
    for faulty in (b"", b"\0\1" + key[2:], key[:-1], key + b"\0", zeros, wrong_private):
        _, final = shim.ask("new", endpoint="3", key=faulty, **fields)
        assert (final["end"], final["error"]) == ("error", "unsupported")
    assert shim.ask("poll", endpoint="3")[1]["error"] == "no-endpoint"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"tag": 0xFF}, "unsupported"),
        ({"tag": 1 << 32}, "unsupported"),
        ({"tag": "4660"}, "bad-request"),
        ({"policy": "v1"}, "unsupported"),
        ({"policy": ""}, None),
        ({"account": ""}, "unsupported"),
        ({"account": "a\tb"}, "unsupported"),
        ({"account": "a\0b"}, "bad-request"),
        ({"peer": "b" * 65}, "unsupported"),
        ({"fragment": 37}, "unsupported"),
        ({"fragment": 38}, None),
        ({"fragment": 1_048_577}, "unsupported"),
        ({"fragment": -1}, "unsupported"),
        ({"colour": "red"}, "unsupported"),
        ({"x-colour": "red"}, None),
    ],
)
def test_an_endpoint_is_made_or_refused(
    shim: Shim, fields: dict[str, Value], error: str | None
) -> None:
    shim.ask("reset")
    usual: dict[str, Value] = {"endpoint": "e", "account": "a", "peer": "b", "policy": "v3"}

    _, final = shim.ask("new", **{**usual, **fields})

    assert final.get("error") == error
    assert shim.ask("poll", endpoint="e")[1].get("error") == (error and "no-endpoint")


@pytest.mark.parametrize(
    ("line", "number", "error"),
    [
        (b"", 0, "bad-request"),
        (b"[1]", 0, "bad-request"),
        (b'{"id": 7, "do": "poll"} ?', 7, "bad-request"),
        (b'{"id": 7, "do": "poll", "endpoint": {}}', 7, "bad-request"),
        (b'{"id": 7, "do": "poll", "endpoint": 1}', 7, "bad-request"),
        (b'{"id": 7, "do": "poll"}', 7, "bad-request"),
        (b'{"id": 7}', 7, "bad-request"),
        (b'{"id": "7", "do": "poll"}', 0, "bad-request"),
        (b'{"id": -7, "do": "poll", "endpoint": "nobody"}', 0, "bad-request"),
        (b'{"id": 7, "do": "dance"}', 7, "unsupported"),
        (b'{"id": 7, "do": "poll", "endpoint": "nobody"}', 7, "no-endpoint"),
        (b'{"id": 7, "do": "clock", "seconds": -1}', 7, "unsupported"),
        (b'{"id": 7, "do": "receive", "endpoint": "nobody", "wire": "A"}', 7, "bad-request"),
        (b'{"id": 7, "do": "receive", "endpoint": "nobody", "wire": "AA=="}', 7, "unsupported"),
        (b'{"id": 7, "do": "poll", "endpoint": "' + b"x" * 1_048_576 + b'"}', 0, "bad-request"),
    ],
)
def test_a_request_that_is_not_one_is_answered_and_nothing_breaks(
    shim: Shim, line: bytes, number: int, error: str
) -> None:
    events, final = shim.exchange(line)

    assert events == []
    assert (final["re"], final["end"], final["error"]) == (number, "error", error)
    assert shim.ask("hello", protocol=1)[1]["end"] == "ok"


def test_what_does_not_fit_libotr_is_unsupported(talk: Talk) -> None:
    talk.private()

    for fields in (
        {"text": b"a\0b"},
        {"text": b"x" * 393_217},
    ):
        assert talk.do("alice", "send", **fields)["error"] == "unsupported"
    too_long: dict[str, Value] = {"use": 1, "data": bytes(65_532)}
    assert talk.do("alice", "extra-key", **too_long)["error"] == "unsupported"
    assert talk.do("alice", "extra-key", use=1, data=bytes(65_531)) == {"end": "ok"}
    talk.do("alice", "send", text=b"x" * 393_216)
    talk.deliver()
    assert talk.take("bob")[-1] == shown(b"x" * 393_216)


def test_requests_for_a_conversation_that_is_not_private(talk: Talk) -> None:
    talk.meet()

    for what in ("smp-start", "smp-answer"):
        assert talk.do("alice", what, secret=b"s") == {"end": "ok"}
    assert talk.do("alice", "smp-abort") == {"end": "ok"}
    assert talk.do("alice", "extra-key", use=1, data=b"")["error"] == "refused"
    assert talk.do("alice", "end") == {"end": "ok"}
    assert talk.sent == []
    assert talk.take("alice") == []


def test_endpoints_are_forgotten_one_by_one_and_all_at_once(talk: Talk) -> None:
    talk.private()
    assert talk.do("alice", "forget") == {"end": "ok"}
    assert talk.do("alice", "poll")["error"] == "no-endpoint"
    assert talk.do("bob", "poll") == {"end": "ok"}

    assert talk.shim.ask("reset") == ([], {"end": "ok"})
    assert talk.do("bob", "poll")["error"] == "no-endpoint"
    assert talk.sent == []


def test_the_shim_ends_when_told_or_when_nobody_is_there(program: list[str]) -> None:
    told = Shim(program)
    assert told.ask("bye") == ([], {"end": "ok"})
    assert told.process.wait(timeout=10) == 0
    told.close()

    assert Shim(program).close() == 0


def flat(line: bytes) -> bool:
    """Whether Python's parser sees a flat object of the shim protocol."""

    def refuse(_: object) -> None:
        raise ValueError

    def pairs(found: list[tuple[str, object]]) -> dict[str, object]:
        if len(dict(found)) != len(found) or len(found) > 32:
            raise ValueError
        return dict(found)

    try:
        parsed = json.loads(
            line.decode(), object_pairs_hook=pairs, parse_float=refuse, parse_constant=refuse
        )
        return isinstance(parsed, dict) and all(
            "\0" not in name
            and name.encode() is not None
            and (
                (isinstance(value, str) and value.encode() is not None)
                or (type(value) is int and -(1 << 63) <= value < 1 << 63)
            )
            for name, value in parsed.items()
        )
    except (ValueError, RecursionError):  # UnicodeError is a ValueError
        return False


NAMES = st.text(max_size=5)
VALUES = st.one_of(
    st.text(max_size=8),
    st.integers(),
    st.integers(-(1 << 63) - 2, (1 << 63) + 2),
    st.booleans(),
    st.none(),
    st.floats(),
    st.lists(st.integers(), max_size=2),
)


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """JSON objects, flat or nearly, written in several ways and sometimes damaged."""
    written = json.dumps(
        draw(st.dictionaries(NAMES, VALUES, max_size=4)),
        ensure_ascii=draw(st.booleans()),
        separators=draw(st.sampled_from([None, (",", ":"), (" , ", "\t:\r")])),
    ).encode("utf-8", "surrogatepass")
    if draw(st.booleans()):
        at = draw(st.integers(0, len(written)))
        length = draw(st.integers(0, 3))
        noise = draw(
            st.sampled_from([b"", b"\\u0041", b'"', b"\xc3", b"0", b"-", b"\0", b"{", b","])
        )
        written = written[:at] + noise + written[at + length :]
    return written.replace(b"\n", b"")


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(line=lines())
@example(line=b'{"a": 9223372036854775807, "b": -9223372036854775808}')
@example(line=b'{"a": 9223372036854775808}')
@example(line=b'{"a": "\\ud83d\\ude00\\u00e9\\/"}')
@example(line=b'{"a": "\\ud83d"}')
@example(line=b'{"a": 1, "a": 1}')
@example(line=b'{"a": 01}')
@example(line=b'{"a": "\xed\xa0\x80"}')
def test_the_parser_takes_flat_objects_and_nothing_else(shim: Shim, line: bytes) -> None:
    events, final = shim.exchange(line)

    assert events == []
    assert final["error"] == "bad-request"
    assert str(final["detail"]).startswith(("id: missing", "do: missing")) == flat(line)


def test_the_sources_compile_without_a_warning() -> None:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("gcc is not installed")
    flags = [*libotr.FLAGS, f"-I{libotr.HELPER}", "-Werror"]
    for source in (*sorted(libotr.SOURCES.glob("*.c")), libotr.HELPER / "json.c"):
        done = run([compiler, *flags, "-c", "-o", os.devnull, str(source)])
        assert (done.status, done.err) == (0, b""), source.name


def test_installing_compiles_once_into_the_cache(
    program: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert program
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert libotr.locate() is None
    with pytest.raises(PeerUnavailable, match="otrspec peer install libotr"):
        libotr.command()

    steps: list[str] = []
    installed = libotr.install(steps.append)
    place = libotr.locate()
    assert place is not None
    assert place.is_relative_to(tmp_path / "otrspec" / "peers" / "libotr")
    assert installed.command == (str(place),)
    assert (installed.name, installed.version[:2]) == ("libotr", "4.")
    assert libotr.command() == [str(place)]
    assert sum(step.startswith("compiling") for step in steps) == 2
    made = place.stat().st_mtime_ns

    steps.clear()
    assert libotr.install(steps.append) == installed
    assert not any(step.startswith("compiling") for step in steps)
    assert place.stat().st_mtime_ns == made
    assert [path.name for path in place.parent.parent.iterdir()] == [place.parent.name]


def test_a_machine_without_a_compiler_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(PeerUnavailable) as reason:
        libotr.install(lambda _: None)

    assert "\n" not in str(reason.value)
    assert "apt-get install -y gcc" in str(reason.value)
    assert "libotr5-dev" in str(reason.value)


def test_a_machine_without_headers_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    compiler = tmp_path / "gcc"
    compiler.write_text("#!/bin/sh\necho 'fatal error: libotr/proto.h' >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(PeerUnavailable, match="headers missing; run as root: apt-get install"):
        libotr.install(lambda _: None)


@pytest.mark.usefixtures("program")
@pytest.mark.parametrize("fragment", [0, 200])
@pytest.mark.slow
def test_the_benchmark_times_each_phase(fragment: int) -> None:
    figures = libotr.measure(fragment=fragment, repeats=2, protocol=3)

    assert (figures.protocol, figures.fragment) == (3, fragment)
    assert (figures.texts_each_way, figures.burst_length) == (100, 10)
    for phase in (figures.ake, figures.alternate, figures.burst, figures.smp):
        assert len(phase) == 2
        assert all(0 < seconds < 60 for seconds in phase)
    # Alternating, each text brings new keys; in bursts every tenth does.
    assert min(figures.alternate) > min(figures.burst)
    with pytest.raises(ValueError, match="fragment"):
        libotr.measure(fragment=37)


# ---- helpers ----


def shuttle(shim: Shim, one: str, other: str, wire: bytes) -> None:
    """Deliver a message to the other, and what comes of it, until both are quiet."""
    waiting = deque([(other, wire)])
    while waiting:
        to, message = waiting.popleft()
        events, _ = shim.ask("receive", endpoint=to, wire=message)
        for event in events:
            answer = event.get("wire")
            if isinstance(answer, bytes):
                waiting.append((one if to == other else other, answer))


def mpi(number: int) -> bytes:
    """The encoding MPI."""
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return len(octets).to_bytes(4, "big") + octets


def dsa_key() -> tuple[bytes, bytes]:
    """A DSA key as the shim protocol writes it, and its fingerprint."""
    private = dsa.generate_private_key(1024).private_numbers()  # noqa: S505 - the size that OTR uses
    public = private.public_numbers
    domain = public.parameter_numbers
    octets = b"".join(mpi(number) for number in (domain.p, domain.q, domain.g, public.y))
    fingerprint = hashlib.sha1(octets, usedforsecurity=False).digest()
    return b"\0\0" + octets + mpi(private.x), fingerprint
