"""The fuzzer: three endpoints, a hostile network, and what must hold whatever happens.

Alice talks to Bob. Bob is logged in twice: what Alice sends reaches both of his clients, and what
either of them sends reaches her. Perhaps the second client is not Bob's at all, and has a key of
its own, or says that it has his; perhaps its messages fail a check. The network loses, repeats,
reorders, replays, alters and invents messages.

    campaign(make_machine(TermLab), examples=1000)

Hypothesis draws what happens, one rule for each event that a user can cause (as the tables have
them) and one for each thing that the network can do. After every step the oracle judges it
(`otr_conformance.otrv3.oracle`), and what was sent, shown and kept is held against the promises of
OTR (`Watch`). A failure is shrunk to a short script, in which every line is a rule; below each line
stands what it caused.

Everything is deterministic: keys and seeds have names, and time is what the script says.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import unique
from typing import TYPE_CHECKING, Any, TypeVar, cast

from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from otr_check.otrv3.operators import Op
from otr_check.terms import Term
from otr_model.kernel.variant import NONE, Variant
from otr_model.kernel.vocabulary import Origin
from otr_model.kernel.words import Word
from otr_model.otrv3.conditions import Check
from otr_model.otrv3.words import Event, Msg
from otr_reference.otrv3 import messages, notices
from otr_reference.otrv3.commands import (
    AbortSmp,
    AnswerSmp,
    Command,
    End,
    Heartbeat,
    Receive,
    SendText,
    Start,
    StartSmp,
    UseExtraKey,
)
from otr_reference.otrv3.deviations import DEVIATIONS, deviating
from otr_reference.otrv3.endpoint import Endpoint
from otr_reference.otrv3.session import Policy

from .kept import unkept
from .labs import Lab, TermLab
from .oracle import Oracle, Taken
from .stage import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hypothesis.strategies import SearchStrategy

    from otr_reference.otrv3.commands import Input
    from otr_reference.otrv3.session import Conversation, Session
    from otr_reference.otrv3.suite import Suite
    from otr_reference.sorts import Element, Octets, Wire

__all__ = ["Network", "Parcel", "Storm", "Violated", "Watch", "campaign", "make_machine"]

ALICE, BOB, SECOND = "alice", "bob", "second"
TAGS = {ALICE: 0x1001, BOB: 0x2002, SECOND: 0x3003}
REACHES = {ALICE: (BOB, SECOND), BOB: (ALICE,), SECOND: (ALICE,)}
STRANGER = 0x4004
"""The tag of an instance that there is not."""
KEPT = 6
"""How many messages that arrived are kept, to arrive again."""
STORM = 400
"""Messages, fragments put together, that may follow from one another without anybody's doing."""
TOKEN = re.compile(r"said-\d{4}-by-[a-z]+")
ENCODED = (b"?OTR:", b"?OTR,", b"?OTR|")
TAGGED_VERSION = 3


class Violated(AssertionError):
    """Something that must hold, whatever the network does, does not."""


class Storm(Violated):
    """The endpoints go on answering each other for ever."""


# What is watched.


@dataclass(frozen=True, slots=True)
class Typed:
    """A text that somebody typed.

    Attributes:
        by: who.
        private: it must not go out in the clear.
        meant_for: the public key of the private conversation that it was typed in; None outside.
    """

    by: str
    private: bool
    meant_for: str | None


