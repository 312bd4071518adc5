"""The attacker on OTRv3: what he achieves, and what he does not.

A scenario is played as far as it says; then the attacker tries everything that he can send to one
participant, breadth first. What follows is what that participant is led to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from otr_check.otrv3.attacker import Attacker, Kind, Options
from otr_check.otrv3.operators import Op
from otr_check.otrv3.suite import TermSuite, Undecided
from otr_check.terms import Term, TermPool
from otr_model.kernel.variant import NONE, SkipCheck, Variant, apply
from otr_model.kernel.vocabulary import Point
from otr_model.otrv3 import ambiguities as holes
from otr_model.otrv3.conditions import Check, Cond
from otr_model.otrv3.history import MAC_KEYS_OF_SENDER, SIGMA_WITHOUT_IDENTITY
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.variants import LITERAL
from otr_model.otrv3.words import Auth, Msg
from otr_reference.otrv3 import notices
from otr_reference.otrv3.commands import AnswerSmp, End, Receive, SendText, Start, StartSmp
from otr_reference.otrv3.deviations import overriding
from otr_reference.otrv3.endpoint import Endpoint
from otr_reference.otrv3.messages import (
    Content,
    DataMessage,
    DhCommit,
    DhKey,
    ErrorMessage,
    Query,
    RevealSignature,
    SignatureMessage,
    Smp1,
)
from otr_reference.otrv3.session import Config, Conversation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from otr_check.knowledge import Knowledge
    from otr_reference.otrv3.commands import Input
    from otr_reference.otrv3.endpoint import Stepped
    from otr_reference.sorts import Wire

ALICE_TAG, BOB_TAG, HIS_TAG = 0x101, 0x202, 0x666
AKE = frozenset({Kind.DH_COMMIT, Kind.DH_KEY, Kind.REVEAL_SIGNATURE, Kind.SIGNATURE})
EVERYBODY = (HIS_TAG, ALICE_TAG, BOB_TAG)


@dataclass
class World:
    """Alice and Bob, and the network, which learns everything."""

    options: Options = field(default_factory=Options)
    variant: Variant = NONE
    version: int = 3
    """2 or 3; 0 for both."""

    def __post_init__(self) -> None:
        self.suite = TermSuite(pool=TermPool())
        self.secret = self.suite.octets(b"meet me at noon")
        self.attacker = Attacker(self.suite, self.options, secrets=[self.secret])
        self.endpoints = [self.endpoint("alice", ALICE_TAG), self.endpoint("bob", BOB_TAG)]
        self.alice, self.bob = (endpoint.config for endpoint in self.endpoints)
        self.states = [Endpoint.begin(), Endpoint.begin()]
        self.knowledge = self.attacker.begin()
        self.outputs: list[notices.Output] = []

    def endpoint(self, name: str, tag: int) -> Endpoint:
        """One participant."""
        signing = self.suite.signing_key(name)
        public, seed = self.suite.public_key(signing), self.suite.seed(name.encode())
        allowed = {"allow_v2": self.version != 3, "allow_v3": self.version != 2}
        suite = overriding(self.suite, apply(OTRV3, self.variant).overrides)
        return Endpoint(suite, Config(signing, public, seed, tag, **allowed), self.variant)

    def step(self, who: int, given: Input) -> tuple[Wire, ...]:
        """One of them takes an input; what he sends is returned, and known."""
        stepped = self.endpoints[who].step(self.states[who], given)
        self.states[who] = stepped.conversation
        self.outputs.extend(stepped.outputs)
        sent = sent_in(stepped)
        self.knowledge = self.knowledge.learn(sent)
        return sent

    def play(self, who: int, given: Input) -> None:
        """The same, and everything is delivered until nothing is under way."""
        waiting = [(1 - who, wire) for wire in self.step(who, given)]
        while waiting:
            receiver, wire = waiting.pop(0)
            waiting.extend((1 - receiver, sent) for sent in self.step(receiver, Receive(wire)))

    def private(self) -> World:
        """Alice and Bob have a private conversation."""
        self.play(0, Start())
        assert self.states[0].current.message is Msg.ENCRYPTED
        assert self.states[1].current.message is Msg.ENCRYPTED
        return self

    def say(self, who: int) -> None:
        """One of them says the secret text, and it arrives."""
        self.play(who, SendText(self.secret))

    def messages(self, who: int) -> tuple[Wire, ...]:
        """What the attacker can send to one of them."""
        endpoint = self.endpoints[who]
        suite = cast("TermSuite", endpoint.suite)
        return self.attacker.messages(self.knowledge, self.states[who], endpoint.config, suite)

    def led_to(self, who: int, steps: int) -> Iterator[notices.Output]:
        """All that one of them tells or sends, after at most so many messages of the attacker."""
        endpoint = self.endpoints[who]
        suite = cast("TermSuite", endpoint.suite)
        seen: set[object] = set()
        waiting = [(self.knowledge, self.states[who])]
        for _ in range(steps):
            found: list[tuple[Knowledge, Conversation]] = []
            for knowledge, state in waiting:
                for wire in self.attacker.messages(knowledge, state, endpoint.config, suite):
                    for stepped in both_ways(endpoint, state, wire):
                        yield from stepped.outputs
                        following = knowledge.learn(sent_in(stepped)), stepped.conversation
                        place = following[0], following[1].values()
                        if place not in seen:
                            seen.add(place)
                            found.append(following)
            waiting = found

    def trusts(self, who: int, steps: int) -> set[str]:
        """With whom one of them can be led to believe to have a private conversation."""
        return {
            str(output.peer)
            for output in self.led_to(who, steps)
            if isinstance(output, notices.Secured)
        }

    def shows(self, who: int, steps: int) -> set[str]:
        """What one of them can be led to show as a text of the peer."""
        return {
            str(output.text)
            for output in self.led_to(who, steps)
            if isinstance(output, notices.Shown) and output.secure
        }


def sent_in(stepped: Stepped) -> tuple[Wire, ...]:
    return tuple(output.wire for output in stepped.outputs if isinstance(output, notices.Send))


def both_ways(endpoint: Endpoint, state: Conversation, wire: Wire) -> Iterable[Stepped]:
    """A step; two, where it depends on which hash is higher."""
    try:
        return [endpoint.step(state, Receive(wire))]
    except Undecided as undecided:
        ours, theirs = undecided.ours, undecided.theirs
        suite = cast("TermSuite", endpoint.suite)
        orders = (suite.decided(ours, theirs), suite.decided(theirs, ours))
        return [Endpoint(order, endpoint.config).step(state, Receive(wire)) for order in orders]


def kinds_of(world: World, wires: Iterable[Wire]) -> set[type]:
    return {type(world.suite.decode(wire)) for wire in wires}


def ake_only(*claims: int) -> Options:
    return Options(kinds=AKE, claims=claims)


def skipping(*checks: Check) -> Variant:
    return Variant("skipping", edits=tuple(map(SkipCheck, checks)))


# What he sends.


def test_messages_are_each_once_in_the_same_order_and_can_be_made() -> None:
    def run() -> list[str]:
        world = World(Options(claims=EVERYBODY, versions=(2, 3), exponents=2))
        world.private()
        world.say(0)
        written = []
        for who in (0, 1):
            wires = world.messages(who)
            assert len(set(wires)) == len(wires)
            assert all(map(world.knowledge.derivable, wires))
            written += [str(wire) for wire in wires]
        return written

    assert run() == run()
    assert len(run()) > 30


def test_what_he_sends_fits_the_state_of_the_receiver() -> None:
    world = World(Options(kinds=AKE | {Kind.QUERY, Kind.ERROR}))
    always = {Query, ErrorMessage, DhCommit}
    assert kinds_of(world, world.messages(1)) == always
    world.step(1, Receive(world.suite.encode(Query(frozenset({3})))))
    assert kinds_of(world, world.messages(1)) == always | {DhKey}
    (key,) = (w for w in world.messages(1) if isinstance(world.suite.decode(w), DhKey))
    world.step(1, Receive(key))
    assert world.states[1].members[HIS_TAG].ake is Auth.AWAITING_SIG
    assert kinds_of(world, world.messages(1)) == always | {DhKey, SignatureMessage}
    commits = [w for w in world.messages(0) if isinstance(world.suite.decode(w), DhCommit)]
    world.step(0, Receive(commits[0]))
    assert world.states[0].members[HIS_TAG].ake is Auth.AWAITING_REVEALSIG
    assert kinds_of(world, world.messages(0)) == always | {RevealSignature}


def test_options_bound_what_he_sends() -> None:
    world = World(Options(kinds=frozenset({Kind.DH_COMMIT}), exponents=3))
    assert len(world.messages(0)) == 3
    assert kinds_of(world, world.messages(0)) == {DhCommit}
    world.attacker.options = Options(kinds=frozenset({Kind.DH_COMMIT}), claims=(7, 0x300))
    assert len(world.messages(0)) == 6
    world.attacker.options = Options(kinds=frozenset())
    assert world.messages(0) == ()


def test_in_version_2_he_needs_no_tags() -> None:
    world = World(Options(kinds=AKE, versions=(2, 3)), version=2)
    assert len(world.messages(0)) == 1
    assert world.trusts(0, 2) == {"pk(mallory)"}


# The AKE.


@pytest.mark.parametrize("who", [0, 1])
def test_with_his_own_key_he_has_a_private_conversation_as_himself(who: int) -> None:
    world = World(ake_only(HIS_TAG))
    assert world.trusts(who, 2) == {"pk(mallory)"}
    assert not world.trusts(who, 1)


def test_whoever_begins_an_ake_can_also_end_up_with_him() -> None:
    world = World(ake_only(BOB_TAG))
    world.step(0, Receive(world.suite.encode(Query(frozenset({3})))))
    assert world.trusts(0, 2) == {"pk(mallory)"}


@pytest.mark.parametrize("delivered", range(5))
def test_between_honest_participants_he_becomes_nobody_but_himself(delivered: int) -> None:
    world = World(ake_only(*EVERYBODY))
    wires, who = world.step(0, Start()), 1
    for _ in range(delivered):
        wires, who = world.step(who, Receive(wires[0])), 1 - who
    for target in (0, 1):
        honest = "pk(bob)" if target == 0 else "pk(alice)"
        trusted = world.trusts(target, 2)
        # What was sent already may arrive; then it is a conversation with the other one.
        assert trusted <= {"pk(mallory)", honest}
        if delivered < 3:
            assert trusted <= {"pk(mallory)"}


def test_with_somebody_s_key_he_becomes_that_person_towards_others() -> None:
    world = World(ake_only(*EVERYBODY))
    world.knowledge = world.attacker.begin(world.alice.signing)
    assert world.trusts(1, 2) == {"pk(alice)", "pk(mallory)"}


def test_with_her_own_key_he_becomes_nobody_else_towards_her() -> None:
    # Key compromise impersonation does not work on the AKE.
    world = World(ake_only(*EVERYBODY))
    world.knowledge = world.attacker.begin(world.alice.signing)
    assert world.trusts(0, 2) == {"pk(alice)", "pk(mallory)"}


def test_with_the_exponent_of_an_ake_he_reads_who_they_are_and_no_more() -> None:
    world = World(ake_only(BOB_TAG))
    wires = world.step(0, Start())
    wires = world.step(1, Receive(wires[0]))
    bobs = world.states[1].members[0].pair
    assert bobs is not None
    wires = world.step(0, Receive(wires[0]))
    wires = world.step(1, Receive(wires[0]))
    world.knowledge = world.knowledge.learn([bobs.secret])
    assert world.knowledge.of(Op.SIGNATURE)
    # Bob's signature was seen: with it Bob's own message can be made again, and no other of his.
    assert world.trusts(0, 1) <= {"pk(bob)", "pk(mallory)"}


@pytest.mark.parametrize("whose", [0, 1])
def test_with_all_that_a_conversation_keeps_he_becomes_nobody_else(whose: int) -> None:
    world = World(ake_only(ALICE_TAG, BOB_TAG)).private()
    world.knowledge = world.knowledge.learn_state(world.states[whose])
    assert world.trusts(0, 2) == {"pk(mallory)"}
    assert world.trusts(1, 2) == {"pk(mallory)"}


def _is_secured(output: notices.Output, peer: str) -> bool:
    return isinstance(output, notices.Secured) and str(output.peer) == peer


@pytest.mark.parametrize("check", [Check.REVEAL_SIGNED, Check.SIGNATURE_SIGNED])
def test_where_signatures_are_not_checked_he_becomes_anybody(check: Check) -> None:
    world = World(ake_only(HIS_TAG), skipping(check))
    others = (world.alice.public,)
    world.attacker.options = Options(kinds=AKE, falsified=frozenset({check}), others=others)
    if check is Check.SIGNATURE_SIGNED:
        world.step(1, Receive(world.suite.encode(Query(frozenset({3})))))
    assert world.trusts(1, 2) == {"pk(mallory)"} | {"pk(alice)"}
    honest = World(world.attacker.options)
    if check is Check.SIGNATURE_SIGNED:
        honest.step(1, Receive(honest.suite.encode(Query(frozenset({3})))))
    assert honest.trusts(1, 2) == {"pk(mallory)"}


def passed_on(world: World, who: int, kind: type, version: int) -> None:
    """What one of them has sent is passed on to the other one, in a version of his choice."""
    own = str(world.attacker.seed)
    for wire in world.messages(who):
        message = world.suite.decode(wire)
        if (
            isinstance(message, kind)
            and isinstance(message, DhCommit | DhKey | RevealSignature | SignatureMessage)
            and message.header.version == version
            and own not in str(wire)
        ):
            world.step(who, Receive(wire))
            return
    pytest.fail(f"there is no {kind.__name__} of version {version}")


def test_an_exchange_need_not_end_in_the_same_version_on_both_sides() -> None:
    # No key and no signature of the AKE has the version in it, or the instance tags.
    world = World(Options(AKE, versions=(2, 3), claims=(ALICE_TAG, BOB_TAG)), version=0)
    world.step(1, Receive(world.suite.encode(Query(frozenset({2, 3})))))
    for who, kind in ((0, DhCommit), (1, DhKey), (0, RevealSignature), (1, SignatureMessage)):
        passed_on(world, who, kind, (2, 3)[who])
    alice, bob = (output for output in world.outputs if isinstance(output, notices.Secured))
    assert (str(alice.peer), str(bob.peer)) == ("pk(bob)", "pk(alice)")
    assert alice.ssid is bob.ssid
    assert (alice.version, bob.version) == (2, 3)
    # They can read nothing of each other's: that has the version in it.
    (wire,) = world.step(0, SendText(world.secret))
    world.step(1, Receive(wire))
    assert not any(isinstance(output, notices.Shown) for output in world.outputs)


def test_where_an_identity_is_not_bound_to_the_secret_he_takes_over_an_exchange() -> None:
    flaw = SIGMA_WITHOUT_IDENTITY.variant
    for variant, trusted in ((flaw, {"pk(mallory)", "pk(alice)"}), (NONE, {"pk(alice)"})):
        world = World(Options(frozenset({Kind.SIGNATURE}), claims=(ALICE_TAG,)), variant)
        wires, who = world.step(0, Start()), 1
        for _ in range(4):
            wires, who = world.step(who, Receive(wires[0])), 1 - who
        assert world.trusts(1, 1) == trusted


def test_a_message_that_means_nothing_undoes_an_exchange_by_the_letter_of_the_text() -> None:
    literal = LITERAL[holes.FAILED_SIGNATURE.id]
    for variant, undone in ((literal, True), (NONE, False)):
        world = World(Options(frozenset({Kind.MEANINGLESS}), claims=(ALICE_TAG, BOB_TAG)), variant)
        wires = world.step(1, Receive(world.suite.encode(Query(frozenset({3})))))
        for who in (0, 1):
            wires = world.step(who, Receive(wires[0]))
            for wire in world.messages(who):
                world.step(who, Receive(wire))
        states = [
            state.members[tag].ake for state, tag in zip(world.states, (0x202, 0x101), strict=True)
        ]
        assert (states == [Auth.NONE, Auth.NONE]) == undone


# Data messages.


def test_he_reads_nothing_of_an_honest_conversation() -> None:
    world = World(Options(claims=EVERYBODY)).private()
    for who in (0, 1, 0, 0, 1):
        world.say(who)
    assert world.knowledge.among([world.secret]) == ()
    assert world.shows(0, 1) == set()
    assert world.shows(1, 1) == set()
    world.step(0, End())
    assert world.knowledge.among([world.secret]) == ()


def test_what_was_not_delivered_he_delivers_later_and_only_once() -> None:
    world = World(Options(kinds=frozenset({Kind.DATA}), claims=EVERYBODY)).private()
    (wire,) = world.step(0, SendText(world.secret))
    assert wire in world.messages(1)
    assert world.shows(1, 2) == {str(world.secret)}
    world.step(1, Receive(wire))
    assert world.shows(1, 2) == set()


def test_where_counters_are_not_checked_he_repeats_messages() -> None:
    falsified = frozenset({Check.DATA_COUNTER})
    options = Options(kinds=frozenset({Kind.DATA}), claims=EVERYBODY, falsified=falsified)
    world = World(options, skipping(Check.DATA_COUNTER)).private()
    world.say(0)
    assert world.shows(1, 1) == {str(world.secret)}
    honest = World(options).private()
    honest.say(0)
    assert honest.shows(1, 1) == set()


def test_mac_keys_are_revealed_when_nobody_accepts_anything_under_them() -> None:
    world = World(Options(kinds=frozenset({Kind.DATA}), claims=EVERYBODY)).private()
    before = list(world.states)
    for who in (0, 1, 0, 1):
        world.say(who)
    revealed = [term for term in world.knowledge.of(Op.KDF) if term.args[0] == "mk"]
    assert revealed
    assert world.shows(0, 1) == set()
    assert world.shows(1, 1) == set()
    # An endpoint that still held such a key, as one that is restored, would accept a forgery.
    world.states = before
    assert world.shows(0, 1) == {str(world.secret)}  # under keys that are not revealed
    forged = world.shows(1, 1)
    assert str(world.secret) in forged
    assert any(text.startswith("Dec") and "forged" in text for text in forged)
    assert "'forged'" not in forged  # he does not know the text that it would replace
    assert "'meet me at nooo'" in forged  # but flips its last bit


def test_whoever_guesses_a_text_can_replace_it_once_its_mac_key_is_revealed() -> None:
    # So nobody can prove what a text was: the MAC key is public, and the cipher a key stream.
    world = World(Options(kinds=frozenset({Kind.DATA}), claims=EVERYBODY)).private()
    before = world.states[1]
    world.play(0, SendText(world.suite.octets(b"see you")))
    world.say(1)
    world.say(0)
    world.say(1)
    world.states[1] = before
    assert "'forged'" in world.shows(1, 1)
    assert "'forged'" not in World(world.options).private().shows(1, 1)


def test_where_the_authenticator_is_not_checked_he_writes_what_is_shown() -> None:
    options = Options(
        kinds=frozenset({Kind.DATA}), claims=EVERYBODY, falsified=frozenset({Check.DATA_MAC})
    )
    world = World(options, skipping(Check.DATA_MAC)).private()
    world.say(0)
    assert any("forged" in text for text in world.shows(1, 1))
    assert World(options).private().shows(1, 1) == set()


def test_where_senders_reveal_mac_keys_he_changes_what_is_on_its_way() -> None:
    for variant, forged in ((MAC_KEYS_OF_SENDER.variant, True), (NONE, False)):
        world = World(Options(frozenset({Kind.DATA}), claims=(ALICE_TAG, BOB_TAG)), variant)
        world.private()
        said = SendText(world.secret)
        (first,), (_held,) = world.step(0, said), world.step(0, said)
        (answer,) = world.step(1, said)
        world.step(1, Receive(first))
        world.step(0, Receive(answer))
        (acknowledging,) = world.step(1, said)
        world.step(0, Receive(acknowledging))  # Alice forgets the D-H key of what is held back
        world.step(0, said)
        assert ("'meet me at nooo'" in world.shows(1, 1)) == forged


def test_with_a_conversation_s_keys_he_reads_on_until_they_are_replaced() -> None:
    world = World(Options(claims=EVERYBODY)).private()
    world.say(0)
    world.say(1)
    past = world.knowledge.learn_state(world.states[0])
    assert past.among([world.secret]) == (world.secret,)  # the latest is still readable
    for who in (0, 1, 0, 1):
        world.say(who)
    # Forward secrecy: what was said before those rounds cannot be read with what is kept now.
    first = World(Options(claims=EVERYBODY)).private()
    first.play(0, SendText(first.secret))
    other = first.suite.octets(b"nothing of note")
    for who in (1, 0, 1, 0, 1):
        first.play(who, SendText(other))
    assert first.knowledge.learn_state(first.states[0]).among([first.secret]) == ()
    assert first.knowledge.learn_state(first.states[1]).among([first.secret]) == ()


def test_in_his_own_conversation_he_reads_writes_and_ends() -> None:
    world = World(Options(kinds=AKE | {Kind.DATA}, claims=(HIS_TAG,)))
    shown, finished = set(), False
    for output in world.led_to(0, 3):
        if isinstance(output, notices.Shown):
            shown.add(str(output.text))
        finished |= isinstance(output, notices.PeerFinished)
    assert shown == {"'forged'"}
    assert finished


def with_himself(world: World, who: int) -> None:
    """He has a private conversation, as himself, with one of them."""
    for kind in (DhCommit, RevealSignature):
        wires = [w for w in world.messages(who) if isinstance(world.suite.decode(w), kind)]
        world.step(who, Receive(wires[0]))
    assert world.states[who].current.message is Msg.ENCRYPTED
    assert world.states[who].current.peer is world.suite.public_key(world.attacker.signing)


def test_in_the_middle_he_relays_what_he_reads() -> None:
    world = World(Options(kinds=AKE | {Kind.RELAY}))
    with_himself(world, 0)
    with_himself(world, 1)
    world.step(0, SendText(world.secret))
    assert world.knowledge.among([world.secret]) == (world.secret,)
    assert world.shows(1, 1) == {str(world.secret)}


# SMP.


def smp_stages(world: World, who: int, steps: int) -> set[str]:
    return {
        output.stage.label
        for output in world.led_to(who, steps)
        if isinstance(output, notices.SmpStaged)
    }


@pytest.mark.parametrize("guess", [b"rosebud", b"guess"])
def test_smp_with_him_succeeds_exactly_if_he_knows_the_secret(guess: bytes) -> None:
    world = World(Options(kinds=AKE | {Kind.SMP}))
    world.knowledge = world.attacker.begin(world.suite.passphrase(guess))
    with_himself(world, 0)
    world.step(0, StartSmp(world.suite.passphrase(b"rosebud")))
    stages = smp_stages(world, 0, 2)
    assert ("success" in stages) == (guess == b"rosebud")
    assert "failure" in stages or guess == b"rosebud"


@pytest.mark.parametrize("guess", [b"rosebud", b"guess"])
def test_the_same_where_he_begins(guess: bytes) -> None:
    world = World(Options(kinds=AKE | {Kind.SMP}))
    world.knowledge = world.attacker.begin(world.suite.passphrase(guess))
    with_himself(world, 1)
    (first, *_) = world.messages(1)[-2:]
    world.step(1, Receive(first))
    world.step(1, AnswerSmp(world.suite.passphrase(b"rosebud")))
    stages = smp_stages(world, 1, 1)
    assert ("success" in stages) == (guess == b"rosebud")


RANGES = frozenset(
    check
    for valid in (Cond.SMP_1_VALID, Cond.SMP_2_VALID, Cond.SMP_3_VALID, Cond.SMP_4_VALID)
    for check in valid.value.checks
    if check.spec.point is Point.RANGE
)


@pytest.mark.parametrize("he_begins", [False, True])
@pytest.mark.parametrize("skips", [False, True])
def test_where_elements_are_not_looked_at_smp_succeeds_without_the_secret(
    *, skips: bool, he_begins: bool
) -> None:
    options = Options(AKE | {Kind.SMP}, falsified=RANGES)
    world = World(options, skipping(*RANGES) if skips else NONE)
    with_himself(world, 0)
    typed = world.suite.passphrase(b"rosebud")
    if he_begins:
        assert ("asked" in smp_stages(world, 0, 1)) or not skips
        for wire in world.messages(0):
            content = _content(world, wire)
            if isinstance(content, Smp1) and content.g2a is world.suite.outside():
                world.step(0, Receive(wire))
        world.step(0, AnswerSmp(typed))
    else:
        world.step(0, StartSmp(typed))
    assert ("success" in smp_stages(world, 0, 2)) == skips


def _content(world: World, wire: Wire) -> object:
    message = world.suite.decode(wire)
    if not isinstance(message, DataMessage):
        return None
    match cast("Term", message.fields.encrypted).args:
        case (_, _, Content(_, (tlv,))):
            return tlv
        case _:
            return None


def test_smp_relayed_between_two_conversations_with_him_fails() -> None:
    world = World(Options(kinds=AKE | {Kind.RELAY}))
    with_himself(world, 0)
    with_himself(world, 1)
    typed = world.suite.passphrase(b"rosebud")

    def relay(who: int, given: Input) -> None:
        """One of them says something; he passes it on to the other one."""
        before = world.knowledge.of(Op.ENC)
        world.step(who, given)
        (new,) = set(world.knowledge.of(Op.ENC)) - set(before)
        content = new.args[2]
        for wire in world.messages(1 - who):
            message = world.suite.decode(wire)
            if isinstance(message, DataMessage):
                sealed = cast("Term", message.fields.encrypted)
                if sealed.op is Op.ENC and sealed.args[2] is content:
                    relayed.append(wire)
                    return

    relayed: list[Wire] = []
    relay(0, StartSmp(typed))
    world.step(1, Receive(relayed.pop()))
    relay(1, AnswerSmp(typed))
    relay(0, Receive(relayed.pop()))
    relay(1, Receive(relayed.pop()))
    stages = {
        output.stage.label for output in world.outputs if isinstance(output, notices.SmpStaged)
    }
    assert "failure" in stages
    assert "success" not in stages
