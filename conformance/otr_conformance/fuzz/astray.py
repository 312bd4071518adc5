"""Scripts that show in which state somebody went on: found by the tables alone.

    for script in identifying(fuzzing, {row: [script, ...]}):

Behind a script that takes a row, the reference is put into each other state of the row's machine,
and probes are played with it beside the reference as it is. Kept is what tells the two apart.
Derived cases are made likewise (`otr_conformance.derive.identify`); these scripts begin where
steering came to, and what is on its way may be heard by the tester alone, or be lost.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from otr_conformance.derive.plan import Script
from otr_conformance.derive.usual import ARRIVES
from otr_conformance.protocols import protocol
from otr_model.kernel.variant import NONE

from .tree import Node, Side, differs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from otr_conformance.play.labs import Lab

    from .vocabulary import Fuzzing

__all__ = ["ANSWERED", "identifying"]

ANSWERED: Final = (ARRIVES, "tester answers SMP", ARRIVES)
"""A probe besides those of a plan: what the target began goes on."""
_MOST: Final = 4
"""Messages that are taken off their way, at most."""
_BEFORE: Final = (
    (ARRIVES,),
    (),
    (*("to tester",) * _MOST, *("lost to target",) * _MOST),
    (*("lost to tester",) * _MOST, *("lost to target",) * _MOST),
)
"""What becomes of what is on its way, before a probe is played."""
_SCRIPTS: Final = 8
"""Scripts that take a row, behind which a state is looked for, at most."""
_TRIED: Final = (24, 24, 8)
"""Probes that are tried behind the first, the second and each other one, at most."""

Need = tuple[str, str]
"""A row, and a state in which it does not lead, in words."""


@dataclass
class _Looking:
    """A search.

    Attributes:
        fuzzing: what the protocol states.
        lab: where everything is played.
        told: what is shown already.
        tried: how often each was looked for in vain.
        useful: how often each probe showed something new.
    """

    fuzzing: Fuzzing
    lab: Lab
    told: set[Need] = field(default_factory=set)
    tried: Counter[Need] = field(default_factory=Counter)
    useful: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        plan = self.fuzzing.plan
        self._tables = {row.id: table for table in plan.composition.tables for row in table.rows}
        probes = (*plan.probes, ANSWERED)
        self._probes = [(*before, *probe) for probe in probes for before in _BEFORE]

    def behind(self, script: Script, most: int) -> Iterator[Script]:
        """What shows something new behind a script; so many probes are tried at most."""
        *before, last = script.moves
        side = Side(self.fuzzing, script.part, self.lab, NONE)
        for name in before:
            side.play(name)
        fired = len(side.stage.fired)
        side.play(last)
        open_ = self._others(side, fired)
        seen: set[tuple[str, ...]] = set()
        for probe in sorted(self._probes, key=lambda each: -self.useful[each]):
            if not open_ or len(seen) >= most:
                break
            nodes = _predicted(side, probe)
            played = tuple(node.name for node in nodes)
            if played in seen:
                continue
            seen.add(played)
            told = [need for need, other in open_.items() if _told(other, nodes)]
            if told:
                self.useful[probe] += len(told)
                self.told.update(told)
                open_ = {need: other for need, other in open_.items() if need not in told}
                yield Script(script.part, (*script.moves, *played))
        self.tried.update(tuple(open_))

    def _others(self, side: Side, fired: int) -> dict[Need, Side]:
        """The target in each state that has to be told, where a row of the last move leads."""
        taken: dict[tuple[Any, Any], str] = {}
        for each in side.stage.fired[fired:]:
            table = self._tables.get(each.row)
            if table is not None:
                taken[table, each.member] = each.row
        return {
            (row, words): side.on(stage)
            for place, row in taken.items()
            for words, stage in self.fuzzing.plan.astray(side.stage, *place)
            if (row, words) not in self.told and self.tried[row, words] < _SCRIPTS
        }


def _predicted(side: Side, moves: Iterable[str]) -> list[Node]:
    """What the tables do behind a stage, as far as moves can be played."""
    side = side.forked()
    nodes = []
    for name in moves:
        if side.can(name):
            nodes.append(side.predicted(name))
            if nodes[-1].stuck:
                break
    return nodes


def _told(other: Side, nodes: Iterable[Node]) -> bool:
    """Whether somebody does otherwise in some move."""
    other = other.forked()
    return any(differs(other, node) for node in nodes)


def identifying(fuzzing: Fuzzing, by_row: Mapping[str, Iterable[Script]]) -> Iterator[Script]:
    """Scripts that tell in which state somebody went on, behind every row for which there are any.

    Args:
        fuzzing: what the protocol states.
        by_row: for each row, scripts whose last move takes it, the best first.
    """
    looking = _Looking(fuzzing, protocol(fuzzing.plan.protocol).suite.terms())
    looked: set[Script] = set()
    for turn in range(_SCRIPTS):
        for scripts in by_row.values():
            for script in list(scripts)[turn : turn + 1]:
                if script not in looked:
                    looked.add(script)
                    yield from looking.behind(script, _TRIED[min(turn, len(_TRIED) - 1)])
