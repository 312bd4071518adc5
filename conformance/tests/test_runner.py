"""Several processes run what one would: the same verdicts in any order; nobody stays behind."""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from otr_conformance import runner
from otr_conformance.otrv3.labs import USUAL_PUBKEY, generated_key
from otr_conformance.play.case import AnyCase
from otr_conformance.play.grade import Result
from otr_conformance.protocols import PROTOCOLS, protocol
from otr_conformance.runner import Run, Runner, run_all, usable_cores
from otr_conformance.shim.errors import FaultKind, ShimAbsent, ShimCrash, ShimFault, ShimGrown
from otr_conformance.targets import Target
from otr_conformance.verdict import Verdict
from otr_reference.keys.dsa import encode_public

REFERENCE = Target("reference", None)
MINIATURES = Path(__file__).parent / "miniatures"
TOY = Target("toy", (sys.executable, str(MINIATURES / "full.py")))


@pytest.fixture(autouse=True)
def _children_find_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


def some(protocol_name: str, number: int) -> list[AnyCase]:
    """Some cases of a protocol, spread over all of them, none of which takes long."""
    cases = [case for case in protocol(protocol_name).suite.cases.values() if not case.largest]
    short = [case for case in cases if "chat" not in case.name and "room" not in case.name]
    return short[:: -(-len(short) // number)]


def verdicts(cases: list[AnyCase], jobs: int, target: Target = REFERENCE) -> dict[str, Result]:
    with run_all(target, cases, jobs=jobs) as running:
        return {run.case.id: run.result for run in running}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_neither_the_number_of_processes_nor_the_order_changes_a_result(name: str) -> None:
    cases = some(name, 8)

    one = verdicts(cases, 1)
    two = verdicts(cases[::-1], 2)

    assert set(one) == {case.id for case in cases}
    assert one == two


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_failure_comes_again_from_the_id_of_its_case_alone(name: str) -> None:
    """The toy fails; each case by itself, in a process of its own, fails in the same way."""
    toy = (
        TOY if name == "otrv3" else Target("toy", (*TOY.command[:1], str(MINIATURES / "full4.py")))
    )
    cases = some(name, 5)

    together = verdicts(cases, 2, toy)

    alone = [verdicts([case], 1, toy)[case.id] for case in cases]
    assert Verdict.FAIL in {result.verdict for result in alone}
    assert [(r.case, r.verdict, r.because) for r in alone] == [
        (r.case, r.verdict, r.because) for r in map(together.__getitem__, (c.id for c in cases))
    ]


def test_long_term_keys_follow_from_names_and_are_valid() -> None:
    keys = [generated_key.__wrapped__(name) for name in ("target", "tester", "target")]

    assert keys[0] == keys[2] != keys[1]
    for key in keys:
        key.public.check()
        assert len(encode_public(key.public)) == USUAL_PUBKEY


def test_what_takes_long_begins_first() -> None:
    cases = [
        protocol("otrv3").suite.cases[f"otrv3.case:{name}"]
        for name in ("life.started-by-tester", "receiving.first-fragment-beyond-bound")
    ]
    with run_all(REFERENCE, cases, jobs=1) as running:
        assert [run.case for run in running] == cases[::-1]


@pytest.mark.slow
def test_processes_that_begin_anew_run_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS, where processes are not copied."""
    monkeypatch.setattr(runner, "_FORKS", False)
    monkeypatch.setattr(runner, "_CONTEXT", multiprocessing.get_context("spawn"))
    cases = some("otrv3", 3)

    assert {result.verdict for result in verdicts(cases, 2).values()} == {Verdict.PASS}
    assert len(verdicts(cases, 2, TOY)) == len(cases)


def test_there_are_no_more_processes_than_cases_and_at_least_one() -> None:
    cases = some("otrv3", 5)

    assert run_all(REFERENCE, cases, jobs=100).jobs == len(cases)
    assert run_all(REFERENCE, [], jobs=2).jobs == 1
    assert run_all(REFERENCE, cases * 100).jobs == usable_cores() >= 1


def test_no_cases_are_a_run_too() -> None:
    assert verdicts([], 2) == {}


def test_the_target_says_once_what_it_is() -> None:
    with run_all(TOY, some("otrv3", 3), jobs=2) as running:
        assert running.hello is not None
        assert running.hello.name == "full"
        list(running)
    assert running.farewells == []


# ---- repetitions


def test_repetitions_are_counted_and_the_gravest_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    case = protocol("otrv3").suite.cases["otrv3.case:life.started-by-tester"]

    def sometimes(_: Runner, case: AnyCase, draw: int = 0) -> Result:
        verdict = Verdict.FAIL if draw in {13, 24} else Verdict.PASS
        return Result(case.id, verdict, f"in repetition {draw}")

    monkeypatch.setattr(Runner, "run_case", sometimes)
    with run_all(REFERENCE, [case], jobs=2, repeat=26) as running:
        assert running.jobs == 2  # repetitions of one case are divided, too
        (run,) = running

    assert run.flaky
    assert run.counts == {Verdict.FAIL: 2, Verdict.PASS: 24}
    assert [draw for draw, each in enumerate(run.verdicts) if each is Verdict.FAIL] == [13, 24]
    assert run.result.because == "in repetition 13"


def test_the_tester_draws_other_values_in_each_repetition() -> None:
    """The target's share is the same; what the tester sends first is not."""
    case = protocol("otrv3").suite.cases["otrv3.case:life.started-by-tester"]
    with Runner(REFERENCE) as serial:
        assert serial.run_repeatedly(case, 3).verdicts == (Verdict.PASS,) * 3
        labs = [serial._suite(case, draw)[1] for draw in range(3)]
    seeds = [lab.suite.to_bytes(lab.seed("tester")) for lab in labs]  # type: ignore[arg-type]

    assert seeds[0] == b"tester"
    assert len(set(seeds)) == 3


def test_one_repetition_is_never_flaky() -> None:
    case = protocol("otrv3").suite.cases["otrv3.case:life.started-by-tester"]
    run = Run(case, Result(case.id, Verdict.FAIL), 0.0)

    assert not run.flaky
    assert run.counts == {Verdict.FAIL: 1}


# ---- what can go wrong with processes of our own


def test_an_error_of_a_shim_travels_between_processes() -> None:
    for error in (
        ShimAbsent("no such file"),
        ShimCrash(-11),
        ShimGrown(2**30),
        ShimFault(FaultKind.TWICE, "re", "occurs twice"),
    ):
        error.asked, error.stderr = "asked", "told"
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - it is our own
        assert str(copy) == str(error)
        assert (copy.asked, copy.stderr, copy.verdict) == ("asked", "told", error.verdict)


def test_a_target_that_does_not_start_is_an_error_of_its_own() -> None:
    absent = Target("absent", ("/no/such/program",))
    with pytest.raises(ShimAbsent), run_all(absent, some("otrv3", 5), jobs=2):
        pass


def test_a_fault_of_the_suite_is_a_verdict_and_the_run_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cases = some("otrv3", 5)
    run_case = Runner._run_case

    def faulty(self: Runner, case: AnyCase, *rest: object) -> Result:
        if case.id == cases[0].id:
            return {}[case.id]  # type: ignore[return-value]
        return run_case(self, case, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Runner, "_run_case", faulty)
    found = verdicts(cases, 1)

    first = found.pop(cases[0].id)
    assert first.verdict is Verdict.HARNESS_ERROR
    assert first.because.startswith("the suite stumbled: KeyError")
    assert first.log[0].startswith("Traceback")
    assert {result.verdict for result in found.values()} == {Verdict.PASS}


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Have the process that runs a case killed, as a system without memory does."""
    run_case = Runner.run_case

    def kill(victim: str) -> None:
        def perilous(self: Runner, case: AnyCase, draw: int = 0) -> Result:
            if case.id == victim:
                os.kill(os.getpid(), signal.SIGKILL)
            return run_case(self, case, draw)

        monkeypatch.setattr(Runner, "run_case", perilous)

    return kill  # type: ignore[return-value]


def test_a_process_of_ours_that_is_killed_costs_one_case(killed: Callable[[str], None]) -> None:
    cases = some("otrv3", 6)
    killed(cases[1].id)

    found = verdicts(cases, 2)

    assert set(found) == {case.id for case in cases}
    lost = found.pop(cases[1].id)
    assert lost.verdict is Verdict.HARNESS_ERROR
    assert lost.because == "the suite's own process was ended by signal SIGKILL"
    assert {result.verdict for result in found.values()} == {Verdict.PASS}


def test_a_case_that_the_suite_is_never_done_with_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cases = some("otrv3", 5)

    def endless(_: Runner, case: AnyCase, draw: int = 0) -> Result:
        while case.id == cases[0].id:
            time.sleep(1)
        return Result(case.id, Verdict.PASS, str(draw))

    for name, value in (("STALL", 2.0), ("PATIENCE", 0), ("KEY_TIMEOUT", 0.0)):
        monkeypatch.setattr(runner, name, value)
    monkeypatch.setattr(Runner, "run_case", endless)
    found = verdicts(cases, 1)

    lost = found.pop(cases[0].id)
    assert lost.verdict is Verdict.HARNESS_ERROR
    assert lost.because == "the suite was not done with it after 2 seconds"
    assert {result.verdict for result in found.values()} == {Verdict.PASS}


def test_the_shim_of_a_process_that_is_killed_does_not_stay_behind(
    killed: Callable[[str], None], tmp_path: Path
) -> None:
    """It ignores the end of its standard input, and whatever else can be ignored."""
    cases = some("otrv3", 5)
    killed(cases[0].id)
    shim = tmp_path / "stubborn.py"
    shim.write_text(
        f"import os, sys, time\nsys.path.insert(0, {str(MINIATURES)!r})\n"
        "from mini import requests, say\n"
        f"open({str(tmp_path / 'pid')!r} + str(os.getpid()), 'w').close()\n"
        "for number, do in requests():\n    say(re=number, end='ok')\n"
        "time.sleep(600)\n"
    )

    stubborn = Target("stubborn", (sys.executable, str(shim)))
    with run_all(stubborn, cases[:1], jobs=1, timeout=1) as running:
        list(running)

    started = [int(each.name.removeprefix("pid")) for each in tmp_path.glob("pid*")]
    assert started
    assert gone(started)


INTERRUPTED = """
import signal
import sys
from otr_conformance.protocols import protocol
from otr_conformance.runner import run_all
from otr_conformance.targets import Target
signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts behind may ignore it
cases = list(protocol("otrv3").suite.cases.values()) * 100
try:
    with run_all(Target("mine", (sys.executable, sys.argv[1])), cases, jobs=2) as running:
        for count, run in enumerate(running):
            if count == 1:
                for worker in running._workers:
                    print(worker._process.pid, worker._shim.value, end=" ")
                print(flush=True)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, -15), (signal.SIGKILL, -9)]
)
def test_nothing_outlives_a_run_that_is_ended(number: int, status: int) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", INTERRUPTED, str(MINIATURES / "full.py")]
    with subprocess.Popen(  # noqa: S603 - it is our own
        command, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
    ) as process:
        assert process.stdout is not None
        pids = [int(word) for word in process.stdout.readline().split()]
        os.kill(process.pid, number)
        assert process.wait(30) == status

    assert len(pids) == 4
    assert gone(pids)


