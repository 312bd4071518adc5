"""The AKE: ranges, the commitment, and who sent a Reveal Signature or Signature Message."""

from __future__ import annotations

import hmac
from hashlib import sha1, sha256
from typing import TYPE_CHECKING, Final, cast

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from otr_conformance.vectors.kinds import Flag, Group
from otr_model.kernel.vocabulary import Point
from otr_model.otrv3 import layouts
from otr_reference.codec import Codec
from otr_reference.keys import dsa
from otr_reference.otrv3 import wire
from otr_reference.otrv3.messages import Identity

from .derivations import encoded
from .material import ALICE, BOB, SUITE, TAGS, G, P, Q, dsa_key, number, octets
from .operations import OPERATIONS

if TYPE_CHECKING:
    from otr_conformance.vectors.kinds import Value
    from otr_reference.otrv3.messages import SigmaKeys
    from otr_reference.sorts import Key, PublicKey, Signature

__all__ = ["ake"]

_REVEAL: Final = "reveal-signature"
_SIGNATURE: Final = "signature"


def ake() -> tuple[Group, ...]:
    """Every check of the AKE."""
    return (_range(), _dh_key(), _commitment(), _identity(_REVEAL), _identity(_SIGNATURE))


LEGAL: Final = {
    "least": ("2", 2),
    "3": ("3, which has another order than 2", 3),
    "most": ("p - 2", P - 2),
    "q": ("q, the order", Q),
    "outside": ("a number outside of the subgroup of order q", P - 4),
    "short": ("a number of one octet", 0xFF),
}
"""Numbers that are in range."""

ILLEGAL: Final = {
    "zero": ("0", 0),
    "one": ("1", 1),
    "p-less-one": ("p - 1", P - 1),
    "p": ("p", P),
    "p-and-one": ("p + 1", P + 1),
    "p-and-two": ("p + 2, which is 2 modulo p", P + 2),
    "longer": ("a number of more octets than p", P << 8),
}
"""Numbers that are not."""


def _range() -> Group:
    gy = pow(G, number("y", 320), P)
    group = Group(
        "gy",
        OPERATIONS["accept-dh-key"],
        "a D-H key of the peer's",
        "D-H Key Message",
        {"public": encoded(gy)},
        ("otrv3.check:gy-range",),
    )
    group.valid("ordinary", "a power of 2")
    for name, (about, value) in LEGAL.items():
        group.valid(name, f"gy is {about}", Flag.BOUNDARY, {"public": encoded(value)})
    for name, (about, value) in ILLEGAL.items():
        flag = Flag.SMALL_ORDER if value in {1, P - 1} else Flag.BOUNDARY
        group.fault(
            name, about, flag, Point.RANGE, {"public": encoded(value)}, check="otrv3.check:gy-range"
        )
    return group


def _dh_key() -> Group:
    """A D-H Key Message, and which version it is of."""
    gy = pow(G, number("y", 320), P)

    def message(version: int, value: int = gy) -> bytes:
        tags = {"sender": TAGS[BOB], "receiver": TAGS[ALICE]}
        return Codec(layouts.DH_KEY, version).write({"version": version, "gy": value, **tags})

    takes: dict[str, Value] = {"message": message(3), "version": 3}
    section, check = "Receiving a D-H Key Message", "otrv3.check:dh-key-version"
    about = "an answer to a D-H Commit Message of version 3"
    group = Group("dh-key", OPERATIONS["receive-dh-key"], about, section, takes, (check,))
    group.valid("v3", "both are of version 3")
    group.valid("v2", "both are of version 2", Flag.NORMAL, {"message": message(2), "version": 2})
    mixed = "otrv3.ambiguity:mixed-versions"
    for theirs, ours in ((2, 3), (3, 2)):
        about = f"it is of version {theirs}, and our D-H Commit Message of version {ours}"
        held: dict[str, Value] = {"message": message(theirs), "version": ours}
        name = f"v{theirs}-for-v{ours}"
        group.fault(name, about, Flag.CONSTANT, Point.VERSION, held, check=check, ambiguity=mixed)
    for name, (about, value) in ILLEGAL.items():
        made = {"message": message(3, value)}
        flag = Flag.SMALL_ORDER if value in {1, P - 1} else Flag.BOUNDARY
        range_check = "otrv3.check:gy-range"
        group.fault(f"gy.{name}", f"gy is {about}", flag, Point.RANGE, made, check=range_check)
    return group


