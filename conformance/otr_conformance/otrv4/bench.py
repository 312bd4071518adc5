"""How fast the reference of OTRv4 is beside the bare cryptography that it needs: its floor.

There is no other implementation to run beside it, so that it is held against itself without its
tables, engine, codecs and records. The phases of one run, each timed as a whole, are

    dake      from Alice's query message until both are private, both sides
    offline   Alice starts with Bob's prekey ensemble; Bob receives her message; both sides
    send      100 texts within a ratchet, on the side that sends
    receive   the same, on the side that receives
    pingpong  9 texts each way, strictly alternating: each rotates keys, one in three with new DH
    smp       SMP with equal secrets, from the start until both have succeeded, both sides

Not timed: long-term keys, profiles and prekey ensembles, which are made before.

**The floor.** Every run is repeated with suites that record each operation that they are asked
for, with its arguments. All random values come from seeds, so that it says the same, byte by byte;
that is checked. `Floor` turns what was recorded into the primitives that no implementation could
do without: the calls of `ed448`, `dh3072`, `shake` and `chacha` with these arguments. Those calls
are then timed alone, prepared beforehand, those of one primitive after another.

A primitive is: a multiplication on the curve, by a secret or a public scalar; an addition; the
encoding of a point that was computed; the decoding of one that came from the peer, and the test of
its order; a D-H power and the test of membership; signing and verifying with Ed448; SHAKE-256 of
one input, prepared; ChaCha20 of one text. A point or a D-H key is decoded and tested once, however
often it is used, as the reference remembers what came lately. Both ends are in one process and
share that memory, in ours as in the floor.

All else is overhead: tables and engine, framing, base-64, fields, sums and products modulo q,
concatenation in front of a hash, comparing in constant time, the points of our own that the
reference encodes and decodes again, and the multiplication by which RSig finds our place in a ring.

What is timed is the process's own time on the processor. Ours and floor alternate. What a text
within a ratchet takes beyond the floor is said of the median text, so that the few that something
interrupts do not count: the sum of all is in the phase.

**Work.** What one received byte can buy: for messages of each kind the one, of those that we know,
that makes a receiver do most, in a state in which it does. It is timed with nothing remembered.
"""

from __future__ import annotations

import gc
import secrets
import statistics
from collections import Counter, deque
from dataclasses import dataclass, replace
from functools import partial
from operator import add, mul
from time import process_time
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from otr_conformance.bench import TOTAL, Bench, Comparison, Cost, NotDone, Phase, Work
from otr_model.kernel.words import Word
from otr_model.otrv4.groups4 import ED448
from otr_model.otrv4.usages import Usage
from otr_model.otrv4.words import Mode
from otr_reference import dh3072, ed448
from otr_reference.arith import Number
from otr_reference.chacha import KEY_OCTETS, cipher
from otr_reference.codec import count_octets
from otr_reference.derive import derived
from otr_reference.errors import Malformed
from otr_reference.otrv4 import wire as formats
from otr_reference.otrv4.chat import Client
from otr_reference.otrv4.commands import Receive
from otr_reference.otrv4.messages import DataMessage, NonInteractiveAuth, TaggedPlaintext
from otr_reference.otrv4.notices import Secured, Shown, SmpStage, SmpStaged
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.ring import RANDOMS
from otr_reference.otrv4.session import Policy
from otr_reference.otrv4.suite import Suite
from otr_reference.shake import shake256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from otr_reference.otrv4.chat import Chat, Heard
    from otr_reference.otrv4.messages import ClientProfile, PrekeyProfile
    from otr_reference.otrv4.session import Conversation
    from otr_reference.otrv4.suite import (
        CoordinatesProof,
        DhPair,
        EcdhPair,
        Proof,
        Ring,
        Transcript,
    )
    from otr_reference.sorts import Element, Exponent, Key, Octets, Point, Scalar, Sort

__all__ = [
    "BENCH",
    "FREE",
    "LEAST_FRAGMENT",
    "PHASES",
    "TEXT",
    "TEXTS",
    "TURNS",
    "Asked",
    "Floor",
    "Primitive",
    "Run",
    "compare",
    "hardest",
    "recording",
    "run_floor",
    "run_ours",
    "run_recorded",
]

TEXTS: Final = 100
"""Texts within a ratchet."""
TURNS: Final = 9
"""Texts each way that alternate: the third, sixth and ninth rotation of each side has new DH."""
TEXT: Final = b"A text of sixty-four bytes, which is what people type in a chat."
PHASES: Final[Mapping[str, int]] = {
    "dake": 0,
    "offline": 0,
    "send": TEXTS,
    "receive": TEXTS,
    "pingpong": 2 * TURNS,
    "smp": 0,
}
"""The phases, each with the number of texts in it."""
LEAST_FRAGMENT: Final = 80
"""Bytes: the messages of every phase can be sent in fragments of this size."""

_BETWEEN: Final = "between"
"""What is done between phases: it is recorded, since the floor remembers points from there."""
_SECRET: Final = b"the secret that both know"
_SUITE: Final = RealSuite()
_POLICY: Final = Policy(allow_v3=False)
_NOW: Final = 1_700_000_000
_DAY: Final = 86400
_TAGS: Final = (0x1001, 0x2002)
_SEED_OCTETS: Final = 32


