"""Ring signatures, and the messages of the DAKEs that they authenticate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from otr_conformance.vectors.kinds import Flag, Group
from otr_conformance.vectors.taken import Taken
from otr_model.kernel.vocabulary import Point
from otr_model.otrv4 import layouts
from otr_model.otrv4.usages import Usage
from otr_reference import ed448
from otr_reference.codec import Codec
from otr_reference.otrv4 import ring
from otr_reference.otrv4.kdf import under_byte

from .derivations import phi_values
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
    ecdh,
    element,
    long_term,
    octets,
    profile_octets,
)
from .operations import OPERATIONS, RINGS, signed

if TYPE_CHECKING:
    from otr_conformance.vectors.kinds import Value
    from otr_model.kernel.layout import Layout

__all__ = ["dake"]

_NAMES: Final = ("c1", "r1", "c2", "r2", "c3", "r3")


def dake() -> tuple[Group, ...]:
    """Everything that is authenticated in a DAKE."""
    accepted = (_accepted(layout) for layout in _LAYOUTS)
    return (_ring(), *(_message(message) for message in RINGS), *accepted)


_LAYOUTS: Final = (layouts.IDENTITY, layouts.AUTH_R, layouts.NON_INTERACTIVE_AUTH)
_PREKEYS: Final = (0x01020304, 7)


def _accepted(layout: Layout) -> Group:
    """The profile and the keys of one message."""
    offline = layout is layouts.NON_INTERACTIVE_AUTH
    values = accepted_values(layout)
    codec = Codec(layout)
    takes: dict[str, Value] = {"message": codec.write(values), "our tag": TAGS[BOB], "now": NOW}
    takes["prekeys"] = [*_PREKEYS] if offline else list[int]()
    name = f"accept.{layout.name}"
    about = f"a {layout.title} of Alice's, whose sigma is not looked at"
    checks = ("ecdh-point", "dh-member", "first-ecdh-point", "first-dh-member")
    answers = tuple(f"otrv4.check:{check}" for check in checks)
    group = Group(name, OPERATIONS["accept-dake"], about, layout.section, takes, answers)
    group.valid("good", "nothing is wrong with it")
    names = ("y", "b") if layout is layouts.IDENTITY else ("x", "a")
    titles = {field.name: field.title for field in layout.fields}
    for held, check in zip((*names, "first_ecdh", "first_dh"), checks, strict=True):
        bad = BAD_POINTS if "ecdh" in check else bad_elements()
        for how, (fault, value) in bad.items():
            order = "order" in how or how in {"identity", "one", "p-less-one"}
            flag = Flag.SMALL_ORDER if order else Flag.BOUNDARY
            made = {"message": codec.write(values | {held: value})}
            title = f"{titles[held]} is {fault}"
            place = f"{check}.{how}"
            group.fault(place, title, flag, Point.RANGE, made, check=f"otrv4.check:{check}")
    _profiles(group, codec, values)
    if offline:
        _identifiers(group, codec, values)
    return group


def accepted_values(layout: Layout) -> dict[str, int | bytes]:
    """The fields of a message of a DAKE that Alice sends."""
    numbers = {name: SUITE.to_int(dh(name).public) for name in ("b", "a", "first_dh")}
    points = {name: SUITE.to_bytes(ecdh(name).public) for name in ("y", "x", "first_ecdh")}
    held: dict[str, int | bytes] = {
        "sender": TAGS[ALICE],
        "receiver": TAGS[BOB],
        "profile": profile_octets(ALICE),
        "sigma": octets("sigma", 342),
        "prekey_id": _PREKEYS[0],
        "auth_mac": octets("auth mac", 64),
        **numbers,
        **points,
    }
    return {field.name: held[field.name] for field in layout.fields if field.name in held}


def _profiles(group: Group, codec: Codec, values: dict[str, int | bytes]) -> None:
    """Profiles that do not belong to the message, or are not valid."""
    bob = {"message": codec.write(values | {"profile": profile_octets(BOB)})}
    about = "the profile is Bob's: his signature, and his instance tag"
    check = "otrv4.check:profile-owner"
    group.fault("profile.bob", about, Flag.OTHER_OWNER, Point.INSTANCE, bob, check=check)
    other = {"message": codec.write(values | {"sender": TAGS[ALICE] + 1})}
    about = "another client of Alice's sends it"
    group.fault("profile.other-client", about, Flag.OTHER_OWNER, Point.INSTANCE, other, check=check)
    whole = profile_octets(ALICE)
    altered = whole[:-1] + bytes((whole[-1] ^ 0x80,))
    made = {"message": codec.write(values | {"profile": altered})}
    check = "otrv4.check:profile-signed"
    about = "the signature of the profile is wrong"
    group.fault("profile.signature", about, Flag.ALTERED, Point.SIGNATURE, made, check=check)
    check = "otrv4.check:profile-fresh"
    about = "the profile has expired"
    late = {"now": NOW + 30 * DAY}
    group.fault("profile.expired", about, Flag.EXPIRED, Point.EXPIRATION, late, check=check)
    below = {"message": codec.write(values | {"sender": 0xFF})}
    about = "the sender's tag is 0xff"
    group.fault("sender.below", about, Flag.BOUNDARY, Point.INSTANCE, below)
    theirs = {"message": codec.write(values | {"receiver": TAGS[BOB] + 1})}
    about = "it is for another client"
    group.fault("receiver.other", about, Flag.OTHER_OWNER, Point.INSTANCE, theirs)


def _identifiers(group: Group, codec: Codec, values: dict[str, int | bytes]) -> None:
    """Prekey messages that are not ours, or were used."""
    check = "otrv4.check:prekey-known"
    for number in (0, 1, _PREKEYS[0] + 1, 0x04030201, 0xFFFFFFFF):
        made = {"message": codec.write(values | {"prekey_id": number})}
        about = f"the identifier is {number:#x}, which is that of none of ours"
        name = f"prekey.{number:#x}"
        group.fault(name, about, Flag.BOUNDARY, Point.KEY_ID, made, check=check)
    about = "the prekey message was used"
    used = {"prekeys": [_PREKEYS[1]]}
    group.fault("prekey.used", about, Flag.REPLAY, Point.KEY_ID, used, check=check)
    made = {"message": codec.write(values | {"prekey_id": _PREKEYS[1]})}
    group.valid("prekey.second", "the identifier of another one of ours", Flag.NORMAL, made)


def _sign(keys: tuple[bytes, ...], secret: object, message: bytes, label: str = "ring") -> bytes:
    """A ring signature."""
    made = SUITE.ring_sign(
        cast("Any", keys),
        cast("Any", secret),
        SUITE.octets(message),
        SUITE.seed(octets(label, 32)),
        1,
    )
    return SUITE.to_bytes(made)


def _changed(sigma: bytes, **scalars: int) -> bytes:
    """A ring signature with other scalars."""
    found = dict(zip(_NAMES, ring.decode_signature(sigma), strict=True)) | scalars
    return b"".join(found[name].to_bytes(57, "little") for name in _NAMES)


def _components(group: Group, sigma: bytes, check: str) -> None:
    """Each scalar of a ring signature is another."""
    found = dict(zip(_NAMES, ring.decode_signature(sigma), strict=True))
    for name, value in found.items():
        for how, about, flag, other in (
            ("first-bit", "its first bit differs", Flag.ALTERED, value ^ 1),
            ("zero", "it is 0", Flag.ZERO, 0),
            ("one-less", "it is one less", Flag.ALTERED, (value - 3) % Q),
            ("negative", "it is q less itself", Flag.ALTERED, (Q - value) % Q),
        ):
            group.fault(
                f"sigma.{name}.{how}",
                f"{name}: {about}",
                flag,
                Point.SIGNATURE,
                {"sigma": _changed(sigma, **{name: other})},
                check=check,
            )
        group.valid(
            f"sigma.{name}.and-q",
            f"q is added to {name}: equal modulo q",
            Flag.UNREDUCED,
            {"sigma": _changed(sigma, **{name: value + Q})},
            ambiguity="otrv4.ambiguity:scalars",
        )
    for one, two in (
        ("c1", "c2"),
        ("c2", "c3"),
        ("c1", "c3"),
        ("r1", "r2"),
        ("r2", "r3"),
        ("c1", "r1"),
    ):
        made = _changed(sigma, **{one: found[two], two: found[one]})
        group.fault(
            f"sigma.{one}-{two}",
            f"{one} and {two} are exchanged",
            Flag.EXCHANGED,
            Point.SIGNATURE,
            {"sigma": made},
            check=check,
        )
    pairs = [sigma[n * 114 : n * 114 + 114] for n in range(3)]
    for order in ((1, 0, 2), (0, 2, 1), (2, 1, 0), (1, 2, 0), (2, 0, 1)):
        made = b"".join(pairs[n] for n in order)
        name = "".join(str(n + 1) for n in order)
        group.fault(
            f"sigma.pairs-{name}",
            "the pairs are in another order",
            Flag.ORDER,
            Point.SIGNATURE,
            {"sigma": made},
            check=check,
        )
    for name, about, made in (
        ("zeros", "it is all zeros", bytes(342)),
        ("ones", "all bits are set", b"\xff" * 342),
        (
            "big-endian",
            "every scalar is in the other order of octets",
            b"".join(sigma[n : n + 57][::-1] for n in range(0, 342, 57)),
        ),
    ):
        group.fault(
            f"sigma.{name}", about, Flag.ALTERED, Point.SIGNATURE, {"sigma": made}, check=check
        )
    moved = _changed(sigma, c1=(found["c1"] + 1) % Q, c2=(found["c2"] - 1) % Q)
    group.fault(
        "sigma.same-sum",
        "c1 is one more, c2 one less: their sum is the same",
        Flag.ALTERED,
        Point.SIGNATURE,
        {"sigma": moved},
        check=check,
    )
    for name, about, made in (
        ("empty", "there is none", b""),
        ("cut-short", "it lacks its last octet", sigma[:-1]),
        ("octet-follows", "an octet follows", sigma + b"\0"),
        ("two-pairs", "there are two pairs", sigma[:228]),
    ):
        group.fault(f"sigma.{name}", about, Flag.CUT_SHORT, Point.ENCODING, {"sigma": made})


def _ring() -> Group:
    pairs = [ecdh(f"A{n}") for n in (1, 2, 3)]
    keys = tuple(SUITE.to_bytes(pair.public) for pair in pairs)
    message = b"what is signed"
    sigma = _sign(keys, pairs[0].secret, message)
    takes: dict[str, Value] = {
        **dict(zip(("A1", "A2", "A3"), keys, strict=True)),
        "m": message,
        "sigma": sigma,
    }
    group = Group(
        "ring",
        OPERATIONS["verify-ring"],
        "signed with the first key",
        "Ring Signature Authentication",
        takes,
        ("otrv4.layout:ring-hash", "otrv4.layout:ring-sig"),
    )
    group.valid("first", "signed with the first key")
    for place in (1, 2):
        group.valid(
            f"key-{place + 1}",
            f"signed with key {place + 1}",
            Flag.NORMAL,
            {"sigma": _sign(keys, pairs[place].secret, message)},
        )
    for size in (0, 1, 64, 1000):
        text = octets("ring text", size)
        group.valid(
            f"m.{size}",
            f"a text of {size} octets",
            Flag.SIZE,
            {"m": text, "sigma": _sign(keys, pairs[0].secret, text)},
        )
    check = "otrv4.check:auth-r-sigma"
    _components(group, sigma, check)
    for name, about, text in (
        ("altered", "its last bit differs", message[:-1] + bytes((message[-1] ^ 1,))),
        ("empty", "there is none", b""),
        ("longer", "an octet more", message + b"\0"),
        ("shorter", "an octet less", message[:-1]),
    ):
        group.fault(
            f"m.{name}",
            f"what is signed: {about}",
            Flag.ALTERED,
            Point.SIGNATURE,
            {"m": text},
            check=check,
        )
    for one, two in ((0, 1), (1, 2), (0, 2)):
        names = f"A{one + 1}", f"A{two + 1}"
        changed = {names[0]: keys[two], names[1]: keys[one]}
        group.fault(
            f"keys.{names[0]}-{names[1]}",
            f"{names[0]} and {names[1]} are exchanged",
            Flag.EXCHANGED,
            Point.SIGNATURE,
            changed,
            check=check,
        )
    other = SUITE.to_bytes(ecdh("stranger").public)
    for place, name in enumerate(("A1", "A2", "A3")):
        group.fault(
            f"{name}.other",
            f"{name} is another key",
            Flag.OTHER_KEY,
            Point.SIGNATURE,
            {name: other},
            check=check,
        )
        negative = (-ed448.decode(keys[place])).encode()
        group.fault(
            f"{name}.negative",
            f"{name} is the negative one",
            Flag.ALTERED,
            Point.SIGNATURE,
            {name: negative},
            check=check,
        )
        for bad in (
            "identity",
            "order-2",
            "order-4",
            "base-and-order-2",
            "off-curve",
            "y-above-p",
            "unused-bit",
        ):
            about, point = BAD_POINTS[bad]
            flag = Flag.SMALL_ORDER if "order" in bad or bad == "identity" else Flag.NON_CANONICAL
            group.fault(
                f"{name}.{bad}", f"{name} is {about}", flag, Point.RANGE, {name: point}, field=name
            )
    stranger = (other, keys[1], keys[2])
    group.fault(
        "signer.stranger",
        "who signed is not in the ring",
        Flag.OTHER_KEY,
        Point.SIGNATURE,
        {"sigma": _sign(stranger, ecdh("stranger").secret, message)},
        check=check,
    )
    group.fault(
        "signer.other-ring",
        "signed for a ring with another third key",
        Flag.OTHER_OWNER,
        Point.SIGNATURE,
        {"sigma": _sign((keys[0], keys[1], other), pairs[0].secret, message)},
        check=check,
    )
    return group


def _values(message: str) -> dict[str, Value]:
    """What both sides of a DAKE have."""
    values: dict[str, Value] = {
        "bob profile": profile_octets(BOB),
        "alice profile": profile_octets(ALICE),
        "Y": SUITE.to_bytes(ecdh("y").public),
        "X": SUITE.to_bytes(ecdh("x").public),
        "B": element(dh("b").public),
        "A": element(dh("a").public),
        **phi_values(),
    }
    if message == "non-interactive-auth":
        del values["bob ecdh first"], values["bob dh first"]
        values["shared prekey"] = SUITE.to_bytes(ecdh("d").public)
        values["auth_mac_k"] = octets("auth_mac_k", 64)
    return values


_SECTIONS: Final = {
    "auth-r": "Auth-R Message",
    "auth-i": "Auth-I Message",
    "non-interactive-auth": "Non-Interactive-Auth Message",
}
_CHECKS: Final = {
    "auth-r": "otrv4.check:auth-r-sigma",
    "auth-i": "otrv4.check:auth-i-sigma",
    "non-interactive-auth": "otrv4.check:non-interactive-sigma",
}


def _t(message: str, values: dict[str, Value]) -> bytes:
    """What is signed: what the operation gives of a message whose signature holds."""
    return signed(message, Taken(values))


def _keys(message: str) -> tuple[bytes, bytes, bytes]:
    """The ring of a message."""
    known = {
        "bob forging": long_term(BOB).forging,
        "bob public": long_term(BOB).public,
        "alice forging": long_term(ALICE).forging,
        "alice public": long_term(ALICE).public,
        "Y": ecdh("y").public,
        "X": ecdh("x").public,
    }
    one, two, three = (SUITE.to_bytes(known[name]) for name in RINGS[message])
    return one, two, three


def _message(message: str) -> Group:
    """A message of a DAKE: with each part of what is signed altered."""
    values, check = _values(message), _CHECKS[message]
    signer = BOB if message == "auth-i" else ALICE
    keys, t = _keys(message), _t(message, _values(message))
    sigma = _sign(keys, long_term(signer).secret, t)
    values["sigma"] = sigma
    if "auth_mac_k" in values:
        values["Auth MAC"] = _mac(values, t)
    group = Group(
        message,
        OPERATIONS[message],
        f"signed with {signer.capitalize()}'s long-term key",
        _SECTIONS[message],
        values,
        (check,),
    )
    group.valid("good", f"signed with {signer.capitalize()}'s long-term key")
    ephemeral = "x" if message == "auth-i" else "y"
    held: dict[str, Value] = {"sigma": _sign(keys, ecdh(ephemeral).secret, t)}
    group.valid(
        "forged-by-receiver",
        "signed by who receives it, with the ephemeral key: so it proves nothing to others",
        Flag.OTHER_KEY,
        held,
    )
    _altered(group, values, check)
    for other in RINGS:
        if other != message:
            other_signer = BOB if other == "auth-i" else ALICE
            made = _sign(_keys(other), long_term(other_signer).secret, _t(other, _values(other)))
            group.fault(
                f"sigma.of-{other}",
                f"it is that of a {_SECTIONS[other]}",
                Flag.DOMAIN,
                Point.SIGNATURE,
                {"sigma": made},
                check=check,
            )
    for name, about, text in (
        ("without-role", "the octet that tells Auth-R and Auth-I apart is not signed", t[1:]),
        ("other-role", "the octet that tells them apart is another", bytes((t[0] ^ 1, *t[1:]))),
        ("empty", "nothing is signed", b""),
    ):
        if message == "non-interactive-auth" and "role" in name:
            continue
        group.fault(
            f"t.{name}",
            about,
            Flag.DOMAIN,
            Point.SIGNATURE,
            {"sigma": _sign(keys, long_term(signer).secret, text)},
            check=check,
        )
    group.fault(
        "t.hashed",
        "a hash of t is signed",
        Flag.DOMAIN,
        Point.SIGNATURE,
        {"sigma": _sign(keys, long_term(signer).secret, octets("hash of t", 64))},
        check=check,
    )
    orders = ((1, 0, 2), (0, 2, 1), (2, 1, 0))
    for order in orders:
        one, two, three = (keys[n] for n in order)
        made = _sign((one, two, three), long_term(signer).secret, t)
        group.fault(
            f"ring.{''.join(str(n + 1) for n in order)}",
            "the keys of the ring are in another order",
            Flag.ORDER,
            Point.SIGNATURE,
            {"sigma": made},
            check=check,
        )
    if "Auth MAC" in values:
        _macs(group, values, t)
    return group


def _mac(values: dict[str, Value], t: bytes) -> bytes:
    """The Auth MAC."""
    return SUITE.to_bytes(SUITE.auth_mac(cast("Any", values["auth_mac_k"]), SUITE.octets(t)))


def _altered(group: Group, values: dict[str, Value], check: str) -> None:
    """One value of the transcript is another: what was signed is something else."""
    stranger = ecdh("stranger")
    point, number = SUITE.to_bytes(stranger.public), element(dh("stranger").public)
    points = ("Y", "X", "bob ecdh first", "alice ecdh first", "shared prekey")
    numbers = ("B", "A", "bob dh first", "alice dh first")
    for name in points:
        if name in values:
            group.fault(
                f"altered.{name.replace(' ', '-')}",
                f"{name} is another point",
                Flag.ALTERED,
                Point.SIGNATURE,
                {name: point},
                check=check,
            )
    for name in numbers:
        if name in values:
            group.fault(
                f"altered.{name.replace(' ', '-')}",
                f"{name} is another number",
                Flag.ALTERED,
                Point.SIGNATURE,
                {name: number},
                check=check,
            )
    group.fault(
        "exchanged.x-y",
        "X and Y are exchanged",
        Flag.EXCHANGED,
        Point.SIGNATURE,
        {"X": values["Y"], "Y": values["X"]},
        check=check,
    )
    group.fault(
        "exchanged.a-b",
        "A and B are exchanged",
        Flag.EXCHANGED,
        Point.SIGNATURE,
        {"A": values["B"], "B": values["A"]},
        check=check,
    )
    group.fault(
        "exchanged.profiles",
        "the profiles are exchanged",
        Flag.EXCHANGED,
        Point.SIGNATURE,
        {"bob profile": values["alice profile"], "alice profile": values["bob profile"]},
        check=check,
    )
    for who in ("bob", "alice"):
        other = profile_octets(who, dsa=True)
        group.fault(
            f"altered.{who}-profile",
            f"{who.capitalize()}'s profile is another with the same keys",
            Flag.ALTERED,
            Point.SIGNATURE,
            {f"{who} profile": other},
            check=check,
        )
        group.fault(
            f"altered.{who}-name",
            f"{who.capitalize()} has another name",
            Flag.OTHER_OWNER,
            Point.SIGNATURE,
            {f"{who} name": b"eve@example.org"},
            check=check,
        )
        group.fault(
            f"altered.{who}-name-empty",
            f"{who.capitalize()} has no name",
            Flag.EMPTY,
            Point.SIGNATURE,
            {f"{who} name": b""},
            check=check,
        )
        group.fault(
            f"altered.{who}-tag",
            f"{who.capitalize()}'s instance tag is another",
            Flag.OTHER_OWNER,
            Point.SIGNATURE,
            {f"{who} tag": TAGS[who] + 1},
            check=check,
        )
    if "bob ecdh first" in values:
        changed = {
            "bob ecdh first": values["alice ecdh first"],
            "alice ecdh first": values["bob ecdh first"],
        }
        group.fault(
            "exchanged.first-ecdh",
            "the first ECDH keys are exchanged",
            Flag.EXCHANGED,
            Point.SIGNATURE,
            changed,
            check=check,
        )
        changed = {
            "bob dh first": values["alice dh first"],
            "alice dh first": values["bob dh first"],
        }
        group.fault(
            "exchanged.first-dh",
            "the first DH keys are exchanged",
            Flag.EXCHANGED,
            Point.SIGNATURE,
            changed,
            check=check,
        )


def _macs(group: Group, values: dict[str, Value], t: bytes) -> None:
    """The Auth MAC of a Non-Interactive-Auth Message."""
    check = "otrv4.check:auth-mac"
    mac, key = cast("bytes", values["Auth MAC"]), cast("bytes", values["auth_mac_k"])
    sigma = cast("bytes", values["sigma"])
    for name, about, flag, made in (
        ("first-bit", "its first bit differs", Flag.ALTERED, bytes((mac[0] ^ 0x80, *mac[1:]))),
        ("last-bit", "its last bit differs", Flag.ALTERED, mac[:-1] + bytes((mac[-1] ^ 1,))),
        ("zero", "it is all zeros", Flag.ZERO, bytes(64)),
        (
            "other-usage",
            "under the usage of the authenticator of a Data Message",
            Flag.DOMAIN,
            under_byte(Usage.AUTHENTICATOR.byte, key, t, size=64),
        ),
        ("no-usage", "under the usage 0", Flag.DOMAIN, under_byte(0, key, t, size=64)),
        (
            "key-behind",
            "the key is hashed behind t",
            Flag.ORDER,
            under_byte(Usage.AUTH_MAC.byte, t, key, size=64),
        ),
        (
            "with-sigma",
            "sigma is covered, too",
            Flag.DOMAIN,
            under_byte(Usage.AUTH_MAC.byte, key, t, sigma, size=64),
        ),
        (
            "other-key",
            "with another key",
            Flag.OTHER_KEY,
            under_byte(Usage.AUTH_MAC.byte, octets("other", 64), t, size=64),
        ),
        (
            "of-nothing",
            "it covers nothing",
            Flag.EMPTY,
            under_byte(Usage.AUTH_MAC.byte, key, size=64),
        ),
        ("cut-short", "it lacks its last octet", Flag.CUT_SHORT, mac[:-1]),
        ("empty", "there is none", Flag.EMPTY, b""),
    ):
        group.fault(
            f"mac.{name}",
            f"the Auth MAC: {about}",
            flag,
            Point.MAC,
            {"Auth MAC": made},
            check=check,
        )
    group.fault(
        "mac.key",
        "our auth_mac_k is another",
        Flag.OTHER_OWNER,
        Point.MAC,
        {"auth_mac_k": octets("other", 64)},
        check=check,
    )
