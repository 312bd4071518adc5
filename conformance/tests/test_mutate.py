"""Mutants of the reference, and what the suite makes of them."""

from __future__ import annotations

import fnmatch
import json
import time
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pytest

from otr_check.explore.registry import variant_of
from otr_check.explore.replay import replay
from otr_check.explore.scenario import BadScenario
from otr_conformance.cli import main
from otr_conformance.cli import mutate as command
from otr_conformance.mutate import (
    Asked,
    BadSample,
    Fate,
    Measured,
    measure,
    mutants_of,
    playing,
    sample,
)
from otr_conformance.mutate.argued import ARGUED
from otr_conformance.mutate.inside import Inside
from otr_conformance.mutate.measuring import Prober
from otr_conformance.mutate.playing import Player, Stalled, limited
from otr_conformance.mutate.proving import UNCOMPARED, judge_of, proved
from otr_conformance.mutate.searching import search
from otr_conformance.protocols import PROTOCOLS, protocol
from otr_conformance.verdict import Verdict
from otr_model.kernel.expr import Truth
from otr_model.kernel.mutants import Kind, Mutant
from otr_model.kernel.variant import (
    NONE,
    Assign,
    BadVariant,
    EditRow,
    Redefine,
    SetPolicy,
    Variant,
    apply,
)
from otr_model.otrv3 import variables as v3
from otr_model.otrv3.conditions import Cond as Cond3
from otr_model.otrv3.effects import Do as Do3
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv4.conditions import Cond as Cond4
from otr_reference.otrv3.commands import Start as Start3
from otr_reference.otrv3.endpoint import Endpoint as Endpoint3
from otr_reference.otrv3.session import Policy as Policy3

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from otr_model.kernel.variant import Edit

TIE = "drop otrv3.ake:dh-commit.awaiting-dhkey.allowed.ours-higher"


@lru_cache(maxsize=2)
def by_name(name: str) -> dict[str, Mutant]:
    """The mutants of a protocol."""
    return {mutant.name: mutant for mutant in mutants_of(name)}


def some_cases(name: str, count: int) -> tuple[str, ...]:
    """The first few cases of a protocol."""
    return tuple(PROTOCOLS[name].suite.cases)[:count]


@lru_cache(maxsize=2)
def commits() -> tuple[str, ...]:
    """Cases about D-H Commits that cross."""
    cases = PROTOCOLS["otrv3"].suite.cases
    return tuple(
        case for case in cases if case.startswith("otrv3.case:ake.") and "-commit-" in case
    )[:12]


# --- Which mutants there are ------------------------------------------------------------------


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_mutant_has_a_name_and_an_edit_of_its_own(name: str) -> None:
    mutants = mutants_of(name)

    assert len({mutant.name for mutant in mutants}) == len(mutants)
    tables = [mutant.variant.edits for mutant in mutants if mutant.kind is not Kind.BUG]
    assert len(set(tables)) == len(tables)
    assert all(mutant.about for mutant in mutants)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_there_are_mutants_of_every_kind_and_they_can_be_made(name: str) -> None:
    composition = PROTOCOLS[name].suite.trial.composition

    assert {mutant.kind for mutant in mutants_of(name)} == set(Kind)
    for mutant in sample(mutants_of(name), 150, seed=0):
        apply(composition, mutant.variant)


def test_every_parameter_policy_and_check_is_made_wrong() -> None:
    for name in PROTOCOLS:
        composition = PROTOCOLS[name].suite.trial.composition
        named = Counter(
            (mutant.kind, mutant.name.split()[1])
            for mutant in mutants_of(name)
            if mutant.kind in {Kind.PARAMETER, Kind.POLICY, Kind.SKIP}
        )

        for parameter in composition.parameters:
            assert named[Kind.PARAMETER, parameter.name] >= 2
        for check in composition.checks:
            assert named[Kind.SKIP, check.label] == (not check.spec.structural)


def test_the_name_of_a_mutant_is_a_variant_that_can_be_explored() -> None:
    for name in PROTOCOLS:
        kinds = {mutant.kind: mutant for mutant in mutants_of(name)}
        for mutant in kinds.values():
            assert variant_of(name, mutant.name).edits == mutant.variant.edits

    with pytest.raises(BadScenario, match="no variant 'omit nothing'"):
        variant_of("otrv3", "omit nothing")


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        (SetPolicy("allow_v5", value=True), "no policy allow_v5"),
        (Redefine(Cond4.WELCOME, Truth(value=True)), "WELCOME is no condition"),
        (Assign(Do3.SEND_QUERY, v3.SENT, None), "SEND_QUERY does not set sent"),
    ],
)
def test_what_is_not_there_cannot_be_edited(edit: Edit, complaint: str) -> None:
    with pytest.raises(BadVariant, match=complaint):
        apply(OTRV3, Variant("wrong", "", (edit,)))


