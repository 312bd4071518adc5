"""Pictures that are drawn from DOT: machines, their states, key schedules."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from otr_diagrams import render, style
from otr_diagrams.drawing import GAP, RULE, label
from otr_diagrams.generate import Printed
from otr_diagrams.machines import machines_diagram
from otr_diagrams.schedule import schedule_diagram
from otr_diagrams.state import state_diagram
from otr_model.kernel.composition import Family, states_of
from otr_model.kernel.pages import transitions
from otr_model.otrv3.layouts import LAYOUTS, TEXTS
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.schedules import SCHEDULES

if TYPE_CHECKING:
    from otr_diagrams.drawing import Drawing
    from otr_model.kernel.composition import AnyTable
    from otr_model.kernel.schedule import Schedule

DRAWINGS = Printed(OTRV3, LAYOUTS, TEXTS, SCHEDULES).drawings()


def _words(dot: str) -> str:
    """What a picture says, without the markup, as one text."""
    without_ids = re.sub(r'(label)?tooltip="[^"]*"', "", dot)
    return " ".join(html.unescape(re.sub(r"<[^<>]*>", " ", without_ids)).split())


# --- States -----------------------------------------------------------------------------------


@pytest.mark.parametrize("table", OTRV3.tables, ids=lambda table: table.machine)
def test_every_state_and_every_row_that_does_something_is_drawn(table: AnyTable) -> None:
    dot = state_diagram(table).dot
    words = _words(dot)

    if len(states_of(table)) > 1:
        for state in states_of(table):
            assert f"<B>{state.name}</B>" in dot
            assert " ".join(style.wrapped(state.meaning, 1000)) in words
        start = re.search(r"start -> (\w+)", dot)
        assert start is not None
        assert start[1] == table.initial.name

    for transition in transitions(table):
        for row in transition.rows:
            drawn = re.search(rf"{re.escape(row.id)}(?=[\"\n])", dot)
            assert bool(drawn) == (not transition.ignores), row.id
            if drawn:
                assert row.on.name in words
                for raised in row.raises:
                    assert f"{style.RAISES} {raised.event.name}" in words
                for effect in row.do:
                    if effect.spec.seen.label != "nobody":
                        assert effect.name in words
        if transition.number:
            numbers = f'<FONT COLOR="{style.MUTED}">{transition.number}</FONT>'
            assert numbers in dot


def test_an_arrow_leads_where_its_rows_lead() -> None:
    dot = state_diagram(OTRV3.table("ake")).dot
    edges = re.findall(
        r'^\t*"?([\w ]+)"? -> "?([\w ]+)"? \[(.*?)\]$', dot, re.MULTILINE | re.DOTALL
    )
    drawn = {(b, a) if "dir=back" in rest else (a, b) for a, b, rest in edges}

    rows = {
        (row.at.name, row.goto.name) for row in OTRV3.table("ake").rows if row.at is not row.goto
    }
    from_any = {("any state", "AWAITING_DHKEY")}
    assert drawn == {pair for pair in rows if pair[1] != "AWAITING_DHKEY"} | from_any


def test_what_is_left_out_is_said() -> None:
    ake, table = _words(state_diagram(OTRV3.table("ake")).dot), OTRV3.table("ake")
    ignored = sum(row.ignores for row in table.rows)

    assert f"Not drawn: {ignored} of {len(table.rows)} rows, which ignore their event." in ake
    assert "Ignored unless ALLOWED: DH_COMMIT, DH_KEY, REVEAL_SIGNATURE, SIGNATURE." in ake
    assert "DH_COMMIT [OURS_HIGHER]" in ake
    assert "DH_COMMIT [not OURS_HIGHER]" in ake
    assert "[ALLOWED" not in ake


def test_a_machine_with_one_state_leads_from_conditions_to_outcomes() -> None:
    drawing = state_diagram(OTRV3.table("receive"))

    for number, kind in ((1, "PLAINTEXT"), (6, "DH_KEY")):
        assert f'WHOLE -> "WHOLE/IS_{kind}"' in drawing.dot
        assert f'"WHOLE/IS_{kind}" -> {number}' in drawing.dot
        assert f"READY --> READY : {number} WHOLE [IS_{kind}] / ▸ {kind}" in drawing.mermaid


def test_mermaid_has_every_state_and_every_transition() -> None:
    for table in OTRV3.tables:
        mermaid = state_diagram(table).mermaid
        assert mermaid.startswith("stateDiagram-v2\n")
        assert f"[*] --> {table.initial.name}" in mermaid
        for state in states_of(table):
            assert state.name in mermaid
        for transition in transitions(table):
            if transition.number:
                assert f" : {transition.number} {transition.row.on.name}" in mermaid


# --- Machines and schedules -------------------------------------------------------------------


def test_every_machine_and_every_event_is_in_the_overview() -> None:
    drawing = machines_diagram(OTRV3)
    words = _words(drawing.dot)

    for table in OTRV3.tables:
        assert f"<B>{table.machine}</B>" in drawing.dot
        assert table.about in words
        frames = 2 if table.name in OTRV3.family.tables else 1
        assert re.search(rf"^\t{table.machine} \[.*peripheries={frames}", drawing.dot, re.MULTILINE)
    assert f"Double frame: one for each session, whose key is {OTRV3.family.about}." in words
    for event in OTRV3.events:
        assert event.name in words
        assert event.name in drawing.mermaid
    assert 'the network" -> instances' in drawing.dot
    assert re.search(r"fragment -> receive .*WHOLE", drawing.dot)
    assert re.search(r"instances -> fragment .*REASSEMBLED.*dir=back", drawing.dot)


def test_every_family_is_in_the_overview() -> None:
    pieces = Family("message", "its number", ("otrv3.fragment",), "limit", OTRV3.family.retires)
    session = replace(OTRV3.family, tables=OTRV3.family.tables[1:])
    drawing = machines_diagram(replace(OTRV3, family=session, further=(pieces,)))
    words = _words(drawing.dot)

    for table in OTRV3.tables:
        frames = 1 if table.machine == "instances" else 2
        assert re.search(rf"^\t{table.machine} \[.*peripheries={frames}", drawing.dot, re.MULTILINE)
    assert "Double frame of fragment: one for each message, whose key is its number." in words
    assert "Double frame of receive, ake, message, keys, tlv, smp: one for each session," in words
    assert (
        'subgraph family["one session for each key"]\n        receive[receive]' in drawing.mermaid
    )
    assert (
        'subgraph family2["one message for each key"]\n        fragment[fragment]\n    end'
        in drawing.mermaid
    )


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.name)
def test_every_value_of_a_schedule_and_what_it_is_made_from_is_drawn(schedule: Schedule) -> None:
    drawing = schedule_diagram(schedule)
    words = _words(drawing.dot)

    for value in schedule.values:
        assert f"<B>{style.html(value.title)}</B>" in drawing.dot
        assert value.about in words
        assert value.made.text in words
        thick = re.search(rf'^\t"?{value.name}"? \[.*penwidth=1\.8', drawing.dot, re.MULTILINE)
        assert bool(thick) == (value in schedule.results)
    arrows = {
        (a, b)
        for a, b in re.findall(r'^\t"?([\w-]+)"? -> "?([\w-]+)"?$', drawing.dot, re.MULTILINE)
    }
    assert arrows == {(source.name, value.name) for source, value, _ in schedule.edges}


# --- All of them ------------------------------------------------------------------------------


def test_names_are_unique_and_nothing_depends_on_the_order_of_hashes() -> None:
    names = [drawing.name for drawing in DRAWINGS]
    assert len(set(names)) == len(names)

    program = (
        "from hashlib import sha256; from otr_diagrams.generate import Printed, _texts;"
        "from pathlib import Path; from otr_model.otrv3.layouts import LAYOUTS, TEXTS;"
        "from otr_model.otrv3.protocol import OTRV3;"
        "from otr_model.otrv3.schedules import SCHEDULES;"
        "printed = (Printed(OTRV3, LAYOUTS, TEXTS, SCHEDULES),);"
        "print(sha256(repr([t for _, t in _texts(Path('nowhere'), printed)]).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(  # noqa: S603 - this interpreter, and the program above
            [sys.executable, "-c", program],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda drawing: drawing.name)
def test_every_drawing_renders_without_complaint_and_is_not_too_wide(
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
    assert render.drawn_from(picture, drawing.dot)
    assert not render.drawn_from(picture, drawing.dot + " ")


def test_labels_are_lines_rules_and_gaps() -> None:
    assert label("a", RULE, "b", GAP) == (
        '<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">'
        '<TR><TD ALIGN="LEFT">a</TD></TR><HR/><TR><TD ALIGN="LEFT">b</TD></TR>'
        '<TR><TD HEIGHT="4"></TD></TR></TABLE>>'
    )


def test_texts_are_wrapped_at_blanks_and_never_cut() -> None:
    assert style.wrapped("one two three", 7) == ["one two", "three"]
    assert style.wrapped("unbreakable", 3) == ["unbreakable"]
    assert style.wrapped("", 3) == []
