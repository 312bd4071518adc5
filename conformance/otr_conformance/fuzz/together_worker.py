"""One process of a campaign in which several targets meet.

What a single target's process does (`.worker`) is done here for those who meet: the same scripts
are kept, finds are as short, and known in the same way. A find belongs to the target that is at
fault (`.together_group`): what is explained or known of that one explains it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Any, Final

from otr_conformance.derive.plan import Script
from otr_conformance.shim.errors import ShimAbsent
from otr_conformance.verdict import Verdict
from otr_model.kernel.variant import NONE

from .finds import Find, Finds, noted
from .known import Known
from .readings import Readings
from .seat import Absent, verdict_of
from .shrink import Budget, shrink
from .together import Deviates, Fallen
from .together_cast import as_of_one
from .together_group import Chair, Group
from .together_loop import Course
from .worker import Done, Kept, Order, Worker, tables_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from otr_conformance.targets import Target
    from otr_model.kernel.variant import Variant

    from .known import Pattern
    from .loop import Trouble
    from .together_group import Blame

__all__ = ["Each", "TogetherOrder", "TogetherWorker", "met"]

AGAIN: Final = 3
"""How often a script is played again before it is said not to show every time."""
LOST: Final = 6
"""Troubles in a row that are nothing but a shim that does not start."""


@dataclass(frozen=True, slots=True)
class Each(Known):
    """What is known of each of several targets.

    Attributes:
        of_each: by the target, as it was named.
    """

    of_each: tuple[tuple[str, Known], ...] = ()

    @property
    def findings(self) -> tuple[str, ...]:
        """The names of all findings, each once."""
        return tuple(dict.fromkeys(name for _, known in self.of_each for name in known.findings))

    def of(self, find: Find) -> Pattern | None:
        """What explains a find; None if nothing does.

        Its moves are those of a target whose peer is a tester. Where it shows at the peer, what the
        target did for it to show was before.
        """
        moves = tuple(as_of_one(move, find.who) for move in find.script.moves)
        script = replace(find.script, moves=moves)
        alone = replace(find, script=script, rows=find.rows or find.before)
        return next((known.of(alone) for name, known in self.of_each if name == find.target), None)


@dataclass(frozen=True, slots=True)
class TogetherOrder(Order):
    """What a process has to know.

    Attributes:
        targets: those who meet, Alice first; `target` only says what they are called.
        variants: what is wrong with those that are the reference; none: nothing.
    """

    targets: tuple[Target, ...] = ()
    variants: tuple[Variant, ...] = ()

    def worker(self) -> TogetherWorker:
        """What plays."""
        return TogetherWorker(self)


def met(order: Order, targets: tuple[Target, ...]) -> Target:
    """What several are called together, as a target."""
    return replace(order.target, name=" with ".join(each.name for each in targets))


class TogetherWorker(Worker):
    """Plays with several targets.

    Args:
        order: what it has to know.

    Attributes:
        group: those who meet.

    Raises:
        ShimError: if a target does not start.
    """

    order: TogetherOrder

    def __init__(self, order: TogetherOrder) -> None:
        variants = order.variants or (NONE,) * len(order.targets)
        chairs = tuple(
            Chair(target, variant, order.timeout)
            for target, variant in zip(order.targets, variants, strict=True)
        )
        self.order = order
        self.group = group = Group(order.protocol, chairs, order.octets)
        self.seat: Any = group
        self.fuzzing = group.fuzzing
        group.open()
        self.finds = Finds(order.finds)
        self._complaints = list(self.finds.complaints)
        known = dict(order.known.of_each) if isinstance(order.known, Each) else {}
        self._of_each = {
            name: Readings(group.fuzzing, known.get(chair.target.name, Known()).deviations)
            for name, chair in group.by_name.items()
        }
        group.ends = {
            name: known.get(chair.target.name, Known()).ends
            for name, chair in group.by_name.items()
        }
        self._read: dict[str, tuple[str, ...]] = dict.fromkeys(group.names, ())
        random = Random(f"{order.seed} {order.number}")  # noqa: S311 - what is played is no secret
        self.course = Course(group, random, order.uniform)
        self._told = self._absences = 0
        self._same: dict[str, str] = {}

    def close(self) -> None:
        """End the targets."""
        self.group.close()

    def work(self, seconds: float = 0.0, steps: int = 0, adopt: Iterable[Kept] = ()) -> Done:
        """Play for some time, or so many moves, whatever ends first; 0: no limit.

        Args:
            seconds: how long, at least one play.
            steps: how many moves, about.
            adopt: scripts that others have found.
        """
        course = self.course
        for kept in adopt:
            course.adopt(Script(kept.part, kept.moves), kept.pairs)
        done = Done()
        begun, spent = time.monotonic(), time.process_time()
        first, plays = course.steps, course.plays
        while not done.lost:
            self._play(done)
            late = seconds and time.monotonic() - begun >= seconds
            if late or (steps and course.steps - first >= steps):
                break
        done.steps, done.episodes = course.steps - first, course.plays - plays
        done.seconds = time.process_time() - spent
        done.cells, done.pairs = course.coverage.taken()
        new, self._told = course.own[self._told :], len(course.own)
        done.kept = [Kept(each.script.part, each.script.moves, each.pairs) for each in new]
        done.complaints, self._complaints = self._complaints, []
        done.reading = tuple(dict.fromkeys(n for read in self._read.values() for n in read))
        done.label = self.group.label
        return done

    def _play(self, done: Done) -> None:
        trouble = self.course.play()
        if trouble is None:
            self._absences = 0
            return
        try:
            self.judge(trouble, done)
        except Absent as error:
            done.lost = str(error)

    # Trouble.

    def judge(self, trouble: Trouble, done: Done) -> None:
        """What trouble is, whose fault, and what is to be done about it.

        Raises:
            Absent: if a target does not start any more.
        """
        error = trouble.error
        self.group.settle(error)
        inside = error.error if isinstance(error, Fallen) else error
        if isinstance(inside, ShimAbsent | Absent):
            self._absences += 1
            if isinstance(inside, Absent) or self._absences >= LOST:
                raise Absent(str(inside))
            return
        blame = self.group.blame(trouble)
        find = self._find(trouble, blame)
        if find in self.finds or find.id in self._same:
            done.again[self._same.get(find.id, find.id)] += 1
            return
        if isinstance(error, Deviates):
            others = [name for name in self.group.suspects if name != blame.who]
            for who in (blame.who, *others):
                names = self._explained_by(who, trouble.script, alone=who == blame.who)
                if names is not None:
                    theirs = self._find(trouble, self.group.blame_on(who, trouble))
                    self._same[find.id] = self._explain(theirs, who, names, done)
                    return
        self._unexplained(find, done)

    def find_of(self, trouble: Trouble) -> Find:
        """Trouble as a find of whoever is at fault."""
        return self._find(trouble, self.group.blame(trouble))

    def _find(self, trouble: Trouble, blame: Blame) -> Find:
        error = trouble.error
        chair = self.group.by_name[blame.who]
        name, version = chair.label
        return Find(
            self.order.protocol,
            trouble.script,
            blame.because,
            blame.rows,
            verdict_of(error.error if isinstance(error, Fallen) else error),
            chair.target.name,
            name,
            version,
            tables_of(self.order.protocol),
            self.order.seed,
            before=blame.before,
            behind=self._read[blame.who],
            together=tuple(each.target.name for each in self.group.chairs),
            who=blame.who,
            when=blame.when,
        )

    def _explained_by(self, who: str, script: Script, *, alone: bool) -> tuple[str, ...] | None:
        """How the tables have to be read for one; None if no reading of them explains it.

        Args:
            who: whose fault it may be.
            script: what shows it.
            alone: only what is this one's fault has to be explained; else everything that differs.
        """
        readings = self._of_each[who]

        def play(reading: Variant, excused: tuple[str, ...]) -> Trouble | None:
            read = self._with(who, reading, excused)
            again = (self.group.replay(script, *read) for _ in range(AGAIN))
            trouble = next((each for each in again if self._is_of(each, who, alone)), None)
            if trouble is not None and isinstance(trouble.error, Deviates):
                trouble.error.before = trouble.error.taken.get(who, ())
                trouble.error.rows = trouble.error.known.get(who, ())
            return trouble

        current = readings.read(self._read[who]) or NONE
        first = play(current, readings.excused(self._read[who]))
        if first is None or not isinstance(first.error, Deviates):
            return None
        return readings.explaining(self._read[who], play)

    def _is_of(self, trouble: Trouble | None, who: str, alone: bool) -> bool:  # noqa: FBT001 - as there
        """Whether something differs, and if that matters, by whose fault."""
        return trouble is not None and (not alone or self.group.blame(trouble).who == who)

    def _with(
        self, who: str, reading: Variant, excused: tuple[str, ...]
    ) -> tuple[Mapping[str, Variant], Mapping[str, tuple[str, ...]]]:
        """The readings of all, with another one for all places of one's target."""
        target = self.group.by_name[who].target
        places = [n for n, chair in self.group.by_name.items() if chair.target == target]
        readings, passed = dict(self.group.readings), dict(self.group.excused)
        readings.update(dict.fromkeys(places, reading))
        passed.update(dict.fromkeys(places, excused))
        return readings, passed

    def _explain(self, find: Find, who: str, names: tuple[str, ...], done: Done) -> str:
        """A difference that is explained: from now on the tables are read so for this one.

        Returns:
            The id of the find.
        """
        readings = self._of_each[who]
        new = tuple(name for name in names if name not in self._read[who])
        if new:
            known = not readings.deviations.keys().isdisjoint(new)
            find = noted(find, new, known=known)
            if find in self.finds:
                done.again[find.id] += 1
            else:
                self._shortest(find, done, (who, names))
        else:
            done.again["our reading"] += 1
        reading = readings.read(names)
        if reading is None:
            return find.id
        target = self.group.by_name[who].target
        for name, chair in self.group.by_name.items():
            if chair.target == target:
                self._read[name] = names
        self.group.readings, self.group.excused = self._with(who, reading, readings.excused(names))
        return find.id

    def _unexplained(self, find: Find, done: Done) -> None:
        """A difference that nothing explains, or worse."""
        self.finds.add(find)
        if not any(self._shows(find, find.script) for _ in range(AGAIN)):
            self._complaints.append(f"{find.id} does not show every time; it is kept as it was")
            done.finds.append(find)
            return
        self._shortest(find, done)

    def _shows(self, find: Find, script: Script) -> Find | None:
        """What a script shows, if that looks like a find."""
        trouble = self.group.replay(script)
        if trouble is None:
            return None
        shown = self.find_of(trouble)
        return shown if shown.looks == find.looks else None

    def _shortest(
        self, find: Find, done: Done, explained: tuple[str, tuple[str, ...]] | None = None
    ) -> None:
        """Make a find short, and keep it.

        Args:
            find: the find.
            done: where it is kept.
            explained: by what it is explained, for whom: what is left has to be as well.
        """
        last = find
        under = None if explained is None else self.under(*explained)

        def shows(script: Script) -> bool:
            nonlocal last
            shown = self._shows(find, script)
            if shown is None or (under and self.group.replay(script, *under) is not None):
                return False
            last = shown
            return True

        budget = Budget(self.order.replays if find.verdict is not Verdict.HANG else 12)
        script = shrink(find.script, shows, budget, self.fuzzing)
        find = replace(find, script=script, before=last.before)
        self.finds.add(find)
        done.finds.append(find)

    def under(
        self, who: str, names: tuple[str, ...]
    ) -> tuple[Mapping[str, Variant], Mapping[str, tuple[str, ...]]]:
        """The readings of all, where one is read so."""
        readings = self._of_each[who]
        return self._with(who, readings.read(names) or NONE, readings.excused(names))
