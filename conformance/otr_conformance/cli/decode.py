"""`otrspec decode`: OTR messages taken apart, field by field."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.text import Text

from otr_conformance.protocols import DEFAULT, PROTOCOLS, protocol
from otr_conformance.verdict import ExitCode

from .misuse import Misuse, read_file
from .screen import DIM, HEAD, NAME, WRONG, Screen, grid, spans, write_json

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from otr_conformance.decoding import Decoder, Dissection, Fault, Piece, Row
    from otr_conformance.protocols import Protocol

    from .screen import Json

__all__ = ["decode"]

STANDARD_INPUT: Final = "-"
_HEX_SHOWN: Final = 12  # digits of a field that is not shown in full
_TEXT_SHOWN: Final = 60  # characters


@dataclass(slots=True)
class _Given:
    """A message, or the fragments of one.

    Attributes:
        decoder: takes it apart.
        text: what is taken apart: the message, put together where it came in fragments.
        fragments: the fragments, by number; none where it came whole.
        of: how many fragments there should be.
        whose: equal for fragments of one message.
    """

    decoder: Decoder
    text: bytes
    fragments: dict[int, bytes] = field(default_factory=dict)
    of: int = 0
    whose: Hashable = None

    @property
    def lacking(self) -> list[int]:
        """The numbers of the fragments that were not given."""
        return [k for k in range(1, self.of + 1) if k not in self.fragments]

    def wants(self, piece: Piece) -> bool:
        """Whether a fragment is one that the message lacks."""
        here = self.of > 0 and self.whose == piece.of
        return here and piece.k not in self.fragments


def decode(given: Sequence[str], whose: str, *, full: bool, json: bool) -> ExitCode:
    """Take messages apart.

    Args:
        given: messages, names of files, or "-".
        whose: the protocol; "": the one that each message says it is of, else the default.
        full: all bytes of every field.
        json: for programs.

    Returns:
        `UNEXPECTED` if a message is malformed.

    Raises:
        Misuse: if something given is neither a message nor a file that can be read.
    """
    decoders = [p.decoder for p in ([protocol(whose)] if whose else _by_claim())]
    texts = [text for each in given for text in _texts(each, decoders)]
    found = [(each, each.decoder.dissect(each.text)) for each in _assembled(texts, decoders)]
    faulty = any(dissection.fault is not None for _, dissection in found)
    status = ExitCode.UNEXPECTED if faulty else ExitCode.EXPECTED
    if json:
        messages: list[Json] = [_document(each, dissection) for each, dissection in found]
        write_json({"exit": int(status), "messages": messages})
        return status
    out = Screen()
    for number, (each, dissection) in enumerate(found):
        if number:
            out.line()
        _show(out, each, dissection, full=full)
    return status


# --- What was given ---------------------------------------------------------------------------


def _by_claim() -> list[Protocol]:
    """Every protocol, in the order in which they are asked: the default takes what is left."""
    return [*(each for each in PROTOCOLS.values() if each is not DEFAULT), DEFAULT]


def _texts(given: str, decoders: list[Decoder]) -> list[bytes]:
    """The messages that an argument stands for."""
    markers = tuple(each.marker for each in decoders)
    if given == STANDARD_INPUT:
        return _lines(sys.stdin.buffer.read(), markers)
    raw = os.fsencode(given)
    if any(each.is_in(raw) for each in decoders):
        return [raw]
    path = Path(given)
    if not path.exists():
        message = f"{given!r} is neither an OTR message nor a file"
        raise Misuse(message)
    return _lines(read_file(path), markers)


def _lines(content: bytes, markers: tuple[bytes, ...]) -> list[bytes]:
    """A message, without the end of its line; or several, if each line is one."""
    lines = [line.strip(b"\r\n") for line in content.split(b"\n")]
    filled = [line for line in lines if line]
    if len(filled) > 1 and all(line.startswith(markers) for line in filled):
        return filled
    return [content.strip(b"\r\n")]


def _assembled(texts: Iterable[bytes], decoders: list[Decoder]) -> list[_Given]:
    """Messages, with fragments of one message put together where all of them are there.

    The last decoder takes what no other one claims.
    """
    found: list[_Given] = []
    for text in texts:
        decoder = next((each for each in decoders if each.claims(text)), decoders[-1])
        piece = decoder.piece(text)
        if piece is None:
            found.append(_Given(decoder, text))
            continue
        mine = (each for each in found if each.decoder is decoder and each.wants(piece))
        whole = next(mine, None)
        if whole is None:
            whole = _Given(decoder, text, of=piece.n, whose=piece.of)
            found.append(whole)
        whole.fragments[piece.k] = text
    for each in found:
        if each.of > 1 and not each.lacking:
            each.text = each.decoder.joined([each.fragments[k] for k in range(1, each.of + 1)])
    return found


# --- For people -------------------------------------------------------------------------------


def _show(out: Screen, given: _Given, dissection: Dissection, *, full: bool) -> None:
    out.whole((dissection.title, HEAD), (f"  {dissection.id}", DIM))
    _show_fragments(out, given)
    _show_rows(out, dissection.rows, full=full, binary=False)
    for row in dissection.rows:
        if row.inside:
            out.line()
            out.line((f"Inside {row.title}", HEAD))
            _show_rows(out, row.inside, full=full, binary=True)
    if dissection.fault is not None:
        out.line()
        out.line(("malformed: ", WRONG), _fault_text(dissection.fault), hang=2)


def _show_fragments(out: Screen, given: _Given) -> None:
    """Say that a message came in fragments, or what is missing."""
    if not given.of:
        return
    if not given.lacking:
        if given.of > 1:
            out.line(f"put together from {given.of} fragments")
        return
    have = ", ".join(map(str, sorted(given.fragments)))
    out.line(f"fragment {have} of {given.of}: give all of them to see the message", hang=2)


def _show_rows(out: Screen, rows: Sequence[Row], *, full: bool, binary: bool) -> None:
    """Fields in columns; bytes are shown of binary fields, since a text says them itself."""
    heads = ("at", "field", "type", *(("bytes",) if binary else ()), "says")
    table = grid(*heads, right=1)
    for row in rows:
        cells = [spans(row.title), spans((row.type, NAME))]
        if binary:
            cells.append(Text(_digits(row.raw, full=full), DIM))
        says = row.meaning if full else _shortened(row.meaning, _TEXT_SHOWN)
        table.add_row(str(row.offset), *cells, spans(says))
    out.show(table, indent=2)


def _digits(digits: str, *, full: bool) -> str:
    """Hexadecimal digits; all of them with blanks between, so that they can be folded."""
    if not full:
        return _shortened(digits, _HEX_SHOWN)
    return " ".join(digits[at : at + 8] for at in range(0, len(digits), 8))


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[:length] + "…"


def _fault_text(fault: Fault) -> str:
    where = "binary form" if fault.binary else "text"
    return f"{fault.field} {fault.reason}, at byte {fault.offset} of the {where}"


# --- For programs -----------------------------------------------------------------------------


def _document(given: _Given, dissection: Dissection) -> Json:
    fault = dissection.fault
    document: dict[str, Json] = {
        "id": dissection.id,
        "title": dissection.title,
        "size": len(given.text),
        "fragments": given.of,
        "lacking": list(given.lacking),
        "malformed": fault is not None,
        "rows": [
            _row(row, depth)
            for outer in dissection.rows
            for depth, row in ((0, outer), *((1, inner) for inner in outer.inside))
        ],
    }
    if fault is not None:
        document["fault"] = {
            "field": fault.field,
            "reason": fault.reason,
            "offset": fault.offset,
            "binary": fault.binary,
        }
    return document


def _row(row: Row, depth: int) -> Json:
    return {
        "depth": depth,
        "id": row.id,
        "title": row.title,
        "type": row.type,
        "offset": row.offset,
        "length": row.length,
        "hex": row.raw,
        "meaning": row.meaning,
    }
