"""Keys of the AKE and of data messages, with shared secrets of every odd size."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from otr_conformance.vectors.kinds import Flag, Group
from otr_model.otrv3 import layouts, schedules
from otr_reference.arith import Number
from otr_reference.keys import dsa

from .material import ALICE, BOB, SUITE, G, P, Q, dsa_key, number, octets
from .operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otr_conformance.vectors.kinds import Value

__all__ = ["derivations", "encoded"]

_SIZE: Final = schedules.GROUP.size


def encoded(value: int) -> bytes:
    """A number without zeros in front."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def derivations() -> tuple[Group, ...]:
    """Everything that is derived, but for the proofs of SMP."""
    return (_ake(), _data(), _signed(), _secret())


@cache
def _secrets() -> tuple[tuple[str, str, Flag, int, int], ...]:
    """Exponents and D-H keys whose shared secret is odd: names, what is odd, and both."""
    return tuple(_odd())


def _odd() -> Iterator[tuple[str, str, Flag, int, int]]:
    """Exponents and D-H keys whose shared secret is odd."""
    x = number("x", 320)
    gy = pow(G, number("y", 320), P)
    yield "ordinary", "an exponent of 320 bits", Flag.NORMAL, x, gy
    for size in (1, 2, 8, 9, 16, 255, 256, 1535):
        about = f"the shared secret is 2 to the power of {size}: its MPI has {size // 8 + 1} octets"
        yield f"power-{size}", about, Flag.SIZE, size, G
    yield "modulus-less-one", "the shared secret is p - 1", Flag.BOUNDARY, Q, P - G
    yield "theirs-least", "their key is 2", Flag.BOUNDARY, x, 2
    yield "theirs-most", "their key is p - 2", Flag.BOUNDARY, x, P - 2
    yield "exponent-1536", "an exponent of 1536 bits", Flag.SIZE, number("long x", 1536), gy
    yield "exponent-one", "the exponent is 1", Flag.BOUNDARY, 1, gy
    for zeros in (1, 2):
        found = _short(zeros)
        about = f"the shared secret has {_SIZE - zeros} octets or fewer: no zeros in front"
        yield f"leading-zero-{zeros}", about, Flag.LEADING_ZERO, found, gy
    yield "high-bit", "the highest bit of the shared secret is set", Flag.SIZE, _high(gy), gy
    yield "no-high-bit", "the highest bit of the shared secret is not set", Flag.SIZE, _low(gy), gy


def _short(zeros: int) -> int:
    """An exponent whose shared secret with y has so many octets less than the modulus."""
    gy, modulus = Number(pow(G, number("y", 320), P)), Number(P)
    exponent = number("x", 320)
    power, limit = Number(pow(int(gy), exponent, P)), Number(1) << 8 * (_SIZE - zeros)
    while power >= limit:
        exponent, power = exponent + 1, power * gy % modulus
    return exponent


def _high(gy: int) -> int:
    """An exponent whose shared secret has its highest bit set."""
    exponent = number("high", 320)
    while not pow(gy, exponent, P) >> (8 * _SIZE - 1):
        exponent += 1
    return exponent


def _low(gy: int) -> int:
    """An exponent whose shared secret has all octets, and not its highest bit."""
    exponent = number("low", 320)
    while pow(gy, exponent, P).bit_length() != 8 * _SIZE - 1:
        exponent += 1
    return exponent


def _ake() -> Group:
    _, _, _, x, gy = _secrets()[0]
    group = Group(
        "ake-keys",
        OPERATIONS["ake-keys"],
        "a D-H exchange",
        schedules.AKE_KEYS.sections[0],
        {"our secret": encoded(x), "their public": encoded(gy)},
        ("otrv3.schedule:ake",),
    )
    for name, about, flag, secret, public in _secrets():
        group.valid(
            name, about, flag, {"our secret": encoded(secret), "their public": encoded(public)}
        )
    return group


