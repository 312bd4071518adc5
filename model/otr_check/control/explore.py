"""Every joint state of a scenario, breadth first.

    found = explore(scenario)
    found.states, found.transitions, found.fired, found.violations, found.stuck

Witnesses are shortest: an input sequence that leads from the beginning to what it is a witness of.
Convergence is asked of the whole graph: where a claim fails, it does so in a state in which nothing
is left to do, or in a cycle that is fair (whoever can always do something does something).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from otr_reference.errors import OtrSpecError

from .abstraction import BOTH
from .system import Act, System

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .abstraction import Scenario
    from .system import Input, Joint, Taken

__all__ = [
    "BadReplay",
    "Exploration",
    "Lasso",
    "TooMany",
    "Violation",
    "explore",
    "lasso",
    "replay",
    "row_pairs",
]

Pair = tuple[int, str, str]
"""An endpoint, a row that it takes, and the row that it takes next."""


class TooMany(OtrSpecError):
    """A scenario has more joint states than the explorer was allowed."""


class BadReplay(OtrSpecError):
    """An input of a sequence cannot happen where the sequence has it."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A property that does not hold.

    Attributes:
        name: of the property.
        inputs: the shortest way there.
    """

    name: str
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True)
class Lasso:
    """A run without end in which the endpoints do not converge.

    Attributes:
        inputs: the way to it.
        cycle: what happens again and again; nothing, where nothing is left to happen.
    """

    inputs: tuple[Input, ...]
    cycle: tuple[Input, ...]


class Exploration:
    """What was found; made by `explore`.

    Attributes:
        system: what was explored.
        joints: every joint state, in the order in which they were found.
        transitions: how many there are; those that end in a violation of `prepared` count.
        fired: for each endpoint, the rows that it can take, with the shortest way to each.
        violations: the first of each property that does not hold.
        stuck: the states in which nothing is left to happen and the endpoints are not converged.
        ended: how many states there are in which nothing is left to happen.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self.joints: list[Joint] = [system.initial]
        self.transitions = 0
        self.fired: tuple[dict[str, tuple[Input, ...]], dict[str, tuple[Input, ...]]] = ({}, {})
        self.violations: list[Violation] = []
        self.stuck: list[int] = []
        self.ended = 0
        self._number = {system.initial: 0}
        self._parents: list[tuple[int, Input] | None] = [None]

    @property
    def states(self) -> int:
        """How many joint states there are."""
        return len(self.joints)

    def path(self, number: int) -> tuple[Input, ...]:
        """The shortest way to a joint state."""
        inputs: list[Input] = []
        parent = self._parents[number]
        while parent is not None:
            number, given = parent
            inputs.append(given)
            parent = self._parents[number]
        return tuple(reversed(inputs))

    def number(self, joint: Joint) -> int:
        """The number of a joint state, in the order in which they were found."""
        return self._number[joint]

    def run(self, most: int) -> None:
        """Find everything.

        Raises:
            TooMany: if there are more joint states than `most`.
            OutOfBounds: if a variable or a channel is too small.
        """
        system, broken = self.system, set[str]()
        for at, joint in enumerate(self.joints):  # it grows while it is walked
            alone = True
            for taken in system.successors(joint):
                alone = False
                self.transitions += 1
                self._note(at, taken, broken)
                if taken.state not in self._number:
                    self._number[taken.state] = len(self.joints)
                    self.joints.append(taken.state)
                    self._parents.append((at, taken.given))
            if alone:
                self.ended += 1
                if not system.converged(joint):
                    self.stuck.append(at)
            if len(self.joints) > most:
                message = f"{system.scenario.name}: more than {most} joint states"
                raise TooMany(message)

    def _note(self, at: int, taken: Taken, broken: set[str]) -> None:
        """What a transition shows."""
        fired = self.fired[taken.given.side]
        if any(each.row not in fired for each in taken.fired):
            way = (*self.path(at), taken.given)
            for each in taken.fired:
                fired.setdefault(each.row, way)
        for name in taken.broken:
            if name not in broken:
                broken.add(name)
                self.violations.append(Violation(name, (*self.path(at), taken.given)))


MOST: Final = 2_000_000
"""Joint states that are looked at unless somebody asks for more."""


def explore(scenario: Scenario, most: int = MOST) -> Exploration:
    """Every joint state of a scenario.

    Raises:
        BadAbstraction: if the scenario leaves something open.
        BadVariant: if its variant names what does not exist.
        OutOfBounds: if a variable or a channel is too small.
        TooMany: if there are more joint states than `most`.
    """
    found = Exploration(System(scenario))
    found.run(most)
    return found


def replay(system: System, inputs: Iterable[Input]) -> tuple[Taken, ...]:
    """What a sequence of inputs does, from the beginning of a scenario.

    Raises:
        BadReplay: if an input cannot happen.
        OutOfBounds: if a variable or a channel is too small.
    """
    joint = system.initial
    taken: list[Taken] = []
    for given in inputs:
        if given not in set(system.inputs(joint)):
            where = f"{system.scenario.name}: input {len(taken) + 1}"
            message = f"{where}, {given.text}, cannot happen there"
            raise BadReplay(message)
        taken.append(system.take(joint, given))
        joint = taken[-1].state
    return tuple(taken)


# --- Which rows follow each other -------------------------------------------------------------


def row_pairs(found: Exploration) -> dict[Pair, tuple[Input, ...]]:
    """Which rows an endpoint takes one after the other, with the shortest way to each pair.

    Between the two rows the endpoint takes no other; the other endpoint may.

    Returns:
        For each endpoint and each pair of rows: inputs from the beginning, the last of which makes
        the endpoint take the second row.
    """
    pairs: dict[Pair, tuple[Input, ...]] = {}
    for side in BOTH:
        _pairs_of(found, side, pairs)
    return pairs


