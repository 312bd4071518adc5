"""libotr, the original implementation in C, version 4: OTRv2 and OTRv3.

Its shim and its benchmark are C programs that ship in this distribution as sources
(``shims/libotr/``) and are compiled here, against the headers and the library of this machine. The
programs are kept in the user's cache, in a directory named by a hash of everything that decides
what they are: an upgrade of either side makes a new one, and nothing stale is ever run.
"""

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from otr_conformance.peers import InstalledPeer, PeerUnavailable, Progress
from otr_conformance.peers.process import Outcome, run

__all__ = ["FLAGS", "SOURCES", "Measurement", "command", "install", "locate", "measure"]

SOURCES: Final = Path(__file__).resolve().parent.parent / "shims" / "libotr"
"""The directory of the C sources."""

FLAGS: Final = ("-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O2", "-Wall", "-Wextra")
"""How they are compiled. A warning of a future compiler must not prevent that: no -Werror."""

_SHIM: Final = "libotr-shim"
_BENCH: Final = "libotr-bench"
_PROGRAMS: Final = {_SHIM: ("shim.c", "json.c"), _BENCH: ("bench.c", "json.c")}
_HEADERS: Final = ("json.h",)
_LIBRARIES: Final = ("-lotr", "-lgcrypt")

_PACKAGES: Final = ("libotr5-dev", "libgcrypt20-dev", "libotr5-bin")
_COMPILER_PACKAGES: Final = ("gcc", "libc6-dev")
_TOOL: Final = "otr_parse"

_COMPILE_SECONDS: Final = 120.0
_INSTALL_SECONDS: Final = 600.0
_MEASURE_SECONDS: Final = 600.0
_HELLO_SECONDS: Final = 30.0

_PROBE: Final = b"#include <libotr/proto.h>\n#include <gcrypt.h>\nlibotr OTRL_VERSION\n"
_HELLO: Final = b'{"id": 1, "do": "hello", "protocol": 1}\n'


@dataclass(frozen=True, slots=True)
class Measurement:
    """How long libotr takes with itself, both ends in one process, quick random numbers.

    Attributes:
        version: libotr's version.
        protocol: the version of OTR, 2 or 3.
        fragment: the largest size of a message in bytes; 0: no limit.
        texts_each_way: how many texts each end sent in each of the two phases of texts.
        burst_length: how many texts in a row make a burst.
        ake: seconds from the query message until both ends are private, one for each repeat.
        alternate: seconds for the texts of both ends, strictly alternating.
        burst: seconds for as many texts in bursts.
        smp: seconds for SMP with equal secrets.
    """

    version: str
    protocol: int
    fragment: int
    texts_each_way: int
    burst_length: int
    ake: tuple[float, ...]
    alternate: tuple[float, ...]
    burst: tuple[float, ...]
    smp: tuple[float, ...]


def locate() -> Path | None:
    """The compiled shim, or None if `install` has not made it from these sources."""
    directory = _built()
    return None if directory is None else directory / _SHIM


def command() -> list[str]:
    """The command line that starts the shim.

    Raises:
        PeerUnavailable: it has not been installed.
    """
    return [str(_installed_directory() / _SHIM)]


def install(progress: Progress) -> InstalledPeer:
    """Make the shim and the benchmark ready: packages, compilation, a first greeting.

    Packages are installed only by root, and only where apt-get is; otherwise the exception says
    what to run. Nothing is done twice.

    Args:
        progress: told each step.

    Raises:
        PeerUnavailable: something is missing that cannot be had from here.
    """
    compiler, version = _prepare(progress)
    directory = _directory(version)
    if not _is_complete(directory):
        _compile(compiler, directory, progress)
    shim = directory / _SHIM
    progress(f"libotr {version}: {shim}")
    return InstalledPeer("libotr", _greet(shim), (str(shim),))


def measure(*, fragment: int = 0, repeats: int = 5, protocol: int = 3) -> Measurement:
    """Run the benchmark.

    Args:
        fragment: the largest size of a message in bytes, 38 or more; 0: no limit.
        repeats: how often each phase is run, 1 to 1000.
        protocol: the version of OTR, 2 or 3.

    Raises:
        PeerUnavailable: it has not been installed.
        ValueError: an argument is out of its range.
    """
    program = str(_installed_directory() / _BENCH)
    outcome = _try((program, str(fragment), str(repeats), str(protocol)), _MEASURE_SECONDS)
    if outcome.status != 0:
        raise ValueError(outcome.complaint)
    line = json.loads(outcome.out)
    phases = {
        name: tuple(float(figure) for figure in line[name].split())
        for name in ("ake", "alternate", "burst", "smp")
    }
    return Measurement(
        version=line["version"],
        protocol=line["protocol"],
        fragment=line["fragment"],
        texts_each_way=line["texts-each-way"],
        burst_length=line["burst-length"],
        **phases,
    )


# ---- where the programs are ----


