"""Readings: a difference that the letter of an ambiguity explains is no fault.

The tables settle what the text leaves open. A target that reads an ambiguity to the letter does
otherwise, and is told so in a note; from then on the tables are read as it does, so that more can
be found behind it (`otr_conformance.play.grade` does the same for cases). What is known of a
target, and can be said in the words of the tables, is read into them likewise (`.deviations`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, Final

from otr_model.kernel.variant import NONE, BadVariant, EditRow, Variant
from otr_reference.errors import Malformed

from .deviations import applied
from .duel import Differs

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from .deviations import Deviation
    from .loop import Trouble
    from .vocabulary import Fuzzing

__all__ = ["Readings", "explaining", "together"]

_TRIED: Final = 60
"""Readings that are tried for one difference, at most."""
_PLAYED: Final = 150
"""Plays that it may take to explain what differs for a target of which much is known."""
_AT_ONCE: Final = 5
"""Readings that may be needed for one difference."""


def together(literal: Mapping[str, Variant], names: tuple[str, ...]) -> Variant | None:
    """The reading in which several ambiguities are read to the letter.

    None where two of them are about the same row.
    """
    if not names:
        return NONE
    variants = [literal[name] for name in names if name in literal]
    rows = [edit.row for v in variants for edit in v.edits if isinstance(edit, EditRow)]
    if len(rows) != len(set(rows)):
        return None
    edits = tuple(edit for each in variants for edit in each.edits)
    return Variant(", ".join(each.name for each in variants), variants[0].about, edits)


def explaining(
    fuzzing: Fuzzing, read: tuple[str, ...], agrees: Callable[[Variant], bool]
) -> tuple[str, ...] | None:
    """The ambiguities that have to be read to the letter so that nothing differs.

    Args:
        fuzzing: what the protocol states.
        read: those that are read so already.
        agrees: whether nothing differs under a reading, by a replay.

    Returns:
        Their names; none of them where our own reading does, after all; None where nothing that was
        tried explains it.
    """
    literal = fuzzing.plan.grader.literal
    for names in list(_candidates(literal, read))[:_TRIED]:
        reading = together(literal, names)
        if reading is None or names == read:
            continue
        try:
            if agrees(reading):
                return names
        except BadVariant:
            continue
    return None


def _candidates(literal: Mapping[str, Variant], read: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Sets of ambiguities, the smallest first."""
    others = [name for name in literal if name not in read]
    yield ()
    for name in others:
        yield (*read, name)
    if read:
        for name in literal:
            yield (name,)
    for pair in combinations(others, 2) if len(others) < len(literal) or len(others) < 10 else ():  # noqa: PLR2004 - so many are quickly tried
        yield (*read, *pair)


# With what is known of a target.


