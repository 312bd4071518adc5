"""An endpoint of OTRv4 is total: whatever arrives, in whatever state, it answers and keeps its own.

Bytes that nobody meant, messages that are cut off, lengthened or changed, points and numbers that
are not in their groups, profiles that are none, counters that are absurd, authenticated peers who
send what they should not, users who type what cannot be sent, floods, and configurations that no
endpoint can have.
"""

from __future__ import annotations

import base64
import pickle
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, product
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otr_model.kernel.variant import BadVariant, DropRow, SetParameter, SkipCheck, Variant
from otr_model.otrv3.conditions import Check as Check3
from otr_model.otrv4.groups4 import ED448, MODP_3072
from otr_model.otrv4.words import Dake, Mode, Msg, Ratchet, Role, Smp
from otr_reference import ed448
from otr_reference.errors import Malformed
from otr_reference.otrv3.endpoint import BadConfig, UnknownInstance
from otr_reference.otrv4 import wire as formats
from otr_reference.otrv4.chat import Client
from otr_reference.otrv4.commands import (
    AbortSmp,
    AnswerSmp,
    End,
    Heartbeat,
    Receive,
    SendText,
    Start,
    StartDake,
    StartOffline,
    StartSmp,
    Tick,
    UseExtraKey,
)
from otr_reference.otrv4.endpoint import Endpoint
from otr_reference.otrv4.messages import (
    AuthI,
    AuthR,
    Content,
    DataMessage,
    ErrorMessage,
    Fragment,
    Header,
    Identity,
    MalformedMessage,
    NonInteractiveAuth,
    OtherVersion,
    PrekeyMessage,
    Query,
)
from otr_reference.otrv4.notices import (
    EnsembleRefused,
    ExtraKey,
    Send,
    Shown,
    Unprocessed,
    Warned,
)
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.session import Conversation, Policy, Session
from otr_reference.otrv4.suite import Suite
from otr_reference.otrv4.wire import Oversized

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from otr_reference.otrv4.commands import Command, Input
    from otr_reference.otrv4.endpoint import Stepped
    from otr_reference.otrv4.messages import EncodedMessage, PrekeyEnsemble
    from otr_reference.sorts import Point, Wire

SUITE: Final = RealSuite()
NOW: Final = 1_700_000_000
ALICE_TAG, BOB_TAG, MALLORY_TAG = 0x1001, 0x2002, 0x6666
P, Q = MODP_3072.modulus, ed448.ORDER
POLICY: Final = Policy(allow_v3=False)


def client(name: str, tag: int, mode: Mode = Mode.COMPATIBLE, now: int = NOW) -> Client:
    """A client whose every secret depends on its name."""
    seed = f"{name} has an account".encode()
    return Client(name[:3].encode() * 19, tag=tag, mode=mode, clock=lambda: now, seed=seed)


@dataclass
class Side:
    """A participant, what is on its way to it, and what has reached it."""

    client: Client
    endpoint: Endpoint
    conversation: Conversation
    waiting: list[Wire]
    heard: list[Wire]

    def step(self, given: Input, to: int | None = None) -> Stepped:
        """Take a step, and stay where it leads."""
        if isinstance(given, Receive):
            self.heard.append(given.wire)
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
        heard: what has reached Alice until now.
        waiting: what is on its way to her.
    """

    name: str
    endpoint: Endpoint
    conversation: Conversation
    peer: Endpoint
    theirs: Conversation
    heard: tuple[Wire, ...]
    waiting: tuple[Wire, ...]

    def __repr__(self) -> str:
        return self.name

    @property
    def session(self) -> Session:
        """The session with Bob, or the master session where there is none."""
        members = self.conversation.members
        return members.get(BOB_TAG, members[0])

    @property
    def wires(self) -> tuple[Wire, ...]:
        """All that was sent to Alice."""
        return self.heard + self.waiting

    @property
    def encoded(self) -> tuple[Wire, ...]:
        """The encoded messages among them."""
        return tuple(w for w in self.wires if SUITE.to_bytes(w).startswith(b"?OTR:"))

    def take(self, given: Input, to: int | None = None) -> Stepped:
        """A step of Alice's, after which the conversation before is what it was."""
        before = self.conversation.values()
        stepped = self.endpoint.step(self.conversation, given, NOW, to)
        assert self.conversation.values() == before
        return stepped


class Talk:
    """A conversation between Alice and Bob that can be stopped anywhere."""

    def __init__(
        self, name: str, policy: Policy = POLICY, mode: Mode = Mode.COMPATIBLE, max_size: int = 0
    ) -> None:
        self.name = name
        self.alice, self.bob = (
            Side(made, chat.endpoint, chat.conversation, [], [])
            for who, tag in (("alice", ALICE_TAG), ("bob", BOB_TAG))
            for made in (client(who, tag, mode),)
            for chat in (made.chat(policy, max_size=max_size, seed=f"{who}: {name}".encode() * 9),)
        )
        self.stations: list[Station] = []

    def alices(self, command: Command, to: int | None = None) -> None:
        """Alice's user asks for something."""
        self._out(self.bob, self.alice.step(command, to))

    def bobs(self, command: Command, to: int | None = None) -> None:
        """Bob's user asks for something."""
        self._out(self.alice, self.bob.step(command, to))

    def deliver(self, *to: Side) -> None:
        """The oldest message on its way reaches each of these, in turn."""
        for side in to:
            other = self.bob if side is self.alice else self.alice
            self._out(other, side.step(Receive(side.waiting.pop(0))))

    def settle(self) -> None:
        """Everything is delivered."""
        while waiting := [side for side in (self.alice, self.bob) if side.waiting]:
            self.deliver(*waiting)

    @staticmethod
    def _out(receiver: Side, stepped: Stepped) -> None:
        receiver.waiting.extend(o.wire for o in stepped.outputs if isinstance(o, Send))

    def stop(self, name: str) -> None:
        """Remember this moment."""
        alice, bob = self.alice, self.bob
        self.stations.append(
            Station(
                f"{self.name}, {name}",
                alice.endpoint,
                alice.conversation,
                bob.endpoint,
                bob.conversation,
                tuple(alice.heard),
                tuple(alice.waiting),
            )
        )


def text(octets: bytes) -> SendText:
    """A user types something."""
    return SendText(SUITE.octets(octets))


def secret(octets: bytes) -> Any:
    """What a user types as the secret of SMP."""
    return SUITE.passphrase(octets)


QUERY: Final = SUITE.wire(b"?OTRv4?")


def decodes(octets: bytes) -> bool:
    """Whether 57 bytes are a point at all."""
    try:
        ed448.decode(octets)
    except Malformed:
        return False
    return True


@cache
def online() -> tuple[Station, ...]:  # noqa: PLR0915 - a conversation from end to end
    """Alice in the states of interactive conversations."""
    talk = Talk("online")
    alice, bob = talk.alice, talk.bob
    talk.stop("nothing was said")
    talk.alices(StartDake())
    talk.deliver(bob)
    talk.stop("awaiting Auth-R")
    alice.waiting.clear()
    talk.alices(End())
    talk.bobs(End(), ALICE_TAG)
    talk.bobs(StartDake())
    talk.deliver(alice)
    talk.stop("awaiting Auth-I")
    talk.deliver(bob)
    talk.bobs(text(b"early"))
    talk.bobs(text(b"earlier"))
    auth_i = alice.waiting.pop(0)
    talk.deliver(alice)
    talk.stop("awaiting Auth-I, with an early message")
    alice.waiting.append(auth_i)
    talk.settle()
    talk.stop("private, her turn")
    talk.alices(text(b"hello"))
    talk.settle()
    for count in range(6):
        talk.bobs(text(b"hello yourself %d" % count))
    lost = [alice.waiting.pop(3), alice.waiting.pop(1)]
    talk.deliver(*[alice] * 4)
    talk.alices(text(b"it is Bob's turn"))
    talk.settle()
    talk.bobs(text(b"which he takes"))
    alice.waiting.extend(lost)
    talk.stop("private, his turn, keys skipped")
    talk.settle()
    talk.bobs(StartSmp(secret(b"apple"), SUITE.octets(b"which?")))
    talk.settle()
    talk.stop("asked for the secret")
    talk.alices(AnswerSmp(secret(b"apple")))
    talk.deliver(bob)
    talk.stop("SMP expects message 3")
    talk.settle()
    talk.alices(StartSmp(secret(b"apple")))
    talk.deliver(bob)
    talk.bobs(AnswerSmp(secret(b"pear")))
    talk.stop("SMP expects message 2")
    talk.deliver(alice, bob)
    talk.stop("SMP expects message 4")
    talk.settle()
    before = alice.conversation
    for piece in SUITE.split(alice.heard[-1], 7, BOB_TAG, ALICE_TAG, 150)[:0:-1]:
        alice.step(Receive(piece))
    talk.stop("private, collecting fragments")
    alice.conversation = before
    talk._out(bob, alice.step(Receive(QUERY)))
    talk.deliver(bob)
    talk.stop("private, awaiting Auth-R")
    talk.settle()
    talk._out(alice, bob.step(Receive(QUERY)))
    talk.deliver(alice, bob)
    talk.stop("private, awaiting Auth-I")
    talk.settle()
    talk.bobs(End())
    talk.settle()
    talk.stop("finished")
    talk.bobs(StartDake())
    talk.deliver(alice, bob)
    talk.stop("finished, awaiting Auth-I")
    return tuple(talk.stations)


