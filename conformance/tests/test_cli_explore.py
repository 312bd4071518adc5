"""`otrspec explore` and `otrspec witness`: what they find, say, write and refuse."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from otr_check.explore.properties import PROPERTIES
from otr_check.explore.registry import variant_of
from otr_check.explore.scenario import (
    Action,
    Actor,
    Attacker,
    Bounds,
    Network,
    Scenario,
    scenario_of,
    shipped,
)
from otr_check.explore.search import Exploration
from otr_check.explore.witness import Kind, from_json, read_witness
from otr_check.explore.workers import Lost
from otr_conformance.cli import main
from otr_conformance.otrv3 import case as cases
from otr_conformance.otrv3.grade import GRADER
from otr_conformance.otrv3.labs import RealLab, TermLab
from otr_conformance.otrv3.stage import reference_target
from otr_conformance.otrv3.witnesses import SCRIPTING
from otr_conformance.otrv4.witnesses import SCRIPTING as SCRIPTING_4
from otr_conformance.play.witnesses import NoCase, Scripting, scripted
from otr_conformance.verdict import Verdict
from otr_model.kernel.variant import NONE

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "exploring.md").read_text(encoding="utf-8")

BEGIN = "otrv3-both-begin"
ANY_ORDER = "otrv3-both-begin-any-order"
IN_THE_CLEAR = "otrv3-flaw-plaintext-after-end"
TWO_CLIENTS = "otrv3-flaw-multiple-clients"

TALK = """
title = "Two who talk"
about = "More about it."
protocol = "otrv3"
ask = ["plaintext", "agreement"]

[participant.alice]
peer = "bob"
does = { send = 1 }

[participant.bob]
peer = "alice"
does = { start = 1, end = 1 }
"""


@pytest.fixture(autouse=True)
def _page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    path = tmp_path / "talk.toml"
    path.write_text(TALK, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the witnesses of some scenarios that ship."""
    folder = tmp_path_factory.mktemp("witnesses")
    for name in (ANY_ORDER, IN_THE_CLEAR, TWO_CLIENTS, *VERSION_4, *WITH_CASES, *WITHOUT_CASES):
        main(["explore", name, "--witness", str(folder / f"{name}.json")])
    return folder


