"""Measuring: what becomes of each mutant, by several processes.

For each mutant, in this order, until its fate is known:

1. the few most promising cases are played;
2. it is followed beside the reference: perhaps that nobody can tell it is proved; what may differ
   inside is then looked for inside (`otr_conformance.mutate.inside`);
3. more of the cases that can notice it are played;
4. somebody goes on where cases end (`otr_conformance.mutate.extending`);
5. a run that tells it from the reference is searched for, and made into a case;
6. the rest of the cases that can notice it are played.

What a mutant does is bounded by processor time: it may compute for ever.
"""

from __future__ import annotations

import gc
import os
import time
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from otr_conformance.protocols import protocol
from otr_conformance.verdict import Verdict

from .argued import argument_for
from .catalogue import mutants_of
from .extending import Extending
from .fates import Fate, Measured, Outcome
from .inside import Inside
from .kept import Kept
from .playing import Player, Stalled, limited
from .processes import FORKS, Died, spread
from .proving import judge_of, proved
from .searching import search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from otr_check.bisimulation import Judge
    from otr_model.kernel.mutants import Mutant

    from .playing import Played

__all__ = ["Asked", "Prober", "measure"]

FEW: Final = 25
"""Cases that are played before a proof is tried."""
MOST: Final = 600
"""Cases that are played before a run is searched for, unless all are asked for."""
LOOKED: Final = 8
"""Cases in which somebody looks inside."""
PROOF: Final = 20.0
EXTEND: Final = 6.0
SEARCH: Final = 20.0
"""Seconds of processor time for a proof, for going on where cases end, and for a search."""
LONGEST_ORDER: Final = 200
"""Cases among which those are looked for that go on."""
_FATES: Final = {
    Verdict.FAIL: Fate.SURVIVED,
    Verdict.CRASH: Fate.CRASHED,
    Verdict.NOTE: Fate.NOTED,
    Verdict.PASS: Fate.TOLERATED,
}
"""What the verdict of a case that goes on makes of a mutant."""
CHUNK: Final = 8
"""Neighbours that one process tries, one after the other."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How mutants are measured.

    Attributes:
        cases: the ids of the cases that count; None: all.
        proves: whether proofs are tried.
        searches: whether runs are searched for that tell a mutant from the reference.
        thorough: every case that can notice a mutant is played, however many there are.
        jobs: how many processes.
    """

    cases: tuple[str, ...] | None = None
    proves: bool = True
    searches: bool = True
    thorough: bool = False
    jobs: int = 1


class Prober:
    """Finds out what becomes of mutants of a protocol.

    Args:
        name: the protocol's.
        asked: how.
    """

    def __init__(self, name: str, asked: Asked) -> None:
        self.name, self.asked = name, asked
        self.player = Player(protocol(name).suite, asked.cases)

    @cached_property
    def judge(self) -> Judge | None:
        """What proves; made when it is first needed, which takes seconds."""
        return judge_of(self.name) if self.asked.proves else None

    def prepare(self) -> None:
        """Do now what other processes can then share, and leave it alone when memory is tidied up.

        There are millions of objects, which would take seconds again and again.
        """
        if self.asked.proves:
            _ = self.judge
        gc.collect()
        gc.freeze()

    def outcome(self, mutant: Mutant, hint: str = "") -> Outcome:
        """What becomes of a mutant.

        Args:
            mutant: which.
            hint: a case that may fail it, and is played first.
        """
        began = time.process_time()
        return replace(self._outcome(mutant, hint), seconds=time.process_time() - began)

    def _outcome(self, mutant: Mutant, hint: str) -> Outcome:
        able = self.player.plan.cases(mutant.variant)
        if hint in able:
            able = [hint, *(case for case in able if case != hint)]
        order = able if self.asked.thorough else able[:MOST]
        first = self.player.play(mutant, order[:FEW])
        if first.fate is Fate.KILLED or first.stalled:
            return _told(mutant, first)
        fate, why = self._proved(mutant) if first.fate is None else (None, "")
        if fate is not None:
            return self._inside(Outcome(mutant, fate, because=why, played=first.count), order)
        rest = self.player.play(mutant, order[FEW:], first)
        if rest.fate is not None:
            return _told(mutant, rest)
        found = self._extended(mutant, rest, order, why)
        if found.fate is Fate.UNDECIDED:
            found = self._searched(mutant, rest, found.because)
        left = able[len(order) :]
        if left and found.fate in {Fate.SURVIVED, Fate.UNDECIDED}:
            rest = self.player.play(mutant, left, rest)
            found = replace(found, played=rest.count)
            if rest.fate is not None:
                return _told(mutant, rest)
        return self._explained(found, rest)

    def _explained(self, found: Outcome, played: Played) -> Outcome:
        """Why nothing was shown of a mutant, where that is known."""
        if found.fate is not Fate.UNDECIDED:
            return found
        case, names = played.let_pass
        if case:
            return replace(found, fate=Fate.TOLERATED, case=case, because=f"lets pass: {names}")
        argument = argument_for(self.name, found.mutant)
        if argument:
            return replace(found, fate=Fate.ARGUED, because=argument)
        return found

    @cached_property
    def _extending(self) -> Extending:
        return Extending(self.name, self.player.suite)

    def _extended(self, mutant: Mutant, played: Played, order: list[str], why: str) -> Outcome:
        """What comes of going on where cases end."""
        undecided = Outcome(mutant, Fate.UNDECIDED, because=why, played=played.count)
        if not self.asked.searches:
            return undecided
        cases = [self.player.cases[name] for name in order[:LONGEST_ORDER]]
        concerned = self.player.plan.concerned(mutant.variant)
        try:
            with limited(EXTEND):
                found = self._extending.told(mutant.variant, cases, concerned)
        except Stalled:
            self._extending.forget()
            return replace(undecided, because=f"{why}; nor within {EXTEND:g} seconds behind cases")
        fate = _FATES.get(found.verdict) if found.verdict is not None else None
        if fate is None:
            return replace(undecided, because=f"{why}; {found.says}")
        if fate is Fate.TOLERATED:
            return replace(undecided, fate=fate, because=f"lets pass: {found.says}")
        return replace(undecided, fate=fate, because=found.says)

    @cached_property
    def _white_box(self) -> Inside:
        return Inside(self.player.suite)

    def _inside(self, outcome: Outcome, order: list[str]) -> Outcome:
        """An outcome with the case in which somebody inside sees what nobody else does."""
        if outcome.fate is not Fate.INTERNAL:
            return outcome
        cases = (self.player.cases[name] for name in order[:LOOKED])
        try:
            with limited(PROOF):
                seen = self._white_box.seen(outcome.mutant.variant, cases)
        except Stalled:
            seen = None
        if seen is None:
            return outcome
        case, what = seen
        return replace(outcome, case=case, because=f"inside, {what} differs; {outcome.because}")

    def _proved(self, mutant: Mutant) -> tuple[Fate | None, str]:
        if self.judge is None:
            return None, "no proof was tried"
        try:
            with limited(PROOF):
                return proved(self.judge, mutant.variant)
        except Stalled:
            return None, f"no proof within {PROOF:g} seconds"
        except Exception as error:  # noqa: BLE001 - a mutant without a proof must not end the run
            return None, f"no proof: {type(error).__name__}: {error}"

    def _searched(self, mutant: Mutant, played: Played, why: str) -> Outcome:
        undecided = Outcome(mutant, Fate.UNDECIDED, because=why, played=played.count)
        if not self.asked.searches:
            return undecided
        concerned = self.player.plan.concerned(mutant.variant)
        try:
            with limited(SEARCH):
                found = search(self.name, mutant.variant, concerned)
        except Stalled:
            return replace(undecided, because=f"{why}; no search within {SEARCH:g} seconds")
        except Exception as error:  # noqa: BLE001 - a mutant may break in any way
            where = f"{why}; the search ended: {type(error).__name__}: {error}"
            return replace(undecided, fate=Fate.CRASHED, because=where)
        if found.witness is None:
            fate = Fate.TOLERATED if found.passed else Fate.UNDECIDED
            return replace(undecided, fate=fate, because=f"{why}; {found.says}")
        fate = Fate.SURVIVED if found.case else Fate.CRASHED
        return replace(undecided, fate=fate, because=found.says, witness=found.witness)


