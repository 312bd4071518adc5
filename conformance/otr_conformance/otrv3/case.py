"""The cases of OTRv3, and how one is declared; see `otr_conformance.play.case`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from otr_conformance.play.case import Case as AnyCase
from otr_conformance.play.case import Cases, Level
from otr_model.kernel.variant import NONE, Variant
from otr_reference.otrv3.session import Policy

from .stage import Cast, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CASES", "V2_ONLY", "V3_ONLY", "Case", "Level", "Play", "case"]

Play = Callable[[Stage], None]
Case = AnyCase[Cast, Stage]
V3_ONLY = Policy(allow_v2=False)
V2_ONLY = Policy(allow_v3=False)

CASES: Cases[Cast, Stage] = Cases("otrv3")
"""All cases, by id, in the order of declaration."""


def case(  # noqa: PLR0913 - one keyword for each thing that a case states
    name: str,
    *,
    target: Policy = V3_ONLY,
    tester: Policy = V3_ONLY,
    variant: Variant = NONE,
    max_size: int = 0,
    tester_size: int = 0,
    level: Level = Level.MUST,
    needs: Iterable[str] = (),
    version: int = 3,
    largest: int = 0,
) -> Callable[[Play], Play]:
    """Declare a case; see `Case`. The function's docstring is its description."""

    def declare(play: Play) -> Play:
        cast = Cast(target, tester, variant, max_size, tester_size)
        CASES.declare(name, play, cast, version=version, level=level, needs=needs, largest=largest)
        return play

    return declare
