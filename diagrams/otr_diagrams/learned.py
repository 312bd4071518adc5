"""Learned machines: what a target really does, beside what the specification says.

A box is a state, named after that of the specification which it stands for. An arrow is what leads
from one state to another; all inputs between two states share one. What agrees is grey and thin,
and left out where it leads nowhere; what deviates is drawn strongly, with what was answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from . import style
from .drawing import Drawing, graph, label

if TYPE_CHECKING:
    from collections.abc import Sequence

    import graphviz

__all__ = ["Arrow", "Box", "Side", "learned_diagram"]

_COLUMNS: Final = 34
_ANSWER: Final = 30
_MOST: Final = 6
"""Deviating entries beside an arrow, at most; the others are counted."""


@dataclass(frozen=True, slots=True)
class Box:
    """A state.

    Attributes:
        name: what it is called.
        deviates: whether it stands for no state of the specification.
    """

    name: str
    deviates: bool = False


@dataclass(frozen=True, slots=True)
class Arrow:
    """What leads from one state to another, or back to the same.

    Attributes:
        start: the number of the state.
        end: that of the next.
        agreeing: the inputs for which the specification says the same.
        deviating: the others, each with what is answered.
    """

    start: int
    end: int
    agreeing: tuple[str, ...] = ()
    deviating: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Side:
    """One machine. It begins in its first state.

    Attributes:
        title: whose it is.
        boxes: its states.
        arrows: at most one for each two states.
    """

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def learned_diagram(name: str, title: str, sides: Sequence[Side]) -> Drawing:
    """The drawing of machines side by side.

    Args:
        name: of the file.
        title: what is drawn.
        sides: the machines, from left to right.
    """
    dot = graph(name, rankdir="TB", nodesep="0.3", ranksep="0.45", compound="true")
    for number, side in enumerate(sides):
        with dot.subgraph(name=f"cluster {number}") as one:
            one.attr(
                label=label(style.font(style.html(side.title), bold=True, size=13)),
                style="rounded",
                color=style.GREY,
                margin="14",
            )
            _draw(one, side, f"{number}.")
    legend = (
        "Grey: as the specification says; such an input is not drawn where it leads nowhere. "
        "Strong: otherwise, with what was answered; the word that shows it is in the report."
    )
    lines = (
        style.font(style.html(each), color=style.MUTED, size=10)
        for each in style.wrapped(legend, 90)
    )
    head = style.font(style.html(title), bold=True, size=14)
    dot.attr(label=label(head, *lines), labelloc="b", labeljust="l")
    return Drawing(name, dot.source, _mermaid(sides))


def _draw(dot: graphviz.Digraph, side: Side, prefix: str) -> None:
    dot.node(f"{prefix}begin", shape="point", width="0.14", color=style.INK, fillcolor=style.INK)
    for number, box in enumerate(side.boxes):
        lines = [style.font(style.html(line), bold=True) for line in style.wrapped(box.name, 22)]
        look = (
            {"fillcolor": style.WARM, "color": style.AMBER, "penwidth": "2"} if box.deviates else {}
        )
        dot.node(f"{prefix}{number}", label(*lines), tooltip=box.name, **look)
    dot.edge(f"{prefix}begin", f"{prefix}0", color=style.LINE)
    for arrow in side.arrows:
        if arrow.deviating:
            _deviating(dot, arrow, prefix)
        if arrow.agreeing and arrow.start != arrow.end:
            words = style.wrapped(", ".join(arrow.agreeing), _COLUMNS)
            lines = [style.font(style.html(w), color=style.MUTED, size=8.5) for w in words]
            dot.edge(
                f"{prefix}{arrow.start}",
                f"{prefix}{arrow.end}",
                label=label(*lines),
                color="#aab4c0",
                penwidth="0.7",
                tooltip=", ".join(arrow.agreeing),
                labeltooltip=", ".join(arrow.agreeing),
            )


def _deviating(dot: graphviz.Digraph, arrow: Arrow, prefix: str) -> None:
    lines = []
    for name, answer in arrow.deviating[:_MOST]:
        lines.append(style.font(style.html(name), color=style.AMBER, bold=True, size=9.5))
        lines += [
            style.font(style.html(line), color=style.BLUE, size=8.5)
            for line in style.wrapped(answer, _ANSWER)[:3]
        ]
    left = len(arrow.deviating) - _MOST
    if left > 0:
        lines.append(style.font(f"and {left} more", color=style.AMBER, size=9.5))
    said = "\n".join(f"{name}: {answer}" for name, answer in arrow.deviating)
    dot.edge(
        f"{prefix}{arrow.start}",
        f"{prefix}{arrow.end}",
        label=label(*lines),
        color=style.AMBER,
        penwidth="2",
        tooltip=said,
        labeltooltip=said,
    )


def _mermaid(sides: Sequence[Side]) -> str:
    """The last of the machines, what deviates alone, for pages whose reader draws it itself."""
    side = sides[-1]
    lines = ["stateDiagram-v2", "    [*] --> s0"]
    lines += [f'    state "{box.name}" as s{n}' for n, box in enumerate(side.boxes)]
    for arrow in side.arrows:
        names = ", ".join(name for name, _ in arrow.deviating).replace(":", "")
        if names or arrow.start != arrow.end:
            says = f"! {names}" if names else ", ".join(arrow.agreeing).replace(":", "")
            lines.append(f"    s{arrow.start} --> s{arrow.end} : {says}")
    return "\n".join(lines) + "\n"
