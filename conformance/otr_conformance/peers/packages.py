"""Debian's packages that a peer needs: who may install them, and what to tell everybody else."""

import os
import shutil
from collections.abc import Mapping
from typing import Final

from otr_conformance.peers import PeerUnavailable, Progress
from otr_conformance.peers.process import Outcome, run

__all__ = ["apt_install", "apt_line", "attempt", "may_install"]

_INSTALL_SECONDS: Final = 600.0


def attempt(
    command: tuple[str, ...],
    seconds: float,
    given: bytes = b"",
    more: Mapping[str, str] | None = None,
) -> Outcome:
    """Run a program, in plain English and asking nobody anything.

    Args:
        command: the program and its arguments.
        seconds: after so long it is killed.
        given: its standard input.
        more: what its environment has beside ours.

    Raises:
        PeerUnavailable: it cannot be started, or did not end in time.
    """
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    environment.update(more or {})
    try:
        return run(command, given=given, seconds=seconds, environment=environment)
    except OSError as error:  # TimeoutError is one
        raise PeerUnavailable(str(error)) from error


def may_install() -> bool:
    """Whether packages can be installed: by root only, and only where apt-get is."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_line(*packages: str) -> str:
    """What root has to run to have packages."""
    return f"apt-get install -y {' '.join(packages)}"


def apt_install(packages: tuple[str, ...], progress: Progress) -> None:
    """Install packages, and look for newer lists of packages only if that fails.

    Args:
        packages: their names.
        progress: told each step.

    Raises:
        PeerUnavailable: they cannot be installed.
    """
    install_line = ("apt-get", "install", "-y", "--no-install-recommends", *packages)
    progress(" ".join(install_line))
    if attempt(install_line, _INSTALL_SECONDS).status == 0:
        return
    progress("apt-get update")
    attempt(("apt-get", "update"), _INSTALL_SECONDS)
    outcome = attempt(install_line, _INSTALL_SECONDS)
    if outcome.status != 0:
        message = f"{' '.join(install_line)}: {outcome.complaint}"
        raise PeerUnavailable(message)
