"""Encoded messages of versions 2 and 3, and for which client they are."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from otr_conformance.vectors.encodings import HEADER_SHIFTS, encoding_faults, slug
from otr_conformance.vectors.kinds import Flag, Group
from otr_model.kernel.vocabulary import Point
from otr_model.otrv3 import layouts
from otr_reference.codec import Codec, Value

from .material import ALICE, BOB, SUITE, TAGS, P, octets, pair
from .operations import OPERATIONS

if TYPE_CHECKING:
    from otr_model.kernel.layout import Layout

__all__ = ["messages"]

_TRAILING: Final = "otrv3.ambiguity:trailing-bytes"
_MINIMAL: Final = "otrv3.ambiguity:minimal-mpi"
_HEADERS: Final = {2: 3, 3: 11}


def _values(layout: Layout) -> dict[str, Value]:
    """What the example of a message holds; only encodings matter here."""
    held: dict[str, Value] = {
        "sender": TAGS[ALICE],
        "receiver": TAGS[BOB],
        "encrypted_gx": octets("encrypted gx", 196),
        "hashed_gx": octets("hashed gx", 32),
        "gy": SUITE.to_int(pair("gy").public),
        "revealed_key": octets("r", 16),
        "encrypted_signature": octets("encrypted signature", 100),
        "mac": octets("mac", 20),
        "flags": 0,
        "sender_keyid": 1,
        "recipient_keyid": 2,
        "next_dh": SUITE.to_int(pair("next").public),
        "counter": 1,
        "encrypted": octets("encrypted", 24),
        "revealed": octets("revealed", 40),
    }
    return {field.name: held[field.name] for field in layout.fields if field.name in held}


def messages() -> tuple[Group, ...]:
    """Every encoded message, in both versions."""
    groups = []
    for layout in layouts.ENCODED.values():
        groups += [_message(layout, version) for version in (3, 2)]
    return (*groups, _headers(), _addresses())


def _message(layout: Layout, version: int) -> Group:
    """One message in one version."""
    codec = Codec(layout, version)
    values = _values(layout) | {"version": version}
    example = codec.write(values)
    group = Group(
        f"{layout.name}.v{version}",
        OPERATIONS["read-message"],
        f"a {layout.title} of version {version}",
        layout.section,
        {"message": example},
        (layout.id,),
    )
    group.valid("whole", "nothing is wrong with it")
    encoding_faults(
        group,
        layout,
        version,
        example,
        takes="message",
        skip=HEADER_SHIFTS,
        minimal=_MINIMAL,
        trailing=_TRAILING,
    )
    _odd_values(group, layout, version, values)
    other = 5 - version
    for number, about in (
        (0, "version 0"),
        (1, "version 1"),
        (4, "version 4"),
        (5, "a version that does not exist"),
        (version << 8, "the version in the wrong order of octets"),
        (0xFFFF, "the largest version"),
    ):
        made = struct.pack(">H", number) + example[2:]
        group.fault(
            f"protocol-version.{number:#06x}",
            about,
            Flag.CONSTANT,
            Point.VERSION,
            {"message": made},
        )
    for kind in (0x00, 0x01, 0x04, 0x0B, 0x10, 0x13, 0xFF):
        made = example[:2] + bytes((kind,)) + example[3:]
        group.fault(
            f"message-type.{kind:#04x}",
            "a type that no message has",
            Flag.CONSTANT,
            Point.ENCODING,
            {"message": made},
        )
    made = struct.pack(">H", other) + example[2:]
    outcome = group.operation.outcome({"message": made})
    if not isinstance(outcome, dict):
        group.fault(
            f"protocol-version.{other}",
            f"laid out as in version {version}, but of version {other}",
            Flag.CONSTANT,
            Point.ENCODING,
            {"message": made},
        )
    return group


def _odd_values(group: Group, layout: Layout, version: int, values: dict[str, Value]) -> None:
    """Legal values that are easily read wrongly."""
    codec = Codec(layout, version)
    for field in layout.of(version):
        name, kind = slug(field.title), field.type
        odd: list[tuple[str, str, Value]] = []
        if kind is layouts.Type.MPI:
            odd = [
                ("zero", "zero has no octets", 0),
                ("one", "one octet", 1),
                ("high-bit", "the highest bit of its first octet is set", 0x80),
                ("two-octets", "two octets, the last one zero", 0x100),
                ("modulus", "the modulus: only its range is wrong", P),
                ("above-modulus", "more octets than the modulus has", P << 9),
            ]
        elif kind is layouts.Type.DATA and not field.size:
            odd = [
                ("empty", "no octets", b""),
                ("one-octet", "one octet", b"\0"),
                ("255-octets", "255 octets", bytes(255)),
                ("256-octets", "256 octets", bytes(256)),
            ]
        elif kind in {layouts.Type.INT, layouts.Type.CTR, layouts.Type.BYTE} and not field.value:
            size = field.exact or 1
            odd = [
                ("zero", "zero: only its range may be wrong", 0),
                ("sign-bit", "only the highest bit is set", 1 << 8 * size - 1),
                ("all-ones", "the largest value", (1 << 8 * size) - 1),
            ]
        if field.name == "type":
            odd = []
        for how, about, value in odd:
            if values.get(field.name) != value:
                made = codec.write(values | {field.name: value})
                group.valid(
                    f"{name}.is-{how}", f"{field.title}: {about}", Flag.BOUNDARY, {"message": made}
                )


def _headers() -> Group:
    """What is too short for a message."""
    example = Codec(layouts.DH_KEY, 3).write(_values(layouts.DH_KEY) | {"version": 3})
    group = Group(
        "header",
        OPERATIONS["read-message"],
        "a D-H Key Message of version 3",
        "Encoded messages",
        {"message": example},
        (layouts.HEADER.id,),
    )
    for size in range(_HEADERS[3]):
        group.fault(
            f"first-{size}",
            f"only the first {size} octets are there",
            Flag.CUT_SHORT,
            Point.ENCODING,
            {"message": example[:size]},
        )
    group.fault(
        "version-1-alone",
        "a version and nothing else",
        Flag.CUT_SHORT,
        Point.VERSION,
        {"message": b"\0\1"},
    )
    return group


def _addresses() -> Group:
    """Section "Instance Tags"."""
    codec = Codec(layouts.DATA, 3)
    values = _values(layouts.DATA) | {"version": 3}

    def tagged(sender: int, receiver: int) -> bytes:
        return codec.write(values | {"sender": sender, "receiver": receiver})

    ours, theirs = TAGS[BOB], TAGS[ALICE]
    group = Group(
        "instance-tags",
        OPERATIONS["take-in"],
        "a Data Message of version 3 between two clients",
        "Instance Tags",
        {"message": tagged(theirs, ours), "our tag": ours},
    )
    group.valid("ours", "it is for us")
    for name, about, sender in (
        ("sender-smallest", "the smallest tag", 0x100),
        ("sender-largest", "the largest tag", 0xFFFFFFFF),
        ("sender-ours", "the sender's tag is equal to ours", ours),
    ):
        group.valid(name, about, Flag.BOUNDARY, {"message": tagged(sender, ours)})
    for name, about, sender in (
        ("sender-zero", "the sender's tag is 0", 0),
        ("sender-one", "the sender's tag is 1", 1),
        ("sender-below", "the sender's tag is one below the smallest", 0xFF),
    ):
        group.fault(name, about, Flag.BOUNDARY, Point.INSTANCE, {"message": tagged(sender, ours)})
    for name, about, receiver in (
        ("receiver-one", "the receiver's tag is 1", 1),
        ("receiver-below", "the receiver's tag is one below the smallest", 0xFF),
        ("receiver-smallest", "the smallest tag, which is not ours", 0x100),
        ("receiver-next", "the receiver's tag is ours and one", ours + 1),
        ("receiver-theirs", "the receiver's tag is the sender's", theirs),
        ("receiver-swapped", "our tag in the other order of octets", 0x0B0B0000),
        ("receiver-largest", "the largest tag, which is not ours", 0xFFFFFFFF),
    ):
        group.fault(
            name, about, Flag.OTHER_OWNER, Point.INSTANCE, {"message": tagged(theirs, receiver)}
        )
    group.fault(
        "receiver-zero",
        "it is for no client in particular, and no D-H Commit Message",
        Flag.BOUNDARY,
        Point.INSTANCE,
        {"message": tagged(theirs, 0)},
        ambiguity="otrv3.ambiguity:receiver-zero",
    )
    for layout in layouts.ENCODED.values():
        if layout is layouts.DATA:
            continue
        made = Codec(layout, 3).write(
            _values(layout) | {"version": 3, "sender": theirs, "receiver": 0}
        )
        if layout is layouts.DH_COMMIT:
            about = "a D-H Commit Message for any client"
            group.valid("receiver-zero.dh-commit", about, Flag.BOUNDARY, {"message": made})
        else:
            group.fault(
                f"receiver-zero.{layout.name}",
                f"a {layout.title} for no client in particular",
                Flag.BOUNDARY,
                Point.INSTANCE,
                {"message": made},
                ambiguity="otrv3.ambiguity:receiver-zero",
            )
    made = Codec(layouts.DATA, 2).write(values | {"version": 2})
    group.valid("version-2", "version 2 has no tags", Flag.NORMAL, {"message": made})
    return group
