"""Which finding explains which difference: the file ``NAME-learned.toml`` beside a peer's module.

    [[libotr-no-error]]
    because = "sends no Error Message where a Data Message cannot be read"
    settings = ["v3-*", "v2-*"]
    at = ["*"]
    on = ["Data*"]
    says = ["the target sent no Error"]

The name of the table names the finding, a page under docs/findings. `settings`, `at` (states of the
specification), `on` (inputs) and `says` (what differs, in a sentence) are lists of patterns; one of
each has to fit, and a list that is left out fits everything. `after` is a list of inputs that have
to come before the one that is answered otherwise, all of them, in that order, with others between
them or not; "user ends|Disconnected" is either. The first entry that fits explains a difference.
An entry that fits none of the settings which were learned is out of date, and that is said, too. An
entry with `without`, a list of inputs, says that the target is not given these, since its machine
would be too large, and explains nothing else. `unreviewed = true` marks an entry that was proposed:
nobody has looked, and it explains nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from otr_model.documents import BadDocument, parse_toml
from otr_reference.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from .machine import Word

__all__ = ["Explanation", "Explanations", "propose", "read"]

_PATTERNS: Final = ("settings", "at", "on", "says")
_LISTS: Final = (*_PATTERNS, "after", "without")
_EITHER: Final = "|"
_FIELDS: Final = {"because", "unreviewed", *_LISTS}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One entry.

    Attributes:
        finding: the page under docs/findings.
        because: the reason, for people.
        settings: patterns of the names of settings.
        at: patterns of states of the specification.
        on: patterns of inputs.
        says: patterns of what differs.
        after: patterns of inputs that have to come before, in order; each may have alternatives.
        without: inputs that the target is not given in those settings.
        unreviewed: nobody has looked at it yet.
    """

    finding: str
    because: str
    settings: tuple[str, ...] = ("*",)
    at: tuple[str, ...] = ("*",)
    on: tuple[str, ...] = ("*",)
    says: tuple[str, ...] = ("*",)
    after: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    unreviewed: bool = False

    def fits(self, setting: str, at: str, word: Word, says: str) -> bool:
        """Whether it explains a difference, which is in the answer to the last input of a word."""
        if self.without:
            return False
        given = ((self.settings, setting), (self.at, at), (self.on, word[-1]), (self.says, says))
        return all(any(fnmatchcase(text, p) for p in patterns) for patterns, text in given) and (
            self.follows(word[:-1])
        )

    def follows(self, before: Word) -> bool:
        """Whether what has to come before is among some inputs, in that order."""
        left = iter(before)
        return all(any(_is_one_of(name, wanted) for name in left) for wanted in self.after)

    def concerns(self, setting: str) -> bool:
        """Whether it is about a setting."""
        return any(fnmatchcase(setting, pattern) for pattern in self.settings)


@dataclass(frozen=True, slots=True)
class Explanations:
    """The entries of a file, in order."""

    entries: tuple[Explanation, ...] = ()

    def of(self, setting: str, at: str, word: Word, says: str) -> Explanation | None:
        """The entry that explains a difference; None if none does.

        Args:
            setting: its name.
            at: the state of the specification before the last input.
            word: the inputs; what differs is the answer to the last.
            says: what differs, in a sentence.
        """
        return next((e for e in self.entries if e.fits(setting, at, word, says)), None)

    def endless(self, setting: str) -> tuple[Explanation, ...]:
        """The entries by which a target is not given some inputs in a setting."""
        return tuple(e for e in self.entries if e.without and e.concerns(setting))

    def outdated(
        self, learned: Iterable[str], possible: Iterable[str], used: Iterable[Explanation]
    ) -> tuple[Explanation, ...]:
        """The entries that explain nothing, though all that they are about was learned.

        Args:
            learned: the settings that were.
            possible: those that could have been.
            used: the entries that explain something.
        """
        there, useful, able = set(learned), set(used), set(possible)
        about = {
            each: set(filter(each.concerns, able | there))
            for each in self.entries
            if not each.without
        }
        return tuple(
            e for e, those in about.items() if e not in useful and those and those <= there
        )


def _is_one_of(name: str, wanted: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in wanted.split(_EITHER))


def read(path: Path) -> Explanations:
    """Read a file.

    Raises:
        Malformed: naming the entry and what is wrong with it.
    """
    try:
        found = parse_toml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, BadDocument) as error:
        raise Malformed(field=path.name, reason=str(error)) from error
    return Explanations(tuple(e for name, tables in found.items() for e in _entries(name, tables)))


def _entries(name: str, tables: object) -> Iterator[Explanation]:
    for table in tables if isinstance(tables, list) else [tables]:
        if not isinstance(table, dict) or not isinstance(table.get("because"), str):
            raise Malformed(field=name, reason="a table is needed, with because = a text")
        unknown = sorted(set(table) - _FIELDS)
        if unknown:
            raise Malformed(field=f"{name}: {unknown[0]}", reason="there is no such field")
        patterns = {key: _patterns(name, key, table[key]) for key in _LISTS if key in table}
        yield Explanation(
            name, table["because"], unreviewed=table.get("unreviewed") is True, **patterns
        )


def _patterns(name: str, key: str, value: Any) -> tuple[str, ...]:  # noqa: ANN401 - what a file has
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Malformed(field=f"{name}: {key}", reason="a list of texts is needed")
    return tuple(value)


def propose(differences: Iterable[tuple[str, str, str, str]]) -> str:
    """Entries for what nothing explains, to be named and looked at: setting, state, input, what."""
    grouped: dict[tuple[str, str], tuple[dict[str, None], dict[str, None]]] = {}
    for setting, at, on, says in differences:
        settings, states = grouped.setdefault((on, says), ({}, {}))
        settings[setting] = None
        states[at] = None
    lines = []
    for (on, says), (settings, states) in grouped.items():
        lines += [
            "[[to-be-named]]",
            'because = ""',
            f"settings = {json.dumps(list(settings))}",
            f"at = {json.dumps([_literal(state) for state in states])}",
            f"on = {json.dumps([_literal(on)])}",
            f"says = {json.dumps([_literal(says)])}",
            "unreviewed = true",
            "",
        ]
    return "\n".join(lines)


def _literal(text: str) -> str:
    """A pattern that fits a text alone."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in text)
