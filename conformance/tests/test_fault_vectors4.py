"""Single vectors of OTR version 4, each computed again by a computation that was written apart.

Octets are read here as the specification lays them out. The curve, the KDF, ring signatures and
ChaCha20 are those of the second computation (`reference/tests/second`), which shares no code with
the product; Ed448 signatures are verified by `cryptography` as well.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import struct
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gmpy2
import pytest
import second_chacha as chacha
import second_ed448 as curve
import second_encoding as enc
import second_kdf as kdf
import second_ring as ring
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from second_smp import smp_secret as second_smp_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Values = dict[str, Any]
    Operation = Callable[[Values], Values]

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "generated" / "vectors" / "otrv4"
P, Q, G = enc.DH_P, curve.Q, curve.encode_point(curve.G)


ENCODING = "encoding"


class Refused(Exception):
    """An operation refuses: where, and the field at fault."""

    def __init__(self, fails: str, field: str = "") -> None:
        super().__init__(fails, field)
        self.fails, self.field = fails, field


def require(holds: object, fails: str, field: str = "") -> None:
    """Refuse, unless something holds."""
    if not holds:
        raise Refused(fails, field)


# --- The documents --------------------------------------------------------------------------------


def documents() -> list[str]:
    """The names of the documents."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


@cache
def published(name: str) -> Values:
    """A document as it is checked in."""
    found: Values = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


def changed(old: Any, new: Any) -> Any:
    """A value of a vector, with its edits applied to that of the group."""
    if isinstance(new, list) and new and isinstance(new[0], list) and isinstance(old, str):
        octets = bytes.fromhex(old)
        for at, gone, come in reversed(new):
            octets = octets[:at] + bytes.fromhex(come) + octets[at + gone :]
        return octets.hex()
    return new


def vectors(name: str) -> Iterator[tuple[str, Values, Values]]:
    """Every vector of a document: its operation, what it takes, and the vector."""
    for group in published(name)["groups"]:
        for vector in group["vectors"]:
            base = group["takes"]
            takes = {n: changed(base.get(n), v) for n, v in vector.get("takes", {}).items()}
            yield group["operation"], base | takes, vector


OPERATIONS: dict[str, Operation] = {}


def operation(name: str) -> Callable[[Operation], Operation]:
    """Enter an operation."""

    def enter(compute: Operation) -> Operation:
        OPERATIONS[name] = compute
        return compute

    return enter


def octets(takes: Values, name: str) -> bytes:
    """A value that is octets."""
    return bytes.fromhex(takes[name])


def number(takes: Values, name: str) -> int:
    """A value that is a large number, the most significant octet first."""
    return int.from_bytes(octets(takes, name), "big")


def little(takes: Values, name: str) -> int:
    """The same, the least significant octet first."""
    return int.from_bytes(octets(takes, name), "little")


# --- Data types -----------------------------------------------------------------------------------


class Reader:
    """Takes fields off the front of octets."""

    def __init__(self, octets: bytes, at: int = 0) -> None:
        self.octets, self.at = octets, at

    def take(self, field: str, size: int) -> bytes:
        """So many octets."""
        end = self.at + size
        require(end <= len(self.octets), "encoding", field)
        taken, self.at = self.octets[self.at : end], end
        return taken

    def number(self, field: str, size: int, *, signed: bool = False) -> int:
        """A number of so many octets."""
        return int.from_bytes(self.take(field, size), "big", signed=signed)

    def data(self, field: str, size: int = 0, prefix: int = 4) -> bytes:
        """DATA, perhaps of a fixed size."""
        length = self.number(field, prefix)
        require(not size or length == size, "encoding", field)
        return self.take(field, length)

    def mpi(self, field: str, size: int = 0) -> bytes:
        """MPI, without zeros in front."""
        value = self.data(field, size)
        require(value[:1] != b"\0", "encoding", field)
        return value

    def end(self, what: str) -> None:
        """Nothing may be left."""
        require(self.at == len(self.octets), "encoding", what)


# --- Points and numbers, with what came up before kept --------------------------------------------


@cache
def point(octets: bytes) -> curve.Point | None:
    """A point of the curve; None: there is none."""
    try:
        return curve.decode_point(octets)
    except curve.Invalid:
        return None


@cache
def valid(octets: bytes) -> bool:
    """Whether octets are a point of the group."""
    found = point(octets)
    return found is not None and curve.is_valid(found)


@cache
def times(octets: bytes, scalar: int) -> curve.Point:
    """A multiple of a point, which has to be one."""
    found = point(octets)
    assert found is not None
    return curve.multiply(found, scalar)


def written(*points: curve.Point) -> bytes:
    """The sum of points."""
    total = curve.IDENTITY
    for each in points:
        total = curve.add(total, each)
    return curve.encode_point(total)


def less(one: bytes, other: bytes) -> bytes:
    """The difference of points."""
    first, second = point(one), point(other)
    assert first is not None
    assert second is not None
    return curve.encode_point(curve.subtract(first, second))


