"""Data messages: keys, key ids, counters, the authenticator, and what comes out."""

from __future__ import annotations

import hmac
import struct
from hashlib import sha1
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from otr_conformance.vectors.encodings import HEADER_SHIFTS, encoding_faults
from otr_conformance.vectors.kinds import Flag, Group
from otr_model.kernel.vocabulary import Point
from otr_model.otrv3 import layouts
from otr_reference.codec import Codec
from otr_reference.otrv3.messages import DhPair

from .ake import ILLEGAL, LEGAL
from .derivations import encoded
from .material import ALICE, BOB, SUITE, TAGS, G, P, number, octets
from .operations import OPERATIONS

if TYPE_CHECKING:
    from otr_conformance.vectors.kinds import Value
    from otr_reference.otrv3.messages import DataKeys

__all__ = ["data_messages"]

_OURS: Final = 5
_THEIRS: Final = 9
_SEEN: Final = (7, 11, 13, 17)
_CHECKS: Final = {
    name: f"otrv3.check:{name}"
    for name in (
        "our-key-known",
        "their-key-known",
        "key-has-successor",
        "data-mac",
        "data-counter",
        "next-dh-range",
    )
}


class _Session:
    """A private conversation, seen by who receives."""

    def __init__(self, version: int, ours: int = _OURS, theirs: int = _THEIRS) -> None:
        self.version, self.ours, self.theirs = version, ours, theirs
        self.secrets = [number(f"our dh {n}", 320) for n in (0, 1)]
        self.their_secrets = [number(f"their dh {n}", 320) for n in (0, 1)]
        self.publics = [pow(G, secret, P) for secret in self.their_secrets]

    def state(self) -> dict[str, Value]:
        """What the receiver keeps."""
        return {
            "our tag": TAGS[BOB],
            "our_keyid": self.ours,
            "our secrets": [*map(encoded, self.secrets)],
            "their_keyid": self.theirs,
            "their publics": [*map(encoded, self.publics)],
            "counters": [seen.to_bytes(8, "big") for seen in _SEEN],
        }

    def keys(self, our_age: int, their_age: int) -> DataKeys:
        """The keys of a pair, as the sender derives them."""
        secret = self.their_secrets[their_age]
        pair = DhPair(SUITE.scalar(secret), SUITE.element(pow(G, secret, P)))
        return SUITE.data_keys(pair, SUITE.element(pow(G, self.secrets[our_age], P)))

    def values(self, **changed: int | bytes) -> dict[str, int | bytes]:
        """The fields in front of what is encrypted."""
        header: dict[str, int | bytes] = {"version": self.version, "type": 3}
        header |= {"sender": TAGS[ALICE], "receiver": TAGS[BOB], "flags": 0}
        next_dh = pow(G, number("their next", 320), P)
        fields: dict[str, int | bytes] = {
            "sender_keyid": self.theirs,
            "recipient_keyid": self.ours,
            "next_dh": next_dh,
            "counter": _SEEN[0] + 1,
        }
        return header | fields | changed

    def message(  # noqa: PLR0913 - everything that can be otherwise
        self,
        content: bytes = b"Hello",
        *,
        pair: tuple[int, int] = (0, 0),
        revealed: bytes = b"",
        mac_key: bytes | None = None,
        cipher_counter: int | None = None,
        cipher: bytes | None = None,
        **changed: int | bytes,
    ) -> bytes:
        """A message; the MAC is made last, of what is sent."""
        keys = self.keys(*pair)
        values = self.values(**changed)
        counter = int(values["counter"]) if cipher_counter is None else cipher_counter
        key = SUITE.to_bytes(keys.sending) if cipher is None else cipher
        values["encrypted"] = _aes(key, counter, content)
        body = Codec(layouts.DATA, self.version).write(values, until="mac")
        return body + self.tail(body, mac_key or SUITE.to_bytes(keys.sending_mac), revealed)

    def tail(self, body: bytes, mac_key: bytes, revealed: bytes = b"") -> bytes:
        """The authenticator, and what is revealed."""
        mac = hmac.digest(mac_key, body, "sha1")
        return mac + struct.pack(">I", len(revealed)) + revealed


