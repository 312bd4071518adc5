"""Client profiles, prekey profiles and prekey ensembles."""

from __future__ import annotations

import struct
from hashlib import sha256
from typing import TYPE_CHECKING, Final, cast

from otr_conformance.vectors.encodings import encoding_faults, slug
from otr_conformance.vectors.kinds import Flag, Group
from otr_model.kernel.vocabulary import Point
from otr_model.otrv4 import layouts
from otr_reference import ed448
from otr_reference.codec import Codec, SequenceCodec, Value
from otr_reference.keys import dsa
from otr_reference.otrv4 import wire

from .material import (
    ALICE,
    BAD_POINTS,
    BOB,
    DAY,
    NOW,
    SUITE,
    TAGS,
    Q,
    bad_elements,
    dh,
    dsa_key,
    ecdh,
    long_term,
    octets,
    profile_octets,
    seed,
)
from .operations import OPERATIONS

if TYPE_CHECKING:
    from otr_conformance.vectors.kinds import Value as Given

__all__ = ["profiles"]

_MINIMAL: Final = "otrv4.ambiguity:minimal-mpi"


def profiles() -> tuple[Group, ...]:
    """Client profiles, prekey profiles and ensembles."""
    return (
        _read_client(),
        _read_transition(),
        _read_prekey(),
        _client(),
        _transition(),
        _ensemble(),
    )


def _records(value: bytes) -> list[bytes]:
    """The fields of a client profile, each with its type."""
    codec = SequenceCodec(layouts.CLIENT_PROFILE.fields[0])
    return [value[each.start : each.end] for each in codec.records(value)]


def _bundle(records: list[bytes], count: int | None = None) -> bytes:
    """Fields, and how many there are."""
    return struct.pack(">I", len(records) if count is None else count) + b"".join(records)


def _signed(body: bytes, who: str = ALICE) -> bytes:
    """A body and its signature."""
    return body + ed448.sign(seed(f"sym_h of {who}"), body)


_FIELD_NAMES: Final = (
    "owner",
    "public-key",
    "forging-key",
    "versions",
    "expiration",
    "dsa-key",
    "transition",
)


def _read_client() -> Group:
    example = profile_octets(ALICE)
    group = _read_group("client-profile", example, "a client profile without a DSA key")
    _client_fields(group, example)
    return group


def _read_transition() -> Group:
    example = profile_octets(ALICE, dsa=True)
    group = _read_group("client-profile.dsa", example, "a client profile with a DSA key")
    _client_fields(group, example)
    return group


def _read_group(name: str, example: bytes, about: str) -> Group:
    return Group(
        name,
        OPERATIONS["read-client-profile"],
        about,
        "Client Profile Data Type",
        {"profile": example},
        (layouts.CLIENT_PROFILE.id,),
    )


def _client_fields(group: Group, example: bytes) -> None:
    """Encodings of a client profile; signatures are not looked at."""
    group.valid("whole", "nothing is wrong with it")
    records, signature = _records(example), example[-114:]
    place = 4
    for name, record, option in zip(
        _FIELD_NAMES, records, layouts.PROFILE_FIELDS.values(), strict=False
    ):
        inner = Group("inner", OPERATIONS["profile-field"], "", "", {"record": record})
        encoding_faults(inner, option.layout, 4, record, takes="record", minimal=_MINIMAL)
        for vector in inner.vectors:
            made = vector.takes["record"]
            if vector.name.startswith("end.") or not isinstance(made, bytes):
                continue
            whole = example[:place] + made + example[place + len(record) :]
            cut = example[:place] + made if vector.flags[0] is Flag.CUT_SHORT else whole
            outcome = group.operation.outcome({"profile": cut})
            taken = [each.takes.get("profile") for each in group.vectors]
            if not isinstance(outcome, dict) and cut not in taken:
                group.fault(
                    f"{name}.{vector.name}",
                    vector.about,
                    vector.flags[0],
                    Point.ENCODING,
                    {"profile": cut},
                    ambiguity=vector.ambiguity,
                    answers=vector.answers,
                )
        place += len(record)
    _client_records(group, records, signature)


