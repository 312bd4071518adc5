"""The runner: plays cases with a target, keeps the seven verdicts apart, and never hangs itself.

    with run_all(find("libotr"), cases, jobs=2) as running:
        for run in running:  # as they finish
            print(run.case.id, run.result.verdict)
        print(running.hello)

A target behind a shim is one process for many cases. A case that makes it crash, hang or answer
nonsense costs that process: the next case gets a new one.

`run_all` divides the cases among processes, each with a target and labs of its own. What is on a
case's way to its verdict is in that process alone, and begins anew for each case, so that neither
the number of processes nor the order of the cases changes a verdict. Whatever ends a process, the
others go on, and its case has a verdict, too. Nobody stays behind: a process whose parent is gone
ends, and its target with it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
import traceback
from collections import Counter, deque
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self

from otr_conformance.play.grade import Result
from otr_conformance.play.stage import Stuck
from otr_conformance.protocols import protocol
from otr_conformance.shim.client import KEY_TIMEOUT, MEMORY, ShimProcess
from otr_conformance.shim.errors import FaultKind, ShimCrash, ShimError, ShimFault, ShimRefused
from otr_conformance.shim.protocol import LINE_LIMIT
from otr_conformance.shim.vocabulary import Capability, Do, ErrorWord
from otr_conformance.verdict import Verdict
from otr_model.kernel.variant import NONE
from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from ctypes import c_int
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from types import FrameType, TracebackType

    from otr_conformance.play.case import AnyCase, Cast
    from otr_conformance.play.labs import ByteLab, Lab
    from otr_conformance.play.stage import AnyParty, AnyStage
    from otr_conformance.protocols import Protocol
    from otr_conformance.shim.protocol import Hello
    from otr_conformance.suite import AnySuite
    from otr_conformance.targets import Target

__all__ = ["TIMEOUT", "Run", "Runner", "Running", "run_all", "usable_cores"]

TIMEOUT = 5.0
"""Seconds that a target may take for one answer."""
PATIENCE = 24
"""How many times as long the answers of one case together may take, without those to `new`."""
STALL = 600.0
"""Seconds that a case may take the suite itself; a process that takes longer is ended."""
LOG_LINES: Final = 2000
"""Lines that the log of a case has at most: its beginning and its end."""
LINE_WIDTH: Final = 2000
"""Characters that a line of it has at most."""
BESIDE = 1000
"""Bytes that a line has beside the message in it, at most."""

CARRIED_OUT: Final = frozenset(
    {
        *(Do.POLL, Do.RESET, Do.START, Do.END),
        *(Do.STATE, Do.HEARTBEAT, Do.SMP_ABORT, Do.CLOCK, Do.PROFILE, Do.ENSEMBLE),
    }
)
"""Requests that have nothing in them which could be beyond what a shim declares. Whoever answers
`unsupported` to them declares what it has not."""

_GRAVITY: Final = (
    Verdict.PASS,
    Verdict.UNSUPPORTED,
    Verdict.NOTE,
    Verdict.FAIL,
    Verdict.CRASH,
    Verdict.HANG,
    Verdict.HARNESS_ERROR,
)
_LEAVING: Final = 3.0  # seconds that a process of ours has to end when it is asked to
_STDERR_LINES: Final = 5, 15  # of the beginning, where some say why they end, and of the end
_AT_ONCE: Final = 2  # shares that a process is given, so that it need not wait for the next one
_REPETITIONS: Final = 10  # of a case that a process is given at a time
_FORKS: Final = os.name == "posix" and os.uname().sysname != "Darwin"
"""Whether a process begins as a copy of this one, which has everything at once. On macOS, system
libraries do not survive that."""
_CONTEXT: Final = (
    multiprocessing.get_context("fork") if _FORKS else multiprocessing.get_context("spawn")
)


@dataclass(frozen=True, slots=True)
class Run:
    """One case that was run, once or several times.

    Attributes:
        case: the case.
        result: verdict and reason; of several, the first of the gravest verdict.
        seconds: how long it took, with all repetitions.
        verdicts: the verdict of each repetition, in order.
    """

    case: AnyCase
    result: Result
    seconds: float
    verdicts: tuple[Verdict, ...] = ()

    @property
    def flaky(self) -> bool:
        """Whether its repetitions have different verdicts."""
        return len(set(self.verdicts)) > 1

    @property
    def counts(self) -> Mapping[Verdict, int]:
        """How many repetitions have each verdict, of those that there were; the gravest first."""
        found = Counter(self.verdicts or (self.result.verdict,))
        return {verdict: found[verdict] for verdict in reversed(_GRAVITY) if found[verdict]}


class Runner(AbstractContextManager["Runner"]):
    """Runs cases against one target, in this process.

    Attributes:
        target: what is tested.
        hello: what the shim says of itself; None for the reference in this process.
        dialects: what the target is known to do otherwise, as its protocol names it.
    """

    def __init__(
        self, target: Target, timeout: float = TIMEOUT, dialects: Iterable[str] = ()
    ) -> None:
        self.target = target
        self.timeout = timeout
        self.dialects = tuple(dialects)
        self._labs: dict[tuple[Protocol, int], ByteLab] = {}
        self.hello: Hello | None = None
        self._shim: ShimProcess | None = None

    def __enter__(self) -> Self:
        """Start the target.

        Raises:
            ShimError: if it does not start or cannot say what it is.
        """
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def open(self) -> None:
        """Start the target.

        Raises:
            ShimError: if it does not start or cannot say what it is.
        """
        if self.target.command is not None:
            self._start()

    def close(self) -> None:
        """End the target, whatever it is doing."""
        self._close_shim()

    def farewell(self) -> str:
        """Let the target end by itself; what is wrong with how it does so, "" if nothing."""
        if self._shim is None or not self._shim.alive:
            return ""
        try:
            self._shim.bye()
        except ShimError as error:
            evidence = error.stderr.strip().splitlines()[-1:]
            return ": ".join((f"at the end, {error}", *evidence))
        return ""

    def _start(self) -> ShimProcess:
        """Start a shim.

        Raises:
            ShimError: if it does not start, or says something else of itself than before.
        """
        self._close_shim()
        shim = self._open_shim()
        try:
            said = shim.hello()
            self.hello = _agreed([self.hello or said, said])
        except ShimError:
            self._close_shim()
            raise
        return shim

    def _open_shim(self) -> ShimProcess:
        shim = ShimProcess(self.target.command or (), timeout=self.timeout, memory=MEMORY)
        shim.open()
        self._shim = shim
        return shim

    def _close_shim(self) -> None:
        if self._shim is not None:
            self._shim.close()
            self._shim = None

    def run(self, cases: Iterable[AnyCase], repeat: int = 1) -> Iterator[Run]:
        """Run cases one after the other, each so many times."""
        for case in cases:
            yield self.run_repeatedly(case, repeat)

    def run_repeatedly(self, case: AnyCase, repeat: int = 1, first: int = 0) -> Run:
        """Run one case so many times; the tester draws other random values each time.

        Args:
            case: the case.
            repeat: how many times.
            first: the number of the first draw; see `run_case`.
        """
        begun = time.perf_counter()
        results = [self.run_case(case, draw) for draw in range(first, first + max(repeat, 1))]
        verdicts = tuple(result.verdict for result in results)
        return Run(case, _gravest(results), time.perf_counter() - begun, verdicts)

    def run_case(self, case: AnyCase, draw: int = 0) -> Result:
        """Run one case; whatever the target does, there is a verdict.

        Args:
            case: the case.
            draw: which of its random values the tester draws; the same number, the same values.
        """
        return _bounded(self._run_whatever(case, draw))

    def _run_whatever(self, case: AnyCase, draw: int) -> Result:
        script = _Script(case.play, draw)
        try:
            paused = replace(case, play=script, pause=self.target.pause)
            result = self._run_case(paused, script, draw)
        except ShimError as error:
            if not isinstance(error, ShimRefused):
                self._close_shim()
            because = f"in answer to {error.do}: {error}" if error.do is not None else str(error)
            verdict = _verdict(error, case)
            if verdict is Verdict.HARNESS_ERROR is not error.verdict:
                because += ", and hello declares what it takes"
            log = (*script.log, *_evidence(error))
            return Result(case.id, verdict, because, log=log)
        except Exception as error:  # noqa: BLE001 - a fault of ours is no verdict on the target
            return script.stumbled(case, error)
        if script.stumble is not None and result.because == str(script.stumble):
            return script.stumbled(case, script.stumble.__cause__)
        return result

    def _run_case(self, case: AnyCase, script: _Script, draw: int) -> Result:
        suite, lab = self._suite(case, draw)
        grader = suite.grader
        if self.target.command is None:
            return grader.grade(case, lab, grader.reference_target(NONE))
        missing = self._missing(case)
        if missing:
            return Result(case.id, Verdict.UNSUPPORTED, missing)
        shim = self._shim if self._shim is not None and self._shim.alive else self._start()
        shim.allow(PATIENCE * self.timeout)
        return grader.grade(case, lab, _ShimTarget(suite, lab, shim, self.hello, script))

    def _suite(self, case: AnyCase, draw: int) -> tuple[AnySuite, ByteLab]:
        """The suite that a case belongs to, and its lab, which is kept over all cases."""
        owner = protocol(case.id.partition(".")[0])
        lab = self._labs.get((owner, draw))
        if lab is None:
            lab = owner.suite.real()
            lab.speak(owner.suite.dialects[name] for name in self.dialects)
            lab.draw = draw
            self._labs[owner, draw] = lab
        return owner.suite, lab

    def _missing(self, case: AnyCase) -> str:
        """What the target lacks for a case; "" if nothing."""
        hello = self.hello
        if hello is None:
            return ""
        for version in (case.version, *case.cast.versions):
            if version not in hello.versions:
                return f"does not speak version {version}"
        if -(-case.largest // 3) * 4 + BESIDE > LINE_LIMIT:
            return f"a message of {case.largest} bytes does not fit on a line"
        wanted = {Capability(word) for word in case.needs}
        if case.cast.max_size:
            wanted.add(Capability.FRAGMENT)
        lacking = sorted(c.word for c in wanted - set(hello.capabilities))
        return f"lacks {', '.join(lacking)}" if lacking else ""


def _gravest(results: Iterable[Result]) -> Result:
    """The first of the gravest results."""
    return max(results, key=lambda result: _GRAVITY.index(result.verdict))


def _bounded(result: Result) -> Result:
    """A result that stays readable, whatever the target has said."""
    log, because = result.log, result.because
    if len(log) > LOG_LINES:
        half = LOG_LINES // 2
        log = (*log[:half], f"... {len(log) - 2 * half} lines ...", *log[-half:])
    return replace(result, because=_cut(because), log=tuple(map(_cut, log)))


def _cut(text: str) -> str:
    return text if len(text) <= LINE_WIDTH else f"{text[:LINE_WIDTH]} ..."


class _Script:
    """What happens in a case.

    A target that does otherwise than expected may leave the tester, or the case, without something
    that it needs. Then the case cannot go on, and what was seen up to there is judged.

    Attributes:
        log: that of whoever played it last.
        draw: which random values both sides draw.
        live: whether a target behind a shim is about to play it.
        stumble: why it could not go on with the target, where it does not say so itself.
    """

    def __init__(self, play: Callable[[Any], None], draw: int) -> None:
        self.draw = draw
        self.log: list[str] = []
        self.live = False
        self.stumble: Stuck | None = None
        self._play = play

    def __call__(self, stage: AnyStage) -> None:
        """Play it."""
        self.log = stage.log
        live, self.live = self.live, False
        try:
            self._play(stage)
        except (ShimError, Stuck):
            raise
        except Exception as error:
            if not live:
                raise
            self.stumble = Stuck("the case cannot go on")
            raise self.stumble from error

    def stumbled(self, case: AnyCase, error: BaseException | None) -> Result:
        """The verdict where nothing that the target did explains an error of ours."""
        because = f"the suite stumbled: {type(error).__name__}: {error}"
        log = (*self.log, *"".join(traceback.format_exception(error)).splitlines())
        return Result(case.id, Verdict.HARNESS_ERROR, because, log=log)


def _verdict(error: ShimError, case: AnyCase) -> Verdict:
    """What an error means for a case that did not expect it."""
    if isinstance(error, ShimRefused):
        if error.error is ErrorWord.REFUSED:
            return Verdict.FAIL
        if error.error is ErrorWord.UNSUPPORTED and _declared(error.do, case):
            return Verdict.HARNESS_ERROR
    return error.verdict


def _declared(do: Do | None, case: AnyCase) -> bool:
    """Whether a request that was made has nothing in it which `hello` leaves open."""
    if do is Do.NEW:  # how small fragments can be, and which modes there are
        return not case.cast.max_size and Capability.OTRV4_MODE.word not in case.needs
    return do in CARRIED_OUT


def _evidence(error: ShimError) -> Iterator[str]:
    """What there is to see of an error, for people."""
    if error.asked:
        yield f"request: {error.asked}"
    if isinstance(error, ShimFault) and error.line:
        yield f"answer: {error.line}"
    if error.stderr.strip():
        yield "standard error:"
        yield from (f"  {line}" for line in _abridged(error.stderr.strip().splitlines()))


def _abridged(lines: Sequence[str]) -> Iterator[str]:
    """The beginning and the end of many lines."""
    first, last = _STDERR_LINES
    if len(lines) <= first + last:
        yield from lines
        return
    yield from lines[:first]
    yield f"... {len(lines) - first - last} lines ..."
    yield from lines[-last:]


def _agreed(said: Sequence[Hello | None]) -> Hello | None:
    """What a target says of itself each time that it is started.

    Raises:
        ShimFault: if it is not the same.
    """
    if any(each != said[0] for each in said):
        reason = "says something else than when the shim was started before"
        raise ShimFault(FaultKind.CHANGED, "hello", reason)
    return said[0]


class _Watched(Runner):
    """A runner that leaves word of its shim, for whoever has to end it if it cannot."""

    def __init__(
        self, target: Target, timeout: float, dialects: Iterable[str], shim: c_int
    ) -> None:
        super().__init__(target, timeout, dialects)
        self._word = shim

    def _open_shim(self) -> ShimProcess:
        shim = super()._open_shim()
        self._word.value = shim.pid
        return shim

    def _close_shim(self) -> None:
        super()._close_shim()
        self._word.value = 0


class _ShimTarget:
    """Makes the endpoint of a shim that plays the target."""

    def __init__(
        self,
        suite: AnySuite,
        lab: ByteLab,
        shim: ShimProcess,
        hello: Hello | None,
        script: _Script,
    ) -> None:
        self.suite = suite
        self.lab = lab
        self.shim = shim
        self.hello = hello
        self.script = script

    def __call__(self, _lab: Lab, cast: Cast) -> AnyParty:
        """A fresh endpoint."""
        self.shim.reset(self.script.draw)
        if self.hello is None:
            self.hello = self.shim.hello()
        self.script.log, self.script.live = [], True
        party: AnyParty = self.suite.shim_party(self.lab, cast, self.shim, self.hello)
        return party


# --- Several processes ------------------------------------------------------------------------


def usable_cores() -> int:
    """How many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux has it
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def run_all(  # noqa: PLR0913 - one keyword for each thing that a user can choose
    target: Target,
    cases: Iterable[AnyCase],
    *,
    timeout: float = TIMEOUT,
    dialects: Iterable[str] = (),
    jobs: int = 0,
    repeat: int = 1,
) -> Running:
    """Run cases in several processes.

    Args:
        target: what is tested.
        cases: the cases; they are known to their protocols.
        timeout: seconds that the target may take for one answer.
        dialects: what the target is known to do otherwise, as its protocol names it.
        jobs: how many processes run cases; 0: one for each core that can be used.
        repeat: how often each case is run.

    Returns:
        A context manager, see there. Nothing is started before it is entered.
    """
    order = _Order(target, timeout, tuple(dialects), max(repeat, 1))
    # What takes long begins early, so that nobody waits for it alone at the end.
    ordered = sorted(cases, key=lambda case: -case.largest)
    shares = [
        _Share(case, first, min(_REPETITIONS, order.repeat - first))
        for case in ordered
        for first in range(0, order.repeat, _REPETITIONS)
    ]
    return Running(order, shares, jobs or usable_cores())


