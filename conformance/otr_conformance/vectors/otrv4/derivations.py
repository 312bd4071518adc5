"""Everything that is hashed into keys."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from otr_conformance.vectors.kinds import Flag, Group
from otr_model.otrv4.usages import Usage
from otr_reference.arith import Number

from .material import (
    ALICE,
    BOB,
    SUITE,
    TAGS,
    P,
    dh,
    ecdh,
    element,
    exponent,
    long_term,
    octets,
    scalar,
)
from .operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otr_conformance.vectors.kinds import Value

__all__ = ["derivations", "exchange", "phi_values"]

_G3: Final = 2


def derivations() -> tuple[Group, ...]:
    """The usages, and what is made with them."""
    return (
        _usages(),
        _secrets(),
        _offline(),
        _ratchets(),
        _message_keys(),
        _extra_keys(),
        _phi(),
        _offline_phi(),
        _secret(),
    )


def _usages() -> Group:
    group = Group(
        "usage",
        OPERATIONS["kdf"],
        "a fingerprint",
        "Key Derivation Function, Hash Function and MAC Function",
        {"usage": 0, "values": octets("kdf", 64), "size": 56},
    )
    for usage in Usage:
        name, about = usage.label, f"usage_{usage.name}: {usage.meaning}"
        group.valid(name, about, Flag.DOMAIN, {"usage": usage.byte, "size": usage.size})
    for name, values in (
        ("empty", b""),
        ("zero-octet", b"\0"),
        ("135", bytes(129)),
        ("136", bytes(130)),
        ("137", bytes(131)),
        ("1000", bytes(1000)),
    ):
        about = f"{len(values)} octets are hashed: with the prefix, {len(values) + 6}"
        group.valid(f"values.{name}", about, Flag.SIZE, {"values": values})
    for size in (0, 1, 135, 136, 137, 1000):
        group.valid(f"size.{size}", f"an output of {size} octets", Flag.SIZE, {"size": size})
    return group


def exchange() -> dict[str, Value]:
    """Two exchanges of keys, seen from one side."""
    return {
        "ecdh secret": scalar(ecdh("ours").secret),
        "ecdh public": SUITE.to_bytes(ecdh("theirs").public),
        "dh secret": exponent(dh("ours").secret),
        "dh public": element(dh("theirs").public),
    }


@cache
def _short(zeros: int) -> bytes:
    """An exponent whose k_dh has so many zeros in front, or more."""
    theirs = Number(SUITE.to_int(dh("theirs").public))
    start = Number(SUITE.to_int(dh("ours").secret))
    power, limit = pow(theirs, start, Number(P)), Number(1) << 8 * (384 - zeros)
    while power >= limit:
        start, power = start + 1, power * theirs % P
    return exponent(start)


def _odd_dh() -> Iterator[tuple[str, str, Flag, dict[str, Value]]]:
    """Exponents and DH keys whose shared secret is odd."""
    for zeros in (1, 2):
        about = f"k_dh begins with {zeros} zero octets, and has 384 all the same"
        yield f"k_dh.leading-zero-{zeros}", about, Flag.LEADING_ZERO, {"dh secret": _short(zeros)}
    for power in (1, 8, 255, 3071):
        about = f"k_dh is 2 to the power of {power}"
        values: dict[str, Value] = {"dh secret": exponent(power), "dh public": element(_G3)}
        yield f"k_dh.power-{power}", about, Flag.SIZE, values
    yield "dh.exponent-one", "the exponent is 1", Flag.BOUNDARY, {"dh secret": exponent(1)}
    yield (
        "dh.exponent-640",
        "all bits of the exponent are set",
        Flag.BOUNDARY,
        {"dh secret": b"\xff" * 80},
    )


def _secrets() -> Group:
    group = Group(
        "shared-secrets",
        OPERATIONS["shared-secrets"],
        "two exchanges",
        "Shared Secrets",
        exchange(),
        ("otrv4.schedule:dake",),
    )
    group.valid("ordinary", "nothing is odd about them")
    group.valid(
        "other-side",
        "the same exchanges, seen from the other side",
        Flag.EXCHANGED,
        {
            "ecdh secret": scalar(ecdh("theirs").secret),
            "ecdh public": SUITE.to_bytes(ecdh("ours").public),
            "dh secret": exponent(dh("theirs").secret),
            "dh public": element(dh("ours").public),
        },
    )
    for name, about, flag, values in _odd_dh():
        group.valid(
            name,
            about,
            flag,
            values,
            ambiguity="otrv4.ambiguity:k-dh" if flag is not Flag.BOUNDARY else "",
        )
    for name, about, value in (
        ("one", "1", 1),
        ("four", "4, the least pruned one but for its highest bit", 4),
        ("least-pruned", "the least that pruning gives", 1 << 447),
        ("most-pruned", "the largest that pruning gives", (1 << 448) - 4),
    ):
        group.valid(
            f"ecdh.scalar-{name}",
            f"our scalar is {about}",
            Flag.BOUNDARY,
            {"ecdh secret": scalar(value)},
        )
    for name, point in (("base", ecdh("ours")), ("long-term", None)):
        public = SUITE.to_bytes(long_term(BOB).public if point is None else point.public)
        group.valid(
            f"ecdh.public-{name}", "another public key", Flag.NORMAL, {"ecdh public": public}
        )
    return group


def _offline() -> Group:
    group = Group(
        "offline-secrets",
        OPERATIONS["offline-secrets"],
        "an answer to an ensemble",
        "Non-Interactive DAKE Overview",
        {
            "x": scalar(ecdh("x").secret),
            "a": exponent(dh("a").secret),
            "Y": SUITE.to_bytes(ecdh("y").public),
            "B": element(dh("b").public),
            "shared prekey": SUITE.to_bytes(ecdh("d").public),
            "their key": SUITE.to_bytes(long_term(BOB).public),
        },
        ("otrv4.schedule:offline",),
    )
    group.valid("ordinary", "nothing is odd about it")
    group.valid("x.other", "another x", Flag.NORMAL, {"x": scalar(ecdh("x'").secret)})
    group.valid("a.other", "another a", Flag.NORMAL, {"a": exponent(dh("a'").secret)})
    y, d, h = group.takes["Y"], group.takes["shared prekey"], group.takes["their key"]
    group.valid(
        "exchanged.y-d", "Y and D_b are exchanged", Flag.EXCHANGED, {"Y": d, "shared prekey": y}
    )
    group.valid(
        "exchanged.d-h",
        "D_b and H_b are exchanged",
        Flag.EXCHANGED,
        {"shared prekey": h, "their key": d},
    )
    group.valid("same", "all points are the same", Flag.TWICE, {"shared prekey": y, "their key": y})
    group.valid("b.two", "B is 2", Flag.BOUNDARY, {"B": element(2)})
    return group


def _ratchets() -> Group:
    base = exchange()
    group = Group(
        "ratchet",
        OPERATIONS["ratchet"],
        "a ratchet with a new DH exchange, as every third is",
        "Deriving Double Ratchet Keys",
        {"root key": octets("root", 64), **base},
        ("otrv4.schedule:third-ratchet", "otrv4.schedule:ratchet"),
    )
    group.valid("third", "with a new DH exchange")
    for name, about, flag, values in _odd_dh():
        group.valid(
            f"third.{name}",
            about,
            flag,
            values,
            ambiguity="otrv4.ambiguity:k-dh" if flag is not Flag.BOUNDARY else "",
        )
    group.valid(
        "third.other-root", "another root key", Flag.NORMAL, {"root key": octets("other root", 64)}
    )
    group.valid("third.zero-root", "a root key of zeros", Flag.ZERO, {"root key": bytes(64)})
    for name, about, brace in (
        ("ordinary", "the brace key is hashed from the one before", octets("brace", 32)),
        ("zero", "the brace key before is all zeros", bytes(32)),
        ("other", "another brace key before", octets("other brace", 32)),
    ):
        group.valid(f"between.{name}", about, Flag.NORMAL, {"brace key": brace})
    public = SUITE.to_bytes(ecdh("other").public)
    group.valid(
        "between.other-ecdh",
        "another ECDH key of theirs",
        Flag.NORMAL,
        {"brace key": octets("brace", 32), "ecdh public": public},
    )
    return group


def _message_keys() -> Group:
    group = Group(
        "message-keys",
        OPERATIONS["message-keys"],
        "a chain key",
        "Calculating Encryption and MAC Keys",
        {"chain key": octets("chain", 64)},
        ("otrv4.schedule:message",),
    )
    group.valid("first", "the first one of a chain")
    chain = octets("chain", 64)
    for number in range(1, 6):
        made = OPERATIONS["message-keys"].run({"chain key": chain})["next chain key"]
        chain = made if isinstance(made, bytes) else b""
        group.valid(
            f"next-{number}",
            f"number {number} of the same chain",
            Flag.SEQUENCE,
            {"chain key": chain},
        )
    group.valid("zero", "a chain key of zeros", Flag.ZERO, {"chain key": bytes(64)})
    group.valid("ones", "a chain key with all bits set", Flag.BOUNDARY, {"chain key": b"\xff" * 64})
    return group


def _extra_keys() -> Group:
    group = Group(
        "extra-key",
        OPERATIONS["extra-key"],
        "the second of a message",
        "Extra Symmetric Key",
        {"previous": octets("extra", 64), "index": 0, "context": 1},
        ("otrv4.schedule:extra",),
    )
    ambiguity = "otrv4.ambiguity:extra-keys"
    group.valid("first", "index 0", ambiguity=ambiguity)
    for index in (1, 2, 9, 0xFE, 0xFF):
        group.valid(
            f"index.{index}", f"index {index}", Flag.BOUNDARY, {"index": index}, ambiguity=ambiguity
        )
    for context in (0, 2, 0x100, 0x80000000, 0xFFFFFFFF):
        group.valid(
            f"context.{context:#x}",
            f"context {context}",
            Flag.BOUNDARY,
            {"context": context},
            ambiguity=ambiguity,
        )
    group.valid(
        "previous.zero",
        "the one before is all zeros",
        Flag.ZERO,
        {"previous": bytes(64)},
        ambiguity=ambiguity,
    )
    return group


def phi_values() -> dict[str, Value]:
    """What both sides of an interactive DAKE believe."""
    return {
        "bob tag": TAGS[BOB],
        "alice tag": TAGS[ALICE],
        "bob ecdh first": SUITE.to_bytes(ecdh("bob first").public),
        "bob dh first": element(dh("bob first").public),
        "alice ecdh first": SUITE.to_bytes(ecdh("alice first").public),
        "alice dh first": element(dh("alice first").public),
        "bob name": b"bob@example.org",
        "alice name": b"alice@example.org",
    }


def _phi() -> Group:
    values = phi_values()
    group = Group(
        "phi",
        OPERATIONS["phi"],
        "two clients with names",
        "Shared Session State",
        dict(values),
        ("otrv4.schedule:phi", "otrv4.schedule:phi-offline"),
    )
    order = "otrv4.ambiguity:phi-order"
    group.valid("alice-lower", "Alice's tag is the lower one", ambiguity=order)
    for name, about, bob, alice in (
        ("bob-lower", "Bob's tag is the lower one", 0x100, 0x101),
        ("sign-bit", "a tag with its highest bit set is the higher one", 0x80000000, 0x7FFFFFFF),
        (
            "order-of-octets",
            "tags are compared as numbers, not in the other order of octets",
            0x01000000,
            0x00FFFFFF,
        ),
        ("largest", "the largest tags", 0xFFFFFFFF, 0xFFFFFFFE),
    ):
        group.valid(
            f"tags.{name}",
            about,
            Flag.BOUNDARY,
            {"bob tag": bob, "alice tag": alice},
            ambiguity=order,
        )
    for name, about, bob_name, alice_name in (
        (
            "exchanged",
            "the names are the other one's: they are sorted by themselves",
            b"alice@example.org",
            b"bob@example.org",
        ),
        ("empty", "the names are empty", b"", b""),
        ("prefix", "one name is the beginning of the other", b"alice", b"alice@example.org"),
        ("case", "capitals come before small letters", b"alice", b"Bob"),
        ("utf-8", "names are sorted as octets", "\u00e9".encode(), b"z"),
    ):
        group.valid(
            f"names.{name}",
            about,
            Flag.TEXT_FORM,
            {"bob name": bob_name, "alice name": alice_name},
            ambiguity=order,
        )
    for power in (2, 1 << 8, 1 << 3000):
        group.valid(
            f"dh.{power.bit_length()}-bits",
            "a short DH key is a short MPI",
            Flag.SIZE,
            {"alice dh first": element(power)},
            ambiguity=order,
        )
    return group


def _offline_phi() -> Group:
    """Phi of a non-interactive DAKE."""
    values = phi_values()
    held = {
        name: value
        for name, value in values.items()
        if name not in {"bob ecdh first", "bob dh first"}
    }
    group = Group(
        "phi.offline",
        OPERATIONS["phi"],
        "a non-interactive DAKE, in which only Alice has first keys",
        "Shared Session State",
        held,
        ("otrv4.schedule:phi-offline",),
    )
    ambiguity = "otrv4.ambiguity:phi-non-interactive"
    group.valid("alice-lower", "Alice's tag is the lower one", ambiguity=ambiguity)
    group.valid(
        "bob-lower",
        "Bob's tag is the lower one",
        Flag.BOUNDARY,
        {"bob tag": 0x100},
        ambiguity=ambiguity,
    )
    group.valid(
        "names", "no names", Flag.EMPTY, {"bob name": b"", "alice name": b""}, ambiguity=ambiguity
    )
    return group


def _secret() -> Group:
    initiator, responder = octets("fingerprint of alice", 56), octets("fingerprint of bob", 56)
    group = Group(
        "smp-secret",
        OPERATIONS["smp-secret"],
        "a secret of two users",
        "Secret Information",
        {
            "initiator": initiator,
            "responder": responder,
            "ssid": octets("ssid", 8),
            "secret": b"the tower",
        },
        ("otrv4.schedule:smp-secret",),
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
    for name, value in (
        ("zero", bytes(8)),
        ("leading-zero", b"\0" + octets("ssid", 7)),
        ("other", octets("other ssid", 8)),
    ):
        group.valid(f"ssid.{name}", "another session id", Flag.BOUNDARY, {"ssid": value})
    for name, about, secret in (
        ("empty", "the user typed nothing", b""),
        ("blank", "a blank", b" "),
        ("trailing-blank", "a blank behind it", b"the tower "),
        ("case", "a capital letter", b"The tower"),
        ("utf-8", "letters of two octets", "der T\u00fcrmer".encode()),
        ("nul", "a NUL inside", b"the\0tower"),
        ("long", "300 letters", b"a" * 300),
    ):
        group.valid(f"secret.{name}", about, Flag.TEXT_FORM, {"secret": secret})
    return group
