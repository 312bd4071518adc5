"""The JSON Schema of a report; `otrspec generate` writes it to docs/schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_conformance.verdict import ExitCode, Verdict

from .document import FORMAT, FORMAT_VERSION
from .kinds import ReportKind

if TYPE_CHECKING:
    from otr_model.kernel.export import Json

__all__ = ["schema"]

Object = dict[str, "Json"]


def schema() -> Object:
    """The JSON Schema (draft 2020-12) of a report."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:otrspec:report:{FORMAT_VERSION}",
        "title": "A report of otrspec",
        "description": (
            "What came of the cases that an implementation of OTR was tested with; or of learning "
            "its machine, or of fuzzing it, which are not about conformance."
        ),
        **_object(
            {
                "format": {"const": FORMAT, "description": "what kind of file this is"},
                "format_version": {
                    "enum": list(range(1, FORMAT_VERSION + 1)),
                    "description": "of this format: 1 for a report of conformance, 2 for others",
                },
                "suite": _text("the version of otrspec"),
                "made": {
                    "type": "string",
                    "format": "date-time",
                    "description": "when the run began, UTC",
                },
                "target": _text("as it was named; of a command, its program"),
                "name": _text("what the target calls itself"),
                "version": _text("the version of the target, as it says"),
                "speaks": _list({"type": "integer"}, "the versions of OTR that it says it speaks"),
                "capabilities": _list({"type": "string"}, "what it says it can do"),
                "dialects": _words("what it declares to do otherwise, by name"),
                "exit": {"enum": [int(code) for code in ExitCode], "description": "of the run"},
                "seconds": _number("how long the run took"),
                "cases": _count("how many cases were run; or differences, or finds, there are"),
                "counts": _counts("how many cases have each verdict"),
                "unexpected": _list(
                    {"type": "string"}, "the ids of cases whose verdict is not the expected one"
                ),
                "farewells": _list(
                    {"type": "string"}, "how the target ended, where that was not as it should be"
                ),
                "texts": _list(_ref("text"), "the pinned texts"),
                "clauses": _list(_ref("clause"), "the clauses that cases touch"),
                "results": _list(
                    _ref("result"),
                    "every case, in the order of the suite; or every difference, or find",
                ),
            },
            {
                "kind": {
                    "enum": [kind.value for kind in ReportKind],
                    "description": "what the report is about; left out: conformance",
                },
                **_CONFORMANCE,
                **_LEARNING,
                **_FUZZING,
            },
        ),
        "allOf": [
            _only({"format_version": {"const": 1}}, _CONFORMANCE, {**_LEARNING, **_FUZZING}),
            _only(_is(ReportKind.LEARNING), _LEARNING, {**_CONFORMANCE, **_FUZZING}),
            _only(_is(ReportKind.FUZZING), _FUZZING, {**_CONFORMANCE, **_LEARNING}),
        ],
        "$defs": {
            "verdict": {
                "enum": [verdict.word for verdict in Verdict],
                "description": "; ".join(f"{verdict}: {verdict.meaning}" for verdict in Verdict),
            },
            "text": _object(
                {
                    "name": _text("as in the ids of its clauses"),
                    "version": _count("the version of OTR that it is about"),
                    "repository": _text("where it is published, as owner/name"),
                    "commit": _text("the commit that is meant"),
                    "path": _text("the file in that commit"),
                    "sha256": {
                        "type": "string",
                        "pattern": "^[0-9a-f]{64}$",
                        "description": "the hash of the file",
                    },
                    "clauses": _count("how many clauses it has, touched or not"),
                }
            ),
            "clause": _object(
                {
                    "id": _text("public"),
                    "section": _text("the title of its section"),
                    "level": {
                        "enum": ["must", "should", "may", "defines", "informs"],
                        "description": "how it binds",
                    },
                    "about": _text("what it is about, in our own words"),
                }
            ),
            "setting": _setting(),
            "result": _result(),
        },
    }


def _is(kind: ReportKind) -> Object:
    return {"kind": {"const": kind.value}}


def _only(where: Object, needed: Object, others: Object) -> Object:
    """What a report of one kind has, and what it has not."""
    return {
        "if": {"properties": where, "required": list(where)},
        "then": {"required": list(needed), "properties": dict.fromkeys(others, False)},
    }


def _setting() -> Object:
    return _object(
        {
            "setting": _text("its name"),
            "about": _text("what it is"),
            "states": _count("of the target; 0: it was not learned to its end"),
            "states_of_tables": _count("of the machine of the tables"),
            "differences": _count("how many there are"),
            "let_pass": _count("how many of them the suite lets pass"),
            "explained": _count("how many of the others are explained"),
            "checked": _count("words that did not refute the machine"),
            "words": _count("words that the target was asked"),
            "lacking": _list({"type": "string"}, "inputs that the target cannot be given"),
            "stopped": _text("why it was not learned to its end; empty: it was"),
            "faulty": {"type": "boolean", "description": "whether that is the shim's fault"},
        },
        about="what was learned in one setting",
    )


