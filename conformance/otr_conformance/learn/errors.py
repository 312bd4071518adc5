"""What can be wrong when a machine is learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from .machine import Word

__all__ = [
    "BadSetting",
    "Endless",
    "Interrupted",
    "LearningStopped",
    "OutOfTime",
    "TooManyFaults",
    "Wavering",
]


class BadSetting(OtrSpecError):
    """A setting or an input that is not there; the message says which there are."""


class LearningStopped(OtrSpecError):
    """A machine cannot be learned to its end; what was asked until then is kept."""


class Interrupted(LearningStopped):
    """Whoever began it wants no more."""

    def __init__(self) -> None:
        super().__init__("it was interrupted; with --resume the next run goes on there")


class OutOfTime(LearningStopped):
    """The time is up."""


class Endless(LearningStopped):
    """No end is to be seen: answers are always new, or machines are refuted and do not grow."""


class TooManyFaults(LearningStopped):
    """The target dies or hangs all the time."""


class Wavering(LearningStopped):
    """A target answers the same word in two ways.

    Attributes:
        word: the inputs, up to the one that is answered so.
        before: what was answered to the last of them before.
        now: what was answered this time.
    """

    def __init__(self, word: Word, before: str, now: str) -> None:
        self.word = word
        self.before = before
        self.now = now
        super().__init__(
            f"the target is not deterministic: after {'; '.join(word)!r} it answered {before!r}, "
            f"and another time {now!r}"
        )
