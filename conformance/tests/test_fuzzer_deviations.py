"""What is known of a target is read into the tables, and hides nothing that is behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from otr_conformance.derive.plan import Script
from otr_conformance.fuzz import known
from otr_conformance.fuzz.deviations import Change, Deviation, applied
from otr_conformance.fuzz.duel import ANOTHER, KNOWN, Differs, Duel, mutant
from otr_conformance.fuzz.readings import Readings
from otr_conformance.fuzz.worker import Done, Order, Worker
from otr_conformance.mutate.catalogue import bugs_of
from otr_conformance.protocols import protocol
from otr_conformance.targets import find
from otr_conformance.verdict import Verdict
from otr_model.kernel.variant import NONE, BadVariant, DropRow, EditRow, Variant, apply
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.variants import LITERAL
from otr_reference.errors import Malformed

if TYPE_CHECKING:
    from pathlib import Path

    from otr_conformance.fuzz.finds import Find
    from otr_conformance.fuzz.known import Known
    from otr_model.kernel.composition import AnyRow

FUZZING = protocol("otrv3").fuzzing
BECAUSE = 'because = "why"\n'
SILENT = (
    "[silent]\n"
    + BECAUSE
    + ('tables = [{ rows = "otrv3.message:error.*.error-start-ake", without = ["SEND_QUERY"] }]\n')
)
ERROR = Script("eager", ("an Error",))
BEHIND = Script("eager", ("an Error", "target starts"))
"""Behind what is known, the user asks for a private conversation."""
DEAF = DropRow("otrv3.message:user-start.plaintext.not-disabled")


def read(text: str, folder: Path) -> Known:
    file = folder / "target.finds.toml"
    file.write_text(text)
    return known.read(file)


def variant_of(found: Known) -> Variant:
    made = Readings(FUZZING, found.deviations).read(known_names(found))
    assert made is not None
    return made


def known_names(found: Known) -> tuple[str, ...]:
    return tuple(each.finding for each in found.deviations)


def judged(found: Known, target: Variant, *scripts: Script) -> list[Find]:
    """What comes of scripts with a target that is known, and what else may be wrong with it."""
    worker = Worker(Order("otrv3", find("reference"), variant=target, known=found))
    done = Done()
    for script in scripts:
        trouble = worker.seat.replay(script)
        if trouble is not None:
            worker.judge(trouble, done)
    worker.close()
    return done.finds


def row_under(found: Known, name: str) -> AnyRow | None:
    composition = apply(OTRV3, applied(OTRV3, [], found.deviations)).composition
    return next((row for row in composition.rows() if row.id == name), None)


# Hiding nothing.


def test_what_is_known_explains_a_find_and_names_the_page(tmp_path: Path) -> None:
    found = read(SILENT, tmp_path)

    (seen,) = judged(found, variant_of(found), ERROR)

    assert seen.reading == ("silent",)
    assert seen.verdict is Verdict.FAIL
    pattern = found.of(seen)
    assert pattern is not None
    assert pattern.finding == "silent"


def test_a_fault_behind_what_is_known_is_found(tmp_path: Path) -> None:
    found = read(SILENT, tmp_path)
    silent = variant_of(found)
    planted = Variant("planted", "", (*silent.edits, DEAF))

    assert judged(found, silent, ERROR, BEHIND)[1:] == []
    first, second = judged(found, planted, ERROR, BEHIND)

    assert found.of(first) is not None
    assert found.of(second) is None
    assert second.behind == ("silent",)
    assert second.rows == ("otrv3.message:user-start.plaintext.not-disabled",)


def test_a_fault_beside_what_is_known_is_found_in_a_find_that_is_made_short(tmp_path: Path) -> None:
    found = read(SILENT, tmp_path)
    planted = Variant("planted", "", (*variant_of(found).edits, DEAF))

    (seen,) = judged(found, planted, Script("v3", ("an Error", "target starts")))

    assert found.of(seen) is None
    assert seen.script.moves == ("target starts",)


def test_two_that_explain_only_together_are_found_though_one_shows_behind_the_other(
    tmp_path: Path,
) -> None:
    tags = "tables = [{ policy = 'whitespace_start_ake', holds = true }]\n"
    once = "tables = [{ rows = 'otrv3.ake:dh-key.awaiting-sig.allowed.same-gy', do = [] }]\n"
    found = read(f"[tags]\n{BECAUSE}{tags}[once]\n{BECAUSE}{once}", tmp_path)
    moves = ("tester starts", "tester types", "everything arrives")
    script = Script("target:allow_v2 tester:allow_v2,send_whitespace_tag", moves)

    (seen,) = judged(found, variant_of(found), script)

    assert set(seen.reading) == {"tags", "once"}


def test_what_the_target_does_not_do_any_more_is_not_assumed(tmp_path: Path) -> None:
    found = read(SILENT, tmp_path)
    worker = Worker(Order("otrv3", find("reference"), octets=True, known=found))
    worker.seat.reading = variant_of(found)
    worker._reading = known_names(found)
    done = Done()

    trouble = worker.seat.replay(ERROR)
    assert trouble is not None
    worker.judge(trouble, done)

    assert done.finds == []
    assert worker._reading == ()
    assert worker.seat.reading is NONE
    worker.close()


# Edits.


SHOWS = "SHOW_PLAINTEXT WARN_UNENCRYPTED"
ANSWERS = "NEW_DH_KEY KEEP_COMMIT SEND_DH_KEY"
NOT_HIGHER = "otrv3.ake:dh-commit.awaiting-dhkey.allowed.not-ours-higher"


@pytest.mark.parametrize(
    ("name", "change", "becomes"),
    [
        (
            "message:error.plaintext.error-start-ake",
            'without = ["SEND_QUERY"]',
            ("SHOW_ERROR OWE", "PLAINTEXT", ""),
        ),
        (
            "message:tagged-plaintext.finished",
            'without = ["TAG_OFFER"]',
            (SHOWS, "FINISHED", ""),
        ),
        ("ake:dh-key.none.allowed", 'also = ["SEND_ERROR"]', ("SEND_ERROR", "NONE", "")),
        (
            "message:user-start.plaintext.not-disabled",
            'do = ["SEND_ERROR"]',
            ("SEND_ERROR", "PLAINTEXT", ""),
        ),
        (
            "ake:signature.awaiting-sig.allowed.not-signature-valid",
            'goto = "NONE"',
            ("", "NONE", ""),
        ),
        ("message:user-end.plaintext", 'raises = ["SMP_RESET"]', ("", "PLAINTEXT", "SMP_RESET")),
        (
            "ake:dh-commit.awaiting-dhkey.allowed.ours-higher",
            f'like = "{NOT_HIGHER}"',
            (ANSWERS, "AWAITING_REVEALSIG", ""),
        ),
    ],
)
def test_a_row_is_as_the_target_has_it(
    name: str, change: str, becomes: tuple[str, str, str], tmp_path: Path
) -> None:
    found = read(f"[a]\n{BECAUSE}tables = [{{ rows = 'otrv3.{name}', {change} }}]\n", tmp_path)

    row = row_under(found, f"otrv3.{name}")

    assert row is not None
    do, raises = (each.name for each in row.do), (each.event.name for each in row.raises)
    assert (" ".join(do), row.goto.name, " ".join(raises)) == becomes
    assert found.deviations[0].concerns({f"otrv3.{name}"})
    assert not found.deviations[0].concerns({"otrv3.smp:smp-1.expect1.not-private"})


def test_several_deviations_may_be_about_one_row_and_come_after_the_letter() -> None:
    name = "otrv3.message:error.plaintext.error-start-ake"
    several = [
        Deviation(word, "why", (Change("otrv3", name, (("without", (word,)),)),))
        for word in ("OWE", "SEND_QUERY")
    ]
    letter = Variant("letter", "", (EditRow("otrv3.message:user-end.plaintext", do=()),))

    made = applied(OTRV3, [letter], several)

    (row,) = (r for r in apply(OTRV3, made).composition.rows() if r.id == name)
    assert [each.name for each in row.do] == ["SHOW_ERROR"]
    assert made.name == "letter, OWE, SEND_QUERY"


def test_two_variants_about_one_row_cannot_be_read_together() -> None:
    letter = LITERAL["otrv3.ambiguity:failed-signature"]

    with pytest.raises(BadVariant, match="edited twice"):
        applied(OTRV3, [letter, letter], [])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("rows = 'otrv3.message:no-such-row', do = []", "no row"),
        ("rows = 'otrv3.message:user-end.*', do = ['NO_SUCH']", "no NO_SUCH"),
        ("rows = 'otrv3.message:user-end.*', goto = 'NONE'", "no NONE"),
        ("rows = 'otrv3.message:user-end.*', like = 'otrv3.smp:smp-1.expect2.private'", "no row"),
        ("check = 'NO_SUCH'", "no NO_SUCH"),
        ("condition = 'NO_SUCH', holds = true", "no NO_SUCH"),
        ("condition = 'SAME_GY', only = ['IS_DATA']", "not defined by variables"),
    ],
)
def test_words_that_there_are_not_are_refused(change: str, says: str, tmp_path: Path) -> None:
    found = read(f"[a]\n{BECAUSE}tables = [{{ {change} }}]\n", tmp_path)

    with pytest.raises(BadVariant, match=says):
        applied(OTRV3, [], found.deviations)
    with pytest.raises(Malformed, match=f"^a: .*{says}"):
        Readings(FUZZING, found.deviations).check()


PRIVATE = ("target starts", "everything arrives")


@pytest.mark.parametrize(
    ("change", "moves"),
    [
        ("check = 'DATA_COUNTER'", (*PRIVATE, "tester types", "kept to target 0", "to target")),
        (
            "condition = 'HEARTBEAT_DUE', holds = false",
            (*PRIVATE, "tester types", "time passes", "to target"),
        ),
        (
            "condition = 'ALLOWED', only = ['IS_DATA']",
            ("a Query for 3 to the tester", "to target"),
        ),
        ("policy = 'require_encryption', holds = true", ("target types",)),
    ],
)
def test_what_is_settled_for_a_whole_protocol_changes_what_is_predicted(
    change: str, moves: tuple[str, ...], tmp_path: Path
) -> None:
    found = read(f"[a]\n{BECAUSE}tables = [{{ {change} }}]\n", tmp_path)
    duel = Duel(FUZZING, "v3", mutant(FUZZING, variant_of(found), octets=True))

    for move in moves[:-1]:
        assert duel.play(move)
    with pytest.raises(Differs):
        duel.play(moves[-1])


# What is not compared, and what is passed over.


def test_behind_some_rows_nothing_is_compared() -> None:
    duel = Duel(FUZZING, "eager", mutant(FUZZING, Variant("deaf", "", (DEAF,))))
    duel.ends = (("otrv3.message:error.*", "otrv3.message:user-start.*"),)

    cuts = [(duel.play(move), duel.cut) for move in ("an Error", "target starts")]

    assert cuts == [(True, ""), (True, KNOWN)]


def test_rows_that_are_taken_in_another_order_end_nothing() -> None:
    duel = Duel(FUZZING, "eager", mutant(FUZZING, Variant("deaf", "", (DEAF,))))
    duel.ends = (("otrv3.message:user-start.*", "otrv3.message:error.*"),)

    assert duel.play("an Error")
    with pytest.raises(Differs):
        duel.play("target starts")


def test_another_instance_of_the_peers_can_end_a_play() -> None:
    duel = Duel(FUZZING, "v3", mutant(FUZZING, NONE, octets=True))
    duel.ends = ((ANOTHER,),)

    moves = ("the tester's other client", "a Query for 3 to the tester", "to target")
    cuts = [(duel.play(move), duel.cut) for move in ("a D-H Commit v3 of nobody", *moves)]

    assert cuts == [(True, "")] * 3 + [(True, KNOWN)]


def test_what_a_promise_says_of_what_is_known_is_passed_over() -> None:
    bugs = {each.name.removeprefix("bug "): each for each in bugs_of("otrv3")}
    twice = mutant(FUZZING, bugs["mac-keys-twice"])
    talk = ("target types", "everything arrives", "tester types", "everything arrives")
    duel = Duel(FUZZING, "v3", twice, reading=bugs["mac-keys-twice"])
    duel.excused = ("the target made a MAC key public once more",)

    for move in (*PRIVATE, *talk * 4):
        assert duel.play(move)


# Reading the file.


@pytest.mark.parametrize(
    "text",
    [
        f"[a]\n{BECAUSE}",
        f"[a]\n{BECAUSE}tables = []\n",
        f"[a]\n{BECAUSE}tables = [{{ rows = '*', do = [] }}]\n",
        f"[a]\n{BECAUSE}tables = [{{ rows = 'otrv3.a' }}]\n",
        f"[a]\n{BECAUSE}tables = [{{ rows = 'otrv3.a', do = 'B' }}]\n",
        f"[a]\n{BECAUSE}tables = [{{ rows = 'otrv3.a', goto = ['B'] }}]\n",
        f"[a]\n{BECAUSE}tables = [{{ check = 'A', holds = true }}]\n",
        f"[a]\n{BECAUSE}tables = [{{ condition = 'A' }}]\n",
        f"[a]\n{BECAUSE}tables = [{{ condition = 'A', holds = 1 }}]\n",
        f"[a]\n{BECAUSE}tables = [{{ policy = 'a', holds = true, do = [] }}]\n",
        f"[a]\n{BECAUSE}tables = [{{ }}]\n",
        f"[a]\n{BECAUSE}objections = ['*']\n",
        f"[a]\n{BECAUSE}objections = 'all'\n",
        f"[a]\n{BECAUSE}ends = [{{ rows = [] }}]\n",
        f"[a]\n{BECAUSE}ends = [{{ rows = ['*'] }}]\n",
        f"[a]\n{BECAUSE}finds = [{{ rows = '*', says = '*' }}]\n",
        f"[a]\n{BECAUSE}finds = [{{ after = 'x' }}]\n",
        "[a]\nbecause = 3\nobjections = ['b']\n",
        "a = 1\n",
    ],
)
def test_an_entry_that_says_nothing_or_everything_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(Malformed):
        read(text, tmp_path)
