"""OTR version 1: its exchange, over bytes and over terms; its flaws, and what cures them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otr_check.otrv1.suite import TermSuite
from otr_check.terms import TermPool
from otr_model.kernel.history import by_name
from otr_model.kernel.variant import NONE, Override, SkipCheck, Variant
from otr_model.otrv1 import history
from otr_model.otrv1.conditions import Check
from otr_model.otrv1.protocol import OTRV1
from otr_model.otrv1.words import Connection
from otr_reference.keys import dsa
from otr_reference.otrv1 import notices
from otr_reference.otrv1.commands import End, Receive, SendText, Start
from otr_reference.otrv1.deviations import UnknownOverride
from otr_reference.otrv1.endpoint import Endpoint
from otr_reference.otrv1.messages import DataMessage, KeyExchange, Plaintext, Query
from otr_reference.otrv1.real import RealSuite
from otr_reference.otrv1.session import Config
from otr_reference.otrv3.messages import DhPair

if TYPE_CHECKING:
    from otr_model.trace import Fired
    from otr_reference.otrv1.commands import Input
    from otr_reference.otrv1.messages import Message
    from otr_reference.otrv1.session import Conversation
    from otr_reference.sorts import Octets, SigningKey, Wire

T = TypeVar("T")
FLAWS = by_name(history.FLAWS)
Suites = RealSuite | TermSuite


@cache
def key(name: str) -> dsa.DsaPrivate:
    """One key for each name."""
    del name
    return dsa.generate()


def signing_key(suite: Suites, name: str) -> SigningKey:
    """The long-term key of somebody."""
    if isinstance(suite, TermSuite):
        return suite.later.signing_key(name)
    return suite.later.signing_key(key(name))


@pytest.fixture(params=["bytes", "terms"])
def suite(request: pytest.FixtureRequest) -> Suites:
    """Each script is played over both."""
    return RealSuite() if request.param == "bytes" else TermSuite(TermPool())


@dataclass(eq=False)
class Person:
    """Somebody who takes part."""

    endpoint: Endpoint
    state: Conversation = field(default_factory=Endpoint.begin)
    told: list[notices.Notice] = field(default_factory=list)
    fired: list[Fired] = field(default_factory=list)

    def secured(self) -> list[notices.Secured]:
        """Every private conversation that the user was told of."""
        return [notice for notice in self.told if isinstance(notice, notices.Secured)]

    def shown(self) -> list[notices.Shown]:
        """Every text that was shown."""
        return [notice for notice in self.told if isinstance(notice, notices.Shown)]

    @property
    def rows(self) -> list[str]:
        """The rows that were taken."""
        return [fired.row for fired in self.fired]

    @property
    def connected(self) -> bool:
        """Whether what the user types is encrypted."""
        return self.state.current.connection is Connection.CONNECTED


class Stage:
    """Those who take part, over one suite, under one variant; the network is the script."""

    def __init__(self, suite: Suites, variant: Variant = NONE) -> None:
        self.suite = suite
        self.variant = variant

    def person(self, name: str) -> Person:
        """Somebody, by name."""
        signing = signing_key(self.suite, name)
        later = self.suite.later
        seed = later.seed(name.encode().ljust(32))
        config = Config(signing, later.public_key(signing), seed)
        return Person(Endpoint(self.suite, config, self.variant))

    def do(self, person: Person, given: Input) -> list[Wire]:
        """One step; what was sent by it."""
        stepped = person.endpoint.step(person.state, given)
        person.state = stepped.conversation
        person.fired.extend(stepped.trace)
        person.told.extend(out for out in stepped.outputs if not isinstance(out, notices.Send))
        return [out.wire for out in stepped.outputs if isinstance(out, notices.Send)]

    def give(self, person: Person, *wires: Wire) -> list[Wire]:
        """Messages arrive; what answers them."""
        return [sent for wire in wires for sent in self.do(person, Receive(wire))]

    def say(self, person: Person, text: str) -> list[Wire]:
        """The user types a text."""
        return self.do(person, SendText(self.text(text)))

    def text(self, value: str) -> Octets:
        """What somebody types."""
        return self.suite.later.octets(value.encode())

    def read(self, wire: Wire, kind: type[T]) -> T:
        """A message on the network, taken apart."""
        message = self.suite.decode(wire)
        assert isinstance(message, kind)
        return message

    def wire(self, message: Message) -> Wire:
        """A message of the attacker's."""
        return self.suite.encode(message)

    def settle(self, alice: Person, bob: Person, under_way: list[Wire]) -> int:
        """Deliver to Bob, the answers to Alice, and so on until none comes; how many rounds."""
        for rounds in range(20):
            if not under_way:
                return rounds
            under_way = self.give((bob, alice)[rounds % 2], *under_way)
        pytest.fail("they never come to rest")

    def talk(self) -> tuple[Person, Person]:
        """A private conversation of Alice and Bob, which Alice asks for."""
        alice, bob = self.person("alice"), self.person("bob")
        self.settle(alice, bob, self.do(alice, Start()))
        assert alice.connected
        assert bob.connected
        return alice, bob

    def key_exchange(self, name: str, y: KeyExchange) -> KeyExchange:
        """Somebody's signature under a D-H key that is not theirs."""
        suite, signing = self.suite, signing_key(self.suite, name)
        public = suite.later.public_key(signing)
        value = suite.signed_value(y.reply, public, y.keyid, y.y, None)
        signature = suite.sign(signing, value, suite.later.seed(b"eve".ljust(32)), 1)
        return replace(y, public=public, signature=signature)


