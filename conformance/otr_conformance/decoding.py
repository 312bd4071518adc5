"""What it takes to show messages of a protocol field by field."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

__all__ = ["Decoder", "Dissection", "Fault", "Piece", "Row"]


class Row(Protocol):
    """A field, or whatever else stands between fields."""

    @property
    def id(self) -> str:
        """The public id of the field or piece; "" for what has none."""

    @property
    def title(self) -> str:
        """What the specification calls it."""

    @property
    def type(self) -> str:
        """Its data type or form."""

    @property
    def offset(self) -> int:
        """Where it starts, in the text, or in the binary form if it is inside that."""

    @property
    def length(self) -> int:
        """How many bytes it has, its length in front included."""

    @property
    def raw(self) -> str:
        """The bytes, in hexadecimal digits."""

    @property
    def meaning(self) -> str:
        """What it says, in words."""

    @property
    def inside(self) -> Sequence[Row]:
        """The rows of what is encoded in it."""


class Fault(Protocol):
    """Why a text is malformed."""

    @property
    def field(self) -> str:
        """The field at fault."""

    @property
    def reason(self) -> str:
        """What is wrong with it."""

    @property
    def offset(self) -> int:
        """Where it starts."""

    @property
    def binary(self) -> bool:
        """Whether that is an offset of the binary form, and not of the text."""


class Dissection(Protocol):
    """A text, taken apart."""

    @property
    def id(self) -> str:
        """The public id of the layout or format; "" for a plaintext."""

    @property
    def title(self) -> str:
        """What the specification calls such a message."""

    @property
    def rows(self) -> Sequence[Row]:
        """All of the text, in order."""

    @property
    def fault(self) -> Fault | None:
        """Why it is malformed; None if it is not."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A fragment.

    Attributes:
        of: equal for the fragments of one message, as far as they tell.
        k: its number, from 1.
        n: how many there are.
    """

    of: Hashable
    k: int
    n: int


class Decoder(ABC):
    """Takes messages of a protocol apart.

    Attributes:
        marker: how every message begins that is not a plaintext.
    """

    marker: bytes

    @abstractmethod
    def claims(self, text: bytes) -> bool:
        """Whether a text says that it is of this protocol, and of none that was there before it."""

    @abstractmethod
    def is_in(self, text: bytes) -> bool:
        """Whether there is something of the protocol in a text, which is no file's name then."""

    @abstractmethod
    def piece(self, text: bytes) -> Piece | None:
        """What a fragment says of itself; None for what is no fragment."""

    @abstractmethod
    def joined(self, texts: Sequence[bytes]) -> bytes:
        """The message that fragments make, in their order."""

    @abstractmethod
    def dissect(self, text: bytes) -> Dissection:
        """Take a text apart. Total."""
