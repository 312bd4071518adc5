"""What a target has answered, as a tree and as a file.

The file is one JSON object on a line for each word that was asked, behind a first one that says
whose answers they are. It is written as answers come, so that a run which is broken off goes on
where it was. A last line that is not whole is dropped. A file that is of another target, of another
edition of the tables or the inputs, or cannot be read, is put aside under another name: nothing of
it is used, and nothing of it is lost.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from otr_model.documents import BadDocument, parse_json

from .mapper import UNMADE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

    from .machine import Word

__all__ = ["Cache", "Node"]

_FORMAT: Final = "otrspec-answers 1"


@dataclass(slots=True)
class Node:
    """What is known after a word: for each input the answer, and what is known behind it."""

    next: dict[str, tuple[str, Node]] = field(default_factory=dict)


class Cache:
    """Answers of one target in one setting.

    Attributes:
        root: the tree.
        words: how many words it was given.
        put_aside: why a file was put aside, and where it is now; "" if none was.
    """

    def __init__(self, path: Path | None = None, stamp: str = "", target: str = "") -> None:
        self.root = Node()
        self.words = 0
        self.put_aside = ""
        self._head = {"format": _FORMAT, "stamp": stamp, "target": target}
        self._path = path
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        """Read the file, and keep it open.

        Raises:
            OSError: if it cannot be read or written.
        """
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lines, complaint = self._read(self._path)
            if complaint:
                self._put_aside(self._path, complaint)
                lines = []
            for word, answers in lines:
                self.put(word, answers)
            self._write_anew(self._path, lines)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _read(self, path: Path) -> tuple[list[tuple[Word, Word]], str]:
        """The words of a file; and why they are of no use."""
        try:
            lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
            if lines and not _whole(lines[-1]):
                lines.pop()  # the last line is empty, or was not written to its end
            words = self._words(lines)
        except UnicodeDecodeError:
            return [], "it is no text"
        except _Unusable as error:
            return [], str(error)
        except (BadDocument, ValueError, TypeError):
            return [], "a line of it cannot be read"
        return words, ""

    def _words(self, lines: list[str]) -> list[tuple[Word, Word]]:
        """What the lines say.

        Raises:
            _Unusable: if what they say is of no use.
            BadDocument: if one is no JSON.
            ValueError: if one says nothing.
            TypeError: likewise.
        """
        if not lines:
            return []
        if parse_json(lines[0]) != self._head:
            reason = "it is of another target, or of another edition of the tables"
            raise _Unusable(reason)
        found: list[Any] = [parse_json(line) for line in lines[1:]]
        words = [(tuple(map(str, w)), tuple(map(str, a))) for w, a in found]
        if any(len(word) != len(answers) for word, answers in words):
            reason = "a line of it has more inputs than answers, or fewer"
            raise _Unusable(reason)
        if not self._consistent(words):
            reason = "it has two answers to one word"
            raise _Unusable(reason)
        return words

    @staticmethod
    def _consistent(words: list[tuple[Word, Word]]) -> bool:
        tried = Cache()
        return all(tried.conflict(w, a) is None and tried.put(w, a) for w, a in words)

    def _put_aside(self, path: Path, complaint: str) -> None:
        number = 1
        while (aside := path.with_name(f"{path.name}.old{number}")).exists():
            number += 1
        path.rename(aside)
        self.put_aside = f"{path} is not used: {complaint}; it is {aside.name} now"

    def _write_anew(self, path: Path, lines: list[tuple[Word, Word]]) -> None:
        """The file without what was dropped, in one go, and open for more."""
        beside = path.with_name(f"{path.name}.new")
        self._file = beside.open("w", encoding="utf-8")
        self._file.write(json.dumps(self._head) + "\n")
        for word, answers in lines:
            self._file.write(json.dumps([word, answers]) + "\n")
        self._file.flush()
        beside.replace(path)

    def distrust(self, complaint: str) -> None:
        """Put the file aside, forget what was in it, and begin anew."""
        self.root, self.words = Node(), 0
        if self._path is not None and self._file is not None:
            self._file.close()
            self._put_aside(self._path, complaint)
            self._write_anew(self._path, [])

    def known(self, word: Word) -> Word | None:
        """The answers to a word; None if they are not known."""
        node, answers = self.root, []
        for name in word:
            found = node.next.get(name)
            if found is None:
                return None
            answers.append(found[0])
            node = found[1]
        return tuple(answers)

    def conflict(self, word: Word, answers: Word) -> tuple[int, str] | None:
        """Where a word was answered otherwise before: the place, and that answer."""
        node = self.root
        for place, (name, answer) in enumerate(zip(word, answers, strict=True)):
            found = node.next.get(name)
            if found is None:
                return None
            if found[0] != answer:
                return place, found[0]
            node = found[1]
        return None

    def put(self, word: Word, answers: Word) -> bool:
        """Remember answers, which agree with what is known."""
        node = self.root
        for name, answer in zip(word, answers, strict=True):
            behind = node if answer == UNMADE else Node()  # then nothing has happened
            node = node.next.setdefault(name, (answer, behind))[1]
        self.words += 1
        return True

    def add(self, word: Word, answers: Word) -> None:
        """Remember answers, in the file as well."""
        self.put(word, answers)
        if self._file is not None:
            self._file.write(json.dumps([word, answers]) + "\n")
            self._file.flush()

    def __iter__(self) -> Iterator[tuple[Word, Word]]:
        """All words to which no longer one is known, with their answers."""
        stack: list[tuple[Word, Word, Node]] = [((), (), self.root)]
        while stack:
            word, answers, node = stack.pop()
            behind = [(n, a, other) for n, (a, other) in node.next.items() if other is not node]
            if not behind and word:
                yield word, answers
            for name, answer, other in behind:
                stack.append(((*word, name), (*answers, answer), other))


class _Unusable(Exception):
    """What a file says is of no use; the message says why."""


def _whole(line: str) -> bool:
    try:
        parse_json(line)
    except BadDocument:
        return False
    return True
