"""Cases: what is played on the stage, and what it is evidence for.

A case is a decorated function. Its docstring is the published description; it opens with what a
conforming implementation does. What is expected is not written in a case: the tables predict it
(`otr_conformance.otrv3.grade`).

    @case("ake.answers-query", target=Policy(allow_v2=False))
    def answers_query(stage: Stage) -> None:
        \"\"\"Answers a Query Message with a D-H Commit Message.\"\"\"
        stage.tester_starts()
        stage.to_target_delivers()
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import unique
from typing import TYPE_CHECKING

from otr_model.kernel.variant import NONE, Variant
from otr_model.kernel.words import Word
from otr_reference.otrv3.session import Policy

from .stage import Cast

if TYPE_CHECKING:
    from .stage import Stage

Play = Callable[["Stage"], None]
V3_ONLY = Policy(allow_v2=False)
V2_ONLY = Policy(allow_v3=False)


@unique
class Level(Word):
    """How strongly the specification asks for it."""

    MUST = "a failure is a deviation from the specification"
    SHOULD = "a failure is a note"


@dataclass(frozen=True, slots=True)
class Case:
    """One case.

    Attributes:
        id: public, as in "otrv3.case:ake.answers-query".
        about: the description.
        cast: policies, sizes, and how the tester deviates.
        play: what happens.
        level: how strongly it is asked for.
        needs: capabilities of the shim protocol that a target needs.
        version: the protocol version that is spoken, 2 or 3.
        largest: bytes of the largest message that the target receives, where they are many.
    """

    id: str
    about: str
    cast: Cast
    play: Play = field(compare=False)
    level: Level = Level.MUST
    needs: frozenset[str] = frozenset()
    version: int = 3
    largest: int = 0


CASES: dict[str, Case] = {}
"""All cases, by id, in the order of declaration."""


class DuplicateCase(Exception):
    """Two cases have one id."""


def add(case: Case) -> None:
    """Register a case.

    Raises:
        DuplicateCase: if there is one with its id.
    """
    if case.id in CASES:
        raise DuplicateCase(case.id)
    CASES[case.id] = case


def case(  # noqa: PLR0913 - one keyword for each thing that a case states
    name: str,
    *,
    target: Policy = V3_ONLY,
    tester: Policy = V3_ONLY,
    variant: Variant = NONE,
    max_size: int = 0,
    tester_size: int = 0,
    level: Level = Level.MUST,
    needs: frozenset[str] | set[str] = frozenset(),
    version: int = 3,
    largest: int = 0,
) -> Callable[[Play], Play]:
    """Declare a case; see `Case`. The function's docstring is its description."""

    def declare(play: Play) -> Play:
        about = " ".join((play.__doc__ or "").split())
        cast = Cast(target, tester, variant, max_size, tester_size)
        needed = frozenset(needs)
        add(Case(f"otrv3.case:{name}", about, cast, play, level, needed, version, largest))
        return play

    return declare
