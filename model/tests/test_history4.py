"""Flaws of OTR version 4, played by hand: over bytes and over terms, with and without.

Each script is one run of those who take part and of whoever sits between them. It says what the
user suffers, and is played with the tables that have the flaw and with the plain ones. What an
attacker computes is computed by the operations of the suite, from what was on the network, or from
what was stolen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, TypeVar, cast

import pytest

from otr_check.otrv4.suite import TermSuite, VersionThree
from otr_check.terms import Term, TermPool
from otr_model.kernel.history import by_name
from otr_model.kernel.variant import NONE, Override, Variant, apply
from otr_model.otrv4 import history
from otr_model.otrv4.protocol import OTRV4
from otr_model.otrv4.words import Mode, Msg
from otr_reference.ed448 import ORDER
from otr_reference.engine import Unprepared
from otr_reference.keys import dsa
from otr_reference.otrv3.endpoint import Endpoint as Endpoint3
from otr_reference.otrv3.real import RealSuite as RealSuite3
from otr_reference.otrv3.session import Config as Config3
from otr_reference.otrv4 import notices
from otr_reference.otrv4 import ring as rings
from otr_reference.otrv4.account import Account
from otr_reference.otrv4.commands import (
    End,
    Receive,
    SendText,
    Start,
    StartDake,
    StartOffline,
    Tick,
)
from otr_reference.otrv4.deviations import OVERRIDES, overriding
from otr_reference.otrv4.dialects import dialect
from otr_reference.otrv4.endpoint import Endpoint
from otr_reference.otrv4.messages import (
    AuthR,
    DataMessage,
    Header,
    Identity,
    NonInteractiveAuth,
    Query,
)
from otr_reference.otrv4.notices import Alert
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.session import Config
from otr_reference.otrv4.suite import PhiSide, Transcript
from otr_reference.shake import shake256

if TYPE_CHECKING:
    from otr_model.trace import Fired
    from otr_reference.otrv3.suite import Suite as Suite3
    from otr_reference.otrv4.commands import Input
    from otr_reference.otrv4.session import Conversation
    from otr_reference.otrv4.suite import LongTerm
    from otr_reference.sorts import Octets, RingSignature, Wire

T = TypeVar("T")
FLAWS = by_name(history.FLAWS)
NOW, DAY = 10_000_000, 86400
ALICE, BOB, EVE = 0x101, 0x202, 0x303


class Terms3(VersionThree):
    """As `Terms`, of version 3."""

    def higher(self, ours: Octets, theirs: Octets) -> bool:
        """Compare when they were made."""
        return cast("Term", ours).serial > cast("Term", theirs).serial


class Terms(TermSuite):
    """Terms in a world where of two hashes the one that was made later is higher."""

    def __init__(self) -> None:
        super().__init__(pool=TermPool())
        self.older = Terms3(pool=self.pool)


Suites = RealSuite | Terms


@cache
def key(name: str) -> dsa.DsaPrivate:
    """One key for each name."""
    del name
    return dsa.generate()


@cache
def real_keys(name: str) -> LongTerm:
    """The long-term keys of somebody, as bytes."""
    return RealSuite.long_term(shake256(name.encode(), 57), dsa=key(name))


def long_term(suite: Suites, name: str) -> LongTerm:
    """The long-term keys of somebody."""
    return suite.long_term(name, dsa=True) if isinstance(suite, Terms) else real_keys(name)


@pytest.fixture(params=["bytes", "terms"])
def suite(request: pytest.FixtureRequest) -> Suites:
    """Each script is played over both."""
    return RealSuite() if request.param == "bytes" else Terms()


@dataclass(eq=False)
class Person:
    """Somebody who takes part, with one client."""

    endpoint: Endpoint
    account: Account
    state: Conversation = field(default_factory=Endpoint.begin)
    sent: list[Wire] = field(default_factory=list)
    told: list[notices.Notice] = field(default_factory=list)

    def secured(self) -> list[notices.Secured]:
        """Every private conversation of version 4 that the user was told of."""
        return [notice for notice in self.told if isinstance(notice, notices.Secured)]

    @property
    def private(self) -> bool:
        """Whether what the user types is encrypted, in version 4."""
        return self.state.current.message is Msg.ENCRYPTED_MESSAGES

    @property
    def private_3(self) -> bool:
        """Whether the user was told of a private conversation of version 3."""
        return any(isinstance(notice, notices.Secured3) for notice in self.told)


class Stage:
    """Those who take part, over one suite, under one variant; the network is the script."""

    def __init__(self, suite: Suites, variant: Variant = NONE) -> None:
        overrides = apply(OTRV4, variant).overrides
        rest = tuple(edit for edit in variant.edits if not _is_ours(edit))
        self.suite: Suites = overriding(suite, overrides)
        self.older: Suite3 = suite.older if isinstance(suite, Terms) else RealSuite3()
        self.spoken: Suites = dialect(
            self.suite, {o: how for o, how in overrides.items() if (o, how) not in OVERRIDES}
        )
        self.variant = replace(variant, edits=rest)
        self.now = NOW
        self.log: list[Fired] = []
        """The rows that were taken, by whomever, and the checks that failed."""

    def person(self, name: str, tag: int, keys: LongTerm | None = None, since: int = NOW) -> Person:
        """Somebody, by name and tag; `since` is when the client profile was made."""
        suite = self.suite
        keys = long_term(suite, name) if keys is None else keys
        seed = suite.seed(b"account " + name.encode())
        account = Account(suite, keys, tag, seed, frozenset({3, 4}))
        account.renew(since)
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
            version_3=Endpoint3(self.older, three),
            mode=Mode.COMPATIBLE.number,
        )
        return Person(Endpoint(suite, config, self.variant), account)

    def pair(self) -> tuple[Person, Person]:
        """Alice and Bob."""
        return self.person("alice", ALICE), self.person("bob", BOB)

    def do(self, person: Person, given: Input) -> list[Wire]:
        """One step; what was sent by it, which is also kept as under way."""
        stepped = person.endpoint.step(person.state, given, self.now)
        person.state = stepped.conversation
        self.log.extend(stepped.trace)
        sent = [out.wire for out in stepped.outputs if isinstance(out, notices.Send)]
        person.told.extend(out for out in stepped.outputs if not isinstance(out, notices.Send))
        person.sent.extend(sent)
        return sent

    def apart(self, person: Person, given: Input) -> list[Wire]:
        """One step; what was sent by it is under way only where the script says so."""
        sent = self.do(person, given)
        del person.sent[len(person.sent) - len(sent) :]
        return sent

    def give(self, person: Person, *wires: Wire) -> list[Wire]:
        """Messages arrive; what answers them is under way only where the script says so."""
        return [sent for wire in wires for sent in self.apart(person, Receive(wire))]

    def say(self, person: Person, text: str) -> list[Wire]:
        """The user types a text; it is under way only where the script says so."""
        return self.apart(person, SendText(self.text(text)))

    def settle(self, *people: Person) -> None:
        """Deliver what each sends to all others, until nothing is under way."""
        for _ in range(60):
            sender = next((person for person in people if person.sent), None)
            if sender is None:
                return
            wire = sender.sent.pop(0)
            for person in people:
                if person is not sender:
                    self.do(person, Receive(wire))
        pytest.fail("they never come to rest")

    def talk(self, alice: Person, bob: Person) -> None:
        """A private conversation of the two begins, and each has said something."""
        self.do(alice, StartDake())
        self.settle(alice, bob)
        assert alice.private
        assert bob.private
        self.give(bob, *self.say(alice, "hello"))
        self.give(alice, *self.say(bob, "hi"))

    def text(self, value: str) -> Octets:
        """What somebody types."""
        return self.suite.octets(value.encode())

    def texts(self, person: Person) -> list[bytes]:
        """What somebody has read, as bytes."""
        return [
            self.suite.to_bytes(notice.text)
            for notice in person.told
            if isinstance(notice, notices.Shown)
        ]

    def read(self, wire: Wire, kind: type[T]) -> T:
        """A message on the network, taken apart."""
        message = self.suite.decode(wire)
        assert isinstance(message, kind)
        return message

    def wire(self, message: Identity | NonInteractiveAuth | DataMessage | Query) -> Wire:
        """A message of the attacker's."""
        return self.suite.encode(message)


