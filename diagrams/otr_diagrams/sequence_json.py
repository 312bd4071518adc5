"""Sequences as JSON: how whoever records a conversation hands it to whoever draws it.

A document is an object with `title`, `participants` (names, from left to right) and `steps`. A step
is a note, `{"at": ..., "text": ...}`, or an arrow, `{"sender": ..., "receiver": ..., "label": ...}`
with, where they are not empty, `"lost": true` and `"fired"`: objects with `row`, and where they are
not 0 and "", `member` and `failed`. See `otr_model.trace` for what they mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_model.documents import BadDocument, parse_json
from otr_model.kernel.export import canonical
from otr_model.trace import Arrow, Fired, Note, Sequence

if TYPE_CHECKING:
    from otr_model.kernel.export import Json

__all__ = ["BadSequence", "from_json", "schema", "to_json"]


class BadSequence(Exception):
    """A text that is no sequence; the message says where."""


def to_json(sequence: Sequence) -> str:
    """A sequence as text, in the canonical form of the model's JSON."""
    return canonical(
        {
            "title": sequence.title,
            "participants": list(sequence.participants),
            "steps": [_step(step) for step in sequence.steps],
        }
    )


def _step(step: Arrow | Note) -> Json:
    if isinstance(step, Note):
        return {"at": step.at, "text": step.text}
    document: dict[str, Json] = {
        "sender": step.sender,
        "receiver": step.receiver,
        "label": step.label,
    }
    if step.lost:
        document["lost"] = True
    if step.fired:
        document["fired"] = [_fired(fired) for fired in step.fired]
    return document


def _fired(fired: Fired) -> Json:
    document: dict[str, Json] = {"row": fired.row}
    if fired.member:
        document["member"] = fired.member
    if fired.failed:
        document["failed"] = fired.failed
    return document


def from_json(text: str) -> Sequence:
    """The sequence that a text is.

    Raises:
        BadSequence: if it is no JSON, or lacks or has what a sequence does not.
    """
    try:
        document = parse_json(text)
    except BadDocument as error:
        message = f"not JSON: {error}"
        raise BadSequence(message) from error
    found = _Object(document, "the sequence", {"title", "participants", "steps"})
    return Sequence(
        found.text("title"),
        tuple(_text(name, "a participant") for name in found.items("participants")),
        tuple(_read_step(step, f"step {n}") for n, step in enumerate(found.items("steps"), 1)),
    )


class _Object:
    """An object of the document, with the place where it stands."""

    def __init__(self, value: object, where: str, names: set[str]) -> None:
        if not isinstance(value, dict):
            message = f"{where} is no object"
            raise BadSequence(message)
        unknown = sorted(set(value) - names)
        if unknown:
            message = f"{where} has {unknown[0]!r}, which is not known"
            raise BadSequence(message)
        self.value: dict[str, object] = value
        self.where = where

    def text(self, name: str, default: str | None = None) -> str:
        """A text."""
        return _text(self.get(name, default), f"{name} of {self.where}")

    def items(self, name: str, default: list[object] | None = None) -> list[object]:
        """A list."""
        value = self.get(name, default)
        if not isinstance(value, list):
            message = f"{name} of {self.where} is no list"
            raise BadSequence(message)
        return value

    def get(self, name: str, default: object) -> object:
        """A value, which must be there unless it has a default."""
        value = self.value.get(name, default)
        if value is None:
            message = f"{self.where} has no {name}"
            raise BadSequence(message)
        return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        message = f"{where} is no text"
        raise BadSequence(message)
    return value


def _read_step(value: object, where: str) -> Arrow | Note:
    if isinstance(value, dict) and "at" in value:
        note = _Object(value, where, {"at", "text"})
        return Note(note.text("at"), note.text("text"))
    arrow = _Object(value, where, {"sender", "receiver", "label", "lost", "fired"})
    lost = arrow.get("lost", default=False)
    if not isinstance(lost, bool):
        message = f"lost of {where} is not yes or no"
        raise BadSequence(message)
    return Arrow(
        arrow.text("sender"),
        arrow.text("receiver"),
        arrow.text("label"),
        tuple(_read_fired(each, where) for each in arrow.items("fired", [])),
        lost=lost,
    )


def _read_fired(value: object, where: str) -> Fired:
    fired = _Object(value, f"a row of {where}", {"row", "member", "failed"})
    member = fired.get("member", 0)
    if not isinstance(member, int) or isinstance(member, bool):
        message = f"member of a row of {where} is no integer"
        raise BadSequence(message)
    return Fired(fired.text("row"), member, fired.text("failed", ""))


def schema() -> dict[str, Json]:
    """The JSON Schema (draft 2020-12) of a sequence."""
    text: Json = {"type": "string"}

    def known(properties: dict[str, Json], required: list[Json]) -> Json:
        return {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }

    fired = known({"row": text, "member": {"type": "integer"}, "failed": text}, ["row"])
    arrow = known(
        {
            "sender": text,
            "receiver": text,
            "label": text,
            "lost": {"type": "boolean"},
            "fired": {"type": "array", "items": fired},
        },
        ["sender", "receiver", "label"],
    )
    note = known({"at": text, "text": text}, ["at", "text"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:otrspec:sequence:1",
        "title": "A conversation, step by step",
        "type": "object",
        "properties": {
            "title": text,
            "participants": {"type": "array", "items": text},
            "steps": {"type": "array", "items": {"oneOf": [arrow, note]}},
        },
        "required": ["title", "participants", "steps"],
        "additionalProperties": False,
    }
