"""The vocabulary of the shim protocol as data.

`docs/shim-protocol.md` says the same in prose. A request is a tuple of `Field`s; an event or a
final line is a frozen dataclass whose attributes carry the fields that they are written as, so that
callers get octets, integers and words.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields, replace
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias, TypeVar

from otr_conformance.shim.fields import (
    Field,
    FieldType,
    Scalar,
    Value,
    chosen_name,
    integer,
    octets,
    text,
    truth,
    word_list,
)
from otr_conformance.shim.vocabulary import (
    AuthState,
    Bold,
    Capability,
    DakeState,
    Do,
    ErrorWord,
    MsgState,
    OtrMode,
    OtrVersion,
    PolicyWord,
    Side,
    SmpState,
    Stage,
    StartBy,
    WarningAbout,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "ANSWER_LIMIT",
    "EVENTS",
    "EVENTS_LIMIT",
    "EXTENSION",
    "FINAL_ERROR",
    "LINE_LIMIT",
    "MINIMAL_PROFILE",
    "PROTOCOL",
    "REQUESTS",
    "Answer",
    "AnyEvent",
    "AnyFinal",
    "AuthState",
    "Bold",
    "Capability",
    "DakeState",
    "Do",
    "ErrorEvent",
    "ErrorWord",
    "Event",
    "ExtraKeyEvent",
    "Field",
    "FieldType",
    "FinishedEvent",
    "HeartbeatEvent",
    "Hello",
    "InsecureEvent",
    "Made",
    "MessageEvent",
    "MsgState",
    "Nothing",
    "OtrMode",
    "OtrVersion",
    "PolicyWord",
    "PrekeyUsedEvent",
    "PublishedEnsemble",
    "PublishedProfile",
    "Request",
    "ResentEvent",
    "Scalar",
    "SecureEvent",
    "Side",
    "SmpEvent",
    "SmpState",
    "Stage",
    "StartBy",
    "State",
    "StillSecureEvent",
    "Value",
    "WarningAbout",
    "WarningEvent",
    "WireEvent",
    "spoken_fields",
]

PROTOCOL: Final = 1
"""The version of the shim protocol."""

LINE_LIMIT: Final = 1_048_576
"""The longest line, in bytes, its newline not counted."""

EVENTS_LIMIT: Final = 10_000
"""The most event lines in one answer."""

ANSWER_LIMIT: Final = 16 * 2**20
"""The longest answer, in bytes."""

EXTENSION: Final = "x-"
"""How the names of fields begin that a shim adds for people."""

_U32_MOST: Final = 2**32 - 1
_TAG_LEAST: Final = 0x100
_SECONDS_MOST: Final = 2**31 - 1

# ---- fields

_ERROR: Final = text("error", "why the request was not carried out", ErrorWord)
_DETAIL: Final = text("detail", "the same for people; never matched")

_PROTOCOL: Final = integer(
    "protocol", "the version of the shim protocol", least=PROTOCOL, most=PROTOCOL
)
_ENDPOINT: Final = chosen_name("endpoint", "the endpoint's name")
_ACCOUNT: Final = chosen_name("account", "the account's name")
_PEER: Final = chosen_name("peer", "the correspondent's name")
_POLICY: Final = word_list("policy", "the policy of the conversation", PolicyWord)
_TAG: Final = integer("tag", "our own instance tag", least=_TAG_LEAST, most=_U32_MOST)
_TO: Final = integer("to", "the peer's instance tag", least=_TAG_LEAST, most=_U32_MOST)
_LONG_TERM_KEY: Final = octets("key", "the long-term key: PUBKEY, then the private x as an MPI")
_MODE: Final = text("mode", "the mode of version 4", OtrMode)
_SYM_H: Final = octets("sym-h", "what the long-term key of version 4 is made of", 57)
_FORGING: Final = octets("forging", "the public forging key of version 4", 57)
_NOW: Final = integer("now", "the time from now on, in seconds since the start of 1970, UTC")
_TRUSTED: Final = octets("trusted", "a fingerprint that the user has verified", 56)
_KNOWN_PROFILE: Final = octets("known-profile", "a client profile that the peer has published")
_FRAGMENT: Final = integer(
    "fragment", "the largest message on the wire, in bytes; 0: no limit", most=LINE_LIMIT
)
_BY: Final = text("by", "how the conversation is started", StartBy)
_WIRE: Final = octets("wire", "a message on the wire, byte for byte")
_TEXT: Final = octets("text", "a text, byte for byte")
_SECRET: Final = octets("secret", "what the user typed as the secret of SMP")
_QUESTION: Final = octets("question", "the question that goes with SMP")
_USE: Final = integer("use", "what the extra symmetric key is for", most=_U32_MOST)
_DATA: Final = octets("data", "what goes to the peer beside `use`")
_SECONDS: Final = integer("seconds", "how far time moves", most=_SECONDS_MOST)
_SEED: Final = integer("seed", "what random numbers are made of; absent: 0", most=_U32_MOST)

_IMPLEMENTATION: Final = text("name", "the implementation's name, for people")
_RELEASE: Final = text("version", "the implementation's version, for people")
_PROTOCOLS: Final = word_list("protocols", "the versions of OTR that it speaks", OtrVersion)
_CAPABILITIES: Final = word_list("capabilities", "what the shim can do", Capability)
_MESSAGE_LIMIT: Final = integer(
    "message-limit", "the largest text that `send` takes, in bytes; 0: no limit is known"
)
_OUR_FINGERPRINT: Final = octets("fingerprint", "of the endpoint's long-term key", 20, 56)
_OUR_FINGERPRINT_3: Final = octets(
    "fingerprint3", "of its long-term key of version 3, where it has two", 20
)
_PROFILE: Final = octets("profile", "the endpoint's client profile")
_CLIENT_PROFILE: Final = octets("client-profile", "of a prekey ensemble: the client profile")
_PREKEY_PROFILE: Final = octets("prekey-profile", "of a prekey ensemble: the prekey profile")
_PREKEY_MESSAGE: Final = octets("prekey-message", "of a prekey ensemble: the prekey message")
_MSGSTATE: Final = text("msgstate", "the message state", MsgState)
_AUTHSTATE: Final = text("authstate", "the authentication state", AuthState)
_DAKESTATE: Final = text("dakestate", "the state of the interactive DAKE", DakeState)
_SMPSTATE: Final = text("smpstate", "the message of SMP that is expected next", SmpState)

_PROTECTED: Final = truth("secure", "whether the text was protected")
_ABOUT: Final = text("about", "what the user is warned of", WarningAbout)
_FINGERPRINT: Final = octets("fingerprint", "of the peer's long-term key", 20, 56)
_SSID: Final = octets("ssid", "the secure session id", 8)
_BOLD: Final = text("bold", "the half of the session id that is shown in bold", Bold)
_VERSION: Final = integer("version", "the version of OTR in use", least=2, most=4)
_PEER_TAG: Final = integer("peer-tag", "the peer's instance tag", least=_TAG_LEAST, most=_U32_MOST)
_INTERACTIVE: Final = truth("interactive", "whether the peer took part in the DAKE online")
_STAGE: Final = text("stage", "what the user is told about SMP", Stage)
_EXTRA_KEY: Final = octets("key", "the extra symmetric key", 32, 64)
_SIDE: Final = text("side", "which way it went", Side)
_IDENTIFIER: Final = integer("identifier", "of the prekey message", most=_U32_MOST)

_SPOKEN: Final = "spoken"


def _as(spoken: Field) -> Mapping[str, Field]:
    """The metadata of a dataclass's attribute that is written as a field."""
    return {_SPOKEN: spoken}


