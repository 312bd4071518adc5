"""The attacker on OTRv4: what he achieves, and what he does not.

A scenario is played as far as it says; then the attacker tries everything that he can send to one
participant, breadth first. What follows is what that participant is led to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from otr_check.otrv4.attacker import Attacker, Kind, Options
from otr_check.otrv4.operators import Op
from otr_check.otrv4.suite import TermSuite, Undecided
from otr_check.terms import TermPool
from otr_model.kernel.variant import NONE, SkipCheck, Variant
from otr_model.otrv4.conditions import Check
from otr_model.otrv4.usages import Usage
from otr_model.otrv4.words import Dake, Mode, Msg
from otr_reference.otrv4 import notices
from otr_reference.otrv4.account import Account
from otr_reference.otrv4.commands import (
    AnswerSmp,
    End,
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
    ErrorMessage,
    Identity,
    NonInteractiveAuth,
    Query,
)
from otr_reference.otrv4.session import Config, Conversation, standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from otr_check.knowledge import Knowledge
    from otr_reference.otrv4.commands import Input
    from otr_reference.otrv4.endpoint import Stepped
    from otr_reference.sorts import Wire

NOW = 1_000_000
ALICE_TAG, BOB_TAG, HIS_TAG = 0x101, 0x202, 0x666
EVERYBODY = (HIS_TAG, ALICE_TAG, BOB_TAG)
ONLINE = frozenset({Kind.IDENTITY, Kind.AUTH_R, Kind.AUTH_I})
DAKES = ONLINE | {Kind.NON_INTERACTIVE_AUTH}
HIM = {"mallory"}


@dataclass
class World:
    """Alice and Bob, and the network, which learns everything."""

    options: Options = field(default_factory=Options)
    variant: Variant = NONE
    curves_broken: bool = False
    group_broken: bool = False

    def __post_init__(self) -> None:
        self.suite = TermSuite(pool=TermPool())
        self.secret = self.suite.octets(b"meet me at noon")
        self.attacker = Attacker(
            self.suite,
            self.options,
            secrets=[self.secret],
            curves_broken=self.curves_broken,
            group_broken=self.group_broken,
        )
        self.knowledge = self.attacker.begin()
        self.accounts = [self._account("alice", ALICE_TAG), self._account("bob", BOB_TAG)]
        self.ensembles = [account.make_ensembles(NOW, 2) for account in self.accounts]
        self.endpoints = [
            self._endpoint(account, name)
            for account, name in zip(self.accounts, ("alice", "bob"), strict=True)
        ]
        self.states = [Endpoint.begin(), Endpoint.begin()]
        self.outputs: list[notices.Output] = []
        self.names = {
            self.suite.fingerprint(self.attacker.profile(HIS_TAG)): "mallory",
            **{
                self.suite.fingerprint(account.profiles[0]): name
                for account, name in zip(self.accounts, ("alice", "bob"), strict=True)
            },
        }

    def _account(self, name: str, tag: int) -> Account:
        seed = self.suite.seed(b"client of " + name.encode())
        account = Account(self.suite, self.suite.long_term(name), tag, seed, frozenset({4}))
        account.renew(NOW)
        return account

    def _endpoint(self, account: Account, name: str) -> Endpoint:
        config = Config(
            account.keys,
            account.profiles,
            self.suite.seed(name.encode()),
            account.tag,
            account.prekey_profiles,
            account.prekeys,
            mode=Mode.STANDALONE.number,
        )
        return Endpoint(self.suite, config, self.variant)

    def forging(self, name: str) -> None:
        """He gets the secret part of somebody's forging key."""
        self.knowledge = self.knowledge.learn([self.suite.forging_secret(name)])

    def long_term(self, who: int) -> None:
        """He gets somebody's long-term key."""
        self.knowledge = self.knowledge.learn([self.accounts[who].keys.signing])

    def published(self, *whose: int) -> None:
        """He sees prekey ensembles."""
        self.knowledge = self.knowledge.learn([self.ensembles[who] for who in whose])

    def step(self, who: int, given: Input) -> tuple[Wire, ...]:
        """One of them takes an input; what he sends is returned, and known."""
        stepped = self.endpoints[who].step(self.states[who], given, NOW)
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

    def private(self, *, offline: bool = False) -> World:
        """Alice and Bob have a private conversation; Alice began it, or wrote to Bob offline."""
        self.play(0, StartOffline(self.ensembles[1][0]) if offline else StartDake())
        assert self.states[0].current.message is Msg.ENCRYPTED_MESSAGES
        assert self.states[1].current.message is Msg.ENCRYPTED_MESSAGES
        return self

    def say(self, who: int) -> None:
        """One of them says the secret text, and it arrives."""
        self.play(who, SendText(self.secret))

    def messages(self, who: int) -> tuple[Wire, ...]:
        """What the attacker can send to one of them."""
        config = self.endpoints[who].config
        return self.attacker.messages(self.knowledge, self.states[who], config)

    def of(self, who: int, kind: type) -> tuple[Wire, ...]:
        """Those of one kind."""
        return tuple(w for w in self.messages(who) if isinstance(self.suite.decode(w), kind))

    def led_to(self, who: int, steps: int) -> Iterator[notices.Output]:
        """All that one of them tells or sends, after at most so many messages of the attacker."""
        endpoint = self.endpoints[who]
        seen: set[object] = set()
        waiting = [(self.knowledge, self.states[who])]
        for _ in range(steps):
            found: list[tuple[Knowledge, Conversation]] = []
            for knowledge, state in waiting:
                for wire in self.attacker.messages(knowledge, state, endpoint.config):
                    for stepped in both_ways(endpoint, state, wire):
                        yield from stepped.outputs
                        following = knowledge.learn(sent_in(stepped)), stepped.conversation
                        # What is answered differently is known differently.
                        members = following[1].members.items()
                        place = following[0], tuple((tag, standing(m)) for tag, m in members)
                        if place not in seen:
                            seen.add(place)
                            found.append(following)
            waiting = found

    def trusts(self, who: int, steps: int) -> set[str]:
        """With whom one of them can be led to believe to have a private conversation."""
        return {
            self.names.get(output.fingerprint, "?")
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
        return [endpoint.step(state, Receive(wire), NOW)]
    except Undecided as undecided:
        ours, theirs = undecided.ours, undecided.theirs
        suite = cast("TermSuite", endpoint.suite)
        orders = (suite.decided(ours, theirs), suite.decided(theirs, ours))
        return [
            Endpoint(order, endpoint.config).step(state, Receive(wire), NOW) for order in orders
        ]


def dakes(*claims: int) -> Options:
    return Options(kinds=DAKES, claims=claims)


def skipping(*checks: Check) -> Variant:
    return Variant("skipping", edits=tuple(map(SkipCheck, checks)))


# What he sends.


def test_messages_are_each_once_in_the_same_order_and_can_be_made() -> None:
    def run() -> list[str]:
        world = World(Options(claims=EVERYBODY, versions=(3, 4)))
        world.published(0, 1)
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
    world = World(Options(kinds=DAKES | {Kind.QUERY, Kind.ERROR}))
    always = {Query, ErrorMessage, Identity}

    def kinds(who: int) -> set[type]:
        return {type(world.suite.decode(wire)) for wire in world.messages(who)}

    assert kinds(0) == always
    world.step(0, StartDake())
    assert kinds(0) == always | {AuthR}
    (first, *_) = world.of(1, Identity)
    world.step(1, Receive(first))
    assert world.states[1].members[HIS_TAG].dake is Dake.WAITING_AUTH_I
    assert kinds(1) == always | {AuthI}
    world.published(1)
    assert kinds(1) == always | {AuthI, NonInteractiveAuth}


# The DAKEs.


@pytest.mark.parametrize("who", [0, 1])
def test_with_his_own_key_he_has_a_private_conversation_as_himself(who: int) -> None:
    assert World(dakes(HIS_TAG)).trusts(who, 2) == HIM
    begun = World(dakes(HIS_TAG))
    begun.step(who, StartDake())
    assert begun.trusts(who, 1) == HIM
    offline = World(dakes(HIS_TAG))
    assert offline.trusts(who, 1) == set()
    offline.published(who)
    assert offline.trusts(who, 1) == HIM


@pytest.mark.parametrize("delivered", range(3))
def test_between_honest_participants_he_becomes_nobody_but_himself(delivered: int) -> None:
    world = World(dakes(*EVERYBODY))
    world.published(0, 1)
    wires, who = world.step(0, StartDake()), 1
    for _ in range(delivered):
        wires, who = world.step(who, Receive(wires[0])), 1 - who
    for target in (0, 1):
        honest = "bob" if target == 0 else "alice"
        # What was sent already may arrive; then it is a conversation with the other one.
        assert world.trusts(target, 2) <= HIM | ({honest} if delivered else set())


@pytest.mark.parametrize("begins", [False, True])
def test_with_somebody_s_key_he_becomes_that_person_towards_others(*, begins: bool) -> None:
    world = World(Options(kinds=ONLINE, claims=EVERYBODY))
    world.long_term(0)
    world.step(0, StartDake())  # Alice's profile has been seen
    if begins:
        world.step(1, StartDake())
    assert world.trusts(1, 2) == HIM | {"alice"}


@pytest.mark.parametrize("begins", [False, True])
def test_with_her_own_key_he_becomes_nobody_else_towards_her(*, begins: bool) -> None:
    # Key compromise impersonation by the long-term key does not work on DAKEZ.
    world = World(Options(kinds=ONLINE, claims=EVERYBODY))
    world.step(1, StartDake())  # Bob's profile has been seen
    world.long_term(0)
    if begins:
        world.step(0, StartDake())
    assert world.trusts(0, 2) <= HIM | {"alice"}
    assert "bob" not in world.trusts(0, 2)


@pytest.mark.parametrize("begins", [False, True])
def test_with_her_forging_key_he_becomes_anybody_towards_her(*, begins: bool) -> None:
    # That is what makes a transcript deniable: the secret part is not to be kept.
    world = World(Options(kinds=ONLINE, claims=EVERYBODY))
    world.step(1, StartDake())
    world.forging("alice")
    if begins:
        world.step(0, StartDake())
    assert world.trusts(0, 2) == HIM | {"bob"}
    assert "bob" not in World(Options(kinds=ONLINE, claims=EVERYBODY)).trusts(0, 2)


def test_with_his_forging_key_he_becomes_nobody_towards_others() -> None:
    world = World(Options(kinds=ONLINE, claims=EVERYBODY))
    world.step(0, StartDake())
    world.step(1, StartDake())
    world.forging("alice")
    assert "alice" not in world.trusts(1, 2)


@pytest.mark.parametrize(
    ("given", "towards_bob"),
    [("nothing", False), ("long-term", False), ("forging", True), ("prekey", True)],
)
def test_offline_whoever_has_the_forging_key_or_the_prekey_becomes_anybody(
    given: str, *, towards_bob: bool
) -> None:
    world = World(Options(kinds=frozenset({Kind.NON_INTERACTIVE_AUTH}), claims=EVERYBODY))
    world.step(0, StartDake())  # Alice's profile has been seen
    world.published(1)
    match given:
        case "long-term":
            world.long_term(1)
        case "forging":
            world.forging("bob")
        case "prekey":
            prekey = next(iter(world.accounts[1].prekeys.values()))
            world.knowledge = world.knowledge.learn([prekey.ecdh.secret])
        case _:
            pass
    assert ("alice" in world.trusts(1, 1)) == towards_bob


def test_with_an_ephemeral_key_of_a_dake_he_becomes_anybody_in_that_dake() -> None:
    world = World(Options(kinds=ONLINE, claims=EVERYBODY))
    world.step(1, StartDake())
    world.step(0, StartDake())
    assert "bob" not in world.trusts(0, 1)
    keys = world.states[0].members[0].our_keys
    assert keys is not None
    assert keys.secrets is not None
    world.knowledge = world.knowledge.learn([keys.secrets[0]])
    assert "bob" in world.trusts(0, 1)


@pytest.mark.parametrize("check", [Check.AUTH_R_SIGMA, Check.AUTH_I_SIGMA])
def test_where_ring_signatures_are_not_checked_he_becomes_anybody(check: Check) -> None:
    options = Options(kinds=ONLINE, claims=EVERYBODY, falsified=frozenset({check}))
    for variant, trusted in ((skipping(check), HIM | {"bob"}), (NONE, HIM)):
        world = World(options, variant)
        world.step(1, StartDake())
        if check is Check.AUTH_R_SIGMA:
            world.step(0, StartDake())
        assert world.trusts(0, 2) == trusted


def test_where_keys_of_small_order_are_accepted_anybody_has_such_a_key() -> None:
    check = Check.PROFILE_KEY
    options = Options(kinds=ONLINE, claims=(HIS_TAG,), falsified=frozenset({check}))
    assert World(options, skipping(check)).trusts(0, 2) == HIM | {"?"}
    assert World(options).trusts(0, 2) == HIM


def test_nobody_signs_where_all_keys_are_the_signer_s() -> None:
    world = World(Options(kinds=frozenset({Kind.MIRROR})))
    world.published(0)
    (mirrored,) = world.messages(0)
    (answer,) = world.step(0, Receive(mirrored))
    message = world.suite.decode(answer)
    assert isinstance(message, AuthR)
    assert cast("object", message.sigma) is world.suite.pool.make(Op.SIGMA)


def test_messages_that_mean_nothing_undo_nothing() -> None:
    world = World(Options(kinds=frozenset({Kind.MEANINGLESS}), claims=EVERYBODY))
    wires = world.step(0, StartDake())
    for who in (1, 0):
        assert world.messages(who)
        for wire in world.messages(who):
            assert world.step(who, Receive(wire)) == ()
        wires = world.step(who, Receive(wires[0]))
    world.step(1, Receive(wires[0]))
    assert all(state.current.message is Msg.ENCRYPTED_MESSAGES for state in world.states)


# Data messages.


@pytest.mark.parametrize("offline", [False, True])
def test_he_reads_nothing_of_an_honest_conversation(*, offline: bool) -> None:
    world = World(Options(claims=EVERYBODY))
    world.published(0, 1)
    world.private(offline=offline)
    for who in (0, 1, 0, 0, 1, 0, 1):
        world.say(who)
    assert world.knowledge.among([world.secret]) == ()
    assert world.shows(0, 1) == set()
    assert world.shows(1, 1) == set()
    world.step(0, End())
    assert world.knowledge.among([world.secret]) == ()


def test_what_was_not_delivered_he_delivers_later_and_only_once() -> None:
    world = World(Options(kinds=frozenset({Kind.DATA}), claims=EVERYBODY)).private()
    (first,) = world.step(0, SendText(world.secret))
    (second,) = world.step(0, SendText(world.secret))
    assert {first, second} <= set(world.messages(1))
    assert world.shows(1, 2) == {str(world.secret)}
    world.step(1, Receive(second))
    assert first in world.messages(1)
    assert second not in world.messages(1)
    world.step(1, Receive(first))
    assert world.shows(1, 2) == set()


def test_mac_keys_are_revealed_when_nobody_accepts_anything_under_them() -> None:
    world = World(Options(kinds=frozenset({Kind.DATA}), claims=EVERYBODY)).private()
    before: list[Conversation] = []
    for who in (0, 1, 0, 1, 0, 1):
        before.append(world.states[1])
        world.say(who)
    revealed = [term for term in world.knowledge.of(Op.KDF) if term.args[0] is Usage.MAC_KEY]
    assert len(revealed) >= 2
    assert world.shows(0, 1) == set()
    assert world.shows(1, 1) == set()
    # An endpoint that still held such a key, as one that is restored, would accept a forgery.
    world.states[1] = before[2]
    world.attacker.options = Options(frozenset({Kind.DATA}), claims=EVERYBODY, ahead=1)
    forged = world.shows(1, 1)
    assert str(world.secret) in forged


def test_where_the_authenticator_is_not_checked_he_writes_what_is_shown() -> None:
    options = Options(
        kinds=frozenset({Kind.DATA}), claims=EVERYBODY, falsified=frozenset({Check.DATA_MAC})
    )
    world = World(options, skipping(Check.DATA_MAC)).private()
    world.say(0)
    assert any("forged" in text for text in world.shows(1, 1))
    honest = World(options).private()
    honest.say(0)
    assert honest.shows(1, 1) == set()


def test_what_is_kept_of_a_conversation_does_not_open_what_was_said_before() -> None:
    world = World(Options(claims=EVERYBODY)).private()
    other = world.suite.octets(b"nothing of note")
    for who in (0, 1, 0):
        world.play(who, SendText(other))
    (wire,) = world.step(0, SendText(world.secret))
    stolen = world.knowledge.learn_state(world.states[1])
    assert stolen.among([world.secret]) == (world.secret,)  # it has not arrived yet
    world.step(1, Receive(wire))
    # Unlike in version 3 it cannot be read any more once it was read.
    world.long_term(0)
    world.long_term(1)
    for state in world.states:
        assert world.knowledge.learn_state(state).among([world.secret]) == ()


def test_an_offer_to_all_instances_opens_the_first_messages_as_long_as_it_is_kept() -> None:
    world = World(Options(claims=EVERYBODY)).private()
    world.say(0)
    assert world.knowledge.learn_state(world.states[0]).among([world.secret]) == (world.secret,)
    assert world.knowledge.learn_state(world.states[1]).among([world.secret]) == ()
    world.say(1)
    world.say(0)  # a new ratchet: the offer is forgotten
    assert world.knowledge.learn_state(world.states[0]).among([world.secret]) == ()


def test_in_his_own_conversation_he_reads_writes_and_ends() -> None:
    world = World(Options(kinds=ONLINE | {Kind.DATA}, claims=(HIS_TAG,)))
    shown, finished = set(), False
    for output in world.led_to(0, 3):
        if isinstance(output, notices.Shown):
            shown.add(str(output.text))
        finished |= isinstance(output, notices.PeerFinished)
    assert shown == {"'forged'"}
    assert finished


def with_himself(world: World, who: int) -> None:
    """He has a private conversation, as himself, with one of them."""
    for kind in (Identity, AuthI):
        world.step(who, Receive(world.of(who, kind)[0]))
    assert world.states[who].current.message is Msg.ENCRYPTED_MESSAGES


def test_in_the_middle_he_relays_what_he_reads() -> None:
    world = World(Options(kinds=ONLINE | {Kind.RELAY}))
    with_himself(world, 0)
    with_himself(world, 1)
    world.step(0, SendText(world.secret))
    assert world.knowledge.among([world.secret]) == (world.secret,)
    assert world.shows(1, 1) == {str(world.secret)}


# Assumptions that are taken away.


def test_the_brace_key_protects_what_broken_curves_do_not() -> None:
    world = World(Options(claims=EVERYBODY), curves_broken=True).private()
    for who in (0, 1, 0, 1):
        world.say(who)
    assert world.knowledge.of(Op.NONCE)  # exponents of points
    assert world.knowledge.among([world.secret]) == ()
    # But long-term keys are points: he becomes anybody.
    assert "bob" in World(
        Options(kinds=ONLINE, claims=EVERYBODY), curves_broken=True
    ).private().trusts(0, 2)


def test_the_curve_protects_what_a_broken_group_does_not() -> None:
    world = World(Options(claims=EVERYBODY), group_broken=True).private()
    for who in (0, 1, 0, 1):
        world.say(who)
    assert world.knowledge.among([world.secret]) == ()
    both = World(Options(claims=EVERYBODY), curves_broken=True, group_broken=True).private()
    both.say(0)
    assert both.knowledge.among([both.secret]) == (both.secret,)


# SMP.


def smp_stages(world: World, who: int, steps: int) -> set[str]:
    return {
        output.stage.label
        for output in world.led_to(who, steps)
        if isinstance(output, notices.SmpStaged)
    }


@pytest.mark.parametrize("guess", [b"rosebud", b"guess"])
def test_smp_with_him_succeeds_exactly_if_he_knows_the_secret(guess: bytes) -> None:
    world = World(Options(kinds=ONLINE | {Kind.SMP}))
    world.knowledge = world.attacker.begin(world.suite.passphrase(guess))
    with_himself(world, 0)
    world.step(0, StartSmp(world.suite.passphrase(b"rosebud")))
    stages = smp_stages(world, 0, 2)
    assert ("success" in stages) == (guess == b"rosebud")
    assert "failure" in stages or guess == b"rosebud"


@pytest.mark.parametrize("guess", [b"rosebud", b"guess"])
def test_the_same_where_he_begins(guess: bytes) -> None:
    world = World(Options(kinds=ONLINE | {Kind.SMP}))
    world.knowledge = world.attacker.begin(world.suite.passphrase(guess))
    with_himself(world, 1)
    world.attacker.options = Options(kinds=frozenset({Kind.SMP}))
    world.step(1, Receive(world.messages(1)[0]))
    world.step(1, AnswerSmp(world.suite.passphrase(b"rosebud")))
    assert ("success" in smp_stages(world, 1, 1)) == (guess == b"rosebud")
