"""A report as data: a target, what it was asked, and what came of each case."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from otr_conformance.expectations import cause
from otr_conformance.verdict import ExitCode, Verdict, exit_code

from .kinds import ReportKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .kinds import Learned, Played

__all__ = ["ASKED", "GRAVE", "Group", "Lack", "Outcome", "Report", "Sentence", "Text", "share"]

GRAVE: Final = (Verdict.FAIL, Verdict.CRASH, Verdict.HANG, Verdict.HARNESS_ERROR)
"""Verdicts that nobody wants."""
ASKED: Final = tuple(verdict for verdict in Verdict if verdict is not Verdict.UNSUPPORTED)
"""Verdicts of cases that the target was asked."""


@dataclass(frozen=True, slots=True)
class Text:
    """A pinned text of a specification.

    Attributes:
        name: as in the ids of its clauses.
        version: the version of the protocol that it is about.
        repository: where it is published, as owner/name.
        commit: the commit that is meant.
        path: the file in that commit.
        sha256: the hash of the file.
        clauses: how many clauses it has, with those that no case touches.
    """

    name: str
    version: int
    repository: str
    commit: str
    path: str
    sha256: str
    clauses: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """A clause that cases touch.

    Attributes:
        id: public.
        section: the title of its section.
        level: how it binds: must, should, may, defines.
        about: what it is about, in our own words.
    """

    id: str
    section: str
    level: str
    about: str

    @property
    def text(self) -> str:
        """The name of its text."""
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one case.

    Attributes:
        case: its id.
        about: its description.
        verdict: one of the seven.
        expected: whether that is the expected one.
        level: "must" or "should".
        version: the version that is spoken.
        seconds: how long it took.
        because: what differs, in a sentence.
        where: the points at one of which the target refused a message, as far as can be told.
        ambiguity: for a note, what was read the other way.
        alternatives: what the specification leaves open and was let pass, by name.
        needs: the capabilities that the case needs.
        lacks: which of them, and of the versions, the target lacks.
        clauses: the clauses that the case touches, the most telling first.
        at_step: those of what the target should have done where it differed.
        expectation: the verdict that a file of expectations has; None if it has no entry.
        cause: why, as it says there.
        finding: the page that explains it.
        clause: the clause or ambiguity that the entry is about.
        unreviewed: nobody has looked at that entry yet.
        log: what happened, line by line; a file has it where the case did not pass.
        step: the number of the step in which the target differed, or in which the case ended too
            early; 0: not known.
        predicted: what the tables predict of that step, line by line.
        repetitions: how often the case had each verdict, where it was run more than once.
        replay: the command that runs this case alone.
    """

    case: str
    about: str
    verdict: Verdict
    expected: bool
    level: str
    version: int
    seconds: float = 0.0
    because: str = ""
    where: tuple[str, ...] = ()
    ambiguity: str = ""
    alternatives: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    at_step: tuple[str, ...] = ()
    expectation: Verdict | None = None
    cause: str = ""
    finding: str = ""
    clause: str = ""
    unreviewed: bool = False
    log: tuple[str, ...] = ()
    step: int = 0
    predicted: tuple[str, ...] = ()
    repetitions: Mapping[Verdict, int] = field(default_factory=dict)
    replay: str = ""

    @property
    def protocol(self) -> str:
        """The protocol that the case belongs to."""
        return self.case.partition(".")[0]

    @property
    def name(self) -> str:
        """The id without the part that all cases of a protocol share."""
        return self.case.partition(":")[2]

    @property
    def flaky(self) -> bool:
        """Whether repetitions had different verdicts."""
        return len(self.repetitions) > 1

    @property
    def why(self) -> str:
        """What cases with one cause have in common: a known cause, or what differs."""
        if self.flaky:
            return f"not the same each time: {cause(self.because)}"
        if self.cause and self.expected:
            return self.cause
        if self.ambiguity:
            return f"reads {self.ambiguity} to the letter"
        return cause(self.because)


