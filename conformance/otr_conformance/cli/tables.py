"""`otrspec table`: a protocol's tables as a terminal can show them."""

from __future__ import annotations

import sys
from itertools import groupby
from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from otr_conformance.verdict import ExitCode
from otr_model.clauses import citing
from otr_model.kernel.composition import states_of
from otr_model.kernel.export import PrintedReading, export
from otr_model.kernel.pages import pages, transitions
from otr_model.kernel.vocabulary import Defined, Observer, Opaque, Validity

from .choice import owner
from .misuse import Misuse, unknown
from .screen import DIM, HEAD, NAME, Screen, grid, progress, spans, write_json

if TYPE_CHECKING:
    from otr_conformance.protocols import Protocol
    from otr_model.clauses import Clause
    from otr_model.kernel.composition import AnyRow, AnyTable, Composition
    from otr_model.kernel.pages import Transition
    from otr_model.kernel.vocabulary import Condition, Effect, Event
    from otr_model.kernel.words import Word


__all__ = ["explain", "find_table", "listing", "show"]

_SEEN: Final = {
    Observer.NOBODY: "",
    Observer.WIRE: "on the network",
    Observer.USER: "by the user",
}
_LABEL: Final = 10
"""Columns of the words in front of what a row consists of."""


# --- All tables -------------------------------------------------------------------------------


def listing(whose: str, *, json: bool) -> ExitCode:
    """List the tables of a protocol; "": of the default."""
    tables = owner(whose).model.composition.tables
    if json:
        write_json(
            [
                {
                    "name": table.name,
                    "about": table.about,
                    "states": [state.name for state in states_of(table)],
                    "events": [event.name for event in table.events],
                    "rows": len(table.rows),
                    "ignoring": sum(row.ignores for row in table.rows),
                }
                for table in tables
            ]
        )
        return ExitCode.EXPECTED
    out = Screen()
    shown = grid("states", "rows", "table", "decides", right=2)
    for table in tables:
        shown.add_row(
            str(len(states_of(table))),
            str(len(table.rows)),
            spans((table.name, NAME)),
            spans(table.about),
        )
    out.show(shown)
    return ExitCode.EXPECTED


# --- One table --------------------------------------------------------------------------------


def show(name: str, whose: str, *, markdown: bool, json: bool) -> ExitCode:
    """Print one table: what it looks like at a glance, then its rows.

    Args:
        name: of the table, with or without the protocol.
        whose: the protocol; "": the one that the name begins with, else the default.
        markdown: as a page.
        json: for programs.

    Raises:
        Misuse: if there is none of that name.
    """
    model = owner(whose, name).model
    composition = model.composition
    table = find_table(composition, name)
    if json:
        exported = export(composition)["tables"]
        assert isinstance(exported, list)  # noqa: S101 - what the export consists of
        write_json(next(e for e in exported if isinstance(e, dict) and e["name"] == table.name))
        return ExitCode.EXPECTED
    if markdown:
        printed = pages(composition, model.layouts, model.texts, model.schedules)
        sys.stdout.write(printed[f"{table.machine}.md"])
        return ExitCode.EXPECTED
    out = Screen()
    found = transitions(table)
    out.line((table.name, HEAD), f": {table.about}")
    out.line()
    if len(states_of(table)) > 1:
        _show_states(out, table)
        _show_glance(out, table, found)
    for event in table.events:
        _show_event(out, composition, table, event, [t for t in found if t.row.on is event])
    return ExitCode.EXPECTED


def find_table(composition: Composition, name: str) -> AnyTable:
    """The table of a name, with or without the protocol.

    Raises:
        Misuse: if there is none.
    """
    try:
        return composition.table(name)
    except KeyError:
        names = [table.name if "." in name else table.machine for table in composition.tables]
        raise unknown(name, "table", names, "otrspec table") from None


def _show_states(out: Screen, table: AnyTable) -> None:
    for state in states_of(table):
        initial = " (initial)" if state is table.initial else ""
        out.line((state.name, HEAD), f"{initial}  {state.meaning}", hang=4)
    out.line()


