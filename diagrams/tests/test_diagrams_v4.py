"""Pictures of OTRv4: its tables, key schedules and layouts, and what only they need."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest

from otr_diagrams import render, style
from otr_diagrams.drawing import GAP, beside
from otr_diagrams.layout import layout_svg
from otr_diagrams.schedule import schedule_diagram
from otr_diagrams.state import COLUMN, MOST, TALL, state_diagram
from otr_model.kernel.composition import states_of
from otr_model.kernel.pages import transitions
from otr_model.kernel.schedule import explained
from otr_model.otrv3.schedules import SCHEDULES as OLDER
from otr_model.otrv4 import layouts
from otr_model.otrv4.protocol import OTRV4
from otr_model.otrv4.schedules import EXTRA, MESSAGE, PHI, RATCHET, SCHEDULES

if TYPE_CHECKING:
    from otr_diagrams.drawing import Drawing
    from otr_model.kernel.composition import AnyTable
    from otr_model.kernel.layout import Layout
    from otr_model.kernel.schedule import Schedule

STATES = [state_diagram(table) for table in OTRV4.tables]
DRAWINGS = [*STATES, *map(schedule_diagram, SCHEDULES)]


def _words(dot: str) -> str:
    """What a picture says, without the markup, as one text."""
    without_ids = re.sub(r'(label)?tooltip="[^"]*"', "", dot)
    return " ".join(html.unescape(re.sub(r"<[^<>]*>", " ", without_ids)).split())


def _texts(svg: str) -> list[str]:
    """What a layout says, in the order of drawing."""
    return [html.unescape(text) for text in re.findall(r"<text [^>]*>([^<]*)</text>", svg)]


# --- States -----------------------------------------------------------------------------------


@pytest.mark.parametrize("table", OTRV4.tables, ids=lambda table: table.machine)
def test_every_row_that_does_something_is_drawn_with_its_number(table: AnyTable) -> None:
    drawing = state_diagram(table)
    words = _words(drawing.dot)

    for state in states_of(table):
        assert len(states_of(table)) == 1 or f"<B>{state.name}</B>" in drawing.dot
        assert state.name in drawing.mermaid
    for transition in transitions(table):
        for row in transition.rows:
            drawn = re.search(rf"{re.escape(row.id)}(?=[\"\n])", drawing.dot)
            assert bool(drawn) == (not transition.ignores), row.id
            for raised in row.raises:
                assert f"{style.RAISES} {raised.event.name}" in words
        if transition.number:
            assert f'<FONT COLOR="{style.MUTED}">{transition.number}</FONT>' in drawing.dot
            assert f" : {transition.number} {transition.row.on.name}" in drawing.mermaid


def test_a_state_that_does_much_has_columns_with_whole_entries_in_order() -> None:
    message = next(drawing for drawing in STATES if drawing.name == "state-message")
    boxes = dict(re.findall(r"^\t(\w+) \[label=<(.*?)> penwidth", message.dot, re.MULTILINE))
    assert {name: box.count("<VR/>") for name, box in boxes.items()} == {
        "START": MOST - 1,
        "ENCRYPTED_MESSAGES": 1,
        "FINISHED": 1,
    }

    for box in boxes.values():
        columns = re.findall(r'<TD ALIGN="LEFT" VALIGN="TOP">(.*?)</TD>', box)
        lines = [list(map(_words, re.split(r"<BR[^>]*>", column))) for column in columns]
        numbers = [
            int(number)
            for column in columns
            for number in re.findall(rf'COLOR="{style.MUTED}">(\d+)<', column)
        ]
        assert numbers == sorted(numbers)
        high = [column.count("<BR") for column in columns]
        assert max(high) - min(high) <= 10
        assert sum(high) > TALL
        # Every column begins with the number of an entry; and no line is much too long.
        assert all(re.match(r"\d+ [A-Z]", column[1]) for column in lines)
        assert all(len(line) <= COLUMN + 12 for column in lines for line in column)


def test_columns_stand_beside_each_other() -> None:
    line = beside(["a", GAP, "b"], ["c"])

    assert line.count("<TD ") == 2
    assert line.count("<VR/>") == 1
    first, second = re.findall(r"<TD [^>]*>(.*?)</TD>", line)
    assert _words(first) == "a b"
    assert first.count("<BR") == 3
    assert _words(second) == "c"


def test_a_key_need_not_be_of_a_session() -> None:
    instances = next(drawing for drawing in STATES if drawing.name == "state-instances")

    words = _words(instances.dot)
    assert "PIECE for msg.assembly" in words
    assert "“for” names the key of whom it is for; 0 is the master session." in words


# --- Key schedules ----------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.name)
def test_every_value_is_drawn_with_what_it_is_made_from_and_what_is_open(
    schedule: Schedule,
) -> None:
    drawing = schedule_diagram(schedule)
    words = _words(drawing.dot)

    for value in schedule.values:
        assert f"<B>{style.html(value.title)}</B>" in drawing.dot
        assert value.about in words
        assert value.made.text in words
        if value.ambiguity is not None:
            assert f"see {value.ambiguity.id.rpartition(':')[2]}" in words
        assert f'"{value.title}' in drawing.mermaid
    found = re.findall(r'^\t"?([\w-]+)"? -> "?([\w-]+)"?(?: \[(.*)\])?$', drawing.dot, re.MULTILINE)
    solid = {(a, b) for a, b, look in found if "dashed" not in look}
    dashed = {(a, b) for a, b, look in found if "dashed" in look}
    assert solid == {(source.name, value.name) for source, value, _ in schedule.edges}
    assert dashed == {(new.name, old.name) for new, old in schedule.replaces}
    assert ("Dashed: takes its place the next time." in words) == bool(schedule.replaces)


def test_a_chain_goes_on_in_mermaid_too() -> None:
    assert "next-chain-key -. next .-> chain-key" in schedule_diagram(MESSAGE).mermaid
    assert schedule_diagram(RATCHET).mermaid.count("-. next .->") == 2


def test_what_only_decides_is_dotted() -> None:
    dot = schedule_diagram(PHI).dot
    dotted = set(re.findall(r'^\t"([\w-]+)" -> "([\w-]+)" \[.*dotted', dot, re.MULTILINE))

    assert dotted == {
        (tag, key)
        for tag in ("our-tag", "their-tag")
        for key in ("lower-ecdh", "higher-ecdh", "lower-dh", "higher-dh")
    }
    assert "Dotted: is compared" in _words(dot)
    assert "Dotted" not in schedule_diagram(MESSAGE).dot


def test_what_the_functions_compute_is_said_once() -> None:
    (sentence,) = explained(SCHEDULES)

    assert sentence == (
        "HWC, KDF and HCMAC: the first bytes of SHAKE-256 over “OTRv4” and then the values, a "
        "usage as one byte; the number behind them is how many bytes."
    )
    assert sentence.replace("HWC, KDF and HCMAC", "KDF") in _words(schedule_diagram(EXTRA).dot)
    assert explained(OLDER) == ()


# --- Layouts ----------------------------------------------------------------------------------


def test_the_fields_of_a_client_profile_are_drawn_in_its_own_picture_only() -> None:
    own = _texts(layout_svg(layouts.CLIENT_PROFILE))
    titles = [option.layout.title for option in layouts.PROFILE_FIELDS.values()]
    for title in titles:
        assert any(text.startswith(f"{title}: ") for text in own)
    assert not any("see Client Profile" in text for text in own)

    inside: tuple[Layout, ...] = (layouts.IDENTITY, layouts.AUTH_R, layouts.NON_INTERACTIVE_AUTH)
    for layout in inside:
        texts = _texts(layout_svg(layout))
        assert any(text.startswith("Client Profile: ") for text in texts)
        assert texts[-1].endswith("Fields: see Client Profile.")
        assert not any(text.startswith(f"{title}: ") for text in texts for title in titles)
        assert not any(text.startswith("May be left out") for text in texts)


# --- All of them ------------------------------------------------------------------------------


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda drawing: drawing.name)
def test_every_drawing_renders_without_complaint_and_is_not_too_large(
    drawing: Drawing, capfd: pytest.CaptureFixture[str]
) -> None:
    try:
        picture = render.svg(drawing.dot)
    except render.NoRenderer:
        pytest.skip("nothing here renders DOT")

    complaints = capfd.readouterr().err.splitlines()
    assert [line for line in complaints if not line.startswith("Fontconfig")] == []
    size = re.search(r'width="(\d+)pt" height="(\d+)pt"', picture)
    assert size is not None
    assert int(size[1]) <= 1150
    assert int(size[2]) <= 2000