@dataclass(frozen=True, slots=True)
class _Order:
    """What every process has to know.

    Attributes:
        target: what is tested.
        timeout: seconds for one answer.
        dialects: what it does otherwise.
        repeat: how often each case is run.
    """

    target: Target
    timeout: float
    dialects: tuple[str, ...]
    repeat: int


@dataclass(frozen=True, slots=True)
class _Share:
    """What a process is given at a time.

    Attributes:
        case: a case.
        first: the number of its first repetition.
        repeat: how many there are from it on.
    """

    case: AnyCase
    first: int
    repeat: int


@dataclass(frozen=True, slots=True)
class _Done:
    """What came of a share; the parent knows which."""

    result: Result
    seconds: float
    verdicts: tuple[Verdict, ...]


class _Gathered:
    """What came of the shares of one case so far."""

    def __init__(self) -> None:
        self._parts: list[tuple[int, Run]] = []

    def add(self, share: _Share, run: Run) -> int:
        """One more; how many repetitions there are now."""
        self._parts.append((share.first, run))
        return sum(len(part.verdicts) for _, part in self._parts)

    def whole(self) -> Run:
        """All of them, as one run."""
        parts = [part for _, part in sorted(self._parts, key=itemgetter(0))]
        return Run(
            parts[0].case,
            _gravest(part.result for part in parts),
            sum(part.seconds for part in parts),
            tuple(verdict for part in parts for verdict in part.verdicts),
        )


