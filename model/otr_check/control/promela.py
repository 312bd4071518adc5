"""A scenario in Promela, the language of the Spin model checker.

    print(promela(SCENARIOS["otrv3/ake"]))

The text is made of the same expressions that the explorer runs (`otr_check.control.system`), and of
the same tables. One input, with all that it makes an endpoint do, is one atomic step, so that the
states that Spin stores are the joint states of the explorer, one for one. What cannot happen in a
scenario is left out: rows whose guard is false for its constants, and variables that never change.

Four processes take turns: two deliver messages, to Alice and to Bob, and two are the users. A
network that loses or repeats adds two more. Liveness is asked under weak fairness: a process that
can always do something does something.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from textwrap import wrap
from typing import TYPE_CHECKING, Final

from otr_model.kernel.composition import states_of
from otr_model.kernel.expr import Bool, BoolVar, Int, IntArray, Scope
from otr_model.kernel.guard import Connective
from otr_model.kernel.variant import apply
from otr_model.kernel.vocabulary import Defined, Origin, Validity

from .abstraction import BOTH, KEYS, NAMES, BadAbstraction, asked_of, constants_of
from .local import PREPARED, done, places_of
from .printing import FALSE, Known, Printed, Where, state_name
from .system import Act, Input

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from otr_model.kernel.composition import AnyRow, AnyTable
    from otr_model.kernel.expr import Variable
    from otr_model.kernel.guard import Guard
    from otr_model.kernel.vocabulary import Check, Condition, Datum, Effect, Event
    from otr_model.kernel.words import Word

    from .abstraction import Scenario
    from .local import Place

__all__ = ["CLAIM", "LIVENESS", "Model", "promela"]

CLAIM: Final = "converges"
"""The name of the claim of liveness, where a scenario makes it."""

LIVENESS: Final = "LIVENESS"
"""What Spin's preprocessor must be told for that claim to be in the model."""

QUEUE: Final = 64
"""Events that wait at once, at most; more is an error."""

ACTS: Final = {1: Act.DELIVER, 2: Act.USER, 3: Act.REPEAT, 4: Act.LOSE}
DELIVER, USER, REPEAT, LOSE = ACTS
"""What can happen, as numbers."""

TEMPORARY: Final = tuple(f"t{n}" for n in range(8))
"""Where an effect keeps values aside."""

MACROS: Final = ("here", "member", "master", "other", "way", "me", "key", "what", "at", "facts")
ORDER: Final = (Scope.SHARED, Scope.MEMBER)
BYTE: Final = 250


@dataclass(frozen=True, slots=True)
class _Kept:
    """A row that can be taken, as far as is known, with its guard."""

    row: AnyRow
    guard: str


