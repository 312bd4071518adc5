"""Cases made of derived scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .record import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from otr_conformance.play.case import AnyCase, Cases
    from otr_conformance.play.stage import AnyStage
    from otr_model.kernel.composition import AnyRow

    from .plan import AnyPlan
    from .record import Entry
    from .search import Pair
    from .vary import Varied

__all__ = ["about", "declare", "name_of", "needs_of", "played"]


def name_of(plan: AnyPlan, pair: Pair) -> str:
    """What the case of a pair is called, without what all cases of the protocol begin with."""
    first, second = (row.removeprefix(f"{plan.protocol}.").replace(":", ".") for row in pair)
    return f"pair.{first}+{second}"


def about(first: AnyRow, second: AnyRow) -> str:
    """What a conforming implementation does, having taken one row, in the other."""
    return (
        f"{_where(second)}, {'; '.join(_does(second))}. That comes right after another row: "
        f"{_where(first)}."
    )


def _where(row: AnyRow) -> str:
    """The state, the event, and what tells the row from others of the cell."""
    name = f" ({row.name})" if row.name else ""
    return f"In {row.at.name}, on this event: {row.on.value.about}{name}"


def _does(row: AnyRow) -> Iterator[str]:
    """What a row does, in words."""
    if row.ignores:
        yield "changes nothing"
        return
    yield from (effect.spec.about for effect in row.do)
    if row.goto is not row.at:
        yield f"goes to {row.goto.name}"
    elif not row.do:
        yield f"stays in {row.at.name}"


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


def declare(plan: AnyPlan, cases: Cases[Any, Any]) -> None:
    """Declare the derived cases of a protocol.

    Raises:
        Malformed: if its file is not what `otrspec derive` writes.
    """
    rows = {row.id: row for row in plan.composition.rows()}
    derived = read(plan.protocol)
    for entry in derived.scripts:
        if not (rows.keys() >= set(entry.pair) and plan.moves.keys() >= set(entry.script.moves)):
            continue  # a test says that the file is older than the tables
        part = plan.parts[entry.script.part]
        play = played(plan, entry)
        play.__doc__ = about(rows[entry.pair[0]], rows[entry.pair[1]])
        cases.declare(
            name_of(plan, entry.pair),
            play,
            part.cast,
            version=part.version,
            level=entry.level,
            needs=needs_of(plan, entry),
            derived=True,
        )
    for varied in derived.policies:
        base = cases.get(varied.base)
        if base is not None:
            _declare_varied(plan, cases, base, varied)


def _declare_varied(plan: AnyPlan, cases: Cases[Any, Any], base: AnyCase, varied: Varied) -> None:
    """Declare a case under other policies."""
    change = plan.changes[varied.change]
    words = [
        w.replace("_", "-") if yes else f"no-{w.replace('_', '-')}"
        for w, yes in varied.policies.items()
    ]
    words += [varied.change] if varied.change else []
    row = varied.row.removeprefix(f"{plan.protocol}.").replace(":", ".")

    def play(stage: AnyStage) -> None:
        base.play(stage)

    play.__doc__ = f"{base.about} Here under other policies: {', '.join(words)}."
    cases.declare(
        f"policy.{row}.{'.'.join(words)}",
        play,
        change.made(plan.varied(base.cast, varied.policies)),
        version=base.version,
        level=base.level,
        needs=base.needs | {"policy"} | change.needs,
        largest=base.largest,
        derived=True,
    )