@dataclass
class Watch:
    """What everybody typed, sent and was shown, and what must hold of it.

    Attributes:
        lab: the suite at work.
        keys: the long-term public key that everybody really has, by name.
        texts: what was typed, by the text.
        sent: how often a text was sent in a private conversation.
        under: in which conversations, by sender and secure session id.
        shown: how often it was shown as secure.
        secrets: the secrets of SMP that somebody gave in a conversation.
        counters: what was encrypted with: sender, keys, counter.
    """

    lab: Lab
    keys: Mapping[str, str]
    texts: dict[str, Typed] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    under: set[tuple[str, str, str]] = field(default_factory=set)
    shown: Counter[str] = field(default_factory=Counter)
    secrets: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    counters: set[tuple[str, Element, int, int]] = field(default_factory=set)

    def typed(self, person: Person, text: str, session: Session) -> None:
        """Somebody types a text."""
        config = person.endpoint.config
        enabled = config.allow_v2 or config.allow_v3
        private = session.message is not Msg.PLAINTEXT or (config.require_encryption and enabled)
        peer = None if session.message is Msg.PLAINTEXT else self.token(session.peer)
        self.texts[text] = Typed(person.name, private, peer)

    def token(self, value: Any) -> str:  # noqa: ANN401 - whatever the lab takes
        """A value, comparable."""
        return self.lab.token(value)

    def went_out(self, person: Person, taken: Taken, wire: Wire, whole: bytes) -> None:
        """A message went to the network: it is not too large, nothing private is legible in it.

        Args:
            person: who sent it.
            taken: what they sent it in.
            wire: the message, or a fragment.
            whole: what is legible in the whole message, where this is the last fragment.
        """
        most = person.endpoint.config.max_size
        if most and not isinstance(self.lab, TermLab):
            octets = self.lab.from_network(wire)
            if octets.startswith(ENCODED) and len(octets) > most:
                words = f"{person.name} sends {len(octets)} bytes where {most} are allowed"
                raise Violated(words)
        for text in TOKEN.findall((legible(self.lab, wire) + whole).decode("utf-8", "replace")):
            typed = next((t for known, t in self.texts.items() if known.startswith(text)), None)
            if typed is not None and typed.private:
                message = f"{person.name} sends {text!r} in the clear ({_rows(taken)})"
                raise Violated(message)

    def data_went_out(self, person: Person, message: messages.DataMessage) -> None:
        """A Data Message went out: its counter is new, and the MAC keys in it are of no use."""
        fields_ = message.fields
        used = (person.name, fields_.next_dh, fields_.recipient_keyid, fields_.counter)
        if used in self.counters:
            words = f"{person.name} encrypts twice with counter {fields_.counter}"
            raise Violated(words)
        self.counters.add(used)
        revealed = self.lab.revealed(message.revealed)
        if revealed:
            for key in accepted(person.endpoint.suite, person.conversation):
                if key in revealed:
                    words = f"{person.name} reveals a MAC key that they still accept"
                    raise Violated(words)

    def sent_private(self, person: Person, text: Octets, ssid: Octets | None) -> None:
        """A text was sent in a private conversation."""
        readable = self.lab.readable(text)
        self.sent[readable] += 1
        if ssid is not None:
            self.under.add((readable, person.name, self.token(ssid)))

    def was_shown(self, person: Person, text: Octets, session: Session) -> None:
        """A text was shown as secure: the peer typed it, for us, and we had not seen it."""
        readable = self.lab.readable(text)
        typed = self.texts.get(readable)
        if typed is None:
            message = f"{person.name} is shown {readable!r} as secure, which nobody typed"
            raise Violated(message)
        if session.ssid is None or session.peer is None:
            message = f"{person.name} is shown {readable!r} as secure outside of a conversation"
            raise Violated(message)
        if self.keys[typed.by] != self.token(session.peer):
            message = f"{person.name} is shown {readable!r} as secure, of somebody else than typed"
            raise Violated(message)
        if (readable, typed.by, self.token(session.ssid)) not in self.under:
            message = f"{person.name} is shown {readable!r}, which was sent in no such conversation"
            raise Violated(message)
        if typed.meant_for not in {None, self.keys[person.name]}:
            message = f"{person.name} is shown {readable!r}, which was typed for another key"
            raise Violated(message)
        self.shown[readable] += 1
        if self.shown[readable] > self.sent[readable]:
            message = f"{person.name} is shown {readable!r} again, which was sent once"
            raise Violated(message)

    def gave_secret(self, person: Person, secret: str, ssid: Octets) -> None:
        """Somebody gave the secret of SMP."""
        self.secrets.setdefault((person.name, self.token(ssid)), []).append(secret)

    def smp_ended(self, person: Person, stage: notices.SmpStage, ssid: Octets) -> None:
        """SMP came to an end: the result is true."""
        session = self.token(ssid)
        ours = self.secrets.get((person.name, session), [""])[-1]
        theirs = {
            secret
            for (name, other), given in self.secrets.items()
            if other == session and name != person.name
            for secret in given
        }
        if stage is notices.SmpStage.SUCCESS and ours not in theirs:
            message = f"{person.name} is told that the secrets are equal, and they are not"
            raise Violated(message)
        if stage is notices.SmpStage.FAILURE and theirs <= {ours}:
            message = f"{person.name} is told that the secrets differ, and they do not"
            raise Violated(message)

    def standing(self, people: Mapping[str, Person]) -> None:
        """What holds between steps: what is kept, and who agrees with whom."""
        ends: dict[str, list[tuple[Person, Session]]] = {}
        for person in people.values():
            if not person.honest:
                continue
            for key, session in person.conversation.members.items():
                for what in unkept(session):
                    message = f"{person.name}, member {key:#x}: {what}"
                    raise Violated(message)
                believed = person.believes.get(key, Msg.PLAINTEXT)
                if session.message is not believed:
                    message = (
                        f"{person.name}, member {key:#x}: was told {believed.name} "
                        f"and is in {session.message.name}"
                    )
                    raise Violated(message)
                if session.message is Msg.ENCRYPTED:
                    ends.setdefault(self.token(session.ssid), []).append((person, session))
        for pair in ends.values():
            self._agreeing(pair)

    def _agreeing(self, ends: list[tuple[Person, Session]]) -> None:
        names = " and ".join(person.name for person, _ in ends)
        if len(ends) > 2:  # noqa: PLR2004 - a conversation has two ends
            message = f"{names} have one secure session id"
            raise Violated(message)
        if len(ends) < 2:  # noqa: PLR2004 - see above
            return
        (one, ours), (other, theirs) = ends
        if [self.token(ours.peer), self.token(theirs.peer)] != [
            self.keys[other.name],
            self.keys[one.name],
        ]:
            message = f"{names} have one secure session id, and are not each other's peer"
            raise Violated(message)
        if ours.initiated == theirs.initiated:
            message = f"{names} read out the same half of the secure session id first"
            raise Violated(message)


