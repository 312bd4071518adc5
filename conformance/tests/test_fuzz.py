"""The fuzzer: the reference keeps its promises under it, and planted faults are found.

`OTRSPEC_FUZZ_EXAMPLES=20000 pytest conformance/tests/test_fuzz.py` makes a longer campaign, another
one each time.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from otr_conformance.otrv3 import fuzz
from otr_conformance.otrv3.fuzz import (
    TAMPERINGS,
    USER_RULES,
    Cast,
    Client,
    Network,
    Setting,
    Storm,
    Violated,
    campaign,
    legible,
    make_machine,
)
from otr_conformance.otrv3.labs import Lab, RealLab, TermLab
from otr_model.kernel.variant import Edit, EditRow, SetParameter, SkipCheck, Variant
from otr_model.kernel.vocabulary import Origin
from otr_model.otrv3.conditions import Check
from otr_model.otrv3.effects import Do
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.variants import LITERAL
from otr_model.otrv3.words import Event, Msg
from otr_reference.derive import derived
from otr_reference.otrv3.commands import AnswerSmp, End, Heartbeat, SendText, Start, StartSmp
from otr_reference.otrv3.messages import DataMessage, Plaintext
from otr_reference.otrv3.session import Policy

if TYPE_CHECKING:
    from otr_reference.otrv3.session import Session

LABS = {"terms": TermLab, "real": RealLab}
EXAMPLES = {"terms": 150, "real": 40}
LONGER = int(os.environ.get("OTRSPEC_FUZZ_EXAMPLES", "0"))
ALICE, BOB, SECOND = "alice", "bob", "second"


# The reference under it.


@pytest.mark.slow
@pytest.mark.parametrize("suite", LABS)
def test_the_reference_keeps_its_promises(suite: str) -> None:
    machine = make_machine(LABS[suite])
    if LONGER:
        campaign(machine, examples=LONGER, steps=60)
    else:
        campaign(machine, examples=EXAMPLES[suite], repeatable=True)


@pytest.mark.slow
def test_the_reference_keeps_its_promises_where_everything_is_tight() -> None:
    tight = Variant(
        "tight",
        "little is stored, few are told apart, heartbeats are frequent",
        (
            SetParameter("max_instances", 1),
            SetParameter("max_stored", 900),
            SetParameter("max_tlvs", 1),
            SetParameter("heartbeat_interval", 20),
            SetParameter("resend_interval", 3),
        ),
    )
    machine = make_machine(TermLab, variant=tight)
    campaign(machine, examples=LONGER or 50, repeatable=not LONGER)


# Planted faults.


def without(row: str, *effects: Do) -> EditRow:
    """A row without some of its effects."""
    assert set(effects) <= set(OTRV3.row(row).do)
    return EditRow(row, do=tuple(e for e in OTRV3.row(row).do if e not in effects))


IMPOSTOR = (
    r"have one secure session id, and are not each other's peer"
    r"|as secure, of somebody else than typed"
)
"""What shows first of a peer who is taken for another: the agreement, or what the peer types."""

# Faults, what they break, and what the oracle objects to; "" where it would take it long to find.
PLANTED: dict[str, tuple[Edit, str, str]] = {
    "what is typed after the end goes out in the clear": (
        EditRow("otrv3.message:user-send.finished", do=(Do.SEND_PLAINTEXT,)),
        r"sends 'said-\d+-by-\w+' in the clear",
        "",
    ),
    "counters are not checked": (
        SkipCheck(Check.DATA_COUNTER),
        r"is shown 'said-.*' again, which was sent once",
        r"data-counter does not hold, and did not count",
    ),
    "MACs are not checked": (
        SkipCheck(Check.DATA_MAC),
        r"as secure, which nobody typed",
        "",
    ),
    "signatures of initiators are not checked": (
        SkipCheck(Check.REVEAL_SIGNED),
        IMPOSTOR,
        "",
    ),
    "keys outlive the conversation": (
        without("otrv3.keys:session-over.held", Do.FORGET_KEYS),
        r"there are keys in (PLAINTEXT|FINISHED)",
        r"otrv3.keys:session-over.held: our_keyid of member 0x\d+ is \d+ instead of 0",
    ),
    "values of SMP outlive it": (
        without("otrv3.smp:smp-reset.expect2", Do.FORGET_SMP),
        r"values of SMP are kept in (PLAINTEXT|FINISHED|ENCRYPTED)",
        r"otrv3.smp:smp-reset.expect2: smp_exponents of member 0x\d+ was to be forgotten",
    ),
    "SMP always succeeds": (
        EditRow(
            "otrv3.smp:smp-3.expect3.private.smp-3-valid.not-equal",
            do=(Do.SEND_SMP_4, Do.FORGET_SMP, Do.TELL_SMP_SUCCESS),
        ),
        r"is told that the secrets are equal, and they are not",
        "",
    ),
    "heartbeats answer heartbeats": (
        EditRow("otrv3.message:content-done.encrypted.not-heartbeat-due", do=(Do.SEND_HEARTBEAT,)),
        r"after 400 messages there is no end to them",
        r"not-heartbeat-due: no row accounts for a message to the network",
    ),
    "the end is not told": (
        without("otrv3.message:disconnected.encrypted", Do.TELL_FINISHED),
        r"was told ENCRYPTED and is in FINISHED",
        r"otrv3.message:disconnected.encrypted: TELL_FINISHED: ",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", PLANTED)
def test_planted_faults_are_found_by_what_they_break(fault: str) -> None:
    edit, broken, _ = PLANTED[fault]
    machine = make_machine(TermLab, variant=Variant(fault, edits=(edit,)), judged=False)
    with pytest.raises(Violated, match=broken):
        campaign(machine, examples=1500, repeatable=True, shrink=False)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [fault for fault, (_, _, row) in PLANTED.items() if row])
def test_planted_faults_are_found_by_the_oracle(fault: str) -> None:
    edit, _, objected = PLANTED[fault]
    machine = make_machine(TermLab, variant=Variant(fault, edits=(edit,)))
    with pytest.raises(Violated, match=objected):
        campaign(machine, examples=1500, repeatable=True, shrink=False)


@pytest.mark.slow
def test_a_failure_is_a_short_script() -> None:
    edit, broken, _ = PLANTED["keys outlive the conversation"]
    machine = make_machine(TermLab, variant=Variant("planted", edits=(edit,)), judged=False)
    with pytest.raises(Violated, match=broken) as failure:
        campaign(machine, examples=300, repeatable=True)
    script = "\n".join(failure.value.__notes__).splitlines()
    rules = [line for line in script if re.match(r"(\(?recorded.* = )?state\.\w+\(", line)]
    ends = "the others have ended the conversation", "state.user_end("
    assert len(rules) <= 4
    assert any(end in line for line in script for end in ends)
    assert "    alice sends Query" in script
    assert any(line.endswith(": otrv3.message:user-end.encrypted") for line in script)


# What the rules are made of.


def test_there_is_a_rule_for_every_event_of_a_user() -> None:
    machine = make_machine(TermLab)
    events = {event for event in Event if event.origin is Origin.USER}
    assert set(USER_RULES) == events
    assert all(hasattr(machine, event.name.lower()) for event in events)


def started(lab: Lab, **cast: Any) -> Network:
    """A network on which Alice and Bob have a private conversation; the second client has not."""
    network = Network(lab, Cast({n: Setting(Policy(allow_v3=False)) for n in fuzz.TAGS}, **cast))
    network.command(ALICE, Start())
    settle_without(network, SECOND)
    assert network.people[ALICE].conversation.current.message is Msg.ENCRYPTED
    assert network.people[SECOND].conversation.current.message is Msg.PLAINTEXT
    return network


def settle_without(network: Network, lost: str) -> None:
    """Everything is delivered, except to one endpoint."""
    while network.busy:
        network.people[lost].flight.clear()
        for person in network.people.values():
            if person.flight:
                network.receives(person.name, person.flight.popleft().wire)


def says(network: Network, name: str, text: str) -> None:
    """Somebody types."""
    network.command(name, SendText(network.lab.text(text)))


def talked(lab: Lab) -> Network:
    """A network on which everything was sent that can be."""
    network = Network(lab, Cast())
    says(network, ALICE, "said-0001-by-alice")
    network.command(ALICE, Start())
    sent = list(network.settle())
    for name in (ALICE, BOB):
        says(network, name, f"said-0002-by-{name}")
        sent.extend(network.settle())
    network.command(ALICE, StartSmp(lab.passphrase("apple")))
    network.settle()
    asked = network.people[ALICE].conversation.best
    answering = next(n for n, tag in fuzz.TAGS.items() if tag == asked)
    network.command(answering, AnswerSmp(lab.passphrase("apple")))
    network.settle()
    network.command(ALICE, End())
    network.settle()
    return network


@pytest.mark.parametrize("lab", [TermLab(), RealLab()], ids=list(LABS))
def test_an_ordinary_conversation_breaks_no_promise(lab: Lab) -> None:
    network = talked(lab)
    watch = network.watch
    assert watch.shown == {"said-0002-by-alice": 1, "said-0002-by-bob": 1}
    assert not watch.texts["said-0001-by-alice"].private
    assert watch.texts["said-0002-by-alice"].private
    assert len(watch.secrets) == 2
    assert network.people[ALICE].conversation.current.message is Msg.PLAINTEXT


@pytest.mark.parametrize("lab", [TermLab(), RealLab()], ids=list(LABS))
def test_every_tampering_changes_some_message(lab: Lab) -> None:
    network, suite = Network(lab, Cast()), lab.suite
    sent = [*network.command(ALICE, Start()), *network.settle()]
    for name in (ALICE, BOB, SECOND) * 3:
        sent.extend((*network.command(name, Heartbeat()), *network.settle()))
    for what, tamper in TAMPERINGS.items():
        messages = [suite.decode(parcel.wire) for parcel in sent]
        altered = [(message, tamper(suite, message)) for message in messages]
        changed = [pair for pair in altered if pair[1] is not None and pair[0] != pair[1]]
        assert changed, what
        for before, after in changed:
            assert after is not None
            assert suite.encode(after) != suite.encode(before), what


@pytest.mark.parametrize("lab", [TermLab(), RealLab()], ids=list(LABS))
def test_what_is_legible_on_the_network(lab: Lab) -> None:
    suite = lab.suite
    text = lab.text("said-0001-by-alice")
    assert b"said-0001-by-alice" in legible(lab, suite.encode(Plaintext(text)))
    sealed: list[Any] = []
    network = started(lab)
    sealed.extend(p.wire for p in network.command(ALICE, SendText(text)))
    (wire,) = sealed
    assert b"said" not in legible(lab, wire)
    message = suite.decode(wire)
    assert isinstance(message, DataMessage)
    fields = replace(message.fields, encrypted=text)
    leaking = replace(message, fields=fields, authenticated=suite.data_body(fields))
    assert b"said-0001-by-alice" in legible(lab, suite.encode(leaking))


# Promises that the machine rarely breaks: each is broken once, by hand.


def test_a_text_for_one_key_must_not_reach_another() -> None:
    literal = LITERAL["otrv3.ambiguity:stored-for"]
    network = started(TermLab(), second=Client.STRANGERS, variant=literal, judged=False)
    says(network, ALICE, "said-0001-by-alice")
    network.people[BOB].flight.clear()
    network.receives(ALICE, network.lab.wire("?OTR Error: I could not read this"))
    network.command(ALICE, Start())
    with pytest.raises(Violated, match=r"second is shown .* which was typed for another key"):
        settle_without(network, BOB)


def test_two_clients_in_version_2_make_each_other_unreadable_for_a_while() -> None:
    """Each Error Message makes Alice start again and repeat her text, which the other cannot read.

    It ends because a text is recent only for a time, and every round takes a second.
    """
    policy = Policy(allow_v3=False, error_start_ake=True)
    network = Network(TermLab(), Cast({name: Setting(policy) for name in fuzz.TAGS}))
    network.command(ALICE, Start())
    network.settle()
    says(network, ALICE, "said-0001-by-alice")
    began = network.now
    sent = network.settle()
    assert 10 < network.now - began < 90
    assert len(sent) > 30


def ends(network: Network) -> tuple[Session, Session]:
    """The two ends of the conversation."""
    return network.people[ALICE].conversation.current, network.people[BOB].conversation.current


def test_the_two_ends_have_to_agree() -> None:
    def standing(**values: object) -> None:
        network = started(TermLab())
        network.watch.standing(network.people)
        for name, value in values.items():
            setattr(ends(network)[1], name, value)
        network.watch.standing(network.people)

    peer = started(TermLab()).people[BOB].endpoint.config.public
    with pytest.raises(Violated, match=r"alice and bob .* are not each other's peer"):
        standing(peer=peer)
    with pytest.raises(Violated, match="alice and bob read out the same half"):
        standing(initiated=False)
    with pytest.raises(Violated, match="bob, member 0x0: was told ENCRYPTED and is in FINISHED"):
        standing(message=Msg.FINISHED, ring=None, ssid=None, keys=None, old_mac_keys=None)
    with pytest.raises(Violated, match="bob, member 0x0: there are no keys in ENCRYPTED"):
        standing(ring=None)
    with pytest.raises(Violated, match="bob, member 0x0: secrets of an exchange outlive it"):
        standing(r="r")
    with pytest.raises(Violated, match="bob, member 0x0: 7 MAC keys are to be revealed"):
        standing(unrevealed=7)
    with pytest.raises(Violated, match="the MAC key of ages 1 and 0 was used, or was not"):
        standing(used_1_0=1)


def test_three_ends_of_one_conversation_are_one_too_many() -> None:
    network = started(TermLab())
    network.people[SECOND].conversation = network.people[BOB].conversation
    network.people[SECOND].believes = network.people[BOB].believes
    with pytest.raises(Violated, match="alice and bob and second have one secure session id"):
        network.watch.standing(network.people)


@pytest.mark.parametrize("lab", [TermLab(), RealLab()], ids=list(LABS))
def test_counters_and_revealed_keys_are_watched(lab: Lab) -> None:
    network = started(lab)
    alice = network.people[ALICE]
    (parcel,) = network.command(ALICE, Heartbeat())
    message = lab.suite.decode(parcel.wire)
    assert isinstance(message, DataMessage)
    with pytest.raises(Violated, match="alice encrypts twice with counter 1"):
        network.watch.data_went_out(alice, message)
    (key, *_) = fuzz.accepted(lab.suite, alice.conversation)
    revealing = replace(
        message,
        fields=replace(message.fields, counter=2),
        revealed=lab.suite.old_mac_keys((key,)),
    )
    with pytest.raises(Violated, match="alice reveals a MAC key that they still accept"):
        network.watch.data_went_out(alice, revealing)


def test_messages_have_to_fit_the_network() -> None:
    lab = RealLab()
    network = started(lab)
    endpoint = network.people[ALICE].endpoint
    endpoint.config.max_size = 100
    endpoint.suite = derived(lab.suite, split=lambda _suite, wire, *_: (wire,))
    with pytest.raises(Violated, match=r"alice sends 3\d\d bytes where 100 are allowed"):
        network.command(ALICE, Heartbeat())


def test_a_storm_is_noticed() -> None:
    edit, _, _ = PLANTED["heartbeats answer heartbeats"]
    storm = Variant("storm", edits=(edit,))
    network = started(TermLab(), variant=storm, judged=False)
    network.command(ALICE, Heartbeat())
    with pytest.raises(Storm, match="after 400 messages there is no end to them"):
        network.settle()
