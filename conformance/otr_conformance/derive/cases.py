"""Cases made of derived scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from otr_conformance.play.stage import AnyStage
    from otr_model.kernel.composition import AnyRow, Composition

    from .plan import AnyPlan
    from .record import Entry
    from .search import Pair

__all__ = ["about", "name_of", "needs_of", "played"]


def name_of(plan: AnyPlan, pair: Pair) -> str:
    """What the case of a pair is called, without what all cases of the protocol begin with."""
    first, second = (row.removeprefix(f"{plan.protocol}.").replace(":", ".") for row in pair)
    return f"pair.{first}+{second}"


def about(composition: Composition, pair: Pair) -> str:
    """What a conforming implementation does."""
    rows = {row.id: row for row in composition.rows()}
    first, second = (rows[row] for row in pair)
    does = "; ".join(_does(second))
    return (
        f"{does[0].upper()}{does[1:]}. That is on this event: {second.on.about}; in "
        f"{second.at.name}{_when(second)}. Right before, in {first.at.name}: {first.on.about}"
        f"{_when(first)}."
    )


def _does(row: AnyRow) -> Iterator[str]:
    """What a row does, in words."""
    if row.ignores:
        yield "changes nothing"
        return
    yield from (effect.about for effect in row.do)
    if row.goto is not row.at:
        yield f"goes to {row.goto.name}"
    elif not row.do:
        yield f"stays in {row.at.name}"


def _when(row: AnyRow) -> str:
    return f", {row.name}" if row.name else ""


def needs_of(plan: AnyPlan, entry: Entry) -> frozenset[str]:
    """The capabilities that a target needs for a script and its probe."""
    moves = (*entry.script.moves, *entry.probe)
    return plan.parts[entry.script.part].needs.union(*(plan.moves[name].needs for name in moves))


def played(plan: AnyPlan, entry: Entry) -> Callable[[AnyStage], None]:
    """What plays a script and its probe.

    A move of the probe for which there is nothing on its way is left out.
    """
    script = [plan.moves[name] for name in entry.script.moves]
    probe = [plan.moves[name] for name in entry.probe]

    def play(stage: AnyStage) -> None:
        for move in script:
            move.play(stage)
        for move in probe:
            if move.when(stage):
                move.play(stage)

    return play
