"""potr, in Python: OTRv2.

potr comes from the package index, through pip as it is configured, into a directory of the user's
cache; nothing is put into the environment that the suite runs in. What it asks for besides
(PyCrypto) cannot be built any more and is not installed: the shim has what takes its place.
"""

import json
import os
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from otr_conformance.peers import InstalledPeer, PeerUnavailable, Progress
from otr_conformance.peers.process import Outcome, run

__all__ = ["REQUIREMENT", "command", "install", "locate"]

_VERSION: Final = "1.0.2"

REQUIREMENT: Final = f"python-potr=={_VERSION}"
"""What pip is asked for."""

_SHIM: Final = "otr_conformance.shims.potr"
_MODULE: Final = Path("potr", "context.py")

_INSTALL_SECONDS: Final = 600.0
_HELLO_SECONDS: Final = 30.0
_HELLO: Final = b'{"id": 1, "do": "hello", "protocol": 1}\n'


def locate() -> Path | None:
    """The directory where potr is, or None if `install` has not put it there."""
    directory = _directory()
    return directory if _is_complete(directory) else None


def command() -> list[str]:
    """The command line that starts the shim.

    Raises:
        PeerUnavailable: potr has not been installed.
    """
    directory = locate()
    if directory is None:
        message = "potr is not installed; run: otrspec peer install potr"
        raise PeerUnavailable(message)
    return _command(directory)


def install(progress: Progress) -> InstalledPeer:
    """Make potr ready: download, a first greeting. Nothing is done twice.

    Args:
        progress: told each step.

    Raises:
        PeerUnavailable: something is missing that cannot be had from here.
    """
    directory = _directory()
    if not _is_complete(directory):
        _download(directory, progress)
    line = _command(directory)
    version = _greet(line)
    progress(f"potr {version}: {directory}")
    return InstalledPeer("potr", version, tuple(line))


def _directory() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if base.startswith("/") else Path.home() / ".cache"
    return root / "otrspec" / "peers" / "potr" / _VERSION


def _is_complete(directory: Path) -> bool:
    return (directory / _MODULE).is_file()


def _command(directory: Path) -> list[str]:
    return [sys.executable, "-m", _SHIM, str(directory)]


def _try(command_line: list[str], seconds: float, given: bytes = b"") -> Outcome:
    """Run a program; one that cannot be started or does not end makes the peer unavailable."""
    try:
        return run(command_line, given=given, seconds=seconds)
    except OSError as error:  # TimeoutError is one
        raise PeerUnavailable(str(error)) from error


def _download(directory: Path, progress: Progress) -> None:
    """Let pip install into a new directory, and put it in its place in one step."""
    if find_spec("pip") is None:
        message = f"pip is missing; install {REQUIREMENT} without dependencies into {directory}"
        raise PeerUnavailable(message)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory.parent, prefix="new-") as scratch:
            new = Path(scratch) / "potr"
            pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install"]
            line = [*pip, "--no-deps", "--target", str(new), REQUIREMENT]
            progress(f"pip install --no-deps {REQUIREMENT}")
            outcome = _try(line, _INSTALL_SECONDS)
            if outcome.status != 0 or not _is_complete(new):
                message = f"pip cannot install {REQUIREMENT}: {outcome.complaint}"
                raise PeerUnavailable(message)
            _put(new, directory)
    except OSError as error:
        message = f"potr cannot be kept in {directory.parent}: {error.strerror}"
        raise PeerUnavailable(message) from error


def _put(new: Path, directory: Path) -> None:
    """Rename; whoever was faster has put the same there."""
    try:
        new.rename(directory)
    except OSError:
        if not _is_complete(directory):
            raise


def _greet(line: list[str]) -> str:
    """Ask the shim for its version: the proof that it runs."""
    outcome = _try(line, _HELLO_SECONDS, _HELLO)
    try:
        version = json.loads(outcome.out)["version"]
    except (ValueError, KeyError, TypeError) as error:
        message = f"potr's shim does not run: {outcome.complaint}"
        raise PeerUnavailable(message) from error
    return str(version)
