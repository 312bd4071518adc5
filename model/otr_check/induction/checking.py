"""Everything that is claimed of a protocol, proved, with examples; or refuted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Final

from otr_model.kernel.composition import states_of
from otr_model.kernel.expr import InState
from otr_model.kernel.variant import NONE, apply
from otr_reference.errors import OtrSpecError

from .claims import Claims, Invariant, Possible
from .pairs import Session, prove_session
from .prover import prove_with_rows
from .results import Outcome, Result
from .search import look
from .system import System

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from otr_model.kernel.composition import Composition
    from otr_model.kernel.variant import Variant

    from .claims import Claim, Finding
    from .results import Trail

__all__ = [
    "Broken",
    "Checked",
    "NoClaims",
    "UnknownClaim",
    "check_claims",
    "check_findings",
    "claims_of",
    "literal_of",
    "session_of",
]


class NoClaims(OtrSpecError):
    """Nothing is claimed of a protocol."""


class UnknownClaim(OtrSpecError):
    """A claim that is not there; the message says which there are."""


@dataclass(frozen=True, slots=True)
class Broken:
    """What a literal reading breaks.

    Attributes:
        finding: what is expected of it.
        trails: what refutes the claims, by their names.
    """

    finding: Finding
    trails: Mapping[str, Trail]

    @property
    def as_expected(self) -> bool:
        """Whether each claim is refuted."""
        return set(self.trails) == set(self.finding.claims)


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of the claims of a protocol.

    Attributes:
        composition: its name.
        supposed: what the proofs suppose beside what is assumed of the tables, in sentences.
        results: one for each claim.
        unreached: states of machines to which no example led.
        untaken: rows that the claims rule out: they complete their tables, and nothing leads there.
    """

    composition: str
    supposed: tuple[str, ...]
    results: tuple[Result, ...]
    unreached: tuple[str, ...]
    untaken: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether everything was proved, and has an example."""
        return all(result.proved for result in self.results) and not self.unreached

    @property
    def broken(self) -> tuple[str, ...]:
        """The names of the claims that do not hold, without those that only serve proofs."""
        return tuple(
            result.claim.name
            for result in self.results
            if not result.proved and not result.claim.helper
        )


MODEL: Final = (
    "the order in which events wait is that of the engine: first in, first out",
    "messages, time, configuration and answers to opaque conditions are anything, at each row",
    "other members are in states in which the claims hold, and may do whatever their rows do",
)


def claims_of(name: str) -> Claims:
    """What is claimed of a protocol, by its name.

    Raises:
        NoClaims: if nothing is.
    """
    try:
        claims: Claims = import_module(f"otr_check.{name}.invariants").CLAIMS
    except ModuleNotFoundError as error:
        message = f"nothing is claimed of {name}"
        raise NoClaims(message) from error
    return claims


def session_of(name: str) -> Session:
    """What is claimed of two endpoints of a protocol in one session.

    Raises:
        NoClaims: if nothing is.
    """
    claims_of(name)
    session: Session = import_module(f"otr_check.{name}.invariants").SESSION
    return session


def check_claims(
    composition: Composition,
    variant: Variant = NONE,
    names: Iterable[str] = (),
    *,
    examples: bool = True,
) -> Checked:
    """Prove what is claimed of a composition, and look for examples and counterexamples.

    Args:
        composition: the composition, without the variant.
        variant: another reading of the text.
        names: the claims that are wanted, with or without the protocol; none: all of them.
        examples: whether to look for a sequence of rows that leads to where a claim says something.

    Raises:
        NoClaims: if nothing is claimed of it.
        UnknownClaim: if there is no claim of one of the names.
        IllTyped: if a claim means nothing.
        Inconclusive: if the solver cannot tell.
    """
    claims, session = claims_of(composition.name), session_of(composition.name)
    wanted = _wanted(claims, session, tuple(names))
    applied = apply(composition, variant)
    system = System(applied.composition, claims, applied.skipped)
    every, untaken = prove_with_rows(system)
    results = [result for result in every if result.claim.id in wanted]
    sought = [r.claim for r in results if not isinstance(r.claim, Possible) and not r.claim.helper]
    open_ = {r.claim.id for r in results if not r.proved}
    complete = examples and not tuple(names) and variant is NONE
    states = list(_states(system)) if complete else []
    found = look(
        system,
        [*(claim for claim in sought if examples and claim.id not in open_), *states],
        [claim for claim in sought if claim.id in open_],
    )
    settled = [
        replace(
            result,
            outcome=Outcome.REFUTED if result.claim.id in found.refuted else result.outcome,
            trail=found.refuted.get(result.claim.id),
            witness=found.found.get(result.claim.id, result.witness),
        )
        for result in results
    ]
    if session.id in wanted and variant is NONE:
        ghosts = tuple(ghost.variable for ghost in claims.ghosts)
        settled.append(prove_session(applied.composition, session, ghosts))
    return Checked(
        composition.name,
        (*MODEL, *(each.about for each in claims.supposed)),
        tuple(settled),
        tuple(state.id for state in states if state.id not in found.found),
        untaken,
    )


def literal_of(name: str) -> Mapping[str, Variant]:
    """The literal readings of a protocol that can be run, by the id of the ambiguity.

    Raises:
        NoClaims: if nothing is claimed of it.
    """
    claims_of(name)
    readings: Mapping[str, Variant] = import_module(f"otr_model.{name}.variants").LITERAL
    return readings


def check_findings(composition: Composition) -> tuple[Broken, ...]:
    """Refute what literal readings break, each by a sequence of rows.

    Raises:
        NoClaims: if nothing is claimed of it.
    """
    claims = claims_of(composition.name)
    found: list[Broken] = []
    for finding in claims.findings:
        applied = apply(composition, literal_of(composition.name)[finding.ambiguity])
        system = System(applied.composition, claims, applied.skipped)
        goals = look(system, (), [claims.named(name) for name in finding.claims])
        trails = {claims.named(name).name: trail for name, trail in goals.refuted.items()}
        found.append(Broken(finding, trails))
    return tuple(found)


def _states(system: System) -> Iterator[Claim]:
    """Every state of every machine of a member, as something to find an example of."""
    for table in system.mine:
        for state in states_of(table):
            here = InState(table.machine, (state,))
            yield Invariant(f"{table.name}: {state.name}", state.meaning, (), here, here)


def _wanted(claims: Claims, session: Session, names: tuple[str, ...]) -> frozenset[str]:
    """The ids of the claims that are wanted."""
    every: tuple[Claim, ...] = (*claims.claims, session)
    if not names:
        return frozenset(claim.id for claim in every)
    found: set[str] = set()
    for name in names:
        ids = {claim.id for claim in every if name in {claim.id, claim.name}}
        if not ids:
            there = ", ".join(claim.name for claim in every if not claim.helper)
            message = f"{claims.composition} has no invariant {name}; there are: {there}"
            raise UnknownClaim(message)
        found |= ids
    return frozenset(found)
