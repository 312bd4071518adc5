"""Flaws of OTR versions 2 and 3, played by hand: over bytes and over terms, with and without.

Each script is one run of those who take part and of whoever sits between them. It says what the
user suffers, and is played with the tables that have the flaw and with the plain ones. What an
attacker computes is computed by the operations of the suite, from what was on the network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, TypeVar, cast

import pytest

from otr_check.otrv3.operators import Op
from otr_check.otrv3.suite import TermSuite
from otr_check.terms import Term, TermPool
from otr_model.kernel.history import Flaw, by_name
from otr_model.kernel.variant import NONE, Variant, apply
from otr_model.otrv3 import history
from otr_model.otrv3.conditions import Check
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.words import Msg, Smp
from otr_reference.keys import dsa
from otr_reference.otrv3 import notices
from otr_reference.otrv3.commands import AnswerSmp, End, Receive, SendText, Start, StartSmp
from otr_reference.otrv3.deviations import UnknownOverride, deviating, overriding
from otr_reference.otrv3.endpoint import Endpoint
from otr_reference.otrv3.messages import (
    Commitment,
    Content,
    DataMessage,
    DhCommit,
    DhKey,
    DhPair,
    ErrorMessage,
    Header,
    Identity,
    Plaintext,
    Query,
    RevealSignature,
    SignatureMessage,
)
from otr_reference.otrv3.notices import SmpStage
from otr_reference.otrv3.real import RealSuite
from otr_reference.otrv3.session import Config

if TYPE_CHECKING:
    from otr_model.kernel.vocabulary import Check as AnyCheck
    from otr_model.trace import Fired
    from otr_reference.otrv3.commands import Input
    from otr_reference.otrv3.messages import Message
    from otr_reference.otrv3.session import Conversation
    from otr_reference.sorts import Key, Octets, SigningKey, Wire

T = TypeVar("T")
FLAWS = by_name(history.FLAWS)
STORM = 120
"""More messages than any honest exchange takes."""


class Terms(TermSuite):
    """Terms in a world where of two hashes the one that was made later is higher."""

    def higher(self, ours: Octets, theirs: Octets) -> bool:
        """Compare when they were made."""
        return cast("Term", ours).serial > cast("Term", theirs).serial


Suites = RealSuite | Terms


@cache
def key(name: str) -> dsa.DsaPrivate:
    """One key for each name."""
    del name
    return dsa.generate()


def signing_key(suite: Suites, name: str) -> SigningKey:
    """The long-term key of somebody."""
    return suite.signing_key(name) if isinstance(suite, Terms) else suite.signing_key(key(name))


@pytest.fixture(params=["bytes", "terms"])
def suite(request: pytest.FixtureRequest) -> Suites:
    """Each script is played over both."""
    return RealSuite() if request.param == "bytes" else Terms(pool=TermPool())


@dataclass(eq=False)
class Person:
    """Somebody who takes part, with one client."""

    endpoint: Endpoint
    state: Conversation = field(default_factory=Endpoint.begin)
    sent: list[Wire] = field(default_factory=list)
    told: list[notices.Notice] = field(default_factory=list)

    def shown(self) -> list[notices.Shown]:
        """Every text that was shown."""
        return [notice for notice in self.told if isinstance(notice, notices.Shown)]

    def secured(self) -> list[notices.Secured]:
        """Every private conversation that the user was told of."""
        return [notice for notice in self.told if isinstance(notice, notices.Secured)]

    def smp(self) -> list[notices.SmpStage]:
        """What the user was told of SMP."""
        return [notice.stage for notice in self.told if isinstance(notice, notices.SmpStaged)]

    @property
    def private(self) -> bool:
        """Whether what the user types is encrypted."""
        return self.state.current.message is Msg.ENCRYPTED


class Stage:
    """Those who take part, over one suite, under one variant; the network is the script."""

    def __init__(self, suite: Suites, variant: Variant = NONE, **policies: bool) -> None:
        self.suite = suite
        self.variant = variant
        self.policies = policies
        self.log: list[Fired] = []
        """The rows that were taken, by whomever, and the checks that failed."""

    def person(
        self,
        name: str,
        tag: int,
        client: str = "",
        deviations: tuple[AnyCheck, ...] = (),
        **policies: bool,
    ) -> Person:
        """Somebody, by name, tag and client; a tester's deviations are not the variant's."""
        signing = signing_key(self.suite, name)
        seed = self.suite.seed(f"{name} {client}".encode().ljust(32))
        config = Config(
            signing,
            self.suite.public_key(signing),
            seed,
            tag,
            **{**self.policies, **policies},
        )
        used = deviating(self.suite, frozenset(deviations)) if deviations else self.suite
        used = overriding(used, apply(OTRV3, self.variant).overrides)
        return Person(Endpoint(used, config, self.variant))

    def pair(self) -> tuple[Person, Person]:
        """Alice and Bob."""
        return self.person("alice", 0x101), self.person("bob", 0x202)

    def do(self, person: Person, given: Input, now: int = 0) -> list[Wire]:
        """One step; what was sent by it, which is also kept as under way."""
        stepped = person.endpoint.step(person.state, given, now)
        person.state = stepped.conversation
        self.log.extend(stepped.trace)
        sent = [out.wire for out in stepped.outputs if isinstance(out, notices.Send)]
        person.told.extend(out for out in stepped.outputs if not isinstance(out, notices.Send))
        person.sent.extend(sent)
        return sent

    def say(self, person: Person, text: str) -> list[Wire]:
        """The user types a text; it is under way only where the script says so."""
        sent = self.do(person, SendText(self.text(text)))
        del person.sent[len(person.sent) - len(sent) :]
        return sent

    def give(self, person: Person, *wires: Wire) -> list[Wire]:
        """Messages arrive; what answers them is under way only where the script says so."""
        return [sent for wire in wires for sent in self._given(person, wire)]

    def _given(self, person: Person, wire: Wire) -> list[Wire]:
        sent = self.do(person, Receive(wire))
        del person.sent[len(person.sent) - len(sent) :]
        return sent

    def settle(self, *people: Person, hub: Person | None = None, limit: int = STORM) -> int:
        """Deliver what each sends to all others, until nothing is under way; how much it was.

        Where there is a hub, the others are clients of one account, and talk to the hub only.
        """
        delivered = 0
        while delivered < limit:
            sender = next((person for person in people if person.sent), None)
            if sender is None:
                break
            wire = sender.sent.pop(0)
            audience = people if hub is None or hub is sender else (hub,)
            for person in audience:
                if person is not sender:
                    self.do(person, Receive(wire))
            delivered += 1
        return delivered

    def talk(self, alice: Person, bob: Person) -> None:
        """A private conversation of the two begins."""
        self.do(alice, Start())
        self.settle(alice, bob)
        assert alice.private
        assert bob.private

    def chat(self, sender: Person, receiver: Person, text: str) -> None:
        """A text is typed and arrives."""
        self.give(receiver, *self.say(sender, text))

    def text(self, value: str) -> Octets:
        """What somebody types."""
        return self.suite.octets(value.encode())

    def texts(self, person: Person) -> list[bytes]:
        """What somebody has read, as bytes."""
        return [self.suite.to_bytes(notice.text) for notice in person.shown()]

    def read(self, wire: Wire, kind: type[T]) -> T:
        """A message on the network, taken apart."""
        message = self.suite.decode(wire)
        assert isinstance(message, kind)
        return message

    def wire(self, message: Message) -> Wire:
        """A message of the attacker's."""
        return self.suite.encode(message)

    def revealed(self, message: DataMessage) -> list[Key]:
        """The MAC keys that a Data Message makes public."""
        if isinstance(self.suite, Terms):
            term = cast("Term", message.revealed)
            parts = term.args if term.op is Op.CONCAT else (term,)
            return [cast("Key", part) for part in parts if part is not self.text("")]
        whole = self.suite.to_bytes(message.revealed)
        return [cast("Key", whole[at : at + 20]) for at in range(0, len(whole), 20)]

    def run(self, initiator: Person, responder: Person) -> Run:
        """An exchange up to the Signature Message, which is not delivered."""
        query = self.do(responder, Start())
        commit = self.give(initiator, *query)
        dh_key = self.give(responder, *commit)
        reveal = self.give(initiator, *dh_key)
        signature = self.give(responder, *reveal)
        responder.sent.clear()
        return Run(*(wires[0] for wires in (commit, dh_key, reveal, signature)))


