"""Exploring OTRv4: what its scenarios show, and that what is asked of them can fail."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from otr_check.explore.machine import LOCAL
from otr_check.explore.party import Crash, Deed, Local, Memory, Told
from otr_check.explore.properties import Agreement, World
from otr_check.explore.registry import adaptor_of
from otr_check.explore.replay import replay, replay_real, witness_of
from otr_check.explore.scenario import (
    MALLORY,
    Action,
    Attacker,
    BadScenario,
    scenario_of,
    shipped,
)
from otr_check.explore.search import Exploration
from otr_check.otrv4.attacker import Attacker as Mallory
from otr_check.otrv4.exploring import ACCEPTED_AHEAD, FIRST_TAG, Exploring4, Held, Opponent4
from otr_model.kernel.history import by_name
from otr_model.otrv4.history import FLAWS
from otr_reference.otrv4.messages import Query

if TYPE_CHECKING:
    from collections.abc import Hashable

    from _pytest.mark.structures import ParameterSet

    from otr_check.explore.party import Outcome
    from otr_check.explore.scenario import Scenario
    from otr_check.terms import Term

PREFIX = "otrv4-"
FLAW = "flaw-"
ELSEWHERE = "otrv4-checks-"
"""Scenarios that have tests of their own."""
NAMES = [
    name.removeprefix(PREFIX)
    for name in shipped()
    if name.startswith(PREFIX) and not name.startswith(ELSEWHERE)
]
FLAW_NAMES = [name.removeprefix(FLAW) for name in NAMES if name.startswith(FLAW)]
LONG = {
    "dakez-attacker",
    "dakez-compromised",
    "flaw-queued-for-another",
    "group-broken-active",
    "xzdh-compromised",
}
"""Those that take more than a second or two."""

TWO = """
title = "Two users"
protocol = "otrv4"
ask = ["agreement", "convergence", "mac-keys", "authenticity"]

[bounds]
in_flight = 4

[network]
order = "sent"

[participant.alice]
peer = "bob"
does = { ALICE }

[participant.bob]
peer = "alice"
does = { BOB }
"""


def two(alice: str, bob: str = "", more: str = "") -> Scenario:
    """Alice and Bob, and what they may do."""
    return scenario_of(TWO.replace("ALICE", alice).replace("BOB", bob) + more)


def read(name: str) -> Scenario:
    return scenario_of(shipped()[PREFIX + name])


@cache
def explored(name: str) -> Exploration:
    """All of a scenario, whatever is violated on the way."""
    scenario = read(name)
    exploration = Exploration(scenario, adaptor_of(scenario))
    exploration.run(until_violated=False)
    return exploration


def marked(names: list[str]) -> list[ParameterSet]:
    """The names, those of long searches marked."""
    return [pytest.param(name, marks=[pytest.mark.slow] if name in LONG else []) for name in names]


class Talk:
    """Participants who are led by hand, over terms; every message arrives at once."""

    def __init__(self, scenario: Scenario) -> None:
        self.adaptor = Exploring4(scenario)
        self.opponent = self.adaptor.attacker()
        self.knowledge = self.opponent.begin()
        self.locals = [Local(self.adaptor.begin(who), Memory()) for who in (0, 1)]
        self.told: list[list[str]] = [[], []]

    def does(self, who: int, action: Action, *, arrives: bool = True) -> tuple[Term, ...]:
        """A user does something; what is sent, and all that follows if it arrives."""
        outcome = self.adaptor.command(who, self.locals[who], action, 0, frozenset())
        assert outcome is not None
        wires = self._after(who, outcome)
        if arrives:
            for wire in wires:
                self.gets(1 - who, wire)
        return wires

    def gets(self, who: int, wire: Term) -> None:
        """A message arrives, and what it is answered with."""
        outcome = self.adaptor.receive(who, self.locals[who], wire, 0, frozenset())
        for answer in self._after(who, outcome):
            self.gets(1 - who, answer)

    def _after(self, who: int, outcome: Outcome) -> tuple[Term, ...]:
        self.knowledge = self.opponent.learn(self.knowledge, outcome.wires)
        self.told[who] += outcome.notices
        before = self.locals[who].memory
        memory = replace(before, claims=before.claims + outcome.claims)
        if outcome.told:
            told = tuple((i, news) for i, news in outcome.told if news is not None)
            memory = replace(memory, told=told)
        self.locals[who] = Local(outcome.conversation, memory)
        return outcome.wires

    def conversation(self, who: int) -> Held:
        """What a participant's client holds."""
        held: Held = self.locals[who].conversation
        return held


