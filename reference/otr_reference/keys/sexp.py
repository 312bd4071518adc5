"""S-expressions, as far as the private key files of libotr need them.

libotr leaves the form of its private key file to libgcrypt: nested lists of octet strings in
parentheses. `read` takes every spelling of an octet string that libgcrypt takes, and `write`
prints what libgcrypt prints, to the octet:

    token       dsa                   letters, digits and -./_:*+= , no digit first
    quoted      "alice@example.org"   with the escapes of C
    hex         #00C1A4#              white space between digits is skipped
    base 64     |AMGk|
    verbatim    5:alice               a length in octets, then that many, whatever they are

A length may also stand before the quoted, hex and base 64 spellings; libgcrypt then ignores it,
and we refuse one that is wrong. Display hints, in square brackets, are refused: no version of
libotr writes them. Reading takes time in proportion to the data.
"""

from __future__ import annotations

import binascii
import re
from typing import Final, TypeAlias

from otr_reference.errors import Malformed

__all__ = ["ATOM_LIMIT", "DEPTH_LIMIT", "Expression", "read", "write"]

Expression: TypeAlias = "bytes | tuple[Expression, ...]"
"""An octet string, or a list of expressions."""

DEPTH_LIMIT: Final = 16
"""How deep lists may nest; a private key file goes five deep."""

ATOM_LIMIT: Final = 65535
"""The longest octet string, libgcrypt's limit as well."""

_FIELD: Final = "S-expression"

# Every pattern is tried at one place and never gives back what it took, so that each octet of the
# data is looked at a bounded number of times.
_SPACE: Final = re.compile(rb"[ \t\n\v\f\r]*+")
_TOKEN: Final = re.compile(rb"[A-Za-z\-./_:*+=][A-Za-z0-9\-./_:*+=]*+")
_LENGTH: Final = re.compile(rb"[1-9][0-9]{0,4}+(?=[:\"#|])")
_QUOTED: Final = re.compile(
    rb'"((?:[^"\\]++|\\(?:[btvnfr"\'\\]|[0-7]{3}|x[0-9A-Fa-f]{2}|\r\n?+|\n\r?+))*+)"'
)
_ESCAPE: Final = re.compile(rb"\\(?:([btvnfr\"'\\])|([0-7]{3})|x([0-9A-Fa-f]{2})|\r\n?+|\n\r?+)")
_HEX: Final = re.compile(rb"#([0-9A-Fa-f \t\n\v\f\r]*+)#")
_BASE_64: Final = re.compile(rb"\|([A-Za-z0-9+/=]*+)\|")

_ESCAPED: Final = {
    b"b": b"\b",
    b"t": b"\t",
    b"v": b"\v",
    b"n": b"\n",
    b"f": b"\f",
    b"r": b"\r",
    b'"': b'"',
    b"'": b"'",
    b"\\": b"\\",
}
_ESCAPE_OF: Final = {ord(octet): b"\\" + letter for letter, octet in _ESCAPED.items()}
_UNPRINTED: Final = frozenset((*range(0x20), *range(0x7F, 0xA1))) - frozenset(_ESCAPE_OF)


def read(data: bytes) -> tuple[Expression, ...]:
    """Read the one list that fills the data, white space around it aside.

    Args:
        data: Octets in any of the spellings above.

    Raises:
        Malformed: They hold something else. The field is "S-expression", and the reason gives the
            place, counted in octets from zero.
    """
    lists: list[list[Expression]] = [[]]
    place = _skip_space(data, 0)
    while place < len(data):
        if len(lists) == 1 and (lists[0] or data[place] != ord("(")):
            raise _malformed(place, "one list is expected, and nothing else")
        match data[place]:
            case 0x28:  # (
                if len(lists) > DEPTH_LIMIT:
                    raise _malformed(place, f"lists are nested more than {DEPTH_LIMIT} deep")
                lists.append([])
                place += 1
            case 0x29:  # )
                inner = tuple(lists.pop())
                lists[-1].append(inner)
                place += 1
            case _:
                atom, place = _read_atom(data, place)
                lists[-1].append(atom)
        place = _skip_space(data, place)
    if len(lists) > 1:
        raise _malformed(place, "a list is not closed")
    match lists[0]:
        case [tuple(whole)]:
            return whole
        case _:
            raise _malformed(place, "there is no list")


