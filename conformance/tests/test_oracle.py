"""The oracle: acquits what follows the tables, and convicts what does not, by name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

import otr_conformance.otrv3.suite  # noqa: F401 - importing declares the cases
from otr_conformance.otrv3.case import CASES
from otr_conformance.otrv3.labs import Lab, RealLab, TermLab
from otr_conformance.otrv3.oracle import EVENTS, KINDS, SEEN, Oracle, Taken
from otr_conformance.otrv3.stage import Cast, ReferenceParty, Stage, set_stage
from otr_conformance.otrv3.strength import coverage, row_of
from otr_conformance.play.stage import Stuck
from otr_conformance.protocols import protocol
from otr_model.kernel.expr import Scope
from otr_model.kernel.guard import ALWAYS
from otr_model.kernel.variant import (
    NONE,
    DropRow,
    EditRow,
    Falsify,
    SetParameter,
    SkipCheck,
    Variant,
    mutants,
)
from otr_model.kernel.vocabulary import Observer, Origin
from otr_model.otrv3.conditions import Check
from otr_model.otrv3.effects import Do
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.words import Event
from otr_model.trace import Fired
from otr_reference.errors import OtrSpecError
from otr_reference.otrv3 import notices
from otr_reference.otrv3.messages import DataMessage, Query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otr_reference.otrv3.commands import Command, Receive
    from otr_reference.otrv3.endpoint import Stepped
    from otr_reference.otrv3.session import Conversation
    from otr_reference.sorts import Octets, Wire

Play = Callable[[Stage], None]
TERMS = TermLab()


class Watched(ReferenceParty):
    """The reference, which keeps an account of every step."""

    def __init__(self, lab: Lab, config: Any, variant: Variant = NONE) -> None:
        super().__init__(lab, config, variant)
        self.accounts: list[Taken] = []
        self._step = self.endpoint.step
        self.endpoint.step = self._kept  # type: ignore[method-assign]  # to listen in

    def _kept(
        self,
        conversation: Conversation,
        given: Command | Receive,
        now: int = 0,
        to: int | None = None,
    ) -> Stepped:
        stepped = self._step(conversation, given, now, to)
        taken = Taken(conversation, given, stepped, self.endpoint.config, now, to)
        self.accounts.append(taken)
        return stepped


def accounts_of(
    play: Play, lab: Lab, variant: Variant = NONE, cast: Cast | None = None
) -> list[Taken]:
    """What the target did in a play; a target that breaks down has given account until then."""
    made: list[Watched] = []

    def target(lab: Lab, cast: Cast) -> Watched:
        made.append(
            Watched(lab, lab.config("target", 0x2002, cast.target, max_size=cast.max_size), variant)
        )
        return made[0]

    stage = set_stage(lab, Cast() if cast is None else cast, target)
    try:
        play(stage)
    except (OtrSpecError, Stuck):
        assert variant is not NONE or cast is not None
    return made[0].accounts


def judged(accounts: list[Taken], lab: Lab = TERMS) -> list[str]:
    """All that the oracle has to say."""
    oracle = Oracle(lab.suite)
    return [sentence for taken in accounts for sentence in oracle.judge(taken)]


def life(stage: Stage) -> None:
    """A conversation with everything in it that two honest sides can do."""
    stage.target_says("in the clear")
    stage.tester_says("can everybody read this?")
    stage.settle()
    stage.target_starts()
    stage.settle()
    for _ in range(3):
        stage.target_says("how are you?")
        stage.settle()
        stage.tester_says("well")
        stage.settle()
    stage.target_uses_extra_key(7, "file")
    stage.settle()
    stage.target_begins_smp("apple", "which?")
    stage.settle()
    stage.tester_answers_smp("apple")
    stage.settle()
    stage.tester_begins_smp("pear")
    stage.settle()
    stage.target_answers_smp("apple")
    stage.settle()
    stage.tester_begins_smp("pear")
    stage.settle()
    stage.target_aborts_smp()
    stage.settle()
    stage.wait(61)
    stage.tester_says("still there?")
    stage.settle()
    stage.tester_starts()
    stage.settle()
    stage.tester_says("refreshed")
    stage.settle()
    stage.tester_ends()
    stage.settle()
    stage.target_says("too late")
    stage.target_starts()
    stage.settle()
    stage.target_ends()
    stage.settle()
    stage.arrives("?OTR:garbage")
    stage.arrives("?OTR Error: what?")


@cache
def lived() -> tuple[Taken, ...]:
    """The account of a life, over terms, which is true."""
    accounts = accounts_of(life, TERMS)
    assert judged(accounts) == []
    return tuple(accounts)


def first(row: str) -> Taken:
    """The first step of a life in which a row was taken."""
    return next(t for t in lived() if any(fired.row == row for fired in t.stepped.trace))


ANSWERS = "otrv3.ake:reveal-signature.awaiting-revealsig.allowed.reveal-valid"
ROTATES = "otrv3.keys:data-taken.held.acknowledges.advances"


# What it is made of.


def test_does_not_use_the_engine_that_it_judges() -> None:
    program = (
        "import sys, otr_conformance.otrv3.oracle; "
        "sys.exit(any(m in sys.modules for m in "
        "('otr_reference.engine', 'otr_reference.otrv3.step', 'otr_reference.otrv3.endpoint')))"
    )
    done = subprocess.run(  # noqa: S603 - a program of ours
        [sys.executable, "-c", program], check=False, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert done.returncode == 0


def test_knows_every_input_every_message_and_every_effect_that_is_seen() -> None:
    assert set(EVENTS.values()) == {e for e in Event if e.origin is not Origin.RAISED}
    assert len(set(KINDS.values())) == len(KINDS) == 12
    assert set(SEEN) == {e for e in Do if e.spec.seen is not Observer.NOBODY}


# Acquittals.


def test_acquits_the_reference_in_every_case() -> None:
    """Of derived cases in some: it judges row by row, and they take the same rows in pairs."""
    cases = protocol("otrv3").suite.cases.values()
    derived = [case for case in cases if case.derived]
    for case in (*(each for each in cases if not each.derived), *derived[::10]):
        assert judged(accounts_of(case.play, TERMS, cast=case.cast)) == [], case.id


def test_acquits_the_reference_with_real_cryptography_as_well() -> None:
    lab = RealLab()
    accounts = accounts_of(life, lab)
    assert judged(accounts, lab) == []
    assert [t.stepped.trace for t in accounts] == [t.stepped.trace for t in lived()]


@pytest.mark.parametrize("lab", [TermLab(), RealLab()], ids=["terms", "real"])
@pytest.mark.parametrize("size", [200, 900])
def test_puts_fragments_together_that_are_sent(lab: Lab, size: int) -> None:
    accounts = accounts_of(life, lab, cast=Cast(max_size=size, tester_size=size))
    assert judged(accounts, lab) == []
    fragments = max(len(taken.stepped.outputs) for taken in accounts)
    assert fragments > 3


def test_keeps_to_the_parameters_of_the_endpoint() -> None:
    small = Variant(
        "small", edits=(SetParameter("max_instances", 1), SetParameter("max_stored", 9))
    )

    def many(stage: Stage) -> None:
        for tag in range(0x1000, 0x1009):
            stage.arrives(f"?OTR|{tag:08x}|00002002,1,2,12345678,")
            stage.arrives(f"?OTR|{tag:08x}|00002002,2,2,12,")

    accounts = accounts_of(many, TERMS, small)
    assert judged(accounts) == []
    assert list(accounts[-1].stepped.conversation.members) == [0, 0x1008]
    (sentence,) = judged([replace(accounts[2], config=lived()[0].config)])
    assert "the members are 0x0, 0x1001 instead of 0x0, 0x1000, 0x1001" in sentence


# Convictions of endpoints that follow other tables.


@cache
def covering() -> dict[str, tuple[str, ...]]:
    """For each row, cases in which the target takes it; derived ones are not needed."""
    return dict(coverage(TERMS, [case for case in CASES.values() if not case.derived]))


def covered(variant: Variant) -> bool:
    """Whether there are cases in which the row is taken."""
    return bool(covering()[row_of(variant)])


def convicted(variant: Variant) -> bool:
    """Whether there is anything to say about the first cases in which the row is taken."""
    cases = (CASES[name] for name in covering()[row_of(variant)][:20])
    return any(judged(accounts_of(c.play, TERMS, variant, c.cast)) for c in cases)


def test_convicts_every_row_that_is_dropped() -> None:
    faults = [f for f in mutants(OTRV3) if isinstance(f.edits[0], DropRow) and covered(f)]
    assert len(faults) > 150
    assert [fault.name for fault in faults if not convicted(fault)] == []


def test_convicts_rows_that_lead_elsewhere() -> None:
    """Of the states that a row can wrongly lead to, the first is tried, for every other row."""
    wrong = {row_of(f): f for f in reversed(mutants(OTRV3)) if isinstance(f.edits[0], EditRow)}
    faults = [f for f in wrong.values() if covered(f)][::2]
    assert len(faults) > 50
    assert [fault.name for fault in faults if not convicted(fault)] == []


def without(row: str, effect: Do) -> Variant:
    """A row does not have one of its effects."""
    others = tuple(other for other in OTRV3.row(row).do if other is not effect)
    assert len(others) < len(OTRV3.row(row).do)
    return Variant(f"{row} without {effect.name}", edits=(EditRow(row, do=others),))


def test_convicts_every_effect_that_is_left_out_and_would_be_seen() -> None:
    faults = [
        without(row.id, effect)
        for row in OTRV3.rows()
        for effect in row.do
        if effect.spec.seen is not Observer.NOBODY and covering()[row.id]
    ]
    assert len(faults) > 100
    assert [fault.name for fault in faults if not convicted(fault)] == []


INVISIBLE = (
    ("otrv3.message:user-end.encrypted", Do.AWAIT_PLAINTEXT),
    ("otrv3.message:user-send.encrypted", Do.STORE_SENT),
    ("otrv3.message:user-send.finished", Do.STORE_OWED),
    ("otrv3.keys:keys-agreed.empty", Do.INSTALL_KEYS),
    ("otrv3.keys:session-over.held", Do.FORGET_KEYS),
    ("otrv3.keys:data-taken.held.acknowledges.advances", Do.RECORD),
    ("otrv3.keys:data-taken.held.acknowledges.advances", Do.ROTATE_OUR_KEYS),
    ("otrv3.keys:data-taken.held.acknowledges.advances", Do.ROTATE_THEIR_KEYS),
    ("otrv3.smp:smp-3.expect3.private.smp-3-valid.not-equal", Do.FORGET_SMP),
    ("otrv3.smp:smp-1.expect1.private.smp-1-valid", Do.KEEP_SMP_1),
)


@pytest.mark.parametrize(("row", "effect"), INVISIBLE)
def test_convicts_effects_that_are_left_out_and_only_leave_traces(row: str, effect: Do) -> None:
    found = judged(accounts_of(life, TERMS, without(row, effect)))
    assert found
    assert row in found[0]


def says_twice(stage: Stage) -> None:
    """A Data Message that reaches the target twice."""
    stage.target_starts()
    stage.settle()
    stage.tester_says("once")
    stage.to_target_delivers(keep=True)
    stage.settle()


def answers_in_version_2(stage: Stage) -> None:
    """A D-H Key Message of version 2, where the D-H Commit was of version 3."""
    stage.tester_starts()
    stage.to_target_delivers()
    stage.to_tester_delivers()
    stage.settle()


@pytest.mark.parametrize(
    ("check", "play", "falsified"),
    [
        (Check.DATA_COUNTER, says_twice, None),
        (Check.DH_KEY_VERSION, answers_in_version_2, Check.DH_KEY_VERSION),
        (Check.REVEAL_KEYID, life, Check.REVEAL_KEYID),
        (Check.SIGNATURE_KEYID, answers_in_version_2, Check.SIGNATURE_KEYID),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_convicts_a_check_of_variables_that_is_not_made(
    check: Check, play: Play, falsified: Check | None
) -> None:
    deviation = NONE if falsified is None else Variant("", edits=(Falsify(falsified),))
    skipped = Variant("skip", edits=(SkipCheck(check),))
    assert judged(accounts_of(play, TERMS, NONE, Cast(variant=deviation))) == []
    found = judged(accounts_of(play, TERMS, skipped, Cast(variant=deviation)))
    assert f"{check.label} does not hold, and did not count" in found[0]


def test_convicts_a_row_whose_guard_is_another() -> None:
    row = "otrv3.message:user-send.plaintext.not-disabled.require-encryption"
    wider = Variant("wider", edits=(EditRow(row, when=ALWAYS),))
    (sentence,) = judged(accounts_of(lambda stage: stage.target_says("hi"), TERMS, wider))
    assert sentence == (
        f"{row}: its guard does not hold: DISABLED is false, REQUIRE_ENCRYPTION is false"
    )


# Convictions of false accounts.


def accused(taken: Taken, **changes: Any) -> tuple[str, ...]:
    """What the oracle says of an account that differs from the truth."""
    return Oracle(TERMS.suite).judge(replace(taken, stepped=replace(taken.stepped, **changes)))


def test_a_row_that_is_left_out_is_missed() -> None:
    for taken in lived():
        trace = taken.stepped.trace
        for at in range(len(trace)):
            assert accused(taken, trace=(*trace[:at], *trace[at + 1 :]))


def test_a_row_too_many_is_noticed() -> None:
    for taken in lived():
        trace = taken.stepped.trace
        for at in range(len(trace)):
            assert accused(taken, trace=(*trace[: at + 1], *trace[at:]))


def test_rows_in_another_order_are_noticed() -> None:
    for taken in lived():
        trace = taken.stepped.trace
        for at in range(1, len(trace)):
            swapped = (*trace[: at - 1], trace[at], trace[at - 1], *trace[at + 1 :])
            assert accused(taken, trace=swapped)


def test_another_row_of_the_cell_is_noticed() -> None:
    for taken in lived():
        for at, fired in enumerate(taken.stepped.trace):
            row = OTRV3.row(fired.row)
            for other in OTRV3.handler[row.on].cell(row.at, row.on):
                trace = list(taken.stepped.trace)
                trace[at] = replace(fired, row=other.id)
                assert other is row or accused(taken, trace=tuple(trace)), (row.id, other.id)


def test_a_row_in_another_state_is_noticed() -> None:
    (sentence,) = accused(
        lived()[0],
        trace=(Fired("otrv3.message:user-send.finished"),),
    )
    assert sentence == "otrv3.message:user-send.finished: taken while message was in PLAINTEXT"


def test_a_row_in_another_member_is_noticed() -> None:
    taken = first(ANSWERS)
    at = next(i for i, fired in enumerate(taken.stepped.trace) if fired.row == ANSWERS)
    trace = list(taken.stepped.trace)
    trace[at] = replace(trace[at], member=0)
    assert accused(taken, trace=tuple(trace)) == (
        f"{ANSWERS}: taken in member 0x0 instead of 0x1001",
    )


def test_a_row_that_does_not_exist_is_noticed() -> None:
    (sentence,) = accused(lived()[0], trace=(Fired("otrv3.message:user-sings.plaintext"),))
    assert sentence == (
        "otrv3.message:user-sings.plaintext: there is no such row, where USER_SEND was next"
    )


def test_the_check_that_failed_has_to_be_one_that_is_asked_for_and_fails() -> None:
    taken = accounts_of(says_twice, TERMS)[-1]
    fired = next(f for f in taken.stepped.trace if f.failed)
    assert fired.failed == "data-counter"

    def instead(failed: str) -> str:
        trace = tuple(replace(f, failed=failed) if f is fired else f for f in taken.stepped.trace)
        (sentence,) = accused(taken, trace=trace)
        return sentence.removeprefix(f"{fired.row}: ")

    assert instead("our-key-known") == "our-key-known is said to have failed, and holds"
    assert instead("next-dh-range") == "data-counter does not hold, and did not count"
    assert instead("gy-range") == "gy-range failed, for which the row does not ask"
    assert instead("") == "data-counter does not hold, and did not count"


def test_an_output_that_is_left_out_is_missed() -> None:
    for taken in lived():
        outputs = taken.stepped.outputs
        for at in range(len(outputs)):
            assert accused(taken, outputs=(*outputs[:at], *outputs[at + 1 :]))


def test_an_output_too_many_is_noticed() -> None:
    spoken = notices.Shown(TERMS.text("extra"), secure=True)
    for taken in lived():
        for extra in (notices.Send(TERMS.wire("extra")), spoken, notices.Refused()):
            (sentence,) = accused(taken, outputs=(*taken.stepped.outputs, extra))
            assert "no row accounts for" in sentence


OTHER_TEXT: Octets = TERMS.text("something else")


def forgeries(wire: Wire) -> Iterator[Wire]:
    """Other messages: one of another kind; Data Messages with another field."""
    suite = TERMS.suite
    yield suite.encode(Query(frozenset({2})))
    message = suite.decode(wire)
    if not isinstance(message, DataMessage):
        return
    fields, header = message.fields, message.fields.header
    for other in (
        replace(fields, sender_keyid=fields.sender_keyid + 1),
        replace(fields, recipient_keyid=fields.recipient_keyid + 1),
        replace(fields, counter=fields.counter + 1),
        replace(fields, header=replace(header, sender=0x5005)),
        replace(fields, header=replace(header, receiver=0x5005)),
    ):
        body = suite.data_body(other)
        yield suite.encode(replace(message, fields=other, authenticated=body))
    key = suite.old_mac_keys((suite.fresh_key(TERMS.seed("x"), 1),))
    yield suite.encode(replace(message, revealed=key))


def lies(output: notices.Output) -> Iterator[notices.Output]:
    """Outputs of the same kind that say something else, where the tables know what it says."""
    match output:
        case notices.Send(wire):
            yield from map(notices.Send, forgeries(wire))
            return
        case notices.Shown():
            yield replace(output, secure=not output.secure)
        case notices.Secured():
            yield replace(output, version=2)
            yield replace(output, refreshed=not output.refreshed)
        case notices.Warned(about):
            yield from (replace(output, about=a) for a in notices.Alert if a is not about)
        case notices.SmpStaged(stage):
            yield from (replace(output, stage=s) for s in notices.SmpStage if s is not stage)
        case notices.ExtraKey():
            yield replace(output, sent=not output.sent)
        case notices.ErrorShown() | notices.Resent():
            yield replace(output, text=OTHER_TEXT)
        case _:
            yield notices.Resent(OTHER_TEXT, output.instance)
    yield replace(output, instance=7)


def test_an_output_that_says_something_else_is_noticed() -> None:
    for taken in lived():
        outputs = taken.stepped.outputs
        for at, output in enumerate(outputs):
            for lie in lies(output):
                assert accused(taken, outputs=(*outputs[:at], lie, *outputs[at + 1 :])), lie


def test_fragments_where_the_network_takes_everything_are_noticed() -> None:
    accounts = accounts_of(life, TERMS, cast=Cast(max_size=300))
    taken = next(t for t in accounts if len(t.stepped.outputs) > 3)
    config = lived()[0].config
    assert config.max_size == 0
    (sentence,) = judged([replace(taken, config=config)])
    assert "a fragment, where the network carries messages of any size" in sentence


def changed(conversation: Conversation, key: int | None, **values: Any) -> Conversation:
    """A conversation with other values in one of its members, or in itself."""
    copy: Conversation = conversation.clone()
    owner: Any = copy
    if key is not None:
        owner = copy.members[key] = copy.members[key].clone()
    for name, value in values.items():
        setattr(owner, name, value)
    return copy


ENDINGS = [
    ANSWERS,
    ROTATES,
    "otrv3.message:user-end.encrypted",
    "otrv3.message:user-send.encrypted",
]


@pytest.mark.parametrize("row", ENDINGS)
def test_every_variable_of_the_conversation_is_compared(row: str) -> None:
    taken = first(row)
    after = taken.stepped.conversation
    for variable in OTRV3.flat_variables():
        if variable.scope not in {Scope.MEMBER, Scope.SHARED}:
            continue
        key = taken.stepped.trace[-1].member if variable.scope is Scope.MEMBER else None
        owner: Any = after if key is None else after.members[key]
        value = getattr(owner, variable.name)
        other = (not value) if isinstance(value, bool) else value + 1
        found = accused(taken, conversation=changed(after, key, **{variable.name: other}))
        assert any(name in found[0] for name in (variable.name, "their_keyid")), variable.name


@pytest.mark.parametrize("row", ENDINGS)
def test_every_state_of_the_conversation_is_compared(row: str) -> None:
    taken = first(row)
    after = taken.stepped.conversation
    for table in OTRV3.tables:
        in_family = table.name in OTRV3.family.tables
        key = taken.stepped.trace[-1].member if in_family else None
        owner: Any = after if key is None else after.members[key]
        for state in table.states:
            if state is not getattr(owner, table.machine):
                found = accused(taken, conversation=changed(after, key, **{table.machine: state}))
                assert f"{table.machine} of" in found[0]


@pytest.mark.parametrize("row", ENDINGS)
def test_data_that_no_row_writes_is_kept_and_what_is_forgotten_is_gone(row: str) -> None:
    taken = first(row)
    after = taken.stepped.conversation
    written = {d for f in taken.stepped.trace for e in OTRV3.row(f.row).do for d in e.spec.writes}
    for datum in OTRV3.data:
        key = taken.stepped.trace[-1].member if datum.spec.scope is Scope.MEMBER else None
        if datum not in written:
            found = accused(taken, conversation=changed(after, key, **{datum.slot: "something"}))
            assert f"{datum.slot} of" in found[0]


def test_members_are_the_predicted_ones_in_the_order_of_their_use() -> None:
    taken = first(ANSWERS)
    after = taken.stepped.conversation
    assert list(after.members) == [0, 0x1001]
    turned, less, more = after.clone(), after.clone(), after.clone()
    turned.members = dict(reversed(after.members.items()))
    del less.members[0x1001]
    more.members[0x7777] = after.members[0]
    for other in (turned, less, more):
        (sentence,) = accused(taken, conversation=other)
        assert "the members are" in sentence


def test_a_member_that_nothing_happened_to_stays_as_it_is() -> None:
    taken = first("otrv3.message:user-send.encrypted")
    after = taken.stepped.conversation
    assert taken.before.members[0] is after.members[0]
    found = accused(taken, conversation=changed(after, 0, commitment=None, ake_version=9))
    assert "member 0x0 changed, which nothing happened to" in found[0]


def test_randomness_is_not_drawn_twice() -> None:
    taken = first(ANSWERS)
    fewer = changed(taken.stepped.conversation, None, draws=taken.before.draws - 1)
    assert "draws of randomness were taken back" in accused(taken, conversation=fewer)[0]


def test_an_effect_without_the_data_that_it_needs_is_noticed() -> None:
    taken = first(ROTATES)
    empty = changed(taken.before, taken.before.best, ring=None)
    sentences = Oracle(TERMS.suite).judge(replace(taken, before=empty))
    assert sentences == (f"{ROTATES}: RECORD needs RING, which is not there",)


def test_who_a_command_is_for_is_part_of_the_account() -> None:
    taken = first("otrv3.message:user-end.encrypted")
    assert judged([replace(taken, to=0x1001)]) == []
    (sentence,) = judged([replace(taken, to=0)])
    assert sentence.endswith("taken in member 0x1001 instead of 0x0")


def test_the_time_is_part_of_the_account() -> None:
    answered = "otrv3.message:content-done.encrypted.heartbeat-due"
    taken = first(answered)
    (sentence,) = judged([replace(taken, now=taken.now - 2)])
    assert sentence == f"{answered}: its guard does not hold: HEARTBEAT_DUE is false"