def _aes(key: bytes, data: bytes) -> bytes:
    """Encrypt with AES-CTR from counter 0."""
    cipher = Cipher(AES(key), CTR(bytes(16))).encryptor()
    return cipher.update(data) + cipher.finalize()


def _commitment() -> Group:
    r, gx = octets("r", 16), pow(G, number("x", 320), P)

    def committed(plain: bytes, key: bytes = r) -> dict[str, bytes]:
        return {"encrypted gx": _aes(key, plain), "hashed gx": sha256(plain).digest()}

    base = committed(wire.mpi(gx))
    group = Group(
        "commitment",
        OPERATIONS["open-commitment"],
        "a commitment, and the key that opens it",
        "Receiving a Reveal Signature Message",
        {"revealed key": r, **base},
        ("otrv3.check:commitment-matches", "otrv3.check:commitment-opens"),
    )
    group.valid("good", "nothing is wrong with it")
    for name, (about, value) in LEGAL.items():
        group.valid(f"gx.{name}", f"gx is {about}", Flag.BOUNDARY, committed(wire.mpi(value)))
    for name, (about, value) in ILLEGAL.items():
        flag = Flag.SMALL_ORDER if value in {1, P - 1} else Flag.BOUNDARY
        group.fault(
            f"gx.{name}",
            f"gx is {about}",
            flag,
            Point.RANGE,
            committed(wire.mpi(value)),
            check="otrv3.check:gx-range",
        )
    matches = "otrv3.check:commitment-matches"
    encrypted, hashed = base["encrypted gx"], base["hashed gx"]
    altered = {
        "revealed-key.first-bit": (
            "the first bit of r differs",
            Flag.ALTERED,
            {"revealed key": bytes((r[0] ^ 0x80, *r[1:]))},
        ),
        "revealed-key.last-bit": (
            "the last bit of r differs",
            Flag.ALTERED,
            {"revealed key": r[:-1] + bytes((r[-1] ^ 1,))},
        ),
        "revealed-key.zero": ("r is all zeros", Flag.ZERO, {"revealed key": bytes(16)}),
        "revealed-key.empty": ("r is empty", Flag.EMPTY, {"revealed key": b""}),
        "revealed-key.short": ("r lacks its last octet", Flag.SIZE, {"revealed key": r[:-1]}),
        "revealed-key.long": ("an octet follows r", Flag.SIZE, {"revealed key": r + b"\0"}),
        "revealed-key.24-octets": (
            "r is a key of 192 bits",
            Flag.SIZE,
            {"revealed key": r + bytes(8)},
        ),
        "revealed-key.32-octets": (
            "r is a key of 256 bits",
            Flag.SIZE,
            {"revealed key": r + bytes(16)},
        ),
        "revealed-key.reversed": (
            "r in the other order of octets",
            Flag.ORDER,
            {"revealed key": r[::-1]},
        ),
        "encrypted.first-bit": (
            "the first bit of Encrypted gx differs",
            Flag.ALTERED,
            {"encrypted gx": bytes((encrypted[0] ^ 0x80, *encrypted[1:]))},
        ),
        "encrypted.length-bit": (
            "the last bit of the MPI's length differs",
            Flag.ALTERED,
            {"encrypted gx": encrypted[:3] + bytes((encrypted[3] ^ 1,)) + encrypted[4:]},
        ),
        "encrypted.last-bit": (
            "the last bit of Encrypted gx differs",
            Flag.ALTERED,
            {"encrypted gx": encrypted[:-1] + bytes((encrypted[-1] ^ 1,))},
        ),
        "encrypted.short": (
            "Encrypted gx lacks its last octet",
            Flag.CUT_SHORT,
            {"encrypted gx": encrypted[:-1]},
        ),
        "encrypted.long": (
            "an octet follows Encrypted gx",
            Flag.TRAILING,
            {"encrypted gx": encrypted + b"\0"},
        ),
        "encrypted.empty": ("Encrypted gx is empty", Flag.EMPTY, {"encrypted gx": b""}),
        "encrypted.plain": ("gx is not encrypted", Flag.DOMAIN, {"encrypted gx": wire.mpi(gx)}),
        "encrypted.counter": (
            "the cipher's counter begins at 1",
            Flag.DOMAIN,
            {"encrypted gx": _aes_from_1(r, wire.mpi(gx))},
        ),
        "hashed.first-bit": (
            "the first bit of Hashed gx differs",
            Flag.ALTERED,
            {"hashed gx": bytes((hashed[0] ^ 0x80, *hashed[1:]))},
        ),
        "hashed.last-bit": (
            "the last bit of Hashed gx differs",
            Flag.ALTERED,
            {"hashed gx": hashed[:-1] + bytes((hashed[-1] ^ 1,))},
        ),
        "hashed.160-bits": (
            "only 160 bits of Hashed gx are right",
            Flag.ALTERED,
            {"hashed gx": hashed[:20] + bytes(12)},
        ),
        "hashed.short": (
            "Hashed gx lacks its last octet",
            Flag.CUT_SHORT,
            {"hashed gx": hashed[:-1]},
        ),
        "hashed.empty": ("Hashed gx is empty", Flag.EMPTY, {"hashed gx": b""}),
        "hashed.sha1": (
            "Hashed gx is a SHA-1 hash",
            Flag.DOMAIN,
            {"hashed gx": sha1(wire.mpi(gx), usedforsecurity=False).digest()},
        ),
        "hashed.without-length": (
            "gx is hashed without its length",
            Flag.DOMAIN,
            {"hashed gx": sha256(encoded(gx)).digest()},
        ),
        "hashed.encrypted": (
            "it is a hash of what is encrypted",
            Flag.DOMAIN,
            {"hashed gx": sha256(encrypted).digest()},
        ),
        "hashed.other": (
            "it is a hash of another gx",
            Flag.OTHER_KEY,
            {"hashed gx": sha256(wire.mpi(gx * 2 % P)).digest()},
        ),
    }
    for name, (about, flag, takes) in altered.items():
        group.fault(name, about, flag, Point.COMMITMENT, takes, check=matches)
    opens = "otrv3.check:commitment-opens"
    plain = wire.mpi(gx)
    for name, about, flag, content in (
        ("content.empty", "it is to nothing", Flag.EMPTY, b""),
        ("content.no-length", "it is to gx without its length", Flag.LEFT_OUT, encoded(gx)),
        (
            "content.cut-short",
            "it is to an MPI that lacks its last octet",
            Flag.CUT_SHORT,
            plain[:-1],
        ),
        ("content.octet-follows", "it is to an MPI and an octet", Flag.TRAILING, plain + b"\0"),
        ("content.length-alone", "it is to a length alone", Flag.CUT_SHORT, plain[:4]),
        (
            "content.length-all-ones",
            "the length is the largest",
            Flag.LENGTH,
            b"\xff" * 4 + plain[4:],
        ),
        ("content.two", "it is to two MPIs", Flag.TWICE, plain * 2),
    ):
        group.fault(name, about, flag, Point.ENCODING, committed(content), check=opens)
    group.fault(
        "content.leading-zero",
        "it is to an MPI with a zero octet in front",
        Flag.LEADING_ZERO,
        Point.ENCODING,
        committed(wire.data(b"\0" + encoded(gx))),
        check=opens,
        ambiguity="otrv3.ambiguity:minimal-mpi",
    )
    return group


