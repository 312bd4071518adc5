"""`otrspec learn`: what machine a target really is, and where it is not the specification's."""

from __future__ import annotations

import multiprocessing
import os
import shlex
import signal
import sys
import time
from collections import deque
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import partial
from importlib.util import find_spec
from operator import itemgetter
from threading import Thread
from typing import TYPE_CHECKING, Final

from otr_conformance.folders import look
from otr_conformance.learn import cases, explained
from otr_conformance.learn.errors import Interrupted as LearningInterrupted
from otr_conformance.learn.picture import picture_of
from otr_conformance.learn.study import Order, Study, owner_of, settings, study
from otr_conformance.learn.telling import sequence_of
from otr_conformance.learn.wish import Algorithm, Wish
from otr_conformance.peers.registry import PEERS
from otr_conformance.runner import Runner, usable_cores
from otr_conformance.shim.client import MEMORY, ShimProcess
from otr_conformance.shim.errors import ShimAbsent, ShimError
from otr_conformance.targets import find
from otr_conformance.verdict import GOOD, ExitCode, Verdict
from otr_diagrams.render import Form, NoRenderer, picture
from otr_diagrams.sequence import sequence_svg

from .learn_reports import report_of
from .learn_tables import tables as made_tables
from .misuse import INTERRUPTED, Interrupted, Misuse, unknown, write_file
from .outputs import Outputs
from .screen import DIM, HEAD, NAME, WRONG, Screen, grid, spans, tell, write_json
from .screen import GOOD as FINE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from multiprocessing.synchronize import Event
    from pathlib import Path

    from otr_conformance.learn.explained import Explanation, Explanations
    from otr_conformance.learn.study import Found
    from otr_conformance.learn.wish import Figures
    from otr_conformance.targets import Target

    from .screen import Json

__all__ = ["Algorithm", "Asked", "Files", "Outputs", "Wish", "learn", "listing", "replay", "tables"]

_TOLD_EVERY: Final = 20.0
"""Seconds between two lines about how far it is, where there is no terminal."""
_NUMBERED: Final = " ("
"""What is in the name of a state that is not the first of that name, as in "PLAINTEXT (2)"."""
_ENOUGH: Final[list[Event]] = []
"""In a process that learns for another: set when that has been interrupted."""
_FORKS: Final = os.name == "posix" and os.uname().sysname != "Darwin"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be learned, and how.

    Attributes:
        target: as it was named.
        patterns: of the names of settings; none: all that the target can be given.
        wish: how.
        timeout: seconds that the target may take for one answer.
        jobs: how many settings are learned at a time; 0: one for each core.
        pause: seconds that pass before the target is asked for another key exchange; None: as many
            as that peer needs.
    """

    target: str
    patterns: tuple[str, ...]
    wish: Wish
    timeout: float
    jobs: int = 0
    pause: int | None = None

    def whom(self) -> Target:
        """The target.

        Raises:
            UnknownTarget: if there is none of that name.
        """
        target = find(self.target)
        return target if self.pause is None else replace(target, pause=self.pause)


@dataclass(frozen=True, slots=True)
class Files:
    """What is read and written.

    Attributes:
        resume: the folder in which answers are kept; None: nowhere.
        draw: the folder in which pictures are written; None: nowhere.
        expect: the file that explains differences; None: that of the peer.
        propose: the file for entries that are to be reviewed; None: nowhere.
        outputs: the reports of the suite.
    """

    resume: Path | None = None
    draw: Path | None = None
    expect: Path | None = None
    propose: Path | None = None
    outputs: Outputs = field(default_factory=Outputs)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A difference, and the entry that explains it; None if none does."""

    setting: str
    found: Found
    entry: Explanation | None

    @property
    def accounted_for(self) -> bool:
        """Whether nobody needs to look at it."""
        return self.found.allowed or (self.entry is not None and not self.entry.unreviewed)


# --- Without a target ---------------------------------------------------------------------------


def listing(*, json: bool) -> ExitCode:
    """List settings and inputs."""
    known = settings()
    if json:
        write_json(
            [
                {
                    "setting": name,
                    "protocol": learning.protocol,
                    "version": setting.version,
                    "about": setting.about,
                    "needs": sorted(setting.needs),
                    "inputs": list(setting.inputs),
                }
                for name, (learning, setting) in known.items()
            ]
        )
        return ExitCode.EXPECTED
    out = Screen()
    for name, (_, setting) in known.items():
        out.line((name, NAME), f"  {setting.about}")
        out.line(("; ".join(setting.inputs), DIM), indent=2)
    return ExitCode.EXPECTED


