"""What was never shown is looked for beside what was: in scripts that are a little different.

A row that was never taken is looked for beside rows of its cell, and of its event in other states;
a check that never failed beside rows that are taken when a check of that message fails, or none
does. What led there is made short first, then altered again and again.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields, replace
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final, TypeVar

from otr_model.kernel.vocabulary import Validity
from otr_reference.errors import OtrSpecError

from .coverage import cells_of
from .shrink import Budget, shrink
from .solo import Worlds
from .spots import Begin
from .vocabulary import UnknownPart

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from otr_conformance.derive.plan import Script
    from otr_model.kernel.guard import Guard
    from otr_model.kernel.vocabulary import Condition

    from .altered import Altering
    from .coverage import Cell
    from .policies import Policies

__all__ = ["Aim", "Aims", "Shown", "everybody"]

K = TypeVar("K", str, tuple[str, str])
Shown = tuple[str, str]
"""Something that a script shows: a check that failed, a move, or "", and a row."""

_BESIDE: Final = 3
"""Scripts that are altered for one aim, at most."""
_KEPT: Final = 4000
"""Scripts that were made short and are remembered."""
_LIKE: Final = 5
"""Rows beside which a row that was never taken is looked for, at most."""
_REPLAYS: Final = 40
"""Replays that it may take to make one of them short."""
_TIMES: Final = 100
"""How often a row that was never taken is looked for."""
_CHECKED: Final = 8
"""How often a check that never failed is."""
_DRAWN: Final = 60
"""Drawn in search of somebody who deviates."""
_RECAST: Final = 0.2
"""How often somebody else plays."""
_AS_IT_WAS: Final = 0.3
"""How often a script is not altered where somebody else plays it than before."""
_PLAIN: Final = 0.5
"""How often that is somebody who stands in the plan."""
_FALSIFY: Final = "falsify:"
"""What is said of a tester who deviates, in front of the check that fails then."""


def everybody(_part: str) -> bool:
    """Everybody may play."""
    return True


@dataclass(frozen=True, slots=True)
class Aim:
    """Something that was never shown.

    Attributes:
        shown: what it is.
        beside: scripts that show something like it.
        times: how often it is looked for.
    """

    shown: Shown
    beside: tuple[Script, ...]
    times: int


class Aims:
    """Knows what could be shown, and begins episodes that may.

    Args:
        alter: makes a script a little different.
        policies: what the tables say of policies.
        able: whether somebody may play at all.
    """

    def __init__(
        self, alter: Altering, policies: Policies, able: Callable[[str], bool] = everybody
    ) -> None:
        self._alter, self._policies, self._able = alter, policies, able
        self._fuzzing = fuzzing = alter.fuzzing
        self._random = alter.random
        self._make = Worlds(fuzzing, judged=False).begin
        self._known: dict[Script, Script] = {}
        rows = fuzzing.plan.composition.rows()
        self._cell_of = cells_of(fuzzing.plan.protocol)
        self._cells: dict[Cell, list[str]] = defaultdict(list)
        self._events: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._checks: list[Shown] = []
        self._needs = {row.id: _needs(row.when) for row in rows}
        for row in rows:
            table, _, event = cell = self._cell_of[row.id]
            self._cells[cell].append(row.id)
            self._events[table, event].append(row.id)
            for condition in row.when.atoms():
                if isinstance(condition.spec, Validity) and not row.when.settle({condition: True}):
                    labels = (check.label for check in condition.spec.checks)
                    self._checks += ((label, row.id) for label in labels)
        self._deviants = {label for label, _ in self._checks if self._deviates(label)}

    def _deviates(self, label: str) -> bool:
        """Whether a tester can make a check fail."""
        try:
            self._fuzzing.read_part(f"{_FALSIFY}{label}")
        except UnknownPart:
            return False
        return True

    def checks(
        self, shown: Collection[Shown], by_row: Mapping[str, Sequence[Script]]
    ) -> Iterator[Aim]:
        """The checks that never failed in a row, and may beside rows that were taken.

        Args:
            shown: what was shown.
            by_row: for each row, scripts whose last move takes it, the shortest first.
        """
        for label, row in self._in_order(self._checks):
            beside = self._beside(self._cells[self._cell_of[row]], by_row)
            if label in self._deviants and (label, row) not in shown and beside:
                yield Aim((label, row), beside, _CHECKED)

    def times(
        self, shown: Collection[Shown], by_row: Mapping[str, Sequence[Script]]
    ) -> Iterator[Aim]:
        """What may come of other times where one has passed.

        Args:
            shown: what was shown: also a move, and a row that was taken in it.
            by_row: for each row, scripts whose last move takes it, the shortest first.
        """
        waits = self._alter.waits
        for row in self._in_order(by_row):
            passed = [each for each in by_row[row] if each.moves and each.moves[-1] in waits]
            for script in passed[:1]:
                *before, _ = self.short(script, row).moves
                for name in waits:
                    if (name, row) not in shown:
                        other = replace(script, moves=(*before, name))
                        yield Aim((name, row), (other,), 1)

    def rows(
        self,
        by_row: Mapping[str, Sequence[Script]],
        times: int = _TIMES,
        tired: Collection[str] = (),
    ) -> Iterator[Aim]:
        """The rows that were never taken, and may be beside others.

        Args:
            by_row: for each row, scripts whose last move takes it, the shortest first.
            times: how often each is looked for.
            tired: rows that are not looked for any more.
        """
        for row in self._in_order(self._cell_of.keys() - by_row.keys() - set(tired)):
            table, _, event = self._cell_of[row]
            beside = self._like(row, self._events[table, event], by_row)
            if beside:
                yield Aim(("", row), beside, times)

    def _in_order(self, several: Iterable[K]) -> list[K]:
        """The same, in an order that is drawn."""
        mixed = sorted(several)
        self._random.shuffle(mixed)
        return mixed

    def _beside(
        self, rows: Sequence[str], by_row: Mapping[str, Sequence[Script]]
    ) -> tuple[Script, ...]:
        """Short scripts that take some of these rows in their last move."""
        found = [(len(script.moves), row, script) for row in rows for script in by_row.get(row, ())]
        first = sorted(found, key=lambda each: each[0])[:_BESIDE]
        return tuple(self.short(script, row) for _, row, script in first)

    def _like(
        self, row: str, others: Sequence[str], by_row: Mapping[str, Sequence[Script]]
    ) -> tuple[Script, ...]:
        """Short scripts that take rows whose guards need most of what the guard of a row needs."""
        needs, cell = self._needs[row], self._cell_of[row]
        found = [
            (
                -sum(needs.get(each) is holds for each, holds in self._needs[other].items()),
                self._cell_of[other] != cell,
                len(by_row[other][0].moves),
                other,
            )
            for other in others
            if other in by_row
        ]
        rows = [other for *_, other in sorted(found)[:_LIKE]]
        return tuple(dict.fromkeys(self.short(by_row[other][0], other) for other in rows))

    def short(self, script: Script, row: str) -> Script:
        """A script that takes a row in its last move, with as little as possible."""
        known = self._known.get(script)
        if known is None:
            budget = Budget(_REPLAYS)
            known = shrink(script, lambda each: self._takes(each, row), budget, self._fuzzing)
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[script] = known
        return known

    def _takes(self, script: Script, row: str) -> bool:
        """Whether somebody may play a script, and takes a row in its last move."""
        if not self._able(script.part):
            return False
        try:
            play = self._make(script.part)
            before = 0
            for name in script.moves:
                before = len(play.twin.fired)
                if play.cut or not play.can(name) or not play.play(name):
                    return False
        except OtrSpecError:
            return False
        return any(fired.row == row for fired in play.twin.fired[before:])

    def begins(self, aim: Aim) -> Iterator[Begin]:
        """How episodes begin that may show it."""
        label, row = aim.shown
        for number, script in zip(range(aim.times), cycle(aim.beside), strict=False):
            if label in self._alter.waits:
                yield Begin(script.part, then=script.moves)
            elif label:
                part, as_it_was = self._deviant(script.part, label, row), number < aim.times // 2
                yield Begin(part, then=script.moves if as_it_was else self._alter(script.moves))
            else:
                part = self._somebody(script.part, row)
                as_it_was = part != script.part and self._random.random() < _AS_IT_WAS
                yield Begin(part, then=script.moves if as_it_was else self._alter(script.moves))

    def _somebody(self, part: str, row: str) -> str:
        """Who plays: the same, unless the policy rules the row out, or now and then."""
        other = not self._may(part, row) or self._random.random() < _RECAST
        return (self._drawn(row) or part) if other else part

    def _drawn(self, row: str) -> str:
        """Somebody under whose policy a row may be taken; "" if nobody was drawn."""
        plain = [each for each in self._fuzzing.plan.parts if self._may(each, row)]
        if plain and self._random.random() < _PLAIN:
            return self._random.choice(plain)
        drawn = (self._fuzzing.draw_part(self._random) for _ in range(_DRAWN))
        return next((part for part in drawn if self._may(part, row)), "")

    def _may(self, part: str, row: str) -> bool:
        """Whether somebody may play, and a row may be taken under the policy."""
        return self._able(part) and self._policies.kind(row, self._policies.of(part)) is not None

    def _deviant(self, part: str, label: str, row: str) -> str:
        """The same to play, and a check fails; somebody else where that cannot be said."""
        kept = [word for word in self._in_words(part).split() if not word.startswith(_FALSIFY)]
        made = " ".join((*kept, f"{_FALSIFY}{label}"))
        if self._may(made, row) and self._random.random() >= _RECAST:
            return made
        for _ in range(_DRAWN):
            words = self._drawn(row).split()
            if any(word.startswith(_FALSIFY) for word in words):
                others = (word for word in words if not word.startswith(_FALSIFY))
                return " ".join((*others, f"{_FALSIFY}{label}"))
        return made

    def _in_words(self, part: str) -> str:
        """Who stands in the plan, in words, as far as policies say it; else the same."""
        if part not in self._fuzzing.plan.parts:
            return part
        cast = self._fuzzing.read_part(part).cast
        return f"target:{_asked(cast.target)} tester:{_asked(cast.tester)}"


def _asked(policy: Any) -> str:  # noqa: ANN401 - of the protocol
    """The policies that are asked for."""
    return ",".join(each.name for each in fields(policy) if getattr(policy, each.name))


def _needs(guard: Guard) -> dict[Condition, bool]:
    """The conditions that have to hold, or must not, so that a guard does."""
    needs = {}
    for condition in guard.atoms():
        for holds in (False, True):
            if guard.settle({condition: not holds}) is False:
                needs[condition] = holds
    return needs
