"""Mappers: between words and messages.

A mapper plays inputs on a stage, and says what came of each in words that do not depend on
anybody's randomness (`Answer`): a message that is shown as it is has no octets in them. Each input
takes exactly two observations: what the target did, and what the tester read of it; so the same
word can be graded as a case.

What a target says of itself is compared as `otr_conformance.play.compare` does, so that an answer
has no more than that looks at. Which keys are in use, and which are made public, is left to cases:
a machine that counts keys has no end.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, Self, TypeVar

from otr_conformance.fuzz.duel import raw
from otr_conformance.play.compare import Compared, compare
from otr_conformance.play.stage import AnyStage, Observation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .alphabet import AnyInput

__all__ = ["ALIKE", "GONE", "NOTHING", "UNMADE", "Answer", "Mapper", "agree"]

S = TypeVar("S", bound=AnyStage)

NOTHING: Final = "-"
"""How the answer is written of a target that did nothing."""
UNMADE: Final = "none to make"
"""What is answered where there is no such message at this moment: nothing has happened."""
GONE: Final = "gone"
"""What is answered after a target's process ended, or did not answer: nothing can be said."""
ALIKE: Final = 2
"""So many things alike are told apart from fewer; beyond that, how many there are is left to cases:
a machine that counts the texts which wait to be sent has as many states as texts may wait."""
_TOLD, _READ, _WRONG = "tells ", "is read ", "is wrong "
_SEPARATOR: Final = "; "
_KEPT: Final = frozenset({"resent", "warning malformed"})
"""Reports that are not compared, and bear upon what is let pass."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one input.

    Attributes:
        sent: the kinds of messages that the target sent.
        told: what it told its user, as far as that is compared.
        read: what the tester's user was told, having received what the target sent.
        wrong: the checks that failed at the tester.
    """

    sent: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = (
            *self.sent,
            *(_TOLD + each for each in self.told),
            *(_READ + each for each in self.read),
            *(_WRONG + each for each in self.wrong),
        )
        return _SEPARATOR.join(parts) or NOTHING

    @classmethod
    def parse(cls, text: str) -> Self:
        """The answer that is written so."""
        parts = [part for part in text.split(_SEPARATOR) if part not in {"", NOTHING, UNMADE}]
        marked = {
            mark: tuple(p.removeprefix(mark) for p in parts if p.startswith(mark))
            for mark in (_TOLD, _READ, _WRONG)
        }
        sent = tuple(part for part in parts if not part.startswith((_TOLD, _READ, _WRONG)))
        return cls(sent, marked[_TOLD], marked[_READ], marked[_WRONG])

    @classmethod
    def of(cls, compared: Compared, seen: Iterable[Observation]) -> Self:
        """The answer that some observations are; more than `ALIKE` things alike are that many.

        A message of OTR that is shown to the user as a text is called "(what arrived, as it is)":
        its octets are others each time.
        """
        seen = tuple(map(raw, seen))
        return cls(
            _few(kind for each in seen for kind in each.wires),
            _few(r for each in seen for r in each.reports if _matters(compared, r)),
            _few(report for each in seen for report in each.peer),
            _few(check for each in seen for check in each.failed),
        )

    def observation(self) -> Observation:
        """One observation that is the same."""
        return Observation("", self.sent, self.told, self.read, self.wrong)


def _few(parts: Iterable[str]) -> tuple[str, ...]:
    counted: Counter[str] = Counter()
    found = []
    for part in parts:
        counted[part] += 1
        if counted[part] <= ALIKE:
            found.append(part)
    return tuple(found)


def _matters(compared: Compared, report: str) -> bool:
    return (
        report in _KEPT
        or report in compared.compared_in_full
        or report.split(" ", 1)[0] in compared.compared
        or report.startswith(compared.compared_openings)
    )


def agree(compared: Compared, want: str, got: str) -> str:
    """What differs in two answers, in a sentence; "" if nothing that matters."""
    if want == got:
        return ""
    if GONE in {want, got} or "!" in {want[:1], got[:1]}:
        return f"the target answered {got}, where {want} was expected"
    one, other = Answer.parse(want), Answer.parse(got)
    return compare(compared, [one.observation()], [other.observation()]).because.removeprefix(": ")


class Mapper(ABC, Generic[S]):
    """Plays inputs on a stage.

    Attributes:
        stage: on which nothing has happened yet.
        unmade: whether there was no message to make for the latest input.
    """

    def __init__(self, stage: S) -> None:
        self.stage = stage
        self.unmade = False

    def take(self, given: AnyInput, compared: Compared) -> str:
        """Play an input; the answer, in words."""
        begun = len(self.stage.observations)
        self.unmade = False
        given.play(self)
        self.reads()
        if self.unmade:
            return UNMADE
        return str(Answer.of(compared, self.stage.observations[begun:]))

    def play(self, inputs: Mapping[str, AnyInput], word: Iterable[str]) -> None:
        """Play a word, as a case does."""
        for name in word:
            inputs[name].play(self)
            self.reads()

    def nothing(self, name: str) -> None:
        """There is no such message at this moment, and neither side has done anything."""
        self.unmade = True
        self.unsent(name)

    def unsent(self, name: str) -> None:
        """No such message came of it: nothing reaches the target."""
        with self.stage.seeing(f"there is no {name} now"):
            pass

    @abstractmethod
    def reads(self) -> None:
        """The tester takes note of what the target sent, in exactly one observation."""
