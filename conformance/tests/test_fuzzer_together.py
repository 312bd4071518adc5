"""Two or three that talk on a hostile network, and whose fault it is what differs."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from otr_conformance.cli import main
from otr_conformance.derive.plan import Script
from otr_conformance.fuzz.finds import read
from otr_conformance.fuzz.known import Known, Pattern
from otr_conformance.fuzz.loop import Trouble
from otr_conformance.fuzz.together import Deviates, Fallen
from otr_conformance.fuzz.together_cast import THIRD, as_of_one, fuzzing_of
from otr_conformance.fuzz.together_group import Chair, Group
from otr_conformance.fuzz.together_telling import references, sequence_of, story_of
from otr_conformance.fuzz.together_worker import Each, TogetherOrder, TogetherWorker
from otr_conformance.fuzz.vocabulary import UnknownMove, UnknownPart
from otr_conformance.mutate.catalogue import bugs_of
from otr_conformance.protocols import PROTOCOLS
from otr_conformance.targets import Target
from otr_conformance.verdict import Verdict
from otr_model.kernel.variant import NONE, EditRow, Variant
from otr_model.otrv3.effects import Do
from otr_model.trace import Arrow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otr_conformance.fuzz.finds import Find
    from otr_conformance.fuzz.together import Together
    from otr_conformance.fuzz.worker import Done

REFERENCE = Target("reference", None)
PRIVATE = {
    "otrv3": ("alice starts", "everything arrives"),
    "otrv4": ("alice starts", "everything arrives", "bob types", "everything arrives"),
}
TALK = ("alice types", "everything arrives", "bob types", "everything arrives")
PARTS = {"otrv3": "v3", "otrv4": "v4"}
EVERY = pytest.mark.parametrize("name", PROTOCOLS)


def bug(name: str, known: str) -> Variant:
    return next(each for each in bugs_of(name) if each.name in {known, f"bug {known}"})


def met(name: str, *variants: Variant, octets: bool = False) -> Group:
    """References that meet, each with what is wrong with it."""
    return Group(name, tuple(Chair(REFERENCE, variant) for variant in variants), octets)


def played(play: Together, moves: Iterable[str]) -> Together:
    for move in moves:
        assert play.play(move), move
    return play


def walk(group: Group, random: Random, moves: int) -> int:
    """So many moves at random, in plays of forty; how many were played."""
    done = 0
    while done < moves:
        play = group.begin(group.fuzzing.draw_part(random))
        for name in random.choices(group.moves, k=40):
            if not play.cut and play.can(name):
                done += play.play(name)
    return done


# --- Who meets, and what can happen ---------------------------------------------------------------


@EVERY
@pytest.mark.parametrize("number", [2, 3])
def test_whatever_the_network_does_to_a_target_it_does_to_each(name: str, number: int) -> None:
    vocabulary = fuzzing_of(name, number).vocabulary
    listed = list(vocabulary)
    assert len(listed) == len(set(listed))
    for who in ("alice", "bob", THIRD)[:number]:
        assert {f"{who} types", f"to {who} 0", f"with another MAC, to {who} 1"} <= set(listed)
        assert f"in pieces, the last first, to {who} 2" in vocabulary
    assert not [move for move in listed if "target" in move or "tester" in move]
    with pytest.raises(UnknownMove):
        vocabulary["to carol 0"]


@EVERY
def test_whoever_is_drawn_can_be_read_again(name: str) -> None:
    fuzzing, random = fuzzing_of(name, 3), Random(1)  # noqa: S311 - a seed
    drawn = [fuzzing.read_part(fuzzing.draw_part(random)).cast for _ in range(200)]
    assert {each.third for each in drawn} == {"client", "impostor", "liar"}
    assert 0 < sum(bool(each.variant.edits) for each in drawn) < 100
    assert all(
        THIRD in each.honest for each in drawn if each.third == "client" and not each.variant.edits
    )
    assert not any(THIRD in each.honest for each in drawn if each.third == "liar")


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ("alice:allow_v3", "bob allows no version of otrv3"),
        ("alice:allow_v3 bob:allow_v3 carol:allow_v3", "'carol' says nothing"),
        ("alice:allow_v3 bob:allow_v3 falsify:data-mac", "'falsify' says nothing"),
        ("alice:allow_v9 bob:allow_v3", "there is no policy 'allow_v9'"),
    ],
)
def test_words_that_say_nothing_are_refused(part: str, says: str) -> None:
    with pytest.raises(UnknownPart, match=says):
        fuzzing_of("otrv3", 2).read_part(part)


def test_a_third_is_a_client_an_impostor_or_a_liar() -> None:
    everybody = "alice:allow_v3 bob:allow_v3 third:allow_v3 third-is:"
    read_part = fuzzing_of("otrv3", 3).read_part
    seats = {
        who: read_part(everybody + who).cast.seats[THIRD] for who in ("client", "impostor", "liar")
    }
    assert [seat.owner for seat in seats.values()] == ["bob", "mallory", "mallory"]
    assert [seat.claims for seat in seats.values()] == ["", "", "bob"]
    with pytest.raises(UnknownPart, match="there is no third-is 'friend'"):
        read_part(everybody + "friend")


@pytest.mark.parametrize(
    ("name", "alices", "bobs"),
    [
        ("alice types", "target types", "tester types"),
        ("to bob", "to tester", "to target"),
        ("again to alice 3", "again to target 3", "again to tester 3"),
        (
            "with another MAC, to bob 0",
            "with another MAC, to tester 0",
            "with another MAC, to target 0",
        ),
        ("a Query for 3, to bob", "a Query for 3, to tester", "a Query for 3"),
        ("everything arrives", "everything arrives", "everything arrives"),
    ],
)
def test_a_move_is_called_after_one_target_where_only_that_one_is_known(
    name: str, alices: str, bobs: str
) -> None:
    assert as_of_one(name, "alice") == alices
    assert as_of_one(name, "bob") == bobs


# --- The reference ------------------------------------------------------------------------------


@EVERY
@pytest.mark.parametrize("octets", [False, True], ids=["terms", "bytes"])
def test_references_that_talk_do_what_the_tables_do(name: str, octets: bool) -> None:  # noqa: FBT001 - a parameter
    play = met(name, NONE, NONE, octets=octets).begin(PARTS[name])
    smp = ("alice asks with SMP", "everything arrives", "bob answers SMP", "everything arrives")
    played(play, (*PRIVATE[name], *TALK, *smp, "bob ends", "everything arrives"))
    log = "\n".join(play.log)
    assert "alice's user: smp success" in log
    assert "alice -> bob: Data" in log
    assert re.search(r"bob's user: message private \d{4} of alice's", log)
    assert not play.cut


def test_both_clients_of_one_account_hear_alice_at_once() -> None:
    group = met("otrv3", NONE, NONE, NONE)
    play = group.begin("alice:allow_v3 bob:allow_v3 third:allow_v3 third-is:client")
    played(play, ("alice starts", "to bob", "to third"))
    assert [len(play.company.views[who].to_target) for who in ("alice", "bob", THIRD)] == [2, 0, 0]
    played(play, ("everything arrives", "bob types", "third types", "everything arrives"))
    played(play, ("alice types", "everything to third is lost"))
    assert [len(play.company.views[who].to_target) for who in ("alice", "bob", THIRD)] == [0, 1, 0]
    told = [line for line in play.log if line.startswith("  alice's user: message private")]
    assert told == [
        "  alice's user: message private 0001 of bob's",
        "  alice's user: message private 0002 of third's",
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "number"), [("otrv3", 2), ("otrv3", 3), ("otrv4", 2), ("otrv4", 3)]
)
def test_references_break_no_promise_wherever_chance_leads_them(name: str, number: int) -> None:
    group = met(name, *[NONE] * number)
    assert walk(group, Random(5), 700) >= 700  # noqa: S311 - a seed


@pytest.mark.slow
def test_references_over_bytes_are_predicted_by_terms() -> None:
    assert walk(met("otrv3", NONE, NONE, octets=True), Random(6), 400) >= 400  # noqa: S311 - a seed


# --- Whose fault it is ----------------------------------------------------------------------------


@pytest.mark.parametrize("place", [0, 1], ids=["alice", "bob"])
@pytest.mark.parametrize(
    ("name", "known", "says"),
    [
        ("otrv3", "mac-keys-twice", "the target revealed a MAC key that it had revealed before"),
        ("otrv4", "message-id-stuck", "the target used"),
    ],
)
def test_a_fault_is_found_and_belongs_to_whoever_has_it(
    name: str, known: str, says: str, place: int
) -> None:
    wrong = bug(name, known)
    group = met(name, *((wrong, NONE) if place == 0 else (NONE, wrong)))
    who = group.names[place]
    script = Script(PARTS[name], (*PRIVATE[name], *TALK * 4, f"{who} types", f"{who} types"))
    trouble = group.replay(script)
    assert trouble is not None
    blame = group.blame(trouble)
    assert blame.who == who
    assert says in blame.because
    assert blame.rows


def test_what_one_makes_the_other_do_is_the_fault_of_the_first() -> None:
    """Alice encrypts under a counter again: it is Bob who cannot read it."""
    group = met("otrv3", bug("otrv3", "counter-stuck"), NONE)
    group.listening = False
    script = Script("v3", (*PRIVATE["otrv3"], "alice types", "alice types", "everything arrives"))
    trouble = group.replay(script)
    assert trouble is not None
    assert isinstance(trouble.error, Deviates)
    assert trouble.error.who == "bob"
    blame = group.blame(trouble)
    assert blame.who == "alice"
    assert "the tester sent Error, which was not expected" in blame.because


def test_of_two_that_are_suspected_the_one_is_at_fault_that_differs_with_the_reference() -> None:
    harmless = bug("otrv3", "smp-always-succeeds")
    group = met("otrv3", bug("otrv3", "counter-stuck"), harmless)
    group.listening = False
    script = Script("v3", (*PRIVATE["otrv3"], "alice types", "alice types", "everything arrives"))
    trouble = group.replay(script)
    assert trouble is not None
    blame = group.blame(trouble)
    assert (blame.who, blame.when) == ("alice", "")


def test_where_random_numbers_decide_whoever_is_suspected_plays_under_others_too() -> None:
    """Bob warns of each D-H Commit that crosses his own, but only where his has the higher hash."""
    row = "otrv3.ake:dh-commit.awaiting-dhkey.allowed.ours-higher"
    warns = Variant("warns", "", (EditRow(row, do=(Do.SEND_DH_COMMIT, Do.WARN_UNREADABLE)),))
    group = met("otrv3", bug("otrv3", "smp-always-succeeds"), warns, octets=True)
    second = ("a Query for 3, to bob", "lost to alice")
    script = Script("v3", (*second, "alice starts", "bob starts", "everything arrives"))
    shown = [with_draws(group, draw, script) for draw in range(4)]
    assert shown[0] is shown[1] is None
    for trouble in shown[2:]:
        assert trouble is not None
        blame = group.blame(trouble)
        assert (blame.who, blame.when) == ("bob", "")


def with_draws(group: Group, draw: int, script: Script) -> Trouble | None:
    """What a script shows where Alice is the reference and draws such random numbers."""
    group._substitutes, group._draw = frozenset({"alice"}), draw
    try:
        return group.replay(script)
    finally:
        group._substitutes, group._draw = frozenset(), 0


def test_what_neither_does_with_the_reference_is_said_to_be_seen_only_sometimes() -> None:
    group = met("otrv3", bug("otrv3", "mac-keys-twice"), bug("otrv3", "counter-stuck"))
    script = Script("v3", PRIVATE["otrv3"])
    assert group.replay(script) is None
    gone = Deviates("bob", "a step: the target sent Error", {}, oracle=False)
    blame = group.blame(Trouble(script, gone))
    assert (blame.who, blame.when) == ("bob", "not every time")


# --- A campaign -----------------------------------------------------------------------------------


def worked(order: TogetherOrder, steps: int) -> tuple[TogetherWorker, Done]:
    worker = TogetherWorker(order)
    try:
        return worker, worker.work(steps=steps)
    finally:
        worker.close()


def planted(name: str, *variants: Variant, **more: Any) -> TogetherOrder:
    targets = (REFERENCE,) * len(variants)
    return TogetherOrder(name, REFERENCE, targets=targets, variants=variants, **more)


def shortest(done: Done) -> Find:
    return min(done.finds, key=lambda each: len(each.script.moves))


@pytest.mark.parametrize("place", [0, 1], ids=["alice", "bob"])
def test_a_campaign_finds_a_fault_makes_it_short_and_keeps_it(place: int, tmp_path: Path) -> None:
    variants = [NONE, NONE]
    variants[place] = bug("otrv3", "counter-stuck")
    worker, done = worked(planted("otrv3", *variants, finds=tmp_path, seed=1), 350)
    assert done.finds
    assert {each.who for each in done.finds} == {worker.group.names[place]}
    assert len(shortest(done).script.moves) <= 4
    assert done.kept
    assert done.pairs
    (path, *_) = tmp_path.glob("*.json")
    kept = read(str(path), path.read_bytes())
    assert kept.together == ("reference", "reference")
    assert kept.who == worker.group.names[place]
    assert kept.write() == path.read_text()
    again = worker.group.replay(kept.script)
    assert again is not None
    assert worker.find_of(again).id == kept.id


def test_a_campaign_of_references_finds_nothing_and_goes_on_with_scripts_of_others() -> None:
    order = planted("otrv3", NONE, NONE)
    _, done = worked(order, 200)
    assert (done.finds, done.complaints, done.lost) == ([], [], "")
    other = TogetherWorker(order)
    other.work(steps=1, adopt=done.kept)
    assert {each.script.moves for each in other.course.kept} >= {each.moves for each in done.kept}


def test_the_same_seed_plays_the_same() -> None:
    first, second = (worked(planted("otrv4", NONE, NONE, seed=4), 150)[1] for _ in range(2))
    assert (first.steps, first.pairs, first.kept) == (second.steps, second.pairs, second.kept)


def test_what_is_known_of_a_target_explains_its_finds_and_nobody_elses() -> None:
    _, done = worked(planted("otrv3", bug("otrv3", "counter-stuck"), NONE, seed=1), 200)
    a_find = shortest(done)
    known = Known((Pattern("mine", "it does", says="*"),))
    assert Each(of_each=(("reference", known),)).of(a_find) == known.patterns[0]
    assert Each(of_each=(("another", known),)).of(a_find) is None
    assert Each(of_each=(("another", known),)).findings == ("mine",)


def test_what_shows_at_the_peer_is_known_by_what_the_one_at_fault_did_before() -> None:
    """Alice's second text is under a counter that Bob has seen: it is Bob who cannot read it."""
    group = met("otrv3", bug("otrv3", "counter-stuck"), NONE)
    group.listening = False
    script = Script("v3", (*PRIVATE["otrv3"], "alice types", "alice types", "everything arrives"))
    trouble = group.replay(script)
    assert trouble is not None
    worker = TogetherWorker(planted("otrv3", bug("otrv3", "counter-stuck"), NONE))
    a_find = worker._find(trouble, group.blame(trouble))
    worker.close()
    assert (a_find.who, a_find.rows) == ("alice", ())
    says = "the tester sent Error, which was not expected*"
    typed = Pattern("typed", "as it does", rows=("otrv3.message:user-send.encrypted",), says=says)
    ended = Pattern("ended", "as it does", rows=("otrv3.message:user-end.encrypted",), says=says)
    assert Each(of_each=(("reference", Known((ended, typed))),)).of(a_find) == typed


