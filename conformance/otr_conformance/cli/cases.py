"""`otrspec cases`: list the cases, or show what the tables predict for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_conformance.citations import citations, clauses_of
from otr_conformance.protocols import PROTOCOLS, of_id, protocol
from otr_conformance.verdict import ExitCode

from .choice import Selection, choose, find_case
from .screen import DIM, HEAD, NAME, WRONG, Screen, write_json

if TYPE_CHECKING:
    from otr_conformance.play.case import AnyCase
    from otr_model.trace import Fired

    from .screen import Json

__all__ = ["Selection", "dialects", "listing", "show"]

_CLAUSES_SHOWN: Final = 8


def listing(selection: Selection, *, json: bool) -> ExitCode:
    """List cases.

    Raises:
        Misuse: if a pattern matches nothing.
    """
    cases = choose(selection)
    if json:
        write_json([_document(case) for case in cases])
        return ExitCode.EXPECTED
    out = Screen()
    for case in cases:
        out.whole((case.id, NAME), (f"  {_traits(case)}", DIM))
        out.line(case.about, indent=2)
    return ExitCode.EXPECTED


def show(name: str, whose: str, *, json: bool) -> ExitCode:
    """Show one case as the tables predict it.

    Args:
        name: its id, with or without "PROTOCOL.case:".
        whose: the protocol; "": the one that the id begins with, else the default.
        json: for programs.

    Raises:
        Misuse: if there is no such case.
    """
    case = find_case(name, whose)
    suite = protocol(case.id.partition(".")[0]).suite
    played = suite.grader.predict(case, suite.real())
    if json:
        write_json(
            {
                **_document(case),
                "log": list(played.log),
                "stuck": played.stuck,
                "rows": [_fired(fired) for fired in played.fired],
                "clauses": list(clauses_of(case)),
            }
        )
        return ExitCode.EXPECTED
    out = Screen()
    out.whole((case.id, HEAD), (f"  {_traits(case)}", DIM))
    out.line(case.about)
    if case.cast.variant.name:
        out.line(f"The tester deviates: {case.cast.variant.about or case.cast.variant.name}.")
    out.line()
    out.line(("What happens", HEAD))
    for line in played.log:
        own = len(line) - len(line.lstrip())
        out.line(line.strip(), indent=2 + own, hang=4)
    if played.stuck:
        out.line((f"It cannot go on: {played.stuck}", WRONG), indent=2)
    out.line()
    out.line(("Rows that the target takes", HEAD))
    for fired in played.fired:
        failed = f"  for {fired.failed} fails" if fired.failed else ""
        out.whole("  ", (fired.row, NAME), (failed, DIM))
    _show_clauses(out, clauses_of(case))
    return ExitCode.EXPECTED


def _show_clauses(out: Screen, clauses: tuple[str, ...]) -> None:
    """What the case is evidence for: of what many cases touch, only how much it is."""
    if not clauses:
        return
    out.line()
    out.line(("Clauses that it touches, the most telling first", HEAD))
    for known in clauses[:_CLAUSES_SHOWN]:
        whose = of_id(known)
        about = citations(whose).clauses[known][1].about if whose is not None else ""
        out.whole("  ", (known, NAME), (f"  {about}", DIM))
    more = len(clauses) - _CLAUSES_SHOWN
    if more > 0:
        out.line((f"and {more} more, which --json lists", DIM), indent=2)


def dialects(whose: str, *, json: bool) -> ExitCode:
    """List what a target may declare to do otherwise.

    Args:
        whose: the protocol; "": all.
        json: for programs.
    """
    owners = [protocol(whose)] if whose else list(PROTOCOLS.values())
    found = [(each, name, v.about) for each in owners for name, v in each.suite.dialects.items()]
    if json:
        write_json([{"protocol": each.name, "name": n, "about": about} for each, n, about in found])
        return ExitCode.EXPECTED
    out = Screen()
    for each, name, about in found:
        out.whole((name, NAME), (f"  {each.name}", DIM))
        out.line(about, indent=2)
    if not found:
        out.line("There are none.")
    return ExitCode.EXPECTED


def _traits(case: AnyCase) -> str:
    """Version, level and needs in a few words."""
    cast = case.cast
    limits = [f"messages of {cast.max_size} bytes"] if cast.max_size else []
    return ", ".join((f"v{case.version}", case.level.label, *sorted(case.needs), *limits))


def _document(case: AnyCase) -> dict[str, Json]:
    return {
        "id": case.id,
        "version": case.version,
        "level": case.level.label,
        "needs": sorted(case.needs),
        "max_size": case.cast.max_size,
        "deviation": case.cast.variant.name,
        "about": case.about,
    }


def _fired(fired: Fired) -> Json:
    return {"row": fired.row, "instance": fired.member, "failed": fired.failed}
