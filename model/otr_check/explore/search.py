"""The search: breadth first, so that what is found is found by a shortest run.

    exploration = Exploration(scenario, adaptor)
    found = exploration.run(progress=print)
    found.states, found.violations, found.complete

States are numbers (`otr_check.explore.machine`). A search can be saved after any level and gone on
with; it can use several processes, each of which keeps the states that fall to it.
"""

from __future__ import annotations

import gc
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

from . import saving
from .machine import KNOWLEDGE, LOCAL, STORM, Machine, Move, Shape
from .properties import NoStorm, World, properties_of
from .scenario import Action
from .tables import Tables
from .workers import Crew, Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from .party import Adaptor, Local
    from .properties import Property
    from .scenario import Scenario

__all__ = ["Exploration", "Found", "Progress", "Violation"]


@dataclass(frozen=True, slots=True)
class Violation:
    """A joint state in which a property does not hold.

    Attributes:
        property: its id.
        says: what is wrong, in a sentence.
        state: the joint state.
        depth: how many steps lead there.
    """

    property: str
    says: str
    state: int
    depth: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search has come.

    Attributes:
        depth: steps from the beginning.
        states: joint states that were found.
        waiting: those whose successors were not looked at yet.
        seconds: since it began.
    """

    depth: int
    states: int
    waiting: int
    seconds: float


@dataclass(slots=True)
class Found:
    """What a search found.

    Attributes:
        states: distinct joint states.
        steps: successors that were computed, distinct or not.
        depth: the longest distance from the beginning.
        complete: whether nothing was left out but what the bounds of the scenario say.
        crowded: successors that were left out because a queue was full.
        local_steps: steps of endpoints that were really taken.
        seconds: how long it took.
        violations: the first of each property, in the order in which they were found.
        rests: states in which no message was on its way.
        fired: every row that was taken.
    """

    states: int = 0
    steps: int = 0
    depth: int = 0
    complete: bool = False
    crowded: int = 0
    local_steps: int = 0
    seconds: float = 0.0
    violations: list[Violation] = field(default_factory=list)
    rests: int = 0
    fired: frozenset[str] = frozenset()


class Exploration:
    """A scenario that is being explored.

    Args:
        scenario: what.
        adaptor: its endpoints.

    Attributes:
        tables: what the numbers stand for.
        machine: what follows a state.
        seen: every state that was found, with the one that it was found from.

    Raises:
        BadScenario: if the scenario asks for what is not there.
    """

    def __init__(self, scenario: Scenario, adaptor: Adaptor) -> None:
        self.scenario = scenario
        self.asked: tuple[Property, ...] = properties_of(scenario)
        kept = frozenset(deed for each in self.asked for deed in each.deeds)
        self.tables = Tables(adaptor, kept)
        self.world = World(scenario, adaptor, self.tables.opponent)
        actions = tuple(tuple(_NUMBERS[a] for a, _ in actor.does) for actor in scenario.actors)
        self.shape = Shape.of(scenario, actions)
        learns = any(each.learns for each in self.asked)
        self.machine = Machine(
            scenario,
            self.shape,
            self.tables,
            learns=learns or bool(scenario.attacker and scenario.attacker.injects),
            storms=any(each.storms for each in self.asked),
        )
        self.judge = _Judge(self)
        self.seen: dict[int, int] = {}
        self.frontier: list[int] = []
        self.found = Found()
        self._crew: Crew | None = None
        self._steps_before = 0
        self._crowded_before = 0

    def beginning(self) -> int:
        """The first joint state."""
        shape, network = self.shape, self.scenario.network
        state = network.replays << shape.replays
        if self.scenario.attacker:
            state += self.scenario.attacker.injects << shape.injects
        for who, actor in enumerate(self.scenario.actors):
            state += self.tables.beginning(who) << shape.locals[who]
            times = {_NUMBERS[action]: n for action, n in actor.does}
            for action, at in shape.budgets[who]:
                state += times[action] << at
        return state

    def run(
        self,
        *,
        until_violated: bool = True,
        workers: int = 1,
        progress: Callable[[Progress], None] | None = None,
        after_level: Callable[[Exploration], None] | None = None,
        seconds: float = 0.0,
    ) -> Found:
        """Search, or go on searching.

        Args:
            until_violated: stop at the end of the level in which a property was violated.
            workers: how many processes look for successors; 1: this one does.
            progress: told after every level, and now and then within one.
            after_level: called after every level, such as to save it.
            seconds: stop after so long, at the end of a level; 0: never.

        Raises:
            TooMany: if there are more local states or messages than numbers.
            Lost: if a worker ends before its time.
        """
        began = perf_counter() - self.found.seconds
        found, depth = self.found, self.scenario.bounds.depth
        with _without_collector(), ExitStack() as stack:
            if not self.seen:
                self._begin()
            self._steps_before = found.steps
            self._crowded_before = found.crowded
            self.machine.crowded = 0
            if workers > 1:
                self._crew = stack.enter_context(Crew(self._plan(), workers, self.tables))
                stack.push(self._come_home)
                self._crew.take(self.seen.items(), self.frontier)
                self.seen = {}
            while self.frontier:
                if until_violated and found.violations:
                    break
                if depth and found.depth >= depth:
                    break
                if self._is_full() or (seconds and perf_counter() - began > seconds):
                    break
                self._next_level(began, progress)
                found.seconds = perf_counter() - began
                if after_level is not None:
                    after_level(self)
        found.complete = not self.frontier
        found.local_steps = len(self.tables.asked)
        found.fired = self.tables.fired()
        found.seconds = perf_counter() - began
        return found

    def _plan(self) -> Plan:
        machine = self.machine
        return Plan(self.scenario, self.shape, machine.learns, machine.storms, self.judge.mask)

    def _come_home(self, *raised: object) -> None:
        """Take everything back from the workers, who are about to end, unless something failed."""
        crew, self._crew = self._crew, None
        self.frontier = []
        if crew is not None and raised[0] is None:
            for pairs, frontier in crew.everything():
                self.seen.update(pairs)
                self.frontier += frontier

    def save(self, path: Path) -> None:
        """Write everything that is needed to go on; between two levels.

        Raises:
            BadSave: if the file cannot be written.
        """
        if self._crew is None:
            states, frontier = list(self.seen.items()), self.frontier
        else:
            states, frontier = [], []
            for pairs, left in self._crew.everything():
                states += pairs
                frontier = frontier + left
        found = self.found
        figures = {name: getattr(found, name) for name in _FIGURES}
        violations = [[v.property, v.says, v.state, v.depth] for v in found.violations]
        saving.write(
            path,
            saving.Saved(
                saving.told(self.scenario),
                figures,
                violations,
                saving.counted(self.tables),
                self.tables.asked,
                states,
                frontier,
            ),
        )

    @classmethod
    def resume(cls, path: Path, scenario: Scenario, adaptor: Adaptor) -> Exploration:
        """A search that was saved, to go on with.

        Raises:
            BadSave: if the file cannot be read, or is of another scenario or version.
            BadScenario: as the class.
        """
        saved = saving.read(path)
        exploration = cls(scenario, adaptor)
        exploration.beginning()
        saving.rebuild(saved, scenario, exploration.tables)
        exploration.seen = dict(saved.states)
        exploration.frontier = saved.frontier
        found = exploration.found
        for name in _FIGURES:
            setattr(found, name, saved.figures[name])
        found.violations = [Violation(*each) for each in saved.violations]
        exploration.judge.rests = found.rests
        return exploration

    def _is_full(self) -> bool:
        most = self.scenario.bounds.states
        return bool(most) and self.found.states >= most

    def _begin(self) -> None:
        first = self.beginning()
        self.seen[first] = first
        self.frontier = [first]
        self.found.states = 1
        self._judge((first,))

    def _next_level(self, began: float, progress: Callable[[Progress], None] | None) -> None:
        if self._crew is None:
            self._level(began, progress)
        else:
            self._level_of(self._crew)
        if progress is not None:
            found = self.found
            waiting, spent = len(self.frontier), perf_counter() - began
            progress(Progress(found.depth, found.states, waiting, spent))

    def _level_of(self, crew: Crew) -> None:
        """The same by workers. What is left to be looked at is known here by its number only."""
        reports = crew.level()
        found = self.found
        found.depth += 1
        found.states = sum(report.states for report in reports)
        found.steps = self._steps_before + sum(report.steps for report in reports)
        found.crowded = self._crowded_before + sum(report.crowded for report in reports)
        self.frontier = [0] * sum(report.waiting for report in reports)
        self._judge([state for report in reports for state in report.fresh])

    def _level(self, began: float, progress: Callable[[Progress], None] | None) -> None:
        """Every successor of every state of the frontier."""
        seen, follow = self.seen, self.machine.follow
        fresh: list[int] = []
        found = self.found
        most = self.scenario.bounds.states
        left = len(self.frontier)
        for count, state in enumerate(self.frontier):
            after = follow(state)
            found.steps += len(after)
            for each in after:
                if each not in seen:
                    seen[each] = state
                    fresh.append(each)
            if not count & _OFTEN:
                if progress is not None:
                    spent = perf_counter() - began
                    waiting = left - count + len(fresh)
                    progress(Progress(found.depth, len(seen), waiting, spent))
                if most and len(seen) >= most:
                    fresh += self.frontier[count + 1 :]
                    break
        found.depth += 1
        found.states = len(seen)
        found.crowded = self._crowded_before + self.machine.crowded
        self.frontier = fresh
        self._judge(fresh)

    def _judge(self, states: Iterable[int]) -> None:
        known = {violation.property for violation in self.found.violations}
        for violation in self.judge.violations(states, self.found.depth):
            if violation.property not in known:
                known.add(violation.property)
                self.found.violations.append(violation)
        self.found.rests = self.judge.rests

    def path(self, state: int) -> list[tuple[int, Move]]:
        """A shortest run that leads to a state: each state with the move that led to it.

        Raises:
            KeyError: if the state was not found.
        """
        steps: list[tuple[int, Move]] = []
        while (before := self._before(state)) != state:
            move = next(m for after, m in self.machine.successors(before) if after == state)
            steps.append((state, move))
            state = before
        steps.reverse()
        return steps

    def _before(self, state: int) -> int:
        return self.seen[state] if self._crew is None else self._crew.before(state)


_OFTEN = 0x3FFF
_STORM = (1 << STORM) - 1
_FIGURES = ("states", "steps", "depth", "crowded", "seconds", "rests")


@contextmanager
def _without_collector() -> Iterator[None]:
    """Without the collector of cycles, which would look at everything again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Judge:
    """Asks every property of every joint state, each part of one once.

    Attributes:
        mask: the fields of a state that properties look at, but for messages on their way.
        rests: states in which no message is on its way.
    """

    def __init__(self, exploration: Exploration) -> None:
        self.asked = exploration.asked
        self.tables = exploration.tables
        self.world = exploration.world
        self.shape = exploration.shape
        self.rests = 0
        shape = self.shape
        count = len(shape.locals)
        self._locals_mask = (1 << LOCAL * count) - 1
        self._known_mask = ((1 << KNOWLEDGE) - 1) << shape.knowledge
        self.mask = self._locals_mask | self._known_mask
        self._first_queue = shape.queues[0]
        self._storm_most = exploration.scenario.bounds.storm
        self._fine: set[int] = set()
        self._fine_locals: set[int] = set()
        self._fine_alone: set[int] = set()
        self._fine_known: set[tuple[int, int]] = set()
        self._fine_at_rest: set[int] = set()
        self._storms = any(each.storms for each in self.asked)
        self._learning = tuple(each for each in self.asked if each.learns)

    def violations(self, states: Iterable[int], depth: int) -> Iterable[Violation]:
        """What is wrong with states."""
        fine, mask, first = self._fine, self.mask, self._first_queue
        for state in states:
            key = state & mask
            if key not in fine:
                fine.add(key)
                for each, says in self._fresh(state):
                    yield Violation(each.id, says, state, depth)
            if not state >> first:
                self.rests += 1
                for each, says in self._at_rest(state & self._locals_mask):
                    yield Violation(each.id, says, state, depth)
            if self._storms and (state >> self.shape.storm) & _STORM > self._storm_most:
                says = f"more than {self._storm_most} messages are sent after the last user acted"
                yield Violation(NoStorm.id, says, state, depth)

    def _fresh(self, state: int) -> Iterable[tuple[Property, str]]:
        """What is wrong with local states and knowledge that were not met together before."""
        numbers = [(state >> at) & ((1 << LOCAL) - 1) for at in self.shape.locals]
        locals_ = tuple(self.tables.locals[number] for number in numbers)
        joint = state & self._locals_mask
        if joint not in self._fine_locals:
            self._fine_locals.add(joint)
            yield from self._locals(numbers, locals_)
        known = (state & self._known_mask) >> self.shape.knowledge
        for who, number in enumerate(numbers) if self._learning else ():
            if (number, known) in self._fine_known:
                continue
            self._fine_known.add((number, known))
            knowledge = self.tables.knowledge[known]
            for each in self._learning:
                says = each.known(self.world, who, locals_[who], knowledge)
                if says:
                    yield each, says

    def _locals(
        self, numbers: list[int], locals_: tuple[Local, ...]
    ) -> Iterable[tuple[Property, str]]:
        for who, number in enumerate(numbers):
            if number not in self._fine_alone:
                self._fine_alone.add(number)
                for each in self.asked:
                    says = each.alone(self.world, who, locals_[who])
                    if says:
                        yield each, says
        for each in self.asked:
            says = each.together(self.world, locals_)
            if says:
                yield each, says

    def _at_rest(self, joint: int) -> Iterable[tuple[Property, str]]:
        if joint in self._fine_at_rest:
            return
        self._fine_at_rest.add(joint)
        locals_ = tuple(
            self.tables.locals[(joint >> at) & ((1 << LOCAL) - 1)] for at in self.shape.locals
        )
        for each in self.asked:
            says = each.resting(self.world, locals_)
            if says:
                yield each, says


_NUMBERS: dict[Action, int] = {action: number for number, action in enumerate(Action)}
