"""The stage of OTRv3: the reference as a party, and what its messages show.

What every protocol's stage does is in `otr_conformance.play.stage`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from otr_conformance.play.stage import UNLUCKY, Acts, NoSuchMessage, Party, Reaction, Report, Stuck
from otr_conformance.play.stage import Stage as AnyStage
from otr_model.kernel.variant import NONE, Variant
from otr_model.kernel.vocabulary import Point
from otr_reference.otrv3 import notices
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
from otr_reference.otrv3.deviations import counting_from, derived, deviating, overriding
from otr_reference.otrv3.endpoint import Endpoint
from otr_reference.otrv3.messages import (
    Content,
    DataMessage,
    DhCommit,
    DhKey,
    ErrorMessage,
    Fragment,
    Header,
    MalformedMessage,
    Message,
    OtherVersion,
    Plaintext,
    Query,
    RevealSignature,
    SignatureMessage,
    TaggedPlaintext,
)
from otr_reference.otrv3.session import Policy
from otr_reference.otrv3.step import Otrv3Step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otr_conformance.play.labs import Lab as AnyLab
    from otr_conformance.play.stage import Seen
    from otr_reference.otrv3.endpoint import Stepped
    from otr_reference.otrv3.messages import Tlv
    from otr_reference.otrv3.session import Config, Conversation
    from otr_reference.otrv3.suite import Suite
    from otr_reference.sorts import Element, Key, Octets, Wire

    from .labs import Lab

__all__ = [
    "ACTS",
    "NAMES",
    "TARGET_TAG",
    "TESTER_TAG",
    "THIRD_TAG",
    "Cast",
    "ReferenceParty",
    "Stage",
    "Target",
    "reference_target",
    "report_of",
    "set_stage",
]

NAMES: dict[type, str] = {
    DhCommit: "D-H Commit",
    DhKey: "D-H Key",
    RevealSignature: "Reveal Signature",
    SignatureMessage: "Signature",
    Fragment: "fragment",
    DataMessage: "Data",
    Query: "Query",
    Plaintext: "plaintext",
    TaggedPlaintext: "tagged plaintext",
    MalformedMessage: "malformed message",
    ErrorMessage: "Error",
    OtherVersion: "message of another version",
}
TESTER_TAG, TARGET_TAG, THIRD_TAG = 0x1001, 0x2002, 0x3003
NOBODYS_TAG = 0x5005
LATE = 3600
"""Seconds after which a heartbeat is due where there are pauses."""
EXCHANGE = (DhCommit, DhKey, RevealSignature, SignatureMessage)
MALFORMED, ANOTHER_VERSION = "?OTR:AAMK.", "?OTR:AAkC."
"""A message that ends too early, and one of version 9."""
ACTS: Acts[Command] = Acts(
    Start, SendText, End, StartSmp, AnswerSmp, AbortSmp, UseExtraKey, Heartbeat
)
ATTEMPTS = 1 << 14
"""How often the tester draws until its hash is as wanted: a target's own is as it is."""