class Running(AbstractContextManager["Running"]):
    """Cases that are being run by several processes; made by `run_all`.

    Entering it starts the processes and the target in each of them. It is then an iterator over one
    `Run` for each case, in the order in which they finish. Leaving it ends everything, whether all
    cases were run or not.

    Attributes:
        target: what is tested.
        hello: what the target says of itself, once entered; None for the reference.
        jobs: how many processes run cases.
        farewells: how the target ended when it was told to, where that was not as it should be;
            known when all cases were run. It is no case's fault, but what a memory checker has
            found, for instance, shows only then.
    """

    def __init__(self, order: _Order, shares: Sequence[_Share], jobs: int) -> None:
        self.hello: Hello | None = None
        self.target = order.target
        self.farewells: list[str] = []
        self.jobs = max(1, min(jobs, len(shares)))
        self._order = order
        self._waiting = deque(shares)
        self._gathered: dict[str, _Gathered] = {}
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        """Start the processes.

        Raises:
            ShimError: if the target does not start or cannot say what it is.
        """
        try:
            for _ in range(self.jobs):
                worker = _Worker(self._order)
                self._workers.append(worker)
                worker.start(self._workers, None)
            said = [worker.greeting() for worker in self._workers]
            self.hello = _agreed(said)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def __iter__(self) -> Iterator[Run]:
        """Each case that was run, as soon as it has been."""
        for worker in self._workers:
            self._employ(worker)
        while busy := [worker for worker in self._workers if worker.shares]:
            now = time.perf_counter()
            soonest = min(worker.limit for worker in busy)
            ready = wait([worker.connection for worker in busy], max(0.0, soonest - now))
            for worker in [each for each in busy if each.connection in ready or each.overdue()]:
                share = worker.shares[0]
                part = worker.finished() or self._replaced(worker)
                self._employ(worker)
                gathered = self._gathered.setdefault(share.case.id, _Gathered())
                if gathered.add(share, part) >= self._order.repeat:
                    yield self._gathered.pop(share.case.id).whole()
        for worker in self._workers:
            worker.release()
        told = [worker.farewell() for worker in self._workers]
        self.farewells += dict.fromkeys(text for text in told if text)

    @property
    def present(self) -> tuple[AnyCase, ...]:
        """The cases that are being run now, one for each process that is busy."""
        return tuple(worker.shares[0].case for worker in self._workers if worker.shares)

    def _replaced(self, worker: _Worker) -> Run:
        """Start a process again that has ended; what is said of the case that it was running."""
        run = worker.lost()
        self._waiting.extendleft(reversed(worker.abandoned()))
        worker.start(self._workers, self.hello)
        with contextlib.suppress(ShimError, _Ended):  # its first case will tell
            worker.greeting()
        return run

    def _employ(self, worker: _Worker) -> None:
        """Give a process something to do, and something else to go on with."""
        while self._waiting and len(worker.shares) < _AT_ONCE:
            worker.give(self._waiting.popleft())

    def _end(self) -> None:
        """End every process, whatever it is doing."""
        try:
            for worker in self._workers:
                worker.dismiss()
            limit = time.monotonic() + _LEAVING
            for worker in self._workers:
                worker.join(max(0.0, limit - time.monotonic()))
        finally:
            for worker in self._workers:
                worker.end()
            self._workers.clear()