def accepted(suite: Suite, conversation: Conversation) -> Iterator[Any]:
    """Every MAC key that an endpoint would accept a Data Message under."""
    for session in conversation.members.values():
        ring = session.ring
        if ring is None:
            continue
        for ours in (ring.ours, ring.ours_previous):
            for theirs in (ring.theirs, ring.theirs_previous):
                if theirs is not None:
                    yield suite.data_keys(ours, theirs).receiving_mac


def legible(lab: Lab, wire: Wire) -> bytes:
    """What anybody can read in a message on the network."""
    if isinstance(lab, TermLab):
        return b" ".join(_texts(wire))
    octets = lab.from_network(wire)
    start = octets.find(b"?OTR:")
    if start < 0:
        return octets
    try:
        return octets + base64.b64decode(octets[start + 5 :].rstrip(b"."))
    except binascii.Error:
        return octets


OPEN = frozenset({Op.WIRE, Op.PIECE, Op.CONCAT, Op.BODY, Op.ALTERED})
"""Terms whose parts anybody can read."""


def _texts(value: object) -> Iterator[bytes]:
    """Texts in a term that are neither encrypted nor hashed."""
    if isinstance(value, Term):
        if value.op is Op.TEXT:
            yield cast("bytes", value.args[0])
        elif value.op in OPEN:
            for part in value.args:
                yield from _texts(part)
    elif is_dataclass(value):
        for part in fields(value):
            yield from _texts(getattr(value, part.name))


def _rows(taken: Taken) -> str:
    return ", ".join(fired.row for fired in taken.stepped.trace)


