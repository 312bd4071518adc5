"""The stage on which a case is played: a tester, a target, and the network between them.

The tester is the reference, perhaps with one deviation. The target is whatever is tested. A case is
a function that says what both do and what the network does; what the target sends and tells its
user is *observed*, step by step, in terms that do not depend on anybody's randomness.

Nothing here says what is right. A case is played twice, with the reference as the target and with
the real one, and the observations are compared (`otr_conformance.play.grade`): the tables predict.

A protocol extends `Stage`. It must say how messages are decoded and called, which of them are Data
Messages, and when a MAC key fits one; it may note more of what the target sends, and let users do
more than `Acts` has.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from otr_model.kernel.vocabulary import Point
    from otr_model.trace import Fired
    from otr_reference.sorts import Key, Octets, Passphrase, Wire

    from .labs import Lab
    from .watch import AnyWatch

__all__ = [
    "STORM",
    "UNLUCKY",
    "Acts",
    "AnyParty",
    "AnyStage",
    "Arrival",
    "NoSuchMessage",
    "Observation",
    "Party",
    "Reached",
    "Reaction",
    "Report",
    "Seen",
    "Stage",
    "Storm",
    "Stuck",
]

K = TypeVar("K")
"""What the user of a protocol can ask for."""
K_contra = TypeVar("K_contra", contravariant=True)
M = TypeVar("M")
"""A message of a protocol, decoded."""
D = TypeVar("D")
"""A Data Message of a protocol, decoded."""

UNLUCKY = "no hash was as wanted"
"""Why a case cannot go on where the target's own randomness stood in the way."""
STORM = 400
"""Deliveries in one `settle` after which the two sides are taken never to come to rest."""


class Stuck(OtrSpecError):
    """The case cannot go on: what it wants to deliver was never sent."""


class Storm(Stuck):
    """The two sides never come to rest."""


class NoSuchMessage(OtrSpecError):
    """A message cannot be made wrong at a point."""


_SECURED: Final = frozenset({"secure", "still-secure"})
_HALVES: Final = {"True": ", first half bold", "False": ", second half bold", "unknown": ""}
"""What a report says last of a secure session id, and what people read; it may not be told."""


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

    @property
    def for_people(self) -> str:
        """The same for people: which half of a secure session id is bold, in words."""
        told, _, half = self.detail.rpartition(" ")
        if self.what not in _SECURED or half not in _HALVES:
            return str(self)
        return f"{self.what} {told}{_HALVES[half]}"


@dataclass(frozen=True, slots=True)
class Reaction:
    """What one input caused.

    Attributes:
        wires: messages for the network, in order.
        reports: what the user was told, in order.
        trace: the rows taken, where the party is the reference.
        said: texts that may have gone out protected, where the party is the reference.
        honest: where the party deviates, and is asked for it: the messages that it would have sent
            if it did not.
    """

    wires: tuple[Wire, ...] = ()
    reports: tuple[Report, ...] = ()
    trace: tuple[Fired, ...] = ()
    said: tuple[str, ...] = ()
    honest: tuple[Wire, ...] | None = None


class Party(ABC, Generic[K_contra]):
    """One side of the conversation.

    Attributes:
        twinned: a party that deviates says what it would have sent if it did not.
    """

    twinned: bool = False

    @abstractmethod
    def command(self, command: K_contra) -> Reaction:
        """The user asks for something."""

    @abstractmethod
    def receive(self, wire: Wire) -> Reaction:
        """Something arrives."""

    @abstractmethod
    def wait(self, seconds: int) -> Reaction:
        """Time passes."""


AnyParty = Party[Any]