@cache
def offline() -> tuple[Station, ...]:
    """Alice in the states of non-interactive conversations, on either side."""
    talk = Talk("offline")
    (ensemble,) = talk.bob.client.make_ensembles(1)
    talk.alices(StartOffline(ensemble))
    talk.deliver(talk.bob)
    talk.bobs(text(b"I am here"))
    talk.stop("private as retriever")
    published = Talk("offline, published")
    (ensemble,) = published.alice.client.make_ensembles(1)
    published.bobs(StartOffline(ensemble))
    published.bobs(text(b"are you there?"))
    published.stop("nothing was said")
    published.deliver(published.alice)
    published.stop("private as publisher")
    return (*talk.stations, *published.stations)


@cache
def other_modes() -> tuple[Station, ...]:
    """Alice in the modes that know no plaintext."""
    stations: list[Station] = []
    for mode in (Mode.STANDALONE, Mode.INTERACTIVE_ONLY):
        talk = Talk(mode.label, mode=mode)
        talk.alices(text(b"it waits"))
        talk.stop("a text waits")
        talk.settle()
        talk.bobs(text(b"hello"))
        talk.stop("private")
        stations += talk.stations
    return tuple(stations)


STATIONS: Final = (*online(), *offline(), *other_modes())
PRIVATE: Final = tuple(
    s for s in STATIONS if s.session.ssid is not None and s.session.ssid == s.theirs.current.ssid
)
EVERYWHERE: Final = st.sampled_from(STATIONS)
AT_ANY: Final = pytest.mark.parametrize("station", STATIONS, ids=repr)
WHEN_PRIVATE: Final = pytest.mark.parametrize("station", PRIVATE, ids=repr)


def at(name: str) -> Station:
    """A station by its name."""
    return next(station for station in STATIONS if station.name == name)


def test_the_stations_are_every_state_of_every_machine() -> None:
    sessions = [station.session for station in STATIONS]
    masters = [station.conversation.members[0] for station in STATIONS]
    assert {session.dake for session in (*sessions, *masters)} == set(Dake)
    assert {session.message for session in sessions} == set(Msg)
    assert {session.ratchet for session in sessions} == set(Ratchet)
    assert {session.smp for session in sessions} == set(Smp)
    assert {session.role for session in sessions} == {role.number for role in Role}
    assert any(station.conversation.assemblies for station in STATIONS)
    assert {(s.message, s.dake) for s in sessions} >= set(product(Msg, [Dake.WAITING_AUTH_I]))
    for slot in ("smp_asked", "skipped", "early", "unrevealed", "rotates", "receives"):
        assert any(getattr(session, slot) for session in sessions), slot
    assert len(PRIVATE) > len(STATIONS) // 2


# What must not change.

SHARED: Final = tuple(
    slot for slot in Conversation.__slots__ if slot not in {"members", "assemblies"}
)
ADOPTED: Final = {"adopted", "answered", "dake", "dake_at", "our_keys"}
"""What a first message of an instance changes where our Identity message went to all of them."""
KEPT: Final = {"early", "early_messages"}
"""What a Data Message changes that may have overtaken an Auth-I message."""
PROTECTED: Final = {
    "agreed",
    "chain",
    "i",
    "identity",
    "j",
    "k",
    "max_remote_i_seen",
    "message",
    "old_mac_keys",
    "outbox",
    "peer",
    "pn",
    "ratchet",
    "revealed",
    "role",
    "rotates",
    "sending_id",
    "skipped",
    "smp",
    "smp_1_received",
    "smp_asked",
    "smp_bases",
    "smp_exponents",
    "smp_points",
    "smp_secret",
    "ssid",
    "unrevealed",
}
"""Private conversations, their keys and counters, and SMP."""


def harm(before: Conversation, after: Conversation) -> set[str]:
    """What differs: slots of the conversation and of sessions, those that are new as they begin."""
    found = {slot for slot in SHARED if getattr(before, slot) != getattr(after, slot)}
    for key, member in after.members.items():
        was = before.members.get(key, Session(key))
        found |= {slot for slot in Session.__slots__ if getattr(was, slot) != getattr(member, slot)}
    if [a.values() for a in before.assemblies.values()] != [
        a.values() for a in after.assemblies.values()
    ]:
        found.add("assemblies")
    return found if before.members.keys() <= after.members.keys() else {*found, "members"}


def quiet(stepped: Stepped) -> bool:
    """Nothing comes of it but warnings, and Error Messages that answer."""
    return all(
        isinstance(output, Warned)
        or (isinstance(output, Send) and isinstance(SUITE.decode(output.wire), ErrorMessage))
        for output in stepped.outputs
    )


def failures(stepped: Stepped) -> set[str]:
    """The checks that failed."""
    return {fired.failed for fired in stepped.trace if fired.failed}


# Bytes that nobody meant.


def enveloped(binary: bytes) -> bytes:
    """An encoded message."""
    return b"?OTR:" + base64.b64encode(binary) + b"."


def opened(wire: Wire) -> bytes:
    """The bytes of an encoded message."""
    return base64.b64decode(SUITE.to_bytes(wire)[5:-1])


def headed(version: int, kind: int, sender: int, receiver: int, rest: bytes) -> bytes:
    """An encoded message with a header that can be read."""
    tags = sender.to_bytes(4, "big") + receiver.to_bytes(4, "big") if version > 2 else b""
    return enveloped(version.to_bytes(2, "big") + bytes((kind,)) + tags + rest)


TAGS: Final = st.sampled_from((0, 0x50, ALICE_TAG, BOB_TAG, MALLORY_TAG, 0xFFFFFFFF))
SMALL: Final = st.binary(max_size=120)
TAG_TEXT: Final = b" \t  \t\t\t\t \t \t \t  "
FOUR: Final = b"  \t\t \t  "
MARKERS: Final = (
    b"?OTR",
    b"?OTR:",
    b"?OTR:AAQD",
    b"?OTR:AAQ1",
    b"?OTR,",
    b"?OTR|",
    b"?OTRv",
    b"?OTR?v4?",
    b"?OTR Error:ERROR_",
    TAG_TEXT,
    TAG_TEXT + FOUR,
)
JUNK: Final = st.one_of(
    SMALL,
    st.text(max_size=60).map(lambda typed: typed.encode("utf-8", "surrogatepass")),
    st.builds(lambda a, b, c: a + b + c, SMALL, st.sampled_from(MARKERS), SMALL),
    SMALL.map(enveloped),
    st.builds(
        headed,
        st.sampled_from((1, 2, 3, 4, 5)),
        st.sampled_from((2, 3, 0x0A, 0x0D, 0x0F, 0x35, 0x36, 0x37, 0x55)),
        TAGS,
        TAGS,
        SMALL,
    ),
    st.builds(b"?OTR,%d,%d,%b,".__mod__, st.tuples(*(st.integers(0, 70000),) * 2, SMALL)),
    st.builds(
        b"?OTR|%x|%x|%x,%d,%d,%b,".__mod__,
        st.tuples(st.integers(0, 3), TAGS, TAGS, *(st.integers(0, 70000),) * 2, SMALL),
    ),
)


@settings(max_examples=400)
@given(EVERYWHERE, JUNK)
def test_anything_may_arrive_at_any_time(station: Station, junk: bytes) -> None:
    stepped = station.take(Receive(SUITE.wire(junk)))
    changed = harm(station.conversation, stepped.conversation)
    assert not changed & PROTECTED
    assert all(fired.row and "missing" not in fired.row for fired in stepped.trace)
    if isinstance(SUITE.decode(SUITE.wire(junk)), MalformedMessage | OtherVersion):
        assert not changed
        assert quiet(stepped)


