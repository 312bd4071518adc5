"""`otrspec fuzz`: play with targets on a hostile network, and judge every move by the tables."""

from __future__ import annotations

import shlex
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.live import Live
from rich.text import Text

from otr_conformance.fuzz import known as knowledge
from otr_conformance.fuzz.campaign import Campaign, State, folder_of, look_at
from otr_conformance.fuzz.coverage import ENOUGH
from otr_conformance.fuzz.readings import Readings
from otr_conformance.fuzz.worker import Order
from otr_conformance.protocols import DEFAULT, protocol
from otr_conformance.shim.errors import ShimAbsent, ShimError
from otr_conformance.targets import IN_PROCESS, find
from otr_conformance.verdict import GOOD, ExitCode, Verdict

from .live import STYLES
from .misuse import INTERRUPTED, Interrupted, Misuse
from .outputs import Outputs
from .screen import DIM, HEAD, NAME, WRONG, Screen, console, tell, write_json
from .screen import GOOD as FINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from otr_conformance.fuzz.coverage import Reach
    from otr_conformance.fuzz.finds import Find
    from otr_conformance.fuzz.known import Known
    from otr_conformance.targets import Target

    from .screen import Json

__all__ = [
    "USUAL",
    "Asked",
    "Fuzzed",
    "Outputs",
    "coverage",
    "fuzz",
    "played",
    "status_of",
    "tell_of",
]

USUAL: Final = 60.0
"""Seconds for a target where nothing is said."""
_EVERY: Final = 5.0
"""Seconds between two lines, where no terminal is."""
_LONG: Final = 600.0
"""Seconds from which on it is said of a known find that it did not show."""
_SHOWN: Final = 12
"""Moves of a find that are shown on a line."""
_TICK: Final = 4
_PUBLIC: Final = "otrspec conform {target} --case 'life.*'"
"""What says more about a target that never becomes private."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How targets are fuzzed.

    Attributes:
        protocol: the name of the protocol.
        seconds: how long for each target; 0: no limit.
        steps: how many moves for each target; 0: no limit.
        jobs: how many processes.
        seed: what is drawn.
        corpus: the folder of the campaign; None: nothing is written.
        uniform: everything is equally likely.
        octets: the reference plays over bytes.
        first: the run ends with the first find that is not known.
        timeout: seconds that a shim may take for one answer.
        known: a file of what is known of the target, in place of its own.
        hypothesis: Hypothesis plays.
        scheduler: the address of a scheduler of Dask; "": processes of this machine.
        json: for programs.
    """

    protocol: str = DEFAULT.name
    seconds: float = USUAL
    steps: int = 0
    jobs: int = 1
    seed: int = 0
    corpus: Path | None = None
    uniform: bool = False
    octets: bool = False
    first: bool = False
    timeout: float = 5.0
    known: Path | None = None
    hypothesis: bool = False
    scheduler: str = ""
    json: bool = False


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """A target that was fuzzed.

    Attributes:
        target: the target.
        asked: how.
        state: what came of it.
        known: what is known of it.
        stopped: it was interrupted.
    """

    target: Target
    asked: Asked
    state: State
    known: Known
    stopped: bool = False

    @property
    def unknown(self) -> tuple[Find, ...]:
        """The finds that nobody knows, and that are no notes."""
        return tuple(f for f in self.state.seen if f.verdict not in GOOD and not self.known.of(f))

    @property
    def silent(self) -> tuple[str, ...]:
        """Known findings that did not show, in a run that was long enough to say so."""
        if self.state.seconds < _LONG:
            return ()
        shown = {found.finding for f in self.state.seen if (found := self.known.of(f))}
        return tuple(name for name in self.known.findings if name not in shown)

    @property
    def status(self) -> ExitCode:
        """The exit status."""
        verdicts = {each.verdict for each in self.unknown}
        if self.state.lost or Verdict.HARNESS_ERROR in verdicts:
            return ExitCode.HARNESS_ERROR
        return ExitCode.UNEXPECTED if verdicts else ExitCode.EXPECTED


def status_of(several: list[Fuzzed]) -> ExitCode:
    """The exit status of a run."""
    return max((each.status for each in several), default=ExitCode.EXPECTED)


