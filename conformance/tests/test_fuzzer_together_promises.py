"""What must hold among several who talk: planted faults break it, and the reference does not."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from otr_conformance.fuzz.together import Deviates
from otr_conformance.fuzz.together_cast import fuzzing_of
from otr_conformance.fuzz.together_group import Chair, Group
from otr_conformance.fuzz.together_promises import Ledger, Side, legible
from otr_conformance.interop.wires import Identity
from otr_conformance.otrv3.fuzzing import ALTERINGS
from otr_conformance.otrv3.kept import accepted, unbelieved, unkept
from otr_conformance.otrv3.labs import Lab, RealLab, TermLab
from otr_conformance.play.stage import Reaction, Report
from otr_conformance.protocols import PROTOCOLS
from otr_conformance.targets import Target
from otr_model.kernel.variant import NONE, Edit, EditRow, SetParameter, SkipCheck, Variant
from otr_model.kernel.vocabulary import Origin
from otr_model.otrv3.conditions import Check
from otr_model.otrv3.effects import Do
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.variants import LITERAL
from otr_model.otrv3.words import Msg
from otr_reference.derive import derived
from otr_reference.otrv3.commands import Receive
from otr_reference.otrv3.messages import DataMessage, Plaintext

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from otr_conformance.fuzz.together import Together
    from otr_conformance.otrv3.stage import ReferenceParty

LABS = {"terms": TermLab, "real": RealLab}
PRIVATE = ("alice starts", "everything arrives")


def met(number: int = 2, variant: Variant = NONE, **more: Any) -> Group:
    """References that meet, all with the same wrong with them: nothing is compared."""
    chairs = tuple(Chair(Target("reference", None), variant) for _ in range(number))
    return Group("otrv3", chairs, compared=False, **more)


def played(play: Together, moves: Iterable[str]) -> Together:
    for move in moves:
        assert play.play(move), move
    return play


def without(row: str, *effects: Do) -> EditRow:
    """A row without some of its effects."""
    assert set(effects) <= set(OTRV3.row(row).do)
    return EditRow(row, do=tuple(e for e in OTRV3.row(row).do if e not in effects))


def party(play: Together, who: str) -> ReferenceParty:
    return cast("ReferenceParty", play.company.parties[who])


# --- Planted faults -------------------------------------------------------------------------------

LIAR = "alice:allow_v3 bob:allow_v3 third:allow_v3 third-is:liar"
BROKEN: dict[str, tuple[Edit, str, tuple[str, ...], str]] = {
    "what is typed after the end goes out in the clear": (
        EditRow("otrv3.message:user-send.finished", do=(Do.SEND_PLAINTEXT,)),
        "v3",
        (*PRIVATE, "bob ends", "everything arrives", "alice types"),
        r"sent \"0001 of alice's\" legibly, which was typed in private",
    ),
    "counters are not checked": (
        SkipCheck(Check.DATA_COUNTER),
        "v3",
        (*PRIVATE, "alice types", "kept to bob 0", "to bob"),
        r"was shown \"0001 of alice's\" as private, once more than it was sent",
    ),
    "MACs are not checked": (
        SkipCheck(Check.DATA_MAC),
        "v3",
        (*PRIVATE, "alice types", "with another ciphertext, to bob 0"),
        r"as private, which nobody typed",
    ),
    "signatures of initiators are not checked": (
        SkipCheck(Check.REVEAL_SIGNED),
        LIAR,
        ("alice starts", "lost to bob", "everything arrives", "third types", "to alice"),
        r"as private, of somebody whom the target's user was not told of",
    ),
    "SMP always succeeds": (
        EditRow(
            "otrv3.smp:smp-3.expect3.private.smp-3-valid.not-equal",
            do=(Do.SEND_SMP_4, Do.FORGET_SMP, Do.TELL_SMP_SUCCESS),
        ),
        "v3",
        (
            *(*PRIVATE, "alice begins SMP", "everything arrives"),
            *("bob answers SMP wrongly", "everything arrives"),
        ),
        r"was told of equal secrets, wrongly",
    ),
    "heartbeats answer heartbeats": (
        EditRow("otrv3.message:content-done.encrypted.not-heartbeat-due", do=(Do.SEND_HEARTBEAT,)),
        "v3",
        (*PRIVATE, "alice asks for a heartbeat", "everything arrives"),
        r"after 400 deliveries there is no end to them",
    ),
}
"""Faults, and what anybody sees of them who looks into nobody."""

SEEN: dict[str, tuple[Edit, tuple[str, ...], str]] = {
    "counters are not checked": (
        SkipCheck(Check.DATA_COUNTER),
        (*PRIVATE, "alice asks for a heartbeat", "kept to bob 0", "to bob"),
        r"data-counter does not hold, and did not count",
    ),
    "keys outlive the conversation": (
        without("otrv3.keys:session-over.held", Do.FORGET_KEYS),
        (*PRIVATE, "alice ends"),
        r"otrv3.keys:session-over.held: our_keyid of member 0x\w+ is \d+ instead of 0",
    ),
    "values of SMP outlive it": (
        without("otrv3.smp:smp-reset.expect2", Do.FORGET_SMP),
        (*PRIVATE, "alice begins SMP", "alice ends"),
        r"otrv3.smp:smp-reset.expect2: smp_exponents of member 0x\w+ was to be forgotten",
    ),
    "heartbeats answer heartbeats": (
        EditRow("otrv3.message:content-done.encrypted.not-heartbeat-due", do=(Do.SEND_HEARTBEAT,)),
        (*PRIVATE, "alice asks for a heartbeat", "everything arrives"),
        r"not-heartbeat-due: no row accounts for a message to the network",
    ),
    "the end is not told": (
        without("otrv3.message:disconnected.encrypted", Do.TELL_FINISHED),
        (*PRIVATE, "bob ends", "everything arrives"),
        r"otrv3.message:disconnected.encrypted: TELL_FINISHED: ",
    ),
}
"""Faults, and what somebody objects to who looks into the reference, with the tables at hand."""


@pytest.mark.parametrize("fault", BROKEN)
def test_a_fault_that_all_have_is_found_by_what_it_breaks(fault: str) -> None:
    edit, part, moves, says = BROKEN[fault]
    number = 3 if "third" in part else 2
    play = met(number, Variant(fault, edits=(edit,)), inside=False).begin(part)
    with pytest.raises(Deviates, match=says):
        played(play, moves)


@pytest.mark.parametrize("fault", SEEN)
def test_a_fault_that_all_have_is_found_by_looking_into_them(fault: str) -> None:
    edit, moves, says = SEEN[fault]
    play = met(2, Variant(fault, edits=(edit,))).begin("v3")
    with pytest.raises(Deviates, match=says):
        played(play, moves)


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
    group, random, done = met(3, tight), Random(3), 0  # noqa: S311 - a seed
    while done < 1000:
        play = group.begin(group.fuzzing.draw_part(random))
        for name in random.choices(group.moves, k=40):
            if play.can(name):
                done += play.play(name)


# --- What the moves are made of -------------------------------------------------------------------


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("number", [2, 3])
def test_everybody_can_cause_every_event_of_a_user(name: str, number: int) -> None:
    fuzzing = fuzzing_of(name, number)
    tables = fuzzing.plan.composition.tables
    events = {e for table in tables for e in table.events if e.value.origin is Origin.USER}
    assert events == set(fuzzing.users)
    for moves in fuzzing.users.values():
        assert all(move in fuzzing.vocabulary for move in moves)


@pytest.mark.parametrize("octets", [False, True], ids=list(LABS))
def test_every_altering_changes_some_message(octets: bool) -> None:  # noqa: FBT001 - a parameter
    play = met(octets=octets).begin("alice:allow_v3 bob:allow_v3 alice-size:250")
    beats = ("asks for a heartbeat", "types")
    moves = [f"{who} {does}" for does in beats for who in ("alice", "bob") * 2]
    played(play, ("alice starts", "everything arrives"))
    for move in moves:
        played(play, (move, "everything arrives"))
    suite: Any = play.company.lab.suite
    sent = [suite.decode(wire) for wires in play.company.passed for wire in wires]
    sent += [m for view in play.company.views.values() for m in view.own]
    sent += list(_whole(suite, play))
    for what, alter in ALTERINGS.items():
        altered = [(message, alter(suite, message)) for message in sent]
        changed = [pair for pair in altered if pair[1] is not None and pair[0] != pair[1]]
        assert changed, what


def _whole(suite: Any, play: Together) -> Iterator[Any]:
    """Messages that went out in fragments, put together."""
    stored = None
    for wires in play.company.passed:
        for wire in wires if len(wires) > 1 else ():
            message = suite.decode(wire)
            stored = suite.join(None if message.k == 1 else stored, message)
            if message.k == message.n:
                yield suite.decode(suite.joined(stored))


@pytest.mark.parametrize("lab", [TermLab(), RealLab()], ids=list(LABS))
def test_what_is_legible_on_the_network(lab: Lab) -> None:
    suite = lab.suite
    text = lab.text("said by alice")
    assert b"said by alice" in legible(lab, suite.encode(Plaintext(text)))
    play = played(met(octets=isinstance(lab, RealLab)).begin("v3"), (*PRIVATE, "alice types"))
    lab = cast("Lab", play.company.lab)
    suite, text = lab.suite, lab.text("said by alice")
    (wire,) = play.company.views["bob"].to_target
    assert b"of alice" not in legible(lab, wire)
    message = suite.decode(wire)
    assert isinstance(message, DataMessage)
    fields = replace(message.fields, encrypted=text)
    leaking = replace(message, fields=fields, authenticated=suite.data_body(fields))
    assert b"said by alice" in legible(lab, suite.encode(leaking))


# --- What an ordinary conversation leaves behind --------------------------------------------------


@pytest.mark.parametrize("octets", [False, True], ids=list(LABS))
def test_an_ordinary_conversation_is_written_down(octets: bool) -> None:  # noqa: FBT001 - a parameter
    play = met(3, octets=octets).begin("alice:allow_v3 bob:allow_v3 third:allow_v3 third-is:client")
    smp = ("alice begins SMP", "everything arrives", "bob answers SMP", "third answers SMP")
    played(play, ("alice types", "everything arrives", *PRIVATE))
    for who in ("alice", "bob", "third"):
        played(play, (f"{who} types", "everything arrives"))
    played(play, (*smp, "everything arrives", "alice ends", "everything arrives"))
    ledger = play.company.ledger
    assert ledger is not None
    texts = {text: typed.private for text, typed in ledger.texts.items()}
    assert texts["0001 of alice's"] is False
    assert texts["0002 of alice's"] is texts["0003 of bob's"] is True
    shown = {name: dict(user.shown) for name, user in ledger.users.items()}
    assert shown["alice"] == {"0003 of bob's": 1, "0004 of third's": 1}
    assert ledger.users["alice"].secrets
    assert ledger.broken == []


def test_commands_go_to_the_client_that_alice_turns_to() -> None:
    everybody = "alice:allow_v3 bob:allow_v3 third:allow_v3 third-is:client"
    play = played(met(3).begin(everybody), PRIVATE)
    for who, tag in (("bob", 0x2002), ("third", 0x3003), ("bob", 0x2002)):
        played(play, (f"alice turns to {who}", "alice types"))
        suite: Any = play.company.lab.suite
        message = suite.decode(play.company.views["bob"].to_target[-1])
        assert message.fields.header.receiver == tag
    played(play, ("alice turns to whichever is preferred", "everything arrives"))


# --- Promises that the network rarely breaks: each is broken once, by hand ------------------------

AKE_WITH_BOB = (
    *("alice starts", "lost to third", "to bob", "to alice", "lost to third", "to bob"),
    *("to alice", "lost to third", "to bob"),
)
AKE_WITH_THIRD = (
    *("alice starts", "lost to bob", "to third", "to alice", "lost to bob", "to third"),
    *("to alice", "lost to bob", "lost to bob", "to third", "to third"),
)


def test_a_text_for_one_key_must_not_reach_another() -> None:
    literal = LITERAL["otrv3.ambiguity:stored-for"]
    everybody = "alice:allow_v2 bob:allow_v2 third:allow_v2 third-is:impostor"
    stored = ("alice types", "lost to bob", "lost to third", "an Error, to alice")
    play = met(3, literal, inside=False).begin(everybody)
    with pytest.raises(Deviates, match=r"which was typed for another key") as caught:
        played(play, (*AKE_WITH_BOB, *stored, *AKE_WITH_THIRD))
    assert caught.value.who == "third"


def test_two_clients_in_version_2_make_each_other_unreadable_for_a_while() -> None:
    """Each Error Message makes Alice start again and repeat her text, which the other cannot read.

    It ends because a text is recent only for a time, and every round takes a second.
    """
    eager = "allow_v2,error_start_ake"
    play = met(3).begin(f"alice:{eager} bob:{eager} third:{eager} third-is:client")
    played(play, (*PRIVATE, "alice types"))
    before, began = len(play.company.passed), party(play, "alice").now
    played(play, ("everything arrives",))
    assert len(play.company.passed) - before > 30
    assert 10 < party(play, "alice").now - began < 120


def ledger_of(*names: str) -> Ledger:
    """A ledger in which nothing has happened."""
    part = "alice:allow_v3 bob:allow_v3 third:allow_v3 third-is:impostor"
    gathering = fuzzing_of("otrv3", 3).read_part(part).cast
    return Ledger(TermLab(), gathering, {name: Identity(name.encode()) for name in names})


def secured(ledger: Ledger, who: str, ssid: str, *, first: bool, peer: str) -> list[str]:
    """Somebody is told that the conversation is private; what is wrong then."""
    ledger.users[who].identity.met.append(peer.encode())
    ledger.passed(who, Reaction(reports=(Report("secure", f"v3 {ssid} {first}"),)))
    return [says for _, says, _ in ledger.broken]


def test_two_ends_read_out_different_halves_and_were_told_of_each_other() -> None:
    ledger = ledger_of("alice", "bob")
    secured(ledger, "alice", "x", first=True, peer="bob")
    assert secured(ledger, "bob", "x", first=False, peer="alice") == []
    ledger = ledger_of("alice", "bob")
    secured(ledger, "alice", "x", first=True, peer="bob")
    (says,) = secured(ledger, "bob", "x", first=True, peer="alice")
    assert says == "both sides read out the same half of one secure session id first"
    ledger = ledger_of("alice", "bob")
    secured(ledger, "alice", "x", first=True, peer="mallory")
    (says,) = secured(ledger, "bob", "x", first=False, peer="alice")
    assert says == "two have one secure session id, and were not told of each other"


def test_three_ends_of_one_conversation_are_one_too_many() -> None:
    ledger = ledger_of("alice", "bob", "third")
    secured(ledger, "alice", "x", first=True, peer="bob")
    secured(ledger, "bob", "x", first=False, peer="alice")
    assert "three have one secure session id" in secured(
        ledger, "third", "x", first=False, peer="alice"
    )


def test_keys_of_two_exchanges_are_told_apart_by_their_secure_session_ids() -> None:
    refreshed = ("alice types", "alice starts", "everything arrives", "alice types")
    play = played(met().begin("v3"), (*PRIVATE, *refreshed))
    ledger, view = play.company.ledger, play.company.views["alice"]
    assert ledger is not None
    first, second = ledger.under["alice"]
    assert "" != first != second == ledger.users["alice"].session[0]

    side = Side.of(play.fuzzing, view, fair=True, inside=False)
    again = cast("Any", SimpleNamespace(own=[view.own[0], view.own[0]]))
    side.ssids = [first, second]
    assert list(side._of_counters(again)) == []
    side.counted, side.used, side.ssids = 0, set(), [first, first]
    assert list(side._of_counters(again)) == [
        "the target encrypted twice under one key and counter"
    ]


def test_messages_have_to_fit_the_network() -> None:
    play = met(octets=True).begin("alice:allow_v3 bob:allow_v3 alice-size:250")
    played(play, PRIVATE)
    endpoint = party(play, "alice").endpoint
    endpoint.suite = derived(endpoint.suite, split=lambda _suite, wire, *_: (wire,))
    with pytest.raises(Deviates, match=r"sent \d{3} bytes where 250 are allowed"):
        play.play("alice types")


@pytest.mark.parametrize("octets", [False, True], ids=list(LABS))
def test_a_mac_key_that_is_accepted_is_not_to_be_revealed(octets: bool) -> None:  # noqa: FBT001 - a parameter
    play = played(met(octets=octets).begin("v3"), (*PRIVATE, "alice types", "everything arrives"))
    alice = party(play, "alice")
    session = next(s for s in alice.conversation.members.values() if s.ring is not None)
    suite, ring = alice.lab.suite, session.ring
    assert ring is not None
    assert list(accepted(suite, session)) == []
    session.old_mac_keys = (suite.data_keys(ring.ours, ring.theirs).receiving_mac,)
    assert list(accepted(suite, session)) == ["a MAC key is to be revealed that it still accepts"]


def test_what_is_kept_and_believed_has_to_fit_the_state() -> None:
    play = played(met().begin("v3"), PRIVATE)
    bob = party(play, "bob")
    key = bob.conversation.best

    def wrong(**values: object) -> list[str]:
        conversation = bob.conversation.clone()
        conversation.members[key] = session = bob.conversation.members[key].clone()
        for name, value in values.items():
            setattr(session, name, value)
        taken = bob.endpoint.step(bob.conversation, Receive(bob.lab.wire("good day")))
        stepped = replace(taken, conversation=conversation)
        return [*unkept(session), *unbelieved(bob.conversation, stepped)]

    assert wrong() == []
    (says,) = wrong(message=Msg.FINISHED, ring=None, ssid=None, keys=None, old_mac_keys=None)
    assert says == f"member {key:#x}: was told ENCRYPTED and is in FINISHED"
    assert wrong(ring=None)[0] == "there are no keys in ENCRYPTED"
    assert wrong(r="r") == ["secrets of an exchange outlive it"]
    assert wrong(unrevealed=7) == ["7 MAC keys are to be revealed, says the variable"]
    assert "the MAC key of ages 1 and 0 was used, or was not" in wrong(used_1_0=1)
