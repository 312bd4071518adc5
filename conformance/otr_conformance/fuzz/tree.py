"""Scripts as a tree: what several begin with is predicted once, and played once.

    tree = Tree(fuzzing, scripts)
    for suspect in tree.walk(variant):
        if suspect is not None: print(suspect.script)

The tables predict every move of the tree once, over terms. The reference under a variant is then
taken through it: at a fork its stage is copied, so that nothing is played again. What it does
otherwise is told as it is by `Duel`, with the same tolerances and the same judges.

A suspect is to be replayed, since a duel has the last word: over bytes two hashes may compare the
other way round, and that is all that differs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from otr_conformance.derive.plan import Script
from otr_conformance.play.compare import Comparing
from otr_conformance.play.stage import Stuck
from otr_conformance.protocols import protocol
from otr_model.kernel.variant import NONE

from .copies import copied
from .promises import Promises

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from otr_conformance.play.labs import Lab
    from otr_conformance.play.stage import AnyStage, Observation
    from otr_model.kernel.variant import Variant

    from .vocabulary import Fuzzing

__all__ = ["Node", "Side", "Suspect", "Tree", "differs"]


@dataclass(slots=True, eq=False)
class Node:
    """A move behind others.

    Attributes:
        name: of the move; "" at the root of somebody's.
        observed: what the tables predict to be seen.
        stuck: the move cannot be ended.
        ways: how many messages are on their way to either side, and have passed.
        next: what is played behind it, by name.
    """

    name: str = ""
    observed: tuple[Observation, ...] = ()
    stuck: bool = False
    ways: tuple[int, ...] = ()
    next: dict[str, Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A script in which somebody seems not to do what the tables do.

    Attributes:
        script: with the move that shows it.
        because: what seems to differ, in a sentence.
    """

    script: Script
    because: str


class Side:
    """The reference under a variant, on a stage that can be forked.

    Args:
        fuzzing: what the protocol states.
        part: the name of who plays.
        lab: where.
        variant: what is wrong with the reference, or how the tables are read.
        judged: the plaintext oracle and the promises look at it, unless nothing is wrong.

    Attributes:
        stage: where it plays.
        comparing: how it is compared with what is predicted.
        promises: what must hold whatever the tables say; None where nobody judges.
    """

    __slots__ = ("_fuzzing", "_settled", "comparing", "promises", "stage")

    def __init__(
        self, fuzzing: Fuzzing, part: str, lab: Lab, variant: Variant, *, judged: bool = True
    ) -> None:
        grader, cast = fuzzing.plan.grader, fuzzing.read_part(part).cast
        self._fuzzing = fuzzing
        self._settled: dict[Any, bool] = {}
        self._recall(lab)
        self.stage: AnyStage = grader.set_stage(lab, cast, grader.reference_target(variant))
        self.comparing = Comparing(grader.compared)
        self.promises: Promises | None = None
        if variant is not NONE and judged:
            fair = not cast.variant.edits
            self.promises = Promises.of(fuzzing, self.stage, fair=fair, inside=False)
            if grader.watch is not None:
                self.stage.watched(grader.watch(lab, cast))

    def _recall(self, lab: Any) -> None:  # noqa: ANN401 - of the protocol
        """Hashes compare as they did in this play."""
        choices = getattr(lab.suite, "choices", None)  # over bytes hashes compare as they do
        if choices is not None and choices != self._settled:
            choices.clear()
            choices.update(self._settled)

    def forked(self) -> Self:
        """A copy: what happens to one leaves the other as it is."""
        new = object.__new__(type(self))
        new._fuzzing, new._settled = self._fuzzing, self._settled
        new.stage = self._fuzzing.plan.fork(self.stage)
        new.comparing = self.comparing.forked()
        new.promises = None if self.promises is None else self.promises.forked(new.stage)
        if self.stage.watch is not None:
            new.stage.watch = copied(self.stage.watch)
        return new

    @property
    def ways(self) -> tuple[int, ...]:
        """How many messages are on their way, and have passed."""
        stage = self.stage
        return len(stage.to_target), len(stage.to_tester), len(stage.passed)

    def play(self, name: str) -> tuple[tuple[Observation, ...], Stuck | None]:
        """Play a move: what was seen, and why it could not be ended."""
        stage = self.stage
        self._recall(stage.lab)
        seen = len(stage.observations)
        stuck = None
        try:
            self._fuzzing.vocabulary[name].play(stage)
        except Stuck as reason:
            stuck = reason
        choices = getattr(stage.lab.suite, "choices", None)
        if choices is not None and len(choices) != len(self._settled):
            self._settled = dict(choices)
        return tuple(stage.observations[seen:]), stuck

    def can(self, name: str) -> bool:
        """Whether a move is worth trying."""
        return bool(self._fuzzing.vocabulary[name].when(self.stage))

    def predicted(self, name: str) -> Node:
        """Play a move, and say what comes of it."""
        observed, stuck = self.play(name)
        return Node(name, observed, stuck is not None, self.ways)

    def on(self, stage: AnyStage) -> Self:
        """A copy that goes on upon another stage, which is a copy of this one."""
        new = self.forked()
        new.stage = stage
        return new

    def differs(self, node: Node) -> str:
        """Play a move: what is not as it was predicted, in a sentence; "" if nothing is."""
        found, stuck = self.play(node.name)
        for want, got in zip(node.observed, found, strict=False):
            because = self.comparing.next(want, got)
            if because:
                return f"{want.step}: {because}"
        if (stuck is not None) is not node.stuck or len(found) != len(node.observed):
            return str(stuck or "the tables cannot go on")
        watch = self.stage.watch
        if watch is not None and watch.violations:
            return watch.violations[0].sentence
        return "" if self.promises is None else self.promises.broken(node.name, self.stage)


