"""`otrspec interop`: targets talk to each other, and a monitor between them judges both."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import combinations_with_replacement
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.text import Text

from otr_conformance.interop.known import entry_of, expected, read
from otr_conformance.interop.meeting import PEERS
from otr_conformance.interop.pairs import Endpoint, Pair, plans
from otr_conformance.interop.scripts import SCRIPTS
from otr_conformance.peers.registry import PEERS as INSTALLABLE
from otr_conformance.shim.errors import ShimAbsent, ShimError
from otr_conformance.targets import IN_PROCESS, find
from otr_conformance.verdict import GOOD, ExitCode, Verdict, exit_code

from . import screen
from .live import STYLES
from .misuse import INTERRUPTED, Interrupted, Misuse, unknown
from .screen import DIM, HEAD, NAME, WRONG, Screen, grid, progress, tell, write_json
from .summary import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from otr_conformance.interop.judge import Violation
    from otr_conformance.interop.known import Entry
    from otr_conformance.interop.pairs import Plan, Played
    from otr_conformance.targets import Target

    from .screen import Json

__all__ = ["Selection", "View", "interop", "listing"]

_INDENT: Final = 2
_PAIR: Final = 2
_CELL: Final = 9
_LONGEST: Final = 30
_PLACES: Final = 2  # of one deviation
_KNOWN, _UNKNOWN = "*", "!"


@dataclass(frozen=True, slots=True)
class Selection:
    """What is played.

    Attributes:
        scripts: their names; none: all.
        versions: of OTR; none: all.
    """

    scripts: tuple[str, ...] = ()
    versions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """How much is shown.

    Attributes:
        matrix: a table of all pairs.
        trace: what happened where something went wrong.
        everything: what passed, and what could not be played, too.
        json: for programs.
    """

    matrix: bool = False
    trace: bool = False
    everything: bool = False
    json: bool = False


@dataclass(frozen=True, slots=True)
class Meetings:
    """Two targets, and what came of every script between them.

    Attributes:
        one, other: the targets, as they were named.
        played: every script, in both directions.
    """

    one: str
    other: str
    played: tuple[Played, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A run.

    Attributes:
        targets: name, and what each says of itself.
        meetings: every pair.
        known: how targets are known to deviate.
        seconds: how long it took.
        interrupted: how far the run was when its user ended it, in words; "" if nobody did.
    """

    targets: Mapping[str, Endpoint]
    meetings: tuple[Meetings, ...]
    known: Mapping[tuple[str, str], Entry]
    seconds: float
    interrupted: str = ""

    @property
    def played(self) -> list[Played]:
        """Everything that was played."""
        return [each for pair in self.meetings for each in pair.played]

    @property
    def status(self) -> ExitCode:
        """The exit status."""
        return exit_code((p.outcome.verdict, expected(self.known, p)) for p in self.played)


def listing(*, json: bool) -> ExitCode:
    """List the scripts."""
    if json:
        write_json(
            [
                {
                    "script": each.name,
                    "about": each.about,
                    "versions": list(each.versions),
                    "level": each.level.label,
                    "needs": {who: _needs(each.name, who) for who in PEERS},
                }
                for each in SCRIPTS.values()
            ]
        )
        return ExitCode.EXPECTED
    out = Screen()
    for each in SCRIPTS.values():
        versions = " ".join(f"v{version}" for version in each.versions)
        out.line((each.name, NAME), (f"  {versions}", DIM))
        out.line(each.about, indent=_INDENT)
    return ExitCode.EXPECTED


def _needs(script: str, who: str) -> str:
    needs = SCRIPTS[script].needs[who]
    return " ".join(sorted(each.word for each in (*needs.asked, *needs.policy)))


def interop(names: tuple[str, ...], selection: Selection, view: View, timeout: float) -> ExitCode:
    """Run the command.

    Raises:
        Interrupted: when what was seen by then is shown.
        Misuse: if there are not the targets that it takes, or nothing to play.
        UnknownTarget: if there is no such target.
    """
    targets = {name: find(name) for name in _named(names, view)}
    planned = _planned(selection)
    matrix = view.matrix or not names
    pairs = (
        list(combinations_with_replacement(targets, _PAIR)) if matrix else [(names[0], names[-1])]
    )
    try:
        with ExitStack() as stack:
            report = _run(_Planned(targets, tuple(pairs), planned, timeout), stack)
    except _Unfit as unfit:
        if isinstance(unfit.error, ShimAbsent):
            message = (
                f"{unfit.name}: no such target or peer, and it does not start as a shim: "
                f"{unfit.error.reason}"
            )
            raise Misuse(message) from unfit
        tell(f"otrspec: {unfit.name}: {unfit.error}; `otrspec shim check {unfit.name}` says more")
        return ExitCode.HARNESS_ERROR
    if view.json:
        write_json(_document(report, view))
    else:
        _show(report, view, matrix=matrix)
    if report.interrupted:
        raise Interrupted(report.interrupted)
    return report.status