def _aes_from_1(key: bytes, data: bytes) -> bytes:
    """The same cipher, one block further on."""
    return _aes(key, bytes(16) + data)[16:]


class _Maker:
    """Makes encrypted signatures, as the sender of one message does."""

    def __init__(self, message: str) -> None:
        reveal = message == _REVEAL
        self.mine, self.theirs = (number(n, 320) for n in (("y", "x") if reveal else ("x", "y")))
        self.ours_public, self.their_public = pow(G, self.mine, P), pow(G, self.theirs, P)
        keys = SUITE.ake_keys(SUITE.scalar(self.mine), SUITE.element(self.their_public))
        self.keys = keys.reveal if reveal else keys.signature
        self.others = keys.signature if reveal else keys.reveal
        self.signer = dsa_key(ALICE)
        self.public = dsa.encode_public(self.signer.public)

    def signature(  # noqa: PLR0913 - everything that is signed
        self,
        *,
        m1: bytes | None = None,
        first: int | None = None,
        second: int | None = None,
        public: bytes | None = None,
        keyid: int = 1,
        signer: dsa.DsaPrivate | None = None,
    ) -> bytes:
        """A signature on M."""
        value = SUITE.signed_value(
            cast("Key", m1 or SUITE.to_bytes(self.keys.m1)),
            SUITE.element(self.their_public if first is None else first),
            SUITE.element(self.ours_public if second is None else second),
            cast("PublicKey", public or self.public),
            keyid,
        )
        return dsa.sign(signer or self.signer, SUITE.to_bytes(value), b"")

    def x(self, signature: bytes, keyid: int = 1, public: bytes | None = None) -> bytes:
        """X."""
        identity = Identity(
            cast("PublicKey", public or self.public), keyid, cast("Signature", signature)
        )
        return wire.encode_identity(identity)

    def sealed(self, x: bytes, keys: SigmaKeys | None = None) -> dict[str, bytes]:
        """What is sent of X."""
        used = keys or self.keys
        encrypted = _aes(SUITE.to_bytes(used.c), x)
        return {"encrypted signature": encrypted, "mac": self.mac(encrypted)}

    def mac(self, encrypted: bytes) -> bytes:
        """The MAC of an encrypted signature."""
        return SUITE.to_bytes(SUITE.identity_mac(self.keys.m2, SUITE.octets(encrypted)))


