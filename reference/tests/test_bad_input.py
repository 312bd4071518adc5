"""An endpoint is total: whatever arrives, in whatever state, it answers, and keeps what it has.

Bytes that nobody meant, messages that are cut off, lengthened or changed, authenticated peers who
send what they should not, users who type what cannot be sent, floods, and configurations that no
endpoint can have.
"""

from __future__ import annotations

import base64
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from otr_model.groups import MODP_1536
from otr_model.kernel.variant import BadVariant, DropRow, SetParameter, SkipCheck, Variant
from otr_model.otrv3.conditions import Check
from otr_model.otrv3.words import Assembly, Auth, Msg, Smp
from otr_reference.errors import Malformed
from otr_reference.keys import DsaPrivate, DsaPublic
from otr_reference.otrv3.commands import (
    AbortSmp,
    AnswerSmp,
    End,
    Heartbeat,
    Receive,
    SendText,
    Start,
    StartSmp,
    UseExtraKey,
)
from otr_reference.otrv3.endpoint import BadConfig, Endpoint, UnknownInstance
from otr_reference.otrv3.messages import (
    Content,
    DataFields,
    DataMessage,
    DhCommit,
    DhKey,
    Fragment,
    Header,
    MalformedMessage,
    OtherVersion,
    RevealSignature,
    SignatureMessage,
    UnknownTlv,
)
from otr_reference.otrv3.notices import Alert, Send, Shown, Unprocessed, Warned
from otr_reference.otrv3.real import RealSuite
from otr_reference.otrv3.session import Config, Conversation, Policy, Session
from otr_reference.otrv3.suite import Suite
from otr_reference.otrv3.wire import Oversized

if TYPE_CHECKING:
    from otr_reference.otrv3.commands import Command, Input
    from otr_reference.otrv3.endpoint import Stepped
    from otr_reference.sorts import Wire

SUITE: Final = RealSuite()
P: Final = MODP_1536.modulus
NOW: Final = 1_000_000
ALICE_TAG, BOB_TAG = 0x1001, 0x2002

# A group of DSA's shape, small enough to be quick: p has 256 bits, q has 160.
DSA_P: Final = 0xCD2CDAC1A979A05357FFB4DEC32F73FB8CC2D88A7427548B54A6B3986CFBB60B
DSA_Q: Final = 0xDEB561A4216363698B529B4A97B750923CEB4027
DSA_G: Final = 0x3F3C809CA33F08518FF82ECD81F32C5FF46250385ED19DDCF97A71862766ACD4


def config(name: str, tag: int, policy: Policy, max_size: int = 0) -> Config:
    """The configuration of a participant."""
    x = DSA_Q // (3 + len(name))
    private = DsaPrivate(DsaPublic(DSA_P, DSA_Q, DSA_G, pow(DSA_G, x, DSA_P)), x)
    signing = SUITE.signing_key(private)
    seed = SUITE.seed(name.encode() * 11)
    flags = {field: getattr(policy, field) for field in policy.__dataclass_fields__}
    return Config(signing, SUITE.public_key(signing), seed, tag, max_size, **flags)


@dataclass
class Side:
    """A participant, and what is on its way to it."""

    endpoint: Endpoint
    conversation: Conversation
    waiting: list[Wire]

    def step(self, given: Input, to: int | None = None) -> Stepped:
        """Take a step, and stay where it leads."""
        stepped = self.endpoint.step(self.conversation, given, NOW, to)
        self.conversation = stepped.conversation
        return stepped


@dataclass(frozen=True)
class Station:
    """A moment in a conversation.

    Attributes:
        name: what Alice waits for.
        endpoint: Alice's.
        conversation: hers.
        peer: Bob's endpoint.
        theirs: his conversation.
        wires: what Alice was sent until now, what is on its way to her included.
    """

    name: str
    endpoint: Endpoint
    conversation: Conversation
    peer: Endpoint
    theirs: Conversation
    wires: tuple[Wire, ...]

    def __repr__(self) -> str:
        return self.name

    @property
    def session(self) -> Session:
        """The session with Bob, or the master session where there is none."""
        members = self.conversation.members
        return members.get(BOB_TAG, members[0])

    def take(self, given: Input, to: int | None = None) -> Stepped:
        """A step of Alice's, after which the conversation before is what it was."""
        before = self.conversation.values()
        stepped = self.endpoint.step(self.conversation, given, NOW, to)
        assert self.conversation.values() == before
        return stepped


