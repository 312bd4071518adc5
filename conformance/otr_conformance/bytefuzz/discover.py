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

from .registry import decoders

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["EXEMPT", "PACKAGES", "looking_like_decoders", "missing"]

PACKAGES: Final = ("otr_model", "otr_check", "otr_reference", "otr_diagrams", "otr_conformance")

_NAMES: Final = re.compile(
    r"(?:decode|read|parse|load|dissect|locate|unpack|open|join|joined)(?:_\w+)?"
    r"|records|markdown|sections|from_json|from_bytes|from_text|of_text|scenario_of"
)
"""What the functions are called that take octets or texts apart."""

_DEFINED: Final = re.compile(r"^ {0,4}def (\w+)\(", re.MULTILINE)

_TAKEN: Final = {"bytes", "bytearray", "memoryview", "str", "Path", "PathLike"}
"""The types of what a decoder takes."""
_SORTS: Final = {"Octets", "Wire", "Fragment"}
_ON_BYTES: Final = "RealSuite"
"""A suite takes sorts; of this one they stand for octets."""

EXEMPT: Final = {
    "otr_check.bisimulation.run.Side.read": "takes the name of a variable",
    "otr_conformance.cli.app.": "a command; what it reads has decoders of its own",
    "otr_conformance.cli.decode.decode": "a command; dissections have decoders of their own",
    "otr_conformance.cli.misuse.read_file": "gives what is in a file as it is",
    "otr_conformance.decoding.Decoder.dissect": "one of the dissections",
    "otr_conformance.documents.read_toml": "gives what is in a file; who asks has decoders",
    "otr_conformance.derive.choice.": "a generated file that is checked in",
    "otr_conformance.mutate.kept.": "a file that `otrspec mutate --resume` goes on with",
    "otr_conformance.obligations.choice.": "a generated file that is checked in",
    "otr_conformance.peers.toolkit.": "asks the programs of libotr, and reads what they print",
    "otr_reference.otrv1.real.RealSuite.": "see otr_reference.otrv1.wire.decode",
    "otr_reference.otrv3.real.RealSuite.opened": "what `open_identity` is to X, for g^x",
}
"""What looks like a decoder and is none: names, or how they begin, each with the reason."""


def missing() -> list[str]:
    """What looks like a decoder, and is neither registered nor exempt."""
    covered = {name for each in decoders().values() for name in each.covers}
    return [
        name
        for name in looking_like_decoders()
        if name not in covered and not any(name.startswith(known) for known in EXEMPT)
    ]


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
    text = path.read_text(encoding="utf-8")
    if not any(_NAMES.fullmatch(name) for name in _DEFINED.findall(text)):
        return  # taking a large module apart takes long
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and _is_decoder(node):
            yield f"{module}.{node.name}"
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for each in node.body:
                taken = _TAKEN | _SORTS if node.name == _ON_BYTES else _TAKEN
                if isinstance(each, ast.FunctionDef) and _is_decoder(each, taken):
                    yield f"{module}.{node.name}.{each.name}"


def _is_decoder(node: ast.FunctionDef, types: set[str] = _TAKEN) -> bool:
    """Whether a function looks like a decoder: by its name, and the types of what it takes."""
    if not _NAMES.fullmatch(node.name):
        return False
    return any(
        name.id in types
        for taken in (*node.args.args, *node.args.kwonlyargs)
        if taken.annotation is not None
        for name in ast.walk(taken.annotation)
        if isinstance(name, ast.Name)
    )