@dataclass
class Run:
    """The messages of one exchange, in their order."""

    commit: Wire
    dh_key: Wire
    reveal: Wire
    signature: Wire


Script = Callable[[Stage], bool]
SCRIPTS: dict[str, Script] = {}
"""By the name of a flaw: plays it, and says whether the harm was done."""


def script(play: Script) -> Script:
    """A script, under the name of its flaw."""
    SCRIPTS[play.__name__.replace("_", "-")] = play
    return play


# The exchange.


@script
def sigma_without_identity(stage: Stage) -> bool:
    """Eve puts her own name under Alice's D-H key."""
    suite, (alice, bob) = stage.suite, stage.pair()
    run = stage.run(bob, alice)
    eve = signing_key(suite, "eve")
    public = suite.public_key(eve)
    commit, reveal = stage.read(run.commit, DhCommit), stage.read(run.reveal, RevealSignature)
    gx = suite.opened(reveal.revealed_key, Commitment(commit.encrypted_gx, commit.hashed_gx))
    gy = stage.read(run.dh_key, DhKey).gy
    keys = suite.ake_keys(suite.zero(), suite.generator()).signature
    value = suite.signed_value(keys.m1, gy, gx, public, 1)
    signature = suite.sign(eve, value, suite.seed(b"eve".ljust(32)), 1)
    sealed = suite.seal_identity(keys.c, Identity(public, 1, signature))
    header = stage.read(run.signature, SignatureMessage).header
    forged = SignatureMessage(header, sealed, suite.identity_mac(keys.m2, sealed))

    stage.give(bob, stage.wire(forged))
    if not bob.private:
        stage.give(bob, run.signature)
        assert bob.secured()[0].peer == alice.endpoint.config.public
        return False
    assert bob.secured()[0].peer == public
    assert bob.secured()[0].ssid == alice.secured()[0].ssid
    stage.chat(bob, alice, "for Eve only")
    assert alice.secured()[0].peer == bob.endpoint.config.public
    return stage.texts(alice) == [b"for Eve only"]


