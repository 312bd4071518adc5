"""Whether the work of a decoder grows faster than its inputs.

A piece of a kept input is repeated where it stands, so that the input is as long as `SIZES` say.
The exponent is that of the size by which work, counted in lines of Python, grows from the one
before the last to the last: 1 is linear. Work inside of Python's own functions is not counted in
lines; that is what the exponent of time is for, the best of several runs. A clock on a busy machine
lies, so that time decides nothing: it is reported.
"""

from __future__ import annotations

import math
import time
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

from .corpus import kept
from .examine import work_of
from .layers import layers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .decoder import Decoder

__all__ = ["SIZES", "STEEP", "Growth", "exponent", "measured", "repeated"]

SIZES: Final = (2_048, 4_096, 8_192)
"""How long inputs are made for the count of lines."""

TIMED: Final = (16_384, 32_768, 65_536)
"""How long they are made for the clock."""

STEEP: Final = 1.25
"""An exponent that is not linear any more."""

_PIECES: Final = 12
_RUNS: Final = 3
_LEAST_WORK: Final = 2_000


@dataclass(frozen=True, slots=True)
class Growth:
    """How a decoder's work grows.

    Attributes:
        decoder: its name.
        work: the largest exponent of lines of Python.
        time: the exponent of time, for the piece where that is largest.
        octets: how long the longest input was.
        piece: what was repeated where work grows fastest.
        steep: whether work grows faster than inputs.
    """

    decoder: str
    work: float
    time: float
    octets: int
    piece: bytes
    steep: bool


def repeated(decoder: Decoder, seed: int = 0, pieces: int = _PIECES) -> Iterator[tuple[bytes, ...]]:
    """Pieces of inputs, each with what stands in front of it and behind it: made longer by it.

    Yields:
        What is in front, the piece, what is behind.
    """
    rng = Random(f"{decoder.name} {seed}")  # noqa: S311 - nothing secret is drawn
    inputs = sorted(kept(decoder), key=len)
    for number in range(pieces):
        data = inputs[-1 - number % len(inputs)]
        outer = layers(decoder.form, data)[0]
        if outer.spans and number % 3:
            start, end, _ = outer.spans[int(rng.random() * len(outer.spans))]
        else:
            start = int(rng.random() * len(data))
            end = start + 1 + int(rng.random() * 12)
        piece = data[start:end] or b"a"
        yield data[:start], piece, data[end:]


def _long(parts: tuple[bytes, ...], size: int, most: int) -> bytes:
    """An input of about a size."""
    front, piece, behind = parts
    size = min(size, most)
    return front + piece * max(1, (size - len(front) - len(behind)) // len(piece)) + behind


def exponent(less: float, more: float, factor: float) -> float:
    """By which power something grew, where its cause grew by a factor; 0 if it did not."""
    if less <= 0 or more <= less or factor <= 1:
        return 0.0
    return math.log(more / less) / math.log(factor)


def measured(decoder: Decoder, seed: int = 0) -> Growth:
    """Measure a decoder."""
    worst, piece, longest = 0.0, b"", 0
    slowest = 0.0
    for parts in repeated(decoder, seed):
        grown = _growth_of_work(decoder, parts)
        if grown > worst or not piece:
            worst, piece = grown, parts[1]
        slowest = max(slowest, _growth_of_time(decoder, parts))
        longest = max(longest, len(_long(parts, TIMED[-1], decoder.longest)))
    return Growth(decoder.name, worst, slowest, longest, piece, worst > STEEP)


def _growth_of_work(decoder: Decoder, parts: tuple[bytes, ...]) -> float:
    """The exponent of lines of Python; 0 where there are few."""
    inputs = [_long(parts, size, decoder.longest) for size in SIZES[-2:]]
    less, more = (work_of(decoder, data) for data in inputs)
    if more < _LEAST_WORK:
        return 0.0
    return exponent(less, more, len(inputs[1]) / len(inputs[0]))


def _growth_of_time(decoder: Decoder, parts: tuple[bytes, ...]) -> float:
    """The exponent of time; 0 where it is too short to be told."""
    inputs = [_long(parts, size, decoder.longest) for size in TIMED[::2]]
    less, more = (_seconds(decoder, data) for data in inputs)
    if more < 0.0005:  # noqa: PLR2004 - half a millisecond
        return 0.0
    return exponent(less, more, len(inputs[1]) / len(inputs[0]))


def _seconds(decoder: Decoder, data: bytes) -> float:
    """Seconds that reading an input takes, the best of several runs."""
    taken = []
    for _ in range(_RUNS):
        start = time.process_time()
        with suppress(Exception):  # how long it takes is what counts
            decoder.read(data)
        taken.append(time.process_time() - start)
    return min(taken)
