"""The reference behind a shim, asked as the suite asks it: versions 3 and 4, line by line."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from hashlib import shake_256
from typing import Any

import pytest

from otr_conformance.otrv3.labs import generated_key
from otr_conformance.otrv4.labs import BEGINNING
from otr_conformance.shim.keys import write_preset_key
from otr_conformance.shim.protocol import Capability, Hello, OtrVersion
from otr_conformance.shims import reference
from otr_conformance.shims.json_helper import Server
from otr_reference import ed448
from otr_reference.keys import dsa

WEEK = 604800
ALICE, BOB = "alice", "bob"
PEERS = {ALICE: BOB, BOB: ALICE}
TAGS = {ALICE: 0x1234, BOB: 0x5678}
TYPED = b64encode(b"the same").decode()
FOUR = "v4 identity-start-dake"
Line = dict[str, Any]


def b64(octets: bytes) -> str:
    return b64encode(octets).decode()


class Shim:
    """The reference's shim, and the network between its endpoints."""

    def __init__(self) -> None:
        versions = (OtrVersion.V2, OtrVersion.V3, OtrVersion.V4)
        self.server = Server(
            reference.make,
            Hello("reference", "1", versions, tuple(Capability)),
            reference.CLOCK.move,
            reference.forget_everything,
        )
        self.told: dict[str, list[Line]] = {}

    def ask(self, do: str, endpoint: str = "", **fields: str | int) -> Line:
        """The final line of an answer; events are kept in `told`."""
        named = {"endpoint": endpoint} if endpoint else {}
        given = {name.replace("_", "-"): value for name, value in fields.items()}
        answer = self.server.answer(json.dumps({"id": 1, "do": do} | named | given).encode())
        *events, final = (json.loads(line) for line in answer.splitlines())
        self.told.setdefault(endpoint, []).extend(events)
        return final

    def new(self, name: str, policy: str = FOUR, **fields: str | int) -> Line:
        """Make alice or bob, or another endpoint of theirs."""
        who = name.partition("-")[0]
        given = {"account": who, "peer": PEERS[who], "policy": policy, "tag": TAGS[who]} | fields
        return self.ask("new", name, **given)

    def settle(self, *path: str) -> None:
        """Carry messages between two endpoints until both are quiet."""
        ends = path or (ALICE, BOB)
        while True:
            wires = [
                (other, event["wire"])
                for name, other in zip(ends, ends[::-1], strict=True)
                for event in self.told.get(name, [])
                if event["event"] == "wire"
            ]
            if not wires:
                return
            for name in ends:
                events = self.told.get(name, [])
                self.told[name] = [event for event in events if event["event"] != "wire"]
            for to, wire in wires:
                assert self.ask("receive", to, wire=wire)["end"] == "ok"

    def take(self, name: str) -> list[Line]:
        """What was told at an endpoint since."""
        return self.told.pop(name, [])

    def words(self, name: str) -> list[str]:
        """The same in words."""
        return [f"{e['event']} {e.get('about', '')}".strip() for e in self.take(name)]


@pytest.fixture
def shim() -> Iterator[Shim]:
    reference.forget_everything()
    yield Shim()
    reference.forget_everything()


def private(shim: Shim) -> None:
    shim.new(ALICE)
    shim.new(BOB)
    shim.ask("start", ALICE)
    shim.settle()


# ---- keys and fingerprints


def test_the_fingerprint_is_the_hash_of_the_keys_that_are_given(shim: Shim) -> None:
    sym_h = bytes(range(57))
    forging = ed448.keypair(bytes(57)).public.encode()

    made = shim.new(ALICE, sym_h=b64(sym_h), forging=b64(forging))

    # Usage fingerprint of HWC, written out: section "Public keys, ... and Fingerprints".
    keys = ed448.keypair(sym_h).public.encode() + forging
    assert b64decode(made["fingerprint"]) == shake_256(b"OTRv4\x00" + keys).digest(56)
    assert made["tag"] == TAGS[ALICE]
    assert "fingerprint3" not in made


