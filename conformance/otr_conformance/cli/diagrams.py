"""`otrspec diagram`: pictures of the protocol."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from otr_conformance.protocols import protocol
from otr_conformance.verdict import ExitCode
from otr_diagrams.generate import Printed
from otr_diagrams.layout import layout_svg, text_svg
from otr_diagrams.render import Form, NoRenderer, Unrendered, picture, png, svg
from otr_diagrams.sequence import sequence_mermaid, sequence_svg

from .misuse import Misuse, unknown, write_file
from .screen import DIM, NAME, Screen, grid, spans, tell, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from otr_conformance.play.recordings import Recordings
    from otr_conformance.protocols import Protocol
    from otr_diagrams.drawing import Drawing
    from otr_model.kernel.composition import Composition
    from otr_model.kernel.layout import Layout, TextFormat

__all__ = ["draw", "listing", "printed"]

_SUFFIXES: Final = {".svg": "svg", ".png": "png", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid"}

Forms = dict[str, "Callable[[], str | bytes]"]
"""What makes a picture, by format; the first is what it is drawn as when nobody asks."""


# --- What can be drawn ------------------------------------------------------------------------


def printed(whose: Protocol) -> Printed:
    """All that is printed of a protocol's model."""
    model = whose.model
    return Printed(model.composition, model.layouts, model.texts, model.schedules)


def _all(whose: Protocol) -> dict[str, tuple[str, Forms]]:
    """Every picture of a protocol, by name: what it shows, and what makes it."""
    model, recordings = printed(whose), whose.recordings
    found: dict[str, tuple[str, Forms]] = {}
    titles = {
        "machines": "the machines, and the events between them",
        **{f"state-{t.machine}": t.about for t in model.composition.tables},
        **{f"schedule-{s.name}": s.title for s in model.schedules},
    }
    for drawing in model.drawings():
        found[drawing.name] = titles.get(drawing.name, ""), _of_drawing(drawing)
    for layout in model.layouts:
        found[f"layout-{layout.name}"] = f"layout: {layout.title}", _of_layout(layout)
    for text in model.texts:
        found[f"text-{text.name}"] = f"form: {text.title}", _of_text(text)
    for name, recording in recordings.named.items():
        forms = _of_sequence(name, recordings, model.composition)
        found[f"sequence-{name}"] = f"sequence: {recording.title}", forms
    return found


def _of_drawing(drawing: Drawing) -> Forms:
    forms: Forms = {
        "svg": lambda: svg(drawing.dot),
        "png": lambda: png(drawing.dot),
        "dot": lambda: drawing.dot,
    }
    if drawing.mermaid:
        forms["mermaid"] = lambda: drawing.mermaid
    forms[""] = lambda: _best(drawing)
    return forms


def _best(drawing: Drawing) -> str:
    """SVG, or Mermaid where nothing here can draw."""
    made = picture(drawing)
    if made.form is Form.MERMAID:
        tell("nothing here draws SVG, so this is Mermaid: pip install 'otrspec[draw]'")
    return made.text


def _of_layout(layout: Layout) -> Forms:
    return {"svg": lambda: layout_svg(layout)}


def _of_text(text: TextFormat) -> Forms:
    return {"svg": lambda: text_svg(text)}


def _of_sequence(name: str, recordings: Recordings, composition: Composition) -> Forms:
    return {
        "svg": lambda: sequence_svg(recordings.record(name), composition),
        "mermaid": lambda: sequence_mermaid(recordings.record(name), composition),
    }


# --- The command ------------------------------------------------------------------------------


def listing(whose: str, *, json: bool) -> ExitCode:
    """List the pictures of a protocol."""
    found = _all(protocol(whose))
    if json:
        write_json(
            [
                {"name": name, "about": about, "formats": [form for form in forms if form]}
                for name, (about, forms) in found.items()
            ]
        )
        return ExitCode.EXPECTED
    out = Screen()
    shown = grid("diagram", "shows", "as")
    for name, (about, forms) in found.items():
        formats = " ".join(form for form in forms if form)
        shown.add_row(spans((name, NAME)), spans(about), spans((formats, DIM)))
    out.show(shown)
    return ExitCode.EXPECTED


def draw(name: str, whose: str, output: Path | None, form: str, *, json: bool) -> ExitCode:
    """Draw one picture.

    Args:
        name: of the picture.
        whose: the protocol.
        output: where it goes; None: standard output.
        form: the format; "": what the name of the file ends in, else the best that can be made.
        json: the picture inside a JSON object.

    Raises:
        Misuse: if there is no such picture, or it cannot be drawn like that.
    """
    found = _all(protocol(whose))
    if name not in found:
        raise unknown(name, "diagram", found, "otrspec diagram")
    forms = found[name][1]
    wanted = form or _by_name(output)
    content = _made(name, forms, wanted)
    if json:
        if isinstance(content, bytes):
            message = "a PNG does not go into JSON: use -o FILE"
            raise Misuse(message)
        write_json({"name": name, "about": found[name][0], "content": content})
    elif output is not None:
        write_file(output, content if isinstance(content, bytes) else content.encode())
    elif isinstance(content, str):
        sys.stdout.write(content)
    elif sys.stdout.isatty():
        message = "a PNG does not go to a terminal: use -o FILE"
        raise Misuse(message)
    else:
        sys.stdout.buffer.write(content)
    return ExitCode.EXPECTED


def _by_name(output: Path | None) -> str:
    """The format that a file's name asks for; "" if it asks for none.

    Raises:
        Misuse: if it ends in something that is no format.
    """
    if output is None or not output.suffix:
        return ""
    form = _SUFFIXES.get(output.suffix.lower())
    if form is None:
        message = f"{output}: nothing is drawn as {output.suffix}; give --format"
        raise Misuse(message)
    return form


def _made(name: str, forms: Mapping[str, Callable[[], str | bytes]], wanted: str) -> str | bytes:
    """The picture.

    Raises:
        Misuse: if it is not drawn in that format, or nothing here can draw it.
    """
    make = forms.get(wanted) or (forms["svg"] if not wanted else None)
    if make is None:
        message = f"{name} is not drawn as {wanted}, but as {', '.join(f for f in forms if f)}"
        raise Misuse(message)
    try:
        return make()
    except NoRenderer as missing:
        message = f"{missing}; --format dot or mermaid does without"
        raise Misuse(message) from missing
    except Unrendered as refused:
        message = f"{name}: the renderer refused it: {refused}"
        raise Misuse(message) from refused