def compare(runs: int, fragment: int, told: Callable[[str], None]) -> Comparison:
    """Measure the reference and its floor in turn.

    Args:
        runs: of each, 1 or more. One that is not counted goes before them.
        fragment: the largest size of a message in bytes, `LEAST_FRAGMENT` or more; 0: no limit.
        told: called as each run begins.

    Raises:
        NotDone: if the reference does not do what is measured, or does not do the same twice.
    """
    ours: list[Run] = []
    floors: list[dict[str, Timed]] = []
    work: list[tuple[Work, ...]] = []
    run_ours(secrets.token_bytes(_SEED_OCTETS), fragment)
    for number in range(1, runs + 1):
        told(f"{number} of {runs}")
        seed = secrets.token_bytes(_SEED_OCTETS)
        run = run_ours(seed, fragment)
        asked, said = run_recorded(seed, fragment)
        _demand(said == run.said, "the recorded run is not the run that was timed")
        ours.append(run)
        floors.append(run_floor(asked))
        work.append(hardest(secrets.token_bytes(_SEED_OCTETS)))
    phases = tuple(_phase(name, texts, ours, floors) for name, texts in PHASES.items())
    return Comparison(runs, fragment, "", (*phases, _total(ours, floors)), _medians_of_work(work))


def _phase(
    name: str,
    texts: int,
    ours: Sequence[Run],
    floors: Sequence[Mapping[str, Timed]],
) -> Phase:
    """The medians of a phase; its costs are in the order of their size."""
    parts = [floor[name] for floor in floors]
    single = [seconds for run in ours for seconds in run.single.get(name, ())]
    costs = [
        Cost(
            primitive.meaning,
            parts[0][primitive][0],
            statistics.median(part[primitive][1] for part in parts if primitive in part),
        )
        for primitive in parts[0]
    ]
    return Phase(
        name,
        statistics.median(run.spent[name] for run in ours),
        None,
        floor=statistics.median(_spent(part) for part in parts),
        texts=texts,
        each=statistics.median(single) if single else None,
        costs=tuple(sorted(costs, key=lambda cost: -cost.seconds)),
    )


def _total(
    ours: Sequence[Run],
    floors: Sequence[Mapping[str, Timed]],
) -> Phase:
    """The medians of whole runs."""
    return Phase(
        TOTAL,
        statistics.median(sum(run.spent.values()) for run in ours),
        None,
        floor=statistics.median(sum(_spent(floor[name]) for name in PHASES) for floor in floors),
    )


def _spent(part: Timed) -> float:
    """The seconds of all primitives of a phase."""
    return sum(seconds for _calls, seconds in part.values())


def _medians_of_work(runs: Sequence[tuple[Work, ...]]) -> tuple[Work, ...]:
    """The same messages, with the medians of what they cost."""
    return tuple(
        replace(same[0], seconds=statistics.median(each.seconds for each in same))
        for same in zip(*runs, strict=True)
    )


def _demand(done: bool, complaint: str) -> None:  # noqa: FBT001 - a condition, as in assert
    if not done:
        raise NotDone(complaint)


# --- Ours -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Run:
    """A run that was timed.

    Attributes:
        spent: the seconds of each phase.
        single: the seconds of each text, where texts are timed one by one.
        said: every message.
    """

    spent: Mapping[str, float]
    single: Mapping[str, Sequence[float]]
    said: Sequence[bytes]


def run_ours(seed: bytes, fragment: int = 0) -> Run:
    """Time each phase, in one run with new endpoints.

    Raises:
        NotDone: if a phase does not come to its end.
    """
    table = _Table(seed, fragment)
    spent: dict[str, float] = {}
    ed448.decode.cache_clear()
    gc.collect()
    for name, work in table.phases():
        begun = process_time()
        work()
        spent[name] = process_time() - begun
    return Run({name: spent[name] for name in PHASES}, table.single, table.said)


def run_recorded(seed: bytes, fragment: int = 0) -> tuple[dict[str, list[Asked]], list[bytes]]:
    """What the suites of both ends are asked for in each phase, and between, and all that was said.

    Raises:
        NotDone: if a phase does not come to its end.
    """
    asked: list[Asked] = []
    table = _Table(seed, fragment, asked)
    found: dict[str, list[Asked]] = {}
    for name, work in table.phases():
        asked.clear()
        work()
        found[name] = asked.copy()
    return found, table.said