class Talk:
    """A conversation between Alice and Bob that can be stopped anywhere."""

    def __init__(self, version: int, max_size: int = 0, variant: Variant | None = None) -> None:
        policy = Policy(allow_v2=version == 2, allow_v3=version == 3)
        under = Variant("") if variant is None else variant
        self.version = version
        self.alice, self.bob = (
            Side(Endpoint(SUITE, config(*who, policy, max_size), under), Endpoint.begin(), [])
            for who in (("alice", ALICE_TAG), ("bob", BOB_TAG))
        )
        self.sent: list[Wire] = []
        self.stations: list[Station] = []

    def alices(self, command: Command) -> None:
        """Alice's user asks for something."""
        self._out(self.bob, self.alice.step(command))

    def bobs(self, command: Command) -> None:
        """Bob's user asks for something."""
        self._out(self.alice, self.bob.step(command))

    def deliver(self, *to: Side) -> None:
        """The oldest message on its way reaches each of these, in turn."""
        for side in to:
            other = self.bob if side is self.alice else self.alice
            self._out(other, side.step(Receive(side.waiting.pop(0))))

    def settle(self) -> None:
        """Everything is delivered."""
        while waiting := [side for side in (self.alice, self.bob) if side.waiting]:
            self.deliver(*waiting)

    def _out(self, receiver: Side, stepped: Stepped) -> None:
        wires = [output.wire for output in stepped.outputs if isinstance(output, Send)]
        receiver.waiting.extend(wires)
        if receiver is self.alice:
            self.sent.extend(wires)

    def stop(self, name: str) -> None:
        """Remember this moment."""
        alice, bob = self.alice, self.bob
        self.stations.append(
            Station(
                f"version {self.version}, {name}",
                alice.endpoint,
                alice.conversation,
                bob.endpoint,
                bob.conversation,
                tuple(self.sent),
            )
        )


@cache
def stations(version: int) -> tuple[Station, ...]:
    """Alice in every state of every machine."""
    talk = Talk(version)
    alice, bob = talk.alice, talk.bob
    talk.stop("nothing was said")
    talk.alices(Start())
    talk.deliver(bob, alice, bob)
    talk.stop("awaiting Reveal Signature")
    talk.settle()
    talk.bobs(Start())
    talk.deliver(alice, bob, alice, bob)
    talk.stop("awaiting Signature, private")
    talk.settle()
    talk.alices(SendText(SUITE.octets(b"hello")))
    talk.settle()
    talk.bobs(SendText(SUITE.octets(b"hello yourself")))
    talk.stop("private")
    talk.settle()
    talk.bobs(StartSmp(SUITE.passphrase(b"apple"), SUITE.octets(b"which?")))
    talk.settle()
    talk.stop("asked for the secret")
    talk.alices(AnswerSmp(SUITE.passphrase(b"apple")))
    talk.deliver(bob)
    talk.stop("SMP expects message 3")
    talk.settle()
    talk.alices(StartSmp(SUITE.passphrase(b"apple")))
    talk.deliver(bob)
    talk.bobs(AnswerSmp(SUITE.passphrase(b"pear")))
    talk.stop("SMP expects message 2")
    talk.deliver(alice, bob)
    talk.stop("SMP expects message 4")
    talk.settle()
    first = SUITE.split(talk.sent[-1], BOB_TAG, ALICE_TAG, version, 100)[0]
    before = alice.conversation
    alice.step(Receive(first))
    talk.stop("private, collecting fragments")
    alice.conversation = before
    talk.bobs(End())
    talk.settle()
    talk.stop("finished")
    talk.bobs(Start())
    talk.deliver(alice, bob)
    talk.stop("awaiting D-H Key")
    return tuple(talk.stations)


STATIONS: Final = (*stations(2), *stations(3))
PRIVATE: Final = [
    s for s in STATIONS if s.session.ssid is not None and s.session.ssid == s.theirs.current.ssid
]
EVERYWHERE: Final = st.sampled_from(STATIONS)


def test_the_stations_are_every_state_of_every_machine() -> None:
    for version in (2, 3):
        sessions = [station.session for station in stations(version)]
        masters = [station.conversation.members[0] for station in stations(version)]
        assert {session.ake for session in (*sessions, *masters)} == set(Auth)
        assert {session.message for session in sessions} == set(Msg)
        assert {session.smp for session in sessions} == set(Smp)
        assert {session.fragment for session in sessions} == set(Assembly)
        assert any(session.smp_asked for session in sessions)


# What must not change.

PIECES: Final = {"fragment", "fragments", "stored_k", "stored_n", "stored_size"}
PROTECTED: Final = sorted(
    slot
    for slot in Session.__slots__
    if slot.startswith(("smp", "seen", "used"))
    or slot in {"message", "keys", "ring", "ssid", "peer", "our_keyid", "their_keyid", "sent"}
)


