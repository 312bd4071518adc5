"""What a protocol states so that cases can be derived: who plays, and what can happen.

A `Move` is something that a user or the network does, by a name that stands in files. A `Script` is
a list of such names, and who plays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from otr_conformance.play.case import Cast
from otr_conformance.play.stage import AnyStage, Stuck
from otr_model.kernel.variant import NONE as _NONE

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

    from otr_conformance.play.grade import AnyGrader
    from otr_conformance.play.labs import Lab
    from otr_model.kernel.composition import AnyTable, Composition

__all__ = ["AnyPlan", "Change", "Move", "Moves", "Part", "Plan", "Script", "unchanged"]

C = TypeVar("C", bound=Cast)
S = TypeVar("S", bound=AnyStage)


def _always(_stage: object) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Move(Generic[S]):
    """Something that can happen.

    Attributes:
        name: in files.
        play: does it.
        when: whether it is worth trying.
        needs: capabilities of the shim protocol that a target needs.
        decides: whether it settles how hashes compare. Where a comparison comes up that nothing has
            settled, a script is of no use: with a target's own randomness it may come out either
            way.
        clears: whether it leaves fewer messages on their way.
    """

    name: str
    play: Callable[[S], None]
    when: Callable[[S], object] = _always
    needs: frozenset[str] = frozenset()
    decides: bool = False
    clears: bool = False


class Moves(dict[str, Move[S]]):
    """The moves of a protocol, by name, in the order of declaration."""

    def add(  # noqa: PLR0913 - one keyword for each thing that a move states
        self,
        name: str,
        play: Callable[[S], None],
        *,
        when: Callable[[S], object] = _always,
        needs: str = "",
        decides: bool = False,
        clears: bool = False,
    ) -> None:
        """Declare a move; `needs` has words, separated by spaces."""
        words = frozenset(needs.split())
        self[name] = Move(name, play, when, words, decides, clears)


@dataclass(frozen=True, slots=True)
class Part(Generic[C]):
    """Who plays, by a name that stands in files.

    Attributes:
        cast: policies and the like.
        version: the version that is spoken.
        needs: capabilities that a target needs.
    """

    cast: C
    version: int
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Change(Generic[C]):
    """Something that can be changed about who plays.

    Attributes:
        made: makes the change.
        needs: capabilities that a target needs for it.
    """

    made: Callable[[C], C]
    needs: frozenset[str] = frozenset()


def unchanged() -> dict[str, Change[Any]]:
    """That nothing is changed, which has no name."""
    return {"": Change(lambda cast: cast)}


@dataclass(frozen=True, slots=True)
class Script:
    """What happens.

    Attributes:
        part: the name of who plays.
        moves: the names of the moves, in order.
    """

    part: str
    moves: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Plan(Generic[C, S]):
    """What a protocol states.

    Attributes:
        protocol: its name.
        composition: its tables.
        grader: plays and compares.
        lab: the terms over which everything is explored; nobody else uses it.
        parts: who plays, by name.
        moves: what can happen, by name.
        probes: what may show a state; each is a list of moves.
        fork: a copy of a stage; what happens on one leaves the other as it is.
        place: where a stage stands, as far as it decides what can happen next.
        standing: the same of the target alone.
        astray: copies of a stage with a machine of the target's in each other state, and in which.
        varied: a cast with other policies of the target's, and another version where these leave
            none.
        changes: what else can be changed about who plays, by name.
        choices: how hashes were found to compare, in the lab; emptied and filled at will.
    """

    protocol: str
    composition: Composition
    grader: AnyGrader
    lab: Lab
    parts: Mapping[str, Part[C]]
    moves: Mapping[str, Move[S]]
    probes: tuple[tuple[str, ...], ...]
    fork: Callable[[S], S]
    place: Callable[[S], Hashable]
    standing: Callable[[S], Hashable]
    astray: Callable[[S, AnyTable, int], Iterator[tuple[str, S]]]
    varied: Callable[[C, Mapping[str, bool]], C]
    changes: Mapping[str, Change[C]] = field(default_factory=unchanged)
    choices: dict[Any, bool] = field(default_factory=dict)

    def stage(self, part: str) -> S:
        """A stage on which nothing has happened yet, with the reference as the target.

        How hashes compare is open.
        """
        self.choices.clear()
        grader = self.grader
        stage: S = grader.set_stage(self.lab, self.parts[part].cast, grader.reference_target(_NONE))
        return stage

    def play(self, script: Script) -> S | None:
        """The stage after a script; None if the script cannot be played, or something is open."""
        stage = self.stage(script.part)
        for name in script.moves:
            if not self.take(stage, self.moves[name]):
                return None
        return stage

    def take(self, stage: S, move: Move[S]) -> bool:
        """Do something; False if it cannot be done, or if hashes were compared and that is open."""
        settled = len(self.choices)
        try:
            move.play(stage)
        except Stuck:
            return False
        return move.decides or len(self.choices) == settled


AnyPlan = Plan[Any, Any]
