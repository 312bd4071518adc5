"""Campaigns: many mutants for many decoders, in several processes, to be gone on with later.

The unit of work is a block: `BLOCK` mutants of one decoder, drawn from the seed of the campaign,
the decoder and the number of the block, so that a block gives the same each time. The decoder that
has had the least time so far comes next. What was done is kept in a folder:

- `state.json`: for each decoder how many blocks there were, and what came of them;
- a file for each find, see `finds`.

A block runs in a process of its own whose memory is limited. If that process dies, the block is
run again to find the input that killed it; an input that takes too long is stopped by an alarm.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import signal
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Final

from otr_model.documents import BadDocument, parse_json
from otr_reference.errors import OtrSpecError

from . import finds
from .corpus import kept
from .examine import Fate, Trouble, examine, excess
from .finds import Find
from .mutate import Mutator
from .registry import decoder
from .shrink import shrunk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Future
    from pathlib import Path
    from types import FrameType

    from .decoder import Decoder

__all__ = [
    "BLOCK",
    "BadState",
    "Block",
    "Campaign",
    "Done",
    "Figures",
    "Plan",
    "fate_of",
    "mutants",
    "play",
    "read_state",
    "write_state",
]

BLOCK: Final = 500
"""Mutants in a block."""

MEASURED: Final = 2
"""How many of those have their work and memory counted."""

PATIENCE: Final = 20.0
"""Seconds after which an input is taken to hang."""

MEMORY: Final = 4 << 30
"""Octets of address space of a process that plays blocks."""

_ALIKE: Final = 3
"""How many inputs with one and the same fault are kept, of one decoder."""
_STATE: Final = "state.json"
_FORMAT: Final = "otrspec-fuzz-bytes"
_SAVED_EVERY: Final = 10.0


class BadState(OtrSpecError):
    """A folder whose campaign cannot be gone on with; the message is one line that says why."""


class _Late(BaseException):
    """The alarm; not an `Exception`, so that no decoder takes it for one of its own."""


# --- A block ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Block:
    """So many mutants of one decoder.

    Attributes:
        decoder: its name.
        number: of the block.
        seed: of the campaign.
    """

    decoder: str
    number: int
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a block.

    Attributes:
        block: which.
        inputs: how many mutants there were.
        read: how many were read.
        octets: how many they had together.
        seconds: of the processor, which do not depend on what else the machine does.
        slowest: seconds that the slowest took, the best of three; and how many octets it has.
        troubles: promises that were broken, and the inputs.
    """

    block: Block
    inputs: int
    read: int
    octets: int
    seconds: float
    slowest: tuple[float, int]
    troubles: tuple[tuple[Trouble, bytes], ...] = ()


@cache
def _mutator(name: str) -> Mutator:
    found = decoder(name)

    def valid(data: bytes) -> bool:
        return examine(found, data) is Fate.READ

    return Mutator(found.form, kept(found) or (b"",), found.longest, valid)


def mutants(block: Block) -> Iterator[bytes]:
    """The mutants of a block."""
    rng = Random(f"{block.seed} {block.decoder} {block.number}")  # noqa: S311 - to be the same again
    mutator = _mutator(block.decoder)
    for _ in range(BLOCK):
        yield mutator.mutant(rng)


def play(block: Block, mark: Callable[[int], None] | None = None) -> Done:
    """Play a block.

    Args:
        block: which.
        mark: told of the number of each input before it is read.
    """
    found = decoder(block.decoder)
    began = time.process_time()
    read = octets = 0
    troubles: list[tuple[Trouble, bytes]] = []
    slowest, slow = 0.0, b""
    for number, data in enumerate(mutants(block)):
        if mark is not None:
            mark(number)
        octets += len(data)
        start = time.process_time()
        fate = fate_of(found, data, measured=number < MEASURED)
        taken = (time.process_time() - start) / (len(data) + 256)
        if isinstance(fate, Trouble):
            troubles.append((fate, data))
        if taken > slowest and number >= MEASURED:
            slowest, slow = taken, data
        read += fate is Fate.READ
    seconds = time.process_time() - began
    return Done(
        block, BLOCK, read, octets, seconds, (_best(found, slow), len(slow)), tuple(troubles)
    )


