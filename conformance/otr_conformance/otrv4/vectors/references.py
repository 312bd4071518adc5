"""Each value is written once: where it comes up again, the place where it stands is named.

    "their_ecdh": "Y@1.1", "K": "@3.7", "brace_key": "@interactive:4.5"

A reference is a name, and behind the last @ whose it is: of the operation at a place of a step, or
of a participant, of this document or of another one. It is found among what that operation gives,
or else takes. The name is left out where it is the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_model.kernel.export import Json

    from .octets import Object

__all__ = ["as_object", "objects", "referring", "resolved"]

SHORTEST: Final = 32
"""Digits of the shortest value that is not written again."""

_DIGITS: Final = re.compile("[0-9a-f]+")
_REFERENCE: Final = re.compile(r"(.*)@(?:([a-z-]+):)?([a-z]+|[0-9]+)\.([0-9]+)")


def referring(document: Object, before: Object | None = None, name: str = "") -> Object:
    """A document in which no long value stands twice.

    Args:
        document: the document.
        before: what it continues: the steps of another document up to there, and its participants.
        name: of that other document.
    """
    references = _References()
    if before is not None:
        references.document(before, f"{name}:")
    return references.document(document)


class _References:
    """What stands where, as far as documents have been read."""

    def __init__(self) -> None:
        self.places: dict[str, tuple[str, str]] = {}

    def document(self, document: Object, prefix: str = "") -> Object:
        """In the order in which somebody reads it."""
        written: Object = {}
        for name, value in document.items():
            if name in {"participants", "steps"}:
                holders = (
                    self._holder(each, f"{prefix}{each.get('number', each.get('name'))}")
                    for each in objects(value)
                )
                written[name] = [*holders]
            else:
                written[name] = self._short(value)
        return written

    def _holder(self, holder: Object, owner: str) -> Object:
        """A step or a participant."""
        written: Object = {}
        for name, value in holder.items():
            if name == "computes":
                records = enumerate(objects(value), start=1)
                written[name] = [self._record(each, f"{owner}.{at}") for at, each in records]
            else:
                written[name] = self._short(value)
        return written

    def _record(self, record: Object, place: str) -> Object:
        """An operation."""
        written = as_object(self._short(record))
        gives = as_object(record["gives"])
        taken = as_object(record.get("takes", {}))
        self._learn({**{n: v for n, v in taken.items() if n not in gives}, **gives}, place)
        return written

    def _learn(self, values: Object, place: str) -> None:
        for name, value in values.items():
            if isinstance(value, str) and len(value) >= SHORTEST and _DIGITS.fullmatch(value):
                self.places.setdefault(value, (name, place))

    def _short(self, value: Json, called: str = "") -> Json:
        if isinstance(value, str) and value in self.places:
            name, place = self.places[value]
            return f"@{place}" if name == called else f"{name}@{place}"
        if isinstance(value, list):
            return [self._short(each) for each in value]
        if isinstance(value, dict):
            return {name: self._short(each, name) for name, each in value.items()}
        return value


def resolved(document: Object, others: Mapping[str, Object]) -> Object:
    """A document with every value where it is needed: what `referring` was given.

    Args:
        document: the document.
        others: every document that it may refer to, by name.

    Raises:
        KeyError: if a reference leads nowhere.
    """
    return as_object(_Resolving(document, others).value(document))


class _Resolving:
    """Finds what references lead to."""

    def __init__(self, document: Object, others: Mapping[str, Object]) -> None:
        self.document, self.others = document, others

    def value(self, value: Json, called: str = "") -> Json:
        """A value of the document, with whatever is referred to in its place."""
        if isinstance(value, str):
            reference = _REFERENCE.fullmatch(value)
            return value if reference is None else self._referred(reference, called)
        if isinstance(value, list):
            return [self.value(each) for each in value]
        if isinstance(value, dict):
            return {name: self.value(each, name) for name, each in value.items()}
        return value

    def _referred(self, reference: re.Match[str], called: str) -> Json:
        """What a reference leads to. That is a value itself: nothing refers to a reference."""
        name, other, owner, place = reference.groups()
        document = self.document if other is None else self.others[other]
        if owner.isdigit():
            holder = objects(document["steps"])[int(owner) - 1]
        else:
            known = {str(each["name"]): each for each in objects(document["participants"])}
            holder = known[owner]
        record = objects(holder["computes"])[int(place) - 1]
        gives = as_object(record["gives"])
        wanted = name or called
        return gives[wanted] if wanted in gives else as_object(record["takes"])[wanted]


def as_object(value: Json) -> Object:
    """An object, known to be one.

    Raises:
        TypeError: if it is not.
    """
    if not isinstance(value, dict):
        message = f"{type(value).__name__} where an object is expected"
        raise TypeError(message)
    return value


def objects(value: Json) -> list[Object]:
    """A list of objects, known to be one.

    Raises:
        TypeError: if it is not.
    """
    if not isinstance(value, list):
        message = f"{type(value).__name__} where a list is expected"
        raise TypeError(message)
    return [as_object(each) for each in value]
