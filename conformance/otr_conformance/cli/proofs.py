"""`otrspec check`: what Z3 proves about the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_check.proofs import Fault
from otr_conformance.verdict import ExitCode
from otr_model.otrv3.protocol import OTRV3

from .misuse import Misuse, unknown
from .screen import DIM, GOOD, NAME, WRONG, Screen, grid, progress, spans, write_json

try:
    from otr_check.solver import prove, prove_table
except ModuleNotFoundError as error:
    if error.name != "z3":
        raise
    _MISSING = "the proofs need z3, which is not installed: pip install 'otrspec[check]'"
    raise Misuse(_MISSING) from error

if TYPE_CHECKING:
    from rich.text import Text

    from otr_check.proofs import Proof, TableProof
    from otr_model.kernel.composition import AnyTable

    from .screen import Json

__all__ = ["check"]

_CLAIMS: Final = {
    "total": Fault.GAP,
    "deterministic": Fault.OVERLAP,
    "dead": Fault.DEAD,
}
"""What is said of a table, by what would refute it."""


def check(names: tuple[str, ...], *, json: bool) -> ExitCode:
    """Prove what tables promise.

    Args:
        names: of the tables; none: all of them, and what the composition promises beside.
        json: for programs.

    Raises:
        Misuse: if there is no such table.
        IllTyped: if a condition means nothing.
        Inconclusive: if the solver cannot tell.
    """
    chosen = [_table(name) for name in names]
    with progress("proving"):
        if chosen:
            others: tuple[Proof, ...] = ()
            tables = tuple(prove_table(OTRV3, table) for table in chosen)
            assumed: list[str] = []
        else:
            report = prove(OTRV3)
            others = (report.exclusions, report.updates, report.handlers)
            tables = report.tables
            assumed = [assumption.about for assumption in report.assumptions]
    holds = all(proof.holds for proof in (*others, *tables))
    status = ExitCode.EXPECTED if holds else ExitCode.UNEXPECTED
    if json:
        write_json(
            {
                "exit": int(status),
                "assumptions": assumed,
                "tables": [_table_document(proof) for proof in tables],
                "others": [_document(proof) for proof in others],
            }
        )
        return status
    _show(assumed, others, tables)
    return status


def _table(name: str) -> AnyTable:
    try:
        return OTRV3.table(name)
    except KeyError:
        names = [table.machine for table in OTRV3.tables]
        raise unknown(name, "table", names, "otrspec table") from None


def _counted(proof: TableProof) -> dict[str, int]:
    """How many findings refute each claim."""
    return {
        claim: sum(finding.fault is fault for finding in proof.findings)
        for claim, fault in _CLAIMS.items()
    }


def _show(assumed: list[str], others: tuple[Proof, ...], tables: tuple[TableProof, ...]) -> None:
    out = Screen()
    for about in assumed:
        out.line(("assumed: ", DIM), (about, DIM), hang=2)
    if assumed:
        out.line()
    shown = grid("cells", "rows", "claims", "total", "deterministic", "dead rows", "table", right=3)
    for proof in tables:
        counts = _counted(proof)
        dead = counts["dead"]
        shown.add_row(
            *map(str, (proof.cells, proof.rows, proof.claims)),
            _yes(counts["total"], "gap"),
            _yes(counts["deterministic"], "overlap"),
            spans((str(dead) if dead else "none", WRONG if dead else GOOD)),
            spans((proof.subject, NAME)),
        )
    out.show(shown)
    out.line()
    for other in others:
        verdict = ("proved", GOOD) if other.holds else (f"{len(other.findings)} false", WRONG)
        out.line(f"{other.subject}: {other.claims} claims, ", verdict)
    for finding in (finding for each in (*others, *tables) for finding in each.findings):
        out.line()
        for line in finding.text.splitlines():
            out.line(line.strip(), indent=0 if not line.startswith(" ") else 4, hang=2)


def _yes(against: int, what: str) -> Text:
    """Whether a claim holds."""
    if not against:
        return spans(("proved", GOOD))
    return spans((f"{against} {what}{'' if against == 1 else 's'}", WRONG))


def _document(proof: Proof) -> dict[str, Json]:
    return {
        "subject": proof.subject,
        "claims": proof.claims,
        "holds": proof.holds,
        "seconds": round(proof.seconds, 4),
        "findings": [
            {
                "fault": finding.fault.label,
                "where": finding.where,
                "rows": list(finding.rows),
                "witness": finding.witness.text if finding.witness else "",
            }
            for finding in proof.findings
        ],
    }


def _table_document(proof: TableProof) -> Json:
    counts = _counted(proof)
    return {
        **_document(proof),
        "cells": proof.cells,
        "rows": proof.rows,
        "total": not counts["total"],
        "deterministic": not counts["deterministic"],
        "dead_rows": counts["dead"],
    }
