"""One page of HTML for one report or several: it needs a browser, and nothing else.

What everybody wants to know first is in the page as text: what was tested, how much of it is
unsupported, how many cases have which verdict, and what is wrong by its cause. The cases and the
matrix of clauses are data, which the script of the page shows; they are compressed, so that
thousands of cases fit. The page asks for nothing over the network, and forbids itself to.

A page of learning or of fuzzing is another page: it has a heading of its own, says what was done
and what differs, and has neither verdicts in figures nor a matrix, which are about conformance.
"""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from otr_conformance.protocols import TEXTS
from otr_conformance.verdict import Verdict

from .kinds import ReportKind, one_kind
from .report import share

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .report import Group, Outcome, Report, Sentence

__all__ = ["page"]

_VERDICTS: Final = tuple(Verdict)
_LACKS_SHOWN: Final = 8
_CAUSES_SHOWN: Final = 40
_TELLING: Final = 8  # clauses of a case that are shown at once
_HALF: Final = 0.5
_HEADINGS: Final = {
    ReportKind.CONFORMANCE: "OTR conformance",
    ReportKind.LEARNING: "OTR learning",
    ReportKind.FUZZING: "OTR fuzzing",
}
_ABOUT: Final = {
    ReportKind.CONFORMANCE: "",
    ReportKind.LEARNING: (
        "<p>A learner has inferred which machine the target is, setting by setting, and laid it "
        "beside the machine of the tables. What is listed is where the two differ, and nothing "
        "that they do alike. This is no conformance report: <code>otrspec conform</code> writes "
        "one.</p>"
    ),
    ReportKind.FUZZING: (
        "<p>The target was played with on a hostile network, and every move was judged by the "
        "tables. What is listed is what it did otherwise, and nothing that it did right. This is "
        "no conformance report: <code>otrspec conform</code> writes one.</p>"
    ),
}
_REMARKS: Final = {
    ReportKind.CONFORMANCE: (
        "A verdict of a case that was not asked for is not a good one: what is unsupported is "
        "unknown. Descriptions of clauses are paraphrases; the texts are named under “Versions”."
    ),
    ReportKind.LEARNING: (
        "A difference has a shortest sequence of inputs that shows it. Descriptions of clauses are "
        "paraphrases; the texts are named under “Versions”."
    ),
    ReportKind.FUZZING: (
        "That something was not found does not mean that it is not there. Each find has the moves "
        "that show it, and stands once, however often it was seen."
    ),
}


def page(reports: Sequence[Report]) -> str:
    """The page.

    Args:
        reports: one for each column of the matrix, in their order.

    Raises:
        WrongKind: if they are not of one kind.
    """
    kind = one_kind(reports)
    parts = files(__package__).joinpath("page")
    style, script, frame = (
        parts.joinpath(name).read_text(encoding="utf-8")
        for name in ("page.css", "page.js", "page.html")
    )
    data = json.dumps(_data(reports), ensure_ascii=True, separators=(",", ":"))
    packed = b64encode(zlib.compress(data.encode(), 9)).decode("ascii")
    allowed = b64encode(sha256(script.encode()).digest()).decode("ascii")
    fillings = {
        "@ALLOWED@": allowed,
        "@HEADING@": _HEADINGS[kind],
        "@ABOUT@": _ABOUT[kind],
        "@REMARK@": _REMARKS[kind],
        "@TITLE@": _esc(", ".join(each.label for each in reports)),
        "@STYLE@": style,
        "@MADE@": _esc(_made(reports)),
        "@SUMMARY@": "\n".join(chain.from_iterable(map(_CARDS[kind], reports))),
        "@DATA@": packed,
        "@SCRIPT@": script,
    }
    return re.sub("@[A-Z]+@", lambda mark: fillings[mark[0]], frame)