def _client_records(group: Group, records: list[bytes], signature: bytes) -> None:
    """Whole fields that are missing, doubled, or in another order."""
    required = 5
    names = _FIELD_NAMES[: len(records)]
    fields = "otrv4.ambiguity:profile-fields"
    for place, name in enumerate(names):
        rest = [*records[:place], *records[place + 1 :]]
        about = f"the field {name} is missing, and the count says so"
        made = _bundle(rest) + signature
        if place < required:
            group.fault(
                f"{name}.missing-field", about, Flag.LEFT_OUT, Point.ENCODING, {"profile": made}
            )
        else:
            group.valid(f"{name}.missing-field", about, Flag.LEFT_OUT, {"profile": made})
        made = _bundle([*records, records[place]]) + signature
        about = f"the field {name} is there twice"
        group.fault(
            f"{name}.twice-field",
            about,
            Flag.TWICE,
            Point.ENCODING,
            {"profile": made},
            ambiguity=fields,
        )
        made = _bundle([records[place], *rest]) + signature
        if place:
            group.valid(
                f"{name}.first",
                f"the field {name} comes first: any order is legal",
                Flag.ORDER,
                {"profile": made},
            )
    group.valid(
        "order.reversed",
        "the fields are in the other order",
        Flag.ORDER,
        {"profile": _bundle(records[::-1]) + signature},
    )
    for count in sorted({0, 1, len(records) - 1, len(records) + 1, 8, 0x80000000, 0xFFFFFFFF}):
        about = f"the count is {count}, and there are {len(records)}"
        group.fault(
            f"count.{count:#x}",
            about,
            Flag.LENGTH,
            Point.ENCODING,
            {"profile": _bundle(records, count) + signature},
        )
    for kind in (0x0000, 0x0008, 0x0100, 0xFFFF):
        made = _bundle([*records, struct.pack(">H", kind) + b"\0\0\0\0"]) + signature
        about = "a field of a type that nobody knows is added"
        group.fault(
            f"unknown.{kind:#06x}",
            about,
            Flag.CONSTANT,
            Point.ENCODING,
            {"profile": made},
            ambiguity=fields,
        )
    for name, about, versions in (
        ("4", "version 4 alone", b"4"),
        ("3-4", "versions 3 and 4", b"34"),
        ("reversed", "versions 4 and 3", b"43"),
        ("none", "no version", b""),
        ("twice", "version 4 twice", b"44"),
        ("letters", "a letter beside it", b"4x"),
        ("5", "a version that does not exist", b"5"),
        ("octet-4", "the octet 4 is no digit", b"\4"),
    ):
        made = _bundle(
            [*records[:3], b"\0\4" + struct.pack(">I", len(versions)) + versions, *records[4:]]
        )
        if made + signature != group.takes["profile"]:
            group.valid(f"versions.{name}", about, Flag.TEXT_FORM, {"profile": made + signature})
    for name, about, moment in (
        ("zero", "1970", 0),
        ("negative", "before 1970", -1),
        ("least", "the least number", -(1 << 63)),
        ("most", "the largest number", (1 << 63) - 1),
        ("32-bits", "2106", 1 << 32),
    ):
        made = _bundle([*records[:4], b"\0\5" + struct.pack(">q", moment), *records[5:]])
        group.valid(
            f"expiration.{name}",
            f"it expires: {about}",
            Flag.BOUNDARY,
            {"profile": made + signature},
        )
    body = _bundle(records)
    for name, about, made in (
        ("missing", "there is no signature", body),
        ("cut-short", "the signature lacks its last octet", body + signature[:-1]),
        ("octet-follows", "an octet follows the signature", body + signature + b"\0"),
        ("twice", "the signature is there twice", body + signature * 2),
        ("first", "the signature comes first", signature + body),
    ):
        group.fault(f"signature.{name}", about, Flag.CUT_SHORT, Point.ENCODING, {"profile": made})
    group.fault("nothing", "there is nothing at all", Flag.EMPTY, Point.ENCODING, {"profile": b""})


def _prekey_example(who: str = ALICE, **changed: int) -> bytes:
    """A prekey profile of somebody."""
    shared = ecdh(f"shared prekey of {who}").public
    held = {"owner_tag": TAGS[who], "expiration": NOW + 7 * DAY} | changed
    made = SUITE.prekey_profile(long_term(who), held["owner_tag"], shared, held["expiration"])
    return wire.encode_prekey_profile(made)


