"""What must hold whatever the network does, and whatever the tables say.

Nothing here is compared with a prediction. What is looked at is what anybody sees who sits beside the
target's user and on the wire:

- no two Data Messages of the target's are under one key with one counter;
- a MAC key is made public once, and never one that protects what the target sent itself;
- where both sides have one secure session id, they read out its two halves in turn;
- who is told that the secrets of SMP are equal has given the one that the peer has given, and who is
  told that they differ has given another;
- two sides that follow the tables come to rest.

The plaintext oracle (`otr_conformance.play.watch`) knows which texts may be shown and sent. A
protocol may look inside as well, where the target is the reference: what has to be forgotten is
(`Fuzzing.kept`).
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from otr_conformance.play.stage import AnyStage, Observation

    from .vocabulary import Fuzzing

__all__ = ["Promises"]

SECRETS: Final = {
    "begins SMP": "one",
    "asks with SMP": "one",
    "answers SMP": "one",
    "answers SMP wrongly": "another",
}
"""What the moves of users' are about that give a secret: one of two secrets."""
TOLD: Final = {"smp success": True, "smp failure": False}
UNFAIR: Final = ("stray SMP", "broken SMP", "becomes")
"""Moves of the tester's after which a failure of SMP has other reasons."""
AT_ODDS: Final = "both sides read out the same half of one secure session id first"


class Promises:
    """What is known of a play so far.

    Args:
        fuzzing: the protocol.
        fair: the tester deviates in nothing.
        inside: the target is the reference, and can be looked into.
    """

    def __init__(self, fuzzing: Fuzzing, *, fair: bool, inside: bool) -> None:
        self._fuzzing, self._fair, self._inside = fuzzing, fair, inside
        self._given: dict[str, str] = {}
        self._used: set[Hashable] = set()
        self._looked = 0
        self._counted = 0

    def forked(self, stage: AnyStage) -> Self:
        """One that knows the same, and goes on by itself, on a copy of the stage."""
        new = copy(self)
        new._given, new._used = dict(self._given), set(self._used)
        new._looked = len(stage.observations)
        return new

    def broken(self, move: str, stage: AnyStage) -> str:
        """The first promise that is broken after a move, in a sentence; "" if none is."""
        return next(self._broken(move, stage), "")

    def _broken(self, move: str, stage: AnyStage) -> Iterator[str]:
        new = stage.observations[self._looked :]
        self._looked = len(stage.observations)
        who, _, deed = move.partition(" ")
        sent = stage.to_tester if who == "target" else stage.to_target
        if deed in SECRETS and sent:
            self._given[who] = SECRETS[deed]
        self._fair = self._fair and not any(word in move for word in UNFAIR)
        for observation in new:
            yield from self._of_keys(observation)
            yield from self._of_smp(observation)
        yield from self._of_counters(stage)
        ours, theirs = (stage.secured(each).split(" ") for each in ("target", "tester"))
        if len(ours) == len(theirs) == 2 and ours == theirs:  # noqa: PLR2004 - session id and half
            yield AT_ODDS
        if self._inside:
            yield from self._fuzzing.kept(stage.target)

    def _of_keys(self, observation: Observation) -> Iterator[str]:
        if observation.repeated:
            yield f"{observation.step}: the target made a MAC key public once more"
        for number in observation.exposed:
            yield (
                f"{observation.step}: the target made public the MAC key of its own Data Message "
                f"{number}"
            )

    def _of_smp(self, observation: Observation) -> Iterator[str]:
        equal = len(set(self._given.values())) == 1 and len(self._given) > 1
        for report, success in TOLD.items():
            if report in observation.reports and success is not equal and (success or self._fair):
                word = "equal" if success else "different"
                yield f"{observation.step}: the target's user was told of {word} secrets, wrongly"

    def _of_counters(self, stage: AnyStage) -> Iterator[str]:
        own = stage.own
        for data in own[self._counted :]:
            used = self._fuzzing.under(stage, data)
            if used in self._used:
                yield "the target encrypted twice under one key and counter"
            self._used.add(used)
        self._counted = len(own)
