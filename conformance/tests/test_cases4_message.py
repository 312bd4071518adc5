"""The cases of message states, versions and the clock: what they fire, which faults they notice."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

import otr_conformance.otrv4.suite  # noqa: F401 - importing declares the cases
from otr_conformance.otrv4.case import CASES, Case, Level
from otr_conformance.otrv4.grade import GRADER, grade, predict
from otr_conformance.otrv4.labs import RealLab
from otr_conformance.otrv4.stage import reference_target
from otr_conformance.otrv4.strength import coverage, faults, notice, row_of
from otr_conformance.otrv4.unreachable.message import EQUIVALENT, UNREACHABLE
from otr_conformance.protocols import protocol
from otr_conformance.verdict import Verdict
from otr_model.kernel.variant import DropRow, EditRow, Variant
from otr_model.otrv4 import ambiguities as holes
from otr_model.otrv4.effects import Do
from otr_model.otrv4.protocol import OTRV4
from otr_model.otrv4.variants import LITERAL
from otr_model.otrv4.words import Mode, Msg

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from otr_conformance.otrv4.strength import Noticed
    from otr_model.kernel.ambiguity import Ambiguity

DROPPED = DropRow("otrv4.message:user-start.finished.identity")
WRITTEN = {name: case for name, case in (CASES | CASES.left_out).items() if not case.derived}
"""Also those that derived cases make spare."""
TABLES = ("otrv4.message", "otrv4.version")
AREAS = ("message.", "version.", "clock.")
TERMS, REAL = GRADER._terms, RealLab()  # so that nothing is predicted twice
LATELY = 24
"""So many faults back, a case that noticed one is tried first."""
OURS = {
    case.id: case
    for case in WRITTEN.values()
    if case.id.startswith(tuple(f"otrv4.case:{area}" for area in AREAS))
}
KEYLESS = {
    "retarget otrv4.message:settled.start.version-3 ENCRYPTED_MESSAGES",
    "retarget otrv4.message:user-start.start.disabled ENCRYPTED_MESSAGES",
    "retarget otrv4.message:user-send.start.disabled ENCRYPTED_MESSAGES",
    "retarget otrv4.message:user-start-offline.start.acceptable ENCRYPTED_MESSAGES",
}
"""Faults that lead to ENCRYPTED_MESSAGES without any keys, where nothing else shows it."""


def steps(case: str) -> int:
    """How many rows the target takes."""
    return len(predict(OURS[case], TERMS).fired)


@pytest.fixture(scope="module")
def fired() -> Mapping[str, tuple[str, ...]]:
    """For each row, the cases of this area that fire it, those that take the fewest steps first."""
    found = coverage(TERMS, OURS.values())
    return {row: tuple(sorted(cases, key=steps)) for row, cases in found.items()}


def rows(table: str) -> list[str]:
    return [row.id for row in OTRV4.rows() if row.table == table]


def firing(fired: Mapping[str, tuple[str, ...]], row: str) -> list[Case]:
    """The cases that fire a row and can fail."""
    return [OURS[case] for case in fired[row] if OURS[case].level is Level.MUST]


def likely_first(cases: Iterable[Case], noticed: Sequence[Noticed]) -> list[Case]:
    """Those that noticed a fault lately come first: neighbours fail alike."""
    lately = {each.case for each in noticed[-LATELY:]}
    return sorted(cases, key=lambda case: case.id not in lately)


def told(found: Iterable[Noticed]) -> str:
    """Which case noticed what, and by what; shown with -s."""
    return "".join(f"{n.variant}\n    {n.verdict.word} {n.case}: {n.because}\n" for n in found)


def few(fired: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Some cases that fire every row of these tables that can be fired."""
    chosen: list[str] = []
    covered: set[str] = set()
    for row in (row for table in TABLES for row in rows(table) if fired[row]):
        if row not in covered:
            chosen.append(fired[row][0])
            covered |= {f.row for f in predict(OURS[fired[row][0]], TERMS).fired}
    return chosen


# Rows.


@pytest.mark.parametrize("table", TABLES)
def test_every_row_is_fired_or_cannot_be(table: str, fired: Mapping[str, tuple[str, ...]]) -> None:
    assert [row for row in rows(table) if not fired[row] and row not in UNREACHABLE] == []


def test_what_cannot_be_fired_is_not(fired: Mapping[str, tuple[str, ...]]) -> None:
    assert set(UNREACHABLE) <= {row for table in TABLES for row in rows(table)}
    assert {row: fired[row] for row in UNREACHABLE if fired[row]} == {}
    assert min(map(len, UNREACHABLE.values())) > 50


def test_real_and_symbolic_alike(fired: Mapping[str, tuple[str, ...]]) -> None:
    chosen = few(fired)
    assert len(chosen) > 40
    for name in chosen:
        real, symbolic = predict(OURS[name], REAL), predict(OURS[name], TERMS)
        assert not real.stuck, name
        assert real.fired == symbolic.fired, name
        assert real.tester_fired == symbolic.tester_fired, name
        assert real.observations == symbolic.observations, name
        assert real.observations, name


def test_described() -> None:
    for case in OURS.values():
        assert not predict(case, TERMS).stuck, case.id
        assert case.about.endswith("."), case.id
        assert case.about.split()[0][-1] in "s,", f"{case.id} does not open with what a target does"
        assert "  " not in case.about, case.id