class ReferenceParty(Party[Command]):
    """The reference as a party.

    Attributes:
        conversation: where it stands.
        sound: the suite by which it deviates in nothing.
        judge: told of every step: where it stood, what it was given, what it did, when, and for
            which instance it was meant.
        addressed: the instance that its user's commands are for; None: whichever is preferred.
    """

    judge: Callable[[Conversation, Command | Receive, Stepped, int, int | None], None] | None = None
    addressed: int | None = None

    def __init__(self, lab: Lab, config: Config, variant: Variant = NONE) -> None:
        self.lab = lab
        self.config = config
        self.variant = variant
        self.sound = lab.suite
        self.endpoint = Endpoint(lab.suite, config, variant)
        applied = self.endpoint.applied
        if applied.falsified or applied.overrides:
            deviant = deviating(lab.suite, applied.falsified)
            self.endpoint.suite = overriding(deviant, applied.overrides)
        self.conversation: Conversation = self.endpoint.begin()
        self.now = 1_000_000

    def command(self, command: Command) -> Reaction:
        """One step."""
        return self._take(command)

    def receive(self, wire: Wire) -> Reaction:
        """One step."""
        return self._take(Receive(wire))

    def wait(self, seconds: int) -> Reaction:
        """The clock goes on; the reference does nothing on its own."""
        self.now += seconds
        return Reaction()

    def _take(self, given: Command | Receive) -> Reaction:
        before = self.conversation
        asks = not isinstance(given, Receive) and self.addressed in before.members
        to = self.addressed if asks else None
        stepped = self.endpoint.step(before, given, self.now, to)
        if self.judge is not None:
            self.judge(before, given, stepped, self.now, to)
        self.conversation = stepped.conversation
        reports = tuple(
            report_of(self.lab, o) for o in stepped.outputs if not isinstance(o, notices.Send)
        )
        honest = self._honestly(lambda: self.endpoint.step(before, given, self.now, to).outputs)
        said = _said(self.lab, given, stepped.outputs)
        return Reaction(_wires(stepped.outputs), reports, stepped.trace, said, honest)

    def _honestly(self, step: Callable[[], Iterable[notices.Output]]) -> tuple[Wire, ...] | None:
        """What a step would have sent without the deviation; None where there is none."""
        deviant = self.endpoint.suite
        if not self.twinned or deviant is self.sound:
            return None
        self.endpoint.suite = self.sound
        try:
            return _wires(step())
        finally:
            self.endpoint.suite = deviant

    def reseed(self, seed: str) -> None:
        """Draw from another seed from now on."""
        config = self.config
        self.endpoint.config.seed = self.lab.seed(seed)
        self.config = config

    def send(self, content: Content, flags: int, *, cut_off: bool) -> Reaction:
        """Send a Data Message that no command asks for; see `Stage.tester_sends`."""
        before = self.conversation
        run = self._sent(before, content, flags, cut_off=cut_off)
        self.conversation = run.shared
        honest = self._honestly(lambda: self._sent(before, content, flags, cut_off=cut_off).outputs)
        said = (self.lab.readable(content.text),)
        return Reaction(_wires(run.outputs), said=said, honest=honest)

    def _sent(
        self, before: Conversation, content: Content, flags: int, *, cut_off: bool
    ) -> Otrv3Step:
        suite = self.endpoint.suite
        if cut_off:
            suite = derived(suite, seal=_sealed_cut_off)
        run = Otrv3Step(before, suite, self.endpoint.config, Heartbeat(), self.now)
        run.key = before.best
        member = run.own()
        member.sent += 1
        member.unrevealed = 0
        member.last_sent = self.now
        run.send_data(content, flags)
        return run


def _version(message: Message) -> int:
    """The version in the header of a message; 0 where it has none."""
    body = message.fields if isinstance(message, DataMessage) else message
    header: Header | None = getattr(body, "header", None)
    return 0 if header is None else header.version


def _wires(outputs: Iterable[notices.Output]) -> tuple[Wire, ...]:
    """What goes to the network."""
    return tuple(o.wire for o in outputs if isinstance(o, notices.Send))


def _said(lab: AnyLab, given: object, outputs: Iterable[notices.Output]) -> tuple[str, ...]:
    """Texts that may have gone out protected."""
    typed = (given.text,) if isinstance(given, SendText) else ()
    stored = (o.text for o in outputs if isinstance(o, notices.Resent))
    return tuple(lab.readable(text) for text in (*typed, *stored))


def _sealed_cut_off(suite: Suite, key: Key, counter: int, content: Content) -> Octets:
    """The last TLV, which is empty, says that it has one byte."""
    return suite.garble(suite.seal(key, counter, content))


def report_of(lab: AnyLab, notice: notices.Notice) -> Report:
    """What the user is told, as a report."""
    detail = ""
    match notice:
        case notices.Shown(text, secure):
            detail = f"{'private' if secure else 'open'} {lab.readable(text)}"
        case notices.Unprocessed(wire):
            detail = f"open {lab.shown(wire)}"
        case notices.Warned(about):
            detail = about.label
        case notices.NotSent():
            detail = "not-sent"
        case notices.Secured():
            detail = f"v{notice.version} {lab.token(notice.ssid)} {notice.bold_first}"
        case notices.SmpStaged(stage, question):
            detail = stage.label + ("" if question is None else f" {lab.readable(question)}")
        case notices.ExtraKey():
            detail = f"{notice.use:#x} {lab.readable(notice.data)} {lab.token(notice.key)}"
        case _:
            pass
    what = WHAT[type(notice)]
    if isinstance(notice, notices.Secured) and notice.refreshed:
        what = "still-secure"
    return Report(what, detail)


