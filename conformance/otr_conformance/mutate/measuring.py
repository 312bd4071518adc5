"""Measuring: what becomes of each mutant, by several processes.

For each mutant, in this order, until its fate is known:

1. the few most promising cases are played;
2. it is followed beside the reference: perhaps that nobody can tell it is proved; what may differ
   inside is then looked for inside (`otr_conformance.mutate.inside`);
3. more of the cases that can notice it are played, or all;
4. a run that tells it from the reference is searched for, and made into a case.

What a mutant does is bounded by processor time: it may compute for ever.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from otr_conformance.protocols import protocol

from .catalogue import mutants_of
from .fates import Fate, Measured, Outcome
from .inside import Inside
from .playing import Player, Stalled, limited
from .proving import judge_of, proved
from .searching import search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from otr_check.bisimulation import Judge
    from otr_model.kernel.mutants import Mutant

    from .playing import Played

__all__ = ["Asked", "Prober", "measure"]

FEW: Final = 25
"""Cases that are played before a proof is tried."""
MOST: Final = 600
"""Cases that are played of those that can notice a mutant, unless all are asked for."""
LOOKED: Final = 8
"""Cases in which somebody looks inside."""
PROOF: Final = 20.0
SEARCH: Final = 20.0
"""Seconds of processor time for a proof, and for a search."""
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
        """Do now what other processes can then share."""
        if self.asked.proves:
            _ = self.judge

    def outcome(self, mutant: Mutant) -> Outcome:
        """What becomes of a mutant."""
        able = self.player.plan.cases(mutant.variant)
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
        found = self._searched(mutant, rest, why)
        left = able[len(order) :]
        if not left:
            return found
        if found.fate is Fate.SURVIVED:
            last = self.player.play(mutant, left, rest)
            return found if last.fate is None else _told(mutant, last)
        some = f"{len(order)} of {len(able):,} cases that can notice it were played"
        return replace(found, because=f"{some}; {found.because}")

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
        if found.witness is None:
            return replace(undecided, because=f"{why}; {found.says}")
        return replace(undecided, fate=Fate.SURVIVED, because=found.says, witness=found.witness)


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
) -> Measured:
    """What becomes of some mutants of a protocol.

    Args:
        name: the protocol's.
        mutants: which, in the order of `mutants_of`.
        asked: how; None: with all cases, proofs and searches, by one process.
        after_each: called with each outcome, in whatever order they come.

    Raises:
        UnknownProtocol: if there is no such protocol.
        BrokenProcessPool: if a process is gone.
    """
    asked = asked or Asked()
    began = time.monotonic()
    prober = _prober(name, asked)
    found: dict[str, Outcome] = {}
    for outcome in _outcomes(prober, [mutant.name for mutant in mutants]):
        found[outcome.mutant.name] = outcome
        after_each(outcome)
    outcomes = tuple(found[mutant.name] for mutant in mutants)
    return Measured(name, outcomes, len(mutants_of(name)), time.monotonic() - began)


def _prober(name: str, asked: Asked) -> Prober:
    if (name, asked) not in _probers:
        _probers[name, asked] = Prober(name, asked)
    return _probers[name, asked]


def _outcomes(prober: Prober, names: list[str]) -> Iterator[Outcome]:
    name, asked = prober.name, prober.asked
    chunks = [names[at : at + CHUNK] for at in range(0, len(names), CHUNK)]
    if asked.jobs == 1 or len(chunks) == 1:
        for each in names:
            yield from _try(name, asked, [each])
        return
    forks = sys.platform == "linux"
    if forks:
        prober.prepare()
    context = multiprocessing.get_context("fork" if forks else "spawn")
    with ProcessPoolExecutor(asked.jobs, mp_context=context) as pool:
        waiting = [pool.submit(_try, name, asked, chunk) for chunk in chunks]
        try:
            for done in as_completed(waiting):
                yield from done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _try(name: str, asked: Asked, names: list[str]) -> list[Outcome]:
    """What becomes of a few mutants, in whatever process."""
    prober = _prober(name, asked)
    known = {mutant.name: mutant for mutant in mutants_of(name)}
    return [prober.outcome(known[each]) for each in names]
