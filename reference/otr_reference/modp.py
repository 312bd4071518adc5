"""Which numbers are squares, and so which belong to the subgroup of a safe prime.

Like `arith`, it wraps gmpy2, which ships no types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gmpy2 import gmpy2  # the extension module itself: mypy cannot follow the package's `import *`

from otr_reference.errors import Malformed

if TYPE_CHECKING:
    from otr_model.groups import Group

__all__ = ["in_subgroup", "legendre"]


def legendre(number: int, prime: int) -> int:
    """Compute the Legendre symbol of a public number.

    Args:
        number: Any integer. The running time depends on it.
        prime: An odd prime. That it is prime is not checked.

    Returns:
        0 for a multiple of the prime, 1 for what is the square of another number modulo it, -1 for
        the rest.

    Raises:
        Malformed: `prime` is even or less than three (field "prime").
    """
    if prime < 3 or not prime & 1:  # noqa: PLR2004 - three is the least odd prime
        raise Malformed(field="prime", reason="is even or less than three")
    result: int = gmpy2.jacobi(number, prime)
    return result


def in_subgroup(number: int, group: Group) -> bool:
    """Tell whether a number is a power of the generator, other than 1.

    The generator's order is q = (p - 1)/2 for a safe prime p, and so its powers are the squares. By
    Euler's criterion x^q is the Legendre symbol of x, so that the symbol answers what the text has
    an exponentiation answer, hundreds of times as fast.

    Args:
        number: Any integer, taken to be public.
        group: A group whose modulus is a safe prime, and whose generator is a square.

    Returns:
        True when it is from 2 to p - 2, and of order q.
    """
    return 1 < number < group.modulus - 1 and legendre(number, group.modulus) == 1
