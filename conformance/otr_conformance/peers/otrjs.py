"""otr.js, an implementation in JavaScript: OTRv2 and OTRv3.

Its shim (``shims/otrjs/``) ships in this distribution and runs on Node as it is. npm fetches otr.js
from the registry that it is configured for, and compares it with the hash in the lock file that
ships beside the shim.
"""

import json
import shlex
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from otr_conformance.peers import InstalledPeer, PeerUnavailable, Progress
from otr_conformance.peers.kept import Kept, greet
from otr_conformance.peers.packages import apt_install, apt_line, attempt, may_install

__all__ = ["NODE_LEAST", "SOURCES", "command", "install", "locate"]

SOURCES: Final = Path(__file__).resolve().parent.parent / "shims" / "otrjs"
"""The directory of the shim, and of what npm is told."""

NODE_LEAST: Final = 18
"""The oldest version of Node that the shim runs on."""

_SHIM: Final = "otrjs-shim"
_LOCK: Final = "package-lock.json"
_WANTED: Final = ("package.json", _LOCK)
_PACKAGES: Final = ("nodejs", "npm")

# The only other package is an optional one, for threads that the shim does not use.
_NPM: Final = (
    *("npm", "ci", "--omit=optional", "--ignore-scripts"),
    *("--no-audit", "--no-fund", "--no-progress", "--loglevel=error"),
)

_INSTALL_SECONDS: Final = 600.0
_QUESTION_SECONDS: Final = 30.0


def _version() -> str:
    """The version of otr.js that npm is told."""
    lock = json.loads((SOURCES / _LOCK).read_bytes())
    return str(lock["packages"]["node_modules/otr"]["version"])


def _launcher() -> str:
    """A program that starts the shim, and tells it where otr.js is: beside the program."""
    shim = shlex.quote(str(SOURCES / "shim.mjs"))
    return f'#!/bin/sh\nexec node {shim} "${{0%/*}}/node_modules/otr" "$@"\n'


def _made_of() -> Iterator[bytes]:
    """What npm is told, and what starts the shim; the shim itself stays where it is."""
    for name in _WANTED:
        yield (SOURCES / name).read_bytes()
    yield _launcher().encode()


_KEPT: Final = Kept("otrjs", (_SHIM,), _made_of)


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
    """Make otr.js ready: Node, the package, a first greeting.

    Node and npm are installed only by root, and only where apt-get is; otherwise the exception says
    what to run. Nothing is done twice.

    Args:
        progress: told each step.

    Raises:
        PeerUnavailable: something is missing that cannot be had from here.
    """
    directory = _KEPT.newest()
    _prepare(("node",) if directory is not None else ("node", "npm"), progress)
    if directory is None:
        directory = _KEPT.directory(_version())
        _KEPT.make(directory, partial(_fetch, progress))
    shim = directory / _SHIM
    version = greet("otrjs", shim)
    progress(f"otr.js {version}: {shim}")
    return InstalledPeer("otrjs", version, (str(shim),))


def _prepare(programs: tuple[str, ...], progress: Progress) -> None:
    """Find Node, and npm where it is needed, installing packages if that is allowed."""
    if _missing(programs) and may_install():
        apt_install(_PACKAGES, progress)
    if _missing(programs):
        message = f"{_missing(programs)} missing; run as root: {apt_line(*_PACKAGES)}"
        raise PeerUnavailable(message)
    answer = attempt(("node", "--version"), _QUESTION_SECONDS).out.decode(errors="replace").strip()
    major = answer.removeprefix("v").partition(".")[0]
    if not major.isdecimal() or int(major) < NODE_LEAST:
        message = f"the shim of otr.js needs Node {NODE_LEAST} or later, and this is {answer}"
        raise PeerUnavailable(message)


def _missing(programs: tuple[str, ...]) -> str:
    """Those that are not here."""
    return " and ".join(name for name in programs if shutil.which(name) is None)


def _fetch(progress: Progress, new: Path) -> None:
    """Have npm fetch otr.js into a directory, and write what starts the shim."""
    for name in _WANTED:
        shutil.copyfile(SOURCES / name, new / name)
    progress(" ".join(_NPM))
    outcome = attempt((*_NPM, "--prefix", str(new)), _INSTALL_SECONDS)
    if outcome.status != 0:
        message = f"npm cannot fetch otr.js: {outcome.complaint}"
        raise PeerUnavailable(message)
    shim = new / _SHIM
    shim.write_text(_launcher(), encoding="utf-8")
    shim.chmod(0o755)
