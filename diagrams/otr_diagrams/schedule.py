"""Key schedules: which value is made from which.

Values that come from outside stand on the left, those that are kept on the right and in another
colour. A box says what a value is called, how it is made, what it is for, and how many bytes it
has; an arrow leads from each thing that it is made from. A dashed arrow leads back from a result to
the value whose place it takes the next time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_model.kernel.schedule import Chosen, Given, explained

from . import style
from .drawing import Drawing, graph, label

if TYPE_CHECKING:
    from otr_model.kernel.schedule import Schedule, Value

__all__ = ["schedule_diagram"]

COLUMNS = 24
"""Characters of a line in a box."""
NOTE = 64
"""Characters of a line below the picture."""

_COMPARED = {"style": "dotted", "arrowsize": "0.5"}


def schedule_diagram(schedule: Schedule) -> Drawing:
    """The drawing of a key schedule; its name is `schedule-` and the schedule's."""
    dot = graph(f"schedule-{schedule.name}", rankdir="LR", nodesep="0.14", ranksep="0.28")
    for value in schedule.values:
        kept = value in schedule.results
        given = isinstance(value.made, Given)
        dot.node(
            value.name,
            _says(value),
            fillcolor=style.WARM if kept else style.PAPER if given else style.PALE,
            style="filled" if given else "rounded,filled",
            penwidth="1.8" if kept else "1",
        )
    for source, value, _ in schedule.edges:
        look = _COMPARED if _only_compared(source, value) else {}
        dot.edge(source.name, value.name, **look)
    for result, old in schedule.replaces:
        dot.edge(result.name, old.name, style="dashed", constraint="false")
    lines = (style.font(style.html(note), color=style.MUTED) for note in _notes(schedule))
    dot.attr(label=label(*lines), labelloc="b", labeljust="l")
    return Drawing(f"schedule-{schedule.name}", dot.source, _mermaid(schedule))


def _only_compared(source: Value, value: Value) -> bool:
    """Whether a value decides between two others, and is neither of them."""
    made = value.made
    return isinstance(made, Chosen) and source not in {made.lower, made.otherwise}


def _notes(schedule: Schedule) -> list[str]:
    """What the signs mean."""
    notes = ["Square: comes from outside. Thick: is kept."]
    if any(_only_compared(source, value) for source, value, _ in schedule.edges):
        notes.append("Dotted: is compared, and decides which of two values it is.")
    if schedule.replaces:
        notes.append("Dashed: takes its place the next time.")
    if any(value.ambiguity is not None for value in schedule.values):
        notes.append("“See” names what the text leaves open: the page on ambiguities.")
    for sentence in explained((schedule,)):
        notes += style.wrapped(sentence, NOTE)
    return notes


def _says(value: Value) -> str:
    made = style.wrapped(value.made.text, COLUMNS)
    about = style.wrapped(value.about, COLUMNS)
    if value.made.size is not None:
        about.append(f"{value.made.size} byte{'' if value.made.size == 1 else 's'}")
    if value.ambiguity is not None:
        about.append(f"see {value.ambiguity.id.rpartition(':')[2]}")
    return label(
        style.font(style.html(value.title), bold=True, size=12),
        *(style.font(style.html(line), color=style.BLUE) for line in made),
        *(style.font(style.html(line), color=style.MUTED) for line in about),
    )


def _mermaid(schedule: Schedule) -> str:
    lines = ["flowchart LR"]
    for value in schedule.values:
        made = f"<br>{value.made.text}" if value.made.text else ""
        shape = ("([", "])") if value in schedule.results else ("[", "]")
        lines.append(f'    {value.name}{shape[0]}"{value.title}{made}"{shape[1]}')
    lines += [f"    {source.name} --> {value.name}" for source, value, _ in schedule.edges]
    lines += [f"    {result.name} -. next .-> {old.name}" for result, old in schedule.replaces]
    return "\n".join(lines) + "\n"
