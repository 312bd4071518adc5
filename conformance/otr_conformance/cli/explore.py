"""`otrspec explore`: the joint states of a scenario, and the runs that lead to faults."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from otr_check.explore.properties import PROPERTIES
from otr_check.explore.registry import adaptor_of, composition_of, variant_of
from otr_check.explore.replay import witness_of
from otr_check.explore.scenario import read_scenario, scenario_of, shipped
from otr_check.explore.search import Exploration
from otr_check.explore.telling import told
from otr_check.explore.witness import to_json
from otr_check.explore.workers import Lost
from otr_check.explore.written import written
from otr_conformance.verdict import ExitCode

from .misuse import Misuse, unknown, write_file
from .screen import DIM, GOOD, HEAD, NAME, WRONG, Screen, grid, progress, spans, tell, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from otr_check.explore.scenario import Scenario
    from otr_check.explore.search import Found, Progress, Violation
    from otr_check.explore.witness import Witness

    from .screen import Json

__all__ = ["Asked", "Bounds", "explore", "listing", "properties", "scenario_named", "show_steps"]

_SUFFIX: Final = ".toml"
_SAVED_EVERY: Final = 60
"""Seconds between two times that a search is saved."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds that replace those of a scenario; None: as it says."""

    states: int | None = None
    depth: int | None = None
    in_flight: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """How an exploration is made.

    Attributes:
        bounds: what replaces the scenario's.
        variants: PARTICIPANT=ID, or ID for all.
        workers: how many processes.
        save: where the search is written, to go on with.
        resume: where it was written.
        everything: go on after a violation.
        witness: where witnesses are written.
    """

    bounds: Bounds = field(default_factory=Bounds)
    variants: tuple[str, ...] = ()
    workers: int = 1
    save: Path | None = None
    resume: Path | None = None
    everything: bool = False
    witness: Path | None = None


# --- Which scenario ---------------------------------------------------------------------------


def listing(*, json: bool) -> ExitCode:
    """List the scenarios that ship, and what each asks."""
    found = {name: scenario_of(text) for name, text in shipped().items()}
    if json:
        write_json(
            [
                {
                    "name": name,
                    "title": each.title,
                    "protocol": each.protocol,
                    "participants": [actor.name for actor in each.actors],
                    "ask": list(each.ask),
                    "expect": list(each.expect),
                }
                for name, each in found.items()
            ]
        )
        return ExitCode.EXPECTED
    out = Screen()
    shown = grid("scenario", "what it is", "asks")
    for name, each in found.items():
        expected = (f"; expected to be violated: {' '.join(each.expect)}", HEAD)
        asks = spans((" ".join(each.ask), DIM), expected if each.expect else "")
        shown.add_row(spans((name, NAME)), spans(each.title), asks)
    out.show(shown)
    return ExitCode.EXPECTED


def properties(*, json: bool) -> ExitCode:
    """List the properties that a scenario can ask for, and what each says."""
    if json:
        write_json([{"property": each.id, "about": each.about} for each in PROPERTIES.values()])
        return ExitCode.EXPECTED
    out = Screen()
    wide = max(map(len, PROPERTIES))
    for each in PROPERTIES.values():
        out.line((each.id.ljust(wide + 2), NAME), each.about, hang=wide + 2)
    return ExitCode.EXPECTED


def scenario_named(named: str) -> Scenario:
    """The scenario of a file, or one that ships.

    Raises:
        Misuse: if there is none.
        BadScenario: if it is ill-formed.
    """
    path = Path(named)
    if path.suffix == _SUFFIX or path.is_file():
        return read_scenario(path)
    texts = shipped()
    if named not in texts:
        raise unknown(named, "scenario", texts, "otrspec explore --list")
    return scenario_of(texts[named])


def _changed(scenario: Scenario, asked: Asked) -> Scenario:
    """A scenario with the bounds and the variants that were asked for.

    Raises:
        BadScenario: if a bound is impossible, or there is no such variant.
        Misuse: if there is no such participant.
    """
    wanted = {
        name: value
        for name in ("states", "depth", "in_flight")
        if (value := getattr(asked.bounds, name)) is not None
    }
    names = [actor.name for actor in scenario.actors]
    variants: dict[str, list[str]] = {}
    for given in asked.variants:
        who, named = _variant(given, names)
        variant_of(scenario.protocol, named)
        for name in names if not who else [who]:
            variants.setdefault(name, []).append(named)
    actors = tuple(
        replace(actor, variant=" + ".join(variants.get(actor.name, [actor.variant])))
        for actor in scenario.actors
    )
    bounds = replace(scenario.bounds, **wanted)
    return scenario_of(written(replace(scenario, bounds=bounds, actors=actors)))


