"""A study: one target in one setting, learned, compared with the tables, and explained.

    study(Order(find("libotr"), "otrv3", "v3-smp", Wish()))

The specification's machine (`known`) has the very inputs that the target can be given, so that both
machines speak one language. Each difference is then
played as a case, and graded like every case.
"""

from __future__ import annotations

import contextlib
import shlex
from dataclasses import dataclass, field, replace
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from otr_conformance.protocols import PROTOCOLS
from otr_conformance.runner import TIMEOUT, Runner
from otr_conformance.shim.errors import ShimAbsent, ShimError
from otr_conformance.verdict import GOOD
from otr_model.kernel.variant import NONE

from .cache import Cache
from .cases import case_of
from .differences import Side, compare_machines, seen_differences
from .errors import BadSetting, Interrupted, LearningStopped
from .known import known_machine
from .mapper import Answer
from .system import ReferenceSystem, ShimSystem
from .wish import Figures, silent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from otr_conformance.play.grade import Result
    from otr_conformance.shim.protocol import Hello
    from otr_conformance.targets import Target
    from otr_conformance.verdict import Verdict
    from otr_model.kernel.variant import Variant

    from .alphabet import AnyLearning, AnySetting
    from .differences import Difference
    from .learner import Learned
    from .machine import Machine
    from .wish import Watch, Wish

__all__ = [
    "Found",
    "Order",
    "Study",
    "learning_of",
    "names_of",
    "owner_of",
    "settings",
    "study",
]

_RECHECKED: Final = 3
"""How many words of a file are asked again, to see whether the target still answers so."""
_EXCHANGE: Final = "exchange "
"""How the inputs begin that are a whole key exchange."""
_SECURE: Final = ("secure ", "still-secure ")


def learning_of(protocol: str) -> AnyLearning:
    """What a protocol states so that machines can be learned."""
    from .alphabet import Learning  # noqa: PLC0415 - it is asked about only here

    found: Any = import_module(f"otr_conformance.{protocol}.learning").LEARNING
    assert isinstance(found, Learning)  # noqa: S101 - a module of ours
    return found


def settings() -> dict[str, tuple[AnyLearning, AnySetting]]:
    """All settings of all protocols, by name."""
    found = {}
    for name in PROTOCOLS:
        if find_spec(f"otr_conformance.{name}.learning") is None:
            continue  # nobody has said yet how its machines can be learned
        learning = learning_of(name)
        found.update({n: (learning, setting) for n, setting in learning.settings.items()})
    return found


def owner_of(name: str) -> tuple[AnyLearning, AnySetting]:
    """The setting of a name, and the protocol's learning.

    Raises:
        BadSetting: if there is none.
    """
    known = settings()
    if name not in known:
        message = f"there is no setting {name!r}; `otrspec learn --list` has all of them"
        raise BadSetting(message)
    return known[name]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be learned.

    Attributes:
        target: whose machine.
        setting: its name.
        wish: how.
        timeout: seconds that the target may take for one answer.
        folder: where answers are kept; None: nowhere.
        variant: of the reference, where that is the target.
        only: the inputs that are used; none: all of the setting.
    """

    target: Target
    setting: str
    wish: Wish
    timeout: float = TIMEOUT
    folder: Path | None = None
    variant: Variant = NONE
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A difference, and what is said about it.

    Attributes:
        difference: the difference.
        at: the state of the specification, by name.
        result: of the case that its word is.
    """

    difference: Difference
    at: str
    result: Result

    @property
    def verdict(self) -> Verdict:
        """Of the case."""
        return self.result.verdict

    @property
    def because(self) -> str:
        """What the case says."""
        return self.result.because

    @property
    def ambiguity(self) -> str:
        """What the target reads the other way, where the verdict is a note."""
        return self.result.ambiguity

    @property
    def allowed(self) -> bool:
        """Whether the suite lets it pass."""
        return self.verdict in GOOD


@dataclass(frozen=True)
class Study:
    """What came of an order.

    Attributes:
        setting: the name of the setting.
        inputs: the alphabet.
        lacking: inputs of the setting that the target cannot be given.
        known: the specification's machine.
        names: of its states.
        learned: the target's machine; None if it was not learned to its end.
        their_names: of its states, after those of the specification that they stand for.
        side: both beside each other.
        found: the differences; those that were seen, where it was not learned to its end.
        checked: how many words did not refute the machine.
        figures: what it took.
        hello: what the shim says of itself; None for the reference.
        stopped: why it was not learned to its end; "" if it was.
        faulty: whether that is the shim's fault, or ours.
        interrupted: whether it was stopped by whoever began it.
        remarks: what else there is to say.
    """

    setting: str
    inputs: tuple[str, ...]
    lacking: tuple[str, ...]
    known: Machine | None = None
    names: tuple[str, ...] = ()
    learned: Machine | None = None
    their_names: tuple[str, ...] = ()
    side: Side | None = None
    found: tuple[Found, ...] = ()
    checked: int = 0
    figures: Figures = field(default_factory=Figures)
    hello: Hello | None = None
    stopped: str = ""
    faulty: bool = False
    interrupted: bool = False
    remarks: tuple[str, ...] = ()


