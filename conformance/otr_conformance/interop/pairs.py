"""The endpoints of two targets, and every script between them, in both directions."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from otr_conformance.shim.client import ShimProcess
from otr_conformance.shim.errors import ShimError
from otr_conformance.shim.vocabulary import Capability
from otr_conformance.verdict import Verdict
from otr_model import __version__

from .judge import Judge, Outcome
from .meeting import ALICE, BOB
from .rules import Seat, rules_of
from .scripts import SCRIPTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from otr_conformance.play.stage import AnyParty
    from otr_conformance.shim.protocol import Hello
    from otr_conformance.targets import Target

    from .judge import Seated
    from .rules import AnyRules
    from .scripts import Script

__all__ = ["Endpoint", "Pair", "Plan", "Played", "plans"]

EVERY_VERSION = frozenset({2, 3, 4})


class Endpoint(AbstractContextManager["Endpoint"]):
    """A target that takes part in meetings: the reference, or the process of a shim.

    Attributes:
        label: as it was named.
        target: which.
        hello: what its shim says of itself; None for the reference in this process.
    """

    def __init__(self, label: str, target: Target, timeout: float) -> None:
        self.label = label
        self.target = target
        self.timeout = timeout
        self.hello: Hello | None = None
        self._shim: ShimProcess | None = None

    def __enter__(self) -> Self:
        """Start it.

        Raises:
            ShimError: if it does not start or cannot say what it is.
        """
        if self.target.command is not None:
            self._started()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process; the next meeting gets a new one."""
        if self._shim is not None:
            self._shim.close()
            self._shim = None

    @property
    def name(self) -> str:
        """As it calls itself, or as it was named."""
        return self.target.name if self.hello is None else self.hello.name

    @property
    def version(self) -> str:
        """The version of the implementation."""
        return __version__ if self.hello is None else self.hello.version

    @property
    def versions(self) -> frozenset[int]:
        """The versions of OTR that it speaks."""
        return EVERY_VERSION if self.hello is None else self.hello.versions

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do."""
        return frozenset(Capability if self.hello is None else self.hello.capabilities)

    @property
    def seated(self) -> Seated | None:
        """What puts it on a seat; None: it is the reference."""
        return None if self.target.command is None else self._seat

    def _seat(self, rules: AnyRules, seat: Seat) -> AnyParty:
        shim = self._shim if self._shim is not None and self._shim.alive else self._started()
        if self.hello is None:
            self.hello = shim.hello()
        try:
            shim.reset()
            return rules.behind_shim(seat, shim, self.hello)
        except ShimError as error:
            if error.verdict is not Verdict.UNSUPPORTED:
                self.stop()
            raise

    def _started(self) -> ShimProcess:
        shim = ShimProcess(self.target.command or (), timeout=self.timeout)
        shim.open()
        try:
            self.hello = shim.hello()
        except ShimError:
            shim.close()
            raise
        self._shim = shim
        return shim


@dataclass(frozen=True, slots=True)
class Plan:
    """A script in one version of OTR.

    Attributes:
        script: what is played.
        version: of OTR; 0: the highest that both speak.
    """

    script: Script
    version: int

    @property
    def name(self) -> str:
        """As in reports."""
        return f"{self.script.name}/{f'v{self.version}' if self.version else 'any'}"


def plans(names: Iterable[str] = (), versions: Iterable[int] = ()) -> tuple[Plan, ...]:
    """Every script in every version that it makes sense in.

    Args:
        names: of scripts; none: all.
        versions: of OTR; none: all.
    """
    wanted, spoken = frozenset(names), frozenset(versions)
    found: list[Plan] = []
    for script in SCRIPTS.values():
        if wanted and script.name not in wanted:
            continue
        if not script.every_version:
            found += (Plan(script, v) for v in script.versions if not spoken or v in spoken)
        elif not spoken or spoken.issuperset(script.versions):
            found.append(Plan(script, 0))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Played:
    """A script that was played.

    Attributes:
        plan: the script, and the version.
        alice, bob: which target took which part.
        outcome: what came of it.
        seconds: how long it took.
    """

    plan: Plan
    alice: str
    bob: str
    outcome: Outcome
    seconds: float

    def target(self, who: str) -> str:
        """Which target took a part."""
        return self.alice if who == ALICE else self.bob


class Pair:
    """Two targets.

    Attributes:
        one, other: their endpoints.
    """

    def __init__(self, one: Endpoint, other: Endpoint) -> None:
        self.one = one
        self.other = other

    def run(self, planned: Iterable[Plan]) -> Iterator[Played]:
        """Play scripts, each in both directions unless the two are the same target."""
        casts = [(self.one, self.other)]
        if self.one.target != self.other.target:
            casts.append((self.other, self.one))
        for plan in planned:
            for alice, bob in casts:
                begun = time.perf_counter()
                outcome = self._outcome(plan, {ALICE: alice, BOB: bob})
                spent = time.perf_counter() - begun
                yield Played(plan, alice.label, bob.label, outcome, spent)

    @property
    def directions(self) -> int:
        """How often each script is played."""
        return 1 if self.one.target == self.other.target else 2

    def _outcome(self, plan: Plan, cast: dict[str, Endpoint]) -> Outcome:
        missing = _missing(plan, cast)
        if missing:
            return Outcome(Verdict.UNSUPPORTED, because=missing)
        version = plan.version or 3
        seats = {
            name: Seat(
                name,
                frozenset({plan.version}) if plan.version else endpoint.versions & {2, 3},
                plan.script.needs[name].policy,
                plan.script.needs[name].largest,
            )
            for name, endpoint in cast.items()
        }
        targets = {name: endpoint.seated for name, endpoint in cast.items()}
        outcome = Judge(rules_of(version), plan.script, seats, targets).outcome()
        if outcome.verdict in {Verdict.CRASH, Verdict.HANG, Verdict.HARNESS_ERROR}:
            for violation in outcome.violations:
                cast[violation.who].stop()
        return outcome


def _missing(plan: Plan, cast: dict[str, Endpoint]) -> str:
    """What a side lacks for a script; "" if nothing."""
    needed = {plan.version} if plan.version else set()
    for name, endpoint in cast.items():
        for version in sorted(needed - endpoint.versions):
            return f"{endpoint.label} does not speak version {version}"
        asked = plan.script.needs[name].asked | (rules_of(plan.version).needs)
        lacking = sorted(each.word for each in asked - endpoint.capabilities)
        if lacking:
            return f"{endpoint.label} lacks {', '.join(lacking)}"
    if not needed and not (cast[ALICE].versions & cast[BOB].versions & {2, 3}):
        return "no version that both speak"
    return ""