def write(expression: Expression) -> bytes:
    """Print an expression in libgcrypt's advanced form, its end of line included.

    A list begins on a line of its own, indented by its depth; each string is a token where it can
    be, else quoted, and hex where it holds a zero octet or one that a terminal would not show, or
    begins with one that has its high bit set. (libgcrypt quotes a string with a zero octet that is
    not its first; it reads ours all the same.)

    Raises:
        Malformed: A string is longer than `ATOM_LIMIT`.
    """
    pieces: list[bytes] = []
    _print(expression, 0, pieces)
    return b"".join((*pieces, b"\n"))


def _skip_space(data: bytes, place: int) -> int:
    """Give the place of the first octet that is not white space."""
    found = _SPACE.match(data, place)
    return found.end() if found else place


def _read_atom(data: bytes, start: int) -> tuple[bytes, int]:
    """Read an octet string in any spelling; give it and the place after it."""
    prefix = _LENGTH.match(data, start)
    if not prefix:
        atom, place = _read_spelled(data, start)
        length = len(atom)
    elif data[prefix.end()] == ord(":"):
        length = int(prefix[0])
        place = prefix.end() + 1 + length
        atom = data[prefix.end() + 1 : place]
    else:
        length = int(prefix[0])
        atom, place = _read_spelled(data, prefix.end())
    if len(atom) != length:
        raise _malformed(start, "the string is not as long as it says")
    if length > ATOM_LIMIT:
        raise _malformed(start, f"the string is longer than {ATOM_LIMIT} octets")
    return atom, place


def _read_spelled(data: bytes, place: int) -> tuple[bytes, int]:
    """Read a token or a quoted, hex or base 64 string; give it and the place after it."""
    if found := _TOKEN.match(data, place):
        return found[0], found.end()
    if found := _QUOTED.match(data, place):
        return _ESCAPE.sub(_unescape, found[1]), found.end()
    if found := _HEX.match(data, place):
        digits = found[1].translate(None, b" \t\n\v\f\r")
        if len(digits) % 2:
            raise _malformed(place, "the hex digits do not come in pairs")
        return binascii.unhexlify(digits), found.end()
    if found := _BASE_64.match(data, place):
        try:
            return binascii.a2b_base64(found[1], strict_mode=True), found.end()
        except binascii.Error:
            raise _malformed(place, "the base 64 is not well formed") from None
    raise _malformed(place, "no complete string stands here")


def _unescape(escape: re.Match[bytes]) -> bytes:
    """Give the octets that an escape stands for: none for a line that goes on."""
    letter, octal, digits = escape.groups()
    if letter:
        return _ESCAPED[letter]
    if octal:
        return bytes((int(octal, 8) & 0xFF,))  # libgcrypt keeps the low eight bits too
    return binascii.unhexlify(digits or b"")


def _print(expression: Expression, depth: int, pieces: list[bytes]) -> None:
    """Print an expression that stands at a depth, without an end of line."""
    if isinstance(expression, bytes):
        pieces.append(_print_atom(expression))
        return
    if depth:
        pieces.append(b"\n" + b" " * depth)
    pieces.append(b"(")
    for index, item in enumerate(expression):
        if index and isinstance(item, bytes) and isinstance(expression[index - 1], tuple):
            pieces.append(b"\n" + b" " * (depth + 1))
        _print(item, depth + 1, pieces)
        if isinstance(item, bytes) and index + 1 < len(expression):
            pieces.append(b" ")
    if expression and isinstance(expression[-1], tuple):
        pieces.append(b"\n" + b" " * (depth + 1))
    pieces.append(b")")


def _print_atom(atom: bytes) -> bytes:
    """Print an octet string in the first spelling that suits it."""
    if len(atom) > ATOM_LIMIT:
        raise Malformed(field=_FIELD, reason=f"a string is longer than {ATOM_LIMIT} octets")
    if _TOKEN.fullmatch(atom):
        return atom
    if atom and (atom[0] & 0x80 or any(octet in _UNPRINTED for octet in atom)):
        return b"#" + atom.hex().upper().encode() + b"#"
    return b'"' + b"".join(_ESCAPE_OF.get(octet, bytes((octet,))) for octet in atom) + b'"'


def _malformed(place: int, reason: str) -> Malformed:
    """Name the place of what is wrong."""
    return Malformed(field=_FIELD, reason=f"octet {place}: {reason}")
