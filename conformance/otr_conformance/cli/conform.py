"""`otrspec conform`: play cases with a target, and report what came of them."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from otr_conformance import expectations
from otr_conformance.protocols import PROTOCOLS
from otr_conformance.runner import run_all
from otr_conformance.shim.errors import ShimAbsent, ShimError
from otr_conformance.targets import find
from otr_conformance.verdict import GOOD, ExitCode, Verdict, exit_code
from otr_model import __version__

from . import screen
from .choice import Selection, choose
from .misuse import Misuse, write_file
from .screen import DIM, HEAD, WRONG, Screen, progress, tell, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from otr_conformance.expectations import Expectation, Expectations
    from otr_conformance.play.case import AnyCase
    from otr_conformance.runner import Run, Running
    from otr_conformance.shim.protocol import Hello
    from otr_conformance.targets import Target

    from .screen import Json

__all__ = ["Selection", "View", "conform"]

STYLES: Final = {
    Verdict.PASS: screen.GOOD,
    Verdict.NOTE: "yellow",
    Verdict.FAIL: WRONG,
    Verdict.UNSUPPORTED: DIM,
    Verdict.HARNESS_ERROR: "bold magenta",
    Verdict.HANG: WRONG,
    Verdict.CRASH: WRONG,
}
_VERDICT_WIDTH: Final = max(len(verdict.word) for verdict in Verdict) + 2
_ALIKE_SHOWN: Final = 3  # cases of one cause


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


@dataclass(frozen=True, slots=True)
class Judged:
    """A case that was run, and what was expected of it.

    Attributes:
        run: the case, its verdict, its time.
        expected: whether the verdict is the expected one.
        entry: what the file of expectations says; None if nothing.
    """

    run: Run
    expected: bool
    entry: Expectation | None

    @property
    def verdict(self) -> Verdict:
        """The verdict."""
        return self.run.result.verdict


@dataclass(frozen=True, slots=True)
class Report:
    """A run.

    Attributes:
        target: what was tested.
        hello: what its shim says of itself; None for the reference in this process.
        judged: every case.
        seconds: how long it took.
        dialects: what the target declares to do otherwise, and what that is.
        farewells: how the target ended, where that was not as it should be.
    """

    target: Target
    hello: Hello | None
    judged: tuple[Judged, ...]
    seconds: float
    dialects: dict[str, str]
    farewells: tuple[str, ...] = ()

    @property
    def status(self) -> ExitCode:
        """The exit status; a target that does not end well is not as expected."""
        verdicts = [(each.verdict, each.expected) for each in self.judged]
        return exit_code([*verdicts, *((Verdict.CRASH, False) for _ in self.farewells)])

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many cases have each of the seven verdicts."""
        found = Counter(each.verdict for each in self.judged)
        return {verdict: found[verdict] for verdict in Verdict}

    @property
    def unexpected(self) -> tuple[Judged, ...]:
        """The surprises."""
        return tuple(each for each in self.judged if not each.expected)


def conform(  # noqa: PLR0913 - what the command was given
    name: str,
    selection: Selection,
    view: View,
    timeout: float,
    *,
    expect: Path | None = None,
    propose: Path | None = None,
    dialects: tuple[str, ...] = (),
    jobs: int = 0,
    repeat: int = 1,
) -> ExitCode:
    """Run the command.

    Raises:
        Misuse: if the selection is empty, the target cannot be started, or there is no such
            dialect.
        UnknownTarget: if there is no such target.
        Malformed: if the expectations cannot be read.
    """
    target = find(name)
    known = _expectations(expect or target.expectations)
    if propose is not None and propose.exists():
        message = f"{propose}: it exists already; --propose writes a new file"
        raise Misuse(message)
    cases = choose(selection)
    spoken = _spoken(cases, dialects)
    try:
        running = run_all(target, cases, timeout=timeout, dialects=spoken, jobs=jobs, repeat=repeat)
        report = _run(running, cases, known, spoken)
    except ShimAbsent as absent:
        message = (
            f"{name}: no such target or peer, and it does not start as a shim: {absent.reason}"
        )
        raise Misuse(message) from absent
    except ShimError as error:
        tell(f"otrspec: {name}: {error}; `otrspec shim check {name}` says more")
        return ExitCode.HARNESS_ERROR
    if view.json:
        write_json(_document(report, view))
    else:
        _show(report, view)
    if propose is not None:
        _propose(report, known, propose)
    return report.status


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
    running: Running, cases: tuple[AnyCase, ...], known: Expectations, spoken: dict[str, str]
) -> Report:
    """Run the cases, with a bar on a terminal."""
    judged: dict[str, Judged] = {}
    begun = time.perf_counter()
    with running, progress(running.target.name, len(cases)) as step:
        step("")
        for run in running:
            case = run.case.id
            expected = known.expected(case, run.result.verdict) and not run.flaky
            judged[case] = Judged(run, expected, known.entries.get(case))
            step(run.case.name)
    in_order = tuple(judged[case.id] for case in cases)
    seconds, farewells = time.perf_counter() - begun, tuple(running.farewells)
    return Report(running.target, running.hello, in_order, seconds, spoken, farewells)


