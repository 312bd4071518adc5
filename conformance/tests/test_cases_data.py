"""The cases of messages, keys, TLVs and SMP: what they fire, which faulty targets they notice."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from otr_conformance.otrv3.case import CASES, Case, Level
from otr_conformance.otrv3.cases.negative_data import CHECKS, falsifying
from otr_conformance.otrv3.grade import GRADER, grade, predict
from otr_conformance.otrv3.labs import RealLab
from otr_conformance.otrv3.stage import TARGET_TAG, ReferenceParty, reference_target
from otr_conformance.otrv3.strength import coverage, faults, notice, row_of
from otr_conformance.otrv3.unreachable import EQUIVALENT, UNREACHABLE
from otr_conformance.protocols import protocol
from otr_conformance.verdict import Verdict
from otr_model.kernel.composition import checks_of
from otr_model.kernel.variant import DropRow, EditRow, SkipCheck, Variant
from otr_model.otrv3 import ambiguities as holes
from otr_model.otrv3.conditions import Cond
from otr_model.otrv3.effects import Do
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.variants import LITERAL
from otr_model.otrv3.words import Msg
from otr_reference.otrv3.deviations import derived

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from otr_conformance.otrv3.labs import Lab
    from otr_conformance.otrv3.stage import Cast
    from otr_conformance.otrv3.strength import Noticed
    from otr_conformance.play.stage import Party
    from otr_model.kernel.ambiguity import Ambiguity
    from otr_model.otrv3.conditions import Check
    from otr_reference.otrv3.commands import Command
    from otr_reference.otrv3.messages import DataKeys, DhPair
    from otr_reference.otrv3.suite import Suite
    from otr_reference.sorts import Element, Key

TABLES = ("otrv3.message", "otrv3.keys", "otrv3.tlv", "otrv3.smp")
AREAS = ("message.", "keys.", "tlv.", "smp.", "negative.data.", "negative.smp-", "life.")
TERMS, REAL = GRADER._terms, RealLab()  # so that nothing is predicted twice
DERIVED = [case for case in protocol("otrv3").suite.cases.values() if case.derived]
PLAYED = [*(case for case in CASES.values() if not case.derived), *DERIVED[::8]]
"""Derived cases fire the rows of the others, in pairs: some stand for all."""
LATELY = 24
"""So many faults back, a case that noticed one is tried first."""
OURS = [
    case
    for case in CASES.values()
    if case.id.startswith((*(f"otrv3.case:{area}" for area in AREAS), "otrv3.case:negative.tamp"))
]
NEGATIVE = {check: [c for c in OURS if c.cast.variant == falsifying(check)] for check in CHECKS}


@pytest.fixture(scope="module")
def fired() -> Mapping[str, tuple[str, ...]]:
    """For each row, the cases that fire it; those that take the fewest steps first."""
    steps = {case.id: len(predict(case, TERMS).fired) for case in PLAYED}
    return {
        row: tuple(sorted(cases, key=lambda case: steps[case]))
        for row, cases in coverage(TERMS, PLAYED).items()
    }


def rows(table: str) -> list[str]:
    return [row.id for row in OTRV3.rows() if row.table == table]


def firing(fired: Mapping[str, tuple[str, ...]], row: str) -> list[Case]:
    """The cases that fire a row and can fail."""
    return [CASES[case] for case in fired[row] if CASES[case].level is Level.MUST]


def likely_first(cases: Iterable[Case], noticed: Sequence[Noticed]) -> list[Case]:
    """Those that noticed a fault lately come first: neighbours fail alike."""
    lately = {each.case for each in noticed[-LATELY:]}
    return sorted(cases, key=lambda case: case.id not in lately)


def told(found: Iterable[Noticed]) -> str:
    """Which case noticed what, and by what; shown with -s."""
    return "".join(f"{n.variant}\n    {n.verdict.word} {n.case}: {n.because}\n" for n in found)


# Rows.


@pytest.mark.parametrize("table", TABLES)
def test_every_row_is_fired_or_cannot_be(table: str, fired: Mapping[str, tuple[str, ...]]) -> None:
    assert [row for row in rows(table) if not fired[row] and row not in UNREACHABLE] == []


@pytest.mark.parametrize("case", OURS, ids=[case.id for case in OURS])
def test_real_and_symbolic_alike(case: Case) -> None:
    real, symbolic = predict(case, REAL), predict(case, TERMS)
    assert not real.stuck
    assert real.fired == symbolic.fired
    assert real.tester_fired == symbolic.tester_fired
    assert real.observations == symbolic.observations
    assert real.observations


def test_described() -> None:
    for case in OURS:
        assert case.about.endswith("."), case.id
        assert case.about.split()[0][-1] in "s,", f"{case.id} does not open with what a target does"
        assert "  " not in case.about, case.id


def test_capabilities_are_asked_for() -> None:
    for case in OURS:
        asked = {f.row.split(":")[1].split(".")[0] for f in predict(case, TERMS).fired}
        by_user = {name for name in asked if name.startswith("user-smp")}
        assert not by_user or "smp" in case.needs, case.id
        assert "user-heartbeat" not in asked or "heartbeat" in case.needs, case.id
        assert "user-extra-key" not in asked or "extra-key" in case.needs, case.id
        waits = any(step.endswith("seconds pass") for step in predict(case, TERMS).log)
        assert not waits or "clock" in case.needs, case.id
        policy = case.cast.target
        plain = type(policy)(policy.allow_v2, policy.allow_v3)
        assert policy == plain or "policy" in case.needs, case.id


# Faulty targets.


@pytest.mark.parametrize("table", TABLES)
def test_faulty_rows_are_noticed(table: str, fired: Mapping[str, tuple[str, ...]]) -> None:
    noticed: list[Noticed] = []
    survived: list[str] = []
    for variant in faults():
        row = row_of(variant)
        if not row.startswith(f"{table}:") or variant.name in EQUIVALENT or row in UNREACHABLE:
            continue
        found = notice(variant, TERMS, likely_first(firing(fired, row), noticed))
        if found is None:
            survived.append(variant.name)
        else:
            noticed.append(found)
            if isinstance(variant.edits[0], DropRow):
                assert found.verdict is Verdict.FAIL, told([found])
    sys.stdout.write(told(noticed))
    assert survived == []


def test_equivalent_faults_are_not_noticed(fired: Mapping[str, tuple[str, ...]]) -> None:
    for variant in faults():
        row = row_of(variant)
        if variant.name in EQUIVALENT and row.startswith(TABLES):
            assert fired[row], f"{variant.name} is not even tried"
            assert notice(variant, TERMS, firing(fired, row)) is None


def row_edit(row: str, *do: Do, goto: Msg | None = None) -> EditRow:
    return EditRow(f"otrv3.{row}", do=do, goto=goto)


IN_CLEAR = "message:user-send.plaintext.not-disabled.not-require-encryption"
TAKEN = "keys:data-taken.held"
MISTAKES: dict[str, EditRow] = {
    "sends in the clear what the peer will not have": row_edit(
        "message:user-send.finished", Do.SEND_PLAINTEXT
    ),
    "stores nothing once the peer has ended it": row_edit(
        "message:user-send.finished", Do.TELL_NOT_SENT
    ),
    "stores nothing that was sent": row_edit("message:user-send.encrypted", Do.SEND_TEXT),
    "sends in the clear where encryption is required": row_edit(
        "message:user-send.plaintext.not-disabled.require-encryption", Do.SEND_PLAINTEXT
    ),
    "asks for encryption, and forgets the text": row_edit(
        "message:user-send.plaintext.not-disabled.require-encryption", Do.SEND_QUERY
    ),
    "tags for ever": row_edit(f"{IN_CLEAR}.not-attach-tag", Do.SEND_TAGGED),
    "never tags": row_edit(f"{IN_CLEAR}.attach-tag", Do.SEND_PLAINTEXT),
    "does not tell the peer of the end": row_edit(
        "message:user-end.encrypted",
        Do.FORGET_STORED,
        Do.AWAIT_PLAINTEXT,
        Do.TELL_INSECURE,
        goto=Msg.PLAINTEXT,
    ),
    "keeps the stored text beyond the end": row_edit(
        "message:user-end.encrypted",
        Do.SEND_DISCONNECT,
        Do.AWAIT_PLAINTEXT,
        Do.TELL_INSECURE,
        goto=Msg.PLAINTEXT,
    ),
    "keeps the stored text beyond the peer's end": row_edit(
        "message:disconnected.encrypted", Do.TELL_FINISHED, goto=Msg.FINISHED
    ),
    "does not tag again after the end": row_edit(
        "message:user-end.encrypted",
        Do.SEND_DISCONNECT,
        Do.FORGET_STORED,
        Do.TELL_INSECURE,
        goto=Msg.PLAINTEXT,
    ),
    "does not tag again after the peer's end": row_edit(
        "message:user-end.finished", Do.TELL_INSECURE, goto=Msg.PLAINTEXT
    ),
    "owes nothing after an error": row_edit(
        "message:error.encrypted.not-error-start-ake", Do.SHOW_ERROR
    ),
    "owes nothing after an error, and asks for an AKE": row_edit(
        "message:error.encrypted.error-start-ake", Do.SHOW_ERROR, Do.SEND_QUERY
    ),
    "warns of no plaintext": row_edit("message:plaintext.encrypted", Do.SHOW_PLAINTEXT),
    "answers nothing that it cannot read": row_edit(
        "message:data.encrypted.not-data-valid.not-ignore-unreadable", Do.WARN_UNREADABLE
    ),
    "answers what is to be ignored": row_edit(
        "message:data.encrypted.not-data-valid.ignore-unreadable", Do.SEND_ERROR
    ),
    "shows what it cannot verify": row_edit(
        "message:data.encrypted.not-data-valid.not-ignore-unreadable", Do.SHOW_TEXT
    ),
    "notes no counter": row_edit(
        f"{TAKEN}.acknowledges.advances", Do.ROTATE_OUR_KEYS, Do.ROTATE_THEIR_KEYS
    ),
    "keeps its own keys": row_edit(
        f"{TAKEN}.acknowledges.advances", Do.RECORD, Do.ROTATE_THEIR_KEYS
    ),
    "keeps the peer's keys": row_edit(
        f"{TAKEN}.acknowledges.advances", Do.RECORD, Do.ROTATE_OUR_KEYS
    ),
    "replaces its keys unasked": row_edit(
        f"{TAKEN}.not-acknowledges.advances",
        Do.RECORD,
        Do.ROTATE_OUR_KEYS,
        Do.ROTATE_THEIR_KEYS,
    ),
    "replaces the peer's keys twice": row_edit(
        f"{TAKEN}.not-acknowledges.not-advances", Do.RECORD, Do.ROTATE_THEIR_KEYS
    ),
    "takes a known key for a new one": row_edit("keys:keys-agreed.held.key-known", Do.INSTALL_KEYS),
    "says that any secrets are equal": row_edit(
        "smp:smp-3.expect3.private.smp-3-valid.not-equal",
        Do.SEND_SMP_4,
        Do.FORGET_SMP,
        Do.TELL_SMP_SUCCESS,
    ),
    "says that any secrets are equal, having begun": row_edit(
        "smp:smp-4.expect4.private.smp-4-valid.not-equal", Do.FORGET_SMP, Do.TELL_SMP_SUCCESS
    ),
    "tells the peer nothing if the secrets differ": row_edit(
        "smp:smp-3.expect3.private.smp-3-valid.not-equal", Do.FORGET_SMP, Do.TELL_SMP_FAILURE
    ),
    "begins SMP anew without aborting": row_edit(
        "smp:user-smp-start.expect2.private", Do.SEND_SMP_1, Do.TELL_SMP_PROGRESS
    ),
    "aborts SMP in silence": row_edit("smp:user-smp-abort.expect2.private", Do.FORGET_SMP),
    "refuses in silence what is out of turn": row_edit(
        "smp:smp-3.expect2.private", Do.FORGET_SMP, Do.TELL_SMP_ABORTED
    ),
    "gives the extra key to its user only": row_edit(
        "message:user-extra-key.encrypted", Do.SEND_HEARTBEAT
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_plausible_mistakes_are_noticed(name: str, fired: Mapping[str, tuple[str, ...]]) -> None:
    edit = MISTAKES[name]
    found = notice(Variant(name, "", (edit,)), TERMS, firing(fired, edit.row))
    assert found is not None
    assert found.verdict is Verdict.FAIL, told([found])
    sys.stdout.write(told([found]))


# What only a suite can do wrong.


def with_operations(**operations: Callable[..., Any]) -> Callable[[Lab, Cast], Party[Command]]:
    """The reference as the target, with some operations of its suite replaced."""

    def make(lab: Lab, cast: Cast) -> Party[Command]:
        config = lab.config("target", TARGET_TAG, cast.target)
        party = ReferenceParty(lab, config)
        party.endpoint.suite = derived(lab.suite, **operations)
        return party

    return make


def test_mac_keys_become_public() -> None:
    played = predict(CASES["otrv3.case:keys.crossing"], TERMS)
    revealed = [o.revealed for o in played.observations if o.revealed]
    assert revealed == [(1,), (2, 3)]


@pytest.mark.parametrize("lab", [TERMS, REAL], ids=["symbolic", "real"])
def test_a_target_that_reveals_no_mac_keys_is_noticed(lab: Lab) -> None:
    target = with_operations(old_mac_keys=lambda suite, _keys: suite.old_mac_keys(()))
    result = grade(CASES["otrv3.case:life.bursts-both-at-once"], lab, target)
    assert result.verdict is Verdict.FAIL
    assert "the target revealed no MAC key of the tester's Data Message 1" in result.because


@pytest.mark.parametrize("lab", [TERMS, REAL], ids=["symbolic", "real"])
def test_a_target_that_reveals_mac_keys_in_use_is_noticed(lab: Lab) -> None:
    keys_in_use: list[Key] = []

    def data_keys(suite: Suite, ours: DhPair, theirs: Element) -> DataKeys:
        keys = suite.data_keys(ours, theirs)
        keys_in_use.append(keys.receiving_mac)
        return keys

    target = with_operations(
        data_keys=data_keys,
        old_mac_keys=lambda suite, _keys: suite.old_mac_keys(tuple(keys_in_use)),
    )
    result = grade(CASES["otrv3.case:keys.replay-later"], lab, target)
    assert result.verdict is Verdict.FAIL
    assert "revealed MAC key of the tester's Data Message 1" in result.because
    assert "which was not expected" in result.because


@pytest.mark.parametrize("lab", [TERMS, REAL], ids=["symbolic", "real"])
def test_a_target_that_makes_no_new_keys_is_noticed(lab: Lab) -> None:
    target = with_operations(fresh_pair=lambda suite, seed, _draw: suite.fresh_pair(seed, 1))
    result = grade(CASES["otrv3.case:keys.replay-later"], lab, target)
    assert result.verdict is Verdict.FAIL
    assert "new key of its own" in result.because


# Checks.


def test_checks_are_those_of_data_and_smp() -> None:
    asked = (
        Cond.DATA_VALID,
        Cond.SMP_1_VALID,
        Cond.SMP_2_VALID,
        Cond.SMP_3_VALID,
        Cond.SMP_4_VALID,
    )
    assert set(CHECKS) == {check for condition in asked for check in checks_of(condition)}
    assert all(NEGATIVE.values())


@pytest.mark.parametrize("lab", [TERMS, REAL], ids=["symbolic", "real"])
@pytest.mark.parametrize("check", CHECKS, ids=[check.label for check in CHECKS])
def test_each_check_fails_alone(check: Check, lab: Lab) -> None:
    for case in NEGATIVE[check]:
        assert {f.failed for f in predict(case, lab).fired} - {""} == {check.label}


SKIPPABLE = [check for check in CHECKS if not check.spec.structural]


@pytest.mark.parametrize("lab", [TERMS, REAL], ids=["symbolic", "real"])
@pytest.mark.parametrize("check", SKIPPABLE, ids=[check.label for check in SKIPPABLE])
def test_skipping_a_check_is_noticed(check: Check, lab: Lab) -> None:
    skipping = Variant(f"skip {check.label}", "", (SkipCheck(check),))
    results = [grade(case, lab, reference_target(skipping)) for case in NEGATIVE[check]]
    verdicts = {result.verdict for result in results}
    if skipping.name in EQUIVALENT:
        assert verdicts == {Verdict.NOTE}
    else:
        assert Verdict.FAIL in verdicts
        assert verdicts <= {Verdict.FAIL, Verdict.PASS}
    for result in results:
        sys.stdout.write(f"{skipping.name}\n    {result.case}: {result.because}\n")


# Ambiguities.

AMBIGUOUS = (
    holes.UNREADABLE_WITHOUT_KEYS,
    holes.NEXT_DH,
    holes.SMP_BAD_PROOF,
    holes.SMP_REFRESH,
    holes.STORED_FOR,
)


@pytest.mark.parametrize("ambiguity", AMBIGUOUS, ids=[hole.id for hole in AMBIGUOUS])
def test_the_literal_reading_shows_and_is_not_failed(ambiguity: Ambiguity) -> None:
    target = reference_target(LITERAL[ambiguity.id])
    results = [grade(case, TERMS, target) for case in OURS]
    noted = [result for result in results if result.verdict is not Verdict.PASS]
    assert noted
    assert {(r.verdict, r.ambiguity) for r in noted} == {(Verdict.NOTE, ambiguity.id)}
    for result in noted:
        sys.stdout.write(f"{ambiguity.id}\n    {result.case}: {result.because}\n")


@pytest.mark.parametrize("name", sorted(set(LITERAL) - {hole.id for hole in AMBIGUOUS}))
def test_no_literal_reading_is_failed(name: str) -> None:
    target = reference_target(LITERAL[name])
    assert [r for case in OURS if (r := grade(case, TERMS, target)).verdict is Verdict.FAIL] == []