class _Pair:
    """Alice and Bob, with nothing between them but a queue.

    Attributes:
        clients: Alice's, then Bob's, as in what follows.
        chats: their conversations with one another.
        said: every message, in the order in which they were sent.
        secured: how often each became private.
        texts: the texts that each was shown.
        asked: how often each was asked for the secret of SMP.
        verified: how often each succeeded in SMP.
    """

    def __init__(
        self,
        seed: bytes,
        fragment: int = 0,
        asked: list[Asked] | None = None,
        policy: Policy = _POLICY,
        mode: Mode = Mode.COMPATIBLE,
    ) -> None:
        self.now = _NOW
        self.clients = tuple(
            Client(
                shake256(b"%d key" % tag + seed, ed448.SEED_OCTETS),
                tag=tag,
                mode=mode,
                clock=lambda: self.now,
                seed=shake256(b"%d client" % tag + seed, _SEED_OCTETS),
            )
            for tag in _TAGS
        )
        self.chats = tuple(
            client.chat(
                policy,
                max_size=fragment,
                seed=shake256(b"%d chat" % client.tag + seed, _SEED_OCTETS),
            )
            for client in self.clients
        )
        if asked is not None:
            for chat in self.chats:
                chat.endpoint.suite = recording(chat.endpoint.suite, asked)
        self.queue: deque[tuple[int, bytes]] = deque()
        self.said: list[bytes] = []
        self.secured = [0, 0]
        self.texts = [0, 0]
        self.asked = [0, 0]
        self.verified = [0, 0]

    def run_dake(self) -> None:
        """From the query until both are private."""
        self.heard(0, self.chats[0].start())
        self.deliver()
        _demand(self.secured == [1, 1], "the interactive exchange did not end")

    def run_smp(self) -> None:
        """SMP with equal secrets."""
        self.heard(0, self.chats[0].start_smp(_SECRET))
        self.deliver()
        _demand(self.asked == [0, 1], "SMP did not begin")
        self.heard(1, self.chats[1].answer_smp(_SECRET))
        self.deliver()
        _demand(self.verified == [1, 1], "SMP did not succeed")

    def alternate(self, turns: int) -> None:
        """Texts each way, Alice's first."""
        self.texts = [0, 0]
        for _ in range(turns):
            for who in (0, 1):
                self.heard(who, self.chats[who].send(TEXT))
                self.deliver()
        _demand(self.texts == [turns, turns], "texts were lost")

    def deliver(self) -> None:
        """Deliver messages, and those that come of them, until there are none."""
        while self.queue:
            to, wire = self.queue.popleft()
            self.heard(to, self.chats[to].receive(wire))

    def next_wire(self) -> bytes:
        """Take the next message out of the queue, for whomever it is.

        Raises:
            NotDone: if there is none.
        """
        _demand(bool(self.queue), "a message was not sent")
        return self.queue.popleft()[1]

    def heard(self, who: int, heard: Heard) -> None:
        """Queue what one of them says, and count what it tells its user."""
        self.said.extend(heard.wires)
        self.queue.extend((1 - who, wire) for wire in heard.wires)
        for notice in heard.notices:
            match notice:
                case Shown(secure=True):
                    self.texts[who] += 1
                case Secured():
                    self.secured[who] += 1
                case SmpStaged(SmpStage.ASKED):
                    self.asked[who] += 1
                case SmpStaged(SmpStage.SUCCESS):
                    self.verified[who] += 1
                case _:
                    pass


