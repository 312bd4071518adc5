"""The second engine: models in Promela, and what Spin finds in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from otr_check.control.abstraction import BadAbstraction, Scenario
from otr_check.control.explore import explore, lasso, replay
from otr_check.control.local import OutOfBounds
from otr_check.control.promela import Model, promela
from otr_check.control.spin import Effort, NoCompiler, NoSpin, Spin, SpinFailed, workplace
from otr_check.control.system import Act, System
from otr_check.otrv3.abstraction import PAIRS
from otr_check.otrv3.abstraction import SCENARIOS as SCENARIOS_3
from otr_check.otrv4.abstraction import SCENARIOS as SCENARIOS_4
from otr_model.kernel.expr import Declare, Scope
from otr_model.kernel.variant import EditRow, SkipCheck, Variant
from otr_model.otrv3.ake import ANSWER
from otr_model.otrv3.conditions import Check
from otr_model.otrv3.effects import Do
from otr_model.otrv3.words import Auth, Event

if TYPE_CHECKING:
    from pathlib import Path

SCENARIOS = {**SCENARIOS_3, **SCENARIOS_4}
QUICK = Effort(optimise="-O0", hash_bits=18, depth=200_000)
_ROW = "otrv3.ake:dh-commit.awaiting-dhkey.allowed"
GIVE_WAY = Variant(
    "both give way", "", (EditRow(f"{_ROW}.ours-higher", do=ANSWER, goto=Auth.AWAITING_REVEALSIG),)
)
INSIST = Variant(
    "neither gives way",
    "",
    (EditRow(f"{_ROW}.not-ours-higher", do=(Do.SEND_DH_COMMIT,), goto=Auth.AWAITING_DHKEY),),
)
MISSING = [name for name in ("spin", "gcc") if shutil.which(name) is None]
needs_spin = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


def scenario(name: str, **changes: object) -> Scenario:
    """A scenario with changes."""
    return replace(SCENARIOS[name], **changes)  # type: ignore[arg-type] # of the right types


# --- Text, without Spin -----------------------------------------------------------------------


@pytest.mark.parametrize("seed", ["1", "2"])
def test_a_model_is_the_same_text_in_every_process(seed: str) -> None:
    code = (
        "from otr_check.control.promela import promela\n"
        "from otr_check.otrv4.abstraction import SCENARIOS\n"
        "print(promela(SCENARIOS['otrv4/unordered']), end='')"
    )
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert printed.stdout == promela(SCENARIOS["otrv4/unordered"])


def test_rows_that_can_be_taken_are_in_the_model_and_no_others_need_be() -> None:
    chosen = SCENARIOS["otrv3/both-begin"]
    text = promela(chosen)
    fired = set().union(*explore(chosen).fired)
    assert all(f'printf("ROW {row}\\n")' in text for row in fired)
    assert "otrv3.fragment:arrived.collecting.next" not in text
    assert "otrv3.smp:smp-1." not in text


def test_variables_that_never_change_are_not_in_the_model() -> None:
    text = promela(SCENARIOS["otrv3/ake"])
    assert "byte our_pair" in text
    assert "smp_asked" not in text
    assert "require_encryption" not in text


def test_a_name_that_models_use_is_refused() -> None:
    control = SCENARIOS["otrv3/ake"].abstraction
    ghost = Declare(Scope.MEMBER).integer("here", "a name of the model's own")
    strange = replace(control, ghosts=(*control.ghosts, ghost))
    with pytest.raises(BadAbstraction, match="here has a meaning of its own in models"):
        promela(scenario("otrv3/ake", abstraction=strange))


def test_what_a_verifier_prints_is_an_input() -> None:
    model = Model(SCENARIOS["otrv3/both-begin"])
    delivered = model.given((1, 1, 1, 0, 1, 0))
    assert (delivered.act, delivered.side, delivered.drawn) == (Act.DELIVER, 1, (1, 0))
    asked = model.given((2, 0, 2, 0, 0, 0))
    assert (asked.act, asked.event) == (Act.USER, Event.USER_START)


# --- Without Spin, or without a compiler ------------------------------------------------------


def test_without_spin_there_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoSpin, match="this needs Spin, which is not installed"):
        Spin(SCENARIOS["otrv3/ake"], tmp_path)


@pytest.mark.spin
@needs_spin
def test_without_a_compiler_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(NoCompiler, match="needs a C compiler, and there is no no-such-cc"):
        Spin(SCENARIOS["otrv3/ake"], tmp_path, Effort(compiler="no-such-cc"))


# --- With Spin --------------------------------------------------------------------------------

EQUAL = [
    "otrv3/smp",
    "otrv3/unordered",
    "otrv4/smp",
    "otrv4/losing",
]


@pytest.mark.spin
@pytest.mark.slow
@needs_spin
@pytest.mark.parametrize("name", EQUAL)
def test_both_engines_reach_as_many_joint_states(name: str, tmp_path: Path) -> None:
    chosen = SCENARIOS[name]
    found, verdict = explore(chosen), Spin(chosen, tmp_path, QUICK).safety()
    assert verdict.holds
    assert verdict.complete
    assert verdict.states == found.states
    if chosen.network.fifo:  # elsewhere Spin takes equal messages one after the other
        assert verdict.transitions == found.transitions + 1  # it counts the beginning


@pytest.mark.spin
@pytest.mark.slow
@needs_spin
@pytest.mark.parametrize("variant", [GIVE_WAY, INSIST], ids=["give-way", "insist"])
def test_both_engines_find_that_the_tie_break_is_needed(variant: Variant, tmp_path: Path) -> None:
    chosen, endless = scenario("otrv3/both-begin", variant=variant), variant is INSIST
    against, verdict = lasso(explore(chosen)), Spin(chosen, tmp_path, QUICK).liveness()
    assert against is not None
    assert not verdict.holds
    assert bool(against.cycle) == bool(verdict.cycle) == endless
    system = System(chosen)
    *_, last = replay(system, (*verdict.inputs, *verdict.cycle))
    assert not system.converged(last.state)
    if endless:
        *_, begin = replay(system, verdict.inputs)
        assert begin.state == last.state
    else:
        assert list(system.inputs(last.state)) == []


@pytest.mark.spin
@pytest.mark.slow
@needs_spin
def test_both_engines_find_that_the_dake_converges(tmp_path: Path) -> None:
    chosen = SCENARIOS["otrv4/both-begin"]
    verdict = Spin(chosen, tmp_path, QUICK).liveness()
    assert verdict.holds
    assert verdict.complete
    assert lasso(explore(chosen)) is None


@pytest.mark.spin
@pytest.mark.slow
@needs_spin
def test_both_engines_find_the_same_broken_property(tmp_path: Path) -> None:
    skipping = Variant("no MAC", "", (SkipCheck(Check.SIGNATURE_MAC),))
    chosen = scenario("otrv3/thrice", variant=skipping)
    verdict = Spin(chosen, tmp_path, QUICK).safety()
    assert not verdict.holds
    assert verdict.broken in {each.name for each in explore(chosen).violations}
    *_, last = replay(System(chosen), verdict.inputs)
    assert verdict.broken in last.broken


@pytest.mark.spin
@needs_spin
def test_bounds_are_errors_in_both_engines(tmp_path: Path) -> None:
    with pytest.raises(OutOfBounds, match="bounds, after"):
        Spin(scenario("otrv3/ake", bounds={PAIRS: 1}), tmp_path, QUICK).safety()


@pytest.mark.spin
@needs_spin
def test_a_search_that_was_cut_short_says_so(tmp_path: Path) -> None:
    shallow = Effort(optimise="-O0", hash_bits=18, depth=20)
    verdict = Spin(SCENARIOS["otrv3/ake"], tmp_path, shallow).safety()
    assert not verdict.complete
    assert verdict.states < 7


@pytest.mark.spin
@needs_spin
def test_nothing_is_said_of_runs_where_nothing_is_claimed() -> None:
    with workplace() as place:
        spin = Spin(SCENARIOS["otrv3/end"], place, QUICK)
        with pytest.raises(SpinFailed, match="does not claim that anything converges"):
            spin.liveness()
    assert not place.exists()


@pytest.mark.spin
@needs_spin
def test_what_the_compiler_refuses_is_told(tmp_path: Path) -> None:
    spin = Spin(SCENARIOS["otrv3/ake"], tmp_path, Effort(optimise="-no-such-option"))
    with pytest.raises(SpinFailed, match=r"gcc: .*no-such-option"):
        spin.safety()
