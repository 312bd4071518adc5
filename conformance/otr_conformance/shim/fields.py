"""Fields of lines: how one value stands on a line, and how it is here.

    on the line      here
    integer          int; bool where the field is 0 or 1
    text             str; a member of a vocabulary; a tuple of them where words are listed
    base64           bytes

Reading is total: it raises nothing but `ShimFault`. What is written is read first: a value that we
would not accept raises `ShimMisuse`.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from enum import unique
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from otr_conformance.shim.errors import FaultKind, ShimFault, ShimMisuse
from otr_conformance.words import Spoken

if TYPE_CHECKING:
    from otr_conformance.shim.vocabulary import Capability

__all__ = [
    "INTEGER_LEAST",
    "INTEGER_MOST",
    "NAME_PATTERN",
    "Field",
    "FieldType",
    "Scalar",
    "Value",
    "chosen_name",
    "integer",
    "octets",
    "read_word",
    "shown",
    "shown_name",
    "text",
    "truth",
    "unknown_word",
    "word_list",
]

INTEGER_LEAST: Final = -(2**63)
INTEGER_MOST: Final = 2**63 - 1

NAME_PATTERN: Final = "[A-Za-z0-9._@-]{1,64}"
"""What a name that the suite chooses looks like."""

_NAME: Final = re.compile(NAME_PATTERN)
_SHOWN: Final = 200

Scalar: TypeAlias = str | int
"""A value as it stands on the line."""

Value: TypeAlias = bytes | str | int | Spoken | tuple[Spoken, ...]
"""A value as it is here."""

_W = TypeVar("_W", bound=Spoken)


@unique
class FieldType(Spoken):
    """How a field stands on the line."""

    INTEGER = "integer", "an integer of 64 bits"
    TEXT = "text", "a string"
    BASE64 = "base64", "octets, in base64 with padding"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a line.

    Attributes:
        name: As it is written.
        kind: How it stands on the line.
        about: What it is.
        optional: Whether it may be absent.
        capability: What a shim must declare to be sent it.
        least: The smallest value of an integer.
        most: The largest value of an integer.
        truth: The integer is a truth value.
        lengths: The numbers of octets that a binary value may have; none: any number.
        words: The vocabulary that a text comes from.
        listed: The text is a list of words, separated by one space, and may be empty.
        name_like: The text is a name that the suite chooses.
    """

    name: str
    kind: FieldType
    about: str
    optional: bool = False
    capability: Capability | None = None
    least: int = INTEGER_LEAST
    most: int = INTEGER_MOST
    truth: bool = False
    lengths: tuple[int, ...] = ()
    words: type[Spoken] | None = None
    listed: bool = False
    name_like: bool = False

    def read(self, scalar: Scalar) -> Value:
        """Turn what stands on a line into a value.

        Raises:
            ShimFault: It has the wrong type, is out of range, not base64, or an unknown word.
        """
        match self.kind:
            case FieldType.INTEGER:
                return self._read_integer(scalar)
            case FieldType.TEXT:
                return self._read_text(scalar)
            case FieldType.BASE64:
                return self._read_octets(scalar)

    def write(self, value: object) -> Scalar:
        """Turn a value into what stands on a line.

        A list of words may be given as one text; a word of a vocabulary as text.

        Raises:
            ShimMisuse: `read` would not accept it.
        """
        scalar = self._scalar(value)
        try:
            self.read(scalar)
        except ShimFault as fault:
            raise ShimMisuse(fault.field, fault.reason) from fault
        return scalar

    def _scalar(self, value: object) -> Scalar:
        if self.kind is FieldType.BASE64:
            if isinstance(value, bytes | bytearray | memoryview):
                return b64encode(value).decode("ascii")
        elif self.kind is FieldType.INTEGER:
            if isinstance(value, int):
                return int(value)
        elif isinstance(value, Spoken):
            return value.word
        elif isinstance(value, str):
            return value
        elif self.listed and isinstance(value, Iterable):
            return " ".join(str(word) for word in value)
        raise ShimMisuse(self.name, f"cannot be written from {type(value).__name__}")

    def _read_integer(self, scalar: Scalar) -> Value:
        if not isinstance(scalar, int):
            raise self._fault(FaultKind.WRONG_TYPE, "is a string, but has to be an integer")
        if not self.least <= scalar <= self.most:
            reason = f"is {scalar}, but has to be from {self.least} to {self.most}"
            raise self._fault(FaultKind.OUT_OF_RANGE, reason)
        return bool(scalar) if self.truth else scalar

    def _read_text(self, scalar: Scalar) -> Value:
        if not isinstance(scalar, str):
            raise self._fault(FaultKind.WRONG_TYPE, "is an integer, but has to be a string")
        if self.name_like and not _NAME.fullmatch(scalar):
            reason = "is not 1 to 64 letters, digits, dots, underscores, at signs and hyphens"
            raise self._fault(FaultKind.OUT_OF_RANGE, reason)
        if self.words is None:
            return scalar
        if not self.listed:
            return read_word(self.name, self.words, scalar)
        words = scalar.split(" ") if scalar else []
        return tuple(read_word(self.name, self.words, word) for word in words)

    def _read_octets(self, scalar: Scalar) -> Value:
        if not isinstance(scalar, str):
            raise self._fault(FaultKind.WRONG_TYPE, "is an integer, but has to be base64")
        try:
            decoded = b64decode(scalar, validate=True)
        except ValueError:
            decoded = None
        # The decoder lets stray bits and surplus padding pass: what an encoder writes is unique.
        if decoded is None or b64encode(decoded).decode("ascii") != scalar:
            raise self._fault(FaultKind.NOT_BASE64, "is not base64 with padding")
        if self.lengths and len(decoded) not in self.lengths:
            allowed = " or ".join(map(str, self.lengths))
            reason = f"has {len(decoded)} bytes, but has to have {allowed}"
            raise self._fault(FaultKind.OUT_OF_RANGE, reason)
        return decoded

    def _fault(self, kind: FaultKind, reason: str) -> ShimFault:
        return ShimFault(kind, self.name, reason)