@dataclass(frozen=True, slots=True)
class Group:
    """Cases with one verdict and one cause.

    Attributes:
        verdict: of all of them.
        expected: whether it is the expected one.
        finding: the page that explains it; "" if there is none.
        why: what they have in common.
        outcomes: the cases.
    """

    verdict: Verdict
    expected: bool
    finding: str
    why: str
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that a target does not offer.

    Attributes:
        what: a capability, a version, or in words.
        cases: how many cases cannot be run because of that.
        alone: how many of them need nothing else that is lacking.
    """

    what: str
    cases: int
    alone: int


@dataclass(frozen=True)
class Report:
    """What came of a run.

    Attributes:
        suite: the version of otrspec.
        made: when the run began, as in "2026-01-31T12:00:00Z".
        target: as it was named; of a command, its program.
        name: what the target calls itself.
        version: its version.
        speaks: the versions of OTR that it says it speaks.
        capabilities: what it says it can do.
        seconds: how long the run took.
        dialects: what it declares to do otherwise, by name, and what that is.
        texts: the pinned texts.
        sentences: the clauses that cases touch, in the order of the texts.
        outcomes: every case.
        available: how many cases the suite has of these protocols and versions, run or not.
        farewells: how the target ended, where that was not as it should be.
        kind: what it is about; what is said of cases goes for differences and finds as well.
        learned: of a report of learning, the settings.
        outdated: of such a report, the findings whose entries explain nothing any more.
        played: of a report of fuzzing, how far it came.
    """

    suite: str
    made: str
    target: str
    name: str
    version: str
    speaks: tuple[int, ...]
    capabilities: tuple[str, ...]
    seconds: float
    dialects: Mapping[str, str]
    texts: tuple[Text, ...]
    sentences: tuple[Sentence, ...]
    outcomes: tuple[Outcome, ...]
    available: int = 0
    farewells: tuple[str, ...] = ()
    kind: ReportKind = ReportKind.CONFORMANCE
    learned: tuple[Learned, ...] = ()
    outdated: tuple[str, ...] = ()
    played: Played | None = None

    @property
    def label(self) -> str:
        """The target's name and version, in one line."""
        return f"{self.name} {self.version}".strip()

    @property
    def of_cases(self) -> bool:
        """Whether it is about conformance, and lists cases."""
        return self.kind is ReportKind.CONFORMANCE

    @property
    def partial(self) -> bool:
        """Whether the suite has more cases than were run."""
        return self.available > len(self.outcomes)

    @property
    def status(self) -> ExitCode:
        """The exit status of the run; a target that does not end well is not as expected."""
        verdicts = [(each.verdict, each.expected) for each in self.outcomes]
        return exit_code([*verdicts, *((verdict, False) for verdict in self._otherwise())])

    def _otherwise(self) -> Iterator[Verdict]:
        """What else was not as expected, as verdicts."""
        yield from (Verdict.CRASH for _ in self.farewells)
        yield from (Verdict.FAIL for _ in self.outdated)
        for each in self.learned:
            if each.stopped:
                yield Verdict.HARNESS_ERROR if each.faulty else Verdict.FAIL
        if self.played is not None and self.played.lost:
            yield Verdict.HARNESS_ERROR

    @cached_property
    def counts(self) -> Mapping[Verdict, int]:
        """How many cases have each of the seven verdicts."""
        found = Counter(each.verdict for each in self.outcomes)
        return {verdict: found[verdict] for verdict in Verdict}

    @property
    def unsupported_share(self) -> float:
        """The share of cases that the target does not support, 0 to 1."""
        total = len(self.outcomes)
        return self.counts[Verdict.UNSUPPORTED] / total if total else 0.0

    @property
    def asked(self) -> int:
        """How many cases the target supports."""
        return len(self.outcomes) - self.counts[Verdict.UNSUPPORTED]

    @cached_property
    def unexpected(self) -> tuple[Outcome, ...]:
        """The cases whose verdict is not the expected one."""
        return tuple(each for each in self.outcomes if not each.expected)

    @cached_property
    def lacking(self) -> tuple[Lack, ...]:
        """What the target does not offer, that which most cases need first."""
        every: Counter[str] = Counter()
        alone: Counter[str] = Counter()
        for each in self.outcomes:
            if each.verdict is Verdict.UNSUPPORTED:
                lacks = each.lacks or (each.because,)
                every.update(lacks)
                alone.update(lacks if len(lacks) == 1 else ())
        return tuple(Lack(what, n, alone[what]) for what, n in every.most_common())

    def groups(self) -> tuple[Group, ...]:
        """The cases that are neither passed nor unsupported, and the surprises, by their cause.

        What was not expected comes first, then the larger groups.
        """
        found: dict[tuple[bool, Verdict, str, str], list[Outcome]] = {}
        for each in self.outcomes:
            if not each.expected or each.verdict not in {Verdict.PASS, Verdict.UNSUPPORTED}:
                finding = each.finding if each.expected else ""
                key = each.expected, each.verdict, finding, each.why
                found.setdefault(key, []).append(each)
        groups = [
            Group(verdict, expected, finding, why, tuple(outcomes))
            for (expected, verdict, finding, why), outcomes in found.items()
        ]
        return tuple(sorted(groups, key=lambda each: (each.expected, -len(each.outcomes))))


def share(count: int, total: int) -> str:
    """A share in per cent that is shown neither as nothing nor as everything unless it is."""
    if not total:
        return "0"
    percent = 100 * count / total
    if 0 < percent < 1:
        return "< 1"
    if count != total and percent > 99:  # noqa: PLR2004 - per cent
        return "> 99"
    return f"{percent:.0f}"
