"""Whether somebody can tell a mutant from the reference: by searching for a run that does.

In the scenarios that take most of the rows which the mutant concerns, a participant who is the
mutant is set against one who is not (`otr_check.explore.beside`). A run that tells them apart is
made into a case, and the case is played: if it fails the mutant, the suite lacks that case. If it
does not, what differs is something that grading lets pass, and the search goes on.

Nothing is proved by not finding anything: the bounds are part of the answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from importlib import import_module
from typing import TYPE_CHECKING, Final

from otr_check.explore.registry import PLAIN, adaptor_of
from otr_check.explore.replay import witness_of
from otr_check.explore.scenario import scenario_of, shipped
from otr_check.explore.search import Exploration
from otr_conformance.play.witnesses import NoCase, scripted
from otr_conformance.protocols import protocol
from otr_conformance.verdict import Verdict
from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from otr_check.explore.scenario import Scenario
    from otr_check.explore.witness import Witness
    from otr_conformance.play.witnesses import Scripting
    from otr_model.kernel.variant import Variant

__all__ = ["BOUND", "Searched", "search"]

BOUND: Final = 1_000
"""Joint states of one search, at most."""
MOST: Final = 6
"""Scenarios that are searched, at most."""
_ASKED: Final = "alike"
_GOES_ON: Final = "no-crash"


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search gave.

    Attributes:
        scenarios: where was looked.
        passed: differences that grading lets pass, in words.
        witness: a run that tells the mutant from the reference, and that a case would see, or in
            which the mutant ends.
        because: what that case says, or how the mutant ends.
        case: the case, in Python; "" where the mutant ends.
    """

    scenarios: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    witness: Witness | None = None
    because: str = ""
    case: str = field(default="", repr=False)

    @property
    def says(self) -> str:
        """Where was looked, and what was found, in a sentence."""
        if self.witness is not None:
            return self.because
        if not self.scenarios:
            return "no scenario takes a row that it concerns"
        where = f"{', '.join(self.scenarios)}, up to {BOUND:,} joint states of each"
        if self.passed:
            return f"{'; '.join(dict.fromkeys(self.passed))}, which grading lets pass, in {where}"
        return f"not told apart in {where}"


@lru_cache(maxsize=4)
def _scenarios(name: str) -> Mapping[str, Scenario]:
    """The scenarios in which nobody is faulty and nobody attacks, by name."""
    found = {}
    for title, text in shipped().items():
        scenario = scenario_of(text)
        if scenario.protocol != name or any(actor.variant for actor in scenario.actors):
            continue
        if scenario.attacker is None:
            found[title] = replace(
                scenario,
                ask=(_ASKED,),
                expect=(),
                bounds=replace(scenario.bounds, states=BOUND),
            )
    return found


@lru_cache(maxsize=64)
def _rows(name: str, title: str) -> frozenset[str]:
    """The rows that are taken in a scenario, within the bound."""
    scenario = _scenarios(name)[title]
    return Exploration(scenario, adaptor_of(scenario)).run().fired


def _promising(name: str, concerned: frozenset[str] | None) -> list[str]:
    """The scenarios that take most of the rows which are concerned, and at least one."""
    taken = {
        title: len(_rows(name, title) if concerned is None else concerned & _rows(name, title))
        for title in _scenarios(name)
    }
    found = [title for title, count in taken.items() if count]
    return sorted(found, key=lambda title: -taken[title])[:MOST]


def search(name: str, variant: Variant, concerned: frozenset[str] | None) -> Searched:
    """Look for a run that tells a variant from the reference, and for a case that sees it.

    Args:
        name: the protocol.
        variant: which; its name says what it is (`otr_check.explore.registry`).
        concerned: the rows of the cells that are edited; None: it may differ anywhere.
    """
    searched: list[str] = []
    passed: list[str] = []
    crashed: Searched | None = None
    for title in _promising(name, concerned):
        scenario = _scenarios(name)[title]
        searched.append(title)
        for witness in _told_apart(scenario, variant.name):
            if witness.property == _GOES_ON:
                where = f"{witness.says}, in {title}"
                crashed = crashed or Searched((title,), (), witness, where)
                continue
            because, case = _graded(name, witness, variant)
            if case:
                return Searched(tuple(searched), tuple(passed), witness, because, case)
            passed.append(because)
    return crashed or Searched(tuple(searched), tuple(passed))


def _told_apart(scenario: Scenario, variant: str) -> Iterator[Witness]:
    """For each account, a shortest run that tells a client under a variant from a plain one."""
    seen: set[str] = set()
    for actor in scenario.actors:
        if actor.user in seen:
            continue
        seen.add(actor.user)
        faulty = replace(actor, variant=variant, against=PLAIN)
        beside = replace(
            scenario, actors=tuple(faulty if each is actor else each for each in scenario.actors)
        )
        exploration = Exploration(beside, adaptor_of(beside))
        for violation in exploration.run(until_violated=True).violations:
            if violation.property in {_ASKED, _GOES_ON}:
                yield witness_of(exploration, violation)


def _graded(name: str, witness: Witness, variant: Variant) -> tuple[str, str]:
    """What a case that is made of a run says of the variant, and the case if it fails it."""
    scripting: Scripting = import_module(f"otr_conformance.{name}.witnesses").SCRIPTING
    suite = protocol(name).suite
    target = next(actor.name for actor in witness.scenario.actors if actor.variant)
    try:
        made = scripted(scripting, witness, target)
        faulty = suite.grader.reference_target(variant)
        # What a grader predicts, it remembers by the id of the case.
        alone = replace(made.case, id=f"{made.case.id}.{sha256(made.source.encode()).hexdigest()}")
        result = suite.grader.grade(alone, suite.terms(), faulty, explained=False)
    except (NoCase, OtrSpecError) as error:
        return f"{witness.says} (no case can be made of it: {error})", ""
    if result.verdict is Verdict.FAIL:
        return result.because, made.source
    return witness.says, ""