def fate_of(found: Decoder, data: bytes, *, measured: bool) -> Fate | Trouble:
    """What becomes of an input, within the time that one is given.

    Args:
        found: the decoder.
        data: the input.
        measured: whether work and memory are counted, too, which takes longer.
    """
    try:
        with _alarm(PATIENCE):
            fate = examine(found, data)
            return (excess(found, data) or fate) if measured and isinstance(fate, Fate) else fate
    except _Late:
        return Trouble("hang", f"{len(data)} octets took more than {PATIENCE:g} seconds", "hang")


def _best(found: Decoder, data: bytes) -> float:
    """Seconds that reading an input takes, the best of three: the rest is the machine's."""
    taken = []
    for _ in range(3):
        start = time.process_time()
        examine(found, data)
        taken.append(time.process_time() - start)
    return min(taken)


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Stop what takes longer than so many seconds.

    Raises:
        _Late: it did.
    """

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise _Late

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# --- Figures ----------------------------------------------------------------------------------


@dataclass(slots=True)
class Figures:
    """What came of a decoder so far.

    Attributes:
        blocks: how many were played.
        inputs: how many mutants that were.
        read: how many of them were read.
        octets: how many they had together.
        seconds: of the processor that they took.
        slowest: seconds for the octets of the slowest input, and how many those are.
        finds: how many inputs broke a promise, by what showed it.
    """

    blocks: int = 0
    inputs: int = 0
    read: int = 0
    octets: int = 0
    seconds: float = 0.0
    slowest: tuple[float, int] = (0.0, 0)
    finds: Counter[str] = field(default_factory=Counter)

    def add(self, done: Done) -> None:
        """Count a block."""
        self.blocks += 1
        self.inputs += done.inputs
        self.read += done.read
        self.octets += done.octets
        self.seconds += done.seconds
        if _rate(done.slowest) > _rate(self.slowest):
            self.slowest = done.slowest

    @property
    def per_second(self) -> float:
        """Inputs in a second."""
        return self.inputs / self.seconds if self.seconds else 0.0


def _rate(slowest: tuple[float, int]) -> float:
    return slowest[0] / (slowest[1] + 256)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a campaign is to do.

    Attributes:
        decoders: their names.
        seconds: how long it may take; 0: any time.
        inputs: how many mutants there are to be, with those of before; 0: any number.
        seed: what everything is drawn from.
        jobs: processes.
    """

    decoders: tuple[str, ...]
    seconds: float = 0.0
    inputs: int = 0
    seed: int = 0
    jobs: int = 1


# --- What is kept -----------------------------------------------------------------------------

_COUNTS: Final = ("blocks", "inputs", "read", "octets")


def read_state(name: str, content: bytes) -> tuple[int, dict[str, Figures]]:
    """Read what a campaign has done: its seed, and figures by the names of decoders.

    Args:
        name: of the file, for complaints.
        content: what is in it.

    Raises:
        BadState: it is no such file.
    """
    try:
        document = parse_json(content)
    except BadDocument as error:
        message = f"{name}: {error}"
        raise BadState(message) from None
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        message = f"{name}: is not the state of a campaign of otrspec fuzz-bytes"
        raise BadState(message)
    seed, every = document.get("seed"), document.get("decoders")
    if type(seed) is not int or not isinstance(every, dict):
        message = f"{name}: has no seed, or no decoders"
        raise BadState(message)
    return seed, {each: _figures(name, each, found) for each, found in every.items()}


