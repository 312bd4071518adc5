"""`otrspec compare`: what changed from one report to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_conformance.reports.changes import Kind, changes
from otr_conformance.verdict import ExitCode, Verdict

from .live import STYLES
from .report import load
from .screen import DIM, GOOD, HEAD, WRONG, Screen, write_json
from .summary import count

if TYPE_CHECKING:
    from pathlib import Path

    from otr_conformance.reports.changes import Change, Changes
    from otr_conformance.reports.report import Report

    from .screen import Json

__all__ = ["compare"]

_NEW: Final = "worse, or new and not explained"
_SHOWN: Final = 10  # cases of one kind
_HEADS: Final = {
    Kind.WORSE: ("got worse", WRONG),
    Kind.BETTER: ("got better", GOOD),
    Kind.OTHER: ("changed, neither better nor worse", "yellow"),
    Kind.REASON: ("with the same verdict for another reason", "yellow"),
    Kind.NEW: ("new", HEAD),
    Kind.GONE: ("gone", HEAD),
}


def compare(old_path: Path, new_path: Path, *, everything: bool, json: bool) -> ExitCode:
    """Run the command.

    Raises:
        Misuse: if a file cannot be read.
        BadReport: if one is no report that we can read.
        WrongKind: if they are not of one kind.
    """
    old, new = load(old_path), load(new_path)
    found = changes(old, new)
    status = ExitCode.UNEXPECTED if found.worse else ExitCode.EXPECTED
    if json:
        write_json(_document(found, status))
    else:
        _show(old, new, found, everything=everything)
    return status


def _show(old: Report, new: Report, found: Changes, *, everything: bool) -> None:
    out = Screen()
    out.line((f"{old.label} -> {new.label}", HEAD), f"  {old.made[:10]} -> {new.made[:10]}")
    for what, before, now in found.versions:
        out.line((f"  {what}: ", DIM), before or "nothing", " -> ", now or "nothing", hang=4)
    for kind, (head, style) in _HEADS.items():
        mine = found.of(kind)
        if mine:
            out.line()
            said = _NEW if kind is Kind.WORSE and not old.of_cases else head
            out.line((f"{count(len(mine), old.kind.thing)} {said}", style))
            for change in mine if everything or kind is Kind.WORSE else mine[:_SHOWN]:
                _show_change(out, change)
            more = len(mine) - _SHOWN
            if more > 0 and not everything and kind is not Kind.WORSE:
                out.line((f"and {more} more, which --all shows", DIM), indent=2)
    out.line()
    for verdict in Verdict:
        one, other = old.counts[verdict], new.counts[verdict]
        if one or other:
            style = STYLES[verdict]
            moved = f"  {other - one:+}" if other != one else ""
            out.line((f"  {verdict.word.ljust(15)}", style), f"{one:6} -> {other:<6}{moved}")
    out.line()
    same = f"{count(found.same, old.kind.thing)} as before"
    if found.worse:
        number = count(len(found.of(Kind.WORSE)), old.kind.thing)
        worse = "got worse" if old.of_cases else _NEW
        out.line((f"{number} {worse}", WRONG), f"; {same}.")
    else:
        out.line(("Nothing got worse", GOOD), f"; {same}.")


def _show_change(out: Screen, change: Change) -> None:
    out.whole("  ", change.case)
    if change.kind is Kind.REASON:
        before = change.old.because if change.old is not None else ""
        out.line((change.says, DIM), f": {before or 'no reason'}", indent=4, hang=2)
        out.line(("now: ", DIM), change.why or "no reason", indent=4, hang=2)
        return
    why = f": {change.why}" if change.why else ""
    out.line((change.says, DIM), why, indent=4, hang=2)


def _document(found: Changes, status: ExitCode) -> Json:
    return {
        "exit": int(status),
        "same": found.same,
        "versions": [{"what": what, "old": old, "new": new} for what, old, new in found.versions],
        "changes": [
            {
                "case": each.case,
                "kind": each.kind.value,
                "old": "" if each.old is None else each.old.verdict.word,
                "new": "" if each.new is None else each.new.verdict.word,
                "old_because": "" if each.old is None else each.old.because,
                "new_because": "" if each.new is None else each.new.because,
            }
            for each in found.cases
        ],
    }
