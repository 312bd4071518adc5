"""Whether somebody can tell a mutant from the reference by going on where cases end.

What a mutant keeps may differ at the end of a case, and nothing that happened shows it. So what
users and the network can do is done there (`otr_conformance.derive` has the moves): the reference
and the mutant go on in the same way, and what is seen is compared. Where it differs, the case and
what was done behind it are played and graded as one case.

Cases at whose end something inside differs come first. Where nothing does, only what makes the
reference look at a cell that is edited can tell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from itertools import permutations
from typing import TYPE_CHECKING, Any, Final

from otr_conformance.play.grade import Played
from otr_conformance.play.stage import Stuck
from otr_conformance.verdict import Verdict
from otr_model.kernel.variant import NONE

from .inside import kept_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from otr_conformance.derive.plan import AnyPlan
    from otr_conformance.play.case import AnyCase
    from otr_conformance.suite import AnySuite
    from otr_model.kernel.variant import Variant

__all__ = ["Extended", "Extending"]

LOOKED: Final = 40
"""Cases at whose end is looked."""
FOLLOWED: Final = 10
"""Cases that go on."""
GRADED: Final = 30
"""So many differences are graded: when all are let pass, the next will be, too."""
COMBINED: Final = 2
"""Of these, so many go on with two ways, one behind the other."""

Moves = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Extended:
    """What came of going on.

    Attributes:
        cases: how many cases went on.
        ways: in how many ways.
        case: the case that told the mutant from the reference; "" if none did.
        moves: what is done behind it.
        verdict: what the case and these moves say of the mutant.
        because: why; for a pass, what was let pass, by name.
    """

    cases: int
    ways: int
    case: str = ""
    moves: Moves = ()
    verdict: Verdict | None = None
    because: str = ""

    @property
    def says(self) -> str:
        """What was found, in a sentence."""
        if self.case:
            return f"{self.case}, and then “{', '.join(self.moves)}”: {self.because}"
        return f"nor where {self.cases} cases went on in {self.ways} ways"


@dataclass(frozen=True, slots=True)
class _End:
    """Where a case ends, with the reference.

    Attributes:
        stage: the stage.
        kept: what the target keeps.
        ways: what comes of each way of going on, and the rows that are taken; None: it cannot be
            done.
    """

    stage: Any
    kept: Mapping[str, object]
    ways: dict[Moves, tuple[Played, frozenset[str]] | None]


class Extending:
    """Goes on where cases end.

    Args:
        name: the protocol's.
        suite: the protocol's.
    """

    def __init__(self, name: str, suite: AnySuite) -> None:
        self.suite = suite
        self._plan: AnyPlan = import_module(f"otr_conformance.{name}.plan").PLAN
        self._lab = suite.terms()
        self._ends: dict[str, _End | None] = {}

    def told(
        self, variant: Variant, cases: Iterable[AnyCase], concerned: frozenset[str] | None
    ) -> Extended:
        """Go on until somebody can tell.

        Args:
            variant: the mutant.
            cases: whose ends are looked at, the most promising first.
            concerned: the rows of the cells that are edited; None: it may differ anywhere.
        """
        ends = self._places(variant, cases)
        tried = graded = 0
        best: Extended | None = None
        for at, (case, mine, differs) in enumerate(ends):
            for moves in self._ways(combined=at < COMBINED):
                known = self._way(case, moves)
                if known is None:
                    continue
                right, rows = known
                if not (differs or concerned is None or rows & concerned):
                    continue
                tried += 1
                if not self._differs(right, mine, moves):
                    continue
                graded += 1
                if graded > GRADED:
                    return best or Extended(at + 1, tried)
                verdict, because = self._graded(case, moves, variant)
                found = Extended(at + 1, tried, case.id, moves, verdict, because)
                if verdict is Verdict.FAIL:
                    return found
                if because and (best is None or best.verdict is Verdict.PASS):
                    best = found
        return best or Extended(len(ends), tried)

    def forget(self) -> None:
        """Forget what was computed: it was interrupted."""
        self._lab = self.suite.terms()
        self._ends.clear()

    def _places(
        self, variant: Variant, cases: Iterable[AnyCase]
    ) -> list[tuple[AnyCase, Any, bool]]:
        """Cases, where each ends with a mutant, and whether something inside differs there."""
        found: list[tuple[AnyCase, Any, bool]] = []
        for case in list(cases)[:LOOKED]:
            end = self._end(case)
            mine = self._ended(case, variant) if end is not None else None
            if end is not None and mine is not None:
                kept = dict(kept_by(mine.target.conversation))
                found.append((case, mine, kept != end.kept))
        found.sort(key=lambda place: not place[2])
        return found[:FOLLOWED]

    def _end(self, case: AnyCase) -> _End | None:
        if case.id not in self._ends:
            stage = self._ended(case, NONE)
            kept = {} if stage is None else dict(kept_by(stage.target.conversation))
            self._ends[case.id] = None if stage is None else _End(stage, kept, {})
        return self._ends[case.id]

    def _ended(self, case: AnyCase, variant: Variant) -> Any:  # noqa: ANN401 - a stage of any protocol
        """The stage at the end of a case; None if it does not come to its end."""
        grader = self.suite.grader
        stage = grader.set_stage(self._lab, case.cast, grader.reference_target(variant))
        try:
            case.play(stage)
        except Exception:  # noqa: BLE001 - a mutant may break in any way, and was seen to
            return None
        return self._plan.fork(stage)

    def _ways(self, *, combined: bool) -> Iterator[Moves]:
        """What is done: each probe, then two of them."""
        probes = self._plan.probes
        yield from probes
        if combined:
            for first, second in permutations(probes, 2):
                yield first + second

    def _way(self, case: AnyCase, moves: Moves) -> tuple[Played, frozenset[str]] | None:
        """What comes of going on with the reference."""
        end = self._end(case)
        if end is None:
            return None
        if moves not in end.ways:
            stage = self._plan.fork(end.stage)
            done = self._goes_on(stage, moves)
            rows = frozenset(fired.row for fired in stage.fired)
            end.ways[moves] = (Played(tuple(stage.observations), "", (), (), ()), rows)
            if not done:
                end.ways[moves] = None
        return end.ways[moves]

    def _goes_on(self, stage: Any, moves: Moves) -> bool:  # noqa: ANN401 - see above
        """Do what can be done; False where it cannot come to its end."""
        try:
            for name in moves:
                move = self._plan.moves[name]
                if move.when(stage):
                    move.play(stage)
        except Stuck:
            return False
        return True

    def _differs(self, right: Played, mine: Any, moves: Moves) -> bool:  # noqa: ANN401 - see above
        """Whether the mutant goes on otherwise."""
        stage = self._plan.fork(mine)
        try:
            done = self._goes_on(stage, moves)
        except Exception:  # noqa: BLE001 - a mutant may break in any way
            return True
        return not done or tuple(stage.observations) != right.observations

    def _graded(self, case: AnyCase, moves: Moves, variant: Variant) -> tuple[Verdict, str]:
        """What a case says that has these moves behind it."""

        def play(stage: Any) -> None:  # noqa: ANN401 - see above
            case.play(stage)
            self._goes_on(stage, moves)

        grader = self.suite.grader
        longer = replace(case, id=f"{case.id}+{'+'.join(moves)}", play=play)
        try:
            target = grader.reference_target(variant)
            result = grader.grade(longer, self._lab, target, explained=False)
        except Exception as error:  # noqa: BLE001 - see above
            return Verdict.CRASH, f"{type(error).__name__}: {error}"
        if result.verdict is Verdict.PASS:
            return result.verdict, ", ".join(result.alternatives)
        because = f"{result.because} ({result.ambiguity})" if result.ambiguity else result.because
        return result.verdict, because
