"""Sequence diagrams: a conversation as arrows between participants.

Time runs down. An arrow carries a message; below its head stands what the receiver's machines made
of it. With the composition at hand that is each change of state and each check that failed, with
the key of the member in brackets unless it is the master; without it, the ids of the rows. The ids
also show when the pointer rests on such a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from otr_model.trace import Arrow, Note, Sequence

from . import style
from .svg import Canvas

if TYPE_CHECKING:
    from otr_model.kernel.composition import AnyRow, Composition
    from otr_model.trace import Fired

__all__ = ["sequence_mermaid", "sequence_svg", "sequence_text"]

APART = 340
"""Between two participants, in pixels, at least."""
LINE = 15
"""From one line of text to the next."""
HEAD = 26
"""The height of a participant's box."""
COLUMNS = 44
"""Characters of a line of a note."""


@dataclass(frozen=True, slots=True)
class _Said:
    """One line below an arrow: what a machine made of the message.

    Attributes:
        text: the line.
        failed: it is about a check that failed.
        hint: the ids of the rows.
    """

    text: str
    failed: bool
    hint: str


class _Reader:
    """Says what rows did."""

    def __init__(self, composition: Composition | None) -> None:
        self.rows: dict[str, AnyRow] = (
            {} if composition is None else {row.id: row for row in composition.rows()}
        )

    def said(self, fired: tuple[Fired, ...]) -> list[_Said]:
        """Lines for the rows that were taken, in order."""
        lines: list[_Said] = []
        for each in fired:
            row = self.rows.get(each.row)
            if row is None:
                text = f"{each.row}, {each.failed} failed" if each.failed else each.row
                lines.append(_Said(text, bool(each.failed), each.row))
                continue
            machine = row.table.rpartition(".")[2]
            if each.member:
                machine += f" ({each.member:#x})"
            if each.failed:
                lines.append(_Said(f"{machine}: {each.failed} failed", failed=True, hint=row.id))
            if row.goto is not row.at:
                moved = f"{machine}: {row.at.name} → {row.goto.name}"
                lines.append(_Said(moved, failed=False, hint=row.id))
        return lines


def sequence_svg(sequence: Sequence, composition: Composition | None = None) -> str:
    """A conversation as SVG.

    Args:
        sequence: what happened. Participants that it does not list are ignored.
        composition: whose rows were taken.
    """
    return _Picture(sequence, _Reader(composition)).source()


