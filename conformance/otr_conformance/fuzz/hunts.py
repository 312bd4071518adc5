"""What came of mutants, kept in the folder of a campaign: an interruption loses nothing.

    FOLDER/grown-PROTOCOL.jsonl       the corpus, a script on each line
    FOLDER/mutants-PROTOCOL.jsonl     what came of each mutant

Each line has the *edition* that it is of: the sources of this project, and what was asked for. What
is of another edition does not count.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from otr_conformance.derive.plan import Script
from otr_conformance.mutate import Asked, Fate
from otr_conformance.mutate.kept import edition
from otr_conformance.mutate.playing import Player
from otr_conformance.mutate.processes import Died, spread
from otr_conformance.protocols import protocol
from otr_reference.errors import OtrSpecError

from .growing import grown
from .mutants import Hunted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from otr_model.kernel.mutants import Mutant

    from .mutants import Hunter

__all__ = ["CASES", "BadHunts", "Both", "Hunts", "Work", "document_of"]

CASES: Final = 600
"""Cases that are played before it is said that the suite does not kill a mutant."""


class BadHunts(OtrSpecError):
    """What comes of mutants cannot be written."""


@dataclass(frozen=True, slots=True)
class Both:
    """What the suite says of a mutant, and what the fuzzer does.

    Attributes:
        mutant: its name.
        case: the case that kills it; "" if none does.
        hunted: what the fuzzer found; None if the suite does not kill it.
    """

    mutant: str
    case: str = ""
    hunted: Hunted | None = None


class Work:
    """Asks the suite, and the fuzzer of what the suite kills, in whatever process.

    Args:
        hunter: the fuzzer.
        mutants: by their names.
    """

    def __init__(self, hunter: Hunter, mutants: Mapping[str, Mutant]) -> None:
        self.hunter, self.mutants = hunter, mutants
        self.player = Player(protocol(hunter.fuzzing.plan.protocol).suite)

    def __call__(self, name: str) -> Both:
        """What comes of a mutant."""
        mutant = self.mutants[name]
        cases = self.player.plan.cases(mutant.variant)[:CASES]
        played = self.player.play(mutant, cases)
        if played.fate is not Fate.KILLED:
            return Both(name)
        return Both(name, played.case, self.hunter.hunt(mutant))


@dataclass
class Hunts:
    """What is kept in a folder.

    Attributes:
        folder: where; None: nothing is kept.
        protocol: the name of the protocol.
        question: what was asked for: it is part of the edition.
        jobs: how many processes.
        complaints: what cannot be read, a line each.
    """

    folder: Path | None
    protocol: str
    question: tuple[object, ...]
    jobs: int = 1
    complaints: list[str] = field(default_factory=list)

    def _edition(self, *more: object) -> str:
        said = edition(Asked()) + repr((self.protocol, *more))
        return sha256(said.encode()).hexdigest()[:16]

    def corpus(self, seed: int, steps: int) -> tuple[Script, ...]:
        """The corpus: as it was grown before, or grown now.

        Raises:
            BadHunts: if it cannot be written.
        """
        now = self._edition(seed, steps)
        known = [
            Script(line["part"], tuple(line["moves"]))
            for line in self._lines("grown")
            if line["edition"] == now
        ]
        if known:
            return tuple(known)
        made = grown(protocol(self.protocol).fuzzing, seed, steps)
        lines = ({"part": each.part, "moves": each.moves, "edition": now} for each in made)
        self._write("grown", "w", lines)
        return made

    def known(self) -> dict[str, Both]:
        """What came of mutants before."""
        now = self._edition(*self.question)
        found = {}
        for line in self._lines("mutants"):
            if line["edition"] == now:
                both = _both(line)
                found[both.mutant] = both
        return found

    def add(self, both: Both) -> None:
        """One more.

        Raises:
            BadHunts: if it cannot be written.
        """
        line = {**document_of(both), "edition": self._edition(*self.question)}
        self._write("mutants", "a", iter((line,)))

    def outcomes(
        self, work: Work, order: list[str], size: int, after_each: Callable[[Both], None]
    ) -> list[Both]:
        """The first mutants in an order that the suite kills, and what the fuzzer finds of them.

        Args:
            work: asks both.
            order: the names of the mutants.
            size: how many that the suite kills.
            after_each: called with what came of each, in whatever order they come.

        Raises:
            BadHunts: if something cannot be written.
        """
        known, found = self.known(), {}
        killed = at = 0
        while killed < size and at < len(order):
            batch = order[at : at + max(size - killed, self.jobs)]
            at += len(batch)
            for both in self._asked(work, batch, known):
                found[both.mutant] = both
                after_each(both)
            killed = sum(both.hunted is not None for both in found.values())
        ordered = [found[name] for name in order if name in found]
        return [both for both in ordered if both.hunted is not None][:size]

    def _asked(self, work: Work, batch: list[str], known: Mapping[str, Both]) -> Iterator[Both]:
        """What comes of some mutants, those first that are known."""
        yield from (known[name] for name in batch if name in known)
        new = [[name] for name in batch if name not in known]
        for name, said in spread(work, new, self.jobs):
            both = _dead(name, said.status) if isinstance(said, Died) else said
            self.add(both)
            yield both

    # Files.

    def _path(self, what: str) -> Path | None:
        return None if self.folder is None else self.folder / f"{what}-{self.protocol}.jsonl"

    def _lines(self, what: str) -> list[dict[str, Any]]:
        """The lines of a file that can be read; complains of the others."""
        path = self._path(what)
        if path is None or not path.exists():
            return []
        found, bad = [], 0
        for line in path.read_bytes().splitlines():
            try:
                found.append(_checked(json.loads(line), what))
            except (ValueError, TypeError, KeyError, RecursionError):
                bad += 1
        if bad:
            lines = "a line is" if bad == 1 else f"{bad} lines are"
            self.complaints.append(f"{path}: {lines} not what it should be, and left out")
        return found

    def _write(self, what: str, mode: str, lines: Iterator[Mapping[str, Any]]) -> None:
        path = self._path(what)
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open(mode, encoding="utf-8") as file:
                file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        except OSError as error:
            message = f"{path}: {error.strerror}"
            raise BadHunts(message) from error


_FIELDS: Final[Mapping[str, Mapping[str, type]]] = {
    "grown": {"part": str, "moves": list, "edition": str},
    "mutants": {"mutant": str, "case": str, "edition": str},
}


def _checked(line: Any, what: str) -> dict[str, Any]:  # noqa: ANN401 - whatever a file says
    """A line in which everything is of its type.

    Raises:
        TypeError: if something is not.
        KeyError: if something is missing.
    """
    for name, kind in _FIELDS[what].items():
        if not isinstance(line[name], kind):
            raise TypeError(name)
    if what == "mutants":
        _both(line)
    return line  # type: ignore[no-any-return] # it was looked at


def _both(line: Mapping[str, Any]) -> Both:
    """What a line says of a mutant."""
    if not line["case"]:
        return Both(line["mutant"])
    script = Script(line["part"], tuple(line["moves"])) if line["part"] else None
    hunted = Hunted(
        line["mutant"],
        bool(line["found"]),
        str(line["because"]),
        tuple(line["rows"]),
        script,
        int(line["played"]),
        float(line["seconds"]),
        bool(line["noted"]),
    )
    return Both(line["mutant"], line["case"], hunted)


def document_of(both: Both) -> dict[str, Any]:
    """What came of a mutant, for programs."""
    hunted = both.hunted
    if hunted is None:
        return {"mutant": both.mutant, "case": ""}
    script = hunted.script
    return {
        "mutant": both.mutant,
        "case": both.case,
        "found": hunted.found,
        "noted": hunted.noted,
        "because": hunted.because,
        "rows": list(hunted.rows),
        "played": hunted.moves,
        "seconds": round(hunted.seconds, 3),
        "part": "" if script is None else script.part,
        "moves": [] if script is None else list(script.moves),
    }


def _dead(name: str, status: int) -> Both:
    """A process ended with a mutant, twice: that anybody finds."""
    because = f"its process ended with {status}"
    return Both(name, because, Hunted(name, found=True, because=because))
