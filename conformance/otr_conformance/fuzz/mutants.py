"""Mutants: what the fuzzer is worth, found without being told where.

A corpus of scripts is grown on the plain reference, once (`.growing`). Each mutant is taken through
all of it beside the tables, those scripts first that show most (`.tree`), and when there are none
left, through whatever steering comes up with, until something differs or the budget of processor
time is used up. Nothing looks at what was edited. What the reference itself would show counts for
nothing.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Final

from otr_conformance.mutate.playing import Stalled, limited
from otr_conformance.protocols import protocol
from otr_conformance.targets import IN_PROCESS, find
from otr_model.kernel.variant import Variant
from otr_reference.errors import OtrSpecError

from .duel import Differs
from .growing import FIRST
from .loop import Loop, Trouble
from .readings import explaining, together
from .seat import Seat, sentence_of
from .spots import Seed
from .steer import Steer
from .tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from otr_conformance.derive.plan import Script
    from otr_conformance.play.labs import Lab
    from otr_model.kernel.mutants import Mutant

    from .tree import Suspect

__all__ = ["CONTROL", "Hunted", "Hunter"]

STALL: Final = 5.0
"""Seconds of processor time that one move, or one replay, may take."""
CONTROL: Final = Variant("control", "the tables as they are, taken for a mutant")
_ENDLESS: Final = "a play does not come to an end"
_SEVERAL: Final = 12
"""How many differences a letter has explained when the tables are read so."""
_EXAMPLES: Final = 3
"""Scripts that are remembered because a reading explains what differs in them."""
_JOINTS: Final = 60
"""How often two of them are played one after the other."""
_SLICES: Final = (FIRST, 4 * FIRST, 16 * FIRST)
"""Where the corpus is cut: each of the parts is a tree, and is played before the next."""


@dataclass(frozen=True, slots=True)
class Hunted:
    """What came of a mutant.

    Attributes:
        mutant: its name.
        found: whether it was found.
        because: what differs, in a sentence.
        rows: the rows that the tables predict there.
        script: what shows it; None where nothing does.
        moves: how many moves it took.
        seconds: processor time, to a millisecond: as it is written to a file.
        noted: something differs, and the letter of an ambiguity explains it.
    """

    mutant: str
    found: bool
    because: str = ""
    rows: tuple[str, ...] = ()
    script: Script | None = None
    moves: int = 0
    seconds: float = 0.0
    noted: bool = False


class Hunter:
    """Looks for mutants of a protocol.

    Args:
        name: the protocol's.
        corpus: scripts, see `.growing.grown`.
        budget: seconds of processor time for each mutant.
        seed: what is drawn.
        octets: they play over bytes.

    Attributes:
        astray: where something differs although nothing is wrong; known once the trees are made.
    """

    def __init__(
        self,
        name: str,
        corpus: Sequence[Script],
        budget: float,
        seed: int = 0,
        *,
        octets: bool = False,
    ) -> None:
        self.fuzzing = protocol(name).fuzzing
        self.corpus, self.budget, self.seed, self.octets = corpus, budget, seed, octets
        self.astray: list[Suspect] = []
        self._suite = protocol(name).suite

    @cached_property
    def trees(self) -> tuple[Tree, ...]:
        """The corpus, with what the tables predict: made when it is first needed.

        What differs although nothing is wrong says nothing of a mutant, and is left out.
        """
        parts = (self.corpus[slice(*each)] for each in pairwise((0, *_SLICES, None)))
        made = tuple(Tree(self.fuzzing, scripts) for scripts in parts if scripts)
        for tree in made:
            wrong = [each for each in tree.walk(CONTROL) if each is not None]
            tree.without(wrong)
            self.astray += wrong
        return made

    def lab(self) -> Lab | None:
        """Where a mutant plays; None: over terms."""
        return self._suite.real() if self.octets else None

    def hunt(self, mutant: Mutant) -> Hunted:
        """Look for a mutant."""
        trees = self.trees  # the time that it takes to make them is nobody's
        return _Hunt(self, mutant.name, mutant.variant, trees).run()


class _Hunt:
    """One mutant that is looked for."""

    def __init__(
        self, hunter: Hunter, name: str, variant: Variant, trees: tuple[Tree, ...]
    ) -> None:
        self.hunter, self.name, self.variant, self.trees = hunter, name, variant, trees
        self.seat = Seat(hunter.fuzzing, find(IN_PROCESS), hunter.octets, variant)
        self.control = Seat(hunter.fuzzing, find(IN_PROCESS), hunter.octets, CONTROL)
        self.begun = time.process_time()
        self.moves = 0
        self.noted = False
        self._read: tuple[str, ...] = ()
        self._notes: Counter[tuple[str, ...]] = Counter()
        self._examples: dict[tuple[str, ...], list[Script]] = {}
        self._joints = 0

    def run(self) -> Hunted:
        """Play until it is found, or the budget is used up."""
        try:
            trouble = self._in_corpus() or self._by_chance()
        except Stalled:
            return self._done(_ENDLESS, found=True)
        if trouble is None:
            return self._done("", found=False)
        rows = trouble.error.rows if isinstance(trouble.error, Differs) else ()
        return self._done(sentence_of(trouble.error), rows, trouble.script, found=True)

    def _done(
        self,
        because: str,
        rows: tuple[str, ...] = (),
        script: Script | None = None,
        *,
        found: bool,
    ) -> Hunted:
        seconds = round(time.process_time() - self.begun, 3)
        moves, noted = self.moves, self.noted
        return Hunted(self.name, found, because, rows, script, moves, seconds, noted)

    @property
    def _over(self) -> bool:
        return time.process_time() - self.begun >= self.hunter.budget

    def _in_corpus(self) -> Trouble | None:
        """What differs in a script of the corpus, and nothing explains.

        Raises:
            Stalled: if a move takes too long.
        """
        while True:
            read = self._read
            for suspect in self._suspects():
                if self._over:
                    return None
                self.moves += 1
                trouble = None if suspect is None else self._replayed(suspect.script)
                counts = None if trouble is None else self._counting(trouble)
                if counts is not None:
                    return counts
                if self._read != read:  # what stands behind that is looked for, too
                    break
            else:
                return None

    def _counting(self, trouble: Trouble) -> Trouble | None:
        """Trouble that is the mutant's: not that of the reference, nor an ambiguity's.

        Who reads an ambiguity one way here and the other way there is found, too: by a script of
        both.
        """
        if not self._is_its_own(trouble):
            return None
        names = self._explained(trouble)
        return trouble if names is None else self._joined(trouble.script, names)

    def _is_its_own(self, trouble: Trouble) -> bool:
        """Whether trouble is not that of the reference as well."""
        with limited(STALL):
            return self.control.replay(trouble.script) is None

    def _joined(self, script: Script, names: tuple[str, ...]) -> Trouble | None:
        """What no reading explains of a script behind others that need another one, or before."""
        for other, known in self._examples.items():
            for each in known if other != names else ():
                for joined in (_joint(each, script), _joint(script, each)):
                    trouble = self._joint_trouble(joined)
                    if trouble is not None:
                        return trouble
        several = self._examples.setdefault(names, [])
        if len(several) < _EXAMPLES:
            several.append(script)
        return None

    def _joint_trouble(self, joined: Script) -> Trouble | None:
        """What differs in a script, if nothing explains it, and tries are left."""
        if self._joints >= _JOINTS:
            return None
        self._joints += 1
        trouble = self._replayed(joined)
        if trouble is None or not self._is_its_own(trouble):
            return None
        return None if self._explained(trouble) is not None else trouble

    def _suspects(self) -> Iterator[Suspect | None]:
        """After each move of the corpus, where something seems to differ."""
        for tree in self.trees:
            walk = tree.walk(self.variant, self.hunter.lab(), self.seat.reading)
            while True:
                with limited(STALL):
                    suspect = next(walk, _END)
                if isinstance(suspect, _End):
                    break
                yield suspect

    def _replayed(self, script: Script) -> Trouble | None:
        """What a duel says of a script."""
        with limited(STALL):
            return self.seat.replay(script)

    def _by_chance(self) -> Trouble | None:
        """The same, with whatever steering comes up with."""
        hunter = self.hunter
        random = Random(f"{hunter.seed} {self.name}")  # noqa: S311 - what is played is no secret
        steer = Steer(hunter.fuzzing, random)
        for script in hunter.corpus:
            steer.adopt(Seed(script.part, script.moves))
        loop = Loop(steer, self.seat.begin)
        before = self.moves
        while not self._over:
            with limited(STALL):
                trouble = loop.episode()
            self.moves = before + loop.steps
            counts = None if trouble is None else self._counting(trouble)
            if counts is not None:
                return counts
        return None

    def _explained(self, trouble: Trouble) -> tuple[str, ...] | None:
        """The ambiguities whose letter explains a difference; None if nothing does.

        Where it has explained several, the tables are read so from then on. One may be chance: read
        otherwise, a script may lead to where nothing is wrong.
        """
        if not isinstance(trouble.error, Differs) or trouble.error.oracle:
            return None
        script, literal = trouble.script, self.hunter.fuzzing.plan.grader.literal
        known = (each for each in self._notes if self._agrees(script, together(literal, each)))
        names = next(known, None)
        if names is None:
            names = explaining(
                self.hunter.fuzzing, self._read, lambda reading: self._agrees(script, reading)
            )
        if names is None:
            return None
        self.noted = True
        self._notes[names] += 1
        reading = together(literal, names)
        if self._notes[names] >= _SEVERAL and set(names) > set(self._read) and reading is not None:
            self._read, self.seat.reading = names, reading
        return names

    def _agrees(self, script: Script, reading: Variant | None) -> bool:
        """Whether all of a script is compared under a reading, and nothing differs.

        Where nothing can be compared any more, nothing is explained.
        """
        if reading is None:
            return False
        before, self.seat.reading = self.seat.reading, reading
        try:
            duel = self.seat.begin(script.part)
            for name in script.moves:
                if duel.cut:
                    return False
                if duel.can(name):
                    duel.play(name)
        except OtrSpecError:
            return False
        finally:
            self.seat.reading = before
        return True


def _joint(first: Script, then: Script) -> Script:
    """Two scripts, one after the other."""
    return replace(first, moves=(*first.moves, *then.moves))


class _End:
    """There is nothing more."""


_END: Final = _End()
