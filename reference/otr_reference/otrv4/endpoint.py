"""An endpoint of OTRv4: a pure step over an immutable conversation.

    endpoint = Endpoint(suite, config)
    stepped = endpoint.step(endpoint.begin(), Start(), now=0)
    stepped.conversation, stepped.outputs, stepped.trace

Time, randomness (a seed and the number of draws) and long-term keys come in as arguments: the same
inputs give the same outputs, and a conversation can be kept, compared and resumed at will.

An application lets the endpoint look at the clock with a `Tick`, now and then: sessions expire, and
what waits for too long is forgotten, only then.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from otr_model.kernel.variant import NONE, Applied, Variant, apply
from otr_model.otrv4.protocol import OTRV4
from otr_model.otrv4.words import Event
from otr_reference.engine import Engine
from otr_reference.errors import Malformed
from otr_reference.otrv3.endpoint import BadConfig, UnknownInstance

from .bugs import STEPS, faulty
from .commands import (
    AbortSmp,
    AnswerSmp,
    End,
    Heartbeat,
    Receive,
    SendText,
    Start,
    StartDake,
    StartOffline,
    StartSmp,
    Tick,
    UseExtraKey,
)
from .deviations import OVERRIDES, overriding
from .dialects import dialect
from .session import Config, Conversation
from .wire import Oversized

if TYPE_CHECKING:
    from otr_model.trace import Fired

    from .commands import Command, Input
    from .notices import Output
    from .step import Otrv4Step
    from .suite import Suite

EVENT_OF: dict[type, Event] = {
    Receive: Event.RECEIVED,
    Start: Event.USER_START,
    StartDake: Event.USER_START_DAKE,
    StartOffline: Event.USER_START_OFFLINE,
    SendText: Event.USER_SEND,
    End: Event.USER_END,
    Heartbeat: Event.USER_HEARTBEAT,
    UseExtraKey: Event.USER_EXTRA_KEY,
    StartSmp: Event.USER_SMP_START,
    AnswerSmp: Event.USER_SMP_ANSWER,
    AbortSmp: Event.USER_SMP_ABORT,
}


@dataclass(frozen=True, slots=True)
class Stepped:
    """What a step gives.

    Attributes:
        conversation: the conversation after the step.
        outputs: messages for the network and events for the user, in order.
        trace: the rows that were taken; rows of OTRv3 where it handled something.
    """

    conversation: Conversation
    outputs: tuple[Output, ...]
    trace: tuple[Fired, ...]


class Endpoint:
    """One side of a conversation with one correspondent.

    Args:
        suite: the cryptography.
        config: keys, profiles, seed, instance tag, mode, policies. The parameters of the model in
            it are set by the variant.
        variant: what differs from the tables.

    Raises:
        BadConfig: if a field of the configuration is not acceptable.
        BadVariant: if the variant names what does not exist.
        UnknownDialect: if it overrides an operation in a way that is not known.
    """

    def __init__(self, suite: Suite, config: Config, variant: Variant = NONE) -> None:
        self.engine, self.applied = _engine(variant)
        overrides = self.applied.overrides
        self._step = faulty(overrides)
        bugs = {*OVERRIDES, *STEPS}
        spoken = {name: how for name, how in overrides.items() if (name, how) not in bugs}
        self.suite = overriding(dialect(suite, spoken), overrides) if overrides else suite
        self.config = copy(config)
        for name, value in (*self.applied.parameters.items(), *self.applied.policies.items()):
            setattr(self.config, name, value)
        if config.version_3 is None:
            self.config.allow_v3 = False
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
            given: a message that arrived, what the user asks for, or a look at the clock.
            now: the time, in seconds since the start of 1970, UTC.
            to: for commands, the instance tag of the session that is meant; None: the one that
                became private last. A prekey ensemble names its own.

        Raises:
            UnknownInstance: if there is no session with that instance.
            Malformed: if a text cannot be sent: it contains a NUL.
            Oversized: if a message does not fit into fragments of the configured size.
            Unprepared: only under a variant that leads where data is missing.
        """
        step = self._step(conversation, self.suite, self.config, given, now)
        step.has_room = partial(self.engine.has_room, step)
        match given:
            case Tick():
                for key in tuple(conversation.members):
                    self.engine.run(step, Event.CLOCK, key)
                for key in tuple(conversation.assemblies):
                    self.engine.run(step, Event.ASSEMBLY_CLOCK, key)
            case Receive():
                self.engine.run(step, Event.RECEIVED, 0)
                _settle(step.shared, step.key)
            case StartOffline(ensemble):
                self.engine.run(step, Event.USER_START_OFFLINE, ensemble.message.owner_tag)
            case _:
                key = conversation.best if to is None else to
                if key not in conversation.members:
                    message = f"there is no session with instance {key:#x}"
                    raise UnknownInstance(message)
                self._refuse(given)
                self.engine.run(step, EVENT_OF[type(given)], key)
        return Stepped(step.shared, tuple(step.outputs), tuple(step.trace))

    def _refuse(self, command: Command) -> None:
        """Refuse a text that could be stored and then never be sent."""
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
    members, assemblies = conversation.members, conversation.assemblies
    if used in members:
        members[used] = members.pop(used)
    elif used in assemblies:
        assemblies[used] = assemblies.pop(used)


@lru_cache(maxsize=4096)
def _engine(variant: Variant) -> tuple[Engine[Otrv4Step], Applied]:
    """Engines are immutable: one for each variant serves all endpoints."""
    applied = apply(OTRV4, variant)
    return Engine(applied, faulty(applied.overrides)), applied


LARGEST_TAG = 0xFFFFFFFF
SMALLEST_SIZE = 80
FRAGMENTS, FRAGMENT_HEADER, HEADERS = 65535, 60, 4000


def _validate(config: Config) -> None:
    wrong = {
        f"our_tag: {config.our_tag:#x} is not a valid instance tag": not (
            0 < config.smallest_tag <= config.our_tag <= LARGEST_TAG
        ),
        f"heartbeat_interval: {config.heartbeat_interval} seconds would never come to rest": (
            config.heartbeat_interval < 1
        ),
        f"max_size: {config.max_size} is below {SMALLEST_SIZE} bytes": (
            config.max_size != 0 and config.max_size < SMALLEST_SIZE
        ),
        "profiles: there is none, and version 4 is allowed": (
            config.allow_v4 and not config.profiles
        ),
        f"profiles: the owner's instance tag is not {config.our_tag:#x}": any(
            profile.owner_tag != config.our_tag for profile in config.profiles
        ),
        "max_skip: no message could ever be skipped": config.max_skip < 1,
    }
    for message, holds in wrong.items():
        if holds:
            raise BadConfig(message)
