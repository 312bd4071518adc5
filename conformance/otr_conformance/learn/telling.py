"""A difference as people read it: a sequence that can be drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_conformance.reports.steps import steps_of
from otr_model.trace import Arrow, Note, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["TARGET", "TESTER", "sequence_of"]

TESTER, TARGET = "tester", "target"
_BETWEEN: Final = " -> "
_USER: Final = "'s user: "
_DOES: Final = "the target's user "
_SECURED: Final = ("secure ", "still-secure ")
_REACHES: Final = " reaches the target"
_UNUSED: Final = ("the tester reads what came",)


def sequence_of(log: Iterable[str], because: str, title: str) -> Sequence:
    """What happened in a word, and what the tables say of its end.

    Args:
        log: of the case that the word is.
        because: what differs at its end, in a sentence.
        title: what is drawn.
    """
    steps: list[Arrow | Note] = []
    for step in steps_of(log):
        found = list(_of_lines(step.lines))
        silent = not any(isinstance(each, Arrow) for each in found)
        arrived = step.says.removesuffix(_REACHES)
        drawn = any(isinstance(each, Arrow) and each.receiver == TARGET for each in found)
        if arrived != step.says and not drawn:
            steps.append(Arrow(TESTER, TARGET, arrived))
        elif step.says.startswith(_DOES) or (silent and step.says not in _UNUSED):
            steps.append(Note(TARGET, step.says))
        steps += found
    if because:
        steps.append(Note(TARGET, f"otherwise than the tables: {because}"))
    return Sequence(title, (TESTER, TARGET), tuple(steps))


def _of_lines(lines: Iterable[str]) -> Iterator[Arrow | Note]:
    for line in lines:
        who, _, said = line.partition(": ")
        sender, arrow, receiver = who.partition(_BETWEEN)
        if arrow and {sender, receiver} == {TESTER, TARGET}:
            yield Arrow(sender, receiver, said)
        elif _USER in line:
            owner, _, told = line.partition(_USER)
            if told.startswith(_SECURED):
                told = " ".join(told.split(" ")[:2])  # not how the session id is shown
            yield Note(TESTER if owner == TESTER else TARGET, f"user: {told}")
        else:
            yield Note(TARGET, line)
