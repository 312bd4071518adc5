"""What data messages of versions 2 and 3 say: a text, and TLVs."""

from __future__ import annotations

import struct
from typing import Final

from otr_conformance.vectors.encodings import FREE_TAIL, encoding_faults, slug
from otr_conformance.vectors.kinds import Flag, Group
from otr_model.kernel.vocabulary import Point
from otr_model.otrv3 import layouts
from otr_reference.codec import Codec, Value

from .material import P, octets
from .operations import OPERATIONS

__all__ = ["contents"]

_TRAILING: Final = "otrv3.ambiguity:trailing-bytes"
_MINIMAL: Final = "otrv3.ambiguity:minimal-mpi"


def _record(kind: int, value: bytes) -> bytes:
    return struct.pack(">HH", kind, len(value)) + value


def contents() -> tuple[Group, ...]:
    """Texts and TLVs, and the value of each TLV."""
    groups = [_text(), _records()]
    groups += [_tlv(kind) for kind in (2, 3, 4, 5, 7, 8)]
    return tuple(groups)


def _content_group(name: str, about: str, example: bytes, answers: tuple[str, ...]) -> Group:
    takes = {"content": example}
    return Group(name, OPERATIONS["read-content"], about, "Data Message", takes, answers)


def _text() -> Group:
    group = _content_group("text", "a text alone", b"Hello", (layouts.CONTENT.id,))
    group.valid("alone", "without a NUL")
    padding = _record(0, bytes(4))
    for name, about, content in (
        ("nothing", "a heartbeat: nothing at all", b""),
        ("nul", "a NUL behind the text, and no TLV", b"Hello\0"),
        ("nul-alone", "only a NUL", b"\0"),
        ("text-and-tlv", "a text and padding", b"Hello\0" + padding),
        ("tlv-alone", "no text, and padding", b"\0" + padding),
        ("utf-8", "a text of two octets for a letter", "Gr\u00fc\u00dfe".encode()),
        ("not-utf-8", "octets that are no UTF-8", b"\xff\xfe"),
        ("html", "HTML", b"<b>Hello</b>"),
        ("marker", "a text that looks like a query", b"?OTRv3?"),
        ("long", "300 letters", b"a" * 300),
    ):
        group.valid(name, about, Flag.TEXT_FORM, {"content": content})
    return group


def _records() -> Group:
    head = b"Hi\0"
    example = head + _record(0, b"pad")
    group = _content_group("tlv", "a text, and padding of three octets", example, (layouts.TLV.id,))
    group.valid("padding", "padding of three octets")
    for name, about, content in (
        ("padding-empty", "padding of no octets", _record(0, b"")),
        (
            "padding-long",
            "padding of 32768 octets: the highest bit of its length is set",
            _record(0, bytes(32768)),
        ),
        ("disconnected", "the peer has ended the conversation", _record(1, b"")),
        ("disconnected-octets", "the same with octets that mean nothing", _record(1, b"bye")),
        ("smp-abort", "SMP is given up", _record(6, b"")),
        ("smp-abort-octets", "the same with octets that mean nothing", _record(6, b"no")),
        ("unknown-9", "the first type that nobody knows", _record(9, b"what")),
        ("unknown-256", "a type whose low octet is 0", _record(0x0100, b"what")),
        ("unknown-513", "a type whose low octet is 1", _record(0x0201, b"what")),
        ("unknown-largest", "the largest type", _record(0xFFFF, b"")),
        ("two", "padding and the end of the conversation", _record(0, b"x") + _record(1, b"")),
        (
            "unknown-between",
            "an unknown one between two others",
            _record(0, b"x") + _record(99, b"?") + _record(1, b""),
        ),
        ("one-twice", "the same one twice", _record(0, b"x") * 2),
        ("extra-key", "the extra symmetric key, with nothing else to say", _record(8, bytes(4))),
        ("extra-key-data", "the extra symmetric key for a file", _record(8, b"\0\0\0\1file")),
        ("nul-inside", "NULs in a value end nothing", _record(0, b"a\0b")),
    ):
        group.valid(name, about, Flag.NORMAL, {"content": head + content})
    whole = _record(1, b"")
    for name, about, content in (
        ("type-cut-short", "one octet of a type", b"\0"),
        ("type-alone", "a type, and nothing behind it", b"\0\0"),
        ("length-cut-short", "half of a length", b"\0\0\0"),
        ("value-missing", "a length of three, and no value", b"\0\0\0\3"),
        ("value-cut-short", "a value that lacks its last octet", b"\0\0\0\3ab"),
        ("length-all-ones", "the largest length, and three octets", b"\0\0\xff\xffabc"),
        ("length-sign-bit", "a length with only its highest bit set", b"\0\0\x80\0abc"),
        ("second-cut-short", "a whole one, and one that is cut short", whole + b"\0\0\0\3ab"),
        ("nul-behind", "one octet behind a whole one", whole + b"\0"),
        ("order-of-octets", "the length in the wrong order", b"\0\0\3\0abc"),
    ):
        group.fault(
            name,
            about,
            Flag.CUT_SHORT,
            Point.ENCODING,
            {"content": head + content},
            ambiguity="otrv3.ambiguity:cut-off-tlv",
        )
    return group


