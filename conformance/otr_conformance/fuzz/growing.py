"""A corpus for whoever is a little different from the tables: short scripts that show much.

    scripts = grown(fuzzing, seed=1, steps=60_000)

The reference plays alone, steered, and now and then one of the probes by which derived cases tell
states apart, at once or message by message. Rows that were never taken are looked for where their
states are, by what led to their events elsewhere. What is looked for is *shown*: two rows, one a
few rows behind the other; a check that fails, in a row; a word about who plays, and a row. Of
everything that is shown, the shortest script that shows it is kept. Twice, what was never shown is
looked for beside what was (`.neighbours`).
Nothing is known of what could be wrong with anybody.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from random import Random
from typing import TYPE_CHECKING, Any, Final, TypeVar

from otr_conformance.derive.plan import Script
from otr_conformance.derive.usual import ARRIVES

from .altered import ONE_BY_ONE
from .astray import ANSWERED, identifying
from .loop import Loop
from .solo import Worlds
from .spots import Begin, Seed, Spot
from .steer import Steer

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

    from otr_conformance.derive.search import Pair

    from .neighbours import Aim, Shown
    from .solo import Play
    from .vocabulary import Fuzzing

__all__ = ["FIRST", "GROWN", "cover", "grown"]

GROWN: Final = 200_000
"""Moves with the reference alone, in which a corpus is grown."""
BEHIND: Final = 4
"""How many rows two rows may be apart."""
FIRST: Final = 150
"""Scripts that come before all others: those that show most."""
_PROBED: Final = 0.08
"""How often a probe begins, in place of a single move."""
_SLOWLY: Final = 0.5
"""How often what is to arrive in a probe arrives message by message."""
_RECAST: Final = 0.2
"""How often a script is played from the beginning by somebody else."""
_WISHED: Final = 0.25
"""How often a row is looked for that was never taken, while there are any."""
_WISHES: Final = 60
"""How often each is looked for, at most."""
_UNSEEN: Final = 6
"""How many times as often it is, where its whole cell was never visited."""
_DOUBT: Final = 4
"""As if each move had been played so often more, without an event behind it."""
_CAUSE: Final = 3
"""How many moves in a row may be needed for an event."""
_SHARES: Final = ((0.25, 0.55), (0.65, 0.85), (1.0, 0.0))
"""Until when steering says what is played, and until when what was never shown is looked for then:
shares of all moves."""
_CONTEST: Final = 6
"""How many are drawn before somebody else plays."""
_OFTEN: Final = 1 << 30
K = TypeVar("K")


@dataclass
class _Growing(Steer):
    """Steers as always, plays probes, and keeps the shortest script for everything that is shown.

    Attributes:
        shortest: for everything that was shown, the shortest script that showed it.
        ends: for each row that was the last of its table in a move, the states of the target, and
            those of the tester with whether anything was on its way, the shortest script behind
            which that was so.
    """

    shortest: dict[Shown, Script] = field(default_factory=dict)
    ends: dict[tuple[str, tuple[Hashable, Hashable]], Script] = field(default_factory=dict)
    _aimed: Begin | None = None
    _said: tuple[str, ...] = ()
    _tail: list[str] = field(default_factory=list)
    _tails: dict[Script, tuple[str, ...]] = field(default_factory=dict)
    _queue: list[str] = field(default_factory=list)
    _cast: Counter[str] = field(default_factory=lambda: Counter({"": _OFTEN}))
    _never: _Wishes = field(init=False)

    def __post_init__(self) -> None:
        """See `Steer`."""
        super().__post_init__()
        self._quiet = frozenset(self._alter.quiet)
        self._never = _Wishes(self.fuzzing)

    def begin(self) -> Begin:
        """See `Steer.begin`."""
        if self._aimed is not None:
            how, self._aimed = self._aimed, None
            return self._aimed_at(how)
        wish = self._never.draw(self.random) if self.random.random() < _WISHED else None
        how = super().begin() if wish is None else self._home(wish[0])
        if wish is None and how.moves and self.random.random() < _RECAST:
            how = Begin(self._other(), how.moves)
        kept = () if how.stage is None else self._tails.get(Script(how.part, how.moves), ())
        self._tail, self._queue = list(kept), [] if wish is None else list(reversed(wish[1]))
        self._said = tuple(_said(how.part))
        return how

    def _aimed_at(self, how: Begin) -> Begin:
        """As it was said, and nobody's merit."""
        self._way = self._none
        self._tail, self._queue, self._said = [], [], tuple(_said(how.part))
        return how

    def _home(self, seed: Seed) -> Begin:
        """Behind a script, and nobody's merit."""
        self._way = self._none
        return self._behind(seed)

    def _other(self) -> str:
        """Somebody else to play, of whom least was said so far."""
        drawn = [self.fuzzing.draw_part(self.random) for _ in range(_CONTEST)]
        part = min(drawn, key=lambda each: min(self._cast[word] for word in (*_said(each), "")))
        self._cast.update(_said(part))
        return part

    def choose(self, play: Play, last: str) -> str:
        """The next move of a probe, or as always."""
        if not self._queue and self.random.random() < _PROBED:
            self._queue = list(reversed(self.random.choice(self.fuzzing.plan.probes)))
        while self._queue:
            name = self._queue.pop()
            if name == ARRIVES and self.random.random() < _SLOWLY:
                self._queue += ONE_BY_ONE
            elif play.can(name):
                return name
        return super().choose(play, last)

    def learn(self, play: Play, before: str, rows: Sequence[str]) -> tuple[Pair, ...]:
        """See `Steer.learn`."""
        kept = self.kept
        fresh = super().learn(play, before, rows)
        if rows and not play.cut:
            self._keep(play, rows)
        self._never.add(rows, play.script)
        self._never.at(self._here)
        if self.kept != kept:
            self._tails[Script(play.part, tuple(play.script))] = tuple(self._tail)
        return fresh

    def _keep(self, play: Play, rows: Sequence[str]) -> None:
        """Keep the script for what it is the first, or the shortest, to show."""
        script = Script(play.part, tuple(play.script))
        for shown in self._shown(play, rows):
            _shorter(self.shortest, shown, script)
        stage = play.twin
        users = self._places.standing.users
        some = users(stage.tester), bool(stage.to_target), bool(stage.to_tester)
        states = users(stage.target), some
        for row in {row.partition(":")[0]: row for row in rows}.values():
            _shorter(self.ends, (row, states), script)

    def open(self) -> tuple[Aim, ...]:
        """What was never shown, and may be beside what was."""
        by_row = self.by_row()
        shown, aims = self.shortest.keys(), self._aims
        return (*aims.checks(shown, by_row), *aims.times(shown, by_row), *aims.rows(by_row))

    def aim(self, aim: Aim) -> Iterator[None]:
        """Time after time, the next episode begins with what may show it."""
        for how in self._aims.begins(aim):
            self._aimed = how
            yield

    def was_shown(self, shown: Shown) -> bool:
        """Whether something was."""
        return shown in self.shortest

    def by_row(self) -> dict[str, list[Script]]:
        """For each row that a move can end with, scripts that do, the shortest first.

        Those that leave the target in different states come before others.
        """
        found: dict[str, dict[Hashable, list[Script]]] = defaultdict(lambda: defaultdict(list))
        for (row, (states, _)), script in self.ends.items():
            found[row][states].append(script)
        return {row: list(_mixed(several.values())) for row, several in found.items()}

    def _shown(self, play: Play, rows: Sequence[str]) -> Iterator[Shown]:
        """What the last move shows."""
        name = play.script[-1]
        if name in self._quiet:
            yield from ((name, row) for row in rows)
        for fired in play.twin.fired[-len(rows) :]:
            yield fired.failed, fired.row
            for word in self._said:
                yield word, fired.row
        tail = self._tail
        for row in rows:
            for other in tail:
                yield other, row
            tail.append(row)
            del tail[:-BEHIND]