WHAT: dict[type, str] = {
    notices.Shown: "message",
    notices.Unprocessed: "message",
    notices.Warned: "warning",
    notices.NotSent: "warning",
    notices.ErrorShown: "error",
    notices.Secured: "secure",
    notices.PeerFinished: "finished",
    notices.Insecure: "insecure",
    notices.Resent: "resent",
    notices.Refused: "refused",
    notices.SmpStaged: "smp",
    notices.ExtraKey: "extra-key",
}


@dataclass
class Stage(AnyStage[Command, Message, DataMessage]):
    """One play of a case.

    Attributes:
        target_tag: the target's instance tag, as its messages say.
    """

    lab: Lab
    tester: ReferenceParty
    target_tag: int = TARGET_TAG
    _clients: dict[int, ReferenceParty] = field(default_factory=dict)
    _given: list[Octets] = field(default_factory=list)
    _offered: list[Element] = field(default_factory=list)
    _pieces: Octets | None = None

    # What no user can ask for.

    def tester_sends(
        self, *tlvs: Tlv, text: str = "", flags: int = 0, cut_off: bool = False
    ) -> None:
        """The tester sends a Data Message with a text and TLVs of any kind.

        `cut_off`: the last of the TLVs, which must be empty, says that it has one byte.
        """
        kinds = ", ".join(type(tlv).__name__ for tlv in tlvs)
        with self.seeing(f"the tester sends {text!r} with {kinds or 'nothing'}"):
            content = Content(self.lab.text(text), tlvs)
            self.absorb_tester(self.tester.send(content, flags, cut_off=cut_off))

    def tester_behaves(self) -> None:
        """From now on the tester deviates in nothing that it sends."""
        self.log.append("the tester behaves from now on")
        self.tester.endpoint.suite = self.tester.sound

    def tester_counts_from(self, first: int) -> None:
        """The tester numbers its D-H keys from another number than 1."""
        self.log.append(f"the tester's first key id is {first:#x}")
        self.tester.sound = counting_from(self.lab.suite, first)
        self.tester.endpoint.suite = self.tester.sound

    def tester_draws_zeros(self) -> None:
        """From now on each r that the tester draws begins with a zero byte."""
        self.log.append("each r of the tester's begins with a zero byte from now on")
        self.tester.endpoint.suite = self.lab.zeros_first(self.tester.endpoint.suite)

    def tester_becomes(self, name: str) -> None:
        """From now on the tester is somebody else, with another long-term key."""
        self.log.append(f"the tester is {name} from now on")
        config = self.tester.endpoint.config
        config.signing = self.lab.signing_key(name)
        config.public = self.lab.public_key(config.signing)

    def tester_forgets(self) -> None:
        """The tester loses everything that it remembers, and never draws the same again."""
        self.log.append("the tester forgets everything")
        draws = self.tester.conversation.draws
        self.tester.conversation = self.tester.endpoint.begin()
        self.tester_draws_from(draws)

    def tester_draws_from(self, draws: int) -> None:
        """The tester draws as if it had drawn so often: what it draws again is the same again."""
        self.tester.conversation = self.tester.conversation.clone()
        self.tester.conversation.draws = draws

    def tester_at(self, tag: int) -> None:
        """From now on the tester is another client of the same user, with this instance tag.

        What is on its way to the tester reaches whichever client is at work when it is delivered.
        """
        self.log.append(f"the tester is the client {tag:#x} from now on")
        here = self.tester
        self._clients[here.endpoint.config.our_tag] = here
        if tag not in self._clients:
            config = replace(
                here.endpoint.config, our_tag=tag, seed=self.lab.seed(f"tester at {tag:#x}")
            )
            self._clients[tag] = ReferenceParty(self.lab, config, here.variant)
        self.tester = self._clients[tag]
        interval = here.endpoint.config.heartbeat_interval
        self.tester.endpoint.config.heartbeat_interval = interval
        self.tester.twinned = here.twinned
        self.tester.now = here.now

    # What the network does.

    def sends(self, message: Message, what: str) -> None:
        """A message that the tester's suite encodes reaches the target."""
        self.reaches(self.tester.endpoint.suite.encode(message), what)

    # What only a stage can arrange.

    def tester_commits(self, *, higher: bool) -> None:
        """The tester takes the target's Query and sends a D-H Commit with a higher (lower) hash.

        The target's own D-H Commit must be on its way to the tester, behind the Query or first.
        """
        theirs = next(
            (m.hashed_gx for m in map(self.decode, self.to_tester) if isinstance(m, DhCommit)),
            None,
        )
        if theirs is None:
            message = "the target has sent no D-H Commit to compare with"
            raise Stuck(message)
        before = self.tester.conversation
        endpoint = self.tester.endpoint
        query = endpoint.suite.encode(Query(frozenset(_versions(endpoint.config))))
        for attempt in range(ATTEMPTS):
            self.tester.conversation = before
            self.tester.reseed(f"tester commits {attempt}")
            reaction = self.tester.receive(query)
            commitment = self.tester.conversation.members[0].commitment
            if commitment is None:
                break
            ours = commitment.hashed
            if self.lab.decide(ours, theirs) if higher else self.lab.decide(theirs, ours):
                self.log.append(f"the tester sends a D-H Commit, {'higher' if higher else 'lower'}")
                self.absorb_tester(reaction)
                return
        raise Stuck(UNLUCKY)

    def _versions(self) -> frozenset[int]:
        config = self.tester.endpoint.config
        return frozenset(v for v, yes in {2: config.allow_v2, 3: config.allow_v3}.items() if yes)

    # Seeing.

    def decode(self, wire: Wire) -> Message:
        """A message, by the tester's suite."""
        return self.lab.suite.decode(wire)

    def kind_of(self, message: Message) -> str:
        """Its name, its version, and for a text what it says."""
        name = NAMES[type(message)]
        match message:
            case Query(versions):
                return f"{name} {_versions_text(versions)}"
            case TaggedPlaintext(text, versions):
                return f"{name} {self.lab.readable(text)!r} {_versions_text(versions)}"
            case Plaintext(text):
                return f"{name} {self.lab.readable(text)!r}"
            case MalformedMessage(where, reason):
                return f"{name} ({where}: {reason})"
            case ErrorMessage() | OtherVersion():
                return name
            case _:
                fields = message.fields if isinstance(message, DataMessage) else message
                return f"{name} v{fields.header.version}"

    def data_of(self, message: Message) -> DataMessage | None:
        """The message, if it is a Data Message."""
        return message if isinstance(message, DataMessage) else None

    def is_under(self, message: DataMessage, key: Key) -> bool:
        """Whether a key is the one that the Data Message's MAC was made with."""
        suite = self.lab.suite
        return suite.same(suite.data_mac(key, message.authenticated), message.mac)

    def keys_revealed(self, message: DataMessage) -> tuple[Key, ...]:
        """The old MAC keys in a Data Message, one by one."""
        return self.lab.revealed(message.revealed)

    def whole(self, wire: Wire) -> Message | None:
        """The message, put together where it comes in fragments; None while one is incomplete."""
        message = self.decode(wire)
        if not isinstance(message, Fragment):
            return message
        stored = None if message.k == 1 else self._pieces
        joined = self.lab.suite.join(stored, message)
        self._pieces = joined
        if message.k < message.n:
            return None
        self._pieces = None
        return self.decode(self.lab.suite.joined(joined))

    def wrong_at(self, point: Point, wire: Wire) -> Wire | None:
        """Something malformed, of another version, or the same for another instance."""
        match point:
            case Point.ENCODING:
                return self.lab.wire(MALFORMED)
            case Point.VERSION:
                return self.lab.wire(ANOTHER_VERSION)
            case Point.INSTANCE:
                return self._for_another(self.decode(wire))
            case _:
                return None

    def _for_another(self, message: Message) -> Wire:
        """The same message for another instance.

        Raises:
            NoSuchMessage: if it is for none.
        """
        suite = self.lab.suite
        if _version(message) == 2:  # noqa: PLR2004 - the version that has no tags
            raise NoSuchMessage(NAMES[type(message)])
        if isinstance(message, DataMessage):
            fields = message.fields
            fields = replace(fields, header=replace(fields.header, receiver=NOBODYS_TAG))
            body = suite.data_body(fields)
            return suite.encode(replace(message, fields=fields, authenticated=body))
        header: Header | None = getattr(message, "header", None)
        if header is None:
            raise NoSuchMessage(NAMES[type(message)])
        elsewhere: Any = message
        return suite.encode(replace(elsewhere, header=replace(header, receiver=NOBODYS_TAG)))

    def pauses(self, seconds: int) -> None:
        """As for any protocol; heartbeats are due as late as can be waited for."""
        super().pauses(seconds)
        for party in (self.tester, self.target):
            if isinstance(party, ReferenceParty):
                party.endpoint.config.heartbeat_interval = LATE

    def asks_again(self, message: Message) -> bool:
        """A Query Message, once a message of the AKE has come, and until a conversation ends."""
        return isinstance(message, Query) and any(
            isinstance(self.decode(arrival.wire), EXCHANGE)
            for arrival in self.arrivals[self.ended :]
        )

    def noted(self, message: Message) -> None:
        """Note the target's instance tag."""
        match message:
            case DhCommit(header) | DhKey(header) if header.sender:
                self.target_tag = header.sender
            case _:
                pass

    def noted_data(self, message: DataMessage, seen: Seen) -> None:
        """Note which D-H keys a Data Message of the target's is under, and offers."""
        suite, fields = self.lab.suite, message.fields
        seen.addressed.add(f"key {fields.recipient_keyid} of the tester's")
        if not any(suite.same(fields.next_dh, known) for known in self._offered):
            self._offered.append(fields.next_dh)
            seen.renewed += 1

    def again(self, message: Message) -> str:
        """Whether the target uses a D-H key or r that it used or committed to before: " again".

        The specification says which are to be the same and which are to be new.
        """
        suite = self.lab.suite
        match message:
            case DhCommit():
                given = message.hashed_gx
            case DhKey():
                any_key = suite.fresh_key(self.lab.seed("stage"), 1)
                given = suite.commit(any_key, message.gy).hashed
            case RevealSignature():
                given = message.revealed_key
            case _:
                return ""
        if any(suite.same(given, known) for known in self._given):
            return " again"
        self._given.append(given)
        return ""


