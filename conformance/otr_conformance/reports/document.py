"""A report as JSON.

`write` gives the text of a file, with each case on one line, so that two reports can be compared by
eye as well. `read` takes any file and says in one line what is wrong with it. `schema` in the
module of that name says what may stand in one.

A report of conformance is of format 1, whatever fields it has. One of learning or fuzzing is of
format 2: who knows nothing but format 1 would take it for a report of conformance.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from otr_conformance.verdict import Verdict
from otr_model.documents import BadDocument, parse_json
from otr_reference.errors import OtrSpecError

from .kinds import Learned, Played, ReportKind
from .report import Outcome, Report, Sentence, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from enum import Enum

__all__ = ["FORMAT", "FORMAT_VERSION", "BadReport", "figures", "read", "write"]

FORMAT: Final = "otrspec-report"
FORMAT_VERSION: Final = 2
"""The newest. Raised when a reader of the JSON would have to change."""
_OF_CONFORMANCE: Final = 1
"""The format of reports of conformance."""

E = TypeVar("E", bound="Enum")
T = TypeVar("T")
Json = dict[str, Any]


class BadReport(OtrSpecError):
    """A file that is no report that we can read; the message is one line that says why."""


# --- Writing ----------------------------------------------------------------------------------


def write(report: Report) -> str:
    """The text of a report."""
    return "".join(_lines(_document(report)))


def _lines(document: Json) -> Iterator[str]:
    """An object with what is in its lists on a line each."""
    yield "{"
    for number, (name, value) in enumerate(document.items()):
        yield f"{',' if number else ''}\n  {_text(name)}: "
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield "[\n    " + ",\n    ".join(map(_text, value)) + "\n  ]"
        else:
            yield _text(value)
    yield "\n}\n"


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _document(report: Report) -> Json:
    places = {each.id: place for place, each in enumerate(report.sentences)}
    of_cases = report.kind is ReportKind.CONFORMANCE
    return {
        "format": FORMAT,
        "format_version": _OF_CONFORMANCE if of_cases else FORMAT_VERSION,
        "kind": report.kind.value,
        "suite": report.suite,
        "made": report.made,
        "target": report.target,
        "name": report.name,
        "version": report.version,
        "speaks": list(report.speaks),
        "capabilities": list(report.capabilities),
        "dialects": dict(report.dialects),
        "exit": int(report.status),
        "seconds": round(report.seconds, 3),
        "cases": len(report.outcomes),
        **(_of_cases(report) if of_cases else figures(report)),
        "unexpected": [each.case for each in report.unexpected],
        "farewells": list(report.farewells),
        "texts": [
            {
                "name": each.name,
                "version": each.version,
                "repository": each.repository,
                "commit": each.commit,
                "path": each.path,
                "sha256": each.sha256,
                "clauses": each.clauses,
            }
            for each in report.texts
        ],
        "clauses": [
            {"id": each.id, "section": each.section, "level": each.level, "about": each.about}
            for each in report.sentences
        ],
        "results": [_result(each, places) for each in report.outcomes],
    }


def _of_cases(report: Report) -> Json:
    """What only a report of conformance has."""
    return {
        "available": report.available,
        "counts": {verdict.word: count for verdict, count in report.counts.items()},
        "unsupported_share": round(report.unsupported_share, 4),
        "lacking": [
            {"what": each.what, "cases": each.cases, "alone": each.alone} for each in report.lacking
        ],
    }


def figures(report: Report) -> Json:
    """What a report of learning or of fuzzing has in place of verdicts and shares."""
    found: Json = {"counts": {verdict.word: n for verdict, n in report.counts.items() if n}}
    if report.kind is ReportKind.LEARNING:
        found["settings"] = [asdict(each) for each in report.learned]
        found["outdated"] = list(report.outdated)
    if report.played is not None:
        found["played"] = asdict(report.played)
    return found


def _result(each: Outcome, places: Mapping[str, int]) -> Json:
    """A case; what does not apply is left out."""
    always: Json = {
        "case": each.case,
        "about": each.about,
        "verdict": each.verdict.word,
        "expected": each.expected,
        "level": each.level,
        "version": each.version,
        "seconds": round(each.seconds, 4),
    }
    remarkable = each.verdict is not Verdict.PASS or not each.expected
    where_it_applies: Json = {
        "because": each.because,
        "where": list(each.where),
        "ambiguity": each.ambiguity,
        "alternatives": list(each.alternatives),
        "needs": list(each.needs),
        "lacks": list(each.lacks),
        "clauses": [places[clause] for clause in each.clauses],
        "at_step": [places[clause] for clause in each.at_step],
        "expectation": "" if each.expectation is None else each.expectation.word,
        "cause": each.cause,
        "finding": each.finding,
        "clause": each.clause,
        "unreviewed": each.unreviewed,
        "step": each.step,
        "predicted": list(each.predicted),
        "log": list(each.log) if remarkable else [],
        "repetitions": {verdict.word: count for verdict, count in each.repetitions.items()},
        "replay": each.replay,
    }
    return always | {name: value for name, value in where_it_applies.items() if value}


# --- Reading ----------------------------------------------------------------------------------


def read(name: str, content: bytes) -> Report:
    """Read a report.

    Args:
        name: of the file, for complaints.
        content: what is in it.

    Raises:
        BadReport: if it is none, or of a version that is not known yet.
    """
    try:
        found = parse_json(content)
    except BadDocument as error:
        reason = "it ends in the middle" if _cut_off(content, error.__cause__) else "it is no JSON"
        message = f"{name}: is no report of otrspec: {reason}"
        raise BadReport(message) from error
    return _Reader(name).report(found)


def _cut_off(content: bytes, error: BaseException | None) -> bool:
    """Whether what cannot be read begins like a report, and nothing is wrong but its end."""
    if not content.lstrip().startswith(b"{"):
        return False
    text = content.rstrip()
    at_end = isinstance(error, json.JSONDecodeError) and error.pos >= len(error.doc.rstrip())
    return at_end or not text.endswith(b"}")


class _Reader:
    """Takes a document apart, and says where it is not as it should be."""

    def __init__(self, name: str) -> None:
        self.name = name

    def refuse(self, why: str) -> NoReturn:
        """Give up."""
        message = f"{self.name}: {why}"
        raise BadReport(message)

    def report(self, found: object) -> Report:
        """The whole."""
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            hint = ""
            if isinstance(found, dict) and "results" in found and "counts" in found:
                hint = ", but what --json writes: `otrspec conform --report FILE` writes one"
            self.refuse(f"is no report of otrspec{hint}")
        version = self.get(found, "format_version", int)
        if version > FORMAT_VERSION:
            known = f"this otrspec reads up to {FORMAT_VERSION}"
            self.refuse(f"is a report of format {version}, and {known}: update otrspec")
        if version < 1:
            self.refuse(f"there is no format {version} of reports")
        words = ("id", "section", "level", "about")
        sentences = tuple(
            Sentence(*(self.get(each, word, str, at) for word in words))
            for at, each in self.objects(found, "clauses")
        )
        ids = tuple(each.id for each in sentences)
        kind = self.kind(found, version)
        of_cases = kind is ReportKind.CONFORMANCE
        learned = self.objects(found, "settings") if kind is ReportKind.LEARNING else ()
        return Report(
            suite=self.get(found, "suite", str),
            made=self.get(found, "made", str),
            target=self.get(found, "target", str),
            name=self.get(found, "name", str),
            version=self.get(found, "version", str),
            speaks=self.several(found, "speaks", int),
            capabilities=self.several(found, "capabilities", str),
            seconds=float(self.get(found, "seconds", (int, float))),
            dialects=self.mapping(found, "dialects", str),
            texts=tuple(self.text(each, at) for at, each in self.objects(found, "texts")),
            sentences=sentences,
            outcomes=self.outcomes(found, ids),
            available=self.get(found, "available", int, "", None if of_cases else 0),
            farewells=self.several(found, "farewells", str),
            kind=kind,
            learned=tuple(self.learned(each, at) for at, each in learned),
            outdated=self.several(found, "outdated", str),
            played=self.played(found) if kind is ReportKind.FUZZING else None,
        )

    def kind(self, found: Json, version: int) -> ReportKind:
        """What the report is about; where it is left out, conformance."""
        word = self.get(found, "kind", str, "", ReportKind.CONFORMANCE.value)
        try:
            kind = ReportKind(word)
        except ValueError:
            self.refuse(f"kind: {word!r} is none that is known")
        if (kind is ReportKind.CONFORMANCE) is not (version == _OF_CONFORMANCE):
            self.refuse(f"format_version: a report of {word} is not of format {version}")
        return kind

    def learned(self, found: Json, at: str) -> Learned:
        """What was learned in a setting."""
        return Learned(
            setting=self.get(found, "setting", str, at),
            about=self.get(found, "about", str, at),
            states=self.get(found, "states", int, at),
            states_of_tables=self.get(found, "states_of_tables", int, at),
            differences=self.get(found, "differences", int, at),
            let_pass=self.get(found, "let_pass", int, at),
            explained=self.get(found, "explained", int, at),
            checked=self.get(found, "checked", int, at),
            words=self.get(found, "words", int, at),
            lacking=self.several(found, "lacking", str, at),
            stopped=self.get(found, "stopped", str, at),
            faulty=self.get(found, "faulty", bool, at),
        )

    def played(self, document: Json) -> Played:
        """How far a fuzzer came."""
        at = "played"
        found = self.get(document, at, dict)
        return Played(
            protocol=self.get(found, "protocol", str, at),
            seed=self.get(found, "seed", int, at),
            moves=self.get(found, "moves", int, at),
            plays=self.get(found, "plays", int, at),
            cells=self.get(found, "cells", int, at),
            cells_often=self.get(found, "cells_often", int, at),
            cells_reachable=self.get(found, "cells_reachable", int, at),
            pairs=self.get(found, "pairs", int, at),
            pairs_reachable=self.get(found, "pairs_reachable", int, at),
            private=self.get(found, "private", bool, at),
            silent=self.several(found, "silent", str, at),
            complaints=self.several(found, "complaints", str, at),
            lost=self.get(found, "lost", str, at),
        )

    def text(self, found: Json, at: str) -> Text:
        """A pinned text."""
        return Text(
            name=self.get(found, "name", str, at),
            version=self.get(found, "version", int, at),
            repository=self.get(found, "repository", str, at),
            commit=self.get(found, "commit", str, at),
            path=self.get(found, "path", str, at),
            sha256=self.get(found, "sha256", str, at),
            clauses=self.get(found, "clauses", int, at),
        )

    def outcomes(self, found: Json, ids: tuple[str, ...]) -> tuple[Outcome, ...]:
        """Every case."""
        outcomes = {}
        for at, each in self.objects(found, "results"):
            outcome = self.outcome(each, at, ids)
            if outcome.case in outcomes:
                self.refuse(f"{at}.case: {outcome.case} has a result already")
            outcomes[outcome.case] = outcome
        return tuple(outcomes.values())

    def outcome(self, found: Json, at: str, ids: tuple[str, ...]) -> Outcome:
        """A case."""

        def clauses(name: str) -> tuple[str, ...]:
            places = self.several(found, name, int, at)
            if any(not 0 <= place < len(ids) for place in places):
                self.refuse(f"{at}.{name}: there is no such clause")
            return tuple(ids[place] for place in places)

        def maybe(name: str) -> str:
            return self.get(found, name, str, at, "")

        expectation = maybe("expectation")
        counts = self.mapping(found, "repetitions", int, at)
        return Outcome(
            case=self.get(found, "case", str, at),
            about=self.get(found, "about", str, at),
            verdict=self.verdict(self.get(found, "verdict", str, at), f"{at}.verdict"),
            expected=self.get(found, "expected", bool, at),
            level=self.get(found, "level", str, at),
            version=self.get(found, "version", int, at),
            seconds=float(self.get(found, "seconds", (int, float), at)),
            because=maybe("because"),
            where=self.several(found, "where", str, at),
            ambiguity=maybe("ambiguity"),
            alternatives=self.several(found, "alternatives", str, at),
            needs=self.several(found, "needs", str, at),
            lacks=self.several(found, "lacks", str, at),
            clauses=clauses("clauses"),
            at_step=clauses("at_step"),
            expectation=self.verdict(expectation, f"{at}.expectation") if expectation else None,
            cause=maybe("cause"),
            finding=maybe("finding"),
            clause=maybe("clause"),
            unreviewed=self.get(found, "unreviewed", bool, at, default=False),
            log=self.several(found, "log", str, at),
            step=self.get(found, "step", int, at, 0),
            predicted=self.several(found, "predicted", str, at),
            repetitions={
                self.verdict(word, f"{at}.repetitions"): count for word, count in counts.items()
            },
            replay=maybe("replay"),
        )

    def verdict(self, word: str, at: str) -> Verdict:
        """One of the seven."""
        try:
            return Verdict(word)
        except ValueError:
            self.refuse(f"{at}: {word!r} is no verdict")

    def get(
        self,
        found: Json,
        name: str,
        kind: type[T] | tuple[type[T], ...],
        at: str = "",
        default: T | None = None,
    ) -> T:
        """A field of an object."""
        value = found.get(name, default)
        kinds = kind if isinstance(kind, tuple) else (kind,)
        fits = isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))
        if not fits:
            where = f"{at}.{name}" if at else name
            self.refuse(f"{where}: {'is missing' if value is None else 'is not what it should be'}")
        return value  # type: ignore[return-value] # it was looked at

    def several(self, found: Json, name: str, kind: type[T], at: str = "") -> tuple[T, ...]:
        """A field that is a list; none where it is left out."""
        values = self.get(found, name, list, at, [])
        if any(not isinstance(v, kind) or isinstance(v, bool) for v in values):
            self.refuse(f"{at}.{name}: is not what it should be".lstrip("."))
        return tuple(values)

    def mapping(self, found: Json, name: str, kind: type[T], at: str = "") -> dict[str, T]:
        """A field that is an object; empty where it is left out."""
        values = self.get(found, name, dict, at, {})
        if any(not isinstance(value, kind) for value in values.values()):
            self.refuse(f"{at}.{name}: is not what it should be".lstrip("."))
        return values

    def objects(self, found: Json, name: str) -> Iterator[tuple[str, Json]]:
        """A field that is a list of objects, each with its place."""
        for place, value in enumerate(self.get(found, name, list)):
            at = f"{name}[{place}]"
            if not isinstance(value, dict):
                self.refuse(f"{at}: is no object")
            yield at, value
