"""Control abstractions in Python: what they are, and what the explorer finds in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from otr_check.control.abstraction import BadAbstraction, Network, Scenario, Side, of_peer
from otr_check.control.adjust import adjusted
from otr_check.control.explore import BadReplay, TooMany, explore, lasso, replay, row_pairs
from otr_check.control.local import OutOfBounds
from otr_check.control.system import Act, Input, System
from otr_check.otrv3.abstraction import CONTROL as CONTROL_3
from otr_check.otrv3.abstraction import PAIRS
from otr_check.otrv3.abstraction import SCENARIOS as SCENARIOS_3
from otr_check.otrv4.abstraction import CONTROL as CONTROL_4
from otr_check.otrv4.abstraction import SCENARIOS as SCENARIOS_4
from otr_model.kernel.expr import InState
from otr_model.kernel.readings import PYTHON
from otr_model.kernel.table import Raise
from otr_model.kernel.variant import NONE, EditRow, SkipCheck, Variant
from otr_model.otrv3.ake import ANSWER
from otr_model.otrv3.conditions import Check, Cond
from otr_model.otrv3.effects import Do
from otr_model.otrv3.words import Auth, Event, Msg
from otr_model.otrv4.dake import ANSWER as ANSWER_4
from otr_model.otrv4.effects import Do as Do4
from otr_model.otrv4.words import Dake
from otr_model.otrv4.words import Event as Event4

if TYPE_CHECKING:
    from otr_check.control.abstraction import Abstraction

SCENARIOS = {**SCENARIOS_3, **SCENARIOS_4}
CHAPTER = Path(__file__).parents[2] / "docs" / "model-checking.md"
_ROW = "otrv3.ake:dh-commit.awaiting-dhkey.allowed"
GIVE_WAY = Variant(
    "both give way", "", (EditRow(f"{_ROW}.ours-higher", do=ANSWER, goto=Auth.AWAITING_REVEALSIG),)
)
INSIST = Variant(
    "neither gives way",
    "",
    (
        EditRow(
            f"{_ROW}.not-ours-higher", do=(Do.SEND_DH_COMMIT,), goto=Auth.AWAITING_DHKEY, raises=()
        ),
    ),
)


def scenario(name: str, **changes: object) -> Scenario:
    """A scenario with changes."""
    return replace(SCENARIOS[name], **changes)  # type: ignore[arg-type] # of the right types


# --- What an abstraction must say -------------------------------------------------------------


def without(control: Abstraction, part: str, word: object) -> Abstraction:
    """An abstraction that does not say one thing."""
    said = {key: value for key, value in getattr(control, part).items() if key is not word}
    return replace(control, **{part: said})


def test_an_opaque_condition_without_a_meaning_is_refused() -> None:
    with pytest.raises(BadAbstraction, match="OURS_HIGHER has no meaning"):
        without(CONTROL_3, "means", Cond.OURS_HIGHER)


def test_an_opaque_check_without_a_meaning_is_refused() -> None:
    with pytest.raises(BadAbstraction, match="DATA_MAC has no meaning"):
        without(CONTROL_3, "means", Check.DATA_MAC)


def test_a_meaning_of_what_is_defined_is_refused() -> None:
    means = {**CONTROL_3.means, Cond.PRIVATE: InState("message", (Msg.PLAINTEXT,))}
    with pytest.raises(BadAbstraction, match="PRIVATE has a meaning already"):
        replace(CONTROL_3, means=means)


def test_an_effect_that_sends_without_a_message_is_refused() -> None:
    with pytest.raises(BadAbstraction, match="SEND_QUERY sends something, and nothing says what"):
        without(CONTROL_3, "sends", Do.SEND_QUERY)


def test_a_variable_that_changes_without_a_bound_is_refused() -> None:
    with pytest.raises(BadAbstraction, match="pairs has no bound"):
        without(CONTROL_3, "bounds", PAIRS)


def test_a_policy_without_a_value_is_refused() -> None:
    config = {v: x for v, x in CONTROL_3.config.items() if v.name != "allow_v2"}
    open_one = replace(CONTROL_3, config=config)
    with pytest.raises(BadAbstraction, match="nothing says what allow_v2 is"):
        explore(scenario("otrv3/ake", abstraction=open_one))


def test_what_the_peer_has_needs_a_reading_of_two_sides() -> None:
    with pytest.raises(BadAbstraction, match="knows no more than the session at hand"):
        of_peer(PAIRS).read(PYTHON)


def test_version_3_is_outside_of_the_abstraction_of_version_4() -> None:
    assert {Do4.HANDLE_3, Do4.END_3} <= CONTROL_4.never


# --- Bounds are never silent ------------------------------------------------------------------


def test_more_pairs_than_the_bound_are_an_error() -> None:
    with pytest.raises(OutOfBounds, match="pairs is 3, and its bounds are 0 and 2"):
        explore(scenario("otrv3/both-begin", bounds={PAIRS: 2}))


def test_more_messages_than_the_network_holds_are_an_error() -> None:
    with pytest.raises(OutOfBounds, match="more than 1 messages are on the way"):
        explore(scenario("otrv3/begin-again", network=Network(capacity=1)))


def test_more_states_than_allowed_are_an_error() -> None:
    with pytest.raises(TooMany, match="more than 100 joint states"):
        explore(SCENARIOS["otrv3/both-begin"], 100)


# --- What is explored -------------------------------------------------------------------------


def test_the_ake_has_one_run() -> None:
    found = explore(SCENARIOS["otrv3/ake"])
    assert (found.states, found.transitions, found.ended) == (7, 6, 1)
    assert len(found.path(6)) == 6


def test_every_row_that_is_taken_has_a_witness() -> None:
    found = explore(SCENARIOS["otrv3/both-begin"])
    for side in (0, 1):
        for row, inputs in found.fired[side].items():
            taken = replay(found.system, inputs)
            assert taken[-1].given.side == side
            assert row in {each.row for each in taken[-1].fired}


def test_every_pair_of_rows_has_a_witness() -> None:
    found = explore(SCENARIOS["otrv4/dake"])
    pairs = row_pairs(found)
    assert pairs
    for (side, first, second), inputs in pairs.items():
        taken = replay(found.system, inputs)
        rows = [f.row for each in taken if each.given.side == side for f in each.fired]
        last = [f.row for f in taken[-1].fired]
        assert any(
            rows[at : at + 2] == [first, second]
            for at in range(len(rows) - len(last) - 1, len(rows))
        )


def test_pairs_of_rows_reach_across_inputs() -> None:
    pairs = row_pairs(explore(SCENARIOS["otrv3/ake"]))
    sent = "otrv3.ake:dh-key.awaiting-dhkey.allowed.dh-key-valid"
    next_one = "otrv3.instances:received.ready.for-us"
    assert (1, sent, next_one) in pairs
    assert (0, sent, next_one) not in pairs


def test_an_input_that_cannot_happen_is_not_replayed() -> None:
    with pytest.raises(BadReplay, match="input 1, Alice: deliver, cannot happen there"):
        replay(System(SCENARIOS["otrv3/ake"]), [Input(Act.DELIVER, 0, None, 0, (0, 0))])


def printed() -> dict[str, tuple[int, int]]:
    """Joint states and transitions of each scenario, as the handbook has them."""
    lines = CHAPTER.read_text(encoding="utf-8").splitlines()
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line[:5] == "| otr"
    ]
    return {name: (number(states), number(transitions)) for name, states, transitions in rows}


def number(text: str) -> int:
    """A figure with thousands set off."""
    return int(text.replace(",", ""))


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_is_what_the_handbook_says(name: str) -> None:
    found = explore(SCENARIOS[name])
    assert found.violations == []
    assert (found.states, found.transitions) == printed()[name]
    if SCENARIOS[name].converges:
        assert (lasso(found) is None) == (not SCENARIOS[name].known)


def test_the_handbook_has_no_other_scenarios() -> None:
    assert list(printed()) == list(SCENARIOS)


def test_the_dake_goes_on_where_every_new_identity_message_is_answered() -> None:
    row = "otrv4.dake:identity.waiting-auth-i.for-any"
    begun = (Raise(Event4.DAKE_BEGUN),)
    answering = Variant("answering", "", (EditRow(row, do=ANSWER_4, raises=begun),))
    assert lasso(explore(scenario("otrv4/twice", variant=answering))) is None
    thrice = adjusted(scenario("otrv4/twice", variant=answering), {"alice.start": 3})
    assert lasso(explore(thrice)) is None


def test_new_keys_for_every_commit_do_not_help() -> None:
    row = "otrv3.ake:dh-commit.awaiting-revealsig.allowed"
    fresh = Variant("fresh", "", (EditRow(row, do=ANSWER),))
    stuck = [
        len(explore(adjusted(scenario("otrv3/thrice", variant=each), {"alice.start": 4})).stuck)
        for each in (NONE, fresh)
    ]
    assert stuck == [5, 16]


# --- The properties can fail ------------------------------------------------------------------


def test_without_the_tie_break_both_wait_for_ever() -> None:
    against = lasso(explore(scenario("otrv3/both-begin", variant=GIVE_WAY)))
    assert against is not None
    assert against.cycle == ()


def test_where_neither_gives_way_the_ake_goes_on_for_ever() -> None:
    against = lasso(explore(scenario("otrv3/both-begin", variant=INSIST)))
    assert against is not None
    assert len(against.cycle) == 4
    assert {given.side for given in against.cycle} == {0, 1}


def test_without_the_tie_break_of_the_dake_both_wait_for_ever() -> None:
    row = "otrv4.dake:identity.waiting-auth-r.ours-higher"
    begun = (Raise(Event4.DAKE_BEGUN),)
    edit = EditRow(row, do=ANSWER_4, goto=Dake.WAITING_AUTH_I, raises=begun)
    against = lasso(explore(scenario("otrv4/both-begin", variant=Variant("give", "", (edit,)))))
    assert against is not None
    assert against.cycle == ()


def test_a_mac_that_is_not_checked_breaks_agreement() -> None:
    skipping = Variant("no MAC", "", (SkipCheck(Check.SIGNATURE_MAC),))
    found = explore(scenario("otrv3/thrice", variant=skipping))
    assert "agreement" in {each.name for each in found.violations}


def test_a_row_that_keeps_keys_breaks_keys_when_private() -> None:
    row = "otrv3.message:user-end.encrypted"
    keeping = Variant("keeping", "", (EditRow(row, raises=(Raise(Event.SMP_RESET),)),))
    found = explore(scenario("otrv3/end", variant=keeping))
    assert "keys-when-private" in {each.name for each in found.violations}


def test_a_row_that_leaves_smp_underway_breaks_smp_when_private() -> None:
    row = "otrv3.message:user-end.encrypted"
    leaving = Variant("leaving", "", (EditRow(row, raises=(Raise(Event.SESSION_OVER),)),))
    may = {Event.USER_START: 1, Event.USER_SMP_START: 1, Event.USER_END: 1}
    alice, bob = SCENARIOS["otrv3/end"].sides
    sides = (Side(may, alice.config), Side({}, bob.config))
    found = explore(scenario("otrv3/end", variant=leaving, sides=sides))
    assert [each.name for each in found.violations] == ["smp-when-private"]


def test_a_text_in_the_open_breaks_no_leak() -> None:
    row = "otrv3.message:user-send.encrypted"
    open_text = Variant("open", "", (EditRow(row, do=(Do.SEND_PLAINTEXT,)),))
    found = explore(scenario("otrv3/talk", variant=open_text))
    assert [each.name for each in found.violations] == ["no-leak"]


def test_an_effect_without_its_data_breaks_prepared() -> None:
    row = "otrv3.message:user-send.plaintext.not-disabled.not-require-encryption.not-attach-tag"
    early = Variant("early", "", (EditRow(row, do=(Do.SEND_TEXT,)),))
    found = explore(scenario("otrv3/talk", variant=early))
    assert [each.name for each in found.violations] == ["prepared"]
    assert [given.event for given in found.violations[0].inputs] == [Event.USER_SEND]
