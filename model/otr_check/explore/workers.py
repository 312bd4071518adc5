"""Several processes that explore together.

Each keeps the states that fall to it, by the local state of the first participant, and looks for
their successors; most of those fall to itself again.
A worker has never seen a term: what a local step gives is answered by the process that began,
which also asks the properties. All move from level to level together, so that shortest runs stay
shortest.
"""

from __future__ import annotations

import multiprocessing
import signal
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from otr_reference.errors import OtrSpecError

from .machine import LOCAL, Machine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from .machine import Answer, Question, Shape, Steps
    from .scenario import Scenario

__all__ = ["Crew", "Lost", "Plan"]

Answered = tuple["Question", tuple[bool, tuple["Answer", ...]]]


class Lost(OtrSpecError):
    """A worker is gone."""


class Plan(NamedTuple):
    """What a worker needs to make its machine.

    Attributes:
        scenario: what is explored.
        shape: where the fields of a state are.
        learns: whether what is known is part of the state.
        storms: whether messages are counted.
        mask: the fields that properties look at.
    """

    scenario: Scenario
    shape: Shape
    learns: bool
    storms: bool
    mask: int

    def machine(self, steps: Steps) -> Machine:
        """A machine."""
        return Machine(self.scenario, self.shape, steps, learns=self.learns, storms=self.storms)


class Report(NamedTuple):
    """What a worker says of a level.

    Attributes:
        fresh: states that nobody had found, one for each value of the fields that properties look
            at, and every one in which no message is on its way.
        states: how many states it has.
        waiting: how many of them are still to be looked at.
        steps: successors that it computed.
        crowded: successors that were left out.
    """

    fresh: list[int]
    states: int
    waiting: int
    steps: int
    crowded: int


