"""Functions of ours that look like decoders, found in the sources.

A function looks like a decoder if it is public, and its name begins with a word such as `decode` or
`read`. `EXEMPT` has those that are none, each with the reason; `registry` has the rest. A test
compares the two, so that a new decoder cannot be forgotten.
"""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["EXEMPT", "PACKAGES", "looking_like_decoders"]

PACKAGES: Final = ("otr_model", "otr_check", "otr_reference", "otr_diagrams", "otr_conformance")

_NAMES: Final = re.compile(
    r"(?:decode|read|parse|load|dissect|locate|markdown|sections|joined|join)(?:_\w+)?"
    r"|(?:from_json|from_bytes|from_text|scenario_of|split_lines)|open_identity|open|unpack"
)
"""What the functions are called that take octets or texts apart."""

_TAKEN: Final = {"bytes", "str", "Path", "memoryview", "bytearray"}
"""The types of what a decoder takes; a method of a suite takes sorts, and stands for bytes."""

EXEMPT: Final = {
    "otr_conformance.bytefuzz.": "this package reads its own files; `finds.read` is registered",
}
"""What looks like a decoder and is none: the beginnings of names, each with the reason."""


def looking_like_decoders() -> Iterator[str]:
    """The names of all functions that look like decoders, with their modules, in order."""
    for package in PACKAGES:
        module = import_module(package)
        root = Path(str(module.__file__)).parent
        for path in sorted(root.rglob("*.py")):
            dotted = ".".join((package, *path.relative_to(root).with_suffix("").parts))
            yield from _in_module(dotted.removesuffix(".__init__"), path)


def _in_module(module: str, path: Path) -> Iterator[str]:
    """Those of one module, at its top level."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and _is_decoder(node):
            yield f"{module}.{node.name}"
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for each in node.body:
                if isinstance(each, ast.FunctionDef) and _is_decoder(each):
                    yield f"{module}.{node.name}.{each.name}"


def _is_decoder(node: ast.FunctionDef) -> bool:
    """Whether a function looks like a decoder: by its name, and the types of what it takes."""
    if not _NAMES.fullmatch(node.name):
        return False
    return any(
        name.id in _TAKEN
        for taken in (*node.args.args, *node.args.kwonlyargs)
        if taken.annotation is not None
        for name in ast.walk(taken.annotation)
        if isinstance(name, ast.Name)
    )