def integer(name: str, about: str, least: int = 0, most: int = INTEGER_MOST) -> Field:
    """Declare an integer."""
    return Field(name, FieldType.INTEGER, about, least=least, most=most)


def truth(name: str, about: str) -> Field:
    """Declare an integer that is 0 or 1."""
    return Field(name, FieldType.INTEGER, about, least=0, most=1, truth=True)


def text(name: str, about: str, words: type[Spoken] | None = None) -> Field:
    """Declare a text, or a word of a vocabulary."""
    return Field(name, FieldType.TEXT, about, words=words)


def word_list(name: str, about: str, words: type[Spoken]) -> Field:
    """Declare a list of words of a vocabulary."""
    return Field(name, FieldType.TEXT, about, words=words, listed=True)


def chosen_name(name: str, about: str) -> Field:
    """Declare a name that the suite chooses."""
    return Field(name, FieldType.TEXT, about, name_like=True)


def octets(name: str, about: str, *lengths: int) -> Field:
    """Declare a binary value, of one of some lengths or of any."""
    return Field(name, FieldType.BASE64, about, lengths=lengths)


def read_word(name: str, words: type[_W], scalar: Scalar) -> _W:
    """Look a word up in its vocabulary.

    Raises:
        ShimFault: It is not there; the field is `name`.
    """
    for member in words:
        if member.word == scalar:
            return member
    raise unknown_word(name, (member.word for member in words), scalar)


def unknown_word(name: str, known: Iterable[str], seen: Scalar) -> ShimFault:
    """The fault of a field whose word is not one of those that are known."""
    reason = f"has the unknown word {shown(str(seen))}; known are {', '.join(known)}"
    return ShimFault(FaultKind.UNKNOWN_WORD, name, reason)


def shown(text: str) -> str:
    """The beginning of a text, printable and in quotes."""
    return ascii(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")


def shown_name(name: str) -> str:
    """The beginning of a field's name, printable."""
    return shown(name)[1:-1]
