"""Everything that is printed from the model, and whether it is still what the model says.

`generate` writes every file; `drift` compares without writing. Both are told which protocols there
are. Under the root of the project:

- `docs/schema/`: JSON Schemas of what programs read;
- `docs/generated/PROTOCOL/`: the pages, and `model.json`;
- `diagrams/generated/PROTOCOL/`: the pictures. A state diagram, a key schedule and the overview are
  DOT, with an SVG drawn from it and the same in Mermaid; a layout is SVG; a sequence is SVG,
  Mermaid and plain text, drawn from the `NAME.sequence.json` beside it that a real run recorded.

SVG that comes of DOT is not compared, because it differs with the version of Graphviz and the fonts
of the machine: it says which DOT it was drawn from, and that is compared. Where nothing can draw
DOT, such pictures are left as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from otr_model.kernel.export import canonical, export, schema
from otr_model.kernel.pages import Pictures, pages

from . import sequence_json
from .layout import layout_svg, text_svg
from .machines import machines_diagram
from .render import NoRenderer, drawn_from, svg
from .schedule import schedule_diagram
from .sequence import sequence_mermaid, sequence_svg, sequence_text
from .state import state_diagram

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from otr_model.kernel.composition import Composition
    from otr_model.kernel.layout import Layout, TextFormat
    from otr_model.kernel.schedule import Schedule
    from otr_model.trace import Sequence

    from .drawing import Drawing

__all__ = ["SEQUENCE", "Printed", "drift", "generate"]

SEQUENCE = ".sequence.json"
"""How the name of a recorded sequence ends."""

_PICTURES = {".dot", ".svg", ".mmd", ".txt"}


@dataclass(frozen=True)
class Printed:
    """All that is printed of one protocol.

    Attributes:
        composition: its tables and vocabularies.
        layouts: its messages in bytes.
        texts: its messages in characters.
        schedules: its key schedules.
    """

    composition: Composition
    layouts: tuple[Layout, ...]
    texts: tuple[TextFormat, ...]
    schedules: tuple[Schedule, ...]

    @property
    def name(self) -> str:
        """Of its folders."""
        return self.composition.name

    def drawings(self) -> tuple[Drawing, ...]:
        """The pictures that are drawn from DOT."""
        return (
            machines_diagram(self.composition),
            *(state_diagram(table) for table in self.composition.tables),
            *(schedule_diagram(schedule) for schedule in self.schedules),
        )


def generate(root: Path, protocols: Collection[Printed]) -> list[Path]:
    """Write every generated file that is not what it should be.

    Args:
        root: the folder of the project.
        protocols: every one that is printed.

    Returns:
        The files that were written, in order.

    Raises:
        BadSequence: if a recorded sequence cannot be read.
        Unrendered: if the renderer refuses a picture.
        OSError: if a file cannot be read or written.
    """
    written: list[Path] = []
    for path, text in _texts(root, protocols):
        if _read(path) != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    for path, dot in _drawn(root, protocols):
        if drawn_from(_read(path) or "", dot):
            continue
        try:
            picture = svg(dot)
        except NoRenderer:
            break
        path.write_text(picture, encoding="utf-8")
        written.append(path)
    return written


def drift(root: Path, protocols: Collection[Printed]) -> list[str]:
    """What in the generated files is not what the model says now, one line for each file.

    Args:
        root: the folder of the project.
        protocols: every one that is printed.

    Raises:
        BadSequence: if a recorded sequence cannot be read.
        OSError: if a file cannot be read.
    """
    found: list[str] = []
    known: set[Path] = set()
    for path, text in _texts(root, protocols):
        known.add(path)
        there = _read(path)
        if there != text:
            found.append(f"{path.relative_to(root)}: {_how(there, 'is not what it should be')}")
    for path, dot in _drawn(root, protocols):
        known.add(path)
        there = _read(path)
        if not drawn_from(there or "", dot):
            found.append(f"{path.relative_to(root)}: {_how(there, 'was drawn from another DOT')}")
    for protocol in protocols:
        found += [
            f"{path.relative_to(root)}: nothing makes this file any more"
            for path in sorted(_pictures(root, protocol).glob("*"))
            if path.suffix in _PICTURES and path not in known
        ]
    return found


def _how(there: str | None, otherwise: str) -> str:
    return "is missing" if there is None else otherwise


def _read(path: Path) -> str | None:
    """The text of a file; None if there is none."""
    if not path.is_file():
        return None
    return path.read_bytes().decode(errors="replace")


def _pictures(root: Path, protocol: Printed) -> Path:
    return root / "diagrams" / "generated" / protocol.name


def _texts(root: Path, protocols: Collection[Printed]) -> Iterator[tuple[Path, str]]:
    """Every file whose text is the same on every machine."""
    schemas = root / "docs" / "schema"
    yield schemas / "otrspec-model.schema.json", canonical(schema())
    yield schemas / "otrspec-sequence.schema.json", canonical(sequence_json.schema())
    for protocol in protocols:
        yield from _printed(root, protocol)
        yield from _drawings(root, protocol)
        yield from _sequences(root, protocol)


def _printed(root: Path, protocol: Printed) -> Iterator[tuple[Path, str]]:
    """The pages, and the model as JSON."""
    composition, layouts = protocol.composition, protocol.layouts
    texts, schedules = protocol.texts, protocol.schedules
    folder = root / "docs" / "generated" / protocol.name
    yield folder / "model.json", canonical(export(composition, layouts, texts, schedules))
    titles = {name: sequence.title for name, sequence in _recorded(root, protocol)}
    pictures = Pictures(f"../../../diagrams/generated/{protocol.name}", titles)
    for name, text in pages(composition, layouts, texts, schedules, pictures).items():
        yield folder / name, text


def _drawings(root: Path, protocol: Printed) -> Iterator[tuple[Path, str]]:
    """Pictures that need no renderer, and the texts of those that do."""
    folder = _pictures(root, protocol)
    for drawing in protocol.drawings():
        yield folder / f"{drawing.name}.dot", drawing.dot
        yield folder / f"{drawing.name}.mmd", drawing.mermaid
    for layout in protocol.layouts:
        yield folder / f"layout-{layout.name}.svg", layout_svg(layout)
    for text in protocol.texts:
        yield folder / f"text-{text.name}.svg", text_svg(text)


def _sequences(root: Path, protocol: Printed) -> Iterator[tuple[Path, str]]:
    """Conversations that were recorded, in every form."""
    folder = _pictures(root, protocol)
    for name, sequence in _recorded(root, protocol):
        yield folder / f"{name}.svg", sequence_svg(sequence, protocol.composition)
        yield folder / f"{name}.mmd", sequence_mermaid(sequence, protocol.composition)
        yield folder / f"{name}.txt", sequence_text(sequence, protocol.composition)


def _recorded(root: Path, protocol: Printed) -> Iterator[tuple[str, Sequence]]:
    """The names of the pictures of conversations, and the conversations.

    Raises:
        BadSequence: if one cannot be read.
    """
    for path in sorted(_pictures(root, protocol).glob(f"*{SEQUENCE}")):
        text = path.read_bytes().decode(errors="replace")
        yield f"sequence-{path.name.removesuffix(SEQUENCE)}", sequence_json.from_json(text)


def _drawn(root: Path, protocols: Collection[Printed]) -> Iterator[tuple[Path, str]]:
    """Every picture that a renderer draws, with the DOT that it is drawn from."""
    for protocol in protocols:
        for drawing in protocol.drawings():
            yield _pictures(root, protocol) / f"{drawing.name}.svg", drawing.dot