def _result() -> Object:
    places: Object = {"type": "integer", "minimum": 0}
    lines: Object = {"type": "string"}
    return _object(
        {
            "case": _text("the id of the case"),
            "about": _text("its description"),
            "verdict": _ref("verdict"),
            "expected": {"type": "boolean", "description": "whether that was expected"},
            "level": {"enum": ["must", "should"], "description": "how strongly it is asked for"},
            "version": _count("the version of OTR that is spoken"),
            "seconds": _number("how long it took"),
        },
        {
            "because": _text("what differs, in a sentence"),
            "where": _list(
                {"type": "string"},
                "the points at one of which the target refused a message, as far as can be told",
            ),
            "ambiguity": _text("for a note, what is read the other way"),
            "alternatives": _list(
                {"type": "string"}, "what the specification leaves open and was let pass, by name"
            ),
            "needs": _list({"type": "string"}, "the capabilities that the case needs"),
            "lacks": _list({"type": "string"}, "what of that the target lacks"),
            "clauses": _list(places, "places in `clauses`, the most telling first, from 0"),
            "at_step": _list(places, "those of what the target should have done where it differed"),
            "expectation": _ref("verdict"),
            "cause": _text("why that is expected"),
            "finding": _text("the page that explains it"),
            "clause": _text("the clause or ambiguity that the expectation is about"),
            "unreviewed": {"type": "boolean", "description": "nobody has looked at it yet"},
            "step": _count(
                "the number of the step in which the target differed or the case ended too early,"
                " from 1"
            ),
            "predicted": _list(lines, "what the tables predict of that step, line by line"),
            "log": _list(lines, "what happened; what came of a step is indented"),
            "repetitions": _counts("of a case that was run more than once: verdicts"),
            "replay": _text("the command that runs this case alone"),
        },
        "one case; what does not apply is left out",
    )


def _object(needed: Object, others: Object | None = None, about: str = "") -> Object:
    made: Object = {
        "type": "object",
        "required": list(needed),
        "properties": {**needed, **(others or {})},
    }
    return {**made, "description": about} if about else made


def _text(about: str) -> Object:
    return {"type": "string", "description": about}


def _number(about: str) -> Object:
    return {"type": "number", "minimum": 0, "description": about}


def _count(about: str) -> Object:
    return {"type": "integer", "minimum": 0, "description": about}


def _list(of: Object, about: str) -> Object:
    return {"type": "array", "items": of, "description": about}


def _words(about: str) -> Object:
    return {"type": "object", "additionalProperties": {"type": "string"}, "description": about}


def _counts(about: str) -> Object:
    names: Object = {"enum": [verdict.word for verdict in Verdict]}
    return {
        "type": "object",
        "propertyNames": names,
        "additionalProperties": {"type": "integer", "minimum": 0},
        "description": about,
    }


def _ref(name: str) -> Object:
    return {"$ref": f"#/$defs/{name}"}


_CONFORMANCE: Final[Object] = {
    "available": _count("how many cases the suite has of these protocols and versions"),
    "unsupported_share": {
        **_number("the share of cases that the target does not support"),
        "maximum": 1,
    },
    "lacking": _list(
        _object(
            {
                "what": _text("a capability, a version, or in words"),
                "cases": _count("cases that are not run because of it"),
                "alone": _count("of those, the ones that lack nothing else"),
            }
        ),
        "what the target does not offer",
    ),
}
_LEARNING: Final[Object] = {
    "settings": _list(_ref("setting"), "of a report of learning: what was learned"),
    "outdated": _list(
        {"type": "string"}, "of a report of learning: findings that explain nothing any more"
    ),
}
_FUZZING: Final[Object] = {
    "played": _object(
        {
            "protocol": _text("the name of the protocol"),
            "seed": {"type": "integer", "description": "what was drawn"},
            "moves": _count("how many were played"),
            "plays": _count("how many plays they were"),
            "cells": _count("reachable cells that were visited"),
            "cells_often": _count("of those, the ones that were visited often"),
            "cells_reachable": _count("how many cells can be reached"),
            "pairs": _count("reachable pairs of rows that were seen"),
            "pairs_reachable": _count("how many pairs can be reached"),
            "private": {
                "type": "boolean",
                "description": "whether any conversation became private",
            },
            "silent": _list({"type": "string"}, "what is known of the target and did not show"),
            "complaints": _list({"type": "string"}, "what went wrong, a line each"),
            "lost": _text("why it could not go on; empty: it could"),
        },
        about="of a report of fuzzing: how far it came",
    )
}
