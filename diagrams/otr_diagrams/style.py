"""How every picture looks: fonts, colours, and how wide a text is.

Colours are few, and none of them says anything by itself: what they tell apart, a sign or a word
tells apart too. They keep their distance for eyes that do not tell red from green.
"""

from __future__ import annotations

from html import escape
from typing import Final

SANS: Final = "Helvetica,Arial,sans-serif"
MONO: Final = "DejaVu Sans Mono,Menlo,Consolas,monospace"

INK: Final = "#1f2328"
MUTED: Final = "#59636e"
LINE: Final = "#4a5a70"
PAPER: Final = "#ffffff"
PALE: Final = "#eff4fa"
"""What a box is filled with."""
WARM: Final = "#fdf3e3"
"""What a box is filled with that stands out: a result, something encrypted."""
WARMER: Final = "#fbf1df"
"""What lies behind things that belong together."""
GREY: Final = "#f3f4f6"
"""What a box is filled with that stands back."""
BLUE: Final = "#0a5a9c"
"""What others see: messages on the network."""
AMBER: Final = "#8a5200"
"""What the user sees; what is secret or encrypted."""
TEAL: Final = "#00695c"
"""What passes between machines: raised events."""

RAISES: Final = "▸"

_NARROW: Final = frozenset("ijl.,;:'|!()[]{}tfrI/ ")
_WIDE: Final = frozenset("mwMW@%—→▸⟨⟩")


def width(text: str, size: float, *, bold: bool = False, mono: bool = False) -> float:
    """About how wide a text is, in pixels; never much too little, whatever the font.

    Args:
        text: one line.
        size: of the font, in pixels.
        bold: whether it is bold.
        mono: whether every character is as wide as every other.
    """
    if mono:
        return 0.61 * size * len(text)
    ems = sum(_em(character) for character in text)
    return ems * size * (1.13 if bold else 1.0)


def _em(character: str) -> float:
    """The width of a character in units of the font's size."""
    if character in _NARROW:
        return 0.33
    if character in _WIDE:
        return 0.90
    return 0.70 if character.isupper() else 0.61


def wrapped(text: str, columns: int) -> list[str]:
    """A text in lines of at most so many characters, divided at blanks; longer words stay whole."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > columns:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    if line:
        lines.append(line)
    return lines


def html(text: str) -> str:
    """A text inside an HTML-like label of DOT, or inside an element of SVG."""
    return escape(text, quote=False)


def font(text: str, *, color: str = "", size: float = 0, bold: bool = False) -> str:
    """A piece of an HTML-like label; the text is already escaped."""
    if not text:
        return ""
    attributes = ""
    if color:
        attributes += f' COLOR="{color}"'
    if size:
        attributes += f' POINT-SIZE="{size:g}"'
    inner = f"<B>{text}</B>" if bold else text
    return f"<FONT{attributes}>{inner}</FONT>" if attributes else inner
