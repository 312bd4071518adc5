"""The cases of the AKE and of receiving: what they fire, and which faulty targets they notice."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from otr_conformance.otrv3.case import CASES, Case, Level
from otr_conformance.otrv3.cases.negative_ake import TO_INITIATOR, TO_RESPONDER, falsifying
from otr_conformance.otrv3.grade import GRADER, grade, predict
from otr_conformance.otrv3.labs import RealLab
from otr_conformance.otrv3.stage import reference_target
from otr_conformance.otrv3.strength import coverage, faults, notice, row_of
from otr_conformance.otrv3.unreachable import EQUIVALENT, UNREACHABLE
from otr_conformance.protocols import protocol
from otr_conformance.verdict import Verdict
from otr_model.kernel.composition import checks_of
from otr_model.kernel.table import Raise
from otr_model.kernel.variant import DropRow, EditRow, SkipCheck, Variant
from otr_model.otrv3 import ambiguities as holes
from otr_model.otrv3 import variables as v
from otr_model.otrv3.conditions import Check, Cond
from otr_model.otrv3.effects import Do
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.variants import LITERAL
from otr_model.otrv3.words import Assembly, Auth, Event

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from otr_conformance.otrv3.labs import Lab
    from otr_conformance.otrv3.strength import Noticed
    from otr_model.kernel.ambiguity import Ambiguity

TABLES = ("otrv3.instances", "otrv3.fragment", "otrv3.receive", "otrv3.ake")
CHECKS = (Check.DH_KEY_VERSION, *TO_INITIATOR, *TO_RESPONDER)
AREAS = ("otrv3.case:ake.", "otrv3.case:receiving.", "otrv3.case:negative.")
TERMS, REAL = GRADER._terms, RealLab()  # so that nothing is predicted twice
DERIVED = [case for case in protocol("otrv3").suite.cases.values() if case.derived]
PLAYED = [*(case for case in CASES.values() if not case.derived), *DERIVED[::8]]
"""Derived cases fire the rows of the others, in pairs: some stand for all."""
LATELY = 24
"""So many faults back, a case that noticed one is tried first."""


def falsified(check: Check) -> list[Case]:
    """The cases in which the tester's messages fail a check."""
    variant = falsifying(check)
    return [case for case in CASES.values() if case.cast.variant == variant]


FALSIFIED = {case.id for check in CHECKS for case in falsified(check)}
OURS = [case for case in CASES.values() if case.id.startswith(AREAS[:2]) or case.id in FALSIFIED]


@pytest.fixture(scope="module")
def fired() -> Mapping[str, tuple[str, ...]]:
    """For each row, the cases that fire it."""
    return coverage(TERMS, PLAYED)


def rows(table: str) -> list[str]:
    return [row.id for row in OTRV3.rows() if row.id.startswith(f"{table}:")]


def firing(fired: Mapping[str, tuple[str, ...]], row: str) -> list[Case]:
    """The cases that fire a row and can fail."""
    return [CASES[case] for case in fired[row] if CASES[case].level is Level.MUST]


def likely_first(cases: Iterable[Case], noticed: Sequence[Noticed]) -> list[Case]:
    """Those that noticed a fault lately come first: neighbours fail alike."""
    lately = {each.case for each in noticed[-LATELY:]}
    return sorted(cases, key=lambda case: case.id not in lately)


def told(found: Iterable[Noticed]) -> str:
    """Which conversation noticed what, and by what; shown with -s."""
    return "".join(f"{n.variant}\n    {n.verdict.word} {n.case}: {n.because}\n" for n in found)


# Rows.


@pytest.mark.parametrize("table", TABLES)
def test_every_row_is_fired_or_cannot_be(table: str, fired: Mapping[str, tuple[str, ...]]) -> None:
    assert [row for row in rows(table) if not fired[row] and row not in UNREACHABLE] == []


def test_what_cannot_be_fired_is_not(fired: Mapping[str, tuple[str, ...]]) -> None:
    assert set(UNREACHABLE) <= {row.id for row in OTRV3.rows()}
    assert {row: fired[row] for row in UNREACHABLE if fired[row]} == {}
    assert min(map(len, UNREACHABLE.values())) > 50


@pytest.mark.parametrize("case", OURS, ids=[case.id for case in OURS])
def test_real_and_symbolic_alike(case: Case) -> None:
    real, symbolic = predict(case, REAL), predict(case, TERMS)
    assert not real.stuck
    assert real.fired == symbolic.fired
    assert real.tester_fired == symbolic.tester_fired
    assert [o.wires for o in real.observations] == [o.wires for o in symbolic.observations]
    assert [o.failed for o in real.observations] == [o.failed for o in symbolic.observations]
    assert real.observations


def test_described() -> None:
    for case in OURS:
        assert case.about.endswith("."), case.id
        assert case.about.split()[0][-1] in "s,", f"{case.id} does not open with what a target does"


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
    known = {variant.name: variant for variant in faults()}
    assert set(EQUIVALENT) <= set(known)
    assert min(map(len, EQUIVALENT.values())) > 50
    for name in EQUIVALENT:
        row = row_of(known[name])
        if row.startswith(TABLES):
            assert fired[row], f"{name} is not even tried"
            assert notice(known[name], TERMS, firing(fired, row)) is None


