"""`otrspec conform`: play cases with a target, and report what came of them."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from otr_conformance import expectations
from otr_conformance.citations import clauses_of
from otr_conformance.protocols import PROTOCOLS
from otr_conformance.reports.gather import (
    Circumstances,
    Judged,
    gather,
    now,
    outcome,
    replay_of,
)
from otr_conformance.reports.report import Outcome
from otr_conformance.runner import TIMEOUT, run_all
from otr_conformance.shim.errors import ShimAbsent, ShimError
from otr_conformance.targets import find
from otr_conformance.verdict import GOOD, ExitCode, Verdict

from .choice import Selection, choose
from .live import watching
from .misuse import INTERRUPTED, Interrupted, Misuse, write_file
from .outputs import Outputs
from .screen import tell, write_json
from .summary import View, count, show

if TYPE_CHECKING:
    from pathlib import Path

    from otr_conformance.expectations import Expectations
    from otr_conformance.play.case import AnyCase
    from otr_conformance.reports.report import Report
    from otr_conformance.runner import Running

    from .screen import Json

__all__ = ["Outputs", "Selection", "View", "conform"]


@dataclass(frozen=True, slots=True)
class _Finished:
    """A run that is over.

    Attributes:
        judged: every case that was run, in the order of the suite.
        circumstances: what is said of the run beside that.
        interrupted: how far the run was when its user ended it, in words; "" if nobody did.
        left: the first case that was not run; None if all were.
    """

    judged: tuple[Judged, ...]
    circumstances: Circumstances
    interrupted: str = ""
    left: AnyCase | None = None


def conform(  # noqa: PLR0913 - what the command was given
    name: str,
    selection: Selection,
    view: View,
    timeout: float,
    *,
    expect: Path | None = None,
    propose: Path | None = None,
    dialects: tuple[str, ...] = (),
    pause: int | None = None,
    jobs: int = 0,
    repeat: int = 1,
    outputs: Outputs | None = None,
) -> ExitCode:
    """Run the command.

    Raises:
        Interrupted: when what was seen by then is shown and written.
        Misuse: if the selection is empty, the target cannot be started, there is no such dialect,
            or a file cannot be written.
        UnknownTarget: if there is no such target.
        Malformed: if the expectations cannot be read.
    """
    target = find(name)
    if pause is not None:
        target = replace(target, pause=pause)
    known = _expectations(expect or target.expectations)
    if propose is not None and propose.exists():
        message = f"{propose}: it exists already; --propose writes a new file"
        raise Misuse(message)
    files = outputs or Outputs()
    files.look()
    cases = choose(selection)
    spoken = _spoken(cases, dialects)
    try:
        running = run_all(target, cases, timeout=timeout, dialects=spoken, jobs=jobs, repeat=repeat)
        finished = _run(running, cases, known, spoken, in_full=bool(files))
    except ShimAbsent as absent:
        message = (
            f"{name}: no such target or peer, and it does not start as a shim: {absent.reason}"
        )
        raise Misuse(message) from absent
    except ShimError as error:
        tell(f"otrspec: {name}: {error}; `otrspec shim check {name}` says more")
        return ExitCode.HARNESS_ERROR
    if not finished.judged:
        raise Interrupted(finished.interrupted)
    options = _options(timeout, expect, dialects, pause)
    hello = finished.circumstances.hello
    outcomes = [
        outcome(each, hello, replay_of(name, each.run.case.id, options), in_full=bool(files))
        for each in finished.judged
    ]
    report = gather(finished.circumstances, outcomes)
    status = INTERRUPTED if finished.interrupted else int(report.status)
    if view.json:
        write_json(_document(report, view, status))
    else:
        show(report, view, target.command or (), finished.interrupted)
    cut = _cut_short(finished)
    files.write([gather(finished.circumstances, [*outcomes, *cut]) if cut else report])
    if propose is not None:
        _propose(finished, known, propose)
    if finished.interrupted:
        raise Interrupted(finished.interrupted)
    return report.status


def _cut_short(finished: _Finished) -> tuple[Outcome, ...]:
    """What stands in the files for all that was not run, so that nobody takes them for whole."""
    case = finished.left
    if case is None:
        return ()
    because = f"{finished.interrupted}, and so this report is not whole"
    return (
        Outcome(
            case=case.id,
            about=case.about,
            verdict=Verdict.HARNESS_ERROR,
            expected=False,
            level=case.level.label,
            version=case.version,
            because=because,
        ),
    )


def _options(
    timeout: float, expect: Path | None, dialects: tuple[str, ...], pause: int | None
) -> list[str]:
    """The options that bear upon a verdict, to run a case again."""
    options = [word for name in dialects for word in ("--dialect", name)]
    if pause is not None:
        options += ["--pause", str(pause)]
    if expect is not None:
        options += ["--expect", str(expect)]
    if timeout != TIMEOUT:
        options += ["--timeout", f"{timeout:g}"]
    return options


def _spoken(cases: tuple[AnyCase, ...], names: tuple[str, ...]) -> dict[str, str]:
    """What the target does otherwise, by the names that were given.

    Raises:
        Misuse: if a protocol of the cases has no such dialect.
    """
    spoken: dict[str, str] = {}
    for owner in {case.id.partition(".")[0]: None for case in cases} if names else ():
        known = PROTOCOLS[owner].suite.dialects
        for name in names:
            if name not in known:
                there = ", ".join(known) or "none at all"
                message = f"{owner} has no dialect {name!r}; it has {there}"
                raise Misuse(message)
            spoken[name] = known[name].about
    return spoken


def _expectations(path: Path | None) -> Expectations:
    if path is None:
        return expectations.NONE
    return expectations.read(path, (i for each in PROTOCOLS.values() for i in each.suite.cases))


def _run(
    running: Running,
    cases: tuple[AnyCase, ...],
    known: Expectations,
    spoken: dict[str, str],
    *,
    in_full: bool,
) -> _Finished:
    """Run the cases, and show on a terminal how far it is; an interrupt ends it before its end."""
    judged: dict[str, Judged] = {}
    made, begun, interrupted = now(), time.perf_counter(), ""
    try:
        with running, watching(running.target.name, len(cases)) as seen:
            seen((), None, expected=True)
            for run in running:
                case = run.case.id
                expected = known.expected(case, run.result.verdict) and not run.flaky
                judged[case] = Judged(run, expected, known.entries.get(case))
                seen([each.name for each in running.present], run.result.verdict, expected=expected)
                if in_full:
                    clauses_of(run.case)  # it is kept: this process has nothing else to do now
    except KeyboardInterrupt:
        interrupted = f"interrupted after {len(judged)} of {count(len(cases), 'case')}"
    return _Finished(
        tuple(judged[case.id] for case in cases if case.id in judged),
        Circumstances(
            running.target,
            running.hello,
            made,
            time.perf_counter() - begun,
            spoken,
            tuple(running.farewells),
        ),
        interrupted,
        next((case for case in cases if case.id not in judged), None),
    )


def _propose(finished: _Finished, known: Expectations, path: Path) -> None:
    """Write what was expected and is so, and entries for the surprises that can be expected."""
    if finished.interrupted:
        tell(f"{path}: not written, since not every case was run")
        return
    surprises = [
        expectations.Surprise(
            each.run.case.id,
            each.verdict,
            each.run.result.because,
            next(iter(outcome(each).at_step), ""),
        )
        for each in finished.judged
        if not each.expected and each.verdict not in GOOD
    ]
    seen = {each.run.case.id: (each.verdict, each.run.result.because) for each in finished.judged}
    text = expectations.propose(surprises, known, seen)
    write_file(path, text.encode(), replace=False)
    tell(f"{path}: {count(len(surprises), 'entry', 'entries')}, to be reviewed")


# --- For programs -----------------------------------------------------------------------------


def _document(report: Report, view: View, status: int) -> Json:
    """The report as `docs/command-line.md` describes it."""
    return {
        "target": report.target,
        "name": report.name,
        "version": report.version,
        "exit": status,
        "interrupted": status == INTERRUPTED,
        "seconds": round(report.seconds, 3),
        "cases": len(report.outcomes),
        "dialects": dict(report.dialects),
        "counts": {verdict.word: number for verdict, number in report.counts.items()},
        "unsupported_share": round(report.unsupported_share, 4),
        "lacking": [
            {"what": each.what, "cases": each.cases, "alone": each.alone} for each in report.lacking
        ],
        "unexpected": [each.case for each in report.unexpected],
        "farewells": list(report.farewells),
        "results": [_result(each, view) for each in report.outcomes],
    }


def _result(each: Outcome, view: View) -> Json:
    document: dict[str, Json] = {
        "case": each.case,
        "verdict": each.verdict.word,
        "expected": each.expected,
        "because": each.because,
        "ambiguity": each.ambiguity,
        "level": each.level,
        "version": each.version,
        "seconds": round(each.seconds, 4),
    }
    if each.where:
        document["where"] = list(each.where)
    if each.repetitions:
        document["flaky"] = each.flaky
        document["repetitions"] = {v.word: number for v, number in each.repetitions.items()}
    if each.expectation is not None:
        document["expectation"] = each.expectation.word
        document["finding"] = each.finding
        document["clause"] = each.clause
    if view.trace and (view.everything or each.verdict is not Verdict.PASS):
        document["log"] = list(each.log)
    return document
