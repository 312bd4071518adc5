"""Witnesses: runs that an exploration finds, as plain data.

A witness says what is explored (the scenario, with the variants of those who take part), which
property is violated and in which words, and what happens, step by step: who does what, which
message arrives, which rows are taken, what is sent, what users are shown. Messages are named by
the order in which they are sent, from 1, over all participants.

It needs no exploration to be read or replayed (`otr_check.explore.replay`). Its file is JSON,
described by `schema` and by docs/schema/otrspec-witness.schema.json.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import unique
from typing import TYPE_CHECKING, Any, Final, TypeVar

from otr_model.documents import BadDocument, parse_json
from otr_model.kernel.export import canonical
from otr_model.kernel.words import Word
from otr_model.trace import Fired
from otr_reference.errors import OtrSpecError

from .scenario import BadScenario, Scenario, scenario_of
from .written import written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from otr_model.kernel.export import Json

__all__ = [
    "FORMAT",
    "VERSION",
    "BadWitness",
    "Kind",
    "Sent",
    "Step",
    "Witness",
    "from_json",
    "read_witness",
    "schema",
    "to_json",
]

T = TypeVar("T")

FORMAT: Final = "otrspec-witness"
VERSION: Final = 1
_ID: Final = "urn:otrspec:witness:1"


class BadWitness(OtrSpecError):
    """A text that is no witness; the message says where."""


@unique
class Kind(Word):
    """How one joint state follows another."""

    DELIVERED = "a message arrives"
    AGAIN = "a message arrives, and stays on its way"
    LOST = "a message is lost on its way to somebody"
    INJECTED = "a message arrives that an attacker made"
    DID = "a user does something"
    WAITED = "time passes"


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that is sent in a step.

    Attributes:
        number: which message it is, by the order of sending, from 1.
        label: what it is.
    """

    number: int
    label: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a run.

    Attributes:
        kind: what kind of step it is.
        who: the participant; "" where time passes.
        action: what the user does, as scenarios spell it.
        typed: the text that the user types.
        message: the number of the message; 0 where there is none, and where an attacker made it.
        label: what the message is.
        made: the message that an attacker made, as its term is written.
        digest: a digest of that term, by which a replay knows it.
        seconds: how much time passes.
        higher: for each comparison of hashes that nothing had decided before, in order: whether
            the participant's own is the higher one.
        fired: the rows that the participant takes.
        sent: what it sends.
        shown: what its user is shown, in words.
    """

    kind: Kind
    who: str = ""
    action: str = ""
    typed: str = ""
    message: int = 0
    label: str = ""
    made: str = ""
    digest: str = ""
    seconds: int = 0
    higher: tuple[bool, ...] = ()
    fired: tuple[Fired, ...] = ()
    sent: tuple[Sent, ...] = ()
    shown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Witness:
    """A run in which a property is violated.

    Attributes:
        scenario: what was explored.
        property: the id of the property.
        says: what is wrong, in a sentence.
        steps: what happens.
    """

    scenario: Scenario
    property: str
    says: str
    steps: tuple[Step, ...]

    def senders(self) -> Mapping[int, str]:
        """Who sends each message, by its number."""
        return {sent.number: step.who for step in self.steps for sent in step.sent}


# --- JSON -------------------------------------------------------------------------------------


def to_json(witness: Witness) -> str:
    """A witness as text, in the canonical form of the model's JSON."""
    return canonical(
        {
            "format": FORMAT,
            "version": VERSION,
            "scenario": list(written(witness.scenario).splitlines()),
            "property": witness.property,
            "says": witness.says,
            "steps": [_step(step) for step in witness.steps],
        }
    )


def _step(step: Step) -> Json:
    document: dict[str, Json] = {"kind": step.kind.label}
    for name in ("who", "action", "typed", "message", "label", "made", "digest", "seconds"):
        value = getattr(step, name)
        if value:
            document[name] = value
    if step.higher:
        document["higher"] = list(step.higher)
    if step.fired:
        document["fired"] = [_fired(fired) for fired in step.fired]
    if step.sent:
        document["sent"] = [{"number": each.number, "label": each.label} for each in step.sent]
    if step.shown:
        document["shown"] = list(step.shown)
    return document


def _fired(fired: Fired) -> Json:
    document: dict[str, Json] = {"row": fired.row}
    if fired.member:
        document["member"] = fired.member
    if fired.failed:
        document["failed"] = fired.failed
    return document