def essence(session: Session) -> dict[str, object]:
    """Everything that a session is, except what it has of a fragmented message."""
    return {slot: getattr(session, slot) for slot in Session.__slots__ if slot not in PIECES}


def unharmed(before: Conversation, after: Conversation) -> bool:
    """Nothing changed but what is stored of fragments; a new session is as it begins."""
    ours = {slot: getattr(before, slot) for slot in Conversation.__slots__ if slot != "members"}
    same = all(getattr(after, slot) == value for slot, value in ours.items())
    return same and all(
        essence(member) == essence(before.members.get(key, Session(key)))
        for key, member in after.members.items()
    )


def protected(before: Conversation, after: Conversation) -> bool:
    """Private conversations, their keys and counters, and SMP are as they were."""
    return all(
        getattr(after.members[key], slot) == getattr(member, slot)
        for key, member in before.members.items()
        for slot in PROTECTED
    )


def only_warned(stepped: Stepped) -> bool:
    """Nothing comes of it but warnings."""
    return all(isinstance(output, Warned) for output in stepped.outputs)


# Bytes that nobody meant.


def enveloped(binary: bytes) -> bytes:
    """An encoded message."""
    return b"?OTR:" + base64.b64encode(binary) + b"."


def headed(version: int, kind: int, sender: int, receiver: int, rest: bytes) -> bytes:
    """An encoded message with a header that can be read."""
    tags = sender.to_bytes(4, "big") + receiver.to_bytes(4, "big") if version == 3 else b""
    return enveloped(version.to_bytes(2, "big") + bytes((kind,)) + tags + rest)


TAGS: Final = st.sampled_from((0, 0x50, ALICE_TAG, BOB_TAG, 0x3003, 0xFFFFFFFF))
SMALL: Final = st.binary(max_size=120)
MARKERS: Final = (b"?OTR", b"?OTR:", b"?OTR:AAMD", b"?OTR,", b"?OTR|", b"?OTRv", b"?OTR?v")
TAG_TEXT: Final = b" \t  \t\t\t\t \t \t \t  "
JUNK: Final = st.one_of(
    SMALL,
    st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.builds(lambda a, b, c: a + b + c, SMALL, st.sampled_from((*MARKERS, TAG_TEXT)), SMALL),
    SMALL.map(enveloped),
    st.builds(
        headed,
        st.sampled_from((1, 2, 3, 4)),
        st.sampled_from((2, 3, 0x0A, 0x11, 0x12, 0x55)),
        TAGS,
        TAGS,
        SMALL,
    ),
    st.builds(b"?OTR,%d,%d,%b,".__mod__, st.tuples(*(st.integers(0, 70000),) * 2, SMALL)),
    st.builds(
        b"?OTR|%08x|%08x,%05d,%05d,%b,".__mod__,
        st.tuples(TAGS, TAGS, *(st.integers(0, 70000),) * 2, SMALL),
    ),
)


@settings(max_examples=400)
@given(EVERYWHERE, JUNK)
def test_anything_may_arrive_at_any_time(station: Station, junk: bytes) -> None:
    stepped = station.take(Receive(SUITE.wire(junk)))
    assert protected(station.conversation, stepped.conversation)
    assert all(fired.row for fired in stepped.trace)
    if isinstance(SUITE.decode(SUITE.wire(junk)), MalformedMessage | OtherVersion):
        assert unharmed(station.conversation, stepped.conversation)
        assert only_warned(stepped)


@settings(max_examples=100)
@given(EVERYWHERE, st.lists(JUNK, max_size=12))
def test_any_number_of_anything_may_arrive(station: Station, junk: list[bytes]) -> None:
    conversation = station.conversation
    for wire in junk:
        conversation = station.endpoint.step(conversation, Receive(SUITE.wire(wire))).conversation
    assert protected(station.conversation, conversation)


