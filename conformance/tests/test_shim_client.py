"""The client against miniatures that misbehave in one way each: the verdict, and no orphan."""

import itertools
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from otr_conformance.shim import client
from otr_conformance.shim.client import STDERR_LIMIT, ShimProcess, resident
from otr_conformance.shim.errors import (
    ErrorWord,
    FaultKind,
    ShimAbsent,
    ShimCrash,
    ShimError,
    ShimFault,
    ShimGrown,
    ShimHang,
    ShimMisuse,
    ShimRefused,
)
from otr_conformance.shim.keys import write_preset_key
from otr_conformance.shim.protocol import (
    Answer,
    Capability,
    Do,
    FinishedEvent,
    Hello,
    MsgState,
    SecureEvent,
    WireEvent,
)
from otr_conformance.shims import template_python
from otr_conformance.verdict import Verdict
from otr_reference.keys import dsa

MINIATURES = Path(__file__).parent / "miniatures"

# How long to wait for a verdict that is about waiting. All other verdicts are reached as soon as
# the miniature misbehaves, under the usual time limit.
SHORT = 0.3

Start = Callable[..., ShimProcess]


@pytest.fixture(autouse=True)
def _children_find_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a miniature, by its name; afterwards, see that nothing is left of its group."""
    shims: list[ShimProcess] = []

    def start(name: str, **options: object) -> ShimProcess:
        shim = ShimProcess([sys.executable, str(MINIATURES / f"{name}.py")], **options)  # type: ignore[arg-type]
        shims.append(shim)
        shim.open()
        return shim

    yield start
    for shim in shims:
        shim.close()
    assert ends(lambda: not any(members(shim.pid) for shim in shims))


def ends(condition: Callable[[], bool]) -> bool:
    """Wait until what has been killed is gone: the system takes a moment."""
    limit = time.monotonic() + 10
    while not condition() and time.monotonic() < limit:
        time.sleep(0.01)
    return condition()


def members(group: int) -> list[int]:
    """The processes of a group that run; a zombie has ended, and waits for its parent."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            state, _, its_group = stat.rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                found.append(int(entry.name))
    return found


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def failure(shim: ShimProcess) -> ShimError:
    """Ask what is not answered as it should be."""
    with pytest.raises(ShimError) as caught:
        shim.poll("alice")
    return caught.value


def poll_for_long(shim: ShimProcess) -> None:
    for _ in range(10_000):
        shim.poll("alice")


def reset_for_ever(shim: ShimProcess) -> None:
    while True:
        shim.reset()


def part(shim: ShimProcess) -> None:
    """One more request, and the end."""
    shim.poll("alice")
    shim.bye()


# ---- faults


@pytest.mark.parametrize(
    ("name", "kind", "field"),
    [
        ("garbage", FaultKind.NOT_JSON, "line"),
        ("flood", FaultKind.TOO_MUCH, "answer"),
        ("heavy", FaultKind.TOO_MUCH, "answer"),
        ("endless_line", FaultKind.TOO_LONG, "line"),
        ("wrong_re", FaultKind.WRONG_NUMBER, "re"),
        ("fraction", FaultKind.NOT_FLAT, "secure"),
        ("nested", FaultKind.NOT_FLAT, "wire"),
    ],
)
def test_what_is_not_the_protocol_is_a_harness_error(
    start: Start, name: str, kind: FaultKind, field: str
) -> None:
    shim = start(name)
    assert shim.hello().name == "mini"

    fault = failure(shim)

    assert isinstance(fault, ShimFault)
    assert (fault.kind, fault.field) == (kind, field)
    assert fault.verdict is Verdict.HARNESS_ERROR
    assert fault.asked == '{"id": 2, "do": "poll", "endpoint": "alice"}'
    assert not shim.alive
    assert not is_running(shim.pid)


@pytest.mark.parametrize(
    ("name", "kind", "field"),
    [
        ("unknown_capability", FaultKind.UNKNOWN_WORD, "capabilities"),
        ("wrong_protocol", FaultKind.OUT_OF_RANGE, "protocol"),
    ],
)
def test_a_lie_in_hello_is_a_harness_error(
    start: Start, name: str, kind: FaultKind, field: str
) -> None:
    shim = start(name)

    with pytest.raises(ShimFault) as caught:
        shim.hello()

    assert (caught.value.kind, caught.value.field) == (kind, field)
    assert not shim.alive


def test_the_line_at_fault_is_shown(start: Start) -> None:
    fault = failure(start("garbage"))

    assert isinstance(fault, ShimFault)
    assert fault.line == "welcome to my shim"


