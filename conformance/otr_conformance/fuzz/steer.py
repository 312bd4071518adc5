"""What to play next: uniformly at random, or where little was seen so far.

    steer = Steer(fuzzing, Random(seed))
    how = steer.begin()             # where an episode begins: behind a script, or with nothing
    steer.begun(play, how)
    name = steer.choose(play, last) # the next move
    steer.learn(play, last, rows)

Steering knows nothing of where faults are, nor what can be reached. It learns from counts alone,
and reads the tables. A *spot* is the row that the target took last, and the states of the machines
of its sessions. There are several ways to begin an episode; moves are shared out among them by how
much that is new each has shown of late.

- At the spot at which the fewest began, at one of several stages that are kept for it, under
  several policies: rather where something is expected. With the reference alone a stage can be
  forked, so that nothing is replayed.
- In the same way where both sides stand somewhere, whatever row came last: a long exchange is found
  step by step, although the target does nothing in some of them.
- In the same way by the message states of all sessions of the target, of which there are few: what
  is rare gets as much as what is not. Each move that delivers nothing is made there in turn, and
  what it sends arrives, and all else.
- With what led to a row, and before its last move another that leaves all machines as they are.
- With a script that is a little different from a short one that takes a row, each row in turn: a
  message arrives later, somebody does something more, or something else. The same for rows that
  were never taken, with what takes others beside them.
- With what led to a spot, under a policy that nobody has had there and that a row needs, or by
  somebody who took the row before.
- With a move that leads to a cell in some states, for a row that was never taken in them, where
  the policy does not rule it out; or with all that led to the cell, by somebody who took the row
  before.
- With nothing.

Every so often it is what led to one of the rarest rows, as long as these were not taken often
enough.

A row that followed a move in the same states is expected to follow again, unless its guard does not
hold under the policy. Where it would make a pair that was never seen, that move is tried first, a
few times for policies that are alike for that row. Of some other moves that are possible, the one
is taken that was tried least at the spot, or the episode ends.

The same seed makes the same choices, as long as nothing else is learned meanwhile.
"""

from __future__ import annotations

import gc
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from otr_conformance.derive.usual import ARRIVES

from .altered import Altering
from .coverage import ENOUGH, Coverage
from .neighbours import Aims, everybody
from .noted import Notes
from .places import PER_POLICY, STAYING, Places
from .policies import Policies
from .solo import Solo
from .spots import Begin, Group, Meeting, Seed, Setting, Spot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from random import Random

    from otr_conformance.derive.plan import Script
    from otr_conformance.derive.search import Pair
    from otr_conformance.play.stage import AnyStage

    from .coverage import Cell
    from .noted import Led
    from .policies import Kind
    from .solo import Play
    from .standing import States
    from .vocabulary import Fuzzing

__all__ = ["Steer"]

