"""What is known of peers from fuzzing names pages that there are, and rows of the tables."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from otr_conformance.fuzz import known
from otr_conformance.fuzz.readings import Readings
from otr_conformance.peers.registry import PEERS
from otr_conformance.protocols import PROTOCOLS

FINDINGS = Path(__file__).parents[2] / "docs" / "findings"
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
        for each in (*pattern.rows, *pattern.after):
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