class Readings:
    """The ways in which the tables can be read for a target.

    Args:
        fuzzing: what the protocol states.
        deviations: what is known of the target.

    Attributes:
        literal: the variant of each ambiguity whose letter can be run.
        deviations: what is known of the target, by the page under docs/findings.
    """

    def __init__(self, fuzzing: Fuzzing, deviations: Iterable[Deviation] = ()) -> None:
        plan = fuzzing.plan
        self.literal = plan.grader.literal
        self.deviations = {d.finding: d for d in deviations if d.of(plan.composition.name)}
        self._composition = plan.composition
        self.read = lru_cache(maxsize=512)(self._read)

    def _read(self, names: tuple[str, ...]) -> Variant | None:
        """The tables, read in several ways at once; None where two are about the same row.

        Raises:
            BadVariant: if something that is known of the target speaks of what there is not.
        """
        literal = together(self.literal, tuple(n for n in names if n in self.literal))
        known = [self.deviations[name] for name in names if name in self.deviations]
        if literal is None or not known:
            return literal
        return applied(self._composition, [] if literal is NONE else [literal], known)

    def check(self) -> None:
        """See that whatever is known of the target can be read into the tables.

        Raises:
            Malformed: if something cannot, with its name and what is wrong with it.
        """
        for name in self.deviations:
            try:
                self.read((name,))
            except BadVariant as error:
                raise Malformed(field=name, reason=str(error)) from error

    def excused(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """What the oracle and the promises say of what is known of the target."""
        known = (self.deviations[name] for name in names if name in self.deviations)
        return tuple(each for deviation in known for each in deviation.objections)

    def concerned(self, rows: Collection[str]) -> Iterator[str]:
        """Readings under which a play that takes these rows could be another one.

        Those that are known of the target come first.
        """
        for name, known in self.deviations.items():
            if known.objections or known.concerns(rows):
                yield name
        for name, variant in self.literal.items():
            edits = variant.edits
            if any(not isinstance(e, EditRow) or e.when or e.row in rows for e in edits):
                yield name

    def explaining(
        self,
        read: tuple[str, ...],
        play: Callable[[Variant, tuple[str, ...]], Trouble | None],
    ) -> tuple[str, ...] | None:
        """The ways in which the tables have to be read so that nothing differs.

        It is tried first whether those are in the way in which they are read already. Then that
        one is added which explains most, and others as long as less differs; two at once at last.

        Args:
            read: those in which they are read already.
            play: what differs under a reading, and but for what is excused; None: nothing does.

        Returns:
            Their names, as few as possible beside those of `read`; fewer than those where they are
            in the way; None where nothing that was tried explains what differs.
        """
        return _Explaining(self, read, play).names()


@dataclass(slots=True)
class _Explaining:
    """One search.

    Attributes:
        readings: all that there are.
        start: those that are read already.
        play: what differs under a reading.
        plays: how many there were.
        led: what differs where one is added to those that are read already.
    """

    readings: Readings
    start: tuple[str, ...]
    play: Callable[[Variant, tuple[str, ...]], Trouble | None]
    plays: int = 0
    led: dict[str, Trouble] = field(default_factory=dict)

    def names(self) -> tuple[str, ...] | None:
        """See `Readings.explaining`."""
        trouble = self._tried(self.start)
        if trouble is None:
            return self.start
        found = self._without()
        found = self._greedy(trouble) if found is None else found
        found = self._pair(trouble) if found is None else found
        if found is None or not self._explains(found):  # once more: it may have been chance
            return None
        return self._fewer(found)

    def _tried(self, names: tuple[str, ...]) -> Trouble | None:
        """What differs under a reading; where it cannot be read so, what differs without it.

        Raises:
            _Unreadable: if the tables cannot be read so, or it was tried often enough.
        """
        self.plays += 1
        try:
            reading = self.readings.read(names)
            if reading is None or self.plays > _PLAYED:
                raise _Unreadable
            return self.play(reading, self.readings.excused(names))
        except BadVariant as error:
            raise _Unreadable from error

    def _explains(self, names: tuple[str, ...]) -> bool:
        try:
            return self._tried(names) is None
        except _Unreadable:
            return False

    def _others(self, trouble: Trouble, names: tuple[str, ...]) -> list[str]:
        """Readings that could make another play of one in which something differs."""
        return [n for n in self.readings.concerned(_rows(trouble)) if n not in names]

    def _greedy(self, trouble: Trouble) -> tuple[str, ...] | None:
        """Add what explains most, again and again."""
        names = self.start
        for _ in range(_AT_ONCE):
            best, further = "", trouble
            for name in self._others(trouble, names):
                try:
                    left = self._tried((*names, name))
                except _Unreadable:
                    continue
                if left is None:
                    return (*names, name)
                if names == self.start:
                    self.led[name] = left
                if _reach(left) > _reach(further):
                    best, further = name, left
            if not best:
                return None
            names, trouble = (*names, best), further
        return None

    def _without(self) -> tuple[str, ...] | None:
        """Leave out all of them, or one."""
        fewer = [tuple(n for n in self.start if n != name) for name in reversed(self.start)]
        if len(self.start) > 1:
            fewer.insert(0, ())
        return next((names for names in fewer if self._explains(names)), None)

    def _pair(self, trouble: Trouble) -> tuple[str, ...] | None:
        """Add two at once: first those to which another one has led."""
        led = [(n, more) for n, left in self.led.items() for more in self._others(left, (n,))]
        others = self._others(trouble, self.start)
        new = [pair for pair in led if pair[1] not in others]
        pairs = dict.fromkeys((*new, *combinations(others, 2)))
        tried = ((*self.start, *pair) for pair in pairs if not set(pair) & set(self.start))
        return next((names for names in tried if self._explains(names)), None)

    def _fewer(self, found: tuple[str, ...]) -> tuple[str, ...]:
        """Leave out what was added and is not needed."""
        for name in found:
            fewer = tuple(each for each in found if each != name)
            if name not in self.start and fewer != self.start and self._explains(fewer):
                found = fewer
        return found


class _Unreadable(Exception):
    """The tables cannot be read so, or enough was tried."""


def _rows(trouble: Trouble) -> frozenset[str]:
    """The rows that the tables took until something differed."""
    error = trouble.error
    return frozenset((*error.before, *error.rows)) if isinstance(error, Differs) else frozenset()


def _reach(trouble: Trouble) -> tuple[int, int, int]:
    """How far a play came: its moves, how far in the last one, and how little differed there."""
    error = trouble.error
    if not isinstance(error, Differs):
        return len(trouble.script.moves), 0, -1000
    return len(trouble.script.moves), error.reached, -error.amount
