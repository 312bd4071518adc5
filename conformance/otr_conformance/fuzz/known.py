"""What is known of a target: `NAME.finds.toml` beside its expectations.

TOML, one table for each finding, a page under docs/findings:

    [libotr-tag-in-private]
    because = "begins no exchange on a whitespace tag in a private conversation"
    tables = [{ rows = "otrv3.message:tagged-plaintext.encrypted", without = ["TAG_OFFER"] }]

    [libotr-stray-reveal-signature]
    because = "stores the r of a Reveal Signature Message that it should ignore over its own"
    finds = [{ after = "otrv3.ake:reveal-signature.*", rows = "otrv3.ake:dh-key.*" }]

`tables` says what the target does in the words of the tables (`.deviations`). Where that explains
what differs, the tables are read so, and the play goes on. `objections` are patterns of what the
plaintext oracle or a promise says of that, and are passed over likewise. `finds` are patterns of
finds, for what the tables have no words for, and a play ends there. A find is known if every
pattern of `after` fits a row that the tables take before the last move, in this order; that of
`rows` fits a row that they take in the last move; and that of `says` fits the sentence without the
step that it begins with. `*` stands for anything; what is left out fits everything, but not both
`rows` and `says` may be left out. As finds are made short, whatever came before is needed for what
differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, NoReturn

from otr_model.documents import BadDocument, parse_toml
from otr_reference.errors import Malformed

from .deviations import NAMES, PARTS, WORDS, Change, Deviation
from .finds import plain

if TYPE_CHECKING:
    from pathlib import Path

    from otr_conformance.targets import Target

    from .finds import Find

__all__ = ["NONE", "Known", "Pattern", "file_of", "read"]

_OF_A_PATTERN: Final = {"protocol", "after", "rows", "says"}
_USUAL: Final = "otrv3"
"""The protocol of a change that is about no row, where nothing is said."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What finds look like.

    Attributes:
        finding: the page under docs/findings.
        because: the cause, for people.
        protocol: the name of the protocol; "": any.
        after: patterns of rows that the tables take before the last move, in this order.
        rows: a pattern of a row that they predict in the last move.
        says: a pattern of the sentence.
    """

    finding: str
    because: str
    protocol: str = ""
    after: tuple[str, ...] = ()
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
            and self._comes_after(find.before)
        )

    def _comes_after(self, before: tuple[str, ...]) -> bool:
        """Whether rows were taken before that fit, in order."""
        left = list(self.after)
        for row in before:
            if left and fnmatchcase(row, left[0]):
                left.pop(0)
        return not left


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a target.

    Attributes:
        patterns: of finds.
        deviations: what can be said in the words of the tables.
    """

    patterns: tuple[Pattern, ...] = ()
    deviations: tuple[Deviation, ...] = ()

    @property
    def findings(self) -> tuple[str, ...]:
        """The names of all findings, each once."""
        names = [each.finding for each in self.deviations]
        return tuple(dict.fromkeys([*names, *(each.finding for each in self.patterns)]))

    def of(self, find: Find) -> Pattern | None:
        """What explains a find; None if nothing does."""
        for each in self.deviations:
            if each.finding in find.reading:
                return Pattern(each.finding, each.because)
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
        found = parse_toml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, BadDocument) as error:
        raise Malformed(field=path.name, reason=str(error)) from error
    patterns: list[Pattern] = []
    deviations: list[Deviation] = []
    for name, table in found.items():
        reader = _Reader(name, table)
        patterns += reader.patterns()
        deviations += reader.deviations()
    return Known(tuple(patterns), tuple(deviations))


