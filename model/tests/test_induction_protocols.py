"""What is claimed of OTRv3 and OTRv4 is proved; literal readings break what they are said to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from otr_check.induction.checking import check_claims, check_findings, claims_of, literal_of
from otr_check.induction.claims import Possible
from otr_check.induction.pairs import prove_session
from otr_check.induction.search import look
from otr_check.induction.system import System
from otr_check.otrv3 import invariants as three
from otr_check.otrv3.suite import TermSuite
from otr_check.otrv4 import invariants as four
from otr_model.kernel.readings import PYTHON
from otr_model.kernel.variant import apply
from otr_model.otrv3 import variables as v
from otr_model.otrv3.effects import Do
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv4 import variables as v4
from otr_model.otrv4.effects import Do as Do4
from otr_model.otrv4.protocol import OTRV4
from otr_reference.otrv3.commands import Heartbeat, Receive, SendText, Start
from otr_reference.otrv3.endpoint import Endpoint
from otr_reference.otrv3.messages import DataMessage
from otr_reference.otrv3.notices import Send
from otr_reference.otrv3.session import Config, Conversation
from otr_reference.otrv4.chat import SUITE, Client
from otr_reference.otrv4.messages import DataMessage as DataMessage4

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_check.induction.claims import Finding
    from otr_check.induction.pairs import Session
    from otr_model.kernel.composition import Composition
    from otr_model.kernel.expr import Int, IntVar
    from otr_model.kernel.vocabulary import Effect
    from otr_reference.otrv3.commands import Input
    from otr_reference.sorts import Wire

PROTOCOLS = (OTRV3, OTRV4)
BY_NAME = {each.name: each for each in PROTOCOLS}
FINDINGS = [
    pytest.param(name, finding, id=finding.ambiguity)
    for name in BY_NAME
    for finding in claims_of(name).findings[:1]
]
"""One for each protocol; all are checked by `otrspec check`, which is a stage of CI."""


# --- Claims -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("composition", PROTOCOLS, ids=BY_NAME)
def test_everything_that_is_claimed_is_proved(composition: Composition) -> None:
    found = check_claims(composition, examples=False)

    assert found.broken == ()
    assert all(result.proved for result in found.results)
    assert all(result.steps > 0 for result in found.results)
    # Rows that nothing leads to are those that make a table total, and no others.
    assert found.untaken
    assert all(only_completes(composition, row) for row in found.untaken)


def only_completes(composition: Composition, row_id: str) -> bool:
    """Whether a row is one for what cannot be where it stands."""
    row = composition.row(row_id)
    private = row.table.endswith(".smp") and row.at.name != "EXPECT1"
    late = row.on.name in {"SETTLED", "DATA_TAKEN", "DATA_REFUSED"} and row.at.name != "ENCRYPTED"
    keys = row.at.name == "EMPTY" or row.name == "otherwise"
    return private or late or keys


@pytest.mark.parametrize("name", BY_NAME)
def test_claims_have_names_and_sections_of_their_own(name: str) -> None:
    claims = claims_of(name).claims

    assert len({claim.id for claim in claims}) == len(claims)
    assert len({claim.says for claim in claims}) == len(claims)
    assert all(claim.id.startswith(f"{name}.invariant:") for claim in claims)
    assert all(claim.sections or claim.helper for claim in claims)
    assert all(claim.name.startswith("lemma-") is claim.helper for claim in claims)


@pytest.mark.slow
def test_examples_lead_to_where_claims_of_otrv3_say_something() -> None:
    claims = claims_of("otrv3")
    names = ("no-clear-text", "completion", "smp-one-conversation", "revealed-mac-keys")
    wanted = [claims.named(name) for name in names]
    found = look(System(OTRV3, claims), wanted)

    assert not found.open
    assert all(trail.rows[0].outside for trail in found.found.values())


# --- Literal readings -------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("name", "finding"), FINDINGS)
def test_a_literal_reading_breaks_what_it_is_said_to_break(name: str, finding: Finding) -> None:
    claims = claims_of(name)
    applied = apply(BY_NAME[name], literal_of(name)[finding.ambiguity])
    system = System(applied.composition, claims, applied.skipped)
    wanted = [claims.named(each) for each in finding.claims]

    found = look(system, (), wanted)
    assert set(found.refuted) == {claim.id for claim in wanted}


def test_findings_name_readings_and_claims_that_exist() -> None:
    for name in BY_NAME:
        claims = claims_of(name)
        for finding in claims.findings:
            assert finding.ambiguity in literal_of(name)
            named = [claims.named(each) for each in finding.claims]
            assert named
            assert not any(isinstance(claim, Possible) for claim in named)


def test_findings_are_checked_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    one = replace(three.CLAIMS, findings=three.CLAIMS.findings[:1])
    monkeypatch.setattr(three, "CLAIMS", one)

    (broken,) = check_findings(OTRV3)
    assert broken.as_expected
    assert set(broken.trails) == set(one.findings[0].claims)


# --- Two endpoints ----------------------------------------------------------------------------


def test_the_next_message_of_otrv3_is_acceptable() -> None:
    found = prove_session(OTRV3, three.SESSION, three.GHOSTS)

    assert found.proved
    assert found.witness is not None
    assert [taken.member for taken in found.witness.rows] == [1, 2, 2, 1, 1, 2]


def test_the_next_message_of_otrv4_is_acceptable() -> None:
    found = prove_session(OTRV4, four.SESSION, four.GHOSTS)

    assert found.proved
    assert found.witness is not None
    assert found.witness.rows[1].row == "otrv4.ratchet:protected.held.next-third"


def also(session: Session, effect: Effect) -> Session:
    """The session where every row that takes a message does something else as well."""
    rows = tuple(replace(row, do=(*row.do, effect)) for row in session.receives)
    return replace(session, receives=rows)


@pytest.mark.parametrize(
    ("composition", "session"),
    [
        pytest.param(OTRV3, also(three.SESSION, Do.ROTATE_OUR_KEYS), id="our keys run ahead"),
        pytest.param(OTRV3, also(three.SESSION, Do.ROTATE_THEIR_KEYS), id="theirs run ahead"),
        pytest.param(
            OTRV3,
            replace(three.SESSION, message={**three.MESSAGE_SENT, v.COUNTER: v.SENT - 1}),
            id="a counter is sent again",
        ),
        pytest.param(
            OTRV3,
            replace(three.SESSION, message={**three.MESSAGE_SENT, v.SENDER_KEYID: v.OUR_KEYID}),
            id="the newest key is used at once",
        ),
        pytest.param(OTRV4, also(four.SESSION, Do4.ROTATE), id="the ratchet runs ahead"),
        pytest.param(
            OTRV4,
            replace(four.SESSION, message={**four.MESSAGE_SENT, v4.RATCHET_ID: v4.I}),
            id="the ratchet id is the next one",
        ),
    ],
)
def test_a_session_in_which_something_is_wrong_is_not_proved(
    composition: Composition, session: Session
) -> None:
    module = three if composition is OTRV3 else four
    found = prove_session(composition, session, module.GHOSTS)

    assert not found.proved


# --- What a message says ----------------------------------------------------------------------


def said(message: Mapping[IntVar, Int], session: object) -> dict[str, int]:
    """What a message says by our claims, from a session after it was sent."""
    step = type("Step", (), {"member": session})()
    return {variable.name: value.read(PYTHON)(step) for variable, value in message.items()}


def test_a_data_message_of_otrv3_says_what_we_claim_that_it_says() -> None:
    suite = TermSuite()
    ends: list[Endpoint] = []
    states: list[Conversation] = []
    network: list[list[Wire]] = []
    for name, tag in (("alice", 0x101), ("bob", 0x202)):
        key = suite.signing_key(name)
        config = Config(key, suite.public_key(key), suite.seed(name.encode()), tag)
        ends.append(Endpoint(suite, config))
        states.append(Endpoint.begin())
        network.append([])
    sent = 0

    def step(who: int, given: Input) -> None:
        nonlocal sent
        stepped = ends[who].step(states[who], given, 1000)
        states[who] = stepped.conversation
        wires = [output.wire for output in stepped.outputs if isinstance(output, Send)]
        network[1 - who].extend(wires)
        for wire in wires:
            message = suite.decode(wire)
            if isinstance(message, DataMessage):
                sent += 1
                session = states[who].members[states[who].best]
                claimed = said(three.MESSAGE_SENT, session)
                assert claimed == {name: getattr(message.fields, name) for name in claimed}
        while network[who]:
            step(who, Receive(network[who].pop(0)))

    step(0, Start())
    for who in (1, 0) * 4:
        for given in (Heartbeat(), SendText(suite.octets(b"hi"))):
            while network[who]:
                step(who, Receive(network[who].pop(0)))
            step(who, given)
    assert sent > 5


def test_a_data_message_of_otrv4_says_what_we_claim_that_it_says() -> None:
    alice, bob = Client.generate().chat(), Client.generate().chat()
    network = list(alice.start().wires)
    listener, other = bob, alice
    sent = 0
    for turn in range(12):
        heard = [listener.receive(wire) for wire in network]
        network = [wire for each in heard for wire in each.wires]
        if not network and turn:
            network = list(listener.send(b"hi").wires)
        for wire in network:
            message = SUITE.decode(SUITE.wire(wire))
            if isinstance(message, DataMessage4):
                sent += 1
                conversation = listener.conversation
                claimed = said(four.MESSAGE_SENT, conversation.members[conversation.best])
                fields = message.fields
                assert claimed == {
                    "ratchet_id": fields.ratchet_id,
                    "message_id": fields.message_id,
                    "previous_count": fields.pn,
                }
        listener, other = other, listener
    assert sent > 3


def test_every_data_message_changes_the_same_variables_of_the_keys() -> None:
    sending = {v.SENT: Do.SEND_TEXT.spec.sets[v.SENT]}
    assert len(three.DATA_MESSAGES) > 5
    for effect in three.DATA_MESSAGES:
        assert {v.SENT: effect.spec.sets[v.SENT]} == sending
        assert not {v.OUR_KEYID, v.THEIR_KEYID} & set(effect.spec.sets)
