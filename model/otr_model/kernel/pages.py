"""The model as Markdown pages, for people who read protocols and not Python.

One page for each table, one each for the vocabulary, the variables, the ambiguities, the layouts
and the key schedules, and an index. The pages say in words what the tables say in names; a name in
code type leads to where it is defined.

Rows that differ in nothing but the state that they start from are one line of a page, a
`Transition`. Those that do something are numbered, and the state diagrams use the same numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import count, groupby
from typing import TYPE_CHECKING

from .composition import states_of
from .export import PrintedReading
from .expr import BoolVar, Choice, Comparison, Conjunction, IntArray, Number, Scope, Truth
from .guard import Connective, Guard
from .schedule import explained
from .vocabulary import Defined, Observer, Opaque, Origin, Validity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .ambiguity import Ambiguity, Reading
    from .composition import AnyRow, AnyTable, Composition, Family
    from .expr import Bool, Int, Variable
    from .layout import Field, Layout, Piece, TextFormat
    from .schedule import Schedule, Value
    from .table import Raise
    from .vocabulary import Check, Condition, Datum, Effect, Event
    from .words import Word

__all__ = ["Pictures", "Transition", "pages", "raisers", "transitions"]

EVERY_STATE = "any state"

_NOTICE = "<!-- Printed from the model. Change the model, and print it again. -->\n"


# --- Transitions ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Transition:
    """Rows of a table that differ only in the state that they start from.

    Attributes:
        number: of those that do something, from 1 in the order of the table; 0 for the others.
        rows: the rows, in the order of their states.
        goto: the state that all of them lead to; None: each stays where it is.
    """

    number: int
    rows: tuple[AnyRow, ...]
    goto: Word | None

    @property
    def row(self) -> AnyRow:
        """The first of the rows, which speaks for all but their states."""
        return self.rows[0]

    @property
    def states(self) -> tuple[Word, ...]:
        """The states that it starts from."""
        return tuple(row.at for row in self.rows)

    @property
    def ignores(self) -> bool:
        """Whether it changes nothing at all."""
        return self.goto is None and self.row.ignores

    def starts(self, table: AnyTable) -> str:
        """The states that it starts from, by name."""
        if len(self.rows) > 1 and len(self.rows) == len(states_of(table)):
            return EVERY_STATE
        return ", ".join(state.name for state in self.states)


def transitions(table: AnyTable) -> tuple[Transition, ...]:
    """The rows of a table, those that differ only in their state taken together.

    In the order of their events and first rows, and those that do something before the others.
    Every row is in exactly one of them.
    """
    alike: dict[tuple[object, ...], list[AnyRow]] = {}
    for row in table.rows:
        key = (row.on, row.section, row.when, row.do, row.raises, row.name, row.ambiguity)
        alike.setdefault(key, []).append(row)
    found = [each for rows in alike.values() for each in _divided(rows)]
    place = {row.id: number for number, row in enumerate(table.rows)}
    events = {event: number for number, event in enumerate(table.events)}
    found.sort(
        key=lambda each: (events[each.row.on], each.ignores, place[each.row.id]),
    )
    numbers = count(1)
    return tuple(each if each.ignores else replace(each, number=next(numbers)) for each in found)


def _divided(rows: Sequence[AnyRow]) -> Iterator[Transition]:
    """Rows that do the same, by where they lead: to one state, or nowhere."""
    targets = tuple(dict.fromkeys(row.goto for row in rows if row.goto is not row.at))
    alone = len(targets) == 1
    for target in targets:
        mine = [row for row in rows if row.goto is target and (alone or row.at is not target)]
        yield Transition(0, tuple(mine), target)
    left = [row for row in rows if row.goto is row.at and not (alone and row.at is targets[0])]
    if left:
        yield Transition(0, tuple(left), None)


def raisers(composition: Composition) -> dict[Event, tuple[AnyTable, ...]]:
    """The tables whose rows raise each event."""
    found: dict[Event, dict[str, AnyTable]] = {event: {} for event in composition.events}
    for table in composition.tables:
        for row in table.rows:
            for raised in row.raises:
                found[raised.event][table.name] = table
    return {event: tuple(tables.values()) for event, tables in found.items()}


# --- Markdown ---------------------------------------------------------------------------------

_SPECIAL = re.compile(r"[\\`*\[\]|]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_ANGLES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def _escaped(text: str) -> str:
    """A text that Markdown shows as it is, also inside a table."""
    quoted = _SPECIAL.sub(lambda found: "\\" + found[0], text)
    return "".join(_ANGLES.get(character, character) for character in quoted)


def _code(text: str) -> str:
    """A text in code type, inside a table too."""
    return f"`{text}`".replace("|", "\\|") if text else ""


def _sentence(text: str) -> str:
    """A text as a sentence of its own."""
    start = text[:1].upper() + text[1:]
    return _escaped(start if start.endswith((".", "!", "?")) else start + ".")


def _grid(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table; a column that is empty throughout is left out."""
    lines = [list(row) for row in rows]
    kept = [column for column in range(len(heads)) if any(line[column] for line in lines)]
    return [
        "| " + " | ".join(heads[column] for column in kept) + " |",
        "|" + "---|" * len(kept),
        *("| " + " | ".join(line[column] for column in kept) + " |" for line in lines),
        "",
    ]


