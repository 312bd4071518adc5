"""The kept inputs: few and small ones that reach everything that was ever reached.

For each decoder there is a file in the folder `corpus`, with one input in base64 on each line. They
are made of the seeds of the decoder and of mutants drawn from a fixed seed, by

    otrspec fuzz-bytes --keep

An input is kept if reading it runs lines of our sources that those before it do not; and of those
that can be read, the one that runs the most. The same sources give the same files.
"""

from __future__ import annotations

import sys
from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from otr_reference.errors import OtrSpecError

from .mutate import Mutator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import CodeType, FrameType

    from .decoder import Decoder

__all__ = ["FOLDER", "MUTANTS", "BadCorpus", "grown", "inputs", "kept", "path", "written"]

FOLDER: Final = Path(__file__).with_name("corpus")
MUTANTS: Final = 600
"""How many mutants are tried for the corpus of a decoder."""

_SEED: Final = "otrspec kept inputs 1"
_LONGEST: Final = 4096
"""Octets of an input that is kept, at most."""
_OURS: Final = ("otr_model", "otr_reference", "otr_check", "otr_diagrams", "otr_conformance")

Line = tuple[str, int]
_READ: Final[Line] = ("it is read", 0)


class BadCorpus(OtrSpecError):
    """A file of inputs that cannot be read; the message names the line."""


def path(decoder: Decoder) -> Path:
    """Where the kept inputs of a decoder are."""
    return FOLDER / f"{decoder.name}.b64"


def written(found: Iterable[bytes]) -> str:
    """A file of inputs."""
    return "".join(b64encode(data).decode("ascii") + "\n" for data in found)


def inputs(name: str, text: str) -> Iterator[bytes]:
    """The inputs in a file.

    Raises:
        BadCorpus: a line is no base64.
    """
    for number, line in enumerate(text.splitlines(), 1):
        try:
            yield b64decode(line, validate=True)
        except ValueError:
            message = f"{name}: line {number} is no base64"
            raise BadCorpus(message) from None


def kept(decoder: Decoder) -> tuple[bytes, ...]:
    """The kept inputs of a decoder; its seeds, where none are kept.

    Raises:
        BadCorpus: the file cannot be read.
    """
    file = path(decoder)
    try:
        text = file.read_text(encoding="ascii")
    except FileNotFoundError:
        return tuple(seed[: decoder.longest] for seed in decoder.seeds())
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file.name}: {error}"
        raise BadCorpus(message) from error
    return tuple(inputs(file.name, text))


def grown(decoder: Decoder, mutants: int = MUTANTS) -> list[bytes]:
    """Make the kept inputs of a decoder: the smallest first, of those that reach as much.

    Args:
        decoder: which.
        mutants: how many are tried beside the seeds.
    """
    seeds = sorted({seed for seed in decoder.seeds() if len(seed) <= _LONGEST}, key=_size)
    mutator = Mutator(decoder.form, seeds or [b""], _LONGEST)
    rng = Random(f"{_SEED}: {decoder.name}")  # noqa: S311 - nothing secret is drawn
    reached: dict[bytes, frozenset[Line]] = {}
    known: set[Line] = set()
    for data in (*seeds, *(mutator.mutant(rng) for _ in range(mutants))):
        lines = _lines(decoder, data)
        if not lines <= known:
            known |= lines
            reached[data] = lines
    valid = [data for data, lines in reached.items() if _READ in lines]
    furthest = sorted(valid, key=lambda data: (-len(reached[data]), data))[:1]
    return sorted({*_fewest(reached), *furthest}, key=_size)


def _size(data: bytes) -> tuple[int, bytes]:
    return len(data), data


def _fewest(reached: dict[bytes, frozenset[Line]]) -> Iterator[bytes]:
    """Inputs that reach together what all of them reach, the most telling first."""
    left = frozenset[Line]().union(*reached.values())
    while left:
        best = max(reached, key=lambda data: (len(reached[data] & left), -len(data), data))
        yield best
        left -= reached[best]


def _lines(decoder: Decoder, data: bytes) -> frozenset[Line]:
    """The lines of our sources that run while an input is read and written."""
    seen: set[tuple[CodeType, int]] = set()
    ours: dict[CodeType, bool] = {}

    def step(frame: FrameType, event: str, _argument: object) -> object:
        code = frame.f_code
        if code not in ours:
            ours[code] = any(f"/{name}/" in code.co_filename for name in _OURS)
        if not ours[code]:
            return None
        if event == "line":
            seen.add((code, frame.f_lineno))
        return step

    before = sys.gettrace()
    sys.settrace(step)  # type: ignore[arg-type] # what it returns traces the frame
    read = False
    try:
        with suppress(Exception):  # how far it got is what counts
            decoder.read(data)
            read = True
    finally:
        sys.settrace(before)
    lines = ((code.co_filename.rpartition("/otr_")[2], line) for code, line in seen)
    return frozenset((*lines, _READ) if read else lines)
