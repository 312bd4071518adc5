"""What the attacker on OTRv3 makes of terms, made of bytes: the real receiver does the same.

Two participants run over both suites side by side. At every stage each of them is sent everything
that the attacker can make, over terms and over bytes: the same rows fire.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from math import prod
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otr_check.exponents import Polynomial
from otr_check.knowledge import Theory
from otr_check.otrv3.attacker import RULES, Attacker, Kind, Options
from otr_check.otrv3.concrete import CannotMake, Concrete
from otr_check.otrv3.operators import Op
from otr_check.otrv3.suite import TermSuite, Undecided
from otr_check.terms import TermPool
from otr_model.kernel.variant import NONE, SkipCheck, Variant
from otr_model.kernel.vocabulary import Point
from otr_model.otrv3 import schedules
from otr_model.otrv3.conditions import Check, Cond
from otr_reference.keys import dsa
from otr_reference.otrv3 import notices
from otr_reference.otrv3.commands import AnswerSmp, Receive, SendText, Start, StartSmp
from otr_reference.otrv3.endpoint import Endpoint
from otr_reference.otrv3.messages import (
    Content,
    DataMessage,
    DhCommit,
    DhKey,
    Header,
    Query,
    RevealSignature,
    SignatureMessage,
    Smp1,
    Smp2,
    Smp3,
    Smp4,
)
from otr_reference.otrv3.real import RealSuite
from otr_reference.otrv3.session import Config

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_check.terms import Term
    from otr_reference.otrv3.commands import Input
    from otr_reference.otrv3.endpoint import Stepped
    from otr_reference.otrv3.messages import DhPair
    from otr_reference.sorts import Scalar, Seed, Sort, Wire

ALICE_TAG, BOB_TAG, HIS_TAG = 0x101, 0x202, 0x666
EVERYBODY = (HIS_TAG, ALICE_TAG, BOB_TAG)


@cache
def key(name: str) -> dsa.DsaPrivate:
    """One key for each name, none of whose numbers happens to be shorter than usual."""
    del name
    keys = iter(dsa.generate, None)
    return next(key for key in keys if len(dsa.encode_public(key.public)) == 422)


class Usual(RealSuite):
    """Bytes whose public keys are as long as terms take them to be."""

    def fresh_pair(self, seed: Seed, draw: int) -> DhPair:
        """Draw again where the public key is shorter than usual."""
        pair = super().fresh_pair(seed, draw)
        while self.to_int(pair.public).bit_length() <= 8 * 191:
            draw += 1 << 32
            pair = super().fresh_pair(seed, draw)
        return pair


@dataclass
class Pair:
    """Alice and Bob over terms and over bytes, and the attacker."""

    options: Options = field(default_factory=lambda: Options(claims=EVERYBODY))
    variant: Variant = NONE
    version: int = 3
    max_size: int = 0
    guess: bytes = b"guess"

    def __post_init__(self) -> None:
        self.terms, self.real = TermSuite(pool=TermPool()), Usual()
        self.secret = self.terms.octets(b"meet me")
        self.attacker = Attacker(self.terms, self.options, secrets=[self.secret])
        typed = self.terms.passphrase(self.guess)
        self.knowledge = self.attacker.begin(typed)
        given: dict[Sort, Sort] = {
            self.attacker.seed: self.real.seed(b"mallory"),
            self.attacker.signing: self.real.signing_key(key("mallory")),
        }
        self.endpoints = []
        for name, tag in (("alice", ALICE_TAG), ("bob", BOB_TAG)):
            both = []
            for suite in (self.terms, self.real):
                signing = (
                    suite.signing_key(name)
                    if isinstance(suite, TermSuite)
                    else suite.signing_key(key(name))
                )
                public, seed = suite.public_key(signing), suite.seed(name.encode())
                allowed = {"allow_v2": self.version == 2, "allow_v3": self.version == 3}
                config = Config(signing, public, seed, tag, self.max_size, **allowed)
                both.append(Endpoint(suite, config, self.variant))
            self.endpoints.append(both)
            given[both[0].config.public] = both[1].config.public
        self.concrete = Concrete(self.terms, self.real, given)
        self.states = [[Endpoint.begin(), Endpoint.begin()] for _ in (0, 1)]

    def stepped(self, who: int, symbolic: Input, real: Input) -> tuple[Stepped, Stepped]:
        """A step over both; of two hashes the one is higher that really is."""
        over_terms, over_bytes = self.endpoints[who]
        done = over_bytes.step(self.states[who][1], real)
        while True:
            try:
                return over_terms.step(self.states[who][0], symbolic), done
            except Undecided as asked:
                ours, theirs = asked.ours, asked.theirs
                numbers = [self.concrete.value(cast("Term", each)) for each in (ours, theirs)]
                higher, lower = (ours, theirs) if numbers[0] > numbers[1] else (theirs, ours)
                suite = over_terms.suite = self.terms.decided(higher, lower)
                self.terms = suite

    def step(self, who: int, make: Callable[[TermSuite | RealSuite], Input]) -> list[Wires]:
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

    def play(self, who: int, make: Callable[[TermSuite | RealSuite], Input]) -> None:
        """The same, and everything is delivered; everything else is tried before each delivery."""
        waiting = [(1 - who, wires) for wires in self.step(who, make)]
        while waiting:
            receiver, (symbolic, real) = waiting.pop(0)
            self.compare(0)
            self.compare(1)
            sent = self.take(receiver, Receive(symbolic), Receive(real))
            waiting.extend((1 - receiver, wires) for wires in sent)

    def messages(self, who: int) -> tuple[Wire, ...]:
        """What the attacker can send to one of them."""
        config, state = self.endpoints[who][0].config, self.states[who][0]
        return self.attacker.messages(self.knowledge, state, config)

    def of(self, who: int, kind: type) -> list[Wire]:
        """Those of one kind, or with contents of one kind."""
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
            case (_, _, Content(_, (tlv,))):
                return isinstance(tlv, kind)
            case _:
                return False


Wires = tuple["Wire", "Wire"]


def start(_suite: TermSuite | RealSuite) -> Input:
    return Start()


def say(text: bytes) -> Callable[[TermSuite | RealSuite], Input]:
    return lambda suite: SendText(suite.octets(text))


def test_between_honest_participants_whatever_he_sends_does_the_same_over_bytes() -> None:
    pair = Pair()
    pair.play(0, start)
    for who in (0, 1, 0, 0, 1):
        pair.play(who, say(b"meet me"))
    rows = pair.compare(1)
    assert "otrv3.message:data.encrypted.not-data-valid.not-ignore-unreadable" in rows
    assert "otrv3.message:data.encrypted.data-valid.has-text" not in rows


@pytest.mark.parametrize("version", [2, 3])
def test_his_own_conversations_go_the_same_way_over_bytes(version: int) -> None:
    pair = Pair(Options(claims=(HIS_TAG,), versions=(version,)), version=version)
    for who, kind in (
        (0, DhCommit),
        (0, RevealSignature),
        (1, Query),
        (1, DhKey),
        (1, SignatureMessage),
    ):
        pair.compare(who)
        pair.inject(who, kind)
    for who in (0, 1):
        pair.step(who, say(b"meet me"))
        assert pair.knowledge.among([pair.secret])
        pair.compare(1 - who)
        pair.inject(who, DataMessage)
        pair.compare(who)


@pytest.mark.parametrize("guess", [b"plum", b"guess"])
def test_smp_with_him_goes_the_same_way_over_bytes(guess: bytes) -> None:
    pair = Pair(Options(claims=(HIS_TAG,)), guess=guess)
    for who in (0, 1):
        pair.inject(who, DhCommit)
        pair.inject(who, RevealSignature)
    pair.step(0, lambda suite: StartSmp(suite.passphrase(b"plum")))
    pair.compare(0)
    pair.inject(0, Smp2)
    pair.compare(0)
    pair.inject(0, Smp4)
    pair.inject(1, Smp1)
    pair.step(1, lambda suite: AnswerSmp(suite.passphrase(b"plum")))
    pair.compare(1)
    pair.inject(1, Smp3)


RANGES = frozenset(
    check
    for valid in (Cond.SMP_1_VALID, Cond.SMP_2_VALID, Cond.SMP_3_VALID, Cond.SMP_4_VALID)
    for check in valid.value.checks
    if check.spec.point is Point.RANGE
)


def test_smp_with_exponents_of_0_goes_the_same_way_over_bytes() -> None:
    options = Options(frozenset(Kind) - {Kind.RELAY}, falsified=RANGES)
    pair = Pair(options, Variant("skipping", edits=tuple(map(SkipCheck, RANGES))))
    for kind in (DhCommit, RevealSignature):
        pair.inject(0, kind)
    pair.step(0, lambda suite: StartSmp(suite.passphrase(b"plum")))
    pair.compare(0)
    pair.inject(0, Smp2, -1)
    assert "otrv3.smp:smp-4.expect4.private.smp-4-valid.equal" in pair.compare(0)


def test_what_he_relays_goes_the_same_way_over_bytes() -> None:
    pair = Pair(Options(kinds=frozenset(Kind) - {Kind.SMP}, claims=(HIS_TAG,)))
    for who in (0, 1):
        pair.inject(who, DhCommit)
        pair.inject(who, RevealSignature)
    pair.step(0, lambda suite: StartSmp(suite.passphrase(b"plum")))
    pair.inject(1, Smp1)
    pair.step(1, lambda suite: AnswerSmp(suite.passphrase(b"plum")))
    pair.inject(0, Smp2)
    pair.inject(1, Smp3)


FALSIFIED = (
    Check.GY_RANGE,
    Check.GX_RANGE,
    Check.COMMITMENT_MATCHES,
    Check.REVEAL_MAC,
    Check.REVEAL_KEYID,
    Check.REVEAL_SIGNED,
    Check.SIGNATURE_MAC,
    Check.SIGNATURE_KEYID,
    Check.SIGNATURE_SIGNED,
    Check.DATA_MAC,
    Check.NEXT_DH_RANGE,
)


@pytest.mark.parametrize("skips", [False, True])
def test_checks_that_he_fails_fail_or_are_skipped_over_bytes_too(*, skips: bool) -> None:
    edits = tuple(map(SkipCheck, FALSIFIED)) if skips else ()
    pair = Pair(variant=Variant("skipping", edits=edits) if skips else NONE)
    others = (pair.endpoints[0][0].config.public,)
    claims = (HIS_TAG, ALICE_TAG)
    pair.attacker.options = Options(claims=claims, falsified=frozenset(FALSIFIED), others=others)
    rows = pair.compare(1)
    for place in (-1, -2, 0):  # commitments with a wrong hash, and to 1
        pair.inject(1, DhCommit, place)
        rows |= pair.compare(1)
    for kind in (Query, DhKey, SignatureMessage):
        pair.inject(1, kind)
        rows |= pair.compare(1)
    pair.step(1, say(b"one"))
    pair.inject(1, DataMessage)
    rows |= pair.compare(1)
    checks = {check.label for check in FALSIFIED}
    assert rows & checks == (set() if skips else checks)


@pytest.mark.parametrize("skips", [False, True])
def test_a_message_that_he_repeats_is_refused_unless_counters_are_not_checked(
    *, skips: bool
) -> None:
    check = Check.DATA_COUNTER
    variant = Variant("skipping", edits=(SkipCheck(check),)) if skips else NONE
    options = Options(frozenset({Kind.DATA}), claims=(ALICE_TAG,), falsified=frozenset({check}))
    pair = Pair(options, variant)
    for who, make in ((0, start), (0, say(b"meet me"))):
        pair.play(who, make)
    assert (check.label in pair.compare(1)) == (not skips)
    assert ("otrv3.message:data.encrypted.data-valid.has-text" in pair.compare(1)) == skips


def test_a_text_that_he_knows_is_replaced_over_bytes_too() -> None:
    pair = Pair(Options(frozenset({Kind.DATA}), claims=(ALICE_TAG,)))
    pair.play(0, start)
    before = pair.states[1]
    pair.play(0, say(b"see you"))
    for who in (1, 0, 1):
        pair.play(who, say(b"meet me"))
    pair.states[1] = before  # as if it had been restored, with keys that are revealed
    assert "otrv3.message:data.encrypted.data-valid.has-text" in pair.compare(1)
    texts = []
    for wire in pair.messages(1):
        made = pair.concrete.make(wire)
        _, done = pair.stepped(1, Receive(wire), Receive(made))
        shown = (out for out in done.outputs if isinstance(out, notices.Shown))
        texts += [pair.real.to_bytes(out.text) for out in shown]
    assert b"forged" in texts


def test_fragments_are_observed_when_they_are_all_there() -> None:
    pair = Pair(max_size=250)
    sent = pair.step(0, start)
    sent = pair.take(1, Receive(sent[0][0]), Receive(sent[0][1]))
    assert len(sent) > 1
    assert any(isinstance(pair.terms.decode(wire), DhCommit) for wire in pair.messages(0))
    pair.compare(0)


def test_what_is_compromised_is_told_in_both_forms() -> None:
    pair = Pair()
    pair.play(0, start)
    pair.play(0, say(b"meet me"))
    symbolic, real = pair.states[1]
    pair.knowledge = pair.knowledge.learn_state(symbolic)
    pair.concrete.tell(symbolic.values(), real.values())
    assert "otrv3.keys:data-taken.held.acknowledges.advances" in pair.compare(1)
    assert pair.knowledge.among([pair.secret])
    assert pair.concrete.value(cast("Term", pair.secret)) == b"meet me"


POOL = TermSuite(pool=TermPool())
SEED = POOL.seed(b"somebody")
ATOMS = [cast("Term", POOL.fresh_exponent(SEED, draw)) for draw in range(4)]
NUMBERS = [1000003, 1000033, 1000037, 1000039]
sums = st.lists(st.tuples(st.lists(st.sampled_from(ATOMS), max_size=3), st.integers(-2, 2)))


def power_of(exponent: Polynomial) -> int:
    """The generator to an exponent, where everything is known."""
    numbers = dict(zip(ATOMS, NUMBERS, strict=True))
    value = sum(
        coefficient * prod(numbers[atom] for atom in monomial)
        for monomial, coefficient in exponent.terms
    )
    return pow(schedules.GROUP.generator, value % schedules.GROUP.order, schedules.MODULUS)


@settings(max_examples=50)
@given(st.lists(sums, max_size=4), sums)
def test_an_element_can_be_computed_if_and_only_if_it_can_be_derived(
    had: list[list[tuple[list[Term], int]]], wanted: list[tuple[list[Term], int]]
) -> None:
    known = cast("Scalar", ATOMS[0])
    given_ = {known: RealSuite.scalar(NUMBERS[0])}
    concrete = Concrete(POOL, RealSuite(), cast("dict[Sort, Sort]", given_))
    knowledge = Theory(RULES, POOL.pool).knowledge(known)
    for terms in had:
        exponent = Polynomial(terms)
        element = POOL.pool.make(Op.ELEMENT, exponent)
        knowledge = knowledge.learn([element])
        concrete.tell(element, power_of(exponent))
    target = Polynomial(wanted)
    computed = concrete.known(POOL.pool.make(Op.ELEMENT, target))
    assert (computed is not None) == knowledge.derivable(POOL.pool.make(Op.ELEMENT, target))
    assert computed is None or computed == power_of(target)


def test_what_was_not_observed_is_not_made() -> None:
    pair = Pair()
    alice = pair.terms.fresh_pair(pair.terms.seed(b"alice"), 1)
    wire = pair.terms.encode(DhKey(Header(3, 1, 2), alice.public))
    with pytest.raises(CannotMake, match="element: cannot be computed") as caught:
        pair.concrete.make(wire)
    assert caught.value.op is Op.ELEMENT
