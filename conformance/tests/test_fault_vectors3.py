"""Single vectors of OTR versions 2 and 3, each computed again from the published algorithms.

Nothing of the product takes part: octets are read as the specification lays them out, and keys,
MACs, signatures and proofs are computed with hashlib, hmac, an AES of `cryptography` and powers.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gmpy2
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from otr_conformance.peers import toolkit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Values = dict[str, Any]
    Operation = Callable[[Values], Values]

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "generated" / "vectors" / "otrv3"
HANDBOOK = ROOT / "docs" / "vectors.md"

P = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404"
    "DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406"
    "B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD"
    "24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA237327FFFFFFFF"
    "FFFFFFFF",
    16,
)
"""RFC 3526, group 5."""
Q = (P - 1) // 2
G = 2


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


# --- Data types -----------------------------------------------------------------------------------


def minimal(number: int) -> bytes:
    """A number in as few octets as hold it."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def data(value: bytes) -> bytes:
    """DATA."""
    return len(value).to_bytes(4, "big") + value


def mpi(number: int) -> bytes:
    """MPI."""
    return data(minimal(number))


class Reader:
    """Takes fields off the front of octets."""

    def __init__(self, octets: bytes) -> None:
        self.octets, self.at = octets, 0

    def take(self, field: str, size: int) -> bytes:
        """So many octets."""
        end = self.at + size
        require(end <= len(self.octets), "encoding", field)
        taken, self.at = self.octets[self.at : end], end
        return taken

    def number(self, field: str, size: int) -> int:
        """A number of so many octets."""
        return int.from_bytes(self.take(field, size), "big")

    def data(self, field: str, size: int = 0, prefix: int = 4) -> bytes:
        """DATA, perhaps of a fixed size."""
        length = self.number(field, prefix)
        require(not size or length == size, "encoding", field)
        return self.take(field, length)

    def mpi(self, field: str) -> bytes:
        """MPI, without zeros in front."""
        value = self.data(field)
        require(value[:1] != b"\0", "encoding", field)
        return value

    def end(self, what: str) -> None:
        """Nothing may be left."""
        require(self.at == len(self.octets), "encoding", what)


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
    """A value that is a large number."""
    return int.from_bytes(octets(takes, name), "big")


# --- Texts ----------------------------------------------------------------------------------------

TAG = " \t  \t\t\t\t \t \t \t  "
MARKS = {" \t \t  \t ": 1, "  \t\t  \t ": 2, "  \t\t  \t\t": 3}
QUERY = re.compile(r"\?OTR(?:(\?)(?:v([0-9A-Za-z]*)\?)?|v([0-9A-Za-z]*)\?)")
NUMBERS = (
    ("k", r"([0-9]{1,5})", ","),
    ("n", r"([0-9]{1,5})", ","),
    ("piece[k]", "([^,]+)", ","),
)
TAGS = (
    ("sender_instance", "([0-9A-Fa-f]{1,8})", "|"),
    ("receiver_instance", "([0-9A-Fa-f]{1,8})", ","),
)


def read_fragment(text: str, at: int, version: int) -> Values:
    """A fragment of either version, piece by piece."""
    place = at + len("?OTR,")
    found: list[str] = []
    for field, form, end in (*(TAGS if version == 3 else ()), *NUMBERS):
        match = re.compile(f"{form}{re.escape(end)}").match(text, place)
        require(match, "encoding", field)
        assert match is not None
        if field in {"k", "n"}:
            require(int(match[1]) <= 65535, "encoding", field)
        found.append(match[1])
        place = match.end()
    k, n, piece = found[-3:]
    tags = {"sender": int(found[0], 16), "receiver": int(found[1], 16)} if version == 3 else {}
    return {
        "kind": "fragment",
        "version": version,
        **tags,
        "k": int(k),
        "n": int(n),
        "piece": piece,
    }