def tables(patterns: Sequence[str], *, check: bool, json: bool) -> ExitCode:
    """Write the machines of the tables, or see whether the files have them.

    Raises:
        Misuse: if there is no such setting, AALpy is needed, or a file cannot be written.
    """
    if not check:
        _needed()
    last = deque([time.monotonic()])
    return made_tables(_chosen(patterns), partial(_tell, last), check=check, json=json)


def _needed() -> None:
    if find_spec("aalpy") is None:
        message = "learning needs AALpy: pip install 'otrspec[learn]'"
        raise Misuse(message)


# --- One word -----------------------------------------------------------------------------------


def replay(asked: Asked, setting: str, text: str, *, json: bool) -> ExitCode:
    """Play one word as a case.

    Raises:
        Misuse: if the target does not start.
        UnknownTarget: if there is no such target.
        BadSetting: if there is no such setting or input.
    """
    learning, given = owner_of(setting)
    target = asked.whom()
    case = cases.case_of(learning, given, cases.parse(learning, text))
    try:
        with Runner(target, asked.timeout) as runner:
            result = runner.run_case(case)
    except ShimAbsent as absent:
        raise _absent(asked.target, absent) from absent
    status = ExitCode.EXPECTED if result.verdict in GOOD else ExitCode.UNEXPECTED
    if result.verdict is Verdict.HARNESS_ERROR:
        status = ExitCode.HARNESS_ERROR
    if json:
        write_json(
            {
                "exit": int(status),
                "verdict": result.verdict.word,
                "because": result.because,
                "ambiguity": result.ambiguity,
                "log": list(result.log),
            }
        )
        return status
    out = Screen()
    for line in result.log:
        out.whole((line, DIM))
    out.line(
        (result.verdict.word, FINE if result.verdict in GOOD else WRONG), f"  {result.because}"
    )
    return status


def _absent(name: str, absent: ShimAbsent) -> Misuse:
    return Misuse(
        f"{name}: no such target or peer, and it does not start as a shim: {absent.reason}"
    )


# --- Learning -----------------------------------------------------------------------------------


def learn(asked: Asked, files: Files, *, json: bool) -> ExitCode:
    """Learn the machines of a target, compare them, and say what explains each difference.

    Returns:
        0 if every difference is let pass or explained; 1 if one is not, if an explanation is out of
        date, or if a machine was not learned to its end; 3 if the shim is at fault.

    Raises:
        Misuse: if there is no such setting, the target does not start, or a file cannot be written.
        Interrupted: when what was seen by then is shown and written.
        UnknownTarget: if there is no such target.
        Malformed: if explanations cannot be read.
    """
    _needed()
    target = asked.whom()
    known = _explanations(asked.target, files.expect)
    if files.propose is not None and files.propose.exists():
        message = f"{files.propose}: it exists already; --propose writes a new file"
        raise Misuse(message)
    files.outputs.look()
    look(files.resume)
    names = _chosen(asked.patterns)
    begun = time.monotonic()
    fault = _fault(asked, target)
    if fault:
        tell(f"otrspec: {asked.target}: {fault}; {_check(asked)} says more")
        if json:
            broken = Study(names[0], (), (), stopped=fault, faulty=True)
            write_json(_document(asked, [broken], [], [], ExitCode.HARNESS_ERROR, 0.0))
        return ExitCode.HARNESS_ERROR
    orders = [_order(asked, target, name, known, files.resume) for name in names]
    studies = _studies(orders, asked.jobs)
    interrupted = len(studies) < len(orders) or any(each.interrupted for each in studies)
    if not asked.patterns:  # what a target cannot be given was not asked for
        studies = tuple(s for s in studies if s.inputs or s.faulty) or studies
    judged = [
        _Judged(s.setting, f, known.of(s.setting, f.at, f.difference.word, f.difference.because))
        for s in studies
        for f in s.found
    ]
    complete = [s.setting for s in studies if s.learned is not None]
    possible = [s.setting for s in studies]
    if asked.patterns:  # of the versions that were learned, there are others
        versions = {name.partition("-")[0] for name in possible}
        possible = [name for name in settings() if name.partition("-")[0] in versions]
    used = [j.entry for j in judged if j.entry is not None]
    outdated = known.outdated(complete, possible, used)
    status = INTERRUPTED if interrupted else _status(studies, judged, outdated)
    seconds = time.monotonic() - begun
    drawn = _drawn(studies, asked.target, files.draw)
    if files.outputs:
        told = [(each.setting, each.found, each.entry) for each in judged]
        files.outputs.write([report_of(target, studies, told, seconds, outdated)])
    if json:
        write_json(_document(asked, studies, judged, outdated, status, seconds))
    else:
        _show(asked, studies, judged, known, outdated, drawn)
    if files.propose is not None:
        left = [j for j in judged if j.entry is None and not j.found.allowed]
        text = explained.propose(
            (j.setting, j.found.at, j.found.difference.on, j.found.difference.because) for j in left
        )
        write_file(files.propose, text.encode(), replace=False)
    if interrupted:
        whole = sum(each.learned is not None for each in studies)
        message = f"interrupted after {whole} of {len(orders)} settings"
        raise Interrupted(message)
    return ExitCode(status)


