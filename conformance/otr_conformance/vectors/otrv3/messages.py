"""Encoded messages of versions 2 and 3, what is inside of them, and public keys."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from otr_conformance.vectors.encodings import FREE_TAIL, HEADER_SHIFTS, encoding_faults, slug
from otr_conformance.vectors.kinds import Flag, Group
from otr_model.kernel.vocabulary import Point
from otr_model.otrv3 import layouts
from otr_reference.codec import Codec, Value
from otr_reference.keys import dsa

from .material import ALICE, BOB, SUITE, TAGS, P, dsa_key, octets, pair
from .operations import OPERATIONS

if TYPE_CHECKING:
    from otr_model.kernel.layout import Layout

__all__ = ["contents", "long_term_keys", "messages"]

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


# --- What data messages say -------------------------------------------------------------------


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


# --- Public keys ------------------------------------------------------------------------------


def long_term_keys() -> tuple[Group, ...]:
    """PUBKEY and fingerprints, and signatures."""
    return (_public_key(), _signatures())


def _public_key() -> Group:
    example = dsa.encode_public(dsa_key(ALICE).public)
    group = Group(
        "pubkey",
        OPERATIONS["read-public-key"],
        "a DSA key",
        layouts.PUBKEY.section,
        {"public key": example},
        (layouts.PUBKEY.id, layouts.FINGERPRINT.id),
    )
    group.valid("whole", "nothing is wrong with it")
    encoding_faults(
        group,
        layouts.PUBKEY,
        3,
        example,
        takes="public key",
        skip=frozenset({"pubkey-type.left-out"}),
        minimal=_MINIMAL,
    )
    for kind in (0x0001, 0x0010, 0x0100, 0xFFFF):
        made = struct.pack(">H", kind) + example[2:]
        group.fault(
            f"pubkey-type.{kind:#06x}",
            "a type that is not DSA's",
            Flag.CONSTANT,
            Point.ENCODING,
            {"public key": made},
        )
    public = dsa_key(ALICE).public
    for name, about, change in (
        ("q.short", "q has 19 octets", public.q >> 8),
        ("q.long", "q has 21 octets", public.q << 8),
        ("q.32-octets", "q has 32 octets, as in newer keys", public.q << 96),
    ):
        made = dsa.encode_public(dsa.DsaPublic(public.p, change, public.g, public.y))
        group.fault(name, about, Flag.SIZE, Point.ENCODING, {"public key": made})
    for label in (BOB, "carol"):
        group.valid(
            f"key-of-{label}",
            "another key of the same parameters",
            Flag.NORMAL,
            {"public key": dsa.encode_public(dsa_key(label).public)},
        )
    odd = "otrv3.ambiguity:dsa-parameters"
    for name, about, y, ambiguity in (
        ("y.high-bit", "the first octet of y is 0x80", 0x80 << 8 * 127, ""),
        ("y.short", "y has 127 octets", 0xFF << 8 * 126, ""),
        ("y.one", "y is 1, which is no public key", 1, odd),
        ("y.zero", "y is 0, which is no public key", 0, odd),
    ):
        made = dsa.encode_public(dsa.DsaPublic(public.p, public.q, public.g, y))
        group.valid(
            name,
            about,
            Flag.BOUNDARY,
            {"public key": made},
            ambiguity=ambiguity,
        )
    return group


def _signatures() -> Group:
    key = dsa_key(ALICE)
    q = key.public.q
    public, value = dsa.encode_public(key.public), octets("m", 32)
    signature = dsa.sign(key, value, octets("nonce", 32))
    r, s = signature[:20], signature[20:]
    group = Group(
        "dsa",
        OPERATIONS["verify"],
        "a signature on 32 octets",
        layouts.PUBKEY.section,
        {"public key": public, "m": value, "signature": signature},
        (layouts.IDENTITY.field_id(layouts.IDENTITY.fields[2]),),
    )
    group.valid("good", "nothing is wrong with it")
    for name, about, number in (
        ("m.zero", "M is 0", 0),
        ("m.one", "M is 1", 1),
        ("m.q", "M is q, which is 0 modulo q", q),
        ("m.q-and-one", "M is one more than q", q + 1),
        ("m.largest", "the largest M", (1 << 256) - 1),
        ("m.160-bits", "only the low 160 bits of M are set", (1 << 160) - 1),
        ("m.high-bits", "only the high 96 bits of M are set", (1 << 256) - (1 << 160)),
        (
            "m.leading-zeros",
            "M begins with 16 zero octets",
            int.from_bytes(octets("low", 16), "big"),
        ),
        (
            "m.trailing-zeros",
            "M ends with 16 zero octets",
            int.from_bytes(octets("h", 16), "big") << 128,
        ),
    ):
        m = number.to_bytes(32, "big")
        signed = dsa.sign(key, m, b"")
        group.valid(name, about, Flag.BOUNDARY, {"m": m, "signature": signed})
    same = ((int.from_bytes(value, "big") + q) % (1 << 256)).to_bytes(32, "big")
    if int.from_bytes(same, "big") % q == int.from_bytes(value, "big") % q:
        group.valid("m.and-q", "q is added to M: equal modulo q", Flag.UNREDUCED, {"m": same})
    leftmost = int.from_bytes(value[:20], "big").to_bytes(32, "big")
    group.fault(
        "signature.leftmost",
        "it signs the leftmost 160 bits of M, as FIPS 186 has it",
        Flag.DOMAIN,
        Point.SIGNATURE,
        {"signature": dsa.sign(key, leftmost, b"")},
    )
    from hashlib import sha1, sha256  # noqa: PLC0415 - for these alone

    for name, made in (
        ("sha1", sha1(value, usedforsecurity=False).digest()),
        ("sha256", sha256(value).digest()),
    ):
        group.fault(
            f"signature.{name}",
            f"M is hashed with {name} before it is signed",
            Flag.DOMAIN,
            Point.SIGNATURE,
            {"signature": dsa.sign(key, made, b"")},
        )
    bits = {"first": 0, "last": 31}
    for name, place in bits.items():
        changed = bytearray(value)
        changed[place] ^= 1 if place else 0x80
        group.fault(
            f"m.{name}-bit",
            f"the {name} bit of M differs",
            Flag.ALTERED,
            Point.SIGNATURE,
            {"m": bytes(changed)},
        )
    top = q.to_bytes(20, "big")
    cases = {
        "r.zero": ("r is 0", Flag.ZERO, bytes(20) + s),
        "r.one": ("r is 1", Flag.BOUNDARY, bytes(19) + b"\1" + s),
        "r.q": ("r is q", Flag.BOUNDARY, top + s),
        "r.largest": ("r is the largest number of 20 octets", Flag.BOUNDARY, b"\xff" * 20 + s),
        "r.altered": ("the last bit of r differs", Flag.ALTERED, r[:-1] + bytes((r[-1] ^ 1,)) + s),
        "s.zero": ("s is 0", Flag.ZERO, r + bytes(20)),
        "s.one": ("s is 1", Flag.BOUNDARY, r + bytes(19) + b"\1"),
        "s.q": ("s is q", Flag.BOUNDARY, r + top),
        "s.largest": ("s is the largest number of 20 octets", Flag.BOUNDARY, r + b"\xff" * 20),
        "s.altered": ("the last bit of s differs", Flag.ALTERED, r + s[:-1] + bytes((s[-1] ^ 1,))),
        "both.zero": ("r and s are 0", Flag.ZERO, bytes(40)),
        "both.exchanged": ("r and s are exchanged", Flag.EXCHANGED, s + r),
        "size.empty": ("no signature at all", Flag.EMPTY, b""),
        "size.r-alone": ("there is no s", Flag.CUT_SHORT, r),
        "size.cut-short": ("the last octet is missing", Flag.CUT_SHORT, r + s[:-1]),
        "size.octet-follows": ("an octet follows", Flag.TRAILING, r + s + b"\0"),
        "size.octet-in-front": ("a zero octet stands in front", Flag.LEADING_ZERO, b"\0" + r + s),
        "size.20-and-21": ("s has a zero octet in front", Flag.LEADING_ZERO, r + b"\0" + s),
    }
    for number, name in ((int.from_bytes(r, "big") + q, "r"), (int.from_bytes(s, "big") + q, "s")):
        if number < 1 << 160:
            made = number.to_bytes(20, "big")
            cases[f"{name}.and-q"] = (
                f"q is added to {name}",
                Flag.UNREDUCED,
                made + s if name == "r" else r + made,
            )
    negative = (q - int.from_bytes(s, "big")).to_bytes(20, "big")
    cases["s.negative"] = ("s is q less s", Flag.ALTERED, r + negative)
    for name, (about, flag, made) in cases.items():
        group.fault(name, about, flag, Point.SIGNATURE, {"signature": made})
    group.fault(
        "key.other",
        "another key of the same parameters",
        Flag.OTHER_KEY,
        Point.SIGNATURE,
        {"public key": dsa.encode_public(dsa_key(BOB).public)},
    )
    for name, about, other in (
        ("key.y-one", "y is 1", dsa.DsaPublic(key.public.p, q, key.public.g, 1)),
        ("key.y-zero", "y is 0", dsa.DsaPublic(key.public.p, q, key.public.g, 0)),
        ("key.g-one", "g is 1", dsa.DsaPublic(key.public.p, q, 1, key.public.y)),
        (
            "key.p-other",
            "p is two less",
            dsa.DsaPublic(key.public.p - 2, q, key.public.g, key.public.y),
        ),
    ):
        group.fault(
            name, about, Flag.ALTERED, Point.SIGNATURE, {"public key": dsa.encode_public(other)}
        )
    return group