def strict_base64(text: str) -> bytes:
    """Base-64 of RFC 4648, of which any octets have exactly one."""
    try:
        found = base64.b64decode(text.encode("latin-1"), validate=True)
    except binascii.Error:
        raise Refused(ENCODING, "Binary form") from None
    require(base64.b64encode(found) == text.encode("latin-1"), "encoding", "Binary form")
    return found


@operation("read-text")
def read_text(takes: Values) -> Values:
    text = takes["text"]
    for version, marker in ((3, "?OTR|"), (2, "?OTR,")):
        if marker in text:
            return read_fragment(text, text.index(marker), version)
    for match in re.finditer(r"\?OTR", text):
        at = match.start()
        if text.startswith("?OTR:", at):
            inside, dot, _ = text[at + 5 :].partition(".")
            require(dot, "encoding", "Binary form")
            return {"kind": "encoded message", "binary": strict_base64(inside).hex()}
        if text.startswith("?OTR Error:", at):
            return {"kind": "error", "text": text[at + 11 :].removeprefix(" ")}
        query = QUERY.match(text, at)
        if query:
            listed = (query[2] or "") + (query[3] or "")
            versions = {int(c) for c in listed if c in "23456789"} | ({1} if query[1] else set())
            return {"kind": "query", "versions": sorted(versions)}
    tag = re.search(f"{TAG}((?:[ \t]{{8}})+)", text)
    if tag is None:
        return {"kind": "plaintext", "text": text}
    marks = [tag[1][n : n + 8] for n in range(0, len(tag[1]), 8)]
    versions = {MARKS[mark] for mark in marks if mark in MARKS}
    rest = text[: tag.start()] + text[tag.end() :]
    return {"kind": "tagged plaintext", "text": rest, "versions": sorted(versions)}


# --- Encoded messages -----------------------------------------------------------------------------

TITLES = {
    0x02: "D-H Commit Message",
    0x0A: "D-H Key Message",
    0x11: "Reveal Signature Message",
    0x12: "Signature Message",
    0x03: "Data Message",
}


def read_header(reader: Reader) -> Values:
    """Version, type, and of version 3 the instance tags."""
    version = reader.number("Protocol version", 2)
    require(version in {2, 3}, "version", "Protocol version")
    found = {"Protocol version": version, "Message type": reader.number("Message type", 1)}
    if version == 3:
        for title in ("Sender Instance tag", "Receiver Instance tag"):
            found[title] = reader.number(title, 4)
    require(found["Message type"] in TITLES, "encoding", "Message type")
    return found


def read_body(reader: Reader, kind: int) -> Values:
    """What follows the header."""
    found: Values = {}

    def put(title: str, value: bytes) -> None:
        found[title] = value.hex()

    if kind == 0x02:
        put("Encrypted gx", reader.data("Encrypted gx"))
        put("Hashed gx", reader.data("Hashed gx", 32))
    elif kind == 0x0A:
        put("gy", reader.mpi("gy"))
    elif kind == 0x03:
        found["Flags"] = reader.number("Flags", 1)
        for title in ("Sender keyid", "Recipient keyid"):
            found[title] = reader.number(title, 4)
        put("DH y", reader.mpi("DH y"))
        put("Top half of counter init", reader.take("Top half of counter init", 8))
        put("Encrypted message", reader.data("Encrypted message"))
        found["covered"] = reader.at
        put("Authenticator", reader.take("Authenticator", 20))
        put("Old MAC keys to be revealed", reader.data("Old MAC keys to be revealed"))
    else:
        if kind == 0x11:
            put("Revealed key", reader.data("Revealed key", 16))
        put("Encrypted signature", reader.data("Encrypted signature"))
        put("MAC'd signature", reader.take("MAC'd signature", 20))
    reader.end(TITLES[kind])
    return found


@operation("read-message")
def read_message(takes: Values) -> Values:
    reader = Reader(octets(takes, "message"))
    header = read_header(reader)
    body = read_body(reader, header["Message type"])
    body.pop("covered", None)
    return {"message": TITLES[header["Message type"]], **header, **body}


