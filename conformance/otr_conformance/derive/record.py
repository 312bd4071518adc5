"""The file of derived scripts: `derived.json` in the folder of a protocol.

It is one JSON object: `protocol`, `tables` (a digest of the tables that the scripts were derived
from), `searches` (for each part: how many stages were looked at, and how many pairs were found),
`pairs` (all pairs of rows that were found, by the first row, with those that some case showed
already), `scripts`, one on a line, for the others, and `policies`: cases under other policies.
`otrspec derive` writes it, and nobody else.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from otr_conformance.play.case import Level
from otr_model.documents import BadDocument, parse_json
from otr_model.kernel.export import canonical, export
from otr_reference.errors import Malformed

from .plan import Script
from .vary import Varied

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_model.kernel.composition import Composition

    from .search import Pair

__all__ = ["Derived", "Entry", "digest", "of_text", "path", "read", "write"]

_FILE = "derived.json"
_LEVELS = {level.label: level for level in Level}


@dataclass(frozen=True, slots=True)
class Entry:
    """A script that is a case.

    Attributes:
        pair: the rows that the case is there for.
        script: who does what until the target takes the second.
        probe: the moves behind it that show the state of the target.
        also: further pairs that the last move shows.
        told: states that the probe tells from the right one, in words.
        untold: those that no probe tells from it.
        level: how strongly the text asks for what the second row does.
    """

    pair: Pair
    script: Script
    probe: tuple[str, ...]
    also: tuple[Pair, ...] = ()
    told: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    level: Level = Level.MUST


@dataclass(frozen=True, slots=True)
class Derived:
    """What was derived for a protocol.

    Attributes:
        protocol: its name.
        tables: the digest of its tables.
        searches: for each part how many stages were looked at, and how many pairs were found.
        pairs: all pairs that targets can take, in the order of their rows.
        scripts: the scripts, in the same order.
        policies: cases under other policies, in the order of their rows.
    """

    protocol: str
    tables: str
    searches: Mapping[str, tuple[int, int]]
    pairs: tuple[Pair, ...]
    scripts: tuple[Entry, ...]
    policies: tuple[Varied, ...] = ()


def path(protocol: str) -> Path:
    """Where the file of a protocol is."""
    return Path(__file__).parents[1] / protocol / _FILE


def digest(composition: Composition) -> str:
    """A digest of everything that tables state."""
    return sha256(canonical(export(composition)).encode()).hexdigest()


def write(derived: Derived) -> str:
    """The text of the file."""
    head = {
        "protocol": derived.protocol,
        "tables": derived.tables,
        "searches": {name: list(figures) for name, figures in derived.searches.items()},
    }
    after: dict[str, list[str]] = {}
    for first, second in derived.pairs:
        after.setdefault(first, []).append(second)
    pairs = ",\n".join(f"{json.dumps(row)}: {json.dumps(rows)}" for row, rows in after.items())
    scripts = ",\n".join(json.dumps(_plain(entry)) for entry in derived.scripts)
    policies = ",\n".join(json.dumps(_varied(each)) for each in derived.policies)
    body = f'"pairs": {{\n{pairs}\n}},\n"scripts": [\n{scripts}\n],\n"policies": [\n{policies}\n]'
    return f"{json.dumps(head)[:-1]},\n{body}}}\n"


def _plain(entry: Entry) -> dict[str, object]:
    return {
        "pair": entry.pair,
        "part": entry.script.part,
        "moves": entry.script.moves,
        "probe": entry.probe,
        "also": entry.also,
        "told": entry.told,
        "untold": entry.untold,
        "level": entry.level.label,
    }


def _varied(each: Varied) -> dict[str, object]:
    return {name: value for name, value in asdict(each).items() if value != ""}


def read(protocol: str) -> Derived:
    """The file of a protocol.

    Raises:
        Malformed: if it is not what `write` writes.
    """
    file = path(protocol)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Malformed(field=file.name, reason=str(error)) from error
    return of_text(text, file.name)


def of_text(text: str, name: str) -> Derived:
    """What the text of a file says.

    Args:
        text: what is in it.
        name: of the file, for complaints.

    Raises:
        Malformed: if it is not what `write` writes.
    """
    try:
        found: Any = parse_json(text)
        return Derived(
            found["protocol"],
            found["tables"],
            {name: (looked, pairs) for name, (looked, pairs) in found["searches"].items()},
            tuple((first, row) for first, rows in found["pairs"].items() for row in rows),
            tuple(map(_entry, found["scripts"])),
            tuple(
                Varied(each["row"], dict(each["policies"]), each["base"], each.get("change", ""))
                for each in found.get("policies", ())
            ),
        )
    except (BadDocument, ValueError, LookupError, TypeError, AttributeError) as error:
        raise Malformed(field=name, reason=str(error)) from error


def _entry(found: Mapping[str, Any]) -> Entry:
    return Entry(
        _pair(found["pair"]),
        Script(found["part"], tuple(found["moves"])),
        tuple(found["probe"]),
        tuple(map(_pair, found["also"])),
        tuple(found["told"]),
        tuple(found["untold"]),
        _LEVELS[found["level"]],
    )


def _pair(rows: list[str]) -> Pair:
    first, second = rows
    return first, second
