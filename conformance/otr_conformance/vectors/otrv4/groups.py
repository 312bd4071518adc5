"""Points, scalars, DH keys, key pairs and signatures."""

from __future__ import annotations

from typing import Final, cast

from otr_conformance.vectors.kinds import Flag, Group
from otr_model.kernel.vocabulary import Point
from otr_reference import ed448

from .material import (
    ALICE,
    BAD_POINTS,
    BOB,
    PRIME,
    SUITE,
    P,
    Q,
    bad_elements,
    dh,
    ecdh,
    element,
    long_term,
    octets,
    scalar,
    seed,
)
from .operations import OPERATIONS

__all__ = ["groups"]

_BASE: Final = ed448.BASE


def groups() -> tuple[Group, ...]:
    """The curve and the group of integers."""
    return (_points(), _scalars(), _elements(), _pairs(), _signatures())


def _points() -> Group:
    group = Group(
        "point",
        OPERATIONS["check-point"],
        "a public key",
        "Verifying that a point is on the curve",
        {"point": SUITE.to_bytes(ecdh("point").public)},
        ("otrv4.check:ecdh-point",),
    )
    group.valid("public-key", "a public key")
    for name, about, point in (
        ("base", "G", _BASE),
        ("base-negative", "-G", -_BASE),
        ("base-twice", "2 * G", _BASE * 2),
        ("base-four", "4 * G", _BASE * 4),
        ("last-but-one", "(q - 2) * G", _BASE * (Q - 2)),
    ):
        group.valid(name, about, Flag.BOUNDARY, {"point": point.encode()})
    for name, (about, bad) in BAD_POINTS.items():
        flag = Flag.SMALL_ORDER if "order" in name or name == "identity" else Flag.NON_CANONICAL
        group.fault(name, about, flag, Point.RANGE, {"point": bad})
    legal = cast("bytes", group.takes["point"])
    for bit in range(449, 455):
        made = (int.from_bytes(legal, "little") ^ 1 << bit).to_bytes(57, "little")
        group.fault(
            f"bit-{bit}",
            f"bit {bit}, which is not used, is set",
            Flag.NON_CANONICAL,
            Point.RANGE,
            {"point": made},
        )
    for y in (3, 4, 7, 8, 9):
        made = y.to_bytes(57, "little")
        on_curve = _decodes(made)
        about = f"y is {y}: {'not in the subgroup' if on_curve else 'no x belongs to it'}"
        if not SUITE.in_group(SUITE.point(made)):
            flag = Flag.SMALL_ORDER if on_curve else Flag.NON_CANONICAL
            group.fault(f"y-{y}", about, flag, Point.RANGE, {"point": made})
        else:
            group.valid(f"y-{y}", f"y is {y}: in the group", Flag.BOUNDARY, {"point": made})
    for size in (0, 1, 56, 58, 114):
        made = (legal * 2)[:size]
        group.fault(
            f"size-{size}", f"it has {size} octets", Flag.SIZE, Point.RANGE, {"point": made}
        )
    return group


def _decodes(point: bytes) -> bool:
    """Whether octets are a point of the curve."""
    try:
        ed448.decode(point)
    except ValueError:
        return False
    return True


def _scalars() -> Group:
    group = Group(
        "scalar",
        OPERATIONS["read-scalar"],
        "a scalar",
        "Scalar",
        {"scalar": scalar(int.from_bytes(octets("scalar", 55), "little"))},
        ("otrv4.layout:ring-sig",),
    )
    group.valid("ordinary", "below q")
    for name, about, value, flag in (
        ("zero", "0", 0, Flag.ZERO),
        ("one", "1", 1, Flag.BOUNDARY),
        ("q-less-one", "q - 1", Q - 1, Flag.BOUNDARY),
    ):
        group.valid(name, about, flag, {"scalar": scalar(value)})
    for name, about, value in (
        ("q", "q, which is 0", Q),
        ("q-and-one", "q + 1, which is 1", Q + 1),
        ("q-twice", "2 * q, which is 0", 2 * Q),
        ("446-bits", "2 to the power of 446", 1 << 446),
        ("448-bits", "2 to the power of 448", 1 << 448),
        ("last-octet", "only the last octet is set", 0xFF << 448),
        ("all-ones", "all bits are set", (1 << 456) - 1),
        ("pruned", "a pruned private key", (1 << 447) | 4),
    ):
        group.valid(
            name,
            f"{about}, modulo q",
            Flag.UNREDUCED,
            {"scalar": scalar(value)},
            ambiguity="otrv4.ambiguity:scalars",
        )
    for size in (0, 1, 56, 58):
        group.fault(
            f"size-{size}",
            f"it has {size} octets",
            Flag.SIZE,
            Point.ENCODING,
            {"scalar": bytes(size)},
        )
    return group