class Tree:
    """Scripts, with what the tables predict.

    Args:
        fuzzing: what the protocol states.
        scripts: moves that cannot be played are left out, and what stands behind one after which
            nothing can be compared.

    Attributes:
        size: how many moves there are.
    """

    def __init__(self, fuzzing: Fuzzing, scripts: Iterable[Script]) -> None:
        self.fuzzing = fuzzing
        self.size = 0
        self._suite = protocol(fuzzing.plan.protocol).suite
        self._roots: dict[str, Node] = {}
        for script in scripts:
            node = self._roots.setdefault(script.part, Node())
            for name in script.moves:
                node = node.next.setdefault(name, Node(name))
        self._predict()

    def _predict(self) -> None:
        """Play everything with the tables themselves."""
        lab = self._suite.terms()
        for part, root in self._roots.items():
            open_ = [(root, Side(self.fuzzing, part, lab, NONE))]
            while open_:
                open_ += self._predicted(*open_.pop())

    def _predicted(self, node: Node, side: Side) -> list[tuple[Node, Side]]:
        """Predict what is next, and leave out what cannot be played."""
        nodes = _playable(node, side)
        made = []
        for number, child in enumerate(nodes):
            other = side if number == len(nodes) - 1 else side.forked()
            done = other.predicted(child.name)
            child.observed, child.stuck, child.ways = done.observed, done.stuck, done.ways
            if child.stuck:
                child.next.clear()
            if child.observed or not child.stuck:
                self.size += 1
                made.append((child, other))
        node.next = {child.name: child for child, _ in made}
        return made

    def without(self, suspects: Iterable[Suspect]) -> None:
        """Leave out the last move of scripts, and what stands behind it."""
        for suspect in suspects:
            *before, last = suspect.script.moves
            node: Node | None = self._roots[suspect.script.part]
            for name in before:
                node = None if node is None else node.next.get(name)
            gone = None if node is None else node.next.pop(last, None)
            self.size -= 0 if gone is None else _moves(gone)

    def walk(
        self, variant: Variant, lab: Lab | None = None, reading: Variant = NONE
    ) -> Iterator[Suspect | None]:
        """Take the reference under a variant through the tree, those first who come first.

        Args:
            variant: what is wrong with it.
            lab: where it plays; None: over terms.
            reading: how the tables are read; otherwise than as they are, everything is predicted
                once more.

        Yields:
            After each move, where it seems to do something else, and None if it does not. Nothing
            is played behind a suspect.
        """
        where = self._suite.terms() if lab is None else lab
        for part, root in self._roots.items():
            if lab is None or not self.fuzzing.as_it_is(self.fuzzing.read_part(part).cast):
                yield from self._walk(part, root, where, variant, reading)

    def _walk(
        self, part: str, root: Node, lab: Lab, variant: Variant, reading: Variant
    ) -> Iterator[Suspect | None]:
        twin: Side | None = None
        if reading is not NONE:
            twin = Side(self.fuzzing, part, self._suite.terms(), reading, judged=False)
        try:
            side = Side(self.fuzzing, part, lab, variant)
        except Exception as error:  # noqa: BLE001 - a mutant may break in any way
            yield Suspect(Script(part, ()), f"{type(error).__name__}: {error}")
            return
        open_: list[tuple[Node, Side, Side | None, tuple[str, ...]]] = [(root, side, twin, ())]
        while open_:
            node, side, twin, moves = open_.pop()
            behind = []
            for number, child in enumerate(node.next.values()):
                last = number == len(node.next) - 1
                other = side if last else side.forked()
                beside = twin if twin is None or last else twin.forked()
                script = (*moves, child.name)
                predicted = child if beside is None else beside.predicted(child.name)
                because = differs(other, predicted)
                yield Suspect(Script(part, script), because) if because else None
                if not because and child.next and other.ways == predicted.ways:
                    behind.append((child, other, beside, script))
            open_ += reversed(behind)


def _moves(node: Node) -> int:
    """How many moves there are, this one and those behind it."""
    count, open_ = 0, [node]
    while open_:
        count += 1
        open_ += open_.pop().next.values()
    return count


def _playable(node: Node, side: Side) -> list[Node]:
    """What is next and can be played; what stands behind something else comes up in its place."""
    found: dict[str, Node] = {}
    waiting = list(node.next.values())
    while waiting:
        child = waiting.pop(0)
        if side.can(child.name):
            _joined(found.setdefault(child.name, child), child)
        else:
            waiting += child.next.values()
    return list(found.values())


def _joined(node: Node, other: Node) -> None:
    """Put what stands behind a move behind the same move."""
    if node is other:
        return
    for child in other.next.values():
        _joined(node.next.setdefault(child.name, child), child)


def differs(side: Side, node: Node) -> str:
    """Play a move: what is not as it was predicted; an error of any kind is not."""
    try:
        return side.differs(node)
    except Exception as error:  # noqa: BLE001 - a mutant may break in any way
        return f"{type(error).__name__}: {error}"
