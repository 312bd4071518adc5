"""`otrspec fuzz --mutants`: which of the mutants that the suite kills the fuzzer finds."""

from __future__ import annotations

import sys
import time
from collections import Counter
from random import Random
from statistics import median, quantiles
from typing import TYPE_CHECKING, Final

from otr_conformance.fuzz.growing import GROWN
from otr_conformance.fuzz.hunts import Hunts, Work, document_of
from otr_conformance.fuzz.mutants import Hunter
from otr_conformance.mutate import mutants_of
from otr_conformance.verdict import ExitCode

from .misuse import Misuse
from .screen import DIM, GOOD, HEAD, NAME, WRONG, Screen, progress, tell, write_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.fuzz.hunts import Both
    from otr_conformance.fuzz.mutants import Hunted
    from otr_model.kernel.mutants import Mutant

    from .fuzz import Asked

__all__ = ["BAR", "mutants"]

BAR: Final = 0.95
"""The share of the mutants that the suite kills which is to be found."""
_MINUTE: Final = 60.0
"""Seconds between two lines that say how far it is, where no terminal is."""


def mutants(asked: Asked, size: int, budget: float) -> ExitCode:
    """Look for mutants of a protocol that the suite kills.

    Args:
        asked: the protocol, the seed, how many processes, over what, where outcomes are kept.
        size: how many mutants that the suite kills; 0: all.
        budget: seconds of processor time for each.

    Returns:
        0 if enough of them were found, 1 if not.

    Raises:
        Misuse: if the protocol has no mutants.
        BadHunts: if outcomes cannot be kept.
    """
    every = {mutant.name: mutant for mutant in mutants_of(asked.protocol)}
    if not every:
        message = f"{asked.protocol} has no mutants"
        raise Misuse(message)
    steps = asked.steps or GROWN
    question = (asked.seed, steps, budget, asked.octets)
    hunts = Hunts(asked.corpus, asked.protocol, question, asked.jobs)
    growing = f"growing a corpus: {steps:,} moves of the reference"
    with progress(growing) as step:
        step("")
        if not sys.stderr.isatty():
            tell(f"otrspec: {growing}")
        corpus = hunts.corpus(asked.seed, steps)
        hunter = Hunter(asked.protocol, corpus, budget, asked.seed, octets=asked.octets)
        moves = sum(tree.size for tree in hunter.trees)
    _tell_astray(hunter)
    order = list(every)
    Random(asked.seed).shuffle(order)  # noqa: S311 - which mutants are tried is no secret
    with progress("looking for mutants", size or None) as step:
        told = _teller(step, size or len(order))
        done = hunts.outcomes(Work(hunter, every), order, size or len(order), told)
    for complaint in hunts.complaints:
        tell(f"otrspec: {complaint}")
    hunted = [both.hunted for both in done if both.hunted is not None]
    found = sum(each.found for each in hunted)
    status = ExitCode.EXPECTED if found >= BAR * len(hunted) else ExitCode.UNEXPECTED
    if asked.json:
        write_json(
            {
                "protocol": asked.protocol,
                "exit": int(status),
                "seed": asked.seed,
                "budget": budget,
                "scripts": len(corpus),
                "moves": moves,
                "killed": len(hunted),
                "found": found,
                "seconds": round(sum(each.seconds for each in hunted), 3),
                "outcomes": [document_of(each) for each in done],
            }
        )
        return status
    over = "real bytes" if asked.octets else "terms"
    out = Screen()
    out.line(
        (f"{asked.protocol}, over {over}", HEAD),
        f": {len(hunted):,} mutants that the suite kills, a corpus of {moves:,} moves, at most "
        f"{budget:g} s of processor time for each",
    )
    _show(out, done, hunted, every)
    return status


def _tell_astray(hunter: Hunter) -> None:
    """Say where something differs although nothing is wrong."""
    if hunter.astray:
        first = hunter.astray[0]
        places = "a place" if len(hunter.astray) == 1 else f"{len(hunter.astray)} places"
        tell(f"otrspec: in {places} something differs although nothing is wrong: {first.because}")
        tell(f"otrspec: {first.script.part}: {' / '.join(first.script.moves)}")
        tell("otrspec: that is left out")


def _teller(step: Callable[[str], None], total: int) -> Callable[[Both], None]:
    """What shows how far it is; where there is no terminal, it is a line each minute."""
    said = time.monotonic()
    killed = found = 0
    lines = not sys.stderr.isatty()
    step("")

    def told(both: Both) -> None:
        nonlocal killed, found, said
        if both.hunted is None or killed == total:
            return
        killed += 1
        found += both.hunted.found
        step(f"{found:,} of {killed:,} found")
        if lines and time.monotonic() - said >= _MINUTE:
            said = time.monotonic()
            tell(f"otrspec: {killed:,} of {total:,} mutants that the suite kills, {found:,} found")

    return told


def _show(out: Screen, done: list[Both], hunted: list[Hunted], every: dict[str, Mutant]) -> None:
    found = [each for each in hunted if each.found]
    share = 100 * len(found) / len(hunted) if hunted else 100.0
    style = GOOD if share >= 100 * BAR else WRONG
    out.line("found: ", (f"{len(found):,}, {share:.1f} %", style), indent=2)
    if len(found) > 1:
        times = sorted(each.seconds for each in found)
        most = quantiles(times, n=20, method="inclusive")[-1]
        out.line(
            f"half of them within {median(times):.1f} s, 95 % within {most:.1f} s, "
            f"the last within {times[-1]:.1f} s",
            indent=2,
        )
    kinds = Counter(every[each.mutant].kind.label for each in hunted)
    lucky = Counter(every[each.mutant].kind.label for each in found)
    for kind, number in kinds.items():
        out.line((f"{lucky[kind]:>5} of {number:<5} {kind}", DIM), indent=2)
    for both in done:
        if both.hunted is not None and not both.hunted.found:
            _show_missed(out, both, both.hunted, every[both.mutant])


def _show_missed(out: Screen, both: Both, hunted: Hunted, mutant: Mutant) -> None:
    """A mutant that was missed, and what can be said about it."""
    out.line()
    out.whole(("missed  ", WRONG), (mutant.name, NAME))
    out.line(mutant.about, indent=4)
    out.line((f"the suite kills it with {both.case}", DIM), indent=4)
    noted = ", but for what the letter of an ambiguity explains" if hunted.noted else ""
    nothing = f"nothing differed in {hunted.moves:,} moves, {hunted.seconds:.1f} s{noted}"
    out.line((nothing, DIM), indent=4)
