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
plaintext oracle or a promise says of that, and are passed over likewise.

`finds` are patterns of finds, for what the tables have no words for, and a play ends there. A find
is known if each pattern of `after` fits a row that the tables take before the last move, in order;
each of `moves` fits a move; each of `rows` fits a row that they take in the last move; that of
`part` fits who plays; and that of `says` fits the sentence without the step that it begins with.
With `when`, it is known only if it shows so: "only with this peer", or "not every time". `*` stands
for anything. What is left out fits everything, but not both `rows` and `says` may be left out. As
finds are made short, whatever came before is needed for what differs.

`ends` has rows, too, in order: what the target does behind them is not compared. A pattern of rows
in `ends` or `after` may be about several that are taken in a row: it has spaces between them. In
`ends`, "(another-instance)" is where another client of the peer's takes part.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, NoReturn

from otr_conformance.documents import read_toml
from otr_reference.errors import Malformed

from .deviations import NAMES, PARTS, WORDS, Change, Deviation
from .finds import fits, plain

if TYPE_CHECKING:
    from pathlib import Path

    from otr_conformance.targets import Target

    from .finds import Find

__all__ = ["NONE", "Known", "Pattern", "file_of", "read"]

_OF_A_PATTERN: Final = {"protocol", "part", "after", "moves", "rows", "says", "when"}
WHENS: Final = ("only with this peer", "not every time")
"""How a find of several may show: see `.together_group`."""
_USUAL: Final = "otrv3"
"""The protocol of a change that is about no row, where nothing is said."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What finds look like.

    Attributes:
        finding: the page under docs/findings.
        because: the cause, for people.
        protocol: the name of the protocol; "": any.
        part: a pattern of who plays.
        after: patterns of rows that the tables take before the last move, in this order.
        moves: patterns, each of a move.
        rows: patterns, each of a row that they predict in the last move.
        says: a pattern of the sentence.
        when: that it does not show with the reference in all other places; "": however it shows.
    """

    finding: str
    because: str
    protocol: str = ""
    part: str = "*"
    after: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    says: str = "*"
    when: str = ""

    def fits(self, find: Find) -> bool:
        """Whether a find looks so."""
        rows, said = find.rows, plain(find.because)
        return (
            self.protocol in {"", find.protocol}
            and self.when in {"", find.when}
            and fnmatchcase(find.script.part, self.part)
            and all(any(fnmatchcase(row, each) for row in rows) for each in self.rows)
            and fnmatchcase(said, self.says)
            and _in_order(self.after, find.before)
            and all(any(fnmatchcase(m, each) for m in find.script.moves) for each in self.moves)
        )


def _in_order(patterns: tuple[str, ...], several: tuple[str, ...]) -> bool:
    """Whether each of some patterns fits one of several words, in order."""
    left = list(patterns)
    for at in range(len(several)):
        if left and fits(left[0], several, at):
            left.pop(0)
    return not left


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a target.

    Attributes:
        patterns: of finds.
        deviations: what can be said in the words of the tables.
        ends: rows behind which nothing is compared, several in order.
    """

    patterns: tuple[Pattern, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    ends: tuple[tuple[str, ...], ...] = ()

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
    found = read_toml(path)
    patterns: list[Pattern] = []
    deviations: list[Deviation] = []
    ends: list[tuple[str, ...]] = []
    for name, table in found.items():
        reader = _Reader(name, table)
        patterns += reader.patterns()
        deviations += reader.deviations()
        ends += reader.ends
    return Known(tuple(patterns), tuple(deviations), tuple(ends))


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
        if not {"because"} < says <= {"because", "finds", "tables", "objections", "ends"}:
            self.refuse("", "needs because, and finds, tables, objections or ends")
        self.because: Any = table["because"]
        self._finds = self._list(table, "finds")
        self._tables = self._list(table, "tables")
        self._objections = self._texts(table)
        self.ends = [self._several(each, "rows", "ends") for each in self._list(table, "ends")]
        if not all(ends and all(text.strip("*") for text in ends) for ends in self.ends):
            self.refuse("ends", "each has rows, and none of them is everything")
        given = (self._finds, self._tables, self._objections, self.ends)
        if not isinstance(self.because, str) or not any(given):
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
        if not {"rows", "says"} & set(each) or not set(each) <= _OF_A_PATTERN:
            reason = (
                "a find has rows, says or both, and may have after, moves, part, protocol and when"
            )
            self.refuse("finds", reason)
        after, moves, rows = (self._several(each, word) for word in ("after", "moves", "rows"))
        says, protocol, part, when = (
            each.get(word, usual)
            for word, usual in (("says", "*"), ("protocol", ""), ("part", "*"), ("when", ""))
        )
        if not all(isinstance(text, str) for text in (says, protocol, part)):
            self.refuse("finds", "says, part and protocol are texts")
        if when not in {"", *WHENS}:
            self.refuse("finds", f"when is {' or '.join(map(repr, WHENS))}")
        if not any(text.strip("*") for text in (*rows, says)):
            self.refuse("finds", "a find that fits everything explains nothing")
        return Pattern(self.name, self.because, protocol, part, after, moves, rows, says, when)

    def _several(self, each: dict[str, Any], word: str, where: str = "finds") -> tuple[str, ...]:
        """A pattern, or a list of them."""
        found: Any = each.get(word, [])
        several = [found] if isinstance(found, str) else found
        if not isinstance(several, list) or not all(isinstance(text, str) for text in several):
            self.refuse(where, f"{word} is a pattern, or a list of them")
        return tuple(several)

    def deviations(self) -> list[Deviation]:
        """What can be said in the words of the tables."""
        changes = tuple(self._change(each) for each in self._tables)
        if not changes and not self._objections:
            return []
        return [Deviation(self.name, self.because, changes, self._objections)]

    def _change(self, each: dict[str, Any]) -> Change:
        if "rows" in each and len(each) > 1 and set(each) <= {"rows", *PARTS, *NAMES}:
            return self._of_rows(each, set(each) - {"rows"})
        kind = next((word for word in WORDS if word in each), "")
        how: dict[str, list[set[str]]] = {"": []}
        how |= {"check": [set()], "condition": [{"holds"}, {"only"}], "policy": [{"holds"}]}
        if set(each) - {kind, "protocol"} not in how[kind]:
            self.refuse("tables", "a change is about rows, a check, a condition or a policy")
        protocol, holds = each.get("protocol", _USUAL), each.get("holds", False)
        texts = isinstance(each[kind], str) and isinstance(protocol, str)
        if not texts or not isinstance(holds, bool):
            self.refuse("tables", f"{kind} is a name, and a condition or policy holds or not")
        only = self._several(each, "only", "tables")
        return Change(protocol, kind=kind, name=each[kind], holds=holds, only=only)

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
