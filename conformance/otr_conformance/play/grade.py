"""Grading: the tables predict what the target does, and the observations are compared.

The prediction is the case played with the reference as the target. Where the text is ambiguous, a
target that follows the literal reading is not failed: the case is played once more with the
reference under that variant, and if the observations agree with it, the verdict is a note that
names the ambiguity.

What is compared, step by step:

- the kinds of messages that the target sent, in any order within a step. More Data Messages than
  predicted are accepted if they tell the tester's user nothing: heartbeats. So is an Error Message
  in answer to what the reference finds malformed, and that the tester's user is shown it;
- what the target told its user, of the reports that matter (`Tolerance`); other reports are a
  matter of taste. To say of a text that it was not sent is right wherever it was not. The text does
  not ask that users are told of a refreshed conversation, nor that it is told apart from a new one;
- what the tester's user was told on receiving what the target sent, and which checks failed there:
  all of it, since the tester is ours. A text that the tables predict to be sent belatedly, because
  it was stored, may be marked as such in front;
- which MAC keys the target made public, of those of messages that it accepted;
- which keys its Data Messages are under: for which key of the tester's, and how many of its own it
  has offered so far.

A heartbeat of the target's changes when keys are replaced. Where it has sent more Data Messages
than predicted, keys are not compared any more.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from otr_conformance.verdict import Verdict
from otr_model.kernel.variant import NONE, EditRow, Variant
from otr_reference.engine import Unprepared

from .case import Case, Cast, Level
from .labs import Lab
from .stage import AnyParty, AnyStage, Observation, Stuck

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from otr_model.trace import Fired

__all__ = ["AnyGrader", "Grader", "Played", "Result", "Tolerance", "difference"]

L = TypeVar("L", bound=Lab)
C = TypeVar("C", bound=Cast)
S = TypeVar("S", bound=AnyStage)

NOT_SENT = "warning not-sent"
REFRESHED = "still-"
RESENT = "resent"
PRIVATE_TEXT = "message private "
MALFORMED, ERROR_SENT, ERROR_SHOWN = "warning malformed", "Error", "error"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What of a protocol's observations is compared.

    Attributes:
        heartbeats: the kinds of Data Messages, of which a target may send more than predicted.
        texts: how the kinds of messages begin that can carry a text.
        compared: the first words of reports that every implementation must make alike.
        compared_in_full: further such reports, whole.
        compared_openings: how further such reports begin.
    """

    heartbeats: tuple[str, ...]
    texts: tuple[str, ...]
    compared: tuple[str, ...] = (
        *("message", "secure", "still-secure", "finished", "error", "extra-key"),
    )
    compared_in_full: tuple[str, ...] = ("warning unencrypted", "warning unreadable", NOT_SENT)
    compared_openings: tuple[str, ...] = ("smp asked", "smp success", "smp failure")


