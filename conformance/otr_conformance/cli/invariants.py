"""`otrspec check`: what is proved about all tables of a protocol together, by induction."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from otr_check.induction.checking import (
    NoClaims,
    check_claims,
    check_findings,
    claims_of,
    literal_of,
)
from otr_check.induction.results import Outcome
from otr_conformance.protocols import protocol
from otr_model.kernel.variant import NONE

from .misuse import unknown
from .screen import DIM, GOOD, HEAD, NAME, WRONG, grid, spans

if TYPE_CHECKING:
    from otr_check.induction.checking import Broken, Checked
    from otr_check.induction.results import Result, Trail
    from otr_model.kernel.variant import Variant

    from .screen import Json, Screen

__all__ = [
    "Invariants",
    "document",
    "explain",
    "find",
    "findings",
    "has_claims",
    "literal",
    "prove_all",
    "show",
]

_STYLE: Final = {Outcome.PROVED: GOOD, Outcome.REFUTED: WRONG, Outcome.OPEN: WRONG}


@dataclass(frozen=True, slots=True)
class Invariants:
    """What became of the invariants of a protocol.

    Attributes:
        checked: the claims.
        broken: what literal readings break.
        expected: the claims that a variant is known to break; None: no variant was asked for.
    """

    checked: Checked
    broken: tuple[Broken, ...] = ()
    expected: frozenset[str] | None = None

    @property
    def holds(self) -> bool:
        """Whether everything is as expected."""
        if self.expected is not None:
            return self.expected <= set(self.checked.broken)
        return self.checked.holds and all(each.as_expected for each in self.broken)


def has_claims(name: str) -> bool:
    """Whether anything is claimed of a protocol."""
    try:
        claims_of(name)
    except NoClaims:
        return False
    return True


def prove_all(names: list[str]) -> list[Invariants]:
    """Everything that is claimed of some protocols, one process for each."""
    if len(names) < 2:  # noqa: PLR2004 - one needs no company
        return [_prove(name) for name in names]
    with ProcessPoolExecutor(len(names)) as pool:
        return list(pool.map(_prove, names))


def _prove(name: str) -> Invariants:
    composition = protocol(name).model.composition
    return Invariants(check_claims(composition), check_findings(composition))


def find(name: str, wanted: tuple[str, ...]) -> Invariants:
    """Some of the claims.

    Raises:
        UnknownClaim: if there is none of a name.
    """
    return Invariants(check_claims(protocol(name).model.composition, names=wanted))


def literal(name: str, ambiguity: str, wanted: tuple[str, ...]) -> Invariants:
    """The claims under a literal reading, by the id of the ambiguity or its last part.

    Raises:
        Misuse: if there is no such reading.
        UnknownClaim: if there is no claim of a name.
    """
    readings = literal_of(name)
    ids = [each for each in readings if ambiguity in {each, each.rpartition(":")[2]}]
    if not ids:
        names = [each.rpartition(":")[2] for each in readings]
        raise unknown(ambiguity, "literal reading", names, "docs/generated")
    variant: Variant = readings[ids[0]]
    checked = check_claims(protocol(name).model.composition, variant, wanted, examples=False)
    known = [f.claims for f in claims_of(name).findings if f.ambiguity == ids[0]]
    expected = frozenset(name for claims in known for name in claims)
    return Invariants(checked, (), expected if variant is not NONE and not wanted else frozenset())


# --- For people --------------------------------------------------------------------------------


def show(out: Screen, found: Invariants) -> None:
    """A table of the claims, and below it what refutes those that do not hold."""
    checked = found.checked
    shown = grid("k", "steps", "seconds", "outcome", "invariant", right=3)
    helpers = [result for result in checked.results if result.claim.helper]
    for result in checked.results:
        if result.claim.helper and result.proved:
            continue
        shown.add_row(
            str(result.k),
            str(result.steps),
            f"{result.seconds:.2f}",
            spans((result.outcome.label, _STYLE[result.outcome])),
            spans((result.claim.id, NAME)),
        )
    out.show(shown)
    out.line()
    proved = sum(result.proved for result in helpers)
    if helpers:
        out.line(f"{len(helpers)} lemmas: ", (f"{proved} proved", GOOD))
    if checked.untaken:
        out.line(f"{len(checked.untaken)} rows only complete their tables: nothing leads to them")
    for state in checked.unreached:
        out.line((f"no example leads to {state}", WRONG))
    for result in checked.results:
        if not result.proved and not result.claim.helper:
            _refuted(out, result)
    for each in found.broken:
        _broken(out, each)


def _refuted(out: Screen, result: Result) -> None:
    """Why a claim does not hold, or why that is not known."""
    out.line()
    out.line((result.claim.id, NAME), f": {result.claim.says}", hang=2)
    if result.trail is not None:
        _trail(out, "refuted by", result.trail)
    elif result.failure is not None:
        out.line("not inductive; no sequence was found that refutes it:", indent=2)
        for line in result.failure.text.splitlines():
            out.line(line, indent=4, hang=2)


def _broken(out: Screen, broken: Broken) -> None:
    """What a literal reading breaks, in one paragraph."""
    finding = broken.finding
    out.line()
    out.line(("literal reading of ", DIM), (finding.ambiguity, NAME), f": {finding.says}", hang=2)
    for name in finding.claims:
        trail = broken.trails.get(name)
        if trail is None:
            out.line(name, ": ", ("not refuted", WRONG), indent=2)
            continue
        inputs = sum(taken.outside for taken in trail.rows)
        out.line(f"{name}: refuted by {len(trail.rows)} rows after {inputs} inputs, at", indent=2)
        out.whole("    ", (trail.rows[-1].row, NAME))


def _trail(out: Screen, head: str, trail: Trail) -> None:
    out.line(f"{head}:", indent=2)
    for taken in trail.rows:
        out.whole("    ", taken.text)
    if trail.values:
        values = ", ".join(f"{name} = {value}" for name, value in trail.values)
        out.line(values, indent=4, hang=2)


def explain(out: Screen, found: Invariants) -> None:
    """Each claim: what it says, what its proof needs, and an example."""
    checked = found.checked
    lemmas = {claim.id: claim for claim in claims_of(checked.composition).claims}
    for number, result in enumerate(checked.results):
        if number:
            out.line()
        claim = result.claim
        out.line((claim.id, HEAD))
        out.line(claim.says, indent=2)
        if claim.about:
            out.line(claim.about, indent=2)
        for section in claim.sections:
            out.line(("section: ", DIM), section, indent=2, hang=2)
        out.line(
            (result.outcome.label, _STYLE[result.outcome]),
            f" by induction with k = {result.k}, {result.steps} steps, {result.seconds:.2f} s",
            indent=2,
        )
        for name in result.lemmas:
            out.line(
                ("supposes: ", DIM), f"{lemmas[name].says} ({lemmas[name].name})", indent=2, hang=2
            )
        if not result.proved:
            _refuted(out, result)
        if result.witness is not None:
            _trail(out, "an example, from the beginning", result.witness)
    out.line()
    for about in checked.supposed:
        out.line(("assumed: ", DIM), (about, DIM), hang=2)


# --- For programs ------------------------------------------------------------------------------


def document(found: Invariants) -> list[Json]:
    """Every claim."""
    return [_document(result) for result in found.checked.results]


def _document(result: Result) -> Json:
    claim = result.claim
    failure = result.failure
    return {
        "id": claim.id,
        "says": claim.says,
        "sections": list(claim.sections),
        "helper": claim.helper,
        "outcome": result.outcome.label,
        "k": result.k,
        "steps": result.steps,
        "seconds": round(result.seconds, 4),
        "lemmas": list(result.lemmas),
        "failure": "" if failure is None else failure.text,
        "trail": _rows(result.trail),
        "witness": _rows(result.witness),
    }


def _rows(trail: Trail | None) -> list[Json]:
    if trail is None:
        return []
    return [
        {"row": taken.row, "member": taken.member, "input": taken.outside} for taken in trail.rows
    ]


def findings(found: Invariants) -> list[Json]:
    """What literal readings break."""
    return [
        {
            "ambiguity": each.finding.ambiguity,
            "says": each.finding.says,
            "invariant": name,
            "trail": _rows(each.trails.get(name)),
        }
        for each in found.broken
        for name in each.finding.claims
    ]
