"""The suites of labs remember, and are otherwise as those that do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from otr_conformance.otrv3.labs import REAL as REAL_3
from otr_conformance.otrv3.labs import RealLab as RealLab3
from otr_conformance.otrv4.labs import RealLab as RealLab4
from otr_conformance.play.remembered import remembering
from otr_conformance.protocols import protocol
from otr_reference.derive import derived
from otr_reference.errors import Malformed
from otr_reference.otrv3.real import RealSuite as RealSuite3
from otr_reference.otrv4.real import RealSuite as RealSuite4

if TYPE_CHECKING:
    from otr_conformance.play.labs import ByteLab


class Sums:
    """A suite that counts what it computes."""

    def __init__(self) -> None:
        self.computed: list[int] = []

    def one_more(self, number: int) -> int:
        """The next number. None comes after 3."""
        self.computed.append(number)
        if number == 3:
            raise Malformed(field="number", reason="is the last")
        return self.one() + number

    def one(self) -> int:
        """1."""
        return 1


def test_an_operation_is_computed_once_for_the_same_arguments() -> None:
    suite = remembering(Sums, Sums.one_more)()

    assert [suite.one_more(number) for number in (1, 2, 1, 2, 1)] == [2, 3, 2, 3, 2]
    assert suite.computed == [1, 2]
    assert isinstance(suite, Sums)


def test_what_is_refused_is_refused_again() -> None:
    suite = remembering(Sums, Sums.one_more)()

    for _ in range(2):
        with pytest.raises(Malformed):
            suite.one_more(3)
    assert suite.computed == [3, 3]


def test_a_suite_in_which_something_was_replaced_remembers_for_itself() -> None:
    suite = remembering(Sums, Sums.one_more)()
    other = derived(suite, one=lambda _: 10)

    assert [suite.one_more(1), other.one_more(1), suite.one_more(1)] == [2, 11, 2]


@pytest.mark.parametrize(
    ("name", "lab", "suite"),
    [("otrv3", RealLab3, RealSuite3), ("otrv4", RealLab4, RealSuite4)],
)
def test_cases_are_the_same_with_a_suite_that_remembers_nothing(
    name: str, lab: type[ByteLab], suite: type[RealSuite3 | RealSuite4]
) -> None:
    known, forgetful = lab(), lab()
    plain = type(known.suite).__bases__[0]
    assert issubclass(plain, suite)
    forgetful.suite = plain()
    grader = protocol(name).suite.grader
    cases = [case for case in protocol(name).suite.cases.values() if not case.largest]

    for case in cases[:: len(cases) // 25]:
        usual, other = (grader.predict(case, each) for each in (known, forgetful))
        assert usual == other, case.id


def test_labs_remember_together() -> None:
    assert RealLab3().suite is RealLab3().suite is REAL_3
    assert RealLab4().suite_3 is REAL_3