def _stacked(parts: Iterable[str]) -> str:
    """Parts one above the other in one cell."""
    return "<br>".join(parts)


def _anchor(name: str) -> str:
    """The anchor that a heading with this name gets."""
    return name.lower().replace(" ", "-")


# --- The pages --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pictures:
    """Where pictures are.

    Attributes:
        folder: seen from the pages.
        conversations: pictures of conversations, by name, with their titles.
    """

    folder: str
    conversations: Mapping[str, str] = field(default_factory=dict)


def pages(
    composition: Composition,
    layouts: Sequence[Layout] = (),
    texts: Sequence[TextFormat] = (),
    schedules: Sequence[Schedule] = (),
    pictures: Pictures | None = None,
) -> dict[str, str]:
    """Every page of a protocol: the name of its file, and its text.

    Args:
        composition: the protocol's tables and vocabularies.
        layouts: its messages in bytes.
        texts: its messages in characters.
        schedules: its key schedules.
        pictures: where the pictures are; None: there are none.
    """
    book = _Book(composition, pictures)
    more: list[tuple[str, str]] = []
    if layouts or texts:
        more.append(("layouts.md", "which bytes and characters messages are made of"))
    if schedules:
        more.append(("schedules.md", "which keys are computed from what"))
    made = {"README.md": [*book.index(more), *book.conversations()]}
    for table in composition.tables:
        made[f"{table.machine}.md"] = book.table(table)
    made["vocabulary.md"] = book.vocabulary()
    made["variables.md"] = book.variables()
    made["ambiguities.md"] = book.ambiguities()
    if layouts or texts:
        made["layouts.md"] = book.layouts(layouts, texts)
    if schedules:
        made["schedules.md"] = book.schedules(schedules)
    return {name: "\n".join((_NOTICE, *lines)).rstrip() + "\n" for name, lines in made.items()}