# The exchange.


def test_both_are_told_of_each_other_and_of_one_session(suite: Suites) -> None:
    alice, bob = Stage(suite).talk()

    (to_alice,), (to_bob,) = alice.secured(), bob.secured()

    assert to_alice.peer == bob.endpoint.config.public
    assert to_bob.peer == alice.endpoint.config.public
    assert to_alice.ssid == to_bob.ssid


def test_a_text_is_read_by_the_other_side_only_once(suite: Suites) -> None:
    stage = Stage(suite)
    alice, bob = stage.talk()

    wires = stage.say(alice, "hello")
    stage.give(bob, *wires, *wires)
    stage.give(alice, *stage.say(bob, "hi"))

    assert bob.shown() == [notices.Shown(stage.text("hello"), secure=True)]
    assert alice.shown() == [notices.Shown(stage.text("hi"), secure=True)]
    assert bob.rows[-2] == "otrv1.connection:received.connected.data-not-valid"


def test_a_changed_text_is_refused(suite: Suites) -> None:
    stage = Stage(suite)
    alice, bob = stage.talk()

    message = stage.read(stage.say(alice, "hello")[0], DataMessage)
    stage.give(bob, stage.wire(replace(message, mac=suite.garble_mac(message.mac))))

    assert bob.shown() == []
    assert bob.told[-1] == notices.Warned(notices.Alert.REFUSED)


def test_a_key_exchange_that_comes_again_tells_nothing_new(suite: Suites) -> None:
    stage = Stage(suite)
    alice, bob = stage.person("alice"), stage.person("bob")
    first = stage.give(bob, *stage.do(alice, Start()))
    reply = stage.give(alice, *first)
    stage.give(bob, *reply)

    again = stage.give(alice, *first)
    stage.give(bob, *again)

    assert len(alice.secured()) == len(bob.secured()) == 1
    assert stage.read(again[0], KeyExchange).reply


def test_two_key_exchanges_that_cross_make_one_session(suite: Suites) -> None:
    stage = Stage(suite)
    alice, bob = stage.person("alice"), stage.person("bob")
    query = stage.wire(Query())
    from_alice, from_bob = stage.give(alice, query), stage.give(bob, query)

    to_alice, to_bob = stage.give(bob, *from_alice), stage.give(alice, *from_bob)
    stage.give(alice, *to_alice)
    stage.give(bob, *to_bob)

    assert alice.secured() == [notices.Secured(bob.endpoint.config.public, _ssid(alice))]
    assert bob.secured() == [notices.Secured(alice.endpoint.config.public, _ssid(alice))]


def _ssid(person: Person) -> Octets:
    keys = person.state.current.keys
    assert keys is not None
    return keys.ssid


