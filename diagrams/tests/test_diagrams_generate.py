"""Rendering, and the files that are generated."""

from __future__ import annotations

import shutil
import stat
from typing import TYPE_CHECKING

import pytest

from otr_diagrams import generate as generated
from otr_diagrams import render
from otr_diagrams.drawing import Drawing
from otr_diagrams.generate import Printed, drift, generate
from otr_diagrams.render import Form, NoRenderer, Rendered, Unrendered
from otr_diagrams.sequence_json import BadSequence, to_json
from otr_model.otrv3.layouts import LAYOUTS, TEXTS
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.schedules import SCHEDULES
from otr_model.trace import Arrow, Sequence

if TYPE_CHECKING:
    from pathlib import Path

DOT = "digraph { a -> b }"
SVG = "<svg>drawn</svg>"
PROTOCOLS = (Printed(OTRV3, LAYOUTS, TEXTS, SCHEDULES),)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine on which nothing renders DOT."""

    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(render, "import_module", missing)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    return monkeypatch


def _program(folder: Path, text: str) -> str:
    path = folder / "dot"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


# --- Rendering --------------------------------------------------------------------------------


def test_without_a_renderer_a_drawing_is_mermaid(bare: pytest.MonkeyPatch) -> None:
    del bare
    drawing = Drawing("d", DOT, "flowchart\n")

    assert render.picture(drawing) == Rendered(Form.MERMAID, "flowchart\n")

    with pytest.raises(NoRenderer, match="pygraphviz"):
        render.svg(DOT)
    with pytest.raises(NoRenderer):
        render.picture(Drawing("d", DOT, ""))


def test_an_installed_dot_serves_as_well(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = _program(tmp_path, 'cat >/dev/null; echo "<!-- by dot 9 --><svg>$1</svg>"')
    bare.setattr(shutil, "which", lambda _: program)

    drawn = render.picture(Drawing("d", DOT, ""))

    assert drawn.form is Form.SVG
    assert drawn.text.endswith("-->\n<svg>-Tsvg</svg>\n")
    assert "dot 9" not in drawn.text
    assert render.drawn_from(drawn.text, DOT)
    assert render.png(DOT).endswith(b"-Tpng</svg>\n")


def test_a_renderer_that_fails_is_reported(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = _program(tmp_path, "echo 'no such shape' >&2; exit 1")
    bare.setattr(shutil, "which", lambda _: program)
    with pytest.raises(Unrendered, match="no such shape"):
        render.svg(DOT)

    bare.setattr(shutil, "which", lambda _: str(tmp_path / "gone"))
    with pytest.raises(Unrendered, match="gone"):
        render.svg(DOT)


def test_a_text_that_is_no_dot_is_refused() -> None:
    try:
        render.svg(DOT)
    except NoRenderer:
        pytest.skip("nothing here renders DOT")

    with pytest.raises(Unrendered):
        render.svg("digraph {")


# --- Files ------------------------------------------------------------------------------------


def test_files_are_written_once_and_drift_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []

    def draw(dot: str) -> str:
        drawn.append(dot)
        return f"{render._MARK.format(render._digest(dot))}{SVG}"

    monkeypatch.setattr(generated, "svg", draw)
    drawings = PROTOCOLS[0].drawings()

    # At first everything is missing.
    missing = drift(tmp_path, PROTOCOLS)
    assert missing
    assert all(line.endswith(": is missing") for line in missing)
    written = generate(tmp_path, PROTOCOLS)
    assert sorted(f"{path.relative_to(tmp_path)}: is missing" for path in written) == sorted(
        missing
    )
    assert len(drawn) == len(drawings)
    assert drift(tmp_path, PROTOCOLS) == []

    # Nothing is written twice.
    assert generate(tmp_path, PROTOCOLS) == []
    assert len(drawn) == len(drawings)

    # A page that somebody edited, a picture of something else, a picture of nothing.
    page = tmp_path / "docs/generated/otrv3/ake.md"
    page.write_text(page.read_text() + "edited")
    pictures = tmp_path / "diagrams/generated/otrv3"
    (pictures / "state-ake.svg").write_text(SVG)
    (pictures / "state-old.svg").write_text(SVG)
    assert drift(tmp_path, PROTOCOLS) == [
        "docs/generated/otrv3/ake.md: is not what it should be",
        "diagrams/generated/otrv3/state-ake.svg: was drawn from another DOT",
        "diagrams/generated/otrv3/state-old.svg: nothing makes this file any more",
    ]
    assert generate(tmp_path, PROTOCOLS) == [page, pictures / "state-ake.svg"]
    (pictures / "state-old.svg").unlink()
    assert drift(tmp_path, PROTOCOLS) == []


def test_without_a_renderer_everything_else_is_written(
    tmp_path: Path, bare: pytest.MonkeyPatch
) -> None:
    del bare
    written = generate(tmp_path, PROTOCOLS)

    assert tmp_path / "diagrams/generated/otrv3/state-ake.dot" in written
    assert tmp_path / "diagrams/generated/otrv3/layout-data.svg" in written
    assert drift(tmp_path, PROTOCOLS) == [
        f"diagrams/generated/otrv3/{drawing.name}.svg: is missing"
        for drawing in PROTOCOLS[0].drawings()
    ]


def test_recorded_sequences_are_drawn(tmp_path: Path, bare: pytest.MonkeyPatch) -> None:
    del bare
    folder = tmp_path / "diagrams/generated/otrv3"
    folder.mkdir(parents=True)
    recorded = folder / "hello.sequence.json"
    recorded.write_text(to_json(Sequence("Hello", ("A", "B"), (Arrow("A", "B", "hello"),))))

    written = generate(tmp_path, PROTOCOLS)

    assert {path.name for path in written if "hello" in path.name} == {
        "sequence-hello.svg",
        "sequence-hello.mmd",
        "sequence-hello.txt",
    }
    assert "- hello -" in (folder / "sequence-hello.txt").read_text()

    index = (tmp_path / "docs/generated/otrv3/README.md").read_text()
    assert "### Hello\n\n![Hello](../../../diagrams/generated/otrv3/sequence-hello.svg)" in index

    recorded.write_text("{}")
    with pytest.raises(BadSequence):
        drift(tmp_path, PROTOCOLS)