def answer(capsys: pytest.CaptureFixture[str], status: int, *arguments: str) -> Any:
    """The JSON that a command writes."""
    assert main([*arguments, "--json"]) == status
    found = json.loads(capsys.readouterr().out)
    if isinstance(found, dict) and "exit" in found:
        assert found["exit"] == status
    return found


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line with which a command refuses."""
    assert main(list(map(str, arguments))) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err.strip()


# --- What there is ----------------------------------------------------------------------------


def test_scenarios_are_listed_with_titles_and_properties(
    capsys: pytest.CaptureFixture[str],
) -> None:
    listed = answer(capsys, 0, "explore", "--list")
    assert [each["name"] for each in listed] == list(shipped())
    one = next(each for each in listed if each["name"] == ANY_ORDER)
    scenario = scenario_of(shipped()[ANY_ORDER])
    assert one["title"] == scenario.title
    assert one["participants"] == ["alice", "bob"]
    assert (one["ask"], one["expect"]) == (list(scenario.ask), ["convergence"])

    assert main(["explore", "--list"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in shipped())
    assert "expected to be violated: convergence" in " ".join(out.split())


def test_properties_are_listed_with_what_they_say(capsys: pytest.CaptureFixture[str]) -> None:
    listed = answer(capsys, 0, "explore", "--properties")
    assert {each["property"]: each["about"] for each in listed} == {
        name: each.about for name, each in PROPERTIES.items()
    }
    assert main(["explore", "--properties"]) == 0
    assert capsys.readouterr().out.startswith("agreement  ")


def test_the_chapter_names_every_key_every_property_and_everything_that_users_do() -> None:
    words = set(re.findall(r"`\"?([a-z_-]+)\"?`", PAGE))
    keys = {field.name for kind in (Bounds, Network, Attacker) for field in fields(kind)}
    keys |= {field.name for field in fields(Actor)} - {"name"}
    keys |= {field.name for field in fields(Scenario)} - {"actors", "bounds", "network"}
    keys.discard("attacker")
    assert keys <= words
    assert set(PROPERTIES) <= words
    assert {action.label for action in Action} <= words


# --- Exploring --------------------------------------------------------------------------------


def test_where_everything_holds_the_status_is_0(capsys: pytest.CaptureFixture[str]) -> None:
    document = answer(capsys, 0, "explore", BEGIN)
    assert document["complete"]
    assert document["stopped"] == ""
    assert document["states"] > 100
    assert document["rows"] > len(document["rows_fired"]) > 20
    assert [each["property"] for each in document["properties"]] == [
        *scenario_of(shipped()[BEGIN]).ask,
        "no-crash",
    ]
    assert all(each["holds"] and each["expected"] for each in document["properties"])

    assert main(["explore", BEGIN]) == 0
    out, err = capsys.readouterr()
    assert f"{document['states']:,}" in out
    assert f"of {document['rows']} were taken" in out
    assert "nothing was left out but what the scenario leaves out" in out
    assert re.search(r"^convergence +holds within the bounds$", out, re.MULTILINE)
    assert err == ""  # no progress where nobody looks


def test_a_violation_is_shown_with_its_witness_and_the_status_is_1(
    capsys: pytest.CaptureFixture[str], talk: Path, tmp_path: Path
) -> None:
    path = tmp_path / "found.json"
    flaw = "alice=otrv3.flaw:plaintext-after-end"
    assert main(["explore", str(talk), "--variant", flaw, "--witness", str(path)]) == 1

    out = capsys.readouterr().out
    says = "'alice 1' left alice in the clear, who thought it private"
    assert "More about it." in out
    assert re.search(rf"^plaintext +violated after 9 steps: {says}$", out, re.MULTILINE)
    assert re.search(r"^agreement +not violated so far$", out, re.MULTILINE)
    assert "\n  1  bob asks for a private conversation\n" in out
    assert "\n  9  alice types 'alice 1'\n" in out
    assert f"written to {path}" in out
    witness = read_witness(path)
    assert (witness.property, witness.says, len(witness.steps)) == ("plaintext", says, 9)
    assert witness.scenario.actors[0].variant == "otrv3.flaw:plaintext-after-end"
    assert witness.scenario.actors[1].variant == ""


def test_a_violation_that_is_expected_is_no_fault_and_its_absence_is(
    capsys: pytest.CaptureFixture[str], talk: Path
) -> None:
    flaw = ("--variant", "otrv3.flaw:plaintext-after-end")
    talk.write_text(TALK.replace("protocol", 'expect = ["plaintext"]\nprotocol', 1))

    document = answer(capsys, 0, "explore", str(talk), *flaw)
    assert document["stopped"] == "violation"
    assert [each["expected"] for each in document["properties"]] == [True, True, True]
    assert main(["explore", str(talk), *flaw]) == 0
    assert "violated as expected, after 9 steps" in capsys.readouterr().out

    document = answer(capsys, 1, "explore", str(talk))
    assert document["complete"]
    assert [each["expected"] for each in document["properties"]] == [False, True, True]
    assert main(["explore", str(talk)]) == 1
    assert "holds within the bounds, which is not expected" in capsys.readouterr().out


def test_with_all_there_is_a_witness_of_each_violation(
    capsys: pytest.CaptureFixture[str], talk: Path, tmp_path: Path
) -> None:
    talk.write_text(
        TALK.replace('"agreement"]', '"agreement", "convergence"]\nnetwork.loses = true')
    )
    both = ("--variant", "otrv3.flaw:plaintext-after-end", "--all")
    document = answer(
        capsys, 1, "explore", str(talk), *both, "--witness", str(tmp_path / "found.json")
    )

    files = {e["property"]: e["witness"] for e in document["properties"] if not e["holds"]}
    assert document["complete"]
    assert files == {
        name: str(tmp_path / f"found-{name}.json") for name in ("plaintext", "convergence")
    }
    assert all(read_witness(Path(file)).property == name for name, file in files.items())


def test_bounds_replace_those_of_the_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    shallow = answer(capsys, 0, "explore", BEGIN, "--depth", "3")
    assert (shallow["depth"], shallow["complete"], shallow["stopped"]) == (3, False, "depth")
    few = answer(capsys, 0, "explore", BEGIN, "--states", "20")
    assert (few["complete"], few["stopped"]) == (False, "states")
    assert few["states"] >= 20
    narrow = answer(capsys, 0, "explore", BEGIN, "--in-flight", "1")
    assert narrow["crowded"] > 0
    assert main(["explore", BEGIN, "--depth", "3"]) == 0
    out = capsys.readouterr().out
    assert "stopped by the bound of the depth" in out
    assert "not violated so far" in out


def test_a_search_that_was_saved_is_gone_on_with(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = str(tmp_path / "search.bin")
    whole = answer(capsys, 0, "explore", BEGIN)
    answer(capsys, 0, "explore", BEGIN, "--depth", "6", "--save", path)
    rest = answer(capsys, 0, "explore", BEGIN, "--resume", path)

    same = ("states", "steps", "depth", "complete", "rests", "rows_fired", "properties")
    assert {name: rest[name] for name in same} == {name: whole[name] for name in same}
    assert "another scenario" in refused(capsys, "explore", ANY_ORDER, "--resume", path)


@pytest.mark.slow
def test_workers_find_the_same(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "found.json"
    whole = ("explore", ANY_ORDER, "--all")
    alone = answer(capsys, 0, *whole)
    together = answer(capsys, 0, *whole, "--workers", "2", "--witness", str(path))

    same = ("states", "steps", "depth", "complete", "rests", "rows_fired")
    assert {name: together[name] for name in same} == {name: alone[name] for name in same}
    written = tmp_path / "found-convergence.json"
    assert main(["witness", str(written), "--replay", "--real"]) == 0


def test_a_worker_that_is_gone_is_nobodys_misuse(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_: object, **__: object) -> None:
        message = "a worker is gone"
        raise Lost(message)

    monkeypatch.setattr(Exploration, "run", run)
    assert main(["explore", BEGIN, "--workers", "2"]) == 3
    assert capsys.readouterr() == ("", "otrspec: a worker is gone\n")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "name a scenario, or ask for --list"),
        (("nope",), "there is no scenario 'nope'; otrspec explore --list"),
        (("otrv3-both-begun",), "did you mean otrv3-both-begin"),
        (("nope.toml",), "nope.toml: cannot be read: No such file or directory"),
        ((BEGIN, "--in-flight", "17"), "bounds.in_flight: is 17, not 1 to 16"),
        ((BEGIN, "--in-flight", "0"), "--in-flight"),
        ((BEGIN, "--variant", "carol=skip DATA_MAC"), "no participant 'carol'; there are alice"),
        ((BEGIN, "--variant", "skip NOTHING_AT_ALL"), "there is no check 'NOTHING_AT_ALL'"),
        ((BEGIN, "--resume", "/nowhere/y"), "/nowhere/y"),
        ((BEGIN, "--witness", "/nowhere/x.json"), "/nowhere/x.json: is in a folder that is not"),
        ((BEGIN, "--save", "/"), "/: is a folder"),
    ],
)
def test_what_cannot_be_explored_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], complaint: str
) -> None:
    assert complaint in refused(capsys, "explore", *arguments)


def test_an_ill_formed_scenario_is_refused_with_its_name(
    capsys: pytest.CaptureFixture[str], talk: Path
) -> None:
    talk.write_text(TALK.replace("agreement", "agreements"))
    assert "ask: there is no 'agreements'; there are agreement" in refused(capsys, "explore", talk)
    talk.write_text("title = 1")
    assert refused(capsys, "explore", talk).endswith("talk.toml: title: is 1, which is no text")


# --- Witnesses --------------------------------------------------------------------------------


def test_a_witness_is_shown_as_it_was_found(
    capsys: pytest.CaptureFixture[str], found: Path
) -> None:
    assert main(["witness", str(found / f"{IN_THE_CLEAR}.json")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == scenario_of(shipped()[IN_THE_CLEAR]).title
    assert lines[1] == "alice: otrv3.flaw:plaintext-after-end"
    assert lines[3].startswith("plaintext: 'alice 1' left alice in the clear")
    assert lines[4] == "  1  bob asks for a private conversation"


def test_a_witness_is_drawn_traced_and_written_again(
    capsys: pytest.CaptureFixture[str], found: Path, tmp_path: Path
) -> None:
    path = found / f"{IN_THE_CLEAR}.json"
    drawn = tmp_path / "drawn.svg"
    assert main(["witness", str(path), "--svg", "-o", str(drawn)]) == 0
    svg = drawn.read_text(encoding="utf-8")
    assert svg.startswith("<svg")
    assert "ENCRYPTED → PLAINTEXT" in svg

    assert main(["witness", str(path), "--itf"]) == 0
    trace = json.loads(capsys.readouterr().out)
    assert trace["vars"] == ["happened", "alice", "bob", "in_flight"]
    assert len(trace["states"]) == 10

    assert main(["witness", str(path), "--json"]) == 0
    assert capsys.readouterr().out == path.read_text(encoding="utf-8")


def test_a_witness_is_replayed_over_terms_and_over_bytes(
    capsys: pytest.CaptureFixture[str], found: Path
) -> None:
    path = str(found / f"{ANY_ORDER}.json")
    assert main(["witness", path, "--replay", "--real"]) == 0
    terms, octets = capsys.readouterr().out.splitlines()
    assert (
        terms
        == "over terms: all 10 steps come again; all has been delivered, and nobody is private"
    )
    assert octets.startswith("over bytes: all 10 steps come again; all has been delivered")

    document = answer(capsys, 0, "witness", path, "--replay", "--real")
    assert [each["over"] for each in document["replays"]] == ["terms", "bytes"]
    assert all(each["differs"] == "" and each["steps"] == 10 for each in document["replays"])


def test_a_witness_of_a_fault_that_was_mended_is_named_and_the_status_is_1(
    capsys: pytest.CaptureFixture[str], found: Path, tmp_path: Path
) -> None:
    document = json.loads((found / f"{IN_THE_CLEAR}.json").read_text(encoding="utf-8"))
    document["scenario"] = [line for line in document["scenario"] if "variant" not in line]
    path = tmp_path / "mended.json"
    path.write_text(json.dumps(document), encoding="utf-8")

    assert main(["witness", str(path), "--replay"]) == 1
    assert capsys.readouterr().out.startswith("over terms: step 8: alice ")
    (replayed,) = answer(capsys, 1, "witness", str(path), "--real")["replays"]
    assert replayed["differs"].startswith("step 8: alice ")


def test_what_is_no_witness_or_cannot_be_made_is_refused(
    capsys: pytest.CaptureFixture[str], found: Path, tmp_path: Path
) -> None:
    path = found / f"{IN_THE_CLEAR}.json"
    strange = tmp_path / "strange.json"
    strange.write_text("{}", encoding="utf-8")
    assert refused(capsys, "witness", strange).endswith("strange.json: is no witness")
    assert "ask for --svg or for --itf" in refused(capsys, "witness", path, "--svg", "--itf")
    assert "--output is for" in refused(capsys, "witness", path, "-o", tmp_path / "x")
    assert "no participant 'carol'" in refused(
        capsys, "witness", path, "--case", "--target", "carol"
    )


# --- Cases ------------------------------------------------------------------------------------

WITH_CASES = (
    "otrv3-flaw-error-ping-pong",
    "otrv3-flaw-next-dh-of-one",
    "otrv3-flaw-replayed-commit",
    "otrv3-flaw-replayed-data",
    "otrv3-flaw-simultaneous-start",
    "otrv3-flaw-smp-across-refresh",
    "otrv3-flaw-smp-in-wrong-state",
    "otrv3-flaw-smp-without-ranges",
)
"""Scenarios whose witness is a case that a faulty target fails."""
VERSION_4 = ("otrv4-both-start-any-order", "otrv4-flaw-left-without-a-word")
WITHOUT_CASES = {
    "otrv3-flaw-mixed-versions": "does not make what an attacker made: D-H Commit",
    "otrv1-flaw-reflected-key-exchange": "the suite has no cases of otrv1",
}


def loaded(source: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The case of a module's source, which is declared nowhere else."""
    kept = cases.Cases("otrv3")  # type: ignore[attr-defined] # the module imports it
    monkeypatch.setattr(cases, "CASES", kept)
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("case_of_a_witness", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "case_of_a_witness", module)
    spec.loader.exec_module(module)
    (case,) = kept.values()
    return case


