"""Which case of the suite notices a faulty target.

A target that reads a hole of the text the other way is not failed; the case passes with a note that
names the hole. That is noticed as well.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from otr_conformance.protocols import PROTOCOLS
from otr_conformance.verdict import Verdict
from otr_model.kernel.variant import Override

from .record import Case

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_model.kernel.variant import Variant

__all__ = ["faulty_target", "noticed", "noticed_by"]


def faulty_target(protocol: str, variant: Variant) -> Callable[[Any, Any], Any]:
    """The reference as the target, under a variant that may also override operations."""
    deviations = import_module(f"otr_reference.{protocol}.deviations")
    overrides = {
        edit.operation: edit.how
        for edit in variant.edits
        if isinstance(edit, Override) and (edit.operation, edit.how) in deviations.OVERRIDES
    }
    rest = tuple(
        edit
        for edit in variant.edits
        if not (isinstance(edit, Override) and edit.operation in overrides)
    )
    make = PROTOCOLS[protocol].suite.grader.reference_target(replace(variant, edits=rest))

    def made(lab: Any, cast: Any) -> Any:  # noqa: ANN401 - a lab, a cast and a party of any protocol
        party: Any = make(lab, cast)
        if overrides:
            party.endpoint.suite = deviations.overriding(party.endpoint.suite, overrides)
        return party

    return made


def noticed(protocol: str, variant: Variant) -> Case | None:
    """The first case that fails a target under a variant; else one that notes it, or crashes it.

    None where no case does, or where the suite has none of this protocol.
    """
    if protocol not in PROTOCOLS:
        return None
    suite = PROTOCOLS[protocol].suite
    lab, target = suite.terms(), faulty_target(protocol, variant)
    others: dict[Verdict, Case] = {}
    for case in suite.cases.values():
        result = suite.grader.grade(case, lab, target, explained=False)
        found = Case(case.id, result.verdict.value, result.because, result.ambiguity)
        if result.verdict is Verdict.FAIL:
            return found
        if result.verdict is not Verdict.PASS:
            others.setdefault(result.verdict, found)
    return others.get(Verdict.NOTE) or others.get(Verdict.CRASH)


def noticed_by(protocol: str, variant: Variant, case: str) -> Case | None:
    """What one case says of a target under a variant; None if it passes."""
    suite = PROTOCOLS[protocol].suite
    target = faulty_target(protocol, variant)
    result = suite.grader.grade(suite.cases[case], suite.terms(), target, explained=False)
    if result.verdict is Verdict.PASS:
        return None
    return Case(case, result.verdict.value, result.because, result.ambiguity)
