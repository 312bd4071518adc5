"""Encoded messages of version 4, and for which client they are."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from otr_conformance.vectors.encodings import HEADER_SHIFTS, encoding_faults, slug
from otr_conformance.vectors.kinds import Flag, Group
from otr_model.kernel.vocabulary import Point
from otr_model.otrv4 import layouts
from otr_reference.codec import Codec, Value

from .material import ALICE, BOB, TAGS, P, dh, element, octets, profile_octets
from .operations import OPERATIONS

if TYPE_CHECKING:
    from otr_conformance.vectors.kinds import Value as Given
    from otr_model.kernel.layout import Field, Layout

__all__ = ["messages"]

_MINIMAL: Final = "otrv4.ambiguity:minimal-mpi"


def _values(layout: Layout) -> dict[str, Value]:
    """What the example of a message holds; only encodings matter here."""
    points = {name: octets(f"point {name}", 57) for name in ("y", "x", "first_ecdh", "ecdh")}
    numbers = {
        name: int.from_bytes(element(dh(name).public), "big")
        for name in ("b", "a", "first_dh", "dh")
    }
    held: dict[str, Value] = {
        "sender": TAGS[ALICE],
        "receiver": TAGS[BOB],
        "profile": profile_octets(ALICE),
        "sigma": octets("sigma", 342),
        "prekey_id": 0x01020304,
        "identifier": 0x01020304,
        "owner_tag": TAGS[ALICE],
        "auth_mac": octets("auth mac", 64),
        "flags": 0,
        "pn": 3,
        "ratchet_id": 6,
        "message_id": 1,
        "encrypted": octets("encrypted", 24),
        "authenticator": octets("authenticator", 64),
        "old_mac_keys": octets("old mac keys", 128),
    }
    held |= {**points, **numbers}
    return {field.name: held[field.name] for field in layout.fields if field.name in held}


def messages() -> tuple[Group, ...]:
    """Every encoded message."""
    groups = tuple(_message(layout) for layout in layouts.ENCODED.values())
    return (*groups, _headers(), _addresses())


def _message(layout: Layout) -> Group:
    """One message."""
    codec = Codec(layout)
    values = _values(layout)
    example = codec.write(values)
    group = Group(
        layout.name,
        OPERATIONS["read-message"],
        f"a {layout.title}",
        layout.section,
        {"message": example},
        (layout.id,),
    )
    group.valid("whole", "nothing is wrong with it")
    encoding_faults(
        group, layout, 4, example, takes="message", skip=HEADER_SHIFTS, minimal=_MINIMAL
    )
    for field in layout.fields:
        for how, about, value in _odd_values(field):
            if values.get(field.name) != value:
                made = codec.write(values | {field.name: value})
                name = f"{slug(field.title)}.is-{how}"
                group.valid(name, f"{field.title}: {about}", Flag.BOUNDARY, {"message": made})
    _constants(group, example)
    return group


def _odd_values(field: Field) -> list[tuple[str, str, Value]]:
    """Legal values of a field that are easily read wrongly."""
    kind = field.type
    if kind is layouts.Type.MPI:
        return [
            ("zero", "zero has no octets", 0),
            ("one", "one octet", 1),
            ("high-bit", "the highest bit of its first octet is set", 0x80),
            ("modulus", "the modulus: only its range is wrong", P),
            ("above-modulus", "more octets than the modulus has", P << 9),
        ]
    if kind is layouts.Type.DATA:
        return [("empty", "no octets", b""), ("256-octets", "256 octets", bytes(256))]
    if kind in {layouts.Type.INT, layouts.Type.BYTE} and field.name != "type":
        size = field.exact or 1
        return [
            ("zero", "zero: only its range may be wrong", 0),
            ("sign-bit", "only the highest bit is set", 1 << 8 * size - 1),
            ("all-ones", "the largest value", (1 << 8 * size) - 1),
        ]
    if kind is layouts.Type.POINT:
        return [("all-ones", "57 octets that are no point: only its range is wrong", b"\xff" * 57)]
    if kind is layouts.Type.RING_SIG:
        return [("all-ones", "scalars above q: they are taken modulo q", b"\xff" * 342)]
    return []


def _constants(group: Group, example: bytes) -> None:
    """Other versions, and types that no message has."""
    for number, about in (
        (0, "version 0"),
        (2, "version 2"),
        (3, "version 3"),
        (5, "a version that does not exist"),
        (0x0400, "the version in the wrong order of octets"),
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
    for kind in (0x00, 0x02, 0x0A, 0x11, 0x34, 0x38, 0xFF):
        made = example[:2] + bytes((kind,)) + example[3:]
        group.fault(
            f"message-type.{kind:#04x}",
            "a type that no message has",
            Flag.CONSTANT,
            Point.ENCODING,
            {"message": made},
        )


def _headers() -> Group:
    example = Codec(layouts.AUTH_I).write(_values(layouts.AUTH_I))
    group = Group(
        "header",
        OPERATIONS["read-message"],
        "an Auth-I Message",
        "Instance Tags",
        {"message": example},
        (layouts.HEADER.id,),
    )
    for size in range(11):
        group.fault(
            f"first-{size}",
            f"only the first {size} octets are there",
            Flag.CUT_SHORT,
            Point.ENCODING,
            {"message": example[:size]},
        )
    group.fault(
        "version-3-alone",
        "a version and nothing else",
        Flag.CUT_SHORT,
        Point.VERSION,
        {"message": b"\0\3"},
    )
    return group


def _addresses() -> Group:
    """Section "Instance Tags"."""
    codec = Codec(layouts.DATA)
    values = _values(layouts.DATA)

    def tagged(sender: int, receiver: int) -> bytes:
        return codec.write(values | {"sender": sender, "receiver": receiver})

    ours, theirs = TAGS[BOB], TAGS[ALICE]
    takes: dict[str, Given] = {"message": tagged(theirs, ours), "our tag": ours}
    group = Group(
        "instance-tags",
        OPERATIONS["take-in"],
        "a Data Message between two clients",
        "Instance Tags",
        takes,
    )
    group.valid("ours", "it is for us")
    for name, about, sender in (
        ("sender-smallest", "the smallest tag", 0x100),
        ("sender-largest", "the largest tag", 0xFFFFFFFF),
        ("sender-ours", "the sender's tag is equal to ours", ours),
    ):
        group.valid(name, about, Flag.BOUNDARY, {"message": tagged(sender, ours)})
    for name, about, sender in (
        ("zero", "0", 0),
        ("one", "1", 1),
        ("below", "one below the smallest", 0xFF),
    ):
        group.fault(
            f"sender-{name}",
            f"the sender's tag is {about}",
            Flag.BOUNDARY,
            Point.INSTANCE,
            {"message": tagged(sender, ours)},
        )
    for name, about, receiver in (
        ("zero", "0, and it is no Identity Message", 0),
        ("one", "1", 1),
        ("below", "one below the smallest", 0xFF),
        ("smallest", "the smallest, which is not ours", 0x100),
        ("next", "ours and one", ours + 1),
        ("theirs", "the sender's", theirs),
        ("swapped", "ours in the other order of octets", 0x0B0B0000),
        ("largest", "the largest, which is not ours", 0xFFFFFFFF),
    ):
        group.fault(
            f"receiver-{name}",
            f"the receiver's tag is {about}",
            Flag.OTHER_OWNER,
            Point.INSTANCE,
            {"message": tagged(theirs, receiver)},
        )
    for layout in (layouts.IDENTITY, layouts.AUTH_R, layouts.AUTH_I, layouts.NON_INTERACTIVE_AUTH):
        made = Codec(layout).write(_values(layout) | {"sender": theirs, "receiver": 0})
        name = f"receiver-zero.{layout.name}"
        if layout is layouts.IDENTITY:
            group.valid(
                name, "an Identity Message for any client", Flag.BOUNDARY, {"message": made}
            )
        else:
            group.fault(
                name,
                f"a {layout.title} for no client in particular",
                Flag.BOUNDARY,
                Point.INSTANCE,
                {"message": made},
            )
    return group
