"""What data messages of version 4 say: a text, and TLVs."""

from __future__ import annotations

import struct

from otr_conformance.vectors.encodings import FREE_TAIL, encoding_faults
from otr_conformance.vectors.kinds import Flag, Group
from otr_model.kernel.vocabulary import Point
from otr_model.otrv4 import layouts
from otr_reference.codec import Codec, Value

from .material import octets
from .operations import OPERATIONS

__all__ = ["contents"]


def _record(kind: int, value: bytes) -> bytes:
    return struct.pack(">HH", kind, len(value)) + value


def contents() -> tuple[Group, ...]:
    """Texts and TLVs, and the value of each TLV."""
    groups = [_text(), _tlvs()]
    groups += [_tlv(kind) for kind in (2, 3, 4, 5, 7)]
    return tuple(groups)


def _content_group(name: str, about: str, example: bytes, section: str, *answers: str) -> Group:
    return Group(name, OPERATIONS["read-content"], about, section, {"content": example}, answers)


def _text() -> Group:
    group = _content_group("text", "a text alone", b"Hello", "Data Message", layouts.CONTENT.id)
    group.valid("alone", "without a NUL")
    padding = _record(0, bytes(4))
    for name, about, content in (
        ("nothing", "a heartbeat: nothing at all", b""),
        ("nul", "a NUL behind the text, and no TLV", b"Hello\0"),
        ("nul-alone", "only a NUL", b"\0"),
        ("text-and-tlv", "a text and padding", b"Hello\0" + padding),
        ("tlv-alone", "no text, and padding", b"\0" + padding),
        ("utf-8", "a letter of two octets", "Gr\u00fc\u00dfe".encode()),
        ("not-utf-8", "octets that are no UTF-8", b"\xff\xfe"),
        ("long", "300 letters", b"a" * 300),
    ):
        group.valid(name, about, Flag.TEXT_FORM, {"content": content})
    return group


def _tlvs() -> Group:
    head = b"Hi\0"
    group = _content_group(
        "tlv",
        "a text, and padding of three octets",
        head + _record(0, b"pad"),
        "TLV Record Types",
        layouts.TLV.id,
    )
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
        (
            "unknown-8",
            "the first type that nobody knows: the extra key of version 3",
            _record(8, bytes(4)),
        ),
        ("unknown-256", "a type whose low octet is 0", _record(0x0100, b"what")),
        ("unknown-largest", "the largest type", _record(0xFFFF, b"")),
        ("two", "padding and the end of the conversation", _record(0, b"x") + _record(1, b"")),
        (
            "unknown-between",
            "an unknown one between two others",
            _record(0, b"x") + _record(99, b"?") + _record(1, b""),
        ),
        ("one-twice", "the same one twice", _record(0, b"x") * 2),
        ("extra-key", "an extra symmetric key, with nothing else to say", _record(7, bytes(4))),
        ("extra-key-data", "an extra symmetric key for a file", _record(7, b"\0\0\0\1file")),
        (
            "extra-key-twice",
            "two extra symmetric keys",
            _record(7, b"\0\0\0\1a") + _record(7, b"\0\0\0\2b"),
        ),
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
        group.fault(name, about, Flag.CUT_SHORT, Point.ENCODING, {"content": head + content})
    return group


def _tlv(kind: int) -> Group:
    """The value of one TLV; its length is always right."""
    layout = layouts.TLVS[kind]
    codec = Codec(layout)
    values: dict[str, Value] = {
        field.name: octets(f"{layout.name} {field.name}", 57) for field in layout.fields
    }
    values |= {"question": b"Where did we meet?", "use": 1, "data": b"file"}
    values = {field.name: values[field.name] for field in layout.fields}
    example = codec.write(values)
    head = b"\0"
    about = f"a {layout.title} alone; its points and scalars are none, and only encodings matter"
    group = _content_group(
        f"tlv.{layout.name}", about, head + _record(kind, example), layout.section, layout.id
    )
    group.valid("whole", "nothing is wrong with it")
    inner = Group("inner", OPERATIONS["tlv-value"], "", "", {"type": kind, "value": example})
    skip = FREE_TAIL if layout is layouts.EXTRA_KEY else frozenset[str]()
    encoding_faults(inner, layout, 4, example, takes="value", skip=skip)
    for vector in inner.vectors:
        value = vector.takes["value"]
        if isinstance(value, bytes):
            group.fault(
                vector.name,
                vector.about,
                vector.flags[0],
                Point.ENCODING,
                {"content": head + _record(kind, value)},
                answers=vector.answers,
            )
    if layout is layouts.SMP_1:
        for how, question in (
            ("empty", b""),
            ("utf-8", "Wo?\u00e9".encode()),
            ("long", b"?" * 1000),
            ("nul", b"a\0b"),
        ):
            made = codec.write(values | {"question": question})
            group.valid(
                f"question.is-{how}",
                f"a question of {len(question)} octets",
                Flag.SIZE,
                {"content": head + _record(kind, made)},
            )
    return group
