"""Our reference behind a shim: the suite's own reference, in a process of its own.

Run it as `python -m otr_conformance.shims.reference`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from otr_conformance.shim.keys import read_preset_key
from otr_conformance.shim.protocol import (
    AnyEvent,
    ErrorEvent,
    ExtraKeyEvent,
    FinishedEvent,
    InsecureEvent,
    MessageEvent,
    ResentEvent,
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
    Capability,
    MsgState,
    PolicyWord,
    Side,
    SmpState,
    Stage,
    WarningAbout,
)
from otr_conformance.shims.json_helper import Endpoint, New, Refused, serve
from otr_model import __version__
from otr_reference.errors import OtrSpecError
from otr_reference.keys import dsa
from otr_reference.otrv3 import notices
from otr_reference.otrv3.chat import Chat
from otr_reference.otrv3.session import Policy

if TYPE_CHECKING:
    from otr_reference.otrv3.chat import Heard

ALERTS = {
    notices.Alert.UNENCRYPTED: WarningAbout.UNENCRYPTED,
    notices.Alert.UNREADABLE: WarningAbout.UNREADABLE,
    notices.Alert.MALFORMED: WarningAbout.MALFORMED,
    notices.Alert.OTHER_INSTANCE: WarningAbout.OTHER_INSTANCE,
}


class Clock:
    """Virtual time, the same for every endpoint."""

    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> float:
        """The time in seconds."""
        return float(self.now)

    def move(self, seconds: int) -> None:
        """Time passes."""
        self.now += seconds


CLOCK = Clock()


@cache
def own_key() -> dsa.DsaPrivate:
    """The key of endpoints that are given none."""
    return dsa.generate()


class ReferenceEndpoint(Endpoint):
    """One endpoint."""

    def __init__(self, new: New) -> None:
        policy = Policy(
            allow_v2=PolicyWord.V2 in new.policy,
            allow_v3=PolicyWord.V3 in new.policy,
            require_encryption=PolicyWord.REQUIRE_ENCRYPTION in new.policy,
            send_whitespace_tag=PolicyWord.SEND_WHITESPACE_TAG in new.policy,
            whitespace_start_ake=PolicyWord.WHITESPACE_START_AKE in new.policy,
            error_start_ake=PolicyWord.ERROR_START_AKE in new.policy,
        )
        try:
            key = own_key() if new.key is None else read_preset_key(new.key)
            self.chat = Chat(key, policy, tag=new.tag, max_size=new.fragment, clock=CLOCK)
        except OtrSpecError as error:
            raise Refused(str(error)) from error
        super().__init__(fingerprint=self.chat.fingerprint, tag=self.chat.tag)

    def receive(self, wire: bytes) -> None:
        """Request `receive`."""
        self._tell(self.chat.receive(wire))

    def send(self, text: bytes, to: int | None = None) -> None:
        """Request `send`."""
        self._tell(self.chat.send(text, to))

    def start(self) -> None:
        """Request `start`."""
        self._tell(self.chat.start())

    def end(self, to: int | None = None) -> None:
        """Request `end`."""
        self._tell(self.chat.end(to))

    def smp_start(
        self, secret: bytes, question: bytes | None = None, to: int | None = None
    ) -> None:
        """Request `smp-start`."""
        self._tell(self.chat.start_smp(secret, question, to))

    def smp_answer(self, secret: bytes, to: int | None = None) -> None:
        """Request `smp-answer`."""
        self._tell(self.chat.answer_smp(secret, to))

    def smp_abort(self, to: int | None = None) -> None:
        """Request `smp-abort`."""
        self._tell(self.chat.abort_smp(to))

    def extra_key(self, use: int, data: bytes, to: int | None = None) -> None:
        """Request `extra-key`."""
        self._tell(self.chat.use_extra_key(use, data, to))

    def heartbeat(self, to: int | None = None) -> None:
        """Request `heartbeat`."""
        self._tell(self.chat.heartbeat(to))

    def state(self, to: int | None = None) -> State:
        """Request `state`."""
        conversation = self.chat.conversation
        key = conversation.best if to is None else to
        session = conversation.members.get(key)
        if session is None:
            detail = f"there is no session with instance {key:#x}"
            raise Refused(detail)
        return State(
            MsgState(session.message.label),
            AuthState(session.ake.label),
            SmpState(session.smp.label),
        )

    def _tell(self, heard: Heard) -> None:
        for wire in heard.wires:
            self.tell(WireEvent(wire))
        for notice in heard.notices:
            event = self._event(notice)
            if event is not None:
                self.tell(event)

    def _event(self, notice: notices.Notice) -> AnyEvent | None:
        out = self.chat.suite.to_bytes
        match notice:
            case notices.Shown(text, secure):
                return MessageEvent(out(text), secure)
            case notices.Unprocessed(wire):
                return MessageEvent(out(wire), secure=False)
            case notices.Resent(text):
                return ResentEvent(out(text))
            case notices.ErrorShown(text):
                return ErrorEvent(out(text))
            case notices.ExtraKey(key, use, data, sent):
                side = Side.SENT if sent else Side.RECEIVED
                return ExtraKeyEvent(out(key), use, out(data), side)
            case _:
                return self._event_without_text(notice)

    def _event_without_text(self, notice: notices.Notice) -> AnyEvent | None:
        match notice:
            case notices.Warned(about):
                return WarningEvent(ALERTS[about])
            case notices.NotSent():
                return WarningEvent(WarningAbout.NOT_SENT)
            case notices.Secured():
                return self._secured(notice)
            case notices.SmpStaged(stage, question):
                asked = None if question is None else self.chat.suite.to_bytes(question)
                return SmpEvent(Stage(stage.label), asked)
            case notices.PeerFinished() | notices.Insecure():
                ended = isinstance(notice, notices.PeerFinished)
                return FinishedEvent() if ended else InsecureEvent()
            case _:  # refused: the shim protocol has no word for it
                return None

    def _secured(self, notice: notices.Secured) -> AnyEvent:
        suite = self.chat.suite
        form = StillSecureEvent if notice.refreshed else SecureEvent
        return form(
            suite.fingerprint(notice.peer),
            suite.to_bytes(notice.ssid),
            notice.version,
            Bold.FIRST if notice.bold_first else Bold.SECOND,
            notice.instance or None,
        )


def main() -> None:
    """Serve until the suite says `bye`."""
    capabilities = " ".join(capability.word for capability in Capability)
    serve(
        ReferenceEndpoint,
        name="otrspec-reference",
        version=__version__,
        protocols="2 3",
        capabilities=capabilities,
        clock=CLOCK.move,
    )


if __name__ == "__main__":
    main()
