"""What catches the variants that matter for security: searches, proofs, and cases of the suite."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from otr_check.explore.registry import adaptor_of, composition_of
from otr_check.explore.search import Exploration
from otr_conformance.protocols import PROTOCOLS
from otr_model.documents import BadDocument, parse_json
from otr_model.kernel.export import canonical
from otr_model.kernel.variant import apply
from otr_reference.errors import OtrSpecError

from .cases import noticed
from .record import BadRecord, Case
from .watched import Kind, Watched, trials, watched

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from otr_check.explore.scenario import Scenario
    from otr_check.explore.search import Found

    from .watched import Trial

__all__ = [
    "RECORD",
    "Caught",
    "Proof",
    "Sought",
    "Tried",
    "concerns_proofs",
    "hunt",
    "proof",
    "read",
    "refresh",
]

RECORD: Final = Path("docs", "generated", "caught.json")


@dataclass(frozen=True, slots=True)
class Tried:
    """A search of one scenario.

    Attributes:
        scenario: its name.
        given: participants, and the variants that they were given; none: as it says.
        states: joint states that were reached.
        complete: nothing was left out but what the scenario leaves out.
    """

    scenario: str
    given: tuple[tuple[str, str], ...]
    states: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Sought:
    """What searches for a variant found.

    Attributes:
        tried: the searches, in order; what was violated was so in the last one.
        violated: the property; "" if none was.
        depth: steps of the shortest run.
        says: what is wrong, in words.
    """

    tried: tuple[Tried, ...]
    violated: str = ""
    depth: int = 0
    says: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """What induction says of the tables under a variant.

    Attributes:
        claims: how many there are.
        fails: those that are no longer proved.
    """

    claims: int
    fails: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Caught:
    """What catches a variant; None for what was not asked.

    Attributes:
        searches: searches.
        proofs: proofs.
        cases: the suite: None as well where no case notices it.
    """

    searches: Sought | None = None
    proofs: Proof | None = None
    cases: Case | None = None


# --- Searches ---------------------------------------------------------------------------------

_Violated = dict[str, tuple[int, str]]
"""The depth and the words of each property that is violated."""


def hunt(each: Watched) -> Sought:
    """Look for what a variant violates.

    Raises:
        BadScenario: if a scenario asks for what is not there.
    """
    tried: list[Tried] = []
    for trial in trials(each):
        found = _searched(trial)
        if found is None:
            continue
        fresh, last = found
        tried.append(last)
        if fresh:
            violated, (depth, says) = min(fresh.items(), key=lambda item: item[1][0])
            return Sought(tuple(tried), violated, depth, says)
    return Sought(tuple(tried))


def _searched(trial: Trial) -> tuple[_Violated, Tried] | None:
    """What is violated with the variant and not without it; None where it cannot be played."""
    try:
        base, before = None, _Violated()
        if trial.without is not None:
            base, before = _explored(trial.without, trial.bound, early=False)
        found, after = _explored(trial.found, trial.bound, early=not before)
    except OtrSpecError:  # a bad peer that nobody knows how to play
        return None
    fresh = {
        name: (depth, says)
        for name, (depth, says) in after.items()
        if name not in before and (base is None or base.complete or base.depth >= depth)
    }
    return fresh, Tried(trial.name, trial.given, found.states, found.complete)


_EXPLORED: dict[tuple[Scenario, bool], tuple[Found, _Violated]] = {}


def _explored(scenario: Scenario, bound: int, *, early: bool) -> tuple[Found, _Violated]:
    """A search within a bound, until something is violated or to the end."""
    if bound:
        bound = min(scenario.bounds.states or bound, bound)
        scenario = replace(scenario, bounds=replace(scenario.bounds, states=bound))
    known = _EXPLORED.get((scenario, early))
    if known is None:
        found = Exploration(scenario, adaptor_of(scenario)).run(until_violated=early)
        violated = {v.property: (v.depth, v.says) for v in found.violations}
        known = _EXPLORED[scenario, early] = found, violated
    return known


# --- Proofs -----------------------------------------------------------------------------------


def proof(each: Watched) -> Proof | None:
    """What induction says of a variant; None where it says nothing of the protocol.

    Raises:
        Inconclusive: if the solver cannot tell.
    """
    try:
        claims = import_module(f"otr_check.{each.protocol}.invariants").CLAIMS
    except ModuleNotFoundError as error:
        if error.name != f"otr_check.{each.protocol}.invariants":
            raise
        return None
    prover = import_module("otr_check.induction.prover")
    system = import_module("otr_check.induction.system")
    applied = apply(composition_of(each.protocol), each.variant)
    results = prover.prove_claims(system.System(applied.composition, claims, applied.skipped))
    fails = tuple(result.claim.id for result in results if not result.proved)
    return Proof(len(results), fails)


def concerns_proofs(each: Watched) -> bool:
    """Whether a variant changes what induction reads: a row, or a check of declared variables.

    What only cryptography can answer is open there: what is proved holds whatever the answer is,
    and so also where nobody asks.
    """
    composition = composition_of(each.protocol)
    applied = apply(composition, each.variant)
    asked = any(check.spec.expr is not None for check in applied.skipped)
    return asked or applied.composition is not composition


# --- The record -------------------------------------------------------------------------------


def read(root: Path) -> dict[str, Caught]:
    """What runs gave, by the id of the variant; nothing where there is no file.

    Raises:
        BadRecord: if the file cannot be read, or is none.
    """
    path = root / RECORD
    if not path.is_file():
        return {}
    try:
        document: Any = parse_json(path.read_text(encoding="utf-8"))
        return {name: _caught(each) for name, each in document.items()}
    except (BadDocument, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        message = f"{path}: is no record of what catches variants: {error}"
        raise BadRecord(message) from error


def _caught(given: dict[str, Any]) -> Caught:
    searches, proofs, cases = (given.pop(name, None) for name in _PARTS)
    if given:
        raise KeyError(*given)
    return Caught(
        None if searches is None else _sought(searches),
        None if proofs is None else Proof(proofs["claims"], tuple(proofs["fails"])),
        None if cases is None else Case(**cases),
    )


def _sought(given: dict[str, Any]) -> Sought:
    tried = tuple(
        Tried(**{**each, "given": tuple(each["given"].items())}) for each in given.pop("tried")
    )
    return Sought(tried, **given)


def _text(record: Mapping[str, Caught]) -> str:
    return canonical({name: _plain(asdict(each)) for name, each in record.items()})


def _plain(given: Any) -> Any:  # noqa: ANN401 - values of JSON
    """Without what is not there."""
    match given:
        case dict():
            return {
                name: dict(value) if name == "given" else _plain(value)
                for name, value in given.items()
                if value is not None
            }
        case tuple() | list():
            return [_plain(each) for each in given]
        case _:
            return given


def refresh(root: Path, part: str, words: Collection[str], tell: Callable[[str], None]) -> None:
    """Make runs of the variants, and write what came of them after each.

    Args:
        root: of the checkout.
        part: "searches", "proofs" or "cases".
        words: only variants whose id has all of these; none: all.
        tell: told of each variant.

    Raises:
        BadRecord: if what is there cannot be read.
        OtrSpecError: if a run cannot be made.
    """
    record, path = read(root), root / RECORD
    every = watched()
    for each in every:
        if not all(word in each.id for word in words):
            continue
        known = record.get(each.id, Caught())
        record[each.id] = replace(known, **{part: _PARTS[part](each)})
        ordered = {other.id: record[other.id] for other in every if other.id in record}
        path.write_text(_text(ordered), encoding="utf-8")
        tell(f"{each.id}: {getattr(record[each.id], part)}")


def _proofs(each: Watched) -> Proof | None:
    return proof(each) if concerns_proofs(each) else None


def _cases(each: Watched) -> Case | None:
    if each.kind is Kind.CURE or each.protocol not in PROTOCOLS or not each.variant.edits:
        return None
    return noticed(each.protocol, each.variant)


_PARTS: Final[Mapping[str, Callable[[Watched], Any]]] = {
    "searches": hunt,
    "proofs": _proofs,
    "cases": _cases,
}