def test_rows_that_were_taken_in_the_same_move_come_before_what_differs() -> None:
    group = met("otrv3", bug("otrv3", "ssid-half-wrong"), NONE)
    group.listening = False
    trouble = group.replay(Script("v3", PRIVATE["otrv3"]))
    assert trouble is not None
    assert isinstance(trouble.error, Deviates)
    assert trouble.error.who == "bob"
    assert "otrv3.ake:query-offer.none.offers-3" in trouble.error.before
    assert "otrv3.ake:dh-commit.none.allowed" in trouble.error.taken["alice"]


def test_pieces_are_not_compared_where_the_target_makes_others() -> None:
    group = met("otrv3", NONE, NONE, octets=True)
    play = group.begin("alice:allow_v3 bob:allow_v3 alice-size:250")
    played(play, PRIVATE["otrv3"])
    assert not play.cut
    counted = {place for place, pieces in play.company.pieces.items() if pieces > 1}
    assert counted
    other = group.begin("alice:allow_v3 bob:allow_v3 alice-size:250")
    other.twin.pieces = dict.fromkeys(play.twin.pieces, 7)
    assert other._cut_otherwise(next(iter(counted)))


def test_nothing_is_compared_behind_rows_that_are_known_to_lead_astray() -> None:
    group = met("otrv3", bug("otrv3", "counter-stuck"), NONE)
    script = Script("v3", (*PRIVATE["otrv3"], "alice types", "alice types"))
    assert group.replay(script) is not None
    group.ends = {"alice": (("otrv3.message:authenticated.*", "otrv3.message:user-send.*"),)}
    assert group.replay(script) is None
    group.ends = {"bob": (("otrv3.message:user-send.*",),)}
    assert group.replay(script) is not None


