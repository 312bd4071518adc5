"""The variants that matter for security, where each is looked for, and why some violate nothing.

They are the flaws of history, the letter of the text where ours is a hardened reading, every check
that a receiver can skip, and what cures flaws.

A variant is looked for in a few scenarios, in order, until one violates a property that the same
scenario without the variant does not:

- a flaw in its own scenario; the letter of the text in that of the flaw that it is, and in those
  of `GENERAL`;
- a skipped check in the scenarios of `CHECKS` for its kind of message: everybody skips it, and an
  attacker sends what fails it; then one side skips it, and the other one, who is no attacker but a
  bad peer, sends what fails it;
- a cure in the scenario of the flaw that it cures, where nothing may be violated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import unique
from typing import TYPE_CHECKING, Final

from otr_check.explore.registry import composition_of, variant_of
from otr_check.explore.scenario import scenario_of, shipped
from otr_model.kernel.variant import SkipCheck, Variant
from otr_model.kernel.vocabulary import Validity
from otr_model.kernel.words import Word
from otr_model.otrv3.variants import LITERAL as LITERAL_3
from otr_model.otrv4.variants import LITERAL as LITERAL_4

from .past import histories

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from otr_check.explore.scenario import Scenario
    from otr_model.kernel.vocabulary import Check

    from .past import History, Past

__all__ = [
    "BESIDE",
    "BOUND",
    "CHECKS",
    "GENERAL",
    "MORE",
    "TOGETHER",
    "Kind",
    "Trial",
    "Watched",
    "trials",
    "watched",
]

BOUND: Final = 20_000
"""Joint states of one search, at most."""

GENERAL: Final[Mapping[str, tuple[str, ...]]] = {
    "otrv1": (),
    "otrv3": (
        *("otrv3-checks-exchange", "otrv3-checks-data", "otrv3-checks-smp", "otrv3-both-begin"),
        *("otrv3-versions", "otrv3-two-clients", "otrv3-end", "otrv3-data"),
    ),
    "otrv4": (
        *("otrv4-checks-data", "otrv4-checks-smp", "otrv4-both-start", "otrv4-offline"),
        *("otrv4-offline-meets-online", "otrv4-again", "otrv4-ratchets", "otrv4-two-instances"),
        *("otrv4-expiry", "otrv4-xzdh-attacker", "otrv4-dakez-attacker"),
    ),
}
"""Where the letter of the text is looked for, in this order."""

CHECKS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "otrv3": {
        "smp": ("otrv3-checks-smp", "otrv3-checks-data"),
        "data": ("otrv3-checks-data",),
        "": ("otrv3-checks-exchange",),
    },
    "otrv4": {
        "smp": ("otrv4-checks-smp", "otrv4-checks-data"),
        "data": ("otrv4-checks-data",),
        "": ("otrv4-xzdh-attacker", "otrv4-dakez-attacker"),
    },
}
"""Where a skipped check is looked for: by the protocol, and by how the conditions begin that list
it; the last one for all others.
"""
TOGETHER: Final[Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    "otrv4": (
        (
            "otrv4-checks-smp-attacker",
            ("G2A_POINT", "G3A_POINT", "PA_POINT", "QA_POINT", "RA_POINT"),
        ),
    ),
}
"""Checks that are skipped together, and where that is looked for."""
MORE: Final = 60_000
"""The bound for those."""
BESIDE: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "otrv3 literal smp-bad-proof": (("otrv3-checks-smp", "falsify G2A_PROOF"),),
    "otrv4 literal smp-bad-proof": (("otrv4-checks-smp", "falsify G2A_PROOF"),),
}
"""Where else a variant is looked for: in a scenario whose last participant follows another one."""
_CURED: Final = {"otrv1": "identity-misbinding", "otrv3": "sigma-without-identity"}
"""The flaw that the cures of a protocol cure."""


@unique
class Kind(Word):
    """What a variant is."""

    FLAW = "a flaw of history"
    LITERAL = "the letter of the text, where ours is a hardened reading"
    SKIPPED = "a receiver that does not make a check"
    CURE = "what cures a flaw"


@dataclass(frozen=True, slots=True)
class Watched:
    """A variant that matters for security.

    Attributes:
        protocol: whose.
        kind: what it is.
        name: as scenarios name it.
        variant: the variant itself.
        past: the flaw that it is, or cures; None for others.
    """

    protocol: str
    kind: Kind
    name: str
    variant: Variant
    past: Past | None = None

    @property
    def id(self) -> str:
        """The protocol, and the name."""
        return self.name if self.kind is Kind.FLAW else f"{self.protocol} {self.name}"


@dataclass(frozen=True, slots=True)
class Trial:
    """A scenario in which a variant is looked for.

    Attributes:
        name: of the scenario.
        given: participants, and the variants that they are given instead of what it says.
        found: the scenario with them.
        without: the same without the variant; None where whatever is violated counts.
        bound: joint states, at most; 0: as the scenario says.
    """

    name: str
    given: tuple[tuple[str, str], ...]
    found: Scenario
    without: Scenario | None
    bound: int = BOUND


def watched() -> tuple[Watched, ...]:
    """Every variant that matters, in the order of versions and kinds."""
    return tuple(each for history in histories() for each in _of(history))


def _of(history: History) -> Iterator[Watched]:
    protocol = history.protocol
    literal = {"otrv3": LITERAL_3, "otrv4": LITERAL_4}.get(protocol, {})
    for past in history.flaws:
        yield Watched(protocol, Kind.FLAW, past.flaw.id, past.flaw.variant, past)
    for variant in literal.values():
        same = (past for past in history.flaws if past.flaw.variant.edits == variant.edits)
        yield Watched(protocol, Kind.LITERAL, variant.name, variant, next(same, None))
    if protocol in CHECKS:
        for check in composition_of(protocol).checks:
            if not check.spec.structural:
                variant = Variant(f"skip {check.name}", check.meaning, (SkipCheck(check),))
                same = (past for past in history.flaws if past.flaw.variant.edits == variant.edits)
                yield Watched(protocol, Kind.SKIPPED, variant.name, variant, next(same, None))
    for _, names in TOGETHER.get(protocol, ()):
        yield Watched(protocol, Kind.SKIPPED, _joined(names), variant_of(protocol, _joined(names)))
    for variant in history.cures:
        cured = next(past for past in history.flaws if past.flaw.name == _CURED[protocol])
        yield Watched(protocol, Kind.CURE, variant.name, variant, cured)


def _joined(checks: tuple[str, ...]) -> str:
    """The variant that skips several checks, as scenarios name it."""
    return " + ".join(f"skip {check}" for check in checks)


# --- Where each is looked for -----------------------------------------------------------------


def trials(each: Watched) -> Iterator[Trial]:
    """Where a variant is looked for, in this order."""
    if each.past is not None and each.past.scenario is not None:
        yield _in_place(each, each.past)
    for name, bad in BESIDE.get(each.id, ()):
        yield _beside(each, name, bad)
    if each.kind is Kind.LITERAL:
        for name in GENERAL[each.protocol]:
            yield _by_all(each, name)
    for name, checks in TOGETHER.get(each.protocol, ()):
        if each.name == _joined(checks):
            yield replace(_by_all(each, name), bound=MORE)
    if each.kind is Kind.SKIPPED:
        for name in _of_check(each):
            yield _by_all(each, name)
            yield _beside(each, name, each.name.replace("skip", "falsify", 1))


def _in_place(each: Watched, past: Past) -> Trial:
    """The scenario of a flaw, with the variant in the place of the flaw."""
    scenario = past.scenario
    assert scenario is not None  # noqa: S101 - asked before
    marked = [actor.name for actor in scenario.actors if past.flaw.id in actor.variant]
    if each.kind is Kind.FLAW:
        plain = None if past.flaw.present else _with(scenario, dict.fromkeys(marked, ""))
        return Trial(past.scenario_name, (), scenario, plain, 0)
    named = dict.fromkeys(marked or [actor.name for actor in scenario.actors], each.name)
    plain = None if each.kind is Kind.CURE else _with(scenario, dict.fromkeys(named, ""))
    return Trial(past.scenario_name, tuple(named.items()), _with(scenario, named), plain, 0)


def _by_all(each: Watched, name: str) -> Trial:
    """Everybody follows the variant; an attacker fails a check that all skip."""
    scenario = scenario_of(shipped()[name])
    named = {actor.name: each.name for actor in scenario.actors}
    return Trial(name, tuple(named.items()), _with(scenario, named), scenario)


def _beside(each: Watched, name: str, bad: str) -> Trial:
    """All but the last participant follow a variant; that one follows another."""
    scenario = scenario_of(shipped()[name])
    *others, last = (actor.name for actor in scenario.actors)
    named = {**dict.fromkeys(others, each.name), last: bad}
    plain = _with(scenario, {last: bad})
    return Trial(name, tuple(named.items()), _with(scenario, named), plain)


def _with(scenario: Scenario, named: Mapping[str, str]) -> Scenario:
    """A scenario in which some follow other variants."""
    return replace(
        scenario,
        actors=tuple(
            replace(actor, variant=named.get(actor.name, actor.variant))
            for actor in scenario.actors
        ),
    )


def _of_check(each: Watched) -> tuple[str, ...]:
    """The scenarios for a skipped check; none for several, which have their own."""
    if len(each.variant.edits) > 1:
        return ()
    (edit,) = each.variant.edits
    assert isinstance(edit, SkipCheck)  # noqa: S101 - what a skipped check is
    listing = _lists(each.protocol, edit.check)
    pools = CHECKS[each.protocol]
    return next(names for start, names in pools.items() if listing.startswith(start))


def _lists(protocol: str, check: Check) -> str:
    """The label of a condition that lists a check; "" where none does."""
    for condition in composition_of(protocol).conditions:
        spec = condition.spec
        if isinstance(spec, Validity) and check in spec.checks:
            return condition.label
    return ""
