"""What came of fuzzing, as a report: a page, JUnit XML, JSON."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from otr_conformance.fuzz import together_telling as together
from otr_conformance.fuzz.campaign import folder_of
from otr_conformance.fuzz.telling import name_of, story_of
from otr_conformance.fuzz.together_cast import fuzzing_of
from otr_conformance.protocols import protocol
from otr_conformance.reports.gather import now
from otr_conformance.reports.kinds import Played, ReportKind
from otr_conformance.reports.report import Outcome, Report
from otr_model import __version__

if TYPE_CHECKING:
    from otr_conformance.fuzz.finds import Find
    from otr_conformance.fuzz.known import Pattern
    from otr_conformance.fuzz.vocabulary import Fuzzing

    from .fuzz import Fuzzed

__all__ = ["report_of"]


def report_of(fuzzed: Fuzzed) -> Report:
    """The report of a target: its finds, and how far the fuzzer came."""
    name, version = fuzzed.state.label
    outcomes = tuple(_outcome(fuzzed, each) for each in fuzzed.state.seen)
    return Report(
        suite=__version__,
        made=now(),
        target=fuzzed.target.name,
        name=name,
        version=version,
        speaks=(),
        capabilities=(),
        seconds=fuzzed.state.seconds,
        dialects={},
        texts=(),
        sentences=(),
        outcomes=outcomes,
        kind=ReportKind.FUZZING,
        played=_played(fuzzed),
    )


def _played(fuzzed: Fuzzed) -> Played:
    """How far the fuzzer came."""
    state, reach = fuzzed.state, fuzzed.state.coverage.reach
    return Played(
        fuzzed.asked.protocol,
        fuzzed.asked.seed,
        moves=state.steps,
        plays=state.episodes,
        cells=reach.cells,
        cells_often=reach.often,
        cells_reachable=reach.of_cells,
        pairs=reach.pairs,
        pairs_reachable=reach.of_pairs,
        private=state.coverage.private,
        silent=fuzzed.silent,
        complaints=tuple(state.complaints),
        lost=state.lost,
    )


def _outcome(fuzzed: Fuzzed, each: Find) -> Outcome:
    pattern: Pattern | None = fuzzed.known.of(each)
    return Outcome(
        case=f"{each.protocol}.case:{name_of(each)}",
        about=f"Found by fuzzing, {fuzzed.state.fresh[each.id]} times.",
        verdict=each.verdict,
        expected=each not in fuzzed.unknown,
        level="must",
        version=_fuzzing(each).read_part(each.script.part).version,
        because=each.because,
        ambiguity=", ".join(each.reading),
        cause=pattern.because if pattern else "",
        finding=pattern.finding if pattern else "",
        log=together.story_of(each) if each.together else story_of(_fuzzing(each), each.script),
        replay=_replay(fuzzed, each),
    )


def _replay(fuzzed: Fuzzed, each: Find) -> str:
    """The command that plays a find again; "" if it is in no file."""
    corpus = fuzzed.asked.corpus
    if corpus is None or each.id in fuzzed.state.finds.unwritten:
        return ""
    path = folder_of(corpus, fuzzed.target.name) / f"{each.id}.json"
    who = shlex.join(each.together) or fuzzed.target.asked
    return f"otrspec fuzz --replay {shlex.quote(str(path))} {who}"


def _fuzzing(each: Find) -> Fuzzing:
    """What the protocol of a find states, for so many who met."""
    if each.together:
        return fuzzing_of(each.protocol, len(each.together))
    return protocol(each.protocol).fuzzing
