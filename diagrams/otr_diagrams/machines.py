"""The machines of a composition, and the events between them.

A box is a table, an arrow carries the events that one table raises and the other handles. What
comes from outside, the network or the user, has a plain name. A double frame is a machine that
exists once for each key; an event that is raised for another key says which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_model.kernel.composition import states_of
from otr_model.kernel.readings import PAGE
from otr_model.kernel.vocabulary import Origin

from . import style
from .drawing import RULE, Drawing, graph, label

if TYPE_CHECKING:
    import graphviz

    from otr_model.kernel.composition import AnyTable, Composition, Family

__all__ = ["machines_diagram"]

_OUTSIDE = {Origin.RECEIVED: "the network", Origin.USER: "the user"}
COLUMNS = 30


def machines_diagram(composition: Composition) -> Drawing:
    """The drawing of a composition; its name is `machines`."""
    dot = graph("machines", rankdir="TB", nodesep="0.45", ranksep="0.4")
    for table in composition.tables:
        _box(dot, table, "1" if composition.family_of(table.name) is None else "2")
    for origin in dict.fromkeys(event.origin for event in composition.events):
        if origin in _OUTSIDE:
            name = _OUTSIDE[origin]
            dot.node(name, name, shape="plaintext", style="", fontcolor=style.MUTED)
    arrows = _arrows(composition)
    order = [*_OUTSIDE.values(), *(table.machine for table in composition.tables)]
    for (start, end), events in arrows.items():
        color = style.INK if start in _OUTSIDE.values() else style.TEAL
        lines = (style.font(style.html(event), color=color) for event in events)
        # Arrows back are drawn from their end, so that machines stand in their order.
        back = order.index(start) > order.index(end)
        dot.edge(
            *((end, start) if back else (start, end)),
            label=label(*lines),
            **({"dir": "back"} if back else {}),
        )
    notes = [line for note in _notes(composition) for line in style.wrapped(note, 90)]
    lines = (style.font(style.html(line), color=style.MUTED) for line in notes)
    dot.attr(label=label(*lines), labelloc="b", labeljust="l", fontsize="10")
    return Drawing("machines", dot.source, _mermaid(composition, arrows))


def _notes(composition: Composition) -> list[str]:
    """What a double frame means; where there are several families, of which machine."""
    families = composition.families
    if len(families) == 1:
        family = families[0]
        return [f"Double frame: one for each {family.name}, whose key is {family.about}."]
    return [
        f"Double frame of {', '.join(_machines(composition, family))}: one for each "
        f"{family.name}, whose key is {family.about}."
        for family in families
    ]


def _machines(composition: Composition, family: Family) -> list[str]:
    return [composition.table(name).machine for name in family.tables]


def _box(dot: graphviz.Digraph, table: AnyTable, frames: str) -> None:
    """A table: its name, what it decides, its states."""
    lines = [style.font(style.html(table.machine), bold=True, size=12)]
    about = style.wrapped(table.about, COLUMNS)
    lines += [style.font(style.html(line), color=style.MUTED) for line in about]
    states = [state.name for state in states_of(table)]
    if len(states) > 1:
        lines += [RULE, *map(style.html, style.wrapped(", ".join(states), COLUMNS))]
    dot.node(table.machine, label(*lines), peripheries=frames)


def _arrows(composition: Composition) -> dict[tuple[str, str], list[str]]:
    """From where to where: the events, in the order of the vocabulary."""
    raised: dict[tuple[str, str], dict[str, None]] = {}
    for event in composition.events:
        end = composition.handler[event].machine
        if event.origin in _OUTSIDE:
            raised.setdefault((_OUTSIDE[event.origin], end), {})[event.name] = None
            continue
        for table in composition.tables:
            for row in table.rows:
                for each in row.raises:
                    if each.event is event:
                        whom = each.whom("" if each.to is None else each.to.read(PAGE))
                        raised.setdefault((table.machine, end), {})[event.name + whom] = None
    return {ends: list(events) for ends, events in raised.items()}


def _mermaid(composition: Composition, arrows: dict[tuple[str, str], list[str]]) -> str:
    names = {"the network": "network", "the user": "user"}
    lines = ["flowchart TB"]
    lines += [f"    {short}([{long}])" for long, short in names.items()]
    lines += [
        f"    {table.machine}[{table.machine}]"
        for table in composition.tables
        if composition.family_of(table.name) is None
    ]
    for number, family in enumerate(composition.families, 1):
        subgraph = "family" if number == 1 else f"family{number}"
        lines.append(f'    subgraph {subgraph}["one {family.name} for each key"]')
        lines += [f"        {m}[{m}]" for m in _machines(composition, family)]
        lines.append("    end")
    for (start, end), events in arrows.items():
        says = "<br>".join(events)
        lines.append(f'    {names.get(start, start)} -- "{says}" --> {end}')
    return "\n".join(lines) + "\n"
