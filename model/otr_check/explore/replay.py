"""Witnesses made and replayed: the endpoints of a scenario, led through a run by hand.

    witness = witness_of(exploration, exploration.found.violations[0])
    replayed = replay(witness)
    replayed.differs, replayed.violated

A replay needs no exploration. The endpoints are run again, step by step; every row, message and
notice is compared, and the property is asked in the last joint state. `replay_real` does it over
real bytes: keys are drawn, and drawn again until the comparisons of hashes come out as the witness
has them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from otr_reference.errors import OtrSpecError

from .digests import digest_of
from .machine import CONTEXT, MoveKind
from .party import Claim, Crash, Deed, Local, Memory, Outcome, Undecided, remembered
from .properties import NoStorm, World, properties_of
from .registry import adaptor_of, real_endpoints_of
from .scenario import Action
from .witness import Kind, Sent, Step, Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from otr_check.terms import Term
    from otr_model.trace import Fired

    from .machine import Move
    from .party import Adaptor, Order
    from .properties import Property
    from .scenario import Scenario
    from .search import Exploration, Violation

__all__ = [
    "ATTEMPTS",
    "Differs",
    "Joint",
    "Replayed",
    "Run",
    "injected_in",
    "replay",
    "replay_real",
    "states_of",
    "witness_of",
]

ATTEMPTS: Final = 400
"""How often keys are drawn until hashes compare as a witness has it."""

_KINDS: Final = {
    MoveKind.DELIVER: Kind.DELIVERED,
    MoveKind.REPLAY: Kind.AGAIN,
    MoveKind.LOSE: Kind.LOST,
    MoveKind.INJECT: Kind.INJECTED,
    MoveKind.ACT: Kind.DID,
    MoveKind.WAIT: Kind.WAITED,
}
_ACTIONS: Final = {action.label: action for action in Action}


class Differs(OtrSpecError):
    """A step that a witness has cannot be taken; the message says why."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay gave.

    Attributes:
        steps: the steps that were taken, as they came out.
        differs: the first step that came out differently, and how; "" if none did.
        violated: what is wrong in the last joint state, as the property says it; "" where it holds,
            where it was not asked, and where a step differs.
        attempts: how often keys were drawn.
    """

    steps: tuple[Step, ...]
    differs: str
    violated: str = ""
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class Joint:
    """A joint state of a run.

    Attributes:
        conversations: the conversation of each participant.
        queues: for each participant, the numbers of the messages on their way to it, oldest first.
        labels: what each message is, by its number.
    """

    conversations: tuple[Any, ...]
    queues: tuple[tuple[int, ...], ...]
    labels: Mapping[int, str]


class Run:
    """Endpoints that are led through a run.

    Args:
        scenario: who takes part.
        adaptor: the endpoints.
        offered: the message that an attacker made, from what a step says about it; None: it is
            looked for among those that he can make.

    Attributes:
        locals: the local state of each participant.
        wires: each message that was sent, by its number.
        queues: for each participant, the numbers of the messages on their way to it.
        order: what was decided about hashes.
    """

    def __init__(
        self,
        scenario: Scenario,
        adaptor: Adaptor,
        offered: Callable[[Step], Term] | None = None,
    ) -> None:
        self.scenario = scenario
        self.adaptor = adaptor
        self.offered = offered or self._found
        self.names = [actor.name for actor in scenario.actors]
        self.locals = [Local(adaptor.begin(who), Memory()) for who in range(len(self.names))]
        self.wires: dict[int, Term] = {}
        self.queues: list[list[int]] = [[] for _ in self.names]
        self.order: Order = frozenset()
        self.now = 0
        self._asked = properties_of(scenario)
        self._kept = frozenset(deed for each in self._asked for deed in each.deeds)
        self._opponent = adaptor.attacker()
        self._known: Hashable = self._opponent.begin()
        injects = bool(scenario.attacker and scenario.attacker.injects)
        self._learns = injects or any(each.learns for each in self._asked)
        self._since = 0

    def take(self, move: Step, choose: Callable[[Undecided], bool]) -> Step:
        """Take a step.

        Args:
            move: what happens: kind, who, action, message, what was made, seconds.
            choose: whether the first of two hashes is the higher one.

        Returns:
            The step with everything that came of it.

        Raises:
            Differs: if it is not possible.
        """
        match move.kind:
            case Kind.WAITED:
                self.now += move.seconds
                return move
            case Kind.DID:
                return self._command(move, choose)
            case Kind.INJECTED:
                return self._receive(move, self.offered(move), choose)
            case _:
                return self._arrive(move, choose)

    def _who(self, move: Step) -> int:
        if move.who not in self.names:
            message = f"there is no participant {move.who!r}"
            raise Differs(message)
        return self.names.index(move.who)

    def _arrive(self, move: Step, choose: Callable[[Undecided], bool]) -> Step:
        """A message that was sent reaches somebody, or is lost."""
        queue = self.queues[self._who(move)]
        if move.message not in queue:
            message = f"message {move.message} is not on its way to {move.who}"
            raise Differs(message)
        if move.kind is not Kind.AGAIN:
            queue.remove(move.message)
        wire = self.wires[move.message]
        if move.kind is Kind.LOST:
            return replace(move, label=self.adaptor.label(wire))
        return self._receive(move, wire, choose)

    def _receive(self, move: Step, wire: Term, choose: Callable[[Undecided], bool]) -> Step:
        who = self._who(move)
        outcome, higher = self._decided(
            lambda order: self.adaptor.receive(who, self.locals[who], wire, self.now, order),
            who,
            choose,
        )
        if outcome is None:
            message = f"{move.who} does not take messages"
            raise Differs(message)
        return self._came_of(
            replace(move, label=self.adaptor.label(wire), higher=higher), who, outcome, typed=0
        )

    def _command(self, move: Step, choose: Callable[[Undecided], bool]) -> Step:
        who, action = self._who(move), _ACTIONS.get(move.action)
        if action is None:
            message = f"there is nothing called {move.action!r} that a user does"
            raise Differs(message)
        local = self.locals[who]
        types = action is Action.SEND
        typed = str(self.adaptor.text(who, local.memory.typed)) if types else ""
        outcome, higher = self._decided(
            lambda order: self.adaptor.command(who, local, action, self.now, order), who, choose
        )
        if outcome is None:
            message = f"{move.who} cannot do that now: {action.meaning}"
            raise Differs(message)
        self._since = 0
        return self._came_of(
            replace(move, typed=typed, higher=higher), who, outcome, typed=int(types)
        )

    def _decided(
        self,
        step: Callable[[Order], Outcome | None],
        who: int,
        choose: Callable[[Undecided], bool],
    ) -> tuple[Outcome | None, tuple[bool, ...]]:
        """What a step gives, and what was decided about hashes in it."""
        higher: list[bool] = []
        order = self.order
        while True:
            try:
                outcome = step(order)
            except Undecided as asked:
                ours = choose(asked)
                pair = (asked.ours, asked.theirs) if ours else (asked.theirs, asked.ours)
                order |= {pair}
                higher.append(ours)
            except Crash as crash:
                claim = Claim(Deed.CRASHED, (str(crash),))
                outcome = Outcome(
                    self.locals[who].conversation, claims=(claim,), notices=(f"crash: {crash}",)
                )
                return outcome, tuple(higher)
            else:
                self.order = order
                return outcome, tuple(higher)

    def _came_of(self, move: Step, who: int, outcome: Outcome, *, typed: int) -> Step:
        """Everything that came of a step, and what is on its way after it."""
        memory = remembered(self.locals[who].memory, outcome, self._kept, typed)
        self.locals[who] = Local(outcome.conversation, memory)
        sent = tuple(self._send(who, wire) for wire in outcome.wires)
        return replace(move, fired=outcome.fired, sent=sent, shown=outcome.notices)

    def _send(self, who: int, wire: Term) -> Sent:
        number = len(self.wires) + 1
        self.wires[number] = wire
        peer = self.scenario.actors[who].peer
        for at, actor in enumerate(self.scenario.actors):
            if at != who and actor.user == peer:
                self.queues[at].append(number)
        self._since += 1
        if self._learns:
            self._known = self._opponent.learn(self._known, (wire,))
        return Sent(number, self.adaptor.label(wire))

    def _found(self, move: Step) -> Term:
        """The message that an attacker is said to have made."""
        who = self._who(move)
        offers = self._opponent.messages(self._known, self.locals[who].conversation, who)
        for offer in offers:
            if digest_of(offer) == move.digest:
                return offer
        message = f"the attacker cannot make this {move.label}"
        raise Differs(message)

    def joint(self) -> Joint:
        """Where everything stands."""
        return Joint(
            tuple(local.conversation for local in self.locals),
            tuple(map(tuple, self.queues)),
            {number: self.adaptor.label(wire) for number, wire in self.wires.items()},
        )

    def violated(self, prop: Property) -> str:
        """What is wrong in the joint state that was reached; "" if nothing is."""
        world = World(self.scenario, self.adaptor, self._opponent)
        locals_ = tuple(self.locals)
        for who, local in enumerate(locals_):
            says = prop.alone(world, who, local)
            if not says and prop.learns:
                says = prop.known(world, who, local, self._known)
            if says:
                return says
        says = prop.together(world, locals_)
        if not says and not any(self.queues):
            says = prop.resting(world, locals_)
        if not says and prop.id == NoStorm.id and self._since > self.scenario.bounds.storm:
            most = self.scenario.bounds.storm
            says = f"more than {most} messages are sent after the last user acted"
        return says or ""


# --- Making -----------------------------------------------------------------------------------


def witness_of(exploration: Exploration, violation: Violation) -> Witness:
    """The witness of a violation: a shortest run that leads to it.

    Raises:
        KeyError: if the exploration did not find it.
    """
    run = Run(exploration.scenario, exploration.tables.adaptor)
    steps = tuple(
        _made(exploration, run, state, move) for state, move in exploration.path(violation.state)
    )
    return Witness(exploration.scenario, violation.property, violation.says, steps)


def _made(exploration: Exploration, run: Run, state: int, move: Move) -> Step:
    """The step that led to a joint state."""
    tables = exploration.tables
    context = (state >> exploration.shape.context) & ((1 << CONTEXT) - 1)
    order: Order = tables.orders[context]

    def choose(asked: Undecided) -> bool:
        return (asked.ours, asked.theirs) in order

    kind, who = _KINDS[move.kind], run.names[move.who]
    match kind:
        case Kind.WAITED:
            step = Step(kind, seconds=run.scenario.waits[move.given])
        case Kind.DID:
            step = Step(kind, who, tuple(Action)[move.given].label)
        case Kind.INJECTED:
            made = tables.wires[move.given]
            step = Step(kind, who, made=str(made), digest=digest_of(made))
        case _:
            wire = tables.wires[move.given]
            number = next(n for n in run.queues[move.who] if run.wires[n] == wire)
            step = Step(kind, who, message=number)
    return run.take(step, choose)


# --- Replaying --------------------------------------------------------------------------------


def replay(witness: Witness) -> Replayed:
    """Replay a witness over terms: every row has to be taken again, and the property violated.

    Raises:
        BadScenario: if its scenario asks for what is not there any more.
    """
    run = Run(witness.scenario, adaptor_of(witness.scenario))
    steps, differs = _compared(run, witness)
    if differs:
        return Replayed(steps, differs)
    prop = next((p for p in properties_of(witness.scenario) if p.id == witness.property), None)
    says = run.violated(prop) if prop else ""
    if says != witness.says:
        found = f"it says: {says}" if says else f"{witness.property} holds"
        return Replayed(steps, f"after the last step {found}, where the file says: {witness.says}")
    return Replayed(steps, "", says)


def states_of(witness: Witness) -> tuple[Joint, ...]:
    """The joint states of a witness over terms: the first one, and one after each step.

    Raises:
        BadScenario: if its scenario asks for what is not there any more.
        Differs: if a step cannot be taken any more.
    """
    run = Run(witness.scenario, adaptor_of(witness.scenario))
    states = [run.joint()]
    for step in witness.steps:
        run.take(step, _chosen(step))
        states.append(run.joint())
    return tuple(states)


def injected_in(witness: Witness) -> tuple[Term, ...]:
    """The messages that an attacker makes in a witness, in order.

    Raises:
        BadScenario: if its scenario asks for what is not there any more.
        Differs: if a step cannot be taken any more.
    """
    run = Run(witness.scenario, adaptor_of(witness.scenario))
    made: list[Term] = []
    for step in witness.steps:
        if step.kind is Kind.INJECTED:
            made.append(run.offered(step))
        run.take(step, _chosen(step))
    return tuple(made)


def replay_real(witness: Witness, attempts: int = ATTEMPTS) -> Replayed:
    """Replay a witness over real bytes: the same rows, messages and notices, step by step.

    Properties are asked over terms only, so that `violated` is what a replay over terms says.

    Raises:
        BadScenario: if its scenario asks for what is not there any more, or nothing replays its
            protocol over bytes.
    """
    over_terms = replay(witness)
    if over_terms.differs:
        return over_terms
    draws = any(step.higher or step.made for step in witness.steps)
    best: tuple[tuple[Step, ...], str] = ((), "")
    attempt = 0
    for attempt in range(1, attempts + 1 if draws else 2):
        steps, differs = _over_bytes(witness, attempt)
        if not differs:
            return Replayed(steps, "", over_terms.violated, attempt)
        if len(steps) >= len(best[0]):
            best = steps, differs
    return Replayed(*best, attempts=attempt)


def _over_bytes(witness: Witness, attempt: int) -> tuple[tuple[Step, ...], str]:
    """One attempt over bytes, beside one over terms from which an attacker's messages are made."""
    terms = Run(witness.scenario, adaptor_of(witness.scenario))
    real = real_endpoints_of(witness.scenario, attempt)
    observed = 0
    made: dict[str, Term] = {}

    def offered(step: Step) -> Term:
        nonlocal observed
        for number in range(observed + 1, len(run.wires) + 1):
            real.observe(terms.wires[number], run.wires[number])
        observed = len(run.wires)
        message: Term = real.make(made[step.digest])
        return message

    run = Run(witness.scenario, real.adaptor, offered)

    def before(step: Step) -> None:
        """The same step over terms."""
        if step.kind is Kind.INJECTED:
            made[step.digest] = terms.offered(step)
        terms.take(step, _chosen(step))

    return _compared(run, witness, before)


