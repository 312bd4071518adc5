"""`otrspec peer`: the real implementations that the suite can drive."""

from __future__ import annotations

import sys

from otr_conformance.peers.registry import PEERS
from otr_conformance.verdict import ExitCode

from .misuse import unknown
from .screen import DIM, GOOD, NAME, Screen, tell, write_json

__all__ = ["install", "listing"]


def listing(*, json: bool) -> ExitCode:
    """List the peers."""
    places = {name: each.module.locate() for name, each in PEERS.items()}
    if json:
        write_json(
            [
                {
                    "name": name,
                    "about": each.about,
                    "language": each.language,
                    "must_speak": sorted(each.must_speak),
                    "must_declare": sorted(word.word for word in each.must_declare),
                    "installed": places[name] is not None,
                    "shim": "" if places[name] is None else str(places[name]),
                }
                for name, each in PEERS.items()
            ]
        )
        return ExitCode.EXPECTED
    out = Screen()
    for name, each in PEERS.items():
        out.line((name, NAME), f"  {each.about}, in {each.language}", hang=4)
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
    if name not in PEERS:
        raise unknown(name, "peer", PEERS, "otrspec peer list")
    peer = PEERS[name].module.install(tell)
    if json:
        write_json({"name": peer.name, "version": peer.version, "command": list(peer.command)})
    else:
        sys.stdout.write(f"{peer.name} {peer.version} is ready: otrspec conform {peer.name}\n")
    return ExitCode.EXPECTED
