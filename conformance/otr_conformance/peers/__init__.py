"""Real implementations to measure against: finding them, building their shims, running their tools.

Each peer is a module with the same three functions:

- ``install(progress)`` makes the peer ready, downloads and compiles what is missing, and returns an
  `InstalledPeer`;
- ``locate()`` says where its shim is, without making anything;
- ``command()`` is the command line that starts its shim.

A peer that cannot be had here raises `PeerUnavailable`, whose text is one line that a person can
act on. Nothing in this package knows the command line of the suite.
"""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["InstalledPeer", "PeerUnavailable", "Progress"]

Progress = Callable[[str], None]
"""Told, in one line, what is being done."""


class PeerUnavailable(Exception):
    """A peer cannot be had on this machine; the text is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class InstalledPeer:
    """A peer that is ready to run.

    Attributes:
        name: what the shim calls itself.
        version: the version of the implementation, as it states it itself.
        command: starts the shim.
    """

    name: str
    version: str
    command: tuple[str, ...]
