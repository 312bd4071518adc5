"""Changes to inputs, drawn from a seed.

    mutator = Mutator(Form.MESSAGE, [b"?OTRv3?"])
    mutator.mutant(random.Random(1))

A mutant is a valid input, opened to one of its layers, changed there in one to four places, and
closed. What is done knows of parts and of lengths in front of them: a part is left out, doubled,
moved, emptied or filled; a length lies, with or without the octets to go with it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from .decoder import Form
from .layers import Layer, layers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from random import Random

    from .layers import Span

__all__ = ["Mutator"]

_OCTETS: Final = (0, 1, 2, 3, 4, 7, 8, 9, 10, 13, 32, 46, 63, 127, 128, 129, 254, 255)
_LENGTHS: Final = (0, 1, 2, 3, 4, 19, 20, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x10000)
_HUGE: Final = (0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE, 0x01000000)
_CHANGES: Final = 4
_LONG_RUN: Final = 1 << 12

_Change = "Callable[[Random, bytes, tuple[Span, ...], bytes], bytes]"


def _below(rng: Random, limit: int) -> int:
    """A number from 0 on; quicker than `randrange`."""
    return int(rng.random() * limit)


# --- Anywhere ---------------------------------------------------------------------------------


def _flip(rng: Random, data: bytes, _spans: tuple[Span, ...], _other: bytes) -> bytes:
    """One bit."""
    place = _below(rng, len(data))
    flipped = bytes((data[place] ^ (1 << _below(rng, 8)),))
    return data[:place] + flipped + data[place + 1 :]


def _set(rng: Random, data: bytes, _spans: tuple[Span, ...], _other: bytes) -> bytes:
    """One octet, to one that often means something."""
    place = _below(rng, len(data))
    octet = _OCTETS[_below(rng, len(_OCTETS))] if rng.random() < 0.7 else _below(rng, 256)  # noqa: PLR2004 - mostly
    return data[:place] + bytes((octet,)) + data[place + 1 :]


def _leave_out(rng: Random, data: bytes, _spans: tuple[Span, ...], _other: bytes) -> bytes:
    """A few octets."""
    place = _below(rng, len(data))
    return data[:place] + data[place + 1 + _below(rng, 8) :]


def _insert(rng: Random, data: bytes, _spans: tuple[Span, ...], _other: bytes) -> bytes:
    """A few octets."""
    place = _below(rng, len(data) + 1)
    come = bytes((_OCTETS[_below(rng, len(_OCTETS))],)) * (1 + _below(rng, 8))
    return data[:place] + come + data[place:]


def _cut(rng: Random, data: bytes, _spans: tuple[Span, ...], _other: bytes) -> bytes:
    """The end."""
    return data[: _below(rng, len(data))]


def _behead(rng: Random, data: bytes, _spans: tuple[Span, ...], _other: bytes) -> bytes:
    """The start."""
    return data[_below(rng, len(data)) :]


def _splice(rng: Random, data: bytes, _spans: tuple[Span, ...], other: bytes) -> bytes:
    """The start of one, the end of another."""
    return data[: _below(rng, len(data) + 1)] + other[_below(rng, len(other) + 1) :]


def _repeat(rng: Random, data: bytes, _spans: tuple[Span, ...], _other: bytes) -> bytes:
    """A few octets, many times."""
    place = _below(rng, len(data))
    piece = data[place : place + 1 + _below(rng, 16)]
    times = 1 + _below(rng, _LONG_RUN // len(piece) if rng.random() < 0.1 else 8)  # noqa: PLR2004 - seldom
    return data[:place] + piece * times + data[place:]


def _number(rng: Random, data: bytes, _spans: tuple[Span, ...], _other: bytes) -> bytes:
    """Four octets, to a number that often means something."""
    place = _below(rng, len(data))
    numbers = _HUGE if rng.random() < 0.4 else _LENGTHS  # noqa: PLR2004 - as likely as not
    number = numbers[_below(rng, len(numbers))].to_bytes(4, "big")
    return data[:place] + number + data[place + 4 :]


# --- Parts ------------------------------------------------------------------------------------


def _span(rng: Random, spans: tuple[Span, ...]) -> Span:
    return spans[_below(rng, len(spans))]


def _lie(rng: Random, data: bytes, spans: tuple[Span, ...], _other: bytes) -> bytes:
    """A length that is not that of what follows."""
    start, end, prefix = _span(rng, spans)
    if not prefix:
        return data[:start] + data[end:]
    length = end - start - prefix
    draw = rng.random()
    if draw < 0.4:  # noqa: PLR2004 - near misses
        told = length + (-4, -2, -1, 1, 2, 4)[_below(rng, 6)]
    elif draw < 0.7:  # noqa: PLR2004 - what is known to hurt
        told = _HUGE[_below(rng, len(_HUGE))]
    else:
        told = _LENGTHS[_below(rng, len(_LENGTHS))]
    told = max(0, told) & ((1 << 8 * prefix) - 1)
    return data[:start] + told.to_bytes(prefix, "big") + data[start + prefix :]


def _refill(rng: Random, data: bytes, spans: tuple[Span, ...], other: bytes) -> bytes:
    """Something else in a part, with a length that is right."""
    start, end, prefix = _span(rng, spans)
    held = data[start + prefix : end]
    draw = rng.random()
    if draw < 0.2:  # noqa: PLR2004 - five ways
        held = b""
    elif draw < 0.4:  # noqa: PLR2004 - five ways
        held = b"\0" + held
    elif draw < 0.6:  # noqa: PLR2004 - five ways
        held = bytes((_OCTETS[_below(rng, len(_OCTETS))],)) * _below(rng, 2 * len(held) + 2)
    elif draw < 0.8:  # noqa: PLR2004 - five ways
        held = held[: _below(rng, len(held) + 1)]
    else:
        at = _below(rng, len(other) + 1)
        held = other[at : at + _below(rng, 256)]
    length = (len(held) & ((1 << 8 * prefix) - 1)).to_bytes(prefix, "big") if prefix else b""
    return data[:start] + length + held + data[end:]


def _drop(rng: Random, data: bytes, spans: tuple[Span, ...], _other: bytes) -> bytes:
    """A part."""
    start, end, _ = _span(rng, spans)
    return data[:start] + data[end:]


def _double(rng: Random, data: bytes, spans: tuple[Span, ...], _other: bytes) -> bytes:
    """A part, twice or more often."""
    start, end, _ = _span(rng, spans)
    times = 2 + _below(rng, 64 if rng.random() < 0.05 else 2)  # noqa: PLR2004 - seldom
    return data[:start] + data[start:end] * times + data[end:]


def _move(rng: Random, data: bytes, spans: tuple[Span, ...], _other: bytes) -> bytes:
    """A part to another place."""
    start, end, _ = _span(rng, spans)
    to = _span(rng, spans).start
    part = data[start:end]
    rest = data[:start] + data[end:]
    return rest[:to] + part + rest[to:]


_ANYWHERE: Final = (
    _flip,
    _set,
    _set,
    _leave_out,
    _insert,
    _cut,
    _behead,
    _splice,
    _repeat,
    _number,
)
_IN_PARTS: Final = (_lie, _lie, _refill, _refill, _drop, _double, _move)

# --- Words ------------------------------------------------------------------------------------

_WORDS: Final[dict[Form, tuple[bytes, ...]]] = {
    Form.MESSAGE: (
        *(b"?OTR", b"?OTR:", b"?OTR?", b"?OTRv", b"?OTRv3?", b"?OTRv34?", b"?OTR?v2?", b"?OTR,"),
        *(b"?OTR|", b"?OTR Error:", b"?OTR Error: ERROR_1: ", b"|", b",", b".", b"=", b"==", b"?"),
        *(b"00000100", b"ffffffff", b"|0|", b",1,1,", b",65535,65535,", b",00001,00002,", b",0,"),
        *(
            b" \t  \t\t\t\t \t \t \t  ",
            b"  \t\t  \t ",
            b"  \t\t  \t\t",
            b"  \t\t \t  ",
            b"AAMC",
            b"AAQ1",
        ),
        *(b"AAMD", b"\0", b"A" * 76 + b"\n"),
    ),
    Form.CONTENT: (
        *(bytes((0, kind, 0, 0)) for kind in range(10)),
        *(b"\0\2\0\4\0\0\0\6", b"\0\7\0\1\0", b"\0\0\xff\xff", b"\xff\xff\0\0", b"\0"),
    ),
    Form.BINARY: (b"\0\0\0\1\0", b"\0\0\0\0", b"\0\0\0\1\1", b"\0\3", b"\0\4", b"\0\0", b"\0\x10"),
    Form.PIECES: (b"?OTR|", b"?OTR,", b",", b"|", b"00000100", b",1,2,", b",2,2,", b",65535,"),
    Form.JSON: (
        *(b"null", b"true", b"-0", b"1e999", b"-1e999", b"NaN", b"Infinity", b"1.5", b"[]", b"{}"),
        *(b'""', b'"\\ud800"', b'"\\u0000"', b"9" * 25, b"9" * 5000, b"[" * 3000, b'{"a":' * 2000),
        *(b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b'"a":1,', b",", b":", b'"', b"\\"),
    ),
    Form.TOML: (
        *(b"null", b"true", b"0x" + b"f" * 5000, b"9" * 5000, b"nan", b"-inf", b"1979-05-27"),
        *(b"[]", b"{}", b"[" * 3000, b"[[x]]\n", b"[a.b.c]\n", b"a.b.c = 1\n", b'"""', b"'''"),
        *(
            b"07:32:00",
            b"[1]",
            b'["a"]',
            b"{a = 1}",
            b'""',
            b"0b1",
            b"\\u0000",
            b"\xff",
            b"= [[1]]",
        ),
    ),
    Form.LINES: (b"\t", b"\n", b"\r", b"\0", b"\t\t", b"0" * 40, b"00000100", b"\xff", b"x" * 999),
    Form.SEXP: (
        *(b"(", b")", b"()", b'"', b"#00#", b"#", b"|AA==|", b"|", b"3:abc", b"65535:", b"99999:"),
        *(b"(dsa", b"(p #00#)", b"(name x)", b"(private-key (dsa))", b"\\x41", b"\\\r\n", b'5"'),
        *(b"(" * 40, b"[", b"]", b"{", b"-", b" " * 40),
    ),
    Form.STORE: (b"otrspec keys", b"\0" * 8, b"\xff" * 8, b"\0\0\0\x10", b"(privkeys)"),
    Form.SAVED: (
        *(
            b'"width": 0',
            b'"width": -1',
            b'"states": 0.5',
            b'"questions": -1',
            b"null",
            b"9" * 5000,
        ),
        *(b"[" * 3000, b"1e999", b'"frontier": 99999999999'),
    ),
    Form.PAGE: (
        *(
            b"<",
            b">",
            b"</",
            b"<!--",
            b"-->",
            b"<p>",
            b"<ul>",
            b"<li>",
            b"<dl><dt>",
            b"<dd>",
            b"<h1>",
        ),
        *(
            b"<h9>",
            b"<pre>",
            b"<br>",
            b"&amp;",
            b"&#65;",
            b"&#x110000;",
            b"&#" + b"9" * 5000 + b";",
        ),
        *(b"```", b"# ", b"- ", b"  - ", b"1. ", b"|", b"| - |", b"[a](#b)", b":\n", b". ", b"?! "),
        *(b"\n\n", b"    ", b"-->", b"<![CDATA[", b"<script>", b"<a href='", b"\t"),
    ),
}
"""What inputs of a form are made of, and what is known to trouble readers of it."""