ACCEPTED = Raise(Event.ARRIVED, v.SENDER_TAG)
MISTAGGED = ("illegal-sender", "illegal-receiver", "other-instance", "no-instance")


@pytest.mark.parametrize("event", ["received", "reassembled"])
@pytest.mark.parametrize("name", MISTAGGED)
def test_taking_up_what_is_for_others_is_noticed(event: str, name: str) -> None:
    row = f"otrv3.instances:{event}.ready.{name}"
    target = reference_target(Variant("faulty", "", (EditRow(row, do=(), raises=(ACCEPTED,)),)))
    verdicts = {grade(case, TERMS, target).verdict for case in OURS}
    literal = (Verdict.NOTE,) if name == "no-instance" else (Verdict.FAIL,)
    assert set(literal) <= verdicts


ANSWER = (Do.NEW_DH_KEY, Do.KEEP_COMMIT, Do.SEND_DH_KEY)
IN_DHKEY = "otrv3.ake:dh-commit.awaiting-dhkey.allowed"
FAULTS: dict[str, EditRow] = {
    "always gives way": EditRow(f"{IN_DHKEY}.ours-higher", do=ANSWER, goto=Auth.AWAITING_REVEALSIG),
    "never gives way": EditRow(
        f"{IN_DHKEY}.not-ours-higher", do=(Do.SEND_DH_COMMIT,), goto=Auth.AWAITING_DHKEY
    ),
    "keeps its x as y": EditRow(f"{IN_DHKEY}.not-ours-higher", do=(Do.KEEP_COMMIT, Do.SEND_DH_KEY)),
    "makes a new y": EditRow("otrv3.ake:dh-commit.awaiting-revealsig.allowed", do=ANSWER),
    "keeps the old commitment": EditRow(
        "otrv3.ake:dh-commit.awaiting-revealsig.allowed", do=(Do.SEND_DH_KEY,)
    ),
    "answers any D-H Key": EditRow(
        "otrv3.ake:dh-key.awaiting-sig.allowed.not-same-gy",
        do=(Do.KEEP_GY, Do.SEND_REVEAL_SIGNATURE),
    ),
    "commits as before": EditRow(
        "otrv3.ake:query-offer.awaiting-sig.not-offers-3.offers-2", do=(Do.SEND_DH_COMMIT,)
    ),
    "appends what is out of order": EditRow(
        "otrv3.fragment:arrived.collecting.out-of-order",
        do=(Do.APPEND_PIECE, Do.REASSEMBLE),
        raises=(Raise(Event.REASSEMBLED),),
    ),
    "goes on after a whole message": EditRow(
        "otrv3.fragment:arrived.collecting.whole", do=(), goto=Assembly.COLLECTING
    ),
    "stops at an illegal fragment": EditRow(
        "otrv3.fragment:arrived.collecting.illegal", do=(Do.FORGET_PIECES,), goto=Assembly.EMPTY
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_plausible_mistakes_are_noticed(name: str, fired: Mapping[str, tuple[str, ...]]) -> None:
    edit = FAULTS[name]
    found = notice(Variant(name, "", (edit,)), TERMS, firing(fired, edit.row))
    assert found is not None
    assert found.verdict is Verdict.FAIL
    sys.stdout.write(told([found]))


# Checks.


def test_checks_are_those_of_the_ake() -> None:
    asked = (Cond.DH_KEY_VALID, Cond.REVEAL_VALID, Cond.SIGNATURE_VALID)
    assert set(CHECKS) == {check for condition in asked for check in checks_of(condition)}


@pytest.mark.parametrize("lab", [TERMS, REAL], ids=["symbolic", "real"])
@pytest.mark.parametrize("check", CHECKS, ids=[check.label for check in CHECKS])
def test_each_check_fails_alone(check: Check, lab: Lab) -> None:
    cases = falsified(check)
    assert {case.version for case in cases} == ({3} if check is Check.DH_KEY_VERSION else {2, 3})
    for case in cases:
        played = predict(case, lab)
        assert {f.failed for f in played.fired} - {""} == {check.label}
        typed = next(i for i, o in enumerate(played.observations) if "user types" in o.step)
        assert not any("secure" in told for o in played.observations[:typed] for told in o.reports)


SKIPPABLE = [check for check in CHECKS if not check.spec.structural]


@pytest.mark.parametrize("check", SKIPPABLE, ids=[check.label for check in SKIPPABLE])
def test_skipping_a_check_is_noticed(check: Check) -> None:
    skipping = Variant(f"skip {check.label}", "", (SkipCheck(check),))
    results = [grade(case, TERMS, reference_target(skipping)) for case in falsified(check)]
    if skipping.name in EQUIVALENT:
        assert {result.verdict for result in results} == {Verdict.NOTE}
    else:
        assert {result.verdict for result in results} == {Verdict.FAIL}
    for result in results:
        sys.stdout.write(f"{skipping.name}\n    {result.case}: {result.because}\n")


# Ambiguities.

AMBIGUOUS = (holes.FAILED_SIGNATURE, holes.MIXED_VERSIONS, holes.RECEIVER_ZERO)


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
