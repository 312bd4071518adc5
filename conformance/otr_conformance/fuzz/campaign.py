"""A campaign: several processes that play with one target, and share what they learn.

    with Campaign(order, folder, jobs=2) as campaign:
        for state in campaign.run(seconds=300):
            print(state.steps, len(state.finds))

Each process works for a moment, says what came of it, and is told what the others have found. A
process that dies costs what it did in that moment; another takes its place. Every find is on disk
the moment it exists, and the scripts that are worth keeping as soon as they are told, so that
whatever ends a campaign, it can be resumed from its folder:

    FOLDER/finds/TARGET/ID.json        a find
    FOLDER/scripts-PROTOCOL.jsonl      a script on each line, which showed pairs of rows first
    FOLDER/hypothesis/                 the examples of Hypothesis
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import sys
import time
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Final, Self

from otr_conformance.folders import BadFolder, look
from otr_conformance.shim.errors import ShimError
from otr_reference.errors import OtrSpecError

from .coverage import Coverage
from .finds import Find, Finds
from .worker import Done, Kept, Order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from multiprocessing.connection import Connection
    from pathlib import Path
    from types import TracebackType

__all__ = ["Campaign", "Corpus", "State", "folder_of", "look_at"]

MOMENT: Final = 1.0
"""Seconds that a process works before it says what came of it."""
_DEATHS: Final = 5
"""Processes that may die in a campaign; then something is wrong with us."""
_PATIENCE: Final = 5.0
"""Seconds that a process has to end when it is asked to."""
_FORKS: Final = sys.platform == "linux"


def folder_of(corpus: Path, target: str) -> Path:
    """Where the finds of a target are written."""
    name = "".join(c if c.isalnum() or c in "-_." else "-" for c in target).strip(".")
    return corpus / "finds" / (name or "target")


def look_at(corpus: Path | None, target: str) -> None:
    """See that the folder of a campaign can be written; None: nothing is.

    Raises:
        BadFolder: if it cannot.
    """
    if corpus is not None:
        look(corpus)
        look(folder_of(corpus, target))


class Corpus:
    """The scripts of a folder.

    Args:
        folder: where they are; None: nowhere.
        protocol: the name of the protocol.

    Attributes:
        complaints: what cannot be read, a line each.
        scripts: what is kept, in the order in which it was found.
    """

    def __init__(self, folder: Path | None, protocol: str) -> None:
        self.path = None if folder is None else folder / f"scripts-{protocol}.jsonl"
        self.complaints: list[str] = []
        self.scripts: list[Kept] = []
        self._known: set[tuple[str, tuple[str, ...]]] = set()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        if self.path is not None and self.path.exists():
            self._load(self.path)

    def _load(self, path: Path) -> None:
        bad = 0
        for line in path.read_bytes().splitlines():
            try:
                self._enter(_kept(json.loads(line)))
            except (ValueError, TypeError, KeyError, RecursionError):
                bad += 1
        if bad:
            lines = "a line is" if bad == 1 else f"{bad} lines are"
            self.complaints.append(f"{path}: {lines} no script, and left out")

    def _enter(self, kept: Kept) -> bool:
        key = (kept.part, kept.moves)
        if key in self._known:
            return False
        self._known.add(key)
        self.scripts.append(kept)
        return True

    def add(self, several: list[Kept]) -> list[Kept]:
        """Keep scripts; those that are new."""
        new = [kept for kept in several if self._enter(kept)]
        if self.path is not None and new:
            self._write(self.path, "".join(f"{_line(kept)}\n" for kept in new))
        return new

    def _write(self, path: Path, lines: str) -> None:
        """Add lines to the file. Where that fails it is said, and no more is written."""
        size = path.stat().st_size if path.exists() else 0
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(lines)
        except OSError as error:
            self.path = None
            self.complaints.append(f"{path}: {error.strerror}: scripts are not kept any more")
            with contextlib.suppress(OSError):
                os.truncate(path, size)  # no line stands there in part


def _line(kept: Kept) -> str:
    plain = {"part": kept.part, "moves": kept.moves, "pairs": kept.pairs}
    return json.dumps(plain, ensure_ascii=False)


def _kept(found: Any) -> Kept:  # noqa: ANN401 - whatever a file says
    """A script of a line.

    Raises:
        ValueError: if it is none; and the like.
    """
    part, moves = found["part"], tuple(found["moves"])
    pairs = tuple((str(first), str(second)) for first, second in found.get("pairs", ()))
    if not isinstance(part, str) or not all(isinstance(name, str) for name in moves):
        message = "it is no script"
        raise ValueError(message)
    return Kept(part, moves, pairs)


@dataclass
class State:
    """How far a campaign is.

    Attributes:
        coverage: what was seen.
        finds: what was found, in all runs of the folder.
        fresh: the ids of the finds that this run has seen.
        steps: moves that were played.
        episodes: how many episodes there were.
        seconds: how long it has taken.
        spent: processor time of the processes, without that of shims.
        reading: the ambiguities that the target reads to the letter.
        label: what the target calls itself, and its version.
        complaints: what went wrong, a line each.
        lost: why it could not go on; "" if it could.
    """

    coverage: Coverage
    finds: Finds
    fresh: Counter[str] = field(default_factory=Counter)
    steps: int = 0
    episodes: int = 0
    seconds: float = 0.0
    spent: float = 0.0
    reading: tuple[str, ...] = ()
    label: tuple[str, str] = ("", "")
    complaints: list[str] = field(default_factory=list)
    lost: str = ""

    def add(self, done: Done) -> None:
        """What came of a moment."""
        self.coverage.merge(done.cells, done.pairs)
        self.steps += done.steps
        self.episodes += done.episodes
        self.spent += done.seconds
        self.reading = tuple(dict.fromkeys((*self.reading, *done.reading)))
        self.label = done.label if any(done.label) else self.label
        self.complain(done.complaints)
        for find in done.finds:
            self.finds.add(find)
            self.fresh[find.id] += 1
        self.complain(self.finds.complaints)
        self.fresh.update(done.again)

    def complain(self, complaints: Iterable[str]) -> None:
        """Take over what went wrong elsewhere, each line once."""
        self.complaints += [line for line in complaints if line not in self.complaints]

    @property
    def seen(self) -> tuple[Find, ...]:
        """The finds that this run has seen."""
        return tuple(find for find in self.finds if self.fresh[find.id])


class Campaign(AbstractContextManager["Campaign"]):
    """A campaign.

    Args:
        order: what every process has to know; its number and its folder are set here.
        corpus: the folder; None: nothing is written.
        jobs: how many processes; one works in this process.
        empty: begin without the scripts of the folder, and leave them alone: it is for finds.

    Raises:
        BadFolder: if the folder cannot be used.
    """

    def __init__(
        self, order: Order, corpus: Path | None = None, jobs: int = 1, *, empty: bool = False
    ) -> None:
        finds = None if corpus is None else folder_of(corpus, order.target.name)
        self.order = replace(order, finds=finds)
        self.jobs = jobs
        try:
            look_at(corpus, order.target.name)
            self.corpus = Corpus(None if empty else corpus, order.protocol)
            self.state = State(Coverage(order.protocol), Finds(finds))
        except OSError as error:
            message = f"{error.filename or corpus}: {error.strerror}"
            raise BadFolder(message) from error
        self.state.complain([*self.corpus.complaints, *self.state.finds.complaints])
        self._workers: list[_Inline | _Process] = []
        self._news: dict[int, list[Kept]] = {}
        self._deaths = 0

    def __enter__(self) -> Self:
        """Start the processes.

        Raises:
            ShimError: if the target does not start.
        """
        try:
            for number in range(self.jobs):
                self._hire(number)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for worker in self._workers:
            worker.dismiss()
        for worker in self._workers:
            worker.end()
        self._workers = []

    def _hire(self, number: int) -> None:
        order = replace(self.order, number=number)
        worker = _Inline(order) if self.jobs == 1 else _Process(order)
        self._workers.append(worker)
        self._news[number % self.jobs] = list(self.corpus.scripts)
        self.state.label = worker.label if any(worker.label) else self.state.label

    def run(self, seconds: float = 0.0, steps: int = 0) -> Iterator[State]:
        """Play until the time is over, or so many moves were played; 0: no limit.

        Yields:
            How far it is, whenever a process has said what came of its moment.
        """
        state, begun = self.state, time.monotonic()
        share = -(-steps // max(self.jobs, 1)) if steps else 0
        for worker in self._workers:
            self._give(worker, share)
        while self._workers and not state.lost:
            for worker, done in self._heard():
                if done is None:
                    self._died(worker)
                    continue
                self._take(worker, done)
                state.seconds = time.monotonic() - begun
                yield state
                over = (seconds and state.seconds >= seconds) or (steps and state.steps >= steps)
                if over or state.lost:
                    return
                self._give(worker, steps and max(steps - state.steps, 1))

    def _give(self, worker: _Inline | _Process, steps: int) -> None:
        news = self._news[worker.order.number % self.jobs]
        moment = 0.0 if steps and self.jobs == 1 else MOMENT
        worker.give(moment, min(steps, 200) if steps else 0, tuple(news))
        news.clear()

    def _heard(self) -> list[tuple[_Inline | _Process, Done | None]]:
        """Who has something to say, and what; None for a process that is dead."""
        inline = [worker for worker in self._workers if isinstance(worker, _Inline)]
        if inline:
            return [(worker, worker.done()) for worker in inline]
        processes = {w.pipe: w for w in self._workers if isinstance(w, _Process)}
        ready = wait(list(processes))
        return [(processes[pipe], processes[pipe].done()) for pipe in ready]

    def _take(self, worker: _Inline | _Process, done: Done) -> None:
        new = self.corpus.add(done.kept)
        self.state.complain(self.corpus.complaints)
        for number, news in self._news.items():
            if number != worker.order.number % self.jobs:
                news.extend(new)
        self.state.add(done)
        self.state.lost = done.lost

    def _died(self, worker: _Inline | _Process) -> None:
        """A process is gone: another takes its place, unless that happens too often."""
        self._workers.remove(worker)
        worker.end()
        self._deaths += 1
        number = worker.order.number
        self.state.complaints.append(
            f"a process of the campaign ended with status {worker.status}; what it found is kept"
        )
        if self._deaths >= _DEATHS:
            self.state.lost = f"{self._deaths} processes of the campaign have ended"
            return
        try:
            self._hire(number + self.jobs)
        except ShimError as error:
            self.state.lost = str(error)
            return
        self._give(self._workers[-1], 0)


class _Inline:
    """The one process of a campaign is this one."""

    status = 0

    def __init__(self, order: Order) -> None:
        self.order = order
        self._worker = order.worker()
        self.label = self._worker.seat.label
        self._next: tuple[float, int, tuple[Kept, ...]] = (MOMENT, 0, ())

    def give(self, seconds: float, steps: int, adopt: tuple[Kept, ...]) -> None:
        """Something to do."""
        self._next = (seconds, steps, adopt)

    def done(self) -> Done:
        """What came of it."""
        return self._worker.work(*self._next)

    def dismiss(self) -> None:
        """Nothing is under way."""

    def end(self) -> None:
        """End the target."""
        self._worker.close()


class _Process:
    """A process that works for a campaign.

    Raises:
        ShimError: if its target does not start.
    """

    def __init__(self, order: Order) -> None:
        self.order = order
        context: Any = multiprocessing.get_context("fork" if _FORKS else "spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(order, theirs, self.pipe), daemon=True)
        self._process.start()
        theirs.close()
        self.label = ("", "")
        try:
            said = self.pipe.recv()
        except (EOFError, OSError) as error:
            self.end()
            message = "a process of the campaign ended before it began"
            raise _Ended(message) from error
        if isinstance(said, OtrSpecError):
            self.end()
            raise said
        self.label = said

    @property
    def status(self) -> int:
        """What it ended with."""
        return int(self._process.exitcode or 0)

    def give(self, seconds: float, steps: int, adopt: tuple[Kept, ...]) -> None:
        """Something to do. That it is dead is noticed when it should answer."""
        with contextlib.suppress(OSError):
            self.pipe.send((seconds, steps, adopt))

    def done(self) -> Done | None:
        """What came of it; None if it is dead."""
        try:
            said = self.pipe.recv()
        except (EOFError, OSError):
            return None
        return said if isinstance(said, Done) else None

    def dismiss(self) -> None:
        """Ask it to end."""
        with contextlib.suppress(OSError):
            self.pipe.send(None)

    def end(self) -> None:
        """See that it ends."""
        self._process.join(_PATIENCE)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join(_PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self.pipe.close()


class _Ended(OtrSpecError):
    """A process of ours has ended."""


def _serve(order: Order, pipe: Connection, ours: Connection) -> None:
    """What a process does: works when it is told to, until nobody tells it to."""
    ours.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # our parent will say what to do
    signal.signal(signal.SIGTERM, _leave)
    try:
        worker = order.worker()
    except OtrSpecError as error:
        pipe.send(error)
        return
    with contextlib.suppress(EOFError, OSError), contextlib.closing(worker):
        pipe.send(worker.seat.label)
        while (given := pipe.recv()) is not None:
            pipe.send(worker.work(*given))


def _leave(_number: int, _frame: object) -> None:
    raise SystemExit(0)
