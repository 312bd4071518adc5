"""The prover: what it proves about OTRv3, and that broken tables are convicted with rows named."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from enum import unique
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otr_check.proofs import (
    Fault,
    Finding,
    IllTyped,
    Inconclusive,
    Interval,
    Report,
    TableProof,
    Witness,
    intervals_of,
)
from otr_check.solver import evaluate, prove, prove_table
from otr_model.kernel.composition import Assumption, Composition, Family, Parameter
from otr_model.kernel.expr import (
    Bool,
    Choice,
    Conjunction,
    Declare,
    Disjunction,
    InState,
    Int,
    Number,
    Scope,
    Truth,
    Variable,
)
from otr_model.kernel.guard import ALWAYS, Exclusive, Guard
from otr_model.kernel.readings import PAGE, PLACE, PROMELA, PYTHON
from otr_model.kernel.table import IllFormed, Row, Table, at, on, otherwise, table
from otr_model.kernel.variant import DropRow, EditRow, Variant, apply
from otr_model.kernel.vocabulary import (
    Check,
    Checking,
    Condition,
    Datum,
    Defined,
    Effect,
    Event,
    Opaque,
    Origin,
    Point,
    Signal,
    Validity,
    action,
)
from otr_model.kernel.words import Word
from otr_model.otrv3 import variables as v
from otr_model.otrv3.conditions import Cond as Otrv3Cond
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.words import Kind, TlvKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_model.kernel.composition import AnyRow

# A protocol small enough to be broken in every way: a gate that counts coins.

gate = Declare(Scope.MEMBER)
COINS = gate.integer("coins", "how many coins are in the gate")
BARRED = gate.flag("barred", "an attendant has barred the gate")
PAID = gate.array("paid", "coins by slot", 2)
COIN_KIND = Declare(Scope.MESSAGE).integer("coin_kind", "which kind of coin it is, as a number")
PRICE = Declare(Scope.ENDPOINT).integer("price", "how many coins it takes")


@unique
class Gate(Word):
    """States of the gate."""

    SHUT = "nobody can pass"
    OPEN = "one can pass"


@unique
class Happening(Event):
    """Events of the gate."""

    COIN = Signal("a coin is put in", Origin.RECEIVED)


@unique
class Looks(Check):
    """Checks of a coin."""

    WEIGHT = Checking("it has the weight of a coin", Point.RANGE)
    ROOM = Checking("there is room for it", Point.COUNTER, COINS < 9)


@unique
class Cond(Condition):
    """Conditions of the gate."""

    FEW = Defined("fewer than three coins", COINS < 3)
    MANY = Defined("more than three coins", COINS > 3)
    ENOUGH = Defined("three coins or more", COINS >= 3)
    SOME = Defined("at least one coin", COINS > 0)
    BELOW_NONE = Defined("fewer coins than none", COINS < 0)
    COVERED = Defined("as many coins as it takes", COINS >= PRICE)
    WAS_OPEN = Defined("the gate is open", InState("gate", (Gate.OPEN,)))
    MASTER_OPEN = Defined("the first gate is open", InState("gate", (Gate.OPEN,), "master"))
    SLOT_PAID = Defined("the slot that the coins point to was paid", PAID[(COINS - 1,)] > 0)
    GOLD = Defined("kind 0", COIN_KIND.equals(0))
    SILVER = Defined("kind 1", COIN_KIND.equals(1))
    COPPER = Defined("kind 2", COIN_KIND.equals(2))
    GENUINE = Validity("the coin passes every check", tuple(Looks))
    SHINY = Opaque("the coin shines")
    DULL = Opaque("the coin is dull")


@unique
class Do(Effect):
    """Effects of the gate."""

    COUNT = action("count the coin", sets={COINS: COINS + 1})


FEW, MANY, ENOUGH, SOME = Cond.FEW, Cond.MANY, Cond.ENOUGH, Cond.SOME
METALS = Exclusive((Cond.GOLD, Cond.SILVER, Cond.COPPER), complete=True)


def row(when: Guard | Condition, name: str, at: Gate = Gate.SHUT) -> Row[Any, Any, Any, Any]:
    """A row of the gate that does nothing but hold."""
    return Row("toll.gate", at, Happening.COIN, Guard.of(when), (), at, (), "", name)


def rows(*whens: Guard | Condition) -> Table[Any, Any, Any, Any]:
    """A table that the kernel did not look at: rows named a, b, ... when the gate is shut."""
    made = [row(when, name) for when, name in zip(whens, "abcdef", strict=False)]
    return Table("toll.gate", "", Gate, Gate.SHUT, (*made, row(ALWAYS, "", Gate.OPEN)))


def toll(gate_table: Table[Any, Any, Any, Any] | None = None, **parts: Any) -> Composition:
    """A composition of one table, whose vocabularies nobody validated."""
    made = rows(ALWAYS) if gate_table is None else gate_table
    whole = Composition(
        "toll",
        "",
        (made,),
        Family("gate", "", (made.name,), "gates", Truth(value=True)),
        Happening,
        Cond,
        Looks,
        Do,
        Datum,
        (COINS, BARRED, PAID, COIN_KIND),
        (Parameter("gates", 1, ""), Parameter("price", 3, "")),
    )
    return replace(whole, **parts)


def proof_of(*whens: Guard | Condition, **parts: Any) -> TableProof:
    """The proof of a table with these rows."""
    made = rows(*whens)
    return prove_table(toll(made, **parts), made)


def faults(found: tuple[Finding, ...]) -> list[tuple[Fault, str]]:
    """The faults, each with the names of the rows."""
    return [(f.fault, "".join(r.rpartition(".")[2] for r in f.rows)) for f in found]


# Counter-examples are replayed in Python: a witness that is none would convict the prover.


def step_of(
    variables: Mapping[Variable, int | bool], states: Mapping[tuple[str, str], Word]
) -> SimpleNamespace:
    """A running step with these values, for the readings in Python."""
    names = ("member", "master", "shared", "facts", "config")
    places: dict[str, dict[str, object]] = {name: {} for name in names}
    for variable, value in variables.items():
        places[PLACE[variable.scope].rstrip(".")][variable.name] = value
    for (owner, machine), state in states.items():
        places[owner][machine] = state
    return SimpleNamespace(**{k: SimpleNamespace(**values) for k, values in places.items()})


def replay(finding: Finding, composition: Composition) -> None:
    """Assert that a finding about a cell is true of the tables as Python runs them."""
    witness = finding.witness
    assert witness is not None
    step = step_of(witness.variables, witness.states)
    for condition, holds in witness.conditions.items():
        spec = condition.spec
        if isinstance(spec, Defined):
            assert spec.expr.read(PYTHON)(step) is holds, condition
        if isinstance(spec, Validity):
            assert all(witness.checks[check] for check in spec.checks) is holds, condition
    for check, holds in witness.checks.items():
        if check.spec.expr is not None:
            assert check.spec.expr.read(PYTHON)(step) is holds, check
    expected = finding.fault is Fault.OVERLAP
    for row_id in finding.rows:
        guard = composition.row(row_id).when
        assert guard.holds(witness.conditions.__getitem__) is expected, row_id


# OTRv3.


@pytest.fixture(scope="module")
def report() -> Report:
    """The proofs of OTRv3 as it is."""
    return prove(OTRV3)


def test_every_table_of_otrv3_is_total_deterministic_and_without_dead_rows(report: Report) -> None:
    assert report.findings == ()
    assert report.holds
    assert [proof.subject for proof in report.tables] == [t.name for t in OTRV3.tables]
    for proof, proved in zip(report.tables, OTRV3.tables, strict=True):
        sizes = Counter((r.at, r.on) for r in proved.rows)
        several = sum(size > 1 for size in sizes.values())
        assert proof.rows == len(proved.rows)
        assert proof.cells == len(sizes)
        # Each cell: total; deterministic where it has several rows. Each row: alive.
        assert proof.claims == len(sizes) + several + len(proved.rows)


def test_the_declared_exclusions_of_otrv3_follow_from_definitions(report: Report) -> None:
    # Every pair of 12 kinds and of 12 kinds of TLVs, that both are complete, and 3 pairs of tags.
    assert report.exclusions.claims == 66 + 1 + 66 + 1 + 3
    assert report.exclusions.holds
    assert [a.about for a in report.assumptions] == [
        f"natural numbers: {len(intervals_of(OTRV3)) - 2} integer variables are at least 0",
        "enumeration: msg.kind is from 0 to 11",
        "enumeration: msg.tlv_kind is from 0 to 11",
        "the smallest valid instance tag is above 0, and our own tag is valid",
    ]
    assert intervals_of(OTRV3)[v.KIND] == Interval(0, len(Kind) - 1)
    assert intervals_of(OTRV3)[v.TLV_KIND] == Interval(0, len(TlvKind) - 1)
    assert intervals_of(OTRV3)[v.SMALLEST_TAG] == Interval(0)


def test_the_report_reads_line_by_line(report: Report) -> None:
    lines = report.text.splitlines()

    assert lines[: len(report.assumptions)] == [f"assumed: {a.about}" for a in report.assumptions]
    assert [line.partition(":")[0] for line in lines[len(report.assumptions) :]] == [
        "exclusive conditions",
        "updates of variables",
        "handlers of events",
        *(t.name for t in OTRV3.tables),
    ]
    assert all("claims, proved, in" in line for line in lines[len(report.assumptions) :])
    assert report.seconds == sum(proof.seconds for proof in report.proofs)


def test_without_a_valid_tag_of_ours_the_receivers_of_otrv3_are_not_exclusive() -> None:
    bare = prove(replace(OTRV3, assumptions=()))

    assert {(f.fault, f.where) for f in bare.exclusions.findings} == {
        (Fault.NOT_EXCLUSIVE, "FOR_US, FOR_ANY"),
        (Fault.NOT_EXCLUSIVE, "FOR_US, RECEIVER_TAG_ILLEGAL"),
    }
    instances = next(proof for proof in bare.tables if proof.subject == "otrv3.instances")
    # The kernel believes what is declared, and sees no overlap here.
    OTRV3.table("instances").validate()
    assert {f.fault for f in instances.findings} == {Fault.OVERLAP}
    assert all(
        "illegal-receiver" in f.rows[0] or "no-instance" in f.rows[0] for f in instances.findings
    )
    for finding in instances.findings:
        replay(finding, OTRV3)
        assert finding.witness is not None
        values = finding.witness.variables
        assert values[v.OUR_TAG] == 0 or values[v.OUR_TAG] < values[v.SMALLEST_TAG]
    assert all(proof.holds for proof in bare.tables if proof is not instances)


def event_alone(dropped: AnyRow) -> tuple[Table[Any, Any, Any, Any], list[AnyRow]]:
    """The table of a row, and the rows for the same event."""
    its_table = OTRV3.table(dropped.table)
    return its_table, [r for r in its_table.rows if r.on is dropped.on]


@pytest.mark.slow
def test_dropping_any_row_of_otrv3_leaves_a_gap_in_its_cell() -> None:
    for dropped in OTRV3.rows():
        its_table, beside = event_alone(dropped)
        if len(beside) == 1:
            continue  # Then nothing handles the event: see the next test.
        left = its_table.with_rows(r for r in beside if r is not dropped)
        findings = prove_table(OTRV3, left).findings
        where = f"{its_table.name}: {dropped.on.name} in {dropped.at.name}"
        assert [(f.fault, f.where) for f in findings] == [(Fault.GAP, where)], dropped.id
        assert dropped.id not in findings[0].rows
        replay(findings[0], OTRV3)


def test_an_event_that_no_table_handles_is_found() -> None:
    without = apply(OTRV3, Variant("v", edits=(DropRow("otrv3.tlv:tlv-done.ready"),)))
    found = prove(without.composition).findings

    assert found == (Finding(Fault.UNHANDLED, "TLV_DONE"),)
    assert found[0].text == "TLV_DONE: no table handles the event"


@pytest.mark.slow
def test_widening_any_row_of_otrv3_overlaps_with_every_other_row_of_its_cell() -> None:
    for widened in OTRV3.rows():
        its_table, beside = event_alone(widened)
        cell = [r for r in beside if r.at is widened.at]
        if len(cell) == 1:
            continue
        wider = its_table.with_rows(replace(r, when=ALWAYS) if r is widened else r for r in beside)
        findings = prove_table(OTRV3, wider).findings
        assert all(f.fault is Fault.OVERLAP and widened.id in f.rows for f in findings)
        assert {r for f in findings for r in f.rows} | {widened.id} == {r.id for r in cell}


def test_an_edited_row_of_otrv3_is_convicted_by_name() -> None:
    acknowledges = "otrv3.keys:data-taken.held.acknowledges"
    edits = (EditRow(f"{acknowledges}.not-advances", when=Guard.of(Otrv3Cond.ACKNOWLEDGES)),)
    keys = apply(OTRV3, Variant("v", edits=edits)).composition.table("keys")
    (finding,) = prove_table(OTRV3, keys).findings

    assert finding.fault is Fault.OVERLAP
    assert finding.rows == (f"{acknowledges}.advances", f"{acknowledges}.not-advances")
    assert finding.witness is not None
    values = finding.witness.variables
    assert values[v.RECIPIENT_KEYID] == values[v.OUR_KEYID]
    assert values[v.SENDER_KEYID] == values[v.THEIR_KEYID]
    assert finding.witness.conditions == {
        Otrv3Cond.ACKNOWLEDGES: True,
        Otrv3Cond.ADVANCES: True,
    }


# What definitions show, and a truth table cannot.


def test_rows_that_only_definitions_make_disjoint_and_total_are_proved() -> None:
    made = rows(FEW, ENOUGH)

    with pytest.raises(IllFormed, match=r"no row holds when nothing holds"):
        made.validate()
    assert prove_table(toll(made), made).findings == ()


def test_an_overlap_of_two_definitions_is_found_though_they_are_declared_exclusive() -> None:
    declared = Exclusive((FEW, SOME))
    made: Table[Any, Any, Any, Any] = table(
        "toll.gate",
        "",
        Gate,
        Gate.SHUT,
        on(Happening.COIN, "", at(tuple(Gate), FEW), at(tuple(Gate), SOME), otherwise()),
        exclusives=(declared,),
    )
    report = prove(toll(made))

    assert faults(report.exclusions.findings) == [(Fault.NOT_EXCLUSIVE, "")]
    (shut, dead_shut, opened, dead_open) = report.tables[0].findings
    assert shut.rows == ("toll.gate:coin.shut.few", "toll.gate:coin.shut.some")
    assert opened.rows == ("toll.gate:coin.open.few", "toll.gate:coin.open.some")
    for overlap in (shut, opened):
        replay(overlap, toll(made))
        assert overlap.witness is not None
        assert overlap.witness.variables[COINS] in {1, 2}
    # There is always one or the other: what is left for `otherwise` is nothing.
    assert (dead_shut.fault, dead_open.fault) == (Fault.DEAD, Fault.DEAD)
    assert dead_shut.rows == ("toll.gate:coin.shut.otherwise",)


def test_a_gap_between_two_definitions_is_found_with_the_one_value_in_it() -> None:
    (finding,) = proof_of(FEW, MANY).findings

    assert finding.fault is Fault.GAP
    assert finding.rows == ("toll.gate:coin.shut.a", "toll.gate:coin.shut.b")
    assert finding.witness == Witness({FEW: False, MANY: False}, {}, {COINS: 3}, {})
    assert finding.text == (
        "toll.gate: COIN in SHUT: no row holds\n"
        "    toll.gate:coin.shut.a\n"
        "    toll.gate:coin.shut.b\n"
        "    holding: nothing; not holding: FEW, MANY; coins = 3"
    )


def test_a_row_that_contradicts_itself_by_definition_is_dead() -> None:
    made: Table[Any, Any, Any, Any] = table(
        "toll.gate",
        "",
        Gate,
        Gate.SHUT,
        on(Happening.COIN, "", at(Gate.SHUT, FEW & MANY), otherwise()),
    )

    assert prove_table(toll(made), made).findings == (
        Finding(Fault.DEAD, "toll.gate: COIN in SHUT", ("toll.gate:coin.shut.few.many",)),
    )


def test_every_overlapping_pair_is_named_and_no_other() -> None:
    found = proof_of(FEW, ENOUGH, SOME & FEW, Cond.BELOW_NONE, MANY).findings

    assert faults(found) == [(Fault.OVERLAP, "ac"), (Fault.OVERLAP, "be"), (Fault.DEAD, "d")]


def test_a_cell_without_rows_is_a_gap_without_conditions() -> None:
    made = rows()

    assert prove_table(toll(made), made).findings == (
        Finding(Fault.GAP, "toll.gate: COIN in SHUT", (), Witness({}, {}, {}, {})),
    )


def test_a_table_in_one_state_knows_which() -> None:
    assert faults(proof_of(Cond.WAS_OPEN, ~Cond.WAS_OPEN).findings) == [(Fault.DEAD, "a")]
    # The first gate is another one, as far as anybody knows.
    assert proof_of(Cond.MASTER_OPEN, ~Cond.MASTER_OPEN).findings == ()
    (gap,) = proof_of(Cond.MASTER_OPEN).findings
    assert gap.witness is not None
    assert gap.witness.states == {("master", "gate"): Gate.SHUT}
    assert gap.witness.text == "holding: nothing; not holding: MASTER_OPEN; master's gate in SHUT"


def test_elements_at_computed_indices_are_read() -> None:
    paid = proof_of(Cond.SLOT_PAID & MANY, ~(Cond.SLOT_PAID & MANY))

    assert faults(paid.findings) == [(Fault.DEAD, "a")]  # Four coins point outside the array.
    assert proof_of(Cond.SLOT_PAID & SOME, ~(Cond.SLOT_PAID & SOME)).findings == ()


def test_a_parameter_has_no_value_in_particular() -> None:
    (gap,) = proof_of(FEW, Cond.COVERED & ENOUGH).findings

    assert gap.witness is not None
    assert 3 <= gap.witness.variables[COINS] < gap.witness.variables[PRICE]


# Cryptography, checks, and what is declared about them.


def test_a_validity_is_all_of_its_checks_by_their_definitions_where_they_have_one() -> None:
    room = COINS < 9
    found = proof_of(Cond.GENUINE & ENOUGH, ~Cond.GENUINE & FEW).findings

    assert faults(found) == [(Fault.GAP, "ab")]
    replay(found[0], toll(rows(Cond.GENUINE & ENOUGH, ~Cond.GENUINE & FEW)))
    witness = found[0].witness
    assert witness is not None
    assert set(witness.checks) == set(Looks)
    assert witness.checks[Looks.ROOM] is room.read(PYTHON)(step_of(witness.variables, {}))

    @unique
    class Full(Condition):
        """A condition that contradicts a check."""

        FULL = Defined("nine coins or more", COINS >= 9)

    assert faults(proof_of(Cond.GENUINE & Full.FULL, ~(Cond.GENUINE & Full.FULL)).findings) == [
        (Fault.DEAD, "a")
    ]


def test_failed_checks_are_part_of_a_counter_example() -> None:
    (gap,) = proof_of(Cond.GENUINE | MANY).findings
    replay(gap, toll(rows(Cond.GENUINE | MANY)))

    assert gap.witness is not None
    assert gap.witness.checks == {Looks.WEIGHT: False, Looks.ROOM: True}
    assert gap.witness.text.startswith(
        "holding: nothing; not holding: GENUINE, MANY; failed checks: WEIGHT; coins = "
    )


def test_opaque_conditions_exclude_each_other_only_where_declared() -> None:
    guards = (Cond.SHINY, Cond.DULL)
    lights = Exclusive(guards)

    assert faults(proof_of(*guards).findings) == [(Fault.GAP, "ab"), (Fault.OVERLAP, "ab")]
    assert faults(proof_of(*guards, exclusives=(lights,)).findings) == [(Fault.GAP, "ab")]
    # A table's own declarations count as well, though the composition has another table.
    own = replace(rows(*guards), exclusives=(replace(lights, complete=True),))
    assert prove_table(toll(rows(ALWAYS)), own).findings == ()
    complete = toll(rows(*guards), exclusives=(replace(lights, complete=True),))
    assert prove(complete).findings == ()
    assert [a.about for a in prove(complete).assumptions][1:] == [
        "declared: not SHINY and DULL",
        "declared: SHINY or DULL",
    ]


def test_a_definition_beside_an_opaque_condition_is_assumed_exclusive_of_it_only() -> None:
    mixed = Exclusive((Cond.SHINY, FEW, SOME))
    found = prove(toll(rows(Cond.SHINY, FEW, SOME), exclusives=(mixed,)))

    assert [(f.fault, f.where) for f in found.exclusions.findings] == [
        (Fault.NOT_EXCLUSIVE, "FEW, SOME")
    ]
    # SHINY excludes both, and there is always one of those: it can never hold.
    assert faults(found.tables[0].findings) == [(Fault.OVERLAP, "bc"), (Fault.DEAD, "a")]


def test_a_complete_group_of_constants_is_an_enumeration() -> None:
    assert faults(proof_of(Cond.GOLD, Cond.SILVER, Cond.COPPER).findings) == [(Fault.GAP, "abc")]
    whole = toll(rows(Cond.GOLD, Cond.SILVER, Cond.COPPER), exclusives=(METALS,))
    assert intervals_of(whole)[COIN_KIND] == Interval(0, 2)
    assert prove(whole).findings == ()


def test_a_hole_in_an_enumeration_and_a_number_given_twice_are_found() -> None:
    holed = Exclusive((Cond.GOLD, Cond.COPPER), complete=True)
    (incomplete,) = prove(toll(exclusives=(holed,))).findings

    assert (incomplete.fault, incomplete.where) == (Fault.NOT_COMPLETE, "GOLD, COPPER")
    assert incomplete.witness is not None
    assert incomplete.witness.variables == {COIN_KIND: 1}

    @unique
    class Twice(Condition):
        """Two kinds with one number."""

        GOLD = Defined("kind 0", COIN_KIND.equals(0))
        GILT = Defined("looks like kind 0", COIN_KIND.equals(0))

    twice = Exclusive(tuple(Twice), complete=True)
    (finding,) = prove(toll(exclusives=(twice,))).findings
    assert (finding.fault, finding.where) == (Fault.NOT_EXCLUSIVE, "GOLD, GILT")


def test_a_complete_group_of_other_definitions_is_proved_or_convicted() -> None:
    assert prove(toll(exclusives=(Exclusive((FEW, ENOUGH), complete=True),))).findings == ()
    (finding,) = prove(toll(exclusives=(Exclusive((FEW, MANY), complete=True),))).findings

    assert (finding.fault, finding.where) == (Fault.NOT_COMPLETE, "FEW, MANY")
    assert finding.witness is not None
    assert finding.witness.variables == {COINS: 3}


# Assumptions.


def test_variables_are_natural_numbers_unless_they_begin_below_0() -> None:
    assert faults(proof_of(Cond.BELOW_NONE, ~Cond.BELOW_NONE).findings) == [(Fault.DEAD, "a")]

    @unique
    class Cold(Condition):
        """Conditions on a variable that begins below 0."""

        FROST = Defined("it is freezing", gate.integer("degrees", "", initial=-3) < 0)

    assert proof_of(Cold.FROST, ~Cold.FROST, conditions=Cold).findings == ()


def test_assumptions_of_the_caller_decide_what_can_hold() -> None:
    made = rows(Cond.COVERED & FEW, ENOUGH)
    whole = toll(made)
    free = Assumption("it is free", PRICE.equals(0))
    dear = Assumption("few coins are never enough", ~(Cond.COVERED & FEW))

    assert faults(prove_table(whole, made).findings) == [(Fault.GAP, "ab")]
    assert prove_table(whole, made, (free,)).findings == ()
    assert prove(whole, (free,)).assumptions[-1] is free
    assert faults(prove_table(whole, made, (dear,)).findings) == [
        (Fault.GAP, "ab"),
        (Fault.DEAD, "a"),
    ]


# Updates.


def updating(**sets: tuple[Variable, Int | Bool | int]) -> Report:
    """The proofs of a composition with these effects, one update each."""
    enum: Any = Effect
    words = enum("Words", {n: action(n, sets={t: u}) for n, (t, u) in sets.items()})
    return prove(toll(effects=words))


def test_updates_that_keep_what_is_assumed_are_proved() -> None:
    proof = updating(
        COUNT=(COINS, COINS + 1),
        RESET=(COINS, 0),
        BAR=(BARRED, ~BARRED),
        SPEND=(COINS, Choice(COINS >= PRICE, COINS - PRICE, COINS)),
    ).updates

    assert proof.findings == ()
    # Three variables at first, four updates of the right type, three of them of integers.
    assert proof.claims == 3 + 4 + 3


def test_an_update_that_may_leave_the_natural_numbers_is_convicted() -> None:
    (finding,) = updating(SPEND=(COINS, COINS - PRICE)).updates.findings

    assert (finding.fault, finding.where) == (Fault.LEAVES_INTERVAL, "SPEND sets coins")
    assert finding.witness is not None
    assert finding.witness.variables[COINS] < finding.witness.variables[PRICE]


@pytest.mark.parametrize(
    ("target", "value"),
    [
        (COINS, ~BARRED),
        (BARRED, COINS + 1),
        (BARRED, InState("turnstile", (Gate.OPEN,))),
        (BARRED, InState("gate", (Happening.COIN,))),
        (COINS, Choice(InState("turnstile", (Gate.OPEN,)), COINS, COINS)),
    ],
)
def test_an_ill_typed_update_is_convicted(target: Variable, value: Int | Bool) -> None:
    report = updating(WRONG=(target, value))

    assert report.findings == (Finding(Fault.ILL_TYPED, f"WRONG sets {target.name}"),)


def test_a_variable_that_begins_outside_its_enumeration_is_convicted() -> None:
    kind = gate.integer("kind", "kind of gate", initial=7)

    @unique
    class Kinds(Condition):
        """Kinds of gates, numbered from 0."""

        NARROW = Defined("kind 0", kind.equals(0))
        WIDE = Defined("kind 1", kind.equals(1))

    group = Exclusive(tuple(Kinds), complete=True)
    found = prove(toll(conditions=Kinds, exclusives=(group,))).findings

    assert found == (
        Finding(Fault.LEAVES_INTERVAL, "kind at first", (), Witness({}, {}, {kind: 7}, {})),
    )


# Errors.


@pytest.mark.parametrize(
    ("state", "machine", "message"),
    [
        (Gate.OPEN, "turnstile", "there is no machine turnstile"),
        (Happening.COIN, "gate", "gate has no state COIN"),
    ],
)
def test_a_condition_on_no_machine_or_no_state_of_it_means_nothing(
    state: Word, machine: str, message: str
) -> None:
    @unique
    class Odd(Condition):
        """A condition that means nothing."""

        ODD = Defined("odd", InState(machine, (state,)))

    with pytest.raises(IllTyped) as caught:
        proof_of(Odd.ODD, ~Odd.ODD)

    assert str(caught.value) == message


def test_an_expression_of_the_wrong_type_inside_is_refused() -> None:
    wrong: Any = COINS

    with pytest.raises(IllTyped):
        evaluate(Conjunction((BARRED, wrong)), {COINS: 1, BARRED: True}, {})
    with pytest.raises(ValueError, match="no value"):
        evaluate(COINS + 1, {}, {})


def test_the_solver_says_when_it_cannot_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("otr_check.smt.Solver.ALLOWANCE", 1)

    with pytest.raises(Inconclusive):
        prove(OTRV3)


# The readings agree.

other_member, shared = Declare(Scope.MEMBER), Declare(Scope.SHARED)
NUMBERS = (COINS, COIN_KIND, PRICE, shared.integer("best", "the best gate"))
FLAGS = (BARRED, shared.flag("night", "it is night"))
GRID = other_member.array("grid", "a small grid", 2, 3)
CELLS = tuple(cell for _, cell in GRID.cells())
SMALL = st.integers(-3, 4)
STATES = st.lists(st.sampled_from(Gate), max_size=2).map(tuple)
INTS: st.SearchStrategy[Int] = st.deferred(
    lambda: st.one_of(
        SMALL.map(Number),
        st.sampled_from(NUMBERS),
        st.builds(lambda a, b: a + b, INTS, INTS),
        st.builds(lambda a, b: a - b, INTS, INTS),
        st.builds(Choice, BOOLS, INTS, INTS),
        st.builds(lambda a, b: GRID[a, b], INTS, INTS),
    )
)
BOOLS: st.SearchStrategy[Bool] = st.deferred(
    lambda: st.one_of(
        st.booleans().map(Truth),
        st.sampled_from(FLAGS),
        st.builds(InState, st.just("gate"), STATES, st.sampled_from(("member", "master"))),
        st.builds(lambda a, b: a < b, INTS, INTS),
        st.builds(lambda a, b: a <= b, INTS, INTS),
        st.builds(lambda a, b: a.equals(b), INTS, INTS),
        st.builds(lambda a: ~a, BOOLS),
        st.lists(BOOLS, max_size=3).map(tuple).map(Conjunction),
        st.lists(BOOLS, max_size=3).map(tuple).map(Disjunction),
    )
)
VALUES = st.tuples(
    st.fixed_dictionaries(dict.fromkeys((*NUMBERS, *CELLS), SMALL)),
    st.fixed_dictionaries({variable: st.booleans() for variable in FLAGS}),
)
PLACES = st.fixed_dictionaries(
    {(owner, "gate"): st.sampled_from(Gate) for owner in ("member", "master")}
)


@pytest.mark.slow
@settings(deadline=None, max_examples=200)
@given(st.one_of(INTS, BOOLS), VALUES, PLACES)
def test_python_and_the_solver_agree_about_every_expression(
    expression: Int | Bool,
    values: tuple[dict[Variable, int | bool], dict[Variable, int | bool]],
    places: dict[tuple[str, str], Gate],
) -> None:
    variables = values[0] | values[1]
    computed = expression.read(PYTHON)(step_of(variables, places))
    solved = evaluate(expression, variables, places)

    assert solved == computed
    assert isinstance(solved, bool) is isinstance(expression, Bool)


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(BOOLS)
def test_promela_and_pages_balance_their_brackets(expression: Bool) -> None:
    for text in (expression.read(PROMELA), expression.read(PAGE)):
        depth = [0]
        for letter in text:
            depth.append(depth[-1] + "([".count(letter) - ")]".count(letter))
        assert min(depth) == 0
        assert depth[-1] == 0