def fuzz(names: tuple[str, ...], asked: Asked, outputs: Outputs | None = None) -> ExitCode:
    """Fuzz targets, one after the other.

    Raises:
        Misuse: if a target cannot be started, or a file cannot be written.
        BadFolder: if finds cannot be kept.
        UnknownTarget: if there is no such target.
        Malformed: if what is known cannot be read.
    """
    targets = [find(name) for name in names]
    if outputs is not None:
        outputs.look(len(targets))
    for target in targets:  # of all, before the first is played with
        look_at(asked.corpus, target.name)
    fuzzed: list[Fuzzed] = []
    for name, target in zip(names, targets, strict=True):
        try:
            fuzzed.append(_one(target, asked))
        except ShimAbsent as absent:
            message = f"{name}: no such target or peer, and it does not start as a shim: "
            raise Misuse(message + absent.reason) from absent
        except ShimError as error:
            tell(f"otrspec: {name}: {error}; `otrspec shim check {name}` says more")
            return ExitCode.HARNESS_ERROR
        if fuzzed[-1].stopped:
            break
    return tell_of(fuzzed, asked, outputs)


def tell_of(fuzzed: list[Fuzzed], asked: Asked, outputs: Outputs | None) -> ExitCode:
    """Say what came of targets that were fuzzed, and write it into files.

    Raises:
        Misuse: if a file cannot be written.
        Interrupted: when what was found by then is shown and written.
    """
    if asked.json:
        write_json([_document(each) for each in fuzzed])
    else:
        for each in fuzzed:
            show(each)
    if outputs:
        from .fuzz_reports import report_of  # noqa: PLC0415 - heavy

        outputs.write([report_of(each) for each in fuzzed])
    if any(each.stopped for each in fuzzed):
        moves = _count(sum(each.state.steps for each in fuzzed), "move")
        message = f"interrupted after {moves}"
        raise Interrupted(message)
    return status_of(fuzzed)


def _one(target: Target, asked: Asked) -> Fuzzed:
    """Fuzz a target.

    Raises:
        ShimError: if it does not start.
        Malformed: if what is known of it cannot be read.
    """
    path = asked.known or knowledge.file_of(target)
    known = knowledge.NONE if path is None else knowledge.read(path)
    Readings(protocol(asked.protocol).fuzzing, known.deviations).check()
    order = Order(
        asked.protocol,
        target,
        asked.seed,
        uniform=asked.uniform,
        octets=asked.octets,
        timeout=asked.timeout,
        known=known,
    )
    return played(order, known, asked)


def played(order: Order, known: Known, asked: Asked) -> Fuzzed:
    """Fuzz what an order says.

    Raises:
        ShimError: if a target does not start.
    """
    target = order.target
    with _campaign(order, asked) as campaign:
        state, stopped = campaign.state, False
        fuzzed = Fuzzed(target, asked, state, known)
        try:
            with watching(target.name) as seen:
                for now in campaign.run(asked.seconds, asked.steps):
                    seen(now)
                    if asked.first and fuzzed.unknown:
                        break
        except KeyboardInterrupt:
            stopped = True
    for complaint in state.complaints:
        tell(f"otrspec: {complaint}")
    if state.lost:
        tell(f"otrspec: {state.lost}")
    return Fuzzed(target, asked, state, known, stopped)


def _campaign(order: Order, asked: Asked) -> Campaign:
    if asked.scheduler:
        from otr_conformance.fuzz.scattered import Scattered  # noqa: PLC0415 - heavy

        return Scattered(order, asked.corpus, asked.jobs, asked.scheduler)
    if asked.hypothesis:
        from otr_conformance.fuzz.machine import Examined  # noqa: PLC0415 - heavy

        return Examined(order, asked.corpus)
    return Campaign(order, asked.corpus, asked.jobs)


# --- While it goes on -------------------------------------------------------------------------


@contextmanager
def watching(what: str) -> Iterator[Callable[[State], None]]:
    """Show how far a run is: a line that changes on a terminal, else a line every few seconds."""
    if sys.stderr.isatty():
        screen = console(sys.stderr)
        with Live(console=screen, refresh_per_second=_TICK, transient=True) as live:
            yield lambda state: live.update(Text(_line(what, state), no_wrap=True))
        return
    told = time.monotonic()

    def tells(state: State) -> None:
        nonlocal told
        if time.monotonic() - told >= _EVERY:
            told = time.monotonic()
            tell(_line(what, state))

    yield tells


