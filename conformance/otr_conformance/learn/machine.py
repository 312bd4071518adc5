"""Mealy machines, as they are learned: states are numbers, inputs and answers are words."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self

from otr_model.documents import BadDocument, parse_json
from otr_reference.errors import Malformed

from .mapper import UNMADE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Edge", "Machine", "Word"]

Word = tuple[str, ...]
"""Inputs, in order."""
_FORMAT: Final = "otrspec-machine 1"


@dataclass(frozen=True, slots=True)
class Edge:
    """What an input does in a state.

    Attributes:
        answer: what comes of it.
        goto: the next state.
    """

    answer: str
    goto: int


@dataclass(frozen=True)
class Machine:
    """A Mealy machine that has an edge for each state and input. It begins in state 0.

    Attributes:
        inputs: the alphabet, in order.
        edges: for each state, the edge of each input.
    """

    inputs: tuple[str, ...]
    edges: tuple[Mapping[str, Edge], ...]

    @property
    def size(self) -> int:
        """How many states there are."""
        return len(self.edges)

    def run(self, word: Iterable[str], at: int = 0) -> tuple[str, ...]:
        """What is answered to a word."""
        answers = []
        for name in word:
            edge = self.edges[at][name]
            answers.append(edge.answer)
            at = edge.goto
        return tuple(answers)

    def after(self, word: Iterable[str], at: int = 0) -> int:
        """The state after a word."""
        for name in word:
            at = self.edges[at][name].goto
        return at

    @cached_property
    def access(self) -> tuple[Word, ...]:
        """For each state a shortest word that leads there."""
        words: dict[int, Word] = {0: ()}
        queue = deque([0])
        while queue:
            state = queue.popleft()
            for name in self.inputs:
                goto = self.edges[state][name].goto
                if goto not in words:
                    words[goto] = (*words[state], name)
                    queue.append(goto)
        return tuple(words[state] for state in range(self.size))

    @cached_property
    def _splits(self) -> list[list[int]]:
        """The classes of states that words of length 0, 1, 2, ... do not tell apart."""
        classes = [[0] * self.size]
        while True:
            before = classes[-1]
            seen: dict[tuple[object, ...], int] = {}
            now = []
            for state, edges in enumerate(self.edges):
                said = (
                    before[state],
                    *((edges[i].answer, before[edges[i].goto]) for i in self.inputs),
                )
                now.append(seen.setdefault(said, len(seen)))
            if len(seen) == len(set(before)):
                return classes
            classes.append(now)

    def separating(self, one: int, other: int) -> Word | None:
        """A shortest word that two states answer differently; None if there is none."""
        depth = next((k for k, c in enumerate(self._splits) if c[one] != c[other]), None)
        if depth is None:
            return None
        word: list[str] = []
        while depth:
            depth -= 1
            before = self._splits[depth]
            for name in self.inputs:
                mine, its = self.edges[one][name], self.edges[other][name]
                if mine.answer != its.answer or before[mine.goto] != before[its.goto]:
                    word.append(name)
                    if mine.answer != its.answer:
                        return tuple(word)
                    one, other = mine.goto, its.goto
                    break
        return tuple(word)

    @cached_property
    def identifying(self) -> tuple[tuple[Word, ...], ...]:
        """For each state, words that tell it from every other state, few and short."""
        return tuple(map(self._identifying, range(self.size)))

    def _identifying(self, state: int) -> tuple[Word, ...]:
        words: list[Word] = []
        for other in range(self.size):
            if other == state or any(self.run(w, state) != self.run(w, other) for w in words):
                continue
            word = self.separating(state, other)
            if word is not None:
                words.append(word)
        return tuple(words) or ((),)

    def tests(self, probes: Iterable[Word] = (), extra: int = 0) -> Iterator[Word]:
        """Words that show every edge, and the state behind it: the Wp method.

        A machine of at most `extra` states more that answers them all as this one does is this one.

        Args:
            probes: further words that may tell states apart.
            extra: how many states more another machine may have.
        """
        probes = tuple(probes)
        every = tuple(dict.fromkeys(word for words in self.identifying for word in words))
        for state in range(self.size):
            for walk, at in self._walks(state, extra):
                yield from filter(None, ((*self.access[state], *walk, *w) for w in every))
                for name in self.inputs:
                    edge = self.edges[at][name]
                    if edge.answer == UNMADE:
                        continue
                    for word in (*self.identifying[edge.goto], *probes):
                        yield (*self.access[state], *walk, name, *word)

    def _walks(self, state: int, longest: int) -> Iterator[tuple[Word, int]]:
        """Every walk from a state that is no longer than that, and where it leads."""
        walks: list[tuple[Word, int]] = [((), state)]
        yield from walks
        for _ in range(longest):
            walks = [
                ((*walk, name), edge.goto)
                for walk, at in walks
                for name in self.inputs
                if (edge := self.edges[at][name]).answer != UNMADE
            ]
            yield from walks

    def restricted(self, inputs: Iterable[str]) -> Self:
        """The same machine for somebody who gives it some of its inputs only."""
        inputs = tuple(inputs)
        edges = {
            state: {name: (each[name].answer, each[name].goto) for name in inputs}
            for state, each in enumerate(self.edges)
        }
        return self.trimmed(inputs, edges, 0)

    @classmethod
    def trimmed(
        cls,
        inputs: tuple[str, ...],
        edges: Mapping[Any, Mapping[str, tuple[str, Any]]],
        begin: object,
    ) -> Self:
        """A machine whose states are numbered as a search finds them, and equal ones are one.

        Args:
            inputs: the alphabet.
            edges: for each state and input, the answer and the next state.
            begin: where it begins.
        """
        found = {begin: 0}
        queue = deque([begin])
        order = [begin]
        while queue:
            state = queue.popleft()
            for name in inputs:
                goto = edges[state][name][1]
                if goto not in found:
                    found[goto] = len(found)
                    order.append(goto)
                    queue.append(goto)
        numbered = cls(
            inputs,
            tuple({n: Edge(edges[s][n][0], found[edges[s][n][1]]) for n in inputs} for s in order),
        )
        classes = numbered._splits[-1]
        if len(set(classes)) == numbered.size:
            return numbered
        merged = {
            classes[state]: {n: (e.answer, classes[e.goto]) for n, e in each.items()}
            for state, each in enumerate(numbered.edges)
        }
        return cls.trimmed(inputs, merged, classes[0])

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The machine that `to_json` wrote.

        Raises:
            Malformed: if it is none.
        """
        try:
            found: Any = parse_json(text)
            inputs = tuple(map(str, found["inputs"]))
            edges = tuple(
                {name: Edge(str(each[name][0]), int(each[name][1])) for name in inputs}
                for each in found["edges"]
            )
        except (BadDocument, ValueError, LookupError, TypeError) as error:
            raise Malformed(field="machine", reason=str(error)) from error
        if not edges or any(not 0 <= e.goto < len(edges) for each in edges for e in each.values()):
            raise Malformed(field="machine", reason="an edge leads nowhere")
        return cls(inputs, edges)

    def to_json(self, **head: str | int) -> str:
        """The machine as a file has it: a line for each state.

        Args:
            head: what else the file says.
        """
        lines = ",\n".join(
            json.dumps({n: [e[n].answer, e[n].goto] for n in self.inputs}) for e in self.edges
        )
        said = json.dumps({"format": _FORMAT, **head, "inputs": list(self.inputs)})
        return f'{said[:-1]},\n"edges": [\n{lines}\n]}}\n'