def _figures(name: str, which: str, found: object) -> Figures:
    """The figures of one decoder.

    Raises:
        BadState: they are none.
    """
    message = f"{name}: {which}: has no figures of a campaign"
    if not isinstance(found, dict):
        raise BadState(message)
    counts = [found.get(each) for each in _COUNTS]
    slowest, counted, seconds = (found.get(each) for each in ("slowest", "finds", "seconds"))
    if not (
        all(type(each) is int and each >= 0 for each in counts)
        and isinstance(seconds, int | float)
        and isinstance(slowest, list)
        and len(slowest) == 2  # noqa: PLR2004 - seconds and octets
        and isinstance(slowest[0], int | float)
        and type(slowest[1]) is int
        and isinstance(counted, dict)
        and all(type(each) is int for each in counted.values())
    ):
        raise BadState(message)
    blocks, inputs, read, octets = (int(str(each)) for each in counts)
    pair = float(slowest[0]), int(str(slowest[1]))
    return Figures(blocks, inputs, read, octets, float(seconds), pair, Counter(counted))


def write_state(seed: int, figures: Mapping[str, Figures]) -> str:
    """What `read_state` reads."""
    document = {
        "format": _FORMAT,
        "seed": seed,
        "decoders": {
            name: {each.name: _plain(getattr(of, each.name)) for each in fields(of)}
            for name, of in figures.items()
        },
    }
    return json.dumps(document, indent=1) + "\n"


def _plain(value: object) -> object:
    """A value as JSON has it."""
    return dict(value) if isinstance(value, Counter) else value


# --- The campaign -----------------------------------------------------------------------------