def _data() -> Group:
    _, _, _, x, gy = _secrets()[0]
    group = Group(
        "data-keys",
        OPERATIONS["data-keys"],
        "a pair of D-H keys",
        schedules.DATA_KEYS.sections[0],
        {
            "our secret": encoded(x),
            "our public": encoded(pow(G, x, P)),
            "their public": encoded(gy),
        },
        ("otrv3.schedule:data",),
    )
    for name, about, flag, secret, public in _secrets():
        group.valid(
            name,
            about,
            flag,
            {
                "our secret": encoded(secret),
                "our public": encoded(pow(G, secret, P)),
                "their public": encoded(public),
            },
        )
    group.valid(
        "other-end",
        "the same exchange, seen from the other end",
        Flag.EXCHANGED,
        {
            "our secret": encoded(number("y", 320)),
            "our public": encoded(gy),
            "their public": encoded(pow(G, x, P)),
        },
    )
    least = number("ends", 320)
    for name, about, ours, theirs in (
        ("ends.shorter", "our key has fewer octets than theirs, and a larger first one", 8, 1535),
        ("ends.longer", "our key has more octets than theirs, and a smaller first one", 1528, 7),
        ("ends.last-octet", "the keys differ in their last octet", least, -1),
    ):
        public = pow(G, ours, P)
        other = public ^ 1 if theirs < 0 else pow(G, theirs, P)
        group.valid(
            name,
            about,
            Flag.BOUNDARY,
            {
                "our secret": encoded(ours),
                "our public": encoded(public),
                "their public": encoded(other),
            },
        )
    return group


def _signed() -> Group:
    gx, gy = (pow(G, number(n, 320), P) for n in ("x", "y"))
    base: dict[str, Value] = {
        "key": octets("m1", 32),
        "first": encoded(gx),
        "second": encoded(gy),
        "public key": dsa.encode_public(dsa_key(ALICE).public),
        "keyid": 1,
    }
    group = Group(
        "signed-value",
        OPERATIONS["signed-value"],
        "the value that a signature is on",
        layouts.SIGNED.section,
        base,
        (layouts.SIGNED.id,),
    )
    group.valid("ordinary", "nothing is odd about it")
    group.valid(
        "exchanged",
        "the D-H keys are exchanged",
        Flag.EXCHANGED,
        {"first": base["second"], "second": base["first"]},
    )
    group.valid("key.other", "another key, such as m1'", Flag.OTHER_KEY, {"key": octets("m1'", 32)})
    for keyid in (0, 2, 255, 256, 0x80000000, 0xFFFFFFFF):
        group.valid(f"keyid.{keyid:#x}", f"the key id is {keyid}", Flag.BOUNDARY, {"keyid": keyid})
    group.valid(
        "public-key.other",
        "another public key",
        Flag.OTHER_KEY,
        {"public key": dsa.encode_public(dsa_key(BOB).public)},
    )
    for name, value in (("small", 0x100), ("short", 1 << 1500), ("high-bit", P - 2)):
        group.valid(
            f"first.{name}", "the first D-H key is odd", Flag.SIZE, {"first": encoded(value)}
        )
        group.valid(
            f"second.{name}", "the second D-H key is odd", Flag.SIZE, {"second": encoded(value)}
        )
    return group


def _secret() -> Group:
    initiator, responder = (
        SUITE.fingerprint(SUITE.public_key(SUITE.signing_key(dsa_key(who)))) for who in (ALICE, BOB)
    )
    ssid = octets("ssid", 8)
    group = Group(
        "smp-secret",
        OPERATIONS["smp-secret"],
        "a secret of two users",
        layouts.SMP_SECRET.section,
        {"initiator": initiator, "responder": responder, "ssid": ssid, "secret": b"the tower"},
        ("otrv3.schedule:smp",),
    )
    group.valid("ordinary", "nothing is odd about it")
    group.valid(
        "exchanged",
        "the other one begins",
        Flag.EXCHANGED,
        {"initiator": responder, "responder": initiator},
    )
    group.valid(
        "same", "both fingerprints are the same", Flag.OTHER_OWNER, {"responder": initiator}
    )
    for name, about, value in (
        ("zero", "the session id is all zeros", bytes(8)),
        ("leading-zero", "the session id begins with a zero", b"\0" + ssid[1:]),
        ("other", "another session id", octets("other ssid", 8)),
    ):
        group.valid(f"ssid.{name}", about, Flag.BOUNDARY, {"ssid": value})
    for name, about, secret in (
        ("empty", "the user typed nothing", b""),
        ("blank", "a blank", b" "),
        ("trailing-blank", "a blank behind it", b"the tower "),
        ("case", "a capital letter", b"The tower"),
        ("utf-8", "letters of two octets", "der T\u00fcrmer".encode()),
        ("decomposed", "the same, decomposed: other octets", "der Tu\u0308rmer".encode()),
        ("nul", "a NUL inside", b"the\0tower"),
        ("long", "300 letters", b"a" * 300),
        ("digits", "a number", b"0001"),
    ):
        group.valid(f"secret.{name}", about, Flag.TEXT_FORM, {"secret": secret})
    return group