def _show_glance(out: Screen, table: AnyTable, found: tuple[Transition, ...]) -> None:
    """States by events, with the numbers of rows."""
    states = states_of(table)
    narrow = sum(len(state.name) for state in states) + 2 * len(states) + 24 > out.width
    glance = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=HEAD)
    glance.add_column("event")
    for state in states:
        glance.add_column(state.name.replace("_", "_\n") if narrow else state.name)

    def cell(event: Event, state: Word) -> Text:
        numbers = [t for t in found if t.row.on is event and state in t.states and not t.ignores]
        texts = [f"{t.number}{_arrow(t, state)}" for t in numbers]
        return Text(" ".join(texts)) if texts else Text("·", DIM)

    for event in table.events:
        glance.add_row(Text(event.name, NAME), *(cell(event, state) for state in states))
    out.show(glance)
    out.line(("A number is a row below; > leads to another state; · is ignored.", DIM))
    out.line()


def _arrow(transition: Transition, state: Word) -> str:
    return "" if transition.goto is None or transition.goto is state else ">"


def _show_event(
    out: Screen,
    composition: Composition,
    table: AnyTable,
    event: Event,
    mine: list[Transition],
) -> None:
    out.line((event.name, f"{HEAD} {NAME}"), f"  {event.meaning}", hang=2)
    for section, found in groupby(mine, key=lambda transition: transition.row.section):
        out.line((f"“{section}”", DIM), indent=4)
        for transition in found:
            _show_transition(out, composition, table, transition)
    out.line()


def _show_transition(
    out: Screen, composition: Composition, table: AnyTable, transition: Transition
) -> None:
    row = transition.row
    places = [] if len(states_of(table)) == 1 else [transition.starts(table)]
    if transition.goto is not None:
        places.append(f"→ {transition.goto.name}")
    number = str(transition.number or "·").rjust(3)
    when = _guard(row)
    out.line((number, HEAD), "  ", (" ".join(places), HEAD), hang=5)
    for label, text in (
        ("when", when),
        ("do", ", ".join(effect.name for effect in row.do)),
        ("raise", ", ".join(_raised(composition, row))),
        ("see", row.ambiguity.id if row.ambiguity else ""),
    ):
        if text:
            out.line((label.ljust(6), DIM), text, indent=5, hang=6)
    if transition.ignores:
        out.line(("ignored", DIM), indent=5)


def _guard(row: AnyRow) -> str:
    """When the row holds; "" for always."""
    return "" if row.when.text in {"", "always"} else row.when.text


def _raised(composition: Composition, row: AnyRow) -> list[str]:
    """The events that a row raises, with the member that they are for."""
    printed = PrintedReading(composition)
    return [
        raised.event.name + raised.whom("" if raised.to is None else raised.to.read(printed))
        for raised in row.raises
    ]


# --- One row ----------------------------------------------------------------------------------


def explain(row_id: str, name: str | None, whose: str, *, json: bool) -> ExitCode:
    """Say everything about one row.

    Args:
        row_id: its id.
        name: the table that it should belong to; None: any.
        whose: the protocol; "": the one that the id begins with, else the default.
        json: for programs.

    Raises:
        Misuse: if there is none with that id, or it belongs to another table than the one named.
    """
    about = owner(whose, row_id)
    composition = about.model.composition
    try:
        row = composition.row(row_id)
    except KeyError:
        ids = [known.id for known in composition.rows()]
        raise unknown(row_id, "row", ids, "otrspec table NAME --json") from None
    if name is not None and find_table(composition, name).name != row.table:
        message = f"{row_id} is a row of {row.table}"
        raise Misuse(message)
    registries = about.model.registries
    clauses = list(dict.fromkeys(c for registry in registries for c in citing(registry, row.id)))
    cases = _cases_of(about, row)
    if json:
        write_json(
            {
                "id": row.id,
                "at": row.at.name,
                "on": row.on.name,
                "when": row.when.text,
                "do": [effect.name for effect in row.do],
                "goto": row.goto.name,
                "raises": _raised(composition, row),
                "section": row.section,
                "ambiguity": row.ambiguity.id if row.ambiguity else "",
                "clauses": [clause.id for clause in clauses],
                "cases": list(cases),
            }
        )
        return ExitCode.EXPECTED
    out = Screen()
    out.whole((row.id, HEAD))
    out.line((f"“{row.section}”", DIM))
    out.line()
    _show_parts(out, composition, row)
    _show_evidence(out, clauses, cases)
    return ExitCode.EXPECTED