def _aes(key: bytes, counter: int, data: bytes) -> bytes:
    """AES-CTR from the top half of a counter."""
    cipher = Cipher(AES(key), CTR(struct.pack(">QQ", counter, 0))).encryptor()
    return cipher.update(data) + cipher.finalize()


def data_messages() -> tuple[Group, ...]:
    """Data messages of both versions."""
    groups = [_contents(version) for version in (3, 2)]
    groups += [
        _keyids(),
        _counters(),
        _macs(),
        _next_keys(),
        _sizes(),
        _fields(3),
        _fields(2),
        _parts(),
    ]
    return tuple(groups)


def _group(name: str, session: _Session, about: str, *checks: str, message: bytes = b"") -> Group:
    return Group(
        name,
        OPERATIONS["receive-data"],
        about,
        "Receiving a Data Message",
        {"message": message or session.message(), **session.state()},
        tuple(_CHECKS[check] for check in checks),
    )


def _contents(version: int) -> Group:
    """What is legal."""
    session = _Session(version)
    group = _group(f"data.v{version}", session, "a message with the most recent keys of both")
    group.valid("hello", "a text")
    for our_age, their_age in ((0, 1), (1, 0), (1, 1)):
        ages = ("most recent", "previous")
        group.valid(
            f"keys.{our_age}-{their_age}",
            f"with our {ages[our_age]} key and their {ages[their_age]} one",
            Flag.NORMAL,
            {
                "message": session.message(
                    pair=(our_age, their_age),
                    recipient_keyid=_OURS - our_age,
                    sender_keyid=_THEIRS - their_age,
                    counter=_SEEN[2 * our_age + their_age] + 1,
                )
            },
        )
    for name, about, content in (
        ("heartbeat", "a heartbeat: no text", b""),
        ("nul", "a text, and its NUL", b"Hello\0"),
        ("disconnected", "the end of the conversation", b"\0\0\1\0\0"),
        ("padding", "a text and padding", b"Hello\0\0\0\0\4\0\0\0\0"),
        ("unknown-tlv", "a TLV that nobody knows", b"Hello\0\0\x63\0\1x"),
        ("extra-key", "the extra symmetric key is used", b"\0\0\x08\0\x08\0\0\0\1file"),
        ("utf-8", "letters of two octets", "Gr\u00fc\u00dfe".encode()),
    ):
        group.valid(f"content.{name}", about, Flag.NORMAL, {"message": session.message(content)})
    for flags in (0x01, 0x02, 0x80, 0xFE, 0xFF):
        about = f"the flags are {flags:#04x}; only 0x01 means something"
        group.valid(
            f"flags.{flags:#04x}", about, Flag.BOUNDARY, {"message": session.message(flags=flags)}
        )
    for count in (1, 2, 10):
        revealed = octets("revealed", 20 * count)
        group.valid(
            f"revealed.{count}",
            f"{count} old MAC keys are revealed",
            Flag.NORMAL,
            {"message": session.message(revealed=revealed)},
        )
    whole = session.message(revealed=octets("revealed", 20))
    altered = whole[:-1] + bytes((whole[-1] ^ 1,))
    group.valid(
        "revealed.altered",
        "a revealed key differs: the MAC does not cover it",
        Flag.ALTERED,
        {"message": altered},
    )
    group.valid(
        "revealed.part",
        "what is revealed is no multiple of 20 octets",
        Flag.SIZE,
        {"message": session.message(revealed=bytes(7))},
    )
    return group


