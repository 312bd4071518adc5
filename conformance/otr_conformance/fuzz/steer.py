"""What to play next: uniformly at random, or where little was seen so far.

    steer = Steer(fuzzing, Random(seed))
    how = steer.begin()             # where an episode begins: behind a script, or with nothing
    steer.begun(play, how)
    name = steer.choose(play, last) # the next move
    steer.learn(play, last, rows)

Steering knows nothing of where faults are, nor what can be reached. It learns from counts alone. A
*spot* is the row that the target took last, and the states of the machines of its session.

- Most episodes begin at the spot at which the fewest began, at one of several stages that are kept
  for it, under several policies. With the reference alone a stage can be forked, so that nothing is
  replayed. Some begin in the same way where the states of both sides are of interest, not a row: a
  long exchange is found step by step, although the target does nothing in some of them.
- A row that followed a move in the same states is expected to follow again. Where it would make a
  pair that was never seen, that move is tried first, a few times under each policy.
- Of some other moves that are possible, the one is taken that was tried least at the spot.
- Every so often the cell is looked for that was visited least, and what led to it is played again
  with a move put in, left out or replaced.

The same seed makes the same choices, as long as nothing else is learned meanwhile.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field, fields
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, Final

from otr_model.kernel.expr import BoolVar, Scope
from otr_model.kernel.vocabulary import Defined

from .coverage import Coverage
from .solo import Solo

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence
    from random import Random

    from otr_conformance.derive.search import Pair
    from otr_conformance.play.stage import AnyParty, AnyStage

    from .coverage import Cell
    from .solo import Play
    from .vocabulary import Fuzzing

__all__ = ["Begin", "Seed", "Spot", "Steer"]

_FRESH: Final = 0.06
"""The share of episodes that begin with nothing but somebody who is drawn."""
_ADOPTED: Final = 0.3
"""The share of episodes that begin with a script of somebody else's, while there are any."""
_RARE: Final = 0.1
"""The share of episodes that begin with a rare cell."""
_BOTH: Final = 0.2
"""The share of the other episodes that begin where the states of both sides are of interest."""
_PLAIN: Final = 0.5
"""How often somebody plays who stands in the plan, and is not drawn."""
_LOOKED: Final = 4
"""Moves that are compared before one is taken."""
_DRAWN: Final = 40
"""Moves that are drawn in search of one that is possible, at most."""
_HOPED: Final = 4
"""How often a row is tried at a spot, under each policy, for a pair that is expected."""
_TRIED: Final = 4
"""Moves that are drawn for it each time, at most, in search of one that is possible."""
_NOTED: Final = 24
"""Moves that are noted for a row in some states, at most."""
_MOVED: Final = 0.04
"""The share of episodes at a spot that begin there under another policy, where that is of use."""
_PLAYED_BY: Final = 8
"""Who is remembered to have taken a row, at most."""
_PER_POLICY: Final = 3
"""Scripts that are kept for a spot under one policy of the target's."""
_POLICIES: Final = 8
"""Policies of the target's under which scripts are kept for a spot."""
_PER_STATES: Final = 3
"""Scripts that are kept for the states of both sides."""
_ANOTHER: Final = 0.05
"""How often another script is kept for the states of both sides."""
_PER_CELL: Final = 12
"""Scripts that visit a cell, and are kept for that, at most."""
_LATELY: Final = 300
"""Moves that are remembered because they showed something new."""
_FRUITFUL: Final = 0.3
"""The share of moves that are drawn from those that showed something new of late."""
_LONG: Final = 60
"""Moves of a script from which on it is kept only as the first at a spot."""
_LONGEST: Final = 150
"""Moves of a script that is kept, at most."""
_MUCH: Final = 1_000_000
"""Moves after which stages are given up, with the terms that were made for them."""
_STAYING: Final = 3
"""Scripts of a spot that are kept then, the shortest, at most."""
_DULL: Final = 0.1
"""How often somebody plays who shows what arrives as it is, unless more is said."""
_OTHERS: Final = frozenset({"tester", "tester_size", "variant", "max_size"})
"""What is said of who plays, and is no policy of the target's."""

