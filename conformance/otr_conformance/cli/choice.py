"""Which cases a command is about."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from otr_conformance.otrv3 import cases as _declared
from otr_conformance.otrv3.case import CASES
from otr_conformance.otrv3.grade import predict
from otr_conformance.otrv3.labs import TermLab
from otr_model.clauses import answers
from otr_model.otrv3.clauses import V2, V3
from otr_model.otrv3.protocol import OTRV3

from .misuse import Misuse, unknown
from .screen import progress

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otr_conformance.otrv3.case import Case
    from otr_model.clauses import Clause
    from otr_model.kernel.composition import AnyRow

__all__ = ["Selection", "choose", "find_case", "short_name"]

_ = _declared  # importing it declares every case
_PREFIX = "otrv3.case:"


@dataclass(frozen=True, slots=True)
class Selection:
    """What the cases of a run have in common; whatever is empty does not restrict them.

    Attributes:
        version: the version that is spoken; 0: any.
        cases: ids or patterns, with or without "otrv3.case:".
        clauses: ids of clauses, or patterns.
        level: "must" or "should".
    """

    version: int = 0
    cases: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    level: str = ""


def short_name(case: Case) -> str:
    """The id without the part that all ids of cases share."""
    return case.id.removeprefix(_PREFIX)


def find_case(name: str) -> Case:
    """The case with an id, with or without "otrv3.case:".

    Raises:
        Misuse: if there is none.
    """
    found = CASES.get(name) or CASES.get(_PREFIX + name)
    if found is None:
        names = [
            case.id if name.startswith(_PREFIX) else short_name(case) for case in CASES.values()
        ]
        raise unknown(name, "case", names, "otrspec cases")
    return found


def choose(selection: Selection) -> tuple[Case, ...]:
    """The cases of a selection, in the order of declaration.

    Raises:
        Misuse: if a pattern matches nothing, or nothing is left.
    """
    chosen = _named(selection.cases) if selection.cases else dict(CASES)
    if selection.version:
        chosen = {i: case for i, case in chosen.items() if case.version == selection.version}
    if selection.level:
        chosen = {i: case for i, case in chosen.items() if case.level.label == selection.level}
    if selection.clauses:
        touching = _touching(_clauses(selection.clauses), chosen.values())
        chosen = {i: case for i, case in chosen.items() if i in touching}
    if not chosen:
        message = "no case is all of that; otrspec cases lists them"
        raise Misuse(message)
    return tuple(chosen.values())


def _named(patterns: tuple[str, ...]) -> dict[str, Case]:
    """The cases that match any pattern."""
    wanted: set[str] = set()
    for pattern in patterns:
        full = pattern if pattern.startswith(_PREFIX) else _PREFIX + pattern
        found = {i for i in CASES if fnmatchcase(i, full)}
        if not found:
            raise unknown(pattern, "case", map(short_name, CASES.values()), "otrspec cases")
        wanted |= found
    return {i: case for i, case in CASES.items() if i in wanted}


def _clauses(patterns: tuple[str, ...]) -> list[Clause]:
    """The clauses of either text that match any pattern."""
    every = {clause: None for registry in (V3, V2) for clause in registry}
    wanted: dict[Clause, None] = {}
    for pattern in patterns:
        found = [clause for clause in every if fnmatchcase(clause.id, pattern)]
        if not found:
            names = [clause.id for clause in every]
            raise unknown(pattern, "clause", names, "otrspec clauses")
        wanted.update(dict.fromkeys(found))
    return list(wanted)


def _touching(clauses: Iterable[Clause], cases: Iterable[Case]) -> set[str]:
    """The ids of cases in which the target does what clauses cite.

    A case is cited itself, or its target takes a row that is cited, or takes one because of a check
    that is cited; the words of a row count for the row. What is cited of layouts and schedules is
    part of every case, and of none in particular.
    """
    citations = tuple(dict.fromkeys(c for clause in clauses for c in clause.cites))

    def cited(known: str) -> bool:
        return any(answers(known, citation) for citation in citations)

    rows = {row.id for row in OTRV3.rows() if any(map(cited, _ids_of(row)))}
    checks = {check.name for check in OTRV3.checks if cited(f"otrv3.check:{check.label}")}
    found: set[str] = set()
    lab = TermLab()  # the same rows as over real cryptography, sooner
    listed = list(cases)
    with progress("playing", len(listed)) as step:
        for case in listed:
            step(short_name(case))
            fired = predict(case, lab).fired
            if cited(case.id) or any(f.row in rows or f.failed in checks for f in fired):
                found.add(case.id)
    return found


def _ids_of(row: AnyRow) -> list[str]:
    """The ids of a row, of what it asks and does, and of its ambiguity."""
    return [
        row.id,
        *(f"otrv3.condition:{condition.label}" for condition in row.when.atoms()),
        *(f"otrv3.effect:{effect.label}" for effect in row.do),
        *([row.ambiguity.id] if row.ambiguity else []),
    ]