def _esc(text: str) -> str:
    """A text inside an element or an attribute; what does not print becomes escapes."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return escape(shown, quote=True)


def _made(reports: Sequence[Report]) -> str:
    suites = " and ".join(dict.fromkeys(each.suite for each in reports))
    times = sorted({each.made[:16].replace("T", " ") for each in reports})
    when = times[0] if len(times) == 1 else f"{times[0]} to {times[-1]}"
    return f"otrspec {suites}, {when} UTC"


# --- What is in the page as text --------------------------------------------------------------


def _card(report: Report) -> Iterator[str]:
    """A report in figures."""
    total, missing = len(report.outcomes), report.counts[Verdict.UNSUPPORTED]
    yield from _head(report)
    yield from _loud(
        f"{share(missing, total)} % unsupported",
        f"{missing} of {total} cases are beyond what it offers.",
        loud=report.unsupported_share >= _HALF,
    )
    if report.partial:
        yield f'<p class="bad">Of the {report.available} cases of the suite, {total} were run.</p>'
    yield from _bar(report)
    yield from _counts(report)
    if report.dialects:
        yield "<p><strong>Declared deviations:</strong></p><ul>"
        yield from (
            f"<li>{_esc(about)} <code>{_esc(n)}</code>" for n, about in report.dialects.items()
        )
        yield "</ul>"
    yield from _farewells(report)
    yield from _lacking(report)
    yield from _causes(report)
    yield from _versions(report)
    yield "</section>"


def _bar(report: Report) -> Iterator[str]:
    """The verdicts as a bar; the table below says the same."""
    total = max(len(report.outcomes), 1)
    yield '<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
    at = 0.0
    for verdict, number in report.counts.items():
        wide = 100 * number / total
        if wide:
            yield f'<rect class="v-{verdict}" x="{at:.3f}" width="{wide:.3f}" height="4"/>'
        at += wide
    yield "</svg>"


def _counts(report: Report) -> Iterator[str]:
    total = len(report.outcomes)
    yield '<table class="counts"><caption>Verdicts</caption>'
    yield "<thead><tr><th>verdict<th>cases<th>share<th>unexpected</thead><tbody>"
    for verdict, number in report.counts.items():
        surprises = sum(each.verdict is verdict for each in report.unexpected)
        mark = f'<td class="bad">{surprises}' if surprises else "<td>"
        shown = f"{share(number, total)} %" if number else ""
        dim = "" if number else ' class="dim"'
        chip = f'<span class="chip v-{verdict}">{verdict}</span>'
        yield f"<tr{dim}><th>{chip}<td>{number}<td>{_esc(shown)}{mark}"
    yield "</tbody></table>"
    surprises = len(report.unexpected)
    if surprises:
        are = "verdict is" if surprises == 1 else "verdicts are"
        yield f'<p class="bad">{surprises} {are} not as expected.</p>'
    elif not report.asked:
        yield '<p class="bad">It supports none of the cases.</p>'
    else:
        yield f"<p>Of the {report.asked} cases that it supports, every verdict is as expected.</p>"


def _farewells(report: Report) -> Iterator[str]:
    if report.farewells:
        yield '<p class="bad">It did not end well:</p><ul>'
        yield from (f"<li>{_esc(each)}" for each in report.farewells)
        yield "</ul>"


def _learned(report: Report) -> Iterator[str]:
    """What was learned, in figures."""
    yield from _head(report)
    number = len(report.outcomes)
    left = len(report.unexpected)
    inside = _count(len(report.learned), "setting")
    said = f"in {inside}, between its machine and that of the tables."
    yield from _loud(_count(number, "difference"), said, loud=bool(left))
    yield '<div class="wide"><table class="counts"><caption>Settings</caption>'
    yield "<thead><tr><th>setting<th>states<th>tables<th>differ<th>let pass<th>known</thead>"
    yield "<tbody>"
    for each in report.learned:
        if each.stopped:
            yield f'<tr><th>{_esc(each.setting)}<td colspan="5" class="bad">not learned'
            continue
        numbers = (each.states, each.states_of_tables, each.differences, each.let_pass)
        cells = "".join(f"<td>{n}" for n in (*numbers, each.explained))
        yield f"<tr><th>{_esc(each.setting)}{cells}"
    yield "</tbody></table></div>"
    for each in report.learned:
        if each.stopped:
            why = _esc(f"{each.setting} was not learned to its end: {each.stopped}")
            yield f'<p class="bad">{why}</p>'
    for finding in report.outdated:
        yield f'<p class="bad">Out of date, since it explains nothing any more: {_esc(finding)}</p>'
    if left:
        yield f'<p class="bad">{_count(left, "difference")} that nothing explains.</p>'
    elif number:
        yield "<p>Every difference is let pass or explained.</p>"
    yield from _farewells(report)
    yield from _causes(report)
    yield from _versions(report)
    yield "</section>"


def _played(report: Report) -> Iterator[str]:
    """What a fuzzer did and found, in figures."""
    yield from _head(report)
    left = len(report.unexpected)
    notes = sum(each.expected and not each.finding for each in report.outcomes)
    known = len(report.outcomes) - left - notes
    said = f"Beside them, {known} known, and {notes} that an ambiguity explains."
    yield from _loud(f"{_count(left, 'find')} that nobody knows", said, loud=bool(left))
    played = report.played
    if played is not None:
        cells = (
            f"{played.cells:,} of {played.cells_reachable:,}, {played.cells_often:,} of them often"
        )
        rows = {
            "protocol": f"{played.protocol}, with seed {played.seed}",
            "moves": f"{played.moves:,} in {_count(played.plays, 'play')}, {report.seconds:.0f} s",
            "cells": cells,
            "pairs of rows": f"{played.pairs:,} of {played.pairs_reachable:,}",
        }
        yield '<dl class="figures">'
        yield from (f"<dt>{name}<dd>{_esc(text)}" for name, text in rows.items())
        yield "</dl>"
        if not played.private:
            yield '<p class="bad">No conversation became private: most was never played.</p>'
        if played.lost:
            yield f'<p class="bad">It could not go on: {_esc(played.lost)}</p>'
        for each in played.complaints:
            yield f'<p class="dim">{_esc(each)}</p>'
        for each in played.silent:
            yield f"<p>Known, and did not show: {_esc(each)}</p>"
    yield from _causes(report)
    yield from _versions(report)
    yield "</section>"


def _head(report: Report) -> Iterator[str]:
    """Whom a card is about."""
    yield '<section class="card">'
    yield f"<h2>{_esc(report.label or report.target)}</h2>"
    if report.speaks:
        many = "s" if len(report.speaks) > 1 else ""
        speaks = " and ".join(map(str, report.speaks))
        yield f'<p class="dim">OTR version{many} {speaks}</p>'


def _loud(text: str, said: str, *, loud: bool) -> Iterator[str]:
    """What is to be seen first."""
    style = " loud" if loud else ""
    yield f'<p class="head{style}"><strong>{_esc(text)}</strong> {_esc(said)}</p>'


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _lacking(report: Report) -> Iterator[str]:
    if not report.lacking:
        return
    yield "<details><summary>What it does not offer</summary><table>"
    yield "<thead><tr><th>lacking<th>cases<th>that lack nothing else</thead><tbody>"
    for lack in report.lacking[:_LACKS_SHOWN]:
        yield f"<tr><th>{_esc(lack.what)}<td>{lack.cases}<td>{lack.alone}"
    yield "</tbody></table>"
    more = len(report.lacking) - _LACKS_SHOWN
    yield f"<p>and {more} more</p></details>" if more > 0 else "</details>"


def _causes(report: Report) -> Iterator[str]:
    """What is wrong, by its cause: what nobody expected at once, what is known on demand."""
    groups = report.groups()
    yield from _list(report.kind, [each for each in groups if not each.expected])
    known = [each for each in groups if each.expected]
    if known:
        many = "s" if len(known) > 1 else ""
        yield f"<details><summary>{len(known)} known cause{many}</summary>"
        yield from _list(report.kind, known)
        yield "</details>"


def _list(kind: ReportKind, groups: Sequence[Group]) -> Iterator[str]:
    if not groups:
        return
    yield '<ul class="causes">'
    yield from (_cause(kind, each) for each in groups[:_CAUSES_SHOWN])
    more = len(groups) - _CAUSES_SHOWN
    yield f"<li>and {more} more</ul>" if more > 0 else "</ul>"


def _cause(kind: ReportKind, group: Group) -> str:
    surprise = "unexpected" if kind is ReportKind.CONFORMANCE else "unexplained"
    known = "" if group.expected else f' <strong class="bad">{surprise}</strong>'
    finding = f" <code>{_esc(group.finding)}</code>" if group.finding else ""
    number = _count(len(group.outcomes), kind.thing)
    return (
        f'<li><span class="chip v-{group.verdict}">{kind.says(group.verdict)}</span> '
        f"{number}{known}: {_esc(group.why)}{finding}"
    )


def _versions(report: Report) -> Iterator[str]:
    yield "<details><summary>Versions</summary><dl>"
    yield f"<dt>suite<dd>otrspec {_esc(report.suite)}"
    yield f"<dt>target<dd>{_esc(report.label)}"
    yield f"<dt>run<dd>{_esc(report.made)}, {report.seconds:.1f} s"
    if report.kind is not ReportKind.FUZZING:  # that does not ask
        yield f"<dt>offers<dd>{_esc(' '.join(report.capabilities)) or 'nothing more than it must'}"
    for text in report.texts:
        yield f"<dt>{_esc(text.name)}<dd>{_esc(text.repository)} {_esc(text.path)}"
        yield f"<br>commit <code>{_esc(text.commit)}</code>"
        yield f"<br>SHA-256 <code>{_esc(text.sha256)}</code>"
    yield "</dl></details>"


_CARDS: Final = {
    ReportKind.CONFORMANCE: _card,
    ReportKind.LEARNING: _learned,
    ReportKind.FUZZING: _played,
}


# --- What is in the page as data --------------------------------------------------------------


class _Sets:
    """Sets of clauses as bits in hexadecimal digits, each once: many cases touch the same."""

    def __init__(self, clauses: Iterable[str]) -> None:
        self._places = {clause: place for place, clause in enumerate(clauses)}
        self._numbers: dict[str, int] = {}

    def number(self, clauses: Iterable[str]) -> int:
        """The number of a set."""
        bits = 0
        for clause in clauses:
            bits |= 1 << self._places[clause]
        wide = -(-len(self._places) // 4)
        digits = f"{bits:0{wide}x}"[::-1].rstrip("0")
        return self._numbers.setdefault(digits, len(self._numbers))

    def place(self, clause: str) -> int:
        """The place of a clause among all."""
        return self._places[clause]

    @property
    def found(self) -> list[str]:
        """Each set, by its number; the least digit comes first."""
        return list(self._numbers)


def _data(reports: Sequence[Report]) -> dict[str, Any]:
    """What the script shows."""
    sentences: dict[str, Sentence] = {}
    cases: dict[str, Outcome] = {}
    touched: dict[str, dict[str, None]] = {}
    for report in reports:
        sentences.update({each.id: each for each in report.sentences if each.id not in sentences})
        for each in report.outcomes:
            cases.setdefault(each.case, each)
            touched.setdefault(each.case, {}).update(dict.fromkeys(each.clauses))
    ranks = {text: rank for rank, text in enumerate(TEXTS)}
    ordered = sorted(sentences.values(), key=lambda each: ranks.get(each.text, len(ranks)))
    sections = {(each.text, each.section): None for each in ordered}
    places = {key: place for place, key in enumerate(sections)}
    sets = _Sets(each.id for each in ordered)
    kind = one_kind(reports)
    return {
        "kind": kind.value,
        "thing": kind.thing,
        "verdicts": [[each.word, each.meaning, kind.says(each)] for each in _VERDICTS],
        "reports": [[each.label, each.name, each.target] for each in reports],
        "sections": [list(key) for key in sections],
        "clauses": [
            [each.id, places[each.text, each.section], each.level, each.about] for each in ordered
        ],
        "cases": [
            [
                *(each.case, each.about, each.level, each.version, list(each.needs)),
                sets.number(touched[each.case]),
                [sets.place(clause) for clause in list(touched[each.case])[:_TELLING]],
            ]
            for each in cases.values()
        ],
        "outcomes": [_outcomes(report, cases, sets) for report in reports],
        "sets": sets.found,
    }


def _outcomes(report: Report, cases: Iterable[str], sets: _Sets) -> list[Any]:
    """What came of each case: 0 if it was not run, 1 if it passed as expected."""
    found = {each.case: each for each in report.outcomes}
    return [_outcome(found.get(case), sets) for case in cases]


def _outcome(each: Outcome | None, sets: _Sets) -> Any:  # noqa: ANN401 - JSON
    if each is None:
        return 0
    if each.verdict is Verdict.PASS and each.expected:
        return 1
    told = {
        "because": each.because,
        "where": " or ".join(each.where),
        "ambiguity": each.ambiguity,
        "alternatives": ", ".join(each.alternatives),
        "lacks": list(each.lacks),
        "expectation": "" if each.expectation is None else each.expectation.word,
        "cause": each.cause,
        "finding": each.finding,
        "clause": each.clause,
        "unreviewed": int(each.unreviewed),
        "repetitions": {verdict.word: number for verdict, number in each.repetitions.items()},
        "step": each.step,
        "predicted": list(each.predicted),
        "log": list(each.log),
        "replay": each.replay,
        "at": sets.number(each.at_step) + 1 if each.at_step else 0,
        "first": [sets.place(clause) for clause in each.at_step[:_TELLING]],
    }
    known = {name: value for name, value in told.items() if value}
    return {"v": _VERDICTS.index(each.verdict), "e": int(each.expected), **known}