def test_a_shim_that_ends_is_a_crash_of_the_one_who_has_it() -> None:
    program = Path(__file__).with_name("miniatures") / "wrong_reference.py"
    dying = Target("dying", (sys.executable, str(program), "dies"))
    chairs = (Chair(REFERENCE), Chair(dying))
    group = Group("otrv3", chairs)
    try:
        trouble = group.replay(Script("v3", ("alice types", "bob types")))
        assert trouble is not None
        assert isinstance(trouble.error, Fallen)
        assert group.blame(trouble).who == "bob"
        assert group.replay(Script("v3", ("alice types", "everything arrives"))) is None
    finally:
        group.close()


def test_a_shim_that_sends_what_was_typed_in_private_is_found_out_by_what_is_legible() -> None:
    program = Path(__file__).with_name("miniatures") / "wrong_reference.py"
    leaking = Target("leaking", (sys.executable, str(program), "leaks"))
    group = Group("otrv3", (Chair(leaking), Chair(REFERENCE)), compared=False)
    try:
        trouble = group.replay(Script("v3", (*PRIVATE["otrv3"], "alice types")))
        assert trouble is not None
        blame = group.blame(trouble)
        assert blame.who == "alice"
        assert 'sent "0001 of alice\'s" legibly, which was typed in private' in blame.because
    finally:
        group.close()


