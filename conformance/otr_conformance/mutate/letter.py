"""Fairness: what cases say of a target that reads an ambiguity of the text to the letter.

    for each in unfair("otrv4", readings("otrv4")): ...

Such a target is right: cases may have notes about it, and must not fail it. It is the reference
under the variant of each literal reading, with its own random values and with others; where that
reading leaves it without what it needs, it does nothing. Only cases in
which the reference looks at a cell that the reading edits can tell it from the reference
(`otr_conformance.mutate.plan`); no others are played.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from otr_conformance.play.stage import Reaction
from otr_conformance.protocols import protocol
from otr_conformance.verdict import Verdict
from otr_reference.engine import Unprepared

from .playing import Player

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from otr_conformance.play.case import AnyCase
    from otr_conformance.play.grade import AnyGrader
    from otr_model.kernel.variant import Variant

__all__ = ["DRAWS", "Unfair", "readings", "unfair"]

DRAWS: Final = ("", "other values")
"""What the random values of the target come from; "": from what they come in every case."""
_INPUTS: Final = ("command", "receive", "wait")
_RIGHT: Final = frozenset({Verdict.PASS, Verdict.NOTE})


@dataclass(frozen=True, slots=True)
class Unfair:
    """A case that fails a target which reads an ambiguity to the letter.

    Attributes:
        reading: the id of the ambiguity.
        case: the id of the case.
        draws: what the target's random values come from (`DRAWS`).
        verdict: what the case says.
        because: why.
    """

    reading: str
    case: str
    draws: str
    verdict: Verdict
    because: str


def readings(name: str) -> tuple[str, ...]:
    """The ids of the ambiguities of a protocol whose literal reading can be run."""
    return tuple(protocol(name).suite.grader.literal)


def unfair(
    name: str,
    asked: Iterable[str],
    *,
    every: int = 1,
    after: Callable[[str], None] = lambda _: None,
) -> Iterator[Unfair]:
    """Cases that fail a target which reads an ambiguity to the letter.

    Args:
        name: the protocol's.
        asked: the ids of ambiguities.
        every: only one in so many cases is played.
        after: called with each ambiguity when all cases were played.
    """
    player = _player(name)
    grader, lab = player.suite.grader, player.suite.terms()
    for reading in asked:
        variant = grader.literal[reading]
        for at in player.plan.cases(variant)[::every]:
            case = player.cases[at]
            for draws in DRAWS:
                result = _graded(grader, case, lab, variant, draws)
                if result[0] not in _RIGHT:
                    yield Unfair(reading, case.id, draws, *result)
        after(reading)


@lru_cache(maxsize=2)
def _player(name: str) -> Player:
    return Player(protocol(name).suite)


def _quietly(take: Callable[[Any], Reaction]) -> Callable[[Any], Reaction]:
    """The same, but that nothing happens where something is missing."""

    def taken(given: Any) -> Reaction:  # noqa: ANN401 - whatever a party takes
        try:
            return take(given)
        except Unprepared:
            return Reaction()

    return taken


def _graded(
    grader: AnyGrader,
    case: AnyCase,
    lab: Any,  # noqa: ANN401 - of any protocol
    variant: Variant,
    draws: str,
) -> tuple[Verdict, str]:
    def target(lab: Any, cast: Any) -> Any:  # noqa: ANN401 - of any protocol
        party: Any = grader.reference_target(variant)(lab, cast)
        if draws:
            party.reseed(draws)
        for name in _INPUTS:
            setattr(party, name, _quietly(getattr(party, name)))
        return party

    try:
        result = grader.grade(case, lab, target, explained=False)
    except Exception as error:  # noqa: BLE001 - a reading that leads nowhere is to be reported, too
        return Verdict.CRASH, f"{type(error).__name__}: {error}"
    return result.verdict, result.because
