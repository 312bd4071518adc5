"""potr, in Python: OTRv2.

pip fetches potr from the index that it is configured for, compares it with the hash in the file of
requirements that ships beside the shim (``shims/potr/``), and puts it into the user's cache: not
into the environment that the suite runs in. What potr asks for besides, PyCrypto, cannot be built
any more and is not installed; the shim has what takes its place.
"""

import shlex
import sys
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from otr_conformance.peers import InstalledPeer, PeerUnavailable, Progress
from otr_conformance.peers.kept import Kept, greet
from otr_conformance.peers.packages import attempt

__all__ = ["REQUIREMENTS", "command", "install", "locate"]

REQUIREMENTS: Final = Path(__file__).resolve().parent.parent / "shims/potr/requirements.txt"
"""What pip is asked for, with its hash."""

_SHIM: Final = "potr-shim"
_MODULE: Final = "otr_conformance.shims.potr"
_PLACE: Final = "site"

_INSTALL_SECONDS: Final = 600.0


def _launcher() -> str:
    """A program that starts the shim, and tells it where potr is: beside the program."""
    python = shlex.quote(sys.executable)
    return f'#!/bin/sh\nexec {python} -m {_MODULE} "${{0%/*}}/{_PLACE}" "$@"\n'


def _made_of() -> Iterator[bytes]:
    """What pip is told, and what starts the shim; the shim itself stays where it is."""
    yield REQUIREMENTS.read_bytes()
    yield _launcher().encode()


_KEPT: Final = Kept("potr", (_SHIM,), _made_of)


def locate() -> Path | None:
    """What starts the shim, or None if `install` has not fetched what it drives."""
    directory = _KEPT.newest()
    return None if directory is None else directory / _SHIM


def command() -> list[str]:
    """The command line that starts the shim.

    Raises:
        PeerUnavailable: it has not been installed.
    """
    return [str(_KEPT.installed() / _SHIM)]


def install(progress: Progress) -> InstalledPeer:
    """Make potr ready: the package, a first greeting. Nothing is done twice.

    Args:
        progress: told each step.

    Raises:
        PeerUnavailable: something is missing that cannot be had from here.
    """
    directory = _KEPT.newest()
    if directory is None:
        directory = _KEPT.directory(_version())
        _KEPT.make(directory, partial(_fetch, progress))
    shim = directory / _SHIM
    version = greet("potr", shim)
    progress(f"potr {version}: {shim}")
    return InstalledPeer("potr", version, (str(shim),))


def _version() -> str:
    """The version of potr that pip is told."""
    return REQUIREMENTS.read_text(encoding="utf-8").partition("==")[2].split()[0]


def _fetch(progress: Progress, new: Path) -> None:
    """Have pip fetch potr into a directory, and write what starts the shim."""
    if find_spec("pip") is None:
        message = f"pip is missing from {sys.executable}; run: {sys.executable} -m ensurepip"
        raise PeerUnavailable(message)
    asked = ("--no-deps", "--require-hashes", "--requirement", str(REQUIREMENTS))
    progress(f"pip install --no-deps python-potr=={_version()}")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    outcome = attempt((*pip, *asked, "--target", str(new / _PLACE)), _INSTALL_SECONDS)
    if outcome.status != 0:
        message = f"pip cannot fetch potr: {outcome.complaint}"
        raise PeerUnavailable(message)
    shim = new / _SHIM
    shim.write_text(_launcher(), encoding="utf-8")
    shim.chmod(0o755)
