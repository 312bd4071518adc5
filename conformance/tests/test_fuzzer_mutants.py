"""Mutants are found without being told where, by scripts grown on the plain reference."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from otr_conformance.cli import main
from otr_conformance.derive.plan import Script
from otr_conformance.fuzz.astray import identifying
from otr_conformance.fuzz.edges import edges, values_of
from otr_conformance.fuzz.growing import cover, grown
from otr_conformance.fuzz.hunts import Both, Hunts
from otr_conformance.fuzz.mutants import CONTROL, Hunted, Hunter, _Hunt
from otr_conformance.fuzz.promises import Promises
from otr_conformance.fuzz.seat import Seat
from otr_conformance.fuzz.solo import Worlds
from otr_conformance.fuzz.tree import Suspect, Tree
from otr_conformance.mutate import mutants_of
from otr_conformance.protocols import PROTOCOLS, protocol
from otr_conformance.targets import IN_PROCESS, find

if TYPE_CHECKING:
    from pathlib import Path

    from otr_conformance.play.stage import AnyStage

FUZZING = protocol("otrv3").fuzzing
MUTANTS = {mutant.name: mutant for mutant in mutants_of("otrv3")}
SCRIPTS = (
    Script("v3", ("tester starts", "everything arrives", "tester types", "everything arrives")),
    Script("v3", ("tester types", "everything arrives")),
)


# A corpus.


@pytest.mark.slow
def test_a_corpus_is_the_same_for_the_same_seed() -> None:
    assert grown(FUZZING, 1, 20) == grown(FUZZING, 1, 20) != grown(FUZZING, 2, 20)


def test_a_corpus_shows_everything_that_was_shown_and_says_nothing_twice() -> None:
    short, long, other = Script("v3", ("a",)), Script("v3", ("a", "b")), Script("v2", ("a",))
    found = [(("r", "s"), short), (("s", "t"), long), (("r", "t"), long), (("r", "s2"), other)]

    made = cover(found)

    assert set(made) == {long, other}
    assert made[0] == long


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_time_and_every_tag_has_a_move_at_its_edge(name: str) -> None:
    composition = protocol(name).fuzzing.plan.composition
    values, made = values_of(composition), edges(composition, "clock")

    interval = values["heartbeat_interval"]
    assert {f"{interval - 1} seconds pass", f"{interval} seconds pass"} <= set(made)
    assert "the tester's client with the smallest tag" in made
    assert set(made) <= set(protocol(name).fuzzing.vocabulary)


# In which state somebody is.


SMP_BROKEN_OFF = (
    *("target starts", "everything arrives", "target begins SMP", "lost to tester 0"),
    *("tester begins SMP", "to target"),
)
RETARGETED = "retarget otrv3.smp:smp-1.expect2.private EXPECT4"


def test_behind_a_row_it_is_shown_in_which_state_somebody_went_on() -> None:
    row, script = "otrv3.smp:smp-1.expect2.private", Script("v3", SMP_BROKEN_OFF)

    made = list(identifying(FUZZING, {row: [script]}))

    assert made
    assert all(each.moves[: len(script.moves)] == script.moves for each in made)
    assert not any(Tree(FUZZING, [script]).walk(MUTANTS[RETARGETED].variant))
    assert any(Tree(FUZZING, made).walk(MUTANTS[RETARGETED].variant))


def test_what_is_shown_is_not_shown_again() -> None:
    row, script = "otrv3.smp:smp-1.expect2.private", Script("v3", SMP_BROKEN_OFF)
    longer = Script("v3", ("a text", *SMP_BROKEN_OFF))

    once = list(identifying(FUZZING, {row: [script]}))

    assert list(identifying(FUZZING, {row: [script, longer]})) == once


# A tree.


def test_a_tree_plays_once_what_scripts_begin_with() -> None:
    begin = SCRIPTS[0].moves[:2]
    several = [Script("v3", (*begin, name)) for name in ("tester types", "target types", "time")]
    several[2] = Script("v3", (*begin, "target answers SMP", "tester ends"))

    tree = Tree(FUZZING, several)

    assert tree.size == len(begin) + 4


def test_what_is_suspect_is_left_out_with_all_behind_it() -> None:
    tree = Tree(FUZZING, SCRIPTS)
    before = tree.size

    tree.without([Suspect(Script("v3", SCRIPTS[0].moves[:3]), "it differs")])

    assert tree.size == before - 2
    tree.without([Suspect(Script("v3", SCRIPTS[0].moves[:3]), "it differs")])
    assert tree.size == before - 2


def test_what_cannot_be_played_is_left_out() -> None:
    tree = Tree(FUZZING, [Script("v3", ("to target 0", "tester types", "to target 0"))])

    assert tree.size == 2


@pytest.mark.parametrize("octets", [False, True])
def test_the_reference_is_nowhere_suspect(octets: bool) -> None:  # noqa: FBT001 - a parameter of the test
    tree = Tree(FUZZING, SCRIPTS)
    lab = protocol("otrv3").suite.real() if octets else None

    assert [each for each in tree.walk(CONTROL, lab) if each is not None] == []


def test_a_suspect_is_one_for_a_duel_as_well() -> None:
    variant = MUTANTS["bug plaintext-as-private"].variant
    suspects = [each for each in Tree(FUZZING, SCRIPTS).walk(variant) if each is not None]

    seat = Seat(FUZZING, find(IN_PROCESS), octets=False, variant=variant)

    assert suspects
    assert all(seat.replay(each.script) is not None for each in suspects)


def test_a_tree_can_be_read_to_the_letter() -> None:
    letter = FUZZING.plan.grader.literal["otrv3.ambiguity:smp-bad-proof"]
    moves = (
        *("target starts", "everything arrives", "tester becomes one whose g2a-proof fails"),
        *("tester begins SMP", "everything arrives", "target types", "everything arrives"),
    )
    tree = Tree(FUZZING, [Script("v3", moves)])
    read = list(tree.walk(letter, reading=letter))

    assert [each is not None for each in tree.walk(letter)] == [False] * 4 + [True]
    assert read == [None] * len(moves)


# Mutants.


def test_a_mutant_is_found() -> None:
    found = Hunter("otrv3", SCRIPTS, 5.0).hunt(MUTANTS["bug plaintext-as-private"])

    assert found.found
    assert found.script is not None
    assert found.because
    assert found.moves <= 6


def test_what_differs_although_nothing_is_wrong_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A judge objects to whatever anybody types: mutants are found all the same, by the rest."""
    true = Promises.broken

    def wrong(self: Promises, move: str, stage: AnyStage) -> str:
        return "it was typed" if move == "tester types" else true(self, move, stage)

    monkeypatch.setattr(Promises, "broken", wrong)
    hunter = Hunter("otrv3", (*SCRIPTS, Script("v3", ("a text",))), 5.0)
    found = hunter.hunt(MUTANTS["bug plaintext-as-private"])

    assert {each.script.moves[-1] for each in hunter.astray} == {"tester types"}
    assert found.because != "it was typed"
    assert found.script is None or "tester types" not in found.script.moves