# The scenarios.


@pytest.mark.parametrize("name", marked(NAMES))
def test_a_scenario_shows_what_it_says_and_nothing_else_within_its_bounds(name: str) -> None:
    exploration = explored(name)

    found = exploration.found
    assert {violation.property for violation in found.violations} == set(
        exploration.scenario.expect
    )
    assert found.complete


@pytest.mark.parametrize("name", marked([name for name in NAMES if read(name).expect]))
def test_what_is_violated_is_replayed_over_terms_and_over_bytes(name: str) -> None:
    exploration = explored(name)
    attacker = exploration.scenario.attacker

    for violation in exploration.found.violations:
        witness = witness_of(exploration, violation)
        assert replay(witness).violated == violation.says
        if attacker is None or not attacker.sees:
            over_bytes = replay_real(witness)
            assert (over_bytes.differs, over_bytes.violated) == ("", violation.says)


def test_who_takes_logarithms_over_terms_makes_nothing_of_bytes() -> None:
    exploration = explored("curves-broken-active")
    witness = witness_of(exploration, exploration.found.violations[0])

    differs = replay_real(witness, attempts=1).differs

    assert differs.endswith("cannot be computed from what was observed")


@pytest.mark.parametrize("name", marked([FLAW + name for name in FLAW_NAMES]))
def test_a_flaw_violates_what_is_said_of_it_and_where_it_was_put_right_nothing_is(
    name: str,
) -> None:
    flaw, scenario = by_name(FLAWS)[name.removeprefix(FLAW)], read(name)
    right = replace(scenario, actors=tuple(replace(actor, variant="") for actor in scenario.actors))
    search = Exploration(right, adaptor_of(right))

    found = search.run(until_violated=False)

    assert flaw.violates in scenario.expect
    violated = {violation.property for violation in found.violations}
    assert violated == (set(scenario.expect) if flaw.stands else set())
    assert found.complete


def test_every_kind_of_ratchet_is_met() -> None:
    fired = explored("ratchets").found.fired

    for row in ("next-third", "next", "same", "skipped"):
        assert f"otrv4.ratchet:protected.held.{row}" in fired
    assert "otrv4.message:early.encrypted-messages.early-waits" in fired


def test_an_unreliable_network_leads_through_every_row_of_the_interactive_dake() -> None:
    fired = explored("both-start-unreliable").found.fired

    rows = {row for row in fired if row.startswith("otrv4.dake:identity")}
    assert {row.rpartition(".")[2] for row in rows} >= {
        "acceptable",
        "ours-higher",
        "theirs-higher",
        "repeated",
        "for-any",
    }


def test_of_two_hashes_each_is_the_higher_in_some_world() -> None:
    orders = explored("both-start").tables.orders

    pairs = {pair for order in orders for pair in order}
    assert any((lower, higher) in pairs for higher, lower in pairs)


def test_both_ends_of_an_online_conversation_name_the_same_keys_and_other_parts() -> None:
    talk = Talk(two("dake = 1"))
    talk.does(0, Action.DAKE)

    (first,), (second,) = (local.memory.of(Deed.SECURED) for local in talk.locals)
    assert (first[0], second[0]) == ("bob", "alice")
    assert (first[3], second[3]) == ("initiator", "responder")
    assert first[1] is second[1]
    assert first[4] == second[4] is not None


def test_both_ends_of_an_offline_conversation_do_too_also_if_a_ratchet_came_in_between() -> None:
    standalone = 'mode = "standalone"\n'
    scenario = two("offline = 1", "send = 1", standalone)
    talk = Talk(scenario)
    talk.does(1, Action.SEND, arrives=False)
    talk.does(0, Action.OFFLINE)

    (first,), (second,) = (local.memory.of(Deed.SECURED) for local in talk.locals)
    assert (first[3], second[3]) == ("retriever", "publisher")
    assert first[1] is second[1]
    assert first[4] == second[4] is not None
    assert any(words.startswith("sent now") for words in talk.told[1])


def test_who_types_where_a_text_needs_a_private_conversation_asks_for_one() -> None:
    standalone = 'mode = "standalone"\n'
    began = [
        local.memory.of(Deed.BEGAN)
        for more in ("", standalone)
        for talk in [Talk(two("send = 1", "send = 1", more))]
        for _ in [talk.does(1, Action.SEND, arrives=False)]
        for local in talk.locals
    ]

    assert began == [(), (), (), ((),)]


