"""Two machines side by side: where they differ first, each by a shortest word.

The product of both is searched, breadth first, from where both begin. An edge whose answers differ
no more than `otr_conformance.play.compare` lets pass is gone along; one that differs is a
`Difference`, and what lies behind it is looked at only where another way leads there.

Where the target's machine was not learned to its end, the words that it was asked show differences,
too (`seen_differences`).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .mapper import UNMADE, agree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otr_conformance.play.compare import Compared

    from .machine import Machine, Word

__all__ = ["UNKNOWN", "Difference", "Side", "compare_machines", "seen_differences"]

UNKNOWN: Final = -1
"""The state of a target whose machine was not learned."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a target first does otherwise.

    Attributes:
        word: a shortest sequence that shows it; its last input is the one that is answered
            otherwise.
        at: the state of the specification's machine before that.
        theirs: that of the target's machine; `UNKNOWN` where that was not learned.
        want: what the specification's machine answers.
        got: what the target's machine answers.
        because: what differs, in a sentence.
        others: further states of the target's in which the same differs in the same way.
    """

    word: Word
    at: int
    theirs: int
    want: str
    got: str
    because: str
    others: tuple[int, ...] = ()

    @property
    def on(self) -> str:
        """The input that is answered otherwise."""
        return self.word[-1]


@dataclass(frozen=True, slots=True)
class Side:
    """What stands beside what.

    Attributes:
        differences: all of them, shortest first, one for each state, input and manner.
        beside: for each state of the target's machine, those of the specification's that it stood
            for, the first that was found first; none where no agreeing way leads there.
        passed: how many edges differ in what is let pass.
    """

    differences: tuple[Difference, ...]
    beside: tuple[tuple[int, ...], ...]
    passed: int


def compare_machines(compared: Compared, known: Machine, learned: Machine) -> Side:
    """The differences of a learned machine from the specification's, which has the same inputs."""
    searching = _Searching(compared, known, learned)
    searching.search()
    return Side(
        tuple(searching.found.values()),
        tuple(tuple(each) for each in searching.beside),
        searching.passed,
    )


def seen_differences(
    compared: Compared, known: Machine, answered: Iterable[tuple[Word, Word]]
) -> tuple[Difference, ...]:
    """The differences that words show which a target has answered, each by the shortest of them.

    Args:
        compared: what of answers is compared.
        known: the specification's machine, which has the inputs of the words.
        answered: words with their answers.
    """
    found: dict[tuple[int, str, str], Difference] = {}
    for word, answers in sorted(answered, key=lambda each: (len(each[0]), each[0])):
        at = 0
        taken: Word = ()
        for name, answer in zip(word, answers, strict=True):
            edge = known.edges[at][name]
            because = agree(compared, edge.answer, answer)
            if answer != UNMADE or because:
                taken = (*taken, name)
            if because:
                difference = Difference(taken, at, UNKNOWN, edge.answer, answer, because)
                found.setdefault((at, name, because), difference)
                break
            at = edge.goto
    return tuple(sorted(found.values(), key=lambda each: len(each.word)))


class _Searching:
    """A search under way.

    Attributes:
        found: by state, input and manner.
        beside: as in `Side`.
        passed: likewise.
    """

    def __init__(self, compared: Compared, known: Machine, learned: Machine) -> None:
        self.known = known
        self.learned = learned
        self.found: dict[tuple[int, str, str], Difference] = {}
        self.beside: list[dict[int, None]] = [{} for _ in range(learned.size)]
        self.passed = 0
        self._compared = compared
        self._agreed: dict[tuple[str, str], str] = {}

    def search(self) -> None:
        """Look at every pair of states that agreeing answers lead to."""
        queue: deque[tuple[int, int, Word]] = deque([(0, 0, ())])
        seen = {(0, 0)}
        while queue:
            ours, theirs, word = queue.popleft()
            self.beside[theirs][ours] = None
            for name in self.known.inputs:
                one, other = self.known.edges[ours][name], self.learned.edges[theirs][name]
                because = self._because(one.answer, other.answer)
                if because:
                    self._differs(ours, theirs, (*word, name), because)
                    continue
                self.passed += one.answer != other.answer
                pair = (one.goto, other.goto)
                if pair not in seen:
                    seen.add(pair)
                    queue.append((*pair, (*word, name)))

    def _because(self, want: str, got: str) -> str:
        if (want, got) not in self._agreed:
            self._agreed[want, got] = agree(self._compared, want, got)
        return self._agreed[want, got]

    def _differs(self, ours: int, theirs: int, word: Word, because: str) -> None:
        key = (ours, word[-1], because)
        if key in self.found:
            first = self.found[key]
            self.found[key] = Difference(
                *(first.word, first.at, first.theirs, first.want, first.got, first.because),
                (*first.others, theirs),
            )
            return
        want = self.known.edges[ours][word[-1]].answer
        got = self.learned.edges[theirs][word[-1]].answer
        self.found[key] = Difference(word, ours, theirs, want, got, because)