class _Worker:
    """A process that runs cases, as its parent knows it.

    Attributes:
        connection: our end of what we talk over.
        shares: what it was given and has not answered, the first of which it runs.
    """

    def __init__(self, order: _Order) -> None:
        self.connection: Connection
        self.shares: deque[_Share] = deque()
        self._order = order
        self._shim = _CONTEXT.RawValue("i", 0)
        self._process: BaseProcess | None = None
        self._since = 0.0
        self._stalled = False

    def start(self, workers: Iterable[_Worker], hello: Hello | None) -> None:
        """Start it, perhaps once more.

        Args:
            workers: All that there are; what we talk over is none of each other's business.
            hello: What the target has said of itself before; None if nothing.
        """
        self._stalled = False
        self.connection, theirs = _CONTEXT.Pipe()
        ours = [w.connection for w in workers if w is self or w._process is not None]  # noqa: SLF001 - its own kind
        inherited = ours if _FORKS else []
        self._process = _CONTEXT.Process(
            target=_work, args=(theirs, inherited, self._order, hello, self._shim), daemon=True
        )
        self._process.start()
        theirs.close()

    def greeting(self) -> Hello | None:
        """What the target says of itself.

        Raises:
            ShimError: if it does not start or cannot say.
        """
        said: Hello | ShimError | None = self._receive()
        if isinstance(said, ShimError):
            raise said
        return said

    def give(self, share: _Share) -> None:
        """Let it run a case."""
        if not self.shares:
            self._since = time.perf_counter()
        self.shares.append(share)
        with contextlib.suppress(BrokenPipeError):  # `finished` will see that it has ended
            self.connection.send((share.case.id, share.first, share.repeat))

    def finished(self) -> Run | None:
        """What came of its first share; None if the process has ended instead."""
        try:
            done: _Done = self._receive()
        except _Ended:
            return None
        self._since = time.perf_counter()
        return Run(self.shares.popleft().case, done.result, done.seconds, done.verdicts)

    @property
    def limit(self) -> float:
        """When its case has to be over, by the clock that counts up for us."""
        target = PATIENCE * self._order.timeout + KEY_TIMEOUT
        return self._since + self.shares[0].repeat * (target + STALL)

    def overdue(self) -> bool:
        """Whether its case takes too long; then it is ended."""
        self._stalled = not self.connection.poll() and time.perf_counter() >= self.limit
        if self._stalled and self._process is not None:
            self._process.kill()
        return self._stalled

    def lost(self) -> Run:
        """What is said of a case whose process has ended."""
        self.end()
        status = self._process.exitcode or 0 if self._process is not None else 0
        because = str(ShimCrash(status)).replace("the shim", "the suite's own process")
        if self._stalled:
            because = f"the suite was not done with it after {self.limit - self._since:.0f} seconds"
        share = self.shares.popleft()
        result = Result(share.case.id, Verdict.HARNESS_ERROR, because)
        verdicts = (result.verdict,) * share.repeat
        return Run(share.case, result, time.perf_counter() - self._since, verdicts)

    def abandoned(self) -> list[_Share]:
        """What it was given and did not begin; it is nobody's now."""
        shares = list(self.shares)
        self.shares.clear()
        return shares

    def release(self) -> None:
        """Let it end: there are no cases any more."""
        with contextlib.suppress(BrokenPipeError):
            self.connection.send(None)

    def farewell(self) -> str:
        """How its target ended, where that was not as it should be; "" otherwise."""
        try:
            return str(self._receive())
        except _Ended:
            return ""

    def dismiss(self) -> None:
        """Ask it to end, whatever it is doing."""
        if self._process is not None and self._process.is_alive():
            self._process.terminate()

    def join(self, seconds: float) -> None:
        """Wait for its end."""
        if self._process is not None:
            self._process.join(seconds)

    def end(self) -> None:
        """End it, and what it leaves behind."""
        if self._process is None:
            return
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self.connection.close()
        group = self._shim.value
        self._shim.value = 0
        if group:  # it had no time to end its shim
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)

    def _receive(self) -> Any:  # noqa: ANN401 - what it is, the process and we have agreed upon
        """What it says next.

        Raises:
            _Ended: if it says nothing any more.
        """
        try:
            return self.connection.recv()
        except (EOFError, OSError) as error:
            message = "a process of the suite ended before it could run a case"
            raise _Ended(message) from error


