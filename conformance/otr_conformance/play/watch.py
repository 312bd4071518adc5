"""The plaintext oracle: watches what the target's user is shown, and what is sent in the clear.

It sees a play as an observer does who sits between the two sides and reads the tester's mind: what
the tester's user typed in private and where it went, what arrived, what the target's user was told,
what the target sent. It asks of each text whether it was allowed at that moment. Nothing is
compared with a prediction, so that whatever grading tolerates, these rules hold:

- a text that is shown as private was sent privately, in a message that arrived, by nobody but the
  tester, and is shown once;
- a message that fails a check shows nothing. Where the tester deviates, that is a message which
  differs from what it would have sent if it did not;
- the target's user is in a private conversation when private texts are shown, and in nobody's eyes
  but the user's own: what was reported counts;
- a text that is shown as unencrypted arrived in the clear, and is shown once. There is a warning
  with it where the conversation is private or was, or where encryption is required;
- what the user typed goes out in the clear at once or not at all, and never while the conversation
  is private, after the peer has ended it, or where encryption is required.

A protocol says how its messages are taken apart (`Watch`), and which clause each rule is.

Where several clients of the peer's take part, the target's user may be in different states with
them. Then nothing is said about what depends on the state.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum, auto, unique
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from otr_model.kernel.words import Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from otr_reference.sorts import Wire

    from .labs import Lab
    from .stage import Reaction, Report

__all__ = ["LEAST", "AnyWatch", "Clear", "Rule", "Violation", "Watch"]

K = TypeVar("K")
M = TypeVar("M")

LEAST: Final = 8
"""Texts of fewer bytes may be in an encoded message by chance: for who searches these."""
_SHORT: Final = 4
"""Texts of fewer letters may be in what a program says by chance."""


@unique
class Rule(Word):
    """What is asked of each text."""

    SENT = "a private text is one that the peer sent privately"
    ONCE = "a private text is shown once"
    CHECKED = "a message that fails a check shows nothing"
    PRIVATE = "private texts are shown in a private conversation"
    ARRIVED = "an unencrypted text is one that arrived so"
    WARNED = "an unencrypted text comes with a warning where it could be taken for a private one"
    REQUIRED = "where encryption is required, nothing that was typed is sent in the clear"
    PROTECTED = "in a private conversation, nothing that was typed is sent in the clear"
    ENDED = "after the peer has ended the conversation, nothing that was typed is sent in the clear"
    AT_ONCE = "what is sent in the clear was typed just now"


@unique
class _State(Enum):
    """What the target's user believes."""

    CLEAR = auto()
    PRIVATE = auto()
    ENDED = auto()
    UNKNOWN = auto()


_CLOSED = {_State.PRIVATE: Rule.PROTECTED, _State.ENDED: Rule.ENDED}


