"""How a valid input is opened, so that what is inside can be changed, and closed again.

A text of OTR has base64 in it, which has fields; a key store has a checksum around a ciphertext
around files. Changed as it is, such an input is mostly refused at its outside. Opened, changed and
closed, it gets further in.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from .decoder import Form
from .decoders.keys import COST, COVERED, STORE_HEADER, box
from .decoders.otr import LENGTH_OCTETS, written_pieces
from .decoders.otr import pieces as pieces_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Layer", "Span", "layers", "spans_of_content", "spans_of_fields"]

_MARKER: Final = b"?OTR:"
_TLV_OCTETS: Final = 4
_COST_AT: Final = 17
_COST_OCTETS: Final = 12


class Span(NamedTuple):
    """A part of an input.

    Attributes:
        start: the place of its first octet, that of its length if it has one.
        end: the place after its last.
        prefix: the octets of its length; 0: it has none.
    """

    start: int
    end: int
    prefix: int


class Layer(NamedTuple):
    """Octets in an input.

    Attributes:
        data: the octets.
        spans: the parts that they have, as far as is known.
        close: makes an input of other octets in their place.
    """

    data: bytes
    spans: tuple[Span, ...]
    close: Callable[[bytes], bytes]


def _same(data: bytes) -> bytes:
    return data


def layers(form: Form, data: bytes) -> tuple[Layer, ...]:
    """The layers of an input, the outermost first."""
    return (Layer(data, tuple(_SPANS[form](data)), _same), *_INSIDE.get(form, _nothing)(data))


# --- Parts ------------------------------------------------------------------------------------


def spans_of_fields(data: bytes, start: int = 0) -> Iterator[Span]:
    """What may be fields with four octets of length in front, from some place on."""
    place, size = start, len(data)
    while place + LENGTH_OCTETS < size:
        length = int.from_bytes(data[place : place + LENGTH_OCTETS], "big")
        end = place + LENGTH_OCTETS + length
        if length > 0 and end <= size:
            yield Span(place, end, LENGTH_OCTETS)
            place = end
        else:
            place += 1


def spans_of_content(data: bytes) -> Iterator[Span]:
    """A text, its TLVs, and the fields in those."""
    place = data.find(b"\0") + 1
    if not place:
        return
    yield Span(0, place, 0)
    while place + _TLV_OCTETS <= len(data):
        inside = place + _TLV_OCTETS
        end = inside + int.from_bytes(data[place + 2 : inside], "big")
        yield Span(place, min(end, len(data)), 0)
        yield Span(place + 2, min(end, len(data)), 2)
        yield from spans_of_fields(data[:end], inside)
        place = end


def _between(*marks: int) -> Callable[[bytes], Iterator[Span]]:
    """Parts that end with one of some octets."""

    def spans(data: bytes) -> Iterator[Span]:
        start = 0
        for place, octet in enumerate(data[:_LOOKED_AT]):
            if octet in marks:
                yield Span(start, place + 1, 0)
                start = place + 1

    return spans


_LOOKED_AT: Final = 1 << 13
"""Octets of an input in which parts are looked for."""

_WORDS: Final = _between(*b",|:?. ")
_LINES: Final = _between(*b"\n")
_SPANS: Final[dict[Form, Callable[[bytes], Iterator[Span]]]] = {
    Form.BINARY: spans_of_fields,
    Form.MESSAGE: _WORDS,
    Form.CONTENT: spans_of_content,
    Form.JSON: _between(*b",{}[]\n"),
    Form.TOML: _between(*b"\n="),
    Form.LINES: _between(*b"\t\n"),
    Form.SEXP: _between(*b"() \n"),
    Form.STORE: spans_of_fields,
    Form.SAVED: _LINES,
    Form.PAGE: _between(*b"<>\n"),
    Form.PIECES: spans_of_fields,
}


# --- What is inside ---------------------------------------------------------------------------


def _nothing(_data: bytes) -> Iterator[Layer]:
    yield from ()


def _of_message(data: bytes) -> Iterator[Layer]:
    """The fields under the base64 of a text."""
    start = data.find(_MARKER) + len(_MARKER)
    end = data.find(b".", start)
    if start < len(_MARKER) or end < 0:
        return
    try:
        binary = b64decode(data[start:end], validate=True)
    except ValueError:
        return
    front, behind = data[:start], data[end:]
    yield Layer(
        binary,
        tuple(spans_of_fields(binary)),
        lambda changed: front + b64encode(changed) + behind,
    )


def _of_pieces(data: bytes) -> Iterator[Layer]:
    """Each of several inputs."""
    parts = list(pieces_of(data))
    for number, part in enumerate(parts):

        def close(changed: bytes, number: int = number) -> bytes:
            return written_pieces(*parts[:number], changed, *parts[number + 1 :])

        spans = spans_of_fields(part) if part[:2] == b"\0\4" else _WORDS(part)
        yield Layer(part, tuple(spans), close)


def _of_store(data: bytes) -> Iterator[Layer]:
    """What a checksum covers, and the text under the seal."""
    covered = data[:-COVERED]
    if len(covered) < STORE_HEADER:
        return
    yield Layer(covered, (), _checked)
    nonce_end = STORE_HEADER + SecretBox.NONCE_SIZE
    head, nonce = covered[:STORE_HEADER], covered[STORE_HEADER:nonce_end]
    try:
        text = box().decrypt(covered[nonce_end:], nonce)
    except (CryptoError, ValueError):
        return
    yield Layer(
        text,
        tuple(spans_of_fields(text)),
        lambda changed: _checked(head + nonce + box().encrypt(changed, nonce).ciphertext),
    )


def _checked(covered: bytes) -> bytes:
    """A key store with its checksum, and with what it asks for: no input may cost more."""
    asked = COST.operations.to_bytes(4, "big") + COST.memory.to_bytes(8, "big")
    covered = covered[:_COST_AT] + asked + covered[_COST_AT + _COST_OCTETS :]
    return covered + sha256(covered).digest()


def _of_saved(data: bytes) -> Iterator[Layer]:
    """The line in front, and the numbers that are compressed."""
    head, _, body = data.partition(b"\n")
    yield Layer(head, tuple(_SPANS[Form.JSON](head)), lambda changed: changed + b"\n" + body)
    try:
        numbers = zlib.decompress(body)
    except zlib.error:
        return
    yield Layer(numbers, (), lambda changed: head + b"\n" + zlib.compress(changed, 1))


_INSIDE: Final[dict[Form, Callable[[bytes], Iterator[Layer]]]] = {
    Form.MESSAGE: _of_message,
    Form.PIECES: _of_pieces,
    Form.STORE: _of_store,
    Form.SAVED: _of_saved,
}
