"""How a machine is to be learned, and what it took. Nothing here needs AALpy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import unique
from typing import Final

from otr_conformance.words import Spoken

__all__ = ["CHECKS", "Algorithm", "Figures", "Watch", "Wish", "silent"]

CHECKS: Final = 500
"""How many random words a machine has to answer as the target does."""


@unique
class Algorithm(Spoken):
    """How a machine is learned."""

    KV = "kv", "Kearns and Vazirani: a classification tree"
    LSHARP = "lsharp", "L#: apartness in a tree of observations"


@dataclass
class Figures:
    """What it took.

    Attributes:
        words: how many words the target was asked.
        steps: how many inputs they had.
        saved: how many words the cache answered.
        rounds: how many machines were refuted.
        seconds: by the clock.
        processor: of the processor, in this process.
        revised: how often an answer was decided by a vote that was not unanimous.
    """

    words: int = 0
    steps: int = 0
    saved: int = 0
    rounds: int = 0
    seconds: float = 0.0
    processor: float = 0.0
    revised: int = 0


@dataclass(frozen=True, slots=True)
class Wish:
    """How a machine is to be learned.

    Attributes:
        algorithm: which.
        checks: how many random words have to agree.
        seed: of the random words.
        votes: how often each word is asked; what most answers say counts.
        limit: seconds; 0: no limit.
        extra: how many states more than its machine a target may have, and be told from it.
    """

    algorithm: Algorithm = Algorithm.LSHARP
    checks: int = CHECKS
    seed: int = 1
    votes: int = 1
    limit: float = 0.0
    extra: int = 0


Watch = Callable[[Figures, int], None]
"""Called now and then with what was done so far, and how many states there are."""


def silent(_figures: Figures, _states: int) -> None:
    """Tell nobody."""