@script
def simultaneous_start(stage: Stage) -> bool:
    """Two D-H Commits cross."""
    alice, bob = stage.pair()
    from_alice, from_bob = stage.do(alice, Start()), stage.do(bob, Start())
    commits = stage.give(alice, *from_bob), stage.give(bob, *from_alice)
    alice.sent, bob.sent = stage.give(alice, *commits[1]), stage.give(bob, *commits[0])
    stage.settle(alice, bob)
    return not (alice.private or bob.private)


@script
def replayed_commit(stage: Stage) -> bool:
    """A D-H Commit arrives twice."""
    alice, bob = stage.pair()
    commit = stage.give(alice, *stage.do(bob, Start()))
    bob.sent = stage.give(bob, *commit, *commit)
    stage.settle(alice, bob)
    return not (alice.private or bob.private)


@script
def commitment_undone(stage: Stage) -> bool:
    """Eve commits, sees g^y, and commits to another g^x; Bob takes that one."""
    bob = stage.person("bob", 0x202)
    eve, again = stage.person("eve", 0x303), stage.person("eve", 0x303, "again")
    query = stage.do(bob, Start())
    first = stage.give(bob, *stage.give(eve, *query))
    second = stage.give(bob, *stage.give(again, *query))
    seen, answered = (stage.read(wires[0], DhKey).gy for wires in (first, second))
    again.sent = stage.give(again, *second)
    stage.settle(again, bob)
    assert bob.secured()[0].ssid == again.secured()[0].ssid
    return seen == answered


