"""What was never shown is looked for in scripts that are a little different."""

from __future__ import annotations

from random import Random

import pytest

from otr_conformance.derive.plan import Script
from otr_conformance.fuzz.altered import Altering
from otr_conformance.fuzz.neighbours import Aim, Aims, everybody
from otr_conformance.fuzz.policies import Policies
from otr_conformance.fuzz.solo import Worlds
from otr_conformance.protocols import PROTOCOLS, protocol

ANSWERED = (
    *("tester starts", "everything arrives", "tester begins SMP", "to target"),
    *("target answers SMP", "to tester", "to target"),
)
EQUAL = "otrv3.smp:smp-3.expect3.private.smp-3-valid.equal"
NOT_EQUAL = "otrv3.smp:smp-3.expect3.private.smp-3-valid.not-equal"
NOT_VALID = "otrv3.smp:smp-3.expect3.private.not-smp-3-valid"


def altering(name: str, seed: int = 1) -> Altering:
    fuzzing = protocol(name).fuzzing
    return Altering(fuzzing, tuple(fuzzing.vocabulary), Random(seed))  # noqa: S311 - what is played is no secret


def aims(name: str = "otrv3") -> tuple[Aims, Worlds]:
    fuzzing = protocol(name).fuzzing
    worlds = Worlds(fuzzing, judged=False)
    return Aims(altering(name), Policies(fuzzing)), worlds


def taken(worlds: Worlds, part: str, moves: tuple[str, ...]) -> list[tuple[str, str]]:
    """The rows that the target takes, each with the check that fails there."""
    play = worlds.begin(part)
    for name in moves:
        if not play.cut and play.can(name):
            play.play(name)
    return [(fired.failed, fired.row) for fired in play.twin.fired]


# Scripts that are a little different.


@pytest.mark.parametrize("name", PROTOCOLS)
def test_an_altered_script_has_moves_that_there_are(name: str) -> None:
    alter, known = altering(name), protocol(name).fuzzing.vocabulary
    empty, some = (), ANSWERED

    for _ in range(200):
        assert all(known[move].name == move for move in alter(some))
        assert all(known[move].name == move for move in alter(empty))


def test_a_message_arrives_later_than_what_was_sent_after_it() -> None:
    alter = altering("otrv3")

    made = {alter(("tester types", "to target", "tester ends", "to target")) for _ in range(300)}

    assert ("tester types", "tester ends", "last to target", "to target") in made


def test_a_user_does_the_same_in_another_way_and_a_message_is_not_as_it_was() -> None:
    alter = altering("otrv3")

    made = {alter(ANSWERED) for _ in range(500)}

    assert tuple(move.replace("answers SMP", "answers SMP wrongly") for move in ANSWERED) in made
    assert any("with another MAC, to target 0" in each for each in made)
    assert any(len(each) == len(ANSWERED) - 1 for each in made)


def test_some_message_arrives_once_more() -> None:
    alter = altering("otrv4")

    made = {alter(("tester types", "to target")) for _ in range(300)}

    more = {each[2] for each in made if each[:2] == ("tester types", "to target") and each[2:]}
    assert any(name.startswith("again to target") for name in more)


# What was never shown.


def test_a_row_is_found_beside_another_of_its_cell() -> None:
    looking, worlds = aims()
    longer = Script("v3", ("a text", "target types", *ANSWERED))
    assert ("", EQUAL) in taken(worlds, *_of(longer))

    found = {aim.shown: aim for aim in looking.rows({EQUAL: [longer]})}

    assert ("", EQUAL) not in found
    aim = found["", NOT_EQUAL]
    assert [len(script.moves) for script in aim.beside] == [len(ANSWERED)]
    begins = [how.then for how in looking.begins(aim) if how.part == "v3"]
    assert any(("", NOT_EQUAL) in taken(worlds, "v3", moves) for moves in begins)


def test_a_check_that_never_failed_fails_at_somebody_who_deviates() -> None:
    looking, worlds = aims()
    script = Script("v3", ANSWERED)

    found = {aim.shown: aim for aim in looking.checks((), {EQUAL: [script]})}

    checks = {label for label, row in found if row == NOT_VALID}
    assert len(checks) > 1
    for check in sorted(checks):
        aim = found[check, NOT_VALID]
        begins = [(how.part, how.then) for how in looking.begins(aim)]
        assert all(f"falsify:{check}" in part for part, _ in begins)
        assert any((check, NOT_VALID) in taken(worlds, *each) for each in begins)


def test_what_was_shown_and_what_nothing_leads_to_is_not_looked_for() -> None:
    looking, _ = aims()
    script = Script("v3", ANSWERED)

    assert list(looking.rows({})) == list(looking.checks((), {})) == []
    rows = {aim.shown for aim in looking.rows({EQUAL: [script], NOT_EQUAL: [script]})}
    assert rows.isdisjoint({("", EQUAL), ("", NOT_EQUAL)})
    known = ("ra-proof", NOT_VALID)
    assert known in {aim.shown for aim in looking.checks((), {EQUAL: [script]})}
    assert known not in {aim.shown for aim in looking.checks({known}, {EQUAL: [script]})}
    assert list(looking.begins(Aim(("", NOT_EQUAL), (), 0))) == []


def test_who_may_not_play_is_nobody_to_alter_a_script_for() -> None:
    fuzzing = protocol("otrv3").fuzzing
    script = Script("v3", ANSWERED)
    several = {}
    for name in ("", "v2"):
        able = name.__eq__ if name else everybody
        looking = Aims(altering("otrv3"), Policies(fuzzing), able)
        aim = next(aim for aim in looking.rows({EQUAL: [script]}) if aim.shown == ("", NOT_EQUAL))
        several[name] = {how.part for how in looking.begins(aim)}

    assert len(several[""]) > 1
    assert several["v2"] == {"v2"}


def _of(script: Script) -> tuple[str, tuple[str, ...]]:
    return script.part, script.moves


def test_where_time_has_passed_each_other_time_passes() -> None:
    looking, worlds = aims("otrv4")
    clock = "otrv4.dake:dake-clock.waiting-auth-r.dake-stale"
    script = Script("v4", ("target starts dake", "some time passes"))
    assert ("", clock) in taken(worlds, *_of(script))

    found = [aim.shown for aim in looking.times((), {clock: [script]})]

    waits = altering("otrv4").waits
    assert {row for _, row in found} == {clock}
    assert {name for name, _ in found} == set(waits)
    rest = looking.times({(name, clock) for name in waits[1:]}, {clock: [script]})
    (aim,) = rest
    assert [how.then[-1] for how in looking.begins(aim)] == [waits[0]]
