"""Grading: the tables predict what the target does, and the observations are compared.

The prediction is the case played with the reference as the target. `otr_conformance.play.compare`
says what of it is compared, and what may differ. Where the text is ambiguous, a target that follows
the literal reading is not failed: the case is played once more with the reference under that
variant, and if the observations agree with it, the verdict is a note that names the ambiguity.
Where no single one explains them, several are tried together. What none of them explains is judged
by the reading that explains most: its first difference is what the sentence is about, and not what
was only another reading before it. A reading may lead to where the text says nothing more: what a
target does that has gone so far is its own affair.

Whatever agrees, and however strongly the case is asked for: what the plaintext oracle objects to
(`otr_conformance.play.watch`) is a failure, unless the letter allows it. And a target that refuses
a message has to do so where the tables do, as far as anybody can see
(`otr_conformance.play.where`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from otr_conformance.verdict import Verdict
from otr_model.kernel.variant import NONE, BadVariant, EditRow, SkipCheck, Variant
from otr_model.kernel.vocabulary import Point
from otr_reference.engine import Unprepared

from .case import Case, Cast, Level
from .compare import Compared, Comparison, compare
from .labs import Lab
from .stage import UNLUCKY, AnyParty, AnyStage, Arrival, NoSuchMessage, Observation, Storm, Stuck
from .watch import Rule
from .where import ELSEWHERE, WARNINGS, Points, Rejection, points_of, rejections

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from otr_model.kernel.composition import Composition
    from otr_model.trace import Fired

    from .watch import AnyWatch, Violation

__all__ = ["AnyGrader", "Grader", "Played", "Result", "difference"]

L = TypeVar("L", bound=Lab)
C = TypeVar("C", bound=Cast)
S = TypeVar("S", bound=AnyStage)

_AMBIGUITY: Final = ".ambiguity:"
NOT_THERE: Final = "no such message could be refused there"
DRAWS: Final = 3
"""How often a case is played where the target's own randomness stands in the way."""
_EXPLAINED: Final = 4
"""So many refusals of a case are looked at to explain a difference."""
_TOGETHER: Final = 4
"""So many ambiguities are read to the letter at once, at most."""


