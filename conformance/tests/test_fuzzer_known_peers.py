"""What is known of peers from fuzzing names pages that there are, and rows of the tables."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from otr_conformance.fuzz import finds, known
from otr_conformance.fuzz.duel import Duel, reference
from otr_conformance.fuzz.known import Pattern
from otr_conformance.fuzz.readings import Readings
from otr_conformance.fuzz.seat import Seat
from otr_conformance.fuzz.together_telling import references
from otr_conformance.fuzz.together_worker import Each
from otr_conformance.fuzz.worker import Order, Worker
from otr_conformance.mutate.catalogue import bugs_of
from otr_conformance.peers.registry import PEERS
from otr_conformance.protocols import PROTOCOLS
from otr_conformance.targets import find
from otr_conformance.verdict import Verdict
from otr_reference.errors import Malformed

if TYPE_CHECKING:
    from otr_conformance.fuzz.finds import Find
    from otr_conformance.fuzz.together import Together

FINDINGS = Path(__file__).parents[2] / "docs" / "findings"
FOUND = sorted((FINDINGS / "finds").glob("*.json"))
FILES = [
    file
    for peer in PEERS.values()
    if (file := peer.expectations.with_suffix(".finds.toml")).exists()
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_pattern_is_about_rows_that_there_are_and_a_page_that_there_is(file: Path) -> None:
    rows = [row.id for each in PROTOCOLS.values() for row in each.plan.composition.rows()]
    found = known.read(file)

    assert found.findings
    assert [name for name in found.findings if not (FINDINGS / f"{name}.md").is_file()] == []
    for pattern in found.patterns:
        for each in (*pattern.rows, *(word for after in pattern.after for word in after.split())):
            assert any(fnmatchcase(row, each) for row in rows)
        assert pattern.rows or pattern.says != "*"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_deviation_can_be_read_into_the_tables_and_all_of_them_together(file: Path) -> None:
    found = known.read(file)
    readings = Readings(PROTOCOLS["otrv3"].fuzzing, found.deviations)

    for each in readings.deviations.values():
        made = readings.read((each.finding,))
        assert made is not None
        assert bool(made.edits) is bool(each.changes), each.finding
    assert readings.read(tuple(readings.deviations)) is not None


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_a_find_beside_a_page_is_known_by_it_and_the_reference_does_what_the_tables_do(
    path: Path,
) -> None:
    found = finds.read(path.name, path.read_bytes())
    peer = PEERS[found.target]
    page = (FINDINGS / f"{path.stem}.md").read_text(encoding="utf-8")
    explained = known.read(peer.expectations.with_suffix(".finds.toml"))
    who = " ".join(found.together) or found.target
    play = begun(found)

    assert f"otrspec fuzz --replay docs/findings/finds/{path.name} {who}\n" in page
    if path.stem not in {each.finding for each in explained.deviations}:
        pattern = Each(of_each=((found.target, explained),)).of(found)
        assert pattern is not None
        assert pattern.finding == path.stem
    for move in found.script.moves:
        assert play.can(move)
        assert play.play(move)


def begun(found: Find) -> Duel | Together:
    """The reference where the target was, and everywhere if several met."""
    if found.together:
        return references(found.protocol, len(found.together)).begin(found.script.part)
    fuzzing = PROTOCOLS[found.protocol].fuzzing
    return Duel(fuzzing, found.script.part, reference(fuzzing))


def test_a_pattern_of_what_shows_only_with_a_peer_hides_nothing_that_always_shows() -> None:
    path = FINDINGS / "finds" / "otr3-query-replaces-exchange.json"
    always = finds.read(path.name, path.read_bytes())
    pattern = Pattern("mine", "it does", says="*", when="only with this peer")

    assert not pattern.fits(always)
    assert not pattern.fits(replace(always, when="not every time"))
    assert pattern.fits(replace(always, when="only with this peer"))


def test_a_pattern_says_in_known_words_when_a_find_shows(tmp_path: Path) -> None:
    file = tmp_path / "known.toml"
    file.write_text('[mine]\nbecause = "x"\nfinds = [{ says = "x*", when = "seldom" }]\n')

    with pytest.raises(Malformed, match="when is 'only with this peer' or 'not every time'"):
        known.read(file)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["receiver-tag-not-sent", "ssid-half-wrong", "fragment-restart-ignored"]
)
def test_a_fault_that_no_page_is_about_is_hidden_by_what_is_known_of_no_peer(name: str) -> None:
    wrong = next(each for each in bugs_of("otrv3") if each.name == f"bug {name}")
    hidden = {file.name: known.read(file).patterns for file in FILES}
    for seed in range(1, 9):
        worker = Worker(Order("otrv3", find("reference"), seed, variant=wrong))
        done = [worker.work(steps=500) for _ in range(6)]
        worker.close()
        found = [each for work in done for each in work.finds if each.verdict is Verdict.FAIL]
        hidden = {
            file: patterns
            for file, patterns in hidden.items()
            if all(any(pattern.fits(each) for pattern in patterns) for each in found)
        }
        if not hidden:
            break

    assert list(hidden) == []


SIGNED = ("Reveal Signature", "Signature")
"""What is never the same twice, whatever a target draws: its signatures."""


@pytest.mark.parametrize("name", PEERS)
def test_a_conversation_with_a_peer_goes_the_same_way_each_time(name: str) -> None:
    if PEERS[name].module.locate() is None:
        pytest.skip(f"{name} is not installed")
    part = "v2" if name == "potr" else "v3"
    seat = Seat(PROTOCOLS["otrv3"].fuzzing, find(name))
    seat.open()
    try:
        first, second = (what_passes(seat.begin(part)) for _ in range(2))
    finally:
        seat.close()

    assert len(first) > 8
    assert first == second


def what_passes(duel: Duel) -> list[bytes]:
    """What both send in a conversation with SMP, but for signatures."""
    talk = ("target starts", "target types", "target begins SMP", "tester answers SMP")
    stage = duel.stage
    for move in talk:
        duel.fuzzing.vocabulary[move].play(stage)
        duel.fuzzing.vocabulary["everything arrives"].play(stage)
    wires = [wire for several in stage.passed for wire in several]
    return [
        stage.lab.from_network(wire) for wire in wires if not stage.kind(wire).startswith(SIGNED)
    ]