@dataclass(frozen=True, slots=True)
class Acts(Generic[K]):
    """How a protocol spells what every user can ask for.

    Attributes:
        start: for a private conversation.
        say: a text.
        end: the private conversation.
        begin_smp: with a secret, and perhaps a question.
        answer_smp: with a secret.
        abort_smp: SMP that is underway.
        use_extra_key: for what, with what data.
        heartbeat: a heartbeat now.
    """

    start: Callable[[], K]
    say: Callable[[Octets], K]
    end: Callable[[], K]
    begin_smp: Callable[[Passphrase, Octets | None], K]
    answer_smp: Callable[[Passphrase], K]
    abort_smp: Callable[[], K]
    use_extra_key: Callable[[int, Octets], K]
    heartbeat: Callable[[], K]


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
        exposed: the same of the target's own Data Messages, numbered as it sent them.
        repeated: how many MAC keys the target made public that it had made public before.
        strange: how many MAC keys it made public that fit no Data Message so far.
        refused: which of the tester's failed a check at the target, where it is the reference.
        renewed: how many public keys the target's Data Messages offered for the first time.
        addressed: what its Data Messages were under, such as a key of the tester's, in words.
        waited: nothing happened but that time passed.
    """

    step: str
    wires: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    peer: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    revealed: tuple[int, ...] = ()
    refused: tuple[int, ...] = ()
    renewed: int = 0
    addressed: tuple[str, ...] = ()
    exposed: tuple[int, ...] = ()
    repeated: int = 0
    strange: int = 0
    waited: bool = False


@dataclass
class Seen:
    """An observation in the making; see there."""

    step: str
    wires: Counter[str] = field(default_factory=Counter)
    reports: Counter[str] = field(default_factory=Counter)
    peer: Counter[str] = field(default_factory=Counter)
    failed: set[str] = field(default_factory=set)
    revealed: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    renewed: int = 0
    addressed: set[str] = field(default_factory=set)
    exposed: set[int] = field(default_factory=set)
    repeated: int = 0
    strange: int = 0
    waited: bool = False

    def observation(self) -> Observation:
        """The same when nothing is added any more."""
        return Observation(
            self.step,
            tuple(sorted(self.wires.elements())),
            tuple(sorted(self.reports.elements())),
            tuple(sorted(self.peer.elements())),
            tuple(sorted(self.failed)),
            tuple(sorted(self.revealed)),
            tuple(sorted(self.refused)),
            self.renewed,
            tuple(sorted(self.addressed, key=lambda words: (len(words), words))),
            tuple(sorted(self.exposed)),
            self.repeated,
            self.strange,
            self.waited,
        )


@dataclass
class Reached(Generic[D]):
    """A Data Message of the tester's that reached the target, or one of the target's own, whole.

    Attributes:
        message: the message.
        counts: whether it is still of interest if its MAC key becomes public.
        session: of the target's own: the secure session id that it had reported last.
    """

    message: D
    counts: bool = True
    session: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that reached the target.

    Attributes:
        wire: what.
        step: the number of the observation that it belongs to.
        begin: how many rows the target had taken before it.
        end: the same after it.
    """

    wire: Wire
    step: int
    begin: int
    end: int


