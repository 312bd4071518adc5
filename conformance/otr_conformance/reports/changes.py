"""What changed from one report to another: what was mended, what broke, what is new or gone.

Verdicts have an order: what passes is better than what is noted, and what is noted better than what
fails; a hang or a crash is worse than a failure. A case that the target does not support any longer
got worse if it was good before, since nothing is known of it now; if it was bad, it was not mended
either. A case that fails now, and was not supported, is something that the target learnt and does
not do well yet: it is a change, and neither better nor worse.

Reports of learning and of fuzzing list only what differs: there, what is new and nobody knows got
worse. What is gone is only gone; another run may find it again. Two kinds are not compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from otr_conformance.verdict import GOOD, Verdict

from .kinds import ReportKind, one_kind

if TYPE_CHECKING:
    from .report import Outcome, Report

__all__ = ["Change", "Changes", "Kind", "changes"]

_ORDER: Final = {
    Verdict.PASS: 3,
    Verdict.NOTE: 2,
    Verdict.FAIL: 1,
    Verdict.HANG: 0,
    Verdict.CRASH: 0,
    Verdict.HARNESS_ERROR: 0,
}


class Kind(Enum):
    """What became of a case."""

    WORSE = "worse"
    BETTER = "better"
    OTHER = "changed"
    NEW = "new"
    GONE = "gone"
    REASON = "reason"


@dataclass(frozen=True, slots=True)
class Change:
    """A case that is not as it was.

    Attributes:
        kind: what became of it.
        old: as it was; None if there was none.
        new: as it is; None if there is none any more.
    """

    kind: Kind
    old: Outcome | None
    new: Outcome | None

    @property
    def case(self) -> str:
        """Its id."""
        outcome = self.new or self.old
        return "" if outcome is None else outcome.case

    @property
    def says(self) -> str:
        """From which verdict to which, in words."""
        sides = [each.verdict.word for each in (self.old, self.new) if each is not None]
        if self.kind is Kind.REASON:
            return sides[0]
        return " -> ".join(sides)

    @property
    def why(self) -> str:
        """What differs now; of a case that was mended, what differed before."""
        outcome = self.new
        if self.new is None or (not self.new.because and self.old is not None):
            outcome = self.old
        return "" if outcome is None else outcome.because


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed.

    Attributes:
        versions: what is of another version: of what, before, now.
        cases: every case that is not as it was, in the order of the new report; what is gone last.
        same: how many cases are as they were.
    """

    versions: tuple[tuple[str, str, str], ...]
    cases: tuple[Change, ...]
    same: int

    def of(self, kind: Kind) -> tuple[Change, ...]:
        """The cases that became so."""
        return tuple(each for each in self.cases if each.kind is kind)

    @property
    def worse(self) -> bool:
        """Whether anything got worse."""
        return bool(self.of(Kind.WORSE))


def changes(old: Report, new: Report) -> Changes:
    """What changed from one report to another.

    Raises:
        WrongKind: if they are not of one kind.
    """
    one_kind((old, new))
    before = {each.case: each for each in old.outcomes}
    after = {each.case: each for each in new.outcomes}
    found: list[Change] = []
    same = 0
    for case, outcome in after.items():
        earlier = before.get(case)
        kind = _kind(earlier, outcome)
        if kind is Kind.NEW and new.kind is not ReportKind.CONFORMANCE and not outcome.expected:
            kind = Kind.WORSE
        if kind is None:
            same += 1
        else:
            found.append(Change(kind, earlier, outcome))
    found += [Change(Kind.GONE, each, None) for case, each in before.items() if case not in after]
    return Changes(tuple(_versions(old, new)), tuple(found), same)


def _kind(old: Outcome | None, new: Outcome) -> Kind | None:
    """What became of a case; None if it is as it was."""
    if old is None:
        return Kind.NEW
    if old.verdict is new.verdict:
        return _of_one_verdict(old, new)
    if new.verdict is Verdict.UNSUPPORTED:
        return Kind.WORSE if old.verdict in GOOD else Kind.OTHER
    if old.verdict is Verdict.UNSUPPORTED:
        return Kind.BETTER if new.verdict in GOOD else Kind.OTHER
    gained = _ORDER[new.verdict] - _ORDER[old.verdict]
    return Kind.BETTER if gained > 0 else Kind.WORSE if gained else Kind.OTHER


def _of_one_verdict(old: Outcome, new: Outcome) -> Kind | None:
    """What became of a case whose verdict is the same."""
    if old.flaky != new.flaky:
        return Kind.WORSE if new.flaky else Kind.BETTER
    alike = (old.because, old.where, old.ambiguity) == (new.because, new.where, new.ambiguity)
    return None if alike else Kind.REASON


def _versions(old: Report, new: Report) -> list[tuple[str, str, str]]:
    """What is of another version."""
    pairs = [
        ("target", old.label, new.label),
        ("otrspec", old.suite, new.suite),
        ("speaks", *(" ".join(map(str, each.speaks)) for each in (old, new))),
        ("capabilities", *(" ".join(each.capabilities) for each in (old, new))),
        ("dialects", *(" ".join(each.dialects) for each in (old, new))),
        ("settings", *(" ".join(s.setting for s in each.learned) for each in (old, new))),
        ("protocol", *(each.played.protocol if each.played else "" for each in (old, new))),
    ]
    texts = [{text.name: text.sha256[:16] for text in each.texts} for each in (old, new)]
    pairs += [
        (f"text {name}", texts[0][name], texts[1][name]) for name in texts[0] if name in texts[1]
    ]
    return [(what, before, now) for what, before, now in pairs if before != now]