def test_the_reference_follows_other_answers_values_and_policies() -> None:
    lab = PROTOCOLS["otrv3"].suite.terms()
    config = lab.config("alice", 0x101, Policy3())

    def sent(variant: Variant) -> int:
        endpoint = Endpoint3(lab.suite, config, variant)
        return len(endpoint.step(endpoint.begin(), Start3()).outputs)

    silent = Variant("disabled", "", (Redefine(Cond3.DISABLED, Truth(value=True)),))
    policies = tuple(SetPolicy(name, value=False) for name in ("allow_v2", "allow_v3"))

    assert sent(NONE) == 1
    assert sent(silent) == 0
    assert sent(Variant("nothing allowed", "", policies)) == 0
    kept = apply(OTRV3, Variant("kept", "", (Assign(Do3.STORE_SENT, v3.STORED, None),)))
    assert v3.STORED not in kept.sets_of(Do3.STORE_SENT)
    assert v3.STORED_AT in kept.sets_of(Do3.STORE_SENT)


# --- Samples ----------------------------------------------------------------------------------


def test_a_sample_is_reproducible_and_has_its_share_of_every_kind() -> None:
    mutants = mutants_of("otrv3")

    drawn = sample(mutants, 200, seed=7)

    assert drawn == sample(mutants, 200, seed=7)
    assert drawn != sample(mutants, 200, seed=8)
    assert len(drawn) == 200
    assert list(drawn) == [mutant for mutant in mutants if mutant in drawn]
    whole, part = (Counter(mutant.kind for mutant in each) for each in (mutants, drawn))
    for kind in Kind:
        assert abs(part[kind] - whole[kind] * 200 / len(mutants)) <= 1


def test_a_small_sample_has_each_kind_once_and_a_large_one_is_the_whole() -> None:
    mutants = mutants_of("otrv4")

    assert {mutant.kind for mutant in sample(mutants, len(Kind), seed=1)} == set(Kind)
    assert sample(mutants, len(mutants) + 5, seed=1) == mutants
    with pytest.raises(BadSample, match="at least one"):
        sample(mutants, 0, seed=1)


# --- What becomes of them ---------------------------------------------------------------------


def test_a_mutant_is_killed_by_a_case_and_the_case_says_why() -> None:
    player = Player(PROTOCOLS["otrv3"].suite, commits())
    mutant = by_name("otrv3")[TIE]

    played = player.play(mutant, player.plan.cases(mutant.variant))

    assert played.fate is Fate.KILLED
    assert played.because
    assert played.case in PROTOCOLS["otrv3"].suite.cases


def test_where_the_case_is_missing_the_mutant_survives_with_a_witness_and_a_case() -> None:
    cases = some_cases("otrv3", 8)
    assert not any("tie" in case or "commit" in case for case in cases)

    measured = measure("otrv3", [by_name("otrv3")[TIE]], Asked(cases, proves=False))

    (outcome,) = measured.outcomes
    assert outcome.fate is Fate.SURVIVED
    assert not measured.holds
    assert outcome.witness is not None
    assert replay(outcome.witness).differs == ""
    found = search("otrv3", outcome.mutant.variant, None)
    assert found.case.startswith('"""A case made of a witness')


def test_counts_add_up_and_are_the_same_by_kind() -> None:
    chosen = sample(mutants_of("otrv3"), 14, seed=3)

    measured = measure(
        "otrv3", chosen, Asked(some_cases("otrv3", 10), proves=False, searches=False)
    )

    assert [outcome.mutant for outcome in measured.outcomes] == list(chosen)
    assert sum(measured.counts.values()) == len(chosen)
    for fate, count in measured.counts.items():
        assert count == len(measured.of(fate))
        assert count == sum(fates[fate] for fates in measured.by_kind.values())


@pytest.mark.slow
def test_several_processes_come_to_the_same() -> None:
    chosen = sample(mutants_of("otrv3"), 24, seed=5)
    asked = {"cases": some_cases("otrv3", 10), "proves": False, "searches": False}

    alone = measure("otrv3", chosen, Asked(**asked))
    together = measure("otrv3", chosen, Asked(**asked, jobs=2))

    assert [o.fate for o in alone.outcomes] == [o.fate for o in together.outcomes]


