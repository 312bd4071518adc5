"""Which cases a command is about."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from otr_conformance.citations import citations, rows_of, touched
from otr_conformance.protocols import DEFAULT, of_id, protocol

from .misuse import Misuse, unknown
from .screen import progress

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otr_conformance.play.case import AnyCase
    from otr_conformance.protocols import Protocol
    from otr_model.clauses import Clause

__all__ = ["Selection", "choose", "find_case", "owner"]


@dataclass(frozen=True, slots=True)
class Selection:
    """What the cases of a run have in common; whatever is empty does not restrict them.

    Attributes:
        protocol: whose; "": that of the ids which begin with one, else the default.
        version: the version that is spoken; 0: any.
        cases: ids or patterns, with or without "PROTOCOL.case:".
        clauses: ids of clauses, or patterns, with or without "TEXT.clause:".
        level: "must" or "should".
    """

    protocol: str = ""
    version: int = 0
    cases: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    level: str = ""


def owner(name: str, *ids: str) -> Protocol:
    """The protocol that a command is about.

    Args:
        name: as it was asked for; "": that of the first id that begins with one, else the default.
        ids: what was named; they need not be ids.

    Raises:
        UnknownProtocol: if there is none of that name.
    """
    if name:
        return protocol(name)
    return next((found for each in ids if (found := of_id(each)) is not None), DEFAULT)


def _owners(selection: Selection) -> list[Protocol]:
    """The protocols that a selection is about: more than one, where ids begin with several."""
    if selection.protocol:
        return [protocol(selection.protocol)]
    named = dict.fromkeys(map(of_id, (*selection.cases, *selection.clauses)))
    return [found for found in named if found is not None] or [DEFAULT]


def find_case(name: str, whose: str = "") -> AnyCase:
    """The case with an id, with or without "PROTOCOL.case:".

    Args:
        name: the id.
        whose: the protocol; "": the one that the id begins with, else the default.

    Raises:
        Misuse: if there is none.
    """
    cases = owner(whose, name).suite.cases
    found = cases.get(name) or cases.get(cases.prefix + name)
    if found is None:
        full = name.startswith(cases.prefix)
        names = [case.id if full else case.name for case in cases.values()]
        raise unknown(name, "case", names, "otrspec cases")
    return found


def choose(selection: Selection) -> tuple[AnyCase, ...]:
    """The cases of a selection, in the order of declaration.

    Raises:
        Misuse: if a pattern matches nothing, or nothing is left.
    """
    owners = _owners(selection)
    every = {i: case for each in owners for i, case in each.suite.cases.items()}
    chosen = _named(owners, every, selection.cases) if selection.cases else every
    if selection.version:
        chosen = {i: case for i, case in chosen.items() if case.version == selection.version}
    if selection.level:
        chosen = {i: case for i, case in chosen.items() if case.level.label == selection.level}
    if selection.clauses:
        clauses = _clauses(owners, selection.clauses)
        touching = {i for each in owners for i in _touching(each, clauses, chosen.values())}
        chosen = {i: case for i, case in chosen.items() if i in touching}
    if not chosen:
        message = "no case is all of that; otrspec cases lists them"
        raise Misuse(message)
    return tuple(chosen.values())


def _named(
    owners: list[Protocol], every: dict[str, AnyCase], patterns: tuple[str, ...]
) -> dict[str, AnyCase]:
    """The cases that match any pattern."""
    prefixes = [each.suite.cases.prefix for each in owners]
    wanted: set[str] = set()
    for pattern in patterns:
        full = [pattern] if of_id(pattern) else [prefix + pattern for prefix in prefixes]
        found = {i for i in every if any(fnmatchcase(i, each) for each in full)}
        if not found:
            names = [case.name for case in every.values()]
            raise unknown(pattern, "case", names, "otrspec cases")
        wanted |= found
    return {i: case for i, case in every.items() if i in wanted}


def _clauses(owners: list[Protocol], patterns: tuple[str, ...]) -> list[Clause]:
    """The clauses that match any pattern, in any text of the protocols."""
    every = {
        f"{registry.name}.clause:{clause.id}": clause
        for each in owners
        for registry in each.model.registries
        for clause in registry
    }
    wanted: dict[Clause, None] = {}
    for pattern in patterns:
        full = pattern if of_id(pattern) else f"*.clause:{pattern}"
        found = [clause for known, clause in every.items() if fnmatchcase(known, full)]
        if not found:
            names = list(dict.fromkeys(clause.id for clause in every.values()))
            raise unknown(pattern, "clause", names, "otrspec clauses")
        wanted.update(dict.fromkeys(found))
    return list(wanted)


def _touching(whose: Protocol, clauses: Iterable[Clause], cases: Iterable[AnyCase]) -> set[str]:
    """The ids of a protocol's cases that touch clauses; see `otr_conformance.citations`."""
    known = citations(whose).clauses
    wanted = set(clauses)
    ids = {i for i, (_, clause) in known.items() if clause in wanted}
    mine = [case for case in cases if case.id in whose.suite.cases]
    found: set[str] = set()
    with progress("playing", len(mine)) as step:
        for case in mine:
            step(case.name)
            if not ids.isdisjoint(touched(case, rows_of(case))):
                found.add(case.id)
    return found
