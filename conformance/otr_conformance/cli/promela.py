"""`otrspec promela`: scenarios of two endpoints for the Spin model checker, and both engines."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from time import perf_counter
from typing import TYPE_CHECKING, Final

from otr_check.control.adjust import adjusted
from otr_check.control.explore import explore, lasso
from otr_check.control.promela import promela
from otr_check.control.spin import Effort, NoCompiler, NoSpin, Spin, workplace
from otr_check.otrv3.abstraction import SCENARIOS as SCENARIOS_3
from otr_check.otrv4.abstraction import SCENARIOS as SCENARIOS_4
from otr_conformance.protocols import DEFAULT
from otr_conformance.verdict import ExitCode

from .misuse import Misuse, unknown, write_file
from .screen import DIM, GOOD, HEAD, NAME, WRONG, Screen, grid, progress, spans, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from otr_check.control.abstraction import Scenario
    from otr_check.control.explore import Exploration, Lasso
    from otr_check.control.spin import Verdict
    from otr_check.control.system import Input

    from .screen import Json

__all__ = ["listing", "model", "run"]

SCENARIOS: Final[dict[str, Scenario]] = {**SCENARIOS_3, **SCENARIOS_4}


# --- Which scenario ---------------------------------------------------------------------------


def _chosen(patterns: Iterable[str]) -> list[Scenario]:
    """The scenarios that match patterns, with or without the protocol; all where there is none.

    Raises:
        Misuse: if a pattern matches nothing.
    """
    found: dict[str, Scenario] = {}
    for pattern in patterns:
        full = pattern if "/" in pattern else f"{DEFAULT.name}/{pattern}"
        matching = {name: each for name, each in SCENARIOS.items() if fnmatchcase(name, full)}
        if not matching:
            raise unknown(pattern, "scenario", SCENARIOS, "otrspec promela --list")
        found |= matching
    return list(found.values() or SCENARIOS.values())


def _settings(texts: Iterable[str]) -> dict[str, int]:
    """Settings as they are written.

    Raises:
        Misuse: if one is ill-formed.
    """
    found: dict[str, int] = {}
    for text in texts:
        name, _, value = text.partition("=")
        if not value.isdecimal():
            message = f"{text}: write NAME=NUMBER, such as alice.send=3"
            raise Misuse(message)
        found[name] = int(value)
    return found


# --- The model, and the list ------------------------------------------------------------------


def listing(*, json: bool) -> ExitCode:
    """List the scenarios."""
    if json:
        write_json(
            [
                {
                    "name": each.name,
                    "about": each.about,
                    "converges": each.converges,
                    "known": each.known,
                }
                for each in SCENARIOS.values()
            ]
        )
        return ExitCode.EXPECTED
    out = Screen()
    shown = grid("scenario", "converges", "is about")
    for each in SCENARIOS.values():
        claim = ("no", WRONG) if each.known else ("yes", GOOD) if each.converges else ("", DIM)
        shown.add_row(spans((each.name, NAME)), spans(claim), spans(each.about))
    out.show(shown)
    return ExitCode.EXPECTED


def model(
    patterns: Iterable[str],
    settings: Iterable[str],
    output: Path | None,
    *,
    cores: bool,
    json: bool,
) -> ExitCode:
    """Print the model of a scenario.

    Args:
        patterns: the name of the scenario.
        settings: what differs from it: NAME=NUMBER.
        output: where it goes; None: standard output.
        cores: for Spin's multi-core and breadth-first searches.
        json: the model inside a JSON object.

    Raises:
        Misuse: if there is no such scenario, or several, or the file cannot be written.
        BadAbstraction: if there is no such setting.
    """
    scenarios = _chosen(patterns)
    if len(scenarios) > 1:
        message = f"a model is of one scenario, and these are {len(scenarios)}; --run takes several"
        raise Misuse(message)
    scenario = adjusted(scenarios[0], _settings(settings))
    text = promela(scenario, hidden=not cores)
    if json:
        write_json({"name": scenario.name, "about": scenario.about, "content": text})
    elif output is not None:
        write_file(output, text.encode())
    else:
        sys.stdout.write(text)
    return ExitCode.EXPECTED


# --- Both engines -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Both:
    """What both engines say of a scenario.

    Attributes:
        scenario: which.
        changed: its settings are not its own, so that nothing is known of it.
        found: what the explorer found.
        against: its counterexample to convergence.
        seconds: how long it took.
        safety: what Spin says of every state.
        liveness: what Spin says of every run; None where nothing is claimed.
    """

    scenario: Scenario
    changed: bool
    found: Exploration
    against: Lasso | None
    seconds: float
    safety: Verdict
    liveness: Verdict | None

    @property
    def equal(self) -> bool:
        """Both reach as many joint states."""
        return self.found.states == self.safety.states

    @property
    def agree(self) -> bool:
        """Both say the same: as many joint states, or a property that does not hold in either."""
        safe = not self.found.violations
        if safe != self.safety.holds or (safe and not (self.equal and self.safety.complete)):
            return False
        runs, converges = self.liveness, self.against is None
        return runs is None or (runs.holds == converges and (runs.complete or not runs.holds))

    @property
    def expected(self) -> bool:
        """Both agree, properties hold, and convergence fails only where that is known."""
        known = self.changed or bool(self.against) == bool(self.scenario.known)
        return self.agree and not self.found.violations and known


def run(patterns: Iterable[str], settings: Iterable[str], *, json: bool) -> ExitCode:
    """Run both engines.

    Args:
        patterns: names of scenarios; none: all.
        settings: what differs from them: NAME=NUMBER.
        json: for programs.

    Raises:
        Misuse: if there is no such scenario, or Spin or a compiler is missing.
        BadAbstraction: if there is no such setting.
        OutOfBounds: if a variable or a channel is too small.
        TooMany: if there are too many joint states for the explorer.
        SpinFailed: if Spin does not do what is asked.
    """
    given = _settings(settings)
    results: list[_Both] = []
    with progress("running") as step:
        for scenario in _chosen(patterns):
            step(scenario.name)
            results.append(_run(adjusted(scenario, given), changed=bool(given)))
    expected = all(each.expected for each in results)
    status = ExitCode.EXPECTED if expected else ExitCode.UNEXPECTED
    if json:
        write_json({"exit": int(status), "scenarios": [_document(each) for each in results]})
        return status
    _show(Screen(), results)
    return status


def _run(scenario: Scenario, *, changed: bool) -> _Both:
    begun = perf_counter()
    found = explore(scenario)
    against = lasso(found) if scenario.converges else None
    seconds = perf_counter() - begun
    try:
        with workplace() as place:
            spin = Spin(scenario, place, Effort(optimise="-O0"))
            safety = spin.safety()
            liveness = spin.liveness() if scenario.converges else None
    except (NoSpin, NoCompiler) as missing:
        raise Misuse(str(missing)) from missing
    return _Both(scenario, changed, found, against, seconds, safety, liveness)


def _show(out: Screen, results: list[_Both]) -> None:
    shown = grid(
        "states", "by Spin", "transitions", "seconds", "properties", "converges", "", right=4
    )
    for each in results:
        shown.add_row(
            f"{each.found.states:,}",
            spans((f"{each.safety.states:,}", GOOD if each.equal else WRONG)),
            f"{each.found.transitions:,}",
            f"{each.seconds:.1f}",
            spans(("do not hold", WRONG) if each.found.violations else ("hold", GOOD)),
            spans(_convergence(each)),
            spans((each.scenario.name, NAME)),
        )
    out.show(shown)
    for each in results:
        for name, inputs in _counterexamples(each):
            out.line()
            out.line((f"{each.scenario.name}: {name}", HEAD))
            if each.scenario.known and name == "does not converge":
                out.line((each.scenario.known, DIM), hang=2)
            for given in inputs:
                out.line(given, indent=2)
        if not each.agree:
            out.line()
            out.line((f"{each.scenario.name}: the engines do not agree", WRONG))


def _convergence(both: _Both) -> tuple[str, str]:
    if not both.scenario.converges:
        return ("", DIM)
    if both.against is None:
        return ("yes", GOOD)
    return ("no, as is known", GOOD) if both.scenario.known else ("no", WRONG)


def _counterexamples(both: _Both) -> list[tuple[str, list[str]]]:
    """What does not hold, and how that comes about."""
    found = [(each.name, _texts(each.inputs)) for each in both.found.violations]
    if both.against is not None:
        cycle = _texts(both.against.cycle)
        again = ["and then, again and again:", *cycle] if cycle else ["and then nothing"]
        found.append(("does not converge", [*_texts(both.against.inputs), *again]))
    return found


def _texts(inputs: Iterable[Input]) -> list[str]:
    return [given.text for given in inputs]


def _document(both: _Both) -> dict[str, Json]:
    spin: dict[str, Json] = {
        "states": both.safety.states,
        "transitions": both.safety.transitions,
        "complete": both.safety.complete,
        "properties_hold": both.safety.holds,
        "converges": None if both.liveness is None else both.liveness.holds,
        "seconds": round(both.safety.seconds, 3),
    }
    return {
        "name": both.scenario.name,
        "states": both.found.states,
        "transitions": both.found.transitions,
        "ended": both.found.ended,
        "properties_hold": not both.found.violations,
        "converges": both.against is None if both.scenario.converges else None,
        "known": both.scenario.known,
        "seconds": round(both.seconds, 3),
        "spin": spin,
        "agree": both.agree,
        "expected": both.expected,
        "counterexamples": dict(_counterexamples(both)),
    }
