"""Words as cases: what shows a difference is played and graded like every case.

    case_of(learning, setting, word)

The id of such a case is made of the setting and the word. Nothing declares it: it is played by
whoever has the word, and `otrspec learn TARGET --setting NAME --word "..."` does.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from otr_conformance.play.case import Case

from .errors import BadSetting

if TYPE_CHECKING:
    from otr_conformance.play.case import AnyCase
    from otr_conformance.play.stage import AnyStage

    from .alphabet import AnyLearning, AnySetting
    from .machine import Word

__all__ = ["case_of", "parse", "written"]

_SEPARATOR = "; "


def written(word: Word) -> str:
    """A word as a user gives it."""
    return _SEPARATOR.join(word)


def parse(learning: AnyLearning, text: str) -> Word:
    """The word that a user gives: names of inputs, with semicolons between them.

    Raises:
        BadSetting: if there is no such input.
    """
    word = tuple(part.strip() for part in text.split(";") if part.strip())
    for name in word:
        if name not in learning.inputs:
            message = f"there is no input {name!r}; `otrspec learn --list` has all of them"
            raise BadSetting(message)
    if not word:
        message = "the word is empty: name inputs, with semicolons between them"
        raise BadSetting(message)
    return word


def case_of(learning: AnyLearning, setting: AnySetting, word: Word) -> AnyCase:
    """The case that a word is."""

    def play(stage: AnyStage) -> None:
        learning.mapper(stage).play(learning.inputs, word)

    short = sha256(written(word).encode()).hexdigest()[:8]
    needs = setting.needs.union(*(learning.inputs[name].needs for name in word))
    return Case(
        f"{learning.protocol}.case:learned.{setting.name}.{short}",
        f"Answers as the tables do: {written(word)}.",
        setting.cast,
        play,
        setting.version,
        needs=needs,
        derived=True,
    )
