"""What is known of a target: `NAME.finds.toml` beside its expectations.

TOML, one table for each finding, a page under docs/findings:

    [libotr-tag-in-private]
    because = "begins no exchange on a whitespace tag in a private conversation"
    finds = [
      { rows = "otrv3.message:tagged-plaintext.*", says = "the target sent no D-H Commit*" },
    ]

A find is known if the pattern of rows fits any row that the tables predict, and that of what it
says fits the sentence without the step that it begins with. `*` stands for anything; what is left
out fits everything, but not both may be left out.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from otr_reference.errors import Malformed

from .finds import plain

if TYPE_CHECKING:
    from pathlib import Path

    from otr_conformance.targets import Target

    from .finds import Find

__all__ = ["NONE", "Known", "Pattern", "file_of", "read"]

_FIELDS: Final = {"because", "finds"}
_OF_A_PATTERN: Final = {"protocol", "rows", "says"}


@dataclass(frozen=True, slots=True)
class Pattern:
    """What finds look like.

    Attributes:
        finding: the page under docs/findings.
        because: the cause, for people.
        protocol: the name of the protocol; "": any.
        rows: a pattern of a row that the tables predict.
        says: a pattern of the sentence.
    """

    finding: str
    because: str
    protocol: str = ""
    rows: str = "*"
    says: str = "*"

    def fits(self, find: Find) -> bool:
        """Whether a find looks so."""
        rows = find.rows or ("",)
        said = plain(find.because)
        return (
            self.protocol in {"", find.protocol}
            and any(fnmatchcase(row, self.rows) for row in rows)
            and fnmatchcase(said, self.says)
        )


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a target."""

    patterns: tuple[Pattern, ...] = ()

    def of(self, find: Find) -> Pattern | None:
        """What explains a find; None if nothing does."""
        return next((each for each in self.patterns if each.fits(find)), None)


NONE: Final = Known()


def file_of(target: Target) -> Path | None:
    """Where it stands what is known of a target; None if nowhere."""
    if target.expectations is None:
        return None
    path = target.expectations.with_suffix(".finds.toml")
    return path if path.exists() else None


def read(path: Path) -> Known:
    """Read a file.

    Raises:
        Malformed: naming the entry and what is wrong with it.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Malformed(field=path.name, reason=str(error)) from error
    return Known(tuple(each for name, table in found.items() for each in _patterns(name, table)))


def _patterns(name: str, table: Any) -> list[Pattern]:  # noqa: ANN401 - whatever a file says
    """What a table says.

    Raises:
        Malformed: if it says nothing of the kind.
    """
    if not isinstance(table, dict) or set(table) != _FIELDS or not isinstance(table["finds"], list):
        raise Malformed(field=name, reason="needs because and a list of finds, and nothing else")
    made = []
    for each in table["finds"]:
        fits = isinstance(each, dict) and all(isinstance(value, str) for value in each.values())
        if not fits or not {"rows", "says"} & set(each) or not set(each) <= _OF_A_PATTERN:
            reason = "a find has rows, says or both, and may have protocol"
            raise Malformed(field=f"{name}: finds", reason=reason)
        made.append(Pattern(name, str(table["because"]), **each))
    return made
