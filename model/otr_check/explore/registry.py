"""Which endpoints can be explored, and under which variants, by name.

    adaptor_of(scenario)                    # the endpoints, each under the variant that it names
    variant_of("otrv3", "literal smp-refresh")

A variant is named by

- the name of a literal reading, such as `literal smp-refresh`;
- the id of a flaw of the protocol's history, such as `otrv3.flaw:replayed-commit`;
- the name of a bug, such as `bug mac-keys-early`;
- `drop ROW`, `retarget ROW STATE`, `skip CHECK` or `falsify CHECK`, made from the tables;
- the name of another mutant that the tables give (`otr_model.kernel.mutants`);
- several of those, with ` + ` between them.

Nothing of a protocol is imported before it is asked for.
"""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from otr_model.kernel import mutants
from otr_model.kernel.composition import states_of
from otr_model.kernel.variant import (
    BadVariant,
    DropRow,
    EditRow,
    Falsify,
    SkipCheck,
    Variant,
    apply,
)

from .beside import Beside
from .scenario import PROTOCOLS, BadScenario

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from otr_check.terms import Term
    from otr_model.kernel.composition import Composition
    from otr_model.kernel.history import Flaw

    from .party import Adaptor
    from .scenario import Scenario

__all__ = [
    "PLAIN",
    "RealEndpoints",
    "adaptor_of",
    "composition_of",
    "named_variants",
    "real_endpoints_of",
    "variant_of",
]

_JOINED: Final = " + "
PLAIN: Final = "plain"
"""The tables as they are, where a participant is set against them."""
_ADAPTORS: Final[Mapping[str, str]] = {
    name: f"Exploring{name.removeprefix('otrv')}" for name in PROTOCOLS
}
"""The class of each protocol's adaptor, in the module `otr_check.PROTOCOL.exploring`."""


class RealEndpoints(Protocol):
    """The endpoints of a scenario over real bytes: `Real` of `otr_check.PROTOCOL.replaying`.

    Attributes:
        adaptor: the endpoints; what it calls terms are bytes.
    """

    adaptor: Adaptor

    def observe(self, term: Term, wire: Any) -> None:  # noqa: ANN401 - bytes, as a suite has them
        """A message was sent that over terms is this term."""

    def make(self, term: Term) -> Any:  # noqa: ANN401 - see observe
        """What an attacker makes, who makes this term over terms.

        Raises:
            OtrSpecError: if it cannot be made from what was observed.
        """


def adaptor_of(scenario: Scenario) -> Adaptor:
    """The endpoints of a scenario, each under the variant that it names.

    Raises:
        BadScenario: if nothing explores the protocol, there is no such variant, or the protocol has
            no such policy, mode or action.
    """
    make = cast("Callable[[Scenario, dict[str, Variant]], Adaptor]", _class(scenario.protocol))
    one = make(scenario, _variants(scenario))
    if not any(actor.against for actor in scenario.actors):
        return one
    others = tuple(
        replace(actor, variant="" if actor.against == PLAIN else actor.against or actor.variant)
        for actor in scenario.actors
    )
    other = replace(scenario, actors=others)
    return Beside(scenario, one, make(other, _variants(other)))


def real_endpoints_of(scenario: Scenario, attempt: int) -> RealEndpoints:
    """The endpoints of a scenario over real bytes.

    Args:
        scenario: whose; long-term keys are made once for each account and process.
        attempt: what the endpoints draw differs from attempt to attempt.

    Raises:
        BadScenario: as `adaptor_of`, or if the protocol is not replayed over bytes.
    """
    make = _constant(scenario.protocol, "replaying", "Real", None, "otr_check")
    if make is None:
        message = f"protocol: nothing replays {scenario.protocol!r} over bytes"
        raise BadScenario(message)
    return cast("RealEndpoints", make(scenario, _variants(scenario), attempt))


def _variants(scenario: Scenario) -> dict[str, Variant]:
    """The variants that those who take part name."""
    wanted = dict.fromkeys(actor.variant for actor in scenario.actors if actor.variant)
    return {name: variant_of(scenario.protocol, name) for name in wanted}


def composition_of(protocol: str) -> Composition:
    """The tables that a protocol's endpoints follow.

    Raises:
        BadScenario: if nothing explores the protocol.
    """
    return _class(protocol).composition


