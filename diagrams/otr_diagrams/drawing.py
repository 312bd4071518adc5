"""A drawing: one picture as text, in the languages of those who draw it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import graphviz

from . import style

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["GAP", "RULE", "Drawing", "beside", "graph", "label"]


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
_COLUMNS = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="6">'
_LEADING = '<FONT POINT-SIZE="12.5"> </FONT>'
"""A blank that keeps lines of a column apart."""
_SMALL_GAP = '<FONT POINT-SIZE="4"> </FONT>'
_ROWS = {RULE: "<HR/>", GAP: '<TR><TD HEIGHT="4"></TD></TR>'}


def label(*lines: str) -> str:
    """An HTML-like label: lines one above the other, aligned left."""
    return f"<{_table(lines)}>"


def beside(*columns: Sequence[str]) -> str:
    """A line of a label that consists of columns of lines, from left to right; no rules in them."""
    cells = "<VR/>".join(_column(lines) for lines in columns)
    return f"{_COLUMNS}<TR>{cells}</TR></TABLE>"


def _column(lines: Iterable[str]) -> str:
    """Lines one above the other, from the top: a table would spread them."""
    parts = (_SMALL_GAP if line == GAP else f"{line}{_LEADING}" for line in lines)
    text = "".join(f'{part}<BR ALIGN="LEFT"/>' for part in parts)
    return f'<TD ALIGN="LEFT" VALIGN="TOP">{text}</TD>'


def _table(lines: Iterable[str]) -> str:
    """Lines one above the other."""
    rows = (_ROWS.get(line, f'<TR><TD ALIGN="LEFT">{line}</TD></TR>') for line in lines)
    return f"{_TABLE}{''.join(rows)}</TABLE>"