def for_us(header: Values, ours: int) -> None:
    """Instance tags."""
    if header["Protocol version"] == 2:
        return
    require(header["Sender Instance tag"] >= 0x100, "instance", "Sender Instance tag")
    receiver = header["Receiver Instance tag"]
    any_of_us = receiver == 0 and header["Message type"] == 0x02
    require(receiver == ours or any_of_us, "instance", "Receiver Instance tag")


@operation("take-in")
def take_in(takes: Values) -> Values:
    for_us(read_header(Reader(octets(takes, "message"))), takes["our tag"])
    return {}


# --- Long-term keys -------------------------------------------------------------------------------


def read_key(reader: Reader) -> dict[str, bytes]:
    """PUBKEY, whose q has 20 octets."""
    require(reader.number("Pubkey type", 2) == 0, "encoding", "Pubkey type")
    found = {name: reader.mpi(name) for name in ("p", "q")}
    require(len(found["q"]) == 20, "encoding", "q")
    return found | {name: reader.mpi(name) for name in ("g", "y")}


def dsa_verifies(key: dict[str, bytes], m: bytes, signature: bytes) -> bool:
    """FIPS 186, with M as a number modulo q."""
    if len(signature) != 40:
        return False
    p, q, g, y = (int.from_bytes(key[name], "big") for name in ("p", "q", "g", "y"))
    r, s = (int.from_bytes(half, "big") for half in (signature[:20], signature[20:]))
    if not (0 < r < q and 0 < s < q):
        return False
    w = pow(s, -1, q)
    v = pow(g, int.from_bytes(m, "big") * w % q, p) * pow(y, r * w % q, p) % p % q
    return v == r


def fingerprint(key: dict[str, bytes]) -> bytes:
    """SHA-1 of the numbers, without the type."""
    numbers = b"".join(data(key[name]) for name in ("p", "q", "g", "y"))
    return hashlib.sha1(numbers, usedforsecurity=False).digest()


@operation("read-public-key")
def read_public_key(takes: Values) -> Values:
    reader = Reader(octets(takes, "public key"))
    key = read_key(reader)
    reader.end("PUBKEY")
    return {**{n: v.hex() for n, v in key.items()}, "fingerprint": fingerprint(key).hex()}


@operation("verify")
def verify(takes: Values) -> Values:
    key = read_key(Reader(octets(takes, "public key")))
    require(dsa_verifies(key, octets(takes, "m"), octets(takes, "signature")), "signature")
    return {}


# --- Keys -----------------------------------------------------------------------------------------


@cache
def power(base: int, exponent: int) -> int:
    """Modulo p."""
    return int(gmpy2.powmod(base, exponent, P))


def sha1(value: bytes) -> bytes:
    return hashlib.sha1(value, usedforsecurity=False).digest()


