"""Sorts: the opaque values that pass between the reference and a suite.

The reference never looks inside one. It keeps them, hands them back, and compares them only
through the suite. None of these classes is ever instantiated: a suite decides what its values are
(bytes and integers in RealSuite, terms in TermSuite) and *casts* them to these types; a cast
anywhere else is a defect. Secret and public values are different types, so that mypy refuses to
send a secret.
"""

from __future__ import annotations

from typing import NoReturn


class Sort:
    """Base of the sorts."""

    __slots__ = ()

    def __init__(self) -> NoReturn:
        message = "a sort is a type for mypy; its values belong to a suite"
        raise TypeError(message)


class Public(Sort):
    """A value that an observer of the network may see."""

    __slots__ = ()


class Secret(Sort):
    """A value that must not leave the endpoint."""

    __slots__ = ()


class Octets(Public):
    """A string of bytes: a ciphertext, a hash, a text, the body of a message."""

    __slots__ = ()


class Element(Public):
    """A value of the Diffie-Hellman group, not necessarily a valid one."""

    __slots__ = ()


class Point(Public):
    """A point of an elliptic curve as it was encoded, not necessarily a valid one."""

    __slots__ = ()


class Mac(Public):
    """A message authentication code."""

    __slots__ = ()


class Signature(Public):
    """A signature."""

    __slots__ = ()


class EddsaSignature(Public):
    """A signature with an Ed448 key."""

    __slots__ = ()


class RingSignature(Public):
    """A signature of knowledge of one of three private keys, which does not tell which."""

    __slots__ = ()


class PublicKey(Public):
    """A long-term authentication key's public part."""

    __slots__ = ()


class Challenge(Public):
    """A hash that a zero-knowledge proof answers to (c2, c3, cP, cR)."""

    __slots__ = ()


class Response(Public):
    """The answer of a zero-knowledge proof (D2, D3, D5, D6, D7), an exponent made public."""

    __slots__ = ()


class Wire(Public):
    """One message as the network carries it."""

    __slots__ = ()


class SigningKey(Secret):
    """A long-term authentication key's private part."""

    __slots__ = ()


class Scalar(Secret):
    """A secret exponent."""

    __slots__ = ()


class Exponent(Secret):
    """A secret exponent of a Diffie-Hellman group, where scalars are those of a curve."""

    __slots__ = ()


class Key(Secret):
    """A symmetric key: for a cipher, for a MAC, or the extra symmetric key."""

    __slots__ = ()


class Seed(Secret):
    """What all of an endpoint's randomness comes from, together with the number of the draw."""

    __slots__ = ()


class Passphrase(Secret):
    """What the user typed as the secret of SMP."""

    __slots__ = ()