def test_a_second_final_line_is_a_fault(start: Start) -> None:
    fault = failure(start("two_finals"))

    assert isinstance(fault, ShimFault)
    assert fault.kind is FaultKind.OUTSIDE
    assert fault.line == '{"re": 1, "end": "ok"}'


def test_an_afterthought_is_a_fault_of_a_later_request(start: Start) -> None:
    shim = start("afterthought")
    shim.poll("alice")

    with pytest.raises(ShimFault) as caught:
        poll_for_long(shim)

    # It depends on the moment whether it comes before the next request or in its answer.
    assert caught.value.kind in {FaultKind.OUTSIDE, FaultKind.WRONG_NUMBER}


def test_an_event_where_there_can_be_none_is_a_fault(start: Start) -> None:
    shim = start("talkative")
    assert shim.poll("alice") == Answer((FinishedEvent(),))

    with pytest.raises(ShimFault) as caught:
        shim.reset()

    assert caught.value.kind is FaultKind.NO_EVENTS


def test_a_closed_standard_output_is_a_fault_of_a_process_that_lives(start: Start) -> None:
    shim = start("closes_stdout")

    fault = failure(shim)

    assert isinstance(fault, ShimFault)
    assert fault.kind is FaultKind.CLOSED


# ---- crashes


def test_an_exit_in_the_middle_of_an_answer_is_a_crash(start: Start) -> None:
    shim = start("dies")

    crash = failure(shim)

    assert isinstance(crash, ShimCrash)
    assert crash.verdict is Verdict.CRASH
    assert crash.status == 1
    assert str(crash) == "the shim ended with status 1"
    assert crash.stderr == "giving up\n"
    assert not shim.alive


def test_a_signal_in_the_middle_of_a_line_is_a_crash(start: Start) -> None:
    crash = failure(start("segfault"))

    assert isinstance(crash, ShimCrash)
    assert str(crash) == "the shim was ended by signal SIGSEGV"


def test_an_exit_is_seen_although_a_child_holds_the_pipes(start: Start) -> None:
    shim = start("leaves_child")

    crash = failure(shim)

    assert isinstance(crash, ShimCrash)
    assert crash.status == 7
    child = int(crash.stderr)
    assert ends(lambda: not is_running(child))


def test_memory_without_end_is_a_crash_where_it_is_bounded(start: Start) -> None:
    grown = failure(start("grows", memory=2**28))

    assert isinstance(grown, ShimGrown)
    assert grown.verdict is Verdict.CRASH
    assert str(grown) == "the shim took more than 256 MiB of memory"


def test_memory_of_children_counts_too() -> None:
    hoarding = "import time\nhoard = bytearray(2**26)\nprint(1, flush=True)\ntime.sleep(600)"
    starting = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {hoarding!r}])"
    with subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-c", starting], stdout=subprocess.PIPE, start_new_session=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"1\n"
        assert resident(parent.pid) > 2**26
        os.killpg(parent.pid, signal.SIGKILL)
    assert resident(parent.pid) == 0


def test_a_crash_between_requests_is_the_next_requests(start: Start) -> None:
    shim = start("keeps_child")
    shim.reset()
    os.kill(shim.pid, 9)

    crash = failure(shim)

    assert isinstance(crash, ShimCrash)
    assert crash.status == -9


def test_a_bad_status_after_bye_is_a_crash(start: Start) -> None:
    shim = start("bad_exit")

    with pytest.raises(ShimCrash) as caught:
        shim.bye()

    assert caught.value.status == 3


# ---- hangs


def test_a_late_answer_is_a_hang(start: Start) -> None:
    shim = start("late")
    shim.hello()
    before = time.monotonic()

    with pytest.raises(ShimHang) as caught:
        shim.request(Do.POLL, timeout=SHORT, endpoint="alice")

    assert caught.value.verdict is Verdict.HANG
    assert caught.value.seconds == SHORT
    assert time.monotonic() - before >= SHORT
    assert not shim.alive
    assert not is_running(shim.pid)