_ADOPTED: Final = 0.3
"""The share of episodes that begin with a script of somebody else's, while there are any."""
_RARE: Final = 0.1
"""The share of episodes that begin with what leads to a rare row, while there are any."""
_LEAST: Final = 0.03
"""The share that each other way to begin has at least, of what all of them are worth."""
_DOUBT: Final = 100
"""Moves in which a way to begin is expected to show something new, before anything is known."""
_NEW_GROUP: Final = 3
"""What it counts if both sides stand where they never stood, as far as it matters to users."""
_USUALLY: Final = 10
"""Moves that an episode is expected to have, before anything is known."""
_WHILE: Final = 4000
"""Moves after which what a way to begin has shown counts half."""
_PLAIN: Final = 0.5
"""How often somebody plays who stands in the plan, and is not drawn."""
_LOOKED: Final = 4
"""Moves that are compared before one is taken."""
_TIRED: Final = 0.25
"""How often an episode ends where nothing is expected."""
_DRAWN: Final = 40
"""Moves that are drawn in search of one that is possible, at most."""
_HOPED: Final = 4
"""How often a row is tried at a spot, under each policy, for a pair that is expected."""
_SOUGHT: Final = 8
"""How often a row is looked for in some states in which others of its cell were taken."""
_AGAIN: Final = 10
"""Episodes that begin at a spot, after which each such row is tried there once more."""
_TRIED: Final = 4
"""Moves that are drawn for it each time, at most, in search of one that is possible."""
_LATELY: Final = 300
"""Moves that are remembered because they showed something new."""
_FRUITFUL: Final = 0.3
"""The share of moves that are drawn from those that showed something new of late."""
_USUAL: Final = 0.35
"""The share of moves that are drawn from those of the plan: users, and a network that carries."""
_UNDONE: Final = 0.3
"""How often such a move is looked for, where nothing is expected."""
_DELIVERED: Final = 0.5
"""How often what was just sent is delivered next, where nothing is expected."""
_DELIVERS: Final = ("last to target", "to target"), ("last to tester", "to tester")
"""The moves that do so, to each side."""
_CARRIES: Final = ("last to target", "to target", "to tester")
"""The moves that deliver anything."""
_RECAST: Final = 0.2
"""How often somebody else plays an altered script."""
_AS_IT_WAS: Final = 0.5
"""How often a script that takes a rare row is not altered."""
_TIMES: Final = 25
"""How often a row that was never taken is looked for in a round."""
_ASKED: Final = 250
"""How often in all."""
_LONGEST: Final = 150
"""Moves of a script that is kept, at most."""
_MUCH: Final = 1_000_000
"""Moves after which stages are given up, with the terms that were made for them."""
_FROZEN: Final = 500
"""Stages that are kept between two times at which the collector of garbage is told to leave all
alone that there is: it would look through every one of them, again and again."""
_DULL: Final = 0.1
"""How often somebody plays who shows what arrives as it is, unless more is said."""


