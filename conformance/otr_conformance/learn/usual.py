"""What mappers of all protocols have in common: what is falsified, Data Messages, SMP.

A protocol's mapper says which messages the tester takes at once, so that it can read what the
target says, and which it keeps until the word has them answered. What is falsified leaves the
tester as it was. SMP messages answer the target's where they can; otherwise they are of no run, and
right in form.
"""

from __future__ import annotations

from abc import abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from otr_conformance.play.stage import AnyStage
from otr_model.kernel.vocabulary import Point, Validity
from otr_reference.derive import derived

from .mapper import Mapper

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from otr_conformance.play.stage import Reaction
    from otr_model.kernel.vocabulary import Check, Condition
    from otr_reference.sorts import Octets, Wire

__all__ = ["OTHER_SECRET", "SECRET", "UsualMapper", "Vocabulary", "falsified_check"]

S = TypeVar("S", bound=AnyStage)
SECRET, OTHER_SECRET = "the tower", "the bridge"
_PRIVATE: Final = ("secure", "still-secure")
_UNKNOWN_TYPE: Final = 0x1234


@dataclass(frozen=True)
class Vocabulary:
    """How a protocol spells what mappers use.

    Attributes:
        messages: its module of messages and TLVs.
        commands: its module of commands.
        private: the state in which there are keys to protect data with.
        deviating: a suite whose messages fail some checks.
        stray: an SMP message of no run, by its number.
    """

    messages: Any
    commands: Any
    private: object
    deviating: Callable[[Any, frozenset[Any]], Any]
    stray: Callable[[Any, int], Any]


def falsified_check(condition: Condition, deviations: Collection[Any]) -> Check:
    """The check of a validity that is falsified: the authenticator, or else the last."""
    spec = condition.spec
    assert isinstance(spec, Validity)  # noqa: S101 - nothing else has checks
    checks = [check for check in spec.checks if check in deviations and not check.spec.structural]
    return next((c for c in checks if c.spec.point is Point.MAC), checks[-1])


