"""What a document of single vectors is made of, and how it is written as JSON.

An operation takes values and gives values, or refuses at one point. A group has the values of a
faultless example; each of its vectors says what is different, and what comes of it. The builder
asks the reference for every vector, and stops if it does otherwise than the vector says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import unique
from typing import TYPE_CHECKING, Final, TypeAlias

from otr_model.kernel.words import Word
from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from otr_model.kernel.export import Json
    from otr_model.kernel.vocabulary import Point

__all__ = [
    "FORMAT",
    "Disagreement",
    "Flag",
    "Group",
    "Operation",
    "Refused",
    "Values",
    "Vector",
    "Verdict",
    "applied",
    "changes",
    "plain",
]

FORMAT: Final = 1
"""Raised when a reader of the documents would have to change."""

Value: TypeAlias = "bytes | int | str | bool | Sequence[Value] | Mapping[str, Value]"
Values: TypeAlias = "Mapping[str, Value]"


_NOTHING: Final[Values] = {}


class Disagreement(OtrSpecError):
    """The reference does otherwise than a vector says."""


class Refused(OtrSpecError):
    """An operation does not accept what it is given.

    Attributes:
        point: where it fails.
        field: the field at fault, as the text calls it; "": none in particular.
    """

    def __init__(self, point: Point, field: str = "") -> None:
        super().__init__(f"{point.name}: {field}" if field else point.name)
        self.point = point
        self.field = field


@unique
class Verdict(Word):
    """What an implementation should say of a vector."""

    VALID = "it has to be accepted, and to give what is given"
    INVALID = "it has to be refused"
    ACCEPTABLE = "the text leaves it open: accepting and refusing it are both right"


@unique
class Flag(Word):
    """Kinds of faults, and of values that are easy to get wrong; and what follows from mistakes."""

    NORMAL = "nothing is odd about it"
    CUT_SHORT = "it ends early; a reader that trusts it reads beyond its memory"
    LENGTH = "a length or count lies; a reader that trusts it reads beyond its memory, or hangs"
    TRAILING = "something follows the end; whoever skips it gives one message many encodings"
    LEADING_ZERO = "a number is longer than it has to be; what is hashed has several encodings"
    LEFT_OUT = "a part is missing"
    TWICE = "a part is there twice; two readers may take different ones"
    ORDER = "parts are in another order"
    CONSTANT = "something that is fixed has another value"
    BOUNDARY = "a value at the edge of what is allowed, on either side"
    ALTERED = "one bit differs; whoever accepts it does not look at the value"
    EXCHANGED = "two values of one kind are exchanged; whoever accepts it does not tell them apart"
    OTHER_KEY = "made with another key than the one that counts; whoever accepts it can be deceived"
    DOMAIN = "made for another purpose: the byte or context that keeps uses apart is another"
    SMALL_ORDER = "a value of small order; secrets made of it can be guessed"
    NON_CANONICAL = "another encoding of a legal value"
    UNREDUCED = "a number is equal to a legal one modulo the order, and larger"
    SIZE = "an odd size: where leading zeros, lengths or blocks change"
    TEXT_FORM = "an odd form of a text"
    REPLAY = "something old or repeated"
    OTHER_OWNER = "it belongs to another client or session"
    EXPIRED = "its time is over"
    SEQUENCE = "what came before matters"
    EMPTY = "nothing at all, where something is expected"
    ZERO = "zero, where a secret or a serial number is expected"


@dataclass(frozen=True, slots=True)
class Operation:
    """What a group asks of an implementation.

    Attributes:
        name: as documents have it.
        about: what it does.
        takes: each value by name, and what it is.
        gives: the same; what is given of a vector that is accepted.
        run: what the reference does.
    """

    name: str
    about: str
    takes: Mapping[str, str]
    gives: Mapping[str, str]
    run: Callable[[Values], dict[str, Value]]

    def outcome(self, values: Values) -> dict[str, Value] | Refused:
        """What the reference gives, or that it refuses."""
        try:
            return self.run(values)
        except Refused as refusal:
            return refusal


@dataclass(frozen=True, slots=True)
class Vector:
    """One vector.

    Attributes:
        name: within its group; parts are separated by dots.
        about: what is different.
        verdict: what an implementation should say.
        takes: the values that differ from those of the group.
        gives: what is given where it is accepted.
        fails: where it is refused; None: it is not.
        field: the field at fault; "": none in particular.
        flags: what kind of fault it is.
        check: the check of the model that refuses it; "": none.
        ambiguity: what the text leaves open; "": nothing.
        answers: ids of parts of the model that it is about.
    """

    name: str
    about: str
    verdict: Verdict
    takes: Values
    gives: Values
    fails: Point | None
    field: str
    flags: tuple[Flag, ...]
    check: str = ""
    ambiguity: str = ""
    answers: tuple[str, ...] = ()


@dataclass(slots=True)
class Group:
    """Vectors that share an operation and a faultless example.

    Attributes:
        name: within its protocol.
        operation: what is asked.
        about: what the example is.
        section: of the specification.
        takes: the values of the example.
        answers: ids of parts of the model that all vectors are about.
        vectors: in order.
    """

    name: str
    operation: Operation
    about: str
    section: str
    takes: Values
    answers: tuple[str, ...] = ()
    vectors: list[Vector] = field(default_factory=list)

    def valid(
        self,
        name: str,
        about: str,
        flag: Flag = Flag.NORMAL,
        takes: Values = _NOTHING,
        *,
        ambiguity: str = "",
    ) -> None:
        """Add what has to be accepted, or may be if something is ambiguous.

        Args:
            name: within the group.
            about: what is different.
            flag: what is odd about it.
            takes: the values that differ.
            ambiguity: what the text leaves open.

        Raises:
            Disagreement: if the reference refuses it.
        """
        outcome = self.answer(takes)
        if isinstance(outcome, Refused):
            message = f"{self.name}:{name}: the reference refuses it ({outcome})"
            raise Disagreement(message)
        self._add(
            Vector(
                name,
                about,
                Verdict.ACCEPTABLE if ambiguity else Verdict.VALID,
                takes,
                outcome,
                None,
                "",
                (flag,),
                ambiguity=ambiguity,
            )
        )

    def fault(  # noqa: PLR0913 - what there is to say of a fault
        self,
        name: str,
        about: str,
        flag: Flag,
        fails: Point,
        takes: Values,
        *,
        field: str | None = None,
        check: str = "",
        ambiguity: str = "",
        answers: tuple[str, ...] = (),
    ) -> None:
        """Add what has to be refused, or may be if something is ambiguous.

        Args:
            name: within the group.
            about: what is different.
            flag: which kind of fault it is.
            fails: where it is refused.
            takes: the values that differ.
            field: the field at fault; None: the one that the reference names.
            check: the check of the model that refuses it.
            ambiguity: what the text leaves open.
            answers: ids of parts of the model that it is about.

        Raises:
            Disagreement: if the reference accepts it, or refuses it elsewhere.
        """
        outcome = self.answer(takes)
        if not isinstance(outcome, Refused):
            message = f"{self.name}:{name}: the reference accepts it"
            raise Disagreement(message)
        if outcome.point is not fails or field not in {None, outcome.field}:
            message = f"{self.name}:{name}: the reference refuses it elsewhere ({outcome})"
            raise Disagreement(message)
        self._add(
            Vector(
                name,
                about,
                Verdict.ACCEPTABLE if ambiguity else Verdict.INVALID,
                takes,
                {},
                fails,
                outcome.field,
                (flag,),
                check,
                ambiguity,
                answers,
            )
        )

    def answer(self, takes: Values) -> dict[str, Value] | Refused:
        """What the reference says of the example with some values changed."""
        return self.operation.outcome({**self.takes, **takes})

    def _add(self, vector: Vector) -> None:
        """Add a vector, under a name of its own and with values of its own.

        Raises:
            Disagreement: if there is one of that name, or one that takes the same.
        """
        for other in self.vectors:
            if other.name == vector.name:
                message = f"{self.name}:{vector.name}: there are two of that name"
                raise Disagreement(message)
            if {**self.takes, **other.takes} == {**self.takes, **vector.takes}:
                message = f"{self.name}:{vector.name}: the same as {other.name}"
                raise Disagreement(message)
        self.vectors.append(vector)


# --- As JSON ----------------------------------------------------------------------------------

_SAFE: Final = 1 << 53
"""Numbers below are the same in every language that reads JSON."""

_SHORT: Final = 12
"""Values of this many octets or fewer are written out."""


def plain(value: Value) -> Json:
    """A value as JSON: octets in hexadecimal digits, numbers that some readers lose as text."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        number = int(value)  # not a number of another library's
        return number if abs(number) < _SAFE else str(number)
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    return [plain(each) for each in value]


