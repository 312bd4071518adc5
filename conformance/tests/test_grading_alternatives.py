"""What grading lets pass: a stand-in target that makes use of it passes, and a near miss fails.

A stand-in is the reference with its reactions changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import otr_conformance.otrv3.suite  # noqa: F401 - declares the cases
from otr_conformance.otrv3.case import CASES
from otr_conformance.otrv3.grade import GRADER, SOURCES, grade
from otr_conformance.otrv3.labs import TermLab
from otr_conformance.otrv3.stage import reference_target
from otr_conformance.otrv4.grade import SOURCES as SOURCES_4
from otr_conformance.play.compare import TOLERANCES, Compared, compare
from otr_conformance.play.stage import Observation, Party, Reaction, Report, Seen
from otr_conformance.protocols import PROTOCOLS
from otr_conformance.verdict import Verdict
from otr_reference.otrv3.commands import Heartbeat, SendText
from otr_reference.otrv3.messages import DataMessage, ErrorMessage, RevealSignature

if TYPE_CHECKING:
    from otr_conformance.otrv3.stage import Cast, ReferenceParty, Target
    from otr_conformance.play.grade import Result
    from otr_reference.otrv3.commands import Command
    from otr_reference.sorts import Wire

LAB = TermLab()
SUITE = LAB.suite
Change = Callable[["StandIn", object, Reaction], Reaction]


class StandIn(Party[Any]):
    """The reference, whose reactions are changed."""

    def __init__(self, lab: TermLab, cast: Cast, change: Change) -> None:
        self.inner: ReferenceParty = reference_target()(lab, cast)  # type: ignore[assignment]
        self.change = change
        self.memory: list[Any] = []

    def command(self, command: Command) -> Reaction:
        """The user asks for something."""
        return self.change(self, command, self.inner.command(command))

    def receive(self, wire: Wire) -> Reaction:
        """Something arrives."""
        return self.change(self, wire, self.inner.receive(wire))

    def wait(self, seconds: int) -> Reaction:
        """Time passes."""
        return self.change(self, seconds, self.inner.wait(seconds))


def standing_in(change: Change) -> Target:
    return lambda lab, cast: StandIn(lab, cast, change)  # type: ignore[arg-type]


def graded(name: str, change: Change) -> Result:
    return grade(CASES[f"otrv3.case:{name}"], LAB, standing_in(change))


def kinds(reaction: Reaction) -> list[type]:
    return [type(SUITE.decode(wire)) for wire in reaction.wires]


# Changes.


def beside(kind: type, *, later: bool) -> Change:
    """A message of a kind is sent twice: at once, or when the user types."""

    def change(party: StandIn, given: object, reaction: Reaction) -> Reaction:
        found = [wire for wire in reaction.wires if isinstance(SUITE.decode(wire), kind)]
        if later:
            party.memory += found
            found = party.memory if isinstance(given, SendText) else []
        return replace(reaction, wires=(*reaction.wires, *found))

    return change


def answering(command: Command, to: str) -> Change:
    """After a report of a kind there is one more message."""

    def change(party: StandIn, _: object, reaction: Reaction) -> Reaction:
        if any(str(report).startswith(to) for report in reaction.reports):
            more = party.inner.command(command)
            return replace(reaction, wires=(*reaction.wires, *more.wires))
        return reaction

    return change


def saying(report: Report, when: Callable[[object, Reaction], bool]) -> Change:
    """The user is told one thing more."""

    def change(_: StandIn, given: object, reaction: Reaction) -> Reaction:
        if when(given, reaction):
            return replace(reaction, reports=(*reaction.reports, report))
        return reaction

    return change


def silent_on(what: str) -> Change:
    """The user is not told something."""
    return lambda _, __, reaction: replace(
        reaction, reports=tuple(each for each in reaction.reports if each.what != what)
    )


def complaining_of(*warnings: str) -> Change:
    """An Error Message answers what the user is warned of."""

    def change(_: StandIn, given: object, reaction: Reaction) -> Reaction:
        if any(str(report) in warnings for report in reaction.reports) or (
            not warnings and not reaction.wires and not isinstance(given, SendText)
        ):
            error = SUITE.encode(ErrorMessage(LAB.text("what?")))
            return replace(reaction, wires=(*reaction.wires, error))
        return reaction

    return change


def revealing(keys: Callable[[StandIn, DataMessage], tuple[Any, ...]]) -> Change:
    """Data Messages reveal more MAC keys."""

    def change(party: StandIn, _: object, reaction: Reaction) -> Reaction:
        wires = []
        for wire in reaction.wires:
            message = SUITE.decode(wire)
            if isinstance(message, DataMessage):
                shown = LAB.revealed(message.revealed)
                more = keys(party, message)
                message = replace(message, revealed=SUITE.old_mac_keys((*shown, *more)))
                party.memory += shown
                wires.append(SUITE.encode(message))
            else:
                wires.append(wire)
        return replace(reaction, wires=tuple(wires))

    return change


def unused(party: StandIn, _: DataMessage) -> tuple[Any, ...]:
    party.memory.append(None)
    return (SUITE.fresh_key(LAB.seed("unused"), len(party.memory)),)


def known_before(party: StandIn, _: DataMessage) -> tuple[Any, ...]:
    return tuple(party.memory[:1])


ALTERNATIVES: dict[str, tuple[str, Change, Change]] = {
    "heartbeat": (
        "life.started-by-tester",
        answering(Heartbeat(), "message private"),
        answering(SendText(LAB.text("I heard you")), "message private"),
    ),
    "retransmission": (
        "life.started-by-tester",
        beside(RevealSignature, later=False),
        beside(RevealSignature, later=True),
    ),
    "malformed-answer": (
        "receiving.malformed-no-base64-in-none",
        complaining_of("warning malformed"),
        complaining_of(),
    ),
    "refreshed": ("keys.refresh", silent_on("still-secure"), silent_on("secure")),
    "other-reports": (
        "life.started-by-tester",
        saying(Report("heartbeat", ""), lambda _, reaction: bool(reaction.wires)),
        saying(Report("finished"), lambda _, reaction: bool(reaction.wires)),
    ),
    "unused-mac-keys": ("life.bursts-both-at-once", revealing(unused), revealing(known_before)),
}


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_a_stand_in_that_makes_use_of_it_passes(name: str) -> None:
    case, change, _ = ALTERNATIVES[name]
    result = graded(case, change)

    ambiguity = SOURCES.get(name, "")
    noted = ".ambiguity:" in ambiguity
    assert result.verdict is (Verdict.NOTE if noted else Verdict.PASS), result.because
    assert result.ambiguity == (ambiguity if noted else "")
    assert result.alternatives == (name,)


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_a_near_miss_fails(name: str) -> None:
    case, _, miss = ALTERNATIVES[name]
    result = graded(case, miss)

    assert result.verdict is Verdict.FAIL
    assert result.because


def test_the_order_within_a_step_does_not_matter() -> None:
    one, other = Seen("a step"), Seen("a step")
    for seen, order in ((one, ("Query", "Error")), (other, ("Error", "Query"))):
        for kind in order:
            seen.wires[kind] += 1
    assert one.observation() == other.observation()
    other.wires["Error"] += 1
    found = compare(Compared((), ()), (one.observation(),), (other.observation(),))
    assert "Error" in found.because


def test_a_message_of_the_exchange_may_come_again_when_time_passes() -> None:
    want = Observation("60 seconds pass", waited=True)
    got = replace(want, wires=("D-H Commit v3 again",))
    compared = Compared((), ())

    assert compare(compared, (want,), (got,)).alternatives == ("retransmission",)
    new = replace(want, wires=("D-H Commit v3",))
    assert "D-H Commit v3, which" in compare(compared, (want,), (new,)).because
    busy = replace(want, waited=False)
    assert "again, which" in compare(compared, (busy,), (replace(got, waited=False),)).because


def test_mac_keys_of_refused_messages_are_named_as_what_they_are() -> None:
    want = Observation("a step", refused=(1,))
    found = compare(Compared((), ()), (want,), (replace(want, revealed=(1,)),))

    assert found.because == ""
    assert found.alternatives == ("refused-mac-keys",)


def test_a_text_that_is_sent_belatedly_may_be_marked() -> None:
    want = Observation("a step", reports=("resent",), peer=("message private late",))
    got = replace(want, peer=("message private [late] late",))
    found = compare(Compared((), ()), (want,), (got,))

    assert (found.because, found.alternatives) == ("", ("resent-mark",))
    assert compare(Compared((), ()), (want,), (replace(want, peer=()),)).because


def test_that_a_text_was_not_sent_may_be_said() -> None:
    want = Observation("a step", wires=("Query offering 3",))
    got = replace(want, reports=("warning not-sent",))
    found = compare(Compared((), ("Data",)), (want,), (got,))

    assert (found.because, found.alternatives) == ("", ("not-sent",))
    sent = replace(want, wires=("Data v3",))
    assert compare(
        Compared((), ("Data",)), (sent,), (replace(sent, reports=("warning not-sent",)),)
    ).because


# MAC keys: each once, never early, and none of its own.


def test_a_key_is_revealed_once() -> None:
    result = graded("life.bursts-both-at-once", revealing(known_before))

    assert "a MAC key that it had revealed before" in result.because


def test_no_key_of_a_message_of_its_own_is_revealed() -> None:
    seen = Observation("a step", exposed=(3,))
    found = compare(Compared((), ()), (Observation("a step"),), (seen,))

    assert "MAC key of its own Data Message 3" in found.because
    ahead = replace(seen, wires=("Data",))
    assert compare(Compared(("Data",), ()), (Observation("a step"),), (ahead,)).because


def test_a_key_of_a_message_that_never_came_need_not_become_public() -> None:
    want = Observation("a step", strange=1)
    found = compare(Compared((), ()), (want,), (Observation("a step"),))

    assert (found.because, found.alternatives) == ("", ("unused-mac-keys",))


# What is listed.


def test_each_alternative_is_listed_once_with_its_reason() -> None:
    names = [each.name for each in TOLERANCES]

    assert len(set(names)) == len(names)
    assert all(each.accepts and each.because for each in TOLERANCES)
    for sources in (SOURCES, SOURCES_4):
        assert set(sources) <= set(names)


def test_what_the_text_says_of_them_is_there() -> None:
    for name, sources in (("otrv3", SOURCES), ("otrv4", SOURCES_4)):
        model = PROTOCOLS[name].model
        known = {f"{r.name}.clause:{c.id}" for r, c in model.clauses()}
        known |= {each.id for each in model.composition.ambiguities}
        assert set(sources.values()) <= known


def test_the_reference_makes_use_of_nothing() -> None:
    for name in ("life.started-by-tester", "keys.refresh", "life.refreshed"):
        result = grade(CASES[f"otrv3.case:{name}"], LAB, reference_target())
        assert (result.verdict, result.alternatives) == (Verdict.PASS, ())
    assert GRADER.compared.sources is SOURCES