def sha256(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()


def aes_ctr(key: bytes, counter: bytes, text: bytes) -> bytes:
    """AES-128 in counter mode; `counter` is the top half of the first block."""
    cipher = Cipher(AES(key), CTR(counter + bytes(8))).encryptor()
    return cipher.update(text) + cipher.finalize()


def schedule(s: int) -> dict[str, bytes]:
    """The keys of the AKE."""
    secbytes = mpi(s)
    hashes = [sha256(bytes((b,)) + secbytes) for b in range(6)]
    return {
        "ssid": hashes[0][:8],
        "c": hashes[1][:16],
        "c'": hashes[1][16:],
        "m1": hashes[2],
        "m2": hashes[3],
        "m1'": hashes[4],
        "m2'": hashes[5],
    }


@operation("ake-keys")
def ake_keys(takes: Values) -> Values:
    s = power(number(takes, "their public"), number(takes, "our secret"))
    return {"s": minimal(s).hex(), **{n: v.hex() for n, v in schedule(s).items()}}


def data_schedule(s: int, *, high: bool) -> dict[str, bytes]:
    """The keys of data messages."""
    secbytes = mpi(s)
    send, receive = (sha1(bytes((b,)) + secbytes)[:16] for b in ((1, 2) if high else (2, 1)))
    return {
        "sending AES key": send,
        "sending MAC key": sha1(send),
        "receiving AES key": receive,
        "receiving MAC key": sha1(receive),
        "extra symmetric key": sha256(b"\xff" + secbytes),
    }


@operation("data-keys")
def data_keys(takes: Values) -> Values:
    theirs = number(takes, "their public")
    s, high = power(theirs, number(takes, "our secret")), number(takes, "our public") > theirs
    found = {n: v.hex() for n, v in data_schedule(s, high=high).items()}
    return {"s": minimal(s).hex(), "end": "high" if high else "low", **found}


# --- The AKE --------------------------------------------------------------------------------------


def in_range(element: int) -> bool:
    """2 <= g^x <= modulus - 2."""
    return 2 <= element <= P - 2


@operation("accept-dh-key")
def accept_dh_key(takes: Values) -> Values:
    require(in_range(number(takes, "public")), "range", "gy")
    return {}


@operation("receive-dh-key")
def receive_dh_key(takes: Values) -> Values:
    found = read_message(takes)
    require("gy" in found, "encoding", "Message type")
    require(found["Protocol version"] == takes["version"], "version", "Protocol version")
    require(in_range(int(found["gy"] or "0", 16)), "range", "gy")
    return {"gy": found["gy"]}


@operation("open-commitment")
def open_commitment(takes: Values) -> Values:
    key = octets(takes, "revealed key")
    require(len(key) == 16, "commitment", "Hashed gx")
    opened = aes_ctr(key, bytes(8), octets(takes, "encrypted gx"))
    require(sha256(opened) == octets(takes, "hashed gx"), "commitment", "Hashed gx")
    reader = Reader(opened)
    gx = reader.mpi("gx")
    reader.end("gx")
    require(in_range(int.from_bytes(gx, "big")), "range", "gx")
    return {"gx": gx.hex()}


def signed(m1: bytes, first: int, second: int, public: bytes, keyid: int) -> bytes:
    """M."""
    return hmac.digest(m1, mpi(first) + mpi(second) + public + keyid.to_bytes(4, "big"), "sha256")


@operation("signed-value")
def signed_value(takes: Values) -> Values:
    first, second = number(takes, "first"), number(takes, "second")
    made = signed(octets(takes, "key"), first, second, octets(takes, "public key"), takes["keyid"])
    return {"m": made.hex()}


@operation("authenticate")
def authenticate(takes: Values) -> Values:
    ours, theirs = number(takes, "our public"), number(takes, "their public")
    keys = schedule(power(theirs, number(takes, "our secret")))
    dash = "" if takes["message"] == "reveal-signature" else "'"
    sealed = octets(takes, "encrypted signature")
    mac = hmac.digest(keys[f"m2{dash}"], data(sealed), "sha256")[:20]
    require(mac == octets(takes, "mac"), "mac", "MAC'd signature")
    opened = aes_ctr(keys[f"c{dash}"], bytes(8), sealed)
    try:
        reader = Reader(opened)
        key = read_key(reader)
        public, keyid = opened[: reader.at], reader.number("keyid", 4)
        signature = reader.take("sig", 40)
        reader.end("X")
    except Refused:
        raise Refused(ENCODING, "Encrypted signature") from None
    require(keyid, "key-id", "keyid")
    m = signed(keys[f"m1{dash}"], theirs, ours, public, keyid)
    require(dsa_verifies(key, m, signature), "signature", "sig")
    return {"public key": public.hex(), "keyid": keyid, "fingerprint": fingerprint(key).hex()}


# --- What data messages say -----------------------------------------------------------------------

SMP = {
    2: ("g2a", "c2", "D2", "g3a", "c3", "D3"),
    3: ("g2b", "c2", "D2", "g3b", "c3", "D3", "Pb", "Qb", "cP", "D5", "D6"),
    4: ("Pa", "Qa", "cP", "D5", "D6", "Ra", "cR", "D7"),
    5: ("Rb", "cR", "D7"),
}
SMP[7] = SMP[2]
SMP_TITLES = {2: "SMP Message 1", 3: "SMP Message 2", 4: "SMP Message 3", 5: "SMP Message 4"}
SMP_TITLES[7] = "SMP Message 1Q"


def read_tlv(kind: int, value: bytes) -> Values:
    """What is in a TLV."""
    if kind == 0:
        return {"type": 0, "size": len(value)}
    if kind in {1, 6}:
        return {"type": kind}
    reader = Reader(value)
    if kind == 8:
        use = reader.number("Use", 4)
        return {"type": 8, "Use": use, "Use-specific data": value[4:].hex()}
    if kind not in SMP:
        return {"type": kind, "Value": value.hex()}
    found: Values = {"type": kind}
    if kind == 7:
        question, nul, rest = value.partition(b"\0")
        require(nul, "encoding", "Question")
        found["Question"], reader = question.hex(), Reader(rest)
    require(reader.number("MPI count", 4) == len(SMP[kind]), "encoding", "MPI count")
    for title in SMP[kind]:
        found[title] = reader.mpi(title).hex()
    reader.end(SMP_TITLES[kind])
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


@operation("receive-data")
def receive_data(takes: Values) -> Values:
    message = octets(takes, "message")
    reader = Reader(message)
    header = read_header(reader)
    for_us(header, takes["our tag"])
    require(header["Message type"] == 3, "encoding", "Message type")
    body = read_body(reader, 3)
    ours, theirs = takes["our_keyid"], takes["their_keyid"]
    our_age, their_age = ours - body["Recipient keyid"], theirs - body["Sender keyid"]
    require(our_age in {0, 1}, "key-id", "Recipient keyid")
    held = their_age in {0, 1} and takes["their publics"][their_age]
    require(held and body["Sender keyid"] < 0xFFFFFFFF, "key-id", "Sender keyid")
    secret = int(takes["our secrets"][our_age], 16)
    public, theirs_public = power(G, secret), int(takes["their publics"][their_age], 16)
    keys = data_schedule(power(theirs_public, secret), high=public > theirs_public)
    mac = hmac.digest(keys["receiving MAC key"], message[: body["covered"]], "sha1")
    require(mac.hex() == body["Authenticator"], "mac", "Authenticator")
    counter = bytes.fromhex(body["Top half of counter init"])
    seen = bytes.fromhex(takes["counters"][2 * our_age + their_age])
    require(counter > seen, "counter", "Top half of counter init")
    require(in_range(int(body["DH y"] or "0", 16)), "range", "DH y")
    encrypted = bytes.fromhex(body["Encrypted message"])
    return {
        **read_contents(aes_ctr(keys["receiving AES key"], counter, encrypted)),
        "ignore unreadable": bool(body["Flags"] & 1),
        "next key": body["DH y"],
        "our_keyid": ours + (our_age == 0),
        "their_keyid": theirs + (their_age == 0),
        "receiving MAC key": keys["receiving MAC key"].hex(),
        "revealed": body["Old MAC keys to be revealed"],
    }


# --- SMP ------------------------------------------------------------------------------------------


@operation("smp-secret")
def smp_secret(takes: Values) -> Values:
    names = ("initiator", "responder", "ssid", "secret")
    information = b"\1" + b"".join(octets(takes, name) for name in names)
    return {"secret information": information.hex(), "x": sha256(information).hex()}


def smp_hash(version: int, *elements: int) -> int:
    """SHA-256 of a byte and one or two MPIs."""
    return int.from_bytes(sha256(bytes((version,)) + b"".join(map(mpi, elements))), "big")


def smp_values(takes: Values, kind: int, elements: tuple[str, ...]) -> dict[str, int]:
    """The numbers of a message, whose elements are in range."""
    found = read_tlv(kind, octets(takes, "value"))
    values = {title: int(found[title] or "0", 16) for title in SMP[kind]}
    for title in elements:
        require(in_range(values[title]), "range", title)
    return values


def times(*factors: int) -> int:
    """Modulo p."""
    product = 1
    for factor in factors:
        product = product * factor % P
    return product


def known(version: int, values: dict[str, int], element: str, c: str, d: str) -> None:
    """A proof that an exponent is known."""
    commitment = times(power(G, values[d]), power(values[element], values[c]))
    require(smp_hash(version, commitment) == values[c], "proof", c)


def known_coordinates(
    version: int, values: dict[str, int], bases: tuple[int, int], titles: tuple[str, str]
) -> None:
    """A proof that P and Q are made as prescribed."""
    (g2, g3), (p, q), c = bases, (values[title] for title in titles), values["cP"]
    first = times(power(g3, values["D5"]), power(p, c))
    second = times(power(G, values["D5"]), power(g2, values["D6"]), power(q, c))
    require(smp_hash(version, first, second) == c, "proof", "cP")


def known_equal(version: int, values: dict[str, int], g3: int, base: int, title: str) -> None:
    """A proof that R has the exponent of half a generator."""
    c, d = values["cR"], values["D7"]
    first = times(power(G, d), power(g3, c))
    second = times(power(base, d), power(values[title], c))
    require(smp_hash(version, first, second) == c, "proof", "cR")


@operation("smp-1")
def smp_1(takes: Values) -> Values:
    kind = takes["type"]
    values = smp_values(takes, kind, ("g2a", "g3a"))
    known(1, values, "g2a", "c2", "D2")
    known(2, values, "g3a", "c3", "D3")
    return {"Question": read_tlv(7, octets(takes, "value"))["Question"]} if kind == 7 else {}


@operation("smp-2")
def smp_2(takes: Values) -> Values:
    values = smp_values(takes, 3, ("g2b", "g3b", "Pb", "Qb"))
    known(3, values, "g2b", "c2", "D2")
    known(4, values, "g3b", "c3", "D3")
    g2 = power(values["g2b"], number(takes, "a2"))
    g3 = power(values["g3b"], number(takes, "a3"))
    known_coordinates(5, values, (g2, g3), ("Pb", "Qb"))
    return {"g2": minimal(g2).hex(), "g3": minimal(g3).hex()}


@operation("smp-3")
def smp_3(takes: Values) -> Values:
    values = smp_values(takes, 4, ("Pa", "Qa", "Ra"))
    bases = number(takes, "g2"), number(takes, "g3")
    known_coordinates(6, values, bases, ("Pa", "Qa"))
    base = times(values["Qa"], pow(number(takes, "Qb"), -1, P))
    known_equal(7, values, number(takes, "g3a"), base, "Ra")
    rab = power(values["Ra"], number(takes, "b3"))
    equal = rab == times(values["Pa"], pow(number(takes, "Pb"), -1, P))
    return {"Rab": minimal(rab).hex(), "equal": equal}


@operation("smp-4")
def smp_4(takes: Values) -> Values:
    values = smp_values(takes, 5, ("Rb",))
    base = times(number(takes, "Qa"), pow(number(takes, "Qb"), -1, P))
    known_equal(8, values, number(takes, "g3b"), base, "Rb")
    rab = power(values["Rb"], number(takes, "a3"))
    equal = rab == times(number(takes, "Pa"), pow(number(takes, "Pb"), -1, P))
    return {"Rab": minimal(rab).hex(), "equal": equal}


# --- Fragments ------------------------------------------------------------------------------------


class Assembly:
    """The store of one instance: F, K and N."""

    def __init__(self) -> None:
        self.f, self.k, self.n = "", 0, 0

    def receive(self, k: int, n: int, piece: str) -> str:
        """Section "Fragmentation"."""
        if k == 0 or n == 0 or k > n:
            return ""
        if k == 1:
            self.f, self.k, self.n = piece, k, n
        elif n == self.n and k == self.k + 1:
            self.f, self.k = self.f + piece, k
        else:
            self.f, self.k, self.n = "", 0, 0
        if self.n > 0 and self.n == self.k:
            whole = self.f
            self.f, self.k, self.n = "", 0, 0
            return whole
        return ""


@operation("assemble")
def assemble(takes: Values) -> Values:
    stores: dict[int, Assembly] = {}
    found = []
    for text in takes["texts"]:
        head = re.match(r"\?OTR\|([0-9A-Fa-f]{1,8})\|([0-9A-Fa-f]{1,8}),", text)
        sender, receiver = (int(head[1], 16), int(head[2], 16)) if head else (0, 0)
        ours = receiver in {0, takes["our tag"]}
        if head and not (sender >= 0x100 and ours):
            found.append("")
            continue
        store = stores.setdefault(sender, Assembly())
        try:
            read = read_text({"text": text})
        except Refused:
            read = {"kind": "malformed"}
        whole = ""
        if read["kind"] == "fragment":
            whole = store.receive(read["k"], read["n"], read["piece"])
        else:
            stores[sender] = Assembly()
        if whole:
            stores[0] = Assembly()  # what was assembled has no tags: it arrives like any text
        found.append(whole if not whole.startswith(("?OTR|", "?OTR,")) else "")
    return {"assembled": found}


# --- States and policies --------------------------------------------------------------------------

AKE = {
    ("none", "dh-commit"): ("awaiting-revealsig", ["dh-key"]),
    ("awaiting-revealsig", "dh-commit"): ("awaiting-revealsig", ["dh-key"]),
    ("awaiting-sig", "dh-commit"): ("awaiting-revealsig", ["dh-key"]),
    ("awaiting-dhkey", "dh-commit", True): ("awaiting-dhkey", ["dh-commit"]),
    ("awaiting-dhkey", "dh-commit", False): ("awaiting-revealsig", ["dh-key"]),
    ("awaiting-dhkey", "dh-key"): ("awaiting-sig", ["reveal-signature"]),
    ("awaiting-sig", "dh-key", True): ("awaiting-sig", ["reveal-signature"]),
    ("awaiting-revealsig", "reveal-signature"): ("none", ["signature"]),
    ("awaiting-sig", "signature"): ("none", []),
}
"""Section "State transitions": what is done, where the user allows the version; else nothing.

The third part is whether our hashed gx is the higher one, or the D-H Key the one of before.
"""
EXPECTED = {"smp-1": "expect1", "smp-2": "expect2", "smp-3": "expect3", "smp-4": "expect4"}
NEXT = {
    "smp-1": ("expect1", []),  # message 2 is sent when the user has answered
    "smp-2": ("expect4", ["smp-3"]),
    "smp-3": ("expect1", ["smp-4"]),
    "smp-4": ("expect1", []),
}


def react_to_offer(takes: Values) -> Values:
    """Sections "Receiving a Query Message" and "Receiving plaintext with the whitespace tag"."""
    allowed = [v for v in takes["offers"] if v in {2, 3} and takes[f"allow v{v}"]]
    require(allowed and takes.get("whitespace start ake", True), "policy")
    return {"state": "awaiting-dhkey", "sends": ["dh-commit"]}


def react_to_smp(takes: Values) -> Values:
    """Section "The SMP state machine"."""
    if takes["state"] != EXPECTED[takes["message"]]:
        return {"state": "expect1", "sends": ["smp-abort"]}
    state, sends = NEXT[takes["message"]]
    return {"state": state, "sends": sends}


@operation("react")
def react(takes: Values) -> Values:
    message, state = takes["message"], takes["state"]
    if message in {"query", "whitespace-tag"}:
        return react_to_offer(takes)
    if message in EXPECTED:
        return react_to_smp(takes)
    if message == "data":
        require(state == "encrypted", "state")
        return {"state": state, "sends": []}
    asked = takes.get("ours higher", takes.get("same gy"))
    require(takes[f"allow v{takes['version']}"], "policy")
    found = AKE.get((state, message)) or AKE.get((state, message, asked))
    require(found, "state")
    assert found is not None
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
def test_every_vector_is_what_the_published_algorithms_say(name: str) -> None:
    wrong = []
    for named, takes, vector in vectors(name):
        said = {part: vector[part] for part in ("gives", "fails", "field") if part in vector}
        computed = outcome(named, takes)
        if computed != said:
            wrong.append((vector["id"], said, computed))
    assert wrong == []


# --- The toolkit of libotr ------------------------------------------------------------------------

needs_toolkit = pytest.mark.skipif(not toolkit.available(), reason="the toolkit is not installed")


@needs_toolkit
@pytest.mark.libotr
@pytest.mark.slow
def test_the_toolkit_of_libotr_reads_the_same_fields_and_refuses_the_same_faults() -> None:
    """One whole message of each kind, and what is cut short.

    It reads more than it should: leading zeros, and what follows the last field.
    """
    checked = 0
    for named, takes, vector in vectors("messages"):
        cut = {"cut-short", "left-out"} & set(vector["flags"])
        whole = vector["id"].endswith(":whole")
        if named != "read-message" or not (cut or whole):
            continue
        wire = b"?OTR:" + base64.b64encode(octets(takes, "message")) + b"."
        try:
            parsed = toolkit.parse(wire)
        except toolkit.ToolkitError:
            assert vector["verdict"] == "invalid", vector["id"]
            checked += 1
            continue
        if whole:
            assert parsed.kind == vector["gives"]["message"]
            checked += 1
        if checked > 60:
            break
    assert checked > 50


@needs_toolkit
@pytest.mark.libotr
@pytest.mark.slow
def test_the_toolkit_of_libotr_derives_the_same_keys_of_data_messages() -> None:
    checked = 0
    for named, takes, vector in vectors("derivations"):
        if named != "data-keys" or len(takes["our secret"]) > 80:
            continue
        if power(G, number(takes, "our secret")) != number(takes, "our public"):
            continue
        keys = toolkit.session_keys(octets(takes, "our secret"), octets(takes, "their public"))
        assert vector["gives"]["sending AES key"] == keys.sending_aes.hex(), vector["id"]
        assert vector["gives"]["receiving MAC key"] == keys.receiving_mac.hex(), vector["id"]
        assert vector["gives"]["end"] == ("high" if keys.high else "low"), vector["id"]
        checked += 1
    assert checked >= 10


@needs_toolkit
@pytest.mark.libotr
@pytest.mark.slow
def test_the_toolkit_of_libotr_decrypts_the_same_texts_and_refuses_the_same_macs() -> None:
    read = refused = 0
    for _, takes, vector in vectors("data-messages"):
        group = vector["id"].partition(":")[0]
        most_recent = "keys." not in vector["id"] and "session." not in vector["id"]
        if group not in {"data.v3", "data.v2", "authenticator"} or not most_recent:
            continue
        ours, theirs = (bytes.fromhex(takes[n][0]) for n in ("our secrets", "their publics"))
        wire = b"?OTR:" + base64.b64encode(octets(takes, "message")) + b"."
        found = toolkit.read_and_forge(wire, toolkit.session_keys(ours, theirs).receiving_aes)
        if "gives" in vector:
            assert found.text is not None
            assert found.text.hex() == vector["gives"]["text"], vector["id"]
            read += 1
        else:
            assert found.text is None, vector["id"]
            refused += 1
    assert read > 30
    assert refused > 20
