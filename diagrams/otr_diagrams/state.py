"""State diagrams: a table as the picture that a specification would have.

A box is a state: its name, its meaning, and what it does without leaving it. An arrow is what leads
from one state to another. What happens whatever the state is has a box of its own, "in any state".
Each entry reads

    number  EVENT [guard]
            what is sent, or told the user, and the events that it raises

with the numbers of the table's page. An effect that nobody else notices is left out, unless it is
all that there is; so are rows that ignore their event, and of a guard the condition without which
several events are ignored in every state. Notes under the picture say so.

A machine with one state has nothing to show of that kind. Its picture leads from events, condition
by condition, to outcomes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from otr_model.kernel.composition import states_of
from otr_model.kernel.guard import Connective, Guard
from otr_model.kernel.pages import Transition, transitions
from otr_model.kernel.readings import PAGE
from otr_model.kernel.vocabulary import Observer

from . import style
from .drawing import GAP, RULE, Drawing, beside, graph, label

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import graphviz

    from otr_model.kernel.composition import AnyTable
    from otr_model.kernel.table import Raise
    from otr_model.kernel.vocabulary import Event
    from otr_model.kernel.words import Word

__all__ = ["state_diagram"]

ANYWHERE = "any state"
COLUMNS = 42
"""Characters of a line in a box."""
TALL = 45
"""Lines of a box, gaps among them, beyond which its entries stand in several columns."""
MOST = 3
"""Columns of a box."""
COLUMN = 36
"""Characters of a line of one of them."""
NARROW = 27
"""Characters of a line beside an arrow."""
CONDITION = 26
"""Characters of a line of a condition between events and outcomes."""

_Path = tuple[tuple[Guard, ...], Transition]
"""A transition, and what is left of its guard."""


def state_diagram(table: AnyTable) -> Drawing:
    """The drawing of a table; its name is `state-` and the machine's."""
    found = tuple(t for t in transitions(table) if not t.ignores)
    machine = _Machine(table, found, _granted(table))
    dot = machine.decisions() if len(states_of(table)) == 1 else machine.states()
    return Drawing(f"state-{table.machine}", dot, machine.mermaid())


def _conjuncts(guard: Guard) -> tuple[Guard, ...]:
    """What a guard demands, piece by piece."""
    match guard.connective:
        case Connective.ALWAYS:
            return ()
        case Connective.AND:
            return tuple(piece for part in guard.parts for piece in _conjuncts(part))
        case _:
            return (guard,)


