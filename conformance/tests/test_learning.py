"""Learning: the machine that a target really is, and where it is not that of the tables."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import sys
from collections import Counter
from contextlib import closing
from dataclasses import replace
from fnmatch import fnmatchcase
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from otr_conformance.cli import main
from otr_conformance.cli.learn import _work
from otr_conformance.cli.learn_reports import report_of
from otr_conformance.learn import explained
from otr_conformance.learn.cache import Cache
from otr_conformance.learn.cases import case_of, parse, written
from otr_conformance.learn.differences import UNKNOWN, compare_machines, seen_differences
from otr_conformance.learn.errors import (
    BadSetting,
    Endless,
    OutOfTime,
    TooManyFaults,
    Wavering,
)
from otr_conformance.learn.known import known_machine, make, refuted, shipped
from otr_conformance.learn.learner import STILL, VARIETY, _Asking, _Checking, learn
from otr_conformance.learn.machine import Edge, Machine
from otr_conformance.learn.mapper import GONE, NOTHING, UNMADE, Answer, agree
from otr_conformance.learn.picture import picture_of
from otr_conformance.learn.study import Order, Study, learning_of, settings, study
from otr_conformance.learn.system import CRASH, HANG, REFUSED, ReferenceSystem, ShimSystem
from otr_conformance.learn.telling import sequence_of
from otr_conformance.learn.wish import Algorithm, Wish, silent
from otr_conformance.otrv3.grade import GRADER
from otr_conformance.otrv3.learning import LEARNING, SETTINGS
from otr_conformance.peers.registry import PEERS
from otr_conformance.play.compare import compare
from otr_conformance.play.stage import Observation
from otr_conformance.protocols import PROTOCOLS
from otr_conformance.reports.junit import junit
from otr_conformance.reports.kinds import ReportKind
from otr_conformance.reports.page import page
from otr_conformance.targets import Target
from otr_conformance.verdict import Verdict
from otr_diagrams.sequence import sequence_svg
from otr_model.kernel.variant import NONE, Variant, mutants
from otr_model.kernel.vocabulary import Origin, Validity
from otr_model.otrv3 import words as words3
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv4 import words as words4
from otr_model.otrv4.protocol import OTRV4
from otr_model.trace import Arrow, Note
from otr_reference.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from otr_conformance.learn.wish import Figures

MINIATURES = Path(__file__).parent / "miniatures"
REFERENCE = Target("reference", None)
TALK = ("exchange v3", "user types", "user ends", "Data", "Disconnected")
QUICK = Wish(checks=15)


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "160")


def mutant(name: str) -> Variant:
    return next(each for each in mutants(OTRV3) if each.name == name)


def odd(how: str) -> Target:
    return Target("odd", (sys.executable, str(MINIATURES / "learnt.py"), how))


def studied(variant: Variant = NONE, only: tuple[str, ...] = TALK, name: str = "v3-data") -> Study:
    return study(Order(REFERENCE, name, QUICK, variant=variant, only=only))


def told(found: Study) -> list[tuple[str, str, str]]:
    return [(f.at, written(f.difference.word), f.difference.because) for f in found.found]


# --- The alphabet -------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "vocabulary"), [("otrv3", words3), ("otrv4", words4)])
def test_whatever_can_happen_by_the_tables_is_an_input_or_is_left_out_with_a_reason(
    name: str, vocabulary: ModuleType
) -> None:
    learning = learning_of(name)
    conditions = import_module(f"otr_model.{name}.conditions").Cond
    stands_for = {said for each in learning.inputs.values() for said in each.stands_for}
    users = {event.name for event in vocabulary.Event if event.origin is Origin.USER}
    validities = {cond.name for cond in conditions if isinstance(cond.spec, Validity)}
    wanted = users | validities | {k.name for k in (*vocabulary.Kind, *vocabulary.TlvKind)}

    assert wanted - stands_for - set(learning.left_out) == set()
    assert set(learning.left_out) <= wanted - stands_for
    assert all(learning.left_out.values())


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_input_is_learned_somewhere_and_every_setting_has_inputs_that_there_are(
    name: str,
) -> None:
    learning = learning_of(name)
    used = {each for setting in learning.settings.values() for each in setting.inputs}

    assert used <= set(learning.inputs)
    assert {each for each in set(learning.inputs) - used if not each.endswith("v2")} == set()


def test_settings_of_all_protocols_have_names_of_their_own() -> None:
    names = [n for protocol in PROTOCOLS for n in learning_of(protocol).settings]

    assert len(names) == len(set(names))
    assert set(names) == set(settings())


def test_a_key_exchange_by_message_goes_through_the_states_of_the_tables() -> None:
    system = ReferenceSystem(LEARNING, SETTINGS["v3-exchange"])
    system.begin()
    seen = []
    for name in ("Query v3", "D-H Key", "D-H Key again", "Signature", "Data", "Disconnected"):
        answer = system.take(name)
        seen.append((answer, LEARNING.standing(system.stage)))

    assert seen == [
        ("D-H Commit v3", "PLAINTEXT AWAITING_DHKEY"),
        ("Reveal Signature v3", "PLAINTEXT AWAITING_SIG"),
        ("Reveal Signature v3 again", "PLAINTEXT AWAITING_SIG"),
        ("tells secure v3 agreeing", "ENCRYPTED AWAITING_DHKEY"),
        ("tells message private good morning", "ENCRYPTED AWAITING_DHKEY"),
        ("tells finished", "FINISHED"),
    ]


def test_what_cannot_be_made_says_so_and_changes_nothing() -> None:
    system = ReferenceSystem(LEARNING, SETTINGS["v3-exchange"])
    for name in SETTINGS["v3-exchange"].inputs:
        system.begin()
        if system.take(name) == UNMADE:
            assert system.take("Query v3") == "D-H Commit v3"
            assert system.take("D-H Key") == "Reveal Signature v3"


def test_a_dake_by_message_goes_through_the_states_of_the_tables() -> None:
    learning = learning_of("otrv4")
    system = ReferenceSystem(learning, learning.settings["v4-dake"])
    system.begin()
    seen = []
    for name in ("Identity", "Auth-I, falsified", "Auth-I", "Data", "Disconnected"):
        answer = system.take(name)
        seen.append((answer, learning.standing(system.stage)))

    assert seen == [
        ("Auth-R", "START WAITING_AUTH_I"),
        (NOTHING, "START WAITING_AUTH_I"),
        ("tells secure v4 agreeing", "ENCRYPTED_MESSAGES"),
        ("tells message private good morning", "ENCRYPTED_MESSAGES"),
        ("tells finished", "FINISHED"),
    ]


def test_what_is_falsified_is_refused_and_what_is_right_is_taken_after_it() -> None:
    system = ReferenceSystem(LEARNING, SETTINGS["v3-exchange"])
    for word in (
        ("Query v3", "D-H Key, falsified", "D-H Key", "Signature, falsified", "Signature"),
        ("D-H Commit v3", "Reveal Signature, falsified", "Reveal Signature", "Data, falsified"),
    ):
        system.begin()
        answers = dict(zip(word, map(system.take, word), strict=True))
        for name in word:
            if name.endswith(", falsified"):
                assert "secure" not in answers[name]
                assert "good morning" not in answers[name]
                right = answers.get(name.removesuffix(", falsified"), "secure")
                assert right == "Reveal Signature v3" or "secure" in right


def test_bytes_and_terms_answer_alike() -> None:
    draw = random.Random(4)  # noqa: S311 - nothing secret
    setting = SETTINGS["v3-smp"]
    words = [tuple(draw.choices(setting.inputs, k=7)) for _ in range(6)]
    terms = ReferenceSystem(LEARNING, setting)
    octets = ReferenceSystem(LEARNING, setting, real=True)

    for word in words:
        answers = []
        for system in (terms, octets):
            system.begin()
            answers.append([system.take(name) for name in ("exchange v3", *word)])
        assert answers[0] == answers[1], word


# --- Answers ------------------------------------------------------------------------------------


def test_an_answer_is_read_as_it_is_written() -> None:
    answer = Answer(("Data v3",), ("finished",), ("message private hello",), ("DATA_MAC",))

    assert Answer.parse(str(answer)) == answer
    assert str(Answer()) == NOTHING
    assert Answer.parse(UNMADE) == Answer()
    for odd_text in ("", "; ", "-; -", "tells ; x"):
        read = Answer.parse(odd_text)
        assert Answer.parse(str(read)) == read


def test_a_message_that_is_shown_as_it_is_has_no_octets_in_an_answer() -> None:
    reports = ["message open ?OTR:AAMKZW5jb2RlZA==.", "message open hello"]
    shown = [Observation("", (), tuple(reports))]

    answer = str(Answer.of(GRADER.compared, shown))
    assert "AAMK" not in answer
    assert "what arrived, as it is" in answer
    assert "message open hello" in answer
    assert str(Answer.of(GRADER.compared, [Observation("", (), tuple(reports[:1]))])) != NOTHING


def test_a_sentence_about_a_message_that_is_shown_as_it_is_has_no_octets_either() -> None:
    shown = Observation("", (), ("message open ?OTR:AAMKZW5jb2RlZA==.",))

    said = compare(GRADER.compared, [Observation("", (), ())], [shown]).because
    assert "message open (what arrived, as it is), which was not expected" in said
    assert "AAMK" not in said


def test_texts_that_wait_are_not_counted() -> None:
    learning = learning_of("otrv4")
    system = ReferenceSystem(learning, learning.settings["v4-offline"])
    answers = []
    for texts in (1, 2, 3):
        system.begin()
        word = ("user starts offline", "Disconnected", *["user types"] * texts, "user ends")
        answers.append([system.take(name) for name in (*word, "exchange v4")][-1])

    assert answers[0] != answers[1]
    assert answers[1] == answers[2]


def test_answers_are_compared_as_cases_are() -> None:
    compared = GRADER.compared

    assert agree(compared, "tells secure v3", "tells secure v3") == ""
    assert agree(compared, NOTHING, "Data v3") == ""  # a heartbeat may come at any time
    assert agree(compared, "tells still-secure v3", "tells secure v3") == ""
    assert "no Error" in agree(
        compared, "Error; tells warning unreadable", "tells warning unreadable"
    )
    assert CRASH in agree(compared, NOTHING, CRASH)


# --- Machines -----------------------------------------------------------------------------------


def machine(*rows: tuple[tuple[str, int], ...]) -> Machine:
    edges = (dict(zip("ab", (Edge(*each) for each in row), strict=True)) for row in rows)
    return Machine(("a", "b"), tuple(edges))


def test_words_tell_apart_exactly_the_states_that_can_be_told_apart() -> None:
    draw = random.Random(2)  # noqa: S311 - nothing secret
    for _ in range(25):
        size = draw.randint(2, 6)
        rows = [[(draw.choice("xy"), draw.randrange(size)) for _ in "ab"] for _ in range(size)]
        given = machine(*(tuple(row) for row in rows))
        words = [w for k in range(1, size + 1) for w in product("ab", repeat=k)]
        for one, other in product(range(size), repeat=2):
            shortest = next((w for w in words if given.run(w, one) != given.run(w, other)), None)
            found = given.separating(one, other)
            assert (found is None) == (shortest is None)
            if found is not None and shortest is not None:
                assert len(found) == len(shortest)
                assert given.run(found, one) != given.run(found, other)


def test_equal_states_of_a_machine_become_one() -> None:
    twice = {0: {"a": ("x", 1), "b": ("y", 0)}, 1: {"a": ("x", 0), "b": ("y", 1)}}

    assert Machine.trimmed(("a", "b"), twice, 0).size == 1


def drawn(draw: random.Random, size: int) -> Machine:
    """A machine with so many states that can be told apart and reached."""
    while True:
        rows = [[(draw.choice("xy"), draw.randrange(size)) for _ in "ab"] for _ in range(size)]
        edges = {state: dict(zip("ab", row, strict=True)) for state, row in enumerate(rows)}
        made = Machine.trimmed(("a", "b"), edges, 0)
        if made.size == size:
            return made


def test_words_tell_a_machine_from_every_other_one_of_up_to_one_state_more() -> None:
    draw = random.Random(3)  # noqa: S311 - nothing secret
    told_by_edges = 0
    for _ in range(60):
        given, other = drawn(draw, 3), drawn(draw, draw.choice((3, 4)))
        if given == other:
            continue
        told_by_edges += any(given.run(word) != other.run(word) for word in given.tests())
        assert any(given.run(word) != other.run(word) for word in given.tests(extra=1))
    assert told_by_edges > 50


def test_a_machine_that_is_given_fewer_inputs_has_fewer_states() -> None:
    given = machine((("x", 1), ("y", 0)), (("x", 1), ("z", 1)))

    assert given.restricted(("a",)).size == 1
    assert given.restricted(("a", "b")) == given


def test_a_machine_is_read_as_it_is_written_and_nothing_else_is() -> None:
    given = machine((("x", 1), ("y", 0)), (("x", 0), ("z", 1)))

    assert Machine.from_json(given.to_json(stamp="of these tables")) == given
    for wrong in ("", "{}", '{"inputs": ["a"], "edges": [{"a": ["x", 7]}]}'):
        with pytest.raises(Malformed):
            Machine.from_json(wrong)


def test_a_difference_is_shown_by_a_shortest_word_and_what_is_let_pass_is_gone_along() -> None:
    known = machine((("tells still-secure v3", 1), (NOTHING, 0)), ((NOTHING, 1), ("Error", 0)))
    other = machine((("tells secure v3", 1), (NOTHING, 0)), ((NOTHING, 1), (NOTHING, 1)))

    side = compare_machines(GRADER.compared, known, other)

    assert [each.word for each in side.differences] == [("a", "b")]
    assert side.passed == 1
    assert side.beside == ((0,), (1,))


# --- The machines of the tables -----------------------------------------------------------------


@pytest.mark.parametrize("name", settings())
def test_the_machine_that_is_shipped_is_what_the_reference_does(name: str) -> None:
    learning, setting = settings()[name]
    made = shipped(learning, setting)
    assert made is not None, "run otrspec learn --tables"
    assert made.machine.inputs == setting.inputs
    assert made.checked > 1000

    draw, system = random.Random(6), ReferenceSystem(learning, setting)  # noqa: S311
    for _ in range(40):
        access = made.machine.access[draw.randrange(made.machine.size)]
        word = (*access, *draw.choices(setting.inputs, k=4))
        system.begin()
        assert tuple(map(system.take, word)) == made.machine.run(word), word


def test_a_machine_of_other_tables_is_refuted_by_a_word() -> None:
    setting = replace(SETTINGS["v3-data"], inputs=TALK)
    given = known_machine(LEARNING, setting)
    faulty = ReferenceSystem(LEARNING, setting, mutant("drop otrv3.message:user-end.encrypted"))

    assert refuted(given, ReferenceSystem(LEARNING, setting)) is None
    assert refuted(given, faulty) == ("exchange v3", "user ends")


@pytest.mark.slow
def test_with_some_inputs_only_the_machine_is_the_one_that_would_be_learned() -> None:
    setting = replace(SETTINGS["v3-smp"], inputs=("exchange v3", "user ends", "SMP 1", "Data"))

    assert known_machine(LEARNING, setting) == make(LEARNING, setting).machine


@pytest.mark.slow
def test_a_machine_that_has_to_be_made_is_made_once(tmp_path: Path) -> None:
    setting = replace(SETTINGS["v3-tagging"], inputs=("exchange v3", "Query v3", "user ends"))
    told: list[int] = []

    def watch(_figures: Figures, states: int) -> None:
        told.append(states)

    first = known_machine(LEARNING, setting, pause=61, watch=watch)
    assert told
    assert len(list((tmp_path / "cache" / "otrspec" / "machines").iterdir())) == 1
    told.clear()
    assert known_machine(LEARNING, setting, pause=61, watch=watch) == first
    assert told == []


def test_time_passes_before_a_query_where_the_target_needs_it() -> None:
    system = ReferenceSystem(LEARNING, SETTINGS["v3-tagging"], pause=61)
    system.begin()
    for name in ("exchange v3", "Query v3"):
        system.take(name)

    assert any("61 seconds pass" in line for line in system.stage.log)


# --- Learning -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_both_algorithms_find_the_same_machine() -> None:
    system = ReferenceSystem(LEARNING, SETTINGS["v3-data"])
    found = []
    for algorithm in Algorithm:
        with Cache() as cache:
            found.append(learn(system, TALK, cache, Wish(algorithm, checks=150)).machine)

    assert found[0] == found[1]
    words = ("exchange v3", "Disconnected", "user types", "user ends", "user types")
    answers = found[0].run(words)
    assert answers[2:] == ("tells warning not-sent", NOTHING, "plaintext 'hello'")


def test_the_reference_is_the_machine_of_the_tables() -> None:
    found = studied()

    assert found.learned == found.known
    assert found.names[:3] == found.their_names[:3] == ("PLAINTEXT", "ENCRYPTED", "FINISHED")
    assert len(set(found.names)) == 5  # a text that was typed when FINISHED is still to be sent
    assert found.found == ()
    assert found.checked > 15


@pytest.mark.parametrize(
    ("name", "at", "word"),
    [
        (
            "retarget otrv3.message:disconnected.encrypted PLAINTEXT",
            "FINISHED",
            "exchange v3; Disconnected; user types",
        ),
        ("drop otrv3.message:user-end.encrypted", "ENCRYPTED", "exchange v3; user ends"),
        (
            "drop otrv3.message:user-end.finished",
            "PLAINTEXT",
            "exchange v3; Disconnected; user ends; user types",
        ),
    ],
)
def test_a_faulty_row_is_found_and_told_by_the_shortest_sequence(
    name: str, at: str, word: str
) -> None:
    found = studied(mutant(name))

    assert (at, word) in [(where, short) for where, short, _ in told(found)]
    assert all(each.verdict is Verdict.FAIL for each in found.found)
    assert min(len(each.difference.word) for each in found.found) == word.count(";") + 1


def test_a_faulty_row_of_smp_is_found() -> None:
    only = ("exchange v3", "user begins SMP", "SMP 2", "SMP 4")
    found = studied(
        mutant("retarget otrv3.smp:smp-2.expect2.private.smp-2-valid EXPECT2"), only, "v3-smp"
    )

    assert ("ENCRYPTED EXPECT4", "exchange v3; user begins SMP; SMP 2; SMP 4") in [
        (where, word) for where, word, _ in told(found)
    ]


def test_a_word_of_version_4_is_a_case_too() -> None:
    learning = learning_of("otrv4")
    name = "drop otrv4.message:user-end.encrypted-messages"
    faulty = next(each for each in mutants(OTRV4) if each.name == name)
    word = parse(learning, "Identity; Auth-I; user ends")
    case = case_of(learning, learning.settings["v4-dake"], word)
    grader, lab = learning.suite.grader, learning.suite.terms()

    good = grader.grade(case, lab, grader.reference_target(NONE), explained=False)
    bad = grader.grade(case, lab, grader.reference_target(faulty), explained=False)
    assert good.verdict is Verdict.PASS
    assert bad.verdict is Verdict.FAIL


def test_a_word_is_a_case_that_the_reference_passes_and_the_mutant_fails() -> None:
    case = case_of(LEARNING, SETTINGS["v3-data"], parse(LEARNING, "exchange v3; user ends"))
    lab = LEARNING.suite.terms()
    faulty = GRADER.reference_target(mutant("drop otrv3.message:user-end.encrypted"))

    assert GRADER.grade(case, lab, GRADER.reference_target(NONE)).verdict is Verdict.PASS
    assert GRADER.grade(case, lab, faulty).verdict is Verdict.FAIL
    with pytest.raises(BadSetting, match="no input 'Dta'"):
        parse(LEARNING, "exchange v3; Dta")
    with pytest.raises(BadSetting, match="empty"):
        parse(LEARNING, " ; ")


def test_there_is_an_end_when_the_time_is_up() -> None:
    system = ReferenceSystem(LEARNING, SETTINGS["v3-data"])
    with Cache() as cache, pytest.raises(OutOfTime, match="the time is up"):
        learn(system, TALK, cache, replace(QUICK, limit=0.001))


class Spoken(ReferenceSystem):
    """A system whose answers are made here."""

    def __init__(self, says: Callable[[tuple[str, ...]], str]) -> None:
        super().__init__(LEARNING, SETTINGS["v3-data"])
        self._says = says

    def begin(self) -> None:
        """A new word."""
        self._word = []

    def take(self, name: str) -> str:
        """The answer to the next input of the word."""
        self._word.append(name)
        return self._says(tuple(self._word))


def test_a_word_that_refutes_a_machine_is_asked_again_before_it_is_believed() -> None:
    times: Counter[tuple[str, ...]] = Counter()

    def says(word: tuple[str, ...]) -> str:
        times[word] += 1
        return f"tells message open {times[word]}" if word == ("b", "b", "b") else NOTHING

    known = machine((("-", 1), ("-", 0)), (("-", 0), ("x", 1)))
    with Cache() as cache, pytest.raises(Wavering, match="message open 2"):
        learn(Spoken(says), ("a", "b"), cache, Wish(checks=200), known=known)


def test_where_every_answer_is_new_there_is_an_end_with_the_reason() -> None:
    with Cache() as cache, pytest.raises(Endless, match=f"'a' in {VARIETY + 1} ways"):
        learn(
            Spoken(lambda word: f"tells message open {'a' * 200}{word}"), ("a", "b"), cache, QUICK
        )


def test_machines_that_are_refuted_and_do_not_grow_come_to_an_end() -> None:
    with Cache() as cache:
        asking = _Asking(Spoken(lambda _: NOTHING), cache, QUICK, silent)
        checking = _Checking(("a",), asking, QUICK, None)
        for size in (1, 2, *[2] * (STILL - 1)):
            checking._grows(size)
        with pytest.raises(Endless, match=f"{STILL} machines in a row were refuted"):
            checking._grows(2)
        checking._still = 0
        checking._grows(3)


def test_when_learning_is_stopped_the_differences_that_were_seen_are_told() -> None:
    def watch(figures: Figures, _states: int) -> None:
        if figures.words > 40:
            raise KeyboardInterrupt

    variant = mutant("drop otrv3.message:user-end.encrypted")
    done = study(Order(REFERENCE, "v3-data", QUICK, variant=variant, only=TALK), watch)

    assert done.interrupted
    assert "interrupted" in done.stopped
    assert done.learned is None
    assert ("ENCRYPTED", "exchange v3; user ends") in [(at, word) for at, word, _ in told(done)]
    assert all(each.verdict is Verdict.FAIL for each in done.found)


def test_a_process_that_learns_for_another_stops_when_that_was_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    enough = multiprocessing.get_context("spawn").Event()
    monkeypatch.setattr("otr_conformance.cli.learn._ENOUGH", [enough])
    order = Order(REFERENCE, "v3-data", QUICK, only=ENDS)

    assert _work(order).learned is not None
    enough.set()
    assert _work(order).interrupted


def test_the_words_that_were_asked_show_each_difference_by_the_shortest_of_them() -> None:
    known = machine((("x", 1), (NOTHING, 0)), ((NOTHING, 1), ("Error", 0)))
    answered = [
        (("b", "b", "a", "b"), (NOTHING, NOTHING, "x", NOTHING)),
        (("a", "b", "a"), ("x", NOTHING, "x")),
        (("a", "a"), ("x", NOTHING)),
    ]

    found = seen_differences(GRADER.compared, known, answered)
    assert [(each.word, each.at, each.theirs) for each in found] == [(("a", "b"), 1, UNKNOWN)]
    assert "no Error" in found[0].because


@pytest.mark.slow
def test_a_target_with_which_nothing_becomes_private_is_told_so_with_a_command() -> None:
    only = ("exchange v3", "Data")
    done = study(Order(odd("mute"), "v3-data", Wish(checks=1), only=only))

    assert "conform odd --case 'life.*'" in done.remarks[0]
    assert done.stopped == ""
    assert studied(only=only).remarks == ()


# --- Odd targets --------------------------------------------------------------------------------

ENDS = ("exchange v3", "user ends")


def system_of(how: str, faults: int = 20) -> ShimSystem:
    return ShimSystem(LEARNING, SETTINGS["v3-data"], odd(how), timeout=5, faults=faults)


@pytest.mark.slow
def test_that_a_target_dies_is_an_answer_and_the_next_word_is_asked_of_a_new_process() -> None:
    found = study(Order(odd("dies"), "v3-data", Wish(checks=3), only=("user ends",)))

    assert found.stopped == ""
    assert found.learned is not None
    assert found.learned.run(("user ends", "user ends")) == (CRASH, GONE)
    assert found.found[0].difference.word == ("user ends",)
    assert found.found[0].verdict is Verdict.CRASH


@pytest.mark.slow
def test_that_a_target_returns_an_error_is_an_answer() -> None:
    with closing(system_of("refuses")) as system:
        system.begin()
        assert [system.take(name) for name in ("exchange v3", "user ends")] == [REFUSED, GONE]
        system.begin()
        assert system.take("user ends") == NOTHING


@pytest.mark.slow
def test_a_target_that_dies_or_hangs_all_the_time_is_given_up() -> None:
    system = system_of("hangs", faults=1)
    system._timeout = 0.3
    system.begin()
    assert system._shim is not None
    system._shim.timeout = 0.3
    assert system.take("user ends") == HANG
    assert system.take("exchange v3") == GONE
    system.begin()
    with pytest.raises(TooManyFaults, match="2 times"):
        system.take("user ends")
    system.close()


@pytest.mark.slow
def test_two_answers_to_one_word_are_reported_with_both() -> None:
    with (
        closing(system_of("counts")) as system,
        Cache() as cache,
        pytest.raises(Wavering) as caught,
    ):
        learn(system, ENDS, cache, QUICK)

    assert caught.value.word[-1] == "user ends"
    assert caught.value.before != caught.value.now
    assert "over" in caught.value.before
    assert caught.value.now in str(caught.value)


@pytest.mark.slow
def test_what_most_answers_say_counts_where_votes_are_asked_for() -> None:
    with closing(system_of("wavers")) as system, Cache() as cache:
        found = learn(system, ("user ends",), cache, Wish(checks=10, votes=5))

    assert found.machine.run(("user ends",)) == ("tells message open over",)
    assert found.figures.revised > 0


@pytest.mark.parametrize("name", ["wrong_re", "flood", "garbage"])
def test_a_shim_that_lies_or_floods_is_at_fault_and_nothing_is_said_of_the_target(
    name: str,
) -> None:
    target = Target(name, (sys.executable, str(MINIATURES / f"{name}.py")))
    found = study(Order(target, "v3-exchange", QUICK, only=("user starts",)))

    assert found.faulty
    assert found.learned is None
    assert found.stopped


def test_a_setting_that_a_target_cannot_be_given_is_said_to_be_so() -> None:
    target = Target("mini", (sys.executable, str(MINIATURES / "noisy.py")))

    assert "does not speak version 2" in study(Order(target, "v2-exchange", QUICK)).stopped
    assert "it lacks policy" in study(Order(target, "v3-tagging", QUICK)).stopped


# --- What is kept -------------------------------------------------------------------------------

WORDS = [(("a", "b"), ("x", "y")), (("a", "c"), ("x", "z"))]


def filled(path: Path, stamp: str = "s") -> None:
    with Cache(path, stamp, "t") as cache:
        for word, answers in WORDS:
            cache.add(word, answers)


def test_what_was_answered_is_known_again(tmp_path: Path) -> None:
    filled(tmp_path / "a")
    with Cache(tmp_path / "a", "s", "t") as cache:
        assert cache.known(("a", "c")) == ("x", "z")
        assert cache.known(("a",)) == ("x",)
        assert cache.known(("b",)) is None
        assert cache.conflict(("a", "b"), ("x", "w")) == (1, "y")
        assert sorted(cache) == WORDS


def test_what_could_not_be_made_leads_nowhere() -> None:
    cache = Cache()
    cache.add(("n", "a"), (UNMADE, "x"))

    assert cache.known(("n", "n", "a", "n")) is None
    assert cache.known(("n", "n", "a")) == (UNMADE, UNMADE, "x")
    assert cache.known(("a",)) == ("x",)


def test_a_line_that_was_not_written_to_its_end_is_dropped_and_the_others_are_kept(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a"
    filled(path)
    path.write_bytes(path.read_bytes()[:-4])

    with Cache(path, "s", "t") as cache:
        assert cache.known(("a", "b")) == ("x", "y")
        assert cache.known(("a", "c")) is None
        assert cache.put_aside == ""


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda text: text.replace('"y"', '["y"'), "cannot be read"),
        (lambda text: text.replace('"stamp": "s"', '"stamp": "r"'), "another edition"),
        (lambda text: text + '[["a", "b"], ["x", "w"]]\n', "two answers"),
        (lambda text: text + '[["a", "b"], ["x"]]\n', "more inputs than answers"),
        (lambda text: "\n" + text, "cannot be read"),
    ],
)
def test_a_file_that_is_of_no_use_is_put_aside_and_nothing_of_it_is_lost(
    tmp_path: Path, spoil: object, why: str
) -> None:
    path = tmp_path / "a"
    filled(path)
    assert callable(spoil)
    spoilt = spoil(path.read_text())
    path.write_text(spoilt)

    with Cache(path, "s", "t") as cache:
        assert why in cache.put_aside
        assert cache.known(("a",)) is None
    assert (tmp_path / "a.old1").read_text() == spoilt


def test_a_run_that_is_begun_again_asks_nothing_twice(tmp_path: Path) -> None:
    order = Order(REFERENCE, "v3-data", QUICK, only=ENDS, folder=tmp_path)

    first, second = study(order), study(order)

    assert first.figures.words > 0
    assert second.figures.words == 0
    assert second.learned == first.learned


def test_answers_of_a_target_that_has_changed_are_put_aside(tmp_path: Path) -> None:
    order = Order(REFERENCE, "v3-data", QUICK, only=ENDS, folder=tmp_path)
    study(order)
    file = next(tmp_path.glob("*.jsonl"))
    file.write_text(file.read_text().replace("Data v3", "nothing that it says now"))

    assert "answers otherwise by now" in study(order).remarks[0]


# --- What explains a difference -----------------------------------------------------------------

ENTRY = """
[[a-finding]]
because = "it does so"
settings = ["v3-*"]
on = ["user ends"]
says = ["the target sent no *"]
"""


def test_an_entry_explains_what_fits_it_and_is_out_of_date_where_nothing_does(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.toml"
    path.write_text(ENTRY)
    found = explained.read(path)

    entry = found.of("v3-data", "ENCRYPTED", ENDS, "the target sent no Data v3")
    assert entry is not None
    assert entry.finding == "a-finding"
    assert found.of("v3-data", "ENCRYPTED", ("Data",), "the target sent no Data v3") is None
    assert found.outdated(["v3-data"], ["v3-data"], []) == (entry,)
    assert found.outdated(["v3-data"], ["v3-data"], [entry]) == ()
    assert found.outdated(["v3-data"], ["v3-data", "v3-smp"], []) == ()
    assert found.outdated(["v2-data"], ["v2-data"], []) == ()


def test_an_entry_explains_only_what_comes_after_the_inputs_that_it_names() -> None:
    entry = explained.Explanation("x", "y", after=("Query v?", "user ends|Disconnected"))
    words = {
        ("Query v3", "user ends", "D-H Key"): True,
        ("user types", "Query v3", "D-H Key", "Disconnected", "Signature"): True,
        ("user types", "Query v3", "D-H Key", "Signature"): False,
        ("user ends", "Query v3", "D-H Key"): False,
        ("Query v3", "D-H Key", "user ends"): False,
    }

    assert {word: entry.fits("v3-required", "at", word, "says") for word in words} == words


@pytest.mark.parametrize(
    ("peer", "setting", "at", "word", "says", "finding"),
    [
        (
            *("libotr", "v3-required", "PLAINTEXT AWAITING_SIG (2)"),
            *("user types; Query v3; D-H Key; Signature", "the target sent no Data v3"),
            "libotr-text-after-signature",
        ),
        (
            *("libotr", "v3-required", "PLAINTEXT AWAITING_SIG (2)"),
            *("user types; Query v3; D-H Key; user ends; Signature", "the target sent no Data v3"),
            "libotr-end-drops-exchange",
        ),
        (
            *("libotr", "v3-required", "PLAINTEXT (2)"),
            *("user types; user ends; exchange v3", "the target sent no Data v3"),
            "libotr-end-drops-exchange",
        ),
        (
            *("otr3", "v3-exchange", "PLAINTEXT AWAITING_DHKEY"),
            *("Query v3; D-H Commit v3; D-H Key", "the target sent no Reveal Signature v3"),
            None,
        ),
        (
            *("otr3", "v3-data", "ENCRYPTED"),
            *("exchange v3; Data", "the target sent Error, which was not expected"),
            None,
        ),
        (
            *("otrjs", "v3-data", "ENCRYPTED"),
            *("exchange v3; user ends", "the target sent no Data v3"),
            None,
        ),
        (
            *("potr", "v2-exchange", "PLAINTEXT AWAITING_SIG"),
            *("Query v2; D-H Key; Signature", "the target sent no Data v2"),
            None,
        ),
    ],
)
def test_a_peers_entry_explains_no_word_in_which_its_cause_is_not(  # noqa: PLR0913, PLR0917 - a row
    peer: str, setting: str, at: str, word: str, says: str, finding: str | None
) -> None:
    path = PEERS[peer].expectations.with_name(f"{peer}-learned.toml")
    entry = explained.read(path).of(setting, at, parse(LEARNING, word), says)

    assert (entry.finding if entry is not None else None) == finding


def test_an_entry_may_say_which_inputs_a_target_is_not_given_and_explains_nothing_then(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.toml"
    path.write_text(ENTRY.replace('on = ["user ends"]', 'without = ["Error"]'))
    found = explained.read(path)

    assert [each.without for each in found.endless("v3-required")] == [("Error",)]
    assert found.endless("v2-data") == ()
    assert found.of("v3-data", "ENCRYPTED", ENDS, "the target sent no Data v3") is None
    assert found.outdated(["v3-data"], ["v3-data"], []) == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[x]]", "because"),
        ('[[x]]\nbecause = "y"\nwhere = ["z"]', "no such field"),
        ('[[x]]\nbecause = "y"\non = "z"', "a list of texts"),
        ("x = 1", "a table is needed"),
        ("[", "x.toml"),
    ],
)
def test_an_entry_that_says_nothing_is_named(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text)
    with pytest.raises(Malformed, match=why):
        explained.read(path)


def test_what_is_proposed_fits_and_explains_nothing_before_somebody_looked(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(explained.propose([("v3-data", "ENCRYPTED [?]", "Data", "sent no 'a*'")]))

    entry = explained.read(path).of("v3-data", "ENCRYPTED [?]", ("Data",), "sent no 'a*'")
    assert entry is not None
    assert entry.unreviewed


@pytest.mark.parametrize("name", PEERS)
def test_what_explains_a_peer_names_pages_and_gives_reasons(name: str) -> None:
    path = PEERS[name].expectations.with_name(f"{name}-learned.toml")
    if not path.exists():
        return  # it was not learned yet
    pages = Path(__file__).parents[2] / "docs" / "findings"
    found = explained.read(path)

    for entry in found.entries:
        assert (pages / f"{entry.finding}.md").exists(), entry.finding
        assert entry.finding.startswith(f"{name}-")
        assert entry.because
        assert not entry.unreviewed
        assert any(entry.concerns(setting) for setting in settings()), entry
        assert any(fnmatchcase(given, p) for p in entry.on for given in LEARNING.inputs), entry


# --- Pictures -----------------------------------------------------------------------------------


def test_what_deviates_is_drawn_strongly_beside_the_specification() -> None:
    found = studied(mutant("drop otrv3.message:user-end.encrypted"))
    drawing = picture_of(found, "x", "a mutant")

    assert drawing.dot.count("cluster") == 2
    assert "the specification" in drawing.dot
    assert "penwidth=2" in drawing.dot
    assert "penwidth=2" not in picture_of(studied(), "x", "none").dot
    with pytest.raises(ValueError, match="not learned"):
        picture_of(replace(found, learned=None), "x", "a mutant")


def test_a_difference_is_drawn_as_a_sequence_that_ends_with_what_differs() -> None:
    found = studied(mutant("drop otrv3.message:user-end.encrypted")).found[0]
    drawing = sequence_of(found.result.log, found.difference.because, "a difference")

    arrows = [step.label for step in drawing.steps if isinstance(step, Arrow)]
    notes = [step.text for step in drawing.steps if isinstance(step, Note)]
    assert arrows[:2] == ["D-H Commit v3", "D-H Key v3"]
    assert notes[-2] == "the target's user ends"
    assert notes[-1].endswith(found.difference.because)
    assert "a difference" in sequence_svg(drawing)
    log = ("'?OTRv3?' reaches the target", "  target -> tester: D-H Commit v3")
    arrows = [step.label for step in sequence_of(log, "", "x").steps if isinstance(step, Arrow)]
    assert arrows == ["'?OTRv3?'", "D-H Commit v3"]


def test_what_was_learned_is_a_report_of_differences() -> None:
    done = studied(mutant("drop otrv3.message:user-end.encrypted"))
    entry = explained.Explanation("a-finding", "it does so")
    judged = [("v3-data", done.found[0], entry), *(("v3-data", f, None) for f in done.found[1:])]
    made = report_of(REFERENCE, [done], judged, 1.5)

    assert [each.expected for each in made.outcomes] == [True] + [False] * (len(done.found) - 1)
    assert made.outcomes[0].finding == "a-finding"
    assert made.outcomes[0].replay.endswith("--setting v3-data --word 'exchange v3; user ends'")
    assert made.outcomes[0].clauses
    assert made.kind is ReportKind.LEARNING
    assert [(each.differences, each.explained) for each in made.learned] == [(len(done.found), 1)]
    assert done.known is not None
    assert made.learned[0].states_of_tables == done.known.size
    assert "a-finding" in page([made])
    assert junit(made).count("<testcase") == len(done.found) + 1  # it was learned to its end


# --- The command --------------------------------------------------------------------------------


def test_the_command_lists_settings_and_inputs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["learn", "--list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)

    assert {each["setting"] for each in found} == set(settings())
    assert main(["learn", "--list"]) == 0
    assert "v3-exchange" in capsys.readouterr().out


@pytest.mark.slow
def test_the_command_says_whether_a_machine_of_the_tables_has_drifted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["learn", "--tables", "--check", "--setting", "v3-smp", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)

    assert [(each["setting"], each["because"]) for each in found] == [("v3-smp", "")]
    assert found[0]["states"] == 9


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["learn"], "name a target, or --list"),
        (["learn", "reference", "--word", "Data"], "--word needs one --setting"),
        (["learn", "reference", "--setting", "v3-dta"], "did you mean"),
        (["learn", "no-such", "--setting", "v3-smp", "--word", "Data"], "does not start"),
        (["learn", "no-such"], "no such target or peer, and it does not start as a shim"),
        (["learn", "reference", "--setting", "v3-data", "--word", "Dta"], "no input 'Dta'"),
    ],
)
def test_the_command_says_what_is_wrong_with_it(
    capsys: pytest.CaptureFixture[str], arguments: list[str], why: str
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.err.count(why) == 1
    assert said.out == ""


def test_the_command_points_to_what_checks_a_broken_shim(
    capsys: pytest.CaptureFixture[str],
) -> None:
    later = f"{sys.executable} {MINIATURES / 'garbage.py'}"
    assert main(["learn", later, "--setting", "v3-smp"]) == 3
    said = capsys.readouterr()
    assert said.out.count("otrspec shim check") == 1
    assert "of the tables" not in said.out

    shim = f"{sys.executable} -c 'print(1)'"
    assert main(["learn", shim]) == 3
    said = capsys.readouterr()

    assert said.err.count("otrspec shim check") == 1
    assert said.out == ""
    assert main(["learn", shim, "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert [each["states"] for each in found["settings"]] == [0]


def test_the_command_says_which_state_a_number_stands_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "drop otrv3.message:user-end.finished"
    done = studied(mutant(name), ("exchange v3", "user types", "user ends", "Disconnected"))
    monkeypatch.setattr("otr_conformance.cli.learn.study", lambda *_: done)
    assert main(["learn", "reference", "--setting", "v3-data"]) == 1

    said = capsys.readouterr().out
    numbered = [each for each in done.found if " (" in each.at]
    assert numbered
    for each in numbered:
        assert f"{each.at}: the state of that name in which the tables are after" in said


def test_an_interrupt_shows_what_was_seen_and_says_how_far_it_was(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = studied(mutant("drop otrv3.message:user-end.encrypted"))
    cut = replace(done, learned=None, stopped="it was interrupted", interrupted=True)
    monkeypatch.setattr("otr_conformance.cli.learn.study", lambda *_: cut)
    assert main(["learn", "reference", "--setting", "v3-*", "--jobs", "1"]) == 130

    said = capsys.readouterr()
    assert "not learned: it was interrupted" in said.out
    assert "exchange v3; user ends" in said.out
    assert "of the tables" not in said.out
    assert "interrupted after 0 of 5 settings" in said.err


def test_one_word_is_played_as_a_case(capsys: pytest.CaptureFixture[str]) -> None:
    word = "exchange v3; user ends"
    assert main(["learn", "reference", "--setting", "v3-data", "--word", word, "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "pass"
    assert any("the target's user ends" in line for line in found["log"])
