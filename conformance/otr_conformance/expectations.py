"""Expectation files: how a target is known to deviate.

TOML, one table for each case:

    ["otrv3.case:ake.tie-break-higher"]
    verdict = "fail"
    because = "answers a D-H Commit to instance 0 without looking at its own"
    finding = "libotr-crossing-commits"

`verdict` is one of the seven; `because` is the cause, for people; `finding` names a page under
docs/findings. A generated entry has `unreviewed = true`, and counts as unexpected until somebody
has looked. A case without an entry is expected to pass, to be noted or to be unsupported. Passing
where a failure is expected is unexpected too.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from otr_conformance.verdict import GOOD, Verdict
from otr_reference.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FIELDS = {"verdict", "because", "finding", "unreviewed"}


@dataclass(frozen=True, slots=True)
class Expectation:
    """One entry."""

    verdict: Verdict
    because: str
    finding: str = ""
    unreviewed: bool = False


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


NONE = Expectations({})


def read(path: Path, cases: Iterable[str]) -> Expectations:
    """Read a file.

    Args:
        path: the file.
        cases: the ids of all cases: an entry for another one is an error.

    Raises:
        Malformed: naming the entry and what is wrong with it.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Malformed(field=path.name, reason=str(error)) from error
    known = set(cases)
    entries: dict[str, Expectation] = {}
    for case, entry in found.items():
        if case not in known:
            raise Malformed(field=case, reason="there is no such case")
        if not isinstance(entry, dict) or not {"verdict", "because"} <= set(entry) <= FIELDS:
            raise Malformed(field=case, reason="needs verdict and because, may have finding")
        try:
            verdict = Verdict(entry["verdict"])
        except ValueError as error:
            raise Malformed(field=f"{case}: verdict", reason="is not a verdict") from error
        entries[case] = Expectation(
            verdict,
            str(entry["because"]),
            str(entry.get("finding", "")),
            bool(entry.get("unreviewed", False)),
        )
    return Expectations(entries)


def propose(results: Iterable[tuple[str, Verdict, str]]) -> str:
    """Entries for whatever was not good, to be reviewed by somebody: TOML text."""
    lines: list[str] = []
    for case, verdict, because in results:
        if verdict not in GOOD:
            text = because.replace("\\", "\\\\").replace('"', '\\"')
            lines += [
                f'["{case}"]',
                f'verdict = "{verdict.word}"',
                f'because = "{text}"',
                "unreviewed = true",
                "",
            ]
    return "\n".join(lines)
