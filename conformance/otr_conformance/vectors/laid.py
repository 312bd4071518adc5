"""What is inside an encoding, by the titles of its fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_model.kernel.layout import Kind
from otr_model.kernel.vocabulary import Point
from otr_reference.codec import Misread

from .kinds import Refused

if TYPE_CHECKING:
    from otr_reference.codec import Codec, Part

    from .kinds import Value

__all__ = ["laid_out"]

_SMALL: Final = 4
"""Numbers of this many octets or fewer are written as numbers."""


def laid_out(codec: Codec, data: bytes) -> dict[str, Value]:
    """Take octets apart that hold one layout and nothing else.

    Raises:
        Refused: at the first field that is not as it has to be.
    """
    found: dict[str, Value] = {}
    try:
        for part in codec.whole(data):
            found[part.field.title] = _value(part, data)
    except Misread as fault:
        raise Refused(Point.ENCODING, fault.field) from fault
    return found


def _value(part: Part, data: bytes) -> Value:
    """What a field holds: small numbers and times as numbers, else octets without a length."""
    kind = part.field.type.spec.kind
    if isinstance(part.value, bytes):
        return part.value
    size = part.end - part.start
    if kind is Kind.SIGNED_NUMBER or (size <= _SMALL and kind is not Kind.COUNTED_NUMBER):
        return int(part.value)
    return data[part.start + part.field.prefix : part.end]
