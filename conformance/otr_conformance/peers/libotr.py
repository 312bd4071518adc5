"""libotr, the original implementation in C, version 4: OTRv2 and OTRv3.

Its shim and its benchmark are C programs that ship in this distribution as sources
(``shims/libotr/``) and are compiled here, against the headers and the library of this machine.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from otr_conformance.peers import InstalledPeer, PeerUnavailable, Progress
from otr_conformance.peers.kept import Kept, greet
from otr_conformance.peers.packages import apt_install, apt_line, attempt, may_install

__all__ = ["FLAGS", "HELPER", "SOURCES", "Measurement", "command", "install", "locate", "measure"]

SOURCES: Final = Path(__file__).resolve().parent.parent / "shims" / "libotr"
"""The directory of the C sources."""

HELPER: Final = SOURCES.parent / "c"
"""The directory of what every shim in C can use, of which these use the JSON lines."""

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
_MEASURE_SECONDS: Final = 600.0

_PROBE: Final = b"#include <libotr/proto.h>\n#include <gcrypt.h>\nlibotr OTRL_VERSION\n"


def _made_of() -> Iterator[bytes]:
    """How the programs are compiled, and their sources."""
    yield from map(str.encode, (*FLAGS, *_LIBRARIES))
    names = {name for sources in _PROGRAMS.values() for name in sources} | set(_HEADERS)
    for name in sorted(names):
        yield name.encode()
        yield _source(name).read_bytes()


def _source(name: str) -> Path:
    """A source: one of libotr's shim, or of the helper."""
    own = SOURCES / name
    return own if own.exists() else HELPER / name


_KEPT: Final = Kept("libotr", tuple(_PROGRAMS), _made_of)


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
    directory = _KEPT.newest()
    return None if directory is None else directory / _SHIM


def command() -> list[str]:
    """The command line that starts the shim.

    Raises:
        PeerUnavailable: it has not been installed.
    """
    return [str(_KEPT.installed() / _SHIM)]


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
    directory = _KEPT.directory(version)
    if not _KEPT.is_complete(directory):
        _KEPT.make(directory, partial(_compile, compiler, progress))
    shim = directory / _SHIM
    progress(f"libotr {version}: {shim}")
    return InstalledPeer("libotr", greet("libotr", shim), (str(shim),))


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
    program = str(_KEPT.installed() / _BENCH)
    outcome = attempt((program, str(fragment), str(repeats), str(protocol)), _MEASURE_SECONDS)
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


# ---- making them ----


def _compiler() -> str | None:
    return shutil.which("gcc") or shutil.which("cc")


def _header_version(compiler: str) -> str | None:
    """The version of libotr whose headers the compiler finds; None if they are not all there."""
    outcome = attempt((compiler, "-E", "-P", "-x", "c", "-"), _COMPILE_SECONDS, _PROBE)
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
        if may_install():
            apt_install(wanted, progress)
            compiler = _compiler()
            version = None if compiler is None else _header_version(compiler)
        elif version is not None:
            progress(f"libotr's toolkit is missing: {apt_line('libotr5-bin')}")
        if compiler is None or version is None:
            missing = "a C compiler" if compiler is None else "libotr's or libgcrypt's headers"
            message = f"{missing} missing; run as root: {apt_line(*wanted)}"
            raise PeerUnavailable(message)
    # Both are here: the branch above raises otherwise.
    return str(compiler), str(version)


def _compile(compiler: str, progress: Progress, new: Path) -> None:
    """Compile the programs into a directory."""
    for program, sources in _PROGRAMS.items():
        progress(f"compiling {program}")
        paths = [str(_source(name)) for name in sources]
        command = (compiler, *FLAGS, f"-I{HELPER}", "-o", str(new / program), *paths, *_LIBRARIES)
        outcome = attempt(command, _COMPILE_SECONDS)
        if outcome.status != 0:
            message = f"{program} does not compile: {outcome.complaint}"
            raise PeerUnavailable(message)