def test_an_endpoint_of_two_versions_has_two_fingerprints(shim: Shim) -> None:
    key = generated_key("alice")

    made = shim.new(ALICE, "v3 v4", key=b64(write_preset_key(key)))
    only = shim.new(BOB, "v3", key=b64(write_preset_key(key)))

    assert len(b64decode(made["fingerprint"])) == 56
    assert b64decode(made["fingerprint3"]) == dsa.fingerprint(key.public)
    assert b64decode(only["fingerprint"]) == dsa.fingerprint(key.public)
    assert "fingerprint3" not in only


def test_a_mode_without_version_3_has_no_dsa_key(shim: Shim) -> None:
    key = b64(write_preset_key(generated_key("alice")))

    made = shim.new(ALICE, "v3 v4", mode="standalone", key=key)

    assert len(b64decode(made["fingerprint"])) == 56
    assert "fingerprint3" not in made


@pytest.mark.parametrize(
    ("policy", "fields", "error", "detail"),
    [
        ("v2 v4", {}, "unsupported", "version 2"),
        ("v4", {"forging": b64(b"\xff" * 57)}, "refused", "forging"),
        ("v4", {"known_profile": "AAAA"}, "refused", ""),
        ("v3 v4", {"key": "AAAA"}, "refused", ""),
        ("v4", {"fragment": 10}, "refused", "max_size"),
        ("v4", {"sym_h": "AAAA"}, "unsupported", "sym-h: has 3 bytes"),
    ],
)
def test_what_no_endpoint_can_be_made_of_is_refused(
    shim: Shim, policy: str, fields: dict[str, str | int], error: str, detail: str
) -> None:
    made = shim.new(ALICE, policy, **fields)

    assert (made["end"], made["error"]) == ("error", error)
    assert detail in made["detail"]


# ---- accounts


def test_endpoints_of_one_account_share_keys_and_prekeys_until_reset(shim: Shim) -> None:
    first = shim.new("bob-1")
    second = shim.new("bob-2")
    assert (first["fingerprint"], first["tag"]) == (second["fingerprint"], second["tag"])
    shim.new(ALICE)
    parts = {n: v for n, v in shim.ask("ensemble", "bob-1").items() if n not in {"re", "end"}}

    # The ensemble that one endpoint publishes is used up at another.
    shim.ask("offline", ALICE, **parts)
    shim.settle(ALICE, "bob-2")

    used, secure = shim.take("bob-2")
    assert (used["event"], secure["event"], secure["interactive"]) == ("prekey-used", "secure", 0)
    shim.new("alice-2")
    shim.ask("offline", "alice-2", **parts)
    shim.settle("alice-2", "bob-1")
    assert "secure" not in shim.words("bob-1")
    shim.ask("reset")
    assert shim.new(BOB)["fingerprint"] != first["fingerprint"]


def test_an_account_is_made_of_one_thing(shim: Shim) -> None:
    shim.new("bob-1")

    other = shim.new("bob-2", sym_h=b64(bytes(57)))
    older = shim.new("bob-3", "v3 v4")

    assert [made["error"] for made in (other, older)] == ["bad-request", "bad-request"]
    assert "bob was given other keys" in other["detail"]


def test_prekey_ensembles_differ_and_the_profile_is_theirs(shim: Shim) -> None:
    shim.new(BOB)

    first, second = shim.ask("ensemble", BOB), shim.ask("ensemble", BOB)
    profile = shim.ask("profile", BOB)["profile"]

    assert first["prekey-message"] != second["prekey-message"]
    assert first["client-profile"] == second["client-profile"] == profile


# ---- conversations


