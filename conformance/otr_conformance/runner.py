"""The runner: plays cases with a target, keeps the seven verdicts apart, and never hangs itself.

A target behind a shim is one process for the whole run. A case that makes it crash, hang or
answer nonsense costs that process: the next case gets a new one.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from otr_conformance.play.grade import Result
from otr_conformance.protocols import protocol
from otr_conformance.shim.client import ShimProcess
from otr_conformance.shim.errors import ShimError, ShimRefused
from otr_conformance.shim.protocol import LINE_LIMIT
from otr_conformance.shim.vocabulary import Capability, ErrorWord
from otr_conformance.verdict import Verdict
from otr_model.kernel.variant import NONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from otr_conformance.play.case import AnyCase, Cast
    from otr_conformance.play.labs import ByteLab, Lab
    from otr_conformance.play.stage import AnyParty
    from otr_conformance.protocols import Protocol
    from otr_conformance.shim.protocol import Hello
    from otr_conformance.suite import AnySuite
    from otr_conformance.targets import Target

TIMEOUT = 5.0
"""Seconds that a target may take for one answer."""
BESIDE = 1000
"""Bytes that a line has beside the message in it, at most."""


@dataclass(frozen=True, slots=True)
class Run:
    """One case that was run.

    Attributes:
        case: the case.
        result: verdict and reason.
        seconds: how long it took.
    """

    case: AnyCase
    result: Result
    seconds: float


class Runner(AbstractContextManager["Runner"]):
    """Runs cases against one target.

    Attributes:
        target: what is tested.
        hello: what the shim says of itself; None for the reference in this process.
        dialects: what the target is known to do otherwise, as its protocol names it.
    """

    def __init__(
        self, target: Target, timeout: float = TIMEOUT, dialects: Iterable[str] = ()
    ) -> None:
        self.target = target
        self.timeout = timeout
        self.dialects = tuple(dialects)
        self._labs: dict[Protocol, ByteLab] = {}
        self.hello: Hello | None = None
        self._shim: ShimProcess | None = None

    def __enter__(self) -> Self:
        """Start the target.

        Raises:
            ShimError: if it does not start or cannot say what it is.
        """
        if self.target.command is not None:
            self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def _start(self) -> ShimProcess:
        shim = ShimProcess(self.target.command or (), timeout=self.timeout)
        shim.open()
        try:
            self.hello = shim.hello()
        except ShimError:
            shim.close()
            raise
        self._shim = shim
        return shim

    def _stop(self) -> None:
        if self._shim is not None:
            self._shim.close()
            self._shim = None

    def run(self, cases: Iterable[AnyCase]) -> Iterator[Run]:
        """Run cases one after the other."""
        for case in cases:
            begun = time.perf_counter()
            result = self.run_case(case)
            yield Run(case, result, time.perf_counter() - begun)

    def run_case(self, case: AnyCase) -> Result:
        """Run one case; whatever the target does, there is a verdict."""
        suite, lab = self._suite(case)
        grader = suite.grader
        if self.target.command is None:
            return grader.grade(case, lab, grader.reference_target(NONE))
        missing = self._missing(case)
        if missing:
            return Result(case.id, Verdict.UNSUPPORTED, missing)
        try:
            shim = self._shim if self._shim is not None and self._shim.alive else self._start()
            return grader.grade(case, lab, _ShimTarget(suite, lab, shim, self.hello))
        except ShimRefused as refusal:
            verdict = refusal.verdict
            if refusal.error is ErrorWord.REFUSED:
                verdict = Verdict.FAIL
            return Result(case.id, verdict, str(refusal))
        except ShimError as error:
            self._stop()
            return Result(case.id, error.verdict, str(error))

    def _suite(self, case: AnyCase) -> tuple[AnySuite, ByteLab]:
        """The suite that a case belongs to, and its lab, which is kept over all cases."""
        owner = protocol(case.id.partition(".")[0])
        if owner not in self._labs:
            lab = owner.suite.real()
            lab.speak(owner.suite.dialects[name] for name in self.dialects)
            self._labs[owner] = lab
        return owner.suite, self._labs[owner]

    def _missing(self, case: AnyCase) -> str:
        """What the target lacks for a case; "" if nothing."""
        hello = self.hello
        if hello is None:
            return ""
        for version in (case.version, *case.cast.versions):
            if version not in hello.versions:
                return f"does not speak version {version}"
        if -(-case.largest // 3) * 4 + BESIDE > LINE_LIMIT:
            return f"a message of {case.largest} bytes does not fit on a line"
        wanted = {Capability(word) for word in case.needs}
        if case.cast.max_size:
            wanted.add(Capability.FRAGMENT)
        lacking = sorted(c.word for c in wanted - set(hello.capabilities))
        return f"lacks {', '.join(lacking)}" if lacking else ""


class _ShimTarget:
    """Makes the endpoint of a shim that plays the target."""

    def __init__(
        self, suite: AnySuite, lab: ByteLab, shim: ShimProcess, hello: Hello | None
    ) -> None:
        self.suite = suite
        self.lab = lab
        self.shim = shim
        self.hello = hello

    def __call__(self, _lab: Lab, cast: Cast) -> AnyParty:
        """A fresh endpoint."""
        self.shim.reset()
        if self.hello is None:
            self.hello = self.shim.hello()
        party: AnyParty = self.suite.shim_party(self.lab, cast, self.shim, self.hello)
        return party