def _identity(message: str) -> Group:
    make = _Maker(message)
    good = make.x(make.signature())
    sealed = make.sealed(good)
    base: dict[str, Value] = {
        "message": message,
        "our secret": encoded(make.mine),
        "our public": encoded(make.ours_public),
        "their public": encoded(make.their_public),
        **sealed,
    }
    prefix = "reveal" if message == _REVEAL else "signature"
    group = Group(
        message,
        OPERATIONS["authenticate"],
        f"a {message.replace('-', ' ')} message, whose sender has the key of Alice",
        "Reveal Signature Message" if message == _REVEAL else "Signature Message",
        base,
        tuple(f"otrv3.check:{prefix}-{each}" for each in ("mac", "identity", "keyid", "signed")),
    )
    group.valid("good", "nothing is wrong with it")
    for keyid in (2, 0x100, 0x80000000, 0xFFFFFFFF):
        made = make.sealed(make.x(make.signature(keyid=keyid), keyid))
        group.valid(f"keyid.{keyid:#x}", f"the key id is {keyid}", Flag.BOUNDARY, made)
    _macs(group, make, sealed, f"otrv3.check:{prefix}-mac")
    _insides(group, make, good, f"otrv3.check:{prefix}-identity")
    made = make.sealed(make.x(make.signature(keyid=0), 0))
    group.fault(
        "keyid.zero",
        "the key id is 0, and signed",
        Flag.ZERO,
        Point.KEY_ID,
        made,
        check=f"otrv3.check:{prefix}-keyid",
    )
    _signed(group, make, f"otrv3.check:{prefix}-signed")
    return group


