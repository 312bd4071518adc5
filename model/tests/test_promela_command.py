"""`otrspec promela`."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from otr_check.control.abstraction import BadAbstraction
from otr_check.control.adjust import adjusted
from otr_check.control.explore import explore
from otr_check.control.promela import promela
from otr_check.otrv3.abstraction import SCENARIOS
from otr_conformance.cli import main
from otr_conformance.cli import promela as command

if TYPE_CHECKING:
    from pathlib import Path

MISSING = [name for name in ("spin", "gcc") if shutil.which(name) is None]
needs_spin = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


def test_a_scenario_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["promela", "otrv3/ake"]) == 0
    assert capsys.readouterr().out == promela(SCENARIOS["otrv3/ake"])


def test_a_scenario_is_written_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "ake.pml"
    assert main(["promela", "ake", "-o", str(file)]) == 0
    assert file.read_text() == promela(SCENARIOS["otrv3/ake"])


def test_for_several_cores_nothing_is_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["promela", "otrv3/ake", "--cores"]) == 0
    assert "hidden" not in capsys.readouterr().out


def test_the_scenarios_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["promela", "--list", "--json"]) == 0
    listed = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert listed["otrv4/twice"]["known"]
    assert listed["otrv3/both-begin"] == {
        "name": "otrv3/both-begin",
        "about": SCENARIOS["otrv3/both-begin"].about,
        "converges": True,
        "known": "",
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["promela", "otrv3/akee"], "did you mean otrv3/ake"),
        (["promela", "otrv3/*"], "a model is of one scenario, and these are 16"),
        (["promela", "ake", "--set", "alice.send"], "write NAME=NUMBER"),
        (["promela", "ake", "--set", "alice.dance=1"], "there is no action alice.dance"),
        (["promela", "ake", "--set", "colour=1"], "there is no setting 'colour'"),
    ],
)
def test_what_cannot_be_had_is_told(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert words in " ".join(capsys.readouterr().err.split())


def test_settings_make_a_scenario_larger() -> None:
    larger = adjusted(SCENARIOS["otrv3/talk"], {"alice.send": 3, "capacity": 9, "losses": 0})
    assert explore(larger).states > explore(SCENARIOS["otrv3/talk"]).states
    assert larger.network.capacity == 9


def test_a_setting_below_0_is_refused() -> None:
    with pytest.raises(BadAbstraction, match="capacity is -1, which is below 0"):
        adjusted(SCENARIOS["otrv3/talk"], {"capacity": -1})


@pytest.mark.spin
@pytest.mark.slow
@needs_spin
def test_both_engines_are_run_and_what_is_not_known_is_unexpected(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    both = command._run(command.SCENARIOS["otrv4/twice"], changed=False)
    results = iter(
        (
            both,
            replace(both, scenario=replace(both.scenario, known="")),
            replace(both, safety=replace(both.safety, states=20)),
        )
    )
    monkeypatch.setattr(command, "_run", lambda _scenario, **_: next(results))
    assert main(["promela", "--run", "otrv4/twice", "--json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)["scenarios"]
    assert result["states"] == result["spin"]["states"] == 21
    assert result["converges"] is result["spin"]["converges"] is False
    assert result["agree"]
    assert result["counterexamples"]["does not converge"][-1] == "and then nothing"

    assert main(["promela", "--run", "otrv4/twice"]) == 1
    assert "otrv4/twice: does not converge" in capsys.readouterr().out

    assert main(["promela", "--run", "otrv4/twice"]) == 1
    assert "the engines do not agree" in capsys.readouterr().out