def _read_prekey() -> Group:
    example = _prekey_example()
    group = Group(
        "prekey-profile",
        OPERATIONS["read-prekey-profile"],
        "a prekey profile",
        "Prekey Profile Data Type",
        {"profile": example},
        (layouts.PREKEY_PROFILE.id,),
    )
    group.valid("whole", "nothing is wrong with it")
    encoding_faults(group, layouts.PREKEY_PROFILE, 4, example, takes="profile")
    for kind in (0x0010, 0x0012, 0x0000, 0xFFFF):
        made = example[:12] + struct.pack("<H", kind) + example[14:]
        about = "the key is of another type"
        group.fault(
            f"key-type.{kind:#06x}", about, Flag.CONSTANT, Point.ENCODING, {"profile": made}
        )
    made = example[:12] + b"\x00\x11" + example[14:]
    group.fault(
        "key-type.big-endian",
        "the type is in the other order of octets",
        Flag.ORDER,
        Point.ENCODING,
        {"profile": made},
    )
    for name, about, moment in (
        ("zero", "1970", 0),
        ("negative", "before 1970", -1),
        ("most", "the largest number", (1 << 63) - 1),
    ):
        made = example[:4] + struct.pack(">q", moment) + example[12:]
        group.valid(f"expiration.{name}", f"it expires: {about}", Flag.BOUNDARY, {"profile": made})
    return group


def _client() -> Group:
    """Section "Validating a Client Profile"."""
    example = profile_octets(ALICE)
    group = Group(
        "client-profile.validity",
        OPERATIONS["check-client-profile"],
        "a client profile of Alice's",
        "Validating a Client Profile",
        {"profile": example, "sender": TAGS[ALICE], "now": NOW},
        tuple(
            f"otrv4.check:profile-{each}"
            for each in ("signed", "owner", "fresh", "versions", "key", "forging-key")
        ),
    )
    group.valid("good", "nothing is wrong with it")
    records, body, signature = _records(example), example[:-114], example[-114:]
    _signatures(group, body, signature)
    owner = "otrv4.check:profile-owner"
    for tag in (0, 0xFF, 0x100, TAGS[BOB], TAGS[ALICE] + 1, 0xFFFFFFFF):
        made = _signed(_bundle([b"\0\1" + struct.pack(">I", tag), *records[1:]]))
        group.fault(
            f"owner.{tag:#x}",
            "it is of another client, and signed",
            Flag.OTHER_OWNER,
            Point.INSTANCE,
            {"profile": made},
            check=owner,
        )
    group.fault(
        "sender.other",
        "another client sends it",
        Flag.OTHER_OWNER,
        Point.INSTANCE,
        {"sender": TAGS[BOB]},
        check=owner,
    )
    fresh = "otrv4.check:profile-fresh"
    end = NOW + 7 * DAY
    group.valid(
        "now.last-second", "the last second before it expires", Flag.BOUNDARY, {"now": end - 1}
    )
    group.fault(
        "now.expired",
        "one second after it has expired",
        Flag.EXPIRED,
        Point.EXPIRATION,
        {"now": end + 1},
        check=fresh,
    )
    group.fault(
        "now.expires",
        "the second in which it expires",
        Flag.BOUNDARY,
        Point.EXPIRATION,
        {"now": end},
        check=fresh,
        ambiguity="otrv4.ambiguity:profile-expires",
    )
    for name, moment in (
        ("zero", 0),
        ("negative", -1),
        ("least", -(1 << 63)),
        ("second-before", NOW - 1),
    ):
        made = _signed(_bundle([*records[:4], b"\0\5" + struct.pack(">q", moment)]))
        group.fault(
            f"expiration.{name}",
            f"it expires at {moment}, and is signed",
            Flag.EXPIRED,
            Point.EXPIRATION,
            {"profile": made},
            check=fresh,
        )
    for name, moment in (
        ("most", (1 << 63) - 1),
        ("sign-bit", 1 << 62),
        ("32-bits", 1 << 32),
        ("signed-32-bits", 1 << 31),
    ):
        made = _signed(_bundle([*records[:4], b"\0\5" + struct.pack(">q", moment)]))
        group.valid(
            f"expiration.{name}", f"it expires at {moment}", Flag.BOUNDARY, {"profile": made}
        )
    for name, versions in (
        ("none", b""),
        ("3", b"3"),
        ("5", b"5"),
        ("octet-4", b"\4"),
        ("letter", b"x"),
    ):
        made = _signed(
            _bundle(
                [*records[:3], b"\0\4" + struct.pack(">I", len(versions)) + versions, *records[4:]]
            )
        )
        group.fault(
            f"versions.{name}",
            "it does not offer version 4, and is signed",
            Flag.CONSTANT,
            Point.VERSION,
            {"profile": made},
            check="otrv4.check:profile-versions",
        )
    for name, versions in (
        ("34", b"34"),
        ("43", b"43"),
        ("4x", b"4x"),
        ("44", b"44"),
        ("14", b"14"),
    ):
        made = _signed(
            _bundle(
                [*records[:3], b"\0\4" + struct.pack(">I", len(versions)) + versions, *records[4:]]
            )
        )
        group.valid(f"versions.{name}", "version 4 and more", Flag.TEXT_FORM, {"profile": made})
    for name, (about, point) in BAD_POINTS.items():
        made = _signed(_bundle([*records[:2], b"\0\3\x12\0" + point, *records[3:]]))
        group.fault(
            f"forging-key.{name}",
            f"the forging key is {about}, and signed",
            _point_flag(name),
            Point.RANGE,
            {"profile": made},
            check="otrv4.check:profile-forging-key",
        )
    weak = _bundle([records[0], b"\0\2\x10\0" + bytes(57), *records[2:]])
    made = weak + ed448.BASE.encode() + ed448.encode_scalar(1)
    group.fault(
        "public-key.order-4",
        "the public key is of order 4: a signature of nobody's verifies",
        Flag.SMALL_ORDER,
        Point.RANGE,
        {"profile": made},
        check="otrv4.check:profile-key",
    )
    group.valid(
        "order.reversed",
        "the fields are in the other order, and signed so",
        Flag.ORDER,
        {"profile": _signed(_bundle(records[::-1]))},
    )
    group.valid(
        "forging-key.is-public-key",
        "both keys are the same",
        Flag.TWICE,
        {"profile": _signed(_bundle([*records[:2], b"\0\3\x12\0" + records[1][4:], *records[3:]]))},
    )
    return group