def _variant(given: str, names: Iterable[str]) -> tuple[str, str]:
    """Whose a variant is, "" for everybody's, and its id."""
    who, separator, named = given.partition("=")
    if not separator:
        return "", given
    if who not in names:
        message = f"there is no participant {who!r}; there are {', '.join(names)}"
        raise Misuse(message)
    return who, named


# --- Exploring --------------------------------------------------------------------------------


def explore(named: str, asked: Asked, *, json: bool) -> ExitCode:
    """Explore a scenario, and say what was found.

    Args:
        named: the file of a scenario, or the name of one that ships.
        asked: how.
        json: for programs.

    Returns:
        0 if exactly those properties are violated that the scenario expects to be; 3 if a worker
        is gone; 1 otherwise.

    Raises:
        Misuse: if there is no such scenario or participant, or a file cannot be written.
        BadScenario: if the scenario is ill-formed, or asks for what is not there.
        BadSave: if a search cannot be gone on with.
    """
    scenario = _changed(scenario_named(named), asked)
    for path in (asked.save, asked.witness):
        _refuse_unwritable(path)
    adaptor = adaptor_of(scenario)
    if asked.resume is not None:
        exploration = Exploration.resume(asked.resume, scenario, adaptor)
    else:
        exploration = Exploration(scenario, adaptor)
    everything = asked.everything or len(scenario.expect) > 1
    try:
        with progress("exploring") as step:
            found = exploration.run(
                until_violated=not everything,
                workers=asked.workers,
                progress=_teller(step),
                after_level=_saver(asked.save),
            )
    except Lost as lost:
        tell(f"otrspec: {lost}")
        return ExitCode.HARNESS_ERROR
    if asked.save is not None:
        exploration.save(asked.save)
    witnesses = {v.property: witness_of(exploration, v) for v in found.violations}
    files = _write(witnesses, asked)
    result = _Result(scenario, found, exploration, witnesses, files)
    if json:
        write_json(_document(result))
    else:
        _show(Screen(), result)
    return result.status


def _refuse_unwritable(path: Path | None) -> None:
    """Refuse, before a long search, a file that could not be written after it.

    Raises:
        Misuse: if its folder is not there, or cannot be written to.
    """
    if path is None:
        return
    reason = ""
    if path.is_dir():
        reason = "is a folder"
    elif not path.parent.is_dir():
        reason = "is in a folder that is not there"
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        reason = "cannot be written"
    if reason:
        message = f"{path}: {reason}"
        raise Misuse(message)


def _teller(step: Callable[[str], None]) -> Callable[[Progress], None]:
    """What shows how far a search is."""

    def show(now: Progress) -> None:
        speed = now.states / now.seconds if now.seconds else 0
        step(
            f"depth {now.depth}, {now.states:,} states, {speed:,.0f} a second, "
            f"{now.waiting:,} waiting"
        )

    return show


def _saver(path: Path | None) -> Callable[[Exploration], None] | None:
    """What saves a search, now and then."""
    if path is None:
        return None
    last = time.monotonic()

    def save(exploration: Exploration) -> None:
        nonlocal last
        if time.monotonic() - last > _SAVED_EVERY:
            exploration.save(path)
            last = time.monotonic()

    return save


def _write(witnesses: dict[str, Witness], asked: Asked) -> dict[str, Path]:
    """Write witnesses; where each is."""
    if asked.witness is None:
        return {}
    files: dict[str, Path] = {}
    for number, (name, found) in enumerate(witnesses.items()):
        path = asked.witness
        if asked.everything:
            path = path.with_name(f"{path.stem}-{name}{path.suffix or '.json'}")
        elif number:
            break
        write_file(path, to_json(found).encode())
        files[name] = path
    return files


