"""Public ids: everything that others may cite, and the ledger that keeps them.

Ids derive from names. `collect` reads them off the model, the cases and the clauses, so that a
rename shows. `ids.lock`, at the root of the project, is the ledger: TOML, one table for each kind,
and for each id its status:

    [row]
    "otrv3.ake:dh-commit.none.allowed" = "active"
    "otrv3.ake:dh-commit.none.old-name" = "alias of otrv3.ake:dh-commit.none.allowed"
    "otrv3.ake:dh-commit.none.never-again" = "retired"

New ids are entered as active. An active id that is gone is a fault until somebody retires it or
makes it an alias by hand; an id that is retired is never used again.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from otr_conformance.protocols import PROTOCOLS
from otr_model.documents import BadDocument, parse_toml
from otr_model.groups import Group
from otr_model.otrv4.groups4 import Curve
from otr_reference.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from otr_conformance.model import Model
    from otr_model.kernel.composition import Composition

__all__ = [
    "ACTIVE",
    "ALIAS",
    "KINDS",
    "RETIRED",
    "Ledger",
    "collect",
    "extended",
    "faults",
    "missing",
    "read",
    "write",
]

ACTIVE: Final = "active"
RETIRED: Final = "retired"
ALIAS: Final = "alias of "

KINDS: Final = (
    *("table", "row", "event", "condition", "check", "effect", "datum", "variable", "constant"),
    *("ambiguity", "layout", "field", "type", "text", "piece", "schedule", "value"),
    *("case", "clause"),
)
"""What has public ids, in the order of the ledger."""

CONSTANTS: Final = (int, Group, Curve)
"""What a model's constants are; a truth value is none: modules have one from `typing`."""

_HEAD: Final = """\
# Every public id, by kind, with its status: active, retired, or an alias of another one.
# `otrspec generate` enters new ids. An id that is gone is retired or made an alias here, by hand;
# it never vanishes, and is never used again for something else.
"""

Ledger = dict[str, dict[str, str]]
"""The status of each id, by kind."""


# --- What there is ----------------------------------------------------------------------------


def collect() -> dict[str, str]:
    """Every public id that exists now, and its kind, in the order of declaration.

    Raises:
        Malformed: if two things have one id.
    """
    found = list(_all())
    twice = [i for i, n in Counter(i for i, _ in found).items() if n > 1]
    if twice:
        raise Malformed(field=twice[0], reason="is the id of two things")
    return dict(found)


def _all() -> Iterator[tuple[str, str]]:
    for protocol in PROTOCOLS.values():
        model = protocol.model
        yield from _of_composition(model.composition)
        yield from _of_layouts(model)
        yield from _of_schedules(model)
        yield from ((case, "case") for case in protocol.suite.cases)
        for registry, clause in model.clauses():
            yield f"{registry.name}.clause:{clause.id}", "clause"


def _of_composition(composition: Composition) -> Iterator[tuple[str, str]]:
    name = composition.name
    yield from ((table.name, "table") for table in composition.tables)
    yield from ((row.id, "row") for row in composition.rows())
    for kind, words in (
        ("event", composition.events),
        ("condition", composition.conditions),
        ("check", composition.checks),
        ("effect", composition.effects),
        ("datum", composition.data),
    ):
        yield from ((f"{name}.{kind}:{word.label}", kind) for word in words)
    variables = dict.fromkeys(
        each.name for each in (*composition.variables, *composition.parameters)
    )
    yield from ((f"{name}.variable:{variable}", "variable") for variable in variables)
    yield from ((hole.id, "ambiguity") for hole in composition.ambiguities)


def _of_layouts(model: Model) -> Iterator[tuple[str, str]]:
    for layout in model.layouts:
        yield layout.id, "layout"
        yield from ((layout.field_id(field), "field") for field in layout.fields)
    for text in model.texts:
        yield text.id, "text"
        yield from ((text.piece_id(piece), "piece") for piece in text.pieces)
    name = model.composition.name
    yield from ((f"{name}.type:{kind.label}", "type") for kind in model.types)