@dataclass(frozen=True, slots=True)
class Played:
    """A case as it was played.

    Attributes:
        observations: what was seen, step by step.
        stuck: why it could not go on; "" if it came to its end.
        fired: the rows that the target took, where it is the reference.
        tester_fired: the rows that the tester took.
        log: everything in order, for people.
        arrivals: what reached the target.
        marks: how many rows the target had taken at the end of each step.
        violations: what the plaintext oracle objects to.
        endless: whether it could not go on because there was no end to what was sent.
        cut_off: whether it ends where the tables say nothing more: a reading needs data that is not
            there.
    """

    observations: tuple[Observation, ...]
    stuck: str
    fired: tuple[Fired, ...]
    tester_fired: tuple[Fired, ...]
    log: tuple[str, ...]
    arrivals: tuple[Arrival, ...] = ()
    marks: tuple[int, ...] = ()
    violations: tuple[Violation, ...] = ()
    endless: bool = False
    cut_off: bool = False

    def rows(self, step: int) -> tuple[str, ...]:
        """The rows that the target took in a step, each once."""
        if not 0 <= step < len(self.marks):
            return ()
        begin = self.marks[step - 1] if step else 0
        return tuple(dict.fromkeys(each.row for each in self.fired[begin : self.marks[step]]))


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a case.

    Attributes:
        case: its id.
        verdict: one of the seven.
        because: what differs, in a sentence; "" for a pass.
        ambiguity: for a note, the ambiguity that is read the other way; several are separated by
            ", ". For a failure, what was read so before it.
        log: what happened, for people.
        where: of a case in which the target has to refuse something: where it did, as far as can be
            told; none where it did not refuse it, or nobody knows.
        alternatives: what was let pass, by name (`otr_conformance.play.compare.TOLERANCES`).
        rows: the rows that the tables predict in the step that differs.
    """

    case: str
    verdict: Verdict
    because: str = ""
    ambiguity: str = ""
    log: tuple[str, ...] = ()
    where: tuple[Point, ...] = ()
    alternatives: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()


def _concerns(variant: Variant, rows: Collection[str]) -> bool:
    """Whether a run that takes only these rows could be another one under the variant."""
    return any(
        not isinstance(edit, EditRow) or edit.when is not None or edit.row in rows
        for edit in variant.edits
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """A reading of the text, and how far it explains what was seen.

    Attributes:
        names: the ambiguities that are read to the letter; none: the reading is ours.
        variant: the reading, as the tables have it.
        predicted: what the tables say that a target does under it.
        found: how that compares with what was seen.
    """

    names: tuple[str, ...]
    variant: Variant
    predicted: Played
    found: Comparison

    @property
    def explains(self) -> bool:
        """Whether it explains all of it."""
        return not self.found.because

    @property
    def end(self) -> int:
        """The number of the step from which on it says nothing; -1: it says something of all."""
        return len(self.predicted.observations) if self.predicted.cut_off else -1

    @property
    def reach(self) -> tuple[bool, int, int, int]:
        """How much it explains: all of it, or so many steps and so much of the next."""
        found = self.found
        return self.explains, found.step, found.part, -found.amount


@dataclass(frozen=True, eq=False)
class Grader(Generic[L, C, S]):
    """Plays, predicts and grades the cases of a protocol.

    A target is made by what takes a lab and a cast.

    Attributes:
        set_stage: a stage on which nothing has happened yet.
        reference_target: the reference as the target, under a variant.
        terms: makes the lab to predict in.
        literal: the variant of each ambiguity whose literal reading can be run, by its id.
        compared: what of observations is compared.
        compositions: the tables, its own first: they say where messages are refused.
        watch: makes the plaintext oracle of a play; None: there is none.
    """

    set_stage: Callable[[L, C, Callable[[L, C], AnyParty]], S]
    reference_target: Callable[[Variant], Callable[[L, C], AnyParty]]
    terms: Callable[[], L]
    literal: Mapping[str, Variant]
    compared: Compared
    compositions: tuple[Composition, ...] = ()
    watch: Callable[[L, C], AnyWatch] | None = None

    def play(
        self,
        case: Case[C, S],
        lab: L,
        target: Callable[[L, C], AnyParty],
        *,
        watched: bool = False,
        mistaken: tuple[int, Point] | None = None,
    ) -> Played:
        """Play a case with a target. Errors of the target's party are not caught.

        Args:
            case: the case.
            lab: where.
            target: makes the target.
            watched: the plaintext oracle watches.
            mistaken: which arrival is made wrong on its way, and at which point.
        """
        stage = self._stage(case, lab, target, watched=watched)
        stage.mistaken = mistaken
        return _played(stage, _play(case, stage))

    def _stage(
        self, case: Case[C, S], lab: L, target: Callable[[L, C], AnyParty], *, watched: bool
    ) -> S:
        stage = self.set_stage(lab, case.cast, target)
        if case.pause:
            stage.pauses(case.pause)
        if watched and self.watch is not None:
            stage.watched(self.watch(lab, case.cast))
        return stage

    def predict(self, case: Case[C, S], lab: L, variant: Variant = NONE) -> Played:
        """What the tables say that a target does."""
        return self._predicted(case, lab, variant)

    def grade(
        self,
        case: Case[C, S],
        lab: L,
        target: Callable[[L, C], AnyParty],
        *,
        explained: bool = True,
    ) -> Result:
        """Play a case with a target, and compare with the prediction.

        A target that is the reference under a faulty variant may need data that is not there; that
        is a crash. Errors of other parties are for the caller.

        Args:
            case: the case.
            lab: where.
            target: makes the target.
            explained: it is asked where the target refused what it has to refuse, which takes time;
                otherwise results say nothing about it.
        """
        try:
            seen = self.seen(case, lab, target)
        except Unprepared as error:
            return Result(case.id, Verdict.CRASH, str(error))
        return self.judged(case, lab, seen, explained=explained)

    def seen(self, case: Case[C, S], lab: L, target: Callable[[L, C], AnyParty]) -> Played:
        """A case as a target plays it; again, where the target's randomness stood in the way."""
        for _ in range(DRAWS - 1):
            seen = self.play(case, lab, target, watched=True)
            if seen.stuck != UNLUCKY:
                return seen
        return self.play(case, lab, target, watched=True)

    def judged(self, case: Case[C, S], lab: L, seen: Played, *, explained: bool = True) -> Result:
        """Compare what was seen of a target (`seen`) with the prediction; see `grade`.

        It takes no more than a number of plays with the reference: the target does nothing here.
        """
        oracle = self.predicting(case, lab)
        predicted = self.predict(case, oracle)
        if predicted.stuck:
            return Result(case.id, Verdict.HARNESS_ERROR, f"the case is stuck: {predicted.stuck}")
        if seen.stuck == UNLUCKY:
            because = f"{UNLUCKY}, {DRAWS} times: nothing is said about the target"
            return Result(case.id, Verdict.HARNESS_ERROR, because, log=seen.log)
        grading = _Grading(self, case, oracle, predicted, seen)
        return grading.result(explained=explained)

    def predicting(self, case: Case[C, S], lab: L) -> L:
        """The lab to predict in: terms, which observe the same in a tenth of the time.

        A target whose OTR is disabled shows messages of OTR as they are, which only bytes can tell.
        """
        return self._terms if case.cast.versions else lab

    def difference(self, expected: Played, seen: Played) -> str:
        """The first difference that matters, in a sentence; "" if there is none."""
        return difference(self.compared, expected, seen)

    @cached_property
    def points(self) -> Points:
        """Where the checks and rows of the tables refuse."""
        return points_of(*self.compositions)

    def rejected(self, case: Case[C, S], lab: L) -> tuple[Rejection, ...]:
        """What the tables refuse in a case, in order."""
        predicted = self.predict(case, self.predicting(case, lab))
        return tuple(rejections(predicted.arrivals, predicted.fired, self.points))

    def elsewhere(
        self, case: Case[C, S], lab: L, arrival: int, point: Point, variant: Variant = NONE
    ) -> Played | None:
        """What the tables say that a target does which refuses an arrival at a point.

        None where nothing could be refused there.
        """
        return self._mistaken(case, self.predicting(case, lab), arrival, point, variant)

    def apart(
        self, case: Case[C, S], lab: L, rejection: Rejection, variant: Variant = NONE
    ) -> Mapping[Point, str]:
        """The points that a refusal is told apart from in a case: what would differ, for each."""
        oracle = self.predicting(case, lab)
        predicted = self.predict(case, oracle, variant)
        found: dict[Point, str] = {}
        for point in ELSEWHERE:
            if point is not rejection.point:
                other = self._mistaken(case, oracle, rejection.arrival, point, variant)
                because = self.difference(predicted, other) if other is not None else NOT_THERE
                if because:
                    found[point] = because
        return found

    @cached_property
    def _terms(self) -> L:
        return self.terms()

    @cached_property
    def _predicted(self) -> Callable[[Case[C, S], L, Variant], Played]:
        @lru_cache(maxsize=8192)
        def predicted(case: Case[C, S], lab: L, variant: Variant) -> Played:
            return self.play(case, lab, self.reference_target(variant))

        return predicted

    def read(self, case: Case[C, S], lab: L, variant: Variant, *, watched: bool = False) -> Played:
        """What the tables say that a target does under a variant, as far as they say anything."""
        return self._read(case, lab, variant, watched)

    @cached_property
    def _read(self) -> Callable[[Case[C, S], L, Variant, bool], Played]:
        @lru_cache(maxsize=8192)
        def read(case: Case[C, S], lab: L, variant: Variant, watched: bool) -> Played:  # noqa: FBT001 - it is cached
            stage = self._stage(case, lab, self.reference_target(variant), watched=watched)
            try:
                return _played(stage, _play(case, stage))
            except Unprepared:
                return _cut_off(_played(stage, None))

        return read

    @cached_property
    def _mistaken(self) -> Callable[[Case[C, S], L, int, Point, Variant], Played | None]:
        @lru_cache(maxsize=2048)
        def mistaken(
            case: Case[C, S], lab: L, arrival: int, point: Point, variant: Variant
        ) -> Played | None:
            target = self.reference_target(variant)
            try:
                return self.play(case, lab, target, mistaken=(arrival, point))
            except NoSuchMessage:
                return None

        return mistaken


