"""Folders in which something is kept: looked at before a long run, and not after it."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Final

from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BadFolder", "look"]

_PROBE: Final = bytes(1 << 14)
"""What is written to see whether there is room."""


class BadFolder(OtrSpecError):
    """A folder in which nothing can be kept; the message is one line that says why."""


def look(folder: Path | None) -> None:
    """See that files can be written in a folder, which is made if it is not there.

    Args:
        folder: the folder; None: nothing is written.

    Raises:
        BadFolder: if they cannot.
    """
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(_PROBE)  # a disk that is full says so here, or when the file is closed
    except FileExistsError as error:
        message = f"{folder}: is no folder"
        raise BadFolder(message) from error
    except OSError as error:
        message = f"{folder}: {error.strerror}"
        raise BadFolder(message) from error
