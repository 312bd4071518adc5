"""The account of a protocol: what has to happen in cases, and in which of them it does."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final

from otr_conformance.citations import citations, touched
from otr_conformance.derive.choice import read as chosen
from otr_conformance.derive.record import read
from otr_conformance.derive.search import pairs_of
from otr_conformance.protocols import protocol
from otr_model.kernel.variant import NONE, Falsify
from otr_model.kernel.words import Word

from .boundaries import Boundary, WatchingEngine, watched_in
from .contexts import failing, policies_of
from .findings import findings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from otr_conformance.play.case import AnyCase
    from otr_conformance.play.grade import Played
    from otr_conformance.play.labs import Lab
    from otr_conformance.play.stage import AnyStage
    from otr_conformance.protocols import Protocol

__all__ = ["KINDS", "Kind", "Ledger", "Obligation", "account", "arrivals_of"]


_TEXT: Final = re.compile(r" '(?:[^'\\]|\\.)*'| \"(?:[^\"\\]|\\.)*\"")
DISABLED: Final = "disabled"
"""The condition that no version is allowed, in every protocol."""


class Kind(Word):
    """The kinds of obligations."""

    ROW = "a row is taken"
    PAIR = "two rows are taken, one right after the other"
    POLICY = "a row is taken under a combination of the policies that its cell asks about"
    CHECK = "a row is taken because a check fails, and no other"
    FALSIFIED = "a check fails because the peer does one thing wrong, and all else right"
    BOUNDARY = "a comparison is at a boundary"
    CLAUSE = "what answers for a sentence of the text comes up"
    ARRIVAL = "a row is taken on one kind of message, or a check fails there"
    FAULT = "a faulty implementation is noticed, which few cases notice"
    FINDING = "what a real implementation does otherwise is seen"


KINDS: Final = tuple(Kind)


@dataclass(frozen=True, slots=True)
class Obligation:
    """What has to happen in some case.

    Attributes:
        kind: of what kind it is.
        what: the id of the row, check or clause; rows joined by " then "; a boundary in words; the
            name of a mutant; a finding and the verdict that it leads to.
    """

    kind: Kind
    what: str


@dataclass(frozen=True)
class Ledger:
    """Obligations, and the cases that answer for them.

    Attributes:
        protocol: the protocol's name.
        met: each obligation, with its cases in the order of declaration; none: it is open.
        excused: those of the open ones that nothing can meet, each with the reason.
        asks: what each case asks a target for.
    """

    protocol: str
    met: Mapping[Obligation, tuple[str, ...]]
    excused: Mapping[Obligation, str] = field(default_factory=dict)
    asks: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def open(self) -> tuple[Obligation, ...]:
        """Obligations that no case answers for, and that nothing excuses."""
        return tuple(o for o, cases in self.met.items() if not cases and o not in self.excused)

    def of(self, case: str) -> tuple[Obligation, ...]:
        """The obligations that a case answers for."""
        return self._of_case.get(case, ())

    def sole(self, case: str) -> tuple[Obligation, ...]:
        """Those that it alone answers for, among the cases that ask a target for no more."""
        most = self._asked(case)
        return tuple(
            o
            for o in self.of(case)
            if all(other == case or not self._asked(other) <= most for other in self.met[o])
        )

    def _asked(self, case: str) -> frozenset[str]:
        return self.asks.get(case, frozenset())

    @cached_property
    def _of_case(self) -> Mapping[str, tuple[Obligation, ...]]:
        found: dict[str, list[Obligation]] = {}
        for obligation, cases in self.met.items():
            for case in cases:
                found.setdefault(case, []).append(obligation)
        return {case: tuple(obligations) for case, obligations in found.items()}

    def counts(self) -> Mapping[Kind, tuple[int, int, int]]:
        """For each kind: how many are met, how many are excused, and how many there are."""
        every = Counter(o.kind for o in self.met)
        met = Counter(o.kind for o, cases in self.met.items() if cases)
        excused = Counter(o.kind for o in self.excused if not self.met.get(o))
        return {kind: (met[kind], excused[kind], every[kind]) for kind in KINDS if every[kind]}


@cache
def account(name: str) -> Ledger:
    """The account of a protocol. It takes some seconds: every case is played."""
    whose = protocol(name)
    suite = whose.suite
    met: dict[Obligation, list[str]] = {each: [] for each in _obligations(whose)}
    watch = _Watch(whose)
    for case in suite.cases.values():
        for obligation in dict.fromkeys(watch.met_by(case)):
            if obligation in met:
                met[obligation].append(case.id)
    for obligation, cases in _measured(whose):
        met[obligation] = [case for case in cases if case in suite.cases]
    excused = {
        **{Obligation(Kind.ROW, row): reason for row, reason in suite.unreachable.items()},
        **{
            each: reason
            for each in met
            for pattern, reason in suite.impossible.items()
            if fnmatchcase(each.what, pattern)
        },
        **dict(_excused_clauses(whose)),
        **dict(_excused_policies(whose)),
    }
    asks = {case.id: case.asks for case in suite.cases.values()}
    return Ledger(name, {o: tuple(cases) for o, cases in met.items()}, excused, asks)


def arrivals_of(name: str) -> dict[str, tuple[str, ...]]:
    """The kinds of messages on which rows are taken in the cases of a protocol; see `Chosen`."""
    whose = protocol(name)
    watch = _Watch(whose)
    found: dict[str, set[str]] = {}
    for case in whose.suite.cases.values():
        for subject, kind in watch.arrivals(watch.play(case)):
            found.setdefault(subject, set()).add(kind)
    return {subject: tuple(sorted(kinds)) for subject, kinds in sorted(found.items())}


def _obligations(whose: Protocol) -> Iterator[Obligation]:
    """Everything that has to happen."""
    composition = whose.model.composition
    yield from (Obligation(Kind.ROW, row.id) for row in composition.rows())
    yield from (Obligation(Kind.PAIR, _pair(pair)) for pair in read(whose.name).pairs)
    for row, policies in policies_of(composition).items():
        for values in policies.possible:
            yield Obligation(Kind.POLICY, policies.text(row, values))
    for each in composition.rows():
        yield from (Obligation(Kind.CHECK, _failed(each.id, check)) for check in failing(each))
    for check in composition.checks:
        if not check.spec.structural:
            yield Obligation(Kind.FALSIFIED, check.label)
    for comparisons in watched_in(composition).values():
        for watched in comparisons:
            yield from (Obligation(Kind.BOUNDARY, side.id) for side in watched.boundaries())
    yield from (Obligation(Kind.CLAUSE, clause) for clause in _clauses(whose))
    for row, kinds in chosen(whose.name).arrivals.items():
        yield from (Obligation(Kind.ARRIVAL, _on(row, kind)) for kind in kinds)


def _measured(whose: Protocol) -> Iterator[tuple[Obligation, tuple[str, ...]]]:
    """What is met in cases as was measured: with faults, and with real implementations."""
    for fault, cases in chosen(whose.name).faults.items():
        yield Obligation(Kind.FAULT, fault), tuple(f"{whose.name}.case:{case}" for case in cases)
    for finding, cases in findings(whose.name).items():
        yield Obligation(Kind.FINDING, finding), cases


def _clauses(whose: Protocol) -> Iterator[str]:
    """The clauses that rows, checks and cases answer for; what parsing settles is not asked."""
    known = citations(whose)
    parsed = {check.label for check in whose.model.composition.checks if check.spec.structural}
    citing = (
        *known.rows.values(),
        *known.cases.values(),
        *(cited for check, cited in known.checks.items() if check not in parsed),
    )
    behaviour = {each.clause for cited in citing for each in cited}
    yield from (clause for clause in known.clauses if clause in behaviour)


def _excused_clauses(whose: Protocol) -> Iterator[tuple[Obligation, str]]:
    """Clauses for which nothing answers but rows that nothing takes."""
    reasons: dict[str, list[str]] = {}
    known = citations(whose)
    for row, cited in known.rows.items():
        for each in cited:
            reasons.setdefault(each.clause, []).append(whose.suite.unreachable.get(row, ""))
    for clause, found in reasons.items():
        if all(found):
            yield Obligation(Kind.CLAUSE, clause), found[0]


def _excused_policies(whose: Protocol) -> Iterator[tuple[Obligation, str]]:
    """Combinations for rows that nothing takes, and those under which nothing is looked into."""
    composition = whose.model.composition
    asking = {
        row.id
        for table in composition.tables
        for rows in table.index.values()
        if any(c.label == DISABLED for row in rows for c in row.when.atoms())
        for row in rows
    }
    for row, policies in policies_of(composition).items():
        for values in policies.possible:
            reason = whose.suite.unreachable.get(row, "")
            if not reason and row not in asking and policies.none_allowed(values):
                reason = "what arrives is not looked into where no version is allowed"
            if reason:
                yield Obligation(Kind.POLICY, policies.text(row, values)), reason


def _pair(pair: tuple[str, str]) -> str:
    return " then ".join(pair)


def _failed(row: str, check: str) -> str:
    return f"{row}: {check}"


def _on(row: str, kind: str) -> str:
    return f"{row} on {kind}"


def _kind_of(words: str) -> str:
    """What kind of message it is, without the text that it says."""
    return _TEXT.sub("", words)


class _Watch:
    """Plays cases with the reference as the target, and sees what happens to it."""

    def __init__(self, whose: Protocol) -> None:
        suite = whose.suite
        self.grader = replace(suite.grader, set_stage=self._set_stage)
        self.lab = suite.terms()
        self._stage: AnyStage | None = None
        self._made = suite.grader.set_stage
        self.reached: set[Boundary] = set()
        self.policies = policies_of(whose.model.composition)
        self._engine: WatchingEngine | None = None

    def play(self, case: AnyCase) -> Played:
        """Play a case."""
        self.reached.clear()
        return self.grader.play(case, self.grader.predicting(case, self.lab), self._target)

    def met_by(self, case: AnyCase) -> Iterator[Obligation]:
        """What happens in a case."""
        played = self.play(case)
        rows = tuple(each.row for each in played.fired)
        yield from (Obligation(Kind.ROW, row) for row in rows)
        yield from (Obligation(Kind.PAIR, _pair(pair)) for pair in pairs_of(rows))
        yield from (
            Obligation(Kind.CHECK, _failed(each.row, each.failed))
            for each in played.fired
            if each.failed
        )
        failed = {each.failed for each in played.fired}
        yield from (
            Obligation(Kind.FALSIFIED, edit.check.label)
            for edit in case.cast.variant.edits
            if isinstance(edit, Falsify) and edit.check.label in failed
        )
        yield from (Obligation(Kind.POLICY, text) for text in self._policies(case, rows))
        yield from (Obligation(Kind.BOUNDARY, side.id) for side in self.reached)
        yield from (Obligation(Kind.CLAUSE, clause) for clause in touched(case, played.fired))
        yield from (Obligation(Kind.ARRIVAL, _on(*each)) for each in self.arrivals(played))

    def arrivals(self, played: Played) -> Iterator[tuple[str, str]]:
        """The rows that are taken on each kind of message, and the checks that fail."""
        assert self._stage is not None  # noqa: S101 - a case was played on it
        for each in played.arrivals:
            kind = _kind_of(self._stage.kind(each.wire))
            for fired in played.fired[each.begin : each.end]:
                yield fired.row, kind
                if fired.failed:
                    yield _failed(fired.row, fired.failed), kind

    def _set_stage(self, *given: Any) -> AnyStage:  # noqa: ANN401 - each protocol has its own
        stage: AnyStage = self._made(*given)
        self._stage = stage
        return stage

    def _policies(self, case: AnyCase, rows: tuple[str, ...]) -> Iterator[str]:
        for row in rows:
            known = self.policies.get(row)
            if known is not None:
                yield known.text(row, known.given(case.cast.target))

    def _target(self, lab: Lab, cast: Any) -> Any:  # noqa: ANN401 - each protocol has its own
        party: Any = self.grader.reference_target(NONE)(lab, cast)
        endpoint = party.endpoint
        if self._engine is None:
            engine = endpoint.engine
            self._engine = WatchingEngine(engine.applied, engine.step, self.reached)
        endpoint.engine = self._engine
        return party
