"""The composed tables as a transition system: one step is one row taken, for one member or another.

The system follows one member of the master's family, whichever it is: the **observed** one. A row
is taken by the observed member, by the master, by another member, or by a machine that no member
has. What the row of another member does to the observed one goes through what they share: shared
variables and data, the master's states, and the events that wait.

What is left open is open in every way: opaque conditions and checks, the message at hand (anew at
each row), the time, the endpoint's configuration. A member that was not spawned yet is one in which
nothing has happened; a retired one is so again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import unique
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

from otr_check import smt
from otr_check.proofs import IllTyped, definitional, exclusives_of, intervals_of
from otr_check.solver import Z3Reading, place_of
from otr_model.kernel.composition import states_of
from otr_model.kernel.expr import Bool, BoolVar, Int, IntVar, Scope
from otr_model.kernel.guard import Connective, Guard
from otr_model.kernel.vocabulary import Check, Condition, Defined, Opaque, Origin, Validity
from otr_model.kernel.words import Word

from .claims import awaited, held, pending, queued
from .queues import IDLE, Item, Queues, Role, Unruly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from otr_model.kernel.composition import AnyRow, Composition
    from otr_model.kernel.expr import Variable
    from otr_model.kernel.vocabulary import Effect, Event

    from .claims import Change, Claims

__all__ = ["Case", "Moment", "Reader", "Scene", "Step", "System", "Values"]

Values = dict[str, Any]
"""What variables, states and data are for the solver, by where a running step keeps them."""

QUEUE: Final = "queue"
MINE: Final = "mine"


@unique
class Case(Word):
    """Who takes a row, and who is observed."""

    SELF = "the observed member, which is not the master"
    SELF_MASTER = "the master, which is observed"
    MASTER = "the master, while another member is observed"
    OTHER = "another member than the observed one, and neither is the master"
    OTHER_THAN_MASTER = "a member, while the master is observed"
    NOBODY = "a machine that no member has; the observed member is not the master"
    NOBODY_MASTER = "a machine that no member has, while the master is observed"

    @property
    def itself(self) -> bool:
        """Whether the observed member takes the row."""
        return self in {Case.SELF, Case.SELF_MASTER}

    @property
    def of_master(self) -> bool:
        """Whether the master is observed."""
        return self in {Case.SELF_MASTER, Case.OTHER_THAN_MASTER, Case.NOBODY_MASTER}


CASES: Final[Mapping[Role, tuple[Case, ...]]] = {
    Role.GUEST: (
        Case.SELF,
        Case.SELF_MASTER,
        Case.MASTER,
        Case.OTHER,
        Case.OTHER_THAN_MASTER,
    ),
    Role.MASTER: (Case.SELF_MASTER, Case.MASTER),
    Role.EVERYBODY: (
        Case.SELF,
        Case.SELF_MASTER,
        Case.MASTER,
        Case.OTHER,
        Case.OTHER_THAN_MASTER,
    ),
    Role.ASSEMBLY: (Case.SELF, Case.SELF_MASTER, Case.NOBODY, Case.NOBODY_MASTER),
    Role.NOBODY: (Case.NOBODY, Case.NOBODY_MASTER),
}
"""Who can take a row, by whom the event is for; an assembly is observed along with a member."""


class Reader(Z3Reading):
    """Reads an expression at a moment: what has a value then is that value."""

    def __init__(self, machines: Mapping[str, type[Word]], values: Values) -> None:
        super().__init__(machines)
        self.values = values
        self._conditions: dict[Condition, smt.BoolRef] = {}

    def integer(self, variable: IntVar) -> smt.ArithRef:
        """Its value, or an unknown."""
        found: smt.ArithRef | None = self.values.get(place_of(variable))
        return super().integer(variable) if found is None else found

    def flag(self, variable: BoolVar) -> smt.BoolRef:
        """Its value, or an unknown."""
        found: smt.BoolRef | None = self.values.get(place_of(variable))
        return super().flag(variable) if found is None else found

    def state(self, machine: str, owner: str) -> smt.ArithRef:
        """The state's number; raises as `Z3Reading.state` does."""
        found: smt.ArithRef | None = self.values.get(f"{owner}.{machine}")
        return super().state(machine, owner) if found is None else found

    def truth_of(self, expression: Bool) -> smt.BoolRef:
        """A truth expression.

        Raises:
            IllTyped: if it means nothing.
        """
        with smt.typed(expression):
            return expression.read(self)

    def value_of(self, expression: Int | Bool) -> smt.ExprRef:
        """Any expression; raises as `truth_of` does."""
        with smt.typed(expression):
            found: smt.ExprRef = expression.read(self)
        return found

    def guard(self, guard: Guard) -> smt.BoolRef:
        """A guard; raises as `truth_of` does."""
        match guard.connective:
            case Connective.ATOM:
                assert guard.atom is not None  # noqa: S101 - an atom has its condition
                return self.condition(guard.atom)
            case Connective.NOT:
                return smt.negation(self.guard(guard.parts[0]))
            case Connective.ALWAYS | Connective.AND:
                return smt.all_of(map(self.guard, guard.parts))
            case Connective.OR:
                return smt.any_of(map(self.guard, guard.parts))

    def condition(self, condition: Condition) -> smt.BoolRef:
        """A condition: its definition, its checks, or an unknown."""
        known = self._conditions.get(condition)
        if known is None:
            known = self._conditions[condition] = self._condition(condition)
        return known

    def _condition(self, condition: Condition) -> smt.BoolRef:
        match condition.spec:
            case Opaque():
                return smt.unknown_truth(f"condition {condition.name}{self.mark}")
            case Defined(_, expr):
                return self.truth_of(expr)
            case Validity(_, checks):
                return smt.all_of(map(self._check, checks))

    def _check(self, check: Check) -> smt.BoolRef:
        if check in self.skipped:
            return _TRUE
        expr = check.spec.expr
        return (
            smt.unknown_truth(f"check {check.name}{self.mark}")
            if expr is None
            else self.truth_of(expr)
        )

    skipped: frozenset[Check] = frozenset()
    """Checks that are not made."""
    mark: str = ""
    """What tells the answers to opaque conditions apart from those at another row."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a step looks like before or after.

    Attributes:
        member: the values of the observed member.
        master: the states of the master.
        shared: what all share.
        waiting: which events wait for the observed member.
    """

    member: Values
    master: Values
    shared: Values
    waiting: Values

    @property
    def values(self) -> Values:
        """All of it."""
        return {**self.member, **self.master, **self.shared, **self.waiting}


