"""A scenario as a transition system.

    system = System(scenario)
    for taken in system.successors(system.initial):
        taken.given, taken.state, taken.fired

A joint state is five integers: the states of Alice and of Bob and the messages on the way to each,
numbered in the order in which they were first met, and how much the network has lost and repeated.
One input is one run to completion. What an endpoint does with an input depends on nothing but its
own state, so it is computed once (`otr_check.control.local`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import unique
from itertools import product
from typing import TYPE_CHECKING

from otr_model.kernel.words import Word

from .abstraction import BOTH, KEYS, NAMES, asked_of
from .local import WIDE, Endpoints, Message, Numbering, OutOfBounds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otr_model.kernel.vocabulary import Event
    from otr_model.trace import Fired

    from .abstraction import Scenario
    from .local import LocalStep, View

__all__ = ["Act", "Input", "Joint", "System", "Taken"]

Joint = tuple[int, int, int, int, int]
"""Alice's and Bob's state, what is on the way to each, what the network has done; all numbered."""


@unique
class Act(Word):
    """What can happen in a joint state."""

    USER = "a user asks for something"
    DELIVER = "a message arrives"
    REPEAT = "a message arrives and stays on the way"
    LOSE = "a message is lost"


@dataclass(frozen=True, slots=True)
class Input:
    """One thing that happens.

    Attributes:
        act: what kind of thing.
        side: the endpoint that it happens to; that a lost message was for.
        event: what the user asks for; None: it is about a message.
        at: the position of the message on its way.
        drawn: the numbers that are drawn, in the order of `Abstraction.drawn`.
    """

    act: Act
    side: int
    event: Event | None = None
    at: int = 0
    drawn: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """In words, such as "Alice: user-start"."""
        what = self.act.label if self.event is None else self.event.label
        at = f" at {self.at}" if self.at else ""
        drawn = f" drawing {', '.join(map(str, self.drawn))}" if any(self.drawn) else ""
        return f"{NAMES[self.side]}: {what}{at}{drawn}"


@dataclass(frozen=True, slots=True)
class Taken:
    """A transition.

    Attributes:
        given: what happens.
        state: the joint state afterwards.
        fired: the rows that the endpoint takes, in order.
        broken: the properties that do not hold afterwards.
    """

    given: Input
    state: Joint
    fired: tuple[Fired, ...]
    broken: tuple[str, ...] = ()


class System:
    """A scenario, ready to run.

    Args:
        scenario: what runs.

    Raises:
        BadAbstraction: if the scenario leaves something open.
        BadVariant: if its variant names what does not exist.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.endpoints = Endpoints(scenario)
        self._asked = asked_of(scenario)
        self._ways = Numbering[tuple[Message, ...]]()
        self._broken: dict[tuple[int, int], tuple[str, ...]] = {}
        self._converged: dict[tuple[int, int], bool] = {}
        abstraction = scenario.abstraction
        self._properties = tuple((p.name, p.holds.read(WIDE)) for p in abstraction.properties)
        self._is_converged = abstraction.converged.read(WIDE)
        first, empty = self.endpoints.first, self._ways.of(())
        self.initial: Joint = (first, first, empty, empty, 0)

    # --- What can happen ---------------------------------------------------------------------

    def inputs(self, joint: Joint) -> Iterator[Input]:
        """Everything that can happen in a joint state."""
        for side in BOTH:
            for event in self._wishes(side, joint[side]):
                yield from self._drawing(Input(Act.USER, side, event))
        for side in BOTH:
            for at in self._positions(joint[2 + side]):
                yield from self._moves(joint[4], side, at)

    def _wishes(self, side: int, state: int) -> Iterator[Event]:
        """What a user may still do."""
        values, may = self.endpoints.states.value(state), self.scenario.sides[side].may
        counts = values[len(values) - len(self._asked) :]
        for event, done in zip(self._asked, counts, strict=True):
            if done < may.get(event, 0):
                yield event

    def _positions(self, way: int) -> Iterator[int]:
        """The positions that a message can arrive from; of equal ones, the first."""
        messages = self._ways.value(way)
        for at, message in enumerate(messages[:1] if self.scenario.network.fifo else messages):
            if at == 0 or messages[at - 1] != message:
                yield at

    def _moves(self, spent: int, side: int, at: int) -> Iterator[Input]:
        """What can become of a message."""
        network = self.scenario.network
        lost, repeated = divmod(spent, network.duplicates + 1)
        yield from self._drawing(Input(Act.DELIVER, side, None, at))
        if repeated < network.duplicates:
            yield from self._drawing(Input(Act.REPEAT, side, None, at))
        if lost < network.losses:
            yield Input(Act.LOSE, side, None, at, (0,) * len(self.scenario.abstraction.drawn))

    def _drawing(self, given: Input) -> Iterator[Input]:
        """An input with everything that can be drawn at it."""
        event = given.event or self.scenario.abstraction.received
        for drawn in product(*self.scenario.draws(event)):
            yield Input(given.act, given.side, given.event, given.at, drawn)

    # --- What happens then -------------------------------------------------------------------

    def successors(self, joint: Joint) -> Iterator[Taken]:
        """Every transition from a joint state.

        Raises:
            OutOfBounds: if a variable or a channel is too small.
        """
        for given in self.inputs(joint):
            yield self.take(joint, given)

    def take(self, joint: Joint, given: Input) -> Taken:
        """The transition of one input, which must be among `inputs`.

        Raises:
            OutOfBounds: if a variable or a channel is too small.
        """
        side, after = given.side, list(joint)
        what = given.event or self._ways.value(joint[2 + side])[given.at]
        if given.act in {Act.DELIVER, Act.LOSE}:
            messages = self._ways.value(joint[2 + side])
            after[2 + side] = self._ways.of(messages[: given.at] + messages[given.at + 1 :])
        if given.act is Act.LOSE:
            after[4] += self.scenario.network.duplicates + 1
            return Taken(given, _joint(after), ())
        after[4] += given.act is Act.REPEAT
        local = self.endpoints.step(side, joint[side], what, given.drawn)
        after[side] = local.after
        after[3 - side] = self._send(after[3 - side], local)
        broken = local.broken or self.broken(_joint(after))
        return Taken(given, _joint(after), local.fired, broken)

    def _send(self, way: int, local: LocalStep) -> int:
        """Messages join those that are on the way."""
        if not local.sent:
            return way
        network = self.scenario.network
        messages = self._ways.value(way) + local.sent
        if len(messages) > network.capacity:
            message = f"{self.scenario.name}: more than {network.capacity} messages are on the way"
            raise OutOfBounds(message)
        return self._ways.of(messages if network.fifo else tuple(sorted(messages)))

    # --- What is said of a joint state -------------------------------------------------------

    def broken(self, joint: Joint) -> tuple[str, ...]:
        """The names of the properties that do not hold."""
        pair = (joint[0], joint[1])
        known = self._broken.get(pair)
        if known is None:
            views = [self._view(joint, side, key) for side in BOTH for key in KEYS]
            known = self._broken[pair] = tuple(
                name for name, holds in self._properties if not all(map(holds, views))
            )
        return known

    def converged(self, joint: Joint) -> bool:
        """Whether both endpoints are private in the same conversation."""
        pair = (joint[0], joint[1])
        known = self._converged.get(pair)
        if known is None:
            views = [self._view(joint, 0, key) for key in KEYS]
            known = self._converged[pair] = any(map(self._is_converged, views))
        return known

    def _view(self, joint: Joint, side: int, key: int) -> View:
        view = self.endpoints.view(side, joint[side], key)
        view.theirs = self.endpoints.view(1 - side, joint[1 - side], key)
        return view

    def on_the_way(self, joint: Joint, side: int) -> tuple[Message, ...]:
        """The messages on the way to an endpoint, as tuples of `Abstraction.fields`."""
        return self._ways.value(joint[2 + side])


def _joint(values: list[int]) -> Joint:
    one, other, to_one, to_other, spent = values
    return (one, other, to_one, to_other, spent)