class Model:
    """A scenario, and what is known of it before it runs.

    Args:
        scenario: what is printed.
        hidden: what is used within a step is kept out of the state, which makes states smaller.
            Spin's multi-core and breadth-first searches take no such model.

    Raises:
        BadAbstraction: if the scenario leaves something open, or a name cannot be used.
        BadVariant: if its variant names what does not exist.
    """

    def __init__(self, scenario: Scenario, *, hidden: bool = True) -> None:
        self.scenario = scenario
        self.hidden = hidden
        self.abstraction = scenario.abstraction
        self.applied = apply(scenario.abstraction.composition, scenario.variant)
        self.composition = self.applied.composition
        self.asked = asked_of(scenario)
        self.tables = [t for t in self.composition.tables if self._is_kept(t)]
        self.places = {
            (place.key is not None, place.name): place
            for place in places_of(scenario, self.composition)
        }
        declared = (v for v in self.composition.variables if isinstance(v, IntArray))
        arrays = (*declared, *self.abstraction.arrays)
        cells: dict[Variable, tuple[IntArray, int]] = {
            cell: (array, number)
            for array in arrays
            for number, (_, cell) in enumerate(array.cells())
        }
        one, other = (constants_of(scenario, side) for side in BOTH)
        self.known = Known(
            (one, other),
            self.abstraction.member_key.name,
            cells,
            dict.fromkeys((*self.abstraction.state(), *self.abstraction.facts()), None),
            drawn=frozenset(each.variable.name for each in self.abstraction.drawn),
        )
        self.print = Printed(self.known)
        self.kept: tuple[_Kept, ...] = ()
        self._settle()

        names = {v.name for v in (*self.abstraction.state(), *self.abstraction.facts())}
        clash = names & set(MACROS)
        if clash:
            message = f"{scenario.name}: {min(clash)} has a meaning of its own in models"
            raise BadAbstraction(message)

    @property
    def text(self) -> str:
        """All of the model."""
        parts = (_head, _names, _types, _globals, _network, _effects, _rows, _run, _judged)
        lines = (line for part in (*parts, _processes) for line in part(self))
        return "\n".join(lines) + "\n"

    def given(self, numbers: tuple[int, ...]) -> Input:
        """The input that a verifier prints as numbers: act, endpoint, event, position, drawn."""
        act, side, event, at, *drawn = numbers
        what = _events(self)[event - 1]
        return Input(ACTS[act], side, what if act == USER else None, at, tuple(drawn))

    def _is_kept(self, table: AnyTable) -> bool:
        """Whether a table is of the conversation, or of its sessions."""
        return self.composition.family_of(table.name) in {None, self.composition.family}

    def member(self, table: AnyTable) -> bool:
        """Whether each session has this machine."""
        return self.composition.family_of(table.name) is not None

    # --- What can happen at all --------------------------------------------------------------

    def _settle(self) -> None:
        """Leave out rows and values until nothing more can be left out."""
        before: object = None
        while before != (self.kept, self.known):
            before = (self.kept, self.known)
            self.kept = tuple(self._can_be_taken())
            self.known = replace(self.known, values=self._values(), still=dict(self._still()))
            self.print = Printed(self.known)

    def _can_be_taken(self) -> Iterator[_Kept]:
        """The rows whose event can happen, and whose guard can hold."""
        events = {self.abstraction.received, *self.asked}
        rows = {
            e: [r for t in self.tables for r in t.rows if r.on is e]
            for e in self.composition.events
        }
        found: dict[str, _Kept] = {}
        waiting = list(events)
        while waiting:
            for row in rows[waiting.pop()]:
                guard = self._guard_of(row)
                if guard == FALSE:
                    continue
                found[row.id] = _Kept(row, guard)
                raised = {r.event for r in row.raises} - events
                events |= raised
                waiting.extend(raised)
        yield from (found[row.id] for t in self.tables for row in t.rows if row.id in found)

    def _guard_of(self, row: AnyRow) -> str:
        machine = self.composition.table(row.table).machine
        stays = self.known.still.get(machine, row.at)
        return self.guard(row.when) if stays is row.at else FALSE

    def effects(self) -> tuple[Effect, ...]:
        """The effects of the rows that are kept, in the order of the vocabulary."""
        used = {effect for kept in self.kept for effect in kept.row.do}
        return tuple(e for e in self.composition.effects if e in used)

    def _values(self) -> dict[Variable, frozenset[int] | None]:
        """The values that each variable can have, as far as they are constants."""
        found: dict[Variable, set[int] | None] = {}
        every = (*self.abstraction.state(), *self.abstraction.facts())
        found.update((variable, {int(variable.initial)}) for variable in every)
        for effect in self.effects():
            message = self.abstraction.message(effect) or {}
            for variable, value in (*self.updates(effect), *message.items()):
                self._add(found, variable, self.expression(value))
        for each in self.abstraction.drawn:
            luck = self.scenario.luck.get(each.variable, 1)
            found[each.variable] = set(range(luck))
        return {v: None if values is None else frozenset(values) for v, values in found.items()}

    @staticmethod
    def _add(found: dict[Variable, set[int] | None], variable: Variable, text: str) -> None:
        """One more value of a variable."""
        value = {"true": "1", "false": "0"}.get(text, text)
        values = found[variable]
        if not value.removeprefix("-").isdigit():
            found[variable] = None
        elif values is not None:
            values.add(int(value))

    def _still(self) -> Iterator[tuple[str, Word]]:
        """Machines that never leave their initial state."""
        moving = {kept.row.table for kept in self.kept if kept.row.goto is not kept.row.at}
        yield from ((t.machine, t.initial) for t in self.tables if t.name not in moving)

    # --- Texts -------------------------------------------------------------------------------

    def expression(self, value: Int | Bool) -> str:
        """An expression in a step."""
        return value.read(self.print)

    def updates(self, effect: Effect) -> list[tuple[Variable, Int | Bool]]:
        """Everything that an effect sets: what it declares, then ghosts."""
        ghosts, later = self.abstraction.updates(effect), self.abstraction.afterwards(effect)
        return [*effect.spec.sets.items(), *ghosts.items(), *later.items()]

    def guard(self, guard: Guard) -> str:
        """A guard as an expression."""
        parts = tuple(map(self.guard, guard.parts))
        match guard.connective:
            case Connective.ALWAYS:
                return self.print.truth(value=True)
            case Connective.ATOM:
                assert guard.atom is not None  # noqa: S101 - an atom has its condition
                return self.condition(guard.atom)
            case Connective.NOT:
                return self.print.negation(parts[0])
            case Connective.AND:
                return self.print.conjunction(parts)
            case Connective.OR:
                return self.print.disjunction(parts)

    def condition(self, condition: Condition) -> str:
        """A condition as an expression."""
        spec = condition.spec
        if isinstance(spec, Defined):
            return self.expression(spec.expr)
        if isinstance(spec, Validity):
            checks = (c for c in spec.checks if c not in self.applied.skipped)
            return self.print.conjunction(tuple(map(self.check, checks)))
        return self.expression(self.abstraction.means[condition])

    def check(self, check: Check) -> str:
        """A check as an expression."""
        return self.expression(check.spec.expr or self.abstraction.means[check])

    # --- What is declared --------------------------------------------------------------------

    def changing(self, scope: Scope) -> tuple[Variable, ...]:
        """The variables of a scope that change."""
        return tuple(
            v
            for v in (*self.abstraction.state(), *self.abstraction.facts())
            if v.scope is scope and self.known.fixed(v) is None and not self._is_key(v)
        )

    def _is_key(self, variable: Variable) -> bool:
        return variable is self.abstraction.member_key

    def fields(self) -> tuple[Variable, ...]:
        """The fields of messages that change."""
        return tuple(v for v in self.abstraction.fields() if self.known.fixed(v) is None)

    def tracked(self) -> tuple[Datum, ...]:
        """The data that an effect which is kept needs."""
        needed = {d for effect in self.effects() for d in effect.spec.needs}
        return tuple(d for d in self.abstraction.data() if d in needed)

    def moving(self) -> tuple[AnyTable, ...]:
        """The tables whose machines change their state."""
        return tuple(t for t in self.tables if t.machine not in self.known.still)


