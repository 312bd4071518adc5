"""One input against the promises of a decoder."""

from __future__ import annotations

import sys
import traceback
import tracemalloc
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, unique
from typing import TYPE_CHECKING, Final

from .decoder import Unwritable

if TYPE_CHECKING:
    from types import FrameType

    from .decoder import Decoder

__all__ = ["Cost", "Fate", "Trouble", "cost_of", "examine", "excess", "work_of"]

_SAID: Final = 300


@unique
class Fate(Enum):
    """What became of an input that broke no promise."""

    READ = "it was read"
    REFUSED = "it was refused, by an error of the decoder's own"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A promise that was broken.

    Attributes:
        kind: which: `error`, `round-trip`, `canonical`, `slow`, `memory`, `hang`.
        says: what happened, in one line.
        where: the innermost place in our sources, by which one fault is told from another.
    """

    kind: str
    says: str
    where: str = ""

    @property
    def signature(self) -> tuple[str, str]:
        """Equal for inputs that show the same fault, as far as can be told."""
        return self.kind, self.where or self.says.partition(":")[0]


def examine(decoder: Decoder, data: bytes) -> Fate | Trouble:
    """Read an input, write what was read, and read that."""
    try:
        value = decoder.read(data)
    except decoder.errors:
        return Fate.REFUSED
    except Exception as error:  # noqa: BLE001 - any other is what we look for
        return _trouble("error", "reading", error)
    if decoder.write is None:
        return Fate.READ
    try:
        made = decoder.write(value)
    except Unwritable:
        return Fate.READ
    except Exception as error:  # noqa: BLE001 - what was read can be written
        return _trouble("round-trip", "writing what was read", error)
    return _compared(decoder, data, value, made)


def _compared(decoder: Decoder, data: bytes, value: object, made: bytes) -> Fate | Trouble:
    """Read what was written, and see that it says the same."""
    if made != data:
        if decoder.canonical is not None and decoder.canonical(data, value):
            return Trouble("canonical", f"written as {_short(made)}", decoder.name)
        try:
            again = decoder.read(made)
        except Exception as error:  # noqa: BLE001 - what was written can be read
            return _trouble("round-trip", "reading what was written", error)
        if again != value:
            says = f"read as {_short(value)}, then as {_short(again)}"
            return Trouble("round-trip", says, decoder.name)
    return Fate.READ


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SAID else f"{text[:_SAID]}..."


def _trouble(kind: str, doing: str, error: Exception) -> Trouble:
    """What an error says, and where in our sources it came up."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "otr_" in f.filename and "bytefuzz" not in f.filename]
    place = ""
    if ours:
        last = ours[-1]
        module = last.filename.replace("\\", "/").rpartition("otr_")[2]
        place = f"otr_{module}:{last.name}"
    try:
        said = str(error).partition("\n")[0][:_SAID]
    except Exception:  # noqa: BLE001 - an error that cannot say what it is
        said = "an error without words"
    says = f"{doing}: {type(error).__name__}: {said}" + (f" ({place})" if place else "")
    return Trouble(kind, says, f"{type(error).__name__} {place}")


# --- What it costs ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cost:
    """What reading an input took; the same each time.

    Attributes:
        work: lines of Python that ran.
        memory: octets that were taken at most, beside those of the input.
    """

    work: int
    memory: int


def cost_of(decoder: Decoder, data: bytes) -> Cost:
    """Count what reading an input takes. Whatever comes of it does not matter here."""
    return Cost(work_of(decoder, data), _peak(decoder, data))


def work_of(decoder: Decoder, data: bytes) -> int:
    """Count the lines of Python that run while an input is read; the same number each time."""
    count = 0

    def step(_frame: FrameType, event: str, _argument: object) -> object:
        nonlocal count
        count += event == "line"
        return step

    before = sys.gettrace()
    sys.settrace(step)  # type: ignore[arg-type] # what it returns traces the frame
    try:
        with suppress(Exception):  # `examine` looks at it
            decoder.read(data)
    finally:
        sys.settrace(before)
    return count


def _peak(decoder: Decoder, data: bytes) -> int:
    """Measure memory."""
    began = not tracemalloc.is_tracing()
    if began:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        with suppress(Exception):  # `examine` looks at it
            decoder.read(data)
        _, peak = tracemalloc.get_traced_memory()
        return max(0, peak - before)
    finally:
        if began:
            tracemalloc.stop()


def excess(decoder: Decoder, data: bytes) -> Trouble | None:
    """Whether reading an input takes more work or memory than the decoder promises."""
    cost, bounds, size = cost_of(decoder, data), decoder.bounds, len(data)
    if cost.work > bounds.base_work + bounds.work * size:
        return Trouble("slow", f"{cost.work} lines of Python for {size} octets", decoder.name)
    if cost.memory > bounds.base_memory + bounds.memory * size:
        says = f"{cost.memory} octets of memory for {size} octets of input"
        return Trouble("memory", says, decoder.name)
    return None