def test_a_conversation_of_version_4(shim: Shim) -> None:
    made = {name: shim.new(name) for name in PEERS}
    assert shim.ask("state", ALICE) == {
        "re": 1,
        "end": "ok",
        "msgstate": "plaintext",
        "smpstate": "expect1",
        "dakestate": "idle",
    }

    shim.ask("start", ALICE, by="identity")
    assert shim.ask("state", ALICE)["dakestate"] == "waiting-auth-r"
    shim.settle()

    secure = {name: shim.take(name)[0] for name in PEERS}
    for name, peer in PEERS.items():
        assert secure[name]["fingerprint"] == made[peer]["fingerprint"]
        assert (secure[name]["version"], secure[name]["interactive"]) == (4, 1)
        assert secure[name]["peer-tag"] == TAGS[peer]
        assert shim.ask("state", name)["msgstate"] == "encrypted"
    assert secure[ALICE]["ssid"] == secure[BOB]["ssid"]
    assert {event["bold"] for event in secure.values()} == {"first", "second"}

    shim.ask("extra-key", ALICE, use=7, data="AAAA")
    shim.settle()
    (sent,), (received,) = shim.take(ALICE), shim.take(BOB)
    assert sent["key"] == received["key"]
    assert len(b64decode(sent["key"])) == 64
    assert (sent["side"], received["side"]) == ("sent", "received")

    shim.ask("end", ALICE)
    shim.settle()
    assert (shim.words(ALICE), shim.words(BOB)) == (["insecure"], ["finished"])
    assert shim.ask("state", BOB)["msgstate"] == "finished"


def test_a_query_or_an_identity_message_starts_it(shim: Shim) -> None:
    shim.new(ALICE)

    started = {}
    for by in ("query", "identity"):
        shim.ask("start", ALICE, by=by)
        (wire,) = shim.take(ALICE)
        started[by] = b64decode(wire["wire"])[:9]

    assert started == {"query": b"?OTRv4?", "identity": b"?OTR:AAQ1"}


def test_only_who_allows_version_4_starts_it(shim: Shim) -> None:
    shim.new(ALICE, "v3")

    refused = shim.ask("start", ALICE, by="identity")

    assert (refused["error"], refused["detail"]) == ("refused", "version 4 is not allowed")
    assert shim.ask("profile", ALICE)["error"] == "unsupported"
    assert shim.ask("start", ALICE, by="query")["end"] == "ok"
    assert len(shim.take(ALICE)) == 1


def test_smp_with_a_question(shim: Shim) -> None:
    private(shim)
    shim.told.clear()

    shim.ask("smp-start", ALICE, secret=TYPED, question="AAA=")
    shim.settle()
    (asked,) = shim.take(BOB)
    assert (asked["stage"], asked["question"]) == ("asked", "AAA=")
    shim.ask("smp-answer", BOB, secret=TYPED)
    shim.settle()

    assert {event["stage"] for name in PEERS for event in shim.take(name)} >= {"success"}
    shim.ask("smp-start", BOB, secret=TYPED)
    shim.settle()
    assert shim.ask("state", BOB)["smpstate"] == "expect2"
    shim.ask("smp-abort", BOB)
    shim.settle()
    assert shim.take(ALICE)[-1]["stage"] == "aborted"


def test_an_instance_can_be_chosen_and_unknown_ones_are_refused(shim: Shim) -> None:
    private(shim)
    shim.told.clear()

    assert shim.ask("send", ALICE, text="aGk=", to=TAGS[BOB])["end"] == "ok"
    shim.settle()

    assert [event["text"] for event in shim.take(BOB)] == ["aGk="]
    assert shim.ask("state", ALICE, to=TAGS[BOB])["msgstate"] == "encrypted"
    unknown = shim.ask("state", ALICE, to=0x9999)
    assert (unknown["error"], unknown["detail"]) == (
        "refused",
        "there is no session with instance 0x9999",
    )


# ---- what users are told in version 4 only