def _check(asked: Asked) -> str:
    """The command that looks at a shim."""
    return f"`otrspec shim check {shlex.quote(asked.target)}`"


def _fault(asked: Asked, target: Target) -> str:
    """What is wrong with a shim that does not say who it is; "" if it does.

    Raises:
        Misuse: if it does not start.
    """
    if target.command is None:
        return ""
    try:
        with ShimProcess(target.command, timeout=asked.timeout, memory=MEMORY) as shim:
            shim.hello()
    except ShimAbsent as absent:
        raise _absent(asked.target, absent) from absent
    except ShimError as error:
        return str(error)
    return ""


def _explanations(name: str, path: Path | None) -> Explanations:
    if path is not None:
        return explained.read(path)
    if (
        name in PEERS
        and (file := PEERS[name].expectations.with_name(f"{name}-learned.toml")).exists()
    ):
        return explained.read(file)
    return explained.Explanations()


def _chosen(patterns: Sequence[str]) -> tuple[str, ...]:
    """The names of the settings that patterns mean.

    Raises:
        Misuse: if one means none.
    """
    known = tuple(settings())
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in known):
            raise unknown(pattern, "setting", known, "otrspec learn --list")
    return tuple(n for n in known if not patterns or any(fnmatchcase(n, p) for p in patterns))


def _status(
    studies: Sequence[Study], judged: Sequence[_Judged], outdated: Sequence[Explanation]
) -> ExitCode:
    if any(s.faulty for s in studies):
        return ExitCode.HARNESS_ERROR
    stopped = any(s.stopped for s in studies)
    if stopped or outdated or not all(each.accounted_for for each in judged):
        return ExitCode.UNEXPECTED
    return ExitCode.EXPECTED


def _order(
    asked: Asked, target: Target, name: str, known: Explanations, folder: Path | None
) -> Order:
    """What is to be learned in a setting, without inputs that would make it endless."""
    without = {each for entry in known.endless(name) for each in entry.without}
    inputs = owner_of(name)[1].inputs
    only = tuple(each for each in inputs if each not in without) if without else ()
    return Order(target, name, asked.wish, asked.timeout, folder, only=only)


def _studies(orders: Sequence[Order], wanted: int) -> tuple[Study, ...]:
    """Learn everything, some at a time; after an interrupt, what was begun by then.

    Raises:
        Misuse: if answers cannot be kept, or a process of ours was ended.
    """
    jobs = min(wanted or usable_cores(), len(orders))
    try:
        return _one_by_one(orders) if jobs == 1 else _together(orders, jobs)
    except OSError as error:
        message = f"{orders[0].folder}: {error.strerror}"
        raise Misuse(message) from error
    except BrokenProcessPool as error:
        message = "a process that was learning has ended; --resume FOLDER keeps what it was told"
        raise Misuse(message) from error


def _one_by_one(orders: Sequence[Order]) -> tuple[Study, ...]:
    done: list[Study] = []
    for order in orders:
        done.append(_work(order))
        if done[-1].interrupted:
            break
    return tuple(done)


def _together(orders: Sequence[Order], jobs: int) -> tuple[Study, ...]:
    context = multiprocessing.get_context("fork" if _FORKS else "spawn")
    enough = context.Event()
    with ProcessPoolExecutor(jobs, context, initializer=_mortal, initargs=(enough,)) as pool:
        futures = [pool.submit(_work, order) for order in orders]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        except KeyboardInterrupt:
            enough.set()
            tell("otrspec: interrupted; what was seen until now is looked at")
            for each in futures:
                each.cancel()
        return tuple(each.result() for each in futures if not each.cancelled())