# --- The command ----------------------------------------------------------------------------------


def test_two_that_talk_are_fuzzed_by_a_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = tmp_path / "corpus"
    options = ("--steps", "60", "--seed", "2", "--corpus", str(corpus), "--json")
    assert main(["fuzz", "reference", "reference", "--together", *options]) == 0
    (document,) = json.loads(capsys.readouterr().out)
    assert document["target"] == "reference with reference"
    assert document["steps"] >= 60
    assert document["finds"] == []
    assert (corpus / "scripts-otrv3.jsonl").exists()


def test_a_wrong_shim_is_found_named_kept_and_found_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = Path(__file__).with_name("miniatures") / "wrong_reference.py"
    wrong = f"{sys.executable} {program} leaks"
    options = ("--steps", "12", "--seed", "1", "--corpus", str(tmp_path), "--json")
    report = tmp_path / "report.json"
    both = [wrong, "reference", "--together"]
    assert main(["fuzz", *both, *options, "--report", str(report)]) == 1
    (document,) = json.loads(capsys.readouterr().out)
    assert {each["who"] for each in document["finds"]} == {"alice"}
    assert all("the target sent plaintext" in each["because"] for each in document["finds"])
    assert len(json.loads(report.read_text())["results"]) == len(document["finds"])
    kept = next((tmp_path / "finds").glob("*/*.json"))
    assert main(["fuzz", "--replay", str(kept), wrong, "reference"]) == 1
    assert capsys.readouterr().out.startswith("fail ")
    assert main(["fuzz", "--replay", str(kept), "reference", "reference"]) == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["reference"], "--together needs two targets, or three"),
        (["reference"] * 4, "--together needs two targets, or three"),
        (["reference", "reference", "--hypothesis"], "--hypothesis plays with one target"),
    ],
)
def test_what_cannot_meet_is_said_in_a_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fuzz", *arguments, "--together"]) == 2
    assert says in capsys.readouterr().err


