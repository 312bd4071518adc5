"""Expectation files: how a target is known to deviate.

TOML, one table for each finding:

    [libotr-crossing-commits]
    verdict = "fail"
    because = "answers a D-H Commit to instance 0 without looking at its own"
    clause = "otrv3:receiving-dh-commit.awaiting-dhkey.ours-higher"
    replay = "otrv3.case:ake.v3-both-begin-and-target-is-higher --trace"
    cases = [
      "otrv3.case:ake.v3-both-begin-and-target-is-higher",
      "otrv3.case:life.started-by-both.target-higher",
    ]

The name of the table names the finding, a page under docs/findings. `verdict` is one of the seven;
`because` is the cause, for people; `clause` is the sentence that the target does not follow, or the
ambiguity that the tables settle; `replay` is what `otrspec conform TARGET --case` is given to see
it: the id of one of the cases, and perhaps options. Without it, it is the first case. Where one
cause has different verdicts, the finding has a list of tables (`[[libotr-crossing-commits]]`).

An entry may also be about one case:

    ["otrv3.case:life.started-by-both.target-higher"]
    verdict = "fail"
    because = "answers a D-H Commit to instance 0 without looking at its own"
    finding = "libotr-crossing-commits"

`clause` and `replay` may be left out there; the case replays itself.

A generated entry has `unreviewed = true`, and counts as unexpected until somebody has looked; so
may have `suggestion`, a finding of the same cause. A case without an entry is expected to pass, to
be noted or to be unsupported. Passing where a failure is expected is unexpected, too.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from otr_conformance.documents import read_toml
from otr_conformance.verdict import GOOD, Verdict
from otr_reference.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = [
    "NONE",
    "Expectation",
    "Expectations",
    "Surprise",
    "cause",
    "propose",
    "read",
    "write",
]

_CASE: Final = ".case:"
_NEEDED: Final = {"verdict", "because"}
_OF_A_CASE: Final = {*_NEEDED, "clause", "finding", "replay", "suggestion", "unreviewed"}
_OF_A_FINDING: Final = {*_NEEDED, "cases", "clause", "replay", "suggestion", "unreviewed"}
_UNNAMED: Final = "to-be-named"
_WIDTH: Final = 100
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected of one case.

    Attributes:
        verdict: one of the seven.
        because: the cause, for people.
        finding: the page under docs/findings; "" if there is none.
        unreviewed: nobody has looked at it yet, and it counts for nothing.
        clause: the clause or ambiguity that it is about; "" if nobody said.
        replay: what `otrspec conform TARGET --case` is given to see it; "": the case.
        suggestion: of an entry that nobody has looked at: a finding of the same cause.
    """

    verdict: Verdict
    because: str
    finding: str = ""
    unreviewed: bool = False
    clause: str = ""
    replay: str = ""
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class Expectations:
    """The entries of a file, by case."""

    entries: Mapping[str, Expectation]

    def expected(self, case: str, verdict: Verdict) -> bool:
        """Whether a verdict is the expected one."""
        entry = self.entries.get(case)
        if entry is None:
            return verdict in GOOD
        return verdict is entry.verdict and not entry.unreviewed


NONE: Final = Expectations({})


def read(path: Path, cases: Iterable[str], clauses: Collection[str] | None = None) -> Expectations:
    """Read a file.

    Args:
        path: the file.
        cases: the ids of all cases: an entry for another one is an error.
        clauses: the ids of all clauses and ambiguities, likewise; None: they are not looked up.

    Raises:
        Malformed: naming the entry and what is wrong with it.
    """
    found = read_toml(path)
    known = set(cases)
    entries: dict[str, Expectation] = {}
    for name, table in found.items():
        for case, entry in _entries(name, table, known):
            if case in entries:
                raise Malformed(field=f"{name}: {case}", reason="the case has an entry already")
            if clauses is not None and entry.clause and entry.clause not in clauses:
                raise Malformed(field=f"{name}: clause", reason=f"there is no {entry.clause}")
            entries[case] = entry
    return Expectations(entries)


def _entries(name: str, table: object, known: set[str]) -> Iterator[tuple[str, Expectation]]:
    """What a table says of each of its cases.

    Raises:
        Malformed: if it says nothing of the kind.
    """
    if _CASE in name:
        if name not in known:
            raise Malformed(field=name, reason="there is no such case")
        yield name, _entry(name, _checked(name, table, _OF_A_CASE))
        return
    for each in table if isinstance(table, list) else [table]:
        fields = _checked(name, each, _OF_A_FINDING)
        cases = _cases(name, fields, known)
        finding = "" if fields.get("unreviewed") else name
        entry = _entry(name, {"replay": cases[0], **fields, "finding": finding})
        yield from ((case, entry) for case in cases)


def _checked(name: str, table: object, allowed: set[str]) -> dict[str, Any]:
    """A table that has what it needs, and nothing unknown.

    Raises:
        Malformed: if it has not.
    """
    if not isinstance(table, dict):
        raise Malformed(field=name, reason="is no table")
    missing, unknown = _NEEDED - set(table), set(table) - allowed
    if missing:
        raise Malformed(field=name, reason=f"needs {' and '.join(sorted(missing))}")
    if unknown:
        may = ", ".join(sorted(allowed))
        raise Malformed(field=name, reason=f"has {min(unknown)}, and may have {may}")
    return table