def _granted(table: AnyTable) -> dict[Event, Guard]:
    """A condition without which an event is ignored in every state, as others are without it."""
    needed: dict[Event, Guard] = {}
    everywhere = len(states_of(table))
    for transition in transitions(table):
        when = transition.row.when
        if not transition.ignores or len(transition.rows) < everywhere:
            continue
        if when.connective is Connective.NOT and when.parts[0].connective is Connective.ATOM:
            needed[transition.row.on] = when.parts[0]
    often = Counter(guard.text for guard in needed.values())
    return {event: guard for event, guard in needed.items() if often[guard.text] > 1}


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of a box or an arrow.

    Attributes:
        numbers: of the transitions.
        heads: event and guard of each.
        outcome: what all of them send, tell or raise.
    """

    numbers: tuple[int, ...]
    heads: tuple[str, ...]
    outcome: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Machine:
    """Draws one table.

    Attributes:
        table: the table.
        found: its transitions that do something.
        granted: of each event, what guards need not repeat.
    """

    table: AnyTable
    found: tuple[Transition, ...]
    granted: dict[Event, Guard]

    # What is written.

    def guard(self, transition: Transition) -> str:
        """The guard, without what the event demands anyway; "" if nothing is left."""
        granted = self.granted.get(transition.row.on)
        pieces = [piece for piece in _conjuncts(transition.row.when) if piece != granted]
        return " and ".join(map(_bracketed, pieces))

    def outcome(self, transition: Transition) -> tuple[tuple[str, str], ...]:
        """What others, the user and other machines notice: texts with their colours."""
        seen = {Observer.WIRE: style.BLUE, Observer.USER: style.AMBER}
        effects = [
            (effect.name, seen[effect.spec.seen])
            for effect in transition.row.do
            if effect.spec.seen in seen
        ]
        raised = [(_raised(r), style.TEAL) for r in transition.row.raises]
        silent = [(effect.name, style.INK) for effect in transition.row.do]
        return tuple([*effects, *raised] or silent)

    def entries(self, mine: Iterable[Transition], *, events: bool = True) -> list[_Entry]:
        """Entries: unguarded transitions with one outcome share an entry."""
        found: dict[tuple[object, ...], list[Transition]] = {}
        for transition in mine:
            guard = self.guard(transition)
            alone = (transition.number,) if guard else ()
            found.setdefault((self.outcome(transition), *alone), []).append(transition)
        return [
            _Entry(
                tuple(t.number for t in those),
                tuple(self.head(t, events=events) for t in those),
                self.outcome(those[0]),
            )
            for those in found.values()
        ]

    def head(self, transition: Transition, *, events: bool) -> str:
        guard = self.guard(transition)
        event = transition.row.on.name if events else ""
        return f"{event} [{guard}]".strip() if guard else event

    # DOT.

    def states(self) -> str:
        """Boxes are states, arrows lead from one to another."""
        order = [ANYWHERE, *(state.name for state in states_of(self.table))]
        dot = graph(
            f"state-{self.table.machine}",
            rankdir="TB",
            nodesep="0.35",
            ranksep="0.4",
        )
        dot.node("start", shape="point", width="0.14", color=style.INK, fillcolor=style.INK)
        for state in states_of(self.table):
            self.state(dot, state)
        with dot.subgraph() as beside:
            beside.attr(rank="same")
            beside.edge("start", self.table.initial.name)
        everywhere = [t for t in self.found if self.anywhere(t)]
        if everywhere:
            self.everywhere(dot, [t for t in everywhere if t.goto is None])
        for (start, end), mine in self.arrows().items():
            # Arrows back are drawn from their end, so that states stand in their order.
            back = order.index(start) > order.index(end)
            dot.edge(
                *((end, start) if back else (start, end)),
                label=label(*self.lines(self.entries(mine), NARROW)[1:]),
                tooltip=_ids(mine),
                labeltooltip=_ids(mine),
                **({"dir": "back"} if back else {}),
            )
        dot.attr(label=self.legend(), labelloc="b", labeljust="l")
        return dot.source

    def anywhere(self, transition: Transition) -> bool:
        """Whether it happens whatever the state is."""
        return len(transition.rows) == len(states_of(self.table))

    def staying(self, state: Word) -> list[Transition]:
        """What a state does without being left, apart from what every state does."""
        return [
            t
            for t in self.found
            if state in t.states and not self.anywhere(t) and t.goto in {None, state}
        ]

    def state(self, dot: graphviz.Digraph, state: Word) -> None:
        """A state: name, meaning, and what it does without being left."""
        stay = self.staying(state)
        meaning = [
            style.font(style.html(line), color=style.MUTED, size=10)
            for line in style.wrapped(state.meaning, COLUMNS)
        ]
        lines = [style.font(style.html(state.name), bold=True, size=12), *meaning]
        if stay:
            lines += [RULE, *self.columns(self.entries(stay))]
        initial = state is self.table.initial
        dot.node(state.name, label(*lines), penwidth="2" if initial else "1", tooltip=_ids(stay))

    def everywhere(self, dot: graphviz.Digraph, stay: Sequence[Transition]) -> None:
        """The box of what happens whatever the state is."""
        title = style.font(f"in {ANYWHERE}", color=style.MUTED, size=11, bold=True)
        lines = [title, *((RULE, *self.columns(self.entries(stay))) if stay else ())]
        dot.node(
            ANYWHERE,
            label(*lines),
            style="rounded,filled,dashed",
            fillcolor=style.PAPER,
            tooltip=_ids(stay),
        )

    def arrows(self) -> dict[tuple[str, str], list[Transition]]:
        """The transitions that lead from one state to another, by both; from any state once."""
        found: dict[tuple[str, str], list[Transition]] = {}
        for transition in self.found:
            goto = transition.goto
            if goto is None:
                continue
            if self.anywhere(transition):
                found.setdefault((ANYWHERE, goto.name), []).append(transition)
                continue
            for state in transition.states:
                if state is not goto:
                    found.setdefault((state.name, goto.name), []).append(transition)
        return found

    def columns(self, entries: Sequence[_Entry]) -> list[str]:
        """Entries as lines of a label, in several columns where there are many."""
        if sum(len(self.lines([entry])) for entry in entries) <= TALL:
            return self.lines(entries)
        high = [len(self.lines([entry], COLUMN)) for entry in entries]
        return [beside(*(self.lines(each, COLUMN) for each in _divided(entries, high)))]

    def lines(self, entries: Sequence[_Entry], columns: int = COLUMNS) -> list[str]:
        """Entries as lines of a label: numbers, then what happens."""
        deep = max(len(str(number)) for entry in entries for number in entry.numbers)
        indent = _blank(deep + 1)
        lines: list[str] = []
        for entry in entries:
            lines.append(GAP)
            for number, head in zip(entry.numbers, entry.heads, strict=True):
                shown = style.font(str(number), color=style.MUTED)
                first, *others = style.wrapped(head, columns) or [""]
                lines.append(
                    f"{_blank(deep - len(str(number)))}{shown}{_blank(1)}{style.html(first)}"
                )
                lines += [indent + style.html(line) for line in others]
            lines += [indent + line for line in _flowing(entry.outcome, columns)]
        return lines

    def legend(self) -> str:
        """What the signs mean, and what is left out."""
        ignored = sum(row.ignores for row in self.table.rows)
        notes = ["Numbers are those of the rows on the page of the table."]
        if any(t.row.raises for t in self.found):
            notes[0] = f"{style.RAISES} raises an event. {notes[0]}"
        if any(raised.to is not None for t in self.found for raised in t.row.raises):
            notes[0] += " “for” names the key of whom it is for; 0 is the master session."
        if ignored:
            rows = len(self.table.rows)
            notes.append(f"Not drawn: {ignored} of {rows} rows, which ignore their event.")
        for guard in dict.fromkeys(guard.text for guard in self.granted.values()):
            events = [event.name for event, of in self.granted.items() if of.text == guard]
            notes.append(f"Ignored unless {guard}: {', '.join(events)}.")
        lines = [line for note in notes for line in style.wrapped(note, 90)]
        shown = (style.font(style.html(line), color=style.MUTED, size=10) for line in lines)
        return label(GAP, GAP, *shown)

    # DOT, of machines with one state.

    def decisions(self) -> str:
        """From events, condition by condition, to outcomes."""
        dot = graph(f"state-{self.table.machine}", rankdir="LR", nodesep="0.1", ranksep="0.22")
        # A cluster keeps what follows an event together, and apart from the others'. Clusters, and
        # what is in them, are drawn from below.
        for event in reversed(self.table.events):
            with dot.subgraph(name=f"cluster {event.name}") as one:
                one.attr(peripheries="0", margin="4")
                one.node(event.name, label(style.font(style.html(event.name), bold=True, size=12)))
                mine = [t for t in reversed(self.found) if t.row.on is event]
                self.decide(one, event.name, [(_conjuncts(t.row.when), t) for t in mine])
        dot.attr(label=self.legend(), labelloc="b", labeljust="l")
        return dot.source

    def decide(self, dot: graphviz.Digraph, above: str, left: Sequence[_Path]) -> None:
        """What follows a node: a branch for each next condition of the guards that are left."""
        branches: dict[tuple[Guard, ...], list[_Path]] = {}
        for conditions, transition in left:
            branches.setdefault(conditions[:1], []).append((conditions[1:], transition))
        for first, paths in branches.items():
            shared = (*first, *_prefix([conditions for conditions, _ in paths]))
            beyond = len(shared) - len(first)
            node = f"{above}/{' and '.join(part.text for part in shared)}" if shared else above
            if shared:
                lines = style.wrapped(" and ".join(map(_bracketed, shared)), CONDITION)
                dot.node(
                    node,
                    label(*map(style.html, lines)),
                    shape="plaintext",
                    style="",
                    margin="0.03,0",
                )
                dot.edge(above, node, arrowhead="none", tailport="e", headport="w")
            if len(paths) > 1:
                self.decide(dot, node, [(path[beyond:], each) for path, each in paths])
            else:
                self.decided(dot, node, paths[0][1])

    def decided(self, dot: graphviz.Digraph, above: str, transition: Transition) -> None:
        """The outcome at the end of a branch."""
        number = style.font(str(transition.number), color=style.MUTED)
        indent = _blank(len(str(transition.number)) + 1)
        first, *others = _flowing(self.outcome(transition) or _NOTHING, NARROW)
        dot.node(
            str(transition.number),
            label(f"{number}{_blank(1)}{first}", *(indent + line for line in others)),
            fillcolor=style.PAPER,
            tooltip=_ids([transition]),
        )
        dot.edge(above, str(transition.number), tailport="e", headport="w")

    # Mermaid.

    def mermaid(self) -> str:
        """The same arrows, for pages whose reader draws them itself."""
        lines = ["stateDiagram-v2"]
        names = {ANYWHERE: "ANY_STATE"}
        if any(self.anywhere(t) for t in self.found):
            lines.append(f'    state "{ANYWHERE}" as ANY_STATE')
        lines.append(f"    [*] --> {self.table.initial.name}")
        for transition in self.found:
            what = ", ".join(text for text, _ in self.outcome(transition))
            head = self.head(transition, events=True).replace(":", "")
            says = f"{transition.number} {head}" + (f" / {what}" if what else "")
            ends = self._ends(transition)
            lines += [f"    {names.get(a, a)} --> {names.get(b, b)} : {says}" for a, b in ends]
        return "\n".join(lines) + "\n"

    def _ends(self, transition: Transition) -> list[tuple[str, str]]:
        if self.anywhere(transition) and len(transition.rows) > 1:
            return [(ANYWHERE, transition.goto.name if transition.goto else ANYWHERE)]
        return [(row.at.name, row.goto.name) for row in transition.rows]


_NOTHING = (("goes on", style.INK),)


def _divided(entries: Sequence[_Entry], high: Sequence[int]) -> list[list[_Entry]]:
    """Entries in few columns, and those as equally high as can be."""
    needed = min(MOST, -(-sum(high) // TALL))
    limit = max((*high, sum(high) // needed))
    while True:
        found: list[list[_Entry]] = [[]]
        used = 0
        for entry, lines in zip(entries, high, strict=True):
            if used and used + lines > limit:
                found.append([])
                used = 0
            found[-1].append(entry)
            used += lines
        if len(found) <= needed:
            return found
        limit += 1


def _prefix(paths: Sequence[Sequence[Guard]]) -> tuple[Guard, ...]:
    """What all of the paths begin with."""
    same = takewhile(lambda step: len(set(step)) == 1, zip(*paths, strict=False))
    return tuple(step[0] for step in same)


def _bracketed(guard: Guard) -> str:
    """A condition of several, in brackets where it needs them."""
    return f"({guard.text})" if guard.connective is Connective.OR else guard.text


def _flowing(outcome: Sequence[tuple[str, str]], columns: int) -> list[str]:
    """Coloured texts side by side, in as many lines as they need."""
    lines: list[str] = []
    used = columns
    for text, color in outcome:
        piece = style.font(style.html(text), color=color)
        if used + len(text) + 2 > columns:
            lines.append(piece)
            used = len(text)
        else:
            lines[-1] += f"  {piece}"
            used += len(text) + 2
    return lines


def _raised(raised: Raise[Event]) -> str:
    """A raised event, and the key of the member that it is for, where it is for another one."""
    whom = raised.whom("" if raised.to is None else raised.to.read(PAGE))
    return f"{style.RAISES} {raised.event.name}{whom}"


def _blank(digits: int) -> str:
    """As much space as so many digits take: in the usual fonts a blank is half as wide as one."""
    return "&#160;&#160;" * digits


def _ids(mine: Sequence[Transition]) -> str:
    """The ids of the rows, for whoever rests the pointer on them."""
    return "\n".join(row.id for transition in mine for row in transition.rows) or " "
