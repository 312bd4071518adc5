"""The reading and writing of the lines of the shim protocol.

Reading is total: it raises nothing but `ShimFault`, takes time linear in the line, and gives typed
values. What is written is read first: a line that we would not accept raises `ShimMisuse`.

    the suite                          the shim
    write_request      -- request -->  parse_object, read_request
    read_answer        <-- events ---  write_event
    read_answer        <-- final ----  write_done, write_not_done
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

from otr_conformance.shim.errors import FaultKind, ShimFault, ShimMisuse
from otr_conformance.shim.fields import (
    INTEGER_LEAST,
    INTEGER_MOST,
    read_word,
    shown_name,
    unknown_word,
)
from otr_conformance.shim.protocol import (
    EVENTS,
    EXTENSION,
    FINAL_ERROR,
    LINE_LIMIT,
    REQUESTS,
    AnyEvent,
    AnyFinal,
    Hello,
    Made,
    Nothing,
    PublishedEnsemble,
    PublishedProfile,
    State,
    spoken_fields,
)
from otr_conformance.shim.vocabulary import Do, ErrorWord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from otr_conformance.shim.fields import Field, Scalar, Value

__all__ = [
    "Asked",
    "Done",
    "NotDone",
    "parse_object",
    "read_answer",
    "read_record",
    "read_request",
    "write_done",
    "write_event",
    "write_not_done",
    "write_object",
    "write_request",
]

_INTEGER_DIGITS: Final = 20
_DETAIL_LIMIT: Final = 4000

_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as a shim reads it."""

    number: int
    do: Do
    fields: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Done:
    """A final line that says `ok`."""

    fields: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class NotDone:
    """A final line that says `error`."""

    error: ErrorWord
    detail: str = ""


# ---- reading


class _Pairs(list[tuple[str, object]]):
    """The fields of an object, in the order and as often as they were written."""


def _bounded_integer(digits: str) -> int:
    # Python's own conversion takes quadratic time and refuses very long ones.
    return int(digits) if len(digits) <= _INTEGER_DIGITS else INTEGER_MOST + 1


def _no_constant(name: str) -> NoReturn:
    """Refuse what Python reads and JSON does not have: NaN, Infinity, -Infinity."""
    message = f"{name} is no value"
    raise ValueError(message)


def parse_object(line: bytes) -> dict[str, Scalar]:
    """Read a line as a flat object.

    Args:
        line: Without its newline.

    Raises:
        ShimFault: It is too long, not JSON, or not flat.
    """
    if len(line) > LINE_LIMIT:
        raise ShimFault(FaultKind.TOO_LONG, "line", f"is longer than {LINE_LIMIT} bytes")
    try:
        parsed = json.loads(
            line.decode("utf-8"),
            object_pairs_hook=_Pairs,
            parse_int=_bounded_integer,
            parse_float=lambda _: 0.0,
            parse_constant=_no_constant,
        )
    except UnicodeDecodeError:
        raise ShimFault(FaultKind.NOT_JSON, "line", "is not UTF-8") from None
    except ValueError as error:
        # A JSONDecodeError: its first sentence is one of a fixed set.
        reason = f"is not JSON: {str(error).partition(':')[0]}"
        raise ShimFault(FaultKind.NOT_JSON, "line", reason) from None
    except RecursionError:
        raise ShimFault(FaultKind.NOT_FLAT, "line", "is nested") from None
    if not isinstance(parsed, _Pairs):
        raise ShimFault(FaultKind.NOT_FLAT, "line", "is not an object")
    flat: dict[str, Scalar] = {}
    for name, value in parsed:
        _add(flat, name, value)
    return flat