def _tlv(kind: int) -> Group:
    """The value of one TLV; its length is always right."""
    layout = layouts.TLVS[kind]
    codec = Codec(layout)
    values: dict[str, Value] = {
        field.name: int.from_bytes(octets(f"{layout.name} {field.name}", 20), "big") | 1 << 159
        for field in layout.fields
    }
    values |= {"question": b"Where did we meet?", "use": 1, "data": b"file"}
    values = {field.name: values[field.name] for field in layout.fields if field.value is None}
    example = codec.write(values)
    head = b"\0"
    group = _content_group(
        f"tlv.{layout.name}",
        f"a {layout.title} alone; its numbers are small, and only their encoding matters",
        head + _record(kind, example),
        (layout.id,),
    )
    group.valid("whole", "nothing is wrong with it")
    inner = Group("inner", OPERATIONS["tlv-value"], "", "", {"type": kind, "value": example})
    skip = FREE_TAIL if layout is layouts.EXTRA_KEY else _QUESTION_FREE
    encoding_faults(
        inner, layout, 3, example, takes="value", skip=skip, minimal=_MINIMAL, trailing=_TRAILING
    )
    for vector in inner.vectors:
        value = vector.takes["value"]
        if isinstance(value, bytes):
            group.fault(
                vector.name,
                vector.about,
                vector.flags[0],
                Point.ENCODING,
                {"content": head + _record(kind, value)},
                ambiguity=vector.ambiguity,
                answers=vector.answers,
            )
    if layout is not layouts.EXTRA_KEY:
        _counts(group, kind, example)
        _numbers(group, kind, values)
    if layout is layouts.SMP_1Q:
        _questions(group, kind, values)
    return group


_QUESTION_FREE: Final = frozenset({"question.twice", "question.left-out"})
"""What makes another question, or another message, of one with a question."""


def _counts(group: Group, kind: int, example: bytes) -> None:
    """The number of MPIs lies."""
    (count,) = (f.value or 0 for f in layouts.TLVS[kind].fields if f.name == "count")
    place = example.index(count.to_bytes(4, "big"))
    taken = [vector.takes.get("content") for vector in group.vectors]
    for told in (0, 1, count - 1, count + 1, 0x80000000, 0xFFFFFFFF):
        made = example[:place] + struct.pack(">I", told) + example[place + 4 :]
        content = b"\0" + _record(kind, made)
        if content not in taken:
            about = f"the count of MPIs is {told}, and there are {count}"
            name = f"mpi-count.is-{told:#x}"
            group.fault(name, about, Flag.LENGTH, Point.ENCODING, {"content": content})


def _numbers(group: Group, kind: int, values: dict[str, Value]) -> None:
    """Numbers that are legal, and easily read wrongly."""
    codec = Codec(layouts.TLVS[kind])
    for field in codec.layout.fields:
        if field.type is not layouts.Type.MPI:
            continue
        for how, number in (("zero", 0), ("high-bit", 0x80), ("above-modulus", P << 9)):
            made = _record(kind, codec.write(values | {field.name: number}))
            name, about = f"{slug(field.title)}.is-{how}", "only its range may be wrong"
            content = {"content": b"\0" + made}
            group.valid(name, f"{field.title}: {about}", Flag.BOUNDARY, content)


def _questions(group: Group, kind: int, values: dict[str, Value]) -> None:
    """Questions, and one that does not end."""
    codec = Codec(layouts.TLVS[kind])
    for how, question in (("empty", b""), ("utf-8", "Wo?\u00e9".encode()), ("long", b"?" * 1000)):
        made = _record(kind, codec.write(values | {"question": question}))
        about = f"a question of {len(question)} octets"
        group.valid(f"question.is-{how}", about, Flag.SIZE, {"content": b"\0" + made})
    made = _record(kind, codec.write(values).replace(b"\0", b"", 1))
    about = "the NUL behind the question is missing"
    content = {"content": b"\0" + made}
    group.fault("question.no-nul", about, Flag.LEFT_OUT, Point.ENCODING, content)
