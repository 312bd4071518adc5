"""Published vectors of OTRv4: conversations with fixed randomness, and every value in them.

    document("interactive")                 # one document, as plain values
    generate_vectors(directory)             # all of them, as files

An implementer follows a document with a debugger: each step says who does what, which rows of the
tables are taken, which operations of the suite are performed, with what they take and give under
the text's own names, what goes over the wire, field by field, and what is kept and forgotten.
`docs/vectors.md` describes the format, and `docs/schema/otrspec-vectors.schema.json` fixes it.

Nothing here computes a conversation. The reference runs, over a suite that writes down every
operation; the key schedules of the model then say what lies between what an operation takes and
what it gives, and have to arrive at the same. Names are given afterwards, by the effects of the
rows that were taken.

The secrets in here serve no other purpose than to be published.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from otr_model.kernel.export import canonical
from otr_model.otrv4.protocol import OTRV4

from . import conversations
from .octets import Disagreement
from .operations import OPERATIONS, SILENT, Operation
from .primitives import primitives
from .references import as_object, objects, resolved
from .schema import FORMAT, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from .octets import Object

__all__ = [
    "ABOUT",
    "FORMAT",
    "NAMES",
    "OPERATIONS",
    "SILENT",
    "Disagreement",
    "Operation",
    "document",
    "generate_vectors",
    "performed",
    "rendered",
    "schema",
]

_DOCUMENTS: Final[Mapping[str, tuple[Callable[[], Object], str]]] = {
    "primitives": (primitives, "every primitive by itself, with odd and refused values"),
    "interactive": (
        conversations.interactive,
        "the interactive DAKE, and messages of 7 ratchets: one is overtaken, one is lost",
    ),
    "offline": (
        conversations.offline,
        "a prekey ensemble, the non-interactive DAKE, and messages of 5 ratchets",
    ),
    "smp": (
        conversations.smp,
        "SMP with a question and equal secrets, then without one and with unequal ones",
    ),
    "fragments": (
        conversations.fragments,
        "a Data Message in fragments, which arrive in disorder",
    ),
    "expiry": (conversations.expiry, "a session expires, and reveals what it holds"),
    "extra-key": (conversations.extra_key, "an extra symmetric key is used"),
}

ABOUT: Final[Mapping[str, str]] = {name: about for name, (_, about) in _DOCUMENTS.items()}
"""What each document is about, in the order of their page."""

NAMES: Final = tuple(_DOCUMENTS)
"""The documents."""


def document(name: str, *, full: bool = False) -> Object:
    """Make one document, as plain values; each time the same.

    Args:
        name: one of `NAMES`.
        full: with every value where it is needed, in place of where it stands.

    Raises:
        KeyError: if there is no such document.
        Disagreement: never, while the model, the reference and this package agree.
    """
    play, about = _DOCUMENTS[name]
    made: Object = {"format": FORMAT, "protocol": OTRV4.name, "name": name, "about": about}
    made |= play()
    if not full:
        return made
    others = [str(as_object(made["start"])["vectors"])] if "start" in made else []
    return resolved(made, {other: document(other) for other in others})


# --- Files ------------------------------------------------------------------------------------

_PAGE: Final = "README.md"
_HEAD: Final = """\
<!-- Written by `otrspec generate`. Change what writes it, and write it again. -->

# otrv4: vectors

Conversations of the reference with fixed randomness, and every value in them under the text's own
name. [How to use them](../../../vectors.md), and [the
schema](../../../schema/otrspec-vectors.schema.json).
"""


def rendered() -> dict[str, str]:
    """Every file: its name, and its text; the page that lists the others is the last."""
    documents = {name: document(name) for name in NAMES}
    files = {f"{name}.json": _text(found) for name, found in documents.items()}
    return {**files, _PAGE: _page(documents)}


def _text(found: Object) -> str:
    """A document as text: canonical, but for half of the blanks that lines begin with."""
    return re.sub("(?m)^( +)", lambda blanks: blanks[0][::2], canonical(found))


def generate_vectors(directory: Path) -> list[Path]:
    """Write every file that is not what it should be.

    Args:
        directory: where to; it is made if it is not there.

    Returns:
        The files that were written, in order.

    Raises:
        OSError: if a file cannot be read or written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in rendered().items():
        path = directory / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return written


def _page(documents: Mapping[str, Object]) -> str:
    """The page beside the documents."""
    used = {name: performed(found) for name, found in documents.items()}
    lines = [
        "| document | about | steps | messages | operations |",
        "|---|---|---|---|---|",
        *(_line(name, found, len(used[name])) for name, found in documents.items()),
        "",
        "## Operations",
        "",
        "| operation | what it does | section of the text | in |",
        "|---|---|---|---|",
    ]
    for operation, known in OPERATIONS.items():
        places = ", ".join(name for name, found in used.items() if operation in found)
        lines.append(f"| `{operation}` | {known.about} | {known.section} | {places} |")
    return "\n".join((_HEAD, *lines, ""))


def _line(name: str, found: Object, operations: int) -> str:
    """A document in the table of documents."""
    steps = objects(found["steps"])
    messages = sum(len(objects(step.get("sends", []))) for step in steps)
    cells = f"[{name}]({name}.json)", ABOUT[name], len(steps), messages or "", operations
    return f"| {' | '.join(map(str, cells))} |"


def performed(found: Object) -> list[str]:
    """The operations of a document, one after the other."""
    holders = (*objects(found.get("participants", [])), *objects(found["steps"]))
    records = (record for each in holders for record in objects(each.get("computes", [])))
    return [str(record["operation"]) for record in records]