# The network.


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message on the network, or a fragment of one.

    Attributes:
        sender: who sent it.
        wire: the message.
        label: what it is, in words.
    """

    sender: str
    wire: Wire
    label: str


@dataclass
class Person:
    """One endpoint.

    Attributes:
        name: whose client it is.
        endpoint: the reference, perhaps under a variant.
        conversation: where it stands.
        honest: it follows the tables; what it does is judged.
        believes: what its user was told that its sessions are.
        flight: what is on its way to it, oldest first.
        piece: what was sent of a fragmented message, so far.
    """

    name: str
    endpoint: Endpoint
    conversation: Conversation
    honest: bool = True
    believes: dict[int, Msg] = field(default_factory=dict)
    flight: deque[Parcel] = field(default_factory=deque)
    piece: Octets | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """How one endpoint is set up.

    Attributes:
        policy: its policies.
        max_size: the largest message that it may send, in bytes; 0: no limit.
    """

    policy: Policy = field(default_factory=Policy)
    max_size: int = 0


@unique
class Client(Word):
    """Whose the second client is."""

    BOBS = "Bob's, as the first"
    STRANGERS = "somebody else's, with a key of their own"
    LIARS = "somebody else's, who says that their key is Bob's"


@dataclass(frozen=True, slots=True)
class Cast:
    """Who takes part, and how.

    Attributes:
        setup: how the endpoints are set up, by name.
        second: whose the second client is.
        deviation: the check that the second client's messages fail; "" for none.
        variant: under what all of them run.
        judged: whether the oracle judges every step; else only promises are watched.
    """

    setup: Mapping[str, Setting] = field(default_factory=dict)
    second: Client = Client.BOBS
    deviation: str = ""
    variant: Variant = NONE
    judged: bool = True


class Network:
    """The endpoints, and what is on its way between them.

    Args:
        lab: the suite at work.
        cast: who takes part.
        log: takes what happens, in words.

    Attributes:
        people: the endpoints, by name.
        watch: what must hold.
        now: the time, in seconds.
        arrived: what arrived, at whom, the last first.
    """

    def __init__(self, lab: Lab, cast: Cast, log: Callable[[str], None] = lambda _: None) -> None:
        self.lab = lab
        self.log = log
        self.now = 1_000_000
        self.people = {name: self._person(name, cast) for name in TAGS}
        owners = dict(zip(TAGS, TAGS, strict=True))
        if cast.second is Client.BOBS:
            owners[SECOND] = BOB
        keys = {name: lab.public_key(lab.signing_key(owner)) for name, owner in owners.items()}
        self.watch = Watch(lab, {name: lab.token(key) for name, key in keys.items()})
        self.oracle = Oracle(lab.suite) if cast.judged else None
        self.arrived: deque[tuple[str, Wire]] = deque(maxlen=KEPT)

    def _person(self, name: str, cast: Cast) -> Person:
        setting = cast.setup.get(name, Setting())
        bobs = name == SECOND and cast.second is Client.BOBS
        config = self.lab.config(
            BOB if bobs else name, TAGS[name], setting.policy, seed=name, max_size=setting.max_size
        )
        if name == SECOND and cast.second is Client.LIARS:
            config.public = self.lab.public_key(self.lab.signing_key(BOB))
        person = Person(name, Endpoint(self.lab.suite, config, cast.variant), Endpoint.begin())
        if name == SECOND and cast.deviation:
            person.honest = False
            failing = frozenset({Check[cast.deviation]})
            person.endpoint.suite = deviating(self.lab.suite, failing)
        return person

    @property
    def busy(self) -> bool:
        """Whether anything is on its way."""
        return any(person.flight for person in self.people.values())

    # What happens.

    def command(self, name: str, command: Command, to: int | None = None) -> tuple[Parcel, ...]:
        """A user asks for something, of the preferred session if there is none with an instance.

        Returns:
            What went out.

        Raises:
            Violated: if a promise is broken.
        """
        person = self.people[name]
        if to not in person.conversation.members:
            to = None
        return self._step(person, command, to)

    def receives(self, name: str, wire: Wire) -> tuple[Parcel, ...]:
        """Something arrives; returns and raises as `command`."""
        self.arrived.appendleft((name, wire))
        return self._step(self.people[name], Receive(wire))

    def settle(self) -> tuple[Parcel, ...]:
        """Everything is delivered, in order, until nothing is on its way; a second for each round.

        Time has to pass, since a text may be sent again and again for as long as it is recent: in
        version 2 two clients of one user can make each other's conversations unreadable that long.

        Raises:
            Storm: if there is no end to it.
            Violated: if another promise is broken.
        """
        sent: list[Parcel] = []
        whole = 0
        while waiting := [p for p in self.people.values() if p.flight]:
            for person in waiting:
                out = self.receives(person.name, person.flight.popleft().wire)
                sent.extend(out)
                whole += sum(1 for parcel in out if not parcel.label.startswith("fragment 2"))
            self.now += 1
            if whole > STORM:
                message = f"after {STORM} messages there is no end to them"
                raise Storm(message)
        return tuple(sent)

    def _step(self, person: Person, given: Input, to: int | None = None) -> tuple[Parcel, ...]:
        before = person.conversation
        if isinstance(given, SendText):
            session = before.members[before.best if to is None else to]
            self.watch.typed(person, self.lab.readable(given.text), session)
        stepped = person.endpoint.step(before, given, self.now, to)
        person.conversation = stepped.conversation
        taken = Taken(before, given, stepped, person.endpoint.config, self.now, to)
        for fired in stepped.trace:
            self.log(f"{person.name}: {fired.row}")
        if self.oracle is not None and person.honest:
            for objection in self.oracle.judge(taken):
                message = f"{person.name}: {objection}"
                raise Violated(message)
        parcels = self._outputs(person, taken)
        self.watch.standing(self.people)
        return parcels

    def _outputs(self, person: Person, taken: Taken) -> tuple[Parcel, ...]:
        """Everything that came out: posted, or held against what must hold."""
        parcels: list[Parcel] = []
        for output in taken.stepped.outputs:
            if isinstance(output, notices.Send):
                parcels.append(self._post(person, taken, output.wire))
            else:
                self._told(person, taken, output)
        self._gave(person, taken)
        return tuple(parcels)

    def _post(self, person: Person, taken: Taken, wire: Wire) -> Parcel:
        suite = self.lab.suite
        message: messages.Message = suite.decode(wire)
        label = NAMES[type(message)]
        legible_whole = b""
        if isinstance(message, messages.Fragment):
            label = f"{label} {message.k} of {message.n}"
            stored = suite.join(None if message.k == 1 else person.piece, message)
            person.piece = stored
            if message.k == message.n:
                whole = suite.joined(stored)
                message, legible_whole = suite.decode(whole), legible(self.lab, whole)
        self.log(f"{person.name} sends {label}")
        if person.honest:
            self.watch.went_out(person, taken, wire, legible_whole)
        if isinstance(message, messages.DataMessage):
            if person.honest:
                self.watch.data_went_out(person, message)
            if isinstance(taken.given, SendText):
                self.watch.sent_private(person, taken.given.text, _ssid(taken, message))
        parcel = Parcel(person.name, wire, label)
        for receiver in REACHES[person.name]:
            self.people[receiver].flight.append(parcel)
        return parcel

    def _told(self, person: Person, taken: Taken, notice: notices.Notice) -> None:
        after, watch = taken.stepped.conversation, self.watch
        self.log(f"{person.name} is told: {type(notice).__name__}")
        person.believes.update(belief(notice))
        match notice:
            case notices.Resent(text):
                session = after.members[_member(taken, "message:settled")]
                watch.sent_private(person, text, session.ssid)
            case notices.Shown(text, True) if person.honest:
                watch.was_shown(person, text, taken.before.members[_member(taken, "message:data")])
            case notices.SmpStaged(notices.SmpStage.SUCCESS | notices.SmpStage.FAILURE):
                ssid = taken.before.members[_member(taken, "smp:")].ssid
                if ssid is not None and person.honest:
                    watch.smp_ended(person, notice.stage, ssid)
            case _:
                pass

    def _gave(self, person: Person, taken: Taken) -> None:
        """A secret of SMP that went into a message."""
        given = taken.given
        if not isinstance(given, StartSmp | AnswerSmp) or not any(
            isinstance(output, notices.Send) for output in taken.stepped.outputs
        ):
            return
        ssid = taken.stepped.conversation.members[_member(taken, "smp:")].ssid
        if ssid is not None:
            self.watch.gave_secret(person, repr(given.secret), ssid)


def belief(notice: notices.Notice) -> dict[int, Msg]:
    """What a user who is told this knows about the state of a session."""
    match notice:
        case notices.Secured():
            return {notice.instance: Msg.ENCRYPTED}
        case notices.PeerFinished():
            return {notice.instance: Msg.FINISHED}
        case notices.Insecure():
            return {notice.instance: Msg.PLAINTEXT}
        case _:
            return {}


def _member(taken: Taken, row: str) -> int:
    """The member in which a row was taken."""
    return next(fired.member for fired in taken.stepped.trace if f".{row}" in fired.row)


def _ssid(taken: Taken, message: messages.DataMessage) -> Octets | None:
    """The secure session id under which a Data Message was sent."""
    header = message.fields.header
    key = header.receiver if header.version == TAGGED_VERSION else 0
    return taken.stepped.conversation.members[key].ssid


# What a hostile network makes of a message.

Tampering = Callable[["Suite", messages.Message], "messages.Message | None"]
K = TypeVar("K", bound=messages.Message)


def _fields(**changes: Callable[[Suite, Any], object]) -> Tampering:
    """A Data Message with other fields, and the same authenticator."""

    def tampered(suite: Suite, message: messages.Message) -> messages.Message | None:
        if not isinstance(message, messages.DataMessage):
            return None
        values: dict[str, Any] = {
            name: change(suite, getattr(message.fields, name)) for name, change in changes.items()
        }
        changed = replace(message.fields, **values)
        return replace(message, fields=changed, authenticated=suite.data_body(changed))

    return tampered


def _tag(name: str, tag: int) -> Tampering:
    """Another instance tag."""

    def tampered(suite: Suite, message: Any) -> messages.Message | None:  # noqa: ANN401 - any message
        if isinstance(message, messages.DataMessage):
            header = replace(message.fields.header, **{name: tag})
            return _fields(header=lambda _suite, _header: header)(suite, message)
        header_of: messages.Header | None = getattr(message, "header", None)
        if header_of is None or isinstance(message, messages.MalformedMessage):
            return None
        changed: messages.Message = replace(message, header=replace(header_of, **{name: tag}))
        return changed

    return tampered


def _value(kind: type[K], name: str, change: Callable[[Suite, Any], object]) -> Tampering:
    """Another value in messages of one kind."""

    def tampered(suite: Suite, message: messages.Message) -> messages.Message | None:
        if not isinstance(message, kind):
            return None
        values: dict[str, Any] = {name: change(suite, getattr(message, name))}
        return replace(message, **values)

    return tampered


TAMPERINGS: dict[str, Tampering] = {
    "another sender": _tag("sender", STRANGER),
    "another receiver": _tag("receiver", STRANGER),
    "no receiver": _tag("receiver", 0),
    "for bob": _tag("receiver", TAGS[BOB]),
    "for second": _tag("receiver", TAGS[SECOND]),
    "hash": _value(messages.DhCommit, "hashed_gx", lambda suite, x: suite.garble(x)),
    "g^x": _value(messages.DhCommit, "encrypted_gx", lambda suite, x: suite.garble(x)),
    "g^y": _value(messages.DhKey, "gy", lambda suite, _: suite.outside()),
    "MAC of Reveal Signature": _value(
        messages.RevealSignature, "mac", lambda suite, x: suite.garble_mac(x)
    ),
    "MAC of Signature": _value(
        messages.SignatureMessage, "mac", lambda suite, x: suite.garble_mac(x)
    ),
    "MAC of Data": _value(messages.DataMessage, "mac", lambda suite, x: suite.garble_mac(x)),
    "revealed MAC keys": _value(
        messages.DataMessage, "revealed", lambda suite, _: suite.literal("")
    ),
    "flags": _fields(flags=lambda _, x: x ^ 1),
    "counter": _fields(counter=lambda _, x: x + 1),
    "key id": _fields(sender_keyid=lambda _, x: x + 1),
    "next key": _fields(next_dh=lambda suite, _: suite.outside()),
    "ciphertext": _fields(encrypted=lambda suite, x: suite.garble(x)),
}
"""How a message can be altered; None where it is not of the kind."""

INVENTED = (
    "hello",
    "hello \t  \t\t\t\t \t \t \t    \t\t  \t ",
    "hello \t  \t\t\t\t \t \t \t    \t\t  \t\t",
    "?OTRv2?",
    "?OTRv3?",
    "?OTRv23?",
    "?OTR?v2?",
    "?OTRv4?",
    "?OTR Error: something",
    "?OTR:AAED.",
    "?OTR:AAMDAAAgAg==.",
    "?OTR:garbage",
    "?OTR,0,0,?OTR:AAM,",
    "?OTR,1,1,?OTRv2?,",
    "?OTR,1,2,?OTR:AAM,",
    "?OTR,2,2,DABB.,",
    "?OTR|00002002|00001001,00001,00002,?OTR:AAMK,",
    "?OTR|00001001|00000000,00001,00001,?OTRv3?,",
    "?OTR|00000001|00001001,00001,00002,?OTR:AAMK,",
    "?OTR|00001001|00000001,00001,00002,?OTR:AAMK,",
)
"""Messages that anybody can make up: plaintexts, whitespace tags, queries, fragments, garbage."""


# The rules.

ENDINGS = ("", " and more", " ?OTRv3?", "?OTR Error: no", " \t  \t\t\t\t \t \t \t    \t\t  \t\t")
SECRETS = ("apple", "pear")
QUESTIONS = (None, "which fruit?")
SILENT, PRIVATE, COMPARING, ENDED = OPENINGS = (
    "nobody has said anything",
    "alice has asked for a private conversation",
    "alice has begun SMP with an apple",
    "the others have ended the conversation",
)
DELAYS = (1, 59, 61, 3600)
SIZES = (0, 0, 0, 250, 1000)
VERSIONS = (
    *((True, True),) * 3,
    *((False, True),) * 2,
    *((True, False),) * 2,
    (False, False),
)
"""ALLOW_V2 and ALLOW_V3, as often as each pair is wanted."""

names = st.sampled_from(tuple(TAGS))
places = st.integers(0, 5)
instances = st.sampled_from((None, *TAGS.values()))


@st.composite
def settings_of_endpoints(draw: st.DrawFn) -> Setting:
    """Any policy, and a size of fragments."""
    v2, v3 = draw(st.sampled_from(VERSIONS))
    flags = draw(st.tuples(*(st.booleans() for _ in range(4))))
    return Setting(Policy(v2, v3, *flags), draw(st.sampled_from(SIZES)))


def _anyone(_network: Network, who: str, to: int | None) -> tuple[str, int | None]:
    """Whoever is named."""
    return who, to


def _asked(network: Network, who: str, to: int | None) -> tuple[str, int | None]:
    """Whoever is asked for the secret of SMP; whoever is named, if nobody is."""
    for name, person in network.people.items():
        for key, session in person.conversation.members.items():
            if session.smp_asked:
                return name, key
    return who, to


@dataclass(frozen=True, slots=True)
class UserRule:
    """How a user's event is made.

    Attributes:
        command: the command that it is.
        takes: what the command is made from.
        whose: who does it, and in which session.
    """

    command: Callable[..., Command]
    takes: dict[str, SearchStrategy[Any]] = field(default_factory=dict)
    whose: Callable[[Network, str, int | None], tuple[str, int | None]] = _anyone


def _says(machine: Machine, who: str, ending: str) -> Command:
    return SendText(machine.network.lab.text(machine.new_text(who) + ending))


def _starts_smp(machine: Machine, _who: str, secret: str, question: str | None) -> Command:
    lab = machine.network.lab
    asked = None if question is None else lab.text(question)
    return StartSmp(lab.passphrase(secret), asked)


def _answers_smp(machine: Machine, _who: str, secret: str) -> Command:
    return AnswerSmp(machine.network.lab.passphrase(secret))


def _uses_key(machine: Machine, _who: str) -> Command:
    return UseExtraKey(1, machine.network.lab.text("file"))


secrets = st.sampled_from(SECRETS)
USER_RULES: dict[Event, UserRule] = {
    Event.USER_START: UserRule(lambda _machine, _who: Start()),
    Event.USER_SEND: UserRule(_says, {"ending": st.sampled_from(ENDINGS)}),
    Event.USER_END: UserRule(lambda _machine, _who: End()),
    Event.USER_HEARTBEAT: UserRule(lambda _machine, _who: Heartbeat()),
    Event.USER_EXTRA_KEY: UserRule(_uses_key),
    Event.USER_SMP_START: UserRule(
        _starts_smp, {"secret": secrets, "question": st.sampled_from(QUESTIONS)}
    ),
    Event.USER_SMP_ANSWER: UserRule(_answers_smp, {"secret": secrets}, _asked),
    Event.USER_SMP_ABORT: UserRule(lambda _machine, _who: AbortSmp()),
}
"""For each event of a user's in the tables, how it is made."""

