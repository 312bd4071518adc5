"""`otrspec mutate`: how strong the suite is, measured with faulty references."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from otr_check.explore.witness import to_json
from otr_conformance.mutate import (
    Asked,
    Fate,
    Kept,
    Measured,
    measure,
    mutants_of,
    readings,
    sample,
    unfair,
)
from otr_conformance.protocols import PROTOCOLS, protocol
from otr_conformance.verdict import ExitCode

from .explore import show_steps
from .misuse import Misuse, write_file
from .screen import DIM, GOOD, HEAD, NAME, WRONG, Screen, grid, progress, spans, tell, write_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from otr_conformance.mutate import Outcome
    from otr_model.kernel.mutants import Mutant

    from .screen import Json

__all__ = ["Asked", "Choice", "fairness", "listing", "mutate"]

_SHORT: Final = {
    Fate.KILLED: "killed",
    Fate.CRASHED: "crashed",
    Fate.EQUIVALENT: "equivalent",
    Fate.INTERNAL: "internal",
    Fate.NOTED: "noted",
    Fate.TOLERATED: "tolerated",
    Fate.ARGUED: "argued",
    Fate.SURVIVED: "survived",
    Fate.UNDECIDED: "undecided",
}
_LISTED: Final = (
    Fate.CRASHED,
    Fate.INTERNAL,
    Fate.NOTED,
    Fate.TOLERATED,
    Fate.ARGUED,
    Fate.UNDECIDED,
    Fate.SURVIVED,
)
"""The fates whose mutants are listed, the most important last."""
_MINUTE: Final = 60.0
"""Seconds between two lines that say how far it is."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which mutants are measured.

    Attributes:
        protocol: whose; "": of every protocol.
        only: a pattern of their names, or a kind; "": all.
        size: how many are drawn; 0: all.
        seed: of the drawing.
    """

    protocol: str = ""
    only: str = ""
    size: int = 0
    seed: int = 0

    def mutants(self) -> dict[str, tuple[Mutant, ...]]:
        """The mutants by protocol.

        Raises:
            UnknownProtocol: if there is no such protocol.
            Misuse: if no mutant is meant.
        """
        names = [protocol(self.protocol).name] if self.protocol else list(PROTOCOLS)
        every = {name: tuple(filter(self._meant, mutants_of(name))) for name in names}
        if not any(every.values()):
            message = f"no mutant is called {self.only!r}; otrspec mutate --list has all of them"
            raise Misuse(message)
        if not self.size:
            return {name: found for name, found in every.items() if found}
        total = sum(map(len, every.values()))
        shares = {n: max(1, self.size * len(found) // total) for n, found in every.items() if found}
        return {name: sample(every[name], share, self.seed) for name, share in shares.items()}

    def _meant(self, mutant: Mutant) -> bool:
        if not self.only or self.only == mutant.kind.label:
            return True
        return mutant.name == self.only or fnmatchcase(mutant.name, self.only)


def listing(choice: Choice, *, json: bool) -> ExitCode:
    """List mutants: what each is called, and what is wrong with it.

    Raises:
        UnknownProtocol: if there is no such protocol.
        Misuse: if no mutant is meant.
    """
    found = [(name, mutant) for name, every in choice.mutants().items() for mutant in every]
    if json:
        write_json(
            [
                {"protocol": name, "mutant": m.name, "kind": m.kind.label, "about": m.about}
                for name, m in found
            ]
        )
        return ExitCode.EXPECTED
    out = Screen()
    for name, mutant in found:
        out.whole((mutant.name, NAME), (f"  {name}, {mutant.kind.label}", DIM))
        out.line(mutant.about, indent=2)
    return ExitCode.EXPECTED


def fairness(choice: Choice, *, json: bool) -> ExitCode:
    """Say which cases fail a target that reads an ambiguity of the text to the letter.

    Args:
        choice: the protocol, and a pattern of ambiguities.
        json: for programs.

    Returns:
        0 if no case does, 1 if one does.

    Raises:
        UnknownProtocol: if there is no such protocol.
        Misuse: if no ambiguity is meant.
    """
    names = [protocol(choice.protocol).name] if choice.protocol else list(PROTOCOLS)
    asked = {
        name: [each for each in readings(name) if _is_meant(each, choice.only)] for name in names
    }
    total = sum(map(len, asked.values()))
    if not total:
        message = f"no ambiguity that can be read to the letter is called {choice.only!r}"
        raise Misuse(message)
    with progress("reading", total) as step:
        step("")
        found = [each for name, some in asked.items() for each in unfair(name, some, after=step)]
    status = ExitCode.UNEXPECTED if found else ExitCode.EXPECTED
    if json:
        unfairly = [
            {
                "reading": each.reading,
                "case": each.case,
                "draws": each.draws,
                "verdict": each.verdict.word,
                "because": each.because,
            }
            for each in found
        ]
        write_json({"exit": int(status), "readings": total, "unfair": unfairly})
        return status
    out = Screen()
    for each in found:
        out.whole((each.case, WRONG), (f"  {each.reading}", DIM))
        out.line(f"{each.verdict.word}: {each.because}", indent=2, hang=2)
    said = f"{len(found):,} failures" if len(found) != 1 else "1 failure"
    out.line((f"{total:,} readings to the letter, {said}", WRONG if found else GOOD))
    return status


def _is_meant(reading: str, only: str) -> bool:
    return not only or fnmatchcase(reading, only) or fnmatchcase(reading.partition(":")[2], only)


def mutate(
    choice: Choice, asked: Asked, witnesses: Path | None, resume: Path | None, *, json: bool
) -> ExitCode:
    """Measure what the suite is worth, and say what becomes of each mutant.

    Args:
        choice: which mutants.
        asked: how they are measured.
        witnesses: the folder in which a run is written for each survivor; None: nowhere.
        resume: the file of outcomes that are known, and to which each is added; None: nowhere.
        json: for programs.

    Returns:
        0 if no mutant survives that can be told from the reference, 1 if one does.

    Raises:
        UnknownProtocol: if there is no such protocol.
        Misuse: if no mutant is meant, or a witness cannot be written.
        BadResults: if outcomes cannot be kept.
    """
    mutants = choice.mutants()
    total = sum(map(len, mutants.values()))
    kept = Kept() if resume is None else Kept.read(resume, asked)
    found: list[Measured] = []
    with progress("measuring", total) as step:
        told = _teller(step, total)
        for name, every in mutants.items():
            found.append(measure(name, every, asked, told, kept))
    status = ExitCode.EXPECTED if all(each.holds for each in found) else ExitCode.UNEXPECTED
    files = _written(found, witnesses)
    if json:
        write_json(_document(choice, found, files, status))
        return status
    out = Screen()
    for each in found:
        _show(out, each, choice, files)
    return status


def _teller(step: Callable[[str], None], total: int) -> Callable[[Outcome], None]:
    """What shows how far the measuring is, and how long it may still take.

    Where there is no terminal, it is a line each minute.
    """
    began = said = time.monotonic()
    done = killed = 0
    lines = not sys.stderr.isatty()
    step("")

    def told(outcome: Outcome) -> None:
        nonlocal done, killed, said
        done += 1
        killed += outcome.fate is Fate.KILLED
        now = time.monotonic()
        left = (now - began) / done * (total - done)
        when = f"about {left / 60:.0f} min left" if left > 90 else f"about {left:.0f} s left"  # noqa: PLR2004 - a minute and a half
        step(f"{killed:,} killed, {when}")
        if lines and now - said >= _MINUTE:
            said = now
            tell(f"otrspec: {done:,} of {total:,} mutants, {killed:,} killed, {when}")

    return told


def _written(found: list[Measured], folder: Path | None) -> dict[str, Path]:
    """Write the run of each survivor; where each is, by the mutant's name.

    Raises:
        Misuse: if it cannot be written.
    """
    files: dict[str, Path] = {}
    for each in found if folder is not None else ():
        for outcome in each.of(Fate.SURVIVED):
            if folder is None or outcome.witness is None:
                continue
            slug = re.sub(r"[^a-z0-9]+", "-", outcome.mutant.name.lower()).strip("-")
            path = folder / f"{each.protocol}-{slug}.json"
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                message = f"{folder}: {error.strerror}"
                raise Misuse(message) from error
            write_file(path, to_json(outcome.witness).encode())
            files[outcome.mutant.name] = path
    return files


# --- For people -------------------------------------------------------------------------------


def _show(out: Screen, found: Measured, choice: Choice, files: dict[str, Path]) -> None:
    tried = len(found.outcomes)
    what = (
        f"{tried:,} of {found.population:,} mutants"
        if tried < found.population
        else f"{tried:,} mutants"
    )
    drawn = f", drawn with --seed {choice.seed}" if choice.size else ""
    spent = f"in {found.seconds:.0f} s, {found.processor:.0f} s of processor time"
    out.line((f"{found.protocol}: {what}{drawn}, {spent}", HEAD))
    if found.taken:
        out.line((f"{found.taken:,} of them had been measured before", DIM))
    out.line()
    counts = grid("", "", "", right=1)
    for fate, count in found.counts.items():
        style = WRONG if fate is Fate.SURVIVED and count else NAME
        counts.add_row(spans(f"{count:,}"), spans((_SHORT[fate], style)), spans((fate.value, DIM)))
    out.show(counts)
    out.line()
    kinds = grid("kind", *(_SHORT[fate] for fate in Fate))
    for kind, fates in found.by_kind.items():
        kinds.add_row(spans((kind.label, NAME)), *(spans(str(fates[f] or "")) for f in Fate))
    out.show(kinds)
    for fate in _LISTED:
        if found.of(fate):
            out.line()
            out.line((f"{_SHORT[fate]}: {fate.value}", HEAD))
        for outcome in found.of(fate):
            _show_outcome(out, found.protocol, outcome, files)
    out.line()
    verdict = ("no mutant that can be told from the reference survives", GOOD)
    survivors = len(found.of(Fate.SURVIVED))
    if survivors:
        what = "1 mutant survives" if survivors == 1 else f"{survivors:,} mutants survive"
        verdict = (f"{what} that can be told from the reference", WRONG)
    out.line(verdict)


def _show_outcome(out: Screen, name: str, outcome: Outcome, files: dict[str, Path]) -> None:
    survived = outcome.fate is Fate.SURVIVED
    out.whole((outcome.mutant.name, WRONG if survived else NAME))
    out.line((outcome.mutant.about, DIM), indent=2)
    if outcome.case:
        out.whole((f"  {outcome.case}", DIM))
    out.line(outcome.because, indent=2, hang=2)
    if outcome.witness is None:
        return
    show_steps(out, outcome.witness)
    file = files.get(outcome.mutant.name)
    if file is not None:
        out.whole((f"  written to {file}; otrspec witness {file} --case makes a case of it", DIM))
        return
    only = f"--only '{outcome.mutant.name}'"
    out.whole((f"  otrspec mutate {name} {only} --witness FOLDER writes this run to a file,", DIM))
    out.line(("and otrspec witness FILE --case makes a case of it", DIM), indent=2)


# --- For programs -----------------------------------------------------------------------------


def _document(
    choice: Choice, found: list[Measured], files: dict[str, Path], status: ExitCode
) -> Json:
    return {
        "exit": int(status),
        "seconds": round(sum(each.seconds for each in found), 3),
        "sample": choice.size,
        "seed": choice.seed,
        "protocols": [
            {
                "protocol": each.protocol,
                "population": each.population,
                "tried": len(each.outcomes),
                "seconds": round(each.seconds, 3),
                "processor": round(each.processor, 3),
                "taken": each.taken,
                **{_SHORT[fate]: count for fate, count in each.counts.items()},
            }
            for each in found
        ],
        "outcomes": [
            {
                "protocol": each.protocol,
                "mutant": outcome.mutant.name,
                "kind": outcome.mutant.kind.label,
                "about": outcome.mutant.about,
                "fate": _SHORT[outcome.fate],
                "case": outcome.case,
                "because": outcome.because,
                "played": outcome.played,
                "seconds": round(outcome.seconds, 3),
                "witness": str(files.get(outcome.mutant.name, "")),
            }
            for each in found
            for outcome in each.outcomes
        ],
    }
