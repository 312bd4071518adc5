"""One play of a script: Alice, Bob, the network between them, and what is seen of each.

A stage (`otr_conformance.play.stage`) observes its target. Here each side is the target of a stage
of its own, its view, and its peer is whoever sits at the other. Every step of a script is an
observation in both views, so that a play over bytes and a play over terms can be laid side by side.

The network is a list of parcels. A script that wants one of them lost or late takes hold of it when
it is sent; nothing else depends on how many messages there are.
"""

from __future__ import annotations

import itertools
from abc import abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from otr_conformance.play.stage import STORM, Reaction, Report, Stage, Stuck

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from otr_conformance.play.labs import Lab
    from otr_model.trace import Fired
    from otr_reference.sorts import Octets, Wire

__all__ = [
    "ALICE",
    "BOB",
    "PEERS",
    "SECURE",
    "Actor",
    "Meeting",
    "Moment",
    "Parcel",
    "Redraw",
    "View",
    "Watcher",
]

ALICE, BOB = "alice", "bob"
PEERS = {ALICE: BOB, BOB: ALICE}
SECURE = frozenset({"secure", "still-secure"})
UNTOLD = " unknown"
"""How a report ends that does not say which half of the session id is bold."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What one side did on one input, within a step.

    Attributes:
        step: the number of the step.
        wires: the kinds of messages that it sent.
        reports: what it told its user.
        rows: what the tables did, where the side is the reference.
        at: its place among all that both sides did.
    """

    step: int
    wires: tuple[str, ...]
    reports: tuple[str, ...]
    rows: tuple[Fired, ...] = ()
    at: int = 0


@dataclass
class View(Stage[Any, Any, Any]):
    """What is seen of one side.

    Attributes:
        name: whose.
        moments: what it did, input by input.
        messages: what it sent since somebody looked, fragments put together.
        last: what it did last.
        count: numbers what both sides do.
        listener: is told whenever it has done something.
        waiter: lets time pass for everybody before another key exchange; see `Stage.pauses`.
    """

    name: str = ""
    moments: list[Moment] = field(default_factory=list)
    messages: list[Any] = field(default_factory=list)
    last: Reaction = field(default_factory=Reaction)
    count: Iterator[int] = field(default_factory=itertools.count)
    listener: Callable[[View], None] | None = None
    waiter: Callable[[View, int], None] | None = None

    def does(self, command: object) -> Reaction:
        """Its user asks for something."""
        self._absorb(self.target.command(command))
        return self.last

    def takes(self, wire: Wire) -> Reaction:
        """A message reaches it."""
        self._reach(wire)
        return self.last

    def idles(self, seconds: int) -> Reaction:
        """Time passes."""
        self.seen.waited = True
        self._absorb(self.target.wait(seconds))
        return self.last

    def hears_of(self, reports: Iterable[Report]) -> None:
        """What its peer's user was told: values that have to agree."""
        for report in reports:
            self._comparable("tester", report)

    def sent(self) -> list[Wire]:
        """What it sent since this was asked last."""
        wires, self.to_tester = self.to_tester, []
        return wires

    def noted(self, message: Any) -> None:  # noqa: ANN401 - of the protocol
        """Keep it."""
        super().noted(message)
        self.messages.append(message)

    def _wait(self, seconds: int) -> None:
        if self.waiter is not None:
            self.waiter(self, seconds)
        self._absorb(self.target.wait(seconds))

    @abstractmethod
    def hash_of_offer(self, message: Any) -> Octets | None:  # noqa: ANN401 - of the protocol
        """What decides between two exchanges that were begun at once; None in other messages."""

    def _absorb(self, reaction: Reaction) -> None:
        self.last = reaction
        wires, reports = self.seen.wires.copy(), self.seen.reports.copy()
        super()._absorb(reaction)
        self.moments.append(
            Moment(
                len(self.observations),
                tuple((self.seen.wires - wires).elements()),
                tuple((self.seen.reports - reports).elements()),
                reaction.trace,
                next(self.count),
            )
        )
        if self.listener is not None:
            self.listener(self)

    def _comparable(self, who: str, report: Report) -> str:
        if report.what in SECURE and report.detail.endswith(UNTOLD):
            report = Report(report.what, f"{report.detail}-of-{who}")
        return super()._comparable(who, report)


class Watcher(Protocol):
    """Who looks at everything that passes."""

    def typed(self, who: str, text: Octets) -> None:
        """A user types."""

    def passed(self, who: str, reaction: Reaction, messages: list[Any]) -> None:
        """A side did something; `messages`: what it sent, as far as it is whole."""


class Redraw(Exception):
    """Random numbers are not as the script wants them: it has to be played again."""


@dataclass(eq=False)
class Parcel:
    """A message on its way."""

    sender: str
    wire: Wire