@dataclass(slots=True)
class _Way:
    """A way to begin an episode.

    Attributes:
        begin: how an episode begins so; None: there is nothing of the kind.
        begun: how many episodes began so of late.
        moves: how many were played in them.
        shown: how many pairs these were the first to show.
    """

    begin: Callable[[], Begin | None]
    begun: float = 0.0
    moves: float = 0.0
    shown: float = 0.0

    @property
    def worth(self) -> float:
        """What it shows in a move, about."""
        return (self.shown + 1) / (self.moves + _DOUBT)

    @property
    def length(self) -> float:
        """How many moves such an episode has, about."""
        return (self.moves + _USUALLY) / (self.begun + 1)

    def note(self, shown: int) -> None:
        """Note a move; what is long ago counts less."""
        self.moves += 1
        self.shown += shown
        if self.moves >= _WHILE:
            self.begun /= 2
            self.moves /= 2
            self.shown /= 2


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
    able: Callable[[str], bool] = everybody
    dull: float = _DULL
    coverage: Coverage = field(init=False)
    kept: int = 0
    own: list[Seed] = field(default_factory=list)
    _here: Spot = field(default_factory=lambda: Spot("", ()))
    _sent: tuple[str, ...] = ()
    _waits: tuple[int, int] = (0, 0)
    _learned: int = 0
    _origin: Seed | None = None
    _meeting: Meeting = field(default_factory=lambda: Meeting(Group(), Setting()))
    _adopted: deque[Seed] = field(default_factory=deque)
    _put: Counter[Pair] = field(default_factory=Counter)
    _sought: Counter[tuple[str, States]] = field(default_factory=Counter)
    _lately: deque[str] = field(default_factory=lambda: deque(maxlen=_LATELY))
    _asked_for: Counter[str] = field(default_factory=Counter)
    _untaken: Iterator[Begin] = field(default_factory=lambda: iter(()))
    _played: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        plan = self.fuzzing.plan
        self.coverage = Coverage(plan.protocol)
        self.possible = self.possible or tuple(self.fuzzing.vocabulary)
        self._parts = tuple(plan.parts)
        self._moves = frozenset(self.possible)
        self._policies = Policies(self.fuzzing)
        self._alter = Altering(self.fuzzing, self.possible, self.random)
        self._aims = Aims(self._alter, self._policies, self.able)
        carries = (name for name in _CARRIES if name in self._moves)
        self._wishes = (*self._alter.wishes, *carries)
        self._rows_of: dict[Cell, list[str]] = {}
        for row, cell in self.coverage.known.items():
            self._rows_of.setdefault(cell, []).append(row)
        self._usual = tuple(name for name in self.possible if name in plan.moves)
        self._places = Places(self.fuzzing, self._policies, self._wishes, self.random)
        self._notes = Notes(self._policies, self.coverage.known)
        begins = (
            self._at_spot,
            self._at_both,
            self._in_setting,
            self._between,
            self._moved,
            self._toward,
            self._altered,
            self._beside,
            self._fresh,
        )
        self._ways = tuple(map(_Way, begins))
        self._way = self._none = _Way(self._at_spot)

    @property
    def seeds(self) -> list[Seed]:
        """The scripts that are kept now, and those that others have found and nobody has played."""
        return [*self._places.seeds, *self._adopted]

    # Where to begin.

    def begin(self) -> Begin:
        """How the next episode begins."""
        random = self.random.random
        if self._learned >= _MUCH:
            self._forget()
        self._way = self._none
        if self.uniform:
            return self._fresh()
        if self._adopted and random() < _ADOPTED:
            seed = self._of_others()
            if seed is not None:
                return self._behind(seed)
        if random() < _RARE:
            rare = self._rare()
            if rare is not None:
                return rare
        self._way = self._chosen_way()
        how = self._way.begin() or self._at_spot()
        if how is None:
            seed = self._of_others()
            return Begin(self._part()) if seed is None else self._behind(seed)
        return how

    def _chosen_way(self) -> _Way:
        """One of the ways to begin: the moves are shared out by what each has shown of late."""
        worth = [way.worth for way in self._ways]
        least = _LEAST * sum(worth)
        pairs = zip(self._ways, worth, strict=True)
        weights = [max(each, least) / way.length for way, each in pairs]
        way = self.random.choices(self._ways, weights)[0]
        way.begun += 1
        return way

    def _fresh(self) -> Begin:
        """With nothing but somebody."""
        return Begin(self._part())

    def _at_spot(self) -> Begin | None:
        """At one of the spots where the fewest began: rather where something is expected."""
        queue = self._places.waiting
        if not queue:
            return None
        for _ in range(_LOOKED):
            spot = queue.next()
            hopeful = [seed for seed in spot.seeds if self._is_hopeful(seed)]
            if hopeful:
                return self._behind(self.random.choice(hopeful))
        return self._behind(self.random.choice(spot.seeds))

    def _at_both(self) -> Begin | None:
        """The same by where both sides stand."""
        if not self._places.groups_waiting:
            return None
        meeting = self._places.groups_waiting.next().meetings.next()
        return self._behind(self.random.choice(meeting.seeds))

    def _in_setting(self) -> Begin | None:
        """Where all sessions of the target stand, the same: each move in turn, and all arrives."""
        if not self._places.settings_waiting:
            return None
        setting = self._places.settings_waiting.next()
        how = self._behind(self.random.choice(setting.meetings.next().seeds))
        if not setting.left:
            setting.left = [*self._alter.quiet, *self._alter.repeats]
            self.random.shuffle(setting.left)
        name = setting.left.pop()
        return replace(how, then=(name, self._alter.delivers(name), ARRIVES))

    def _is_hopeful(self, seed: Seed) -> bool:
        """Whether a new pair is expected behind a script."""
        here, policy = seed.spot, self._policies.of(seed.part)
        return here is not None and any(True for _ in self._hopes(here, policy))

    def _moved(self) -> Begin | None:
        """At a spot, under a policy that was not there."""
        for _ in range(min(_LOOKED, len(self._places.waiting))):
            moved = self._under_another(self._places.waiting.next())
            if moved is not None:
                return moved
        return None

    def _forget(self) -> None:
        """Give up all stages, and scripts where there are many: what is needed is played again."""
        self._learned = 0
        self._origin = None
        self._places.forget()
        for several in self._notes.grounds.values():
            for origin, _, _ in several:
                if origin is not None:
                    origin.stage = None
        gc.unfreeze()

    def _under_another(self, spot: Spot) -> Begin | None:
        """A script that leads to a spot, played by somebody under whom a new pair is expected.

        That is where a row was seen in the same states, but under none of the policies here.
        """
        seen = self.coverage.pairs
        wanted = [
            row
            for row in self._notes.follows.get(spot.states, ())
            if (spot.last, row) not in seen
            and spot.moved[row] < _TRIED
            and self._is_in_vain(spot, row)
        ]
        if not wanted:
            return None
        row = self.random.choice(wanted)
        spot.moved[row] += 1
        name = self.random.choice(self._notes.follows[spot.states][row])
        seed = self.random.choice(sorted(spot.seeds, key=lambda each: len(each.moves))[:STAYING])
        took = self._notes.played_by.get(row, ())
        part = self.random.choice(took) if spot.moved[row] > 1 and took else self._one_who_may(row)
        return Begin(part, then=(*seed.moves, name)) if part else None

    def _is_in_vain(self, spot: Spot, row: str) -> bool:
        """Whether each policy here rules a row out, or it was tried often enough under it."""
        kinds = {self._policies.kind(row, policy) for policy in spot.policies}
        return all(kind is None or spot.hoped[row, kind] >= _HOPED for kind in kinds)

    def _one_who_may(self, row: str) -> str:
        """Somebody under whose policy a row is possible, of the plan where there is one; or ""."""
        kind, of = self._policies.kind, self._policies.of
        parts = [p for p in self._parts if self.able(p) and kind(row, of(p)) is not None]
        return self.random.choice(parts or self._notes.played_by.get(row) or [""])

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
            self._here = self._places.spot(how.last, play.twin)
            self._meeting = self._places.meeting(self._here, play.twin)
            self._sent, self._waits = (), self._waiting_on(play.twin)

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

    def _rare(self) -> Begin | None:
        """What leads to one of the rarest rows, or almost; None if all were taken often."""
        taken = self._notes.times_taken
        rare = [row for row in self._notes.shortest if taken[row] < ENOUGH]
        if not rare:
            return None
        several = (self.random.choice(rare) for _ in range(_LOOKED))
        script = self._short(min(several, key=lambda row: taken[row]))
        as_it_was = self.random.random() < _AS_IT_WAS
        return Begin(script.part, then=script.moves if as_it_was else self._alter(script.moves))

    def _short(self, row: str) -> Script:
        """A short script that takes a row."""
        script = self._notes.shortest[row] = self._aims.short(self._notes.shortest[row], row)
        return script

    def _led(self, origin: Seed | None, part: str, then: tuple[str, ...]) -> Begin:
        """What led somewhere, or something like it."""
        if origin is None:
            return Begin(part, then=then)
        how = self._behind(origin)
        return Begin(how.part, how.moves, how.stage, how.last, then, origin)

    def _toward(self) -> Begin | None:
        """What leads to a cell in some states, for a row of it that was not taken in them."""
        for _ in range(min(len(self._notes.came_turn), _DRAWN)):
            self._notes.came_turn.rotate(-1)
            cell, states = self._notes.came_turn[-1]
            wanted = [
                row
                for row in self._rows_of[cell]
                if (row, states) not in self._notes.taken and self._sought[row, states] < _SOUGHT
            ]
            if wanted and states in self._places.by_states:
                row = min(wanted, key=lambda each: self._sought[each, states])
                self._sought[row, states] += 1
                if self._sought[row, states] % 2 == 0:
                    return self._sought_by(row, self._notes.came_by[cell, states])
                return self._sought_at(
                    row, states, self.random.choice(self._notes.came[cell, states])
                )
        return None

    def _sought_at(self, row: str, states: States, name: str) -> Begin | None:
        """A move in some states, under a policy that does not rule a row out."""
        spots, policies = self._places.by_states[states], self._policies
        for _ in range(_DRAWN):
            seed = self.random.choice(self.random.choice(spots).seeds)
            if policies.kind(row, policies.of(seed.part)) is not None:
                return self._led(seed, seed.part, (name,))
        part = self._one_who_may(row)
        return Begin(part, then=(*seed.moves, name)) if part else None

    def _sought_by(self, row: str, script: Script) -> Begin | None:
        """What led to others of a cell, played by somebody who took a row before, or may."""
        took = self._notes.played_by.get(row)
        part = self.random.choice(took) if took else self._one_who_may(row)
        return Begin(part, then=script.moves) if part else None

    def _altered(self) -> Begin | None:
        """A script that takes a row, a little different, from the beginning: each row in turn."""
        if not self._notes.turn_of_rows:
            return None
        self._notes.turn_of_rows.rotate(-1)
        script = self._short(self._notes.turn_of_rows[-1])
        part = self._part() if self.random.random() < _RECAST else script.part
        return Begin(part, then=self._alter(script.moves))

    def _beside(self) -> Begin | None:
        """The same for a row that was never taken, beside others: each a few times in a round."""
        how = next(self._untaken, None)
        if how is None:
            self._untaken = self._round()
            how = next(self._untaken, None)
        return how

    def _round(self) -> Iterator[Begin]:
        """How episodes begin that may take a row that was never taken, but for those asked for."""
        by_row = {row: [script] for row, script in self._notes.shortest.items()}
        tired = [row for row, times in self._asked_for.items() if times >= _ASKED]
        for aim in self._aims.rows(by_row, _TIMES, tired):
            _, row = aim.shown
            for how in self._aims.begins(aim):
                if row in self._notes.shortest:
                    break
                self._asked_for[row] += 1
                yield how

    def _between(self) -> Begin | None:
        """What led to a row, with a move before the last that leaves all machines as they are.

        What follows behind such a move is expected to be that row again: so it is found what can
        stand before a row that is not possible at every spot with its states.
        """
        seen, put = self.coverage.pairs, self._put
        for _ in range(min(len(self._notes.turn), _DRAWN)):
            self._notes.turn.rotate(-1)
            row, states = self._notes.turn[-1]
            before = self._notes.stays.get(states, {})
            wanted = [a for a in before if (a, row) not in seen and put[a, row] < _HOPED]
            if not wanted:
                continue
            first = min(wanted, key=lambda each: put[each, row])
            put[first, row] += 1
            origin, part, then = self.random.choice(self._notes.grounds[row, states])
            name = self.random.choice(before[first])
            return self._led(origin, part, (*then[:-1], name, then[-1]))
        return None

    # What happens next.

    def choose(self, play: Play, last: str) -> str:  # noqa: ARG002 - who extends this may look at it
        """The next move, behind a row; "" if none of those that were drawn is possible."""
        if self.uniform:
            return self._by_chance(play)
        expected = self._expected(play) or self._wished(play) or self._undone(play)
        expected = expected or self._at_once(play)
        if expected or self._here.last == "" or self.random.random() >= _TIRED:
            return expected or self._least_tried(play)
        return ""

    def _wished(self, play: Play) -> str:
        """What a user wishes for, or what delivers, where it was never tried; "" for nothing."""
        left = self._meeting.group.left
        for at, name in enumerate(left):
            if play.can(name):
                del left[at]
                return name
        return ""

    def _at_once(self, play: Play) -> str:
        """What delivers that which was sent in the last move, to either side; "" if nothing was."""
        if self._sent and self.random.random() < _DELIVERED:
            for name in self._sent:
                if name in self._moves and play.can(name):
                    return name
        return ""

    def _undone(self, play: Play) -> str:
        """A move in which much was taken where both stood alike, and that was not tried here."""
        if self.random.random() >= _UNDONE:
            return ""
        done = self._meeting.done
        for name in self._meeting.group.moves.values():
            if name not in done:
                done.add(name)
                if play.can(name):
                    return name
        return ""

    def _expected(self, play: Play) -> str:
        """A move that would make a new pair if it did what it did before; "" if there is none.

        What followed under the same policy is tried a few times, what followed under others once.
        """
        here = self._here
        if not here.last:
            return ""
        best, least = "", 1 << 30
        for row, kind in self._hopes(here, self._policies.of(play.part)):
            times = here.hoped[row, kind]
            if times < least:
                here.hoped[row, kind] += 1
                name = self._one_of(self._notes.follows[here.states][row], play)
                if name and not times:
                    return name
                if name:
                    best, least = name, times
        return best

    def _hopes(self, here: Spot, policy: int) -> Iterator[tuple[str, Kind]]:
        """The rows that are expected at a spot under a policy, and would make new pairs."""
        last, hoped, seen, under = here.last, here.hoped, self.coverage.pairs, self._notes.under
        kind_of = self._policies.kind
        most = _HOPED + here.begun // _AGAIN
        for row in self._notes.follows.get(here.states, ()):
            if (last, row) in seen:
                continue
            kind = kind_of(row, policy)
            if kind is None:
                continue
            times = hoped[row, kind]
            if times < most and (not times or (row, kind) in under):
                yield row, kind

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
        usual = self._usual
        tried = self._here.tried
        best, least, looked = "", 1 << 30, 0
        for _ in range(_DRAWN):
            chance = random()
            if lately and chance < _FRUITFUL:
                name = lately[int(random() * len(lately))]
            elif usual and chance < _FRUITFUL + _USUAL:
                name = usual[int(random() * len(usual))]
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
        self._way.note(len(fresh))
        if self.uniform or play.cut:
            return fresh
        self._learned += 1
        name, was = play.script[-1], self._here
        meeting, groups = self._meeting, len(self._places.groups)
        here = self._here = self._places.spot(rows[-1] if rows else before, play.twin)
        self._meeting = self._places.meeting(here, play.twin)
        self._way.shown += _NEW_GROUP * (len(self._places.groups) - groups)
        waiting = self._waiting_on(play.twin)
        self._sent = tuple(
            name
            for names, now, then in zip(_DELIVERS, waiting, self._waits, strict=True)
            if now > then
            for name in names
        )
        self._waits = waiting
        if rows:
            self._notes.note(was, here, rows, play, self._since(play))
            meeting.note(rows, name)
        if fresh:
            self._lately.append(name)
        if len(play.script) <= _LONGEST:
            self._consider(play, here, fresh, rows)
        return fresh

    def _since(self, play: Play) -> Led:
        """What led to where a play is, from the stage that it began at."""
        origin = self._origin
        begin = 0 if origin is None else len(origin.moves)
        return origin, play.part, tuple(play.script[begin:])

    def _consider(
        self, play: Play, here: Spot, fresh: tuple[Pair, ...], rows: Sequence[str]
    ) -> None:
        """Keep a script, if it shows something."""
        policy = self._policies.of(play.part)
        meeting = self._meeting
        new = self._places.is_new(play, here, policy)
        also = self._places.is_another(play, meeting)
        if fresh:
            self.own.append(Seed(play.part, tuple(play.script), fresh, None, here))
            for row in rows:
                self._notes.keep_shortest(play, row)
        if not (new or also):
            self.kept += bool(fresh)
            return
        self.kept += 1
        stage = play.fork() if isinstance(play, Solo) else None
        if stage is not None and self.kept % _FROZEN == 0:
            gc.freeze()
        seed = Seed(play.part, tuple(play.script), fresh, stage, here)
        if new:
            self._places.enter(seed, here, policy)
        if also:
            self._places.enter_both(seed, meeting)

    def adopt(self, seed: Seed) -> None:
        """Keep a script that somebody else has found."""
        if seed.spot is None:
            self._adopted.append(seed)
            self.kept += 1
            return
        here = self._places.spot_of(seed.spot.last, seed.spot.states)
        policy = self._policies.of(seed.part)
        if here.policies[policy] < PER_POLICY:
            self.kept += 1
            self._places.enter(Seed(seed.part, seed.moves, seed.pairs, None, here), here, policy)

    # Where a play is.

    @staticmethod
    def _waiting_on(stage: AnyStage) -> tuple[int, int]:
        """How many messages are on their way to either side."""
        return len(stage.to_target), len(stage.to_tester)
