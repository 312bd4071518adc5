"""Targets: what the suite can test, by name or by command.

`reference` is our reference in this process, `reference-shim` the same behind a shim in a process
of its own; `libotr` and the like are installed peers (`otr_conformance.peers.registry`); anything
else is the command of a shim.
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from otr_conformance.peers.registry import PEERS
from otr_reference.errors import OtrSpecError

IN_PROCESS = "reference"
BEHIND_SHIM = "reference-shim"


_INTERPRETERS: Final = (
    *("bash", "bun", "deno", "dotnet", "go", "guile", "java", "julia", "lua", "luajit", "mono"),
    *("node", "nodejs", "ocaml", "perl", "php", "pypy", "python", "racket", "ruby", "runghc", "sh"),
)
"""Programs that run a file which they are given, by names without numbers of their versions."""


class UnknownTarget(OtrSpecError):
    """A target that is not there; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """A target.

    Attributes:
        name: as in reports and expectation files.
        command: of its shim; None: the reference in this process.
        expectations: the file that says how it is known to deviate; None: it is expected to pass.
        pause: seconds that pass before it is asked for another key exchange; that it needs them is
            a deviation, which cases of their own show.
    """

    name: str
    command: tuple[str, ...] | None
    expectations: Path | None = None
    pause: int = 0

    @property
    def asked(self) -> str:
        """As a user names it on a command line: the command of a shim is one argument."""
        own = self.command is None or self.name == BEHIND_SHIM or self.name in PEERS
        return shlex.quote(self.name if own else shlex.join(self.command or ()))


def find(name: str) -> Target:
    """The target that a user names.

    Raises:
        UnknownTarget: if it is a peer that is not installed, or an empty command.
    """
    if name == IN_PROCESS:
        return Target(name, None)
    if name == BEHIND_SHIM:
        module = "otr_conformance.shims.reference"
        return Target(name, (sys.executable, "-m", module))
    if name in PEERS:
        peer = PEERS[name]
        if peer.module.locate() is None:
            message = f"{name} is not installed: run `otrspec peer install {name}`"
            raise UnknownTarget(message)
        file = peer.expectations if peer.expectations.exists() else None
        return Target(name, tuple(peer.module.command()), file, peer.pause)
    words = tuple(shlex.split(name))
    if not words:
        message = "the target is empty: name `reference`, a peer, or the command of a shim"
        raise UnknownTarget(message)
    return Target(_program(words), words)


def _program(words: tuple[str, ...]) -> str:
    """What a command runs: its first word, or the file that an interpreter is given first."""
    runs = Path(words[0]).name.rstrip("0123456789.")
    return next(filter(_is_file, words[1:]), words[0]) if runs in _INTERPRETERS else words[0]


def _is_file(word: str) -> bool:
    try:
        return Path(word).is_file()
    except OSError:  # such as a name that is too long to be one
        return False