def _keyids() -> Group:
    session = _Session(3)
    group = _group(
        "key-ids",
        session,
        "a message with the most recent keys of both",
        "our-key-known",
        "their-key-known",
    )
    for name, about, keyid in (
        ("zero", "0", 0),
        ("one", "1, which is long forgotten", 1),
        ("two-before", "two before our most recent one", _OURS - 2),
        ("next", "one after our most recent one", _OURS + 1),
        ("sign-bit", "the highest bit is set", _OURS | 0x80000000),
        ("largest", "the largest number", 0xFFFFFFFF),
        ("order", "ours in the other order of octets", 0x05000000),
    ):
        group.fault(
            f"recipient.{name}",
            f"Recipient keyid is {about}",
            Flag.ZERO if keyid == 0 else Flag.BOUNDARY,
            Point.KEY_ID,
            {"message": session.message(recipient_keyid=keyid)},
            check=_CHECKS["our-key-known"],
        )
    for name, about, keyid in (
        ("zero", "0", 0),
        ("one", "1, which is long forgotten", 1),
        ("two-before", "two before their most recent one", _THEIRS - 2),
        ("next", "one after their most recent one", _THEIRS + 1),
        ("sign-bit", "the highest bit is set", _THEIRS | 0x80000000),
        ("largest", "the largest number", 0xFFFFFFFF),
    ):
        group.fault(
            f"sender.{name}",
            f"Sender keyid is {about}",
            Flag.ZERO if keyid == 0 else Flag.BOUNDARY,
            Point.KEY_ID,
            {"message": session.message(sender_keyid=keyid)},
            check=_CHECKS["their-key-known"],
        )
    group.fault(
        "exchanged",
        "the key ids are exchanged",
        Flag.EXCHANGED,
        Point.KEY_ID,
        {"message": session.message(sender_keyid=_OURS, recipient_keyid=_THEIRS)},
        check=_CHECKS["our-key-known"],
    )
    forgotten = [encoded(session.publics[0]), b""]
    group.fault(
        "sender.none-before",
        "Sender keyid is one before their first key",
        Flag.BOUNDARY,
        Point.KEY_ID,
        {
            "message": session.message(sender_keyid=_THEIRS - 1, pair=(0, 1), counter=100),
            "their publics": forgotten,
        },
        check=_CHECKS["their-key-known"],
    )
    first = _Session(3, 2, 1)
    start = {
        name: value for name, value in first.state().items() if name in {"our_keyid", "their_keyid"}
    }
    start |= {"their publics": [encoded(first.publics[0]), b""], "counters": [bytes(8)] * 4}
    group.valid(
        "first",
        "the first message: with our first key, which is the previous one",
        Flag.NORMAL,
        {
            "message": first.message(pair=(1, 0), recipient_keyid=1, sender_keyid=1, counter=1),
            **start,
        },
    )
    group.fault(
        "first.sender-zero",
        "the first message, and Sender keyid is 0",
        Flag.ZERO,
        Point.KEY_ID,
        {
            "message": first.message(pair=(1, 0), recipient_keyid=1, sender_keyid=0, counter=1),
            **start,
        },
        check=_CHECKS["their-key-known"],
    )
    last = _Session(3, _OURS, 0xFFFFFFFF)
    group.fault(
        "sender.last",
        "Sender keyid is the largest, and so has no successor",
        Flag.BOUNDARY,
        Point.KEY_ID,
        {"message": last.message(), "their_keyid": 0xFFFFFFFF},
        check=_CHECKS["key-has-successor"],
        ambiguity="otrv3.ambiguity:last-keyid",
    )
    before = _Session(3, _OURS, 0xFFFFFFFE)
    group.valid(
        "sender.last-but-one",
        "Sender keyid is the largest but one",
        Flag.BOUNDARY,
        {"message": before.message(), "their_keyid": 0xFFFFFFFE},
    )
    for name, recipient, sender in (
        ("recipient", _OURS - 1, _THEIRS),
        ("sender", _OURS, _THEIRS - 1),
    ):
        group.fault(
            f"{name}.previous",
            f"made with the most recent keys, and says that of the {name} is the previous one",
            Flag.OTHER_KEY,
            Point.MAC,
            {
                "message": session.message(
                    recipient_keyid=recipient, sender_keyid=sender, counter=100
                )
            },
            check=_CHECKS["data-mac"],
        )
    return group