def _is_ours(edit: object) -> bool:
    """Whether an edit is an override that is no dialect: no endpoint makes it by itself."""
    return isinstance(edit, Override) and (edit.operation, edit.how) in OVERRIDES


Script = Callable[[Stage], bool]
SCRIPTS: dict[str, Script] = {}
"""By the name of a flaw: plays it, and says whether the harm was done."""


def script(play: Script) -> Script:
    """A script, under the name of its flaw."""
    SCRIPTS[play.__name__.replace("_", "-")] = play
    return play


# Versions and profiles.


def rolled_back(stage: Stage, alice: Person, bob: Person) -> bool:
    """Whether the two converse in version 3 once the 4 was taken out of Alice's offer."""
    query = stage.read(stage.apart(alice, Start())[0], Query)
    assert query.versions == {3, 4}
    alice.sent = [stage.wire(replace(query, versions=query.versions - {4}))]
    stage.settle(alice, bob)
    assert not alice.private
    assert not bob.private
    return alice.private_3 and bob.private_3


@script
def version_rollback(stage: Stage) -> bool:
    """No profile is published."""
    return rolled_back(stage, *stage.pair())


@script
def published_profile_ignored(stage: Stage) -> bool:
    """Both have the other's profile, which says that it speaks version 4."""
    alice, bob = stage.pair()
    for person, peer in ((alice, bob), (bob, alice)):
        person.endpoint.config.known_profile = peer.account.profiles[0]
    harm = rolled_back(stage, alice, bob)
    assert harm or notices.Warned(Alert.ROLLBACK) in bob.told
    return harm