def test_before_and_after_it_is_private_texts_are_not_encrypted(suite: Suites) -> None:
    stage = Stage(suite)
    alice, bob = stage.talk()
    stage.do(alice, End())

    wires = stage.say(alice, "in the clear")
    stage.give(bob, *wires)

    assert stage.read(wires[0], Plaintext).text == stage.text("in the clear")
    assert alice.told[-1] == notices.Insecure()
    assert alice.state.values() == (alice.state.draws, Endpoint.begin().current.values())
    assert bob.told[-1] == notices.Warned(notices.Alert.UNENCRYPTED)


@pytest.mark.parametrize("field_", ["keyid", "signature"])
def test_a_key_exchange_that_is_not_signed_is_refused(suite: Suites, field_: str) -> None:
    stage = Stage(suite)
    bob, alice = stage.person("bob"), stage.person("alice")
    right = stage.read(stage.give(bob, stage.wire(Query()))[0], KeyExchange)
    other = stage.key_exchange("eve", right)
    wrong = {
        "keyid": replace(right, keyid=right.keyid + 1),
        "signature": replace(right, signature=other.signature),
    }

    assert stage.give(alice, stage.wire(wrong[field_])) == []
    assert alice.rows == ["otrv1.connection:received.unconnected.key-exchange-not-valid"]
    assert alice.secured() == []


def test_a_faulty_receiver_takes_it_all_the_same(suite: Suites) -> None:
    stage = Stage(suite, Variant("faulty", edits=(SkipCheck(Check.SIGNED),)))
    bob, alice = stage.person("bob"), stage.person("alice")
    right = stage.read(stage.give(bob, stage.wire(Query()))[0], KeyExchange)

    stage.give(alice, stage.wire(replace(right, keyid=right.keyid + 1)))

    assert alice.connected


def test_states_and_messages_are_values(suite: Suites) -> None:
    stage = Stage(suite)
    (alice, _), (again, _) = stage.talk(), stage.talk()

    message = stage.read(stage.say(alice, "hello")[0], DataMessage)

    assert hash(alice.state.values()) != hash(Endpoint.begin().values())
    assert hash(message) == hash(stage.read(stage.say(again, "hello")[0], DataMessage))
    assert alice.state.values() == again.state.values()


def test_the_tables_are_well_formed() -> None:
    OTRV1.validate()


def test_an_override_that_is_not_known_is_refused(suite: Suites) -> None:
    odd = Variant("odd", edits=(Override("signed_value", "otherwise"),))

    with pytest.raises(UnknownOverride, match="signed_value is known that is otherwise"):
        Stage(suite, odd).person("alice")


# Bytes and terms.

who = st.integers(0, 1)
moves = st.one_of(
    st.tuples(who, st.sampled_from(["start", "end", "say"])),
    st.tuples(who, st.sampled_from(["deliver", "deliver", "repeat", "reflect", "lose", "settle"])),
)


def played(suite: Suites, script: list[tuple[int, str]]) -> list[Fired]:
    """What two people do and what a network does to them."""
    stage = Stage(suite)
    people = stage.person("alice"), stage.person("bob")
    network: tuple[list[Wire], list[Wire]] = [], []
    log: list[Fired] = []
    commands: dict[str, Input] = {"start": Start(), "end": End(), "say": SendText(stage.text("hi"))}

    def step(at: int, given: Input) -> None:
        before = len(people[at].fired)
        network[1 - at].extend(stage.do(people[at], given))
        log.extend(people[at].fired[before:])

    for at, what in script:
        if what in commands:
            step(at, commands[what])
        elif what == "settle":
            for _ in range(30):
                to = at if network[at] else 1 - at
                if network[to]:
                    step(to, Receive(network[to].pop(0)))
        elif network[at]:
            wire = network[at][0] if what in {"repeat", "reflect"} else network[at].pop(0)
            if what != "lose":
                step(1 - at if what == "reflect" else at, Receive(wire))
    return log


@settings(max_examples=40, derandomize=True)
@given(st.lists(moves, max_size=25))
def test_any_script_is_the_same_over_bytes_and_terms(script: list[tuple[int, str]]) -> None:
    begun = [(0, "start"), (1, "settle"), *script]

    assert played(RealSuite(), begun) == played(TermSuite(TermPool()), begun)


