"""Making scripts shorter and plainer, as long as they show the same.

    shrink(script, shows, Budget(400), fuzzing)

Moves are left out, many at once first (delta debugging); then numbers become smaller, a move is
replaced by the plainest of its family, and whoever plays becomes plainer. Nothing is drawn: the
same script becomes the same one. What is asked costs a replay each, and there is an end to them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .vocabulary import UnknownMove, UnknownPart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from otr_conformance.derive.plan import Script

    from .vocabulary import Fuzzing

__all__ = ["Budget", "shrink"]


@dataclass
class Budget:
    """How many replays there may be.

    Attributes:
        left: how many there still may be.
        known: what came of scripts that were replayed.
    """

    left: int
    known: dict[Script, bool] = field(default_factory=dict)

    def ask(self, shows: Callable[[Script], bool], script: Script) -> bool:
        """Whether a script shows it; False where there is no replay left."""
        if script not in self.known:
            if self.left <= 0:
                return False
            self.left -= 1
            self.known[script] = shows(script)
        return self.known[script]


def shrink(
    script: Script, shows: Callable[[Script], bool], budget: Budget, fuzzing: Fuzzing
) -> Script:
    """A script that shows the same with as little as possible.

    Args:
        script: what shows it.
        shows: whether another script does, by a replay.
        budget: how many replays there may be; it is used up.
        fuzzing: what the protocol states.
    """
    before = None
    while before != script and budget.left > 0:
        before = script
        script = _fewer(script, shows, budget)
        script = _plainer_part(script, shows, budget, fuzzing)
        script = _plainer_moves(script, shows, budget, fuzzing)
    return script


def _fewer(script: Script, shows: Callable[[Script], bool], budget: Budget) -> Script:
    """The same without moves that are not needed; all but the last may be."""
    size = max(len(script.moves) // 2, 1)
    while size:
        at = 0
        while at < len(script.moves) - 1:
            end = min(at + size, len(script.moves) - 1)
            shorter = replace(script, moves=(*script.moves[:at], *script.moves[end:]))
            if budget.ask(shows, shorter):
                script = shorter
            else:
                at += size
        size //= 2
    return script


def _plainer_part(
    script: Script, shows: Callable[[Script], bool], budget: Budget, fuzzing: Fuzzing
) -> Script:
    """The same with somebody of the plan to play, or with somebody of whom less is said."""
    parts = tuple(fuzzing.plan.parts)
    if script.part in parts:
        for part in parts[: parts.index(script.part)]:
            if budget.ask(shows, replace(script, part=part)):
                return replace(script, part=part)
        return script
    for part in parts:
        if budget.ask(shows, replace(script, part=part)):
            return replace(script, part=part)
    found = True
    while found:
        found = False
        for part in _less_said(script.part):
            other = replace(script, part=part)
            if _is_read(fuzzing, part) and budget.ask(shows, other):
                script, found = other, True
                break
    return script


def _less_said(part: str) -> Iterator[str]:
    """Words with a word less, or with one of its values less."""
    words = part.split()
    for at, word in enumerate(words):
        yield " ".join((*words[:at], *words[at + 1 :]))
        name, colon, value = word.partition(":")
        values = value.split(",")
        for which in range(len(values)) if len(values) > 1 else ():
            fewer = ",".join((*values[:which], *values[which + 1 :]))
            yield " ".join((*words[:at], f"{name}{colon}{fewer}", *words[at + 1 :]))


def _is_read(fuzzing: Fuzzing, part: str) -> bool:
    try:
        fuzzing.read_part(part)
    except UnknownPart:
        return False
    return True


def _plainer_moves(
    script: Script, shows: Callable[[Script], bool], budget: Budget, fuzzing: Fuzzing
) -> Script:
    """The same with smaller numbers, and with plain moves in place of those that have some."""
    for at, name in enumerate(script.moves):
        for plainer in _plainer(name, fuzzing):
            other = replace(script, moves=(*script.moves[:at], plainer, *script.moves[at + 1 :]))
            if budget.ask(shows, other):
                script = other
                break
    return script


def _plainer(name: str, fuzzing: Fuzzing) -> Iterator[str]:
    """Plainer moves that may do the same."""
    family, _, number = name.rpartition(" ")
    if not number.isdecimal() or family not in fuzzing.vocabulary.families:
        return
    if _is_known(fuzzing, family):
        yield family
    yield from (f"{family} {less}" for less in range(min(int(number), 3)))


def _is_known(fuzzing: Fuzzing, name: str) -> bool:
    try:
        return bool(fuzzing.vocabulary[name].name)
    except UnknownMove:
        return False