def _compared(
    run: Run, witness: Witness, before: Callable[[Step], None] = lambda _step: None
) -> tuple[tuple[Step, ...], str]:
    """Take the steps of a witness until one differs; those that were taken, and how it differs."""
    steps: list[Step] = []
    for number, step in enumerate(witness.steps, 1):
        try:
            before(step)
            found = run.take(step, _chosen(step))
        except OtrSpecError as error:
            return tuple(steps), f"step {number}: {error}"
        steps.append(found)
        how = _difference(step, found)
        if how:
            return tuple(steps), f"step {number}: {how}"
    return tuple(steps), ""


def _chosen(step: Step) -> Callable[[Undecided], bool]:
    """What a witness says of comparisons of hashes, one after the other."""
    left = list(step.higher)

    def choose(_asked: Undecided) -> bool:
        if not left:
            message = f"{step.who} compares hashes"
            raise Differs(message)
        return left.pop(0)

    return choose


def _difference(wanted: Step, found: Step) -> str:
    """The first thing in which a step came out differently; "" if there is none."""
    compared: tuple[tuple[str, Sequence[str], Sequence[str]], ...] = (
        ("takes", [_row(f) for f in found.fired], [_row(f) for f in wanted.fired]),
        ("sends", [s.label for s in found.sent], [s.label for s in wanted.sent]),
        ("is shown", found.shown, wanted.shown),
    )
    for what, now, then in compared:
        for ours, theirs in _paired(now, then):
            if ours != theirs and not _alike(ours, theirs):
                here, there = ours or "nothing more", theirs or "nothing more"
                return f"{found.who} {what} {here}, where the file has {there}"
    return ""


def _paired(now: Sequence[str], then: Sequence[str]) -> list[tuple[str, str]]:
    most = max(len(now), len(then))
    fill = [""] * most
    return list(zip([*now, *fill][:most], [*then, *fill][:most], strict=True))


def _alike(now: str, then: str) -> bool:
    """Whether both show something that is no text: how it is written is nobody's decision."""
    (shown, mark, _), (wanted, _, text) = now.partition(": "), then.partition(": ")
    return bool(mark) and shown == wanted and not text.startswith(("'", '"'))


def _row(fired: Fired) -> str:
    where = f" ({fired.member:#x})" if fired.member else ""
    failed = f", where {fired.failed} fails" if fired.failed else ""
    return f"{fired.row}{where}{failed}"