def _propose(report: Report, known: Expectations, path: Path) -> None:
    """Write what was expected and is so, and entries for the surprises that can be expected."""
    surprises = [
        expectations.Surprise(each.run.case.id, each.verdict, each.run.result.because)
        for each in report.unexpected
        if each.verdict not in GOOD
    ]
    seen = {each.run.case.id: (each.verdict, each.run.result.because) for each in report.judged}
    text = expectations.propose(surprises, known, seen)
    write_file(path, text.encode(), replace=False)
    tell(f"{path}: {_count(len(surprises), 'entry', 'entries')}, to be reviewed")


# --- For people -------------------------------------------------------------------------------


def _show(report: Report, view: View) -> None:
    """The cases that somebody should look at, then the figures."""
    out = Screen()
    shown = [each for each in report.judged if view.everything or _remarkable(each)]
    single = [each for each in shown if view.everything or view.trace or not _why(each)]
    grouped: dict[tuple[Verdict, str], list[Judged]] = {}
    for each in shown:
        if each not in single:
            grouped.setdefault((each.verdict, _why(each)), []).append(each)
    for (verdict, why), alike in grouped.items():
        _show_group(out, verdict, why, alike)
    for each in single:
        _show_case(out, each, view)
    if shown:
        out.line()
    _show_figures(out, report)


def _remarkable(each: Judged) -> bool:
    """Whether a case is shown without --all."""
    return not each.expected or each.verdict not in {Verdict.PASS, Verdict.UNSUPPORTED}


def _why(each: Judged) -> str:
    """Why a verdict that is expected is what it is, where that is known; "" otherwise."""
    if not each.expected:
        return ""
    if each.entry is not None:
        finding = f" ({each.entry.finding})" if each.entry.finding else ""
        return each.entry.because + finding
    ambiguity = each.run.result.ambiguity
    return f"reads {ambiguity} to the letter" if ambiguity else ""


def _show_group(out: Screen, verdict: Verdict, why: str, alike: list[Judged]) -> None:
    """Cases whose verdicts are expected, for one reason."""
    count = len(alike)
    out.line(
        (verdict.word.ljust(_VERDICT_WIDTH), STYLES[verdict]),
        (f"{_count(count, 'case')}, as expected: ", DIM),
        why,
        hang=_VERDICT_WIDTH,
    )
    for each in alike[:_ALIKE_SHOWN]:
        out.whole(" " * _VERDICT_WIDTH, (each.run.case.id, DIM))
    if count > _ALIKE_SHOWN:
        more = f"and {count - _ALIKE_SHOWN} more, which --all shows"
        out.line((more, DIM), indent=_VERDICT_WIDTH)


def _show_case(out: Screen, each: Judged, view: View) -> None:
    result = each.run.result
    word = (each.verdict.word.ljust(_VERDICT_WIDTH), STYLES[each.verdict])
    surprise = "" if each.expected else "  unexpected"
    out.whole(word, (each.run.case.id, HEAD if not each.expected else ""), (surprise, WRONG))
    if each.run.flaky:
        counts = ", ".join(f"{verdict} {count}" for verdict, count in each.run.counts.items())
        text = f"flaky: of {len(each.run.verdicts)} repetitions {counts}"
        out.line((text, WRONG), indent=_VERDICT_WIDTH)
    if result.because:
        out.line(result.because, indent=_VERDICT_WIDTH)
    why = _why(each)
    if why:
        out.line((f"as expected: {why}", DIM), indent=_VERDICT_WIDTH, hang=2)
    elif result.ambiguity:
        out.line((f"reads {result.ambiguity} to the letter", DIM), indent=_VERDICT_WIDTH)
    elif each.entry is not None:
        text = f"expected: {each.entry.verdict}: {each.entry.because}"
        if each.entry.unreviewed:
            text = f"proposed: {each.entry.verdict}; nobody has reviewed that"
        out.line((text, DIM), indent=_VERDICT_WIDTH, hang=2)
    if view.trace and (view.everything or each.verdict is not Verdict.PASS):
        for line in result.log:
            own = len(line) - len(line.lstrip())
            out.line((line.strip(), DIM), indent=_VERDICT_WIDTH + 2 + own, hang=4)