def read_witness(path: Path) -> Witness:
    """Read the file of a witness.

    Raises:
        BadWitness: if it cannot be read, or is no witness; one line says what.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}"
        raise BadWitness(message) from error
    try:
        return from_json(text)
    except BadWitness as error:
        message = f"{path}: {error}"
        raise BadWitness(message) from None


def from_json(text: str) -> Witness:
    """The witness that a text is.

    Raises:
        BadWitness: if it is no JSON, is of another version, lacks something, or has what a witness
            does not.
    """
    try:
        document = parse_json(text)
    except BadDocument as error:
        raise BadWitness(str(error)) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        message = "is no witness"
        raise BadWitness(message)
    if document.get("version") != VERSION:
        message = f"is a witness of version {document.get('version')}, and {VERSION} is known"
        raise BadWitness(message)
    names = ("format", "version", "scenario", "property", "says", "steps")
    found = _Object(document, "the witness", names)
    lines = found.items("scenario", lambda each: _text(each, "a line of the scenario"))
    try:
        scenario = scenario_of("\n".join(lines))
    except BadScenario as error:
        message = f"scenario: {error}"
        raise BadWitness(message) from error
    steps = found.get("steps", list)
    return Witness(
        scenario,
        found.get("property", str),
        found.get("says", str),
        tuple(_read_step(each, f"step {number}") for number, each in enumerate(steps, 1)),
    )


class _Object:
    """An object of the document, with the place where it stands."""

    def __init__(self, value: object, where: str, names: tuple[str, ...]) -> None:
        if not isinstance(value, dict):
            message = f"{where} is no object"
            raise BadWitness(message)
        strange = [name for name in value if name not in names]
        if strange:
            message = f"{where} has {strange[0]!r}, which is not known"
            raise BadWitness(message)
        self.value: dict[str, object] = value
        self.where = where

    def get(self, name: str, kind: type[T], default: T | None = None) -> T:
        """A value of a kind, which must be there unless it has a default."""
        value = self.value.get(name, default)
        if value is None:
            message = f"{self.where} has no {name}"
            raise BadWitness(message)
        if not isinstance(value, kind) or (kind is int and (isinstance(value, bool) or value < 0)):  # type: ignore[operator] # an integer, as the first half says
            message = f"{name} of {self.where} is no {_KINDS[kind]}"
            raise BadWitness(message)
        return value

    def items(self, name: str, read: Callable[[object], T]) -> tuple[T, ...]:
        """A list, empty where it is left out."""
        empty: list[object] = []
        return tuple(read(each) for each in self.get(name, list, empty))


_KINDS: Final[Mapping[type, str]] = {
    str: "text",
    int: "whole number from 0 on",
    bool: "truth value",
    list: "list",
}


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        message = f"{what} is no text"
        raise BadWitness(message)
    return value


def _read_step(value: object, where: str) -> Step:
    found = _Object(value, where, Step.__slots__)
    label = found.get("kind", str)
    kinds = {kind.label: kind for kind in Kind}
    if label not in kinds:
        message = f"kind of {where} is {label!r}, not one of {', '.join(kinds)}"
        raise BadWitness(message)
    return Step(
        kinds[label],
        found.get("who", str, ""),
        found.get("action", str, ""),
        found.get("typed", str, ""),
        found.get("message", int, 0),
        found.get("label", str, ""),
        found.get("made", str, ""),
        found.get("digest", str, ""),
        found.get("seconds", int, 0),
        found.items("higher", lambda each: _truth(each, f"higher of {where}")),
        found.items("fired", lambda each: _read_fired(each, where)),
        found.items("sent", lambda each: _read_sent(each, where)),
        found.items("shown", lambda each: _text(each, f"shown of {where}")),
    )


def _truth(value: object, what: str) -> bool:
    if not isinstance(value, bool):
        message = f"{what} is no truth value"
        raise BadWitness(message)
    return value


def _read_fired(value: object, where: str) -> Fired:
    found = _Object(value, f"a row of {where}", ("row", "member", "failed"))
    return Fired(found.get("row", str), found.get("member", int, 0), found.get("failed", str, ""))


def _read_sent(value: object, where: str) -> Sent:
    found = _Object(value, f"a message of {where}", ("number", "label"))
    return Sent(found.get("number", int), found.get("label", str))


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a witness."""
    text = {"type": "string"}
    truth = {"type": "boolean"}
    count = {"type": "integer", "minimum": 1}

    def known(properties: Mapping[str, Any], required: list[str], about: str) -> dict[str, Any]:
        return {
            "type": "object",
            "description": about,
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }

    def listed(items: Mapping[str, Any], about: str) -> dict[str, Any]:
        return {"type": "array", "description": about, "items": items}

    def about(kind: Mapping[str, Any], words: str) -> dict[str, Any]:
        return {**kind, "description": words}

    fired = known(
        {
            "row": about(text, "the id of the row"),
            "member": about(count, "the key of the member; left out for the master"),
            "failed": about(text, "the check that failed; left out where none did"),
        },
        ["row"],
        "a row that is taken",
    )
    sent = known(
        {"number": about(count, "by the order of sending"), "label": about(text, "what it is")},
        ["number", "label"],
        "a message that is sent",
    )
    kinds = "; ".join(f"{kind.label}: {kind.meaning}" for kind in Kind)
    step = known(
        {
            "kind": {"enum": [kind.label for kind in Kind], "description": kinds},
            "who": about(text, "the participant; left out where time passes"),
            "action": about(text, "what the user does"),
            "typed": about(text, "the text that the user types"),
            "message": about(count, "the number of the message that arrives or is lost"),
            "label": about(text, "what that message is"),
            "made": about(text, "the message that an attacker made, as its term is written"),
            "digest": about(text, "a digest of that term, by which a replay knows it"),
            "seconds": about(count, "how much time passes"),
            "higher": listed(
                truth, "for each comparison of hashes: whether the participant's own is higher"
            ),
            "fired": listed(fired, "the rows that the participant takes"),
            "sent": listed(sent, "what it sends"),
            "shown": listed(text, "what its user is shown"),
        },
        ["kind"],
        "one step",
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": _ID,
        "title": "A run in which a property is violated",
        **known(
            {
                "format": {"const": FORMAT},
                "version": {"const": VERSION},
                "scenario": listed(text, "the scenario, as the lines of its file"),
                "property": about(text, "the id of the property"),
                "says": about(text, "what is wrong, in a sentence"),
                "steps": listed(step, "what happens, in order"),
            },
            ["format", "version", "scenario", "property", "says", "steps"],
            "A witness, as otrspec explore writes it and otrspec witness reads it.",
        ),
    }
