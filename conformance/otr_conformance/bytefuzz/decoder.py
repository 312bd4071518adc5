"""What a decoder promises.

For every input:

1. It returns a value, or raises one of its own errors.
2. What it returns can be written and is read again as the same, where there is something that
   writes it.
3. Where an encoding is canonical, what is written is what was read.
4. Its work and its memory are bounded by a multiple of the input's size.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import unique
from functools import cached_property
from typing import TYPE_CHECKING

from otr_model.kernel.words import Word
from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["BASE_MEMORY", "BASE_WORK", "MEMORY", "WORK", "Bounds", "Decoder", "Form", "Unwritable"]

WORK = 64
"""How many lines of Python may run for each octet of an input, if nothing else is promised."""

BASE_WORK = 40_000
"""How many lines of Python may run beside that."""

MEMORY = 256
"""How many octets of memory may be taken for each octet of an input: a list of JSON takes 100."""

BASE_MEMORY = 1 << 19
"""How many octets of memory may be taken beside that."""


class Unwritable(OtrSpecError):
    """A value that is read, and that nothing has to write: the round trip ends here."""


@unique
class Form(Word):
    """What an input is made of, for whoever changes one."""

    BINARY = "fields of fixed size, or with a length in front"
    MESSAGE = "a text of OTR: base64 of fields, fragments, queries, tags"
    CONTENT = "a text, a NUL, and TLVs"
    JSON = "JSON"
    TOML = "TOML"
    LINES = "lines of fields with tabs between"
    SEXP = "nested lists in parentheses"
    STORE = "a key store: a header, a ciphertext, a checksum"
    SAVED = "a line of JSON, then compressed numbers"
    PAGE = "Markdown or HTML"
    PIECES = "several inputs, each after its length"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What work and memory are bounded by, for an input of so many octets.

    Attributes:
        work: lines of Python for each octet.
        memory: octets of memory for each octet.
        base_work: lines of Python beside that.
        base_memory: octets of memory beside that.
    """

    work: int = WORK
    memory: int = MEMORY
    base_work: int = BASE_WORK
    base_memory: int = BASE_MEMORY


@dataclass(frozen=True)
class Decoder:
    """A decoder, and what it promises.

    Attributes:
        name: what it is called here.
        covers: the functions that it stands for, with their modules.
        form: what an input is made of.
        read: reads an input; raises nothing but its own errors.
        seeds: makes valid inputs, and some that are wrong in one place; always the same.
        errors: its own errors.
        write: writes what `read` returned; raises `Unwritable` for what nothing has to write.
            None: nothing writes it.
        canonical: whether what is written has to be these very octets, for an input and the value
            that was read; None: never.
        bounds: of work and memory.
        longest: octets that an input has at most: what is longer is refused, or is read in parts.
    """

    name: str
    covers: tuple[str, ...]
    form: Form
    read: Callable[[bytes], object]
    seeds: Callable[[], Iterable[bytes]]
    errors: tuple[type[Exception], ...] = (OtrSpecError,)
    write: Callable[[object], bytes] | None = None
    canonical: Callable[[bytes, object], bool] | None = None
    bounds: Bounds = Bounds()
    longest: int = 1 << 16

    @cached_property
    def about(self) -> str:
        """What it stands for, in one line."""
        return ", ".join(self.covers)