def _macs(group: Group, make: _Maker, sealed: dict[str, bytes], check: str) -> None:
    """Faults of the MAC, and of what it covers."""
    encrypted, mac = sealed["encrypted signature"], sealed["mac"]
    keys, others = make.keys, make.others
    whole = len(encrypted).to_bytes(4, "big") + encrypted

    def hmaced(key: object, data: bytes, digest: str = "sha256") -> bytes:
        return hmac.digest(cast("bytes", key), data, digest)[:20]

    full = hmac.digest(SUITE.to_bytes(keys.m2), whole, "sha256")
    wrong = {
        "mac.first-bit": (
            "the first bit of the MAC differs",
            Flag.ALTERED,
            bytes((mac[0] ^ 0x80, *mac[1:])),
        ),
        "mac.last-bit": (
            "the last bit of the MAC differs",
            Flag.ALTERED,
            mac[:-1] + bytes((mac[-1] ^ 1,)),
        ),
        "mac.zero": ("the MAC is all zeros", Flag.ZERO, bytes(20)),
        "mac.last-160-bits": ("the last 160 bits of the HMAC", Flag.DOMAIN, full[12:]),
        "mac.sha1": ("an HMAC with SHA-1", Flag.DOMAIN, hmaced(keys.m2, whole, "sha1")),
        "mac.without-length": (
            "the length is not covered",
            Flag.DOMAIN,
            hmaced(keys.m2, encrypted),
        ),
        "mac.of-x": (
            "it is a MAC of X before encryption",
            Flag.DOMAIN,
            hmaced(keys.m2, make.x(make.signature())),
        ),
        "mac.key-m1": ("made with m1 of this message", Flag.OTHER_KEY, hmaced(keys.m1, whole)),
        "mac.key-of-other": (
            "made with m2 of the other message",
            Flag.OTHER_KEY,
            hmaced(others.m2, whole),
        ),
        "mac.key-m1-of-other": (
            "made with m1 of the other message",
            Flag.OTHER_KEY,
            hmaced(others.m1, whole),
        ),
        "mac.no-hmac": (
            "a hash of the key and the field",
            Flag.DOMAIN,
            sha256(SUITE.to_bytes(keys.m2) + whole).digest()[:20],
        ),
        "mac.empty": ("there is no MAC", Flag.EMPTY, b""),
        "mac.cut-short": ("the MAC lacks its last octet", Flag.CUT_SHORT, mac[:-1]),
        "mac.whole-hmac": ("all 32 octets of the HMAC", Flag.SIZE, full),
    }
    for name, (about, flag, made) in wrong.items():
        group.fault(name, about, flag, Point.MAC, {"mac": made}, check=check)
    for name, about, made in (
        (
            "encrypted.first-bit",
            "its first bit differs",
            bytes((encrypted[0] ^ 0x80, *encrypted[1:])),
        ),
        (
            "encrypted.last-bit",
            "its last bit differs",
            encrypted[:-1] + bytes((encrypted[-1] ^ 1,)),
        ),
        ("encrypted.cut-short", "it lacks its last octet", encrypted[:-1]),
        ("encrypted.octet-follows", "an octet follows", encrypted + b"\0"),
        ("encrypted.empty", "there is nothing", b""),
    ):
        takes = {"encrypted signature": made}
        group.fault(
            name, f"Encrypted signature: {about}", Flag.ALTERED, Point.MAC, takes, check=check
        )
    other = pow(G, number("z", 320), P)
    for name, about, takes in (
        (
            "exchange.our-secret",
            "our D-H key is another",
            {"our secret": encoded(number("z", 320)), "our public": encoded(other)},
        ),
        ("exchange.their-public", "their D-H key is another", {"their public": encoded(other)}),
    ):
        group.fault(name, about, Flag.OTHER_KEY, Point.MAC, takes, check=check)
    other_message = _SIGNATURE if group.name == _REVEAL else _REVEAL
    group.fault(
        "message.other",
        "it is read as the other message, with the other keys",
        Flag.EXCHANGED,
        Point.MAC,
        {"message": other_message},
        check=check,
    )


def _insides(group: Group, make: _Maker, good: bytes, check: str) -> None:
    """X that cannot be read, under a MAC that is right."""
    key_end = len(make.public)
    p_end = 2 + 4 + 128
    faults = {
        "x.empty": ("X is empty", Flag.EMPTY, b""),
        "x.type-alone": ("X ends behind the type of the key", Flag.CUT_SHORT, good[:2]),
        "x.p-cut-short": ("X ends inside of p", Flag.CUT_SHORT, good[: p_end - 1]),
        "x.p-alone": ("X ends behind p", Flag.CUT_SHORT, good[:p_end]),
        "x.key-alone": ("X ends behind the public key", Flag.CUT_SHORT, good[:key_end]),
        "x.keyid-cut-short": ("X ends inside of the key id", Flag.CUT_SHORT, good[: key_end + 3]),
        "x.signature-missing": ("X ends behind the key id", Flag.CUT_SHORT, good[: key_end + 4]),
        "x.signature-cut-short": ("X lacks its last octet", Flag.CUT_SHORT, good[:-1]),
        "x.octet-follows": ("an octet follows X", Flag.TRAILING, good + b"\0"),
        "x.twice": ("X is there twice", Flag.TWICE, good * 2),
        "x.keyid-left-out": (
            "there is no key id",
            Flag.LEFT_OUT,
            good[:key_end] + good[key_end + 4 :],
        ),
        "x.key-type": ("the type of the key is 1", Flag.CONSTANT, b"\0\1" + good[2:]),
        "x.key-left-out": ("there is no public key", Flag.LEFT_OUT, good[key_end:]),
        "x.p-length": (
            "the length of p is the largest",
            Flag.LENGTH,
            good[:2] + b"\xff" * 4 + good[6:],
        ),
        "x.p-zero": (
            "p has a zero octet in front",
            Flag.LEADING_ZERO,
            good[:2] + b"\0\0\0\x81\0" + good[6:],
        ),
        "x.q-19-octets": (
            "q has 19 octets",
            Flag.SIZE,
            good[:p_end] + b"\0\0\0\x13" + good[p_end + 5 :],
        ),
    }
    for name, (about, flag, x) in faults.items():
        ambiguity = "otrv3.ambiguity:minimal-mpi" if flag is Flag.LEADING_ZERO else ""
        group.fault(
            name, about, flag, Point.ENCODING, make.sealed(x), check=check, ambiguity=ambiguity
        )
    for name, about, keys in (
        ("x.key-of-other", "X is encrypted for the other message", make.others),
    ):
        group.fault(
            name, about, Flag.OTHER_KEY, Point.ENCODING, make.sealed(good, keys), check=check
        )
    group.fault(
        "x.plain",
        "X is not encrypted",
        Flag.DOMAIN,
        Point.ENCODING,
        {"encrypted signature": good, "mac": make.mac(good)},
        check=check,
    )


