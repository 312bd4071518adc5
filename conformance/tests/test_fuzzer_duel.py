"""The target and the tables in lockstep, move by move."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from otr_conformance.fuzz.drawn import Words
from otr_conformance.fuzz.duel import Crashed, Differs, Duel, mutant, real, reference
from otr_conformance.fuzz.solo import Worlds
from otr_conformance.fuzz.vocabulary import UNFORGED, Fuzzing, UnknownMove, UnknownPart
from otr_conformance.mutate.catalogue import bugs_of
from otr_conformance.play.stage import Stuck
from otr_conformance.protocols import PROTOCOLS, protocol
from otr_model.kernel.variant import Variant
from otr_model.kernel.vocabulary import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable

EVERY = pytest.mark.parametrize("name", PROTOCOLS)
THREE = protocol("otrv3").fuzzing
PRIVATE = ("target starts", "everything arrives")
CROSSING = (
    *("target starts", "tester starts", "to tester 0", "to target 0"),
    *("everything arrives", "target types", "everything arrives"),
)


def variant_of(name: str, known: str) -> Variant:
    return next(each for each in bugs_of(name) if each.name in {known, f"bug {known}"})


def _but_pieces(rows: Iterable[str]) -> list[str]:
    """How many pieces a message takes may differ: terms have no length of their own."""
    return [row for row in rows if ".fragment" not in row]


def walk(fuzzing: Fuzzing, duel: Duel, random: Random, moves: int) -> None:
    """So many moves at random, or until nothing more can be compared."""
    names = tuple(fuzzing.vocabulary)
    while len(duel.script) < moves and not duel.cut:
        name = random.choice(names)
        if duel.can(name):
            duel.play(name)


# --- Who plays, and what can happen ---------------------------------------------------------------


@EVERY
def test_whoever_is_drawn_can_be_read_again_and_is_the_same(name: str) -> None:
    fuzzing = protocol(name).fuzzing
    random = Random(1)  # noqa: S311 - a seed, so that it is the same every time
    drawn = {fuzzing.draw_part(random) for _ in range(100)}
    assert len(drawn) > 40
    for part in drawn:
        assert fuzzing.read_part(part) == fuzzing.read_part(part)
    deviant = sum(bool(fuzzing.read_part(part).cast.variant.edits) for part in drawn)
    assert 0 < deviant < len(drawn)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("target", "'target' does not say who plays"),
        ("target:allow_v3 target:allow_v2", "'target:allow_v2' does not say who plays"),
        ("target:allow_v9", "there is no policy 'allow_v9'"),
        ("size:many", "size:many has no such number"),
        ("size:99999999999", "size:99999999999 has no such number"),
        ("falsify:everything", "there is no falsify 'everything'"),
        ("colour:red", "'colour' says nothing about who plays"),
    ],
)
def test_words_that_say_nothing_are_refused(text: str, says: str) -> None:
    with pytest.raises(UnknownPart, match=f"^{says}$"):
        THREE.read_part(text)


def test_words_are_written_as_they_were_read() -> None:
    text = "target:allow_v3 tester:allow_v2,allow_v3 size:250"
    assert str(Words(text)) == text


@EVERY
def test_every_event_of_a_user_has_moves_and_they_are_in_the_vocabulary(name: str) -> None:
    fuzzing = protocol(name).fuzzing
    events = {
        event
        for table in fuzzing.plan.composition.tables
        for event in table.events
        if event.value.origin is Origin.USER
    }
    assert events == set(fuzzing.users)
    assert all(move in fuzzing.vocabulary for moves in fuzzing.users.values() for move in moves)


@EVERY
def test_every_move_that_is_listed_can_be_looked_up_by_its_name(name: str) -> None:
    vocabulary = protocol(name).fuzzing.vocabulary
    listed = list(vocabulary)
    assert len(listed) == len(set(listed)) == len(vocabulary)
    assert all(vocabulary[each].name == each for each in listed)


@pytest.mark.parametrize(
    "name",
    ["", "again to target", "to target -1", "to target 1234567", "to target ²", "no such move 1"],
)
def test_a_move_that_there_is_not_is_said_to_be_none(name: str) -> None:
    assert name not in THREE.vocabulary
    with pytest.raises(UnknownMove, match="there is no move"):
        THREE.vocabulary[name]


def test_a_number_that_is_not_worth_drawing_can_be_asked_for() -> None:
    duel = Duel(THREE, "v3", reference(THREE))
    assert duel.play("target starts")
    assert duel.play("to tester 4711")
    assert duel.stage.to_tester == []
    assert [
        message.removesuffix(" v3") for message in map(duel.stage.kind, duel.stage.to_target)
    ] == ["D-H Commit"]


# --- In lockstep ----------------------------------------------------------------------------------


@pytest.mark.slow
@EVERY
@pytest.mark.parametrize("seed", range(3))
def test_over_bytes_the_reference_does_what_it_does_over_terms(name: str, seed: int) -> None:
    fuzzing = protocol(name).fuzzing
    target, random = real(fuzzing), Random(seed)  # noqa: S311 - see above
    cut: Counter[str] = Counter()
    for _ in range(12):
        duel = Duel(fuzzing, fuzzing.draw_part(random), target)
        walk(fuzzing, duel, random, 25)
        cut[duel.cut] += 1
        assert _but_pieces(fired.row for fired in duel.stage.fired) == _but_pieces(duel.rows)
    assert cut[""] >= 11


@pytest.mark.parametrize("part", ["v2", "v3"])
def test_when_two_commits_cross_the_terms_compare_as_the_bytes_do(part: str) -> None:
    outcomes = set()
    for number in range(8):
        duel = Duel(THREE, part, real(THREE))
        for _ in range(number):  # what is drawn before moves on what is drawn next
            assert duel.play("target starts")
            assert duel.play("everything arrives")
        for move in CROSSING:
            assert duel.play(move)
        assert duel.cut == ""
        outcomes |= {row for row in duel.rows if "ours-higher" in row}
    assert {row.rpartition(".")[2] for row in outcomes} == {"ours-higher", "not-ours-higher"}


@EVERY
def test_what_cannot_be_played_changes_nothing(name: str) -> None:
    fuzzing = protocol(name).fuzzing
    duel = Duel(fuzzing, next(iter(fuzzing.plan.parts)), real(fuzzing))
    assert not duel.can("to target 0")
    assert not duel.play("to target 0")
    assert (duel.script, duel.cut, duel.rows, duel.stage.observations) == ([], "", [], [])


def test_who_does_otherwise_is_said_to_with_the_rows_of_the_tables() -> None:
    lost = mutant(THREE, variant_of("otrv3", "smp-question-dropped"))
    duel = Duel(THREE, "v3", lost)
    for move in (*PRIVATE, "tester asks with SMP"):
        assert duel.play(move)
    with pytest.raises(Differs) as caught:
        duel.play("everything arrives")
    assert "the target's user was told" in caught.value.because
    assert not caught.value.oracle
    assert caught.value.rows
    assert duel.script[-1] == "everything arrives"


def test_the_oracle_objects_even_where_the_prediction_does_the_same() -> None:
    careless = variant_of("otrv3", "plaintext-while-finished")
    duel = Duel(THREE, "v3", mutant(THREE, careless), reading=careless)
    for move in (*PRIVATE, "tester ends", "everything arrives"):
        assert duel.play(move)
    with pytest.raises(Differs) as caught:
        duel.play("target types")
    assert caught.value.oracle
    assert "target types" in caught.value.because


def test_an_error_of_a_target_in_this_process_is_its_crash() -> None:
    target = mutant(THREE, Variant("none", "no faults", ()))
    duel = Duel(THREE, "v3", target)

    def fail(_command: object) -> None:
        raise ZeroDivisionError

    duel.stage.target.command = fail  # type: ignore[assignment, method-assign] # it breaks
    with pytest.raises(Crashed, match="ZeroDivisionError"):
        duel.play("target starts")


@pytest.mark.parametrize(
    ("move", "otherwise"),
    [
        ("target starts", b"?OTRv2?\nlet us talk in private"),
        ("a Query for 2", b"?OTR:AAIC another code."),
        ("target types an Error", b"?OTR Error: in other words"),
    ],
)
def test_words_and_codes_that_a_peer_without_otr_is_shown_are_up_to_the_target(
    move: str, otherwise: bytes
) -> None:
    duel = Duel(THREE, "target:allow_v2", real(THREE))
    duel.play(move)
    duel.stage.to_tester[-1:] = [otherwise]

    assert duel.play("last to tester")


def test_a_text_that_a_peer_without_otr_is_shown_is_not_up_to_the_target() -> None:
    duel = Duel(THREE, "target:allow_v2", real(THREE))
    duel.play("target types")
    duel.stage.to_tester[-1:] = [b"see ?OTRv2? and more"]

    with pytest.raises(Differs, match="told message open see"):
        duel.play("last to tester")


# --- The network ----------------------------------------------------------------------------------


def test_a_message_in_pieces_is_put_together_and_one_without_a_piece_is_not() -> None:
    for cut, arrives in (
        ("in pieces, to target 0", True),
        ("in pieces, the last first, to target 0", False),
        ("in pieces, without the second, to target 0", False),
        ("in pieces, the first twice, to target 0", True),
    ):
        duel = Duel(THREE, "v3", real(THREE))
        assert duel.play("tester starts")
        assert duel.play("to target 0")
        assert duel.play("to tester 0")
        assert duel.stage.kind(duel.stage.to_target[0]) == "D-H Key v3"
        assert duel.play(cut)
        answered = any(duel.stage.kind(w) == "Reveal Signature v3" for w in duel.stage.to_tester)
        assert answered is arrives, cut


def test_what_is_under_a_public_mac_key_can_be_forged_and_is_refused() -> None:
    duel = Duel(THREE, "v3", real(THREE))
    for move in PRIVATE:
        duel.play(move)
    assert not duel.can("forged as it was, to target 0")
    for _ in range(3):
        for move in ("target types", "everything arrives", "tester types", "everything arrives"):
            duel.play(move)
    assert duel.can("forged as it was, to target 0")
    before = len(duel.stage.log)
    assert duel.play("forged with another ciphertext, to target 0")
    assert not any("message private" in line for line in duel.stage.log[before:])
    assert duel.cut == ""


def test_a_target_that_has_made_no_key_public_yet_is_not_compared_any_more() -> None:
    duel = Duel(THREE, "v3", real(THREE))
    both_type = ("target types", "everything arrives", "tester types", "everything arrives")
    for move in (*PRIVATE, *both_type * 3):
        duel.play(move)
    stage: Any = duel.stage
    stage._public.clear()
    assert duel.can("forged as it was, to target 0")
    assert duel.play("forged as it was, to target 0")
    assert duel.cut == f"{UNFORGED}: nothing is said about the target"


def test_a_number_that_no_message_can_have_is_not_forged() -> None:
    duel = Duel(THREE, "v3", real(THREE))
    both_type = ("target types", "everything arrives", "tester types", "everything arrives")
    for move in (*PRIVATE, *both_type * 3):
        duel.play(move)
    stage: Any = duel.twin
    message, key = stage.forgeable[0]
    last = replace(message, fields=replace(message.fields, sender_keyid=2**32 - 1))
    with_last: Any = SimpleNamespace(forgeable=[(last, key)], lab=stage.lab)

    with pytest.raises(Stuck, match="Sender keyid: does not fit"):
        THREE.vocabulary["forged with a higher key id, to target 0"].play(with_last)


def test_a_number_that_no_message_can_have_is_not_put_into_one() -> None:
    play = Worlds(THREE).begin("v3")
    both_type = ("target types", "everything arrives", "tester types", "everything arrives")
    counts = "tester counts its keys from nearly the last"
    for move in (counts, *PRIVATE, *both_type * 4, "tester types"):
        play.play(move)
    waiting = len(play.twin.to_target)

    assert not play.play("with a higher key id, to target 0")
    assert (play.cut, len(play.twin.to_target)) == ("", waiting)
    assert play.play("to target 0")


def test_a_message_goes_back_to_its_sender() -> None:
    duel = Duel(THREE, "v3", real(THREE))
    for move in (*PRIVATE, "target types"):
        duel.play(move)
    assert duel.play("again to target 0")
    assert duel.stage.observations[-1].step == "once more, Data v3 reaches the target"
    assert duel.cut == ""