def spoken_fields(form: type) -> tuple[tuple[str, Field], ...]:
    """The attributes of an event's or a final line's dataclass, and the fields they are written as.

    An attribute that has a default is an optional field.
    """
    return tuple(
        (
            attribute.name,
            replace(attribute.metadata[_SPOKEN], optional=attribute.default is not MISSING),
        )
        for attribute in fields(form)
    )


# ---- what is reported


class Event:
    """Base of the events.

    Attributes:
        event: The word on the line.
    """

    __slots__ = ()
    event: ClassVar[str]


@dataclass(frozen=True, slots=True)
class WireEvent(Event):
    """One message for the network."""

    event = "wire"
    wire: bytes = field(metadata=_as(_WIRE))


@dataclass(frozen=True, slots=True)
class MessageEvent(Event):
    """A text shown to the user."""

    event = "message"
    text: bytes = field(metadata=_as(_TEXT))
    secure: bool = field(metadata=_as(_PROTECTED))


@dataclass(frozen=True, slots=True)
class WarningEvent(Event):
    """A warning shown to the user."""

    event = "warning"
    about: WarningAbout = field(metadata=_as(_ABOUT))


@dataclass(frozen=True, slots=True)
class ErrorEvent(Event):
    """The peer's OTR Error Message was shown."""

    event = "error"
    text: bytes = field(metadata=_as(_TEXT))


