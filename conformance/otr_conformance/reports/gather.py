"""Makes a report of a run."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Final, TypedDict

from otr_conformance.citations import citations, clauses_of, ordered, touched
from otr_conformance.protocols import TEXTS, protocol
from otr_conformance.shim.protocol import Hello
from otr_conformance.shim.vocabulary import Capability, OtrVersion
from otr_conformance.verdict import Verdict
from otr_model import __version__
from otr_model.trace import Fired

from .report import Outcome, Report, Sentence, Text
from .steps import differing, ended

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from otr_conformance.expectations import Expectation
    from otr_conformance.play.case import AnyCase
    from otr_conformance.play.grade import Result
    from otr_conformance.runner import Run
    from otr_conformance.targets import Target
    from otr_model.clauses import Registry

    from .steps import Differing

__all__ = ["LINE", "Circumstances", "Judged", "gather", "lacking", "now", "outcome", "replay_of"]

LINE: Final = 400
"""Characters of a line of a log that are kept, at most."""
_LINES: Final = 400
"""Lines of a log that are kept, at most: the case is replayed for more."""
_SHORT: Final = 3
"""So often in a row a line stands in a log as it is."""
_EXPLAINED: Final = frozenset({Verdict.FAIL, Verdict.NOTE})
"""Verdicts of cases that were played to where they differ."""
_ENDED: Final = frozenset({Verdict.HANG, Verdict.CRASH, Verdict.HARNESS_ERROR})
"""Verdicts of cases that could not be played to their end."""

_REFERENCE: Final = Hello("", __version__, tuple(OtrVersion), tuple(Capability))
"""What the reference in this process would say of itself."""


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
    entry: Expectation | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict."""
        return self.run.result.verdict


def now() -> str:
    """The time, as a report has it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def replay_of(target: str, case: str, options: Iterable[str] = ()) -> str:
    """The command that runs one case alone, to be pasted into a shell.

    Args:
        target: as it was given.
        case: the id.
        options: what else the run was given that bears upon a verdict.
    """
    return shlex.join(["otrspec", "conform", target, "--case", case, *options, "--trace"])


def outcome(
    judged: Judged, hello: Hello | None = None, replay: str = "", *, in_full: bool = True
) -> Outcome:
    """What came of one case.

    Args:
        judged: the case, its verdict, and what was expected.
        hello: what the target says of itself; None for the reference.
        replay: the command that runs it alone.
        in_full: with its clauses, and with the step in which the target differed.
    """
    run, entry = judged.run, judged.entry
    case, result = run.case, run.result
    verdict = result.verdict
    unsupported = verdict is Verdict.UNSUPPORTED
    found = _found(case, result) if in_full and result.log else None
    return Outcome(
        case=case.id,
        about=case.about,
        verdict=verdict,
        expected=judged.expected,
        level=case.level.label,
        version=case.version,
        seconds=run.seconds,
        because=result.because,
        where=tuple(point.label for point in result.where),
        ambiguity=result.ambiguity,
        alternatives=result.alternatives,
        needs=tuple(sorted(case.needs)),
        lacks=lacking(case, hello) if unsupported and hello is not None else (),
        clauses=clauses_of(case) if in_full else (),
        at_step=_at_step(case, result, found),
        **_as_expected(entry),
        log=_kept(result.log) if in_full else result.log,
        step=found.number if found is not None else 0,
        predicted=_once(found.predicted) if found is not None else (),
        repetitions=dict(run.counts) if len(run.verdicts) > 1 else {},
        replay=replay,
    )


def _found(case: AnyCase, result: Result) -> Differing | None:
    """The step in which a target differed, or in which the case ended too early; None: no step."""
    if result.verdict in _ENDED:
        return ended(case, result.log)
    if result.verdict in _EXPLAINED:
        return differing(case, result.log, result.because)
    return None


def _at_step(case: AnyCase, result: Result, found: Differing | None) -> tuple[str, ...]:
    """The clauses of the step in which a target differed; none where the case ended too early."""
    if found is None or found.clauses:
        return () if found is None else found.clauses
    return ordered(case, touched(case, map(Fired, result.rows))) if result.rows else ()


class _Expected(TypedDict, total=False):
    """What a file of expectations says of a case."""

    expectation: Verdict
    cause: str
    finding: str
    clause: str
    unreviewed: bool


def _as_expected(entry: Expectation | None) -> _Expected:
    if entry is None:
        return {}
    return {
        "expectation": entry.verdict,
        "cause": entry.because,
        "finding": entry.finding,
        "clause": entry.clause,
        "unreviewed": entry.unreviewed,
    }


def _kept(log: Sequence[str]) -> tuple[str, ...]:
    """A log without what is too long for a report."""
    once = _once(log)
    lines = [line if len(line) <= LINE else f"{line[:LINE]} ..." for line in once[:_LINES]]
    more = len(once) - _LINES
    return (*lines, *([f"  and {more} more lines"] if more > 0 else ()))


def _once(lines: Iterable[str]) -> tuple[str, ...]:
    """Lines without repetitions: many of one kind in a row, such as fragments, stand there once."""
    runs = ((line, len(list(alike))) for line, alike in groupby(lines))
    return tuple(
        each
        for line, times in runs
        for each in ([f"{line} ({times} times)"] if times > _SHORT else [line] * times)
    )


def lacking(case: AnyCase, hello: Hello) -> tuple[str, ...]:
    """The versions and capabilities that a case needs and a target does not offer."""
    versions = dict.fromkeys((case.version, *case.cast.versions))
    wanted = {Capability(word) for word in case.needs}
    if case.cast.max_size:
        wanted.add(Capability.FRAGMENT)
    return (
        *(f"version {version}" for version in versions if version not in hello.versions),
        *sorted(each.word for each in wanted - set(hello.capabilities)),
    )


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is said of a run beside its cases.

    Attributes:
        target: what was tested.
        hello: what its shim says of itself; None for the reference in this process.
        made: when the run began.
        seconds: how long it took.
        dialects: what the target declares to do otherwise, by name, and what that is.
        farewells: how the target ended, where that was not as it should be.
    """

    target: Target
    hello: Hello | None
    made: str
    seconds: float
    dialects: Mapping[str, str] = field(default_factory=dict)
    farewells: tuple[str, ...] = ()