def _mixed(several: Iterable[list[Script]]) -> Iterator[Script]:
    """The shortest of each, the next of each, and so on."""
    ranked = [
        (rank, len(script.moves), number, script)
        for number, scripts in enumerate(several)
        for rank, script in enumerate(sorted(scripts, key=lambda each: len(each.moves)))
    ]
    for *_, script in sorted(ranked, key=lambda each: each[:3]):
        yield script


class _Wishes:
    """Rows that were never taken, where their states are, and what causes their events elsewhere.

    Args:
        fuzzing: what the protocol states.
    """

    def __init__(self, fuzzing: Fuzzing) -> None:
        tables = fuzzing.plan.composition.tables
        self._events = {row.id: row.on.label for table in tables for row in table.rows}
        self._machines = tuple(table.machine for table in tables if _several(table.states))
        self._places = {
            row.id: (table.machine, row.at.label) for table in tables for row in table.rows
        }
        self._open = dict(self._places)
        self._left = Counter(dict.fromkeys(self._open, _WISHES))
        self._visited: set[tuple[tuple[str, str], str]] = set()
        self._played: Counter[str] = Counter()
        self._followed: dict[str, Counter[str]] = defaultdict(Counter)
        self._causes: dict[tuple[str, str], tuple[str, ...]] = {}
        self._homes: dict[tuple[str, str], dict[Spot, None]] = defaultdict(dict)

    def add(self, rows: Sequence[str], script: Sequence[str]) -> None:
        """Some rows were taken in the last move of a script, or none."""
        self._played[script[-1]] += 1
        for row in rows:
            self._open.pop(row, None)
            if row in self._places:
                self._visited.add(self._cell(row))
        for event in {self._events[row] for row in rows if row in self._events}:
            for length in range(1, min(_CAUSE, len(script)) + 1):
                first = script[-length]
                self._followed[event][first] += 1
                self._causes[event, first] = tuple(script[-length:])

    def at(self, spot: Spot) -> None:
        """Scripts may be kept for a spot: its states begin with those of the session in use."""
        for machine, state in zip(self._machines, spot.states, strict=False):
            if state is not None:
                self._homes[machine, state.label][spot] = None

    def draw(self, random: Random) -> tuple[Seed, tuple[str, ...]] | None:
        """A script that leads to where a row could be taken, and what may cause its event."""
        wishes = [
            row
            for row, place in self._open.items()
            if self._left[row] and place in self._homes and self._events[row] in self._followed
        ]
        if not wishes:
            return None
        weights = [1 if self._cell(row) in self._visited else _UNSEEN for row in wishes]
        (row,) = random.choices(wishes, weights)
        self._left[row] -= 1
        spots = [spot for spot in self._homes[self._open[row]] if spot.seeds]
        if not spots:
            return None
        return random.choice(random.choice(spots).seeds), self._cause(self._events[row], random)

    def _cell(self, row: str) -> tuple[tuple[str, str], str]:
        return self._places[row], self._events[row]

    def _cause(self, event: str, random: Random) -> tuple[str, ...]:
        """Moves that an event followed, those preferred that it follows often."""
        followed = self._followed[event]
        often = [(n / (self._played[name] + _DOUBT)) ** 2 for name, n in followed.items()]
        (first,) = random.choices(tuple(followed), often)
        return self._causes[event, first]