AnyGrader = Grader[Any, Any, Any]


@dataclass(frozen=True)
class _Grading(Generic[L, C, S]):
    """One case that was played, to be graded.

    Attributes:
        grader: that of the protocol.
        case: the case.
        oracle: the lab to predict in.
        predicted: what the tables predict.
        seen: what was seen.
    """

    grader: Grader[L, C, S]
    case: Case[C, S]
    oracle: L
    predicted: Played
    seen: Played

    def result(self, *, explained: bool) -> Result:
        """The verdict."""
        ours = self._compared((), NONE, self.predicted)
        if not (ours.found.because or self.seen.stuck):
            return self._agrees(ours, "", explained=explained)
        reading = self._explaining(ours)
        because = reading.found.because or self._stuck(reading)
        if not because:
            return self._agrees(reading, ours.found.because, explained=explained)
        verdict = Verdict.FAIL if self.case.level is Level.MUST else Verdict.NOTE
        objections = self._objections(reading)
        if objections:
            verdict, because = Verdict.FAIL, f"{because}; {objections[0].sentence}"
        where: tuple[Point, ...] = ()
        if explained:
            where, why = self._explained(reading)
            because = f"{because}; {why}" if why else because
        return self._done(verdict, f"{because}{_until(reading)}", reading, where=where)

    def _stuck(self, reading: _Reading) -> str:
        """Why the case could not go on; "" where it could not with anybody who reads so.

        Then the case needs a message that is not sent under that reading. Exchanges without an end
        are nobody's right.
        """
        predicted = reading.predicted
        alike = reading.names and predicted.stuck == self.seen.stuck and not predicted.endless
        return "" if alike else self.seen.stuck

    def _agrees(self, reading: _Reading, differs: str, *, explained: bool) -> Result:
        """Everything is as predicted under a reading, or may be otherwise.

        Args:
            reading: the reading.
            differs: what differs from ours.
            explained: see `Grader.grade`.
        """
        objections = self._objections(reading)
        if objections:
            because = f"{objections[0].sentence}{_until(reading)}"
            return self._done(Verdict.FAIL, because, reading)
        where: tuple[Point, ...] = ()
        if explained:
            rejection = self._subject(reading)
            if rejection is not None:
                where, wrong = self._where(reading, rejection)
                if wrong:
                    because = f"{wrong}{_until(reading)}"
                    return self._done(Verdict.FAIL, because, reading, where=where)
        named = self.grader.compared.sources
        sources = (named.get(name, "") for name in reading.found.alternatives)
        holes = tuple(source for source in sources if _AMBIGUITY in source)
        if reading.names or holes:
            because = (
                differs or f"makes use of what is let pass: {', '.join(reading.found.alternatives)}"
            )
            return self._done(Verdict.NOTE, because, reading, where=where, holes=holes)
        return self._done(Verdict.PASS, "", reading, where=where)

    def _done(
        self,
        verdict: Verdict,
        because: str,
        reading: _Reading,
        *,
        where: tuple[Point, ...] = (),
        holes: tuple[str, ...] = (),
    ) -> Result:
        return Result(
            self.case.id,
            verdict,
            because,
            ", ".join(dict.fromkeys((*reading.names, *holes))),
            self.seen.log,
            where,
            reading.found.alternatives,
            reading.predicted.rows(reading.found.step),
        )

    def _objections(self, reading: _Reading) -> tuple[Violation, ...]:
        """What the plaintext oracle objects to, beyond what the reading allows.

        Where a case does not demand that a message is refused, nor is it demanded here.
        """
        found = self.seen.violations
        if self.case.level is not Level.MUST:
            found = tuple(each for each in found if each.rule is not Rule.CHECKED)
        if not (found and reading.names):
            return found
        played = self.grader.read(self.case, self.oracle, reading.variant, watched=True)
        allowed = played.violations
        return tuple(each for each in found if each not in allowed)

    # The letter.

    def _compared(self, names: tuple[str, ...], variant: Variant, predicted: Played) -> _Reading:
        found = compare(self.grader.compared, predicted.observations, self.seen.observations)
        return _Reading(names, variant, predicted, found)

    def _explaining(self, ours: _Reading) -> _Reading:
        """The reading that explains most of what was seen; of several, the plainest."""
        best, level = ours, [] if ours.explains else [ours]
        for depth in range(_TOGETHER):
            tried: set[tuple[str, ...]] = set()
            level = [more for each in level for more in self._with_one_more(each, tried)]
            found = max(level, key=self._rank, default=best)
            if self._rank(found) > self._rank(best):
                best = found
            elif depth:
                break
            if self._rank(best)[1]:
                break
            level = [best] if depth else level
        return best

    def _rank(self, reading: _Reading) -> tuple[tuple[bool, int, int, int], bool]:
        """How good a reading is: how much it explains, and whether its texts are all right."""
        return reading.reach, reading.explains and not self._objections(reading)

    def _with_one_more(self, start: _Reading, tried: set[tuple[str, ...]]) -> Iterator[_Reading]:
        """The same with one more ambiguity read to the letter, where that changes anything."""
        literal = self.grader.literal
        rows = {each.row for each in start.predicted.fired}
        for name, variant in literal.items():
            names = tuple(each for each in literal if each in {*start.names, name})
            if names in tried or name in start.names or not _concerns(variant, rows):
                continue
            tried.add(names)
            together = _together([literal[each] for each in names])
            if together is None:
                continue
            predicted = self.grader.read(self.case, self.oracle, together)
            if predicted.observations == start.predicted.observations:
                continue
            found = self._compared(names, together, predicted)
            if not found.explains or found.end < 0 or 0 <= start.found.step <= found.end:
                yield found

    # Where it refused.

    def _rejections(self, reading: _Reading) -> tuple[Rejection, ...]:
        played = reading.predicted
        return tuple(rejections(played.arrivals, played.fired, self.grader.points))

    def _subject(self, reading: _Reading) -> Rejection | None:
        """The refusal that the case is about: that of a check, or else the first."""
        found = self._rejections(reading)
        return next((each for each in found if each.check), next(iter(found), None))

    def _where(self, reading: _Reading, rejection: Rejection) -> tuple[tuple[Point, ...], str]:
        """Where the target refused it, as far as can be told; and what is wrong with that."""
        apart = self.grader.apart(self.case, self.oracle, rejection, reading.variant)
        alike = self.grader.points.alike.get(rejection.check, frozenset({rejection.point}))
        points = alike | {point for point in ELSEWHERE if point not in apart}
        points |= {Point.POLICY} if Point.STATE in points else frozenset()
        asked = reading.predicted.observations[rejection.step].reports
        for said in self.seen.observations[rejection.step].reports:
            if said in WARNINGS and said not in asked:
                points &= WARNINGS[said]
                if rejection.point not in WARNINGS[said]:
                    return _sorted(points), (
                        f"{self.seen.observations[rejection.step].step}: the target's user was "
                        f"told {said.partition(' ')[2]}, where the message is to be refused for "
                        f"{rejection.point.meaning}"
                    )
        return _sorted(points), ""

    def _explained(self, reading: _Reading) -> tuple[tuple[Point, ...], str]:
        """What explains a difference: another point, or a check that is not made."""
        for rejection in self._rejections(reading)[:_EXPLAINED]:
            check = self.grader.points.checks.get(rejection.check)
            if check is not None and not check.spec.structural and self._skips(reading, rejection):
                return (), f"it is as if this were not checked: {check.spec.about}"
            points = tuple(self._looks_like(reading, rejection))
            if points:
                words = " or ".join(point.meaning for point in points)
                return points, (
                    f"it is as if the message were refused for {words}, "
                    f"and not for {rejection.point.meaning}"
                )
        return (), ""

    def _looks_like(self, reading: _Reading, rejection: Rejection) -> Iterator[Point]:
        for point in ELSEWHERE:
            if point is rejection.point:
                continue
            other = self.grader.elsewhere(
                self.case, self.oracle, rejection.arrival, point, reading.variant
            )
            if other is not None and not self.grader.difference(other, self.seen):
                yield point

    def _skips(self, reading: _Reading, rejection: Rejection) -> bool:
        check = self.grader.points.checks[rejection.check]
        skip = Variant(f"skip {check.label}", "a check is not made", (SkipCheck(check),))
        variant = _together([reading.variant, skip]) if reading.names else skip
        if variant is None:
            return False
        try:
            skipping = self.grader.predict(self.case, self.oracle, variant)
        except (Unprepared, BadVariant):  # a check of an older version, which tables within make
            return False
        return not self.grader.difference(skipping, self.seen)


