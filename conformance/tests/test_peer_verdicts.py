"""The peers against every case that they are known to fail: each verdict is the expected one.

A file of expectations says how a peer deviates, the pages under docs/findings say why, and here
both are held to what the peer does: a deviation that is gone is as unexpected as one that is new.
The first of each page is played here; all are, by `otrspec conform NAME`, which CI runs.
"""

import json
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from otr_conformance import expectations
from otr_conformance.cli import main
from otr_conformance.expectations import Expectation, Expectations
from otr_conformance.learn import explained
from otr_conformance.peers import PeerUnavailable
from otr_conformance.peers.registry import PEERS, UnknownPeer, peer
from otr_conformance.protocols import PROTOCOLS
from otr_conformance.runner import Runner
from otr_conformance.targets import find
from otr_conformance.verdict import Verdict

FEW = 1
FINDINGS = Path(__file__).parents[2] / "docs" / "findings"
CASES = {i: case for each in PROTOCOLS.values() for i, case in each.suite.cases.items()}
KNOWN = {
    name: expectations.read(each.expectations, CASES) if each.expectations.exists() else None
    for name, each in PEERS.items()
}
PAGES = [(name, page) for name in PEERS for page in sorted(FINDINGS.glob(f"{name}-*.md"))]
FOUND = {path.stem for path in (FINDINGS / "finds").glob("*.json")}
"""Pages that no case shows, but a find of fuzzing: see test_fuzzer_known_peers."""
LEARNED = {
    entry.finding
    for name, each in PEERS.items()
    if (file := each.expectations.with_name(f"{name}-learned.toml")).exists()
    for entry in explained.read(file).entries
}
"""Pages that explain what learning finds: some of them no case shows."""
WITHOUT_CASES = FOUND | LEARNED - {
    entry.finding for each in KNOWN.values() if each for entry in each.entries.values()
}
WITH_CASES = [(name, page) for name, page in PAGES if page.stem not in WITHOUT_CASES]
NAMED = {(name, page.stem) for name, page in PAGES}


def cases_of(finding: str, entries: Mapping[str, Expectation]) -> list[str]:
    """The cases whose entries name a page, in the order of the file."""
    return [case for case, entry in entries.items() if entry.finding == finding]


def first_of_each_page(entries: Mapping[str, Expectation]) -> list[tuple[str, Expectation]]:
    """A few entries for each page: all of them are played by `otrspec conform NAME`."""
    pages = Counter[str]()
    chosen: list[tuple[str, Expectation]] = []
    for case, entry in entries.items():
        pages[entry.finding] += 1
        if pages[entry.finding] <= FEW:
            chosen.append((case, entry))
    return chosen


def known(name: str) -> Expectations:
    """The expectations of a peer."""
    return KNOWN[name] or expectations.NONE


def runner(name: str) -> Runner:
    """What plays cases with a peer; the test is skipped where it cannot be had."""
    if peer(name).module.locate() is None:
        try:
            peer(name).module.install(lambda _: None)
        except PeerUnavailable as reason:
            pytest.skip(str(reason))
    return Runner(find(name))


# The expectations and the pages.


@pytest.mark.parametrize("name", PEERS)
def test_every_entry_is_reviewed_and_explained(name: str) -> None:
    for case, entry in known(name).entries.items():
        assert not entry.unreviewed, case
        assert entry.verdict in {Verdict.FAIL, Verdict.NOTE, Verdict.CRASH, Verdict.HANG}, case
        assert entry.because, case
        assert entry.finding.startswith(f"{name}-"), case
        assert (name, entry.finding) in NAMED, case


@pytest.mark.parametrize(("name", "page"), WITH_CASES, ids=[page.stem for _, page in WITH_CASES])
def test_a_page_lists_its_cases_and_how_to_replay_one(name: str, page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    listed = [line[3:-1] for line in lines if line.startswith("- `otrv")]
    entries = known(name).entries
    cases = cases_of(page.stem, entries)

    assert cases
    assert len({entries[case].because for case in cases}) == 1
    assert sorted(listed) == sorted(cases)
    replays = [line.split() for line in lines if line.startswith(f"    otrspec conform {name}")]
    assert [f"otrv3.case:{words[4]}" in cases for words in replays] == [True]


def test_the_index_names_every_page() -> None:
    index = (FINDINGS / "README.md").read_text(encoding="utf-8")

    assert [page.name for _, page in PAGES if f"]({page.name})" not in index] == []


def test_a_peer_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(UnknownPeer, match="no peer 'pidgin', but libotr"):
        peer("pidgin")


# What the shims offer.


@pytest.mark.peer
@pytest.mark.parametrize("name", PEERS)
def test_a_shim_offers_at_least_what_its_peer_must(name: str) -> None:
    with runner(name) as running:
        hello = running.hello

    assert hello is not None
    assert peer(name).must_speak - hello.versions == frozenset()
    assert peer(name).must_declare - set(hello.capabilities) == frozenset()


def test_what_a_shim_must_offer_is_published(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["peer", "list", "--json"]) == 0

    published = {found["name"]: found for found in json.loads(capsys.readouterr().out)}
    for name, each in PEERS.items():
        assert set(published[name]["must_speak"]) == each.must_speak
        assert set(published[name]["must_declare"]) == {c.word for c in each.must_declare}


# The verdicts.


@pytest.mark.peer
@pytest.mark.parametrize("name", PEERS)
def test_the_peer_deviates_as_it_is_known_to(name: str) -> None:
    surprises: list[str] = []
    with runner(name) as running:
        for case, entry in first_of_each_page(known(name).entries):
            result = running.run_case(CASES[case])
            if result.verdict is not entry.verdict:
                surprises.append(f"{case}: {result.verdict}: {result.because}")

    assert surprises == []


@pytest.fixture(scope="module")
def libotr() -> Iterator[Runner]:
    with runner("libotr") as running:
        yield running


@pytest.mark.peer
def test_a_deviation_that_nobody_knows_of_is_unexpected(libotr: Runner) -> None:
    entries = known("libotr").entries
    case = next(case for case, entry in entries.items() if entry.verdict is Verdict.FAIL)
    verdict = libotr.run_case(CASES[case]).verdict

    assert verdict is Verdict.FAIL
    assert not Expectations({}).expected(case, verdict)
    assert not known("libotr").expected(case, Verdict.PASS)


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_draws_other_numbers_in_each_repetition_of_a_case(name: str) -> None:
    said: list[str] = []
    with Runner(find(name)) as runner:
        try:
            shim = runner._shim or runner._start()
        except PeerUnavailable as unavailable:
            pytest.skip(str(unavailable))
        shim.tap = lambda way, line: said.append(line.decode()) if way == "<" else None
        drawn = []
        for draw in (0, 1, 2, 1, 0):
            said.clear()
            runner.run_case(CASES["otrv3.case:life.texts-v2"], draw)
            drawn.append([wire for wire in map(wire_of, said) if wire.startswith(EPHEMERAL)])

    assert all(drawn)
    assert drawn[0] == drawn[4] != drawn[1] == drawn[3] != drawn[2] != drawn[0]


EPHEMERAL = ("?OTR:AAIC", "?OTR:AAIK")
"""How a D-H Commit and a D-H Key Message of version 2 begin."""


def wire_of(line: str) -> str:
    """The message that an event of a shim's says was sent; "" if it is another one."""
    return b64decode(json.loads(line).get("wire", "")).decode()