def _mortal(enough: Event) -> None:
    """See that this process ends when its parent has ended, however that was ended.

    An interrupt reaches everybody at a terminal; here, only what the parent makes of it counts.
    """
    _ENOUGH.append(enough)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def survived() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)  # its shim ends when nobody asks any more

    Thread(target=survived, daemon=True).start()


def _work(order: Order) -> Study:
    """What a process does."""
    last = deque([time.monotonic()])
    of_tables = f"{order.setting}: the machine of the tables"
    return study(order, partial(_tell, last, order.setting), partial(_tell, last, of_tables))


def _tell(last: deque[float], what: str, figures: Figures, states: int) -> None:
    """Say how far it is, now and then.

    Raises:
        LearningInterrupted: if no more is wanted.
    """
    if any(each.is_set() for each in _ENOUGH):
        raise LearningInterrupted
    now = time.monotonic()
    every = _TOLD_EVERY if not sys.stderr.isatty() else 2.0
    if now - last[0] < every:
        return
    last[0] = now
    tell(
        f"otrspec: {what}: {states} states, {figures.words:,} words in {figures.seconds:.0f} s, "
        f"{figures.rounds} refuted"
    )


def _drawn(studies: Iterable[Study], name: str, folder: Path | None) -> dict[str, Path]:
    """Write a picture of each machine.

    Raises:
        Misuse: if it cannot be written.
    """
    written: dict[str, Path] = {}
    for each in studies if folder is not None else ():
        if each.learned is None or folder is None:
            continue
        _, setting = owner_of(each.setting)
        title = f"{name}, {each.setting}: {setting.about}"
        short = find(name).name.rpartition("/")[2]
        drawing = picture_of(each, f"{short}-{each.setting}", title)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _sequences(each, drawing.name, folder)
            made = picture(drawing)
        except OSError as error:
            message = f"{folder}: {error.strerror}"
            raise Misuse(message) from error
        except NoRenderer as missing:
            raise Misuse(str(missing)) from missing
        suffix = ".svg" if made.form is Form.SVG else ".mmd"
        path = folder / f"{drawing.name}{suffix}"
        write_file(path, made.text.encode())
        written[each.setting] = path
    return written


def _sequences(study: Study, name: str, folder: Path) -> None:
    """Draw what happens in each difference; of earlier ones nothing stays."""
    for old in folder.glob(f"{name}-[0-9]*.svg"):
        old.unlink()
    number = 0
    for each in study.found:
        if each.allowed:
            continue
        number += 1
        title = f"{study.setting}: {cases.written(each.difference.word)}"
        sequence = sequence_of(each.result.log, each.difference.because, title)
        write_file(folder / f"{name}-{number}.svg", sequence_svg(sequence).encode())


# --- For people ---------------------------------------------------------------------------------


def _show(  # noqa: PLR0913, PLR0917 - all that came of it
    asked: Asked,
    studies: Sequence[Study],
    judged: Sequence[_Judged],
    known: Explanations,
    outdated: Sequence[Explanation],
    drawn: dict[str, Path],
) -> None:
    out = Screen()
    for each in studies:
        _show_study(out, each, drawn.get(each.setting))
        for entry in known.endless(each.setting):
            inputs = "; ".join(entry.without)
            out.line((f"not given: {inputs}: {entry.finding}: {entry.because}", DIM), indent=2)
        mine = [j for j in judged if j.setting == each.setting]
        for one in mine:
            _show_difference(out, asked.target, one)
        _show_numbered(out, each, mine)
        out.line()
    for entry in outdated:
        out.line(
            ("out of date", WRONG), f": {entry.finding} explains nothing any more: {entry.because}"
        )
    if any(each.faulty for each in studies):
        out.line((f"{_check(asked)} says more of the shim", WRONG))
    if any(each.learned is not None for each in studies):
        _show_table(out, studies, judged)
    left = sum(not j.accounted_for for j in judged)
    if left:
        out.line((f"{left} differences that nothing explains", WRONG))
    elif not any(each.stopped for each in studies):
        out.line(("every difference is let pass or explained", FINE))


def _show_table(out: Screen, studies: Sequence[Study], judged: Sequence[_Judged]) -> None:
    table = grid(
        "setting", "states", "of the tables", "differences", "let pass", "explained", "words", "s"
    )
    for each in studies:
        if each.learned is None or each.known is None:
            continue
        mine = [j for j in judged if j.setting == each.setting]
        passed = sum(j.found.allowed for j in mine)
        told = sum(not j.found.allowed and j.accounted_for for j in mine)
        figures = each.figures
        row = (each.learned.size, each.known.size, len(mine), passed, told, figures.words)
        cells = (spans(f"{number:,}") for number in row)
        table.add_row(spans((each.setting, NAME)), *cells, spans(f"{figures.seconds:.0f}"))
    out.show(table)


