"""What a user asked for and cannot have."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["INTERRUPTED", "Interrupted", "Misuse", "read_file", "unknown", "write_file"]

INTERRUPTED: Final = 130
"""The exit status after an interrupt: what a shell makes of SIGINT."""


class Misuse(OtrSpecError):
    """The command cannot be carried out; the text is one line that says why, and what would do."""


class Interrupted(Exception):
    """A user has ended the command, and what there was to show is shown; the text says how far."""


def unknown(name: str, what: str, known: Iterable[str], see: str) -> Misuse:
    """A name that does not exist.

    Args:
        name: as it was given.
        what: what was named, such as "case".
        known: the names that exist.
        see: the command that lists them.
    """
    close = get_close_matches(name, list(known), n=2, cutoff=0.5)
    guess = f"; did you mean {' or '.join(close)}?" if close else f"; {see} lists them"
    return Misuse(f"there is no {what} {name!r}{guess}")


def read_file(path: Path) -> bytes:
    """What is in a file.

    Raises:
        Misuse: if it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"{path}: {error.strerror}"
        raise Misuse(message) from error


def write_file(path: Path, content: bytes, *, replace: bool = True) -> None:
    """Write a file.

    Raises:
        Misuse: if it cannot be written, or is there and must not be replaced.
    """
    try:
        with path.open("wb" if replace else "xb") as file:
            file.write(content)
    except OSError as error:
        message = f"{path}: {error.strerror}"
        raise Misuse(message) from error