Sent = MultipleResults[Parcel]


class Machine(RuleBasedStateMachine):
    """The rules of the network. `make_machine` adds those of the users, and the lab.

    Attributes:
        network: the endpoints.
    """

    network: Network
    recorded = Bundle[Parcel]("recorded")

    @staticmethod
    def lab() -> Lab:
        """A lab in which nothing has happened.

        Raises:
            NotImplementedError: `make_machine` says which.
        """
        raise NotImplementedError

    variant: Variant = NONE
    judged: bool = True

    @initialize(
        target=recorded,
        alice=settings_of_endpoints(),
        bob=settings_of_endpoints(),
        second=settings_of_endpoints(),
        second_client=st.sampled_from(Client),
        deviation=st.just("") | st.sampled_from(sorted(check.name for check in DEVIATIONS)),
        opening=st.sampled_from(OPENINGS),
    )
    def meet(  # noqa: PLR0913 - everything that can differ from the start
        self,
        alice: Setting,
        bob: Setting,
        second: Setting,
        *,
        second_client: Client,
        deviation: str,
        opening: str,
    ) -> Sent:
        """The endpoints are set up; perhaps Alice and Bob have talked already."""
        setup = {ALICE: alice, BOB: bob, SECOND: second}
        self.texts = 0
        cast = Cast(setup, second_client, deviation, self.variant, self.judged)
        self.network = Network(self.lab(), cast, lambda line: note(f"    {line}"))
        sent: list[Parcel] = []
        for name, command in self._opening(opening):
            sent.extend((*self.network.command(name, command), *self.network.settle()))
        return multiple(*sent)

    def _opening(self, opening: str) -> Iterator[tuple[str, Command]]:
        """What was done before, and everything delivered each time."""
        if opening != SILENT:
            yield ALICE, Start()
        if opening == COMPARING:
            yield ALICE, StartSmp(self.network.lab.passphrase(SECRETS[0]))
        if opening == ENDED:
            yield from ((BOB, End()), (SECOND, End()))

    def new_text(self, who: str) -> str:
        """A text that nobody has typed before."""
        self.texts += 1
        return f"said-{self.texts:04}-by-{who}"

    @rule(target=recorded, to=names, place=places)
    @precondition(lambda self: self.network.busy)
    def deliver(self, to: str, place: int) -> Sent:
        """A message that is on its way arrives: the oldest, or a later one."""
        person = self._awaiting(to)
        parcel = person.flight[place % len(person.flight)]
        person.flight.remove(parcel)
        return self._arrives(person.name, parcel.wire, parcel.label)

    @rule(target=recorded, to=names, place=places)
    @precondition(lambda self: self.network.busy)
    def deliver_early(self, to: str, place: int) -> Sent:
        """A message that is on its way arrives, and stays on its way."""
        person = self._awaiting(to)
        parcel = person.flight[place % len(person.flight)]
        return self._arrives(person.name, parcel.wire, parcel.label)

    @rule(target=recorded, back=st.integers(0, 3))
    @precondition(lambda self: self.network.arrived)
    def repeat(self, back: int) -> Sent:
        """A message that has arrived, the last or one before, arrives again."""
        name, wire = self.network.arrived[back % len(self.network.arrived)]
        return self._arrives(name, wire, "the same")

    @rule(to=names, place=places)
    @precondition(lambda self: self.network.busy)
    def lose(self, to: str, place: int) -> None:
        """A message that is on its way is lost."""
        person = self._awaiting(to)
        del person.flight[place % len(person.flight)]

    @rule(to=names)
    @precondition(lambda self: self.network.busy)
    def lose_all(self, to: str) -> None:
        """Everything on its way to somebody is lost."""
        self._awaiting(to).flight.clear()

    def _awaiting(self, to: str) -> Person:
        """Whoever is named, or the next to whom something is on its way."""
        people = tuple(self.network.people.values())
        at = tuple(TAGS).index(to)
        return next(person for person in (*people[at:], *people[:at]) if person.flight)

    @rule(target=recorded)
    def settle(self) -> Sent:
        """Everything is delivered, in order."""
        return multiple(*self.network.settle())

    @rule(target=recorded, parcel=recorded, to=names)
    def replay(self, parcel: Parcel, to: str) -> Sent:
        """A message that was sent at any time before arrives, at whoever."""
        return self._arrives(to, parcel.wire, parcel.label)

    @rule(target=recorded, parcel=recorded, to=names, what=st.sampled_from(sorted(TAMPERINGS)))
    def tamper(self, parcel: Parcel, to: str, what: str) -> Sent:
        """A message that was sent arrives altered."""
        suite = self.network.lab.suite
        altered = TAMPERINGS[what](suite, suite.decode(parcel.wire))
        if altered is None:
            return multiple()
        return self._arrives(to, suite.encode(altered), f"{parcel.label}, altered: {what}")

    @rule(target=recorded, to=names, text=st.sampled_from(INVENTED))
    def invent(self, to: str, text: str) -> Sent:
        """Something arrives that nobody sent."""
        return self._arrives(to, self.network.lab.wire(text), repr(text))

    @rule(seconds=st.sampled_from(DELAYS))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.network.now += seconds

    def _arrives(self, to: str, wire: Wire, label: str) -> Sent:
        self.network.log(f"{label} reaches {to}")
        return multiple(*self.network.receives(to, wire))


