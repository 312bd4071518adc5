"""potr behind the shim protocol: an application of potr's, as plain as one can be.

potr asks its application for five things: a policy, a key, a way to the network, to be told of
states, and to catch what `receiveMessage` raises. The functions that potr wants to be overridden
are put on its objects.
"""

from __future__ import annotations

import logging
import struct
import sys
from functools import cache
from importlib import import_module
from importlib.metadata import distributions
from typing import TYPE_CHECKING, Any, Final

from otr_conformance.shim.protocol import (
    ErrorEvent,
    ExtraKeyEvent,
    FinishedEvent,
    InsecureEvent,
    MessageEvent,
    SecureEvent,
    SmpEvent,
    State,
    StillSecureEvent,
    WarningEvent,
    WireEvent,
)
from otr_conformance.shim.vocabulary import (
    AuthState,
    Bold,
    MsgState,
    PolicyWord,
    Side,
    SmpState,
    Stage,
    WarningAbout,
)
from otr_conformance.shims.json_helper import Endpoint, New, Refused, Unsupported, serve

from . import backend

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["CAPABILITIES", "main"]

CAPABILITIES: Final = (
    "smp smp-question extra-key fragment policy preset-key clock seed state heartbeat"
)
"""What potr can do. It has no instances, and so no tags."""

TWO: Final = 2
BEGINNING: Final = 1_000_000_000
FRAGMENT_LEAST: Final = 20
"""potr takes 19 bytes of each piece for what a fragment is wrapped in."""

POLICIES: Final = {
    "ALLOW_V2": PolicyWord.V2,
    "REQUIRE_ENCRYPTION": PolicyWord.REQUIRE_ENCRYPTION,
    "SEND_TAG": PolicyWord.SEND_WHITESPACE_TAG,
}
"""The policies that potr asks for; what it does not ask for, it does not know."""

logger: Final = logging.getLogger(__name__)


class Clock:
    """Virtual time."""

    def __init__(self) -> None:
        self.now = BEGINNING

    def __call__(self) -> float:
        """The time in seconds."""
        return float(self.now)

    def move(self, seconds: int) -> None:
        """Time passes."""
        self.now += seconds

    def reset(self) -> None:
        """Time begins anew."""
        self.now = BEGINNING


class Setup(Exception):
    """A message of the AKE was refused."""


class Potr:
    """potr's modules.

    Attributes:
        context, crypt, proto, keys: as potr calls them; `keys` is its `compatcrypto`.
        version: of the distribution that was found.
        clock: what potr takes for the time.
        drawn: the random numbers that potr draws.
    """

    def __init__(self, directory: str) -> None:
        self.drawn = backend.Drawn()
        backend.install(self.drawn)
        sys.path.insert(0, directory)
        self.context: Any = import_module("potr.context")
        self.crypt: Any = import_module("potr.crypt")
        self.proto: Any = import_module("potr.proto")
        self.keys: Any = import_module("potr.compatcrypto")
        self.clock = Clock()
        vars(self.context)["time"] = self.clock
        vars(self.crypt)["pow"] = backend.power
        self.version = next(
            (each.version for each in distributions(name="python-potr", path=[directory])), "?"
        )
        self.msgstates: Mapping[int, MsgState] = {
            self.context.STATE_PLAINTEXT: MsgState.PLAINTEXT,
            self.context.STATE_ENCRYPTED: MsgState.ENCRYPTED,
            self.context.STATE_FINISHED: MsgState.FINISHED,
        }
        self.authstates: Mapping[int, AuthState] = {
            self.crypt.STATE_NONE: AuthState.NONE,
            self.crypt.STATE_AWAITING_DHKEY: AuthState.AWAITING_DHKEY,
            self.crypt.STATE_AWAITING_REVEALSIG: AuthState.AWAITING_REVEALSIG,
            self.crypt.STATE_AWAITING_SIG: AuthState.AWAITING_SIG,
        }
        self.stages: Mapping[int, Stage] = {
            self.crypt.SMPPROG_OK: Stage.PROGRESS,
            self.crypt.SMPPROG_CHEATED: Stage.ERROR,
            self.crypt.SMPPROG_FAILED: Stage.FAILURE,
            self.crypt.SMPPROG_SUCCEEDED: Stage.SUCCESS,
        }
        self.generated = cache(self._generated)

    def _generated(self, account: str) -> Any:  # noqa: ANN401, ARG002 - potr has no types; a key for each account
        """The key of an account that is given none; it stays the same."""
        return self.keys.generateDefaultKey()

    def reset(self, seed: int = 0) -> None:
        """Time and random numbers begin anew.

        Args:
            seed: what random numbers are made of.
        """
        self.clock.reset()
        self.drawn.reset(seed)

    def key(self, new: New) -> Any:  # noqa: ANN401 - potr has no types
        """The key of an endpoint.

        Raises:
            Refused: what it is given is no key.
        """
        if new.key is None:
            return self.generated(new.account)
        try:
            key, rest = self.keys.PK.parsePrivateKey(new.key)
        except (struct.error, ValueError, NotImplementedError) as error:
            raise Refused(str(error)) from error
        if rest:
            detail = "something follows the key"
            raise Refused(detail)
        return key


