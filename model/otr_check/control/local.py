"""One endpoint of a scenario: its state as a tuple of numbers, and what it does with an input.

It runs on `otr_reference.engine`, the engine of the reference, with a step whose answers and
effects are the expressions of the abstraction.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from otr_model.kernel.composition import states_of
from otr_model.kernel.expr import BoolVar, IntVar, Reading, Scope
from otr_model.kernel.readings import PLACE, Number, PythonReading, Test
from otr_model.kernel.variant import apply
from otr_model.kernel.vocabulary import Opaque
from otr_reference.engine import Engine, Step, Unprepared
from otr_reference.errors import OtrSpecError

from .abstraction import BOTH, KEYS, Wide, asked_of, constants_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from otr_model.kernel.composition import Composition
    from otr_model.kernel.expr import Bool, Int, Variable
    from otr_model.kernel.vocabulary import Effect, Event
    from otr_model.kernel.words import Word
    from otr_model.trace import Fired

    from .abstraction import Abstraction, Scenario

__all__ = [
    "PREPARED",
    "WIDE",
    "Endpoints",
    "LocalStep",
    "Message",
    "Numbering",
    "OutOfBounds",
    "Place",
    "done",
    "places_of",
]

PREPARED: Final = "prepared"
"""The name of the property that every effect has the data that it needs."""

Message = tuple[int, ...]
"""The fields of a message, in the order of `Abstraction.fields`."""

T = TypeVar("T")


class OutOfBounds(OtrSpecError):
    """A variable or a channel is too small for a scenario: its bounds are not what it says."""


class Numbering(Generic[T]):
    """Values numbered from 0 in the order in which they are first met."""

    def __init__(self) -> None:
        self._numbers: dict[T, int] = {}
        self._values: list[T] = []

    def of(self, value: T) -> int:
        """The number of a value."""
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self._values)
            self._values.append(value)
        return number

    def value(self, number: int) -> T:
        """The value with a number."""
        return self._values[number]

    def __len__(self) -> int:
        return len(self._values)


class _Record:
    """Attributes by name: a session, a message, a configuration."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self.__dict__.update(values)

    def clone(self) -> _Record:
        """A shallow copy."""
        return _Record(self.__dict__)


class _Shared(_Record):
    """What the sessions of a conversation share, and the sessions."""

    members: dict[int, _Record]

    def clone(self) -> _Shared:
        """A copy with a dictionary of its own."""
        copy = _Shared(self.__dict__)
        copy.members = dict(self.members)
        return copy


class ControlStep(Step[_Shared, _Record]):
    """A run on ghosts; the methods of a vocabulary are added for each abstraction."""

    facts: _Record
    config: _Record

    def __init__(self, shared: _Shared, facts: _Record, config: _Record) -> None:
        super().__init__(shared, _no_spawn)
        self.facts = facts
        self.config = config
        self.sent: list[Message] = []

    @property
    def other(self) -> _Record:
        """The other session, for what is asked about all of them."""
        return self.group[1 - self.key]


def _no_spawn(key: int) -> _Record:
    message = f"there is no session with the key {key}"
    raise OutOfBounds(message)


# --- What an abstraction says, as methods of a step -------------------------------------------


def _step_class(abstraction: Abstraction) -> type[ControlStep]:
    """A step that answers and acts as an abstraction says."""
    methods: dict[str, Callable[[ControlStep], object]] = {}
    for word, meaning in abstraction.means.items():
        kind = "ask" if isinstance(word.spec, Opaque) else "check"
        methods[f"{kind}_{word.name.lower()}"] = meaning.read(WIDE)
    for effect in abstraction.composition.effects:
        if not effect.spec.bare or effect in abstraction.does or effect in abstraction.then:
            methods[f"do_{effect.name.lower()}"] = _performing(abstraction, effect)
    return type("AbstractStep", (ControlStep,), methods)


def _performing(abstraction: Abstraction, effect: Effect) -> Callable[[ControlStep], None]:
    """What an effect does beyond the updates that it declares: ghosts, data, and the network."""
    if effect in abstraction.never:
        return _never(effect)
    update = _updating(abstraction.updates(effect))
    afterwards = _updating(abstraction.afterwards(effect))
    tracked = set(abstraction.data())
    made = [datum for datum in effect.spec.writes if datum in tracked]
    message = abstraction.message(effect)
    fields = None if message is None else _fields(abstraction, message)

    def perform(step: ControlStep) -> None:
        update(step)
        for datum in made:
            setattr(_target(step, datum.spec.scope), datum.slot, True)
        if fields is not None:
            step.sent.append(tuple(int(field(step)) for field in fields))
        afterwards(step)

    return perform