def test_who_has_not_verified_the_peer_and_asks_for_that_is_never_private() -> None:
    pairs = joint(explored("authenticated"))

    assert any(alice.memory.of(Deed.SECURED) for alice, _ in pairs)
    assert not any(bob.memory.of(Deed.SECURED) for _, bob in pairs)


def test_who_waits_for_two_weeks_and_looks_is_told_that_it_is_over() -> None:
    pairs = joint(explored("expiry"))

    assert any(Told.OVER in dict(local.memory.told).values() for pair in pairs for local in pair)


def test_each_time_a_user_begins_offline_another_ensemble_is_used() -> None:
    scenario = two("offline = 2")
    talk = Talk(scenario)
    first = talk.does(0, Action.OFFLINE, arrives=False)
    second = talk.does(0, Action.OFFLINE, arrives=False)

    messages = [talk.adaptor.suite.decode(wires[-1]) for wires in (first, second)]  # type: ignore[arg-type] # a term is a wire
    assert len({getattr(message, "prekey_id") for message in messages}) == 2  # noqa: B009 - of a union
    third = talk.adaptor.command(0, talk.locals[0], Action.OFFLINE, 0, frozenset())
    assert third is None


def test_a_text_that_waited_counts_as_typed_for_whoever_it_was_meant() -> None:
    talk = Talk(two("dake = 1, send = 1", "end = 1"))
    talk.does(0, Action.DAKE)
    talk.does(1, Action.END)
    talk.does(0, Action.SEND)
    assert not talk.locals[0].memory.of(Deed.TYPED)

    talk.does(0, Action.DAKE)

    ((text, whom),) = talk.locals[0].memory.of(Deed.TYPED)
    assert (text, whom) == (talk.adaptor.text(0, 0), "bob")
    assert talk.locals[1].memory.of(Deed.SHOWN) == ((text, "alice"),)


def test_a_message_that_is_skipped_is_accepted_with_a_key_that_is_kept() -> None:
    talk = Talk(two("dake = 1, send = 2"))
    talk.does(0, Action.DAKE)
    talk.does(0, Action.SEND, arrives=False)
    talk.does(0, Action.SEND)

    (session,) = (s for s in talk.adaptor.sessions(talk.locals[1]) if s.private)
    assert len(session.accepts) == 1 + ACCEPTED_AHEAD


def test_what_version_3_does_inside_is_remembered_like_the_rest() -> None:
    scenario = two("send = 1, end = 1")
    actors = tuple(replace(each, policy=(("allow_v3", True),)) for each in scenario.actors)
    talk = Talk(replace(scenario, actors=actors))
    offer = talk.adaptor.suite.encode(Query(frozenset({3})))

    talk.gets(0, offer)  # type: ignore[arg-type] # a wire is a term
    talk.does(0, Action.SEND)

    text = talk.adaptor.text(0, 0)
    (first,), (second,) = (local.memory.of(Deed.SECURED) for local in talk.locals)
    assert (first[0], second[0]) == ("bob", "alice")
    assert (first[2], second[2]) == (3, 3)
    assert first[1] is second[1]
    assert first[3] != second[3]
    assert talk.locals[0].memory.of(Deed.TYPED) == ((text, "bob"),)
    assert talk.locals[1].memory.of(Deed.SHOWN) == ((text, "alice"),)
    assert not talk.opponent.knows(talk.knowledge, text)
    standing = [each for each in talk.adaptor.sessions(talk.locals[0]) if each.private]
    assert [(each.instance, each.peer) for each in standing] == [(FIRST_TAG + 1, "bob")]
    talk.does(0, Action.END)
    assert dict(talk.locals[0].memory.told) == {}
    assert dict(talk.locals[1].memory.told) == {FIRST_TAG: Told.OVER}


def test_messages_are_named_as_in_the_text() -> None:
    exploration = explored("offline-meets-online")

    labels = {exploration.tables.adaptor.label(w) for w in exploration.tables.wires[1:]}
    assert labels >= {"Identity to all", "Auth-R", "Auth-I", "Non-Interactive-Auth", "Data 0.0"}


# What is asked can fail.


def test_what_a_publisher_did_not_publish_is_no_agreement() -> None:
    talk = Talk(two("offline = 1"))
    talk.does(0, Action.OFFLINE, arrives=False)
    scenario, property_ = talk.adaptor.scenario, Agreement()
    stranger = replace(scenario, actors=(scenario.actors[0], replace(scenario.actors[1], name="c")))

    def wrong(scenario: Scenario) -> str | None:
        world = World(scenario, talk.adaptor, talk.opponent)
        return property_.together(world, tuple(talk.locals))

    assert wrong(scenario) is None
    assert wrong(stranger) == "alice is private with bob, who takes no part in it"


