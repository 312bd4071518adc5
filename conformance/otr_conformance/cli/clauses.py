"""`otrspec clauses`: the sentences of the texts, what answers for them, and what does not."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from otr_conformance import ids
from otr_conformance.protocols import DEFAULT, PROTOCOLS
from otr_conformance.verdict import ExitCode
from otr_model.clauses import against, answers, unresolved
from otr_model.clauses import uncited as without

from .misuse import Misuse, read_file
from .screen import DIM, GOOD, HEAD, NAME, WRONG, Screen, plain, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from otr_model.clauses import Clause, Registry

    from .screen import Json

__all__ = ["compare", "listing", "uncited"]

REGISTRIES: Final = {
    registry.name: registry for each in PROTOCOLS.values() for registry in each.model.registries
}
"""The clauses of every text, by its name."""


def listing(name: str, section: str, *, json: bool) -> ExitCode:
    """List clauses.

    Args:
        name: whose; "": those of the default protocol.
        section: only of sections whose title contains this.
        json: for programs.

    Raises:
        Misuse: if no section has such a title.
    """
    registry = REGISTRIES[name or DEFAULT.name]
    clauses = _of_section(registry, registry, section)
    if json:
        write_json([_document(registry, clause) for clause in clauses])
        return ExitCode.EXPECTED
    out = Screen()
    for title, mine in groupby(clauses, key=lambda clause: clause.section):
        out.line((title, HEAD))
        for clause in mine:
            _show(out, clause)
        out.line()
    return ExitCode.EXPECTED


def uncited(name: str, section: str, *, json: bool) -> ExitCode:
    """List the clauses that nothing answers for, and the citations that mean nothing.

    Args:
        name: whose; "": of every text.
        section: only of sections whose title contains this.
        json: for programs.

    Raises:
        Misuse: if no section has such a title.
    """
    registries = [REGISTRIES[name]] if name else list(REGISTRIES.values())
    known = tuple(ids.collect())
    idle: list[tuple[Registry, Clause]] = []
    dangling: list[tuple[Registry, Clause, str]] = []
    for registry in registries:
        wanted = set(_of_section(registry, registry, section)) if section else None
        idle += [
            (registry, clause)
            for clause in _unanswered(registry, known)
            if wanted is None or clause in wanted
        ]
        dangling += [
            (registry, clause, citation)
            for clause, citation in unresolved(registry, known)
            if wanted is None or clause in wanted
        ]
    status = ExitCode.UNEXPECTED if idle or dangling else ExitCode.EXPECTED
    if json:
        write_json(
            {
                "exit": int(status),
                "uncited": [_document(registry, clause) for registry, clause in idle],
                "unresolved": [
                    {"protocol": registry.name, "clause": clause.id, "citation": citation}
                    for registry, clause, citation in dangling
                ],
            }
        )
        return status
    out = Screen()
    for registry, clause in idle:
        out.line((f"{registry.name}: nothing answers for", DIM), " ", (clause.id, NAME), hang=4)
        out.line(f"{clause.level.name}  “{clause.section}”: {clause.about}", indent=2, hang=2)
    for citation in dict.fromkeys(citation for _, _, citation in dangling):
        citing = dict.fromkeys(clause.id for _, clause, cited in dangling if cited == citation)
        out.line((citation, WRONG), " does not exist, and is cited by", hang=4)
        out.line((", ".join(citing), NAME), indent=2)
    total = sum(len(registry) for registry in registries)
    if status is ExitCode.EXPECTED:
        out.line((f"{total} clauses, and each is cited or argued.", GOOD))
    else:
        out.line(
            (f"{len(idle)} of {total} clauses are neither cited nor argued; ", WRONG),
            (f"{len({citation for _, _, citation in dangling})} citations mean nothing.", WRONG),
        )
    return status


def compare(name: str, path: Path, section: str, *, json: bool) -> ExitCode:
    """Compare a registry with a copy of a text.

    Args:
        name: whose clauses; "": those of the text that it is a copy of, else the default
            protocol's.
        path: the copy, in the form in which the text is published.
        section: only of sections whose title contains this.
        json: for programs.

    Raises:
        Misuse: if the file cannot be read, or no sentence of it has a clause.
    """
    content = read_file(path)
    registry = _registry_for(name, content)
    found = against(registry, content.decode("utf-8", "replace"))
    if len(found.stale) == len(registry):
        form = "Markdown" if registry.text.path.endswith(".md") else "HTML"
        message = f"{path}: no sentence in it is one of {registry.name}; is it the {form} text?"
        raise Misuse(message)
    wanted = section.casefold()
    missing = [each for each in found.missing if wanted in each.section.casefold()]
    stale = [clause for clause in found.stale if wanted in clause.section.casefold()]
    status = ExitCode.UNEXPECTED if missing or stale else ExitCode.EXPECTED
    if json:
        write_json(
            {
                "exit": int(status),
                "protocol": registry.name,
                "pinned": registry.text.is_copy(content),
                "missing": [
                    {
                        "section": each.section,
                        "ordinal": each.ordinal,
                        "digest": each.digest,
                        "context": list(each.context),
                        "text": each.text,
                    }
                    for each in missing
                ],
                "stale": [_document(registry, clause) for clause in stale],
                "moved": [
                    {"clause": clause.id, "from": clause.ordinal, "to": ordinal}
                    for clause, ordinal in found.moved
                ],
            }
        )
        return status
    out = Screen()
    for each in missing:
        out.line(("no clause for", WRONG), f" “{plain(each.section)}” {each.ordinal}:", hang=4)
        out.line(each.text, indent=2)
    for clause in stale:
        out.line(("no sentence for", WRONG), " ", (clause.id, NAME), hang=4)
        out.line(f"“{clause.section}” {clause.ordinal}: {clause.about}", indent=2)
    edition = "the pinned text" if registry.text.is_copy(content) else "another edition"
    sentences = len(registry) - len(found.stale) + len(found.missing)
    out.line(
        f"{path} is {edition} of {registry.name}: {sentences} sentences, {len(missing)} of them "
        f"without a clause; {len(stale)} clauses without a sentence.",
    )
    return status


def _registry_for(name: str, content: bytes) -> Registry:
    if name:
        return REGISTRIES[name]
    copied = [registry for registry in REGISTRIES.values() if registry.text.is_copy(content)]
    return copied[0] if copied else REGISTRIES[DEFAULT.name]


def _of_section(registry: Registry, clauses: Iterable[Clause], section: str) -> list[Clause]:
    """The clauses of the sections whose title contains a text, whatever its case.

    Raises:
        Misuse: if there is no such section.
    """
    wanted = section.casefold()
    found = [clause for clause in clauses if wanted in clause.section.casefold()]
    if not found:
        message = f"no section of {registry.name} has {section!r} in its title"
        raise Misuse(message)
    return found


def _unanswered(registry: Registry, known: tuple[str, ...]) -> list[Clause]:
    """The clauses that argue nothing, and cite nothing or only what does not exist."""
    wanted = {citation for clause in registry for citation in clause.cites}
    real = {c for c in wanted if any(answers(each, c) for each in known)}
    idle = {clause.id for clause in without(registry)}
    return [
        clause
        for clause in registry
        if clause.id in idle or (not clause.argued and not real.intersection(clause.cites))
    ]


def _show(out: Screen, clause: Clause) -> None:
    out.line((clause.level.name.ljust(8), DIM), (clause.id, NAME), f"  {clause.about}", hang=10)
    if clause.cites:
        out.line(("by ", DIM), (", ".join(clause.cites), DIM), indent=10, hang=3)
    if clause.argued:
        out.line((f"argued: {clause.argued}", DIM), indent=10, hang=2)


def _document(registry: Registry, clause: Clause) -> Json:
    return {
        "protocol": registry.name,
        "id": clause.id,
        "section": clause.section,
        "ordinal": clause.ordinal,
        "digest": clause.digest,
        "level": clause.level.name.lower(),
        "about": clause.about,
        "cites": list(clause.cites),
        "argued": clause.argued,
    }