def _of_schedules(model: Model) -> Iterator[tuple[str, str]]:
    for schedule in model.schedules:
        yield schedule.id, "schedule"
        yield from ((schedule.value_id(value), "value") for value in schedule.values)
    constants: dict[str, object] = {}
    for name, value in (pair for module in model.modules for pair in vars(module).items()):
        named = name.isupper() and not name.startswith("_")
        if not named or not isinstance(value, CONSTANTS) or isinstance(value, bool):
            continue
        if name in constants and constants[name] is value:
            continue  # one module has imported it from another
        constants[name] = value
        label = name.lower().replace("_", "-")
        yield f"{model.composition.name}.constant:{label}", "constant"


# --- The ledger -------------------------------------------------------------------------------


def read(text: str) -> Ledger:
    """Read a ledger.

    Raises:
        Malformed: if it is not one, naming the id at fault.
    """
    try:
        found = parse_toml(text)
    except BadDocument as error:
        raise Malformed(field="ids.lock", reason=str(error)) from error
    ledger: Ledger = {}
    for kind, entries in found.items():
        if kind not in KINDS or not isinstance(entries, dict):
            raise Malformed(field=f"ids.lock: {kind}", reason="is not a kind of id")
        for known, status in entries.items():
            if not _is_status(status):
                raise Malformed(
                    field=f"ids.lock: {known}", reason="is neither active, retired nor an alias"
                )
        ledger[kind] = entries
    return ledger


def _is_status(status: object) -> bool:
    return isinstance(status, str) and (
        status in {ACTIVE, RETIRED} or (len(status) > len(ALIAS) and status.startswith(ALIAS))
    )


def write(ledger: Mapping[str, Mapping[str, str]]) -> str:
    """The text of a ledger: kinds in their order, ids in alphabetical order."""
    parts = [_HEAD]
    for kind in KINDS:
        entries = ledger.get(kind)
        if entries:
            lines = (f'"{known}" = "{status}"\n' for known, status in sorted(entries.items()))
            parts.append(f"[{kind}]\n" + "".join(lines))
    return "\n".join(parts)


def extended(ledger: Ledger, existing: Mapping[str, str]) -> Ledger:
    """The ledger with every id that it lacks, as active; nothing is taken away or changed."""
    grown: Ledger = {kind: dict(ledger.get(kind, {})) for kind in KINDS}
    for known, kind in existing.items():
        grown[kind].setdefault(known, ACTIVE)
    return grown


def faults(ledger: Mapping[str, Mapping[str, str]], existing: Mapping[str, str]) -> list[str]:
    """What has to be mended by hand, each in a line; an id that is only missing is not among it."""
    return list(_faults(ledger, existing))


def _faults(ledger: Mapping[str, Mapping[str, str]], existing: Mapping[str, str]) -> Iterator[str]:
    statuses = _statuses(ledger)
    for known, (kind, status) in statuses.items():
        here = existing.get(known)
        if status == ACTIVE and here is None:
            yield f"{known}: is gone; retire it, or make it an alias of its successor"
        elif status == ACTIVE and here != kind:
            yield f"{known}: was the id of a {kind}, and is now that of a {here}"
        elif status != ACTIVE and here is not None:
            yield f"{known}: is {status}, and yet in use"
        elif status.startswith(ALIAS):
            target = status.removeprefix(ALIAS)
            if statuses.get(target, ("", ""))[1] != ACTIVE:
                yield f"{known}: is an alias of {target}, which is not active"


def _statuses(ledger: Mapping[str, Mapping[str, str]]) -> dict[str, tuple[str, str]]:
    """Kind and status of each id."""
    return {
        known: (kind, status)
        for kind, entries in ledger.items()
        for known, status in entries.items()
    }


def missing(ledger: Mapping[str, Mapping[str, str]], existing: Iterable[str]) -> list[str]:
    """The ids that the ledger does not know yet."""
    statuses = _statuses(ledger)
    return [known for known in existing if known not in statuses]