def test_one_session_id_with_different_keys_is_no_agreement() -> None:
    talk = Talk(two("dake = 1"))
    talk.does(0, Action.DAKE)
    world = World(talk.adaptor.scenario, talk.adaptor, talk.opponent)
    memory = talk.locals[1].memory
    other = tuple(
        replace(claim, about=(*claim.about[:4], "other")) if claim.deed is Deed.SECURED else claim
        for claim in memory.claims
    )
    changed = Local(talk.locals[1].conversation, replace(memory, claims=other))

    says = Agreement().together(world, (talk.locals[0], changed))

    assert says == "alice and bob have one id and different keys"


@pytest.mark.parametrize("start", [Action.DAKE, Action.OFFLINE])
def test_texts_are_read_where_both_groups_are_broken_and_not_where_one_is(start: Action) -> None:
    known: dict[tuple[bool, bool], bool] = {}
    for curves in (False, True):
        for group in (False, True):
            talk = Talk(two("dake = 1, offline = 1, send = 1"))
            assert isinstance(talk.opponent, Opponent4)
            text = talk.adaptor.text(0, 0)
            talk.opponent.attacker = Mallory(
                talk.adaptor.suite,
                secrets=[text],  # type: ignore[list-item] # a term is a text
                curves_broken=curves,
                group_broken=group,
            )
            talk.knowledge = talk.opponent.begin()
            talk.does(0, start)
            talk.does(0, Action.SEND)
            known[curves, group] = talk.opponent.knows(talk.knowledge, text)

    assert known == {
        (False, False): False,
        (False, True): False,
        (True, False): False,
        (True, True): True,
    }


def test_a_thief_reads_what_has_not_arrived_and_nothing_that_has() -> None:
    talk = Talk(two("offline = 1, send = 1"))
    text = talk.adaptor.text(0, 0)
    (begins,) = talk.does(0, Action.OFFLINE, arrives=False)
    (says,) = talk.does(0, Action.SEND, arrives=False)

    def stolen() -> Hashable:
        return talk.opponent.steal(talk.knowledge, talk.conversation(1), "bob")

    assert not talk.opponent.knows(talk.knowledge, text)
    assert talk.opponent.knows(stolen(), text)
    talk.gets(1, begins)
    assert talk.opponent.knows(stolen(), text)
    talk.gets(1, says)
    assert not talk.opponent.knows(stolen(), text)


def test_the_secret_of_a_forging_key_is_owned_by_itself() -> None:
    scenario = two("dake = 1")
    secrets = {}
    for owned in ("alice", "alice/forging"):
        attacked = replace(scenario, attacker=Attacker(owns=(owned,)))
        adaptor = Exploring4(attacked)
        opponent = adaptor.attacker()
        forging = adaptor.suite.forging_secret("alice")
        signing = adaptor.suite.long_term("alice").secret
        begins = opponent.begin()
        secrets[owned] = [opponent.knows(begins, each) for each in (signing, forging)]  # type: ignore[arg-type] # scalars are terms

    assert secrets == {"alice": [True, False], "alice/forging": [False, True]}


def test_who_has_expired_is_over() -> None:
    talk = Talk(two("dake = 1, send = 1, tick = 1"))
    talk.does(0, Action.DAKE)
    talk.does(0, Action.SEND)

    outcome = talk.adaptor.command(0, talk.locals[0], Action.TICK, 1_300_000, frozenset())

    assert outcome is not None
    assert [news for _, news in outcome.told] == [Told.OVER]


def test_a_participant_who_lacks_what_a_row_needs_crashes() -> None:
    talk = Talk(two("send = 1"))
    held = talk.conversation(0)
    conversation = held.conversation.clone()
    broken = conversation.members[0].clone()
    broken.message = type(broken.message).ENCRYPTED_MESSAGES
    conversation.members[0] = broken
    local = Local(Held(conversation), Memory())

    with pytest.raises(Crash, match="PUT_TEXT needs CHAIN"):
        talk.adaptor.command(0, local, Action.SEND, 0, frozenset())


# What an attacker achieves who has a key.


def joint(exploration: Exploration) -> list[tuple[Local, Local]]:
    """Every pair of local states of Alice and Bob that was reached."""
    alice, bob = exploration.shape.locals
    mask, held = (1 << LOCAL) - 1, exploration.tables.locals
    pairs = {(state >> alice & mask, state >> bob & mask) for state in exploration.seen}
    return [(held[first], held[second]) for first, second in sorted(pairs)]