def _user_rule(event: Event) -> Callable[..., Sent]:
    """The rule for an event of a user's."""
    made = USER_RULES[event]

    made_rule: Callable[..., Callable[[Callable[..., Sent]], Callable[..., Sent]]] = rule

    def happens(self: Machine, who: str, to: int | None, *, at_once: bool, **takes: object) -> Sent:
        who, to = made.whose(self.network, who, to)
        sent = self.network.command(who, made.command(self, who, **takes), to)
        return multiple(*sent, *(self.network.settle() if at_once else ()))

    happens.__name__ = happens.__qualname__ = event.name.lower()
    happens.__doc__ = event.meaning
    arguments: dict[str, SearchStrategy[Any]] = {
        "who": names,
        "to": instances,
        "at_once": st.booleans(),
        **made.takes,
    }
    return made_rule(target=Machine.recorded, **arguments)(happens)


def make_machine(
    lab: Callable[[], Lab], *, variant: Variant = NONE, judged: bool = True
) -> type[Machine]:
    """A machine for Hypothesis.

    Args:
        lab: makes the lab of each run.
        variant: a fault that all endpoints have, to see whether it is found.
        judged: whether the oracle judges every step; else only the promises of OTR are watched.
    """
    rules = {
        event.name.lower(): _user_rule(event) for event in Event if event.origin is Origin.USER
    }
    members = {"lab": staticmethod(lab), "variant": variant, "judged": judged, **rules}
    return type("Conversation", (Machine,), members)


def campaign(
    machine: type[Machine],
    *,
    examples: int,
    steps: int = 40,
    repeatable: bool = False,
    shrink: bool = True,
) -> None:
    """Run a machine.

    Args:
        machine: from `make_machine`.
        examples: how many runs.
        steps: rules in each of them at most.
        repeatable: the same runs every time.
        shrink: whether a failure is made as small as possible.

    Raises:
        Violated: if a promise is broken; the script that leads there is printed.
    """
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=repeatable,
            database=None,
            deadline=None,
            phases=phases,
            suppress_health_check=tuple(HealthCheck),
        ),
    )
