"""OTRv4 for an application: bytes in, bytes and typed events out.

    client = Client.generate()
    alice = client.chat()
    for wire in alice.start().wires:
        network.send(wire)
    heard = alice.receive(wire)
    heard.wires, heard.notices

A `Client` is what all conversations of a user's client share: long-term keys, profiles, prekey
messages. A `Chat` keeps the conversation with one correspondent and hands it to the pure step of
`Endpoint`; where version 3 is allowed and there is a DSA key, it speaks that as well. Seeds come
from the operating system and the time from the clock unless others are given. Neither does any
input or output, and neither is for several threads.

Call `tick` now and then: sessions expire, and what waits for too long is forgotten, only then.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from otr_model.otrv4.words import Mode
from otr_reference.otrv3.chat import new_instance_tag
from otr_reference.otrv3.endpoint import Endpoint as Endpoint3
from otr_reference.otrv3.real import RealSuite as RealSuite3
from otr_reference.otrv3.session import Config as Config3

from . import wire as formats
from .account import DAY, WEEK, Account
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
from .endpoint import Endpoint
from .notices import Notice, PrekeyUsed, Send
from .real import RealSuite
from .session import Config, Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_model.trace import Fired
    from otr_reference.keys.dsa import DsaPrivate

    from .commands import Input
    from .messages import PrekeyEnsemble
    from .session import Conversation

SEED_SIZE, KEY_SIZE = 32, 57
DEFAULT_POLICY = Policy()
SUITE, SUITE_3 = RealSuite(), RealSuite3()


@dataclass(frozen=True, slots=True)
class Heard:
    """What one call gives.

    Attributes:
        wires: messages for the network, in order.
        notices: events for the user, in order.
        trace: the rows of the tables that were taken.
    """

    wires: tuple[bytes, ...]
    notices: tuple[Notice, ...]
    trace: tuple[Fired, ...]


class Client:
    """The client of a user: long-term keys, profiles and prekey messages.

    Args:
        sym_h: 57 random bytes, which the long-term key is made of. Keep them.
        forging: 57 random bytes that the forging key is made of; None: a point without a secret.
        dsa: the long-term key of version 3; None: version 3 is not spoken.
        tag: our instance tag, kept for the account and client; None: a new one.
        mode: section "OTRv4 Modes".
        lifetime: seconds for which profiles are valid.
        clock: the time, in seconds since the start of 1970, UTC.
        seed: 32 random bytes or more that serve nothing else; None: from the system.

    Raises:
        Malformed: if the key has another size.
    """

    def __init__(  # noqa: PLR0913 - one keyword for each thing that an application decides
        self,
        sym_h: bytes,
        *,
        forging: bytes | None = None,
        dsa: DsaPrivate | None = None,
        tag: int | None = None,
        mode: Mode = Mode.COMPATIBLE,
        lifetime: int = WEEK,
        clock: Callable[[], float] = time.time,
        seed: bytes | None = None,
    ) -> None:
        self.dsa = dsa if mode is Mode.COMPATIBLE else None
        self.mode = mode
        self.clock = clock
        self.account = Account(
            SUITE,
            SUITE.long_term(sym_h, forging, self.dsa),
            new_instance_tag() if tag is None else tag,
            SUITE.seed(secrets.token_bytes(SEED_SIZE) if seed is None else seed),
            frozenset({4} if self.dsa is None else {3, 4}),
            lifetime,
            min(DAY, lifetime // 2),
        )
        self.account.renew(int(clock()))

    @classmethod
    def generate(cls, *, dsa: DsaPrivate | None = None, mode: Mode = Mode.COMPATIBLE) -> Client:
        """A client with a new long-term key."""
        return cls(secrets.token_bytes(KEY_SIZE), dsa=dsa, mode=mode)

    @property
    def tag(self) -> int:
        """Our instance tag."""
        return self.account.tag

    @property
    def fingerprint(self) -> bytes:
        """Our fingerprint, 56 bytes: section "Public keys, ... and Fingerprints"."""
        return SUITE.to_bytes(SUITE.fingerprint(self.account.profiles[0]))

    @property
    def client_profile(self) -> bytes:
        """Our current client profile, to be published."""
        self.account.renew(int(self.clock()))
        return formats.encode_client_profile(self.account.profiles[0])

    def make_ensembles(self, count: int) -> tuple[PrekeyEnsemble, ...]:
        """Prekey ensembles, to be published. Their secrets are kept here until they are used up."""
        return self.account.make_ensembles(int(self.clock()), count)

    def chat(  # noqa: PLR0913 - one keyword for each thing that an application decides
        self,
        policy: Policy = DEFAULT_POLICY,
        *,
        our_name: str | None = None,
        their_name: str | None = None,
        known_profile: bytes | None = None,
        trusted: tuple[bytes, ...] = (),
        max_size: int = 0,
        seed: bytes | None = None,
    ) -> Chat:
        """A conversation with one correspondent.

        Args:
            policy: what is allowed and wanted. Version 3 is only spoken where there is a DSA key.
            our_name: what the application states about us in phi, such as a bare JID.
            their_name: the same about the correspondent.
            known_profile: a client profile that the correspondent published; protects against
                rollback to version 3.
            trusted: fingerprints of the correspondent's that the user has verified.
            max_size: the largest message that the network carries, in bytes; 0: no limit.
            seed: 32 random bytes or more that serve nothing else; None: from the system.

        Raises:
            BadConfig: if the size is not acceptable.
            Malformed: if `known_profile` is no client profile.
        """
        given = secrets.token_bytes(SEED_SIZE) if seed is None else seed
        if self.dsa is None:
            policy = replace(policy, allow_v3=False)
        config = Config(
            self.account.keys,
            self.account.profiles,
            SUITE.seed(given),
            self.tag,
            self.account.prekey_profiles,
            self.account.prekeys,
            None if our_name is None else SUITE.literal(our_name),
            None if their_name is None else SUITE.literal(their_name),
            tuple(SUITE.octets(each) for each in trusted),
            None if known_profile is None else formats.decode_client_profile(known_profile),
            self._version_3(policy, max_size, given),
            self.mode.number,
            max_size,
            **{name: getattr(policy, name) for name in policy.__dataclass_fields__},
        )
        return Chat(self, config)

    def _version_3(self, policy: Policy, max_size: int, seed: bytes) -> Endpoint3 | None:
        """The endpoint of OTRv3."""
        if self.dsa is None or not policy.allow_v3:
            return None
        signing = SUITE_3.signing_key(self.dsa)
        return Endpoint3(
            SUITE_3,
            Config3(
                signing,
                SUITE_3.public_key(signing),
                SUITE_3.seed(b"version 3" + seed),
                self.tag,
                max_size,
                allow_v2=False,
                require_encryption=policy.require_encryption,
                whitespace_start_ake=policy.whitespace_start_dake,
                error_start_ake=policy.error_start_dake,
            ),
        )


class Chat:
    """The conversation with one correspondent; made by `Client.chat`.

    Every method may raise UnknownInstance, where `to` names an instance without a session, and
    Malformed, where a text cannot be sent (it contains a NUL).
    """

    def __init__(self, client: Client, config: Config) -> None:
        self.client = client
        self.endpoint = Endpoint(SUITE, config)
        self.conversation: Conversation = self.endpoint.begin()

    def receive(self, wire: bytes) -> Heard:
        """A message arrived. Whatever it is, nothing but notices and answers comes of it."""
        return self._step(Receive(SUITE.wire(wire)))

    def start(self) -> Heard:
        """The user asks for a private conversation."""
        return self._step(Start())

    def start_dake(self, to: int | None = None) -> Heard:
        """The user starts a conversation with an Identity message."""
        return self._step(StartDake(), to)

    def start_offline(self, ensemble: PrekeyEnsemble) -> Heard:
        """The user starts a conversation with somebody who is offline."""
        return self._step(StartOffline(ensemble))

    def send(self, text: bytes, to: int | None = None) -> Heard:
        """The user types a message, in UTF-8."""
        return self._step(SendText(SUITE.octets(text)), to)

    def end(self, to: int | None = None) -> Heard:
        """The user ends the private conversation."""
        return self._step(End(), to)

    def heartbeat(self, to: int | None = None) -> Heard:
        """Send a heartbeat."""
        return self._step(Heartbeat(), to)

    def use_extra_key(self, use: int, data: bytes, to: int | None = None) -> Heard:
        """Tell the peer that the extra symmetric key will be used; it comes as a notice."""
        return self._step(UseExtraKey(use, SUITE.octets(data)), to)

    def start_smp(
        self, secret: bytes, question: bytes | None = None, to: int | None = None
    ) -> Heard:
        """The user begins SMP."""
        asked = None if question is None else SUITE.octets(question)
        return self._step(StartSmp(SUITE.passphrase(secret), asked), to)

    def answer_smp(self, secret: bytes, to: int | None = None) -> Heard:
        """The user gives the secret that the peer's SMP asks for."""
        return self._step(AnswerSmp(SUITE.passphrase(secret)), to)

    def abort_smp(self, to: int | None = None) -> Heard:
        """The user aborts SMP."""
        return self._step(AbortSmp(), to)

    def tick(self) -> Heard:
        """Look at the clock: what has expired is ended or forgotten."""
        return self._step(Tick())

    def _step(self, given: Input, to: int | None = None) -> Heard:
        account, now = self.client.account, int(self.client.clock())
        account.renew(now)
        config = self.endpoint.config
        config.profiles, config.prekey_profiles = account.profiles, account.prekey_profiles
        stepped = self.endpoint.step(self.conversation, given, now, to)
        self.conversation = stepped.conversation
        wires: list[bytes] = []
        notices: list[Notice] = []
        for output in stepped.outputs:
            match output:
                case Send(wire):
                    wires.append(SUITE.to_bytes(wire))
                case PrekeyUsed(identifier):
                    account.use_up(identifier)
                    notices.append(output)
                case _:
                    notices.append(output)
        return Heard(tuple(wires), tuple(notices), stepped.trace)
