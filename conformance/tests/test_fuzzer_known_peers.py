"""What is known of peers from fuzzing names pages that there are, and rows of the tables."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from otr_conformance.fuzz import known
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
    patterns = known.read(file).patterns

    assert patterns
    for pattern in patterns:
        assert (FINDINGS / f"{pattern.finding}.md").is_file()
        assert pattern.rows == "*" or any(fnmatchcase(row, pattern.rows) for row in rows)
        assert (pattern.rows, pattern.says) != ("*", "*")