def _line(what: str, state: State) -> str:
    reach = state.coverage.reach
    rate = state.steps / state.seconds if state.seconds else 0
    return (
        f"{what}: {state.seconds:.0f} s, {state.steps:,} moves, {rate:,.0f} a second, "
        f"{reach.cells} of {reach.of_cells} cells, {reach.pairs:,} of {reach.of_pairs:,} pairs, "
        f"{_count(len(state.seen), 'find')}"
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


# --- What came of it --------------------------------------------------------------------------


def show(fuzzed: Fuzzed) -> None:
    """For people."""
    out, state, asked = Screen(), fuzzed.state, fuzzed.asked
    name, version = state.label
    rate = state.steps / state.seconds if state.seconds else 0
    out.line(
        (f"{name} {version}".strip() or fuzzed.target.name, HEAD),
        f", {asked.protocol}: {_count(state.steps, 'move')} in {state.seconds:.1f} s, "
        f"{rate:,.0f} a second, {_count(state.episodes, 'play')}",
    )
    out.line()
    for line in lines_of(state.coverage.reach):
        out.line(line, indent=2)
    letter = [name for name in state.reading if name not in fuzzed.known.findings]
    if letter:
        out.line("reads to the letter: ", ", ".join(letter), indent=2, hang=2)
    seen = state.seen
    for each in sorted(seen, key=lambda f: (f in fuzzed.unknown, f.id)):
        out.line()
        _show_find(out, fuzzed, each)
    for finding in fuzzed.silent:
        out.line()
        out.line(f"did not show: {finding}", indent=2)
    out.line()
    unknown = len(fuzzed.unknown)
    if state.episodes and not state.coverage.private:
        more = (
            f"{_PUBLIC.format(target=fuzzed.target.asked)} says more"
            if unknown
            else "a longer run says more"
        )
        out.line(("No conversation became private", WRONG), f": {more}.")
    if state.lost:
        out.line((state.lost, WRONG))
    elif unknown:
        out.line((f"{_count(unknown, 'find')} that nobody knows.", WRONG))
    else:
        out.line(("Nothing was found that is not known.", FINE))


def lines_of(reach: Reach) -> list[str]:
    """How far a run came, for people."""
    beyond = f", {reach.out:,} out of reach" if reach.out else ""
    beyond += f", and {reach.beyond:,} that no search has seen" if reach.beyond else ""
    return [
        f"cells  {reach.cells:>5,} of {reach.of_cells:,}, {reach.often:,} of them {ENOUGH} times",
        f"pairs  {reach.pairs:>5,} of {reach.of_pairs:,}{beyond}",
    ]


def _show_find(out: Screen, fuzzed: Fuzzed, each: Find) -> None:
    pattern = fuzzed.known.of(each)
    word = "known" if pattern else "note" if each.verdict is Verdict.NOTE else "unknown"
    out.whole("  ", (f"{each.verdict.word:<14}", STYLES[each.verdict]), (each.id, NAME))
    out.line(each.because, indent=4, hang=2)
    if pattern is not None:
        out.line(f"{word}: {pattern.finding}: {pattern.because}", indent=4, hang=2)
    elif each.reading:
        out.line(f"reads {', '.join(each.reading)} to the letter", indent=4, hang=2)
    if each.together:
        when = f", {each.when}" if each.when else ""
        out.line(f"who    {each.who}: {each.target}{when}", indent=4, hang=2)
    if each.rows:
        out.whole("    ", (f"rows   {', '.join(each.rows)}", DIM))
    out.line((f"part   {each.script.part}", DIM), indent=4, hang=2)
    out.line((f"moves  {' / '.join(each.script.moves)}", DIM), indent=4, hang=2)
    out.whole("    ", (f"times  {fuzzed.state.fresh[each.id]:,}", DIM))
    if each.id in fuzzed.state.finds.unwritten:
        out.line("it could not be written, and stands here alone", indent=4)
    elif fuzzed.asked.corpus is not None:
        path = folder_of(fuzzed.asked.corpus, fuzzed.target.name) / f"{each.id}.json"
        who = " ".join(map(shlex.quote, each.together)) or fuzzed.target.asked
        out.whole(f"    otrspec fuzz --replay {shlex.quote(str(path))} {who}")


def _document(fuzzed: Fuzzed) -> Json:
    """What came of a target, as `docs/command-line.md` describes it."""
    state, reach = fuzzed.state, fuzzed.state.coverage.reach
    return {
        "target": fuzzed.target.name,
        "name": state.label[0],
        "version": state.label[1],
        "protocol": fuzzed.asked.protocol,
        "exit": INTERRUPTED if fuzzed.stopped else int(fuzzed.status),
        "seconds": round(state.seconds, 3),
        "steps": state.steps,
        "plays": state.episodes,
        "private": state.coverage.private,
        "seed": fuzzed.asked.seed,
        **document_of(reach),
        "reading": list(state.reading),
        "complaints": [*state.complaints, *([state.lost] if state.lost else [])],
        "silent": list(fuzzed.silent),
        "finds": _finds(fuzzed),
    }


def _finds(fuzzed: Fuzzed) -> list[Json]:
    """What was found, for programs."""
    state = fuzzed.state
    return [
        {
            "id": each.id,
            "verdict": each.verdict.word,
            "because": each.because,
            "rows": list(each.rows),
            "part": each.script.part,
            "moves": list(each.script.moves),
            "reading": list(each.reading),
            "known": pattern.finding if (pattern := fuzzed.known.of(each)) else "",
            "expected": each not in fuzzed.unknown,
            "together": list(each.together),
            "who": each.who,
            "when": each.when,
            "times": state.fresh[each.id],
        }
        for each in state.seen
    ]


def document_of(reach: Reach) -> dict[str, Json]:
    """How far a run came, for programs."""
    return {
        "cells": reach.cells,
        "cells_often": reach.often,
        "cells_reachable": reach.of_cells,
        "pairs": reach.pairs,
        "pairs_reachable": reach.of_pairs,
        "pairs_beyond": reach.beyond,
        "pairs_out_of_reach": reach.out,
    }


# --- Coverage ---------------------------------------------------------------------------------


def coverage(asked: Asked) -> ExitCode:
    """Play with the reference alone, steered and uniformly, and lay side by side what is seen.

    Returns:
        0 if the steered run saw everything and neither found anything, else 1.
    """
    found = {how: _alone(asked, how, uniform=uniform) for how, uniform in _WAYS.items()}
    complete = found["steered"].state.coverage.reach.complete
    fine = complete and not any(each.state.seen for each in found.values())
    status = ExitCode.EXPECTED if fine else ExitCode.UNEXPECTED
    if asked.json:
        write_json(
            {
                "protocol": asked.protocol,
                "exit": int(status),
                "jobs": asked.jobs,
                "seed": asked.seed,
                **{how: _covered(each) for how, each in found.items()},
            }
        )
        return status
    out = Screen()
    for how, each in found.items():
        _show_coverage(out, how, each.state, asked.jobs)
        for find_ in each.state.seen:
            _show_find(out, each, find_)
    return status


_WAYS: Final = {"steered": False, "uniform": True}


def _alone(asked: Asked, how: str, *, uniform: bool) -> Fuzzed:
    """Play with the reference alone: what is found is that it does not know what to do."""
    target = find(IN_PROCESS)
    order = Order(asked.protocol, target, asked.seed, uniform=uniform, judged=False)
    campaign = Campaign(order, asked.corpus, asked.jobs, empty=True)
    with campaign, watching(how) as seen:
        for now in campaign.run(asked.seconds, asked.steps):
            seen(now)
    return Fuzzed(target, asked, campaign.state, knowledge.NONE)


def _show_coverage(out: Screen, how: str, state: State, jobs: int) -> None:
    """What was seen, and what is missing."""
    rate = state.steps / state.seconds if state.seconds else 0
    processes = "1 process" if jobs == 1 else f"{jobs} processes"
    out.line(
        (how, HEAD),
        f": {_count(state.steps, 'move')} in {state.seconds:.0f} s by {processes}, "
        f"{rate:,.0f} a second",
    )
    for line in lines_of(state.coverage.reach):
        out.line(line, indent=2)
    rare = [f"{t}: {on} in {at}: {n} times" for (t, at, on), n in state.coverage.rare_cells()]
    missing = [" + ".join(pair) for pair in state.coverage.missing_pairs()]
    for lines, what in ((rare, "cell"), (missing, "pair")):
        for line in lines[:_SHOWN]:
            out.whole(f"    {line}")
        if len(lines) > _SHOWN:
            out.line(f"and {_count(len(lines) - _SHOWN, f'more {what}')}", indent=4)
    for why, number in Counter(state.coverage.out_of_reach().values()).items():
        out.line(f"out of reach: {_count(number, 'pair')}: {why}", indent=4)


def _covered(fuzzed: Fuzzed) -> dict[str, Json]:
    state = fuzzed.state
    return {
        "seconds": round(state.seconds, 3),
        "processor_seconds": round(state.spent, 3),
        "steps": state.steps,
        **document_of(state.coverage.reach),
        "rare_cells": [
            {"table": table, "state": at, "event": on, "times": times}
            for (table, at, on), times in state.coverage.rare_cells()
        ],
        "missing_pairs": [" + ".join(pair) for pair in state.coverage.missing_pairs()],
        "out_of_reach": [
            {"pair": " + ".join(pair), "because": why}
            for pair, why in state.coverage.out_of_reach().items()
        ],
        "finds": _finds(fuzzed),
    }
