"""Data messages: points, DH keys, the authenticator, and what comes out."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

from otr_conformance.vectors.encodings import HEADER_SHIFTS, encoding_faults
from otr_conformance.vectors.kinds import Flag, Group
from otr_model.kernel.vocabulary import Point
from otr_model.otrv4 import layouts
from otr_model.otrv4.usages import Usage
from otr_reference.chacha import cipher
from otr_reference.codec import Codec
from otr_reference.otrv4.kdf import under_byte

from .material import ALICE, BAD_POINTS, BOB, SUITE, TAGS, bad_elements, dh, ecdh, octets
from .operations import OPERATIONS

if TYPE_CHECKING:
    from otr_conformance.vectors.kinds import Value

__all__ = ["data_messages"]

_BLOCK: Final = "otrv4.ambiguity:chacha-counter"
_CHAIN: Final = octets("chain", 64)
_CHECKS: Final = {
    name: f"otrv4.check:data-{name}" for name in ("ecdh-point", "dh-due", "dh-member", "mac")
}


def _key(usage: Usage, *values: bytes) -> bytes:
    return under_byte(usage.byte, *values, size=64)


def _message(
    content: bytes = b"Hello",
    *,
    chain: bytes = _CHAIN,
    mac_key: bytes | None = None,
    old: bytes = b"",
    encryption: bytes | None = None,
    **changed: int | bytes,
) -> bytes:
    """A message; the authenticator is made last, of what is sent."""
    mk_enc = _key(Usage.MESSAGE_KEY, chain)
    values: dict[str, int | bytes] = {
        "sender": TAGS[ALICE],
        "receiver": TAGS[BOB],
        "flags": 0,
        "pn": 2,
        "ratchet_id": 4,
        "message_id": 1,
        "ecdh": SUITE.to_bytes(ecdh("data").public),
        "dh": 0,
        "encrypted": cipher((encryption or mk_enc)[:32], content),
    }
    body = Codec(layouts.DATA).write(values | changed, until="authenticator")
    mac = _key(Usage.AUTHENTICATOR, mac_key or _key(Usage.MAC_KEY, mk_enc), body)
    return body + mac + struct.pack(">I", len(old)) + old


def data_messages() -> tuple[Group, ...]:
    """Data messages."""
    return (_contents(), _keys(), _macs(), _fields(), _addressed())


def _group(name: str, about: str, *checks: str, **takes: Value) -> Group:
    held: dict[str, Value] = {"message": _message(), "our tag": TAGS[BOB], "chain key": _CHAIN}
    answers = tuple(_CHECKS[check] for check in checks)
    return Group(
        name,
        OPERATIONS["open-data"],
        about,
        "When you receive a Data Message:",
        held | takes,
        answers,
    )


def _contents() -> Group:
    """What is legal."""
    group = _group("data", "a message of a ratchet without a DH key")
    group.valid("hello", "a text")
    for name, about, content in (
        ("heartbeat", "a heartbeat: no text", b""),
        ("nul", "a text, and its NUL", b"Hello\0"),
        ("disconnected", "the end of the conversation", b"\0\0\1\0\0"),
        ("padding", "a text and padding", b"Hello\0\0\0\0\4\0\0\0\0"),
        ("unknown-tlv", "a TLV that nobody knows", b"Hello\0\0\x63\0\1x"),
        ("extra-key", "an extra symmetric key is used", b"\0\0\7\0\x08\0\0\0\1file"),
    ):
        group.valid(f"content.{name}", about, Flag.NORMAL, {"message": _message(content)})
    for size in (1, 63, 64, 65, 127, 128, 129, 255, 256, 1000):
        group.valid(
            f"size.{size}",
            f"a text of {size} octets: blocks of the cipher have 64",
            Flag.SIZE,
            {"message": _message(b"a" * size)},
        )
    for flags in (0x01, 0x02, 0x80, 0xFE, 0xFF):
        group.valid(
            f"flags.{flags:#04x}",
            f"the flags are {flags:#04x}; only 0x01 means something",
            Flag.BOUNDARY,
            {"message": _message(flags=flags)},
        )
    for count in (1, 2, 10):
        group.valid(
            f"old-mac-keys.{count}",
            f"{count} old MAC keys are revealed",
            Flag.NORMAL,
            {"message": _message(old=octets("old", 64 * count))},
        )
    whole = _message(old=octets("old", 64))
    group.valid(
        "old-mac-keys.altered",
        "a revealed key differs: the MAC does not cover it",
        Flag.ALTERED,
        {"message": whole[:-1] + bytes((whole[-1] ^ 1,))},
    )
    for value in (0, 0xFFFFFFFF):
        for label, made in (("pn", _message(pn=value)), ("message-id", _message(message_id=value))):
            about = f"the {label} is {value}: which key it is, is not asked here"
            group.valid(f"{label}.{value:#x}", about, Flag.BOUNDARY, {"message": made})
    for ratchet in (1, 2, 5, 0xFFFFFFFE):
        group.valid(
            f"ratchet.{ratchet:#x}",
            f"ratchet {ratchet} has no DH key",
            Flag.NORMAL,
            {"message": _message(ratchet_id=ratchet)},
        )
    number = SUITE.to_int(dh("data").public)
    for ratchet in (0, 3, 6, 0xFFFFFFFF):
        group.valid(
            f"ratchet.{ratchet:#x}",
            f"ratchet {ratchet} has a DH key",
            Flag.NORMAL,
            {"message": _message(ratchet_id=ratchet, dh=number)},
        )
    return group


def _keys() -> Group:
    """Keys of the ratchet that are refused."""
    group = _group(
        "ratchet-keys",
        "a message of a ratchet without a DH key",
        "ecdh-point",
        "dh-due",
        "dh-member",
    )
    for name, (about, point) in BAD_POINTS.items():
        flag = Flag.SMALL_ORDER if "order" in name or name == "identity" else Flag.NON_CANONICAL
        group.fault(
            f"ecdh.{name}",
            f"the ECDH key is {about}, under a right MAC",
            flag,
            Point.RANGE,
            {"message": _message(ecdh=point)},
            check=_CHECKS["ecdh-point"],
        )
    number = SUITE.to_int(dh("data").public)
    for ratchet in (0, 3, 6, 0xFFFFFFFF):
        group.fault(
            f"dh.missing-{ratchet:#x}",
            f"ratchet {ratchet} has no DH key",
            Flag.LEFT_OUT,
            Point.ENCODING,
            {"message": _message(ratchet_id=ratchet)},
            check=_CHECKS["dh-due"],
            ambiguity="otrv4.ambiguity:dh-in-every-message",
        )
    for ratchet in (1, 2, 4, 5, 0xFFFFFFFE):
        group.fault(
            f"dh.there-{ratchet:#x}",
            f"ratchet {ratchet} has a DH key",
            Flag.TWICE,
            Point.ENCODING,
            {"message": _message(ratchet_id=ratchet, dh=number)},
            check=_CHECKS["dh-due"],
            ambiguity="otrv4.ambiguity:dh-in-every-message",
        )
    for name, (about, value) in bad_elements().items():
        if value:
            group.fault(
                f"dh.{name}",
                f"the DH key is {about}, under a right MAC",
                Flag.BOUNDARY,
                Point.RANGE,
                {"message": _message(ratchet_id=3, dh=value)},
                check=_CHECKS["dh-member"],
            )
    return group


def _macs() -> Group:
    """Authenticators that do not fit."""
    group = _group("authenticator", "a message with the right MAC", "mac")
    group.valid("good", "nothing is wrong with it")
    whole = _message()
    body, mac, tail = whole[:-68], whole[-68:-4], whole[-4:]
    mk_enc = _key(Usage.MESSAGE_KEY, _CHAIN)
    mk_mac = _key(Usage.MAC_KEY, mk_enc)
    following = _key(Usage.NEXT_CHAIN_KEY, _CHAIN)
    authenticated = {
        "first-bit": ("its first bit differs", Flag.ALTERED, bytes((mac[0] ^ 0x80, *mac[1:]))),
        "last-bit": ("its last bit differs", Flag.ALTERED, mac[:-1] + bytes((mac[-1] ^ 1,))),
        "zero": ("it is all zeros", Flag.ZERO, bytes(64)),
        "key-mk-enc": ("made with MKenc", Flag.OTHER_KEY, _key(Usage.AUTHENTICATOR, mk_enc, body)),
        "key-chain": (
            "made with the chain key",
            Flag.OTHER_KEY,
            _key(Usage.AUTHENTICATOR, _CHAIN, body),
        ),
        "key-half": (
            "MKmac is made of the first half of MKenc",
            Flag.OTHER_KEY,
            _key(Usage.AUTHENTICATOR, _key(Usage.MAC_KEY, mk_enc[:32]), body),
        ),
        "key-of-chain": (
            "MKmac is made of the chain key",
            Flag.OTHER_KEY,
            _key(Usage.AUTHENTICATOR, _key(Usage.MAC_KEY, _CHAIN), body),
        ),
        "key-next": (
            "made with the next message's key",
            Flag.OTHER_KEY,
            _key(
                Usage.AUTHENTICATOR, _key(Usage.MAC_KEY, _key(Usage.MESSAGE_KEY, following)), body
            ),
        ),
        "key-zero": (
            "made with a key of zeros",
            Flag.OTHER_KEY,
            _key(Usage.AUTHENTICATOR, bytes(64), body),
        ),
        "usage-auth-mac": (
            "under the usage of the Auth MAC",
            Flag.DOMAIN,
            _key(Usage.AUTH_MAC, mk_mac, body),
        ),
        "usage-zero": ("under the usage 0", Flag.DOMAIN, under_byte(0, mk_mac, body, size=64)),
        "key-behind": (
            "the key is hashed behind the message",
            Flag.ORDER,
            _key(Usage.AUTHENTICATOR, body, mk_mac),
        ),
        "without-version": (
            "the version is not covered",
            Flag.DOMAIN,
            _key(Usage.AUTHENTICATOR, mk_mac, body[2:]),
        ),
        "without-header": (
            "the header is not covered",
            Flag.DOMAIN,
            _key(Usage.AUTHENTICATOR, mk_mac, body[11:]),
        ),
        "encrypted-alone": (
            "only what is encrypted is covered",
            Flag.DOMAIN,
            _key(Usage.AUTHENTICATOR, mk_mac, body[-5:]),
        ),
        "with-old-keys": (
            "what is revealed is covered",
            Flag.DOMAIN,
            _key(Usage.AUTHENTICATOR, mk_mac, body + tail),
        ),
        "of-nothing": ("it covers nothing", Flag.EMPTY, _key(Usage.AUTHENTICATOR, mk_mac)),
    }
    for name, (about, flag, made) in authenticated.items():
        group.fault(
            name,
            f"the MAC: {about}",
            flag,
            Point.MAC,
            {"message": body + made + tail},
            check=_CHECKS["mac"],
        )
    for part in Codec(layouts.DATA).parts(whole):
        name = part.field.name
        if name in {
            "version",
            "type",
            "receiver",
            "ecdh",
            "dh",
            "authenticator",
            "old_mac_keys",
            "ratchet_id",
        }:
            continue
        altered = bytearray(whole)
        altered[part.end - 1] ^= 1
        group.fault(
            f"altered.{name.replace('_', '-')}",
            f"the last bit of {part.field.title} differs",
            Flag.ALTERED,
            Point.MAC,
            {"message": bytes(altered)},
            check=_CHECKS["mac"],
        )
    other = SUITE.to_bytes(ecdh("other data").public)
    point = SUITE.to_bytes(ecdh("data").public)
    group.fault(
        "altered.ecdh",
        "the ECDH key is another",
        Flag.ALTERED,
        Point.MAC,
        {"message": whole.replace(point, other)},
        check=_CHECKS["mac"],
    )
    plain = _message(ratchet_id=5)
    group.fault(
        "altered.ratchet-id",
        "the ratchet id is another",
        Flag.ALTERED,
        Point.MAC,
        {"message": body[:16] + plain[16:20] + body[20:] + mac + tail},
        check=_CHECKS["mac"],
    )
    group.fault(
        "chain.next",
        "the chain key is the next one",
        Flag.OTHER_KEY,
        Point.MAC,
        {"chain key": following},
        check=_CHECKS["mac"],
    )
    group.fault(
        "chain.other",
        "the chain key is that of another session",
        Flag.OTHER_OWNER,
        Point.MAC,
        {"chain key": octets("other", 64)},
        check=_CHECKS["mac"],
    )
    group.fault(
        "message.next",
        "it is made with the next chain key",
        Flag.SEQUENCE,
        Point.MAC,
        {"message": _message(chain=following)},
        check=_CHECKS["mac"],
    )
    group.valid(
        "cipher.second-half",
        "encrypted with the second half of MKenc: another text comes out",
        Flag.OTHER_KEY,
        {"message": _message(encryption=mk_enc[32:])},
    )
    for name, about, start, ambiguity in (
        ("nonce", "the nonce is 1: another text comes out", bytes(4) + b"\1" + bytes(11), ""),
        ("block", "it begins with block 1: another text comes out", b"\1" + bytes(15), _BLOCK),
    ):
        encrypted = Cipher(ChaCha20(mk_enc[:32], start), None).encryptor().update(b"Hello")
        made = _message(encrypted=encrypted)
        group.valid(f"cipher.{name}", about, Flag.DOMAIN, {"message": made}, ambiguity=ambiguity)
    return group


def _fields() -> Group:
    """Encodings, in a private conversation: the MAC is never reached."""
    whole = _message(old=octets("old", 64))
    group = _group("encoding", "a message that reveals one key", message=whole)
    group.valid("whole", "nothing is wrong with it")
    inner = Group("inner", OPERATIONS["read-message"], "", "", {"message": whole})
    encoding_faults(
        inner,
        layouts.DATA,
        4,
        whole,
        takes="message",
        skip=HEADER_SHIFTS,
        minimal="otrv4.ambiguity:minimal-mpi",
    )
    for vector in inner.vectors:
        made = vector.takes["message"]
        outcome = group.answer({"message": made})
        if getattr(outcome, "point", None) is Point.ENCODING:
            group.fault(
                vector.name,
                vector.about,
                vector.flags[0],
                Point.ENCODING,
                {"message": made},
                ambiguity=vector.ambiguity,
                answers=vector.answers,
            )
    return group


def _addressed() -> Group:
    """A message for somebody else, or of another version."""
    group = _group("addressed", "a message from Alice's client to Bob's")
    group.valid("good", "nothing is wrong with it")
    for name, about, sender in (("zero", "0", 0), ("below", "0xff", 0xFF)):
        group.fault(
            f"sender.{name}",
            f"the sender's tag is {about}, under a right MAC",
            Flag.BOUNDARY,
            Point.INSTANCE,
            {"message": _message(sender=sender)},
        )
    for name, about, receiver in (
        ("zero", "0", 0),
        ("one", "1", 1),
        ("below", "0xff", 0xFF),
        ("other", "another client's", TAGS[BOB] + 1),
    ):
        group.fault(
            f"receiver.{name}",
            f"the receiver's tag is {about}, under a right MAC",
            Flag.OTHER_OWNER,
            Point.INSTANCE,
            {"message": _message(receiver=receiver)},
        )
    for version in (0, 2, 3, 5, 0xFFFF):
        made = struct.pack(">H", version) + _message()[2:]
        group.fault(
            f"version.{version}",
            f"it is of version {version}",
            Flag.CONSTANT,
            Point.VERSION,
            {"message": made},
        )
    return group
