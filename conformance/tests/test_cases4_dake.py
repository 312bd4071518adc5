"""The cases of both DAKEs of OTRv4: what they fire, and which faulty targets they notice."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

import otr_conformance.otrv4.suite  # noqa: F401 - importing declares the cases
from otr_conformance.otrv4.case import CASES, Case, Level
from otr_conformance.otrv4.cases.negative_dake import CHECKS, falsifying
from otr_conformance.otrv4.grade import GRADER, grade, predict
from otr_conformance.otrv4.labs import RealLab
from otr_conformance.otrv4.stage import ReferenceParty, reference_target
from otr_conformance.otrv4.strength import coverage, faults, notice, row_of
from otr_conformance.otrv4.unreachable.dake import EQUIVALENT, UNREACHABLE
from otr_conformance.verdict import Verdict
from otr_model.kernel.composition import checks_of
from otr_model.kernel.table import Raise
from otr_model.kernel.variant import EditRow, SkipCheck, Variant
from otr_model.otrv4 import ambiguities as holes
from otr_model.otrv4.conditions import Check, Cond
from otr_model.otrv4.effects import Do
from otr_model.otrv4.protocol import OTRV4
from otr_model.otrv4.variants import LITERAL
from otr_model.otrv4.words import Dake, Event, Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from otr_conformance.otrv4.labs import Lab
    from otr_conformance.otrv4.stage import Cast, Target
    from otr_conformance.otrv4.strength import Noticed
    from otr_conformance.play.stage import Party, Reaction
    from otr_model.kernel.ambiguity import Ambiguity
    from otr_reference.otrv4.commands import Command
    from otr_reference.sorts import Wire

WRITTEN = {name: case for name, case in (CASES | CASES.left_out).items() if not case.derived}
"""Also those that derived cases make spare."""
TABLE = "otrv4.dake:"
AREAS = tuple(f"otrv4.cases.{name}" for name in ("dake", "offline", "negative_dake"))
OURS = [case for case in WRITTEN.values() if case.play.__module__.endswith(AREAS)]
TERMS, REAL = GRADER._terms, RealLab()  # so that nothing is predicted twice
LATELY = 24
"""So many faults back, a case that noticed one is tried first."""


def falsified(check: Check) -> list[Case]:
    """The cases in which what the tester sends fails a check."""
    variant = falsifying(check)
    return [case for case in OURS if case.cast.variant == variant]


@pytest.fixture(scope="module")
def fired() -> Mapping[str, tuple[str, ...]]:
    """For each row, the cases of ours that fire it; those that take the fewest steps first."""
    steps = {case.id: len(predict(case, TERMS).fired) for case in OURS}
    return {
        row: tuple(sorted(cases, key=lambda case: steps[case]))
        for row, cases in coverage(TERMS, OURS).items()
    }


def firing(fired: Mapping[str, tuple[str, ...]], row: str) -> list[Case]:
    """The cases that fire a row and can fail."""
    return [WRITTEN[case] for case in fired[row] if WRITTEN[case].level is Level.MUST]


def likely_first(cases: Iterable[Case], noticed: Sequence[Noticed]) -> list[Case]:
    """Those that noticed a fault lately come first: neighbours fail alike."""
    lately = {each.case for each in noticed[-LATELY:]}
    return sorted(cases, key=lambda case: case.id not in lately)


def told(found: Iterable[Noticed]) -> str:
    """Which case noticed what, and by what; shown with -s."""
    return "".join(f"{n.variant}\n    {n.verdict.word} {n.case}: {n.because}\n" for n in found)


# Rows.


def test_every_row_is_fired_or_cannot_be(fired: Mapping[str, tuple[str, ...]]) -> None:
    rows = [row.id for row in OTRV4.rows() if row.id.startswith(TABLE)]
    assert {row for row in rows if not fired[row]} == set(UNREACHABLE)
    assert min(map(len, UNREACHABLE.values())) > 50


@pytest.mark.parametrize("case", OURS, ids=[case.id for case in OURS])
def test_real_and_symbolic_alike(case: Case) -> None:
    real, symbolic = predict(case, REAL), predict(case, TERMS)
    assert not real.stuck
    assert not symbolic.stuck
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
        cast, log = case.cast, predict(case, TERMS).log
        policy = cast.target
        plain = type(policy)(policy.allow_v3, policy.allow_v4)
        asked = {
            "otrv4-dake": "the target's user starts a DAKE" in log,
            "otrv4-offline": any(line.endswith("user starts offline") for line in log),
            "otrv4-clock": any(line.endswith("seconds pass") for line in log),
            "otrv4-mode": cast.mode is not Mode.COMPATIBLE,
            "otrv4-trusted": cast.trusts,
            "policy": policy != plain,
        }
        assert case.needs - {"tag"} == {word for word, yes in asked.items() if yes}, case.id


# Faulty targets.


KEYS_ARE_GONE = {
    f"retarget {TABLE}{row} WAITING_AUTH_R"
    for row in (
        "auth-r.waiting-auth-r.acceptable",
        "auth-i.waiting-auth-i.allowed.auth-i-valid",
        "offer-over.waiting-auth-r.offer-answered",
        *(f"offline-wanted.{state.label}" for state in Dake),
        *(f"non-interactive-auth.{state.label}.acceptable" for state in Dake),
        "non-interactive-auth.idle.finished",
    )
}
"""A conversation is private or finished, and the keys that WAITING_AUTH_R is about are forgotten:
a target that is led there by fault shows it only when it wants to use them, and breaks down."""


def test_faulty_rows_are_noticed(fired: Mapping[str, tuple[str, ...]]) -> None:
    noticed: list[Noticed] = []
    survived: list[str] = []
    for variant in faults():
        row = row_of(variant)
        if not row.startswith(TABLE) or row in UNREACHABLE or variant.name in EQUIVALENT:
            continue
        found = notice(variant, TERMS, likely_first(firing(fired, row), noticed))
        if found is None:
            survived.append(variant.name)
        else:
            noticed.append(found)
    sys.stdout.write(told(noticed))
    assert survived == []
    assert {n.variant for n in noticed if n.verdict is not Verdict.FAIL} == KEYS_ARE_GONE


ANSWER = (Do.ANSWER_IDENTITY, Do.SEND_AUTH_R)
ACCEPT = (Do.ACCEPT_AUTH_R, Do.SEND_AUTH_I)
ACCEPT_OFFLINE = (Do.ACCEPT_NON_INTERACTIVE_AUTH, Do.TELL_PREKEY_USED)
BEGUN, PRIVATE = (Raise(Event.DAKE_BEGUN),), (Raise(Event.AUTHENTICATED),)
WAITS = Dake.WAITING_AUTH_I


def _edit(
    row: str, *do: Do, goto: Dake | None = None, raises: tuple[Raise[Event], ...] = ()
) -> EditRow:
    return EditRow(f"{TABLE}{row}", do=do, goto=goto, raises=raises)


MISTAKES: dict[str, EditRow] = {
    "always gives way": _edit(
        "identity.waiting-auth-r.ours-higher", *ANSWER, goto=WAITS, raises=BEGUN
    ),
    "never gives way": _edit(
        "identity.waiting-auth-r.theirs-higher", Do.SEND_IDENTITY, goto=Dake.WAITING_AUTH_R
    ),
    "gives way in silence": _edit("identity.waiting-auth-r.ours-higher", goto=Dake.WAITING_AUTH_R),
    "makes new keys where it sends the same again": _edit(
        "identity.waiting-auth-r.ours-higher", Do.NEW_IDENTITY, Do.SEND_IDENTITY
    ),
    "offers the same keys when it is asked again": _edit(
        "dake-wanted.waiting-auth-r.allowed", Do.SEND_IDENTITY, raises=BEGUN
    ),
    "sends its Auth-R again for another Identity": _edit(
        "identity.waiting-auth-i.acceptable", Do.SEND_AUTH_R, raises=BEGUN
    ),
    "ignores another Identity": _edit("identity.waiting-auth-i.acceptable"),
    "answers in WAITING_AUTH_I what was for all": _edit(
        "identity.waiting-auth-i.for-any", *ANSWER, raises=BEGUN
    ),
    "answers strangers": _edit("identity.idle.untrusted", *ANSWER, goto=WAITS, raises=BEGUN),
    "answers strangers in WAITING_AUTH_I": _edit(
        "identity.waiting-auth-i.untrusted", *ANSWER, raises=BEGUN
    ),
    "accepts strangers": _edit(
        "auth-r.waiting-auth-r.untrusted", *ACCEPT, goto=Dake.IDLE, raises=PRIVATE
    ),
    "answers whoever comes": _edit("identity.idle.not-welcome", *ANSWER, goto=WAITS, raises=BEGUN),
    "answers whoever comes in WAITING_AUTH_I": _edit(
        "identity.waiting-auth-i.not-welcome", *ANSWER, raises=BEGUN
    ),
    **{
        f"accepts {who} offline in {state.name}": _edit(
            f"non-interactive-auth.{state.label}.{name}",
            *ACCEPT_OFFLINE,
            goto=Dake.IDLE,
            raises=PRIVATE,
        )
        for state in Dake
        for name, who in (
            ("untrusted", "strangers"),
            ("finished", "in FINISHED"),
            ("online-only", "against the policy"),
        )
    },
    "is not private after its own offline message": _edit(
        "offline-wanted.idle", Do.SEND_NON_INTERACTIVE_AUTH
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_plausible_mistakes_are_noticed(name: str, fired: Mapping[str, tuple[str, ...]]) -> None:
    edit = MISTAKES[name]
    found = notice(Variant(name, "", (edit,)), TERMS, firing(fired, edit.row))
    assert found is not None
    assert found.verdict is Verdict.FAIL
    sys.stdout.write(told([found]))


class _Generous(ReferenceParty):
    """Forgets which prekey messages were used."""

    def receive(self, wire: Wire) -> Reaction:
        """As if none was."""
        kept = dict(self.account.prekeys)
        reaction = super().receive(wire)
        self.account.prekeys.update(kept)
        self.conversation.used_prekeys = None
        return reaction


def _generous(lab: Lab, cast: Cast) -> Party[Command]:
    right = reference_target()(lab, cast)
    assert isinstance(right, ReferenceParty)
    return _Generous(lab, right.account, right.endpoint.config)


def test_a_prekey_that_is_used_twice_is_noticed() -> None:
    target: Target = _generous
    result = grade(WRITTEN["otrv4.case:offline.replayed-later"], TERMS, target)
    assert result.verdict is Verdict.FAIL
    assert (
        grade(WRITTEN["otrv4.case:offline.accepts-what-waited"], TERMS, target).verdict
        is Verdict.PASS
    )


# Checks.


def test_checks_are_those_of_the_dakes() -> None:
    asked = (
        *(Cond.IDENTITY_VALID, Cond.AUTH_R_VALID, Cond.AUTH_I_VALID),
        *(Cond.NON_INTERACTIVE_VALID, Cond.ENSEMBLE_VALID),
    )
    assert set(CHECKS) == {check for condition in asked for check in checks_of(condition)}
    falsifications = [case for check in CHECKS for case in falsified(check)]
    assert len(falsifications) == sum(len(checks_of(condition)) for condition in asked)


@pytest.mark.parametrize("lab", [TERMS, REAL], ids=["symbolic", "real"])
@pytest.mark.parametrize("check", CHECKS, ids=[check.label for check in CHECKS])
def test_each_check_fails_alone(check: Check, lab: Lab) -> None:
    for case in falsified(check):
        played = predict(case, lab)
        assert {f.failed for f in played.fired} - {""} == {check.label}
        typed = next(i for i, o in enumerate(played.observations) if "user types" in o.step)
        assert not any("secure" in said for o in played.observations[:typed] for said in o.reports)


SKIPPABLE = [check for check in CHECKS if not check.spec.structural]


@pytest.mark.parametrize("check", SKIPPABLE, ids=[check.label for check in SKIPPABLE])
def test_skipping_a_check_is_noticed(check: Check) -> None:
    skipping = Variant(f"skip {check.label}", "", (SkipCheck(check),))
    results = [grade(case, TERMS, reference_target(skipping)) for case in falsified(check)]
    expected = Verdict.NOTE if skipping.name in EQUIVALENT else Verdict.FAIL
    assert {result.verdict for result in results} == {expected}
    for result in results:
        sys.stdout.write(f"{skipping.name}\n    {result.case}: {result.because}\n")


def test_equivalent_faults_are_not_noticed() -> None:
    known = {variant.name: variant for variant in faults()}
    for name, reason in EQUIVALENT.items():
        assert len(reason) > 50
        assert notice(known[name], TERMS, OURS) is None


# Ambiguities.

AMBIGUOUS = (
    *(holes.IDENTITY_WHEN_PRIVATE, holes.FORGED_NON_INTERACTIVE_AUTH, holes.END_WHILE_WAITING),
    *(holes.STUCK_DAKE, holes.IDENTITY_RESENT, holes.ONLINE_AGAIN, holes.TRANSITION_OPTIONAL),
)


@pytest.mark.parametrize("ambiguity", AMBIGUOUS, ids=[hole.id for hole in AMBIGUOUS])
def test_the_literal_reading_shows(ambiguity: Ambiguity) -> None:
    target = reference_target(LITERAL[ambiguity.id])
    results = [grade(case, TERMS, target) for case in OURS]
    noted = [result for result in results if result.verdict is not Verdict.PASS]
    assert {(r.verdict, r.ambiguity) for r in noted} == {(Verdict.NOTE, ambiguity.id)}
    for result in noted:
        sys.stdout.write(f"{ambiguity.id}\n    {result.case}: {result.because}\n")


@pytest.mark.parametrize("name", sorted(set(LITERAL) - {hole.id for hole in AMBIGUOUS}))
def test_no_literal_reading_is_failed(name: str) -> None:
    target = reference_target(LITERAL[name])
    assert [r for case in OURS if (r := grade(case, TERMS, target)).verdict is Verdict.FAIL] == []
