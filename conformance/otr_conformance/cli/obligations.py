"""`otrspec obligations`: what the cases are there for, and what nothing answers for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_conformance.obligations import KINDS, account
from otr_conformance.verdict import ExitCode

from .choice import find_case
from .misuse import unknown
from .screen import DIM, GOOD, HEAD, NAME, WRONG, Screen, grid, progress, spans, write_json

if TYPE_CHECKING:
    from otr_conformance.obligations import Ledger, Obligation
    from otr_conformance.protocols import Protocol

    from .screen import Json

__all__ = ["obligations"]

WORDS = {kind.label: kind for kind in KINDS}


def obligations(  # noqa: PLR0913 - what the command was given
    whose: Protocol, kind: str, case: str, *, is_open: bool, spare: bool, json: bool
) -> ExitCode:
    """Run the command.

    Args:
        whose: the protocol.
        kind: only obligations of this kind; "": of every kind.
        case: only those that this case answers for; "": all.
        is_open: list those that no case answers for.
        spare: list the cases that answer for nothing alone.
        json: for programs.

    Raises:
        Misuse: if there is no such kind or case.
    """
    if kind and kind not in WORDS:
        raise unknown(kind, "kind of obligation", WORDS, "otrspec obligations")
    named = find_case(case, whose.name).id if case else ""
    with progress("playing every case"):
        ledger = account(whose.name)
    kinds = {WORDS[kind]} if kind else set(KINDS)
    left = tuple(each for each in ledger.open() if each.kind in kinds)
    unneeded = tuple(i for i in whose.suite.cases if not ledger.sole(i))
    status = ExitCode.UNEXPECTED if left else ExitCode.EXPECTED
    if named:
        _of_case(ledger, named, json=json)
        return ExitCode.EXPECTED
    if json:
        write_json(_document(whose, ledger, left, unneeded, status))
        return status
    out = Screen()
    if is_open:
        _list(out, left, ledger)
    elif spare:
        for each in unneeded:
            out.whole(each)
    else:
        _counts(out, whose, ledger, len(unneeded))
    return status


def _list(out: Screen, left: tuple[Obligation, ...], ledger: Ledger) -> None:
    for each in left:
        out.whole((each.kind.label.ljust(10), DIM), each.what)
    for each, reason in ledger.excused.items():
        if not ledger.met.get(each):
            out.whole((f"{each.kind.label.ljust(10)}{each.what}", DIM))
            out.line((f"cannot happen: {reason}", DIM), indent=10, hang=2)


def _counts(out: Screen, whose: Protocol, ledger: Ledger, unneeded: int) -> None:
    table = grid("met", "cannot", "open", "", "", right=3)
    for kind, (met, excused, every) in ledger.counts().items():
        left = every - met - excused
        table.add_row(
            f"{met:,}", f"{excused:,}", f"{left:,}", spans((kind.label, NAME)), kind.value
        )
    out.console.print(table)
    cases = len(whose.suite.cases)
    out.line()
    out.line(f"{cases:,} cases; {cases - unneeded:,} answer alone for something.")
    if any(every > met + excused for met, excused, every in ledger.counts().values()):
        out.line(("Some obligations are open; --open lists them.", WRONG))
    else:
        out.line(("Nothing is open.", GOOD))


def _of_case(ledger: Ledger, case: str, *, json: bool) -> None:
    alone = set(ledger.sole(case))
    found = ledger.of(case)
    if json:
        write_json([{"kind": o.kind.label, "what": o.what, "alone": o in alone} for o in found])
        return
    out = Screen()
    out.whole((case, HEAD))
    for each in found:
        mark = "alone" if each in alone else ""
        out.whole((mark.ljust(7), NAME), (each.kind.label.ljust(10), DIM), each.what)


def _document(
    whose: Protocol,
    ledger: Ledger,
    left: tuple[Obligation, ...],
    unneeded: tuple[str, ...],
    status: ExitCode,
) -> Json:
    return {
        "protocol": whose.name,
        "exit": int(status),
        "cases": len(whose.suite.cases),
        "spare": list(unneeded),
        "counts": [
            {"kind": kind.label, "met": met, "cannot": excused, "all": every}
            for kind, (met, excused, every) in ledger.counts().items()
        ],
        "open": [{"kind": o.kind.label, "what": o.what} for o in left],
    }
