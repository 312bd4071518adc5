"""What must hold whatever the tables say: a bug in the tables themselves breaks it."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, cast

import pytest

from otr_conformance.fuzz.duel import Differs, Duel, mutant, reference
from otr_conformance.fuzz.promises import Promises
from otr_conformance.fuzz.solo import Worlds
from otr_conformance.mutate.catalogue import bugs_of
from otr_conformance.protocols import PROTOCOLS, protocol
from otr_model.otrv3.variants import LITERAL

if TYPE_CHECKING:
    from otr_conformance.otrv3.stage import ReferenceParty as ReferenceParty3
    from otr_conformance.otrv4.stage import ReferenceParty as ReferenceParty4
    from otr_model.kernel.variant import Variant
    from otr_reference.otrv3.session import Session as Session3
    from otr_reference.otrv4.session import Session as Session4

PRIVATE = {
    "otrv3": ("target starts", "everything arrives"),
    "otrv4": ("target starts", "everything arrives", "tester types", "everything arrives"),
}
TALK = ("target types", "everything arrives", "tester types", "everything arrives")
SMP = (
    "target begins SMP",
    "everything arrives",
    "tester answers SMP wrongly",
    "everything arrives",
)
PARTS = {"otrv3": "v3", "otrv4": "v4"}


def bug(name: str, known: str) -> Variant:
    return next(each for each in bugs_of(name) if each.name in {known, f"bug {known}"})


@pytest.mark.parametrize(
    ("name", "known", "moves", "says"),
    [
        ("otrv3", "mac-keys-twice", TALK * 4, "the target made a MAC key public once more"),
        ("otrv3", "counter-stuck", ("target types",) * 2, "under one key and counter"),
        ("otrv3", "ssid-half-wrong", (), "read out the same half"),
        ("otrv3", "smp-always-succeeds", SMP, "told of equal secrets, wrongly"),
        ("otrv4", "mac-keys-twice", TALK * 4, "the target made a MAC key public once more"),
        ("otrv4", "message-id-stuck", ("target types",) * 2, "under one key and counter"),
        ("otrv4", "ssid-half-wrong", (), "read out the same half"),
        ("otrv4", "smp-always-succeeds", SMP, "told of equal secrets, wrongly"),
    ],
)
def test_a_bug_that_the_prediction_has_as_well_breaks_a_promise(
    name: str, known: str, moves: tuple[str, ...], says: str
) -> None:
    fuzzing, wrong = protocol(name).fuzzing, bug(name, known)
    duel = Duel(fuzzing, PARTS[name], mutant(fuzzing, wrong), reading=wrong)
    with pytest.raises(Differs) as caught:
        all(duel.play(move) for move in (*PRIVATE[name], *moves))
    assert caught.value.oracle
    assert says in caught.value.because


def test_a_key_that_is_kept_for_another_exchange_makes_no_counter_used_twice() -> None:
    """The letter of an ambiguity: the peer's key is another one, and has the same number."""
    fuzzing = protocol("otrv3").fuzzing
    kept = LITERAL["otrv3.ambiguity:fresh-keys"]
    duel = Duel(fuzzing, "eager", mutant(fuzzing, kept), reading=kept)

    for move in (
        *("target types a tagged text", "to tester", "to target"),
        *("target starts", "everything arrives", "target aborts SMP"),
    ):
        assert duel.play(move), move

    first, *_, last = duel.stage.own
    assert first.fields.counter == last.fields.counter
    assert duel.stage.sent_in(0) != duel.stage.sent_in(len(duel.stage.own) - 1)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_nothing_is_broken_in_a_conversation(name: str) -> None:
    fuzzing = protocol(name).fuzzing
    duel = Duel(fuzzing, PARTS[name], reference(fuzzing))
    right = (*SMP[:2], "tester answers SMP", "everything arrives")
    for move in (*PRIVATE[name], *TALK, *SMP, *right, *TALK, "target ends", "everything arrives"):
        assert duel.play(move)
    assert "target's user: smp success" in " ".join(duel.log)


def test_keys_that_survive_the_end_are_seen_from_inside() -> None:
    fuzzing, wrong = protocol("otrv3").fuzzing, bug("otrv3", "keys-survive-the-end")
    duel = Duel(fuzzing, "v3", mutant(fuzzing, wrong), reading=wrong)
    for move in (*PRIVATE["otrv3"], *TALK):
        assert duel.play(move)
    assert list(fuzzing.kept(duel.stage.target)) == []
    assert duel.play("target ends")
    assert "keys in PLAINTEXT" in " ".join(fuzzing.kept(duel.stage.target))


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("ssid", "the secure session id"),
        ("smp_secret", "values of SMP are kept"),
        ("smp_asked", "SMP is underway"),
        ("unrevealed", "1 MAC keys are to be revealed"),
    ],
)
def test_what_is_kept_after_the_end_is_seen_from_inside(name: str, value: str, says: str) -> None:
    fuzzing = protocol(name).fuzzing
    duel = Duel(fuzzing, PARTS[name], reference(fuzzing))
    for move in (*PRIVATE[name], *TALK, "target ends"):
        assert duel.play(move)
    party = cast("ReferenceParty3 | ReferenceParty4", duel.stage.target)
    member: Session3 | Session4
    for member in party.conversation.members.values():
        assert list(fuzzing.kept(party)) == []
        kept = getattr(member, value)
        setattr(member, value, 1)
        assert says in " ".join(fuzzing.kept(party))
        setattr(member, value, kept)


def test_a_step_that_the_tables_do_not_have_is_objected_to_by_their_second_reader() -> None:
    fuzzing, wrong = protocol("otrv3").fuzzing, bug("otrv3", "plaintext-while-finished")
    duel = Duel(fuzzing, "v3", mutant(fuzzing, wrong), reading=wrong, watched=False)
    inside = Promises.of(fuzzing, duel.stage, fair=True, inside=True)
    for move in (*PRIVATE["otrv3"], "tester ends", "everything arrives"):
        assert duel.play(move)
        assert inside.broken(move, duel.stage) == ""
    assert duel.play("target types")
    assert "otrv3.message:user-send.finished" in inside.broken("target types", duel.stage)


def test_a_tagged_text_in_a_private_conversation_of_version_3_comes_with_a_warning() -> None:
    fuzzing = protocol("otrv4").fuzzing
    part = "target:allow_v3,allow_v4,whitespace_start_dake tester:allow_v3"
    duel = Duel(fuzzing, part, reference(fuzzing))
    for move in ("target starts", "everything arrives", "a tag for 4"):
        assert duel.play(move)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_reference_keeps_its_promises_wherever_it_is_led(name: str) -> None:
    fuzzing, random = protocol(name).fuzzing, Random(7)  # noqa: S311 - a seed
    names, worlds, played = tuple(fuzzing.vocabulary), Worlds(fuzzing), 0
    for _ in range(25):
        solo = worlds.begin(fuzzing.draw_part(random))
        for move in random.choices(names, k=60):
            if solo.can(move) and not solo.cut:
                played += solo.play(move)
            if random.random() < 0.1:
                solo = solo.fork()  # which keeps them as well
    assert played > 400
