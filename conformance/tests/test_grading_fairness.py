"""Fairness: the same verdicts whatever the order and the random values; a case stands alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import otr_conformance.otrv3.suite  # noqa: F401 - declares the cases
from otr_conformance.otrv3.case import CASES
from otr_conformance.otrv3.grade import grade
from otr_conformance.otrv3.labs import RealLab, TermLab
from otr_conformance.otrv3.stage import reference_target
from otr_model.kernel.variant import NONE, SkipCheck, Variant
from otr_model.otrv3.conditions import Check

if TYPE_CHECKING:
    from otr_conformance.otrv3.stage import Target

SKIPPING = Variant("skip data-mac", "", (SkipCheck(Check.DATA_MAC),))
SAMPLE = [name for name in CASES if ":pair." not in name][::14]
SHORT = [name for name in CASES if ":negative.data.data-" in name or ":life.started-by-t" in name]


def seeded(seed: str, variant: Variant) -> Target:
    """The reference, whose random values come from another seed."""

    def make(lab: Any, cast: Any) -> Any:
        party: Any = reference_target(variant)(lab, cast)
        party.reseed(seed)
        return party

    return make


def verdicts(names: list[str], lab: Any, turn: int, variant: Variant) -> dict[str, str]:
    """Of cases that were played in an order, and with random values, of this turn."""
    order = (names, names[::-1], names[1::2] + names[::2])[turn - 1]
    target = seeded(f"turn {turn}", variant)
    found = {name: grade(CASES[name], lab, target) for name in order}
    return {name: found[name].verdict.word for name in names}


@pytest.mark.parametrize("variant", [NONE, SKIPPING], ids=["right", "faulty"])
def test_three_runs_have_the_same_verdicts_over_terms(variant: Variant) -> None:
    first, *others = (verdicts(SAMPLE, TermLab(), turn, variant) for turn in (1, 2, 3))

    assert others == [first, first]


@pytest.mark.slow
@pytest.mark.parametrize("variant", [NONE, SKIPPING], ids=["right", "faulty"])
def test_three_runs_have_the_same_verdicts_over_bytes(variant: Variant) -> None:
    lab = RealLab()
    first, *others = (verdicts(SHORT, lab, turn, variant) for turn in (1, 2, 3))

    assert others == [first, first]
    assert any(verdict == "fail" for verdict in first.values()) is (variant is SKIPPING)


def test_a_failure_comes_back_from_the_id_alone() -> None:
    together = verdicts(SHORT, TermLab(), 1, SKIPPING)
    failed = [name for name, verdict in together.items() if verdict == "fail"]

    assert failed
    for name in failed:
        assert verdicts([name], TermLab(), 2, SKIPPING) == {name: together[name]}
