"""What reads the learner's files, and the words that a user gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from otr_conformance.bytefuzz.decoder import Bounds, Decoder, Form
from otr_conformance.learn import cases, explained
from otr_conformance.learn.cache import Cache
from otr_conformance.learn.machine import Edge, Machine
from otr_conformance.learn.mapper import Answer
from otr_conformance.otrv3.learning import LEARNING
from otr_conformance.peers.registry import PEERS

from .documents import NotText
from .keys import at_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otr_conformance.learn.machine import Word

__all__ = ["DECODERS"]

_KEPT: Final = 1_500
_NAME: Final = "answers/target.jsonl"


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise NotText from None


def _explanations() -> Iterator[bytes]:
    for name in PEERS:
        path = PEERS[name].expectations.with_name(f"{name}-learned.toml")
        if path.exists():
            yield path.read_bytes()[:_KEPT].rpartition(b"\n[")[0] + b"\n"
    yield b'[[one]]\nbecause = "why"\nat = ["A*"]\non = ["b"]\nsays = ["c"]\nsettings = ["v3-*"]\n'
    yield b'[one]\nbecause = "why"\nunreviewed = true\n'


def _machines() -> Iterator[bytes]:
    edges = ({"a": Edge("-", 1), "b": Edge("Error", 0)}, {"a": Edge("x", 1), "b": Edge("-", 0)})
    yield Machine(("a", "b"), edges).to_json(stamp="of these", checked=7).encode()
    yield Machine((), ({},)).to_json().encode()


def _answers() -> Iterator[bytes]:
    yield b"Data v3; tells secure v3 agreeing; is read message private hello; is wrong MAC"
    yield b"-"
    yield b"none to make"


def _words() -> Iterator[bytes]:
    yield b"exchange v3; user begins SMP; SMP 2"
    yield b"Data"
    yield b"exchange v3; nothing that there is"


def _kept() -> Iterator[bytes]:
    yield b'{"format": "otrspec-answers 1", "stamp": "s", "target": "t"}\n[["a"], ["x"]]\n[["b"'
    yield b'{"format": "otrspec-answers 1", "stamp": "s", "target": "t"}\n[["a"], ["x"]]\n'


def _read_kept(data: bytes) -> dict[Word, Word]:
    """The answers of a file; a file of no use is put aside, and has none."""
    path = at_file(data, _NAME)
    with Cache(path, "s", "t") as cache:
        found = dict(cache)
    for aside in path.parent.glob("*.old*"):
        aside.unlink()
    return found


def _writes_kept(value: object) -> bytes:
    path = at_file(b"", _NAME)
    path.unlink()
    with Cache(path, "s", "t") as cache:
        for word, answers in cast("dict[Word, Word]", value).items():
            cache.add(word, answers)
    return path.read_bytes()


_LEARN: Final = "otr_conformance.learn."
_JSON: Final = Bounds(work=256)
"""Of what looks at each value of a document."""

DECODERS: Final = (
    Decoder(
        "learned.explanations",
        (f"{_LEARN}explained.read",),
        Form.TOML,
        lambda data: explained.read(at_file(data)),
        _explanations,
        bounds=_JSON,
    ),
    Decoder(
        "learned.machine",
        (f"{_LEARN}machine.Machine.from_json",),
        Form.JSON,
        lambda data: Machine.from_json(_text(data)),
        _machines,
        write=lambda value: cast("Machine", value).to_json().encode(),
        bounds=_JSON,
    ),
    Decoder(
        "learned.answer",
        (f"{_LEARN}mapper.Answer.parse",),
        Form.LINES,
        lambda data: Answer.parse(_text(data)),
        _answers,
        write=lambda value: str(value).encode(),
    ),
    Decoder(
        "learned.word",
        (f"{_LEARN}cases.parse",),
        Form.LINES,
        lambda data: cases.parse(LEARNING, _text(data)),
        _words,
        write=lambda value: cases.written(cast("Word", value)).encode(),
    ),
    Decoder(
        "learned.answers",
        (f"{_LEARN}cache.Cache.__enter__",),
        Form.JSON,
        _read_kept,
        _kept,
        write=_writes_kept,
        bounds=_JSON,
    ),
)