@dataclass(frozen=True, slots=True)
class Scene:
    """What a case looks like before any row of it.

    Attributes:
        before: the moment; which events wait is not known yet.
        actor: the member that takes the row, where it is another one than the observed.
        known: what holds of them.
    """

    before: Moment
    actor: Values | None
    known: tuple[smt.BoolRef, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One row taken in one case; or, where there is no row, something that no row does.

    Attributes:
        row: the row; None: a member is retired, or was the last to handle what is for everybody.
        case: who takes it.
        suppose: gives what holds before beside what the scene says, and of the choices.
        before: the moment before.
        after: the moment after.
        actor: what is known before of the member that takes it, where it is another one.
        effects: for each effect of the row, the values right before it; only in cases in which
            the observed member takes it.
    """

    row: AnyRow | None
    case: Case
    suppose: Callable[[], Iterable[smt.BoolRef]]
    before: Moment
    after: Moment
    actor: Values | None = None
    effects: tuple[tuple[Effect, Values], ...] = ()
    name: str = ""

    @property
    def changed(self) -> frozenset[str]:
        """The places whose value may be another after the step."""
        before, after = self.before.values, self.after.values
        return frozenset(place for place in after if not smt.identical(after[place], before[place]))


@dataclass(slots=True)
class _Work:
    """What a row works on: the values of the member that takes it, and what is shared."""

    member: Values
    master: Values
    shared: Values
    passed: list[tuple[Effect, Values]] = field(default_factory=list)

    @property
    def values(self) -> Values:
        """All of it."""
        return {**self.member, **self.master, **self.shared}


class System:
    """A composition with its claims, step by step.

    Args:
        composition: the composition, itself or under a variant.
        claims: what is claimed, which says what is remembered.
        skipped: checks that the variant does not make.

    Raises:
        Unruly: see `Queues`.
    """

    def __init__(
        self, composition: Composition, claims: Claims, skipped: frozenset[Check] = frozenset()
    ) -> None:
        self.composition = composition
        self.claims = claims
        self.skipped = skipped
        self.queues = Queues(composition)
        self.machines: dict[str, type[Word]] = {
            table.machine: table.states for table in composition.tables
        }
        self.intervals = intervals_of(composition)
        family = composition.family
        self.mine = tuple(t for t in composition.tables if composition.family_of(t.name))
        self._key = next(v for v in family.retires.variables() if v.name == "their_tag")
        ghosts = [ghost.variable for ghost in claims.ghosts]
        variables = (*composition.flat_variables(), *ghosts)
        self.variables = {scope: tuple(v for v in variables if v.scope is scope) for scope in Scope}
        self.data = {
            scope: tuple(held(d) for d in composition.data if d.spec.scope is scope)
            for scope in (Scope.MEMBER, Scope.SHARED)
        }
        self.ghosts = {place_of(g.variable) for g in claims.ghosts}
        self.survivors = {place_of(g.variable) for g in claims.ghosts if g.survives}
        self.waited = _mentioned(composition, claims, pending)
        self.counted = _mentioned(composition, claims, awaited)
        self.ordered = _ordered(composition, claims)
        self._apart = tuple(
            pair
            for group in exclusives_of(composition, *composition.tables)
            for pair in combinations(group.conditions, 2)
            if not definitional(*pair)
        )
        self._scenes: dict[Case, Scene] = {}
        self._assumed = tuple(self._assumptions())

    # --- Values ---------------------------------------------------------------------------------

    def reader(self, values: Values) -> Reader:
        """A reader at a moment."""
        reader = Reader(self.machines, values)
        reader.skipped = self.skipped
        return reader

    def _unknown(self, scope: Scope, prefix: str) -> Values:
        made: Values = {}
        for variable in (*self.variables[scope], *self.data[scope]):
            place = place_of(variable)
            integer = isinstance(variable, IntVar)
            make = smt.unknown_number if integer else smt.unknown_truth
            made[place] = make(prefix + place)
        return made

    def _member(self, prefix: str) -> Values:
        states: Values = {
            f"member.{t.machine}": smt.unknown_number(f"{prefix}member.{t.machine}")
            for t in self.mine
        }
        return {**self._unknown(Scope.MEMBER, prefix), **states}

    def initial_member(self, key: smt.ExprRef) -> Values:
        """A member in which nothing has happened."""
        made: Values = {}
        for variable in self.variables[Scope.MEMBER]:
            made[place_of(variable)] = _value(variable.initial)
        for datum in self.data[Scope.MEMBER]:
            made[place_of(datum)] = _FALSE
        for table in self.mine:
            made[f"member.{table.machine}"] = smt.number(_position(table.initial))
        made[place_of(self._key)] = key
        return made

    def initial_shared(self) -> Values:
        """What is shared before anything has happened."""
        made: Values = {}
        for variable in self.variables[Scope.SHARED]:
            made[place_of(variable)] = _value(variable.initial)
        for datum in self.data[Scope.SHARED]:
            made[place_of(datum)] = _FALSE
        return made

    def _states_of_master(self, member: Values) -> Values:
        return {f"master.{t.machine}": member[f"member.{t.machine}"] for t in self.mine}

    def key(self, member: Values) -> smt.ArithRef:
        """The key of a member: the tag of the peer's instance."""
        found: smt.ArithRef = member[place_of(self._key)]
        return found

    def shown(self, place: str, value: int | bool) -> str:  # noqa: FBT001 - of either type
        """A value for people: a state by its name."""
        machine = place.partition(".")[2]
        if machine in self.machines:
            return str(list(self.machines[machine])[value].name)
        return str(value) if not isinstance(value, bool) else "yes" if value else "no"

    # --- What is assumed --------------------------------------------------------------------------

    def _assumptions(self) -> Iterator[smt.BoolRef]:
        """What is assumed of messages and of the configuration: it never changes."""
        reader = self.reader({})
        for variable, interval in self.intervals.items():
            if variable.scope in {Scope.MESSAGE, Scope.ENDPOINT}:
                yield reader.truth_of(interval.holds(variable))
        for assumption in self.composition.assumptions:
            holds = assumption.holds
            yield reader.guard(holds) if isinstance(holds, Guard) else reader.truth_of(holds)

    def possible(self, member: Values) -> Iterator[smt.BoolRef]:
        """A member's variables are in their intervals, its machines in one of their states."""
        for variable, interval in self.intervals.items():
            if variable.scope is Scope.MEMBER:
                yield self.reader(member).truth_of(interval.holds(variable))
        for table in self.mine:
            state = member[f"member.{table.machine}"]
            yield smt.at_most(smt.number(0), state)
            yield smt.less(state, smt.number(len(states_of(table))))

    def _possible_states(self, master: Values) -> Iterator[smt.BoolRef]:
        for table in self.mine:
            state = master[f"master.{table.machine}"]
            yield smt.at_most(smt.number(0), state)
            yield smt.less(state, smt.number(len(states_of(table))))

    def _possible_shared(self, shared: Values) -> Iterator[smt.BoolRef]:
        for variable, interval in self.intervals.items():
            if variable.scope is Scope.SHARED:
                yield self.reader(shared).truth_of(interval.holds(variable))

    def _opaque(self, reader: Reader) -> Iterator[smt.BoolRef]:
        """What is known of opaque conditions."""
        for each in self.claims.supposed:
            means = smt.same(reader.condition(each.condition), reader.truth_of(each.means))
            yield smt.follows(reader.truth_of(each.when), means)
        for pair in self._apart:
            yield smt.negation(smt.all_of(map(reader.condition, pair)))

    # --- Beginning --------------------------------------------------------------------------------

    def beginnings(self) -> Iterator[tuple[tuple[smt.BoolRef, ...], Values]]:
        """Before anything has happened: the master, and any other member."""
        shared = self.initial_shared()
        master = self._states_of_master(self.initial_member(smt.number(0)))
        waiting: Values = dict.fromkeys((*self.waited.values(), *self.ordered.values()), _FALSE)
        waiting |= dict.fromkeys(self.counted.values(), smt.number(0))
        key = smt.unknown_number("o!key")
        for of_master in (True, False):
            member = self.initial_member(smt.number(0) if of_master else key)
            values = {**member, **master, **shared, **waiting}
            apart = smt.less(smt.number(0), self.key(member))
            yield (*self._assumed, *(() if of_master else (apart,))), values

    # --- Steps ------------------------------------------------------------------------------------

    def steps(self) -> Iterator[Step]:
        """Every row in every case, and what happens without a row."""
        for row in self.composition.rows():
            yield from self.of_row(row)
        yield from self._retirements()
        yield from self._ends()

    def of_row(self, row: AnyRow) -> Iterator[Step]:
        """A row in every case in which it can be taken."""
        for head, numbers in self._heads(row.on):
            if self.queues.leads(row) is not None and head.role is Role.EVERYBODY:
                message = f"{row.id} leads everybody somewhere"
                raise Unruly(message)
            for case in CASES[head.role]:
                yield self._step(row, head, numbers, case)

    def _heads(self, event: Event) -> Iterator[tuple[Item, list[int]]]:
        if event.origin is not Origin.RAISED:
            yield Item(event, self.queues.given_to(event)), [self.queues.number(IDLE)]
        yield from self.queues.headed(event)

    def scene(self, case: Case) -> Scene:
        """The observed member, whoever else takes the row, and what is known of them."""
        found = self._scenes.get(case)
        if found is None:
            found = self._scenes[case] = self._set_scene(case)
        return found

    def _set_scene(self, case: Case) -> Scene:
        observed = self._member("o!")
        shared = self._unknown(Scope.SHARED, "s!")
        known = [*self._assumed, *self.possible(observed), *self._possible_shared(shared)]
        zero = smt.number(0)
        key = self.key(observed)
        if case.of_master:
            known.append(smt.equal(key, zero))
            master = self._states_of_master(observed)
        else:
            known.append(smt.less(zero, key))
            master = {
                f"master.{t.machine}": smt.unknown_number(f"master.{t.machine}") for t in self.mine
            }
        actor: Values | None = None
        if case in {Case.MASTER, Case.OTHER, Case.OTHER_THAN_MASTER}:
            actor = self._member("a!")
            known.extend(self.possible(actor))
            known.append(smt.negation(smt.equal(self.key(actor), key)))
            if case is Case.MASTER:
                known.append(smt.equal(self.key(actor), zero))
                master = self._states_of_master(actor)
            else:
                known.append(smt.less(zero, self.key(actor)))
        if not case.of_master and case is not Case.MASTER:
            known.extend(self._possible_states(master))
        waiting: Values = {p: smt.unknown_truth(f"w!{p}") for p in self.waited.values()}
        waiting |= {p: smt.unknown_truth(f"w!{p}") for p in self.ordered.values()}
        waiting |= {p: smt.unknown_number(f"w!{p}") for p in self.counted.values()}
        return Scene(Moment(observed, master, shared, waiting), actor, tuple(known))

    def _step(self, row: AnyRow, head: Item, numbers: Sequence[int], case: Case) -> Step:
        scene = self.scene(case)
        before = scene.before
        known = list(self._turn(head, numbers, case))
        acts = before.member if scene.actor is None else scene.actor
        if head.role is Role.ASSEMBLY and not case.itself:
            acts = self._member("a!")
            known.extend(self.possible(acts))
        here = self.reader({**acts, **before.master, **before.shared})
        if head.role is not Role.NOBODY:
            machine = row.table.rpartition(".")[2]
            known.append(here.in_state(machine, (row.at,), "member"))
        work = _Work(dict(acts), before.master, dict(before.shared))
        self._perform(row, work, head, case)
        after = self._outcome(case, head, before, work)
        then = {
            n: self.queues.number(self.queues.after(self.queues.all[n], head, row)) for n in numbers
        }
        mine = self._now_mine(row, head, case, self.reader(work.values), after)
        waiting, waits = self._queued(scene, case, then, mine)

        def suppose() -> Iterator[smt.BoolRef]:
            yield from (*known, *waits, here.guard(row.when), *self._opaque(here))

        return Step(
            row,
            case,
            suppose,
            before,
            replace(after, waiting=waiting),
            scene.actor,
            tuple(work.passed) if case.itself else (),
        )

    def _turn(self, head: Item, numbers: Sequence[int], case: Case) -> Iterator[smt.BoolRef]:
        """It is the turn of whom the first event is for."""
        queue, mine = smt.unknown_number(QUEUE), smt.unknown_truth(MINE)
        yield smt.any_of(smt.equal(queue, smt.number(n)) for n in numbers)
        if head.role is Role.GUEST and head.event.origin is Origin.RAISED:
            yield mine if case.itself else smt.negation(mine)

    def _perform(self, row: AnyRow, work: _Work, head: Item, case: Case) -> None:
        self._remember(work, [c for c in self.claims.changes if row.on in c.events])
        for effect in row.do:
            if case.itself:
                work.passed.append((effect, work.values))
            self._effect(effect, work)
        if head.role is not Role.NOBODY and row.goto is not row.at:
            work.member[f"member.{row.table.rpartition('.')[2]}"] = smt.number(_position(row.goto))

    def _remember(self, work: _Work, changes: Iterable[Change]) -> None:
        self._set(work, {v: e for c in changes for v, e in c.sets.items()})

    def _set(self, work: _Work, sets: Mapping[Variable, Int | Bool]) -> None:
        reader = self.reader(work.values)
        found = {variable: reader.value_of(value) for variable, value in sets.items()}
        for variable, value in found.items():
            owner = work.shared if variable.scope is Scope.SHARED else work.member
            owner[place_of(variable)] = value

    def _effect(self, effect: Effect, work: _Work) -> None:
        spec = effect.spec
        ghosts = {
            v: e for c in self.claims.changes if effect in c.effects for v, e in c.sets.items()
        }
        self._set(work, {**spec.sets, **ghosts})
        for data, there in ((spec.writes, True), (spec.forgets, False)):
            for datum in data:
                owner = work.shared if datum.spec.scope is Scope.SHARED else work.member
                owner[place_of(held(datum))] = _value(there)

    def _outcome(self, case: Case, head: Item, before: Moment, work: _Work) -> Moment:
        if case.itself:
            master = self._states_of_master(work.member) if case.of_master else before.master
            return Moment(work.member, master, work.shared, {})
        if head.role in {Role.NOBODY, Role.ASSEMBLY}:
            changed = [p for p, value in work.member.items() if value is not before.member[p]]
            if changed and head.role is Role.NOBODY:
                message = f"a row for nobody in particular changes {', '.join(changed)}"
                raise IllTyped(message)
            return Moment(before.member, before.master, work.shared, {})
        master = self._states_of_master(work.member) if case is Case.MASTER else before.master
        return Moment(before.member, master, work.shared, {})

    def _now_mine(
        self, row: AnyRow, head: Item, case: Case, reader: Reader, after: Moment
    ) -> smt.BoolRef:
        """Whether the guest of the run is the observed member now."""
        key = self.queues.leads(row)
        if key is not None:
            led: smt.ArithRef = key.read(reader)
            return smt.equal(led, self.key(after.member))
        if head.role is Role.GUEST and head.event.origin is not Origin.RAISED:
            return smt.truth(case.itself)
        return smt.unknown_truth(MINE)

    def _queued(
        self, scene: Scene, case: Case, then: Mapping[int, int], mine: smt.BoolRef
    ) -> tuple[Values, list[smt.BoolRef]]:
        """Which events wait after a step, and what is known of those that wait before it.

        Args:
            scene: what the case looks like.
            case: the case.
            then: the number of the queue after the step, by that of the one before.
            mine: whether the guest is the observed member after the step.
        """
        unknown = scene.before.waiting
        before = self._waiting({n: n for n in then}, smt.unknown_truth(MINE), case)
        after = self._waiting(then, mine, case)
        values: Values = {
            place: unknown[place] if smt.identical(value, before[place]) else value
            for place, value in after.items()
        }
        return values, [smt.same(unknown[place], value) for place, value in before.items()]

    def _waiting(
        self,
        then: Mapping[int, int],
        mine: smt.BoolRef,
        case: Case,
    ) -> Values:
        """Which events wait for the observed member, in the queues that `then` leads to."""
        found: dict[tuple[Event, Role], list[int]] = {}
        for number, following in then.items():
            for item in dict.fromkeys(self.queues.all[following]):
                if item.event in self.waited:
                    found.setdefault((item.event, item.role), []).append(number)
        waiting: dict[Event, list[smt.BoolRef]] = {}
        for (event, role), numbers in found.items():
            there = _TRUE if len(numbers) == len(then) else _among(numbers)
            waiting.setdefault(event, []).append(smt.all_of((there, _whose(role, mine, case))))
        values: Values = {
            place: smt.any_of(waiting[event]) if event in waiting else _FALSE
            for event, place in self.waited.items()
        }
        for event, place in self.counted.items():
            values[place] = self._count(event, then, mine, case)
        for pair, place in self.ordered.items():
            values[place] = self._order(pair, then, mine, case)
        return values

    def _count(
        self, event: Event, then: Mapping[int, int], mine: smt.BoolRef, case: Case
    ) -> smt.ArithRef:
        """How often an event waits for the observed member."""
        groups: dict[tuple[int, int], list[int]] = {}
        for number, following in then.items():
            roles = [item.role for item in self.queues.all[following] if item.event is event]
            masters = roles.count(Role.MASTER) if case.of_master else 0
            groups.setdefault((roles.count(Role.GUEST), masters), []).append(number)
        zero = smt.number(0)
        total = zero
        for (guests, masters), numbers in groups.items():
            of_guest = smt.choose(mine, smt.number(guests), zero) if guests else zero
            count = smt.plus(of_guest, smt.number(masters))
            total = smt.choose(_among(numbers), count, total)
        return total

    def _order(
        self,
        pair: tuple[Event, Event],
        then: Mapping[int, int],
        mine: smt.BoolRef,
        case: Case,
    ) -> smt.BoolRef:
        """Whether two events wait for the observed member, in this order."""
        found: dict[tuple[Role, Role], list[int]] = {}
        for number, following in then.items():
            for one, other in combinations(self.queues.all[following], 2):
                if (one.event, other.event) == pair:
                    found.setdefault((one.role, other.role), []).append(number)
        return smt.any_of(
            smt.all_of((_among(numbers), *(_whose(role, mine, case) for role in roles)))
            for roles, numbers in found.items()
        )

    def _retirements(self) -> Iterator[Step]:
        """A member that is not the guest of the run makes room for another."""
        before = self.scene(Case.NOBODY).before
        retires = self.reader(before.values).truth_of(self.composition.family.retires)
        truths = (*self.waited.values(), *self.ordered.values())
        none = [smt.negation(before.waiting[place]) for place in truths]
        none += [smt.equal(before.waiting[p], smt.number(0)) for p in self.counted.values()]
        fresh = self.initial_member(self.key(before.member))
        for place in self.survivors & set(fresh):
            fresh[place] = before.member[place]
        after = replace(before, member=fresh)
        yield Step(None, Case.NOBODY, lambda: (retires, *none), before, after, name="retired")

    def _ends(self) -> Iterator[Step]:
        """What is for everybody was handled by everybody."""
        numbers = [n for n, q in enumerate(self.queues.all) if q and q[0].role is Role.EVERYBODY]
        if not numbers:
            return
        then = {n: self.queues.number(self.queues.all[n][1:]) for n in numbers}
        head = Item(self.queues.all[numbers[0]][0].event, Role.EVERYBODY)
        for case in (Case.NOBODY, Case.NOBODY_MASTER):
            scene = self.scene(case)
            waiting, waits = self._queued(scene, case, then, smt.unknown_truth(MINE))
            known = (*self._turn(head, numbers, case), *waits)
            after = replace(scene.before, waiting=waiting)
            yield Step(
                None, case, partial(iter, known), scene.before, after, name="handled by everybody"
            )


def _among(numbers: Iterable[int]) -> smt.BoolRef:
    """The queue is one of some."""
    queue = smt.unknown_number(QUEUE)
    return smt.any_of(smt.equal(queue, smt.number(number)) for number in dict.fromkeys(numbers))


def _whose(role: Role, mine: smt.BoolRef, case: Case) -> smt.BoolRef:
    """Whether what waits for somebody waits for the observed member."""
    match role:
        case Role.GUEST:
            return mine
        case Role.MASTER:
            return smt.truth(case.of_master)
        case Role.EVERYBODY:
            return _TRUE
        case Role.ASSEMBLY | Role.NOBODY:
            return _FALSE


def _mentioned(
    composition: Composition, claims: Claims, place: Callable[[Event], Variable]
) -> dict[Event, str]:
    """The events that a claim mentions as waiting, and the places of that."""
    mentioned: set[str] = set()
    for claim in claims.claims:
        mentioned |= claim.places
    places = {event: place_of(place(event)) for event in composition.events}
    return {event: found for event, found in places.items() if found in mentioned}


def _ordered(composition: Composition, claims: Claims) -> dict[tuple[Event, Event], str]:
    """The pairs of events that a claim mentions as waiting in order, and the places of that."""
    mentioned: set[str] = set()
    for claim in claims.claims:
        mentioned |= claim.places
    wanted = {place for place in mentioned if place.startswith("member.queued ")}
    if not wanted:
        return {}
    places = {
        (a, b): place_of(queued(a, b)) for a in composition.events for b in composition.events
    }
    return {pair: place for pair, place in places.items() if place in wanted}


_TRUE: Final = smt.truth(True)  # noqa: FBT003 - a constant
_FALSE: Final = smt.truth(False)  # noqa: FBT003 - a constant


def _value(value: int | bool) -> smt.ExprRef:  # noqa: FBT001 - of a variable of either type
    return smt.truth(value) if isinstance(value, bool) else smt.number(value)


def _position(state: Word) -> int:
    return list(type(state)).index(state)
