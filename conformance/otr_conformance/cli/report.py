"""`otrspec report`: reports that were written before, shown or in another form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_conformance.reports.document import figures, read
from otr_conformance.reports.kinds import ReportKind
from otr_conformance.verdict import ExitCode

from .misuse import Misuse, read_file
from .outputs import Outputs
from .screen import Screen, write_json
from .summary import View, show

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from otr_conformance.reports.report import Report

    from .screen import Json

__all__ = ["Outputs", "View", "load", "report"]


def load(path: Path) -> Report:
    """Read a report.

    Raises:
        Misuse: if the file cannot be read.
        BadReport: if it is no report that we can read.
    """
    return read(str(path), read_file(path))


def report(paths: Sequence[Path], view: View, files: Outputs) -> ExitCode:
    """Show reports, or write them in another form.

    Raises:
        Misuse: if a file cannot be read or written, or something about one report was asked of
            several.
        BadReport: if a file is no report that we can read.
        WrongKind: if reports of several kinds should be on one page, or a badge is asked of one
            that is not about conformance.
    """
    if len(paths) > 1 and (files.junit or files.badge):
        message = "--junit and --badge are about one report; --html takes several"
        raise Misuse(message)
    files.look()
    reports = [load(path) for path in paths]
    files.write(reports)
    if view.json:
        write_json([_document(path, each) for path, each in zip(paths, reports, strict=True)])
    elif not files:
        for number, each in enumerate(reports):
            if number:
                Screen().line()
            show(each, view)
    return ExitCode.EXPECTED


def _document(path: Path, each: Report) -> Json:
    """A report in figures; the file itself has the rest."""
    return {
        "file": str(path),
        "kind": each.kind.value,
        "target": each.target,
        "name": each.name,
        "version": each.version,
        "suite": each.suite,
        "made": each.made,
        "exit": int(each.status),
        "cases": len(each.outcomes),
        **(_of_cases(each) if each.kind is ReportKind.CONFORMANCE else figures(each)),
        "unexpected": [outcome.case for outcome in each.unexpected],
    }


def _of_cases(each: Report) -> dict[str, Json]:
    return {
        "counts": {verdict.word: number for verdict, number in each.counts.items()},
        "unsupported_share": round(each.unsupported_share, 4),
    }
