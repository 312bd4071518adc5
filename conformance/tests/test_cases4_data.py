"""The cases of the ratchet, data, TLVs, fragments and SMP of OTRv4: what they fire and notice."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import otr_conformance.otrv4.suite  # noqa: F401 - importing declares the cases
from otr_conformance.otrv4.case import CASES, Case, Level
from otr_conformance.otrv4.cases.negative_data import CHECKS, falsifying
from otr_conformance.otrv4.grade import GRADER, play
from otr_conformance.otrv4.labs import RealLab
from otr_conformance.otrv4.stage import TARGET_TAG, ReferenceParty, reference_target
from otr_conformance.otrv4.strength import TRIAL, faults, row_of
from otr_conformance.otrv4.unreachable.data import EQUIVALENT, UNREACHABLE
from otr_conformance.verdict import Verdict
from otr_model.kernel.composition import checks_of
from otr_model.kernel.table import Raise
from otr_model.kernel.variant import NONE, DropRow, EditRow, SetParameter, SkipCheck, Variant
from otr_model.otrv4 import ambiguities as holes
from otr_model.otrv4.conditions import Check, Cond
from otr_model.otrv4.effects import Do
from otr_model.otrv4.protocol import OTRV4
from otr_model.otrv4.variants import LITERAL
from otr_model.otrv4.words import Assembly, Event, Mode
from otr_reference.otrv4.deviations import derived

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from otr_conformance.otrv4.labs import Lab
    from otr_conformance.otrv4.stage import Cast
    from otr_conformance.otrv4.strength import Noticed
    from otr_conformance.play.stage import Party
    from otr_model.kernel.ambiguity import Ambiguity
    from otr_reference.otrv4.commands import Command
    from otr_reference.otrv4.suite import MessageKeys, Suite
    from otr_reference.sorts import Key, Octets

WRITTEN = {name: case for name, case in (CASES | CASES.left_out).items() if not case.derived}
"""Also those that derived cases make spare."""
TABLES = (
    *("otrv4.instances", "otrv4.fragment", "otrv4.receive"),
    *("otrv4.ratchet", "otrv4.tlv", "otrv4.smp"),
)
AREAS = (
    *("ratchet.", "data.", "tlv.", "receiving.", "smp."),
    *("negative.data.", "negative.smp-", "clock.stored-", "boundary.skipped-"),
)
AMBIGUOUS = (
    holes.EARLY_DATA,
    holes.DUPLICATE_ANSWER,
    holes.MAC_KEYS_AT_THE_END,
    holes.SMP_BAD_PROOF,
)
"""Those whose literal reading shows in the cases of this area."""
QUICK = replace(GRADER, literal={hole.id: LITERAL[hole.id] for hole in AMBIGUOUS})
"""As the grader, with these literal readings only: each costs a play of a case that fails."""
predict, grade = QUICK.predict, QUICK.grade
QUICKLY = replace(TRIAL, grader=QUICK)
coverage, notice = QUICKLY.coverage, QUICKLY.notice
TERMS, REAL = QUICK._terms, RealLab()  # so that nothing is predicted twice
LATELY = 24
"""So many faults back, a case that noticed one is tried first."""
OURS = {
    case.id: case
    for case in WRITTEN.values()
    if case.id.startswith(tuple(f"otrv4.case:{area}" for area in AREAS))
}
NEGATIVE = {
    check: [c for c in OURS.values() if c.cast.variant == falsifying(check)] for check in CHECKS
}
SHOWN_AS_IT_CAME = {
    "otrv4.case:receiving.disabled",
    "otrv4.case:receiving.in-standalone-mode",
}
"""Where the user is shown a message itself: a term in the one play, bytes in the other."""


def case_of(name: str) -> Case:
    return OURS[f"otrv4.case:{name}"]


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


# Rows.


def test_so_many() -> None:
    assert 150 <= len(OURS) <= 200


@pytest.mark.parametrize("table", TABLES)
def test_every_row_is_fired_or_cannot_be(table: str, fired: Mapping[str, tuple[str, ...]]) -> None:
    assert [row for row in rows(table) if not fired[row] and row not in UNREACHABLE] == []


def test_what_cannot_be_fired_is_not(fired: Mapping[str, tuple[str, ...]]) -> None:
    """Nor in any other case: see test_obligations."""
    assert set(UNREACHABLE) <= {row for table in TABLES for row in rows(table)}
    assert {row: fired[row] for row in UNREACHABLE if fired[row]} == {}


def shortest(fired: Mapping[str, tuple[str, ...]]) -> set[str]:
    """For each row, the shortest case that fires it, of SMP every third; and some long ones.

    Those that fail a check are played with both suites in another test.
    """
    ids = {fired[row][0] for table in TABLES[:-1] for row in rows(table) if fired[row]}
    ids |= {fired[row][0] for row in rows(TABLES[-1])[::3] if fired[row]}
    return ids | {f"otrv4.case:{name}" for name in LONG}


LONG = (
    "ratchet.duplicates.initiator",
    "ratchet.duplicates.responder",
    "ratchet.many-lost",
    "ratchet.lost-messages",
    "data.texts",
    "data.reveals-at-the-end",
    "tlv.extra-key-late",
    "receiving.private-client-stays",
    "smp.as-publisher",
    "smp.both-begin-in-expect2",
)


def test_real_and_symbolic_alike(fired: Mapping[str, tuple[str, ...]]) -> None:
    chosen = shortest(fired) - SHOWN_AS_IT_CAME - {"otrv4.case:receiving.no-room"}
    assert len(chosen) > 70
    for name in sorted(chosen):
        real, symbolic = predict(OURS[name], REAL), predict(OURS[name], TERMS)
        assert not real.stuck, name
        assert real.fired == symbolic.fired, name
        assert real.tester_fired == symbolic.tester_fired, name
        assert real.observations == symbolic.observations, name
        assert real.observations, name


@pytest.mark.parametrize("name", sorted(SHOWN_AS_IT_CAME))
def test_what_is_shown_as_it_came(name: str) -> None:
    real, symbolic = predict(OURS[name], REAL), predict(OURS[name], TERMS)
    assert real.fired == symbolic.fired
    assert [o.wires for o in real.observations] == [o.wires for o in symbolic.observations]
    assert real.observations[0].reports == ("message open good morning",)


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
        }
        assert {word for word, yes in wanted.items() if yes} <= case.needs, case.id
        received = {"smp", "smp-question", "extra-key"}
        assert case.needs - received <= {word for word, yes in wanted.items() if yes}, case.id


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
            assert found.verdict is Verdict.FAIL, told([found])
    sys.stdout.write(told(noticed))
    assert survived == []


def test_equivalent_faults_are_not_noticed(fired: Mapping[str, tuple[str, ...]]) -> None:
    named = {variant.name: variant for variant in faults()}
    for name in EQUIVALENT:
        row = row_of(named[name])
        assert row.startswith(TABLES), name
        assert fired[row], f"{name} is not even tried"
        found = notice(named[name], TERMS, firing(fired, row))
        assert found is None, told([found] if found else [])


NOTED = (
    "drop otrv4.instances:received.ready.not-ours",
    "drop otrv4.instances:reassembled.ready.not-ours",
    "retarget otrv4.fragment:piece.empty.too-large COLLECTING",
    "drop otrv4.fragment:piece.collecting.too-large",
    "retarget otrv4.fragment:piece.collecting.too-large COLLECTING",
    "drop otrv4.fragment:assembly-clock.collecting.assembly-stale",
    "drop otrv4.ratchet:keys-clock.held.keys-stale",
)
"""Faults of what the text leaves to the implementation."""


@pytest.mark.parametrize("name", NOTED)
def test_what_is_left_open_gives_a_note(name: str, fired: Mapping[str, tuple[str, ...]]) -> None:
    assert name in EQUIVALENT
    variant = next(variant for variant in faults() if variant.name == name)
    target = reference_target(variant)
    verdicts = {grade(OURS[case], TERMS, target).verdict for case in fired[row_of(variant)]}
    assert Verdict.NOTE in verdicts
    assert verdicts <= {Verdict.NOTE, Verdict.PASS}


BOUNDS: Mapping[str, tuple[str, int]] = {
    "ratchet.beyond-bound": ("max_skip", 5000),
    "ratchet.beyond-bound-in-all": ("max_stored_keys", 50000),
    "tlv.many": ("max_tlvs", 1000),
    "receiving.fragments-of-too-many": ("max_assemblies", 1000),
    "receiving.no-room": ("max_instances", 1000),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_another_bound_shows_and_gives_a_note(name: str) -> None:
    parameter, value = BOUNDS[name]
    case, larger = case_of(name), Variant("larger", "", (SetParameter(parameter, value),))
    assert GRADER.difference(predict(case, TERMS), predict(case, TERMS, larger))
    assert case.level is Level.SHOULD


# Mistakes that somebody might make, in more than the state.


def row_edit(row: str, *do: Do, raises: tuple[Event, ...] | None = None) -> EditRow:
    return EditRow(
        f"otrv4.{row}", do=do, raises=None if raises is None else tuple(map(Raise, raises))
    )


HELD = "ratchet:protected.held"
MISTAKES: dict[str, EditRow] = {
    "makes a new DH key in every ratchet": row_edit(
        "ratchet:sending.held.rotates.not-our-third", Do.ROTATE_WITH_DH, Do.REVEAL, Do.SEND_DATA
    ),
    "reveals nothing in its third ratchet": row_edit(
        "ratchet:sending.held.rotates.our-third", Do.ROTATE_WITH_DH, Do.SEND_DATA
    ),
    "reveals nothing in others": row_edit(
        "ratchet:sending.held.rotates.not-our-third", Do.ROTATE, Do.SEND_DATA
    ),
    "reveals nothing in its first ratchet": row_edit(
        "ratchet:sending.held.not-rotates.first-of-ratchet", Do.SEND_DATA
    ),
    "reveals in every message": row_edit(
        "ratchet:sending.held.not-rotates.not-first-of-ratchet", Do.REVEAL, Do.SEND_DATA
    ),
    "uses a skipped key for ever": row_edit(f"{HELD}.skipped"),
    "reads what it cannot verify": row_edit(
        f"{HELD}.same-not-valid", Do.TAKE_SAME, raises=(Event.DATA_TAKEN,)
    ),
    "takes keys that it cannot verify": row_edit(f"{HELD}.next-not-valid", Do.TAKE_NEXT),
    "begins at the wrong end": row_edit("ratchet:keys-agreed.held.initiator"),
    "sends no abort": EditRow("otrv4.smp:smp-3.expect2.private", raises=()),
    "says that any secrets are equal": row_edit(
        "smp:smp-3.expect3.private.smp-3-valid.not-equal",
        *(Do.PUT_SMP_4, Do.FORGET_SMP, Do.TELL_SMP_SUCCESS),
    ),
    "says that any secrets are equal, having begun": row_edit(
        "smp:smp-4.expect4.private.smp-4-valid.not-equal", Do.FORGET_SMP, Do.TELL_SMP_SUCCESS
    ),
    "begins SMP anew without aborting": row_edit(
        "smp:user-smp-start.expect2.private",
        *(Do.PUT_SMP_1, Do.TELL_SMP_PROGRESS),
        raises=(Event.SENDING,),
    ),
    "looks at one TLV only": row_edit("tlv:next-tlv.ready.tlv-padding", raises=()),
    "forgets all when a fragment comes twice": EditRow(
        "otrv4.fragment:piece.collecting.again", do=(Do.FORGET_PIECES,), goto=Assembly.EMPTY
    ),
    "keeps what another total contradicts": EditRow(
        "otrv4.fragment:piece.collecting.other-total", do=(), goto=Assembly.COLLECTING
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
        account = lab.account("target", TARGET_TAG, cast.target, cast.mode)
        party = ReferenceParty(lab, account, lab.config(account, "target", cast.target, cast.mode))
        party.endpoint.suite = derived(lab.suite, **operations)
        return party

    return make


def test_mac_keys_become_public() -> None:
    played = predict(case_of("data.reveals.initiator"), TERMS)
    revealed = [o.revealed for o in played.observations if o.revealed]
    assert revealed == [(1, 2, 3), (4, 5, 6)]


@pytest.mark.parametrize("lab", [TERMS, REAL], ids=["symbolic", "real"])
def test_a_target_that_reveals_other_keys_is_noticed(lab: Lab) -> None:
    def reveal(suite: Suite, key: Key) -> Octets:
        return suite.garble(suite.reveal(key))

    result = grade(case_of("data.reveals.initiator"), lab, with_operations(reveal=reveal))
    assert result.verdict is Verdict.FAIL
    assert "the target revealed no MAC key of the tester's Data Message 1" in result.because


@pytest.mark.parametrize("lab", [TERMS, REAL], ids=["symbolic", "real"])
def test_a_target_that_makes_no_new_keys_is_noticed(lab: Lab) -> None:
    target = with_operations(fresh_ecdh=lambda suite, seed, _draw: suite.fresh_ecdh(seed, 1))
    result = grade(case_of("ratchet.duplicates.initiator"), lab, target)
    assert result.verdict is Verdict.FAIL
    keys = case_of("data.texts")
    renewed = [o.renewed for o in predict(keys, lab).observations if o.wires == ("Data",)]
    assert renewed == [2, 1, 1, 2, 1, 1], "a DH key in every third"


@pytest.mark.parametrize("lab", [TERMS, REAL], ids=["symbolic", "real"])
def test_a_target_with_another_extra_key_is_noticed(lab: Lab) -> None:
    def message_keys(suite: Suite, chain: Key) -> MessageKeys:
        keys = suite.message_keys(chain)
        return type(keys)(keys.encryption, keys.mac, keys.mac)

    target = with_operations(message_keys=message_keys)
    result = grade(case_of("tlv.extra-key-both-ways.initiator"), lab, target)
    assert result.verdict is Verdict.FAIL
    assert "extra-key" in result.because


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


@pytest.mark.parametrize("check", CHECKS, ids=[check.label for check in CHECKS])
def test_each_check_fails_alone(check: Check) -> None:
    for case in NEGATIVE[check]:
        symbolic = predict(case, TERMS)
        assert {f.failed for f in symbolic.fired} - {""} == {check.label}
    real = predict(NEGATIVE[check][0], REAL)
    assert real.fired == predict(NEGATIVE[check][0], TERMS).fired
    assert real.observations == predict(NEGATIVE[check][0], TERMS).observations


SKIPPABLE = [check for check in CHECKS if not check.spec.structural]


@pytest.mark.parametrize("check", SKIPPABLE, ids=[check.label for check in SKIPPABLE])
def test_skipping_a_check_is_noticed(check: Check) -> None:
    skipping = Variant(f"skip {check.label}", "", (SkipCheck(check),))
    for case in NEGATIVE[check]:
        result = grade(case, TERMS, reference_target(skipping))
        sys.stdout.write(f"{skipping.name}\n    {result.case}: {result.because}\n")
        assert result.verdict is Verdict.FAIL, case.id


@pytest.mark.parametrize(
    "check", [Check.DATA_MAC, Check.DATA_DH_MEMBER, Check.PB_POINT, Check.RA_PROOF]
)
def test_skipping_a_check_is_noticed_over_bytes(check: Check) -> None:
    skipping = Variant(f"skip {check.label}", "", (SkipCheck(check),))
    result = grade(NEGATIVE[check][0], REAL, reference_target(skipping))
    assert result.verdict is Verdict.FAIL


# Ambiguities.


def touched(ambiguity: Ambiguity, fired: Mapping[str, tuple[str, ...]]) -> list[Case]:
    """The cases that fire a row which the literal reading changes."""
    edits = LITERAL[ambiguity.id].edits
    ids = {case for edit in edits if isinstance(edit, EditRow) for case in fired[edit.row]}
    return [OURS[case] for case in sorted(ids)]


@pytest.mark.parametrize("ambiguity", AMBIGUOUS, ids=[hole.id for hole in AMBIGUOUS])
def test_the_literal_reading_shows_and_is_not_failed(
    ambiguity: Ambiguity, fired: Mapping[str, tuple[str, ...]]
) -> None:
    target = reference_target(LITERAL[ambiguity.id])
    results = [grade(case, TERMS, target) for case in touched(ambiguity, fired)]
    noted = [result for result in results if result.verdict is not Verdict.PASS]
    assert noted
    assert {(r.verdict, r.ambiguity) for r in noted} == {(Verdict.NOTE, ambiguity.id)}


# A target that does not do its part makes no case fail otherwise than by a verdict.


@pytest.mark.parametrize("kind", ["auth-r", "auth-i", "data"])
def test_a_deaf_target_is_told_by_a_verdict(kind: str) -> None:
    row = DropRow(f"otrv4.receive:arrived.ready.is-{kind}")
    target = reference_target(Variant("deaf", "it does not hear this kind of message", (row,)))
    for case in list(OURS.values())[::5]:
        verdict = grade(case, TERMS, target).verdict
        assert verdict in {Verdict.FAIL, Verdict.NOTE, Verdict.PASS}, case.id


def test_playing_again_is_the_same() -> None:
    case = case_of("ratchet.duplicates.responder")
    first, second = (play(case, TERMS, reference_target(NONE)) for _ in range(2))
    assert first.observations == second.observations