def _signed(group: Group, make: _Maker, check: str) -> None:
    """Signatures that do not fit, under a MAC that is right."""
    good = make.signature()
    r, s, q = good[:20], good[20:], make.signer.public.q
    bob = dsa_key(BOB)
    m2, other = SUITE.to_bytes(make.keys.m2), SUITE.to_bytes(make.others.m1)
    gz = pow(G, number("z", 320), P)
    wrong: dict[str, tuple[str, Flag, bytes]] = {
        "sig.first-bit": (
            "the first bit of r differs",
            Flag.ALTERED,
            bytes((r[0] ^ 0x80, *r[1:])) + s,
        ),
        "sig.last-bit": (
            "the last bit of s differs",
            Flag.ALTERED,
            good[:-1] + bytes((good[-1] ^ 1,)),
        ),
        "sig.zero": ("r and s are 0", Flag.ZERO, bytes(40)),
        "sig.r-zero": ("r is 0", Flag.ZERO, bytes(20) + s),
        "sig.s-zero": ("s is 0", Flag.ZERO, r + bytes(20)),
        "sig.r-q": ("r is q", Flag.BOUNDARY, q.to_bytes(20, "big") + s),
        "sig.s-q": ("s is q", Flag.BOUNDARY, r + q.to_bytes(20, "big")),
        "sig.exchanged": ("r and s are exchanged", Flag.EXCHANGED, s + r),
        "sig.by-bob": (
            "another key of the same parameters signed",
            Flag.OTHER_KEY,
            make.signature(signer=bob),
        ),
        "sig.m1-of-other": (
            "M is made with m1 of the other message",
            Flag.OTHER_KEY,
            make.signature(m1=other),
        ),
        "sig.m2": ("M is made with m2", Flag.OTHER_KEY, make.signature(m1=m2)),
        "sig.keys-exchanged": (
            "M has gx and gy exchanged",
            Flag.EXCHANGED,
            make.signature(first=make.ours_public, second=make.their_public),
        ),
        "sig.first-other": (
            "M has another D-H key of the signer's",
            Flag.OTHER_KEY,
            make.signature(first=gz),
        ),
        "sig.second-other": (
            "M has another D-H key of ours",
            Flag.OTHER_KEY,
            make.signature(second=gz),
        ),
        "sig.first-twice": (
            "M has the signer's D-H key twice",
            Flag.TWICE,
            make.signature(second=make.their_public),
        ),
        "sig.public-other": (
            "M has another public key",
            Flag.OTHER_OWNER,
            make.signature(public=dsa.encode_public(bob.public)),
        ),
        "sig.keyid-other": ("M has another key id", Flag.ALTERED, make.signature(keyid=2)),
        "sig.keyid-order": (
            "M has the key id in the other order of octets",
            Flag.ORDER,
            make.signature(keyid=0x01000000),
        ),
    }
    for name, (about, flag, signature) in wrong.items():
        group.fault(name, about, flag, Point.SIGNATURE, make.sealed(make.x(signature)), check=check)
    made = make.sealed(make.x(good, 2))
    group.fault(
        "keyid.altered",
        "the key id differs from what is signed",
        Flag.ALTERED,
        Point.SIGNATURE,
        made,
        check=check,
    )
    public = dsa.encode_public(bob.public)
    made = make.sealed(make.x(good, 1, public))
    group.fault(
        "public-key.other",
        "the public key is another",
        Flag.OTHER_OWNER,
        Point.SIGNATURE,
        made,
        check=check,
    )
    for name, about, part in (
        (
            "g",
            "another generator in the public key",
            dsa.DsaPublic(bob.public.p, q, 2, make.signer.public.y),
        ),
        ("y-one", "y of the public key is 1", dsa.DsaPublic(bob.public.p, q, bob.public.g, 1)),
    ):
        made = make.sealed(make.x(good, 1, dsa.encode_public(part)))
        group.fault(f"public-key.{name}", about, Flag.ALTERED, Point.SIGNATURE, made, check=check)
