"""The history of flaws as pages: what they are printed from is still what the runs give."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from otr_check.explore.replay import replay_real
from otr_check.explore.witness import read_witness
from otr_conformance.history import rendered, stale
from otr_conformance.history.cases import noticed_by
from otr_conformance.history.caught import RECORD, proof
from otr_conformance.history.caught import read as read_caught
from otr_conformance.history.finding import explored, find, without
from otr_conformance.history.past import RUNS, Past, pasts
from otr_conformance.history.record import BadRecord, Run, read
from otr_conformance.history.table import unexplained
from otr_conformance.history.unnoticed import UNNOTICED, UNSEARCHED
from otr_conformance.history.watched import Kind, Watched, watched

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
PASTS = {past.name: past for past in pasts()}
SEARCHED = {name: past for name, past in PASTS.items() if past.scenario is not None}
RECORDED = read(ROOT / RUNS)
LONG = 12_000
"""Joint states of a search that is not made again here."""


def is_short(past: Past) -> bool:
    """Whether the search with the flaw, and the one without it, are made again here."""
    run = RECORDED[past.flaw.id]
    return max(run.states, run.plain.states if run.plain else 0) <= LONG


SHORT = [name for name, past in SEARCHED.items() if is_short(past)]


@pytest.fixture(scope="module")
def runs() -> Mapping[str, Run]:
    return RECORDED


def test_every_flaw_has_a_page_and_every_search_a_picture() -> None:
    paths = {path for path, _ in rendered(ROOT)}

    assert {past.page for past in PASTS.values()} <= paths
    assert {past.picture for past in SEARCHED.values()} <= paths


def test_what_is_checked_in_is_what_the_scenarios_are_about_now() -> None:
    assert list(stale(ROOT)) == []


def test_pages_link_to_what_is_there() -> None:
    texts = dict(rendered(ROOT))
    for path, text in texts.items():
        if path.suffix != ".md":
            continue
        for link in re.findall(r"\]\(([^)#]+)", text):
            there = (ROOT / path.parent / link).resolve()
            assert there.exists() or there.relative_to(ROOT) in texts, f"{path}: {link}"


@pytest.mark.slow
@pytest.mark.parametrize("name", SHORT)
def test_a_search_still_finds_a_run_of_the_same_length(name: str, runs: Mapping[str, Run]) -> None:
    past = SEARCHED[name]
    run, witness = runs[past.flaw.id], read_witness(ROOT / past.witness)

    found = find(past)

    assert found is not None
    assert (found.states, len(found.witness.steps)) == (run.states, run.steps)
    assert (found.witness.property, found.witness.says) == (witness.property, witness.says)


@pytest.mark.slow
@pytest.mark.parametrize("name", SEARCHED)
def test_a_run_is_the_same_over_bytes_as_the_page_says(name: str, runs: Mapping[str, Run]) -> None:
    past = SEARCHED[name]

    replayed = replay_real(read_witness(ROOT / past.witness))

    assert replayed.differs == runs[past.flaw.id].differs == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in SHORT if not SEARCHED[n].flaw.present])
def test_without_the_flaw_the_search_gives_what_the_page_says(
    name: str, runs: Mapping[str, Run]
) -> None:
    past, scenario = SEARCHED[name], SEARCHED[name].scenario
    assert scenario is not None

    assert explored(without(scenario, past.flaw.id)) == runs[past.flaw.id].plain


def test_without_the_flaw_every_search_was_complete_and_nothing_violated(
    runs: Mapping[str, Run],
) -> None:
    for past in SEARCHED.values():
        plain = runs[past.flaw.id].plain
        assert past.flaw.present == (plain is None)
        assert plain is None or (plain.complete and not plain.violated)


@pytest.mark.parametrize("name", PASTS)
def test_the_case_notices_a_target_with_the_flaw(name: str, runs: Mapping[str, Run]) -> None:
    past = PASTS[name]
    case = runs[past.flaw.id].case

    if case is None:
        assert past.flaw.present or past.flaw.id in UNNOTICED
    else:
        assert past.flaw.id not in UNNOTICED
        assert noticed_by(past.protocol, past.flaw.variant, case.id) == case


def test_what_is_not_searched_for_has_a_reason() -> None:
    missing = {past.flaw.id for past in PASTS.values() if past.scenario is None}

    assert missing == set(UNSEARCHED)


# --- Files that are not as they should be -----------------------------------------------------


def checkout(root: Path) -> Past:
    """A checkout with the files of one flaw."""
    past = PASTS["otrv3-version-rollback"]
    for path in (RUNS, past.witness):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text((ROOT / path).read_text())
    return past


def faults(root: Path, past: Past) -> list[str]:
    """What is said of the files of a flaw."""
    return [line for line in stale(root) if past.name in line]


def test_where_nothing_was_run_nothing_is_stale_and_pages_say_so(tmp_path: Path) -> None:
    assert list(stale(tmp_path)) == []

    page = dict(rendered(tmp_path))[PASTS["otrv3-version-rollback"].page]
    assert "steps; none is shorter" not in page


def test_a_witness_that_is_gone_is_reported(tmp_path: Path) -> None:
    past = checkout(tmp_path)
    assert faults(tmp_path, past) == []

    (tmp_path / past.witness).unlink()

    (line,) = faults(tmp_path, past)
    assert line.endswith(f"is missing: run python -m otr_conformance.history {past.name}")


def test_a_witness_of_another_scenario_is_reported(tmp_path: Path) -> None:
    past = checkout(tmp_path)
    document = json.loads((tmp_path / past.witness).read_text())
    document["scenario"][0] = 'title = "Another one"'
    (tmp_path / past.witness).write_text(json.dumps(document))

    (line,) = faults(tmp_path, past)
    assert "is not of the scenario otrv3-flaw-version-rollback as it is" in line


def test_a_witness_that_does_not_replay_is_reported(tmp_path: Path) -> None:
    past = checkout(tmp_path)
    document = json.loads((tmp_path / past.witness).read_text())
    document["steps"][1]["fired"][0]["row"] = "otrv3.ake:another"
    (tmp_path / past.witness).write_text(json.dumps(document))

    (line,) = faults(tmp_path, past)
    assert "where the file has otrv3.ake:another" in line


def test_a_file_that_nothing_makes_is_reported(tmp_path: Path) -> None:
    checkout(tmp_path)
    strange = tmp_path / "docs" / "findings" / "history" / "otrv3-nothing.md"
    strange.write_text("")

    assert "docs/findings/history/otrv3-nothing.md: nothing makes this file any more" in stale(
        tmp_path
    )


@pytest.mark.parametrize("text", ["[", "[]", '{"x": {"steps": []}, "y": 1}', '{"x": {"z": 1}}'])
def test_a_record_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    for path in (RUNS, RECORD):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    with pytest.raises(BadRecord, match="is no record of runs"):
        read(tmp_path / RUNS)
    with pytest.raises(BadRecord, match="is no record of what catches"):
        read_caught(tmp_path)


# --- What catches which variant ---------------------------------------------------------------

WATCHED = {each.id: each for each in watched()}
SAMPLE = (
    "otrv3.flaw:replayed-data",
    "otrv3 literal failed-signature",
    "otrv3 skip DATA_MAC",
    "otrv3 skip G2B_RANGE",
    "otrv3 skip G3A_PROOF",
    "otrv4 skip DATA_MAC",
    "otrv3 history sigma-with-mac",
)


def test_every_variant_that_matters_was_run_and_no_other() -> None:
    record = read_caught(ROOT)

    assert set(record) == set(WATCHED)
    assert all(each.searches is not None for each in record.values())


def test_what_neither_proof_nor_search_catches_has_a_reason() -> None:
    assert list(unexplained(ROOT)) == []


def test_a_cure_leaves_nothing_violated() -> None:
    record = read_caught(ROOT)

    for each in WATCHED.values():
        if each.kind is Kind.CURE:
            searches = record[each.id].searches
            assert searches is not None
            assert searches.tried
            assert all(tried.complete for tried in searches.tried)
            assert not searches.violated


ALONE = """
import sys
from otr_conformance.history.caught import hunt
from otr_conformance.history.watched import watched

print(next(hunt(each) for each in watched() if each.id == sys.argv[1]))
"""
"""The order of successors follows the order in which terms are made: a process that has made none
before finds as many states as the one that wrote the table."""


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLE)
def test_a_search_for_a_variant_gives_what_the_table_says(name: str) -> None:
    said = read_caught(ROOT)[name].searches

    found = subprocess.run(  # noqa: S603 - this interpreter, and a script that stands here
        [sys.executable, "-c", ALONE, name], capture_output=True, text=True, check=True
    )

    assert found.stdout == f"{said}\n"


@pytest.mark.slow
def test_a_proof_that_fails_still_does() -> None:
    each: Watched = WATCHED["otrv3 literal smp-refresh"]

    found = proof(each)

    assert found == read_caught(ROOT)[each.id].proofs
    assert found is not None
    assert found.fails == ("otrv3.invariant:smp-one-conversation",)
