"""The model as JSON, for readers that are not written in Python.

`export` gives a composition, with its layouts and key schedules, as plain values; `canonical` gives
those as text; `schema` says what the text may look like, and what each of its words means. Order is
that of declaration throughout, so that a difference in the text is a difference in the protocol.

Control expressions and guards stand there twice: as a tree, for programs, and as a text, for
people. A tree is an object whose `op` says what else is in it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

from . import ambiguity, layout
from .expr import BoolVar, Compare, IntArray, IntVar, Reading, Scope
from .guard import Connective, Guard
from .readings import PageReading
from .vocabulary import Defined, Observer, Opaque, Origin, Point, Validity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .ambiguity import Ambiguity
    from .composition import AnyRow, AnyTable, Assumption, Composition, Family, Parameter
    from .expr import Bool, Int, Variable
    from .guard import Exclusive
    from .layout import Layout, TextFormat
    from .schedule import Schedule
    from .vocabulary import Check, Condition, Datum, Effect, Event
    from .words import Word

__all__ = [
    "FORMAT",
    "Json",
    "PrintedReading",
    "TreeReading",
    "canonical",
    "export",
    "guard_tree",
    "handlers",
    "schema",
]

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json]"
Object: TypeAlias = dict[str, Json]

FORMAT = 1
"""Raised when a reader of the JSON would have to change."""

WIDTH = 100
"""Columns within which a value is written on one line."""


# --- Expressions ------------------------------------------------------------------------------


class TreeReading(Reading[Object, Object]):
    """An expression as a tree of objects, told apart by `op`."""

    def number(self, value: int) -> Object:
        """A constant."""
        return {"op": "number", "value": value}

    def integer(self, variable: IntVar) -> Object:
        """A variable, by its name."""
        return {"op": "variable", "name": variable.name}

    def element(self, array: IntArray, at: tuple[Object, ...]) -> Object:
        """An element of an array; outside its shape the value is 0."""
        return {"op": "element", "array": array.name, "at": list(at)}

    def plus(self, left: Object, right: Object) -> Object:
        """A sum."""
        return {"op": "+", "left": left, "right": right}

    def minus(self, left: Object, right: Object) -> Object:
        """A difference."""
        return {"op": "-", "left": left, "right": right}

    def remainder(self, left: Object, divisor: int) -> Object:
        """A remainder."""
        return {"op": "mod", "left": left, "divisor": divisor}

    def choose(self, when: Object, then: Object, otherwise: Object) -> Object:
        """One of two."""
        return {"op": "if", "when": when, "then": then, "otherwise": otherwise}

    def truth(self, value: bool) -> Object:  # noqa: FBT001 - see Reading.truth
        """A truth constant."""
        return {"op": "truth", "value": value}

    def flag(self, variable: BoolVar) -> Object:
        """A variable, by its name."""
        return {"op": "variable", "name": variable.name}

    def compare(self, how: Compare, left: Object, right: Object) -> Object:
        """A comparison, in the signs that programming languages share."""
        sign = {Compare.EQUAL: "==", Compare.LESS: "<", Compare.AT_MOST: "<="}[how]
        return {"op": sign, "left": left, "right": right}

    def negation(self, part: Object) -> Object:
        """Not."""
        return {"op": "not", "part": part}

    def conjunction(self, parts: tuple[Object, ...]) -> Object:
        """All of the parts."""
        return {"op": "and", "parts": list(parts)}

    def disjunction(self, parts: tuple[Object, ...]) -> Object:
        """At least one of the parts."""
        return {"op": "or", "parts": list(parts)}

    def in_state(self, machine: str, states: tuple[Word, ...], owner: str) -> Object:
        """A machine, by its name, and states of it."""
        return {
            "op": "in-state",
            "machine": machine,
            "states": [state.name for state in states],
            "owner": owner,
        }


class PrintedReading(PageReading):
    """An expression for a page; elements of arrays are written as such, not as flat variables."""

    def __init__(self, composition: Composition) -> None:
        self._cells = {
            cell.name: f"{array.name}[{', '.join(map(str, at))}]"
            for array in composition.variables
            if isinstance(array, IntArray)
            for at, cell in array.cells()
        }

    def integer(self, variable: IntVar) -> str:
        """The name, or the array and the index."""
        return self._cells.get(variable.name) or super().integer(variable)


TREE = TreeReading()


def guard_tree(guard: Guard) -> Object:
    """A guard as a tree; nested conjunctions are one conjunction, and so are disjunctions."""
    match guard.connective:
        case Connective.ALWAYS:
            return {"op": "always"}
        case Connective.ATOM:
            return {"op": "condition", "name": guard.text}
        case Connective.NOT:
            return {"op": "not", "part": guard_tree(guard.parts[0])}
        case Connective.AND:
            return {"op": "and", "parts": [guard_tree(part) for part in _flat(guard)]}
        case Connective.OR:
            return {"op": "or", "parts": [guard_tree(part) for part in _flat(guard)]}


def _flat(guard: Guard) -> tuple[Guard, ...]:
    """The parts of a conjunction or disjunction, and of those of the same kind among them."""
    found: list[Guard] = []
    for part in guard.parts:
        found.extend(_flat(part) if part.connective is guard.connective else (part,))
    return tuple(found)


# --- A composition ----------------------------------------------------------------------------


def export(
    composition: Composition,
    layouts: Iterable[Layout] = (),
    texts: Iterable[TextFormat] = (),
    schedules: Iterable[Schedule] = (),
) -> Object:
    """A protocol as plain values that JSON can say; `schema` describes them.

    Args:
        composition: its tables and vocabularies.
        layouts: its messages in bytes.
        texts: its messages in characters.
        schedules: its key schedules.
    """
    return _Exporter(composition).document(layouts, texts, schedules)


class _Exporter:
    """Writes one composition."""

    def __init__(self, composition: Composition) -> None:
        self.composition = composition
        self.handlers = handlers(composition)
        self.printed = PrintedReading(composition)

    def document(
        self,
        layouts: Iterable[Layout],
        texts: Iterable[TextFormat],
        schedules: Iterable[Schedule],
    ) -> Object:
        composition = self.composition
        return {
            "format": FORMAT,
            "name": composition.name,
            "about": composition.about,
            "tables": [self.table(table) for table in composition.tables],
            "family": self.family(composition.family),
            **(
                {"further": [self.family(family) for family in composition.further]}
                if composition.further
                else {}
            ),
            "events": [self.event(event) for event in composition.events],
            "conditions": [self.condition(condition) for condition in composition.conditions],
            "checks": [self.check(check) for check in composition.checks],
            "effects": [self.effect(effect) for effect in composition.effects],
            "data": [_datum(datum) for datum in composition.data],
            "variables": [_variable(variable) for variable in composition.variables],
            "parameters": [_parameter(parameter) for parameter in composition.parameters],
            "exclusives": [_exclusive(group) for group in composition.exclusives],
            "ambiguities": [_ambiguity(hole) for hole in composition.ambiguities],
            "assumptions": [self.assumption(each) for each in composition.assumptions],
            "layouts": [_plain(each.document()) for each in layouts],
            "texts": [_plain(each.document()) for each in texts],
            "schedules": [_plain(each.document()) for each in schedules],
        }

    def expression(self, value: Int | Bool) -> Object:
        """Both readings of an expression."""
        return {"tree": value.read(TREE), "text": value.read(self.printed)}

    def table(self, table: AnyTable) -> Object:
        return {
            "name": table.name,
            "machine": table.machine,
            "about": table.about,
            "states": [
                {"name": state.name, "label": state.label, "about": state.meaning}
                for state in table.states
            ],
            "initial": table.initial.name,
            "events": [event.name for event in table.events],
            "rows": [self.row(row) for row in table.rows],
        }

    def row(self, row: AnyRow) -> Object:
        document: Object = {
            "id": row.id,
            "at": row.at.name,
            "on": row.on.name,
            "when": _guard(row.when),
            "do": [effect.name for effect in row.do],
            "goto": row.goto.name,
            "raises": [
                {"event": raised.event.name}
                | ({} if raised.to is None else {"to": self.expression(raised.to)})
                | ({"every": True} if raised.every else {})
                for raised in row.raises
            ],
            "section": row.section,
        }
        if row.ambiguity is not None:
            document["ambiguity"] = row.ambiguity.id
        return document

    def family(self, family: Family) -> Object:
        return {
            "name": family.name,
            "about": family.about,
            "tables": list(family.tables),
            "limit": family.limit,
            "retires": self.expression(family.retires),
            **({} if family.vanishes is None else {"vanishes": self.expression(family.vanishes)}),
        }

    def event(self, event: Event) -> Object:
        return {
            **_word(event),
            "origin": event.origin.label,
            "handler": self.handlers[event],
        }

    def condition(self, condition: Condition) -> Object:
        spec = condition.spec
        match spec:
            case Opaque():
                return {**_word(condition), "kind": "opaque", "scope": spec.scope.label}
            case Defined():
                definition = self.expression(spec.expr)
                return {**_word(condition), "kind": "defined", "definition": definition}
            case Validity():
                checks: list[Json] = [check.name for check in spec.checks]
                return {**_word(condition), "kind": "validity", "checks": checks}

    def check(self, check: Check) -> Object:
        spec = check.spec
        document: Object = {
            **_word(check),
            "point": spec.point.label,
            "structural": spec.structural,
        }
        if spec.expr is not None:
            document["definition"] = self.expression(spec.expr)
        return document

    def effect(self, effect: Effect) -> Object:
        spec = effect.spec
        return {
            **_word(effect),
            "needs": _names(spec.needs),
            "writes": _names(spec.writes),
            "forgets": _names(spec.forgets),
            "sets": [
                {"variable": variable.name, "to": self.expression(value)}
                for variable, value in spec.sets.items()
            ],
            "seen": spec.seen.label,
        }

    def assumption(self, assumption: Assumption) -> Object:
        holds = assumption.holds
        if isinstance(holds, Guard):
            return {"about": assumption.about, "conditions": _guard(holds)}
        return {"about": assumption.about, "variables": self.expression(holds)}


def handlers(composition: Composition) -> dict[Event, str]:
    """The name of the table that handles each event."""
    return {event: table.name for event, table in composition.handler.items()}


def _guard(guard: Guard) -> Object:
    """Both readings of a guard."""
    return {"tree": guard_tree(guard), "text": guard.text}


def _names(words: Sequence[Word]) -> list[Json]:
    return [word.name for word in words]


def _word(word: Word) -> Object:
    return {"name": word.name, "label": word.label, "about": word.meaning}


def _datum(datum: Datum) -> Object:
    return {**_word(datum), "scope": datum.spec.scope.label, "secret": datum.spec.secret}


def _variable(variable: Variable | IntArray) -> Object:
    common: Object = {
        "name": variable.name,
        "about": variable.about,
        "scope": variable.scope.label,
    }
    if isinstance(variable, IntArray):
        cells: list[Json] = [cell.name for _, cell in variable.cells()]
        return {**common, "type": "array", "shape": list(variable.shape), "elements": cells}
    kind = "integer" if isinstance(variable, IntVar) else "flag"
    return {**common, "type": kind, "initial": variable.initial}


def _parameter(parameter: Parameter) -> Object:
    document: Object = {
        "name": parameter.name,
        "value": parameter.value,
        "about": parameter.about,
    }
    if parameter.section:
        document["section"] = parameter.section
    return document


def _exclusive(group: Exclusive) -> Object:
    return {"conditions": _names(group.conditions), "complete": group.complete}


def _ambiguity(hole: Ambiguity) -> Object:
    def reading(of: ambiguity.Reading) -> Object:
        document: Object = {"says": of.says}
        if of.where:
            document["where"] = of.where
        return document

    return {
        "id": hole.id,
        "about": hole.about,
        "kind": hole.kind.label,
        "literal": reading(hole.literal),
        "ours": reading(hole.ours),
        "because": hole.because,
        "peers": [{"name": name, "does": does} for name, does in hole.peers],
    }


def _plain(document: dict[str, layout.Document]) -> Object:
    """What a layout or schedule says of itself, as a value of this module's type."""
    plain: Object = json.loads(json.dumps(document))
    return plain


