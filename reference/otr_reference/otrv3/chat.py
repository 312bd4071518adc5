"""OTRv3 for an application: bytes in, bytes and typed events out.

    alice = Chat(keys.generate())
    for wire in alice.start().wires:
        network.send(wire)
    heard = alice.receive(wire)
    heard.wires, heard.notices

A `Chat` keeps the conversation with one correspondent and hands it to the pure step of `Endpoint`.
It draws its seed from the operating system and its time from the clock unless it is given others.
It does no input or output. It is not for several threads.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
from .endpoint import Endpoint
from .notices import Notice, Send
from .real import RealSuite
from .session import Config, Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_model.trace import Fired
    from otr_reference.keys.dsa import DsaPrivate

    from .commands import Input
    from .session import Conversation

SEED_SIZE = 32
SMALLEST_TAG, TAGS = 0x100, 0x100000000 - 0x100
DEFAULT_POLICY = Policy()


def new_instance_tag() -> int:
    """A random valid instance tag: section "Instance Tags". Keep it for the account and client."""
    return SMALLEST_TAG + secrets.randbelow(TAGS)


@dataclass(frozen=True, slots=True)
class Heard:
    """What one call gives.

    Attributes:
        wires: messages for the network, in order.
        notices: events for the user, in order; what is inside them is taken out by `text_of`.
        trace: the rows of the tables that were taken.
    """

    wires: tuple[bytes, ...]
    notices: tuple[Notice, ...]
    trace: tuple[Fired, ...]


class Chat:
    """The conversation with one correspondent.

    Args:
        key: our long-term key.
        policy: section "Policies".
        tag: our instance tag; None: a new one.
        max_size: the largest message that the network carries, in bytes; 0: no limit.
        clock: the time in seconds.
        seed: 32 random bytes or more that serve no other conversation; None: from the system.

    Raises:
        BadConfig: if the tag or the size is not acceptable.

    Every method may raise UnknownInstance, where `to` names an instance without a session, and
    Malformed, where a text cannot be sent (it contains a NUL).
    """

    suite = RealSuite()

    def __init__(  # noqa: PLR0913 - one keyword for each thing that an application decides
        self,
        key: DsaPrivate,
        policy: Policy = DEFAULT_POLICY,
        *,
        tag: int | None = None,
        max_size: int = 0,
        clock: Callable[[], float] = time.time,
        seed: bytes | None = None,
    ) -> None:
        signing = self.suite.signing_key(key)
        config = Config(
            signing,
            self.suite.public_key(signing),
            self.suite.seed(secrets.token_bytes(SEED_SIZE) if seed is None else seed),
            new_instance_tag() if tag is None else tag,
            max_size,
            **{name: getattr(policy, name) for name in policy.__dataclass_fields__},
        )
        self.endpoint = Endpoint(self.suite, config)
        self.conversation: Conversation = self.endpoint.begin()
        self._clock = clock

    @property
    def tag(self) -> int:
        """Our instance tag."""
        return self.endpoint.config.our_tag

    @property
    def fingerprint(self) -> bytes:
        """Our fingerprint, 20 bytes."""
        return self.suite.fingerprint(self.endpoint.config.public)

    def receive(self, wire: bytes) -> Heard:
        """A message arrived. Whatever it is, nothing but notices and answers comes of it."""
        return self._step(Receive(self.suite.wire(wire)))

    def start(self) -> Heard:
        """The user asks for a private conversation."""
        return self._step(Start())

    def send(self, text: bytes, to: int | None = None) -> Heard:
        """The user types a message, in UTF-8."""
        return self._step(SendText(self.suite.octets(text)), to)

    def end(self, to: int | None = None) -> Heard:
        """The user ends the private conversation."""
        return self._step(End(), to)

    def heartbeat(self, to: int | None = None) -> Heard:
        """Send a heartbeat."""
        return self._step(Heartbeat(), to)

    def use_extra_key(self, use: int, data: bytes, to: int | None = None) -> Heard:
        """Tell the peer that the extra symmetric key will be used; it comes as a notice."""
        return self._step(UseExtraKey(use, self.suite.octets(data)), to)

    def start_smp(
        self, secret: bytes, question: bytes | None = None, to: int | None = None
    ) -> Heard:
        """The user begins SMP."""
        asked = None if question is None else self.suite.octets(question)
        return self._step(StartSmp(self.suite.passphrase(secret), asked), to)

    def answer_smp(self, secret: bytes, to: int | None = None) -> Heard:
        """The user gives the secret that the peer's SMP asks for."""
        return self._step(AnswerSmp(self.suite.passphrase(secret)), to)

    def abort_smp(self, to: int | None = None) -> Heard:
        """The user aborts SMP."""
        return self._step(AbortSmp(), to)

    def _step(self, given: Input, to: int | None = None) -> Heard:
        stepped = self.endpoint.step(self.conversation, given, int(self._clock()), to)
        self.conversation = stepped.conversation
        wires: list[bytes] = []
        notices: list[Notice] = []
        for output in stepped.outputs:
            if isinstance(output, Send):
                wires.append(self.suite.to_bytes(output.wire))
            else:
                notices.append(output)
        return Heard(tuple(wires), tuple(notices), stepped.trace)
