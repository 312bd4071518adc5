"""Forging messages of OTRv3: what anybody can do who knows one of its keys.

    forge.read_and_forge(aes_key, message, b"another text")
    forge.modify(message, 4, b"Bob", b"Eve", mac_key)

MAC keys are revealed once they are of no more use (section "Revealing MAC keys"), so that what was
said can be forged afterwards. These are the operations of libotr's toolkit. Each goes the way of
honest conversations: the codecs of `wire` and the operations of `RealSuite`, and nothing else.

What begins a conversation cannot be forged in version 3: both sides sign their D-H keys with DSA,
and nobody signs for somebody else. Version 4 is made otherwise.

| operation | takes | gives |
|---|---|---|
| `parse` | any text | its fields |
| `session_keys` | a D-H private key, and the peer's public key | the keys of their Data Messages |
| `show_mac_key` | an AES key | the MAC key that belongs to it |
| `read_and_forge` | an AES key | what a Data Message says; another one in its place |
| `modify` | a MAC key, and a guess of what is said | the Data Message with another text there |
| `remac` | a MAC key | the Data Message with another authenticator |

Keys are bytes here, because whoever forges has them from somewhere else. Messages are those of
version 2 or 3. A fragment is no message: all of them have to be put together first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha1
from typing import TYPE_CHECKING, Final, cast

from otr_model.otrv3 import layouts, schedules
from otr_reference.errors import Malformed, OtrSpecError

from .dissect import Dissection, dissect
from .messages import Content, DataMessage, DhPair, MalformedMessage
from .real import RealSuite

if TYPE_CHECKING:
    from otr_reference.sorts import Key

    from .messages import DataFields

__all__ = [
    "CannotForge",
    "Dissection",
    "ReadAndForged",
    "SessionKeys",
    "modify",
    "parse",
    "read_and_forge",
    "remac",
    "replaced",
    "session_keys",
    "show_mac_key",
]

_SUITE: Final = RealSuite()
_AES_KEY_OCTETS: Final = 16
_MAC_KEY_OCTETS: Final = layouts.Type.MAC.spec.size


class CannotForge(OtrSpecError):
    """What is asked for cannot be forged with what is given; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class ReadAndForged:
    """What `read_and_forge` makes of a Data Message.

    Attributes:
        content: what it says; None if its MAC does not verify under the key.
        forged: the Data Message in its place; None if none is wanted.
    """

    content: Content | None
    forged: bytes | None

    @property
    def text(self) -> bytes | None:
        """The text that a person sees, without TLVs; None as `content`."""
        return None if self.content is None else _SUITE.to_bytes(self.content.text)


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """The keys of one pair of D-H keys: "Computing AES keys, MAC keys, and the ... session id".

    Attributes:
        high: whether our public key is the higher number, which makes us the "high" end.
        our_public: our public key, unsigned big-endian.
        ssid: the secure session id, 8 bytes, if the AKE was made with these D-H keys.
        sending_aes: 16 bytes.
        sending_mac: 20 bytes.
        receiving_aes: 16 bytes.
        receiving_mac: 20 bytes.
        extra: the extra symmetric key, 32 bytes.
    """

    high: bool
    our_public: bytes
    ssid: bytes
    sending_aes: bytes
    sending_mac: bytes
    receiving_aes: bytes
    receiving_mac: bytes
    extra: bytes


def parse(text: bytes) -> Dissection:
    """Take a text apart and name its fields. Total."""
    return dissect(text)


def session_keys(our_private: bytes, their_public: bytes) -> SessionKeys:
    """Compute the keys of Data Messages from a D-H exchange.

    Args:
        our_private: the exponent, unsigned big-endian, one or more.
        their_public: the peer's public key, unsigned big-endian.

    Raises:
        Malformed: the exponent is zero, or has more bits than the group (field "D-H private key");
            the public key is out of range (field "D-H public key").
    """
    exponent = int.from_bytes(our_private, "big")
    if not 0 < exponent < schedules.GROUP.modulus:
        raise Malformed(field="D-H private key", reason="is not between 1 and p - 1")
    theirs = _SUITE.element(int.from_bytes(their_public, "big"))
    if not _SUITE.in_range(theirs):
        raise Malformed(field="D-H public key", reason="is not between 2 and p - 2")
    secret = _SUITE.scalar(exponent)
    ours = DhPair(secret, _SUITE.power(_SUITE.generator(), secret))
    keys = _SUITE.data_keys(ours, theirs)
    public = _SUITE.to_int(ours.public)
    return SessionKeys(
        high=public > _SUITE.to_int(theirs),
        our_public=public.to_bytes((public.bit_length() + 7) // 8, "big"),
        ssid=_SUITE.to_bytes(_SUITE.ake_keys(secret, theirs).ssid),
        sending_aes=_SUITE.to_bytes(keys.sending),
        sending_mac=_SUITE.to_bytes(keys.sending_mac),
        receiving_aes=_SUITE.to_bytes(keys.receiving),
        receiving_mac=_SUITE.to_bytes(keys.receiving_mac),
        extra=_SUITE.to_bytes(keys.extra),
    )


def show_mac_key(aes_key: bytes) -> bytes:
    """Compute the MAC key, 20 bytes, of the messages that an AES key encrypts.

    Raises:
        Malformed: the AES key is not 16 bytes long (field "AES key").
    """
    if len(aes_key) != _AES_KEY_OCTETS:
        raise Malformed(field="AES key", reason=f"is not {_AES_KEY_OCTETS} bytes long")
    return sha1(aes_key, usedforsecurity=False).digest()  # as schedules.SENDING_MAC_KEY has it


def read_and_forge(aes_key: bytes, message: bytes, new_text: bytes | None = None) -> ReadAndForged:
    """Decrypt a Data Message, and put another text into its place.

    The other message has every field of this one but what is encrypted, the MAC, and the TLVs, of
    which it has none. It is made under any key: then it is one that was never sent.

    Args:
        aes_key: the AES key that the message is encrypted with, or is to be.
        message: the Data Message.
        new_text: in UTF-8; None to read only.

    Raises:
        Malformed: the key has another length, the text contains a NUL, or the message cannot be
            taken apart.
        CannotForge: it is no Data Message.
    """
    mac_key = _key(show_mac_key(aes_key), _MAC_KEY_OCTETS)
    key = _key(aes_key, _AES_KEY_OCTETS)
    data = _data_message(message)
    content = forged = None
    if _SUITE.same(_SUITE.data_mac(mac_key, data.authenticated), data.mac):
        content = _SUITE.open(key, data.fields.counter, data.fields.encrypted)
    if new_text is not None:
        said = Content(_SUITE.octets(new_text))
        sealed = _SUITE.seal(key, data.fields.counter, said)
        forged = _with(data, mac_key, replace(data.fields, encrypted=sealed))
    return ReadAndForged(content, forged)


def modify(message: bytes, offset: int, old: bytes, new: bytes, mac_key: bytes) -> bytes:
    """Change a text that is known, or guessed, in a Data Message that cannot be read.

    Args:
        message: the Data Message.
        offset: where the text begins in what is encrypted, in bytes from its start.
        old: what is there.
        new: what is to be there, as many bytes.
        mac_key: the message's MAC key, 20 bytes, once it has been revealed.

    Raises:
        Malformed: the key has another length, or the message cannot be taken apart.
        CannotForge: it is no Data Message, its MAC does not verify under the key, or `replaced`
            does not allow the change.
    """
    key, data = _key(mac_key, _MAC_KEY_OCTETS), _data_message(message)
    if not _SUITE.same(_SUITE.data_mac(key, data.authenticated), data.mac):
        text = "the message's MAC does not verify under this MAC key"
        raise CannotForge(text)
    sealed = replaced(_SUITE.to_bytes(data.fields.encrypted), offset, old, new)
    return _with(data, key, replace(data.fields, encrypted=_SUITE.octets(sealed)))


def remac(message: bytes, mac_key: bytes) -> bytes:
    """Give a Data Message the MAC that it has under a key; nothing else of it changes.

    Args:
        message: the Data Message, whatever its MAC is.
        mac_key: 20 bytes.

    Raises:
        Malformed: the key has another length, or the message cannot be taken apart.
        CannotForge: it is no Data Message.
    """
    key, data = _key(mac_key, _MAC_KEY_OCTETS), _data_message(message)
    return _with(data, key, data.fields)


def replaced(encrypted: bytes, offset: int, old: bytes, new: bytes) -> bytes:
    """Change what a stream cipher encrypts, without its key: XOR with what is there and should be.

    Raises:
        CannotForge: the texts differ in length, or do not lie within what is encrypted.
    """
    if len(old) != len(new):
        message = f"the old text has {len(old)} bytes and the new one {len(new)}: only as many fit"
        raise CannotForge(message)
    end = offset + len(old)
    if offset < 0 or end > len(encrypted):
        message = f"bytes {offset} to {end} are not within the {len(encrypted)} that are encrypted"
        raise CannotForge(message)
    changed = bytes(c ^ o ^ n for c, o, n in zip(encrypted[offset:end], old, new, strict=True))
    return encrypted[:offset] + changed + encrypted[end:]


def _with(data: DataMessage, mac_key: Key, fields: DataFields) -> bytes:
    """A Data Message with other fields, under a MAC key."""
    body = _SUITE.data_body(fields)
    mac = _SUITE.data_mac(mac_key, body)
    made = replace(data, fields=fields, authenticated=body, mac=mac)
    return _SUITE.to_bytes(_SUITE.encode(made))


def _data_message(text: bytes) -> DataMessage:
    """The Data Message in a text."""
    message = _SUITE.decode(_SUITE.wire(text))
    if isinstance(message, MalformedMessage):
        raise Malformed(field=message.field, reason=message.reason)
    if not isinstance(message, DataMessage):
        refusal = f"this takes a Data Message of version 2 or 3; it is: {dissect(text).title}"
        raise CannotForge(refusal)
    return message


def _key(value: bytes, size: int) -> Key:
    """Bytes as a key: whoever forges has them from outside, where a suite makes its own."""
    if len(value) != size:
        raise Malformed(field="MAC key", reason=f"is not {size} bytes long")
    return cast("Key", value)
