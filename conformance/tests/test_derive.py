"""Derived cases: pairs of rows are found, with short scripts, and probes that tell states apart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from otr_conformance.derive import choice, record
from otr_conformance.derive.cases import name_of, needs_of
from otr_conformance.derive.deriving import choose, level_of
from otr_conformance.derive.identify import identify
from otr_conformance.derive.plan import Script
from otr_conformance.derive.search import pairs_of, search
from otr_conformance.derive.shorten import last_pairs, shorten
from otr_conformance.derive.steady import steady
from otr_conformance.derive.usual import ARRIVES
from otr_conformance.derive.vary import by_row, under
from otr_conformance.otrv3.plan import PLAN
from otr_conformance.play.case import Level
from otr_conformance.protocols import PROTOCOLS, protocol
from otr_reference.errors import Malformed

if TYPE_CHECKING:
    from pathlib import Path


QUERY = "otrv3.ake:query-offer.none.offers-3"
TYPES = "otrv3.message:user-send.encrypted"
PRIVATE = ("target starts", ARRIVES)


# Scripts.


def test_a_script_says_who_does_what() -> None:
    stage = PLAN.play(Script("v3", (*PRIVATE, "target types", "to tester")))

    assert stage is not None
    assert [kind for seen in stage.observations for kind in seen.wires][-1] == "Data v3"
    assert stage.observations[-1].peer == ("message private target types",)


def test_a_script_is_of_no_use_where_it_hangs_on_the_randomness_of_the_target() -> None:
    crossing = ("target starts", "a Query for 3", "to tester", "a Query for 3 to the tester")

    assert PLAN.play(Script("v3", crossing)) is not None
    assert PLAN.play(Script("v3", (*crossing, ARRIVES))) is None
    assert PLAN.play(Script("v3", ("a Query for 3", "tester commits lower", ARRIVES))) is not None


def test_a_script_is_of_no_use_where_it_hangs_on_chance_in_another_target_that_is_right() -> None:
    # Whoever answers the garbage with an Error Message is asked for an exchange, beside the one
    # that the tag begins; then two D-H Commit Messages cross.
    tagging = Script("tagging", ("garbage", "target types"))

    assert PLAN.play(replace(tagging, moves=(*tagging.moves, "target types", ARRIVES))) is not None
    assert steady(PLAN, tagging)
    assert not steady(PLAN, tagging, ("target types", ARRIVES))


@pytest.mark.slow
@pytest.mark.parametrize("name", PROTOCOLS)
def test_no_script_on_file_hangs_on_chance(name: str) -> None:
    plan = protocol(name).plan

    hanging = [e for e in record.read(name).scripts[::40] if not steady(plan, e.script, e.probe)]

    assert hanging == []


def test_a_script_that_delivers_what_was_never_sent_cannot_be_played() -> None:
    assert PLAN.play(Script("v3", ("to target",))) is None


def test_what_happens_on_a_copy_of_a_stage_leaves_the_stage_as_it_is() -> None:
    stage = PLAN.play(Script("v3", PRIVATE))
    assert stage is not None
    before = PLAN.place(stage)

    for name in ("target ends", ARRIVES, "tester types"):
        PLAN.take(PLAN.fork(stage), PLAN.moves[name])
    other = PLAN.fork(stage)
    PLAN.take(other, PLAN.moves["target ends"])

    assert PLAN.place(stage) == before
    assert PLAN.place(other) != before


# The search.


def test_a_search_of_a_target_that_is_closed_ends_with_its_few_pairs() -> None:
    found = search(PLAN, "closed", 60)
    again = search(PLAN, "closed", 60)

    assert found == again
    assert not found.complete
    assert all(pair in last_pairs(PLAN, script) for pair, script in found.pairs.items())
    disabled = "otrv3.instances:received.ready.disabled"
    assert (disabled, disabled) in found.pairs


def test_shortening_leaves_out_what_is_not_needed() -> None:
    long = Script("v3", ("a text", "tester types", "a Query for 3", "time passes", "target types"))
    pair = (
        QUERY,
        "otrv3.message:user-send.plaintext.not-disabled.not-require-encryption.not-attach-tag",
    )

    short = shorten(PLAN, long, pair)

    assert short == Script("v3", ("a Query for 3", "target types"))


def test_few_scripts_are_chosen_that_show_all_pairs() -> None:
    one, two = Script("v3", ("a",)), Script("v3", ("a", "b"))
    short = {
        ("p", "q"): (one, frozenset({("p", "q"), ("q", "r")})),
        ("q", "r"): (one, frozenset({("p", "q"), ("q", "r")})),
        ("r", "s"): (two, frozenset({("r", "s")})),
    }

    chosen = choose(short)

    assert chosen == {("r", "s"): (two, ()), ("p", "q"): (one, (("q", "r"),))}


# Probes.


def test_a_probe_tells_a_target_that_landed_in_another_state() -> None:
    script = Script("v3", (*PRIVATE, "target types"))

    probe = identify(PLAN, script)

    assert {"message in plaintext", "message in finished"} <= set(probe.told)
    stage = PLAN.play(script)
    assert stage is not None
    tables = {table.machine: table for table in PLAN.composition.tables}
    astray = dict(PLAN.astray(stage, tables["message"], 0x1001))
    assert set(astray) == {"message in plaintext", "message in finished"}


@pytest.mark.slow
@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_probes_on_file_tell_what_they_are_said_to_tell(name: str) -> None:
    plan = protocol(name).plan
    entries = [e for e in record.read(name).scripts if e.told][::400]

    for each in entries:
        found = identify(plan, each.script)
        assert (found.moves, found.told, found.untold) == (each.probe, each.told, each.untold)


# The file.


@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_file_is_as_new_as_the_tables(name: str) -> None:
    derived = record.read(name)

    assert derived.tables == record.digest(protocol(name).plan.composition)
    assert record.path(name).read_text(encoding="utf-8") == record.write(derived)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_scripts_on_file_show_their_pairs(name: str) -> None:
    plan = protocol(name).plan

    for each in record.read(name).scripts[::60]:
        assert last_pairs(plan, each.script) >= {each.pair, *each.also}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_script_and_every_variation_is_a_case_or_left_out(name: str) -> None:
    derived, suite, plan = record.read(name), protocol(name).suite, protocol(name).plan

    candidates = {**suite.cases, **suite.cases.left_out}
    assert sum(case.derived for case in candidates.values()) == len(derived.scripts) + len(
        derived.policies
    )
    assert {case.name for case in suite.cases.left_out.values()} == set(choice.read(name).left_out)
    for each in derived.scripts:
        case = candidates[f"{name}.case:{name_of(plan, each.pair)}"]
        assert case.needs == needs_of(plan, each)
        assert case.about


def test_a_file_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(record, "path", lambda _: tmp_path / "derived.json")
    with pytest.raises(Malformed, match=r"derived\.json"):
        record.read("otrv3")

    for text in ("{", "[]", '{"protocol": "otrv3", "tables": "", "searches": {}, "pairs": {}}'):
        (tmp_path / "derived.json").write_text(text)
        with pytest.raises(Malformed):
            record.read("otrv3")


def test_a_case_needs_what_its_moves_and_its_policies_need() -> None:
    smp = next(e for e in record.read("otrv3").scripts if "target begins SMP" in e.script.moves)

    assert "smp" in needs_of(PLAN, smp)
    eager = replace(smp, script=Script("eager", ("target types",)), probe=())
    assert needs_of(PLAN, eager) == {"policy"}


def test_a_case_is_as_strong_as_the_clauses_of_its_row() -> None:
    assert level_of(PROTOCOLS["otrv3"], TYPES) is Level.MUST
    assert {e.level for e in record.read("otrv3").scripts} == {Level.MUST, Level.SHOULD}


# Other policies.


def test_a_case_is_found_that_takes_a_row_under_another_policy() -> None:
    cases = by_row(PLAN, [protocol("otrv3").suite.cases["otrv3.case:life.started-by-tester"]])

    found = under(PLAN, cases[QUERY], QUERY, {"allow_v2": True, "allow_v3": True})
    none = under(PLAN, cases[QUERY], QUERY, {"allow_v2": True, "allow_v3": False})

    assert found is not None
    assert found.base == "otrv3.case:life.started-by-tester"
    assert none is None


def test_a_case_under_another_policy_plays_as_the_one_that_it_is_made_of() -> None:
    suite = protocol("otrv3").suite
    varied = record.read("otrv3").policies[0]
    cases = [c for c in suite.cases.values() if c.name.startswith("policy.")]

    case = cases[0]
    fired = [f.row for f in suite.grader.predict(case, suite.terms()).fired]
    assert varied.row in fired
    assert "policy" in case.needs
    for name, value in varied.policies.items():
        assert getattr(case.cast.target, name) is value


def test_rows_are_paired_with_those_before_them() -> None:
    assert list(pairs_of(("a", "b", "c"))) == [("a", "b"), ("b", "c")]
