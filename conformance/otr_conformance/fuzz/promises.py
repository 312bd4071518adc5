"""What must hold whatever the network does, and whatever the tables say.

Nothing here is compared with a prediction. What is looked at is what anybody sees who sits beside
the target's user and on the wire:

- no two Data Messages of the target's are under one key with one counter;
- a MAC key is made public once, and never one that protects what the target sent itself;
- where both sides have one secure session id, they read out its two halves in turn;
- who is told that the secrets of SMP are equal has given the one that the peer has given, and who
  is told that they differ has given another.

That two sides come to rest is for whoever plays to see (`otr_conformance.play.stage.Storm`).

The plaintext oracle (`otr_conformance.play.watch`) knows which texts may be shown and sent. A
protocol may look inside as well, where the target is the reference: what has to be forgotten is
(`Fuzzing.kept`), and a second reader of the tables finds nothing wrong with a step
(`Fuzzing.judged`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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


@dataclass
class Promises:
    """What is known of a play so far.

    Attributes:
        fuzzing: the protocol.
        fair: the tester deviates in nothing.
        inside: the target is the reference, and can be looked into.
        given: the secret that each side has given last.
        used: what the target has encrypted under.
        looked: how many observations were looked at.
        counted: how many of the target's Data Messages were.
        passed: how often something was sent or arrived.
        objections: of a second reader of the tables.
    """

    fuzzing: Fuzzing
    fair: bool
    inside: bool
    given: dict[str, str] = field(default_factory=dict)
    used: set[Hashable] = field(default_factory=set)
    looked: int = 0
    counted: int = 0
    passed: int = 0
    objections: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, fuzzing: Fuzzing, stage: AnyStage, *, fair: bool, inside: bool) -> Self:
        """Those of a play in which nothing has happened yet."""
        new = cls(fuzzing, fair, inside)
        if inside:
            fuzzing.judged(stage.target, new.objections)
        return new

    def forked(self, stage: AnyStage) -> Self:
        """Those of a copy of the stage, which goes on by itself."""
        looked = len(stage.observations)
        return replace(self, given=dict(self.given), used=set(self.used), looked=looked)

    def broken(self, move: str, stage: AnyStage) -> str:
        """The first promise that is broken after a move, in a sentence; "" if none is."""
        return next(iter(self.all_broken(move, stage)), "")

    def all_broken(self, move: str, stage: AnyStage) -> list[str]:
        """All promises that are broken after a move, in sentences."""
        return list(self._broken(move, stage))

    def _broken(self, move: str, stage: AnyStage) -> Iterator[str]:
        new = stage.observations[self.looked :]
        self.looked = len(stage.observations)
        who, _, deed = move.partition(" ")
        if deed in SECRETS and len(stage.passed) > self.passed:  # a secret of which something came
            self.given[who] = SECRETS[deed]
        self.passed = len(stage.passed)
        self.fair = self.fair and not any(word in move for word in UNFAIR)
        for observation in new:
            yield from self._of_keys(observation)
            yield from self._of_smp(observation)
        yield from self._of_counters(stage)
        ours, theirs = (stage.secured(each).split(" ") for each in ("target", "tester"))
        if len(ours) == len(theirs) == 2 and ours == theirs:  # noqa: PLR2004 - session id and half
            yield AT_ODDS
        if self.inside:
            yield from self.objections
            yield from self.fuzzing.kept(stage.target)

    def _of_keys(self, observation: Observation) -> Iterator[str]:
        if observation.repeated:
            yield f"{observation.step}: the target made a MAC key public once more"
        for number in observation.exposed:
            yield (
                f"{observation.step}: the target made public the MAC key of its own Data Message "
                f"{number}"
            )

    def _of_smp(self, observation: Observation) -> Iterator[str]:
        equal = len(set(self.given.values())) == 1 and len(self.given) > 1
        for report, success in TOLD.items():
            if report in observation.reports and success is not equal and (success or self.fair):
                word = "equal" if success else "different"
                yield f"{observation.step}: the target's user was told of {word} secrets, wrongly"

    def _of_counters(self, stage: AnyStage) -> Iterator[str]:
        own = stage.own
        for number, data in enumerate(own[self.counted :], self.counted):
            used = self._under(stage, data, number)
            if used in self.used:
                yield "the target encrypted twice under one key and counter"
            self.used.add(used)
        self.counted = len(own)

    def _under(self, stage: AnyStage, data: object, number: int) -> Hashable:
        """The keys and the counter that a Data Message of the target's is encrypted under."""
        return self.fuzzing.under(stage, data, self._session(stage, number))

    def _session(self, stage: AnyStage, number: int) -> str:
        """The secure session id that was told last when a message was sent."""
        return stage.sent_in(number)