def test_an_answer_that_came_in_time_is_read_although_we_are_late(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = start("keeps_child")
    shim.reset()
    readings: list[float] = []

    def late_clock() -> float:
        if readings:  # the limit has been set: let the answer come, and be much too late
            ready, _, _ = select.select([shim._output], [], [], 60)
            assert ready
        readings.append(time.monotonic() + 1000 * len(readings))
        return readings[-1]

    monkeypatch.setattr(client, "time", SimpleNamespace(monotonic=late_clock))

    assert shim.poll("alice") == Answer()
    assert len(readings) == 2
    monkeypatch.undo()
    assert shim.alive


def test_all_answers_together_have_a_limit_where_one_is_set(start: Start) -> None:
    shim = start("full")
    shim.hello()
    shim.allow(SHORT)
    before = time.monotonic()

    with pytest.raises(ShimHang) as caught:
        reset_for_ever(shim)

    assert caught.value.whole
    assert str(caught.value) == "the shim took more than 0.3 seconds for its answers together"
    assert time.monotonic() - before >= SHORT
    assert not shim.alive


def test_a_process_may_take_longer_to_start_than_to_answer(start: Start, tmp_path: Path) -> None:
    slow = tmp_path / "slow.py"
    slow.write_text(
        f"import sys, time\nsys.path.insert(0, {str(MINIATURES)!r})\ntime.sleep({SHORT})\n"
        "from mini import requests, say\nfor number, _ in requests():\n    time.sleep(60)\n"
    )
    shim = start(str(slow.with_suffix("")), timeout=SHORT / 3)

    assert shim.hello().name == "mini"
    with pytest.raises(ShimHang):
        shim.reset()


@pytest.mark.parametrize(
    ("name", "status"), [("leaves_child", 7), ("dies", 1), ("bad_exit", 3), ("stays", None)]
)
def test_systems_that_cannot_wait_without_reaping_see_the_same(
    start: Start, name: str, status: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As macOS before Python 3.13. The fixture sees that nothing is left."""
    monkeypatch.setattr(client, "_WAITS_WITHOUT_REAPING", False)
    shim = start(name, timeout=10.0 if status else SHORT)
    shim.hello()

    with pytest.raises(ShimError) as caught:
        part(shim)

    assert getattr(caught.value, "status", None) == status
    assert not shim.alive


def test_a_good_end_is_seen_without_waiting_before_reaping(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_WAITS_WITHOUT_REAPING", False)
    shim = start("keeps_child")

    part(shim)

    assert not shim.alive


def test_a_shim_exits_at_the_end_of_its_input(start: Start) -> None:
    shim = start("full")
    shim.hello()
    shim.leave()
    assert not shim.alive

    stays = start("stays", timeout=SHORT)
    stays.hello()
    stays.leave()
    with pytest.raises(ShimMisuse):
        stays.leave()


def test_a_shim_that_stops_reading_hangs_whatever_the_size_of_the_request(start: Start) -> None:
    shim = start("deaf")
    shim.poll("alice")

    with pytest.raises(ShimHang):
        shim.request(Do.RECEIVE, timeout=SHORT, endpoint="alice", wire=bytes(500_000))


def test_a_shim_that_stays_after_bye_hangs(start: Start) -> None:
    shim = start("stays")
    shim.hello()
    shim.timeout = SHORT

    with pytest.raises(ShimHang) as caught:
        shim.bye()

    assert caught.value.asked == "bye"


# ---- what is no failure


def test_a_log_of_any_length_is_drained_and_its_end_is_kept(start: Start) -> None:
    shim = start("noisy")
    shim.poll("alice")
    shim.poll("alice")

    shim.bye()

    assert len(shim.stderr) == STDERR_LIMIT
    assert shim.stderr.endswith("line 19999 of the log of request 3\n")


def test_a_child_ends_with_its_shim(start: Start) -> None:
    shim = start("keeps_child")
    shim.reset()
    child = int(shim.stderr)
    assert is_running(child)
    assert child in members(shim.pid)

    shim.close()

    assert ends(lambda: not is_running(child))
    assert not members(shim.pid)


def test_closing_twice_or_before_the_start_does_nothing(start: Start) -> None:
    shim = start("keeps_child")
    shim.close()
    shim.close()
    ShimProcess(["true"]).close()

    assert not shim.alive


def test_a_shim_that_has_ended_is_not_asked(start: Start) -> None:
    shim = start("dies")
    failure(shim)

    assert isinstance(failure(shim), ShimMisuse)
    assert isinstance(failure(ShimProcess(["true"])), ShimMisuse)
    with pytest.raises(ShimMisuse):
        shim.open()


@pytest.mark.parametrize("command", [["/no/such/program"], [str(MINIATURES)], ["a\0b"], []])
def test_a_command_that_cannot_be_started_is_absent(command: list[str]) -> None:
    with pytest.raises(ShimAbsent) as caught, ShimProcess(command):
        pass

    assert caught.value.verdict is Verdict.HARNESS_ERROR
    assert caught.value.reason


def test_an_exception_in_the_body_ends_the_shim(start: Start) -> None:
    started: list[ShimProcess] = []

    def interrupted() -> None:
        with start("keeps_child") as shim:
            started.append(shim)
            shim.reset()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert not started[0].alive
    assert ends(lambda: not members(started[0].pid))


def test_every_request_is_a_method(start: Start) -> None:
    shim = start("full")

    hello = shim.hello()

    assert hello == Hello("full", "1", hello.protocols, tuple(Capability))
    assert hello.versions == {2, 3}
    for do in Do:
        assert callable(getattr(shim, do.name.lower()))


def test_two_endpoints_talk() -> None:
    tap: list[tuple[str, bytes]] = []
    with ShimProcess([sys.executable, template_python.__file__]) as shim:
        shim.hello()
        shim.tap = lambda way, line: tap.append((way, line))
        alice = shim.new("alice", account="alice", peer="bob", policy="v3")
        bob = shim.new("bob", account="bob", peer="alice", policy="v3")
        assert alice.tag is bob.tag is None

        (query,) = shim.start("alice").wires
        answer = shim.receive("bob", query)
        assert answer.of(SecureEvent)[0].fingerprint == alice.fingerprint
        (reply,) = answer.wires
        assert shim.receive("alice", reply).of(SecureEvent)[0].fingerprint == bob.fingerprint

        (wire,) = shim.send("alice", b"\x00\xff").wires
        assert shim.receive("bob", wire).texts == (b"\x00\xff",)

        (goodbye,) = shim.end("alice").wires
        assert shim.receive("bob", goodbye) == Answer((FinishedEvent(),))
        assert shim.poll("bob") == Answer()
        shim.forget("alice")
        with pytest.raises(ShimRefused) as refused:
            shim.poll("alice")
        assert refused.value.error is ErrorWord.NO_ENDPOINT
        assert refused.value.verdict is Verdict.HARNESS_ERROR
        shim.reset()
        shim.bye()

    assert [way for way, _ in tap[:4]] == [">", "<", ">", "<"]
    assert tap[-2:] == [(">", b'{"id": 15, "do": "bye"}'), ("<", b'{"re": 15, "end": "ok"}')]
    assert not shim.alive


def test_what_is_not_declared_is_not_asked() -> None:
    tap: list[bytes] = []
    shim = ShimProcess(
        [sys.executable, template_python.__file__], tap=lambda _, line: tap.append(line)
    )
    with shim:
        shim.hello()
        shim.new("alice", account="alice", peer="bob", policy="v3")
        asked = len(tap)
        for ask in (
            lambda: shim.smp_start("alice", b"secret"),
            lambda: shim.send("alice", b"", to=0x100),
            lambda: shim.state("alice"),
            lambda: shim.clock(1),
            lambda: shim.new("bob", account="bob", peer="alice", policy="v3", tag=0x100),
        ):
            with pytest.raises(ShimRefused) as refused:
                ask()
            assert refused.value.error is ErrorWord.UNSUPPORTED
            assert refused.value.verdict is Verdict.UNSUPPORTED
        assert len(tap) == asked


def test_a_refusal_leaves_the_shim_usable(start: Start) -> None:
    shim = start("full")
    with pytest.raises(ShimRefused) as refused:
        shim.request_anyway({"do": "no-such-request"})
    assert refused.value.error is ErrorWord.UNSUPPORTED
    assert "no-such-request" in refused.value.detail
    assert refused.value.asked == '{"id": 1, "do": "no-such-request"}'
    assert shim.alive

    shim.hello()
    shim.bye()


def test_what_was_reported_before_a_refusal_comes_with_it(start: Start) -> None:
    shim = start("regrets")

    with pytest.raises(ShimRefused) as refused:
        shim.send("alice", b"")

    assert refused.value.error is ErrorWord.REFUSED
    assert refused.value.events == (WireEvent(b"hi"),)
    assert str(refused.value) == "the shim answered refused: changed my mind"


def test_what_is_printed_goes_to_standard_error(start: Start) -> None:
    shim = start("full")
    shim.hello()
    shim.clock(17)
    shim.bye()

    assert shim.stderr == "17 seconds later\n"


def test_requests_are_numbered(start: Start) -> None:
    tap: list[bytes] = []
    shim = start("keeps_child", tap=lambda _, line: tap.append(line))

    for _ in range(3):
        shim.reset()

    numbers = itertools.chain.from_iterable((n, n) for n in (1, 2, 3))
    for number, line in zip(numbers, tap, strict=True):
        assert f" {number}," in line.decode()


def test_the_state_is_typed(start: Start) -> None:
    shim = start("full")
    shim.hello()
    key = write_preset_key(dsa.generate())
    shim.new("alice", account="alice", peer="bob", policy="v3", tag=0x100, key=key)

    state = shim.state("alice")

    assert state.msgstate is MsgState.PLAINTEXT
    assert state.authstate is None
    assert state.smpstate is None
