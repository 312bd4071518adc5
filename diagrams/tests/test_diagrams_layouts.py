"""Layouts and text formats as boxes."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from otr_diagrams.layout import WIDTH, layout_svg, text_svg
from otr_model.kernel.layout import Form, Layout
from otr_model.otrv3 import layouts as v3
from otr_model.otrv3.layouts import (
    DATA,
    DH_KEY,
    FRAGMENT_V3,
    REVEAL_SIGNATURE,
    SMP_2,
)
from otr_model.otrv4 import layouts as v4

if TYPE_CHECKING:
    from otr_model.kernel.layout import TextFormat

SVG = "{http://www.w3.org/2000/svg}"
LAYOUTS = (*v3.LAYOUTS, *v4.LAYOUTS)
TEXTS = (*v3.TEXTS, *v4.TEXTS)


def _texts(svg: str) -> list[str]:
    """What a picture says, in the order of drawing."""
    return [html.unescape(text) for text in re.findall(r"<text [^>]*>([^<]*)</text>", svg)]


def _boxes(svg: str) -> list[tuple[int, int, int, int]]:
    """The boxes of a picture: left, top, right, bottom."""
    root = ET.fromstring(svg)  # noqa: S314 - written a line before
    found = [rect for rect in root.iter(f"{SVG}rect") if rect.get("stroke")]
    places = [[int(rect.get(name, "")) for name in ("x", "y", "width", "height")] for rect in found]
    return [(x, y, x + wide, y + high) for x, y, wide, high in places]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.id)
def test_every_field_appears_with_its_type_size_and_length(layout: Layout) -> None:
    svg = layout_svg(layout)
    words = " ".join(_texts(svg))

    assert layout.title in words
    for cell in layout.cells(layout.versions[-1]):
        size = "" if cell.size is None else f" {cell.size}"
        if cell.ahead:
            assert f"{cell.title}{size}" in words
        else:
            assert f"{cell.field.title} {cell.field.type.name}{size}" in words
        if cell.offset:
            assert str(cell.offset) in _texts(svg)
    assert svg == layout_svg(layout)


@pytest.mark.parametrize(
    "svg", [*map(layout_svg, LAYOUTS), *map(text_svg, TEXTS)], ids=range(len(LAYOUTS + TEXTS))
)
def test_boxes_do_not_overlap_and_stay_within_the_width(svg: str) -> None:
    boxes = _boxes(svg)

    assert boxes
    for number, (left, top, right, bottom) in enumerate(boxes):
        assert 0 <= left < right <= WIDTH
        for other in boxes[:number]:
            apart = right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
            assert apart, (boxes[number], other)
    view = re.search(r'viewBox="-12 -12 (\d+) (\d+)"', svg)
    assert view is not None
    assert max(box[2] for box in boxes) <= int(view[1]) - 24
    assert max(box[3] for box in boxes) <= int(view[2]) - 24


def test_a_layout_without_fields_is_a_title() -> None:
    empty = Layout("x", "empty", "Nothing", "s", "nothing", (), (1,))

    assert _texts(layout_svg(empty)) == ["Nothing"]


def test_lines_are_few_and_equally_long() -> None:
    lines: dict[int, list[int]] = {}
    for _, top, right, _ in _boxes(layout_svg(SMP_2)):
        lines.setdefault(top, []).append(right)

    first, second = (max(rights) for rights in lines.values())
    assert abs(first - second) < 60


def test_what_only_version_3_has_is_marked() -> None:
    texts = _texts(layout_svg(DH_KEY))

    assert texts.count("v3 only") == 2
    assert "0x0a" in texts


def test_an_encrypted_field_opens_and_a_mac_shows_what_it_is_over() -> None:
    texts = _texts(layout_svg(REVEAL_SIGNATURE))

    assert "with c" in texts
    assert "MAC'd signature over this, with m2" in texts
    inner = texts.index(
        "X: who the sender is, and the proof: the plaintext of an encrypted signature"
    )
    assert {"pub", "keyid", "sig"} <= set(texts[inner:])
    assert any(text.startswith("PUBKEY: ") for text in texts[inner:])


def test_a_bracket_over_two_lines_stands_under_both() -> None:
    texts = _texts(layout_svg(DATA))

    assert texts.count("Authenticator over this, with sending MAC key") == 2
    assert "Dashed: may be missing, with all that follows. Strokes: the size varies." in texts


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.id)
def test_every_piece_of_a_text_appears(text: TextFormat) -> None:
    words = " ".join(_texts(text_svg(text)))

    for piece in text.pieces:
        if piece.form is Form.SIGN:
            assert (piece.start.decode().strip() or piece.start.hex(" ")) in words
        else:
            assert piece.title in words
        assert piece.end.decode() in words
        for version, mark in piece.marks:
            assert f"{version}: {mark.hex(' ')}" in words


def test_characters_stand_as_they_are_or_in_hexadecimal() -> None:
    assert _texts(text_svg(FRAGMENT_V3))[1:5] == [
        "?OTR|",
        "sender_instance",
        "hexadecimal, to 8 digits",
        "|",
    ]
    assert "20 09 20 20 09 09 09 09 20 09 20 09 20 09 20 20" in "".join(map(text_svg, TEXTS))