def test_nothing_outlives_learning_that_is_killed(tmp_path: Path) -> None:
    shim = tmp_path / "shim.py"
    shim.write_text(
        f"import os, runpy\npids = f'{{os.getpid()}}.{{os.getppid()}}'\n"
        f"open({str(tmp_path)!r} + '/' + pids, 'w').close()\n"
        f"runpy.run_path({str(MINIATURES / 'full.py')!r}, run_name='__main__')\n"
    )
    command = [sys.executable, "-m", "otr_conformance.cli", "learn", f"{sys.executable} {shim}"]
    command += ["--jobs", "2", "--setting", "v3-smp", "--setting", "v3-data"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(  # noqa: S603 - it is our own
        command, stderr=subprocess.DEVNULL, env=environment, start_new_session=True
    ) as process:
        limit = time.monotonic() + 30
        while len(list(tmp_path.glob("*.*[0-9]"))) < 2 and time.monotonic() < limit:
            time.sleep(0.02)
        process.kill()
        assert process.wait(30) == -signal.SIGKILL

    started = [int(pid) for each in tmp_path.glob("*.*[0-9]") for pid in each.name.split(".")]
    assert len(set(started)) >= 4
    assert gone(started)


def gone(pids: list[int]) -> bool:
    """Wait until processes have ended; those that have, and wait for their parent, have ended."""
    limit = time.monotonic() + 30
    while (left := [pid for pid in pids if runs(pid)]) and time.monotonic() < limit:
        time.sleep(0.02)
    return not left


def runs(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"