def _counters() -> Group:
    session = _Session(3)
    group = _group("counters", session, "a counter one above the last one", "data-counter")
    for name, about, counter in (
        ("next", "one more than the last one", _SEEN[0] + 1),
        ("far", "much more than the last one", 1 << 40),
        ("sign-bit", "only the highest bit is set", 1 << 63),
        ("largest", "the largest", (1 << 64) - 1),
        ("32-bits", "more than 32 bits, and low ones that are 0", 1 << 32),
    ):
        group.valid(
            name,
            f"the counter is {about}",
            Flag.BOUNDARY,
            {"message": session.message(counter=counter)},
        )
    for name, about, counter, flag in (
        ("zero", "0", 0, Flag.ZERO),
        ("one", "1, which was long ago", 1, Flag.REPLAY),
        ("before", "one less than the last one", _SEEN[0] - 1, Flag.REPLAY),
        ("equal", "equal to the last one", _SEEN[0], Flag.REPLAY),
    ):
        group.fault(
            name,
            f"the counter is {about}",
            flag,
            Point.COUNTER,
            {"message": session.message(counter=counter)},
            check=_CHECKS["data-counter"],
        )
    low = [seen.to_bytes(8, "big") for seen in (0, 0, 0, 0)]
    group.fault(
        "zero.first",
        "the first counter is 0",
        Flag.ZERO,
        Point.COUNTER,
        {"message": session.message(counter=0), "counters": low},
        check=_CHECKS["data-counter"],
    )
    group.valid(
        "one.first",
        "the first counter is 1",
        Flag.BOUNDARY,
        {"message": session.message(counter=1), "counters": low},
    )
    high = [b"\xff" * 8] * 4
    group.fault(
        "largest.again",
        "the largest counter comes again",
        Flag.REPLAY,
        Point.COUNTER,
        {"message": session.message(counter=(1 << 64) - 1), "counters": high},
        check=_CHECKS["data-counter"],
    )
    signed = [b"\x7f" + b"\xff" * 7] * 4
    group.valid(
        "sign-bit.after",
        "the last counter was the largest without a sign bit",
        Flag.BOUNDARY,
        {"message": session.message(counter=1 << 63), "counters": signed},
    )
    high_bit = [b"\x80" + bytes(7)] * 4
    group.fault(
        "sign-bit.before",
        "the last counter had its highest bit set",
        Flag.BOUNDARY,
        Point.COUNTER,
        {"message": session.message(counter=(1 << 63) - 1), "counters": high_bit},
        check=_CHECKS["data-counter"],
    )
    for our_age, their_age in ((0, 1), (1, 0), (1, 1)):
        place = 2 * our_age + their_age
        held = {
            "pair": (our_age, their_age),
            "recipient_keyid": _OURS - our_age,
            "sender_keyid": _THEIRS - their_age,
        }
        made = session.message(counter=_SEEN[place], **held)  # type: ignore[arg-type] # a pair and numbers
        group.fault(
            f"equal.{our_age}-{their_age}",
            "equal to the last one of that pair of keys",
            Flag.REPLAY,
            Point.COUNTER,
            {"message": made},
            check=_CHECKS["data-counter"],
        )
        if place:
            most = [_SEEN[0].to_bytes(8, "big") if n == place else b"\xff" * 8 for n in range(4)]
            made = session.message(counter=_SEEN[0] + 1, **held)  # type: ignore[arg-type] # the same
            group.valid(
                f"other-pairs.{our_age}-{their_age}",
                "the counters of other pairs of keys are higher: each has its own",
                Flag.BOUNDARY,
                {"message": made, "counters": most},
            )
    return group


