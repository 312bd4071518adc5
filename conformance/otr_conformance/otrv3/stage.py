"""The stage on which a case is played: a tester, a target, and the network between them.

The tester is the reference, perhaps with one deviation. The target is whatever is tested. A case is
a function that says what both do and what the network does; what the target sends and tells its
user is *observed*, step by step, in terms that do not depend on anybody's randomness.

Nothing here says what is right. A case is played twice, with the reference as the target and with
the real one, and the observations are compared (`otr_conformance.otrv3.grade`): the tables
predict.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from otr_model.kernel.variant import NONE, Variant
from otr_reference.errors import OtrSpecError
from otr_reference.otrv3 import notices
from otr_reference.otrv3.commands import (
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
from otr_reference.otrv3.deviations import derived, deviating
from otr_reference.otrv3.endpoint import Endpoint
from otr_reference.otrv3.messages import (
    Content,
    DataMessage,
    DhCommit,
    DhKey,
    ErrorMessage,
    Fragment,
    MalformedMessage,
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
    from collections.abc import Callable, Iterable

    from otr_model.trace import Fired
    from otr_reference.otrv3.commands import Command
    from otr_reference.otrv3.messages import DataFields, Message, Tlv
    from otr_reference.otrv3.session import Config, Conversation
    from otr_reference.otrv3.suite import Suite
    from otr_reference.sorts import Element, Key, Octets, Wire

    from .labs import Lab

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
STORM = 400
"""Deliveries in one `settle` after which the two sides are taken never to come to rest."""
ATTEMPTS = 1 << 14
"""How often the tester draws until its hash is as wanted: a target's own is as it is."""


class Stuck(OtrSpecError):
    """The case cannot go on: what it wants to deliver was never sent."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a user was told, in words that are equal for equal things.

    Attributes:
        what: as in the shim protocol: "message", "secure", "smp", ...
        detail: what has to be equal.
    """

    what: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.what} {self.detail}".strip()


@dataclass(frozen=True, slots=True)
class Reaction:
    """What one input caused.

    Attributes:
        wires: messages for the network, in order.
        reports: what the user was told, in order.
        trace: the rows taken, where the party is the reference.
    """

    wires: tuple[Wire, ...] = ()
    reports: tuple[Report, ...] = ()
    trace: tuple[Fired, ...] = ()


class Party(ABC):
    """One side of the conversation."""

    @abstractmethod
    def command(self, command: Command) -> Reaction:
        """The user asks for something."""

    @abstractmethod
    def receive(self, wire: Wire) -> Reaction:
        """Something arrives."""

    @abstractmethod
    def wait(self, seconds: int) -> Reaction:
        """Time passes."""


class ReferenceParty(Party):
    """The reference as a party.

    Attributes:
        conversation: where it stands.
    """

    def __init__(self, lab: Lab, config: Config, variant: Variant = NONE) -> None:
        self.lab = lab
        self.config = config
        self.variant = variant
        self.endpoint = Endpoint(lab.suite, config, variant)
        falsified = self.endpoint.applied.falsified
        if falsified:
            self.endpoint.suite = deviating(lab.suite, falsified)
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
        stepped = self.endpoint.step(self.conversation, given, self.now)
        self.conversation = stepped.conversation
        wires = tuple(o.wire for o in stepped.outputs if isinstance(o, notices.Send))
        reports = tuple(
            report_of(self.lab, o) for o in stepped.outputs if not isinstance(o, notices.Send)
        )
        return Reaction(wires, reports, stepped.trace)

    def reseed(self, seed: str) -> None:
        """Draw from another seed from now on."""
        config = self.config
        self.endpoint.config.seed = self.lab.seed(seed)
        self.config = config

    def send(self, content: Content, flags: int, *, cut_off: bool) -> Reaction:
        """Send a Data Message that no command asks for; see `Stage.tester_sends`."""
        suite = self.endpoint.suite
        if cut_off:
            suite = derived(suite, seal=_sealed_cut_off)
        run = Otrv3Step(self.conversation, suite, self.endpoint.config, Heartbeat(), self.now)
        run.key = self.conversation.best
        member = run.own()
        member.sent += 1
        member.unrevealed = 0
        member.last_sent = self.now
        run.send_data(content, flags)
        self.conversation = run.shared
        return Reaction(tuple(o.wire for o in run.outputs if isinstance(o, notices.Send)))