def test_a_mutant_that_never_comes_to_rest_counts_as_a_crash() -> None:
    suite = PROTOCOLS["otrv3"].suite
    player = Player(suite, ["otrv3.case:tlv.padding"])
    mutant = by_name("otrv3")["omit advance-tlv otrv3.tlv:tlv-done.ready"]

    played = player.play(mutant, player.plan.cases(mutant.variant))

    assert played.fate is Fate.CRASHED
    assert "more than 100,000 rows" in played.because


def test_what_takes_too_long_is_stopped() -> None:
    def busy() -> None:
        with limited(0.01):
            while True:
                pass

    with pytest.raises(Stalled):
        busy()


@pytest.mark.parametrize(("slow", "fate"), [(1, None), (2, Fate.CRASHED)])
def test_a_mutant_never_ends_if_it_takes_too_long_twice(
    monkeypatch: pytest.MonkeyPatch, slow: int, fate: Fate | None
) -> None:
    cases = some_cases("otrv3", 1)
    player = Player(PROTOCOLS["otrv3"].suite, cases)
    times = iter(range(9))

    def takes(case: object, mutant: object) -> tuple[Verdict, str, str]:  # noqa: ARG001 - as the method
        return (Verdict.HANG if next(times) < slow else Verdict.PASS, "", "")

    monkeypatch.setattr(player, "_grade", takes)

    assert player.play(mutants_of("otrv3")[0], list(cases)).fate is fate


