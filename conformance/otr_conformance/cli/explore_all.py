"""`otrspec explore --every`: each scenario that ships, to its bounds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from otr_check.explore.registry import adaptor_of
from otr_check.explore.scenario import scenario_of, shipped
from otr_check.explore.search import Exploration
from otr_conformance.verdict import ExitCode

from .misuse import Misuse
from .screen import DIM, GOOD, NAME, WRONG, Screen, grid, progress, spans, write_json

if TYPE_CHECKING:
    from otr_check.explore.scenario import Scenario
    from otr_check.explore.search import Found

    from .screen import Json

__all__ = ["explore_all"]


@dataclass(frozen=True, slots=True)
class _Explored:
    """One scenario, and what was found."""

    name: str
    scenario: Scenario
    found: Found

    @property
    def violated(self) -> tuple[str, ...]:
        """The properties that do not hold."""
        return tuple(violation.property for violation in self.found.violations)

    @property
    def expected(self) -> bool:
        """Whether exactly those are violated that are expected to be."""
        return set(self.violated) == set(self.scenario.expect)

    @property
    def bounded(self) -> str:
        """What ended the search: nothing, a violation, or a bound."""
        if self.found.complete:
            return "complete"
        return "violated" if self.found.violations else "bound"


def explore_all(pattern: str, states: int | None, workers: int, *, json: bool) -> ExitCode:
    """Explore every scenario that ships.

    Args:
        pattern: only those whose names match it; "" for all.
        states: joint states of each, at most; 0: any number; None: as each scenario says.
        workers: how many processes search.
        json: for programs.

    Returns:
        0 if each violates exactly what it expects to; 1 otherwise.

    Raises:
        Misuse: if no name matches.
    """
    names = [name for name in shipped() if fnmatchcase(name, pattern or "*")]
    if not names:
        message = f"no scenario is called {pattern!r}: otrspec explore --list has them"
        raise Misuse(message)
    done: list[_Explored] = []
    with progress("exploring", len(names)) as step:
        for name in names:
            step(name)
            done.append(_explored(name, states, workers))
    status = ExitCode.EXPECTED if all(each.expected for each in done) else ExitCode.UNEXPECTED
    if json:
        write_json({"exit": int(status), "scenarios": [_document(each) for each in done]})
    else:
        _show(Screen(), done)
    return status


def _explored(name: str, states: int | None, workers: int) -> _Explored:
    scenario = scenario_of(shipped()[name])
    if states is not None:
        scenario = replace(scenario, bounds=replace(scenario.bounds, states=states))
    exploration = Exploration(scenario, adaptor_of(scenario))
    found = exploration.run(until_violated=len(scenario.expect) == 1, workers=workers)
    return _Explored(name, scenario, found)


def _show(out: Screen, done: list[_Explored]) -> None:
    shown = grid("states", "depth", "seconds", "ended", "scenario", "violates", right=3)
    for each in done:
        found = each.found
        violated = ", ".join(each.violated)
        missing = ", ".join(set(each.scenario.expect) - set(each.violated))
        verdict = f"{violated or '-'}" + (f" (expected: {missing})" if missing else "")
        shown.add_row(
            spans(f"{found.states:,}"),
            spans(str(found.depth)),
            spans(f"{found.seconds:.1f}"),
            spans((each.bounded, DIM)),
            spans((each.name, NAME)),
            spans((verdict, GOOD if each.expected else WRONG)),
        )
    out.show(shown)
    states = sum(each.found.states for each in done)
    seconds = sum(each.found.seconds for each in done)
    wrong = sum(not each.expected for each in done)
    out.line()
    out.line(f"{len(done)} scenarios, {states:,} joint states in {seconds:,.0f} s")
    if wrong:
        out.line((f"{wrong} of them not as expected", WRONG))
    else:
        out.line(("Everything is as expected.", GOOD))


def _document(each: _Explored) -> Json:
    found = each.found
    return {
        "name": each.name,
        "title": each.scenario.title,
        "expected": each.expected,
        "violated": list(each.violated),
        "expect": list(each.scenario.expect),
        "states": found.states,
        "depth": found.depth,
        "complete": found.complete,
        "seconds": round(found.seconds, 3),
    }
