"""How far a run is, on a terminal: verdicts so far, what is run now, and how long it will take."""

from __future__ import annotations

import sys
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from otr_conformance.verdict import Verdict

from .screen import DIM, GOOD, WRONG, console, spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["STYLES", "Far", "Seen", "left", "watching"]

STYLES: Final = {
    Verdict.PASS: GOOD,
    Verdict.NOTE: "yellow",
    Verdict.FAIL: WRONG,
    Verdict.UNSUPPORTED: DIM,
    Verdict.HARNESS_ERROR: "bold magenta",
    Verdict.HANG: WRONG,
    Verdict.CRASH: WRONG,
}
_SURE: Final = 5  # cases after which a guess at the time that is left is worth showing
_MINUTES: Final = 90  # seconds from which on it is told in minutes
_BAR: Final = 24
_REFRESHED: Final = 8  # times a second


class Seen(Protocol):
    """What is called as a run goes on."""

    def __call__(self, present: Sequence[str], verdict: Verdict | None, *, expected: bool) -> None:
        """Tell how far it is.

        Args:
            present: the names of the cases that are being run now.
            verdict: of the case that was run; None: none was yet.
            expected: whether it was expected.
        """


def left(done: int, total: int, seconds: float) -> str:
    """About how long the rest will take; "" as long as nobody can know."""
    if done < _SURE or done >= total:
        return ""
    rest = seconds / done * (total - done)
    if rest < _MINUTES:
        return f"{max(1, round(rest))} s left"
    return f"{round(rest / 60)} min left"


class Far:
    """How far a run is."""

    def __init__(self, what: str, total: int) -> None:
        self.what = what
        self.total = total
        self.counts: Counter[Verdict] = Counter()
        self.surprises = 0
        self.present: tuple[str, ...] = ()
        self.begun = time.monotonic()

    def seen(self, present: Sequence[str], verdict: Verdict | None, *, expected: bool) -> None:
        """One case more."""
        self.present = tuple(present)
        if verdict is not None:
            self.counts[verdict] += 1
            self.surprises += not expected

    def __rich__(self) -> Group:
        """Two lines: how far it is; the verdicts, and what is run now."""
        done = self.counts.total()
        above = Table.grid(padding=(0, 1, 0, 0))
        above.add_row(
            spans(self.what),
            ProgressBar(total=self.total, completed=done, width=_BAR),
            f"{done}/{self.total}",
            Text(left(done, self.total, time.monotonic() - self.begun), DIM),
        )
        below = Text("  ", no_wrap=True, overflow="ellipsis")
        for verdict in Verdict:
            if self.counts[verdict]:
                below.append(f"{self.counts[verdict]} {verdict}  ", STYLES[verdict])
        if self.surprises:
            below.append(f"{self.surprises} unexpected  ", WRONG)
        below.append_text(spans((" ".join(self.present), DIM)))
        return Group(above, below)


@contextmanager
def watching(what: str, total: int) -> Iterator[Seen]:
    """Show how far a run is, on a terminal; nothing anywhere else.

    Args:
        what: the target.
        total: how many cases there are.

    Yields:
        What is to be called whenever a case was run.
    """
    far = Far(what, total)
    if not sys.stderr.isatty():
        yield far.seen
        return
    screen = console(sys.stderr)
    with Live(far, console=screen, refresh_per_second=_REFRESHED, transient=True):
        yield far.seen
