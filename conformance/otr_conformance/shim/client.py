"""Run a shim and ask it.

The conversation, and what can go wrong at each step:

1. The command is started in a process group of its own (`ShimAbsent`).
2. A request is written (`ShimMisuse` if it is not one; `ShimRefused` with `unsupported`, without
   asking, if `hello` did not declare what it takes). Whatever the shim wrote before is a fault.
3. Lines are read until the final one. Each is checked as it comes (`ShimFault`). The process may
   end before that (`ShimCrash`), grow too much (`ShimGrown`), or the time may be up (`ShimHang`).
   Standard error is drained all the while.
4. The final line says `ok`: the answer is returned. It says `error`: `ShimRefused`, and the shim
   stays usable.
5. After any other error, and at the end, the whole process group is killed: no child survives.

What is kept is bounded: one line, the events of one answer, the end of standard error.

It works on every POSIX system. On Linux alone, memory is watched, since nothing else tells cheaply
how much a process has; and on systems without `waitid` (macOS before Python 3.13) a process is
reaped when its end is noticed, a moment before its group is killed.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from otr_conformance.shim.errors import (
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
from otr_conformance.shim.lines import (
    Done,
    NotDone,
    read_answer,
    read_record,
    write_object,
    write_request,
)
from otr_conformance.shim.protocol import (
    ANSWER_LIMIT,
    EVENTS_LIMIT,
    LINE_LIMIT,
    PROTOCOL,
    REQUESTS,
    Answer,
    AnyEvent,
    Capability,
    Do,
    ErrorWord,
    Hello,
    Made,
    OtrMode,
    PolicyWord,
    PublishedEnsemble,
    PublishedProfile,
    StartBy,
    State,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

    from otr_conformance.shim.fields import Scalar

__all__ = [
    "KEY_TIMEOUT",
    "MEMORY",
    "START_TIMEOUT",
    "STDERR_LIMIT",
    "TIMEOUT",
    "TOGETHER_LIMIT",
    "ShimProcess",
    "resident",
]

TIMEOUT: Final = 10.0
"""The time limit of a request, in seconds, if none is given."""

START_TIMEOUT: Final = 30.0
"""The time limit of `hello`, in seconds: the process has to start first."""

KEY_TIMEOUT: Final = 120.0
"""The time limit of a `new` for which the shim has to generate a long-term key, in seconds."""

MEMORY: Final = 2**31
"""What a shim and its children may hold in memory, in bytes, if nothing else is said."""

TOGETHER_LIMIT: Final = 2**27
"""The most bytes of all answers together, where they have a limit; see `ShimProcess.allow`."""

STDERR_LIMIT: Final = 65_536
"""How much of the end of standard error is kept, in bytes."""

_CHUNK: Final = 65_536
_TICK: Final = 0.05  # how often we look whether the process has ended, where no pipe tells
_QUICK_TICK: Final = 0.002  # the same while it is known to be ending
_GRACE: Final = 0.5  # how long a shim has to exit at the end of its standard input
_DYING: Final = 1.0  # how long a process that is ending may still be there after its pipes
_SHOWN: Final = 200
_DRAINED: Final = 16  # chunks
_PROCESSES: Final = 256  # of a shim, whose memory is counted
_PROC: Final = Path("/proc")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_WAITS_WITHOUT_REAPING: Final = hasattr(os, "waitid")


class ShimProcess:
    """A shim that is running, and the conversation with it.

    Use it as a context manager, which opens it if need be, or call `open` and `close`. It is not
    for several threads.

    Attributes:
        command: The program and its arguments.
        timeout: The time limit of a request, in seconds.
        memory: What the process and its children may hold in memory, in bytes; None: any amount. It
            is looked at twenty times a second, and on Linux alone.
        tap: Called with ">" and each line written, "<" and each line read, newlines left out.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        timeout: float = TIMEOUT,
        memory: int | None = MEMORY,
        tap: Callable[[str, bytes], None] | None = None,
    ) -> None:
        self.command = tuple(command)
        self.timeout = timeout
        self.memory = memory
        self.tap = tap
        self._process: subprocess.Popen[bytes] | None = None
        self._selector: selectors.BaseSelector
        self._input = self._output = self._errors = -1
        self._incoming = bytearray()
        self._searched = 0
        self._unsent = memoryview(b"")
        self._closed: float | None = None  # when standard output was, by the monotonic clock
        self._stderr = bytearray()
        self._overtime = False
        self._over = False
        self._allowed: float | None = None  # for all answers from now on, in seconds
        self._spent = 0.0
        self._told = 0  # the bytes of those answers
        self._looked = 0.0  # when the memory was looked at, by the monotonic clock
        self._number = 0
        self._said: Hello | None = None

    # ---- the process

    def __enter__(self) -> Self:
        if self._process is None:
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
        """Start the process.

        Raises:
            ShimAbsent: The command cannot be started.
            ShimMisuse: It was started before.
        """
        if self._process is not None:
            raise ShimMisuse(field="shim", reason="was started before")
        try:
            process = subprocess.Popen(  # noqa: S603 - the command is the target that the user names
                self.command,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError, IndexError) as error:
            # ValueError: a NUL in the command. IndexError: an empty command.
            raise ShimAbsent(str(error)) from error
        self._process = process
        self._selector = selectors.DefaultSelector()
        streams = (process.stdin, process.stdout, process.stderr)
        self._input, self._output, self._errors = (s.fileno() for s in streams if s is not None)
        for descriptor in (self._input, self._output, self._errors):
            os.set_blocking(descriptor, False)
        self._selector.register(self._output, selectors.EVENT_READ)
        self._selector.register(self._errors, selectors.EVENT_READ)

    def close(self) -> None:
        """End the process and everything in its group. It can be called at any time, and again.

        A shim exits at the end of its standard input, and is given a moment for it.
        """
        if not self.alive or self._process is None:
            return
        self._watch_input(wanted=False)
        if self._process.stdin is not None:
            self._process.stdin.close()
        patience = time.monotonic() + _GRACE
        while not self._has_ended() and time.monotonic() < patience:
            self._move(_QUICK_TICK)
            self._incoming.clear()
        self._kill()

    @property
    def alive(self) -> bool:
        """Whether it can be asked: it was started, and nothing but refusals came since."""
        return self._process is not None and not self._over

    @property
    def pid(self) -> int:
        """The process id, also the id of its group.

        Raises:
            ShimMisuse: It was not started.
        """
        if self._process is None:
            raise ShimMisuse(field="shim", reason="is not running")
        return self._process.pid

    @property
    def stderr(self) -> str:
        """The end of what the shim has written to standard error so far, for people."""
        return self._stderr.decode("utf-8", "replace")

    def _has_ended(self) -> bool:
        if _WAITS_WITHOUT_REAPING:
            # Until `_kill` reaps it, nobody else can have its id, or its group's.
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        return self._process is not None and self._process.poll() is not None

    def _kill(self) -> None:
        """Kill the group and reap the process."""
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left in it
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._over = True
        self._selector.close()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None and not stream.closed:
                stream.close()

    def _status(self) -> int:
        """The exit status of a process that has ended; minus the signal, if one ended it."""
        if self._process is not None and self._process.returncode is not None:
            return self._process.returncode
        ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        if ended is None or ended.si_code == os.CLD_EXITED:
            return 0 if ended is None else ended.si_status
        return -ended.si_status

    # ---- what can be asked

    def hello(self) -> Hello:
        """Ask what the shim can do. From then on, what it did not declare is not asked.

        Raises:
            ShimError: See the module.
        """
        timeout = max(self.timeout, START_TIMEOUT)
        answer = self.request(Do.HELLO, timeout=timeout, protocol=PROTOCOL)
        self._said = read_record(Hello, answer.fields)
        return self._said

    def new(  # noqa: PLR0913 - one keyword for each field of the request
        self,
        endpoint: str,
        *,
        account: str,
        peer: str,
        policy: str | Iterable[PolicyWord],
        tag: int | None = None,
        key: bytes | None = None,
        fragment: int | None = None,
        mode: OtrMode | None = None,
        sym_h: bytes | None = None,
        forging: bytes | None = None,
        now: int | None = None,
        trusted: bytes | None = None,
        known_profile: bytes | None = None,
    ) -> Made:
        """Make an endpoint; see `docs/shim-protocol.md` for the fields.

        A field that is None is absent; from `mode` on, they are for version 4.

        Raises:
            ShimError: See the module.
        """
        answer = self.request(
            Do.NEW,
            timeout=self.timeout if key is not None else max(self.timeout, KEY_TIMEOUT),
            endpoint=endpoint,
            account=account,
            peer=peer,
            policy=policy,
            tag=tag,
            key=key,
            fragment=fragment,
            mode=mode,
            sym_h=sym_h,
            forging=forging,
            now=now,
            trusted=trusted,
            known_profile=known_profile,
        )
        return read_record(Made, answer.fields)

    def receive(self, endpoint: str, wire: bytes) -> Answer:
        """One message arrived from the network."""
        return self.request(Do.RECEIVE, endpoint=endpoint, wire=wire)

    def send(self, endpoint: str, text: bytes, *, to: int | None = None) -> Answer:
        """The user typed a message."""
        return self.request(Do.SEND, endpoint=endpoint, text=text, to=to)

    def start(self, endpoint: str, *, by: StartBy | None = None) -> Answer:
        """The user asks for a private conversation."""
        return self.request(Do.START, endpoint=endpoint, by=by)

    def end(self, endpoint: str, *, to: int | None = None) -> Answer:
        """The user ends the private conversation."""
        return self.request(Do.END, endpoint=endpoint, to=to)

    def smp_start(
        self, endpoint: str, secret: bytes, *, question: bytes | None = None, to: int | None = None
    ) -> Answer:
        """The user begins SMP."""
        return self.request(
            Do.SMP_START, endpoint=endpoint, secret=secret, question=question, to=to
        )

    def smp_answer(self, endpoint: str, secret: bytes, *, to: int | None = None) -> Answer:
        """The user answers a request for SMP."""
        return self.request(Do.SMP_ANSWER, endpoint=endpoint, secret=secret, to=to)

    def smp_abort(self, endpoint: str, *, to: int | None = None) -> Answer:
        """The user aborts SMP."""
        return self.request(Do.SMP_ABORT, endpoint=endpoint, to=to)

    def extra_key(
        self, endpoint: str, use: int, data: bytes = b"", *, to: int | None = None
    ) -> Answer:
        """Tell the peer that the extra symmetric key will be used."""
        return self.request(Do.EXTRA_KEY, endpoint=endpoint, use=use, data=data, to=to)

    def heartbeat(self, endpoint: str, *, to: int | None = None) -> Answer:
        """Send a heartbeat now."""
        return self.request(Do.HEARTBEAT, endpoint=endpoint, to=to)

    def clock(self, seconds: int) -> None:
        """Move virtual time forward for every endpoint."""
        self.request(Do.CLOCK, seconds=seconds)

    def poll(self, endpoint: str) -> Answer:
        """Report what happened since."""
        return self.request(Do.POLL, endpoint=endpoint)

    def profile(self, endpoint: str) -> PublishedProfile:
        """Publish the client profile."""
        return read_record(PublishedProfile, self.request(Do.PROFILE, endpoint=endpoint).fields)

    def ensemble(self, endpoint: str) -> PublishedEnsemble:
        """Publish a prekey ensemble."""
        return read_record(PublishedEnsemble, self.request(Do.ENSEMBLE, endpoint=endpoint).fields)

    def offline(self, endpoint: str, ensemble: PublishedEnsemble) -> Answer:
        """The user starts a conversation from a prekey ensemble of the peer's."""
        return self.request(
            Do.OFFLINE,
            endpoint=endpoint,
            client_profile=ensemble.client_profile,
            prekey_profile=ensemble.prekey_profile,
            prekey_message=ensemble.prekey_message,
        )

    def state(self, endpoint: str, *, to: int | None = None) -> State:
        """Report the state of the conversation."""
        return read_record(State, self.request(Do.STATE, endpoint=endpoint, to=to).fields)

    def forget(self, endpoint: str) -> None:
        """Drop one endpoint."""
        self.request(Do.FORGET, endpoint=endpoint)

    def reset(self, seed: int = 0) -> None:
        """Drop every endpoint.

        Args:
            seed: what random numbers are made of from now on, if the shim has said that it can.
        """
        said = self._said
        able = said is not None and Capability.SEED in said.capabilities
        self.request(Do.RESET, seed=seed if seed and able else None)

    def bye(self) -> None:
        """Let the shim exit, and see that it does, with status 0.

        Raises:
            ShimError: See the module; `ShimCrash` for another status, `ShimHang` for no exit.
        """
        self.request(Do.BYE)
        with self._watched("bye", Do.BYE):
            self._await_end()
            status = self._status()
            if status != 0:
                raise ShimCrash(status)
        self._kill()

    def leave(self) -> None:
        """Close the shim's standard input, and see that it exits, with whatever status.

        Raises:
            ShimError: See the module; `ShimHang` for no exit.
        """
        if self._process is None or self._process.stdin is None or not self.alive:
            raise ShimMisuse(field="shim", reason="is not running")
        self._watch_input(wanted=False)
        self._process.stdin.close()
        with self._watched("", None):
            self._await_end()
        self._kill()

    def _await_end(self) -> None:
        """Wait until the process has ended, as long as for an answer; nothing may come any more."""
        limit = time.monotonic() + self.timeout
        while not self._has_ended():
            if time.monotonic() >= limit:
                raise ShimHang(self.timeout)
            self._move(_QUICK_TICK)
            self._expect_nothing()
        self._drain()
        self._expect_nothing()

    def request(self, do: Do, /, *, timeout: float | None = None, **fields: object) -> Answer:
        """Ask anything.

        Args:
            do: What to ask.
            timeout: The time limit in seconds, if not the shim's.
            **fields: The fields of the request, with underscores for the hyphens in their names, as
                octets, integers and words; None: absent.

        Raises:
            ShimError: See the module.
        """
        given = {n.replace("_", "-"): value for n, value in fields.items() if value is not None}
        if self._said is not None:
            self._refuse_undeclared(do, given, self._said.capabilities)
        self._number += 1
        line = write_request(self._number, do, given)
        return self._ask(line, do, self.timeout if timeout is None else timeout)

    def request_anyway(self, fields: Mapping[str, Scalar]) -> Answer:
        """Ask what is no request, to see how the shim refuses it.

        Args:
            fields: The line without its number.

        Raises:
            ShimError: See the module; the answer is read as one to `poll`.
        """
        self._number += 1
        return self._ask(write_object({"id": self._number, **fields}), Do.POLL, self.timeout)

    def _refuse_undeclared(
        self, do: Do, names: Iterable[str], declared: Iterable[Capability]
    ) -> None:
        for capability in REQUESTS[do].wants(names):
            if capability not in declared:
                detail = f"not asked: it does not declare {capability}"
                raise ShimRefused(ErrorWord.UNSUPPORTED, detail)

    # ---- one request, one answer

    def _ask(self, line: bytes, do: Do, timeout: float) -> Answer:
        if not self.alive:
            raise ShimMisuse(field="shim", reason="is not running")
        with self._watched(line[:_SHOWN].decode("ascii").rstrip(), do):
            self._move(0)
            self._expect_nothing()
            if self.tap is not None:
                self.tap(">", line[:-1])
            if do is Do.NEW or self._allowed is None:
                return self._exchange(line, do, timeout)
            return self._exchange_in_all(line, do, timeout, self._allowed)

    def allow(self, seconds: float) -> None:
        """From now on, all answers together may take so long, and have `TOGETHER_LIMIT` bytes.

        The time that `new` takes does not count.
        """
        self._allowed, self._spent, self._told = seconds, 0.0, 0

    def _exchange_in_all(self, line: bytes, do: Do, timeout: float, allowed: float) -> Answer:
        begun = time.monotonic()
        left = max(0.0, allowed - self._spent)
        try:
            return self._exchange(line, do, min(timeout, left))
        except ShimHang as hang:
            raise hang if left >= timeout else ShimHang(allowed, whole=True) from None
        finally:
            self._spent += time.monotonic() - begun

    @contextlib.contextmanager
    def _watched(self, asked: str, do: Do | None) -> Iterator[None]:
        """Tell errors what was asked and what the shim says; after all but a refusal, end it."""
        try:
            yield
        except ShimError as error:
            self._drain()
            if not isinstance(error, ShimRefused):
                self._kill()
            error.do = do
            error.asked = asked
            error.stderr = self.stderr
            raise

    def _exchange(self, line: bytes, do: Do, timeout: float) -> Answer:
        limit = time.monotonic() + timeout
        events: list[AnyEvent] = []
        size = 0
        self._unsent = memoryview(line)
        self._write()
        self._overtime = False
        idle = False
        while True:
            while (found := self._next_line()) is not None:
                size += len(found) + 1
                self._told += len(found) + 1
                spoken = self._read_line(found, do)
                if isinstance(spoken, Done):
                    self._expect_nothing()
                    return Answer(tuple(events), spoken.fields)
                if isinstance(spoken, NotDone):
                    self._expect_nothing()
                    raise ShimRefused(spoken.error, spoken.detail, tuple(events))
                events.append(spoken)
                self._bound(len(events), size)
            idle = self._wait(limit, timeout, idle=idle)

    def _wait(self, limit: float, timeout: float, *, idle: bool) -> bool:
        """Wait for more of the answer.

        Args:
            limit: When the time is up, by the monotonic clock.
            timeout: The time limit in seconds, for the error.
            idle: What the previous call returned.

        Returns:
            Whether nothing came.

        Raises:
            ShimCrash: The process has ended, and all that it wrote has been read.
            ShimGrown: It holds too much memory.
            ShimHang: The time is up.
            ShimFault: A line is too long, or standard output was closed and the process lives on.
        """
        if len(self._incoming) > LINE_LIMIT:
            raise self._fault(FaultKind.TOO_LONG, "line", f"is longer than {LINE_LIMIT} bytes")
        now = time.monotonic()
        self._look_at_memory(now)
        if now >= limit:
            # We may be the late one: what has come in time is read, once.
            if self._overtime or not self._move(0):
                raise ShimHang(timeout)
            self._overtime = True
            return False
        closed = self._closed is not None
        ended = (idle or closed) and self._has_ended()
        if self._closed is not None and not ended and now >= self._closed + _DYING:
            reason = "was closed while the process lives"
            raise ShimFault(FaultKind.CLOSED, "standard output", reason)
        tick = 0 if ended else _QUICK_TICK if closed else _TICK
        moved = self._move(min(tick, limit - now))
        if ended and not moved:
            raise ShimCrash(self._status())
        return not moved

    def _look_at_memory(self, now: float) -> None:
        """See that the process does not hold too much; once in a while is enough."""
        if self.memory is not None and now - self._looked >= _TICK:
            self._looked = now
            if resident(self.pid) > self.memory:
                raise ShimGrown(self.memory)

    def _read_line(self, line: bytes, do: Do) -> AnyEvent | Done | NotDone:
        if self.tap is not None:
            self.tap("<", line)
        try:
            return read_answer(line, self._number, do)
        except ShimFault as fault:
            fault.line = _excerpt(line)
            raise

    def _bound(self, events: int, size: int) -> None:
        if events > EVENTS_LIMIT:
            raise ShimFault(FaultKind.TOO_MUCH, "answer", f"has more than {EVENTS_LIMIT} events")
        if size > ANSWER_LIMIT:
            raise ShimFault(FaultKind.TOO_MUCH, "answer", f"is longer than {ANSWER_LIMIT} bytes")
        if self._allowed is not None and self._told > TOGETHER_LIMIT:
            reason = f"are longer than {TOGETHER_LIMIT} bytes together"
            raise ShimFault(FaultKind.TOO_MUCH, "answers", reason)

    def _expect_nothing(self) -> None:
        """Refuse what was written outside an answer."""
        if self._incoming:
            raise self._fault(FaultKind.OUTSIDE, "line", "is not part of any answer")

    def _fault(self, kind: FaultKind, field: str, reason: str) -> ShimFault:
        """A fault of what has come but is not yet a line."""
        fault = ShimFault(kind, field, reason)
        fault.line = _excerpt(bytes(self._incoming[:_SHOWN]).partition(b"\n")[0])
        return fault

    def _next_line(self) -> bytes | None:
        end = self._incoming.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._incoming)
            return None
        line = bytes(self._incoming[:end])
        del self._incoming[: end + 1]
        self._searched = 0
        return line

    # ---- the pipes

    def _move(self, wait: float) -> bool:
        """Wait until a pipe is ready, at most so many seconds, and move what can be moved, once.

        Returns:
            Whether something came from standard output.
        """
        before = len(self._incoming)
        for key, _ in self._selector.select(wait):
            if key.fd == self._input:
                self._write()
            elif key.fd == self._output:
                self._incoming += self._read(self._output)
            else:
                self._stderr += self._read(self._errors)
                del self._stderr[:-STDERR_LIMIT]
        return len(self._incoming) > before

    def _drain(self) -> None:
        """Read the rest of what the shim has written to standard error, within bounds."""
        for _ in range(_DRAINED):
            self._move(0)

    def _read(self, descriptor: int) -> bytes:
        try:
            chunk = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return b""
        if not chunk:
            self._selector.unregister(descriptor)
            if descriptor == self._output:
                self._closed = time.monotonic()
        return chunk

    def _write(self) -> None:
        """Write what is left of the request, as far as the pipe takes it."""
        try:
            while self._unsent:
                self._unsent = self._unsent[os.write(self._input, self._unsent) :]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            # The shim reads no more. If it has ended, its output ends too; if not, it is late.
            self._unsent = memoryview(b"")
        self._watch_input(wanted=bool(self._unsent))

    def _watch_input(self, *, wanted: bool) -> None:
        watched = self._input in self._selector.get_map()
        if wanted and not watched:
            self._selector.register(self._input, selectors.EVENT_WRITE)
        elif watched and not wanted:
            self._selector.unregister(self._input)


def _excerpt(line: bytes) -> str:
    """The beginning of a line, printable."""
    return ascii(line[:_SHOWN].decode("utf-8", "replace"))[1:-1]


def resident(pid: int) -> int:
    """What a process and its descendants hold in memory, in bytes; 0 where nothing tells."""
    family = [pid]
    pages = 0
    for member in family:
        try:
            pages += int((_PROC / str(member) / "statm").read_text().split()[1])
            family += _children(member)[: _PROCESSES - len(family)]
        except (OSError, ValueError, IndexError):  # it has ended, or this is not Linux
            continue
    return pages * _PAGE


def _children(pid: int) -> list[int]:
    """The processes that any thread of a process has started."""
    tasks = list((_PROC / str(pid) / "task").iterdir())
    return [int(each) for task in tasks for each in (task / "children").read_text().split()]
