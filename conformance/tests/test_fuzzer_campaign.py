"""Campaigns: what is found is kept, whatever becomes of the target, of a process, of a file."""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from otr_conformance.fuzz.campaign import Campaign, Corpus, folder_of
from otr_conformance.fuzz.worker import Kept, Order, Worker
from otr_conformance.mutate.catalogue import bugs_of
from otr_conformance.shim.errors import ShimAbsent
from otr_conformance.targets import Target, find
from otr_conformance.verdict import Verdict

BAD = Path(__file__).parent / "miniatures" / "bad.py"
REFERENCE = Order("otrv3", find("reference"), seed=3)


def faulty(name: str) -> Order:
    """The reference with a bug that has a name."""
    variant = next(bug for bug in bugs_of("otrv3") if bug.name == name)
    return replace(REFERENCE, variant=variant, replays=150)


def bad(way: str) -> Order:
    """A shim that misbehaves."""
    target = Target("bad", (sys.executable, "-S", "-E", str(BAD), way))
    return replace(REFERENCE, target=target, timeout=1.0, replays=4)


def test_a_campaign_of_one_process_is_the_same_each_time() -> None:
    found = []
    for _ in range(2):
        with Campaign(REFERENCE) as campaign:
            for _state in campaign.run(steps=100):
                pass
            found.append((campaign.state.steps, dict(campaign.state.coverage.pairs)))

    assert found[0] == found[1]
    assert found[0][0] >= 100


def test_a_bug_is_found_and_its_script_is_short_and_on_disk(tmp_path: Path) -> None:
    with Campaign(faulty("bug query-answered-with-query"), tmp_path) as campaign:
        for state in campaign.run(steps=1000):
            if any(each.verdict is Verdict.FAIL for each in state.seen):
                break
        find_ = next(each for each in campaign.state.seen if each.verdict is Verdict.FAIL)

    assert len(find_.script.moves) <= 3
    assert find_.because
    files = [json.loads(file.read_text()) for file in folder_of(tmp_path, "reference").iterdir()]
    assert list(find_.script.moves) in [each["moves"] for each in files]


def test_what_was_learned_is_there_when_a_campaign_goes_on(tmp_path: Path) -> None:
    with Campaign(REFERENCE, tmp_path) as campaign:
        for _state in campaign.run(steps=150):
            pass
    kept = Corpus(tmp_path, "otrv3").scripts
    assert kept

    with Campaign(REFERENCE, tmp_path) as again:
        assert again.corpus.scripts == kept
        worker = again._workers[0]._worker  # type: ignore[union-attr]
        for _state in again.run(steps=10):
            pass
        assert len(worker.steer.seeds) >= len(kept)


def test_a_line_that_is_no_script_is_left_out_and_said(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path, "otrv3")
    corpus.add([Kept("v3", ("tester starts",), (("a", "b"),))])
    assert corpus.path is not None
    with corpus.path.open("ab") as file:
        file.write(b'{"part": "v3", "mo\n\xff\n{"part": "v3", "moves": [1]}\n')

    again = Corpus(tmp_path, "otrv3")

    assert again.scripts == corpus.scripts
    assert again.complaints == [f"{again.path}: 3 lines are no script, and left out"]


@pytest.mark.parametrize(
    ("way", "verdict", "because"),
    [
        ("dies", Verdict.CRASH, "in answer to receive: the shim ended with status 1"),
        ("garbage", Verdict.HARNESS_ERROR, "in answer to receive: line: is not JSON"),
        ("many_events", Verdict.HARNESS_ERROR, "has more than 10000 events"),
    ],
)
def test_a_target_that_misbehaves_is_a_find_and_the_campaign_goes_on(
    way: str, verdict: Verdict, because: str, tmp_path: Path
) -> None:
    with Campaign(bad(way), tmp_path) as campaign:
        for state in campaign.run(steps=40):
            if state.seen:
                break
        seen = campaign.state.seen

    assert any(each.verdict is verdict and because in each.because for each in seen)


def test_a_target_that_hangs_is_a_find() -> None:
    order = replace(bad("late_for_ever"), timeout=0.3, replays=1)
    with Campaign(order) as campaign:
        for state in campaign.run(steps=40):
            if state.seen:
                break
        verdicts = {each.verdict for each in campaign.state.seen}

    assert Verdict.HANG in verdicts


def test_a_target_that_does_not_start_is_said_before_anything_is_played() -> None:
    order = replace(REFERENCE, target=Target("nothing", ("/nowhere/at/all",)))

    with pytest.raises(ShimAbsent), Campaign(order):
        pass


@pytest.mark.slow
def test_a_process_that_dies_costs_only_its_moment(tmp_path: Path) -> None:
    with Campaign(REFERENCE, tmp_path, jobs=2) as campaign:
        for number, state in enumerate(campaign.run(seconds=60)):
            if number == 0:
                before = state.steps
                os.kill(campaign._workers[0]._process.pid, signal.SIGKILL)  # type: ignore[union-attr]
            if state.complaints and state.steps > before:
                break
        complaints = campaign.state.complaints
        assert len(campaign._workers) == 2

    assert any("ended with status -9; what it found is kept" in each for each in complaints)


def test_a_worker_does_not_play_what_its_target_is_not_capable_of() -> None:
    worker = Worker(REFERENCE)
    able = worker.steer.possible[:5]
    worker._moves = frozenset(able)

    worker.work(steps=1, adopt=[Kept("v3", (able[0],)), Kept("v3", ("no such move",))])

    assert ("no such move",) not in [seed.moves for seed in worker.steer.seeds]
    assert (able[0],) in [seed.moves for seed in worker.steer.seeds]


def test_scripts_that_cannot_be_written_are_complained_of_once_and_kept_in_mind(
    tmp_path: Path,
) -> None:
    corpus = Corpus(tmp_path, "otrv3")
    assert corpus.path is not None
    corpus.path.mkdir()

    assert len(corpus.add([Kept("v3", ("tester starts",))])) == 1
    assert len(corpus.add([Kept("v3", ("target starts",))])) == 1
    assert len(corpus.scripts) == 2
    (complaint,) = corpus.complaints
    assert complaint.endswith("Is a directory: scripts are not kept any more")