# Its flaws.

Script = Callable[[Stage], bool]


def identity_misbinding(stage: Stage) -> bool:
    """Eve puts her own name under Alice's D-H key, on the way to Bob."""
    alice, bob = stage.person("alice"), stage.person("bob")
    first = stage.give(bob, *stage.do(alice, Start()))
    reply = stage.read(stage.give(alice, *first)[0], KeyExchange)
    forged = stage.key_exchange("eve", reply)
    stage.give(alice, *stage.give(bob, stage.wire(forged)))
    if not (alice.connected and bob.connected):
        return False
    assert bob.secured()[-1].peer == forged.public
    assert alice.secured()[-1].peer == bob.endpoint.config.public
    assert alice.secured()[-1].ssid == bob.secured()[-1].ssid
    stage.give(alice, *stage.say(bob, "for Eve only"))
    return alice.shown() == [notices.Shown(stage.text("for Eve only"), secure=True)]


def stolen_exponent(stage: Stage) -> bool:
    """Eve has one exponent of Alice's, and what Alice sent with it."""
    suite, (alice, bob) = stage.suite, (stage.person("alice"), stage.person("bob"))
    first = stage.give(bob, *stage.do(alice, Start()))
    heard = stage.give(alice, *first)
    stage.give(alice, *stage.give(bob, *heard))
    pair = alice.state.current.pair
    assert pair is not None
    stage.do(bob, End())

    query = stage.wire(Query())
    theirs = stage.read(stage.give(bob, query)[0], KeyExchange).y
    stage.give(bob, *heard)
    if not bob.connected:
        return False
    assert bob.secured()[-1].peer == alice.endpoint.config.public
    said = stage.read(stage.say(bob, "for Alice only")[0], DataMessage)
    keys = suite.session_keys(DhPair(pair.secret, pair.public), theirs)
    return suite.open(keys.receiving, said.counter, said.encrypted) == stage.text("for Alice only")


def reflected_key_exchange(stage: Stage) -> bool:
    """Eve sends back to Bob what Bob has sent, as long as Bob sends something."""
    bob = stage.person("bob")
    under_way = stage.give(bob, stage.wire(Query()))
    for _ in range(4):
        under_way = stage.give(bob, *under_way)
    assert all(told.peer == bob.endpoint.config.public for told in bob.secured())
    return bob.connected


SCRIPTS: dict[str, Script] = {
    "identity-misbinding": identity_misbinding,
    "stolen-exponent": stolen_exponent,
    "reflected-key-exchange": reflected_key_exchange,
}


@pytest.mark.parametrize("name", FLAWS)
def test_version_1_has_its_flaws(suite: Suites, name: str) -> None:
    assert FLAWS[name].present
    assert not FLAWS[name].stands
    assert SCRIPTS[name](Stage(suite, FLAWS[name].variant))


@pytest.mark.parametrize("cure", history.CURES, ids=lambda cure: str(cure.name))
def test_either_cure_cures_the_misbinding(suite: Suites, cure: Variant) -> None:
    assert not identity_misbinding(Stage(suite, cure))


@pytest.mark.parametrize("name", ["stolen-exponent", "reflected-key-exchange"])
def test_only_what_is_made_of_both_keys_cures_the_others(suite: Suites, name: str) -> None:
    mac, named = history.CURES

    assert not SCRIPTS[name](Stage(suite, mac))
    assert SCRIPTS[name](Stage(suite, named))


def test_every_flaw_has_a_script_and_every_script_a_flaw() -> None:
    assert set(SCRIPTS) == set(FLAWS)


@pytest.mark.parametrize("cure", history.CURES, ids=lambda cure: str(cure.name))
def test_those_who_are_honest_still_come_together(suite: Suites, cure: Variant) -> None:
    stage = Stage(suite, cure)

    alice, bob = stage.talk()
    stage.give(bob, *stage.say(alice, "hello"))

    assert alice.secured()[0].ssid == bob.secured()[0].ssid
    assert bob.shown() == [notices.Shown(stage.text("hello"), secure=True)]