def test_the_time_that_grading_takes_is_not_the_mutants(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = some_cases("otrv3", 1)
    player = Player(PROTOCOLS["otrv3"].suite, cases)
    judged = type(player.grader).judged

    def slowly(*given: Any, **more: Any) -> Any:
        began = time.process_time()
        while time.process_time() < began + 0.3:
            pass
        return judged(*given, **more)

    monkeypatch.setattr(type(player.grader), "judged", slowly)
    monkeypatch.setattr(playing, "LIMIT", 0.2)

    assert player.play(mutants_of("otrv3")[0], list(cases)).fate is not Fate.CRASHED


def test_every_argument_is_about_some_mutant() -> None:
    for name, arguments in ARGUED.items():
        names = [mutant.name for mutant in mutants_of(name)]
        idle = [pattern for pattern in arguments if not fnmatch.filter(names, pattern)]
        assert idle == []


def test_a_case_that_is_left_out_cannot_notice_the_mutant() -> None:
    suite = PROTOCOLS["otrv3"].suite
    player = Player(suite, some_cases("otrv3", 12))
    lab = suite.terms()

    for mutant in sample(mutants_of("otrv3"), 20, seed=2):
        able = player.plan.cases(mutant.variant)
        left_out = [case for case in player.cases if case not in able]
        for case in left_out[:2]:
            target = suite.grader.reference_target(mutant.variant)
            assert suite.grader.grade(suite.cases[case], lab, target).verdict is Verdict.PASS


def test_the_negative_case_about_a_check_is_the_first_to_be_played() -> None:
    suite = PROTOCOLS["otrv3"].suite
    cases = [case for case in suite.cases if ":negative." in case and "mac" in case]
    player = Player(suite, cases)

    first, *_ = player.plan.cases(by_name("otrv3")["skip signature-mac"].variant)

    falsified = {edit.check.label for edit in suite.cases[first].cast.variant.edits}
    assert falsified == {"signature-mac"}


# --- Proofs, and what is seen inside ----------------------------------------------------------


def test_what_a_mutant_keeps_is_seen_inside() -> None:
    suite = PROTOCOLS["otrv3"].suite
    variant = by_name("otrv3")["update record used_0_0 kept"].variant
    name = "otrv3.case:strength.keys-end-with-the-conversation"

    seen = Inside(suite).seen(variant, [suite.cases[name]])

    assert seen is None or seen[0] == name
    every = Inside(suite).seen(
        by_name("otrv3")["bug keys-survive-the-end"].variant, [suite.cases[name]]
    )
    assert every is not None
    assert "ring" in every[1]


@pytest.mark.slow
def test_what_nobody_can_see_is_proved_and_what_a_case_sees_is_not() -> None:
    judge = judge_of("otrv4")
    assert judge is not None
    mutants = by_name("otrv4")

    assert proved(judge, mutants["update reveal unrevealed kept"].variant)[0] is Fate.INTERNAL
    dropped = mutants["omit tell-queued otrv4.message:user-send.start.waiting"]
    assert proved(judge, dropped.variant)[0] is Fate.EQUIVALENT
    aside = mutants["retarget otrv4.smp:smp-2.expect1.not-private EXPECT3"]
    assert proved(judge, aside.variant)[0] is Fate.INTERNAL
    muted = mutants["mute smp-reset otrv4.message:authenticated.start.not-private-3"]
    assert proved(judge, muted.variant)[0] is Fate.EQUIVALENT
    for seen in ("never has-text", "skip data-mac", "policy require_encryption set"):
        assert proved(judge, mutants[seen].variant)[0] is None
    because = proved(judge, mutants["bug brace-key-stays"].variant)[1]
    assert "not about tables" in because or "about values" in because


@pytest.mark.slow
def test_nothing_that_a_case_fails_is_proved() -> None:
    suite, judge = PROTOCOLS["otrv4"].suite, judge_of("otrv4")
    assert judge is not None
    player = Player(suite, list(suite.cases)[::40])
    kinds = {Kind.ANSWER, Kind.BOUNDARY, Kind.PART, Kind.UPDATE, Kind.POLICY, Kind.MUTE}

    killed = 0
    for mutant in sample([m for m in mutants_of("otrv4") if m.kind in kinds], 40, seed=4):
        names = player.plan.cases(mutant.variant)[:12]
        if player.play(mutant, names).fate is Fate.KILLED:
            killed += 1
            assert proved(judge, mutant.variant)[0] is None, mutant.name
    assert killed >= 10


@pytest.mark.parametrize("name", UNCOMPARED)
def test_the_suite_compares_nothing_that_proofs_leave_out(name: str) -> None:
    suite = protocol(name).suite
    composition, lab = suite.trial.composition, suite.terms()
    for label in UNCOMPARED[name]:
        effect = composition.effects[label]
        rows = [row for row in composition.rows() if effect in row.do]
        without = Variant(
            f"without {label}",
            "",
            tuple(
                EditRow(row.id, do=tuple(each for each in row.do if each is not effect))
                for row in rows
            ),
        )
        taken = {row.id for row in rows}
        found = 0
        for case in list(suite.cases.values())[:150]:
            predicted = suite.grader.predict(case, suite.grader.predicting(case, lab))
            if found < 3 and taken & {fired.row for fired in predicted.fired}:
                found += 1
                target = suite.grader.reference_target(without)
                assert suite.grader.grade(case, lab, target).verdict is Verdict.PASS, case.id


# --- The command ------------------------------------------------------------------------------


@pytest.fixture
def weakly(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Measure with the first few cases only, and without proofs."""

    def patch(count: int) -> None:
        def weak(*given: Any) -> Measured:
            name, mutants, _, *rest = given
            return measure(name, mutants, Asked(some_cases(name, count), proves=False), *rest)

        monkeypatch.setattr(command, "measure", weak)

    return patch


def test_the_command_lists_mutants(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mutate", "otrv3", "--list", "--only", "skip *", "--json"]) == 0

    listed = json.loads(capsys.readouterr().out)
    assert {each["kind"] for each in listed} == {"skip"}
    assert all(each["protocol"] == "otrv3" and each["about"] for each in listed)


def test_the_same_seed_lists_the_same_sample(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["mutate", "--list", "--sample", "40", "--seed", "11"]
    assert main(asked) == 0
    first = capsys.readouterr().out
    assert main(asked) == 0

    assert capsys.readouterr().out == first
    assert "otrv3, " in first
    assert "otrv4, " in first


def test_a_survivor_makes_the_exit_status_1_and_its_run_is_written(
    weakly: Callable[[int], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weakly(8)

    status = main(["mutate", "otrv3", "--only", TIE, "--witness", str(tmp_path / "runs")])

    out = capsys.readouterr().out
    assert status == 1
    assert "1 mutant survives that can be told from the reference" in out
    (file,) = (tmp_path / "runs").iterdir()
    assert str(file) in out
    assert main(["witness", str(file), "--case"]) == 0
    assert "def alike(stage: Stage)" in capsys.readouterr().out


def test_the_command_counts_every_fate_in_json(
    weakly: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    weakly(8)

    status = main(["mutate", "otrv3", "--only", "bug tie-break-*", "--json"])

    found = json.loads(capsys.readouterr().out)
    (counted,) = found["protocols"]
    assert status == found["exit"]
    fates = [fate.name.lower() for fate in Fate]
    assert sum(counted[fate] for fate in fates) == counted["tried"] == len(found["outcomes"]) == 2


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["otrv9"], "no protocol 'otrv9'"),
        (["otrv3", "--only", "nothing"], "no mutant is called 'nothing'"),
    ],
)
def test_misuse_is_one_line(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mutate", *arguments]) == 2

    assert complaint in capsys.readouterr().err


def test_a_prober_tells_a_kill_without_a_proof() -> None:
    prober = Prober("otrv3", Asked(commits()))

    outcome = prober.outcome(by_name("otrv3")["bug tie-break-gives-way"])

    assert outcome.fate is Fate.KILLED
    assert "judge" not in vars(prober)
