"""Induction: a claim holds at first, and every row keeps it.

All claims are supposed before a step, and each is proved after it. A claim that fails is not
supposed any more, and those whose proofs used it are proved again; in the end, what is supposed is
what is proved, so that nothing rests on something that failed. The solver says which of the claims
it used.

One step is always enough to look back (k = 1). What earlier rows of a run have left behind is in
the queue, which is part of the state; and since other members may do something in between, looking
back further would tell nothing of the observed one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from time import perf_counter
from typing import TYPE_CHECKING, Final

from otr_check import smt
from otr_model.kernel.guard import Guard

from .claims import Action, Grows, Invariant, Kept, Possible, Prepared, held
from .results import Failure, Outcome, Result, Taken, Trail
from .system import Case

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .claims import Claim
    from .system import Scene, Step, System

__all__ = ["prove_claims", "prove_with_rows"]


OTHERS: Final = frozenset({Case.MASTER, Case.OTHER, Case.OTHER_THAN_MASTER})
"""Cases in which another member takes the row."""


@dataclass(slots=True)
class _Question:
    """One claim at one step.

    Attributes:
        claim: its id.
        step: the number of the step; -1: the beginning.
        used: ids of the claims that were supposed and needed, once it is proved.
        failure: what refutes it.
    """

    claim: str
    step: int
    used: frozenset[str] = frozenset()
    failure: Failure | None = None


@dataclass(slots=True)
class _Tally:
    """What is known of a claim so far."""

    claim: Claim
    seconds: float = 0.0
    questions: list[_Question] = field(default_factory=list)
    example: Trail | None = None

    @property
    def failure(self) -> Failure | None:
        """The first that is known."""
        return next((q.failure for q in self.questions if q.failure is not None), None)

    @property
    def used(self) -> Counter[str]:
        """How often each other claim was needed."""
        return Counter(name for q in self.questions for name in q.used)


class _Induction:
    """The claims of a composition, put to the solver step by step."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.solver = smt.Solver()
        self.tallies = {claim.id: _Tally(claim) for claim in system.claims.claims}
        self.invariants = {c.id: c for c in system.claims.claims if isinstance(c, Invariant)}
        self.places = {name: c.places for name, c in self.invariants.items()}
        self.switches = {name: smt.unknown_truth(f"supposing {name}") for name in self.invariants}
        self.steps = sorted(system.steps(), key=lambda step: list(Case).index(step.case))
        self.quiet = {n for n, places in self.places.items() if not any(map(_waits, places))}
        self.failed: set[str] = set()

    def run(self) -> None:
        """Ask everything, and again what rested on something that failed."""
        self._beginnings()
        for tally in self.tallies.values():
            if isinstance(tally.claim, Possible):
                self._possible(tally.claim)
        self._ask_all({number: tuple(self.tallies) for number in range(len(self.steps))})
        known: set[str] = set()
        while True:
            self.failed = {n for n, t in self.tallies.items() if t.failure is not None}
            new, known = self.failed - known, set(self.failed)
            if not new:
                return
            again: dict[int, list[str]] = {}
            for name, tally in self.tallies.items():
                for question in tally.questions:
                    if question.used & new:
                        again.setdefault(question.step, []).append(name)
            for number, names in again.items():
                for name in names:
                    tally = self.tallies[name]
                    tally.questions = [q for q in tally.questions if q.step != number]
            self._ask_all({n: tuple(dict.fromkeys(names)) for n, names in again.items()})

    def _ask_all(self, questions: Mapping[int, tuple[str, ...]]) -> None:
        """Ask about some claims at some steps, case by case."""
        for case, numbers in groupby(sorted(questions), lambda number: self.steps[number].case):
            scene = self.system.scene(case)
            with self.solver.supposing(*scene.known, *self._of_scene(scene)):
                for number in numbers:
                    self._ask(number, questions[number])

    def _beginnings(self) -> None:
        for supposed, values in self.system.beginnings():
            reader = self.system.reader(values)
            with self.solver.supposing(*supposed):
                for name, claim in self.invariants.items():
                    question = _Question(name, -1)
                    model = self.solver.example(smt.negation(reader.truth_of(claim.holds)))
                    if model is not None:
                        question.failure = Failure("the beginning", "", ())
                    self.tallies[name].questions.append(question)

    def _ask(self, number: int, names: tuple[str, ...]) -> None:
        step = self.steps[number]
        goals = list(self._goals(step, names))
        if not goals:
            return
        with self.solver.supposing(*step.suppose()):
            for name, refuted in goals:
                began = perf_counter()
                question = _Question(name, number)
                switches = {n: s for n, s in self.switches.items() if n not in self.failed}
                answer = self.solver.example_under(refuted, switches)
                if isinstance(answer, frozenset):
                    question.used = answer
                else:
                    question.failure = self._failure(step, refuted, answer)
                tally = self.tallies[name]
                tally.questions.append(question)
                tally.seconds += perf_counter() - began

    def _of_scene(self, scene: Scene) -> Iterator[smt.BoolRef]:
        """The claims before any step of a case: of all members that it concerns."""
        names = self.invariants.keys() - self.failed
        observed = self.system.reader(scene.before.values)
        for name in names:
            yield smt.follows(self.switches[name], observed.truth_of(self.invariants[name].holds))
        if scene.actor is None:
            return
        shared = {**scene.before.master, **scene.before.shared}
        actor = self.system.reader({**scene.actor, **shared})
        for name in names & self.quiet:
            yield smt.follows(self.switches[name], actor.truth_of(self.invariants[name].holds))

    def _goals(self, step: Step, names: tuple[str, ...]) -> Iterator[tuple[str, smt.BoolRef]]:
        """What must not be possible, for each of the claims that the step concerns."""
        changed = step.changed
        after = self.system.reader(step.after.values)
        for name in names:
            claim = self.tallies[name].claim
            match claim:
                case Invariant():
                    if self.places[name] & changed:
                        yield name, smt.negation(after.truth_of(claim.holds))
                case Action():
                    yield from ((name, goal) for goal in self._of_action(claim, step))
                case Kept():
                    yield from ((name, goal) for goal in self._of_kept(claim, step))
                case Grows():
                    yield from ((name, goal) for goal in self._of_growth(claim, step))
                case Prepared():
                    yield from ((name, goal) for goal in self._of_needs(step))
                case _:
                    pass

    def _of_action(self, claim: Action, step: Step) -> Iterator[smt.BoolRef]:
        if step.row is None or not step.case.itself:
            return
        if claim.on and step.row.on not in claim.on:
            return
        moments = [values for effect, values in step.effects if effect in claim.effects]
        if any(each.event in claim.raises for each in step.row.raises):
            moments.append({})
        for values in moments:
            reader = self.system.reader({**step.before.values, **values})
            then = claim.then
            holds = reader.guard(then) if isinstance(then, Guard) else reader.truth_of(then)
            yield smt.negation(holds)

    def _of_growth(self, claim: Grows, step: Step) -> Iterator[smt.BoolRef]:
        if step.row is None or not claim.places & step.changed:
            return
        before = self.system.reader(step.before.values)
        after = self.system.reader(step.after.values)
        less: list[smt.BoolRef] = []
        same: list[smt.BoolRef] = []
        for value in claim.values:
            old, new = value.read(before), value.read(after)
            less.append(smt.all_of((*same, smt.less(new, old))))
            same.append(smt.equal(new, old))
        yield smt.any_of(less)

    def _of_kept(self, claim: Kept, step: Step) -> Iterator[smt.BoolRef]:
        row = step.row
        if row is None or not claim.means(row) or step.case in OTHERS:
            return
        when = self.system.reader(step.before.values).guard(claim.when)
        loud = (row.raises and not claim.raising) or any(
            effect.spec.writes or effect.spec.forgets
            for effect in row.do
            if effect not in claim.but
        )
        if loud:
            yield when
            return
        before, after = step.before.values, step.after.values
        different = [
            smt.negation(smt.same(before[place], after[place]))
            for place in sorted(step.changed)
            if not _waits(place) and place not in self.system.ghosts
        ]
        yield smt.all_of((when, smt.any_of(different)))

    def _of_needs(self, step: Step) -> Iterator[smt.BoolRef]:
        for effect, values in step.effects:
            if effect.spec.needs:
                there = map(self.system.reader(values).flag, map(held, effect.spec.needs))
                yield smt.negation(smt.all_of(there))

    def untaken(self) -> tuple[str, ...]:
        """The rows that no member can take, by what was proved."""
        rows = {step.row.id: False for step in self.steps if step.row is not None}
        switches = {n: s for n, s in self.switches.items() if n not in self.failed}
        for case, steps in groupby(self.steps, lambda step: step.case):
            if case in OTHERS:  # whoever takes a row can be observed
                continue
            scene = self.system.scene(case)
            with self.solver.supposing(*scene.known, *self._of_scene(scene)):
                for step in steps:
                    if step.row is None or rows[step.row.id]:
                        continue
                    answer = self.solver.example_under(smt.all_of(step.suppose()), switches)
                    rows[step.row.id] = not isinstance(answer, frozenset)
        return tuple(row for row, taken in rows.items() if not taken)

    def _possible(self, claim: Possible) -> None:
        """Look for a row that can be taken as the claim says."""
        tally = self.tallies[claim.id]
        began = perf_counter()
        for number, step in enumerate(self.steps):
            if not any(effect in claim.effects for effect, _ in step.effects):
                continue
            when = self.system.reader(step.before.values).truth_of(claim.when)
            with self.solver.supposing(*self.system.scene(step.case).known, *step.suppose()):
                model = self.solver.example(when)
            if model is not None and step.row is not None:
                tally.questions.append(_Question(claim.id, number))
                tally.seconds = perf_counter() - began
                values = tuple(
                    (str(name), self.system.shown(name, model.value(unknown)))
                    for name, unknown in sorted(smt.unknowns(when).items())
                )
                tally.example = Trail((Taken(step.row.id, 0, outside=True),), values)
                return
        failure = Failure("no row can be taken", "", ())
        tally.questions.append(_Question(claim.id, -1, failure=failure))

    def _failure(self, step: Step, refuted: smt.BoolRef, model: smt.Model) -> Failure:
        mentioned = set(smt.unknowns(refuted))
        shown: dict[str, str] = {}
        for place, value in {**step.before.values}.items():
            if _waits(place):
                if model.value(value):
                    shown[place] = self.system.shown(place, model.value(value))
                continue
            if mentioned & set(smt.unknowns(value)):
                shown[place] = self.system.shown(place, model.value(value))
        return Failure(
            step.name if step.row is None else step.row.id,
            step.case.meaning,
            tuple(sorted(shown.items())),
        )


def _waits(place: str) -> bool:
    """Whether a place says that an event waits."""
    return place.startswith(("member.pending ", "member.awaited ", "member.queued "))


def prove_claims(system: System) -> tuple[Result, ...]:
    """Prove what is claimed of a system.

    Raises:
        IllTyped: if a claim means nothing.
        Inconclusive: if the solver cannot tell.
    """
    return prove_with_rows(system)[0]


def prove_with_rows(system: System) -> tuple[tuple[Result, ...], tuple[str, ...]]:
    """Prove what is claimed of a system, and find the rows that the proved claims rule out.

    Raises:
        IllTyped: if a claim means nothing.
        Inconclusive: if the solver cannot tell.
    """
    induction = _Induction(system)
    induction.run()
    results = tuple(_result(tally) for tally in induction.tallies.values())
    return results, induction.untaken()


def _result(tally: _Tally) -> Result:
    failure = tally.failure
    return Result(
        tally.claim,
        Outcome.PROVED if failure is None else Outcome.OPEN,
        1,
        tally.seconds,
        len(tally.questions),
        tuple(name for name, _ in tally.used.most_common() if name != tally.claim.id),
        failure,
        witness=tally.example,
    )