class UsualMapper(Mapper[S]):
    """Plays inputs on a stage.

    Attributes:
        words: how the protocol spells things.
        held: the target's latest message of a key exchange that the tester has not used up.
        smp: the SMP messages that the tester has ready, as answers to the target's.
        data: the Data Message that reached the target last.
    """

    words: Vocabulary

    def __init__(self, stage: S) -> None:
        super().__init__(stage)
        self.tester = cast("Any", stage.tester)
        self.held: Wire | None = None
        self.smp: dict[type, Any] = {}
        self.data: Wire | None = None
        self._sealed: list[Any] = []
        self._sound = derived(self.tester.endpoint.suite, seal=self._seal)
        self.tester.sound = self.tester.endpoint.suite = self._sound

    def _seal(self, suite: Any, *args: Any) -> Octets:  # noqa: ANN401 - each protocol has its own
        self._sealed.append(args[-1])
        sealed: Octets = suite.seal(*args)
        return sealed

    # What the tester reads.

    @abstractmethod
    def keeps(self, message: Any, wire: Wire) -> bool | None:  # noqa: ANN401 - each protocol has its own
        """Whether the tester keeps a message until it is answered; None: it does not look at it."""

    def reads(self) -> None:
        """The tester reads what it takes at once, and keeps what is to be answered."""
        stage = self.stage
        wires, stage.to_tester[:] = list(stage.to_tester), []
        self._sealed.clear()
        with stage.seeing("the tester reads what came"):
            for wire in wires:
                keeps = self.keeps(stage.decode(wire), wire)
                if keeps:
                    self.held = wire
                elif keeps is not None:
                    stage.absorb_tester(self.tester.receive(wire))
        stage.to_target.clear()
        for tlv in (tlv for content in self._sealed for tlv in content.tlvs):
            if isinstance(tlv, self.words.messages.Smp3 | self.words.messages.Smp4):
                self.smp[type(tlv)] = tlv

    # What reaches the target.

    def out(self, reaction: Reaction, kind: type, what: str) -> bool:
        """The message of a kind that the tester sends reaches the target, if there is one."""
        stage = self.stage
        stage.absorb_tester(reaction)
        stage.to_target.clear()
        for wire in reaction.wires:
            if isinstance(stage.decode(wire), kind):
                self.data = wire if kind is self.words.messages.DataMessage else self.data
                self.reaches(wire, kind, what)
                return True
        return False

    def reaches(self, wire: Wire, kind: type, what: str) -> None:  # noqa: ARG002 - a protocol's own may
        """A message of a kind reaches the target."""
        self.stage.reaches(wire, what)

    def holds(self, kind: type) -> bool:
        """Whether the message that is held is of a kind."""
        return self.held is not None and isinstance(self.stage.decode(self.held), kind)

    @contextmanager
    def trying(self) -> Iterator[None]:
        """What the tester does is undone in the end, but for how often it drew."""
        stage: Any = self.stage
        tester = self.tester
        before, suite = tester.conversation, tester.endpoint.suite
        try:
            yield
        finally:
            draws = tester.conversation.draws
            tester.endpoint.suite = suite
            tester.conversation = before
            stage.tester_draws_from(draws)

    @contextmanager
    def failing(self, check: Check | None) -> Iterator[None]:
        """What the tester seals fails a check; the message is one like any other."""
        tester = self.tester
        suite = tester.endpoint.suite
        if check is not None:
            self.falsify(check)
        try:
            yield
        finally:
            tester.endpoint.suite = suite

    def falsify(self, check: Check) -> None:
        """From now on the tester's messages fail a check."""
        self.tester.endpoint.suite = self.words.deviating(self._sound, frozenset({check}))

    @property
    def private(self) -> bool:
        """Whether the tester has keys to protect data with."""
        return self.tester.conversation.current.message is self.words.private

    def told_private(self) -> bool:
        """Whether the target has just said that the conversation is private."""
        return any(r.startswith(_PRIVATE) for r in self.stage.observations[-1].reports)

    def settles(self) -> None:
        """Everything is delivered; what was kept before is of no use any more."""
        self.stage.settle()
        self.smp.clear()
        self.held = self.data = None

    # Users and the network.

    def user(self, move: Callable[[S], None]) -> None:
        """The target's user does something."""
        move(self.stage)

    def arrives(self, text: str) -> None:
        """Something arrives from whoever is on the network."""
        self.stage.arrives(text)

    # Data.

    def says(self, content: Any, check: Check | None = None) -> None:  # noqa: ANN401 - a Content or a command
        """A Data Message."""
        if not self.private:
            self.nothing("Data Message")
        elif check is None:
            self._data(content)
        else:
            with self.trying():
                self.falsify(check)
                self._data(content)

    def _data(self, content: Any) -> None:  # noqa: ANN401 - see above
        tester = self.tester
        if isinstance(content, self.words.messages.Content):
            reaction = tester.send(content, 0, cut_off=False)
        else:
            reaction = tester.command(content)
        if not self.out(reaction, self.words.messages.DataMessage, "a Data Message"):
            self.unsent("Data Message")

    def text(self, check: Check | None = None) -> None:
        """A text."""
        self.says(self.words.commands.SendText(self.stage.lab.text("good morning")), check)

    def ends(self) -> None:
        """The tester's user ends the conversation."""
        self.says(self.words.commands.End())

    def data_again(self) -> None:
        """The Data Message that reached the target last reaches it again."""
        if self.data is None:
            self.nothing("Data Message that reached it before")
        else:
            self.stage.reaches(self.data, "the Data Message again")

    def tlv(self, tlv: Any) -> None:  # noqa: ANN401 - each protocol has its own
        """A TLV without a text."""
        self.says(self.words.messages.Content(self.stage.lab.text(""), (tlv,)))

    def padding(self) -> None:
        """A TLV of padding."""
        self.tlv(self.words.messages.Padding(1))

    def unknown_tlv(self) -> None:
        """A TLV of a type that is not defined."""
        self.tlv(self.words.messages.UnknownTlv(_UNKNOWN_TYPE, self.stage.lab.text("x")))

    def cut_off(self) -> None:
        """A TLV that is cut off."""
        messages = self.words.messages
        if not self.private:
            self.nothing("Data Message")
            return
        content = messages.Content(self.stage.lab.text(""), (messages.Padding(0),))
        reaction = self.tester.send(content, 0, cut_off=True)
        if not self.out(reaction, messages.DataMessage, "a Data Message"):
            self.unsent("Data Message")

    def extra_key(self) -> None:
        """The TLV that uses the extra symmetric key."""
        self.says(self.words.commands.UseExtraKey(1, self.stage.lab.text("x")))

    # SMP.

    def begins_smp(self, check: Check | None = None) -> None:
        """SMP message 1 of a new run of the tester's."""
        if not self.private:
            self.nothing("SMP message 1")
            return
        command = self.words.commands.StartSmp(self.stage.lab.passphrase(SECRET), None)
        self._forgets_smp()
        with self.failing(check):
            self._data(command)

    def _forgets_smp(self) -> None:
        """The tester's own run is over; the target is not told."""
        self.smp.clear()
        self.stage.absorb_tester(self.tester.command(self.words.commands.AbortSmp()))
        self.stage.to_target.clear()

    def answers_smp(self, secret: str, check: Check | None = None) -> None:
        """SMP message 2 in answer to the target's message 1; one of no run, where there is none."""
        if self.private and self.tester.conversation.current.smp_asked:
            with self.failing(check):
                self.says(self.words.commands.AnswerSmp(self.stage.lab.passphrase(secret)))
        else:
            self.stray(2)

    def goes_on(self, number: int, check: Check | None = None) -> None:
        """SMP message 3 or 4 in answer to the target's; one of no run, where there is none."""
        messages = self.words.messages
        kind = {3: messages.Smp3, 4: messages.Smp4}[number]
        tlv = self.smp.get(kind)
        if tlv is None or not self.private:
            self.stray(number)
            return
        del self.smp[kind]
        with self.failing(check):
            self.says(messages.Content(self.stage.lab.text(""), (tlv,)))

    def stray(self, number: int) -> None:
        """An SMP message of no run, right in form."""
        if self.private:
            self.tlv(self.words.stray(self.stage, number))
        else:
            self.nothing(f"SMP message {number}")

    def aborts_smp(self) -> None:
        """The TLV that aborts SMP, whatever the tester is in."""
        if self.private:
            self._forgets_smp()
            self.tlv(self.words.messages.SmpAbort())
        else:
            self.nothing("SMP Abort")