@script
def forged_signature(stage: Stage) -> bool:
    """A Signature Message that means nothing comes before the right one."""
    alice, bob = stage.pair()
    run = stage.run(alice, bob)
    header = stage.read(run.dh_key, DhKey).header
    reveal = stage.read(run.reveal, RevealSignature)
    forged = SignatureMessage(header, reveal.encrypted_signature, reveal.mac)
    stage.give(alice, stage.wire(forged), run.signature)
    assert bob.private
    return not alice.private


def multiple_clients_of(stage: Stage) -> int:
    """Alice is there twice, Bob writes to her: how many messages follow."""
    alice, other = stage.person("alice", 0x101, "1"), stage.person("alice", 0x103, "2")
    bob = stage.person("bob", 0x202)
    stage.do(bob, Start())
    stage.settle(bob, alice, other, hub=bob)
    stage.do(bob, SendText(stage.text("hello")))
    return stage.settle(bob, alice, other, hub=bob)


@script
def multiple_clients(stage: Stage) -> bool:
    """What is meant for one client arrives at both."""
    return multiple_clients_of(stage) == STORM


# The version.


@script
def version_rollback(stage: Stage) -> bool:
    """The 3 is taken out of a Query Message."""
    alice, bob = stage.pair()
    query = stage.read(stage.do(alice, Start())[0], Query)
    alice.sent = [stage.wire(replace(query, versions=query.versions - {3}))]
    stage.settle(alice, bob)
    return [told.version for told in alice.secured() + bob.secured()] == [2, 2]


@script
def mixed_versions(stage: Stage) -> bool:
    """Everything from Alice's version 3 is turned into version 2 on its way to Bob."""
    alice, bob = stage.pair()

    def older(*wires: Wire) -> list[Wire]:
        read = [cast("DhCommit", stage.suite.decode(wire)) for wire in wires]
        return [stage.wire(replace(message, header=Header(2, 0, 0))) for message in read]

    commit = stage.give(alice, *stage.do(bob, Start()))
    assert stage.read(commit[0], DhCommit).header.version == 3
    reveal = stage.give(alice, *stage.give(bob, *older(*commit)))
    stage.give(alice, *stage.give(bob, *older(*reveal)))
    return alice.private and [told.version for told in bob.secured()] == [2]


# What the user types and sees.


@script
def plaintext_after_end(stage: Stage) -> bool:
    """Bob types while Alice leaves."""
    alice, bob = stage.pair()
    stage.talk(alice, bob)
    stage.give(bob, *stage.do(alice, End()))
    sent = stage.say(bob, "between us")
    assert sent or any(isinstance(told, notices.NotSent) for told in bob.told)
    return [stage.suite.decode(wire) for wire in sent] == [Plaintext(stage.text("between us"))]


@script
def stored_for_another(stage: Stage) -> bool:
    """Alice's text for Bob is lost, and then asked for by Eve."""
    alice, bob = stage.pair()
    stage.talk(alice, bob)
    stage.say(alice, "for Bob only")
    stage.give(alice, stage.wire(ErrorMessage(stage.text("it could not be read"))))
    eve = stage.person("eve", 0x303)
    stage.do(eve, Start())
    stage.settle(alice, eve)
    assert eve.private
    return stage.texts(eve) == [b"for Bob only"]


@script
def error_ping_pong(stage: Stage) -> bool:
    """One message that cannot be read."""
    alice, bob = stage.pair()
    stage.talk(alice, bob)
    lost = stage.read(stage.say(bob, "hello")[0], DataMessage)
    forged = replace(lost, mac=stage.suite.garble_mac(lost.mac))
    stage.do(alice, Receive(stage.wire(forged)))
    return stage.settle(alice, bob) == STORM


