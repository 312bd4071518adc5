"""Computes the key schedules that `otr_model.otrv4.schedules` declares.

Nothing is decided here: which usage is hashed, in front of which values, and how much of the output
is taken all stand in the model. Nothing is kept either: what is computed from a secret lives as
long as the caller holds it.

Not all of a schedule has to be computed at once. A caller says which values are wanted, and which
are known: what the known ones are made from is not needed, and what nobody wants is not computed.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from otr_model.kernel.schedule import (
    Chosen,
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
from otr_reference import ed448
from otr_reference.arith import Number, power_secret
from otr_reference.codec import Codec
from otr_reference.errors import Malformed
from otr_reference.shake import shake256

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_model.kernel.schedule import Schedule

__all__ = ["Computed", "compute"]

_PLANS: Final = 64
"""How many questions are remembered: which values of a schedule, from which others."""


class Computed(NamedTuple):
    """Values of a schedule: those that are numbers, and those that are octets."""

    numbers: dict[Value, int]
    octets: dict[Value, bytes]


def compute(
    schedule: Schedule,
    numbers: Mapping[Value, int],
    octets: Mapping[Value, bytes],
    wanted: tuple[Value, ...] = (),
) -> Computed:
    """Compute values of a schedule.

    Args:
        schedule: The schedule.
        numbers: The known values that are numbers: an exponent is one or more, any other is zero or
            more. Given values are known, and others may be.
        octets: The known values that are octets; points are encoded.
        wanted: The values to compute; all of the schedule's unless given.

    Returns:
        The known values, the wanted ones, and those that had to be computed on the way.

    Raises:
        Malformed: A known value is not as long as it is declared to be, or is no point; an exponent
            is zero; a shared point is the identity; a layout has no room for a value; or a value
            that is needed is not known.
        IllFormed: The schedule has operations of another version.
    """
    for value, known in octets.items():
        size = value.made.size
        if size is not None and len(known) != size:
            raise Malformed(field=value.title, reason=f"is not {size} bytes long")
    computed = Computed(dict(numbers), dict(octets))
    known_values = frozenset((*numbers, *octets))
    for value in _plan(schedule, known_values, wanted or schedule.values):
        _compute(value, *computed)
    return computed


@lru_cache(_PLANS)
def _plan(
    schedule: Schedule, known: frozenset[Value], wanted: tuple[Value, ...]
) -> tuple[Value, ...]:
    """List what has to be computed, each after what it is made from."""
    needed = set(wanted)
    steps: list[Value] = []
    for value in reversed(schedule.values):
        if value in needed and value not in known:
            steps.append(value)
            needed.update(source for source, _ in value.made.sources)
    return tuple(reversed(steps))


def _compute(value: Value, numbers: dict[Value, int], octets: dict[Value, bytes]) -> None:  # noqa: C901, PLR0912 - one case for each operation
    """Compute one value from those before it."""
    made = value.made
    match made:
        case Given():
            raise Malformed(field=value.title, reason="is not given")
        case Power():
            base, exponent = numbers[made.base], numbers[made.exponent]
            numbers[value] = power_secret(base, exponent, made.group.modulus)
        case Multiple():
            octets[value] = _multiple(made, numbers, octets)
        case Shake():
            pieces = (bytes((p,)) if isinstance(p, int) else octets[p] for p in made.pieces)
            octets[value] = shake256(b"".join((made.start, *pieces)), made.length)
        case Encoded():
            fields = {
                field.name: numbers[source] if source in numbers else octets[source]
                for field, source in made.fields
            }
            octets[value] = _codec(made).write(fields)
        case Octets():
            octets[value] = _fixed(numbers[made.number], made.length, made.number.title)
        case Part():
            octets[value] = octets[made.whole][made.start : made.start + made.length]
        case Integer():
            numbers[value] = Number.from_bytes(octets[made.whole], "big")
        case Pruned():
            number = int.from_bytes(octets[made.whole], "little")
            numbers[value] = number & (1 << made.top) - (1 << made.low) | 1 << made.top
        case Chosen():
            lower = numbers[made.left] < numbers[made.right]
            source = made.lower if lower else made.otherwise
            if source in numbers:
                numbers[value] = numbers[source]
            else:
                octets[value] = octets[source]
        case EndByte() | Hash():
            message = f"{value.name}: no schedule of OTRv4 computes so"
            raise IllFormed(message)


def _multiple(made: Multiple, numbers: Mapping[Value, int], octets: Mapping[Value, bytes]) -> bytes:
    """Multiply a point.

    Raises:
        Malformed: The octets are no point, or the result is the identity.
    """
    scalar = numbers[made.scalar]
    if made.base is None:
        return ed448.multiply_base(scalar).encode()
    return ed448.ecdh(scalar, ed448.decode(octets[made.base]))


def _fixed(number: int, size: int, title: str) -> bytes:
    """Write a number with leading zeros.

    Raises:
        Malformed: It is negative, or longer than that.
    """
    if number < 0 or number >> 8 * size:
        raise Malformed(field=title, reason=f"does not fit into {size} bytes")
    return number.to_bytes(size, "big")


@cache
def _codec(made: Encoded) -> Codec:
    """What writes a layout; one for each place in the model that names one."""
    return Codec(made.layout)
