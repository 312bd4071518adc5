"""Saving a search, and going on with it.

A file holds no terms. It holds the questions that were asked of the endpoints, in their order:
asked again, they give every local state and every message its number. Then come the joint states,
which are numbers. Going on takes as long as the local steps took, which are few.

The file is: one line of JSON; the questions, each as six numbers of four bytes; the states, each
with the one that it was found from, all of one size; those that are still to be looked at. All but
the line is compressed.
"""

from __future__ import annotations

import json
import zlib
from array import array
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from otr_reference.errors import OtrSpecError

from .machine import Question

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from .scenario import Scenario
    from .tables import Tables

__all__ = ["BadSave", "Saved", "read", "rebuild", "write"]

FORMAT: Final = "otrspec exploration"
VERSION: Final = 1
_CHUNK: Final = 1 << 16
_BEST: Final = 100
"""How much smaller states may become when they are compressed."""


class BadSave(OtrSpecError):
    """A saved search that cannot be gone on with; the message says why."""


@dataclass(slots=True)
class Saved:
    """What a file holds.

    Attributes:
        scenario: the scenario, as text that is equal for equal ones.
        figures: the figures of the search.
        violations: what was found, as plain data.
        counts: how many local states, messages and so on there were.
        questions: what was asked, in order.
        states: every state, with the one that it was found from.
        frontier: the states that are still to be looked at.
    """

    scenario: str
    figures: dict[str, Any]
    violations: list[list[Any]]
    counts: list[int]
    questions: list[Question]
    states: list[tuple[int, int]]
    frontier: list[int]


def told(scenario: Scenario) -> str:
    """A scenario as text, but for the bounds that may be other ones when it is gone on with."""
    bounds = replace(scenario.bounds, states=0, depth=0)
    return repr(replace(scenario, bounds=bounds))


def counted(tables: Tables) -> list[int]:
    """How many local states, messages, orders of hashes and states of knowledge there are."""
    return [len(each) for each in (tables.locals, tables.wires, tables.orders, tables.knowledge)]


def write(path: Path, saved: Saved) -> None:
    """Write a file, all or nothing.

    Raises:
        BadSave: if it cannot be written.
    """
    width = max((each.bit_length() + 7) // 8 for each in (1, *(s for s, _ in saved.states)))
    header = {
        "format": FORMAT,
        "version": VERSION,
        "scenario": saved.scenario,
        "figures": saved.figures,
        "violations": saved.violations,
        "counts": saved.counts,
        "questions": len(saved.questions),
        "states": len(saved.states),
        "frontier": len(saved.frontier),
        "width": width,
    }
    partial = path.with_name(path.name + ".part")
    try:
        with partial.open("wb") as file:
            file.write(json.dumps(header).encode() + b"\n")
            squeezer = zlib.compressobj(1)
            for piece in _pieces(saved, width):
                file.write(squeezer.compress(piece))
            file.write(squeezer.flush())
        partial.replace(path)
    except OSError as error:
        message = f"{path}: cannot be written: {error.strerror}"
        raise BadSave(message) from error


def _pieces(saved: Saved, width: int) -> Iterator[bytes]:
    yield array("I", (n for question in saved.questions for n in question)).tobytes()
    yield from _numbers((n for pair in saved.states for n in pair), width)
    yield from _numbers(saved.frontier, width)


def _numbers(numbers: Iterable[int], width: int) -> Iterator[bytes]:
    piece = bytearray()
    for number in numbers:
        piece += number.to_bytes(width, "little")
        if len(piece) > _CHUNK:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)


def read(path: Path) -> Saved:
    """Read a file.

    Raises:
        BadSave: if it cannot be read, or is no file of ours.
    """
    try:
        with path.open("rb") as file:
            return _read(file)
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror}"
        raise BadSave(message) from error
    except (ValueError, KeyError, TypeError, RecursionError, zlib.error) as error:
        message = f"{path}: is no saved exploration, or a damaged one"
        raise BadSave(message) from error


def _read(file: BinaryIO) -> Saved:
    header: Any = json.loads(file.readline())  # joint states are numbers of any size
    if header["format"] != FORMAT or header["version"] != VERSION:
        raise ValueError(header["format"])
    width = header["width"]
    words = array("I")
    at = 6 * words.itemsize * header["questions"]
    body = memoryview(_decompressed(file.read()))
    words.frombytes(body[:at])
    numbers = [
        int.from_bytes(body[place : place + width], "little")
        for place in range(at, len(body), width)
    ]
    pairs = 2 * header["states"]
    if len(numbers) != pairs + header["frontier"]:
        raise ValueError(len(numbers))
    return Saved(
        header["scenario"],
        header["figures"],
        header["violations"],
        header["counts"],
        [Question(*words[place : place + 6]) for place in range(0, len(words), 6)],
        list(zip(numbers[0:pairs:2], numbers[1:pairs:2], strict=True)),
        numbers[pairs:],
    )


def _decompressed(body: bytes) -> bytes:
    """What was compressed; states do not compress nearly as well as what is made to fill memory.

    Raises:
        ValueError: it is too much for what there is of it, or does not end with it.
        zlib.error: it is damaged.
    """
    opener = zlib.decompressobj()
    found = opener.decompress(body, _CHUNK + _BEST * len(body))
    if not opener.eof or opener.unused_data:
        raise ValueError(len(found))
    return found


def rebuild(saved: Saved, scenario: Scenario, tables: Tables) -> None:
    """Give everything its number again.

    Raises:
        BadSave: if it is another scenario, or the endpoints do otherwise than they did.
    """
    if saved.scenario != told(scenario):
        message = "it was saved of another scenario, or with other bounds than states and depth"
        raise BadSave(message)
    try:
        for question in saved.questions:
            tables.answer(question)
    except IndexError as error:
        message = "it was saved by another version, in which endpoints did otherwise"
        raise BadSave(message) from error
    if counted(tables) != saved.counts:
        message = "it was saved by another version, in which endpoints did otherwise"
        raise BadSave(message)