class _Reader:
    """Takes a table apart.

    Args:
        name: of the table.
        table: whatever it says.

    Raises:
        Malformed: if it says nothing of the kind.
    """

    def __init__(self, name: str, table: Any) -> None:  # noqa: ANN401 - whatever a file says
        self.name = name
        says = set(table) if isinstance(table, dict) else set()
        if not {"because"} < says <= {"because", "finds", "tables", "objections"}:
            self.refuse("", "needs because, and finds, tables or objections, and nothing else")
        self.because: Any = table["because"]
        self._finds = self._list(table, "finds")
        self._tables = self._list(table, "tables")
        self._objections = self._texts(table)
        if not isinstance(self.because, str) or not any(
            (self._finds, self._tables, self._objections)
        ):
            self.refuse("", "because is a text, and something is in one of the lists")

    def refuse(self, where: str, reason: str) -> NoReturn:
        """Give up."""
        field = f"{self.name}: {where}" if where else self.name
        raise Malformed(field=field, reason=reason)

    def _list(self, table: dict[str, Any], word: str) -> list[dict[str, Any]]:
        found: Any = table.get(word, [])
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            self.refuse(word, "is a list of tables")
        return list(found)

    def _texts(self, table: dict[str, Any]) -> tuple[str, ...]:
        found: Any = table.get("objections", [])
        if not isinstance(found, list) or not all(
            isinstance(each, str) and each.strip("*") for each in found
        ):
            self.refuse("objections", "is a list of patterns, and none of everything")
        return tuple(found)

    def patterns(self) -> list[Pattern]:
        """What finds look like."""
        return [self._pattern(each) for each in self._finds]

    def _pattern(self, each: dict[str, Any]) -> Pattern:
        given = dict(each)
        after = given.pop("after", [])
        after = [after] if isinstance(after, str) else after
        texts = (*given.values(), *after) if isinstance(after, list) else (None,)
        fits = all(isinstance(value, str) for value in texts)
        if not fits or not {"rows", "says"} & set(each) or not set(each) <= _OF_A_PATTERN:
            reason = "a find has rows, says or both, and may have after and protocol"
            self.refuse("finds", reason)
        if {given.get("rows", "*"), given.get("says", "*")} == {"*"}:
            self.refuse("finds", "a find that fits everything explains nothing")
        return Pattern(self.name, self.because, after=tuple(after), **given)

    def deviations(self) -> list[Deviation]:
        """What can be said in the words of the tables."""
        changes = tuple(self._change(each) for each in self._tables)
        if not changes and not self._objections:
            return []
        return [Deviation(self.name, self.because, changes, self._objections)]

    def _change(self, each: dict[str, Any]) -> Change:
        rest = set(each) - {"rows", "protocol", "holds"}
        protocol = each.get("protocol", _USUAL)
        holds = each.get("holds", False)
        good = isinstance(protocol, str) and isinstance(holds, bool)
        if "rows" in each and rest and rest <= PARTS | NAMES and "holds" not in each and good:
            return self._of_rows(each, rest)
        if len(rest) != 1 or not rest <= WORDS or "rows" in each or not good:
            self.refuse("tables", "a change is about rows, a check, a condition or a policy")
        (kind,) = rest
        if not isinstance(each[kind], str) or ("holds" in each) is (kind == "check"):
            self.refuse("tables", f"{kind} is a name, and a condition or policy holds or not")
        return Change(protocol, kind=kind, name=each[kind], holds=holds)

    def _of_rows(self, each: dict[str, Any], rest: set[str]) -> Change:
        rows: Any = each["rows"]
        parts: list[tuple[str, tuple[str, ...]]] = []
        for word in sorted(rest, key=tuple(each).index):
            value: Any = each[word]
            several = [value] if word in NAMES else value
            good = isinstance(several, list) and all(isinstance(text, str) for text in several)
            if not good:
                self.refuse("tables", f"{word} is {'a name' if word in NAMES else 'a list'}")
            parts.append((word, tuple(several)))
        if not isinstance(rows, str) or not rows.strip("*"):
            self.refuse("tables", "rows is a pattern, and not of everything")
        return Change(rows.partition(".")[0], rows, tuple(parts))