def names_of(
    learning: AnyLearning, setting: AnySetting, machine: Machine, pause: int = 0
) -> tuple[str, ...]:
    """The names of the states of the specification's machine, no two of them equal."""
    names = []
    system = ReferenceSystem(learning, setting, pause=pause)
    for word in machine.access:
        system.begin()
        for name in word:
            system.take(name)
        names.append(learning.standing(system.stage))
    return _distinct(names)


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(found)


def study(order: Order, watch: Watch = silent, making: Watch = silent) -> Study:
    """Learn, compare, and grade.

    Args:
        order: what is to be learned.
        watch: is told how it goes.
        making: is told how it goes with the machine of the tables, where that has to be made.

    Raises:
        BadSetting: if there is no such setting.
        ShimAbsent: if the target cannot be started.
        OSError: if answers cannot be kept.
    """
    learning, setting = owner_of(order.setting)
    if order.only:
        setting = replace(setting, inputs=order.only)
    with contextlib.ExitStack() as stack:
        try:
            system = _system(order, learning, setting)
        except ShimAbsent:
            raise
        except ShimError as error:
            return Study(order.setting, (), (), stopped=_said(error), faulty=True)
        stack.callback(system.close)
        inputs, lacking, complaint = _given(learning, setting, system)
        if complaint:
            return Study(order.setting, inputs, lacking, stopped=complaint)
        studying = _Studying(order, learning, setting, inputs, lacking, watch, making)
        return studying.run(system)


def _system(
    order: Order, learning: AnyLearning, setting: AnySetting
) -> ReferenceSystem | ShimSystem:
    if order.target.command is None:
        real = order.variant is NONE
        pause = order.target.pause
        return ReferenceSystem(learning, setting, order.variant, real=real, pause=pause)
    return ShimSystem(learning, setting, order.target, timeout=order.timeout)


def _given(
    learning: AnyLearning,
    setting: AnySetting,
    system: ReferenceSystem | ShimSystem,
) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """The inputs that the target can be given, those that it cannot, and why if all."""
    if isinstance(system, ReferenceSystem):
        return setting.inputs, (), ""
    hello = system.hello
    can = frozenset(capability.word for capability in hello.capabilities)
    missing = {setting.version, *setting.cast.versions} - set(hello.versions)
    if missing:
        return (), (), f"it does not speak version {', '.join(map(str, sorted(missing)))}"
    if not setting.needs <= can:
        return (), (), f"it lacks {', '.join(sorted(setting.needs - can))}"
    inputs = learning.fitting(setting, can)
    lacking = tuple(name for name in setting.inputs if name not in inputs)
    return inputs, lacking, "" if inputs else "there is nothing that it can be given"


def _said(error: ShimError) -> str:
    said = f"in answer to {error.do}: {error}" if error.do is not None else str(error)
    return said if not error.asked else f"{said} (request: {error.asked[:200]})"


