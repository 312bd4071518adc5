"""What the commands have in common when they write.

Everything that comes from a target or a message passes through `plain` before a terminal sees it.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TextIO, TypeAlias

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Column, Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rich.console import JustifyMethod, RenderableType

__all__ = [
    "DIM",
    "GOOD",
    "HEAD",
    "NAME",
    "WRONG",
    "Screen",
    "console",
    "grid",
    "plain",
    "progress",
    "spans",
    "tell",
    "write_json",
]

HEAD: Final = "bold"
NAME: Final = "cyan"
DIM: Final = "dim"
GOOD: Final = "green"
WRONG: Final = "bold red"

WIDE: Final = 120
"""Columns where nobody says how wide the page is: in a pipe, in a log."""

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"


def plain(text: str) -> str:
    """A text without characters that do something to a terminal: those become escapes."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode("ascii")
        for c in text
    )


def spans(*parts: str | tuple[str, str]) -> Text:
    """A line: texts, or texts with their styles. A line break in one is an escape, too."""
    line = Text()
    for part in parts:
        text, style = (part, "") if isinstance(part, str) else part
        line.append(plain(text).replace("\n", r"\n"), style)
    return line


def grid(*heads: str, right: int = 0) -> Table:
    """A table without lines between its rows; the first `right` columns are aligned right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=HEAD)
    for column, head in enumerate(heads):
        justify: JustifyMethod = "right" if column < right else "left"
        table.add_column(Text(head), justify=justify, overflow="fold")
    table.show_header = any(heads)
    return table


class Screen:
    """Standard output, for people."""

    def __init__(self) -> None:
        self.console = console(sys.stdout)

    @property
    def width(self) -> int:
        """Columns of a line."""
        return self.console.width

    def line(self, *parts: str | tuple[str, str], indent: int = 0, hang: int = 0) -> None:
        """A line; where it does not fit, its rest is indented by `hang` columns more."""
        text = spans(*parts)
        text.rstrip()
        pad, room = indent, max(self.width - indent, 20)
        while len(text) > room:
            cut = text.plain.rfind(" ", 1, room + 1)
            if cut < 0:  # a word, such as an id, that does not fit anywhere: it stays whole
                cut = text.plain.find(" ", room)
            if cut < 0:
                break
            self.whole(" " * pad, text[:cut])
            text = text[len(text) - len(text.plain[cut:].lstrip()) :]
            pad, room = indent + hang, max(self.width - indent - hang, 20)
        self.whole(" " * pad, text)

    def whole(self, *parts: str | tuple[str, str] | Text) -> None:
        """A line that is not folded, such as one with an id that somebody will copy."""
        line = Text.assemble(*(p if isinstance(p, Text) else spans(p) for p in parts))
        line.rstrip()
        self.console.print(line, no_wrap=True, crop=False, overflow="ignore")

    def show(self, what: RenderableType, indent: int = 0) -> None:
        """A table, or whatever else rich can print."""
        padded = Padding(what, (0, 0, 0, indent), expand=False)
        if self.console.is_terminal:
            self.console.print(padded)
            return
        with self.console.capture() as captured:
            self.console.print(padded)
        for line in captured.get().splitlines():
            self.whole(line)


def console(stream: TextIO) -> Console:
    """A console that prints what it is given, and guesses nothing."""
    known = stream.isatty() or "COLUMNS" in os.environ
    return Console(
        file=stream,
        width=None if known else WIDE,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )


def write_json(document: Json) -> None:
    """The one JSON value that a command writes to standard output."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def tell(message: str) -> None:
    """A line on standard error."""
    sys.stderr.write(plain(message) + "\n")


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[str], None]]:
    """Show on a terminal how far a long work is; nothing anywhere else.

    Yields:
        To be called with what is being done now; each call but the first ends a step.
    """
    if not sys.stderr.isatty():
        yield lambda _what: None
        return
    bars = [BarColumn(bar_width=24), MofNCompleteColumn()] if total else []
    text = TextColumn("{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis"))
    with Progress(SpinnerColumn(), *bars, text, console=console(sys.stderr), transient=True) as bar:
        task = bar.add_task(what, total=total)
        begun = False

        def step(doing: str) -> None:
            nonlocal begun
            bar.update(task, description=plain(f"{what} {doing}"), advance=1 if begun else 0)
            begun = True

        yield step