def _macs() -> Group:
    session = _Session(3)
    whole = session.message()
    group = _group("authenticator", session, "a message with the right MAC", "data-mac")
    group.valid("good", "nothing is wrong with it")
    body, mac, tail = whole[:-24], whole[-24:-4], whole[-4:]
    keys = session.keys(0, 0)
    mac_key = SUITE.to_bytes(keys.sending_mac)
    other = session.keys(1, 0)
    wrong = {
        "first-bit": (
            "the first bit differs",
            Flag.ALTERED,
            body + bytes((mac[0] ^ 0x80, *mac[1:])) + tail,
        ),
        "last-bit": (
            "the last bit differs",
            Flag.ALTERED,
            body + mac[:-1] + bytes((mac[-1] ^ 1,)) + tail,
        ),
        "zero": ("it is all zeros", Flag.ZERO, body + bytes(20) + tail),
        "receiving-key": (
            "made with the sender's receiving MAC key: a message that comes back",
            Flag.OTHER_KEY,
            body + session.tail(body, SUITE.to_bytes(keys.receiving_mac)),
        ),
        "aes-key": (
            "made with the AES key",
            Flag.OTHER_KEY,
            body + session.tail(body, SUITE.to_bytes(keys.sending)),
        ),
        "other-pair": (
            "made with the MAC key of another pair of keys",
            Flag.OTHER_KEY,
            body + session.tail(body, SUITE.to_bytes(other.sending_mac)),
        ),
        "extra-key": (
            "made with the extra symmetric key",
            Flag.OTHER_KEY,
            body + session.tail(body, SUITE.to_bytes(keys.extra)),
        ),
        "zero-key": (
            "made with a key of zeros",
            Flag.OTHER_KEY,
            body + session.tail(body, bytes(20)),
        ),
        "no-hmac": (
            "a hash of key and message",
            Flag.DOMAIN,
            body + sha1(mac_key + body, usedforsecurity=False).digest() + tail,
        ),
        "without-version": (
            "the version is not covered",
            Flag.DOMAIN,
            body + session.tail(body[2:], mac_key),
        ),
        "without-header": (
            "the header is not covered",
            Flag.DOMAIN,
            body + session.tail(body[11:], mac_key),
        ),
        "encrypted-alone": (
            "only what is encrypted is covered",
            Flag.DOMAIN,
            body + session.tail(body[-5:], mac_key),
        ),
        "with-mac": (
            "the field of the MAC is covered, as zeros",
            Flag.DOMAIN,
            body + session.tail(body + bytes(20), mac_key),
        ),
        "with-revealed": (
            "what is revealed is covered",
            Flag.DOMAIN,
            body + session.tail(body + tail, mac_key),
        ),
    }
    for name, (about, flag, made) in wrong.items():
        group.fault(
            name, f"the MAC: {about}", flag, Point.MAC, {"message": made}, check=_CHECKS["data-mac"]
        )
    codec = Codec(layouts.DATA, 3)
    for part in codec.parts(whole):
        if part.field.name in {
            "version",
            "type",
            "receiver",
            "sender",
            "sender_keyid",
            "recipient_keyid",
            "mac",
            "revealed",
        }:
            continue
        altered = bytearray(whole)
        altered[part.end - 1] ^= 1
        group.fault(
            f"altered.{part.field.name.replace('_', '-')}",
            f"the last bit of {part.field.title} differs",
            Flag.ALTERED,
            Point.MAC,
            {"message": bytes(altered)},
            check=_CHECKS["data-mac"],
        )
        altered = bytearray(whole)
        altered[part.start + part.field.prefix] ^= 0x40
        group.fault(
            f"altered.{part.field.name.replace('_', '-')}.second-bit",
            f"the second bit of {part.field.title} differs",
            Flag.ALTERED,
            Point.MAC,
            {"message": bytes(altered)},
            check=_CHECKS["data-mac"],
        )
    made = whole[:3] + struct.pack(">I", TAGS[ALICE] + 1) + whole[7:]
    group.fault(
        "altered.sender",
        "the sender's tag is another",
        Flag.ALTERED,
        Point.MAC,
        {"message": made},
        check=_CHECKS["data-mac"],
    )
    two = _Session(2)
    group.fault(
        "altered.version",
        "made for version 2, and said to be of version 3",
        Flag.ALTERED,
        Point.MAC,
        {"message": _as_three(two.message())},
        check=_CHECKS["data-mac"],
    )
    for name, secrets in (
        ("our-secret", {"our secrets": [encoded(number("z", 320))] * 2}),
        ("their-public", {"their publics": [encoded(pow(G, number("z", 320), P))] * 2}),
    ):
        group.fault(
            f"session.{name}",
            "our keys are those of another session",
            Flag.OTHER_OWNER,
            Point.MAC,
            secrets,
            check=_CHECKS["data-mac"],
        )
    return group


def _as_three(message: bytes) -> bytes:
    """A message of version 2 with the version and tags of version 3."""
    return b"\0\3\3" + struct.pack(">II", TAGS[ALICE], TAGS[BOB]) + message[3:]