def changes(old: bytes, new: bytes) -> list[list[int | str]]:
    """What makes one value of another: places of the old one, how much goes, and what comes.

    Of values of one length there may be several places; else there is one.
    """
    if len(old) == len(new):
        return [[at, len(run), run.hex()] for at, run in _runs(old, new)]
    most = min(len(old), len(new))
    start = next((n for n in range(most) if old[n] != new[n]), most)
    rest = most - start
    end = next((n for n in range(rest) if old[-1 - n] != new[-1 - n]), rest)
    return [[start, len(old) - end - start, new[start : len(new) - end].hex()]]


def _runs(old: bytes, new: bytes) -> list[tuple[int, bytes]]:
    """Where two values of one length differ; places that are near one another are one."""
    near = 4
    runs: list[tuple[int, int]] = []
    for place, (one, other) in enumerate(zip(old, new, strict=True)):
        if one == other:
            continue
        if runs and place - runs[-1][1] <= near:
            runs[-1] = runs[-1][0], place + 1
        else:
            runs.append((place, place + 1))
    return [(start, new[start:end]) for start, end in runs]


def applied(old: bytes, edits: Sequence[Sequence[int | str]]) -> bytes:
    """A value after the changes: the last place first, so that the places stay what they are."""
    made = old
    for at, gone, come in reversed(edits):
        start, end = int(at), int(at) + int(gone)
        made = made[:start] + bytes.fromhex(str(come)) + made[end:]
    return made


def differing(base: Values, takes: Values, *, full: bool) -> dict[str, Json]:
    """What a vector takes, as JSON: changes of the group's values where those are shorter."""
    if full:
        return {name: plain(value) for name, value in (dict(base) | dict(takes)).items()}
    written: dict[str, Json] = {}
    for name, value in takes.items():
        old = base.get(name)
        written[name] = plain(value)
        if isinstance(value, bytes) and isinstance(old, bytes) and len(value) > _SHORT:
            edits: list[Json] = [[*edit] for edit in changes(old, value)]
            if edits and len(str(edits)) < 2 * len(value):
                written[name] = edits
    return written