def _several(states: Any) -> bool:  # noqa: ANN401 - a class of an enumeration
    return len(states) > 1


def _shorter(known: dict[K, Script], what: K, script: Script) -> None:
    """Keep a script if there is none yet for something, or a longer one."""
    if what not in known or len(known[what].moves) > len(script.moves):
        known[what] = script


def _said(part: str) -> Iterator[str]:
    """What is said about who plays, but for the tester's policies."""
    for word in part.split():
        name, _, value = word.partition(":")
        if name != "tester":
            yield from (f"{name}:{each}" for each in value.split(","))


def grown(fuzzing: Fuzzing, seed: int, steps: int = GROWN) -> tuple[Script, ...]:
    """Scripts that show much, grown on the reference alone; those first that show most.

    Among them are those that tell in which state somebody went on (`.astray`); at their end stand
    all probes behind each row.

    Args:
        fuzzing: what the protocol states.
        seed: what is drawn.
        steps: how many moves are played.
    """
    steer = _grow(fuzzing, seed, steps)
    shown = cover(steer.shortest.items())
    by_row = steer.by_row()
    return (
        *shown[:FIRST],
        *identifying(fuzzing, by_row),
        *shown[FIRST:],
        *_probed(fuzzing, by_row),
    )


def _grow(fuzzing: Fuzzing, seed: int, steps: int) -> _Growing:
    """Play: as steering says, and between that what was never shown is looked for."""
    random = Random(f"{seed} corpus")  # noqa: S311 - what is played is no secret
    steer = _Growing(fuzzing, random)
    loop = Loop(steer, Worlds(fuzzing, judged=False).begin)
    for steered, aimed in _SHARES:
        while loop.steps < steps * steered:
            loop.episode()
        if aimed > steered:
            _aim(steer, loop, round(steps * aimed))
    return steer


