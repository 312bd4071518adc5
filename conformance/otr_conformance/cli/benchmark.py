"""`otrspec bench`: the reference beside libotr, or beside the bare cryptography that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_conformance.bench import TOTAL
from otr_conformance.protocols import protocol
from otr_conformance.verdict import ExitCode
from otr_model import __version__

from .misuse import Misuse
from .screen import DIM, HEAD, Screen, grid, progress, spans, write_json

if TYPE_CHECKING:
    from otr_conformance.bench import Bench, Comparison, Cost, Phase, Work

    from .screen import Json

__all__ = ["TOP", "bench"]

TOP: Final = 4
"""How many primitives of each phase are shown to people; programs get all of them."""


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
    floor = any(phase.floor is not None for phase in found.phases)
    beside = ("libotr", "ratio") if found.libotr else ("floor", "ratio", "us/text")
    heads = ["ours", *(beside if found.libotr or floor else ())]
    table = grid(*heads, "phase", right=len(heads))
    about = {**measured.phases, TOTAL: "all of it"}
    for phase in found.phases:
        style = HEAD if phase.name == TOTAL else ""
        figures = [spans((figure, style)) for figure in _figures(phase)]
        table.add_row(*figures, spans((phase.name, style), (f"  {about[phase.name]}", DIM)))
    out.show(table)
    if floor:
        _show_floor(out, found)
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


def _show_floor(out: Screen, found: Comparison) -> None:
    """What the floor is made of, and what a received byte can buy."""
    out.line()
    out.line(
        "floor is the cryptography alone; ratio is ours / floor; us/text is what a text takes "
        "beyond the floor, in microseconds. Time is the processor's."
    )
    out.line()
    table = grid("share", "ms", "calls", "phase", "primitive", right=3)
    for phase in found.phases:
        for cost in phase.costs[:TOP]:
            table.add_row(
                spans(f"{100 * _share(phase, cost):.0f}%"),
                spans(f"{1000 * cost.seconds:.2f}"),
                spans(str(cost.calls)),
                spans(phase.name),
                spans(cost.primitive),
            )
    out.show(table)
    out.line()
    out.line("The most work that one received byte can buy: operations of the suite, microseconds.")
    out.line()
    heads = ("us/byte", "ops/byte", "us", "ops", "bytes")
    table = grid(*heads, "message", right=len(heads))
    for work in sorted(found.work, key=lambda work: -work.seconds / work.octets):
        figures = (
            f"{1e6 * work.seconds / work.octets:.1f}",
            f"{work.operations / work.octets:.2f}",
            f"{1e6 * work.seconds:.0f}",
            str(work.operations),
            str(work.octets),
        )
        title = spans(work.message, (f"  {work.about}", DIM))
        table.add_row(*(spans(each) for each in figures), title)
    out.show(table)


def _share(phase: Phase, cost: Cost) -> float:
    """The part of a phase's floor that a primitive is."""
    return cost.seconds / phase.floor if phase.floor else 0.0


def _figures(phase: Phase) -> list[str]:
    """A phase's columns of figures."""
    figures = [f"{1000 * phase.ours:.1f}"]
    if phase.libotr is not None and phase.ratio is not None:
        figures += [f"{1000 * phase.libotr:.1f}", f"{phase.ratio:.2f}"]
    elif phase.floor is not None and phase.ratio is not None:
        each = "" if phase.overhead is None else f"{1e6 * phase.overhead:.0f}"
        figures += [f"{1000 * phase.floor:.1f}", f"{phase.ratio:.2f}", each]
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
        **({"work": [_work(work) for work in found.work]} if found.work else {}),
    }


def _phase(phase: Phase) -> Json:
    document: dict[str, Json] = {"ours": round(phase.ours, 6)}
    if phase.libotr is not None and phase.ratio is not None:
        document |= {"libotr": round(phase.libotr, 6), "ratio": round(phase.ratio, 4)}
    elif phase.floor is not None and phase.ratio is not None:
        document |= {"floor": round(phase.floor, 6), "ratio": round(phase.ratio, 4)}
    if phase.overhead is not None:
        document["overhead"] = round(phase.overhead, 7)
    if phase.costs:
        document["costs"] = [
            {
                "primitive": cost.primitive,
                "calls": cost.calls,
                "seconds": round(cost.seconds, 7),
                "share": round(_share(phase, cost), 4),
            }
            for cost in phase.costs
        ]
    return document


def _work(work: Work) -> Json:
    return {
        "message": work.message,
        "about": work.about,
        "bytes": work.octets,
        "operations": work.operations,
        "seconds": round(work.seconds, 6),
    }