_Node = tuple[int, str]
"""A joint state, and the row that the endpoint took last; "" for none."""


def _pairs_of(found: Exploration, side: int, pairs: dict[Pair, tuple[Input, ...]]) -> None:
    system = found.system
    parents: dict[_Node, tuple[_Node, Input] | None] = {(0, ""): None}
    waiting: deque[_Node] = deque(parents)
    while waiting:
        node = waiting.popleft()
        for taken in system.successors(found.joints[node[0]]):
            last = node[1]
            for each in taken.fired if taken.given.side == side else ():
                pair = (side, last, each.row)
                if last and pair not in pairs:
                    pairs[pair] = (*_way(parents, node), taken.given)
                last = each.row
            after = (found.number(taken.state), last)
            if after not in parents:
                parents[after] = (node, taken.given)
                waiting.append(after)


def _way(parents: dict[_Node, tuple[_Node, Input] | None], node: _Node) -> tuple[Input, ...]:
    inputs: list[Input] = []
    parent = parents[node]
    while parent is not None:
        node, given = parent
        inputs.append(given)
        parent = parents[node]
    return tuple(reversed(inputs))


# --- Convergence ------------------------------------------------------------------------------


def lasso(found: Exploration) -> Lasso | None:
    """A fair run in which the endpoints do not converge for good; None: there is none.

    Fair is weakly fair: the network towards each endpoint, each user, and the network's losses and
    repetitions towards each endpoint are processes, and none of them can do something from some
    point on without ever doing anything.
    """
    if found.stuck:
        return Lasso(found.path(found.stuck[0]), ())
    for component in _components(found):
        cycle = _unfair_to_none(found, component)
        if cycle is not None:
            return cycle
    return None


_Edge = tuple[int, int, "Input"]
_Process = tuple[bool, bool, int]


def _process(given: Input) -> _Process:
    """Who does it: the network or a user or what is wrong with the network, for which endpoint."""
    return (given.act is Act.USER, given.act in {Act.LOSE, Act.REPEAT}, given.side)


def _edges(found: Exploration, number: int) -> list[_Edge]:
    return [
        (number, found.number(taken.state), taken.given)
        for taken in found.system.successors(found.joints[number])
    ]


def _components(found: Exploration) -> Iterator[frozenset[int]]:
    """The strongly connected components that have a cycle (Tarjan's way)."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    work: list[tuple[int, Iterator[_Edge]]] = []

    def enter(number: int) -> None:
        index[number] = low[number] = len(index)
        stack.append(number)
        on_stack.add(number)
        work.append((number, iter(_edges(found, number))))

    enter(0)
    while work:
        number, edges = work[-1]
        edge = next(edges, None)
        if edge is not None:
            if edge[1] not in index:
                enter(edge[1])
            elif edge[1] in on_stack:
                low[number] = min(low[number], index[edge[1]])
            continue
        work.pop()
        if work:
            parent = work[-1][0]
            low[parent] = min(low[parent], low[number])
        if low[number] == index[number]:
            component = frozenset(_popped(stack, on_stack, number))
            if len(component) > 1 or any(e[1] == number for e in _edges(found, number)):
                yield component


def _popped(stack: list[int], on_stack: set[int], until: int) -> Iterator[int]:
    while True:
        number = stack.pop()
        on_stack.discard(number)
        yield number
        if number == until:
            return


def _unfair_to_none(found: Exploration, component: frozenset[int]) -> Lasso | None:
    """A fair cycle through a component that is not always converged."""
    astray = [n for n in sorted(component) if not found.system.converged(found.joints[n])]
    if not astray:
        return None
    edges = {n: _edges(found, n) for n in sorted(component)}
    processes = {_process(given) for each in edges.values() for _, _, given in each}
    goals = [_just(edges, component, process) for process in sorted(processes)]
    if any(goal is None for goal in goals):
        return None
    inputs: list[Input] = []
    begin = at = astray[0]
    for goal in goals:
        if isinstance(goal, int):
            inputs += _within(edges, component, at, goal)
            at = goal
        elif goal is not None:
            inputs += [*_within(edges, component, at, goal[0]), goal[2]]
            at = goal[1]
    inputs += _within(edges, component, at, begin)
    if not inputs:
        given = next(e for e in edges[begin] if e[1] in component)
        inputs = [given[2], *_within(edges, component, given[1], begin)]
    return Lasso(found.path(begin), tuple(inputs))


def _just(
    edges: dict[int, list[_Edge]], component: frozenset[int], process: _Process
) -> _Edge | int | None:
    """What a cycle must visit to be fair to a process: an edge of its, or where it can do nothing.

    None where it can always do something, and whatever it does leaves the component.
    """
    for each in edges.values():
        for edge in each:
            if edge[1] in component and _process(edge[2]) == process:
                return edge
    for number, each in edges.items():
        if all(_process(edge[2]) != process for edge in each):
            return number
    return None


def _within(
    edges: dict[int, list[_Edge]], component: frozenset[int], begin: int, end: int
) -> list[Input]:
    """The shortest way from one state of a component to another."""
    parents: dict[int, tuple[int, Input] | None] = {begin: None}
    waiting = deque([begin])
    while end not in parents:
        number = waiting.popleft()
        for _, after, given in edges[number]:
            if after in component and after not in parents:
                parents[after] = (number, given)
                waiting.append(after)
    inputs: list[Input] = []
    parent = parents[end]
    while parent is not None:
        number, given = parent
        inputs.append(given)
        parent = parents[number]
    return inputs[::-1]