def _show_figures(out: Screen, report: Report) -> None:
    total = len(report.judged)
    out.line(
        (_title(report), HEAD),
        f": {_count(total, 'case')} in {report.seconds:.1f} s",
    )
    for name, about in report.dialects.items():
        out.line(("  deviates: ", WRONG), about, (f" (--dialect {name})", DIM), hang=12)
    out.line()
    for verdict, count in report.counts.items():
        share = f"{_percent(count, total):>5} %" if count else " " * 7
        style = STYLES[verdict] if count else DIM
        out.line(
            ("  " + verdict.word.ljust(_VERDICT_WIDTH), style),
            (f"{count:5} {share}", "" if count else DIM),
            (f"   {_detail(report, verdict)}" if count else "", DIM),
        )
    out.line()
    for farewell in report.farewells:
        out.line(("crash".ljust(_VERDICT_WIDTH), WRONG), farewell, hang=_VERDICT_WIDTH)
    unexpected = report.unexpected
    if unexpected:
        verb = "is" if len(unexpected) == 1 else "are"
        out.line((f"{_count(len(unexpected), 'verdict')} {verb} not as expected.", WRONG))
    else:
        out.line(("Every verdict is as expected.", screen.GOOD))
    if report.counts[Verdict.HARNESS_ERROR] and report.target.command is not None:
        out.line("A harness error says nothing about the implementation; about its shim, see")
        out.whole("  otrspec shim check ", shlex.join(report.target.command))


def _title(report: Report) -> str:
    """What was tested, and which version of it."""
    hello = report.hello
    if hello is None:
        return f"{report.target.name} {__version__}"
    versions = " and ".join(map(str, sorted(hello.versions)))
    plural = "" if len(hello.versions) == 1 else "s"
    return f"{hello.name} {hello.version}, OTR version{plural} {versions}"


def _detail(report: Report, verdict: Verdict) -> str:
    """What more there is to say of the cases with a verdict."""
    mine = [each for each in report.judged if each.verdict is verdict]
    if verdict is Verdict.UNSUPPORTED:
        reasons = Counter(each.run.result.because for each in mine)
        return "; ".join(f"{reason}: {count}" for reason, count in reasons.most_common(3))
    surprises = sum(not each.expected for each in mine)
    return f"{surprises} not expected" if surprises else ""


def _percent(count: int, total: int) -> str:
    """A share that is never shown as nothing."""
    share = 100 * count / total
    return "< 1" if share < 1 else f"{share:.0f}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


# --- For programs -----------------------------------------------------------------------------


def _document(report: Report, view: View) -> Json:
    """The report as `docs/command-line.md` describes it."""
    hello = report.hello
    total = len(report.judged)
    return {
        "target": report.target.name,
        "name": report.target.name if hello is None else hello.name,
        "version": __version__ if hello is None else hello.version,
        "exit": int(report.status),
        "seconds": round(report.seconds, 3),
        "cases": total,
        "dialects": dict(report.dialects),
        "counts": {verdict.word: count for verdict, count in report.counts.items()},
        "unsupported_share": round(report.counts[Verdict.UNSUPPORTED] / total, 4),
        "unexpected": [each.run.case.id for each in report.unexpected],
        "farewells": list(report.farewells),
        "results": [_result(each, view) for each in report.judged],
    }


def _result(each: Judged, view: View) -> Json:
    case, result, entry = each.run.case, each.run.result, each.entry
    document: dict[str, Json] = {
        "case": case.id,
        "verdict": each.verdict.word,
        "expected": each.expected,
        "because": result.because,
        "ambiguity": result.ambiguity,
        "level": case.level.label,
        "version": case.version,
        "seconds": round(each.run.seconds, 4),
    }
    if len(each.run.verdicts) > 1:
        document["flaky"] = each.run.flaky
        document["repetitions"] = {v.word: count for v, count in each.run.counts.items()}
    if entry is not None:
        document["expectation"] = entry.verdict.word
        document["finding"] = entry.finding
    if view.trace and (view.everything or each.verdict is not Verdict.PASS):
        document["log"] = list(result.log)
    return document
