"""The peers that there are.

    peer("libotr").locate()

A peer is one record here, one module of its name beside this file, and one file of expectations,
``NAME.toml``. The module is imported when it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast

from otr_conformance.shim.vocabulary import Capability
from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_conformance.peers import InstalledPeer, Progress

__all__ = ["PEERS", "Module", "Peer", "UnknownPeer", "peer"]

_HERE: Final = Path(__file__).parent


class UnknownPeer(OtrSpecError):
    """A peer that is not there; the message says which there are."""


class Module(Protocol):
    """What the module of a peer has."""

    def install(self, progress: Progress) -> InstalledPeer:
        """Make the peer ready.

        Raises:
            PeerUnavailable: something is missing that cannot be had from here.
        """

    def locate(self) -> Path | None:
        """Where its shim is; None if `install` has not made it."""

    def command(self) -> list[str]:
        """The command line that starts the shim.

        Raises:
            PeerUnavailable: it has not been installed.
        """


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer.

    A shim could hide faults behind "unsupported". What it has to offer at least is said here.

    Attributes:
        name: of its module and its expectations, and what the shim calls itself.
        about: what it is, for people.
        language: that it is written in.
        must_speak: the versions of OTR that its shim has to offer.
        must_declare: the capabilities that its shim has to declare.
        pause: seconds that pass before it is asked for another key exchange; see
            `otr_conformance.targets.Target`.
    """

    name: str
    about: str
    language: str
    must_speak: frozenset[int]
    must_declare: frozenset[Capability]
    pause: int = 0

    @property
    def module(self) -> Module:
        """What installs and starts it."""
        return cast("Module", import_module(f"otr_conformance.peers.{self.name}"))

    @property
    def expectations(self) -> Path:
        """The file that says how it is known to deviate."""
        return _HERE / f"{self.name}.toml"


_OF_VERSION_3: Final = frozenset(
    {
        Capability.SMP,
        Capability.SMP_QUESTION,
        Capability.EXTRA_KEY,
        Capability.FRAGMENT,
        Capability.POLICY,
        Capability.PRESET_KEY,
        Capability.TAG,
        Capability.CLOCK,
        Capability.SEED,
        Capability.STATE,
        Capability.HEARTBEAT,
    }
)
"""What a shim of version 3 can declare, one instance of the peer's at a time."""

PEERS: Final[Mapping[str, Peer]] = {
    each.name: each
    for each in (
        Peer(
            "libotr",
            "the original implementation; OTR versions 2 and 3",
            "C",
            must_speak=frozenset({2, 3}),
            must_declare=_OF_VERSION_3 | {Capability.INSTANCES},
        ),
        Peer(
            "otr3",
            "a library of Go's; OTR versions 2 and 3",
            "Go",
            must_speak=frozenset({2, 3}),
            must_declare=_OF_VERSION_3,
            pause=61,
        ),
        Peer(
            "potr",
            "OTR version 2; its cryptographic library is replaced by the suite",
            "Python",
            must_speak=frozenset({2}),
            must_declare=_OF_VERSION_3 - {Capability.TAG},
        ),
        Peer(
            "otrjs",
            "otr.js; OTR versions 2 and 3",
            "JavaScript",
            must_speak=frozenset({2, 3}),
            must_declare=_OF_VERSION_3 - {Capability.HEARTBEAT},
        ),
    )
}
"""Every peer, in the order in which the suite learnt to drive them."""


def peer(name: str) -> Peer:
    """The peer of a name.

    Raises:
        UnknownPeer: if there is none.
    """
    try:
        return PEERS[name]
    except KeyError:
        message = f"there is no peer {name!r}, but {', '.join(PEERS)}"
        raise UnknownPeer(message) from None
