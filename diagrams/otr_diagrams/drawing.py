"""A drawing: one picture as text, in the languages of those who draw it."""

from __future__ import annotations

from dataclasses import dataclass

import graphviz

from . import style

__all__ = ["GAP", "RULE", "Drawing", "graph", "label"]


@dataclass(frozen=True, slots=True)
class Drawing:
    """One picture as text.

    Attributes:
        name: of the file, without a suffix.
        dot: in the language of Graphviz.
        mermaid: in Mermaid, which needs no renderer here; simpler, and "" where it cannot say it.
    """

    name: str
    dot: str
    mermaid: str


def graph(name: str, **attributes: str) -> graphviz.Digraph:
    """An empty graph in the style of the house."""
    made: graphviz.Digraph = graphviz.Digraph(
        name,
        graph_attr={
            "bgcolor": style.PAPER,
            "fontname": style.SANS,
            "fontsize": "10",
            "fontcolor": style.INK,
            "pad": "0.15",
            **attributes,
        },
        node_attr={
            "shape": "box",
            "style": "rounded,filled",
            "fillcolor": style.PALE,
            "color": style.LINE,
            "fontname": style.SANS,
            "fontsize": "10",
            "fontcolor": style.INK,
            "margin": "0.13,0.05",
        },
        edge_attr={
            "color": style.LINE,
            "fontname": style.SANS,
            "fontsize": "10",
            "fontcolor": style.INK,
            "arrowsize": "0.75",
        },
    )
    return made


RULE = "---"
"""A line that is a rule."""

GAP = "..."
"""A line that is a narrow gap."""

_TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">'
_ROWS = {RULE: "<HR/>", GAP: '<TR><TD HEIGHT="4"></TD></TR>'}


def label(*lines: str) -> str:
    """An HTML-like label: lines one above the other, aligned left."""
    rows = (_ROWS.get(line, f'<TR><TD ALIGN="LEFT">{line}</TD></TR>') for line in lines)
    return f"<{_TABLE}{''.join(rows)}</TABLE>>"