class PotrEndpoint(Endpoint):
    """One account's side of the conversation with one correspondent."""

    def __init__(self, potr: Potr, new: New) -> None:
        if new.versions and TWO not in new.versions:
            detail = "potr speaks version 2"
            raise Unsupported(detail)
        if 0 < new.fragment < FRAGMENT_LEAST:
            detail = f"potr makes no pieces of less than {FRAGMENT_LEAST} bytes"
            raise Unsupported(detail)
        self.potr = potr
        potr.drawn.begin(f"{new.account} {new.peer}")
        key = potr.key(new)
        account = potr.context.Account(new.account, "shim", new.fragment, key)
        account.saveTrusts = lambda: None
        self.otr = potr.context.Context(account, new.peer)
        self.otr.getPolicy = lambda name: POLICIES.get(name) in new.policy
        self.otr.inject = self._inject
        self.otr.setState = self._set_state
        self._process: Callable[..., None] = self.otr.processTLVs
        self.otr.processTLVs = self._each_tlv
        self._handle_ake: Callable[..., None] = self.otr.crypto.handleAKE
        self.otr.crypto.handleAKE = self._ake
        self._asked = False
        super().__init__(fingerprint=key.fingerprint())

    # ---- what is asked

    def receive(self, wire: bytes) -> None:
        """Request `receive`."""
        context = self.potr.context
        try:
            text, _ = self.otr.receiveMessage(wire)
        except context.UnencryptedMessage as told:
            self.tell(MessageEvent(told.args[0], secure=False))
            self._warn(WarningAbout.UNENCRYPTED)
        except context.NotOTRMessage as told:
            self.tell(MessageEvent(told.args[0], secure=False))
        except context.ErrorReceived as told:
            self.tell(ErrorEvent(told.args[0].error))
        except (context.NotEncryptedError, self.potr.crypt.InvalidParameterError):
            self._warn(WarningAbout.UNREADABLE)
        except Setup:
            self._warn(WarningAbout.SETUP)
        except Exception:
            logger.exception("potr could not take a message")
            self._warn(WarningAbout.MALFORMED)
        else:
            if text is not None:
                self.tell(MessageEvent(text, secure=True))

    def send(self, text: bytes) -> None:
        """Request `send`."""
        try:
            self._send(text)
        except self.potr.context.NotEncryptedError:
            self._warn(WarningAbout.NOT_SENT)

    def start(self) -> None:
        """Request `start`: potr's query text, as it is."""
        self._inject(self.otr.user.getDefaultQueryMessage(self.otr.getPolicy))

    def end(self) -> None:
        """Request `end`."""
        self.otr.disconnect()
        self._asked = False

    def smp_start(self, secret: bytes, question: bytes | None = None) -> None:
        """Request `smp-start`."""
        if self._private:
            self._asked = False
            self.otr.smpInit(secret, question)

    def smp_answer(self, secret: bytes) -> None:
        """Request `smp-answer`."""
        if self._private and self._asked:
            self._asked = False
            self.otr.smpGotSecret(secret)

    def smp_abort(self) -> None:
        """Request `smp-abort`."""
        if self._private:
            self._asked = False
            self.otr.smpAbort()

    def extra_key(self, use: int, data: bytes) -> None:
        """Request `extra-key`."""
        if self._private:
            key = self.otr.getExtraKey(struct.pack("!I", use), data)
            self.tell(ExtraKeyEvent(key, use, data, Side.SENT))

    def heartbeat(self) -> None:
        """Request `heartbeat`: no text, as potr makes its own."""
        if self._private:
            self._send(b"", self.potr.proto.MSGFLAGS_IGNORE_UNREADABLE)

    def state(self) -> State:
        """Request `state`."""
        crypto = self.otr.crypto
        auth = self.potr.crypt.STATE_NONE if crypto.ake is None else crypto.ake.state
        number = 1 if crypto.smp is None else crypto.smp.state or 1
        return State(
            self.potr.msgstates[self.otr.state],
            self.potr.authstates[auth],
            SmpState(f"expect{number}"),
        )

    # ---- what potr calls

    def _inject(self, wire: bytes, appdata: object = None) -> None:  # noqa: ARG002 - potr's signature
        self.tell(WireEvent(wire))

    def _set_state(self, state: int) -> None:
        """A state of the conversation begins."""
        context, was = self.potr.context, self.otr.state
        self.otr.state = state
        if state == context.STATE_ENCRYPTED:
            self._asked = False
            self._secured(again=was == state)
        elif was != state:
            self.tell(FinishedEvent() if state == context.STATE_FINISHED else InsecureEvent())

    def _secured(self, *, again: bool) -> None:
        crypto = self.otr.crypto
        form = StillSecureEvent if again else SecureEvent
        bold = Bold.SECOND if crypto.sessionIdHalf else Bold.FIRST
        self.tell(form(crypto.theirPubkey.fingerprint(), crypto.sessionId, TWO, bold))

    def _each_tlv(self, tlvs: list[object], appdata: object = None) -> None:
        """Let potr process TLVs one by one, to see what comes of each."""
        proto = self.potr.proto
        for tlv in tlvs:
            self._process([tlv], appdata=appdata)
            if isinstance(tlv, proto.SMPTLV):
                self._smp(tlv)
            elif isinstance(tlv, proto.ExtraKeyTLV) and self._private:
                self._extra_key(tlv)

    def _smp(self, tlv: Any) -> None:  # noqa: ANN401 - potr has no types
        proto, smp = self.potr.proto, self.otr.crypto.smp
        stage = self.potr.stages[smp.prog]
        question = None
        if isinstance(tlv, proto.SMPABORTTLV):
            stage = Stage.ABORTED
        elif isinstance(tlv, (proto.SMP1TLV, proto.SMP1QTLV)) and stage is Stage.PROGRESS:
            stage = Stage.ASKED
            question = getattr(tlv, "msg", None)
        self._asked = stage is Stage.ASKED
        self.tell(SmpEvent(stage, question))

    def _extra_key(self, tlv: Any) -> None:  # noqa: ANN401 - potr has no types
        (use,) = struct.unpack("!I", tlv.appid)
        self.tell(ExtraKeyEvent(self.otr.getExtraKey(), use, tlv.appdata, Side.RECEIVED))

    def _ake(self, message: object, appdata: object = None) -> None:
        """Handle a message of the AKE.

        Raises:
            Setup: potr refuses it. A Data Message is refused by the same exception.
        """
        try:
            self._handle_ake(message, appdata=appdata)
        except self.potr.crypt.InvalidParameterError as error:
            raise Setup from error

    # ---- helpers

    @property
    def _private(self) -> bool:
        return bool(self.otr.state == self.potr.context.STATE_ENCRYPTED)

    def _send(self, text: bytes, flags: int = 0) -> None:
        """Have a text sent; what potr gives back, the application transmits."""
        rest = self.otr.sendMessage(self.potr.context.FRAGMENT_SEND_ALL, text, flags)
        if rest is not None:
            self._inject(rest)

    def _warn(self, about: WarningAbout) -> None:
        self.tell(WarningEvent(about))


def main(directory: str) -> None:
    """Serve until the suite says `bye`.

    Args:
        directory: where potr is installed.
    """
    logging.getLogger("potr").setLevel(logging.CRITICAL)
    potr = Potr(directory)
    serve(
        lambda new: PotrEndpoint(potr, new),
        name="potr",
        version=potr.version,
        protocols="2",
        capabilities=CAPABILITIES,
        clock=potr.clock.move,
        reset=potr.reset,
    )
