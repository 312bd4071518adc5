"""Our reference behind a shim: the suite's own reference, in a process of its own.

Run it as `python -m otr_conformance.shims.reference`. An endpoint whose policy has `v4` is a chat
of OTRv4, with version 3 inside where that is allowed too; any other is one of OTRv3.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import cache, singledispatch
from typing import TYPE_CHECKING, Final

from otr_conformance.shim.errors import ErrorWord, ShimRefused
from otr_conformance.shim.keys import read_preset_key
from otr_conformance.shim.protocol import (
    AnyEvent,
    ErrorEvent,
    ExtraKeyEvent,
    FinishedEvent,
    InsecureEvent,
    MessageEvent,
    PrekeyUsedEvent,
    PublishedEnsemble,
    PublishedProfile,
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
    DakeState,
    MsgState,
    OtrMode,
    PolicyWord,
    Side,
    SmpState,
    Stage,
    StartBy,
    WarningAbout,
)
from otr_conformance.shims.json_helper import Endpoint, New, Refused, Unsupported, serve
from otr_model import __version__
from otr_model.otrv3.words import Msg as Msg3
from otr_model.otrv4.words import Mode, Msg
from otr_reference import ed448
from otr_reference.errors import Malformed, OtrSpecError
from otr_reference.keys import dsa
from otr_reference.otrv3 import chat as three
from otr_reference.otrv3.session import Policy as Policy3
from otr_reference.otrv4 import chat as four
from otr_reference.otrv4 import notices
from otr_reference.otrv4 import wire as formats
from otr_reference.otrv4.session import Policy as Policy4

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_reference.otrv3.session import Session as Session3
    from otr_reference.sorts import Key, Octets

__all__ = ["ReferenceEndpoint3", "ReferenceEndpoint4", "forget_everything", "main", "make"]

TWO, THREE, FOUR = 2, 3, 4
BEGINNING = 1_000_000
MODES: Final[Mapping[OtrMode | None, Mode]] = {
    None: Mode.COMPATIBLE,
    OtrMode.COMPATIBLE: Mode.COMPATIBLE,
    OtrMode.STANDALONE: Mode.STANDALONE,
    OtrMode.INTERACTIVE_ONLY: Mode.INTERACTIVE_ONLY,
}
STANDS: Final[Mapping[Msg, MsgState]] = {
    Msg.START: MsgState.PLAINTEXT,
    Msg.ENCRYPTED_MESSAGES: MsgState.ENCRYPTED,
    Msg.FINISHED: MsgState.FINISHED,
}


class Clock:
    """Virtual time, the same for every endpoint."""

    def __init__(self) -> None:
        self.now = BEGINNING

    def __call__(self) -> float:
        """The time in seconds."""
        return float(self.now)

    def move(self, seconds: int) -> None:
        """Time passes."""
        self.now += seconds


CLOCK: Final = Clock()
CLIENTS: Final[dict[str, tuple[tuple[object, ...], four.Client]]] = {}
"""The client of each account, with what it was made of."""


def forget_everything() -> None:
    """Every account is forgotten, and the clock is set back."""
    CLIENTS.clear()
    CLOCK.now = BEGINNING


@cache
def own_key(account: str) -> dsa.DsaPrivate:  # noqa: ARG001 - a key for each
    """The DSA key of an account that is given none."""
    return dsa.generate()


def dsa_key(new: New) -> dsa.DsaPrivate:
    """The DSA key of an endpoint: the one that it is given, or its account's own.

    Raises:
        Malformed: if what it is given is none.
    """
    return own_key(new.account) if new.key is None else read_preset_key(new.key)


def client_of(new: New) -> four.Client:
    """The client of an endpoint's account, the same one until `reset`.

    Raises:
        Malformed: if a key is none.
        ShimRefused: `bad-request`, if the account has been made of something else.
    """
    made_of = (new.sym_h, new.forging, new.key, new.tag, new.mode, new.versions)
    known, client = CLIENTS.get(new.account) or (made_of, None)
    if known != made_of:
        detail = f"{new.account} was given other keys, or another tag, mode or version, before"
        raise ShimRefused(ErrorWord.BAD_REQUEST, detail)
    if client is None:
        client = _new_client(new)
        CLIENTS[new.account] = made_of, client
    return client


def _new_client(new: New) -> four.Client:
    client = four.Client(
        secrets.token_bytes(four.KEY_SIZE) if new.sym_h is None else new.sym_h,
        dsa=dsa_key(new) if THREE in new.versions else None,
        tag=new.tag,
        mode=MODES[new.mode],
        clock=CLOCK,
    )
    if new.forging is not None:
        if not ed448.is_valid(new.forging):
            raise Malformed(field="forging", reason="is not a point")
        account = client.account
        account.keys = replace(account.keys, forging=four.SUITE.point(new.forging))
        account.profiles = account.prekey_profiles = ()
        account.renew(CLOCK.now)
    return client


class ReferenceEndpoint(Endpoint):
    """What endpoints of every version do alike."""

    chat: three.Chat | four.Chat

    def receive(self, wire: bytes) -> None:
        """Request `receive`."""
        self.report(self.chat.receive(wire))

    def send(self, text: bytes, to: int | None = None) -> None:
        """Request `send`."""
        self.report(self.chat.send(text, to))

    def end(self, to: int | None = None) -> None:
        """Request `end`."""
        self.report(self.chat.end(to))

    def smp_start(
        self, secret: bytes, question: bytes | None = None, to: int | None = None
    ) -> None:
        """Request `smp-start`."""
        self.report(self.chat.start_smp(secret, question, to))

    def smp_answer(self, secret: bytes, to: int | None = None) -> None:
        """Request `smp-answer`."""
        self.report(self.chat.answer_smp(secret, to))

    def smp_abort(self, to: int | None = None) -> None:
        """Request `smp-abort`."""
        self.report(self.chat.abort_smp(to))

    def extra_key(self, use: int, data: bytes, to: int | None = None) -> None:
        """Request `extra-key`."""
        self.report(self.chat.use_extra_key(use, data, to))

    def heartbeat(self, to: int | None = None) -> None:
        """Request `heartbeat`."""
        self.report(self.chat.heartbeat(to))

    def report(self, heard: three.Heard | four.Heard) -> None:
        """Tell what a call has given."""
        for wire in heard.wires:
            self.tell(WireEvent(wire))
        for notice in heard.notices:
            event = event_of(notice)
            if event is not None:
                self.tell(event)


class ReferenceEndpoint3(ReferenceEndpoint):
    """An endpoint of versions 2 and 3."""

    chat: three.Chat

    def __init__(self, new: New) -> None:
        policy = Policy3(
            allow_v2=TWO in new.versions,
            allow_v3=THREE in new.versions,
            require_encryption=PolicyWord.REQUIRE_ENCRYPTION in new.policy,
            send_whitespace_tag=PolicyWord.SEND_WHITESPACE_TAG in new.policy,
            whitespace_start_ake=PolicyWord.WHITESPACE_START_AKE in new.policy,
            error_start_ake=PolicyWord.ERROR_START_AKE in new.policy,
        )
        self.chat = three.Chat(
            dsa_key(new), policy, tag=new.tag, max_size=new.fragment, clock=CLOCK
        )
        super().__init__(fingerprint=self.chat.fingerprint, tag=self.chat.tag)

    def start(self, by: StartBy | None = None) -> None:
        """Request `start`."""
        if by is StartBy.IDENTITY:
            detail = "version 4 is not allowed"
            raise Refused(detail)
        self.report(self.chat.start())

    def state(self, to: int | None = None) -> State:
        """Request `state`."""
        conversation = self.chat.conversation
        key = conversation.best if to is None else to
        session = conversation.members.get(key)
        if session is None:
            raise _no_session(key)
        return _state_3(session)


class ReferenceEndpoint4(ReferenceEndpoint):
    """An endpoint of version 4, and of version 3 where that is allowed."""

    chat: four.Chat

    def __init__(self, new: New) -> None:
        if TWO in new.versions:
            detail = "version 2 is not spoken beside version 4"
            raise Unsupported(detail)
        policy = Policy4(
            allow_v3=THREE in new.versions,
            allow_v4=FOUR in new.versions,
            require_encryption=PolicyWord.REQUIRE_ENCRYPTION in new.policy,
            send_whitespace_tag=PolicyWord.SEND_WHITESPACE_TAG in new.policy,
            whitespace_start_dake=PolicyWord.WHITESPACE_START_AKE in new.policy,
            error_start_dake=PolicyWord.ERROR_START_AKE in new.policy,
            require_interactive=PolicyWord.REQUIRE_INTERACTIVE in new.policy,
            identity_start_dake=PolicyWord.IDENTITY_START_DAKE in new.policy,
            require_authenticated=PolicyWord.REQUIRE_AUTHENTICATED in new.policy,
        )
        self.client = client_of(new)
        self.chat = self.client.chat(
            policy,
            known_profile=new.known_profile,
            trusted=() if new.trusted is None else (new.trusted,),
            max_size=new.fragment,
        )
        older = self.client.dsa
        super().__init__(
            fingerprint=self.client.fingerprint,
            tag=self.client.tag,
            fingerprint3=None if older is None else dsa.fingerprint(older.public),
        )

    def start(self, by: StartBy | None = None) -> None:
        """Request `start`."""
        self.report(self.chat.start_dake() if by is StartBy.IDENTITY else self.chat.start())

    def offline(self, client_profile: bytes, prekey_profile: bytes, prekey_message: bytes) -> None:
        """Request `offline`."""
        try:
            ensemble = formats.decode_ensemble(client_profile, prekey_profile, prekey_message)
        except Malformed as fault:
            raise Refused(str(fault)) from fault
        self.report(self.chat.start_offline(ensemble))

    def profile(self) -> PublishedProfile:
        """Request `profile`."""
        return PublishedProfile(self.client.client_profile)

    def ensemble(self) -> PublishedEnsemble:
        """Request `ensemble`."""
        (made,) = self.client.make_ensembles(1)
        return PublishedEnsemble(
            formats.encode_client_profile(made.client_profile),
            formats.encode_prekey_profile(made.prekey_profile),
            formats.encode_prekey_message(made.message),
        )

    def tick(self) -> None:
        """Let timers fire."""
        self.report(self.chat.tick())

    def state(self, to: int | None = None) -> State:
        """Request `state`; of version 3, where that is what is private or was ended by the peer."""
        conversation = self.chat.conversation
        older = conversation.version_3
        if older is not None:
            session_3 = older.members.get(older.best if to is None else to)
            if session_3 is not None and session_3.message is not Msg3.PLAINTEXT:
                return _state_3(session_3)
        key = conversation.best if to is None else to
        session = conversation.members.get(key)
        if session is None:
            raise _no_session(key)
        return State(
            STANDS[session.message],
            smpstate=SmpState(session.smp.label),
            dakestate=DakeState(session.dake.label),
        )


def _state_3(session: Session3) -> State:
    return State(
        MsgState(session.message.label),
        AuthState(session.ake.label),
        SmpState(session.smp.label),
    )


def _no_session(key: int) -> Refused:
    return Refused(f"there is no session with instance {key:#x}")


def make(new: New) -> ReferenceEndpoint:
    """An endpoint.

    Raises:
        ShimRefused: if the reference refuses what it is to be made of.
    """
    if new.now is not None:
        CLOCK.now = new.now
    try:
        # Whoever has a key of version 4 is a client of it, also where its policy forbids it.
        newer = FOUR in new.versions or new.sym_h is not None
        return ReferenceEndpoint4(new) if newer else ReferenceEndpoint3(new)
    except ShimRefused:
        raise
    except OtrSpecError as error:
        raise Refused(str(error)) from error


# What the user is told, in the words of the shim protocol.


def _out(value: Key | Octets) -> bytes:
    return four.SUITE.to_bytes(value)


def _bold(*, first: bool) -> Bold:
    return Bold.FIRST if first else Bold.SECOND


@singledispatch
def event_of(notice: object) -> AnyEvent | None:
    """A notice as an event; None: the shim protocol has no word for it.

    Raises:
        TypeError: if it is no notice.
    """
    raise TypeError(notice)


@event_of.register
def _(_notice: notices.Refused) -> None:
    return None


@event_of.register
def _(notice: notices.Shown) -> AnyEvent:
    return MessageEvent(_out(notice.text), notice.secure)


@event_of.register
def _(notice: notices.Unprocessed) -> AnyEvent:
    return MessageEvent(four.SUITE.to_bytes(notice.wire), secure=False)


@event_of.register
def _(notice: notices.Resent) -> AnyEvent:
    return ResentEvent(_out(notice.text))


@event_of.register
def _(notice: notices.ErrorShown) -> AnyEvent:
    return ErrorEvent(_out(notice.text))


@event_of.register(notices.ExtraKey)
@event_of.register(notices.ExtraKey3)
def _(notice: notices.ExtraKey | notices.ExtraKey3) -> AnyEvent:
    side = Side.SENT if notice.sent else Side.RECEIVED
    return ExtraKeyEvent(_out(notice.key), notice.use, _out(notice.data), side)


@event_of.register(notices.Warned)
@event_of.register(notices.Warned3)
def _(notice: notices.Warned | notices.Warned3) -> AnyEvent:
    return WarningEvent(WarningAbout(notice.about.label))


@event_of.register
def _(_notice: notices.NotSent) -> AnyEvent:
    return WarningEvent(WarningAbout.NOT_SENT)


@event_of.register
def _(_notice: notices.Queued) -> AnyEvent:
    return WarningEvent(WarningAbout.QUEUED)


@event_of.register
def _(_notice: notices.Expired) -> AnyEvent:
    return WarningEvent(WarningAbout.EXPIRED)


@event_of.register
def _(_notice: notices.EnsembleRefused) -> AnyEvent:
    return WarningEvent(WarningAbout.ENSEMBLE_REFUSED)


@event_of.register
def _(notice: notices.PrekeyUsed) -> AnyEvent:
    return PrekeyUsedEvent(notice.identifier)


@event_of.register
def _(notice: notices.SmpStaged) -> AnyEvent:
    asked = None if notice.question is None else _out(notice.question)
    return SmpEvent(Stage(notice.stage.label), asked)


@event_of.register
def _(_notice: notices.PeerFinished) -> AnyEvent:
    return FinishedEvent()


@event_of.register
def _(_notice: notices.Insecure) -> AnyEvent:
    return InsecureEvent()


@event_of.register
def _(notice: notices.Secured3) -> AnyEvent:
    form = StillSecureEvent if notice.refreshed else SecureEvent
    return form(
        four.SUITE_3.fingerprint(notice.peer),
        _out(notice.ssid),
        notice.version,
        _bold(first=notice.bold_first),
        notice.instance or None,
    )


@event_of.register
def _(notice: notices.Secured) -> AnyEvent:
    form = StillSecureEvent if notice.refreshed else SecureEvent
    return form(
        _out(notice.fingerprint),
        _out(notice.ssid),
        FOUR,
        _bold(first=notice.bold_first),
        notice.instance or None,
        notice.interactive,
    )


def main() -> None:
    """Serve until the suite says `bye`."""
    serve(
        make,
        name="otrspec-reference",
        version=__version__,
        protocols="2 3 4",
        capabilities=" ".join(capability.word for capability in Capability),
        clock=CLOCK.move,
        reset=forget_everything,
    )


if __name__ == "__main__":
    main()
