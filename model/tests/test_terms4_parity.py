"""The same script over bytes and over terms of OTRv4: the same rows, checks, messages, notices.

Two participants, a network that loses, repeats, reorders and reflects what they send, a clock,
prekey ensembles, version 3 beside version 4, deviating senders, receivers that skip a check: every
step is taken over both suites at once, and must come out the same. Values are compared by when they
first appeared: what is equal over bytes must be equal over terms, and nothing else. Two things are
handed from bytes to terms, since only bytes know them: which of two hashes is higher, and how many
fragments a message needs.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otr_check.otrv4.suite import TermSuite, VersionThree
from otr_check.terms import Term, TermPool
from otr_model.kernel.variant import NONE, SkipCheck, Variant
from otr_model.otrv4.words import Mode
from otr_reference.arith import Number
from otr_reference.errors import OtrSpecError
from otr_reference.keys import dsa
from otr_reference.otrv3.endpoint import Endpoint as Endpoint3
from otr_reference.otrv3.real import RealSuite as RealSuite3
from otr_reference.otrv3.session import Config as Config3
from otr_reference.otrv4 import notices
from otr_reference.otrv4.account import Account
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
from otr_reference.otrv4.deviations import DEVIATIONS, deviating
from otr_reference.otrv4.endpoint import Endpoint
from otr_reference.otrv4.messages import Fragment, OtherVersion
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.session import Config
from otr_reference.shake import shake256

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otr_model.kernel.vocabulary import Check
    from otr_reference.otrv3.messages import DhPair as DhPair3
    from otr_reference.otrv3.suite import Suite as Suite3
    from otr_reference.otrv4.commands import Input
    from otr_reference.otrv4.endpoint import Stepped
    from otr_reference.otrv4.messages import Message
    from otr_reference.otrv4.session import Conversation
    from otr_reference.otrv4.suite import DhPair, LongTerm
    from otr_reference.sorts import Octets, Seed, Wire

TEXTS = ("", "hello", "howdy", "hi")
NOW = 1_000_000
TAGS = (0x101, 0x202)
NAMES = ("alice", "bob")

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

    def fresh_dh(self, seed: Seed, draw: int) -> DhPair:
        """Draw again where the public key is shorter than usual: terms have the usual lengths."""
        pair = super().fresh_dh(seed, draw)
        while self.to_int(pair.public).bit_length() <= 8 * 383:
            draw += 1 << 32
            pair = super().fresh_dh(seed, draw)
        return pair

    def split(
        self, wire: Wire, identifier: int, sender: int, receiver: int, size: int
    ) -> tuple[Wire, ...]:
        """Split, and tell."""
        pieces = super().split(wire, identifier, sender, receiver, size)
        if size:
            self.told.pieces.append(len(pieces))
        return pieces


class TellingSuite3(RealSuite3):
    """The same for version 3, whose messages are not cut here."""

    def __init__(self, told: Told) -> None:
        self.told = told

    def higher(self, ours: Octets, theirs: Octets) -> bool:
        """Compare, and tell."""
        higher = super().higher(ours, theirs)
        self.told.higher.append(higher)
        return higher

    def fresh_pair(self, seed: Seed, draw: int) -> DhPair3:
        """Draw again where the public key is shorter than usual."""
        pair = super().fresh_pair(seed, draw)
        while self.to_int(pair.public).bit_length() <= 8 * 191:
            draw += 1 << 32
            pair = super().fresh_pair(seed, draw)
        return pair


class ToldSuite3(VersionThree):
    """Terms of version 3 that do as they are told."""

    told: Told

    def higher(self, ours: Octets, theirs: Octets) -> bool:
        """As told; of equal hashes none is higher."""
        higher = self.told.higher.popleft()
        assert not (higher and ours is theirs)
        return higher


class ToldSuite(TermSuite):
    """Terms that do as they are told."""

    def __init__(self, told: Told) -> None:
        super().__init__(pool=TermPool(), count=lambda _wire, _size: told.pieces.popleft())
        self.older = ToldSuite3(pool=self.pool)
        self.older.told = told


@cache
def key(name: str) -> dsa.DsaPrivate:
    """One key for each name, none of whose numbers happens to be shorter than usual."""
    del name
    keys = iter(dsa.generate, None)
    return next(key for key in keys if len(dsa.encode_public(key.public)) == 422)


@cache
def real_keys(name: str) -> LongTerm:
    return RealSuite.long_term(shake256(name.encode(), 57), dsa=key(name))


@dataclass(frozen=True)
class Setting:
    """What one run is of."""

    deviations: tuple[Check, ...] = ()
    skipped: tuple[Check, ...] = ()
    max_size: int = 0
    mode: Mode = Mode.COMPATIBLE
    policy: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    bob_without: tuple[str, ...] = ()


class World:
    """Two participants and a network, over one suite."""

    def __init__(self, suite: Suites, older: Suite3, setting: Setting) -> None:
        self.suite = suite
        chosen = dict.fromkeys(setting.policy, True) | dict.fromkeys(setting.without, False)
        policies: dict[str, Any] = {**chosen}
        compatible = setting.mode is Mode.COMPATIBLE
        skips = tuple(SkipCheck(check) for check in setting.skipped)
        variant = Variant("skipping", edits=skips) if skips else NONE
        self.endpoints: list[Endpoint] = []
        self.accounts: list[Account] = []
        for name, tag in zip(NAMES, TAGS, strict=True):
            keys = (
                suite.long_term(name, dsa=True) if isinstance(suite, TermSuite) else real_keys(name)
            )
            versions = frozenset({3, 4}) if compatible else frozenset({4})
            deviates = name == "alice" and setting.deviations
            used = deviating(suite, frozenset(setting.deviations)) if deviates else suite
            account = Account(used, keys, tag, suite.seed(b"account " + name.encode()), versions)
            account.renew(NOW)
            assert keys.dsa is not None
            assert keys.dsa_public is not None
            three = Config3(
                keys.dsa, keys.dsa_public, suite.seed(b"3 " + name.encode()), tag, allow_v2=False
            )
            config = Config(
                keys,
                account.profiles,
                suite.seed(name.encode()),
                tag,
                account.prekey_profiles,
                account.prekeys,
                version_3=Endpoint3(older, three) if compatible else None,
                mode=setting.mode.number,
                max_size=setting.max_size,
                **policies,
            )
            self.accounts.append(account)
            # No endpoint takes a profile of another instance for its own; a tester's has to.
            config.profiles = (suite.client_profile(keys, tag, versions, NOW, config.seed),)
            if name == "bob":
                for refused in setting.bob_without:
                    setattr(config, refused, False)
            endpoint = Endpoint(used, config, NONE if name == "alice" else variant)
            endpoint.config.profiles = account.profiles
            self.endpoints.append(endpoint)
        self.states: list[Conversation] = [Endpoint.begin(), Endpoint.begin()]
        self.network: list[list[Wire]] = [[], []]
        """What is under way to each of them."""
        self.now = NOW
        self.names: dict[object, int] = {}
        """Values in the order in which they were first seen."""
        for text in TEXTS:
            self._value(suite.octets(text.encode()))

    def step(self, who: int, given: Input) -> object:
        """One of them takes an input; what it sends goes to the network. What it shows."""
        try:
            stepped = self.endpoints[who].step(self.states[who], given, self.now)
        except OtrSpecError as error:
            return type(error).__name__
        self.states[who] = stepped.conversation
        for output in stepped.outputs:
            if isinstance(output, notices.Send):
                self.network[1 - who].append(output.wire)
            elif isinstance(output, notices.PrekeyUsed):
                self.accounts[who].use_up(output.identifier)
        return self._shown(stepped)

    def _shown(self, stepped: Stepped) -> object:
        """What a step shows, without the values that the suites have in different forms."""
        return stepped.trace, [self._seen(output) for output in stepped.outputs]

    def _seen(self, value: object) -> object:
        match value:
            case notices.Send(wire):
                return "sent", self._sent(self.suite.decode(wire))
            case notices.Unprocessed():
                return "unprocessed"
            case tuple():
                return [self._seen(part) for part in value]
            case _ if is_dataclass(value) and not isinstance(value, type):
                inside = [self._seen(getattr(value, f.name)) for f in fields(value)]
                return type(value).__name__, inside
            case _:
                return self._value(value)

    def _sent(self, message: Message) -> object:
        if isinstance(message, OtherVersion):
            return message.version, message.header
        if isinstance(message, Fragment):
            # Of two messages that begin alike the first pieces are equal bytes, and nobody asks.
            return message.header, message.identifier, message.index, message.total
        return self._seen(message)

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

RAW = (
    b"?OTRv34?",
    b"?OTRv4?",
    b"?OTR:AAMD.",
    b"?OTR:AAQD.",
    b"?OTR Error: ERROR_1: Unreadable message",
    b"?OTR|00000001|00000202|00000101,00001,00002,abc,",
    b"hi \t  \t\t\t\t \t \t \t    \t\t  \t\t  \t\t \t  ",
    b"plain",
)


def command(world: World, who: int, what: str) -> Input:
    """What the user asks for."""
    suite = world.suite
    name, _, argument = what.partition(" ")
    text, typed = suite.octets(argument.encode()), suite.passphrase(argument.encode())
    if name == "offline":
        (ensemble,) = world.accounts[1 - who].make_ensembles(world.now, 1)
        return StartOffline(ensemble)
    commands: dict[str, Input] = {
        "start": Start(),
        "dake": StartDake(),
        "say": SendText(text),
        "end": End(),
        "beat": Heartbeat(),
        "extra": UseExtraKey(7, text),
        "smp": StartSmp(typed),
        "ask": StartSmp(typed, text),
        "answer": AnswerSmp(typed),
        "abort": AbortSmp(),
        "tick": Tick(),
    }
    return commands[name]


def played(world: World, move: Move) -> Iterator[object]:
    """What happens in one world."""
    match move:
        case Do(who, what):
            yield world.step(who, command(world, who, what))
        case Network(to, "settle"):
            yield from settled(world, to)
        case Network(to, "later", place):
            world.now += (30, 700, 90_000, 1_300_000)[place % 4]
            yield world.step(to, Tick())
        case Network(to, "raw", place):
            yield world.step(to, Receive(world.suite.wire(RAW[place % len(RAW)])))
        case Network(to, what, place) if world.network[to]:
            queue = world.network[to]
            wire = queue[place % len(queue)]
            if what in {"deliver", "lose"}:
                queue.remove(wire)
            if what != "lose":
                yield world.step(1 - to if what == "reflect" else to, Receive(wire))
        case Network():
            pass  # nothing is under way


def settled(world: World, to: int) -> Iterator[object]:
    """All that is under way arrives, and what is sent then."""
    for _ in range(200):
        who = to if world.network[to] else 1 - to
        if not world.network[who]:
            return
        yield world.step(who, Receive(world.network[who].pop(0)))


def check(setting: Setting, moves: list[Move]) -> int:
    """Play a script over both suites; how many steps were taken."""
    told = Told()
    terms_suite = ToldSuite(told)
    real = World(TellingSuite(told), TellingSuite3(told), setting)
    terms = World(terms_suite, terms_suite.older, setting)
    steps = 0
    for move in moves:
        over_bytes, over_terms = played(real, move), played(terms, move)
        while True:
            first = next(over_bytes, None)
            second = next(over_terms, None)
            if first is None or second is None:
                assert first is second
                break
            assert second == first, (move, steps)
            assert not told.higher
            assert not told.pieces
            steps += 1
    return steps


# Scripts.

BEGIN: list[Move] = [Do(0, "dake"), Network(1, "settle")]
OFFLINE: list[Move] = [Do(0, "offline"), Do(0, "say hi"), Network(1, "settle")]
ASKED: list[Move] = [Do(0, "start"), Network(1, "settle")]
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
REST: list[Move] = [*TALK, *TALK, *SMP, *SMP_BACK, *TALK, Network(0, "later", 2), *TALK, *FINISH]
CROSSING: list[Move] = [Do(0, "dake"), Do(1, "dake"), Network(1, "settle")]


@pytest.mark.parametrize("size", [0, 200, 600])
@pytest.mark.parametrize(
    "begin",
    [BEGIN, OFFLINE, ASKED, CROSSING],
    ids=["interactive", "offline", "query", "crossing"],
)
def test_a_conversation_is_the_same(begin: list[Move], size: int) -> None:
    assert check(Setting(max_size=size), [*begin, *REST]) > 30


EVERYTHING: list[Move] = [*OFFLINE, *TALK, Do(0, "end"), Network(1, "settle"), *BEGIN, *REST]


@pytest.mark.parametrize("falsified", DEVIATIONS, ids=lambda c: str(c.name))
def test_each_deviation_is_met_the_same(falsified: Check) -> None:
    assert check(Setting(deviations=(falsified,)), EVERYTHING) > 10


SKIPPABLE = [check for check in DEVIATIONS if not check.spec.structural]


@pytest.mark.parametrize("skipped", SKIPPABLE, ids=lambda c: str(c.name))
def test_a_receiver_that_skips_the_check_is_the_same(skipped: Check) -> None:
    assert check(Setting(deviations=(skipped,), skipped=(skipped,)), EVERYTHING) > 10


def test_a_conversation_of_version_3_is_the_same() -> None:
    assert check(Setting(without=("allow_v4",)), [*ASKED, *REST]) > 30


@pytest.mark.parametrize("refused", ["allow_v3", "allow_v4"])
def test_clients_that_share_one_version_find_it_the_same(refused: str) -> None:
    setting = Setting(policy=("send_whitespace_tag",), bob_without=(refused,))

    assert check(setting, [Do(0, "say hi"), *BEGIN, *ASKED, *REST]) > 30


@pytest.mark.parametrize("mode", [Mode.STANDALONE, Mode.INTERACTIVE_ONLY])
def test_the_other_modes_are_the_same(mode: Mode) -> None:
    assert check(Setting(mode=mode), [*BEGIN, *REST, *OFFLINE]) > 30


@pytest.mark.parametrize("to", [0, 1])
def test_what_comes_from_anybody_is_taken_the_same(to: int) -> None:
    raw: list[Move] = [Network(to, "raw", place) for place in range(len(RAW))]

    assert check(Setting(), [*raw, *BEGIN, *raw, Network(0, "settle"), *TALK, *raw]) > 30


who = st.integers(0, 1)
commands = st.sampled_from(
    (
        *("start", "dake", "offline", "end", "say hello", "say howdy", "say", "beat", "extra hi"),
        *("smp hello", "ask hello", "answer hello", "answer howdy", "abort", "tick"),
    )
)
accidents = st.sampled_from(["deliver", "deliver", "lose", "repeat", "reflect", "raw", "later"])
some_moves = st.one_of(
    st.builds(Do, who, commands),
    st.builds(Network, who, st.just("settle")),
    st.builds(Network, who, accidents, st.integers(0, 7)),
)
scripts = st.builds(
    lambda begun, more: begun + more,
    st.sampled_from([[], BEGIN, OFFLINE, ASKED, [*BEGIN, *TALK]]),
    st.lists(some_moves, max_size=25),
)
policies = st.sets(
    st.sampled_from(
        [
            *("require_encryption", "send_whitespace_tag", "whitespace_start_dake"),
            *("error_start_dake", "require_interactive"),
        ]
    )
).map(lambda chosen: tuple(sorted(chosen)))
settings_of_runs = st.builds(
    Setting,
    st.one_of(st.just(()), st.tuples(st.sampled_from(list(DEVIATIONS)))),
    st.one_of(st.just(()), st.tuples(st.sampled_from(SKIPPABLE))),
    st.sampled_from([0, 0, 300]),
    st.sampled_from(list(Mode)),
    policies,
    st.sampled_from([(), (), ("allow_v3",), ("identity_start_dake",)]),
    st.sampled_from([(), (), ("allow_v3",), ("allow_v4",)]),
)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,  # bytes decide a few things by chance: a number may be a byte shorter
    suppress_health_check=[HealthCheck.too_slow],
)
@given(settings_of_runs, scripts)
def test_any_script_is_the_same(setting: Setting, script: list[Move]) -> None:
    check(setting, script)