def _versions_text(versions: frozenset[int]) -> str:
    return f"offering {''.join(map(str, sorted(versions)))}"


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays: policies, versions, sizes and the tester's deviation.

    Attributes:
        target: the target's policy.
        tester: the tester's policy.
        variant: how the tester deviates.
        max_size: the largest message that the target may send, in bytes; 0: no limit.
        tester_size: the same for the tester.
    """

    target: Policy = field(default_factory=Policy)
    tester: Policy = field(default_factory=Policy)
    variant: Variant = NONE
    max_size: int = 0
    tester_size: int = 0

    @property
    def versions(self) -> tuple[int, ...]:
        """The versions that the target's policy allows; none: OTR is disabled."""
        return _versions(self.target)


Target = Callable[["Lab", Cast], Party[Command]]
"""What makes a target."""


def _versions(policy: Policy | Config) -> tuple[int, ...]:
    """The versions that a policy allows, ascending."""
    return tuple(v for v, yes in {2: policy.allow_v2, 3: policy.allow_v3}.items() if yes)


def set_stage(lab: Lab, cast: Cast, target: Target) -> Stage:
    """A stage on which nothing has happened yet."""
    config = lab.config("tester", TESTER_TAG, cast.tester, max_size=cast.tester_size)
    return Stage(lab, ReferenceParty(lab, config, cast.variant), target(lab, cast), ACTS)


def reference_target(variant: Variant = NONE) -> Target:
    """The reference as the target, under a variant."""

    def make(lab: Lab, cast: Cast) -> Party[Command]:
        config = lab.config("target", TARGET_TAG, cast.target, max_size=cast.max_size)
        return ReferenceParty(lab, config, variant)

    return make
