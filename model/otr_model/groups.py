"""The groups in which Diffie-Hellman keys live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["MODP_1536", "Group"]


@dataclass(frozen=True, slots=True)
class Group:
    """The powers of a generator modulo a safe prime.

    Attributes:
        name: what it is called.
        source: where it is defined.
        modulus: the prime p.
        generator: g, whose order is `order`.
    """

    name: str
    source: str
    modulus: int
    generator: int

    @property
    def order(self) -> int:
        """The prime q = (p - 1) / 2."""
        return (self.modulus - 1) // 2

    @property
    def size(self) -> int:
        """The size of the largest element, in bytes."""
        return (self.modulus.bit_length() + 7) // 8


MODP_1536: Final = Group(
    name="1536-bit MODP group",
    source="RFC 3526, section 2 (group 5)",
    modulus=int(
        "FFFFFFFF FFFFFFFF C90FDAA2 2168C234 C4C6628B 80DC1CD1"
        "29024E08 8A67CC74 020BBEA6 3B139B22 514A0879 8E3404DD"
        "EF9519B3 CD3A431B 302B0A6D F25F1437 4FE1356D 6D51C245"
        "E485B576 625E7EC6 F44C42E9 A637ED6B 0BFF5CB6 F406B7ED"
        "EE386BFB 5A899FA5 AE9F2411 7C4B1FE6 49286651 ECE45B3D"
        "C2007CB8 A163BF05 98DA4836 1C55D39A 69163FA8 FD24CF5F"
        "83655D23 DCA3AD96 1C62F356 208552BB 9ED52907 7096966D"
        "670C354E 4ABC9804 F1746C08 CA237327 FFFFFFFF FFFFFFFF".replace(" ", ""),
        16,
    ),
    generator=2,
)
"""The group of every Diffie-Hellman exponentiation in versions 2 and 3."""
