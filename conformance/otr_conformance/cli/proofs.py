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

    from . import invariants
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

__all__ = ["Asked", "check"]

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


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be proved.

    Attributes:
        tables: names of tables; none: all of them, and what the composition promises beside.
        whose: the protocol; "": the one that a name begins with, else the default; every one where
            nothing is named.
        invariants: names of invariants; none: all of them, unless tables are named.
        explain: say what invariants mean, what their proofs need, and what leads to them.
        variant: a literal reading, by the id of the ambiguity; "": our own.
        only_tables: leave out invariants.
    """

    tables: tuple[str, ...] = ()
    whose: str = ""
    invariants: tuple[str, ...] = ()
    explain: bool = False
    variant: str = ""
    only_tables: bool = False

    @property
    def of_tables(self) -> bool:
        """Whether tables are asked for."""
        return not (self.invariants or self.variant)

    @property
    def of_invariants(self) -> bool:
        """Whether invariants are asked for."""
        return not (self.tables or self.only_tables)


def check(asked: Asked, *, json: bool) -> ExitCode:
    """Prove what tables promise, by themselves and together.

    Args:
        asked: what is to be proved.
        json: for programs.

    Raises:
        Misuse: if there is no such table or literal reading, or if tables and invariants are named.
        UnknownClaim: if there is no such invariant.
        IllTyped: if a condition means nothing.
        Inconclusive: if the solver cannot tell.
    """
    if asked.tables and not asked.of_tables:
        message = "name tables, or invariants"
        raise Misuse(message)
    with progress("proving"):
        proved = _proved(asked) if asked.of_tables else []
        found = _found(asked) if asked.of_invariants else []
    holds = all(each.holds for each in proved) and all(each.holds for each in found)
    status = ExitCode.EXPECTED if holds else ExitCode.UNEXPECTED
    if json:
        write_json(_document_of(status, proved, found))
        return status
    out = Screen()
    for number, each in enumerate(proved):
        if number:
            out.line()
        if len(proved) > 1:
            out.line((each.name, HEAD))
        _show(out, each)
    for number, them in enumerate(found):
        if number or proved:
            out.line()
        if asked.explain:
            invariants.explain(out, them)
        else:
            invariants.show(out, them)
    return status


def _proved(asked: Asked) -> list[_Proved]:
    """The tables that are asked for."""
    if asked.tables:
        whose = asked.whose
        return _tables([(owner(whose, name).model.composition, name) for name in asked.tables])
    every = [protocol(asked.whose)] if asked.whose else list(PROTOCOLS.values())
    return [_whole(each.model.composition) for each in every]


def _found(asked: Asked) -> list[invariants.Invariants]:
    """The invariants that are asked for."""
    if asked.variant:
        whose = owner(asked.whose, asked.variant).name
        return [invariants.literal(whose, asked.variant, asked.invariants)]
    if asked.invariants:
        whose = owner(asked.whose, *asked.invariants).name
        return [invariants.find(whose, asked.invariants)]
    names = [asked.whose] if asked.whose else list(PROTOCOLS)
    return invariants.prove_all([name for name in names if invariants.has_claims(name)])


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


def _document_of(
    status: ExitCode, proved: list[_Proved], found: list[invariants.Invariants]
) -> Json:
    """Everything; where there are several protocols, what is no table's says whose it is."""
    several = len(proved) > 1
    whose = {each.name: f"{each.name}: " if several else "" for each in proved}
    return {
        "exit": int(status),
        "assumptions": [whose[each.name] + about for each in proved for about in each.assumed],
        "tables": [_table_document(proof) for each in proved for proof in each.tables],
        "others": [_document(proof, whose[each.name]) for each in proved for proof in each.others],
        "invariants": [each for them in found for each in invariants.document(them)],
        "findings": [each for them in found for each in invariants.findings(them)],
        "untaken": [row for them in found for row in them.checked.untaken],
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