@dataclass(frozen=True, slots=True)
class Played:
    """A case as it was played.

    Attributes:
        observations: what was seen, step by step.
        stuck: why it could not go on; "" if it came to its end.
        fired: the rows that the target took, where it is the reference.
        tester_fired: the rows that the tester took.
        log: everything in order, for people.
    """

    observations: tuple[Observation, ...]
    stuck: str
    fired: tuple[Fired, ...]
    tester_fired: tuple[Fired, ...]
    log: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a case.

    Attributes:
        case: its id.
        verdict: one of the seven.
        because: what differs, in a sentence; "" for a pass.
        ambiguity: for a note, the ambiguity that is read the other way.
        log: what happened, for people.
    """

    case: str
    verdict: Verdict
    because: str = ""
    ambiguity: str = ""
    log: tuple[str, ...] = ()


def _concerns(variant: Variant, rows: Collection[str]) -> bool:
    """Whether a run that takes only these rows could be another one under the variant."""
    return any(
        not isinstance(edit, EditRow) or edit.when is not None or edit.row in rows
        for edit in variant.edits
    )


@dataclass(frozen=True, eq=False)
class Grader(Generic[L, C, S]):
    """Plays, predicts and grades the cases of a protocol.

    A target is made by what takes a lab and a cast.

    Attributes:
        set_stage: a stage on which nothing has happened yet.
        reference_target: the reference as the target, under a variant.
        terms: makes the lab to predict in.
        literal: the variant of each ambiguity whose literal reading can be run, by its id.
        tolerance: what of observations is compared.
    """

    set_stage: Callable[[L, C, Callable[[L, C], AnyParty]], S]
    reference_target: Callable[[Variant], Callable[[L, C], AnyParty]]
    terms: Callable[[], L]
    literal: Mapping[str, Variant]
    tolerance: Tolerance

    def play(self, case: Case[C, S], lab: L, target: Callable[[L, C], AnyParty]) -> Played:
        """Play a case with a target. Errors of the target's party are not caught."""
        stage = self.set_stage(lab, case.cast, target)
        stuck = ""
        try:
            case.play(stage)
        except Stuck as reason:
            stuck = str(reason)
        return _played(stage, stuck)

    def predict(self, case: Case[C, S], lab: L, variant: Variant = NONE) -> Played:
        """What the tables say that a target does."""
        return self._predicted(case, lab, variant)

    def grade(self, case: Case[C, S], lab: L, target: Callable[[L, C], AnyParty]) -> Result:
        """Play a case with a target, and compare with the prediction.

        A target that is the reference under a faulty variant may need data that is not there; that
        is a crash. Errors of other parties are for the caller.
        """
        oracle = self.predicting(case, lab)
        predicted = self.predict(case, oracle)
        if predicted.stuck:
            return Result(case.id, Verdict.HARNESS_ERROR, f"the case is stuck: {predicted.stuck}")
        try:
            seen = self.play(case, lab, target)
        except Unprepared as error:
            return Result(case.id, Verdict.CRASH, str(error))
        because = self.difference(predicted, seen)
        if not because:
            return Result(case.id, Verdict.PASS, log=seen.log)
        rows = {each.row for each in predicted.fired}
        for ambiguity, variant in self.literal.items():
            if not _concerns(variant, rows):
                continue
            try:
                literal = self.predict(case, oracle, variant)
            except Unprepared:  # the letter leads where nothing says how to go on
                continue
            differs = literal.observations != predicted.observations
            if differs and not self.difference(literal, seen):
                return Result(case.id, Verdict.NOTE, because, ambiguity, seen.log)
        verdict = Verdict.FAIL if case.level is Level.MUST else Verdict.NOTE
        return Result(case.id, verdict, because, log=seen.log)

    def predicting(self, case: Case[C, S], lab: L) -> L:
        """The lab to predict in: terms, which observe the same in a tenth of the time.

        A target whose OTR is disabled shows messages of OTR as they are, which only bytes can tell.
        """
        return self._terms if case.cast.versions else lab

    def difference(self, expected: Played, seen: Played) -> str:
        """The first difference that matters, in a sentence; "" if there is none."""
        return difference(self.tolerance, expected, seen)

    @cached_property
    def _terms(self) -> L:
        return self.terms()

    @cached_property
    def _predicted(self) -> Callable[[Case[C, S], L, Variant], Played]:
        @lru_cache(maxsize=8192)
        def predicted(case: Case[C, S], lab: L, variant: Variant) -> Played:
            return self.play(case, lab, self.reference_target(variant))

        return predicted


AnyGrader = Grader[Any, Any, Any]


def _played(stage: AnyStage, stuck: str) -> Played:
    return Played(
        tuple(stage.observations),
        stuck,
        tuple(stage.fired),
        tuple(stage.tester_fired),
        tuple(stage.log),
    )


def difference(tolerance: Tolerance, expected: Played, seen: Played) -> str:
    """The first difference that matters, in a sentence; "" if there is none."""
    revealed, keys = _Revealed(), _Keys()
    resent = False
    errors = ahead = 0
    for want, got in zip(expected.observations, seen.observations, strict=False):
        resent = resent or RESENT in want.reports
        ahead += _data_messages(tolerance, got) - _data_messages(tolerance, want)
        missing_wires, extra_wires = _wires(tolerance, want.wires, got.wires)
        if MALFORMED in want.reports:
            errors += _without(extra_wires, ERROR_SENT, len(extra_wires))
        missing_peer, extra_peer = _peer(want.peer, got.peer, resent=resent)
        errors -= _without(extra_peer, ERROR_SHOWN, errors)
        for what, missing, extra in (
            ("the target sent", missing_wires, extra_wires),
            ("the target's user was told", *_reports(tolerance, want, got)),
            ("the tester's user was told", missing_peer, extra_peer),
            ("the tester found wrong", *_both(want.failed, got.failed)),
            ("the target revealed", *revealed.compare(want, got, ahead)),
            ("the target used", *keys.compare(want, got, ahead)),
        ):
            if missing or extra:
                return f"{want.step}: {what} {_sentence(missing, extra)}"
    if seen.stuck:
        return seen.stuck
    return ""


