"""One process of a campaign: plays, judges what it finds, makes it short, and writes it down.

    worker = Worker(order)
    done = worker.work(seconds=1.0)

What a target plays is chosen by what is known of the tables alone. Where the target is slow, a
scout goes ahead: the reference alone, over terms, finds scripts that show something new, and the
target plays these first.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Final

from otr_conformance.derive.record import digest
from otr_conformance.protocols import protocol
from otr_conformance.shim.errors import ShimAbsent, ShimError
from otr_conformance.verdict import Verdict
from otr_model.kernel.variant import NONE

from .duel import Differs
from .finds import Find, Finds, noted
from .known import NONE as NOTHING
from .known import Known
from .loop import Loop
from .readings import Readings
from .seat import Absent, Seat, sentence_of, verdict_of
from .shrink import Budget, shrink
from .solo import Worlds
from .spots import Seed
from .steer import Steer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from otr_conformance.derive.plan import Script
    from otr_conformance.derive.search import Pair
    from otr_conformance.targets import Target
    from otr_model.kernel.variant import Variant

    from .coverage import Cell
    from .loop import Trouble

__all__ = ["REPLAYS", "Done", "Kept", "Order", "Worker", "tables_of"]

REPLAYS: Final = 300
"""Replays that it may take to make a find short."""
_AHEAD: Final = 2
"""Episodes of the scout for each of the target."""
_AGAIN: Final = 3
"""How often a script is played again before it is said not to show every time."""
_DOUBTED: Final = 2
"""How often a reading may turn out to be in the way, before the tables are not read so any more."""
_LOST: Final = 6
"""Troubles in a row that are nothing but a shim that does not start."""


@lru_cache(maxsize=4)
def tables_of(name: str) -> str:
    """The digest of the tables of a protocol."""
    return digest(protocol(name).plan.composition)


@dataclass(frozen=True, slots=True)
class Kept:
    """A script that was the first to show pairs of rows."""

    part: str
    moves: tuple[str, ...]
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """What a process has to know.

    Attributes:
        protocol: the name of the protocol.
        target: what is fuzzed.
        seed: of the campaign.
        number: of the process: each draws something else.
        uniform: everything is equally likely, and nothing is learned.
        octets: the reference plays over bytes.
        judged: where the reference plays alone, oracle and promises look at what happens.
        variant: what is wrong with the reference.
        timeout: seconds that a shim may take for one answer.
        replays: how many it may take to make a find short.
        finds: the folder of the finds; None: they are not written.
        known: what is known of the target.
    """

    protocol: str
    target: Target
    seed: int = 0
    number: int = 0
    uniform: bool = False
    octets: bool = False
    judged: bool = True
    variant: Variant = NONE
    timeout: float = 5.0
    replays: int = REPLAYS
    finds: Path | None = None
    known: Known = NOTHING

    def worker(self) -> Worker:
        """What plays."""
        return Worker(self)


@dataclass(slots=True)
class Done:
    """What came of some work.

    Attributes:
        steps: moves that were played.
        episodes: how many episodes there were.
        seconds: processor time of this process.
        cells: how often each cell was visited.
        pairs: how often each pair was seen.
        kept: scripts that showed a pair first.
        finds: what was found, as short as it was made.
        again: how often each find was seen, by its id.
        complaints: what went wrong, a line each.
        reading: the ambiguities that the target reads to the letter, and what is known of it.
        label: what the target calls itself, and its version.
        lost: why the target cannot be played with any more; "" if it can.
    """

    steps: int = 0
    episodes: int = 0
    seconds: float = 0.0
    cells: Counter[Cell] = field(default_factory=Counter)
    pairs: Counter[Pair] = field(default_factory=Counter)
    kept: list[Kept] = field(default_factory=list)
    finds: list[Find] = field(default_factory=list)
    again: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    reading: tuple[str, ...] = ()
    label: tuple[str, str] = ("", "")
    lost: str = ""


class Worker:
    """Plays with a target.

    Args:
        order: what it has to know.

    Attributes:
        seat: the target.
        steer: chooses what is played.
        finds: what was found so far.

    Raises:
        ShimError: if the target does not start.
    """

    def __init__(self, order: Order) -> None:
        self.order = order
        self.fuzzing = fuzzing = protocol(order.protocol).fuzzing
        self.seat = Seat(fuzzing, order.target, order.octets, order.variant, timeout=order.timeout)
        self.seat.ends = order.known.ends
        self.seat.open()
        self.finds = Finds(order.finds)
        self._complaints = list(self.finds.complaints)
        self._readings = Readings(fuzzing, order.known.deviations)
        self._reading: tuple[str, ...] = ()
        self._doubted: Counter[str] = Counter()
        random = Random(f"{order.seed} {order.number}")  # noqa: S311 - what is played is no secret
        self._worlds = Worlds(fuzzing, judged=order.judged)
        own = order.target.command is None and order.variant is NONE
        alone = own and not order.octets
        self.steer = Steer(fuzzing, random, order.uniform, self.seat.moves, self.seat.able)
        self._moves = frozenset(self.steer.possible)
        begin = self._worlds.begin if alone else self.seat.begin
        if alone and not order.judged:  # all play over terms then
            self.steer.dull = 1.0
        self._loop = Loop(self.steer, begin)
        self._scout: Loop | None = None
        if not alone and not order.uniform:
            ahead = Random(f"{order.seed} {order.number} ahead")  # noqa: S311 - see above
            self._scout = Loop(Steer(fuzzing, ahead), Worlds(fuzzing, judged=False).begin)
        self._adopted = 0
        self._told = 0
        self._faults = 0

    def close(self) -> None:
        """End the target."""
        self.seat.close()

    def work(self, seconds: float = 0.0, steps: int = 0, adopt: Iterable[Kept] = ()) -> Done:
        """Play for some time, or so many moves, whatever ends first; 0: no limit.

        Args:
            seconds: how long, at least one episode.
            steps: how many moves, about.
            adopt: scripts that others have found.
        """
        for kept in adopt:
            self._adopt(Seed(kept.part, kept.moves, pairs=kept.pairs))
        done = Done()
        loop = self._loop
        begun, spent = time.monotonic(), time.process_time()
        first, episodes = loop.steps, loop.episodes
        while not done.lost:
            self._episode(done)
            late = seconds and time.monotonic() - begun >= seconds
            if late or (steps and loop.steps - first >= steps):
                break
        done.steps, done.episodes = loop.steps - first, loop.episodes - episodes
        done.seconds = time.process_time() - spent
        self._tell(done)
        return done

    def _episode(self, done: Done) -> None:
        """An episode, and what the scout does before it."""
        if self._scout is not None:
            for _ in range(_AHEAD):
                self._scout.episode()
            self._follow(self._scout.steer)
        trouble = self._loop.episode()
        if trouble is None:
            self._faults = 0
            return
        try:
            self.judge(trouble, done)
        except Absent as error:
            done.lost = str(error)

    def _follow(self, scout: Steer) -> None:
        """Take over what the scout has found."""
        for seed in scout.own[self._adopted :]:
            self._adopt(replace(seed, stage=None, used=0))
        self._adopted = len(scout.own)

    def _adopt(self, seed: Seed) -> None:
        """Keep a script, if the target is capable of it."""
        if set(seed.moves) <= self._moves and self.seat.able(seed.part):
            self.steer.adopt(seed)

    def _tell(self, done: Done) -> None:
        """What is new since it was told last."""
        coverage = self.steer.coverage
        done.cells, done.pairs = coverage.taken()
        new = self.steer.own[self._told :]
        self._told = len(self.steer.own)
        done.kept = [Kept(seed.part, seed.moves, seed.pairs) for seed in new]
        done.complaints, self._complaints = self._complaints, []
        done.reading, done.label = self._reading, self.seat.label

    # Trouble.

    def judge(self, trouble: Trouble, done: Done) -> None:
        """What trouble is, and what is to be done about it."""
        error = trouble.error
        self.seat.settle(error)
        if isinstance(error, ShimAbsent | Absent):
            self._absent(error)
            return
        find = self.find_of(trouble)
        if find in self.finds:
            done.again[find.id] += 1
            return
        if isinstance(error, Differs):
            names = self._explained(trouble.script)
            if names is not None:
                self._noted(find, names, done)
                return
        self._found(find, done)

    def is_known(self, trouble: Trouble, done: Done) -> bool:
        """Whether the same was found before; then it is counted."""
        find = self.find_of(trouble)
        self.seat.settle(trouble.error)
        if find not in self.finds:
            return False
        done.again[find.id] += 1
        return True

    def _absent(self, error: ShimError | Absent) -> None:
        """The target did not start.

        Raises:
            Absent: if it does not for the last time.
        """
        self._faults += 1
        if isinstance(error, Absent) or self._faults >= _LOST:
            message = f"{self.order.target.name} does not start any more: {error}"
            raise Absent(message)

    def find_of(self, trouble: Trouble) -> Find:
        """Trouble as a find."""
        error = trouble.error
        name, version = self.seat.label
        rows = error.rows if isinstance(error, Differs) else ()
        return Find(
            self.order.protocol,
            trouble.script,
            sentence_of(error),
            rows,
            verdict_of(error),
            self.order.target.name,
            name,
            version,
            tables_of(self.order.protocol),
            self.order.seed,
            before=error.before if isinstance(error, Differs) else (),
            behind=self._reading,
        )

    def _explained(self, script: Script) -> tuple[str, ...] | None:
        """How the tables have to be read; None if no reading of them explains it."""
        trouble = self._differs(script, self.seat.reading, self.seat.excused)
        if trouble is None or not isinstance(trouble.error, Differs):
            return None
        return self._readings.explaining(
            self._reading, lambda *reading: self._differs(script, *reading)
        )

    def _differs(
        self, script: Script, reading: Variant, excused: tuple[str, ...]
    ) -> Trouble | None:
        """What differs, if anything does; a target's own randomness may hide it once."""
        again = (self.seat.replay(script, reading, excused) for _ in range(_AGAIN))
        return next((trouble for trouble in again if trouble is not None), None)

    def _noted(self, find: Find, names: tuple[str, ...], done: Done) -> None:
        """A difference that is explained: from now on the tables are read so."""
        new = tuple(name for name in names if name not in self._reading)
        self._doubted.update(name for name in self._reading if name not in names)
        if new:
            known = not self._readings.deviations.keys().isdisjoint(new)
            find = noted(find, new, known=known)
            if find in self.finds:
                done.again[find.id] += 1
            else:
                find = self._shortened(find, names)
                self.finds.add(find)
                done.finds.append(find)
        else:  # our own reading explains it, after all
            done.again["our reading"] += 1
        both = tuple(name for name in names if self._doubted[name] < _DOUBTED)
        reading = self._readings.read(both)
        if reading is not None:
            self._reading, self.seat.reading = both, reading
            self.seat.excused = self._readings.excused(both)

    def _found(self, find: Find, done: Done) -> None:
        """A difference that nothing explains so far, or worse; made short, it may be explained."""
        self.finds.add(find)
        if not any(self._shows_again(find) for _ in range(_AGAIN)):
            self._complaints.append(f"{find.id} does not show every time; it is kept as it was")
            done.finds.append(find)
            return
        find = self._shortened(find)
        names = self._explained(find.script)
        if names is not None and not set(names) <= set(self._reading):
            self.finds.drop(find)
            self._noted(find, names, done)
            return
        self.finds.add(find)
        done.finds.append(find)

    def _shows_again(self, find: Find) -> bool:
        """Whether a find shows once more: with a target's own randomness it may not."""
        again = self.seat.replay(find.script)
        return again is not None and self.find_of(again).key == find.key

    def _shortened(self, find: Find, names: tuple[str, ...] | None = None) -> Find:
        """The same find, as short as it can be made.

        Args:
            find: the find.
            names: the readings of the tables that explain it, and have to explain what is left.
        """
        looks, before = find.looks, find.before
        explained = None if names is None else self._readings.read(names)
        excused = self._readings.excused(names or ())

        def shows(script: Script) -> bool:
            nonlocal before
            trouble = self.seat.replay(script)
            if trouble is None or self.find_of(trouble).looks != looks:
                return False
            if explained is not None and self.seat.replay(script, explained, excused) is not None:
                return False
            before = self.find_of(trouble).before
            return True

        budget = Budget(self.order.replays if find.verdict is not Verdict.HANG else 12)
        script = shrink(find.script, shows, budget, self.fuzzing)
        return replace(find, script=script, before=before)
