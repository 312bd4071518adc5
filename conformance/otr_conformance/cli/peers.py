"""`otrspec peer`: the real implementations that the suite can drive."""

from __future__ import annotations

import sys
from typing import Final

from otr_conformance.peers import libotr
from otr_conformance.verdict import ExitCode

from .misuse import unknown
from .screen import DIM, GOOD, NAME, Screen, tell, write_json

__all__ = ["install", "listing"]

ABOUT: Final = {"libotr": "the original implementation, in C; OTR versions 2 and 3"}
INSTALLERS: Final = {"libotr": libotr.install}
LOCATED: Final = {"libotr": libotr.locate}


def listing(*, json: bool) -> ExitCode:
    """List the peers."""
    places = {name: LOCATED[name]() for name in ABOUT}
    if json:
        write_json(
            [
                {
                    "name": name,
                    "about": about,
                    "installed": places[name] is not None,
                    "shim": "" if places[name] is None else str(places[name]),
                }
                for name, about in ABOUT.items()
            ]
        )
        return ExitCode.EXPECTED
    out = Screen()
    for name, about in ABOUT.items():
        out.line((name, NAME), f"  {about}", hang=4)
        if places[name] is None:
            out.line((f"not installed: otrspec peer install {name}", DIM), indent=2)
        else:
            out.whole("  ", ("installed", GOOD), (f": {places[name]}", DIM))
    return ExitCode.EXPECTED


def install(name: str, *, json: bool) -> ExitCode:
    """Make a peer ready; its steps go to standard error.

    Raises:
        Misuse: if there is no such peer.
        PeerUnavailable: if it cannot be had here.
    """
    installer = INSTALLERS.get(name)
    if installer is None:
        raise unknown(name, "peer", INSTALLERS, "otrspec peer list")
    peer = installer(tell)
    if json:
        write_json({"name": peer.name, "version": peer.version, "command": list(peer.command)})
    else:
        sys.stdout.write(f"{peer.name} {peer.version} is ready: otrspec conform {peer.name}\n")
    return ExitCode.EXPECTED
