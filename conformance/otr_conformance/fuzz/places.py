"""Where plays have been, and the scripts that are kept there."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from .spots import Group, Meeting, Queue, Setting, Spot
from .standing import Standing

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence
    from random import Random

    from otr_conformance.play.stage import AnyStage

    from .policies import Policies
    from .solo import Play
    from .spots import Seed
    from .standing import States
    from .vocabulary import Fuzzing

__all__ = ["PER_POLICY", "STAYING", "Places"]

PER_POLICY: Final = 3
"""Scripts that are kept for a spot under one policy of the target's."""
_POLICIES: Final = 8
"""Policies of the target's under which scripts are kept for a spot."""
_FLAGS: Final = 2 * _POLICIES
"""Policies with flags that decide what users may do, under which scripts are kept for a spot."""
_PER_STATES: Final = 3
"""Scripts that are kept for the states of both sides."""
_ANOTHER: Final = 0.05
"""How often another script is kept for the states of both sides."""
_LONG: Final = 60
"""Moves of a script from which on it is kept only as the first at a spot."""
_CROWDED: Final = 12
"""Messages on their way beyond which it is the same: all of them are copied, and delivered."""
STAYING: Final = 3
"""Scripts of a place that stay, the shortest, where most are given up."""


class Places:
    """Spots, meetings and settings.

    Args:
        fuzzing: what a protocol states.
        policies: what the tables say of policies.
        wishes: what is tried wherever both sides stand differently.
        random: where chance comes from.

    Attributes:
        standing: tells where a side stands.
        spots: where scripts are kept, by the row that was taken last, and the states.
        by_states: the same by the states alone.
        waiting: the same, each to have its turn.
        groups: where both sides stand, as far as it matters to users.
        groups_waiting: the same, each to have its turn.
        settings: where all sessions of the target stand.
        settings_waiting: the same, each to have its turn.
    """

    def __init__(
        self, fuzzing: Fuzzing, policies: Policies, wishes: Sequence[str], random: Random
    ) -> None:
        self._plan, self._policies, self._wishes, self._random = (
            fuzzing.plan,
            policies,
            wishes,
            random,
        )
        self.standing = Standing(fuzzing)
        self._plain = frozenset(map(policies.of, fuzzing.plan.parts))
        self._seen: set[int] = set()
        self._meetings: dict[Hashable, Meeting] = {}
        self.spots: dict[tuple[str, States], Spot] = {}
        self.by_states: dict[States, list[Spot]] = {}
        self.waiting: Queue[Spot] = Queue()
        self.groups: dict[Hashable, Group] = {}
        self.groups_waiting: Queue[Group] = Queue()
        self.settings: dict[Hashable, Setting] = {}
        self.settings_waiting: Queue[Setting] = Queue()

    @property
    def seeds(self) -> Iterator[Seed]:
        """The scripts that are kept at spots."""
        return (seed for spot in self.spots.values() for seed in spot.seeds)

    def spot(self, last: str, stage: AnyStage) -> Spot:
        """Where a play is, behind a row."""
        return self.spot_of(last, self.standing.states(stage.target))

    def spot_of(self, last: str, states: States) -> Spot:
        """The spot of a row and states."""
        key = (last, states)
        spot = self.spots.get(key)
        if spot is None:
            spot = self.spots[key] = Spot(last, states)
        return spot

    def meeting(self, here: Spot, stage: AnyStage) -> Meeting:
        """Where both sides stand, and whether anything is on its way."""
        standing, target, tester = self.standing, stage.target, stage.tester
        some = bool(stage.to_target), bool(stage.to_tester), standing.wishes(tester)
        roughly = standing.setting(target)
        key = (here.states, roughly, standing.details(target), standing.states(tester), some)
        meeting = self._meetings.get(key)
        if meeting is None:
            setting = self.settings.setdefault(roughly, Setting())
            users = standing.users(target), standing.wishes(target)
            place = (users, standing.users(tester), some)
            group = self.groups.get(place)
            if group is None:
                group = self.groups[place] = Group(left=list(self._wishes))
                self._random.shuffle(group.left)
            meeting = self._meetings[key] = Meeting(group, setting)
        return meeting

    def enter(self, seed: Seed, here: Spot, policy: int) -> None:
        """Keep a script at a spot."""
        here.policies[policy] += 1
        here.seeds.append(seed)
        if len(here.seeds) == 1:
            here.depth = len(seed.moves)
            self.waiting.add(here)
            self.by_states.setdefault(here.states, []).append(here)

    def enter_both(self, seed: Seed, meeting: Meeting) -> None:
        """Keep a script where both sides stand."""
        meeting.seeds.append(seed)
        if len(meeting.seeds) > 1:
            return
        group, setting = meeting.group, meeting.setting
        meeting.depth = len(seed.moves)
        if not setting.meetings:
            setting.depth = meeting.depth
            self.settings_waiting.add(setting)
        setting.meetings.add(meeting)
        if not group.meetings:
            group.depth = meeting.depth
            self.groups_waiting.add(group)
        group.meetings.add(meeting)

    def is_new(self, play: Play, here: Spot, policy: int) -> bool:
        """Whether a play is at a spot, or under a policy, or at a place there, that is new."""
        if not here.seeds:
            return True
        if _is_long(play):
            return False
        if self._is_otherwise(play, here, policy):
            return True
        kept = here.policies[policy]
        if not kept:
            return policy in self._plain or len(here.policies) <= _POLICIES
        return kept < PER_POLICY and self._is_elsewhere(play, here)

    def _is_elsewhere(self, play: Play, here: Spot) -> bool:
        """Whether a play is at a place, at a spot, that is new."""
        place = hash((here.last, self._plan.place(play.twin)))
        if place in self._seen:
            return False
        self._seen.add(place)
        return True

    def _is_otherwise(self, play: Play, here: Spot, policy: int) -> bool:
        """Whether flags that decide what users may do are as they never were at a spot."""
        flags = policy, self.standing.flags(play.twin.target)
        if flags in here.flags or (policy not in self._plain and len(here.flags) >= _FLAGS):
            return False
        here.flags.add(flags)
        return True

    def is_another(self, play: Play, meeting: Meeting) -> bool:
        """Whether one more script is kept for where both sides stand."""
        if _is_long(play):
            return False
        if not meeting.seeds:
            return True
        return len(meeting.seeds) < _PER_STATES and self._random.random() < _ANOTHER

    def forget(self) -> None:
        """Give up all stages, and scripts where there are many."""
        kept = [place.seeds for place in self.spots.values()]
        kept += [place.seeds for place in self._meetings.values()]
        for seeds in kept:
            seeds.sort(key=lambda each: len(each.moves))
            del seeds[STAYING:]
            for seed in seeds:
                seed.stage = None
        for spot in self.spots.values():
            spot.policies = Counter(self._policies.of(seed.part) for seed in spot.seeds)
            spot.flags.clear()


def _is_long(play: Play) -> bool:
    """Whether a script has become long, or much is on its way."""
    waiting = len(play.twin.to_target) + len(play.twin.to_tester)
    return len(play.script) > _LONG or waiting > _CROWDED