def _aim(steer: _Growing, loop: Loop, until: int) -> None:
    """Look for what was never shown beside what was, until so many moves were played."""
    for aim in steer.open():
        for _ in steer.aim(aim):
            loop.episode()
            if steer.was_shown(aim.shown) or loop.steps >= until:
                break
        if loop.steps >= until:
            break


def _probed(fuzzing: Fuzzing, by_row: Mapping[str, Sequence[Script]]) -> Iterator[Script]:
    """Behind each row, by the shortest script that takes it last, every probe: now or later.

    Probes are what may show a state: who went on to a wrong one is told by them.
    """
    for script in dict.fromkeys(scripts[0] for scripts in by_row.values()):
        for probe in (*fuzzing.plan.probes, ANSWERED):
            yield Script(script.part, (*script.moves, *probe))
            yield Script(script.part, (*script.moves, ARRIVES, *probe))


def cover(found: Iterable[tuple[Shown, Script]]) -> tuple[Script, ...]:
    """Scripts that together show everything, none inside of another, the most fruitful ones first.

    Args:
        found: what is shown, and the script that shows it.
    """
    by: dict[Script, set[Shown]] = defaultdict(set)
    for shown, script in found:
        by[script].add(shown)
    inner: set[Script] = set()
    for script in by:
        inner.update(before for before in _begins(script) if before in by)
    every = {script: _all_of(script, by) for script in by if script not in inner}
    return tuple(_greedily(every))


def _begins(script: Script) -> Iterator[Script]:
    """What a script begins with."""
    return (Script(script.part, script.moves[:at]) for at in range(len(script.moves)))


def _all_of(script: Script, by: Mapping[Script, set[Shown]]) -> set[Shown]:
    """What a script shows, and what it begins with."""
    return by[script].union(*(by[each] for each in _begins(script) if each in by))


def _greedily(every: dict[Script, set[Shown]]) -> Iterator[Script]:
    """Next comes always the script that shows most of what is left, for its length."""
    order = [(-_worth(script, shown), n, script) for n, (script, shown) in enumerate(every.items())]
    heapify(order)
    seen: set[Shown] = set()
    while order:
        worth, number, script = heappop(order)
        every[script] -= seen
        now = -_worth(script, every[script])
        if now > worth and order and now > order[0][0]:
            heappush(order, (now, number, script))
            continue
        seen |= every[script]
        yield script


def _worth(script: Script, shown: set[Shown]) -> float:
    return len(shown) / (len(script.moves) + 1)