@dataclass(frozen=True, slots=True)
class Clear:
    """A message in the clear that carries a text.

    Attributes:
        text: the text.
        typed: it is of the kind that carries what users type.
    """

    text: str
    typed: bool = True


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that was not allowed.

    Attributes:
        rule: which rule it is against.
        sentence: what it was, in which step, and the clause.
    """

    rule: Rule
    sentence: str


@dataclass
class _Sent:
    """Something protected that the tester sent.

    Attributes:
        message: what makes it the message that it is.
        texts: what it may say.
        false: it fails a check.
        arrived: it reached the target.
    """

    message: object
    texts: tuple[str, ...]
    false: bool
    arrived: bool = False


@dataclass
class Watch(ABC, Generic[K, M]):
    """Watches one play.

    Attributes:
        lab: the suite at work.
        required: the target's policy is that encryption is required.
        disabled: the target has to show what arrives as it is.
        clauses: the clause of each rule.
        violations: what was not allowed.
        step: what the case is doing.
    """

    lab: Lab
    required: bool
    disabled: bool
    clauses: Mapping[Rule, str]
    violations: list[Violation] = field(default_factory=list)
    step: str = ""
    _sent: list[_Sent] = field(default_factory=list)
    _typed: list[str] = field(default_factory=list)
    _now: str | None = None
    _clear: Counter[str] = field(default_factory=Counter)
    _private: Counter[str] = field(default_factory=Counter)
    _states: dict[int, _State] = field(default_factory=dict)
    _with: int = 0
    _loose: bool = False
    _wires: list[Wire] = field(default_factory=list)

    # What a protocol says.

    @abstractmethod
    def text_of(self, command: K) -> str | None:
        """What the user types; None if the command is none to send a text."""

    @abstractmethod
    def leaves(self, command: K) -> bool:
        """Whether the user leaves the private conversation by a command."""

    def may_leave(self, command: K) -> bool:  # noqa: ARG002 - a protocol's own may look at it
        """Whether the user may leave it, by one reading of the text."""
        return False

    @abstractmethod
    def protected(self, message: M) -> object | None:
        """What makes a message with a protected text the one that it is; None if it is none."""

    @abstractmethod
    def clear(self, message: M) -> Clear | None:
        """What a message says to everybody; None if nothing."""

    @abstractmethod
    def sender(self, message: M) -> int | None:
        """The instance tag of its sender; None if it says none."""

    @abstractmethod
    def is_piece(self, message: M) -> bool:
        """Whether it is a fragment."""

    @abstractmethod
    def decode(self, wire: Wire) -> M:
        """A message."""

    # What happens.

    def said(self, reaction: Reaction) -> None:
        """The tester sent something."""
        honest = reaction.honest
        for number, wire in enumerate(reaction.wires):
            message = self.decode(wire)
            piece = self.is_piece(message)
            what = wire if piece else self.protected(message)
            if what is not None:
                truly = honest is None or honest[number : number + 1] == (wire,)
                self._sent.append(_Sent(what, reaction.said, not truly))

    def asked(self, command: K) -> None:
        """The target's user asks for something."""
        self._now = self.text_of(command)
        if self._now is not None:
            self._typed.append(self._now)
        if self.leaves(command) and sum(s is not _State.CLEAR for s in self._states.values()) <= 1:
            self._states = {}
        elif self.leaves(command) or self.may_leave(command):
            self._states = dict.fromkeys(self._states, _State.UNKNOWN)

    def arrived(self, wire: Wire, message: M) -> None:
        """Something reaches the target."""
        self._now = None
        tag = self.sender(message)
        if tag is not None:
            self._with = tag
        if self.is_piece(message):
            self._loose = True
        clear = self.clear(message)
        if clear is not None:
            self._clear[clear.text] += 1
        self._wires.append(wire)
        what = self.protected(message)
        for each in self._sent if what is not None else ():
            each.arrived = each.arrived or each.message == what

    def reported(self, reports: Iterable[Report]) -> None:
        """The target's user is told something, all of it in answer to one input."""
        reports = tuple(reports)
        before = dict(self._states)
        warned = sum(str(each) == "warning unencrypted" for each in reports)
        unwarned = -warned
        for each in reports:
            self._move(each)
            how, _, text = each.detail.partition(" ")
            if each.what != "message":
                continue
            if how == "private":
                self._shown_private(text, before)
            else:
                unwarned += 1
                self._shown_open(text)
        if unwarned > 0 and self._needs_warning(before):
            self._object(Rule.WARNED, "the target's user was shown an unencrypted text")

    def sent(self, message: M) -> None:
        """The target sends something."""
        clear = self.clear(message)
        if clear is None or self.disabled:
            return
        if clear.typed and clear.text == self._now:
            self._typed_clear(clear.text)
            return
        for text in self._typed:
            if text == clear.text or (len(text) >= _SHORT and text in clear.text):
                self._object(
                    Rule.AT_ONCE, f"{text!r} was sent in the clear, later than it was typed"
                )
                return

    # What is asked.

    def _typed_clear(self, text: str) -> None:
        states = self._live()
        if self.required:
            self._object(Rule.REQUIRED, f"{text!r} was sent in the clear")
        elif len(states) == 1 and _State.UNKNOWN not in states:
            (state,) = states
            self._object(_CLOSED[state], f"{text!r} was sent in the clear")

    def _shown_private(self, text: str, before: Mapping[int, _State]) -> None:
        shown = f"the target's user was shown {text!r} as private"
        mine = [each for each in self._sent if text in each.texts]
        if not mine:
            self._object(Rule.SENT, f"{shown}, which nobody sent privately")
            return
        if not self._loose:
            mine = [each for each in mine if each.arrived]
        if not mine:
            self._object(Rule.SENT, f"{shown}, before it arrived")
            return
        sound = [each for each in mine if not each.false]
        if not sound:
            self._object(Rule.CHECKED, f"{shown}, out of a message that fails a check")
            return
        self._private[text] += 1
        if self._private[text] > len(sound):
            self._object(Rule.ONCE, f"{shown} once more than it was sent")
        elif not {_State.PRIVATE, _State.UNKNOWN} & {*before.values(), *self._states.values()}:
            self._object(Rule.PRIVATE, f"{shown}, who is in no private conversation")

    def _shown_open(self, text: str) -> None:
        if self._clear[text] > 0:
            self._clear[text] -= 1
        elif not self._loose and not any(text in self.lab.shown(wire) for wire in self._wires):
            self._object(
                Rule.ARRIVED,
                f"the target's user was shown {text!r} as unencrypted",
            )

    def _needs_warning(self, before: Mapping[int, _State]) -> bool:
        """Whether an unencrypted text could be taken for a private one."""
        if self.disabled:
            return False
        return self.required or (len(before) == 1 and bool(_CLOSED.keys() & before.values()))

    # Where the target's user is.

    def _live(self) -> set[_State]:
        return set(self._states.values()) - {_State.CLEAR}

    def _move(self, report: Report) -> None:
        """What a report says of the state."""
        # The instance is the one whose message came last.
        match report.what:
            case "secure" | "still-secure":
                self._states[self._with] = _State.PRIVATE
            case "finished":
                self._states[self._with] = _State.ENDED
            case "insecure":
                self._states = {}
            case "warning" if report.detail == "expired":
                self._states = dict.fromkeys(self._states, _State.ENDED)
            case _:
                pass

    def _object(self, rule: Rule, what: str) -> None:
        clause = self.clauses[rule]
        sentence = f"{self.step}: {what}: {rule.meaning} ({clause})"
        self.violations.append(Violation(rule, sentence))


AnyWatch = Watch[Any, Any]
