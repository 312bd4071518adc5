"""The plaintext oracle: what a user is shown, and what is sent in the clear, in every case.

A stand-in is the reference with its reactions changed; each does one thing that nobody may do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import otr_conformance.otrv3.suite
import otr_conformance.otrv4.suite  # noqa: F401 - declares the cases
from otr_conformance.otrv3 import grade as grade3
from otr_conformance.otrv3 import watch as watch3
from otr_conformance.otrv3.case import CASES, Level
from otr_conformance.otrv3.labs import RealLab, TermLab
from otr_conformance.otrv4 import grade as grade4
from otr_conformance.otrv4 import watch as watch4
from otr_conformance.otrv4.case import CASES as CASES_4
from otr_conformance.otrv4.labs import TermLab as TermLab4
from otr_conformance.play.stage import Party, Reaction, Report
from otr_conformance.play.watch import Rule
from otr_conformance.protocols import PROTOCOLS
from otr_conformance.verdict import Verdict
from otr_model.kernel.variant import NONE, SkipCheck, Variant
from otr_model.otrv3.conditions import Check
from otr_reference.otrv3.commands import SendText
from otr_reference.otrv3.messages import ErrorMessage, Plaintext

if TYPE_CHECKING:
    from otr_conformance.play.grade import Played

LAB, REAL, LAB_4 = TermLab(), RealLab(), TermLab4()
Change = Callable[["StandIn", object, Reaction], Reaction]


class StandIn(Party[Any]):
    """The reference, whose reactions are changed."""

    def __init__(self, module: Any, lab: Any, cast: Any, change: Change) -> None:
        self.lab = lab
        self.inner = module.reference_target(NONE)(lab, cast)
        self.change = change
        self.memory: list[Any] = []

    def command(self, command: Any) -> Reaction:
        """The user asks for something."""
        return self.change(self, command, self.inner.command(command))

    def receive(self, wire: Any) -> Reaction:
        """Something arrives."""
        return self.change(self, wire, self.inner.receive(wire))

    def wait(self, seconds: int) -> Reaction:
        """Time passes."""
        return self.change(self, seconds, self.inner.wait(seconds))


def played(name: str, change: Change, lab: Any = LAB) -> Played:
    return grade3.GRADER.play(
        CASES[f"otrv3.case:{name}"],
        lab,
        lambda lab, cast: StandIn(grade3, lab, cast, change),
        watched=True,
    )


def objections(seen: Played) -> set[Rule]:
    return {each.rule for each in seen.violations}


# What a stand-in does.


def shows(*reports: Report, when: str) -> Change:
    """One thing more is shown, after a report of a kind, or after a command."""

    def change(_: StandIn, given: object, reaction: Reaction) -> Reaction:
        told = any(str(report).startswith(when) for report in reaction.reports)
        if told or type(given).__name__ == when:
            return replace(reaction, reports=(*reaction.reports, *reports))
        return reaction

    return change


def says_nothing_of(*what: str) -> Change:
    return lambda _, __, reaction: replace(
        reaction, reports=tuple(each for each in reaction.reports if str(each) not in what)
    )


def unaware(_: StandIn, __: object, reaction: Reaction) -> Reaction:
    kept = tuple(each for each in reaction.reports if each.what != "secure")
    return replace(reaction, reports=kept)


def in_the_clear(party: StandIn, given: object, reaction: Reaction) -> Reaction:
    if isinstance(given, SendText):
        return replace(reaction, wires=(party.lab.suite.encode(Plaintext(given.text)),))
    return reaction


def later_in_an_error(party: StandIn, given: object, reaction: Reaction) -> Reaction:
    if isinstance(given, SendText):
        party.memory.append(given.text)
    elif party.memory:
        error = party.lab.suite.encode(ErrorMessage(party.memory.pop()))
        return replace(reaction, wires=(*reaction.wires, error))
    return reaction


def explains_in_an_error(party: StandIn, given: object, reaction: Reaction) -> Reaction:
    if isinstance(given, SendText):
        party.memory.append(given.text)
    elif party.memory:
        party.memory.pop()
        error = party.lab.suite.encode(ErrorMessage(party.lab.text("what does hello mean?")))
        return replace(reaction, wires=(*reaction.wires, error))
    return reaction


PRIVATE = Report("message", "private never typed")
TWICE = Report("message", "private hello")
CRIMES: dict[Rule, tuple[str, Change]] = {
    Rule.SENT: ("life.started-by-tester", shows(PRIVATE, when="secure")),
    Rule.ONCE: ("keys.first-message", shows(TWICE, when="message private hello")),
    Rule.PRIVATE: ("life.started-by-tester", unaware),
    Rule.ARRIVED: (
        "life.started-by-tester",
        shows(Report("message", "open never sent"), when="secure"),
    ),
    Rule.WARNED: ("message.plaintext-in-encrypted", says_nothing_of("warning unencrypted")),
    Rule.PROTECTED: ("life.started-by-tester", in_the_clear),
    Rule.ENDED: ("life.ended-by-tester", in_the_clear),
    Rule.REQUIRED: ("message.types-in-plaintext.require.v3", in_the_clear),
    Rule.AT_ONCE: ("life.started-by-tester", later_in_an_error),
}


@pytest.mark.parametrize("rule", CRIMES, ids=[rule.label for rule in CRIMES])
@pytest.mark.parametrize("lab", [LAB, REAL], ids=["terms", "bytes"])
def test_what_is_not_allowed_is_objected_to(rule: Rule, lab: TermLab | RealLab) -> None:
    name, change = CRIMES[rule]
    seen = played(name, change, lab)

    assert rule in objections(seen)
    sentence = next(each.sentence for each in seen.violations if each.rule is rule)
    assert rule.meaning in sentence
    assert watch3.CLAUSES[rule] in sentence


@pytest.mark.parametrize("lab", [LAB, REAL], ids=["terms", "bytes"])
def test_a_short_text_that_is_quoted_in_the_clear_later_is_seen(lab: TermLab | RealLab) -> None:
    seen = played("life.started-by-tester", explains_in_an_error, lab)

    assert any("types 'hello" in line for line in seen.log)
    assert Rule.AT_ONCE in objections(seen)


def test_a_text_out_of_a_failed_check_is_objected_to() -> None:
    case = CASES["otrv3.case:negative.data.data-mac"]
    skipping = Variant("skip data-mac", "", (SkipCheck(Check.DATA_MAC),))
    target = grade3.reference_target(skipping)

    for lab in (LAB, REAL):
        seen = grade3.GRADER.play(case, lab, target, watched=True)
        assert objections(seen) == {Rule.CHECKED}
        result = grade3.GRADER.grade(case, lab, target)
        assert result.verdict is Verdict.FAIL
        assert watch3.CLAUSES[Rule.CHECKED] in result.because


def test_an_objection_is_a_failure_also_where_a_case_is_asked_for_as_a_should() -> None:
    name = "keys.reveals-after-refresh"
    case = CASES[f"otrv3.case:{name}"]
    assert case.level is Level.SHOULD

    result = grade3.GRADER.grade(
        case, LAB, lambda lab, cast: StandIn(grade3, lab, cast, in_the_clear)
    )

    assert result.verdict is Verdict.FAIL
    assert Rule.PROTECTED.meaning in result.because


def test_what_the_letter_allows_is_not_objected_to() -> None:
    case = CASES["otrv3.case:negative.data.next-dh-range"]
    literal = grade3.GRADER.literal["otrv3.ambiguity:next-dh"]
    target = grade3.reference_target(literal)

    assert objections(grade3.GRADER.play(case, LAB, target, watched=True)) == {Rule.CHECKED}
    assert grade3.GRADER.grade(case, LAB, target).verdict is Verdict.NOTE


def test_version_4_is_watched_as_well() -> None:
    case = next(each for each in CASES_4.values() if each.name.startswith("negative.data.data-mac"))
    seen = grade4.GRADER.play(
        case,
        LAB_4,
        lambda lab, cast: StandIn(grade4, lab, cast, shows(PRIVATE, when="secure")),
        watched=True,
    )

    assert objections(seen) == {Rule.SENT}
    assert watch4.CLAUSES[Rule.SENT] in seen.violations[0].sentence


@pytest.mark.parametrize("protocol", ["otrv3", "otrv4"])
def test_the_reference_is_never_objected_to(protocol: str) -> None:
    suite = PROTOCOLS[protocol].suite
    lab, target = suite.terms(), suite.grader.reference_target(NONE)
    sample = [
        each for each in suite.cases.values() if suite.grader.predicting(each, lab) is not lab
    ]
    for case in sample[::17]:
        seen = suite.grader.play(case, lab, target, watched=True)
        assert seen.violations == (), case.id


def test_each_rule_has_a_clause() -> None:
    for name, clauses in (("otrv3", watch3.CLAUSES), ("otrv4", watch4.CLAUSES)):
        known = {f"{r.name}.clause:{c.id}" for r, c in PROTOCOLS[name].model.clauses()}
        assert set(clauses) == set(Rule)
        assert set(clauses.values()) <= known
