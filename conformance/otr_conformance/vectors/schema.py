"""What a document of single vectors may look like, as a JSON Schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_model.kernel.vocabulary import Point

from .kinds import FORMAT, Flag, Verdict

if TYPE_CHECKING:
    from otr_model.kernel.export import Json, Object

__all__ = ["schema"]

_GROUP: Final = "[a-z0-9]+([.-][a-z0-9]+)*"
_NAME: Final = "[A-Za-z0-9]+([._-][A-Za-z0-9]+)*"


def schema() -> Object:
    """The JSON Schema (draft 2020-12) of a document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:otrspec:checks:{FORMAT}",
        "title": "Single vectors",
        "description": "Values for one operation each, with what an implementation should say of "
        "them: most are faultless but for one thing.",
        **_object(
            {
                "format": {"const": FORMAT, "description": "the version of this format"},
                "protocol": _text("the protocol"),
                "name": _text("of the document, and of its file"),
                "about": _text("what it is about"),
                "flags": _map(
                    {"type": "string"}, "the kinds of faults that are used, and what they mean"
                ),
                "operations": _map(_ref("operation"), "the operations that are used"),
                "groups": _list(_ref("group"), "groups of vectors"),
            }
        ),
        "$defs": {
            "operation": _object(
                {
                    "about": _text("what it does"),
                    "takes": _map({"type": "string"}, "each value by name, and what it is"),
                    "gives": _map({"type": "string"}, "the same, where it accepts"),
                },
                about="what is asked of an implementation",
            ),
            "group": _object(
                {
                    "id": _named(_GROUP, "unique in its protocol"),
                    "about": _text("what the example is"),
                    "operation": _text("what is asked"),
                    "section": _text("the section of the specification"),
                    "takes": _ref("values"),
                    "vectors": _list(_ref("vector"), "the vectors"),
                },
                {"clauses": _list({"type": "string"}, "ids of sentences that it is about")},
                "vectors that share an operation and an example",
            ),
            "vector": {
                **_object(
                    {
                        "id": _named(f"{_GROUP}:{_NAME}", "unique in its protocol: group and name"),
                        "about": _text("what is different"),
                        "verdict": {"enum": [each.label for each in Verdict]},
                        "flags": _list({"enum": [each.label for each in Flag]}, "kinds of faults"),
                    },
                    {
                        "takes": _ref("changed"),
                        "gives": _ref("values"),
                        "fails": {"enum": [each.label for each in Point]},
                        "field": _text("the field at fault"),
                        "check": _text("the check of the model that refuses it"),
                        "ambiguity": _text("what the text leaves open, by its id in the model"),
                        "clauses": _list({"type": "string"}, "ids of sentences that it is about"),
                    },
                    "one vector",
                ),
                "oneOf": [{"required": ["gives"]}, {"required": ["fails"]}],
            },
            "values": _map(_ref("value"), "values by name"),
            "changed": _map(
                {"anyOf": [_ref("value"), _ref("edits")]},
                "the values that differ from those of the group, or what is changed in them",
            ),
            "value": {
                "anyOf": [
                    {"type": ["string", "integer", "boolean"]},
                    {"type": "array", "items": {"$ref": "#/$defs/value"}},
                    {"type": "object", "additionalProperties": {"$ref": "#/$defs/value"}},
                ],
                "description": "octets in hexadecimal digits, a text, a number, a truth value, or "
                "several of them, as the operation says",
            },
            "edits": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "array",
                    "prefixItems": [
                        {"type": "integer", "minimum": 0, "description": "the first octet"},
                        {"type": "integer", "minimum": 0, "description": "how many go"},
                        {
                            "type": "string",
                            "pattern": "^([0-9a-f]{2})*$",
                            "description": "what comes",
                        },
                    ],
                    "items": False,
                    "minItems": 3,
                },
                "description": "changes of the octets that the group has, the first place first",
            },
        },
    }


def _object(required: Object, optional: Object | None = None, about: str = "") -> Object:
    """An object with these properties, and no others."""
    described: Object = {"description": about} if about else {}
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": [*required],
        "additionalProperties": False,
        **described,
    }


def _map(values: Json, about: str) -> Object:
    """An object with any names."""
    return {"type": "object", "additionalProperties": values, "description": about}


def _list(items: Json, about: str) -> Object:
    """An array."""
    return {"type": "array", "items": items, "description": about}


def _ref(name: str) -> Object:
    """What stands among the definitions."""
    return {"$ref": f"#/$defs/{name}"}


def _text(about: str) -> Object:
    """A string."""
    return {"type": "string", "description": about}


def _named(pattern: str, about: str) -> Object:
    """A string of a form."""
    return {"type": "string", "pattern": f"^{pattern}$", "description": about}
