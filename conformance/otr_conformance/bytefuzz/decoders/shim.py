"""What reads the lines of the shim protocol: requests, and each line of their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from otr_conformance.bytefuzz.decoder import Decoder, Form, Unwritable
from otr_conformance.shim import lines
from otr_conformance.shim.errors import ShimFault, ShimMisuse
from otr_conformance.shim.fields import Field, FieldType
from otr_conformance.shim.lines import Done, NotDone
from otr_conformance.shim.protocol import (
    EVENTS,
    LINE_LIMIT,
    REQUESTS,
    Hello,
    WireEvent,
    spoken_fields,
)
from otr_conformance.shim.vocabulary import Capability, Do, OtrVersion
from otr_conformance.shims.json_helper import Endpoint, New, Server

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["DECODERS"]

_NUMBER: Final = 7
_LONG_DETAIL: Final = 4000
"""Characters of a detail that is written whole; a longer one is cut."""
_ASKED: Final = (Do.POLL, Do.HELLO, Do.NEW, Do.STATE, Do.PROFILE, Do.ENSEMBLE)
"""Requests whose answers differ in form."""
_FINAL: Final = tuple(REQUESTS[do].final for do in _ASKED)


# --- Seeds ------------------------------------------------------------------------------------


def _example(field: Field) -> object:
    """A value that a field can have."""
    if field.kind is FieldType.INTEGER:
        return max(field.least, min(field.most, 1))
    if field.kind is FieldType.BASE64:
        return bytes(field.lengths[0]) if field.lengths else b"?OTRv3?"
    if field.name_like:
        return "alice"
    if field.words is None:
        return "a text"
    words = list(field.words)
    return tuple(words[:3]) if field.listed else words[0]


def _examples(fields: Iterable[Field]) -> dict[str, Any]:
    return {field.name: _example(field) for field in fields}


def _requests() -> Iterator[bytes]:
    """A request of each kind, with all its fields and with what it needs."""
    for do in Do:
        every = REQUESTS[do].fields
        for fields in (every, [each for each in every if not each.optional]):
            yield lines.write_request(_NUMBER, do, _examples(fields))[:-1]


def _answers() -> Iterator[bytes]:
    """A line of each kind."""
    for form in EVENTS.values():
        made: Any = form
        told = {name: _example(field) for name, field in spoken_fields(form)}
        yield lines.write_event(_NUMBER, made(**told))[:-1]
    for do in _ASKED:
        final: Any = REQUESTS[do].final
        said = {name: _example(field) for name, field in spoken_fields(final)}
        yield lines.write_done(_NUMBER, final(**said))[:-1]
    yield b'{"re": 7, "end": "error", "error": "refused", "detail": "no", "x-mine": 1}'


def _conversations() -> Iterator[bytes]:
    """Lines for a shim, one after the other."""
    found = list(_requests())
    yield b"\n".join(found[::2])
    yield b"\n".join(found[1::2])
    yield from found


# --- Reading ----------------------------------------------------------------------------------


def _writes_object(value: object) -> bytes:
    try:
        return lines.write_object(cast("dict[str, str | int]", value))[:-1]
    except ShimMisuse:  # what was read in UTF-8 may be too long for a line when it is written
        raise Unwritable from None


def _request(data: bytes) -> object:
    """A request, as a shim reads it."""
    return lines.read_request(lines.parse_object(data))


def _writes_request(value: object) -> bytes:
    asked = cast("lines.Asked", value)
    try:
        return lines.write_request(asked.number, asked.do, asked.fields)[:-1]
    except ShimMisuse:
        raise Unwritable from None


def _answer(data: bytes) -> object:
    """A line, as the suite reads it in the answer to each kind of request.

    Raises:
        ShimFault: it is a line of none of them.
    """
    found: list[tuple[Do, object]] = []
    for do in _ASKED:
        try:
            spoken: object = lines.read_answer(data, _NUMBER, do)
        except ShimFault as fault:
            refusal = fault
            continue
        if isinstance(spoken, Done):
            final: Any = REQUESTS[do].final
            spoken = lines.read_record(final, spoken.fields)
        found.append((do, spoken))
    if not found:
        raise refusal
    return found


def _writes_answer(value: object) -> bytes:
    found = cast("list[tuple[Do, object]]", value)
    spoken: Any = found[0][1]
    try:
        if isinstance(spoken, NotDone) and len(spoken.detail) > _LONG_DETAIL:
            raise Unwritable
        if isinstance(spoken, NotDone):
            return lines.write_not_done(_NUMBER, spoken.error, spoken.detail)[:-1]
        if isinstance(spoken, _FINAL):
            return lines.write_done(_NUMBER, spoken)[:-1]
        return lines.write_event(_NUMBER, spoken)[:-1]
    except ShimMisuse:
        raise Unwritable from None


class _Echo(Endpoint):
    """An endpoint that sends what it receives."""

    def __init__(self, new: New) -> None:
        super().__init__(fingerprint=bytes(20), tag=new.tag)

    def receive(self, wire: bytes) -> None:
        """Send it back."""
        self.tell(WireEvent(wire))


def _served(data: bytes) -> object:
    """What a shim answers to lines, one after the other; each answer is read.

    Raises:
        ShimFault: never: an answer is what the suite accepts, or the helper is wrong.
    """
    hello = Hello("echo", "1", (OtrVersion.V3,), (Capability.TAG,))
    server = Server(_Echo, hello)
    return [server.answer(line) for line in data.split(b"\n")[:_LINES]]


_LINES: Final = 64

DECODERS: Final = (
    Decoder(
        "shim.object",
        ("otr_conformance.shim.lines.parse_object",),
        Form.JSON,
        lines.parse_object,
        lambda: (*_requests(), *_answers()),
        errors=(ShimFault,),
        write=_writes_object,
        longest=LINE_LIMIT + 1,
    ),
    Decoder(
        "shim.request",
        (
            "otr_conformance.shim.lines.read_request",
            "otr_conformance.shim.fields.Field.read",
            "otr_conformance.shim.fields.read_word",
        ),
        Form.JSON,
        _request,
        _requests,
        errors=(ShimFault,),
        write=_writes_request,
    ),
    Decoder(
        "shim.answer",
        ("otr_conformance.shim.lines.read_answer", "otr_conformance.shim.lines.read_record"),
        Form.JSON,
        _answer,
        _answers,
        errors=(ShimFault,),
        write=_writes_answer,
    ),
    Decoder(
        "shim.server",
        ("otr_conformance.shims.json_helper.Server.answer",),
        Form.JSON,
        _served,
        _conversations,
        errors=(),
    ),
)
"""Every decoder of lines."""