def _show_numbered(out: Screen, each: Study, mine: Sequence[_Judged]) -> None:
    """Which states the numbers stand for: several of the tables' machine have one name."""
    if each.known is None:
        return
    numbered = {one.found.at: one.found.difference.at for one in mine if _NUMBERED in one.found.at}
    for name, state in sorted(numbered.items(), key=itemgetter(1)):
        word = cases.written(each.known.access[state])
        out.line((f"{name}: the state of that name in which the tables are after", DIM), indent=2)
        out.whole((f"    {word}", DIM))


def _show_study(out: Screen, each: Study, drawn: Path | None) -> None:
    out.line((each.setting, HEAD))
    for remark in each.remarks:
        out.line((remark, DIM), indent=2)
    if each.stopped:
        out.line((f"not learned: {each.stopped}", WRONG), indent=2, hang=2)
        if each.found:
            out.line((f"what was seen by then shows {len(each.found)} differences", DIM), indent=2)
        return
    if each.learned is None or each.known is None or each.side is None:
        return
    figures = each.figures
    out.line(
        f"{each.learned.size} states, where the tables have {each.known.size}; no counterexample "
        f"in {each.checked:,} words; {figures.words:,} words were asked, {figures.steps:,} inputs, "
        f"in {figures.seconds:.0f} s ({figures.processor:.0f} s of our processor time)",
        indent=2,
        hang=2,
    )
    if each.lacking:
        out.line((f"it cannot be given: {'; '.join(each.lacking)}", DIM), indent=2, hang=2)
    if figures.revised:
        out.line((f"votes were divided on {figures.revised} words", DIM), indent=2)
    if drawn is not None:
        out.whole((f"  drawn in {drawn}", DIM))


def _show_difference(out: Screen, target: str, one: _Judged) -> None:
    found, difference = one.found, one.found.difference
    style = FINE if one.accounted_for else WRONG
    out.line((f"in {found.at}, on {difference.on}: ", style), difference.because, indent=2, hang=4)
    if found.allowed:
        why = f"let pass: {found.ambiguity or found.because or 'the suite compares no more'}"
    elif one.entry is None:
        why = "no finding explains it"
    else:
        why = f"{one.entry.finding}: {one.entry.because}"
        why = f"unreviewed: {why}" if one.entry.unreviewed else why
    out.line((why, DIM), indent=4, hang=2)
    word = cases.written(difference.word)
    out.whole((f"    otrspec learn {target} --setting {one.setting} --word '{word}'", DIM))


# --- For programs -------------------------------------------------------------------------------


def _document(  # noqa: PLR0913, PLR0917 - all that came of it
    asked: Asked,
    studies: Sequence[Study],
    judged: Sequence[_Judged],
    outdated: Sequence[Explanation],
    status: int,
    seconds: float,
) -> Json:
    return {
        "exit": int(status),
        "target": asked.target,
        "algorithm": asked.wish.algorithm.word,
        "seconds": round(seconds, 3),
        "settings": [_study_document(each) for each in studies],
        "differences": [_difference_document(each) for each in judged],
        "outdated": [each.finding for each in outdated],
    }


def _study_document(each: Study) -> Json:
    figures = each.figures
    return {
        "setting": each.setting,
        "stopped": each.stopped,
        "remarks": list(each.remarks),
        "states": each.learned.size if each.learned else 0,
        "states_of_tables": each.known.size if each.known else 0,
        "checked": each.checked,
        "inputs": list(each.inputs),
        "lacking": list(each.lacking),
        "words": figures.words,
        "steps": figures.steps,
        "saved": figures.saved,
        "rounds": figures.rounds,
        "seconds": round(figures.seconds, 3),
        "processor": round(figures.processor, 3),
        "divided": figures.revised,
    }


def _difference_document(one: _Judged) -> Json:
    found, difference = one.found, one.found.difference
    return {
        "setting": one.setting,
        "at": found.at,
        "on": difference.on,
        "word": list(difference.word),
        "expected": difference.want,
        "answered": difference.got,
        "because": difference.because,
        "verdict": found.verdict.word,
        "ambiguity": found.ambiguity,
        "finding": one.entry.finding if one.entry is not None else "",
        "accounted_for": one.accounted_for,
    }
