"""Mutants: what the fuzzer is worth, found without being told where.

A corpus of scripts is grown on the plain reference, once. Each mutant is then played beside the
tables: every script of the corpus with some probes behind it, in an order that is drawn, and when
there are none left, whatever steering comes up with, until something differs or the budget of
processor time is used up. Nothing looks at what was edited.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

from otr_conformance.derive.plan import Script
from otr_conformance.mutate.playing import Stalled, limited
from otr_conformance.protocols import protocol
from otr_conformance.targets import IN_PROCESS, find

from .duel import Differs
from .loop import Loop
from .readings import explaining, together
from .seat import Seat, sentence_of
from .solo import Worlds
from .steer import Seed, Steer

if TYPE_CHECKING:
    from otr_model.kernel.mutants import Mutant

    from .loop import Trouble
    from .vocabulary import Fuzzing

__all__ = ["GROWN", "Hunted", "Hunter", "grown"]

GROWN: Final = 120_000
"""Moves with the reference alone, in which a corpus is grown."""
STALL: Final = 5.0
"""Seconds of processor time that one play may take."""
_PROBED: Final = 2
"""Probes behind each script."""


def grown(fuzzing: Fuzzing, seed: int, steps: int = GROWN) -> tuple[Script, ...]:
    """Scripts that show rows and pairs of rows, grown on the reference alone.

    A script that another one begins with is left out. Behind each there are probes.

    Args:
        fuzzing: what the protocol states.
        seed: what is drawn.
        steps: how many moves are played.
    """
    random = Random(f"{seed} corpus")  # noqa: S311 - what is played is no secret
    loop = Loop(Steer(fuzzing, random), Worlds(fuzzing, judged=False).begin)
    while loop.steps < steps:
        loop.episode()
    return probed(fuzzing, [(each.part, each.moves) for each in loop.steer.own], random)


def probed(
    fuzzing: Fuzzing, scripts: list[tuple[str, tuple[str, ...]]], random: Random
) -> tuple[Script, ...]:
    """Scripts in an order that is drawn, each with probes behind it, none inside of another."""
    inner = {(part, moves[:n]) for part, moves in scripts for n in range(len(moves))}
    outer = [each for each in dict.fromkeys(scripts) if each not in inner]
    random.shuffle(outer)
    made = []
    for part, moves in outer:
        probes = [random.choice(fuzzing.plan.probes) for _ in range(_PROBED)]
        made.append(Script(part, (*moves, *(name for probe in probes for name in probe))))
    return tuple(made)


@dataclass(frozen=True, slots=True)
class Hunted:
    """What came of a mutant.

    Attributes:
        mutant: its name.
        found: whether it was found.
        because: what differs, in a sentence.
        rows: the rows that the tables predict there.
        script: what shows it; None where nothing does.
        plays: how many plays it took.
        seconds: processor time.
        noted: something differs, and the letter of an ambiguity explains it.
    """

    mutant: str
    found: bool
    because: str = ""
    rows: tuple[str, ...] = ()
    script: Script | None = None
    plays: int = 0
    seconds: float = 0.0
    noted: bool = False


class Hunter:
    """Looks for mutants of a protocol.

    Args:
        name: the protocol's.
        corpus: scripts, see `grown`.
        budget: seconds of processor time for each mutant.
        seed: what is drawn.
        octets: they play over bytes.
    """

    def __init__(
        self,
        name: str,
        corpus: tuple[Script, ...],
        budget: float,
        seed: int = 0,
        *,
        octets: bool = False,
    ) -> None:
        self.fuzzing = protocol(name).fuzzing
        self.corpus, self.budget, self.seed, self.octets = corpus, budget, seed, octets

    def hunt(self, mutant: Mutant) -> Hunted:
        """Look for a mutant."""
        return _Hunt(self, mutant).run()


class _Hunt:
    """One mutant that is looked for."""

    def __init__(self, hunter: Hunter, mutant: Mutant) -> None:
        self.hunter, self.mutant = hunter, mutant
        self.seat = Seat(hunter.fuzzing, find(IN_PROCESS), hunter.octets, mutant.variant)
        self.begun = time.process_time()
        self.plays = 0
        self.noted = False
        self.script: Script | None = None
        self._read: tuple[str, ...] = ()

    def run(self) -> Hunted:
        """Play until it is found, or the budget is used up."""
        try:
            trouble = self._sought()
        except Stalled:
            return self._done("a play does not come to an end", found=True)
        if trouble is None:
            return self._done("", found=False)
        self.script = trouble.script
        rows = trouble.error.rows if isinstance(trouble.error, Differs) else ()
        return self._done(sentence_of(trouble.error), rows, found=True)

    def _done(self, because: str, rows: tuple[str, ...] = (), *, found: bool) -> Hunted:
        return Hunted(
            self.mutant.name,
            found,
            because,
            rows,
            self.script,
            self.plays,
            time.process_time() - self.begun,
            self.noted,
        )

    @property
    def _over(self) -> bool:
        return time.process_time() - self.begun >= self.hunter.budget

    def _sought(self) -> Trouble | None:
        """What differs, and nothing explains.

        Raises:
            Stalled: if a play takes too long.
        """
        for script in self.hunter.corpus:
            if self._over:
                return None
            self.plays += 1
            self.script = script
            with limited(STALL):
                trouble = self.seat.replay(script)
            if trouble is not None and not self._explained(trouble):
                return trouble
        self.script = None
        return self._by_chance()

    def _by_chance(self) -> Trouble | None:
        """The same, with whatever steering comes up with."""
        hunter = self.hunter
        random = Random(f"{hunter.seed} {self.mutant.name}")  # noqa: S311 - see above
        steer = Steer(hunter.fuzzing, random)
        for script in hunter.corpus:
            steer.adopt(Seed(script.part, script.moves))
        loop = Loop(steer, self.seat.begin)
        while not self._over:
            self.plays += 1
            with limited(STALL):
                trouble = loop.episode()
            if trouble is not None and not self._explained(trouble):
                return trouble
        return None

    def _explained(self, trouble: Trouble) -> bool:
        """Whether the letter of an ambiguity explains a difference: then the tables are read so."""
        if not isinstance(trouble.error, Differs) or trouble.error.oracle:
            return False
        script, fuzzing = trouble.script, self.hunter.fuzzing
        names = explaining(
            fuzzing, self._read, lambda reading: self.seat.replay(script, reading) is None
        )
        if names is None:
            return False
        self.noted = True
        self._read = tuple(dict.fromkeys((*self._read, *names)))
        reading = together(fuzzing.plan.grader.literal, self._read)
        if reading is not None:
            self.seat.reading = reading
        return True