def _sealed_cut_off(suite: Suite, key: Key, counter: int, content: Content) -> Octets:
    """The last TLV, which is empty, says that it has one byte."""
    return suite.garble(suite.seal(key, counter, content))


def report_of(lab: Lab, notice: notices.Notice) -> Report:
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


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen of the target in one step of a case, and what the tester made of it.

    Attributes:
        step: what the case did, in words.
        wires: kinds of messages that the target sent, fragments put together.
        reports: what the target told its user.
        peer: what the tester told its user, having received what the target sent.
        failed: checks that failed at the tester.
        revealed: which of the tester's Data Messages anybody could forge from now on, because the
            target made their MAC key public; numbered as they reached the target first.
        refused: which of them failed a check at the target, where it is the reference.
        renewed: how many D-H keys the target's Data Messages offered for the first time.
        addressed: the ids of the tester's keys that the target's Data Messages were under.
    """

    step: str
    wires: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    peer: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    revealed: tuple[int, ...] = ()
    refused: tuple[int, ...] = ()
    renewed: int = 0
    addressed: tuple[int, ...] = ()


@dataclass
class Stage:
    """One play of a case.

    Attributes:
        lab: the suite at work.
        tester: our side.
        target: the side that is tested.
        to_target: what is on its way to the target, oldest first.
        to_tester: what is on its way to the tester.
        observations: what was seen so far.
        fired: the rows that the target took, where it is the reference.
        log: everything in order, for people.
        target_tag: the target's instance tag, as its messages say.
        looks_back: MAC keys of the time before the conversation was refreshed are looked for, too.
    """

    lab: Lab
    tester: ReferenceParty
    target: Party
    to_target: list[Wire] = field(default_factory=list)
    to_tester: list[Wire] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    fired: list[Fired] = field(default_factory=list)
    tester_fired: list[Fired] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    target_tag: int = TARGET_TAG
    looks_back: bool = False
    _clients: dict[int, ReferenceParty] = field(default_factory=dict)
    _given: list[Octets] = field(default_factory=list)
    _offered: list[Element] = field(default_factory=list)
    _reached: list[_Reached] = field(default_factory=list)
    _public: list[Key] = field(default_factory=list)
    _open: _Seen | None = None
    _secured: dict[str, str] = field(default_factory=dict)
    _pieces: list[Octets | None] = field(default_factory=lambda: [None])

    # What the users do.

    def target_starts(self) -> None:
        """The target's user asks for a private conversation."""
        self._target("the target's user starts", Start())

    def tester_starts(self) -> None:
        """The tester's user asks for a private conversation."""
        self._tester("the tester's user starts", Start())

    def target_says(self, text: str) -> None:
        """The target's user types."""
        self._target(f"the target's user types {text!r}", SendText(self.lab.text(text)))

    def tester_says(self, text: str) -> None:
        """The tester's user types."""
        self._tester(f"the tester's user types {text!r}", SendText(self.lab.text(text)))

    def target_ends(self) -> None:
        """The target's user ends the private conversation."""
        self._target("the target's user ends", End())

    def tester_ends(self) -> None:
        """The tester's user ends the private conversation."""
        self._tester("the tester's user ends", End())

    def target_begins_smp(self, secret: str, question: str | None = None) -> None:
        """The target's user begins SMP."""
        asked = None if question is None else self.lab.text(question)
        command = StartSmp(self.lab.passphrase(secret), asked)
        self._target("the target's user begins SMP", command)

    def tester_begins_smp(self, secret: str, question: str | None = None) -> None:
        """The tester's user begins SMP."""
        asked = None if question is None else self.lab.text(question)
        command = StartSmp(self.lab.passphrase(secret), asked)
        self._tester("the tester's user begins SMP", command)

    def target_answers_smp(self, secret: str) -> None:
        """The target's user gives the secret."""
        self._target("the target's user answers SMP", AnswerSmp(self.lab.passphrase(secret)))

    def tester_answers_smp(self, secret: str) -> None:
        """The tester's user gives the secret."""
        self._tester("the tester's user answers SMP", AnswerSmp(self.lab.passphrase(secret)))

    def target_aborts_smp(self) -> None:
        """The target's user aborts SMP."""
        self._target("the target's user aborts SMP", AbortSmp())

    def tester_aborts_smp(self) -> None:
        """The tester's user aborts SMP."""
        self._tester("the tester's user aborts SMP", AbortSmp())

    def target_uses_extra_key(self, use: int, data: str) -> None:
        """The target's application uses the extra symmetric key."""
        command = UseExtraKey(use, self.lab.text(data))
        self._target("the target's application uses the extra key", command)

    def tester_uses_extra_key(self, use: int, data: str) -> None:
        """The tester's application uses the extra symmetric key."""
        command = UseExtraKey(use, self.lab.text(data))
        self._tester("the tester's application uses the extra key", command)

    def target_heartbeat(self) -> None:
        """The target's application asks for a heartbeat."""
        self._target("the target's application asks for a heartbeat", Heartbeat())

    def tester_heartbeat(self) -> None:
        """The tester's application asks for a heartbeat."""
        self._tester("the tester's application asks for a heartbeat", Heartbeat())

    # What no user can ask for.

    def tester_sends(
        self, *tlvs: Tlv, text: str = "", flags: int = 0, cut_off: bool = False
    ) -> None:
        """The tester sends a Data Message with a text and TLVs of any kind.

        `cut_off`: the last of the TLVs, which must be empty, says that it has one byte.
        """
        kinds = ", ".join(type(tlv).__name__ for tlv in tlvs)
        with self._seeing(f"the tester sends {text!r} with {kinds or 'nothing'}"):
            content = Content(self.lab.text(text), tlvs)
            self._absorb_tester(self.tester.send(content, flags, cut_off=cut_off))

    def tester_behaves(self) -> None:
        """From now on the tester deviates in nothing that it sends."""
        self.log.append("the tester behaves from now on")
        self.tester.endpoint.suite = self.lab.suite

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
        self.tester.now = here.now

    # What the network does.

    def to_target_delivers(self, index: int = 0, *, keep: bool = False) -> None:
        """A message reaches the target; `keep`: it stays, to be delivered again."""
        self.reaches_target(self._take(self.to_target, index, keep=keep))

    def reaches_target(self, wire: Wire) -> None:
        """A message that the case has kept reaches the target, perhaps once more."""
        with self._seeing(f"{self.kind(wire)} reaches the target"):
            self._reach(wire)

    def to_tester_delivers(self, index: int = 0, *, keep: bool = False) -> None:
        """A message reaches the tester; `keep`: it stays, to be delivered again."""
        wire = self._take(self.to_tester, index, keep=keep)
        with self._seeing(f"{self.kind(wire)} reaches the tester"):
            self._absorb_tester(self.tester.receive(wire))

    def to_target_loses(self, index: int = 0) -> None:
        """A message to the target is lost."""
        self._take(self.to_target, index, keep=False)

    def to_tester_loses(self, index: int = 0) -> None:
        """A message to the tester is lost."""
        self._take(self.to_tester, index, keep=False)

    def arrives(self, text: str) -> None:
        """Something reaches the target as it is, from whoever is on the network."""
        with self._seeing(f"{text!r} reaches the target"):
            self._reach(self.lab.wire(text))

    def tester_takes(self, text: str) -> None:
        """Something reaches the tester as it is, from whoever is on the network."""
        with self._seeing(f"{text!r} reaches the tester"):
            self._absorb_tester(self.tester.receive(self.lab.wire(text)))

    def sends(self, message: Message, what: str) -> None:
        """A message that the tester's suite encodes reaches the target."""
        wire = self.tester.endpoint.suite.encode(message)
        with self._seeing(f"{what} reaches the target"):
            self._reach(wire)

    def settle(self) -> None:
        """Everything is delivered, until nothing is on its way."""
        with self._seeing("everything is delivered"):
            for _ in range(STORM):
                if self.to_tester:
                    self._absorb_tester(self.tester.receive(self.to_tester.pop(0)))
                elif self.to_target:
                    self._reach(self.to_target.pop(0))
                else:
                    return
            message = f"after {STORM} deliveries there is no end to them"
            raise Stuck(message)

    def wait(self, seconds: int) -> None:
        """Time passes on both sides."""
        with self._seeing(f"{seconds} seconds pass"):
            self._absorb_tester(self.tester.wait(seconds))
            self._absorb(self.target.wait(seconds))

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
        query = self.tester.endpoint.suite.encode(Query(self._versions()))
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
                self._absorb_tester(reaction)
                return
        message = "no hash was as wanted"
        raise Stuck(message)

    def _versions(self) -> frozenset[int]:
        config = self.tester.endpoint.config
        return frozenset(v for v, yes in {2: config.allow_v2, 3: config.allow_v3}.items() if yes)

    # Seeing.

    def decode(self, wire: Wire) -> Message:
        """A message, by the tester's suite."""
        return self.lab.suite.decode(wire)

    def kind(self, wire: Wire) -> str:
        """What kind of message it is, in words that do not depend on randomness."""
        return self.kind_of(self.decode(wire))

    def kind_of(self, message: Message) -> str:
        """As `kind`."""
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

    def _take(self, wires: list[Wire], index: int, *, keep: bool) -> Wire:
        if not -len(wires) <= index < len(wires):
            message = f"there is no message number {index} on its way"
            raise Stuck(message)
        return wires[index] if keep else wires.pop(index)

    def _target(self, step: str, command: Command) -> None:
        with self._seeing(step):
            self._absorb(self.target.command(command))

    def _tester(self, step: str, command: Command) -> None:
        with self._seeing(step):
            self._absorb_tester(self.tester.command(command))

    def _seeing(self, step: str) -> _Seeing:
        return _Seeing(self, step)

    def _reach(self, wire: Wire) -> None:
        """Something reaches the target."""
        message = self.decode(wire)
        known = any(message == reached.message for reached in self._reached)
        seen = self._open
        assert seen is not None  # noqa: S101 - only called within a step
        reaction = self.target.receive(wire)
        if isinstance(message, DataMessage) and not known:
            self._reached.append(_Reached(message))
            self._look_for_keys(self._public)
            if any(fired.failed for fired in reaction.trace):
                seen.refused.add(len(self._reached))
        self._absorb(reaction)

    def _absorb(self, reaction: Reaction) -> None:
        seen = self._open
        assert seen is not None  # noqa: S101 - only called within a step
        self.fired.extend(reaction.trace)
        for report in reaction.reports:
            self.log.append(f"  target's user: {report}")
            seen.reports[self._comparable("target", report)] += 1
        for wire in reaction.wires:
            self.to_tester.append(wire)
            whole = self._whole(wire)
            if whole is not None:
                self._note_tag(whole)
                kind = self.kind_of(whole) + self._again(whole)
                seen.wires[kind] += 1
                self.log.append(f"  target -> tester: {kind}")
                if isinstance(whole, DataMessage):
                    self._note_keys(whole.fields)
                    keys = self.lab.revealed(whole.revealed)
                    self._public.extend(keys)
                    self._look_for_keys(keys)

    def _note_tag(self, message: Message) -> None:
        match message:
            case DhCommit(header) | DhKey(header) if header.sender:
                self.target_tag = header.sender
            case _:
                pass

    def _note_keys(self, fields: DataFields) -> None:
        """Note which D-H keys a Data Message of the target's is under, and offers."""
        suite, seen = self.lab.suite, self._open
        assert seen is not None  # noqa: S101 - only called within a step
        seen.addressed.add(fields.recipient_keyid)
        if not any(suite.same(fields.next_dh, known) for known in self._offered):
            self._offered.append(fields.next_dh)
            seen.renewed += 1

    def _again(self, message: Message) -> str:
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

    def _look_for_keys(self, keys: Iterable[Key]) -> None:
        """Note which of the tester's messages are under one of some public MAC keys."""
        suite, seen = self.lab.suite, self._open
        assert seen is not None  # noqa: S101 - only called within a step
        for number, reached in enumerate(self._reached, 1):
            message = reached.message
            if reached.counts and any(
                suite.same(suite.data_mac(key, message.authenticated), message.mac) for key in keys
            ):
                reached.counts = False
                seen.revealed.add(number)
                self.log.append(f"  the MAC key of the tester's message {number} is public")

    def _absorb_tester(self, reaction: Reaction) -> None:
        seen = self._open
        self.tester_fired.extend(reaction.trace)
        for wire in reaction.wires:
            self.to_target.append(wire)
            self.log.append(f"  tester -> target: {self.kind(wire)}")
        for report in reaction.reports:
            self.log.append(f"  tester's user: {report}")
            comparable = self._comparable("tester", report)
            if seen is not None:
                seen.peer[comparable] += 1
        if seen is not None:
            seen.failed.update(fired.failed for fired in reaction.trace if fired.failed)

    def _comparable(self, who: str, report: Report) -> str:
        """A report without what randomness decides; agreement instead of values."""
        if report.what in {"secure", "still-secure"}:
            for reached in () if self.looks_back else self._reached:
                reached.counts = False
            version, ssid, bold = report.detail.split(" ")
            self._secured[who] = f"{ssid} {bold}"
            other = self._secured.get("tester" if who == "target" else "target", "")
            agrees = other.split(" ")[0] == ssid and not other.endswith(bold)
            return f"{report.what} {version}{' agreeing' if agrees else ''}"
        if report.what == "extra-key":
            said, _, key = report.detail.rpartition(" ")
            self._secured[f"{who}'s extra key"] = key
            known = self._secured.get(f"{'tester' if who == 'target' else 'target'}'s extra key")
            return f"extra-key {said}{' agreeing' if key == known else ''}"
        return str(report)

    def _whole(self, wire: Wire) -> Message | None:
        """The message, put together where it comes in fragments; None while one is incomplete."""
        message = self.decode(wire)
        if not isinstance(message, Fragment):
            return message
        stored = None if message.k == 1 else self._pieces[0]
        joined = self.lab.suite.join(stored, message)
        self._pieces[0] = joined
        if message.k < message.n:
            return None
        self._pieces[0] = None
        return self.decode(self.lab.suite.joined(joined))


