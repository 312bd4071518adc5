"""Choosing a probe: moves behind a script that show in which state the target is.

The target is put into each other state that a machine could be in, and each probe is played with
it beside the target as it is. What tells the two apart is what a case compares anyway. States that
lack the data that they need are no states to be told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from otr_conformance.play.grade import Played
from otr_reference.engine import Unprepared

from .steady import steady

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from otr_model.trace import Fired

    from .plan import AnyPlan, Script

__all__ = ["Probe", "identify"]

_BEST = 4
"""Probes that are combined with others, where none suffices by itself."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What shows the state of the target.

    Attributes:
        moves: the names of the moves; none, where nothing has to be shown.
        told: the states that it tells from the one that the target is in, in words.
        untold: those that no probe tells from it.
    """

    moves: tuple[str, ...]
    told: tuple[str, ...]
    untold: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Others:
    """A stage, and the same with the target in other states.

    One that turns out to lack the data that it needs is not among them any more.
    """

    plan: AnyPlan
    stage: Any
    others: dict[str, Any]
    choices: dict[Any, bool]

    def told_by(self, moves: tuple[str, ...]) -> frozenset[str] | None:
        """The states that a probe tells apart; None where it cannot be played."""
        right = self._play(self.stage, moves)
        if right is None:
            return None
        told: set[str] = set()
        for name, stage in tuple(self.others.items()):
            try:
                if self._differs(right, stage, moves):
                    told.add(name)
            except Unprepared:
                del self.others[name]
        return frozenset(told)

    def _differs(self, right: Played, other: Any, moves: tuple[str, ...]) -> bool:  # noqa: ANN401 - a stage
        wrong = self._play(other, moves)
        return wrong is not None and bool(self.plan.grader.difference(right, wrong))

    def _play(self, stage: Any, moves: tuple[str, ...]) -> Played | None:  # noqa: ANN401 - see above
        plan = self.plan
        stage = plan.fork(stage)
        plan.choices.clear()
        plan.choices.update(self.choices)
        for name in moves:
            move = plan.moves[name]
            if not move.when(stage):
                continue
            if not plan.take(stage, move):
                return None
        return Played(tuple(stage.observations), "", (), (), ())


def identify(plan: AnyPlan, script: Script) -> Probe:
    """The shortest probe behind a script that tells most states from that of the target.

    Only machines are looked at that took a row in the last move.
    """
    others = _others(plan, script)
    if not others.others:
        return Probe((), (), ())
    found: dict[tuple[str, ...], frozenset[str]] = {}
    for moves in _candidates(plan.probes, found):
        told = others.told_by(moves)
        if told is not None:
            found[moves] = told
        if told is not None and told >= set(others.others):
            break
    names = tuple(others.others)
    order = sorted(found, key=lambda moves: (-len(found[moves].intersection(names)), len(moves)))
    best = next((moves for moves in order if steady(plan, script, moves)), ())
    told = found.get(best, frozenset())
    return Probe(
        best if told else (),
        tuple(name for name in names if name in told),
        tuple(name for name in names if name not in told),
    )


def _candidates(
    probes: tuple[tuple[str, ...], ...], found: dict[tuple[str, ...], frozenset[str]]
) -> Iterator[tuple[str, ...]]:
    """The probes, then combinations of the best with others."""
    yield from probes
    best = sorted(found, key=lambda moves: (-len(found[moves]), len(moves)))[:_BEST]
    for first in best:
        for second in probes:
            if second is not first and found.get(second):
                yield first + second


def _others(plan: AnyPlan, script: Script) -> _Others:
    """The stage after a script, with the target in other states."""
    stage = plan.play(script)
    assert stage is not None  # noqa: S101 - the script was found by playing it
    choices = dict(plan.choices)
    before = plan.stage(script.part)
    for name in script.moves[:-1]:
        plan.take(before, plan.moves[name])
    fired: Iterable[Fired] = stage.fired[len(before.fired) :]
    tables = {row.id: table for table in plan.composition.tables for row in table.rows}
    places = dict.fromkeys((tables[each.row], each.member) for each in fired if each.row in tables)
    others = dict(chain.from_iterable(plan.astray(stage, *place) for place in places))
    return _Others(plan, plan.fork(stage), others, choices)