def _updating(updates: Mapping[Variable, Int | Bool]) -> Callable[[ControlStep], None]:
    """What sets variables, all at once."""
    compiled = [(v.scope, v.name, value.read(WIDE)) for v, value in updates.items()]

    def update(step: ControlStep) -> None:
        values = [(scope, name, value(step)) for scope, name, value in compiled]
        for scope, name, value in values:
            setattr(_target(step, scope), name, value)

    return update


def _never(effect: Effect) -> Callable[[ControlStep], None]:
    def refuse(_step: ControlStep) -> None:
        message = f"{effect.name} is outside of the abstraction"
        raise OutOfBounds(message)

    return refuse


def _target(step: ControlStep, scope: Scope) -> _Record:
    """What holds the variables of a scope, to write to."""
    if scope is Scope.MESSAGE:
        return step.facts
    return step.shared if scope is Scope.SHARED else step.own()


def _fields(
    abstraction: Abstraction, message: Mapping[Variable, Int | Bool]
) -> tuple[Callable[[Any], int], ...]:
    """What computes each field of a message."""
    return tuple(message[v].read(WIDE) if v in message else _zero for v in abstraction.fields())


def _zero(_step: object) -> int:
    return 0


# --- Reading a joint state --------------------------------------------------------------------


@dataclass(slots=True)
class View:
    """One endpoint with one session at hand, and the other endpoint with the same session."""

    shared: _Shared
    member: _Record
    config: _Record
    theirs: View | None = None

    @property
    def master(self) -> _Record:
        """The session with key 0."""
        return self.shared.members[0]


class _Elsewhere(PythonReading):
    """Reads from a view what the other endpoint has."""

    def integer(self, variable: IntVar) -> Number:
        """A look-up."""
        return attrgetter(f"theirs.{PLACE[variable.scope]}{variable.name}")

    def flag(self, variable: BoolVar) -> Test:
        """A look-up."""
        return attrgetter(f"theirs.{PLACE[variable.scope]}{variable.name}")

    def in_state(self, machine: str, states: tuple[Word, ...], owner: str) -> Test:
        """A look-up of the machine's state."""
        state = attrgetter(f"theirs.{owner}.{machine}")
        return lambda view: state(view) in states


class _WidePython(PythonReading, Wide[Number, Test]):
    """Compiles an expression to a function of a step, or of a view."""

    def of_master(self, variable: IntVar) -> Number:
        """A look-up in the master session."""
        return attrgetter(f"master.{variable.name}")

    def opposite(self) -> Reading[Number, Test]:
        """The reading of what the other endpoint has: of views only."""
        return _Elsewhere()


WIDE: Final = _WidePython()