def _cases(name: str, fields: dict[str, Any], known: set[str]) -> list[str]:
    """The cases that a finding lists.

    Raises:
        Malformed: if it lists none, or there is no such case, or its replay is none of them.
    """
    listed = fields.get("cases")
    if not isinstance(listed, list) or not listed:
        raise Malformed(field=f"{name}: cases", reason="is no list of cases")
    for case in listed:
        if not isinstance(case, str) or case not in known:
            raise Malformed(field=f"{name}: cases", reason=f"there is no case {case}")
    replay = fields.get("replay")
    if replay is not None and str(replay).partition(" ")[0] not in listed:
        raise Malformed(field=f"{name}: replay", reason="is none of the cases")
    return listed


def _entry(name: str, fields: dict[str, Any]) -> Expectation:
    """An entry, with the types that it must have.

    Raises:
        Malformed: if a field has another one.
    """
    for field, value in fields.items():
        kind = {"unreviewed": bool, "cases": list}.get(field, str)
        if not isinstance(value, kind):
            raise Malformed(field=f"{name}: {field}", reason=f"is no {_CALLED[kind]}")
    try:
        verdict = Verdict(fields["verdict"])
    except ValueError as error:
        raise Malformed(field=f"{name}: verdict", reason="is not a verdict") from error
    return Expectation(
        verdict,
        fields["because"],
        fields.get("finding", ""),
        fields.get("unreviewed", False),
        fields.get("clause", ""),
        fields.get("replay", ""),
        fields.get("suggestion", ""),
    )


_CALLED: Final = {str: "text", bool: "truth value", list: "list"}


# --- Writing ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Surprise:
    """A verdict that is not good, to be written down.

    Attributes:
        case: its id.
        verdict: the verdict.
        because: what differs, in a sentence.
        clause: the clause that it seems to be about; "" if nothing says.
    """

    case: str
    verdict: Verdict
    because: str
    clause: str = ""


def cause(because: str) -> str:
    """What a sentence of a result says after the step in which it was seen."""
    return because.partition(": ")[2] or because


def propose(
    surprises: Iterable[Surprise],
    known: Expectations = NONE,
    seen: Mapping[str, tuple[Verdict, str]] | None = None,
) -> str:
    """A file that has the entries which hold, and new ones for somebody to review: TOML text.

    Cases that differ in the same way, at the same clause, are one new entry. Where a case that has
    an entry already differs in the same way, its finding is suggested.

    Args:
        surprises: what was not good; what is good after all is left out.
        known: what was expected. What was expected and is not so is left out.
        seen: verdicts of cases, and what differed.
    """
    seen = seen or {}
    kept = {
        case: entry
        for case, entry in known.entries.items()
        if seen.get(case, (entry.verdict, ""))[0] is entry.verdict and not entry.unreviewed
    }
    findings = {
        cause(seen[case][1]): entry.finding
        for case, entry in kept.items()
        if case in seen and entry.finding
    }
    grouped: dict[tuple[Verdict, str, str], list[Surprise]] = {}
    for each in surprises:
        if each.verdict not in GOOD:
            key = each.verdict, cause(each.because), each.clause
            grouped.setdefault(key, []).append(each)
    entries = dict(kept)
    for (verdict, why, clause), alike in grouped.items():
        entry = Expectation(
            verdict,
            alike[0].because,
            unreviewed=True,
            clause=clause,
            replay=alike[0].case,
            suggestion=findings.get(why, ""),
        )
        entries.update((each.case, entry) for each in alike)
    return write(Expectations(entries))


def write(expectations: Expectations) -> str:
    """A file with a table for each finding: TOML text. What nobody has looked at comes last."""
    grouped: dict[tuple[bool, str, Expectation], list[str]] = {}
    for case, entry in expectations.entries.items():
        name = entry.finding or entry.suggestion or _UNNAMED
        grouped.setdefault((entry.unreviewed, name, entry), []).append(case)
    tables = Counter(name for _, name, _ in grouped)
    lines: list[str] = []
    for (_, name, entry), cases in sorted(grouped.items(), key=lambda item: item[0][0]):
        heading = f"[[{_key(name)}]]" if tables[name] > 1 else f"[{_key(name)}]"
        lines += [heading, *_fields(entry, cases), ""]
    return "\n".join(lines)


def _fields(entry: Expectation, cases: list[str]) -> Iterator[str]:
    """The fields of a table, one for each line."""
    yield f"verdict = {_text(entry.verdict.word)}"
    yield f"because = {_text(entry.because)}"
    if entry.clause:
        yield f"clause = {_text(entry.clause)}"
    shows = entry.replay if entry.replay.partition(" ")[0] in cases else cases[0]
    yield f"replay = {_text(shows)}"
    if entry.suggestion:
        yield f"suggestion = {_text(entry.suggestion)}"
    if entry.unreviewed:
        yield "unreviewed = true"
    together = f"cases = [{', '.join(map(_text, cases))}]"
    if len(together) <= _WIDTH:
        yield together
        return
    yield "cases = ["
    yield from (f"  {_text(case)}," for case in cases)
    yield "]"


def _key(name: str) -> str:
    """A key of TOML: bare where it can be."""
    return name if _BARE.fullmatch(name) else _text(name)


def _text(text: str) -> str:
    """A basic string of TOML, which is written as JSON writes one."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
