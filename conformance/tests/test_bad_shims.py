"""The runner against shims that misbehave: the right verdict, the run goes on, nothing is left."""

import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from otr_conformance import runner
from otr_conformance.play.case import AnyCase
from otr_conformance.protocols import protocol
from otr_conformance.runner import Run, Running, run_all
from otr_conformance.shim import client
from otr_conformance.shim.errors import FaultKind, ShimCrash, ShimFault
from otr_conformance.targets import Target
from otr_conformance.verdict import Verdict

BAD = Path(__file__).parent / "miniatures" / "bad.py"
MARK = "OTRSPEC_TEST_MARK"


def case(name: str) -> AnyCase:
    """A case of OTRv3."""
    return protocol("otrv3").suite.cases[f"otrv3.case:{name}"]


# Two cases in which the target receives a message first of all.
CASES = [case("life.started-by-tester"), case("life.refreshed")]

HARNESS = Verdict.HARNESS_ERROR

# What the argument makes the shim do, the verdict, and what the report says of it.
WAYS = [
    ("garbage", HARNESS, "in answer to receive: line: is not JSON"),
    ("not_utf8", HARNESS, "in answer to receive: line: is not UTF-8"),
    ("twice_in_one", HARNESS, "in answer to receive: re: occurs twice"),
    ("huge_integer", HARNESS, "in answer to receive: x-huge: does not fit 64 bits"),
    ("huge_number", HARNESS, "in answer to receive: re: does not fit 64 bits"),
    ("deep", HARNESS, "in answer to receive: line: is nested"),
    ("wrong_number", HARNESS, "in answer to receive: re: is 3, but the request's number is 4"),
    ("two_answers", HARNESS, "line: is not part of any answer"),
    ("unknown_event", HARNESS, "in answer to receive: event: has the unknown word 'earthquake'"),
    ("many_events", HARNESS, "in answer to receive: answer: has more than 10000 events"),
    ("much_in_events", HARNESS, "in answer to receive: answer: is longer than 16777216 bytes"),
    ("endless_line", HARNESS, "in answer to receive: line: is longer than 1048576 bytes"),
    ("closes", HARNESS, "in answer to receive: standard output: was closed while the process"),
    ("refuses", HARNESS, "in answer to receive: the shim answered internal: not today"),
    ("dies", Verdict.CRASH, "in answer to receive: the shim ended with status 1"),
    ("killed", Verdict.CRASH, "in answer to receive: the shim was ended by signal SIGSEGV"),
    ("leaves_child", Verdict.CRASH, "in answer to receive: the shim ended with status 7"),
]

# The same where it takes as long as the limit to see it.
SLOW_WAYS = [
    ("late", Verdict.HANG, "in answer to receive: the shim did not answer within 1 seconds"),
    ("late_for_ever", Verdict.HANG, "in answer to receive: the shim did not answer within"),
    ("stubborn", Verdict.HANG, "in answer to receive: the shim did not answer within 1 seconds"),
]

Start = Callable[..., Running]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start a run with the bad shim; afterwards, see that no process of it is left."""
    mark = uuid.uuid4().hex
    monkeypatch.setenv(MARK, mark)

    def start(way: str, cases: list[AnyCase] = CASES, **options: float) -> Running:
        command = (sys.executable, "-S", "-E", str(BAD), way)
        return run_all(Target("bad", command), cases, **({"jobs": 1} | options))  # type: ignore[arg-type]

    yield start
    monkeypatch.delenv(MARK)
    limit = time.monotonic() + 10
    while (left := marked(mark)) and time.monotonic() < limit:
        time.sleep(0.01)
    assert not left


def marked(mark: str) -> list[int]:
    """The processes that run and were started with a mark in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            if f"{MARK}={mark}".encode() in environment:
                found.append(int(entry.name))
    return found


def outcome(running: Running) -> dict[str, Run]:
    with running:
        return {run.case.id: run for run in running}


def judge(running: Running, verdict: Verdict, because: str) -> None:
    """Each case has the verdict, in a process of its own; what was wrong is named."""
    runs = outcome(running)

    assert set(runs) == {case.id for case in CASES}
    for run in runs.values():
        assert run.result.verdict is verdict
        assert because in run.result.because


@pytest.mark.parametrize(("way", "verdict", "because"), WAYS, ids=[way for way, *_ in WAYS])
def test_a_shim_that_misbehaves_costs_one_case_and_one_process(
    start: Start, way: str, verdict: Verdict, because: str
) -> None:
    judge(start(way), verdict, because)


