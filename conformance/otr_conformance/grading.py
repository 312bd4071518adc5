"""What grading knows, as pages: where messages are refused, and what is let pass.

`otrspec generate` prints a page of each kind for each protocol, from the tables and the cases.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from otr_conformance.play.compare import TOLERANCES
from otr_conformance.play.grade import NOT_THERE
from otr_conformance.protocols import PROTOCOLS
from otr_model.kernel.vocabulary import Point

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from otr_conformance.play.case import AnyCase
    from otr_conformance.play.where import Rejection
    from otr_conformance.protocols import Protocol

__all__ = ["alternatives", "rejections", "rendered"]

_PAGES: Final = Path("docs", "generated")
_DERIVED: Final = "pair."
_NEGATIVE: Final = "negative."
_NAMED: Final = 4
"""So many cases are named beside a refusal, except those whose name says that they are about it."""
_HEAD: Final = "<!-- Printed from the tables and the cases: otrspec generate. -->\n\n"


def rendered() -> Iterator[tuple[Path, str]]:
    """The pages, each with its path in the project."""
    for protocol in PROTOCOLS.values():
        yield _PAGES / protocol.name / "rejections.md", rejections(protocol)
        yield _PAGES / protocol.name / "alternatives.md", alternatives(protocol)


# --- Where messages are refused ---------------------------------------------------------------


@cache
def rejections(protocol: Protocol) -> str:
    """Each refusal that a case provokes: where it is, and what tells it from others."""
    lines = [
        f"# {protocol.name}: where messages are refused",
        "",
        "Each check and each row that refuses a message, with the point where it does: what a case",
        "expects. The first case is played once more for other points, with something in the place",
        "of the message that the tables refuse there. What would differ first is said; where",
        "nothing would, nobody can tell, and a result names both. Checks of one message are told",
        "apart by what follows alone: see [grading](../../grading.md).",
        "",
        "| refused | where | told from, by | looks like | cases |",
        "|---|---|---|---|---|",
    ]
    found = _found(protocol)
    order = list(Point)
    for (point, what), pairs in sorted(
        found.items(), key=lambda item: (order.index(item[0][0]), item[0][1])
    ):
        case, rejection = pairs[0]
        lines.append(
            f"| {what} | {point.meaning} | {_apart(protocol, case, rejection)} "
            f"| {_alike(protocol, case, rejection)} | {_cases([each for each, _ in pairs])} |"
        )
    return _HEAD + "\n".join(lines) + "\n"


_Found = dict[tuple[Point, str], list[tuple["AnyCase", "Rejection"]]]


def _found(protocol: Protocol) -> _Found:
    """The refusals, by what is refused and where, with the cases that provoke them."""
    suite = protocol.suite
    lab, found = suite.terms(), _Found()
    for case in suite.cases.values():
        if case.name.startswith(_DERIVED) or suite.grader.predicting(case, lab) is lab:
            continue  # what terms cannot predict is not asked of terms
        seen: set[tuple[Point, str]] = set()
        for each in suite.grader.rejected(case, lab):
            check = suite.grader.points.checks.get(each.check)
            what = f"`{each.row}`" if check is None else f"`{each.check}`: {check.spec.about}"
            if (each.point, what) not in seen:
                seen.add((each.point, what))
                found.setdefault((each.point, what), []).append((case, each))
    return found


def _differences(protocol: Protocol, case: AnyCase, rejection: Rejection) -> Mapping[Point, str]:
    suite = protocol.suite
    return suite.grader.apart(case, suite.terms(), rejection)


def _apart(protocol: Protocol, case: AnyCase, rejection: Rejection) -> str:
    """What a refusal is told apart from, and by what."""
    apart = _differences(protocol, case, rejection)
    told: defaultdict[str, list[str]] = defaultdict(list)
    for point, because in apart.items():
        if because != NOT_THERE:
            told[because.partition(": ")[2] or because].append(point.meaning)
    return "<br>".join(f"{', '.join(points)}: {because}" for because, points in told.items())


def _alike(protocol: Protocol, case: AnyCase, rejection: Rejection) -> str:
    """What a refusal cannot be told from."""
    apart = _differences(protocol, case, rejection)
    points = protocol.suite.grader.points
    same = points.alike.get(rejection.check, frozenset())
    others = [Point.ENCODING, Point.VERSION, Point.INSTANCE, Point.STATE]
    alike = {*same, *(point for point in others if point not in apart)} - {rejection.point}
    return ", ".join(point.meaning for point in Point if point in alike)


def _cases(cases: list[AnyCase]) -> str:
    """Some cases by name, and how many more there are."""
    mine = [case for case in cases if case.name.startswith(_NEGATIVE)]
    others = [case for case in cases if case not in mine]
    named = mine + others[: max(0, _NAMED - len(mine))]
    more = len(cases) - len(named)
    text = "<br>".join(f"`{case.name}`" for case in named)
    return f"{text}<br>and {more} more" if more else text


# --- What is let pass -------------------------------------------------------------------------


def alternatives(protocol: Protocol) -> str:
    """What a target may do otherwise than the tables, and why."""
    grader = protocol.suite.grader
    lines = [
        f"# {protocol.name}: what is let pass",
        "",
        "What a target may do otherwise than the tables predict without failing. A result names",
        "what was made use of (`alternatives`). Where the source is an ambiguity, it is a note.",
        "",
        "| name | accepted | reason | source |",
        "|---|---|---|---|",
    ]
    for each in TOLERANCES:
        source = grader.compared.sources.get(each.name, "")
        said = f"`{source}`" if source else ""
        lines.append(f"| `{each.name}` | {each.accepts} | {each.because} | {said} |")
    lines += [
        "",
        "## The letter of the text",
        "",
        "A target that reads one of these the other way, or several, is noted and not failed.",
        "",
        "| ambiguity | what it does then |",
        "|---|---|",
        *(f"| `{name}` | {variant.about} |" for name, variant in grader.literal.items()),
    ]
    return _HEAD + "\n".join(lines) + "\n"
