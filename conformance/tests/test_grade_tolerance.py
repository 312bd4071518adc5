"""What grading lets pass, and how far: differences that no user suffers from are none.

Each test states a step as the tables predict it and as a target does it, and then the same with one
thing more or less, which is a difference.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

import otr_conformance.otrv3.suite  # noqa: F401 - declares the cases
from otr_conformance.otrv3.case import CASES
from otr_conformance.otrv3.grade import GRADER, Played, difference, play, predict
from otr_conformance.otrv3.labs import RealLab, TermLab
from otr_conformance.otrv3.shim_party import ShimParty
from otr_conformance.otrv3.stage import Cast, reference_target
from otr_conformance.play.stage import Observation, Report
from otr_conformance.shim.errors import ShimRefused
from otr_conformance.shim.protocol import Answer, Hello, WarningEvent
from otr_conformance.shim.vocabulary import ErrorWord, WarningAbout
from otr_conformance.verdict import Verdict
from otr_reference.otrv3.commands import SendText, UseExtraKey

if TYPE_CHECKING:
    from otr_conformance.shim.client import ShimProcess

TYPED = Observation("the target's user types 'hello'")


def played(*observations: Observation) -> Played:
    return Played(observations, "", (), (), ())


def differs(want: Observation, got: Observation) -> str:
    return difference(played(want), played(got))


# A text that is held back.


def test_that_a_text_was_not_sent_may_be_said_where_it_was_not() -> None:
    want = replace(TYPED, wires=("Query offering 3",))
    said = replace(want, reports=("warning not-sent",))

    assert differs(want, said) == ""
    assert "no warning not-sent" in differs(said, want)


@pytest.mark.parametrize("wire", ["Data v3", "plaintext 'hello'", "tagged plaintext 'hello'"])
def test_that_a_text_was_not_sent_may_not_be_said_where_it_was(wire: str) -> None:
    want = replace(TYPED, wires=(wire,))

    assert "warning not-sent" in differs(want, replace(want, reports=("warning not-sent",)))


# A text that is sent belatedly.


def test_a_text_that_is_sent_belatedly_may_be_marked_in_front() -> None:
    want = replace(TYPED, wires=("Data v3",), reports=("resent",), peer=("message private lost",))
    marked = replace(want, reports=(), peer=("message private [resent] lost",))

    assert differs(want, marked) == ""
    assert "no message private lost" in differs(want, replace(marked, peer=()))
    for other in (
        "message private lost [resent]",
        "message private [resent]lost",
        "message open [resent] lost",
    ):
        assert other in differs(want, replace(marked, peer=(other,)))


def test_no_other_text_may_be_marked() -> None:
    want = replace(TYPED, wires=("Data v3",), peer=("message private lost",))
    marked = replace(want, peer=("message private [resent] lost",))

    assert "[resent]" in differs(want, marked)
    later = replace(TYPED, reports=("resent",))
    assert "[resent]" in difference(played(want, later), played(marked, later))
    assert difference(played(later, want), played(later, marked)) == ""


# MAC keys of messages that the target refuses.


def test_mac_keys_of_refused_messages_are_the_targets_own_affair() -> None:
    refused = replace(TYPED, wires=("Data v3",), refused=(1,))
    public = replace(TYPED, wires=("Data v3",), revealed=(1,))

    assert differs(refused, public) == ""
    assert differs(replace(refused, revealed=(1,)), replace(public, revealed=())) == ""
    assert "Data Message 2" in differs(refused, replace(public, revealed=(1, 2)))
    assert "Data Message 1" in differs(replace(refused, refused=()), public)


@pytest.mark.parametrize("lab", [RealLab(), TermLab()], ids=["bytes", "terms"])
def test_the_stage_numbers_the_messages_that_the_reference_refuses(lab: RealLab | TermLab) -> None:
    case = CASES["otrv3.case:negative.data.data-counter-v2"]
    refused = [seen.refused for seen in predict(case, lab).observations if seen.refused]

    assert refused == [(1,)]
    good = CASES["otrv3.case:life.bursts-both-at-once"]
    assert not any(seen.refused for seen in play(good, lab, reference_target()).observations)


# A command that the implementation refuses.


class Refusing:
    """A shim whose implementation refuses every text, having warned its user."""

    def __init__(self, error: ErrorWord) -> None:
        self.error = error

    def new(self, *_: object, **__: object) -> None:
        """Nothing to do."""

    def send(self, *_: object) -> Answer:
        """Refused, after a warning."""
        raise ShimRefused(self.error, "no", (WarningEvent(WarningAbout.NOT_SENT),))

    def extra_key(self, *_: object) -> Answer:
        """Refused."""
        raise ShimRefused(self.error)


def party(error: ErrorWord) -> ShimParty:
    shim = cast("ShimProcess", Refusing(error))
    return ShimParty(RealLab(), Cast(), shim, Hello("refusing", "1", (), ()))


def test_a_refused_command_is_something_that_the_user_is_told() -> None:
    refusing = party(ErrorWord.REFUSED)
    text = refusing.lab.text("hello")

    assert refusing.command(SendText(text)).reports == (
        Report("warning", "not-sent"),
        Report("refused"),
    )
    assert refusing.command(UseExtraKey(1, text)).reports == (Report("refused"),)


@pytest.mark.parametrize("error", [ErrorWord.INTERNAL, ErrorWord.UNSUPPORTED])
def test_other_errors_of_a_shim_are_no_conduct_of_its_implementation(error: ErrorWord) -> None:
    faulty = party(error)

    with pytest.raises(ShimRefused):
        faulty.command(SendText(faulty.lab.text("hello")))


def test_a_target_is_not_blamed_for_what_its_randomness_prevents(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case, lab = CASES["otrv3.case:ake.v3-both-begin-and-target-is-higher"], TermLab()
    assert GRADER.grade(case, lab, reference_target()).verdict is Verdict.PASS
    monkeypatch.setattr("otr_conformance.otrv3.stage.ATTEMPTS", 0)

    result = GRADER.grade(case, lab, reference_target())

    assert result.verdict is Verdict.HARNESS_ERROR
    assert result.because.startswith("no hash was as wanted, 3 times")