def variant_of(protocol: str, name: str) -> Variant:
    """The variant of a name.

    Raises:
        BadScenario: if there is none, or two of several edit one thing; the message has the names
            that come near.
    """
    parts = [_single(protocol, part) for part in name.split(_JOINED)]
    variant = parts[0]
    for other in parts[1:]:
        variant |= other
    try:
        apply(composition_of(protocol), variant)
    except BadVariant as error:
        message = f"the variant {name!r}: {error}"
        raise BadScenario(message) from error
    return variant


def named_variants(protocol: str) -> Mapping[str, Variant]:
    """The literal readings, flaws, cures and bugs of a protocol, by name; others are of its tables.

    A flaw that stands in the tables as they are has no edits.
    """
    readings: Iterable[Variant] = _constant(protocol, "variants", "LITERAL", {}).values()
    flaws: Iterable[Flaw] = _constant(protocol, "history", "FLAWS", ())
    cures: Iterable[Variant] = _constant(protocol, "history", "CURES", ())
    bugs: Iterable[Variant] = _constant(protocol, "bugs", "BUGS", ())
    return {
        **{variant.name: variant for variant in (*readings, *cures, *bugs)},
        **{flaw.id: flaw.variant for flaw in flaws},
    }


def _single(protocol: str, name: str) -> Variant:
    """A variant that is not several."""
    word, _, rest = name.partition(" ")
    tables = composition_of(protocol)
    match word:
        case "drop":
            row = _known(rest, _rows(tables), "row")
            return Variant(name, "a row is missing", (DropRow(row),))
        case "retarget":
            named, _, state = rest.rpartition(" ")
            row = _known(named, _rows(tables), "row")
            states = {each.name: each for each in states_of(tables.table(row.partition(":")[0]))}
            goto = states[_known(state, states, f"state of {row}", ", ".join(states))]
            return Variant(name, "a row leads to another state", (EditRow(row, goto=goto),))
        case "skip":
            checks = {n: check for check in tables.checks for n in (check.label, check.name)}
            check = checks[_known(rest, checks, "check")]
            return Variant(name, f"does not ask: {check.meaning}", (SkipCheck(check),))
        case "falsify":
            checks = {check.name: check for check in tables.checks}
            check = checks[_known(rest, checks, "check")]
            return Variant(name, f"sends what fails: {check.meaning}", (Falsify(check),))
        case _:
            mutant = mutants.named(tables, name)
            if mutant is not None:
                return mutant
            variants = named_variants(protocol)
            forms = "drop ROW, retarget ROW STATE, skip CHECK, falsify CHECK"
            return variants[_known(name, variants, "variant", f"{', '.join(variants)}, {forms}")]


def _known(name: str, names: Collection[str], what: str, otherwise: str = "") -> str:
    """A name, if it is one.

    Raises:
        BadScenario: if it is not: with names that come near, or what there is otherwise.
    """
    if name in names:
        return name
    begun = [each for each in names if name and each.startswith(name)]
    close = begun[:3] or get_close_matches(name, names, n=3, cutoff=0.6)
    guess = f"; did you mean {' or '.join(close)}?" if close else ""
    message = f"there is no {what} {name!r}{guess or (otherwise and f'; there are {otherwise}')}"
    raise BadScenario(message)


def _rows(composition: Composition) -> dict[str, None]:
    return dict.fromkeys(row.id for row in composition.rows())


def _class(protocol: str) -> type[Adaptor]:
    """The class of a protocol's adaptor."""
    name = _ADAPTORS.get(protocol)
    found = None if name is None else _constant(protocol, "exploring", name, None, "otr_check")
    if found is None:
        message = f"protocol: nothing explores {protocol!r}"
        raise BadScenario(message)
    return cast("type[Adaptor]", found)


def _constant(
    protocol: str,
    module: str,
    name: str,
    default: Any,  # noqa: ANN401 - whatever the constant is
    package: str = "otr_model",
) -> Any:  # noqa: ANN401 - see above
    """A name of a protocol's module; the default where the protocol has no such module or name."""
    path = f"{package}.{protocol}.{module}"
    try:
        return getattr(import_module(path), name, default)
    except ModuleNotFoundError as error:
        if error.name is None or not path.startswith(error.name):
            raise
        return default