def _point_flag(name: str) -> Flag:
    """What is wrong with a point."""
    return Flag.SMALL_ORDER if "order" in name or name == "identity" else Flag.NON_CANONICAL


def _signatures(group: Group, body: bytes, signature: bytes) -> None:
    """Signatures of a client profile that do not fit."""
    check = "otrv4.check:profile-signed"
    r, s = signature[:57], signature[57:]
    number = int.from_bytes(s, "little")
    bob = ed448.sign(seed(f"sym_h of {BOB}"), body)
    sign = seed(f"sym_h of {ALICE}")
    wrong: dict[str, tuple[str, Flag, bytes]] = {
        "first-bit": ("the first bit of R differs", Flag.ALTERED, bytes((r[0] ^ 1, *r[1:])) + s),
        "last-bit": (
            "the last bit of S differs",
            Flag.ALTERED,
            r + s[:-1] + bytes((s[-1] ^ 0x80,)),
        ),
        "sign-of-r": (
            "the sign of x of R differs",
            Flag.ALTERED,
            r[:-1] + bytes((r[-1] ^ 0x80,)) + s,
        ),
        "s-and-q": ("q is added to S", Flag.UNREDUCED, r + (number + Q).to_bytes(57, "little")),
        "s-zero": ("S is 0", Flag.ZERO, r + bytes(57)),
        "s-negative": ("S is q less S", Flag.ALTERED, r + (Q - number).to_bytes(57, "little")),
        "all-zero": ("it is all zeros", Flag.ZERO, bytes(114)),
        "exchanged": ("R and S are exchanged", Flag.EXCHANGED, s + r),
        "by-bob": ("Bob signed it", Flag.OTHER_KEY, bob),
        "without-count": (
            "the number of fields is not signed",
            Flag.DOMAIN,
            ed448.sign(sign, body[4:]),
        ),
        "hashed": (
            "a hash of the body is signed",
            Flag.DOMAIN,
            ed448.sign(sign, octets("hash", 64)),
        ),
        "of-nothing": ("nothing is signed", Flag.EMPTY, ed448.sign(sign, b"")),
        "with-octet": ("an octet more is signed", Flag.TRAILING, ed448.sign(sign, body + b"\0")),
    }
    for name, (about, flag, made) in wrong.items():
        group.fault(
            f"signature.{name}", about, flag, Point.SIGNATURE, {"profile": body + made}, check=check
        )
    records = _records(body + signature)
    other = _records(profile_octets(BOB))
    for place, name in enumerate(_FIELD_NAMES[: len(records)]):
        if name == "versions":
            made = records[place][:-1] + b"5"
        elif name == "expiration":
            made = records[place][:-1] + bytes((records[place][-1] ^ 1,))
        else:
            made = other[place]
        whole = _bundle([*records[:place], made, *records[place + 1 :]]) + signature
        group.fault(
            f"altered.{name}",
            f"the field {name} was changed after signing",
            Flag.ALTERED,
            Point.SIGNATURE,
            {"profile": whole},
            check=check,
        )
    whole = _bundle([records[1], records[0], *records[2:]]) + signature
    group.fault(
        "altered.order",
        "two fields changed places after signing",
        Flag.ORDER,
        Point.SIGNATURE,
        {"profile": whole},
        check=check,
    )


