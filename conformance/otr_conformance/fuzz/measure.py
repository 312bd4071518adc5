"""How many moves a second: Hypothesis with empty rules and with real ones, the plain loop, targets.

    for pace in paces("otrv3", seconds=5.0): print(pace.what, pace.rate)

Moves are counted against processor time of this process. Of a target behind a shim, which is
another process, they are counted against the clock.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from hypothesis import seed
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from otr_conformance.protocols import protocol
from otr_conformance.targets import find
from otr_model.kernel.variant import Variant

from .coverage import Coverage
from .duel import Duel, mutant, real, reference
from .loop import Loop
from .machine import Account, Over, machine_of, settings_of
from .seat import Seat
from .solo import Worlds
from .steer import Steer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .solo import Play
    from .vocabulary import Fuzzing

__all__ = ["EMPTY", "HYPOTHESIS", "Pace", "paces"]

EMPTY: Final = "Hypothesis, rules with empty bodies"
HYPOTHESIS: Final = "Hypothesis, over terms, with the oracle"
_PLAIN: Final = Variant("plain", "the tables, as another than themselves")
_EXAMPLES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast something is.

    Attributes:
        what: what was measured.
        steps: moves that were played.
        seconds: how long that took.
        processor: whether these are seconds of processor time.
    """

    what: str
    steps: int
    seconds: float
    processor: bool = True

    @property
    def rate(self) -> float:
        """Moves a second."""
        return self.steps / self.seconds if self.seconds else 0.0


class _Nothing:
    """A play in which nothing happens, of which everything can be asked."""

    def __init__(self, part: str) -> None:
        self.part, self.cut = part, ""
        self.script: list[str] = []
        self.twin: Any = SimpleNamespace(fired=[], passed=[()], forgeable=[()])

    def can(self, name: str) -> bool:
        """Always."""
        return bool(name)

    def play(self, name: str) -> bool:
        """Nothing happens."""
        return bool(name)


def paces(name: str, seconds: float, shims: Iterable[str] = (), number: int = 0) -> Iterator[Pace]:
    """Measure.

    Args:
        name: the protocol.
        seconds: for each way to play.
        shims: targets behind shims.
        number: what is drawn.
    """
    fuzzing = protocol(name).fuzzing
    apart = mutant(fuzzing, _PLAIN)
    alone = reference(fuzzing)
    octets = real(fuzzing)
    yield _examples(fuzzing, _Nothing, EMPTY, seconds, number)
    yield _examples(fuzzing, lambda part: Duel(fuzzing, part, alone), HYPOTHESIS, seconds, number)
    what = "Hypothesis, over terms, beside the tables"
    yield _examples(fuzzing, lambda part: Duel(fuzzing, part, apart), what, seconds, number)
    ways: tuple[tuple[str, Callable[[str], Play], bool], ...] = (
        ("the plain loop, over terms, unjudged", Worlds(fuzzing, judged=False).begin, False),
        ("the same, uniform", Worlds(fuzzing, judged=False).begin, True),
        ("the plain loop, over terms, with the oracle", Worlds(fuzzing).begin, False),
        (
            "the plain loop, over terms, beside the tables",
            lambda part: Duel(fuzzing, part, apart),
            False,
        ),
        (
            "the plain loop, real cryptography, beside the tables",
            lambda part: Duel(fuzzing, part, octets),
            False,
        ),
    )
    for what, begin, uniform in ways:
        steer = Steer(fuzzing, Random(number), uniform)  # noqa: S311 - no secret
        yield _loop(Loop(steer, begin), what, seconds, processor=True)
    for target in shims:
        seat = Seat(fuzzing, find(target))
        seat.open()
        try:
            steer = Steer(fuzzing, Random(number), False, seat.moves, seat.able)  # noqa: FBT003, S311 - no secret
            yield _loop(Loop(steer, seat.begin), f"{target}, behind its shim", seconds, seat=seat)
        finally:
            seat.close()


def _examples(
    fuzzing: Fuzzing, begin: Callable[[str], Play], what: str, seconds: float, number: int
) -> Pace:
    """Hypothesis, for some seconds of processor time."""
    own = Account(Coverage(fuzzing.plan.protocol), clock=time.process_time)
    own.until = time.process_time() + seconds
    own.known = bool  # trouble is no concern here: the example ends
    machine = seed(number)(machine_of(fuzzing, begin, own))
    begun = time.process_time()
    with suppress(Over, Flaky):
        run_state_machine_as_test(machine, settings=settings_of(_EXAMPLES))
    return Pace(what, own.steps, time.process_time() - begun)


def _loop(
    loop: Loop,
    what: str,
    seconds: float,
    *,
    processor: bool = False,
    seat: Seat | None = None,
) -> Pace:
    """The plain loop, for some seconds."""
    clock = time.process_time if processor else time.monotonic
    begun = clock()
    while clock() - begun < seconds:
        trouble = loop.episode()
        if trouble is not None and seat is not None:
            seat.settle(trouble.error)
    return Pace(what, loop.steps, clock() - begun, processor)