def test_capabilities_are_asked_for() -> None:
    for case in OURS.values():
        played = predict(case, TERMS)
        asked = {f.row.split(":")[1].split(".")[0] for f in played.fired}
        log = "\n".join(played.log)
        wanted = {
            "smp": any(name.startswith("user-smp") for name in asked),
            "heartbeat": "user-heartbeat" in asked,
            "extra-key": "user-extra-key" in asked,
            "otrv4-dake": "user-start-dake" in asked,
            "otrv4-offline": "starts offline" in log,
            "otrv4-clock": "seconds pass\n" in log,
            "otrv4-mode": case.cast.mode is not Mode.COMPATIBLE,
            "otrv4-known-profile": case.cast.knows,
            "otrv4-trusted": case.cast.trusts,
            "policy": case.cast.target
            != type(case.cast.target)(case.cast.target.allow_v3, case.cast.target.allow_v4),
        }
        assert case.needs == {word for word, yes in wanted.items() if yes}, case.id


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
            expected = Verdict.CRASH if variant.name in KEYLESS else Verdict.FAIL
            assert found.verdict is expected, told([found])
    sys.stdout.write(told(noticed))
    assert survived == []


def test_equivalent_faults_are_not_noticed(fired: Mapping[str, tuple[str, ...]]) -> None:
    known = {variant.name: variant for variant in faults()}
    assert set(EQUIVALENT) <= set(known)
    assert min(map(len, EQUIVALENT.values())) > 50
    for name in EQUIVALENT:
        row = row_of(known[name])
        assert fired[row], f"{name} is not even tried"
        assert notice(known[name], TERMS, firing(fired, row)) is None, name


# What the text leaves open: a target that follows the letter gets a note.

READINGS: Mapping[str, Ambiguity] = {
    "identity": holes.IDENTITY_WHEN_PRIVATE,
    "query": holes.QUERY_WHEN_PRIVATE,
    "end": holes.END_WHILE_WAITING,
    "stuck": holes.STUCK_DAKE,
    "online": holes.ONLINE_AGAIN,
    "early": holes.EARLY_DATA,
    "unreadable": holes.UNREADABLE_WITHOUT_KEYS,
    "leaving": holes.LEAVING_VERSION_3,
    "rollback": holes.ROLLBACK,
    "code": holes.ERROR_WITHOUT_CODE,
    "start": holes.TEXT_IN_START,
    "queued": holes.QUEUED_FOR,
    "mac-keys": holes.MAC_KEYS_AT_THE_END,
}


def test_a_case_that_needs_what_the_letter_never_sends_is_noted() -> None:
    name = "otrv4.case:policy.message.user-start.finished.identity.allow-v3.allow-v4"
    literal = reference_target(LITERAL[holes.TEXT_IN_START.id])

    result = grade(protocol("otrv4").suite.cases[name], TERMS, literal)
    lost = grade(
        protocol("otrv4").suite.cases[name], TERMS, reference_target(Variant("", "", (DROPPED,)))
    )

    assert (result.verdict, result.ambiguity) == (Verdict.NOTE, holes.TEXT_IN_START.id)
    assert lost.verdict is Verdict.FAIL  # somebody who sends nothing and reads as we do


@pytest.mark.parametrize("name", READINGS)
def test_the_letter_is_noted_and_never_failed(
    name: str, fired: Mapping[str, tuple[str, ...]]
) -> None:
    hole = READINGS[name]
    literal = LITERAL[hole.id]
    touched = [edit.row for edit in literal.edits if isinstance(edit, EditRow)]
    concerned = dict.fromkeys(case for row in touched for case in fired[row])
    target = reference_target(literal)
    results = [grade(OURS[case], TERMS, target) for case in concerned]
    verdicts = {result.verdict for result in results}
    assert Verdict.NOTE in verdicts
    assert verdicts <= {Verdict.NOTE, Verdict.PASS, Verdict.CRASH}
    assert hole.id in {result.ambiguity for result in results}


# Faults that are more than a missing row.

_MESSAGE = "otrv4.message"
_PRIVATE = Msg.ENCRYPTED_MESSAGES.label
WRONG: Mapping[str, tuple[EditRow, ...]] = {
    "text that waits is sent in the clear": (
        EditRow(f"{_MESSAGE}:user-send.start.waiting", do=(Do.SEND_PLAINTEXT,)),
    ),
    "plaintext in a private conversation is shown without a warning": (
        EditRow(f"{_MESSAGE}:plaintext.{_PRIVATE}", do=(Do.SHOW_PLAINTEXT,)),
    ),
    "the wrong error is sent": (
        EditRow(
            f"{_MESSAGE}:data.start.not-may-be-early.not-ignore-unreadable",
            do=(Do.WARN_UNREADABLE, Do.SEND_ERROR_1),
        ),
    ),
    "an expired session is not ended": (
        EditRow(
            f"{_MESSAGE}:clock.{_PRIVATE}.expired",
            do=(),
            goto=Msg.ENCRYPTED_MESSAGES,
            raises=(),
        ),
    ),
    "an expired session reveals no stored keys": (
        EditRow(
            f"{_MESSAGE}:clock.{_PRIVATE}.expired",
            do=(Do.REVEAL, Do.PUT_DISCONNECT, Do.TELL_EXPIRED),
        ),
    ),
    "version 3 answers whatever a profile says": (
        EditRow("otrv4.version:query.ready.rollback", do=(Do.HANDLE_3,)),
        EditRow("otrv4.version:query.ready.engaged", do=(Do.HANDLE_3,)),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_deeds_are_noticed(name: str, fired: Mapping[str, tuple[str, ...]]) -> None:
    variant = Variant("wrong", name, WRONG[name])
    cases = [case for edit in WRONG[name] for case in firing(fired, edit.row)]
    found = notice(variant, TERMS, cases)
    assert found is not None
    assert found.verdict is Verdict.FAIL