@settings(max_examples=100)
@given(EVERYWHERE, st.lists(JUNK, max_size=12))
def test_any_number_of_anything_may_arrive(station: Station, junk: list[bytes]) -> None:
    conversation = station.conversation
    for wire in junk:
        conversation = station.endpoint.step(
            conversation, Receive(SUITE.wire(wire)), NOW
        ).conversation
    conversation = station.endpoint.step(conversation, Tick(), NOW).conversation
    assert not harm(station.conversation, conversation) & PROTECTED


@AT_ANY
def test_a_message_that_is_cut_off_changes_nothing(station: Station) -> None:
    for wire in station.encoded:
        octets = SUITE.to_bytes(wire)
        for end in range(5, len(octets), len(octets) // 12):
            stepped = station.take(Receive(SUITE.wire(octets[:end])))
            assert not harm(station.conversation, stepped.conversation)
            assert quiet(stepped)


@AT_ANY
def test_a_message_with_more_behind_its_end_changes_nothing(station: Station) -> None:
    for wire in station.encoded:
        stepped = station.take(Receive(SUITE.wire(enveloped(opened(wire) + b"\0"))))
        assert not harm(station.conversation, stepped.conversation)
        assert quiet(stepped)


HEADER: Final = 11


@settings(max_examples=600)
@given(EVERYWHERE, st.integers(0), st.integers(0), st.integers(1, 255))
def test_a_message_that_was_changed_does_no_harm(
    station: Station, which: int, where: int, how: int
) -> None:
    if not station.encoded:
        return
    wire = station.encoded[which % len(station.encoded)]
    octets = bytearray(opened(wire))
    octets[HEADER + where % (len(octets) - HEADER)] ^= how
    changed = SUITE.wire(enveloped(bytes(octets)))
    stepped = station.take(Receive(changed))
    message, original = SUITE.decode(changed), SUITE.decode(wire)
    found = harm(station.conversation, stepped.conversation)
    assert not found & PROTECTED or (
        isinstance(message, DataMessage)
        and isinstance(original, DataMessage)
        and replace(message, old_mac_keys=original.old_mac_keys) == original
    )
    if isinstance(original, AuthR | AuthI | NonInteractiveAuth):
        assert found <= (ADOPTED if isinstance(message, AuthR) else set())


@settings(max_examples=200)
@given(EVERYWHERE, st.integers(0), st.integers(0, HEADER - 1), st.integers(0, 255))
def test_a_header_that_was_changed_does_no_harm(
    station: Station, which: int, where: int, value: int
) -> None:
    encoded = [SUITE.to_bytes(w) for w in station.encoded]
    if not encoded:
        return
    original = opened(SUITE.wire(encoded[which % len(encoded)]))
    octets = bytearray(original)
    octets[where] = value
    if octets == original:
        return
    stepped = station.take(Receive(SUITE.wire(enveloped(bytes(octets)))))
    assert not harm(station.conversation, stepped.conversation) & PROTECTED


# Points and numbers that are not in their groups.


def coordinate(y: int, sign: int = 0) -> Point:
    """57 bytes that say a y and the sign of an x."""
    return SUITE.point((y | sign << 455).to_bytes(57, "little"))


FIELD: Final = ED448.prime
A_POINT: Final = SUITE.fresh_ecdh(SUITE.seed(b"a point of the group"), 1).public
AN_ELEMENT: Final = SUITE.fresh_dh(SUITE.seed(b"an element of the group"), 1).public
BAD_POINTS: Final = {
    "identity": coordinate(1),
    "of order 2": coordinate(FIELD - 1),
    "of order 4": coordinate(0),
    "of order 4, negative": coordinate(0, 1),
    "of order 2q": SUITE.twisted(A_POINT),
    "the identity, not reduced": coordinate(FIELD + 1),
    "of order 4, not reduced": coordinate(FIELD),
    "the identity with a sign": coordinate(1, 1),
    "a y that is too large": coordinate((1 << 448) - 1),
    "a bit that is always 0": coordinate(1 << 450),
    "all ones": SUITE.point(b"\xff" * 57),
    "not on the curve": coordinate(
        next(y for y in range(2, 99) if not decodes(y.to_bytes(57, "little")))
    ),
}
BAD_NUMBERS: Final = {
    "0": 0,
    "1": 1,
    "p - 2, which is no square": P - 2,
    "p - 1": P - 1,
    "p": P,
    "p + 1": P + 1,
    "p + a square": P + 4,
    "2p - 1": 2 * P - 1,
    "of 4000 bits": 1 << 3999,
}


def test_the_bad_points_and_numbers_are_bad() -> None:
    assert SUITE.in_group(A_POINT)
    assert SUITE.in_dh_group(AN_ELEMENT)
    assert not any(map(SUITE.in_group, BAD_POINTS.values()))
    assert not any(SUITE.in_dh_group(SUITE.element(number)) for number in BAD_NUMBERS.values())


# Which message is awaited where, and by which checks each field is looked at.


@cache
def mallorys() -> Identity:
    """An Identity message to Alice of somebody whom she does not know, valid in itself."""
    chat = client("mallory", MALLORY_TAG).chat(POLICY, seed=b"mallory" * 9)
    message = formats.decode(chat.start_dake().wires[0])
    assert isinstance(message, Identity)
    return replace(message, header=Header(MALLORY_TAG, ALICE_TAG))


def awaited(station: Station, kind: type) -> Any:
    """The message of a kind that is on its way to Alice."""
    return next(m for m in map(SUITE.decode, station.waiting) if isinstance(m, kind))


@dataclass(frozen=True)
class Expected:
    """A message that would be accepted at a station.

    Attributes:
        kind: what it is.
        station: where.
        ecdh: names of its points, and of the checks that look at them.
        dh: the same of its DH keys.
    """

    kind: type
    station: str
    ecdh: tuple[tuple[str, str], ...]
    dh: tuple[tuple[str, str], ...]

    @property
    def where(self) -> Station:
        """The station."""
        return at(self.station)

    @property
    def message(self) -> Any:
        """The message."""
        if self.kind is Identity:
            return mallorys()
        return awaited(self.where, self.kind)

    def __repr__(self) -> str:
        return self.kind.__name__


FIRST: Final = ("first_ecdh", "first-ecdh-point"), ("first_dh", "first-dh-member")
EXPECTED: Final = (
    Expected(
        Identity,
        "online, nothing was said",
        (("y", "ecdh-point"), FIRST[0]),
        (("b", "dh-member"), FIRST[1]),
    ),
    Expected(
        AuthR,
        "online, awaiting Auth-R",
        (("x", "ecdh-point"), FIRST[0]),
        (("a", "dh-member"), FIRST[1]),
    ),
    Expected(
        NonInteractiveAuth,
        "offline, published, nothing was said",
        (("x", "ecdh-point"), FIRST[0]),
        (("a", "dh-member"), FIRST[1]),
    ),
)
EACH: Final = pytest.mark.parametrize("expected", EXPECTED, ids=repr)


@EACH
def test_what_is_awaited_is_accepted(expected: Expected) -> None:
    stepped = expected.where.take(Receive(SUITE.encode(expected.message)))
    assert not failures(stepped)
    assert not quiet(stepped)


@EACH
def test_a_point_that_is_not_in_the_group_is_refused(expected: Expected) -> None:
    for (field, check), bad in product(expected.ecdh, BAD_POINTS.values()):
        wrong = SUITE.encode(replace(expected.message, **{field: bad}))
        stepped = expected.where.take(Receive(wrong))
        assert failures(stepped) == {check}
        assert stepped.outputs == ()
        assert harm(expected.where.conversation, stepped.conversation) <= ADOPTED


@EACH
def test_a_number_that_is_not_in_the_group_is_refused(expected: Expected) -> None:
    for (field, check), number in product(expected.dh, BAD_NUMBERS.values()):
        wrong = SUITE.encode(replace(expected.message, **{field: SUITE.element(number)}))
        stepped = expected.where.take(Receive(wrong))
        assert failures(stepped) == {check}
        assert stepped.outputs == ()
        assert harm(expected.where.conversation, stepped.conversation) <= ADOPTED


@AT_ANY
def test_points_and_numbers_of_no_group_do_no_harm_anywhere(station: Station) -> None:
    for expected in EXPECTED:
        message = expected.message
        for (field, _), bad in product(expected.ecdh, BAD_POINTS.values()):
            wrong = SUITE.encode(replace(message, **{field: bad}))
            stepped = station.take(Receive(wrong))
            assert harm(station.conversation, stepped.conversation) <= ADOPTED
        for (field, _), number in product(expected.dh, BAD_NUMBERS.values()):
            wrong = SUITE.encode(replace(message, **{field: SUITE.element(number)}))
            stepped = station.take(Receive(wrong))
            assert harm(station.conversation, stepped.conversation) <= ADOPTED


@pytest.mark.parametrize("bad", BAD_POINTS.values(), ids=BAD_POINTS.keys())
@pytest.mark.parametrize(
    ("field", "check"),
    [
        ("public_key", "profile-signed"),
        ("forging_key", "profile-forging-key"),
    ],
)
def test_a_profile_with_a_key_that_is_not_in_the_group(field: str, check: str, bad: Point) -> None:
    station = at("online, nothing was said")
    good = SUITE.long_term(b"m" * 57)
    keys = replace(good, public=bad) if field == "public_key" else replace(good, forging=bad)
    profile = SUITE.client_profile(keys, MALLORY_TAG, frozenset({4}), NOW + 99, SUITE.seed(b"s"))
    wrong = replace(mallorys(), profile=profile)
    stepped = station.take(Receive(SUITE.encode(wrong)))
    assert failures(stepped) == {check}
    assert not harm(station.conversation, stepped.conversation)


@pytest.mark.parametrize("sign", [0, 1])
def test_a_profile_whose_key_is_of_small_order_is_refused_though_it_is_signed(sign: int) -> None:
    """Under a key of order 4, a signature of nobody's verifies: R = G * S."""
    station = at("online, nothing was said")
    fields = records()
    fields[2] = record(2, b"\x10\0" + SUITE.to_bytes(coordinate(0, sign)))
    signature = ed448.BASE.encode() + ed448.encode_scalar(1)
    profile = formats.decode_client_profile(body(fields.values()) + signature)
    assert SUITE.profile_signed(profile)
    stepped = station.take(Receive(SUITE.encode(replace(mallorys(), profile=profile))))
    assert failures(stepped) == {"profile-key"}
    assert not harm(station.conversation, stepped.conversation)


def test_an_ensemble_with_values_of_no_group_is_refused() -> None:
    station = at("online, nothing was said")
    (good,) = client("bob", BOB_TAG).make_ensembles(1)
    keys = client("bob", BOB_TAG).account.keys
    assert isinstance(station.take(StartOffline(good)).outputs[0], Send)

    def refused(ensemble: PrekeyEnsemble) -> str:
        stepped = station.take(StartOffline(ensemble))
        (notice,) = stepped.outputs
        assert isinstance(notice, EnsembleRefused)
        assert not harm(station.conversation, stepped.conversation)
        assert failures(stepped) == {notice.because}
        return notice.because

    for bad in BAD_POINTS.values():
        wrong = replace(good, message=replace(good.message, y=bad))
        assert refused(wrong) == "prekey-ecdh-point"
        profile = SUITE.prekey_profile(keys, BOB_TAG, bad, NOW + 99)
        assert refused(replace(good, prekey_profile=profile)) == "shared-prekey-point"
    for number in BAD_NUMBERS.values():
        wrong = replace(good, message=replace(good.message, b=SUITE.element(number)))
        assert refused(wrong) == "prekey-dh-member"
    other = client("mallory", MALLORY_TAG)
    (theirs,) = other.make_ensembles(1)
    assert refused(replace(good, message=theirs.message)) == "ensemble-owners"
    assert refused(replace(good, client_profile=theirs.client_profile)) == "ensemble-owners"
    relabelled = replace(theirs.prekey_profile, owner_tag=BOB_TAG)
    assert refused(replace(good, prekey_profile=relabelled)) == "prekey-profile-signed"
    past = SUITE.prekey_profile(keys, BOB_TAG, A_POINT, NOW)
    assert refused(replace(good, prekey_profile=past)) == "prekey-profile-fresh"


# Scalars: any 57 bytes are one, modulo q.


def test_a_ring_signature_with_larger_scalars_is_the_same() -> None:
    station = at("online, awaiting Auth-R")
    message = awaited(station, AuthR)
    octets = SUITE.to_bytes(message.sigma)
    larger = b"".join(
        (ed448.decode_scalar(octets[at_ : at_ + 57]) + Q).to_bytes(57, "little")
        for at_ in range(0, len(octets), 57)
    )
    assert larger != octets
    accepted = station.take(Receive(SUITE.encode(message)))
    again = station.take(Receive(SUITE.encode(replace(message, sigma=SUITE.octets(larger)))))
    assert again.conversation.values() == accepted.conversation.values()
    assert again.outputs == accepted.outputs


@pytest.mark.parametrize("octet", [0, 1, 0x7F, 0x80, 0xFF])
def test_a_ring_signature_of_anything_is_refused(octet: int) -> None:
    for kind, name, check in (
        (AuthR, "online, awaiting Auth-R", "auth-r-sigma"),
        (AuthI, "private, awaiting Auth-I", "auth-i-sigma"),
        (NonInteractiveAuth, "offline, published, nothing was said", "non-interactive-sigma"),
    ):
        station = at(name if name.startswith("o") else f"online, {name}")
        wrong = replace(awaited(station, kind), sigma=SUITE.octets(bytes((octet,)) * 342))
        stepped = station.take(Receive(SUITE.encode(wrong)))
        assert failures(stepped) == {check}
        assert stepped.outputs == ()
        assert harm(station.conversation, stepped.conversation) <= ADOPTED


# Client profiles that are none.


def signed(body: bytes, name: str = "mallory") -> bytes:
    """A client profile of any body, with a valid signature."""
    return body + ed448.sign(name[:3].encode() * 19, body)


def with_profile(profile: bytes) -> bytes:
    """Mallory's Identity message with any bytes in the place of the profile."""
    message = mallorys()
    binary = opened(SUITE.encode(message))
    return enveloped(binary.replace(formats.encode_client_profile(message.profile), profile))


def record(kind: int, value: bytes) -> bytes:
    """A field of a client profile."""
    return kind.to_bytes(2, "big") + value


def records() -> dict[int, bytes]:
    """The fields of Mallory's profile, by their types."""
    profile = mallorys().profile
    return {
        1: record(1, MALLORY_TAG.to_bytes(4, "big")),
        2: record(2, b"\x10\0" + SUITE.to_bytes(profile.public_key)),
        3: record(3, b"\x12\0" + SUITE.to_bytes(profile.forging_key)),
        4: record(4, (1).to_bytes(4, "big") + b"4"),
        5: record(5, (NOW + 604800).to_bytes(8, "big")),
    }


def body(fields: Iterable[bytes], count: int | None = None) -> bytes:
    """The fields of a profile behind their number, or another."""
    listed = list(fields)
    return (len(listed) if count is None else count).to_bytes(4, "big") + b"".join(listed)


def test_a_profile_that_is_made_here_is_valid() -> None:
    station = at("online, nothing was said")
    made = signed(body(records().values()))
    assert made == formats.encode_client_profile(mallorys().profile)
    backwards = signed(body(reversed(records().values())))
    stepped = station.take(Receive(SUITE.wire(with_profile(backwards))))
    assert not failures(stepped)
    assert isinstance(SUITE.decode(stepped.outputs[0].wire), AuthR)  # type: ignore[union-attr]


@AT_ANY
def test_a_profile_that_cannot_be_read_does_no_harm(station: Station) -> None:
    fields = records()
    listed = list(fields.values())
    broken = [
        signed(body([*listed, listed[0]])),  # a field twice
        signed(body([*listed, record(4, (1).to_bytes(4, "big") + b"4")])),
        signed(body([*listed, record(8, b"")])),  # a field of no known type
        signed(body([*listed, record(0xFFFF, b"anything")])),
        signed(body([*listed, record(0, b"")])),
        *(signed(body(listed[:n] + listed[n + 1 :])) for n in range(5)),  # a field is missing
        signed(body([])),
        signed(body(listed, 0)),  # the number of fields is another
        signed(body(listed, 4)),
        signed(body(listed, 6)),
        signed(body(listed, 0xFFFFFFFF)),
        signed(body([*listed[:3], record(4, b"\xff\xff\xff\xff4"), listed[4]])),
        signed(body([*listed[:3], record(4, (99999).to_bytes(4, "big") + b"4" * 99999)])),
        signed(body([*listed, record(6, b"\0\0" + b"\xff" * 99)])),
        signed(body([*listed, record(7, b"too short")])),
        signed(body([listed[0], record(2, b"\x12\0" + bytes(57)), *listed[2:]])),
        b"",
        bytes(200),
        b"\xff" * 300,
    ]
    for profile in broken:
        wire = SUITE.wire(with_profile(profile))
        assert isinstance(SUITE.decode(wire), MalformedMessage)
        stepped = station.take(Receive(wire))
        assert not harm(station.conversation, stepped.conversation)
        assert quiet(stepped)


@pytest.mark.parametrize(
    ("fields", "check"),
    [
        ({5: (NOW).to_bytes(8, "big")}, "profile-fresh"),
        ({5: (NOW - 1).to_bytes(8, "big")}, "profile-fresh"),
        ({5: bytes(8)}, "profile-fresh"),
        ({5: b"\x80" + bytes(7)}, "profile-fresh"),
        ({5: b"\xff" * 8}, "profile-fresh"),
        ({5: b"\x7f" + b"\xff" * 7}, ""),
        ({5: (NOW + 1).to_bytes(8, "big")}, ""),
        ({4: (0).to_bytes(4, "big")}, "profile-versions"),
        ({4: (1).to_bytes(4, "big") + b"3"}, "profile-versions"),
        ({4: (3).to_bytes(4, "big") + b"\0x5"}, "profile-versions"),
        ({4: (2).to_bytes(4, "big") + b"34"}, ""),
        ({4: (4).to_bytes(4, "big") + b"4444"}, ""),
        ({1: BOB_TAG.to_bytes(4, "big")}, "profile-owner"),
        ({1: bytes(4)}, "profile-owner"),
    ],
)
def test_a_profile_that_is_not_valid_is_refused(fields: dict[int, bytes], check: str) -> None:
    station = at("online, nothing was said")
    listed = records() | {kind: record(kind, value) for kind, value in fields.items()}
    wire = SUITE.wire(with_profile(signed(body(listed.values()))))
    stepped = station.take(Receive(wire))
    assert failures(stepped) == ({check} if check else set())
    if check:
        assert stepped.outputs == ()
        assert not harm(station.conversation, stepped.conversation)


def test_a_profile_that_somebody_else_signed_is_refused() -> None:
    station = at("online, nothing was said")
    wire = with_profile(signed(body(records().values()), "bob"))
    stepped = station.take(Receive(SUITE.wire(wire)))
    assert failures(stepped) == {"profile-signed"}
    assert not harm(station.conversation, stepped.conversation)


# Messages of somebody who knows all that can be seen: anything of anything.


SEEN: Final = tuple(
    dict.fromkeys(
        message
        for station in STATIONS
        for message in map(SUITE.decode, station.encoded)
        if not isinstance(message, MalformedMessage | PrekeyMessage)
    )
)


def of(kind: type) -> list[Any]:
    """The messages of a kind that were seen."""
    return [message for message in SEEN if isinstance(message, kind)]


IDS: Final = st.one_of(st.integers(0, 6), st.sampled_from((999, 1000, 1001, 0xFFFFFFFF)))
POINTS: Final = st.sampled_from(
    [A_POINT, *BAD_POINTS.values(), *{m.fields.ecdh: None for m in of(DataMessage)}]
)
ELEMENTS: Final = st.sampled_from(
    [AN_ELEMENT, *map(SUITE.element, BAD_NUMBERS.values()), *(m.b for m in of(Identity))]
)
SIGMAS: Final = st.sampled_from([m.sigma for m in (*of(AuthR), *of(AuthI))])
HEADERS: Final = st.builds(Header, TAGS, TAGS) | st.just(Header(BOB_TAG, ALICE_TAG))
VALUES: Final[dict[str, st.SearchStrategy[Any]]] = {
    "header": HEADERS,
    "profile": st.sampled_from([m.profile for m in (*of(Identity), *of(AuthR))]),
    **dict.fromkeys(("y", "x", "first_ecdh", "ecdh"), POINTS),
    **dict.fromkeys(("b", "a", "first_dh"), ELEMENTS),
    "dh": st.none() | ELEMENTS,
    "sigma": SIGMAS,
    **dict.fromkeys(("pn", "ratchet_id", "message_id", "prekey_id"), IDS),
    "flags": st.integers(0, 255),
    "encrypted": SMALL.map(SUITE.octets),
}


def changes(record_: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Other values for some of the fields of a message."""
    names = [name for name in record_.__dataclass_fields__ if name in VALUES]
    return st.fixed_dictionaries({}, optional={name: VALUES[name] for name in names})


def forgeries() -> st.SearchStrategy[EncodedMessage]:
    """Messages like those that were seen, with other values in them."""

    def forged(message: Any) -> st.SearchStrategy[Any]:
        if isinstance(message, DataMessage):
            return changes(message.fields).map(
                lambda c: replace(message, fields=replace(message.fields, **c))
            )
        return changes(message).map(lambda c: replace(message, **c))

    return st.sampled_from(SEEN).flatmap(forged)


@settings(max_examples=250)
@given(EVERYWHERE, st.lists(forgeries(), min_size=1, max_size=6))
def test_anything_may_be_forged(station: Station, messages: list[EncodedMessage]) -> None:
    conversation = station.conversation
    for message in messages:
        if message in SEEN:
            continue
        stepped = station.endpoint.step(conversation, Receive(SUITE.encode(message)), NOW)
        conversation = stepped.conversation
        assert not any(isinstance(o, Shown) for o in stepped.outputs)
    assert not harm(station.conversation, conversation) & PROTECTED


# Counters that are absurd. Whoever does not know the keys cannot have them derived without end.


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


def last_data(station: Station) -> DataMessage:
    """The last Data Message that was sent to Alice, or one that was never sent."""
    found = [m for m in map(SUITE.decode, station.wires) if isinstance(m, DataMessage)]
    return found[-1] if found else of(DataMessage)[0]


LARGEST: Final = 0xFFFFFFFF


@AT_ANY
@pytest.mark.parametrize("ecdh", ["theirs", "new"])
def test_absurd_counters_cost_nothing(station: Station, ecdh: str) -> None:
    original = last_data(station)
    chain = station.session.chain
    theirs = original.fields.ecdh if chain is None else chain.their_ecdh
    skip = station.endpoint.config.max_skip
    counters = (0, 1, station.session.k, station.session.k + skip + 1, LARGEST - 1, LARGEST)
    for pn, ratchet_id, message_id in product(
        (0, station.session.k + skip + 1, LARGEST),
        (station.session.i, station.session.max_remote_i_seen % (1 << 32), LARGEST),
        counters,
    ):
        fields = replace(
            original.fields,
            header=Header(BOB_TAG, ALICE_TAG),
            ecdh=theirs if ecdh == "theirs" else A_POINT,
            dh=AN_ELEMENT if ratchet_id % 3 == 0 else None,
            pn=pn,
            ratchet_id=ratchet_id,
            message_id=message_id,
        )
        wire = SUITE.encode(replace(original, fields=fields))
        counts, conversation, _ = work(station, wire)
        assert harm(station.conversation, conversation) <= KEPT
        passed = max(pn, message_id) if ecdh == "new" else message_id
        if passed > station.session.k + skip:
            assert counts["next_chain_key"] == 0
        assert counts["next_chain_key"] <= 2 * skip + 2
        assert counts["ratchet"] <= 1


def test_the_most_that_a_data_message_can_cost() -> None:
    """All keys that may be skipped, of two ratchets, are derived before the MAC is found wrong."""
    station = at("online, private, his turn, keys skipped")
    session, original = station.session, last_data(station)
    most = station.endpoint.config.max_skip
    assert (most, session.i % 3 == 0) == (1000, False)
    wire = SUITE.encode(
        replace(
            original,
            fields=replace(
                original.fields,
                ecdh=A_POINT,
                dh=None,
                pn=session.k + most - session.skipped,
                ratchet_id=session.i,
                message_id=most,
            ),
        )
    )
    counts, conversation, rows = work(station, wire)
    assert harm(station.conversation, conversation) == set()
    assert rows < 10
    assert counts["next_chain_key"] == 2 * most - session.skipped + 1
    others = {name: count for name, count in counts.items() if name != "next_chain_key"}
    assert sum(others.values()) < 30
    assert others["ratchet"] == others["next_brace_key"] == others["message_keys"] == 1


@WHEN_PRIVATE
def test_a_ratchet_that_begins_out_of_turn_is_refused(station: Station) -> None:
    """It would be the next, but we have not said anything in ours."""
    session, original = station.session, last_data(station)
    for number in range(session.i + 4):
        fields = replace(
            original.fields,
            header=Header(BOB_TAG, ALICE_TAG),
            ecdh=A_POINT,
            dh=AN_ELEMENT if number % 3 == 0 else None,
            pn=0,
            ratchet_id=number,
            message_id=0,
        )
        counts, conversation, _ = work(station, SUITE.encode(replace(original, fields=fields)))
        assert harm(station.conversation, conversation) <= KEPT
        derived = number == session.i and not session.rotates
        assert counts["ratchet"] == counts["message_keys"] == derived


# A peer who is authenticated, and sends what they should not.


class Crafting(RealSuite):
    """Writes Data Messages with anything in them, under a MAC that is right.

    Attributes:
        plain: what is encrypted; None: what it should be.
        changes: other values for the fields.
    """

    def __init__(self, plain: bytes | None = None, **fields: Any) -> None:
        self.plain = plain
        self.fields = fields
        self.key: Any = None

    def content_octets(self, content: Content) -> bytes:
        """Anything."""
        return super().content_octets(content) if self.plain is None else self.plain

    def data_mac(self, key: Any, body: Any) -> Any:
        """As always, and the key is remembered."""
        self.key = key
        return super().data_mac(key, body)

    def encode(self, message: Any) -> Any:
        """Other fields, and the MAC made anew."""
        if isinstance(message, DataMessage):
            fields = replace(message.fields, **self.fields)
            mac = super().data_mac(self.key, self.data_body(fields))
            message = replace(message, fields=fields, authenticator=mac)
        return super().encode(message)


def crafted(station: Station, plain: bytes | None = None, **changes_: Any) -> Wire:
    """The next Data Message of Bob's, which Alice can decrypt, with anything in it."""
    peer = Endpoint(Crafting(plain, **changes_), station.peer.config)
    stepped = peer.step(station.theirs, text(b"text"), NOW, ALICE_TAG)
    (wire,) = (output.wire for output in stepped.outputs if isinstance(output, Send))
    return wire


def caught_up(station: Station) -> Conversation:
    """Alice's conversation when all that waits has arrived."""
    conversation = station.conversation
    for wire in station.waiting:
        conversation = station.endpoint.step(conversation, Receive(wire), NOW).conversation
    return conversation


def tlv(kind: int, value: bytes, size: int | None = None) -> bytes:
    """A TLV, perhaps with a false length."""
    length = len(value) if size is None else size
    return kind.to_bytes(2, "big") + length.to_bytes(2, "big") + value


RECORDS: Final = st.builds(
    tlv,
    st.one_of(st.integers(0, 9), st.integers(0, 0xFFFF)),
    st.binary(max_size=40),
    st.one_of(st.none(), st.integers(0, 0xFFFF)),
)
PLAINS: Final = st.one_of(
    st.binary(max_size=200),
    st.builds(
        lambda said, listed: said + b"\0" + b"".join(listed),
        st.sampled_from((b"", b"text")),
        st.lists(RECORDS, max_size=5),
    ),
)


@settings(max_examples=300)
@given(st.sampled_from(PRIVATE), PLAINS)
def test_a_peer_may_encrypt_anything(station: Station, plain: bytes) -> None:
    stepped = station.take(Receive(crafted(station, plain)))
    said = plain.partition(b"\0")[0]
    shown = [output for output in stepped.outputs if isinstance(output, Shown)]
    assert [SUITE.to_bytes(notice.text) for notice in shown] == ([said] if said else [])
    session = stepped.conversation.members[BOB_TAG]
    assert session.message in {Msg.ENCRYPTED_MESSAGES, Msg.FINISHED}
    assert (session.chain is None) == (session.message is Msg.FINISHED)


@settings(max_examples=300)
@given(
    st.sampled_from(PRIVATE),
    st.fixed_dictionaries(
        {},
        optional={
            **{name: VALUES[name] for name in ("pn", "ratchet_id", "message_id", "dh", "flags")},
            "ecdh": st.sampled_from(list(BAD_POINTS.values())),
        },
    ),
)
def test_a_peer_may_put_anything_into_a_data_message(
    station: Station, values: dict[str, Any]
) -> None:
    """Of the counters one is not checked: a peer may deceive itself about the ratchet id."""
    stepped = station.take(Receive(crafted(station, **values)))
    if not any(isinstance(output, Shown) for output in stepped.outputs):
        assert harm(station.conversation, stepped.conversation) <= KEPT
        assert quiet(stepped)
    else:
        bobs = station.theirs.current
        number = 0 if bobs.rotates else bobs.j
        assert "ecdh" not in values
        assert values.get("message_id", number) == number
    later = station.endpoint.step(stepped.conversation, text(b"and on we go"), NOW)
    later = station.endpoint.step(later.conversation, End(), NOW)
    assert later.conversation.members[BOB_TAG].message is Msg.START


@pytest.mark.parametrize("kind", [2, 3, 4, 5])
@settings(max_examples=60)
@given(station=st.sampled_from(PRIVATE), values=st.data())
def test_a_peer_may_send_any_values_in_smp(
    station: Station, kind: int, values: st.DataObject
) -> None:
    points = st.sampled_from([A_POINT, *BAD_POINTS.values()]).map(SUITE.to_bytes)
    scalars = st.binary(min_size=57, max_size=57) | st.sampled_from(
        [(0).to_bytes(57, "little"), Q.to_bytes(57, "little"), b"\xff" * 57]
    )
    shape = {2: "psspss", 3: "psspssppsss", 4: "ppssspss", 5: "pss"}[kind]
    value = b"".join(values.draw(points if each == "p" else scalars) for each in shape)
    question = (4).to_bytes(4, "big") + b"why?" if kind == 2 else b""
    wire = crafted(station, b"\0" + tlv(kind, question + value))
    counts, conversation, _ = work(station, wire)
    session = conversation.members[BOB_TAG]
    assert session.message is Msg.ENCRYPTED_MESSAGES
    assert session.smp is Smp.EXPECT1
    assert not session.smp_asked or session.smp_1_received == station.session.smp_1_received
    assert counts["scale"] <= 3


@WHEN_PRIVATE
def test_extra_keys_of_one_message_are_few(station: Station) -> None:
    most = station.endpoint.config.max_extra_keys
    plain = b"\0" + tlv(7, b"\0\0\0\x01what for") * 30
    stepped = station.take(Receive(crafted(station, plain)))
    keys = [output for output in stepped.outputs if isinstance(output, ExtraKey)]
    assert len(keys) == 30
    assert most == 10
    derived = [notice.derived for notice in keys]
    assert None not in derived[:most]
    assert set(derived[most:]) == {None}
    assert len({notice.key for notice in keys}) == 1
    assert len(set(derived[:most])) == most


@WHEN_PRIVATE
@pytest.mark.parametrize("kind", range(10))
def test_a_flood_of_tlvs_is_looked_at_in_part(station: Station, kind: int) -> None:
    most = station.endpoint.config.max_tlvs
    assert most == 64
    at_most, conversation, rows = work(station, crafted(station, b"\0" + tlv(kind, b"") * most))
    more, same, as_many = work(station, crafted(station, b"\0" + tlv(kind, b"") * 30 * most))
    assert (at_most, rows) == (more, as_many)
    kept = {slot: getattr(conversation.members[BOB_TAG], slot) for slot in PROTECTED - {"chain"}}
    for slot, value in kept.items():
        assert getattr(same.members[BOB_TAG], slot) == value, slot
    assert sum(more.values()) < 40 + 15 * most


# Users who ask for what cannot be.

TEXTS: Final = st.binary(max_size=80)
COMMANDS: Final = st.one_of(
    st.builds(Start),
    st.builds(StartDake),
    st.builds(End),
    st.builds(Heartbeat),
    st.builds(AbortSmp),
    st.builds(text, TEXTS),
    st.builds(lambda use, octets: UseExtraKey(use, SUITE.octets(octets)), st.integers(0, 9), TEXTS),
    st.builds(lambda typed: AnswerSmp(secret(typed)), TEXTS),
    st.builds(lambda typed, asked: StartSmp(secret(typed), SUITE.octets(asked)), TEXTS, TEXTS),
)


@settings(max_examples=300)
@given(EVERYWHERE, st.lists(COMMANDS, min_size=1, max_size=4))
def test_a_user_may_ask_for_anything_at_any_time(station: Station, commands: list[Command]) -> None:
    conversation = station.conversation
    for command in commands:
        if isinstance(command, SendText) and b"\0" in SUITE.to_bytes(command.text):
            with pytest.raises(Malformed, match="contains a NUL"):
                station.endpoint.step(conversation, command, NOW)
        else:
            conversation = station.endpoint.step(conversation, command, NOW).conversation
    station.endpoint.step(conversation, Tick(), NOW + 1_000_000)


@AT_ANY
def test_a_text_with_a_nul_is_refused_before_anything_happens(station: Station) -> None:
    with pytest.raises(Malformed) as refusal:
        station.take(text(b"text\0more"))
    assert refusal.value.reason == "contains a NUL"


@AT_ANY
def test_what_is_too_long_for_its_field_is_refused(station: Station) -> None:
    long, longest = SUITE.octets(b"x" * 0x10000), SUITE.octets(b"x" * (0xFFFF - 4))
    private = station.conversation.current.message is Msg.ENCRYPTED_MESSAGES
    for command in (
        UseExtraKey(1, long),
        UseExtraKey(1 << 32, SUITE.octets(b"")),
        UseExtraKey(-1, SUITE.octets(b"")),
        StartSmp(secret(b"x"), long),
    ):
        with pytest.raises(Malformed) if private else nullcontext():
            station.take(command)
    station.take(UseExtraKey(0xFFFFFFFF, longest))


@AT_ANY
def test_an_instance_that_is_not_there_is_refused(station: Station) -> None:
    for command in (Start(), text(b"hi"), End(), AbortSmp(), Heartbeat()):
        with pytest.raises(UnknownInstance, match="no session with instance 0x9999"):
            station.take(command, to=0x9999)


def test_a_text_that_does_not_fit_into_fragments_is_refused_in_every_state() -> None:
    long = b"A" * 2_000_000
    for mode, require in product(Mode, (False, True)):
        talk = Talk("too long", replace(POLICY, require_encryption=require), mode, max_size=80)
        with pytest.raises(Oversized):
            talk.alices(text(long))
        talk.alices(StartDake())
        with pytest.raises(Oversized):
            talk.alices(text(long))
        talk.settle()
        assert talk.alice.conversation.current.message is Msg.ENCRYPTED_MESSAGES
        with pytest.raises(Oversized):
            talk.alices(text(long))
        talk.alices(text(long[:500_000]))


# How much work it is. Operations of the suite are counted, since time says nothing here.

LARGE: Final[dict[str, Callable[[int], bytes]]] = {
    "not closed": lambda n: b"?OTR:" + b"A" * n,
    "zeros": lambda n: b"?OTR:" + b"A" * n + b".",
    "a text": lambda n: b"x" * n,
    "question marks": lambda n: b"?" * n,
    "markers": lambda n: b"?OTR" * (n // 4),
    "a long query": lambda n: b"?OTRv" + b"34" * (n // 2) + b"?",
    "a long error": lambda n: b"?OTR Error:ERROR_1: " + b"x" * n,
    "tags": lambda n: TAG_TEXT * (n // 16),
    "tags of version 4": lambda n: TAG_TEXT + FOUR * (n // 8),
    "a data message": lambda n: headed(4, 3, BOB_TAG, ALICE_TAG, b"\xff" * n),
    "an identity message": lambda n: headed(4, 0x35, BOB_TAG, ALICE_TAG, b"\x00" * n),
    "a fragment": lambda n: b"?OTR|1|2002|1001,1,2," + b"x" * n + b",",
    "the only fragment": lambda n: b"?OTR|1|2002|1001,1,1," + b"x" * n + b",",
    "bars": lambda n: b"?OTR" + b"|" * n,
    "commas": lambda n: b"?OTR|1|2002|1001" + b"," * n,
}


@AT_ANY
def test_a_larger_message_asks_for_no_more_operations(station: Station) -> None:
    for junk in LARGE.values():
        small, _, few = work(station, SUITE.wire(junk(64)))
        large, _, many = work(station, SUITE.wire(junk(200_000)))
        assert (small, few) == (large, many)
        assert sum(large.values()) < 40


@AT_ANY
def test_what_one_message_can_cost(station: Station) -> None:
    """But for keys that are skipped, a few dozen operations; the costly ones are counted."""
    messages = [*(expected.message for expected in EXPECTED), *SEEN]
    for message in messages:
        counts, _, rows = work(station, SUITE.encode(message))
        assert sum(counts.values()) < 80
        assert rows < 25
        fresh = counts["fresh_ecdh"] + counts["fresh_dh"]
        assert fresh <= 4
        assert counts["ring_verified"] + counts["ring_sign"] <= 2
        assert counts["in_dh_group"] <= 2
        assert counts["scale"] <= 8


def test_a_query_is_what_costs_most_for_its_size() -> None:
    for station in STATIONS:
        counts, conversation, _ = work(station, QUERY)
        assert counts["fresh_ecdh"] == counts["fresh_dh"] <= 2
        assert sum(counts.values()) < 10
        assert not harm(station.conversation, conversation) & PROTECTED


def test_many_queries_leave_one_exchange() -> None:
    station = at("online, nothing was said")
    counts, conversation, _ = work(station, *[QUERY] * 50)
    assert counts["fresh_ecdh"] == 100
    sizes = [len(pickle.dumps(c)) for c in (work(station, QUERY)[1], conversation)]
    assert sizes[1] < sizes[0] + 20
    assert conversation.members.keys() == {0}


# Fragments that never make a message.


def fragment(number: int, index: int, total: int, piece: bytes) -> Wire:
    """A fragment from Bob."""
    return SUITE.wire(b"?OTR|%x|2002|1001,%d,%d,%b," % (number, index, total, piece))


@AT_ANY
def test_fragments_that_make_no_sense_change_nothing(station: Station) -> None:
    for index, total in ((0, 1), (1, 0), (0, 0), (2, 1), (65535, 1), (9, 8)):
        stepped = station.take(Receive(fragment(0x5555, index, total, b"x")))
        assert not harm(station.conversation, stepped.conversation)
        assert stepped.outputs == ()
    for wire in (
        fragment(0x5555, 1, 65536, b"x"),
        fragment(0x5555, 100000, 100000, b"x"),
        fragment(0x5555, 1, 65535, b""),
        SUITE.wire(b"?OTR|1|2002|1001,-1,2,x,"),
        SUITE.wire(b"?OTR|1|2002|1001,1,2,x"),
        SUITE.wire(b"?OTR|1|2002|1001,1,2"),
        SUITE.wire(b"?OTR|1|2002|123456789,1,2,x,"),
        SUITE.wire(b"?OTR|123456789|2002|1001,1,2,x,"),
    ):
        stepped = station.take(Receive(wire))
        assert not harm(station.conversation, stepped.conversation)
        assert quiet(stepped)


def test_fragments_ask_for_the_same_work_each() -> None:
    station = at("online, private, her turn")
    wires = [fragment(1, 65535 - k, 65535, b"xy") for k in range(2000)]
    counts, conversation, rows = work(station, *wires)
    assert rows == 2 * len(wires)
    assert counts == {"decode": len(wires), "size": len(wires), "piece": len(wires)}
    (held,) = conversation.assemblies.values()
    assert (held.held_count, held.held_size) == (len(wires), 2 * len(wires))
    assert harm(station.conversation, conversation) == {"assemblies"}
    received = sum(len(SUITE.to_bytes(wire)) for wire in wires)
    assert len(pickle.dumps(held)) < received


def test_a_message_in_thousands_of_fragments_is_put_together_from_any_order() -> None:
    station = at("online, private, his turn, keys skipped")
    octets = SUITE.to_bytes(crafted(station, b"text\0" + tlv(0, bytes(1500))))
    assert len(octets) > 2000
    wires = [
        fragment(1, place + 1, len(octets), octets[place : place + 1])
        for place in range(len(octets))
    ]
    counts, conversation, rows = work(station, *wires[::2], *wires[::-2])
    assert counts["join"] == counts["data_mac"] == 1
    assert rows < 2 * len(wires) + 20
    assert conversation.assemblies == {}
    assert conversation.members[BOB_TAG].skipped == station.session.skipped + 1


def test_a_total_that_changes_forgets_what_was_held() -> None:
    station = at("online, private, her turn")
    wires = [fragment(1, 1, 3, b"a"), fragment(1, 2, 3, b"b"), fragment(1, 3, 4, b"c")]
    counts, conversation, _ = work(station, *wires)
    assert counts["join"] == 0
    assert conversation.assemblies == {}
    again = [fragment(1, 1, 2, b"a"), fragment(1, 1, 2, b"other"), fragment(1, 1, 2, b"a")]
    _, conversation, _ = work(station, *again)
    (held,) = conversation.assemblies.values()
    assert (held.held_count, held.held_size) == (1, 1)


def test_assemblies_are_few_and_the_oldest_makes_room() -> None:
    station = at("online, private, her turn")
    conversation, most = station.conversation, station.endpoint.config.max_assemblies
    assert most == 20
    for number in range(3000):
        wire = fragment(number, 1, 65535, b"%d" % number)
        conversation = station.endpoint.step(conversation, Receive(wire), NOW).conversation
        assert len(conversation.assemblies) <= most
    kept = [number for number in range(3000) if BOB_TAG << 32 | number in conversation.assemblies]
    assert len(kept) == most
    assert kept == list(range(3000 - len(kept), 3000))
    later = station.endpoint.step(conversation, Tick(), NOW + 600).conversation
    assert later.assemblies == {}


def test_what_is_held_of_fragments_is_bounded() -> None:
    bound = Variant("small", edits=(SetParameter("max_stored", 1000),))
    station = at("online, private, her turn")
    endpoint = Endpoint(SUITE, station.endpoint.config, bound)
    conversation, most = station.conversation, 0
    for k in range(1, 40):
        given_ = Receive(fragment(1, k, 99, b"x" * 90))
        conversation = endpoint.step(conversation, given_, NOW).conversation
        held = [a.held_size for a in conversation.assemblies.values()]
        most = max(most, *held, 0)
    assert most == 990
    huge = Receive(fragment(2, 1, 2, b"x" * 1001))
    after = endpoint.step(station.conversation, huge, NOW).conversation
    assert after.assemblies == {}


# Floods.


def test_instances_are_bounded_and_private_ones_stay() -> None:
    station = at("online, private, her turn")
    conversation, most = station.conversation, station.endpoint.config.max_instances
    assert most == 100
    data = last_data(station)
    for tag in range(0x10000, 0x10000 + 300):
        strange = replace(data, fields=replace(data.fields, header=Header(tag, ALICE_TAG)))
        stepped = station.endpoint.step(conversation, Receive(SUITE.encode(strange)), NOW)
        conversation = stepped.conversation
        assert len(conversation.members) <= most + 1
        assert tag in conversation.members
    assert {0, BOB_TAG} < conversation.members.keys()
    assert min(conversation.members.keys() - {0, BOB_TAG}) == 0x10000 + 300 - (most - 1)
    assert not harm(station.conversation, conversation) & PROTECTED


def test_messages_that_come_before_their_dake_are_few() -> None:
    station = at("online, awaiting Auth-I")
    most = station.endpoint.config.max_early
    assert most == 100
    data = last_data(station)
    wires = [
        SUITE.encode(
            replace(
                data,
                fields=replace(data.fields, header=Header(BOB_TAG, ALICE_TAG), message_id=number),
            )
        )
        for number in range(2 * most)
    ]
    counts, conversation, _ = work(station, *wires)
    member = conversation.members[BOB_TAG]
    assert (member.early, len(member.early_messages or ())) == (most, most)
    assert counts["next_chain_key"] == 0
    auth_i = next(
        wire
        for wire in at("online, private, her turn").heard
        if isinstance(SUITE.decode(wire), AuthI)
    )
    later, rows = counting()
    stepped = Endpoint(later, station.endpoint.config).step(conversation, Receive(auth_i), NOW)
    after = stepped.conversation.members[BOB_TAG]
    assert (after.message, after.early) == (Msg.ENCRYPTED_MESSAGES, 0)
    assert len(stepped.trace) < 10 + 5 * most
    assert rows["ratchet"] <= most + 1


@AT_ANY
def test_the_same_message_again_and_again_asks_for_the_same_work_each(station: Station) -> None:
    for message in (*(expected.message for expected in EXPECTED), *of(AuthI)[:2]):
        wire = SUITE.encode(message)
        _, once, _ = work(station, wire)
        counts, often, _ = work(station, *[wire] * 10)
        assert sum(counts.values()) < 10 * 80
        assert counts["mixed"] + counts["mixed_by_publisher"] <= 10
        assert not harm(once, often) & PROTECTED


def test_texts_that_wait_are_few() -> None:
    talk = Talk("waiting", mode=Mode.STANDALONE)
    for number in range(150):
        talk.alices(text(b"%d" % number))
    conversation = talk.alice.conversation
    assert (conversation.queued, len(conversation.queue or ())) == (100, 100)
    assert len(talk.bob.waiting) == 1


# Configurations, variants and policies.


def configured(**changes_: Any) -> Endpoint:
    """Alice's endpoint, with another configuration."""
    config = replace(at("online, nothing was said").endpoint.config, **changes_)
    return Endpoint(SUITE, config)


@pytest.mark.parametrize("tag", [-1, 0, 0xFF, 0x100000000])
def test_a_tag_that_is_not_valid_is_refused(tag: int) -> None:
    with pytest.raises(BadConfig, match="our_tag"):
        configured(our_tag=tag, profiles=())


def test_profiles_of_another_tag_are_refused() -> None:
    with pytest.raises(BadConfig, match="owner"):
        configured(our_tag=BOB_TAG)


def test_version_4_without_a_profile_is_refused() -> None:
    with pytest.raises(BadConfig, match="there is none"):
        configured(profiles=())
    assert configured(profiles=(), allow_v4=False).config.profiles == ()


@pytest.mark.parametrize("size", [-1, 1, 79])
def test_a_size_that_carries_too_little_is_refused(size: int) -> None:
    with pytest.raises(BadConfig, match="max_size"):
        configured(max_size=size)


@pytest.mark.parametrize(("name", "value"), [("heartbeat_interval", 0), ("max_skip", 0)])
def test_a_parameter_that_makes_no_sense_is_refused(name: str, value: int) -> None:
    config = at("online, nothing was said").endpoint.config
    with pytest.raises(BadConfig, match=name):
        Endpoint(SUITE, config, Variant("none", edits=(SetParameter(name, value),)))


@pytest.mark.parametrize(
    "edit",
    [
        DropRow("otrv4.dake:identity.nowhere"),
        SkipCheck(Check3.COMMITMENT_OPENS),
        SetParameter("patience", 1),
    ],
)
def test_a_variant_of_what_does_not_exist_is_refused(edit: Any) -> None:
    with pytest.raises(BadVariant):
        Endpoint(SUITE, at("online, nothing was said").endpoint.config, Variant("x", edits=(edit,)))


def test_without_an_endpoint_of_version_3_there_is_no_version_3() -> None:
    endpoint = configured(allow_v3=True, version_3=None)
    for wire in (
        b"?OTRv3?",
        b"?OTRv23?",
        b"?OTR:AAMC.",
        b"?OTR|1|2,1,1,x,",
        TAG_TEXT + b"  \t\t  \t\t",
    ):
        for station in STATIONS:
            stepped = endpoint.step(station.conversation, Receive(SUITE.wire(wire)), NOW)
            assert stepped.conversation.version_3 is None
    (query,) = endpoint.step(endpoint.begin(), Start(), NOW).outputs
    assert isinstance(query, Send)
    assert SUITE.decode(query.wire) == Query(frozenset({4}))


FLAGS: Final = tuple(Policy.__dataclass_fields__)
POLICIES: Final = tuple(
    {flag: (flag in others) != usual for flag in FLAGS}
    for usual, most in ((False, 2), (True, 1))
    for count in range(most + 1)
    for others in combinations(FLAGS, count)
)
"""Every two flags set and no other, and every one not set and all others."""


@pytest.mark.parametrize("mode", Mode)
def test_every_policy_takes_every_input(mode: Mode) -> None:
    inputs: list[Input] = [
        Start(),
        StartDake(),
        text(b"hello"),
        End(),
        Heartbeat(),
        AbortSmp(),
        Tick(),
        Receive(SUITE.encode(mallorys())),
        Receive(at("online, private, his turn, keys skipped").wires[-1]),
        Receive(QUERY),
        Receive(SUITE.wire(b"hello" + TAG_TEXT + FOUR)),
        Receive(SUITE.wire(b"hello")),
        Receive(SUITE.wire(b"?OTR Error:ERROR_2: what?")),
    ]
    for policy in POLICIES:
        endpoint = configured(**policy, mode=mode.number)
        begun = endpoint.step(endpoint.begin(), text(b"first"), NOW).conversation
        for given_ in inputs:
            stepped = endpoint.step(begun, given_, NOW)
            if not policy["allow_v4"] and isinstance(given_, Receive):
                assert stepped.outputs == (Unprocessed(given_.wire),)
                assert stepped.conversation.values() == begun.values()


def test_everything_fits_into_the_smallest_fragments() -> None:
    talk = Talk("smallest", max_size=80)
    talk.alices(Start())
    talk.settle()
    talk.alices(text(b"hello" * 50))
    talk.bobs(StartSmp(secret(b"apple"), SUITE.octets(b"why?")))
    talk.settle()
    talk.alices(AnswerSmp(secret(b"apple")))
    talk.settle()
    session = talk.alice.conversation.current
    assert (session.message, session.smp) == (Msg.ENCRYPTED_MESSAGES, Smp.EXPECT1)
    heard = [*talk.alice.heard, *talk.bob.heard]
    assert max(len(SUITE.to_bytes(wire)) for wire in heard) == 80
    assert sum(isinstance(m, Fragment) for m in map(SUITE.decode, heard)) > 200
    assert talk.alice.conversation.assemblies == talk.bob.conversation.assemblies == {}