class Campaign:
    """A campaign, in this process and those that it starts.

    Args:
        plan: what to do.
        folder: where its state and its finds are kept; what is there is gone on with. None: they
            are kept nowhere.

    Raises:
        BadState: what is there cannot be gone on with.
        OSError: the folder cannot be made, or read.

    Attributes:
        figures: what came of each decoder, by its name.
        finds: what broke a promise, shrunk.
    """

    def __init__(self, plan: Plan, folder: Path | None = None) -> None:
        self.plan: Final = plan
        self.folder: Final = folder
        self.figures: dict[str, Figures] = {name: Figures() for name in plan.decoders}
        self.finds: list[Find] = []
        self.seconds = 0.0
        self._next: dict[str, int] = {}
        self._given: dict[str, float] = {}
        self._saved = 0.0
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._take_up(folder / _STATE)
        for name in plan.decoders:
            self._next[name] = self.figures[name].blocks
            self._given[name] = self.figures[name].seconds

    def _take_up(self, file: Path) -> None:
        """Go on with what is in a file, if it is there."""
        if not file.exists():
            return
        seed, figures = read_state(str(file), file.read_bytes())
        if seed != self.plan.seed:
            message = f"{file}: the campaign there has --seed {seed}"
            raise BadState(message)
        self.figures.update(figures)

    @property
    def inputs(self) -> int:
        """How many mutants there were, those of before among them."""
        return sum(each.inputs for each in self.figures.values())

    def run(self, tell: Callable[[Campaign], None] = lambda _campaign: None) -> None:
        """Play blocks until the plan is done.

        Args:
            tell: called after each block.

        Raises:
            OSError: the state cannot be written.
        """
        began = time.monotonic()
        waiting: dict[Future[Done], Block] = {}
        pool = _pool(self.plan.jobs)
        try:
            while True:
                self.seconds = time.monotonic() - began
                while len(waiting) <= self.plan.jobs and self._goes_on(len(waiting)):
                    block = self._block()
                    waiting[pool.submit(play, block)] = block
                if not waiting:
                    break
                ready, _ = wait(waiting, return_when=FIRST_COMPLETED)
                blocks = {future: waiting.pop(future) for future in ready}
                if any(isinstance(f.exception(), BrokenProcessPool) for f in ready):
                    pool.shutdown(wait=False, cancel_futures=True)
                    self._look_after([*blocks.values(), *waiting.values()])
                    waiting, pool = {}, _pool(self.plan.jobs)
                    continue
                for future in blocks:
                    self._take(future.result())
                    tell(self)
                self._save()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            self.seconds = time.monotonic() - began
            self._save(at_once=True)

    def _goes_on(self, waiting: int) -> bool:
        """Whether there is more to do than what is being done."""
        if self.plan.seconds and self.seconds >= self.plan.seconds:
            return False
        done = self.inputs + waiting * BLOCK
        return not self.plan.inputs or done < self.plan.inputs

    def _block(self) -> Block:
        """A block of the decoder that has had the least time."""
        name = min(self.plan.decoders, key=lambda each: (self._given[each], self._next[each]))
        block = Block(name, self._next[name], self.plan.seed)
        self._next[name] += 1
        known = self.figures[name]
        self._given[name] += known.seconds / known.blocks if known.blocks else 0.001
        return block

    def _take(self, done: Done) -> None:
        """Count a block, and keep what it found."""
        name = done.block.decoder
        figures = self.figures[name]
        before = figures.seconds / figures.blocks if figures.blocks else 0.001
        figures.add(done)
        self._given[name] += done.seconds - before
        for trouble, data in done.troubles:
            key = " ".join(trouble.signature)
            figures.finds[key] += 1
            if figures.finds[key] <= _ALIKE:
                self._keep(name, trouble, data)

    def _keep(self, name: str, trouble: Trouble, data: bytes) -> None:
        """Shrink what was found, and write it to a file."""
        if trouble.kind != "crash":
            found = decoder(name)
            measured = trouble.kind in {"slow", "memory"}

            def breaks(candidate: bytes) -> bool:
                fate = fate_of(found, candidate, measured=measured)
                return isinstance(fate, Trouble) and fate.signature == trouble.signature

            data = shrunk(data, breaks, 40 if trouble.kind == "hang" else 3000)
            fate = fate_of(found, data, measured=measured)
            trouble = fate if isinstance(fate, Trouble) else trouble
        find = Find(name, trouble.kind, trouble.says, data)
        if find in self.finds:
            return
        self.finds.append(find)
        if self.folder is not None:
            (self.folder / find.name).write_text(finds.write(find), encoding="ascii")

    def _look_after(self, blocks: Iterable[Block]) -> None:
        """Play blocks again of which one killed its process, each in a process of its own."""
        for block in blocks:
            number = _killer(block)
            if number is None:
                self._take(play(block))
                continue
            data = next(d for at, d in enumerate(mutants(block)) if at == number)
            says = f"input {number} of block {block.number} ends the process that reads it"
            trouble = Trouble("crash", says, "crash")
            self._take(Done(block, number + 1, 0, len(data), 0.0, (0.0, 0), ((trouble, data),)))

    def _save(self, *, at_once: bool = False) -> None:
        """Write the state, whole or not at all; not more often than need be."""
        now = time.monotonic()
        if self.folder is None or (not at_once and now < self._saved + _SAVED_EVERY):
            return
        self._saved = now
        partial = self.folder / f"{_STATE}.part"
        partial.write_text(write_state(self.plan.seed, self.figures), encoding="utf-8")
        partial.replace(self.folder / _STATE)


def _pool(jobs: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("fork")
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_limited)


def _limited() -> None:
    """Limit the memory of this process, and leave interrupts to the one that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, most))


def _killer(block: Block) -> int | None:
    """The number of the input of a block that ends the process that reads it; None if none does."""
    context = multiprocessing.get_context("fork")
    at = context.Value("i", -1, lock=False)
    process = context.Process(target=_marked, args=(block, at))
    process.start()
    process.join()
    return int(at.value) if process.exitcode else None


def _marked(block: Block, at: object) -> None:
    """Play a block, and tell before each input which it is."""
    _limited()

    def mark(number: int) -> None:
        at.value = number  # type: ignore[attr-defined] # a number that processes share

    play(block, mark)