def promela(scenario: Scenario, *, hidden: bool = True) -> str:
    """The model of a scenario, as text; see `Model`.

    Raises:
        BadAbstraction: if the scenario leaves something open, or a name cannot be used.
        BadVariant: if its variant names what does not exist.
    """
    return Model(scenario, hidden=hidden).text


def _head(model: Model) -> Iterator[str]:
    scenario = model.scenario
    kept = len(model.kept)
    every = sum(len(t.rows) for t in model.composition.tables)
    about = (
        f"{scenario.name}: {scenario.about}.",
        *([f"Variant: {scenario.variant.name}."] if scenario.variant.name else []),
        f"Of {every} rows, {kept} can be taken here; the others are left out.",
        "Kept and left out:",
        *(f"- {each}" for each in model.abstraction.keeps),
        "Count and check:",
        "  spin -a FILE && gcc -O2 -DNOREDUCE -DSAFETY -o pan pan.c && ./pan -m1000000",
    )
    yield "/*"
    for line in about:
        yield from (
            f" * {each}" for each in wrap(line, 96, subsequent_indent="  ", break_long_words=False)
        )
    yield " */"


def _names(model: Model) -> Iterator[str]:
    """Numbers of states and events."""
    for table in model.moving():
        yield ""
        yield f"/* {table.name}: {table.about} */"
        for number, state in enumerate(states_of(table)):
            yield f"#define {state_name(table.machine, state)} {number}"
    yield ""
    yield "/* Events. */"
    for number, event in enumerate(_events(model), 1):
        yield f"#define {_event(event)} {number}"