@dataclass(frozen=True, slots=True)
class SecureEvent(Event):
    """A private conversation began."""

    event = "secure"
    fingerprint: bytes = field(metadata=_as(_FINGERPRINT))
    ssid: bytes = field(metadata=_as(_SSID))
    version: int = field(metadata=_as(_VERSION))
    bold: Bold | None = field(default=None, metadata=_as(_BOLD))
    peer_tag: int | None = field(default=None, metadata=_as(_PEER_TAG))
    interactive: bool | None = field(default=None, metadata=_as(_INTERACTIVE))


@dataclass(frozen=True, slots=True)
class StillSecureEvent(SecureEvent):
    """A private conversation was refreshed."""

    event = "still-secure"


@dataclass(frozen=True, slots=True)
class FinishedEvent(Event):
    """The peer ended the private conversation."""

    event = "finished"


@dataclass(frozen=True, slots=True)
class InsecureEvent(Event):
    """The private conversation ended on our side."""

    event = "insecure"


@dataclass(frozen=True, slots=True)
class ResentEvent(Event):
    """A stored text was sent once the conversation became private."""

    event = "resent"
    text: bytes = field(metadata=_as(_TEXT))


@dataclass(frozen=True, slots=True)
class SmpEvent(Event):
    """What the user is told about SMP."""

    event = "smp"
    stage: Stage = field(metadata=_as(_STAGE))
    question: bytes | None = field(default=None, metadata=_as(_QUESTION))


@dataclass(frozen=True, slots=True)
class ExtraKeyEvent(Event):
    """The extra symmetric key is used, by us or by the peer."""

    event = "extra-key"
    key: bytes = field(metadata=_as(_EXTRA_KEY))
    use: int = field(metadata=_as(_USE))
    data: bytes = field(metadata=_as(_DATA))
    side: Side = field(metadata=_as(_SIDE))


@dataclass(frozen=True, slots=True)
class HeartbeatEvent(Event):
    """A heartbeat was sent or seen."""

    event = "heartbeat"
    side: Side = field(metadata=_as(_SIDE))


@dataclass(frozen=True, slots=True)
class PrekeyUsedEvent(Event):
    """A prekey message of ours was used up."""

    event = "prekey-used"
    identifier: int = field(metadata=_as(_IDENTIFIER))


AnyEvent: TypeAlias = (
    WireEvent
    | MessageEvent
    | WarningEvent
    | ErrorEvent
    | SecureEvent
    | StillSecureEvent
    | FinishedEvent
    | InsecureEvent
    | ResentEvent
    | SmpEvent
    | ExtraKeyEvent
    | HeartbeatEvent
    | PrekeyUsedEvent
)

EVENTS: Final[Mapping[str, type[AnyEvent]]] = {
    form.event: form
    for form in (
        WireEvent,
        MessageEvent,
        WarningEvent,
        ErrorEvent,
        SecureEvent,
        StillSecureEvent,
        FinishedEvent,
        InsecureEvent,
        ResentEvent,
        SmpEvent,
        ExtraKeyEvent,
        HeartbeatEvent,
        PrekeyUsedEvent,
    )
}
"""Every event, by its word."""