class _Book:
    """Writes the pages of one protocol."""

    def __init__(self, composition: Composition, pictures: Pictures | None) -> None:
        self.composition = composition
        self.pictures = pictures
        self.printed = PrintedReading(composition)
        self.raisers = raisers(composition)
        self.parameters = {parameter.name for parameter in composition.parameters}

    # Pieces that several pages share.

    def picture(self, name: str, says: str) -> list[str]:
        if self.pictures is None:
            return []
        return [f"![{_escaped(says)}]({self.pictures.folder}/{name}.svg)", ""]

    def source(self, event: Event) -> str:
        """Where an event comes from, in a few words."""
        match event.origin:
            case Origin.RECEIVED:
                return "comes from the network"
            case Origin.USER:
                return "comes from the user"
            case Origin.RAISED:
                names = [f"[{t.machine}]({t.machine}.md)" for t in self.raisers[event]]
                return "is raised by " + " and ".join(names)

    def event(self, event: Event) -> str:
        """An event's name, leading to its rows."""
        machine = self.composition.handler[event].machine
        return f"[{_code(event.name)}]({machine}.md#{_anchor(event.name)})"

    def raised(self, raised: Raise[Event]) -> str:
        if raised.to is None:
            return self.event(raised.event) + raised.whom("")
        handler = self.composition.handler[raised.event].name
        family = self.composition.family_of(handler) or self.composition.family
        if family is self.composition.family and raised.to == Number(0):
            return f"{self.event(raised.event)} for the master {family.name}"
        key = _code(raised.to.read(self.printed))
        return f"{self.event(raised.event)} for {family.name} {key}"

    def words(self, guard: Guard) -> list[str]:
        """A guard in words, one line for each thing that must hold."""
        match guard.connective:
            case Connective.ALWAYS:
                return [""]
            case Connective.ATOM:
                return [self.asked(guard)]
            case Connective.NOT:
                inner = guard.parts[0]
                if inner.connective is Connective.OR:
                    return ["**none of:** " + "; ".join(self.phrases(inner))]
                return ["**not:** " + "; and ".join(self.words(inner))]
            case Connective.AND:
                return [line for part in guard.parts for line in self.words(part)]
            case Connective.OR:
                return ["**either** " + "; **or** ".join(self.phrases(guard))]

    def phrases(self, guard: Guard) -> list[str]:
        """The alternatives of a disjunction, each on its own."""
        if guard.connective is Connective.OR:
            return [phrase for part in guard.parts for phrase in self.phrases(part)]
        return [", and ".join(self.words(guard))]

    def asked(self, guard: Guard) -> str:
        (condition,) = guard.atoms()
        return f"{_escaped(condition.meaning)} {_linked('asks', condition)}"

    def when(self, row: AnyRow) -> str:
        if row.name == "otherwise":
            return "otherwise"
        return _stacked(self.words(row.when))

    def family(self, family: Family) -> str:
        """What a family is, in a paragraph."""
        always = family.retires == Truth(value=True)
        which = "" if always else f"for which {_code(family.retires.read(self.printed))} "
        gone = (
            ""
            if family.vanishes is None
            else f" One for which {_code(family.vanishes.read(self.printed))} is gone at once."
        )
        return (
            f"There is one {family.name} for each key, which is {_escaped(family.about)}. It "
            "consists of "
            + ", ".join(f"[{name.rpartition('.')[2]}]" for name in family.tables)
            + f". At most {_code(family.limit)} are kept; to make room, the oldest {which}is given "
            f"up.{gone}"
        )

    # The index.

    def index(self, others: Sequence[tuple[str, str]]) -> list[str]:
        composition = self.composition
        counted = sum(len(table.rows) for table in composition.tables)
        more = [
            ("vocabulary.md", "what the words of the rows mean"),
            ("variables.md", "values that are compared and counted, and figures that are fixed"),
            ("ambiguities.md", "where the text needed a decision, and which was taken"),
            *others,
        ]
        return [
            f"# {composition.name}",
            "",
            _escaped(composition.about),
            "",
            (
                "These pages are printed from the tables that the reference runs; nobody edits "
                "them. [model.json](model.json) says the same to programs."
            ),
            "",
            *self.picture("machines", "The machines and the events between them"),
            "## Machines",
            "",
            (
                f"{len(composition.tables)} tables, {counted} rows. A row is one transition: in a "
                "state, on an event, when a guard holds, do effects, go to a state, raise "
                "events. Rows of one state and one event are disjoint, and one of them always "
                "holds."
            ),
            "",
            *_grid(
                ("machine", "decides", "states", "rows", "of these, ignore"),
                (
                    (
                        f"[{table.machine}]({table.machine}.md)",
                        _escaped(table.about),
                        str(len(states_of(table))),
                        str(len(table.rows)),
                        str(sum(row.ignores for row in table.rows)),
                    )
                    for table in composition.tables
                ),
            ),
            *(line for family in composition.families for line in (self.family(family), "")),
            *(f"[{t.machine}]: {t.machine}.md" for t in composition.tables),
            "",
            "## Events",
            "",
            *_grid(
                ("event", "meaning", "comes from", "handled by"),
                (
                    (
                        self.event(event),
                        _escaped(event.meaning),
                        self.source(event)
                        .removeprefix("comes from ")
                        .removeprefix("is raised by "),
                        self.composition.handler[event].machine,
                    )
                    for event in composition.events
                ),
            ),
            "## More",
            "",
            *(f"- [{name.removesuffix('.md')}]({name}): {about}" for name, about in more),
            "",
        ]

    def conversations(self) -> list[str]:
        """Pictures of conversations, one after the other."""
        titles = {} if self.pictures is None else self.pictures.conversations
        lines: list[str] = []
        if titles:
            lines = [
                "## Conversations",
                "",
                "Recorded from the reference, as it ran the tables.",
                "",
            ]
        for name, title in titles.items():
            lines += [f"### {_escaped(title)}", "", *self.picture(name, title)]
        return lines

    # A table.

    def table(self, table: AnyTable) -> list[str]:
        found = transitions(table)
        lines = [
            f"# {table.name}",
            "",
            _escaped(table.about),
            "",
            *self.picture(f"state-{table.machine}", f"State diagram of {table.machine}"),
            *self.states(table),
            *self.matrix(table, found),
        ]
        for event in table.events:
            lines += self.event_rows(table, event, [t for t in found if t.row.on is event])
        return [*lines, *_row_ids(found)]

    def states(self, table: AnyTable) -> list[str]:
        if len(states_of(table)) == 1:
            return ["It has one state: what it does hangs on its events and conditions alone.", ""]
        return [
            "## States",
            "",
            *_grid(
                ("state", "meaning"),
                (
                    (
                        _code(state.name) + (" (initial)" if state is table.initial else ""),
                        _escaped(state.meaning),
                    )
                    for state in table.states
                ),
            ),
        ]

    def matrix(self, table: AnyTable, found: Sequence[Transition]) -> list[str]:
        """States by events, with the numbers of the rows below."""
        if len(states_of(table)) == 1:
            return []

        def outcome(transition: Transition, state: Word) -> str:
            if transition.goto is None or transition.goto is state:
                return str(transition.number)
            return f"{transition.number}&nbsp;→&nbsp;{transition.goto.name}"

        def cell(state: Word, event: Event) -> str:
            here = [t for t in found if t.row.on is event and state in t.states]
            return _stacked(outcome(t, state) for t in here if not t.ignores) or "ignored"

        return [
            "## At a glance",
            "",
            (
                "A number is a row below, with the state that it leads to where that is another "
                "one. Cases that no number covers are ignored."
            ),
            "",
            *_grid(
                ("event", *(state.name for state in table.states)),
                (
                    (self.event(event), *(cell(state, event) for state in table.states))
                    for event in table.events
                ),
            ),
        ]

    def event_rows(self, table: AnyTable, event: Event, found: Sequence[Transition]) -> list[str]:
        lines = [
            f"## {event.name}",
            "",
            f"{_sentence(event.meaning)} The event {self.source(event)}.",
            "",
        ]
        for section, mine in groupby(found, key=lambda transition: transition.row.section):
            lines += [
                f"Specification: “{_escaped(section)}”.",
                "",
                *_grid(
                    ("row", "in", "when", "does", "goes to", "raises", "see"),
                    (self.line(table, transition) for transition in mine),
                ),
            ]
        return lines

    def line(self, table: AnyTable, transition: Transition) -> tuple[str, ...]:
        row = transition.row
        does = [f"{_escaped(effect.meaning)} {_linked('does', effect)}" for effect in row.do]
        return (
            str(transition.number or ""),
            "" if len(states_of(table)) == 1 else transition.starts(table),
            self.when(row),
            _stacked(does) if does or not transition.ignores else "ignored",
            self.leads(table, transition),
            _stacked(self.raised(raised) for raised in row.raises),
            "" if row.ambiguity is None else _hole(row.ambiguity),
        )

    def leads(self, table: AnyTable, transition: Transition) -> str:
        if transition.goto is not None:
            return transition.goto.name
        return "" if transition.ignores or len(states_of(table)) == 1 else "stays"

    # Vocabulary.

    def vocabulary(self) -> list[str]:
        return [
            f"# {self.composition.name}: vocabulary",
            "",
            (
                "What rows ask and do. Conditions and checks on declared variables have a "
                "definition; the others are questions that only cryptography or decoding can "
                "answer. Fields of the message at hand are written `msg.`; the rest is on the "
                "page on [variables](variables.md)."
            ),
            "",
            "## Conditions",
            "",
            *_grid(
                ("condition", "holds when", "definition"),
                (
                    (_target("asks", each), _escaped(each.meaning), self.definition(each))
                    for each in self.composition.conditions
                ),
            ),
            *self.exclusives(),
            "## Checks",
            "",
            (
                "A valid message passes the checks of its condition in this order; the first "
                "that fails is the reason for its rejection. One that is part of taking the "
                "message apart cannot be left out by anybody."
            ),
            "",
            *self.checks(),
            "## Effects",
            "",
            (
                "An effect whose data are missing is never performed. Variables are set first, "
                "all at once and from the values before; then the effect computes, sends or "
                "shows something; then it forgets."
            ),
            "",
            *_grid(
                ("effect", "does", "seen by", "needs", "writes", "forgets", "sets"),
                (self.effect(effect) for effect in self.composition.effects),
            ),
            "## Data",
            "",
            "Values that rows never look inside.",
            "",
            *_grid(
                ("datum", "what it is", "secret", "kept for"),
                (
                    (
                        _target("data", datum),
                        _escaped(datum.meaning),
                        "secret" if datum.spec.secret else "",
                        _escaped(datum.spec.scope.meaning),
                    )
                    for datum in self.composition.data
                ),
            ),
        ]

    def definition(self, condition: Condition) -> str:
        spec = condition.spec
        match spec:
            case Opaque():
                of_message = spec.scope is Scope.MESSAGE
                return f"asked of the message{'' if of_message else ' and the session'}"
            case Defined():
                return _code(spec.expr.read(self.printed))
            case Validity():
                return _stacked(_linked("check", check) for check in spec.checks)

    def exclusives(self) -> list[str]:
        lines: list[str] = []
        for group in self.composition.exclusives:
            how = "Exactly one" if group.complete else "At most one"
            names = ", ".join(_code(condition.name) for condition in group.conditions)
            lines += [f"{how} of these holds: {names}.", ""]
        return lines

    def checks(self) -> list[str]:
        lines: list[str] = []
        for condition in self.composition.conditions:
            spec = condition.spec
            if isinstance(spec, Validity):
                lines += [
                    f"### {condition.name}",
                    "",
                    *_grid(
                        ("check", "what must hold", "definition", "rejected at", ""),
                        (self.check(check) for check in spec.checks),
                    ),
                ]
        return lines

    def check(self, check: Check) -> tuple[str, ...]:
        spec = check.spec
        return (
            _target("check", check),
            _escaped(check.meaning),
            "" if spec.expr is None else _code(spec.expr.read(self.printed)),
            _escaped(spec.point.meaning),
            "taking apart" if spec.structural else "",
        )

    def effect(self, effect: Effect) -> tuple[str, ...]:
        spec = effect.spec
        seen = {Observer.NOBODY: "", Observer.WIRE: "network", Observer.USER: "user"}
        return (
            _target("does", effect),
            _escaped(effect.meaning),
            seen[spec.seen],
            _data(spec.needs),
            _data(spec.writes),
            _data(spec.forgets),
            _stacked(_code(update) for update in self.updates(spec.sets)),
        )

    def updates(self, sets: Mapping[Variable, Int | Bool]) -> Iterator[str]:
        """What an effect sets; an array that is set as a whole is one update."""
        wholes: dict[Variable, str] = {}
        for array in self.composition.variables:
            if isinstance(array, IntArray):
                whole = self.whole(array, sets)
                wholes.update({cell: whole for _, cell in array.cells() if whole})
        told: set[str] = set()
        for variable, value in sets.items():
            whole = wholes.get(variable, "")
            if not whole:
                yield f"{variable.read(self.printed)} := {value.read(self.printed)}"
            elif whole not in told:
                told.add(whole)
                yield whole

    def whole(self, array: IntArray, sets: Mapping[Variable, Int | Bool]) -> str:
        """The one update that sets every element of an array; "" if it takes several."""
        cells = list(array.cells())
        if any(cell not in sets for _, cell in cells):
            return ""
        first = sets[cells[0][1]]
        if isinstance(first, Choice) and isinstance(first.when, Conjunction):
            compared = [part for part in first.when.parts if isinstance(part, Comparison)]
            at = tuple(part.left for part in compared)
            if len(at) == len(array.shape) and {
                cell: sets[cell] for _, cell in cells
            } == array.storing(at, first.then):
                where = self.printed.element(array, tuple(each.read(self.printed) for each in at))
                return f"{where} := {first.then.read(self.printed)}"
        if isinstance(first, Number) and all(sets[cell] == first for _, cell in cells):
            return f"every {array.name}[...] := {first.read(self.printed)}"
        return ""

    # Variables.

    def variables(self) -> list[str]:
        lines = [
            f"# {self.composition.name}: variables and parameters",
            "",
            (
                "What is compared and counted is declared here; what is encrypted, hashed or "
                "signed is [data](vocabulary.md#data)."
            ),
            "",
        ]
        by_scope = {variable.scope: None for variable in self.composition.variables}
        for scope in by_scope:
            lines += [
                f"## Of {_escaped(scope.meaning)}",
                "",
                *_grid(
                    ("variable", "meaning", "type", "at first"),
                    (
                        self.variable(each)
                        for each in self.composition.variables
                        if each.scope is scope
                    ),
                ),
            ]
        return [
            *lines,
            "## Parameters",
            "",
            *_grid(
                ("parameter", "meaning", "value", "specification"),
                (
                    (
                        _code(parameter.name),
                        _escaped(parameter.about),
                        self.printed.number(parameter.value),
                        f"“{_escaped(parameter.section)}”" if parameter.section else "ours",
                    )
                    for parameter in self.composition.parameters
                ),
            ),
            *self.assumed(),
        ]

    def assumed(self) -> list[str]:
        """What the tables take for granted."""
        assumptions = self.composition.assumptions
        if not assumptions:
            return []
        lines = ["## Taken for granted", "", "Whoever runs the tables must see to this.", ""]
        for assumption in assumptions:
            holds = assumption.holds
            text = holds.text if isinstance(holds, Guard) else holds.read(self.printed)
            lines.append(f"- {_sentence(assumption.about)} {_code(text)}")
        return [*lines, ""]

    def variable(self, variable: Variable | IntArray) -> tuple[str, ...]:
        if isinstance(variable, IntArray):
            shape = " by ".join(map(str, variable.shape))
            return (_code(variable.name), _escaped(variable.about), f"{shape} integers", "0")
        if isinstance(variable, BoolVar):
            kind, initial = "yes or no", "yes" if variable.initial else "no"
        else:
            kind, initial = "integer", str(variable.initial)
        given = variable.scope in {Scope.MESSAGE, Scope.ENDPOINT}
        return (_code(variable.name), _escaped(variable.about), kind, "" if given else initial)

    # Ambiguities.

    def ambiguities(self) -> list[str]:
        lines = [
            f"# {self.composition.name}: ambiguities",
            "",
            (
                "Where the specification is silent, contradicts itself, or does harm when "
                "followed to the letter. Each has the reading nearest to the letter, and the one "
                "that runs here."
            ),
            "",
        ]
        for hole in self.composition.ambiguities:
            rows = [row for row in self.composition.rows() if row.ambiguity == hole]
            lines += [
                f"## {_short(hole)}",
                "",
                f"**{_sentence(hole.about).removesuffix('.')}:** {_escaped(hole.kind.meaning)}.",
                "",
                *_grid(
                    ("", "reading", "specification"),
                    (
                        ("to the letter", *_reading(hole.literal)),
                        ("**ours**", *_reading(hole.ours)),
                    ),
                ),
                f"Why: {_sentence(hole.because)}",
                "",
                *_peers(hole),
                *self.concerned(rows),
            ]
        return lines

    def concerned(self, rows: Sequence[AnyRow]) -> list[str]:
        """The events whose rows an ambiguity is attached to."""
        events = dict.fromkeys(row.on for row in rows)
        if not events:
            return ["No row carries it.", ""]
        return ["Rows: " + ", ".join(self.event(event) for event in events) + ".", ""]

    # Layouts.

    def layouts(self, layouts: Sequence[Layout], texts: Sequence[TextFormat]) -> list[str]:
        lines = [
            f"# {self.composition.name}: layouts",
            "",
            (
                "Offsets and sizes are in bytes. A size with “+” is that of the length in front "
                "and of what follows it."
            ),
            "",
            "## In bytes",
            "",
        ]
        for layout in layouts:
            lines += [
                f"### {_escaped(layout.title)}",
                "",
                (
                    f'<a id="{layout.name}"></a>{_sentence(layout.about)} '
                    "Specification: "
                    f"“{_escaped(layout.section)}”.{_versions(layout.versions, 'Version')}"
                ),
                "",
                *self.picture(f"layout-{layout.name}", f"Layout of {layout.title}"),
                *_grid(
                    ("field", "type", "size", "holds", ""),
                    (_field(layout, field) for field in layout.fields),
                ),
            ]
        lines += ["## In characters", ""]
        for text in texts:
            lines += [
                f"### {_escaped(text.title)}",
                "",
                (
                    f"{_sentence(text.about)} Specification: “{_escaped(text.section)}”."
                    f"{_versions(text.versions, 'Version')}"
                ),
                "",
                *self.picture(f"text-{text.name}", f"Form of {text.title}"),
                *_grid(
                    ("piece", "form", "in front", "behind", "holds", ""),
                    (_piece(piece) for piece in text.pieces),
                ),
            ]
        return lines

    # Key schedules.

    def schedules(self, schedules: Sequence[Schedule]) -> list[str]:
        lines = [f"# {self.composition.name}: key schedules", "", "Sizes are in bytes.", ""]
        for sentence in explained(schedules):
            lines += [_escaped(sentence), ""]
        for schedule in schedules:
            places = dict(schedule.replaces)
            sections = ", ".join(f"“{_escaped(section)}”" for section in schedule.sections)
            lines += [
                f"## {_escaped(schedule.title)}",
                "",
                f"Computed {_escaped(schedule.about)}. Specification: {sections}.",
                "",
                *self.picture(f"schedule-{schedule.name}", f"Key schedule: {schedule.title}"),
                *_grid(
                    ("value", "meaning", "computed as", "size", "", "see"),
                    (
                        (
                            f"**{_escaped(value.title)}**",
                            _escaped(value.about),
                            _escaped(value.made.text) or "given",
                            "" if value.made.size is None else str(value.made.size),
                            _kept(schedule, value, places.get(value)),
                            "" if value.ambiguity is None else _hole(value.ambiguity),
                        )
                        for value in schedule.values
                    ),
                ),
            ]
        return lines