def gather(run: Circumstances, outcomes: Sequence[Outcome]) -> Report:
    """The report of a run, of which the outcomes are given in the order of the suite."""
    owners = dict.fromkeys(each.protocol for each in outcomes)
    clauses = {clause for each in outcomes for clause in (*each.clauses, *each.at_step)}
    named = dict.fromkeys(TEXTS[c.partition(".")[0]].name for c in sorted(clauses))
    whose = [protocol(name) for name in dict.fromkeys((*owners, *named))]
    said = run.hello or _REFERENCE
    return Report(
        suite=__version__,
        made=run.made,
        target=run.target.name,
        name=said.name or run.target.name,
        version=said.version,
        speaks=tuple(sorted(said.versions)),
        capabilities=tuple(sorted(each.word for each in said.capabilities)),
        seconds=run.seconds,
        dialects=dict(run.dialects),
        texts=tuple(
            _text(registry, each.versions[registry.name])
            for each in whose
            for registry in each.model.registries
        ),
        sentences=tuple(
            Sentence(i, clause.section, clause.level.name.lower(), clause.about)
            for each in whose
            for i, (_, clause) in citations(each).clauses.items()
            if i in clauses
        ),
        outcomes=tuple(outcomes),
        available=_available(outcomes),
        farewells=run.farewells,
    )


def _available(outcomes: Iterable[Outcome]) -> int:
    """How many cases the suite has of the protocols and versions of some."""
    kinds = {(each.protocol, each.version) for each in outcomes}
    return sum(
        (owner, case.version) in kinds
        for owner in {owner for owner, _ in kinds}
        for case in protocol(owner).suite.cases.values()
    )


def _text(registry: Registry, version: int) -> Text:
    pinned = registry.text
    return Text(
        registry.name,
        version,
        pinned.repository,
        pinned.commit,
        pinned.path,
        pinned.sha256,
        len(registry),
    )
