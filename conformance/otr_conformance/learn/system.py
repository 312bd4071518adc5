"""Systems: what is asked, one word at a time.

A system is a stage with a mapper on it. It begins anew for each word. A target that dies or does
not answer has answered so; it is started again for the next word, a limited number of times.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final

from otr_conformance.play.grade import DRAWS
from otr_conformance.play.stage import UNLUCKY, Stuck
from otr_conformance.shim.client import MEMORY, ShimProcess
from otr_conformance.shim.errors import ErrorWord, ShimCrash, ShimError, ShimHang, ShimRefused
from otr_model.kernel.variant import NONE
from otr_reference.engine import Unprepared

from .errors import TooManyFaults
from .mapper import GONE

if TYPE_CHECKING:
    from otr_conformance.play.labs import Lab
    from otr_conformance.play.stage import AnyParty, AnyStage
    from otr_conformance.shim.protocol import Hello
    from otr_conformance.targets import Target
    from otr_model.kernel.variant import Variant

    from .alphabet import AnyLearning, AnySetting
    from .mapper import Mapper

__all__ = ["FAULTS", "ReferenceSystem", "ShimSystem", "System"]

FAULTS: Final = 100
"""How often a target may die or hang before it is given up."""
CRASH, HANG, STUCK, REFUSED = "!crash", "!hang", "!stuck", "!refused"
"""Answers after which nothing can be asked any more in this word."""
_UNLUCKY: Final = "!unlucky"


class System(ABC):
    """What is asked.

    Attributes:
        learning: of the protocol.
        setting: what is learned.
        pause: seconds that pass before the target is asked for another key exchange; 0: none do.
        stage: of the word at hand.
    """

    stage: AnyStage

    def __init__(self, learning: AnyLearning, setting: AnySetting, pause: int = 0) -> None:
        self.learning = learning
        self.setting = setting
        self.pause = pause
        self._gone = False
        self._mapper: Mapper[AnyStage] | None = None
        self._word: list[str] = []

    def begin(self) -> None:
        """A new word."""
        self._word = []
        self._begin()

    def _begin(self) -> None:
        self._gone = False
        try:
            lab, party = self._fresh()
        except Unprepared:
            self._gone = True
            return
        grader = self.learning.suite.grader
        self.stage = grader.set_stage(lab, self.setting.cast, lambda _lab, _cast: party)
        if self.pause:
            self.stage.pauses(self.pause)
        self._mapper = self.learning.mapper(self.stage)

    def take(self, name: str) -> str:
        """The answer to the next input of the word.

        Where the target's own randomness stands in the way, the word is begun anew.

        Raises:
            ShimError: if the shim is at fault.
            TooManyFaults: if the target dies or hangs all the time.
        """
        self._word.append(name)
        for _ in range(DRAWS):
            answer = self._take(name)
            if answer != _UNLUCKY:
                return answer
            self._begin()
            for before in self._word[:-1]:
                self._take(before)
        self._gone = True
        return STUCK

    def _take(self, name: str) -> str:
        if self._gone or self._mapper is None:
            return GONE
        compared = self.learning.suite.grader.compared
        try:
            return self._mapper.take(self.learning.inputs[name], compared)
        except Unprepared:
            self._gone = True
            return CRASH
        except Stuck as reason:
            if str(reason) == UNLUCKY:
                return _UNLUCKY
            self._gone = True
            return STUCK

    @abstractmethod
    def _fresh(self) -> tuple[Lab, AnyParty]:
        """A lab, and a target with which nothing has happened yet."""

    def close(self) -> None:  # noqa: B027 - there is nothing to end in this process
        """Nothing more is asked."""


class ReferenceSystem(System):
    """The reference, perhaps under a variant, over terms or over bytes."""

    def __init__(
        self,
        learning: AnyLearning,
        setting: AnySetting,
        variant: Variant = NONE,
        *,
        real: bool = False,
        pause: int = 0,
    ) -> None:
        super().__init__(learning, setting, pause)
        self._variant = variant
        self._real: Lab | None = learning.suite.real() if real else None

    def _fresh(self) -> tuple[Lab, AnyParty]:
        lab = self._real or self.learning.suite.terms()
        make = self.learning.suite.grader.reference_target(self._variant)
        return lab, make(lab, self.setting.cast)


class ShimSystem(System):
    """A target behind a shim.

    Attributes:
        hello: what the shim says of itself.
        faults: how often it died or hung.
    """

    def __init__(
        self,
        learning: AnyLearning,
        setting: AnySetting,
        target: Target,
        *,
        timeout: float,
        faults: int = FAULTS,
    ) -> None:
        super().__init__(learning, setting, target.pause)
        self._target = target
        self._timeout = timeout
        self._limit = faults
        self._lab = learning.suite.real()
        self._shim: ShimProcess | None = None
        self.faults = 0
        self.hello: Hello = self._start().hello()

    def _start(self) -> ShimProcess:
        self.close()
        shim = ShimProcess(self._target.command or (), timeout=self._timeout, memory=MEMORY)
        shim.open()
        self._shim = shim
        return shim

    def close(self) -> None:
        """End the shim."""
        if self._shim is not None:
            self._shim.close()
            self._shim = None

    def _fresh(self) -> tuple[Lab, AnyParty]:
        shim = self._shim
        if shim is None or not shim.alive:
            shim = self._start()
            shim.hello()
        shim.reset()
        party: AnyParty = self.learning.suite.shim_party(
            self._lab, self.setting.cast, shim, self.hello
        )
        return self._lab, party

    def _take(self, name: str) -> str:
        try:
            return super()._take(name)
        except (ShimCrash, ShimHang) as error:
            self._gone = True
            self.close()
            self.faults += 1
            if self.faults > self._limit:
                message = f"the target died or hung {self.faults} times: {error}"
                raise TooManyFaults(message) from error
            return HANG if isinstance(error, ShimHang) else CRASH
        except ShimRefused as error:
            if error.error is not ErrorWord.REFUSED:
                raise
            self._gone = True  # what it keeps is not known any more
            return REFUSED
        except ShimError:
            self.close()
            raise