def test_time_moves_by_clock_alone_and_sessions_expire(shim: Shim) -> None:
    private(shim)
    for name in PEERS:
        shim.ask("send", name, text="aGk=")
        shim.settle()
    assert reference.CLOCK() == BEGINNING

    shim.ask("clock", seconds=3 * WEEK)
    shim.ask("poll", ALICE)

    assert "warning expired" in shim.words(ALICE)
    assert reference.CLOCK() == BEGINNING + 3 * WEEK
    shim.new("alice-2", now=5)
    assert reference.CLOCK() == 5
    shim.ask("reset")
    assert reference.CLOCK() == BEGINNING


def test_a_text_that_waits_is_queued_and_sent_once_it_is_private(shim: Shim) -> None:
    shim.new(ALICE, f"{FOUR} require-encryption")
    shim.new(BOB)

    shim.ask("send", ALICE, text="aGk=")
    shim.settle()

    assert "warning queued" in shim.words(ALICE)
    assert [(event.get("text"), event.get("secure")) for event in shim.take(BOB)][-1] == ("aGk=", 1)


def test_an_ensemble_that_is_not_acceptable_is_refused(shim: Shim) -> None:
    for name in PEERS:
        shim.new(name)
    ours, theirs = (shim.ask("ensemble", name) for name in (ALICE, BOB))
    parts = {name: theirs[name] for name in ("client-profile", "prekey-profile", "prekey-message")}

    # The prekey profile is somebody else's.
    mixed = parts | {"prekey-profile": ours["prekey-profile"]}
    assert shim.ask("offline", ALICE, **mixed)["end"] == "ok"
    assert shim.words(ALICE) == ["warning ensemble-refused"]
    # A part is none.
    malformed = shim.ask("offline", ALICE, **(parts | {"prekey-message": "AAAA"}))
    assert malformed["error"] == "refused"
    assert malformed["detail"]


def test_only_a_fingerprint_that_is_verified_is_talked_to(shim: Shim) -> None:
    bob = shim.new(BOB)
    strict = f"{FOUR} require-authenticated"
    shim.new(ALICE, strict, trusted=bob["fingerprint"])
    shim.new("alice-2", strict, trusted=b64(bytes(56)))

    shim.ask("start", ALICE)
    shim.settle()
    assert (shim.words(ALICE), shim.words(BOB)) == (["secure"], ["secure"])

    shim.new("bob-2")
    shim.ask("start", "alice-2")
    shim.settle("alice-2", "bob-2")
    assert "secure" not in shim.words("alice-2") + shim.words("bob-2")


def test_a_known_profile_warns_of_rollback(shim: Shim) -> None:
    shim.new(BOB, "v3 v4 identity-start-dake")
    profile = shim.ask("profile", BOB)["profile"]
    shim.new(ALICE, "v3 v4 identity-start-dake", known_profile=profile)

    shim.ask("receive", ALICE, wire=b64(b"?OTRv3?"))

    assert shim.words(ALICE)[-1] == "warning rollback"


# ---- version 3 behind an endpoint of version 4


def test_version_3_is_spoken_where_it_is_allowed(shim: Shim) -> None:
    made = {ALICE: shim.new(ALICE, "v3 v4 identity-start-dake"), BOB: shim.new(BOB, "v3")}

    shim.ask("start", BOB)
    shim.settle()

    (alice,), (bob,) = shim.take(ALICE), shim.take(BOB)
    assert (alice["event"], alice["version"]) == ("secure", 3)
    assert alice["fingerprint"] == made[BOB]["fingerprint"]
    assert (bob["version"], bob["fingerprint"]) == (3, made[ALICE]["fingerprint3"])
    assert "interactive" not in alice
    for name in PEERS:
        state = shim.ask("state", name)
        assert (state["msgstate"], state["authstate"]) == ("encrypted", "none")
        assert "dakestate" not in state
    shim.ask("extra-key", ALICE, use=1, data="")
    shim.settle()
    keys = {event["key"] for name in PEERS for event in shim.take(name)}
    assert [len(b64decode(key)) for key in keys] == [32]


def test_what_is_no_notice_is_a_fault_of_ours() -> None:
    with pytest.raises(TypeError):
        reference.event_of("something")