@script
def client_profile_rollback(stage: Stage) -> bool:
    """Eve has stolen the keys of a profile of Bob's that has expired, and shows it to Alice."""
    alice = stage.person("alice", ALICE)
    thief = stage.person("bob", BOB, since=NOW - 8 * DAY)
    assert thief.account.profiles[0].expiration < NOW
    stage.do(thief, StartDake())
    stage.settle(alice, thief)
    return alice.private


@script
def transition_unverified(stage: Stage) -> bool:
    """Eve states Carol's key of version 3 as her own."""
    suite, alice = stage.suite, stage.person("alice", ALICE)
    carol = long_term(suite, "carol").dsa_public
    keys = replace(long_term(suite, "eve"), dsa_public=carol)
    eve = stage.person("eve", EVE, keys)
    stage.do(eve, StartDake())
    stage.settle(alice, eve)
    return [told.peer.dsa_key for told in alice.secured()] == [carol]


# The DAKEs.


@script
def identity_when_private(stage: Stage) -> bool:
    """Eve sends one Identity message with Bob's instance tag."""
    alice, bob = stage.pair()
    stage.talk(alice, bob)
    eve = stage.person("eve", BOB)
    before = len(alice.told)
    stage.give(alice, *stage.apart(eve, StartDake()))
    assert alice.told[before:] == []
    sent = stage.say(alice, "are you there?")
    stage.give(bob, *sent)
    return not sent and stage.texts(bob) == [b"hello"]


@script
def forged_non_interactive_auth(stage: Stage) -> bool:
    """Eve sends one forged Non-Interactive-Auth message with Bob's instance tag."""
    alice, bob = stage.pair()
    stage.talk(alice, bob)
    eve = stage.person("eve", BOB)
    (ensemble,) = alice.account.make_ensembles(NOW, 1)
    right = stage.read(stage.apart(eve, StartOffline(ensemble))[0], NonInteractiveAuth)
    forged = replace(right, auth_mac=stage.suite.garble_mac(right.auth_mac))
    before = len(alice.told)
    stage.give(alice, stage.wire(forged))
    assert alice.told[before:] == []
    assert alice.private
    try:
        sent = stage.say(alice, "are you there?")
    except Unprepared:
        return True
    stage.give(bob, *sent)
    return stage.texts(bob) != [b"hello", b"are you there?"]