# Data Messages.


@script
def mac_keys_of_sender(stage: Stage) -> bool:
    """Eve holds a text of Alice's back until Alice reveals a MAC key that fits."""
    suite, (alice, bob) = stage.suite, stage.pair()
    stage.talk(alice, bob)
    from_bob = stage.say(bob, "are you there?")
    stage.chat(alice, bob, "hello")
    held = stage.read(stage.say(alice, "pay Bob")[0], DataMessage)
    stage.give(alice, *from_bob)
    stage.chat(bob, alice, "yes?")
    revealing = stage.read(stage.say(alice, "that was all")[0], DataMessage)
    assert stage.revealed(revealing)
    fields = replace(held.fields, encrypted=suite.garble(held.fields.encrypted))
    body = suite.data_body(fields)
    for revealed in stage.revealed(revealing):
        mac = suite.data_mac(revealed, body)
        stage.give(bob, stage.wire(DataMessage(fields, body, mac, held.revealed)))
    typed = [b"hello", b"pay Bob", b"that was all"]
    return any(text not in typed for text in stage.texts(bob))


@script
def mac_keys_again(stage: Stage) -> bool:
    """A few texts there and back."""
    alice, bob = stage.pair()
    stage.talk(alice, bob)
    revealed: list[object] = []
    for _ in range(4):
        for sender, receiver in ((alice, bob), (bob, alice)):
            wires = stage.say(sender, "hello")
            stage.give(receiver, *wires)
            revealed.extend(stage.revealed(stage.read(wires[0], DataMessage)))
    assert len(alice.shown()) == len(bob.shown()) == 4
    assert revealed
    return len(set(revealed)) < len(revealed)


@script
def replayed_data(stage: Stage) -> bool:
    """A text arrives twice."""
    alice, bob = stage.pair()
    stage.talk(alice, bob)
    wires = stage.say(alice, "yes")
    stage.give(bob, *wires, *wires)
    assert b"yes" in stage.texts(bob)
    return stage.texts(bob) == [b"yes", b"yes"]


@script
def next_dh_of_one(stage: Stage) -> bool:
    """Bob's next D-H key is 1, and Alice answers him; Eve listens."""
    suite, alice = stage.suite, stage.person("alice", 0x101)
    bob = stage.person("bob", 0x202, deviations=(Check.NEXT_DH_RANGE,))
    run = stage.run(bob, alice)
    stage.give(bob, run.signature)
    stage.chat(bob, alice, "hello")
    heard = stage.read(stage.say(alice, "my secret")[0], DataMessage)
    gy = stage.read(run.dh_key, DhKey).gy
    keys = suite.data_keys(DhPair(suite.zero(), gy), suite.outside())
    if not suite.same(suite.data_mac(keys.sending_mac, heard.authenticated), heard.mac):
        return False
    content = suite.open(keys.sending, heard.fields.counter, heard.fields.encrypted)
    return content == Content(stage.text("my secret"))


# SMP.


@script
def smp_without_ranges(stage: Stage) -> bool:
    """Mallory does not know the secret, and sends g2a = 1."""
    alice = stage.person("alice", 0x101)
    mallory = stage.person("mallory", 0x202, deviations=(Check.G2A_RANGE,))
    stage.talk(alice, mallory)
    stage.do(mallory, StartSmp(stage.suite.passphrase(b"a guess")))
    stage.settle(alice, mallory)
    stage.do(alice, AnswerSmp(stage.suite.passphrase(b"a secret")))
    stage.settle(alice, mallory)
    return SmpStage.SUCCESS in alice.smp()


