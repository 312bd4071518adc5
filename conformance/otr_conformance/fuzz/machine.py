"""The same under Hypothesis: a state machine whose rules are the tables' events.

    run_state_machine_as_test(machine_of(fuzzing, begin))

There is a rule for each event that a user causes, for the network, for messages that are altered or
cut, for what nobody of the two has sent, for the tester, and for the clock. Messages that have
passed, and MAC keys that became public, are in bundles: a rule that needs one is played only when
there is one. Whoever plays is drawn by the rule that begins. The moves are those of the plain loop,
so that what Hypothesis finds is a script like any other; the scripts of a corpus are where it may
begin.

`Examined` plays it as a campaign: Hypothesis' examples are kept in the folder of the campaign.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Hashable  # noqa: TC003 - Hypothesis reads the annotations
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.errors import HypothesisException
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from otr_conformance.derive.plan import Script
from otr_reference.errors import OtrSpecError

from .campaign import MOMENT, Campaign
from .coverage import Coverage
from .loop import Trouble
from .seat import Absent
from .worker import Done, Kept, Worker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from .campaign import State
    from .solo import Play
    from .vocabulary import Fuzzing
    from .worker import Order

__all__ = ["Account", "Examined", "groups_of", "machine_of"]

STEPS: Final = 30
"""Moves of an example, at most."""
_SEEDS: Final = 1 << 16
_MOMENT: Final = 5 * MOMENT
"""Seconds after which it is said how far it is."""
_EXAMPLES: Final = 200
"""Examples of a moment, at most."""
_BEGUN: Final = 64
"""Scripts of a corpus with which an example may begin."""
Begin: TypeAlias = "Callable[[str], Play]"


def _unheard_of(_trouble: Trouble) -> bool:
    return False


def _said(trouble: Trouble) -> Hashable:
    return str(trouble.error)


def _length(trouble: Trouble) -> int:
    return len(trouble.script.moves)


@dataclass
class Account:
    """What the examples have done.

    Attributes:
        coverage: what was seen.
        steps: moves that were played.
        examples: how many examples there were.
        kept: scripts that showed a pair of rows first.
        troubles: of each kind of trouble, the shortest script that showed it.
        corpus: scripts with which an example may begin.
        until: when to stop, by the clock; 0: when Hypothesis does.
        clock: which clock.
        most: after how many moves to stop; 0: when Hypothesis does.
        known: whether trouble is of a kind that is known: then only the example ends.
        kind: of trouble.
    """

    coverage: Coverage
    steps: int = 0
    examples: int = 0
    kept: list[Kept] = field(default_factory=list)
    troubles: dict[Hashable, Trouble] = field(default_factory=dict)
    corpus: list[Kept] = field(default_factory=list)
    until: float = 0.0
    clock: Callable[[], float] = time.monotonic
    most: int = 0
    known: Callable[[Trouble], bool] = _unheard_of
    kind: Callable[[Trouble], Hashable] = _said

    @property
    def over(self) -> bool:
        """Whether to stop; not before anything was played, however slow it goes."""
        late = self.until and self.clock() >= self.until
        enough = self.most and self.steps >= self.most
        return bool(self.steps and (late or enough))

    @property
    def trouble(self) -> Trouble | None:
        """The shortest trouble."""
        return min(self.troubles.values(), key=_length, default=None)

    def add(self, trouble: Trouble) -> None:
        """Keep trouble, if nothing shorter of its kind is known."""
        kind = self.kind(trouble)
        known = self.troubles.get(kind)
        if known is None or _length(trouble) <= _length(known):
            self.troubles[kind] = trouble


class Over(BaseException):
    """The time is over, or enough was played; no handler of errors takes it for one.

    Hypothesis may say `Flaky` instead: what it began with ended earlier than before.
    """


def _goes_on(machine: _Machine) -> bool:
    """Whether a play is under way."""
    return machine.duel is not None and not machine.duel.cut


def groups_of(fuzzing: Fuzzing) -> Mapping[str, tuple[str, ...]]:
    """The moves, by the rule that plays them.

    A rule for each event that the target's user causes, and one for each kind of thing that the
    network, the tester and the clock do.
    """
    groups: dict[str, list[str]] = {}
    known: set[str] = set()
    for event, names in fuzzing.users.items():
        groups[f"user {event.label}"] = [name for name in names if name in fuzzing.vocabulary]
        known.update(names)
    for name in fuzzing.vocabulary:
        if name not in known:
            groups.setdefault(_group(fuzzing, name), []).append(name)
    return {group: tuple(names) for group, names in groups.items() if names}


_OPENINGS: Final = (
    ("again to ", "replayed"),
    ("forged ", "forged"),
    ("in pieces", "cut"),
    ("with ", "altered"),
    ("wrong in ", "altered"),
    ("to ", "delivered"),
    ("last to ", "delivered"),
    ("everything ", "delivered"),
    ("kept to ", "repeated"),
    ("repeated to ", "repeated"),
    ("lost to ", "lost"),
    ("tester ", "tester"),
    ("the tester", "tester"),
    ("target ", "user"),
)
_NEED: Final = {"replayed": "passed", "forged": "public"}
"""The bundle that a rule draws from."""


def _group(fuzzing: Fuzzing, name: str) -> str:
    """The rule that plays a move."""
    if "clock" in fuzzing.vocabulary[name].needs:
        return "clock"
    return next((group for opening, group in _OPENINGS if name.startswith(opening)), "somebody")


def machine_of(
    fuzzing: Fuzzing,
    begin: Begin,
    account: Account | None = None,
    possible: Sequence[str] | None = None,
) -> type[RuleBasedStateMachine]:
    """The state machine of a protocol.

    Args:
        fuzzing: what the protocol states.
        begin: makes a play of somebody.
        account: where it is written down what the examples do; None: nowhere.
        possible: the names of the moves that the target is capable of; None: all.
    """
    able = frozenset(fuzzing.vocabulary if possible is None else possible)
    groups = {
        group: tuple(name for name in names if name in able)
        for group, names in groups_of(fuzzing).items()
    }
    own = account if account is not None else Account(Coverage(fuzzing.plan.protocol))
    passed, public = Bundle("passed"), Bundle("public")
    body: dict[str, Any] = {"passed": passed, "public": public}
    bundles = {"passed": passed, "public": public}
    for group, names in groups.items():
        if names:
            body[_identifier(group)] = _rule(group, names, bundles)
    body["begins"] = _beginning(fuzzing, own)
    body["notes_what_has_passed"] = _noting(passed, "passed")
    body["notes_public_keys"] = _noting(public, "forgeable")
    body["own"] = own
    body["begin"] = staticmethod(begin)
    return type("Machine", (_Machine,), body)


class _Machine(RuleBasedStateMachine):
    """What every machine has; its rules are made of the vocabulary.

    Attributes:
        duel: the play under way; None before it begins.
    """

    own: Account
    begin: Begin

    def __init__(self) -> None:
        super().__init__()
        self.duel: Play | None = None
        self._last = ""

    def start(self, part: str, moves: tuple[str, ...]) -> None:
        """Somebody plays; perhaps a script first."""
        own = self.own
        own.examples += 1
        if own.over:
            raise Over
        self.duel = self._guarded(part, (), lambda: self.begin(part))
        for name in moves:
            self.take(name)

    def take(self, name: str) -> None:
        """Play a move, if it can be played."""
        play, own = self.duel, self.own
        if play is None or play.cut or not play.can(name):
            return
        fired = play.twin.fired
        before = len(fired)
        moves = (*play.script, name)
        if not self._guarded(play.part, moves, lambda: play.play(name)):
            return
        own.steps += 1
        rows = [each.row for each in fired[before:]]
        fresh = own.coverage.add(self._last, rows)
        self._last = rows[-1] if rows else self._last
        if fresh:
            own.kept.append(Kept(play.part, tuple(play.script), fresh))

    def _guarded(self, part: str, moves: tuple[str, ...], ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever is asked for
        try:
            return ask()
        except OtrSpecError as error:
            trouble = Trouble(Script(part, moves), error)
            if self.own.known(trouble):
                self.duel = None
                return None
            self.own.add(trouble)
            raise

    @precondition(lambda self: not _goes_on(self))
    @rule()
    def rests(self) -> None:
        """Nothing more can happen; Hypothesis asks for a rule all the same."""

    @invariant()
    def agrees(self) -> None:
        """What differs has been raised where it was seen: nothing differs here."""
        assert self.duel is None or self.duel.script is not None  # noqa: S101 - Hypothesis asks so


def _identifier(group: str) -> str:
    return group.replace(" ", "_").replace("-", "_")


def _rule(group: str, names: tuple[str, ...], bundles: Mapping[str, Any]) -> Any:  # noqa: ANN401 - Hypothesis' own
    """A rule that plays one of some moves."""
    needed = _NEED.get(group)

    if needed is not None:

        def played_with(self: _Machine, name: str, number: int) -> None:
            family, _, _ = name.rpartition(" ")
            self.take(f"{family} {number}")

        played_with.__name__ = _identifier(group)
        some = rule(name=st.sampled_from(names), number=bundles[needed])
        return precondition(_goes_on)(some(played_with))

    def played(self: _Machine, name: str) -> None:
        self.take(name)

    played.__name__ = _identifier(group)
    return precondition(_goes_on)(rule(name=st.sampled_from(names))(played))


def _beginning(fuzzing: Fuzzing, own: Account) -> Any:  # noqa: ANN401 - Hypothesis' own
    """The rule that says who plays, and what happens first."""
    drawn = st.integers(0, _SEEDS).map(lambda number: fuzzing.draw_part(_drawing(number)))
    parts = st.one_of(st.sampled_from(tuple(fuzzing.plan.parts)), drawn)
    plain = st.tuples(parts, st.just(()))
    known = [(kept.part, kept.moves) for kept in own.corpus[-_BEGUN:]]
    how = st.one_of(plain, st.sampled_from(known)) if known else plain

    def begins(self: _Machine, how: tuple[str, tuple[str, ...]]) -> None:
        self.start(*how)

    return initialize(how=how)(begins)


def _drawing(number: int) -> Random:
    return Random(number)  # noqa: S311 - what is played is no secret


def _noting(bundle: Any, what: str) -> Any:  # noqa: ANN401 - Hypothesis' own
    """A rule that puts into a bundle which of the things there are can be meant."""

    def there_is(machine: _Machine) -> bool:
        return _goes_on(machine) and bool(getattr(machine.duel.twin, what))  # type: ignore[union-attr] # it goes on

    def notes(self: _Machine, number: int) -> int:
        assert self.duel is not None  # noqa: S101 - see `there_is`
        return number % len(getattr(self.duel.twin, what))

    notes.__name__ = f"notes_{what}"
    some: Any = rule(target=bundle, number=st.integers(0, 7))
    return precondition(there_is)(some(notes))


def settings_of(examples: int, database: Path | None = None, steps: int = STEPS) -> settings:
    """How Hypothesis is set.

    Args:
        examples: how many, at most.
        database: the folder of its examples; None: it keeps none.
        steps: moves of an example, at most.
    """
    kept = None if database is None else DirectoryBasedExampleDatabase(database)
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=kept,
        phases=(Phase.reuse, Phase.generate, Phase.shrink),
        suppress_health_check=tuple(HealthCheck),
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        print_blob=False,
    )


class Examined(Campaign):
    """A campaign in which Hypothesis plays, in this process.

    Args:
        order: the target, and how it is fuzzed.
        corpus: the folder; None: nothing is written.
    """

    def __init__(self, order: Order, corpus: Path | None = None) -> None:
        super().__init__(order, corpus, 1)
        self._moments = 0
        self._database = None if corpus is None else corpus / "hypothesis" / order.protocol

    def run(self, seconds: float = 0.0, steps: int = 0) -> Iterator[State]:
        """See `Campaign.run`."""
        state, begun = self.state, time.monotonic()
        worker = Worker(self.order)
        with contextlib.closing(worker):
            while not state.lost:
                left = seconds - (time.monotonic() - begun) if seconds else 0.0
                try:
                    self._moment(worker, left, max(steps - state.steps, 1) if steps else 0)
                finally:
                    state.seconds = time.monotonic() - begun
                yield state
                if (seconds and state.seconds >= seconds) or (steps and state.steps >= steps):
                    return

    def _moment(self, worker: Worker, left: float, steps: int) -> None:
        """Let Hypothesis play for a moment: some seconds, or so many moves; 0: no limit."""
        coverage = Coverage(self.order.protocol)
        coverage.pairs.update(dict.fromkeys(self.state.coverage.pairs, 0))
        done, spent = Done(label=worker.seat.label), time.process_time()
        own = Account(coverage, corpus=self.corpus.scripts, most=steps)
        own.known = lambda trouble: worker.is_known(trouble, done)
        own.kind = lambda trouble: worker.find_of(trouble).key
        own.until = time.monotonic() + (min(_MOMENT, left) if left > 0 else _MOMENT)
        try:
            self._examples(worker, own, done)
        finally:  # an interruption loses nothing
            done.steps, done.episodes, done.kept = own.steps, own.examples, own.kept
            done.cells, done.pairs = coverage.taken()
            done.seconds = time.process_time() - spent
            self._take_over(done)

    def _examples(self, worker: Worker, own: Account, done: Done) -> None:
        """Let Hypothesis play, and judge what it comes upon."""
        made: Any = machine_of(worker.fuzzing, worker.seat.begin, own, worker.seat.moves)
        self._moments += 1
        machine = seed(hash((self.order.seed, self._moments)))(made)
        try:
            run_state_machine_as_test(machine, settings=settings_of(_EXAMPLES, self._database))
        except Over:
            pass
        except (OtrSpecError, HypothesisException, ExceptionGroup) as error:
            if not own.troubles and not own.over:
                done.complaints.append(f"Hypothesis: {str(error).splitlines()[0]}")
        except (OSError, ValueError) as error:
            done.complaints.append(self._put_aside(error))
        try:
            for trouble in own.troubles.values():
                worker.judge(trouble, done)
        except Absent as error:
            done.lost = str(error)

    def _put_aside(self, error: Exception) -> str:
        """The examples cannot be read: begin without them."""
        if self._database is None or not self._database.exists():
            return f"Hypothesis: {error}"
        aside = self._database.with_suffix(".damaged")
        shutil.rmtree(aside, ignore_errors=True)
        self._database.rename(aside)
        return f"{self._database}: the examples cannot be read ({error}), and are put aside"

    def _take_over(self, done: Done) -> None:
        self.corpus.add(done.kept)
        self.state.add(done)
        self.state.lost = done.lost