# --- The state of an endpoint -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """One component of the state of an endpoint.

    Attributes:
        key: of the session; None: shared.
        name: the attribute.
        first: its value at first.
        least: the smallest value.
        most: the largest value.
        words: the states of a machine; none for anything else.
        datum: it is the presence of a datum.
        flag: it is a truth value.
    """

    key: int | None
    name: str
    first: int = 0
    least: int = 0
    most: int = 1
    words: tuple[Word, ...] = ()
    datum: bool = False
    flag: bool = False

    def value(self, number: int) -> object:
        """What the attribute is, given its number."""
        if self.words:
            return self.words[number]
        if self.datum:
            return True if number else None
        return bool(number) if self.flag else number

    def number(self, value: Any) -> int:  # noqa: ANN401 - of the kind that the place has
        """The number of what the attribute is."""
        if self.words:
            return self.words.index(value)
        return int(value is not None) if self.datum else int(value)


def _typed(variable: Variable, number: int) -> int | bool:
    """A number as the value of a variable."""
    return bool(number) if isinstance(variable, BoolVar) else number


def done(event: Event) -> str:
    """The attribute that counts how often a user has done something."""
    return f"done_{event.name.lower()}"


def places_of(scenario: Scenario, composition: Composition) -> tuple[Place, ...]:
    """Every component of the state of an endpoint.

    Shared ones come first, then those of each session, then what the user has done.
    """
    counts = (
        Place(None, done(event), most=max(side.may.get(event, 0) for side in scenario.sides))
        for event in asked_of(scenario)
    )
    members = (p for key in KEYS for p in _places(scenario, composition, Scope.MEMBER, key))
    return (*_places(scenario, composition, Scope.SHARED, None), *members, *counts)


def _places(
    scenario: Scenario, composition: Composition, scope: Scope, key: int | None
) -> Iterator[Place]:
    """The components of the conversation, or of one session."""
    abstraction = scenario.abstraction
    own = composition.family if key is not None else None
    for table in composition.tables:
        if composition.family_of(table.name) == own:
            states = states_of(table)
            first = states.index(table.initial)
            yield Place(key, table.machine, first, words=states, most=len(states) - 1)
    for variable in abstraction.state():
        if variable.scope is scope:
            yield _place(scenario, variable, key)
    for datum in abstraction.data():
        if datum.spec.scope is scope:
            yield Place(key, datum.slot, datum=True)


def _place(scenario: Scenario, variable: Variable, key: int | None) -> Place:
    """The component of a variable."""
    if variable is scenario.abstraction.member_key and key is not None:
        return Place(key, variable.name, key, key, key)
    first = int(variable.initial)
    if isinstance(variable, BoolVar):
        return Place(key, variable.name, first, flag=True)
    most = scenario.bound(variable)
    return Place(key, variable.name, first, min(0, first), max(most, first))


@dataclass(frozen=True, slots=True)
class LocalStep:
    """What an endpoint does with an input.

    Attributes:
        after: the number of its state afterwards.
        sent: the messages that it sends, in order.
        fired: the rows that it takes, in order.
        broken: (PREPARED,) where an effect lacks what it needs; the state is then that of before.
    """

    after: int
    sent: tuple[Message, ...]
    fired: tuple[Fired, ...]
    broken: tuple[str, ...] = ()


class Endpoints:
    """Both endpoints of a scenario.

    Args:
        scenario: what runs.

    Raises:
        BadAbstraction: if the scenario leaves something open.
        BadVariant: if its variant names what does not exist.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        abstraction = self.abstraction = scenario.abstraction
        applied = apply(abstraction.composition, scenario.variant)
        self.composition = applied.composition
        self.fields = abstraction.fields()
        self.places = places_of(scenario, self.composition)
        self.states = Numbering[tuple[int, ...]]()
        self._step = _step_class(abstraction)
        self._engine = Engine(applied, self._step)
        self._configs = tuple(_Record(constants_of(scenario, side)) for side in BOTH)
        self._blank = {v.name: _typed(v, 0) for v in abstraction.facts()}
        self._unpacked: dict[int, _Shared] = {}
        self._memo: dict[tuple[int, int, Event | Message, tuple[int, ...]], LocalStep] = {}

    @property
    def first(self) -> int:
        """The number of the state in which nothing has happened."""
        return self.states.of(tuple(place.first for place in self.places))

    def step(
        self, side: int, state: int, given: Event | Message, drawn: tuple[int, ...]
    ) -> LocalStep:
        """What an endpoint does with what its user asks, or with a message; computed once.

        Raises:
            OutOfBounds: if a variable leaves its bounds.
        """
        key = (side, state, given, drawn)
        known = self._memo.get(key)
        if known is None:
            known = self._memo[key] = self._run(side, state, given, drawn)
        return known

    def _run(
        self, side: int, state: int, given: Event | Message, drawn: tuple[int, ...]
    ) -> LocalStep:
        shared, event, key = self._unpack(state), self.abstraction.received, 0
        facts = _Record(self._blank)
        for each, number in zip(self.abstraction.drawn, drawn, strict=True):
            setattr(facts, each.variable.name, number)
        if isinstance(given, tuple):
            for variable, number in zip(self.fields, given, strict=True):
                setattr(facts, variable.name, _typed(variable, number))
        else:
            event, key = given, getattr(shared, self.abstraction.best.name)
        step = self._step(shared, facts, self._configs[side])
        if event is given:
            setattr(step.shared, done(event), getattr(shared, done(event)) + 1)
        try:
            self._engine.run(step, event, key)
        except Unprepared:
            return LocalStep(state, (), tuple(step.trace), (PREPARED,))
        after = self.states.of(self._pack(step.shared))
        return LocalStep(after, tuple(step.sent), tuple(step.trace))

    def view(self, side: int, state: int, key: int) -> View:
        """An endpoint with one of its sessions at hand, for reading."""
        shared = self._unpack(state)
        return View(shared, shared.members[key], self._configs[side])

    def named(self, state: int) -> dict[str, object]:
        """A state as names and values, for people: sessions' names carry the key."""
        return {
            place.name if place.key is None else f"{place.name}[{place.key}]": place.value(number)
            for place, number in zip(self.places, self.states.value(state), strict=True)
        }

    def _unpack(self, state: int) -> _Shared:
        """A state as what the engine runs on, which does not change it."""
        shared = self._unpacked.get(state)
        if shared is None:
            shared = _Shared({"members": {key: _Record({}) for key in KEYS}})
            for place, number in zip(self.places, self.states.value(state), strict=True):
                holder = shared if place.key is None else shared.members[place.key]
                setattr(holder, place.name, place.value(number))
            self._unpacked[state] = shared
        return shared

    def _pack(self, shared: _Shared) -> tuple[int, ...]:
        return tuple(self._number(shared, place) for place in self.places)

    def _number(self, shared: _Shared, place: Place) -> int:
        holder = shared if place.key is None else shared.members[place.key]
        number = place.number(getattr(holder, place.name))
        if not place.least <= number <= place.most:
            message = (
                f"{self.scenario.name}: {place.name} is {number}, and its bounds are "
                f"{place.least} and {place.most}"
            )
            raise OutOfBounds(message)
        return number
