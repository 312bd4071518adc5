"""Playing cases with mutants, over terms, until one notices.

What a mutant does is bounded by processor time: it may compute for ever. It is given that time
twice before it counts as one that does.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from otr_conformance.verdict import Verdict

from .fates import Fate
from .plan import Covered, Plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from otr_conformance.play.case import AnyCase
    from otr_conformance.suite import AnySuite
    from otr_model.kernel.mutants import Mutant

__all__ = ["Played", "Player", "Stalled", "limited"]

LIMIT: Final = 5.0
"""Seconds of processor time that one case may take."""
AFTER: Final = 40
"""Cases that are played, after one that a mutant crashed in, to see whether another fails it."""
LONGEST: Final = 400
"""Letters of what a case says of a mutant."""
TIRED: Final = 120
"""Mutants after which terms are forgotten: they are kept for as long as a lab."""


_FATES: Final = {Verdict.CRASH: Fate.CRASHED, Verdict.NOTE: Fate.NOTED}


class Stalled(BaseException):
    """A case took too long; no handler of errors takes it for one."""


@dataclass(frozen=True, slots=True)
class Played:
    """What came of playing the cases that can notice a mutant.

    Attributes:
        fate: KILLED, CRASHED or NOTED; None: nothing was noticed.
        case: the case that noticed.
        because: what it saw.
        count: how many cases were played.
        stalled: it took too long; no further case is played.
        let_pass: where nothing was noticed, a case in which grading let pass what differs, and by
            what names; "" for none.
    """

    fate: Fate | None = None
    case: str = ""
    because: str = ""
    count: int = 0
    stalled: bool = False
    let_pass: tuple[str, str] = ("", "")


class Player:
    """Plays the cases of a protocol with its mutants.

    Args:
        suite: the protocol's.
        cases: the ids of those that count; None: all.
    """

    def __init__(self, suite: AnySuite, cases: Iterable[str] | None = None) -> None:
        self.suite = suite
        self.grader = suite.grader
        chosen = suite.cases if cases is None else cases
        self.cases: dict[str, AnyCase] = {name: suite.cases[name] for name in chosen}
        self._lab = suite.terms()
        self._played = 0
        covered = {case.id: self._covered(case) for case in self.cases.values()}
        self.plan = Plan(suite.trial.composition, covered)

    def _covered(self, case: AnyCase) -> Covered:
        predicted = self.grader.predict(case, self.grader.predicting(case, self._lab))
        return Covered.of(case, predicted.fired, len(predicted.observations))

    def play(self, mutant: Mutant, names: list[str], before: Played | None = None) -> Played:
        """Play cases until one fails the mutant. A crash or a note counts if none does.

        Args:
            mutant: which.
            names: of the cases, in order.
            before: what came of the cases that were played before.
        """
        self._rest()
        found = before or Played()
        for name in names if found.fate is not Fate.CRASHED else names[:AFTER]:
            verdict, because, let_pass = self._grade(self.cases[name], mutant)
            if verdict is Verdict.HANG:  # perhaps memory was being tidied up in that time
                self._lab = self.suite.terms()
                verdict, because, let_pass = self._grade(self.cases[name], mutant)
            count = found.count + 1
            if let_pass and not found.let_pass[0]:
                found = replace(found, let_pass=(name, let_pass))
            if verdict is Verdict.FAIL:
                self.plan.noticed(name)
                return Played(Fate.KILLED, name, because, count)
            if verdict is Verdict.HANG:
                self._lab = self.suite.terms()
                return Played(Fate.CRASHED, name, because, count, stalled=True)
            fate = _FATES.get(verdict)
            if fate is Fate.CRASHED is not found.fate:
                found = replace(found, fate=fate, case=name, because=because, count=count)
                return self.play(mutant, names[names.index(name) + 1 :], found)
            if fate is not None and found.fate is None:
                found = replace(found, fate=fate, case=name, because=because)
            found = replace(found, count=count)
        return found

    def _rest(self) -> None:
        self._played += 1
        if self._played % TIRED == 0:
            self._lab = self.suite.terms()

    def _grade(self, case: AnyCase, mutant: Mutant) -> tuple[Verdict, str, str]:
        """What a case says of a mutant, and what it lets pass.

        An error of any kind is a crash of the mutant. Time is taken of what the mutant does, and
        not of the grading, which may have many readings to try.
        """
        try:
            with limited(LIMIT):
                target = self.grader.reference_target(mutant.variant)
                seen = self.grader.seen(case, self._lab, target)
            result = self.grader.judged(case, self._lab, seen, explained=False)
        except Stalled:
            return Verdict.HANG, f"is at work for more than {LIMIT:g} seconds", ""
        except Exception as error:  # noqa: BLE001 - a mutant may break in any way
            return Verdict.CRASH, f"{type(error).__name__}: {error}", ""
        because = f"{result.because} ({result.ambiguity})" if result.ambiguity else result.because
        because = because if len(because) <= LONGEST else f"{because[:LONGEST]} ..."
        return result.verdict, because, ", ".join(result.alternatives)


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """What happens here takes only so much processor time, where the system can see to that.

    Raises:
        Stalled: where it takes more.
    """
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: object) -> None:
        raise Stalled

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