def _transition() -> Group:
    """Profiles with a DSA key."""
    example = profile_octets(ALICE, dsa=True)
    group = Group(
        "client-profile.transition",
        OPERATIONS["check-client-profile"],
        "a client profile with a DSA key and a transitional signature",
        "Validating a Client Profile",
        {"profile": example, "sender": TAGS[ALICE], "now": NOW},
        ("otrv4.check:profile-transition",),
    )
    group.valid("good", "nothing is wrong with it")
    records = _records(example)
    key, mark = records[5], records[6]
    r, s = mark[2:22], mark[22:]
    q = dsa_key(ALICE).public.q

    def resigned(transitional: bytes) -> bytes:
        return _signed(_bundle([*records[:6], mark[:2] + transitional]))

    def dsa_signed(data: bytes, who: str = ALICE) -> bytes:
        return dsa.sign(dsa_key(who), sha256(data).digest(), b"")

    fields = b"".join(records[:6])
    wrong = {
        "last-bit": ("its last bit differs", Flag.ALTERED, r + s[:-1] + bytes((s[-1] ^ 1,))),
        "r-zero": ("r is 0", Flag.ZERO, bytes(20) + s),
        "s-zero": ("s is 0", Flag.ZERO, r + bytes(20)),
        "s-q": ("s is q", Flag.BOUNDARY, r + q.to_bytes(20, "big")),
        "exchanged": ("r and s are exchanged", Flag.EXCHANGED, s + r),
        "by-bob": ("Bob signed it", Flag.OTHER_KEY, dsa_signed(fields, BOB)),
        "with-count": (
            "the number of fields is signed",
            Flag.DOMAIN,
            dsa_signed(struct.pack(">I", 7) + fields),
        ),
        "without-key": (
            "the DSA key is not signed",
            Flag.LEFT_OUT,
            dsa_signed(b"".join(records[:5])),
        ),
        "not-hashed": (
            "the first 32 octets are signed unhashed",
            Flag.DOMAIN,
            dsa.sign(dsa_key(ALICE), fields[:32], b""),
        ),
    }
    optional = "otrv4.ambiguity:transition-optional"
    for name, (about, flag, made) in wrong.items():
        group.fault(
            f"transition.{name}",
            f"the transitional signature: {about}",
            flag,
            Point.SIGNATURE,
            {"profile": resigned(made)},
            check="otrv4.check:profile-transition",
            ambiguity=optional,
        )
    bob = b"\0\6" + dsa.encode_public(dsa_key(BOB).public)
    made = _signed(_bundle([*records[:5], bob, mark]))
    group.fault(
        "dsa-key.other",
        "the DSA key is Bob's",
        Flag.OTHER_KEY,
        Point.SIGNATURE,
        {"profile": made},
        check="otrv4.check:profile-transition",
        ambiguity=optional,
    )
    made = _signed(_bundle(records[:6]))
    group.fault(
        "transition.missing",
        "there is a DSA key and no transitional signature",
        Flag.LEFT_OUT,
        Point.SIGNATURE,
        {"profile": made},
        check="otrv4.check:profile-transition",
        ambiguity=optional,
    )
    group.valid(
        "dsa-key.missing",
        "there is a transitional signature and no DSA key",
        Flag.LEFT_OUT,
        {"profile": _signed(_bundle([*records[:5], mark]))},
        ambiguity=optional,
    )
    group.valid(
        "neither",
        "neither of them is there",
        Flag.LEFT_OUT,
        {"profile": _signed(_bundle(records[:5]))},
    )
    changed = b"".join([key, *records[:5]])
    made = _signed(_bundle([key, *records[:5], mark[:2] + dsa_signed(changed)]))
    group.valid(
        "order",
        "the DSA key comes first, and is signed so",
        Flag.ORDER,
        {"profile": made},
        ambiguity="otrv4.ambiguity:transition-signed",
    )
    return group