def _fingerprint() -> str:
    """A hash of the sources and of how they are compiled."""
    digest = hashlib.sha256()
    names = {name for sources in _PROGRAMS.values() for name in sources} | set(_HEADERS)
    for part in (*FLAGS, *_LIBRARIES):
        digest.update(part.encode() + b"\0")
    for name in sorted(names):
        content = (SOURCES / name).read_bytes()
        digest.update(name.encode() + b"\0" + len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()[:24]


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if base.startswith("/") else Path.home() / ".cache"
    return root / "otrspec" / "peers" / "libotr"


def _directory(version: str) -> Path:
    """Where the programs for this version of libotr belong."""
    return _cache() / f"{_fingerprint()}-{version}"


def _is_complete(directory: Path) -> bool:
    return all(os.access(directory / name, os.X_OK) for name in _PROGRAMS)


def _built() -> Path | None:
    """The directory that was made last from these sources, for whatever version of libotr."""
    found = [path for path in _cache().glob(f"{_fingerprint()}-*") if _is_complete(path)]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def _installed_directory() -> Path:
    directory = _built()
    if directory is None:
        message = "libotr's shim is not installed; run: otrspec peer install libotr"
        raise PeerUnavailable(message)
    return directory


# ---- making them ----


def _try(command_line: tuple[str, ...], seconds: float, given: bytes = b"") -> Outcome:
    """Run a program; one that cannot be started or does not end makes the peer unavailable."""
    try:
        return run(
            command_line,
            given=given,
            seconds=seconds,
            environment={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
        )
    except OSError as error:  # TimeoutError is one
        raise PeerUnavailable(str(error)) from error


def _compiler() -> str | None:
    return shutil.which("gcc") or shutil.which("cc")


def _header_version(compiler: str) -> str | None:
    """The version of libotr whose headers the compiler finds; None if they are not all there."""
    outcome = _try((compiler, "-E", "-P", "-x", "c", "-"), _COMPILE_SECONDS, _PROBE)
    words = outcome.out.decode(errors="replace").split()
    if outcome.status != 0 or len(words) < 2 or words[-2] != "libotr":  # noqa: PLR2004 - a pair
        return None
    return words[-1].strip('"')


def _prepare(progress: Progress) -> tuple[str, str]:
    """Find the compiler and libotr's version, installing packages if that is allowed."""
    compiler = _compiler()
    version = None if compiler is None else _header_version(compiler)
    complete = version is not None and shutil.which(_TOOL) is not None
    if not complete:
        wanted = _PACKAGES if compiler is not None else (*_COMPILER_PACKAGES, *_PACKAGES)
        if _may_install():
            _apt_install(wanted, progress)
            compiler = _compiler()
            version = None if compiler is None else _header_version(compiler)
        elif version is not None:
            progress("libotr's toolkit is missing: apt-get install -y libotr5-bin")
        if compiler is None or version is None:
            missing = "a C compiler" if compiler is None else "libotr's or libgcrypt's headers"
            message = f"{missing} missing; run as root: apt-get install -y {' '.join(wanted)}"
            raise PeerUnavailable(message)
    # Both are here: the branch above raises otherwise.
    return str(compiler), str(version)


def _may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _apt_install(packages: tuple[str, ...], progress: Progress) -> None:
    """Install packages, and look for newer lists of packages only if that fails."""
    install_line = ("apt-get", "install", "-y", "--no-install-recommends", *packages)
    progress(" ".join(install_line))
    if _try(install_line, _INSTALL_SECONDS).status == 0:
        return
    progress("apt-get update")
    _try(("apt-get", "update"), _INSTALL_SECONDS)
    outcome = _try(install_line, _INSTALL_SECONDS)
    if outcome.status != 0:
        message = f"{' '.join(install_line)}: {outcome.complaint}"
        raise PeerUnavailable(message)


def _compile(compiler: str, directory: Path, progress: Progress) -> None:
    """Compile into a new directory, and put it in its place in one step."""
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory.parent, prefix="new-") as scratch:
            new = Path(scratch) / "programs"
            new.mkdir()
            for program, sources in _PROGRAMS.items():
                progress(f"compiling {program}")
                paths = [str(SOURCES / name) for name in sources]
                outcome = _try(
                    (compiler, *FLAGS, "-o", str(new / program), *paths, *_LIBRARIES),
                    _COMPILE_SECONDS,
                )
                if outcome.status != 0:
                    message = f"{program} does not compile: {outcome.complaint}"
                    raise PeerUnavailable(message)
            _put(new, directory)
    except OSError as error:
        message = f"libotr's shim cannot be kept in {directory.parent}: {error.strerror}"
        raise PeerUnavailable(message) from error


def _put(new: Path, directory: Path) -> None:
    """Rename; whoever was faster has put the same programs there."""
    try:
        new.rename(directory)
    except OSError:
        if not _is_complete(directory):
            raise


def _greet(shim: Path) -> str:
    """Ask the shim for its version: the proof that it runs."""
    outcome = _try((str(shim),), _HELLO_SECONDS, _HELLO)
    try:
        version = json.loads(outcome.out)["version"]
    except (ValueError, KeyError, TypeError) as error:
        message = f"libotr's shim does not run: {outcome.complaint}"
        raise PeerUnavailable(message) from error
    return str(version)