@dataclass
class Stage(ABC, Generic[K, M, D]):
    """One play of a case.

    Attributes:
        lab: the suite at work.
        tester: our side.
        target: the side that is tested.
        acts: how the protocol spells what users ask for.
        to_target: what is on its way to the target, oldest first.
        to_tester: what is on its way to the tester.
        observations: what was seen so far.
        fired: the rows that the target took, where it is the reference.
        tester_fired: the rows that the tester took.
        log: everything in order, for people.
        looks_back: MAC keys of the time before the conversation was refreshed are looked for, too.
        arrivals: what reached the target so far.
        marks: how many rows the target had taken at the end of each observation.
        mistaken: which arrival is made wrong on its way, and at which point; None: none.
        pause: seconds that pass before the target is asked for another key exchange; 0: none do.
        ended: how much had reached the target when the last private conversation ended.
        watch: what judges the texts that are shown and sent; None: nothing does.
        passed: everything that either side sent at once, and what reached the target, in order.
    """

    lab: Lab
    tester: Party[K]
    target: Party[K]
    acts: Acts[K]
    to_target: list[Wire] = field(default_factory=list)
    to_tester: list[Wire] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    fired: list[Fired] = field(default_factory=list)
    tester_fired: list[Fired] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    looks_back: bool = False
    arrivals: list[Arrival] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    mistaken: tuple[int, Point] | None = None
    pause: int = 0
    ended: int = 0
    watch: AnyWatch | None = None
    passed: list[tuple[Wire, ...]] = field(default_factory=list)
    _reached: list[Reached[D]] = field(default_factory=list)
    _own: list[Reached[D]] = field(default_factory=list)
    _public: dict[Hashable, Key] = field(default_factory=dict)
    _open: Seen | None = None
    _secured: dict[str, str] = field(default_factory=dict)

    def watched(self, watch: AnyWatch) -> None:
        """From now on the texts that are shown and sent are judged."""
        self.watch = watch
        self.tester.twinned = True

    # What a protocol says of its messages.

    @abstractmethod
    def decode(self, wire: Wire) -> M:
        """A message."""

    @abstractmethod
    def kind_of(self, message: M) -> str:
        """What kind of message it is, in words that do not depend on randomness."""

    @abstractmethod
    def data_of(self, message: M) -> D | None:
        """The message, if it is a Data Message."""

    @abstractmethod
    def is_under(self, message: D, key: Key) -> bool:
        """Whether a key is the one that the Data Message's MAC was made with."""

    @abstractmethod
    def keys_revealed(self, message: D) -> tuple[Key, ...]:
        """The old MAC keys in a Data Message, one by one."""

    @abstractmethod
    def whole(self, wire: Wire) -> M | None:
        """The message, put together where it comes in fragments; None while one is incomplete."""

    def wrong_at(self, point: Point, wire: Wire) -> Wire | None:  # noqa: ARG002 - a protocol's own may
        """The same message, or one in its place, that a receiver rejects at a point.

        None for what is as if nothing arrived.

        Raises:
            NoSuchMessage: if there is no such message.
        """
        return None

    def asks_again(self, message: M) -> bool:  # noqa: ARG002 - a protocol's own may look at it
        """Whether a message asks the target for another key exchange after one."""
        return False

    def noted(self, message: M) -> None:
        """Note more of a message of the target's than what everybody sees."""

    def noted_data(self, message: D, seen: Seen) -> None:
        """Note what a Data Message of the target's is under, and the public keys that it offers."""

    def again(self, message: M) -> str:  # noqa: ARG002 - a protocol's own may look at it
        """What the kind of a message of the target's is followed by: " again" if it repeats itself.

        A value is meant that the specification says is to be the same, or is to be new.
        """
        return ""

    # What the users do.

    def target_starts(self) -> None:
        """The target's user asks for a private conversation."""
        self.target_does("the target's user starts", self.acts.start())

    def tester_starts(self) -> None:
        """The tester's user asks for a private conversation."""
        self.tester_does("the tester's user starts", self.acts.start())

    def target_says(self, text: str) -> None:
        """The target's user types."""
        command = self.acts.say(self.lab.text(text))
        self.target_does(f"the target's user types {text!r}", command)

    def tester_says(self, text: str) -> None:
        """The tester's user types."""
        command = self.acts.say(self.lab.text(text))
        self.tester_does(f"the tester's user types {text!r}", command)

    def target_ends(self) -> None:
        """The target's user ends the private conversation."""
        self.target_does("the target's user ends", self.acts.end())

    def tester_ends(self) -> None:
        """The tester's user ends the private conversation."""
        self.tester_does("the tester's user ends", self.acts.end())

    def target_begins_smp(self, secret: str, question: str | None = None) -> None:
        """The target's user begins SMP."""
        self.target_does("the target's user begins SMP", self._begin_smp(secret, question))

    def tester_begins_smp(self, secret: str, question: str | None = None) -> None:
        """The tester's user begins SMP."""
        self.tester_does("the tester's user begins SMP", self._begin_smp(secret, question))

    def target_answers_smp(self, secret: str) -> None:
        """The target's user gives the secret."""
        command = self.acts.answer_smp(self.lab.passphrase(secret))
        self.target_does("the target's user answers SMP", command)

    def tester_answers_smp(self, secret: str) -> None:
        """The tester's user gives the secret."""
        command = self.acts.answer_smp(self.lab.passphrase(secret))
        self.tester_does("the tester's user answers SMP", command)

    def target_aborts_smp(self) -> None:
        """The target's user aborts SMP."""
        self.target_does("the target's user aborts SMP", self.acts.abort_smp())

    def tester_aborts_smp(self) -> None:
        """The tester's user aborts SMP."""
        self.tester_does("the tester's user aborts SMP", self.acts.abort_smp())

    def target_uses_extra_key(self, use: int, data: str) -> None:
        """The target's application uses the extra symmetric key."""
        command = self.acts.use_extra_key(use, self.lab.text(data))
        self.target_does("the target's application uses the extra key", command)

    def tester_uses_extra_key(self, use: int, data: str) -> None:
        """The tester's application uses the extra symmetric key."""
        command = self.acts.use_extra_key(use, self.lab.text(data))
        self.tester_does("the tester's application uses the extra key", command)

    def target_heartbeat(self) -> None:
        """The target's application asks for a heartbeat."""
        self.target_does("the target's application asks for a heartbeat", self.acts.heartbeat())

    def tester_heartbeat(self) -> None:
        """The tester's application asks for a heartbeat."""
        self.tester_does("the tester's application asks for a heartbeat", self.acts.heartbeat())

    def _begin_smp(self, secret: str, question: str | None) -> K:
        asked = None if question is None else self.lab.text(question)
        return self.acts.begin_smp(self.lab.passphrase(secret), asked)

    def target_does(self, step: str, command: K) -> None:
        """The target's user asks for something."""
        with self.seeing(step):
            if self.watch is not None:
                self.watch.asked(command)
            self._absorb(self.target.command(command))

    def tester_does(self, step: str, command: K) -> None:
        """The tester's user asks for something."""
        with self.seeing(step):
            self.absorb_tester(self.tester.command(command))

    # What the network does.

    def to_target_delivers(self, index: int = 0, *, keep: bool = False) -> None:
        """A message reaches the target; `keep`: it stays, to be delivered again."""
        self.reaches_target(_taken(self.to_target, index, keep=keep))

    def reaches_target(self, wire: Wire) -> None:
        """A message that the case has kept reaches the target, perhaps once more."""
        self.reaches(wire, self.kind(wire))

    def reaches(self, wire: Wire, what: str) -> None:
        """Something reaches the target; what, in words."""
        self.all_reach((wire,), what)

    def all_reach(self, wires: Iterable[Wire], what: str) -> None:
        """Several things reach the target, one after the other, in one step; what, in words."""
        with self.seeing(f"{what} reaches the target"):
            for wire in wires:
                self._reach(wire)

    def to_tester_delivers(self, index: int = 0, *, keep: bool = False) -> None:
        """A message reaches the tester; `keep`: it stays, to be delivered again."""
        wire = _taken(self.to_tester, index, keep=keep)
        with self.seeing(f"{self.kind(wire)} reaches the tester"):
            self.absorb_tester(self.tester.receive(wire))

    def to_target_loses(self, index: int = 0) -> None:
        """A message to the target is lost."""
        _taken(self.to_target, index, keep=False)

    def to_tester_loses(self, index: int = 0) -> None:
        """A message to the tester is lost."""
        _taken(self.to_tester, index, keep=False)

    def arrives(self, text: str) -> None:
        """Something reaches the target as it is, from whoever is on the network."""
        self.reaches(self.lab.wire(text), repr(text))

    def tester_takes(self, text: str) -> None:
        """Something reaches the tester as it is, from whoever is on the network."""
        with self.seeing(f"{text!r} reaches the tester"):
            self.absorb_tester(self.tester.receive(self.lab.wire(text)))

    def settle(self) -> None:
        """Everything is delivered, until nothing is on its way."""
        with self.seeing("everything is delivered"):
            for _ in range(STORM):
                if self.to_tester:
                    self.absorb_tester(self.tester.receive(self.to_tester.pop(0)))
                elif self.to_target:
                    self._reach(self.to_target.pop(0))
                else:
                    return
            message = f"after {STORM} deliveries there is no end to them"
            raise Storm(message)

    def wait(self, seconds: int) -> None:
        """Time passes on both sides."""
        with self.seeing(f"{seconds} seconds pass"):
            self.seen.waited = True
            self._wait(seconds)

    def pauses(self, seconds: int) -> None:
        """From now on there is a pause before the target is asked for another key exchange.

        What a protocol does after some time must not be due because of that.
        """
        self.pause = seconds

    def at_once(self) -> None:
        """From now on there is no pause before the target is asked for another key exchange."""
        self.pause = 0

    def _wait(self, seconds: int) -> None:
        self.absorb_tester(self.tester.wait(seconds))
        self._absorb(self.target.wait(seconds))

    # Seeing.

    def kind(self, wire: Wire) -> str:
        """What kind of message it is, in words that do not depend on randomness."""
        return self.kind_of(self.decode(wire))

    def seeing(self, step: str) -> _Seeing:
        """The time in which what happens belongs to one observation."""
        return _Seeing(self, step)

    @property
    def seen(self) -> Seen:
        """The observation in the making; asked for only within a step."""
        assert self._open is not None  # noqa: S101 - see above
        return self._open

    def _reach(self, wire: Wire) -> None:
        """Something reaches the target."""
        given: Wire | None = wire
        self.passed.append((wire,))
        if self.mistaken is not None and self.mistaken[0] == len(self.arrivals):
            given = self.wrong_at(self.mistaken[1], wire)
        decoded = self.decode(wire)
        if self.pause and self.asks_again(decoded):
            self.log.append(f"  {self.pause} seconds pass")
            self._wait(self.pause)
        begin = len(self.fired)
        if self.watch is not None:
            self.watch.arrived(wire, decoded)
        reaction = Reaction() if given is None else self.target.receive(given)
        self.arrivals.append(
            Arrival(wire, len(self.observations), begin, begin + len(reaction.trace))
        )
        message = self.data_of(decoded)
        if message is not None and not any(message == known.message for known in self._reached):
            self._reached.append(Reached(message))
            number = len(self._reached)
            if any(self.is_under(message, key) for key in self._public.values()):
                self._now_public(number)
            if any(fired.failed for fired in reaction.trace):
                self.seen.refused.add(number)
        self._absorb(reaction)

    def _absorb(self, reaction: Reaction) -> None:
        seen = self.seen
        self.fired.extend(reaction.trace)
        for report in reaction.reports:
            self.log.append(f"  target's user: {report.for_people}")
            if report.what in {"finished", "insecure"}:
                self.ended = len(self.arrivals)
            seen.reports[self._comparable("target", report)] += 1
        if self.watch is not None:
            self.watch.reported(reaction.reports)
        if reaction.wires:
            self.passed.append(reaction.wires)
        for wire in reaction.wires:
            self.to_tester.append(wire)
            whole = self.whole(wire)
            if whole is not None:
                self._absorb_message(whole, seen)

    def _absorb_message(self, message: M, seen: Seen) -> None:
        """The target sent a message, which is whole."""
        self.noted(message)
        kind = self.kind_of(message) + self.again(message)
        seen.wires[kind] += 1
        self.log.append(f"  target -> tester: {kind}")
        if self.watch is not None:
            self.watch.sent(message)
        data = self.data_of(message)
        if data is not None:
            self.noted_data(data, seen)
            self._own.append(Reached(data, session=self.secured("target").partition(" ")[0]))
            if any(self.is_under(data, key) for key in self._public.values()):
                self._exposed(len(self._own))
            for key in self.keys_revealed(data):
                self._reveal(key)

    def _reveal(self, key: Key) -> None:
        """A MAC key is public: note whose messages are under it."""
        if key in self._public:
            self.seen.repeated += 1
            self.log.append("  a MAC key is made public once more")
            return
        self._public[key] = key
        theirs = self._under(self._reached, key)
        ours = self._under(self._own, key)
        for number in theirs:
            self._now_public(number)
        for number in ours:
            self._exposed(number)
        if not theirs and not ours:
            self.seen.strange += 1
            self.log.append("  a MAC key is public that fits no message so far")

    def _under(self, messages: list[Reached[D]], key: Key) -> list[int]:
        """The numbers of the messages that are under a key."""
        return [n for n, each in enumerate(messages, 1) if self.is_under(each.message, key)]

    @property
    def forgeable(self) -> list[tuple[D, Key]]:
        """Data Messages of both sides that anybody could forge, with the keys that are public."""
        return [
            (known.message, key)
            for known in (*self._reached, *self._own)
            for key in self._public.values()
            if self.is_under(known.message, key)
        ]

    @property
    def own(self) -> list[D]:
        """The Data Messages that the target sent so far, whole."""
        return [known.message for known in self._own]

    def sent_in(self, number: int) -> str:
        """The secure session id that the target had reported last when it sent one of these."""
        return self._own[number].session

    def secured(self, who: str) -> str:
        """The secure session id that a side has reported last, and whether its first half is bold.

        Args:
            who: "target" or "tester"; "" where it has reported none.
        """
        return self._secured.get(who, "")

    def _now_public(self, number: int) -> None:
        """The MAC key of a message of the tester's is public."""
        reached = self._reached[number - 1]
        if reached.counts:
            reached.counts = False
            self.seen.revealed.add(number)
            self.log.append(f"  the MAC key of the tester's message {number} is public")

    def _exposed(self, number: int) -> None:
        """The MAC key of a message of the target's own is public."""
        self.seen.exposed.add(number)
        self.log.append(f"  the MAC key of the target's own message {number} is public")

    def absorb_tester(self, reaction: Reaction) -> None:
        """What the tester did, within a step or outside of one."""
        seen = self._open
        self.tester_fired.extend(reaction.trace)
        if self.watch is not None:
            self.watch.said(reaction)
        if reaction.wires:
            self.passed.append(reaction.wires)
        for wire in reaction.wires:
            self.to_target.append(wire)
            self.log.append(f"  tester -> target: {self.kind(wire)}")
        for report in reaction.reports:
            self.log.append(f"  tester's user: {report.for_people}")
            comparable = self._comparable("tester", report)
            if seen is not None:
                seen.peer[comparable] += 1
        if seen is not None:
            seen.failed.update(fired.failed for fired in reaction.trace if fired.failed)

    def _comparable(self, who: str, report: Report) -> str:
        """A report without what randomness decides; agreement instead of values."""
        if report.what in _SECURED:
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


AnyStage = Stage[Any, Any, Any]


def _taken(wires: list[Wire], index: int, *, keep: bool) -> Wire:
    if not -len(wires) <= index < len(wires):
        message = f"there is no message number {index} on its way"
        raise Stuck(message)
    return wires[index] if keep else wires.pop(index)


class _Seeing:
    """The time in which what happens belongs to one observation."""

    def __init__(self, stage: AnyStage, step: str) -> None:
        self.stage = stage
        self.seen = Seen(step)

    def __enter__(self) -> None:
        self.stage.log.append(self.seen.step)
        if self.stage.watch is not None:
            self.stage.watch.step = self.seen.step
        self.stage._open = self.seen  # noqa: SLF001 - the stage's own

    def __exit__(self, *_: object) -> None:
        self.stage._open = None  # noqa: SLF001 - the stage's own
        self.stage.observations.append(self.seen.observation())
        self.stage.marks.append(len(self.stage.fired))
