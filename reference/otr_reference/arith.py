"""Arithmetic on large integers: with `modp`, all that touches gmpy2, which ships no types.

A `Number` is an `int` to the type checker and a `gmpy2.mpz` when it runs. It adds, compares,
hashes, shifts and turns into octets (`to_bytes`) as an `int` does, and mixes with one; only
`isinstance(n, int)` is false, so `int(n)` is owed where a value leaves for code that asks.
Hot code writes `Number(n)` once for what it keeps and stays there: each function below accepts
an `int` too, at the price of converting it on every call.

What no module in Python can promise: integers are copied and never wiped, and only
`power_secret` hides its exponent from a clock. Addition, reduction and `invert` do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from gmpy2 import gmpy2  # the extension module itself: mypy cannot follow the package's `import *`

from otr_reference.errors import Malformed, OtrSpecError

if TYPE_CHECKING:
    Number: TypeAlias = int
else:
    Number = gmpy2.mpz

__all__ = ["NoInverse", "Number", "invert", "is_prime", "power", "power_secret"]


class NoInverse(OtrSpecError):
    """A number has no inverse modulo another, because they share a factor."""


def power(base: int, exponent: int, modulus: int) -> Number:
    """Raise a number to a public exponent modulo another.

    Args:
        base: Any integer.
        exponent: Zero or more. The running time depends on its bits.
        modulus: One or more, odd or even.

    Returns:
        The power, from 0 to modulus - 1.

    Raises:
        Malformed: `exponent` is negative, or `modulus` is less than one.
    """
    if exponent < 0:
        raise Malformed(field="exponent", reason="is negative")
    if modulus < 1:
        raise Malformed(field="modulus", reason="is less than one")
    result: Number = gmpy2.powmod(base, exponent, modulus)
    return result


def power_secret(base: int, exponent: int, modulus: int) -> Number:
    """Raise a number to a secret exponent modulo an odd number.

    GMP does the same operations whatever the bits of the exponent are. Their count still depends
    on the exponent's size in 64-bit words, and the conversion of an `int` is not constant in time.

    Args:
        base: Any integer.
        exponent: One or more.
        modulus: Odd, one or more.

    Returns:
        The power, from 0 to modulus - 1.

    Raises:
        Malformed: `exponent` is less than one, or `modulus` is even or less than one.
    """
    if exponent < 1:
        raise Malformed(field="exponent", reason="is less than one")
    if modulus < 1 or not modulus & 1:
        raise Malformed(field="modulus", reason="is even or less than one")
    result: Number = gmpy2.powmod_sec(base, exponent, modulus)
    return result


def is_prime(number: int) -> bool:
    """Tell whether a number is prime.

    Args:
        number: Any integer. The running time depends on it, and grows with the cube of its size.

    Returns:
        True for every prime. GMP runs the Baillie-PSW test and a Miller-Rabin round on top, and no
        composite is known that passes the first alone.
    """
    result: bool = number > 1 and gmpy2.is_prime(number)
    return result


def invert(number: int, modulus: int) -> Number:
    """Find the number whose product with this one is 1 modulo another.

    Args:
        number: Any integer. The running time depends on it.
        modulus: Two or more.

    Returns:
        The inverse, from 1 to modulus - 1.

    Raises:
        Malformed: `modulus` is less than two.
        NoInverse: The two share a factor, as zero does with every modulus.
    """
    if modulus < 2:  # noqa: PLR2004 - two is the least modulus with a residue other than zero
        raise Malformed(field="modulus", reason="is less than two")
    try:
        result: Number = gmpy2.invert(number, modulus)
    except ZeroDivisionError:
        message = "the number shares a factor with the modulus"
        raise NoInverse(message) from None
    return result
