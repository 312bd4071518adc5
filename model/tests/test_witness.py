"""Witnesses: runs that are found, written, read, replayed over terms and over bytes, and shown."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from jsonschema import Draft202012Validator

from otr_check.explore.digests import digest_of
from otr_check.explore.registry import (
    adaptor_of,
    composition_of,
    named_variants,
    real_endpoints_of,
    variant_of,
)
from otr_check.explore.replay import (
    Differs,
    Run,
    injected_in,
    replay,
    replay_real,
    states_of,
    witness_of,
)
from otr_check.explore.scenario import (
    Action,
    Actor,
    Attacker,
    BadScenario,
    Bounds,
    Network,
    Order,
    Scenario,
    scenario_of,
    shipped,
)
from otr_check.explore.search import Exploration
from otr_check.explore.telling import ATTACKER, drawn_with, itf_of, sequence_of, told
from otr_check.explore.witness import (
    BadWitness,
    Kind,
    Sent,
    Step,
    Witness,
    from_json,
    read_witness,
    schema,
    to_json,
)
from otr_check.explore.written import written
from otr_check.exponents import Polynomial
from otr_check.otrv3.operators import Op
from otr_check.terms import TermPool
from otr_model.kernel.export import canonical
from otr_model.kernel.variant import DropRow, EditRow, Falsify, SkipCheck
from otr_model.otrv3 import history
from otr_model.otrv3.conditions import Check
from otr_model.otrv3.words import Auth
from otr_model.trace import Arrow, Note

if TYPE_CHECKING:
    from otr_check.explore.party import Undecided
    from otr_check.terms import Term

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "docs" / "schema" / "otrspec-witness.schema.json"
BOTH = "otrv3-both-begin-any-order"
MISBOUND = "otrv3-flaw-sigma-without-identity"
IN_THE_CLEAR = "otrv3-flaw-plaintext-after-end"
TWICE = "otrv3-flaw-replayed-commit"
AT_ONCE = "otrv3-flaw-simultaneous-start"
FORGED = "otrv3-flaw-forged-signature"
REFRESHED = "otrv3-flaw-smp-across-refresh"
CRASH = "retarget otrv3.ake:share.none.commit-outstanding AWAITING_SIG"


@cache
def found(name: str) -> Witness:
    """The witness of the first violation that exploring a shipped scenario finds."""
    return explored(shipped()[name])


def explored(text: str) -> Witness:
    scenario = scenario_of(text)
    exploration = Exploration(scenario, adaptor_of(scenario))
    return witness_of(exploration, exploration.run().violations[0])


def two(does: str = "{ start = 1 }", more: str = "", ask: str = "belief") -> str:
    """A scenario of Alice and Bob."""
    return f"""
        title = "Alice and Bob"
        protocol = "otrv3"
        ask = ["{ask}"]
        {more}
        [participant.alice]
        peer = "bob"
        does = {does}
        [participant.bob]
        peer = "alice"
    """


def ours(_asked: Undecided) -> bool:
    """Our own hash is the higher one."""
    return True


# --- Scenarios as texts -----------------------------------------------------------------------


@pytest.mark.parametrize("name", shipped())
def test_a_scenario_that_ships_is_the_same_when_it_was_written(name: str) -> None:
    scenario = scenario_of(shipped()[name])
    assert scenario_of(written(scenario)) == scenario


def test_a_scenario_with_everything_in_it_is_the_same_when_it_was_written() -> None:
    scenario = Scenario(
        'Tü "x" \x7f🙂\n\\',
        "otrv3",
        (
            Actor(
                "alice",
                "b ö",
                does=((Action.SMP, 2), (Action.EXTRA_KEY, 1)),
                policy=(("allow_v2", False),),
                says="a'b",
            ),
            Actor("bob.2", "alice", account="b ö", variant="skip DATA_MAC", knows=True, mode="x"),
        ),
        ("agreement",),
        "more\nthan a line",
        Bounds(2, 3, 4, 5),
        Network(Order.SENT, loses=True, replays=2),
        Attacker(1, ("b ö",), sees="groups"),
        (60, 70),
        ("agreement", "no-crash"),
    )
    assert scenario_of(written(scenario)) == scenario


def test_only_properties_that_are_asked_can_be_expected_to_be_violated() -> None:
    with pytest.raises(BadScenario, match="expect: does not ask for secrecy"):
        scenario_of(two(more='expect = ["secrecy"]'))
    assert scenario_of(two(more='expect = ["no-crash"]')).expect == ("no-crash",)


# --- Names of variants and protocols ----------------------------------------------------------


def test_a_variant_is_found_by_its_name() -> None:
    row = "otrv3.ake:share.none.commit-outstanding"
    assert variant_of("otrv3", "literal smp-refresh").edits
    assert variant_of("otrv3", "otrv3.flaw:replayed-data").edits == (SkipCheck(Check.DATA_COUNTER),)
    assert variant_of("otrv3", "skip DATA_MAC").edits == (SkipCheck(Check.DATA_MAC),)
    assert variant_of("otrv3", "falsify DATA_MAC").edits == (Falsify(Check.DATA_MAC),)
    assert variant_of("otrv3", f"drop {row}").edits == (DropRow(row),)
    assert variant_of("otrv3", CRASH).edits == (EditRow(row, goto=Auth.AWAITING_SIG),)
    both = variant_of("otrv3", "skip DATA_MAC + literal smp-refresh")
    assert len(both.edits) == 1 + len(variant_of("otrv3", "literal smp-refresh").edits)
    assert {flaw.id for flaw in history.FLAWS} <= set(named_variants("otrv3"))


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("literal smp-refesh", "there is no variant .*; did you mean literal smp-refresh"),
        ("nonsense", "there is no variant 'nonsense'; there are literal .*, falsify CHECK"),
        ("skip DATA_MAK", "there is no check 'DATA_MAK'; did you mean DATA_MAC"),
        ("drop otrv3.ake:share.none", "there is no row .*; did you mean otrv3.ake:share.none."),
        (CRASH.replace("SIG", "NOTHING"), "there is no state of .*; did you mean AWAITING_"),
        (CRASH.replace("AWAITING_SIG", "X"), "no state of .* 'X'; there are NONE, AWAITING_DHKEY"),
        ("skip DATA_MAC + skip GY_IN_RANGE", "there is no check"),
        ("literal smp-refresh + literal smp-refresh", "is edited twice"),
    ],
)
def test_a_variant_that_there_is_not_is_refused_with_names_that_come_near(
    name: str, complaint: str
) -> None:
    with pytest.raises(BadScenario, match=complaint):
        variant_of("otrv3", name)


def test_a_protocol_that_nothing_explores_is_refused() -> None:
    scenario = replace(scenario_of(two()), protocol="otrv9")
    with pytest.raises(BadScenario, match="protocol: nothing explores 'otrv9'"):
        adaptor_of(scenario)
    with pytest.raises(BadScenario, match="nothing replays 'otrv9' over bytes"):
        real_endpoints_of(scenario, 1)


# --- Files ------------------------------------------------------------------------------------


def test_the_schema_is_the_one_that_is_published() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == canonical(schema())
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("name", [BOTH, MISBOUND, IN_THE_CLEAR, TWICE])
def test_a_witness_is_the_same_when_it_was_written_and_read(name: str) -> None:
    text = to_json(found(name))
    assert from_json(text) == found(name)
    Draft202012Validator(schema()).validate(json.loads(text))


def changed(**changes: object) -> str:
    document: dict[str, Any] = json.loads(to_json(found(IN_THE_CLEAR)))
    return json.dumps({**document, **changes})


def with_step(**changes: object) -> str:
    step = {"kind": "did", "who": "bob", "action": "start", **changes}
    return changed(steps=[{name: value for name, value in step.items() if value is not None}])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "is no witness"),
        (changed(format="x"), "is no witness"),
        (changed(version=2), "is a witness of version 2, and 1 is known"),
        (changed(extra=1), "the witness has 'extra', which is not known"),
        (changed(scenario=[1]), "a line of the scenario is no text"),
        (changed(scenario=["title = 1"]), "scenario: title: is 1, which is no text"),
        (changed(says=1), "says of the witness is no text"),
        (changed(steps=None), "the witness has no steps"),
        (changed(steps=[1]), "step 1 is no object"),
        (with_step(kind="flies"), "kind of step 1 is 'flies', not one of delivered"),
        (with_step(kind=None), "step 1 has no kind"),
        (with_step(message=-1), "message of step 1 is no whole number from 0 on"),
        (with_step(message=True), "message of step 1 is no whole number"),
        (with_step(higher=[1]), "higher of step 1 is no truth value"),
        (with_step(fired=[{"member": 1}]), "a row of step 1 has no row"),
        (with_step(sent=[{"number": 1}]), "a message of step 1 has no label"),
        (with_step(shown=[1]), "shown of step 1 is no text"),
    ],
)
def test_what_is_no_witness_is_refused_in_one_line(text: str, complaint: str) -> None:
    with pytest.raises(BadWitness, match=complaint) as refused:
        from_json(text)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_no_witness_is_named(tmp_path: Path) -> None:
    path = tmp_path / "found.json"
    with pytest.raises(BadWitness, match=r"found\.json: cannot be read: No such file"):
        read_witness(path)
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(BadWitness, match=r"found\.json: is no witness"):
        read_witness(path)
    path.write_text(to_json(found(TWICE)), encoding="utf-8")
    assert read_witness(path) == found(TWICE)


# --- Replaying --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [BOTH, MISBOUND, IN_THE_CLEAR, TWICE, AT_ONCE, FORGED, REFRESHED])
def test_what_is_found_over_terms_happens_over_bytes(name: str) -> None:
    witness = from_json(to_json(found(name)))

    for replayed in (replay(witness), replay_real(witness)):
        assert replayed.differs == ""
        assert replayed.violated == witness.says
        assert [step.fired for step in replayed.steps] == [step.fired for step in witness.steps]
        assert [step.shown for step in replayed.steps] == [step.shown for step in witness.steps]


def test_keys_are_drawn_again_until_hashes_compare_as_in_the_witness() -> None:
    # Each order comes once in two draws: twenty draws fail once in a million.
    witness = found(AT_ONCE)
    (at,) = (at for at, step in enumerate(witness.steps) if step.higher)
    assert witness.steps[at].higher in {(True,), (False,)}
    assert 1 <= replay_real(witness, attempts=20).attempts <= 20

    # Where one hash is higher at both ends there is no such draw.
    step = witness.steps[at]
    impossible = replace(step, higher=(not step.higher[0],))
    steps = (*witness.steps[:at], impossible, *witness.steps[at + 1 :])
    assert replay(replace(witness, steps=steps)).differs.startswith(f"step {at + 1}: ")


def test_a_crash_is_replayed_as_a_crash() -> None:
    scenario = scenario_of(two().replace('peer = "alice"', f'peer = "alice"\nvariant = "{CRASH}"'))
    exploration = Exploration(scenario, adaptor_of(scenario))
    (violation,) = exploration.run().violations
    witness = witness_of(exploration, violation)

    assert witness.property == "no-crash"
    assert witness.steps[-1].shown == ("crash: a value is missing that the row relies on",)
    assert witness.steps[-1].fired == ()
    assert replay(witness).violated == witness.says
    assert replay_real(witness).differs == ""


def test_a_message_of_an_attacker_is_found_again_by_its_digest() -> None:
    witness = found(MISBOUND)
    steps = [step for step in witness.steps if step.kind is Kind.INJECTED]

    assert [digest_of(term) for term in injected_in(witness)] == [step.digest for step in steps]

    lost = tuple(replace(step, digest="0") if step.digest else step for step in witness.steps)
    at = witness.steps.index(steps[0]) + 1
    assert replay(replace(witness, steps=lost)).differs == (
        f"step {at}: the attacker cannot make this {steps[0].label}"
    )


def altered(at: int, **changes: Any) -> Witness:
    """A witness of which one step, counted from 1, is another."""
    witness = found(IN_THE_CLEAR)
    steps = list(witness.steps)
    steps[at - 1] = replace(steps[at - 1], **changes)
    return replace(witness, steps=tuple(steps))


@pytest.mark.parametrize(
    ("witness", "complaint"),
    [
        (altered(2, fired=()), "step 2: alice takes .*, where the file has nothing more"),
        (altered(3, sent=(Sent(3, "Data Message"),)), "step 3: bob sends .* has Data Message"),
        (altered(1, sent=()), "step 1: bob sends .*, where the file has nothing more"),
        (altered(5, shown=("nothing",)), "step 5: bob is shown .*, where the file has nothing"),
        (altered(2, who="carol"), "step 2: there is no participant 'carol'"),
        (altered(2, message=2), "step 2: message 2 is not on its way to alice"),
        (altered(1, action="fly"), "step 1: there is nothing called 'fly' that a user does"),
        (altered(9, kind=Kind.WAITED, seconds=1), "after the last step plaintext holds, where"),
        (replace(found(IN_THE_CLEAR), says="x"), "it says: 'alice 1' left alice .*, where .*: x"),
        (replace(found(IN_THE_CLEAR), property="secrecy"), "secrecy holds, where the file says"),
    ],
)
def test_a_stale_witness_is_answered_with_the_first_step_that_differs(
    witness: Witness, complaint: str
) -> None:
    for replayed in (replay(witness), replay_real(witness)):
        assert "\n" not in replayed.differs
        assert replayed.violated == ""
        assert re.search(complaint, replayed.differs)


def test_a_witness_of_a_fault_that_was_mended_differs() -> None:
    witness = found(IN_THE_CLEAR)
    mended = tuple(replace(actor, variant="") for actor in witness.scenario.actors)
    replayed = replay(replace(witness, scenario=replace(witness.scenario, actors=mended)))

    assert replayed.differs.startswith("step 8: alice ")
    assert len(replayed.steps) == 8


def test_hashes_that_are_compared_where_the_file_has_no_comparison_differ() -> None:
    witness = found(AT_ONCE)
    steps = tuple(replace(step, higher=()) for step in witness.steps)
    at = next(at for at, step in enumerate(witness.steps, 1) if step.higher)
    assert replay(replace(witness, steps=steps)).differs == (
        f"step {at}: {witness.steps[at - 1].who} compares hashes"
    )


def test_time_passes_and_messages_are_lost_and_come_again_in_a_replay() -> None:
    scenario = scenario_of(
        two("{ start = 1, heartbeat = 1 }", more="waits = [61]\nnetwork.replays = 1")
    )
    run = Run(scenario, adaptor_of(scenario))
    steps = [
        run.take(step, ours)
        for step in (
            Step(Kind.DID, "alice", "start"),
            Step(Kind.AGAIN, "bob", message=1),
            Step(Kind.LOST, "alice", message=2),
            Step(Kind.DELIVERED, "bob", message=1),
            Step(Kind.WAITED, seconds=61),
        )
    ]

    assert run.now == 61
    assert [len(step.sent) for step in steps] == [1, 1, 0, 1, 0]
    assert run.joint().queues == ((3,), ())
    with pytest.raises(Differs, match="message 1 is not on its way to bob"):
        run.take(Step(Kind.LOST, "bob", message=1), ours)
    witness = Witness(scenario, "belief", "", tuple(steps))
    assert replay_real(from_json(to_json(witness))).differs == ""
    assert [each.happens for each in told(witness)] == [
        "alice asks for a private conversation",
        f"1 {steps[1].label} of alice reaches bob, and will again",
        f"2 {steps[2].label} of bob is lost on its way to alice",
        f"1 {steps[3].label} of alice reaches bob",
        "61 seconds pass",
    ]
    drawn = sequence_of(witness).steps
    assert [each.lost for each in drawn if isinstance(each, Arrow)] == [False, True, False]
    assert Note("alice", "61 seconds pass") in drawn
    assert Note("bob", f"sends 3 {steps[3].sent[0].label}, which nobody gets") in drawn


def test_a_run_that_tells_two_variants_apart_is_a_witness_like_any_other() -> None:
    variant = 'variant = "otrv3.flaw:replayed-commit"\nagainst = "plain"\n'
    text = two(ask="alike", more="network.replays = 1").replace("does = ", f"{variant}does = ")
    witness = from_json(to_json(explored(text)))

    assert witness.property == "alike"
    for replayed in (replay(witness), replay_real(witness)):
        assert replayed.differs == ""
        assert replayed.violated == witness.says
    states = json.loads(itf_of(witness))["states"]
    assert len(states) == len(witness.steps) + 1
    assert states[-1]["alice"]["members"]["#map"]


# --- Digests ----------------------------------------------------------------------------------


def test_a_digest_does_not_depend_on_what_was_made_before() -> None:
    def product(names: tuple[str, ...]) -> Term:
        pool = TermPool()
        atoms = {name: pool.make(Op.NONCE, "x", name, 1) for name in names}
        exponent = Polynomial(((tuple(atoms.values()), 1), ((atoms["a"],), 2)))
        return pool.make(Op.ELEMENT, exponent)

    forward, backward = product(("a", "b")), product(("b", "a"))
    assert str(forward) != str(backward)
    assert digest_of(forward) == digest_of(backward)
    assert digest_of(forward) != digest_of(product(("a", "c")))


def test_terms_that_are_written_alike_have_different_digests() -> None:
    pool = TermPool()
    terms = [
        pool.make(Op.TEXT, b"x"),
        pool.make(Op.TYPED, b"x"),
        pool.make(Op.CONCAT, pool.make(Op.TEXT, b"x")),
        pool.make(Op.CONCAT, (pool.make(Op.TEXT, b"x"),)),
        pool.make(Op.CONCAT, frozenset({pool.make(Op.TEXT, b"x")})),
        pool.make(Op.KDF, "1"),
        pool.make(Op.KDF, 1),
        pool.make(Op.KDF, Auth.NONE),
        pool.make(Op.KDF, cast("Any", Sent(1, "x"))),
    ]
    assert len({digest_of(term) for term in terms}) == len(terms)


# --- Showing ----------------------------------------------------------------------------------


def test_a_witness_is_told_step_by_step() -> None:
    lines = told(found(IN_THE_CLEAR))

    assert lines[0].happens == "bob asks for a private conversation"
    assert lines[1].happens.endswith(" of bob reaches alice")
    assert "ake: NONE → AWAITING_DHKEY" in lines[1].follows
    assert lines[-1].happens == "alice types 'alice 1'"
    ends = next(each for each in lines if each.happens == "bob ends the private conversation")
    assert any(line.startswith("message (0x101): ENCRYPTED → PLAINTEXT") for line in ends.follows)


def test_checks_that_fail_and_hashes_that_are_compared_are_told() -> None:
    lines = told(found(BOTH))
    assert any("(its own hash is the " in each.happens for each in lines)
    assert any(line.endswith("reveal-mac failed") for each in lines for line in each.follows)


def test_a_witness_is_drawn_with_the_attacker_between_the_others() -> None:
    witness = found(MISBOUND)
    sequence = sequence_of(witness)

    assert sequence.participants[1] == ATTACKER
    arrows = [step for step in sequence.steps if isinstance(step, Arrow)]
    assert [arrow.fired for arrow in arrows] == [s.fired for s in witness.steps if s.label]
    assert any(arrow.sender == ATTACKER for arrow in arrows)
    last = sequence.steps[-1]
    assert isinstance(last, Note)
    assert (last.at, last.text) == ("alice", f"agreement: {witness.says}")


def test_a_drawing_follows_the_tables_of_the_variant() -> None:
    row = "otrv3.ake:query-offer.none.offers-3"
    scenario = scenario_of(two(ask="convergence"))
    lost = f"retarget {row} NONE"
    actors = (scenario.actors[0], replace(scenario.actors[1], variant=lost))
    scenario = replace(scenario, actors=actors)
    exploration = Exploration(scenario, adaptor_of(scenario))
    witness = witness_of(exploration, exploration.run().violations[0])

    drawn = drawn_with(witness)
    assert drawn is not None
    assert drawn.row(row).goto is Auth.NONE
    assert composition_of("otrv3").row(row).goto is Auth.AWAITING_DHKEY
    assert not any("AWAITING_DHKEY" in line for line in told(witness)[1].follows)

    # Where Alice takes the row as well, and by the plain tables, no tables are right for both.
    both = replace(witness, steps=(*witness.steps, replace(witness.steps[1], who="alice")))
    assert drawn_with(both) is None


def test_a_witness_is_a_trace_of_joint_control_states() -> None:
    witness = found(IN_THE_CLEAR)
    document = json.loads(itf_of(witness))

    assert document["vars"] == ["happened", "alice", "bob", "in_flight"]
    states = document["states"]
    assert [state["#meta"]["index"] for state in states] == list(range(len(witness.steps) + 1))
    assert all(set(document["vars"]) < set(state) for state in states)
    assert states[1]["in_flight"]["#map"][0] == [
        "alice",
        {"#tup": [f"1 {witness.steps[0].sent[0].label}"]},
    ]
    members = {key["#bigint"]: value for key, value in states[-4]["bob"]["members"]["#map"]}
    assert members[str(0x101)]["message"] == "ENCRYPTED"
    assert members[str(0x101)]["our_keyid"] == {"#bigint": "2"}
    assert states[0]["bob"]["best"] == {"#bigint": "0"}
    assert len(states_of(witness)) == len(states)