# --- Text -------------------------------------------------------------------------------------


def canonical(document: Json) -> str:
    """The one way to write a document: in the order given, two columns deeper for each level.

    What fits on a line is on a line, so that a row of a table is a few lines and not thirty.
    """
    return _written(document, 0, 0) + "\n"


def _written(value: Json, indent: int, used: int) -> str:
    """A value as text; `used`: columns taken on its first line beside the indentation."""
    line = json.dumps(value, ensure_ascii=False)
    if indent + used + len(line) < WIDTH or not isinstance(value, dict | list) or not value:
        return line
    inner = indent + 2
    if isinstance(value, dict):
        keys = [json.dumps(key, ensure_ascii=False) + ": " for key in value]
        items = [
            key + _written(item, inner, len(key))
            for key, item in zip(keys, value.values(), strict=True)
        ]
        opening, closing = "{", "}"
    else:
        items = [_written(item, inner, 0) for item in value]
        opening, closing = "[", "]"
    pad = "\n" + " " * inner
    return f"{opening}{pad}{f',{pad}'.join(items)}\n{' ' * indent}{closing}"


# --- Schema -----------------------------------------------------------------------------------


def schema() -> Object:
    """The JSON Schema (draft 2020-12) of what `export` gives; words carry their meanings."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:otrspec:model:{FORMAT}",
        "title": "A protocol of OTR as tables",
        "description": (
            "Machines that move from state to state by rows, talk by events that rows raise, and "
            "are made of the vocabularies, variables, layouts and key schedules listed beside them."
        ),
        **_object(
            {
                "format": {"const": FORMAT, "description": "the version of this format"},
                "name": _text("the protocol's, which begins every id"),
                "about": _text("what the protocol is, in a sentence"),
                "tables": _list("table", "the machines"),
                "family": _ref("family"),
                "events": _list("event", "everything that can happen"),
                "conditions": _list("condition", "what guards ask"),
                "checks": _list("check", "what a valid message passes, each by its name"),
                "effects": _list("effect", "what rows do"),
                "data": _list("datum", "values that rows never look inside"),
                "variables": _list("variable", "values that are compared and counted"),
                "parameters": _list("parameter", "figures that are fixed"),
                "exclusives": _list("exclusive", "conditions that exclude each other"),
                "ambiguities": _list("ambiguity", "holes in the specification"),
                "assumptions": _list("assumption", "what is taken for granted"),
                "layouts": _list("layout", "messages and structures in bytes"),
                "texts": _list("textFormat", "messages in characters"),
                "schedules": _list("schedule", "which keys are computed from what"),
            },
            {"further": _list("family", "families beside the one that has a master")},
        ),
        "$defs": {
            **_names_of_kinds(),
            **_expressions(),
            **_machines(),
            **_vocabularies(),
            **_values(),
            **_layouts(),
        },
    }


def _object(properties: Object, optional: Object | None = None, about: str = "") -> Object:
    """An object with these properties and no others."""
    return {
        "type": "object",
        **({"description": about} if about else {}),
        "properties": {**properties, **(optional or {})},
        "required": list(properties),
        "additionalProperties": False,
    }


def _text(about: str) -> Object:
    return {"type": "string", "minLength": 1, "description": about}


def _yes_or_no(about: str) -> Object:
    return {"type": "boolean", "description": about}


def _number(about: str, least: int | None = 0) -> Object:
    bound: Object = {} if least is None else {"minimum": least}
    return {"type": "integer", **bound, "description": about}


def _ref(name: str) -> Object:
    return {"$ref": f"#/$defs/{name}"}


def _list(name: str, about: str) -> Object:
    return {"type": "array", "description": about, "items": _ref(name)}


def _choice(words: type[Word], about: str) -> Object:
    """The labels of a vocabulary, each with its meaning."""
    return {
        "description": about,
        "oneOf": [{"const": word.label, "description": word.meaning} for word in words],
    }


def _names_of_kinds() -> Object:
    return {
        "name": {
            "type": "string",
            "pattern": "^[A-Za-z][A-Za-z0-9_]*$",
            "description": "a name, unique in its list",
        },
        "label": {
            "type": "string",
            "pattern": "^[a-z0-9][a-z0-9-]*$",
            "description": "the name as it stands in ids",
        },
        "id": {
            "type": "string",
            "pattern": "^[a-z0-9]+\\.[a-z0-9-]+:[A-Za-z0-9_.-]+$",
            "description": "a public id",
        },
        "section": _text("a heading of the specification"),
        "scope": _choice(Scope, "where a value is kept"),
    }


def _expressions() -> Object:
    """Trees: a guard is made of conditions, a definition of declared variables."""

    def node(op: Json, properties: Object | None = None) -> Object:
        return _object({"op": op, **(properties or {})})

    def either(*ops: str) -> Object:
        return {"enum": list(ops)}

    parts: Object = {"parts": {"type": "array", "items": _ref("truth")}}
    guards: Object = {"parts": {"type": "array", "minItems": 2, "items": _ref("guard")}}
    sides: Object = {"left": _ref("integer"), "right": _ref("integer")}
    variable: Object = {
        **node({"const": "variable"}, {"name": _ref("name")}),
        "description": "a variable, an element of an array at a constant index, or a parameter",
    }
    return {
        "integer": {
            "description": "an expression whose value is an integer",
            "oneOf": [
                node({"const": "number"}, {"value": {"type": "integer"}}),
                variable,
                node(
                    {"const": "element"},
                    {"array": _ref("name"), "at": {"type": "array", "items": _ref("integer")}},
                ),
                node(either("+", "-"), sides),
                node(
                    {"const": "mod"},
                    {"left": _ref("integer"), "divisor": {"type": "integer", "minimum": 1}},
                ),
                node(
                    {"const": "if"},
                    {
                        "when": _ref("truth"),
                        "then": _ref("integer"),
                        "otherwise": _ref("integer"),
                    },
                ),
            ],
        },
        "truth": {
            "description": "an expression whose value is yes or no",
            "oneOf": [
                node({"const": "truth"}, {"value": {"type": "boolean"}}),
                variable,
                node(either("==", "<", "<="), sides),
                node({"const": "not"}, {"part": _ref("truth")}),
                node(either("and", "or"), parts),
                node(
                    {"const": "in-state"},
                    {
                        "machine": _ref("label"),
                        "states": {"type": "array", "minItems": 1, "items": _ref("name")},
                        "owner": {"enum": ["member", "master"]},
                    },
                ),
            ],
        },
        "guard": {
            "description": "a truth function of conditions",
            "oneOf": [
                node({"const": "always"}),
                node({"const": "condition"}, {"name": _ref("name")}),
                node({"const": "not"}, {"part": _ref("guard")}),
                node(either("and", "or"), guards),
            ],
        },
        "integerExpression": _object({"tree": _ref("integer"), "text": _text("for people")}),
        "truthExpression": _object({"tree": _ref("truth"), "text": _text("for people")}),
        "anyExpression": {"anyOf": [_ref("integerExpression"), _ref("truthExpression")]},
        "guardExpression": _object({"tree": _ref("guard"), "text": _text("for people")}),
    }


def _machines() -> Object:
    return {
        "table": _object(
            {
                "name": _text("protocol and machine"),
                "machine": _ref("label"),
                "about": _text("what the machine decides"),
                "states": {
                    "type": "array",
                    "minItems": 1,
                    "items": _object(
                        {"name": _ref("name"), "label": _ref("label"), "about": _text("meaning")}
                    ),
                },
                "initial": _ref("name"),
                "events": {"type": "array", "items": _ref("name")},
                "rows": _list("row", "every transition: rows of one state and event are disjoint"),
            },
            about="a machine; every state has rows for every event that the machine handles",
        ),
        "row": _object(
            {
                "id": _ref("id"),
                "at": _ref("name"),
                "on": _ref("name"),
                "when": _ref("guardExpression"),
                "do": {"type": "array", "items": _ref("name"), "description": "effects, in order"},
                "goto": _ref("name"),
                "raises": {
                    "type": "array",
                    "description": "events raised after the effects and the change of state",
                    "items": _object(
                        {"event": _ref("name")},
                        {
                            "to": _ref("integerExpression"),
                            "every": {"const": True, "description": "for every member there is"},
                        },
                        "`to`: the key of the family's member it is for; else the row's own member",
                    ),
                },
                "section": _ref("section"),
            },
            {"ambiguity": _ref("id")},
            "one transition",
        ),
        "family": _object(
            {
                "name": _text("what a member is called"),
                "about": _text("what its key is"),
                "tables": {"type": "array", "items": _text("the name of a table")},
                "limit": _ref("name"),
                "retires": _ref("truthExpression"),
            },
            {"vanishes": _ref("truthExpression")},
            about="machines that exist once for each key",
        ),
    }


def _vocabularies() -> Object:
    word: Object = {"name": _ref("name"), "label": _ref("label"), "about": _text("its meaning")}
    data: Object = {"type": "array", "items": _ref("name")}

    def condition(kind: str, about: str, properties: Object) -> Object:
        return _object({**word, "kind": {"const": kind}, **properties}, about=about)

    return {
        "event": _object(
            {
                **word,
                "origin": _choice(Origin, "where it comes from"),
                "handler": _text("the name of the table that has rows for it"),
            }
        ),
        "condition": {
            "oneOf": [
                condition(
                    "opaque",
                    "only cryptography or decoding can answer; `scope`: what it is about",
                    {"scope": _ref("scope")},
                ),
                condition(
                    "defined",
                    "a question about declared variables",
                    {"definition": _ref("truthExpression")},
                ),
                condition(
                    "validity",
                    "every check holds; the first that fails is the reason",
                    {"checks": {"type": "array", "minItems": 1, "items": _ref("name")}},
                ),
            ]
        },
        "check": _object(
            {
                **word,
                "point": _choice(Point, "where a message that fails it is rejected"),
                "structural": _yes_or_no("a part of taking the message apart: nobody can skip it"),
            },
            {"definition": _ref("truthExpression")},
            "without a definition it is a question for cryptography",
        ),
        "effect": _object(
            {
                **word,
                "needs": {**data, "description": "data that must be present"},
                "writes": {**data, "description": "data that it makes or replaces"},
                "forgets": {**data, "description": "data that it erases"},
                "sets": {
                    "type": "array",
                    "description": "all at once, from the values before",
                    "items": _object({"variable": _ref("name"), "to": _ref("anyExpression")}),
                },
                "seen": _choice(Observer, "who can observe it"),
            }
        ),
        "datum": _object({**word, "scope": _ref("scope"), "secret": _yes_or_no("it is a secret")}),
    }


def _values() -> Object:
    common: Object = {
        "name": _ref("name"),
        "about": _text("what it means"),
        "scope": _ref("scope"),
    }
    assumed: Object = {"about": _text("what whoever runs the tables must see to")}
    reading = _object({"says": _text("the reading")}, {"where": _ref("section")})
    return {
        "variable": {
            "oneOf": [
                _object({**common, "type": {"const": "integer"}, "initial": {"type": "integer"}}),
                _object({**common, "type": {"const": "flag"}, "initial": {"type": "boolean"}}),
                _object(
                    {
                        **common,
                        "type": {"const": "array"},
                        "shape": {"type": "array", "minItems": 1, "items": _number("indices", 1)},
                        "elements": {"type": "array", "items": _ref("name")},
                    },
                    about="integers, 0 at first; `elements` are its variables in order of index",
                ),
            ]
        },
        "parameter": _object(
            {
                "name": _ref("name"),
                "value": _number("its default"),
                "about": _text("what it is, and its unit"),
            },
            {"section": _ref("section")},
            "without a section it is ours",
        ),
        "exclusive": _object(
            {
                "conditions": {"type": "array", "minItems": 2, "items": _ref("name")},
                "complete": _yes_or_no("exactly one of them holds; else at most one"),
            }
        ),
        "assumption": {
            "oneOf": [
                _object({**assumed, "variables": _ref("truthExpression")}),
                _object({**assumed, "conditions": _ref("guardExpression")}),
            ]
        },
        "ambiguity": _object(
            {
                "id": _ref("id"),
                "about": _text("the question"),
                "kind": _choice(ambiguity.Kind, "what is wrong with the text"),
                "literal": {**reading, "description": "nearest to the letter"},
                "ours": {**reading, "description": "what runs here"},
                "because": _text("why"),
                "peers": {
                    "type": "array",
                    "items": _object({"name": _text("who"), "does": _text("which reading")}),
                },
            }
        ),
    }


def _layouts() -> Object:
    versions: Object = {"type": "array", "minItems": 1, "items": _number("a version", 1)}
    described: Object = {
        "id": _ref("id"),
        "title": _text("what the specification calls it"),
        "section": _ref("section"),
        "about": _text("what it is for"),
        "versions": versions,
    }
    named: Object = {
        "id": _ref("id"),
        "name": _ref("name"),
        "title": _text("what the specification calls it"),
        "about": _text("what it holds"),
    }
    return {
        "layout": _object({**described, "fields": _list("field", "in the order of writing")}),
        "field": _object(
            {**named, "type": _text("a data type of the specification")},
            {
                "value": _number("the one number that it may hold"),
                "size": _number("bytes that its value has to have", 1),
                "unit": _number("bytes of its value that belong together", 1),
                "most": _number("bytes that it has at most, a length in front included", 1),
                "versions": {**versions, "description": "those that have it"},
                "optional": _yes_or_no("it may be missing, with all that follows"),
                "key": _text("what encrypts it, or what the MAC is made with"),
                "inside": _ref("id"),
                "covers": {
                    "type": "array",
                    "description": "the first and the last field that it is over",
                    "prefixItems": [_ref("name"), _ref("name")],
                    "minItems": 2,
                    "items": False,
                },
                "options": {
                    "type": "array",
                    "description": "of a sequence: what it may hold, each once",
                    "minItems": 1,
                    "items": _object(
                        {"inside": _ref("id")}, {"required": _yes_or_no("it has to be there")}
                    ),
                },
            },
        ),
        "textFormat": _object(
            {
                **described,
                "prefix": _text("what it is known by"),
                "pieces": _list("piece", "in the order of writing"),
            }
        ),
        "piece": _object(
            {**named, "form": _choice(layout.Form, "how it is written")},
            {
                "start": _text("what stands in front of it"),
                "end": _text("what stands behind it"),
                "digits": _number("of a number", 1),
                "most": _number("the largest number"),
                "least": _number("bytes that it has at least", 1),
                "marks": {
                    "type": "array",
                    "items": _object({"version": _number("which", 1), "mark": _text("its mark")}),
                },
                "optional": _yes_or_no("it may be left out"),
            },
        ),
        "schedule": _object(
            {
                "id": _ref("id"),
                "title": _text("what it computes"),
                "sections": {"type": "array", "items": _ref("section")},
                "about": _text("when it is computed"),
                "values": _list("value", "each after what it is made from"),
                "results": {"type": "array", "items": _ref("id")},
            },
            {
                "replaces": {
                    "type": "array",
                    "description": "results that take the place of given values the next time",
                    "minItems": 1,
                    "items": _object({"result": _ref("id"), "given": _ref("id")}),
                },
            },
        ),
        "value": _object(
            {
                "id": _ref("id"),
                "title": _text("the specification's name"),
                "about": _text("what it is, or what it is for"),
            },
            {
                "made": _text("how; without it, it comes from outside"),
                "from": {"type": "array", "items": _ref("id")},
                "size": _number("in bytes", 1),
                "ambiguity": _ref("id"),
            },
        ),
    }
