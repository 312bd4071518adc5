"""Layouts as boxes: which bytes, or characters, a message is made of.

Fields stand in the order of writing, from left to right and line by line. Above a box is its offset
in bytes, as long as no field before it varies in size; inside are its name, its data type and its
size, where that is fixed. A grey box is a length, or characters that are always the same. Strokes
across an edge: the size varies. A dashed frame: it may be missing. A warm colour: it is encrypted.
What is inside a field stands below it, except the many layouts that a sequence may hold: those are
in the picture of the layout that has the sequence, and not repeated where that is inside another
one. A bracket shows what a MAC is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from otr_model.kernel.layout import Form, Kind

from . import style
from .svg import Canvas

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from otr_model.kernel.layout import Cell, Field, Layout, Piece, TextFormat

__all__ = ["layout_svg", "text_svg"]

WIDTH = 840
"""Of a line of boxes, in pixels, at most."""
LINE = 15
"""From one line of text to the next."""
PADDING = 7
"""Between a box and what is written in it."""
NARROWEST = 34
"""Of a box."""
SMALL = 10
"""The size of what stands beside boxes."""

INDENT = 24
"""Of what is inside a field."""
BETWEEN = 42
"""Between two lines of boxes."""

_NESTED = frozenset({Kind.RECORD, Kind.RECORDS})


@dataclass(frozen=True, slots=True)
class _Text:
    """A line in a box."""

    text: str
    size: int = 11
    color: str = style.INK
    bold: bool = False
    mono: bool = False

    @property
    def wide(self) -> float:
        return style.width(self.text, self.size, bold=self.bold, mono=self.mono)


@dataclass(slots=True)
class _Box:
    """A box and what is written in it.

    Attributes:
        lines: its lines.
        offset: what stands above it, on the left.
        mark: what stands above it, on the right.
        fill: its colour.
        dashed: it may be missing.
        cut: its size varies.
        field: the name of its field.
        x: of its left edge.
        y: of its upper edge.
        wide: as wide as its widest line needs, and never narrow.
        high: as high as the highest of its picture.
    """

    lines: tuple[_Text, ...]
    offset: str = ""
    mark: str = ""
    fill: str = style.PAPER
    dashed: bool = False
    cut: bool = False
    field: str = ""
    x: int = 0
    y: int = 0
    high: int = 0

    @property
    def wide(self) -> int:
        above = style.width(self.offset, SMALL) + style.width(self.mark, SMALL)
        widest = max((*(line.wide + 2 * PADDING for line in self.lines), above, NARROWEST))
        return round(widest)

    @property
    def right(self) -> int:
        return self.x + self.wide

    @property
    def bottom(self) -> int:
        return self.y + self.high


def layout_svg(layout: Layout) -> str:
    """The picture of a layout, and of what is inside its encrypted or nested fields."""
    canvas = Canvas(f"Layout of {layout.title}")
    canvas.text(0, 14, layout.title, size=15, bold=True)
    bottom = _band(canvas, layout, 0, 38, top=True)
    _notes(canvas, layout, bottom)
    return canvas.source()


def text_svg(text: TextFormat) -> str:
    """The picture of a text format: what is written, piece by piece."""
    canvas = Canvas(f"Form of {text.title}")
    canvas.text(0, 14, text.title, size=15, bold=True)
    groups = [[_literal(text.prefix)], *(_piece(piece) for piece in text.pieces)]
    bottom = _place(groups, 0, 30)
    for box in _all(groups):
        _draw(canvas, box)
    if any(piece.optional for piece in text.pieces):
        canvas.text(0, bottom + 18, "Dashed: may be missing.", size=11, color=style.MUTED)
    return canvas.source()


# --- In bytes ---------------------------------------------------------------------------------


def _band(canvas: Canvas, layout: Layout, x: int, y: int, *, top: bool) -> int:
    """Draw the boxes of a layout and everything below them; returns where that ends.

    `top` tells the layout that the picture is of from those inside it.
    """
    groups = _groups(layout)
    bottom = _place(list(groups.values()), x, y)
    boxes = _all(groups.values())
    for box in boxes:
        _draw(canvas, box)
    fields = layout.of(layout.versions[-1])
    for field in fields:
        if field.covers is not None:
            bottom = max(bottom, _bracket(canvas, boxes, fields, field))
    opened = [
        (groups[field.name][-1], inner) for field in fields for inner in _opened(field, top=top)
    ]
    for number, (box, inner) in enumerate(opened):
        bottom = _inside(canvas, None if number else box, inner, (x, bottom))
    return bottom


def _groups(layout: Layout) -> dict[str, list[_Box]]:
    """The boxes of each field, in order."""
    groups: dict[str, list[_Box]] = {}
    for cell in layout.cells(layout.versions[-1]):
        groups.setdefault(cell.field.name, []).append(_cell(cell))
    return groups


def _opened(field: Field, *, top: bool) -> list[Layout]:
    """What stands below a field: what is nested or encrypted in it, but not what is signed."""
    inner = [option.layout for option in field.options] if top else []
    if field.inside is not None and (_encrypted(field) or field.type.spec.kind in _NESTED):
        inner.append(field.inside)
    return inner


def _encrypted(field: Field) -> bool:
    return bool(field.key) and field.covers is None


def _cell(cell: Cell) -> _Box:
    """A box for a length or a value."""
    field = cell.field
    offset = "" if cell.offset is None else str(cell.offset)
    if cell.ahead:
        length = (_Text(cell.title, color=style.MUTED), _Text(str(cell.size), color=style.MUTED))
        return _Box(length, offset, fill=style.GREY, field=field.name, dashed=field.optional)
    lines = _title(field.title)
    size = "" if cell.size is None else f" {cell.size}"
    lines.append(_Text(f"{field.type.name}{size}", color=style.MUTED))
    if field.value is not None:
        digits = 2 * field.type.spec.size
        lines.append(_Text(f"0x{field.value:0{digits}x}", color=style.BLUE, mono=True))
    if field.type.spec.kind is Kind.LITTLE_NUMBER:
        lines.append(_Text("little-endian", color=style.MUTED))
    if _encrypted(field):
        lines.append(_Text(f"with {field.key}", color=style.AMBER))
    only = " and ".join(map(str, field.versions))
    return _Box(
        tuple(lines),
        offset,
        mark=f"v{only} only" if only else "",
        fill=style.WARM if _encrypted(field) else style.PALE,
        dashed=field.optional,
        cut=cell.size is None and field.value is None,
        field=field.name,
    )


def _title(title: str) -> list[_Text]:
    """A title in one line if it is short, and in two or a little more if not."""
    longest = max(map(len, title.split()), default=0)
    columns = max(longest, 10, (len(title) + 1) // 2 + 1)
    return [_Text(line, size=12, bold=True) for line in style.wrapped(title, columns)]


def _bracket(canvas: Canvas, boxes: Sequence[_Box], fields: Sequence[Field], field: Field) -> int:
    """Show below the boxes what a MAC is over; returns where that ends."""
    names = [each.name for each in fields]
    first, last = field.covers or (field.name, field.name)
    covered = names[names.index(first) : names.index(last) + 1]
    rows: dict[int, list[_Box]] = {}
    for box in boxes:
        if box.field in covered:
            rows.setdefault(box.bottom, []).append(box)
    for bottom, row in rows.items():
        left, right = row[0].x + 2, row[-1].right - 2
        edge = bottom + 10
        canvas.path([(left, edge - 5), (left, edge), (right, edge), (right, edge - 5)])
        says = f"{field.title} over this, with {field.key}"
        middle = max((left + right) / 2, style.width(says, SMALL) / 2)
        canvas.text(middle, edge + 12, says, size=SMALL, color=style.MUTED, anchor="middle")
    return max(rows) + 26


def _inside(canvas: Canvas, box: _Box | None, inner: Layout, place: tuple[int, int]) -> int:
    """Draw what is inside a box, below it; returns where that ends.

    The box is None where another picture already stands between it and what is inside it.
    """
    x, y = place[0] + INDENT, place[1] + 52
    groups = _groups(inner)
    _place(list(groups.values()), x, y)
    right = max((each.right for each in _all(groups.values())), default=x)
    if box is not None:
        corners = [(box.x, box.bottom), (box.right, box.bottom), (right, y), (x, y)]
        canvas.area(corners, style.WARMER)
    canvas.text(x + 2, y - 20, f"{inner.title}: {inner.about}", size=11, color=style.MUTED)
    return _band(canvas, inner, x, y, top=False)


def _notes(canvas: Canvas, layout: Layout, bottom: int) -> None:
    """What the signs mean that occur."""
    drawn = _with_inner(layout, top=True)
    fields = [field for each in drawn for field in each.fields]
    notes = []
    if any(field.optional for field in fields):
        notes.append("Dashed: may be missing, with all that follows.")
    if any(field.exact is None for field in fields):
        notes.append("Strokes: the size varies.")
    left_out = [o.layout.title for f in layout.fields for o in f.options if not o.required]
    if left_out:
        notes.append(f"May be left out: {', '.join(left_out)}.")
    notes += [
        f"{field.title}: see {inner.title}."
        for inner in drawn[1:]
        for field in inner.fields
        if field.options
    ]
    if notes:
        canvas.text(0, bottom + 20, " ".join(notes), size=11, color=style.MUTED)


def _with_inner(layout: Layout, *, top: bool) -> list[Layout]:
    """A layout, and those that are drawn below it."""
    inner = [inside for field in layout.fields for inside in _opened(field, top=top)]
    return [layout, *(each for inside in inner for each in _with_inner(inside, top=False))]


# --- In characters ----------------------------------------------------------------------------


def _literal(text: bytes, *, dashed: bool = False) -> _Box:
    """A box for characters that are always the same."""
    return _Box(
        (_Text(_visible(text), size=13, color=style.BLUE, mono=True),),
        fill=style.GREY,
        dashed=dashed,
    )


def _piece(piece: Piece) -> list[_Box]:
    """The boxes of a piece: what is in front of it, itself, and what is behind it."""
    boxes: list[_Box] = []
    if piece.start:
        boxes.append(_literal(piece.start, dashed=piece.optional))
    if piece.form is not Form.SIGN:
        lines = [*_title(piece.title), _Text(_form(piece), color=style.MUTED)]
        lines += [
            _Text(f"{version}: {_visible(mark)}", color=style.BLUE, mono=True)
            for version, mark in piece.marks
        ]
        boxes.append(_Box(tuple(lines), fill=style.PALE, dashed=piece.optional, cut=True))
    if piece.end:
        boxes.append(_literal(piece.end, dashed=piece.optional))
    return boxes


def _form(piece: Piece) -> str:
    names = {
        Form.HEX: "hexadecimal",
        Form.DECIMAL: "decimal",
        Form.NATURAL: "decimal",
        Form.BASE64: "base-64",
        Form.IDENTIFIERS: "versions",
        Form.MARKS: "one or more of",
        Form.TEXT: "text",
    }
    name = names.get(piece.form, piece.form.label)
    return f"{name}, to {piece.digits} digits" if piece.digits else name


def _visible(text: bytes) -> str:
    """Characters as they are, or in hexadecimal where nobody could see them."""
    return text.decode("ascii") if text.strip() else text.hex(" ")


# --- Boxes ------------------------------------------------------------------------------------


def _place(groups: Sequence[Sequence[_Box]], x: int, y: int) -> int:
    """Give boxes their places, line by line, and returns where they end.

    What belongs together stays together.
    """
    deepest = max((len(box.lines) for box in _all(groups)), default=0)
    high = LINE * deepest + 16
    top = y
    for number, line in enumerate(_divided(groups, WIDTH - x)):
        at, top = x, y + number * (high + BETWEEN)
        for box in line:
            box.x, box.y, box.high = at, top, high
            at = box.right
    return top + high


def _divided(groups: Sequence[Sequence[_Box]], most: int) -> list[list[_Box]]:
    """Boxes in as few lines as can be, and those as equally long as can be."""
    needed = len(_filled(groups, most))
    widths = [sum(box.wide for box in group) for group in groups]
    least = max((*widths, sum(widths) // needed))
    return next(
        lines
        for limit in range(least, max(most, least) + 1)
        if len(lines := _filled(groups, limit)) <= needed
    )


def _filled(groups: Sequence[Sequence[_Box]], limit: int) -> list[list[_Box]]:
    """Boxes in lines that are as full as can be."""
    lines: list[list[_Box]] = [[]]
    used = 0
    for group in groups:
        wide = sum(box.wide for box in group)
        if used and used + wide > limit:
            lines.append([])
            used = 0
        lines[-1].extend(group)
        used += wide
    return lines


def _draw(canvas: Canvas, box: _Box) -> None:
    """Draw one box where it was placed."""
    canvas.box(box.x, box.y, box.wide, box.high, fill=box.fill, dashed=box.dashed)
    if box.offset:
        canvas.text(box.x + 2, box.y - 4, box.offset, size=SMALL, color=style.MUTED)
    if box.mark:
        canvas.text(box.right - 2, box.y - 4, box.mark, size=SMALL, color=style.TEAL, anchor="end")
    if box.cut:
        _cut(canvas, box)
    top = box.y + (box.high - LINE * len(box.lines)) / 2 + LINE - 4
    for number, line in enumerate(box.lines):
        canvas.text(
            box.x + box.wide / 2,
            top + number * LINE,
            line.text,
            size=line.size,
            color=line.color,
            anchor="middle",
            bold=line.bold,
            mono=line.mono,
        )


def _cut(canvas: Canvas, box: _Box) -> None:
    """The sign of a box that is longer or shorter than it is drawn: strokes across its edges."""
    for edge in (box.y, box.bottom):
        for x in (box.right - 13, box.right - 9):
            canvas.path([(x - 2, edge + 4), (x + 2, edge - 4)])


def _all(groups: Iterable[Sequence[_Box]]) -> list[_Box]:
    return [box for group in groups for box in group]
