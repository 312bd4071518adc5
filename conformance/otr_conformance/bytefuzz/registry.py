"""Every decoder of ours.

decoder("otrv3.wire").read(b"?OTRv3?")
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .decoder import Decoder

__all__ = ["UnknownDecoder", "chosen", "decoder", "decoders"]

_MODULES: Final = ("otr", "codecs", "keys", "shim", "documents", "learned", "fuzzed")


class UnknownDecoder(OtrSpecError):
    """A decoder that is not there; the message says where the names are."""


@cache
def decoders() -> Mapping[str, Decoder]:
    """Every decoder, by its name."""
    found: dict[str, Decoder] = {}
    for name in _MODULES:
        module = import_module(f"otr_conformance.bytefuzz.decoders.{name}")
        found.update({each.name: each for each in module.DECODERS})
    return found


def decoder(name: str) -> Decoder:
    """The decoder of a name.

    Raises:
        UnknownDecoder: there is none.
    """
    try:
        return decoders()[name]
    except KeyError:
        message = f"there is no decoder {name!r}; otrspec fuzz-bytes --list has all of them"
        raise UnknownDecoder(message) from None


def chosen(names: Iterable[str]) -> tuple[Decoder, ...]:
    """Decoders by their names, or by how their names begin; of no name, all of them.

    Raises:
        UnknownDecoder: one means none.
    """
    found: dict[str, Decoder] = {}
    for name in names:
        meant = {n: d for n, d in decoders().items() if n == name or n.startswith(f"{name}.")}
        found |= meant or {name: decoder(name)}
    return tuple((found or decoders()).values())