_ODD: Final[tuple[object, ...]] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, -(2**63), 0.5, 1e300, "", "\0", "a" * 300),
    *(
        "\ud800",
        "\u202e",
        [],
        {},
        [[]],
        [None],
        {"a": {}},
        {"": 0},
        [1, "a"],
        "must",
        "fail",
        10**400,
    ),
    *(float("nan"), float("inf")),
)
"""Values that have the wrong type for most fields of a document."""


def _in_tree(rng: Random, data: bytes) -> bytes:
    """Change a document of JSON by what it says, or one of the lines of several."""
    lines = data.split(b"\n")
    if len(lines) > 1 and rng.random() < 0.5 and data[:1] == b"{" and lines[0].endswith(b"}"):  # noqa: PLR2004 - half
        at = _below(rng, len(lines))
        return b"\n".join((*lines[:at], _in_tree(rng, lines[at]), *lines[at + 1 :]))
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return data
    places: list[tuple[dict[str, object] | list[object], object]] = []
    _places(found, places)
    if not places:
        return data
    held, key = places[_below(rng, len(places))]
    draw = rng.random()
    if draw < 0.7:  # noqa: PLR2004 - mostly another value
        held[key] = _ODD[_below(rng, len(_ODD))]  # type: ignore[index, call-overload] # its own
    elif draw < 0.85:  # noqa: PLR2004 - or none
        del held[key]  # type: ignore[arg-type] # its own
    elif isinstance(held, dict):
        held["x-odd" if rng.random() < 0.5 else "odd"] = held[key]  # type: ignore[index] # its own  # noqa: PLR2004 - half
    else:
        held.append(held[key])  # type: ignore[call-overload] # its own
    return json.dumps(found).encode()