class _Unfit(Exception):
    """A target does not start, or cannot say what it is."""

    def __init__(self, name: str, error: ShimError) -> None:
        super().__init__(name, error)
        self.name = name
        self.error = error


def _named(names: tuple[str, ...], view: View) -> tuple[str, ...]:
    """The targets that take part.

    Raises:
        Misuse: if there are too few or too many.
    """
    if not names:
        installed = (name for name, each in INSTALLABLE.items() if each.module.locate() is not None)
        return (IN_PROCESS, *installed)
    if view.matrix or len(names) == _PAIR:
        return tuple(dict.fromkeys(names))
    if len(names) == 1:
        message = f"who talks to {names[0]}? Name another target, or ask for --matrix"
        raise Misuse(message)
    message = (
        f"{len(names)} targets: name two, or ask for --matrix; the command of a shim is one "
        "argument, in quotes, such as 'python3 shim.py'"
    )
    raise Misuse(message)


def _planned(selection: Selection) -> tuple[Plan, ...]:
    """What is played.

    Raises:
        Misuse: if a script does not exist, or nothing is left.
    """
    for name in selection.scripts:
        if name not in SCRIPTS:
            raise unknown(name, "script", SCRIPTS, "otrspec interop --list")
    planned = plans(selection.scripts, selection.versions)
    if not planned:
        message = "no script is left to play; otrspec interop --list lists them"
        raise Misuse(message)
    return planned


@dataclass(frozen=True, slots=True)
class _Planned:
    """What is to be played.

    Attributes:
        targets: by the name that they were given.
        pairs: which of them talk.
        plans: what they play.
        timeout: seconds that a target may take for one answer.
    """

    targets: Mapping[str, Target]
    pairs: tuple[tuple[str, str], ...]
    plans: tuple[Plan, ...]
    timeout: float


def _run(planned: _Planned, stack: ExitStack) -> Report:
    """Play everything, with a bar on a terminal; an interrupt ends it before its end.

    Raises:
        Malformed: what is known of the targets cannot be read.
        _Unfit: a target does not start.
    """
    known = read()
    begun = time.perf_counter()
    ends: dict[tuple[str, int], Endpoint] = {}

    def end(name: str, number: int) -> Endpoint:
        if (name, number) not in ends:
            try:
                made = Endpoint(name, planned.targets[name], planned.timeout)
                ends[name, number] = stack.enter_context(made)
            except ShimError as error:
                raise _Unfit(name, error) from error
        return ends[name, number]

    opened = [Pair(end(one, 0), end(other, int(one == other))) for one, other in planned.pairs]
    total = sum(pair.directions for pair in opened) * len(planned.plans)
    played: dict[tuple[str, str], list[Played]] = {pair: [] for pair in planned.pairs}
    interrupted = ""
    try:
        with progress("interop", total) as step:
            step("")
            for (one, other), pair in zip(planned.pairs, opened, strict=True):
                for each in pair.run(planned.plans):
                    played[one, other].append(each)
                    step(f"{one} {other} {each.plan.name}")
    except KeyboardInterrupt:
        done = sum(map(len, played.values()))
        interrupted = f"interrupted after {done} of {count(total, 'conversation')}"
    spent = time.perf_counter() - begun
    meetings = tuple(Meetings(one, other, tuple(found)) for (one, other), found in played.items())
    names = {name: ends[name, 0] for name in planned.targets}
    return Report(names, meetings, known, spent, interrupted)


# --- For people -------------------------------------------------------------------------------


def _show(report: Report, view: View, *, matrix: bool) -> None:
    """The matrix, what went wrong and whose fault it is, then the figures."""
    out = Screen()
    if matrix:
        _show_matrix(out, report)
        out.line()
    _show_deviations(out, report, view)
    if view.everything:
        _show_others(out, report)
    _show_figures(out, report)