def _add(flat: dict[str, Scalar], name: str, value: object) -> None:
    if name in flat:
        raise ShimFault(FaultKind.TWICE, shown_name(name), "occurs twice")
    # bool is a subclass of int, and no value here.
    if type(value) is int:
        if not INTEGER_LEAST <= value <= INTEGER_MOST:
            raise ShimFault(FaultKind.OUT_OF_RANGE, shown_name(name), "does not fit 64 bits")
        flat[name] = value
    elif isinstance(value, str):
        if not (_is_unicode(name) and _is_unicode(value)):
            raise ShimFault(FaultKind.NOT_JSON, shown_name(name), "has half of a surrogate pair")
        flat[name] = value
    else:
        kind = {_Pairs: "an object", list: "an array", float: "a fraction", bool: "a boolean"}
        reason = f"is {kind.get(type(value), 'null')}, but has to be a string or an integer"
        raise ShimFault(FaultKind.NOT_FLAT, shown_name(name), reason)


def _is_unicode(text: str) -> bool:
    """Whether a text can be written in UTF-8: JSON's escapes can spell half of a surrogate pair."""
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def read_request(flat: Mapping[str, Scalar]) -> Asked:
    """Read a request, as a shim does. Fields that begin with `x-` are dropped.

    Raises:
        ShimFault: It is no request, or one of a later version of the protocol.
    """
    number = _read_number(flat, "id")
    do = read_word("do", Do, _required(flat, "do"))
    values = _read_fields(flat, REQUESTS[do].fields, envelope=("id", "do"))
    return Asked(number, do, {n: v for n, v in values.items() if not n.startswith(EXTENSION)})


def read_answer(line: bytes, number: int, do: Do) -> AnyEvent | Done | NotDone:
    """Read one line of an answer, as the suite does.

    Args:
        line: Without its newline.
        number: The number of the request.
        do: What was asked.

    Raises:
        ShimFault: It is no line of an answer to this request.
    """
    flat = parse_object(line)
    answered = _read_number(flat, "re")
    if answered != number:
        reason = f"is {answered}, but the request's number is {number}"
        raise ShimFault(FaultKind.WRONG_NUMBER, "re", reason)
    if "event" in flat:
        return _read_event(flat, do)
    if "end" in flat:
        return _read_final(flat, do)
    raise ShimFault(FaultKind.MISSING, "end", "is missing, and there is no event either")


def _read_event(flat: Mapping[str, Scalar], do: Do) -> AnyEvent:
    word = flat["event"]
    form = EVENTS.get(word) if isinstance(word, str) else None
    if form is None:
        raise unknown_word(name="event", known=EVENTS, seen=word)
    if not REQUESTS[do].eventful:
        raise ShimFault(FaultKind.NO_EVENTS, "event", f"the answer to {do} has no events")
    spoken = [spoken for _, spoken in _FORMS[form]]
    return read_record(form, _read_fields(flat, spoken, envelope=("re", "event")))


def read_record(form: type[_R], values: Mapping[str, Value]) -> _R:
    """Make an event, or a final line's record, of fields that have been read.

    Args:
        form: The dataclass.
        values: Its fields by their names on the line; others are left out.
    """
    make: Callable[..., _R] = form
    return make(
        **{name: values[spoken.name] for name, spoken in _FORMS[form] if spoken.name in values}
    )


def _read_final(flat: Mapping[str, Scalar], do: Do) -> Done | NotDone:
    envelope = ("re", "end")
    if flat["end"] == "ok":
        return Done(_read_fields(flat, [s for _, s in _FORMS[REQUESTS[do].final]], envelope))
    if flat["end"] == "error":
        values = _read_fields(flat, FINAL_ERROR, envelope)
        error = read_word("error", ErrorWord, flat["error"])
        return NotDone(error, str(values.get("detail", "")))
    raise unknown_word(name="end", known=("ok", "error"), seen=flat["end"])


