"""Where a message was refused: named as far as it can be told, and wrong reasons fail."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import otr_conformance.otrv3.suite
import otr_conformance.otrv4.suite  # noqa: F401 - declares the cases
from otr_conformance.otrv3.case import CASES
from otr_conformance.otrv3.grade import GRADER, grade
from otr_conformance.otrv3.labs import RealLab, TermLab
from otr_conformance.otrv3.stage import reference_target
from otr_conformance.otrv4.case import CASES as CASES_4
from otr_conformance.otrv4.grade import GRADER as GRADER_4
from otr_conformance.otrv4.labs import TermLab as TermLab4
from otr_conformance.play.stage import Party, Reaction, Report
from otr_conformance.play.where import points_of
from otr_conformance.verdict import Verdict
from otr_model.kernel.variant import SkipCheck, Variant
from otr_model.kernel.vocabulary import Point
from otr_model.otrv3.conditions import Check
from otr_model.otrv3.protocol import OTRV3
from otr_reference.otrv3.messages import ErrorMessage

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.play.grade import Result
    from otr_reference.sorts import Wire

LAB = TermLab()
MAC = "otrv3.case:negative.data.data-mac"


class Refusing(Party[Any]):
    """The reference, which says something else of what it cannot read."""

    def __init__(self, lab: Any, cast: Any, change: Callable[[Reaction], Reaction]) -> None:
        self.inner = reference_target()(lab, cast)
        self.change = change

    def command(self, command: Any) -> Reaction:
        """As the reference."""
        return self.inner.command(command)

    def receive(self, wire: Wire) -> Reaction:
        """As the reference, with another reaction to what it cannot read."""
        reaction = self.inner.receive(wire)
        told = {str(report) for report in reaction.reports}
        return self.change(reaction) if "warning unreadable" in told else reaction

    def wait(self, seconds: int) -> Reaction:
        """As the reference."""
        return self.inner.wait(seconds)


def refused(change: Callable[[Reaction], Reaction], case: str = MAC) -> Result:
    return grade(CASES[case], LAB, lambda lab, cast: Refusing(lab, cast, change))


@pytest.mark.parametrize("lab", [LAB, RealLab()], ids=["terms", "bytes"])
def test_a_right_refusal_is_named_with_what_looks_alike(lab: TermLab | RealLab) -> None:
    result = grade(CASES[MAC], lab, reference_target())

    assert result.verdict is Verdict.PASS
    assert Point.MAC in result.where
    assert {Point.KEY_ID, Point.COUNTER} <= set(result.where)  # one row answers them all
    assert not {Point.ENCODING, Point.VERSION, Point.INSTANCE} & set(result.where)


def test_what_cannot_be_told_apart_is_said_to_be_so() -> None:
    result = grade(CASES["otrv3.case:negative.v3-signature-mac"], LAB, reference_target())

    assert {Point.MAC, Point.SIGNATURE, Point.ENCODING, Point.STATE} <= set(result.where)


def test_a_case_that_refuses_nothing_says_nothing() -> None:
    result = grade(CASES["otrv3.case:life.started-by-tester"], LAB, reference_target())

    assert (result.verdict, result.where) == (Verdict.PASS, ())


def test_a_refusal_as_for_another_instance_fails_and_is_explained() -> None:
    def another(reaction: Reaction) -> Reaction:
        return replace(reaction, wires=(), reports=(Report("warning", "other-instance"),))

    result = refused(another)

    assert result.verdict is Verdict.FAIL
    assert Point.INSTANCE in result.where
    assert Point.MAC not in result.where
    assert "as if the message were refused for" in result.because
    assert result.because.endswith("and not for a message authentication code")


def test_a_warning_that_names_another_point_fails() -> None:
    def doubtful(reaction: Reaction) -> Reaction:
        more = Report("warning", "other-instance")
        return replace(reaction, reports=(*reaction.reports, more))

    result = refused(doubtful)

    assert result.verdict is Verdict.FAIL
    assert "was told other-instance" in result.because
    assert "refused for a message authentication code" in result.because


def test_a_refusal_that_is_explained_by_nothing_is_only_a_difference() -> None:
    def odd(reaction: Reaction) -> Reaction:
        error = LAB.suite.encode(ErrorMessage(LAB.text("what?")))
        return replace(reaction, wires=(*reaction.wires, error, error))

    result = refused(odd)

    assert result.verdict is Verdict.FAIL
    assert result.where == ()
    assert "as if" not in result.because


@pytest.mark.parametrize(
    ("check", "name"),
    [(Check.DATA_MAC, MAC), (Check.DATA_COUNTER, "otrv3.case:negative.data.data-counter-v2")],
    ids=["data-mac", "data-counter"],
)
def test_a_check_that_is_not_made_is_named(check: Check, name: str) -> None:
    variant = Variant(f"skip {check.label}", "", (SkipCheck(check),))
    result = grade(CASES[name], LAB, reference_target(variant))

    assert result.verdict is Verdict.FAIL
    assert f"as if this were not checked: {check.spec.about}" in result.because
    assert result.where == ()
    assert result.rows


def test_explanations_are_left_out_where_nobody_asks() -> None:
    result = GRADER.grade(CASES[MAC], LAB, reference_target(), explained=False)

    assert (result.verdict, result.where) == (Verdict.PASS, ())


def test_each_check_has_a_point_and_those_of_one_message_are_alike() -> None:
    points = points_of(OTRV3)

    assert set(points.checks) == {check.label for check in OTRV3.checks}
    assert points.alike["data-mac"] == {Point.KEY_ID, Point.MAC, Point.COUNTER, Point.RANGE}
    assert points.rows["otrv3.instances:received.ready.other-instance"] is Point.INSTANCE
    assert points.rows["otrv3.ake:dh-key.none.allowed"] is Point.STATE
    assert points.rows["otrv3.ake:dh-key.none.not-allowed"] is Point.POLICY
    assert points.rows["otrv3.receive:whole.ready.is-malformed"] is Point.ENCODING
    assert "otrv3.ake:dh-key.awaiting-dhkey.allowed.not-dh-key-valid" not in points.rows


def test_the_error_code_of_version_4_tells_a_state_from_a_check() -> None:
    case = CASES_4["otrv4.case:negative.data.data-mac"]
    lab = TermLab4()
    rejection = next(each for each in GRADER_4.rejected(case, lab) if each.check)

    assert rejection.point is Point.MAC
    assert Point.VERSION in GRADER_4.apart(case, lab, rejection)


def test_what_was_changed_on_the_way_is_refused_for_its_mac() -> None:
    for name, case in CASES.items():
        if ":negative.tampered." in name and "revealed-keys" not in name:
            checks = {each.check for each in GRADER.rejected(case, LAB)}
            assert checks == {Check.DATA_MAC.label}, name
