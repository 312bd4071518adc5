"""`otrspec bench`: the reference beside libotr."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_conformance.bench import TOTAL
from otr_conformance.protocols import protocol
from otr_conformance.verdict import ExitCode
from otr_model import __version__

from .misuse import Misuse
from .screen import DIM, HEAD, Screen, grid, progress, spans, write_json

if TYPE_CHECKING:
    from otr_conformance.bench import Bench, Comparison, Phase

    from .screen import Json

__all__ = ["bench"]


def bench(subject: str, runs: int, fragment: int, *, json: bool) -> ExitCode:
    """Measure.

    Args:
        subject: the protocol.
        runs: of each side.
        fragment: the largest size of a message in bytes; 0: no limit.
        json: for programs.

    Raises:
        Misuse: if the fragments would be too small.
        NotDone: if the reference does not do what is measured.
        PeerUnavailable: if libotr is installed and does not run.
    """
    measured = protocol(subject).bench
    if 0 < fragment < measured.least_fragment:
        message = f"--fragment {fragment}: 0, or {measured.least_fragment} bytes and more"
        raise Misuse(message)
    with progress("measuring", runs) as step:
        found = measured.compare(runs, fragment, step)
    if json:
        write_json(_document(subject, measured, found))
    else:
        _show(measured, found)
    return ExitCode.EXPECTED


def _show(measured: Bench, found: Comparison) -> None:
    out = Screen()
    limit = f"messages of at most {found.fragment} bytes" if found.fragment else "no fragments"
    runs = f"Medians of {found.runs} alternated runs" if found.runs > 1 else "One run"
    out.line(f"{runs}, in milliseconds; {limit}.")
    out.line()
    heads = ["ours", *(("libotr", "ratio") if found.libotr else ())]
    table = grid(*heads, "phase", right=len(heads))
    about = {**measured.phases, TOTAL: "all of it"}
    for phase in found.phases:
        style = HEAD if phase.name == TOTAL else ""
        figures = [spans((figure, style)) for figure in _figures(phase)]
        table.add_row(*figures, spans((phase.name, style), (f"  {about[phase.name]}", DIM)))
    out.show(table)
    if not measured.rival:
        return
    out.line()
    if found.libotr:
        out.line(
            f"otrspec {__version__} against libotr {found.libotr}; ratio is ours / libotr: below "
            "1, the reference is the faster."
        )
    else:
        out.line(
            "libotr is not installed, so there is nothing to compare with: "
            "otrspec peer install libotr"
        )


def _figures(phase: Phase) -> list[str]:
    """A phase's columns of figures."""
    figures = [f"{1000 * phase.ours:.1f}"]
    if phase.libotr is not None and phase.ratio is not None:
        figures += [f"{1000 * phase.libotr:.1f}", f"{phase.ratio:.2f}"]
    return figures


def _document(subject: str, measured: Bench, found: Comparison) -> Json:
    """The figures in seconds, as `docs/command-line.md` describes them."""
    return {
        "subject": subject,
        "version": __version__,
        "libotr": found.libotr,
        "runs": found.runs,
        "fragment": found.fragment,
        **measured.figures,
        **{phase.name: _phase(phase) for phase in found.phases},
    }


def _phase(phase: Phase) -> Json:
    document: dict[str, Json] = {"ours": round(phase.ours, 6)}
    if phase.libotr is not None and phase.ratio is not None:
        document |= {"libotr": round(phase.libotr, 6), "ratio": round(phase.ratio, 4)}
    return document
