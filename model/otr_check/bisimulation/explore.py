"""Both sides by themselves and beside each other, input after input.

First the original is followed by itself: the **diagonal**, where both sides are the same. At each
place it is known which variables are constant there, and what is settled about the configuration.
Then a variant is followed beside it from where the two part, until nothing new comes.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from .run import RUN_ONLY, SIGNED, Place, Run, Start
from .terms import ABSENT, Terms
from .theory import Theory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from otr_model.kernel.composition import Assumption
    from otr_model.kernel.vocabulary import Condition, Effect, Event

    from .run import Known, Queue, Side
    from .terms import Plain
    from .world import Cell, Entry, Role, Tables, World

__all__ = ["Difference", "Landing", "Original", "Path", "Settled", "Step", "Trail"]

EFFECTS: Final = "other effects are seen"
CONTENT: Final = "what is seen may say something else"
MISSING: Final = "data may be missing"
LONGEST_LEAD: Final = 6
CARRIED: Final = frozenset({None, 0, True})


@dataclass(frozen=True, slots=True)
class Step:
    """One input, or what goes on of it, as the two sides take it.

    Attributes:
        role: at which member: "master", "instance" or a further family.
        event: what is delivered first.
        goes_on: it is still the input before.
        conditions: what the first side asked for, and the answers.
        left: the rows that the first side takes.
        right: the rows that the second side takes; the same where both are the same.
        guessed: a question was answered about something that may differ between the sides.
        config: the answers about the configuration, by term.
    """

    role: str
    event: str
    goes_on: bool
    conditions: tuple[tuple[Condition, bool], ...]
    left: tuple[str, ...]
    right: tuple[str, ...]
    guessed: bool = False
    config: frozenset[tuple[int, bool]] = frozenset()


@dataclass(frozen=True, slots=True)
class Difference:
    """What an observer may see: how, and what each side showed in the run."""

    how: str
    left: tuple[str, ...]
    right: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Landing:
    """Where a run stops, or what can be seen of the difference.

    Attributes:
        place: where both sides stand; None where a difference was seen.
        step: what was done.
        difference: what was seen.
        uneven: what each side sent elsewhere, where that is not the same.
    """

    place: Place | None
    step: Step
    difference: Difference | None
    uneven: tuple[tuple[Event, ...], tuple[Event, ...]]


@dataclass
class Settled:
    """What is known of the original at a place, in whatever way it came there.

    Attributes:
        constants: names that always have one value there.
        answers: questions about the configuration that always have one answer there.
    """

    constants: dict[str, Plain]
    answers: dict[int, bool] = field(default_factory=dict)


def first_of(world: World, role: Role) -> Place:
    """Where a member begins."""
    flags = frozenset((name, bool(world.initial[name])) for name in world.flags)
    return Place(role.number, role.initial, role.initial, flags=flags)


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


@dataclass(frozen=True, slots=True)
class Path:
    """A run of the original by itself: enough to take it again."""

    entry: Entry | None
    answers: Mapping[int, bool]
    cells: tuple[Cell, ...]
    step: Step
    place: Place


Trail: TypeAlias = "tuple[Trail, Step] | None"
"""How a place was reached: the trail before, and the last step."""


class Original:
    """The original composition, followed by itself.

    Args:
        world: its roles.
        tables: its tables, without a variant.
        unseen: effects that are not to count as observable.
        given: what is assumed of every message.

    Attributes:
        settled: what is known at each place that it can be at.
        paths: every run from each of them.
        trails: a shortest way to each of them.
        depths: how many inputs that takes.
    """

    def __init__(
        self,
        world: World,
        tables: Tables,
        unseen: frozenset[Effect] = frozenset(),
        given: tuple[Assumption, ...] = (),
    ) -> None:
        self.world, self.tables, self.unseen = world, tables, unseen
        self.terms = Terms()
        self.theory = Theory(world.composition, self.terms, given)
        self.settled: dict[Place, Settled] = {}
        self.paths: dict[Place, tuple[Path, ...]] = {}
        self.trails: dict[Place, Trail] = {}
        self.depths: dict[Place, int] = {}
        self._rigid: dict[int, bool] = {}
        self._guesses: dict[int, bool] = {}
        self.by_cell: dict[Cell, list[Place]] = defaultdict(list)
        self._followed = False
        self._joined: dict[Place, Settled] = {}
        self._alike: dict[Place, list[Place]] = defaultdict(list)
        for role in world.roles:
            self._follow(role)
        for place in self.settled:
            self._alike[replace(place, flags=frozenset())].append(place)
        self._followed = True
        for role in world.roles:
            self._trace(role)
        for place, paths in self.paths.items():
            for cell in {cell for path in paths for cell in path.cells}:
                self.by_cell[cell].append(place)

    # Runs.

    def entries(self, place: Place) -> Iterator[tuple[Entry | None, tuple[Queue, Queue]]]:
        """What can begin at a place, or goes on there."""
        if not place.is_idle:
            yield None, place.queues
            return
        for entry in self.world.roles[place.role].entries:
            queue: Queue = ((entry.event, True),)
            yield entry, (queue, queue)

    def begin(
        self,
        place: Place,
        entry: Entry | None,
        queues: tuple[Queue, Queue],
        variant: Tables,
        unsteady: frozenset[str] = frozenset(),
    ) -> Run:
        """A run from a place, with what is known there."""
        settled = self.known(place)
        start = Start(self.world, self.theory, place, settled.constants, unsteady)
        run = Run(start, (self.tables, variant), queues, self.unseen)
        for term, answer in (*settled.answers.items(), *place.config):
            run.learn(term, answer)
        run.restless = entry is None or entry.elsewhere
        return run

    def known(self, place: Place) -> Settled:
        """What is known of the original at a place; where flags are open, whatever they are."""
        alone = place.alone
        found = self.settled.get(alone)
        if found is not None:
            return found
        if not self._followed:
            return Settled({})
        if alone not in self._joined:
            self._joined[alone] = self._join(alone)
        return self._joined[alone]

    def _join(self, place: Place) -> Settled:
        """What is known at every place that differs from this one only in flags that are open."""
        every = [
            self.settled[each]
            for each in self._alike[replace(place, flags=frozenset())]
            if place.flags <= each.flags
        ]
        if not every:
            return Settled({})
        first, *rest = every
        return Settled(
            {
                name: value
                for name, value in first.constants.items()
                if all(name in o.constants and _same(o.constants[name], value) for o in rest)
            },
            {
                term: answer
                for term, answer in first.answers.items()
                if all(other.answers.get(term) is answer for other in rest)
            },
        )

    def _flags(self, run: Run) -> frozenset[tuple[str, bool]]:
        """What the flags of the first side are where a run has stopped, those that are known."""
        found = ((name, run.constant(run.left.get(name))) for name in self.world.flags)
        return frozenset((name, value) for name, value in found if isinstance(value, bool))

    def _follow(self, role: Role) -> None:
        """Every place that a role can be at, with what is known there."""
        first = first_of(self.world, role)
        self.settled[first] = Settled(dict(self.world.initial))
        left: deque[Place] = deque((first,))
        waiting = {first}
        while left:
            place = left.popleft()
            waiting.discard(place)
            found: list[Path] = []
            for entry, queues in self.entries(place):
                for run in self.begin(place, entry, queues, self.tables).go(_at_circle):
                    landing = self.land(run, entry)
                    after = landing.place
                    assert after is not None  # noqa: S101 - one side does not differ from itself
                    found.append(Path(entry, run.answers, run.left.cells, landing.step, after))
                    if self._arrive(after, run) and after not in waiting:
                        waiting.add(after)
                        left.append(after)
            self.paths[place] = tuple(found)

    def _arrive(self, place: Place, run: Run) -> bool:
        """Take note of a way to a place; whether less is known there than before."""
        known = self.settled.get(place)
        if known is not None:
            return self._give_up(known, run)
        constants: dict[str, Plain] = {}
        for name in {*run.start.known, *run.left.values}:
            if name.startswith("member.") and name != self.world.key:
                value = run.constant(run.left.get(name))
                if value is not ABSENT:
                    constants[name] = value  # type: ignore[assignment]
        answers = {t: a for t, a in run.answers.items() if self._is_rigid(t)}
        self.settled[place] = Settled(constants, answers)
        return True

    def _give_up(self, known: Settled, run: Run) -> bool:
        """Keep of what is known what holds after a run, too; whether something is given up."""
        names = [
            name
            for name, value in known.constants.items()
            if not _same(run.constant(run.left.get(name)), value)
        ]
        terms = [t for t, answer in known.answers.items() if run.answers.get(t) is not answer]
        for name in names:
            del known.constants[name]
        for term in terms:
            del known.answers[term]
        return bool(names or terms)

    def _is_rigid(self, term: int) -> bool:
        """Whether a term is about nothing but the configuration."""
        found = self._rigid.get(term)
        if found is None:
            kind, *parts = self.terms.item(term)
            if kind == "is":
                found = str(parts[0]).startswith("config.")
            elif self.terms.value(term) is not ABSENT:
                found = True
            else:
                plain = kind in {"=", "<", "≤", "+", "-", "mod", "not", "and", "or"}
                found = plain and all(isinstance(p, int) and self._is_rigid(p) for p in parts)
            self._rigid[term] = found
        return found

    def _trace(self, role: Role) -> None:
        """Shortest ways to places: an input costs 1, to go on costs nothing."""
        first = first_of(self.world, role)
        self.depths[first], self.trails[first] = 0, None
        left = deque((first,))
        while left:
            place = left.popleft()
            depth = self.depths[place]
            for path in self.paths[place]:
                cost = depth + (not path.step.goes_on)
                if cost < self.depths.get(path.place, 1 << 30):
                    self.depths[path.place] = cost
                    self.trails[path.place] = (self.trails[place], path.step)
                    (left.append if cost > depth else left.appendleft)(path.place)

    def way(self, place: Place, config: frozenset[tuple[int, bool]]) -> Trail | Literal[False]:
        """A shortest way to a place that agrees with answers about the configuration.

        False where there is none.
        """
        role = self.world.roles[place.role]
        first = (first_of(self.world, role), config)
        seen = {first}
        left: deque[tuple[Place, frozenset[tuple[int, bool]], Trail]] = deque(((*first, None),))
        while left:
            at, told, trail = left.popleft()
            if at == place:
                return trail
            for path in self.paths[at]:
                both = told | path.step.config
                if len(dict(both)) < len(both) or (path.place, both) in seen:
                    continue
                seen.add((path.place, both))
                add = left.appendleft if path.step.goes_on else left.append
                add((path.place, both, (trail, path.step)))
        return False

    # Landing.

    def land(self, run: Run, entry: Entry | None) -> Landing:
        """Where a run has stopped."""
        left, right = run.left, run.right
        step = Step(
            run.start.role.name,
            self._event(run, entry),
            entry is None and run.start.mid,
            left.asked,
            left.rows,
            left.rows if right is None else right.rows,
            right is not None and any(map(self._is_guess, run.answers)),
            frozenset(pair for pair in run.answers.items() if self._is_rigid(pair[0])),
        )
        if right is None:
            place = Place(
                run.start.place.role,
                left.states,
                left.states,
                queues=(left.queue, left.queue),
                flags=self._flags(run),
            )
            return Landing(place, step, None, ((), ()))
        shown = self._compared(run, left, right)
        uneven = self._uneven(left, right)
        if isinstance(shown, Difference):
            return Landing(None, step, shown, uneven)
        place = Place(
            run.start.place.role,
            left.states,
            right.states,
            frozenset(),
            (left.queue, right.queue),
            shown,
            flags=self._flags(run),
        )
        frozen = left.frozen & right.frozen if not place.is_idle else frozenset[str]()
        place = replace(place, frozen=frozen)
        place = replace(place, differ=frozenset(self._differ(run, left, right, place)))
        if place.is_diagonal:
            place = place.alone
        return Landing(place, step, None, uneven)

    @staticmethod
    def _event(run: Run, entry: Entry | None) -> str:
        """What was delivered first."""
        if entry is not None:
            return entry.event.name
        queue = next((q for q in run.start.place.queues if q), ())
        return queue[0][0].name if queue else ""

    def _is_guess(self, term: int) -> bool:
        """Whether a term is about something that may differ between the sides."""
        found = self._guesses.get(term)
        if found is None:
            kind, *parts = self.terms.item(term)
            found = kind in {"1", "2", "2±"} or (
                self.terms.value(term) is ABSENT
                and any(isinstance(p, int) and self._is_guess(p) for p in parts)
            )
            self._guesses[term] = found
        return found

    def _compared(
        self, run: Run, left: Side, right: Side
    ) -> Difference | tuple[tuple[str, ...], tuple[str, ...]]:
        """What one side has shown and the other has not yet, or how they differ."""
        ahead = run.start.place.lead
        one: list[tuple[str, int]] = [*((name, -1) for name in ahead[0]), *left.shown]
        other: list[tuple[str, int]] = [*((name, -2) for name in ahead[1]), *right.shown]
        names = tuple(n for n, _ in one), tuple(n for n, _ in other)
        common = min(len(one), len(other))
        rest = names[0][common:], names[1][common:]
        late = (rest[0] and not right.queue) or (rest[1] and not left.queue)
        if names[0][:common] != names[1][:common] or late:
            return Difference(EFFECTS, *names)
        if one[:common] != other[:common]:
            return Difference(CONTENT, *names)
        if set(right.worked) - set(left.worked):
            return Difference(MISSING, *names)
        if max(map(len, rest)) > LONGEST_LEAD:
            return Difference(EFFECTS, *names)
        return rest

    def _uneven(self, left: Side, right: Side) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
        if left.away == right.away:
            return (), ()
        return self._sent(left), self._sent(right)

    def _sent(self, side: Side) -> tuple[Event, ...]:
        names = [str(self.terms.item(sent)[1]) for sent in side.away]
        return tuple(self.world.composition.events[name] for name in names)

    def _differ(
        self, run: Run, left: Side, right: Side, place: Place
    ) -> Iterator[tuple[str, Known]]:
        """The names that may differ, with what the second side is known to have."""
        constants = self.known(place).constants
        signed = any(known == SIGNED for _, known in run.start.place.differ)
        unknown = SIGNED if signed else run.variant.unknown
        for name in {*left.values, *right.values, *run.start.differ}:
            if place.is_idle and name.startswith(RUN_ONLY):
                continue
            one, other = left.get(name), right.get(name)
            if one == other:
                continue
            mine = run.constant(one)
            if mine is ABSENT:
                mine = constants.get(name, ABSENT)
            theirs = run.constant(other)
            if theirs is not ABSENT and _same(mine, theirs):
                continue
            carried = theirs is not ABSENT and theirs in CARRIED
            yield name, theirs if carried else unknown  # type: ignore[misc]
        if place.is_idle and left.last != right.last and left.get("others") == right.get("others"):
            yield "others", unknown


def _at_circle(run: Run) -> bool:
    return run.circles