def _brief(name: str) -> str:
    """A target, as short as people need it: of a command, the last parts of its paths."""
    words = name.split()
    short = name if len(words) == 1 and "/" not in name else " ".join(Path(w).name for w in words)
    return short if len(short) <= _LONGEST else f"{short[: _LONGEST - 1]}…"


def _show_matrix(out: Screen, report: Report) -> None:
    """Of each pair, how many scripts passed, of those that could be played."""
    names = list(report.targets)
    first = max(len(_brief(name)) for name in names) + 4
    short = first + sum(max(len(_brief(name)), _CELL) + 2 for name in names) > out.width
    heads = [str(n) if short else _brief(name) for n, name in enumerate(names, 1)]
    table = grid("", *heads)
    for number, row in enumerate(names, 1):
        label = Text.assemble(
            (f"{number} ", DIM) if short else "", (screen.plain(_brief(row)), NAME)
        )
        table.add_row(label, *(_cell(report, row, column) for column in names))
    out.show(table)
    out.line()
    out.line(("passed / played", DIM))
    out.line((f"{_KNOWN} a deviation that is known  {_UNKNOWN} one that is not", DIM))


def _cell(report: Report, row: str, column: str) -> Text:
    """What came of a pair."""
    played = next(
        each.played for each in report.meetings if {each.one, each.other} == {row, column}
    )
    done = [each for each in played if each.outcome.verdict is not Verdict.UNSUPPORTED]
    passed = sum(each.outcome.verdict in GOOD for each in done)
    if not done:
        return Text("-", DIM)
    unexpected = any(not expected(report.known, each) for each in done)
    mark = _UNKNOWN if unexpected else _KNOWN if passed < len(done) else ""
    style = WRONG if unexpected else screen.GOOD if not mark else "yellow"
    return Text(f"{passed}/{len(done)}{mark}", style)


@dataclass(frozen=True, slots=True)
class _Deviation:
    """What a target does wrong, wherever it does it."""

    target: str
    verdict: Verdict
    says: str
    check: str
    row: str
    clauses: tuple[str, ...]
    ambiguity: str
    entry: Entry | None


def _show_deviations(out: Screen, report: Report, view: View) -> None:
    """Every deviation once, with everything in which it was seen."""
    seen: dict[_Deviation, list[tuple[Played, Violation]]] = {}
    for played in report.played:
        for each in played.outcome.violations:
            deviation = _Deviation(
                played.target(each.who),
                each.verdict,
                f"{each.says} ({each.when})" if each.when else each.says,
                each.check,
                each.row,
                each.clauses,
                each.ambiguity,
                entry_of(report.known, played, each),
            )
            seen.setdefault(deviation, []).append((played, each))
    for deviation, where in seen.items():
        _show_deviation(out, deviation)
        _show_places(out, where, view)
    for played in report.played:
        if played.outcome.verdict not in GOOD and not played.outcome.violations:
            word = played.outcome.verdict.word
            out.line((f"{word}  ", STYLES[played.outcome.verdict]), played.plan.name)
            out.line(played.outcome.because, indent=_INDENT)
    if seen:
        out.line()


def _show_deviation(out: Screen, found: _Deviation) -> None:
    """What is wrong, and what says so."""
    surprise = "" if found.entry is not None or found.verdict in GOOD else "  unexpected"
    out.line(
        (f"{found.verdict.word}  ", STYLES[found.verdict]),
        (_brief(found.target), HEAD),
        f": {found.says}",
        (surprise, WRONG),
        hang=_INDENT,
    )
    if found.check:
        out.line((f"found by the monitor: {found.check}", DIM), indent=_INDENT)
    if found.row:
        out.whole(" " * _INDENT, (f"tables: {found.row}", DIM))
    if found.clauses:
        out.line((f"text: {', '.join(found.clauses)}", DIM), indent=_INDENT, hang=_INDENT)
    if found.ambiguity:
        out.line((f"reads {found.ambiguity} to the letter", DIM), indent=_INDENT)
    if found.entry is not None:
        finding = f" ({found.entry.finding})" if found.entry.finding else ""
        known = f"known: {found.entry.because}{finding}"
        out.line((known, DIM), indent=_INDENT, hang=_INDENT)