def _prekey_message(
    owner: int = TAGS[ALICE], y: bytes | None = None, b: int | None = None
) -> bytes:
    """A prekey message of Alice's."""
    values: dict[str, Value] = {
        "identifier": 0x01020304,
        "owner_tag": owner,
        "y": y or SUITE.to_bytes(ecdh("prekey").public),
        "b": SUITE.to_int(dh("prekey").public) if b is None else b,
    }
    return Codec(layouts.PREKEY).write(values)


def _ensemble() -> Group:
    """Section "Validating Prekey Ensembles"."""
    takes: dict[str, Given] = {
        "client profile": profile_octets(ALICE),
        "prekey profile": _prekey_example(),
        "prekey message": _prekey_message(),
        "now": NOW,
    }
    group = Group(
        "ensemble",
        OPERATIONS["check-ensemble"],
        "a prekey ensemble of Alice's",
        "Validating Prekey Ensembles",
        takes,
        ("otrv4.check:ensemble-owners",),
    )
    group.valid("good", "nothing is wrong with it")
    bob, other = TAGS[BOB], TAGS[ALICE] + 1
    owners = "otrv4.check:ensemble-owners"
    for name, about, changed in (
        ("client.bob", "the client profile is Bob's", {"client profile": profile_octets(BOB)}),
        ("prekey.bob", "the prekey profile is Bob's", {"prekey profile": _prekey_example(BOB)}),
        (
            "prekey.other",
            "the prekey profile is that of another client of Alice's",
            {"prekey profile": _prekey_example(owner_tag=other)},
        ),
        ("message.bob", "the prekey message is Bob's", {"prekey message": _prekey_message(bob)}),
        (
            "message.other",
            "the prekey message is that of another client",
            {"prekey message": _prekey_message(other)},
        ),
        ("message.zero", "the prekey message has tag 0", {"prekey message": _prekey_message(0)}),
    ):
        group.fault(f"owner.{name}", about, Flag.OTHER_OWNER, Point.INSTANCE, changed, check=owners)
    low = {
        "prekey profile": _prekey_example(owner_tag=0xFF),
        "prekey message": _prekey_message(0xFF),
    }
    records = _records(
        takes["client profile"] if isinstance(takes["client profile"], bytes) else b""
    )
    low["client profile"] = _signed(_bundle([b"\0\1" + struct.pack(">I", 0xFF), *records[1:]]))
    group.fault(
        "owner.below",
        "all have the tag 0xff, which is too small",
        Flag.BOUNDARY,
        Point.INSTANCE,
        low,
        check=owners,
    )
    client, prekey = cast("bytes", takes["client profile"]), cast("bytes", takes["prekey profile"])
    altered = client[:-1] + bytes((client[-1] ^ 0x80,))
    group.fault(
        "client.signature",
        "the signature of the client profile is wrong",
        Flag.ALTERED,
        Point.SIGNATURE,
        {"client profile": altered},
        field="Client Profile Signature",
        check="otrv4.check:profile-signed",
    )
    _prekey_signatures(group, prekey)
    end = NOW + 7 * DAY
    late = {
        "client profile": _signed(
            _bundle([*records[:4], b"\0\5" + struct.pack(">q", NOW + 99 * DAY)])
        )
    }
    early = {"prekey profile": _prekey_example(expiration=NOW + 99 * DAY)}
    fresh = "otrv4.check:prekey-profile-fresh"
    group.fault(
        "now.client-expired",
        "the client profile has expired",
        Flag.EXPIRED,
        Point.EXPIRATION,
        {"now": end + 1, **early},
        field="Expiration",
        check="otrv4.check:profile-fresh",
    )
    group.fault(
        "now.prekey-expired",
        "the prekey profile has expired",
        Flag.EXPIRED,
        Point.EXPIRATION,
        {"now": end + 1, **late},
        field="Prekey Profile Expiration",
        check=fresh,
    )
    group.fault(
        "now.prekey-expires",
        "the second in which the prekey profile expires",
        Flag.BOUNDARY,
        Point.EXPIRATION,
        {"now": end, **late},
        check=fresh,
        ambiguity="otrv4.ambiguity:profile-expires",
    )
    group.valid("now.last-second", "the last second of both", Flag.BOUNDARY, {"now": end - 1})
    for name, moment in (("zero", 0), ("negative", -1), ("second-before", NOW - 1)):
        group.fault(
            f"expiration.{name}",
            f"the prekey profile expires at {moment}",
            Flag.EXPIRED,
            Point.EXPIRATION,
            {"prekey profile": _prekey_example(expiration=moment)},
            check=fresh,
        )
    for name, (about, point) in BAD_POINTS.items():
        flag = _point_flag(name)
        made = SUITE.prekey_profile(
            long_term(ALICE), TAGS[ALICE], SUITE.point(point), NOW + 7 * DAY
        )
        group.fault(
            f"shared-prekey.{name}",
            f"the shared prekey is {about}, and signed",
            flag,
            Point.RANGE,
            {"prekey profile": wire.encode_prekey_profile(made)},
            field="Public Shared Prekey",
            check="otrv4.check:shared-prekey-point",
        )
        group.fault(
            f"y.{name}",
            f"Y is {about}",
            flag,
            Point.RANGE,
            {"prekey message": _prekey_message(y=point)},
            field="Y",
            check="otrv4.check:prekey-ecdh-point",
        )
    for name, (about, number) in bad_elements().items():
        group.fault(
            f"b.{name}",
            f"B is {about}",
            Flag.BOUNDARY,
            Point.RANGE,
            {"prekey message": _prekey_message(b=number)},
            field="B",
            check="otrv4.check:prekey-dh-member",
        )
    for name in ("client profile", "prekey profile", "prekey message"):
        part = cast("bytes", takes[name])
        group.fault(
            f"{slug(name)}.cut-short",
            f"the {name} lacks its last octet",
            Flag.CUT_SHORT,
            Point.ENCODING,
            {name: part[:-1]},
        )
        group.fault(
            f"{slug(name)}.empty", f"there is no {name}", Flag.EMPTY, Point.ENCODING, {name: b""}
        )
        group.fault(
            f"{slug(name)}.octet-follows",
            f"an octet follows the {name}",
            Flag.TRAILING,
            Point.ENCODING,
            {name: part + b"\0"},
        )
    return group