@dataclass(frozen=True, slots=True)
class _Result:
    """What an exploration gave."""

    scenario: Scenario
    found: Found
    exploration: Exploration
    witnesses: dict[str, Witness]
    files: dict[str, Path]

    @property
    def status(self) -> ExitCode:
        """Whether exactly those are violated that are expected to be."""
        as_expected = set(self.witnesses) == set(self.scenario.expect)
        return ExitCode.EXPECTED if as_expected else ExitCode.UNEXPECTED

    @property
    def violations(self) -> dict[str, Violation]:
        """By property."""
        return {violation.property: violation for violation in self.found.violations}

    @property
    def stopped(self) -> str:
        """What stopped the search before it was complete; "" if nothing did."""
        bounds = self.scenario.bounds
        if self.found.complete:
            return ""
        if bounds.depth and self.found.depth >= bounds.depth:
            return "depth"
        if bounds.states and self.found.states >= bounds.states:
            return "states"
        return "violation"

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(composition_of(self.scenario.protocol).rows())


_STOPPED: Final = {
    "": "nothing was left out but what the scenario leaves out",
    "depth": "stopped by the bound of the depth",
    "states": "stopped by the bound of the states",
    "violation": "stopped after the level with a violation; --all goes on",
}


def _show(out: Screen, result: _Result) -> None:
    """The summary, the properties, and the first witness."""
    scenario, found = result.scenario, result.found
    out.line((scenario.title, HEAD))
    if scenario.about:
        out.line((" ".join(scenario.about.split()), DIM))
    out.line()
    speed = f"{found.states / found.seconds:,.0f} a second" if found.seconds else ""
    figures = grid("", "", "")
    for name, figure, about in (
        ("states", found.states, speed),
        ("steps", found.steps, "ways from one joint state to the next"),
        ("depth", found.depth, _STOPPED[result.stopped]),
        ("left out", found.crowded, f"steps for which {_queue(scenario)} had no room"),
        ("at rest", found.rests, "states in which no message is on its way"),
        ("local steps", found.local_steps, "steps of one endpoint, each taken once"),
        ("rows", len(found.fired), f"of {result.rows} were taken"),
    ):
        figures.add_row(spans((name, NAME)), spans(f"{figure:,}".rjust(12)), spans((about, DIM)))
    out.show(figures)
    out.line()
    _show_properties(out, result)
    for name, violation in result.violations.items():
        out.line()
        out.line((f"{name}: {violation.says}", WRONG))
        show_steps(out, result.witnesses[name])
        if name in result.files:
            out.line((f"written to {result.files[name]}", DIM))


def _queue(scenario: Scenario) -> str:
    return f"a queue of {scenario.bounds.in_flight}"


def _show_properties(out: Screen, result: _Result) -> None:
    wide = max(len(each.id) for each in result.exploration.asked)
    held = "holds within the bounds" if result.found.complete else "not violated so far"
    for each in result.exploration.asked:
        violation = result.violations.get(each.id)
        expected = each.id in result.scenario.expect
        if violation is None:
            verdict = (f"{held}, which is not expected", WRONG) if expected else (held, GOOD)
        else:
            how = "as expected, " if expected else ""
            text = f"violated {how}after {violation.depth} steps"
            verdict = (text, GOOD if expected else WRONG)
        says = f": {violation.says}" if violation else ""
        out.line((each.id.ljust(wide + 2), NAME), verdict, says, hang=wide + 2)


def show_steps(out: Screen, found: Witness) -> None:
    """What happens in a witness."""
    wide = len(str(len(found.steps)))
    for number, each in enumerate(told(found), 1):
        out.line(f"{number:{wide}}  {each.happens}", indent=2, hang=wide + 2)
        for line in each.follows:
            out.line((line, DIM), indent=wide + 6, hang=2)


def _document(result: _Result) -> Json:
    found = result.found
    return {
        "exit": int(result.status),
        "title": result.scenario.title,
        "protocol": result.scenario.protocol,
        "states": found.states,
        "steps": found.steps,
        "depth": found.depth,
        "complete": found.complete,
        "stopped": result.stopped,
        "crowded": found.crowded,
        "rests": found.rests,
        "local_steps": found.local_steps,
        "seconds": round(found.seconds, 3),
        "rows_fired": sorted(found.fired),
        "rows": result.rows,
        "properties": [
            {
                "property": each.id,
                "about": each.about,
                "holds": each.id not in result.violations,
                "expected": (each.id in result.violations) == (each.id in result.scenario.expect),
                "says": violation.says if violation else "",
                "depth": violation.depth if violation else 0,
                "witness": str(result.files.get(each.id, "")),
            }
            for each in result.exploration.asked
            for violation in [result.violations.get(each.id)]
        ],
    }