def _next_keys() -> Group:
    session = _Session(3)
    group = _group("next-key", session, "a message with the sender's next D-H key", "next-dh-range")
    for name, (about, value) in LEGAL.items():
        group.valid(
            name, f"DH y is {about}", Flag.BOUNDARY, {"message": session.message(next_dh=value)}
        )
    for name, (about, value) in ILLEGAL.items():
        flag = Flag.SMALL_ORDER if value in {1, P - 1} else Flag.BOUNDARY
        group.fault(
            name,
            f"DH y is {about}",
            flag,
            Point.RANGE,
            {"message": session.message(next_dh=value)},
            check=_CHECKS["next-dh-range"],
            ambiguity="otrv3.ambiguity:next-dh",
        )
    return group


def _sizes() -> Group:
    session = _Session(3)
    group = _group("sizes", session, "a text of five octets")
    for size in (0, 1, 2, 15, 16, 17, 31, 32, 33, 64, 255, 256, 257, 1000, 4096):
        about = f"a text of {size} octets: the counter's lower half goes on"
        group.valid(f"octets-{size}", about, Flag.SIZE, {"message": session.message(b"a" * size)})
    for counter in (1 << 8, (1 << 32) - 1, (1 << 63) + 1):
        group.valid(
            f"counter-{counter:#x}",
            "a counter of many octets is the upper half",
            Flag.SIZE,
            {"message": session.message(b"b" * 40, counter=counter)},
        )
    wrong = {
        "cipher.counter-zero": (
            "the cipher's counter begins at 0: another text comes out",
            {"cipher_counter": 0},
        ),
        "cipher.counter-next": (
            "the cipher's counter is one further: another text comes out",
            {"cipher_counter": _SEEN[0] + 2},
        ),
    }
    for name, (about, changed) in wrong.items():
        made = session.message(b"Hello", **changed)  # type: ignore[arg-type] # numbers
        group.valid(name, about, Flag.DOMAIN, {"message": made})
    return group


def _fields(version: int) -> Group:
    """Encodings, in a private conversation: the MAC is never reached."""
    session = _Session(version)
    whole = session.message(revealed=octets("revealed", 20))
    group = _group(f"encoding.v{version}", session, "a message that reveals one key", message=whole)
    group.valid("whole", "nothing is wrong with it")
    inner = Group("inner", OPERATIONS["read-message"], "", "", {"message": whole})
    encoding_faults(
        inner,
        layouts.DATA,
        version,
        whole,
        takes="message",
        skip=HEADER_SHIFTS,
        minimal="otrv3.ambiguity:minimal-mpi",
        trailing="otrv3.ambiguity:trailing-bytes",
    )
    for vector in inner.vectors:
        made = vector.takes["message"]
        outcome = group.answer({"message": made})
        if isinstance(outcome, dict):
            continue
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


def _parts() -> Group:
    """A message for somebody else, or of another kind."""
    session = _Session(3)
    group = _group("addressed", session, "a message from Alice's client to Bob's")
    for name, about, sender in (("zero", "0", 0), ("below", "0xff", 0xFF)):
        group.fault(
            f"sender.{name}",
            f"the sender's tag is {about}, under a right MAC",
            Flag.BOUNDARY,
            Point.INSTANCE,
            {"message": session.message(sender=sender)},
        )
    for name, about, receiver in (
        ("one", "1", 1),
        ("below", "0xff", 0xFF),
        ("other", "another client's", TAGS[BOB] + 1),
    ):
        group.fault(
            f"receiver.{name}",
            f"the receiver's tag is {about}, under a right MAC",
            Flag.OTHER_OWNER,
            Point.INSTANCE,
            {"message": session.message(receiver=receiver)},
        )
    group.fault(
        "receiver.zero",
        "the receiver's tag is 0, under a right MAC",
        Flag.BOUNDARY,
        Point.INSTANCE,
        {"message": session.message(receiver=0)},
        ambiguity="otrv3.ambiguity:receiver-zero",
    )
    for version in (0, 1, 4, 0xFFFF):
        made = struct.pack(">H", version) + session.message()[2:]
        group.fault(
            f"version.{version}",
            f"it is of version {version}",
            Flag.CONSTANT,
            Point.VERSION,
            {"message": made},
        )
    group.valid("good", "nothing is wrong with it")
    return group
