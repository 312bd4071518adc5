"""`otrspec vectors`: the published conversations, with every value in them; and single vectors."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, Protocol

from otr_conformance.protocols import PROTOCOLS
from otr_conformance.verdict import ExitCode

from . import single_vectors
from .misuse import Misuse, unknown
from .screen import DIM, HEAD, NAME, Screen, grid, spans, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from otr_model.kernel.export import Json

__all__ = ["listing", "show"]

_PHI: Final = "phi'"
_SHOWN: Final = 48
"""Digits of a value that are shown, where not all are."""


class Published(Protocol):
    """What a protocol has in its `vectors`, where it has them."""

    ABOUT: Mapping[str, str]

    def document(self, name: str, *, full: bool = False) -> dict[str, Json]:
        """One document."""


def listing(whose: str, *, json: bool) -> ExitCode:
    """List the documents.

    Args:
        whose: the protocol; "": every one that has any.
        json: for programs.

    Raises:
        Misuse: if the protocol has none.
    """
    single = list(single_vectors.documents(whose))
    whole = [
        (protocol, name, about)
        for protocol, published in _published(whose, needed=not single).items()
        for name, about in published.ABOUT.items()
    ]
    kinds = (("conversation", whole), ("single", single))
    found = [(kind, *each) for kind, documents in kinds for each in documents]
    if json:
        names = ("kind", "protocol", "name", "about")
        write_json([dict[str, "Json"](zip(names, each, strict=True)) for each in found])
        return ExitCode.EXPECTED
    table = grid("protocol", "document", "kind", "about")
    for kind, protocol, name, about in found:
        table.add_row(protocol, spans((name, NAME)), kind, about)
    Screen().show(table)
    return ExitCode.EXPECTED


def show(name: str, whose: str, *, full: bool, json: bool) -> ExitCode:
    """Show one document.

    Args:
        name: its name; of single vectors, a protocol and a slash in front.
        whose: the protocol; "": the first that has a document of that name.
        full: all octets, and every value where it is needed.
        json: for programs.

    Raises:
        Misuse: if there is no such document.
    """
    if single_vectors.is_single(name):
        return single_vectors.show(name, full=full, json=json)
    published = _published(whose)
    owner = next((each for each in published.values() if name in each.ABOUT), None)
    if owner is None:
        known = [each for found in published.values() for each in found.ABOUT]
        known += [each for _, each, _ in single_vectors.documents(whose)]
        raise unknown(name, "document", known, "otrspec vectors")
    document = owner.document(name, full=full)
    if json:
        write_json(document)
    else:
        _Shown(Screen(), full=full).document(document)
    return ExitCode.EXPECTED


def _published(whose: str, *, needed: bool = True) -> dict[str, Published]:
    """What is published, by protocol.

    Args:
        whose: the protocol; "": all.
        needed: whether there has to be any.

    Raises:
        Misuse: if the protocol has no conversations, and there have to be some.
    """
    found: dict[str, Published] = {}
    for name in (whose,) if whose else PROTOCOLS:
        module = f"otr_conformance.{name}.vectors"
        if find_spec(module) is not None:
            found[name] = import_module(module)
    if needed and not found:
        message = f"there are no conversations of {whose}; single vectors are {whose}/NAME"
        raise Misuse(message)
    return found


class _Shown:
    """Writes a document for people."""

    def __init__(self, out: Screen, *, full: bool) -> None:
        self.out, self.full = out, full

    def document(self, document: Mapping[str, Json]) -> None:
        """All of it."""
        self.out.whole((str(document["name"]), HEAD), (f"  {document['protocol']}", DIM))
        self.out.line(str(document["about"]))
        for participant in _list(document.get("participants")):
            self.out.line()
            known = f"  {participant['instance tag']}, {participant[_PHI]}"
            self.out.line((str(participant["name"]).capitalize(), HEAD), (known, DIM))
            self._computes(participant)
        start = document.get("start")
        if isinstance(start, dict):
            self.out.line()
            self.out.line((f"After step {start['after']} of {start['vectors']}", HEAD))
            for who, kept in _dict(start["kept"]).items():
                self.out.line(f"{who} keeps", indent=2)
                self._values(_dict(kept), 4)
        for step in _list(document["steps"]):
            self._step(step)

    def _step(self, step: Mapping[str, Json]) -> None:
        """One step."""
        what = step.get("about") or f"{step['at']}: {step['does']}"
        self.out.line()
        self.out.line((f"{step['number']}. {what}", HEAD))
        self._values({**_dict(step.get("with")), **_only(step, "now")}, 2)
        for row in _texts(step.get("rows")):
            self.out.whole("  ", (row, DIM))
        self._computes(step)
        for message in _list(step.get("sends")):
            lost = ", which is lost" if message.get("lost") else ""
            self.out.line(f"sends message {message['message']}: {message['title']}{lost}", indent=2)
            self._values({**_only(message, "wire"), **_inside(message)}, 4)
        for told in _list(step.get("tells")):
            self.out.line(f"tells {told['event']}", indent=2)
            self._values({name: value for name, value in told.items() if name != "event"}, 4)
        if "sets" in step:
            self.out.line("sets", indent=2)
            self._values(_dict(step["sets"]), 4)
        if "forgets" in step:
            self.out.line(f"forgets {', '.join(_texts(step['forgets']))}", indent=2, hang=2)

    def _computes(self, holder: Mapping[str, Json]) -> None:
        """The operations, numbered as references have them."""
        for place, record in enumerate(_list(holder.get("computes")), start=1):
            notes = [str(record[key]) for key in ("formula", "about") if key in record]
            note = f"  {'; '.join(notes)}" if notes else ""
            self.out.line(f"{place:2} ", (str(record["operation"]), NAME), (note, DIM), indent=2)
            taken = {f"< {name}": value for name, value in _dict(record.get("takes")).items()}
            given = {f"> {name}": value for name, value in _dict(record["gives"]).items()}
            self._values({**taken, **given}, 5)

    def _values(self, values: Mapping[str, Json], indent: int) -> None:
        """Values in two columns."""
        if not values:
            return
        table = grid("", "")
        for name, value in _flat(values):
            table.add_row(spans(name), spans((self._shortened(value), DIM)))
        self.out.show(table, indent=indent)

    def _shortened(self, value: str) -> str:
        return value if self.full or len(value) <= _SHOWN else f"{value[:_SHOWN]}…"


def _flat(values: Mapping[str, Json], depth: int = 0) -> Iterator[tuple[str, str]]:
    """Values by name; those inside others below them, and further in."""
    for name, value in values.items():
        called = "  " * depth + name
        if isinstance(value, dict):
            yield called, ""
            yield from _flat(value, depth + 1)
        elif isinstance(value, list):
            yield from _flat({f"{name}, {n}": each for n, each in enumerate(value, 1)}, depth)
        else:
            yield called, str(value)


def _inside(message: Mapping[str, Json]) -> dict[str, Json]:
    """The fields of a message, or its pieces."""
    return _dict(message.get("fields")) or _dict(message.get("pieces"))


def _only(values: Mapping[str, Json], name: str) -> dict[str, Json]:
    """One value, where it is there."""
    return {name: values[name]} if name in values else {}


def _dict(value: Json | None) -> dict[str, Json]:
    """An object; nothing, where there is none."""
    return value if isinstance(value, dict) else {}


def _list(value: Json | None) -> list[dict[str, Json]]:
    """Objects; nothing, where there are none."""
    return [_dict(each) for each in value] if isinstance(value, list) else []


def _texts(value: Json | None) -> list[str]:
    """Texts; nothing, where there are none."""
    return [str(each) for each in value] if isinstance(value, list) else []
