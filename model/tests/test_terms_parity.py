"""The same script over bytes and over terms: the same rows, checks, messages and notices.

Two participants, a network that loses, repeats, reorders and reflects what they send, deviating
senders, receivers that skip a check: every step is taken over both suites at once, and must come
out the same. Values are compared by when they first appeared: what is equal over bytes must be
equal over terms, and nothing else. Two things are handed from bytes to terms, since only bytes
know them: which of two hashes is higher, and how many fragments a message needs.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otr_check.otrv3.suite import TermSuite
from otr_check.terms import Term, TermPool
from otr_model.kernel.variant import NONE, SkipCheck, Variant
from otr_reference.arith import Number
from otr_reference.keys import dsa
from otr_reference.otrv3 import notices
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
from otr_reference.otrv3.deviations import DEVIATIONS, deviating
from otr_reference.otrv3.endpoint import Endpoint
from otr_reference.otrv3.messages import Fragment
from otr_reference.otrv3.real import RealSuite
from otr_reference.otrv3.session import Config, Conversation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otr_model.otrv3.conditions import Check
    from otr_reference.otrv3.commands import Input
    from otr_reference.otrv3.endpoint import Stepped
    from otr_reference.otrv3.messages import DhPair, Message
    from otr_reference.sorts import Octets, Seed, Wire

TEXTS = ("", "hello", "howdy", "hi")

Suites = RealSuite | TermSuite


@dataclass
class Told:
    """What terms are told by bytes."""

    higher: deque[bool] = field(default_factory=deque)
    pieces: deque[int] = field(default_factory=deque)


class TellingSuite(RealSuite):
    """Bytes, and what they say that terms cannot know."""

    def __init__(self, told: Told) -> None:
        self.told = told

    def higher(self, ours: Octets, theirs: Octets) -> bool:
        """Compare, and tell."""
        higher = super().higher(ours, theirs)
        self.told.higher.append(higher)
        return higher

    def fresh_pair(self, seed: Seed, draw: int) -> DhPair:
        """Draw again where the public key is shorter than usual: terms have the usual lengths."""
        pair = super().fresh_pair(seed, draw)
        while self.to_int(pair.public).bit_length() <= 8 * 191:
            draw += 1 << 32
            pair = super().fresh_pair(seed, draw)
        return pair

    def split(
        self, wire: Wire, sender: int, receiver: int, version: int, size: int
    ) -> tuple[Wire, ...]:
        """Split, and tell."""
        pieces = super().split(wire, sender, receiver, version, size)
        if size:
            self.told.pieces.append(len(pieces))
        return pieces


class ToldSuite(TermSuite):
    """Terms that do as they are told."""

    def __init__(self, told: Told) -> None:
        super().__init__(pool=TermPool(), count=lambda _wire, _size: told.pieces.popleft())
        self.told = told

    def higher(self, ours: Octets, theirs: Octets) -> bool:
        """As told; of equal hashes none is higher."""
        higher = self.told.higher.popleft()
        assert not (higher and ours is theirs)
        return higher


@cache
def key(name: str) -> dsa.DsaPrivate:
    """One key for each name, none of whose numbers happens to be shorter than usual."""
    del name
    keys = iter(dsa.generate, None)
    return next(key for key in keys if len(dsa.encode_public(key.public)) == 422)


@dataclass(frozen=True)
class Setting:
    """What one run is of."""

    deviations: tuple[Check, ...] = ()
    skipped: tuple[Check, ...] = ()
    max_size: int = 0
    policy: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


class World:
    """Two participants and a network, over one suite."""

    def __init__(self, suite: Suites, setting: Setting) -> None:
        self.suite = suite
        policies = dict.fromkeys(setting.policy, True) | dict.fromkeys(setting.without, False)
        skips = tuple(SkipCheck(check) for check in setting.skipped)
        variant = Variant("skipping", edits=skips) if skips else NONE
        self.endpoints: list[Endpoint] = []
        for name, tag in (("alice", 0x101), ("bob", 0x202)):
            signing = (
                suite.signing_key(name)
                if isinstance(suite, TermSuite)
                else suite.signing_key(key(name))
            )
            seed = suite.seed(name.encode())
            config = Config(
                signing, suite.public_key(signing), seed, tag, setting.max_size, **policies
            )
            deviates = name == "alice" and setting.deviations
            used = deviating(suite, frozenset(setting.deviations)) if deviates else suite
            self.endpoints.append(Endpoint(used, config, NONE if name == "alice" else variant))
        self.states: list[Conversation] = [Endpoint.begin(), Endpoint.begin()]
        self.network: list[list[Wire]] = [[], []]
        """What is under way to each of them."""
        self.names: dict[object, int] = {}
        """Values in the order in which they were first seen."""
        for text in TEXTS:
            self._value(suite.octets(text.encode()))

    def step(self, who: int, given: Input) -> Stepped:
        """One of them takes an input; what it sends goes to the network."""
        stepped = self.endpoints[who].step(self.states[who], given)
        self.states[who] = stepped.conversation
        for output in stepped.outputs:
            if isinstance(output, notices.Send):
                self.network[1 - who].append(output.wire)
        return stepped

    def seen(self, stepped: Stepped) -> object:
        """What a step shows, without the values that the suites have in different forms."""
        return stepped.trace, [self._seen(output) for output in stepped.outputs]

    def _seen(self, value: object) -> object:
        if isinstance(value, notices.Send):
            message: Message = self.suite.decode(value.wire)
            return "sent", self._seen(message)
        if isinstance(value, notices.Unprocessed):
            return "unprocessed"
        if isinstance(value, Fragment):
            # Of two messages that begin alike the first pieces are equal bytes, and nobody asks.
            return "fragment", value.header, value.k, value.n
        if is_dataclass(value) and not isinstance(value, type):
            inside = [self._seen(getattr(value, f.name)) for f in fields(value)]
            return type(value).__name__, inside
        if isinstance(value, tuple):
            return [self._seen(part) for part in value]
        return self._value(value)

    def _value(self, value: object) -> object:
        if isinstance(value, bytes | Term | Number):
            return f"value {self.names.setdefault(value, len(self.names))}"
        return value


@dataclass(frozen=True)
class Do:
    """One of them does something."""

    who: int
    what: str


@dataclass(frozen=True)
class Network:
    """Something happens to what is under way to one of them: at a place from the front."""

    to: int
    what: str
    place: int = 0


Move: TypeAlias = Do | Network


def command(suite: Suites, what: str) -> Input:
    """What the user asks for."""
    name, _, argument = what.partition(" ")
    text = suite.octets(argument.encode())
    typed = suite.passphrase(argument.encode())
    commands: dict[str, Input] = {
        "start": Start(),
        "say": SendText(text),
        "end": End(),
        "beat": Heartbeat(),
        "extra": UseExtraKey(7, text),
        "smp": StartSmp(typed),
        "ask": StartSmp(typed, text),
        "answer": AnswerSmp(typed),
        "abort": AbortSmp(),
    }
    return commands[name]


def played(world: World, move: Move) -> Iterator[Stepped]:
    """What happens in one world."""
    match move:
        case Do(who, what):
            yield world.step(who, command(world.suite, what))
        case Network(to, "settle"):
            for _ in range(200):
                who = to if world.network[to] else 1 - to
                if not world.network[who]:
                    return
                yield world.step(who, Receive(world.network[who].pop(0)))
        case Network(to, "raw", place):
            raw = (b"?OTRv23?", b"?OTR:AAMD.", b"hi \t  \t\t\t\t \t \t \t    \t\t  \t\t", b"plain")
            yield world.step(to, Receive(world.suite.wire(raw[place % len(raw)])))
        case Network(to, what, place):
            queue = world.network[to]
            if not queue:
                return
            place %= len(queue)
            if what == "reflect":
                yield world.step(1 - to, Receive(queue[place]))
                return
            wire = queue[place] if what == "repeat" else queue.pop(place)
            if what != "lose":
                yield world.step(to, Receive(wire))


def check(setting: Setting, moves: list[Move]) -> int:
    """Play a script over both suites; how many steps were taken."""
    told = Told()
    real, terms = World(TellingSuite(told), setting), World(ToldSuite(told), setting)
    steps = 0
    for move in moves:
        over_bytes, over_terms = played(real, move), played(terms, move)
        while True:
            first = next(over_bytes, None)
            second = next(over_terms, None)
            if first is None or second is None:
                assert first is second
                break
            assert terms.seen(second) == real.seen(first), (move, steps)
            assert not told.higher
            assert not told.pieces
            steps += 1
    return steps


# Scripts.

BEGIN: list[Move] = [Do(0, "start"), Network(1, "settle")]
TALK: list[Move] = [Do(0, "say hello"), Do(1, "say howdy"), Network(0, "settle"), Do(0, "extra hi")]
SMP: list[Move] = [
    Do(0, "ask hello"),
    Network(1, "settle"),
    Do(1, "answer hello"),
    Network(0, "settle"),
]
SMP_BACK: list[Move] = [
    Do(1, "smp hello"),
    Network(0, "settle"),
    Do(0, "answer howdy"),
    Network(1, "settle"),
]
FINISH: list[Move] = [
    Network(0, "settle"),
    Do(0, "end"),
    Network(1, "settle"),
    Do(1, "say hi"),
    Do(1, "end"),
]
EVERYTHING: list[Move] = [*BEGIN, *TALK, *TALK, *SMP, *SMP_BACK, *FINISH]

SIZES = (0, 100, 250, 400)


@pytest.mark.parametrize("size", SIZES)
def test_a_conversation_is_the_same(size: int) -> None:
    assert check(Setting(max_size=size), EVERYTHING) > 30


def test_version_2_is_the_same() -> None:
    version_2 = Setting(policy=(), max_size=200, without=("allow_v3",))

    assert check(version_2, EVERYTHING) > 30


@pytest.mark.parametrize("falsified", DEVIATIONS, ids=lambda c: str(c.name))
def test_each_deviation_is_met_the_same(falsified: Check) -> None:
    assert check(Setting(deviations=(falsified,)), EVERYTHING) > 10


SKIPPABLE = [check for check in DEVIATIONS if not check.spec.structural]


@pytest.mark.parametrize("skipped", SKIPPABLE, ids=lambda c: str(c.name))
def test_a_receiver_that_skips_the_check_is_the_same(skipped: Check) -> None:
    assert check(Setting(deviations=(skipped,), skipped=(skipped,)), EVERYTHING) > 10


who = st.integers(0, 1)
commands = st.sampled_from(
    (
        *("start", "end", "say hello", "say howdy", "say", "beat", "extra hi"),
        *("smp hello", "ask hello", "answer hello", "answer howdy", "abort"),
    )
)
accidents = st.sampled_from(["deliver", "deliver", "lose", "repeat", "reflect", "raw"])
moves = st.one_of(
    st.builds(Do, who, commands),
    st.builds(Network, who, st.just("settle")),
    st.builds(Network, who, accidents, st.integers(0, 3)),
)
scripts = st.builds(
    lambda begun, more: (EVERYTHING[:begun]) + more,
    st.sampled_from([0, 1, len(BEGIN), len(BEGIN) + len(TALK)]),
    st.lists(moves, max_size=30),
)
policies = st.sets(
    st.sampled_from(
        ["require_encryption", "send_whitespace_tag", "whitespace_start_ake", "error_start_ake"]
    )
).map(lambda chosen: tuple(sorted(chosen)))
settings_of_runs = st.builds(
    Setting,
    st.one_of(st.just(()), st.tuples(st.sampled_from(list(DEVIATIONS)))),
    st.one_of(st.just(()), st.tuples(st.sampled_from(SKIPPABLE))),
    st.sampled_from(SIZES),
    policies,
    st.sampled_from([(), (), ("allow_v3",), ("allow_v2",)]),
)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,  # bytes decide a few things by chance: a number may be a byte shorter
    suppress_health_check=[HealthCheck.too_slow],
)
@given(settings_of_runs, scripts)
def test_any_script_is_the_same(setting: Setting, script: list[Move]) -> None:
    check(setting, script)
