"""What became of mutants, kept in a file as it comes: an interruption loses nothing.

    kept = Kept.read(path, asked)
    kept.known("otrv3"), kept.hints("otrv3")
    kept.add("otrv3", outcome)

A line of the file is one outcome, with the *edition* that it is of: the sources of this project,
the cases and what was asked for. What is of the same edition counts. Of another, only the case that
failed the mutant is of use: it is played first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from otr_check.explore.witness import BadWitness, from_json, to_json
from otr_reference.errors import OtrSpecError

from .catalogue import mutants_of
from .fates import Fate, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .measuring import Asked

__all__ = ["BadResults", "Kept", "edition"]

_PACKAGES: Final = ("otr_model", "otr_reference", "otr_check", "otr_conformance")
_READ: Final = frozenset({".py", ".json", ".toml"})
_FATES: Final = {fate.name.lower(): fate for fate in Fate}


class BadResults(OtrSpecError):
    """A file of outcomes that cannot be read or written; the message says why."""


@lru_cache(maxsize=1)
def _sources() -> str:
    """A digest of everything that an outcome depends on."""
    digest = sha256()
    for package in _PACKAGES:
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            for path in sorted(Path(folder).rglob("*")):
                if path.suffix in _READ:
                    digest.update(str(path.relative_to(folder)).encode())
                    digest.update(path.read_bytes())
    return digest.hexdigest()


def edition(asked: Asked) -> str:
    """What outcomes depend on besides the mutant: the sources, and what was asked for."""
    question = repr((asked.cases, asked.proves, asked.searches, asked.thorough))
    return sha256((_sources() + question).encode()).hexdigest()[:16]


@dataclass
class Kept:
    """Outcomes that are kept in a file.

    Attributes:
        path: the file; None: they are kept nowhere.
        edition: of those that are added.
    """

    path: Path | None = None
    edition: str = ""
    _known: dict[tuple[str, str], Outcome] = field(default_factory=dict)
    _hints: dict[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, asked: Asked) -> Kept:
        """What is in a file, which need not be there.

        Raises:
            BadResults: if it cannot be read, or is something else.
        """
        kept = cls(path, edition(asked))
        try:
            lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        except (OSError, UnicodeDecodeError) as error:
            message = f"{path}: {getattr(error, 'strerror', None) or 'is no text'}"
            raise BadResults(message) from error
        for number, line in enumerate(lines, 1):
            try:
                kept._take(json.loads(line))
            except (ValueError, KeyError, TypeError, BadWitness) as error:
                if number == len(lines):
                    break  # the last line was being written when it was interrupted
                message = f"{path}, line {number}: is no outcome of otrspec mutate"
                raise BadResults(message) from error
        return kept

    def _take(self, line: Mapping[str, str]) -> None:
        """One line of the file."""
        name, mutant, fate = line["protocol"], line["mutant"], _FATES[line["fate"]]
        if line["case"]:
            self._hints[name, mutant] = line["case"]
        known = {each.name: each for each in mutants_of(name)}.get(mutant)
        if line["edition"] != self.edition or known is None:
            return
        witness = from_json(line["witness"]) if line["witness"] else None
        self._known[name, mutant] = Outcome(
            known,
            fate,
            line["case"],
            line["because"],
            int(line["played"]),
            witness,
            float(line["seconds"]),
        )

    def known(self, name: str) -> Mapping[str, Outcome]:
        """The outcomes of mutants of a protocol, by the mutant's name."""
        return {mutant: known for (of, mutant), known in self._known.items() if of == name}

    def hints(self, name: str) -> Mapping[str, str]:
        """For mutants of a protocol, the case that noticed it when it was tried last."""
        return {mutant: case for (of, mutant), case in self._hints.items() if of == name}

    def add(self, name: str, outcome: Outcome) -> None:
        """One outcome more.

        Raises:
            BadResults: if the file cannot be written.
        """
        if self.path is None:
            return
        line = {
            "protocol": name,
            "mutant": outcome.mutant.name,
            "fate": outcome.fate.name.lower(),
            "case": outcome.case,
            "because": outcome.because,
            "played": outcome.played,
            "seconds": round(outcome.seconds, 3),
            "witness": "" if outcome.witness is None else to_json(outcome.witness),
            "edition": self.edition,
        }
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            message = f"{self.path}: {error.strerror}"
            raise BadResults(message) from error
