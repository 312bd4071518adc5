"""The reference alone, over terms: there is nothing to compare, but a play can be forked.

What leads where is learned here, thousands of moves a second: scripts that show each cell and each
pair of rows. They are then played with targets that are slower. The plaintext oracle watches here,
too: it judges whatever the tables do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self

from otr_conformance.play.stage import Stuck
from otr_conformance.protocols import protocol
from otr_model.kernel.variant import NONE

from .copies import copied
from .duel import Crashed, Differs
from .promises import Promises

if TYPE_CHECKING:
    from otr_conformance.play.labs import Lab
    from otr_conformance.play.stage import AnyStage

    from .vocabulary import Fuzzing

__all__ = ["Play", "Solo", "Worlds"]

TIRED = 1500
"""Plays from the beginning after which terms are forgotten, as far as nobody needs them."""


class Play(Protocol):
    """A play under way: of the reference alone, or of a target beside it.

    Attributes:
        part: the name of who plays.
        script: the moves that were played.
        cut: why it cannot go on; "" while it can.
        twin: the stage on which the reference plays the target.
    """

    part: str
    script: list[str]
    cut: str
    twin: AnyStage

    def can(self, name: str) -> bool:
        """Whether a move is worth trying now."""

    def play(self, name: str) -> bool:
        """Play a move; False if it cannot be played."""


class Worlds:
    """Where plays begin: terms, which are new ones from time to time.

    Args:
        fuzzing: what a protocol states.
        judged: the plaintext oracle and the promises look at what happens.
    """

    def __init__(self, fuzzing: Fuzzing, *, judged: bool = True) -> None:
        self.fuzzing, self.judged = fuzzing, judged
        self._suite = protocol(fuzzing.plan.protocol).suite
        self._lab: Any = None
        self._begun = 0

    @property
    def lab(self) -> Lab:
        """The terms."""
        if self._lab is None or self._begun >= TIRED:
            self._lab, self._begun = self._suite.terms(), 0
        self._begun += 1
        lab: Lab = self._lab
        return lab

    def begin(self, part: str) -> Solo:
        """A play of which nothing has happened yet.

        Raises:
            UnknownPart: if there is nobody of that name.
        """
        return Solo(self.fuzzing, part, self.lab, judged=self.judged)


class Solo:
    """The reference on both sides; see `Play`.

    Args:
        fuzzing: what a protocol states.
        part: the name of who plays.
        lab: the terms.
        judged: the plaintext oracle and the promises look at what happens.

    Raises:
        UnknownPart: if there is nobody of that name.
    """

    __slots__ = ("_fuzzing", "_settled", "cut", "part", "promises", "script", "twin")

    def __init__(self, fuzzing: Fuzzing, part: str, lab: Lab, *, judged: bool = True) -> None:
        self._fuzzing = fuzzing
        self.part = part
        self.script: list[str] = []
        self.cut = ""
        self._settled: dict[Any, bool] = {}
        grader = fuzzing.plan.grader
        cast = fuzzing.read_part(part).cast
        if judged and fuzzing.as_it_is(cast):  # what is right then only bytes can tell
            lab = protocol(fuzzing.plan.protocol).suite.real()
        self._recall(lab)
        self.twin: AnyStage = grader.set_stage(lab, cast, grader.reference_target(NONE))
        self.promises: Promises | None = None
        if judged:
            fair = not cast.variant.edits
            self.promises = Promises.of(fuzzing, self.twin, fair=fair, inside=True)
            if grader.watch is not None:
                self.twin.watched(grader.watch(lab, cast))

    def _recall(self, lab: Any) -> None:  # noqa: ANN401 - of the protocol
        """Hashes compare as they did in this play."""
        choices = getattr(lab.suite, "choices", None)
        if choices is not None:
            choices.clear()
            choices.update(self._settled)

    def _remember(self) -> None:
        suite: Any = self.twin.lab.suite
        choices = getattr(suite, "choices", None)
        if choices is not None and len(choices) != len(self._settled):
            self._settled = dict(choices)

    def fork(self) -> Self:
        """A copy: what happens to one leaves the other as it is."""
        new = object.__new__(type(self))
        new._fuzzing = self._fuzzing
        new._settled = self._settled
        new.part, new.cut, new.script = self.part, self.cut, list(self.script)
        new.twin = self._fuzzing.plan.fork(self.twin)
        new.promises = None if self.promises is None else self.promises.forked(new.twin)
        if self.twin.watch is not None:
            new.twin.watch = copied(self.twin.watch)
        return new

    def can(self, name: str) -> bool:
        """Whether a move is worth trying now."""
        return bool(self._fuzzing.vocabulary[name].when(self.twin))

    def play(self, name: str) -> bool:
        """Play a move; False if it cannot be played.

        A move that could not be played may have changed something: then this play is cut.

        Raises:
            Differs: if the plaintext oracle objects, or a promise is broken.
            Crashed: if the reference does not know what to do.
            UnknownMove: if there is no such move.
        """
        move, stage = self._fuzzing.vocabulary[name], self.twin
        self._recall(stage.lab)
        before, fired = len(stage.observations), len(stage.fired)
        try:
            move.play(stage)
        except Stuck as reason:
            if len(stage.observations) == before:
                return False
            self.cut = str(reason)
        except Exception as error:
            self.script.append(name)
            message = f"{type(error).__name__}: {error}"
            raise Crashed(message) from error
        self._remember()
        self.script.append(name)
        if self.promises is not None:
            self._judge(name, self.promises, fired)
        return True

    def _judge(self, name: str, promises: Promises, fired: int) -> None:
        """See that nothing has happened that must not.

        Raises:
            Differs: if something has.
        """
        watch = self.twin.watch
        says = watch.violations[0].sentence if watch is not None and watch.violations else ""
        says = says or promises.broken(name, self.twin)
        if says:
            rows = tuple(dict.fromkeys(each.row for each in self.twin.fired[fired:]))
            raise Differs(says, rows, oracle=True)
