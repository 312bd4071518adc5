"""`otrspec growth`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from otr_conformance.cli import main
from otr_conformance.cli.growth import plotted
from otr_conformance.cli.misuse import Misuse

if TYPE_CHECKING:
    from pathlib import Path

SMALL = ("growth", "otrv3-talk", "--bound", "in_flight=1..2")


def test_it_prints_a_line_for_each_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(list(SMALL)) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Two users talk, and nobody interferes"
    assert [line.split()[0] for line in lines if line.endswith("in_flight")] == ["1", "2"]


def test_it_says_where_it_was_cut_short(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--states", "50"]) == 0

    assert capsys.readouterr().out.count("and more") == 1


def test_it_draws_what_it_writes_as_json(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "growth.svg"

    assert main([*SMALL, "--json", "--plot", str(file)]) == 0

    document = json.loads(capsys.readouterr().out)
    assert [each["bound"] for each in document["series"]] == ["in_flight"]
    assert [point["value"] for point in document["series"][0]["points"]] == [1, 2]
    assert file.read_text() == plotted(document)


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["growth", "otrv3-talk"], "say what is varied"),
        (["growth", "otrv3-talk", "--bound", "x=1"], "there is no bound 'x'"),
        (["growth", "otrv3-nothing", "--bound", "depth=1"], "otrv3-nothing"),
        (["growth", "otrv3-talk", "--bound", "depth"], "write NAME=FIRST..LAST"),
    ],
)
def test_misuse_is_one_clear_line(
    capsys: pytest.CaptureFixture[str], args: list[str], complaint: str
) -> None:
    assert main(args) == 2

    told = capsys.readouterr().err.strip()
    assert complaint in told
    assert "\n" not in told


def test_what_growth_did_not_write_cannot_be_plotted() -> None:
    with pytest.raises(Misuse, match="nothing that otrspec growth wrote"):
        plotted({"series": [{}]})
