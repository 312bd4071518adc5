"""Plots: how a figure grows, on a scale on which each line is ten times the one below it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Final

from . import style
from .svg import Canvas

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Line", "plot_svg"]

WIDE, HIGH = 560, 330
LEFT, TOP = 70, 60
SIDE: Final = 12
"""Room for the labels of values."""
SIZE: Final = 12
MARK: Final = 4
_LOOKS: Final = (
    (style.BLUE, False),
    (style.AMBER, False),
    (style.TEAL, False),
    (style.BLUE, True),
    (style.AMBER, True),
    (style.TEAL, True),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plot.

    Attributes:
        name: what was varied.
        points: each value with its figure, above 0; values ascend.
        cut: the last figure is what was counted until a bound was met: there are more.
    """

    name: str
    points: tuple[tuple[int, float], ...]
    cut: bool = False


def plot_svg(title: str, across: str, up: str, lines: Sequence[Line]) -> str:
    """Lines over whole numbers; upwards by powers of ten.

    Args:
        title: what it shows.
        across: what the values are.
        up: what the figures are.
        lines: at least one, each with at least one point.

    Raises:
        ValueError: if there is nothing to draw, or a figure is not above 0.
    """
    figures = [figure for line in lines for _, figure in line.points]
    if not figures or min(figures) <= 0:
        message = "there is nothing to plot, or a figure that is not above 0"
        raise ValueError(message)
    values = sorted({value for line in lines for value, _ in line.points})
    low, high = floor(log10(min(figures))), max(ceil(log10(max(figures))), 1)
    scale = _Scale(values[0], values[-1], low, max(high, low + 1))
    canvas = Canvas(title)
    canvas.text(LEFT, 18, title, size=15, bold=True)
    canvas.text(LEFT, TOP - 12, up, size=SIZE, color=style.MUTED)
    _axes(canvas, scale, values)
    canvas.text(LEFT + WIDE / 2, TOP + HIGH + 42, across, size=SIZE, anchor="middle")
    for (color, dashed), line in zip(_LOOKS * (1 + len(lines) // len(_LOOKS)), lines, strict=False):
        _draw(canvas, scale, line, color, dashed=dashed)
    _names(canvas, scale, lines)
    return canvas.source()


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where values and figures are."""

    first: int
    last: int
    low: int
    high: int

    def x(self, value: int) -> float:
        """From the left."""
        return (
            LEFT + SIDE + (WIDE - 2 * SIDE) * (value - self.first) / max(1, self.last - self.first)
        )

    def y(self, figure: float) -> float:
        """From the top."""
        return TOP + HIGH * (self.high - log10(figure)) / (self.high - self.low)


def _axes(canvas: Canvas, scale: _Scale, values: Sequence[int]) -> None:
    for power in range(scale.low, scale.high + 1):
        y = scale.y(10.0**power)
        canvas.path(((LEFT, y), (LEFT + WIDE, y)), color=style.GREY)
        text = f"{10**power:,}" if power >= 0 else f"{10.0**power:g}"
        canvas.text(LEFT - 8, y + 4, text, size=SIZE, color=style.MUTED, anchor="end")
    for value in values:
        text = str(value)
        canvas.text(scale.x(value), TOP + HIGH + 20, text, size=SIZE, anchor="middle")
    canvas.path(((LEFT, TOP), (LEFT, TOP + HIGH), (LEFT + WIDE, TOP + HIGH)), color=style.MUTED)


def _draw(canvas: Canvas, scale: _Scale, line: Line, color: str, *, dashed: bool) -> None:
    places = [(scale.x(value), scale.y(figure)) for value, figure in line.points]
    if len(places) > 1:
        canvas.path(places, color=color, dashed=dashed)
    for at, (x, y) in enumerate(places):
        last = at == len(places) - 1
        fill = style.PAPER if line.cut and last else color
        half = MARK / 2 + 1
        canvas.box(x - half, y - half, 2 * half, 2 * half, fill=fill, color=color, radius=3)


def _names(canvas: Canvas, scale: _Scale, lines: Sequence[Line]) -> None:
    """The name of each line beside its end, none on top of another."""
    ends = sorted(
        (scale.y(line.points[-1][1]), scale.x(line.points[-1][0]), line.name, color)
        for line, (color, _) in zip(lines, _LOOKS * (1 + len(lines) // len(_LOOKS)), strict=False)
    )
    below = 0.0
    for y, x, name, color in ends:
        place = max(y + 4, below)
        canvas.text(x + 10, place, name, size=SIZE, color=color)
        below = place + SIZE + 3
