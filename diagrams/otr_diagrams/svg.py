"""SVG written by hand: for pictures that no layout engine is needed for.

What is drawn here is the same on every machine, to the byte: places are whole numbers of pixels,
and nothing asks a font how wide it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import style

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Canvas"]

MARGIN = 12
"""White space around everything, in pixels."""


class Canvas:
    """A picture that grows as things are drawn on it; the origin is at the top left.

    Args:
        title: what it shows, for those who do not see it.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.behind: list[str] = []
        self.parts: list[str] = []
        self.right = 0
        self.bottom = 0

    def reach(self, right: float, bottom: float) -> None:
        """Make room up to a place."""
        self.right = max(self.right, round(right))
        self.bottom = max(self.bottom, round(bottom))

    def box(  # noqa: PLR0913 - a place, a size and a look
        self,
        x: float,
        y: float,
        wide: float,
        high: float,
        *,
        fill: str = style.PAPER,
        color: str = style.LINE,
        dashed: bool = False,
        radius: int = 0,
    ) -> None:
        """A rectangle."""
        self.reach(x + wide, y + high)
        self.parts.append(
            f'<rect x="{round(x)}" y="{round(y)}" width="{round(wide)}" height="{round(high)}"'
            f' fill="{fill}" stroke="{color}"{_dashes(dashed=dashed)}'
            + (f' rx="{radius}"' if radius else "")
            + "/>"
        )

    def path(
        self,
        points: Sequence[tuple[float, float]],
        *,
        color: str = style.LINE,
        dashed: bool = False,
    ) -> None:
        """A line from point to point."""
        for x, y in points:
            self.reach(x, y)
        places = " L".join(f"{round(x)},{round(y)}" for x, y in points)
        self.parts.append(
            f'<path d="M{places}" fill="none" stroke="{color}"{_dashes(dashed=dashed)}/>'
        )

    def area(self, corners: Sequence[tuple[float, float]], fill: str) -> None:
        """An area behind everything else."""
        places = " L".join(f"{round(x)},{round(y)}" for x, y in corners)
        self.behind.append(f'<path d="M{places} Z" fill="{fill}"/>')

    def text(  # noqa: PLR0913 - a place, a text and a look
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: int = 12,
        color: str = style.INK,
        anchor: str = "start",
        bold: bool = False,
        mono: bool = False,
        hint: str = "",
    ) -> None:
        """A line of text; (x, y) is on its baseline, at its start, middle or end.

        `hint` shows when the pointer rests on it.
        """
        wide = style.width(text, size, bold=bold, mono=mono)
        left = {"start": x, "middle": x - wide / 2, "end": x - wide}[anchor]
        self.reach(left + wide, y + size / 3)
        look = ' font-weight="bold"' if bold else ""
        look += f' font-family="{style.MONO}" xml:space="preserve"' if mono else ""
        look += "" if anchor == "start" else f' text-anchor="{anchor}"'
        title = f"<title>{style.html(hint)}</title>" if hint else ""
        self.parts.append(
            f'<text x="{round(x)}" y="{round(y)}" font-size="{size}" fill="{color}"{look}>'
            f"{title}{style.html(text)}</text>"
        )

    def source(self) -> str:
        """The picture as a file."""
        wide, high = self.right + 2 * MARGIN, self.bottom + 2 * MARGIN
        area = f'x="{-MARGIN}" y="{-MARGIN}" width="{wide}" height="{high}"'
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" '
            f'viewBox="{-MARGIN} {-MARGIN} {wide} {high}" role="img" font-family="{style.SANS}">'
        )
        title = f"<title>{style.html(self.title)}</title>"
        paper = f'<rect {area} fill="{style.PAPER}"/>'
        return "\n".join((head, title, paper, *self.behind, *self.parts, "</svg>", ""))


def _dashes(*, dashed: bool) -> str:
    return ' stroke-dasharray="5 3"' if dashed else ""
