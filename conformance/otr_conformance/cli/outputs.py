"""The files that a report is written to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from otr_conformance.reports.badge import badge
from otr_conformance.reports.document import write
from otr_conformance.reports.junit import junit
from otr_conformance.reports.page import page

from .misuse import Misuse, write_file
from .screen import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from otr_conformance.reports.report import Report

__all__ = ["Outputs"]


@dataclass(frozen=True, slots=True)
class Outputs:
    """The files that were asked for; None for those that were not.

    Attributes:
        report: the whole as JSON.
        junit: for servers of continuous integration.
        html: a page.
        badge: a picture of one line.
    """

    report: Path | None = None
    junit: Path | None = None
    html: Path | None = None
    badge: Path | None = None

    def __bool__(self) -> bool:
        """Whether there is any."""
        return any(self._paths())

    def _paths(self) -> Iterable[Path]:
        paths = (self.report, self.junit, self.html, self.badge)
        return [path for path in paths if path is not None]

    def look(self, targets: int = 1) -> None:
        """See that the files can be written, before a long run and not after it.

        Args:
            targets: how many there will be reports of.

        Raises:
            Misuse: if one cannot.
        """
        if targets > 1 and (self.report or self.junit or self.badge):
            message = "--report, --junit and --badge are about one target; --html takes several"
            raise Misuse(message)
        seen: set[Path] = set()
        for path in self._paths():
            if path.is_dir():
                message = f"{path}: is a folder"
                raise Misuse(message)
            if not path.absolute().parent.is_dir():
                message = f"{path}: there is no folder {path.parent}"
                raise Misuse(message)
            if path.absolute() in seen:
                message = f"{path}: two reports cannot be one file"
                raise Misuse(message)
            seen.add(path.absolute())

    def write(self, reports: Sequence[Report]) -> None:
        """Write the files.

        Args:
            reports: one, or several for a page; the other files are about one alone.

        Raises:
            Misuse: if one cannot be written.
            WrongKind: if a report is not of a kind that such a file is about; none is written then.
        """
        only = reports[0]
        files: tuple[tuple[Path | None, Callable[[], str]], ...] = (
            (self.report, lambda: write(only)),
            (self.junit, lambda: junit(only)),
            (self.html, lambda: page(reports)),
            (self.badge, lambda: badge(only)),
        )
        texts = [(path, made()) for path, made in files if path is not None]
        for path, text in texts:
            write_file(path, text.encode("utf-8", "backslashreplace"))
            tell(f"{path}: written")
