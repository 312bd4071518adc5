"""What a document of vectors may look like, as a JSON Schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .operations import OPERATIONS

if TYPE_CHECKING:
    from otr_model.kernel.export import Json

    from .octets import Object

__all__ = ["COMMANDS", "FORMAT", "schema"]

FORMAT: Final = 1
"""Raised when a reader of the documents would have to change."""

COMMANDS: Final = (
    *("receive", "start-dake", "start-offline", "send", "end", "start-smp", "answer-smp"),
    *("use-extra-key", "tick"),
)
"""What a participant can do in a step."""

_OCTETS: Final = "([0-9a-f]{2})*"
_REFERENCE: Final = "[^@]*@([a-z-]+:)?([a-z]+|[1-9][0-9]*)[.][1-9][0-9]*"


def schema() -> Object:
    """The JSON Schema (draft 2020-12) of a document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:otrspec:vectors:{FORMAT}",
        "title": "A conversation with every value in it",
        "description": "What each participant of a conversation does, step by step, and every "
        "value that is computed meanwhile, under the name that the text has for it.",
        **_object(
            {
                "format": {"const": FORMAT, "description": "the version of this format"},
                "protocol": _text("the protocol"),
                "name": _text("of the document, and of its file"),
                "about": _text("what it is about"),
                "steps": _list(_ref("step"), "what happens, in order"),
            },
            {
                "now": _number("the time of the first step, in seconds since the start of 1970"),
                "participants": _list(_ref("participant"), "who takes part"),
                "start": _ref("start"),
            },
        ),
        "$defs": {
            "participant": _object(
                {
                    "name": _text("in this document"),
                    "instance tag": _ref("octets"),
                    "phi'": _text("what both applications state about this participant in phi"),
                },
                {"computes": _list(_ref("record"), "what was computed in advance")},
                "a participant; operations are in the document that has them first",
            ),
            "start": _object(
                {
                    "vectors": _text("the document that is continued"),
                    "after": _number("the last of its steps that came before"),
                    "kept": {
                        "type": "object",
                        "additionalProperties": _ref("kept"),
                        "description": "for each participant, what is kept then",
                    },
                },
                {},
                "what came before; messages and steps are numbered anew",
            ),
            "step": _object(
                {"number": _number("the place in the list of steps, from 1")},
                {
                    "about": _text("of steps that are not part of a conversation"),
                    "at": _text("the participant that does something"),
                    "now": _number("the time from this step on"),
                    "does": {"enum": [*COMMANDS], "description": "what it is given or asked"},
                    "with": _ref("words"),
                    "rows": _list(_text("the id of a row"), "the rows that are taken"),
                    "computes": _list(_ref("record"), "the operations, in order"),
                    "sends": _list(_ref("message"), "what goes over the wire"),
                    "tells": _list(_ref("notice"), "what the user or application is told"),
                    "sets": _ref("kept"),
                    "forgets": _list(_text("a name"), "what is not kept any longer"),
                },
                "one input of one participant, and all that comes of it",
            ),
            "words": {
                "type": "object",
                "additionalProperties": {"type": ["string", "integer"]},
                "description": "with what: texts as they are typed, else octets; of `receive`, "
                "the number of the message",
            },
            "record": _object(
                {
                    "operation": {"enum": [*OPERATIONS], "description": "what is performed"},
                    "gives": _ref("values"),
                },
                {
                    "about": _text("what is odd about the values"),
                    "formula": _text("the same as a formula of the text"),
                    "takes": _ref("values"),
                },
                "an operation that was performed",
            ),
            "values": {
                "type": "object",
                "additionalProperties": {
                    "anyOf": [
                        _ref("octets"),
                        _ref("fields"),
                        {"type": ["integer", "boolean"]},
                    ]
                },
                "description": "values by name; a message that is encrypted has fields",
            },
            "octets": {
                "type": "string",
                "pattern": f"^({_OCTETS}|{_REFERENCE})$",
                "description": "octets in hexadecimal digits; or where they stand: a name (none: "
                "the same), behind @ another document, and then, divided by a dot, a step or a "
                "participant, and which of its operations",
            },
            "fields": {
                "type": "object",
                "additionalProperties": {
                    "anyOf": [
                        _ref("octets"),
                        _ref("fields"),
                        _list({"anyOf": [_ref("octets"), _ref("fields")]}, "several of a kind"),
                    ]
                },
                "description": "fields in their order: octets, or what is inside; a length stands "
                "in front of what has it",
            },
            "message": {
                **_object(
                    {
                        "message": _number("its number, from 1"),
                        "title": _text("what it is called"),
                        "wire": _text("what is sent"),
                    },
                    {
                        "fields": _ref("fields"),
                        "pieces": {
                            "type": "object",
                            "additionalProperties": {"type": "string"},
                            "description": "the texts in a fragment",
                        },
                        "lost": {"const": True, "description": "it never arrives"},
                    },
                    "a message; its fields, one after the other, are its binary form",
                ),
                "oneOf": [{"required": ["fields"]}, {"required": ["pieces"]}],
            },
            "notice": {
                "type": "object",
                "properties": {"event": _text("which")},
                "required": ["event"],
                "additionalProperties": {"type": ["string", "integer", "boolean"]},
                "description": "a typed event; octets as everywhere, texts as they are",
            },
            "kept": {
                "type": "object",
                "additionalProperties": {
                    "anyOf": [
                        {"type": ["string", "integer"]},
                        _list({"anyOf": [_ref("octets"), _ref("skipped")]}, "several"),
                    ]
                },
                "description": "what has a new value: states, counters, and keys",
            },
            "skipped": _object(
                {
                    "Public ECDH Key": _ref("octets"),
                    "message_id": _number("of the message"),
                    "MKenc": _ref("octets"),
                    "extra_symm_key": _ref("octets"),
                },
                {},
                "the keys of a message that has not arrived",
            ),
        },
    }


def _object(required: Object, optional: Object, about: str = "") -> Object:
    """An object with these properties, and no others."""
    described: Object = {"description": about} if about else {}
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": [*required],
        "additionalProperties": False,
        **described,
    }


def _list(items: Json, about: str) -> Object:
    """An array."""
    return {"type": "array", "items": items, "description": about}


def _ref(name: str) -> Object:
    """What stands among the definitions."""
    return {"$ref": f"#/$defs/{name}"}


def _text(about: str) -> Object:
    """A string."""
    return {"type": "string", "description": about}


def _number(about: str) -> Object:
    """A number, zero or more."""
    return {"type": "integer", "minimum": 0, "description": about}
