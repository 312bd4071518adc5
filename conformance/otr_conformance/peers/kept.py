"""Shims that are compiled here, and kept in the user's cache.

They are in a directory that is named by a hash of everything that decides what they are, and by the
version of the implementation: an upgrade of either side makes a new one, and nothing stale is ever
run.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from otr_conformance.peers import PeerUnavailable
from otr_conformance.peers.packages import attempt

__all__ = ["Kept", "greet"]

_HELLO_SECONDS: Final = 30.0
_HELLO: Final = b'{"id": 1, "do": "hello", "protocol": 1}\n'


@dataclass(frozen=True, slots=True)
class Kept:
    """The programs of a peer, the first of which is its shim.

    Attributes:
        peer: its name.
        programs: the names of the programs.
        made_of: gives everything that decides what they are, such as sources and options.
    """

    peer: str
    programs: tuple[str, ...]
    made_of: Callable[[], Iterable[bytes]]

    def directory(self, version: str) -> Path:
        """Where the programs for a version of the implementation belong."""
        return self._root() / f"{self._fingerprint()}-{version}"

    def newest(self) -> Path | None:
        """The directory that was made last from these sources, for whatever version; or None."""
        found = [p for p in self._root().glob(f"{self._fingerprint()}-*") if self.is_complete(p)]
        return max(found, key=lambda path: path.stat().st_mtime, default=None)

    def installed(self) -> Path:
        """The same.

        Raises:
            PeerUnavailable: there is none.
        """
        directory = self.newest()
        if directory is None:
            message = f"{self.peer}'s shim is not installed; run: otrspec peer install {self.peer}"
            raise PeerUnavailable(message)
        return directory

    def is_complete(self, directory: Path) -> bool:
        """Whether all programs are there."""
        return all(os.access(directory / name, os.X_OK) for name in self.programs)

    def make(self, directory: Path, compile_into: Callable[[Path], None]) -> None:
        """Compile into a new directory, and put it in its place in one step.

        Raises:
            PeerUnavailable: the programs cannot be kept, or as `compile_into` says.
        """
        try:
            directory.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=directory.parent, prefix="new-") as scratch:
                new = Path(scratch) / "programs"
                new.mkdir()
                compile_into(new)
                self._put(new, directory)
        except OSError as error:
            message = f"{self.peer}'s shim cannot be kept in {directory.parent}: {error.strerror}"
            raise PeerUnavailable(message) from error

    def _put(self, new: Path, directory: Path) -> None:
        """Rename; whoever was faster has put the same programs there."""
        try:
            new.rename(directory)
        except OSError:
            if not self.is_complete(directory):
                raise

    def _root(self) -> Path:
        base = os.environ.get("XDG_CACHE_HOME", "")
        root = Path(base) if base.startswith("/") else Path.home() / ".cache"
        return root / "otrspec" / "peers" / self.peer

    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        for part in self.made_of():
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.hexdigest()[:24]


def greet(peer: str, shim: Path) -> str:
    """Ask a shim for the version of its implementation: the proof that it runs.

    Raises:
        PeerUnavailable: it does not.
    """
    outcome = attempt((str(shim),), _HELLO_SECONDS, _HELLO)
    try:
        version = json.loads(outcome.out)["version"]
    except (ValueError, KeyError, TypeError) as error:
        message = f"{peer}'s shim does not run: {outcome.complaint}"
        raise PeerUnavailable(message) from error
    return str(version)
