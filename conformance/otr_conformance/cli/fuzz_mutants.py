"""`otrspec fuzz --mutants`: which of the mutants that the suite kills the fuzzer finds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from otr_conformance.fuzz.mutants import GROWN, Hunted, Hunter, grown
from otr_conformance.mutate import Asked as Measuring
from otr_conformance.mutate import Fate, mutants_of, sample
from otr_conformance.mutate.measuring import Prober
from otr_conformance.mutate.processes import Died, spread
from otr_conformance.protocols import protocol
from otr_conformance.verdict import ExitCode

from .misuse import Misuse
from .screen import DIM, GOOD, HEAD, NAME, WRONG, Screen, progress, write_json

if TYPE_CHECKING:
    from otr_model.kernel.mutants import Mutant

    from .fuzz import Asked
    from .screen import Json

__all__ = ["BAR", "mutants"]

BAR: Final = 0.95
"""The share of the mutants that the suite kills which is to be found."""


@dataclass(frozen=True, slots=True)
class _Both:
    """A mutant, what the suite does to it, and what the fuzzer finds of it."""

    mutant: Mutant
    fate: Fate
    case: str
    hunted: Hunted


class _Work:
    """Asks both, in whatever process."""

    def __init__(self, hunter: Hunter, prober: Prober, found: dict[str, Mutant]) -> None:
        self.hunter, self.prober, self.found = hunter, prober, found

    def __call__(self, name: str) -> _Both:
        mutant = self.found[name]
        hunted = self.hunter.hunt(mutant)
        outcome = self.prober.outcome(mutant)
        return _Both(mutant, outcome.fate, outcome.case, hunted)


def mutants(asked: Asked, size: int, budget: float) -> ExitCode:
    """Look for mutants of a protocol.

    Args:
        asked: the protocol, the seed, how many processes, over what.
        size: how many mutants; 0: all.
        budget: seconds of processor time for each.

    Returns:
        0 if enough of those that the suite kills were found, 1 if not, 3 if a process died.

    Raises:
        Misuse: if the protocol has no mutants.
    """
    every = mutants_of(asked.protocol)
    if not every:
        message = f"{asked.protocol} has no mutants"
        raise Misuse(message)
    chosen = sample(every, size, asked.seed) if size else every
    with progress("growing a corpus, and looking for mutants", len(chosen)) as step:
        corpus = grown(protocol(asked.protocol).fuzzing, asked.seed, asked.steps or GROWN)
        hunter = Hunter(asked.protocol, corpus, budget, asked.seed, octets=asked.octets)
        prober = Prober(asked.protocol, Measuring(proves=False, searches=False))
        work = _Work(hunter, prober, {each.name: each for each in chosen})
        both: dict[str, _Both] = {}
        died = []
        for name, said in spread(work, [[each.name] for each in chosen], asked.jobs):
            step(name)
            if isinstance(said, Died):
                died.append(name)
            else:
                both[name] = said
    ordered = [both[each.name] for each in chosen if each.name in both]
    killed = [each for each in ordered if each.fate is Fate.KILLED]
    found = [each for each in killed if each.hunted.found]
    good = not killed or len(found) >= BAR * len(killed)
    status = ExitCode.EXPECTED if good else ExitCode.UNEXPECTED
    if died:
        status = ExitCode.HARNESS_ERROR
    if asked.json:
        write_json(_document(asked, ordered, len(corpus), budget, status))
    else:
        _show(asked, ordered, len(corpus), budget, died)
    return status


def _show(asked: Asked, ordered: list[_Both], scripts: int, budget: float, died: list[str]) -> None:
    out = Screen()
    killed = [each for each in ordered if each.fate is Fate.KILLED]
    found = [each for each in killed if each.hunted.found]
    missed = [each for each in killed if not each.hunted.found]
    more = [each for each in ordered if each.fate is not Fate.KILLED and each.hunted.found]
    share = 100 * len(found) / len(killed) if killed else 100.0
    over = "real bytes" if asked.octets else "terms"
    out.line(
        (f"{asked.protocol}, over {over}", HEAD),
        f": {len(ordered)} mutants, a corpus of {scripts:,} scripts, at most {budget:g} s of "
        "processor time for each",
    )
    style = GOOD if share >= 100 * BAR else WRONG
    out.line(
        f"the suite kills {len(killed)}; of these were found: ",
        (f"{len(found)}, {share:.1f} %", style),
        indent=2,
    )
    if found:
        times = [each.hunted.seconds for each in found]
        out.line(
            f"half of them within {median(times):.2f} s, the last within {max(times):.1f} s",
            indent=2,
        )
    out.line(f"found beyond what the suite kills: {len(more)}", indent=2)
    kinds = Counter(each.mutant.kind.label for each in killed)
    missing = Counter(each.mutant.kind.label for each in missed)
    for kind, number in kinds.items():
        out.line((f"{number - missing[kind]:>5} of {number:<5} {kind}", DIM), indent=2)
    for each in missed:
        out.line()
        out.whole(("missed  ", WRONG), (each.mutant.name, NAME))
        out.line(each.mutant.about, indent=4)
        out.line((f"the suite kills it with {each.case}", DIM), indent=4)
        out.line((_why(each), DIM), indent=4)
    for each in more:
        out.line()
        out.whole("beyond  ", (each.mutant.name, NAME), (f"  {each.fate.label}", DIM))
        out.line(each.hunted.because, indent=4)
    for name in died:
        out.line((f"a process died at {name}", WRONG))


def _why(each: _Both) -> str:
    """Why it was missed, as far as a program can say it."""
    hunted = each.hunted
    if hunted.noted:
        return "what differs is explained by the letter of an ambiguity"
    return f"nothing differed in {hunted.plays:,} plays, {hunted.seconds:.1f} s"


def _document(
    asked: Asked, ordered: list[_Both], scripts: int, budget: float, status: ExitCode
) -> Json:
    killed = [each for each in ordered if each.fate is Fate.KILLED]
    return {
        "protocol": asked.protocol,
        "exit": int(status),
        "seed": asked.seed,
        "budget": budget,
        "scripts": scripts,
        "mutants": len(ordered),
        "killed": len(killed),
        "found": sum(each.hunted.found for each in killed),
        "outcomes": [
            {
                "mutant": each.mutant.name,
                "fate": each.fate.label,
                "case": each.case,
                "found": each.hunted.found,
                "noted": each.hunted.noted,
                "because": each.hunted.because,
                "rows": list(each.hunted.rows),
                "plays": each.hunted.plays,
                "seconds": round(each.hunted.seconds, 3),
                "part": "" if each.hunted.script is None else each.hunted.script.part,
                "moves": [] if each.hunted.script is None else list(each.hunted.script.moves),
            }
            for each in ordered
        ],
    }
