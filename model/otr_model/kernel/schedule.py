"""Key schedules: which values are computed from which, and how.

A `Schedule` lists values in an order in which they can be computed: each after what it is made
from. It is the list that the reference walks, and the graph that diagrams and the tables of the
handbook are printed from. What is concatenated with lengths is an `Encoded` layout, so that no
field is described twice.

A value is a number or octets; a point of a curve is the octets that it is encoded as. Sizes are in
bytes everywhere. Where values are hashed one after the other under one name (`Shake`), all of them
but the last have a fixed size, so that no two lists of values are ever hashed alike.

A chain goes on: a result takes the place of a value that came from outside, when the schedule is
computed the next time (`Schedule.replaces`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import unique
from typing import TYPE_CHECKING, Protocol

from .table import IllFormed
from .words import Word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otr_model.groups import Group

    from .ambiguity import Ambiguity
    from .layout import Document, Field, Layout

__all__ = [
    "Chosen",
    "Curve",
    "Digest",
    "Encoded",
    "EndByte",
    "Given",
    "Hash",
    "Integer",
    "Making",
    "Multiple",
    "Octets",
    "Operation",
    "Part",
    "Power",
    "Pruned",
    "Schedule",
    "Shake",
    "Usage",
    "Value",
    "explained",
]


@unique
class Digest(Word):
    """A hash function."""

    SHA1 = "SHA-1"
    SHA256 = "SHA-256"

    @property
    def size(self) -> int:
        """Of its output."""
        match self:
            case Digest.SHA1:
                return 20
            case Digest.SHA256:
                return 32


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """One value, a node of the graph. Two are equal only if they are the same one.

    Attributes:
        name: as it stands in its id.
        title: the specification's name or symbol.
        about: what it is, or what it is for.
        made: how it comes about.
        ambiguity: what of it the text leaves open, and how it is read here.
    """

    name: str
    title: str
    about: str
    made: Operation
    ambiguity: Ambiguity | None = None


class Making(ABC):
    """Base of the operations: how a value comes about."""

    __slots__ = ()

    @property
    @abstractmethod
    def sources(self) -> tuple[tuple[Value, str], ...]:
        """The values that it takes, in order, each with what an arrow from it should say."""

    @property
    @abstractmethod
    def text(self) -> str:
        """The operation in a few words or symbols; "" where nothing is computed."""

    @property
    def size(self) -> int | None:
        """Of the result; None for a number, and where it varies."""
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Given(Making):
    """It comes from outside.

    Attributes:
        length: of octets that always have the same size; None: a number, or the size varies.
    """

    length: int | None = None

    @property
    def sources(self) -> tuple[tuple[Value, str], ...]:
        """None."""
        return ()

    @property
    def text(self) -> str:
        """Empty."""
        return ""

    @property
    def size(self) -> int | None:
        """As declared."""
        return self.length


@dataclass(frozen=True, slots=True, eq=False)
class Power(Making):
    """A number: base to the power of a secret exponent, in a group."""

    group: Group
    base: Value
    exponent: Value

    @property
    def sources(self) -> tuple[tuple[Value, str], ...]:
        """Base and exponent."""
        return ((self.base, "base"), (self.exponent, "exponent"))

    @property
    def text(self) -> str:
        """In words."""
        return f"{self.base.title} to the power of {self.exponent.title}"


@dataclass(frozen=True, slots=True, eq=False)
class Encoded(Making):
    """Octets: values laid out, one for each field that may hold more than one number.

    Attributes:
        layout: the layout.
        values: what its fields hold.
        function: what to call it; "": as the layout is called.
    """

    layout: Layout
    values: tuple[Value, ...]
    function: str = ""

    @property
    def fields(self) -> tuple[tuple[Field, Value], ...]:
        """The fields that hold a value, and which.

        Raises:
            IllFormed: if there are more values than such fields, or fewer.
        """
        fields = [field for field in self.layout.fields if field.value is None]
        if len(fields) != len(self.values):
            message = f"{self.layout.id}: has {len(fields)} fields to fill, not {len(self.values)}"
            raise IllFormed(message)
        return tuple(zip(fields, self.values, strict=True))

    @property
    def sources(self) -> tuple[tuple[Value, str], ...]:
        """The values, by the fields that they fill."""
        return tuple((value, f"{field.type.name} {field.title}") for field, value in self.fields)

    @property
    def text(self) -> str:
        """As a function."""
        function = self.function or self.layout.title
        return f"{function}({', '.join(value.title for value in self.values)})"

    @property
    def size(self) -> int | None:
        """The layout's."""
        return self.layout.exact()


