"""Finds: what a target did otherwise than the tables, with the script that shows it, as files.

A find is one JSON object, written with its keys in a fixed order, so that two that are equal are
equal byte by byte. `schema` says what may stand in it. Two finds are the same if the tables predict
the same rows in the move that shows it, the sentence that says what differs is the same but for
values (`plain`), and the same explains them, if anything does.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NoReturn

from otr_conformance.derive.plan import Script
from otr_conformance.verdict import Verdict
from otr_model.documents import BadDocument, parse_json
from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from otr_model.kernel.export import Json

__all__ = [
    "FORMAT",
    "FORMAT_VERSION",
    "BadFind",
    "Find",
    "Finds",
    "fits",
    "plain",
    "read",
    "schema",
]

FORMAT: Final = "otrspec-find"
FORMAT_VERSION: Final = 1
"""Raised when a reader of the JSON would have to change."""
_ENCODED: Final = re.compile(r"\?OTR[:|][^ ]*[.,](?=,| |$)")
_VALUE: Final = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{8,}\b|\b\d+\b")
_SAYS: Final = re.compile(r": (?=the t(?:arget|ester)\b)")
_QUOTED: Final = re.compile(r"(?<!\w)'[^']*'|\"[^\"]*\"|“[^”]*”")
_OPTIONAL: Final = frozenset({"before", "behind", "together", "who", "when"})
"""What need not stand in a file."""
_SHORT: Final = 60


class BadFind(OtrSpecError):
    """A file that is no find that we can read; the message is one line that says why."""


@dataclass(frozen=True, slots=True)
class Find:
    """Something that a target did otherwise.

    Attributes:
        protocol: the name of the protocol.
        script: who plays, and what happens; the last move shows it.
        because: what differs, in a sentence.
        rows: the rows that the tables predict in the last move.
        verdict: what it is: a failure, a note where an ambiguity explains it, a crash, a hang.
        target: the target, as it was named.
        name: what it calls itself.
        version: its version, as it says.
        tables: the digest of the tables.
        seed: of the campaign that found it.
        reading: what explains it, if anything does: ambiguities that are read to the letter, and
            findings that are known of the target.
        before: the rows that the tables took before the last move, in order.
        behind: how the tables were read when it showed, likewise.
        together: where several met, all of them as they were named, Alice first.
        who: the name by which the target took part, of those who met.
        when: that it does not show with the reference in all other places, or not every time.
    """

    protocol: str
    script: Script
    because: str
    rows: tuple[str, ...]
    verdict: Verdict
    target: str
    name: str
    version: str
    tables: str
    seed: int = 0
    reading: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    who: str = ""
    when: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """What finds have in common that are the same."""
        return (*self.looks, *self.reading)

    @property
    def looks(self) -> tuple[str, ...]:
        """What finds have in common that look the same, whatever explains them."""
        whose = (self.target,) if self.together else ()
        return (self.protocol, *self.rows, plain(self.because), *whose)

    @property
    def id(self) -> str:
        """A short name, which is equal for finds that are the same."""
        digest = sha256("\0".join(self.key).encode()).hexdigest()
        return f"{self.protocol}-{_slug(self.because)}-{digest[:8]}"

    def write(self) -> str:
        """The text of its file."""
        document = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "protocol": self.protocol,
            "part": self.script.part,
            "moves": list(self.script.moves),
            "because": self.because,
            "rows": list(self.rows),
            "before": list(self.before),
            "verdict": self.verdict.word,
            "reading": list(self.reading),
            "behind": list(self.behind),
            "target": self.target,
            "name": self.name,
            "version": self.version,
            "tables": self.tables,
            "seed": self.seed,
        }
        if self.together:
            document |= {"together": list(self.together), "who": self.who, "when": self.when}
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def plain(because: str) -> str:
    """A sentence without the step that it begins with, and without values and texts."""
    begins = _SAYS.search(because)
    _, found, rest = because.partition(": ")
    said = because[begins.end() :] if begins else rest if found else because
    return _VALUE.sub("N", _QUOTED.sub("…", _ENCODED.sub("?OTR…", said)))


def fits(pattern: str, words: Sequence[str], at: int) -> bool:
    """Whether a pattern fits a word, or several in a row that end there: it has spaces then."""
    first = at - pattern.count(" ")
    return first >= 0 and fnmatchcase(" ".join(words[first : at + 1]), pattern)


def _slug(because: str) -> str:
    """A few words of a sentence, for the name of a file."""
    words = re.sub(r"[^a-z0-9]+", "-", plain(because).lower()).strip("-")
    return words[:_SHORT].rstrip("-") or "find"


# --- Reading ----------------------------------------------------------------------------------


def read(name: str, content: bytes) -> Find:
    """Read a find.

    Args:
        name: of the file, for complaints.
        content: what is in it.

    Raises:
        BadFind: if it is none, or of a version that is not known yet.
    """
    try:
        found = parse_json(content)
    except BadDocument as error:
        message = f"{name}: is no find of otrspec: it is no JSON"
        raise BadFind(message) from error
    return _Reader(name).find(found)


class _Reader:
    """Takes a document apart, and says where it is not as it should be."""

    def __init__(self, name: str) -> None:
        self.name = name

    def refuse(self, why: str) -> NoReturn:
        """Give up."""
        message = f"{self.name}: {why}"
        raise BadFind(message)

    def find(self, found: object) -> Find:
        """The whole."""
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            self.refuse("is no find of otrspec")
        if found.get("format_version") != FORMAT_VERSION:
            self.refuse(f"is a find of another format than {FORMAT_VERSION}: update otrspec")
        texts = {
            word: self.text(found, word)
            for word in ("protocol", "because", "target", "name", "version", "tables")
        }
        seed = found.get("seed")
        if not isinstance(seed, int) or isinstance(seed, bool):
            self.refuse("seed: is not what it should be")
        return Find(
            script=Script(self.text(found, "part"), self.texts(found, "moves")),
            rows=self.texts(found, "rows"),
            reading=self.texts(found, "reading"),
            before=self.texts({"before": [], **found}, "before"),
            behind=self.texts({"behind": [], **found}, "behind"),
            together=self.texts({"together": [], **found}, "together"),
            who=self.text({"who": "", **found}, "who"),
            when=self.text({"when": "", **found}, "when"),
            verdict=self.verdict(self.text(found, "verdict")),
            seed=seed,
            **texts,
        )

    def verdict(self, word: str) -> Verdict:
        """One of the seven."""
        try:
            return Verdict(word)
        except ValueError:
            self.refuse(f"verdict: {word!r} is none")

    def text(self, found: dict[str, Any], word: str) -> str:
        """A field that is a text."""
        value = found.get(word)
        if not isinstance(value, str):
            self.refuse(f"{word}: {'is missing' if value is None else 'is no text'}")
        return value

    def texts(self, found: dict[str, Any], word: str) -> tuple[str, ...]:
        """A field that is a list of texts."""
        value = found.get(word)
        if not isinstance(value, list) or any(not isinstance(each, str) for each in value):
            self.refuse(f"{word}: {'is missing' if value is None else 'is no list of texts'}")
        return tuple(value)


def schema() -> dict[str, Json]:
    """The JSON Schema (draft 2020-12) of a find."""
    words: dict[str, Json] = {verdict.word: verdict.value for verdict in Verdict}
    properties: dict[str, Json] = {
        "format": {"const": FORMAT, "description": "what kind of file this is"},
        "format_version": {"const": FORMAT_VERSION, "description": "of this format"},
        "protocol": _text("the name of the protocol"),
        "part": _text("who plays: policies, sizes, how the tester deviates"),
        "moves": _texts("what happens, in order; the last move shows it"),
        "because": _text("what differs, in a sentence"),
        "rows": _texts("the rows that the tables predict in the last move"),
        "before": _texts("the rows that the tables took before the last move, in order"),
        "verdict": {"enum": list(words), "description": "what it is"},
        "reading": _texts("what explains it: ambiguities to the letter, findings of the target"),
        "behind": _texts("how the tables were read when it showed, likewise"),
        "target": _text("as it was named"),
        "name": _text("what the target calls itself"),
        "version": _text("the version of the target, as it says"),
        "tables": _text("the digest of the tables that predicted"),
        "seed": {"type": "integer", "description": "of the campaign that found it"},
        "together": _texts("where several met, all of them as they were named, Alice first"),
        "who": _text("the name by which the target took part, of those who met"),
        "when": _text("that it shows only with this peer, or not every time"),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:otrspec:find:{FORMAT_VERSION}",
        "title": "A find of otrspec fuzz",
        "description": "What an implementation of OTR did otherwise than the tables, and when.",
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in _OPTIONAL],
        "additionalProperties": False,
    }


def _text(about: str) -> dict[str, Json]:
    return {"type": "string", "description": about}


def _texts(about: str) -> dict[str, Json]:
    return {"type": "array", "items": {"type": "string"}, "description": about}


# --- A folder of finds ------------------------------------------------------------------------


class Finds:
    """The finds of a campaign, each once; on disk the moment they exist.

    Args:
        folder: where they are written; None: nowhere.

    Attributes:
        complaints: what could not be read or written, a line each.
        unwritten: the ids of finds that could not be written.
        seen: how often each find was seen, by its id.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.complaints: list[str] = []
        self.unwritten: set[str] = set()
        self.seen: Counter[str] = Counter()
        self._found: dict[str, Find] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._load(folder)

    def _load(self, folder: Path) -> None:
        """What an earlier run has found. What cannot be read is complained about, and left."""
        for path in sorted(folder.glob("*.json")):
            try:
                find = read(str(path), path.read_bytes())
            except (BadFind, OSError) as error:
                self.complaints.append(str(error))
            else:
                self._found[find.id] = find

    def __iter__(self) -> Iterator[Find]:
        """In the order in which they were found."""
        return iter(tuple(self._found.values()))

    def __len__(self) -> int:
        """How many there are."""
        return len(self._found)

    def __contains__(self, find: Find) -> bool:
        """Whether the same is known."""
        return find.id in self._found

    def add(self, find: Find) -> bool:
        """Add a find; whether it is new, or shorter than the same was before."""
        known = self._found.get(find.id)
        self.seen[find.id] += 1
        if known is not None and len(known.script.moves) <= len(find.script.moves):
            return False
        self._found[find.id] = find
        if self.folder is not None:
            self._write(find, self.folder / f"{find.id}.json")
        return True

    def _write(self, find: Find, path: Path) -> None:
        """Write a find. Where that fails it is complained about; the find is kept all the same."""
        beside = path.with_suffix(".new")
        try:
            beside.write_text(find.write(), encoding="utf-8")
            beside.replace(path)
        except OSError as error:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            self.unwritten.add(find.id)
            complaint = f"{path.parent}: {error.strerror}: a find could not be written there"
            if complaint not in self.complaints:
                self.complaints.append(complaint)
        else:
            self.unwritten.discard(find.id)

    def drop(self, find: Find) -> None:
        """Forget a find, which is none after all."""
        if self._found.pop(find.id, None) is not None and self.folder is not None:
            with suppress(OSError):  # it stays there then, and is none when it is played again
                (self.folder / f"{find.id}.json").unlink(missing_ok=True)

    def again(self, finds: Iterable[Find]) -> None:
        """Count finds that were seen once more."""
        self.seen.update(find.id for find in finds)


def noted(find: Find, reading: tuple[str, ...], *, known: bool = False) -> Find:
    """The same, explained: a note where ambiguities that are read to the letter are all it needs.

    Args:
        find: the find.
        reading: what explains it.
        known: findings that are known of the target are among it.
    """
    return replace(find, verdict=find.verdict if known else Verdict.NOTE, reading=reading)
