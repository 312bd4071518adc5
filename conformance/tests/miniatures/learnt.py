"""The reference behind a shim, for whoever learns it; the argument says what is odd about it."""

import os
import random
import sys
import time
from collections.abc import Callable

from otr_conformance.shim.protocol import MessageEvent
from otr_conformance.shims import reference
from otr_conformance.shims.json_helper import New, Refused
from otr_conformance.shims.reference import ReferenceEndpoint, ReferenceEndpoint3

CHANCE = random.Random(1)  # noqa: S311 - nothing secret
RARE = 0.2
REFUSES, MUTE = "refuses", "mute"
calls = 0


class Odd(ReferenceEndpoint3):
    """An endpoint that is odd when its user ends the conversation, or refuses what arrives."""

    def receive(self, wire: bytes) -> None:
        """Request `receive`."""
        if sys.argv[1] == REFUSES:
            raise Refused
        if sys.argv[1] == MUTE:
            return
        super().receive(wire)

    def end(self, to: int | None = None) -> None:
        """Request `end`."""
        super().end(to)
        ODDITIES.get(sys.argv[1], sound)(self)


def dies(_endpoint: Odd) -> None:
    """The process ends."""
    os._exit(3)


def hangs(_endpoint: Odd) -> None:
    """There is no answer."""
    time.sleep(60)


def _says(endpoint: Odd, text: str) -> None:
    endpoint.tell(MessageEvent(text.encode(), secure=False))


def wavers(endpoint: Odd) -> None:
    """Now and then the user is told something else."""
    _says(endpoint, "once more" if CHANCE.random() < RARE else "over")


def counts(endpoint: Odd) -> None:
    """No two answers are the same."""
    global calls  # noqa: PLW0603 - the point of it
    calls += 1
    _says(endpoint, f"over {calls}")


def talks(endpoint: Odd) -> None:
    """The user is told something that is none of their business."""
    _says(endpoint, "over")


def sound(_endpoint: Odd) -> None:
    """Nothing is odd."""


ODDITIES: dict[str, Callable[[Odd], None]] = {
    each.__name__: each for each in (dies, hangs, wavers, counts, talks, sound)
}


def make(new: New) -> ReferenceEndpoint:
    """An endpoint with the oddity."""
    return Odd(new)


if __name__ == "__main__":
    reference.make = make
    reference.main()
