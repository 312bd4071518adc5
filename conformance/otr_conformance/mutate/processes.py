"""Work divided among processes, each of which may die.

    for thing, result in spread(work, chunks, jobs=2): ...

Each process does a chunk, one thing after the other, and says what came of each at once. If it
dies, what came before is there already. What it was at is tried once more by a process of its own;
if that dies, too, only this is lost.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator
    from multiprocessing.connection import Connection

__all__ = ["FORKS", "Died", "spread"]

T = TypeVar("T", bound="Hashable")
R = TypeVar("R")

FORKS: Final = sys.platform == "linux"
"""Whether processes share what was made before they began."""


@dataclass(frozen=True, slots=True)
class Died:
    """What comes of a thing at which two processes died.

    Attributes:
        status: what the second ended with; minus the number of a signal that ended it.
    """

    status: int


@dataclass
class _Worker(Generic[T]):
    """A process, and what it still has to do."""

    process: Any
    pipe: Connection
    left: deque[T] = field(default_factory=deque)

    def give(self, chunk: list[T]) -> None:
        """Something to do. That a process is dead is noticed when it should answer."""
        self.left = deque(chunk)
        with suppress(OSError):
            self.pipe.send(chunk)

    def end(self) -> int:
        """End it if it goes on; what it ended with."""
        self.pipe.close()
        self.process.join(1)
        self.process.terminate()
        self.process.join()
        return self.process.exitcode or 0


class _Spread(Generic[T, R]):
    """Processes at work."""

    def __init__(self, work: Callable[[T], R], chunks: Iterable[list[T]], jobs: int) -> None:
        self._work, self._jobs = work, jobs
        self._context: Any = multiprocessing.get_context("fork" if FORKS else "spawn")
        self._waiting = deque(chunks)
        self._died: set[T] = set()
        self._workers: list[_Worker[T]] = []

    def results(self) -> Iterator[tuple[T, R | Died]]:
        """Each thing with what came of it."""
        try:
            self._fill()
            while self._workers:
                ready = wait([worker.pipe for worker in self._workers])
                for worker in [each for each in self._workers if each.pipe in ready]:
                    yield from self._heard(worker)
        finally:
            for worker in self._workers:
                worker.process.terminate()
                worker.end()

    def _fill(self) -> None:
        """As many processes as there is work for."""
        while self._waiting and len(self._workers) < self._jobs:
            ours, theirs = self._context.Pipe()
            not_theirs = [ours, *(worker.pipe for worker in self._workers)] if FORKS else []
            process = self._context.Process(
                target=_serve, daemon=True, args=(self._work, theirs, not_theirs)
            )
            process.start()
            theirs.close()
            worker: _Worker[T] = _Worker(process, ours)
            self._workers.append(worker)
            worker.give(self._waiting.popleft())

    def _heard(self, worker: _Worker[T]) -> Iterator[tuple[T, R | Died]]:
        """What a process says, or that it says nothing any more."""
        try:
            result = worker.pipe.recv()
        except (EOFError, OSError):
            yield from self._lost(worker)
            return
        if isinstance(result, BaseException):
            raise result
        yield worker.left.popleft(), result
        if worker.left:
            return
        if self._waiting:
            worker.give(self._waiting.popleft())
            return
        self._workers.remove(worker)
        worker.end()

    def _lost(self, worker: _Worker[T]) -> Iterator[tuple[T, Died]]:
        """A process is dead: what it has not done is given to another."""
        self._workers.remove(worker)
        status = worker.end()
        doing, *rest = worker.left
        if rest:
            self._waiting.appendleft(rest)
        if doing in self._died:
            yield doing, Died(status)
        else:
            self._died.add(doing)
            self._waiting.append([doing])
        self._fill()


def spread(
    work: Callable[[T], R], chunks: Iterable[list[T]], jobs: int
) -> Iterator[tuple[T, R | Died]]:
    """Do some work in several processes.

    Args:
        work: what is done with each thing; it can be pickled where processes are not forked.
        chunks: the things, each once, in chunks that one process does.
        jobs: how many processes.

    Yields:
        Each thing with what came of it, in whatever order they come.

    Raises:
        Exception: what the work raises, in whichever process.
    """
    return _Spread(work, chunks, jobs).results()


def _serve(work: Callable[[T], R], pipe: Connection, others: list[Connection]) -> None:
    """A process: does what it is given, until nobody gives it anything."""
    for other in others:
        other.close()
    with suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            for thing in pipe.recv():
                pipe.send(_done(work, thing))


def _done(work: Callable[[T], R], thing: T) -> R | Exception:
    """What comes of a thing; an error is for whoever asked."""
    try:
        return work(thing)
    except Exception as error:  # noqa: BLE001 - it is raised in the process that asked
        return error