@script
def smp_in_wrong_state(stage: Stage) -> bool:
    """Both users begin SMP at once."""
    alice, bob = stage.pair()
    stage.talk(alice, bob)
    for person in (alice, bob):
        stage.do(person, StartSmp(stage.suite.passphrase(b"a secret")))
    crossing = [*alice.sent], [*bob.sent]
    alice.sent, bob.sent = stage.give(alice, *crossing[1]), stage.give(bob, *crossing[0])
    stage.settle(alice, bob)
    waiting = [person.state.current.smp is Smp.EXPECT2 for person in (alice, bob)]
    assert all(waiting) or [person.smp()[-1] for person in (alice, bob)] == [SmpStage.ABORTED] * 2
    return all(waiting)


@script
def smp_across_refresh(stage: Stage) -> bool:
    """The conversation is refreshed while Bob thinks."""
    alice, bob = stage.pair()
    stage.talk(alice, bob)
    secret = stage.suite.passphrase(b"a secret")
    stage.do(alice, StartSmp(secret))
    stage.settle(alice, bob)
    stage.talk(alice, bob)
    stage.do(bob, AnswerSmp(secret))
    stage.settle(alice, bob)
    return SmpStage.FAILURE in alice.smp() and SmpStage.FAILURE in bob.smp()


# What is shown.


def stage_of(suite: Suites, flaw: Flaw, variant: Variant) -> Stage:
    """A stage with the policies of a flaw."""
    return Stage(suite, variant, **dict(flaw.policies))


@pytest.mark.parametrize("name", FLAWS)
def test_each_flaw_does_its_harm(suite: Suites, name: str) -> None:
    flaw = FLAWS[name]

    assert SCRIPTS[name](stage_of(suite, flaw, flaw.variant))


@pytest.mark.parametrize("name", FLAWS)
def test_the_plain_tables_have_the_flaws_that_stand_and_no_other(suite: Suites, name: str) -> None:
    flaw = FLAWS[name]

    assert SCRIPTS[name](stage_of(suite, flaw, NONE)) == flaw.stands


CROSSING = "simultaneous-start"
"""What happens depends on which hash is higher, and terms have an order of their own."""


@pytest.mark.parametrize("name", sorted(set(FLAWS) - {CROSSING}))
def test_bytes_and_terms_take_the_same_rows(name: str) -> None:
    flaw = FLAWS[name]

    for variant in (flaw.variant, NONE):
        stages = [stage_of(suite, flaw, variant) for suite in (RealSuite(), Terms(pool=TermPool()))]
        for stage in stages:
            SCRIPTS[name](stage)
        assert stages[0].log == stages[1].log
        assert stages[0].log


@pytest.mark.parametrize("cure", history.CURES, ids=lambda cure: str(cure.name))
def test_either_half_of_sigma_cures_the_misbinding(suite: Suites, cure: Variant) -> None:
    assert not sigma_without_identity(Stage(suite, cure))


def test_several_clients_never_come_to_rest_in_version_2(suite: Suites) -> None:
    flaw = FLAWS["multiple-clients"]

    older = Stage(suite, NONE, **dict(flaw.policies), allow_v3=False)

    assert multiple_clients_of(older) == STORM


def test_every_flaw_has_a_script_and_every_script_a_flaw() -> None:
    assert set(SCRIPTS) == set(FLAWS)


def test_every_variant_of_history_can_be_applied() -> None:
    plain = apply(OTRV3)

    for flaw in history.FLAWS:
        assert (apply(OTRV3, flaw.variant) == plain) is flaw.stands
    for cure in history.CURES:
        assert apply(OTRV3, cure) != plain


def test_two_flaws_stand() -> None:
    standing = [flaw.name for flaw in history.FLAWS if flaw.stands]

    assert standing == ["commitment-undone", "version-rollback"]


def test_an_override_that_is_not_known_is_refused(suite: Suites) -> None:
    with pytest.raises(UnknownOverride, match="ake_keys is known that is otherwise"):
        overriding(suite, {"ake_keys": "otherwise"})
    assert overriding(suite, {}) is suite
