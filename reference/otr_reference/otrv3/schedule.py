"""Computes the key schedules that `otr_model.otrv3.schedules` declares.

Nothing is decided here: which byte goes in front of secbytes, which hash is taken and which part of
it is kept all stand in the model. Nothing is kept either: what is computed from a secret lives as
long as the caller holds it.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha1, sha256
from typing import TYPE_CHECKING, NamedTuple

from otr_model.kernel.schedule import (
    Chosen,
    Digest,
    Encoded,
    EndByte,
    Given,
    Hash,
    Integer,
    Multiple,
    Octets,
    Part,
    Power,
    Pruned,
    Shake,
    Value,
)
from otr_model.kernel.table import IllFormed
from otr_reference.arith import Number, power_secret
from otr_reference.codec import Codec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_model.kernel.schedule import Schedule

__all__ = ["Computed", "compute"]


class Computed(NamedTuple):
    """Values of a schedule: those that are numbers, and those that are octets."""

    numbers: dict[Value, int]
    octets: dict[Value, bytes]


def compute(
    schedule: Schedule, numbers: Mapping[Value, int], octets: Mapping[Value, bytes]
) -> Computed:
    """Compute every value of a schedule.

    Args:
        schedule: The schedule.
        numbers: Those of its givens that are numbers: an exponent is one or more, any other is zero
            or more.
        octets: Those of its givens that are octets.

    Returns:
        All of its values, the givens among them.

    Raises:
        Malformed: An exponent is zero; or a layout has no room for a value.
        IllFormed: The schedule has operations of another version.
    """
    computed = Computed(dict(numbers), dict(octets))
    for value in schedule.values:
        _compute(value, *computed)
    return computed


def _compute(value: Value, numbers: dict[Value, int], octets: dict[Value, bytes]) -> None:
    """Compute one value from those before it."""
    made = value.made
    match made:
        case Given():
            pass
        case Power():
            base, exponent = numbers[made.base], numbers[made.exponent]
            numbers[value] = power_secret(base, exponent, made.group.modulus)
        case Encoded():
            fields = {
                field.name: numbers[source] if source in numbers else octets[source]
                for field, source in made.fields
            }
            octets[value] = _codec(made).write(fields)
        case EndByte():
            high = numbers[made.ours] > numbers[made.theirs]
            octets[value] = bytes((made.high if high else made.low,))
        case Hash():
            pieces = (bytes((p,)) if isinstance(p, int) else octets[p] for p in made.pieces)
            octets[value] = _hash(made.digest, b"".join(pieces))
        case Part():
            octets[value] = octets[made.whole][made.start : made.start + made.length]
        case Integer():
            numbers[value] = Number.from_bytes(octets[made.whole], "big")
        case Chosen() | Multiple() | Octets() | Pruned() | Shake():
            message = f"{value.name}: no schedule of OTRv3 computes so"
            raise IllFormed(message)


@cache
def _codec(made: Encoded) -> Codec:
    """What writes a layout; one for each place in the model that names one."""
    return Codec(made.layout)


def _hash(digest: Digest, data: bytes) -> bytes:
    """Hash octets."""
    match digest:
        case Digest.SHA1:
            # The protocol fixes SHA-1. What it is used for here rests on no collision of it.
            return sha1(data, usedforsecurity=False).digest()
        case Digest.SHA256:
            return sha256(data).digest()
