"""A report for people: what somebody should look at, then the figures."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from otr_conformance.reports.report import share
from otr_conformance.verdict import ExitCode, Verdict

from .live import STYLES
from .screen import DIM, GOOD, HEAD, WRONG, Screen, grid, spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otr_conformance.reports.kinds import ReportKind
    from otr_conformance.reports.report import Group, Outcome, Report

__all__ = ["View", "count", "show"]

_WIDTH: Final = max(len(verdict.word) for verdict in Verdict) + 2
_ALIKE_SHOWN: Final = 3  # cases of one cause
_LACKS_SHOWN: Final = 6
_HALF: Final = 0.5


@dataclass(frozen=True, slots=True)
class View:
    """How much is shown.

    Attributes:
        trace: the log of each case that is shown.
        everything: cases that passed, and those that the target does not support, too.
        json: for programs.
    """

    trace: bool = False
    everything: bool = False
    json: bool = False


def count(number: int, one: str, many: str = "") -> str:
    """So many of something."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def show(report: Report, view: View, command: Sequence[str] = (), interrupted: str = "") -> None:
    """The cases that somebody should look at, then the figures.

    Args:
        report: what came of a run.
        view: how much is shown.
        command: of the shim, where it is known.
        interrupted: how far the run was when its user ended it, in words; "" if nobody did.
    """
    out = Screen()
    if view.everything:
        for each in report.outcomes:
            _show_case(out, each, view)
    else:
        for group in report.groups():
            _show_group(out, report.kind, group, view)
    if view.everything or report.groups():
        out.line()
    if report.of_cases:
        _show_figures(out, report, command, interrupted)
    else:
        _show_others(out, report)


# --- Cases ------------------------------------------------------------------------------------


def _show_group(out: Screen, kind: ReportKind, group: Group, view: View) -> None:
    """Cases with one cause."""
    alone = len(group.outcomes) == 1 and not group.expected
    if view.trace or alone:
        for each in group.outcomes:
            _show_case(out, each, view)
        return
    known = "as expected" if group.expected else "unexpected"
    finding = f" ({group.finding})" if group.finding else ""
    out.line(
        (kind.says(group.verdict).ljust(_WIDTH), STYLES[group.verdict]),
        (f"{count(len(group.outcomes), kind.thing)}, {known}: ", DIM if group.expected else WRONG),
        (group.why or "no reason was given") + finding,
        hang=_WIDTH,
    )
    for each in group.outcomes[:_ALIKE_SHOWN]:
        out.whole(" " * _WIDTH, (each.case, DIM))
    more = len(group.outcomes) - _ALIKE_SHOWN
    if more > 0:
        out.line((f"and {more} more, which --all shows", DIM), indent=_WIDTH)
    clause = "" if group.expected else _first(group.outcomes[0].at_step)
    if clause:
        out.line((f"clause: {clause}", DIM), indent=_WIDTH, hang=2)


def _show_case(out: Screen, each: Outcome, view: View) -> None:
    word = (each.verdict.word.ljust(_WIDTH), STYLES[each.verdict])
    surprise = "" if each.expected else "  unexpected"
    out.whole(word, (each.case, "" if each.expected else HEAD), (surprise, WRONG))
    if each.flaky:
        counts = ", ".join(f"{verdict} {n}" for verdict, n in each.repetitions.items())
        text = f"flaky: of {sum(each.repetitions.values())} repetitions {counts}"
        out.line((text, WRONG), indent=_WIDTH)
    if each.because:
        out.line(each.because, indent=_WIDTH)
    clause = each.clause or _first(each.at_step)
    for label, text in (("refused at", " or ".join(each.where)), ("clause", clause)):
        if text:
            out.line((f"{label}: {text}", DIM), indent=_WIDTH, hang=2)
    known = _known(each)
    if known:
        out.line((known, DIM), indent=_WIDTH, hang=2)
    if view.trace and (view.everything or each.verdict is not Verdict.PASS):
        for line in each.log:
            own = len(line) - len(line.lstrip())
            out.line((line.strip(), DIM), indent=_WIDTH + 2 + own, hang=4)


def _first(clauses: tuple[str, ...]) -> str:
    return clauses[0] if clauses else ""


def _known(each: Outcome) -> str:
    """What is known of the verdict of a case beforehand."""
    read = f"reads {each.ambiguity} to the letter" if each.ambiguity else ""
    if each.expectation is None:
        return read
    if each.unreviewed:
        return f"proposed: {each.expectation}; nobody has reviewed that"
    finding = f" ({each.finding})" if each.finding else ""
    if each.expected:
        return f"as expected: {each.cause}{finding}"
    return f"expected: {each.expectation}: {each.cause}"


# --- Figures ----------------------------------------------------------------------------------