@script
def identity_of_another(stage: Stage) -> bool:
    """Eve sends an Identity message with Alice's instance tag before Alice's Auth-I arrives."""
    alice, bob = stage.pair()
    auth_r = stage.give(bob, *stage.apart(alice, StartDake()))
    auth_i = stage.give(alice, *auth_r)
    theirs = stage.read(stage.apart(stage.person("eve", ALICE), StartDake())[0], Identity)
    stage.give(bob, stage.wire(replace(theirs, header=Header(ALICE, BOB))))
    stage.give(bob, *auth_i)
    return alice.private and not bob.private


@script
def identity_resent(stage: Stage) -> bool:
    """Two Identity messages cross."""
    alice, bob = stage.pair()
    from_alice, from_bob = stage.apart(alice, StartDake()), stage.apart(bob, StartDake())
    alice.sent, bob.sent = stage.give(alice, *from_bob), stage.give(bob, *from_alice)
    stage.settle(alice, bob)
    assert alice.private or bob.private
    return alice.private != bob.private


@script
def ring_twice(stage: Stage) -> bool:
    """Mallory states Alice's public key wherever she has a key of her own."""
    suite, alice = stage.suite, stage.person("alice", ALICE)
    public = alice.account.keys.public
    keys = replace(long_term(suite, "mallory"), forging=public)
    mallory = stage.person("mallory", BOB, keys)
    identity = replace(stage.read(stage.apart(mallory, StartDake())[0], Identity), y=public)
    answer = stage.read(stage.give(alice, stage.wire(identity))[0], AuthR)
    sides = (
        PhiSide(ALICE, answer.first_ecdh, answer.first_dh),
        PhiSide(BOB, identity.first_ecdh, identity.first_dh),
    )
    said = suite.auth_r_bound(
        Transcript(
            identity.profile,
            answer.profile,
            identity.y,
            answer.x,
            identity.b,
            answer.a,
            suite.phi(*sides),
        )
    )
    ring = (identity.profile.forging_key, answer.profile.public_key, identity.y)
    assert ring == (public, public, public)
    return suite.ring_verified(ring, answer.sigma, said)


def pruned(scalar: int) -> bool:
    """Whether a scalar modulo q may be that of a pruned value."""
    return any(
        (scalar + ORDER * times) % 4 == 0 and (scalar + ORDER * times) >> 447 == 1
        for times in range(5)
    )


@script
def ring_randoms(stage: Stage) -> bool:
    """Whoever looks at signatures of Alice's says which of the three keys is hers."""
    suite = stage.spoken
    if isinstance(suite, Terms):
        return False
    keys = tuple(long_term(suite, name) for name in ("bob", "alice", "carol"))
    ring = (keys[0].public, keys[1].public, keys[2].public)
    found = 0
    for draw in range(1, 13):
        sigma = suite.ring_sign(ring, keys[1].secret, stage.text("t"), suite.seed(b"s"), draw)
        c1, r1, c2, r2, c3, r3 = rings.decode_signature(_sigma_bytes(sigma))
        signers = [not (pruned(c) and pruned(r)) for c, r in ((c1, r1), (c2, r2), (c3, r3))]
        found += signers == [False, True, False]
    return found >= 6


def _sigma_bytes(sigma: RingSignature) -> bytes:
    """A ring signature as the network carries it."""
    return cast("bytes", sigma)


# What the user types.


@script
def queued_for_another(stage: Stage) -> bool:
    """Bob ends the conversation while Alice types; then Eve comes."""
    alice, bob = stage.pair()
    stage.talk(alice, bob)
    stage.give(alice, *stage.apart(bob, End()))
    assert not stage.say(alice, "for Bob only")
    assert any(isinstance(told, notices.NotSent) for told in alice.told)
    eve = stage.person("eve", EVE)
    stage.do(eve, StartDake())
    stage.settle(alice, eve)
    assert eve.private
    return stage.texts(eve) == [b"for Bob only"]


@script
def left_without_a_word(stage: Stage) -> bool:
    """Alice begins anew, and her Identity message is lost."""
    alice, bob = stage.pair()
    stage.talk(alice, bob)
    for wire in stage.apart(alice, StartDake()):
        if not isinstance(stage.suite.decode(wire), Identity):
            stage.give(bob, wire)
    assert not alice.private
    stage.give(alice, *stage.say(bob, "are you there?"))
    return bob.private and stage.texts(alice) == [b"hi"]