@cache
def in_dh_group(value: int) -> bool:
    """Whether a number is a DH key."""
    return 2 <= value <= P - 2 and gmpy2.powmod(value, (P - 1) // 2, P) == 1


# --- Texts ----------------------------------------------------------------------------------------

TAG = " \t  \t\t\t\t \t \t \t  "
MARKS = {"  \t\t  \t\t": 3, "  \t\t \t  ": 4}
QUERY = re.compile(r"\?OTR(?:(\?)(?:v([0-9A-Za-z]*)\?)?|v([0-9A-Za-z]*)\?)")
FRAGMENT = (
    ("identifier", "([0-9A-Fa-f]{1,8})", "|"),
    ("sender_instance", "([0-9A-Fa-f]{1,8})", "|"),
    ("receiver_instance", "([0-9A-Fa-f]{1,8})", ","),
    ("index", "([0-9]{1,5})", ","),
    ("total", "([0-9]{1,5})", ","),
    ("piece[index]", "([^,]+)", ","),
)


def read_fragment(text: str, at: int) -> Values:
    """A fragment, piece by piece."""
    head = text[at + 5 :].partition(",")
    if head[1] and head[0].count("|") == 1:
        return {"kind": "other version", "version": 3}
    place, found = at + 5, []
    for field, form, end in FRAGMENT:
        match = re.compile(f"{form}{re.escape(end)}").match(text, place)
        require(match, "encoding", field)
        assert match is not None
        if field in {"index", "total"}:
            require(int(match[1]) <= 65535, "encoding", field)
        found.append(match[1])
        place = match.end()
    names = ("identifier", "sender", "receiver")
    read: Values = {name: int(each, 16) for name, each in zip(names, found, strict=False)}
    return {
        "kind": "fragment",
        **read,
        "index": int(found[3]),
        "total": int(found[4]),
        "piece": found[5],
    }


def strict_base64(text: str) -> bytes:
    """Base-64 of RFC 4648, of which any octets have exactly one."""
    try:
        found = base64.b64decode(text.encode("latin-1"), validate=True)
    except binascii.Error:
        raise Refused(ENCODING, "Binary form") from None
    require(base64.b64encode(found) == text.encode("latin-1"), "encoding", "Binary form")
    return found


def read_error(text: str) -> Values:
    """An error message, perhaps with a code."""
    rest = text[len("?OTR Error:") :].removeprefix(" ")
    match = re.match("ERROR_([1-9][0-9]{0,4}): ", rest)
    if match is None:
        return {"kind": "error", "code": 0, "text": rest}
    return {"kind": "error", "code": int(match[1]), "text": rest[match.end() :]}


def read_marked(text: str) -> Values | None:
    """An encoded message or a query, whichever comes first."""
    for match in re.finditer(r"\?OTR", text):
        at = match.start()
        if text.startswith("?OTR:", at):
            inside, dot, _ = text[at + 5 :].partition(".")
            require(dot, "encoding", "Binary form")
            return {"kind": "encoded message", "binary": strict_base64(inside).hex()}
        query = QUERY.match(text, at)
        if query:
            listed = (query[2] or "") + (query[3] or "")
            versions = {int(c) for c in listed if c in "23456789"} | ({1} if query[1] else set())
            return {"kind": "query", "versions": sorted(versions)}
    return None


@operation("read-text")
def read_text(takes: Values) -> Values:
    text = takes["text"]
    if text.startswith("?OTR Error:"):
        return read_error(text)
    if "?OTR|" in text:
        return read_fragment(text, text.index("?OTR|"))
    if "?OTR," in text:
        return {"kind": "other version", "version": 2}
    marked = read_marked(text)
    if marked is not None:
        return marked
    tag = re.search(f"{TAG}((?:[ \t]{{8}})+)", text)
    if tag is None:
        return {"kind": "plaintext", "text": text}
    marks = [tag[1][n : n + 8] for n in range(0, len(tag[1]), 8)]
    versions = {MARKS[mark] for mark in marks if mark in MARKS}
    rest = text[: tag.start()] + text[tag.end() :]
    return {"kind": "tagged plaintext", "text": rest, "versions": sorted(versions)}


# --- Profiles -------------------------------------------------------------------------------------


def read_key(reader: Reader, kind: bytes, title: str, letter: str) -> bytes:
    """A key of Ed448, whose type is least significant octet first."""
    require(reader.take(title, 2) == kind, "encoding", title)
    return reader.take(letter, 57)


def read_dsa_key(reader: Reader) -> bytes:
    """PUBKEY of version 3, with numbers of at most 2048 octets."""
    start = reader.at
    require(reader.number("Pubkey type", 2) == 0, "encoding", "Pubkey type")
    for name in ("p", "q", "g", "y"):
        value = reader.mpi(name, 20 if name == "q" else 0)
        require(len(value) <= 2048, "encoding", name)
    return reader.octets[start : reader.at]


PROFILE_FIELDS = {
    1: ("Client Profile owner instance tag", lambda r: r.number("Instance tag", 4)),
    2: ("Ed448 public key", lambda r: read_key(r, b"\x10\0", "Pubkey type", "H")),
    3: ("Ed448 public forging key", lambda r: read_key(r, b"\x12\0", "Pubkey type", "F")),
    4: ("Versions", lambda r: r.data("Version string")),
    5: ("Client Profile Expiration", lambda r: r.number("Expiration", 8, signed=True)),
    6: ("OTRv3 public authentication DSA key", read_dsa_key),
    7: ("Transitional Signature", lambda r: r.take("DSA signature", 40)),
}


def take_profile(reader: Reader) -> Values:
    """A client profile."""
    start = reader.at
    count = reader.number("Number of Fields", 4)
    require(5 <= count <= 7, "encoding", "Number of Fields")
    held: dict[int, Any] = {}
    transitional = b""
    for _ in range(count):
        first = reader.at
        kind = reader.number("Field type", 2)
        require(kind in PROFILE_FIELDS, "encoding", "Field type")
        title, read = PROFILE_FIELDS[kind]
        require(kind not in held, "encoding", title)
        held[kind] = read(reader)
        transitional += reader.octets[first : reader.at] if kind != 7 else b""
    for kind in range(1, 6):
        require(kind in held, "encoding", PROFILE_FIELDS[kind][0])
    signed = reader.octets[start : reader.at]
    require(len(signed) <= 8192, "encoding", "Fields")
    signature = reader.take("Client Profile Signature", 114)
    return {"held": held, "signed": signed, "signature": signature, "transitional": transitional}


@cache
def read_profile(octets: bytes) -> Values:
    """A client profile alone."""
    reader = Reader(octets)
    found = take_profile(reader)
    reader.end("Client Profile")
    return found


def readable(number: int) -> int | str:
    """A number, as text if some languages do not have it in JSON."""
    return number if abs(number) < 2**53 else str(number)


@operation("read-client-profile")
def read_client_profile(takes: Values) -> Values:
    found = read_profile(octets(takes, "profile"))
    held = found["held"]
    given = {
        "owner": held[1],
        "public key": held[2].hex(),
        "forging key": held[3].hex(),
        "versions": sorted({int(chr(c)) for c in held[4] if chr(c) in "123456789"}),
        "expiration": readable(held[5]),
        "signed": found["signed"].hex(),
        "fingerprint": kdf.fingerprint(held[2], held[3]).hex(),
    }
    return given | ({"DSA key": held[6].hex()} if 6 in held else {})


@cache
def verified(public: bytes, message: bytes, signature: bytes) -> bool:
    """An Ed448 signature, as both the second computation and `cryptography` see it."""
    found = curve.verify(public, message, signature)
    if valid(public):
        try:
            Ed448PublicKey.from_public_bytes(public).verify(signature, message)
        except InvalidSignature:
            assert not found
        else:
            assert found
    return found


def dsa_verified(key: bytes, m: bytes, signature: bytes) -> bool:
    """FIPS 186, with M as a number modulo q."""
    reader = Reader(key, 2)
    p, q, g, y = (int.from_bytes(reader.mpi(name), "big") for name in ("p", "q", "g", "y"))
    r, s = (int.from_bytes(half, "big") for half in (signature[:20], signature[20:]))
    if not (0 < r < q and 0 < s < q):
        return False
    w = pow(s, -1, q)
    v = pow(g, int.from_bytes(m, "big") * w % q, p) * pow(y, r * w % q, p) % p % q
    return v == r


def validate(profile: Values, sender: int, now: int) -> None:
    """Section "Validating a Client Profile"."""
    held = profile["held"]
    good = verified(held[2], profile["signed"], profile["signature"])
    require(good, "signature", "Client Profile Signature")
    require(held[1] == sender, "instance", "Instance tag")
    require(now < held[5], "expiration", "Expiration")
    require(b"4" in held[4], "version", "Version string")
    require(valid(held[2]), "range", "Public key")
    require(valid(held[3]), "range", "Forging key")
    if 6 in held:
        m = hashlib.sha256(profile["transitional"]).digest()
        good = 7 in held and dsa_verified(held[6], m, held[7])
        require(good, "signature", "DSA signature")


@operation("check-client-profile")
def check_client_profile(takes: Values) -> Values:
    validate(read_profile(octets(takes, "profile")), takes["sender"], takes["now"])
    return {}


def read_prekeys(octets: bytes) -> Values:
    """A prekey profile."""
    reader = Reader(octets)
    owner = reader.number("Prekey Profile owner's instance tag", 4)
    expiration = reader.number("Prekey Profile Expiration", 8, signed=True)
    shared = read_key(reader, b"\x11\0", "Shared Prekey type", "D")
    signed = octets[: reader.at]
    signature = reader.take("Prekey Profile Signature", 114)
    reader.end("Prekey Profile")
    held = {"owner": owner, "expiration": expiration, "shared prekey": shared}
    return held | {"signed": signed, "signature": signature}


@operation("read-prekey-profile")
def read_prekey_profile(takes: Values) -> Values:
    found = read_prekeys(octets(takes, "profile"))
    texts = {name: found[name].hex() for name in ("shared prekey", "signed")}
    return {"owner": found["owner"], "expiration": readable(found["expiration"]), **texts}


@operation("check-ensemble")
def check_ensemble(takes: Values) -> Values:
    client = read_profile(octets(takes, "client profile"))
    prekeys = read_prekeys(octets(takes, "prekey profile"))
    binary = octets(takes, "prekey message")
    require(len(binary) > 1, "encoding", "Protocol version")
    message = read_binary(binary)
    owner = message["Prekey owner's instance tag"]
    same = client["held"][1] == prekeys["owner"] == owner
    require(same and owner >= 0x100, "instance", "Instance tag")
    validate(client, owner, takes["now"])
    good = verified(client["held"][2], prekeys["signed"], prekeys["signature"])
    require(good, "signature", "Prekey Profile Signature")
    require(takes["now"] < prekeys["expiration"], "expiration", "Prekey Profile Expiration")
    require(valid(prekeys["shared prekey"]), "range", "Public Shared Prekey")
    require(valid(bytes.fromhex(message["Y"])), "range", "Y")
    require(in_dh_group(int(message["B"] or "0", 16)), "range", "B")
    return {}


# --- Encoded messages -----------------------------------------------------------------------------

TITLES = {
    0x35: "Identity Message",
    0x36: "Auth-R Message",
    0x37: "Auth-I Message",
    0x0D: "Non-Interactive-Auth Message",
    0x0F: "Prekey Message",
    0x03: "Data Message",
}
FIRST = ("our_ecdh_first.public", "our_dh_first.public")
RING_SIG = tuple((name, 57) for name in ("c1", "r1", "c2", "r2", "c3", "r3"))


def take_sigma(reader: Reader) -> bytes:
    """RING-SIG, scalar by scalar."""
    return b"".join(reader.take(name, size) for name, size in RING_SIG)


def take_dake(reader: Reader, kind: int) -> Values:
    """What follows the tags of a message of a DAKE."""
    found: Values = {}
    if kind != 0x37:
        start = reader.at
        take_profile(reader)
        found["Sender's Client Profile"] = reader.octets[start : reader.at]
        ecdh, dh = ("Y", "B") if kind == 0x35 else ("X", "A")
        found |= {ecdh: reader.take(ecdh, 57), dh: reader.mpi(dh)}
    if kind != 0x35:
        found["sigma"] = take_sigma(reader)
    texts: Values = {}
    if kind == 0x0D:
        texts["Prekey Message Identifier"] = reader.number("Prekey Message Identifier", 4)
        found["Auth MAC"] = reader.take("Auth MAC", 64)
    if kind != 0x37:
        found |= {FIRST[0]: reader.take(FIRST[0], 57), FIRST[1]: reader.mpi(FIRST[1])}
    return texts | {name: value.hex() for name, value in found.items()}


def take_data(reader: Reader) -> Values:
    """What follows the tags of a data message."""
    found: Values = {"Flags": reader.number("Flags", 1)}
    for title in ("Previous chain message number", "Ratchet id", "Message id"):
        found[title] = reader.number(title, 4)
    found["Public ECDH Key"] = reader.take("Public ECDH Key", 57).hex()
    found["Public DH Key"] = reader.mpi("Public DH Key").hex()
    found["Encrypted message"] = reader.data("Encrypted message").hex()
    found["covered"] = reader.at
    found["Authenticator"] = reader.take("Authenticator", 64).hex()
    old = reader.data("Old MAC keys to be revealed")
    require(len(old) % 64 == 0, "encoding", "Old MAC keys to be revealed")
    return found | {"Old MAC keys to be revealed": old.hex()}


def read_header(reader: Reader) -> Values:
    """Version, type, and but for a Prekey Message the instance tags."""
    version = reader.number("Protocol version", 2)
    require(version == 4, "version", "Protocol version")
    found = {"Protocol version": version, "Message type": reader.number("Message type", 1)}
    if found["Message type"] != 0x0F:
        for title in ("Sender's instance tag", "Receiver's instance tag"):
            found[title] = reader.number(title, 4)
    require(found["Message type"] in TITLES, "encoding", "Message type")
    return found


def read_binary(octets: bytes) -> Values:
    """A message, field by field."""
    reader = Reader(octets)
    header = read_header(reader)
    kind = header["Message type"]
    if kind == 0x03:
        body = take_data(reader)
    elif kind == 0x0F:
        titles = ("Prekey Message Identifier", "Prekey owner's instance tag")
        body = {title: reader.number(title, 4) for title in titles}
        body |= {"Y": reader.take("Y", 57).hex(), "B": reader.mpi("B").hex()}
    else:
        body = take_dake(reader, kind)
    reader.end(TITLES[kind])
    return {"message": TITLES[kind], **header, **body}


@operation("read-message")
def read_message(takes: Values) -> Values:
    found = read_binary(octets(takes, "message"))
    found.pop("covered", None)
    return found


def for_us(header: Values, ours: int) -> None:
    """Section "Instance Tags"."""
    require(header["Sender's instance tag"] >= 0x100, "instance", "Sender's instance tag")
    receiver = header["Receiver's instance tag"]
    any_of_us = receiver == 0 and header["Message type"] == 0x35
    require(receiver == ours or any_of_us, "instance", "Receiver's instance tag")


@operation("take-in")
def take_in(takes: Values) -> Values:
    for_us(read_header(Reader(octets(takes, "message"))), takes["our tag"])
    return {}


# --- Groups ---------------------------------------------------------------------------------------


@operation("check-point")
def check_point(takes: Values) -> Values:
    require(valid(octets(takes, "point")), "range", "POINT")
    return {}


@operation("read-scalar")
def read_scalar(takes: Values) -> Values:
    require(len(octets(takes, "scalar")) == 57, "encoding", "SCALAR")
    return {"value": (little(takes, "scalar") % Q).to_bytes(57, "little").hex()}


@operation("check-dh-key")
def check_dh_key(takes: Values) -> Values:
    require(in_dh_group(number(takes, "public")), "range", "DH key")
    return {}


@operation("key-pair")
def key_pair(takes: Values) -> Values:
    pair = curve.generate(octets(takes, "sym_key"))
    return {"secret": pair.secret.to_bytes(57, "little").hex(), "public": pair.public.hex()}


@operation("verify")
def verify(takes: Values) -> Values:
    public, signature = octets(takes, "public"), octets(takes, "signature")
    require(verified(public, octets(takes, "message"), signature), "signature")
    return {}


# --- Keys -----------------------------------------------------------------------------------------


def k_dh(takes: Values, secret: str, public: str) -> bytes:
    """384 octets."""
    return int(gmpy2.powmod(number(takes, public), number(takes, secret), P)).to_bytes(384, "big")


@operation("shared-secrets")
def shared_secrets(takes: Values) -> Values:
    k_ecdh = written(times(octets(takes, "ecdh public"), little(takes, "ecdh secret")))
    shared = k_dh(takes, "dh secret", "dh public")
    brace = kdf.third_brace_key(shared)
    mixed = kdf.mixed_shared_secret(k_ecdh, brace)
    found = {
        "K_ecdh": k_ecdh,
        "k_dh": shared,
        "brace key": brace,
        "K": mixed,
        "SSID": kdf.ssid(mixed),
        "root key": kdf.first_root_key(mixed),
    }
    return {name: value.hex() for name, value in found.items()}


@operation("kdf")
def usage(takes: Values) -> Values:
    data = b"OTRv4" + bytes((takes["usage"],)) + octets(takes, "values")
    return {"output": hashlib.shake_256(data).hexdigest(takes["size"])}


@operation("ratchet")
def ratchet(takes: Values) -> Values:
    if "brace key" in takes:
        brace = kdf.next_brace_key(octets(takes, "brace key"))
    else:
        brace = kdf.third_brace_key(k_dh(takes, "dh secret", "dh public"))
    k_ecdh = written(times(octets(takes, "ecdh public"), little(takes, "ecdh secret")))
    root, mixed = octets(takes, "root key"), kdf.mixed_shared_secret(k_ecdh, brace)
    return {
        "brace key": brace.hex(),
        "root key": kdf.root_key(root, mixed).hex(),
        "chain key": kdf.chain_key(root, mixed).hex(),
    }


@operation("message-keys")
def message_keys(takes: Values) -> Values:
    chain = octets(takes, "chain key")
    mk_enc = kdf.mk_enc(chain)
    return {
        "MKenc": mk_enc.hex(),
        "MKmac": kdf.mk_mac(mk_enc).hex(),
        "extra symmetric key": kdf.extra_symm_key(chain).hex(),
        "next chain key": kdf.next_chain_key(chain).hex(),
    }


@operation("extra-key")
def extra_key(takes: Values) -> Values:
    context = takes["context"].to_bytes(4, "big")
    made = kdf.next_extra_symm_key(takes["index"], context, octets(takes, "previous"))
    return {"key": made.hex()}


@operation("offline-secrets")
def offline_secrets(takes: Values) -> Values:
    x = little(takes, "x")
    points = [octets(takes, name) for name in ("Y", "shared prekey", "their key")]
    shared = [written(times(each, x)) for each in points]
    brace = kdf.third_brace_key(k_dh(takes, "a", "B"))
    tmp_k = kdf.kdf(kdf.USAGE_TMP_KEY, *shared, brace, size=64)
    k = kdf.kdf(kdf.USAGE_SHARED_SECRET, tmp_k, size=64)
    found = {
        "K": k,
        "brace key": brace,
        "SSID": kdf.ssid(k),
        "auth_mac_k": kdf.kdf(kdf.USAGE_AUTH_MAC_KEY, tmp_k, size=64),
        "root key": kdf.root_key(k),
        "chain key": kdf.chain_key(k),
    }
    return {name: value.hex() for name, value in found.items()}


# --- DAKEs ----------------------------------------------------------------------------------------


def make_phi(takes: Values) -> bytes:
    """Phi: the lower tag first, then the keys of the lower tag, then names as they sort."""
    sides = sorted((takes[f"{who} tag"], who) for who in ("alice", "bob"))
    made = b"".join(struct.pack(">I", tag) for tag, _ in sides)
    for _, who in sides:
        if f"{who} ecdh first" in takes:
            made += octets(takes, f"{who} ecdh first")
            made += enc.encode_mpi(number(takes, f"{who} dh first"))
    names = sorted(octets(takes, f"{who} name") for who in ("alice", "bob"))
    return made + b"".join(map(enc.encode_data, names))


@operation("phi")
def phi(takes: Values) -> Values:
    return {"phi": make_phi(takes).hex()}


USAGES = {"auth-r": (5, 6, 7), "auth-i": (8, 9, 10), "non-interactive-auth": (14, 15, 16)}


def make_t(message: str, takes: Values) -> bytes:
    """What is signed."""
    bob, alice, state = USAGES[message]
    start = {"auth-r": b"\0", "auth-i": b"\1", "non-interactive-auth": b""}[message]
    shared = octets(takes, "shared prekey") if "shared prekey" in takes else b""
    return b"".join(
        (
            start,
            kdf.hwc(bob, octets(takes, "bob profile"), size=64),
            kdf.hwc(alice, octets(takes, "alice profile"), size=64),
            octets(takes, "Y"),
            octets(takes, "X"),
            enc.encode_mpi(number(takes, "B")),
            enc.encode_mpi(number(takes, "A")),
            shared,
            kdf.hwc(state, make_phi(takes), size=64),
        )
    )


def ring_verified(keys: tuple[bytes, bytes, bytes], sigma: bytes, m: bytes) -> bool:
    """RVrf, with multiples that came up before kept."""
    scalars = ring.decode_sigma(sigma)
    pairs = list(zip(keys, scalars[0::2], scalars[1::2], strict=True))
    commitments = tuple(written(times(G, r), times(key, c)) for key, c, r in pairs)
    h = ring.hash_to_scalar(kdf.USAGE_AUTH, ring.hashed_values(keys, commitments, m))
    return h % Q == sum(scalars[0::2]) % Q


def check_sigma(keys: tuple[bytes, bytes, bytes], takes: Values, m: bytes) -> None:
    """Refuse a ring signature that does not verify."""
    sigma = octets(takes, "sigma")
    require(len(sigma) == 342, "encoding", "sigma")
    require(ring_verified(keys, sigma, m), "signature", "sigma")


@operation("verify-ring")
def verify_ring(takes: Values) -> Values:
    keys = octets(takes, "A1"), octets(takes, "A2"), octets(takes, "A3")
    for name, key in zip(("A1", "A2", "A3"), keys, strict=True):
        require(valid(key), "range", name)
    check_sigma(keys, takes, octets(takes, "m"))
    return {}


@operation("accept-dake")
def accept_dake(takes: Values) -> Values:
    found = read_message(takes)
    for_us(found, takes["our tag"])
    profile = read_profile(bytes.fromhex(found["Sender's Client Profile"]))
    ecdh, dh = ("Y", "B") if found["Message type"] == 0x35 else ("X", "A")
    offline = found["Message type"] == 0x0D
    if not offline:
        validate(profile, found["Sender's instance tag"], takes["now"])
    for points, numbers in ((ecdh, dh), FIRST):
        require(valid(bytes.fromhex(found[points])), "range", points)
        require(in_dh_group(int(found[numbers] or "0", 16)), "range", numbers)
    if offline:
        validate(profile, found["Sender's instance tag"], takes["now"])
        identifier = "Prekey Message Identifier"
        require(found[identifier] in takes["prekeys"], "key-id", identifier)
    return {"ecdh": found[ecdh], "dh": found[dh]}


def check_dake(message: str) -> Operation:
    """The check of a message of a DAKE."""

    def check(takes: Values) -> Values:
        bob = read_profile(octets(takes, "bob profile"))["held"]
        alice = read_profile(octets(takes, "alice profile"))["held"]
        keys = (bob[3], alice[2], octets(takes, "Y"))
        if message == "auth-i":
            keys = (bob[2], alice[3], octets(takes, "X"))
        t = make_t(message, takes)
        check_sigma(keys, takes, t)
        if message == "non-interactive-auth":
            mac = kdf.hcmac(kdf.USAGE_AUTH_MAC, octets(takes, "auth_mac_k"), t, size=64)
            require(mac == octets(takes, "Auth MAC"), "mac", "Auth MAC")
        return {"t": t.hex()}

    return check


OPERATIONS |= {message: check_dake(message) for message in USAGES}


# --- Data messages --------------------------------------------------------------------------------

SMP = {
    2: ("G2a", "c2", "d2", "G3a", "c3", "d3"),
    3: ("G2b", "c2", "d2", "G3b", "c3", "d3", "Pb", "Qb", "cp", "d5", "d6"),
    4: ("Pa", "Qa", "cp", "d5", "d6", "Ra", "cr", "d7"),
    5: ("Rb", "cr", "d7"),
}


def read_tlv(kind: int, value: bytes) -> Values:
    """What is in a TLV."""
    if kind == 0:
        return {"type": 0, "size": len(value)}
    if kind in {1, 6}:
        return {"type": kind}
    reader = Reader(value)
    if kind == 7:
        use = reader.number("Use", 4)
        return {"type": 7, "Use": use, "Use-specific data": value[4:].hex()}
    if kind not in SMP:
        return {"type": kind, "Value": value.hex()}
    found: Values = {"type": kind}
    if kind == 2:
        found["Question"] = reader.data("Question").hex()
    for title in SMP[kind]:
        found[title] = reader.take(title, 57).hex()
    reader.end(f"SMP Message {kind - 1}")
    return found


def read_contents(content: bytes) -> Values:
    """A text and TLVs."""
    text, _, rest = content.partition(b"\0")
    tlvs, reader = [], Reader(rest)
    while reader.at < len(rest):
        kind = reader.number("Type", 2)
        tlvs.append(read_tlv(kind, reader.data("Value", prefix=2)))
    return {"text": text.hex(), "tlvs": tlvs}


@operation("read-content")
def read_content(takes: Values) -> Values:
    return read_contents(octets(takes, "content"))


@operation("open-data")
def open_data(takes: Values) -> Values:
    message = octets(takes, "message")
    reader = Reader(message)
    header = read_header(reader)
    for_us(header, takes["our tag"])
    body = take_data(reader)
    reader.end("Data Message")
    require(valid(bytes.fromhex(body["Public ECDH Key"])), "range", "Public ECDH Key")
    due = body["Ratchet id"] % 3 == 0
    require(due == bool(body["Public DH Key"]), "encoding", "Public DH Key")
    if due:
        require(in_dh_group(int(body["Public DH Key"], 16)), "range", "Public DH Key")
    mk_enc = kdf.mk_enc(octets(takes, "chain key"))
    mk_mac = kdf.mk_mac(mk_enc)
    mac = kdf.authenticator(mk_mac, message[: body["covered"]])
    require(mac.hex() == body["Authenticator"], "mac", "Authenticator")
    return {
        **read_contents(chacha.encrypt(mk_enc, bytes.fromhex(body["Encrypted message"]))),
        "ignore unreadable": bool(body["Flags"] & 1),
        "MKmac": mk_mac.hex(),
        "old MAC keys": body["Old MAC keys to be revealed"],
    }


# --- SMP ------------------------------------------------------------------------------------------


@operation("smp-secret")
def smp_secret(takes: Values) -> Values:
    names = ("initiator", "responder", "ssid", "secret")
    x = second_smp_secret(*(octets(takes, name) for name in names))
    return {"x": x.to_bytes(57, "little").hex()}


def smp_values(takes: Values, kind: int, points: tuple[str, ...]) -> Values:
    """The values of a message, whose points are of the group."""
    found = read_tlv(kind, octets(takes, "value"))
    values = {title: bytes.fromhex(found[title]) for title in SMP[kind]}
    for title in points:
        require(valid(values[title]), "range", title)
    scalars = set(SMP[kind]) - set(points)
    return values | {title: curve.decode_scalar(values[title]) for title in scalars}


def hashed(step: int, *points: bytes) -> int:
    """HashToScalar, modulo q."""
    return ring.hash_to_scalar(step, *points) % Q


def known(step: int, values: Values, element: str, c: str, d: str) -> None:
    """A proof that a scalar is known."""
    commitment = written(times(G, values[d]), times(values[element], values[c]))
    require(hashed(step, commitment) == values[c], "proof", c)


def known_coordinates(
    step: int, values: Values, bases: tuple[bytes, bytes], titles: tuple[str, str]
) -> None:
    """A proof that P and Q are made as prescribed."""
    (g2, g3), (p, q), c = bases, (values[title] for title in titles), values["cp"]
    first = written(times(g3, values["d5"]), times(p, c))
    second = written(times(G, values["d5"]), times(g2, values["d6"]), times(q, c))
    require(hashed(step, first, second) == c, "proof", "cp")


def known_equal(step: int, values: Values, g3: bytes, base: bytes, title: str) -> None:
    """A proof that R has the factor of half a generator."""
    c, d = values["cr"], values["d7"]
    first = written(times(G, d), times(g3, c))
    second = written(times(base, d), times(values[title], c))
    require(hashed(step, first, second) == c, "proof", "cr")


@operation("smp-1")
def smp_1(takes: Values) -> Values:
    values = smp_values(takes, 2, ("G2a", "G3a"))
    known(1, values, "G2a", "c2", "d2")
    known(2, values, "G3a", "c3", "d3")
    return {"Question": read_tlv(2, octets(takes, "value"))["Question"]}


@operation("smp-2")
def smp_2(takes: Values) -> Values:
    values = smp_values(takes, 3, ("G2b", "G3b", "Pb", "Qb"))
    known(3, values, "G2b", "c2", "d2")
    known(4, values, "G3b", "c3", "d3")
    g2 = written(times(values["G2b"], little(takes, "a2")))
    g3 = written(times(values["G3b"], little(takes, "a3")))
    known_coordinates(5, values, (g2, g3), ("Pb", "Qb"))
    return {"G2": g2.hex(), "G3": g3.hex()}


@operation("smp-3")
def smp_3(takes: Values) -> Values:
    values = smp_values(takes, 4, ("Pa", "Qa", "Ra"))
    known_coordinates(6, values, (octets(takes, "G2"), octets(takes, "G3")), ("Pa", "Qa"))
    base = less(values["Qa"], octets(takes, "Qb"))
    known_equal(7, values, octets(takes, "G3a"), base, "Ra")
    rab = written(times(values["Ra"], little(takes, "b3")))
    return {"Rab": rab.hex(), "equal": rab == less(values["Pa"], octets(takes, "Pb"))}


@operation("smp-4")
def smp_4(takes: Values) -> Values:
    values = smp_values(takes, 5, ("Rb",))
    base = less(octets(takes, "Qa"), octets(takes, "Qb"))
    known_equal(8, values, octets(takes, "G3b"), base, "Rb")
    rab = written(times(values["Rb"], little(takes, "a3")))
    equal = rab == less(octets(takes, "Pa"), octets(takes, "Pb"))
    return {"Rab": rab.hex(), "equal": equal}


# --- Fragments ------------------------------------------------------------------------------------


@operation("assemble")
def assemble(takes: Values) -> Values:
    stores: dict[tuple[int, int], tuple[int, dict[int, str]]] = {}
    found = []
    for text in takes["texts"]:
        try:
            read = read_text({"text": text})
        except Refused:
            read = {"kind": "malformed"}
        whole = ""
        if read["kind"] == "fragment":
            ours = read["receiver"] in {0, takes["our tag"]} and read["sender"] >= 0x100
            legal = 0 < read["index"] <= read["total"]
            if ours and legal:
                whole = store(stores, read)
        found.append("" if whole.startswith("?OTR|") else whole)
    return {"assembled": found}


def store(stores: dict[tuple[int, int], tuple[int, dict[int, str]]], read: Values) -> str:
    """Section "Receiving Fragments": a store for each identifier, and each sender."""
    key = read["identifier"], read["sender"]
    total, pieces = stores.setdefault(key, (read["total"], {}))
    if total != read["total"]:
        del stores[key]
        return ""
    pieces.setdefault(read["index"], read["piece"])
    if len(pieces) < total:
        return ""
    del stores[key]
    return "".join(pieces[index] for index in range(1, total + 1))


# --- States and policies --------------------------------------------------------------------------

DAKE = {
    ("idle", "identity"): ("waiting-auth-i", ["auth-r"]),
    ("waiting-auth-i", "identity"): ("waiting-auth-i", ["auth-r"]),
    ("waiting-auth-r", "auth-r"): ("idle", ["auth-i"]),
    ("waiting-auth-i", "auth-i"): ("idle", []),
    ("idle", "non-interactive-auth"): ("idle", []),
    ("waiting-auth-r", "non-interactive-auth"): ("idle", []),
    ("waiting-auth-i", "non-interactive-auth"): ("idle", []),
}
"""Section "Protocol State Machine": what is done with a valid message; else nothing."""
EXPECTED = {"smp-1": "expect1", "smp-2": "expect2", "smp-3": "expect3", "smp-4": "expect4"}
NEXT = {
    "smp-1": ("expect1", []),  # message 2 is sent when the user has answered
    "smp-2": ("expect4", ["smp-3"]),
    "smp-3": ("expect1", ["smp-4"]),
    "smp-4": ("expect1", []),
}


def react_to_smp(takes: Values) -> Values:
    """Section "The SMP State Machine"."""
    if takes["state"] != EXPECTED[takes["message"]]:
        return {"state": "expect1", "sends": ["smp-abort"]}
    state, sends = NEXT[takes["message"]]
    return {"state": state, "sends": sends}


@operation("react")
def react(takes: Values) -> Values:
    message, state = takes["message"], takes["state"]
    if message in EXPECTED:
        return react_to_smp(takes)
    crossed = (state, message) == ("waiting-auth-r", "identity")
    found = DAKE.get((state, message))
    if crossed:
        found = (state, ["identity"]) if takes["ours higher"] else ("waiting-auth-i", ["auth-r"])
    require(found, "state")
    assert found is not None
    require(takes["allow v4"], "policy")
    if message != "auth-i":
        require(not takes["require authenticated"] or takes["trusted"], "policy")
    if message == "identity":
        require(takes["identity start dake"] or crossed, "policy")
    if message == "non-interactive-auth":
        require(not takes["require interactive"], "policy")
        require(not takes["finished"], "state")
    return {"state": found[0], "sends": found[1]}


# --- All of them ----------------------------------------------------------------------------------


def test_there_is_a_computation_for_every_operation_and_no_other() -> None:
    used = {group["operation"] for name in documents() for group in published(name)["groups"]}
    assert used == set(OPERATIONS)


def outcome(named: str, takes: Values) -> Values:
    """What is given, or where it is refused, as a vector says it."""
    try:
        return {"gives": OPERATIONS[named](takes)}
    except Refused as refusal:
        return {"fails": refusal.fails, **({"field": refusal.field} if refusal.field else {})}


@pytest.mark.slow
@pytest.mark.parametrize("name", documents())
def test_every_vector_is_what_the_second_computation_says(name: str) -> None:
    wrong = []
    for named, takes, vector in vectors(name):
        said = {part: vector[part] for part in ("gives", "fails", "field") if part in vector}
        computed = outcome(named, takes)
        if computed != said:
            wrong.append((vector["id"], said, computed))
    assert wrong == []