def _events(model: Model) -> tuple[Event, ...]:
    """The events that can happen."""
    handled = {kept.row.on for kept in model.kept}
    return tuple(e for e in model.composition.events if e in handled)


def _event(event: Event) -> str:
    return f"EV_{event.name}"


def _types(model: Model) -> Iterator[str]:
    """Records: a message, the messages on the way, a session, a conversation."""
    yield ""
    yield "typedef Message {"
    yield from _declared(("byte", v.name, v.about) for v in model.fields())
    yield "};"
    yield "typedef Channel {"
    yield "  byte n;"
    yield f"  Message slot[{model.scenario.network.capacity}]"
    yield "};"
    for name, scope in (("Shared", Scope.SHARED), ("Member", Scope.MEMBER)):
        yield f"typedef {name} {{"
        yield from _declared(_components(model, scope))
        yield "};"
    yield "typedef Endpoint {"
    yield "  Shared s;"
    yield f"  Member m[{len(KEYS)}]"
    yield "};"


def _declared(fields: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    """The fields of a record: type, name and what it is."""
    lines = [(f"  {kind} {name}", about) for kind, name, about in fields] or [("  bit nothing", "")]
    for number, (line, about) in enumerate(lines):
        end = ";" if number < len(lines) - 1 else ""
        yield f"{line}{end}" + (f" /* {about} */" if about else "")


def _components(model: Model, scope: Scope) -> Iterator[tuple[str, str, str]]:
    """The components of the state of a conversation, or of a session."""
    member = scope is Scope.MEMBER
    for table in model.moving():
        if model.member(table) is member:
            first = states_of(table).index(table.initial)
            yield "byte", _first(table.machine, first), table.about
    arrays: dict[str, IntArray] = {}
    for variable in model.changing(scope):
        cell = model.known.cells.get(variable)
        if cell is None:
            place = model.places[member, variable.name]
            yield _type(place), _first(variable.name, place.first), variable.about
        else:
            arrays[cell[0].name] = cell[0]
    for array in arrays.values():
        size = sum(1 for _ in array.cells())
        yield "byte", f"{array.name}[{size}]", array.about
    for datum in model.tracked():
        if datum.spec.scope is scope:
            yield "bit", datum.slot, f"there is {datum.name}"
    if not member:
        for event in model.asked:
            yield "byte", done(event), f"how often: {event.meaning}"


def _first(name: str, value: int) -> str:
    return f"{name} = {value}" if value else name


def _type(place: Place) -> str:
    if place.least < 0 or place.most > BYTE:
        return "short"
    return "bit" if place.flag or place.datum else "byte"


def _globals(model: Model) -> Iterator[str]:
    """The joint state, and what is used within a step."""
    network = model.scenario.network
    yield ""
    yield f"Endpoint E[2]; /* {NAMES[0]}, {NAMES[1]} */"
    yield "Channel N[2]; /* the messages on the way to each */"
    if network.losses:
        yield "byte lost;"
    if network.duplicates:
        yield "byte repeated;"
    if model.scenario.converges:
        yield "bit converged; /* a function of the rest */"
    yield ""
    yield "/* The input at hand; between steps, all of it is 0. */"
    yield "byte act, me, what, at, event;"
    for each in model.abstraction.drawn:
        yield f"byte draw_{each.variable.name}; /* {each.variable.about} */"
    yield ""
    # Hiding is sound: nothing that is chosen, and no guard between two steps, reads these, and
    # within an atomic sequence they are read only after they were written.
    hidden = "hidden " if model.hidden else ""
    about = "is no part of the state" if model.hidden else "is 0 between steps"
    yield f"/* What is used within a step, and {about}. */"
    yield f"{hidden}Message facts;"
    yield f"{hidden}byte q_event[{QUEUE}];"
    yield f"{hidden}byte q_key[{QUEUE}];"
    yield f"{hidden}int q_head, q_tail, key, i;"
    yield f"{hidden}int {', '.join(TEMPORARY)};"
    yield ""
    yield "#define here E[me]"
    yield "#define member E[me].m[key]"
    yield "#define master E[me].m[0]"
    yield "#define other E[me].m[1 - key]"
    yield "#define way N[1 - me]"


# --- The network ------------------------------------------------------------------------------


def _network(model: Model) -> Iterator[str]:
    """Taking a message off its way, and putting one onto it."""
    fields = [v.name for v in model.fields()]
    yield ""
    yield "/* The message at hand is that at its position on the way; none: all is 0. */"
    yield "inline clear_facts() {"
    yield "  " + "; ".join(f"facts.{name} = 0" for name in fields)
    yield "}"
    yield "inline read_facts() {"
    yield "  " + "; ".join(f"facts.{name} = N[me].slot[at].{name}" for name in fields)
    yield "}"
    yield "inline leave_way() {"
    yield "  N[me].n--;"
    yield "  i = at;"
    yield "  do"
    yield "  :: i < N[me].n ->"
    yield "    " + "; ".join(f"N[me].slot[i].{n} = N[me].slot[i + 1].{n}" for n in fields) + ";"
    yield "    i++"
    yield "  :: else -> break"
    yield "  od;"
    yield "  " + "; ".join(f"N[me].slot[i].{name} = 0" for name in fields)
    yield "}"
    yield "inline join_way() {"
    yield "  way.n++" + ("" if model.scenario.network.fifo else ";")
    if not model.scenario.network.fifo:
        yield from _sorting(fields)
    yield "}"


def _sorting(fields: list[str]) -> Iterator[str]:
    """Put the last message where it belongs, so that equal bags are equal states."""
    yield "  i = way.n - 1;"
    yield "  do"
    yield f"  :: i > 0 && {_less(fields)} ->"
    for name in fields:
        yield (
            f"    t0 = way.slot[i].{name}; way.slot[i].{name} = way.slot[i - 1].{name}; "
            f"way.slot[i - 1].{name} = t0;"
        )
    yield "    i--"
    yield "  :: else -> break"
    yield "  od"


def _less(fields: list[str]) -> str:
    """The message at i comes before that at i - 1, in the order of the fields."""
    text = "false"
    for name in reversed(fields):
        one, other = f"way.slot[i].{name}", f"way.slot[i - 1].{name}"
        text = f"({one} < {other} || ({one} == {other} && {text}))"
    return text


# --- Effects ----------------------------------------------------------------------------------


def _effects(model: Model) -> Iterator[str]:
    for effect in model.effects():
        yield ""
        yield from (f"/* {line} */" for line in wrap(effect.meaning, 94))
        yield f"inline {_effect(effect)}() {{"
        yield from _joined(list(_steps(model, effect)))
        yield "}"


def _effect(effect: Effect) -> str:
    return f"do_{effect.name.lower()}"


def _joined(steps: list[str], indent: str = "  ") -> Iterator[str]:
    """Statements, separated; skip where there is none."""
    for number, step in enumerate(steps or ["skip"]):
        end = ";" if number < len(steps) - 1 else ""
        lines = step.splitlines()
        yield from (indent + line for line in lines[:-1])
        yield f"{indent}{lines[-1]}{end}"


def _steps(model: Model, effect: Effect) -> Iterator[str]:
    """The statements of an effect, in the order of the engine."""
    if effect in model.abstraction.never:
        yield _failing("outside")
        return
    tracked = set(model.tracked())
    for datum in effect.spec.needs:
        if datum in tracked:
            yield _unless(_datum(datum), PREPARED)
    yield from _assigned(model, dict(effect.spec.sets))
    yield from _assigned(model, dict(model.abstraction.updates(effect)))
    yield from (f"{_datum(d)} = 1" for d in effect.spec.writes if d in tracked)
    message = model.abstraction.message(effect)
    if message is not None:
        yield from _sending(model, message)
    yield from _assigned(model, dict(model.abstraction.afterwards(effect)))
    yield from (f"{_datum(d)} = 0" for d in effect.spec.forgets if d in tracked)


def _failing(name: str) -> str:
    """What happens where a property does not hold."""
    return f'printf("BROKEN {name}\\n"); assert(false)'


def _unless(holds: str, name: str) -> str:
    """What must hold, and the name of the property."""
    return f"if\n:: {holds}\n:: else -> {_failing(name)}\nfi"


def _datum(datum: Datum) -> str:
    place = "here.s" if datum.spec.scope is Scope.SHARED else "member"
    return f"{place}.{datum.slot}"


def _assigned(model: Model, updates: Mapping[Variable, Int | Bool]) -> Iterator[str]:
    """Updates all at once: a value that another update would spoil is kept aside first."""
    changing = {v: e for v, e in updates.items() if model.known.fixed(v) is None}
    aside: list[str] = []
    later: list[str] = []
    written: set[Variable] = set()
    for variable, value in changing.items():
        text, target = model.expression(value), model.print.target(variable)
        if text == target:
            continue
        if value.variables() & written:
            if len(aside) == len(TEMPORARY):
                message = f"{model.scenario.name}: an effect keeps too many values aside"
                raise BadAbstraction(message)
            temporary = TEMPORARY[len(aside)]
            aside.append(f"{temporary} = {text}")
            text = temporary
        written.add(variable)
        later.append(f"{target} = {text}")
    yield from aside
    yield from later


def _sending(model: Model, message: Mapping[Variable, Int | Bool]) -> Iterator[str]:
    """A message joins those on the way."""
    yield _unless(f"way.n < {model.scenario.network.capacity}", "capacity")
    for variable in model.fields():
        text = model.expression(message[variable]) if variable in message else "0"
        if text not in {"0", "false"}:
            yield f"way.slot[way.n].{variable.name} = {text}"
    yield "join_way()"


# --- Rows -------------------------------------------------------------------------------------


def _rows(model: Model) -> Iterator[str]:
    """What each event does: the rows of its table."""
    for event in _events(model):
        yield ""
        yield f"/* {event.meaning} */"
        yield f"inline on_{event.name.lower()}() {{"
        yield "  if"
        for kept in model.kept:
            if kept.row.on is event:
                yield from _row(model, kept)
        yield "  :: else"
        yield "  fi"
        yield "}"


def _row(model: Model, kept: _Kept) -> Iterator[str]:
    row = kept.row
    table = model.composition.table(row.table)
    place = "member" if model.member(table) else "here.s"
    tests = [] if kept.guard == "true" else [kept.guard]
    if table.machine not in model.known.still:
        tests.insert(0, f"{place}.{table.machine} == {state_name(table.machine, row.at)}")
    yield f"  :: {' && '.join(tests) or 'true'} ->"
    steps = [f'printf("ROW {row.id}\\n")', *(f"{_effect(effect)}()" for effect in row.do)]
    if row.goto is not row.at:
        steps.append(f"{place}.{table.machine} = {state_name(table.machine, row.goto)}")
    for raised in row.raises:
        if raised.event not in {k.row.on for k in model.kept}:
            continue
        to = "key" if raised.to is None else model.expression(raised.to)
        keys = [str(key) for key in KEYS] if raised.every else [to]
        steps += [f"raise_event({_event(raised.event)}, {each})" for each in keys]
    yield from _joined(steps, "    ")


def _run(_model: Model) -> Iterator[str]:
    """Events that wait, first in, first out; the one at hand is 0 when none is left."""
    yield ""
    yield "inline raise_event(happening, to) {"
    yield f"  assert(q_tail < {QUEUE});"
    yield "  q_event[q_tail] = happening;"
    yield "  q_key[q_tail] = to;"
    yield "  q_tail++"
    yield "}"
    yield "inline next_event() {"
    yield "  if"
    yield "  :: q_head < q_tail -> event = q_event[q_head]; key = q_key[q_head]; q_head++"
    yield "  :: else -> event = 0"
    yield "  fi"
    yield "}"


# --- What is judged after each step -----------------------------------------------------------


def _judged(model: Model) -> Iterator[str]:
    """Bounds of the endpoint that took the step; properties of both."""
    yield ""
    yield "inline judge() {"
    yield from _joined(list(_judgements(model)))
    yield "}"


def _bounds(model: Model) -> Iterator[str]:
    """Each variable of the endpoint at hand is within its bounds."""
    for scope in ORDER:
        keys = KEYS if scope is Scope.MEMBER else KEYS[:1]
        for variable in model.changing(scope):
            if isinstance(variable, BoolVar):
                continue
            place = model.places[scope is Scope.MEMBER, variable.name]
            for key in keys:
                holder = f"E[me].m[{key}]" if scope is Scope.MEMBER else "here.s"
                name = f"{holder}.{model.print.field(variable)}"
                low = f"{name} >= {place.least} && " if place.least < 0 else ""
                yield f"{low}{name} <= {place.most}"


def _judgements(model: Model) -> Iterator[str]:
    yield _unless(" &&\n   ".join(_bounds(model)), "bounds")
    for each in model.abstraction.properties:
        tests = [_at(model, each.holds, side, key) for side in BOTH for key in KEYS]
        yield _unless(" &&\n   ".join(tests), each.name)
    if model.scenario.converges:
        tests = [_at(model, model.abstraction.converged, 0, key) for key in KEYS]
        yield "converged = (" + " ||\n   ".join(tests) + ")"


def _at(model: Model, holds: Bool, side: int, key: int) -> str:
    """A property of one session of one endpoint."""
    here, there = Where.at(side, key), Where.at(1 - side, key)
    return holds.read(Printed(model.known, here, there))


# --- Processes --------------------------------------------------------------------------------


def _processes(model: Model) -> Iterator[str]:
    network = model.scenario.network
    adversary = network.losses or network.duplicates
    yield ""
    yield "/* Processes 0 and 1 deliver to Alice and Bob; 2 and 3 are the users;"
    yield " * 4 and 5, where there are such, lose and repeat what is on the way to each. */"
    yield f"active [{6 if adversary else 4}] proctype world() {{"
    yield "end:"
    yield "  do"
    yield "  :: atomic {"
    yield "    if"
    yield from _options(model)
    yield "    fi;"
    yield "    d_step {"
    yield from _joined(list(_begin(model)), "      ")
    yield "    };"
    yield "    do"
    for event in _events(model):
        handler = f"on_{event.name.lower()}()"
        yield f"    :: d_step {{ event == {_event(event)} -> {handler}; next_event() }}"
    yield "    :: d_step {"
    yield "         event == 0 ->"
    yield from _joined(["judge()", *_end(model)], "         ")
    yield "       };"
    yield "       break"
    yield "    od"
    yield "  }"
    yield "  od"
    yield "}"
    if model.scenario.converges:
        yield ""
        yield f"#ifdef {LIVENESS}"
        yield "/* Where nothing is left to happen, nothing happens for ever: a run has no end. */"
        yield "active proctype rest() {"
        yield "end:"
        yield "  do"
        yield "  :: timeout"
        yield "  od"
        yield "}"
        yield ""
        yield "/* Both are private in the same conversation in the end, and stay so. */"
        yield f"ltl {CLAIM} {{ <> [] (converged == 1) }}"
        yield "#endif"


def _options(model: Model) -> Iterator[str]:
    """What can happen: who does it, and what is drawn."""
    network, received = model.scenario.network, model.abstraction.received
    yield from _option(model, "_pid < 2 && N[_pid].n > 0", "_pid", received, DELIVER)
    for event in model.asked:
        one, other = (side.may.get(event, 0) for side in model.scenario.sides)
        most = str(one) if one == other else f"(_pid == 2 -> {one} : {other})"
        # The index is right for every process, whether or not the option is its own.
        guard = f"(_pid == 2 || _pid == 3) && E[_pid % 2].s.{done(event)} < {most}"
        yield from _option(model, guard, "_pid % 2", event, USER)
    if network.duplicates:
        guard = f"_pid > 3 && N[_pid % 2].n > 0 && repeated < {network.duplicates}"
        yield from _option(model, guard, "_pid % 2", received, REPEAT)
    if network.losses:
        guard = f"_pid > 3 && N[_pid % 2].n > 0 && lost < {network.losses}"
        yield from _option(model, guard, "_pid % 2", received, LOSE)


def _option(model: Model, guard: str, who: str, event: Event, act: int) -> Iterator[str]:
    yield f"    :: {guard} ->"
    steps = [f"me = {who}"]
    if event.origin is Origin.RECEIVED and not model.scenario.network.fifo:
        steps.append("do\n:: at + 1 < N[me].n -> at++\n:: break\nod")
    drawn = (
        []
        if act == LOSE
        else list(zip(model.abstraction.drawn, model.scenario.draws(event), strict=True))
    )
    for each, values in drawn:
        if len(values) > 1:
            name = f"draw_{each.variable.name}"
            options = "\n".join(f":: {name} = {value}" for value in values)
            steps.append(f"if\n{options}\nfi")
    steps += [f"act = {act}", f"what = {_event(event)}"]
    yield from _joined(steps, "      ")


def _at_hand(model: Model) -> list[str]:
    """The names of what makes up an input."""
    return [
        "act",
        "me",
        "what",
        "at",
        *(f"draw_{d.variable.name}" for d in model.abstraction.drawn),
    ]


def _end(model: Model) -> Iterator[str]:
    """The end of a step: what is no part of the state is 0 again."""
    yield "; ".join(f"{name} = 0" for name in _at_hand(model))
    if not model.hidden:
        yield "clear_facts()"
        yield "i = 0"
        yield "do\n:: i < q_tail -> q_event[i] = 0; q_key[i] = 0; i++\n:: else -> break\nod"
        names = ("q_head", "q_tail", "key", "i", *TEMPORARY)
        yield "; ".join(f"{name} = 0" for name in names)


def _begin(model: Model) -> Iterator[str]:
    """The beginning of a step: the message at hand, and the first event."""
    network, names = model.scenario.network, _at_hand(model)
    formats = " ".join("%d" for _ in names)
    yield f'printf("INPUT {formats}\\n", {", ".join(names)})'
    yield "clear_facts()"
    yield f"if\n:: act != {USER} -> read_facts()\n:: else\nfi"
    yield f"if\n:: act == {DELIVER} || act == {LOSE} -> leave_way()\n:: else\nfi"
    counted = [f":: what == {_event(e)} -> here.s.{done(e)}++" for e in model.asked]
    yield "\n".join(("if", *counted, ":: else", "fi"))
    if network.losses:
        yield f"if\n:: act == {LOSE} -> lost++\n:: else\nfi"
    if network.duplicates:
        yield f"if\n:: act == {REPEAT} -> repeated++\n:: else\nfi"
    key = _user_key(model)
    yield "q_head = 0"
    yield "q_tail = 0"
    yield (
        f"if\n:: act == {LOSE}\n:: act == {USER} -> raise_event(what, {key})\n"
        ":: else -> raise_event(what, 0)\nfi"
    )
    yield "next_event()"


def _user_key(model: Model) -> str:
    """The session that a user speaks to."""
    return model.expression(model.abstraction.best)
