"""The cases of OTRv4, and how one is declared; see `otr_conformance.play.case`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from otr_conformance.play.case import Case as AnyCase
from otr_conformance.play.case import Cases, Level
from otr_model.kernel.variant import NONE, Variant
from otr_model.otrv4.words import Mode
from otr_reference.otrv4.session import Policy

from .stage import Cast, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CASES", "V3_ONLY", "V4_ONLY", "Case", "Level", "Play", "case"]

Play = Callable[[Stage], None]
Case = AnyCase[Cast, Stage]
V4_ONLY = Policy(allow_v3=False)
V3_ONLY = Policy(allow_v4=False)

CASES: Cases[Cast, Stage] = Cases("otrv4")
"""All cases, by id, in the order of declaration."""


def case(  # noqa: PLR0913 - one keyword for each thing that a case states
    name: str,
    *,
    target: Policy = V4_ONLY,
    tester: Policy = V4_ONLY,
    variant: Variant = NONE,
    mode: Mode = Mode.COMPATIBLE,
    max_size: int = 0,
    tester_size: int = 0,
    knows: bool = False,
    trusts: bool = False,
    level: Level = Level.MUST,
    needs: Iterable[str] = (),
    largest: int = 0,
) -> Callable[[Play], Play]:
    """Declare a case; see `Case`. The function's docstring is its description."""

    def declare(play: Play) -> Play:
        cast = Cast(target, tester, variant, mode, max_size, tester_size, knows, trusts)
        CASES.declare(name, play, cast, version=4, level=level, needs=needs, largest=largest)
        return play

    return declare