def misled(whom: Local, peer: Local, name: str) -> bool:
    """Whether somebody is private with an account that takes no part in it."""
    runs = peer.memory.of(Deed.RUNS)
    return any(
        who == name and (ssid,) not in runs for who, ssid, *_ in whom.memory.of(Deed.SECURED)
    )


@pytest.mark.parametrize("name", ["dakez-forging-key", "dakez-forging-key-answering"])
def test_a_forging_key_misleads_its_owner_and_nobody_else(name: str) -> None:
    pairs = joint(explored(name))

    assert any(misled(alice, bob, "bob") for alice, bob in pairs)
    assert not any(misled(bob, alice, "alice") for alice, bob in pairs)


@pytest.mark.slow
def test_a_long_term_key_misleads_others_and_not_its_owner() -> None:
    pairs = joint(explored("dakez-compromised"))

    assert any(misled(bob, alice, "alice") for alice, bob in pairs)
    assert not any(misled(alice, bob, "bob") for alice, bob in pairs)


@pytest.mark.slow
def test_with_a_long_term_key_one_session_can_mean_different_peers_to_its_ends() -> None:
    exploration = explored("dakez-compromised")
    known = exploration.tables.knowledge

    crossed = [
        ssid
        for alice, bob in joint(exploration)
        for peer, ssid, *_ in alice.memory.of(Deed.SECURED)
        for other, same, *_ in bob.memory.of(Deed.SECURED)
        if (peer, other) == (MALLORY, "alice") and same is ssid
    ]

    assert crossed
    opponent = exploration.tables.opponent
    assert not any(opponent.knows(knowledge, ssid) for knowledge in known for ssid in crossed)


def test_what_was_said_stays_secret_when_both_are_robbed_afterwards() -> None:
    talk = Talk(two("dake = 1, send = 1, end = 1", "send = 1, end = 1"))
    talk.does(0, Action.DAKE)
    talk.does(0, Action.SEND)
    talk.does(1, Action.SEND)
    texts = [talk.adaptor.text(who, 0) for who in (0, 1)]
    talk.does(0, Action.END)
    talk.does(1, Action.END)

    knowledge = talk.knowledge
    for who, user in enumerate(("alice", "bob")):
        knowledge = talk.opponent.steal(knowledge, talk.conversation(who), user)

    assert not any(talk.opponent.knows(knowledge, text) for text in texts)


def test_who_publishes_a_prekey_message_of_his_own_reads_once_he_has_the_other_keys() -> None:
    talk = Talk(two("offline = 1, send = 1"))
    suite, text = talk.adaptor.suite, talk.adaptor.text(0, 0)
    (ensemble,) = talk.adaptor.ensembles[0]
    seed = suite.seed(MALLORY.encode())
    message = replace(
        ensemble.message, y=suite.fresh_ecdh(seed, 50).public, b=suite.fresh_dh(seed, 51).public
    )
    talk.adaptor.ensembles[0] = (replace(ensemble, message=message),)

    talk.does(0, Action.OFFLINE)
    talk.does(0, Action.SEND)

    assert talk.locals[0].memory.standing(FIRST_TAG + 1) is Told.PRIVATE
    assert not talk.locals[1].memory.told
    assert not talk.opponent.knows(talk.knowledge, text)
    stolen = talk.opponent.steal(talk.knowledge, talk.conversation(1), "bob")
    assert talk.opponent.knows(stolen, text)


# What a scenario may not say.


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ('mode = "modern"', "there is no 'modern'; there are compatible, standalone"),
        ("policy = { allow_v9 = true }", "OTRv4 has no 'allow_v9'"),
        ('variant = "nothing"', "there is no 'nothing'"),
    ],
)
def test_a_participant_of_otrv4_is_described_in_its_words(more: str, complaint: str) -> None:
    with pytest.raises(BadScenario, match=complaint):
        Exploring4(two("dake = 1", "", more))


@pytest.mark.parametrize(
    ("attacker", "complaint"),
    [
        (Attacker(sends=("dh-commit",)), "attacker.sends: OTRv4 has no 'dh-commit'"),
        (Attacker(fails=("GX_RANGE",)), "attacker.fails: OTRv4 has no check 'GX_RANGE'"),
    ],
)
def test_an_attacker_on_otrv4_is_described_in_its_words(attacker: Attacker, complaint: str) -> None:
    with pytest.raises(BadScenario, match=complaint):
        Exploring4(replace(two("dake = 1"), attacker=attacker)).attacker()