def _read_fields(
    flat: Mapping[str, Scalar], wanted: Iterable[Field], envelope: tuple[str, str]
) -> dict[str, Value]:
    """Read the fields of a line beside its envelope; fields that begin with `x-` as they are."""
    values: dict[str, Value] = {}
    for spoken in wanted:
        if spoken.name in flat:
            values[spoken.name] = spoken.read(flat[spoken.name])
        elif not spoken.optional:
            raise ShimFault(FaultKind.MISSING, spoken.name, "is missing")
    for name, scalar in flat.items():
        if name.startswith(EXTENSION):
            values[name] = scalar
        elif name not in values and name not in envelope:
            reason = "is not in the protocol; names of your own begin with x-"
            raise ShimFault(FaultKind.UNKNOWN_FIELD, shown_name(name), reason)
    return values


def _required(flat: Mapping[str, Scalar], name: str) -> Scalar:
    if name not in flat:
        raise ShimFault(FaultKind.MISSING, name, "is missing")
    return flat[name]


def _read_number(flat: Mapping[str, Scalar], name: str) -> int:
    number = _required(flat, name)
    if not isinstance(number, int):
        raise ShimFault(FaultKind.WRONG_TYPE, name, "is a string, but has to be an integer")
    if number < 0:
        raise ShimFault(FaultKind.OUT_OF_RANGE, name, "is negative")
    return number


# ---- writing


def write_object(flat: Mapping[str, Scalar]) -> bytes:
    """Write any flat object as a line, its newline included.

    Raises:
        ShimMisuse: It is longer than a line may be.
    """
    line = json.dumps(flat, separators=(", ", ": ")).encode("ascii")
    if len(line) > LINE_LIMIT:
        raise ShimMisuse(field="line", reason=f"is longer than {LINE_LIMIT} bytes")
    return line + b"\n"


def write_request(number: int, do: Do, values: Mapping[str, object]) -> bytes:
    """Write a request, as the suite does.

    Args:
        number: The request's number.
        do: What is asked.
        values: Its fields; one that is None is absent.

    Raises:
        ShimMisuse: The fields are not the request's, or do not fit a line.
    """
    return _line({"id": number, "do": do.word}, REQUESTS[do].fields, values)


def write_event(number: int, event: AnyEvent) -> bytes:
    """Write an event, as a shim does.

    Raises:
        ShimMisuse: A field has a value that it cannot have, or the event does not fit a line.
    """
    return _record_line({"re": number, "event": event.event}, event)


def write_done(number: int, final: AnyFinal) -> bytes:
    """Write a final line that says `ok`, as a shim does.

    Raises:
        ShimMisuse: A field has a value that it cannot have.
    """
    return _record_line({"re": number, "end": "ok"}, final)


def write_not_done(number: int, error: ErrorWord, detail: str = "") -> bytes:
    """Write a final line that says `error`, as a shim does; a very long detail is cut."""
    flat: dict[str, Scalar] = {"re": number, "end": "error", "error": error.word}
    if detail:
        flat["detail"] = detail[:_DETAIL_LIMIT].encode("utf-8", "replace").decode("utf-8")
    return write_object(flat)


def _record_line(envelope: dict[str, Scalar], record: AnyEvent | AnyFinal) -> bytes:
    attributes = _FORMS[type(record)]
    values = {spoken.name: getattr(record, name) for name, spoken in attributes}
    return _line(envelope, [spoken for _, spoken in attributes], values)


def _line(
    envelope: dict[str, Scalar], wanted: Iterable[Field], values: Mapping[str, object]
) -> bytes:
    flat = dict(envelope)
    given = {name: value for name, value in values.items() if value is not None}
    for spoken in wanted:
        if spoken.name in given:
            flat[spoken.name] = spoken.write(given.pop(spoken.name))
        elif not spoken.optional:
            raise ShimMisuse(field=spoken.name, reason="is missing")
    for name in given:
        raise ShimMisuse(field=name, reason="is not a field of it")
    return write_object(flat)


_FORMS: Final[Mapping[type, tuple[tuple[str, Field], ...]]] = {
    form: spoken_fields(form)
    for form in (
        *EVENTS.values(),
        *(Hello, Made, PublishedProfile, PublishedEnsemble, State, Nothing),
    )
}