def _prekey_signatures(group: Group, prekey: bytes) -> None:
    """Signatures of a prekey profile that do not fit."""
    check = "otrv4.check:prekey-profile-signed"
    body, signature = prekey[:-114], prekey[-114:]
    number = int.from_bytes(signature[57:], "little")
    sign = seed(f"sym_h of {ALICE}")
    wrong = {
        "last-bit": (
            "its last bit differs",
            Flag.ALTERED,
            body + signature[:-1] + bytes((signature[-1] ^ 0x80,)),
        ),
        "first-bit": (
            "its first bit differs",
            Flag.ALTERED,
            body + bytes((signature[0] ^ 1, *signature[1:])),
        ),
        "s-and-q": (
            "q is added to S",
            Flag.UNREDUCED,
            body + signature[:57] + (number + Q).to_bytes(57, "little"),
        ),
        "all-zero": ("it is all zeros", Flag.ZERO, body + bytes(114)),
        "by-bob": (
            "Bob signed it",
            Flag.OTHER_KEY,
            body + ed448.sign(seed(f"sym_h of {BOB}"), body),
        ),
        "without-type": (
            "the key is signed without its type",
            Flag.DOMAIN,
            body + ed448.sign(sign, body[:12] + body[14:]),
        ),
        "expiration": (
            "the expiration was changed after signing",
            Flag.ALTERED,
            body[:11] + bytes((body[11] ^ 1,)) + body[12:] + signature,
        ),
        "shared-prekey": (
            "the shared prekey was changed after signing",
            Flag.ALTERED,
            body[:14] + SUITE.to_bytes(ecdh("other").public) + signature,
        ),
    }
    for name, (about, flag, made) in wrong.items():
        group.fault(
            f"prekey-signature.{name}",
            f"the signature of the prekey profile: {about}",
            flag,
            Point.SIGNATURE,
            {"prekey profile": made},
            field="Prekey Profile Signature",
            check=check,
        )
