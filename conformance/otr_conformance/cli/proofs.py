"""`otrspec check`: what Z3 proves about the tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from otr_check.proofs import Fault
from otr_conformance.protocols import PROTOCOLS, protocol
from otr_conformance.verdict import ExitCode

from .choice import owner
from .misuse import Misuse
from .screen import DIM, GOOD, HEAD, NAME, WRONG, Screen, grid, progress, spans, write_json
from .tables import find_table

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
    from otr_model.kernel.composition import Composition

    from .screen import Json

__all__ = ["check"]

_CLAIMS: Final = {
    "total": Fault.GAP,
    "deterministic": Fault.OVERLAP,
    "dead": Fault.DEAD,
}
"""What is said of a table, by what would refute it."""


@dataclass(frozen=True, slots=True)
class _Proved:
    """What was proved about one composition.

    Attributes:
        name: of the protocol.
        assumed: what the proofs assume, in sentences.
        others: what the composition promises beside its tables.
        tables: what its tables promise.
    """

    name: str
    assumed: tuple[str, ...]
    others: tuple[Proof, ...]
    tables: tuple[TableProof, ...]

    @property
    def holds(self) -> bool:
        """Whether everything was proved."""
        return all(proof.holds for proof in (*self.others, *self.tables))


def check(names: tuple[str, ...], whose: str, *, json: bool) -> ExitCode:
    """Prove what tables promise.

    Args:
        names: of the tables; none: all of them, and what the composition promises beside.
        whose: the protocol; "": the one that a name begins with, else the default; every one where
            no table is named.
        json: for programs.

    Raises:
        Misuse: if there is no such table.
        IllTyped: if a condition means nothing.
        Inconclusive: if the solver cannot tell.
    """
    chosen = [(owner(whose, name).model.composition, name) for name in names]
    every = [protocol(whose)] if whose else list(PROTOCOLS.values())
    with progress("proving"):
        proved = _tables(chosen) if chosen else [_whole(each.model.composition) for each in every]
    status = ExitCode.EXPECTED if all(each.holds for each in proved) else ExitCode.UNEXPECTED
    if json:
        write_json(_document_of(status, proved))
        return status
    out = Screen()
    for number, each in enumerate(proved):
        if number:
            out.line()
        if len(proved) > 1:
            out.line((each.name, HEAD))
        _show(out, each)
    return status


def _tables(chosen: list[tuple[Composition, str]]) -> list[_Proved]:
    """What some tables promise, by composition."""
    found = [(composition, find_table(composition, name)) for composition, name in chosen]
    compositions = dict.fromkeys(composition.name for composition, _ in found)
    return [
        _Proved(
            name,
            (),
            (),
            tuple(prove_table(whole, table) for whole, table in found if whole.name == name),
        )
        for name in compositions
    ]


def _whole(composition: Composition) -> _Proved:
    """What a composition promises, and all its tables."""
    report = prove(composition)
    return _Proved(
        composition.name,
        tuple(assumption.about for assumption in report.assumptions),
        (report.exclusions, report.updates, report.handlers),
        report.tables,
    )


def _counted(proof: TableProof) -> dict[str, int]:
    """How many findings refute each claim."""
    return {
        claim: sum(finding.fault is fault for finding in proof.findings)
        for claim, fault in _CLAIMS.items()
    }


def _show(out: Screen, proved: _Proved) -> None:
    """One composition."""
    assumed, others, tables = proved.assumed, proved.others, proved.tables
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


def _document_of(status: ExitCode, proved: list[_Proved]) -> Json:
    """Everything; where there are several protocols, what is no table's says whose it is."""
    several = len(proved) > 1
    whose = {each.name: f"{each.name}: " if several else "" for each in proved}
    return {
        "exit": int(status),
        "assumptions": [whose[each.name] + about for each in proved for about in each.assumed],
        "tables": [_table_document(proof) for each in proved for proof in each.tables],
        "others": [_document(proof, whose[each.name]) for each in proved for proof in each.others],
    }


def _document(proof: Proof, whose: str = "") -> dict[str, Json]:
    return {
        "subject": whose + proof.subject,
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
