"""The lines of the shim protocol as JSON Schema, for shims in other languages.

`docs/shim-protocol.schema.json` is what `python -m otr_conformance.shim.schema` prints; a test
keeps the two the same. A schema sees one line at a time: that `re` repeats the number of the
request, and that the final line is the one of that request, it cannot say. JSON Schema counts 1.0
as an integer; the protocol does not.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from otr_conformance.shim.fields import INTEGER_MOST, NAME_PATTERN, Field, FieldType, integer
from otr_conformance.shim.protocol import (
    EVENTS,
    EXTENSION,
    FINAL_ERROR,
    PROTOCOL,
    REQUESTS,
    AnyFinal,
    Hello,
    Made,
    Nothing,
    PublishedEnsemble,
    PublishedProfile,
    State,
    spoken_fields,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["json_schema", "render"]

_Schema: TypeAlias = dict[str, Any]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_FINALS: Final[Mapping[str, type[AnyFinal]]] = {
    "hello": Hello,
    "new": Made,
    "profile": PublishedProfile,
    "ensemble": PublishedEnsemble,
    "state": State,
    "other": Nothing,
}
_ID: Final = integer("id", "the request's number")
_RE: Final = integer("re", "the number of the request that is answered")

# Base64 as an encoder writes it: the unused bits of the last digit are zero.
_DIGIT: Final = "[A-Za-z0-9+/]"
_TAILS: Final = ("", f"{_DIGIT}[AQgw]==", f"{_DIGIT}{{2}}[AEIMQUYcgkosw048]=")


def json_schema() -> _Schema:
    """The schema of one line, in the dialect of 2020-12.

    `$defs` has a schema of each request (`request-new`), event (`event-wire`) and final line
    (`final-new`, `final-other`, `final-error`), and of all of each (`request`, `event`, `final`).
    """
    requests = {
        f"request-{do}": _line(do.meaning, _ID, {"do": do.word}, request.fields)
        for do, request in REQUESTS.items()
    }
    events = {
        f"event-{word}": _line(_about(form), _RE, {"event": word}, _spoken(form))
        for word, form in EVENTS.items()
    }
    finals = {
        f"final-{name}": _line(_about(form), _RE, {"end": "ok"}, _spoken(form))
        for name, form in _FINALS.items()
    }
    finals["final-error"] = _line(
        "The request was not carried out.", _RE, {"end": "error"}, FINAL_ERROR
    )
    return {
        "$schema": _DIALECT,
        "$id": f"urn:otrspec:shim-protocol:{PROTOCOL}",
        "title": f"One line of the shim protocol, version {PROTOCOL}",
        "anyOf": [_reference(name) for name in ("request", "event", "final")],
        "$defs": {
            "request": {"anyOf": [_reference(name) for name in requests]},
            "event": {"anyOf": [_reference(name) for name in events]},
            "final": {"anyOf": [_reference(name) for name in finals]},
            **requests,
            **events,
            **finals,
        },
    }


def render() -> str:
    """The schema as the text of its file."""
    return json.dumps(json_schema(), indent=2) + "\n"


def _line(about: str, number: Field, word: Mapping[str, str], wanted: Iterable[Field]) -> _Schema:
    wanted = tuple(wanted)
    return {
        "description": about,
        "type": "object",
        "properties": {
            number.name: _field(number),
            **{name: {"const": value} for name, value in word.items()},
            **{spoken.name: _field(spoken) for spoken in wanted},
        },
        "patternProperties": {f"^{EXTENSION}": {"type": ["string", "integer"]}},
        "additionalProperties": False,
        "required": [number.name, *word, *(s.name for s in wanted if not s.optional)],
    }


def _field(spoken: Field) -> _Schema:
    schema: _Schema = {"description": spoken.about}
    if spoken.capability is not None:
        schema["description"] += f" (capability {spoken.capability})"
    match spoken.kind:
        case FieldType.INTEGER:
            schema |= {"type": "integer", "minimum": spoken.least}
            schema["maximum"] = min(spoken.most, INTEGER_MOST)
        case FieldType.TEXT:
            schema |= {"type": "string"} | _text(spoken)
        case FieldType.BASE64:
            schema |= {"type": "string", "contentEncoding": "base64"}
            schema["pattern"] = _base64(spoken.lengths)
    return schema


def _text(spoken: Field) -> _Schema:
    if spoken.name_like:
        return {"pattern": f"^{NAME_PATTERN}$"}
    if spoken.words is None:
        return {}
    words = [member.word for member in spoken.words]
    if not spoken.listed:
        return {"enum": words}
    choice = f"(?:{'|'.join(words)})"
    return {"pattern": f"^(?:{choice}(?: {choice})*)?$"}


def _base64(lengths: tuple[int, ...]) -> str:
    if not lengths:
        return f"^(?:{_DIGIT}{{4}})*(?:{'|'.join(_TAILS[1:])})?$"
    forms = [f"(?:{_DIGIT}{{4}}){{{length // 3}}}{_TAILS[length % 3]}" for length in lengths]
    return f"^{forms[0]}$" if len(forms) == 1 else f"^(?:{'|'.join(forms)})$"


def _spoken(form: type) -> list[Field]:
    return [spoken for _, spoken in spoken_fields(form)]


def _about(form: type) -> str:
    return (form.__doc__ or "").partition("\n")[0]


def _reference(name: str) -> _Schema:
    return {"$ref": f"#/$defs/{name}"}


if __name__ == "__main__":
    sys.stdout.write(render())