def _told(mutant: Mutant, played: Played) -> Outcome:
    fate = played.fate
    assert fate is not None  # noqa: S101 - what was noticed has a fate
    return Outcome(mutant, fate, played.case, played.because, played.count)


# --- Several processes ------------------------------------------------------------------------

_probers: dict[tuple[str, Asked], Prober] = {}
"""One for each question; processes that are forked share what their parent has made."""


def measure(
    name: str,
    mutants: Sequence[Mutant],
    asked: Asked | None = None,
    after_each: Callable[[Outcome], None] = lambda _: None,
    kept: Kept | None = None,
) -> Measured:
    """What becomes of some mutants of a protocol.

    Args:
        name: the protocol's.
        mutants: which, in the order of `mutants_of`.
        asked: how; None: with all cases, proofs and searches, by one process.
        after_each: called with each outcome, in whatever order they come.
        kept: outcomes that are known, and to which each is added; None: none are.

    Raises:
        UnknownProtocol: if there is no such protocol.
        BadResults: if outcomes cannot be kept.
    """
    asked, kept = asked or Asked(), kept or Kept()
    began, used = time.monotonic(), _processor()
    every = [mutant.name for mutant in mutants]
    known = kept.known(name)
    found = {each: known[each] for each in every if each in known}
    for outcome in found.values():
        after_each(outcome)
    taken = len(found)
    for outcome in _outcomes(name, asked, [n for n in every if n not in known], kept.hints(name)):
        found[outcome.mutant.name] = outcome
        kept.add(name, outcome)
        after_each(outcome)
    outcomes = tuple(found[each] for each in every)
    spent = time.monotonic() - began, _processor() - used
    return Measured(name, outcomes, len(mutants_of(name)), *spent, taken)


def _processor() -> float:
    """Seconds of processor time that this process and its children have taken, those that ended."""
    return sum(os.times()[:4])


def _prober(name: str, asked: Asked) -> Prober:
    if (name, asked) not in _probers:
        _probers[name, asked] = Prober(name, asked)
    return _probers[name, asked]


def _outcomes(
    name: str, asked: Asked, names: list[str], hints: Mapping[str, str]
) -> Iterator[Outcome]:
    chunks = [names[at : at + CHUNK] for at in range(0, len(names), CHUNK)]
    attempt = partial(_try, name, asked, hints)
    if asked.jobs == 1 or len(chunks) <= 1:
        yield from map(attempt, names)
        return
    if FORKS:
        _prober(name, asked).prepare()
    known = {mutant.name: mutant for mutant in mutants_of(name)}
    for each, result in spread(attempt, chunks, asked.jobs):
        if isinstance(result, Died):
            because = f"its process ended with {result.status}, twice"
            yield Outcome(known[each], Fate.CRASHED, because=because)
        else:
            yield result


def _try(name: str, asked: Asked, hints: Mapping[str, str], mutant: str) -> Outcome:
    """What becomes of a mutant, in whatever process."""
    prober = _prober(name, asked)
    known = {each.name: each for each in mutants_of(name)}
    return prober.outcome(known[mutant], hints.get(mutant, ""))