@dataclass(frozen=True)
class _Studying:
    """A study under way."""

    order: Order
    learning: AnyLearning
    setting: AnySetting
    inputs: tuple[str, ...]
    lacking: tuple[str, ...]
    watch: Watch
    making: Watch

    def run(self, system: ReferenceSystem | ShimSystem) -> Study:
        """All of it."""
        hello = system.hello if isinstance(system, ShimSystem) else None
        begun = Study(self.setting.name, self.inputs, self.lacking, hello=hello)
        setting, pause = replace(self.setting, inputs=self.inputs), system.pause
        try:
            known = known_machine(self.learning, setting, pause=pause, watch=self.making)
        except LearningStopped as stop:
            return _stopped(begun, stop)
        names = names_of(self.learning, setting, known, pause)
        begun = replace(begun, known=known, names=names)
        with self._cache(self._target_name(system), self._stamp(system)) as cache:
            done, learned = self._learned(system, cache, begun, known)
            if learned is None:
                system.close()
                return self._as_far(done, cache, known)
        system.close()
        side = compare_machines(self.learning.suite.grader.compared, known, learned.machine)
        their_names = _distinct(
            done.names[beside[0]] if beside else "unknown" for beside in side.beside
        )
        return replace(
            done,
            learned=learned.machine,
            their_names=their_names,
            side=side,
            found=tuple(self._graded(side.differences, done.names)),
            checked=learned.checked,
            figures=learned.figures,
        )

    def _learned(
        self, system: ReferenceSystem | ShimSystem, cache: Cache, begun: Study, known: Machine
    ) -> tuple[Study, Learned | None]:
        """What was learned; None, and why, if it was not learned to its end."""
        from .learner import learn  # noqa: PLC0415 - it needs AALpy, which is an extra

        wish = self.order.wish
        try:
            self._recheck(system, cache)
            remarks = (cache.put_aside, self._presupposes(system, cache, known))
            begun = replace(begun, remarks=tuple(filter(None, remarks)))
            learned = learn(system, self.inputs, cache, wish, known=known, watch=self.watch)
        except LearningStopped as stop:
            return _stopped(begun, stop), None
        except KeyboardInterrupt:
            return _stopped(begun, Interrupted()), None
        except ShimError as error:
            return replace(begun, stopped=_said(error), faulty=True), None
        return begun, learned

    def _as_far(self, stopped: Study, cache: Cache, known: Machine) -> Study:
        """What was seen of a target whose machine was not learned to its end."""
        if stopped.faulty:
            return stopped  # whatever it has answered is not to be relied upon
        seen = seen_differences(self.learning.suite.grader.compared, known, cache)
        try:
            return replace(stopped, found=tuple(self._graded(seen, stopped.names)))
        except ShimError as error:
            return replace(stopped, remarks=(*stopped.remarks, _said(error)))

    def _presupposes(
        self, system: ReferenceSystem | ShimSystem, cache: Cache, known: Machine
    ) -> str:
        """What is wrong with a target with which a conversation does not become private, if it is.

        Raises:
            ShimError: if the shim is at fault.
        """
        name = next((each for each in self.inputs if each.startswith(_EXCHANGE)), None)
        if name is None or not _secure(known.edges[0][name].answer):
            return ""
        answers = cache.known((name,))
        if answers is None:
            system.begin()
            answers = (system.take(name),)
        if _secure(answers[0]):
            return ""
        command = shlex.join(("otrspec", "conform", self.order.target.name))
        return (
            "this setting presupposes that a key exchange makes the conversation private, and with "
            f"this target it does not: run {command} --case 'life.*' first"
        )

    def _cache(self, name: str, stamp: str) -> Cache:
        folder = self.order.folder
        if folder is None:
            return Cache()
        return Cache(folder / f"{name}-{self.setting.name}.jsonl", stamp, name)

    def _target_name(self, system: ReferenceSystem | ShimSystem) -> str:
        name = self.order.target.name.rpartition("/")[2] or "target"
        if isinstance(system, ShimSystem):
            name = "".join(c if c.isalnum() or c in "-." else "_" for c in name)
        return name

    def _stamp(self, system: ReferenceSystem | ShimSystem) -> str:
        who = (
            f"{system.hello.name} {system.hello.version}" if isinstance(system, ShimSystem) else ""
        )
        return f"{self.learning.stamp(self.setting, self.inputs)} {who or self.order.variant.name}"

    def _recheck(self, system: ReferenceSystem | ShimSystem, cache: Cache) -> None:
        """Ask a few words again, and put the file aside if they are answered otherwise.

        Raises:
            ShimError: if the shim is at fault.
        """
        for word, answers in list(cache)[:_RECHECKED]:
            system.begin()
            if any(system.take(n) != a for n, a in zip(word, answers, strict=True)):
                cache.distrust("the target answers otherwise by now")
                return

    def _graded(self, differences: Iterable[Difference], names: tuple[str, ...]) -> Iterator[Found]:
        """What the suite says of each difference."""
        order = self.order
        grader = self.learning.suite.grader
        with Runner(order.target, order.timeout) as runner:
            for each in differences:
                case = case_of(self.learning, self.setting, each.word)
                if order.target.command is None:
                    lab = self.learning.suite.terms()
                    make = grader.reference_target(order.variant)
                    result = grader.grade(case, lab, make, explained=False)
                else:
                    result = runner.run_case(case)
                yield Found(each, names[each.at], result)


def _stopped(begun: Study, stop: LearningStopped) -> Study:
    return replace(begun, stopped=str(stop), interrupted=isinstance(stop, Interrupted))


def _secure(answer: str) -> bool:
    return any(report.startswith(_SECURE) for report in Answer.parse(answer).told)
