"""What the attacker on OTRv4 makes of terms, made of bytes: the real receiver does the same.

Two participants run over both suites side by side. At every stage each of them is sent everything
that the attacker can make, over terms and over bytes: the same rows fire.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, TypeAlias, cast

import pytest

from otr_check.otrv3.concrete import CannotMake
from otr_check.otrv4.attacker import Attacker, Kind, Options
from otr_check.otrv4.concrete import Concrete
from otr_check.otrv4.operators import Op
from otr_check.otrv4.suite import TermSuite, Undecided
from otr_check.terms import TermPool
from otr_model.kernel.variant import NONE, SkipCheck, Variant
from otr_model.kernel.vocabulary import Point
from otr_model.otrv4.conditions import Check, Cond
from otr_model.otrv4.words import Mode
from otr_reference import ed448
from otr_reference.otrv4 import notices
from otr_reference.otrv4.account import Account
from otr_reference.otrv4.commands import (
    AnswerSmp,
    Receive,
    SendText,
    StartDake,
    StartOffline,
    StartSmp,
)
from otr_reference.otrv4.endpoint import Endpoint
from otr_reference.otrv4.messages import (
    AuthI,
    AuthR,
    Content,
    DataMessage,
    Header,
    Identity,
    NonInteractiveAuth,
    Smp1,
    Smp2,
    Smp3,
    Smp4,
)
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.session import Config
from otr_reference.shake import shake256

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_check.terms import Term
    from otr_reference.otrv4.commands import Input
    from otr_reference.otrv4.endpoint import Stepped
    from otr_reference.otrv4.suite import DhPair, LongTerm
    from otr_reference.sorts import Seed, Wire

NOW = 1_000_000
ALICE_TAG, BOB_TAG, HIS_TAG = 0x101, 0x202, 0x666
EVERYBODY = (HIS_TAG, ALICE_TAG, BOB_TAG)
NAMES = ("alice", "bob")
Suites: TypeAlias = TermSuite | RealSuite


class Usual(RealSuite):
    """Bytes whose public keys are as long as terms take them to be."""

    def fresh_dh(self, seed: Seed, draw: int) -> DhPair:
        """Draw again where the public key is shorter than usual."""
        pair = super().fresh_dh(seed, draw)
        while self.to_int(pair.public).bit_length() <= 8 * 383:
            draw += 1 << 32
            pair = super().fresh_dh(seed, draw)
        return pair


@cache
def forging_octets(name: str) -> bytes:
    return shake256(b"forging key of " + name.encode(), 57)


@cache
def real_keys(name: str) -> LongTerm:
    return RealSuite.long_term(shake256(name.encode(), 57), forging=forging_octets(name))


@dataclass
class Pair:
    """Alice and Bob over terms and over bytes, and the attacker."""

    options: Options = field(default_factory=lambda: Options(claims=EVERYBODY))
    variant: Variant = NONE
    max_size: int = 0
    guess: bytes = b"guess"
    count: int = 1
    """Of prekey ensembles."""

    def __post_init__(self) -> None:
        self.terms, self.real = TermSuite(pool=TermPool()), Usual()
        self.secret = self.terms.octets(b"meet me")
        self.attacker = Attacker(self.terms, self.options, secrets=[self.secret])
        self.knowledge = self.attacker.begin(self.terms.passphrase(self.guess))
        self.concrete = Concrete(
            self.terms, self.real, {self.attacker.seed: self.real.seed(b"mallory")}
        )
        self.concrete.tell(self.attacker.keys, real_keys("mallory"))
        self.forging("mallory")
        accounts = [(self._account(self.terms, n), self._account(self.real, n)) for n in (0, 1)]
        self.ensembles = [[a.make_ensembles(NOW, self.count) for a in both] for both in accounts]
        self.endpoints = [
            [self._endpoint(account, name) for account in both]
            for both, name in zip(accounts, NAMES, strict=True)
        ]
        self.states = [[Endpoint.begin(), Endpoint.begin()] for _ in (0, 1)]

    @staticmethod
    def _account(suite: Suites, who: int) -> Account:
        name, tag = NAMES[who], (ALICE_TAG, BOB_TAG)[who]
        keys = suite.long_term(name) if isinstance(suite, TermSuite) else real_keys(name)
        seed = suite.seed(b"client of " + name.encode())
        account = Account(suite, keys, tag, seed, frozenset({4}))
        account.renew(NOW)
        return account

    def _endpoint(self, account: Account, name: str) -> Endpoint:
        suite = cast("Suites", account.suite)
        config = Config(
            account.keys,
            account.profiles,
            suite.seed(name.encode()),
            account.tag,
            account.prekey_profiles,
            account.prekeys,
            our_name=suite.octets(name.encode()),
            their_name=suite.octets(NAMES[1 - NAMES.index(name)].encode()),
            mode=Mode.STANDALONE.number,
            max_size=self.max_size,
        )
        return Endpoint(suite, config, self.variant)

    def forging(self, name: str) -> None:
        """He gets the secret part of a forging key."""
        symbolic, real = self.terms.forging_secret(name), ed448.keypair(forging_octets(name))
        self.knowledge = self.knowledge.learn([symbolic])
        self.concrete.tell(symbolic, real.secret)

    def published(self, *whose: int) -> None:
        """He sees prekey ensembles."""
        for who in whose:
            symbolic, real = self.ensembles[who]
            self.knowledge = self.knowledge.learn([symbolic])
            self.concrete.tell(symbolic, real)

    def stepped(self, who: int, symbolic: Input, real: Input) -> tuple[Stepped, Stepped]:
        """A step over both; of two hashes the one is higher that really is."""
        over_terms, over_bytes = self.endpoints[who]
        done = over_bytes.step(self.states[who][1], real, NOW)
        while True:
            try:
                return over_terms.step(self.states[who][0], symbolic, NOW), done
            except Undecided as asked:
                ours, theirs = asked.ours, asked.theirs
                numbers = [self.concrete.value(cast("Term", each)) for each in (ours, theirs)]
                higher, lower = (ours, theirs) if numbers[0] > numbers[1] else (theirs, ours)
                over_terms.suite = cast("TermSuite", over_terms.suite).decided(higher, lower)

    def step(self, who: int, make: Callable[[Suites], Input]) -> list[Wires]:
        """A participant takes an input; what is sent is learnt."""
        return self.take(who, make(self.terms), make(self.real))

    def take(self, who: int, symbolic: Input, real: Input) -> list[Wires]:
        """The same, where the input has two forms."""
        left, right = self.stepped(who, symbolic, real)
        assert left.trace == right.trace
        self.states[who] = [left.conversation, right.conversation]
        sent = [
            (one.wire, other.wire)
            for one, other in zip(left.outputs, right.outputs, strict=True)
            if isinstance(one, notices.Send) and isinstance(other, notices.Send)
        ]
        for one, other in sent:
            self.knowledge = self.knowledge.learn([one])
            self.concrete.observe(one, other)
        return sent

    def play(self, who: int, sent: list[Wires]) -> set[str]:
        """Everything that was sent is delivered; everything else is tried before each delivery."""
        waiting, rows = [(1 - who, wires) for wires in sent], set[str]()
        while waiting:
            receiver, (symbolic, real) = waiting.pop(0)
            rows |= self.compare(receiver)
            sent = self.take(receiver, Receive(symbolic), Receive(real))
            waiting.extend((1 - receiver, wires) for wires in sent)
        return rows

    def messages(self, who: int) -> tuple[Wire, ...]:
        """What the attacker can send to one of them."""
        config, state = self.endpoints[who][0].config, self.states[who][0]
        return self.attacker.messages(self.knowledge, state, config)

    def of(self, who: int, kind: type) -> list[Wire]:
        """Those of one kind."""
        return [wire for wire in self.messages(who) if self._is(wire, kind)]

    def compare(self, who: int) -> set[str]:
        """Everything that the attacker can send does the same over both.

        Returns:
            The rows that were taken, and the checks that failed.
        """
        rows: set[str] = set()
        for wire in self.messages(who):
            made = self.concrete.make(wire)
            left, right = self.stepped(who, Receive(wire), Receive(made))
            assert left.trace == right.trace, wire
            assert [type(out) for out in left.outputs] == [type(out) for out in right.outputs]
            rows |= {fired.row for fired in left.trace}
            rows |= {fired.failed for fired in left.trace if fired.failed}
        return rows

    def inject(self, who: int, kind: type, place: int = 0) -> None:
        """The attacker sends a message of a kind, or one with contents of a kind."""
        wire = self.of(who, kind)[place]
        self.take(who, Receive(wire), Receive(self.concrete.make(wire)))

    def _is(self, wire: Wire, kind: type) -> bool:
        message = self.terms.decode(wire)
        if isinstance(message, kind):
            return True
        if not isinstance(message, DataMessage):
            return False
        match cast("Term", message.fields.encrypted).args:
            case (_, Content(_, (tlv,))):
                return isinstance(tlv, kind)
            case _:
                return False


Wires: TypeAlias = tuple["Wire", "Wire"]


def start(_suite: Suites) -> Input:
    return StartDake()


def say(text: bytes) -> Callable[[Suites], Input]:
    return lambda suite: SendText(suite.octets(text))


def test_between_honest_participants_whatever_he_sends_does_the_same_over_bytes() -> None:
    pair = Pair(Options(claims=(HIS_TAG, ALICE_TAG)))
    rows = pair.play(0, pair.step(0, start))
    for who in (0, 1, 0):
        rows |= pair.play(who, pair.step(who, say(b"meet me")))
    assert "otrv4.dake:identity.idle.acceptable" in rows


def test_offline_messages_do_the_same_over_bytes() -> None:
    kinds = frozenset({Kind.NON_INTERACTIVE_AUTH, Kind.DATA})
    pair = Pair(Options(kinds, claims=EVERYBODY), count=2)
    pair.published(0, 1)
    symbolic, real = StartOffline(pair.ensembles[1][0][0]), StartOffline(pair.ensembles[1][1][0])
    rows = pair.play(0, pair.take(0, symbolic, real))
    rows |= pair.play(1, pair.step(1, say(b"meet me")))
    assert "otrv4.dake:non-interactive-auth.idle.acceptable" in rows
    pair.inject(1, NonInteractiveAuth)
    pair.inject(1, DataMessage)
    assert pair.knowledge.among([pair.secret]) == ()


def test_his_own_conversations_go_the_same_way_over_bytes() -> None:
    pair = Pair(Options(claims=(HIS_TAG,)))
    for kind in (Identity, AuthI):
        pair.compare(0)
        pair.inject(0, kind)
    pair.step(1, start)
    pair.compare(1)
    pair.inject(1, AuthR)
    for who in (0, 1):
        for _ in range(2):
            pair.step(who, say(b"meet me"))
            pair.compare(who)
            pair.inject(who, DataMessage, 1)
    assert pair.knowledge.among([pair.secret])


@pytest.mark.parametrize("guess", [b"plum", b"guess"])
def test_smp_with_him_goes_the_same_way_over_bytes(guess: bytes) -> None:
    pair = Pair(Options(claims=(HIS_TAG,)), guess=guess)
    for who in (0, 1):
        pair.inject(who, Identity)
        pair.inject(who, AuthI)
    pair.step(0, lambda suite: StartSmp(suite.passphrase(b"plum")))
    for kind in (Smp2, Smp4):
        pair.inject(0, kind)
    pair.inject(1, Smp1)
    pair.step(1, lambda suite: AnswerSmp(suite.passphrase(b"plum")))
    pair.inject(1, Smp3)


POINTS = frozenset(
    check
    for valid in (Cond.SMP_1_VALID, Cond.SMP_2_VALID, Cond.SMP_3_VALID, Cond.SMP_4_VALID)
    for check in valid.value.checks
    if check.spec.point is Point.RANGE
)


def test_smp_with_exponents_of_0_goes_the_same_way_over_bytes() -> None:
    options = Options(frozenset(Kind) - {Kind.RELAY}, falsified=POINTS)
    pair = Pair(options, Variant("skipping", edits=tuple(map(SkipCheck, POINTS))))
    for kind in (Identity, AuthI):
        pair.inject(0, kind)
    pair.step(0, lambda suite: StartSmp(suite.passphrase(b"plum")))
    pair.compare(0)
    pair.inject(0, Smp2, -1)
    assert "otrv4.smp:smp-4.expect4.private.smp-4-valid.equal" in pair.compare(0)


def test_with_a_forging_key_he_becomes_somebody_else_over_bytes_too() -> None:
    pair = Pair(Options(frozenset({Kind.IDENTITY, Kind.AUTH_I}), claims=(BOB_TAG,)))
    pair.step(1, start)  # Bob's profile has been seen
    pair.forging("alice")
    bob = pair.endpoints[1][0].config.profiles[0]
    identities = [cast("Identity", pair.terms.decode(wire)) for wire in pair.of(0, Identity)]
    own = pair.terms.fresh_ecdh(pair.attacker.seed, 1).public
    place = next(n for n, m in enumerate(identities) if m.profile == bob and m.y is own)
    pair.inject(0, Identity, place)
    pair.compare(0)
    pair.inject(0, AuthI)
    peer = pair.states[0][1].current.peer
    assert peer is not None
    assert peer.signature == pair.endpoints[1][1].config.profiles[0].signature


DAKES = frozenset({Kind.IDENTITY, Kind.AUTH_R, Kind.AUTH_I, Kind.NON_INTERACTIVE_AUTH})
FALSIFIED = {
    "profiles": (
        Check.PROFILE_SIGNED,
        Check.PROFILE_OWNER,
        Check.PROFILE_FRESH,
        Check.PROFILE_VERSIONS,
        Check.PROFILE_KEY,
        Check.PROFILE_FORGING_KEY,
    ),
    "keys": (
        Check.ECDH_POINT,
        Check.DH_MEMBER,
        Check.FIRST_ECDH_POINT,
        Check.FIRST_DH_MEMBER,
    ),
    "signatures": (
        Check.AUTH_R_SIGMA,
        Check.AUTH_I_SIGMA,
        Check.NON_INTERACTIVE_SIGMA,
        Check.AUTH_MAC,
    ),
    "data": (Check.DATA_ECDH_POINT, Check.DATA_DH_MEMBER, Check.DATA_MAC),
}


def stages(pair: Pair) -> set[str]:
    """Bob's conversations with the attacker, both ways, and everything that can be sent in them."""
    rows = pair.compare(1)
    pair.inject(1, Identity)
    rows |= pair.compare(1)
    pair.inject(1, AuthI)
    rows |= pair.compare(1)
    pair.step(1, start)
    return rows | pair.compare(1)