@dataclass(slots=True)
class _Revealed:
    """The MAC keys that became public so far."""

    wanted: frozenset[int] = frozenset()
    found: frozenset[int] = frozenset()
    refused: frozenset[int] = frozenset()

    def compare(
        self, want: Observation, got: Observation, ahead: int
    ) -> tuple[list[str], list[str]]:
        """One step on: what is missing, and what comes too early.

        `ahead`: how many Data Messages the target has sent beyond those that were predicted.
        """
        self.refused |= frozenset(want.refused)
        self.wanted |= frozenset(want.revealed) - self.refused
        self.found |= frozenset(got.revealed) - self.refused
        if ahead > 0:
            return [], []
        return [_mac_key(n) for n in sorted(self.wanted - self.found)], [
            _mac_key(n) for n in sorted(self.found - self.wanted)
        ]


@dataclass(slots=True)
class _Keys:
    """How many keys of its own the target has offered so far."""

    wanted: int = 0
    found: int = 0

    def compare(
        self, want: Observation, got: Observation, ahead: int
    ) -> tuple[list[str], list[str]]:
        """One step on: what is missing, and what is not as predicted; `ahead` as above."""
        self.wanted += want.renewed
        self.found += got.renewed
        missing = [key for key in want.addressed if key not in got.addressed]
        extra = [key for key in got.addressed if key not in want.addressed]
        if self.found < self.wanted:
            missing.append("new key of its own")
        if self.found > self.wanted:
            extra.append("a new key of its own")
        return ([], []) if ahead > 0 else (missing, extra)


def _data_messages(tolerance: Tolerance, observation: Observation) -> int:
    return sum(kind in tolerance.heartbeats for kind in observation.wires)


def _mac_key(number: int) -> str:
    return f"MAC key of the tester's Data Message {number}"


def _matter(tolerance: Tolerance, reports: Iterable[str]) -> tuple[str, ...]:
    """The reports that are compared."""
    return tuple(
        report.removeprefix(REFRESHED)
        for report in reports
        if report.split(" ", 1)[0] in tolerance.compared
        or report in tolerance.compared_in_full
        or report.startswith(tolerance.compared_openings)
    )


def _both(want: Iterable[str], got: Iterable[str]) -> tuple[list[str], list[str]]:
    wanted, found = Counter(want), Counter(got)
    return sorted((wanted - found).elements()), sorted((found - wanted).elements())


def _reports(
    tolerance: Tolerance, want: Observation, got: Observation
) -> tuple[list[str], list[str]]:
    missing, extra = _both(_matter(tolerance, want.reports), _matter(tolerance, got.reports))
    refreshed = [r.removeprefix(REFRESHED) for r in want.reports if r.startswith(REFRESHED)]
    missing = [report for report in missing if report not in refreshed]
    if not any(kind.startswith(tolerance.texts) for kind in got.wires):
        extra = [report for report in extra if report != NOT_SENT]
    return missing, extra


def _peer(want: Iterable[str], got: Iterable[str], *, resent: bool) -> tuple[list[str], list[str]]:
    missing, extra = _both(want, got)
    for report in list(missing) if resent else ():
        marked = next((found for found in extra if _marks(found, report)), None)
        if marked is not None:
            missing.remove(report)
            extra.remove(marked)
    return missing, extra


def _marks(found: str, report: str) -> bool:
    """Whether both say that a private text was shown, the first with something in front of it."""
    texts = [said.removeprefix(PRIVATE_TEXT) for said in (found, report)]
    return texts[0] != found and texts[1] != report and texts[0].endswith(f" {texts[1]}")


def _without(found: list[str], what: str, most: int) -> int:
    """Take something out of a list, so many times at most; how many times it was there."""
    count = min(found.count(what), most)
    for _ in range(count):
        found.remove(what)
    return count


def _wires(
    tolerance: Tolerance, want: Iterable[str], got: Iterable[str]
) -> tuple[list[str], list[str]]:
    missing, extra = _both(want, got)
    return missing, [kind for kind in extra if kind not in tolerance.heartbeats]


def _sentence(missing: list[str], extra: list[str]) -> str:
    parts = []
    if extra:
        parts.append(f"{', '.join(extra)}, which was not expected")
    if missing:
        parts.append(f"no {', no '.join(missing)}")
    return " and ".join(parts)
