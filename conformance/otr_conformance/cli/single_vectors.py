"""`otrspec vectors PROTOCOL/NAME`: single vectors, by document, group or id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_conformance import vectors
from otr_conformance.vectors.kinds import Verdict
from otr_conformance.verdict import ExitCode

from .misuse import Misuse, unknown
from .screen import DIM, GOOD, HEAD, NAME, WRONG, Screen, grid, spans, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from otr_conformance.vectors.kinds import Group
    from otr_model.kernel.export import Json, Object

__all__ = ["documents", "is_single", "show"]

_SHOWN: Final = 64
"""Characters of a value that are shown, where not all are."""

_COLOURS: Final = {"valid": GOOD, "invalid": WRONG, "acceptable": NAME}


def is_single(name: str) -> bool:
    """Whether a name is one of single vectors: a protocol and a slash are in front."""
    return "/" in name


def documents(whose: str) -> Iterator[tuple[str, str, str]]:
    """The documents: their protocols, what they are asked for by, and what they are about.

    Args:
        whose: the protocol; "": all.
    """
    for protocol, found in vectors.ABOUT.items():
        if whose in {"", protocol}:
            for name, about in found.items():
                yield protocol, f"{protocol}/{name}", about


def show(name: str, *, full: bool, json: bool) -> ExitCode:
    """Show a document, a group or one vector.

    Args:
        name: a protocol, a slash, and the name of a document, of a group, or the id of a vector.
        full: all octets, and every value that a vector takes.
        json: for programs.

    Raises:
        Misuse: if there is nothing of that name.
    """
    protocol, _, wanted = name.partition("/")
    if protocol not in vectors.ABOUT:
        message = f"there are no vectors of {protocol!r}"
        raise Misuse(message)
    shown = _Shown(Screen(), full=full)
    if wanted in vectors.ABOUT[protocol]:
        document = vectors.document(protocol, wanted, full=full)
        if json:
            write_json(document)
        else:
            shown.document(document)
        return ExitCode.EXPECTED
    group, _, vector = wanted.partition(":")
    found = _group(protocol, group, full=full or bool(vector))
    if vector:
        found = _vector(found, wanted)
    if json:
        write_json(found)
    elif vector:
        shown.vector(found)
    else:
        shown.group(found)
    return ExitCode.EXPECTED


def _group(protocol: str, wanted: str, *, full: bool) -> Object:
    """One group.

    Raises:
        Misuse: if there is none of that name.
    """
    known: list[str] = [*vectors.ABOUT[protocol]]
    for document in vectors.ABOUT[protocol]:
        groups: list[Group] = [*vectors.made(protocol, document)]
        known += [group.name for group in groups]
        if any(group.name == wanted for group in groups):
            written = vectors.document(protocol, document, full=full)["groups"]
            return next(g for g in _objects(written) if g["id"] == wanted)
    raise unknown(wanted, f"document or group of {protocol}", known, "otrspec vectors")


def _vector(group: Object, wanted: str) -> Object:
    """One vector of a group, with what it shares with the others.

    Raises:
        Misuse: if there is none of that id.
    """
    found = {str(each["id"]): each for each in _objects(group["vectors"])}
    if wanted not in found:
        raise unknown(wanted, "vector", found, f"otrspec vectors PROTOCOL/{group['id']}")
    shared: Object = {name: group[name] for name in ("operation", "section")}
    vector = found[wanted]
    return {"id": vector["id"], **shared, **{n: v for n, v in vector.items() if n != "id"}}


class _Shown:
    """Writes vectors for people."""

    def __init__(self, out: Screen, *, full: bool) -> None:
        self.out, self.full = out, full

    def document(self, document: Object) -> None:
        """Every group."""
        self.out.whole((str(document["name"]), HEAD), (f"  {document['protocol']}", DIM))
        self.out.line(str(document["about"]))
        for group in _objects(document["groups"]):
            self.out.line()
            self.group(group)

    def group(self, group: Object) -> None:
        """Every vector in a line."""
        self.out.whole((str(group["id"]), HEAD), (f"  {group['operation']}", DIM))
        self.out.line(f"{group['about']} ({group['section']})")
        if self.full:
            self._values(_object(group["takes"]))
        table = grid("vector", "verdict", "fails", "about")
        for vector in _objects(group["vectors"]):
            verdict = str(vector["verdict"])
            name = str(vector["id"]).partition(":")[2]
            where, about = str(vector.get("fails", "")), str(vector["about"])
            cells = spans((name, NAME)), spans((verdict, _COLOURS[verdict]))
            table.add_row(*cells, where, about)
        self.out.show(table, indent=2)

    def vector(self, vector: Object) -> None:
        """All of one vector."""
        verdict = str(vector["verdict"])
        meaning = next(each.meaning for each in Verdict if each.label == verdict)
        self.out.whole((str(vector["id"]), HEAD), (f"  {vector['operation']}", DIM))
        self.out.line(f"{vector['about']} ({vector['section']})")
        self.out.line((verdict, _COLOURS[verdict]), f": {meaning}")
        kept = ("fails", "field", "check", "ambiguity", "flags", "clauses")
        self._values({name: _joined(vector[name]) for name in kept if name in vector})
        for title in ("takes", "gives"):
            if title in vector:
                self.out.line(title, indent=2)
                self._values(_object(vector[title]), 4)

    def _values(self, values: Mapping[str, Json], indent: int = 2) -> None:
        """Values in two columns."""
        if not values:
            return
        table = grid("", "")
        for name, value in values.items():
            table.add_row(spans(name), spans((self._shortened(_joined(value)), DIM)))
        self.out.show(table, indent=indent)

    def _shortened(self, value: str) -> str:
        return value if self.full or len(value) <= _SHOWN else f"{value[:_SHOWN]}…"


def _joined(value: Json) -> str:
    """A value on one line."""
    if isinstance(value, list):
        return ", ".join(map(_joined, value))
    if isinstance(value, dict):
        return "; ".join(f"{name} {_joined(each)}" for name, each in value.items())
    return str(value)


def _object(value: Json) -> Object:
    """An object; nothing, where there is none."""
    return value if isinstance(value, dict) else {}


def _objects(value: Json) -> list[Object]:
    """Objects; nothing, where there are none."""
    return [_object(each) for each in value] if isinstance(value, list) else []