class Actor:
    """What a script can have one side do.

    Everything returns what was sent, which is on its way then.
    """

    def __init__(self, meeting: Meeting, name: str) -> None:
        self.meeting = meeting
        self.name = name

    def starts(self) -> list[Parcel]:
        """The user asks for a private conversation."""
        return self._does("asks for a private conversation", self._acts.start())

    def says(self, text: str) -> list[Parcel]:
        """The user types."""
        octets = self.meeting.lab.text(text)
        if self.meeting.watcher is not None:
            self.meeting.watcher.typed(self.name, octets)
        return self._does(f"types {text!r}", self._acts.say(octets))

    def ends(self) -> list[Parcel]:
        """The user ends the private conversation."""
        return self._does("ends the private conversation", self._acts.end())

    def begins_smp(self, secret: str, question: str | None = None) -> list[Parcel]:
        """The user begins SMP."""
        lab = self.meeting.lab
        asked = None if question is None else lab.text(question)
        return self._does("begins SMP", self._acts.begin_smp(lab.passphrase(secret), asked))

    def answers_smp(self, secret: str) -> list[Parcel]:
        """The user gives the secret."""
        return self._does("answers SMP", self._acts.answer_smp(self.meeting.lab.passphrase(secret)))

    def aborts_smp(self) -> list[Parcel]:
        """The user aborts SMP."""
        return self._does("aborts SMP", self._acts.abort_smp())

    def uses_extra_key(self, use: int, data: str) -> list[Parcel]:
        """The application uses the extra symmetric key."""
        command = self._acts.use_extra_key(use, self.meeting.lab.text(data))
        return self._does("uses the extra symmetric key", command)

    def heartbeat(self) -> list[Parcel]:
        """The application asks for a heartbeat."""
        return self._does("sends a heartbeat", self._acts.heartbeat())

    def receives(self, text: str) -> None:
        """Somebody on the network sends a text in the peer's name."""
        self.meeting.reaches(self.name, text)

    @property
    def _acts(self) -> Any:  # noqa: ANN401 - of the protocol
        return self.meeting.views[self.name].acts

    def _does(self, what: str, command: object) -> list[Parcel]:
        return self.meeting.act(self.name, f"{self.name} {what}", command)


class Meeting:
    """One play.

    Attributes:
        lab: the suite at work.
        views: what is seen of each side, by name.
        alice, bob: what a script can have them do.
        network: what is on its way, oldest first.
        log: everything in order, for people.
        watcher: who looks at everything that passes; None: nobody.
    """

    def __init__(
        self,
        lab: Lab,
        views: Mapping[str, View],
        watcher: Watcher | None = None,
    ) -> None:
        self.lab = lab
        self.views = views
        counting = itertools.count()
        for view in views.values():
            view.count = counting
        self.alice, self.bob = Actor(self, ALICE), Actor(self, BOB)
        self.network: list[Parcel] = []
        self.log: list[str] = []
        self.watcher = watcher

    # What users and the network do.

    def act(self, who: str, step: str, command: object) -> list[Parcel]:
        """A user asks for something."""
        with self._step(step):
            return self._after(who, self.views[who].does(command))

    def settle(self) -> None:
        """Everything is delivered, until nothing is on its way.

        Raises:
            Stuck: there is no end to it.
        """
        with self._step("everything is delivered"):
            for _ in range(STORM):
                if not self.network:
                    return
                self._hand_over(self.network.pop(0))
            message = f"after {STORM} deliveries there is no end to them"
            raise Stuck(message)

    def delivers(self, parcels: Iterable[Parcel], what: str, *, keep: bool = False) -> None:
        """These are delivered, and nothing else; `keep`: they stay, to be delivered again."""
        with self._step(f"{what} is delivered"):
            for parcel in parcels:
                if not keep:
                    self.network.remove(parcel)
                self._hand_over(parcel)

    def loses(self, parcels: Iterable[Parcel], what: str) -> None:
        """These are lost."""
        self.log.append(f"{what} is lost")
        for parcel in parcels:
            self.network.remove(parcel)

    def reaches(self, who: str, text: str) -> None:
        """A text reaches a side that its peer did not send."""
        with self._step(f"{text!r} reaches {who}, and {PEERS[who]} did not send it"):
            self._after(who, self.views[who].takes(self.lab.wire(text)))

    def wait(self, seconds: int) -> None:
        """Time passes on both sides."""
        with self._step(f"{seconds} seconds pass"):
            for name, view in self.views.items():
                self._after(name, view.idles(seconds))

    def both_start(self) -> None:
        """Both users ask for a private conversation at once, and Alice's hash is the higher one.

        Raises:
            Redraw: it is not.
            Stuck: a side does not begin an exchange.
        """
        queries = self.alice.starts() + self.bob.starts()
        self.delivers(queries, "the Query Message of both")
        lab: Any = self.lab
        if not lab.decide(self._offered(ALICE), self._offered(BOB)):
            raise Redraw

    def _offered(self, name: str) -> Octets:
        """The hash that an exchange was begun with.

        Raises:
            Stuck: it was not.
        """
        view = self.views[name]
        for parcel in self.network:
            if parcel.sender == name:
                offered = view.hash_of_offer(view.decode(parcel.wire))
                if offered is not None:
                    return offered
        message = f"{name} begins no exchange"
        raise Stuck(message)

    # Seeing.

    @contextmanager
    def _step(self, step: str) -> Iterator[None]:
        self.log.append(step)
        one, other = self.views.values()
        with one.seeing(step), other.seeing(step):
            for view in (one, other):
                view.log.clear()
            yield

    def _hand_over(self, parcel: Parcel) -> None:
        who = PEERS[parcel.sender]
        self._after(who, self.views[who].takes(parcel.wire))

    def _after(self, who: str, reaction: Reaction) -> list[Parcel]:
        """A side has done something: what it sent is on its way, and everybody takes note."""
        view = self.views[who]
        parcels = [Parcel(who, wire) for wire in view.sent()]
        self.network += parcels
        self.views[PEERS[who]].hears_of(reaction.reports)
        self.log += (_named(line, who) for line in view.log)
        view.log.clear()
        messages, view.messages = view.messages, []
        if self.watcher is not None:
            self.watcher.passed(who, reaction, messages)
        return parcels


def _named(line: str, who: str) -> str:
    """A line of a stage's log, with names."""
    peer = PEERS[who]
    for stands, name in (
        ("  target's user:", f"  {who}'s user:"),
        ("  target -> tester:", f"  {who} -> {peer}:"),
        ("  the MAC key of the tester's message", f"  the MAC key of {peer}'s message"),
    ):
        if line.startswith(stands):
            return name + line.removeprefix(stands)
    return line
