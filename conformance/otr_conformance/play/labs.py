"""Labs: a suite, and the keys and texts that it takes, by name.

A case is written once, for names ("alice", "hello"); a lab says what they are over its suite. That
is how every case runs over real cryptography and over symbolic terms alike.

A protocol has a lab of its own, which says what keys its participants have, and two kinds of it:

    class Lab(play.Lab): ...
    class RealLab(ByteLab, Lab): ...
    class TermLab(SymbolLab, Lab): ...
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otr_model.kernel.variant import Variant
    from otr_reference.sorts import Key, Octets, Passphrase, PublicKey, Seed, Wire

__all__ = [
    "ByteLab",
    "ByteSuite",
    "Lab",
    "NamedSuite",
    "NoDialects",
    "NotBytes",
    "Suite",
    "SymbolLab",
]


class NotBytes(OtrSpecError):
    """Terms were to be sent to another process."""


class NoDialects(OtrSpecError):
    """A dialect was asked for, of a protocol that has none."""


class Suite(Protocol):
    """What a lab asks of every suite."""

    def literal(self, text: str) -> Octets:
        """A text."""


class NamedSuite(Suite, Protocol):
    """What a lab asks of a suite that makes its own values of what is known in full."""

    def seed(self, octets: bytes) -> Seed:
        """What randomness comes from."""

    def passphrase(self, octets: bytes) -> Passphrase:
        """What the user types as the secret of SMP."""

    def wire(self, octets: bytes) -> Wire:
        """A message as the network carries it."""

    def to_bytes(self, value: Octets) -> bytes:
        """The bytes of a value, or how it is written where it has none."""


class ByteSuite(NamedSuite, Protocol):
    """What a lab asks of a suite whose values are bytes."""

    def to_bytes(self, value: Octets | Wire | PublicKey | Key | Passphrase) -> bytes:
        """The bytes of a value."""


class Lab(ABC):
    """What a stage needs of a suite.

    Attributes:
        suite: the suite.
    """

    suite: Suite

    def text(self, text: str) -> Octets:
        """A text."""
        return self.suite.literal(text)

    @abstractmethod
    def seed(self, name: str) -> Seed:
        """What a participant's randomness comes from: the name, so that a play can be repeated."""

    @abstractmethod
    def passphrase(self, text: str) -> Passphrase:
        """What a user types as the secret of SMP."""

    @abstractmethod
    def wire(self, text: str) -> Wire:
        """Something that arrives as it is."""

    @abstractmethod
    def readable(self, text: Octets) -> str:
        """A text, to compare and to show."""

    @abstractmethod
    def token(self, value: PublicKey | Octets | Key) -> str:
        """A value in a form that is equal exactly for equal values, in one word."""

    @abstractmethod
    def shown(self, wire: Wire) -> str:
        """What arrived, as a user sees it who is shown it as it is."""

    @abstractmethod
    def from_network(self, wire: Wire) -> bytes:
        """What another process is sent. Only where values are bytes."""

    @abstractmethod
    def to_network(self, wire: bytes) -> Wire:
        """What another process sent. Only where values are bytes."""


class _NamedLab(Lab):
    """What the two kinds of labs have in common."""

    suite: NamedSuite

    def seed(self, name: str) -> Seed:
        """The name's bytes: cases are reproducible, and protect nobody."""
        return self.suite.seed(name.encode())

    def passphrase(self, text: str) -> Passphrase:
        """UTF-8."""
        return self.suite.passphrase(text.encode())

    def wire(self, text: str) -> Wire:
        """UTF-8."""
        return self.suite.wire(text.encode())

    def readable(self, text: Octets) -> str:
        """UTF-8; what is not, as backslash escapes; a term that is no text, as it is written."""
        return self.suite.to_bytes(text).decode("utf-8", "backslashreplace")

    def to_network(self, wire: bytes) -> Wire:
        """The bytes, or a wire whose bytes are known."""
        return self.suite.wire(wire)


class ByteLab(_NamedLab):
    """Real cryptography.

    Attributes:
        draw: which random values come from a participant's name; the same number, the same ones.
    """

    suite: ByteSuite
    draw: int = 0

    def seed(self, name: str) -> Seed:
        """The name's bytes, and which draw it is where it is not the first."""
        return super().seed(f"{name} {self.draw}" if self.draw else name)

    def speak(self, dialects: Iterable[Variant]) -> None:
        """Speak dialects from now on; a protocol with such does it.

        Raises:
            NoDialects: if there are any, and the protocol has none.
        """
        for dialect in dialects:
            raise NoDialects(dialect.name)

    def token(self, value: PublicKey | Octets | Key) -> str:
        """Hexadecimal."""
        return self.suite.to_bytes(value).hex()

    def typed(self, secret: Passphrase) -> bytes:
        """What the target's user types."""
        return self.suite.to_bytes(secret)

    def shown(self, wire: Wire) -> str:
        """UTF-8; what is not, as backslash escapes."""
        return self.suite.to_bytes(wire).decode("utf-8", "backslashreplace")

    def from_network(self, wire: Wire) -> bytes:
        """The bytes."""
        return self.suite.to_bytes(wire)


class SymbolLab(_NamedLab):
    """Symbolic terms: no bytes, the same decisions."""

    def token(self, value: PublicKey | Octets | Key) -> str:
        """The term, printed, in one word."""
        return repr(value).replace(" ", "")

    def shown(self, wire: Wire) -> str:
        """The term, printed."""
        return repr(wire)

    def from_network(self, wire: Wire) -> bytes:
        """Terms do not leave the process.

        Raises:
            NotBytes: always.
        """
        raise NotBytes(repr(wire))
