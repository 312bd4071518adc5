"""A suite that writes down every operation, with all that it takes and gives.

It is RealSuite, asked by the honest reference. Two things are its own: where RealSuite would hash a
seed to random octets, it takes octets that can be published; and it keeps what goes into scalars
and messages inside an operation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from otr_reference import dh3072, ed448
from otr_reference.derive import derived
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.suite import DhPair, EcdhPair, Suite

from .octets import SEED_OCTETS, label
from .operations import SILENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_reference.otrv4.messages import Content
    from otr_reference.sorts import Scalar, Seed

__all__ = ["INSIDE", "Call", "recording"]


@dataclass(frozen=True, slots=True)
class Call:
    """An operation that was performed, or what one did inside.

    Attributes:
        operation: its name in the suite.
        arguments: what it took.
        result: what it gave.
    """

    operation: str
    arguments: tuple[Any, ...]
    result: Any


DRAWN, RING_SCALAR, PROOF_SCALAR, CONTENT = "drawn", "ring_scalar", "proof_scalar", "content"
INSIDE: Final = frozenset({DRAWN, RING_SCALAR, PROOF_SCALAR, CONTENT})


class _OpenSuite(RealSuite):
    """RealSuite, which keeps what its operations do not give away: random octets, and contents."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def fresh_ecdh(self, seed: Seed, draw: int) -> EcdhPair:
        """As RealSuite, of octets that are kept."""
        pair = ed448.keypair(self._random(seed, draw, SEED_OCTETS))
        return EcdhPair(self.scalar(pair.secret), self.point(pair.public.encode()))

    def fresh_dh(self, seed: Seed, draw: int) -> DhPair:
        """As RealSuite, of octets that are kept."""
        secret = dh3072.exponent(self._random(seed, draw, dh3072.EXPONENT_OCTETS))
        return DhPair(self.exponent(secret), self.element(dh3072.public_key(secret)))

    def fresh_scalar(self, seed: Seed, draw: int) -> Scalar:
        """As RealSuite, of octets that are kept."""
        return self.scalar(ed448.hash_and_prune(self._random(seed, draw, SEED_OCTETS)))

    def fresh_identifier(self, seed: Seed, draw: int) -> int:
        """As RealSuite, of octets that are kept."""
        return int.from_bytes(self._random(seed, draw, 4), "big")

    def ring_scalar(self, value: bytes) -> int:
        """As RealSuite."""
        return self._kept(RING_SCALAR, value, super().ring_scalar(value))

    def proof_scalar(self, value: bytes) -> int:
        """As RealSuite."""
        return self._kept(PROOF_SCALAR, value, super().proof_scalar(value))

    def content_octets(self, content: Content) -> bytes:
        """As RealSuite."""
        octets = super().content_octets(content)
        self.calls.append(Call(CONTENT, (), octets))
        return octets

    def content_of(self, octets: bytes) -> Content:
        """As RealSuite."""
        self.calls.append(Call(CONTENT, (), octets))
        return super().content_of(octets)

    def _random(self, seed: Seed, draw: int, octets: int) -> bytes:
        """What stands for random octets."""
        drawn = label(f"draw {draw} of {self.to_bytes(seed).decode()}", octets)
        self.calls.append(Call(DRAWN, (), drawn))
        return drawn

    def _kept(self, what: str, value: bytes, scalar: int) -> int:
        self.calls.append(Call(what, (value,), scalar))
        return scalar


def recording() -> tuple[RealSuite, list[Call]]:
    """A suite that writes down every operation, and where it does."""
    base = _OpenSuite()
    names = sorted(Suite.__abstractmethods__ - SILENT)
    return derived(base, **{name: _written(name, base.calls) for name in names}), base.calls


def _written(name: str, calls: list[Call]) -> Callable[..., object]:
    """An operation that is written down."""

    def operation(base: RealSuite, *arguments: object) -> object:
        result: object = getattr(base, name)(*arguments)
        calls.append(Call(name, arguments, result))
        return result

    return operation
