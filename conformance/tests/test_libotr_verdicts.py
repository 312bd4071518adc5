"""libotr against every case: each verdict is the expected one, and every deviation is explained.

The expectation file says how libotr deviates, the pages under docs/findings say why, and here both
are held to what libotr does: a deviation that is gone is as unexpected as one that is new.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import otr_conformance.otrv3.cases  # noqa: F401 - declares the cases
from otr_conformance import expectations
from otr_conformance.expectations import Expectation, Expectations
from otr_conformance.otrv3.case import CASES, Case
from otr_conformance.peers import PeerUnavailable, libotr
from otr_conformance.runner import Runner
from otr_conformance.targets import EXPECTATIONS, find
from otr_conformance.verdict import Verdict

FINDINGS = Path(__file__).parents[2] / "docs" / "findings"
KNOWN = expectations.read(EXPECTATIONS / "libotr.toml", CASES)
PAGES = sorted(FINDINGS.glob("libotr-*.md"))


def cases_of(finding: str, entries: Mapping[str, Expectation]) -> list[str]:
    """The cases whose entries name a page, in the order of the file."""
    return [case for case, entry in entries.items() if entry.finding == finding]


# The expectations and the pages.


@pytest.mark.parametrize(("case", "entry"), KNOWN.entries.items(), ids=list(KNOWN.entries))
def test_an_entry_is_reviewed_and_explained(case: str, entry: Expectation) -> None:
    assert not entry.unreviewed
    assert entry.verdict in {Verdict.FAIL, Verdict.NOTE}, case
    assert entry.because
    assert FINDINGS / f"{entry.finding}.md" in PAGES


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_a_page_lists_its_cases_and_how_to_replay_one(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    listed = [line[3:-1] for line in lines if line.startswith("- `otrv3.case:")]
    cases = cases_of(page.stem, KNOWN.entries)

    assert cases
    assert len({KNOWN.entries[case].because for case in cases}) == 1
    assert sorted(listed) == sorted(cases)
    replays = [line.split() for line in lines if line.startswith("    otrspec conform libotr")]
    assert [f"otrv3.case:{words[4]}" in cases for words in replays] == [True]


def test_the_index_names_every_page() -> None:
    index = (FINDINGS / "README.md").read_text(encoding="utf-8")

    assert [page.name for page in PAGES if f"]({page.name})" not in index] == []


# The verdicts.


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    if libotr.locate() is None:
        try:
            libotr.install(lambda _: None)
        except PeerUnavailable as reason:
            pytest.skip(str(reason))
    with Runner(find("libotr")) as running:
        yield running


@pytest.mark.libotr
@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_the_verdict_is_the_expected_one(runner: Runner, case: Case) -> None:
    result = runner.run_case(case)

    entry = KNOWN.entries.get(case.id)
    log = "\n".join(result.log)
    assert KNOWN.expected(case.id, result.verdict), f"{result.because} ({entry})\n{log}"


@pytest.mark.libotr
def test_a_deviation_that_nobody_knows_of_is_unexpected(runner: Runner) -> None:
    case = next(case for case, entry in KNOWN.entries.items() if entry.verdict is Verdict.FAIL)
    verdict = runner.run_case(CASES[case]).verdict

    assert verdict is Verdict.FAIL
    assert not Expectations({}).expected(case, verdict)
    assert not KNOWN.expected(case, Verdict.PASS)