@dataclass(frozen=True, slots=True, eq=False)
class EndByte(Making):
    """One byte, by whether we are the "high" end: whether our number is greater than theirs."""

    ours: Value
    theirs: Value
    high: int
    low: int

    @property
    def sources(self) -> tuple[tuple[Value, str], ...]:
        """The two numbers that are compared."""
        return ((self.ours, "compared"), (self.theirs, "compared"))

    @property
    def text(self) -> str:
        """Both cases."""
        condition = f"{self.ours.title} > {self.theirs.title}"
        return f"{_byte(self.high)} if {condition}, otherwise {_byte(self.low)}"

    @property
    def size(self) -> int:
        """One."""
        return 1


@dataclass(frozen=True, slots=True, eq=False)
class Hash(Making):
    """Octets: the hash of the pieces, one after the other; a number stands for that byte."""

    digest: Digest
    pieces: tuple[int | Value, ...]

    @property
    def sources(self) -> tuple[tuple[Value, str], ...]:
        """The pieces that are not constants."""
        says = f"{self.digest.value} of {', '.join(self._titles)}"
        return tuple((piece, says) for piece in self.pieces if isinstance(piece, Value))

    @property
    def text(self) -> str:
        """As a function."""
        return f"{self.digest.value}({', '.join(self._titles)})"

    @property
    def size(self) -> int:
        """The digest's."""
        return self.digest.size

    @property
    def _titles(self) -> tuple[str, ...]:
        return tuple(_byte(p) if isinstance(p, int) else p.title for p in self.pieces)


@dataclass(frozen=True, slots=True, eq=False)
class Part(Making):
    """Octets: a stretch of others."""

    whole: Value
    start: int
    length: int

    @property
    def sources(self) -> tuple[tuple[Value, str], ...]:
        """The whole."""
        return ((self.whole, self._stretch),)

    @property
    def text(self) -> str:
        """In words."""
        return f"{self._stretch} of {self.whole.title}"

    @property
    def size(self) -> int:
        """As declared."""
        return self.length

    @property
    def _stretch(self) -> str:
        if self.start == 0:
            return f"first {8 * self.length} bits"
        return f"bits {8 * self.start} to {8 * (self.start + self.length) - 1}"


@dataclass(frozen=True, slots=True, eq=False)
class Integer(Making):
    """A number: octets, most significant first."""

    whole: Value

    @property
    def sources(self) -> tuple[tuple[Value, str], ...]:
        """The octets."""
        return ((self.whole, "as a number"),)

    @property
    def text(self) -> str:
        """In words."""
        return f"{self.whole.title} as a big-endian number"


@dataclass(frozen=True, slots=True, eq=False)
class Octets(Making):
    """Octets: a number, most significant byte first, with leading zeros up to a fixed size."""

    number: Value
    length: int

    @property
    def sources(self) -> tuple[tuple[Value, str], ...]:
        """The number."""
        return ((self.number, f"as {self.length} bytes"),)

    @property
    def text(self) -> str:
        """In words."""
        return f"{self.number.title} as {self.length} bytes, big-endian"

    @property
    def size(self) -> int:
        """As declared."""
        return self.length


@dataclass(frozen=True, slots=True, eq=False)
class Pruned(Making):
    """A number: octets, least significant first, of which some bits are set or cleared.

    Attributes:
        whole: the octets.
        low: the number of lowest bits that are cleared.
        top: the bit that is set, counted from 0; all above it are cleared.
    """

    whole: Value
    low: int
    top: int

    @property
    def sources(self) -> tuple[tuple[Value, str], ...]:
        """The octets."""
        return ((self.whole, "pruned"),)

    @property
    def text(self) -> str:
        """In words."""
        return f"{self.whole.title}, pruned, as a little-endian number"