# ---- what the final line says


@dataclass(frozen=True, slots=True)
class Hello:
    """What a shim says of itself: the final line of `hello`."""

    name: str = field(metadata=_as(_IMPLEMENTATION))
    version: str = field(metadata=_as(_RELEASE))
    protocols: tuple[OtrVersion, ...] = field(metadata=_as(_PROTOCOLS))
    capabilities: tuple[Capability, ...] = field(metadata=_as(_CAPABILITIES))
    message_limit: int = field(default=0, metadata=_as(_MESSAGE_LIMIT))
    protocol: int = field(default=PROTOCOL, metadata=_as(_PROTOCOL))

    @property
    def versions(self) -> frozenset[int]:
        """The versions of OTR that it speaks, as numbers."""
        return frozenset(int(version.word) for version in self.protocols)


@dataclass(frozen=True, slots=True)
class Made:
    """A new endpoint: the final line of `new`. The tag is None where the endpoint has none."""

    fingerprint: bytes = field(metadata=_as(_OUR_FINGERPRINT))
    tag: int | None = field(default=None, metadata=_as(_TAG))
    fingerprint3: bytes | None = field(default=None, metadata=_as(_OUR_FINGERPRINT_3))


@dataclass(frozen=True, slots=True)
class PublishedProfile:
    """What an endpoint of version 4 publishes of itself: the final line of `profile`."""

    profile: bytes = field(metadata=_as(_PROFILE))


