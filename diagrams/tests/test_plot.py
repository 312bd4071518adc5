"""Plots."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from otr_diagrams.plot import Line, plot_svg

SPACE = "{http://www.w3.org/2000/svg}"


def heights(svg: str) -> list[float]:
    """Where the marks are, from the top."""
    boxes = ET.fromstring(svg).iter(f"{SPACE}rect")  # noqa: S314 - what we have just drawn
    return [float(box.attrib["y"]) for box in boxes if box.get("rx") == "3"]


def test_ten_times_as_much_is_one_line_higher() -> None:
    svg = plot_svg("Growth", "bound", "states", [Line("a", ((1, 1), (2, 10), (3, 100)))])

    first, second, third = heights(svg)
    assert first - second == pytest.approx(second - third, abs=1)
    assert first > second


def test_every_line_and_every_value_is_named_once() -> None:
    lines = [Line("alpha", ((0, 5), (2, 50))), Line("beta", ((1, 7),))]

    texts = re.findall(r">([^<>]+)</text>", plot_svg("Growth", "bound", "states", lines))

    assert [text for text in texts if text in {"alpha", "beta"}] == ["alpha", "beta"]
    assert [text for text in texts if text in {"0", "1", "2"}] == ["1", "0", "1", "2"]
    assert texts[0] == "Growth"


def test_what_was_cut_short_has_a_hollow_mark() -> None:
    whole = plot_svg("Growth", "bound", "states", [Line("a", ((1, 3), (2, 9)))])
    cut = plot_svg("Growth", "bound", "states", [Line("a", ((1, 3), (2, 9)), cut=True)])

    assert heights(whole) == heights(cut)
    assert whole != cut


def test_names_do_not_lie_on_each_other() -> None:
    lines = [Line(f"line {n}", ((1, 10), (2, 100))) for n in range(9)]

    svg = plot_svg("Growth", "bound", "states", lines)

    places = [float(y) for y in re.findall(r'y="([\d.]+)"[^>]*>line \d', svg)]
    assert sorted(places) == places
    assert min(b - a for a, b in pairwise(places)) >= 12


@pytest.mark.parametrize("lines", [[], [Line("a", ((1, 0),))]])
def test_nothing_cannot_be_plotted(lines: list[Line]) -> None:
    with pytest.raises(ValueError, match="nothing to plot"):
        plot_svg("Growth", "bound", "states", lines)
