"""What the outputs of one step say, whichever protocol's they are.

Each protocol's reader knows its notices and messages; what it makes of them is gathered here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_reference.otrv3.notices import SmpStage

from .party import Claim, Deed

if TYPE_CHECKING:
    from otr_check.terms import Term

    from .party import Memory, Told

__all__ = ["Reading"]


class Reading:
    """What is gathered of one step.

    Args:
        memory: what was remembered before it.
        best: the instance that the user was in.

    Attributes:
        wires: messages that were sent.
        told: what the user was told of sessions.
        claims: what happened.
        words: what the user was shown, in words.
    """

    def __init__(self, memory: Memory, best: int) -> None:
        self.memory = memory
        self.best = best
        self.wires: list[Term] = []
        self.told: list[tuple[int, Told | None]] = []
        self.claims: list[Claim] = []
        self.words: list[str] = []

    def tell(self, instance: int, told: Told | None, words: str) -> None:
        """The user was told of a session; None: that it is not private."""
        self.told.append((instance, told))
        self.words.append(words)

    def in_clear(self, text: Term) -> None:
        """A text was sent in the clear."""
        typed = {each for each, _ in self.memory.of(Deed.TYPED)}
        if self.memory.standing(self.best) is not None or text in typed:
            self.claims.append(Claim(Deed.CLEAR, (text,)))

    def staged(self, stage: SmpStage, ssid: object) -> None:
        """SMP went on, in the session with a secure session id."""
        match stage:
            case SmpStage.SUCCESS:
                self.claims.append(Claim(Deed.AGREED, (ssid,)))
            case SmpStage.FAILURE:
                self.claims.append(Claim(Deed.DIFFERED, (ssid,)))
            case _:
                pass
        self.words.append(f"SMP: {stage.meaning}")
