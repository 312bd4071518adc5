"""Public keys and their fingerprints, and signatures on M."""

from __future__ import annotations

import struct
from hashlib import sha1, sha256
from typing import Final

from otr_conformance.vectors.encodings import encoding_faults
from otr_conformance.vectors.kinds import Flag, Group
from otr_model.kernel.vocabulary import Point
from otr_model.otrv3 import layouts
from otr_reference.keys import dsa

from .material import ALICE, BOB, dsa_key, octets
from .operations import OPERATIONS

__all__ = ["long_term_keys"]

_TRAILING: Final = "otrv3.ambiguity:trailing-bytes"
_MINIMAL: Final = "otrv3.ambiguity:minimal-mpi"


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