@pytest.mark.parametrize("skips", [False, True])
@pytest.mark.parametrize("group", FALSIFIED)
def test_checks_that_he_fails_fail_or_are_skipped_over_bytes_too(
    group: str, *, skips: bool
) -> None:
    checks = FALSIFIED[group]
    kinds = DAKES | ({Kind.DATA} if group == "data" else set())
    pair = Pair(
        Options(kinds, claims=(HIS_TAG,), falsified=frozenset(checks)),
        Variant("skipping", edits=tuple(map(SkipCheck, checks))) if skips else NONE,
    )
    pair.published(1)
    labels = {check.label for check in checks}
    assert stages(pair) & labels == (set() if skips else labels)


def test_fragments_are_observed_when_they_are_all_there() -> None:
    pair = Pair(Options(claims=(ALICE_TAG,)), max_size=400)
    sent = pair.step(0, start)
    assert len(sent) > 1
    profile = pair.endpoints[0][0].config.profiles[0]
    found = [pair.terms.decode(wire) for wire in pair.messages(1)]
    assert any(isinstance(message, Identity) and message.profile == profile for message in found)
    pair.compare(1)


def test_what_is_compromised_is_told_in_both_forms() -> None:
    pair = Pair(Options(claims=(ALICE_TAG,)))
    pair.play(0, pair.step(0, start))
    pair.step(0, say(b"meet me"))
    symbolic, real = pair.states[1]
    pair.knowledge = pair.knowledge.learn_state(symbolic)
    pair.concrete.tell(symbolic.values(), real.values())
    assert pair.knowledge.among([pair.secret])
    assert pair.concrete.value(cast("Term", pair.secret)) == b"meet me"
    assert "otrv4.ratchet:protected.held.next-third" in pair.compare(1)


def test_what_was_not_observed_is_not_made() -> None:
    pair = Pair()
    keys = pair.attacker.profile(HIS_TAG)
    alice = pair.terms.seed(b"alice")
    ecdh, dh = pair.terms.fresh_ecdh(alice, 1).public, pair.terms.fresh_dh(alice, 2).public
    wire = pair.terms.encode(Identity(Header(1, 2), keys, ecdh, dh, ecdh, dh))
    with pytest.raises(CannotMake, match="point: cannot be computed") as caught:
        pair.concrete.make(wire)
    assert caught.value.op is Op.POINT
