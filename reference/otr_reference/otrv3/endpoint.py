"""An endpoint of OTRv3: a pure step over an immutable conversation.

    endpoint = Endpoint(suite, config)
    stepped = endpoint.step(endpoint.begin(), Start(), now=0)
    stepped.conversation, stepped.outputs, stepped.trace

Time, randomness (a seed and the number of draws) and long-term keys come in as arguments: the same
inputs give the same outputs, and a conversation can be kept, compared and resumed at will.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from otr_model.kernel.variant import NONE, Applied, Variant, apply
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.words import Event
from otr_reference.engine import Engine
from otr_reference.errors import Malformed, OtrSpecError

from .bugs import faulty
from .commands import (
    AbortSmp,
    AnswerSmp,
    End,
    Heartbeat,
    Receive,
    SendText,
    Start,
    StartSmp,
    UseExtraKey,
)
from .session import Config, Conversation
from .wire import Oversized

if TYPE_CHECKING:
    from otr_model.trace import Fired

    from .commands import Command, Input
    from .notices import Output
    from .step import Otrv3Step
    from .suite import Suite

EVENT_OF: dict[type, Event] = {
    Receive: Event.RECEIVED,
    Start: Event.USER_START,
    SendText: Event.USER_SEND,
    End: Event.USER_END,
    Heartbeat: Event.USER_HEARTBEAT,
    UseExtraKey: Event.USER_EXTRA_KEY,
    StartSmp: Event.USER_SMP_START,
    AnswerSmp: Event.USER_SMP_ANSWER,
    AbortSmp: Event.USER_SMP_ABORT,
}


class UnknownInstance(OtrSpecError):
    """A command names an instance of the peer that there is no session with."""


class BadConfig(OtrSpecError):
    """A configuration that no endpoint can have; the message names the field."""


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
        config: keys, seed, instance tag, policies. The parameters of the model in it are
            set by the variant.
        variant: what differs from the tables.

    Raises:
        BadConfig: if a field of the configuration is not acceptable.
        BadVariant: if the variant names what does not exist.
    """

    def __init__(self, suite: Suite, config: Config, variant: Variant = NONE) -> None:
        self.engine, self.applied = _engine(variant)
        self._step = faulty(self.applied.overrides)
        self.suite = suite
        self.config = copy(config)
        for name, value in (*self.applied.parameters.items(), *self.applied.policies.items()):
            setattr(self.config, name, value)
        _validate(self.config)

    @staticmethod
    def begin() -> Conversation:
        """A conversation in which nothing has happened."""
        return Conversation()

    def step(
        self, conversation: Conversation, given: Input, now: int = 0, to: int | None = None
    ) -> Stepped:
        """Take one input.

        Args:
            conversation: the state before; it is not changed.
            given: a message that arrived, or what the user asks for.
            now: the time, in seconds.
            to: for commands, the instance tag of the session that is meant; None: the one that
                is private, or was most recently used.

        Raises:
            UnknownInstance: if there is no session with that instance.
            Malformed: if a text or a question cannot be sent: it contains a NUL.
            Oversized: if a message does not fit into fragments of the configured size.
            Unprepared: only under a variant that leads where data is missing.
        """
        step = self._step(conversation, self.suite, self.config, given, now)
        key = 0
        if isinstance(given, Receive):
            step.has_room = partial(self.engine.has_room, step)
        else:
            key = conversation.best if to is None else to
            if key not in conversation.members:
                message = f"there is no session with instance {key:#x}"
                raise UnknownInstance(message)
            self._refuse(given)
        self.engine.run(step, EVENT_OF[type(given)], key)
        _settle(step.shared, step.key)
        return Stepped(step.shared, tuple(step.outputs), tuple(step.trace))

    def _refuse(self, command: Command) -> None:
        """Refuse a text that could be stored and then never be sent."""
        question = command.question if isinstance(command, StartSmp) else None
        if question is not None and not self.suite.writable(question):
            raise Malformed(field="question", reason="contains a NUL")
        if not isinstance(command, SendText):
            return
        if not self.suite.writable(command.text):
            raise Malformed(field="text", reason="contains a NUL")
        size, most = self.suite.size(command.text), self.config.max_size
        if most and size * 2 + HEADERS > FRAGMENTS * (most - FRAGMENT_HEADER):
            message = f"a text of {size} bytes does not fit into fragments of {most}"
            raise Oversized(message)


def _settle(conversation: Conversation, used: int) -> None:
    """Keep the order of use: who is retired first."""
    members = conversation.members
    if used in members:
        members[used] = members.pop(used)


@lru_cache(maxsize=4096)
def _engine(variant: Variant) -> tuple[Engine[Otrv3Step], Applied]:
    """Engines are immutable: one for each variant serves all endpoints."""
    applied = apply(OTRV3, variant)
    return Engine(applied, faulty(applied.overrides)), applied


LARGEST_TAG = 0xFFFFFFFF
SMALLEST_SIZE = 60
FRAGMENTS, FRAGMENT_HEADER, HEADERS = 65535, 40, 2000


def _validate(config: Config) -> None:
    if not 0 < config.smallest_tag <= config.our_tag <= LARGEST_TAG:
        message = f"our_tag: {config.our_tag:#x} is not a valid instance tag"
        raise BadConfig(message)
    if config.heartbeat_interval < 1:
        message = (
            f"heartbeat_interval: {config.heartbeat_interval} seconds would never come to rest"
        )
        raise BadConfig(message)
    if config.max_size != 0 and config.max_size < SMALLEST_SIZE:
        message = f"max_size: {config.max_size} is below {SMALLEST_SIZE} bytes"
        raise BadConfig(message)