@pytest.mark.parametrize("name", [IN_THE_CLEAR, *WITH_CASES])
def test_a_witness_becomes_a_case_that_the_reference_passes_and_a_faulty_target_does_not(
    name: str, found: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = scripted(SCRIPTING, read_witness(found / f"{name}.json"))
    case = loaded(made.source, tmp_path / "case.py", monkeypatch)
    assert (case.id, case.about, case.cast, case.needs, case.version) == (
        made.case.id,
        made.case.about,
        made.case.cast,
        made.case.needs,
        made.case.version,
    )

    target = next(
        actor
        for actor in read_witness(found / f"{name}.json").scenario.actors
        if case.id.endswith(f".{actor.name}")
    )
    play = partial(GRADER.play, case, TermLab())
    fine = play(reference_target(NONE))
    assert fine == GRADER.play(made.case, TermLab(), reference_target(NONE))
    assert not fine.stuck
    assert GRADER.grade(case, RealLab(), reference_target(NONE)).verdict is Verdict.PASS
    faulty = play(reference_target(variant_of("otrv3", target.variant)))
    assert GRADER.difference(fine, faulty)
    assert f"# A target under {target.variant}: " in made.source


@pytest.mark.parametrize(
    ("name", "scripting"),
    [(ANY_ORDER, SCRIPTING), ("otrv4-both-start-any-order", SCRIPTING_4)],
)
def test_hashes_compare_in_a_case_as_in_the_witness(
    name: str, scripting: Scripting, found: Path
) -> None:
    # The target's offer has arrived before the tester makes its own: it stays until then.
    witness = read_witness(found / f"{name}.json")
    made = scripted(scripting, witness)
    lines = [line.strip() for line in made.source.splitlines() if line.startswith("    stage.")]
    offer = f"stage.{scripting.offer.move}(higher=False)"
    assert "stage.to_tester_delivers(keep=True)" in lines[: lines.index(offer)]
    assert lines[lines.index(offer) + 1] == "stage.to_tester_loses()"

    played = scripting.grader.play(
        made.case, scripting.grader.terms(), scripting.grader.reference_target(NONE)
    )
    target = made.case.id.rpartition(".")[2]
    taken = [fired.row for step in witness.steps if step.who == target for fired in step.fired]
    assert [fired.row for fired in played.fired] == taken


def test_a_witness_of_version_4_becomes_a_case(found: Path) -> None:
    made = scripted(SCRIPTING_4, read_witness(found / "otrv4-flaw-left-without-a-word.json"))
    assert made.case.id == "otrv4.case:witness.belief.alice"
    assert (made.case.version, made.case.needs) == (4, {"otrv4-dake"})
    assert "# A target under otrv4.flaw:left-without-a-word: " in made.source
    assert "    target=Policy(allow_v3=False),\n" in made.source


def test_two_clients_of_one_user_are_played_by_one_tester(found: Path) -> None:
    witness = read_witness(found / f"{TWO_CLIENTS}.json")
    source = scripted(SCRIPTING, witness).source
    assert "stage.tester_at(0x" not in source
    assert "stage.tester_at(" in source
    assert "keep=True" in source
    with pytest.raises(NoCase, match="desk is one of two clients of alice: test the other side"):
        scripted(SCRIPTING, witness, "desk")


@pytest.mark.parametrize("name", WITHOUT_CASES)
def test_what_a_tester_cannot_play_becomes_no_case(
    name: str, found: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert WITHOUT_CASES[name] in refused(capsys, "witness", found / f"{name}.json", "--case")


def test_time_that_passes_is_part_of_a_case() -> None:
    document = {
        "format": "otrspec-witness",
        "version": 1,
        "scenario": [*TALK.splitlines()],
        "property": "agreement",
        "says": "nothing",
        "steps": [
            {"kind": Kind.WAITED.label, "seconds": 61},
            {
                "kind": "did",
                "who": "alice",
                "action": "send",
                "typed": "'alice 1'",
                "sent": [{"number": 1, "label": "plaintext"}],
                "fired": [{"row": "otrv3.message:user-send.plaintext.not-require-encryption"}],
            },
            {"kind": "lost", "who": "bob", "message": 1, "label": "plaintext"},
        ],
    }
    witness = from_json(json.dumps(document))
    source = scripted(SCRIPTING, witness, "bob").source
    assert 'needs={"clock"}' in source
    assert source.endswith(
        '    stage.wait(61)\n    stage.tester_says("alice 1")\n    stage.to_target_loses()\n'
    )