States = tuple[Any, ...]
"""The states of the machines of a session."""


@dataclass(slots=True, eq=False)
class Spot:
    """Where an episode can begin.

    Attributes:
        last: the row that the target took last.
        states: those of its machines.
        seeds: scripts that lead here.
        begun: how many episodes began here.
        tried: how often each move was tried here.
        hoped: how often each row was tried here, under a policy, for a pair that was expected.
        moved: how often each row was looked for here, under a policy that was not here.
        policies: how many scripts were kept under each policy.
    """

    last: str
    states: States
    seeds: list[Seed] = field(default_factory=list)
    begun: int = 0
    tried: Counter[str] = field(default_factory=Counter)
    hoped: Counter[tuple[str, int]] = field(default_factory=Counter)
    moved: Counter[str] = field(default_factory=Counter)
    policies: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True, eq=False)
class Seed:
    """A script that is kept.

    Attributes:
        part: who plays.
        moves: what happens.
        pairs: the pairs of rows that it was the first to show, in its last move.
        stage: the stage after it, where it was played by the reference alone.
        spot: where it leads.
        used: how many episodes began with it.
    """

    part: str
    moves: tuple[str, ...]
    pairs: tuple[Pair, ...] = ()
    stage: Solo | None = None
    spot: Spot | None = None
    used: int = 0


@dataclass(frozen=True, slots=True)
class Begin:
    """How an episode begins.

    Attributes:
        part: who plays.
        moves: what is played first.
        stage: the stage after these moves, to be forked; None: they have to be played.
        last: the row that was taken last before that stage.
        then: what is played behind that, before anything is chosen.
        seed: the script that these moves are; None: they are none, or not all of one.
    """

    part: str
    moves: tuple[str, ...] = ()
    stage: Solo | None = None
    last: str = ""
    then: tuple[str, ...] = ()
    seed: Seed | None = None


class _Queue:
    """Spots: the one at which the fewest episodes began comes first."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Spot]] = []
        self._number = 0

    def __bool__(self) -> bool:
        return bool(self._heap)

    def add(self, spot: Spot) -> None:
        """A spot that was not here."""
        self._number += 1
        heappush(self._heap, (spot.begun, self._number, spot))

    def next(self) -> Spot:
        """The first; it is now one at which one more has begun."""
        _, _, spot = heappop(self._heap)
        spot.begun += 1
        self.add(spot)
        return spot


def _has_several(states: Any) -> bool:  # noqa: ANN401 - a class of an enumeration
    return len(states) > 1


def _flags(fuzzing: Fuzzing) -> Iterator[str]:
    """What of a session is true or false, and decides what a user's wish leads to."""
    composition = fuzzing.plan.composition
    asked = {
        variable
        for row in composition.rows()
        if row.on in fuzzing.users
        for condition in row.when.atoms()
        if isinstance(condition.spec, Defined)
        for variable in condition.spec.expr.variables()
    }
    for variable in composition.variables:
        if variable in asked and variable.scope is Scope.MEMBER and isinstance(variable, BoolVar):
            yield variable.name


def _everybody(_part: str) -> bool:
    return True