@pytest.fixture
def found(tmp_path: Path) -> Path:
    """The file of a find of Alice's, that the reference does not show."""
    _, done = worked(planted("otrv3", bug("otrv3", "counter-stuck"), NONE, seed=1), 200)
    path = tmp_path / "find.json"
    path.write_text(shortest(done).write())
    return path


def test_a_find_of_two_is_played_again_and_drawn(
    found: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = ["fuzz", "--replay", str(found)]
    assert main([*again, "reference", "reference"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("pass ")
    assert "alice" in out
    assert main([*again, "reference"]) == 2
    assert "was found where 2 met: reference reference" in capsys.readouterr().err
    assert main([*again, "--case"]) == 2
    assert "several met, and a case has one target" in capsys.readouterr().err
    assert main([*again, "--svg", str(tmp_path / "drawn")]) == 0
    assert len(list((tmp_path / "drawn").glob("*.svg"))) == 1


def test_a_find_of_two_is_a_case_in_reports_and_a_story(found: Path) -> None:
    each = read(str(found), found.read_bytes())
    assert any("alice -> bob" in line for line in story_of(each))
    sequence = sequence_of(each, "a find")
    assert sequence.participants == ("alice", "bob")
    assert any(isinstance(step, Arrow) for step in sequence.steps)
    assert references("otrv3", 2).replay(each.script) is None
    assert each.verdict is Verdict.FAIL
