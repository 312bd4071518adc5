"""The runner: plays cases with a target, keeps the seven verdicts apart, and never hangs itself.

A target behind a shim is one process for the whole run. A case that makes it crash, hang or
answer nonsense costs that process: the next case gets a new one.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from otr_conformance.otrv3.grade import Result, grade
from otr_conformance.otrv3.labs import RealLab
from otr_conformance.otrv3.shim_party import ShimParty
from otr_conformance.otrv3.stage import reference_target
from otr_conformance.shim.client import ShimProcess
from otr_conformance.shim.errors import ShimError, ShimRefused
from otr_conformance.shim.protocol import LINE_LIMIT
from otr_conformance.shim.vocabulary import Capability, ErrorWord
from otr_conformance.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from otr_conformance.otrv3.case import Case
    from otr_conformance.otrv3.labs import Lab
    from otr_conformance.otrv3.stage import Cast
    from otr_conformance.shim.protocol import Hello
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

    case: Case
    result: Result
    seconds: float


class Runner(AbstractContextManager["Runner"]):
    """Runs cases against one target.

    Attributes:
        target: what is tested.
        hello: what the shim says of itself; None for the reference in this process.
    """

    def __init__(self, target: Target, timeout: float = TIMEOUT) -> None:
        self.target = target
        self.timeout = timeout
        self.lab = RealLab()
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

    def run(self, cases: Iterable[Case]) -> Iterator[Run]:
        """Run cases one after the other."""
        for case in cases:
            begun = time.perf_counter()
            result = self.run_case(case)
            yield Run(case, result, time.perf_counter() - begun)

    def run_case(self, case: Case) -> Result:
        """Run one case; whatever the target does, there is a verdict."""
        if self.target.command is None:
            return grade(case, self.lab, reference_target())
        missing = self._missing(case)
        if missing:
            return Result(case.id, Verdict.UNSUPPORTED, missing)
        try:
            shim = self._shim if self._shim is not None and self._shim.alive else self._start()
            return grade(case, self.lab, self._party(shim))
        except ShimRefused as refusal:
            verdict = refusal.verdict
            if refusal.error is ErrorWord.REFUSED:
                verdict = Verdict.FAIL
            return Result(case.id, verdict, str(refusal))
        except ShimError as error:
            self._stop()
            return Result(case.id, error.verdict, str(error))

    def _party(self, shim: ShimProcess) -> _ShimTarget:
        return _ShimTarget(self.lab, shim, self.hello)

    def _missing(self, case: Case) -> str:
        """What the target lacks for a case; "" if nothing."""
        hello = self.hello
        if hello is None:
            return ""
        allowed = {2: case.cast.target.allow_v2, 3: case.cast.target.allow_v3}
        for version in (case.version, *(v for v, yes in allowed.items() if yes)):
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

    def __init__(self, lab: RealLab, shim: ShimProcess, hello: Hello | None) -> None:
        self.lab = lab
        self.shim = shim
        self.hello = hello

    def __call__(self, _lab: Lab, cast: Cast) -> ShimParty:
        """A fresh endpoint."""
        self.shim.reset()
        if self.hello is None:
            self.hello = self.shim.hello()
        return ShimParty(self.lab, cast, self.shim, self.hello)