def _places(found: object, places: list[tuple[dict[str, object] | list[object], object]]) -> None:
    """Every place of a value."""
    waiting = [found]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            places += ((each, key) for key in each)
            waiting += each.values()
        elif isinstance(each, list):
            places += ((each, at) for at in range(len(each)))
            waiting += each


class Mutator:
    """Makes mutants of inputs.

    Args:
        form: what they are made of.
        inputs: valid ones, or nearly so.
        longest: octets that a mutant has at most.
        valid: whether an input is; most mutants are made of such, and get further in. None: all
            inputs are alike.
    """

    def __init__(
        self,
        form: Form,
        inputs: Iterable[bytes],
        longest: int = 1 << 16,
        valid: Callable[[bytes], bool] | None = None,
    ) -> None:
        self.form: Final = form
        self.longest: Final = longest
        self._inputs: list[bytes] = []
        self._opened: list[tuple[Layer, ...]] = []
        self._words: Final = _WORDS.get(form, ())
        self._valid: list[int] = []
        for data in inputs:
            self._inputs.append(data)
            self._opened.append(layers(form, data))
            if valid is not None and valid(data):
                self._valid.append(len(self._inputs) - 1)

    @property
    def inputs(self) -> Sequence[bytes]:
        """What mutants are made of."""
        return self._inputs

    def mutant(self, rng: Random) -> bytes:
        """A mutant of one of the inputs."""
        if self._valid and rng.random() < 0.75:  # noqa: PLR2004 - mostly
            at = self._valid[_below(rng, len(self._valid))]
        else:
            at = _below(rng, len(self._inputs))
        opened = self._opened[at]
        layer = opened[_below(rng, len(opened))]
        return self._changed(rng, layer)[: self.longest]

    def mutant_of(self, data: bytes, rng: Random) -> bytes:
        """A mutant of an input that need not be one of the known."""
        opened = layers(self.form, data)
        return self._changed(rng, opened[_below(rng, len(opened))])[: self.longest]

    def _changed(self, rng: Random, layer: Layer) -> bytes:
        data, spans, close = layer
        if self.form is Form.JSON and rng.random() < 0.5:  # noqa: PLR2004 - half
            return _in_tree(rng, data)
        other = self._inputs[_below(rng, len(self._inputs))]
        for _ in range(1 + int(rng.random() ** 2 * _CHANGES)):
            if self._words and rng.random() < 0.25:  # noqa: PLR2004 - a quarter
                data = self._with_word(rng, data)
            elif not data:
                data = other[: _below(rng, 64)]
            elif spans and rng.random() < 0.6:  # noqa: PLR2004 - where lengths are known
                data = _IN_PARTS[_below(rng, len(_IN_PARTS))](rng, data, spans, other)
                spans = ()  # the places are others now
            else:
                data = _ANYWHERE[_below(rng, len(_ANYWHERE))](rng, data, spans, other)
                spans = ()
        return close(data)

    def _with_word(self, rng: Random, data: bytes) -> bytes:
        """Put a word of the form somewhere, in place of something or not."""
        word = self._words[_below(rng, len(self._words))]
        place = _below(rng, len(data) + 1)
        gone = _below(rng, len(word) + 1) if rng.random() < 0.5 else 0  # noqa: PLR2004 - half
        return data[:place] + word + data[place + gone :]