def test_a_budget_ends_the_search() -> None:
    sought = Hunter("otrv3", SCRIPTS[1:], 0.3).hunt(MUTANTS["bug smp-question-dropped"])

    assert sought.found or sought.seconds < 5
    assert sought.moves >= 1


@pytest.mark.slow
def test_a_mutant_is_found_over_bytes() -> None:
    hunter = Hunter("otrv3", SCRIPTS, 5.0, octets=True)

    assert hunter.hunt(MUTANTS["bug plaintext-as-private"]).found


# What is kept.


def test_what_came_of_mutants_is_kept_and_only_for_the_same_question(tmp_path: Path) -> None:
    hunted = Hunted("a", True, "it differs", ("r",), SCRIPTS[1], 7, 0.5)  # noqa: FBT003 - it was found
    Hunts(tmp_path, "otrv3", (1,)).add(Both("a", "case", hunted))
    Hunts(tmp_path, "otrv3", (1,)).add(Both("b"))

    assert Hunts(tmp_path, "otrv3", (1,)).known() == {
        "a": Both("a", "case", hunted),
        "b": Both("b"),
    }
    assert Hunts(tmp_path, "otrv3", (2,)).known() == {}


def test_a_line_that_is_none_is_left_out_and_told(tmp_path: Path) -> None:
    hunts = Hunts(tmp_path, "otrv3", (1,))
    hunts.add(Both("b"))
    with (tmp_path / "mutants-otrv3.jsonl").open("a") as file:
        file.write('{"mutant": 7}\nnothing\n')

    assert set(hunts.known()) == {"b"}
    assert hunts.complaints == [
        f"{tmp_path / 'mutants-otrv3.jsonl'}: 2 lines are not what it should be, and left out"
    ]


@pytest.mark.slow
def test_the_command_says_what_is_found_and_goes_on_where_it_ended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["fuzz", "--mutants", "--sample", "2", "--steps", "200", "--budget", "1", "--json"]
    asked += ["--seed", "1", "--corpus", str(tmp_path)]

    main(asked)
    out, err = capsys.readouterr()
    first = json.loads(out)
    kept = (tmp_path / "mutants-otrv3.jsonl").read_text()
    main(asked)
    second = json.loads(capsys.readouterr().out)

    assert "growing a corpus: 200 moves" in err
    assert first == second
    assert first["killed"] == 2
    assert first["found"] == sum(each["found"] for each in first["outcomes"])
    assert (tmp_path / "mutants-otrv3.jsonl").read_text() == kept