# --- Small pieces -----------------------------------------------------------------------------


def _kept(schedule: Schedule, value: Value, replaced: Value | None) -> str:
    """Whether a value is kept, and in whose place."""
    if replaced is not None:
        return f"kept, in the place of the given {_escaped(replaced.title)}"
    return "kept" if value in schedule.results else ""


def _linked(kind: str, word: Word) -> str:
    """A word's name, leading to its definition."""
    return f"[{_code(word.name)}](vocabulary.md#{kind}-{word.label})"


def _target(kind: str, word: Word) -> str:
    """A word's name where it is defined."""
    return f'<a id="{kind}-{word.label}"></a>{_code(word.name)}'


def _data(data: Sequence[Datum]) -> str:
    return _stacked(_linked("data", datum) for datum in data)


def _short(hole: Ambiguity) -> str:
    return hole.id.rpartition(":")[2]


def _hole(hole: Ambiguity) -> str:
    return f"[{_short(hole)}](ambiguities.md#{_anchor(_short(hole))})"


def _reading(reading: Reading) -> tuple[str, str]:
    return _escaped(reading.says), f"“{_escaped(reading.where)}”" if reading.where else ""


def _peers(hole: Ambiguity) -> list[str]:
    """What implementations do."""
    does = {"ours": "reads it as we do", "literal": "follows the letter"}
    known = [f"- {_escaped(name)} {_escaped(does.get(what, what))}." for name, what in hole.peers]
    return [*known, ""] if known else []


