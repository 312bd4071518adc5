"""What broke a promise: a small file, and what replays it.

otrspec fuzz-bytes --replay FILE
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from otr_model.documents import BadDocument, parse_json
from otr_reference.errors import OtrSpecError

__all__ = ["FORMAT", "BadFind", "Find", "read", "write"]

FORMAT: Final = "otrspec-find"
VERSION: Final = 1

_TEXTS: Final = ("what", "kind", "says")


class BadFind(OtrSpecError):
    """A file that is no find; the message is one line that says why.

    Attributes:
        name: of the file.
        why: what is wrong with it.
    """

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name = name
        self.why = why

    def __str__(self) -> str:
        return f"{self.name}: {self.why}"


@dataclass(frozen=True, slots=True)
class Find:
    """An input that breaks a promise.

    Attributes:
        what: the decoder, or the target.
        kind: which promise: `error`, `round-trip`, `canonical`, `slow`, `memory`, `hang`; of a
            target `crash`, `shown`, `dumb`, `grown` and `fault` too.
        says: what came of it, in one line.
        data: the input; of a target the message that it was sent.
        before: of a target: how the conversation goes up to there (see `conversations`), and where
            in it the message is put; empty for a decoder.
    """

    what: str
    kind: str
    says: str
    data: bytes
    before: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What its file is called."""
        digest = sha256(self.data + "\0".join(self.before).encode()).hexdigest()[:10]
        what = "".join(c if c.isalnum() else "-" for c in self.what)
        return f"{what}.{self.kind}.{digest}.json"


def write(find: Find) -> str:
    """The text of the file."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        "what": find.what,
        "kind": find.kind,
        "says": find.says,
        "replay": f"otrspec fuzz-bytes --replay {find.name}",
        "size": len(find.data),
        "data": b64encode(find.data).decode("ascii"),
    }
    if find.before:
        document["before"] = list(find.before)
    return json.dumps(document, indent=1, ensure_ascii=True) + "\n"


def read(name: str, content: bytes) -> Find:
    """Read a file.

    Args:
        name: of the file, for complaints.
        content: what is in it.

    Raises:
        BadFind: it is none, or of a version that is not known yet.
    """
    try:
        found = parse_json(content)
    except BadDocument as error:
        raise BadFind(name, str(error)) from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise BadFind(name, "is no find of otrspec fuzz-bytes")
    if found.get("version") != VERSION:
        raise BadFind(name, f"is of another version than {VERSION}")
    what, kind, says = (found.get(each) for each in _TEXTS)
    before, data = found.get("before", []), found.get("data")
    if not (isinstance(what, str) and isinstance(kind, str) and isinstance(says, str)):
        raise BadFind(name, f"{', '.join(_TEXTS)}: one is missing, or no text")
    if not isinstance(before, list) or not all(isinstance(each, str) for each in before):
        raise BadFind(name, "before: is no list of texts")
    try:
        octets = b64decode(data, validate=True) if isinstance(data, str) else None
    except ValueError:
        octets = None
    if octets is None:
        raise BadFind(name, "data: is no base64")
    return Find(what, kind, says, octets, tuple(before))