def _cases_of(about: Protocol, row: AnyRow) -> tuple[str, ...]:
    """The cases in which the target takes a row."""
    with progress("playing every case"):  # over terms: the same rows, sooner
        return about.suite.trial.coverage(about.suite.terms())[row.id]


def _show_parts(out: Screen, composition: Composition, row: AnyRow) -> None:
    printed = PrintedReading(composition)
    _part(out, "in", row.at.name, row.at.meaning)
    _part(out, "on", row.on.name, row.on.meaning)
    _part(out, "when", row.when.text, "")
    for condition in row.when.atoms():
        _show_condition(out, condition, printed)
    if row.ignores:
        _part(out, "do", "nothing", "the event is ignored")
    for effect in row.do:
        _show_effect(out, effect, printed)
    stays = row.goto is row.at
    _part(out, "goto", "stays" if stays else row.goto.name, "" if stays else row.goto.meaning)
    for raised, text in zip(row.raises, _raised(composition, row), strict=True):
        handler = composition.handler[raised.event].machine
        _part(out, "raise", text, f"{raised.event.meaning} (goes to {handler})")
    hole = row.ambiguity
    if hole is not None:
        _part(out, "see", hole.id, f"{hole.about}: {hole.kind.meaning}")
        _detail(out, "literal", hole.literal.says)
        _detail(out, "ours", hole.ours.says)
        _detail(out, "because", hole.because)
        for peer, does in hole.peers:
            _detail(out, peer, does)


def _part(out: Screen, label: str, name: str, meaning: str) -> None:
    gap = "  " if meaning else ""
    out.line((label.ljust(_LABEL), DIM), (name, NAME), gap, meaning, hang=_LABEL)


def _detail(out: Screen, label: str, text: str) -> None:
    if text:
        out.line((f"{label}: ", DIM), text, indent=_LABEL + 2, hang=2)


def _show_condition(out: Screen, condition: Condition, printed: PrintedReading) -> None:
    out.line((condition.name, NAME), f"  {condition.meaning}", indent=_LABEL, hang=2)
    spec = condition.spec
    match spec:
        case Defined():
            _detail(out, "is", spec.expr.read(printed))
        case Validity():
            for check in spec.checks:
                _detail(out, check.name, check.meaning)
        case Opaque():
            pass


def _show_effect(out: Screen, effect: Effect, printed: PrintedReading) -> None:
    spec = effect.spec
    _part(out, "do", effect.name, effect.meaning)
    _detail(out, "seen", _SEEN[spec.seen])
    for label, data in (("needs", spec.needs), ("writes", spec.writes), ("forgets", spec.forgets)):
        _detail(out, label, ", ".join(datum.name for datum in data))
    for variable, value in spec.sets.items():
        _detail(out, "sets", f"{variable.read(printed)} := {value.read(printed)}")


def _show_evidence(out: Screen, clauses: list[Clause], cases: tuple[str, ...]) -> None:
    out.line()
    out.line((f"Clauses that cite it ({len(clauses)})", HEAD))
    for clause in clauses:
        out.line((clause.id, NAME), f"  {clause.about}", indent=2, hang=2)
    out.line()
    out.line((f"Cases in which a target takes it ({len(cases)})", HEAD))
    for case in cases:
        out.whole("  ", (case, NAME))