class Crew:
    """The workers, as the process that began them sees them.

    Used as a context: they end with it.

    Args:
        plan: what they need.
        count: how many.
        steps: who answers their questions.
    """

    def __init__(self, plan: Plan, count: int, steps: Steps) -> None:
        self.count = count
        self.steps = steps
        context = multiprocessing.get_context("fork")
        self._answers: dict[Question, tuple[bool, tuple[Answer, ...]]] = {}
        self._pipes: list[Connection] = []
        self._processes = []
        for number in range(count):
            ours, theirs = context.Pipe()
            # Every worker inherits the ends of those before it, and would keep them open.
            inherited = (*self._pipes, ours)
            process = context.Process(
                target=_work, args=(plan, number, count, theirs, inherited), daemon=True
            )
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join(_PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()

    def take(self, states: Iterable[tuple[int, int]], frontier: Iterable[int]) -> list[Report]:
        """Give them states, each with the one before it, and say which are to be looked at."""
        shares: list[tuple[list[tuple[int, int]], list[int]]] = [
            ([], []) for _ in range(self.count)
        ]
        for pair in states:
            shares[owner(pair[0], self.count)][0].append(pair)
        for state in frontier:
            shares[owner(state, self.count)][1].append(state)
        for pipe, share in zip(self._pipes, shares, strict=True):
            self._send(pipe, ("take", share))
        return [self._receive(pipe) for pipe in self._pipes]

    def level(self) -> list[Report]:
        """Go on by one level. What workers have for each other goes through here unread."""
        for pipe in self._pipes:
            self._send(pipe, ("level", None))
        parcels: list[list[bytes]] = [[] for _ in range(self.count)]
        working = list(self._pipes)
        while working:
            for pipe in [each for each in working if each in wait(working)]:
                what, said = self._receive(pipe)
                if what == "ask":
                    self._send(pipe, [(each, self._answered(each)) for each in said])
                    continue
                for receiver, parcel in enumerate(said):
                    parcels[receiver].append(parcel)
                working.remove(pipe)
        for pipe, parcel in zip(self._pipes, parcels, strict=True):
            self._send(pipe, parcel)
        return [self._receive(pipe) for pipe in self._pipes]

    def _answered(self, question: Question) -> tuple[bool, tuple[Answer, ...]] | None:
        """An answer, which several workers may ask for, and with different orders of hashes."""
        alike = question._replace(context=-1)
        known = self._answers.get(alike) or self._answers.get(question)
        if known is None:
            known = self.steps.answer(question)
            if known is not None:
                self._answers[question if known[0] else alike] = known
        return known

    def before(self, state: int) -> int:
        """The state that a state was found from.

        Raises:
            KeyError: if it was not found.
        """
        pipe = self._pipes[owner(state, self.count)]
        self._send(pipe, ("before", state))
        found: int | None = self._receive(pipe)
        if found is None:
            raise KeyError(state)
        return found

    def everything(self) -> Iterator[tuple[list[tuple[int, int]], list[int]]]:
        """Every worker's states, each with the one before it, and those still to be looked at."""
        for pipe in self._pipes:
            self._send(pipe, ("everything", None))
            yield self._receive(pipe)

    @staticmethod
    def _send(pipe: Connection, value: object) -> None:
        try:
            pipe.send(value)
        except OSError as error:
            message = "a worker has ended before its time"
            raise Lost(message) from error

    @staticmethod
    def _receive(pipe: Connection) -> Any:  # noqa: ANN401 - what was asked for
        try:
            return pipe.recv()
        except (EOFError, OSError) as error:
            message = "a worker has ended before its time (is there memory left?)"
            raise Lost(message) from error


_PATIENCE = 5.0
_PRIME = 0x9E3779B1
_OFTEN = 0x3FFF
_FIRST = (1 << LOCAL) - 1


def owner(state: int, count: int) -> int:
    """Which worker a state falls to: its lowest field is the first participant's local state."""
    return ((state & _FIRST) * _PRIME >> 16) % count


def _parcel(pairs: dict[int, int], width: int) -> bytes:
    """States, each with the one before it, as bytes."""
    return b"".join(number.to_bytes(width, "little") for pair in pairs.items() for number in pair)


def _opened(parcel: bytes, width: int) -> Iterator[tuple[int, int]]:
    """What is in a parcel."""
    read = int.from_bytes
    for at in range(0, len(parcel), 2 * width):
        middle = at + width
        yield read(parcel[at:middle], "little"), read(parcel[middle : middle + width], "little")


class _Asked:
    """Answers that were given, and questions that were not answered yet."""

    def __init__(self) -> None:
        self.known: dict[Question, tuple[bool, tuple[Answer, ...]]] = {}
        self.open: dict[Question, None] = {}

    def answer(self, question: Question) -> tuple[bool, tuple[Answer, ...]] | None:
        """What is known; else the question is noted."""
        known = self.known.get(question)
        if known is None:
            self.open[question] = None
        return known


class _Worker:
    """A worker, as it sees itself."""

    def __init__(self, plan: Plan, number: int, count: int, pipe: Connection) -> None:
        self.steps = _Asked()
        self.machine = plan.machine(self.steps)
        self.number = number
        self.count = count
        self.pipe = pipe
        self.mask = plan.mask
        self.first_queue = plan.shape.queues[0]
        self.width = plan.shape.width
        self.seen: dict[int, int] = {}
        self.frontier: list[int] = []
        self.judged: set[int] = set()
        self.computed = 0
        self.rest: list[int] = []
        self.most = -(-plan.scenario.bounds.states // count)

    def run(self) -> None:
        """Do what is asked, until nobody asks any more."""
        while True:
            try:
                what, about = self.pipe.recv()
            except (EOFError, OSError):
                return
            match what:
                case "take":
                    pairs, self.frontier = about
                    self.seen.update(pairs)
                    self.pipe.send(self.report(list(self.frontier)))
                case "level":
                    self.level()
                case "before":
                    self.pipe.send(self.seen.get(about))
                case _:
                    self.pipe.send((list(self.seen.items()), self.frontier))

    def level(self) -> None:
        """Look at every state of the frontier, and take in what falls to this worker."""
        shares: list[dict[int, int]] = [{} for _ in range(self.count)]
        waiting = self.frontier
        while waiting:
            waiting = self._look(waiting, shares)
            if self.steps.open:
                self.pipe.send(("ask", list(self.steps.open)))
                self.steps.known.update(self.pipe.recv())
                self.steps.open.clear()
        mine, shares[self.number] = shares[self.number], {}
        self.pipe.send(("done", [_parcel(share, self.width) for share in shares]))
        self.seen.update(mine)
        fresh = list(mine)
        for parcel in self.pipe.recv():
            for state, before in _opened(parcel, self.width):
                if state not in self.seen:
                    self.seen[state] = before
                    fresh.append(state)
        self.frontier = fresh + self.rest
        self.rest = []
        self.pipe.send(self.report(fresh))

    def _look(self, states: list[int], shares: list[dict[int, int]]) -> list[int]:
        """Sort the successors of states by who keeps them; those that lack an answer are left."""
        machine, seen, mine, count = self.machine, self.seen, self.number, self.count
        left: list[int] = []
        own = shares[mine]
        for place, state in enumerate(states):
            if not place & _OFTEN and self._is_full(own):
                self.rest += states[place:]
                break
            crowded = machine.crowded
            after = machine.follow(state)
            if machine.missing:
                machine.missing, machine.crowded = False, crowded
                left.append(state)
                continue
            self.computed += len(after)
            for each in after:
                whose = ((each & _FIRST) * _PRIME >> 16) % count  # owner, without the call
                if whose != mine:
                    shares[whose][each] = state
                elif each not in seen:
                    own[each] = state
        return left

    def _is_full(self, fresh: dict[int, int]) -> bool:
        """Whether this worker's share of the bound is reached."""
        return bool(self.most) and len(self.seen) + len(fresh) >= self.most

    def report(self, fresh: list[int]) -> Report:
        """What there is to say of a level."""
        shown: list[int] = []
        for state in fresh:
            key = state & self.mask
            if key not in self.judged or not state >> self.first_queue:
                self.judged.add(key)
                shown.append(state)
        waiting = len(self.frontier)
        return Report(shown, len(self.seen), waiting, self.computed, self.machine.crowded)


def _work(
    plan: Plan, number: int, count: int, pipe: Connection, inherited: tuple[Connection, ...]
) -> None:
    """What a worker's process runs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever began says when to end
    for other in inherited:
        other.close()
    _Worker(plan, number, count, pipe).run()
