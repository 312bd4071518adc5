"""otr3, an implementation in Go: OTRv2 and OTRv3.

Its shim is a Go program that ships in this distribution as source (``shims/otr3/``), with the
helper of shims in Go (``shims/go/``). It is compiled here, with the Go compiler and the sources of
otr3 that this machine has. otr3's own files stay as they are; one file of ours is compiled into its
package beside them, for what it has no public names for.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

from otr_conformance.peers import InstalledPeer, PeerUnavailable, Progress
from otr_conformance.peers.kept import Kept, greet
from otr_conformance.peers.packages import apt_install, apt_line, attempt, may_install

__all__ = ["HELPER", "SOURCES", "command", "install", "locate"]

_SHIMS: Final = Path(__file__).resolve().parent.parent / "shims"

SOURCES: Final = _SHIMS / "otr3"
"""The directory of the shim's sources."""

HELPER: Final = _SHIMS / "go" / "otrshim"
"""The directory of the helper's sources."""

_SHIM: Final = "otr3-shim"
_PACKAGES: Final = ("golang-go", "golang-github-twstrike-otr3-dev")
_OTR3: Final = "github.com/twstrike/otr3"
_IMPORTED_AS: Final = {"otrshim": HELPER, "otr3": SOURCES}
_MODULE: Final = "example.org/shim"
_ACCESS: Final = "access/otrspec.go"

_SYSTEM_PATH: Final = Path("/usr/share/gocode")
"""Where Debian keeps sources in Go."""

_QUESTION_SECONDS: Final = 30.0
_COMPILE_SECONDS: Final = 300.0
_GO: Final = {
    "GO111MODULE": "off",
    "GOFLAGS": "",
    "GOENV": "off",
    "GOWORK": "off",
    "GOOS": "",
    "GOARCH": "",
    "CGO_ENABLED": "0",
}
"""The environment that Go compiles in: no modules, no C compiler, nothing of the user's."""


def _made_of() -> Iterator[bytes]:
    """The sources of the shim and of the helper."""
    for directory in _IMPORTED_AS.values():
        for source in sorted(directory.rglob("*.go")):
            yield source.relative_to(directory).as_posix().encode()
            yield source.read_bytes()


_KEPT: Final = Kept("otr3", (_SHIM,), _made_of)


def locate() -> Path | None:
    """The compiled shim, or None if `install` has not made it from these sources."""
    directory = _KEPT.newest()
    return None if directory is None else directory / _SHIM


def command() -> list[str]:
    """The command line that starts the shim.

    Raises:
        PeerUnavailable: it has not been installed.
    """
    return [str(_KEPT.installed() / _SHIM)]


def install(progress: Progress) -> InstalledPeer:
    """Make the shim ready: packages, compilation, a first greeting.

    Packages are installed only by root, and only where apt-get is; otherwise the exception says
    what to run. Nothing is done twice.

    Args:
        progress: told each step.

    Raises:
        PeerUnavailable: something is missing that cannot be had from here.
    """
    go, sources = _prepare(progress)
    version = _version()
    directory = _KEPT.directory(f"{version}-{_hash(sources)}")
    if not _KEPT.is_complete(directory):
        progress(f"compiling {_SHIM}")
        _KEPT.make(directory, partial(_compile, go, sources, version))
    shim = directory / _SHIM
    progress(f"otr3 {version}: {shim}")
    return InstalledPeer("otr3", greet("otr3", shim), (str(shim),))


def _prepare(progress: Progress) -> tuple[str, Path]:
    """Find Go and the sources of otr3, installing packages if that is allowed."""
    go, sources = shutil.which("go"), _sources()
    if (go is None or sources is None) and may_install():
        apt_install(_PACKAGES, progress)
        go, sources = shutil.which("go"), _sources()
    if go is None or sources is None:
        missing = "the Go compiler" if go is None else "otr3's sources"
        message = f"{missing} missing; run as root: {apt_line(*_PACKAGES)}"
        raise PeerUnavailable(message)
    return go, sources


def _sources() -> Path | None:
    """Where otr3's sources are: the user's come before Debian's."""
    paths = os.environ.get("GOPATH", "").split(os.pathsep)
    for root in (*(Path(path) for path in paths if path), _SYSTEM_PATH):
        found = root / "src" / _OTR3
        if (found / "conversation.go").exists():
            return found
    return None


def _version() -> str:
    """otr3 has no constant for its version; the package has one."""
    if shutil.which("dpkg-query") is None:
        return "unknown"
    question = ("dpkg-query", "--show", "--showformat=${Version}", _PACKAGES[-1])
    outcome = attempt(question, _QUESTION_SECONDS)
    return outcome.out.decode().strip() if outcome.status == 0 else "unknown"


def _hash(sources: Path) -> str:
    """A hash of otr3's sources, which become part of the shim."""
    digest = sha256()
    for source in sorted(sources.rglob("*.go")):
        digest.update(source.relative_to(sources).as_posix().encode() + b"\0")
        digest.update(sha256(source.read_bytes()).digest())
    return digest.hexdigest()[:8]


def _compile(go: str, sources: Path, version: str, new: Path) -> None:
    """Compile the shim into a directory."""
    with tempfile.TemporaryDirectory(dir=new.parent, prefix="go-") as scratch:
        workspace = Path(scratch)
        for name, directory in _IMPORTED_AS.items():
            shutil.copytree(directory, workspace / "src" / _MODULE / name)
        beside = workspace / "src" / _MODULE / "otr3" / _ACCESS
        overlay = workspace / "overlay.json"
        replace = {str(sources / beside.name): str(beside)}
        overlay.write_text(json.dumps({"Replace": replace}), encoding="utf-8")
        environment = {**_GO, "GOPATH": os.pathsep.join((str(workspace), str(_root(sources))))}
        if not os.environ.get("HOME") and not os.environ.get("XDG_CACHE_HOME"):
            environment["GOCACHE"] = str(workspace / "cache")
        build = (
            *(go, "build", "-trimpath", "-overlay", str(overlay)),
            *("-ldflags", f"-s -w -X main.version={version}"),
            *("-o", str(new / _SHIM), f"{_MODULE}/otr3"),
        )
        outcome = attempt(build, _COMPILE_SECONDS, more=environment)
        if outcome.status != 0:
            message = f"{_SHIM} does not compile: {outcome.complaint}"
            raise PeerUnavailable(message)


def _root(sources: Path) -> Path:
    """The element of GOPATH that sources are in."""
    return sources.parents[len(Path(_OTR3).parts)]