def _elements() -> Group:
    group = Group(
        "dh-key",
        OPERATIONS["check-dh-key"],
        "a public key",
        "Verifying that an integer is in the DH group",
        {"public": element(dh("prekey").public)},
        ("otrv4.check:dh-member",),
    )
    group.valid("public-key", "a public key")
    for name, about, number in (
        ("two", "2, the generator", 2),
        ("four", "4", 4),
        ("square", "9, which is a square", 9),
        ("half", "the inverse of 2", pow(2, -1, P)),
        ("most", "the largest member that is not above dh_p - 2", _largest()),
    ):
        group.valid(name, about, Flag.BOUNDARY, {"public": element(number)})
    for name, (about, number) in bad_elements().items():
        flag = Flag.SMALL_ORDER if name in {"one", "p-less-one"} else Flag.BOUNDARY
        group.fault(name, about, flag, Point.RANGE, {"public": element(number)})
    for number in (P - 2, P - 4):
        group.fault(
            f"p-less-{P - number}",
            f"dh_p - {P - number}, which is outside of the subgroup",
            Flag.BOUNDARY,
            Point.RANGE,
            {"public": element(number)},
        )
    return group


def _largest() -> int:
    """The largest member."""
    return next(n for n in range(P - 2, 0, -1) if SUITE.in_dh_group(SUITE.element(n)))


def _pairs() -> Group:
    group = Group(
        "key-pair",
        OPERATIONS["key-pair"],
        "57 octets",
        "Public keys, Shared Prekeys, Forging keys and Fingerprints",
        {"sym_key": seed("key pair")},
        ("otrv4.schedule:keypair",),
    )
    group.valid("ordinary", "nothing is odd about them")
    for name, about, value in (
        ("zeros", "all zeros", bytes(57)),
        ("ones", "all bits are set", b"\xff" * 57),
        ("counting", "0 to 56", bytes(range(57))),
        (
            "rfc-8032",
            "the private key of the first test vector of RFC 8032",
            bytes.fromhex(_RFC_8032),
        ),
    ):
        group.valid(name, about, Flag.BOUNDARY, {"sym_key": value})
    for number in range(8):
        group.valid(
            f"more-{number}", "another one", Flag.NORMAL, {"sym_key": seed(f"key pair {number}")}
        )
    return group


_RFC_8032: Final = (
    "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3"
    "528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b"
)


