"""Seeds out of the single vectors: a faultless example of each group, and its faults."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Final

from otr_conformance.vectors import made

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["enveloped", "taken"]

_FAULTS: Final = 24
"""So many faults of a group at most: the rest is for mutation to find."""


def taken(protocol: str, document: str, name: str, *groups: str) -> Iterator[bytes]:
    """What vectors take by a name, as octets: the faultless ones first.

    Args:
        protocol: whose.
        document: its name.
        name: of what is taken.
        groups: only these; none: all.
    """
    chosen = [g for g in made(protocol, document) if not groups or g.name in groups]
    yield from (_octets(g.takes[name]) for g in chosen if name in g.takes)
    for group in chosen:
        found = [v.takes[name] for v in group.vectors if name in v.takes]
        step = max(1, len(found) // _FAULTS)
        yield from map(_octets, found[::step])


def _octets(value: object) -> bytes:
    """A value as octets."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, list):
        return b"".join(map(_octets, value))
    return str(value).encode("utf-8", "surrogateescape")


def enveloped(binary: bytes) -> bytes:
    """A message in its envelope of base64."""
    return b"?OTR:" + b64encode(binary) + b"."
