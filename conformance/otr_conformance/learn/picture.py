"""What a study looks like: the machine of the target beside that of the specification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_diagrams.learned import Arrow, Box, Side, learned_diagram

from .mapper import NOTHING, UNMADE

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_diagrams.drawing import Drawing

    from .differences import Side as Beside
    from .machine import Machine
    from .study import Study

__all__ = ["picture_of"]

_SILENCE: Final = "nothing"


def picture_of(study: Study, name: str, title: str) -> Drawing:
    """The drawing of a study that came to its end.

    Args:
        study: the study.
        name: of the file.
        title: what is drawn.

    Raises:
        ValueError: if nothing was learned.
    """
    known, learned, side = study.known, study.learned, study.side
    if known is None or learned is None or side is None:
        message = f"{study.setting} was not learned to its end"
        raise ValueError(message)

    wrong = {
        (state, each.difference.on)
        for each in study.found
        if not each.allowed
        for state in (each.difference.theirs, *each.difference.others)
    }

    def differs(state: int, given: str) -> bool:
        return (state, given) in wrong

    unknown = tuple(not beside for beside in side.beside)
    return learned_diagram(
        name,
        title,
        (
            _side("the specification", known, study.names, lambda _state, _given: False),
            _side("the target", learned, _standing_for(study, side), differs, unknown),
        ),
    )


def _standing_for(study: Study, side: Beside) -> tuple[str, ...]:
    """The names of the target's states: of those of the specification that each stands for."""
    found = []
    for name, beside in zip(study.their_names, side.beside, strict=True):
        bare = dict.fromkeys(study.names[ours].partition(" (")[0] for ours in beside)
        others = [each for each in bare if each != name.partition(" (")[0]]
        more = f", and as {others[0]}" if others else ""
        found.append(f"{name}{more}{' and others' if len(others) > 1 else ''}")
    return tuple(found)


def _side(
    title: str,
    machine: Machine,
    names: tuple[str, ...],
    differs: Callable[[int, str], bool],
    unknown: tuple[bool, ...] = (),
) -> Side:
    boxes = tuple(
        Box(name, deviates=bool(unknown) and unknown[state]) for state, name in enumerate(names)
    )
    arrows: dict[tuple[int, int], tuple[list[str], list[tuple[str, str]]]] = {}
    for state, edges in enumerate(machine.edges):
        for given in machine.inputs:
            edge = edges[given]
            if edge.answer == UNMADE:
                continue
            agreeing, deviating = arrows.setdefault((state, edge.goto), ([], []))
            if differs(state, given):
                deviating.append((given, _SILENCE if edge.answer == NOTHING else edge.answer))
            else:
                agreeing.append(given)
    drawn = (
        Arrow(start, end, tuple(agreeing), tuple(deviating))
        for (start, end), (agreeing, deviating) in arrows.items()
    )
    return Side(title, boxes, tuple(drawn))