def _signatures() -> Group:
    sign, message = seed(f"sym_h of {ALICE}"), b"what is signed"
    public = SUITE.to_bytes(long_term(ALICE).public)
    good = ed448.sign(sign, message)
    r, s = good[:57], good[57:]
    number = int.from_bytes(s, "little")
    group = Group(
        "ed448",
        OPERATIONS["verify"],
        "a signature on a text",
        "Verify a Client Profile Signature",
        {"public": public, "message": message, "signature": good},
        ("otrv4.check:profile-signed",),
    )
    group.valid("good", "nothing is wrong with it")
    for size in (0, 1, 64, 255, 256, 1000):
        text = octets("text", size)
        group.valid(
            f"message.{size}",
            f"a text of {size} octets",
            Flag.SIZE,
            {"message": text, "signature": ed448.sign(sign, text)},
        )
    wrong = {
        "r.first-bit": ("the first bit of R differs", Flag.ALTERED, bytes((r[0] ^ 1, *r[1:])) + s),
        "r.sign": ("the sign of x of R differs", Flag.ALTERED, r[:-1] + bytes((r[-1] ^ 0x80,)) + s),
        "r.unused-bit": (
            "an unused bit of R is set",
            Flag.NON_CANONICAL,
            r[:-1] + bytes((r[-1] ^ 1,)) + s,
        ),
        "r.identity": ("R is the identity", Flag.SMALL_ORDER, ed448.IDENTITY.encode() + s),
        "r.order-2": ("R is (0, -1)", Flag.SMALL_ORDER, (PRIME - 1).to_bytes(57, "little") + s),
        "r.zeros": ("R is all zeros", Flag.SMALL_ORDER, bytes(57) + s),
        "r.off-curve": ("R is no point", Flag.NON_CANONICAL, b"\2" + bytes(56) + s),
        "r.ones": ("all bits of R are set", Flag.NON_CANONICAL, b"\xff" * 57 + s),
        "r.base": ("R is G", Flag.ALTERED, _BASE.encode() + s),
        "s.first-bit": ("the first bit of S differs", Flag.ALTERED, r + bytes((s[0] ^ 1, *s[1:]))),
        "s.last-octet": ("the last octet of S is not 0", Flag.NON_CANONICAL, r + s[:-1] + b"\1"),
        "s.and-q": ("q is added to S", Flag.UNREDUCED, r + (number + Q).to_bytes(57, "little")),
        "s.and-2-q": (
            "twice q is added to S",
            Flag.UNREDUCED,
            r + (number + 2 * Q).to_bytes(57, "little"),
        ),
        "s.q": ("S is q", Flag.BOUNDARY, r + Q.to_bytes(57, "little")),
        "s.zero": ("S is 0", Flag.ZERO, r + bytes(57)),
        "s.one": ("S is 1", Flag.BOUNDARY, r + b"\1" + bytes(56)),
        "s.negative": ("S is q less S", Flag.ALTERED, r + (Q - number).to_bytes(57, "little")),
        "s.ones": ("all bits of S are set", Flag.NON_CANONICAL, r + b"\xff" * 57),
        "all-zero": ("it is all zeros", Flag.ZERO, bytes(114)),
        "exchanged": ("R and S are exchanged", Flag.EXCHANGED, s + r),
        "empty": ("there is none", Flag.EMPTY, b""),
        "r-alone": ("there is no S", Flag.CUT_SHORT, r),
        "cut-short": ("the last octet is missing", Flag.CUT_SHORT, good[:-1]),
        "octet-follows": ("an octet follows", Flag.TRAILING, good + b"\0"),
        "by-bob": ("Bob signed it", Flag.OTHER_KEY, ed448.sign(seed(f"sym_h of {BOB}"), message)),
        "of-other": (
            "it is on another text",
            Flag.ALTERED,
            ed448.sign(sign, b"what is not signed"),
        ),
        "of-25519-size": ("64 octets, as of Ed25519", Flag.SIZE, good[:64]),
    }
    for name, (about, flag, made) in wrong.items():
        group.fault(name, about, flag, Point.SIGNATURE, {"signature": made})
    for name, about, made in (
        (
            "message.altered",
            "the last bit of the text differs",
            message[:-1] + bytes((message[-1] ^ 1,)),
        ),
        ("message.empty", "there is no text", b""),
        ("message.longer", "an octet more", message + b"\0"),
    ):
        group.fault(name, about, Flag.ALTERED, Point.SIGNATURE, {"message": made})
    for name, about, made in (
        ("public.bob", "the key is Bob's", SUITE.to_bytes(long_term(BOB).public)),
        ("public.negative", "the key is the negative one", (-ed448.decode(public)).encode()),
        (
            "public.forging-key",
            "the key is the forging key",
            SUITE.to_bytes(long_term(ALICE).forging),
        ),
        ("public.off-curve", "the key is no point", b"\2" + bytes(56)),
        ("public.ones", "all bits of the key are set", b"\xff" * 57),
        ("public.cut-short", "the key lacks its last octet", public[:-1]),
    ):
        group.fault(name, about, Flag.OTHER_KEY, Point.SIGNATURE, {"public": made})
    return group