@pytest.mark.parametrize(
    ("way", "verdict", "because"), SLOW_WAYS, ids=[way for way, *_ in SLOW_WAYS]
)
def test_a_shim_that_does_not_answer_hangs_for_one_case(
    start: Start, way: str, verdict: Verdict, because: str
) -> None:
    judge(start(way, timeout=1), verdict, because)


@pytest.mark.parametrize("way", ["grows", "child_grows"])
def test_a_shim_that_grows_is_ended_before_the_machine_suffers(
    start: Start, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "MEMORY", 2**26)

    judge(start(way), Verdict.CRASH, "in answer to receive: the shim took more than 64 MiB")


def test_a_shim_that_is_always_late_hangs_although_each_answer_is_in_time(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "PATIENCE", 0.1)

    judge(start("slow"), Verdict.HANG, "more than 0.5 seconds for its answers together")


def test_answers_together_are_bounded_although_each_is(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TOGETHER_LIMIT", 2**20)

    judge(start("verbose"), HARNESS, "answers: are longer than 1048576 bytes together")


def test_what_a_target_says_does_not_swell_the_report(start: Start) -> None:
    (run, _) = outcome(start("verbose")).values()

    assert run.result.verdict is Verdict.FAIL
    assert len(run.result.because) < 2010
    assert max(map(len, run.result.log)) < 2010
    assert len(run.result.log) <= 2001


def test_what_was_wrong_can_be_seen_in_the_log(start: Start) -> None:
    (garbage, *_), (dies, *_) = (list(outcome(start(way)).values()) for way in ("garbage", "dies"))

    assert garbage.result.log[-2].startswith('request: {"id": 4, "do": "receive", "endpoint": ')
    assert garbage.result.log[-1] == "answer: welcome to my shim"
    assert dies.result.log[-2:] == ("standard error:", "  out of luck")
    assert "the tester's user starts" in garbage.result.log


def test_of_a_long_complaint_the_beginning_and_the_end_are_in_the_log(start: Start) -> None:
    (panics, _) = outcome(start("panics")).values()
    log = panics.result.log
    told = log[log.index("standard error:") + 1 :]

    assert told[0] == "  panic: out of range"
    assert told[5] == "  ... 21 lines ..."
    assert told[-1] == "  in function 39"
    assert len(told) == 21


def test_a_shim_that_writes_to_standard_error_without_end_is_judged_like_others(
    start: Start,
) -> None:
    (run, _) = outcome(start("scribbles")).values()

    assert run.result.verdict is Verdict.FAIL
    assert "the target sent no D-H Commit" in run.result.because


# ---- lies in hello


@pytest.mark.parametrize(
    ("way", "kind"), [("dies_at_start", ShimCrash), ("absurd_limit", ShimFault)]
)
def test_a_run_with_a_shim_that_cannot_say_what_it_is_does_not_begin(
    start: Start, way: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind), start(way):
        pass


def test_a_shim_that_says_something_else_each_time_is_not_believed(start: Start) -> None:
    with pytest.raises(ShimFault) as caught, start("changes", jobs=2):
        pass

    assert caught.value.kind is FaultKind.CHANGED
    assert str(caught.value) == "hello: says something else than when the shim was started before"


@pytest.mark.parametrize(
    ("way", "name", "do"),
    [
        ("boasts", "message.starts-in-finished.v3", "start"),
        ("speaks_nothing", "life.started-by-tester-v2", "new"),
    ],
)
def test_what_is_declared_and_then_not_carried_out_is_a_harness_error(
    start: Start, way: str, name: str, do: str
) -> None:
    (run,) = outcome(start(way, [case(name)])).values()

    assert run.result.verdict is HARNESS
    reason = "the shim answered unsupported, and hello declares what it takes"
    assert run.result.because == f"in answer to {do}: {reason}"


# ---- the end


def test_a_bad_end_is_reported_although_no_case_is_to_blame(start: Start) -> None:
    running = start("dies_at_end")

    assert {run.result.verdict for run in outcome(running).values()} == {Verdict.FAIL}
    assert running.farewells == ["at the end, the shim ended with status 3"]


def test_a_shim_that_stays_after_bye_is_reported_and_ended(start: Start) -> None:
    running = start("stays", timeout=1)
    outcome(running)

    assert running.farewells == ["at the end, the shim did not answer within 1 seconds"]