class _Table:
    """What is done in a run: one pair online, and one that begins offline."""

    def __init__(self, seed: bytes, fragment: int, asked: list[Asked] | None = None) -> None:
        self.online = _Pair(b"online" + seed, fragment, asked)
        self.offline = _Pair(b"offline" + seed, fragment, asked)
        (self.ensemble,) = self.offline.clients[1].make_ensembles(1)
        self.sent: list[Heard] = []
        self.single: dict[str, list[float]] = {"send": [], "receive": []}

    @property
    def said(self) -> list[bytes]:
        """All messages of both pairs."""
        return self.online.said + self.offline.said

    def phases(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """The phases and their work, and what has to be done between them."""
        yield "dake", self.online.run_dake
        yield "offline", self.run_offline
        yield _BETWEEN, self.begin_ratchet
        yield "send", self.send
        yield "receive", self.receive
        yield "pingpong", partial(self.online.alternate, TURNS)
        yield "smp", self.online.run_smp

    def run_offline(self) -> None:
        """A conversation that begins while Bob is away."""
        pair = self.offline
        pair.heard(0, pair.chats[0].start_offline(self.ensemble))
        pair.deliver()
        _demand(pair.secured == [1, 1], "the non-interactive exchange did not end")

    def begin_ratchet(self) -> None:
        """Alice sends the first text of a ratchet."""
        self.online.alternate(1)
        self.online.heard(0, self.online.chats[0].send(TEXT))
        self.online.deliver()
        self.online.texts = [0, 0]

    def send(self) -> None:
        """Texts of Alice's within a ratchet."""
        send, single = self.online.chats[0].send, self.single["send"]
        for _ in range(TEXTS):
            begun = process_time()
            self.sent.append(send(TEXT))
            single.append(process_time() - begun)

    def receive(self) -> None:
        """The same at Bob's."""
        receive, single = self.online.chats[1].receive, self.single["receive"]
        for sent in self.sent:
            begun = process_time()
            heard = [receive(wire) for wire in sent.wires]
            single.append(process_time() - begun)
            for each in heard:
                self.online.heard(1, each)
        _demand(self.online.texts == [0, TEXTS], "texts were lost")
        _demand(not self.online.queue, "a text was answered")


# --- What a suite is asked for ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """One operation of a suite.

    Attributes:
        operation: its name.
        given: the arguments.
        made: the result.
    """

    operation: str
    given: tuple[Any, ...]
    made: Any


def recording(suite: Suite, into: list[Asked]) -> Suite:
    """A suite like the given one, which keeps what it is asked for. It is not changed."""

    def kept(operation: str, base: Suite, *given: object) -> object:
        made = getattr(base, operation)(*given)
        into.append(Asked(operation, given, made))
        return made

    return derived(suite, **{name: partial(kept, name) for name in Suite.__abstractmethods__})


# --- The floor --------------------------------------------------------------------------------


class Primitive(Word):
    """What the floor is made of."""

    BASE = "Ed448: G * s, s secret"
    MULTIPLE = "Ed448: A * s, s secret"
    BASE_PUBLIC = "Ed448: G * s, s public"
    MULTIPLE_PUBLIC = "Ed448: A * s, s public"
    SUM = "Ed448: A + B"
    ENCODE = "Ed448: encoding of a computed point"
    DECODE = "Ed448: decoding of a received point"
    ORDER = "Ed448: test of a point's order"
    SIGN = "Ed448: signature"
    VERIFY = "Ed448: verification"
    DH_PUBLIC = "D-H: g3^a"
    DH = "D-H: A^b"
    DH_MEMBER = "D-H: test of membership"
    HASH = "SHAKE-256"
    CIPHER = "ChaCha20"


Timed: TypeAlias = "dict[Primitive, tuple[int, float]]"
"""For each primitive: how many calls, and their seconds."""

FREE: Final = frozenset(
    {
        *("literal", "empty", "writable", "same", "higher", "phi", "data_body", "reveal"),
        *("generator", "encode", "decode", "split", "join", "size", "piece", "zero"),
        *("garble", "garble_mac", "garble_sigma", "garble_signature", "garble_dsa"),
        *("garble_response", "outside_point", "twisted", "outside_element", "under_weak_key"),
        *("client_profile", "prekey_profile", "transition_signed"),
    }
)
"""Operations without a primitive; those of deviating senders and of accounts are never timed."""

_G: Final = ed448.BASE.encode()
_SCALAR: Final = ED448.order - 1
"""A scalar that is not known outside the suite; by a secret one it always takes as long."""
_PREFIX_OCTETS: Final = 6
"""In front of the values of every KDF: "OTRv4" and the usage."""
_DRAW_OCTETS: Final = 76
"""What a draw hashes: a label, three numbers, and the seed."""
_PRUNED_OCTETS: Final = 2 * ed448.SEED_OCTETS


def run_floor(
    asked: Mapping[str, Iterable[Asked]],
) -> dict[str, Timed]:
    """Time the primitives of each phase alone: how many calls, and their seconds."""
    floor = Floor()
    found: dict[str, Timed] = {}
    for name, operations in asked.items():
        calls = floor.calls(operations)
        gc.collect()
        found[name] = {each: (len(runs), _time(runs)) for each, runs in calls.items()}
    return found


def _time(runs: Sequence[Callable[[], object]]) -> float:
    """The seconds that calls take, one after the other."""
    begun = process_time()
    for run in runs:
        run()
    return process_time() - begun


class Floor:
    """Turns operations of a suite into primitives.

    For each operation that is not `FREE` there is a method of its name behind `need_`: it takes the
    result and the arguments. One instance serves one run: it knows what is decoded already.
    """

    def __init__(self) -> None:
        self._calls: dict[Primitive, list[Callable[[], object]]] = {}
        self._points: set[bytes] = set()
        self._elements: set[int] = set()

    def calls(self, asked: Iterable[Asked]) -> dict[Primitive, list[Callable[[], object]]]:
        """The primitives of operations, ready to be called once."""
        self._calls = {}
        for each in asked:
            if each.operation not in FREE:
                getattr(self, f"need_{each.operation}")(each.made, *each.given)
        return self._calls

    # What several need.

    def _need(self, primitive: Primitive, call: Callable[..., object], *given: object) -> None:
        self._calls.setdefault(primitive, []).append(partial(call, *given))

    def _hash(self, given: int, made: int) -> None:
        """SHAKE-256 of so many bytes to so many; what they are makes no difference."""
        self._need(Primitive.HASH, shake256, bytes(given), made)

    def _derive(self, usage: Usage, *values: Sort | int) -> None:
        """KDF, HWC or HCMAC of values, or of so many bytes."""
        sizes = (value if isinstance(value, int) else _size(value) for value in values)
        self._hash(_PREFIX_OCTETS + sum(sizes), usage.size)

    def _draw(self, octets: int) -> None:
        self._hash(_DRAW_OCTETS, octets)

    def _uniform(self) -> None:
        """A random scalar of Z_q."""
        self._draw(ed448.SEED_OCTETS)
        self._hash(ed448.SEED_OCTETS, _PRUNED_OCTETS)

    def _combine(self, *terms: tuple[bytes, int], public: bool = False) -> None:
        """The sum of multiples, encoded."""
        found: list[ed448.Point] = []
        for encoded, scalar in terms:
            base = encoded == _G
            point = ed448.BASE if base else _decoded(encoded)
            if public:
                primitive = Primitive.BASE_PUBLIC if base else Primitive.MULTIPLE_PUBLIC
                self._need(primitive, point.times_public, scalar)
            else:
                self._need(Primitive.BASE if base else Primitive.MULTIPLE, mul, point, scalar)
            found.append(point.times_public(scalar))
        self._sum(*found)

    def _sum(self, first: ed448.Point, *others: ed448.Point) -> None:
        """The sum of points, encoded."""
        for other in others:
            self._need(Primitive.SUM, add, first, other)
            first += other
        self._need(Primitive.ENCODE, (first + ed448.IDENTITY).encode)

    def _smp_hash(self, points: int) -> None:
        self._hash(_PREFIX_OCTETS + points * ed448.POINT_OCTETS, ed448.SCALAR_OCTETS)

    def _brace(self, ours: Exponent, theirs: Element) -> None:
        """A D-H power, and the brace key of it."""
        secret, public = Number(_SUITE.to_int(ours)), Number(_SUITE.to_int(theirs))
        self._need(Primitive.DH, dh3072.dh, secret, public)
        self._derive(Usage.THIRD_BRACE_KEY, dh3072.ELEMENT_OCTETS)

    def _shared(self, secret: Scalar, public: Point) -> None:
        """K_ecdh."""
        self._combine((_octets(public), _SUITE.to_int(secret)))

    # Randomness and membership.

    def need_fresh_ecdh(self, made: EcdhPair, *_given: object) -> None:
        """A draw, hashed to a scalar, and its multiple."""
        self._draw(ed448.SEED_OCTETS)
        self._hash(ed448.SEED_OCTETS, _PRUNED_OCTETS)
        self._combine((_G, _SUITE.to_int(made.secret)))

    def need_fresh_dh(self, made: DhPair, *_given: object) -> None:
        """A draw, and a power."""
        self._draw(dh3072.EXPONENT_OCTETS)
        self._need(Primitive.DH_PUBLIC, dh3072.public_key, Number(_SUITE.to_int(made.secret)))

    def need_fresh_scalar(self, _made: object, *_given: object) -> None:
        """A draw, hashed."""
        self._draw(ed448.SEED_OCTETS)
        self._hash(ed448.SEED_OCTETS, ed448.SEED_OCTETS)

    def need_fresh_identifier(self, _made: object, *_given: object) -> None:
        """A draw."""
        self._draw(4)

    def need_in_group(self, _made: object, point: Point) -> None:
        """Decoding and the test of the order, of one that was not asked for before."""
        encoded = _octets(point)
        if encoded in self._points:
            return
        self._points.add(encoded)
        self._need(Primitive.DECODE, _decode_anew, encoded)
        try:
            self._need(Primitive.ORDER, ed448.decode.__wrapped__(encoded).in_group)
        except Malformed:
            return

    def need_in_dh_group(self, _made: object, element: Element) -> None:
        """The test of membership, of one that was not asked for before."""
        number = _SUITE.to_int(element)
        if number not in self._elements:
            self._elements.add(number)
            self._need(Primitive.DH_MEMBER, dh3072.in_group, Number(number))

    # Profiles.

    def need_profile_signed(self, _made: object, profile: ClientProfile) -> None:
        """A verification."""
        signed = profile.public_key, profile.body, profile.signature
        self._need(Primitive.VERIFY, ed448.verify, *map(_octets, signed))

    def need_prekey_profile_signed(
        self, _made: object, client: ClientProfile, prekey: PrekeyProfile
    ) -> None:
        """A verification."""
        signed = client.public_key, prekey.body, prekey.signature
        self._need(Primitive.VERIFY, ed448.verify, *map(_octets, signed))

    def need_fingerprint(self, _made: object, profile: ClientProfile) -> None:
        """A hash of two points."""
        self._derive(Usage.FINGERPRINT, profile.public_key, profile.forging_key)

    # DAKEs.

    def need_hashed_b(self, made: Octets, b: Element) -> None:
        """A hash of an MPI."""
        self._hash(4 + count_octets(_SUITE.to_int(b)), _size(made))

    def _bound(self, script: Transcript) -> None:
        """Three hashes."""
        for profile in (script.bob, script.alice):
            size = len(formats.encode_client_profile(profile))
            self._derive(Usage.AUTH_R_BOB_CLIENT_PROFILE, size)
        self._derive(Usage.AUTH_R_PHI, script.phi)

    def need_auth_r_bound(self, _made: object, script: Transcript) -> None:
        """As any t."""
        self._bound(script)

    def need_auth_i_bound(self, _made: object, script: Transcript) -> None:
        """As any t."""
        self._bound(script)

    def need_non_interactive_bound(self, _made: object, script: Transcript, _d: Point) -> None:
        """As any t."""
        self._bound(script)

    def _challenge(self, value: Octets) -> None:
        """The hash that closes or verifies a ring: of G, q, three keys, three sums, and m."""
        self._hash(_PREFIX_OCTETS + 8 * ed448.POINT_OCTETS + _size(value), ed448.SCALAR_OCTETS)

    def need_ring_sign(
        self,
        _made: object,
        ring: Ring,
        _secret: object,
        value: Octets,
        _seed: object,
        _number: object,
    ) -> None:
        """Nine random scalars; for each key G * s + A * s', as the text's general form has it."""
        self._draw(len(RANDOMS) * ed448.SEED_OCTETS)
        for _ in RANDOMS:
            self._hash(ed448.SEED_OCTETS, _PRUNED_OCTETS)
        for key in ring:
            self._combine((_G, _SCALAR), (_octets(key), _SCALAR))
        self._challenge(value)

    def need_ring_verified(self, _made: object, ring: Ring, sigma: Octets, value: Octets) -> None:
        """For each key G * r + A * c."""
        octets, size = _octets(sigma), ed448.SCALAR_OCTETS
        scalars = [
            ed448.decode_scalar(octets[at : at + size]) for at in range(0, len(octets), size)
        ]
        for key, c, r in zip(ring, scalars[::2], scalars[1::2], strict=True):
            self._combine((_G, r), (_octets(key), c), public=True)
        self._challenge(value)

    def need_mixed(
        self, _made: object, ecdh: Scalar, their_ecdh: Point, dh: Exponent, their_dh: Element
    ) -> None:
        """K_ecdh, the brace key, K and the SSID."""
        self._shared(ecdh, their_ecdh)
        self._brace(dh, their_dh)
        self._derive(Usage.SHARED_SECRET, ed448.POINT_OCTETS, Usage.BRACE_KEY.size)
        self._derive(Usage.SSID, Usage.SHARED_SECRET.size)

    def _offline(self) -> None:
        """Three K_ecdh and a brace key: tmp_k, K, auth_mac_k and the SSID."""
        self._derive(Usage.TMP_KEY, 3 * ed448.POINT_OCTETS, Usage.BRACE_KEY.size)
        for usage in (Usage.SHARED_SECRET, Usage.AUTH_MAC_KEY):
            self._derive(usage, Usage.TMP_KEY.size)
        self._derive(Usage.SSID, Usage.SHARED_SECRET.size)

    def need_mixed_by_retriever(  # noqa: PLR0913, PLR0917 - the arguments of the operation
        self,
        _made: object,
        x: Scalar,
        a: Exponent,
        y: Point,
        b: Element,
        shared_prekey: Point,
        their_key: Point,
    ) -> None:
        """Three multiples, and a power."""
        for point in (y, shared_prekey, their_key):
            self._shared(x, point)
        self._brace(a, b)
        self._offline()

    def need_mixed_by_publisher(  # noqa: PLR0913, PLR0917 - the arguments of the operation
        self,
        _made: object,
        y: Scalar,
        b: Exponent,
        shared_prekey: Scalar,
        our_key: Scalar,
        x: Point,
        a: Element,
    ) -> None:
        """Three multiples, and a power."""
        for scalar in (y, shared_prekey, our_key):
            self._shared(scalar, x)
        self._brace(b, a)
        self._offline()

    def need_auth_mac(self, _made: object, key: Key, value: Octets) -> None:
        """HCMAC."""
        self._derive(Usage.AUTH_MAC, key, value)

    # The double ratchet.

    def need_first_root(self, _made: object, k: Key) -> None:
        """KDF."""
        self._derive(Usage.FIRST_ROOT_KEY, k)

    def _ratcheted(self, *secrets: Key | int) -> None:
        for usage in (Usage.ROOT_KEY, Usage.CHAIN_KEY):
            self._derive(usage, *secrets)

    def need_offline_chain(self, _made: object, k: Key) -> None:
        """KDF, twice."""
        self._ratcheted(k)

    def need_third_brace_key(self, _made: object, ours: Exponent, theirs: Element) -> None:
        """A power, and KDF."""
        self._brace(ours, theirs)

    def need_next_brace_key(self, _made: object, brace: Key) -> None:
        """KDF."""
        self._derive(Usage.BRACE_KEY, brace)

    def need_ratchet(
        self, _made: object, root: Key, ours: Scalar, theirs: Point, brace: Key
    ) -> None:
        """K_ecdh, and KDF three times."""
        self._shared(ours, theirs)
        self._derive(Usage.SHARED_SECRET, ed448.POINT_OCTETS, brace)
        self._ratcheted(root, Usage.SHARED_SECRET.size)

    def need_next_chain_key(self, _made: object, chain: Key) -> None:
        """KDF."""
        self._derive(Usage.NEXT_CHAIN_KEY, chain)

    def need_message_keys(self, _made: object, chain: Key) -> None:
        """KDF, three times."""
        self._derive(Usage.MESSAGE_KEY, chain)
        self._derive(Usage.MAC_KEY, Usage.MESSAGE_KEY.size)
        self._derive(Usage.EXTRA_SYMM_KEY, 1, chain)

    def need_seal(self, made: Octets, key: Key, _content: object) -> None:
        """ChaCha20."""
        self._need(Primitive.CIPHER, cipher, _octets(key)[:KEY_OCTETS], _octets(made))

    def need_open(self, _made: object, key: Key, encrypted: Octets) -> None:
        """ChaCha20."""
        self._need(Primitive.CIPHER, cipher, _octets(key)[:KEY_OCTETS], _octets(encrypted))

    def need_data_mac(self, _made: object, key: Key, body: Octets) -> None:
        """HCMAC."""
        self._derive(Usage.AUTHENTICATOR, key, body)

    def need_next_extra_key(self, made: Key, previous: Key, *_given: object) -> None:
        """A hash."""
        self._hash(_PREFIX_OCTETS + 4 + _size(previous), _size(made))

    # SMP.

    def need_scale(self, _made: object, point: Point, scalar: Scalar) -> None:
        """A multiple."""
        self._combine((_octets(point), _SUITE.to_int(scalar)))

    def need_plus(self, _made: object, left: Point, right: Point) -> None:
        """A sum."""
        self._sum(_decoded(_octets(left)), _decoded(_octets(right)))

    def need_minus(self, _made: object, left: Point, right: Point) -> None:
        """A sum."""
        self._sum(_decoded(_octets(left)), -_decoded(_octets(right)))

    def need_smp_secret(self, _made: object, *given: Sort) -> None:
        """A hash."""
        self._derive(Usage.SMP_SECRET, *given)

    def need_prove_exponent(self, _made: object, *_given: object) -> None:
        """G * r, and its hash."""
        self._uniform()
        self._combine((_G, _SCALAR))
        self._smp_hash(1)

    def need_exponent_proved(self, _made: object, _step: int, power: Point, proof: Proof) -> None:
        """G * d + power * c, and its hash."""
        c, d = map(_scalar, (proof.c, proof.d))
        self._combine((_G, d), (_octets(power), c), public=True)
        self._smp_hash(1)

    def need_prove_coordinates(
        self, _made: object, _step: int, g2: Point, g3: Point, *_given: object
    ) -> None:
        """G3 * r5 and G * r5 + G2 * r6, and their hash."""
        self._uniform()
        self._uniform()
        self._combine((_octets(g3), _SCALAR))
        self._combine((_G, _SCALAR), (_octets(g2), _SCALAR))
        self._smp_hash(2)

    def need_coordinates_proved(
        self,
        _made: object,
        _step: int,
        g2: Point,
        g3: Point,
        p: Point,
        q: Point,
        proof: CoordinatesProof,
    ) -> None:
        """G3 * d5 + P * c and G * d5 + G2 * d6 + Q * c, and their hash."""
        c, d5, d6 = map(_scalar, (proof.c, proof.d5, proof.d6))
        self._combine((_octets(g3), d5), (_octets(p), c), public=True)
        self._combine((_G, d5), (_octets(g2), d6), (_octets(q), c), public=True)
        self._smp_hash(2)

    def need_prove_equal_exponents(
        self, _made: object, _step: int, base: Point, *_given: object
    ) -> None:
        """G * r and base * r, and their hash."""
        self._uniform()
        self._combine((_G, _SCALAR))
        self._combine((_octets(base), _SCALAR))
        self._smp_hash(2)

    def need_equal_exponents_proved(
        self, _made: object, _step: int, base: Point, power: Point, r: Point, proof: Proof
    ) -> None:
        """G * d + power * c and base * d + R * c, and their hash."""
        c, d = map(_scalar, (proof.c, proof.d))
        self._combine((_G, d), (_octets(power), c), public=True)
        self._combine((_octets(base), d), (_octets(r), c), public=True)
        self._smp_hash(2)


def _octets(value: Sort) -> bytes:
    """The bytes of a sort."""
    return _SUITE.to_bytes(value)


def _size(value: Sort) -> int:
    """How many bytes a sort has."""
    return len(_octets(value))


def _scalar(value: Sort) -> int:
    """The scalar of a challenge or a response."""
    return ed448.decode_scalar(_octets(value))


def _decoded(encoded: bytes) -> ed448.Point:
    """The point of bytes, as the suite takes it."""
    try:
        return ed448.decode(encoded)
    except Malformed:
        return ed448.IDENTITY


def _decode_anew(encoded: bytes) -> None:
    """Decode, without looking at what is remembered."""
    try:
        ed448.decode.__wrapped__(encoded)
    except Malformed:
        return


# --- What a byte can buy ----------------------------------------------------------------------

_AHEAD: Final = 1000
"""How many messages may be skipped: a parameter of the model."""
_EARLY: Final = 100
"""How many messages may wait for the end of their DAKE: a parameter of the model."""
_READY: Final = Policy(allow_v3=False, whitespace_start_dake=True, error_start_dake=True)


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A message, and who receives it in which state.

    Attributes:
        message: which it is.
        about: what is particular about it.
        chat: the receiver.
        before: the conversation when it arrives.
        wire: the message.
        wanted: the operation of the suite that shows that it was not refused before its time.
    """

    message: str
    about: str
    chat: Chat
    before: Conversation
    wire: bytes
    wanted: str


def hardest(seed: bytes) -> tuple[Work, ...]:
    """The work that the messages make that ask for most: what a suite is asked for, and the time.

    Args:
        seed: what all randomness comes from.

    Raises:
        NotDone: if a message does not come to where the work is.
    """
    return tuple(_measured(arrival) for arrival in _arrivals(seed))


def _measured(arrival: _Arrival) -> Work:
    """Let a message arrive twice: to be timed, with nothing remembered, and to be counted."""
    endpoint, given = arrival.chat.endpoint, Receive(_SUITE.wire(arrival.wire))
    now = int(arrival.chat.client.clock())
    ed448.decode.cache_clear()
    gc.collect()
    begun = process_time()
    endpoint.step(arrival.before, given, now)
    seconds = process_time() - begun
    asked: list[Asked] = []
    suite, endpoint.suite = endpoint.suite, recording(endpoint.suite, asked)
    try:
        endpoint.step(arrival.before, given, now)
    finally:
        endpoint.suite = suite
    operations = Counter(each.operation for each in asked)
    _demand(arrival.wanted in operations, f"{arrival.message}: {arrival.wanted} was not asked for")
    return Work(arrival.message, arrival.about, len(arrival.wire), operations.total(), seconds)


def _arrivals(seed: bytes) -> Iterator[_Arrival]:
    yield from _arrivals_in_clear(seed)
    yield from _arrivals_of_dake(seed)
    yield _arrival_offline(seed)
    yield from _arrivals_of_data(seed)
    yield from _arrivals_of_smp(seed)


def _arriving(pair: _Pair, who: int, wire: bytes, *labels: str) -> _Arrival:
    """A message for one of a pair, as things stand; which it is, what about it, and what for."""
    message, about, wanted = labels
    chat = pair.chats[who]
    return _Arrival(message, about, chat, chat.conversation, wire, wanted)


def _arrivals_in_clear(seed: bytes) -> Iterator[_Arrival]:
    """Texts that are not encoded, for somebody who answers what can be answered."""
    pair = _Pair(b"clear" + seed, policy=_READY)
    tagged = formats.encode(TaggedPlaintext(_SUITE.octets(b""), frozenset({4})))
    for wire, message, about, wanted in (
        (b"x", "plaintext", "is shown", "decode"),
        (b"?OTRv4?", "query", "is answered with an Identity message", "fresh_dh"),
        (tagged, "whitespace tag", "is answered with an Identity message", "fresh_dh"),
    ):
        yield _arriving(pair, 0, wire, message, about, wanted)
    pair = _Pair(b"error" + seed, policy=_READY, mode=Mode.STANDALONE)
    about = "is answered with an Identity message, in standalone mode"
    yield _arriving(pair, 0, b"?OTR Error:ERROR_1: ", "error", about, "fresh_dh")


def _arrivals_of_dake(seed: bytes) -> Iterator[_Arrival]:
    """The messages of an interactive DAKE, as they come."""
    pair = _Pair(b"dake" + seed)
    alice, bob = pair.chats
    pair.heard(1, bob.start_dake())
    identity = pair.next_wire()
    yield _arriving(pair, 0, identity, "identity", "is answered with Auth-R", "ring_sign")
    yield _last_fragment(pair, identity)
    pair.heard(0, alice.receive(identity))
    auth_r = pair.next_wire()
    yield _arriving(pair, 1, auth_r, "auth-r", "is answered with Auth-I", "ring_sign")
    pair.heard(1, bob.receive(auth_r))
    auth_i = pair.next_wire()
    pair.deliver()
    yield _arriving(pair, 0, auth_i, "auth-i", "ends the DAKE", "ring_verified")
    for _ in range(_EARLY):
        pair.heard(1, bob.send(b"x"))
    pair.deliver()
    about = f"ends the DAKE that {_EARLY} messages wait for"
    yield _arriving(pair, 0, auth_i, "auth-i, late", about, "open")


def _last_fragment(pair: _Pair, wire: bytes) -> _Arrival:
    """The last piece of an Identity message."""
    pieces = formats.split(wire, 1, _TAGS[1], 0, LEAST_FRAGMENT)
    chat = pair.chats[0]
    before = chat.conversation
    for piece in pieces[:-1]:
        chat.receive(piece)
    arrival = _arriving(
        pair, 0, pieces[-1], "fragment", "the last of an Identity message", "ring_sign"
    )
    chat.conversation = before
    return arrival


def _arrival_offline(seed: bytes) -> _Arrival:
    """A Non-Interactive-Auth message whose signature fits none of the profiles that it may."""
    pair = _Pair(b"offline" + seed)
    (ensemble,) = pair.clients[1].make_ensembles(1)
    pair.now += 6 * _DAY + 1
    pair.clients[1].make_ensembles(1)
    pair.heard(0, pair.chats[0].start_offline(ensemble))
    message = formats.decode(pair.next_wire())
    if not isinstance(message, NonInteractiveAuth):
        complaint = "a Non-Interactive-Auth message was not sent"
        raise NotDone(complaint)
    forged = formats.encode(replace(message, sigma=_SUITE.garble_sigma(message.sigma)))
    pair.chats[1].tick()
    about = "a signature that fits none of our two profiles with none of two prekey profiles"
    return _arriving(pair, 1, forged, "non-interactive-auth", about, "ring_verified")


def _arrivals_of_data(seed: bytes) -> Iterator[_Arrival]:
    """Data Messages."""
    pair = _Pair(b"data" + seed)
    alice, bob = pair.chats
    pair.run_dake()
    pair.alternate(2)
    pair.heard(0, alice.send(b"x"))
    pair.deliver()
    (wire,) = alice.send(b"x").wires
    yield _arriving(pair, 1, wire, "data", "of the same ratchet", "open")
    message = formats.decode(wire)
    if not isinstance(message, DataMessage):
        complaint = "a Data Message was not sent"
        raise NotDone(complaint)
    ahead = replace(message.fields, message_id=message.fields.message_id + _AHEAD - 1)
    forged = formats.encode(DataMessage(ahead, _SUITE.garble_mac(message.authenticator), ()))
    about = f"forged by anybody, with a number {_AHEAD} ahead"
    yield _arriving(pair, 1, forged, "data, forged", about, "next_chain_key")
    for _ in range(_AHEAD - 1):
        (wire,) = alice.send(b"x").wires
    about = f"of the same ratchet, after {_AHEAD} that are lost"
    yield _arriving(pair, 1, wire, "data, skipping", about, "open")
    pair.heard(1, bob.send(b"x"))
    pair.deliver()
    pair.heard(0, alice.send(b"x"))
    wire = pair.next_wire()
    about = f"of a new ratchet, after {_AHEAD} of the last one that are lost"
    yield _arriving(pair, 1, wire, "data, rotating", about, "ratchet")


def _arrivals_of_smp(seed: bytes) -> Iterator[_Arrival]:
    """The messages of SMP, as they come."""
    pair = _Pair(b"smp" + seed)
    alice, bob = pair.chats
    pair.run_dake()
    pair.alternate(1)
    pair.heard(0, alice.start_smp(_SECRET))
    first = pair.next_wire()
    yield _arriving(pair, 1, first, "smp-1", "in a Data Message", "exponent_proved")
    bob.receive(first)
    pair.heard(1, bob.answer_smp(_SECRET))
    for number, wanted in enumerate(("prove_coordinates", "scale", "scale"), 2):
        who = number % 2
        wire = pair.next_wire()
        yield _arriving(pair, who, wire, f"smp-{number}", "in a Data Message", wanted)
        pair.heard(who, pair.chats[who].receive(wire))


BENCH: Final = Bench(
    {
        "dake": "from a query until both are private, both sides",
        "offline": "a prekey ensemble and the message that it leads to, both sides",
        "send": f"{TEXTS} texts within a ratchet, sent",
        "receive": f"{TEXTS} texts within a ratchet, received",
        "pingpong": f"{TURNS} texts each way, alternating: each rotates keys",
        "smp": "SMP with equal secrets, both sides",
    },
    {"texts": TEXTS, "turns": TURNS, "text_bytes": len(TEXT)},
    LEAST_FRAGMENT,
    rival=False,
    compare=compare,
)