@dataclass(frozen=True, slots=True)
class PublishedEnsemble:
    """What a conversation can be started from while we are offline: the final line of `ensemble`.

    Each part is encoded as the specification says, without base64 of its own.
    """

    client_profile: bytes = field(metadata=_as(_CLIENT_PROFILE))
    prekey_profile: bytes = field(metadata=_as(_PREKEY_PROFILE))
    prekey_message: bytes = field(metadata=_as(_PREKEY_MESSAGE))


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a conversation: the final line of `state`. None: the shim cannot tell."""

    msgstate: MsgState = field(metadata=_as(_MSGSTATE))
    authstate: AuthState | None = field(default=None, metadata=_as(_AUTHSTATE))
    smpstate: SmpState | None = field(default=None, metadata=_as(_SMPSTATE))
    dakestate: DakeState | None = field(default=None, metadata=_as(_DAKESTATE))


@dataclass(frozen=True, slots=True)
class Nothing:
    """The final line of every other request."""


AnyFinal: TypeAlias = Hello | Made | PublishedProfile | PublishedEnsemble | State | Nothing

FINAL_ERROR: Final = (_ERROR, replace(_DETAIL, optional=True))
"""The fields of a final line that says `error`."""


# ---- what can be asked


@dataclass(frozen=True, slots=True)
class Request:
    """A request.

    Attributes:
        do: Its word.
        fields: What goes with it.
        capability: What a shim must declare to be asked it.
        final: What its final line says.
        eventful: Whether its answer may have events.
    """

    do: Do
    fields: tuple[Field, ...] = ()
    capability: Capability | None = None
    final: type[AnyFinal] = Nothing
    eventful: bool = True

    def wants(self, names: Iterable[str]) -> Iterable[Capability]:
        """The capabilities that asking it with the named fields takes."""
        if self.capability is not None:
            yield self.capability
        given = set(names)
        for spoken in self.fields:
            if spoken.capability is not None and spoken.name in given:
                yield spoken.capability


def _optional(spoken: Field, capability: Capability) -> Field:
    return replace(spoken, optional=True, capability=capability)


_CHOICE: Final = _optional(_TO, Capability.INSTANCES)

REQUESTS: Final[Mapping[Do, Request]] = {
    request.do: request
    for request in (
        Request(Do.HELLO, (_PROTOCOL,), final=Hello, eventful=False),
        Request(
            Do.NEW,
            (
                _ENDPOINT,
                _ACCOUNT,
                _PEER,
                _POLICY,
                _optional(_TAG, Capability.TAG),
                _optional(_LONG_TERM_KEY, Capability.PRESET_KEY),
                _optional(_FRAGMENT, Capability.FRAGMENT),
                _optional(_MODE, Capability.OTRV4_MODE),
                _optional(_SYM_H, Capability.PRESET_KEY),
                _optional(_FORGING, Capability.PRESET_KEY),
                _optional(_NOW, Capability.CLOCK),
                _optional(_TRUSTED, Capability.OTRV4_TRUSTED),
                _optional(_KNOWN_PROFILE, Capability.OTRV4_KNOWN_PROFILE),
            ),
            final=Made,
            eventful=False,
        ),
        Request(Do.RECEIVE, (_ENDPOINT, _WIRE)),
        Request(Do.SEND, (_ENDPOINT, _TEXT, _CHOICE)),
        Request(Do.START, (_ENDPOINT, _optional(_BY, Capability.OTRV4_DAKE))),
        Request(Do.END, (_ENDPOINT, _CHOICE)),
        Request(
            Do.SMP_START,
            (_ENDPOINT, _SECRET, _optional(_QUESTION, Capability.SMP_QUESTION), _CHOICE),
            Capability.SMP,
        ),
        Request(Do.SMP_ANSWER, (_ENDPOINT, _SECRET, _CHOICE), Capability.SMP),
        Request(Do.SMP_ABORT, (_ENDPOINT, _CHOICE), Capability.SMP),
        Request(Do.EXTRA_KEY, (_ENDPOINT, _USE, _DATA, _CHOICE), Capability.EXTRA_KEY),
        Request(Do.HEARTBEAT, (_ENDPOINT, _CHOICE), Capability.HEARTBEAT),
        Request(Do.CLOCK, (_SECONDS,), Capability.CLOCK, eventful=False),
        Request(Do.POLL, (_ENDPOINT,)),
        Request(
            Do.PROFILE,
            (_ENDPOINT,),
            Capability.OTRV4_KNOWN_PROFILE,
            PublishedProfile,
            eventful=False,
        ),
        Request(
            Do.ENSEMBLE, (_ENDPOINT,), Capability.OTRV4_OFFLINE, PublishedEnsemble, eventful=False
        ),
        Request(
            Do.OFFLINE,
            (_ENDPOINT, _CLIENT_PROFILE, _PREKEY_PROFILE, _PREKEY_MESSAGE),
            Capability.OTRV4_OFFLINE,
        ),
        Request(Do.STATE, (_ENDPOINT, _CHOICE), Capability.STATE, State, eventful=False),
        Request(Do.FORGET, (_ENDPOINT,), eventful=False),
        Request(Do.RESET, (_optional(_SEED, Capability.SEED),), eventful=False),
        Request(Do.BYE, eventful=False),
    )
}
"""Every request."""

MINIMAL_PROFILE: Final = frozenset(
    {Do.HELLO, Do.NEW, Do.RECEIVE, Do.SEND, Do.START, Do.END, Do.POLL, Do.RESET, Do.BYE}
)
"""The requests that every shim carries out."""


# ---- answers

_E = TypeVar("_E", bound=Event)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request that was carried out.

    Attributes:
        events: What was reported, in order.
        fields: What the final line says, by the names on the line; fields that begin with `x-` as
            they were written.
    """

    events: tuple[AnyEvent, ...] = ()
    fields: Mapping[str, Value] = field(default_factory=dict)

    def of(self, form: type[_E]) -> tuple[_E, ...]:
        """The events of one kind; those of `SecureEvent` include `StillSecureEvent`."""
        return tuple(event for event in self.events if isinstance(event, form))

    @property
    def wires(self) -> tuple[bytes, ...]:
        """The messages for the network, in order."""
        return tuple(event.wire for event in self.of(WireEvent))

    @property
    def texts(self) -> tuple[bytes, ...]:
        """The texts shown to the user, in order, protected or not."""
        return tuple(event.text for event in self.of(MessageEvent))
