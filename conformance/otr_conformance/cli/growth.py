"""`otrspec growth`: how the cost of exploring grows with bounds."""

from __future__ import annotations

import json as plain
from typing import TYPE_CHECKING, Any, Final

from otr_check.explore.growth import bound_of, grow
from otr_conformance.verdict import ExitCode
from otr_diagrams.plot import Line, plot_svg

from .explore import scenario_named
from .misuse import Misuse, write_file
from .screen import DIM, NAME, Screen, grid, progress, spans, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from otr_check.explore.growth import Bound, Point, Series

__all__ = ["growth", "plotted"]

FORMAT: Final = "otrspec growth"
VERSION: Final = 1


def growth(
    named: str, bounds: Iterable[str], states: int, plot: Path | None, *, json: bool
) -> ExitCode:
    """Explore a scenario again and again.

    Args:
        named: a file, or a scenario that ships.
        bounds: what is varied: NAME=FIRST..LAST.
        states: where an exploration stops.
        plot: where a plot is written.
        json: for programs.

    Raises:
        Misuse: if there is no such scenario, or a file cannot be written.
        BadScenario: if it is ill-formed, or a bound is none.
    """
    scenario = scenario_named(named)
    varied = [bound_of(text) for text in bounds]
    if not varied:
        message = "say what is varied: --bound in_flight=1..4"
        raise Misuse(message)
    with progress("exploring") as step:

        def told(bound: Bound, point: Point) -> None:
            step(f"{bound.name} {point.value}: {point.states:,} states")

        series = grow(scenario, varied, states=states, told=told)
    document = _document(scenario.title, states, series)
    if plot is not None:
        write_file(plot, plotted(document).encode())
    if json:
        write_json(document)
    else:
        _show(scenario.title, series)
    return ExitCode.EXPECTED


def _document(title: str, states: int, series: Iterable[Series]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "title": title,
        "states": states,
        "series": [
            {
                "bound": each.bound,
                "points": [
                    {
                        "value": point.value,
                        "states": point.states,
                        "steps": point.steps,
                        "depth": point.depth,
                        "complete": point.complete,
                        "seconds": round(point.seconds, 2),
                    }
                    for point in each.points
                ],
            }
            for each in series
        ],
    }


def plotted(document: dict[str, Any]) -> str:
    """The plot of what `--json` writes: states over the value of each bound, as SVG.

    Raises:
        Misuse: if it is no such document.
    """
    try:
        lines = [
            Line(
                each["bound"],
                tuple((point["value"], point["states"]) for point in each["points"]),
                cut=not each["points"][-1]["complete"],
            )
            for each in document["series"]
        ]
        title: str = document["title"]
        most: int = document["states"]
    except (KeyError, TypeError, IndexError) as error:
        message = f"this is nothing that otrspec growth wrote: {plain.dumps(document)[:60]}"
        raise Misuse(message) from error
    across = f"value of the bound; a hollow mark: cut short at {most:,} states"
    return plot_svg(title, across, "joint states", lines)


def _show(title: str, series: Iterable[Series]) -> None:
    out = Screen()
    out.line(title)
    out.line()
    shown = grid("value", "states", "steps", "depth", "seconds", "states/s", "bound", right=6)
    for each in series:
        for point in each.points:
            rate = point.states / point.seconds if point.seconds else 0
            note = "" if point.complete else "  and more"
            shown.add_row(
                spans(str(point.value)),
                spans(f"{point.states:,}"),
                spans(f"{point.steps:,}"),
                spans(str(point.depth)),
                spans(f"{point.seconds:.1f}"),
                spans(f"{rate:,.0f}"),
                spans((each.bound, NAME), (note, DIM)),
            )
    out.show(shown)
