"""The runs of the flaws: searched for, replayed over bytes, and played by the suite."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from otr_check.explore.registry import adaptor_of
from otr_check.explore.replay import replay_real, witness_of
from otr_check.explore.search import Exploration
from otr_check.explore.witness import to_json

from .cases import noticed
from .past import RUNS, pasts
from .record import Plain, Run, read, write

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from otr_check.explore.scenario import Scenario
    from otr_check.explore.witness import Witness

    from .past import Past
    from .record import Case

__all__ = ["Found", "explored", "find", "refresh", "without"]

_JOINED = " + "


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        states: joint states that were reached.
        witness: the shortest run that violates the property.
    """

    states: int
    witness: Witness


def find(past: Past) -> Found | None:
    """Search the scenario of a flaw for a shortest run that violates its property.

    Where the scenario expects another property to be violated, for that one. None where no scenario
    ships, or where nothing is violated.

    Raises:
        BadScenario: if the scenario asks for what is not there.
    """
    scenario = past.scenario
    if scenario is None:
        return None
    wanted = past.flaw.violates
    exploration = Exploration(scenario, adaptor_of(scenario))
    found = exploration.run()
    by_property = {violation.property: violation for violation in found.violations}
    if wanted in scenario.expect and wanted not in by_property:
        found = exploration.run(until_violated=False)
        by_property = {violation.property: violation for violation in found.violations}
    violation = by_property.get(wanted) or next(iter(found.violations), None)
    if violation is None:
        return None
    return Found(found.states, witness_of(exploration, violation))


def without(scenario: Scenario, variant: str) -> Scenario:
    """A scenario in which nobody follows a variant."""
    actors = tuple(
        replace(
            actor,
            variant=_JOINED.join(
                part for part in actor.variant.split(_JOINED) if part and part != variant
            ),
        )
        for actor in scenario.actors
    )
    return replace(scenario, actors=actors)


def explored(scenario: Scenario, states: int = 0) -> Plain:
    """Search a scenario to its end, or until something is violated.

    Args:
        scenario: what.
        states: joint states, at most; 0: as many as there are.

    Raises:
        BadScenario: if it asks for what is not there.
    """
    if states:
        scenario = replace(scenario, bounds=replace(scenario.bounds, states=states))
    found = Exploration(scenario, adaptor_of(scenario)).run()
    violated = tuple(violation.property for violation in found.violations)
    return Plain(found.states, found.depth, found.complete, violated)


def refresh(
    root: Path, names: Collection[str], tell: Callable[[str], None], *, play: bool = True
) -> None:
    """Make the runs of flaws, and write their witnesses and what came of them.

    Args:
        root: of the checkout.
        names: which, as in "otrv3-version-rollback"; none: all.
        tell: told of each flaw.
        play: the cases of the suite as well; otherwise what they gave stays as it is.

    Raises:
        BadRecord: if what is there cannot be read.
        BadScenario: if a scenario asks for what is not there.
        OSError: if a file cannot be written.
    """
    runs, path = read(root / RUNS), root / RUNS
    path.parent.mkdir(parents=True, exist_ok=True)
    known = pasts()
    for past in known:
        if names and past.name not in names:
            continue
        case = _noticed(past) if play else runs.get(past.flaw.id, Run()).case
        run = runs[past.flaw.id] = _run(root, past, case)
        ordered = {each.flaw.id: runs[each.flaw.id] for each in known if each.flaw.id in runs}
        path.write_text(write(ordered), encoding="utf-8")
        tell(f"{past.name}: {run.steps} steps{run.differs and f', over bytes {run.differs}'}")


def _noticed(past: Past) -> Case | None:
    """What notices a target with a flaw; nothing, where whoever follows the tables has it."""
    return None if past.flaw.present else noticed(past.protocol, past.flaw.variant)


def _run(root: Path, past: Past, case: Case | None) -> Run:
    """Everything that is searched and replayed about one flaw."""
    found, scenario, path = find(past), past.scenario, root / past.witness
    if found is None or scenario is None:
        path.unlink(missing_ok=True)
        return Run(case=case)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_json(found.witness), encoding="utf-8")
    over_bytes = replay_real(found.witness)
    return Run(
        found.states,
        len(found.witness.steps),
        over_bytes.differs,
        over_bytes.attempts,
        None if past.flaw.present else explored(without(scenario, past.flaw.id)),
        case,
    )
