"""What was learned, as a report: each difference is a case that was run."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from otr_conformance.expectations import Expectation
from otr_conformance.learn.cases import case_of, written
from otr_conformance.learn.study import owner_of
from otr_conformance.reports.gather import Circumstances, gather, now, outcome
from otr_conformance.reports.gather import Judged as JudgedCase
from otr_conformance.reports.kinds import Learned, ReportKind
from otr_conformance.runner import Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otr_conformance.learn.explained import Explanation
    from otr_conformance.learn.study import Found, Study
    from otr_conformance.reports.report import Outcome, Report
    from otr_conformance.targets import Target

__all__ = ["report_of"]


def report_of(
    target: Target,
    studies: Sequence[Study],
    judged: Sequence[tuple[str, Found, Explanation | None]],
    seconds: float,
    outdated: Sequence[Explanation] = (),
) -> Report:
    """The report of a target.

    Args:
        target: whose machines were learned.
        studies: what came of that.
        judged: each difference with its setting and the entry that explains it.
        seconds: how long it took.
        outdated: entries that explain nothing any more.
    """
    outcomes = tuple(_outcome(target, *each) for each in judged)
    hello = next((each.hello for each in studies if each.hello is not None), None)
    made = gather(Circumstances(target, hello, now(), seconds), outcomes)
    return replace(
        made,
        available=0,
        kind=ReportKind.LEARNING,
        learned=tuple(_learned(each, judged) for each in studies),
        outdated=tuple(dict.fromkeys(each.finding for each in outdated)),
    )


def _learned(each: Study, judged: Sequence[tuple[str, Found, Explanation | None]]) -> Learned:
    """A setting in figures."""
    mine = [(found, entry) for setting, found, entry in judged if setting == each.setting]
    left = [entry for found, entry in mine if not found.allowed]
    return Learned(
        each.setting,
        owner_of(each.setting)[1].about,
        states=each.learned.size if each.learned is not None else 0,
        states_of_tables=each.known.size if each.known is not None else 0,
        differences=len(mine),
        let_pass=len(mine) - len(left),
        explained=sum(entry is not None and not entry.unreviewed for entry in left),
        checked=each.checked,
        words=each.figures.words,
        lacking=each.lacking,
        stopped=each.stopped,
        faulty=each.faulty,
    )


def _outcome(target: Target, setting: str, found: Found, entry: Explanation | None) -> Outcome:
    learning, given = owner_of(setting)
    word = found.difference.word
    case = case_of(learning, given, word)
    expected = found.allowed or (entry is not None and not entry.unreviewed)
    expectation = None
    if entry is not None:
        expectation = Expectation(
            found.verdict, entry.because, entry.finding, unreviewed=entry.unreviewed
        )
    replay = ["otrspec", "learn", target.name, "--setting", setting, "--word", written(word)]
    judged = JudgedCase(Run(case, found.result, 0.0), expected, expectation)
    return outcome(judged, replay=shlex.join(replay))