def _versions_text(versions: frozenset[int]) -> str:
    return f"offering {''.join(map(str, sorted(versions)))}"


@dataclass
class _Seen:
    """An observation in the making."""

    step: str
    wires: Counter[str] = field(default_factory=Counter)
    reports: Counter[str] = field(default_factory=Counter)
    peer: Counter[str] = field(default_factory=Counter)
    failed: set[str] = field(default_factory=set)
    revealed: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    renewed: int = 0
    addressed: set[int] = field(default_factory=set)


@dataclass
class _Reached:
    """A Data Message of the tester's that reached the target, whole.

    Attributes:
        message: the message.
        counts: whether it is still of interest if its MAC key becomes public.
    """

    message: DataMessage
    counts: bool = True


class _Seeing:
    """The time in which what happens belongs to one observation."""

    def __init__(self, stage: Stage, step: str) -> None:
        self.stage = stage
        self.seen = _Seen(step)

    def __enter__(self) -> None:
        self.stage.log.append(self.seen.step)
        self.stage._open = self.seen  # noqa: SLF001 - the stage's own

    def __exit__(self, *_: object) -> None:
        seen, self.stage._open = self.seen, None  # noqa: SLF001 - the stage's own
        self.stage.observations.append(
            Observation(
                seen.step,
                tuple(sorted(seen.wires.elements())),
                tuple(sorted(seen.reports.elements())),
                tuple(sorted(seen.peer.elements())),
                tuple(sorted(seen.failed)),
                tuple(sorted(seen.revealed)),
                tuple(sorted(seen.refused)),
                seen.renewed,
                tuple(sorted(seen.addressed)),
            )
        )


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


def set_stage(lab: Lab, cast: Cast, target: Callable[[Lab, Cast], Party]) -> Stage:
    """A stage on which nothing has happened yet."""
    config = lab.config("tester", TESTER_TAG, cast.tester, max_size=cast.tester_size)
    return Stage(lab, ReferenceParty(lab, config, cast.variant), target(lab, cast))


def reference_target(variant: Variant = NONE) -> Callable[[Lab, Cast], Party]:
    """The reference as the target, under a variant."""

    def make(lab: Lab, cast: Cast) -> Party:
        config = lab.config("target", TARGET_TAG, cast.target, max_size=cast.max_size)
        return ReferenceParty(lab, config, variant)

    return make
