r"""The three files in which libotr, and the clients built on it, keep what lasts.

    private keys    (privkeys (account (name ...) (protocol ...) (private-key (dsa ...))) ...)
    fingerprints    user \t account \t protocol \t 40 hex digits \t trust \n
    instance tags   account \t protocol \t 8 hex digits \n

No specification covers them; these are the forms that libotr 4.1.1 writes and reads. What we write
for given contents is what libotr writes, to the octet. Where libotr is lenient in reading, it skips
or mends what it cannot make out, and writes the file back without it. We refuse such a file, and
name the line, so that nothing is lost in silence:

- a line that has tabs but not the fields, which libotr skips;
- a digit that is not hex, which libotr takes for zero in a fingerprint;
- a last line without an end, which libotr skips: the file has been cut short;
- a line longer than `LINE_LIMIT`, which libotr takes for several;
- a private key that is not one of DSA, is not consistent, or stands in a form that libotr never
  writes, such as an element that it does not know.

A line without any tab, such as the warning at the head of the instance tags, is a comment to both.
Of several entries for one account libotr uses the last; so should a reader of what is returned
here, which is in the order of the file. Names are UTF-8; libotr compares their octets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from otr_reference.errors import Malformed
from otr_reference.keys import sexp
from otr_reference.keys.dsa import FINGERPRINT_OCTETS, DsaPrivate, DsaPublic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "INSTANCE_TAG_LEAST",
    "LINE_LIMIT",
    "Account",
    "InstanceTag",
    "KnownFingerprint",
    "read_fingerprints",
    "read_instance_tags",
    "read_private_keys",
    "write_fingerprints",
    "write_instance_tags",
    "write_private_keys",
]

INSTANCE_TAG_LEAST: Final = 0x100
"""The smallest valid instance tag (section "Instance Tags")."""

LINE_LIMIT: Final = 999
"""The longest line that libotr reads as one, in octets, its end included."""

_INSTANCE_TAG_LIMIT: Final = 1 << 32
_FINGERPRINT: Final = re.compile(rb"[0-9A-Fa-f]{40}")
_INSTANCE_TAG: Final = re.compile(rb"[0-9A-Fa-f]{8}")
_WARNING: Final = (
    b"# WARNING! You shouldn't copy this file to another computer."
    b" It is unnecessary and can cause problems.\n"
)
_TAB: Final = b"\t"
_ENDS_STRING: Final = b"\0"
_ENDS_LINE: Final = b"\0\r\n"
_ENDS_NAME: Final = _ENDS_LINE + _TAB


@dataclass(frozen=True, slots=True)
class Account:
    """An account of ours and its key.

    Attributes:
        name: What the network calls the account, for example "alice@example.org".
        protocol: What the client calls the network, for example "prpl-jabber".
        key: The long-term key.
    """

    name: str
    protocol: str
    key: DsaPrivate


@dataclass(frozen=True, slots=True)
class KnownFingerprint:
    """A fingerprint that a correspondent has shown.

    Attributes:
        user: What the network calls the correspondent.
        account: The account of ours that it was shown to.
        protocol: What the client calls the network.
        fingerprint: 20 octets.
        trust: The client's word for how it was verified; empty when it was not. libotr writes
            "smp" after the socialist millionaires' protocol, clients often "verified".
    """

    user: str
    account: str
    protocol: str
    fingerprint: bytes
    trust: str = ""


@dataclass(frozen=True, slots=True)
class InstanceTag:
    """The instance tag of an account at this place.

    Attributes:
        account: What the network calls the account.
        protocol: What the client calls the network.
        tag: From `INSTANCE_TAG_LEAST` to 2^32 - 1.
    """

    account: str
    protocol: str
    tag: int


def read_private_keys(data: bytes) -> tuple[Account, ...]:
    """Read the private key file (libotr's `otrl_privkey_read`).

    Args:
        data: The octets of the file.

    Returns:
        The accounts, in the order of the file. Every key has passed its check.

    Raises:
        Malformed: The field is "S-expression" with the place where the text is wrong, or
            "account N", counted from one, and the element of it that is wrong or missing.
    """
    whole = sexp.read(data)
    match whole:
        case (b"privkeys", *accounts):
            return tuple(_read_account(item, f"account {n}") for n, item in enumerate(accounts, 1))
        case _:
            raise Malformed(field="privkeys", reason="is not the head of the list")


def write_private_keys(accounts: Iterable[Account]) -> bytes:
    """Print the private key file (libotr's `otrl_privkey_generate`).

    Raises:
        Malformed: A name is one that the file cannot hold: with a zero octet in it, or longer than
            `sexp.ATOM_LIMIT`.
    """
    pieces = [b"(privkeys\n"]
    for account in accounts:
        public = account.key.public
        numbers = {b"p": public.p, b"q": public.q, b"g": public.g, b"y": public.y}
        numbers[b"x"] = account.key.x
        pairs: list[sexp.Expression] = [(key, _signed(number)) for key, number in numbers.items()]
        pieces += (
            b" (account\n",
            sexp.write((b"name", _write_name(account.name, "name", _ENDS_STRING))),
            sexp.write((b"protocol", _write_name(account.protocol, "protocol", _ENDS_STRING))),
            sexp.write((b"private-key", (b"dsa", *pairs))),
            b" )\n",
        )
    pieces.append(b")\n")
    return b"".join(pieces)


def read_fingerprints(data: bytes) -> tuple[KnownFingerprint, ...]:
    """Read the fingerprint file (libotr's `otrl_privkey_read_fingerprints`).

    The trust may be left out together with its tab, as version 3 of libotr left it out.

    Args:
        data: The octets of the file.

    Raises:
        Malformed: The field is "line N", counted from one, and the name of the field in it.
    """
    known = []
    for line, fields in _lines(data, most=5):
        if len(fields) < 4:  # noqa: PLR2004 - user, account, protocol, fingerprint
            raise Malformed(field=line, reason="has fewer than four fields")
        user, account, protocol, digits, *trust = fields
        if not _FINGERPRINT.fullmatch(digits):
            raise Malformed(field=f"{line}: fingerprint", reason="is not 40 hex digits")
        known.append(
            KnownFingerprint(
                _read_name(user, f"{line}: user"),
                _read_name(account, f"{line}: account"),
                _read_name(protocol, f"{line}: protocol"),
                bytes.fromhex(digits.decode()),
                _read_name(b"".join(trust), f"{line}: trust", _ENDS_LINE),
            )
        )
    return tuple(known)


def write_fingerprints(known: Iterable[KnownFingerprint]) -> bytes:
    """Print the fingerprint file (libotr's `otrl_privkey_write_fingerprints`).

    Raises:
        Malformed: A field is one that the file cannot hold: a tab in a name, an end of line, a
            zero octet, a fingerprint of another length, or a line longer than `LINE_LIMIT`.
    """
    lines = []
    for entry in known:
        if len(entry.fingerprint) != FINGERPRINT_OCTETS:
            raise Malformed(field="fingerprint", reason=f"is not {FINGERPRINT_OCTETS} octets long")
        lines.append(
            _write_line(
                _write_name(entry.user, "user"),
                _write_name(entry.account, "account"),
                _write_name(entry.protocol, "protocol"),
                entry.fingerprint.hex().encode(),
                _write_name(entry.trust, "trust", _ENDS_LINE),
            )
        )
    return b"".join(lines)


def read_instance_tags(data: bytes) -> tuple[InstanceTag, ...]:
    """Read the instance tag file (libotr's `otrl_instag_read`).

    Args:
        data: The octets of the file.

    Raises:
        Malformed: The field is "line N", counted from one, and the name of the field in it.
    """
    tags = []
    for line, fields in _lines(data, most=3):
        if len(fields) < 3:  # noqa: PLR2004 - account, protocol, tag
            raise Malformed(field=line, reason="has fewer than three fields")
        account, protocol, digits = fields
        if not _INSTANCE_TAG.fullmatch(digits):
            raise Malformed(field=f"{line}: instance tag", reason="is not 8 hex digits")
        tag = int(digits, 16)
        if tag < INSTANCE_TAG_LEAST:
            raise Malformed(field=f"{line}: instance tag", reason="is less than 0x00000100")
        tags.append(
            InstanceTag(
                _read_name(account, f"{line}: account"),
                _read_name(protocol, f"{line}: protocol"),
                tag,
            )
        )
    return tuple(tags)


def write_instance_tags(tags: Iterable[InstanceTag]) -> bytes:
    """Print the instance tag file (libotr's `otrl_instag_write`), its warning included.

    Raises:
        Malformed: A tag is out of range, or a name is one that the file cannot hold: with a tab, an
            end of line or a zero octet in it, or too long for a line of `LINE_LIMIT`.
    """
    lines = [_WARNING]
    for entry in tags:
        if not INSTANCE_TAG_LEAST <= entry.tag < _INSTANCE_TAG_LIMIT:
            raise Malformed(field="instance tag", reason="is not from 0x00000100 to 0xffffffff")
        lines.append(
            _write_line(
                _write_name(entry.account, "account"),
                _write_name(entry.protocol, "protocol"),
                f"{entry.tag:08x}".encode(),
            )
        )
    return b"".join(lines)


def _read_account(item: sexp.Expression, field: str) -> Account:
    """Read one account of the private key file."""
    elements = _elements(item, "account", ("name", "protocol", "private-key"), field)
    dsa = _elements(elements["private-key"], "dsa", ("p", "q", "g", "y", "x"), field)
    name, protocol = (_string(elements[key], key, field) for key in ("name", "protocol"))
    p, q, g, y, x = (
        int.from_bytes(_string(dsa[key], key, field), "big") for key in ("p", "q", "g", "y", "x")
    )
    private = DsaPrivate(DsaPublic(p, q, g, y), x)
    try:
        private.check()
    except Malformed as error:
        raise Malformed(field=f"{field}: {error.field}", reason=error.reason) from None
    return Account(
        _read_name(name, f"{field}: name", _ENDS_STRING),
        _read_name(protocol, f"{field}: protocol", _ENDS_STRING),
        private,
    )


def _elements(
    item: sexp.Expression, head: str, names: tuple[str, ...], field: str
) -> dict[str, sexp.Expression]:
    """Read a list of a head and one pair for each of the names, in any order.

    Returns:
        The second half of each pair, by name.
    """
    match item:
        case (bytes(found), *pairs) if found == head.encode():
            pass
        case _:
            raise Malformed(field=f"{field}: {head}", reason="is not the head of a list")
    elements = {}
    for pair in pairs:
        match pair:
            case (bytes(key), value):
                name = key.decode("ascii", "replace")
            case _:
                raise Malformed(field=f"{field}: {head}", reason="holds something else than pairs")
        if name not in names:
            raise Malformed(field=f"{field}: {head}", reason="holds an element that is not known")
        if name in elements:
            raise Malformed(field=f"{field}: {name}", reason="is there twice")
        elements[name] = value
    for name in names:
        if name not in elements:
            raise Malformed(field=f"{field}: {name}", reason="is missing")
    return elements


def _string(value: sexp.Expression, name: str, field: str) -> bytes:
    """Refuse a list where a string belongs."""
    if not isinstance(value, bytes):
        raise Malformed(field=f"{field}: {name}", reason="is a list")
    return value


def _signed(number: int) -> bytes:
    """Write a number as libgcrypt does, with a zero octet before one that has its high bit set."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _lines(data: bytes, most: int) -> Iterator[tuple[str, list[bytes]]]:
    """Cut a file into lines with their names, and those into tab-separated fields.

    Args:
        data: The octets of the file.
        most: How many fields to cut a line into; the last keeps further tabs.
    """
    lines = data.split(b"\n")
    if lines.pop():
        raise Malformed(field=f"line {len(lines) + 1}", reason="has no end")
    for number, line in enumerate(lines, 1):
        name = f"line {number}"
        if len(line) >= LINE_LIMIT:
            raise Malformed(field=name, reason=f"is longer than {LINE_LIMIT} octets")
        if _TAB in line:
            yield name, line.removesuffix(b"\r").split(_TAB, most - 1)


def _write_line(*fields: bytes) -> bytes:
    """Join fields into a line that libotr reads as one."""
    line = _TAB.join(fields) + b"\n"
    if len(line) > LINE_LIMIT:
        raise Malformed(field="line", reason=f"is longer than {LINE_LIMIT} octets")
    return line


def _read_name(octets: bytes, field: str, refused: bytes = _ENDS_NAME) -> str:
    """Decode a name, without the octets that would end it early for libotr."""
    if any(octet in refused for octet in octets):
        raise Malformed(field=field, reason="holds an octet that ends it")
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise Malformed(field=field, reason="is not UTF-8") from None


def _write_name(name: str, field: str, refused: bytes = _ENDS_NAME) -> bytes:
    """Encode a name, without the octets that would end it early for libotr."""
    try:
        octets = name.encode()
    except UnicodeEncodeError:
        raise Malformed(field=field, reason="holds half of a surrogate pair") from None
    if any(octet in refused for octet in octets):
        raise Malformed(field=field, reason="holds an octet that ends it")
    return octets
