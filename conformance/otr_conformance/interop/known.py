"""How targets are known to deviate in meetings: `known.toml`.

An entry is about a script, or about a check of the monitor's in whatever script, or about what does
not happen every time: then nobody can tell which of the two it was, and an entry for either counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from otr_conformance.documents import read_toml
from otr_conformance.verdict import GOOD, Verdict
from otr_reference.errors import Malformed

from .judge import SOMETIMES
from .scripts import SCRIPTS
from .wires import CHECKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .judge import Violation
    from .pairs import Played

__all__ = ["FILE", "Entry", "entry_of", "expected", "read"]

FILE: Final = Path(__file__).with_name("known.toml")
FIELDS: Final = {"because", "finding"}
RANDOM: Final = "not-every-time"
"""What an entry is called that is about no script."""
EXCUSED: Final = frozenset({Verdict.FAIL, Verdict.NOTE})


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    Attributes:
        because: the cause, for people.
        finding: a page under docs/findings; "" where there is none.
    """

    because: str
    finding: str = ""


def read(path: Path = FILE) -> Mapping[tuple[str, str], Entry]:
    """The entries of a file, by target and script or check.

    Raises:
        Malformed: naming the entry and what is wrong with it.
    """
    found = read_toml(path)
    entries: dict[tuple[str, str], Entry] = {}
    for target, scripts in found.items():
        if not isinstance(scripts, dict):
            raise Malformed(field=target, reason="is no table of scripts")
        for script, entry in scripts.items():
            field = f"{target}.{script}"
            if script not in {*SCRIPTS, *CHECKS, RANDOM}:
                raise Malformed(field=field, reason="there is no such script or check")
            if not isinstance(entry, dict) or not {"because"} <= set(entry) <= FIELDS:
                raise Malformed(field=field, reason="needs because, may have finding")
            entries[target, script] = Entry(str(entry["because"]), str(entry.get("finding", "")))
    return entries


def entry_of(
    known: Mapping[tuple[str, str], Entry], played: Played, violation: Violation
) -> Entry | None:
    """The entry that explains a violation; None if there is none."""
    if violation.verdict not in EXCUSED:
        return None
    if violation.when == SOMETIMES:
        found = (known.get((target, RANDOM)) for target in (played.alice, played.bob))
        return next(filter(None, found), None)
    return known.get((played.target(violation.who), violation.check or played.plan.script.name))


def expected(known: Mapping[tuple[str, str], Entry], played: Played) -> bool:
    """Whether what came of a script is what was to be expected."""
    outcome = played.outcome
    if outcome.verdict in GOOD:
        return True
    return bool(outcome.violations) and all(
        each.verdict in GOOD or entry_of(known, played, each) is not None
        for each in outcome.violations
    )