# The double ratchet.


def stolen(stage: Stage, alice: Person, held: DataMessage) -> bool:
    """Whether a message that was held back can be read with what is on Alice's device."""
    chain = alice.state.current.chain
    assert chain is not None
    body = stage.suite.data_body(held.fields)
    for keys in chain.skipped.values():
        if stage.suite.same(stage.suite.data_mac(keys.mac, body), held.authenticator):
            return bool(stage.suite.open(keys.encryption, held.fields.encrypted).text)
    return False


def hold_back(stage: Stage) -> tuple[Person, DataMessage]:
    """A text of Bob's that does not arrive, and one that does."""
    alice, bob = stage.pair()
    stage.talk(alice, bob)
    held = stage.read(stage.say(bob, "the secret")[0], DataMessage)
    stage.give(alice, *stage.say(bob, "that was all"))
    assert stage.texts(alice) == [b"hi", b"that was all"]
    return alice, held


@script
def stolen_skipped_keys(stage: Stage) -> bool:
    """Alice's device is stolen a week after a text to her was held back."""
    alice, held = hold_back(stage)
    stage.now += 7 * DAY
    stage.apart(alice, Tick())
    return stolen(stage, alice, held)


@script
def skipped_key_forged(stage: Stage) -> bool:
    """Eve delivers a changed message before the real one."""
    alice, held = hold_back(stage)
    forged = replace(held, authenticator=stage.suite.garble_mac(held.authenticator))
    stage.give(alice, stage.wire(forged), stage.wire(held))
    return b"the secret" not in stage.texts(alice)


@script
def last_mac_keys(stage: Stage) -> bool:
    """Alice hears two more texts, answers the first one, and ends the conversation."""
    alice, bob = stage.pair()
    stage.talk(alice, bob)
    wires = stage.say(alice, "well?")
    stage.give(bob, *wires)
    first, second = stage.say(bob, "yes"), stage.say(bob, "and no")
    stage.give(alice, *first)
    wires += stage.say(alice, "yes?")
    stage.give(alice, *second)
    wires += stage.apart(alice, End())
    public = [mac for wire in wires for mac in stage.read(wire, DataMessage).old_mac_keys]
    assert len(stage.texts(alice)) == 3
    assert len(set(public)) == len(public)
    return len(public) < 3


# What is shown.


@pytest.mark.parametrize("name", FLAWS)
def test_each_flaw_does_its_harm(suite: Suites, name: str) -> None:
    invisible = name == "ring-randoms" and isinstance(suite, Terms)

    assert SCRIPTS[name](Stage(suite, FLAWS[name].variant)) is not invisible


@pytest.mark.parametrize("name", FLAWS)
def test_the_plain_tables_have_the_flaws_that_stand_and_no_other(suite: Suites, name: str) -> None:
    assert SCRIPTS[name](Stage(suite)) == FLAWS[name].stands


SPECIAL = {"identity-resent", "ring-randoms"}
"""What happens depends on which hash is higher; and what can only be seen in bytes."""


@pytest.mark.parametrize("name", sorted(set(FLAWS) - SPECIAL))
def test_bytes_and_terms_take_the_same_rows(name: str) -> None:
    for variant in (FLAWS[name].variant, NONE):
        stages = [Stage(suite, variant) for suite in (RealSuite(), Terms())]
        for stage in stages:
            SCRIPTS[name](stage)
        assert stages[0].log == stages[1].log
        assert stages[0].log


def test_keys_that_are_stolen_in_time_open_what_was_held_back(suite: Suites) -> None:
    stage = Stage(suite)

    alice, held = hold_back(stage)

    assert stolen(stage, alice, held)


def test_every_flaw_has_a_script_and_every_script_a_flaw() -> None:
    assert set(SCRIPTS) == set(FLAWS)


def test_every_variant_of_history_can_be_applied() -> None:
    plain = apply(OTRV4)

    for flaw in history.FLAWS:
        assert (apply(OTRV4, flaw.variant) == plain) is flaw.stands


def test_two_flaws_stand() -> None:
    standing = [flaw.name for flaw in history.FLAWS if flaw.stands]

    assert standing == ["version-rollback", "identity-of-another"]