class Curve(Protocol):
    """What is needed of an elliptic curve here."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def size(self) -> int:
        """Of an encoded point."""


@dataclass(frozen=True, slots=True, eq=False)
class Multiple(Making):
    """Octets: an encoded point, multiplied by a secret scalar.

    Attributes:
        curve: the curve.
        scalar: a number.
        base: an encoded point; None: the base point G. If it is another one, a result that is the
            identity is refused.
    """

    curve: Curve
    scalar: Value
    base: Value | None = None

    @property
    def sources(self) -> tuple[tuple[Value, str], ...]:
        """Point and scalar."""
        scalar = (self.scalar, "scalar")
        return (scalar,) if self.base is None else ((self.base, "point"), scalar)

    @property
    def text(self) -> str:
        """As a product."""
        return f"{'G' if self.base is None else self.base.title} * {self.scalar.title}"

    @property
    def size(self) -> int:
        """Of a point."""
        return self.curve.size


@dataclass(frozen=True, slots=True)
class Usage:
    """A byte that keeps the uses of a hash function apart.

    Attributes:
        title: the specification's name.
        byte: the byte.
    """

    title: str
    byte: int


@dataclass(frozen=True, slots=True, eq=False)
class Shake(Making):
    """Octets: the first of SHAKE-256 over a prefix, a usage, and pieces, one after the other.

    Attributes:
        pieces: values that are octets; a number stands for that byte.
        length: how many octets are taken.
        function: under which name the specification calls it.
        prefix: what every input of the function begins with.
        usage: what follows the prefix; None: the pieces do.
    """

    pieces: tuple[int | Value, ...]
    length: int
    function: str = "SHAKE-256"
    prefix: bytes = b""
    usage: Usage | None = None

    @property
    def start(self) -> bytes:
        """What is hashed before the pieces."""
        return self.prefix + (b"" if self.usage is None else bytes((self.usage.byte,)))

    @property
    def open_piece(self) -> Value | None:
        """A piece whose size varies though another one follows it; None if there is none."""
        return next(
            (p for p in self.pieces[:-1] if not isinstance(p, int) and p.made.size is None), None
        )

    @property
    def sources(self) -> tuple[tuple[Value, str], ...]:
        """The pieces that are not constants."""
        return tuple((p, self.text) for p in self.pieces if not isinstance(p, int))

    @property
    def text(self) -> str:
        """As the function of the specification."""
        usage = [] if self.usage is None else [f"{self.usage.title} = {_byte(self.usage.byte)}"]
        pieces = [_byte(p) if isinstance(p, int) else p.title for p in self.pieces]
        return f"{self.function}({' || '.join([*usage, *pieces])}, {self.length})"

    @property
    def size(self) -> int:
        """As declared."""
        return self.length


@dataclass(frozen=True, slots=True, eq=False)
class Chosen(Making):
    """One of two values, by which of two numbers is lower.

    Attributes:
        left: the one number.
        right: the other.
        lower: what it is if the left number is lower than the right one.
        otherwise: what it is if not.
    """

    left: Value
    right: Value
    lower: Value
    otherwise: Value

    @property
    def sources(self) -> tuple[tuple[Value, str], ...]:
        """The two numbers that are compared, and the two values; each once."""
        says = {self.left: "compared", self.right: "compared"}
        for value in (self.lower, self.otherwise):
            says.setdefault(value, "chosen")
        return tuple(says.items())

    @property
    def text(self) -> str:
        """Both cases."""
        condition = f"{self.left.title} < {self.right.title}"
        return f"{self.lower.title} if {condition}, otherwise {self.otherwise.title}"

    @property
    def size(self) -> int | None:
        """Of both values, if it is the same."""
        size = self.lower.made.size
        return size if size == self.otherwise.made.size else None


Operation = (
    Given
    | Power
    | Encoded
    | EndByte
    | Hash
    | Part
    | Integer
    | Octets
    | Pruned
    | Multiple
    | Shake
    | Chosen
)
"""All of them, so that a type checker can tell whether a reader handles each."""


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """A key schedule.

    Attributes:
        protocol: whose it is, as in "otrv3".
        name: as it stands in its id.
        title: what it computes.
        sections: the sections of the specification that it comes from.
        about: when it is computed.
        values: everything in it, each after what it is made from.
        results: those of the values that are kept.
        replaces: results, each with the given value whose place it takes when the schedule is
            computed the next time.

    Raises:
        IllFormed: when it is declared: two values share a name; a value stands in front of what it
            is made from; a result is not one of the values; a layout has other fields; of what is
            hashed one after the other, something varies in size and is not the last; what replaces
            another value is no result, or that is not given, or is replaced twice, or has another
            size.
    """

    protocol: str
    name: str
    title: str
    sections: tuple[str, ...]
    about: str
    values: tuple[Value, ...]
    results: tuple[Value, ...]
    replaces: tuple[tuple[Value, Value], ...] = ()

    def __post_init__(self) -> None:
        before: dict[str, Value] = {}
        for value in self.values:
            if value.name in before:
                message = f"{self.value_id(value)}: two values share the name"
                raise IllFormed(message)
            for source, _ in value.made.sources:
                if before.get(source.name) is not source:
                    message = f"{self.value_id(value)}: {source.name} does not stand in front of it"
                    raise IllFormed(message)
            varies = value.made.open_piece if isinstance(value.made, Shake) else None
            if varies is not None:
                message = f"{self.value_id(value)}: {varies.name} varies in size, and is not last"
                raise IllFormed(message)
            before[value.name] = value
        for result in self.results:
            if before.get(result.name) is not result:
                message = f"{self.value_id(result)}: is a result, and not one of the values"
                raise IllFormed(message)
        for result, given in self.replaces:
            if not self._goes_on(result, given):
                message = f"{self.value_id(result)}: cannot take the place of {given.name}"
                raise IllFormed(message)

    def _goes_on(self, result: Value, given: Value) -> bool:
        """Whether a result can take the place of a given value, and nothing else does."""
        return (
            result in self.results
            and given in self.givens
            and [old for _, old in self.replaces].count(given) == 1
            and result.made.size == given.made.size
        )

    @property
    def id(self) -> str:
        """Its public id, as in "otrv3.schedule:ake"."""
        return f"{self.protocol}.schedule:{self.name}"

    def value_id(self, value: Value) -> str:
        """The public id of one of its values, as in "otrv3.schedule:ake.ssid"."""
        return f"{self.id}.{value.name}"

    @property
    def givens(self) -> tuple[Value, ...]:
        """The values that come from outside."""
        return tuple(value for value in self.values if isinstance(value.made, Given))

    @property
    def edges(self) -> tuple[tuple[Value, Value, str], ...]:
        """The arrows of the graph: from, to, what it says."""
        return tuple(
            (source, value, says) for value in self.values for source, says in value.made.sources
        )

    def document(self) -> dict[str, Document]:
        """The schedule as JSON."""
        return {
            "id": self.id,
            "title": self.title,
            "sections": list(self.sections),
            "about": self.about,
            "values": [self._value_document(value) for value in self.values],
            "results": [self.value_id(value) for value in self.results],
            **({"replaces": self._replacements()} if self.replaces else {}),
        }

    def _replacements(self) -> list[Document]:
        """What takes the place of what, as JSON."""
        return [
            {"result": self.value_id(result), "given": self.value_id(given)}
            for result, given in self.replaces
        ]

    def _value_document(self, value: Value) -> dict[str, Document]:
        """One value as JSON; what does not apply is left out."""
        document: dict[str, Document] = {
            "id": self.value_id(value),
            "title": value.title,
            "about": value.about,
        }
        if value.made.text:
            document["made"] = value.made.text
            document["from"] = [self.value_id(source) for source, _ in value.made.sources]
        if value.made.size is not None:
            document["size"] = value.made.size
        if value.ambiguity is not None:
            document["ambiguity"] = value.ambiguity.id
        return document


def explained(schedules: Iterable[Schedule]) -> tuple[str, ...]:
    """What the functions compute that schedules call by a name of the specification's.

    Args:
        schedules: the schedules.

    Returns:
        A sentence for each prefix, in the order of first use; none for SHAKE-256 itself.
    """
    names: dict[bytes, dict[str, None]] = {}
    for schedule in schedules:
        for value in schedule.values:
            if isinstance(value.made, Shake) and value.made.prefix:
                names.setdefault(value.made.prefix, {})[value.made.function] = None
    return tuple(
        f"{_listed(tuple(functions))}: the first bytes of SHAKE-256 over "
        f"“{prefix.decode('ascii')}” and then the values, a usage as one byte; "
        "the number behind them is how many bytes."
        for prefix, functions in names.items()
    )


def _listed(names: tuple[str, ...]) -> str:
    """Names as a list in a sentence."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _byte(value: int) -> str:
    """A byte as the specification writes it."""
    return f"0x{value:02x}"
