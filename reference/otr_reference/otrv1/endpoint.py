"""An endpoint of OTRv1: a pure step over an immutable conversation.

    endpoint = Endpoint(suite, config)
    stepped = endpoint.step(endpoint.begin(), Start())
    stepped.conversation, stepped.outputs, stepped.trace

Randomness (a seed and the number of draws) and the long-term key come in as arguments: the same
inputs give the same outputs.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from otr_model.kernel.variant import NONE, Applied, Variant, apply
from otr_model.otrv1.protocol import OTRV1
from otr_model.otrv1.words import Event
from otr_reference.engine import Engine

from .commands import End, Receive, SendText, Start
from .deviations import overriding
from .session import Conversation
from .step import Otrv1Step

if TYPE_CHECKING:
    from otr_model.trace import Fired

    from .commands import Input
    from .notices import Output
    from .session import Config
    from .suite import Suite

EVENT_OF: dict[type, Event] = {
    Receive: Event.RECEIVED,
    Start: Event.USER_START,
    SendText: Event.USER_SEND,
    End: Event.USER_END,
}


@dataclass(frozen=True, slots=True)
class Stepped:
    """What a step gives.

    Attributes:
        conversation: the conversation after the step.
        outputs: messages for the network and events for the user, in order.
        trace: the rows that were taken.
    """

    conversation: Conversation
    outputs: tuple[Output, ...]
    trace: tuple[Fired, ...]


class Endpoint:
    """One side of a conversation with one correspondent.

    Args:
        suite: the cryptography.
        config: keys and seed. The parameter of the model in it is set by the variant.
        variant: what differs from the tables.

    Raises:
        BadVariant: if the variant names what does not exist.
        UnknownOverride: if it overrides an operation in a way that is not known.
    """

    def __init__(self, suite: Suite, config: Config, variant: Variant = NONE) -> None:
        self.engine, self.applied = _engine(variant)
        self.suite = overriding(suite, self.applied.overrides)
        self.config = copy(config)
        for name, value in self.applied.parameters.items():
            setattr(self.config, name, value)

    @staticmethod
    def begin() -> Conversation:
        """A conversation in which nothing has happened."""
        return Conversation()

    def step(self, conversation: Conversation, given: Input, now: int = 0) -> Stepped:
        """Take one input.

        Args:
            conversation: the state before; it is not changed.
            given: a message that arrived, or what the user asks for.
            now: the time, in seconds, as endpoints of later versions have it; nothing depends on
                it here.

        Raises:
            Unprepared: only under a variant that leads where data is missing.
        """
        del now
        step = Otrv1Step(conversation, self.suite, self.config, given)
        self.engine.run(step, EVENT_OF[type(given)], 0)
        return Stepped(step.shared, tuple(step.outputs), tuple(step.trace))


@cache
def _engine(variant: Variant) -> tuple[Engine[Otrv1Step], Applied]:
    """Engines are immutable: one for each variant serves all endpoints."""
    applied = apply(OTRV1, variant)
    return Engine(applied, Otrv1Step), applied