def _show_figures(out: Screen, report: Report, command: Sequence[str], interrupted: str) -> None:
    total = len(report.outcomes)
    out.line((_title(report), HEAD), f": {count(total, 'case')} in {report.seconds:.1f} s")
    for name, about in report.dialects.items():
        out.line(("  deviates: ", WRONG), about, (f" (--dialect {name})", DIM), hang=12)
    out.line()
    _show_lacking(out, report)
    for verdict, number in report.counts.items():
        style = STYLES[verdict] if number else DIM
        shown = f"{share(number, total):>5} %" if number else " " * 7
        out.line(
            ("  " + verdict.word.ljust(_WIDTH), style),
            (f"{number:5} {shown}", "" if number else DIM),
            (_surprises(report, verdict), DIM),
        )
    out.line()
    for farewell in report.farewells:
        out.line(("crash".ljust(_WIDTH), WRONG), farewell, hang=_WIDTH)
    if report.unexpected or not interrupted:
        _show_end(out, report)
    if interrupted:
        text = f"{interrupted.capitalize()}: of what was not run, nothing is known."
        out.line((text, WRONG))
    if report.counts[Verdict.HARNESS_ERROR] and command:
        out.line("A harness error says nothing about the implementation; about its shim, see")
        out.whole("  otrspec shim check ", shlex.join(command))


def _title(report: Report) -> str:
    """What was tested, and which version of it."""
    if report.name == "reference" and report.target == report.name:
        return report.label
    versions = " and ".join(map(str, report.speaks))
    return f"{report.label}, OTR version{'' if len(report.speaks) == 1 else 's'} {versions}"


def _show_lacking(out: Screen, report: Report) -> None:
    """What the target does not support comes first: of that, nothing else is said."""
    missing = report.counts[Verdict.UNSUPPORTED]
    if not missing:
        return
    total = len(report.outcomes)
    style = WRONG if report.unsupported_share >= _HALF else "yellow"
    verb = "is" if missing == 1 else "are"
    out.line(
        (f"{share(missing, total)} % unsupported", style),
        f": {missing} of {count(total, 'case')} {verb} beyond what the target offers.",
    )
    shown = grid("cases", "nothing else", "lacking", right=2)
    for lack in report.lacking[:_LACKS_SHOWN]:
        shown.add_row(str(lack.cases), str(lack.alone), spans(lack.what))
    out.show(shown, indent=2)
    more = len(report.lacking) - _LACKS_SHOWN
    if more > 0:
        out.line((f"and {more} more", DIM), indent=2)
    out.line()


def _surprises(report: Report, verdict: Verdict) -> str:
    """How many verdicts of a kind were not expected."""
    number = sum(each.verdict is verdict for each in report.unexpected)
    return f"   {number} not expected" if number else ""


def _show_end(out: Screen, report: Report) -> None:
    surprises = len(report.unexpected)
    missing = report.counts[Verdict.UNSUPPORTED]
    if surprises:
        verb = "is" if surprises == 1 else "are"
        out.line((f"{count(surprises, 'verdict')} {verb} not as expected.", WRONG))
    elif report.farewells:
        out.line(("The target did not end well.", WRONG))
    elif not report.asked:
        out.line(("Nothing was asked of the target: it supports none of these cases.", WRONG))
    elif missing:
        rest = f"; of the other {missing} nothing is known." if missing > 1 else "."
        text = (
            f"Of the {count(report.asked, 'case')} that it supports, every verdict is as expected"
        )
        out.line((text + rest, "yellow" if report.unsupported_share >= _HALF else GOOD))
    else:
        out.line(("Every verdict is as expected.", GOOD))


# --- Learning and fuzzing ---------------------------------------------------------------------


def _show_others(out: Screen, report: Report) -> None:
    """The figures of a report that is not about conformance."""
    what = count(len(report.outcomes), report.kind.thing)
    head = f"{report.label or report.target}, {report.kind.value}"
    out.line((head, HEAD), f": {what} in {report.seconds:.1f} s")
    out.line((f"This is no conformance report: otrspec {report.kind.command} wrote it.", DIM))
    out.line()
    _show_learned(out, report)
    _show_played(out, report)
    left = len(report.unexpected)
    if left:
        out.line((f"{count(left, report.kind.thing)} that nobody knows.", WRONG))
    elif report.status is ExitCode.EXPECTED:
        out.line(("Nothing was found that is not known.", GOOD))


def _show_learned(out: Screen, report: Report) -> None:
    if not report.learned:
        return
    table = grid("setting", "states", "of the tables", "differences", "let pass", "explained")
    for each in report.learned:
        if not each.stopped:
            sizes = (each.states, each.states_of_tables)
            numbers = (*sizes, each.differences, each.let_pass, each.explained)
            table.add_row(spans(each.setting), *(str(number) for number in numbers))
    out.show(table, indent=2)
    for each in report.learned:
        if each.stopped:
            out.line((f"{each.setting}: not learned: {each.stopped}", WRONG), indent=2, hang=2)
    for finding in report.outdated:
        out.line((f"out of date, since it explains nothing: {finding}", WRONG), indent=2, hang=2)
    out.line()


def _show_played(out: Screen, report: Report) -> None:
    played = report.played
    if played is None:
        return
    out.line(
        f"{played.protocol}, with --seed {played.seed}: {count(played.moves, 'move')} in "
        f"{count(played.plays, 'play')}",
        indent=2,
    )
    out.line(f"cells  {played.cells} of {played.cells_reachable}", indent=2)
    out.line(f"pairs  {played.pairs} of {played.pairs_reachable}", indent=2)
    if not played.private:
        out.line(("no conversation became private", WRONG), indent=2)
    for each in played.silent:
        out.line(f"did not show: {each}", indent=2)
    if played.lost:
        out.line((played.lost, WRONG), indent=2)
    out.line()
