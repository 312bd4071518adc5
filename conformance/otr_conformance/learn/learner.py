"""The learner: a target is asked words until a machine explains all that it answers.

AALpy does the learning proper (Kearns and Vazirani's algorithm, or L#). What is asked of the
target, and when a machine is believed, is decided here. Machines are checked with

1. words that show every edge of the specification's machine, and the state behind it;
2. the same words of the learned machine (both are those of the Wp method);
3. the shortest words in which both differ, so that what is told of the target was seen of it;
4. random words: to a state, a few inputs, and what tells the state that they should lead to;
5. where that is asked for, the words of the Wp method for machines of some states more.

A machine has converged when none of them is answered otherwise than it says.

A word that refutes a machine is asked once more, for what changes from one time to the next is no
state. Learning stops, with the reason, where one input has `VARIETY` answers, and where `STILL`
machines one after the other are refuted without having more states than those before.
"""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aalpy.base.Oracle import Oracle
from aalpy.base.SUL import SUL
from aalpy.learning_algs.deterministic.KV import run_KV
from aalpy.learning_algs.deterministic.LSharp import run_Lsharp

from .differences import compare_machines
from .errors import Endless, OutOfTime, Wavering
from .machine import Machine
from .mapper import GONE
from .wish import Algorithm, Figures, silent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otr_conformance.play.compare import Compared

    from .cache import Cache
    from .machine import Word
    from .system import System
    from .wish import Watch, Wish

__all__ = ["STILL", "VARIETY", "WALK", "Learned", "learn"]

WALK: Final = 6
"""How many inputs there are at most between the state and what tells the next one."""
VARIETY: Final = 100
"""So many different answers to one input are those of no machine: libotr and otr3 have up to 12."""
STILL: Final = 100
"""So many machines in a row may be refuted without having more states than those before."""
_LONG: Final = 100
"""So much of an answer is quoted."""


@dataclass(frozen=True, slots=True)
class Learned:
    """A machine that was learned.

    Attributes:
        machine: the machine.
        checked: how many words it was checked with at the end, none of which refuted it.
        figures: what it took.
    """

    machine: Machine
    checked: int
    figures: Figures


def learn(  # noqa: PLR0913 - what there is to know, and who is told
    system: System,
    inputs: tuple[str, ...],
    cache: Cache,
    wish: Wish,
    *,
    known: Machine | None = None,
    watch: Watch = silent,
) -> Learned:
    """Learn the machine of a system.

    Args:
        system: what is asked.
        inputs: the alphabet.
        cache: what it has answered before; new answers are added.
        wish: how.
        known: a machine that it may be like: that of the specification.
        watch: is told how it goes.

    Raises:
        Wavering: if the system answers one word in two ways.
        OutOfTime: if the time is up.
        Endless: if no end is to be seen.
        TooManyFaults: if it dies or hangs all the time.
        ShimError: if the shim is at fault.
    """
    asking = _Asking(system, cache, wish, watch)
    oracle = _Checking(inputs, asking, wish, known)
    common: dict[str, Any] = {"cache_and_non_det_check": False, "print_level": 0}
    if wish.algorithm is Algorithm.KV:
        found = run_KV(list(inputs), asking, oracle, "mealy", **common)
    else:
        found = run_Lsharp(list(inputs), asking, oracle, "mealy", **common)
    asking.told()
    return Learned(_machine(inputs, found), oracle.checked, asking.figures)


def _short(answer: str) -> str:
    return answer if len(answer) <= _LONG else f"{answer[:_LONG]}..."


def _machine(inputs: tuple[str, ...], found: Any) -> Machine:  # noqa: ANN401 - AALpy has no types
    edges = {
        id(state): {
            name: (str(state.output_fun[name]), id(state.transitions[name])) for name in inputs
        }
        for state in found.states
    }
    return Machine.trimmed(inputs, edges, id(found.initial_state))


