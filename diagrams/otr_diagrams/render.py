"""From DOT to pictures, by whatever is at hand.

`pygraphviz` (the extra `draw`) brings Graphviz along; without it a `dot` that is installed serves
as well; without either there is Mermaid, which is text, and which many readers of Markdown draw
themselves. Layout differs a little from one version of Graphviz to another and with the fonts of
the machine, so what is compared is DOT, and an SVG says which DOT it was drawn from.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import warnings
from dataclasses import dataclass
from enum import unique
from hashlib import sha256
from importlib import import_module
from typing import TYPE_CHECKING

from otr_model.kernel.words import Word

if TYPE_CHECKING:
    from .drawing import Drawing

__all__ = ["Form", "NoRenderer", "Rendered", "Unrendered", "drawn_from", "picture", "png", "svg"]

SECONDS = 60
"""For which an installed `dot` may run."""

_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_MARK = "<!-- drawn from {} -->\n"


class NoRenderer(Exception):
    """Nothing here turns DOT into a picture, and there is no Mermaid to fall back to."""


class Unrendered(Exception):
    """A renderer refused a text of DOT, or complained about it."""


@unique
class Form(Word):
    """What a drawing became."""

    SVG = "a picture"
    MERMAID = "a text that others draw"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A drawing in the best form that is to be had here."""

    form: Form
    text: str


def picture(drawing: Drawing) -> Rendered:
    """A drawing as SVG, or as Mermaid where nothing renders DOT.

    Raises:
        NoRenderer: if there is neither a renderer nor Mermaid.
        Unrendered: if the renderer refused.
    """
    try:
        return Rendered(Form.SVG, svg(drawing.dot))
    except NoRenderer:
        if not drawing.mermaid:
            raise
        return Rendered(Form.MERMAID, drawing.mermaid)


def svg(dot: str) -> str:
    """DOT as SVG, without the renderer's name and version, and with a mark for `drawn_from`.

    Raises:
        NoRenderer: if there is no renderer.
        Unrendered: if it refused.
    """
    text = _COMMENT.sub("", _render(dot, "svg").decode())
    declared, doctype, rest = text.partition("<svg")
    del declared
    return _MARK.format(_digest(dot)) + doctype + rest


def png(dot: str) -> bytes:
    """DOT as PNG.

    Raises:
        NoRenderer: if there is no renderer.
        Unrendered: if it refused.
    """
    return _render(dot, "png")


def drawn_from(text: str, dot: str) -> bool:
    """Whether an SVG that `svg` made was drawn from a text of DOT."""
    return text.startswith(_MARK.format(_digest(dot)))


def _digest(dot: str) -> str:
    return sha256(dot.encode()).hexdigest()[:16]


def _render(dot: str, form: str) -> bytes:
    """DOT in another form.

    Raises:
        NoRenderer: if there is no renderer.
        Unrendered: if it refused.
    """
    try:
        pygraphviz = import_module("pygraphviz")
    except ImportError:
        return _render_by_program(dot, form)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            made: bytes = pygraphviz.AGraph(string=dot).draw(format=form, prog="dot")
        except (RuntimeWarning, OSError, ValueError) as error:
            raise Unrendered(str(error)) from error
    return made


def _render_by_program(dot: str, form: str) -> bytes:
    program = shutil.which("dot")
    if program is None:
        message = "neither pygraphviz (the extra `draw`) nor the program `dot` is installed"
        raise NoRenderer(message)
    try:
        done = subprocess.run(  # noqa: S603 - the program that was just found, and our own text
            [program, f"-T{form}"],
            input=dot.encode(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unrendered(str(error)) from error
    if done.returncode:
        raise Unrendered(done.stderr.decode(errors="replace").strip())
    return done.stdout