@pytest.mark.parametrize("station", STATIONS, ids=repr)
def test_a_message_that_is_cut_off_changes_nothing(station: Station) -> None:
    for wire in station.wires:
        octets = SUITE.to_bytes(wire)
        if not octets.startswith(b"?OTR:"):
            continue
        for end in range(5, len(octets), len(octets) // 12):
            stepped = station.take(Receive(SUITE.wire(octets[:end])))
            assert unharmed(station.conversation, stepped.conversation)
            assert only_warned(stepped)


@pytest.mark.parametrize("station", STATIONS, ids=repr)
def test_a_message_with_more_behind_its_end_changes_nothing(station: Station) -> None:
    for wire in station.wires:
        octets = SUITE.to_bytes(wire)
        if octets.startswith(b"?OTR:"):
            longer = enveloped(base64.b64decode(octets[5:-1]) + b"\0")
            stepped = station.take(Receive(SUITE.wire(longer)))
            assert unharmed(station.conversation, stepped.conversation)
            assert only_warned(stepped)


def header_size(octets: bytes | bytearray) -> int:
    """How many bytes of an encoded message are its header."""
    return 11 if octets[1] == 3 else 3


@settings(max_examples=600)
@given(EVERYWHERE, st.integers(0), st.integers(0), st.integers(1, 255))
def test_a_message_that_was_changed_does_no_harm(
    station: Station, which: int, where: int, how: int
) -> None:
    encoded = [w for w in station.wires if SUITE.to_bytes(w).startswith(b"?OTR:")]
    if not encoded:
        return
    wire = encoded[which % len(encoded)]
    octets = bytearray(base64.b64decode(SUITE.to_bytes(wire)[5:-1]))
    start = header_size(octets)
    octets[start + where % (len(octets) - start)] ^= how
    changed = SUITE.wire(enveloped(bytes(octets)))
    stepped = station.take(Receive(changed))
    message, original = SUITE.decode(changed), SUITE.decode(wire)
    assert protected(station.conversation, stepped.conversation) or (
        isinstance(message, DataMessage)
        and isinstance(original, DataMessage)
        and replace(message, revealed=original.revealed) == original
    )
    if isinstance(original, RevealSignature | SignatureMessage):
        assert unharmed(station.conversation, stepped.conversation)


@settings(max_examples=200)
@given(EVERYWHERE, st.integers(0), st.integers(0, 10), st.integers(0, 255))
def test_a_header_that_was_changed_does_no_harm(
    station: Station, which: int, where: int, value: int
) -> None:
    encoded = [w for w in station.wires[:-1] if SUITE.to_bytes(w).startswith(b"?OTR:")]
    if not encoded:
        return
    octets = bytearray(base64.b64decode(SUITE.to_bytes(encoded[which % len(encoded)])[5:-1]))
    octets[where % header_size(octets)] = value
    stepped = station.take(Receive(SUITE.wire(enveloped(bytes(octets)))))
    message = SUITE.decode(SUITE.wire(enveloped(bytes(octets))))
    if not isinstance(message, RevealSignature | SignatureMessage):
        assert protected(station.conversation, stepped.conversation)


# A peer who is authenticated, and sends what they should not.


def crafted(station: Station, plain: bytes, revealed: bytes = b"", **changes: Any) -> Wire:
    """A Data Message of Bob's that Alice can decrypt, with anything in it."""
    session = station.theirs.current
    ring = session.ring
    assert ring is not None
    keys = SUITE.data_keys(ring.ours_previous, ring.theirs)
    counter = changes.get("counter", session.sent + 1)
    nonce = counter.to_bytes(8, "big") + bytes(8)
    cipher = Cipher(algorithms.AES(SUITE.to_bytes(keys.sending)), modes.CTR(nonce)).encryptor()
    fields = DataFields(
        SUITE_HEADERS[session.session_version],
        0,
        session.our_keyid - 1,
        session.their_keyid,
        ring.ours.public,
        counter,
        SUITE.octets(cipher.update(plain) + cipher.finalize()),
    )
    fields = replace(fields, **changes)
    body = SUITE.data_body(fields)
    mac = SUITE.data_mac(keys.sending_mac, body)
    return SUITE.encode(DataMessage(fields, body, mac, SUITE.octets(revealed)))


SUITE_HEADERS: Final = {2: Header(2, 0, 0), 3: Header(3, BOB_TAG, ALICE_TAG)}


def record(kind: int, value: bytes, size: int | None = None) -> bytes:
    """A TLV, perhaps with a false length."""
    length = len(value) if size is None else size
    return kind.to_bytes(2, "big") + length.to_bytes(2, "big") + value


RECORDS: Final = st.builds(
    record,
    st.one_of(st.integers(0, 9), st.integers(0, 0xFFFF)),
    st.binary(max_size=40),
    st.one_of(st.none(), st.integers(0, 0xFFFF)),
)
PLAINS: Final = st.one_of(
    st.binary(max_size=200),
    st.builds(
        lambda text, records: text + b"\0" + b"".join(records),
        st.sampled_from((b"", b"text")),
        st.lists(RECORDS, max_size=5),
    ),
)


@settings(max_examples=300)
@given(st.sampled_from(PRIVATE), PLAINS, st.binary(max_size=50))
def test_a_peer_may_encrypt_anything(station: Station, plain: bytes, revealed: bytes) -> None:
    stepped = station.take(Receive(crafted(station, plain, revealed)))
    session = stepped.conversation.members[station.conversation.best]
    text = plain.partition(b"\0")[0]
    shown = [output for output in stepped.outputs if isinstance(output, Shown)]
    assert [SUITE.to_bytes(notice.text) for notice in shown] == ([text] if text else [])
    assert session.message in {Msg.ENCRYPTED, Msg.FINISHED}
    assert (session.ring is None) == (session.message is Msg.FINISHED)


BEYOND: Final = st.one_of(
    st.sampled_from((0, 1, 2, P - 2, P - 1, P, P + 1)), st.integers(0, 1 << 2000)
)


@settings(max_examples=300)
@given(
    st.sampled_from(PRIVATE),
    st.fixed_dictionaries(
        {},
        optional={
            "sender_keyid": st.one_of(st.integers(0, 5), st.integers(0, 0xFFFFFFFF)),
            "recipient_keyid": st.one_of(st.integers(0, 5), st.integers(0, 0xFFFFFFFF)),
            "counter": st.one_of(st.integers(0, 9), st.integers(0, (1 << 64) - 1)),
            "next_dh": BEYOND.map(SUITE.element),
            "flags": st.integers(0, 255),
        },
    ),
)
def test_a_peer_may_put_anything_into_a_data_message(
    station: Station, changes: dict[str, Any]
) -> None:
    stepped = station.take(Receive(crafted(station, b"text", **changes)))
    if not any(isinstance(output, Shown) for output in stepped.outputs):
        assert unharmed(station.conversation, stepped.conversation)
        assert all(
            output == Warned(Alert.UNREADABLE, output.instance)
            for output in stepped.outputs
            if not isinstance(output, Send)
        )
    else:
        assert 1 < SUITE.to_int(changes.get("next_dh", SUITE.element(2))) < P - 1
    answered = Talk(2).alice.endpoint  # a reader of what Alice sends
    for output in stepped.outputs:
        if isinstance(output, Send):
            answered.step(Endpoint.begin(), Receive(output.wire), NOW)


@settings(max_examples=60)
@given(st.sampled_from(PRIVATE), st.integers(2, 8), st.lists(BEYOND, min_size=1, max_size=11))
def test_a_peer_may_send_any_numbers_in_smp(
    station: Station, kind: int, numbers: list[int]
) -> None:
    octets = [n.to_bytes((n.bit_length() + 7) // 8, "big") for n in numbers]
    value = b"".join(len(number).to_bytes(4, "big") + number for number in octets)
    count = len(numbers).to_bytes(4, "big")
    plain = b"\0" + record(kind, (b"why?\0" if kind == 7 else b"") + count + value)
    stepped = station.take(Receive(crafted(station, plain)))
    session = stepped.conversation.members[station.conversation.best]
    assert session.message is Msg.ENCRYPTED
    assert session.smp in {Smp.EXPECT1, station.session.smp}
    assert session.smp_exponents is None or session.smp is not Smp.EXPECT1


# Users who ask for what cannot be.

TEXTS: Final = st.binary(max_size=80)
COMMANDS: Final = st.one_of(
    st.builds(Start),
    st.builds(End),
    st.builds(Heartbeat),
    st.builds(AbortSmp),
    st.builds(lambda text: SendText(SUITE.octets(text)), TEXTS),
    st.builds(lambda use, data: UseExtraKey(use, SUITE.octets(data)), st.integers(0, 9), TEXTS),
    st.builds(lambda secret: AnswerSmp(SUITE.passphrase(secret)), TEXTS),
    st.builds(
        lambda secret, asked: StartSmp(SUITE.passphrase(secret), SUITE.octets(asked)), TEXTS, TEXTS
    ),
)


@settings(max_examples=300)
@given(EVERYWHERE, COMMANDS)
def test_a_user_may_ask_for_anything_at_any_time(station: Station, command: Command) -> None:
    written = [
        SUITE.to_bytes(value)
        for value in (getattr(command, "text", None), getattr(command, "question", None))
        if value is not None
    ]
    if any(b"\0" in octets for octets in written):
        with pytest.raises(Malformed, match="contains a NUL"):
            station.take(command)
    else:
        station.take(command)


@pytest.mark.parametrize("station", STATIONS, ids=repr)
def test_a_text_with_a_nul_is_refused_before_anything_happens(station: Station) -> None:
    for command in (
        SendText(SUITE.octets(b"text\0more")),
        StartSmp(SUITE.passphrase(b"x"), SUITE.octets(b"why\0not")),
    ):
        with pytest.raises(Malformed) as refusal:
            station.take(command)
        assert refusal.value.reason == "contains a NUL"


def test_a_text_with_a_nul_is_not_stored_either() -> None:
    policy = Policy(require_encryption=True)
    endpoint = Endpoint(SUITE, config("alice", ALICE_TAG, policy))
    with pytest.raises(Malformed):
        endpoint.step(Endpoint.begin(), SendText(SUITE.octets(b"\0")), NOW)
    stored = endpoint.step(Endpoint.begin(), SendText(SUITE.octets(b"no")), NOW).conversation
    assert stored.stored_text == SUITE.octets(b"no")


@pytest.mark.parametrize("station", STATIONS, ids=repr)
def test_what_is_too_long_for_its_field_is_refused(station: Station) -> None:
    long, longest = SUITE.octets(b"x" * 0x10000), SUITE.octets(b"x" * (0xFFFF - 4))
    private = station.session.message is Msg.ENCRYPTED
    for command in (
        UseExtraKey(1, long),
        UseExtraKey(1 << 32, SUITE.octets(b"")),
        UseExtraKey(-1, long),
    ):
        if private:
            with pytest.raises(Malformed):
                station.take(command)
        else:
            station.take(command)
    station.take(UseExtraKey(0xFFFFFFFF, longest))
    with pytest.raises(Malformed) if private else nullcontext():
        station.take(StartSmp(SUITE.passphrase(b"x"), long))


@pytest.mark.parametrize("station", STATIONS, ids=repr)
def test_an_instance_that_is_not_there_is_refused(station: Station) -> None:
    for command in (Start(), SendText(SUITE.octets(b"hi")), End(), AbortSmp()):
        with pytest.raises(UnknownInstance, match="no session with instance 0x9999"):
            station.take(command, to=0x9999)


def test_a_text_that_does_not_fit_into_fragments_is_refused_in_every_state() -> None:
    for require in (False, True):
        policy = Policy(require_encryption=require)
        endpoint = Endpoint(SUITE, config("alice", ALICE_TAG, policy, 60))
        with pytest.raises(Oversized):
            endpoint.step(Endpoint.begin(), SendText(SUITE.octets(bytes([65]) * 2_000_000)), NOW)


# How much work it is. Operations of the suite are counted, since time says nothing here.


def counting() -> tuple[RealSuite, Counter[str]]:
    """A suite that counts what is asked of it."""
    counts: Counter[str] = Counter()

    def counted(name: str, self: Any, *args: Any) -> Any:
        counts[name] += 1
        return getattr(RealSuite, name)(self, *args)

    def method(name: str) -> Any:
        return lambda self, *args: counted(name, self, *args)

    operations = Suite.__abstractmethods__
    made = type("CountingSuite", (RealSuite,), {name: method(name) for name in operations})
    suite: RealSuite = made()
    return suite, counts


def work(station: Station, *wires: Wire) -> tuple[Counter[str], Conversation, int]:
    """What messages ask of the suite, where they lead, and how many rows are taken."""
    suite, counts = counting()
    endpoint = Endpoint(suite, station.endpoint.config)
    conversation, rows = station.conversation, 0
    for wire in wires:
        stepped = endpoint.step(conversation, Receive(wire), NOW)
        conversation, rows = stepped.conversation, rows + len(stepped.trace)
    return counts, conversation, rows


def at(name: str) -> Station:
    """A station by its name."""
    return next(station for station in STATIONS if station.name == name)


@pytest.mark.parametrize("station", STATIONS, ids=repr)
@pytest.mark.parametrize(
    "junk",
    [
        lambda n: b"?OTR:" + b"A" * n,
        lambda n: b"?OTR:" + b"A" * n + b".",
        lambda n: b"x" * n,
        lambda n: b"?" * n,
        lambda n: b"?OTR" * (n // 4),
        lambda n: b"?OTRv" + b"23" * (n // 2) + b"?",
        lambda n: b"?OTR Error:" + b"x" * n,
        lambda n: TAG_TEXT * (n // 16),
        lambda n: headed(3, 2, BOB_TAG, ALICE_TAG, b"\xff" * n),
        lambda n: headed(3, 3, BOB_TAG, ALICE_TAG, b"\x00" * n),
        lambda n: b"?OTR|00002002|00001001,1,2," + b"x" * n + b",",
    ],
    ids=range(11),
)
def test_a_larger_message_asks_for_no_more_operations(station: Station, junk: Any) -> None:
    small, _, few = work(station, SUITE.wire(junk(64)))
    large, _, many = work(station, SUITE.wire(junk(200_000)))
    assert (small, few) == (large, many)
    assert sum(large.values()) < 40


def test_fragments_ask_for_the_same_work_each() -> None:
    station = at("version 3, private")
    pieces = 2000
    wires = [
        SUITE.wire(b"?OTR|00002002|00001001,%d,%d,%b," % (k, pieces, b"x" * 40))
        for k in range(1, pieces)
    ]
    counts, conversation, rows = work(station, *wires)
    assert rows == 2 * len(wires)
    assert counts == {"decode": len(wires), "size": len(wires), "join": len(wires)}
    session = conversation.members[BOB_TAG]
    assert (session.stored_k, session.stored_size) == (len(wires), 40 * len(wires))
    assert protected(station.conversation, conversation)


def test_what_is_stored_of_fragments_is_bounded() -> None:
    bound = Variant("small", edits=(SetParameter("max_stored", 1000),))
    endpoint = Endpoint(SUITE, config("alice", ALICE_TAG, Policy()), bound)
    conversation, most = Endpoint.begin(), 0
    for k in range(1, 40):
        wire = SUITE.wire(b"?OTR|00002002|00001001,%d,99,%b," % (k, b"x" * 90))
        conversation = endpoint.step(conversation, Receive(wire), NOW).conversation
        session = conversation.members[BOB_TAG]
        stored = 0 if session.fragments is None else SUITE.size(session.fragments)
        assert stored == session.stored_size
        most = max(most, stored)
    assert most == 990
    huge = SUITE.wire(b"?OTR|00002002|00001001,1,2,%b," % (b"x" * 1001))
    session = endpoint.step(conversation, Receive(huge), NOW).conversation.members[BOB_TAG]
    assert (session.fragment, session.fragments) == (Assembly.EMPTY, None)


def test_a_flood_of_fragments_costs_what_it_stores() -> None:
    """Nothing is copied for each piece: 20,000 of them, of 50 bytes, up to the default bound."""
    endpoint = Endpoint(SUITE, config("alice", ALICE_TAG, Policy()))
    conversation, n = Endpoint.begin(), 22_000
    for k in range(1, n):
        wire = SUITE.wire(b"?OTR,%d,%d,%b," % (k, n, b"x" * 50))
        conversation = endpoint.step(conversation, Receive(wire), NOW).conversation
        assert conversation.members[0].stored_size <= 0x100000
    assert conversation.members[0].fragment is Assembly.EMPTY


TLVS: Final = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)


@pytest.mark.parametrize("station", PRIVATE, ids=repr)
@pytest.mark.parametrize("kind", TLVS)
def test_a_flood_of_tlvs_is_looked_at_in_part(station: Station, kind: int) -> None:
    most = station.endpoint.config.max_tlvs
    assert most == 64

    def flood(n: int) -> tuple[Counter[str], Conversation, int]:
        tlvs = tuple(UnknownTlv(kind, SUITE.octets(b"")) for _ in range(n))
        content = Content(SUITE.octets(b""), tlvs)
        session = station.theirs.current
        assert session.ring is not None
        keys = SUITE.data_keys(session.ring.ours_previous, session.ring.theirs)
        sealed = SUITE.seal(keys.sending, session.sent + 1, content)
        return work(station, crafted(station, b"", encrypted=sealed))

    at_most, conversation, rows = flood(most)
    more, same, as_many = flood(30 * most)
    assert (at_most, rows) == (more, as_many)
    assert conversation.values() == same.values()
    assert sum(more.values()) < 30 + 10 * most


def test_instances_are_bounded_and_private_ones_stay() -> None:
    station = at("version 3, private")
    conversation, most = station.conversation, station.endpoint.config.max_instances
    assert most == 100
    assert BOB_TAG in conversation.members
    commit = next(m for m in map(SUITE.decode, station.wires) if isinstance(m, DhCommit))
    for tag in range(0x10000, 0x10000 + 300):
        strange = replace(commit, header=Header(3, tag, ALICE_TAG))
        stepped = station.endpoint.step(conversation, Receive(SUITE.encode(strange)), NOW)
        conversation = stepped.conversation
        assert len(conversation.members) <= most + 1
        assert tag in conversation.members
    assert {0, BOB_TAG} < conversation.members.keys()
    assert min(conversation.members.keys() - {0, BOB_TAG}) == 0x10000 + 300 - (most - 1)
    assert protected(station.conversation, conversation)


def test_a_flood_of_messages_of_the_exchange_asks_for_the_same_work_each() -> None:
    for station, kind in product(STATIONS, (DhCommit, DhKey, RevealSignature, SignatureMessage)):
        wires = [w for w in station.wires if isinstance(SUITE.decode(w), kind)]
        for wire in wires[:1]:
            counts, _, _ = work(station, *[wire] * 20)
            assert sum(counts.values()) < 20 * 30
            assert counts["ake_keys"] <= 20
            assert counts["fresh_pair"] <= 2


# Configurations, variants and policies.


@pytest.mark.parametrize("tag", [-1, 0, 0xFF, 0x100000000])
def test_a_tag_that_is_not_valid_is_refused(tag: int) -> None:
    with pytest.raises(BadConfig, match="our_tag"):
        Endpoint(SUITE, config("alice", tag, Policy()))


@pytest.mark.parametrize("size", [-1, 1, 59])
def test_a_size_that_carries_nothing_is_refused(size: int) -> None:
    with pytest.raises(BadConfig, match="max_size"):
        Endpoint(SUITE, config("alice", ALICE_TAG, Policy(), size))


@pytest.mark.parametrize("interval", [-1, 0])
def test_heartbeats_without_an_interval_are_refused(interval: int) -> None:
    endless = Variant("endless", edits=(SetParameter("heartbeat_interval", interval),))
    given = config("alice", ALICE_TAG, Policy())
    given.heartbeat_interval = interval
    Endpoint(SUITE, given)  # the parameters of the model are those of the variant
    with pytest.raises(BadConfig, match="heartbeat_interval"):
        Endpoint(SUITE, given, endless)


@pytest.mark.parametrize("tag", [0x100, 0xFFFFFFFF])
def test_the_first_and_the_last_tag_are_valid(tag: int) -> None:
    assert Endpoint(SUITE, config("alice", tag, Policy())).config.our_tag == tag


@pytest.mark.parametrize(
    "edit",
    [
        DropRow("otrv3.ake:dh-commit.nowhere"),
        SkipCheck(Check.COMMITMENT_OPENS),
        SetParameter("patience", 1),
    ],
)
def test_a_variant_of_what_does_not_exist_is_refused(edit: Any) -> None:
    with pytest.raises(BadVariant):
        Endpoint(SUITE, config("alice", ALICE_TAG, Policy()), Variant("none", edits=(edit,)))


@pytest.mark.parametrize("flags", list(product((False, True), repeat=6)))
def test_every_policy_takes_every_input(flags: tuple[bool, ...]) -> None:
    endpoint = Endpoint(SUITE, config("alice", ALICE_TAG, Policy(*flags)))
    disabled = not any(flags[:2])
    inputs: list[Input] = [
        Start(),
        SendText(SUITE.octets(b"hello")),
        End(),
        Heartbeat(),
        AbortSmp(),
        *(Receive(wire) for station in STATIONS[-1:] for wire in station.wires),
        *(Receive(wire) for station in STATIONS[8:9] for wire in station.wires),
        Receive(SUITE.wire(b"hello" + TAG_TEXT + b"  \t\t  \t\t")),
        Receive(SUITE.wire(b"?OTR Error: what?")),
    ]
    for first, second in product(inputs[:2], inputs):
        begun = endpoint.step(Endpoint.begin(), first, NOW).conversation
        stepped = endpoint.step(begun, second, NOW)
        if disabled and isinstance(second, Receive):
            assert stepped.outputs == (Unprocessed(second.wire),)
            assert stepped.conversation.values() == begun.values()


# The smallest size of the network.


@pytest.mark.parametrize("version", [2, 3])
def test_everything_fits_into_the_smallest_fragments(version: int) -> None:
    talk = Talk(version, max_size=60)
    talk.alices(Start())
    talk.settle()
    talk.alices(SendText(SUITE.octets(b"hello" * 50)))
    talk.bobs(StartSmp(SUITE.passphrase(b"apple"), SUITE.octets(b"why?")))
    talk.settle()
    talk.alices(AnswerSmp(SUITE.passphrase(b"apple")))
    talk.settle()
    assert talk.alice.conversation.current.message is Msg.ENCRYPTED
    assert talk.alice.conversation.current.smp is Smp.EXPECT1
    assert max(len(SUITE.to_bytes(wire)) for wire in talk.sent) == 60
    fragments = [m for m in map(SUITE.decode, talk.sent) if isinstance(m, Fragment)]
    assert len(fragments) > 100