def _show_places(out: Screen, where: list[tuple[Played, Violation]], view: View) -> None:
    """Where it was seen: in which part of which script, with whom, at which step."""
    places: dict[tuple[str, str, str], dict[str, Played]] = {}
    for played, each in where:
        peers = places.setdefault((each.who, played.plan.name, each.step), {})
        peers[_brief(played.target(PEERS[each.who]))] = played
    shown = len(places) if view.everything or view.trace else _PLACES
    for (who, plan, step), peers in list(places.items())[:shown]:
        at = f": {step}" if step else ""
        out.line(f"as {who} in {plan}, with {', '.join(peers)}{at}", indent=_INDENT, hang=_INDENT)
        if view.trace:
            first = next(iter(peers.values()))
            for line in first.outcome.log:
                own = len(line) - len(line.lstrip())
                out.line((line.strip(), DIM), indent=_INDENT * 2 + own, hang=_INDENT * 2)
    if len(places) > shown:
        out.line((f"and {len(places) - shown} more, which --all shows", DIM), indent=_INDENT)


def _show_others(out: Screen, report: Report) -> None:
    for played in report.played:
        verdict = played.outcome.verdict
        if verdict in {Verdict.PASS, Verdict.UNSUPPORTED}:
            out.line(
                (verdict.word.ljust(13), STYLES[verdict]),
                f"{played.plan.name}  {_brief(played.alice)} and {_brief(played.bob)}",
                (f"  {played.outcome.because}" if played.outcome.because else "", DIM),
                hang=13,
            )
    out.line()


def _show_figures(out: Screen, report: Report) -> None:
    played = report.played
    counts = Counter(each.outcome.verdict for each in played)
    for name, endpoint in report.targets.items():
        versions = " ".join(map(str, sorted(endpoint.versions)))
        out.line((name, HEAD), f"  {endpoint.name} {endpoint.version}, OTR {versions}", hang=4)
    parts = ", ".join(f"{counts[each]} {each}" for each in Verdict if counts[each])
    out.line(f"{count(len(played), 'conversation')} in {report.seconds:.1f} s: {parts}", hang=2)
    unexpected = sum(not expected(report.known, each) for each in played)
    if unexpected:
        verb = "is" if unexpected == 1 else "are"
        out.line((f"{unexpected} {verb} not as expected.", WRONG))
    if report.interrupted:
        rest = "of what was not played, nothing is known."
        out.line((f"{report.interrupted.capitalize()}: {rest}", WRONG))
        return
    if not unexpected:
        out.line(("Everything is as expected.", screen.GOOD))
    if all(each.outcome.verdict is Verdict.UNSUPPORTED for each in played):
        out.line(("Nothing could be played: these targets have too little in common.", WRONG))


# --- For programs -----------------------------------------------------------------------------


def _document(report: Report, view: View) -> Json:
    """The report as `docs/interop.md` describes it."""
    return {
        "exit": INTERRUPTED if report.interrupted else int(report.status),
        "interrupted": bool(report.interrupted),
        "seconds": round(report.seconds, 3),
        "targets": [
            {
                "target": name,
                "name": endpoint.name,
                "version": endpoint.version,
                "versions": sorted(endpoint.versions),
            }
            for name, endpoint in report.targets.items()
        ],
        "pairs": [
            {
                "one": pair.one,
                "other": pair.other,
                "counts": _counts(pair.played),
                "unexpected": sum(not expected(report.known, each) for each in pair.played),
            }
            for pair in report.meetings
        ],
        "results": [_result(each, report, view) for each in report.played],
    }


def _counts(played: Iterable[Played]) -> dict[str, int]:
    found = Counter(each.outcome.verdict for each in played)
    return {verdict.word: found[verdict] for verdict in Verdict}


def _result(played: Played, report: Report, view: View) -> Json:
    outcome = played.outcome
    document: dict[str, Json] = {
        "script": played.plan.script.name,
        "version": played.plan.version,
        "alice": played.alice,
        "bob": played.bob,
        "verdict": outcome.verdict.word,
        "expected": expected(report.known, played),
        "because": outcome.because,
        "seconds": round(played.seconds, 4),
        "violations": [_violation(each, played, report) for each in outcome.violations],
    }
    if view.trace and (view.everything or outcome.verdict is not Verdict.PASS):
        document["log"] = list(outcome.log)
    return document


def _violation(violation: Violation, played: Played, report: Report) -> Json:
    entry = entry_of(report.known, played, violation)
    return {
        "who": violation.who,
        "target": played.target(violation.who),
        "verdict": violation.verdict.word,
        "step": violation.step,
        "says": violation.says,
        "when": violation.when,
        "check": violation.check,
        "row": violation.row,
        "clauses": list(violation.clauses),
        "ambiguity": violation.ambiguity,
        "finding": "" if entry is None else entry.finding,
    }