class _Asking(SUL):
    """The system as AALpy asks it: through the cache, as late as possible.

    Attributes:
        figures: what it took so far.
        states: how many the latest machine has.
    """

    def __init__(self, system: System, cache: Cache, wish: Wish, watch: Watch) -> None:
        super().__init__()
        self.figures = Figures()
        self.states = 1
        self._system = system
        self._cache = cache
        self._wish = wish
        self._watch = watch
        self._begun = time.monotonic()
        self._processor = time.process_time()
        self._word: list[str] = []
        self._answers: list[str] = []
        self._live = False
        self._variety: defaultdict[str, set[str]] = defaultdict(set)

    @property
    def compared(self) -> Compared:
        """What of answers is compared."""
        return self._system.learning.suite.grader.compared

    def told(self) -> None:
        """Tell how it goes, and look at the clock.

        Raises:
            OutOfTime: if the time is up.
        """
        figures = self.figures
        figures.seconds = time.monotonic() - self._begun
        figures.processor = time.process_time() - self._processor
        self._watch(figures, self.states)

    def pre(self) -> None:
        """A new word."""
        self._word, self._answers, self._live = [], [], False

    def step(self, letter: str) -> str:
        """The next input of the word."""
        self._word.append(letter)
        if self._answers and (self._answers[-1] == GONE or self._answers[-1].startswith("!")):
            self._answers.append(GONE)
        elif self._live:
            self._answers.append(self._system.take(letter))
            self.figures.steps += 1
        else:
            known = self._cache.known(tuple(self._word))
            self._answers = list(known) if known is not None else self._asked()
        return self._answers[-1]

    def post(self) -> None:
        """The word is over."""
        if self._live:
            self._remember(tuple(self._word), tuple(self._answers))
            self._live = False
        else:
            self.figures.saved += 1

    def _asked(self) -> list[str]:
        """Ask the word at hand from its beginning; it may go on if each is asked only once."""
        word = tuple(self._word)
        if self._wish.votes > 1:
            answers = self._voted(word)
            self._remember(word, answers)
            return list(answers)
        self._look()
        self._live = True
        return list(self._run(word))

    def _run(self, word: Word) -> Word:
        self.figures.words += 1
        self.figures.steps += len(word)
        self._system.begin()
        return tuple(self._system.take(name) for name in word)

    def _voted(self, word: Word) -> Word:
        """What most answers say, input by input.

        Raises:
            Wavering: if no answer to an input has more than half of the votes.
        """
        self._look()
        votes = [self._run(word) for _ in range(self._wish.votes)]
        answers = []
        for place, cast in enumerate(zip(*votes, strict=True)):
            ranked = Counter(cast).most_common(2)
            best, count = ranked[0]
            if count * 2 <= len(cast):
                raise Wavering(word[: place + 1], best, ranked[1][0])
            answers.append(best)
        self.figures.revised += len(set(votes)) > 1
        return tuple(answers)

    def _remember(self, word: Word, answers: Word) -> None:
        conflict = self._cache.conflict(word, answers)
        if conflict is not None:
            place, before = conflict
            raise Wavering(word[: place + 1], before, answers[place])
        self._cache.add(word, answers)
        for name, answer in zip(word, answers, strict=True):
            self._vary(name, answer)

    def _vary(self, name: str, answer: str) -> None:
        """Note an answer to an input.

        Raises:
            Endless: if there are too many different ones.
        """
        answers = self._variety[name]
        answers.add(answer)
        if len(answers) > VARIETY:
            one, other = (_short(each) for each in sorted(answers)[:2])
            message = (
                f"it has answered {name!r} in {len(answers)} ways, such as {one!r} and {other!r}: "
                "what it says is new each time, and no machine does so"
            )
            raise Endless(message)

    def confirm(self, word: Word) -> None:
        """Ask a word once more that has just been asked; nothing is done where each has votes.

        Raises:
            Wavering: if it is answered otherwise this time.
        """
        if self._wish.votes == 1:
            self._look()
            self._remember(word, self._run(word))

    def _look(self) -> None:
        """Whether there is time left."""
        self.told()
        if self._wish.limit and self.figures.seconds > self._wish.limit:
            message = (
                f"the time is up after {self.figures.seconds:.0f} seconds, with {self.states} "
                f"states and {self.figures.words} words; with --resume the next run goes on there"
            )
            raise OutOfTime(message)


class _Checking(Oracle):
    """Looks for words that a machine answers otherwise than the system.

    Attributes:
        checked: how many words did not refute the latest machine.
    """

    def __init__(
        self,
        inputs: tuple[str, ...],
        asking: _Asking,
        wish: Wish,
        known: Machine | None,
    ) -> None:
        super().__init__(list(inputs), asking)
        self.inputs = inputs
        self.asking = asking
        self.wish = wish
        self.known = known
        self.checked = 0
        self._largest = 0
        self._still = 0

    def find_cex(self, hypothesis: Any) -> Any:  # noqa: ANN401 - AALpy's types say nothing
        """A word that the machine answers otherwise; None if none was found.

        Raises:
            Endless: if machines are refuted again and again, and have no more states.
            Wavering: if the word is answered otherwise when it is asked again.
        """
        machine = _machine(self.inputs, hypothesis)
        self.asking.states = machine.size
        self.checked = 0
        for word in self._words(machine):
            asked = self.asking.figures.words
            pairs = enumerate(zip(self.asking.query(word), machine.run(word), strict=True))
            place = next((n for n, (got, said) in pairs if got != said), None)
            if place is not None:
                self.asking.figures.rounds += 1
                self._grows(machine.size)
                if self.asking.figures.words > asked:
                    self.asking.confirm(word)
                return word[: place + 1]
            self.checked += 1
        return None

    def _grows(self, size: int) -> None:
        """Note that a machine of so many states was refuted.

        Raises:
            Endless: if there were many in a row, none with more states.
        """
        self._still = 0 if size > self._largest else self._still + 1
        self._largest = max(size, self._largest)
        if self._still >= STILL:
            message = (
                f"{self._still} machines in a row were refuted, and none had more states than "
                f"{self._largest}: what it answers depends on more than what came before"
            )
            raise Endless(message)

    def _words(self, machine: Machine) -> Iterator[Word]:
        seen: set[Word] = set()
        for word in self._every(machine):
            if word not in seen:
                seen.add(word)
                yield word

    def _every(self, machine: Machine) -> Iterator[Word]:
        for word, _ in list(self.asking._cache):  # noqa: SLF001 - what it was asked before
            yield word
        if self.known is not None:
            side = compare_machines(self.asking.compared, self.known, machine)
            yield from (each.word for each in side.differences)
            yield from self.known.tests()
        yield from machine.tests()
        yield from self._random(machine)
        if self.wish.extra:
            yield from machine.tests(extra=self.wish.extra)

    def _random(self, machine: Machine) -> Iterator[Word]:
        draw = random.Random(self.wish.seed)  # noqa: S311 - nothing secret
        for _ in range(self.wish.checks):
            state = draw.randrange(machine.size)
            walk = tuple(draw.choices(self.inputs, k=draw.randint(1, WALK)))
            last = draw.choice(machine.identifying[machine.after(walk, state)])
            yield (*machine.access[state], *walk, *last)
