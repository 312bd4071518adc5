"""The curve and the group of OTRv4.

Sections "Elliptic Curve Parameters" and "3072-bit Diffie-Hellman Parameters".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from otr_model.groups import Group

__all__ = ["DH_EXPONENT_SIZE", "ED448", "MODP_3072", "Curve"]


@dataclass(frozen=True, slots=True)
class Curve:
    """An untwisted Edwards curve, x^2 + y^2 = 1 + d x^2 y^2, whose d is not a square.

    Attributes:
        name: what it is called.
        source: where it is defined.
        prime: p, the size of the field.
        d: the curve's constant, from 0 to p - 1.
        order: q, the prime order of the base point.
        cofactor: how many times q the curve has points.
        base: x and y of the base point G.
    """

    name: str
    source: str
    prime: int
    d: int
    order: int
    cofactor: int
    base: tuple[int, int]

    @property
    def size(self) -> int:
        """The size of an encoded point or scalar, in bytes: a coordinate and one bit more."""
        return self.prime.bit_length() // 8 + 1


_P: Final = 2**448 - 2**224 - 1

ED448: Final = Curve(
    name="Ed448-Goldilocks",
    source="RFC 8032, section 5.2",
    prime=_P,
    d=_P - 39081,
    order=2**446 - 13818066809895115352007386748515426880336692474882178609894547503885,
    cofactor=4,
    base=(
        int(
            "22458004029592430018760433409989603624678964163256413424612546168695"
            "0415467406032909029192869357953282578032075146446173674602635247710"
        ),
        int(
            "29881921007848149267601793044393067343754404015408024209592824137233"
            "1506189835876003536878655418784733982303233503462500531545062832660"
        ),
    ),
)
"""The curve of every key of OTRv4 but the D-H keys of the brace key."""

MODP_3072: Final = Group(
    name="3072-bit MODP group",
    source="RFC 3526, section 4 (group 15)",
    modulus=int(
        "FFFFFFFF FFFFFFFF C90FDAA2 2168C234 C4C6628B 80DC1CD1"
        "29024E08 8A67CC74 020BBEA6 3B139B22 514A0879 8E3404DD"
        "EF9519B3 CD3A431B 302B0A6D F25F1437 4FE1356D 6D51C245"
        "E485B576 625E7EC6 F44C42E9 A637ED6B 0BFF5CB6 F406B7ED"
        "EE386BFB 5A899FA5 AE9F2411 7C4B1FE6 49286651 ECE45B3D"
        "C2007CB8 A163BF05 98DA4836 1C55D39A 69163FA8 FD24CF5F"
        "83655D23 DCA3AD96 1C62F356 208552BB 9ED52907 7096966D"
        "670C354E 4ABC9804 F1746C08 CA18217C 32905E46 2E36CE3B"
        "E39E772C 180E8603 9B2783A2 EC07A28F B5C55DF0 6F4C52C9"
        "DE2BCBF6 95581718 3995497C EA956AE5 15D22618 98FA0510"
        "15728E5A 8AAAC42D AD33170D 04507A33 A85521AB DF1CBA64"
        "ECFB8504 58DBEF0A 8AEA7157 5D060C7D B3970F85 A6E1E4C7"
        "ABF5AE8C DB0933D7 1E8C94E0 4A25619D CEE3D226 1AD2EE6B"
        "F12FFA06 D98A0864 D8760273 3EC86A64 521F2B18 177B200C"
        "BBE11757 7A615D6C 770988C0 BAD946E2 08E24FA0 74E5AB31"
        "43DB5BFC E0FD108E 4B82D120 A93AD2CA FFFFFFFF FFFFFFFF".replace(" ", ""),
        16,
    ),
    generator=2,
)
"""The group of the D-H keys that make the brace key: dh_p, g3, and dh_q as its order."""

DH_EXPONENT_SIZE: Final = 80
"""Size of a D-H private key, in bytes."""
