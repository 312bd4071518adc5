"""What only somebody inside an endpoint can see: what it keeps, and what it has forgotten.

A mutant that nobody can tell from the reference by what is seen may still keep a key that it should
have forgotten. Cases are played with both, step by step, over the same terms: what each keeps after
each step is compared, name by name.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from otr_model.kernel.variant import NONE
from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from otr_conformance.play.case import AnyCase
    from otr_conformance.suite import AnySuite
    from otr_model.kernel.variant import Variant

__all__ = ["Inside", "kept_by"]


class Inside:
    """Compares what the reference keeps with what a mutant of it keeps.

    Args:
        suite: whose cases are played.
    """

    def __init__(self, suite: AnySuite) -> None:
        self.suite = suite
        self._lab = suite.terms()
        self._plain: dict[str, list[dict[str, object]]] = {}

    def seen(self, variant: Variant, cases: Iterable[AnyCase]) -> tuple[str, str] | None:
        """The first case in which a variant keeps something else, and what; None if in none."""
        for case in cases:
            if case.id not in self._plain:
                self._plain[case.id] = self._kept(case, NONE)
            nothing: dict[str, object] = {}
            mine, theirs = self._plain[case.id], self._kept(case, variant)
            for plain, other in zip_longest(mine, theirs, fillvalue=nothing):
                names = sorted(n for n in {*plain, *other} if plain.get(n) != other.get(n))
                if names:
                    return case.id, ", ".join(_short(names))
        return None

    def _kept(self, case: AnyCase, variant: Variant) -> list[dict[str, object]]:
        """What the target keeps after each of its steps."""
        grader = self.suite.grader
        make = grader.reference_target(variant)
        kept: list[dict[str, object]] = []

        def made(lab: Any, cast: Any) -> Any:  # noqa: ANN401 - a lab, a cast and a party of any protocol
            party: Any = make(lab, cast)
            step = party.endpoint.step

            def stepped(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - as the endpoint's own
                result = step(*given, **named)
                kept.append(dict(kept_by(result.conversation)))
                return result

            party.endpoint.step = stepped
            return party

        try:
            grader.play(case, self._lab, made)
        except OtrSpecError:
            kept.append({"the end": True})
        return kept


def kept_by(conversation: Any) -> Iterator[tuple[str, object]]:  # noqa: ANN401 - of any protocol
    """Everything that a conversation keeps, by name."""
    for slot in type(conversation).__slots__:
        held = getattr(conversation, slot)
        if slot in {"members", "assemblies"}:
            for key, member in held.items():
                for name in type(member).__slots__:
                    yield f"{slot}[{key:#x}].{name}", getattr(member, name)
        elif slot == "version_3":
            yield slot, None if held is None else held.values()
        else:
            yield slot, held


def _short(names: list[str]) -> list[str]:
    """Names without whose they are, each once."""
    return list(dict.fromkeys(name.rpartition(".")[2] for name in names))