def _row_ids(found: Sequence[Transition]) -> list[str]:
    """The public ids behind the lines of a page, for whoever looks up a trace."""
    return [
        "## Ids",
        "",
        "The public ids of the rows, as they stand in traces and verdicts.",
        "",
        *_grid(
            ("row", "ids"),
            (
                (str(each.number or "ignored"), _stacked(_code(row.id) for row in each.rows))
                for each in found
            ),
        ),
    ]


def _versions(versions: Sequence[int], word: str) -> str:
    plural = "s" if len(versions) > 1 else ""
    return f" {word}{plural} {' and '.join(map(str, versions))}." if versions else ""


def _field(layout: Layout, field: Field) -> tuple[str, ...]:
    inside = field.inside
    notes = [
        f"always {field.value:#04x}" if field.value is not None else "",
        _versions(field.versions, "only in version").strip(" ."),
        "may be missing, with all that follows" if field.optional else "",
        _escaped(f"made with {field.key}") if field.key and field.covers else "",
        _escaped(f"encrypted with {field.key}") if field.key and not field.covers else "",
        "" if inside is None else f"inside: [{_escaped(inside.title)}](#{inside.name})",
        *(
            f"[{_escaped(each.layout.title)}](#{each.layout.name})"
            + ("" if each.required else ", which may be left out")
            for each in field.options
        ),
        _covers(layout, field),
    ]
    size = "varies" if field.exact is None else str(field.exact - field.prefix)
    return (
        f"**{_escaped(field.title)}**",
        field.type.name,
        f"{field.prefix} + {size}" if field.prefix else size,
        _escaped(field.about),
        _stacked(note for note in notes if note),
    )


def _covers(layout: Layout, field: Field) -> str:
    if field.covers is None:
        return ""
    titles = {each.name: each.title for each in layout.fields}
    first, last = (titles[name] for name in field.covers)
    return _escaped(f"over {first}" if first == last else f"over {first} to {last}")


def _piece(piece: Piece) -> tuple[str, ...]:
    notes = [
        "may be missing" if piece.optional else "",
        f"at most {piece.digits} digits, at most {piece.most}" if piece.digits else "",
        f"at least {piece.least} byte" if piece.least else "",
        *(f"version {version}: {_code(_visible(mark))}" for version, mark in piece.marks),
    ]
    return (
        f"**{_escaped(piece.title)}**",
        _escaped(piece.form.meaning),
        _code(_visible(piece.start)),
        _code(_visible(piece.end)),
        _escaped(piece.about),
        _stacked(note for note in notes if note),
    )


def _visible(text: bytes) -> str:
    """Characters as they are, or in hexadecimal where nobody could see them."""
    return text.decode("ascii") if text.strip() or not text else text.hex(" ")