# What testers do at the edges is no fault of anybody's.


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("otrv3", "target:allow_v3 tester:allow_v3 falsify:pa-range"),
        ("otrv4", "target:allow_v4 tester:allow_v4 falsify:pa-point"),
    ],
)
def test_a_tester_that_deviates_counts_what_it_drew_in_each_copy_by_itself(
    name: str, part: str
) -> None:
    play = Worlds(protocol(name).fuzzing, judged=False).begin(part)
    for move in ("target starts", "everything arrives", "tester begins SMP", "everything arrives"):
        play.play(move)
    copy = play.fork()

    talk = ("target types", "everything arrives", "tester types", "everything arrives")
    for each, before in ((copy, ()), (play, talk)):
        for move in (*before, "target answers SMP", "everything arrives"):
            each.play(move)
        assert "smp error" in each.twin.observations[-1].reports


def test_two_messages_in_pieces_are_told_apart_by_whoever_gets_them_in_turn() -> None:
    fuzzing = protocol("otrv4").fuzzing
    moves = (
        *("a Query for 4", "everything arrives", "tester types", "tester types a long text"),
        "in pieces with the next, to target 0",
    )
    play = Worlds(fuzzing).begin("v4")
    for move in moves:
        play.play(move)

    assert len(play.twin.observations[-1].reports) == 2


def test_a_tester_that_counts_otherwise_and_fails_a_check_is_judged_by_its_own_count() -> None:
    moves = (
        "tester counts its keys from nearly the last",
        "target starts",
        "tester becomes one whose g2b-proof fails",
        "everything arrives",
        "tester types",
        "everything arrives",
    )
    seat = Seat(protocol("otrv3").fuzzing, find(IN_PROCESS))

    assert seat.replay(Script("v3", moves)) is None


def test_a_tester_that_behaves_goes_on_counting_as_it_did() -> None:
    moves = (
        *("tester counts its keys from nearly the last", "tester behaves", "target starts"),
        *("everything arrives", "tester types", "everything arrives"),
    )
    seat = Seat(protocol("otrv3").fuzzing, find(IN_PROCESS))

    assert seat.replay(Script("v3", moves)) is None


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_text_beside_a_tlv_comes_from_a_tester_that_deviates_in_nothing(name: str) -> None:
    play = Worlds(protocol(name).fuzzing).begin("v3" if name == "otrv3" else "v4")
    for move in ("target starts", "everything arrives"):
        play.play(move)
    sends = "tester sends a text and a stray SMP message 1"

    assert play.can(sends)
    play.play("tester becomes one whose g2a-proof fails")
    assert not play.can(sends)


def test_a_secret_for_which_nobody_asked_is_not_given() -> None:
    moves = (
        *("a Query for 4", "everything arrives", "tester begins SMP", "everything arrives"),
        *("target answers SMP", "to tester", "tester answers SMP wrongly", "kept to target 0"),
    )
    seat = Seat(protocol("otrv4").fuzzing, find(IN_PROCESS))

    assert seat.replay(Script("v4", moves)) is None


# Who reads an ambiguity now one way, now the other.

PRIVATE = ("tester starts", "everything arrives", "tester types", "repeated to target")
AGAIN = [Script("v4", (*("a text",) * times, *PRIVATE, "to target")) for times in range(12)]
AGAIN_LATER = Script(
    "v4", (*PRIVATE, *("target types", "to tester", "tester types", "to target 1", "to target"))
)


def test_who_reads_an_ambiguity_in_two_ways_is_found_by_a_script_of_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_Hunt, "_by_chance", lambda _self: None)
    name = "update take-same k kept"
    mutant = next(each for each in mutants_of("otrv4") if each.name == name)

    one_way = Hunter("otrv4", AGAIN, budget=20).hunt(mutant)
    other_way = Hunter("otrv4", [AGAIN_LATER], budget=20).hunt(mutant)
    both = Hunter("otrv4", [*AGAIN, AGAIN_LATER], budget=20).hunt(mutant)

    assert (one_way.found, one_way.noted) == (False, True)
    assert (other_way.found, other_way.noted) == (False, False)
    assert both.found
    assert both.script is not None
    assert both.script.moves[-len(AGAIN_LATER.moves) :] == AGAIN_LATER.moves
