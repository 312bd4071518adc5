"""What steering reads off the tables: where a side stands, and what a policy rules out."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from otr_conformance.fuzz.policies import Policies
from otr_conformance.fuzz.solo import Worlds
from otr_conformance.fuzz.standing import Standing
from otr_conformance.fuzz.steer import Steer
from otr_conformance.protocols import PROTOCOLS, protocol


def after(name: str, part: str, *moves: str) -> Any:
    """The stage after some moves."""
    play = Worlds(protocol(name).fuzzing, judged=False).begin(part)
    for move in moves:
        assert play.play(move), move
    return play.twin


def test_a_row_whose_guard_a_policy_rules_out_is_not_possible() -> None:
    policies = Policies(protocol("otrv4").fuzzing)
    plain, interactive = map(policies.of, ("v4", "interactive"))
    row = "otrv4.message:user-start-offline.encrypted-messages.online-only"

    assert plain != interactive
    assert policies.kind(row, plain) is None
    assert policies.kind(row, interactive) is not None


def test_policies_that_no_guard_of_a_row_asks_about_are_alike_for_it() -> None:
    policies = Policies(protocol("otrv3").fuzzing)
    one, other = map(policies.of, ("v3", "eager"))

    assert one != other
    for row in ("otrv3.smp:user-smp-abort.expect1.private", "otrv3.message:user-end.encrypted"):
        assert policies.kind(row, one) == policies.kind(row, other) is not None


def test_a_condition_of_a_policy_and_a_state_does_not_hold_where_the_policy_does_not() -> None:
    policies = Policies(protocol("otrv4").fuzzing)
    row = "otrv4.message:user-send.start.tagged"
    tags, plain = map(policies.of, ("tagging", "v4"))

    assert policies.kind(row, plain) is None
    kind = policies.kind(row, tags)
    assert kind is not None
    assert None in kind


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_row_that_was_taken_was_possible_under_the_policy(name: str) -> None:
    fuzzing = protocol(name).fuzzing
    policies, worlds = Policies(fuzzing), Worlds(fuzzing, judged=False)
    random = Random(7)  # noqa: S311 - what is played is no secret
    for part in fuzzing.plan.parts:
        play, policy = worlds.begin(part), policies.of(part)
        for move in random.choices(tuple(fuzzing.plan.moves), k=25):
            if not play.cut and play.can(move):
                play.play(move)
        for fired in play.twin.fired:
            assert policies.kind(fired.row, policy) is not None, (part, fired.row)


def test_who_differs_in_what_is_no_policy_of_the_targets_is_the_same_to_it() -> None:
    policies = Policies(protocol("otrv4").fuzzing)

    assert policies.of("v4") == policies.of("pieces")
    assert policies.of("v4") != policies.of("standalone")


def test_a_text_that_waits_is_told_from_none_and_from_several() -> None:
    standing = Standing(protocol("otrv4").fuzzing)
    begins = ("tester starts dake", "to target")
    stages = [after("otrv4", "v4", *begins, *("target types",) * texts) for texts in range(4)]

    none, one, several, more = (standing.details(stage.target) for stage in stages)
    assert len({none, one, several}) == 3
    assert several == more


def test_a_key_exchange_in_another_session_is_part_of_the_states() -> None:
    standing = Standing(protocol("otrv4").fuzzing)
    before, waiting = (after("otrv4", "v4", *moves) for moves in ((), ("Identity of a stranger",)))

    assert standing.users(before.target) == standing.users(waiting.target)
    assert standing.states(before.target) != standing.states(waiting.target)


def test_a_private_conversation_of_version_3_is_told_from_none() -> None:
    standing = Standing(protocol("otrv4").fuzzing)
    before, private = (
        after("otrv4", "both", *moves)
        for moves in ((), ("a Query for 3 to the tester", "everything arrives"))
    )

    assert standing.details(before.target) != standing.details(private.target)


def test_where_all_sessions_stand_is_told_by_their_message_states() -> None:
    standing = Standing(protocol("otrv4").fuzzing)
    private = ("tester starts dake", "everything arrives")
    scripts = (
        (),
        private,
        (*private, "tester ends", "everything arrives"),
        (*private, "the tester's other client", "tester starts dake", "everything arrives"),
        (*private, "target ends"),
    )

    settings = [standing.setting(after("otrv4", "v4", *moves).target) for moves in scripts]

    nothing, one, finished, two, ended = settings
    assert nothing == ended
    assert one == two
    assert len({nothing, one, finished}) == 3


def test_for_whom_a_text_waits_and_what_came_too_early_is_part_of_where_a_side_stands() -> None:
    standing = Standing(protocol("otrv4").fuzzing)
    finished = ("tester starts dake", "everything arrives", "tester ends", "everything arrives")
    scripts = (
        ("tester starts dake", "to target", "target types"),
        (*finished, "target types", "target ends"),
        ("tester starts dake", "to target", "to tester", "tester types", "last to target"),
    )

    anybody, somebody, early = (
        standing.setting(after("otrv4", "v4", *moves).target) for moves in scripts
    )

    assert len({anybody, somebody, early}) == 3


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_plaintext_that_was_seen_is_told_as_it_decides_what_is_typed(name: str) -> None:
    standing = Standing(protocol(name).fuzzing)
    before, seen = (after(name, "tagging", *moves) for moves in ((), ("a text",)))

    assert standing.flags(before.target) != standing.flags(seen.target)


def test_a_way_to_begin_that_shows_more_gets_more_of_the_moves() -> None:
    steer = Steer(protocol("otrv3").fuzzing, Random(1))  # noqa: S311 - see above
    good, *others = steer._ways
    chosen = []

    for _ in range(600):
        way = steer._chosen_way()
        chosen.append(way)
        for _ in range(10):
            way.note(int(way is good))

    assert chosen[300:].count(good) > 200
    assert all(way in chosen for way in others)