@dataclass
class Steer:
    """Chooses who plays, where to begin, and what happens next.

    Attributes:
        fuzzing: what a protocol states.
        random: where chance comes from.
        uniform: nothing is learned: everybody and everything is equally likely.
        possible: the names of the moves, of those that the target is capable of; none: all.
        able: whether the target is capable of playing with somebody.
        dull: how often somebody plays who shows what arrives as it is: that may take bytes.
        coverage: what was seen so far.
        kept: how many scripts were kept so far.
        own: the scripts that were the first here to show a pair of rows, in that order.
    """

    fuzzing: Fuzzing
    random: Random
    uniform: bool = False
    possible: tuple[str, ...] = ()
    able: Callable[[str], bool] = _everybody
    dull: float = _DULL
    coverage: Coverage = field(init=False)
    kept: int = 0
    own: list[Seed] = field(default_factory=list)
    _here: Spot = field(default_factory=lambda: Spot("", ()))
    _learned: int = 0
    _origin: Seed | None = None
    _spots: dict[tuple[str, States], Spot] = field(default_factory=dict)
    _waiting: _Queue = field(default_factory=_Queue)
    _both: dict[Hashable, Spot] = field(default_factory=dict)
    _both_waiting: _Queue = field(default_factory=_Queue)
    _adopted: deque[Seed] = field(default_factory=deque)
    _follows: dict[States, dict[str, list[str]]] = field(default_factory=dict)
    _played_by: dict[str, list[str]] = field(default_factory=dict)
    _under: set[tuple[str, int]] = field(default_factory=set)
    _places: set[int] = field(default_factory=set)
    _lately: deque[str] = field(default_factory=lambda: deque(maxlen=_LATELY))
    _by_cell: dict[Cell, list[tuple[Seed | None, str, tuple[str, ...]]]] = field(
        default_factory=dict
    )
    _policies: dict[Hashable, int] = field(default_factory=dict)
    _played: Counter[str] = field(default_factory=Counter)
    _policy_of: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        plan = self.fuzzing.plan
        self.coverage = Coverage(plan.protocol)
        self.possible = self.possible or tuple(self.fuzzing.vocabulary)
        self._parts = tuple(plan.parts)
        tables = plan.composition.tables
        machines = (table.machine for table in tables if _has_several(table.states))
        self._machines = tuple(machines)
        self._flags = tuple(_flags(self.fuzzing))
        self._plain = frozenset(map(self._policy, self._parts))

    @property
    def seeds(self) -> list[Seed]:
        """The scripts that are kept now, and those that others have found and nobody has played."""
        return [*(seed for spot in self._spots.values() for seed in spot.seeds), *self._adopted]

    # Where to begin.

    def begin(self) -> Begin:
        """How the next episode begins."""
        random = self.random.random
        if self._learned >= _MUCH:
            self._forget()
        if self.uniform or random() < _FRESH:
            return Begin(self._part())
        if self._adopted and random() < _ADOPTED:
            seed = self._of_others()
            if seed is not None:
                return self._behind(seed)
        if self._by_cell and random() < _RARE:
            return self._rare()
        queue = self._both_waiting if random() < _BOTH else self._waiting
        if not queue:
            seed = self._of_others()
            return Begin(self._part()) if seed is None else self._behind(seed)
        spot = queue.next()
        moved = self._under_another(spot) if random() < _MOVED else None
        return moved or self._behind(self.random.choice(spot.seeds))

    def _forget(self) -> None:
        """Give up all stages, and scripts where there are many: what is needed is played again."""
        self._learned = 0
        self._origin = None
        for spot in (*self._spots.values(), *self._both.values()):
            spot.seeds.sort(key=lambda each: len(each.moves))
            del spot.seeds[_STAYING:]
            for seed in spot.seeds:
                seed.stage = None
            spot.policies = Counter(self._policy(seed.part) for seed in spot.seeds)
        for several in self._by_cell.values():
            for origin, _, _ in several:
                if origin is not None:
                    origin.stage = None

    def _under_another(self, spot: Spot) -> Begin | None:
        """A script that leads to a spot, played by somebody under whom a new pair is expected.

        That is where a row was seen in the same states, but under none of the policies here.
        """
        seen, under = self.coverage.pairs, self._under
        wanted = [
            row
            for row in self._follows.get(spot.states, ())
            if (spot.last, row) not in seen
            and spot.moved[row] < _TRIED
            and not any((row, policy) in under for policy in spot.policies)
        ]
        if not wanted:
            return None
        row = self.random.choice(wanted)
        spot.moved[row] += 1
        name = self.random.choice(self._follows[spot.states][row])
        seed = min(spot.seeds, key=lambda each: (each.used, len(each.moves)))
        part = self.random.choice(self._played_by[row])
        return Begin(part, then=(*seed.moves, name))

    def _of_others(self) -> Seed | None:
        """A script that somebody else has found, and that shows what was not seen here so far."""
        seen = self.coverage.pairs
        while self._adopted:
            seed = self._adopted.popleft()
            if not seed.pairs or any(pair not in seen for pair in seed.pairs):
                return seed
        return None

    @staticmethod
    def _behind(seed: Seed) -> Begin:
        """An episode behind a script."""
        seed.used += 1
        last = "" if seed.stage is None or seed.spot is None else seed.spot.last
        return Begin(seed.part, seed.moves, seed.stage, last, seed=seed)

    def begun(self, play: Play, how: Begin) -> None:
        """Note that a play is as far as an episode begins with: at a stage, or with nothing."""
        self._origin = None if how.stage is None else how.seed
        if not self.uniform:
            self._here = self._spot(how.last, play.twin)

    def arrived(self, play: Play, seed: Seed) -> None:
        """Note that a play has come to the end of a script that had to be played."""
        whole = not play.cut and tuple(play.script) == seed.moves
        if whole and isinstance(play, Solo):
            seed.stage, seed.spot = play.fork(), self._here
        if whole:
            self._origin = seed

    def _part(self) -> str:
        """Somebody to play: who stands in the plan, each as often, or somebody who is drawn."""
        if not self.uniform and self.random.random() < _PLAIN:
            plain = [each for each in self._parts if self.able(each) and not self._is_dull(each)]
            if plain:
                part = min(plain, key=lambda each: self._played[each])
                self._played[part] += 1
                return part
        return self._drawn() or next(filter(self.able, self._parts), self._parts[0])

    def _drawn(self) -> str:
        """Somebody whom the target is capable of playing with; "" if nobody was drawn."""
        for _ in range(_DRAWN):
            part = self.fuzzing.draw_part(self.random)
            if self.able(part) and not self._is_dull(part):
                return part
        return ""

    def _is_dull(self, part: str) -> bool:
        """Whether somebody is passed over who hardly ever speaks OTR."""
        if self.uniform or self.dull >= 1:
            return False
        seldom = self.fuzzing.as_it_is(self.fuzzing.read_part(part).cast)
        return seldom and self.random.random() >= self.dull

    def _rare(self) -> Begin:
        """What leads to the rarest cell, made a little different."""
        cells = self.coverage.cells
        rarest = min(self._by_cell, key=lambda cell: cells[cell])
        origin, part, then = self.random.choice(self._by_cell[rarest])
        then = self._varied(then)
        if origin is None:
            return Begin(part, then=then)
        how = self._behind(origin)
        return Begin(how.part, how.moves, how.stage, how.last, then, origin)

    def _varied(self, moves: tuple[str, ...]) -> tuple[str, ...]:
        """The same with a move put in, left out or replaced, or as it is."""
        at = self.random.randrange(len(moves) + 1)
        other = self.random.choice(self.possible)
        match self.random.randrange(6):
            case 0:
                return (*moves[:at], other, *moves[at:])
            case 1:
                return (*moves[:at], *moves[at + 1 :])
            case 2:
                return (*moves[:at], other, *moves[at + 1 :])
            case _:
                return moves

    # What happens next.

    def choose(self, play: Play, last: str) -> str:  # noqa: ARG002 - who extends this may look at it
        """The next move, behind a row; "" if none of those that were drawn is possible."""
        if self.uniform:
            return self._by_chance(play)
        return self._expected(play) or self._least_tried(play)

    def _expected(self, play: Play) -> str:
        """A move that would make a new pair if it did what it did before; "" if there is none.

        What followed under the same policy is tried a few times, what followed under others once.
        """
        here = self._here
        if not here.last:
            return ""
        last, hoped, seen, under = here.last, here.hoped, self.coverage.pairs, self._under
        policy = self._policy(play.part)
        best, least = "", _HOPED
        for row, moves in self._follows.get(here.states, {}).items():
            if (last, row) in seen:
                continue
            times = hoped[row, policy]
            if times < least and (not times or (row, policy) in under):
                hoped[row, policy] += 1
                name = self._one_of(moves, play)
                if name and not times:
                    return name
                if name:
                    best, least = name, times
        return best

    def _one_of(self, moves: Sequence[str], play: Play) -> str:
        """A move that is possible; "" if none of those that were drawn is."""
        random = self.random.random
        for _ in range(_TRIED):
            name = moves[int(random() * len(moves))]
            if play.can(name):
                return name
        return ""

    def _least_tried(self, play: Play) -> str:
        """Of some moves that are possible, the one that was tried least here."""
        random, lately, possible = self.random.random, self._lately, self.possible
        tried = self._here.tried
        best, least, looked = "", 1 << 30, 0
        for _ in range(_DRAWN):
            if lately and random() < _FRUITFUL:
                name = lately[int(random() * len(lately))]
            else:
                name = possible[int(random() * len(possible))]
            times = tried[name]
            if times < least and play.can(name):
                best, least = name, times
                looked += 1
                if not times or looked >= _LOOKED:
                    break
        return best

    def _by_chance(self, play: Play) -> str:
        possible = self.possible
        for _ in range(_DRAWN):
            name = possible[int(self.random.random() * len(possible))]
            if play.can(name):
                return name
        return ""

    # What is learned.

    def tried(self, last: str, name: str, times: int = 1) -> None:  # noqa: ARG002 - as for `choose`
        """Note that a move was tried behind a row; `times`: as if it had been so often."""
        if not self.uniform:
            self._here.tried[name] += times

    def learn(self, play: Play, before: str, rows: Sequence[str]) -> tuple[Pair, ...]:
        """Count the rows that the last move led to, and keep the script if it shows something.

        Args:
            play: after the move.
            before: the row that was taken last before it.
            rows: those that were taken in it.

        Returns:
            The pairs that were never seen before.
        """
        fresh = self.coverage.add(before, rows)
        if self.uniform or play.cut:
            return fresh
        self._learned += 1
        name, was = play.script[-1], self._here
        if rows:
            self._note(was, rows[0], name, play.part)
        here = self._here = self._spot(rows[-1] if rows else before, play.twin)
        if fresh:
            self._lately.append(name)
        if len(play.script) <= _LONGEST:
            self._consider(play, here, fresh, rows)
        return fresh

    def _note(self, was: Spot, row: str, name: str, part: str) -> None:
        """Note which row follows a move in some states, and under a policy."""
        policy = self._policy(part)
        if (row, policy) not in self._under:
            self._under.add((row, policy))
            several = self._played_by.setdefault(row, [])
            if len(several) < _PLAYED_BY:
                several.append(part)
        moves = self._follows.setdefault(was.states, {}).setdefault(row, [])
        if len(moves) < _NOTED and name not in moves:
            moves.append(name)

    def _consider(
        self, play: Play, here: Spot, fresh: tuple[Pair, ...], rows: Sequence[str]
    ) -> None:
        """Keep a script, if it shows something."""
        policy = self._policy(play.part)
        both = self._states_of_both(here, play.twin)
        new = self._is_new(play, here, policy)
        also = len(play.script) <= _LONG and self._is_another(both)
        if fresh:
            self.own.append(Seed(play.part, tuple(play.script), fresh, None, here))
            self._note_cells(play, rows)
        if not (new or also):
            self.kept += bool(fresh)
            return
        self.kept += 1
        stage = play.fork() if isinstance(play, Solo) else None
        seed = Seed(play.part, tuple(play.script), fresh, stage, here)
        if new:
            self._enter(seed, here, policy)
        if also:
            both.seeds.append(seed)
            if len(both.seeds) == 1:
                self._both_waiting.add(both)

    def _enter(self, seed: Seed, here: Spot, policy: int) -> None:
        here.policies[policy] += 1
        here.seeds.append(seed)
        if len(here.seeds) == 1:
            self._waiting.add(here)

    def _is_new(self, play: Play, here: Spot, policy: int) -> bool:
        """Whether a play is at a spot, or under a policy, or at a place there, that is new."""
        if not here.seeds:
            return True
        if len(play.script) > _LONG:
            return False
        kept = here.policies[policy]
        if not kept:
            return policy in self._plain or len(here.policies) <= _POLICIES
        if kept >= _PER_POLICY:
            return False
        place = hash((here.last, self.fuzzing.plan.place(play.twin)))
        if place in self._places:
            return False
        self._places.add(place)
        return True

    def _is_another(self, both: Spot) -> bool:
        """Whether one more script is kept for the states of both sides."""
        if not both.seeds:
            return True
        return len(both.seeds) < _PER_STATES and self.random.random() < _ANOTHER

    def _note_cells(self, play: Play, rows: Sequence[str]) -> None:
        """Note what leads to the cells of rows."""
        origin = self._origin
        begin = 0 if origin is None else len(origin.moves)
        entry = (origin, play.part, tuple(play.script[begin:]))
        cells = self.coverage.known
        for row in rows:
            cell = cells.get(row)
            if cell is not None:
                several = self._by_cell.setdefault(cell, [])
                if len(several) < _PER_CELL:
                    several.append(entry)

    def adopt(self, seed: Seed) -> None:
        """Keep a script that somebody else has found."""
        if seed.spot is None:
            self._adopted.append(seed)
            self.kept += 1
            return
        here = self._spot_of(seed.spot.last, seed.spot.states)
        policy = self._policy(seed.part)
        if here.policies[policy] < _PER_POLICY:
            self.kept += 1
            self._enter(Seed(seed.part, seed.moves, seed.pairs, None, here), here, policy)

    # Where a play is.

    def _spot(self, last: str, stage: AnyStage) -> Spot:
        return self._spot_of(last, self._states(stage.target))

    def _spot_of(self, last: str, states: States) -> Spot:
        key = (last, states)
        spot = self._spots.get(key)
        if spot is None:
            spot = self._spots[key] = Spot(last, states)
        return spot

    def _states(self, party: AnyParty) -> States:
        """The states of the session that what is typed goes to."""
        reference: Any = party
        session = reference.conversation.current
        return tuple([getattr(session, name, None) for name in self._machines])

    def _states_of_both(self, here: Spot, stage: AnyStage) -> Spot:
        """What is kept for the states of both sides, and for whether anything is on its way."""
        on_their_way = bool(stage.to_target), bool(stage.to_tester)
        tester: Any = stage.tester
        session = tester.conversation.current
        flags = tuple([getattr(session, name, None) for name in self._flags])
        key = (here.states, self._states(stage.tester), flags, on_their_way)
        both = self._both.get(key)
        if both is None:
            both = self._both[key] = Spot("", here.states)
        return both

    def _policy(self, part: str) -> int:
        """What is said about the target, in what is said about who plays: a number."""
        policy = self._policy_of.get(part)
        if policy is None:
            cast = self.fuzzing.read_part(part).cast
            names = (each.name for each in fields(cast))
            said = tuple(getattr(cast, name) for name in names if name not in _OTHERS)
            policy = self._policies.setdefault(said, len(self._policies))
            self._policy_of[part] = policy
        return policy
