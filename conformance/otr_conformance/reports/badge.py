"""A badge: what came of a run, as a picture of one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_conformance.protocols import PROTOCOLS
from otr_conformance.verdict import Verdict
from otr_diagrams.style import SANS, html, width

from .kinds import ReportKind, WrongKind
from .report import GRAVE, share

if TYPE_CHECKING:
    from .report import Report

__all__ = ["badge", "said"]

_HEIGHT: Final = 20
_SIZE: Final = 11
_PAD: Final = 8
_GREY, _GREEN, _AMBER, _RED = "#555e69", "#2d6e3e", "#8a5200", "#a3262b"
_PALE: Final = "#59636e"
_HALF: Final = 0.5


def said(report: Report) -> tuple[str, str]:
    """What stands on the left and on the right: what was tested, and what came of it."""
    owners = dict.fromkeys(each.protocol for each in report.outcomes)
    what = " + ".join(map(_called, owners))
    total = len(report.outcomes)
    missing = report.counts[Verdict.UNSUPPORTED]
    text = f"{report.counts[Verdict.PASS]}/{total}"
    if report.partial:
        text += f" of {report.available}"
    if missing:
        text += f", {share(missing, total)} % unsupported"
    if report.unexpected:
        text += f", {len(report.unexpected)} unexpected"
    return what, text


def _called(owner: str) -> str:
    """What a protocol is called."""
    versions = PROTOCOLS[owner].versions if owner in PROTOCOLS else {}
    return next((f"OTRv{version}" for version in versions.values()), owner)


def badge(report: Report) -> str:
    """The badge as SVG.

    It is red where something is not as expected, grey where most is unsupported, amber where the
    target is known to fail something, and green otherwise.

    Raises:
        WrongKind: if the report is not about conformance.
    """
    if report.kind is not ReportKind.CONFORMANCE:
        message = f"a badge is about conformance, and this is a report of {report.kind.value}"
        raise WrongKind(message)
    left, right = said(report)
    widths = [round(width(text, _SIZE)) + 2 * _PAD for text in (left, right)]
    wide = sum(widths)
    title = html(f"{report.label}: {left} {right}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{_HEIGHT}" role="img" '
        f'aria-label="{title.replace(chr(34), "&quot;")}">\n'
        f"<title>{title}</title>\n"
        f'<clipPath id="r"><rect width="{wide}" height="{_HEIGHT}" rx="3"/></clipPath>\n'
        f'<g clip-path="url(#r)"><rect width="{widths[0]}" height="{_HEIGHT}" fill="{_GREY}"/>'
        f'<rect x="{widths[0]}" width="{widths[1]}" height="{_HEIGHT}" fill="{_color(report)}"/>'
        "</g>\n"
        f'<g fill="#fff" text-anchor="middle" font-family="{SANS}" font-size="{_SIZE}">'
        f'<text x="{widths[0] / 2:g}" y="14">{html(left)}</text>'
        f'<text x="{widths[0] + widths[1] / 2:g}" y="14">{html(right)}</text></g>\n'
        "</svg>\n"
    )


def _color(report: Report) -> str:
    if report.unexpected or report.farewells:
        return _RED
    if report.unsupported_share >= _HALF:
        return _PALE
    return _AMBER if any(report.counts[verdict] for verdict in GRAVE) else _GREEN