def _until(reading: _Reading) -> str:
    """What was only another reading before something was wrong."""
    names = " and ".join(reading.names)
    return f"; until then it follows the letter of {names}" if names else ""


def _sorted(points: Collection[Point]) -> tuple[Point, ...]:
    return tuple(point for point in Point if point in points)


def _together(variants: Sequence[Variant]) -> Variant | None:
    """All of some variants; None where two are about the same row."""
    if len(variants) == 1:
        return variants[0]
    rows = [edit.row for each in variants for edit in each.edits if isinstance(edit, EditRow)]
    if len(rows) != len(set(rows)):
        return None
    edits = tuple(edit for each in variants for edit in each.edits)
    return Variant(", ".join(each.name for each in variants), variants[0].about, edits)


def _play(case: Case[Any, S], stage: S) -> Stuck | None:
    """Play a case to its end, or until it cannot go on: why."""
    try:
        case.play(stage)
    except Stuck as reason:
        return reason
    return None


def _played(stage: AnyStage, stuck: Stuck | None) -> Played:
    return Played(
        tuple(stage.observations),
        "" if stuck is None else str(stuck),
        tuple(stage.fired),
        tuple(stage.tester_fired),
        tuple(stage.log),
        tuple(stage.arrivals),
        tuple(stage.marks),
        () if stage.watch is None else tuple(stage.watch.violations),
        isinstance(stuck, Storm),
    )


def _cut_off(played: Played) -> Played:
    """What was played, without the step in which it could not go on."""
    steps = len(played.observations) - 1
    return replace(
        played, observations=played.observations[:steps], marks=played.marks[:steps], cut_off=True
    )


def difference(compared: Compared, expected: Played, seen: Played) -> str:
    """The first difference that matters, in a sentence; "" if there is none."""
    found = compare(compared, expected.observations, seen.observations)
    return found.because or seen.stuck