class _Picture:
    """Draws one conversation."""

    def __init__(self, sequence: Sequence, reader: _Reader) -> None:
        self.sequence = sequence
        self.reader = reader
        self.canvas = Canvas(sequence.title)
        self.places: dict[str, int] = {}
        self.top = 0

    def source(self) -> str:
        canvas = self.canvas
        canvas.text(0, 14, self.sequence.title, size=15, bold=True)
        x = 70
        apart = self.apart()
        for name in self.sequence.participants:
            self.places[name] = x
            x += apart
        self.top = 30 + HEAD + 18
        for step in self.sequence.steps:
            if isinstance(step, Note):
                self.note(step)
            else:
                self.arrow(step)
        for name, at in self.places.items():
            canvas.behind.append(
                f'<path d="M{at},{30 + HEAD} L{at},{self.top}" stroke="{style.MUTED}" '
                'stroke-dasharray="2 3"/>'
            )
            wide = max(90, round(style.width(name, 13, bold=True)) + 24)
            canvas.box(at - wide / 2, 30, wide, HEAD, fill=style.PALE, radius=6)
            canvas.text(at, 30 + 18, name, size=13, bold=True, anchor="middle")
        canvas.reach(max(self.places.values(), default=0) + 70, self.top)
        return canvas.source()

    def apart(self) -> int:
        """Far enough for the longest line between two participants."""
        lines = [APART - 40.0]
        for step in self.sequence.steps:
            if isinstance(step, Arrow):
                lines.append(style.width(step.label, 12, bold=True))
                lines += [style.width(said.text, 10) for said in self.reader.said(step.fired)]
        return round(max(lines)) + 40

    def arrow(self, arrow: Arrow) -> None:
        """A message, and what its receiver made of it."""
        if arrow.sender not in self.places or arrow.receiver not in self.places:
            return
        start, end = self.places[arrow.sender], self.places[arrow.receiver]
        forward = 1 if end > start else -1
        self.top += 20
        y = self.top
        middle = (start + end) / 2
        self.canvas.text(middle, y - 6, arrow.label, bold=True, anchor="middle", color=style.BLUE)
        if arrow.lost:
            cross = start + (end - start) * 0.72
            self.canvas.path([(start, y), (cross, y)], color=style.BLUE, dashed=True)
            for slope in (1, -1):
                self.canvas.path(
                    [(cross - 6, y - 6 * slope), (cross + 6, y + 6 * slope)], color=style.AMBER
                )
            self.canvas.text(
                cross + 12 * forward,
                y + 4,
                "lost",
                size=10,
                color=style.AMBER,
                anchor="start" if forward > 0 else "end",
            )
        else:
            tip = end - 9 * forward
            self.canvas.path([(start, y), (tip, y)], color=style.BLUE)
            self.canvas.parts.append(
                f'<path d="M{end},{y} L{tip},{y - 5} L{tip},{y + 5} Z" fill="{style.BLUE}"/>'
            )
        self.top += 6
        for said in self.reader.said(arrow.fired):
            self.top += LINE
            self.canvas.text(
                end - 12 * forward,
                self.top - 3,
                said.text,
                size=10,
                color=style.AMBER if said.failed else style.TEAL,
                anchor="end" if forward > 0 else "start",
                hint=said.hint,
            )
        self.top += 14

    def note(self, note: Note) -> None:
        """Something that a participant did alone."""
        if note.at not in self.places:
            return
        lines = style.wrapped(note.text, COLUMNS) or [""]
        wide = round(max(style.width(line, 11) for line in lines)) + 20
        high = LINE * len(lines) + 10
        left = max(0, self.places[note.at] - wide // 2)
        self.canvas.box(left, self.top, wide, high, fill=style.WARM, radius=4)
        for number, line in enumerate(lines):
            self.canvas.text(
                left + wide / 2, self.top + 17 + number * LINE, line, size=11, anchor="middle"
            )
        self.top += high + 12


# --- Text -------------------------------------------------------------------------------------


def sequence_mermaid(sequence: Sequence, composition: Composition | None = None) -> str:
    """A conversation in Mermaid; arguments as for `sequence_svg`."""
    reader = _Reader(composition)
    names = {name: f"p{number}" for number, name in enumerate(sequence.participants)}
    lines = ["sequenceDiagram"]
    lines += [f"    participant {short} as {_plain(name)}" for name, short in names.items()]
    for step in sequence.steps:
        if isinstance(step, Note):
            if step.at in names:
                lines.append(f"    Note over {names[step.at]}: {_plain(step.text)}")
            continue
        if step.sender not in names or step.receiver not in names:
            continue
        sender, receiver = names[step.sender], names[step.receiver]
        arrow, lost = ("-x", " (lost)") if step.lost else ("->>", "")
        lines.append(f"    {sender}{arrow}{receiver}: {_plain(step.label)}{lost}")
        said = "<br>".join(_plain(each.text) for each in reader.said(step.fired))
        if said:
            lines.append(f"    Note over {receiver}: {said}")
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """A text without what means something to Mermaid."""
    return " ".join(text.replace("#", "no. ").replace(";", ",").split())


def sequence_text(sequence: Sequence, composition: Composition | None = None) -> str:
    """A conversation in plain characters; arguments as for `sequence_svg`."""
    reader = _Reader(composition)
    wide = 30
    for step in sequence.steps:
        if isinstance(step, Arrow):
            wide = max(wide, len(step.label) + 14, *(0, *_lengths(reader.said(step.fired))))
    places = {name: 6 + wide * number for number, name in enumerate(sequence.participants)}
    total = max(places.values(), default=0) + 1
    lines = [sequence.title, "", _put({at: name for name, at in places.items()}, total, " ")]
    for step in sequence.steps:
        if isinstance(step, Note):
            if step.at in places:
                lines.append(_lifelines(places, total))
                lines += [
                    _over(_lifelines(places, total), f" {line} ", places[step.at])
                    for line in style.wrapped(step.text, wide - 6)
                ]
            continue
        if step.sender in places and step.receiver in places:
            lines.append(_lifelines(places, total))
            lines += _arrow(step, reader, places, total)
    lines.append(_lifelines(places, total))
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _lengths(lines: list[_Said]) -> list[int]:
    return [len(said.text) + 6 for said in lines]


def _put(texts: dict[int, str], total: int, fill: str) -> str:
    """Texts, each around its column."""
    line = fill * total
    for at, text in texts.items():
        line = _over(line, text, at)
    return line


def _over(line: str, text: str, at: int) -> str:
    """A line with a text written over it, around a column."""
    start = max(0, at - len(text) // 2)
    return f"{line[:start].ljust(start)}{text}{line[start + len(text) :]}"


def _lifelines(places: dict[str, int], total: int) -> str:
    return _put(dict.fromkeys(places.values(), "|"), total, " ")


def _arrow(arrow: Arrow, reader: _Reader, places: dict[str, int], total: int) -> list[str]:
    """The lines of one message."""
    start, end = places[arrow.sender], places[arrow.receiver]
    left, right = min(start, end), max(start, end)
    room = right - left - 1
    label = f" {arrow.label}{' (lost)' if arrow.lost else ''} "
    shaft = label.center(max(0, room - 1), "-")
    head = ">" if end > start else "<"
    body = shaft + ("x" if arrow.lost else head) if end > start else head + shaft
    if arrow.lost and end < start:
        body = "x" + shaft
    line = _lifelines(places, total)
    lines = [line[: left + 1] + body + line[right:]]
    for said in reader.said(arrow.fired):
        text = said.text.rjust(room - 1) if end > start else said.text.ljust(room - 1)
        inner = f"{text} " if end > start else f" {text}"
        lines.append(line[: left + 1] + inner + line[right:])
    return lines
