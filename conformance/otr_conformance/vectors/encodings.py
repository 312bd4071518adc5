"""Faults of encodings, found field by field in the layouts of the model.

From one faultless example come all the ways in which its encoding can be wrong in one place: it
ends in front of a field, in the middle of one or of its length; a length lies; a field is missing
or there twice; what is fixed has another value; a number has zeros in front; something follows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_model.kernel.layout import Kind
from otr_model.kernel.vocabulary import Point
from otr_reference.codec import Codec, Part

from .kinds import Flag

if TYPE_CHECKING:
    from otr_model.kernel.layout import Layout

    from .kinds import Group

__all__ = ["FREE_TAIL", "HEADER_SHIFTS", "encoding_faults", "slug"]

HEADER_SHIFTS: Final = frozenset(
    f"{field}.{how}"
    for field in ("protocol-version", "message-type")
    for how in ("left-out", "twice")
)
"""Faults that make a message of another version or type, and are refused for that."""

FREE_TAIL: Final = frozenset(
    {
        *(f"use-specific-data.{how}" for how in ("missing", "cut-short", "left-out", "twice")),
        *("use.left-out", "use.twice", "end.octet-follows", "end.follows-itself"),
    }
)
"""What is legal in the TLV of the extra symmetric key, because anything may stand at its end."""

_LIES: Final = (
    ("length-all-ones", "its length is the largest that there is", b"\xff"),
    ("length-sign-bit", "its length has only the highest bit set", b"\x80"),
)
_COUNTED: Final = frozenset({Kind.COUNTED, Kind.COUNTED_NUMBER})


def slug(title: str) -> str:
    """A title as a part of a name: letters, digits and hyphens."""
    words = "".join(c if c.isalnum() else " " for c in title.replace("'", "")).split()
    return "-".join(words).lower()


class _Faults:
    """Adds the faults of one example to a group.

    Args:
        group: the group.
        takes: the name of the value that holds the example.
        example: what is accepted.
        prefix: what the names begin with.
        skip: names of faults that are none.
    """

    def __init__(
        self, group: Group, takes: str, example: bytes, prefix: str, skip: frozenset[str]
    ) -> None:
        self.group, self.takes, self.example = group, takes, example
        self.prefix, self.skip = prefix, skip
        self.ids: tuple[str, ...] = ()
        self.made = {
            value for each in group.vectors if isinstance(value := each.takes.get(takes), bytes)
        }
        self.made.add(example)

    def add(self, name: str, about: str, flag: Flag, made: bytes, ambiguity: str = "") -> None:
        """Add a fault, unless the same was added under another name, or it is none."""
        if made in self.made or name in self.skip:
            return
        self.made.add(made)
        self.group.fault(
            f"{self.prefix}{name}",
            about,
            flag,
            Point.ENCODING,
            {self.takes: made},
            ambiguity=ambiguity,
            answers=self.ids,
        )

    def put(self, start: int, end: int, come: bytes) -> bytes:
        """The example with other octets in a place."""
        return self.example[:start] + come + self.example[end:]

    def cuts(self, name: str, title: str, part: Part) -> None:
        """It ends inside of a field, or in front of it."""
        start, end, size = part.start, part.end, part.field.prefix
        self.add(
            f"{name}.missing", f"it ends in front of {title}", Flag.CUT_SHORT, self.example[:start]
        )
        if size:
            self.add(
                f"{name}.length-cut-short",
                f"it ends inside of the length of {title}",
                Flag.CUT_SHORT,
                self.example[: start + size - 1],
            )
            self.add(
                f"{name}.value-missing",
                f"it ends behind the length of {title}",
                Flag.CUT_SHORT,
                self.example[: start + size],
            )
        if end - start > 1:
            self.add(
                f"{name}.cut-short",
                f"it ends one octet before the end of {title}",
                Flag.CUT_SHORT,
                self.example[: end - 1],
            )

    def lengths(self, name: str, title: str, part: Part) -> None:
        """The length of a field lies."""
        start, size = part.start, part.field.prefix
        length = part.end - start - size
        for how, about, octet in _LIES:
            lie = octet * size if octet == b"\xff" else octet + bytes(size - 1)
            self.add(
                f"{name}.{how}",
                f"{title}: {about}",
                Flag.LENGTH,
                self.put(start, start + size, lie),
            )
        for how, about, told in (
            ("length-one-more", "its length is one more than there is", length + 1),
            ("length-one-less", "its length is one less than there is", length - 1),
            ("length-zero", "its length is zero, but its octets are there", 0),
        ):
            if 0 <= told < 1 << 8 * size and length:
                made = self.put(start, start + size, told.to_bytes(size, "big"))
                self.add(f"{name}.{how}", f"{title}: {about}", Flag.LENGTH, made)

    def sizes(self, name: str, title: str, part: Part) -> None:
        """A field whose size is fixed has another, and its length says so."""
        field, start, end = part.field, part.start, part.end
        first = start + field.prefix
        if field.size:
            for how, value in (
                ("one-octet-less", self.example[first : end - 1]),
                ("one-octet-more", self.example[first:end] + b"\0"),
                ("no-octets", b""),
            ):
                made = len(value).to_bytes(field.prefix, "big") + value
                about = f"{title} has {len(value)} octets, and its length says so"
                self.add(f"{name}.{how}", about, Flag.SIZE, self.put(start, end, made))
        if field.unit:
            value = self.example[first:end] + b"\0"
            made = len(value).to_bytes(field.prefix, "big") + value
            about = f"{title}: its size is no multiple of {field.unit}"
            self.add(f"{name}.part-of-a-unit", about, Flag.SIZE, self.put(start, end, made))

    def zeros(self, name: str, title: str, part: Part, minimal: str) -> None:
        """A number has zeros in front."""
        start, end, size = part.start, part.end, part.field.prefix
        value = self.example[start + size : end]
        for how, about, longer in (
            ("leading-zero", "one zero octet in front", b"\0" + value),
            ("leading-zeros", "four zero octets in front", bytes(4) + value),
            ("zero-as-an-octet", "zero is written as one octet", b"\0"),
        ):
            made = self.put(start, end, len(longer).to_bytes(size, "big") + longer)
            self.add(f"{name}.{how}", f"{title}: {about}", Flag.LEADING_ZERO, made, minimal)

    def whole_field(self, name: str, title: str, part: Part) -> None:
        """A field is missing, or there twice."""
        start, end = part.start, part.end
        octets = self.example[start:end]
        self.add(
            f"{name}.left-out", f"{title} is left out", Flag.LEFT_OUT, self.put(start, end, b"")
        )
        self.add(f"{name}.twice", f"{title} is there twice", Flag.TWICE, self.put(end, end, octets))


def encoding_faults(  # noqa: PLR0913 - an example, and how to name what is wrong with it
    group: Group,
    layout: Layout,
    version: int,
    example: bytes,
    /,
    *,
    takes: str,
    prefix: str = "",
    skip: frozenset[str] = frozenset(),
    minimal: str = "",
    trailing: str = "",
) -> None:
    """Add every fault of an encoding to a group.

    Args:
        group: the group; its operation refuses what is malformed.
        layout: how the example is laid out.
        version: of the protocol.
        example: what the operation accepts.
        takes: the name of the value that holds the example.
        prefix: what the names begin with.
        skip: names of faults that are none here, because something legal comes of them.
        minimal: the ambiguity of numbers with zeros in front; "": they have to be refused.
        trailing: the same of octets that follow.

    Raises:
        Disagreement: if the reference accepts one of them, or refuses it elsewhere.
    """
    faults = _Faults(group, takes, example, prefix, skip)
    faults.ids = (layout.id,)
    faults.add("empty", "there is nothing at all", Flag.EMPTY, b"")
    for part in Codec(layout, version).parts(example):
        field, title = part.field, part.field.title
        name, kind = slug(title), field.type.spec.kind
        faults.ids = (layout.field_id(field),)
        faults.cuts(name, title, part)
        if kind in _COUNTED:
            faults.lengths(name, title, part)
            faults.sizes(name, title, part)
        if kind is Kind.COUNTED_NUMBER:
            faults.zeros(name, title, part, minimal)
        if part.end > part.start:
            faults.whole_field(name, title, part)
    faults.ids = (layout.id,)
    faults.add("end.octet-follows", "one octet follows", Flag.TRAILING, example + b"\0", trailing)
    faults.add(
        "end.follows-itself",
        "all of it is there a second time, behind the last field",
        Flag.TRAILING,
        example * 2,
        trailing,
    )