class _Ended(OtrSpecError):
    """A process of ours has ended."""


def _work(
    connection: Connection,
    inherited: Iterable[Connection],
    order: _Order,
    hello: Hello | None,
    shim: c_int,
) -> None:
    """What a process does: run the cases that it is given, until there are no more or it has to go.

    Args:
        connection: over which it is given their ids, and says what came of each.
        inherited: open files of the parent's, which are not for us.
        order: what it has to know.
        hello: what the target has said of itself before; None if nothing.
        shim: where to leave the id of the shim's process, for whoever has to clear up after us.
    """
    for each in inherited:
        each.close()
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, lambda _number, _frame: None)  # our parent will say what to do
    runner = _Watched(order.target, order.timeout, order.dialects, shim)
    runner.hello = hello
    with contextlib.suppress(EOFError, BrokenPipeError), contextlib.ExitStack() as stack:
        stack.callback(runner.close)
        try:
            runner.open()
            connection.send(runner.hello)
        except ShimError as error:
            connection.send(error)
        while (given := connection.recv()) is not None:
            name, first, repeat = given
            case = protocol(name.partition(".")[0]).suite.cases[name]
            run = runner.run_repeatedly(case, repeat, first)
            connection.send(_Done(run.result, run.seconds, run.verdicts))
        connection.send(runner.farewell())
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # we are leaving


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    """Our parent does not need us any more: end, and end the shim on the way."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit
