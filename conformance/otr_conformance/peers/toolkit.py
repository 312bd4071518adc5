"""libotr's toolkit: six small programs that take messages apart and forge transcripts.

They share no protocol code with libotr's endpoints beyond recognising a message and base64, and
none with ours: an independent opinion on the fields of a message, on the keys of a Diffie-Hellman
exchange, and on whether a transcript can be forged once MAC keys are revealed.

| program | here |
|---|---|
| ``otr_parse`` | `parse` |
| ``otr_sesskeys`` | `session_keys` |
| ``otr_mackey`` | `mac_key` |
| ``otr_readforge`` | `read_and_forge` |
| ``otr_modify`` | `modify` |
| ``otr_remac`` | `remac` |

Messages are octets from ``?OTR:`` to the final dot, in any of versions 1 to 3. The programs look
for the first ``?OTR:`` in what they are given and see nothing else, so that query messages, error
messages and fragments are beyond them.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from otr_conformance.peers import PeerUnavailable
from otr_conformance.peers.process import Outcome, run

__all__ = [
    "ParsedMessage",
    "ReadAndForged",
    "SessionKeys",
    "ToolkitError",
    "available",
    "mac_key",
    "modify",
    "parse",
    "read_and_forge",
    "remac",
    "session_keys",
]

_PROGRAMS: Final = (
    "otr_parse",
    "otr_sesskeys",
    "otr_mackey",
    "otr_readforge",
    "otr_modify",
    "otr_remac",
)

_DECIMAL_FIELDS: Final = frozenset(
    {
        "Sender instance",
        "Receiver instance",
        "Flags",
        "Sender keyid",
        "Rcpt keyid",
        "KeyID",
        "Reply",
    }
)
"""Fields that ``otr_parse`` prints in decimal; it prints every other one in hexadecimal."""

_REVEALED: Final = "Revealed MAC keys"

_KINDS: Final = frozenset(
    {
        "D-H Commit Message",
        "D-H Key Message",
        "Reveal Signature Message",
        "Signature Message",
        "Key Exchange Message",
        "Data Message",
    }
)


class ToolkitError(ValueError):
    """A program of the toolkit refused what it was given, in its own words."""


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """What ``otr_parse`` says about one message.

    Attributes:
        kind: its name, such as ``D-H Commit Message`` or ``Data Message``.
        version: the version of OTR.
        fields: every other field by the toolkit's name for it: ``Sender instance``, ``Receiver
            instance``, ``Flags``, ``Sender keyid`` and ``Rcpt keyid`` as numbers; ``Encrypted
            Key``, ``Hashed Key``, ``D-H Key``, ``Key``, ``Encrypted Signature``, ``MAC``, ``DH y``,
            ``Counter`` (8 octets) and ``Encrypted message`` as octets, numbers of the group without
            leading zeros. Version 2 has no instances.
        revealed_mac_keys: the old MAC keys of a data message, 20 octets each.
    """

    kind: str
    version: int
    fields: Mapping[str, int | bytes]
    revealed_mac_keys: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """The keys of one pair of Diffie-Hellman keys (version 3, "Computing AES keys, MAC keys").

    Attributes:
        high: whether ours is the high end.
        our_public: g to the power of our private key, without leading zeros.
        session_id: the session id of version 1, 20 octets; versions 2 and 3 compute another one.
        sending_aes: 16 octets.
        sending_mac: 20 octets.
        receiving_aes: 16 octets.
        receiving_mac: 20 octets.
    """

    high: bool
    our_public: bytes
    session_id: bytes
    sending_aes: bytes
    sending_mac: bytes
    receiving_aes: bytes
    receiving_mac: bytes


@dataclass(frozen=True, slots=True)
class ReadAndForged:
    """What ``otr_readforge`` made of a data message.

    Attributes:
        text: the plaintext up to its first NUL, which ends the text a person sees; None if the MAC
            does not verify under the key.
        forged: the new data message; None if none was wanted.
    """

    text: bytes | None
    forged: bytes | None


def available() -> bool:
    """Whether all six programs are installed."""
    return all(shutil.which(program) is not None for program in _PROGRAMS)


def parse(message: bytes) -> ParsedMessage:
    """Take a message apart.

    Raises:
        ToolkitError: the toolkit cannot parse it.
        PeerUnavailable: the toolkit is not installed.
    """
    lines = _run("otr_parse", given=message).out.decode("ascii", errors="replace").splitlines()
    kind = lines[0].removesuffix(":") if lines else "no OTR message"
    if kind not in _KINDS:
        raise ToolkitError(kind)
    fields: dict[str, int | bytes] = {}
    revealed: list[bytes] = []
    for line in lines[1:]:
        if not line:  # an empty line ends a message; what follows it is another one's
            break
        name, _, value = line.lstrip("\t").partition(":")
        if name == _REVEALED:
            continue
        if line.startswith("\t\t"):
            revealed.append(bytes.fromhex(value))
        elif name in _DECIMAL_FIELDS:
            fields[name] = int(value)
        else:
            fields[name] = bytes.fromhex(value)
    version = fields.pop("Version", b"\x01")  # only version 1 key exchanges have no such line
    number = version if isinstance(version, int) else int.from_bytes(version, "big")
    return ParsedMessage(kind, number, MappingProxyType(fields), tuple(revealed))


def session_keys(our_private: bytes, their_public: bytes) -> SessionKeys:
    """Derive the keys of data messages from our private and their public key.

    Args:
        our_private: the exponent, unsigned big-endian, at most 40 octets.
        their_public: the number of the group, unsigned big-endian.

    Raises:
        ToolkitError: the private key is too long.
        PeerUnavailable: the toolkit is not installed.
    """
    lines = _run("otr_sesskeys", our_private.hex(), their_public.hex()).out.decode("ascii")
    found = dict(line.split(": ") for line in lines.splitlines() if ": " in line)
    return SessionKeys(
        high="the high end" in lines,
        our_public=bytes.fromhex(found["Our public key"]),
        session_id=bytes.fromhex(found["Session id"]),
        sending_aes=bytes.fromhex(found["Sending   AES key"]),
        sending_mac=bytes.fromhex(found["Sending   MAC key"]),
        receiving_aes=bytes.fromhex(found["Receiving AES key"]),
        receiving_mac=bytes.fromhex(found["Receiving MAC key"]),
    )


def mac_key(aes_key: bytes) -> bytes:
    """Derive the MAC key, 20 octets, that belongs to an AES key of 16 octets.

    Raises:
        ToolkitError: the AES key has another length.
        PeerUnavailable: the toolkit is not installed.
    """
    lines = _run("otr_mackey", aes_key.hex()).out.decode("ascii").splitlines()
    found = dict(line.split(": ") for line in lines)
    return bytes.fromhex(found["MAC key"])


def read_and_forge(message: bytes, aes_key: bytes, new_text: bytes | None = None) -> ReadAndForged:
    """Decrypt a data message, and with a new text make another message of it.

    The new message has every other field of the old one, and a MAC that verifies under the MAC key
    of ``aes_key``: also if the old one's does not, so that a transcript can be forged as a whole.

    Args:
        message: the data message.
        aes_key: 16 octets.
        new_text: octets without a NUL, which leaves no way to add TLVs.

    Raises:
        ToolkitError: the message is not a data message, or the key has another length.
        PeerUnavailable: the toolkit is not installed.
        ValueError: the new text contains a NUL.
    """
    extra = () if new_text is None else (_argument(new_text),)
    out = _run("otr_readforge", aes_key.hex(), *extra, given=message).out.removesuffix(b"\n")
    forged = None
    if new_text is not None:
        out, _, forged = out.rpartition(b"\n")
    text = None
    if out.startswith(b"Plaintext: ``"):
        text = out.removeprefix(b"Plaintext: ``").removesuffix(b"''")
    return ReadAndForged(text, forged)


def modify(message: bytes, key: bytes, old: bytes, new: bytes, offset: int) -> bytes:
    """Change a text that is known, or guessed, inside a data message that cannot be read.

    Args:
        message: the data message.
        key: the MAC key, 20 octets, that a later message revealed.
        old: what stands at ``offset``, without a NUL.
        new: as many octets, without a NUL.
        offset: counted in octets from the start of the encrypted message.

    Returns:
        The modified message, whose MAC verifies under the same key.

    Raises:
        ToolkitError: the MAC does not verify, or the lengths differ.
        PeerUnavailable: the toolkit is not installed.
        ValueError: a text contains a NUL.
    """
    arguments = (_argument(old), _argument(new), str(offset))
    return _run("otr_modify", key.hex(), *arguments, given=message).out.removesuffix(b"\n")


def remac(  # noqa: PLR0913 - the fields of a data message, each of them
    *,
    key: bytes,
    sender: int,
    receiver: int,
    flags: int,
    sender_keyid: int,
    recipient_keyid: int,
    public_key: bytes,
    counter: bytes,
    encrypted: bytes,
    revealed_mac_keys: bytes = b"",
) -> bytes:
    """Build a data message of version 3 from its fields, with a MAC.

    Args:
        key: the MAC key, 20 octets.
        sender: the sender's instance tag.
        receiver: the receiver's instance tag.
        flags: the octet of flags.
        sender_keyid: the serial number of the sender's key.
        recipient_keyid: the serial number of the recipient's key.
        public_key: the next key of the sender, unsigned big-endian.
        counter: the upper 8 octets of the counter.
        encrypted: the encrypted message.
        revealed_mac_keys: old MAC keys, 20 octets each.

    Raises:
        ToolkitError: an argument has the wrong length.
        PeerUnavailable: the toolkit is not installed.
    """
    numbers = map(str, (sender, receiver, flags, sender_keyid, recipient_keyid))
    octets = map(bytes.hex, (public_key, counter, encrypted, revealed_mac_keys))
    return _run("otr_remac", key.hex(), *numbers, *octets).out.removesuffix(b"\n")


def _argument(text: bytes) -> bytes:
    """Check a text that is passed as an argument of a program, where a NUL would end it."""
    if b"\0" in text:
        message = "the toolkit takes texts without a NUL"
        raise ValueError(message)
    return text


def _run(program: str, *arguments: str | bytes, given: bytes = b"") -> Outcome:
    """Run one program of the toolkit; a refusal becomes a `ToolkitError`."""
    path = shutil.which(program)
    if path is None:
        message = f"{program} is missing; run as root: apt-get install -y libotr5-bin"
        raise PeerUnavailable(message)
    try:
        outcome = run((path, *arguments), given=given)
    except OSError as error:  # TimeoutError is one
        raise PeerUnavailable(str(error)) from error
    if outcome.status != 0:
        raise ToolkitError(outcome.complaint)
    return outcome
